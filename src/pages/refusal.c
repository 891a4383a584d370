// SPDX-License-Identifier: GPL-2.0
/*
 * Why a request for pages was refused. A request that gets nothing does not know: each zone was
 * just not able to serve it. So whoever wants to tell a reason asks here afterwards. The functions
 * look at all zones, and drop one demand of the request after the other, until a zone could serve
 * what is left. The last demand that was dropped is the reason:
 *
 *	none				RSV_REFUSED_AGAIN: memory was freed after the refusal, or is
 *					cached now, or was being cleared when the request drained
 *	to leave the last pages		RSV_REFUSED_MARK
 *	to leave protected pages	RSV_REFUSED_PROTECTED
 *	to stay in the zone		RSV_REFUSED_ZONE
 *	to stay on the node		RSV_REFUSED_NODE
 *	to be adjacent			RSV_REFUSED_PIECES
 *	none suffices			RSV_REFUSED_FULL
 *
 * A program's block is larger than what the program asked for. What it asked for may fit as a run
 * where the block does not: then the reason is RSV_REFUSED_PIECES, whatever the block lacks.
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

#include "drain.h"
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

/*
 * The largest block that the zone could serve. Cached pages count as single ones: what they would
 * merge to only a scan could tell.
 */
static unsigned long rsv_zone_block_for(const struct rsv_zone *z, const struct rsv_request *q,
					unsigned long free)
{
	unsigned long orders = READ_ONCE(z->orders) >> q->order;

	if (orders)
		return 1UL << (q->order + __fls(orders));
	return !q->order && free;
}

/*
 * The zone's free pages, of which it may have cached some, and how many of them it could serve in
 * this shape at once. Runs are never of HIGHMEM.
 */
static struct rsv_zone_room rsv_zone_room_for(struct rsv_zone *z, const struct rsv_request *q,
					      enum rsv_shape shape)
{
	struct rsv_zone_room room;

	if (shape == RSV_SHAPE_RUN && !is_highmem_idx(z->type))
		return rsv_zone_scan(z);
	room.free = READ_ONCE(z->free_pages) + rsv_zone_cached(z);
	if (shape == RSV_SHAPE_RUN)
		room.longest = 0;
	else if (shape == RSV_SHAPE_PAGES)
		room.longest = room.free;
	else
		room.longest = rsv_zone_block_for(z, q, room.free);
	return room;
}

static bool rsv_zone_may_serve(const struct rsv_zone *z, const struct rsv_request *q,
			       enum rsv_dropped dropped)
{
	if (dropped < RSV_DROPPED_ZONE && z->type > rsv_gfp_zone(q->gfp))
		return false;
	return dropped >= RSV_DROPPED_NODE || !(q->gfp & __GFP_THISNODE) || z->nid == q->nid;
}

/*
 * Whether the zone's free pages could serve the request if it took them one by one. A run is never
 * of HIGHMEM, but its request does not forbid that zone, unless it names another one.
 */
static bool rsv_zone_is_asked(const struct rsv_zone *z, const struct rsv_request *q,
			      enum rsv_shape shape)
{
	if (shape == RSV_SHAPE_RUN && is_highmem_idx(z->type))
		return rsv_gfp_zone(q->gfp) == ZONE_NORMAL;
	return rsv_zone_may_serve(z, q, RSV_DROPPED_NONE);
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

	if (rsv_zone_is_asked(z, q, shape))
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

/* @asked: pages that the caller asked for, of those that the request wants for it */
static u32 rsv_refusal(struct rsv_region *r, const struct rsv_request *q, enum rsv_shape shape,
		       unsigned long asked)
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
	return offer.free >= asked ? RSV_REFUSED_PIECES : RSV_REFUSED_FULL;
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
 * @asked: those of them that the caller asked for. If they are fewer, rsv_alloc_pages_exact() can
 *	serve him as well, unless he insists on a node
 *
 * Context: Process; may sleep. If @asked is less than @nr_pages, as rsv_refusal_of_run().
 * Return: RSV_REFUSED_*.
 */
u32 rsv_refusal_of_block(struct rsv_region *r, gfp_t gfp, int nid, unsigned long nr_pages,
			 unsigned long asked)
{
	const struct rsv_request q = rsv_refused_request(gfp, nid, nr_pages);
	const u32 refusal = rsv_refusal(r, &q, RSV_SHAPE_BLOCK, asked);

	if (asked == nr_pages || gfp & __GFP_THISNODE)
		return refusal;
	if (refusal < RSV_REFUSED_MARK || refusal > RSV_REFUSED_NODE)
		return refusal;
	return rsv_refusal_of_run(r, gfp, asked) == RSV_REFUSED_AGAIN ? RSV_REFUSED_PIECES :
									refusal;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_refusal_of_block);

/**
 * rsv_refusal_of_run() - why rsv_alloc_pages_exact() had no run
 * @r: the region
 * @gfp: the request's flags. __GFP_HIGHMEM has no effect, as there
 * @nr_pages: its length, more than 0
 *
 * Context: Process; may sleep. The search takes long in a region that has many blocks.
 * Return: RSV_REFUSED_*.
 */
u32 rsv_refusal_of_run(struct rsv_region *r, gfp_t gfp, unsigned long nr_pages)
{
	const struct rsv_request q =
		rsv_refused_request(gfp & ~__GFP_HIGHMEM, NUMA_NO_NODE, nr_pages);

	return rsv_refusal(r, &q, RSV_SHAPE_RUN, nr_pages);
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

	return rsv_refusal(r, &q, RSV_SHAPE_PAGES, nr_pages);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_refusal_of_pages);
