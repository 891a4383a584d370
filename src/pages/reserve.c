// SPDX-License-Identifier: GPL-2.0
/*
 * Reservations: taking pages from the system, and giving them back.
 *
 * A reservation takes the largest blocks that alloc_pages() allocates without much effort.
 * split_page() then splits each block at once, so that every page has a reference of its own and
 * can be mapped, pinned and freed alone.
 *
 * The lru field of a block's first page links the block into a list, and the private field holds
 * its length. The pages are the module's, so both fields are free to use, and the lists need no
 * other memory.
 *
 * A reservation may insist on contiguous pages. If alloc_pages() does not allocate so many, the
 * kernel migrates other pages out of the way, if it can. Otherwise the reservation collects blocks
 * until enough of them are adjacent, and gives the others back.
 *
 * Pages that begin where their largest block can begin are better: then 64 MB are one block. If any
 * such range of the system can be migrated, it is taken. A collection does not go on for that: it
 * ends with the first run that is long enough, and the pages begin there if the run has room.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/capability.h>
#include <linux/list_sort.h>
#include <linux/log2.h>
#include <linux/memory_hotplug.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>

#include "compat.h"
#include "gfp.h"
#include "reserve.h"
#include "zonelist.h"

/*
 * Blocks collected between two checks whether enough of them are adjacent. A check sorts all
 * blocks, so later ones wait for a quarter more of them: then the sum of all checks grows as one.
 */
#define RSV_SEARCH_STEP	64U

/* Pages that the system has available, and pages that a reservation may still take */
struct rsv_allowance {
	unsigned long available;
	unsigned long left;
};

/**
 * rsv_reserve_ok() - whether a reservation makes sense on this machine
 * @want: the reservation
 *
 * Return: true if it does.
 */
bool rsv_reserve_ok(const struct rsv_reserve *want)
{
	const unsigned int flags = RSV_RESERVE_CONTIG | RSV_RESERVE_FORCE | RSV_RESERVE_NODE;

	if (!want->bytes || want->bytes > SIZE_MAX - PAGE_SIZE || want->flags & ~flags)
		return false;
	if (want->zone != RSV_ZONE_ANY && rsv_kernel_zone(want->zone) < 0)
		return false;
	if (want->shared > want->bytes || (want->shared && want->zone == RSV_ZONE_ANY))
		return false;
	return !(want->flags & RSV_RESERVE_NODE) ||
	       (want->nid >= 0 && want->nid < nr_node_ids && node_online(want->nid));
}

static gfp_t rsv_reserve_gfp(const struct rsv_reserve *want)
{
	gfp_t gfp = RSV_GFP_CREATE;

	if (want->flags & RSV_RESERVE_CHARGED)
		gfp |= __GFP_ACCOUNT;
	switch (want->zone) {
	case RSV_ZONE_DMA:
		gfp |= __GFP_DMA;
		break;
	case RSV_ZONE_DMA32:
		gfp |= __GFP_DMA32;
		break;
	case RSV_ZONE_HIGHMEM:
		gfp |= __GFP_HIGHMEM;
		break;
	}
	if (want->flags & RSV_RESERVE_NODE)
		gfp |= __GFP_THISNODE;
	return gfp;
}

/* alloc_pages() falls back to lower zones, and a reservation that names a zone must not. */
static bool rsv_reserve_fits(const struct rsv_reserve *want, const struct page *page)
{
	return want->zone == RSV_ZONE_ANY || page_zonenum(page) == rsv_kernel_zone(want->zone);
}

static struct page *rsv_reserve_pages(const struct rsv_reserve *want, unsigned int order)
{
	int nid = want->flags & RSV_RESERVE_NODE ? want->nid : numa_mem_id();
	struct page *page = alloc_pages_node(nid, rsv_reserve_gfp(want), order);

	if (page && !rsv_reserve_fits(want, page)) {
		__free_pages(page, order);
		return NULL;
	}
	return page;
}

static void rsv_blocks_add(struct list_head *blocks, struct page *page, unsigned long nr_pages)
{
	set_page_private(page, nr_pages);
	list_add(&page->lru, blocks);
}

/**
 * rsv_reserve_give() - give pages back to the system
 * @pfn: the first
 * @nr_pages: their number
 *
 * Context: Process; may sleep.
 */
void rsv_reserve_give(unsigned long pfn, unsigned long nr_pages)
{
	for (; nr_pages; nr_pages--, pfn++) {
		__free_page(pfn_to_page(pfn));
		cond_resched();
	}
}

static void rsv_block_give(struct page *page)
{
	unsigned long nr_pages = page_private(page);

	list_del_init(&page->lru);
	set_page_private(page, 0);
	rsv_reserve_give(page_to_pfn(page), nr_pages);
}

/**
 * rsv_reserve_give_blocks() - give all blocks of a list back to the system
 * @blocks: the list
 *
 * Context: Process; may sleep.
 */
void rsv_reserve_give_blocks(struct list_head *blocks)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, blocks, lru)
		rsv_block_give(page);
}

/* Splits a block into pages, adds the first nr_pages to the list and gives the others back. */
static void rsv_block_split(struct list_head *blocks, struct page *page, unsigned int order,
			    unsigned long nr_pages)
{
	split_page(page, order);
	rsv_reserve_give(page_to_pfn(page) + nr_pages, (1UL << order) - nr_pages);
	rsv_blocks_add(blocks, page, nr_pages);
}

/* Adds blocks of nr_pages pages in all to the list. Returns how many pages are missing. */
static unsigned long rsv_take_pieces(struct list_head *blocks, const struct rsv_reserve *want,
				     unsigned long nr_pages)
{
	int order = min_t(int, ilog2(nr_pages), RSV_KERNEL_MAX_ORDER);

	while (nr_pages && order >= 0 && !fatal_signal_pending(current)) {
		struct page *page = rsv_reserve_pages(want, order);

		if (!page) {
			order--;
			continue;
		}
		rsv_block_split(blocks, page, order, 1UL << order);
		nr_pages -= 1UL << order;
		if (nr_pages)
			order = min_t(int, order, ilog2(nr_pages));
		cond_resched();
	}
	return nr_pages;
}

/*
 * Contiguous pages
 */

static int rsv_block_cmp(void *unused, const struct list_head *a, const struct list_head *b)
{
	unsigned long x = page_to_pfn(list_entry(a, struct page, lru));
	unsigned long y = page_to_pfn(list_entry(b, struct page, lru));

	return x < y ? -1 : x > y;
}

/* Sorts blocks by their addresses. */
static void rsv_blocks_sort(struct list_head *blocks)
{
	list_sort(NULL, blocks, rsv_block_cmp);
}

bool rsv_block_continues(const struct page *page, const struct page *before)
{
	return before && page_zone(page) == page_zone(before) &&
	       page_to_pfn(page) == page_to_pfn(before) + page_private(before);
}

/*
 * Finds the longest run of adjacent blocks in a sorted list. Returns its first page, and its length
 * in @longest.
 */
static struct page *rsv_blocks_longest(struct list_head *blocks, unsigned long *longest)
{
	struct page *page, *before = NULL, *start = NULL, *best = NULL;
	unsigned long length = 0;

	*longest = 0;
	list_for_each_entry(page, blocks, lru) {
		if (!rsv_block_continues(page, before)) {
			start = page;
			length = 0;
		}
		length += page_private(page);
		if (length > *longest) {
			*longest = length;
			best = start;
		}
		before = page;
	}
	return best;
}

/*
 * The block of a run at which nr_pages pages best begin: a multiple of the size of their largest
 * block, if the run goes on far enough from there, else its first block. All blocks of the run have
 * the kernel's largest order.
 */
static struct page *rsv_blocks_start(struct page *first, unsigned long length,
				     unsigned long nr_pages)
{
	unsigned long pfn = page_to_pfn(first), skip;
	struct page *page = first;

	skip = round_up(pfn, rounddown_pow_of_two(nr_pages)) - pfn;
	if (skip + nr_pages > length)
		return first;
	for (; skip; page = list_next_entry(page, lru))
		skip -= page_private(page);
	return page;
}

/*
 * Moves nr_pages pages, from the block @first on, from a sorted list to another. Excess pages of
 * the last block go back to the system.
 */
static void rsv_blocks_move(struct list_head *from, struct list_head *to, struct page *first,
			    unsigned long nr_pages)
{
	struct page *page, *next;

	for (page = first; nr_pages; page = next) {
		unsigned long length = page_private(page);

		next = list_next_entry(page, lru);
		list_del_init(&page->lru);
		if (length > nr_pages) {
			rsv_reserve_give(page_to_pfn(page) + nr_pages, length - nr_pages);
			length = nr_pages;
		}
		rsv_blocks_add(to, page, length);
		nr_pages -= length;
	}
}

/*
 * Collects blocks of the largest order until enough are adjacent. Returns the length of the longest
 * run found. A program is charged for all blocks meanwhile, so they are few.
 */
static unsigned long rsv_collect_contiguous(struct list_head *blocks,
					    const struct rsv_reserve *want, unsigned long nr_pages,
					    unsigned long allowed)
{
	const bool charged = want->flags & RSV_RESERVE_CHARGED;
	const unsigned int order = RSV_KERNEL_MAX_ORDER;
	unsigned int steps = charged ? (nr_pages >> order) + 1 : RSV_SEARCH_STEP;
	unsigned long longest = 0, taken = 0;
	struct page *page = NULL, *first;
	LIST_HEAD(found);

	if (charged)
		allowed = min(allowed, 2 * nr_pages);
	do {
		unsigned int step;

		for (step = 0; step < steps && taken < allowed; step++) {
			page = rsv_reserve_pages(want, order);
			if (!page)
				break;
			rsv_block_split(&found, page, order, 1UL << order);
			taken += 1UL << order;
		}
		rsv_blocks_sort(&found);
		first = rsv_blocks_longest(&found, &longest);
		steps = max_t(unsigned long, steps, (taken >> order) / 4);
		cond_resched();
	} while (page && taken < allowed && longest < nr_pages && !fatal_signal_pending(current));

	if (longest >= nr_pages)
		rsv_blocks_move(&found, blocks, rsv_blocks_start(first, longest, nr_pages),
				nr_pages);
	rsv_reserve_give_blocks(&found);
	return longest;
}

/* Whether the kernel may be able to migrate all pages of a range */
static bool rsv_range_movable(struct zone *zone, unsigned long start, unsigned long end)
{
	unsigned long pfn;

	for (pfn = start; pfn < end; pfn++) {
		struct page *page = pfn_to_online_page(pfn);

		if (!page || page_zone(page) != zone || PageReserved(page))
			return false;
	}
	return true;
}

/* Takes the first range of a zone that begins at a multiple of @align pages and can be had. */
static struct page *rsv_migrate_in_zone(struct zone *zone, unsigned long nr_pages,
					unsigned long align)
{
	unsigned long start = round_up(zone->zone_start_pfn, align);

	for (; start + nr_pages <= zone_end_pfn(zone); start += align) {
		if (fatal_signal_pending(current))
			return NULL;
		if (rsv_range_movable(zone, start, start + nr_pages) &&
		    rsv_kernel_take_range(start, nr_pages))
			return pfn_to_page(start);
		cond_resched();
	}
	return NULL;
}

/*
 * Whether a reservation may take pages of a zone: of the zone that it names or, if it names none,
 * of any zone whose pages have addresses
 */
static bool rsv_reserve_may_use(const struct rsv_reserve *want, enum zone_type type)
{
	return want->zone == RSV_ZONE_ANY ? type <= ZONE_NORMAL
					  : type == rsv_kernel_zone(want->zone);
}

/* Takes such a range of any zone, those of the nearest node first. */
static struct page *rsv_migrate_aligned(const struct rsv_reserve *want, unsigned long nr_pages,
					unsigned long align)
{
	unsigned int rank;
	int type;

	for (rank = 0; rank < nr_node_ids; rank++) {
		int nid = rsv_node_at(numa_mem_id(), rank);

		if (!node_online(nid) || (want->flags & RSV_RESERVE_NODE && nid != want->nid))
			continue;
		for (type = MAX_NR_ZONES - 1; type >= 0; type--) {
			struct zone *zone = &NODE_DATA(nid)->node_zones[type];
			struct page *page = NULL;

			if (rsv_reserve_may_use(want, type) && populated_zone(zone))
				page = rsv_migrate_in_zone(zone, nr_pages, align);
			if (page)
				return page;
		}
	}
	return NULL;
}

/*
 * A block begins at a multiple of its size. So the range begins where its largest block can begin,
 * if any zone has such a range, else at any pageblock.
 */
static struct page *rsv_migrate(const struct rsv_reserve *want, unsigned long nr_pages)
{
	unsigned long align = rounddown_pow_of_two(nr_pages);
	struct page *page = NULL;

	if (!RSV_KERNEL_TAKES_RANGES)
		return NULL;
	if (align > pageblock_nr_pages)
		page = rsv_migrate_aligned(want, nr_pages, align);
	return page ?: rsv_migrate_aligned(want, nr_pages, pageblock_nr_pages);
}

/* Adds nr_pages contiguous pages to the list. Returns the length of the longest run found. */
static unsigned long rsv_take_contiguous(struct list_head *blocks, const struct rsv_reserve *want,
					 unsigned long nr_pages, unsigned long allowed)
{
	const bool charged = want->flags & RSV_RESERVE_CHARGED;
	unsigned int order = order_base_2(nr_pages);
	unsigned long found = 0;
	struct page *page;

	if (order <= RSV_KERNEL_MAX_ORDER) {
		page = rsv_reserve_pages(want, order);
		if (page) {
			rsv_block_split(blocks, page, order, nr_pages);
			return nr_pages;
		}
	}
	/* The kernel charges only pages that it allocates: migration is for administrators then. */
	if (charged) {
		found = rsv_collect_contiguous(blocks, want, nr_pages, allowed);
		if (found >= nr_pages || !capable(CAP_SYS_RESOURCE))
			return found;
	}
	page = rsv_migrate(want, nr_pages);
	if (page) {
		rsv_blocks_add(blocks, page, nr_pages);
		return nr_pages;
	}
	return charged ? found : rsv_collect_contiguous(blocks, want, nr_pages, allowed);
}

/*
 * The whole of a reservation
 */

static int rsv_reserve_sum(const struct rsv_reserve *want, unsigned int nr, unsigned long *sum)
{
	unsigned int i;

	*sum = 0;
	for (i = 0; i < nr; i++)
		if (check_add_overflow(*sum, (unsigned long)PFN_UP(want[i].bytes), sum))
			return -EINVAL;
	return 0;
}

static unsigned long rsv_kib(unsigned long nr_pages)
{
	return nr_pages << (PAGE_SHIFT - 10);
}

/* Any program can create a scratch region. It gets an error, and cannot write the log. */
static bool rsv_reserve_logs(const struct rsv_region *r)
{
	return r->origin != RSV_REGION_SCRATCH;
}

/* Pages of the system that a region's pages take together with their frames */
static unsigned long rsv_with_frames(unsigned long nr_pages)
{
	return nr_pages + DIV_ROUND_UP(nr_pages, PAGE_SIZE / sizeof(struct rsv_frame));
}

static int rsv_reserve_allowed(const struct rsv_region *r, unsigned long nr_pages, bool force,
			       struct rsv_allowance *allowance)
{
	unsigned long available = max(si_mem_available(), 0L);

	allowance->available = available;
	allowance->left = force ? available : available / 2;
	if (nr_pages <= allowance->left && rsv_with_frames(nr_pages) <= allowance->left)
		return 0;
	if (rsv_reserve_logs(r))
		pr_err_ratelimited("region %s: %lu KiB wanted, %lu KiB found; %s of it may be taken\n",
				   r->name, rsv_kib(nr_pages), rsv_kib(available),
				   force ? "no more than all" :
					   "without force=1 no more than half");
	return -ENOMEM;
}

/* Takes the pages of one entry. Returns false if the system lacks them. */
static bool rsv_take_entry(const struct rsv_region *r, struct list_head *blocks,
			   struct rsv_reserve want, struct rsv_allowance *allowance)
{
	unsigned long nr_pages = PFN_UP(want.bytes), found;

	if (r->origin == RSV_REGION_SCRATCH)
		want.flags |= RSV_RESERVE_CHARGED;
	if (want.flags & RSV_RESERVE_CONTIG) {
		found = rsv_take_contiguous(blocks, &want, nr_pages, allowance->left);
		if (found >= nr_pages)
			goto taken;
		if (rsv_reserve_logs(r))
			pr_err_ratelimited("region %s: %lu KiB wanted in one extent, %lu KiB is the longest run\n",
					   r->name, rsv_kib(nr_pages), rsv_kib(found));
		return false;
	}
	found = nr_pages - rsv_take_pieces(blocks, &want, nr_pages);
	if (found == nr_pages)
		goto taken;
	if (rsv_reserve_logs(r))
		pr_err_ratelimited("region %s: %lu KiB wanted, %lu KiB found\n", r->name,
				   rsv_kib(nr_pages), rsv_kib(found));
	return false;

taken:
	allowance->left -= nr_pages;
	return true;
}

/**
 * rsv_reserve_take() - take pages from the system
 * @r: the region that they are for, which messages name
 * @blocks: receives the blocks
 * @want: the reservations, each of which passed rsv_reserve_ok()
 * @nr: entries of @want
 *
 * The function never invokes the OOM killer. It leaves the system half of its available memory,
 * unless a reservation has RSV_RESERVE_FORCE.
 *
 * Context: Process; may sleep.
 * Return: 0, the blocks sorted; -EINVAL if the sum is more than a number can be; -ENOMEM, with a
 * line in the log, unless the region is a scratch region, that says how much was wanted and found;
 * -EINTR if the process was killed. On error the system has all pages back.
 */
int rsv_reserve_take(const struct rsv_region *r, struct list_head *blocks,
		     const struct rsv_reserve *want, unsigned int nr)
{
	struct rsv_allowance allowance;
	unsigned long sum;
	bool force = false;
	unsigned int i;
	int err = rsv_reserve_sum(want, nr, &sum);

	if (err)
		return err;
	for (i = 0; i < nr; i++)
		force |= want[i].flags & RSV_RESERVE_FORCE;
	err = rsv_reserve_allowed(r, sum, force, &allowance);
	if (err)
		return err;

	for (i = 0; i < nr; i++)
		if (!rsv_take_entry(r, blocks, want[i], &allowance)) {
			rsv_reserve_give_blocks(blocks);
			return fatal_signal_pending(current) ? -EINTR : -ENOMEM;
		}
	rsv_blocks_sort(blocks);
	return 0;
}

/**
 * rsv_reserve_take_free() - take pages that are free in the system
 * @blocks: receives the blocks, sorted
 * @nr_pages: how many pages at most
 * @order: order of each block
 *
 * The kernel neither reclaims nor migrates for these pages, not even in the background: reclaim
 * would call the shrinkers, which ask regions to lend.
 *
 * Context: Process; may sleep.
 */
void rsv_reserve_take_free(struct list_head *blocks, unsigned long nr_pages, unsigned int order)
{
	const gfp_t gfp = (GFP_KERNEL & ~__GFP_RECLAIM) | __GFP_NOWARN;

	for (; nr_pages >= 1UL << order; nr_pages -= 1UL << order) {
		struct page *page = alloc_pages(gfp, order);

		if (!page)
			break;
		rsv_block_split(blocks, page, order, 1UL << order);
		cond_resched();
	}
	rsv_blocks_sort(blocks);
}
