// SPDX-License-Identifier: GPL-2.0
/*
 * Drains: they move free memory that is cached somewhere to the free areas. Blocks are cached on
 * the lists of CPUs and as zeroed pages; free objects are cached in magazines, and pages in empty
 * slabs. objects/ registers hooks for the last two. A drain empties magazines before it shrinks
 * caches, because a magazine may have the last object of a slab.
 *
 * Only a CPU itself may touch its lists and magazines. So a drain of all CPUs queues work on each
 * of them that has cached anything, under cpus_read_lock(), so that no CPU goes off-line before its
 * work is done. When a CPU has gone off-line and is dead, another CPU drains it.
 *
 * There are two kinds of drain. Each has work items and a lock of its own, so that neither waits
 * for the other:
 *
 *	rsv_drain_cpus()	empties all lists and magazines of a region (drain_lock). A request
 *				waits for it only so long, and may leave work pending or running
 *				when it drops the lock. That does no harm: this work always does the
 *				same
 *	rsv_drain_caches()	empties the magazines of some caches (cache_drain_lock). The caller
 *				sets the list of caches, queues, and waits until the work is done
 *				before it drops the lock. So no work has the list for longer than
 *				the caller keeps the caches from being destroyed. A CPU drains all
 *				caches of the list in one work item, however many there are
 *
 * A drain lets other tasks run after each cache and each zone, also on a kernel that does not
 * preempt. A cache that is destroyed between two steps is not visited any more, and RCU keeps the
 * one that is being visited. What runs at once is the flush of the three magazines that a CPU has
 * of one cache, 384 objects at most, or of the lists that it has of one zone. Preemption is off
 * only while magazines are taken off the CPU (or an active slab goes back to its node), and while a
 * batch of blocks leaves a list.
 *
 * A request that no zone serves drains once, before it fails, and looks at pages that wait for the
 * last reference to them (waiting.c), unless the last drain found nothing and nothing was cached
 * since then (backoff.c). A request that may not sleep gets only the blocks on this CPU's lists,
 * the zeroed pages, the pages of slabs whose grace period has ended, and some waiting pages back.
 * Therefore a zone below its low watermark also wakes a drain in the background (zone.c), which
 * gives back zeroed pages and empty slabs.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/workqueue.h>

#include "backoff.h"
#include "drain.h"
#include "gfp.h"
#include "pcp.h"
#include "waiting.h"
#include "work.h"
#include "zeroed.h"
#include "zonelist.h"

/* The time that a request waits for other CPUs to drain */
#define RSV_DRAIN_PATIENCE	(HZ / 10)

static const struct rsv_drain_hooks *rsv_drain_hooks;	/* set before the first region is created */
static int rsv_drain_cpuhp_state;

/**
 * rsv_drain_set_hooks() - register how objects/ drains and shrinks
 * @hooks: the calls
 */
void rsv_drain_set_hooks(const struct rsv_drain_hooks *hooks)
{
	rsv_drain_hooks = hooks;
}

/*
 * This CPU, and zeroed pages
 */

/*
 * Only a drain of all CPUs closes lists (backoff.c), since that makes the next free onto each of
 * them take the slow path. That drain may sleep.
 */
static void rsv_drain_lists(struct rsv_region *r, bool may_sleep)
{
	unsigned int n;
	struct rsv_zone *z;

	for (n = 0; (z = rsv_zone_nth(r, n)); n++) {
		rsv_pcp_drain(z, may_sleep);
		if (may_sleep)
			cond_resched();
	}
}

static void rsv_drain_zeroed(struct rsv_region *r)
{
	unsigned int n;
	struct rsv_zone *z;

	for (n = 0; (z = rsv_zone_nth(r, n)); n++)
		rsv_zeroed_drain(z);
}

/*
 * All CPUs
 */

static void rsv_drain_this_cpu(struct work_struct *work)
{
	struct rsv_region *r = container_of(work, struct rsv_drain_work, work)->region;

	rsv_drain_hooks->drain_local(r, NULL);
	rsv_drain_lists(r, true);
}

/*
 * Whether a CPU has cached anything, or can do so without rsv_backoff_cached(); a drain does not
 * disturb other CPUs. A CPU may cache more right after this look. That is as if it did so after the
 * drain.
 */
static bool rsv_drain_cpu_needs(struct rsv_region *r, unsigned int cpu)
{
	struct rsv_zone *z;
	unsigned int n;

	if (rsv_drain_hooks->has_local(r, NULL, cpu))
		return true;
	for (n = 0; (z = rsv_zone_nth(r, n)); n++)
		if (rsv_pcp_is_open(z, cpu))
			return true;
	return false;
}

/* Queues the work on all CPUs that have cached something. The caller holds cpus_read_lock(). */
static void rsv_drain_queue(struct rsv_region *r)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		if (rsv_drain_cpu_needs(r, cpu))
			queue_work_on(cpu, rsv_queue, &per_cpu_ptr(r->drains, cpu)->work);
}

static bool rsv_drain_busy(const struct rsv_region *r)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		if (work_busy(&per_cpu_ptr(r->drains, cpu)->work))
			return true;
	return false;
}

/**
 * rsv_drain_cpus() - move all blocks on CPUs' lists to the free areas, and all objects in CPUs'
 *	magazines to their slabs
 * @r: the region
 *
 * Context: Process; may sleep; takes cpus_read_lock() and waits until every CPU is done.
 */
void rsv_drain_cpus(struct rsv_region *r)
{
	unsigned int cpu;

	mutex_lock(&r->drain_lock);
	cpus_read_lock();
	rsv_drain_queue(r);
	for_each_online_cpu(cpu)
		flush_work(&per_cpu_ptr(r->drains, cpu)->work);
	cpus_read_unlock();
	mutex_unlock(&r->drain_lock);
}

/**
 * rsv_drain_cpus_timeout() - rsv_drain_cpus() that waits RSV_DRAIN_PATIENCE at most
 * @r: the region
 *
 * A CPU that runs a task of the highest priority, or that comes or goes, may not run the work in
 * time. Its blocks stay cached then.
 *
 * Context: Process; may sleep. A work item of rsv_queue may call it, although the work that it
 * waits for runs on the same queue.
 * Return: Whether all CPUs have drained what they had cached before the call.
 */
bool rsv_drain_cpus_timeout(struct rsv_region *r)
{
	unsigned long deadline = jiffies + RSV_DRAIN_PATIENCE;
	bool busy = true;

	rsv_drain_hooks->drain_local(r, NULL);
	rsv_drain_lists(r, true);
	/* The holder of the lock drains the same CPUs, so waiting for it loses nothing. */
	while (!mutex_trylock(&r->drain_lock)) {
		if (time_after_eq(jiffies, deadline))
			return false;
		usleep_range(20, 50);
	}
	if (cpus_read_trylock()) {
		rsv_drain_queue(r);
		while ((busy = rsv_drain_busy(r)) && time_before(jiffies, deadline))
			usleep_range(20, 50);
		cpus_read_unlock();
	}
	mutex_unlock(&r->drain_lock);
	return !busy;
}

static int rsv_drain_cpu_dead(unsigned int cpu, struct hlist_node *node)
{
	struct rsv_region *r = hlist_entry(node, struct rsv_region, cpuhp);
	unsigned int n;
	struct rsv_zone *z;

	for (n = 0; (z = rsv_zone_nth(r, n)); n++) {
		rsv_pcp_drain_dead(z, cpu);
		cond_resched();
	}
	return 0;
}

/*
 * Some caches
 */

static void rsv_drain_caches_this_cpu(struct work_struct *work)
{
	struct rsv_drain_work *drain = container_of(work, struct rsv_drain_work, cache_work);
	struct rsv_cache *c;

	list_for_each_entry(c, drain->caches, ending) {
		rsv_drain_hooks->drain_local(c->region, c);
		cond_resched();
	}
}

static bool rsv_drain_caches_need(struct list_head *caches, unsigned int cpu)
{
	struct rsv_cache *c;

	list_for_each_entry(c, caches, ending)
		if (rsv_drain_hooks->has_local(c->region, c, cpu))
			return true;
	return false;
}

/*
 * Drains this CPU without a work item. If the task moves meanwhile, the work does the rest. Objects
 * that the task itself freed are mostly here.
 */
static void rsv_drain_list_here(struct list_head *caches)
{
	struct rsv_cache *c;

	list_for_each_entry(c, caches, ending) {
		if (rsv_drain_hooks->has_local(c->region, c, raw_smp_processor_id()))
			rsv_drain_hooks->drain_local(c->region, c);
		cond_resched();
	}
}

/* The caller holds region->cache_drain_lock. */
static void rsv_drain_list(struct rsv_region *r, struct list_head *caches)
{
	unsigned int cpu;

	rsv_drain_list_here(caches);
	cpus_read_lock();
	for_each_online_cpu(cpu) {
		struct rsv_drain_work *drain = per_cpu_ptr(r->drains, cpu);

		if (!rsv_drain_caches_need(caches, cpu))
			continue;
		drain->caches = caches;
		queue_work_on(cpu, rsv_queue, &drain->cache_work);
	}
	for_each_online_cpu(cpu)
		flush_work(&per_cpu_ptr(r->drains, cpu)->cache_work);
	cpus_read_unlock();
}

/**
 * rsv_drain_caches() - move all objects that CPUs have in magazines of some caches to their slabs
 * @caches: the caches, which the caller destroys. They may be of several regions: the work items of
 *	one region serve
 *
 * Context: Process; may sleep; takes cpus_read_lock() and waits for the CPUs that have any.
 */
void rsv_drain_caches(struct list_head *caches)
{
	struct rsv_cache *first = list_first_entry_or_null(caches, struct rsv_cache, ending);

	if (!first)
		return;
	mutex_lock(&first->region->cache_drain_lock);
	rsv_drain_list(first->region, caches);
	mutex_unlock(&first->region->cache_drain_lock);
}

/**
 * rsv_drain_cache() - move all objects that CPUs have in magazines of one cache to their slabs
 * @c: the cache, which the caller keeps from being destroyed
 *
 * Context: Process; may sleep; takes cpus_read_lock() and waits for the CPUs that have any.
 */
void rsv_drain_cache(struct rsv_cache *c)
{
	struct rsv_region *r = c->region;
	LIST_HEAD(only);

	mutex_lock(&r->cache_drain_lock);
	list_add(&c->ending, &only);
	rsv_drain_list(r, &only);
	list_del_init(&c->ending);
	mutex_unlock(&r->cache_drain_lock);
}

/*
 * A region
 */

/**
 * rsv_drain_region() - move all free memory of a region to the free areas
 * @r: the region
 *
 * Context: Process; may sleep.
 */
void rsv_drain_region(struct rsv_region *r)
{
	rsv_drain_cpus(r);
	rsv_drain_hooks->shrink(r);
	rsv_drain_hooks->free_rcu(r, true);
	rsv_drain_hooks->free_leaving(r, true);
	rsv_waiting_poll(r, true);
	rsv_drain_zeroed(r);
}

/**
 * rsv_drain_may_wait() - whether a request may wait for other tasks
 * @gfp: the request's flags
 *
 * Without __GFP_FS its caller may hold the locks of a file system, and with PF_MEMALLOC the caller
 * itself frees memory of the system. The tasks that the request would wait for may in turn wait for
 * those locks or for that memory.
 *
 * Context: Any.
 * Return: true if it may.
 */
bool rsv_drain_may_wait(gfp_t gfp)
{
	return gfpflags_allow_blocking(gfp) && current_gfp_context(gfp) & __GFP_FS &&
	       !(current->flags & PF_MEMALLOC);
}

/**
 * rsv_drain_leaving() - free the pages of slabs that left their caches, as far as a request may
 *	wait for them
 * @r: the region
 * @gfp: the request's flags
 *
 * These pages only wait for a grace period. So a request asks for them before it drains what others
 * cache.
 *
 * Context: Any but NMI; may sleep if @gfp allows it.
 * Return: Whether there was any such slab.
 */
bool rsv_drain_leaving(struct rsv_region *r, gfp_t gfp)
{
	return rsv_drain_hooks->free_leaving(r, rsv_drain_may_wait(gfp));
}

/**
 * rsv_zone_cached() - count the pages of a zone that a drain moves to its free areas
 * @z: the zone
 *
 * Context: Any.
 * Return: The pages on the lists of CPUs, the zeroed ones, and those that are being cleared, which
 * a drain misses.
 */
unsigned long rsv_zone_cached(const struct rsv_zone *z)
{
	unsigned long nr_pages = READ_ONCE(z->nr_clearing) + READ_ONCE(z->nr_zeroed);
	struct rsv_pcp_stats stats;
	unsigned int order;

	for (order = 0; order < RSV_LISTED_ORDERS; order++) {
		rsv_pcp_get_stats(z, order, &stats);
		nr_pages += stats.blocks << order;
	}
	return nr_pages;
}

/**
 * rsv_drain_for_request() - move cached memory to the free areas, as far as a request may wait for
 *	it
 * @r: the region
 * @gfp: the request's flags
 *
 * In a drained region (backoff.c) there is none, and the function does nothing.
 *
 * Context: Any but NMI; may sleep if @gfp allows it.
 * Return: true if all CPUs and caches were drained, or need not be; false if only this CPU's lists,
 * the zeroed pages, some slabs that left their caches and some pages that nobody refers to any more
 * were.
 */
bool rsv_drain_for_request(struct rsv_region *r, gfp_t gfp)
{
	bool may_wait = rsv_drain_may_wait(gfp), complete = false;
	int drain;

	if (rsv_backoff_is_drained(r))
		return may_wait;
	if (may_wait) {
		drain = rsv_backoff_begin_drain(r);
		complete = rsv_drain_cpus_timeout(r);
		rsv_drain_hooks->shrink(r);
	} else {
		rsv_drain_lists(r, false);
	}
	rsv_drain_hooks->free_rcu(r, may_wait);
	rsv_drain_hooks->free_leaving(r, may_wait);
	rsv_waiting_poll(r, may_wait);
	rsv_drain_zeroed(r);
	if (complete)
		rsv_backoff_end_drain(r, drain);
	return may_wait;
}

static void rsv_drain_background(struct work_struct *work)
{
	struct rsv_region *r = container_of(work, struct rsv_region, drain_work);

	rsv_drain_zeroed(r);
	rsv_drain_hooks->shrink(r);
}

/*
 * Start and stop
 */

/**
 * rsv_drain_init() - set up the drains of a new region
 * @r: the region
 */
void rsv_drain_init(struct rsv_region *r)
{
	mutex_init(&r->drain_lock);
	mutex_init(&r->cache_drain_lock);
	INIT_WORK(&r->drain_work, rsv_drain_background);
	r->drained_at = jiffies - RSV_DRAIN_INTERVAL;
}

/**
 * rsv_drain_create() - create the work that drains a region's CPUs
 * @r: the region
 *
 * Context: Process; may sleep.
 * Return: 0 or -ENOMEM.
 */
int rsv_drain_create(struct rsv_region *r)
{
	unsigned int cpu;
	int err;

	r->drains = alloc_percpu_gfp(struct rsv_drain_work, rsv_gfp_create(r));
	if (!r->drains)
		return -ENOMEM;
	r->percpu += sizeof(struct rsv_drain_work);
	for_each_possible_cpu(cpu) {
		struct rsv_drain_work *drain = per_cpu_ptr(r->drains, cpu);

		INIT_WORK(&drain->work, rsv_drain_this_cpu);
		INIT_WORK(&drain->cache_work, rsv_drain_caches_this_cpu);
		drain->region = r;
	}
	err = cpuhp_state_add_instance_nocalls(rsv_drain_cpuhp_state, &r->cpuhp);
	if (err)
		free_percpu(r->drains);
	return err;
}

/**
 * rsv_drain_destroy() - undo rsv_drain_create()
 * @r: the region, its lists empty or never used again
 *
 * Context: Process; may sleep.
 */
void rsv_drain_destroy(struct rsv_region *r)
{
	unsigned int cpu;

	cpuhp_state_remove_instance_nocalls(rsv_drain_cpuhp_state, &r->cpuhp);
	for_each_possible_cpu(cpu)
		cancel_work_sync(&per_cpu_ptr(r->drains, cpu)->work);
	free_percpu(r->drains);
}

/**
 * rsv_drain_start() - register for CPUs that go off-line, before the first region is created
 *
 * The state is one of the PREPARE section: its teardown runs when the CPU is dead and frees nothing
 * any more.
 *
 * Context: Process; may sleep.
 * Return: 0 or an error number.
 */
int rsv_drain_start(void)
{
	rsv_drain_cpuhp_state = cpuhp_setup_state_multi(CPUHP_BP_PREPARE_DYN, "reservoir:dead",
							NULL, rsv_drain_cpu_dead);
	return min(rsv_drain_cpuhp_state, 0);
}

/**
 * rsv_drain_stop() - undo rsv_drain_start(), after the last region
 */
void rsv_drain_stop(void)
{
	cpuhp_remove_multi_state(rsv_drain_cpuhp_state);
}
