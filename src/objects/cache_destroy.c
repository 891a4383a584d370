// SPDX-License-Identifier: GPL-2.0
/*
 * The end of caches.
 *
 * Caches end in two steps, so that any number of caches, of one region or of several, shares the
 * work of each CPU and one grace period:
 *
 *	rsv_caches_retire()	drains the CPUs. The caches no object of which is used are hidden:
 *				nobody finds them from now on
 *	rsv_caches_release()	waits until no task looks at the hidden caches any more, and gives
 *				their memory back
 *
 * No lock is held between the two, nor during the grace period, so nobody else waits for them. The
 * caches on the lists are the caller's alone: a CPU that goes off-line is flushed of a cache until
 * that is hidden, and then has no objects of it. No step allocates memory.
 *
 * A task that found a cache before it was hidden may still flush a magazine of it. So it has
 * objects, and their slabs are not empty. If all slabs of a hidden cache are, then no task has any
 * object, none can be lost, and the slabs leave at once: rsv_caches_release_at_once(). Nobody waits
 * then. The pages are free a grace period later, and a request that finds no others hurries that
 * (leaving.c). Such a task may still look at the cache itself, so its structure waits for a grace
 * period, too, and for the last of its slabs, whose pages the engine cannot free without it. SLOB's
 * blocks do not tell whether a task has one, so its caches always take the other way.
 *
 * What waits is bounded. A cache that is destroyed while RSV_CACHES_WAITING_MAX wait takes the
 * other way. If slabs that leave have more than a small share of their region, the destroyer
 * hurries the grace period. Programs are charged for slabs until their pages are free, so the
 * caches of programs take the other way as well.
 *
 * Afterwards the empty structure of a cache stays in quarantine for a while. A caller that still
 * uses the cache finds the fast paths off and, on the slow path, that the cache is not alive.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#include "cache.h"
#include "cache_destroy.h"
#include "cache_reserve.h"
#include "cpu_reserve.h"
#include "debug/check.h"
#include "heap.h"
#include "irq_job.h"
#include "leaving.h"
#include "pages/drain.h"
#include "pages/extent.h"
#include "rcu_ended.h"
#include "rcu_frees.h"
#include "reap.h"
#include "stats.h"
#include "work.h"

/* Destroyed caches in quarantine */
#define RSV_QUARANTINE_MAX	16

/* Destroyed caches that wait for a grace period or for slabs that leave */
#define RSV_CACHES_WAITING_MAX	256

/* The share of a region that slabs of destroyed caches may have while they leave */
#define RSV_LEAVING_SHARE	64

static atomic_t rsv_nr_waiting;	/* destroyed caches on their way to the quarantine */

/* Lets one caller at a time look whether a cache is on a list of ending ones, and put it there. */
static DEFINE_SPINLOCK(rsv_ending_lock);
static DEFINE_SPINLOCK(rsv_quarantine_lock);
static LIST_HEAD(rsv_quarantine);	/* the newest first (rsv_quarantine_lock) */
static unsigned int rsv_nr_quarantined;	/* (rsv_quarantine_lock) */

/*
 * The quarantine
 */

/* Takes the oldest cache out of the quarantine, if there are more than @max. */
static struct rsv_cache *rsv_quarantine_pop(unsigned int max)
{
	struct rsv_cache *c = NULL;

	spin_lock(&rsv_quarantine_lock);
	if (rsv_nr_quarantined > max) {
		c = list_last_entry(&rsv_quarantine, struct rsv_cache, list);
		list_del(&c->list);
		rsv_nr_quarantined--;
	}
	spin_unlock(&rsv_quarantine_lock);
	return c;
}

static void rsv_cache_quarantine(struct rsv_cache *c)
{
	atomic_dec(&rsv_nr_waiting);
	rsv_cache_free_nodes(c);
	spin_lock(&rsv_quarantine_lock);
	list_add(&c->list, &rsv_quarantine);
	rsv_nr_quarantined++;
	spin_unlock(&rsv_quarantine_lock);
	c = rsv_quarantine_pop(RSV_QUARANTINE_MAX);
	if (c)
		rsv_cache_free_memory(c);
}

static void rsv_caches_quarantine(struct work_struct *work);

/*
 * Quarantines the caches of a list a grace period later. No frame names them any more. The list
 * loses its head, and the work of the first cache serves all.
 */
static void rsv_caches_wait(struct list_head *caches)
{
	struct rsv_cache *first = list_first_entry_or_null(caches, struct rsv_cache, ending);

	if (!first)
		return;
	list_del_init(caches);
	INIT_RCU_WORK(&first->rcu, rsv_caches_quarantine);
	queue_rcu_work(rsv_queue, &first->rcu);
}

/*
 * Runs a grace period after no frame named one of the caches any more: no task that found a cache
 * before still looks at its nodes. The first cache itself may be freed here. A cache with slabs
 * that are still leaving waits once more: the work that frees them is at it.
 */
static void rsv_caches_quarantine(struct work_struct *work)
{
	struct rsv_cache *c = container_of(to_rcu_work(work), struct rsv_cache, rcu), *next;
	LIST_HEAD(caches);
	LIST_HEAD(again);

	list_add_tail(&caches, &c->ending);
	list_for_each_entry_safe(c, next, &caches, ending) {
		if (atomic_long_read_acquire(&c->nr_leaving)) {
			list_move_tail(&c->ending, &again);
			continue;
		}
		list_del_init(&c->ending);
		rsv_cache_quarantine(c);
		cond_resched();
	}
	rsv_caches_wait(&again);
}

/* Quarantines the caches of a list later, when nobody looks at them any more. */
static void rsv_caches_free_later(struct list_head *caches)
{
	struct rsv_cache *c;

	list_for_each_entry(c, caches, ending)
		atomic_inc(&rsv_nr_waiting);
	rsv_caches_wait(caches);
}

/**
 * rsv_quarantine_stop() - free the caches in quarantine, after the last region and all queued work
 *
 * Context: Process; may sleep.
 */
void rsv_quarantine_stop(void)
{
	struct rsv_cache *c;

	while ((c = rsv_quarantine_pop(0)))
		rsv_cache_free_memory(c);
}

/*
 * Some caches
 */

static u64 rsv_cache_slabs(const struct rsv_cache *c)
{
	struct rsv_cache_figures f;

	rsv_cache_count(c, &f);
	return f.full + f.partial + f.empty;
}

/* Returns whether a cache has used objects, and reports them. */
static bool rsv_cache_in_use(struct rsv_cache *c)
{
	struct rsv_cache_figures f;

	rsv_cache_count(c, &f);
	if (f.active && rsv_report(RSV_IN_USE, "cache %s of region %s: %llu objects are out",
				   c->name, c->region->name, f.active))
		rsv_debug_leaks(c);
	return f.active;
}

/* The frames of the slabs with lost objects point to the cache, so it stays with its region. */
static void rsv_cache_lose(struct rsv_cache *c)
{
	struct rsv_region *r = c->region;

	rsv_report(RSV_IN_USE, "cache %s of region %s: it has slabs left", c->name, r->name);
	mutex_lock(&r->caches_lock);
	list_move_tail(&c->ending, &r->lost_caches);
	mutex_unlock(&r->caches_lock);
}

/**
 * rsv_cache_add_ending() - put a cache on a list of caches that end together
 * @c: the cache, which no other task uses any more
 * @caches: the list
 *
 * Context: Process.
 * Return: 0, or -EINVAL, with a report, for a cache that was destroyed or is on such a list.
 */
int rsv_cache_add_ending(struct rsv_cache *c, struct list_head *caches)
{
	bool ending;

	if (!rsv_cache_usable(c))
		return -EINVAL;
	spin_lock(&rsv_ending_lock);
	ending = !list_empty(&c->ending);
	if (!ending)
		list_add_tail(&c->ending, caches);
	spin_unlock(&rsv_ending_lock);
	if (!ending)
		return 0;
	rsv_report(RSV_DEAD_CACHE, "cache %s: it is destroyed twice at once", c->name);
	return -EINVAL;
}

/*
 * Frees the objects of caches that were given back by RCU. The caches are drained, so all of them
 * wait in their regions.
 */
static void rsv_caches_free_waiting(struct list_head *caches)
{
	struct rsv_cache *c;
	bool any = false;

	list_for_each_entry(c, caches, ending) {
		if (!atomic_long_read_acquire(&c->nr_rcu))
			continue;
		rsv_rcu_free_all(c->region);
		any = true;
	}
	/* They are in the magazines of CPUs now. */
	if (any)
		rsv_drain_caches(caches);
}

/*
 * Hides the caches that are not in use, and moves them to @retired. Takes the others off the list,
 * unchanged, with a report for each. Returns 0, or -EBUSY if there are any.
 */
static int rsv_caches_retire(struct list_head *caches, struct list_head *retired)
{
	struct rsv_cache *c, *next;
	int err = 0;

	rsv_irq_jobs_flush();
	/* Flushing finds an object that two CPUs freed at once, which would hide a used one. */
	rsv_drain_caches(caches);
	rsv_caches_free_waiting(caches);
	list_for_each_entry_safe(c, next, caches, ending) {
		rsv_depot_drain(c);
		if (rsv_cache_in_use(c)) {
			list_del_init(&c->ending);
			err = -EBUSY;
		} else {
			rsv_cache_reserve_end(c);
			rsv_cpu_reserve_end(c);
		}
		cond_resched();
	}
	rsv_drain_caches(caches);
	list_for_each_entry(c, caches, ending) {
		rsv_cache_close(c);
		cond_resched();
	}
	list_splice_tail_init(caches, retired);
	return err;
}

/*
 * Lets the slabs of those retired caches leave whose slabs are all empty, and takes these caches
 * off the list. The others stay there.
 */
static void rsv_caches_release_at_once(struct list_head *retired)
{
	struct rsv_cache *c, *next;
	LIST_HEAD(empty);

	list_for_each_entry_safe(c, next, retired, ending) {
		if (c->engine->heap || atomic_read(&rsv_nr_waiting) >= RSV_CACHES_WAITING_MAX)
			continue;
		rsv_cache_release_slabs(c);
		if (!rsv_cache_slabs(c)) {
			atomic_inc(&rsv_nr_waiting);
			list_move_tail(&c->ending, &empty);
		}
		cond_resched();
	}
	list_for_each_entry(c, &empty, ending)
		if (rsv_leaving_exceeds(c->region, RSV_LEAVING_SHARE))
			rsv_leaving_free_all(c->region);
	rsv_caches_wait(&empty);
}

/* Gives back all slabs of retired caches in which no object is lost. */
static void rsv_caches_release_slabs(struct list_head *retired)
{
	struct rsv_cache *c;
	bool waits = false;

	synchronize_rcu();
	list_for_each_entry(c, retired, ending) {
		rsv_cache_release_slabs(c);
		waits |= rsv_heap_waits(c);
		cond_resched();
	}
	/* A task that found a cache before may have flushed objects late: all wait together. */
	if (waits) {
		synchronize_rcu_expedited();
		list_for_each_entry(c, retired, ending)
			c->engine->shrink(c, false);
	}
	/* The first region that waits for a grace period does so for the others, too. */
	list_for_each_entry(c, retired, ending)
		rsv_leaving_free_all(c->region);
}

/* Returns 0, or -EBUSY, with reports, if objects of some of the retired caches are lost. */
static int rsv_caches_release(struct list_head *retired)
{
	struct rsv_cache *c, *next;
	int err = 0;

	if (list_empty(retired))
		return 0;
	rsv_caches_release_slabs(retired);
	list_for_each_entry_safe(c, next, retired, ending) {
		if (rsv_cache_slabs(c)) {
			rsv_cache_lose(c);
			err = -EBUSY;
		}
		cond_resched();
	}
	rsv_caches_free_later(retired);
	return err;
}

/**
 * rsv_caches_end() - destroy the caches of a list
 * @caches: the caches; afterwards the list is empty
 *
 * When the function returns, the pages of their slabs are free.
 *
 * Context: Process; may sleep; waits for one grace period, and a hurried one.
 * Return: 0, or -EBUSY, with reports, if objects of some of them are used or lost.
 */
int rsv_caches_end(struct list_head *caches)
{
	LIST_HEAD(retired);
	int err = rsv_caches_retire(caches, &retired);

	return rsv_caches_release(&retired) ?: err;
}

/**
 * rsv_caches_destroy() - destroy several caches, in the time that one takes
 * @nr: entries of @caches
 * @caches: the caches, of any regions, which no other task uses any more; NULL entries do nothing.
 *	Afterwards the array has those that are unchanged, because objects of them are used, and
 *	NULL for all others. So once the objects are free, the same array serves again
 *
 * When the function returns, the names can be taken again, and no constructor is called any more,
 * so the caller may be unloaded, as after kmem_cache_destroy(). The caller has learned which caches
 * still have used objects, while it can do something about it. The objects are back in the region:
 * their pages are free a grace period later, some ten milliseconds, but a request that may wait and
 * finds no others gets them at once. If they are more than a small share of the region, they are
 * free when the function returns.
 *
 * Mostly the function waits for no grace period. It does so for caches with the engine SLOB, if
 * another task is just draining one of the caches, and if hundreds were destroyed in a few
 * milliseconds. Then all caches of the array wait for the same one.
 *
 * Context: Process; may sleep; may wait for one grace period, and a hurried one.
 * Return: 0; -EBUSY if rsv_cache_destroy() would return that for any of them; else -EINVAL, with a
 * report, if any was destroyed already or is in the array twice. The others are destroyed all the
 * same.
 */
int rsv_caches_destroy(unsigned int nr, struct rsv_cache **caches)
{
	LIST_HEAD(ending);
	LIST_HEAD(retired);
	int err = 0, dead;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		dead = caches[i] ? rsv_cache_add_ending(caches[i], &ending) : 0;
		if (dead)
			caches[i] = NULL;
		err = err ?: dead;
	}
	err = rsv_caches_retire(&ending, &retired) ?: err;
	for (i = 0; i < nr; i++)
		if (caches[i] && !READ_ONCE(caches[i]->alive))
			caches[i] = NULL;
	rsv_caches_release_at_once(&retired);
	return rsv_caches_release(&retired) ?: err;
}
EXPORT_SYMBOL_GPL(rsv_caches_destroy);

/**
 * rsv_cache_destroy() - destroy a cache
 * @c: the cache, which no other task uses any more; NULL does nothing
 *
 * rsv_caches_destroy() does the same for several caches, and tells when the memory is free.
 *
 * Context: Process; may sleep; may wait for a grace period.
 * Return: 0. -EBUSY while objects are used, with a report that lists them, and then nothing has
 * changed. -EBUSY also if objects are lost, and then the cache cannot be used any more. -EINVAL,
 * with a report, for a cache that was destroyed already.
 */
int rsv_cache_destroy(struct rsv_cache *c)
{
	return rsv_caches_destroy(1, &c);
}
EXPORT_SYMBOL_GPL(rsv_cache_destroy);

/*
 * The end of regions
 */

/*
 * Takes a retired cache out of the frames of its slabs with leaked or lost objects. They stay
 * allocated, but not those of an internal cache, since the module itself has its objects.
 */
static void rsv_cache_leak_slabs(struct rsv_cache *c)
{
	struct rsv_region *r = c->region;
	unsigned int i;

	for (i = 0; i < r->nr_extents && !(c->flags & RSV_CACHE_INTERNAL); i++) {
		struct rsv_extent *e = r->extents->at[i];
		struct rsv_frame *f;

		for (f = e ? e->frames : NULL; f && f < e->frames + e->nr_pages; f++) {
			if (READ_ONCE(f->cache) == c) {
				rsv_frames_leak(f, 1);
				WRITE_ONCE(f->cache, NULL);
			}
			cond_resched();
		}
	}
}

/* Lists the used objects of a cache: as leaked, if its region ends all the same. */
static void rsv_cache_list_used(struct rsv_cache *c, struct rsv_leak_log *log)
{
	struct rsv_cache_figures f;

	if (!log) {
		rsv_cache_in_use(c);
		return;
	}
	rsv_cache_count(c, &f);
	if (!f.active || c->flags & RSV_CACHE_INTERNAL || !rsv_leak_listed(log))
		return;
	pr_err("region %s: leaked: %llu object%s of cache %s\n", c->region->name, f.active,
	       f.active == 1 ? "" : "s", c->name);
	log->lines -= min(log->lines, rsv_debug_leaks(c));
}

/* Retires the internal caches of a region, or all others. */
static void rsv_region_retire_caches(struct rsv_region *r, bool internal, struct rsv_leak_log *log,
				     struct list_head *retired)
{
	struct rsv_cache *c, *next;

	list_for_each_entry_safe(c, next, &r->caches, list) {
		if (!(c->flags & RSV_CACHE_INTERNAL) == internal)
			continue;
		rsv_cache_list_used(c, log);
		rsv_cache_reserve_end(c);
		rsv_cpu_reserve_end(c);
	}
	rsv_drain_cpus(r);
	list_for_each_entry_safe(c, next, &r->caches, list) {
		if (!(c->flags & RSV_CACHE_INTERNAL) == internal)
			continue;
		rsv_cache_close(c);
		list_add_tail(&c->ending, retired);
		cond_resched();
	}
}

/* Destroys the internal caches of regions, or all others, with one grace period. */
static void rsv_regions_destroy_some(struct list_head *regions, bool internal,
				     struct rsv_leak_log *log)
{
	struct rsv_region *r;
	struct rsv_cache *c;
	LIST_HEAD(retired);

	list_for_each_entry(r, regions, ending)
		rsv_region_retire_caches(r, internal, log, &retired);
	rsv_caches_release_slabs(&retired);
	list_for_each_entry(c, &retired, ending) {
		if (rsv_cache_slabs(c))
			rsv_cache_leak_slabs(c);
		cond_resched();
	}
	rsv_caches_free_later(&retired);
}

/**
 * rsv_regions_destroy_caches() - destroy all caches of regions that end
 * @regions: the regions, which no other task uses
 * @log: NULL if none of their pages is used. Then objects that their caches still count as used are
 *	lost ones, and are reported. Else used objects are leaked, and the log lists them
 *
 * Slabs with leaked objects stay allocated. Nothing points to their caches any more.
 *
 * Context: Process; may sleep; waits for grace periods, as many as for one region.
 */
void rsv_regions_destroy_caches(struct list_head *regions, struct rsv_leak_log *log)
{
	struct rsv_region *r;
	struct rsv_cache *c;

	rsv_irq_jobs_flush();
	list_for_each_entry(r, regions, ending)
		rsv_rcu_barrier(r);
	rsv_regions_destroy_some(regions, false, log);
	list_for_each_entry(r, regions, ending) {
		list_for_each_entry(c, &r->lost_caches, ending)
			rsv_cache_leak_slabs(c);
		rsv_caches_free_later(&r->lost_caches);
	}
	rsv_regions_destroy_some(regions, true, log);
}
