/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_OBJECTS_ENGINES_ENGINES_H
#define RSV_OBJECTS_ENGINES_ENGINES_H

#include "types.h"

extern const struct rsv_engine rsv_engine_slab;
extern const struct rsv_engine rsv_engine_slub;
extern const struct rsv_engine rsv_engine_slob;

#endif /* RSV_OBJECTS_ENGINES_ENGINES_H */
