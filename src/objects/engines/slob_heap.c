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
 * page (first fit; Knuth 1, 2.5).
 *
 * The node's raw lock guards everything in the slob pages that is no used or cached object, and the
 * lists. A hold of the lock takes a bounded number of steps, however many free blocks there are:
 *
 * - A search drops the lock after RSV_HEAP_STEPS steps. A step is a slob page that was passed over,
 *   RSV_FIT_STEPS steps are one whose bitmap was searched (32 words of 64 bits), and each check
 *   value is one. Objects of a batch end there too, but for the first one. That one may have as
 *   many check values as its block has units, 511 at most.
 * - A free changes the bits of one block.
 * - A trim moves one slob page.
 */
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "compat.h"
#include "objects/batch.h"
#include "objects/debug/check.h"
#include "objects/engine.h"
#include "objects/heap.h"
#include "objects/hooks.h"
#include "objects/mark.h"
#include "objects/node.h"
#include "pages/contig.h"
#include "pages/extent.h"
#include "pages/gfp.h"
#include "pages/pagemap.h"
#include "slob_block.h"
#include "slob_heap.h"
#include "slob_page.h"

/* Steps of a search before it drops the lock, and those for the bitmap of one slob page */
#define RSV_HEAP_STEPS	64U
#define RSV_FIT_STEPS	16U

/**
 * struct rsv_slob_search - a search for free blocks (on the caller's stack)
 * @c: the cache that allocates
 * @batch: the objects that it got so far
 * @nr: the objects that the request wants
 * @size: units of a block
 * @align: alignment of a block, in units
 * @used: mark the object as used, not as cached
 * @left: slob pages of the list that the search has not looked at
 * @steps: steps since it took the lock
 */
struct rsv_slob_search {
	struct rsv_cache *c;
	struct rsv_batch *batch;
	unsigned int nr;
	unsigned int size;
	unsigned int align;
	bool used;
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
 * Cuts a block for an object, and marks the object as cached or used. If somebody wrote to the
 * block while it was free, the block is lost: it looks used, and its object free.
 */
static void rsv_slob_page_alloc(const struct rsv_slob_page *page, union rsv_slob_word *word,
				struct rsv_slob_search *s, const struct rsv_slob_block *block)
{
	void *object = (void *)rsv_slob_page_at(page, block->at) + s->c->layout.before;
	unsigned long *mark = rsv_mark_at(s->c, object);
	struct rsv_batch *batch = s->batch;

	if (likely(rsv_slob_page_cut(page, word, block, s->c->id, &s->steps))) {
		if (s->used)
			rsv_mark_clear(s->c->secret, mark, object);
		else
			rsv_mark_write(s->c, mark, RSV_MARK_CACHED);
		batch->object[batch->nr++] = object;
		return;
	}
	rsv_mark_write(s->c, mark, RSV_SLAB_NONE);
	page->node->lost += block->size;
	batch->damaged = page->base;
	batch->lost++;
}

/* Allocates blocks of a slob page, first fit. The node is locked. */
static void rsv_slob_page_search(const struct rsv_slob_page *page, union rsv_slob_word *word,
				 struct rsv_slob_search *s)
{
	struct rsv_slob_block block = {
		.size = s->size,
		.owner = rsv_slob_owner_find(page, s->c->id, s->size),
	};

	if (block.owner == RSV_SLOB_OWNERS)
		return;
	s->steps += RSV_FIT_STEPS;
	do {
		block.at = rsv_slob_page_fit(page, block.at, s->size, s->align);
		if (block.at)
			rsv_slob_page_alloc(page, word, s, &block);
	} while (block.at && s->batch->nr < s->nr && s->steps < RSV_HEAP_STEPS);
	if (!block.at && s->align == 1)
		word->too_long = s->size;
}

/* Whether a slob page can have a free block for the search */
static bool rsv_slob_word_may_serve(union rsv_slob_word word, const struct rsv_slob_search *s)
{
	return word.free_units >= s->size && (!word.too_long || s->size < word.too_long);
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
		if (!rsv_slob_word_may_serve(word, s))
			continue;
		page = rsv_slob_page_of(rsv_frame_extent(r, frame), frame);
		rsv_slob_page_search(&page, &word, s);
		if (!s->batch->nr && !s->batch->damaged) {
			WRITE_ONCE(frame->slob, word.word);
			continue;
		}
		if (!list_is_first(&frame->link, &list->pages))
			list_rotate_to_front(&frame->link, &list->pages);
		rsv_slob_page_update(&page, word, rsv_slob_block_list(s->c));
		return;
	}
	if (list_entry_is_head(frame, &list->pages, link))
		s->left = 0;
	else
		list_rotate_to_front(&frame->link, &list->pages);
}

/* Counts the blocks that a cache got from a node of the heap, which is locked. */
static void rsv_heap_count_blocks(const struct rsv_slob_search *s, const struct rsv_heap_node *h)
{
	struct rsv_cache_node *n = s->c->nodes[h - s->c->region->heap->nodes];

	WRITE_ONCE(n->total, n->total + s->batch->nr);
}

/* Searches a list for as long as the heap's lock may be held at once. */
static void rsv_heap_search_once(struct rsv_heap_node *h, unsigned int list,
				 struct rsv_slob_search *s)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&h->lock, flags);
	rsv_slob_list_search(&h->lists[list], s);
	rsv_heap_count_blocks(s, h);
	raw_spin_unlock_irqrestore(&h->lock, flags);
}

static void rsv_heap_search(struct rsv_heap_node *h, unsigned int list, struct rsv_slob_search *s)
{
	/* The number is read once, so slob pages that other CPUs add make this search no longer. */
	s->left = READ_ONCE(h->lists[list].nr);
	while (s->left && !s->batch->nr && !s->batch->damaged)
		rsv_heap_search_once(h, list, s);
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

/**
 * rsv_heap_alloc_used() - allocate a block for an object that goes to its user at once
 * @c: the cache
 * @nid: the node
 *
 * The caller has disabled preemption. So the function searches either list for one hold of the
 * heap's lock, and leaves a longer search to rsv_heap_alloc().
 *
 * Context: Any but NMI.
 * Return: The object, used; NULL if the search was too short, or found a damaged block.
 */
void *rsv_heap_alloc_used(struct rsv_cache *c, int nid)
{
	struct rsv_heap_node *h = &c->region->heap->nodes[nid];
	struct rsv_slob_search s;
	struct rsv_batch batch;

	rsv_batch_init(&batch);
	s = rsv_slob_search_begin(c, 1, &batch);
	s.used = true;
	s.left = READ_ONCE(h->lists[rsv_slob_block_list(c)].nr);
	rsv_heap_search_once(h, rsv_slob_block_list(c), &s);
	if (!batch.nr && !batch.damaged) {
		s.left = READ_ONCE(h->lists[RSV_SLOB_LIST_EMPTY].nr);
		rsv_heap_search_once(h, RSV_SLOB_LIST_EMPTY, &s);
	}
	if (unlikely(batch.damaged))
		rsv_cache_lost(c, batch.damaged, batch.lost);
	return batch.nr ? batch.object[0] : NULL;
}

/*
 * Free
 */

/* Makes a used block of a cache a free one, and counts it. The node is locked. */
static void rsv_slob_page_put(struct rsv_cache *c, const struct rsv_slob_page *page,
			      const struct rsv_slob_block *block)
{
	struct rsv_cache_node *n = c->nodes[page->node - page->heap->nodes];
	union rsv_slob_word word = rsv_slob_page_word(page->frame);

	rsv_slob_page_release(page, &word, block);
	rsv_slob_page_update(page, word, rsv_slob_block_list(c));
	WRITE_ONCE(n->total, n->total - 1);
}

/*
 * Makes the block of a cached object a free block. The node is locked. Another CPU may have freed
 * the same object before. Then its block is free, or was cut again.
 */
static enum rsv_misuse rsv_slob_page_free(struct rsv_cache *c, const struct rsv_slob_page *page,
					  void *object)
{
	struct rsv_slob_block block;

	if (rsv_slob_block_find(c, page, object, &block) != RSV_OK ||
	    rsv_mark_read(c, rsv_mark_at(c, object)) != RSV_MARK_CACHED)
		return RSV_DOUBLE_FREE;
	rsv_slob_page_put(c, page, &block);
	return RSV_OK;
}

/* The same of a used object. A failure changes nothing. */
static bool rsv_slob_page_free_used(struct rsv_cache *c, const struct rsv_slob_page *page,
				    void *object)
{
	struct rsv_slob_block block;

	if (unlikely(rsv_slob_block_find(c, page, object, &block) != RSV_OK ||
		     rsv_mark_read(c, rsv_mark_at(c, object)) <= RSV_MARK_CACHED))
		return false;
	rsv_free_hook(c, object);
	rsv_slob_page_put(c, page, &block);
	return true;
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
	struct rsv_heap_node *h = rsv_heap_node_of(e);
	enum rsv_misuse misuse = RSV_DOUBLE_FREE;
	struct rsv_slob_page page;
	unsigned long flags;

	raw_spin_lock_irqsave(&h->lock, flags);
	if (rsv_slob_page_find(e, f, &page))
		misuse = rsv_slob_page_free(c, &page, object);
	raw_spin_unlock_irqrestore(&h->lock, flags);
	return misuse;
}

/**
 * rsv_heap_free_used() - free the block of a used object
 * @c: its cache
 * @e: its extent
 * @f: the frame of its page
 * @object: the object, or any address in that page
 *
 * Context: Any but NMI, with no raw lock held.
 * Return: false, and then nothing has changed, if the cache has no such used object.
 */
bool rsv_heap_free_used(struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *f,
			void *object)
{
	struct rsv_heap_node *h = rsv_heap_node_of(e);
	struct rsv_slob_page page;
	unsigned long flags;
	bool freed;

	raw_spin_lock_irqsave(&h->lock, flags);
	freed = rsv_slob_page_find(e, f, &page) && rsv_slob_page_free_used(c, &page, object);
	raw_spin_unlock_irqrestore(&h->lock, flags);
	return freed;
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
		/* Pairs with rsv_slob_page_find() */
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
	page->node->units += word.free_units;
	rsv_slob_page_search(page, &word, s);
	rsv_slob_page_update(page, word, rsv_slob_block_list(s->c));
	rsv_heap_count_blocks(s, page->node);
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
	page = rsv_slob_page_of(e, frame);
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

/*
 * Removes an empty slob page from the heap, if there are more than @max. The node is locked. The
 * caller may give the pages back at once: see slob_block.c.
 */
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
	page = rsv_slob_page_of(rsv_frame_extent(r, frame), frame);
	rsv_slob_page_move(&page, RSV_SLOB_LIST_EMPTY, RSV_SLOB_LIST_NONE);
	word = rsv_slob_page_word(frame);
	h->free_units -= word.free_units;
	h->units -= word.free_units;
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
	struct rsv_heap *heap = kzalloc(struct_size(heap, nodes, nr_node_ids), rsv_gfp_create(r));
	unsigned int nid, list;

	if (!heap)
		return -ENOMEM;
	heap->region = r;
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
