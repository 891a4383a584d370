// SPDX-License-Identifier: GPL-2.0
/*
 * The buddy system (Knuth, The Art of Computer Programming, 1.2.5): split and coalesce, and nothing
 * else.
 *
 * A free block of order k is 2^k pages that begin at a page frame number which is a multiple of
 * 2^k. Its buddy is the other half of the block of order k + 1 around it: the block whose number
 * differs in bit k. Only the first frame of a block says FREE; all others in it say BODY. So
 * whether a buddy is free, and whole, is one look at one frame, and neither splitting nor merging
 * touches more than one frame an order.
 *
 * A zone knows in a word of bits which of its free areas have a block, so that the smallest one
 * that serves is found without a search. A block that is split keeps its lower half for the
 * request; what is freed goes to the head of its area, since its memory is most likely still in the
 * CPU's cache.
 */
#include <linux/bitops.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/minmax.h>

#include "buddy.h"
#include "extent.h"
#include "zone.h"

static void rsv_area_add(struct rsv_zone *z, struct rsv_frame *f, unsigned int order, bool last)
{
	struct rsv_free_area *area = &z->area[order];

	WRITE_ONCE(f->kind, RSV_FRAME_FREE);
	WRITE_ONCE(f->order, order);
	if (last)
		list_add_tail(&f->link, &area->blocks);
	else
		list_add(&f->link, &area->blocks);
	WRITE_ONCE(area->nr_free, area->nr_free + 1);
	WRITE_ONCE(z->orders, z->orders | BIT(order));
}

static void rsv_area_remove(struct rsv_zone *z, struct rsv_frame *f, unsigned int order)
{
	struct rsv_free_area *area = &z->area[order];

	WRITE_ONCE(f->kind, RSV_FRAME_BODY);
	list_del(&f->link);
	WRITE_ONCE(area->nr_free, area->nr_free - 1);
	if (!area->nr_free)
		WRITE_ONCE(z->orders, z->orders & ~BIT(order));
}

/**
 * rsv_buddy_take() - take a block out of the free areas, splitting a larger one where need be
 * @z: the zone, locked
 * @order: its order
 *
 * Return: The block's first frame, whose kind the caller sets; NULL if no block is large enough.
 */
struct rsv_frame *rsv_buddy_take(struct rsv_zone *z, unsigned int order)
{
	unsigned long serving = z->orders >> order;
	struct rsv_frame *f;
	unsigned int from;

	if (!serving)
		return NULL;

	from = order + __ffs(serving);
	f = list_first_entry(&z->area[from].blocks, struct rsv_frame, link);
	rsv_area_remove(z, f, from);
	WRITE_ONCE(z->free_pages, z->free_pages - (1UL << order));

	for (; from > order; from--) {
		z->area[from].splits++;
		rsv_area_add(z, f + (1UL << (from - 1)), from - 1, false);
	}
	return f;
}

/**
 * rsv_buddy_remove() - take a certain block out of the free areas
 * @z: the zone, locked
 * @f: the first frame of a free block
 */
void rsv_buddy_remove(struct rsv_zone *z, struct rsv_frame *f)
{
	WRITE_ONCE(z->free_pages, z->free_pages - (1UL << f->order));
	rsv_area_remove(z, f, f->order);
}

/*
 * The frame of the buddy of a block, or NULL if the extent ends before it or it is not free as a
 * whole.
 */
static struct rsv_frame *rsv_buddy_free(struct rsv_extent *e, unsigned long pfn, unsigned int order)
{
	unsigned long buddy = pfn ^ (1UL << order);
	struct rsv_frame *f;

	if (buddy < e->first || buddy - e->first + (1UL << order) > e->nr_pages)
		return NULL;
	f = &e->frames[buddy - e->first];
	if (READ_ONCE(f->kind) != RSV_FRAME_FREE || READ_ONCE(f->order) != order)
		return NULL;
	return f;
}

/*
 * Whether the block of the next order around this one would merge at once: its buddy is free, only
 * the rest of it is missing. Such a block is handed out last, so that it may become whole.
 */
static bool rsv_buddy_may_merge(const struct rsv_zone *z, struct rsv_extent *e, unsigned long pfn,
				unsigned int order)
{
	return order + 2 < z->nr_orders &&
	       rsv_buddy_free(e, round_down(pfn, 2UL << order), order + 1);
}

/**
 * rsv_buddy_give() - put a block into the free areas, coalescing as far as it goes
 * @z: the zone, locked
 * @e: the block's extent
 * @index: its first page in the extent; page frame number a multiple of 2^@order
 * @order: its order
 */
void rsv_buddy_give(struct rsv_zone *z, struct rsv_extent *e, unsigned long index,
		    unsigned int order)
{
	unsigned long pfn = e->first + index;
	struct rsv_frame *buddy;

	WRITE_ONCE(z->free_pages, z->free_pages + (1UL << order));
	/* It may become the upper half of a merged block, and is not the first of one then. */
	WRITE_ONCE(e->frames[index].kind, RSV_FRAME_BODY);
	for (; order + 1 < z->nr_orders; order++) {
		buddy = rsv_buddy_free(e, pfn, order);
		if (!buddy)
			break;
		rsv_area_remove(z, buddy, order);
		z->area[order].merges++;
		pfn &= ~(1UL << order);
	}
	rsv_area_add(z, &e->frames[pfn - e->first], order, rsv_buddy_may_merge(z, e, pfn, order));
}

/**
 * rsv_buddy_give_run() - put any number of pages into the free areas
 * @z: the zone, locked
 * @e: the pages' extent
 * @index: the first of them in the extent
 * @nr_pages: their number, 0 allowed
 *
 * The run is cut into the largest blocks that its place and length allow, which are at most two of
 * each order.
 */
void rsv_buddy_give_run(struct rsv_zone *z, struct rsv_extent *e, unsigned long index,
			unsigned long nr_pages)
{
	while (nr_pages) {
		unsigned long pfn = e->first + index;
		unsigned int order = min_t(unsigned int, ilog2(nr_pages), z->nr_orders - 1);

		if (pfn)
			order = min_t(unsigned int, order, __ffs(pfn));
		rsv_buddy_give(z, e, index, order);
		index += 1UL << order;
		nr_pages -= 1UL << order;
	}
}
