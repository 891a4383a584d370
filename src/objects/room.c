// SPDX-License-Identifier: GPL-2.0
/*
 * Room: how many more objects of a cache a region may have, without a watermark or a protection
 * that withholds pages from GFP_KERNEL.
 */
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/mmzone.h>

#include "cache.h"
#include "heap.h"
#include "pages/zone.h"
#include "pages/zonelist.h"
#include "room.h"
#include "stats.h"

/* The pages of a zone, all or the free ones, that GFP_KERNEL may have */
static unsigned long rsv_room_zone_pages(const struct rsv_zone *z, bool only_free)
{
	unsigned long pages = only_free ? READ_ONCE(z->free_pages) : READ_ONCE(z->nr_pages);

	if (z->type > gfp_zone(GFP_KERNEL))
		return 0;
	return pages - min(pages, rsv_zone_reserved(z, GFP_KERNEL));
}

static u64 rsv_room_region_pages(const struct rsv_region *r, bool only_free)
{
	struct rsv_zone *z;
	unsigned int n;
	u64 pages = 0;

	for (n = 0; (z = rsv_zone_nth(r, n)); n++)
		pages += rsv_room_zone_pages(z, only_free);
	return pages;
}

/* Free objects that the cache has in slabs, magazines and depots */
static u64 rsv_room_free_objects(const struct rsv_cache *c)
{
	struct rsv_cache_figures f;
	u64 taken;

	rsv_cache_count(c, &f);
	taken = f.active + READ_ONCE(c->guarantee.nr) + f.percpu_objects;
	return f.total - min(f.total, taken);
}

/**
 * rsv_cache_has_room() - whether objects that are missing may fit into the region
 * @c: the cache
 * @missing: the number of objects
 * @only_free: into its free pages, or else into all of its pages
 *
 * Context: Process.
 * Return: The answer, an upper bound: slabs may have less room.
 */
bool rsv_cache_has_room(const struct rsv_cache *c, u64 missing, bool only_free)
{
	u64 pages = rsv_room_region_pages(c->region, only_free);
	const struct rsv_layout *l = &c->layout;
	struct rsv_heap_figures heap;

	if (only_free)
		missing -= min(missing, rsv_room_free_objects(c));
	if (only_free && c->engine->heap) {
		rsv_heap_count(c->region, &heap);
		pages += heap.pages;
	}
	return missing * l->pages <= pages * l->objects ||
	       missing * l->small_pages <= pages * l->small_objects;
}
