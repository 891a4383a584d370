// SPDX-License-Identifier: GPL-2.0
/*
 * The buddy system (Knuth, The Art of Computer Programming, 1.2.5): this file splits and coalesces,
 * and does nothing else. The zone's lock guards the free areas and the frames of free blocks.
 *
 * A free block of order k is 2^k pages that begin at a page frame number which is a multiple of
 * 2^k. Its buddy is the other half of the block of order k + 1 around it: the block whose number
 * differs in bit k. Only the first frame of a free block says FREE; its other frames say BODY. So
 * one frame tells whether a buddy is free as a whole, and a split or a merge changes one frame for
 * each order.
 *
 * The zone's word @orders has a bit for each free area that is not empty. One instruction on it
 * finds the smallest block that serves. A split leaves the lower half to the request. A freed block
 * goes to the head of its area, since its memory is most likely still in the CPU's cache, or onto
 * the area's second list, which serves last: see rsv_buddy_free().
 *
 * Free areas are hlists, because they need no tail. On kernels that check every step of a list
 * (CONFIG_DEBUG_LIST, as Debian's) an hlist costs half as much as a list, and the frames' kinds
 * already tell what such a check would find.
 */
#include <linux/list.h>

#include "buddy.h"

/* @size is BIT(@order). The callers have computed it already. */
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

/* The caller has seen that the area is not empty. */
static struct rsv_frame *rsv_area_first(const struct rsv_free_area *area)
{
	return hlist_entry(area->blocks.first ?: area->last.first, struct rsv_frame, node);
}

/*
 * Splits a block, which is in no area, down to an order, and frees the upper halves. The areas in
 * between are empty: otherwise the request would have got a smaller block. So each upper half
 * becomes the only block of its area.
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
 * rsv_buddy_alloc() - remove a block from the free areas, and split a larger one if necessary
 * @z: the zone, locked
 * @order: the block's order
 *
 * Return: The block's first frame, whose kind the caller sets; NULL if no block is large enough.
 */
struct rsv_frame *rsv_buddy_alloc(struct rsv_zone *z, unsigned int order)
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
 * rsv_buddy_count_splits() - count an allocated block as split into all its parts of an order
 * @z: the zone, locked
 * @from: the block's order
 * @order: the parts' order
 *
 * The parts are counted as if the caller had allocated them one by one, although no part enters a
 * free area.
 */
void rsv_buddy_count_splits(struct rsv_zone *z, unsigned int from, unsigned int order)
{
	unsigned int at;

	for (at = from; at > order; at--)
		z->area[at].splits += 1U << (from - at);
}

/**
 * rsv_buddy_remove() - remove one particular block from the free areas
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
 * Whether the block of @size pages that begins at page @index of an extent is free as a whole. The
 * caller knows that @size is at most the extent's length. An index before the extent has wrapped
 * around to a large number, which the comparison refuses.
 */
static __always_inline bool rsv_buddy_is_free(const struct rsv_frame *frames, unsigned long index,
					      unsigned long nr_pages, unsigned long size,
					      unsigned int order)
{
	return index <= nr_pages - size && frames[index].kind == RSV_FRAME_FREE &&
	       frames[index].order == order;
}

/**
 * rsv_buddy_free() - add a block to the free areas, merged with its buddies as far as possible
 * @z: the zone, locked
 * @e: the block's extent
 * @index: its first page in the extent; page frame number a multiple of 2^@order
 * @order: its order
 *
 * The merged block waits only for its own buddy, which is used. If the buddy of their union is
 * free, a free of that buddy would merge at once beyond the union. Then the block goes onto the
 * list that serves last, so that it is likely still free at that time. The kernel asks the same in
 * buddy_merge_likely().
 */
void rsv_buddy_free(struct rsv_zone *z, struct rsv_extent *e, unsigned long index,
		    unsigned int order)
{
	const unsigned long first = e->first, nr_pages = e->nr_pages;
	const unsigned int nr_orders = z->nr_orders;
	struct rsv_frame *const frames = e->frames;
	struct rsv_free_area *area = &z->area[order];
	unsigned long pfn = first + index, size = 1UL << order, buddy;
	bool last;

	z->free_pages += size;
	/* If the block becomes the upper half of a merged one, this frame is inside a block. */
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

/**
 * rsv_buddy_free_blocks() - free adjacent blocks of one order
 * @z: the zone, locked
 * @e: the blocks' extent
 * @index: the first page of the first block in the extent
 * @order: their order
 * @nr: their number
 *
 * The function merges the blocks among themselves first, so that only the largest results enter a
 * free area.
 *
 * Return: The number of blocks that resulted.
 */
unsigned int rsv_buddy_free_blocks(struct rsv_zone *z, struct rsv_extent *e, unsigned long index,
				   unsigned int order, unsigned long nr)
{
	unsigned int merged, at, freed = 0;

	for (; nr; nr -= 1UL << (merged - order), index += 1UL << merged, freed++) {
		merged = rsv_buddy_largest(z, e->first + index, nr << order);
		for (at = order; at < merged; at++)
			z->area[at].merges += 1UL << (merged - at - 1);
		rsv_buddy_free(z, e, index, merged);
	}
	return freed;
}

/**
 * rsv_buddy_free_pages() - free any number of adjacent pages
 * @z: the zone, locked
 * @e: the pages' extent
 * @index: the first page in the extent
 * @nr_pages: their number, 0 allowed
 *
 * The function frees the pages as the largest blocks that their alignment and number allow. These
 * are at most two of each order.
 */
void rsv_buddy_free_pages(struct rsv_zone *z, struct rsv_extent *e, unsigned long index,
			  unsigned long nr_pages)
{
	unsigned int order;

	for (; nr_pages; nr_pages -= 1UL << order, index += 1UL << order) {
		order = rsv_buddy_largest(z, e->first + index, nr_pages);
		rsv_buddy_free(z, e, index, order);
	}
}
