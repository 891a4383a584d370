// SPDX-License-Identifier: GPL-2.0
/*
 * Batches: cached objects on their way from an engine, and back to it.
 *
 * An engine allocates up to RSV_BATCH objects under one hold of its lock: the first serves the
 * request, and the others refill this CPU's magazine. Objects go back to the engine one by one.
 * While a guaranteed object is missing, an object that goes back becomes one instead.
 */
#include <linux/topology.h>

#include "batch.h"
#include "cache.h"
#include "cpu.h"
#include "debug/check.h"
#include "engine.h"
#include "guarantee.h"
#include "hooks.h"
#include "node.h"
#include "pages/pagemap.h"
#include "pages/zonelist.h"

/**
 * rsv_cache_lost() - report that a slab lost free objects, since its freelist was overwritten
 * @c: the cache
 * @base: an address in the slab
 * @nr: how many
 *
 * The function counts the objects as used for ever. So the slab stays, and the cache with it.
 *
 * Context: Any but NMI, with no raw lock held.
 */
void rsv_cache_lost(struct rsv_cache *c, void *base, unsigned int nr)
{
	const struct rsv_extent *e = rsv_region_extent(c->region, base);

	rsv_debug_report_slab(RSV_CORRUPT, c, base, "%u free objects are lost", nr);
	if (rsv_cache_owning(e, base) == c)
		this_cpu_add(c->cpus->slow_allocs, nr);
}

/*
 * Prepares the object of a raw batch, which was never allocated. The batch stays raw if the
 * constructor must still run. Red zones and poison take as long as the object is large, so the
 * engine's lock is dropped by now.
 */
static void rsv_batch_prepare(struct rsv_cache *c, struct rsv_batch *t)
{
	if (rsv_cache_clears_raw(c))
		rsv_object_clear(c, t->object[0]);
	if (rsv_cache_debugs(c))
		rsv_debug_init(c, t->object[0]);
	t->raw = c->ctor;
}

/**
 * rsv_batch_alloc_node() - get objects from the slabs of one node
 * @c: the cache
 * @nid: the node
 * @nr: how many, up to RSV_BATCH
 * @t: set to the objects, which are cached
 *
 * Context: Any but NMI.
 */
void rsv_batch_alloc_node(struct rsv_cache *c, int nid, unsigned int nr, struct rsv_batch *t)
{
	struct rsv_cpu *cpu;

	do {
		rsv_batch_init(t);
		cpu = rsv_cpu_enter_active(c, nid);
		c->engine->alloc(c, cpu, nid, nr, t);
		if (cpu)
			rsv_cpu_leave(cpu);
		if (unlikely(t->raw))
			rsv_batch_prepare(c, t);
		if (t->damaged)
			rsv_cache_lost(c, t->damaged, t->lost);
	} while (t->damaged && !t->nr);
}

/**
 * rsv_batch_alloc_nodes() - get objects from the slabs of several nodes, the nearest first
 * @c: the cache
 * @nid: the node from which @rank counts
 * @rank: the rank of the first node; 0 stands for @nid itself
 * @nr: how many, up to RSV_BATCH
 * @t: set to the objects, which are cached. All are of the first node that has any
 *
 * Context: Any but NMI.
 */
void rsv_batch_alloc_nodes(struct rsv_cache *c, int nid, unsigned int rank, unsigned int nr,
			   struct rsv_batch *t)
{
	rsv_batch_init(t);
	for (; !t->nr && rank < nr_node_ids; rank++)
		rsv_batch_alloc_node(c, rsv_node_at(nid, rank), nr, t);
}

/* Makes a new slab, whose first objects go to the batch. Returns whether the region had memory. */
static bool rsv_batch_new_slab(struct rsv_cache *c, gfp_t gfp, int nid, unsigned int nr,
			       struct rsv_batch *t)
{
	bool made;

	rsv_batch_init(t);
	made = c->engine->new_slab(c, gfp, nid, nr, t);
	if (unlikely(t->raw))
		rsv_batch_prepare(c, t);
	if (unlikely(t->damaged)) {
		rsv_cache_lost(c, t->damaged, t->lost);
		/* The damaged slab served before the new one, which is on its list now. */
		if (!t->nr)
			rsv_batch_alloc_node(c, nid, nr, t);
	}
	return made;
}

/**
 * rsv_batch_alloc() - get objects from the engine, of the nearest node that has any
 * @c: the cache
 * @gfp: as for rsv_cache_alloc_node()
 * @nid: the preferred node
 * @nr: how many, up to RSV_BATCH
 * @t: set to the objects, which are cached
 *
 * On a machine with several nodes, the function tries a new slab of the preferred node before it
 * tries the slabs of other nodes. For that slab the request does not wait, and no other CPU is
 * drained: the slabs of other nodes serve as well.
 *
 * Context: Any but NMI; may sleep if @gfp allows it.
 * Return: true if slabs that existed before served; false if a new one did, or nothing.
 */
bool rsv_batch_alloc(struct rsv_cache *c, gfp_t gfp, int nid, unsigned int nr, struct rsv_batch *t)
{
	const gfp_t undrained = (gfp | __GFP_THISNODE | __GFP_NOWARN) & ~__GFP_DIRECT_RECLAIM;
	const bool other_nodes = nr_node_ids > 1 && !(gfp & __GFP_THISNODE);

	/* The slabs of the preferred node */
	rsv_batch_alloc_node(c, nid, nr, t);
	if (t->nr)
		return true;
	/* A new slab of that node, or the slabs of other nodes */
	if (other_nodes && !rsv_batch_new_slab(c, undrained, nid, nr, t)) {
		rsv_batch_alloc_nodes(c, nid, 1, nr, t);
		if (t->nr)
			return true;
	}
	/*
	 * A new slab of any node that @gfp allows. For it the region may drain all CPUs and caches.
	 * An interrupt may take all objects of the new slab before this request gets one. Then the
	 * loop makes another slab, as long as the region has memory.
	 */
	while (!t->nr && rsv_batch_new_slab(c, gfp, nid, nr, t))
		;
	return false;
}

/*
 * Gives a cached object back to the engine, unless it is not the cache's any more. Disabled
 * preemption keeps the slab's pages: see leaving.c.
 */
static enum rsv_misuse rsv_batch_free_to_engine(struct rsv_cache *c, struct rsv_extent *e,
						void *object)
{
	struct rsv_frame *f = rsv_frame_at(e, object);
	enum rsv_misuse misuse = RSV_DOUBLE_FREE;
	struct rsv_cpu *cpu;

	preempt_disable();
	if (likely(rsv_frame_cache(f) == c || (c->engine->heap && rsv_frame_is_heap(f)))) {
		cpu = rsv_cpu_enter_active(c, e->nid);
		misuse = c->engine->free(c, cpu, e, f, object);
		if (cpu)
			rsv_cpu_leave(cpu);
	}
	preempt_enable();
	return misuse;
}

/**
 * rsv_batch_free_one() - give a cached object back to the engine
 * @c: the cache
 * @e: the extent that it lies in
 * @object: the object
 *
 * Two CPUs that free one object at the same instant may both find it used. The engine then finds
 * the object free when the second CPU gives it back. Both CPUs counted a free, so this function
 * counts a second allocation.
 *
 * Context: Any but NMI, with no raw lock held.
 */
void rsv_batch_free_one(struct rsv_cache *c, struct rsv_extent *e, void *object)
{
	const enum rsv_misuse misuse = rsv_batch_free_to_engine(c, e, object);

	if (likely(misuse == RSV_OK))
		return;
	this_cpu_inc(c->cpus->slow_allocs);
	rsv_debug_report(misuse, c, e, object, "given back by two CPUs at once");
}
EXPORT_SYMBOL_IF_KUNIT(rsv_batch_free_one);

/**
 * rsv_batch_free() - give cached objects back: to the guaranteed objects, or to the engine
 * @c: the cache
 * @objects: the objects
 * @nr: how many
 *
 * Context: Any but NMI, with no raw lock held.
 */
void rsv_batch_free(struct rsv_cache *c, void **objects, unsigned int nr)
{
	while (nr--)
		if (!rsv_guarantee_put(c, objects[nr]))
			rsv_batch_free_one(c, rsv_region_extent(c->region, objects[nr]),
					   objects[nr]);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_batch_free);
