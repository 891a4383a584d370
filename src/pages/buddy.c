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
 * CPU's cache, or to those that are handed out last.
 *
 * Free areas are hlists: they need no tail, and cost half as much on kernels that check every step
 * of a list (CONFIG_DEBUG_LIST, as Debian's). What a check would find, the frames' kinds say.
 */
#include <linux/bitops.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/minmax.h>

#include "buddy.h"
#include "extent.h"
#include "zone.h"

static __always_inline void rsv_area_add(struct rsv_zone *z, struct rsv_free_area *area,
					 struct rsv_frame *f, unsigned int order, bool last)
{
	WRITE_ONCE(f->kind, RSV_FRAME_FREE);
	WRITE_ONCE(f->order, order);
	hlist_add_head(&f->place, last ? &area->last : &area->blocks);
	if (!area->nr_free++)
		z->orders |= BIT(order);
}

static __always_inline void rsv_area_remove(struct rsv_zone *z, struct rsv_free_area *area,
					    struct rsv_frame *f, unsigned int order)
{
	WRITE_ONCE(f->kind, RSV_FRAME_BODY);
	__hlist_del(&f->place);
	if (!--area->nr_free)
		z->orders &= ~BIT(order);
}

/* The area is not empty. */
static struct rsv_frame *rsv_area_first(const struct rsv_free_area *area)
{
	return hlist_entry(area->blocks.first ?: area->last.first, struct rsv_frame, place);
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
	unsigned long serving = z->orders >> order, size;
	struct rsv_free_area *area;
	struct rsv_frame *f;
	unsigned int from;

	if (!serving)
		return NULL;

	from = order + __ffs(serving);
	area = &z->area[from];
	f = rsv_area_first(area);
	rsv_area_remove(z, area, f, from);
	z->free_pages -= 1UL << order;

	for (size = 1UL << from; from > order; from--) {
		area->splits++;
		area--;
		size >>= 1;
		rsv_area_add(z, area, f + size, from - 1, false);
	}
	return f;
}

/**
 * rsv_buddy_best() - how much larger the smallest block is that serves
 * @z: the zone, locked
 * @order: the order that is wanted
 *
 * Return: Orders above @order; 0 if there is no block.
 */
unsigned int rsv_buddy_best(const struct rsv_zone *z, unsigned int order)
{
	unsigned long serving = z->orders >> order;

	return serving ? __ffs(serving) : 0;
}

/**
 * rsv_buddy_cut() - count a block that was taken as split into all its parts of an order
 * @z: the zone, locked
 * @from: its order
 * @order: that of the parts
 *
 * It is the same as taking them one by one, without entering any of them in a free area.
 */
void rsv_buddy_cut(struct rsv_zone *z, unsigned int from, unsigned int order)
{
	unsigned int at;

	for (at = from; at > order; at--)
		z->area[at].splits += 1U << (from - at);
}

/**
 * rsv_buddy_remove() - take a certain block out of the free areas
 * @z: the zone, locked
 * @f: the first frame of a free block
 */
void rsv_buddy_remove(struct rsv_zone *z, struct rsv_frame *f)
{
	z->free_pages -= 1UL << f->order;
	rsv_area_remove(z, &z->area[f->order], f, f->order);
}

/*
 * The frame of the buddy of a block, or NULL if the extent ends before it or it is not free as a
 * whole. @size: pages of the block, which lies in the extent: below its first page the subtraction
 * gives a large number.
 */
static __always_inline struct rsv_frame *rsv_buddy_free(struct rsv_extent *e, unsigned long pfn,
							unsigned long size, unsigned int order)
{
	unsigned long index = (pfn ^ size) - e->first;
	struct rsv_frame *f = &e->frames[index];

	if (index > e->nr_pages - size)
		return NULL;
	return f->kind == RSV_FRAME_FREE && f->order == order ? f : NULL;
}

/*
 * Whether the block of the next order around this one would merge at once: its buddy is free, only
 * the rest of it is missing. Such a block is handed out last, so that it may become whole.
 */
static bool rsv_buddy_may_merge(const struct rsv_zone *z, struct rsv_extent *e, unsigned long pfn,
				unsigned int order)
{
	const unsigned long size = 2UL << order;

	return order + 2 < z->nr_orders && size <= e->nr_pages &&
	       rsv_buddy_free(e, round_down(pfn, size), size, order + 1);
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
	struct rsv_free_area *area = &z->area[order];
	unsigned long pfn = e->first + index, size = 1UL << order;
	const unsigned int top = z->nr_orders - 1;
	struct rsv_frame *buddy;

	z->free_pages += size;
	/* It may become the upper half of a merged block, and is not the first of one then. */
	WRITE_ONCE(e->frames[index].kind, RSV_FRAME_BODY);
	for (; order < top; order++) {
		buddy = rsv_buddy_free(e, pfn, size, order);
		if (!buddy)
			break;
		rsv_area_remove(z, area, buddy, order);
		area->merges++;
		area++;
		pfn &= ~size;
		size <<= 1;
	}
	rsv_area_add(z, area, &e->frames[pfn - e->first], order,
		     rsv_buddy_may_merge(z, e, pfn, order));
}

/* The largest block that begins at a page and has no more than so many pages */
static unsigned int rsv_buddy_largest(const struct rsv_zone *z, unsigned long pfn,
				      unsigned long nr_pages)
{
	unsigned int order = min_t(unsigned int, ilog2(nr_pages), z->nr_orders - 1);

	return pfn ? min_t(unsigned int, order, __ffs(pfn)) : order;
}

/**
 * rsv_buddy_give_parts() - put blocks that lie side by side into the free areas
 * @z: the zone, locked
 * @e: the blocks' extent
 * @index: the first page of the first one in the extent
 * @order: their order
 * @nr: their number
 *
 * They are joined first and given as the largest blocks that result, so that no free area sees
 * those that they are made of.
 *
 * Return: How many blocks resulted.
 */
unsigned int rsv_buddy_give_parts(struct rsv_zone *z, struct rsv_extent *e, unsigned long index,
				  unsigned int order, unsigned long nr)
{
	unsigned int whole, at, given = 0;

	for (; nr; nr -= 1UL << (whole - order), index += 1UL << whole, given++) {
		whole = rsv_buddy_largest(z, e->first + index, nr << order);
		for (at = order; at < whole; at++)
			z->area[at].merges += 1UL << (whole - at - 1);
		rsv_buddy_give(z, e, index, whole);
	}
	return given;
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
	unsigned int order;

	for (; nr_pages; nr_pages -= 1UL << order, index += 1UL << order) {
		order = rsv_buddy_largest(z, e->first + index, nr_pages);
		rsv_buddy_give(z, e, index, order);
	}
}
