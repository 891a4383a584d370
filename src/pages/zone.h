/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Zones: the free areas of the pages of one zone and node.
 */
#ifndef RSV_PAGES_ZONE_H
#define RSV_PAGES_ZONE_H

#include <linux/list.h>
#include <linux/mmzone.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <uapi/linux/reservoir.h>

#include "../report.h"

struct rsv_extent;
struct rsv_frame;
struct rsv_region;

/**
 * struct rsv_free_area - the free blocks of one order, and what happened to blocks of this order
 * @blocks: first frames of the blocks
 * @nr_free: their number
 * @allocs: requests served
 * @frees: blocks given back
 * @failures: requests that found nothing, counted in the first zone that they asked
 * @splits: blocks that were split into two of the order below
 * @merges: pairs that became a block of the order above
 */
struct rsv_free_area {
	struct list_head blocks;
	unsigned long nr_free;
	u64 allocs;
	u64 frees;
	u64 failures;
	u64 splits;
	u64 merges;
};

/**
 * struct rsv_zone - one zone of one node
 * @region: whose it is (this and the next four never change once the region stands)
 * @name: the kernel's name of the zone
 * @type: enum zone_type
 * @nid: node
 * @nr_orders: orders that a block can have, given the extents' length and alignment
 * @nr_pages: pages
 * @lock: guards all below and the frames of free blocks. A raw lock, taken with interrupts off,
 *	innermost: held for a number of steps that depends on the number of orders only
 * @orders: bit k is set while area[k] has a block
 * @free_pages: pages in free blocks
 * @peak_pages: the most pages in use at once
 * @area: by order
 */
struct rsv_zone {
	struct rsv_region *region;
	const char *name;
	enum zone_type type;
	int nid;
	unsigned int nr_orders;
	unsigned long nr_pages;

	raw_spinlock_t lock;
	unsigned long orders;
	unsigned long free_pages;
	unsigned long peak_pages;
	struct rsv_free_area area[RSV_ORDERS_MAX];
};

struct rsv_zone *rsv_zone_get(struct rsv_region *r, struct page *page);
struct rsv_frame *rsv_zones_take(struct rsv_region *r, gfp_t gfp, unsigned long nr_pages);
void rsv_zone_dissolve(struct rsv_extent *e, unsigned long index, unsigned long nr_pages);
enum rsv_misuse rsv_zone_give(struct rsv_extent *e, unsigned long index, unsigned long nr_pages);
void rsv_zones_release(struct rsv_region *r);

#endif /* RSV_PAGES_ZONE_H */
