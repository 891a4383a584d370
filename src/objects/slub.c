// SPDX-License-Identifier: GPL-2.0
/*
 * The engine SLUB: how a slab keeps track of its objects.
 *
 * The bookkeeping is in the frame of the slab's first page: how many objects are in use, how many
 * have ever been handed out ("carved": the rest lie untouched behind them), and the first free one.
 * A free object names the next one in its link, one word inside it, or behind it if the cache has a
 * constructor, since a constructed object keeps its state.
 *
 * The link is the number of the next object, at most RSV_SLAB_NONE, combined with a secret of the
 * cache and with its own address, as CONFIG_SLAB_FREELIST_HARDENED does it. All but the lowest ten
 * bits of a link are therefore known, and serve twice: a link in which they are wrong was
 * overwritten, and an object given back in whose link they are right is very likely free already,
 * which a walk along the list then proves. The link is cleared when the object is handed out.
 */
#include <linux/swab.h>

#include "../pages/extent.h"
#include "cache.h"
#include "slub.h"

static void *rsv_slub_object(const struct rsv_cache *c, void *base, unsigned int index)
{
	return base + index * c->layout.stride;
}

static unsigned long *rsv_slub_link(const struct rsv_cache *c, void *base, unsigned int index)
{
	return rsv_slub_object(c, base, index) + c->layout.link;
}

/* The address is turned round so that its bits that vary do not only meet the link's that vary. */
static unsigned long rsv_slub_key(const struct rsv_cache *c, const unsigned long *link)
{
	return c->secret ^ swab((unsigned long)link);
}

/*
 * What follows an object on the free list; more than RSV_SLAB_NONE if its link is not that of a
 * free object.
 */
static unsigned long rsv_slub_next(const struct rsv_cache *c, void *base, unsigned int index)
{
	const unsigned long *link = rsv_slub_link(c, base, index);

	return *link ^ rsv_slub_key(c, link);
}

/* At most as many steps as the slab has objects, RSV_SLAB_OBJECTS_MAX. */
static bool rsv_slub_is_free(const struct rsv_cache *c, const struct rsv_frame *slab, void *base,
			     unsigned int index)
{
	unsigned long at = slab->free;
	unsigned int steps;

	for (steps = 0; steps < slab->carved && at < slab->carved; steps++) {
		if (at == index)
			return true;
		at = rsv_slub_next(c, base, at);
	}
	return false;
}

/**
 * rsv_slub_take() - take an object of a slab
 * @c: the cache, locked
 * @slab: the slab; not all of its objects are in use
 * @base: address of the slab's first page
 * @fresh: set to whether the object is handed out for the first time in this slab's life
 *
 * Objects that were in use before go first: they are the ones that the CPU's cache may still have.
 *
 * Return: The object; NULL if the link of the first free one was overwritten, and then nothing has
 * changed.
 */
void *rsv_slub_take(struct rsv_cache *c, struct rsv_frame *slab, void *base, bool *fresh)
{
	unsigned int index = slab->free;
	unsigned long next;

	*fresh = index == RSV_SLAB_NONE;
	if (*fresh) {
		index = slab->carved++;
	} else {
		next = rsv_slub_next(c, base, index);
		if (next != RSV_SLAB_NONE && next >= slab->carved)
			return NULL;
		slab->free = next;
		*rsv_slub_link(c, base, index) = 0;
	}
	slab->inuse++;
	return rsv_slub_object(c, base, index);
}

/**
 * rsv_slub_put() - take an object back
 * @c: the cache, locked
 * @slab: the object's slab
 * @base: address of the slab's first page
 * @index: number of the object in the slab, less than the slab has
 *
 * Return: RSV_OK, or RSV_DOUBLE_FREE, and then nothing has changed.
 */
enum rsv_misuse rsv_slub_put(struct rsv_cache *c, struct rsv_frame *slab, void *base,
			     unsigned int index)
{
	unsigned long *link = rsv_slub_link(c, base, index);

	if (index >= slab->carved || !slab->inuse)
		return RSV_DOUBLE_FREE;
	if (rsv_slub_next(c, base, index) <= RSV_SLAB_NONE &&
	    rsv_slub_is_free(c, slab, base, index))
		return RSV_DOUBLE_FREE;

	*link = slab->free ^ rsv_slub_key(c, link);
	slab->free = index;
	slab->inuse--;
	return RSV_OK;
}

/**
 * rsv_slub_abandon() - give up the free list of a slab in which a link was overwritten
 * @slab: the slab, its cache locked
 *
 * The objects on it count as in use from now on: they are lost rather than handed out in an unknown
 * state.
 *
 * Return: How many objects were lost.
 */
unsigned int rsv_slub_abandon(struct rsv_frame *slab)
{
	unsigned int lost = slab->carved - slab->inuse;

	slab->inuse = slab->carved;
	slab->free = RSV_SLAB_NONE;
	return lost;
}
