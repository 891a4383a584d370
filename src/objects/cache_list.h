/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The caches that can be found, by name, by number or one after the other.
 */
#ifndef RSV_OBJECTS_CACHE_LIST_H
#define RSV_OBJECTS_CACHE_LIST_H

#include "types.h"

extern atomic_t rsv_cache_ids;

int rsv_cache_list_start(void);
void rsv_cache_list_stop(void);

int rsv_cache_publish(struct rsv_cache *c);
void rsv_cache_unpublish(struct rsv_cache *c);
bool rsv_caches_visit(struct rsv_region *r, bool (*visit)(struct rsv_cache *c, void *data),
		      void *data);
struct rsv_cache *rsv_cache_next(struct rsv_region *r, u32 id);

#endif /* RSV_OBJECTS_CACHE_LIST_H */
