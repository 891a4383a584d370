/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_PAGES_BUDDY_H
#define RSV_PAGES_BUDDY_H

#include <linux/bitops.h>
#include <linux/log2.h>
#include <linux/minmax.h>

#include "types.h"

/* The order of the largest block that begins at a page and has at most nr_pages pages */
static inline unsigned int rsv_buddy_largest(const struct rsv_zone *z, unsigned long pfn,
					     unsigned long nr_pages)
{
	unsigned int order = min_t(unsigned int, ilog2(nr_pages), z->nr_orders - 1);

	return pfn ? min_t(unsigned int, order, __ffs(pfn)) : order;
}

/* The caller of each of these holds zone->lock. */
void rsv_buddy_expand(struct rsv_zone *z, const struct rsv_extent *e);
struct rsv_frame *rsv_buddy_alloc(struct rsv_zone *z, unsigned int order);
void rsv_buddy_count_splits(struct rsv_zone *z, unsigned int from, unsigned int order);
void rsv_buddy_remove(struct rsv_zone *z, struct rsv_frame *f);
void rsv_buddy_free(struct rsv_zone *z, struct rsv_extent *e, unsigned long index,
		    unsigned int order);
unsigned int rsv_buddy_free_blocks(struct rsv_zone *z, struct rsv_extent *e, unsigned long index,
				   unsigned int order, unsigned long nr);
void rsv_buddy_free_pages(struct rsv_zone *z, struct rsv_extent *e, unsigned long index,
			  unsigned long nr_pages);

#endif /* RSV_PAGES_BUDDY_H */
