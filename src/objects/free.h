/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The steps of a free that single and bulk requests, and the guaranteed objects, share.
 */
#ifndef RSV_OBJECTS_FREE_H
#define RSV_OBJECTS_FREE_H

#include "batch.h"
#include "cache.h"
#include "guarantee.h"
#include "magazine.h"
#include "pages/pagemap.h"
#include "types.h"

void rsv_free_object(struct rsv_cache *c, struct rsv_extent *e, void *object,
		     unsigned long caller);
void rsv_free_slow(struct rsv_cache *c, void *object, unsigned long caller);

/**
 * rsv_free_claim() - mark a used object as cached
 * @c: the cache that the caller names
 * @e: the extent that it lies in
 * @object: the object, or whatever the caller passes
 *
 * The caller that marks it has the object: nobody else can free it or get it from then on.
 *
 * Context: Any but NMI, with preemption disabled, so that the slab of an object that is free
 * already is likely to be there still.
 * Return: RSV_OK, or why the caller does not have such an object, and then nothing has changed.
 */
static inline enum rsv_misuse rsv_free_claim(struct rsv_cache *c, struct rsv_extent *e,
					     void *object)
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
