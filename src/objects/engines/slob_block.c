// SPDX-License-Identifier: GPL-2.0
/*
 * Objects in blocks of the heap: this file finds the block that an object or an address is in, and
 * tells whether its cache has it, whether it is used, and whose it is.
 *
 * A caller may pass any address, and any other CPU may free, merge and cut blocks meanwhile, or
 * give the slob page back. So every function takes the node's lock, finds the slob page under it,
 * and drops the lock when it has its answer, or has changed the mark of the object:
 *
 * - No memory of a slob page is read or written without the lock, but for used objects, by their
 *   users, and cached ones, by the CPU in whose magazine they are. A slob page with such objects is
 *   not empty, and stays. So a slob page that became empty goes back to the buddy system at once:
 *   no CPU can be about to write to it.
 * - A used object becomes a cached one under the lock, and only if its block is used, belongs to
 *   its cache and begins where it should, and its mark says neither cached nor free. So two frees
 *   of one object, at whatever instants, find it used once. Only the CPU that did puts the object
 *   into a magazine, and therefore it is in one magazine at most. Without magazines the block of a
 *   used object becomes free in the same hold of the lock (rsv_heap_free_used()).
 * - A cached object becomes a used one without the lock (rsv_object_mark_used()), by the CPU that
 *   popped it off its magazine. A free before that finds it cached. A free after that finds it
 *   used: the object was allocated again meanwhile, and no allocator can tell such a free from a
 *   right one. On machines with 32-bit words the mark and its tag are two words. A wrong free that
 *   comes between the two stores passes, so that the object may be in two magazines once its user
 *   frees it too. The first pop makes it used, and the second one finds that and loses it.
 *
 * Each hold of the lock takes as many steps as slob_page.c says. Walks along the blocks of a slob
 * page drop the lock after RSV_SLOB_WALK of them.
 */
#include <linux/xarray.h>

#include "compat.h"
#include "objects/debug/check.h"
#include "objects/heap.h"
#include "objects/mark.h"
#include "pages/pagemap.h"
#include "pages/walk.h"
#include "slob_block.h"
#include "slob_page.h"

/* Blocks and check values that a walk looks at before it drops the lock */
#define RSV_SLOB_WALK	64U

/**
 * rsv_slob_block_find() - find the block of an object that its cache has allocated
 * @c: the cache
 * @page: the slob page; its node is locked
 * @object: the object, or any address in the slob page
 * @block: set to the block
 *
 * Context: Any but NMI.
 * Return: RSV_OK if the object is used or cached; else the misuse that a free of it would be.
 */
enum rsv_misuse rsv_slob_block_find(const struct rsv_cache *c, const struct rsv_slob_page *page,
				    const void *object, struct rsv_slob_block *block)
{
	const unsigned int offset = object - page->base, units = rsv_slob_block_units(c);
	const unsigned int start = offset - c->layout.before;

	if (offset / RSV_SLOB_UNIT < page->first)
		return RSV_MISALIGNED;
	if (likely(start % RSV_SLOB_UNIT == 0 && start / RSV_SLOB_UNIT >= page->first &&
		   rsv_slob_block_is(page, start / RSV_SLOB_UNIT, units, block) &&
		   rsv_slob_block_cache(page, block) == c->id))
		return RSV_OK;
	if (!rsv_slob_block_at(page, offset / RSV_SLOB_UNIT, block))
		return RSV_DOUBLE_FREE;
	if (rsv_slob_block_cache(page, block) != c->id)
		return RSV_WRONG_CACHE;
	if (offset != block->at * RSV_SLOB_UNIT + c->layout.before)
		return RSV_MISALIGNED;
	return block->size == units ? RSV_OK : RSV_CORRUPT;
}

static enum rsv_misuse rsv_slob_block_mark_cached(struct rsv_cache *c,
						  const struct rsv_slob_page *page, void *object)
{
	struct rsv_slob_block block;
	enum rsv_misuse misuse = rsv_slob_block_find(c, page, object, &block);

	if (misuse == RSV_OK && !rsv_object_mark_cached(c, object))
		return RSV_DOUBLE_FREE;
	return misuse;
}

/**
 * rsv_heap_mark_cached() - mark a used object as cached
 * @c: the cache
 * @e: the extent that it lies in
 * @f: the frame of its page, which was one of the heap when the free began
 * @object: the object, or any address in that page
 *
 * Context: Any but NMI.
 * Return: RSV_OK, or why the cache has no such used object; then nothing has changed. If the slob
 * page went back to the buddy system meanwhile, the object was free before: RSV_DOUBLE_FREE.
 */
enum rsv_misuse rsv_heap_mark_cached(struct rsv_cache *c, const struct rsv_extent *e,
				     struct rsv_frame *f, void *object)
{
	struct rsv_heap_node *h = rsv_heap_node_of(e);
	enum rsv_misuse misuse = RSV_DOUBLE_FREE;
	struct rsv_slob_page page;
	unsigned long flags;

	raw_spin_lock_irqsave(&h->lock, flags);
	if (rsv_slob_page_find(e, f, &page))
		misuse = rsv_slob_block_mark_cached(c, &page, object);
	raw_spin_unlock_irqrestore(&h->lock, flags);
	return misuse;
}

static bool rsv_slob_block_is_used(const struct rsv_cache *c, const struct rsv_slob_page *page,
				   const void *object)
{
	struct rsv_slob_block block;

	return rsv_slob_block_find(c, page, object, &block) == RSV_OK &&
	       rsv_mark_read(c, rsv_mark_at(c, object)) > RSV_MARK_CACHED;
}

/**
 * rsv_heap_is_used() - whether a used object of a cache begins at an address
 * @c: the cache
 * @e: the extent that the address lies in
 * @f: the frame of its page
 * @object: the address
 *
 * Context: Any but NMI.
 * Return: true if there is one.
 */
bool rsv_heap_is_used(const struct rsv_cache *c, const struct rsv_extent *e, struct rsv_frame *f,
		      const void *object)
{
	struct rsv_heap_node *h = rsv_heap_node_of(e);
	struct rsv_slob_page page;
	unsigned long flags;
	bool used;

	raw_spin_lock_irqsave(&h->lock, flags);
	used = rsv_slob_page_find(e, f, &page) && rsv_slob_block_is_used(c, &page, object);
	raw_spin_unlock_irqrestore(&h->lock, flags);
	return used;
}

/**
 * rsv_heap_object() - find where the object begins whose block of the heap an address lies in
 * @c: the cache that owns the block
 * @e: the extent that it lies in
 * @f: the frame of its page, one of the heap
 * @p: the address
 *
 * Context: Any but NMI.
 * Return: The address, or NULL if there is no used block.
 */
const void *rsv_heap_object(const struct rsv_cache *c, const struct rsv_extent *e,
			    struct rsv_frame *f, const void *p)
{
	struct rsv_heap_node *h = rsv_heap_node_of(e);
	const void *object = NULL;
	struct rsv_slob_block block;
	struct rsv_slob_page page;
	unsigned long flags;

	raw_spin_lock_irqsave(&h->lock, flags);
	if (rsv_slob_page_find(e, f, &page) &&
	    rsv_slob_block_at(&page, (p - page.base) / RSV_SLOB_UNIT, &block))
		object = page.base + block.at * RSV_SLOB_UNIT + c->layout.before;
	raw_spin_unlock_irqrestore(&h->lock, flags);
	return object;
}

/**
 * rsv_heap_owner() - find the cache that owns the block of the heap that an address lies in
 * @e: the extent that it lies in
 * @p: the address, in a page of the heap
 *
 * Context: Any but NMI, under rcu_read_lock(), which keeps the cache.
 * Return: The cache, or NULL if the address is in no used block of a cache that can be found.
 */
struct rsv_cache *rsv_heap_owner(const struct rsv_extent *e, const void *p)
{
	struct rsv_heap_node *h = rsv_heap_node_of(e);
	struct rsv_slob_block block;
	struct rsv_slob_page page;
	unsigned long flags;
	u32 id = 0;

	raw_spin_lock_irqsave(&h->lock, flags);
	if (rsv_slob_page_find(e, rsv_frame_at(e, p), &page) &&
	    rsv_slob_block_at(&page, (p - page.base) / RSV_SLOB_UNIT, &block))
		id = rsv_slob_block_cache(&page, &block);
	raw_spin_unlock_irqrestore(&h->lock, flags);
	return id ? xa_load(&e->region->caches_by_id, id) : NULL;
}

/*
 * Walks
 */

/*
 * Calls @visit for the places of a slob page where a block or a check value may be, RSV_SLOB_WALK
 * of them under one hold of the lock. Ends if @visit returns false. Returns whether it never did.
 */
static bool rsv_slob_page_walk(const struct rsv_extent *e, struct rsv_frame *f,
			       bool (*visit)(const struct rsv_slob_page *page, unsigned int at,
					     void *data),
			       void *data)
{
	struct rsv_heap_node *h = rsv_heap_node_of(e);
	struct rsv_slob_page page;
	unsigned int at = 0, nr;
	bool more, good = true;
	unsigned long flags;

	do {
		raw_spin_lock_irqsave(&h->lock, flags);
		more = rsv_slob_page_find(e, f, &page);
		for (nr = 0; more && good && nr < RSV_SLOB_WALK; nr++) {
			at = rsv_slob_block_next(&page, at);
			more = at < page.end;
			good = !more || visit(&page, at++, data);
		}
		raw_spin_unlock_irqrestore(&h->lock, flags);
	} while (more && good);
	return good;
}

static bool rsv_slob_verify_at(const struct rsv_slob_page *page, unsigned int at, void *data)
{
	return rsv_slob_unit_sound(page, at);
}

/* Whether the bitmap of a slob page has as many used units as its word says. Sets *@base. */
static bool rsv_slob_page_is_counted(const struct rsv_extent *e, struct rsv_frame *f, void **base)
{
	struct rsv_heap_node *h = rsv_heap_node_of(e);
	struct rsv_slob_page page = {};
	unsigned long flags;
	bool good;

	raw_spin_lock_irqsave(&h->lock, flags);
	good = !rsv_slob_page_find(e, f, &page) || rsv_slob_page_counts(&page);
	raw_spin_unlock_irqrestore(&h->lock, flags);
	*base = page.base;
	return good;
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
	void *base;

	if (rsv_slob_page_is_counted(e, f, &base) &&
	    rsv_slob_page_walk(e, f, rsv_slob_verify_at, NULL))
		return true;
	rsv_debug_report_slab(RSV_CORRUPT, c, base, "the free blocks of the heap are wrong");
	return false;
}

/**
 * struct rsv_slob_visit - a visit of all used objects of a cache (on the caller's stack)
 * @c: the cache
 * @e: the extent that the visit has come to
 * @visitor: called for each object
 */
struct rsv_slob_visit {
	struct rsv_cache *c;
	struct rsv_extent *e;
	const struct rsv_visitor *visitor;
};

static bool rsv_slob_visit_at(const struct rsv_slob_page *page, unsigned int at, void *data)
{
	const struct rsv_slob_visit *v = data;
	void *object = (void *)rsv_slob_page_at(page, at) + v->c->layout.before;

	if (rsv_slob_block_is_used(v->c, page, object))
		v->visitor->visit(v->c, v->e, object, v->visitor->data);
	return true;
}

/**
 * rsv_slob_block_for_each() - visit the used objects of a cache in the heap
 * @c: the cache
 * @visitor: called for each of them
 *
 * Other caches change the lists of slob pages all the time, so the function walks along the frames
 * of all pages of the region instead.
 *
 * Context: Process; may sleep. Other tasks run after each slob page.
 */
void rsv_slob_block_for_each(struct rsv_cache *c, const struct rsv_visitor *visitor)
{
	struct rsv_slob_visit v = { .c = c, .visitor = visitor };
	struct rsv_walk w = { .r = c->region };
	struct rsv_frame *f;
	bool visited;

	rsv_walk_begin();
	while ((v.e = rsv_walk_extent(&w))) {
		do {
			f = &v.e->frames[w.index];
			visited = READ_ONCE(f->kind) == RSV_FRAME_HEAP;
			if (visited)
				rsv_slob_page_walk(v.e, f, rsv_slob_visit_at, &v);
		} while (++w.index < w.end && !visited);
		rsv_walk_pause();
	}
	rsv_walk_end();
}
