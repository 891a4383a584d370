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
 * interrupt, so the fast paths serve it too, and a free in one opens a closed list. Nobody relies
 * on masked interrupts to keep this CPU's lists: without busy, only those of a dead CPU are
 * touched. What takes the zone's lock is not for an NMI. drain.c empties the lists of other CPUs:
 * work queued on a CPU flushes the lists of that CPU, and another CPU flushes them once the CPU is
 * dead. A CPU that goes off-line still frees until then.
 *
 * A block on a list is free but never merges: its frame says CACHED. It gets onto the list by a
 * claim (frame.h), which only one of several frees of the block can make. So a block is on one list
 * at most, and no allocation or flush has to check that.
 *
 * How many slots a list has depends on the zone's pages, so a zone that has grown gets longer
 * lists. They are swapped like this, by the holder of the region's shape_lock:
 *
 *	the new lists, which are empty, replace the old ones in zone->pcp
 *	a grace period: who may still work on an old list has preemption disabled
 *	nobody else sees the old lists any more; their blocks go to the free areas
 *	zone->pcp_high grows. A CPU that sees the new limit sees the new list, too
 *
 * Meanwhile no drain finds the blocks of the old lists.
 *
 * A drain of all CPUs closes the lists that it empties, and the first block that comes to one opens
 * it again: backoff.c says why. For the fast paths a closed list is an empty one that may have no
 * block more, so they need no further test.
 */
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "backoff.h"
#include "buddy.h"
#include "pagemap.h"
#include "pcp.h"
#include "pcp_large.h"
#include "zone.h"

struct rsv_frame rsv_pcp_none;
DEFINE_PER_CPU(struct rsv_pcp, rsv_pcp_disabled) = { .busy = true };

/* Disables preemption and sets busy. Returns this CPU's list, or NULL if busy was set already. */
static struct rsv_pcp *rsv_pcp_enter(struct rsv_zone *z, unsigned int order)
{
	struct rsv_pcp *pcp;

	preempt_disable();
	pcp = rsv_pcp_this_cpu(z, order);
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
 * Lets an empty or a full list have as many blocks as it needs: see pcp_limit.c. The list takes
 * over limits of the zone that changed meanwhile.
 */
static void rsv_pcp_set_limit(const struct rsv_zone *z, struct rsv_pcp *pcp, unsigned int order)
{
	unsigned int high;

	do {
		high = READ_ONCE(z->pcp_high[order]);
		rsv_pcp_adapt(pcp, min(READ_ONCE(z->pcp_low[order]), high), high);
		smp_mb(); /* pairs with rsv_pcp_forget_limits() */
	} while (unlikely(READ_ONCE(z->pcp_high[order]) < high));
}

/* After the slow path set the limit of a list: opens a closed one if a block comes to it. */
static void rsv_pcp_update_open(const struct rsv_zone *z, struct rsv_pcp *pcp, bool comes)
{
	if (likely(pcp->open))
		return;
	if (!comes) {
		WRITE_ONCE(pcp->high, 0);
		return;
	}
	WRITE_ONCE(pcp->open, true);
	rsv_backoff_cached(z->region);
}

/*
 * Allocating
 */

/* Refills an empty list up to half of the blocks that it may have at present, or with a batch. */
static void rsv_pcp_refill(struct rsv_zone *z, struct rsv_pcp *pcp, const struct rsv_request *q)
{
	union rsv_pcp_ends ends = {};

	rsv_pcp_set_limit(z, pcp, q->order);
	pcp->slot[0].frame = &rsv_pcp_none;
	ends.top = rsv_zone_alloc_batch(z, q, min(DIV_ROUND_UP(pcp->high, 2), RSV_PCP_BATCH),
					RSV_PCP_PIECES, pcp->slot + 1);
	/* First: others freed these blocks before, and may look for them at once. */
	rsv_pcp_update_open(z, pcp, ends.top);
	/* In this order, so that rsv_pcp_allocs() does not count blocks as gone on their way. */
	pcp->moved_in += ends.top;
	WRITE_ONCE(pcp->ends.both, ends.both);
	pcp->refills++;
}

static struct rsv_frame *rsv_pcp_pop(struct rsv_pcp *pcp)
{
	struct rsv_frame *f;

	if (!rsv_pcp_nr(pcp))
		return NULL;
	f = pcp->slot[pcp->ends.top & pcp->mask].frame;
	WRITE_ONCE(pcp->ends.top, pcp->ends.top - 1);
	rsv_frame_set_used(f);
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
 * Counts adjacent blocks: the block in slot @slot, and those that follow in the ring as long as
 * each is adjacent to the one before it, up to @most in all. Callers that allocate or free one
 * block after the other leave adjacent blocks, upwards or downwards. Freed together, these need
 * fewer merges. Returns the number of blocks and, in @first, the one with the lowest address.
 */
static unsigned int rsv_pcp_count_adjacent(const struct rsv_pcp_slot *slot, unsigned int most,
					   unsigned int order, struct rsv_frame **first)
{
	struct rsv_frame *f = slot->frame;
	const u32 state = f->state;
	long step = 1L << order;
	unsigned int nr = 1;

	if (most > 1 && slot[1].frame < f)
		step = -step;
	*first = f;
	/* Blocks of one list have the same state if they have the same extent. */
	for (f += step; nr < most && slot[nr].frame == f && f->state == state; f += step)
		nr++;
	if (step < 0)
		*first = f - step;
	return nr;
}

/* Marks adjacent blocks as no longer cached. */
static void rsv_pcp_unmark(struct rsv_frame *first, unsigned int order, unsigned int nr)
{
	for (; nr; nr--, first += 1L << order)
		WRITE_ONCE(first->kind, RSV_FRAME_BODY);
}

/* The oldest blocks from slot @at on leave the list. */
static void rsv_pcp_set_bottom(struct rsv_pcp *pcp, unsigned int at)
{
	const unsigned int nr = at - pcp->ends.bottom;

	pcp->slot[at & pcp->mask].frame = &rsv_pcp_none;
	/* The blocks are in the free areas. Who sees no block here sees them there: backoff.c. */
	smp_store_release(&pcp->ends.bottom, at); /* pairs with rsv_backoff_end_drain() */
	pcp->moved_out += nr;
	pcp->drains++;
}

/*
 * The oldest block of a list, and how many blocks lie in the ring from it on: blocks beyond the end
 * of the ring wait for the next turn.
 */
static struct rsv_pcp_slot *rsv_pcp_oldest(struct rsv_pcp *pcp, unsigned int at, unsigned int *nr)
{
	const unsigned int first = (at + 1) & pcp->mask;

	*nr = min(pcp->ends.top - at, pcp->mask + 1 - first);
	return &pcp->slot[first];
}

/*
 * Moves the oldest blocks to the free areas, a batch at most, or fewer if they are scattered. The
 * caller has set busy, or nobody else uses the list.
 */
static void rsv_pcp_flush(struct rsv_zone *z, struct rsv_pcp *pcp, unsigned int order)
{
	unsigned int at = pcp->ends.bottom, end = at + RSV_PCP_BATCH, pieces = 0, nr;
	struct rsv_pcp_slot *slot;
	struct rsv_frame *first;
	unsigned long flags;

	raw_spin_lock_irqsave(&z->lock, flags);
	for (; at != pcp->ends.top && at != end && pieces < RSV_PCP_PIECES; at += nr) {
		slot = rsv_pcp_oldest(pcp, at, &nr);
		nr = rsv_zone_looks_at_cached(z) ? 1 : min(nr, end - at);
		nr = rsv_pcp_count_adjacent(slot, nr, order, &first);
		rsv_pcp_unmark(first, order, nr);
		pieces += rsv_zone_free_cached(z, first, order, nr);
	}
	raw_spin_unlock_irqrestore(&z->lock, flags);
	rsv_pcp_set_bottom(pcp, at);
}

/*
 * Of adjacent blocks at the old end of a list, the number of those that form one block with the
 * oldest one. @first, the one with the lowest address, moves accordingly.
 */
static unsigned int rsv_pcp_aligned(const struct rsv_pcp_slot *oldest, unsigned int nr,
				    unsigned int order, struct rsv_frame **first)
{
	unsigned long at = (page_to_pfn(oldest->page) >> order) + (*first != oldest->frame);

	/* The blocks reach up to the oldest one, or down to it. */
	nr = 1U << min_t(unsigned int, ilog2(nr), __ffs(at | RSV_PCP_FLUSH));
	if (*first != oldest->frame)
		*first = oldest->frame - ((long)(nr - 1) << order);
	return nr;
}

/*
 * Makes room on a full list: moves the oldest blocks to the free areas, as many as form one block
 * together. The free that pays for it then costs little more than one that merges.
 */
static void rsv_pcp_make_room(struct rsv_zone *z, struct rsv_pcp *pcp, unsigned int order)
{
	unsigned int at = pcp->ends.bottom, nr;
	struct rsv_pcp_slot *slot = rsv_pcp_oldest(pcp, at, &nr);
	struct rsv_frame *first;
	unsigned long flags;

	raw_spin_lock_irqsave(&z->lock, flags);
	nr = rsv_zone_looks_at_cached(z) ? 1 : min(nr, RSV_PCP_FLUSH);
	nr = rsv_pcp_count_adjacent(slot, nr, order, &first);
	if (nr > 1)
		nr = rsv_pcp_aligned(slot, nr, order, &first);
	rsv_pcp_unmark(first, order, nr);
	rsv_zone_free_cached(z, first, order, nr);
	raw_spin_unlock_irqrestore(&z->lock, flags);
	rsv_pcp_set_bottom(pcp, at + nr);
}

/**
 * rsv_pcp_free() - free a block onto this CPU's list, and make room if the list is full
 * @e: the block's extent
 * @index: its first page in the extent
 * @order: its order, below RSV_PCP_ORDERS
 *
 * Context: Any. In an NMI it makes no room.
 * Return: true if the list has the block. false, and the block has not changed, if the list is busy
 * or switched off, if it is full in an NMI, or if the block cannot be claimed.
 */
bool rsv_pcp_free(struct rsv_extent *e, unsigned long index, unsigned int order)
{
	struct rsv_zone *z = e->zone;
	struct rsv_pcp *pcp = READ_ONCE(z->pcp_high[order]) ? rsv_pcp_enter(z, order) : NULL;
	bool pushed;

	if (!pcp)
		return false;
	if (rsv_pcp_nr(pcp) >= pcp->high)
		rsv_pcp_set_limit(z, pcp, order);
	/* While the list is longer than its limit, this block goes to the free areas, too. */
	if (rsv_pcp_nr(pcp) && rsv_pcp_nr(pcp) >= pcp->high && !in_nmi())
		rsv_pcp_make_room(z, pcp, order);
	pushed = rsv_pcp_push(pcp, &e->frames[index], pfn_to_page(e->first + index), order);
	rsv_pcp_update_open(z, pcp, pushed);
	rsv_pcp_leave(pcp);
	return pushed;
}

/*
 * Draining
 */

/* A list may be closed before it is empty: see rsv_pcp_is_open(). */
static void rsv_pcp_close(struct rsv_pcp *pcp)
{
	smp_store_release(&pcp->open, false); /* pairs with rsv_pcp_is_open() */
	WRITE_ONCE(pcp->high, 0);
}

static void rsv_pcp_flush_all(struct rsv_zone *z, struct rsv_pcp *pcp, unsigned int order)
{
	while (rsv_pcp_nr(pcp))
		rsv_pcp_flush(z, pcp, order);
}

/*
 * Flushes this CPU's list, and closes it first if @close is set. Between two steps preemption is
 * enabled: a list of scattered pages takes long. So tasks and interrupts may use the list
 * meanwhile, and open it again. Therefore the number of steps has a limit.
 */
static void rsv_pcp_drain_order(struct rsv_zone *z, unsigned int order, bool close)
{
	unsigned int steps = RSV_PCP_PAGES;
	struct rsv_pcp *pcp;
	bool more;

	do {
		pcp = rsv_pcp_enter(z, order);
		if (!pcp)
			return;
		if (close && steps == RSV_PCP_PAGES)
			rsv_pcp_close(pcp);
		if (rsv_pcp_nr(pcp))
			rsv_pcp_flush(z, pcp, order);
		more = rsv_pcp_nr(pcp);
		rsv_pcp_leave(pcp);
	} while (more && --steps);
}

/**
 * rsv_pcp_drain() - move all blocks on this CPU's lists of a zone to the free areas
 * @z: the zone
 * @close: whether the lists are closed, too
 *
 * An interrupt skips a list that the interrupted code works on.
 *
 * Context: Any but NMI.
 */
void rsv_pcp_drain(struct rsv_zone *z, bool close)
{
	unsigned int order;

	for (order = 0; order < RSV_PCP_ORDERS; order++)
		rsv_pcp_drain_order(z, order, close);
	rsv_large_drain(z, close);
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
	struct rsv_pcp *pcp;
	unsigned int order;

	for (order = 0; order < RSV_PCP_ORDERS; order++) {
		rcu_read_lock();
		pcp = per_cpu_ptr(z->pcp[order], cpu);
		rsv_pcp_close(pcp);
		rsv_pcp_flush_all(z, pcp, order);
		rcu_read_unlock();
	}
	rsv_large_drain_dead(z, cpu);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_pcp_drain_dead);

/*
 * Creating
 */

/* Two blocks, the slot that has none, and a power of two */
#define RSV_PCP_SLOTS_MIN	4

static size_t rsv_pcp_bytes(unsigned int slots)
{
	return ALIGN(offsetof(struct rsv_pcp, slot) + slots * sizeof(struct rsv_pcp_slot),
		     SMP_CACHE_BYTES);
}

/* Bytes of the lists of one CPU */
static size_t rsv_pcps_bytes(const unsigned int *slots)
{
	size_t bytes = 0;
	unsigned int order;

	for (order = 0; order < RSV_PCP_ORDERS; order++)
		bytes += slots[order] ? rsv_pcp_bytes(slots[order]) : 0;
	return bytes;
}

/*
 * The slots that the lists should have. Most zones have a power of two of pages, and so have their
 * limits: a list may then have one block less, since it would take twice the slots to have it.
 * Returns whether any list should have more than it has.
 */
static bool rsv_pcp_want_slots(const struct rsv_zone *z, unsigned int *slots)
{
	unsigned int high[RSV_PCP_ORDERS], order;
	bool more = false;

	rsv_pcp_lengths(z->nr_pages, num_possible_cpus(), high);
	for (order = 0; order < RSV_PCP_ORDERS; order++) {
		slots[order] = 0;
		if (high[order])
			slots[order] = max_t(unsigned int, roundup_pow_of_two(high[order]),
					     RSV_PCP_SLOTS_MIN);
		slots[order] = max(slots[order], z->pcp_slots[order]);
		more |= slots[order] > z->pcp_slots[order];
	}
	return more;
}

/* Lays out empty lists of all CPUs in @pcps. An order without slots has no list. */
static void rsv_pcp_lay_out(void __percpu *pcps, const unsigned int *slots,
			    struct rsv_pcp __percpu **pcp)
{
	unsigned int order, cpu;
	size_t offset = 0;

	for (order = 0; order < RSV_PCP_ORDERS; order++) {
		pcp[order] = &rsv_pcp_disabled;
		if (!slots[order])
			continue;
		pcp[order] = pcps + offset;
		offset += rsv_pcp_bytes(slots[order]);
		for_each_possible_cpu(cpu) {
			struct rsv_pcp *list = per_cpu_ptr(pcp[order], cpu);

			list->mask = slots[order] - 1;
			list->slot[0].frame = &rsv_pcp_none;
		}
	}
}

static void rsv_pcp_set_replacing(struct rsv_zone *z, bool replacing)
{
	raw_spin_lock_irq(&z->lock);
	z->replacing = replacing;
	raw_spin_unlock_irq(&z->lock);
}

/* Lets the zone use all slots of its new lists. */
static void rsv_pcp_set_slots(struct rsv_zone *z, const unsigned int *slots)
{
	raw_spin_lock_irq(&z->lock);
	memcpy(z->pcp_slots, slots, sizeof(z->pcp_slots));
	rsv_zone_resize(z, 0);
	raw_spin_unlock_irq(&z->lock);
}

/* Moves the blocks of old lists, which nobody else uses any more, to the free areas. */
static void rsv_pcp_retire(struct rsv_zone *z, struct rsv_pcp __percpu *old, unsigned int order)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		struct rsv_pcp *pcp = per_cpu_ptr(old, cpu);

		rsv_pcp_flush_all(z, pcp, order);
		rsv_pcp_add_stats(pcp, &z->pcp_past[order]);
		cond_resched();
	}
}

/* Replaces the lists. The comment at the top lists the steps. */
static void rsv_pcp_replace(struct rsv_zone *z, struct rsv_pcp __percpu **pcp,
			    const unsigned int *slots)
{
	struct rsv_pcp __percpu *old[RSV_PCP_ORDERS];
	unsigned int order;

	for (order = 0; order < RSV_PCP_ORDERS; order++) {
		old[order] = z->pcp[order];
		/* A CPU that sees the pointer sees the list, by address dependency. */
		smp_store_release(&z->pcp[order], pcp[order]);
	}
	/* rsv_pcp_disabled has no blocks, so nothing of it is flushed. */
	if (z->pcps) {
		synchronize_rcu();
		rsv_pcp_set_replacing(z, true);
		for (order = 0; order < RSV_PCP_ORDERS; order++)
			rsv_pcp_retire(z, old[order], order);
		rsv_pcp_set_replacing(z, false);
	}
	rsv_pcp_set_slots(z, slots);
}

/**
 * rsv_pcp_create() - create the lists of a zone
 * @z: the zone
 * @gfp: for memory of the system
 *
 * Until it has pages, rsv_pcp_disabled stands in for the lists of small blocks.
 *
 * Context: Process; may sleep.
 * Return: 0 or -ENOMEM.
 */
int rsv_pcp_create(struct rsv_zone *z, gfp_t gfp)
{
	unsigned int order;

	z->large = alloc_percpu_gfp(struct rsv_large_list, gfp);
	if (!z->large)
		return -ENOMEM;
	for (order = 0; order < RSV_PCP_ORDERS; order++)
		z->pcp[order] = &rsv_pcp_disabled;
	return 0;
}

/**
 * rsv_pcp_fit() - give a zone lists as long as its pages deserve
 * @z: the zone; its region's shape is locked
 * @gfp: for memory of the system
 *
 * A zone that lost pages keeps its lists, which then have a lower limit. It also keeps them if the
 * system has no memory for longer ones.
 *
 * Context: Process; may sleep; waits for a grace period if the zone had lists before.
 */
void rsv_pcp_fit(struct rsv_zone *z, gfp_t gfp)
{
	struct rsv_pcp __percpu *pcp[RSV_PCP_ORDERS];
	unsigned int slots[RSV_PCP_ORDERS];
	void __percpu *old = z->pcps;
	void __percpu *pcps;

	if (!rsv_pcp_want_slots(z, slots))
		return;
	pcps = __alloc_percpu_gfp(rsv_pcps_bytes(slots), SMP_CACHE_BYTES, gfp);
	if (!pcps)
		return;
	z->region->percpu += rsv_pcps_bytes(slots) - rsv_pcps_bytes(z->pcp_slots);
	rsv_pcp_lay_out(pcps, slots, pcp);
	rsv_pcp_replace(z, pcp, slots);
	z->pcps = pcps;
	free_percpu(old);
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
	free_percpu(z->large);
}
