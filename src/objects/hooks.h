/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What happens to an object as it leaves for a user and as it comes back, whichever way it takes:
 * it is shown to and hidden from the kernel's leak detector and KASAN, and cleared.
 */
#ifndef RSV_OBJECTS_HOOKS_H
#define RSV_OBJECTS_HOOKS_H

#include <linux/kmemleak.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/string.h>

#include "cache.h"
#include "engine.h"
#include "types.h"

/* What serves other caches, magazines above all, is nothing that could leak. */
static __always_inline bool rsv_object_watched(const struct rsv_cache *c)
{
	return IS_ENABLED(CONFIG_DEBUG_KMEMLEAK) && !(c->flags & RSV_CACHE_INTERNAL);
}

/* The leak detector takes memory of the system, by locks that sleep on PREEMPT_RT. */
static __always_inline bool rsv_may_track(void)
{
	return preemptible() ||
	       !(IS_ENABLED(CONFIG_PREEMPT_RT) || IS_ENABLED(CONFIG_PROVE_RAW_LOCK_NESTING));
}

static __always_inline bool rsv_object_wants_clearing(const struct rsv_cache *c, gfp_t gfp)
{
	if (likely(!want_init_on_alloc(gfp)))
		return false;
	/* Poison is to be seen, unless zeroes were asked for. */
	return !c->ctor && (gfp & __GFP_ZERO || !(c->flags & RSV_POISON));
}

/* Whether anything at all is to be done before an object is its user's */
static __always_inline bool rsv_object_needs_ready(const struct rsv_cache *c, gfp_t gfp)
{
	return IS_ENABLED(CONFIG_KASAN_GENERIC) || rsv_object_watched(c) ||
	       rsv_object_wants_clearing(c, gfp);
}

static __always_inline void *rsv_object_ready(struct rsv_cache *c, void *object, gfp_t gfp)
{
	rsv_kasan_allow(object, c->layout.object_size);
	if (rsv_object_watched(c) && rsv_may_track())
		kmemleak_alloc(object, c->layout.object_size, 1, gfp & ~__GFP_ZERO);
	/* Last, and with what memset() returns: so nothing needs to be saved from it. */
	if (unlikely(rsv_object_wants_clearing(c, gfp)))
		return memset(object, 0, c->layout.object_size);
	return object;
}

/* All of a free object but what marks it, if that lies inside; where that is wanted */
static inline void rsv_object_clear(const struct rsv_cache *c, void *object)
{
	unsigned int size = c->layout.object_size;
	unsigned int link = c->engine->off_object ? size : min(c->layout.mark, size);
	unsigned int behind = min(link + RSV_MARK_BYTES, size);

	if (likely(!want_init_on_free()) || c->ctor || c->flags & RSV_POISON)
		return;
	memset(object, 0, link);
	memset(object + behind, 0, size - behind);
}

/* Its user does not have it any more, whatever becomes of it. */
static __always_inline void rsv_object_unwatch(struct rsv_cache *c, void *object)
{
	if (rsv_object_watched(c))
		kmemleak_free(object);
}

static __always_inline void rsv_object_hide(struct rsv_cache *c, void *object)
{
	rsv_object_unwatch(c, object);
	rsv_kasan_forbid(object, round_up(c->layout.object_size, RSV_MARK_BYTES));
}

/* The object is marked as kept. */
static inline void rsv_object_hide_all(struct rsv_cache *c, void *object)
{
	rsv_object_clear(c, object);
	rsv_object_hide(c, object);
}

#endif /* RSV_OBJECTS_HOOKS_H */
