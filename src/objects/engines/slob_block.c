// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks of the heap: this file finds the block that an object or an address is in, and tells
 * whether it is used.
 *
 * A block does not tell its cache. Its size is that of a slot of the cache, and several caches may
 * have slots of that size. So a block that these functions find for a cache may belong to another
 * cache with slots of the same size. Only owner records (RSV_STORE_USER) in both caches tell them
 * apart.
 *
 * Readers take no lock for the bitmap of a slob page, and the node's lock for its freelist.
 */
#include <linux/mutex.h>
#include <linux/sched.h>

#include "compat.h"
#include "objects/debug/check.h"
#include "objects/heap.h"
#include "objects/mark.h"
#include "pages/pagemap.h"
#include "slob_block.h"
#include "slob_page.h"

/**
 * rsv_slob_block_fits() - whether a block of a cache's size begins at an offset
 * @c: the cache
 * @page: the slob page
 * @offset: the offset in the slob page, in bytes; may be any number
 *
 * Context: Any.
 * Return: true if a used or free block of that size begins there.
 */
bool rsv_slob_block_fits(const struct rsv_cache *c, const struct rsv_slob_page *page,
			 unsigned long offset)
{
	unsigned long at = offset / RSV_SLOB_UNIT;

	return !(offset % RSV_SLOB_UNIT) && at >= page->first && at < page->end &&
	       rsv_slob_start_test(page, at) &&
	       rsv_slob_start_after(page, at) - at == rsv_slob_block_units(c);
}

/* Whether a unit is in a free block, or its slob page is no longer one of the heap */
static bool rsv_slob_block_is_free(const struct rsv_slob_page *page, unsigned int at)
{
	struct rsv_free_block free = {};
	unsigned long flags;
	bool is_free = true;

	raw_spin_lock_irqsave(&page->node->lock, flags);
	if (rsv_slob_page_is_listed(page)) {
		free.next = rsv_slob_page_word(page->frame).first_free;
		is_free = rsv_free_block_find(page, at, &free) && rsv_free_block_covers(&free, at);
	}
	raw_spin_unlock_irqrestore(&page->node->lock, flags);
	return is_free;
}

/*
 * Whether the block that begins at a unit is used. If the first unit looks like the header of a
 * free block, its user may have written that. Only then does the function look at the freelist.
 */
static bool rsv_slob_block_is_used(const struct rsv_slob_page *page, unsigned int at)
{
	struct rsv_free_block free;

	return likely(!rsv_free_block_read(page, at, &free)) || !rsv_slob_block_is_free(page, at);
}

/* The misuse of a free whose object has no used block of the cache's size at @offset */
static enum rsv_misuse rsv_slob_block_misuse(const struct rsv_slob_page *page, unsigned long offset)
{
	unsigned long at = offset / RSV_SLOB_UNIT;

	if (at < page->first || at >= page->end)
		return RSV_MISALIGNED;
	if (rsv_slob_block_is_free(page, at))
		return RSV_DOUBLE_FREE;
	return offset % RSV_SLOB_UNIT || !rsv_slob_start_test(page, at) ? RSV_MISALIGNED
									: RSV_WRONG_CACHE;
}

/**
 * rsv_slob_block_check() - whether an object of a cache has a block, and so is used or cached
 * @c: the cache
 * @e: the extent that the object lies in
 * @f: the frame of its page, one of the heap
 * @object: the object, or any address in that page
 *
 * Context: Any but NMI.
 * Return: RSV_OK, or the misuse that a free of the object would be.
 */
enum rsv_misuse rsv_slob_block_check(const struct rsv_cache *c, const struct rsv_extent *e,
				     struct rsv_frame *f, const void *object)
{
	struct rsv_frame *frame = rsv_slob_page_head(e, f);
	struct rsv_slob_page page;
	unsigned long offset;

	if (!rsv_heap_serves(&c->layout))
		return RSV_WRONG_CACHE;
	if (!frame)
		return RSV_FOREIGN;
	page = rsv_slob_page_get(e, frame);
	offset = rsv_slob_block_offset(c, &page, object);
	if (!rsv_slob_block_fits(c, &page, offset))
		return rsv_slob_block_misuse(&page, offset);
	return rsv_slob_block_is_used(&page, offset / RSV_SLOB_UNIT) ? RSV_OK : RSV_DOUBLE_FREE;
}

/**
 * rsv_heap_block() - find the used block of the heap that an address lies in
 * @e: the extent that it lies in
 * @p: the address, in a page of the heap
 * @into: set to the bytes from the beginning of the block to the address
 *
 * A block has as many bytes as a slot of its cache. Its object begins layout.before bytes behind
 * its beginning.
 *
 * Context: Any but NMI, under rcu_read_lock().
 * Return: The bytes of the block, or 0 if the address is in no used block.
 */
size_t rsv_heap_block(const struct rsv_extent *e, const void *p, unsigned int *into)
{
	struct rsv_frame *frame = rsv_slob_page_head(e, rsv_frame_at(e, p));
	unsigned int offset, at = 0;
	struct rsv_slob_page page;

	if (!frame)
		return 0;
	page = rsv_slob_page_get(e, frame);
	offset = p - page.base;
	if (offset < page.end * RSV_SLOB_UNIT)
		at = rsv_slob_start_before(&page, offset / RSV_SLOB_UNIT);
	if (!at || !rsv_slob_block_is_used(&page, at))
		return 0;
	*into = offset - at * RSV_SLOB_UNIT;
	return (rsv_slob_start_after(&page, at) - at) * RSV_SLOB_UNIT;
}

/**
 * rsv_slob_page_verify() - check the slob page that an object lies in, and report what is wrong
 * @c: the object's cache
 * @e: the extent that it lies in
 * @f: the frame of its page
 *
 * Context: Any but NMI, with no raw lock held.
 * Return: Whether the slob page is sound.
 */
bool rsv_slob_page_verify(struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *f)
{
	struct rsv_frame *frame = rsv_slob_page_head(e, f);
	struct rsv_slob_page page;
	unsigned long flags;
	bool sound;

	if (!frame)
		return true;
	page = rsv_slob_page_get(e, frame);
	raw_spin_lock_irqsave(&page.node->lock, flags);
	sound = rsv_slob_page_is_sound(&page);
	raw_spin_unlock_irqrestore(&page.node->lock, flags);
	if (!sound)
		rsv_debug_report_slab(RSV_CORRUPT, c, page.base,
				      "the free blocks of the heap are wrong");
	return sound;
}

/* Visits the used objects in a slob page whose blocks have the cache's size. The node is locked. */
static void rsv_slob_page_visit_blocks(struct rsv_cache *c, struct rsv_extent *e,
				       const struct rsv_slob_page *page,
				       const struct rsv_visitor *visitor)
{
	struct rsv_free_block free = { .next = rsv_slob_page_word(page->frame).first_free };
	unsigned int at, end;
	void *object;

	for (at = page->first; at < page->end; at = end) {
		end = rsv_slob_start_after(page, at);
		object = (void *)rsv_slob_page_at(page, at) + c->layout.before;
		if (end - at == rsv_slob_block_units(c) && rsv_free_block_find(page, at, &free) &&
		    !rsv_free_block_covers(&free, at) &&
		    rsv_mark_read(c, rsv_mark_at(c, object)) > RSV_MARK_CACHED)
			visitor->visit(c, e, object, visitor->data);
	}
}

static void rsv_slob_page_visit(struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *frame,
				const struct rsv_visitor *visitor)
{
	struct rsv_heap_node *h = &c->region->heap->nodes[e->nid];
	struct rsv_slob_page page;
	unsigned long flags;

	raw_spin_lock_irqsave(&h->lock, flags);
	page = rsv_slob_page_get(e, frame);
	if (rsv_slob_page_is_listed(&page))
		rsv_slob_page_visit_blocks(c, e, &page, visitor);
	raw_spin_unlock_irqrestore(&h->lock, flags);
}

/**
 * rsv_slob_block_for_each() - visit the used objects of the heap that have a cache's size
 * @c: the cache
 * @visitor: called for each of them
 *
 * Other caches change the lists of slob pages all the time, so the function walks along the frames
 * of all pages of the region instead.
 *
 * Context: Process; may sleep; takes region->shape_lock.
 */
void rsv_slob_block_for_each(struct rsv_cache *c, const struct rsv_visitor *visitor)
{
	struct rsv_region *r = c->region;
	struct rsv_extent *e;
	unsigned long index;
	unsigned int i;

	mutex_lock(&r->shape_lock);
	for (i = 0; i < r->nr_extents; i++) {
		e = r->extents->at[i];
		for (index = 0; e && index < e->nr_pages; index++) {
			cond_resched();
			if (READ_ONCE(e->frames[index].kind) == RSV_FRAME_HEAP)
				rsv_slob_page_visit(c, e, &e->frames[index], visitor);
		}
	}
	mutex_unlock(&r->shape_lock);
}
