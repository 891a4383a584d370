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

/* Stands for a hint where there is none: this extent contains no page. */
extern struct rsv_extent rsv_extent_none;

/*
 * Each CPU has a table of hints. Memory of 2^RSV_HINT_SHIFT bytes has one hint, and so has all
 * memory that is a multiple of the table's span away: RSV_HINTS times as much.
 *
 * Shift: blocks of 64 KB that lie scattered are extents of that length. Two of them that touch are
 * one extent, so with twice as much for one hint no two compete for it. Number: extents that are
 * less than the span apart, 256 MB, do not compete either. Where they do, the last one that was
 * found has the hint, and the other one is looked up once more.
 *
 * A CPU reads only the hints of the memory that it frees. One cache line has those of 1 MB, whose
 * frames fill 128 cache lines. So hints take no room in a data cache that would matter, and the
 * 16 KB of a table only bound the memory that all CPUs need.
 */
#define RSV_HINT_SHIFT	17
#define RSV_HINTS	2048U

/*
 * The hints: the extents that lookups on this CPU try first. Each is on this CPU's node and linear,
 * or it is rsv_extent_none; it is never NULL. A reader with preemption disabled keeps it from being
 * freed.
 */
extern struct rsv_extent *__percpu *rsv_hints;

int rsv_pagemap_start(void);
void rsv_pagemap_stop(void);
int rsv_pagemap_add(struct rsv_extent *e);
void rsv_pagemap_remove(struct rsv_extent *e, unsigned long index, unsigned long nr_pages);
void rsv_pagemap_unmap(struct rsv_extent *e);

void rsv_hints_invalidate(void);

struct rsv_extent *rsv_extent_find(unsigned long pfn);
struct rsv_extent *rsv_extent_find_addr(const void *addr);
struct rsv_extent *rsv_region_extent(const struct rsv_region *r, const void *addr);
struct rsv_extent *rsv_region_extent_find(const struct rsv_region *r, const void *addr);
struct rsv_frame *rsv_frame_of_page(struct page *page);
struct rsv_frame *rsv_frame_block(const struct rsv_extent *e, struct rsv_frame *f);

/*
 * The number of the hint for an address or a page. Where the kernel maps memory at a multiple of
 * the table's span, both give the same number. Elsewhere an extent that serves objects and pages
 * has twice as many hints, which does no harm.
 */
static __always_inline unsigned int rsv_hint_of_addr(unsigned long addr)
{
	return (addr >> RSV_HINT_SHIFT) % RSV_HINTS;
}

static __always_inline unsigned int rsv_hint_of_pfn(unsigned long pfn)
{
	return (pfn >> (RSV_HINT_SHIFT - PAGE_SHIFT)) % RSV_HINTS;
}

/* This CPU's hint of a number, with preemption disabled */
static __always_inline struct rsv_extent *rsv_hint(unsigned int nr)
{
	return this_cpu_read(rsv_hints[nr]);
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

/*
 * Whether this CPU's hint for an address is of its extent; under rcu_read_lock(). A slow path of a
 * free asks before its lookup and after it. If only the lookup made it so, the fast path can serve.
 * So an address that this CPU looks up anew costs no more than that.
 */
static inline bool rsv_hint_has(const void *addr)
{
	return rsv_extent_has(raw_cpu_read(rsv_hints[rsv_hint_of_addr((unsigned long)addr)]), addr);
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
 * Finds the frame of an address, if the address lies in the extent of this CPU's hint for it. For
 * fast paths, with preemption disabled, which keeps the extent. Another CPU may invalidate the hint
 * at any time.
 */
static __always_inline bool rsv_hint_frame(const void *addr, struct rsv_frame **f)
{
	const struct rsv_extent *e = rsv_hint(rsv_hint_of_addr((unsigned long)addr));
	const unsigned long into = (unsigned long)addr - (unsigned long)e->base;

	if (unlikely(into >= e->bytes))
		return false;
	*f = rsv_frame_at_offset(e, into);
	return true;
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
 * rsv_region_extent() for callers under rcu_read_lock(). The hint may be another CPU's, if this
 * task moves meanwhile: that one is as good.
 */
static inline struct rsv_extent *rsv_region_extent_rcu(const struct rsv_region *r, const void *addr)
{
	struct rsv_extent *e = raw_cpu_read(rsv_hints[rsv_hint_of_addr((unsigned long)addr)]);

	if (likely(rsv_extent_has(e, addr) && e->region == r && !READ_ONCE(e->nr_holes)))
		return e;
	return rsv_region_extent_find(r, addr);
}

#endif /* RSV_PAGES_PAGEMAP_H */
