// SPDX-License-Identifier: GPL-2.0
/*
 * Per-CPU lists of small free blocks, in front of the free areas.
 *
 * A list is a ring of frames that only its own CPU touches, with preemption disabled and without
 * masking interrupts:
 *
 *	set busy; look at the list, change it, refill or drain it; clear busy last
 *
 * An interrupt that comes in between finds busy set and goes to the zone's free areas instead. So
 * there is no moment at which two contexts work on a list, and no atomic instruction. Lists of
 * other CPUs are emptied by work queued on those CPUs, by callers that may sleep, under
 * cpus_read_lock(); a CPU that goes off-line is emptied when it is dead, since it still frees until
 * then.
 *
 * A block on a list is free, but merges with nothing: its frame says CACHED, and which CPU keeps
 * it. The frame is asked before the block is handed out, so that a block that two CPUs gave back at
 * the same instant is found to be on a list whose CPU does not keep it, reported, and left to the
 * one that does. What is not found is a block that an interrupt or another CPU gives to the free
 * areas between the look at its frame here and the word that it is CACHED.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>

#include "buddy.h"
#include "drain.h"
#include "extent.h"
#include "pcp.h"
#include "region.h"
#include "report.h"
#include "zone.h"

/* How long a request waits for other CPUs to empty their lists */
#define RSV_DRAIN_PATIENCE (HZ / 10)

static int rsv_pcp_state; /* of CPU hot-plug */

/* What a list has below its oldest block: no list keeps it, which ends a walk down. */
struct rsv_frame rsv_pcp_none;

/*
 * The protocol
 */

/* The list of this CPU, or NULL if an interrupt came while it is being worked on. */
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
 * Lists
 */

/* The list is empty. */
static void rsv_pcp_refill(struct rsv_zone *z, struct rsv_pcp *pcp, const struct rsv_request *q)
{
	union rsv_pcp_ends ends = {};

	pcp->frame[0] = &rsv_pcp_none;
	ends.top = rsv_zone_take_batch(z, q, smp_processor_id(),
				       DIV_ROUND_UP(READ_ONCE(z->pcp_high[q->order]), 2),
				       RSV_PCP_PIECES, pcp->frame + 1, pcp->page + 1);
	WRITE_ONCE(pcp->ends.both, ends.both);
	pcp->refills++;
}

static struct rsv_frame *rsv_pcp_pop(struct rsv_pcp *pcp, unsigned int *stray)
{
	while (rsv_pcp_nr(pcp)) {
		struct rsv_frame *f = pcp->frame[pcp->ends.top % RSV_PCP_SLOTS];

		WRITE_ONCE(pcp->ends.top, pcp->ends.top - 1);
		if (likely(rsv_pcp_owns(f, smp_processor_id())))
			return f;
		++*stray;
	}
	return NULL;
}

/*
 * Marks blocks of a list that lie side by side as on their way to the free areas, from one on that
 * is kept, at most so many. They lie so if they were taken or given back one after the other, in
 * whichever direction. Returns their number, and the first of them by address.
 */
static unsigned int rsv_pcp_run(struct rsv_frame **block, unsigned int most, unsigned int order,
				struct rsv_frame **first)
{
	struct rsv_frame *f = block[0];
	const u64 word = f->word;
	long step = 1L << order;
	unsigned int nr = 1;

	if (most > 1 && block[1] < f)
		step = -step;
	*first = f;
	WRITE_ONCE(f->kind, RSV_FRAME_BODY);
	/* What is kept by the same CPU and of the same extent has the same word. */
	for (f += step; nr < most && block[nr] == f && f->word == word; nr++, f += step)
		WRITE_ONCE(f->kind, RSV_FRAME_BODY);
	if (step < 0)
		*first = f - step;
	return nr;
}

/* Puts the oldest blocks, so many of them unless they lie scattered, into the free areas. */
static void rsv_pcp_flush(struct rsv_zone *z, struct rsv_pcp *pcp, unsigned int order,
			  unsigned int nr, unsigned int cpu, unsigned int *stray)
{
	unsigned int at = pcp->ends.bottom, left = nr, runs = 0, run;
	struct rsv_frame *first;
	struct rsv_extent *e;
	unsigned long flags;

	raw_spin_lock_irqsave(&z->lock, flags);
	for (; left && runs < RSV_PCP_PIECES; left -= run, at += run) {
		struct rsv_frame **block = &pcp->frame[(at + 1) % RSV_PCP_SLOTS];

		run = 1;
		if (unlikely(!rsv_pcp_owns(*block, cpu))) {
			++*stray;
			continue;
		}
		run = rsv_pcp_run(block, min_t(size_t, left, pcp->frame + RSV_PCP_SLOTS - block),
				  order, &first);
		e = rsv_frame_extent(z->region, first);
		runs += rsv_buddy_give_parts(z, e, rsv_frame_index(e, first), order, run);
	}
	raw_spin_unlock_irqrestore(&z->lock, flags);
	pcp->frame[at % RSV_PCP_SLOTS] = &rsv_pcp_none;
	WRITE_ONCE(pcp->ends.bottom, at);
	pcp->drains++;
}

static void rsv_pcp_report(const struct rsv_zone *z, unsigned int stray)
{
	for (; unlikely(stray); stray--)
		rsv_report(RSV_DOUBLE_FREE, "region %s: pages given back by two CPUs at once",
			   z->region->name);
}

/**
 * rsv_pcp_take() - take a block from this CPU's list
 * @z: the zone
 * @q: the request, of an order below RSV_PCP_ORDERS and a full block
 *
 * Context: Any but NMI.
 * Return: The block's first frame, marked as used, or NULL: the list is busy or switched off, or
 * the zone has nothing.
 */
struct rsv_frame *rsv_pcp_take(struct rsv_zone *z, const struct rsv_request *q)
{
	struct rsv_pcp *pcp;
	struct rsv_frame *f;
	unsigned int stray = 0;

	if (!READ_ONCE(z->pcp_high[q->order]))
		return NULL;
	pcp = rsv_pcp_enter(z, q->order);
	if (!pcp)
		return NULL;
	if (!rsv_pcp_nr(pcp))
		rsv_pcp_refill(z, pcp, q);
	f = rsv_pcp_pop(pcp, &stray);
	if (f) {
		pcp->allocs++;
		WRITE_ONCE(f->kind, RSV_FRAME_USED);
	}
	rsv_pcp_leave(pcp);
	rsv_pcp_report(z, stray);
	return f;
}

/**
 * rsv_pcp_make_room() - put up to half of this CPU's list into the free areas if it is full
 * @z: the zone
 * @order: the list's order
 *
 * Context: Any but NMI.
 */
void rsv_pcp_make_room(struct rsv_zone *z, unsigned int order)
{
	unsigned int high = READ_ONCE(z->pcp_high[order]), stray = 0;
	struct rsv_pcp *pcp = high ? rsv_pcp_enter(z, order) : NULL;

	if (!pcp)
		return;
	if (rsv_pcp_nr(pcp) >= high)
		rsv_pcp_flush(z, pcp, order, rsv_pcp_nr(pcp) - high / 2, smp_processor_id(),
			      &stray);
	rsv_pcp_leave(pcp);
	rsv_pcp_report(z, stray);
}

/* A list of this CPU, between enter and leave, or of one that is dead */
static unsigned int rsv_pcp_empty(struct rsv_zone *z, struct rsv_pcp *pcp, unsigned int order,
				  unsigned int cpu)
{
	unsigned int stray = 0;

	while (rsv_pcp_nr(pcp))
		rsv_pcp_flush(z, pcp, order, rsv_pcp_nr(pcp), cpu, &stray);
	return stray;
}

static void rsv_zone_drain_local(struct rsv_zone *z, unsigned int order)
{
	struct rsv_pcp *pcp = rsv_pcp_enter(z, order);
	unsigned int stray;

	if (!pcp)
		return;
	stray = rsv_pcp_empty(z, pcp, order, smp_processor_id());
	rsv_pcp_leave(pcp);
	rsv_pcp_report(z, stray);
}

/**
 * rsv_pcp_drain_local() - put all blocks on this CPU's lists into the free areas
 * @r: the region
 *
 * Context: Any but NMI. Leaves alone what an interrupt finds busy.
 */
void rsv_pcp_drain_local(struct rsv_region *r)
{
	unsigned int n, order;
	struct rsv_zone *z;

	for (n = 0; (z = rsv_zone_nth(r, n)); n++)
		for (order = 0; order < RSV_PCP_ORDERS; order++)
			rsv_zone_drain_local(z, order);
}

/*
 * All CPUs
 */

static void rsv_drain_this_cpu(struct work_struct *work)
{
	struct rsv_region *r = container_of(work, struct rsv_cpu_drain, work)->region;

	rsv_drain_hooks->drain_local(r);
	rsv_pcp_drain_local(r);
}

/* A glance, so that CPUs that have nothing are left in peace. */
static bool rsv_drain_cpu_needs(const struct rsv_region *r, unsigned int cpu)
{
	struct rsv_zone *z;
	unsigned int n, order;

	if (rsv_drain_hooks->has_local(r, cpu))
		return true;
	for (n = 0; (z = rsv_zone_nth(r, n)); n++)
		for (order = 0; order < RSV_PCP_ORDERS; order++)
			/* A list that fills meanwhile is one that fills after the drain. */
			if (rsv_pcp_nr(per_cpu_ptr(z->pcp[order], cpu)))
				return true;
	return false;
}

/* Sets the emptying going on all CPUs that have something; under cpus_read_lock(). */
static void rsv_drain_queue(struct rsv_region *r)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		if (rsv_drain_cpu_needs(r, cpu))
			queue_work_on(cpu, rsv_queue, &per_cpu_ptr(r->drains, cpu)->work);
}

static bool rsv_drain_busy(const struct rsv_region *r)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		if (work_busy(&per_cpu_ptr(r->drains, cpu)->work))
			return true;
	return false;
}

/**
 * rsv_drain_cpus() - put all blocks on all CPUs' lists into the free areas, and all objects in their
 * magazines into slabs
 * @r: the region
 *
 * Context: Process; may sleep; takes cpus_read_lock(), and waits until every CPU has done its part.
 */
void rsv_drain_cpus(struct rsv_region *r)
{
	unsigned int cpu;

	mutex_lock(&r->drain_lock);
	cpus_read_lock();
	rsv_drain_queue(r);
	for_each_online_cpu(cpu)
		flush_work(&per_cpu_ptr(r->drains, cpu)->work);
	cpus_read_unlock();
	mutex_unlock(&r->drain_lock);
}

/**
 * rsv_drain_cpus_timeout() - the same for who waits for nobody long
 * @r: the region
 *
 * A CPU that is busy with a task of the highest priority, or that is coming or going, keeps its
 * blocks: the request does without them after RSV_DRAIN_PATIENCE.
 *
 * Context: Process; may sleep; also on rsv_queue, where what this waits for is done.
 */
void rsv_drain_cpus_timeout(struct rsv_region *r)
{
	unsigned long deadline = jiffies + RSV_DRAIN_PATIENCE;

	rsv_drain_hooks->drain_local(r);
	rsv_pcp_drain_local(r);
	/* Who drains already drains for this request too: it is worth waiting for. */
	while (!mutex_trylock(&r->drain_lock)) {
		if (time_after_eq(jiffies, deadline))
			return;
		usleep_range(20, 50);
	}
	if (cpus_read_trylock()) {
		rsv_drain_queue(r);
		while (rsv_drain_busy(r) && time_before(jiffies, deadline))
			usleep_range(20, 50);
		cpus_read_unlock();
	}
	mutex_unlock(&r->drain_lock);
}

static int rsv_pcp_cpu_dead(unsigned int cpu, struct hlist_node *node)
{
	struct rsv_region *r = hlist_entry(node, struct rsv_region, cpuhp);
	unsigned int n, order;
	struct rsv_zone *z;

	for (n = 0; (z = rsv_zone_nth(r, n)); n++)
		for (order = 0; order < RSV_PCP_ORDERS; order++)
			rsv_pcp_report(z, rsv_pcp_empty(z, per_cpu_ptr(z->pcp[order], cpu), order,
							cpu));
	return 0;
}

/*
 * Start and stop
 */

/**
 * rsv_pcp_create() - make the lists of a zone, switched off until its size is known
 * @z: the zone
 *
 * Context: Process; may sleep.
 * Return: 0 or -ENOMEM.
 */
int rsv_pcp_create(struct rsv_zone *z)
{
	unsigned int order, cpu;

	z->pcps = alloc_percpu(struct rsv_pcps);
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
 * rsv_pcp_release() - undo rsv_pcp_create()
 * @z: the zone, its lists empty or never used again
 *
 * Context: Process; may sleep.
 */
void rsv_pcp_release(struct rsv_zone *z)
{
	free_percpu(z->pcps);
}

/**
 * rsv_pcp_resize() - set how much the lists of a zone hold
 * @z: the zone, locked
 * @pages: its pages, or 0 for no lists
 *
 * All lists of all CPUs together hold at most one page in sixteen.
 */
void rsv_pcp_resize(struct rsv_zone *z, unsigned long pages)
{
	unsigned long share = pages / (16 * num_possible_cpus()) / RSV_PCP_ORDERS;
	unsigned int order;

	for (order = 0; order < RSV_PCP_ORDERS; order++) {
		unsigned int high = min(share >> order, (unsigned long)RSV_PCP_BLOCKS);

		WRITE_ONCE(z->pcp_high[order], high < 2 ? 0 : high);
	}
}

/**
 * rsv_drain_create() - let the lists of a region be emptied
 * @r: the region
 *
 * Context: Process; may sleep.
 * Return: 0 or -ENOMEM.
 */
int rsv_drain_create(struct rsv_region *r)
{
	unsigned int cpu;
	int err;

	r->drains = alloc_percpu(struct rsv_cpu_drain);
	if (!r->drains)
		return -ENOMEM;
	r->percpu += sizeof(struct rsv_cpu_drain);
	for_each_possible_cpu(cpu) {
		struct rsv_cpu_drain *drain = per_cpu_ptr(r->drains, cpu);

		INIT_WORK(&drain->work, rsv_drain_this_cpu);
		drain->region = r;
	}
	err = cpuhp_state_add_instance_nocalls(rsv_pcp_state, &r->cpuhp);
	if (err)
		free_percpu(r->drains);
	return err;
}

/**
 * rsv_drain_destroy() - undo rsv_drain_create()
 * @r: the region, its lists empty or never used again
 *
 * Context: Process; may sleep.
 */
void rsv_drain_destroy(struct rsv_region *r)
{
	unsigned int cpu;

	cpuhp_state_remove_instance_nocalls(rsv_pcp_state, &r->cpuhp);
	for_each_possible_cpu(cpu)
		cancel_work_sync(&per_cpu_ptr(r->drains, cpu)->work);
	free_percpu(r->drains);
}

/**
 * rsv_pcp_start() - get ready for regions
 *
 * The state is one of the PREPARE section, whose teardown runs when the CPU is dead.
 *
 * Context: Process; may sleep.
 * Return: 0 or an error number.
 */
int rsv_pcp_start(void)
{
	rsv_pcp_state = cpuhp_setup_state_multi(CPUHP_BP_PREPARE_DYN, "reservoir:dead", NULL,
						rsv_pcp_cpu_dead);
	return min(rsv_pcp_state, 0);
}

/**
 * rsv_pcp_stop() - undo rsv_pcp_start(), after the last region
 */
void rsv_pcp_stop(void)
{
	cpuhp_remove_multi_state(rsv_pcp_state);
}

/**
 * rsv_pcp_stats() - what the lists of one order hold and did, all CPUs together
 * @z: the zone
 * @order: the order, below RSV_PCP_ORDERS
 * @stats: filled in; a snapshot that nobody is stopped for
 *
 * Context: Any.
 */
void rsv_pcp_stats(const struct rsv_zone *z, unsigned int order, struct rsv_pcp_stats *stats)
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
