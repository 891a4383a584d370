// SPDX-License-Identifier: GPL-2.0
/*
 * Guaranteed objects: only their cache can use them, however exhausted the region is and whatever
 * other CPUs have in their magazines.
 *
 * They are cached objects in a table with a lock of its own. An allocation gets one of them when
 * nothing else serves it. While one is missing the fast paths of the cache are off. So the next
 * object that is freed takes the slow path, which puts it into the table. Therefore the fast paths
 * need not know of guaranteed objects. cache_reserve.c decides how many there are.
 */
#include <linux/minmax.h>

#include "cpu.h"
#include "guarantee.h"

/**
 * rsv_guarantee_init() - initialise a new cache without guaranteed objects
 * @g: the guaranteed objects
 */
void rsv_guarantee_init(struct rsv_guarantee *g)
{
	raw_spin_lock_init(&g->lock);
}

/**
 * rsv_guarantee_take() - take one of the guaranteed objects
 * @c: the cache
 *
 * Context: Any but NMI.
 * Return: A cached object or NULL.
 */
void *rsv_guarantee_take(struct rsv_cache *c)
{
	struct rsv_guarantee *g = &c->guarantee;
	void *object = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&g->lock, flags);
	if (g->nr) {
		object = g->objects[--g->nr];
		rsv_cache_set_fast(c);
	}
	raw_spin_unlock_irqrestore(&g->lock, flags);
	return object;
}

/**
 * rsv_guarantee_add() - make a cached object one of the guaranteed ones, if one is missing
 * @c: the cache
 * @object: the object
 *
 * Context: Any but NMI.
 * Return: Whether it is one now.
 */
bool rsv_guarantee_add(struct rsv_cache *c, void *object)
{
	struct rsv_guarantee *g = &c->guarantee;
	unsigned long flags;
	bool added;

	raw_spin_lock_irqsave(&g->lock, flags);
	added = g->nr < g->target;
	if (added) {
		g->objects[g->nr++] = object;
		rsv_cache_set_fast(c);
	}
	raw_spin_unlock_irqrestore(&g->lock, flags);
	return added;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_guarantee_add);

/**
 * rsv_guarantee_set_target() - set the number of guaranteed objects
 * @c: the cache
 * @target: their number, up to the length of the table
 *
 * Context: Any but NMI.
 */
void rsv_guarantee_set_target(struct rsv_cache *c, unsigned int target)
{
	struct rsv_guarantee *g = &c->guarantee;
	unsigned long flags;

	raw_spin_lock_irqsave(&g->lock, flags);
	g->target = target;
	rsv_cache_set_fast(c);
	raw_spin_unlock_irqrestore(&g->lock, flags);
}

/**
 * rsv_guarantee_exchange() - replace the table by another one, without objects
 * @c: the cache
 * @objects: the new table
 * @room: its length
 * @nr: set to the number of objects in the old table
 *
 * Context: Any but NMI.
 * Return: The old table.
 */
void **rsv_guarantee_exchange(struct rsv_cache *c, void **objects, unsigned int room,
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
	rsv_cache_set_fast(c);
	raw_spin_unlock_irqrestore(&g->lock, flags);
	return old;
}
