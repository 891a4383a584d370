/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hooks that run for every object on its way to its user and back, on all paths: they tell KASAN
 * and kmemleak, and clear the object for init_on_alloc and init_on_free.
 */
#ifndef RSV_OBJECTS_HOOKS_H
#define RSV_OBJECTS_HOOKS_H

#include <linux/kmemleak.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/string.h>

#include "cache.h"
#include "types.h"

/*
 * Objects of internal caches, such as magazines, are the module's own: kmemleak need not know them.
 */
static __always_inline bool rsv_cache_uses_kmemleak(const struct rsv_cache *c)
{
	return IS_ENABLED(CONFIG_DEBUG_KMEMLEAK) && !(c->flags & RSV_CACHE_INTERNAL);
}

/*
 * kmemleak allocates memory of the system under locks that sleep on PREEMPT_RT, and that no NMI may
 * take.
 */
static __always_inline bool rsv_kmemleak_allowed(void)
{
	return preemptible() || !(IS_ENABLED(CONFIG_PREEMPT_RT) ||
				  IS_ENABLED(CONFIG_PROVE_RAW_LOCK_NESTING) || in_nmi());
}

static __always_inline bool rsv_alloc_clears(const struct rsv_cache *c, gfp_t gfp)
{
	if (likely(!want_init_on_alloc(gfp)))
		return false;
	if (c->ctor)
		return false;
	/*
	 * Poison stays visible unless the caller asked for zeroes. An object that readers under RCU
	 * may look at was cleared before its first allocation: rsv_cache_clears_raw().
	 */
	return gfp & __GFP_ZERO || !(c->flags & (RSV_POISON | RSV_TYPESAFE_BY_RCU));
}

/* Whether rsv_alloc_hook() has anything to do */
static __always_inline bool rsv_alloc_has_hook(const struct rsv_cache *c, gfp_t gfp)
{
	return IS_ENABLED(CONFIG_KASAN_GENERIC) || rsv_cache_uses_kmemleak(c) ||
	       rsv_alloc_clears(c, gfp);
}

/* Returns the object, ready for its user. */
static __always_inline void *rsv_alloc_hook(struct rsv_cache *c, void *object, gfp_t gfp)
{
	rsv_kasan_allow(object, c->layout.object_size);
	if (rsv_cache_uses_kmemleak(c) && rsv_kmemleak_allowed())
		kmemleak_alloc(object, c->layout.object_size, 1, gfp & ~__GFP_ZERO);
	/* A tail call that returns what memset() returns: the compiler saves nothing across it. */
	if (unlikely(rsv_alloc_clears(c, gfp)))
		return memset(object, 0, c->layout.object_size);
	return object;
}

/* Tells kmemleak that the user gave the object back, even if the object is lost then. */
static __always_inline void rsv_free_kmemleak(struct rsv_cache *c, void *object)
{
	if (rsv_cache_uses_kmemleak(c))
		kmemleak_free(object);
}

static __always_inline void rsv_free_hook(struct rsv_cache *c, void *object)
{
	rsv_free_kmemleak(c, object);
	/* Readers under RCU may look at it still. */
	if (c->flags & RSV_TYPESAFE_BY_RCU)
		return;
	rsv_kasan_forbid(object, round_up(c->layout.object_size, RSV_MARK_BYTES));
}

/* Clears a cached object except for its mark. */
static inline void rsv_object_clear(const struct rsv_cache *c, void *object)
{
	unsigned int size = c->layout.object_size;
	unsigned int mark = c->engine->off_object ? size : min(c->layout.mark, size);
	unsigned int behind = min(mark + RSV_MARK_BYTES, size);

	memset(object, 0, mark);
	memset(object + behind, 0, size - behind);
}

/* Clears a cached object if init_on_free is on, unless it keeps its bytes or is poisoned. */
static inline void rsv_free_clear(const struct rsv_cache *c, void *object)
{
	if (unlikely(want_init_on_free()) && !rsv_cache_keeps_bytes(c) &&
	    !(c->flags & RSV_POISON))
		rsv_object_clear(c, object);
}

#endif /* RSV_OBJECTS_HOOKS_H */
