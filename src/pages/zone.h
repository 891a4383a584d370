/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One zone: its watermarks, and allocating from and freeing to its free areas.
 */
#ifndef RSV_PAGES_ZONE_H
#define RSV_PAGES_ZONE_H

#include <linux/minmax.h>

#include "buddy.h"
#include "frame.h"
#include "gfp.h"
#include "report.h"
#include "types.h"

void rsv_zone_init(struct rsv_zone *z, struct rsv_region *r, struct page *page);
unsigned long rsv_pcp_lengths(unsigned long nr_pages, unsigned int cpus, unsigned int *high);
void rsv_zone_resize(struct rsv_zone *z, long pages);
void rsv_zone_set_protection(struct rsv_zone *z, unsigned long pages);
unsigned long rsv_zone_protect(struct rsv_zone *z, unsigned long pages);

/* The free pages that a zone withholds from requests with these flags */
static inline unsigned long rsv_zone_reserved(const struct rsv_zone *z, gfp_t gfp)
{
	unsigned long reserved = gfp & __GFP_HIGH ? 0 : READ_ONCE(z->min_pages);
	unsigned long protection = READ_ONCE(z->protection);

	return unlikely(protection) && rsv_gfp_zone(gfp) > z->type ? reserved + protection
								   : reserved;
}

/* Whether the watermarks of a zone let a request have a block. The zone is locked. */
static inline bool rsv_zone_allows(const struct rsv_zone *z, const struct rsv_request *q)
{
	const unsigned long reserved = rsv_zone_reserved(z, q->gfp);

	return z->free_pages >= q->nr_pages && z->free_pages - q->nr_pages >= reserved;
}

/*
 * Whether a request may use a zone's per-CPU lists and zeroed pages. These withhold nothing from
 * requests for higher zones, so a zone that has a protection keeps such requests away from them.
 */
static inline bool rsv_zone_shares(const struct rsv_zone *z, const struct rsv_request *q)
{
	return likely(!READ_ONCE(z->protection)) || rsv_gfp_zone(q->gfp) == z->type;
}

/*
 * Whether the min watermark keeps a request away from a zone's per-CPU lists and zeroed pages:
 * below it they, too, serve only requests with __GFP_HIGH.
 */
static inline bool rsv_zone_below_min(const struct rsv_zone *z, const struct rsv_request *q)
{
	return !(q->gfp & __GFP_HIGH) && READ_ONCE(z->free_pages) < READ_ONCE(z->min_pages);
}

/* Counts a block that a request gets. The zone is locked. */
static inline void rsv_zone_count_alloc(struct rsv_zone *z, const struct rsv_request *q)
{
	struct rsv_free_area *area = &z->area[q->order];

	area->allocs++;
	area->asked += q->bytes;
	area->granted += q->nr_pages << PAGE_SHIFT;
	z->peak_pages = max(z->peak_pages, z->nr_pages - z->free_pages);
}

void rsv_zone_count_failure(struct rsv_zone *z, unsigned int order);

void rsv_zone_wake_drain(struct rsv_region *r);
void rsv_zone_trim(struct rsv_zone *z, struct rsv_frame *f, unsigned int order);

/*
 * Wakes the background drain if a zone is low. The caller has dropped the zone's lock, which is the
 * innermost one and held for few steps only: queue_work() takes locks of its own.
 */
static inline void rsv_zone_check_low(struct rsv_zone *z)
{
	if (unlikely(READ_ONCE(z->free_pages) < READ_ONCE(z->low_pages)))
		rsv_zone_wake_drain(z->region);
}

/*
 * Allocates a block from a zone's free areas. Returns its first frame, marked as used, or NULL. The
 * function is inline because large blocks have no faster path, and a call would cost more than a
 * tenth of the allocation.
 */
static __always_inline struct rsv_frame *rsv_zone_alloc(struct rsv_zone *z,
							const struct rsv_request *q)
{
	const unsigned long nr_pages = q->nr_pages;
	const unsigned int order = q->order;
	struct rsv_frame *f = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&z->lock, flags);
	if (likely(rsv_zone_allows(z, q)))
		f = rsv_buddy_alloc(z, order);
	if (likely(f)) {
		WRITE_ONCE(f->order, order);
		WRITE_ONCE(f->nr_pages, nr_pages);
		if (unlikely(nr_pages != 1UL << order))
			rsv_zone_trim(z, f, order);
		else if (unlikely(q->gfp & __GFP_COMP && order >= RSV_PCP_ORDERS))
			WRITE_ONCE(f->order, RSV_ORDER_NONE); /* see rsv_frame_claim_settled() */
		rsv_zone_count_alloc(z, q);
		rsv_frame_set_used(f);
	}
	raw_spin_unlock_irqrestore(&z->lock, flags);
	rsv_zone_check_low(z);
	return f;
}

unsigned int rsv_zone_alloc_batch(struct rsv_zone *z, const struct rsv_request *q, unsigned int nr,
				  unsigned int pieces, struct rsv_pcp_slot *blocks);

/*
 * A block that goes to the system consists of whole pageblocks of the kernel and of whole chunks of
 * the page map.
 */
#define RSV_LEND_ORDER	max_t(unsigned int, pageblock_order, RSV_CHUNK_ORDER)

enum rsv_misuse rsv_zone_check_used(const struct rsv_extent *e, unsigned long index);
enum rsv_misuse rsv_zone_claim(struct rsv_extent *e, unsigned long index, unsigned long nr_pages);
void rsv_zone_free_claimed(struct rsv_extent *e, unsigned long index);
enum rsv_misuse rsv_zone_free(struct rsv_extent *e, unsigned long index, unsigned long nr_pages);

/*
 * Frees a whole block whose pages are settled. Returns false, and then nothing has changed, if
 * there is more to it. The function is inline for the same reason as rsv_zone_alloc().
 */
static __always_inline bool rsv_zone_free_block(struct rsv_extent *e, unsigned long index,
						unsigned int order)
{
	struct page *page = pfn_to_page(e->first + index);
	struct rsv_zone *z = e->zone;
	unsigned long flags;

	raw_spin_lock_irqsave(&z->lock, flags);
	if (unlikely(!rsv_frame_claim_settled(&e->frames[index], page, order, RSV_FRAME_BODY))) {
		raw_spin_unlock_irqrestore(&z->lock, flags);
		return false;
	}
	z->area[order].frees++;
	rsv_buddy_free(z, e, index, order);
	raw_spin_unlock_irqrestore(&z->lock, flags);
	return true;
}

void rsv_zone_free_marked(struct rsv_extent *e, unsigned long index, unsigned long nr_pages);

/*
 * Whether cached blocks are looked at page by page on their way to the free areas, because a page
 * of theirs may have gone bad. Those of lists that were replaced are, since the search for bad
 * pages may have missed them. The zone is locked.
 */
static inline bool rsv_zone_looks_at_cached(const struct rsv_zone *z)
{
	return unlikely(z->frozen || z->replacing);
}

unsigned int rsv_zone_free_cached(struct rsv_zone *z, struct rsv_frame *f, unsigned int order,
				  unsigned int nr);

#endif /* RSV_PAGES_ZONE_H */
