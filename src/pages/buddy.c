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
 * finds the smallest block that serves. A split leaves the lower half to the request.
 *
 * Of several blocks of one order the request gets one that lies as low as possible. So used blocks
 * gather at the low end of the zone, and free ones merge at its high end. What counts is that most
 * of the zone stays whole; to keep an area sorted takes time, and leaves no more blocks of 2 MB
 * whole, in zones of 64 MB and of 1 GB. So the zone's offsets are cut into RSV_SLICES slices. An
 * area has a list for each slice, of the blocks that begin there, and a bitmap of the slices that
 * may have any, which an allocation searches from the lowest bit. Within a slice the block that was
 * freed last serves first, since its memory is most likely still in the CPU's cache.
 *
 * The slice of a block is a hint. A zone that grows has larger slices from then on, and its free
 * blocks stay on their lists until they are allocated or merge. The parts of a split block are
 * sorted in by that block's slice, as if it began where the slice does. Only the place of blocks
 * depends on this: a block is removed from whatever list it is on.
 *
 * The lists are hlists, because they need no tail. On kernels that check every step of a list
 * (CONFIG_DEBUG_LIST, as Debian's) an hlist costs half as much as a list, and the frames' kinds
 * already tell what such a check would find.
 *
 * An allocation looks at RSV_SLICES lists at most, and splits a block once for each order at most.
 * A free merges once for each order at most. So both take a bounded number of steps, whatever the
 * number of free blocks.
 */
#include <linux/list.h>

#include "buddy.h"

/* The slice in which a page of an extent lies */
static __always_inline unsigned int rsv_buddy_slice(const struct rsv_zone *z,
						    const struct rsv_extent *e, unsigned long index)
{
	return (e->offset + index - z->first_offset) >> z->slice_order;
}

/**
 * rsv_buddy_expand() - let the slices of a zone cover an extent
 * @z: the zone, locked
 * @e: the extent, which is new in the zone
 *
 * Slices never get smaller, and never move up: offsets that are not used any more are the first
 * that new extents get.
 */
void rsv_buddy_expand(struct rsv_zone *z, const struct rsv_extent *e)
{
	if (!z->end_offset || e->offset < z->first_offset)
		z->first_offset = e->offset;
	z->end_offset = max(z->end_offset, e->offset + e->nr_pages);
	while ((z->end_offset - 1 - z->first_offset) >> z->slice_order >= RSV_SLICES)
		z->slice_order++;
}

/* @size is BIT(@order). The callers have computed it already. */
static __always_inline void rsv_area_add(struct rsv_zone *z, struct rsv_free_area *area,
					 struct rsv_frame *f, unsigned int order,
					 unsigned long size, unsigned int slice)
{
	WRITE_ONCE(f->kind, RSV_FRAME_FREE);
	WRITE_ONCE(f->order, order);
	hlist_add_head(&f->node, &area->slice[slice]);
	area->slices |= 1U << slice;
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

/*
 * The lowest slice that has a block. The caller has seen that the area is not empty. Slices that
 * lost their last block are struck off the bitmap on the way.
 */
static __always_inline unsigned int rsv_area_lowest(struct rsv_free_area *area)
{
	unsigned int slice = __ffs(area->slices);

	while (unlikely(hlist_empty(&area->slice[slice]))) {
		area->slices &= area->slices - 1;
		slice = __ffs(area->slices);
	}
	return slice;
}

/*
 * Splits a block of the order of @area. Its upper half, @size pages, becomes the only block of the
 * area below, which is empty.
 */
static __always_inline void rsv_area_halve(struct rsv_free_area *area, struct rsv_frame *f,
					   unsigned long size, unsigned int order,
					   unsigned int slice)
{
	struct rsv_frame *upper = f + size;
	struct hlist_head *list;

	area->splits++;
	area--;
	list = &area->slice[slice];
	WRITE_ONCE(upper->kind, RSV_FRAME_FREE);
	WRITE_ONCE(upper->order, order);
	upper->node.next = NULL;
	upper->node.pprev = &list->first;
	list->first = &upper->node;
	area->slices = 1U << slice;
	area->nr_free = 1;
}

/*
 * Splits a block that is larger than a slice, down to @order, which is not below that of a slice.
 * It is a function of its own because the frequent splits would save registers for it.
 */
static noinline void rsv_buddy_split_large(const struct rsv_zone *z, struct rsv_free_area *area,
					   struct rsv_frame *f, unsigned int from,
					   unsigned int order, unsigned int slice)
{
	unsigned long size = 1UL << from;

	for (; from > order; from--, area--) {
		size >>= 1;
		rsv_area_halve(area, f, size, from - 1,
			       min_t(unsigned long, slice + (size >> z->slice_order),
				     RSV_SLICES - 1));
	}
}

/*
 * Splits a block of a slice, which is in no area, down to an order, and frees the upper halves. The
 * areas in between are empty: otherwise the request would have got a smaller block. The halves of a
 * block that is no larger than a slice count as part of the same slice.
 */
static __always_inline void rsv_buddy_split(struct rsv_zone *z, struct rsv_free_area *area,
					    struct rsv_frame *f, unsigned int from,
					    unsigned int order, unsigned int slice)
{
	unsigned long size = 1UL << from;

	z->orders |= size - BIT(order);
	if (unlikely(from > z->slice_order)) {
		const unsigned int large = max(order, z->slice_order);

		rsv_buddy_split_large(z, area, f, from, large, slice);
		area -= from - large;
		from = large;
		size = 1UL << from;
	}
	for (; from > order; from--, area--) {
		size >>= 1;
		rsv_area_halve(area, f, size, from - 1, slice);
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
	unsigned int from, slice;
	struct rsv_frame *f;

	if (!serving)
		return NULL;

	from = order + __ffs(serving);
	area = &z->area[from];
	slice = rsv_area_lowest(area);
	f = hlist_entry(area->slice[slice].first, struct rsv_frame, node);
	rsv_area_remove(z, area, f, 1UL << from);
	z->free_pages -= 1UL << order;
	if (from > order)
		rsv_buddy_split(z, area, f, from, order, slice);
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
 */
void rsv_buddy_free(struct rsv_zone *z, struct rsv_extent *e, unsigned long index,
		    unsigned int order)
{
	const unsigned long first = e->first, nr_pages = e->nr_pages;
	const unsigned int nr_orders = z->nr_orders;
	struct rsv_frame *const frames = e->frames;
	struct rsv_free_area *area = &z->area[order];
	unsigned long pfn = first + index, size = 1UL << order, buddy;

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
	index = pfn - first;
	rsv_area_add(z, area, &frames[index], order, size, rsv_buddy_slice(z, e, index));
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
