// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of magazines, and their size.
 *
 * Magazines are objects of internal caches of the same region, one cache for each size. Internal
 * caches have no magazines themselves. A request allocates a batch of magazines. It uses the first
 * one, and preallocates the others: they wait in the depot of the internal cache, so that the next
 * requests get one as fast as by an exchange. A preallocated magazine is a cached object.
 *
 * A region that has no memory for a magazine is asked again in the next tick. Until then objects go
 * past the magazines: where the region is full, each free would ask in vain, and each time that
 * takes longer than the free itself.
 *
 * A caller with interrupts off gets a preallocated magazine or none: it must not wait for a new
 * slab, and its object can go to the engine instead. It sets a hint. The next allocations that take
 * the slow path and need no new slab for themselves then preallocate magazines.
 */
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/pfn.h>
#include <linux/preempt.h>
#include <linux/topology.h>

#include "batch.h"
#include "cpu.h"
#include "debug/check.h"
#include "depot.h"
#include "free.h"
#include "hooks.h"
#include "magazine_cache.h"
#include "pages/pagemap.h"

/* Smaller regions have no magazines, whose objects other callers would miss. */
#define RSV_MAGAZINE_REGION	(256UL << 10)

/* Bytes of objects that a magazine may hold */
#define RSV_MAGAZINE_BYTES_MAX	(128U << 10)

/*
 * Sizes
 */

static unsigned int rsv_magazine_size_index(unsigned int size)
{
	unsigned int n = 0;

	while (RSV_MAGAZINE_SIZE(n) < size)
		n++;
	return n;
}

/* Bytes of the objects in a full magazine */
static size_t rsv_magazine_holds(const struct rsv_cache *c, unsigned int n)
{
	return (size_t)RSV_MAGAZINE_SIZE(n) * c->layout.object_size;
}

/* The pages that a region must have: the objects of a magazine are at most a quarter of them. */
static unsigned long rsv_magazine_region_pages(const struct rsv_cache *c, unsigned int n)
{
	return PFN_UP(max_t(size_t, RSV_MAGAZINE_REGION, 4 * rsv_magazine_holds(c, n)));
}

static void rsv_magazine_set_size(struct rsv_cache *c, unsigned int n)
{
	WRITE_ONCE(c->magazine_size, RSV_MAGAZINE_SIZE(n));
	WRITE_ONCE(c->magazine_min_pages, rsv_magazine_region_pages(c, n));
	WRITE_ONCE(c->magazine_cache, c->region->magazine_caches[n]);
}

/* The size that magazines have at first; -1 if the objects are too large for magazines */
static int rsv_magazine_first_size(const struct rsv_cache *c)
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
 * rsv_magazine_size_ok() - whether magazines of a cache can have the size that its creator wants
 * @object_size: bytes of an object
 * @args: the rest that is said of the cache
 *
 * Context: Any.
 * Return: true if so, or if its creator wants no particular size.
 */
bool rsv_magazine_size_ok(unsigned int object_size, const struct rsv_cache_args *args)
{
	const unsigned int size = args->magazine_size;

	if (!size)
		return true;
	return is_power_of_2(size) && size >= RSV_MAGAZINE_SIZE(0) &&
	       size <= RSV_MAGAZINE_SIZE(RSV_MAGAZINE_SIZES - 1) &&
	       (size_t)size * object_size <= RSV_MAGAZINE_BYTES_MAX &&
	       !(args->flags & RSV_NO_MAGAZINE);
}

/**
 * rsv_magazine_choose_size() - choose the size of a new cache's magazines, if it has any
 * @c: the cache, its layout known
 * @size: the size that its creator wants, which is one that it can have; 0 for any
 *
 * An internal cache has no magazines, and stores the size of the magazines that are its objects.
 */
void rsv_magazine_choose_size(struct rsv_cache *c, unsigned int size)
{
	int n = size ? rsv_magazine_size_index(size) : rsv_magazine_first_size(c);

	if (c->flags & RSV_CACHE_INTERNAL)
		c->magazine_size = (c->layout.object_size - sizeof(struct rsv_magazine)) /
				   sizeof(void *);
	else if (n >= 0)
		rsv_magazine_set_size(c, n);
}

/**
 * rsv_magazine_grow() - make the magazines that a cache gets from now on larger
 * @c: the cache
 *
 * Context: Any.
 * Return: true if they are larger; false if the cache has none, or larger ones would hold too much.
 */
bool rsv_magazine_grow(struct rsv_cache *c)
{
	unsigned int n = rsv_magazine_size_index(READ_ONCE(c->magazine_size)) + 1;

	if (!READ_ONCE(c->magazine_cache) || n >= RSV_MAGAZINE_SIZES ||
	    rsv_magazine_holds(c, n) > RSV_MAGAZINE_BYTES_MAX ||
	    rsv_magazine_region_pages(c, n) > READ_ONCE(c->region->nr_pages))
		return false;
	rsv_magazine_set_size(c, n);
	return true;
}

/*
 * Magazines
 */

/*
 * Allocates a batch of magazines. Returns the first one and preallocates the others; NULL if there
 * is no memory.
 */
static void *rsv_magazine_alloc_batch(struct rsv_cache *internal)
{
	struct rsv_batch t;

	rsv_batch_alloc(internal, GFP_NOWAIT | __GFP_NOWARN, numa_mem_id(), RSV_BATCH, &t);
	if (!t.nr)
		return NULL;
	rsv_depot_add_preallocated(internal, t.object + 1, t.nr - 1);
	return t.object[0];
}

/* Gets a magazine when none is preallocated. */
static void *rsv_magazine_alloc_slow(struct rsv_cache *internal)
{
	const unsigned long now = jiffies;
	void *magazine = NULL;

	if (READ_ONCE(internal->failed) == now)
		return NULL;
	if (irqs_disabled()) {
		WRITE_ONCE(internal->missing, true);
	} else {
		magazine = rsv_magazine_alloc_batch(internal);
		if (!magazine)
			WRITE_ONCE(internal->failed, now);
	}
	if (!magazine)
		this_cpu_inc(internal->cpus->failures);
	return magazine;
}

/**
 * rsv_magazine_new() - get a magazine for objects of a cache
 * @c: the cache, one that has magazines
 *
 * Context: Any but NMI. With interrupts off only a preallocated magazine serves.
 * Return: The magazine, empty, or NULL.
 */
struct rsv_magazine *rsv_magazine_new(struct rsv_cache *c)
{
	struct rsv_cache *internal = READ_ONCE(c->magazine_cache);
	struct rsv_magazine *m;
	void *object = rsv_depot_take_empty(internal) ?: rsv_magazine_alloc_slow(internal);

	if (!object)
		return NULL;
	/* A damaged magazine counts too: it is lost, and counts as used for ever. */
	this_cpu_inc(internal->cpus->slow_allocs);
	if (!internal->engine->mark_used(internal, object)) {
		rsv_debug_report(RSV_CORRUPT, internal, NULL, object,
				 "a free magazine was written to, and is lost");
		return NULL;
	}
	m = rsv_alloc_hook(internal, object, GFP_NOWAIT);
	m->rounds = 0;
	m->size = internal->magazine_size;
	return m;
}

/**
 * rsv_magazine_take_empty() - get an empty magazine of the depot or, if it has none, a new one
 * @c: the cache whose objects it is for
 *
 * Context: Any but NMI.
 * Return: The magazine. NULL if there is no memory for one, or if rsv_magazine_wanted() says no.
 */
struct rsv_magazine *rsv_magazine_take_empty(struct rsv_cache *c)
{
	struct rsv_magazine *m = rsv_depot_take_empty(c);

	return m || !rsv_magazine_wanted(c) ? m : rsv_magazine_new(c);
}

/*
 * Makes a used magazine a cached object of its internal cache. Returns false, with a report, if the
 * magazine is no used object; it is lost then.
 */
static bool rsv_magazine_mark_cached(struct rsv_cache *internal, void *m)
{
	struct rsv_extent *e = rsv_region_extent(internal->region, m);
	enum rsv_misuse misuse;

	preempt_disable();
	misuse = rsv_free_mark_cached(internal, e, m);
	preempt_enable();
	if (unlikely(misuse != RSV_OK)) {
		rsv_debug_report(misuse, internal, e, m, "given back");
		return false;
	}
	rsv_free_clear(internal, m);
	rsv_free_hook(internal, m);
	this_cpu_inc(internal->cpus->slow_frees);
	return true;
}

/**
 * rsv_magazine_free() - free the memory of a magazine
 * @c: the cache that used the magazine, or the internal cache of a preallocated one
 * @m: the magazine, without rounds
 *
 * Context: Any but NMI.
 */
void rsv_magazine_free(struct rsv_cache *c, struct rsv_magazine *m)
{
	struct rsv_cache *internal = c;
	void *object = m;

	if (m == &rsv_magazine_none)
		return;
	if (!(c->flags & RSV_CACHE_INTERNAL)) {
		internal = c->region->magazine_caches[rsv_magazine_size_index(m->size)];
		if (!rsv_magazine_mark_cached(internal, m))
			return;
	}
	rsv_batch_free(internal, &object, 1);
}

/**
 * rsv_magazine_missing() - whether a caller with interrupts off found no magazine
 * @c: the cache whose magazines they are
 *
 * Context: Any.
 * Return: true if so.
 */
bool rsv_magazine_missing(const struct rsv_cache *c)
{
	return READ_ONCE(READ_ONCE(c->magazine_cache)->missing);
}

/**
 * rsv_magazine_preallocate() - preallocate a few of the magazines that were missing
 * @c: the cache whose magazines they are
 *
 * The function gets a few magazines or, if their slabs have none, makes a new slab for them. It
 * does not do both, because its caller, whose request is served already, should not wait longer.
 *
 * Context: Any but NMI.
 */
void rsv_magazine_preallocate(struct rsv_cache *c)
{
	struct rsv_cache *internal = READ_ONCE(c->magazine_cache);
	const int nid = numa_mem_id();
	struct rsv_batch t;

	rsv_batch_alloc_node(internal, nid, RSV_BATCH / 2, &t);
	rsv_depot_add_preallocated(internal, t.object, t.nr);
	if (t.nr || !internal->engine->new_slab(internal, GFP_NOWAIT | __GFP_NOWARN, nid, 0, &t))
		WRITE_ONCE(internal->missing, false);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_magazine_preallocate);
