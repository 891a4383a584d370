// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that go bad while they are free.
 *
 * The kernel finds a hardware error (or an administrator says that there is one), marks the page,
 * and then tells so by the event memory_failure_event. It cannot do more for a page that it did not
 * hand out itself. What this file does for that event depends on where the page is. The zone's lock
 * makes that certain:
 *
 * - In a free block: the page leaves the free areas at once. Its neighbours stay.
 * - In a used block: the page stays with its owner. The block is marked, so that its free looks at
 *   each page and takes out the bad one (waiting.c).
 * - In a block that is cached on a CPU's list, or zeroed: the zone is frozen, so its lists and
 *   zeroed pages stop serving. A work item moves all of them to the free areas. While the zone is
 *   frozen, that step looks at each page (rsv_zone_free_cached()). Then the zone thaws.
 * - In a block that the module itself has, such as a slab: the free looks at each page.
 *
 * Why no free puts a bad page into the free areas: a slow free reads the zone's count of events,
 * then looks at its pages, and compares the count when it holds the zone's lock to free them. If
 * the count is the same, the event comes later, and finds the page in a free block. A fast free
 * looks at the pages between two looks at the frame's state, the second of which is its claim. If
 * the event comes in between, it finds a used block, and marks it, so the claim fails; if it comes
 * later, it finds a cached one.
 *
 * Between the mark and the event the kernel may take milliseconds. A request in that time may get
 * the page.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>

#include "bad_page.h"
#include "buddy.h"
#include "compat.h"
#include "drain.h"
#include "frame.h"
#include "pagemap.h"
#include "waiting.h"
#include "zone.h"
#include "zonelist.h"

#define RSV_KERNEL_TELLS (IS_ENABLED(CONFIG_MEMORY_FAILURE) && IS_ENABLED(CONFIG_TRACEPOINTS))

/* The kernel's event; NULL if the kernel has none (set at load) */
static struct tracepoint *rsv_failure_event;

/* Takes a page out of a free block. The zone is locked. */
static void rsv_bad_page_remove(struct rsv_extent *e, unsigned long index, struct rsv_frame *block)
{
	unsigned long first = rsv_frame_index(e, block), end = first + (1UL << block->order);

	rsv_buddy_remove(e->zone, block);
	rsv_page_set_bad(e, index);
	rsv_buddy_free_pages(e->zone, e, first, index - first);
	rsv_buddy_free_pages(e->zone, e, index + 1, end - index - 1);
}

/* Stops the lists and the zeroed pages of a zone, or lets them serve again. The zone is locked. */
static void rsv_zone_set_frozen(struct rsv_zone *z, bool frozen)
{
	z->frozen = frozen;
	rsv_zone_resize(z, 0);
}

static void rsv_bad_page_check(struct rsv_extent *e, unsigned long index)
{
	struct rsv_zone *z = e->zone;
	struct rsv_frame *block;
	unsigned long flags;

	raw_spin_lock_irqsave(&z->lock, flags);
	z->bad_events++;
	block = rsv_frame_block(e, &e->frames[index]);
	rsv_frame_look_at_all(block);
	switch (READ_ONCE(block->kind)) {
	case RSV_FRAME_FREE:
		rsv_bad_page_remove(e, index, block);
		break;
	case RSV_FRAME_CACHED:
		rsv_zone_set_frozen(z, true);
		break;
	}
	raw_spin_unlock_irqrestore(&z->lock, flags);
}

/* Finds pages that went bad while their extent was not complete. */
static void rsv_bad_pages_check(struct rsv_extent *e)
{
	unsigned long i;

	for (i = 0; i < e->nr_pages; i++) {
		u8 kind = READ_ONCE(e->frames[i].kind);

		if (kind != RSV_FRAME_HOLE && kind != RSV_FRAME_BAD &&
		    PageHWPoison(pfn_to_page(e->first + i)))
			rsv_bad_page_check(e, i);
		cond_resched();
	}
}

static void rsv_bad_pages_begin_drain(struct rsv_region *r)
{
	struct rsv_zone *z;
	unsigned int n;

	for (n = 0; (z = rsv_zone_nth(r, n)); n++) {
		raw_spin_lock_irq(&z->lock);
		z->drained_events = z->bad_events;
		raw_spin_unlock_irq(&z->lock);
	}
}

/* A zone with a new event stays frozen: the work runs again for that. */
static void rsv_bad_pages_thaw(struct rsv_region *r)
{
	struct rsv_zone *z;
	unsigned int n;

	for (n = 0; (z = rsv_zone_nth(r, n)); n++) {
		raw_spin_lock_irq(&z->lock);
		if (z->frozen && z->drained_events == z->bad_events)
			rsv_zone_set_frozen(z, false);
		raw_spin_unlock_irq(&z->lock);
	}
}

static void rsv_bad_pages_work(struct work_struct *work)
{
	struct rsv_region *r = container_of(work, struct rsv_region, waiting.bad_work);
	unsigned int i;

	mutex_lock(&r->shape_lock);
	for (i = 0; i < r->nr_extents; i++)
		if (r->extents->at[i])
			rsv_bad_pages_check(r->extents->at[i]);
	mutex_unlock(&r->shape_lock);

	rsv_bad_pages_begin_drain(r);
	/* Whoever began to use a list before the zone was frozen is done after that. */
	synchronize_rcu();
	rsv_zones_quiesce(r);
	rsv_drain_region(r);
	rsv_bad_pages_thaw(r);
}

/**
 * rsv_bad_pages_search() - look for bad pages in the whole region, in the background
 * @r: the region
 *
 * Context: Any but NMI, with no raw lock held; in process context or under rcu_read_lock().
 */
void rsv_bad_pages_search(struct rsv_region *r)
{
	if (!READ_ONCE(r->waiting.stopped))
		schedule_work(&r->waiting.bad_work);
}

/**
 * rsv_bad_pages_flush() - wait until the search that is under way is done
 * @r: the region
 *
 * Context: Process; may sleep.
 */
void rsv_bad_pages_flush(struct rsv_region *r)
{
	flush_work(&r->waiting.bad_work);
}

/**
 * rsv_bad_page_found() - take a page that went bad out of use, unless it is used
 * @pfn: its page frame number; the page need not belong to a region
 *
 * Context: Any but NMI, with no raw lock held.
 */
void rsv_bad_page_found(unsigned long pfn)
{
	struct rsv_extent *e;

	rcu_read_lock();
	e = rsv_extent_find(pfn);
	if (e) {
		rsv_bad_page_check(e, pfn - e->first);
		rsv_bad_pages_search(e->region);
	}
	rcu_read_unlock();
}
EXPORT_SYMBOL_IF_KUNIT(rsv_bad_page_found);

/**
 * rsv_bad_pages_init() - set up a new region
 * @r: the region
 */
void rsv_bad_pages_init(struct rsv_region *r)
{
	INIT_WORK(&r->waiting.bad_work, rsv_bad_pages_work);
}

/**
 * rsv_bad_pages_stop() - let nobody begin a search in a region that is about to end
 * @r: the region
 *
 * When a grace period is over, nobody who read the field before begins a search any more.
 *
 * Context: Any.
 */
void rsv_bad_pages_stop(struct rsv_region *r)
{
	WRITE_ONCE(r->waiting.stopped, true);
}

/**
 * rsv_bad_pages_cancel() - stop the search in a region, a grace period after rsv_bad_pages_stop()
 * @r: the region
 *
 * Context: Process; may sleep.
 */
void rsv_bad_pages_cancel(struct rsv_region *r)
{
	cancel_work_sync(&r->waiting.bad_work);
}

/* The kernel's event, with its arguments */
static void rsv_memory_failed(void *unused, unsigned long pfn, int type, int result)
{
	rsv_bad_page_found(pfn);
}

static void rsv_match_failure_event(struct tracepoint *event, void *unused)
{
	if (!strcmp(event->name, "memory_failure_event"))
		rsv_failure_event = event;
}

/**
 * rsv_bad_pages_start() - ask the kernel to tell of pages that go bad
 *
 * A kernel without CONFIG_MEMORY_FAILURE has no such event, and marks no page.
 *
 * Context: At load, before the first region is created; may sleep.
 * Return: 0 or an error number.
 */
int rsv_bad_pages_start(void)
{
	if (!RSV_KERNEL_TELLS)
		return 0;
	for_each_kernel_tracepoint(rsv_match_failure_event, NULL);
	if (rsv_failure_event)
		return tracepoint_probe_register(rsv_failure_event, rsv_memory_failed, NULL);
	pr_info("this kernel does not tell of free pages that go bad\n");
	return 0;
}

/**
 * rsv_bad_pages_exit() - undo rsv_bad_pages_start(), after the last region
 *
 * Context: At unload; may sleep.
 */
void rsv_bad_pages_exit(void)
{
	if (!RSV_KERNEL_TELLS || !rsv_failure_event)
		return;
	tracepoint_probe_unregister(rsv_failure_event, rsv_memory_failed, NULL);
	tracepoint_synchronize_unregister();
}
