// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a region: this file creates a region from extents, zones, the heap and internal
 * caches, finds it by name, counts its users, and destroys it or reports what leaked.
 *
 * rsv_regions_lock guards the list of regions, their numbers and their counts of users. Its holder
 * creates or destroys one region at a time. So a name that it found free, or taken, stays so until
 * the operation is complete. It is the outermost lock, and no allocation path takes it.
 *
 * Upper layers register hooks (struct rsv_region_hooks). The hook created() runs when the region's
 * memory and heap exist, and the hook destroyed() runs before they go, so what an upper layer shows
 * always exists. The hooks stand outside the life of the caches, since each cache has hooks of its
 * own that need what created() made. The hooks run under rsv_regions_lock, so nothing that they
 * wait for, such as a reader of a debugfs file, may take that lock.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/capability.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "name.h"
#include "objects/cache.h"
#include "objects/heap.h"
#include "objects/leaving.h"
#include "objects/reap.h"
#include "objects/region_caches.h"
#include "objects/stats.h"
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
#include "report.h"

/* Leaks of one region that the log lists; it counts the others */
#define RSV_LEAKS_LISTED	64

static DEFINE_MUTEX(rsv_regions_lock);	/* see the top of this file */
static LIST_HEAD(rsv_regions);	/* by number (rsv_regions_lock) */
u32 rsv_region_ids;	/* the number of the next region (rsv_regions_lock) */
EXPORT_SYMBOL_IF_KUNIT(rsv_region_ids);
static const struct rsv_region_hooks *rsv_region_hooks;	/* set before the first region exists */

/* Set at load and cleared at unload, when no caller of rsv_default_region() is left. */
static struct rsv_region *rsv_default;

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

/**
 * rsv_default_region() - the region that the module creates at load
 *
 * Context: Any.
 * Return: The region. It lives as long as the module; with reserve=none it has no memory.
 */
struct rsv_region *rsv_default_region(void)
{
	return rsv_default;
}
EXPORT_SYMBOL_GPL(rsv_default_region);

static struct rsv_region *rsv_region_find(const char *name)
{
	struct rsv_region *r;

	list_for_each_entry(r, &rsv_regions, list)
		if (!strcmp(r->name, name))
			return r;
	return NULL;
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
	struct rsv_region *r = kzalloc(sizeof(*r), RSV_GFP_CREATE);

	if (!r)
		return NULL;
	r->origin = origin;
	strscpy(r->name, name, sizeof(r->name));
	r->metadata = sizeof(*r);
	mutex_init(&r->shape_lock);
	mutex_init(&r->caches_lock);
	INIT_LIST_HEAD(&r->caches);
	INIT_LIST_HEAD(&r->lost_caches);
	xa_init(&r->caches_by_id);
	rsv_drain_init(r);
	rsv_waiting_init(r);
	rsv_bad_pages_init(r);
	rsv_leaving_init(r);
	rsv_reap_init(r);
	rsv_lending_init(r);
	return r;
}

static int rsv_region_add_memory(struct rsv_region *r, const struct rsv_reserve *want,
				 unsigned int nr)
{
	LIST_HEAD(blocks);
	unsigned int i;
	int err;

	mutex_lock(&r->shape_lock);
	err = rsv_reserve_take(r, &blocks, want, nr);
	if (!err)
		err = rsv_extents_add(r, &blocks);
	for (i = 0; !err && i < nr; i++)
		rsv_zones_protect(r, &want[i]);
	mutex_unlock(&r->shape_lock);
	return err;
}

/* Stops all background work of the region: zeroing, reaping and draining. */
static void rsv_region_quiesce(struct rsv_region *r)
{
	rsv_zones_quiesce(r);
	rsv_reap_stop(r);
	rsv_leaving_stop(r);
	rsv_bad_pages_stop(r);
	cancel_work_sync(&r->drain_work);
	rsv_drain_destroy(r);
	rsv_waiting_pause(r);
}

static void rsv_region_release(struct rsv_region *r)
{
	rsv_extents_release(r);
	rsv_zones_release(r);
}

static void rsv_region_free_memory(struct rsv_region *r)
{
	rsv_region_quiesce(r);
	rsv_region_release(r);
}

static int rsv_region_create_caches(struct rsv_region *r)
{
	int err = rsv_region_caches_create(r);

	if (err)
		rsv_caches_destroy(r, NULL);
	else
		rsv_reap_start(r);
	return err;
}

/* If nothing in the region is allocated, @log may be NULL. */
static void rsv_region_destroy_caches(struct rsv_region *r, struct rsv_leak_log *log)
{
	rsv_reap_stop(r);
	rsv_caches_destroy(r, log);
}

/*
 * Gives a new region its number and its place in the list. When the numbers begin again at 0, the
 * function leaves out those in use.
 */
static void rsv_region_list(struct rsv_region *r)
{
	struct rsv_region *next;
	bool used;

	do {
		r->id = rsv_region_ids++;
		used = false;
		list_for_each_entry(next, &rsv_regions, list) {
			used = next->id == r->id;
			if (next->id >= r->id)
				break;
		}
	} while (used);
	list_add_tail(&r->list, &next->list);
}

static int rsv_region_create_locked(struct rsv_region *r, const struct rsv_reserve *want,
				    unsigned int nr)
{
	int err;

	if (rsv_region_find(r->name))
		return -EEXIST;
	err = rsv_zones_create(r);
	if (err)
		return err;
	err = rsv_drain_create(r);
	if (err)
		goto no_drains;
	err = rsv_region_add_memory(r, want, nr);
	if (err)
		goto release;
	err = rsv_heap_create(r);
	if (err)
		goto release;
	rsv_region_hooks->created(r);
	err = rsv_region_create_caches(r);
	if (err)
		goto no_caches;
	rsv_region_list(r);
	return 0;

no_caches:
	rsv_region_hooks->destroyed(r);
	rsv_heap_destroy(r);
release:
	rsv_region_free_memory(r);
	return err;
no_drains:
	rsv_zones_release(r);
	return err;
}

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
	r = rsv_region_alloc(name, origin);
	if (!r)
		return ERR_PTR(-ENOMEM);

	err = mutex_lock_killable(&rsv_regions_lock);
	if (!err) {
		err = rsv_region_create_locked(r, want, nr);
		mutex_unlock(&rsv_regions_lock);
	}
	if (err) {
		kfree(r);
		return ERR_PTR(err);
	}
	return r;
}

/**
 * rsv_region_create() - create a region from memory of the system
 * @name: 1 to 31 characters of A-Z a-z 0-9 _ . - but not "." or ".."; no other region has it
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
 * Whether the region is open, has a cache of a user, or has pages allocated. The function first
 * moves cached and zeroed pages to the free areas, since it counts free pages to learn whether any
 * is used.
 */
static bool rsv_region_in_use(struct rsv_region *r)
{
	unsigned long nr_free;
	unsigned int nr_caches;

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
	return r->users || nr_caches > r->classes->nr + RSV_MAGAZINE_SIZES || nr_free < r->nr_pages;
}

static void rsv_region_destroy_locked(struct rsv_region *r)
{
	list_del(&r->list);
	rsv_region_destroy_caches(r, NULL);
	rsv_region_hooks->destroyed(r);
	rsv_heap_destroy(r);
	rsv_region_free_memory(r);
	kfree(r);
}

/* The caller holds rsv_regions_lock. */
static int rsv_region_destroy_unused(struct rsv_region *r)
{
	if (rsv_region_in_use(r))
		return -EBUSY;
	rsv_region_destroy_locked(r);
	return 0;
}

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
	int err;

	if (!r)
		return 0;
	mutex_lock(&rsv_regions_lock);
	/* rsv_regions_stop() clears rsv_default before it destroys that region. */
	err = r == rsv_default ? -EBUSY : rsv_region_destroy_unused(r);
	mutex_unlock(&rsv_regions_lock);
	if (err)
		rsv_report(RSV_IN_USE, "region %s: something in it is in use", r->name);
	return err;
}
EXPORT_SYMBOL_GPL(rsv_region_destroy);

/**
 * rsv_region_get() - find a region by name and take a reference to it
 * @name: the name
 *
 * A scratch region is destroyed with the descriptor that created it, so no other descriptor can
 * have a reference to it. While a program has a reference to a region of a kernel module, the
 * module fails to destroy it. So only an administrator may take such a reference.
 *
 * Context: Process; may sleep.
 * Return: The region, which is not destroyed before rsv_region_put(), or ERR_PTR: -ENOENT if there
 * is none of that name, -EACCES for a scratch region, -EPERM for a kernel module's region without
 * CAP_SYS_ADMIN.
 */
struct rsv_region *rsv_region_get(const char *name)
{
	struct rsv_region *r;

	mutex_lock(&rsv_regions_lock);
	r = rsv_region_find(name);
	if (!r)
		r = ERR_PTR(-ENOENT);
	else if (r->origin == RSV_REGION_SCRATCH)
		r = ERR_PTR(-EACCES);
	else if (r->origin == RSV_REGION_KERNEL && r != rsv_default && !capable(CAP_SYS_ADMIN))
		r = ERR_PTR(-EPERM);
	else
		r->users++;
	mutex_unlock(&rsv_regions_lock);
	return r;
}

/**
 * rsv_region_put() - drop a reference that rsv_region_get() took
 * @r: the region
 *
 * Context: Process; may sleep.
 */
void rsv_region_put(struct rsv_region *r)
{
	mutex_lock(&rsv_regions_lock);
	r->users--;
	mutex_unlock(&rsv_regions_lock);
}

/**
 * rsv_region_destroy_named() - destroy a region that RSV_IOC_REGION_MAKE created
 * @name: the name
 *
 * A program's mistake is no misuse of the kernel API, so the log gets no report.
 *
 * Context: Process; may sleep.
 * Return: 0; -ENOENT if there is no region of that name; -EBUSY as rsv_region_destroy(), and for a
 * region of a kernel module, a scratch region and the default region.
 */
int rsv_region_destroy_named(const char *name)
{
	struct rsv_region *r;
	int err = -ENOENT;

	mutex_lock(&rsv_regions_lock);
	r = rsv_region_find(name);
	if (r)
		err = r->origin == RSV_REGION_NAMED ? rsv_region_destroy_unused(r) : -EBUSY;
	mutex_unlock(&rsv_regions_lock);
	return err;
}

/**
 * rsv_region_next() - describe the region with the smallest number from a given one on
 * @next: in: the smallest number to consider; out: the region's number, origin and name
 *
 * Context: Process; may sleep.
 * Return: 0, or -ENOENT if all regions have smaller numbers.
 */
int rsv_region_next(struct rsv_ioc_region_next *next)
{
	struct rsv_region *r;
	int err = -ENOENT;

	mutex_lock(&rsv_regions_lock);
	list_for_each_entry(r, &rsv_regions, list) {
		if (r->id < next->id)
			continue;
		next->id = r->id;
		next->origin = r->origin;
		strscpy(next->name, r->name, sizeof(next->name));
		err = 0;
		break;
	}
	mutex_unlock(&rsv_regions_lock);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_region_next);

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
	rsv_default = r;
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

	mutex_lock(&rsv_regions_lock);
	list_del(&r->list);
	rsv_vmalloc_leak(r, &log);
	rsv_region_destroy_caches(r, &log);
	rsv_region_hooks->destroyed(r);
	rsv_heap_leak(r);
	rsv_region_quiesce(r);
	leaked = rsv_extents_leak(r, &log);
	rsv_region_log_leaks(r, leaked, &log);
	rsv_region_release(r);
	kfree(r);
	mutex_unlock(&rsv_regions_lock);
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
	struct rsv_region *r, *next;

	rsv_lending_stop(rsv_default);
	rsv_default = NULL;
	/* The default region, the oldest, goes last: its debugfs folder contains the others. */
	list_for_each_entry_safe_reverse(r, next, &rsv_regions, list)
		rsv_region_stop(r);
}
