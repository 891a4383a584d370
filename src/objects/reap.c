// SPDX-License-Identifier: GPL-2.0
/*
 * Getting memory back from caches. When a caller shrinks a cache, or when the region runs short,
 * all memory that no object is in goes back. Every RSV_REAP_INTERVAL, memory that was not needed in
 * that interval goes back.
 *
 * Magazines come first, since a cached object may be the last one of its slab. The memory that a
 * cache needed in the last interval is its working set, and stays (Bonwick and Adams 2001, 3.5).
 * The periodic work wakes no sleeping CPU but one that has objects for whose end a grace period has
 * not even begun (rcu_frees.c).
 */
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/smp.h>

#include "cache.h"
#include "cache_list.h"
#include "cpu.h"
#include "cpu_reserve.h"
#include "depot.h"
#include "heap.h"
#include "irq_job.h"
#include "leaving.h"
#include "magazine.h"
#include "magazine_cache.h"
#include "pages/drain.h"
#include "pages/pagemap.h"
#include "rcu_ended.h"
#include "rcu_frees.h"
#include "reap.h"
#include "stats.h"
#include "work.h"

#define RSV_REAP_INTERVAL	(2 * HZ)

/*
 * Depots
 */

/* Flushes and frees @nr magazines, or as many as there are. */
static void rsv_depot_discard(struct rsv_cache *c, struct rsv_depot *d, struct rsv_depot_stack *s,
			      unsigned int nr)
{
	struct rsv_magazine *m;

	while (nr--) {
		m = rsv_depot_remove(d, s);
		if (!m)
			return;
		rsv_magazine_flush(c, m);
		rsv_magazine_free(c, m);
		cond_resched();
	}
}

/**
 * rsv_depot_drain() - flush all magazines in the depots of a cache
 * @c: the cache
 *
 * The function flushes as many magazines as there are now, since CPUs may go on adding magazines.
 *
 * Context: Process; may sleep.
 */
void rsv_depot_drain(struct rsv_cache *c)
{
	unsigned int full, empty;
	int nid;

	for (nid = 0; nid < nr_node_ids; nid++) {
		struct rsv_depot *d = &c->nodes[nid]->depot;

		rsv_depot_count(d, &full, &empty);
		rsv_depot_discard(c, d, &d->full, full);
		rsv_depot_discard(c, d, &d->empty, empty);
	}
}

/*
 * Flushes the magazines that no CPU needed in the last interval. If CPUs waited for one another,
 * larger magazines replace all magazines from now on. Returns whether CPUs still have smaller ones.
 */
static bool rsv_depot_age(struct rsv_cache *c)
{
	unsigned int full, empty;
	bool contended = false;
	int nid;

	for (nid = 0; nid < nr_node_ids; nid++) {
		struct rsv_depot *d = &c->nodes[nid]->depot;

		contended |= rsv_depot_update_working_set(d, &full, &empty);
		rsv_depot_discard(c, d, &d->full, full);
		rsv_depot_discard(c, d, &d->empty, empty);
	}
	if (!contended || !rsv_magazine_grow(c))
		return false;
	rsv_depot_drain(c);
	return true;
}

/*
 * One cache
 */

/**
 * rsv_cache_drain() - flush the magazines that CPUs have of a cache
 * @c: the cache, which the caller keeps from being destroyed
 *
 * If a CPU is flushing a magazine at this moment, its objects are with the engine only after a
 * grace period.
 *
 * Context: Process; may sleep; waits for the CPUs that have any.
 */
void rsv_cache_drain(struct rsv_cache *c)
{
	rsv_drain_cache(c);
}

/**
 * rsv_cache_release_slabs() - let all slabs that no object is in leave a cache, once no CPU has
 *	magazines of it
 * @c: the cache
 *
 * Context: Process; may sleep.
 * Return: The number of slabs, but not those that left while the depots were drained.
 */
unsigned int rsv_cache_release_slabs(struct rsv_cache *c)
{
	rsv_depot_drain(c);
	return c->engine->shrink(c, false);
}

/**
 * rsv_cache_shrink() - give all memory of a cache that no object is in back to the buddy system
 * @c: the cache
 *
 * The function flushes the magazines of this cache first, also those that other CPUs have. Objects
 * that were given back by RCU are free when it returns.
 *
 * Context: Process; may sleep; waits for the CPUs that have any.
 * Return: The number of slabs given back.
 */
int rsv_cache_shrink(struct rsv_cache *c)
{
	struct rsv_cache_figures before, after;
	int nr;

	if (!rsv_cache_usable(c))
		return 0;
	/* A flush may give back slabs beyond the target, which count too. */
	rsv_cache_count(c, &before);
	rsv_cache_drain(c);
	if (rsv_rcu_count(c)) {
		rsv_rcu_free_all(c->region);
		rsv_cache_drain(c);
	}
	rsv_depot_drain(c);
	rsv_cache_count(c, &after);
	nr = after.slabs_given - before.slabs_given + c->engine->shrink(c, false);
	if (rsv_heap_waits(c)) {
		synchronize_rcu_expedited();
		nr += c->engine->shrink(c, false);
	}
	rsv_leaving_free_all(c->region);
	return nr;
}
EXPORT_SYMBOL_GPL(rsv_cache_shrink);

/*
 * All caches of a region, in the opposite order of their creation: the internal caches were created
 * first, and the other caches give memory back to them.
 */

/**
 * rsv_caches_age() - give back the memory that a region's caches did not need since the last call
 * @r: the region
 *
 * Context: Process; may sleep.
 */
void rsv_caches_age(struct rsv_region *r)
{
	struct rsv_cache *c;
	bool grew = false;

	mutex_lock(&r->caches_lock);
	list_for_each_entry_reverse(c, &r->caches, list) {
		grew |= rsv_depot_age(c);
		c->engine->shrink(c, true);
		rsv_cpu_reserve_refill(c);
		cond_resched();
	}
	mutex_unlock(&r->caches_lock);
	/* A busy CPU may delay the drain, so it runs without the lock and with a time-out. */
	if (grew)
		rsv_drain_cpus_timeout(r);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_caches_age);

/* Returns whether any cache has objects that readers under RCU may still look at. */
static bool rsv_caches_release_all(struct rsv_region *r)
{
	struct rsv_cache *c;
	bool waits = false;

	mutex_lock(&r->caches_lock);
	list_for_each_entry_reverse(c, &r->caches, list) {
		rsv_cache_release_slabs(c);
		waits |= rsv_heap_waits(c);
		cond_resched();
	}
	mutex_unlock(&r->caches_lock);
	return waits;
}

/* The caches wait for at most one grace period, together and without the lock. */
static void rsv_caches_shrink(struct rsv_region *r)
{
	struct rsv_cache *c;

	if (!rsv_caches_release_all(r))
		return;
	synchronize_rcu_expedited();
	mutex_lock(&r->caches_lock);
	list_for_each_entry_reverse(c, &r->caches, list) {
		if (rsv_heap_waits(c))
			c->engine->shrink(c, false);
		cond_resched();
	}
	mutex_unlock(&r->caches_lock);
}

static bool rsv_cache_visit_local(struct rsv_cache *c, void *data)
{
	if (rsv_cpu_has(c, raw_smp_processor_id()))
		rsv_cpu_drain_local(c);
	return false;
}

static void rsv_caches_drain_local(struct rsv_region *r, struct rsv_cache *only)
{
	if (only)
		rsv_cpu_drain_local(only);
	else
		rsv_caches_visit(r, rsv_cache_visit_local, NULL);
}

static bool rsv_cache_visit_cpu(struct rsv_cache *c, void *cpu)
{
	return rsv_cpu_has(c, *(unsigned int *)cpu);
}

static bool rsv_caches_have_local(struct rsv_region *r, struct rsv_cache *only, unsigned int cpu)
{
	return only ? rsv_cpu_has(only, cpu) : rsv_caches_visit(r, rsv_cache_visit_cpu, &cpu);
}

/* The periodic work, and the hooks for pages/ */

static void rsv_reap_work(struct work_struct *work)
{
	struct rsv_region *r = container_of(to_delayed_work(work), struct rsv_region, reap_work);

	rsv_rcu_submit_cpus(r);
	rsv_caches_age(r);
	rsv_irq_jobs_check();
	queue_delayed_work(rsv_queue, &r->reap_work, RSV_REAP_INTERVAL);
}

/**
 * rsv_reap_init() - initialise the periodic work of a new region
 * @r: the region
 */
void rsv_reap_init(struct rsv_region *r)
{
	INIT_DEFERRABLE_WORK(&r->reap_work, rsv_reap_work);
}

/**
 * rsv_reap_start() - start the periodic work of a region
 * @r: the region
 *
 * Context: Any.
 */
void rsv_reap_start(struct rsv_region *r)
{
	queue_delayed_work(rsv_queue, &r->reap_work, RSV_REAP_INTERVAL);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_reap_start);

/**
 * rsv_reap_stop() - stop the periodic work of a region
 * @r: the region
 *
 * Context: Process; may sleep.
 */
void rsv_reap_stop(struct rsv_region *r)
{
	cancel_delayed_work_sync(&r->reap_work);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_reap_stop);

/* Slabs of the engine SLAB that go give their bufctls back to internal caches. */
static void rsv_caches_shrink_internal(struct rsv_region *r)
{
	struct rsv_cache *c;

	mutex_lock(&r->caches_lock);
	list_for_each_entry(c, &r->caches, list) {
		if (!(c->flags & RSV_CACHE_INTERNAL))
			break;
		rsv_cache_release_slabs(c);
	}
	mutex_unlock(&r->caches_lock);
}

/*
 * Frees the objects that wait for a grace period, and gives their memory back: they come to this
 * CPU's magazines and to depots. Also objects that another task is about to free: who may wait
 * waits for it.
 */
static void rsv_caches_free_rcu(struct rsv_region *r, bool may_sleep)
{
	if (!may_sleep) {
		rsv_rcu_free_ended(r);
		return;
	}
	if (!rsv_rcu_busy(&r->rcu_frees))
		return;
	rsv_rcu_free_all(r);
	rsv_caches_drain_local(r, NULL);
	rsv_caches_shrink(r);
}

static bool rsv_caches_free_leaving(struct rsv_region *r, bool may_sleep)
{
	if (!may_sleep) {
		if (!rsv_leaving_any(&r->leaving))
			return false;
		rsv_leaving_free_ended(r);
		return true;
	}
	/* Also slabs that another task is about to free: who may wait waits for it. */
	if (!rsv_leaving_pages(&r->leaving))
		return false;
	rsv_leaving_free_all(r);
	rsv_caches_shrink_internal(r);
	rsv_leaving_free_all(r);
	return true;
}

static const struct rsv_drain_hooks rsv_reap_drain_hooks = {
	.shrink = rsv_caches_shrink,
	.drain_local = rsv_caches_drain_local,
	.has_local = rsv_caches_have_local,
	.free_leaving = rsv_caches_free_leaving,
	.free_rcu = rsv_caches_free_rcu,
};

/**
 * rsv_reap_set_hooks() - let pages/ drain caches
 */
void rsv_reap_set_hooks(void)
{
	rsv_drain_set_hooks(&rsv_reap_drain_hooks);
}
