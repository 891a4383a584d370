/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One zone: its marks, and allocating from and freeing to its free areas.
 */
#ifndef RSV_PAGES_ZONE_H
#define RSV_PAGES_ZONE_H

#include <linux/minmax.h>
#include <linux/mmzone.h>

#include "report.h"
#include "types.h"

void rsv_zone_init(struct rsv_zone *z, struct rsv_region *r, struct page *page);
void rsv_zone_resize(struct rsv_zone *z, long pages);
void rsv_zone_set_protection(struct rsv_zone *z, unsigned long pages);
unsigned long rsv_zone_protect(struct rsv_zone *z, unsigned long pages);

/* Whether the marks of a zone, which is locked, let a request have a block */
static inline bool rsv_zone_allows(const struct rsv_zone *z, const struct rsv_request *q)
{
	unsigned long reserved = q->gfp & __GFP_HIGH ? 0 : z->min_pages;

	if (q->highest > z->type)
		reserved += z->protection;
	return z->free_pages >= q->nr_pages && z->free_pages - q->nr_pages >= reserved;
}

/* Whether a request may use the lists of a zone, whose blocks no mark withholds */
static inline bool rsv_zone_shares(const struct rsv_zone *z, const struct rsv_request *q)
{
	return q->highest == z->type || !READ_ONCE(z->protection);
}

/* Whether a zone is below its min mark, and the lists too are for __GFP_HIGH only */
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

struct rsv_frame *rsv_zone_alloc(struct rsv_zone *z, const struct rsv_request *q);
unsigned int rsv_zone_alloc_batch(struct rsv_zone *z, const struct rsv_request *q, u32 owner,
				  unsigned int nr, unsigned int pieces, struct rsv_frame **frames,
				  struct page **pages);

enum rsv_misuse rsv_zone_free(struct rsv_extent *e, unsigned long index, unsigned long nr_pages);
void rsv_zone_free_marked(struct rsv_extent *e, unsigned long index, unsigned long nr_pages);
void rsv_zone_free_cached(struct rsv_zone *z, struct rsv_frame *f);

#endif /* RSV_PAGES_ZONE_H */
