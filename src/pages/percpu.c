// SPDX-License-Identifier: GPL-2.0
/*
 * Per-CPU lists of small free blocks, in front of the free areas.
 *
 * A list is a stack of frames that only its own CPU touches, with preemption disabled and without
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
 * one that does.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>

#include "../region.h"
#include "../report.h"
#include "extent.h"
#include "percpu.h"
#include "relief.h"
#include "zone.h"

/* How long a request waits for other CPUs to empty their lists */
#define RSV_DRAIN_PATIENCE	(HZ / 10)

static int rsv_pcp_state;	/* of CPU hot-plug */

/*
 * The protocol
 */

/* The lists of this CPU, or NULL if an interrupt came while they are being worked on. */
static struct rsv_pcp *rsv_pcp_enter(struct rsv_zone *z)
{
	struct rsv_pcp *pcp;

	preempt_disable();
	pcp = this_cpu_ptr(z->pcp);
	if (unlikely(READ_ONCE(pcp->busy))) {
		preempt_enable();
		return NULL;
	}
	WRITE_ONCE(pcp->busy, true);
	barrier();
	return pcp;
}

static void rsv_pcp_leave(struct rsv_pcp *pcp)
{
	barrier();
	WRITE_ONCE(pcp->busy, false);
	preempt_enable();
}

/*
 * Lists
 */

static bool rsv_pcp_keeps(const struct rsv_frame *f, unsigned int cpu)
{
	return READ_ONCE(f->kind) == RSV_FRAME_CACHED && READ_ONCE(f->keeper) == cpu;
}

static void rsv_pcp_refill(struct rsv_zone *z, struct rsv_pcp_list *list,
			   const struct rsv_request *q)
{
	unsigned int high = READ_ONCE(z->pcp_high[q->order]);

	WRITE_ONCE(list->nr,
		   rsv_zone_take_batch(z, q, smp_processor_id(), high / 2, list->block));
	WRITE_ONCE(list->refills, list->refills + 1);
}

static struct rsv_frame *rsv_pcp_pop(struct rsv_pcp_list *list, unsigned int *stray)
{
	while (list->nr) {
		struct rsv_frame *f = list->block[list->nr - 1];

		WRITE_ONCE(list->nr, list->nr - 1);
		if (likely(rsv_pcp_keeps(f, smp_processor_id())))
			return f;
		++*stray;
	}
	return NULL;
}

/* Puts the oldest blocks, so many of them, into the free areas. */
static void rsv_pcp_flush(struct rsv_zone *z, struct rsv_pcp_list *list, unsigned int nr,
			  unsigned int cpu, unsigned int *stray)
{
	unsigned long flags;
	unsigned int i;

	raw_spin_lock_irqsave(&z->lock, flags);
	for (i = 0; i < nr; i++) {
		if (rsv_pcp_keeps(list->block[i], cpu))
			rsv_zone_give_block(z, list->block[i]);
		else
			++*stray;
	}
	raw_spin_unlock_irqrestore(&z->lock, flags);
	WRITE_ONCE(list->nr, list->nr - nr);
	memmove(list->block, list->block + nr, list->nr * sizeof(*list->block));
	WRITE_ONCE(list->drains, list->drains + 1);
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
	struct rsv_pcp_list *list;
	struct rsv_pcp *pcp;
	struct rsv_frame *f;
	unsigned int stray = 0;

	if (!READ_ONCE(z->pcp_high[q->order]))
		return NULL;
	pcp = rsv_pcp_enter(z);
	if (!pcp)
		return NULL;
	list = &pcp->list[q->order];
	if (!list->nr)
		rsv_pcp_refill(z, list, q);
	f = rsv_pcp_pop(list, &stray);
	if (f) {
		WRITE_ONCE(list->allocs, list->allocs + 1);
		WRITE_ONCE(f->nr_pages, q->nr_pages);
		WRITE_ONCE(f->kind, RSV_FRAME_USED);
	}
	rsv_pcp_leave(pcp);
	rsv_pcp_report(z, stray);
	return f;
}

/**
 * rsv_pcp_give() - put a block on this CPU's list
 * @e: its extent
 * @f: its first frame
 * @order: its order
 *
 * Context: Any but NMI.
 * Return: true; false if the list is busy or switched off, or something is wrong with the block.
 */
bool rsv_pcp_give(struct rsv_extent *e, struct rsv_frame *f, unsigned int order)
{
	struct rsv_zone *z = e->zone;
	unsigned int high = READ_ONCE(z->pcp_high[order]), stray = 0;
	struct rsv_pcp_list *list;
	struct rsv_pcp *pcp;

	if (!high)
		return false;
	pcp = rsv_pcp_enter(z);
	if (!pcp)
		return false;
	/* A run that was gathered has the length of a block, but may begin anywhere. */
	if (READ_ONCE(f->kind) != RSV_FRAME_USED || f->nr_pages != 1UL << order ||
	    !IS_ALIGNED(e->first + rsv_frame_index(e, f), 1UL << order)) {
		rsv_pcp_leave(pcp);
		return false;
	}
	list = &pcp->list[order];
	if (list->nr >= high)
		rsv_pcp_flush(z, list, list->nr - high / 2, smp_processor_id(), &stray);
	WRITE_ONCE(f->order, order);
	WRITE_ONCE(f->keeper, smp_processor_id());
	WRITE_ONCE(f->kind, RSV_FRAME_CACHED);
	list->block[list->nr] = f;
	WRITE_ONCE(list->nr, list->nr + 1);
	WRITE_ONCE(list->frees, list->frees + 1);
	rsv_pcp_leave(pcp);
	rsv_pcp_report(z, stray);
	return true;
}

/* All lists of a CPU: this one, between enter and leave, or one that is dead. */
static unsigned int rsv_pcp_empty(struct rsv_zone *z, struct rsv_pcp *pcp, unsigned int cpu)
{
	unsigned int order, stray = 0;

	for (order = 0; order < RSV_PCP_ORDERS; order++)
		if (pcp->list[order].nr)
			rsv_pcp_flush(z, &pcp->list[order], pcp->list[order].nr, cpu, &stray);
	return stray;
}

/**
 * rsv_pcp_drain_local() - put all blocks on this CPU's lists into the free areas
 * @r: the region
 *
 * Context: Any but NMI. Leaves alone what an interrupt finds busy.
 */
void rsv_pcp_drain_local(struct rsv_region *r)
{
	struct rsv_zone *z;
	unsigned int n, stray;

	for (n = 0; (z = rsv_zone_nth(r, n)); n++) {
		struct rsv_pcp *pcp = rsv_pcp_enter(z);

		if (!pcp)
			continue;
		stray = rsv_pcp_empty(z, pcp, smp_processor_id());
		rsv_pcp_leave(pcp);
		rsv_pcp_report(z, stray);
	}
}

/*
 * All CPUs
 */

static void rsv_drain_work(struct work_struct *work)
{
	struct rsv_region *r = container_of(work, struct rsv_drain, work)->region;

	rsv_relief_hooks->drain_local(r);
	rsv_pcp_drain_local(r);
}

/* A glance, so that CPUs that have nothing are left in peace. */
static bool rsv_cpu_has_any(const struct rsv_region *r, unsigned int cpu)
{
	struct rsv_zone *z;
	unsigned int n, order;

	if (rsv_relief_hooks->has_local(r, cpu))
		return true;
	for (n = 0; (z = rsv_zone_nth(r, n)); n++)
		for (order = 0; order < RSV_PCP_ORDERS; order++)
			/* A list that fills meanwhile is one that fills after the drain. */
			if (data_race(per_cpu_ptr(z->pcp, cpu)->list[order].nr))
				return true;
	return false;
}

/* Sets the emptying going on all CPUs that have something; under cpus_read_lock(). */
static void rsv_drains_queue(struct rsv_region *r)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		if (rsv_cpu_has_any(r, cpu))
			queue_work_on(cpu, rsv_queue, &per_cpu_ptr(r->drains, cpu)->work);
}

static bool rsv_drains_busy(const struct rsv_region *r)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		if (work_busy(&per_cpu_ptr(r->drains, cpu)->work))
			return true;
	return false;
}

/**
 * rsv_pcp_drain() - put all blocks on all CPUs' lists into the free areas, and all objects in their
 * magazines into slabs
 * @r: the region
 *
 * Context: Process; may sleep; takes cpus_read_lock(), and waits until every CPU has done its part.
 */
void rsv_pcp_drain(struct rsv_region *r)
{
	unsigned int cpu;

	mutex_lock(&r->drain_lock);
	cpus_read_lock();
	rsv_drains_queue(r);
	for_each_online_cpu(cpu)
		flush_work(&per_cpu_ptr(r->drains, cpu)->work);
	cpus_read_unlock();
	mutex_unlock(&r->drain_lock);
}

/**
 * rsv_pcp_try_drain() - the same for a request, which waits for nobody long
 * @r: the region
 *
 * A CPU that is busy with a task of the highest priority, or that is coming or going, keeps its
 * blocks: the request does without them after RSV_DRAIN_PATIENCE.
 *
 * Context: Process; may sleep.
 */
void rsv_pcp_try_drain(struct rsv_region *r)
{
	unsigned long deadline = jiffies + RSV_DRAIN_PATIENCE;

	rsv_relief_hooks->drain_local(r);
	rsv_pcp_drain_local(r);
	/* Who drains already drains for this request too: it is worth waiting for. */
	while (!mutex_trylock(&r->drain_lock)) {
		if (time_after_eq(jiffies, deadline))
			return;
		usleep_range(20, 50);
	}
	if (cpus_read_trylock()) {
		rsv_drains_queue(r);
		while (rsv_drains_busy(r) && time_before(jiffies, deadline))
			usleep_range(20, 50);
		cpus_read_unlock();
	}
	mutex_unlock(&r->drain_lock);
}

static int rsv_cpu_dead(unsigned int cpu, struct hlist_node *node)
{
	struct rsv_region *r = hlist_entry(node, struct rsv_region, cpuhp);
	struct rsv_zone *z;
	unsigned int n;

	for (n = 0; (z = rsv_zone_nth(r, n)); n++)
		rsv_pcp_report(z, rsv_pcp_empty(z, per_cpu_ptr(z->pcp, cpu), cpu));
	return 0;
}

/*
 * Start and stop
 */

/**
 * rsv_pcp_create() - make the lists of a zone, switched off until its size is known
 *
 * Context: Process; may sleep.
 * Return: The lists or NULL.
 */
struct rsv_pcp __percpu *rsv_pcp_create(void)
{
	return alloc_percpu(struct rsv_pcp);
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
 * rsv_drains_create() - let the lists of a region be emptied
 * @r: the region
 *
 * Context: Process; may sleep.
 * Return: 0 or -ENOMEM.
 */
int rsv_drains_create(struct rsv_region *r)
{
	unsigned int cpu;
	int err;

	r->drains = alloc_percpu(struct rsv_drain);
	if (!r->drains)
		return -ENOMEM;
	r->percpu += sizeof(struct rsv_drain);
	for_each_possible_cpu(cpu) {
		struct rsv_drain *drain = per_cpu_ptr(r->drains, cpu);

		INIT_WORK(&drain->work, rsv_drain_work);
		drain->region = r;
	}
	err = cpuhp_state_add_instance_nocalls(rsv_pcp_state, &r->cpuhp);
	if (err)
		free_percpu(r->drains);
	return err;
}

/**
 * rsv_drains_release() - undo rsv_drains_create()
 * @r: the region, its lists empty or never used again
 *
 * Context: Process; may sleep.
 */
void rsv_drains_release(struct rsv_region *r)
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
						rsv_cpu_dead);
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
		const struct rsv_pcp_list *list = &per_cpu_ptr(z->pcp, cpu)->list[order];

		stats->blocks += READ_ONCE(list->nr);
		stats->allocs += READ_ONCE(list->allocs);
		stats->frees += READ_ONCE(list->frees);
		stats->refills += READ_ONCE(list->refills);
		stats->drains += READ_ONCE(list->drains);
	}
}
