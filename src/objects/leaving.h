/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Slabs that left their caches and wait for a grace period.
 */
#ifndef RSV_OBJECTS_LEAVING_H
#define RSV_OBJECTS_LEAVING_H

#include "types.h"

void rsv_leaving_init(struct rsv_region *r);
void rsv_leaving_stop(struct rsv_region *r);
void rsv_leaving_add(struct rsv_cache *c, struct rsv_frame *slab);
void rsv_leaving_free_ended(struct rsv_region *r);
void rsv_leaving_free_all(struct rsv_region *r);
enum rsv_misuse rsv_leaving_misuse(const struct rsv_extent *e, struct rsv_frame *f);

/* Whether any slab is leaving. Without the lock the answer may be old. */
static inline bool rsv_leaving_any(const struct rsv_leaving *l)
{
	return l->arrived || l->waiting || l->ended;
}

/* Pages of slabs that are leaving, until they are free */
static inline unsigned long rsv_leaving_pages(const struct rsv_leaving *l)
{
	return atomic_long_read(&l->nr_pages);
}

/* Whether more than one page in @share of the region is leaving */
static inline bool rsv_leaving_exceeds(const struct rsv_region *r, unsigned long share)
{
	return rsv_leaving_pages(&r->leaving) > READ_ONCE(r->nr_pages) / share;
}

#endif /* RSV_OBJECTS_LEAVING_H */
