// SPDX-License-Identifier: GPL-2.0
/*
 * The engine SLOB, as the kernel had it in mm/slob.c (Mackall 2006) until 6.4: a heap, as in K&R.
 *
 * All caches of a region that have it share one heap for their small objects, an object a block of
 * exactly its slot's bytes. Memory comes to the heap in units, which stand on three lists: one for
 * blocks under 256 bytes, one under 1024, one under a page. The first gap of a unit that is large
 * enough serves, in the first such unit from where the last search ended on: first fit in the unit,
 * next fit in the list (Knuth 1, 2.5). A gap begins with a header that says how long it is and
 * where the next one begins, in order of addresses, so that what is given back merges with its
 * neighbours. An object from a page up has pages of its own: a slab of one object, on the lists of
 * its cache.
 *
 * What is not as it was there:
 * - A unit is 16 KB, where mm/slob.c had single pages: of a page an object of 3 KB, and whatever
 *   else does not divide it, wastes a quarter. Where 16 KB in one piece cannot be had, the unit is
 *   as few pages as the block needs.
 * - Live blocks have no header, since powers of two shall be aligned to their size and yet lie side
 *   by side. Instead a bitmap at the unit's beginning, a 64th of it, has a bit for each grain at
 *   which a block or a gap begins. So the length of a block is known, and an object of another size
 *   or a pointer into the middle is refused. An object of the same size that is given back to
 *   another cache than its own is found out only if both keep owners.
 * - A header contains a check value that depends on a secret and on its place: where that is wrong
 *   the unit's gaps are given up, rather than blocks cut out of what somebody uses.
 * - Free objects that must keep their bytes, since they have a constructor or are poisoned, keep
 *   their blocks, on a stack of their cache, until it is shrunk.
 */
#include <linux/minmax.h>

#include "compat.h"
#include "objects/batch.h"
#include "objects/debug/check.h"
#include "objects/debug/track.h"
#include "objects/layout.h"
#include "objects/node.h"
#include "region.h"
#include "slob_heap.h"
#include "slub.h"

/*
 * Stock: free objects that keep their bytes, and so their blocks. The eight bytes before the link
 * name the next one; the link says that the object is with the engine.
 */

static bool rsv_slob_has_freelist(const struct rsv_cache *c)
{
	return c->layout.mark >= c->layout.object_size;
}

static unsigned long *rsv_slob_freelist_next(const struct rsv_cache *c, const void *object)
{
	return (unsigned long *)(object + c->layout.mark - RSV_SLOB_UNIT);
}

/* Whether an address can be that of an object, and may be looked at */
static bool rsv_slob_freelist_may_be(const struct rsv_cache *c, const void *object)
{
	const struct rsv_extent *e = rsv_region_extent(c->region, object);

	return e && IS_ALIGNED((unsigned long)object, RSV_SLOB_UNIT) &&
	       rsv_extent_has(e, object + c->layout.stride - 1);
}

/* Takes an object off the stock; false: it was overwritten. The node is locked. */
static bool rsv_slob_freelist_pop(struct rsv_cache *c, struct rsv_cache_node *n,
				  struct rsv_batch *t)
{
	void *object = n->freelist, *next;
	unsigned long *link = rsv_mark_at(c, object), *place = rsv_slob_freelist_next(c, object);

	if (rsv_mark_read(c, link) != RSV_SLAB_NONE)
		return false;
	next = (void *)rsv_mark_read(c, place);
	if (n->nr_freelist == 1 ? !!next : !rsv_slob_freelist_may_be(c, next))
		return false;
	rsv_mark_write(c, link, RSV_MARK_CACHED);
	t->object[t->nr++] = object;
	n->freelist = next;
	n->nr_freelist--;
	return true;
}

static void rsv_slob_freelist_alloc(struct rsv_cache *c, struct rsv_cache_node *n, unsigned int nr,
				    struct rsv_batch *t)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&n->lock, flags);
	while (n->nr_freelist && t->nr < nr) {
		if (rsv_slob_freelist_pop(c, n, t))
			continue;
		t->damaged = n->freelist;
		t->lost = n->nr_freelist;
		n->freelist = NULL;
		n->nr_freelist = 0;
	}
	n->min_nr = min(n->min_nr, n->nr_freelist);
	raw_spin_unlock_irqrestore(&n->lock, flags);
	if (t->damaged)
		rsv_heap_lost(c, t->damaged, t->lost);
}

static enum rsv_misuse rsv_slob_freelist_push(struct rsv_cache *c, struct rsv_cache_node *n,
					      void *object)
{
	unsigned long *link = rsv_mark_at(c, object);
	enum rsv_misuse misuse = RSV_DOUBLE_FREE;
	unsigned long flags;

	raw_spin_lock_irqsave(&n->lock, flags);
	if (rsv_mark_read(c, link) == RSV_MARK_CACHED) {
		rsv_mark_write(c, rsv_slob_freelist_next(c, object), (unsigned long)n->freelist);
		rsv_mark_write(c, link, RSV_SLAB_NONE);
		n->freelist = object;
		n->nr_freelist++;
		misuse = RSV_OK;
	}
	raw_spin_unlock_irqrestore(&n->lock, flags);
	return misuse;
}

/*
 * Slabs of one object: from a page up
 */

static void *rsv_slob_large_object(const struct rsv_cache *c, const struct rsv_frame *slab)
{
	return rsv_frame_addr(rsv_frame_extent(c->region, slab), slab) + c->layout.before;
}

/* Notes whether a slab's object is out; the node is locked. */
static void rsv_slob_large_update_slab(const struct rsv_cache *c, struct rsv_cache_node *n,
				       struct rsv_frame *slab, bool out)
{
	union rsv_slab_word word = {.word = READ_ONCE(slab->slab)};
	enum rsv_fill was = word.fill;

	word.inuse = out;
	word.carved = 1;
	word.fill = rsv_slab_fill(c, word);
	WRITE_ONCE(slab->slab, word.word);
	rsv_slab_unlink(n, slab, was);
	rsv_slab_link(n, slab, word.fill);
}

/* While its slab is empty an object's mark says that it is with the engine. */
static void rsv_slob_large_alloc(struct rsv_cache *c, struct rsv_cache_node *n, struct rsv_batch *t)
{
	union rsv_slab_word word;
	struct rsv_frame *slab;
	unsigned long flags;
	void *object;

	raw_spin_lock_irqsave(&n->lock, flags);
	slab = rsv_slabs_best(n);
	if (slab) {
		object = rsv_slob_large_object(c, slab);
		word.word = READ_ONCE(slab->slab);
		if (rsv_mark_read(c, rsv_mark_at(c, object)) == RSV_SLAB_NONE) {
			rsv_mark_write(c, rsv_mark_at(c, object), RSV_MARK_CACHED);
			t->object[t->nr++] = object;
			t->raw = !word.carved && rsv_cache_has_raw(c);
		} else {
			t->damaged = object;
			t->lost = 1;
		}
		rsv_slob_large_update_slab(c, n, slab, true);
	}
	raw_spin_unlock_irqrestore(&n->lock, flags);
}

static bool rsv_slob_large_new_slab(struct rsv_cache *c, gfp_t gfp, int nid)
{
	struct rsv_frame *slab = rsv_slab_new(c, gfp, nid);
	void *object;

	if (!slab)
		return false;
	object = rsv_slob_large_object(c, slab);
	rsv_mark_write(c, rsv_mark_at(c, object), RSV_SLAB_NONE);
	rsv_slab_add(c, slab);
	return true;
}

static enum rsv_misuse rsv_slob_large_free(struct rsv_cache *c, struct rsv_extent *e,
					   struct rsv_frame *f, void *object)
{
	struct rsv_cache_node *n = rsv_slab_node(c, e);
	struct rsv_frame *slab = rsv_slab_head(e, f), *evicted = NULL;
	enum rsv_misuse misuse = RSV_DOUBLE_FREE;
	union rsv_slab_word word;
	unsigned long flags;

	raw_spin_lock_irqsave(&n->lock, flags);
	word.word = READ_ONCE(slab->slab);
	if (READ_ONCE(slab->cache) == c && word.inuse &&
	    rsv_mark_read(c, rsv_mark_at(c, object)) == RSV_MARK_CACHED) {
		rsv_mark_write(c, rsv_mark_at(c, object), RSV_SLAB_NONE);
		rsv_slob_large_update_slab(c, n, slab, false);
		evicted = rsv_slabs_surplus(c, n, flags);
		misuse = RSV_OK;
	}
	raw_spin_unlock_irqrestore(&n->lock, flags);
	if (evicted)
		rsv_slab_free_pages(c, evicted);
	return misuse;
}

static void rsv_slob_large_visit(struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *slab,
				 const struct rsv_visitor *visitor)
{
	const union rsv_slab_word word = {.word = READ_ONCE(slab->slab)};
	void *object = rsv_slob_large_object(c, slab);

	if (word.inuse && rsv_mark_read(c, rsv_mark_at(c, object)) > RSV_MARK_CACHED)
		visitor->visit(c, e, object, visitor->data);
}

/*
 * The engine
 */

/* What stands in a slot from the link on moves back, for what the stock has before it. */
static void rsv_slob_freelist_layout(struct rsv_layout *l)
{
	if (l->mark < l->object_size)
		return;
	l->mark += RSV_SLOB_UNIT;
	if (l->track)
		l->track += RSV_SLOB_UNIT;
	if (l->asked)
		l->asked += RSV_SLOB_UNIT;
	l->stride += RSV_SLOB_UNIT;
}

static int rsv_slob_layout(struct rsv_layout *l)
{
	struct rsv_layout heap = *l;

	rsv_slob_freelist_layout(&heap);
	heap.stride = round_up(heap.stride, RSV_SLOB_UNIT);
	if (!rsv_heap_serves(&heap)) {
		l->stride = max(l->stride, RSV_HEAP_LIMIT);
		l->pages = DIV_ROUND_UP(l->stride, PAGE_SIZE);
		l->small_pages = l->pages;
		l->objects = 1;
		l->small_objects = 1;
		return 0;
	}
	heap.pages = RSV_HEAP_PAGES;
	heap.objects = rsv_heap_slots(&heap, heap.pages);
	heap.small_pages = 1;
	while (!rsv_heap_slots(&heap, heap.small_pages))
		heap.small_pages++;
	heap.small_objects = rsv_heap_slots(&heap, heap.small_pages);
	*l = heap;
	return 0;
}

/* Notes that the cache has got blocks of the heap, or given them back. */
static void rsv_slob_count(struct rsv_cache_node *n, int blocks)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&n->lock, flags);
	n->total += blocks;
	raw_spin_unlock_irqrestore(&n->lock, flags);
}

static void rsv_slob_alloc(struct rsv_cache *c, struct rsv_cpu *cpu, int nid, unsigned int nr,
			   struct rsv_batch *t)
{
	struct rsv_cache_node *n = c->nodes[nid];

	if (!rsv_heap_serves(&c->layout)) {
		rsv_slob_large_alloc(c, n, t);
		rsv_batch_prepare(c, t);
		return;
	}
	if (rsv_slob_has_freelist(c)) {
		rsv_slob_freelist_alloc(c, n, nr, t);
		if (t->nr || t->damaged)
			return;
	}
	rsv_heap_alloc(c, nid, rsv_cache_has_raw(c) ? 1 : nr, t);
	if (!t->nr)
		return;
	rsv_slob_count(n, t->nr);
	t->raw = rsv_cache_has_raw(c);
	rsv_batch_prepare(c, t);
}

static bool rsv_slob_new_slab(struct rsv_cache *c, gfp_t gfp, int nid)
{
	if (rsv_heap_serves(&c->layout))
		return rsv_heap_new_page(c, gfp, nid);
	return rsv_slob_large_new_slab(c, gfp, nid);
}

/* Ends the life of an object of the heap. */
static enum rsv_misuse rsv_slob_free_block(struct rsv_cache *c, struct rsv_extent *e,
					   struct rsv_frame *f, void *object)
{
	enum rsv_misuse misuse = rsv_heap_free(c, e, f, object);

	if (misuse == RSV_OK)
		rsv_slob_count(rsv_slab_node(c, e), -1);
	return misuse;
}

static enum rsv_misuse rsv_slob_free(struct rsv_cache *c, struct rsv_cpu *cpu, struct rsv_extent *e,
				     struct rsv_frame *f, void *object)
{
	enum rsv_misuse misuse;

	if (!rsv_heap_serves(&c->layout))
		return rsv_slob_large_free(c, e, f, object);
	if (rsv_slob_has_freelist(c))
		return rsv_slob_freelist_push(c, rsv_slab_node(c, e), object);
	misuse = rsv_slob_free_block(c, e, f, object);
	rsv_heap_trim(c->region, e->nid, RSV_SLOB_EMPTY_MIN);
	return misuse;
}

static bool rsv_slob_mark_used(struct rsv_cache *c, void *object)
{
	return rsv_object_mark_used(c, object);
}

static enum rsv_misuse rsv_slob_mark_cached(struct rsv_cache *c, struct rsv_extent *e,
					    struct rsv_frame *f, void *object)
{
	enum rsv_misuse misuse;

	/* A slab of one object says what it knows in its first frame only. */
	if (!rsv_frame_is_heap(f))
		return rsv_carved_mark_cached(c, rsv_slab_head(e, f),
					      rsv_slab_offset(f, object) - c->layout.before,
					      object);
	misuse = rsv_heap_check(c, e, f, object);
	if (misuse != RSV_OK)
		return misuse;
	if (c->layout.track && rsv_track_is_anothers(c, object))
		return RSV_WRONG_CACHE;
	return rsv_object_mark_cached(c, object) ? RSV_OK : RSV_DOUBLE_FREE;
}

static bool rsv_slob_is_used(const struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *f,
			     const void *object)
{
	if (!rsv_frame_is_heap(f))
		return rsv_carved_is_used(c, e, f, object);
	return rsv_heap_check(c, e, f, object) == RSV_OK &&
	       rsv_mark_read(c, rsv_mark_at(c, object)) > RSV_MARK_CACHED;
}

/* The objects in stock that may be given up: all, or those that nobody needed for a while */
static unsigned long rsv_slob_freelist_surplus(struct rsv_cache_node *n, bool idle)
{
	unsigned long flags, nr;

	raw_spin_lock_irqsave(&n->lock, flags);
	nr = idle ? n->min_nr : n->nr_freelist;
	n->min_nr = n->nr_freelist - nr;
	raw_spin_unlock_irqrestore(&n->lock, flags);
	return nr;
}

/* Ends an object of the stock. What overflowed before its unit may have reached the bitmap. */
static void rsv_slob_freelist_release(struct rsv_cache *c, void *object)
{
	struct rsv_extent *e = rsv_region_extent(c->region, object);

	if (rsv_slob_free_block(c, e, rsv_frame_at(e, object), object) != RSV_OK)
		rsv_debug_report(RSV_CORRUPT, c, e, object, "it is no block of the heap any more");
}

/* Gives up what of the stock may be, and units that become empty. Returns how many of these. */
static unsigned int rsv_slob_freelist_shrink(struct rsv_cache *c, int nid, bool idle)
{
	struct rsv_cache_node *n = c->nodes[nid];
	unsigned long left = rsv_slob_freelist_surplus(n, idle);
	unsigned int i, nr = 0;
	struct rsv_batch t;

	while (left) {
		rsv_batch_init(&t);
		rsv_slob_freelist_alloc(c, n, min_t(unsigned long, left, RSV_BATCH), &t);
		for (i = 0; i < t.nr; i++)
			rsv_slob_freelist_release(c, t.object[i]);
		if (t.damaged)
			rsv_cache_lost(c, t.damaged, t.lost);
		if (!t.nr)
			break;
		left -= t.nr;
		nr += rsv_heap_trim(c->region, nid, RSV_SLOB_EMPTY_MIN);
		cond_resched();
	}
	return nr;
}

static unsigned int rsv_slob_shrink(struct rsv_cache *c, bool idle)
{
	unsigned int nr = 0;
	int nid;

	if (!rsv_heap_serves(&c->layout))
		return rsv_slabs_shrink(c, idle, rsv_slab_free_pages);
	for (nid = 0; nid < nr_node_ids; nid++) {
		nr += rsv_slob_freelist_shrink(c, nid, idle);
		nr += rsv_heap_trim(c->region, nid, idle ? RSV_SLOB_EMPTY_MIN : 0);
	}
	return nr;
}

static void rsv_slob_for_each(struct rsv_cache *c, const struct rsv_visitor *visitor)
{
	if (rsv_heap_serves(&c->layout))
		rsv_heap_for_each(c, visitor);
	else
		rsv_slabs_for_each(c, rsv_slob_large_visit, visitor);
}

const struct rsv_engine rsv_engine_slob = {
	.name = "slob",
	.flag = RSV_ENGINE_SLOB,
	.heap = true,
	.layout = rsv_slob_layout,
	.alloc = rsv_slob_alloc,
	.new_slab = rsv_slob_new_slab,
	.free = rsv_slob_free,
	.mark_used = rsv_slob_mark_used,
	.mark_cached = rsv_slob_mark_cached,
	.is_used = rsv_slob_is_used,
	.shrink = rsv_slob_shrink,
	.verify = rsv_heap_verify,
	.for_each = rsv_slob_for_each,
};
