// SPDX-License-Identifier: GPL-2.0
/*
 * The zones of a region, and the order in which they serve a request.
 *
 * A region mirrors the machine: it has one zone for each zone and node of the kernel in which it
 * has pages. A request names the highest zone that it can use and a node that it prefers. On that
 * node the request tries the zone that it names first, then the lower ones. Then it does the same
 * on the other nodes, the nearest first.
 *
 * The region's shape_lock guards creation. A zone is destroyed only with its region, so requests
 * read the table without a lock.
 */
#include <linux/gfp.h>
#include <linux/nodemask.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "compat.h"
#include "gfp.h"
#include "pcp.h"
#include "zeroed.h"
#include "zone.h"
#include "zonelist.h"

/* For each node all nodes, itself first, then by distance (constant once the module is loaded) */
static u16 *rsv_node_order;

/*
 * Stands for the first zone where a region has none. It never has a block. Its list_min turns the
 * fast path away before that reads @pcp, which is NULL.
 */
static struct rsv_zone rsv_zone_none = {
	.list_min = ULONG_MAX,
	.lock = __RAW_SPIN_LOCK_UNLOCKED(rsv_zone_none.lock),
};

/*
 * Nodes
 */

static void rsv_node_sort(int nid, u16 *order)
{
	unsigned int nr = 1, at;
	int other;

	order[0] = nid;
	for (other = 0; other < nr_node_ids; other++) {
		if (other == nid)
			continue;
		for (at = nr++; at > 1; at--) {
			if (node_distance(nid, order[at - 1]) <= node_distance(nid, other))
				break;
			order[at] = order[at - 1];
		}
		order[at] = other;
	}
}

/**
 * rsv_zones_start() - compute the order in which nodes serve
 *
 * Context: Process; may sleep.
 * Return: 0 or -ENOMEM.
 */
int rsv_zones_start(void)
{
	int nid;

	rsv_node_order =
		kcalloc(array_size(nr_node_ids, nr_node_ids), sizeof(*rsv_node_order),
			RSV_GFP_CREATE);
	if (!rsv_node_order)
		return -ENOMEM;
	for (nid = 0; nid < nr_node_ids; nid++)
		rsv_node_sort(nid, rsv_node_order + nid * nr_node_ids);
	return 0;
}

/**
 * rsv_zones_stop() - undo rsv_zones_start()
 */
void rsv_zones_stop(void)
{
	kfree(rsv_node_order);
}

/**
 * rsv_node_at() - a node by its distance from another
 * @nid: the other
 * @rank: 0 for @nid itself, 1 for the nearest to it, and so on
 *
 * Return: The node.
 */
int rsv_node_at(int nid, unsigned int rank)
{
	return nr_node_ids == 1 ? 0 : rsv_node_order[nid * nr_node_ids + rank];
}
EXPORT_SYMBOL_IF_KUNIT(rsv_node_at);

/*
 * The order
 */

static unsigned int rsv_zone_slots(void)
{
	return nr_node_ids * MAX_NR_ZONES;
}

static unsigned int rsv_zone_slot(int nid, int type)
{
	return nid * MAX_NR_ZONES + type;
}

/**
 * rsv_zone_next() - the next zone that may serve a request
 * @r: the region
 * @q: the request
 * @walk: the walk; all zeroes at its beginning
 *
 * Context: Any.
 * Return: The zone, or NULL after the last.
 */
struct rsv_zone *rsv_zone_next(const struct rsv_region *r, const struct rsv_request *q,
			       struct rsv_zone_walk *walk)
{
	const unsigned int ranks = q->gfp & __GFP_THISNODE ? 1 : nr_node_ids;
	const unsigned int highest = rsv_gfp_zone(q->gfp);

	for (; walk->rank < ranks; walk->rank++, walk->tried = 0) {
		int nid = rsv_node_at(q->nid, walk->rank);

		while (walk->tried <= highest) {
			unsigned int slot = rsv_zone_slot(nid, highest - walk->tried++);
			struct rsv_zone *z = READ_ONCE(r->zones[slot]);

			if (z)
				return z;
		}
	}
	return NULL;
}

/**
 * rsv_zone_first_named() - the first zone that may serve a request that names a zone or a node
 * @r: the region
 * @q: the request
 *
 * Context: Any.
 * Return: The zone. If the region has none, the function returns one without pages, never NULL.
 */
struct rsv_zone *rsv_zone_first_named(const struct rsv_region *r, const struct rsv_request *q)
{
	struct rsv_zone_walk walk = {};

	return rsv_zone_next(r, q, &walk) ?: &rsv_zone_none;
}

/* Finds the first zone of requests that name none, for each node. */
static void rsv_zones_update_nearest(struct rsv_region *r)
{
	int nid;

	for (nid = 0; nid < nr_node_ids; nid++) {
		const struct rsv_request q = { .gfp = GFP_KERNEL, .nid = nid };
		struct rsv_zone_walk walk = {};
		struct rsv_zone *z = rsv_zone_next(r, &q, &walk);

		if (z)
			/* A reader that sees the pointer sees the zone, by address dependency. */
			smp_store_release(&r->nearest[nid], z);
	}
}

/*
 * The zones
 */

/**
 * rsv_zones_create() - allocate the tables of a region's zones
 * @r: the region
 *
 * Context: Process; may sleep.
 * Return: 0 or -ENOMEM.
 */
int rsv_zones_create(struct rsv_region *r)
{
	int nid;

	r->zones = kcalloc(rsv_zone_slots(), sizeof(*r->zones), rsv_gfp_create(r));
	if (!r->zones)
		return -ENOMEM;
	r->nearest = kmalloc_array(nr_node_ids, sizeof(*r->nearest), rsv_gfp_create(r));
	if (!r->nearest) {
		kfree(r->zones);
		return -ENOMEM;
	}
	for (nid = 0; nid < nr_node_ids; nid++)
		r->nearest[nid] = &rsv_zone_none;
	r->metadata += rsv_zone_slots() * sizeof(*r->zones) + nr_node_ids * sizeof(*r->nearest);
	return 0;
}

static struct rsv_zone *rsv_zone_new(struct rsv_region *r, struct page *page)
{
	const int nid = rsv_metadata_node(page_to_nid(page));
	struct rsv_zone *z = kzalloc_node(sizeof(*z), rsv_gfp_create(r), nid);

	if (!z)
		return NULL;
	if (rsv_pcp_create(z, rsv_gfp_create(r))) {
		kfree(z);
		return NULL;
	}
	rsv_zone_init(z, r, page);
	rsv_zeroed_init(z);
	return z;
}

/**
 * rsv_zone_get() - the zone of a region that a page belongs to, created for its first page
 * @r: the region, its shape locked
 * @page: the page
 *
 * Context: Process; may sleep.
 * Return: The zone, or NULL if there is no memory.
 */
struct rsv_zone *rsv_zone_get(struct rsv_region *r, struct page *page)
{
	struct rsv_zone **slot = &r->zones[rsv_zone_slot(page_to_nid(page), page_zonenum(page))];
	struct rsv_zone *z = *slot;

	if (z)
		return z;
	z = rsv_zone_new(r, page);
	if (!z)
		return NULL;
	r->metadata += sizeof(*z);
	r->percpu += sizeof(struct rsv_large_list);
	smp_store_release(slot, z); /* pairs with the dependency in rsv_zone_next() */
	rsv_zones_update_nearest(r);
	return z;
}

/**
 * rsv_zones_fit_lists() - give the zones of a region per-CPU lists as long as their pages deserve
 * @r: the region, its shape locked
 *
 * If the system has no memory for longer lists, a zone keeps those that it has, or has none: then
 * the free areas serve. So that is no error.
 *
 * Context: Process; may sleep.
 */
void rsv_zones_fit_lists(struct rsv_region *r)
{
	struct rsv_zone *z;
	unsigned int n;

	for (n = 0; (z = rsv_zone_nth(r, n)); n++)
		rsv_pcp_fit(z, rsv_gfp_create(r));
}

/**
 * rsv_zone_nth() - a zone of a region by number, in the order of nodes and zones
 * @r: the region
 * @n: the number
 *
 * Return: The zone, or NULL if the region has fewer.
 */
struct rsv_zone *rsv_zone_nth(const struct rsv_region *r, unsigned int n)
{
	unsigned int slot;

	for (slot = 0; slot < rsv_zone_slots(); slot++) {
		struct rsv_zone *z = READ_ONCE(r->zones[slot]);

		if (z && !n--)
			return z;
	}
	return NULL;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_zone_nth);

/**
 * rsv_zones_protect() - protect memory that was reserved by the name of a zone
 * @r: the region, its shape locked and the memory in it
 * @want: the reservation
 */
void rsv_zones_protect(struct rsv_region *r, const struct rsv_reserve *want)
{
	unsigned long pages = PFN_UP(want->bytes) - PFN_UP(want->shared);
	int nid;

	if (want->zone == RSV_ZONE_ANY)
		return;
	for (nid = 0; nid < nr_node_ids; nid++) {
		struct rsv_zone *z = r->zones[rsv_zone_slot(nid, rsv_kernel_zone(want->zone))];

		if (z && (!(want->flags & RSV_RESERVE_NODE) || nid == want->nid))
			pages -= rsv_zone_protect(z, pages);
	}
}

/**
 * rsv_zones_quiesce() - wait until no page of a region is being cleared
 * @r: the region. No caller requests zeroed pages of it any more
 *
 * Context: Process; may sleep.
 */
void rsv_zones_quiesce(struct rsv_region *r)
{
	struct rsv_zone *z;
	unsigned int n;

	for (n = 0; (z = rsv_zone_nth(r, n)); n++)
		rsv_zeroed_stop(z);
}

/**
 * rsv_zones_release() - free the zones of a region
 * @r: the region, which no task uses any more
 *
 * Context: Process; may sleep.
 */
void rsv_zones_release(struct rsv_region *r)
{
	unsigned int slot;

	for (slot = 0; slot < rsv_zone_slots(); slot++) {
		struct rsv_zone *z = r->zones[slot];

		if (!z)
			continue;
		rsv_pcp_release(z);
		kfree(z);
	}
	kfree(r->nearest);
	kfree(r->zones);
	r->zones = NULL;
}
