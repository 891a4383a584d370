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
#include "region.h"
#include "objects/debug/check.h"
#include "slob_heap.h"
#include "objects/node.h"
#include "slub.h"
#include "objects/batch.h"
#include "objects/debug/track.h"

/*
 * Stock: free objects that keep their bytes, and so their blocks. The eight bytes before the link
 * name the next one; the link says that the object is with the engine.
 */

static bool rsv_stock_is_used(const struct rsv_cache *c)
{
	return c->layout.link >= c->layout.object_size;
}

static unsigned long *rsv_stock_link(const struct rsv_cache *c, const void *object)
{
	return (unsigned long *)(object + c->layout.link - RSV_GRAIN);
}

/* Whether an address can be that of an object, and may be looked at */
static bool rsv_stock_possible(const struct rsv_cache *c, const void *object)
{
	const struct rsv_extent *e = rsv_region_extent(c->region, object);

	return e && IS_ALIGNED((unsigned long)object, RSV_GRAIN) &&
	       rsv_extent_has(e, object + c->layout.stride - 1);
}

/* Takes an object off the stock; false: it was overwritten. The node is locked. */
static bool rsv_stock_pop(struct rsv_cache *c, struct rsv_cache_node *n, struct rsv_taken *t)
{
	void *object = n->stock, *next;
	unsigned long *link = rsv_link_at(c, object), *place = rsv_stock_link(c, object);

	if (rsv_link_read(c, link) != RSV_SLAB_NONE)
		return false;
	next = (void *)rsv_link_read(c, place);
	if (n->nr_stock == 1 ? !!next : !rsv_stock_possible(c, next))
		return false;
	rsv_link_write(c, link, RSV_LINK_KEPT);
	t->object[t->nr++] = object;
	n->stock = next;
	n->nr_stock--;
	return true;
}

static void rsv_stock_take(struct rsv_cache *c, struct rsv_cache_node *n, unsigned int nr,
			   struct rsv_taken *t)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&n->lock, flags);
	while (n->nr_stock && t->nr < nr) {
		if (rsv_stock_pop(c, n, t))
			continue;
		t->damaged = n->stock;
		t->lost = n->nr_stock;
		n->stock = NULL;
		n->nr_stock = 0;
	}
	n->idle = min(n->idle, n->nr_stock);
	raw_spin_unlock_irqrestore(&n->lock, flags);
	if (t->damaged)
		rsv_heap_lose(c, t->damaged, t->lost);
}

static enum rsv_misuse rsv_stock_put(struct rsv_cache *c, struct rsv_cache_node *n, void *object)
{
	unsigned long *link = rsv_link_at(c, object);
	enum rsv_misuse misuse = RSV_DOUBLE_FREE;
	unsigned long flags;

	raw_spin_lock_irqsave(&n->lock, flags);
	if (rsv_link_read(c, link) == RSV_LINK_KEPT) {
		rsv_link_write(c, rsv_stock_link(c, object), (unsigned long)n->stock);
		rsv_link_write(c, link, RSV_SLAB_NONE);
		n->stock = object;
		n->nr_stock++;
		misuse = RSV_OK;
	}
	raw_spin_unlock_irqrestore(&n->lock, flags);
	return misuse;
}

/*
 * Slabs of one object: from a page up
 */

static void *rsv_slob_slab_object(const struct rsv_cache *c, const struct rsv_frame *slab)
{
	return rsv_frame_addr(rsv_frame_extent(c->region, slab), slab) + c->layout.before;
}

/* Notes whether a slab's object is out; the node is locked. */
static void rsv_slob_slab_note(const struct rsv_cache *c, struct rsv_cache_node *n,
			       struct rsv_frame *slab, bool out)
{
	union rsv_slab_word word = { .word = READ_ONCE(slab->slab) };
	enum rsv_fill was = word.fill;

	word.inuse = out;
	word.carved = 1;
	word.fill = rsv_slab_fill(c, word);
	WRITE_ONCE(slab->slab, word.word);
	rsv_slab_unlink(n, slab, was);
	rsv_slab_link(n, slab, word.fill);
}

/* While its slab is empty an object's mark says that it is with the engine. */
static void rsv_slob_slab_take(struct rsv_cache *c, struct rsv_cache_node *n, struct rsv_taken *t)
{
	union rsv_slab_word word;
	struct rsv_frame *slab;
	unsigned long flags;
	void *object;

	raw_spin_lock_irqsave(&n->lock, flags);
	slab = rsv_slabs_best(n);
	if (slab) {
		object = rsv_slob_slab_object(c, slab);
		word.word = READ_ONCE(slab->slab);
		if (rsv_link_read(c, rsv_link_at(c, object)) == RSV_SLAB_NONE) {
			rsv_link_write(c, rsv_link_at(c, object), RSV_LINK_KEPT);
			t->object[t->nr++] = object;
			t->fresh = !word.carved && rsv_cache_begins(c);
		} else {
			t->damaged = object;
			t->lost = 1;
		}
		rsv_slob_slab_note(c, n, slab, true);
	}
	raw_spin_unlock_irqrestore(&n->lock, flags);
}

static bool rsv_slob_slab_grow(struct rsv_cache *c, gfp_t gfp, int nid)
{
	struct rsv_frame *slab = rsv_slab_new(c, gfp, nid);
	void *object;

	if (!slab)
		return false;
	object = rsv_slob_slab_object(c, slab);
	rsv_link_write(c, rsv_link_at(c, object), RSV_SLAB_NONE);
	rsv_slab_enter(c, slab);
	return true;
}

static enum rsv_misuse rsv_slob_slab_put(struct rsv_cache *c, struct rsv_extent *e,
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
	    rsv_link_read(c, rsv_link_at(c, object)) == RSV_LINK_KEPT) {
		rsv_link_write(c, rsv_link_at(c, object), RSV_SLAB_NONE);
		rsv_slob_slab_note(c, n, slab, false);
		evicted = rsv_slabs_surplus(c, n, flags);
		misuse = RSV_OK;
	}
	raw_spin_unlock_irqrestore(&n->lock, flags);
	if (evicted)
		rsv_slab_give(c, evicted);
	return misuse;
}

static void rsv_slob_slab_show(struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *slab,
			       const struct rsv_show *show)
{
	const union rsv_slab_word word = { .word = READ_ONCE(slab->slab) };
	void *object = rsv_slob_slab_object(c, slab);

	if (word.inuse && rsv_link_read(c, rsv_link_at(c, object)) > RSV_LINK_KEPT)
		show->show(c, e, object, show->data);
}

/*
 * The engine
 */

/* What stands in a slot from the link on moves back, for what the stock has before it. */
static void rsv_slob_stock_layout(struct rsv_layout *l)
{
	if (l->link < l->object_size)
		return;
	l->link += RSV_GRAIN;
	if (l->track)
		l->track += RSV_GRAIN;
	if (l->asked)
		l->asked += RSV_GRAIN;
	l->stride += RSV_GRAIN;
}

static int rsv_slob_layout(struct rsv_layout *l)
{
	struct rsv_layout heap = *l;

	rsv_slob_stock_layout(&heap);
	heap.stride = round_up(heap.stride, RSV_GRAIN);
	if (!rsv_heap_takes(&heap)) {
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

static void rsv_slob_take(struct rsv_cache *c, struct rsv_cpu *cpu, int nid, unsigned int nr,
			  struct rsv_taken *t)
{
	struct rsv_cache_node *n = c->nodes[nid];

	if (!rsv_heap_takes(&c->layout)) {
		rsv_slob_slab_take(c, n, t);
		rsv_taken_begin(c, t);
		return;
	}
	if (rsv_stock_is_used(c)) {
		rsv_stock_take(c, n, nr, t);
		if (t->nr || t->damaged)
			return;
	}
	rsv_heap_take(c, nid, rsv_cache_begins(c) ? 1 : nr, t);
	if (!t->nr)
		return;
	rsv_slob_count(n, t->nr);
	t->fresh = rsv_cache_begins(c);
	rsv_taken_begin(c, t);
}

static bool rsv_slob_grow(struct rsv_cache *c, gfp_t gfp, int nid)
{
	if (rsv_heap_takes(&c->layout))
		return rsv_heap_grow(c, gfp, nid);
	return rsv_slob_slab_grow(c, gfp, nid);
}

/* Ends the life of an object of the heap. */
static enum rsv_misuse rsv_slob_end(struct rsv_cache *c, struct rsv_extent *e,
				    struct rsv_frame *f, void *object)
{
	enum rsv_misuse misuse = rsv_heap_put(c, e, f, object);

	if (misuse == RSV_OK)
		rsv_slob_count(rsv_slab_node(c, e), -1);
	return misuse;
}

static enum rsv_misuse rsv_slob_put(struct rsv_cache *c, struct rsv_cpu *cpu, struct rsv_extent *e,
				    struct rsv_frame *f, void *object)
{
	enum rsv_misuse misuse;

	if (!rsv_heap_takes(&c->layout))
		return rsv_slob_slab_put(c, e, f, object);
	if (rsv_stock_is_used(c))
		return rsv_stock_put(c, rsv_slab_node(c, e), object);
	misuse = rsv_slob_end(c, e, f, object);
	rsv_heap_trim(c->region, e->nid, RSV_UNITS_KEPT);
	return misuse;
}

static bool rsv_slob_hand(struct rsv_cache *c, void *object)
{
	return rsv_link_hand(c, object);
}

static enum rsv_misuse rsv_slob_claim(struct rsv_cache *c, struct rsv_extent *e,
				      struct rsv_frame *f, void *object)
{
	enum rsv_misuse misuse;

	/* A slab of one object says what it knows in its first frame only. */
	if (!rsv_frame_is_heap(f))
		return rsv_slub_claim(c, rsv_slab_head(e, f),
				      rsv_slab_offset(f, object) - c->layout.before, object);
	misuse = rsv_heap_check(c, e, f, object);
	if (misuse != RSV_OK)
		return misuse;
	if (c->layout.track && rsv_track_is_anothers(c, object))
		return RSV_WRONG_CACHE;
	return rsv_link_claim(c, object) ? RSV_OK : RSV_DOUBLE_FREE;
}

static bool rsv_slob_live(const struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *f,
			  const void *object)
{
	if (!rsv_frame_is_heap(f))
		return rsv_slub_live(c, e, f, object);
	return rsv_heap_check(c, e, f, object) == RSV_OK &&
	       rsv_link_read(c, rsv_link_at(c, object)) > RSV_LINK_KEPT;
}

/* The objects in stock that may be given up: all, or those that nobody needed for a while */
static unsigned long rsv_stock_surplus(struct rsv_cache_node *n, bool idle)
{
	unsigned long flags, nr;

	raw_spin_lock_irqsave(&n->lock, flags);
	nr = idle ? n->idle : n->nr_stock;
	n->idle = n->nr_stock - nr;
	raw_spin_unlock_irqrestore(&n->lock, flags);
	return nr;
}

/* Ends an object of the stock. What overflowed before its unit may have reached the bitmap. */
static void rsv_stock_end(struct rsv_cache *c, void *object)
{
	struct rsv_extent *e = rsv_region_extent(c->region, object);

	if (rsv_slob_end(c, e, rsv_frame_at(e, object), object) != RSV_OK)
		rsv_debug_report(RSV_CORRUPT, c, e, object, "it is no block of the heap any more");
}

/* Gives up what of the stock may be, and units that become empty. Returns how many of these. */
static unsigned int rsv_stock_shrink(struct rsv_cache *c, int nid, bool idle)
{
	struct rsv_cache_node *n = c->nodes[nid];
	unsigned long left = rsv_stock_surplus(n, idle);
	unsigned int i, nr = 0;
	struct rsv_taken t;

	while (left) {
		rsv_taken_none(&t);
		rsv_stock_take(c, n, min_t(unsigned long, left, RSV_BATCH), &t);
		for (i = 0; i < t.nr; i++)
			rsv_stock_end(c, t.object[i]);
		if (t.damaged)
			rsv_cache_lose(c, t.damaged, t.lost);
		if (!t.nr)
			break;
		left -= t.nr;
		nr += rsv_heap_trim(c->region, nid, RSV_UNITS_KEPT);
		cond_resched();
	}
	return nr;
}

static unsigned int rsv_slob_shrink(struct rsv_cache *c, bool idle)
{
	unsigned int nr = 0;
	int nid;

	if (!rsv_heap_takes(&c->layout))
		return rsv_slabs_shrink(c, idle, rsv_slab_give);
	for (nid = 0; nid < nr_node_ids; nid++) {
		nr += rsv_stock_shrink(c, nid, idle);
		nr += rsv_heap_trim(c->region, nid, idle ? RSV_UNITS_KEPT : 0);
	}
	return nr;
}

static void rsv_slob_each(struct rsv_cache *c, const struct rsv_show *show)
{
	if (rsv_heap_takes(&c->layout))
		rsv_heap_each(c, show);
	else
		rsv_slabs_each(c, rsv_slob_slab_show, show);
}

const struct rsv_engine rsv_engine_slob = {
	.name = "slob",
	.flag = RSV_ENGINE_SLOB,
	.layout = rsv_slob_layout,
	.take = rsv_slob_take,
	.grow = rsv_slob_grow,
	.put = rsv_slob_put,
	.hand = rsv_slob_hand,
	.claim = rsv_slob_claim,
	.live = rsv_slob_live,
	.shrink = rsv_slob_shrink,
	.verify = rsv_heap_verify,
	.each = rsv_slob_each,
};
