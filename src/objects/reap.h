/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_OBJECTS_RECLAIM_H
#define RSV_OBJECTS_RECLAIM_H

struct rsv_cache;
struct rsv_region;

void rsv_reclaim_start(void);
void rsv_reclaim_init(struct rsv_region *r);
void rsv_reclaim_begin(struct rsv_region *r);
void rsv_reclaim_end(struct rsv_region *r);
void rsv_cache_drain(struct rsv_cache *c);
void rsv_caches_age(struct rsv_region *r);

#endif /* RSV_OBJECTS_RECLAIM_H */
