/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_OBJECTS_GUARANTEE_H
#define RSV_OBJECTS_GUARANTEE_H

#include "cache.h"
#include "types.h"

void rsv_cache_update_fastpath(struct rsv_cache *c);
void *rsv_guarantee_take(struct rsv_cache *c);
bool rsv_guarantee_put(struct rsv_cache *c, void *object);

#endif /* RSV_OBJECTS_GUARANTEE_H */
