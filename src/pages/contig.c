// SPDX-License-Identifier: GPL-2.0
/*
 * Runs over several free blocks that lie side by side, for what no single block can serve.
 *
 * Free neighbours that are not buddies do not merge, so a long free run may consist of several
 * blocks: of two of each order at most, since any more would have merged. Taking a run therefore
 * takes a number of steps that depends on the number of orders only. Finding one means looking at
 * every block of an extent; the zone's lock is dropped every RSV_SCAN_BATCH blocks, and what was
 * found is looked at once more, as a whole, before it is taken.
 *
 * In a block that was gathered the first frame says USED, and the first frames of its further
 * aligned parts say RUN and point to it.
 */
#include <linux/bitops.h>
#include <linux/log2.h>
#include <linux/sched.h>

#include "buddy.h"
#include "contig.h"
#include "extent.h"
#include "region.h"
#include "zone.h"

#define RSV_SCAN_BATCH 64

/**
 * struct rsv_scan - a walk over the blocks of an extent
 * @e: the extent
 * @index: the page to look at next
 * @start: where the free run that ends before @index begins
 */
struct rsv_scan {
	struct rsv_extent *e;
	unsigned long index;
	unsigned long start;
};

/*
 * How far it is to the next block, or at least to a page that belongs to none that is free. A block
 * in use may be becoming a slab, which the zone's lock does not stop, and then has no length any
 * more.
 */
static unsigned long rsv_block_pages(const struct rsv_extent *e, const struct rsv_frame *block)
{
	unsigned long left = e->nr_pages - rsv_frame_index(e, block), nr_pages;

	switch (READ_ONCE(block->kind)) {
	case RSV_FRAME_FREE:
	case RSV_FRAME_CACHED:
		return 1UL << READ_ONCE(block->order);
	case RSV_FRAME_USED:
		nr_pages = READ_ONCE(block->nr_pages);
		return nr_pages && nr_pages <= left ? nr_pages : 1;
	default:
		return 1; /* a slab, or a hole, page by page */
	}
}

/* Goes over some blocks; true once the free run is long enough. The zone is locked. */
static bool rsv_scan_some(struct rsv_scan *s, unsigned long nr_pages)
{
	struct rsv_extent *e = s->e;
	unsigned int i;

	for (i = 0; i < RSV_SCAN_BATCH && s->index < e->nr_pages; i++) {
		struct rsv_frame *block = rsv_frame_block(e, &e->frames[s->index]);
		unsigned long first = rsv_frame_index(e, block);

		/* The lock was dropped: the page may be inside another block by now. */
		s->index = max(first + rsv_block_pages(e, block), s->index + 1);
		if (READ_ONCE(block->kind) != RSV_FRAME_FREE)
			s->start = s->index;
		else
			s->start = min(s->start, first);
		if (s->index - s->start >= nr_pages)
			return true;
	}
	return false;
}

/* The largest aligned part with which a run of so many pages can begin */
static unsigned int rsv_part_order(unsigned long pfn, unsigned long nr_pages)
{
	unsigned int order = min_t(unsigned int, ilog2(nr_pages), RSV_ORDERS_MAX - 1);

	return pfn ? min_t(unsigned int, order, __ffs(pfn)) : order;
}

/* Whether all blocks from start on are free until there are nr_pages; the zone is locked. */
static bool rsv_run_is_free(const struct rsv_extent *e, unsigned long start, unsigned long nr_pages)
{
	unsigned long index = start;

	while (index < start + nr_pages) {
		const struct rsv_frame *f = &e->frames[index];

		if (index >= e->nr_pages || READ_ONCE(f->kind) != RSV_FRAME_FREE)
			return false;
		index += 1UL << f->order;
	}
	return true;
}

/*
 * Takes the free blocks from start on as one, and gives back what goes beyond it; the zone is
 * locked.
 */
static struct rsv_frame *rsv_run_take(struct rsv_extent *e, unsigned long start,
				      const struct rsv_request *q)
{
	unsigned long index = start, end = start + q->nr_pages;
	struct rsv_frame *head = &e->frames[start];
	struct rsv_zone *z = e->zone;

	while (index < end) {
		unsigned long length = 1UL << e->frames[index].order;

		rsv_buddy_remove(z, &e->frames[index]);
		index += length;
	}
	rsv_buddy_give_run(z, e, end, index - end);

	for (index = start; index < end;) {
		struct rsv_frame *part = &e->frames[index];

		part->head = head;
		WRITE_ONCE(part->kind, RSV_FRAME_RUN);
		index += 1UL << rsv_part_order(e->first + index, end - index);
	}
	WRITE_ONCE(head->nr_pages, q->nr_pages);
	WRITE_ONCE(head->order, RSV_ORDER_NONE);
	WRITE_ONCE(head->kind, RSV_FRAME_USED);
	rsv_zone_count_take(z, q);
	return head;
}

static struct rsv_frame *rsv_run_try(struct rsv_extent *e, unsigned long start,
				     const struct rsv_request *q)
{
	struct rsv_frame *f = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&e->zone->lock, flags);
	if (rsv_zone_allows(e->zone, q) && rsv_run_is_free(e, start, q->nr_pages))
		f = rsv_run_take(e, start, q);
	raw_spin_unlock_irqrestore(&e->zone->lock, flags);
	return f;
}

static struct rsv_frame *rsv_extent_gather(struct rsv_extent *e, const struct rsv_request *q)
{
	struct rsv_scan s = {.e = e};
	struct rsv_frame *f;
	unsigned long flags;
	bool found;

	while (s.index < e->nr_pages) {
		raw_spin_lock_irqsave(&e->zone->lock, flags);
		found = rsv_scan_some(&s, q->nr_pages);
		raw_spin_unlock_irqrestore(&e->zone->lock, flags);
		if (found) {
			f = rsv_run_try(e, s.start, q);
			if (f)
				return f;
			s.start = s.index;
		}
		cond_resched();
	}
	return NULL;
}

static struct rsv_frame *rsv_zone_gather(struct rsv_zone *z, const struct rsv_request *q)
{
	struct rsv_region *r = z->region;
	struct rsv_frame *f = NULL;
	unsigned int i;

	for (i = 0; !f && i < r->nr_extents; i++) {
		struct rsv_extent *e = r->extents->at[i];

		if (e && e->zone == z && e->nr_pages >= q->nr_pages)
			f = rsv_extent_gather(e, q);
	}
	return f;
}

/**
 * rsv_run_gather() - take a run that no single free block holds
 * @r: the region
 * @q: the request
 *
 * Context: Process; may sleep.
 * Return: The first frame of the run, which begins at some page, or NULL.
 */
struct rsv_frame *rsv_run_gather(struct rsv_region *r, const struct rsv_request *q)
{
	struct rsv_zone_walk walk = rsv_zone_walk_begin(q);
	struct rsv_frame *f = NULL;
	struct rsv_zone *z;

	/*
	 * No extent may go while it is walked over. A region that is growing may take long, and may
	 * have come here itself by the system's reclaim.
	 */
	if (!mutex_trylock(&r->shape_lock))
		return NULL;
	while ((z = rsv_zone_next(r, q, &walk))) {
		f = rsv_zone_gather(z, q);
		if (f)
			break;
	}
	mutex_unlock(&r->shape_lock);
	return f;
}
