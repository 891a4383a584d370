// SPDX-License-Identifier: GPL-2.0
/*
 * Regions: putting one together from extents, zones, size classes and what shows them, and taking
 * it apart.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/capability.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "interface/debugfs.h"
#include "name.h"
#include "objects/cache.h"
#include "objects/engines/slob_heap.h"
#include "objects/kmalloc.h"
#include "objects/magazine_cache.h"
#include "objects/reap.h"
#include "pages/drain.h"
#include "pages/extent.h"
#include "pages/lend.h"
#include "pages/reserve.h"
#include "pages/zonelist.h"
#include "region.h"
#include "report.h"

/* Guards the list, and is held while a region is made or taken apart. May sleep; outermost. */
static DEFINE_MUTEX(rsv_regions_lock);
static LIST_HEAD(rsv_regions);
static u32 rsv_region_ids; /* numbers that were given out */

static struct rsv_region *rsv_default; /* set at load, cleared at unload, when nobody can ask */

/**
 * rsv_default_region() - the region that the module made at load
 *
 * Context: Any.
 * Return: The region, which lives as long as the module; it has no memory after reserve=none.
 */
struct rsv_region *rsv_default_region(void)
{
	return rsv_default;
}
EXPORT_SYMBOL_GPL(rsv_default_region);

static struct rsv_region *rsv_region_named(const char *name)
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

static struct rsv_region *rsv_region_new(const char *name)
{
	struct rsv_region *r = kzalloc(sizeof(*r), GFP_KERNEL);

	if (!r)
		return NULL;
	strscpy(r->name, name, sizeof(r->name));
	r->metadata = sizeof(*r);
	mutex_init(&r->shape_lock);
	mutex_init(&r->drain_lock);
	mutex_init(&r->caches_lock);
	INIT_LIST_HEAD(&r->caches);
	xa_init(&r->caches_by_id);
	rsv_drain_init(r);
	rsv_reap_init(r);
	rsv_lending_init(r);
	return r;
}

static int rsv_region_take(struct rsv_region *r, const struct rsv_reserve *want, unsigned int nr)
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

/* Nothing goes on in the region any more by itself. */
static void rsv_region_quiesce(struct rsv_region *r)
{
	rsv_zones_quiesce(r);
	rsv_reap_stop(r);
	cancel_work_sync(&r->drain_work);
	rsv_drain_destroy(r);
}

static void rsv_region_release(struct rsv_region *r)
{
	rsv_region_quiesce(r);
	rsv_extents_release(r);
	rsv_zones_release(r);
}

/* What serves its caches, which is made before them and ends after them, and the size classes */
static int rsv_region_create_caches(struct rsv_region *r)
{
	int err = rsv_magazines_create(r) ?: rsv_kmalloc_create(r);

	if (err)
		rsv_caches_end(r);
	else
		rsv_reap_start(r);
	return err;
}

/* With nothing allocated by anybody else */
static void rsv_region_destroy_caches(struct rsv_region *r)
{
	rsv_reap_stop(r);
	rsv_caches_end(r);
}

static int rsv_region_build(struct rsv_region *r, const struct rsv_reserve *want, unsigned int nr)
{
	int err;

	if (rsv_region_named(r->name))
		return -EEXIST;
	err = rsv_zones_create(r);
	if (err)
		return err;
	err = rsv_drain_create(r);
	if (err)
		goto no_drains;
	err = rsv_region_take(r, want, nr);
	if (err)
		goto release;
	err = rsv_heap_create(r);
	if (err)
		goto release;
	/* What is shown is there before it is shown, and goes after. */
	rsv_debugfs_add(r);
	err = rsv_region_create_caches(r);
	if (err)
		goto unshow;
	r->id = rsv_region_ids++;
	list_add_tail(&r->list, &rsv_regions);
	return 0;

unshow:
	rsv_debugfs_remove(r);
	rsv_heap_destroy(r);
release:
	rsv_region_release(r);
	return err;
no_drains:
	rsv_zones_release(r);
	return err;
}

/**
 * rsv_region_make() - take memory from the system and make a region of it
 * @name: as for rsv_region_create(), as the next two
 * @want: the memory
 * @nr: entries of @want
 * @origin: who makes it, RSV_REGION_*
 *
 * Context: Process; may sleep.
 * Return: As rsv_region_create().
 */
struct rsv_region *rsv_region_make(const char *name, const struct rsv_reserve *want,
				   unsigned int nr, unsigned int origin)
{
	struct rsv_region *r;
	int err;

	if (!rsv_name_ok(name) || !rsv_reserves_ok(want, nr))
		return ERR_PTR(-EINVAL);
	r = rsv_region_new(name);
	if (!r)
		return ERR_PTR(-ENOMEM);
	r->origin = origin;

	err = mutex_lock_killable(&rsv_regions_lock);
	if (!err) {
		err = rsv_region_build(r, want, nr);
		mutex_unlock(&rsv_regions_lock);
	}
	if (err) {
		kfree(r);
		return ERR_PTR(err);
	}
	return r;
}

/**
 * rsv_region_create() - take memory from the system and make a region of it
 * @name: 1 to 31 of A-Z a-z 0-9 _ . - and not "." or ".."; unique
 * @want: the memory
 * @nr: entries of @want; 0 makes a region without memory
 *
 * Takes what is there, never invokes the OOM killer, and refuses, before it takes a page, more than
 * half of what the system has available, or with RSV_RESERVE_FORCE more than all.
 *
 * Context: Process; may sleep.
 * Return: The region, or ERR_PTR: -EINVAL for a bad name, size or flag, -EEXIST for a name that is
 * taken, -ENOMEM, -EINTR if the process was killed.
 */
struct rsv_region *rsv_region_create(const char *name, const struct rsv_reserve *want,
				     unsigned int nr)
{
	return rsv_region_make(name, want, nr, RSV_REGION_KERNEL);
}
EXPORT_SYMBOL_GPL(rsv_region_create);

/*
 * Pages that nobody has and that are not free: those of the heap that only what was overwritten
 * keeps, once its caches say, too, that they have no object out.
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

/* Whether anything is allocated, once all that is free is where it is counted. */
static bool rsv_region_in_use(struct rsv_region *r)
{
	unsigned int nr_caches, n;
	unsigned long nr_free = 0;
	struct rsv_zone *z;

	rsv_zones_quiesce(r);
	rsv_drain_region(r);
	for (n = 0; (z = rsv_zone_nth(r, n)); n++)
		nr_free += READ_ONCE(z->free_pages);
	nr_free += rsv_region_leaked_pages(r);

	mutex_lock(&r->caches_lock);
	nr_caches = r->nr_caches;
	mutex_unlock(&r->caches_lock);
	return r->users || nr_caches > r->classes->nr + RSV_MAGAZINE_SIZES || nr_free < r->nr_pages;
}

static void rsv_region_destroy_locked(struct rsv_region *r)
{
	list_del(&r->list);
	rsv_region_destroy_caches(r);
	rsv_debugfs_remove(r);
	rsv_heap_destroy(r);
	rsv_region_release(r);
	kfree(r);
}

/* Ends a region unless it is in use; rsv_regions_lock is held. */
static int rsv_region_destroy_unused(struct rsv_region *r)
{
	if (rsv_region_in_use(r))
		return -EBUSY;
	rsv_region_destroy_locked(r);
	return 0;
}

/**
 * rsv_region_destroy() - end a region and give its memory back to the system
 * @r: the region, used by nobody else any more; NULL does nothing
 *
 * Context: Process; may sleep.
 * Return: 0; -EBUSY, with a report, while anything in it is allocated, it has a cache or somebody
 * looks at it, and then nothing has changed.
 */
int rsv_region_destroy(struct rsv_region *r)
{
	int err;

	if (!r)
		return 0;
	mutex_lock(&rsv_regions_lock);
	/* The default region is the module's, and is so no more when that ends it. */
	err = r == rsv_default ? -EBUSY : rsv_region_destroy_unused(r);
	mutex_unlock(&rsv_regions_lock);
	if (err)
		rsv_report(RSV_IN_USE, "region %s: something in it is in use", r->name);
	return err;
}
EXPORT_SYMBOL_GPL(rsv_region_destroy);

/**
 * rsv_region_get() - find a region by name and keep it
 * @name: the name
 *
 * A scratch region goes with the descriptor that made it, so nobody else can keep it. Who keeps a
 * kernel module's region makes the module fail to destroy it, which is the administrator's to do.
 *
 * Context: Process; may sleep.
 * Return: The region, which is not destroyed before rsv_region_put(), or ERR_PTR: -ENOENT, -EACCES
 * for a scratch region, -EPERM for a kernel module's without CAP_SYS_ADMIN.
 */
struct rsv_region *rsv_region_get(const char *name)
{
	struct rsv_region *r;

	mutex_lock(&rsv_regions_lock);
	r = rsv_region_named(name);
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
 * rsv_region_put() - keep a region no longer
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
 * rsv_region_remove() - end a region that a program asked for by name
 * @name: the name
 *
 * A program's mistake is no misuse of the kernel API, and makes no report.
 *
 * Context: Process; may sleep.
 * Return: 0; -ENOENT; -EBUSY as rsv_region_destroy(), and for what is not a program's to end: a
 * region of a kernel module, a scratch region or the default one.
 */
int rsv_region_remove(const char *name)
{
	struct rsv_region *r;
	int err = -ENOENT;

	mutex_lock(&rsv_regions_lock);
	r = rsv_region_named(name);
	if (r)
		err = r->origin == RSV_REGION_NAMED ? rsv_region_destroy_unused(r) : -EBUSY;
	mutex_unlock(&rsv_regions_lock);
	return err;
}

/**
 * rsv_region_next() - the next region by number
 * @next: its number is the smallest wanted; set to the region's number, origin and name
 *
 * Context: Process; may sleep.
 * Return: 0, or -ENOENT if no region has so large a number.
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

/**
 * rsv_regions_start() - make the default region
 * @want: its memory
 * @nr: entries of @want
 *
 * Return: 0, or what rsv_region_create() says.
 */
int rsv_regions_start(const struct rsv_reserve *want, unsigned int nr)
{
	struct rsv_region *r = rsv_region_create(RSV_DEFAULT_REGION, want, nr);

	if (IS_ERR(r))
		return PTR_ERR(r);
	rsv_default = r;
	return 0;
}

/**
 * rsv_regions_stop() - end all regions, at unload
 *
 * What a kernel user left allocated may still be written to: its region is reported and never goes
 * back to the system.
 */
void rsv_regions_stop(void)
{
	struct rsv_region *r, *next;

	rsv_lending_stop(rsv_default);
	rsv_default = NULL;
	/* The default region, the oldest, goes last: its folder in debugfs has all others in it. */
	list_for_each_entry_safe_reverse(r, next, &rsv_regions, list)
	{
		if (!rsv_region_destroy(r))
			continue;
		rsv_region_quiesce(r);
		rsv_caches_forget_cpus(r);
		pr_err("region %s is leaked: %lu KiB\n", r->name, r->nr_pages << (PAGE_SHIFT - 10));
	}
}
