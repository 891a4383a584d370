// SPDX-License-Identifier: GPL-2.0
/*
 * The list of each CPU for larger blocks, of the orders from RSV_PCP_ORDERS up to below
 * RSV_LISTED_ORDERS. All these orders share one short list, which has a limit in pages: a list for
 * each order would have a large part of a small zone, or be of no use.
 *
 * The protocol is that of the other lists (pcp.c). What differs:
 *
 * - No request refills the list. It has what its CPU freed, the newest block last, and serves a
 *   request with the newest block of its order. So a CPU that allocates and frees blocks in turn
 *   stays away from the zone's lock.
 * - A free for which there is no room moves the oldest blocks to the free areas. The list is so
 *   short that this may be all of them.
 * - It has no limit of its own, and its slow path is the only one. So a free looks at the flag.
 *
 * A block that was allocated with __GFP_COMP never gets here: its frame has no order, and its free
 * looks at all pages (frame.h).
 */
#include <linux/percpu.h>

#include "backoff.h"
#include "pagemap.h"
#include "pcp.h"
#include "pcp_large.h"
#include "waiting.h"
#include "zone.h"

/*
 * Sets busy, with preemption disabled. Returns this CPU's list, or NULL if busy was set already, or
 * in an NMI.
 */
static __always_inline struct rsv_large_list *rsv_large_enter(struct rsv_zone *z)
{
	struct rsv_large_list *list = this_cpu_ptr(z->large);

	if (unlikely(list->busy || in_nmi()))
		return NULL;
	WRITE_ONCE(list->busy, true);
	barrier();
	return list;
}

static __always_inline void rsv_large_leave(struct rsv_large_list *list)
{
	barrier();
	WRITE_ONCE(list->busy, false);
}

/* Removes the block in place @at, which is not below the number of blocks. */
static struct rsv_frame *rsv_large_remove(struct rsv_large_list *list, unsigned int at)
{
	struct rsv_frame *f = list->frame[at];

	WRITE_ONCE(list->nr_pages, list->nr_pages - (1U << list->order[at]));
	for (; at + 1 < list->nr; at++) {
		list->frame[at] = list->frame[at + 1];
		list->order[at] = list->order[at + 1];
	}
	WRITE_ONCE(list->nr, list->nr - 1);
	return f;
}

/* Pops the newest block of an order. The caller has set busy. Returns NULL if there is none. */
static __always_inline struct rsv_frame *rsv_large_pop(struct rsv_large_list *list,
						       unsigned int order, gfp_t gfp)
{
	unsigned int at = list->nr;
	struct rsv_frame *f;

	while (at && list->order[at - 1] != order)
		at--;
	if (!at)
		return NULL;
	f = rsv_large_remove(list, at - 1);
	list->allocs[order - RSV_PCP_ORDERS]++;
	if (unlikely(gfp & __GFP_COMP))
		WRITE_ONCE(f->order, RSV_ORDER_NONE); /* see rsv_frame_claim_settled() */
	rsv_frame_set_used(f);
	return f;
}

/**
 * rsv_large_alloc() - allocate a block from this CPU's list of larger blocks
 * @z: the zone
 * @order: the block's order, one that the list has
 * @gfp: the request's flags
 *
 * Context: Any; in an NMI it gives NULL.
 * Return: The block's first frame, marked as used. NULL if the list is busy or switched off, or has
 * no such block.
 */
struct rsv_frame *rsv_large_alloc(struct rsv_zone *z, unsigned int order, gfp_t gfp)
{
	struct rsv_large_list *list;
	struct rsv_frame *f = NULL;

	/* A zone that never had pages has no list. */
	if (!READ_ONCE(z->large_high))
		return NULL;
	preempt_disable();
	list = rsv_large_enter(z);
	if (likely(list)) {
		/* As for the other lists, one that was switched off before serves no more. */
		if (READ_ONCE(z->large_high))
			f = rsv_large_pop(list, order, gfp);
		rsv_large_leave(list);
	}
	preempt_enable();
	return f;
}

/* Moves a cached block to the free areas. */
static void rsv_large_free_block(struct rsv_zone *z, struct rsv_frame *f, unsigned int order)
{
	struct rsv_extent *e;
	unsigned long flags;

	raw_spin_lock_irqsave(&z->lock, flags);
	if (!rsv_zone_looks_at_cached(z)) {
		rsv_zone_free_cached(z, f, order, 1);
		raw_spin_unlock_irqrestore(&z->lock, flags);
		return;
	}
	/* So many pages are not looked at under one hold of the lock. */
	raw_spin_unlock_irqrestore(&z->lock, flags);
	e = rsv_frame_extent(z->region, f);
	rsv_block_part(e, rsv_frame_index(e, f), 1UL << order);
}

static void rsv_large_evict(struct rsv_zone *z, struct rsv_large_list *list)
{
	unsigned int order = list->order[0];

	rsv_large_free_block(z, rsv_large_remove(list, 0), order);
}

static bool rsv_large_has_room(const struct rsv_large_list *list, unsigned int order,
			       unsigned long high)
{
	return list->nr < RSV_LARGE_BLOCKS && list->nr_pages + (1UL << order) <= high;
}

/*
 * Puts a block that the CPU has claimed onto the list. Its pages are not more than @high, so there
 * is room when the other blocks have left.
 */
static void rsv_large_push(struct rsv_zone *z, struct rsv_large_list *list, struct rsv_frame *f,
			   unsigned int order, unsigned long high)
{
	list->frees[order - RSV_PCP_ORDERS]++;
	while (!rsv_large_has_room(list, order, high))
		rsv_large_evict(z, list);
	list->frame[list->nr] = f;
	list->order[list->nr] = order;
	WRITE_ONCE(list->nr_pages, list->nr_pages + (1U << order));
	WRITE_ONCE(list->nr, list->nr + 1);
	if (unlikely(!list->open)) {
		WRITE_ONCE(list->open, true);
		rsv_backoff_cached(z->region);
	}
}

/**
 * rsv_large_free() - free a block onto this CPU's list of larger blocks
 * @e: the block's extent
 * @index: its first page in the extent
 * @order: its order, one that the list has
 *
 * Context: Any but NMI, with preemption disabled.
 * Return: true if the block is free. false, and the block has not changed, if the list is busy or
 * switched off, if the block exceeds its limit, if the zone is low, or if it cannot be claimed.
 */
bool rsv_large_free(struct rsv_extent *e, unsigned long index, unsigned int order)
{
	struct rsv_zone *z = e->zone;
	const unsigned long high = READ_ONCE(z->large_high);
	struct rsv_frame *f = &e->frames[index];
	struct rsv_large_list *list;
	bool claimed;

	/* Where large blocks are few, each goes to whoever wants it first. */
	if (high < 1UL << order || READ_ONCE(z->free_pages) < READ_ONCE(z->low_pages))
		return false;
	list = rsv_large_enter(z);
	if (!list)
		return false;
	claimed = rsv_frame_claim_settled(f, pfn_to_page(e->first + index), order,
					  RSV_FRAME_CACHED);
	if (likely(claimed))
		rsv_large_push(z, list, f, order, high);
	rsv_large_leave(list);
	return claimed;
}

/*
 * Empties a list, and closes it then if @close is set. A block on its way to the free areas is on
 * no list. So the list says that it is closed when all of them are there: until then a drain waits
 * for this one.
 */
static void rsv_large_flush(struct rsv_zone *z, struct rsv_large_list *list, bool close)
{
	while (list->nr)
		rsv_large_evict(z, list);
	if (close)
		smp_store_release(&list->open, false); /* pairs with rsv_backoff_end_drain() */
}

/**
 * rsv_large_drain() - move all blocks on this CPU's list of larger blocks to the free areas
 * @z: the zone
 * @close: whether the list is closed, too
 *
 * An interrupt skips a list that the interrupted code works on.
 *
 * Context: Any but NMI.
 */
void rsv_large_drain(struct rsv_zone *z, bool close)
{
	struct rsv_large_list *list;

	preempt_disable();
	list = rsv_large_enter(z);
	if (list) {
		rsv_large_flush(z, list, close);
		rsv_large_leave(list);
	}
	preempt_enable();
}

/**
 * rsv_large_drain_dead() - move all blocks on a dead CPU's list of larger blocks to the free areas
 * @z: the zone
 * @cpu: the CPU
 *
 * Context: Process.
 */
void rsv_large_drain_dead(struct rsv_zone *z, unsigned int cpu)
{
	rsv_large_flush(z, per_cpu_ptr(z->large, cpu), true);
}

/**
 * rsv_large_is_open() - whether a CPU's list of larger blocks has any or is open
 * @z: the zone
 * @cpu: the CPU
 *
 * Context: Any. The CPU may change the list at the same time.
 * Return: false if it is empty and closed.
 */
bool rsv_large_is_open(const struct rsv_zone *z, unsigned int cpu)
{
	const struct rsv_large_list *list = per_cpu_ptr(z->large, cpu);

	return READ_ONCE(list->nr) || READ_ONCE(list->open);
}

/**
 * rsv_large_get_stats() - what the lists have of one order and did with it, the sum over all CPUs
 * @z: the zone
 * @order: the order, one that the lists have
 * @stats: all zeroes; filled in. The CPUs may change their lists at the same time
 *
 * Context: Any.
 */
void rsv_large_get_stats(const struct rsv_zone *z, unsigned int order, struct rsv_pcp_stats *stats)
{
	unsigned int cpu, i;

	for_each_possible_cpu(cpu) {
		const struct rsv_large_list *list = per_cpu_ptr(z->large, cpu);
		const unsigned int nr = READ_ONCE(list->nr);

		for (i = 0; i < nr; i++)
			stats->blocks += READ_ONCE(list->order[i]) == order;
		stats->allocs += list->allocs[order - RSV_PCP_ORDERS];
		stats->frees += list->frees[order - RSV_PCP_ORDERS];
	}
}
