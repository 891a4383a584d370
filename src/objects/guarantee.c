// SPDX-License-Identifier: GPL-2.0
/*
 * Guaranteed objects: a number of objects that only their cache can use, whatever happens to the
 * region, and whatever other CPUs have in their magazines.
 *
 * They are kept behind a lock of their own and handed out when nothing else is left. While some of
 * them are out the cache's gate is shut, so that every object that is given back passes here first
 * and takes the place of the one that is missing; so the fast paths need not know of them.
 */
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include "compat.h"
#include "guarantee.h"
#include "magazine.h"
#include "region.h"

/* With the lock held. A cache that checks its objects, or has no magazines, is always shut. */
static void rsv_cache_set_fastpath(struct rsv_cache *c)
{
	const struct rsv_guarantee *g = &c->guarantee;
	bool fast = c->alive && READ_ONCE(c->magazine_cache) && g->nr >= g->target &&
		    !(c->flags & (RSV_NO_MAGAZINE | RSV_CHECKS));
	bool in_object = !c->engine->off_object && !want_init_on_free();

	WRITE_ONCE(c->fast, fast);
	WRITE_ONCE(c->fast_cpus, fast && in_object ? c->cpus : &rsv_cpu_disabled);
}

/**
 * rsv_cache_update_fastpath() - open or shut the gate of a cache, as it is now
 * @c: the cache
 *
 * Context: Any but NMI.
 */
void rsv_cache_update_fastpath(struct rsv_cache *c)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&c->guarantee.lock, flags);
	rsv_cache_set_fastpath(c);
	raw_spin_unlock_irqrestore(&c->guarantee.lock, flags);
}

/**
 * rsv_guarantee_take() - take one of the guaranteed objects
 * @c: the cache
 *
 * Context: Any but NMI.
 * Return: A kept object or NULL.
 */
void *rsv_guarantee_take(struct rsv_cache *c)
{
	struct rsv_guarantee *g = &c->guarantee;
	void *object = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&g->lock, flags);
	if (g->nr) {
		object = g->objects[--g->nr];
		rsv_cache_set_fastpath(c);
	}
	raw_spin_unlock_irqrestore(&g->lock, flags);
	return object;
}

/**
 * rsv_guarantee_put() - put an object where one of the guaranteed is missing
 * @c: the cache
 * @object: the object, marked as kept
 *
 * Context: Any but NMI.
 * Return: Whether it is there; false if none is missing.
 */
bool rsv_guarantee_put(struct rsv_cache *c, void *object)
{
	struct rsv_guarantee *g = &c->guarantee;
	unsigned long flags;
	bool put;

	if (READ_ONCE(g->nr) >= READ_ONCE(g->target))
		return false;
	raw_spin_lock_irqsave(&g->lock, flags);
	put = g->nr < g->target;
	if (put) {
		g->objects[g->nr++] = object;
		rsv_cache_set_fastpath(c);
	}
	raw_spin_unlock_irqrestore(&g->lock, flags);
	return put;
}

/* Exchanges the table for another one, and returns the old one with what is in it. */
static void **rsv_guarantee_exchange(struct rsv_cache *c, void **objects, unsigned int room,
				     unsigned int *nr)
{
	struct rsv_guarantee *g = &c->guarantee;
	void **old = g->objects;
	unsigned long flags;

	raw_spin_lock_irqsave(&g->lock, flags);
	*nr = g->nr;
	g->objects = objects;
	g->room = room;
	g->nr = 0;
	g->target = min(g->target, room);
	rsv_cache_set_fastpath(c);
	raw_spin_unlock_irqrestore(&g->lock, flags);
	return old;
}

/* Makes the table as long as said. The objects that were in the old one come first into the new. */
static int rsv_guarantee_resize(struct rsv_cache *c, unsigned int room)
{
	void **objects = NULL, **old;
	unsigned int nr;

	if (room) {
		objects = rsv_kmalloc(c->region, array_size(room, sizeof(*objects)), GFP_KERNEL);
		if (!objects)
			return -ENOMEM;
	}
	old = rsv_guarantee_exchange(c, objects, room, &nr);
	while (nr--)
		rsv_cache_keep(c, old[nr]);
	rsv_kfree(old);
	return 0;
}

/* Says how many there shall be, and lets go of those that are too many. */
static void rsv_guarantee_aim(struct rsv_cache *c, unsigned int target)
{
	struct rsv_guarantee *g = &c->guarantee;
	unsigned long flags;
	void *object;

	raw_spin_lock_irqsave(&g->lock, flags);
	g->target = target;
	rsv_cache_set_fastpath(c);
	raw_spin_unlock_irqrestore(&g->lock, flags);
	while (READ_ONCE(g->nr) > target) {
		object = rsv_guarantee_take(c);
		if (object)
			rsv_cache_keep(c, object);
	}
}

/* Takes objects of the region until none is missing. */
static int rsv_guarantee_fill(struct rsv_cache *c)
{
	while (READ_ONCE(c->guarantee.nr) < READ_ONCE(c->guarantee.target)) {
		void *object = rsv_cache_obtain(c, GFP_KERNEL | __GFP_NOWARN);

		if (!object)
			return -ENOMEM;
		/* Somebody else's object may have come first. */
		rsv_cache_keep(c, object);
	}
	return 0;
}

/**
 * rsv_cache_reserve() - keep objects that only this cache can use
 * @c: the cache
 * @nr: how many at all times, besides those in use; 0 ends it
 *
 * They are handed out when the region has nothing else for the cache, to callers that may sleep and
 * those that may not alike, and the first objects given back take their place. While the number is
 * raised they are out of reach for a moment.
 *
 * Context: Process; may sleep. One caller at a time for a cache.
 * Return: 0; -EINVAL, with a report, for a cache that was destroyed; -ENOMEM if the region does not
 * have so many, and then as many are kept as before.
 */
int rsv_cache_reserve(struct rsv_cache *c, unsigned int nr)
{
	unsigned int before = c->guarantee.target;
	int err = 0;

	if (!rsv_cache_usable(c))
		return -EINVAL;
	if (nr > c->guarantee.room)
		err = rsv_guarantee_resize(c, nr);
	if (err)
		return err;
	rsv_guarantee_aim(c, nr);
	err = rsv_guarantee_fill(c);
	if (err)
		rsv_guarantee_aim(c, before);
	if (!nr)
		rsv_guarantee_resize(c, 0);
	return err;
}
EXPORT_SYMBOL_GPL(rsv_cache_reserve);
