// SPDX-License-Identifier: GPL-2.0
/*
 * Getting back what caches do not need: all of it, when it is asked for or a region runs short; and
 * what was not needed for a while, every RSV_AGE_INTERVAL, by a work that wakes no CPU.
 */
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>

#include "cache.h"
#include "compat.h"
#include "depot.h"
#include "engine.h"
#include "magazine.h"
#include "pages/drain.h"
#include "reap.h"
#include "region.h"
#include "work.h"

#define RSV_AGE_INTERVAL (2 * HZ)

/* What is in no CPU's hands */
static unsigned int rsv_cache_shrink_rest(struct rsv_cache *c)
{
	rsv_depot_drain(c);
	return c->engine->shrink(c, false);
}

static bool rsv_cache_is_on_cpus(struct rsv_cache *c)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		if (rsv_cpu_has(c, cpu))
			return true;
	return false;
}

/**
 * rsv_cache_drain() - take back what CPUs have of a cache, if any has something
 * @c: the cache
 *
 * All caches of the region are drained with it, which costs the more the more there are. What a CPU
 * is taking home at this moment is there after a grace period, or in region->caches_lock.
 *
 * Context: Process; may sleep; waits for all CPUs.
 */
void rsv_cache_drain(struct rsv_cache *c)
{
	if (rsv_cache_is_on_cpus(c))
		rsv_drain_cpus(c->region);
}

/**
 * rsv_cache_shrink() - give all memory of a cache that no object is in back to the buddy system
 * @c: the cache
 *
 * Objects in magazines go back to their slabs first, those of other caches of the region too.
 *
 * Context: Process; may sleep; waits for all CPUs.
 * Return: The number of slabs given back.
 */
int rsv_cache_shrink(struct rsv_cache *c)
{
	struct rsv_cache_figures before, after;

	if (!rsv_cache_usable(c))
		return 0;
	/* What magazines held may have been the last of a slab beyond the target. */
	rsv_cache_count(c, &before);
	rsv_cache_drain(c);
	rsv_depot_drain(c);
	rsv_cache_count(c, &after);
	return after.slabs_given - before.slabs_given + c->engine->shrink(c, false);
}
EXPORT_SYMBOL_GPL(rsv_cache_shrink);

/**
 * rsv_caches_age() - give back what a region's caches did not need since the last time
 * @r: the region
 *
 * Context: Process; may sleep.
 */
void rsv_caches_age(struct rsv_region *r)
{
	struct rsv_cache *c;
	bool grew = false;

	mutex_lock(&r->caches_lock);
	/* The last made first: what serves other caches was made before them. */
	list_for_each_entry_reverse(c, &r->caches, list) {
		grew |= rsv_depot_age(c);
		c->engine->shrink(c, true);
	}
	mutex_unlock(&r->caches_lock);
	/* Not under the lock, and not for long: a CPU may let it wait. */
	if (grew)
		rsv_drain_cpus_timeout(r);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_caches_age);

static void rsv_age_work(struct work_struct *work)
{
	struct rsv_region *r = container_of(to_delayed_work(work), struct rsv_region, reap_work);

	rsv_caches_age(r);
	queue_delayed_work(rsv_queue, &r->reap_work, RSV_AGE_INTERVAL);
}

/**
 * rsv_reap_init() - get a new region ready
 * @r: the region
 */
void rsv_reap_init(struct rsv_region *r)
{
	INIT_DEFERRABLE_WORK(&r->reap_work, rsv_age_work);
}

/**
 * rsv_reap_start() - begin to look at a region from time to time
 * @r: the region
 *
 * Context: Any.
 */
void rsv_reap_start(struct rsv_region *r)
{
	queue_delayed_work(rsv_queue, &r->reap_work, RSV_AGE_INTERVAL);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_reap_start);

/**
 * rsv_reap_stop() - look at it no more
 * @r: the region
 *
 * Context: Process; may sleep.
 */
void rsv_reap_stop(struct rsv_region *r)
{
	cancel_delayed_work_sync(&r->reap_work);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_reap_stop);

/*
 * What pages/ asks for
 */

static void rsv_caches_shrink(struct rsv_region *r)
{
	struct rsv_cache *c;

	mutex_lock(&r->caches_lock);
	/* As in rsv_caches_age() */
	list_for_each_entry_reverse(c, &r->caches, list)
		rsv_cache_shrink_rest(c);
	mutex_unlock(&r->caches_lock);
}

/* A cache that goes is on the list until nobody who found it there looks at it any more. */
static void rsv_caches_drain_local(struct rsv_region *r)
{
	struct rsv_cache *c;

	rcu_read_lock();
	list_for_each_entry_rcu(c, &r->caches, list) rsv_cpu_drain(c);
	rcu_read_unlock();
}

static bool rsv_caches_have_local(const struct rsv_region *r, unsigned int cpu)
{
	struct rsv_cache *c;
	bool has = false;

	rcu_read_lock();
	list_for_each_entry_rcu(c, &r->caches, list)
	{
		has = rsv_cpu_has(c, cpu);
		if (has)
			break;
	}
	rcu_read_unlock();
	return has;
}

static const struct rsv_drain_hooks rsv_reap_drain_hooks = {
	.shrink = rsv_caches_shrink,
	.drain_local = rsv_caches_drain_local,
	.has_local = rsv_caches_have_local,
};

/* An extent ends: CPUs forget that they found something there. */
static void rsv_caches_invalidate_hint(struct rsv_extent *e)
{
	struct rsv_cache *c;

	rcu_read_lock();
	list_for_each_entry_rcu(c, &e->region->caches, list) rsv_cache_invalidate_hint(c, e);
	rcu_read_unlock();
}

/**
 * rsv_reap_set_hooks() - let pages/ ask for what caches do not need
 */
void rsv_reap_set_hooks(void)
{
	rsv_drain_set_hooks(&rsv_reap_drain_hooks);
	rsv_extent_set_invalidate_hook(rsv_caches_invalidate_hint);
}
