/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Extents: the runs of pages that a region has from the system, and the frame table that stands
 * beside each of them.
 *
 * A page belongs to at most one extent, and the way from a page or an address to its frame takes
 * constant time: chunks of 2^RSV_CHUNK_ORDER pages that lie wholly inside an extent are in one
 * xarray, the pages at its ends that do not fill a chunk, one by one, in a second. Extents appear
 * there when their region is complete and disappear before anything of it goes back; those who look
 * up a pointer they do not trust do so under rcu_read_lock().
 */
#ifndef RSV_PAGES_EXTENT_H
#define RSV_PAGES_EXTENT_H

#include <linux/list.h>
#include <linux/mm.h>
#include <linux/types.h>

struct rsv_cache;
struct rsv_region;
struct rsv_reserve;
struct rsv_zone;

#define RSV_CHUNK_ORDER		9

/* The slab's objects are counted in ten bits; the last number says "none". */
#define RSV_SLAB_OBJECTS_MAX	1023U
#define RSV_SLAB_NONE		1023U

enum rsv_frame_kind {
	RSV_FRAME_BODY,		/* inside a block, not its first page */
	RSV_FRAME_FREE,		/* first page of a free block of 2^order pages */
	RSV_FRAME_USED,		/* first page of a block in use, of nr_pages pages */
	RSV_FRAME_SLAB,		/* first page of a slab: a block that a cache cuts into objects */
	RSV_FRAME_SLAB_TAIL,	/* further page of a slab */
};

/**
 * struct rsv_frame - what Reservoir knows of one page
 * @link: FREE: place in its free area (zone->lock). SLAB: place on one of its cache's lists
 *	(cache->lock)
 * @nr_pages: USED: pages of the block, any number (zone->lock)
 * @cache: SLAB: the cache; NULL once the slab is on its way back (cache->lock)
 * @kind: enum rsv_frame_kind. Changed under zone->lock, or by whoever the block belongs to; read
 *	without a lock, since whoever holds a block knows that its kind stays
 * @order: FREE: order of the block. SLAB: pages of the slab. SLAB_TAIL: pages from the slab's first
 * @extent: number of the extent in its region (never changes)
 * @inuse: SLAB: objects handed out (cache->lock, as the next two)
 * @carved: SLAB: objects that have been handed out at least once; the ones from here on have never
 *	been touched
 * @free: SLAB: first object on the slab's free list, or RSV_SLAB_NONE
 */
struct rsv_frame {
	union {
		struct list_head link;
		unsigned long nr_pages;
	};
	struct rsv_cache *cache;
	u8 kind;
	u8 order;
	u16 extent;
	u32 inuse : 10;
	u32 carved : 10;
	u32 free : 10;
};

/**
 * struct rsv_extent - a run of physically contiguous pages of one zone and node (never changes once
 * its region stands)
 * @region: whose it is
 * @zone: the zone that its blocks are free in
 * @frames: its frame table, a frame a page
 * @first: page frame number of its first page
 * @nr_pages: its length
 * @place: pages of the region's extents before this one: offsets that are shown count from there
 * @base: address of its first page
 */
struct rsv_extent {
	struct rsv_region *region;
	struct rsv_zone *zone;
	struct rsv_frame *frames;
	unsigned long first;
	unsigned long nr_pages;
	unsigned long place;
	void *base;
};

int rsv_extents_reserve(struct rsv_region *r, const struct rsv_reserve *want, unsigned int nr);
int rsv_extents_publish(struct rsv_region *r);
void rsv_extents_release(struct rsv_region *r);

const struct rsv_frame *rsv_frame_block(const struct rsv_extent *e, const struct rsv_frame *f);
struct rsv_extent *rsv_extent_find(unsigned long pfn);
struct rsv_frame *rsv_frame_of_page(struct page *page);
struct rsv_extent *rsv_extent_find_addr(const void *addr);
struct rsv_extent *rsv_region_extent(const struct rsv_region *r, const void *addr);

/* The frame of an address that lies in the extent */
static inline struct rsv_frame *rsv_frame_at(const struct rsv_extent *e, const void *addr)
{
	return &e->frames[(addr - e->base) >> PAGE_SHIFT];
}

static inline unsigned long rsv_frame_index(const struct rsv_extent *e, const struct rsv_frame *f)
{
	return f - e->frames;
}

static inline struct page *rsv_frame_page(const struct rsv_extent *e, const struct rsv_frame *f)
{
	return pfn_to_page(e->first + rsv_frame_index(e, f));
}

static inline void *rsv_frame_addr(const struct rsv_extent *e, const struct rsv_frame *f)
{
	return e->base + (rsv_frame_index(e, f) << PAGE_SHIFT);
}

/*
 * The only number about a place that is ever shown: bytes from the region's beginning, its extents
 * laid end to end.
 */
static inline u64 rsv_frame_place(const struct rsv_extent *e, const struct rsv_frame *f)
{
	return (u64)(e->place + rsv_frame_index(e, f)) << PAGE_SHIFT;
}

static inline u64 rsv_addr_place(const struct rsv_extent *e, const void *addr)
{
	return ((u64)e->place << PAGE_SHIFT) + (addr - e->base);
}

#endif /* RSV_PAGES_EXTENT_H */
