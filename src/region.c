// SPDX-License-Identifier: GPL-2.0
/*
 * Regions: putting one together from extents, zones, size classes and what shows them, and taking
 * it apart.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "interface/debugfs.h"
#include "name.h"
#include "objects/cache.h"
#include "region.h"
#include "report.h"

/* Guards the list, and is held while a region is made or taken apart. May sleep; outermost. */
static DEFINE_MUTEX(rsv_regions_lock);
static LIST_HEAD(rsv_regions);

static struct rsv_region *rsv_default;	/* set at load, cleared at unload, when nobody can ask */

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

static bool rsv_region_name_taken(const char *name)
{
	const struct rsv_region *r;

	list_for_each_entry(r, &rsv_regions, node)
		if (!strcmp(r->name, name))
			return true;
	return false;
}

static bool rsv_reserve_ok(const struct rsv_reserve *want, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (!want[i].bytes || want[i].flags & ~(RSV_RESERVE_CONTIG | RSV_RESERVE_FORCE))
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
	mutex_init(&r->caches_lock);
	INIT_LIST_HEAD(&r->caches);
	return r;
}

static int rsv_region_build(struct rsv_region *r, const struct rsv_reserve *want, unsigned int nr)
{
	int err;

	if (rsv_region_name_taken(r->name))
		return -EEXIST;
	err = rsv_extents_reserve(r, want, nr);
	if (err)
		return err;
	err = rsv_extents_publish(r);
	if (err)
		goto release;
	rsv_debugfs_add(r);
	err = rsv_kmalloc_create(r);
	if (err)
		goto unshow;
	list_add_tail(&r->node, &rsv_regions);
	return 0;

unshow:
	rsv_debugfs_remove(r);
release:
	rsv_extents_release(r);
	return err;
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
	struct rsv_region *r;
	int err;

	if (!rsv_name_ok(name) || !rsv_reserve_ok(want, nr))
		return ERR_PTR(-EINVAL);
	r = rsv_region_new(name);
	if (!r)
		return ERR_PTR(-ENOMEM);

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
EXPORT_SYMBOL_GPL(rsv_region_create);

/* Whether anything is allocated, once the size classes have given back their empty slabs. */
static bool rsv_region_in_use(struct rsv_region *r)
{
	unsigned int nr_caches, i;
	unsigned long nr_free = 0;

	for (i = 0; i < RSV_KMALLOC_CLASSES; i++)
		rsv_cache_shrink(r->kmalloc[i]);
	for (i = 0; i < r->nr_zones; i++)
		nr_free += READ_ONCE(r->zones[i]->free_pages);

	mutex_lock(&r->caches_lock);
	nr_caches = r->nr_caches;
	mutex_unlock(&r->caches_lock);
	return nr_caches > RSV_KMALLOC_CLASSES || nr_free < r->nr_pages;
}

static void rsv_region_demolish(struct rsv_region *r)
{
	list_del(&r->node);
	rsv_kmalloc_destroy(r);
	rsv_debugfs_remove(r);
	rsv_extents_release(r);
	kfree(r);
}

/**
 * rsv_region_destroy() - end a region and give its memory back to the system
 * @r: the region, used by nobody else any more; NULL does nothing
 *
 * Context: Process; may sleep.
 * Return: 0; -EBUSY, with a report, while anything in it is allocated or it has a cache, and then
 * nothing has changed.
 */
int rsv_region_destroy(struct rsv_region *r)
{
	bool busy;

	if (!r)
		return 0;
	mutex_lock(&rsv_regions_lock);
	busy = rsv_region_in_use(r);
	if (!busy)
		rsv_region_demolish(r);
	mutex_unlock(&rsv_regions_lock);
	if (busy) {
		rsv_report(RSV_IN_USE, "region %s: something in it is allocated", r->name);
		return -EBUSY;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(rsv_region_destroy);

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

	rsv_default = NULL;
	/* The default region, the oldest, goes last: its folder in debugfs has all others in it. */
	list_for_each_entry_safe_reverse(r, next, &rsv_regions, node)
		if (rsv_region_destroy(r))
			pr_err("region %s is leaked: %lu KiB\n", r->name,
			       r->nr_pages << (PAGE_SHIFT - 10));
}
