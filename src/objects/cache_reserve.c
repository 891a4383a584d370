// SPDX-License-Identifier: GPL-2.0
/*
 * rsv_cache_reserve(): sets how many guaranteed objects a cache has, and allocates or frees them.
 */
#include <linux/mm.h>
#include <linux/overflow.h>

#include "alloc.h"
#include "cache.h"
#include "free.h"
#include "guarantee.h"
#include "pages/pagemap.h"

static void rsv_guarantee_release(struct rsv_cache *c, void *object)
{
	rsv_free_store(c, rsv_region_extent(c->region, object), object, false);
}

/*
 * Replaces the table by one of another length. Each object of the old table goes to the new one
 * while that lacks objects, and otherwise to a magazine or the engine.
 */
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
		rsv_guarantee_release(c, old[nr]);
	rsv_kfree(old);
	return 0;
}

/* Sets the target, and releases the objects beyond it. */
static void rsv_guarantee_retarget(struct rsv_cache *c, unsigned int target)
{
	void *object;

	rsv_guarantee_set_target(c, target);
	while (READ_ONCE(c->guarantee.nr) > target) {
		object = rsv_guarantee_take(c);
		if (object)
			rsv_guarantee_release(c, object);
	}
}

/* Allocates objects until none is missing. */
static int rsv_guarantee_fill(struct rsv_cache *c)
{
	while (rsv_guarantee_is_short(c)) {
		void *object = rsv_alloc_for_reserve(c, GFP_KERNEL | __GFP_NOWARN);

		if (!object)
			return -ENOMEM;
		/* If another caller's free came first, this object goes elsewhere. */
		rsv_guarantee_release(c, object);
	}
	return 0;
}

/**
 * rsv_cache_reserve() - guarantee a cache objects that only this cache can use
 * @c: the cache
 * @nr: the number of objects, in addition to the used ones; 0 ends the guarantee
 *
 * When the region has nothing else for the cache, the guaranteed objects serve callers that may
 * sleep and callers that may not alike. The next objects that are freed replace them. While this
 * function raises the number, the guaranteed objects are not available for a moment.
 *
 * Context: Process; may sleep. One caller at a time for a cache.
 * Return: 0; -EINVAL, with a report, for a cache that was destroyed; -ENOMEM if the region does not
 * have that many, and then the guarantee stays as it was.
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
	rsv_guarantee_retarget(c, nr);
	err = rsv_guarantee_fill(c);
	if (err)
		rsv_guarantee_retarget(c, before);
	/* A table that is longer than the guarantee is memory that others may need. */
	if ((err || !nr) && c->guarantee.room > c->guarantee.target)
		rsv_guarantee_resize(c, c->guarantee.target);
	return err;
}
EXPORT_SYMBOL_GPL(rsv_cache_reserve);
