/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Queries: the state of a region in the structures of the ioctl interface.
 */
#ifndef RSV_INTERFACE_QUERY_H
#define RSV_INTERFACE_QUERY_H

#include <linux/reservoir.h>
#include <linux/types.h>

#include "types.h"

void rsv_query_info(struct rsv_region *r, struct rsv_ioc_info *info);
int rsv_query_zone(struct rsv_region *r, unsigned int index, struct rsv_ioc_zone *zone);
u64 rsv_query_largest_run(struct rsv_region *r, unsigned int index);
int rsv_query_next_extent(struct rsv_region *r, unsigned int *number,
			  struct rsv_ioc_extent *extent);
int rsv_query_extent(struct rsv_region *r, unsigned int index, struct rsv_ioc_extent *extent);
int rsv_query_cache(struct rsv_region *r, u32 id, struct rsv_ioc_cache *cache);
void rsv_query_one_cache(struct rsv_cache *c, struct rsv_ioc_cache *cache);
bool rsv_query_slab(struct rsv_cache *c, unsigned long page, struct rsv_slab_figures *slab);
size_t rsv_query_map(struct rsv_region *r, unsigned long first, char *chars, size_t count);

#endif /* RSV_INTERFACE_QUERY_H */
