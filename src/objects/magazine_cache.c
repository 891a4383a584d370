// SPDX-License-Identifier: GPL-2.0
/*
 * Memory for magazines, and for the bookkeeping of engines: caches of the region itself, which have
 * nothing in front of their engine.
 *
 * Magazines come out of them by the batch. Those that are not needed at once wait in the depot of
 * their own cache, so that a new one is mostly as quick to be had as an exchange. Where interrupts
 * are off it is had so or not at all: who gives an object back there does not wait for a slab to be
 * made, the object can go to the engine instead. What was missing then is made by the next
 * allocations that take the slow path and need no slab themselves.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/pfn.h>
#include <linux/topology.h>

#include "batch.h"
#include "cache.h"
#include "depot.h"
#include "engine.h"
#include "magazine.h"
#include "magazine_cache.h"
#include "region.h"

/* Bytes of objects that a magazine may hold */
#define RSV_MAGAZINE_HOLDS (128U << 10)

/**
 * rsv_magazines_create() - make the caches that serve a region's other caches
 * @r: the region
 *
 * Context: Process; may sleep.
 * Return: 0 or -ENOMEM, and then there may be some.
 */
int rsv_magazines_create(struct rsv_region *r)
{
	unsigned int n;

	for (n = 0; n < RSV_MAGAZINE_SIZES; n++) {
		char name[RSV_NAME_MAX];
		struct rsv_cache *c;

		snprintf(name, sizeof(name), "own-%zu", RSV_MAGAZINE_BYTES(n));
		c = rsv_cache_create_internal(r, name, RSV_MAGAZINE_BYTES(n), 0,
					      RSV_ENGINE_SLUB | RSV_NO_MAGAZINE |
						      RSV_CACHE_INTERNAL | RSV_CACHE_FEW_PAGES,
					      NULL);
		if (IS_ERR(c))
			return PTR_ERR(c);
		r->magazine_caches[n] = c;
	}
	return 0;
}

/*
 * Sizes
 */

static unsigned int rsv_magazine_size_index(unsigned int rounds)
{
	unsigned int n = 0;

	while (RSV_MAGAZINE_SIZE(n) < rounds)
		n++;
	return n;
}

/* Bytes of the objects that one of a size holds */
static size_t rsv_magazine_holds(const struct rsv_cache *c, unsigned int n)
{
	return (size_t)RSV_MAGAZINE_SIZE(n) * c->layout.object_size;
}

/* Pages of a region in which there are any, and none is more than a quarter of it */
static unsigned long rsv_magazine_needs(const struct rsv_cache *c, unsigned int n)
{
	return PFN_UP(max_t(size_t, RSV_MAGAZINE_REGION, 4 * rsv_magazine_holds(c, n)));
}

static void rsv_magazines_set(struct rsv_cache *c, unsigned int n)
{
	WRITE_ONCE(c->magazine_size, RSV_MAGAZINE_SIZE(n));
	WRITE_ONCE(c->magazine_min_pages, rsv_magazine_needs(c, n));
	WRITE_ONCE(c->magazine_cache, c->region->magazine_caches[n]);
}

/* The size that magazines have at first; objects that are too large to be kept at hand have none */
static int rsv_magazines_first(const struct rsv_cache *c)
{
	const unsigned int size = c->layout.object_size;

	if (size <= 256)
		return 4;
	if (size <= 1024)
		return 3;
	if (size <= 4096)
		return 2;
	if (size <= 8192)
		return 1;
	return size <= 32768 ? 0 : -1;
}

/**
 * rsv_magazines_choose() - say how large a new cache's magazines are, if it has any
 * @c: the cache, its layout known
 *
 * A cache that serves others has none, and notes how large those are that are objects of it.
 */
void rsv_magazines_choose(struct rsv_cache *c)
{
	int n = rsv_magazines_first(c);

	if (c->flags & RSV_CACHE_INTERNAL)
		c->magazine_size =
			(c->layout.object_size - sizeof(struct rsv_magazine)) / sizeof(void *);
	else if (n >= 0)
		rsv_magazines_set(c, n);
}

/**
 * rsv_magazines_enlarge() - make the magazines larger that a cache gets from now on
 * @c: the cache
 *
 * Context: Any.
 * Return: Whether that was done; false if the cache has none, or larger ones would hold too much.
 */
bool rsv_magazines_enlarge(struct rsv_cache *c)
{
	unsigned int n = rsv_magazine_size_index(READ_ONCE(c->magazine_size)) + 1;

	if (!READ_ONCE(c->magazine_cache) || n >= RSV_MAGAZINE_SIZES ||
	    rsv_magazine_holds(c, n) > RSV_MAGAZINE_HOLDS ||
	    rsv_magazine_needs(c, n) > READ_ONCE(c->region->nr_pages))
		return false;
	rsv_magazines_set(c, n);
	return true;
}

/*
 * Spares
 */

/* Takes a batch from the engine: the first one is returned, the others wait. Or NULL. */
static void *rsv_magazine_alloc(struct rsv_cache *own)
{
	struct rsv_batch t;

	rsv_batch_alloc(own, GFP_NOWAIT | __GFP_NOWARN, numa_mem_id(), RSV_BATCH, &t);
	if (!t.nr)
		return NULL;
	rsv_depot_add_preallocated(own, t.object + 1, t.nr - 1);
	return t.object[0];
}

/* There is none at hand. */
static void *rsv_magazine_alloc_slow(struct rsv_cache *own)
{
	void *spare = NULL;

	if (irqs_disabled())
		WRITE_ONCE(own->missing, true);
	else
		spare = rsv_magazine_alloc(own);
	if (!spare)
		this_cpu_inc(own->cpus->failures);
	return spare;
}

/**
 * rsv_magazine_new() - get a magazine for objects of a cache
 * @c: the cache, one that has magazines
 *
 * Context: Any but NMI. With interrupts off there is one only if it is at hand.
 * Return: The magazine, empty, or NULL.
 */
struct rsv_magazine *rsv_magazine_new(struct rsv_cache *c)
{
	struct rsv_cache *own = READ_ONCE(c->magazine_cache);
	void *spare = rsv_depot_take_empty(own) ?: rsv_magazine_alloc_slow(own);
	struct rsv_magazine *m = spare ? rsv_object_use(own, spare) : NULL;

	if (m) {
		m->rounds = 0;
		m->size = own->magazine_size;
	}
	return m;
}

/**
 * rsv_magazines_missing() - whether magazines were missing where interrupts were off
 * @c: the cache whose magazines they are
 *
 * Context: Any.
 * Return: true if so.
 */
bool rsv_magazines_missing(const struct rsv_cache *c)
{
	return READ_ONCE(READ_ONCE(c->magazine_cache)->missing);
}

/**
 * rsv_magazines_preallocate() - get on with making those that were missing
 * @c: the cache whose magazines they are
 *
 * One step at a time: first a slab for them, if there is none, and another time they themselves.
 *
 * Context: Any but NMI.
 */
void rsv_magazines_preallocate(struct rsv_cache *c)
{
	struct rsv_cache *own = READ_ONCE(c->magazine_cache);
	struct rsv_batch t;

	/* Less than a batch: the request has taken an object by now. */
	rsv_batch_alloc_node(own, numa_mem_id(), RSV_BATCH / 2, &t);
	rsv_depot_add_preallocated(own, t.object, t.nr);
	if (t.nr || !own->engine->new_slab(own, GFP_NOWAIT | __GFP_NOWARN, numa_mem_id()))
		WRITE_ONCE(own->missing, false);
}

/**
 * rsv_magazine_free() - give back the memory of a magazine
 * @c: the cache
 * @m: the magazine, in which no object is
 *
 * Context: Any but NMI.
 */
void rsv_magazine_free(struct rsv_cache *c, struct rsv_magazine *m)
{
	void *spare = m;

	if (m == &rsv_magazine_none)
		return;
	/* A spare is an object that nobody uses. */
	if (c->flags & RSV_CACHE_INTERNAL)
		rsv_objects_flush(c, &spare, 1);
	else
		rsv_cache_free(c->region->magazine_caches[rsv_magazine_size_index(m->size)], m);
}
