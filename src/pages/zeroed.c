// SPDX-License-Identifier: GPL-2.0
/*
 * Quicklists: single pages that were filled with zeroes beforehand.
 *
 * Each zone keeps some, cleared by a work item when fewer than half of them are left, so that a
 * request for a zeroed page seldom clears one on the spot. They are free, and go back to the free
 * areas when the region runs short.
 */
#include <linux/highmem.h>
#include <linux/list.h>

#include "drain.h"
#include "extent.h"
#include "region.h"
#include "zeroed.h"
#include "zone.h"

/* Pages cleared between two looks at the list, and put back under one hold of the lock */
#define RSV_ZEROED_BATCH 16U

/**
 * rsv_zeroed_wake() - have pages cleared if few are left and there are enough to clear
 * @z: the zone
 *
 * Context: Any but NMI.
 */
void rsv_zeroed_wake(struct rsv_zone *z)
{
	unsigned int high = READ_ONCE(z->zeroed_high);

	if (READ_ONCE(z->nr_zeroed) < high / 2 && !work_pending(&z->zero_work) &&
	    READ_ONCE(z->free_pages) > READ_ONCE(z->low_pages) + high)
		queue_work(rsv_queue, &z->zero_work);
}

/**
 * rsv_zeroed_take() - take a page that was cleared beforehand
 * @z: the zone
 * @q: the request, for one page
 *
 * Context: Any but NMI.
 * Return: Its frame, marked as used, or NULL.
 */
struct rsv_frame *rsv_zeroed_take(struct rsv_zone *z, const struct rsv_request *q)
{
	struct rsv_frame *f = NULL;
	unsigned long flags;

	if (!READ_ONCE(z->zeroed_high))
		return NULL;

	raw_spin_lock_irqsave(&z->lock, flags);
	if (z->nr_zeroed) {
		f = list_first_entry(&z->zeroed, struct rsv_frame, link);
		list_del(&f->link);
		WRITE_ONCE(f->nr_pages, 1);
		WRITE_ONCE(f->kind, RSV_FRAME_USED);
		WRITE_ONCE(z->nr_zeroed, z->nr_zeroed - 1);
		z->zeroed_hits++;
		z->area[0].asked += q->bytes;
		z->area[0].granted += PAGE_SIZE;
	}
	raw_spin_unlock_irqrestore(&z->lock, flags);
	rsv_zeroed_wake(z);
	return f;
}

static unsigned int rsv_zeroed_missing(struct rsv_zone *z)
{
	unsigned int nr = READ_ONCE(z->nr_zeroed), high = READ_ONCE(z->zeroed_high);

	return nr < high ? min(high - nr, RSV_ZEROED_BATCH) : 0;
}

static void rsv_zeroed_add(struct rsv_zone *z, struct rsv_frame **frames, unsigned int nr)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&z->lock, flags);
	WRITE_ONCE(z->nr_zeroed, z->nr_zeroed + nr);
	while (nr--)
		list_add(&frames[nr]->link, &z->zeroed);
	raw_spin_unlock_irqrestore(&z->lock, flags);
}

/**
 * rsv_zeroed_refill() - the work that clears pages
 * @work: of the zone
 *
 * Context: Process; may sleep.
 */
void rsv_zeroed_refill(struct work_struct *work)
{
	const struct rsv_request q = {.gfp = GFP_KERNEL, .nr_pages = 1};
	struct rsv_zone *z = container_of(work, struct rsv_zone, zero_work);
	struct rsv_frame *frames[RSV_ZEROED_BATCH];
	struct page *pages[RSV_ZEROED_BATCH];
	unsigned int wanted, nr, i;

	do {
		wanted = rsv_zeroed_missing(z);
		nr = rsv_zone_take_batch(z, &q, RSV_OWNER_ZEROED, wanted, wanted, frames, pages);
		for (i = 0; i < nr; i++)
			clear_highpage(pages[i]);
		rsv_zeroed_add(z, frames, nr);
		cond_resched();
	} while (wanted && nr == wanted);
}

static unsigned int rsv_zone_zeroed_drain(struct rsv_zone *z)
{
	struct rsv_frame *f;
	unsigned long flags;
	unsigned int i;

	raw_spin_lock_irqsave(&z->lock, flags);
	for (i = 0; i < RSV_ZEROED_BATCH && z->nr_zeroed; i++) {
		f = list_first_entry(&z->zeroed, struct rsv_frame, link);
		list_del(&f->link);
		WRITE_ONCE(z->nr_zeroed, z->nr_zeroed - 1);
		rsv_zone_give_cached(z, f);
	}
	raw_spin_unlock_irqrestore(&z->lock, flags);
	return i;
}

/**
 * rsv_zeroed_drain() - put all zeroed pages of a region into the free areas
 * @r: the region
 *
 * Context: Any but NMI.
 */
void rsv_zeroed_drain(struct rsv_region *r)
{
	struct rsv_zone *z;
	unsigned int n;

	for (n = 0; (z = rsv_zone_nth(r, n)); n++)
		while (rsv_zone_zeroed_drain(z))
			;
}

/**
 * rsv_zeroed_stop() - wait until no page of a region is being cleared
 * @r: the region, nobody asking it for zeroed pages
 *
 * Context: Process; may sleep.
 */
void rsv_zeroed_stop(struct rsv_region *r)
{
	struct rsv_zone *z;
	unsigned int n;

	for (n = 0; (z = rsv_zone_nth(r, n)); n++)
		cancel_work_sync(&z->zero_work);
}
