// SPDX-License-Identifier: GPL-2.0
/*
 * Objects and memory by the byte in any context: in an NMI, in a probe of code that holds locks of
 * the module or of the kernel, under any lock. Nothing here takes a lock or waits.
 *
 * The fast paths serve first: they are safe in any context (cpu.h), unless kmemleak is told of each
 * object. If this CPU's magazine cannot serve, because it is empty, full, or in use by the code
 * that was interrupted, an allocation takes an object of the CPU's reserve (cpu_reserve.c), and a
 * free is deferred until the CPU serves interrupts again (deferred.c). kmalloc_nolock() of kernel
 * 6.18 and later tries the locks instead, and fails if somebody has them.
 *
 * kmemleak does not learn of allocations, since it takes locks, as with kmalloc_nolock(). It must
 * learn of the free of an object that it knows. So on kernels that have kmemleak each free outside
 * preemptible tasks is deferred.
 */
#include <linux/kasan.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "alloc.h"
#include "cache.h"
#include "cpu_reserve.h"
#include "debug/check.h"
#include "deferred.h"
#include "fastpath.h"
#include "free.h"
#include "hooks.h"
#include "kmalloc.h"
#include "leaving.h"
#include "lookup.h"
#include "pages/gfp.h"
#include "pages/pagemap.h"
#include "report.h"

/* Smaller objects have no link: see rsv_layout_has_link(). */
#define RSV_KMALLOC_NOLOCK_MIN	(2 * RSV_MARK_BYTES)

/*
 * Allocation
 */

/* Takes an object of this CPU's reserve, and marks it as used. */
static noinline void *rsv_alloc_from_reserve(struct rsv_cache *c, void *damaged,
					     unsigned long caller)
{
	void *object;

	if (unlikely(damaged))
		rsv_alloc_report_damaged(c, damaged);
	if (!rsv_cache_usable(c))
		return NULL;
	do {
		preempt_disable();
		object = rsv_cpu_reserve_take(c);
		preempt_enable();
	} while (unlikely(object && !rsv_alloc_mark_used(c, object, caller)));
	return object;
}

/* rsv_alloc_hook() without kmemleak */
static void *rsv_alloc_nolock_hook(struct rsv_cache *c, void *object, gfp_t gfp)
{
	rsv_kasan_allow(object, c->layout.object_size);
	if (rsv_alloc_clears(c, gfp))
		memset(object, 0, c->layout.object_size);
	return object;
}

static void *rsv_alloc_nolock(struct rsv_cache *c, gfp_t gfp, unsigned long caller)
{
	void *object = NULL;

	if (unlikely(!rsv_gfp_is_plain(gfp))) {
		if (gfp & __GFP_ZERO && c->ctor)
			rsv_alloc_warn_zero(c);
		if (!rsv_gfp_ok(gfp, RSV_GFP_OBJECTS))
			return NULL;
	}
	if (unlikely(!rsv_alloc_fast(c, &object)))
		object = rsv_alloc_from_reserve(c, object, caller);
	return object ? rsv_alloc_nolock_hook(c, object, gfp) : NULL;
}

/**
 * rsv_cache_alloc_nolock() - allocate an object in any context
 * @c: the cache
 * @gfp: as for rsv_cache_alloc(); the function never sleeps, whatever it says
 *
 * The object comes from this CPU's loaded magazine or, if that cannot serve, from the objects that
 * rsv_cache_reserve_percpu() gave the CPU. The function looks nowhere else. So without such objects
 * it may fail at any time.
 *
 * Context: Any: also an NMI, and a probe of any function of the module or of the kernel. A cache
 * with RSV_STORE_USER uses the kernel's stack depot, so its objects are not for a probe of that.
 * Return: The object or NULL.
 */
void *rsv_cache_alloc_nolock(struct rsv_cache *c, gfp_t gfp)
{
	return rsv_alloc_nolock(c, gfp, _RET_IP_);
}
EXPORT_SYMBOL_GPL(rsv_cache_alloc_nolock);

static struct rsv_cache *rsv_kmalloc_nolock_class(struct rsv_region *r, size_t size)
{
	return size ? rsv_kmalloc_class(r, max_t(size_t, size, RSV_KMALLOC_NOLOCK_MIN)) : NULL;
}

/**
 * rsv_kmalloc_nolock() - allocate memory by the byte in any context
 * @r: the region
 * @size: bytes, up to those of the largest size class: RSV_KMALLOC_MAX, or more where
 *	rsv_kmalloc_size_roundup() says so; 0 gives ZERO_SIZE_PTR
 * @gfp: as for rsv_cache_alloc_nolock()
 *
 * rsv_kmalloc_reserve_percpu() gives CPUs the memory that makes it certain.
 *
 * Context: As rsv_cache_alloc_nolock().
 * Return: The memory, aligned as by rsv_kmalloc(); or NULL. rsv_kfree_nolock() and rsv_kfree() free
 * it.
 */
void *rsv_kmalloc_nolock(struct rsv_region *r, size_t size, gfp_t gfp)
{
	struct rsv_cache *c = rsv_kmalloc_nolock_class(r, size);
	void *object;

	if (unlikely(!c))
		return size ? NULL : ZERO_SIZE_PTR;
	object = rsv_alloc_nolock(c, gfp, _RET_IP_);
	return rsv_kmalloc_has_fence(c) ? rsv_kmalloc_fence(c, object, size) : object;
}
EXPORT_SYMBOL_GPL(rsv_kmalloc_nolock);

/*
 * Free
 */

/* The cache of the object at an address. NULL for whole pages, and for what is the module's own */
static struct rsv_cache *rsv_free_nolock_cache(struct rsv_extent *e, const void *object)
{
	struct rsv_cache *c = rsv_cache_owning(e, object);

	return c && c->flags & RSV_CACHE_INTERNAL ? NULL : c;
}

/* Why memory cannot be freed here: an object of @c or, if that is NULL, other memory; or NULL */
static const char *rsv_free_nolock_refusal(const struct rsv_cache *c)
{
	if (!c)
		return "it is no object of a slab";
	if (c->engine->heap)
		return "the engine SLOB takes a lock for it";
	return rsv_cache_defers(c) ? NULL : "its cache lacks RSV_FREE_NOLOCK";
}

/* Whether kmemleak may be told of a free: it takes locks, which no preemptible task holds. */
static bool rsv_free_nolock_hooks_ok(void)
{
	return !IS_ENABLED(CONFIG_DEBUG_KMEMLEAK) || preemptible();
}

/*
 * Frees an object of a cache into this CPU's magazine, or defers its free. Returns RSV_OK, or why
 * that is not such an object.
 */
static enum rsv_misuse rsv_free_or_defer(struct rsv_cache *c, struct rsv_extent *e, void *object)
{
	enum rsv_misuse misuse;

	if (rsv_free_nolock_hooks_ok() && likely(rsv_free_fast(c, object)))
		return RSV_OK;
	preempt_disable();
	misuse = rsv_free_mark_cached(c, e, object);
	if (misuse == RSV_OK)
		rsv_deferred_add(c, object);
	preempt_enable();
	return misuse;
}

static void rsv_free_nolock_report(enum rsv_misuse misuse, struct rsv_cache *c,
				   const struct rsv_extent *e, const void *object)
{
	if (c)
		rsv_debug_report(misuse, c, e, object, "given back by rsv_*_nolock()");
	else if (e)
		rsv_report(misuse, "region %s: memory at 0x%llx given back by rsv_*_nolock()",
			   e->region->name, rsv_addr_offset(e, object));
	else
		rsv_report(RSV_FOREIGN, "memory of no region given back by rsv_*_nolock()%s",
			   rsv_foreign_text(object));
}

/* Whether the fast path may take objects of a live cache: there is no refusal, and no hook waits */
static __always_inline bool rsv_free_nolock_may_be_fast(const struct rsv_cache *c)
{
	return !c->engine->heap && rsv_cache_defers(c) && rsv_free_nolock_hooks_ok();
}

/*
 * The fast path for memory by the byte. Internal caches have no magazines, so it takes none of
 * their objects.
 */
static __always_inline bool rsv_kfree_nolock_fast(void *object)
{
	struct rsv_frame *f;
	struct rsv_cache *c;
	bool freed = false;

	preempt_disable();
	if (likely(rsv_hint_frame(object, &f))) {
		c = rsv_frame_cache(f);
		freed = likely(c && rsv_free_nolock_may_be_fast(c)) && rsv_free_fast(c, object);
	}
	preempt_enable();
	return freed;
}

/* @named: the cache that the caller names; NULL for that of the object's frame */
static void rsv_free_nolock(struct rsv_cache *named, void *object)
{
	enum rsv_misuse misuse = RSV_FOREIGN;
	const char *refusal = NULL;
	struct rsv_extent *e;
	struct rsv_cache *c;

	/* On kernels that tag addresses, the module knows memory by untagged ones. */
	object = kasan_reset_tag(object);
	rcu_read_lock();
	e = rsv_extent_find_addr(object);
	c = e && !named ? rsv_free_nolock_cache(e, object) : named;
	if (likely(e && (!named || e->region == named->region))) {
		/* Each time, not only when no magazine has room */
		refusal = rsv_free_nolock_refusal(c);
		if (likely(!refusal))
			misuse = rsv_free_or_defer(c, e, object);
	}
	if (unlikely(refusal && !c))
		misuse = rsv_leaving_misuse(e, rsv_frame_at(e, object));
	if (unlikely(refusal && misuse != RSV_DOUBLE_FREE))
		rsv_report(RSV_IN_NMI, "rsv_*_nolock() does not free memory at 0x%llx: %s",
			   rsv_addr_offset(e, object), refusal);
	else if (unlikely(misuse != RSV_OK))
		rsv_free_nolock_report(misuse, c, e, object);
	rcu_read_unlock();
}

/**
 * rsv_cache_free_nolock() - free an object in any context
 * @c: its cache. It has no engine SLOB; and if its free objects keep all their bytes, or have under
 *	16 of them, it was created with RSV_FREE_NOLOCK
 * @object: the object; NULL does nothing
 *
 * If this CPU's magazine cannot take the object at once, an interrupt of the CPU frees it as soon
 * as it can. rsv_cache_destroy() waits for that. The object may be of any of the functions that
 * allocate; rsv_cache_free() frees those of rsv_cache_alloc_nolock() as well.
 *
 * The function reports the same misuses as rsv_cache_free(), and changes nothing. It also reports
 * an object of a cache that does not serve. If the cache checks its objects, what they find is
 * reported by the interrupt.
 *
 * Context: As rsv_cache_alloc_nolock().
 */
void rsv_cache_free_nolock(struct rsv_cache *c, void *object)
{
	if (!object || !rsv_cache_usable(c))
		return;
	if (likely(rsv_free_nolock_may_be_fast(c) && rsv_free_fast(c, object)))
		return;
	rsv_free_nolock(c, object);
}
EXPORT_SYMBOL_GPL(rsv_cache_free_nolock);

/**
 * rsv_kfree_nolock() - free memory in any context
 * @p: memory of rsv_kmalloc_nolock(), or of any other function that allocates, if it is an object
 *	of at least 16 bytes; NULL and ZERO_SIZE_PTR do nothing
 *
 * As rsv_cache_free_nolock(), also for objects of rsv_cache_alloc(). Whole pages, which a large
 * rsv_kmalloc() gives, are refused with a report.
 *
 * Context: As rsv_cache_alloc_nolock().
 */
void rsv_kfree_nolock(const void *p)
{
	if (likely(rsv_kfree_nolock_fast((void *)p)))
		return;
	if (!ZERO_OR_NULL_PTR(p))
		rsv_free_nolock(NULL, (void *)p);
}
EXPORT_SYMBOL_GPL(rsv_kfree_nolock);

/*
 * The reserves of size classes, which several users share
 */

/**
 * rsv_kmalloc_reserve_percpu() - give each CPU more memory for rsv_kmalloc_nolock()
 * @r: the region
 * @size: bytes of each request, as for rsv_kmalloc_nolock()
 * @nr: how many requests more a CPU is to serve. A class has up to RSV_RESERVE_PERCPU_MAX objects
 *	for all its users
 *
 * rsv_cache_reserve_percpu() says when CPUs have the objects. All users of the size class share
 * them. They are memory in use: a region is not destroyed before rsv_kmalloc_unreserve_percpu()
 * gave them back.
 *
 * Context: Process; may sleep.
 * Return: As rsv_cache_reserve_percpu(); -EINVAL also for a size that no class serves.
 */
int rsv_kmalloc_reserve_percpu(struct rsv_region *r, size_t size, unsigned int nr)
{
	struct rsv_cache *c = rsv_kmalloc_nolock_class(r, size);

	if (!c || nr > RSV_RESERVE_PERCPU_MAX)
		return -EINVAL;
	return rsv_cpu_reserve_change(c, nr);
}
EXPORT_SYMBOL_GPL(rsv_kmalloc_reserve_percpu);

/**
 * rsv_kmalloc_unreserve_percpu() - undo rsv_kmalloc_reserve_percpu()
 * @r: the region
 * @size: as for the function that succeeded
 * @nr: as for that function
 *
 * Context: Process; may sleep.
 */
void rsv_kmalloc_unreserve_percpu(struct rsv_region *r, size_t size, unsigned int nr)
{
	struct rsv_cache *c = rsv_kmalloc_nolock_class(r, size);

	if (!c || nr > RSV_RESERVE_PERCPU_MAX || rsv_cpu_reserve_change(c, -(int)nr))
		rsv_report(RSV_WRONG_SIZE, "region %s: no reserve of %u times %zu bytes",
			   r->name, nr, size);
}
EXPORT_SYMBOL_GPL(rsv_kmalloc_unreserve_percpu);
