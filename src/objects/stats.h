/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_OBJECTS_STATS_H
#define RSV_OBJECTS_STATS_H

#include "types.h"

void rsv_cache_count(const struct rsv_cache *c, struct rsv_cache_figures *figures);

#endif /* RSV_OBJECTS_STATS_H */
