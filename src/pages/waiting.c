// SPDX-License-Identifier: GPL-2.0
/*
 * Freed pages that cannot serve again at once.
 *
 * A free looks at the pages of its block (frame.h says at which). Usually all of them are settled:
 * nobody but the owner refers to them. Otherwise this file frees the block page by page:
 *
 * - A page that somebody else still refers to (a mapping of a program, a network buffer, I/O in
 *   flight) waits, out of anybody's reach, until only its own references are left. The kernel has
 *   no callback for that, so a work item looks from time to time, and a request that finds no
 *   memory looks before it fails. When the region ends first, the page goes to the system with the
 *   last reference to it.
 * - A page with a hardware error is never used again.
 * - A page with too few references was given to put_page() or kfree() by mistake. That is reported.
 *   The region still has references of its own (RSV_PAGE_REFS), so the page gets back the missing
 *   ones, and serves again. If all 513 are gone, the system has the page, and it stays out of use.
 *   Should the system have given it to somebody else by then, nothing tells that from a page that
 *   lost 512.
 * - What the owner left in the fields of a page is cleared, and with init_on_free the page, too.
 *
 * All other pages of the block are free at once.
 *
 * The raw lock guards the list of the region. No other lock is taken under it. A page that is
 * looked at is off the list, so only one caller looks at it.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/highmem.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "buddy.h"
#include "frame.h"
#include "pagemap.h"
#include "report.h"
#include "waiting.h"
#include "work.h"

/* The time in milliseconds until the work looks: at first, and at most. It doubles each time. */
#define RSV_WAITING_FIRST_MS	10U
#define RSV_WAITING_MAX_MS	1000U

/* Pages that are freed under one hold of a zone's lock, or looked at by a caller in a hurry */
#define RSV_WAITING_BATCH	64UL

/* What becomes of a freed page */
enum rsv_fate {
	RSV_FATE_FREE,
	RSV_FATE_WAIT,
	RSV_FATE_BAD,
	RSV_FATE_LOST,
};

/**
 * rsv_page_report_lost() - report a page that lost a reference
 * @e: its extent
 * @index: the page in the extent
 *
 * Context: Any but NMI, with no raw lock held.
 */
void rsv_page_report_lost(struct rsv_extent *e, unsigned long index)
{
	rsv_report(RSV_LOST_REF,
		   "region %s: the page at 0x%llx went to put_page() or kfree() of the kernel",
		   e->region->name, rsv_frame_offset(e, &e->frames[index]));
}

static enum rsv_fate rsv_page_fate(struct rsv_extent *e, unsigned long index)
{
	struct page *page = pfn_to_page(e->first + index);
	int refs = page_ref_count(page);

	if (PageHWPoison(page))
		return RSV_FATE_BAD;
	if (refs > RSV_PAGE_REFS)
		return RSV_FATE_WAIT;
	if (refs < RSV_PAGE_REFS) {
		rsv_page_report_lost(e, index);
		if (!atomic_add_unless(&page->_refcount, RSV_PAGE_REFS - refs, 0))
			return RSV_FATE_LOST;
	}
	rsv_page_clear(page);
	if (want_init_on_free())
		clear_highpage(page);
	return RSV_FATE_FREE;
}

/*
 * The list
 */

static void rsv_waiting_push(struct rsv_waiting *w, struct rsv_frame *f)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&w->lock, flags);
	list_add_tail(&f->link, &w->pages);
	raw_spin_unlock_irqrestore(&w->lock, flags);
}

static struct rsv_frame *rsv_waiting_pop(struct rsv_waiting *w)
{
	struct rsv_frame *f;
	unsigned long flags;

	raw_spin_lock_irqsave(&w->lock, flags);
	f = list_first_entry_or_null(&w->pages, struct rsv_frame, link);
	if (f)
		list_del(&f->link);
	raw_spin_unlock_irqrestore(&w->lock, flags);
	return f;
}

static void rsv_waiting_add(struct rsv_extent *e, unsigned long index)
{
	struct rsv_waiting *w = &e->region->waiting;
	struct rsv_frame *f = &e->frames[index];
	unsigned long flags;

	/* If the region ends first, the page goes to the system as it is. */
	rsv_page_clear_fields(pfn_to_page(e->first + index));
	WRITE_ONCE(f->order, 0);
	WRITE_ONCE(f->kind, RSV_FRAME_WAITING);
	raw_spin_lock_irqsave(&w->lock, flags);
	w->nr_pages++;
	w->delay = RSV_WAITING_FIRST_MS;
	list_add_tail(&f->link, &w->pages);
	raw_spin_unlock_irqrestore(&w->lock, flags);
	queue_delayed_work(rsv_queue, &w->work, msecs_to_jiffies(RSV_WAITING_FIRST_MS));
}

static void rsv_waiting_count_off(struct rsv_waiting *w)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&w->lock, flags);
	w->nr_pages--;
	raw_spin_unlock_irqrestore(&w->lock, flags);
}

/*
 * Parting a block
 */

/**
 * rsv_page_set_bad() - mark a page that is never used again
 * @e: its extent
 * @index: the page in the extent. It is the caller's, and in no free area
 *
 * Context: Any but NMI; the zone may be locked.
 */
void rsv_page_set_bad(struct rsv_extent *e, unsigned long index)
{
	struct rsv_frame *f = &e->frames[index];

	WRITE_ONCE(f->order, 0);
	WRITE_ONCE(f->kind, RSV_FRAME_BAD);
	atomic_long_inc(&e->region->waiting.nr_bad);
}

/* The system has the page. When the region ends, it does not give the page to the system again. */
static void rsv_page_set_lost(struct rsv_extent *e, unsigned long index)
{
	rsv_page_set_bad(e, index);
	WRITE_ONCE(e->frames[index].order, RSV_ORDER_NONE);
}

/* Nobody looks at these pages as parts of a block from now on. */
static void rsv_part_mark(struct rsv_extent *e, unsigned long index, unsigned long nr_pages)
{
	unsigned long flags, end = index + nr_pages;

	raw_spin_lock_irqsave(&e->zone->lock, flags);
	for (; index < end; index++)
		WRITE_ONCE(e->frames[index].kind, RSV_FRAME_OWNED);
	raw_spin_unlock_irqrestore(&e->zone->lock, flags);
}

/*
 * Frees adjacent pages. Returns false, and then nothing has changed, if pages of the zone went bad
 * after the caller read @bad_events.
 */
static bool rsv_part_free(struct rsv_extent *e, unsigned long index, unsigned long nr_pages,
			  unsigned int bad_events)
{
	struct rsv_zone *z = e->zone;
	unsigned long flags, i;
	bool good;

	raw_spin_lock_irqsave(&z->lock, flags);
	good = z->bad_events == bad_events;
	if (likely(good)) {
		for (i = index; i < index + nr_pages; i++)
			WRITE_ONCE(e->frames[i].kind, RSV_FRAME_BODY);
		rsv_buddy_free_pages(z, e, index, nr_pages);
	}
	raw_spin_unlock_irqrestore(&z->lock, flags);
	return good;
}

/* The number of pages that are free, from @index on, and in @fate what becomes of the next one */
static unsigned long rsv_part_count_free(struct rsv_extent *e, unsigned long index,
					 unsigned long most, enum rsv_fate *fate)
{
	unsigned long nr;

	for (nr = 0; nr < most; nr++) {
		*fate = rsv_page_fate(e, index + nr);
		if (*fate != RSV_FATE_FREE)
			break;
	}
	return nr;
}

static void rsv_page_withhold(struct rsv_extent *e, unsigned long index, enum rsv_fate fate)
{
	if (fate == RSV_FATE_WAIT)
		rsv_waiting_add(e, index);
	else if (fate == RSV_FATE_BAD)
		rsv_page_set_bad(e, index);
	else
		rsv_page_set_lost(e, index);
}

static void rsv_part_batch(struct rsv_extent *e, unsigned long index, unsigned long end)
{
	while (index < end) {
		unsigned int bad_events = READ_ONCE(e->zone->bad_events);
		enum rsv_fate fate;
		unsigned long nr;

		/* The count comes first: see bad_page.c. */
		smp_rmb();
		nr = rsv_part_count_free(e, index, end - index, &fate);
		if (nr && !rsv_part_free(e, index, nr, bad_events))
			continue;
		index += nr;
		if (index == end)
			break;
		rsv_page_withhold(e, index++, fate);
	}
}

/**
 * rsv_block_part() - free the pages of a block one by one, as far as they can serve again
 * @e: the block's extent
 * @index: its first page in the extent
 * @nr_pages: its pages. They are the caller's: nobody else can free them
 *
 * Context: Any but NMI, with no raw lock held.
 */
void rsv_block_part(struct rsv_extent *e, unsigned long index, unsigned long nr_pages)
{
	const unsigned long end = index + nr_pages;
	unsigned long i;

	for (i = index; i < end; i += RSV_WAITING_BATCH)
		rsv_part_mark(e, i, min(end - i, RSV_WAITING_BATCH));
	for (i = index; i < end; i += RSV_WAITING_BATCH)
		rsv_part_batch(e, i, min(end, i + RSV_WAITING_BATCH));
}

/*
 * Looking
 */

/* Looks at one page, which is off the list. Returns whether it waits no longer. */
static bool rsv_waiting_look(struct rsv_region *r, struct rsv_frame *f)
{
	struct rsv_extent *e = rsv_frame_extent(r, f);
	unsigned long index = rsv_frame_index(e, f);
	struct page *page = pfn_to_page(e->first + index);

	if (page_ref_count(page) > RSV_PAGE_REFS && !PageHWPoison(page)) {
		rsv_waiting_push(&r->waiting, f);
		return false;
	}
	/* The page counts as waiting or as free, never as both: see rsv_region_in_use(). */
	rsv_waiting_count_off(&r->waiting);
	rsv_block_part(e, index, 1);
	return true;
}

/**
 * rsv_waiting_poll() - free the waiting pages that nobody refers to any more
 * @r: the region
 * @may_sleep: whether the function may sleep. If not, it looks at RSV_WAITING_BATCH pages at most
 *
 * Context: Any but NMI, with no raw lock held.
 * Return: Whether any page waits no longer.
 */
bool rsv_waiting_poll(struct rsv_region *r, bool may_sleep)
{
	unsigned long nr = READ_ONCE(r->waiting.nr_pages);
	struct rsv_frame *f;
	bool any = false;

	if (!may_sleep)
		nr = min(nr, RSV_WAITING_BATCH);
	for (; nr; nr--) {
		f = rsv_waiting_pop(&r->waiting);
		if (!f)
			break;
		any |= rsv_waiting_look(r, f);
		if (may_sleep)
			cond_resched();
	}
	return any;
}

static void rsv_waiting_work(struct work_struct *work)
{
	struct rsv_waiting *w = container_of(work, struct rsv_waiting, work.work);
	struct rsv_region *r = container_of(w, struct rsv_region, waiting);
	unsigned long flags;
	unsigned int delay;

	rsv_waiting_poll(r, true);
	raw_spin_lock_irqsave(&w->lock, flags);
	delay = w->nr_pages ? w->delay : 0;
	w->delay = min(2 * w->delay, RSV_WAITING_MAX_MS);
	raw_spin_unlock_irqrestore(&w->lock, flags);
	if (delay)
		queue_delayed_work(rsv_queue, &w->work, msecs_to_jiffies(delay));
}

/**
 * rsv_waiting_pause() - let no work look at waiting pages
 * @r: the region. If it is about to end, pages that still wait go to the system with it: see
 *	rsv_extents_release()
 *
 * Context: Process; may sleep.
 */
void rsv_waiting_pause(struct rsv_region *r)
{
	cancel_delayed_work_sync(&r->waiting.work);
}

/**
 * rsv_waiting_resume() - undo rsv_waiting_pause()
 * @r: the region
 *
 * Context: Process.
 */
void rsv_waiting_resume(struct rsv_region *r)
{
	if (READ_ONCE(r->waiting.nr_pages))
		queue_delayed_work(rsv_queue, &r->waiting.work, 0);
}

/**
 * rsv_waiting_init() - set up a new region, in which no page waits
 * @r: the region
 */
void rsv_waiting_init(struct rsv_region *r)
{
	struct rsv_waiting *w = &r->waiting;

	raw_spin_lock_init(&w->lock);
	INIT_LIST_HEAD(&w->pages);
	INIT_DELAYED_WORK(&w->work, rsv_waiting_work);
}
