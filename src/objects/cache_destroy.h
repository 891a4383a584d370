/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The end of caches, one or many of them with the same grace period.
 */
#ifndef RSV_OBJECTS_CACHE_DESTROY_H
#define RSV_OBJECTS_CACHE_DESTROY_H

#include "types.h"

int rsv_cache_add_ending(struct rsv_cache *c, struct list_head *caches);
int rsv_caches_end(struct list_head *caches);
void rsv_regions_destroy_caches(struct list_head *regions, struct rsv_leak_log *log);
void rsv_quarantine_stop(void);

#endif /* RSV_OBJECTS_CACHE_DESTROY_H */
