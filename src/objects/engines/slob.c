// SPDX-License-Identifier: GPL-2.0
/*
 * The engine SLOB, as the kernel had it in mm/slob.c until 6.4 (Mackall 2006): a heap as in K&R.
 *
 * All caches of a region with this engine share the region's heap (slob_heap.c). A small object is
 * a block of the heap that has exactly the bytes of a slot, so rounding loses nothing. An object of
 * a page or more has a slab of its own, on the lists of its cache.
 *
 * It differs from mm/slob.c in this:
 *
 * - A slob page has 16 KB, not one page: of single pages, objects of 3 KB would waste a quarter.
 *   If the region has no such block the slob page is as small as the block needs.
 * - Used blocks have no header, since powers of two must be aligned to their size and still lie
 *   side by side. A bitmap says where blocks begin, so a free of an object of another size, or of
 *   an address inside an object, is refused. A free to another cache with slots of the same size is
 *   found only if both caches record owners.
 * - Headers of free blocks have a check value. If one is wrong the slob page gives up its free
 *   blocks, instead of cutting blocks out of used memory.
 * - A free object that must keep its bytes, since it has a constructor or is poisoned, keeps its
 *   block. It goes on a freelist of its cache, until the cache is shrunk.
 */
#include <linux/minmax.h>

#include "compat.h"
#include "engines.h"
#include "objects/batch.h"
#include "objects/cache.h"
#include "objects/debug/check.h"
#include "objects/debug/track.h"
#include "objects/engine.h"
#include "objects/mark.h"
#include "objects/node.h"
#include "pages/pagemap.h"
#include "slob_block.h"
#include "slob_heap.h"

/*
 * The freelist of a cache: free objects that keep their bytes, and therefore their blocks. The mark
 * of such an object says RSV_SLAB_NONE. The unit before the mark has the address of the next
 * object, encoded like a mark.
 */

static bool rsv_slob_has_freelist(const struct rsv_cache *c)
{
	return c->layout.mark >= c->layout.object_size;
}

static unsigned long *rsv_slob_freelist_next(const struct rsv_cache *c, const void *object)
{
	return (unsigned long *)(object + c->layout.mark - RSV_SLOB_UNIT);
}

/* Whether an object may lie at an address, so that the CPU can read its bytes */
static bool rsv_slob_freelist_may_be(const struct rsv_cache *c, const void *object)
{
	const struct rsv_extent *e = rsv_region_extent(c->region, object);

	return e && IS_ALIGNED((unsigned long)object, RSV_SLOB_UNIT) &&
	       rsv_extent_has(e, object + c->layout.stride - 1);
}

/*
 * Takes the first object off the freelist. Returns false if that was overwritten. The node is
 * locked.
 */
static bool rsv_slob_freelist_pop(struct rsv_cache *c, struct rsv_cache_node *n,
				  struct rsv_batch *batch)
{
	void *object = n->freelist, *next;
	unsigned long *mark = rsv_mark_at(c, object);

	if (rsv_mark_read(c, mark) != RSV_SLAB_NONE)
		return false;
	next = (void *)rsv_mark_read(c, rsv_slob_freelist_next(c, object));
	if (n->nr_freelist == 1 ? !!next : !rsv_slob_freelist_may_be(c, next))
		return false;
	rsv_mark_write(c, mark, RSV_MARK_CACHED);
	batch->object[batch->nr++] = object;
	n->freelist = next;
	n->nr_freelist--;
	return true;
}

static void rsv_slob_freelist_alloc(struct rsv_cache *c, struct rsv_cache_node *n, unsigned int nr,
				    struct rsv_batch *batch)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&n->lock, flags);
	while (n->nr_freelist && batch->nr < nr) {
		if (rsv_slob_freelist_pop(c, n, batch))
			continue;
		batch->damaged = n->freelist;
		batch->lost = n->nr_freelist;
		n->freelist = NULL;
		n->nr_freelist = 0;
	}
	n->min_nr = min(n->min_nr, n->nr_freelist);
	raw_spin_unlock_irqrestore(&n->lock, flags);
	if (batch->damaged)
		rsv_heap_lost(c, batch->damaged, batch->lost);
}

static enum rsv_misuse rsv_slob_freelist_push(struct rsv_cache *c, struct rsv_cache_node *n,
					      void *object)
{
	unsigned long *mark = rsv_mark_at(c, object);
	enum rsv_misuse misuse = RSV_DOUBLE_FREE;
	unsigned long flags;

	raw_spin_lock_irqsave(&n->lock, flags);
	if (rsv_mark_read(c, mark) == RSV_MARK_CACHED) {
		rsv_mark_write(c, rsv_slob_freelist_next(c, object), (unsigned long)n->freelist);
		rsv_mark_write(c, mark, RSV_SLAB_NONE);
		n->freelist = object;
		n->nr_freelist++;
		misuse = RSV_OK;
	}
	raw_spin_unlock_irqrestore(&n->lock, flags);
	return misuse;
}

/*
 * Large objects: slabs of one object. While the object is free its mark says RSV_SLAB_NONE.
 */

static void *rsv_slob_large_object(const struct rsv_cache *c, const struct rsv_frame *slab)
{
	return rsv_frame_addr(rsv_frame_extent(c->region, slab), slab) + c->layout.before;
}

/* Moves a slab to the list of full slabs or that of empty ones. The node is locked. */
static void rsv_slob_large_update_slab(const struct rsv_cache *c, struct rsv_cache_node *n,
				       struct rsv_frame *slab, bool inuse)
{
	union rsv_slab_word word = rsv_slab_read(slab);
	enum rsv_fill old = word.fill;

	word.inuse = inuse;
	word.carved = 1;
	word.fill = rsv_slab_fill(c, word);
	WRITE_ONCE(slab->slab, word.word);
	rsv_slab_unlink(n, slab, old);
	rsv_slab_link(n, slab, word.fill);
}

/* Allocates the object of an empty slab. The node is locked. */
static void rsv_slob_large_pop(struct rsv_cache *c, struct rsv_cache_node *n,
			       struct rsv_frame *slab, struct rsv_batch *batch)
{
	void *object = rsv_slob_large_object(c, slab);
	const union rsv_slab_word word = rsv_slab_read(slab);

	if (rsv_mark_read(c, rsv_mark_at(c, object)) == RSV_SLAB_NONE) {
		rsv_mark_write(c, rsv_mark_at(c, object), RSV_MARK_CACHED);
		batch->object[batch->nr++] = object;
		batch->raw = !word.carved && rsv_cache_has_raw(c);
	} else {
		batch->damaged = object;
		batch->lost = 1;
	}
	rsv_slob_large_update_slab(c, n, slab, true);
}

static void rsv_slob_large_alloc(struct rsv_cache *c, struct rsv_cache_node *n,
				 struct rsv_batch *batch)
{
	struct rsv_frame *slab;
	unsigned long flags;

	raw_spin_lock_irqsave(&n->lock, flags);
	slab = rsv_slabs_best(n);
	if (slab)
		rsv_slob_large_pop(c, n, slab, batch);
	raw_spin_unlock_irqrestore(&n->lock, flags);
}

static bool rsv_slob_large_new_slab(struct rsv_cache *c, gfp_t gfp, int nid, unsigned int nr,
				    struct rsv_batch *batch)
{
	struct rsv_frame *slab = rsv_slab_new(c, gfp, nid);
	struct rsv_cache_node *n;
	unsigned long flags;
	void *object;

	if (!slab)
		return false;
	object = rsv_slob_large_object(c, slab);
	rsv_mark_write(c, rsv_mark_at(c, object), RSV_SLAB_NONE);
	n = rsv_slab_node(c, rsv_frame_extent(c->region, slab));
	raw_spin_lock_irqsave(&n->lock, flags);
	rsv_slab_add(c, n, slab);
	if (nr)
		rsv_slob_large_pop(c, n, slab, batch);
	raw_spin_unlock_irqrestore(&n->lock, flags);
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
	word = rsv_slab_read(slab);
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

static void rsv_slob_large_visit_slab(struct rsv_cache *c, struct rsv_extent *e,
				      struct rsv_frame *slab, const struct rsv_visitor *visitor)
{
	const union rsv_slab_word word = rsv_slab_read(slab);
	void *object = rsv_slob_large_object(c, slab);

	if (word.inuse && rsv_mark_read(c, rsv_mark_at(c, object)) > RSV_MARK_CACHED)
		visitor->visit(c, e, object, visitor->data);
}

/*
 * Layout
 */

/* Makes room for the next object on the freelist, before a mark that is behind the object. */
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

/* The slots that a slob page has room for, each aligned */
static unsigned int rsv_slob_slots(const struct rsv_layout *l, unsigned int pages)
{
	const unsigned int bytes = pages << PAGE_SHIFT;
	unsigned int first =
		round_up(bytes / BITS_PER_BYTE / RSV_SLOB_UNIT, max(l->align, RSV_SLOB_UNIT));

	if (first + l->stride > bytes)
		return 0;
	return (bytes - first - l->stride) / round_up(l->stride, l->align) + 1;
}

static void rsv_slob_large_layout(struct rsv_layout *l)
{
	l->stride = max(l->stride, RSV_HEAP_LIMIT);
	l->pages = DIV_ROUND_UP(l->stride, PAGE_SIZE);
	l->small_pages = l->pages;
	l->objects = 1;
	l->small_objects = 1;
}

static int rsv_slob_layout(struct rsv_layout *l)
{
	struct rsv_layout heap = *l;

	rsv_slob_freelist_layout(&heap);
	heap.stride = round_up(heap.stride, RSV_SLOB_UNIT);
	if (!rsv_heap_serves(&heap)) {
		rsv_slob_large_layout(l);
		return 0;
	}
	heap.pages = RSV_HEAP_PAGES;
	heap.objects = rsv_slob_slots(&heap, heap.pages);
	heap.small_pages = 1;
	while (!rsv_slob_slots(&heap, heap.small_pages))
		heap.small_pages++;
	heap.small_objects = rsv_slob_slots(&heap, heap.small_pages);
	*l = heap;
	return 0;
}

/*
 * Allocation and free
 */

/* Counts the blocks of the heap that the cache got or, if negative, gave back. */
static void rsv_slob_count(struct rsv_cache_node *n, int blocks)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&n->lock, flags);
	n->total += blocks;
	raw_spin_unlock_irqrestore(&n->lock, flags);
}

/* A batch that has a raw object has no other one. */
static unsigned int rsv_slob_batch_size(const struct rsv_cache *c, unsigned int nr)
{
	return rsv_cache_has_raw(c) ? min(nr, 1U) : nr;
}

/* Counts the objects of blocks that came from the heap. */
static void rsv_slob_finish_batch(struct rsv_cache *c, struct rsv_cache_node *n,
				  struct rsv_batch *batch)
{
	if (!batch->nr)
		return;
	rsv_slob_count(n, batch->nr);
	batch->raw = rsv_cache_has_raw(c);
}

static void rsv_slob_alloc(struct rsv_cache *c, struct rsv_cpu *cpu, int nid, unsigned int nr,
			   struct rsv_batch *batch)
{
	struct rsv_cache_node *n = c->nodes[nid];

	if (!rsv_heap_serves(&c->layout)) {
		rsv_slob_large_alloc(c, n, batch);
		return;
	}
	if (rsv_slob_has_freelist(c)) {
		rsv_slob_freelist_alloc(c, n, nr, batch);
		if (batch->nr || batch->damaged)
			return;
	}
	rsv_heap_alloc(c, nid, rsv_slob_batch_size(c, nr), batch);
	rsv_slob_finish_batch(c, n, batch);
}

static bool rsv_slob_new_slab(struct rsv_cache *c, gfp_t gfp, int nid, unsigned int nr,
			      struct rsv_batch *batch)
{
	const struct rsv_extent *e;

	if (!rsv_heap_serves(&c->layout))
		return rsv_slob_large_new_slab(c, gfp, nid, nr, batch);
	e = rsv_heap_new_page(c, gfp, nid, rsv_slob_batch_size(c, nr), batch);
	if (!e)
		return false;
	rsv_slob_finish_batch(c, rsv_slab_node(c, e), batch);
	return true;
}

/* Frees the block of an object. */
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

	/* Only the first frame of a large object's slab tells what is carved. */
	if (!rsv_frame_is_heap(f))
		return rsv_carved_mark_cached(c, rsv_slab_head(e, f),
					      rsv_slab_offset(f, object) - c->layout.before,
					      object);
	misuse = rsv_slob_block_check(c, e, f, object);
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
	return rsv_slob_block_check(c, e, f, object) == RSV_OK &&
	       rsv_mark_read(c, rsv_mark_at(c, object)) > RSV_MARK_CACHED;
}

/*
 * Shrinking
 */

/*
 * The number of objects to free from the freelist: all or, if @aged, those unused for an interval
 */
static unsigned long rsv_slob_freelist_surplus(struct rsv_cache_node *n, bool aged)
{
	unsigned long flags, nr;

	raw_spin_lock_irqsave(&n->lock, flags);
	nr = aged ? n->min_nr : n->nr_freelist;
	n->min_nr = n->nr_freelist - nr;
	raw_spin_unlock_irqrestore(&n->lock, flags);
	return nr;
}

/*
 * Frees the block of an object that was on the freelist, or reports that the bitmap was
 * overwritten.
 */
static void rsv_slob_freelist_release(struct rsv_cache *c, void *object)
{
	struct rsv_extent *e = rsv_region_extent(c->region, object);

	if (rsv_slob_free_block(c, e, rsv_frame_at(e, object), object) != RSV_OK)
		rsv_debug_report(RSV_CORRUPT, c, e, object, "it is no block of the heap any more");
}

/* Shortens the freelist. Returns the number of slob pages that became empty and were freed. */
static unsigned int rsv_slob_freelist_shrink(struct rsv_cache *c, int nid, bool aged)
{
	struct rsv_cache_node *n = c->nodes[nid];
	unsigned long left = rsv_slob_freelist_surplus(n, aged);
	unsigned int i, nr = 0;
	struct rsv_batch batch;

	while (left) {
		rsv_batch_init(&batch);
		rsv_slob_freelist_alloc(c, n, min_t(unsigned long, left, RSV_BATCH), &batch);
		for (i = 0; i < batch.nr; i++)
			rsv_slob_freelist_release(c, batch.object[i]);
		if (batch.damaged)
			rsv_cache_lost(c, batch.damaged, batch.lost);
		if (!batch.nr)
			break;
		left -= batch.nr;
		nr += rsv_heap_trim(c->region, nid, RSV_SLOB_EMPTY_MIN);
		cond_resched();
	}
	return nr;
}

static unsigned int rsv_slob_shrink(struct rsv_cache *c, bool aged)
{
	unsigned int nr = 0;
	int nid;

	if (!rsv_heap_serves(&c->layout))
		return rsv_slabs_shrink(c, aged, rsv_slab_free_pages);
	for (nid = 0; nid < nr_node_ids; nid++) {
		nr += rsv_slob_freelist_shrink(c, nid, aged);
		nr += rsv_heap_trim(c->region, nid, aged ? RSV_SLOB_EMPTY_MIN : 0);
	}
	return nr;
}

static void rsv_slob_for_each(struct rsv_cache *c, const struct rsv_visitor *visitor)
{
	if (rsv_heap_serves(&c->layout))
		rsv_slob_block_for_each(c, visitor);
	else
		rsv_slabs_for_each(c, rsv_slob_large_visit_slab, visitor);
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
	.verify = rsv_slob_page_verify,
	.for_each = rsv_slob_for_each,
};
