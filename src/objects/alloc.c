// SPDX-License-Identifier: GPL-2.0
/*
 * Allocation of an object, straight down. The fast path (fastpath.h) pops the object from this
 * CPU's loaded magazine. If it cannot, rsv_alloc_cached() asks each place that may have an object,
 * from the nearest to the farthest:
 *
 *	the magazines of this CPU, and the depot of its node
 *	the engine: slabs of the node, a new slab, slabs of other nodes
 *	the engine again, after one magazine of each depot was flushed to it
 *	the guaranteed objects
 *
 * rsv_alloc_by_steps() then makes a used object of the cached one. Of a cache without magazines the
 * engine mostly gives the user an object in one step instead (engine.h).
 *
 * The slow path is the same for all engines and for single and bulk requests.
 */
#include <linux/hardirq.h>
#include <linux/preempt.h>
#include <linux/topology.h>

#include "alloc.h"
#include "batch.h"
#include "cache.h"
#include "debug/check.h"
#include "engine.h"
#include "fastpath.h"
#include "guarantee.h"
#include "hooks.h"
#include "magazine.h"
#include "magazine_cache.h"
#include "pages/page_alloc.h"

/*
 * Gets objects after the engine had none. The request may have freed objects itself that waited for
 * a grace period, and if it slept, other callers may have. They are in this CPU's magazines, in a
 * depot or with the engine. A depot may have objects of any node, so the function flushes a full
 * magazine of each to the engine.
 */
static void rsv_alloc_leftovers(struct rsv_cache *c, gfp_t gfp, int nid, unsigned int nr,
				struct rsv_batch *t)
{
	void *object = rsv_cpu_alloc(c, gfp & __GFP_THISNODE ? nid : NUMA_NO_NODE, false);

	if (object) {
		t->object[t->nr++] = object;
		return;
	}
	rsv_magazine_spill(c);
	if (gfp & __GFP_THISNODE)
		rsv_batch_alloc_node(c, nid, nr, t);
	else
		rsv_batch_alloc_nodes(c, nid, 0, nr, t);
}

/*
 * Gets a cached object from the engine, or NULL. Sets *raw if the object was never constructed. The
 * function is not inline: the kernel may clear the batch on the stack, and magazines serve most
 * requests without one.
 */
static noinline void *rsv_alloc_from_engine(struct rsv_cache *c, gfp_t gfp, int nid, bool *raw)
{
	bool missing = false, served;
	unsigned int nr = 1;
	struct rsv_batch t;

	if (nid == NUMA_NO_NODE)
		nid = numa_mem_id();
	/* Objects beyond the first one go to magazines of this CPU. */
	if (nid == numa_mem_id()) {
		/* Read first: this request may set the hint again, for the next one. */
		missing = rsv_magazine_wanted(c) && rsv_magazine_missing(c);
		nr = rsv_cpu_batch_size(c);
	}
	/* If a guaranteed object can serve, an exhausted region is no failure to warn of. */
	if (READ_ONCE(c->guarantee.nr))
		gfp |= __GFP_NOWARN;
	served = rsv_batch_alloc(c, gfp, nid, nr, &t);
	if (!t.nr)
		rsv_alloc_leftovers(c, gfp, nid, nr, &t);
	if (!t.nr)
		return NULL;
	if (unlikely(missing) && served)
		rsv_magazine_preallocate(c);
	rsv_cpu_refill(c, &t);
	*raw = t.raw;
	return t.object[0];
}

/*
 * Gets a cached object from the nearest place that has one, and counts the allocation. Sets *raw if
 * the object was never constructed. Returns NULL if the request has failed.
 */
static void *rsv_alloc_cached(struct rsv_cache *c, gfp_t gfp, int nid, bool *raw)
{
	void *object;

	*raw = false;
	/* The magazines of this CPU, then the depot of its node */
	object = rsv_cpu_alloc(c, nid, true);
	if (object)
		return object;
	/* The engine: slabs of the node, a new slab, other nodes, memory that drains get back */
	object = rsv_alloc_from_engine(c, gfp & ~__GFP_ZERO, nid, raw);
	/* The guaranteed objects */
	if (!object)
		object = rsv_guarantee_take(c, gfp & __GFP_THISNODE ? nid : NUMA_NO_NODE);
	if (object)
		this_cpu_inc(c->cpus->slow_allocs);
	else
		this_cpu_inc(c->cpus->failures);
	return object;
}

/**
 * rsv_alloc_warn_zero() - warn that a request for zeroes gets a constructed object
 * @c: the cache, which has a constructor
 *
 * Context: Any. The log has one line for each caller.
 */
void rsv_alloc_warn_zero(const struct rsv_cache *c)
{
	static struct rsv_callers callers;

	rsv_warn_caller(&callers,
			"__GFP_ZERO has no effect on objects of cache %s, which has a constructor",
			c->name);
}

/* Whether flags beyond plain ones are as they must be; see rsv_gfp_ok() */
static noinline bool rsv_alloc_gfp_ok(const struct rsv_cache *c, gfp_t gfp, gfp_t known)
{
	if (gfp & __GFP_ZERO && c->ctor)
		rsv_alloc_warn_zero(c);
	return rsv_gfp_ok(gfp, known);
}

static void rsv_alloc_construct(struct rsv_cache *c, void *object)
{
	rsv_kasan_allow(object, c->layout.object_size);
	c->ctor(object);
	/* The mark may lie in bytes of the object that need not be kept. */
	if (!c->engine->off_object && c->layout.mark < c->layout.object_size)
		rsv_object_set_cached(c, object);
}

/**
 * rsv_alloc_report_damaged() - report a cached object that somebody wrote to
 * @c: the cache
 * @object: the object, which is lost
 *
 * Context: Any, with no raw lock of the module held but by code that this caller interrupted.
 */
void rsv_alloc_report_damaged(struct rsv_cache *c, const void *object)
{
	rsv_debug_report(RSV_CORRUPT, c, NULL, object,
			 "a free object was written to, and is lost");
}

/**
 * rsv_alloc_mark_used() - make a cached object a used one
 * @c: the cache
 * @object: the object, constructed and the caller's
 * @caller: address of the calling code
 *
 * Context: Any.
 * Return: false if the object is damaged. It is reported then, and lost.
 */
bool rsv_alloc_mark_used(struct rsv_cache *c, void *object, unsigned long caller)
{
	bool used;

	preempt_disable();
	used = c->engine->mark_used(c, object);
	preempt_enable();
	if (unlikely(!used)) {
		rsv_alloc_report_damaged(c, object);
		return false;
	}
	return !rsv_cache_debugs(c) || rsv_debug_alloc(c, object, caller);
}

/* An allocation by way of a cached object */
static noinline void *rsv_alloc_by_steps(struct rsv_cache *c, gfp_t gfp, int nid, void *damaged,
					 unsigned long caller)
{
	const gfp_t known = nid == NUMA_NO_NODE ? RSV_GFP_OBJECTS :
						  RSV_GFP_OBJECTS | __GFP_THISNODE;
	void *object;
	bool raw;

	if (unlikely(damaged))
		rsv_alloc_report_damaged(c, damaged);
	if (unlikely(gfp & ~(known & ~__GFP_ZERO)) && (gfp & ~known || c->ctor) &&
	    !rsv_alloc_gfp_ok(c, gfp, known))
		return NULL;
	if (in_nmi() || !rsv_cache_usable(c))
		return NULL;
	do {
		/* A damaged object stays counted, since it is lost for ever. */
		object = rsv_alloc_cached(c, gfp, nid, &raw);
		if (!object)
			return NULL;
		if (raw)
			rsv_alloc_construct(c, object);
	} while (unlikely(!rsv_alloc_mark_used(c, object, caller)));
	return rsv_alloc_hook(c, object, gfp);
}

/* Not inline, so that caches with magazines save no registers for it. */
static noinline void *rsv_alloc_without_magazines(struct rsv_cache *c, gfp_t gfp, int nid,
						  unsigned long caller)
{
	void *object;

	if (likely(nid == NUMA_NO_NODE && rsv_gfp_is_plain(gfp))) {
		object = rsv_engine_alloc_direct(c);
		if (likely(object))
			return rsv_alloc_hook(c, object, gfp);
	}
	return rsv_alloc_by_steps(c, gfp, nid, NULL, caller);
}

/**
 * rsv_alloc_slow() - allocate an object where the fast path did not
 * @c: the cache
 * @gfp: as for rsv_cache_alloc()
 * @nid: the preferred node; NUMA_NO_NODE for that of this CPU, or whatever its magazines have
 * @damaged: an object whose mark the fast path found overwritten, or NULL
 * @caller: address of the calling code
 *
 * Context: As rsv_cache_alloc().
 * Return: The object or NULL.
 */
void *rsv_alloc_slow(struct rsv_cache *c, gfp_t gfp, int nid, void *damaged, unsigned long caller)
{
	/* A cache without magazines has no damaged object that the fast path found. */
	if (c->flags & RSV_NO_MAGAZINE)
		return rsv_alloc_without_magazines(c, gfp, nid, caller);
	return rsv_alloc_by_steps(c, gfp, nid, damaged, caller);
}

/* Constructs an object that nobody uses yet. */
static void rsv_alloc_construct_cached(struct rsv_cache *c, void *object)
{
	rsv_alloc_construct(c, object);
	rsv_kasan_forbid(object, round_up(c->layout.object_size, RSV_MARK_BYTES));
}

/**
 * rsv_alloc_for_reserve() - get cached objects that can become guaranteed ones, or a CPU's reserve
 * @c: the cache
 * @gfp: as for rsv_cache_alloc()
 * @nid: the preferred node
 * @nr: how many, up to RSV_BATCH
 * @t: set to a batch of objects of the engine, constructed. It is empty if the engine has none
 *
 * The function goes past the magazines, so that none is made for it, and counts no allocation.
 *
 * Context: Any but NMI; may sleep if @gfp allows it.
 */
void rsv_alloc_for_reserve(struct rsv_cache *c, gfp_t gfp, int nid, unsigned int nr,
			   struct rsv_batch *t)
{
	rsv_batch_alloc(c, gfp, nid, nr, t);
	if (t->nr && t->raw)
		rsv_alloc_construct_cached(c, t->object[0]);
}

/**
 * rsv_alloc_for_sheaf() - get a cached object that only the caller has
 * @c: the cache
 * @gfp: as for rsv_cache_alloc()
 *
 * The object comes from the nearest place that has one, is constructed, and counts as allocated.
 *
 * Context: Any but NMI; may sleep if @gfp allows it.
 * Return: The object, which rsv_alloc_mark_used() makes a used one; or NULL.
 */
void *rsv_alloc_for_sheaf(struct rsv_cache *c, gfp_t gfp)
{
	bool raw;
	void *object = rsv_alloc_cached(c, gfp, NUMA_NO_NODE, &raw);

	if (object && raw)
		rsv_alloc_construct_cached(c, object);
	return object;
}

/**
 * rsv_cache_alloc() - allocate an object
 * @c: the cache
 * @gfp: as for rsv_alloc_pages(), without __GFP_DMA, __GFP_DMA32 and __GFP_THISNODE: the cache
 *	decides which of its slabs serves. __GFP_ZERO clears an object without a constructor, and
 *	leaves one that has a constructor as constructed, with a warning once for each caller
 *
 * Context: Any; may sleep if @gfp allows it. In an NMI it gives NULL unless this CPU's loaded
 * magazine has an object. The constructor, if there is one, runs in the caller's context.
 * Return: The object, aligned as the cache demands, or NULL if the region has no memory for it. A
 * caller that may not sleep may get NULL while other CPUs have free objects in their magazines.
 */
void *rsv_cache_alloc(struct rsv_cache *c, gfp_t gfp)
{
	void *object = NULL;

	rsv_might_alloc(gfp);
	/* A tail call: the compiler need not save registers for the slow path. */
	if (unlikely(!rsv_gfp_is_plain(gfp) || !rsv_alloc_fast(c, &object)))
		return rsv_alloc_slow(c, gfp, NUMA_NO_NODE, object, _RET_IP_);
	return rsv_alloc_hook(c, object, gfp & ~__GFP_ZERO);
}
EXPORT_SYMBOL_GPL(rsv_cache_alloc);

/**
 * rsv_cache_alloc_node() - allocate an object, preferably of memory of a node
 * @c: the cache
 * @gfp: as for rsv_cache_alloc(); with __GFP_THISNODE no other node serves
 * @nid: the node, or NUMA_NO_NODE for that of this CPU
 *
 * This CPU's magazines serve if @nid is its node and they have an object of that node; guaranteed
 * objects serve last, with __GFP_THISNODE only those of the node.
 *
 * Context: As rsv_cache_alloc().
 * Return: As rsv_cache_alloc(), and NULL for a node that does not exist.
 */
void *rsv_cache_alloc_node(struct rsv_cache *c, gfp_t gfp, int nid)
{
	void *object = NULL;

	rsv_might_alloc(gfp);
	if (nid == NUMA_NO_NODE && gfp & __GFP_THISNODE)
		nid = numa_mem_id();
	if (nid != NUMA_NO_NODE && (nid < 0 || nid >= nr_node_ids))
		return NULL;
	/* All memory is of the only node. */
	if (nr_node_ids == 1) {
		nid = NUMA_NO_NODE;
		gfp &= ~__GFP_THISNODE;
	}
	if (nid != NUMA_NO_NODE || !rsv_gfp_is_plain(gfp) || !rsv_alloc_fast(c, &object))
		return rsv_alloc_slow(c, gfp, nid, object, _RET_IP_);
	return rsv_alloc_hook(c, object, gfp & ~__GFP_ZERO);
}
EXPORT_SYMBOL_GPL(rsv_cache_alloc_node);
