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
#include <linux/percpu.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "compat.h"

struct rsv_cache;
struct rsv_region;
struct rsv_reserve;
struct rsv_zone;

#define RSV_CHUNK_ORDER		9

/* The slab's objects are counted in nine bits; the last number says "none". */
#define RSV_SLAB_OBJECTS_MAX	511U
#define RSV_SLAB_NONE		511U

enum rsv_frame_kind {
	RSV_FRAME_BODY,		/* inside a block, not its first page */
	RSV_FRAME_FREE,		/* first page of a free block of 2^order pages */
	RSV_FRAME_USED,		/* first page of a block in use, of nr_pages pages */
	RSV_FRAME_RUN,		/* further aligned part of a block that was gathered from several */
	RSV_FRAME_CACHED,	/* first page of a free block of 2^order pages that has a keeper */
	RSV_FRAME_HOLE,		/* page that was given back to the system */
	RSV_FRAME_SLAB,		/* first page of a slab: a block that a cache cuts into objects */
	RSV_FRAME_SLAB_TAIL,	/* further page of a slab */
	RSV_FRAME_HEAP,		/* first page of a unit of the heap that SLOB has in a region */
	RSV_FRAME_HEAP_TAIL,	/* further page of such a unit */
};

/**
 * union rsv_slab_word - what a slab knows of its objects, in one word that can be exchanged at once
 * @inuse: objects handed out, to users or into magazines
 * @carved: objects that have been handed out at least once, or stand ready to be; the ones from
 *	here on have never been touched
 * @free: first object on the slab's free list, or RSV_SLAB_NONE
 * @fill: the list that it is on, enum rsv_fill
 * @frozen: it is some CPU's active slab and on no list
 * @small: it has as few pages as one object needs
 * @word: all of it
 *
 * Who may change what is for the engine to say.
 */
union rsv_slab_word {
	struct {
		u32 inuse : 9;
		u32 free : 9;
		u32 fill : 3;
		u32 frozen : 1;
		u32 small : 1;
		u32 carved : 9;
	};
	u32 word;
};

/**
 * struct rsv_frame - what Reservoir knows of one page
 * @place: FREE: place in its free area (zone->lock)
 * @link: CACHED, kept as zeroed: place on zone->zeroed (zone->lock). SLAB: place on one of its
 *	node's lists (rsv_cache_node->lock). HEAP: place on one of the heap's lists
 *	(rsv_heap_node->lock)
 * @nr_pages: USED: pages of the block, any number (zone->lock). CACHED, with a CPU for a keeper:
 *	2^@order
 * @head: RUN: the block's first frame (zone->lock)
 * @book: SLAB_TAIL, the first after the slab's first page: where the engine SLAB keeps its
 *	bookkeeping of the slab, if that is elsewhere (never changes while the slab lives)
 * @cache: SLAB, SLAB_TAIL: the cache; NULL in all other frames, and once the slab is on its way
 *	back (rsv_cache_node->lock)
 * @kind: enum rsv_frame_kind. Changed under zone->lock, or by whoever the block belongs to; read
 *	without a lock, since whoever holds a block knows that its kind stays
 * @order: FREE, CACHED: order of the block. USED: the same, or RSV_ORDER_NONE for a block that has
 *	another number of pages or begins elsewhere than a block of that order. SLAB, SLAB_TAIL,
 *	HEAP, HEAP_TAIL: pages from the first of the slab or unit, so 0 for that one
 * @extent: number of the extent in its region (never changes)
 * @slab: SLAB: union rsv_slab_word. SLAB_TAIL: what that was when the slab was last carved, so that
 *	every page of a slab tells how many objects it has
 * @room: HEAP: union rsv_unit_word (rsv_heap_node->lock)
 * @keeper: CACHED: the CPU on whose list it is, or RSV_KEEPER_ZEROED (that CPU, or zone->lock)
 * @word: all from @kind to @keeper: of blocks of a list it is the same if they have the same extent
 */
struct rsv_frame {
	union {
		struct hlist_node place;
		struct list_head link;
		unsigned long nr_pages;
		struct rsv_frame *head;
		void *book;
	};
	struct rsv_cache *__data_racy cache;
	union {
		struct {
			u8 __data_racy kind;
			u8 __data_racy order;
			u16 extent;
			union {
				u32 slab;
				u32 room;
				u32 __data_racy keeper;
			};
		};
		u64 __data_racy word;
	};
};

#define RSV_ORDER_NONE		U8_MAX
#define RSV_KEEPER_ZEROED	U32_MAX

/**
 * struct rsv_extent - a run of physically contiguous pages of one zone and node
 * @region: whose it is (this and all down to @nid never change)
 * @zone: the zone that its blocks are free in
 * @frames: its frame table, a frame a page
 * @first: page frame number of its first page
 * @nr_pages: its length
 * @place: pages of the region before this one: offsets that are shown count from there
 * @base: address of its first page; NULL for HIGHMEM
 * @bytes: bytes that have an address from @base on: none for HIGHMEM
 * @nid: its node
 * @nr_holes: pages that were given back to the system (region->shape_lock)
 * @end: frees it when it consists of holes only and nobody looks at it any more
 */
struct rsv_extent {
	struct rsv_region *region;
	struct rsv_zone *zone;
	struct rsv_frame *frames;
	unsigned long first;
	unsigned long nr_pages;
	unsigned long place;
	void *base;
	unsigned long bytes;
	int nid;
	unsigned long nr_holes;
	struct rcu_work end;
};

/**
 * struct rsv_extents - the extents of a region by number
 * @older: a table that was too small. Whoever read it goes on with it; it stays as long as the
 *	region
 * @capacity: length of @at
 * @at: NULL where there is none (any more)
 */
struct rsv_extents {
	struct rsv_extents *older;
	unsigned int capacity;
	struct rsv_extent *at[];
};

/*
 * Where an address or a page was found lately on this CPU, of its node and even; never NULL. See
 * rsv_extent_find()
 */
DECLARE_PER_CPU(struct rsv_extent *, rsv_extent_lately);
extern struct rsv_extent rsv_extent_none;

void rsv_extents_start(void);
int rsv_extents_add(struct rsv_region *r, struct list_head *blocks);
void rsv_extents_release(struct rsv_region *r);
void rsv_extent_punch(struct rsv_extent *e, unsigned long index, unsigned int order);

struct rsv_frame *rsv_frame_block(const struct rsv_extent *e, struct rsv_frame *f);
struct rsv_extent *rsv_extent_find(unsigned long pfn);
struct rsv_frame *rsv_frame_of_page(struct page *page);
struct rsv_extent *rsv_extent_find_addr(const void *addr);
struct rsv_extent *rsv_region_extent(const struct rsv_region *r, const void *addr);
void rsv_extent_set_gone(void (*gone)(struct rsv_extent *e));

/*
 * Whether addresses in it are aligned as page frame numbers are, as far as slabs go: so it is where
 * the kernel maps memory linearly.
 */
static inline bool rsv_extent_is_even(const struct rsv_extent *e)
{
	return IS_ALIGNED(PFN_DOWN((unsigned long)e->base) - e->first, 1UL << RSV_CHUNK_ORDER);
}

/* Whether an address lies in an extent; whether its page is still there is for its frame to say. */
static inline bool rsv_extent_has(const struct rsv_extent *e, const void *addr)
{
	return (unsigned long)addr - (unsigned long)e->base < e->bytes;
}

/* The frame of an address that lies in the extent */
static inline struct rsv_frame *rsv_frame_at(const struct rsv_extent *e, const void *addr)
{
	return &e->frames[(addr - e->base) >> PAGE_SHIFT];
}

/* The frame of the page that is so many bytes into the extent */
static inline struct rsv_frame *rsv_frame_into(const struct rsv_extent *e, unsigned long into)
{
	return &e->frames[into >> PAGE_SHIFT];
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
