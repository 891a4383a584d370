// SPDX-License-Identifier: GPL-2.0
/*
 * Why a request for pages was refused. A request that gets nothing does not know: each zone was
 * just not able to serve it. So whoever wants to tell a reason asks here afterwards. The functions
 * look at all zones, and drop one demand of the request after the other, until a zone could serve
 * what is left. The last demand that was dropped is the reason:
 *
 *	none				RSV_REFUSED_AGAIN: memory was freed after the refusal
 *	to leave the last pages		RSV_REFUSED_MARK
 *	to leave protected pages	RSV_REFUSED_PROTECTED
 *	to stay in the zone		RSV_REFUSED_ZONE
 *	to stay on the node		RSV_REFUSED_NODE
 *	to be adjacent			RSV_REFUSED_PIECES
 *	none suffices			RSV_REFUSED_FULL
 *
 * Other CPUs allocate and free meanwhile. The reason is what was seen after the refusal and before
 * the answer, and may be over when the caller reads it.
 */
#include <linux/bitops.h>
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/reservoir.h>
#include <linux/topology.h>

#include "gfp.h"
#include "refusal.h"
#include "scan.h"
#include "zone.h"
#include "zonelist.h"

/* How a request wants its pages */
enum rsv_shape {
	RSV_SHAPE_BLOCK,	/* in one free block */
	RSV_SHAPE_RUN,		/* in adjacent free blocks */
	RSV_SHAPE_PAGES,	/* one by one */
};

/* How many demands a request has dropped: each step drops one more */
enum rsv_dropped {
	RSV_DROPPED_NONE,
	RSV_DROPPED_MARK,
	RSV_DROPPED_PROTECTION,
	RSV_DROPPED_ZONE,
	RSV_DROPPED_NODE,
	RSV_DROPS
};

static const u32 rsv_refusals[RSV_DROPS] = {
	[RSV_DROPPED_NONE] = RSV_REFUSED_AGAIN,
	[RSV_DROPPED_MARK] = RSV_REFUSED_MARK,
	[RSV_DROPPED_PROTECTION] = RSV_REFUSED_PROTECTED,
	[RSV_DROPPED_ZONE] = RSV_REFUSED_ZONE,
	[RSV_DROPPED_NODE] = RSV_REFUSED_NODE,
};

/**
 * struct rsv_offer - what the zones of a region offer to a request (on the caller's stack)
 * @pages: for each number of dropped demands, the pages that the best zone could serve. If the
 *	request wants its pages one by one, those that all zones could serve together
 * @free: free pages of the zones that may serve
 */
struct rsv_offer {
	unsigned long pages[RSV_DROPS];
	unsigned long free;
};

/* The zone's free pages, and how many of them it could serve in this shape at once */
static struct rsv_zone_room rsv_zone_room_for(struct rsv_zone *z, const struct rsv_request *q,
					      enum rsv_shape shape)
{
	unsigned long orders = READ_ONCE(z->orders) >> q->order;
	struct rsv_zone_room room = { .free = READ_ONCE(z->free_pages) };

	if (shape == RSV_SHAPE_RUN)
		return rsv_zone_scan(z);
	if (shape == RSV_SHAPE_PAGES)
		room.longest = room.free;
	else if (orders)
		room.longest = 1UL << (q->order + __fls(orders));
	return room;
}

static bool rsv_zone_may_serve(const struct rsv_zone *z, const struct rsv_request *q,
			       enum rsv_dropped dropped)
{
	if (dropped < RSV_DROPPED_ZONE && z->type > rsv_gfp_zone(q->gfp))
		return false;
	return dropped >= RSV_DROPPED_NODE || !(q->gfp & __GFP_THISNODE) || z->nid == q->nid;
}

/* The free pages that a zone withholds from the request */
static unsigned long rsv_zone_withholds(const struct rsv_zone *z, const struct rsv_request *q,
					enum rsv_dropped dropped)
{
	if (dropped >= RSV_DROPPED_PROTECTION)
		return 0;
	return rsv_zone_reserved(z, dropped >= RSV_DROPPED_MARK ? q->gfp | __GFP_HIGH : q->gfp);
}

static void rsv_offer_add(struct rsv_offer *offer, struct rsv_zone *z, const struct rsv_request *q,
			  enum rsv_shape shape)
{
	const struct rsv_zone_room room = rsv_zone_room_for(z, q, shape);
	enum rsv_dropped dropped;

	if (rsv_zone_may_serve(z, q, RSV_DROPPED_NONE))
		offer->free += room.free;
	for (dropped = 0; dropped < RSV_DROPS; dropped++) {
		unsigned long left = room.free, *pages = &offer->pages[dropped];

		if (!rsv_zone_may_serve(z, q, dropped))
			continue;
		left -= min(left, rsv_zone_withholds(z, q, dropped));
		left = min(left, room.longest);
		*pages = shape == RSV_SHAPE_PAGES ? *pages + left : max(*pages, left);
	}
}

static u32 rsv_refusal(struct rsv_region *r, const struct rsv_request *q, enum rsv_shape shape)
{
	struct rsv_offer offer = {};
	enum rsv_dropped dropped;
	struct rsv_zone *z;
	unsigned int n;

	for (n = 0; (z = rsv_zone_nth(r, n)); n++)
		rsv_offer_add(&offer, z, q, shape);
	for (dropped = 0; dropped < RSV_DROPS; dropped++)
		if (offer.pages[dropped] >= q->nr_pages)
			return rsv_refusals[dropped];
	return offer.free >= q->nr_pages ? RSV_REFUSED_PIECES : RSV_REFUSED_FULL;
}

static struct rsv_request rsv_refused_request(gfp_t gfp, int nid, unsigned long nr_pages)
{
	return (struct rsv_request){
		.gfp = gfp,
		.nid = nid == NUMA_NO_NODE ? numa_mem_id() : nid,
		.nr_pages = nr_pages,
		.order = order_base_2(nr_pages),
	};
}

/**
 * rsv_refusal_of_block() - why there was no block
 * @r: the region
 * @gfp: the request's flags
 * @nid: its node, or NUMA_NO_NODE
 * @nr_pages: the pages that it wants of one block, more than 0
 *
 * Context: Process.
 * Return: RSV_REFUSED_*.
 */
u32 rsv_refusal_of_block(struct rsv_region *r, gfp_t gfp, int nid, unsigned long nr_pages)
{
	const struct rsv_request q = rsv_refused_request(gfp, nid, nr_pages);

	return rsv_refusal(r, &q, RSV_SHAPE_BLOCK);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_refusal_of_block);

/**
 * rsv_refusal_of_run() - why rsv_alloc_pages_exact() had no run
 * @r: the region
 * @gfp: the request's flags
 * @nr_pages: its length, more than 0
 *
 * Context: Process; may sleep. The search takes long in a region that has many blocks.
 * Return: RSV_REFUSED_*.
 */
u32 rsv_refusal_of_run(struct rsv_region *r, gfp_t gfp, unsigned long nr_pages)
{
	const struct rsv_request q = rsv_refused_request(gfp, NUMA_NO_NODE, nr_pages);

	return rsv_refusal(r, &q, RSV_SHAPE_RUN);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_refusal_of_run);

/**
 * rsv_refusal_of_pages() - why there were not so many single pages
 * @r: the region
 * @gfp: the request's flags
 * @nr_pages: how many are missing, more than 0
 *
 * Context: Process.
 * Return: RSV_REFUSED_*.
 */
u32 rsv_refusal_of_pages(struct rsv_region *r, gfp_t gfp, unsigned long nr_pages)
{
	const struct rsv_request q = rsv_refused_request(gfp, NUMA_NO_NODE, nr_pages);

	return rsv_refusal(r, &q, RSV_SHAPE_PAGES);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_refusal_of_pages);
