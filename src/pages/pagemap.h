/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From a page or an address to its extent and its frame, and from a frame back.
 */
#ifndef RSV_PAGES_PAGEMAP_H
#define RSV_PAGES_PAGEMAP_H

#include <linux/align.h>
#include <linux/mm.h>
#include <linux/percpu.h>

#include "types.h"

/* Stands for the hint where there is none: this extent contains no page. */
extern struct rsv_extent rsv_extent_none;

/*
 * The extent that lookups on this CPU try first. It is on this CPU's node and linear, or it is
 * rsv_extent_none; it is never NULL. A reader with preemption disabled keeps it from being freed.
 */
DECLARE_PER_CPU(struct rsv_extent *, rsv_extent_hint);

void rsv_pagemap_start(void);
int rsv_pagemap_add(struct rsv_extent *e);
void rsv_pagemap_remove(struct rsv_extent *e, unsigned long index, unsigned long nr_pages);
void rsv_pagemap_unmap(struct rsv_extent *e);

void rsv_hints_set_invalidate_hook(void (*invalidate)(struct rsv_region *r));
void rsv_hints_invalidate(struct rsv_region *r);

struct rsv_extent *rsv_extent_find(unsigned long pfn);
struct rsv_extent *rsv_extent_find_addr(const void *addr);
struct rsv_extent *rsv_region_extent(const struct rsv_region *r, const void *addr);
struct rsv_extent *rsv_region_extent_find(const struct rsv_region *r, const void *addr);
struct rsv_frame *rsv_frame_of_page(struct page *page);
struct rsv_frame *rsv_frame_block(const struct rsv_extent *e, struct rsv_frame *f);

/*
 * Replaces the extent in another CPU's hint if it left the page map; under rcu_read_lock(). An
 * extent that is in a hint is freed only a grace period after it was replaced there, so it exists
 * while this function looks at it.
 */
static inline void rsv_hint_invalidate(struct rsv_extent **hint)
{
	struct rsv_extent *e = READ_ONCE(*hint);

	if (READ_ONCE(e->unmapped))
		cmpxchg(hint, e, &rsv_extent_none);
}

/*
 * Whether the extent's addresses are aligned like its page frame numbers, up to the largest slab.
 * They are where the kernel maps memory linearly.
 */
static inline bool rsv_extent_is_linear(const struct rsv_extent *e)
{
	return IS_ALIGNED(PFN_DOWN((unsigned long)e->base) - e->first, 1UL << RSV_CHUNK_ORDER);
}

/* Whether an address lies in an extent. Only the frame tells whether the page is a hole. */
static inline bool rsv_extent_has(const struct rsv_extent *e, const void *addr)
{
	return (unsigned long)addr - (unsigned long)e->base < e->bytes;
}

static inline struct rsv_extent *rsv_frame_extent(const struct rsv_region *r,
						  const struct rsv_frame *f)
{
	return READ_ONCE(r->extents)->at[f->extent];
}

/* The frame of an address that lies in the extent */
static inline struct rsv_frame *rsv_frame_at(const struct rsv_extent *e, const void *addr)
{
	return &e->frames[(addr - e->base) >> PAGE_SHIFT];
}

/* The frame of the page at a byte offset in the extent */
static inline struct rsv_frame *rsv_frame_at_offset(const struct rsv_extent *e,
						    unsigned long offset)
{
	return &e->frames[offset >> PAGE_SHIFT];
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
 * The offset of a page or an address in its region, in bytes, as if the region's extents lay end to
 * end. Users see no other number that tells where memory is.
 */
static inline u64 rsv_frame_offset(const struct rsv_extent *e, const struct rsv_frame *f)
{
	return (u64)(e->offset + rsv_frame_index(e, f)) << PAGE_SHIFT;
}

static inline u64 rsv_addr_offset(const struct rsv_extent *e, const void *addr)
{
	return ((u64)e->offset << PAGE_SHIFT) + (addr - e->base);
}

/*
 * rsv_region_extent() for callers under rcu_read_lock(). Most regions have one extent, or most of
 * their pages in the first one, so this function looks there first.
 */
static inline struct rsv_extent *rsv_region_extent_rcu(const struct rsv_region *r, const void *addr)
{
	struct rsv_extent *e = READ_ONCE(READ_ONCE(r->extents)->at[0]);

	if (likely(e && rsv_extent_has(e, addr) && !READ_ONCE(e->nr_holes)))
		return e;
	return rsv_region_extent_find(r, addr);
}

#endif /* RSV_PAGES_PAGEMAP_H */
