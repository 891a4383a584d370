/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A region: everything that one reservation owns. Each wing keeps its part here: pages/ the extents
 * and zones, objects/ the caches, interface/ what is shown.
 */
#ifndef RSV_REGION_H
#define RSV_REGION_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/reservoir.h>
#include <linux/xarray.h>

#include "objects/cache.h"
#include "objects/size_class.h"
#include "pages/extent.h"
#include "pages/lend.h"
#include "pages/pcp.h"
#include "pages/zone.h"

struct dentry;
struct rsv_classes;
struct rsv_heap;

/* An extent's number must fit into its frames. */
#define RSV_EXTENTS_MAX		65535U

#define RSV_DEFAULT_REGION	"default"

/**
 * struct rsv_region - what one reservation owns
 * @name: its name (never changes once the region stands)
 * @shape_lock: guards what the region consists of, down to @metadata, against others that change
 *	it; may sleep. Requests read @extents, @zones and @nearest without it
 * @extents: its extents by number
 * @nr_extents: numbers in use, those of extents that are gone included
 * @zones: its zones by rsv_zone_slot(), NULL where it has no memory; never go once they came
 * @nearest: for each node, the zone that serves requests without a zone bit first; never NULL
 * @nr_pages: pages that it has now
 * @span: pages from the beginning of its first extent to the end of its last, laid end to end
 * @metadata: bytes taken beside the region to manage its pages
 * @percpu: bytes of that for each CPU
 * @drain_lock: one at a time empties the per-CPU lists of all CPUs
 * @drains: for each CPU, the work that empties its lists
 * @cpuhp: place among those whose lists are emptied when a CPU goes
 * @relief: gives back what caches do not need when a zone runs low
 * @relieved: when that was begun for the last time, in jiffies
 * @lending: what it lends to the system
 * @classes: its size classes (never change once the region stands, as the next four)
 * @kmalloc: the caches behind rsv_kmalloc(), by class
 * @class: what classes->of is, where the fast path finds it without another step
 * @own: caches that serve the others, by size
 * @heap: what the engine SLOB has
 * @age: gives back from time to time what caches do not need
 * @caches_lock: guards @caches, @numbers and @nr_caches; may sleep; never held while debugfs files
 *	are removed, since their readers take it
 * @caches: all caches, in the order of creation
 * @numbers: the same by number, so that the next one is found without a walk
 * @nr_caches: how many there are
 * @node: place on the list of regions (rsv_regions_lock, as the next two)
 * @id: number, growing in the order of creation
 * @users: handles that it is open by
 * @origin: who made it, RSV_REGION_* (never changes once the region is known)
 * @debugfs: its folder (set once the region stands, removed first)
 * @debugfs_caches: the folder of its caches
 */
struct rsv_region {
	char name[RSV_NAME_MAX];

	struct mutex shape_lock;	/* see above */
	struct rsv_extents *extents;
	unsigned int nr_extents;
	struct rsv_zone **zones;
	struct rsv_zone **nearest;
	unsigned long nr_pages;
	unsigned long span;
	size_t metadata;
	size_t percpu;

	struct mutex drain_lock;	/* see above */
	struct rsv_drain __percpu *drains;
	struct hlist_node cpuhp;
	struct work_struct relief;
	unsigned long relieved;
	struct rsv_lending lending;

	const struct rsv_classes *classes;
	struct rsv_cache *kmalloc[RSV_CLASSES_MAX];
	u8 class[RSV_CLASS_STEPS];
	struct rsv_cache *own[RSV_MAGAZINE_SIZES];
	struct rsv_heap *heap;
	struct delayed_work age;
	struct mutex caches_lock;	/* see above */
	struct list_head caches;
	struct xarray numbers;
	unsigned int nr_caches;

	struct list_head node;
	u32 id;
	unsigned int users;
	unsigned int origin;
	struct dentry *debugfs;
	struct dentry *debugfs_caches;
};

static inline struct rsv_extent *rsv_frame_extent(const struct rsv_region *r,
						  const struct rsv_frame *f)
{
	return READ_ONCE(r->extents)->at[f->extent];
}

struct rsv_region *rsv_region_make(const char *name, const struct rsv_reserve *want,
				   unsigned int nr, unsigned int origin);
struct rsv_region *rsv_region_get(const char *name);
void rsv_region_put(struct rsv_region *r);
int rsv_region_remove(const char *name);
int rsv_region_next(struct rsv_ioc_region_next *next);
int rsv_regions_start(const struct rsv_reserve *want, unsigned int nr);
void rsv_regions_stop(void);

#endif /* RSV_REGION_H */
