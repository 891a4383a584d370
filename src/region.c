// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a region: this file creates a region from extents, zones, the heap and internal
 * caches, and destroys it or reports what leaked. All of that takes grace periods and memory of the
 * system, so it holds no lock. region_list.c says who may find the region meanwhile.
 *
 * Many regions end together, in the grace periods of one: rsv_region_retire() puts each on a list,
 * and rsv_regions_release() ends all on the list.
 *
 * Upper layers register hooks (struct rsv_region_hooks). The hook created() runs when the region's
 * memory and heap exist, and the hook destroyed() runs before they go, so what an upper layer shows
 * always exists. The hooks stand outside the life of the caches, since each cache has hooks of its
 * own that need what created() made.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "name.h"
#include "objects/cache_destroy.h"
#include "objects/heap.h"
#include "objects/irq_job.h"
#include "objects/leaving.h"
#include "objects/rcu_ended.h"
#include "objects/reap.h"
#include "objects/region_caches.h"
#include "objects/stats.h"
#include "pages/backoff.h"
#include "pages/bad_page.h"
#include "pages/drain.h"
#include "pages/extent.h"
#include "pages/gfp.h"
#include "pages/lend.h"
#include "pages/reserve.h"
#include "pages/vmalloc.h"
#include "pages/waiting.h"
#include "pages/zonelist.h"
#include "region.h"
#include "region_list.h"
#include "report.h"

/* Leaks of one region that the log lists; it counts the others */
#define RSV_LEAKS_LISTED	64

static const struct rsv_region_hooks *rsv_region_hooks;	/* set before the first region exists */

/**
 * rsv_region_set_hooks() - register what an upper layer does when regions come and go
 * @hooks: the hooks; they stay registered while the module is loaded
 *
 * Context: At load, before the first region is created.
 */
void rsv_region_set_hooks(const struct rsv_region_hooks *hooks)
{
	rsv_region_hooks = hooks;
}

static bool rsv_reserves_ok(const struct rsv_reserve *want, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (!rsv_reserve_ok(&want[i]))
			return false;
	return true;
}

static struct rsv_region *rsv_region_alloc(const char *name, unsigned int origin)
{
	const gfp_t charged = origin == RSV_REGION_SCRATCH ? __GFP_ACCOUNT : 0;
	struct rsv_region *r = kzalloc(sizeof(*r), RSV_GFP_CREATE | charged);

	if (!r)
		return NULL;
	r->origin = origin;
	if (origin == RSV_REGION_KERNEL)
		strscpy(r->name, name, sizeof(r->name));
	else
		rsv_name_of_user(r->name, name);
	r->metadata = sizeof(*r);
	mutex_init(&r->shape_lock);
	mutex_init(&r->caches_lock);
	INIT_LIST_HEAD(&r->caches);
	INIT_LIST_HEAD(&r->lost_caches);
	xa_init(&r->caches_by_id);
	rsv_extents_init(r);
	rsv_drain_init(r);
	rsv_backoff_init(r);
	rsv_waiting_init(r);
	rsv_bad_pages_init(r);
	rsv_leaving_init(r);
	rsv_rcu_init(r);
	rsv_reap_init(r);
	rsv_lending_init(r);
	return r;
}

/* Stops all background work of regions: zeroing, reaping and draining. */
static void rsv_regions_quiesce(struct list_head *regions)
{
	struct rsv_region *r;

	list_for_each_entry(r, regions, ending)
		rsv_bad_pages_stop(r);
	synchronize_rcu();
	list_for_each_entry(r, regions, ending) {
		rsv_zones_quiesce(r);
		rsv_rcu_stop(r);
		rsv_leaving_stop(r);
		rsv_bad_pages_cancel(r);
		cancel_work_sync(&r->drain_work);
		rsv_drain_destroy(r);
		rsv_waiting_pause(r);
	}
}

static void rsv_regions_free_memory(struct list_head *regions)
{
	struct rsv_region *r;

	rsv_extents_release(regions);
	list_for_each_entry(r, regions, ending)
		rsv_zones_release(r);
}

/* If nothing in the regions is allocated, @log may be NULL. */
static void rsv_regions_end_caches(struct list_head *regions, struct rsv_leak_log *log)
{
	struct rsv_region *r;

	list_for_each_entry(r, regions, ending)
		rsv_reap_stop(r);
	rsv_regions_destroy_caches(regions, log);
	list_for_each_entry(r, regions, ending)
		rsv_region_hooks->destroyed(r);
}

/* Undoes all steps of rsv_region_set_up() for regions in which nothing is allocated. */
static void rsv_regions_tear_down(struct list_head *regions)
{
	struct rsv_region *r;

	rsv_regions_end_caches(regions, NULL);
	list_for_each_entry(r, regions, ending)
		rsv_heap_destroy(r);
	rsv_regions_quiesce(regions);
	rsv_regions_free_memory(regions);
}

/* Gives a new region its memory and its caches. On an error it has neither. */
static int rsv_region_set_up(struct rsv_region *r, const struct rsv_reserve *want, unsigned int nr)
{
	LIST_HEAD(only);
	int err;

	list_add(&r->ending, &only);
	err = rsv_zones_create(r);
	if (err)
		return err;
	err = rsv_drain_create(r);
	if (err)
		goto no_drains;
	rsv_rcu_create(r);
	err = rsv_region_add(r, want, nr) ?: rsv_heap_create(r);
	if (err)
		goto no_heap;
	rsv_region_hooks->created(r);
	err = rsv_region_caches_create(r);
	if (err)
		rsv_regions_tear_down(&only);
	else
		rsv_reap_start(r);
	return err;

no_heap:
	rsv_regions_quiesce(&only);
	rsv_regions_free_memory(&only);
	return err;
no_drains:
	rsv_zones_release(r);
	return err;
}

/*
 * Creation
 */

/**
 * rsv_region_create_as() - create a region for a given kind of owner
 * @name: as for rsv_region_create()
 * @want: as for rsv_region_create()
 * @nr: as for rsv_region_create()
 * @origin: who creates it, RSV_REGION_*
 *
 * Context: Process; may sleep.
 * Return: As rsv_region_create().
 */
struct rsv_region *rsv_region_create_as(const char *name, const struct rsv_reserve *want,
					unsigned int nr, unsigned int origin)
{
	struct rsv_region *r;
	int err;

	if (!rsv_name_ok(name) || !rsv_reserves_ok(want, nr))
		return ERR_PTR(-EINVAL);
	/* To programs the name of the default region means just that. */
	if (origin != RSV_REGION_KERNEL && !strcmp(name, RSV_DEFAULT_REGION))
		return ERR_PTR(-EEXIST);
	r = rsv_region_alloc(name, origin);
	if (!r)
		return ERR_PTR(-ENOMEM);

	err = rsv_region_take_name(r);
	if (!err) {
		err = rsv_region_set_up(r, want, nr);
		rsv_region_settle(r, err);
	}
	if (err) {
		kfree(r);
		return ERR_PTR(err);
	}
	return r;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_region_create_as);

/**
 * rsv_region_create() - create a region from memory of the system
 * @name: 1 to 31 characters of A-Z a-z 0-9 _ . - but not "." or ".."; no other region of
 *	the kernel has it. Regions of programs have a name space of their own
 * @want: the memory to reserve
 * @nr: entries of @want; with 0 the region has no memory
 *
 * The function never invokes the OOM killer. Before it takes the first page, it refuses a request
 * for more than half of the system's available memory, or with RSV_RESERVE_FORCE for more than all
 * of it.
 *
 * Context: Process; may sleep.
 * Return: The region, or ERR_PTR: -EINVAL for a bad name, size or flag, -EEXIST if the name is
 * taken, -ENOMEM if the system has not enough memory, -EINTR if the process was killed.
 */
struct rsv_region *rsv_region_create(const char *name, const struct rsv_reserve *want,
				     unsigned int nr)
{
	return rsv_region_create_as(name, want, nr, RSV_REGION_KERNEL);
}
EXPORT_SYMBOL_GPL(rsv_region_create);

/*
 * Destruction
 */

/*
 * Counts the pages of the heap that are neither used nor free: a free block in them was
 * overwritten, so the heap lost the blocks behind it. While any cache has a used object the region
 * is in use anyway, so the function asks the heap only after that.
 */
static unsigned long rsv_region_leaked_pages(struct rsv_region *r)
{
	struct rsv_cache_figures figures;
	const struct rsv_cache *c;
	u64 active = 0;

	mutex_lock(&r->caches_lock);
	list_for_each_entry(c, &r->caches, list) {
		rsv_cache_count(c, &figures);
		active += figures.active;
	}
	mutex_unlock(&r->caches_lock);
	return active ? 0 : rsv_heap_leaked(r);
}

/*
 * Counts the pages that are free or nobody's any more. A page that moves meanwhile is counted once
 * or not at all: bad pages leave the free areas before they count as bad, and waiting pages do not
 * count as waiting any more when they enter the free areas. Who destroys a region while others
 * still allocate and free in it gets what he asks for.
 */
static unsigned long rsv_region_unused_pages(struct rsv_region *r)
{
	unsigned long nr = atomic_long_read_acquire(&r->waiting.nr_bad);
	struct rsv_zone *z;
	unsigned int n;

	for (n = 0; (z = rsv_zone_nth(r, n)); n++) {
		raw_spin_lock_irq(&z->lock);
		nr += z->free_pages;
		raw_spin_unlock_irq(&z->lock);
	}
	/* Pages enter the free areas after they count as waiting no more. */
	smp_rmb();
	return nr + READ_ONCE(r->waiting.nr_pages);
}

/*
 * Whether the region has a cache of a user, or has pages allocated. The function first
 * moves cached and zeroed pages to the free areas, since it counts free pages to learn whether any
 * is used.
 */
static bool rsv_region_in_use(struct rsv_region *r)
{
	unsigned long nr_free;
	unsigned int nr_caches;

	rsv_irq_jobs_flush();
	/* Before the drain of all CPUs: what it frees comes to the magazines of some of them. */
	rsv_rcu_barrier(r);
	/* Pages that a work item looks at are counted nowhere. */
	rsv_bad_pages_flush(r);
	rsv_waiting_pause(r);
	rsv_zones_quiesce(r);
	rsv_drain_region(r);
	nr_free = rsv_region_leaked_pages(r) + rsv_region_unused_pages(r);
	rsv_waiting_resume(r);

	mutex_lock(&r->caches_lock);
	nr_caches = r->nr_caches;
	mutex_unlock(&r->caches_lock);
	return nr_caches > r->classes->nr + RSV_MAGAZINE_SIZES || nr_free < r->nr_pages;
}

/* Adds a region, which is changing, to a list of regions that end. If it is in use it stays. */
static int rsv_region_retire_unused(struct rsv_region *r, struct list_head *retired)
{
	if (rsv_region_in_use(r)) {
		rsv_region_settle(r, false);
		return -EBUSY;
	}
	list_add_tail(&r->ending, retired);
	return 0;
}

/**
 * rsv_region_retire() - begin to destroy a region
 * @r: the region
 * @retired: the list that the region is added to, for rsv_regions_release()
 *
 * From now on nobody can open the region. Its name stays taken until it is released.
 *
 * Context: Process; may sleep.
 * Return: 0 or -EBUSY as rsv_region_destroy(), but without a report.
 */
int rsv_region_retire(struct rsv_region *r, struct list_head *retired)
{
	int err = rsv_region_begin_end(r);

	return err ?: rsv_region_retire_unused(r, retired);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_region_retire);

/**
 * rsv_regions_release() - destroy retired regions
 * @retired: the regions; afterwards the list is empty
 *
 * Context: Process; may sleep; waits for grace periods, as many as for one region.
 */
void rsv_regions_release(struct list_head *retired)
{
	struct rsv_region *r, *next;

	if (list_empty(retired))
		return;
	rsv_regions_tear_down(retired);
	list_for_each_entry_safe(r, next, retired, ending) {
		list_del(&r->ending);
		rsv_region_settle(r, true);
		kfree(r);
	}
}
EXPORT_SYMBOL_IF_KUNIT(rsv_regions_release);

/**
 * rsv_region_destroy() - destroy a region and give its memory back to the system
 * @r: the region, which no other caller uses any more; NULL does nothing
 *
 * Context: Process; may sleep.
 * Return: 0, or -EBUSY with a report in the log, and then the region is unchanged: it has a cache,
 * something in it is allocated, a program has it open, or it is the default region.
 */
int rsv_region_destroy(struct rsv_region *r)
{
	LIST_HEAD(retired);
	int err = r ? rsv_region_retire(r, &retired) : 0;

	rsv_regions_release(&retired);
	if (err)
		rsv_report(RSV_IN_USE, "region %s: something in it is in use", r->name);
	return err;
}
EXPORT_SYMBOL_GPL(rsv_region_destroy);

/**
 * rsv_region_destroy_named() - destroy a region that RSV_IOC_REGION_MAKE created
 * @name: the name
 *
 * A program's mistake is no misuse of the kernel API, so the log gets no report.
 *
 * Context: Process; may sleep.
 * Return: 0; -ENOENT if there is no region of that name; -EBUSY as rsv_region_destroy(), and for a
 * region of a kernel module, a scratch region and the default region; -EINTR if the process was
 * killed.
 */
int rsv_region_destroy_named(const char *name)
{
	struct rsv_region *r;
	LIST_HEAD(retired);
	int err;

	r = rsv_region_begin_end_named(name);
	err = PTR_ERR_OR_ZERO(r) ?: rsv_region_retire_unused(r, &retired);
	rsv_regions_release(&retired);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_region_destroy_named);

/**
 * rsv_regions_start() - create the default region
 * @want: its memory
 * @nr: entries of @want
 *
 * Context: At load; may sleep.
 * Return: 0, or the error of rsv_region_create().
 */
int rsv_regions_start(const struct rsv_reserve *want, unsigned int nr)
{
	struct rsv_region *r = rsv_region_create(RSV_DEFAULT_REGION, want, nr);

	if (IS_ERR(r))
		return PTR_ERR(r);
	rsv_region_set_default(r);
	return 0;
}

static void rsv_region_log_leaks(const struct rsv_region *r, unsigned long leaked,
				 const struct rsv_leak_log *log)
{
	if (log->unlisted)
		pr_err("region %s: leaked: %lu more\n", r->name, log->unlisted);
	pr_err("region %s is leaked: %lu KiB of %lu KiB\n", r->name, leaked << (PAGE_SHIFT - 10),
	       r->nr_pages << (PAGE_SHIFT - 10));
}

/**
 * rsv_region_leak() - end a region in which something is allocated
 * @r: the region. No task uses it, but memory of it may still be read and written
 *
 * What is allocated stays allocated, and the log lists it: pages and slabs with objects. All else
 * goes back to the system. Afterwards nothing refers to the region.
 *
 * Context: Process; may sleep.
 * Return: The number of pages that stay allocated.
 */
unsigned long rsv_region_leak(struct rsv_region *r)
{
	struct rsv_leak_log log = { .lines = RSV_LEAKS_LISTED };
	unsigned long leaked;
	LIST_HEAD(only);

	rsv_region_begin_leak(r);
	list_add(&r->ending, &only);
	rsv_vmalloc_leak(r, &log);
	rsv_regions_end_caches(&only, &log);
	rsv_heap_leak(r);
	rsv_regions_quiesce(&only);
	leaked = rsv_extents_leak(r, &log);
	rsv_region_log_leaks(r, leaked, &log);
	rsv_regions_free_memory(&only);
	rsv_region_settle(r, true);
	kfree(r);
	return leaked;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_region_leak);

static void rsv_region_stop(struct rsv_region *r)
{
	if (rsv_region_destroy(r))
		rsv_region_leak(r);
}

/**
 * rsv_regions_stop() - destroy all regions
 *
 * A kernel user may still write to memory that it did not free. That memory is reported, and never
 * goes back to the system.
 *
 * Context: At unload; may sleep.
 */
void rsv_regions_stop(void)
{
	struct rsv_region *r;

	rsv_lending_stop(rsv_default_region());
	rsv_region_set_default(NULL);
	/* The default region, the oldest, goes last: its debugfs folder contains the others. */
	while ((r = rsv_region_last()))
		rsv_region_stop(r);
}
