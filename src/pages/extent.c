// SPDX-License-Identifier: GPL-2.0
/*
 * The extents of a region and their frame tables: this file adds extents, makes holes in them when
 * pages go back to the system, and frees them.
 *
 * The region's shape_lock guards the extents. Requests find them without a lock, in the table
 * (extent_table.c), once they are complete. So an extent is freed only after the grace periods that
 * pagemap.c describes. An extent never grows, because its frame table cannot grow in place.
 * Pages that go back to the system leave a hole. An extent that consists of holes only is freed.
 *
 * The system may take such memory off-line, and the machine may lose it. Then the pages of the hole
 * have no page structures and no addresses, while their frames still say HOLE. So no code goes from
 * a frame that may say HOLE to a page structure, or to memory. A lookup by an address goes to the
 * frame without the page structure: rsv_extent_find_addr().
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/llist.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "bad_page.h"
#include "buddy.h"
#include "extent.h"
#include "extent_table.h"
#include "frame.h"
#include "frame_table.h"
#include "gfp.h"
#include "pagemap.h"
#include "report.h"
#include "reserve.h"
#include "waiting.h"
#include "work.h"
#include "zone.h"
#include "zonelist.h"

/*
 * Adding extents
 */

/* The number of extents that the blocks of a sorted list make */
static unsigned int rsv_count_extents(struct list_head *blocks)
{
	struct page *page, *before = NULL;
	unsigned int nr = 0;

	list_for_each_entry(page, blocks, lru) {
		nr += !rsv_block_continues(page, before);
		before = page;
	}
	return nr;
}

/* The number of orders that blocks of an extent can have: that of the largest block, plus one */
static unsigned int rsv_extent_orders(const struct rsv_extent *e)
{
	unsigned int order = min_t(unsigned int, ilog2(e->nr_pages), RSV_ORDERS_MAX - 1);
	unsigned long end = e->first + e->nr_pages;

	while (round_up(e->first, 1UL << order) + (1UL << order) > end)
		order--;
	return order + 1;
}

static size_t rsv_extent_bytes(const struct rsv_extent *e)
{
	return sizeof(*e) + array_size(e->nr_pages, sizeof(*e->frames));
}

static void rsv_extent_free(struct rsv_extent *e)
{
	rsv_frames_free(e->frames);
	kfree(e);
}

/*
 * Gives a new extent its frames, its number and its offset. The frames need by far the most memory.
 * So they come first: to give an offset back takes memory, too.
 */
static int rsv_extent_fill(struct rsv_extent *e)
{
	unsigned long i;
	int err;

	e->frames = rsv_frames_alloc(e->nr_pages, rsv_metadata_node(e->nid),
				     rsv_gfp_create(e->region));
	if (!e->frames)
		return -ENOMEM;
	err = rsv_extent_place(e);
	if (err)
		return err;
	for (i = 0; i < e->nr_pages; i++)
		e->frames[i].extent = e->number;
	return 0;
}

/*
 * With software or hardware tags KASAN gives each block of the system a tag of its own, which its
 * addresses carry. An extent consists of many such blocks, and is cut anew all the time. So its
 * pages get the tag that fits all memory: an address in the extent is its base and an offset.
 */
static void rsv_extent_reset_tags(struct page *page, unsigned long nr_pages)
{
	unsigned long pfn = page_to_pfn(page), end = pfn + nr_pages;

	if (!IS_ENABLED(CONFIG_KASAN_SW_TAGS) && !IS_ENABLED(CONFIG_KASAN_HW_TAGS))
		return;
	for (; pfn < end; pfn++)
		page_kasan_tag_reset(pfn_to_page(pfn));
}

/*
 * Gives each page of a new extent the references that it has as long as it is the region's, and
 * clears what the system left in its fields. Returns whether a page went bad since the system
 * handed it out: before the extent is in the page map, the kernel's event finds nothing.
 */
static bool rsv_extent_settle_pages(struct rsv_extent *e)
{
	bool bad = false;
	unsigned long i;

	for (i = 0; i < e->nr_pages; i++) {
		struct page *page = pfn_to_page(e->first + i);

		page_ref_add(page, RSV_PAGE_REFS - 1);
		rsv_page_clear(page);
		bad |= PageHWPoison(page);
		cond_resched();
	}
	return bad;
}

/* Drops references of a page, the last of which may give it to the system. */
static void rsv_page_unref(struct page *page, int refs)
{
	page_ref_sub(page, refs - 1);
	put_page(page);
}

/*
 * Gives a free page to the system. If somebody else still refers to it, it goes there with the last
 * reference. If all references to it were dropped, the system has it already.
 */
static void rsv_page_give(struct rsv_extent *e, unsigned long index)
{
	const struct rsv_frame *f = &e->frames[index];
	struct page *page = pfn_to_page(e->first + index);
	int refs = page_ref_count(page);

	if (f->kind == RSV_FRAME_BAD && f->order == RSV_ORDER_NONE)
		return;
	if (refs < RSV_PAGE_REFS)
		rsv_page_report_lost(e, index);
	if (!refs)
		return;
	if (refs <= RSV_PAGE_REFS)
		rsv_page_clear(page);
	rsv_page_unref(page, min(refs, RSV_PAGE_REFS));
}

/*
 * Takes the region's references from a leaked page, and leaves that of its owner. One that the
 * owner dropped before, by mistake, does not keep the page from the system.
 */
static void rsv_page_leak(struct rsv_extent *e, unsigned long index)
{
	struct page *page = pfn_to_page(e->first + index);
	int refs = page_ref_count(page);

	if (refs < RSV_PAGE_REFS)
		rsv_page_report_lost(e, index);
	if (refs)
		rsv_page_unref(page, min(refs, RSV_PAGE_REFS - 1));
}

static void rsv_pages_give(struct rsv_extent *e, unsigned long index, unsigned long nr_pages)
{
	for (; nr_pages; nr_pages--, index++) {
		rsv_page_give(e, index);
		cond_resched();
	}
}

/* Counts the pages of a new extent, and frees all of them into the extent's zone. */
static void rsv_extent_free_all(struct rsv_region *r, struct rsv_extent *e)
{
	struct rsv_zone *z = e->zone;
	unsigned long flags;

	WRITE_ONCE(r->nr_pages, r->nr_pages + e->nr_pages);
	r->metadata += rsv_extent_bytes(e);
	raw_spin_lock_irqsave(&z->lock, flags);
	WRITE_ONCE(z->nr_orders, max(z->nr_orders, rsv_extent_orders(e)));
	rsv_zone_resize(z, e->nr_pages);
	rsv_buddy_expand(z, e);
	rsv_buddy_free_pages(z, e, 0, e->nr_pages);
	raw_spin_unlock_irqrestore(&z->lock, flags);
}

/* Creates an extent that nobody finds yet. */
static struct rsv_extent *rsv_extent_new(struct rsv_region *r, struct page *first,
					 unsigned long nr_pages)
{
	const int nid = page_to_nid(first);
	struct rsv_extent *e;

	e = kzalloc_node(sizeof(*e), rsv_gfp_create(r), rsv_metadata_node(nid));
	if (!e)
		return NULL;
	e->region = r;
	e->first = page_to_pfn(first);
	e->nr_pages = nr_pages;
	rsv_extent_reset_tags(first, nr_pages);
	e->base = PageHighMem(first) ? NULL : page_address(first);
	e->bytes = e->base ? nr_pages << PAGE_SHIFT : 0;
	e->nid = nid;
	e->zone = rsv_zone_get(r, first);
	if (e->zone && !rsv_extent_fill(e))
		return e;
	rsv_extent_free(e);
	return NULL;
}

static int rsv_extent_map(struct rsv_extent *e)
{
	int err = rsv_pagemap_add(e);

	if (!err)
		return 0;
	/* A lookup may have found the extent already: pagemap.c lists these steps. */
	rsv_pagemap_unmap(e);
	synchronize_rcu();
	rsv_hints_invalidate();
	synchronize_rcu();
	return err;
}

/* Adds an extent. On an error the pages still belong to the caller. */
static int rsv_extent_add(struct rsv_region *r, struct page *first, unsigned long nr_pages)
{
	struct rsv_extent *e = rsv_extent_new(r, first, nr_pages);
	int err = e ? rsv_extent_map(e) : -ENOMEM;
	bool bad;

	if (e && err) {
		rsv_extent_unplace(e);
		rsv_extent_free(e);
	}
	if (err)
		return err;
	bad = rsv_extent_settle_pages(e);
	rsv_extent_publish(e);
	rsv_extent_free_all(r, e);
	if (bad)
		rsv_bad_pages_search(r);
	return 0;
}

/* Removes the blocks of the first extent from a sorted list. Returns its first page. */
static struct page *rsv_first_extent(struct list_head *blocks, unsigned long *nr_pages)
{
	struct page *first = NULL, *before = NULL, *page, *next;

	*nr_pages = 0;
	list_for_each_entry_safe(page, next, blocks, lru) {
		if (before && !rsv_block_continues(page, before))
			break;
		list_del_init(&page->lru);
		first = first ?: page;
		*nr_pages += page_private(page);
		before = page;
	}
	return first;
}

/**
 * rsv_extents_add() - add pages to a region
 * @r: the region, its shape locked
 * @blocks: the pages, a sorted list of blocks. They become the region's, or go back to the system
 *	if this fails
 *
 * Adjacent blocks become one extent.
 *
 * Context: Process; may sleep.
 * Return: 0 or -ENOMEM. Extents that were added before memory ran out stay in the region.
 */
int rsv_extents_add(struct rsv_region *r, struct list_head *blocks)
{
	int err = rsv_extent_table_expand(r, rsv_count_extents(blocks));

	while (!err && !list_empty(blocks)) {
		unsigned long nr_pages;
		struct page *first = rsv_first_extent(blocks, &nr_pages);

		err = rsv_extent_add(r, first, nr_pages);
		if (err)
			rsv_reserve_give(page_to_pfn(first), nr_pages);
		cond_resched();
	}
	rsv_reserve_give_blocks(blocks);
	rsv_zones_fit_lists(r);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_extents_add);

/*
 * Holes
 */

/*
 * Frees all extents that were removed before it began, after the grace periods that pagemap.c
 * lists. There are two, and one look at each hint, for any number of extents.
 */
static void rsv_extents_remove_work(struct work_struct *work)
{
	struct rsv_region *r = container_of(work, struct rsv_region, remove_work);
	struct llist_node *removed = llist_del_all(&r->removed);
	struct rsv_extent *e, *next;

	/* The run before may have freed what this one was queued for. */
	if (!removed)
		return;
	synchronize_rcu();
	rsv_hints_invalidate();
	synchronize_rcu();
	llist_for_each_entry_safe(e, next, removed, removed)
		rsv_extent_free(e);
}

/**
 * rsv_extents_init() - set up a new region, which has no extents
 * @r: the region
 */
void rsv_extents_init(struct rsv_region *r)
{
	rsv_extent_table_init(r);
	init_llist_head(&r->removed);
	INIT_WORK(&r->remove_work, rsv_extents_remove_work);
}

/*
 * Removes an extent that consists of holes only. A lookup may still use the extent, so a work item
 * frees it.
 */
static void rsv_extent_remove(struct rsv_extent *e)
{
	struct rsv_region *r = e->region;

	rsv_pagemap_unmap(e);
	rsv_extent_unpublish(e);
	r->metadata -= rsv_extent_bytes(e);
	llist_add(&e->removed, &r->removed);
	queue_work(rsv_queue, &r->remove_work);
}

/**
 * rsv_extent_punch() - give a block back to the system
 * @e: its extent, the region's shape locked
 * @index: its first page in the extent
 * @order: its order, at least RSV_CHUNK_ORDER. The block is not used, and in no free area
 *
 * The block's frames stay and say HOLE. An extent all of whose frames say HOLE is freed.
 *
 * Context: Process; may sleep.
 */
void rsv_extent_punch(struct rsv_extent *e, unsigned long index, unsigned int order)
{
	unsigned long nr_pages = 1UL << order, i;

	WRITE_ONCE(e->nr_holes, e->nr_holes + nr_pages);
	for (i = 0; i < nr_pages; i++)
		WRITE_ONCE(e->frames[index + i].kind, RSV_FRAME_HOLE);
	rsv_pagemap_remove(e, index, nr_pages);
	rsv_pages_give(e, index, nr_pages);
	WRITE_ONCE(e->region->nr_pages, e->region->nr_pages - nr_pages);
	if (e->nr_holes == e->nr_pages)
		rsv_extent_remove(e);
}

/*
 * The end of a region
 */

static void rsv_extent_give_pages(struct rsv_extent *e)
{
	unsigned long i;

	for (i = 0; i < e->nr_pages; i++) {
		if (e->frames[i].kind == RSV_FRAME_LEAKED)
			rsv_page_leak(e, i);
		else if (e->frames[i].kind != RSV_FRAME_HOLE)
			rsv_pages_give(e, i, 1);
	}
}

/**
 * rsv_frames_leak() - mark pages of a region as leaked, so that they stay allocated
 * @f: the frame of the first page. The region is about to end, and only the caller uses it
 * @nr_pages: their number
 *
 * When the region is released it takes its own references from these pages. So whoever still has
 * such a page may give it to the system by put_page() later.
 */
void rsv_frames_leak(struct rsv_frame *f, unsigned long nr_pages)
{
	for (; nr_pages; nr_pages--, f++)
		WRITE_ONCE(f->kind, RSV_FRAME_LEAKED);
}

static void rsv_extent_leak_used(struct rsv_extent *e, unsigned long index, unsigned long nr_pages,
				 struct rsv_leak_log *log)
{
	struct rsv_frame *f = &e->frames[index];

	if (rsv_leak_listed(log))
		pr_err("region %s: leaked: %lu page%s at 0x%llx\n", e->region->name, nr_pages,
		       nr_pages == 1 ? "" : "s", rsv_frame_offset(e, f));
	rsv_frames_leak(f, nr_pages);
}

/*
 * Looks at the block, or at the single page, from @index on. Marks it as leaked if anybody may
 * still use it. Returns its length. Slabs and slob pages that have leaked objects are marked
 * already; the others have objects of the module itself only, such as magazines.
 */
static unsigned long rsv_extent_leak_block(struct rsv_extent *e, unsigned long index,
					   struct rsv_leak_log *log)
{
	const struct rsv_frame *f = &e->frames[index];
	unsigned long nr_pages = 1;

	switch (f->kind) {
	case RSV_FRAME_FREE:
	case RSV_FRAME_CACHED:
		return 1UL << f->order;
	case RSV_FRAME_USED:
		nr_pages = clamp(f->nr_pages, 1UL, e->nr_pages - index);
		break;
	case RSV_FRAME_BODY:
	case RSV_FRAME_RUN:
		/* No block has the page, so nothing tells that it is free. */
		break;
	default:
		return 1;
	}
	rsv_extent_leak_used(e, index, nr_pages, log);
	return nr_pages;
}

static unsigned long rsv_extent_count_leaked(const struct rsv_extent *e)
{
	unsigned long nr = 0, i;

	for (i = 0; i < e->nr_pages; i++)
		nr += e->frames[i].kind == RSV_FRAME_LEAKED;
	return nr;
}

/**
 * rsv_extents_leak() - mark all used blocks of a region as leaked, and list them in the log
 * @r: the region, about to be released. All its CPUs are drained, and no other task uses it
 * @log: how many the log may still list
 *
 * Context: Process; may sleep.
 * Return: The number of leaked pages, with those that were marked before.
 */
unsigned long rsv_extents_leak(struct rsv_region *r, struct rsv_leak_log *log)
{
	unsigned long nr = 0, index;
	unsigned int i;

	for (i = 0; i < r->nr_extents; i++) {
		struct rsv_extent *e = r->extents->at[i];

		if (!e)
			continue;
		for (index = 0; index < e->nr_pages;) {
			index += rsv_extent_leak_block(e, index, log);
			cond_resched();
		}
		nr += rsv_extent_count_leaked(e);
	}
	return nr;
}

static void rsv_extents_unmap(struct rsv_region *r)
{
	unsigned int i;

	for (i = 0; i < r->nr_extents; i++)
		if (r->extents->at[i])
			rsv_pagemap_unmap(r->extents->at[i]);
}

static void rsv_extents_free(struct rsv_region *r)
{
	unsigned int i;

	for (i = 0; i < r->nr_extents; i++) {
		struct rsv_extent *e = r->extents->at[i];

		if (!e)
			continue;
		rsv_extent_give_pages(e);
		rsv_extent_free(e);
	}
	rsv_extent_table_free(r);
}

/**
 * rsv_extents_release() - give all pages of regions back to the system, but for leaked ones
 * @regions: the regions. Nothing in them is allocated but what is leaked, and no other task uses
 *	them
 *
 * Context: Process; may sleep; waits for grace periods, as many as for one region.
 */
void rsv_extents_release(struct list_head *regions)
{
	struct rsv_region *r;

	/* Extents that became holes earlier may still wait for remove_work. */
	rsv_work_flush();
	list_for_each_entry(r, regions, ending)
		rsv_extents_unmap(r);
	/* After this no lookup that found an extent in the map can make it a hint. */
	synchronize_rcu();
	rsv_hints_invalidate();
	synchronize_rcu();
	list_for_each_entry(r, regions, ending)
		rsv_extents_free(r);
}
