// SPDX-License-Identifier: GPL-2.0
/*
 * Zeroed pages: single free pages that a work item cleared beforehand.
 *
 * Each zone has a list of them, which its lock guards. When less than half of the pages are left,
 * the work item clears more, so that a request for a zeroed page seldom clears one itself. The
 * pages are free, and drain.c moves them to the free areas when the region runs short.
 */
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "backoff.h"
#include "work.h"
#include "zeroed.h"
#include "zone.h"

/* Pages that the work item clears at once, and that a drain moves under one hold of the lock */
#define RSV_ZEROED_BATCH	16U

/* Queues the work if few zeroed pages are left and the zone has enough free pages to clear more. */
static void rsv_zeroed_wake(struct rsv_zone *z)
{
	unsigned int high = READ_ONCE(z->zeroed_high);

	if (READ_ONCE(z->nr_zeroed) < high / 2 && !work_pending(&z->zero_work) &&
	    READ_ONCE(z->free_pages) > READ_ONCE(z->low_pages) + high)
		queue_work(rsv_queue, &z->zero_work);
}

/* The zone is locked, and the list is not empty. */
static struct rsv_frame *rsv_zeroed_pop(struct rsv_zone *z)
{
	struct rsv_frame *f = list_first_entry(&z->zeroed, struct rsv_frame, link);

	list_del(&f->link);
	WRITE_ONCE(z->nr_zeroed, z->nr_zeroed - 1);
	return f;
}

/**
 * rsv_zeroed_alloc() - allocate a page that was cleared beforehand
 * @z: the zone
 * @q: the request, for one page
 *
 * Context: Any but NMI.
 * Return: Its frame, marked as used, or NULL.
 */
struct rsv_frame *rsv_zeroed_alloc(struct rsv_zone *z, const struct rsv_request *q)
{
	struct rsv_frame *f = NULL;
	unsigned long flags;

	if (!READ_ONCE(z->zeroed_high))
		return NULL;
	if (READ_ONCE(z->nr_zeroed)) {
		raw_spin_lock_irqsave(&z->lock, flags);
		if (z->nr_zeroed && z->zeroed_high) {
			f = rsv_zeroed_pop(z);
			WRITE_ONCE(f->nr_pages, 1);
			z->zeroed_hits++;
			z->area[0].asked += q->bytes;
			z->area[0].granted += PAGE_SIZE;
			rsv_frame_set_used(f);
		}
		raw_spin_unlock_irqrestore(&z->lock, flags);
	}
	rsv_zeroed_wake(z);
	return f;
}

/* The number of pages that the next batch clears */
static unsigned int rsv_zeroed_missing(struct rsv_zone *z)
{
	unsigned int nr = READ_ONCE(z->nr_zeroed), high = READ_ONCE(z->zeroed_high);

	return nr < high ? min(high - nr, RSV_ZEROED_BATCH) : 0;
}

static void rsv_zeroed_add(struct rsv_zone *z, struct rsv_pcp_slot *blocks, unsigned int nr)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&z->lock, flags);
	WRITE_ONCE(z->nr_zeroed, z->nr_zeroed + nr);
	WRITE_ONCE(z->nr_clearing, 0);
	if (nr)
		rsv_backoff_cached(z->region);
	while (nr--)
		list_add(&blocks[nr].frame->link, &z->zeroed);
	raw_spin_unlock_irqrestore(&z->lock, flags);
}

/* Flags of a request that names the zone itself, so that its protection does not apply */
static gfp_t rsv_zeroed_gfp(const struct rsv_zone *z)
{
	static const gfp_t bits[] = { __GFP_DMA, __GFP_DMA32, __GFP_HIGHMEM };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bits); i++)
		if (gfp_zone(bits[i]) == z->type)
			return GFP_KERNEL | bits[i];
	return GFP_KERNEL;
}

static void rsv_zeroed_refill(struct work_struct *work)
{
	struct rsv_zone *z = container_of(work, struct rsv_zone, zero_work);
	const struct rsv_request q = { .gfp = rsv_zeroed_gfp(z), .nr_pages = 1 };
	struct rsv_pcp_slot blocks[RSV_ZEROED_BATCH];
	unsigned int wanted, nr, i;

	do {
		wanted = rsv_zeroed_missing(z);
		/* More than there will be for a moment, but never less. */
		WRITE_ONCE(z->nr_clearing, wanted);
		nr = rsv_zone_alloc_batch(z, &q, wanted, wanted, blocks);
		WRITE_ONCE(z->nr_clearing, nr);
		for (i = 0; i < nr; i++)
			clear_highpage(blocks[i].page);
		rsv_zeroed_add(z, blocks, nr);
		cond_resched();
	} while (wanted && nr == wanted);
}

/* Moves a batch to the free areas. Returns its length. */
static unsigned int rsv_zeroed_drain_batch(struct rsv_zone *z)
{
	unsigned long flags;
	unsigned int i;

	raw_spin_lock_irqsave(&z->lock, flags);
	for (i = 0; i < RSV_ZEROED_BATCH && z->nr_zeroed; i++)
		rsv_zone_free_cached(z, rsv_zeroed_pop(z), 0, 1);
	raw_spin_unlock_irqrestore(&z->lock, flags);
	return i;
}

/**
 * rsv_zeroed_drain() - move all zeroed pages of a zone to the free areas
 * @z: the zone
 *
 * Context: Any but NMI.
 */
void rsv_zeroed_drain(struct rsv_zone *z)
{
	while (rsv_zeroed_drain_batch(z))
		;
}

/**
 * rsv_zeroed_init() - set up a zone's list
 * @z: the zone
 */
void rsv_zeroed_init(struct rsv_zone *z)
{
	INIT_LIST_HEAD(&z->zeroed);
	INIT_WORK(&z->zero_work, rsv_zeroed_refill);
}

/**
 * rsv_zeroed_stop() - wait until no page of a zone is being cleared
 * @z: the zone. No caller requests zeroed pages of it any more
 *
 * Context: Process; may sleep.
 */
void rsv_zeroed_stop(struct rsv_zone *z)
{
	cancel_work_sync(&z->zero_work);
}
