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

#include "objects/kmalloc.h"
#include "pages/extent.h"
#include "pages/zone.h"

struct dentry;

/* An extent's number must fit into its frames. */
#define RSV_EXTENTS_MAX		65535U

#define RSV_DEFAULT_REGION	"default"

/**
 * struct rsv_region - what one reservation owns
 * @name: its name (this and all down to @metadata never change once the region stands)
 * @extents: its extents, in the order of their addresses
 * @nr_extents: their number
 * @zones: its zones, the highest first: the order in which a request tries them
 * @nr_zones: their number
 * @nr_pages: pages of all extents
 * @metadata: bytes taken beside the region to manage its pages
 * @kmalloc: the caches behind rsv_kmalloc(), by class
 * @caches_lock: guards @caches and @nr_caches; may sleep; never held while debugfs files are
 *	removed, since their readers take it
 * @caches: all caches, in the order of creation
 * @nr_caches: their number
 * @node: place on the list of regions (rsv_regions_lock)
 * @debugfs: its folder (set once the region stands, removed first)
 * @debugfs_caches: the folder of its caches
 */
struct rsv_region {
	char name[RSV_NAME_MAX];
	struct rsv_extent **extents;
	unsigned int nr_extents;
	struct rsv_zone **zones;
	unsigned int nr_zones;
	unsigned long nr_pages;
	size_t metadata;
	struct rsv_cache *kmalloc[RSV_KMALLOC_CLASSES];

	struct mutex caches_lock;	/* see above */
	struct list_head caches;
	unsigned int nr_caches;

	struct list_head node;
	struct dentry *debugfs;
	struct dentry *debugfs_caches;
};

static inline struct rsv_extent *rsv_frame_extent(const struct rsv_region *r,
						  const struct rsv_frame *f)
{
	return r->extents[f->extent];
}

int rsv_regions_start(const struct rsv_reserve *want, unsigned int nr);
void rsv_regions_stop(void);

#endif /* RSV_REGION_H */
