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

#include "types.h"

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
static inline struct rsv_zone_walk rsv_zone_walk_begin(const struct rsv_request *q)
{
	return (struct rsv_zone_walk){.type = q->highest};
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
unsigned int rsv_zone_take_batch(struct rsv_zone *z, const struct rsv_request *q, u32 owner,
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
