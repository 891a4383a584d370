// SPDX-License-Identifier: GPL-2.0
/*
 * Objects: allocate and free, one by one.
 *
 * What a CPU has at hand serves nearly every request (magazine.h). The slow paths are here, and go
 * through the same steps whatever the engine:
 *
 *	allocate: a kept object from the magazines, the engine, more memory for the engine, other
 *		  nodes, the guaranteed; a constructor, if it never had one; marked as in use;
 *		  checked
 *	free: found to be an object of the cache and in use; checked; marked as kept; then to the
 *		  guaranteed if one is missing, the magazines, or the engine
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/hardirq.h>
#include <linux/irqflags.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/topology.h>

#include "batch.h"
#include "cache.h"
#include "compat.h"
#include "depot.h"
#include "engine.h"
#include "guarantee.h"
#include "hooks.h"
#include "magazine.h"
#include "magazine_cache.h"
#include "objects/debug/check.h"
#include "pages/page_alloc.h"
#include "region.h"

/*
 * Allocation
 */

/* From the engine, and with it what this CPU is to have at hand */
static void rsv_take_batch(struct rsv_cache *c, gfp_t gfp, struct rsv_batch *t)
{
	const bool tend = rsv_magazine_wanted(c) && unlikely(rsv_magazines_missing(c));
	/* Where somebody waits, who makes something else as well takes no more than it needs. */
	unsigned int nr = tend && irqs_disabled() ? 1 : rsv_magazine_batch(c);

	if (!rsv_batch_alloc(c, gfp, numa_mem_id(), nr, t) && tend)
		rsv_magazines_preallocate(c);
}

/* A kept object that is not guaranteed; @fresh: it has to be constructed */
static void *rsv_object_obtain(struct rsv_cache *c, gfp_t gfp, int nid, bool *fresh)
{
	bool any = nid == NUMA_NO_NODE;
	struct rsv_batch t;
	/* Where the gate is open, there was nothing a moment ago. */
	void *object = any && !rsv_cache_has_fastpath(c) ? rsv_magazine_find(c) : NULL;

	*fresh = false;
	if (object)
		return object;
	if (any)
		rsv_take_batch(c, gfp, &t);
	else
		rsv_batch_alloc(c, gfp, nid, 1, &t);
	if (!t.nr)
		return NULL;
	*fresh = t.raw;
	rsv_magazine_refill(c, &t);
	return t.object[0];
}

/* From kept to in use; false: it was reported, and is lost. */
static bool rsv_object_prepare(struct rsv_cache *c, void *object, unsigned long caller)
{
	if (!c->engine->mark_used(c, object)) {
		rsv_debug_report(RSV_CORRUPT, c, rsv_region_extent(c->region, object), object,
				 "a free object was written to, and is lost");
		return false;
	}
	return !rsv_cache_debugs(c) || rsv_debug_alloc(c, object, caller);
}

/**
 * rsv_cache_usable() - whether a cache was not destroyed; if it was, that is reported
 * @c: the cache
 *
 * Context: Any.
 * Return: true if so.
 */
bool rsv_cache_usable(const struct rsv_cache *c)
{
	if (likely(READ_ONCE(c->alive)))
		return true;
	rsv_report(RSV_DEAD_CACHE, "cache %s: it was destroyed", c->name);
	return false;
}

/* @kept: an object that was found to be damaged as it was handed out, or NULL */
static void *rsv_object_alloc_hard(struct rsv_cache *c, gfp_t gfp, int nid, void *kept,
				   unsigned long caller)
{
	gfp_t known = nid == NUMA_NO_NODE ? RSV_GFP_OBJECTS : RSV_GFP_OBJECTS | __GFP_THISNODE;
	void *object = kept;
	bool fresh = false;

	if (!rsv_gfp_ok(gfp, known) || in_nmi() || !rsv_cache_usable(c))
		return NULL;
	while (!object || !rsv_object_prepare(c, object, caller)) {
		/* A lost object is out for ever. What came from a magazine was counted there. */
		if (object != kept)
			this_cpu_inc(c->cpus->slow_allocs);
		object = rsv_object_obtain(c, gfp & ~__GFP_ZERO, nid, &fresh);
		if (!object && !(gfp & __GFP_THISNODE))
			object = rsv_guarantee_take(c);
		if (!object) {
			this_cpu_inc(c->cpus->failures);
			return NULL;
		}
		if (fresh) {
			rsv_kasan_allow(object, c->layout.object_size);
			c->ctor(object);
		}
	}
	this_cpu_inc(c->cpus->slow_allocs);
	return rsv_object_ready(c, object, gfp);
}

/* From this CPU's magazines, by steps that the fast path does not take; false if it cannot be */
static bool rsv_object_take_open(struct rsv_cache *c, void **object)
{
	struct rsv_cpu *cpu = rsv_cpu_enter_open(c);
	bool taken;

	if (!cpu)
		return false;
	taken = rsv_cpu_pop(cpu, object) ||
		(rsv_cpu_exchange_empty(c, cpu) && rsv_cpu_pop(cpu, object));
	cpu->allocs += taken;
	rsv_cpu_leave(cpu);
	return taken;
}

/**
 * rsv_object_alloc_slow() - allocate an object where the fast path did not
 * @c: the cache
 * @gfp: as for rsv_cache_alloc()
 * @kept: an object that was found to be damaged as it was handed out, or NULL
 * @caller: who asks
 *
 * Context: As rsv_cache_alloc().
 * Return: The object or NULL.
 */
void *rsv_object_alloc_slow(struct rsv_cache *c, gfp_t gfp, void *kept, unsigned long caller)
{
	void *object;

	/* Another magazine, an object to be cleared, or one whose engine knows how it is marked */
	if (!kept && !(gfp & ~RSV_GFP_OBJECTS) && rsv_object_take_open(c, &object)) {
		if (likely(c->engine->mark_used(c, object)))
			return rsv_object_ready(c, object, gfp);
		kept = object;
	}
	return rsv_object_alloc_hard(c, gfp, NUMA_NO_NODE, kept, caller);
}

/**
 * rsv_cache_alloc() - allocate an object
 * @c: the cache
 * @gfp: as for rsv_alloc_pages(), without __GFP_DMA, __GFP_DMA32 and __GFP_THISNODE: an object
 *	comes from whatever slab the cache has. __GFP_ZERO clears an object without a constructor,
 *	and leaves one that has a constructor as constructed
 *
 * Context: Any but NMI, where it gives NULL; may sleep if @gfp allows it. The constructor, if there
 * is one, is called in the caller's context.
 * Return: The object, aligned as the cache was told, or NULL if the region has no memory for it. A
 * caller that may not sleep may get NULL while other CPUs have free objects in their magazines.
 */
void *rsv_cache_alloc(struct rsv_cache *c, gfp_t gfp)
{
	return rsv_object_alloc(c, gfp);
}
EXPORT_SYMBOL_GPL(rsv_cache_alloc);

/**
 * rsv_cache_alloc_node() - allocate an object whose memory is preferably of a node
 * @c: the cache
 * @gfp: as for rsv_cache_alloc(); with __GFP_THISNODE no other node serves
 * @nid: the node, or NUMA_NO_NODE for that of this CPU
 *
 * Context: As rsv_cache_alloc(). Magazines do not serve it.
 * Return: As rsv_cache_alloc(), and NULL for a node that does not exist.
 */
void *rsv_cache_alloc_node(struct rsv_cache *c, gfp_t gfp, int nid)
{
	rsv_might_sleep(gfp);
	if (nid == NUMA_NO_NODE && !(gfp & __GFP_THISNODE))
		return rsv_cache_alloc(c, gfp);
	if (nid == NUMA_NO_NODE)
		nid = numa_mem_id();
	if (nid < 0 || nid >= nr_node_ids)
		return NULL;
	return rsv_object_alloc_hard(c, gfp, nid, NULL, _RET_IP_);
}
EXPORT_SYMBOL_GPL(rsv_cache_alloc_node);

/**
 * rsv_cache_obtain() - take an object to keep it, not to use it
 * @c: the cache
 * @gfp: as for rsv_cache_alloc()
 *
 * Context: Any but NMI; may sleep if @gfp allows it.
 * Return: The object, marked as kept, and constructed; or NULL.
 */
void *rsv_cache_obtain(struct rsv_cache *c, gfp_t gfp)
{
	bool fresh;
	void *object = rsv_object_obtain(c, gfp, NUMA_NO_NODE, &fresh);

	if (object && fresh) {
		rsv_kasan_allow(object, c->layout.object_size);
		c->ctor(object);
		rsv_kasan_forbid(object, round_up(c->layout.object_size, RSV_MARK_BYTES));
	}
	return object;
}

/**
 * rsv_object_use() - hand out an object of a cache that serves others
 * @c: the cache
 * @kept: the object, marked as kept
 *
 * Context: Any but NMI.
 * Return: The object or, if it was damaged, NULL.
 */
void *rsv_object_use(struct rsv_cache *c, void *kept)
{
	/* Also if it is damaged: then it is out for ever. */
	this_cpu_inc(c->cpus->slow_allocs);
	return rsv_object_prepare(c, kept, _RET_IP_) ? rsv_object_ready(c, kept, GFP_NOWAIT) : NULL;
}

/*
 * Free
 */

/**
 * rsv_object_claim_TEMP() - mark an object in use as kept, whatever engine its cache has
 * @c: the cache
 * @e: the extent that it lies in
 * @object: the object, or whatever was given instead
 *
 * Context: Any but NMI, with preemption disabled: what was free already is looked at quickly,
 * before its slab may be gone.
 * Return: RSV_OK, or why it is none, and then nothing has changed.
 */
enum rsv_misuse rsv_object_claim_TEMP(struct rsv_cache *c, struct rsv_extent *e, void *object)
{
	struct rsv_frame *f = rsv_frame_at(e, object);
	const struct rsv_cache *owner = READ_ONCE(f->cache);
	bool heap = rsv_frame_is_heap(f);

	if (owner ? owner != c : heap && !c->engine->heap)
		return RSV_WRONG_CACHE;
	if (!owner && !heap)
		return RSV_FOREIGN;
	return c->engine->mark_cached(c, e, f, object);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_object_claim_TEMP);

/**
 * rsv_object_freed_twice() - report that two CPUs gave an object back at once, and both were believed
 * @c: the cache
 * @e: the extent that the object lies in
 * @object: the object
 * @misuse: what the engine found
 *
 * Both have counted it, as if it had been taken twice.
 *
 * Context: Any but NMI, with no raw lock held.
 */
void rsv_object_freed_twice(struct rsv_cache *c, struct rsv_extent *e, void *object,
			    enum rsv_misuse misuse)
{
	this_cpu_inc(c->cpus->slow_allocs);
	rsv_debug_report(misuse, c, e, object, "given back by two CPUs at once");
}

static void rsv_object_engine_free(struct rsv_cache *c, struct rsv_extent *e, void *object)
{
	struct rsv_cpu *cpu = rsv_cpu_enter_active(c, e->nid);
	enum rsv_misuse misuse;

	misuse = c->engine->free(c, cpu, e, rsv_frame_at(e, object), object);
	if (cpu)
		rsv_cpu_leave(cpu);
	if (misuse != RSV_OK)
		rsv_object_freed_twice(c, e, object, misuse);
}

/**
 * rsv_cache_keep() - put a kept object where it is needed most
 * @c: the cache
 * @object: the object, marked as kept
 *
 * Context: Any but NMI.
 */
void rsv_cache_keep(struct rsv_cache *c, void *object)
{
	struct rsv_extent *e = rsv_region_extent(c->region, object);

	if (!rsv_guarantee_put(c, object) && !rsv_magazine_keep(c, e, object))
		rsv_object_engine_free(c, e, object);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_cache_keep);

/* Whether an object, marked as kept by now, may be used again; if not it is lost. */
static bool rsv_object_sound(struct rsv_cache *c, struct rsv_extent *e, void *object,
			     unsigned long caller)
{
	if (!rsv_cache_debugs(c))
		return true;
	if (c->flags & RSV_CACHE_VERIFY && !c->engine->verify(c, e, rsv_frame_at(e, object)))
		return false;
	return rsv_debug_free(c, e, object, caller);
}

/**
 * rsv_cache_put() - take an object back on the slow path, or report why not
 * @c: the cache that it is given back to
 * @e: the extent that it lies in
 * @object: the object
 * @caller: who gives it back
 *
 * Context: Any but NMI, under rcu_read_lock().
 */
void rsv_cache_put(struct rsv_cache *c, struct rsv_extent *e, void *object, unsigned long caller)
{
	enum rsv_misuse misuse;

	/* An object that was free already is looked at quickly, before its slab may be gone. */
	preempt_disable();
	misuse = rsv_object_claim_TEMP(c, e, object);
	preempt_enable();
	if (misuse != RSV_OK) {
		rsv_debug_report(misuse, c, e, object, "given back");
		return;
	}
	if (!rsv_object_sound(c, e, object, caller)) {
		rsv_object_unwatch(c, object);
		return;
	}
	rsv_object_hide_all(c, object);
	this_cpu_inc(c->cpus->slow_frees);
	rsv_cache_keep(c, object);
}

/* By way of a side gate, into this CPU's magazine: the engine is asked what it claims. */
static bool rsv_object_put_aside(struct rsv_cache *c, struct rsv_cpu *cpu, struct rsv_extent *e,
				 void *object)
{
	struct rsv_frame *f = rsv_frame_at(e, object);

	if (READ_ONCE(f->cache) != c || c->engine->mark_cached(c, e, f, object) != RSV_OK)
		return false;
	rsv_object_hide_all(c, object);
	rsv_cpu_push(cpu, cpu->top, object);
	cpu->frees++;
	return true;
}

/* Into a magazine of this CPU that has room by now, whether the gate or the side gate is open */
static bool rsv_object_put_here(struct rsv_cache *c, struct rsv_cpu *cpu, struct rsv_extent *e,
				void *object)
{
	struct rsv_frame *f = rsv_frame_at(e, object);

	if (e->nid != numa_mem_id())
		return false;
	/* The next ones will be found there without asking. */
	if (rsv_extent_is_linear(e))
		WRITE_ONCE(cpu->extent, e);
	if (c->engine->off_object)
		return rsv_object_put_aside(c, cpu, e, object);
	return READ_ONCE(f->cache) == c &&
	       rsv_magazine_give(c, cpu, f, rsv_slab_offset(f, object), object, true);
}

/* To the engine, of a cache whose gate is open: it checks nothing and misses no guaranteed one. */
static bool rsv_object_put_behind(struct rsv_cache *c, struct rsv_extent *e, void *object)
{
	enum rsv_misuse misuse;

	/* An object that was free already is looked at quickly, before its slab may be gone. */
	preempt_disable();
	misuse = rsv_object_claim_TEMP(c, e, object);
	preempt_enable();
	if (misuse != RSV_OK)
		return false;
	rsv_object_hide_all(c, object);
	this_cpu_inc(c->cpus->slow_frees);
	rsv_object_engine_free(c, e, object);
	return true;
}

/**
 * rsv_object_put_open() - give an object back to a cache whose gate is open, with steps that the
 * fast path does not take: another extent, another magazine, and if there is none the engine
 * @c: the cache that its page belongs to
 * @e: the extent that it lies in
 * @object: the object
 *
 * Context: Any but NMI, under rcu_read_lock().
 * Return: Whether that was possible; if not nothing has changed.
 */
bool rsv_object_put_open(struct rsv_cache *c, struct rsv_extent *e, void *object)
{
	struct rsv_cpu *cpu;
	bool done;

	if (!rsv_cache_has_fastpath(c) || e->nid != numa_mem_id())
		return false;
	cpu = rsv_cpu_enter_with_room(c);
	if (!cpu)
		return rsv_object_put_behind(c, e, object);
	done = rsv_object_put_here(c, cpu, e, object);
	rsv_cpu_leave(cpu);
	return done;
}

/**
 * rsv_object_free_slow() - give an object back where the fast path did not
 * @c: its cache
 * @object: the object, or whatever was given instead
 * @caller: who does so
 *
 * Context: As rsv_cache_free().
 */
void rsv_object_free_slow(struct rsv_cache *c, void *object, unsigned long caller)
{
	struct rsv_extent *e;

	if (!object || !rsv_cache_usable(c) || rsv_refuse_nmi("an object given back"))
		return;
	rcu_read_lock();
	e = rsv_region_extent(c->region, object);
	if (e && !rsv_object_put_open(c, e, object))
		rsv_cache_put(c, e, object, caller);
	else if (!e)
		rsv_report(RSV_FOREIGN, "cache %s of region %s: a pointer to elsewhere", c->name,
			   c->region->name);
	rcu_read_unlock();
}

/**
 * rsv_cache_free() - give an object back
 * @c: its cache
 * @object: the object; NULL does nothing. If the cache has a constructor the caller has restored
 *	the state that the constructor made: it is neither cleared nor constructed again
 *
 * An object that is free already, belongs to another cache, or is none at all is reported and left
 * as it is.
 *
 * Context: Any but NMI, where it is refused with a report.
 */
void rsv_cache_free(struct rsv_cache *c, void *object)
{
	if (unlikely(!rsv_magazine_put(c, object)))
		rsv_object_free_slow(c, object, _RET_IP_);
}
EXPORT_SYMBOL_GPL(rsv_cache_free);

/*
 * What an address is
 */

/**
 * rsv_cache_owning() - the cache that an object belongs to
 * @e: the extent that it lies in
 * @object: the object
 *
 * Context: Any, under rcu_read_lock().
 * Return: The cache, or NULL if the object lies in no slab.
 */
struct rsv_cache *rsv_cache_owning(const struct rsv_extent *e, const void *object)
{
	return READ_ONCE(rsv_frame_at(e, object)->cache);
}

/**
 * rsv_object_is_used() - whether an object in use begins at an address
 * @c: the cache that its page belongs to
 * @e: the extent that it lies in
 * @object: the address
 *
 * Context: Any but NMI, under rcu_read_lock().
 * Return: true if so.
 */
bool rsv_object_is_used(const struct rsv_cache *c, struct rsv_extent *e, const void *object)
{
	return c->engine->is_used(c, e, rsv_frame_at(e, object), object);
}
