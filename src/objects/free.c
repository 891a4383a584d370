// SPDX-License-Identifier: GPL-2.0
/*
 * Free of an object, straight down: the fast path (fastpath.h) puts it into the loaded magazine of
 * this CPU; else rsv_free_slow() finds the object, and rsv_free_object() claims it, checks it, runs
 * the hooks and stores it. Each step is here once, for all engines and for single and bulk requests.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/preempt.h>
#include <linux/rcupdate.h>

#include "batch.h"
#include "cache.h"
#include "debug/check.h"
#include "fastpath.h"
#include "free.h"
#include "guarantee.h"
#include "magazine.h"
#include "pages/extent.h"

/**
 * rsv_free_claim() - mark a used object as cached
 * @c: the cache that the caller names
 * @e: the extent that it lies in
 * @object: the object, or whatever the caller passes
 *
 * Whoever marks it has the object: nobody else can free it or get it from then on.
 *
 * Context: Any but NMI, with preemption disabled, so that the slab of an object that is free already
 * is likely to be there still.
 * Return: RSV_OK, or why the caller does not have such an object, and then nothing has changed.
 */
enum rsv_misuse rsv_free_claim(struct rsv_cache *c, struct rsv_extent *e, void *object)
{
	struct rsv_frame *f = rsv_frame_at(e, object);
	const struct rsv_cache *owner = READ_ONCE(f->cache);

	if (likely(owner == c))
		return c->engine->mark_cached(c, e, f, object);
	if (owner)
		return RSV_WRONG_CACHE;
	/* SLOB's heap does not know the caches of its blocks. */
	if (!rsv_frame_is_heap(f))
		return RSV_FOREIGN;
	return c->engine->heap ? c->engine->mark_cached(c, e, f, object) : RSV_WRONG_CACHE;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_free_claim);

/* Whether a claimed object may be used again; if not that was reported, and the object is lost. */
static bool rsv_free_check(struct rsv_cache *c, struct rsv_extent *e, void *object,
			   unsigned long caller)
{
	if (c->flags & RSV_CACHE_VERIFY && !c->engine->verify(c, e, rsv_frame_at(e, object)))
		return false;
	return rsv_debug_free(c, e, object, caller);
}

/**
 * rsv_free_store() - put a cached object where it is needed first
 * @c: the cache
 * @e: the extent that it lies in
 * @object: the object
 * @count: its user frees the object, and this counts it
 *
 * That is among the guaranteed objects if one is missing, in a magazine of this CPU, or with the
 * engine.
 *
 * Context: Any but NMI.
 */
void rsv_free_store(struct rsv_cache *c, struct rsv_extent *e, void *object, bool count)
{
	const bool guaranteed = rsv_guarantee_put(c, object);

	if (!guaranteed && rsv_cpu_free(c, e, object, count))
		return;
	if (count)
		this_cpu_inc(c->cpus->slow_frees);
	if (!guaranteed)
		rsv_batch_free_one(c, e, object);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_free_store);

/**
 * rsv_free_object() - take an object back, or report why not
 * @c: the cache that the caller names, or that the object's page belongs to
 * @e: the extent that it lies in
 * @object: the object, or whatever the caller passes
 * @caller: address of the calling code
 *
 * Context: Any but NMI, under rcu_read_lock().
 */
void rsv_free_object(struct rsv_cache *c, struct rsv_extent *e, void *object,
		     unsigned long caller)
{
	enum rsv_misuse misuse;

	preempt_disable();
	misuse = rsv_free_claim(c, e, object);
	preempt_enable();
	if (unlikely(misuse != RSV_OK)) {
		rsv_debug_report(misuse, c, e, object, "given back");
		return;
	}
	if (rsv_cache_debugs(c) && !rsv_free_check(c, e, object, caller)) {
		rsv_free_kmemleak(c, object);
		return;
	}
	rsv_free_clear(c, object);
	rsv_free_hook(c, object);
	rsv_free_store(c, e, object, true);
}

/**
 * rsv_free_slow() - free an object where the fast path did not
 * @c: its cache
 * @object: the object, or whatever the caller passes
 * @caller: address of the calling code
 *
 * Context: As rsv_cache_free().
 */
void rsv_free_slow(struct rsv_cache *c, void *object, unsigned long caller)
{
	struct rsv_extent *e;

	if (!object || !rsv_cache_usable(c) || rsv_refuse_nmi("an object given back"))
		return;
	rcu_read_lock();
	e = rsv_region_extent(c->region, object);
	if (likely(e))
		rsv_free_object(c, e, object, caller);
	else
		rsv_report(RSV_FOREIGN, "cache %s of region %s: a pointer to elsewhere", c->name,
			   c->region->name);
	rcu_read_unlock();
}

/**
 * rsv_cache_free() - free an object
 * @c: its cache
 * @object: the object; NULL does nothing. If the cache has a constructor the caller has restored
 *	the state that the constructor made: the object is neither cleared nor constructed again
 *
 * A double free, an object of another cache, or a pointer that is no object's is reported and
 * changes nothing.
 *
 * Context: Any but NMI, where it is refused with a report.
 */
void rsv_cache_free(struct rsv_cache *c, void *object)
{
	if (unlikely(!rsv_free_fast(c, object)))
		rsv_free_slow(c, object, _RET_IP_);
}
EXPORT_SYMBOL_GPL(rsv_cache_free);
