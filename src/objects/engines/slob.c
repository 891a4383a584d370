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
 * - Neither used nor free blocks have a header, since powers of two must be aligned to their size
 *   and still lie side by side. Bitmaps at the beginning of the slob page tell where blocks begin,
 *   whether they are used, and which cache each used block belongs to (slob_page.c). So an object
 *   of another cache, or one whose block was freed, merged and cut again, is refused as with the
 *   other engines, whatever the sizes and kinds of objects.
 * - The first unit of a block that was freed has a check value. If that is wrong when the block
 *   serves again, somebody wrote to it meanwhile, and the block is lost.
 * - A free object that must keep its bytes, since it has a constructor or is poisoned, keeps its
 *   block. It goes on a freelist of its cache, until the cache is shrunk (slob_freelist.c).
 *
 * The engine is for regions where every byte counts, and not for speed. Each change of an object or
 * a block, but for the allocation of a cached object, is made under a raw lock: that of the heap's
 * node or, for large objects, that of the cache's node. Why no window is left in which a wrong free
 * could change memory of somebody else stands at the top of slob_block.c for the heap, and below
 * for large objects. How long the locks are held stands at the top of slob_heap.c.
 */
#include <linux/kconfig.h>
#include <linux/minmax.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/topology.h>

#include "compat.h"
#include "engines.h"
#include "objects/batch.h"
#include "objects/cache.h"
#include "objects/debug/check.h"
#include "objects/engine.h"
#include "objects/leaving.h"
#include "objects/mark.h"
#include "objects/node.h"
#include "pages/pagemap.h"
#include "slob_block.h"
#include "slob_freelist.h"
#include "slob_heap.h"
#include "slob_page.h"

/*
 * Large objects: slabs of one object. The mark of a free one says RSV_SLAB_NONE, with RSV_MARK_RAW
 * if it was never constructed.
 *
 * Frees look at the slab and change the mark under the lock of the cache's node. The frames of a
 * slab name the cache until that lock's holder evicts the slab, and its word says that the object
 * is used or cached only while the slab is on a list. So a CPU that finds both under the lock owns
 * the slab's memory until it drops the lock, and the pages of an evicted slab can go back at once.
 *
 * The fast paths of a free take no lock. They refuse an object that its frame does not count as
 * carved, and the frames of these slabs count none.
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
	word.fill = rsv_slab_fill(c, word);
	WRITE_ONCE(slab->slab, word.word);
	rsv_slab_unlink(n, slab, old);
	rsv_slab_link(c, n, slab, word.fill);
}

/* Allocates the object of an empty slab. The node is locked. */
static void rsv_slob_large_pop(struct rsv_cache *c, struct rsv_cache_node *n,
			       struct rsv_frame *slab, struct rsv_batch *batch)
{
	void *object = rsv_slob_large_object(c, slab);
	unsigned long *mark = rsv_mark_at(c, object);
	const unsigned long value = rsv_mark_read(c, mark);

	if ((value & ~RSV_MARK_RAW) == RSV_SLAB_NONE) {
		rsv_mark_write(c, mark, RSV_MARK_CACHED);
		batch->object[batch->nr++] = object;
		batch->raw = value & RSV_MARK_RAW && rsv_cache_has_raw(c);
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
	rsv_mark_write(c, rsv_mark_at(c, object), RSV_SLAB_NONE | RSV_MARK_RAW);
	n = rsv_slab_node(c, rsv_frame_extent(c->region, slab));
	raw_spin_lock_irqsave(&n->lock, flags);
	rsv_slab_add(c, n, slab);
	if (nr)
		rsv_slob_large_pop(c, n, slab, batch);
	raw_spin_unlock_irqrestore(&n->lock, flags);
	return true;
}

/*
 * Whether a large object is used or cached; else the misuse that a free of it would be. The node is
 * locked. @f is the frame of the object's page, which was one of the cache when the free began.
 */
static enum rsv_misuse rsv_slob_large_find(const struct rsv_cache *c, const struct rsv_extent *e,
					   struct rsv_frame *f, const void *object)
{
	struct rsv_frame *slab;

	/* Pairs with rsv_slab_new(), which sets the frame's cache after its other fields. */
	if (smp_load_acquire(&f->cache) != c)
		return rsv_frame_is_heap(f) ? RSV_WRONG_CACHE : RSV_DOUBLE_FREE;
	slab = rsv_slab_head(e, f);
	if (object != rsv_slob_large_object(c, slab))
		return RSV_MISALIGNED;
	return rsv_slab_read(slab).inuse ? RSV_OK : RSV_DOUBLE_FREE;
}

static enum rsv_misuse rsv_slob_large_mark_cached(struct rsv_cache *c, struct rsv_extent *e,
						  struct rsv_frame *f, void *object)
{
	struct rsv_cache_node *n = rsv_slab_node(c, e);
	enum rsv_misuse misuse;
	unsigned long flags;

	raw_spin_lock_irqsave(&n->lock, flags);
	misuse = rsv_slob_large_find(c, e, f, object);
	if (misuse == RSV_OK && !rsv_object_mark_cached(c, object))
		misuse = RSV_DOUBLE_FREE;
	raw_spin_unlock_irqrestore(&n->lock, flags);
	return misuse;
}

static bool rsv_slob_large_is_used(const struct rsv_cache *c, struct rsv_extent *e,
				   struct rsv_frame *f, const void *object)
{
	struct rsv_cache_node *n = rsv_slab_node(c, e);
	unsigned long flags;
	bool used;

	raw_spin_lock_irqsave(&n->lock, flags);
	used = rsv_slob_large_find(c, e, f, object) == RSV_OK &&
	       rsv_mark_read(c, rsv_mark_at(c, object)) > RSV_MARK_CACHED;
	raw_spin_unlock_irqrestore(&n->lock, flags);
	return used;
}

static enum rsv_misuse rsv_slob_large_free(struct rsv_cache *c, struct rsv_extent *e,
					   struct rsv_frame *f, void *object)
{
	struct rsv_cache_node *n = rsv_slab_node(c, e);
	enum rsv_misuse misuse = RSV_DOUBLE_FREE;
	struct rsv_frame *evicted = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&n->lock, flags);
	if (rsv_slob_large_find(c, e, f, object) == RSV_OK &&
	    rsv_mark_read(c, rsv_mark_at(c, object)) == RSV_MARK_CACHED) {
		rsv_mark_write(c, rsv_mark_at(c, object), RSV_SLAB_NONE);
		rsv_slob_large_update_slab(c, n, rsv_slab_head(e, f), false);
		evicted = rsv_slabs_surplus(c, n, flags);
		misuse = RSV_OK;
	}
	raw_spin_unlock_irqrestore(&n->lock, flags);
	if (evicted)
		rsv_leaving_add(c, evicted);
	return misuse;
}

static void rsv_slob_free_slab(struct rsv_cache *c, struct rsv_frame *slab)
{
	const struct rsv_extent *e = rsv_frame_extent(c->region, slab);
	void *object = rsv_slob_large_object(c, slab);

	const unsigned long value = rsv_mark_read(c, rsv_mark_at(c, object));

	if (value == RSV_SLAB_NONE)
		rsv_slab_free_pages(c, slab);
	else
		rsv_slab_report_used(value == RSV_MARK_CACHED ? RSV_DOUBLE_FREE : RSV_CORRUPT, c, e,
				     object);
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
	unsigned int first = round_up(rsv_slob_first_unit(bytes / RSV_SLOB_UNIT) * RSV_SLOB_UNIT,
				      max(l->align, RSV_SLOB_UNIT));

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

/* A batch that has a raw object has no other one. */
static unsigned int rsv_slob_batch_size(const struct rsv_cache *c, unsigned int nr)
{
	return rsv_cache_has_raw(c) ? min(nr, 1U) : nr;
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
		rsv_slob_freelist_alloc(c, nid, nr, batch);
		if (batch->nr || batch->damaged)
			return;
	}
	rsv_heap_alloc(c, nid, rsv_slob_batch_size(c, nr), batch);
	batch->raw = batch->nr && rsv_cache_has_raw(c);
}

static bool rsv_slob_new_slab(struct rsv_cache *c, gfp_t gfp, int nid, unsigned int nr,
			      struct rsv_batch *batch)
{
	if (!rsv_heap_serves(&c->layout))
		return rsv_slob_large_new_slab(c, gfp, nid, nr, batch);
	if (!rsv_heap_new_page(c, gfp, nid, rsv_slob_batch_size(c, nr), batch))
		return false;
	batch->raw = batch->nr && rsv_cache_has_raw(c);
	return true;
}

static enum rsv_misuse rsv_slob_free(struct rsv_cache *c, struct rsv_cpu *cpu, struct rsv_extent *e,
				     struct rsv_frame *f, void *object)
{
	enum rsv_misuse misuse;

	if (!rsv_heap_serves(&c->layout))
		return rsv_slob_large_free(c, e, f, object);
	if (rsv_slob_has_freelist(c))
		return rsv_slob_freelist_free(c, e, f, object);
	misuse = rsv_heap_free(c, e, f, object);
	rsv_heap_trim(c->region, e->nid, RSV_SLOB_EMPTY_MIN);
	return misuse;
}

/*
 * Without magazines a block of the heap goes directly between the heap and its user, under one hold
 * of the heap's lock. Large objects, and those that keep their bytes, take the other steps.
 */
static void *rsv_slob_alloc_direct(struct rsv_cache *c, struct rsv_cpu *cpu)
{
	void *object;

	if (!rsv_heap_serves(&c->layout) || rsv_slob_has_freelist(c))
		return NULL;
	object = rsv_heap_alloc_used(c, numa_mem_id());
	if (likely(object))
		this_cpu_inc(c->cpus->slow_allocs);
	return object;
}

static bool rsv_slob_free_direct(struct rsv_cache *c, struct rsv_cpu *cpu, void *object)
{
	struct rsv_extent *e = rsv_region_extent_rcu(c->region, object);

	/* kmemleak has locks of its own, which it may not take under that of the heap. */
	if (IS_ENABLED(CONFIG_DEBUG_KMEMLEAK) || !e || rsv_slob_has_freelist(c))
		return false;
	/* The frames of large objects are not of the heap. */
	if (!rsv_heap_free_used(c, e, rsv_frame_at(e, object), object))
		return false;
	this_cpu_inc(c->cpus->slow_frees);
	rsv_heap_trim(c->region, e->nid, RSV_SLOB_EMPTY_MIN);
	return true;
}

static bool rsv_slob_mark_used(struct rsv_cache *c, void *object)
{
	return rsv_object_mark_used(c, object);
}

static enum rsv_misuse rsv_slob_mark_cached(struct rsv_cache *c, struct rsv_extent *e,
					    struct rsv_frame *f, void *object)
{
	return rsv_heap_serves(&c->layout) ? rsv_heap_mark_cached(c, e, f, object) :
					     rsv_slob_large_mark_cached(c, e, f, object);
}

static bool rsv_slob_is_used(const struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *f,
			     const void *object)
{
	return rsv_heap_serves(&c->layout) ? rsv_heap_is_used(c, e, f, object) :
					     rsv_slob_large_is_used(c, e, f, object);
}

static const void *rsv_slob_object_at(const struct rsv_cache *c, struct rsv_extent *e,
				      struct rsv_frame *f, const void *p)
{
	if (rsv_frame_is_heap(f))
		return rsv_heap_object(c, e, f, p);
	return p - rsv_slab_offset(f, p) + c->layout.before;
}

/*
 * Shrinking
 */

/*
 * Frees the block of an object that was on the freelist, or reports that the bitmap was
 * overwritten.
 */
static void rsv_slob_freelist_release(struct rsv_cache *c, void *object)
{
	struct rsv_extent *e = rsv_region_extent(c->region, object);

	if (rsv_heap_free(c, e, rsv_frame_at(e, object), object) != RSV_OK)
		rsv_debug_report(RSV_CORRUPT, c, e, object, "it is no block of the heap any more");
}

/* Takes up to @most objects off the freelist. Returns them as a chain, and sets @nr. */
static void *rsv_slob_freelist_take(struct rsv_cache *c, int nid, unsigned int most,
				    unsigned long *nr)
{
	struct rsv_batch batch;
	void *taken = NULL;

	rsv_batch_init(&batch);
	rsv_slob_freelist_alloc(c, nid, most, &batch);
	if (batch.damaged)
		rsv_cache_lost(c, batch.damaged, batch.lost);
	*nr = batch.nr;
	while (batch.nr)
		taken = rsv_slob_freelist_chain(c, batch.object[--batch.nr], taken);
	cond_resched();
	return taken;
}

/* Frees the blocks of a chain. Returns the number of slob pages that were freed. */
static unsigned int rsv_slob_freelist_release_chain(struct rsv_cache *c, int nid, void *object,
						    unsigned long left)
{
	unsigned int nr = 0;
	void *next;

	for (; left; left--, object = next) {
		if (!rsv_slob_freelist_chained(c, nid, object, left - 1, &next)) {
			rsv_cache_lost(c, object, left);
			break;
		}
		rsv_slob_freelist_release(c, object);
		if (left % RSV_BATCH == 1) {
			nr += rsv_heap_trim(c->region, nid, RSV_SLOB_EMPTY_MIN);
			cond_resched();
		}
	}
	return nr;
}

/* Frees the blocks of objects that no reader under RCU looks at any more. */
static unsigned int rsv_slob_release_ended(struct rsv_cache *c, int nid)
{
	unsigned long nr;
	void *chain = rsv_slob_freelist_take_ended(c, nid, &nr);

	return rsv_slob_freelist_release_chain(c, nid, chain, nr);
}

/* Lets objects leave the freelist of a cache with RSV_TYPESAFE_BY_RCU. */
static void rsv_slob_freelist_retire_some(struct rsv_cache *c, int nid, unsigned long left)
{
	struct rsv_batch batch;

	while (left) {
		rsv_batch_init(&batch);
		rsv_slob_freelist_retire(c, nid, min_t(unsigned long, left, RSV_BATCH), &batch);
		if (batch.damaged)
			rsv_cache_lost(c, batch.damaged, batch.lost);
		if (!batch.nr)
			break;
		left -= batch.nr;
		cond_resched();
	}
}

/*
 * The same for @left objects, as far as no reader looks at them. What has ended goes first: else it
 * would wait for those that join it.
 */
static unsigned int rsv_slob_shrink_typesafe(struct rsv_cache *c, int nid, unsigned long left)
{
	unsigned int nr = rsv_slob_release_ended(c, nid);

	rsv_slob_freelist_retire_some(c, nid, left);
	return nr + rsv_slob_release_ended(c, nid);
}

/*
 * Shortens the freelist. Returns the number of slob pages that were freed. A batch at a time is on
 * its way, so that a request which comes meanwhile still finds objects.
 */
static unsigned int rsv_slob_freelist_shrink(struct rsv_cache *c, int nid, bool aged)
{
	unsigned long left = rsv_slob_freelist_surplus(c, nid, aged), some;
	unsigned int nr = 0;
	void *chain;

	if (c->flags & RSV_TYPESAFE_BY_RCU)
		return rsv_slob_shrink_typesafe(c, nid, left);
	while (left) {
		chain = rsv_slob_freelist_take(c, nid, min_t(unsigned long, left, RSV_BATCH),
					       &some);
		if (!some)
			break;
		nr += rsv_slob_freelist_release_chain(c, nid, chain, some);
		left -= some;
	}
	return nr;
}

static unsigned int rsv_slob_shrink(struct rsv_cache *c, bool aged)
{
	unsigned int nr = 0;
	int nid;

	if (!rsv_heap_serves(&c->layout))
		return rsv_slabs_shrink(c, aged);
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
	.alloc_direct = rsv_slob_alloc_direct,
	.free_direct = rsv_slob_free_direct,
	.mark_used = rsv_slob_mark_used,
	.mark_cached = rsv_slob_mark_cached,
	.is_used = rsv_slob_is_used,
	.free_slab = rsv_slob_free_slab,
	.object_at = rsv_slob_object_at,
	.shrink = rsv_slob_shrink,
	.verify = rsv_slob_page_verify,
	.for_each = rsv_slob_for_each,
};
