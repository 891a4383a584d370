// SPDX-License-Identifier: GPL-2.0
/*
 * Zones: which free areas serve a request, and the checks and counts around them.
 *
 * A region mirrors the machine: for every node it may have each of the kernel's zones, and a page
 * stands in the zone where it physically lies. A request names the highest zone that it can use. It
 * is served, on the node that it would like, by that zone or the next lower one, then in the same
 * way on the other nodes, the nearest first.
 *
 * Two marks keep pages back. Below min_pages only __GFP_HIGH takes, which GFP_ATOMIC has in it. And
 * a zone that was asked for by name keeps its protection from requests that could use a higher one,
 * as lowmem_reserve does.
 */
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/nodemask.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "buddy.h"
#include "compat.h"
#include "drain.h"
#include "extent.h"
#include "pcp.h"
#include "region.h"
#include "zeroed.h"
#include "zone.h"

/*
 * A zone of fewer pages has no marks, no per-CPU lists and no zeroed pages: they would be most of
 * it.
 */
#define RSV_SMALL_ZONE	 1024UL
#define RSV_MIN_SHIFT	 8 /* one page in 2^8 is kept for __GFP_HIGH */
#define RSV_MIN_MOST	 256UL
#define RSV_ZEROED_SHIFT 8
#define RSV_ZEROED_MOST	 64UL

/*
 * For each node all nodes, itself first, then by distance (never changes once the module is loaded)
 */
static u16 *rsv_node_order;

/* What serves a region that has no memory for plain requests: it is always short. */
static struct rsv_zone rsv_zone_none = {.list_min = ULONG_MAX};

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
 * rsv_zones_start() - work out in what order nodes serve
 *
 * Return: 0 or -ENOMEM.
 */
int rsv_zones_start(void)
{
	int nid;

	rsv_node_order =
		kcalloc(array_size(nr_node_ids, nr_node_ids), sizeof(*rsv_node_order), GFP_KERNEL);
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
 * rsv_node_at() - a node by how near it is to another
 * @nid: the other
 * @rank: 0 for @nid itself
 *
 * Return: The node.
 */
int rsv_node_at(int nid, unsigned int rank)
{
	return nr_node_ids == 1 ? 0 : rsv_node_order[nid * nr_node_ids + rank];
}
EXPORT_SYMBOL_IF_KUNIT(rsv_node_at);

/*
 * The zones of a region
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
 * rsv_zones_create() - give a region room for its zones
 * @r: the region
 *
 * Return: 0 or -ENOMEM.
 */
int rsv_zones_create(struct rsv_region *r)
{
	int nid;

	r->zones = kcalloc(rsv_zone_slots(), sizeof(*r->zones), GFP_KERNEL);
	if (!r->zones)
		return -ENOMEM;
	r->nearest = kmalloc_array(nr_node_ids, sizeof(*r->nearest), GFP_KERNEL);
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
	struct rsv_zone *z = kzalloc(sizeof(*z), GFP_KERNEL);

	if (!z)
		return NULL;
	if (rsv_pcp_create(z)) {
		kfree(z);
		return NULL;
	}
	z->region = r;
	z->name = page_zone(page)->name;
	z->type = page_zonenum(page);
	z->nid = page_to_nid(page);
	raw_spin_lock_init(&z->lock);
	INIT_LIST_HEAD(&z->zeroed);
	INIT_WORK(&z->zero_work, rsv_zeroed_refill);
	return z;
}

/* Finds out anew which zone serves plain requests first, on each node. */
static void rsv_zones_order(struct rsv_region *r)
{
	int nid;

	for (nid = 0; nid < nr_node_ids; nid++) {
		const struct rsv_request plain = {.nid = nid, .highest = ZONE_NORMAL};
		struct rsv_zone_walk walk = rsv_zone_walk_begin(&plain);
		struct rsv_zone *z = rsv_zone_next(r, &plain, &walk);

		if (z)
			/* Who sees the zone sees what is in it, by dependency. */
			smp_store_release(&r->nearest[nid], z);
	}
}

/**
 * rsv_zone_get() - the zone of a region that a page belongs to, made if it is the first there
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
	r->percpu += sizeof(struct rsv_pcps);
	smp_store_release(slot, z); /* pairs with the dependency in rsv_zone_next() */
	rsv_zones_order(r);
	return z;
}

/**
 * rsv_zone_nth() - a zone of a region by number, in the order of nodes and zones
 * @r: the region
 * @n: the number
 *
 * Return: The zone, or NULL if there are not so many.
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
 * rsv_zones_release() - free the zones of a region that nobody uses any more
 * @r: the region
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

/**
 * rsv_zone_next() - the next zone that a request may be served from
 * @r: the region
 * @q: the request
 * @walk: where the walk is
 *
 * Context: Any.
 * Return: The zone, or NULL after the last.
 */
struct rsv_zone *rsv_zone_next(const struct rsv_region *r, const struct rsv_request *q,
			       struct rsv_zone_walk *walk)
{
	unsigned int ranks = q->gfp & __GFP_THISNODE ? 1 : nr_node_ids;

	for (; walk->rank < ranks; walk->rank++, walk->type = q->highest) {
		int nid = rsv_node_at(q->nid, walk->rank);

		while (walk->type >= 0) {
			unsigned int slot = rsv_zone_slot(nid, walk->type--);
			struct rsv_zone *z = READ_ONCE(r->zones[slot]);

			if (z)
				return z;
		}
	}
	return NULL;
}

/*
 * Marks
 */

static void rsv_zone_set_list_min(struct rsv_zone *z)
{
	bool protected = z->protection && z->type < ZONE_NORMAL;

	WRITE_ONCE(z->list_min, protected ? ULONG_MAX : z->min_pages);
}

/**
 * rsv_zone_resize() - a zone has got pages, or lost some
 * @z: the zone, locked
 * @pages: how many more
 */
void rsv_zone_resize(struct rsv_zone *z, long pages)
{
	unsigned long all = z->nr_pages + pages;
	bool small = all < RSV_SMALL_ZONE;

	z->nr_pages = all;
	WRITE_ONCE(z->min_pages, small ? 0 : min(all >> RSV_MIN_SHIFT, RSV_MIN_MOST));
	WRITE_ONCE(z->low_pages, 2 * z->min_pages);
	rsv_zone_set_list_min(z);
	WRITE_ONCE(z->zeroed_high, small ? 0 : min(all >> RSV_ZEROED_SHIFT, RSV_ZEROED_MOST));
	rsv_pcp_resize(z, small ? 0 : all);
}

/**
 * rsv_zone_set_protection() - say how many pages requests for higher zones leave alone
 * @z: the zone, locked
 * @pages: their number
 */
void rsv_zone_set_protection(struct rsv_zone *z, unsigned long pages)
{
	WRITE_ONCE(z->protection, pages);
	rsv_zone_set_list_min(z);
}

static void rsv_zone_add_protection(struct rsv_zone *z, unsigned long *pages)
{
	unsigned long flags, more;

	raw_spin_lock_irqsave(&z->lock, flags);
	more = min(*pages, z->nr_pages - min(z->protection, z->nr_pages));
	rsv_zone_set_protection(z, z->protection + more);
	WRITE_ONCE(z->named, true);
	raw_spin_unlock_irqrestore(&z->lock, flags);
	*pages -= more;
}

/**
 * rsv_zones_protect() - keep what was asked for by the name of a zone for those who need that zone
 * @r: the region, its shape locked and the memory in it
 * @want: what was asked for
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
			rsv_zone_add_protection(z, &pages);
	}
}

/**
 * rsv_zone_shares() - whether a request may use a zone without a look at its protection
 * @z: the zone
 * @q: the request
 *
 * Context: Any.
 * Return: true if it may.
 */
bool rsv_zone_shares(const struct rsv_zone *z, const struct rsv_request *q)
{
	return q->highest == z->type || !READ_ONCE(z->protection);
}

/**
 * rsv_zone_below_min() - whether a zone has nothing left for a request, lists of CPUs included
 * @z: the zone
 * @q: the request
 *
 * Context: Any.
 * Return: true if it is below its min mark and the request may not go there.
 */
bool rsv_zone_below_min(const struct rsv_zone *z, const struct rsv_request *q)
{
	return !(q->gfp & __GFP_HIGH) && READ_ONCE(z->free_pages) < READ_ONCE(z->min_pages);
}

/*
 * Taking and giving
 */

/* With the lock dropped */
static void rsv_zone_check_low(struct rsv_zone *z)
{
	if (unlikely(READ_ONCE(z->free_pages) < READ_ONCE(z->low_pages)))
		rsv_drain_wake(z->region);
}

/* What a block in use was rounded up by, to so many pages, goes straight back. */
static void rsv_zone_trim(struct rsv_zone *z, struct rsv_frame *f, unsigned long whole)
{
	struct rsv_extent *e = rsv_frame_extent(z->region, f);

	WRITE_ONCE(f->order, RSV_ORDER_NONE);
	rsv_buddy_give_run(z, e, rsv_frame_index(e, f) + f->nr_pages, whole - f->nr_pages);
}

static __always_inline struct rsv_frame *rsv_zone_take_one(struct rsv_zone *z,
							   const struct rsv_request *q)
{
	const unsigned long whole = 1UL << q->order;
	struct rsv_frame *f = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&z->lock, flags);
	if (likely(rsv_zone_allows(z, q)))
		f = rsv_buddy_take(z, q->order);
	if (likely(f)) {
		WRITE_ONCE(f->kind, RSV_FRAME_USED);
		WRITE_ONCE(f->order, q->order);
		WRITE_ONCE(f->nr_pages, q->nr_pages);
		if (q->nr_pages != whole)
			rsv_zone_trim(z, f, whole);
		rsv_zone_count_take(z, q);
	}
	raw_spin_unlock_irqrestore(&z->lock, flags);
	rsv_zone_check_low(z);
	return f;
}

/**
 * rsv_zone_take() - take a block out of a zone's free areas
 * @z: the zone
 * @q: the request
 *
 * Context: Any but NMI.
 * Return: The block's first frame, marked as used, or NULL.
 */
struct rsv_frame *rsv_zone_take(struct rsv_zone *z, const struct rsv_request *q)
{
	return rsv_zone_take_one(z, q);
}

/**
 * rsv_zone_take_plain() - the same for a request that names no zone, node or other length
 * @z: the zone that serves it first
 * @gfp: its flags
 * @order: order of the block that holds it
 * @nr_pages: its pages
 *
 * Here the request never is in memory.
 *
 * Context: Any but NMI.
 * Return: The block's first frame, marked as used, or NULL: the long way may lead to another one.
 */
struct rsv_frame *rsv_zone_take_plain(struct rsv_zone *z, gfp_t gfp, unsigned int order,
				      unsigned long nr_pages)
{
	const struct rsv_request q = {
		.gfp = gfp,
		.highest = ZONE_NORMAL,
		.nr_pages = nr_pages,
		.bytes = nr_pages << PAGE_SHIFT,
		.order = order,
	};

	if (READ_ONCE(z->list_min) == ULONG_MAX)
		return NULL;
	return rsv_zone_take_one(z, &q);
}

/* How many blocks of its order a request may take that touches no reserve, up to @most */
static unsigned int rsv_zone_spare(const struct rsv_zone *z, const struct rsv_request *q,
				   unsigned int most)
{
	unsigned long kept = z->min_pages;

	if (q->highest > z->type)
		kept += z->protection;
	return z->free_pages > kept ? min_t(unsigned long, (z->free_pages - kept) >> q->order, most)
				    : 0;
}

/*
 * Takes the smallest block that there is, or as much of it as is wanted, and cuts it into blocks of
 * an order. Returns their number.
 */
static unsigned int rsv_zone_take_run(struct rsv_zone *z, unsigned int order, u32 owner,
				      unsigned int nr, struct rsv_frame **frames,
				      struct page **pages)
{
	const unsigned long serving = z->orders >> order, size = 1UL << order;
	struct rsv_frame *f, *end, cached;
	struct page *page;
	unsigned int from;

	if (!serving)
		return 0;
	from = order + min_t(unsigned int, __ffs(serving), ilog2(nr));
	f = rsv_buddy_take(z, from);
	rsv_buddy_cut(z, from, order);
	page = rsv_frame_page(rsv_frame_extent(z->region, f), f);
	cached.kind = RSV_FRAME_CACHED;
	cached.order = order;
	cached.extent = f->extent;
	cached.owner = owner;
#pragma GCC unroll 4
	for (end = f + (1UL << from); f < end; f += size, page += size) {
		WRITE_ONCE(f->nr_pages, size);
		WRITE_ONCE(f->word, cached.word);
		*frames++ = f;
		*pages++ = page;
	}
	return 1U << (from - order);
}

/**
 * rsv_zone_take_batch() - take several blocks that remain free, but with a owner
 * @z: the zone
 * @q: the request that they are taken for: their order, and whether the marks allow it
 * @owner: who will have them
 * @nr: how many at most
 * @runs: of how many blocks of the free areas they are made at most; the lock is held for so many
 * @frames: their first frames, marked as cached
 * @pages: their first pages
 *
 * Context: Any but NMI.
 * Return: Their number.
 */
unsigned int rsv_zone_take_batch(struct rsv_zone *z, const struct rsv_request *q, u32 owner,
				 unsigned int nr, unsigned int runs, struct rsv_frame **frames,
				 struct page **pages)
{
	unsigned int taken = 0, wanted, run;
	unsigned long flags;

	raw_spin_lock_irqsave(&z->lock, flags);
	/*
	 * The first block is the request's; the others are for whoever comes, and touch no reserve.
	 */
	wanted = rsv_zone_spare(z, q, nr);
	if (!wanted && nr && rsv_zone_allows(z, q))
		wanted = 1;
	for (; taken < wanted && runs; runs--) {
		run = rsv_zone_take_run(z, q->order, owner, wanted - taken, frames + taken,
					pages + taken);
		if (!run)
			break;
		taken += run;
	}
	z->peak_pages = max(z->peak_pages, z->nr_pages - z->free_pages);
	raw_spin_unlock_irqrestore(&z->lock, flags);
	rsv_zone_check_low(z);
	return taken;
}

/* The lists of CPUs change the kind of their blocks without the zone's lock. */
static bool rsv_block_is_free(const struct rsv_frame *block)
{
	unsigned int kind = READ_ONCE(block->kind);

	return kind == RSV_FRAME_FREE || kind == RSV_FRAME_CACHED;
}

/**
 * rsv_zone_check() - whether a block can be given back
 * @e: its extent
 * @index: its first page in the extent
 * @nr_pages: pages that the caller says it has, or 0 if the caller leaves that to the frame
 *
 * Context: The zone locked, for a reliable answer.
 * Return: RSV_OK, or what is wrong with it.
 */
enum rsv_misuse rsv_zone_check(const struct rsv_extent *e, unsigned long index,
			       unsigned long nr_pages)
{
	struct rsv_frame *f = &e->frames[index], *block;

	switch (READ_ONCE(f->kind)) {
	case RSV_FRAME_USED:
		if (f->nr_pages > e->nr_pages - index)
			return RSV_FOREIGN; /* becoming a slab, and not the caller's */
		return !nr_pages || f->nr_pages == nr_pages ? RSV_OK : RSV_WRONG_SIZE;
	case RSV_FRAME_FREE:
	case RSV_FRAME_CACHED:
		return RSV_DOUBLE_FREE;
	case RSV_FRAME_RUN:
		return RSV_MISALIGNED;
	case RSV_FRAME_BODY:
		block = rsv_frame_block(e, f);
		return rsv_block_is_free(block) ? RSV_DOUBLE_FREE : RSV_MISALIGNED;
	case RSV_FRAME_SLAB:
		return READ_ONCE(f->cache) ? RSV_FOREIGN : RSV_DOUBLE_FREE;
	default:
		return RSV_FOREIGN;
	}
}

static void rsv_zone_give_locked(struct rsv_zone *z, struct rsv_extent *e, unsigned long index,
				 unsigned long nr_pages)
{
	z->area[order_base_2(nr_pages)].frees++;
	rsv_buddy_give_run(z, e, index, nr_pages);
}

/**
 * rsv_zone_give() - give a block back
 * @e: its extent
 * @index: its first page in the extent
 * @nr_pages: as for rsv_zone_check()
 *
 * Context: Any but NMI.
 * Return: RSV_OK, or what is wrong with it, and then nothing has changed.
 */
enum rsv_misuse rsv_zone_give(struct rsv_extent *e, unsigned long index, unsigned long nr_pages)
{
	struct rsv_zone *z = e->zone;
	enum rsv_misuse misuse;
	unsigned long flags;

	raw_spin_lock_irqsave(&z->lock, flags);
	misuse = rsv_zone_check(e, index, nr_pages);
	if (misuse == RSV_OK)
		rsv_zone_give_locked(z, e, index, e->frames[index].nr_pages);
	raw_spin_unlock_irqrestore(&z->lock, flags);
	return misuse;
}

/**
 * rsv_zone_give_block() - give a block back that begins and ends where one of its order does
 * @e: its extent
 * @index: its first page in the extent
 * @order: its order
 *
 * Context: Any but NMI.
 * Return: false if something is wrong, and then nothing has changed; rsv_zone_give() says what.
 */
bool rsv_zone_give_block(struct rsv_extent *e, unsigned long index, unsigned int order)
{
	const struct rsv_frame *f = &e->frames[index];
	struct rsv_zone *z = e->zone;
	unsigned long flags;
	bool sound;

	raw_spin_lock_irqsave(&z->lock, flags);
	sound = f->kind == RSV_FRAME_USED && f->order == order;
	if (likely(sound)) {
		z->area[order].frees++;
		rsv_buddy_give(z, e, index, order);
	}
	raw_spin_unlock_irqrestore(&z->lock, flags);
	return sound;
}

/**
 * rsv_zone_dissolve() - give a block back whose frames its owner marked as its own
 * @e: its extent
 * @index: its first page in the extent
 * @nr_pages: its pages
 *
 * Context: Any but NMI.
 */
void rsv_zone_dissolve(struct rsv_extent *e, unsigned long index, unsigned long nr_pages)
{
	struct rsv_zone *z = e->zone;
	unsigned long flags, i;

	raw_spin_lock_irqsave(&z->lock, flags);
	for (i = 0; i < nr_pages; i++)
		WRITE_ONCE(e->frames[index + i].kind, RSV_FRAME_BODY);
	rsv_zone_give_locked(z, e, index, nr_pages);
	raw_spin_unlock_irqrestore(&z->lock, flags);
}

/**
 * rsv_zone_give_cached() - put a block that was cached back into the free areas
 * @z: its zone, locked
 * @f: its first frame
 */
void rsv_zone_give_cached(struct rsv_zone *z, struct rsv_frame *f)
{
	struct rsv_extent *e = rsv_frame_extent(z->region, f);

	rsv_buddy_give(z, e, rsv_frame_index(e, f), f->order);
}

/**
 * rsv_zone_count_failure() - a request found nothing
 * @z: the first zone that it asked
 * @order: its order
 *
 * Context: Any but NMI.
 */
void rsv_zone_count_failure(struct rsv_zone *z, unsigned int order)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&z->lock, flags);
	z->area[order].failures++;
	raw_spin_unlock_irqrestore(&z->lock, flags);
}
