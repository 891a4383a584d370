// SPDX-License-Identifier: GPL-2.0
/*
 * Zones: which free areas serve a request, and the checks and counts around them.
 */
#include <linux/gfp.h>
#include <linux/hardirq.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "../region.h"
#include "buddy.h"
#include "extent.h"
#include "zone.h"

static struct rsv_zone *rsv_zone_new(struct rsv_region *r, struct page *page)
{
	struct rsv_zone *z = kzalloc(sizeof(*z), GFP_KERNEL);
	unsigned int order;

	if (!z)
		return NULL;
	z->region = r;
	z->name = page_zone(page)->name;
	z->type = page_zonenum(page);
	z->nid = page_to_nid(page);
	raw_spin_lock_init(&z->lock);
	for (order = 0; order < RSV_ORDERS_MAX; order++)
		INIT_LIST_HEAD(&z->area[order].blocks);
	return z;
}

/* Places the zone among the region's: the highest type first, then the lowest node. */
static void rsv_zone_insert(struct rsv_region *r, struct rsv_zone *z)
{
	unsigned int i = r->nr_zones++;

	for (; i; i--) {
		struct rsv_zone *before = r->zones[i - 1];

		if (before->type > z->type || (before->type == z->type && before->nid < z->nid))
			break;
		r->zones[i] = before;
	}
	r->zones[i] = z;
}

/**
 * rsv_zone_get() - the zone of a region that a page belongs to, made if it is the first there
 * @r: the region, not complete yet
 * @page: the page
 *
 * Context: Process; may sleep.
 * Return: The zone, or NULL if there is no memory.
 */
struct rsv_zone *rsv_zone_get(struct rsv_region *r, struct page *page)
{
	struct rsv_zone **zones, *z;
	unsigned int i;

	for (i = 0; i < r->nr_zones; i++) {
		z = r->zones[i];
		if (z->type == page_zonenum(page) && z->nid == page_to_nid(page))
			return z;
	}

	zones = krealloc_array(r->zones, r->nr_zones + 1, sizeof(*zones), GFP_KERNEL);
	if (!zones)
		return NULL;
	r->zones = zones;
	z = rsv_zone_new(r, page);
	if (!z)
		return NULL;
	rsv_zone_insert(r, z);
	r->metadata += sizeof(*z) + sizeof(z);
	return z;
}

/**
 * rsv_zones_release() - free the zones of a region that has no extents any more
 * @r: the region
 *
 * Context: Process.
 */
void rsv_zones_release(struct rsv_region *r)
{
	while (r->nr_zones)
		kfree(r->zones[--r->nr_zones]);
	kfree(r->zones);
	r->zones = NULL;
}

/* What the block was rounded up by goes straight back. */
static struct rsv_frame *rsv_zone_take(struct rsv_zone *z, unsigned long nr_pages)
{
	unsigned int order = order_base_2(nr_pages);
	struct rsv_extent *e;
	struct rsv_frame *f;
	unsigned long flags;

	raw_spin_lock_irqsave(&z->lock, flags);
	f = rsv_buddy_take(z, order);
	if (f) {
		e = rsv_frame_extent(z->region, f);
		WRITE_ONCE(f->kind, RSV_FRAME_USED);
		f->nr_pages = nr_pages;
		rsv_buddy_give_run(z, e, rsv_frame_index(e, f) + nr_pages,
				   (1UL << order) - nr_pages);
		z->area[order].allocs++;
		z->peak_pages = max(z->peak_pages, z->nr_pages - z->free_pages);
	}
	raw_spin_unlock_irqrestore(&z->lock, flags);
	return f;
}

static void rsv_zone_count_failure(struct rsv_zone *z, unsigned int order)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&z->lock, flags);
	z->area[order].failures++;
	raw_spin_unlock_irqrestore(&z->lock, flags);
}

static bool rsv_zone_serves(const struct rsv_zone *z, gfp_t gfp)
{
	return z->type <= gfp_zone(gfp) && (!(gfp & __GFP_THISNODE) || z->nid == numa_mem_id());
}

/**
 * rsv_zones_take() - take a block from the first zone that can serve
 * @r: the region
 * @gfp: decides by its zone bits which zones may serve, the highest of them being asked first
 * @nr_pages: pages of the block, more than 0
 *
 * Context: Any but NMI, where it gives NULL.
 * Return: The block's first frame, marked as used, or NULL.
 */
struct rsv_frame *rsv_zones_take(struct rsv_region *r, gfp_t gfp, unsigned long nr_pages)
{
	struct rsv_zone *asked = NULL;
	unsigned int i;

	if (in_nmi() || nr_pages > 1UL << (RSV_ORDERS_MAX - 1))
		return NULL;

	for (i = 0; i < r->nr_zones; i++) {
		struct rsv_zone *z = r->zones[i];
		struct rsv_frame *f;

		if (!rsv_zone_serves(z, gfp))
			continue;
		f = rsv_zone_take(z, nr_pages);
		if (f)
			return f;
		asked = asked ?: z;
	}
	if (asked)
		rsv_zone_count_failure(asked, order_base_2(nr_pages));
	return NULL;
}

static enum rsv_misuse rsv_zone_check(const struct rsv_extent *e, unsigned long index,
				      unsigned long nr_pages)
{
	const struct rsv_frame *f = &e->frames[index];

	switch (f->kind) {
	case RSV_FRAME_USED:
		return !nr_pages || f->nr_pages == nr_pages ? RSV_OK : RSV_WRONG_SIZE;
	case RSV_FRAME_FREE:
		return RSV_DOUBLE_FREE;
	case RSV_FRAME_BODY:
		return rsv_frame_block(e, f)->kind == RSV_FRAME_FREE ? RSV_DOUBLE_FREE :
								       RSV_MISALIGNED;
	case RSV_FRAME_SLAB:
		return READ_ONCE(f->cache) ? RSV_FOREIGN : RSV_DOUBLE_FREE;
	default:
		return RSV_FOREIGN;
	}
}

static void rsv_zone_give_locked(struct rsv_zone *z, struct rsv_extent *e, unsigned long index,
				 unsigned long nr_pages)
{
	z->area[order_base_2(nr_pages)].frees++;
	rsv_buddy_give_run(z, e, index, nr_pages);
}

/**
 * rsv_zone_give() - give a block back
 * @e: its extent
 * @index: its first page in the extent
 * @nr_pages: pages that the caller says it has, or 0 if the caller leaves that to the frame
 *
 * Context: Any but NMI.
 * Return: RSV_OK, or what is wrong with it, and then nothing has changed.
 */
enum rsv_misuse rsv_zone_give(struct rsv_extent *e, unsigned long index, unsigned long nr_pages)
{
	struct rsv_zone *z = e->zone;
	enum rsv_misuse misuse;
	unsigned long flags;

	raw_spin_lock_irqsave(&z->lock, flags);
	misuse = rsv_zone_check(e, index, nr_pages);
	if (misuse == RSV_OK) {
		nr_pages = e->frames[index].nr_pages;
		rsv_zone_give_locked(z, e, index, nr_pages);
	}
	raw_spin_unlock_irqrestore(&z->lock, flags);
	return misuse;
}

/**
 * rsv_zone_dissolve() - give a block back whose frames its owner marked as its own
 * @e: its extent
 * @index: its first page in the extent
 * @nr_pages: its pages
 *
 * Context: Any but NMI.
 */
void rsv_zone_dissolve(struct rsv_extent *e, unsigned long index, unsigned long nr_pages)
{
	struct rsv_zone *z = e->zone;
	unsigned long flags, i;

	raw_spin_lock_irqsave(&z->lock, flags);
	for (i = 0; i < nr_pages; i++)
		WRITE_ONCE(e->frames[index + i].kind, RSV_FRAME_BODY);
	rsv_zone_give_locked(z, e, index, nr_pages);
	raw_spin_unlock_irqrestore(&z->lock, flags);
}
