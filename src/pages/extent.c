// SPDX-License-Identifier: GPL-2.0
/*
 * Taking pages from the system and giving them back; finding the frame of a page.
 *
 * Pages are taken as the largest blocks that alloc_pages() gives without trying hard, sorted by
 * their addresses, and joined where they lie side by side in one zone. Each is split with
 * split_page() at once: from then on it is a page of its own, with a reference of its own, that can
 * be mapped, pinned and given back alone.
 *
 * While they are being collected, blocks hang together by the lru field of their first page, and
 * the private field holds their length: the pages are ours, and no memory has to be found to count
 * what was found.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/list_sort.h>
#include <linux/log2.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/xarray.h>

#include "../compat.h"
#include "../region.h"
#include "buddy.h"
#include "extent.h"
#include "zone.h"

static_assert(sizeof(struct rsv_frame) <= 32);

/* Which extent a page belongs to: by chunk where the chunk lies inside one extent, else by page. */
static DEFINE_XARRAY(rsv_chunks);
static DEFINE_XARRAY(rsv_pages);

/*
 * Taking blocks
 */

/* The order to begin with, or -1 if one run of so many pages cannot be had in one block. */
static int rsv_block_order(unsigned long nr_pages, bool contig)
{
	if (contig)
		return order_base_2(nr_pages) > RSV_KERNEL_MAX_ORDER ? -1 : order_base_2(nr_pages);
	return min_t(int, ilog2(nr_pages), RSV_KERNEL_MAX_ORDER);
}

/* Gives up the pages of an order that go beyond what was wanted, and remembers the rest. */
static void rsv_block_collect(struct list_head *blocks, struct page *page, unsigned int order,
			      unsigned long nr_pages)
{
	unsigned long i;

	split_page(page, order);
	for (i = nr_pages; i < 1UL << order; i++)
		__free_page(page + i);
	set_page_private(page, nr_pages);
	list_add(&page->lru, blocks);
}

/* Adds blocks of nr_pages pages in all to the list. Returns the pages that could not be had. */
static unsigned long rsv_blocks_take(struct list_head *blocks, unsigned long nr_pages, bool contig)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN;
	int order = nr_pages ? rsv_block_order(nr_pages, contig) : -1;

	while (nr_pages && order >= 0 && !fatal_signal_pending(current)) {
		struct page *page = alloc_pages(gfp, order);
		unsigned long got;

		if (!page) {
			order = contig ? -1 : order - 1;
			continue;
		}
		got = min(nr_pages, 1UL << order);
		rsv_block_collect(blocks, page, order, got);
		nr_pages -= got;
		if (nr_pages)
			order = min(order, rsv_block_order(nr_pages, contig));
		cond_resched();
	}
	return nr_pages;
}

static void rsv_run_release(unsigned long pfn, unsigned long nr_pages)
{
	for (; nr_pages; nr_pages--, pfn++) {
		__free_page(pfn_to_page(pfn));
		cond_resched();
	}
}

static void rsv_blocks_release(struct list_head *blocks)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, blocks, lru) {
		list_del_init(&page->lru);
		rsv_run_release(page_to_pfn(page), page_private(page));
	}
}

/*
 * The size_t sum is what the caller wants; in whole pages, or 0 if it is not a sum that memory
 * could have.
 */
static unsigned long rsv_pages_wanted(const struct rsv_reserve *want, unsigned int nr)
{
	unsigned long sum = 0;
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (!want[i].bytes || want[i].bytes > SIZE_MAX - PAGE_SIZE ||
		    check_add_overflow(sum, (unsigned long)PFN_UP(want[i].bytes), &sum))
			return 0;
	return sum;
}

static int rsv_pages_allowed(const struct rsv_region *r, unsigned long nr_pages, bool force)
{
	unsigned long available = max(si_mem_available(), 0L);

	if (nr_pages <= (force ? available : available / 2))
		return 0;
	pr_err_ratelimited("region %s: %lu KiB wanted, %lu KiB found; %s of it may be taken\n",
			   r->name, nr_pages << (PAGE_SHIFT - 10), available << (PAGE_SHIFT - 10),
			   force ? "no more than all" : "without force=1 no more than half");
	return -ENOMEM;
}

static int rsv_blocks_collect(struct rsv_region *r, struct list_head *blocks,
			      const struct rsv_reserve *want, unsigned int nr)
{
	unsigned long wanted = rsv_pages_wanted(want, nr), missing = 0;
	bool force = false;
	unsigned int i;
	int err;

	if (!wanted)
		return -EINVAL;
	for (i = 0; i < nr; i++)
		force |= want[i].flags & RSV_RESERVE_FORCE;
	err = rsv_pages_allowed(r, wanted, force);
	if (err)
		return err;

	for (i = 0; i < nr && !missing; i++)
		missing = rsv_blocks_take(blocks, PFN_UP(want[i].bytes),
					  want[i].flags & RSV_RESERVE_CONTIG);
	if (!missing)
		return 0;

	for (; i < nr; i++)
		missing += PFN_UP(want[i].bytes);
	pr_err_ratelimited("region %s: %lu KiB wanted, %lu KiB found\n", r->name,
			   wanted << (PAGE_SHIFT - 10), (wanted - missing) << (PAGE_SHIFT - 10));
	rsv_blocks_release(blocks);
	return fatal_signal_pending(current) ? -EINTR : -ENOMEM;
}

/*
 * Joining blocks to extents
 */

static int rsv_block_cmp(void *unused, const struct list_head *a, const struct list_head *b)
{
	unsigned long x = page_to_pfn(list_entry(a, struct page, lru));
	unsigned long y = page_to_pfn(list_entry(b, struct page, lru));

	return x < y ? -1 : x > y;
}

static bool rsv_block_continues(const struct page *page, const struct page *before)
{
	return before && page_zone(page) == page_zone(before) &&
	       page_to_pfn(page) == page_to_pfn(before) + page_private(before);
}

static unsigned int rsv_count_runs(const struct list_head *blocks)
{
	struct page *page, *before = NULL;
	unsigned int nr = 0;

	list_for_each_entry(page, blocks, lru) {
		nr += !rsv_block_continues(page, before);
		before = page;
	}
	return nr;
}

static struct rsv_extent *rsv_extent_new(struct rsv_region *r, struct page *first)
{
	struct rsv_extent *e = kzalloc(sizeof(*e), GFP_KERNEL);

	if (!e)
		return NULL;
	e->region = r;
	e->first = page_to_pfn(first);
	e->place = r->nr_pages;
	e->base = page_address(first);
	e->zone = rsv_zone_get(r, first);
	if (!e->zone) {
		kfree(e);
		return NULL;
	}
	r->extents[r->nr_extents++] = e;
	r->metadata += sizeof(*e);
	return e;
}

/* Moves the blocks from the list to extents: those that are left on the list have no extent yet. */
static int rsv_blocks_join(struct rsv_region *r, struct list_head *blocks)
{
	unsigned int runs = rsv_count_runs(blocks);
	struct page *page, *next, *before = NULL;
	struct rsv_extent *e = NULL;

	if (runs > RSV_EXTENTS_MAX) {
		pr_err_ratelimited("region %s: memory is in %u pieces, more than %u\n",
				   r->name, runs, RSV_EXTENTS_MAX);
		return -ENOMEM;
	}
	r->extents = kvcalloc(runs, sizeof(*r->extents), GFP_KERNEL);
	if (!r->extents)
		return -ENOMEM;
	r->metadata += runs * sizeof(*r->extents);

	list_for_each_entry_safe(page, next, blocks, lru) {
		if (!rsv_block_continues(page, before)) {
			e = rsv_extent_new(r, page);
			if (!e)
				return -ENOMEM;
		}
		list_del_init(&page->lru);
		e->nr_pages += page_private(page);
		r->nr_pages += page_private(page);
		before = page;
	}
	return 0;
}

static int rsv_extent_frames(struct rsv_extent *e, unsigned int number)
{
	size_t bytes = array_size(e->nr_pages, sizeof(*e->frames));
	unsigned long i;

	/* kvmalloc() refuses more than INT_MAX. */
	e->frames = bytes > INT_MAX ? vzalloc(bytes) : kvzalloc(bytes, GFP_KERNEL);
	if (!e->frames)
		return -ENOMEM;
	e->region->metadata += bytes;
	for (i = 0; i < e->nr_pages; i++) {
		e->frames[i].extent = number;
		set_page_private(pfn_to_page(e->first + i), 0);
	}
	return 0;
}

/* The largest block of a run decides how many orders its zone has. */
static unsigned int rsv_extent_orders(const struct rsv_extent *e)
{
	unsigned int order = min_t(unsigned int, ilog2(e->nr_pages), RSV_ORDERS_MAX - 1);
	unsigned long end = e->first + e->nr_pages;

	while (round_up(e->first, 1UL << order) + (1UL << order) > end)
		order--;
	return order + 1;
}

static int rsv_extents_prepare(struct rsv_region *r)
{
	unsigned int i;

	for (i = 0; i < r->nr_extents; i++) {
		struct rsv_extent *e = r->extents[i];
		int err = rsv_extent_frames(e, i);

		if (err)
			return err;
		e->zone->nr_pages += e->nr_pages;
		e->zone->nr_orders = max(e->zone->nr_orders, rsv_extent_orders(e));
		cond_resched();
	}
	return 0;
}

/* Nobody else knows the region yet; the lock is for the rule, and is dropped between extents. */
static void rsv_extents_free_all(struct rsv_region *r)
{
	unsigned int i;

	for (i = 0; i < r->nr_extents; i++) {
		struct rsv_extent *e = r->extents[i];
		unsigned long flags;

		raw_spin_lock_irqsave(&e->zone->lock, flags);
		rsv_buddy_give_run(e->zone, e, 0, e->nr_pages);
		raw_spin_unlock_irqrestore(&e->zone->lock, flags);
	}
}

/**
 * rsv_extents_reserve() - take pages from the system for a region
 * @r: the region, without extents and zones, known to nobody else
 * @want: what to take
 * @nr: entries of @want; 0 leaves the region empty
 *
 * Never invokes the OOM killer, and leaves the system half of what it has available unless told
 * otherwise.
 *
 * Context: Process; may sleep.
 * Return: 0; -EINVAL for sizes that make no sense; -ENOMEM, with a line in the log that says how
 * much was wanted and found; -EINTR if the process was killed. On error nothing is kept.
 */
int rsv_extents_reserve(struct rsv_region *r, const struct rsv_reserve *want, unsigned int nr)
{
	LIST_HEAD(blocks);
	int err;

	if (!nr)
		return 0;
	err = rsv_blocks_collect(r, &blocks, want, nr);
	if (err)
		return err;

	list_sort(NULL, &blocks, rsv_block_cmp);
	err = rsv_blocks_join(r, &blocks);
	if (!err)
		err = rsv_extents_prepare(r);
	if (err) {
		rsv_blocks_release(&blocks);
		rsv_extents_release(r);
		return err;
	}
	rsv_extents_free_all(r);
	return 0;
}

/*
 * From a page to its extent
 */

/* Enters the extent, or erases it with entry NULL, which cannot fail. */
static int rsv_extent_enter(const struct rsv_extent *e, struct rsv_extent *entry)
{
	const unsigned long chunk = 1UL << RSV_CHUNK_ORDER, end = e->first + e->nr_pages;
	unsigned long pfn = e->first;
	void *old;

	while (pfn < end) {
		if (IS_ALIGNED(pfn, chunk) && end - pfn >= chunk) {
			old = xa_store(&rsv_chunks, pfn >> RSV_CHUNK_ORDER, entry, GFP_KERNEL);
			pfn += chunk;
		} else {
			old = xa_store(&rsv_pages, pfn, entry, GFP_KERNEL);
			pfn++;
		}
		if (xa_is_err(old))
			return xa_err(old);
	}
	return 0;
}

static void rsv_extents_hide(struct rsv_region *r)
{
	unsigned int i;

	for (i = 0; i < r->nr_extents; i++)
		rsv_extent_enter(r->extents[i], NULL);
	/* Whoever looked up a pointer that it did not trust is done with the extents now. */
	synchronize_rcu();
}

/**
 * rsv_extents_publish() - let a region's extents be found by page and address
 * @r: the region, complete
 *
 * Context: Process; may sleep.
 * Return: 0 or -ENOMEM, and then none can be found.
 */
int rsv_extents_publish(struct rsv_region *r)
{
	unsigned int i;
	int err;

	for (i = 0; i < r->nr_extents; i++) {
		err = rsv_extent_enter(r->extents[i], r->extents[i]);
		if (err) {
			rsv_extents_hide(r);
			return err;
		}
		cond_resched();
	}
	return 0;
}

/**
 * rsv_extents_release() - give all pages of a region back to the system
 * @r: the region, with nothing allocated, or half made
 *
 * Context: Process; may sleep.
 */
void rsv_extents_release(struct rsv_region *r)
{
	unsigned int i;

	rsv_extents_hide(r);
	for (i = 0; i < r->nr_extents; i++) {
		struct rsv_extent *e = r->extents[i];

		rsv_run_release(e->first, e->nr_pages);
		kvfree(e->frames);
		kfree(e);
	}
	kvfree(r->extents);
	r->extents = NULL;
	r->nr_extents = 0;
	r->nr_pages = 0;
	rsv_zones_release(r);
}

/**
 * rsv_extent_find() - the extent that a page belongs to
 * @pfn: page frame number, whether of a region or not
 *
 * Context: Any, under rcu_read_lock() unless the caller holds a block of the extent.
 * Return: The extent or NULL.
 */
struct rsv_extent *rsv_extent_find(unsigned long pfn)
{
	struct rsv_extent *e = xa_load(&rsv_chunks, pfn >> RSV_CHUNK_ORDER);

	return e ?: xa_load(&rsv_pages, pfn);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_extent_find);

/**
 * rsv_frame_of_page() - what Reservoir knows of a page
 * @page: any page
 *
 * Context: As rsv_extent_find().
 * Return: Its frame, or NULL if it belongs to no region.
 */
struct rsv_frame *rsv_frame_of_page(struct page *page)
{
	struct rsv_extent *e = rsv_extent_find(page_to_pfn(page));

	return e ? &e->frames[page_to_pfn(page) - e->first] : NULL;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_frame_of_page);

/**
 * rsv_extent_find_addr() - the extent that an address lies in
 * @addr: any address, even one that means nothing
 *
 * Context: As rsv_extent_find().
 * Return: The extent or NULL.
 */
struct rsv_extent *rsv_extent_find_addr(const void *addr)
{
	return virt_addr_valid(addr) ? rsv_extent_find(page_to_pfn(virt_to_page(addr))) : NULL;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_extent_find_addr);

/**
 * rsv_region_extent() - the extent of a region that an address lies in
 * @r: the region
 * @addr: any address
 *
 * Most regions have one extent, or most of their pages in the first one, which is therefore looked
 * at first.
 *
 * Context: As rsv_extent_find().
 * Return: The extent, or NULL if the address does not lie in the region.
 */
struct rsv_extent *rsv_region_extent(const struct rsv_region *r, const void *addr)
{
	struct rsv_extent *e;

	if (r->nr_extents) {
		e = r->extents[0];
		if ((unsigned long)(addr - e->base) < e->nr_pages << PAGE_SHIFT)
			return e;
	}
	e = rsv_extent_find_addr(addr);
	return e && e->region == r ? e : NULL;
}

/**
 * rsv_frame_block() - the block that a page belongs to
 * @e: the page's extent, its zone locked
 * @f: the page's frame
 *
 * A block begins at a multiple of the power of two that holds it. So its first frame is the first
 * one that is not BODY among those at which blocks of order 0, 1, 2 and so on around the page would
 * begin.
 *
 * Return: The first frame of the block.
 */
const struct rsv_frame *rsv_frame_block(const struct rsv_extent *e, const struct rsv_frame *f)
{
	unsigned long pfn = e->first + rsv_frame_index(e, f);
	unsigned int order;

	for (order = 1; f->kind == RSV_FRAME_BODY; order++)
		f = &e->frames[round_down(pfn, 1UL << order) - e->first];
	return f;
}
