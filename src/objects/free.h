/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The steps of a free that single and bulk requests, and the guaranteed objects, share.
 */
#ifndef RSV_OBJECTS_FREE_H
#define RSV_OBJECTS_FREE_H

#include "batch.h"
#include "cache.h"
#include "guarantee.h"
#include "leaving.h"
#include "magazine.h"
#include "pages/pagemap.h"
#include "types.h"

void rsv_free_object(struct rsv_cache *c, struct rsv_extent *e, void *object,
		     unsigned long caller);
void rsv_free_cached(struct rsv_cache *c, struct rsv_extent *e, void *object, unsigned long caller);
void rsv_free_slow(struct rsv_cache *c, void *object, unsigned long caller);

/**
 * rsv_free_mark_cached() - mark a used object as cached
 * @c: the cache that the caller names
 * @e: the extent that it lies in
 * @object: the object, or any address in the extent
 *
 * From then on the caller owns the object: no other caller can free it or get it.
 *
 * Context: Any with preemption disabled, which leaving.c demands; with the engine SLOB not an NMI.
 * Return: RSV_OK, or why the caller does not have such an object, and then nothing has changed.
 */
static inline enum rsv_misuse rsv_free_mark_cached(struct rsv_cache *c, struct rsv_extent *e,
						   void *object)
{
	struct rsv_frame *f = rsv_frame_at(e, object);
	const struct rsv_cache *owner = rsv_frame_cache(f);

	if (likely(owner == c))
		return c->engine->mark_cached(c, e, f, object);
	if (owner)
		return RSV_WRONG_CACHE;
	/* The frames of SLOB's heap name no cache: the heap knows whose each block is. */
	if (!rsv_frame_is_heap(f))
		return rsv_leaving_misuse(e, f);
	return c->engine->heap ? c->engine->mark_cached(c, e, f, object) : RSV_WRONG_CACHE;
}

/**
 * rsv_free_store() - store a cached object for its next allocation
 * @c: the cache
 * @e: the extent that it lies in
 * @object: the object
 * @count: whether to count a free: a user freed the object
 *
 * The object becomes a guaranteed one if one is missing, else it goes to a magazine of this CPU,
 * else to the engine.
 *
 * Context: Any but NMI.
 */
static inline void rsv_free_store(struct rsv_cache *c, struct rsv_extent *e, void *object,
				  bool count)
{
	const bool guaranteed = rsv_guarantee_put(c, object);

	if (!guaranteed && rsv_cpu_free(c, e, object, count))
		return;
	if (count)
		this_cpu_inc(c->cpus->slow_frees);
	if (!guaranteed)
		rsv_batch_free_one(c, e, object);
}

#endif /* RSV_OBJECTS_FREE_H */
