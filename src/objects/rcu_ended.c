// SPDX-License-Identifier: GPL-2.0
/*
 * The frees of rcu_frees.c, once their grace period has ended.
 *
 * A magazine becomes a full one of the depot, as it is: each of its objects is marked as cached.
 * With several nodes, objects of other nodes go where a free of this CPU puts them. Missing
 * guaranteed objects come first. What waits by its rcu_head is freed one by one.
 *
 * Each object still has its cookie. One that has none was freed meanwhile, and perhaps allocated
 * again, or written to. It is reported, and lost rather than taken from a new user.
 *
 * A work item frees what has ended. A request that found no memory frees some of it first or, if it
 * may sleep, all that waits, and hurries the grace period. Tasks free under the mutex: so a task
 * that takes it afterwards finds all free that ended before. A caller that may not sleep frees
 * under rcu_read_lock() instead, and counts as a taker: whoever must be sure waits for those.
 */
#include <linux/cpu.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/reservoir.h>
#include <linux/sched.h>
#include <linux/topology.h>

#include "cache.h"
#include "cache_list.h"
#include "cpu.h"
#include "debug/check.h"
#include "depot.h"
#include "free.h"
#include "hooks.h"
#include "lookup.h"
#include "magazine_cache.h"
#include "mark.h"
#include "pages/pagemap.h"
#include "rcu_ended.h"
#include "rcu_frees.h"
#include "work.h"

/* Magazines, or single objects, that a caller that may not sleep frees at once */
#define RSV_RCU_BATCH	2

/*
 * Magazines
 */

static struct rcu_head *rsv_rcu_head_of(const struct rsv_magazine *m, void *object)
{
	return object + m->head_offset;
}

/* rsv_rcu_mark_cached() for any engine, and for an object that is not of the cache any more */
static noinline enum rsv_misuse rsv_rcu_mark_slowly(struct rsv_cache *c, void *object,
						    struct rcu_head *head)
{
	struct rsv_extent *e = rsv_region_extent_rcu(c->region, object);

	if (!e)
		return RSV_FOREIGN;
	if (rsv_cache_at(e, object) == c) {
		if (!rsv_rcu_is_waiting(object, head))
			return rsv_object_is_used(c, e, object) ? RSV_CORRUPT : RSV_DOUBLE_FREE;
		rsv_rcu_clear_cookie(head);
	}
	return rsv_free_mark_cached(c, e, object);
}

/*
 * Makes an object whose grace period has ended cached, with preemption disabled. It clears the
 * cookie first, because the mark may be at the same place. Returns RSV_OK, or the misuse if the
 * object is not used any more, or if somebody wrote to its rcu_head.
 */
static __always_inline enum rsv_misuse rsv_rcu_mark_cached(struct rsv_cache *c, void *object,
							   struct rcu_head *head)
{
	enum rsv_misuse misuse;
	struct rsv_frame *f;

	/* Only SLUB tells by the frame how many objects are carved. */
	if (unlikely(c->engine->off_object || c->engine->heap || !rsv_hint_frame(object, &f) ||
		     rsv_frame_cache(f) != c || !rsv_rcu_is_waiting(object, head)))
		return rsv_rcu_mark_slowly(c, object, head);
	rsv_rcu_clear_cookie(head);
	misuse = rsv_carved_mark_cached(c, f, (unsigned long)object & c->mask, object, true);
	if (likely(misuse == RSV_OK))
		return RSV_OK;
	/* The offset is one of a whole slab. In a small slab the engine finds the object. */
	return rsv_free_mark_cached(c, rsv_region_extent(c->region, object), object);
}

static void rsv_rcu_report_late(enum rsv_misuse misuse, const struct rsv_cache *c,
				const void *object)
{
	rsv_debug_report(misuse, c, NULL, object,
			 misuse == RSV_CORRUPT ? "written to after it was given back by RCU" :
						 "freed after it was given back by RCU");
}

/*
 * Makes the objects of a magazine cached, a batch at a time. Those that are not used any more are
 * reported, and leave the magazine.
 */
static void rsv_rcu_mark_magazine(struct rsv_cache *c, struct rsv_magazine *m)
{
	const unsigned int nr = m->rounds;
	unsigned int i = 0, end, cached = 0;
	enum rsv_misuse misuse;
	void *object;

	while (i < nr) {
		misuse = RSV_OK;
		end = min(i + RSV_BATCH, nr);
		preempt_disable();
		while (i < end && misuse == RSV_OK) {
			object = m->object[i++];
			misuse = rsv_rcu_mark_cached(c, object, rsv_rcu_head_of(m, object));
			m->object[cached] = object;
			cached += misuse == RSV_OK;
		}
		preempt_enable();
		if (unlikely(misuse != RSV_OK))
			rsv_rcu_report_late(misuse, c, object);
	}
	m->rounds = cached;
}

/* Objects of other nodes leave the magazine. */
static void rsv_rcu_store_remote(struct rsv_cache *c, struct rsv_magazine *m)
{
	unsigned int i, nr = 0;

	for (i = 0; i < m->rounds; i++) {
		struct rsv_extent *e = rsv_region_extent(c->region, m->object[i]);

		if (e->nid == numa_mem_id())
			m->object[nr++] = m->object[i];
		else
			rsv_free_store(c, e, m->object[i], false);
	}
	m->rounds = nr;
}

static void rsv_rcu_store(struct rsv_cache *c, struct rsv_magazine *m)
{
	if (nr_node_ids > 1)
		rsv_rcu_store_remote(c, m);
	while (m->rounds && rsv_guarantee_put(c, m->object[m->rounds - 1]))
		m->rounds--;
	if (likely(rsv_magazine_wanted(c))) {
		rsv_depot_add(c, m);
		return;
	}
	rsv_magazine_flush(c, m);
	rsv_magazine_free(c, m);
}

static void rsv_rcu_free_magazine(struct rsv_rcu_frees *f, struct rsv_magazine *m)
{
	struct rsv_cache *c = m->cache;
	const unsigned int nr = m->rounds;
	unsigned int i;

	rsv_rcu_mark_magazine(c, m);
	this_cpu_add(c->cpus->slow_frees, m->rounds);
	for (i = 0; i < m->rounds; i++) {
		rsv_free_clear(c, m->object[i]);
		rsv_free_hook(c, m->object[i]);
	}
	rsv_rcu_store(c, m);
	/* They are free before they do not count any more: see backoff.c. */
	atomic_long_sub_return_release(nr, &f->nr);
	/* Last: whoever destroys the cache sees from then on where its objects are. */
	atomic_long_sub_return_release(nr, &c->nr_rcu);
}

/*
 * Single objects and pages
 */

static void rsv_rcu_free_head(struct rsv_rcu_frees *f, struct rcu_head *head)
{
	void *object = rsv_rcu_object(head);
	struct rsv_cache *c = NULL;
	struct rsv_extent *e;

	rsv_rcu_clear_cookie(head);
	rcu_read_lock();
	e = rsv_extent_find_addr(object);
	if (e)
		c = rsv_cache_at(e, object);
	if (c) {
		rsv_cache_free(c, object);
		atomic_long_dec_return_release(&c->nr_rcu);
	} else {
		rsv_kfree(object);
	}
	rcu_read_unlock();
	atomic_long_dec_return_release(&f->nr);
}

/* The number of what waits falls, so that drains do not look for it for ever. */
static void rsv_rcu_lost(struct rsv_region *r, unsigned long nr)
{
	atomic_long_sub(nr, &r->rcu_frees.nr);
	rsv_report(RSV_CORRUPT, "region %s: what was given back by RCU was written to", r->name);
}

static void rsv_rcu_free_one(struct rsv_region *r, const struct rsv_rcu_stack *one)
{
	if (one->magazines)
		rsv_rcu_free_magazine(&r->rcu_frees, one->magazines);
	else if (one->heads)
		rsv_rcu_free_head(&r->rcu_frees, one->heads);
	else
		rsv_rcu_lost(r, one->nr_heads);
}

/*
 * All that has ended, or all that waits
 */

/**
 * rsv_rcu_free_ended() - free some of what waited for a grace period that has ended
 * @r: the region
 *
 * Context: Any but NMI, with no raw lock held.
 */
void rsv_rcu_free_ended(struct rsv_region *r)
{
	struct rsv_rcu_frees *f = &r->rcu_frees;
	struct rsv_rcu_stack one;
	unsigned int i;

	if (!rsv_rcu_any(f))
		return;
	rcu_read_lock();
	/*
	 * One caller at a time: a free may ask for a magazine, whose request finds no memory either
	 * and comes here again. It must not free the next object on top of this one.
	 */
	if (atomic_cmpxchg(&f->takers, 0, 1)) {
		rcu_read_unlock();
		return;
	}
	for (i = 0; i < RSV_RCU_BATCH && rsv_rcu_pop_ended(f, &one); i++)
		rsv_rcu_free_one(r, &one);
	atomic_set_release(&f->takers, 0);
	rcu_read_unlock();
}
EXPORT_SYMBOL_IF_KUNIT(rsv_rcu_free_ended);

/* Frees all whose grace period has ended. */
static void rsv_rcu_free_some(struct rsv_region *r)
{
	struct rsv_rcu_frees *f = &r->rcu_frees;
	struct rsv_rcu_stack one;

	mutex_lock(&f->mutex);
	while (rsv_rcu_pop_ended(f, &one)) {
		rsv_rcu_free_one(r, &one);
		cond_resched();
	}
	mutex_unlock(&f->mutex);
}

/* Hurries the grace period of all that waits, unless it has ended. The caller holds no mutex. */
static void rsv_rcu_wait(struct rsv_rcu_frees *f)
{
	struct rcu_gp_oldstate last;

	/* cond_synchronize_rcu_expedited_full() of a tiny RCU does not let time go on. */
	if (rsv_rcu_last(f, &last) && !poll_state_synchronize_rcu_full(&last))
		synchronize_rcu_expedited();
}

/**
 * rsv_rcu_free_all() - free all that waits for a grace period, and hurry that
 * @r: the region
 *
 * One grace period serves all that waited when it began, also in other regions. Nobody who frees
 * waits for it: the mutex is not held meanwhile.
 *
 * The function does not ask CPUs for what they still collect, and does not wait for what comes
 * meanwhile. When it returns, nobody is at what waited before.
 *
 * Context: Process; may sleep.
 */
void rsv_rcu_free_all(struct rsv_region *r)
{
	struct rsv_rcu_frees *f = &r->rcu_frees;

	rsv_rcu_wait(f);
	rsv_rcu_free_some(r);
	/*
	 * What waited before is free, unless more arrived on top of it. Then both wait together by
	 * now, on the second stack, and what comes from now on does not join them.
	 */
	rsv_rcu_wait(f);
	rsv_rcu_free_some(r);
	/* Those that take no mutex are under rcu_read_lock(). */
	if (atomic_read_acquire(&f->takers))
		synchronize_rcu_expedited();
}
EXPORT_SYMBOL_IF_KUNIT(rsv_rcu_free_all);

static void rsv_rcu_work(struct work_struct *work)
{
	struct rsv_region *r = container_of(to_rcu_work(work), struct rsv_region, rcu_frees.work);
	struct rcu_gp_oldstate last;

	rsv_rcu_free_some(r);
	if (rsv_rcu_last(&r->rcu_frees, &last))
		queue_rcu_work(rsv_queue, &r->rcu_frees.work);
}

/*
 * What CPUs still collect
 */

static bool rsv_rcu_visit_submit(struct rsv_cache *c, void *unused)
{
	rsv_rcu_submit_local(c);
	return false;
}

/* Runs on the CPU or, if that went off-line meanwhile, on another one. */
static void rsv_rcu_submit_work(struct work_struct *work)
{
	struct rsv_drain_work *drain = container_of(work, struct rsv_drain_work, rcu_work);

	rsv_caches_visit(drain->region, rsv_rcu_visit_submit, NULL);
}

static bool rsv_rcu_visit_collects(struct rsv_cache *c, void *cpu)
{
	/* data_race(): a CPU that begins to collect right now does so after this look. */
	return data_race(per_cpu_ptr(c->cpus, *(unsigned int *)cpu)->rcu != &rsv_magazine_none);
}

/* Queues the work on each CPU that collects any. The caller keeps CPUs from coming and going. */
static void rsv_rcu_queue_submit(struct rsv_region *r)
{
	unsigned int cpu;

	if (!atomic_read(&r->rcu_frees.collecting))
		return;
	for_each_online_cpu(cpu)
		if (rsv_caches_visit(r, rsv_rcu_visit_collects, &cpu))
			queue_work_on(cpu, rsv_queue, &per_cpu_ptr(r->drains, cpu)->rcu_work);
}

/* Waits for this work. The caller keeps CPUs from coming and going. */
static void rsv_rcu_flush_submit(struct rsv_region *r)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		flush_work(&per_cpu_ptr(r->drains, cpu)->rcu_work);
}

/**
 * rsv_rcu_submit_cpus() - ask CPUs for the objects that they collect, and do not wait for them
 * @r: the region
 *
 * The periodic work of reap.c calls this, so that an object does not wait for others to fill its
 * magazine. While the CPU of that work sleeps, it waits all the same.
 * It disturbs only CPUs that collect any, and leaves them all alone while one comes or goes.
 *
 * Context: Process; may sleep.
 */
void rsv_rcu_submit_cpus(struct rsv_region *r)
{
	if (!cpus_read_trylock())
		return;
	rsv_rcu_queue_submit(r);
	cpus_read_unlock();
}
EXPORT_SYMBOL_IF_KUNIT(rsv_rcu_submit_cpus);

/**
 * rsv_rcu_barrier() - wait until all that was given back by RCU before is free
 * @r: the region
 *
 * As kvfree_rcu_barrier(). The function hurries the grace period.
 *
 * Context: Process; may sleep.
 */
void rsv_rcu_barrier(struct rsv_region *r)
{
	cpus_read_lock();
	/* What was queued before may run elsewhere, if its CPU has been off-line. */
	rsv_rcu_flush_submit(r);
	rsv_rcu_queue_submit(r);
	rsv_rcu_flush_submit(r);
	cpus_read_unlock();
	rsv_rcu_free_all(r);
}
EXPORT_SYMBOL_GPL(rsv_rcu_barrier);

/*
 * Start and stop
 */

/**
 * rsv_rcu_init() - set up a new region, in which nothing waits for a grace period
 * @r: the region
 */
void rsv_rcu_init(struct rsv_region *r)
{
	raw_spin_lock_init(&r->rcu_frees.lock);
	mutex_init(&r->rcu_frees.mutex);
	INIT_RCU_WORK(&r->rcu_frees.work, rsv_rcu_work);
}

/**
 * rsv_rcu_create() - set up the work of CPUs, once rsv_drain_create() has made it
 * @r: the region
 */
void rsv_rcu_create(struct rsv_region *r)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		INIT_WORK(&per_cpu_ptr(r->drains, cpu)->rcu_work, rsv_rcu_submit_work);
}

/**
 * rsv_rcu_stop() - free all that waits in a region, and stop all work
 * @r: the region, whose users are gone, before rsv_drain_destroy()
 *
 * Context: Process; may sleep.
 */
void rsv_rcu_stop(struct rsv_region *r)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		cancel_work_sync(&per_cpu_ptr(r->drains, cpu)->rcu_work);
	rsv_rcu_free_all(r);
	flush_rcu_work(&r->rcu_frees.work);
}
