// SPDX-License-Identifier: GPL-2.0
/*
 * One zone: the watermarks that decide whether its free areas serve a request, the checks of a
 * free, and the counts. The zone's lock guards all of these. buddy.c splits and merges under the
 * same lock.
 *
 * Only requests with __GFP_HIGH, which GFP_ATOMIC includes, get a zone's last min_pages. A zone
 * that was reserved by name also withholds its protection from requests that a higher zone could
 * serve, as the kernel's lowmem_reserve does.
 *
 * When a zone falls below low_pages, it wakes the work that drains the region in the background, so
 * that later requests that may not sleep still find pages.
 */
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/workqueue.h>

#include "buddy.h"
#include "pagemap.h"
#include "waiting.h"
#include "work.h"
#include "zone.h"

/*
 * A zone with fewer pages has no watermarks and no zeroed pages, which would take most of its
 * pages; with fewer than RSV_TINY_ZONE it has no per-CPU lists either.
 */
#define RSV_SMALL_ZONE	 1024UL
#define RSV_TINY_ZONE	 64UL
#define RSV_MIN_SHIFT	 8 /* one page in 2^8 is withheld for __GFP_HIGH */
#define RSV_MIN_MOST	 256UL
#define RSV_PCP_SHARE_ALL    4UL  /* all lists have at most one page in so many, */
#define RSV_PCP_SHARE_PAGES  16UL /* those of single pages one in so many, */
#define RSV_PCP_SHARE_BLOCKS 64UL /* and those of each larger order one in so many */
#define RSV_PCP_SHARE_LARGE  8UL  /* larger blocks one in so many */
#define RSV_PCP_SHORT	 2UL
#define RSV_PCP_LOW	 8UL  /* pages of a list that does not need more, or RSV_PCP_SHORT blocks */
#define RSV_ZEROED_SHIFT	8
#define RSV_ZEROED_MOST	 64UL

/**
 * rsv_zone_init() - set up a zone without pages
 * @z: the zone, all zeroes
 * @r: its region
 * @page: any page of the zone
 */
void rsv_zone_init(struct rsv_zone *z, struct rsv_region *r, struct page *page)
{
	z->region = r;
	z->name = page_zone(page)->name;
	z->type = page_zonenum(page);
	z->nid = page_to_nid(page);
	raw_spin_lock_init(&z->lock);
}

/*
 * Watermarks
 */

static void rsv_zone_set_list_min(struct rsv_zone *z)
{
	bool slow = z->frozen || (z->protection && z->type < ZONE_NORMAL);

	WRITE_ONCE(z->list_min, slow ? ULONG_MAX : z->min_pages);
}

/**
 * rsv_pcp_lengths() - how many blocks the lists of one CPU and zone have at most, at any time
 * @nr_pages: pages of the zone
 * @cpus: CPUs that may have lists
 * @high: receives the blocks for each order below RSV_PCP_ORDERS; 0 for no list
 *
 * The lists of single pages of all CPUs together have at most one page in sixteen, and those of
 * each larger order one in sixty-four. Where that is less than two blocks for each CPU, because the
 * zone is small or the CPUs are many, the list has two: with a block to serve and room for another,
 * a CPU that allocates and frees in turn stays away from the zone's lock. Such short lists are for
 * the lowest orders first, and as long as all lists together have at most one page in four. That is
 * what a request that may not sleep can fail to get, since it drains its own CPU only; one that may
 * sleep drains all. The kernel's own lists have up to one page in eight.
 *
 * Return: The pages that a CPU's list of larger blocks has at most. All these lists together have
 * one page in eight, or what the other lists leave of one in four.
 */
unsigned long rsv_pcp_lengths(unsigned long nr_pages, unsigned int cpus, unsigned int *high)
{
	unsigned long left = nr_pages / cpus / RSV_PCP_SHARE_ALL, share, nr;
	unsigned int order;

	for (order = 0; order < RSV_PCP_ORDERS; order++) {
		share = nr_pages / cpus / (order ? RSV_PCP_SHARE_BLOCKS : RSV_PCP_SHARE_PAGES);
		nr = clamp(share >> order, RSV_PCP_SHORT,
			   (unsigned long)(order ? RSV_PCP_BLOCKS : RSV_PCP_PAGES));
		if (nr_pages < RSV_TINY_ZONE || nr << order > left)
			nr = 0;
		left -= nr << order;
		high[order] = nr;
	}
	if (nr_pages < RSV_TINY_ZONE)
		return 0;
	return min3(left, nr_pages / cpus / RSV_PCP_SHARE_LARGE, RSV_LARGE_PAGES);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_pcp_lengths);

/* No limit is beyond the slots of the lists that the zone has now: see rsv_pcp_fit(). */
static void rsv_zone_set_pcp_high(struct rsv_zone *z)
{
	unsigned int high[RSV_PCP_ORDERS], order, low, most;
	unsigned long large = rsv_pcp_lengths(z->nr_pages, num_possible_cpus(), high);

	/* The system learns of free blocks alone. So no CPU keeps one that could be lent. */
	if (z->region->lending.shrinker)
		large = min(large, (1UL << RSV_LEND_ORDER) - 1);
	WRITE_ONCE(z->large_high, z->frozen ? 0 : large);
	for (order = 0; order < RSV_PCP_ORDERS; order++) {
		most = z->frozen || !z->pcp_slots[order] ? 0 : z->pcp_slots[order] - 1;
		low = max(RSV_PCP_LOW >> order, RSV_PCP_SHORT);
		WRITE_ONCE(z->pcp_high[order], min(high[order], most));
		WRITE_ONCE(z->pcp_low[order], min3(low, high[order], most));
	}
}

/**
 * rsv_zone_resize() - set the watermarks and limits after the zone got or lost pages
 * @z: the zone, locked
 * @pages: the pages that it got, or, if negative, lost
 */
void rsv_zone_resize(struct rsv_zone *z, long pages)
{
	unsigned long all = z->nr_pages + pages;
	bool small = all < RSV_SMALL_ZONE;

	z->nr_pages = all;
	WRITE_ONCE(z->min_pages, small ? 0 : min(all >> RSV_MIN_SHIFT, RSV_MIN_MOST));
	WRITE_ONCE(z->low_pages, 2 * z->min_pages);
	rsv_zone_set_list_min(z);
	WRITE_ONCE(z->zeroed_high, small || z->frozen ? 0 :
				   min(all >> RSV_ZEROED_SHIFT, RSV_ZEROED_MOST));
	rsv_zone_set_pcp_high(z);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_zone_resize);

/**
 * rsv_zone_set_protection() - set how many pages the zone withholds from requests for higher zones
 * @z: the zone, locked
 * @pages: their number
 */
void rsv_zone_set_protection(struct rsv_zone *z, unsigned long pages)
{
	WRITE_ONCE(z->protection, pages);
	rsv_zone_set_list_min(z);
}

/**
 * rsv_zone_protect() - protect more pages of a zone that was reserved by name
 * @z: the zone
 * @pages: the pages to protect in addition, at most
 *
 * Context: Any.
 * Return: The pages that are protected in addition: fewer than @pages if the zone has fewer.
 */
unsigned long rsv_zone_protect(struct rsv_zone *z, unsigned long pages)
{
	unsigned long flags, more;

	raw_spin_lock_irqsave(&z->lock, flags);
	more = min(pages, z->nr_pages - min(z->protection, z->nr_pages));
	rsv_zone_set_protection(z, z->protection + more);
	WRITE_ONCE(z->named, true);
	raw_spin_unlock_irqrestore(&z->lock, flags);
	return more;
}

/**
 * rsv_zone_wake_drain() - drain the region in the background, because a zone is low
 * @r: the region
 *
 * The function does nothing if a drain began less than an interval ago: otherwise a zone that stays
 * low would keep caches empty all the time. Two CPUs that find the interval over at the same
 * instant do no harm.
 *
 * Context: Any but NMI.
 */
void rsv_zone_wake_drain(struct rsv_region *r)
{
	unsigned long last = READ_ONCE(r->drained_at);

	if (time_in_range_open(jiffies, last, last + RSV_DRAIN_INTERVAL))
		return;
	WRITE_ONCE(r->drained_at, jiffies);
	queue_work(rsv_queue, &r->drain_work);
}

/**
 * rsv_zone_count_failure() - count a request that no zone served
 * @z: the first zone that was tried
 * @order: the request's order
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

/*
 * Allocating
 */

/**
 * rsv_zone_trim() - free the pages of a block that go beyond what a request wants
 * @z: the zone, locked
 * @f: the block's first frame, which says how many pages the request wants
 * @order: the block's order
 */
void rsv_zone_trim(struct rsv_zone *z, struct rsv_frame *f, unsigned int order)
{
	struct rsv_extent *e = rsv_frame_extent(z->region, f);

	WRITE_ONCE(f->order, RSV_ORDER_NONE);
	rsv_buddy_free_pages(z, e, rsv_frame_index(e, f) + f->nr_pages,
			     (1UL << order) - f->nr_pages);
}

/*
 * The number of blocks of its order that a request may get from above the watermarks, up to @most
 */
static unsigned int rsv_zone_above_watermarks(const struct rsv_zone *z,
					      const struct rsv_request *q, unsigned int most)
{
	const unsigned long reserved = rsv_zone_reserved(z, q->gfp & ~__GFP_HIGH);

	if (z->free_pages <= reserved)
		return 0;
	return min_t(unsigned long, (z->free_pages - reserved) >> q->order, most);
}

/*
 * Takes the smallest free block that has at least 2^@order pages. Of a larger block than @nr blocks
 * need, it takes only a part. Cuts what it took into cached blocks of @order. Returns their number.
 */
static unsigned int rsv_zone_alloc_piece(struct rsv_zone *z, unsigned int order, unsigned int nr,
					 struct rsv_pcp_slot *block)
{
	const unsigned long serving = z->orders >> order, size = 1UL << order;
	union rsv_frame_state cached = { .kind = RSV_FRAME_CACHED, .order = order };
	struct rsv_frame *f, *end;
	struct page *page;
	unsigned int from;

	if (!serving)
		return 0;
	from = order + min_t(unsigned int, __ffs(serving), ilog2(nr));
	f = rsv_buddy_alloc(z, from);
	rsv_buddy_count_splits(z, from, order);
	page = rsv_frame_page(rsv_frame_extent(z->region, f), f);
	cached.extent = f->extent;
#pragma GCC unroll 4
	for (end = f + (1UL << from); f < end; f += size, page += size) {
		WRITE_ONCE(f->nr_pages, size);
		WRITE_ONCE(f->state, cached.word);
		block->frame = f;
		block->page = page;
		block++;
	}
	return 1U << (from - order);
}

/**
 * rsv_zone_alloc_batch() - move several blocks from the free areas to a caller that caches them
 * @z: the zone
 * @q: the request that needs the first block. It tells the order of all, and the watermarks
 * @nr: how many blocks at most
 * @pieces: the number of free blocks, at most, to cut these blocks from. It bounds the time that
 *	the zone is locked
 * @blocks: receives these blocks, marked as cached
 *
 * Context: Any but NMI.
 * Return: Their number.
 */
unsigned int rsv_zone_alloc_batch(struct rsv_zone *z, const struct rsv_request *q, unsigned int nr,
				  unsigned int pieces, struct rsv_pcp_slot *blocks)
{
	unsigned int got = 0, wanted, piece;
	unsigned long flags;

	raw_spin_lock_irqsave(&z->lock, flags);
	/*
	 * Below a watermark the request gets its own block, and later requests get none ahead of
	 * time.
	 */
	wanted = rsv_zone_above_watermarks(z, q, nr);
	if (!wanted && nr && rsv_zone_allows(z, q))
		wanted = 1;
	for (; got < wanted && pieces; pieces--) {
		piece = rsv_zone_alloc_piece(z, q->order, wanted - got, blocks + got);
		if (!piece)
			break;
		got += piece;
	}
	z->peak_pages = max(z->peak_pages, z->nr_pages - z->free_pages);
	raw_spin_unlock_irqrestore(&z->lock, flags);
	rsv_zone_check_low(z);
	return got;
}

/*
 * Freeing
 */

static bool rsv_block_has(const struct rsv_frame *f, unsigned long nr_pages)
{
	return !nr_pages || READ_ONCE(f->nr_pages) == nr_pages;
}

/*
 * Tells which misuse the free of a page in the middle of a block is: a double free if the block is
 * free. CPUs change the kind of the blocks on their lists without the zone's lock.
 */
static enum rsv_misuse rsv_zone_check_body(const struct rsv_extent *e, struct rsv_frame *f)
{
	unsigned int kind = READ_ONCE(rsv_frame_block(e, f)->kind);

	return kind == RSV_FRAME_FREE || kind == RSV_FRAME_CACHED ? RSV_DOUBLE_FREE
								  : RSV_MISALIGNED;
}

/* Checks the free of a block. Returns RSV_OK, or what is wrong. The zone is locked. */
static enum rsv_misuse rsv_zone_check(const struct rsv_extent *e, struct rsv_frame *f,
				      unsigned long nr_pages)
{
	switch (READ_ONCE(f->kind)) {
	case RSV_FRAME_USED:
		return rsv_block_has(f, nr_pages) ? RSV_OK : RSV_WRONG_SIZE;
	case RSV_FRAME_FREE:
	case RSV_FRAME_CACHED:
	case RSV_FRAME_OWNED:
	case RSV_FRAME_WAITING:
	case RSV_FRAME_BAD:
		return RSV_DOUBLE_FREE;
	case RSV_FRAME_RUN:
		return RSV_MISALIGNED;
	case RSV_FRAME_BODY:
		return rsv_zone_check_body(e, f);
	case RSV_FRAME_SLAB:
		return READ_ONCE(f->cache) ? RSV_FOREIGN : RSV_DOUBLE_FREE;
	default:
		return RSV_FOREIGN;
	}
}

/**
 * rsv_zone_check_used() - whether a used block begins at a page
 * @e: the extent
 * @index: the page in the extent
 *
 * Context: Any but NMI.
 * Return: RSV_OK, or the misuse that the free of such a block would be.
 */
enum rsv_misuse rsv_zone_check_used(const struct rsv_extent *e, unsigned long index)
{
	enum rsv_misuse misuse;
	unsigned long flags;

	raw_spin_lock_irqsave(&e->zone->lock, flags);
	misuse = rsv_zone_check(e, &e->frames[index], 0);
	raw_spin_unlock_irqrestore(&e->zone->lock, flags);
	return misuse;
}

/**
 * rsv_zone_claim() - take a used block from its owner, so that nobody else can free it
 * @e: its extent
 * @index: its first page in the extent
 * @nr_pages: the pages that the caller says it has; 0 if the caller leaves that to the frame
 *
 * Context: Any but NMI.
 * Return: RSV_OK, and then the block is the caller's, for rsv_zone_free_claimed(); or what is wrong
 * with the block, and then nothing has changed.
 */
enum rsv_misuse rsv_zone_claim(struct rsv_extent *e, unsigned long index, unsigned long nr_pages)
{
	struct rsv_frame *f = &e->frames[index];
	enum rsv_misuse misuse;
	unsigned long flags;

	/* If the caller leaves the length to the frame, no length can be wrong. */
	if (likely(!nr_pages && rsv_frame_claim(f, RSV_FRAME_OWNED)))
		return RSV_OK;
	raw_spin_lock_irqsave(&e->zone->lock, flags);
	do {
		misuse = rsv_zone_check(e, f, nr_pages);
	} while (misuse == RSV_OK && !rsv_frame_claim(f, RSV_FRAME_OWNED));
	/* In between, it may have been freed, and allocated with another length. */
	if (unlikely(misuse == RSV_OK && !rsv_block_has(f, nr_pages))) {
		rsv_frame_set_used(f);
		misuse = RSV_WRONG_SIZE;
	}
	raw_spin_unlock_irqrestore(&e->zone->lock, flags);
	return misuse;
}

static bool rsv_zone_pages_are_settled(const struct rsv_extent *e, unsigned long index,
				       unsigned long nr_pages)
{
	unsigned long i;

	for (i = index; i < index + nr_pages; i++)
		if (unlikely(!rsv_page_is_settled(pfn_to_page(e->first + i))))
			return false;
	return true;
}

/*
 * Frees a block as a whole. Returns false, and then nothing has changed, if a page is not settled,
 * or if pages of the zone went bad during the look.
 */
static bool rsv_zone_free_settled(struct rsv_extent *e, unsigned long index,
				  unsigned long nr_pages, bool marked)
{
	struct rsv_zone *z = e->zone;
	unsigned int bad_events = READ_ONCE(z->bad_events);
	unsigned long flags, i;
	bool good;

	/* The count comes first: see bad_page.c. */
	smp_rmb();
	if (unlikely(!rsv_zone_pages_are_settled(e, index, nr_pages)))
		return false;
	raw_spin_lock_irqsave(&z->lock, flags);
	good = z->bad_events == bad_events;
	if (likely(good)) {
		for (i = 0; marked && i < nr_pages; i++)
			WRITE_ONCE(e->frames[index + i].kind, RSV_FRAME_BODY);
		z->area[order_base_2(nr_pages)].frees++;
		rsv_buddy_free_pages(z, e, index, nr_pages);
	}
	raw_spin_unlock_irqrestore(&z->lock, flags);
	return good;
}

static void rsv_zone_part(struct rsv_extent *e, unsigned long index, unsigned long nr_pages)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&e->zone->lock, flags);
	e->zone->area[order_base_2(nr_pages)].frees++;
	raw_spin_unlock_irqrestore(&e->zone->lock, flags);
	rsv_block_part(e, index, nr_pages);
}

/**
 * rsv_zone_free_claimed() - free a block that rsv_zone_claim() took
 * @e: its extent
 * @index: its first page in the extent
 *
 * The function looks at each page. It takes as long as the block has pages, and holds the zone's
 * lock for a batch of them at most.
 *
 * Context: Any but NMI, with no raw lock held.
 */
void rsv_zone_free_claimed(struct rsv_extent *e, unsigned long index)
{
	const unsigned long nr_pages = e->frames[index].nr_pages;

	/* Pages are cleared one by one, and only those that nobody refers to. */
	if (unlikely(want_init_on_free() || !rsv_zone_free_settled(e, index, nr_pages, false)))
		rsv_zone_part(e, index, nr_pages);
}

/**
 * rsv_zone_free() - free a block
 * @e: its extent
 * @index: its first page in the extent
 * @nr_pages: as for rsv_zone_claim()
 *
 * Context: Any but NMI, with no raw lock held.
 * Return: As rsv_zone_claim().
 */
enum rsv_misuse rsv_zone_free(struct rsv_extent *e, unsigned long index, unsigned long nr_pages)
{
	enum rsv_misuse misuse = rsv_zone_claim(e, index, nr_pages);

	if (misuse == RSV_OK)
		rsv_zone_free_claimed(e, index);
	return misuse;
}

/**
 * rsv_zone_free_marked() - free a block whose owner marked the frames as its own
 * @e: its extent
 * @index: its first page in the extent
 * @nr_pages: its pages
 *
 * Context: Any but NMI, with no raw lock held.
 */
void rsv_zone_free_marked(struct rsv_extent *e, unsigned long index, unsigned long nr_pages)
{
	if (unlikely(!rsv_zone_free_settled(e, index, nr_pages, true)))
		rsv_zone_part(e, index, nr_pages);
}

/* rsv_zone_free_cached() while some cached block of the zone has a bad page */
static unsigned int rsv_zone_free_good(struct rsv_zone *z, struct rsv_extent *e,
				       unsigned long index, unsigned long nr_pages)
{
	unsigned long i;

	for (i = index; i < index + nr_pages; i++) {
		WRITE_ONCE(e->frames[i].kind, RSV_FRAME_BODY);
		if (PageHWPoison(pfn_to_page(e->first + i)))
			rsv_page_set_bad(e, i);
		else
			rsv_buddy_free(z, e, i, 0);
	}
	return nr_pages;
}

/**
 * rsv_zone_free_cached() - move adjacent cached blocks of one order to the free areas
 * @z: their zone, locked
 * @f: the first frame of the first one
 * @order: their order
 * @nr: their number
 *
 * Return: The number of blocks that resulted.
 */
unsigned int rsv_zone_free_cached(struct rsv_zone *z, struct rsv_frame *f, unsigned int order,
				  unsigned int nr)
{
	struct rsv_extent *e = rsv_frame_extent(z->region, f);
	unsigned long index = rsv_frame_index(e, f);

	if (rsv_zone_looks_at_cached(z))
		return rsv_zone_free_good(z, e, index, (unsigned long)nr << order);
	if (nr == 1) {
		rsv_buddy_free(z, e, index, order);
		return 1;
	}
	return rsv_buddy_free_blocks(z, e, index, order, nr);
}
