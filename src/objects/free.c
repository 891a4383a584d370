// SPDX-License-Identifier: GPL-2.0
/*
 * Free of an object, straight down. The fast path (fastpath.h) pushes the object onto this CPU's
 * loaded magazine. If it cannot, rsv_free_by_steps() looks up the object's extent, and
 * rsv_free_found() marks the object as cached, checks it, runs the hooks and stores it. Each step
 * exists once, for all engines and for single and bulk requests. Where no magazine has room, the
 * engine mostly takes the object in one step instead (engine.h).
 */
#include <linux/kasan.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>

#include "cache.h"
#include "debug/check.h"
#include "engine.h"
#include "fastpath.h"
#include "free.h"
#include "hooks.h"
#include "pages/pagemap.h"

/*
 * Whether an object that was marked as cached may be used again. If not, it is reported, and lost.
 */
static bool rsv_free_check(struct rsv_cache *c, struct rsv_extent *e, void *object,
			   unsigned long caller)
{
	if (c->flags & RSV_CACHE_VERIFY && !c->engine->verify(c, e, rsv_frame_at(e, object)))
		return false;
	return rsv_debug_free(c, e, object, caller);
}

/* Frees an object that the caller has marked as cached. */
static __always_inline void rsv_free_marked(struct rsv_cache *c, struct rsv_extent *e, void *object,
					    unsigned long caller)
{
	if (rsv_cache_debugs(c) && !rsv_free_check(c, e, object, caller)) {
		rsv_free_kmemleak(c, object);
		return;
	}
	rsv_free_clear(c, object);
	rsv_free_hook(c, object);
	rsv_free_store(c, e, object, true);
}

/* Frees an object step by step, or reports why not. The caller is under rcu_read_lock(). */
static __always_inline void rsv_free_found(struct rsv_cache *c, struct rsv_extent *e, void *object,
					   unsigned long caller)
{
	enum rsv_misuse misuse;

	preempt_disable();
	misuse = rsv_free_mark_cached(c, e, object);
	preempt_enable();
	if (unlikely(misuse != RSV_OK)) {
		rsv_debug_report(misuse, c, e, object, "given back");
		return;
	}
	rsv_free_marked(c, e, object, caller);
}

/**
 * rsv_free_cached() - end the free of an object that is marked as cached already
 * @c: the cache
 * @e: the extent that it lies in
 * @object: the object, which the caller has marked and so owns
 * @caller: address of the code that gave it back
 *
 * Context: Any but NMI, under rcu_read_lock().
 */
void rsv_free_cached(struct rsv_cache *c, struct rsv_extent *e, void *object, unsigned long caller)
{
	rsv_free_marked(c, e, object, caller);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_free_cached);

/*
 * Frees an object for which the loaded magazine had no room: into another magazine or, if this CPU
 * can have none with room, from the user to the engine in one step. Returns false, and then nothing
 * has changed, if the object must go step by step. For whatever other reason the fast path refused
 * it, that is so.
 */
static __always_inline bool rsv_free_without_room(struct rsv_cache *c, void *object)
{
	if (c->flags & RSV_NO_MAGAZINE)
		return rsv_engine_free_direct(c, object);
	if (!READ_ONCE(c->direct) || !rsv_cpu_seems_full(c))
		return false;
	return rsv_cpu_make_room(c) ? rsv_free_fast(c, object) : rsv_engine_free_direct(c, object);
}

/**
 * rsv_free_object() - free an object of a known extent, or report why not
 * @c: the cache that the caller names, or that the object's page belongs to
 * @e: the extent that it lies in
 * @object: the object, or any address in the extent
 * @caller: address of the calling code
 *
 * Context: Any but NMI, under rcu_read_lock().
 */
void rsv_free_object(struct rsv_cache *c, struct rsv_extent *e, void *object,
		     unsigned long caller)
{
	if (!rsv_free_without_room(c, object))
		rsv_free_found(c, e, object, caller);
}

static noinline void rsv_free_by_steps(struct rsv_cache *c, void *object, unsigned long caller)
{
	struct rsv_extent *e;
	bool known;

	/* On kernels that tag addresses, the module knows memory by untagged ones. */
	object = kasan_reset_tag(object);
	if (!rsv_cache_usable(c) || rsv_refuse_nmi("an object given back"))
		return;
	rcu_read_lock();
	known = rsv_hint_has(object);
	/* Not rsv_region_extent_rcu(), which may find the extent and leave the hint as it is. */
	e = rsv_extent_find_addr(object);
	if (unlikely(!e || e->region != c->region))
		rsv_report(RSV_FOREIGN, "cache %s of region %s: a pointer to elsewhere", c->name,
			   c->region->name);
	else if (known || !rsv_hint_has(object) || !rsv_free_fast(c, object))
		rsv_free_found(c, e, object, caller);
	rcu_read_unlock();
}

/**
 * rsv_free_slow() - free an object where the fast path did not
 * @c: its cache
 * @object: the object, or any address; NULL does nothing
 * @caller: address of the calling code
 *
 * Context: As rsv_cache_free().
 */
void rsv_free_slow(struct rsv_cache *c, void *object, unsigned long caller)
{
	if (object && !rsv_free_without_room(c, object))
		rsv_free_by_steps(c, object, caller);
}

/**
 * rsv_cache_free() - free an object
 * @c: its cache
 * @object: the object; NULL does nothing. If the cache has a constructor the caller has restored
 *	the state that the constructor made: the object is neither cleared nor constructed again
 *
 * The function reports a double free, an object of another cache, and a pointer to no object, and
 * changes nothing.
 *
 * Context: Any. In an NMI it is refused with a report unless this CPU's loaded magazine has room.
 */
void rsv_cache_free(struct rsv_cache *c, void *object)
{
	if (unlikely(!rsv_free_fast(c, object)))
		rsv_free_slow(c, object, _RET_IP_);
}
EXPORT_SYMBOL_GPL(rsv_cache_free);
