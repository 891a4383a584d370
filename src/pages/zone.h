/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Zones: the free areas of the pages of one zone and node, and the order in which zones serve.
 */
#ifndef RSV_PAGES_ZONE_H
#define RSV_PAGES_ZONE_H

#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mmzone.h>
#include <linux/spinlock.h>
#include <linux/topology.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <uapi/linux/reservoir.h>

#include "compat.h"
#include "report.h"

struct rsv_extent;
struct rsv_frame;
struct rsv_pcp;
struct rsv_pcps;
struct rsv_region;
struct rsv_reserve;

/* Per-CPU lists are for small blocks: longer ones would strand the large ones. */
#define RSV_PCP_ORDERS	4

/**
 * struct rsv_free_area - the free blocks of one order, and what happened to blocks of this order
 * @nr_free: their number
 * @blocks: first frames of the blocks, but for those in @last
 * @last: of those that are handed out when no others are left, since they may soon merge
 * @allocs: blocks taken
 * @frees: blocks given back
 * @failures: requests that found nothing, counted in the first zone that they asked
 * @splits: blocks that were split into two of the order below
 * @merges: pairs that became a block of the order above
 * @asked: bytes that those who took blocks asked for
 * @granted: bytes that they got
 */
struct rsv_free_area {
	unsigned long __data_racy nr_free;
	struct hlist_head blocks;
	struct hlist_head last;
	u64 allocs;
	u64 frees;
	u64 failures;
	u64 splits;
	u64 merges;
	u64 asked;
	u64 granted;
};

/**
 * struct rsv_zone - one zone of one node
 * @region: whose it is (this and all down to @zero_work never change)
 * @name: the kernel's name of the zone
 * @type: enum zone_type
 * @nid: node
 * @pcp: by order, the list of each CPU (percpu.c)
 * @pcps: the same, as they were allocated
 * @zero_work: clears pages for @zeroed
 * @pcp_high: blocks of each order that the list of one CPU holds at most (@lock; beside @pcp, away
 *	from what changes all the time)
 * @list_min: free pages below which the lists do not serve plain requests: @min_pages, or more than
 *	there are if the zone is protected from them (@lock)
 * @lock: guards all below, the frames of free blocks, and the kind of all. A raw lock, taken with
 *	interrupts off, innermost: held for a number of steps that depends on the number of orders,
 *	or on a batch, only
 * @nr_pages: pages
 * @nr_orders: orders that a block can have, given the extents' length and alignment
 * @named: memory of it was asked for by its name
 * @protection: pages that requests for higher zones leave alone
 * @min_pages: pages that only __GFP_HIGH may take
 * @low_pages: fewer free pages than this set the region's relief going
 * @zeroed_high: pages that @zeroed holds at most
 * @orders: bit k is set while area[k] has a block
 * @free_pages: pages in free blocks
 * @peak_pages: the most pages out of free blocks at once
 * @zeroed: free pages filled with zeroes, by link
 * @nr_zeroed: their number
 * @zeroed_hits: requests that they served
 * @area: by order
 */
struct rsv_zone {
	struct rsv_region *region;
	const char *name;
	enum zone_type type;
	int nid;
	struct rsv_pcp __percpu *pcp[RSV_PCP_ORDERS];
	struct rsv_pcps __percpu *pcps;
	struct work_struct zero_work;
	unsigned int pcp_high[RSV_PCP_ORDERS];
	unsigned long list_min;

	raw_spinlock_t lock;
	unsigned long nr_pages;
	unsigned int nr_orders;
	bool named;
	unsigned long protection;
	unsigned long min_pages;
	unsigned long low_pages;
	unsigned int zeroed_high;
	unsigned long __data_racy orders;
	unsigned long __data_racy free_pages;
	unsigned long peak_pages;
	struct list_head zeroed;
	unsigned int nr_zeroed;
	u64 zeroed_hits;
	struct rsv_free_area area[RSV_ORDERS_MAX];
};

/**
 * struct rsv_request - what a request wants, worked out once
 * @gfp: its flags
 * @nid: the node that it would like
 * @highest: the highest zone that it may be served from
 * @nr_pages: pages of the block
 * @bytes: bytes that the caller asked for
 * @order: order of the block that holds them
 * @anywhere: the block may begin at any page
 */
struct rsv_request {
	gfp_t gfp;
	int nid;
	enum zone_type highest;
	unsigned long nr_pages;
	size_t bytes;
	unsigned int order;
	bool anywhere;
};

/**
 * struct rsv_zone_walk - where a walk along the zones that may serve a request is
 * @rank: nodes that are done
 * @type: zone of the present node to look at next
 */
struct rsv_zone_walk {
	unsigned int rank;
	int type;
};

int rsv_zones_start(void);
void rsv_zones_stop(void);
int rsv_node_at(int nid, unsigned int rank);

/* Whether memory of a node is near this CPU; with preemption disabled */
static inline bool rsv_node_is_here(int nid)
{
	return !IS_ENABLED(CONFIG_NUMA) || nid == numa_mem_id();
}

int rsv_zones_create(struct rsv_region *r);
void rsv_zones_release(struct rsv_region *r);
struct rsv_zone *rsv_zone_get(struct rsv_region *r, struct page *page);
struct rsv_zone *rsv_zone_nth(const struct rsv_region *r, unsigned int n);
struct rsv_zone *rsv_zone_next(const struct rsv_region *r, const struct rsv_request *q,
			       struct rsv_zone_walk *walk);

/* Begins a walk along the zones that may serve a request, in the order in which they are tried. */
static inline struct rsv_zone_walk rsv_zone_walk(const struct rsv_request *q)
{
	return (struct rsv_zone_walk){ .type = q->highest };
}

/* Whether the marks of a zone, which is locked, let a request take a block */
static inline bool rsv_zone_allows(const struct rsv_zone *z, const struct rsv_request *q)
{
	unsigned long kept = q->gfp & __GFP_HIGH ? 0 : z->min_pages;

	if (q->highest > z->type)
		kept += z->protection;
	return z->free_pages >= q->nr_pages && z->free_pages - q->nr_pages >= kept;
}

/* Counts a block that is handed out; the zone is locked. */
static inline void rsv_zone_count_take(struct rsv_zone *z, const struct rsv_request *q)
{
	struct rsv_free_area *area = &z->area[q->order];

	area->allocs++;
	area->asked += q->bytes;
	area->granted += q->nr_pages << PAGE_SHIFT;
	z->peak_pages = max(z->peak_pages, z->nr_pages - z->free_pages);
}

void rsv_zone_resize(struct rsv_zone *z, long pages);
void rsv_zone_set_protection(struct rsv_zone *z, unsigned long pages);
void rsv_zones_protect(struct rsv_region *r, const struct rsv_reserve *want);

bool rsv_zone_shares(const struct rsv_zone *z, const struct rsv_request *q);
bool rsv_zone_below_min(const struct rsv_zone *z, const struct rsv_request *q);
struct rsv_frame *rsv_zone_take(struct rsv_zone *z, const struct rsv_request *q);
struct rsv_frame *rsv_zone_take_plain(struct rsv_zone *z, gfp_t gfp, unsigned int order,
				      unsigned long nr_pages);
unsigned int rsv_zone_take_batch(struct rsv_zone *z, const struct rsv_request *q, u32 keeper,
				 unsigned int nr, unsigned int runs, struct rsv_frame **frames,
				 struct page **pages);
enum rsv_misuse rsv_zone_check(const struct rsv_extent *e, unsigned long index,
			       unsigned long nr_pages);
void rsv_zone_dissolve(struct rsv_extent *e, unsigned long index, unsigned long nr_pages);
enum rsv_misuse rsv_zone_give(struct rsv_extent *e, unsigned long index, unsigned long nr_pages);
bool rsv_zone_give_block(struct rsv_extent *e, unsigned long index, unsigned int order);
void rsv_zone_give_cached(struct rsv_zone *z, struct rsv_frame *f);
void rsv_zone_count_failure(struct rsv_zone *z, unsigned int order);

#endif /* RSV_PAGES_ZONE_H */
