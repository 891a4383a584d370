// SPDX-License-Identifier: GPL-2.0
/*
 * Per-CPU lists of small free blocks, in front of a zone's free areas.
 *
 * A list is a ring of frames. Only its own CPU touches it, with preemption disabled and interrupts
 * enabled:
 *
 *	set busy; read and change the list, refill or flush it; clear busy last
 *
 * An interrupt that finds busy set goes to the zone's free areas instead. So two contexts never
 * work on a list at the same time, and no instruction has to be atomic. An NMI nests like an
 * interrupt, so the fast paths serve it too. Nobody relies on masked interrupts to keep this CPU's
 * lists: without busy, only those of a dead CPU are touched. The slow paths take the zone's lock,
 * and refuse an NMI before they get here. drain.c empties the lists
 * of other CPUs: work queued on a CPU flushes the lists of that CPU, and another CPU flushes them
 * once the CPU is dead. A CPU that goes off-line still frees until then.
 *
 * A block on a list is free but never merges: its frame says CACHED. It gets onto the list by a
 * claim (frame.h), which only one of several frees of the block can make. So a block is on one list
 * at most, and no allocation or flush has to check that.
 */
#include <linux/minmax.h>
#include <linux/string.h>

#include "buddy.h"
#include "pagemap.h"
#include "pcp.h"
#include "zone.h"

struct rsv_frame rsv_pcp_none;

/* Disables preemption and sets busy. Returns this CPU's list, or NULL if busy was set already. */
static struct rsv_pcp *rsv_pcp_enter(struct rsv_zone *z, unsigned int order)
{
	struct rsv_pcp *pcp;

	preempt_disable();
	pcp = this_cpu_ptr(z->pcp[order]);
	if (likely(rsv_pcp_try(pcp)))
		return pcp;
	preempt_enable();
	return NULL;
}

static void rsv_pcp_leave(struct rsv_pcp *pcp)
{
	rsv_pcp_end(pcp);
	preempt_enable();
}

/*
 * Allocating
 */

/* Refills an empty list up to half of the blocks that it may have. */
static void rsv_pcp_refill(struct rsv_zone *z, struct rsv_pcp *pcp, const struct rsv_request *q)
{
	union rsv_pcp_ends ends = {};

	pcp->frame[0] = &rsv_pcp_none;
	ends.top = rsv_zone_alloc_batch(z, q, DIV_ROUND_UP(READ_ONCE(z->pcp_high[q->order]), 2),
					RSV_PCP_PIECES, pcp->frame + 1, pcp->page + 1);
	WRITE_ONCE(pcp->ends.both, ends.both);
	pcp->refills++;
}

static struct rsv_frame *rsv_pcp_pop(struct rsv_pcp *pcp)
{
	struct rsv_frame *f;

	if (!rsv_pcp_nr(pcp))
		return NULL;
	f = pcp->frame[pcp->ends.top % RSV_PCP_SLOTS];
	WRITE_ONCE(pcp->ends.top, pcp->ends.top - 1);
	rsv_frame_set_used(f);
	pcp->allocs++;
	return f;
}

/**
 * rsv_pcp_alloc() - allocate a block from this CPU's list, and refill the list if it is empty
 * @z: the zone
 * @q: the request, for a whole block of an order below RSV_PCP_ORDERS
 *
 * Context: Any but NMI.
 * Return: The block's first frame, marked as used. NULL if the list is busy or switched off, if it
 * is empty and the request does not refill it, or if the zone has no such block.
 */
struct rsv_frame *rsv_pcp_alloc(struct rsv_zone *z, const struct rsv_request *q)
{
	struct rsv_pcp *pcp;
	struct rsv_frame *f;

	if (!READ_ONCE(z->pcp_high[q->order]))
		return NULL;
	if (!q->refill && !rsv_pcp_nr(raw_cpu_ptr(z->pcp[q->order])))
		return NULL;
	pcp = rsv_pcp_enter(z, q->order);
	if (!pcp)
		return NULL;
	/* A list that was switched off before this section began serves no more: see bad_page.c. */
	f = NULL;
	if (READ_ONCE(z->pcp_high[q->order])) {
		if (!rsv_pcp_nr(pcp) && q->refill)
			rsv_pcp_refill(z, pcp, q);
		f = rsv_pcp_pop(pcp);
	}
	rsv_pcp_leave(pcp);
	return f;
}

/*
 * Freeing
 */

/*
 * Marks adjacent blocks as no longer cached: the block in slot @block, and those that follow in the
 * ring as long as each is adjacent to the one before it, up to @most in all. Callers that allocate
 * or free one block after the other leave adjacent blocks, upwards or downwards. Freed together,
 * these need fewer merges. Returns the number of blocks and, in @first, the one with the lowest
 * address.
 */
static unsigned int rsv_pcp_unmark_adjacent(struct rsv_frame **block, unsigned int most,
					    unsigned int order, struct rsv_frame **first)
{
	struct rsv_frame *f = block[0];
	const u32 state = f->state;
	long step = 1L << order;
	unsigned int nr = 1;

	if (most > 1 && block[1] < f)
		step = -step;
	*first = f;
	WRITE_ONCE(f->kind, RSV_FRAME_BODY);
	/* Blocks of one list have the same state if they have the same extent. */
	for (f += step; nr < most && block[nr] == f && f->state == state; nr++, f += step)
		WRITE_ONCE(f->kind, RSV_FRAME_BODY);
	if (step < 0)
		*first = f - step;
	return nr;
}

/*
 * Moves the oldest blocks to the free areas: @nr of them, or fewer if they are scattered. The
 * caller has set busy, or the CPU is dead.
 */
static void rsv_pcp_flush(struct rsv_zone *z, struct rsv_pcp *pcp, unsigned int order,
			  unsigned int nr)
{
	unsigned int at = pcp->ends.bottom, left = nr, pieces = 0, joined, most;
	struct rsv_frame *first;
	unsigned long flags;

	raw_spin_lock_irqsave(&z->lock, flags);
	for (; left && pieces < RSV_PCP_PIECES; left -= joined, at += joined) {
		struct rsv_frame **block = &pcp->frame[(at + 1) % RSV_PCP_SLOTS];

		/* Blocks beyond the end of the ring wait for the next turn. */
		most = min_t(size_t, left, pcp->frame + RSV_PCP_SLOTS - block);
		if (unlikely(z->frozen))
			most = 1;
		joined = rsv_pcp_unmark_adjacent(block, most, order, &first);
		pieces += rsv_zone_free_cached(z, first, order, joined);
	}
	raw_spin_unlock_irqrestore(&z->lock, flags);
	pcp->frame[at % RSV_PCP_SLOTS] = &rsv_pcp_none;
	WRITE_ONCE(pcp->ends.bottom, at);
	pcp->drains++;
}

/**
 * rsv_pcp_free() - free a block onto this CPU's list, and flush the older half if the list is full
 * @e: the block's extent
 * @index: its first page in the extent
 * @order: its order, below RSV_PCP_ORDERS
 *
 * Context: Any but NMI.
 * Return: true if the list has the block. false, and the block has not changed, if the list is busy
 * or switched off, or if the block cannot be claimed.
 */
bool rsv_pcp_free(struct rsv_extent *e, unsigned long index, unsigned int order)
{
	struct rsv_zone *z = e->zone;
	unsigned int high = READ_ONCE(z->pcp_high[order]);
	struct rsv_pcp *pcp = high ? rsv_pcp_enter(z, order) : NULL;
	bool pushed;

	if (!pcp)
		return false;
	if (rsv_pcp_nr(pcp) >= high)
		rsv_pcp_flush(z, pcp, order, rsv_pcp_nr(pcp) - high / 2);
	pushed = rsv_pcp_push(pcp, high, &e->frames[index], pfn_to_page(e->first + index), order);
	rsv_pcp_leave(pcp);
	return pushed;
}

/*
 * Draining
 */

static void rsv_pcp_flush_all(struct rsv_zone *z, struct rsv_pcp *pcp, unsigned int order)
{
	while (rsv_pcp_nr(pcp))
		rsv_pcp_flush(z, pcp, order, rsv_pcp_nr(pcp));
}

/**
 * rsv_pcp_drain() - move all blocks on this CPU's lists of a zone to the free areas
 * @z: the zone
 *
 * An interrupt skips a list that the interrupted code works on.
 *
 * Context: Any but NMI.
 */
void rsv_pcp_drain(struct rsv_zone *z)
{
	unsigned int order;
	struct rsv_pcp *pcp;

	for (order = 0; order < RSV_PCP_ORDERS; order++) {
		pcp = rsv_pcp_enter(z, order);
		if (!pcp)
			continue;
		rsv_pcp_flush_all(z, pcp, order);
		rsv_pcp_leave(pcp);
	}
}

/**
 * rsv_pcp_drain_dead() - move all blocks on a dead CPU's lists of a zone to the free areas
 * @z: the zone
 * @cpu: the CPU
 *
 * Context: Process.
 */
void rsv_pcp_drain_dead(struct rsv_zone *z, unsigned int cpu)
{
	unsigned int order;

	for (order = 0; order < RSV_PCP_ORDERS; order++)
		rsv_pcp_flush_all(z, per_cpu_ptr(z->pcp[order], cpu), order);
}

/**
 * rsv_pcp_has_blocks() - whether a CPU's lists of a zone have blocks
 * @z: the zone
 * @cpu: the CPU
 *
 * Context: Any. The CPU may change the lists at the same time.
 * Return: true if any list has a block.
 */
bool rsv_pcp_has_blocks(const struct rsv_zone *z, unsigned int cpu)
{
	unsigned int order;

	for (order = 0; order < RSV_PCP_ORDERS; order++)
		if (rsv_pcp_nr(per_cpu_ptr(z->pcp[order], cpu)))
			return true;
	return false;
}

/**
 * rsv_pcp_get_stats() - what the lists of one order have and did, the sum over all CPUs
 * @z: the zone
 * @order: the order, below RSV_PCP_ORDERS
 * @stats: filled in; the CPUs may change their lists at the same time
 *
 * Context: Any.
 */
void rsv_pcp_get_stats(const struct rsv_zone *z, unsigned int order, struct rsv_pcp_stats *stats)
{
	unsigned int cpu;

	memset(stats, 0, sizeof(*stats));
	for_each_possible_cpu(cpu) {
		const struct rsv_pcp *pcp = per_cpu_ptr(z->pcp[order], cpu);

		stats->blocks += rsv_pcp_nr(pcp);
		stats->allocs += pcp->allocs;
		stats->frees += pcp->frees;
		stats->refills += pcp->refills;
		stats->drains += pcp->drains;
	}
}

/*
 * Creating
 */

/**
 * rsv_pcp_create() - create the lists of a zone, switched off until the zone has pages
 * @z: the zone
 * @gfp: for memory of the system
 *
 * Context: Process; may sleep.
 * Return: 0 or -ENOMEM.
 */
int rsv_pcp_create(struct rsv_zone *z, gfp_t gfp)
{
	unsigned int order, cpu;

	z->pcps = alloc_percpu_gfp(struct rsv_pcps, gfp);
	if (!z->pcps)
		return -ENOMEM;
	for (order = 0; order < RSV_PCP_ORDERS; order++) {
		z->pcp[order] = &z->pcps->list[order];
		for_each_possible_cpu(cpu)
			per_cpu_ptr(z->pcp[order], cpu)->frame[0] = &rsv_pcp_none;
	}
	return 0;
}

/**
 * rsv_pcp_release() - free the lists of a zone
 * @z: the zone, its lists empty or never used again
 *
 * Context: Process; may sleep.
 */
void rsv_pcp_release(struct rsv_zone *z)
{
	free_percpu(z->pcps);
}
