/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The zones of a region, and the order in which they serve a request.
 */
#ifndef RSV_PAGES_ZONELIST_H
#define RSV_PAGES_ZONELIST_H

#include <linux/reservoir.h>

#include "gfp.h"
#include "types.h"

int rsv_zones_start(void);
void rsv_zones_stop(void);
int rsv_node_at(int nid, unsigned int rank);

int rsv_zones_create(struct rsv_region *r);
struct rsv_zone *rsv_zone_get(struct rsv_region *r, struct page *page);
void rsv_zones_fit_lists(struct rsv_region *r);
struct rsv_zone *rsv_zone_nth(const struct rsv_region *r, unsigned int n);
void rsv_zones_protect(struct rsv_region *r, const struct rsv_reserve *want);
void rsv_zones_quiesce(struct rsv_region *r);
void rsv_zones_release(struct rsv_region *r);

struct rsv_zone *rsv_zone_first_named(const struct rsv_region *r, const struct rsv_request *q);
struct rsv_zone *rsv_zone_next(const struct rsv_region *r, const struct rsv_request *q,
			       struct rsv_zone_walk *walk);

/*
 * The first zone that may serve a request, never NULL. Most requests name neither a zone nor a
 * node, and find it in r->nearest.
 */
static inline struct rsv_zone *rsv_zone_first(const struct rsv_region *r,
					      const struct rsv_request *q)
{
	if (unlikely(q->gfp & (RSV_GFP_ZONES | __GFP_THISNODE)))
		return rsv_zone_first_named(r, q);
	return READ_ONCE(r->nearest[q->nid]);
}

#endif /* RSV_PAGES_ZONELIST_H */
