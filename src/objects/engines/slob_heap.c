// SPDX-License-Identifier: GPL-2.0
/*
 * The heap of a region, which all caches with the engine SLOB share for their small objects. See
 * slob.c for what it is like and why, and unit.c for what its memory looks like.
 */
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "objects/debug/check.h"
#include "objects/mark.h"
#include "objects/node.h"
#include "pages/contig.h"
#include "region.h"
#include "slob_heap.h"
#include "slob_page.h"

/* Units and gaps that are looked at, to the end of a unit, before others can have the lock */
#define RSV_HEAP_STEPS 128U

/**
 * struct rsv_slob_search - a search for blocks
 * @c: who they are for
 * @t: what was found
 * @nr: how many are wanted
 * @size: grains of a block
 * @align: grains that its place is to be a multiple of
 * @left: units of the list that were not looked at
 * @steps: units and gaps that were looked at since the node was locked
 */
struct rsv_slob_search {
	struct rsv_cache *c;
	struct rsv_batch *t;
	unsigned int nr;
	unsigned int size;
	unsigned int align;
	unsigned long left;
	unsigned int steps;
};

/*
 * Blocks
 */

static unsigned int rsv_slob_block_units(const struct rsv_cache *c)
{
	return c->layout.stride / RSV_SLOB_UNIT;
}

/* The list of units that blocks of the cache are looked for in */
static unsigned int rsv_slob_block_list(const struct rsv_cache *c)
{
	if (c->layout.stride < 256)
		return RSV_SLOB_LIST_256;
	return c->layout.stride < 1024 ? RSV_SLOB_LIST_1024 : RSV_SLOB_LIST_PAGE;
}

/* Where the block of an object begins, in bytes from its unit's beginning, if the object is one */
static unsigned long rsv_slob_block_offset(const struct rsv_cache *c, const struct rsv_slob_page *u,
					   const void *object)
{
	return object - c->layout.before - u->base;
}

/* Whether a block, or a gap, of the cache's size begins at an offset */
static bool rsv_slob_block_fits(const struct rsv_cache *c, const struct rsv_slob_page *u,
				unsigned long offset)
{
	unsigned long at = offset / RSV_SLOB_UNIT;

	return !(offset % RSV_SLOB_UNIT) && at >= u->first && at < u->end &&
	       rsv_slob_start_test(u, at) &&
	       rsv_slob_start_after(u, at) - at == rsv_slob_block_units(c);
}

/* Whether a place is in a gap, or in a unit that is on its way back */
static bool rsv_slob_block_is_free(const struct rsv_slob_page *u, unsigned int at)
{
	struct rsv_free_block gap = {};
	unsigned long flags;
	bool free = true;

	raw_spin_lock_irqsave(&u->node->lock, flags);
	if (rsv_slob_page_is_listed(u)) {
		gap.next = rsv_slob_page_word(u->frame).first_free;
		free = rsv_free_block_find(u, at, &gap) && rsv_free_block_covers(&gap, at);
	}
	raw_spin_unlock_irqrestore(&u->node->lock, flags);
	return free;
}

/*
 * Whether what begins at a place is a live block. What looks like a header may be what a user
 * wrote, but nearly never is: then the unit's gaps tell.
 */
static bool rsv_slob_block_is_used(const struct rsv_slob_page *u, unsigned int at)
{
	struct rsv_free_block gap;

	return likely(!rsv_free_block_read(u, at, &gap)) || !rsv_slob_block_is_free(u, at);
}

/* What is wrong with an object at an offset, where no live block of the cache's size begins */
static enum rsv_misuse rsv_slob_block_misuse(const struct rsv_slob_page *u, unsigned long offset)
{
	unsigned long at = offset / RSV_SLOB_UNIT;

	if (at < u->first || at >= u->end)
		return RSV_MISALIGNED;
	if (rsv_slob_block_is_free(u, at))
		return RSV_DOUBLE_FREE;
	return offset % RSV_SLOB_UNIT || !rsv_slob_start_test(u, at) ? RSV_MISALIGNED
								     : RSV_WRONG_CACHE;
}

/* Makes a block that was cut a kept object; under the lock, since it can be found from now on. */
static void *rsv_slob_block_to_object(struct rsv_cache *c, const struct rsv_slob_page *u,
				      unsigned int at)
{
	u64 *slot = rsv_slob_page_at(u, at);
	void *object = (void *)slot + c->layout.before;

	WRITE_ONCE(*slot, 0);
	rsv_mark_write(c, rsv_mark_at(c, object), RSV_MARK_CACHED);
	return object;
}

/* Where a block begins that is cut out of a gap, or 0 if there is no room for it */
static unsigned int rsv_slob_block_start(const struct rsv_slob_search *s,
					 const struct rsv_free_block *gap)
{
	unsigned int at = round_up(gap->at, s->align);

	return at + s->size <= gap->at + gap->size ? at : 0;
}

/* Takes blocks of a unit; the node is locked. */
static void rsv_slob_page_search(const struct rsv_slob_page *u, union rsv_slob_word *word,
				 struct rsv_slob_search *s)
{
	struct rsv_free_block before = {.next = word->first_free}, gap;
	struct rsv_batch *t = s->t;
	unsigned int at;

	for (; before.next && t->nr < s->nr; s->steps++) {
		if (!rsv_free_block_read(u, before.next, &gap)) {
			t->damaged = u->base;
			t->lost = DIV_ROUND_UP(rsv_free_blocks_abandon(u, word), s->size);
			return;
		}
		at = rsv_slob_block_start(s, &gap);
		if (at) {
			rsv_free_block_cut(u, word, &before, &gap, at, s->size);
			t->object[t->nr++] = rsv_slob_block_to_object(s->c, u, at);
		} else {
			before = gap;
		}
	}
}

/*
 * Looks at some units of a list, until one serves; the node is locked. The list is turned so that
 * the next search begins where this one ends.
 */
static void rsv_slob_list_search(struct rsv_slob_page_list *queue, struct rsv_slob_search *s)
{
	const struct rsv_region *r = s->c->region;
	union rsv_slob_word word;
	struct rsv_frame *frame;
	struct rsv_slob_page u;

	s->steps = 0;
	list_for_each_entry(frame, &queue->pages, link) {
		if (!s->left || s->steps >= RSV_HEAP_STEPS)
			break;
		s->left--;
		s->steps++;
		word = rsv_slob_page_word(frame);
		if (word.free_units < s->size)
			continue;
		u = rsv_slob_page_get(rsv_frame_extent(r, frame), frame);
		rsv_slob_page_search(&u, &word, s);
		if (!s->t->nr && !s->t->damaged)
			continue;
		list_rotate_to_front(&frame->link, &queue->pages);
		rsv_slob_page_update(&u, word, rsv_slob_block_list(s->c));
		return;
	}
	if (list_entry_is_head(frame, &queue->pages, link))
		s->left = 0;
	else
		list_rotate_to_front(&frame->link, &queue->pages);
}

static void rsv_heap_search(struct rsv_heap_node *h, unsigned int list, struct rsv_slob_search *s)
{
	unsigned long flags;

	/* Those that come meanwhile are for whoever made them. */
	s->left = READ_ONCE(h->lists[list].nr);
	while (s->left && !s->t->nr && !s->t->damaged) {
		raw_spin_lock_irqsave(&h->lock, flags);
		rsv_slob_list_search(&h->lists[list], s);
		raw_spin_unlock_irqrestore(&h->lock, flags);
	}
}

/**
 * rsv_heap_alloc() - take blocks for objects of a cache
 * @c: the cache
 * @nid: the node
 * @nr: how many, RSV_BATCH at most
 * @t: what was taken, marked as kept
 *
 * Context: Any but NMI.
 */
void rsv_heap_alloc(struct rsv_cache *c, int nid, unsigned int nr, struct rsv_batch *t)
{
	struct rsv_heap_node *h = &c->region->heap->nodes[nid];
	struct rsv_slob_search s = {
		.c = c,
		.t = t,
		.nr = nr,
		.size = rsv_slob_block_units(c),
		.align = max(c->layout.align / RSV_SLOB_UNIT, 1U),
	};

	rsv_heap_search(h, rsv_slob_block_list(c), &s);
	rsv_heap_search(h, RSV_SLOB_LIST_EMPTY, &s);
}

/* Makes a block a gap. The node is locked. @lost: grains of gaps that had to be given up for it */
static enum rsv_misuse rsv_slob_page_free(struct rsv_cache *c, const struct rsv_slob_page *u,
					  void *object, unsigned int *lost)
{
	unsigned long offset = rsv_slob_block_offset(c, u, object);
	union rsv_slob_word word = rsv_slob_page_word(u->frame);
	struct rsv_free_block before = {.next = word.first_free};
	const struct rsv_free_block block = {.at = offset / RSV_SLOB_UNIT,
					     .size = rsv_slob_block_units(c)};

	/* If another CPU gave the same block back it is a gap by now, or somebody else's. */
	if (!rsv_slob_block_fits(c, u, offset) ||
	    rsv_mark_read(c, rsv_mark_at(c, object)) != RSV_MARK_CACHED)
		return RSV_DOUBLE_FREE;
	/* Who has the same object from another free finds that it is not kept any more. */
	rsv_mark_write(c, rsv_mark_at(c, object), RSV_SLAB_NONE);
	if (rsv_free_block_find(u, block.at, &before)) {
		if (rsv_free_block_covers(&before, block.at))
			return RSV_DOUBLE_FREE;
		if (rsv_free_block_join(u, &word, &before, block))
			goto joined;
	}
	*lost = rsv_free_blocks_abandon(u, &word);
	before = (struct rsv_free_block){};
	rsv_free_block_join(u, &word, &before, block);
joined:
	rsv_slob_page_update(u, word, rsv_slob_block_list(c));
	return RSV_OK;
}

/**
 * rsv_heap_free() - give the block of an object back
 * @c: its cache
 * @e: its extent
 * @f: the frame of its page
 * @object: the object, marked as kept
 *
 * Context: Any but NMI.
 * Return: RSV_OK, or RSV_DOUBLE_FREE if it is not there any more.
 */
enum rsv_misuse rsv_heap_free(struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *f,
			      void *object)
{
	struct rsv_heap_node *h = &c->region->heap->nodes[e->nid];
	struct rsv_frame *frame = rsv_slob_page_head(e, f);
	enum rsv_misuse misuse = RSV_DOUBLE_FREE;
	unsigned int lost = 0;
	struct rsv_slob_page u;
	unsigned long flags;

	if (!frame)
		return RSV_DOUBLE_FREE;
	raw_spin_lock_irqsave(&h->lock, flags);
	u = rsv_slob_page_get(e, frame);
	if (rsv_slob_page_is_listed(&u))
		misuse = rsv_slob_page_free(c, &u, object, &lost);
	raw_spin_unlock_irqrestore(&h->lock, flags);
	if (lost)
		rsv_debug_report_slab(RSV_CORRUPT, c, u.base, "%u free bytes of the heap are lost",
				      lost * RSV_SLOB_UNIT);
	return misuse;
}

/*
 * The heap
 */

static void rsv_slob_page_mark(struct rsv_frame *frame, unsigned int pages)
{
	const union rsv_slob_word word = {.list = RSV_SLOB_LIST_NONE, .more = pages - 1};
	unsigned int i;

	WRITE_ONCE(frame->slob, word.word);
	INIT_LIST_HEAD(&frame->link);
	for (i = 0; i < pages; i++) {
		WRITE_ONCE(frame[i].order, i);
		/* Pairs with rsv_slob_page_head() */
		smp_store_release(&frame[i].kind, i ? RSV_FRAME_HEAP_TAIL : RSV_FRAME_HEAP);
	}
}

/* Puts a unit on its list, one gap from end to end. */
static void rsv_slob_page_add(const struct rsv_slob_page *u)
{
	union rsv_slob_word word = rsv_slob_page_word(u->frame);
	unsigned long flags;

	rsv_slob_page_clear(u, &word);
	raw_spin_lock_irqsave(&u->node->lock, flags);
	u->node->pages += word.more + 1;
	rsv_slob_page_update(u, word, RSV_SLOB_LIST_EMPTY);
	raw_spin_unlock_irqrestore(&u->node->lock, flags);
}

/**
 * rsv_heap_new_page() - get a unit for blocks of a cache
 * @c: the cache
 * @gfp: as for rsv_cache_alloc_node()
 * @nid: the node that would be best
 *
 * Context: Any but NMI; may sleep if @gfp allows it.
 * Return: Whether there was one.
 */
bool rsv_heap_new_page(struct rsv_cache *c, gfp_t gfp, int nid)
{
	struct rsv_frame *frame = rsv_slab_alloc_pages(c, gfp, nid);
	struct rsv_slob_page u;

	if (!frame)
		return false;
	rsv_slob_page_mark(frame, frame->nr_pages);
	u = rsv_slob_page_get(rsv_frame_extent(c->region, frame), frame);
	rsv_kasan_fence(u.base, (size_t)u.end * RSV_SLOB_UNIT);
	rsv_slob_page_add(&u);
	return true;
}

static void rsv_slob_page_free_pages(struct rsv_region *r, struct rsv_frame *frame)
{
	unsigned int pages = rsv_slob_page_word(frame).more + 1;

	rsv_kasan_allow(rsv_frame_addr(rsv_frame_extent(r, frame), frame),
			(size_t)pages << PAGE_SHIFT);
	rsv_run_dissolve(r, frame, pages);
}

/* Takes a unit without a block in use out of the heap; the node is locked. */
static struct rsv_frame *rsv_heap_evict(struct rsv_region *r, struct rsv_heap_node *h,
					unsigned long keep)
{
	struct rsv_slob_page_list *empty = &h->lists[RSV_SLOB_LIST_EMPTY];
	union rsv_slob_word word;
	struct rsv_frame *frame;
	struct rsv_slob_page u;

	if (empty->nr <= keep)
		return NULL;
	frame = list_last_entry(&empty->pages, struct rsv_frame, link);
	u = rsv_slob_page_get(rsv_frame_extent(r, frame), frame);
	rsv_slob_page_move(&u, RSV_SLOB_LIST_EMPTY, RSV_SLOB_LIST_NONE);
	word = rsv_slob_page_word(frame);
	h->free_units -= word.free_units;
	h->pages -= word.more + 1;
	word.list = RSV_SLOB_LIST_NONE;
	WRITE_ONCE(frame->slob, word.word);
	return frame;
}

/**
 * rsv_heap_trim() - give units back that no block is in
 * @r: the region
 * @nid: the node
 * @keep: how many may stay
 *
 * Context: Any but NMI.
 * Return: How many went.
 */
unsigned int rsv_heap_trim(struct rsv_region *r, int nid, unsigned long keep)
{
	struct rsv_heap_node *h = &r->heap->nodes[nid];
	struct rsv_frame *frame;
	unsigned long flags;
	unsigned int nr = 0;

	/* Whoever makes one more comes here after that. */
	while (READ_ONCE(h->lists[RSV_SLOB_LIST_EMPTY].nr) > keep) {
		raw_spin_lock_irqsave(&h->lock, flags);
		frame = rsv_heap_evict(r, h, keep);
		raw_spin_unlock_irqrestore(&h->lock, flags);
		if (!frame)
			break;
		rsv_slob_page_free_pages(r, frame);
		nr++;
	}
	return nr;
}

/**
 * rsv_heap_create() - make a region's heap, which has no memory yet
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
 * rsv_heap_lost() - note that blocks are lost, since what led to them was overwritten
 * @c: the cache that they are of
 * @object: the object of one of them; the others are of the same node
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
 * rsv_heap_leaked() - pages of the heap in which nothing but lost gaps and blocks is
 * @r: the region
 *
 * Who asks has had the units given back that no block is in. What is left looks like a block in
 * use, but on a node where so much was lost there is none.
 *
 * Context: Any but NMI.
 * Return: The pages.
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
 * rsv_heap_destroy() - give a region's heap back
 * @r: the region, without caches, and with no block in use: it would not end otherwise
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
 * rsv_heap_count() - what a region's heap has
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

/**
 * rsv_heap_block() - the block of the heap that an address lies in
 * @e: the extent that it lies in
 * @p: the address, in a page of the heap
 * @into: set to how far into the block it is, in bytes
 *
 * A block has as many bytes as a slot of its cache, and its object begins as far into it as the
 * cache's layout says.
 *
 * Context: Any but NMI, under rcu_read_lock().
 * Return: The block's bytes, or 0 if there is no live block.
 */
size_t rsv_heap_block(const struct rsv_extent *e, const void *p, unsigned int *into)
{
	struct rsv_frame *frame = rsv_slob_page_head(e, rsv_frame_at(e, p));
	unsigned int offset, at;
	struct rsv_slob_page u;

	if (!frame)
		return 0;
	u = rsv_slob_page_get(e, frame);
	offset = p - u.base;
	at = offset < u.end * RSV_SLOB_UNIT ? rsv_slob_start_before(&u, offset / RSV_SLOB_UNIT) : 0;
	if (!at || !rsv_slob_block_is_used(&u, at))
		return 0;
	*into = offset - at * RSV_SLOB_UNIT;
	return (rsv_slob_start_after(&u, at) - at) * RSV_SLOB_UNIT;
}

/**
 * rsv_heap_slots() - how many slots fit into a unit, each where its alignment lets it begin
 * @l: their layout
 * @pages: pages of the unit
 *
 * Return: Their number.
 */
unsigned int rsv_heap_slots(const struct rsv_layout *l, unsigned int pages)
{
	const unsigned int bytes = pages << PAGE_SHIFT;
	unsigned int first =
		round_up(bytes / BITS_PER_BYTE / RSV_SLOB_UNIT, max(l->align, RSV_SLOB_UNIT));

	if (first + l->stride > bytes)
		return 0;
	return (bytes - first - l->stride) / round_up(l->stride, l->align) + 1;
}

/*
 * What there is
 */

/**
 * rsv_heap_check() - whether a live block of a cache's size has an object, in use or kept
 * @c: the cache
 * @e: the extent that the object lies in
 * @f: the frame of its page, one of the heap
 * @object: the object
 *
 * Context: Any but NMI.
 * Return: RSV_OK, or why not.
 */
enum rsv_misuse rsv_heap_check(const struct rsv_cache *c, const struct rsv_extent *e,
			       struct rsv_frame *f, const void *object)
{
	struct rsv_frame *frame = rsv_slob_page_head(e, f);
	unsigned long offset;
	struct rsv_slob_page u;

	if (!rsv_heap_serves(&c->layout))
		return RSV_WRONG_CACHE;
	if (!frame)
		return RSV_FOREIGN;
	u = rsv_slob_page_get(e, frame);
	offset = rsv_slob_block_offset(c, &u, object);
	if (!rsv_slob_block_fits(c, &u, offset))
		return rsv_slob_block_misuse(&u, offset);
	return rsv_slob_block_is_used(&u, offset / RSV_SLOB_UNIT) ? RSV_OK : RSV_DOUBLE_FREE;
}

/**
 * rsv_heap_verify() - look through the unit that an object lies in, and report what is wrong
 * @c: the object's cache
 * @e: the extent that it lies in
 * @f: the frame of its page
 *
 * Context: Any but NMI.
 * Return: Whether the unit is sound.
 */
bool rsv_heap_verify(struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *f)
{
	struct rsv_frame *frame = rsv_slob_page_head(e, f);
	struct rsv_slob_page u;
	unsigned long flags;
	bool sound;

	if (!frame)
		return true;
	u = rsv_slob_page_get(e, frame);
	raw_spin_lock_irqsave(&u.node->lock, flags);
	sound = rsv_slob_page_is_sound(&u);
	raw_spin_unlock_irqrestore(&u.node->lock, flags);
	if (!sound)
		rsv_debug_report_slab(RSV_CORRUPT, c, u.base, "the gaps of the heap are wrong");
	return sound;
}

/* Shows the objects of a unit that are in use and have the cache's size; the node is locked. */
static void rsv_slob_page_visit_blocks(struct rsv_cache *c, struct rsv_extent *e,
				       const struct rsv_slob_page *u,
				       const struct rsv_visitor *visitor)
{
	struct rsv_free_block gap = {.next = rsv_slob_page_word(u->frame).first_free};
	unsigned int at, end;
	void *object;

	for (at = u->first; at < u->end; at = end) {
		end = rsv_slob_start_after(u, at);
		object = (void *)rsv_slob_page_at(u, at) + c->layout.before;
		if (end - at == rsv_slob_block_units(c) && rsv_free_block_find(u, at, &gap) &&
		    !rsv_free_block_covers(&gap, at) &&
		    rsv_mark_read(c, rsv_mark_at(c, object)) > RSV_MARK_CACHED)
			visitor->visit(c, e, object, visitor->data);
	}
}

static void rsv_slob_page_visit(struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *frame,
				const struct rsv_visitor *visitor)
{
	struct rsv_heap_node *h = &c->region->heap->nodes[e->nid];
	unsigned long flags;
	struct rsv_slob_page u;

	raw_spin_lock_irqsave(&h->lock, flags);
	u = rsv_slob_page_get(e, frame);
	if (rsv_slob_page_is_listed(&u))
		rsv_slob_page_visit_blocks(c, e, &u, visitor);
	raw_spin_unlock_irqrestore(&h->lock, flags);
}

/**
 * rsv_heap_for_each() - show the objects in use that have the size of a cache's
 * @c: the cache
 * @show: what to do with them
 *
 * Which cache a block of the heap is of, nothing says but its size: what is shown may be another's.
 * Units are looked for page by page, since other caches change the heap's lists all the while.
 *
 * Context: Process; may sleep; takes region->shape_lock.
 */
void rsv_heap_for_each(struct rsv_cache *c, const struct rsv_visitor *visitor)
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
