// SPDX-License-Identifier: GPL-2.0
/*
 * The heap of a region: slob pages, and the blocks that the engine SLOB allocates from them.
 *
 * Each node has three lists of slob pages that have free blocks, as mm/slob.c had them: for blocks
 * of less than 256 bytes, of less than 1024, and of less than a page. So small blocks do not take
 * the room that larger ones need. Empty slob pages serve all three sizes, and full ones none.
 *
 * An allocation searches the list for a free block that is large enough. It begins at the slob page
 * where the last search ended (next fit along the list), and takes the first such block in a slob
 * page (first fit; Knuth 1, 2.5). A search may be long, so it drops the lock every RSV_HEAP_STEPS
 * steps.
 *
 * The node's raw lock guards the lists, and the freelists and bitmaps of the slob pages.
 * slob_page.c has the one exception: the owner of a used block reads the bitmap without the lock.
 */
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "compat.h"
#include "objects/debug/check.h"
#include "objects/heap.h"
#include "objects/mark.h"
#include "objects/node.h"
#include "pages/contig.h"
#include "pages/extent.h"
#include "pages/pagemap.h"
#include "slob_block.h"
#include "slob_heap.h"
#include "slob_page.h"

/* Slob pages and free blocks that a search looks at before it drops the lock */
#define RSV_HEAP_STEPS	128U

/**
 * struct rsv_slob_search - a search for free blocks (on the caller's stack)
 * @c: the cache that allocates
 * @batch: the objects that it got so far
 * @nr: the objects that the request wants
 * @size: units of a block
 * @align: alignment of a block, in units
 * @left: slob pages of the list that the search has not looked at
 * @steps: slob pages and free blocks that it has looked at since it took the lock
 */
struct rsv_slob_search {
	struct rsv_cache *c;
	struct rsv_batch *batch;
	unsigned int nr;
	unsigned int size;
	unsigned int align;
	unsigned long left;
	unsigned int steps;
};

/*
 * Allocation
 */

/* The list of slob pages for blocks of the cache */
static unsigned int rsv_slob_block_list(const struct rsv_cache *c)
{
	if (c->layout.stride < 256)
		return RSV_SLOB_LIST_256;
	return c->layout.stride < 1024 ? RSV_SLOB_LIST_1024 : RSV_SLOB_LIST_PAGE;
}

/*
 * Marks the object of a new block as cached. The caller holds the lock: once it drops it, other
 * CPUs can find the block, and must not find the header of a free one there.
 */
static void *rsv_slob_block_to_object(struct rsv_cache *c, const struct rsv_slob_page *page,
				      unsigned int at)
{
	u64 *block = rsv_slob_page_at(page, at);
	void *object = (void *)block + c->layout.before;

	WRITE_ONCE(*block, 0);
	rsv_mark_write(c, rsv_mark_at(c, object), RSV_MARK_CACHED);
	return object;
}

/* Where an aligned block begins in a free block; 0 if the free block is too small for it */
static unsigned int rsv_slob_block_start(const struct rsv_slob_search *s,
					 const struct rsv_free_block *free)
{
	unsigned int at = round_up(free->at, s->align);

	return at + s->size <= free->at + free->size ? at : 0;
}

/* Allocates blocks of a slob page, first fit. The node is locked. */
static void rsv_slob_page_search(const struct rsv_slob_page *page, union rsv_slob_word *word,
				 struct rsv_slob_search *s)
{
	struct rsv_free_block prev = { .next = word->first_free }, free;
	struct rsv_batch *batch = s->batch;
	unsigned int at;

	for (; prev.next && batch->nr < s->nr; s->steps++) {
		if (!rsv_free_block_read(page, prev.next, &free)) {
			batch->damaged = page->base;
			batch->lost = DIV_ROUND_UP(rsv_free_blocks_abandon(page, word), s->size);
			return;
		}
		at = rsv_slob_block_start(s, &free);
		if (at) {
			rsv_free_block_cut(page, word, &prev, &free, at, s->size);
			batch->object[batch->nr++] = rsv_slob_block_to_object(s->c, page, at);
		} else {
			prev = free;
		}
	}
}

/*
 * Searches the slob pages of a list until one has a block, or for RSV_HEAP_STEPS. The node is
 * locked. Rotates the list to where the search stops, so that the next search begins there.
 */
static void rsv_slob_list_search(struct rsv_slob_page_list *list, struct rsv_slob_search *s)
{
	const struct rsv_region *r = s->c->region;
	struct rsv_slob_page page;
	union rsv_slob_word word;
	struct rsv_frame *frame;

	s->steps = 0;
	list_for_each_entry(frame, &list->pages, link) {
		if (!s->left || s->steps >= RSV_HEAP_STEPS)
			break;
		s->left--;
		s->steps++;
		word = rsv_slob_page_word(frame);
		if (word.free_units < s->size)
			continue;
		page = rsv_slob_page_get(rsv_frame_extent(r, frame), frame);
		rsv_slob_page_search(&page, &word, s);
		if (!s->batch->nr && !s->batch->damaged)
			continue;
		list_rotate_to_front(&frame->link, &list->pages);
		rsv_slob_page_update(&page, word, rsv_slob_block_list(s->c));
		return;
	}
	if (list_entry_is_head(frame, &list->pages, link))
		s->left = 0;
	else
		list_rotate_to_front(&frame->link, &list->pages);
}

static void rsv_heap_search(struct rsv_heap_node *h, unsigned int list, struct rsv_slob_search *s)
{
	unsigned long flags;

	/* The number is read once, so slob pages that other CPUs add make this search no longer. */
	s->left = READ_ONCE(h->lists[list].nr);
	while (s->left && !s->batch->nr && !s->batch->damaged) {
		raw_spin_lock_irqsave(&h->lock, flags);
		rsv_slob_list_search(&h->lists[list], s);
		raw_spin_unlock_irqrestore(&h->lock, flags);
	}
}

static struct rsv_slob_search rsv_slob_search_begin(struct rsv_cache *c, unsigned int nr,
						    struct rsv_batch *batch)
{
	return (struct rsv_slob_search){
		.c = c,
		.batch = batch,
		.nr = nr,
		.size = rsv_slob_block_units(c),
		.align = max(c->layout.align / RSV_SLOB_UNIT, 1U),
	};
}

/**
 * rsv_heap_alloc() - allocate blocks for objects of a cache from slob pages that the heap has
 * @c: the cache
 * @nid: the node
 * @nr: how many, RSV_BATCH at most
 * @batch: an empty batch; the objects are added to it, marked as cached
 *
 * Context: Any but NMI.
 */
void rsv_heap_alloc(struct rsv_cache *c, int nid, unsigned int nr, struct rsv_batch *batch)
{
	struct rsv_slob_search s = rsv_slob_search_begin(c, nr, batch);
	struct rsv_heap_node *h = &c->region->heap->nodes[nid];

	rsv_heap_search(h, rsv_slob_block_list(c), &s);
	rsv_heap_search(h, RSV_SLOB_LIST_EMPTY, &s);
}

/*
 * Free
 */

/*
 * Makes the block of a cached object a free block. The node is locked. If a header was overwritten,
 * the slob page abandons its other free blocks, and @lost is set to their units.
 */
static enum rsv_misuse rsv_slob_page_free(struct rsv_cache *c, const struct rsv_slob_page *page,
					  void *object, unsigned int *lost)
{
	unsigned long offset = rsv_slob_block_offset(c, page, object);
	union rsv_slob_word word = rsv_slob_page_word(page->frame);
	struct rsv_free_block prev = { .next = word.first_free };
	const struct rsv_free_block block = {.at = offset / RSV_SLOB_UNIT,
					     .size = rsv_slob_block_units(c)};
	bool sound;

	/*
	 * Another CPU may have freed the same object before. Then its block is free, or was
	 * allocated anew.
	 */
	if (!rsv_slob_block_fits(c, page, offset) ||
	    rsv_mark_read(c, rsv_mark_at(c, object)) != RSV_MARK_CACHED)
		return RSV_DOUBLE_FREE;
	/* A CPU that frees the same object after this one finds that it is no longer cached. */
	rsv_mark_write(c, rsv_mark_at(c, object), RSV_SLAB_NONE);
	sound = rsv_free_block_find(page, block.at, &prev);
	if (sound && rsv_free_block_covers(&prev, block.at))
		return RSV_DOUBLE_FREE;
	if (!sound || !rsv_free_block_join(page, &word, &prev, block)) {
		*lost = rsv_free_blocks_abandon(page, &word);
		prev = (struct rsv_free_block){};
		rsv_free_block_join(page, &word, &prev, block);
	}
	rsv_slob_page_update(page, word, rsv_slob_block_list(c));
	return RSV_OK;
}

/**
 * rsv_heap_free() - free the block of an object
 * @c: its cache
 * @e: its extent
 * @f: the frame of its page
 * @object: the object, marked as cached
 *
 * Context: Any but NMI, with no raw lock held.
 * Return: RSV_OK, or RSV_DOUBLE_FREE if another CPU freed the object already.
 */
enum rsv_misuse rsv_heap_free(struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *f,
			      void *object)
{
	struct rsv_heap_node *h = &c->region->heap->nodes[e->nid];
	struct rsv_frame *frame = rsv_slob_page_head(e, f);
	enum rsv_misuse misuse = RSV_DOUBLE_FREE;
	struct rsv_slob_page page;
	unsigned int lost = 0;
	unsigned long flags;

	if (!frame)
		return RSV_DOUBLE_FREE;
	raw_spin_lock_irqsave(&h->lock, flags);
	page = rsv_slob_page_get(e, frame);
	if (rsv_slob_page_is_listed(&page))
		misuse = rsv_slob_page_free(c, &page, object, &lost);
	raw_spin_unlock_irqrestore(&h->lock, flags);
	if (lost)
		rsv_debug_report_slab(RSV_CORRUPT, c, page.base,
				      "%u free bytes of the heap are lost", lost * RSV_SLOB_UNIT);
	return misuse;
}

/*
 * Slob pages
 */

static void rsv_slob_page_mark(struct rsv_frame *frame, unsigned int pages)
{
	const union rsv_slob_word word = { .list = RSV_SLOB_LIST_NONE, .more = pages - 1 };
	unsigned int i;

	WRITE_ONCE(frame->slob, word.word);
	INIT_LIST_HEAD(&frame->link);
	for (i = 0; i < pages; i++) {
		WRITE_ONCE(frame[i].order, i);
		/* Pairs with rsv_slob_page_head() */
		smp_store_release(&frame[i].kind, i ? RSV_FRAME_HEAP_TAIL : RSV_FRAME_HEAP);
	}
}

/* Adds a new slob page to its node, and allocates the first blocks of it. */
static void rsv_slob_page_add(const struct rsv_slob_page *page, struct rsv_slob_search *s)
{
	union rsv_slob_word word = rsv_slob_page_word(page->frame);
	unsigned long flags;

	rsv_slob_page_clear(page, &word);
	raw_spin_lock_irqsave(&page->node->lock, flags);
	page->node->pages += word.more + 1;
	rsv_slob_page_search(page, &word, s);
	rsv_slob_page_update(page, word, rsv_slob_block_list(s->c));
	raw_spin_unlock_irqrestore(&page->node->lock, flags);
}

/**
 * rsv_heap_new_page() - allocate a slob page, and blocks of it for objects of a cache
 * @c: the cache
 * @gfp: as for rsv_cache_alloc_node()
 * @nid: the preferred node
 * @nr: how many blocks, RSV_BATCH at most
 * @batch: an empty batch; the objects are added to it, marked as cached
 *
 * Context: Any but NMI; may sleep if @gfp allows it.
 * Return: The extent of the slob page, or NULL if the region does not have the pages.
 */
struct rsv_extent *rsv_heap_new_page(struct rsv_cache *c, gfp_t gfp, int nid, unsigned int nr,
				     struct rsv_batch *batch)
{
	struct rsv_slob_search s = rsv_slob_search_begin(c, nr, batch);
	struct rsv_frame *frame = rsv_slab_alloc_pages(c, gfp, nid);
	struct rsv_slob_page page;
	struct rsv_extent *e;

	if (!frame)
		return NULL;
	rsv_slob_page_mark(frame, frame->nr_pages);
	e = rsv_frame_extent(c->region, frame);
	page = rsv_slob_page_get(e, frame);
	rsv_kasan_fence(page.base, (size_t)page.end * RSV_SLOB_UNIT);
	rsv_slob_page_add(&page, &s);
	return e;
}

static void rsv_slob_page_free_pages(struct rsv_region *r, struct rsv_frame *frame)
{
	unsigned int pages = rsv_slob_page_word(frame).more + 1;

	rsv_kasan_allow(rsv_frame_addr(rsv_frame_extent(r, frame), frame),
			(size_t)pages << PAGE_SHIFT);
	rsv_run_dissolve(r, frame, pages);
}

/* Removes an empty slob page from the heap, if there are more than @max. The node is locked. */
static struct rsv_frame *rsv_heap_evict(struct rsv_region *r, struct rsv_heap_node *h,
					unsigned long max)
{
	struct rsv_slob_page_list *empty = &h->lists[RSV_SLOB_LIST_EMPTY];
	struct rsv_slob_page page;
	union rsv_slob_word word;
	struct rsv_frame *frame;

	if (empty->nr <= max)
		return NULL;
	frame = list_last_entry(&empty->pages, struct rsv_frame, link);
	page = rsv_slob_page_get(rsv_frame_extent(r, frame), frame);
	rsv_slob_page_move(&page, RSV_SLOB_LIST_EMPTY, RSV_SLOB_LIST_NONE);
	word = rsv_slob_page_word(frame);
	h->free_units -= word.free_units;
	h->pages -= word.more + 1;
	word.list = RSV_SLOB_LIST_NONE;
	WRITE_ONCE(frame->slob, word.word);
	return frame;
}

/**
 * rsv_heap_trim() - give empty slob pages of a node back to the buddy system
 * @r: the region
 * @nid: the node
 * @max: the number of empty slob pages that may stay
 *
 * Context: Any but NMI, with no raw lock held.
 * Return: The number of slob pages given back.
 */
unsigned int rsv_heap_trim(struct rsv_region *r, int nid, unsigned long max)
{
	struct rsv_heap_node *h = &r->heap->nodes[nid];
	struct rsv_frame *frame;
	unsigned long flags;
	unsigned int nr = 0;

	/* The look needs no lock: a CPU that empties a slob page after it trims the heap itself. */
	while (READ_ONCE(h->lists[RSV_SLOB_LIST_EMPTY].nr) > max) {
		raw_spin_lock_irqsave(&h->lock, flags);
		frame = rsv_heap_evict(r, h, max);
		raw_spin_unlock_irqrestore(&h->lock, flags);
		if (!frame)
			break;
		rsv_slob_page_free_pages(r, frame);
		nr++;
	}
	return nr;
}

/*
 * The heap
 */

/**
 * rsv_heap_create() - create the heap of a region, without memory
 * @r: the region
 *
 * Context: Process; may sleep.
 * Return: 0 or -ENOMEM.
 */
int rsv_heap_create(struct rsv_region *r)
{
	struct rsv_heap *heap = kzalloc(struct_size(heap, nodes, nr_node_ids), GFP_KERNEL);
	unsigned int nid, list;

	if (!heap)
		return -ENOMEM;
	heap->secret = get_random_u64();
	for (nid = 0; nid < nr_node_ids; nid++) {
		raw_spin_lock_init(&heap->nodes[nid].lock);
		for (list = 0; list < RSV_SLOB_LISTS; list++)
			INIT_LIST_HEAD(&heap->nodes[nid].lists[list].pages);
	}
	r->heap = heap;
	return 0;
}

/**
 * rsv_heap_destroy() - destroy the heap of a region, and free its slob pages
 * @r: the region. It has no caches, so no block of the heap is used; lost blocks only look used
 *
 * Context: Process; may sleep.
 */
void rsv_heap_destroy(struct rsv_region *r)
{
	struct rsv_frame *frame, *next;
	unsigned int nid, list;

	for (nid = 0; nid < nr_node_ids; nid++)
		for (list = 0; list < RSV_SLOB_LISTS; list++)
			list_for_each_entry_safe(frame, next,
						 &r->heap->nodes[nid].lists[list].pages, link)
				rsv_slob_page_free_pages(r, frame);
	kfree(r->heap);
	r->heap = NULL;
}

/**
 * rsv_heap_leak() - destroy the heap of a region, but leave its slob pages allocated
 * @r: the region. It has no caches. So whatever block of the heap is used is leaked or lost
 *
 * Context: Process; may sleep.
 */
void rsv_heap_leak(struct rsv_region *r)
{
	struct rsv_frame *frame;
	unsigned int nid, list;

	for (nid = 0; nid < nr_node_ids; nid++)
		for (list = 0; list < RSV_SLOB_LISTS; list++)
			list_for_each_entry(frame, &r->heap->nodes[nid].lists[list].pages, link)
				rsv_frames_leak(frame, rsv_slob_page_word(frame).more + 1);
	kfree(r->heap);
	r->heap = NULL;
}

/**
 * rsv_heap_lost() - count blocks that a cache's freelist lost, since it was overwritten
 * @c: their cache
 * @object: the object of one of them; all are of one node
 * @nr: how many
 *
 * Context: Any but NMI.
 */
void rsv_heap_lost(const struct rsv_cache *c, const void *object, unsigned int nr)
{
	const struct rsv_extent *e = rsv_region_extent(c->region, object);
	struct rsv_heap_node *h = &c->region->heap->nodes[e->nid];
	unsigned long flags;

	raw_spin_lock_irqsave(&h->lock, flags);
	h->lost += (unsigned long)nr * rsv_slob_block_units(c);
	raw_spin_unlock_irqrestore(&h->lock, flags);
}

/**
 * rsv_heap_leaked() - count the pages of the heap that have only lost blocks
 * @r: the region
 *
 * The caller has freed all objects and trimmed the heap. Lost blocks look used, so their slob pages
 * are still there. If a node lost as many units as it has in blocks that look used, no other block
 * of the node is used.
 *
 * Context: Any but NMI.
 * Return: The pages of such nodes.
 */
unsigned long rsv_heap_leaked(const struct rsv_region *r)
{
	unsigned long pages = 0, flags;
	unsigned int nid;

	for (nid = 0; nid < nr_node_ids; nid++) {
		struct rsv_heap_node *h = &r->heap->nodes[nid];

		raw_spin_lock_irqsave(&h->lock, flags);
		if (h->pages * RSV_SLOB_PAGE_UNITS - h->free_units == h->lost)
			pages += h->pages;
		raw_spin_unlock_irqrestore(&h->lock, flags);
	}
	return pages;
}

/**
 * rsv_heap_count() - sum up the figures of a region's heap
 * @r: the region
 * @figures: filled in
 *
 * Context: Any but NMI.
 */
void rsv_heap_count(const struct rsv_region *r, struct rsv_heap_figures *figures)
{
	unsigned int nid, list;
	unsigned long flags;

	*figures = (struct rsv_heap_figures){};
	for (nid = 0; nid < nr_node_ids; nid++) {
		struct rsv_heap_node *h = &r->heap->nodes[nid];

		raw_spin_lock_irqsave(&h->lock, flags);
		for (list = 0; list < RSV_SLOB_LISTS; list++)
			figures->slob_pages += h->lists[list].nr;
		figures->pages += h->pages;
		figures->free_bytes += (u64)h->free_units * RSV_SLOB_UNIT;
		raw_spin_unlock_irqrestore(&h->lock, flags);
	}
}
EXPORT_SYMBOL_IF_KUNIT(rsv_heap_count);
