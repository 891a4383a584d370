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

/* BIT(@order) is also the number of pages of a block, which who calls has at hand: @size. */
static __always_inline void rsv_area_add(struct rsv_zone *z, struct rsv_free_area *area,
					 struct rsv_frame *f, unsigned int order,
					 unsigned long size, bool last)
{
	WRITE_ONCE(f->kind, RSV_FRAME_FREE);
	WRITE_ONCE(f->order, order);
	hlist_add_head(&f->node, last ? &area->last : &area->blocks);
	area->nr_free++;
	z->orders |= size;
}

static __always_inline void rsv_area_remove(struct rsv_zone *z, struct rsv_free_area *area,
					    struct rsv_frame *f, unsigned long size)
{
	WRITE_ONCE(f->kind, RSV_FRAME_BODY);
	__hlist_del(&f->node);
	if (!--area->nr_free)
		z->orders &= ~size;
}

/* The area is not empty. */
static struct rsv_frame *rsv_area_first(const struct rsv_free_area *area)
{
	return hlist_entry(area->blocks.first ?: area->last.first, struct rsv_frame, node);
}

/*
 * Splits a block that was taken down to an order, and keeps its lower part. No area in between has
 * a block, or a smaller one would have been taken: what is left over is the first one everywhere.
 */
static __always_inline void rsv_buddy_split(struct rsv_zone *z, struct rsv_free_area *area,
					    struct rsv_frame *f, unsigned int from,
					    unsigned int order)
{
	unsigned long size = 1UL << from;

	z->orders |= size - BIT(order);
	while (from-- > order) {
		struct rsv_frame *upper;

		area->splits++;
		area--;
		size >>= 1;
		upper = f + size;
		WRITE_ONCE(upper->kind, RSV_FRAME_FREE);
		WRITE_ONCE(upper->order, from);
		upper->node.next = NULL;
		upper->node.pprev = &area->blocks.first;
		area->blocks.first = &upper->node;
		area->nr_free = 1;
	}
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
	struct rsv_free_area *area;
	struct rsv_frame *f;
	unsigned int from;

	if (!serving)
		return NULL;

	from = order + __ffs(serving);
	area = &z->area[from];
	f = rsv_area_first(area);
	rsv_area_remove(z, area, f, 1UL << from);
	z->free_pages -= 1UL << order;
	if (from > order)
		rsv_buddy_split(z, area, f, from, order);
	return f;
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
	const unsigned long size = 1UL << f->order;

	z->free_pages -= size;
	rsv_area_remove(z, &z->area[f->order], f, size);
}

/*
 * Whether the block that begins so many pages into an extent is free as a whole. @size: its pages,
 * not more than the extent has. What lies before the extent is a large number of pages into it.
 */
static __always_inline bool rsv_buddy_is_free(const struct rsv_frame *frames, unsigned long index,
					      unsigned long nr_pages, unsigned long size,
					      unsigned int order)
{
	return index <= nr_pages - size && frames[index].kind == RSV_FRAME_FREE &&
	       frames[index].order == order;
}

/**
 * rsv_buddy_give() - put a block into the free areas, coalescing as far as it goes
 * @z: the zone, locked
 * @e: the block's extent
 * @index: its first page in the extent; page frame number a multiple of 2^@order
 * @order: its order
 *
 * If the block of the next order around the one that results would merge at once, because its buddy
 * is free, only the rest of it is missing: such a block is handed out last, so that it may become
 * whole.
 */
void rsv_buddy_give(struct rsv_zone *z, struct rsv_extent *e, unsigned long index,
		    unsigned int order)
{
	const unsigned long first = e->first, nr_pages = e->nr_pages;
	const unsigned int nr_orders = z->nr_orders;
	struct rsv_frame *const frames = e->frames;
	struct rsv_free_area *area = &z->area[order];
	unsigned long pfn = first + index, size = 1UL << order, buddy;
	bool last;

	z->free_pages += size;
	/* It may become the upper half of a merged block, and is not the first of one then. */
	WRITE_ONCE(frames[index].kind, RSV_FRAME_BODY);
	for (; order + 1 < nr_orders; order++) {
		buddy = (pfn ^ size) - first;
		if (!rsv_buddy_is_free(frames, buddy, nr_pages, size, order))
			break;
		rsv_area_remove(z, area, &frames[buddy], size);
		area->merges++;
		area++;
		pfn &= ~size;
		size <<= 1;
	}
	buddy = (round_down(pfn, 2 * size) ^ (2 * size)) - first;
	last = order + 2 < nr_orders && 2 * size <= nr_pages &&
	       rsv_buddy_is_free(frames, buddy, nr_pages, 2 * size, order + 1);
	rsv_area_add(z, area, &frames[pfn - first], order, size, last);
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
