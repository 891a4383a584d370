// SPDX-License-Identifier: GPL-2.0
/*
 * The freelist of a cache of the engine SLOB: free objects that keep their bytes, since they have a
 * constructor, are poisoned or may have readers under RCU, and therefore keep their blocks too.
 *
 * The mark of such an object says RSV_SLAB_NONE. The unit before the mark has the address of the
 * next object, encoded like a mark. Both lie behind the bytes of the user, who may have overwritten
 * them nevertheless. So the engine reads the next object's memory only if the address is one where
 * the cache has a block. Otherwise the freelist is lost.
 *
 * The lock of the heap's node guards the freelist of a cache on that node, since only the heap
 * knows the blocks. One hold moves a batch at most.
 *
 * Readers under RCU may look at a free object of a cache with RSV_TYPESAFE_BY_RCU. So when such an
 * object leaves the freelist for good, its block waits for a grace period before another cache can
 * have it. The grace period begins when the last object of the freelist came, so mostly it has
 * ended already. Nothing in the engine waits for the others: they stay on a chain of the cache
 * (rsv_cache_node.waiting) until a later call finds that theirs has ended. A caller that needs
 * their memory lets all caches do the same, waits for one grace period, and calls once more
 * (rsv_heap_waits()).
 */
#include <linux/rcupdate.h>

#include "compat.h"
#include "objects/cache.h"
#include "objects/heap.h"
#include "objects/mark.h"
#include "pages/backoff.h"
#include "pages/pagemap.h"
#include "slob_block.h"
#include "slob_freelist.h"
#include "slob_heap.h"
#include "slob_page.h"

static struct rsv_heap_node *rsv_slob_freelist_node(const struct rsv_cache *c, int nid)
{
	return &c->region->heap->nodes[nid];
}

static unsigned long *rsv_slob_freelist_next(const struct rsv_cache *c, const void *object)
{
	return (unsigned long *)(object + c->layout.mark - RSV_SLOB_UNIT);
}

/* Whether the cache has a block for an object at an address. The node of the heap is locked. */
static bool rsv_slob_freelist_may_be(const struct rsv_cache *c, int nid, const void *object)
{
	const struct rsv_extent *e = rsv_region_extent(c->region, object);
	struct rsv_slob_block block;
	struct rsv_slob_page page;

	return e && e->nid == nid && rsv_slob_page_find(e, rsv_frame_at(e, object), &page) &&
	       rsv_slob_block_find(c, &page, object, &block) == RSV_OK;
}

/* Takes the first object off the freelist. Returns false if that was overwritten. */
static bool rsv_slob_freelist_pop(struct rsv_cache *c, int nid, struct rsv_batch *batch)
{
	struct rsv_cache_node *n = c->nodes[nid];
	void *object = n->freelist, *next;
	unsigned long *mark = rsv_mark_at(c, object);

	if (rsv_mark_read(c, mark) != RSV_SLAB_NONE)
		return false;
	next = (void *)rsv_mark_read(c, rsv_slob_freelist_next(c, object));
	if (n->nr_freelist == 1 ? !!next : !rsv_slob_freelist_may_be(c, nid, next))
		return false;
	rsv_mark_write(c, mark, RSV_MARK_CACHED);
	batch->object[batch->nr++] = object;
	n->freelist = next;
	n->nr_freelist--;
	return true;
}

/* Takes up to @nr objects off the freelist, or loses it if it was overwritten. */
static void rsv_slob_freelist_pop_some(struct rsv_cache *c, int nid, unsigned int nr,
				       struct rsv_batch *batch)
{
	struct rsv_cache_node *n = c->nodes[nid];

	while (n->nr_freelist && batch->nr < nr) {
		if (rsv_slob_freelist_pop(c, nid, batch))
			continue;
		batch->damaged = n->freelist;
		batch->lost = n->nr_freelist;
		n->freelist = NULL;
		n->nr_freelist = 0;
	}
	n->min_nr = min(n->min_nr, n->nr_freelist);
}

/**
 * rsv_slob_freelist_alloc() - allocate objects from the freelist of a cache
 * @c: the cache
 * @nid: the node
 * @nr: how many, RSV_BATCH at most
 * @batch: an empty batch; the objects are added to it, marked as cached
 *
 * Context: Any but NMI, with no raw lock held.
 */
void rsv_slob_freelist_alloc(struct rsv_cache *c, int nid, unsigned int nr,
			     struct rsv_batch *batch)
{
	struct rsv_heap_node *h = rsv_slob_freelist_node(c, nid);
	unsigned long flags;

	raw_spin_lock_irqsave(&h->lock, flags);
	rsv_slob_freelist_pop_some(c, nid, nr, batch);
	raw_spin_unlock_irqrestore(&h->lock, flags);
	if (batch->damaged)
		rsv_heap_lost(c, batch->damaged, batch->lost);
}

static enum rsv_misuse rsv_slob_freelist_push(struct rsv_cache *c, struct rsv_cache_node *n,
					      const struct rsv_slob_page *page, void *object)
{
	struct rsv_slob_block block;

	if (rsv_slob_block_find(c, page, object, &block) != RSV_OK ||
	    rsv_mark_read(c, rsv_mark_at(c, object)) != RSV_MARK_CACHED)
		return RSV_DOUBLE_FREE;
	rsv_mark_write(c, rsv_slob_freelist_next(c, object), (unsigned long)n->freelist);
	rsv_mark_write(c, rsv_mark_at(c, object), RSV_SLAB_NONE);
	n->freelist = object;
	n->nr_freelist++;
	if (c->flags & RSV_TYPESAFE_BY_RCU)
		get_state_synchronize_rcu_full(&n->freed);
	rsv_backoff_cached(c->region);
	return RSV_OK;
}

/**
 * rsv_slob_freelist_free() - free an object to the freelist of its cache
 * @c: the cache
 * @e: the extent that the object lies in
 * @f: the frame of its page
 * @object: the object, marked as cached
 *
 * Context: Any but NMI, with no raw lock held.
 * Return: RSV_OK, or RSV_DOUBLE_FREE if another CPU freed the object already.
 */
enum rsv_misuse rsv_slob_freelist_free(struct rsv_cache *c, struct rsv_extent *e,
				       struct rsv_frame *f, void *object)
{
	struct rsv_heap_node *h = rsv_heap_node_of(e);
	enum rsv_misuse misuse = RSV_DOUBLE_FREE;
	struct rsv_slob_page page;
	unsigned long flags;

	raw_spin_lock_irqsave(&h->lock, flags);
	if (rsv_slob_page_find(e, f, &page))
		misuse = rsv_slob_freelist_push(c, c->nodes[e->nid], &page, object);
	raw_spin_unlock_irqrestore(&h->lock, flags);
	return misuse;
}

/**
 * rsv_slob_freelist_surplus() - the number of objects to free from the freelist
 * @c: the cache
 * @nid: the node
 * @aged: only those unused for an interval, which ends now
 *
 * Context: Any but NMI.
 * Return: The number.
 */
unsigned long rsv_slob_freelist_surplus(struct rsv_cache *c, int nid, bool aged)
{
	struct rsv_heap_node *h = rsv_slob_freelist_node(c, nid);
	struct rsv_cache_node *n = c->nodes[nid];
	unsigned long flags, nr;

	raw_spin_lock_irqsave(&h->lock, flags);
	nr = aged ? n->min_nr : n->nr_freelist;
	n->min_nr = n->nr_freelist - nr;
	raw_spin_unlock_irqrestore(&h->lock, flags);
	return nr;
}

/**
 * rsv_slob_freelist_chain() - link an object that was taken off the freelist to another one
 * @c: the cache
 * @object: the object, cached and the caller's
 * @next: the other one, or NULL
 *
 * Context: Any.
 * Return: @object
 */
void *rsv_slob_freelist_chain(const struct rsv_cache *c, void *object, void *next)
{
	rsv_mark_write(c, rsv_slob_freelist_next(c, object), (unsigned long)next);
	return object;
}

/**
 * rsv_slob_freelist_chained() - the next object of a chain
 * @c: the cache
 * @nid: the node that the objects are of
 * @object: an object of the chain
 * @behind: the number of objects behind it
 * @next: set to the next object, or to NULL
 *
 * Context: Any but NMI, with no raw lock held.
 * Return: false if the link was overwritten: then @object and those behind it are lost.
 */
bool rsv_slob_freelist_chained(struct rsv_cache *c, int nid, void *object, unsigned long behind,
			       void **next)
{
	struct rsv_heap_node *h = rsv_slob_freelist_node(c, nid);
	unsigned long flags;
	bool sound;

	*next = (void *)rsv_mark_read(c, rsv_slob_freelist_next(c, object));
	raw_spin_lock_irqsave(&h->lock, flags);
	sound = behind ? rsv_slob_freelist_may_be(c, nid, *next) : !*next;
	raw_spin_unlock_irqrestore(&h->lock, flags);
	if (!sound)
		rsv_heap_lost(c, object, behind + 1);
	return sound;
}

/**
 * rsv_slob_freelist_retire() - let objects of a freelist wait until no reader looks at them
 * @c: the cache, with RSV_TYPESAFE_BY_RCU
 * @nid: the node
 * @nr: how many, RSV_BATCH at most
 * @batch: an empty batch; tells the number of objects, and what was lost
 *
 * Context: Any but NMI, with no raw lock held.
 */
void rsv_slob_freelist_retire(struct rsv_cache *c, int nid, unsigned int nr,
			      struct rsv_batch *batch)
{
	struct rsv_heap_node *h = rsv_slob_freelist_node(c, nid);
	struct rsv_cache_node *n = c->nodes[nid];
	unsigned long flags;
	unsigned int i;

	raw_spin_lock_irqsave(&h->lock, flags);
	rsv_slob_freelist_pop_some(c, nid, nr, batch);
	for (i = 0; i < batch->nr; i++)
		n->waiting = rsv_slob_freelist_chain(c, batch->object[i], n->waiting);
	n->nr_waiting += batch->nr;
	/* Not before that of an object that waits already: the state never goes back. */
	if (batch->nr)
		n->grace = n->freed;
	raw_spin_unlock_irqrestore(&h->lock, flags);
	if (batch->damaged)
		rsv_heap_lost(c, batch->damaged, batch->lost);
}

/**
 * rsv_slob_freelist_take_ended() - take the objects that no reader looks at any more
 * @c: the cache
 * @nid: the node
 * @nr: set to their number
 *
 * Context: Any but NMI, with no raw lock held.
 * Return: The objects, as a chain.
 */
void *rsv_slob_freelist_take_ended(struct rsv_cache *c, int nid, unsigned long *nr)
{
	struct rsv_heap_node *h = rsv_slob_freelist_node(c, nid);
	struct rsv_cache_node *n = c->nodes[nid];
	void *chain = NULL;
	unsigned long flags;

	*nr = 0;
	raw_spin_lock_irqsave(&h->lock, flags);
	if (n->nr_waiting && poll_state_synchronize_rcu_full(&n->grace)) {
		chain = n->waiting;
		*nr = n->nr_waiting;
		n->waiting = NULL;
		n->nr_waiting = 0;
	}
	raw_spin_unlock_irqrestore(&h->lock, flags);
	return chain;
}

/**
 * rsv_heap_waits() - whether the engine's shrink left objects that readers may still look at
 * @c: the cache, of any engine
 *
 * Context: Any.
 * Return: true if a further call after a grace period frees more.
 */
bool rsv_heap_waits(const struct rsv_cache *c)
{
	int nid;

	for (nid = 0; nid < nr_node_ids; nid++)
		if (c->nodes[nid]->nr_waiting)
			return true;
	return false;
}
