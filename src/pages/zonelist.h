/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The zones of a region, and the order in which they serve a request.
 */
#ifndef RSV_PAGES_ZONELIST_H
#define RSV_PAGES_ZONELIST_H

#include <linux/mmzone.h>
#include <linux/reservoir.h>

#include "types.h"

int rsv_zones_start(void);
void rsv_zones_stop(void);
int rsv_node_at(int nid, unsigned int rank);

int rsv_zones_create(struct rsv_region *r);
struct rsv_zone *rsv_zone_get(struct rsv_region *r, struct page *page);
struct rsv_zone *rsv_zone_nth(const struct rsv_region *r, unsigned int n);
void rsv_zones_protect(struct rsv_region *r, const struct rsv_reserve *want);
void rsv_zones_quiesce(struct rsv_region *r);
void rsv_zones_release(struct rsv_region *r);

struct rsv_zone *rsv_zone_next(const struct rsv_region *r, const struct rsv_request *q,
			       struct rsv_zone_walk *walk);

/*
 * The first zone that may serve a request, and the beginning of a walk along the others. Most
 * requests name neither zone nor node, and r->nearest has the first zone of those.
 */
static inline struct rsv_zone *
rsv_zone_first(const struct rsv_region *r, const struct rsv_request *q, struct rsv_zone_walk *walk)
{
	walk->first = NULL;
	walk->rank = 0;
	walk->type = q->highest;
	if (unlikely(q->highest != ZONE_NORMAL || q->gfp & __GFP_THISNODE))
		return rsv_zone_next(r, q, walk);
	walk->first = READ_ONCE(r->nearest[q->nid]);
	return walk->first;
}

#endif /* RSV_PAGES_ZONELIST_H */
