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

#include "types.h"

/*
 * Where an address or a page was found lately on this CPU, of its node and even; never NULL. See
 * rsv_extent_find()
 */
DECLARE_PER_CPU(struct rsv_extent *, rsv_extent_hint);
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
void rsv_extent_set_invalidate_hook(void (*gone)(struct rsv_extent *e));

/*
 * Whether addresses in it are aligned as page frame numbers are, as far as slabs go: so it is where
 * the kernel maps memory linearly.
 */
static inline bool rsv_extent_is_linear(const struct rsv_extent *e)
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
static inline struct rsv_frame *rsv_frame_at_offset(const struct rsv_extent *e, unsigned long into)
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
static inline u64 rsv_frame_offset(const struct rsv_extent *e, const struct rsv_frame *f)
{
	return (u64)(e->offset + rsv_frame_index(e, f)) << PAGE_SHIFT;
}

static inline u64 rsv_addr_offset(const struct rsv_extent *e, const void *addr)
{
	return ((u64)e->offset << PAGE_SHIFT) + (addr - e->base);
}

#endif /* RSV_PAGES_EXTENT_H */
