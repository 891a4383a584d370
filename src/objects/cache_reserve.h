/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_OBJECTS_CACHE_RESERVE_H
#define RSV_OBJECTS_CACHE_RESERVE_H

#include "types.h"

void rsv_cache_reserve_end(struct rsv_cache *c);

#endif /* RSV_OBJECTS_CACHE_RESERVE_H */
