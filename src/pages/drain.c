// SPDX-License-Identifier: GPL-2.0
/*
 * Getting back what is free but not in a free area: blocks on the lists of CPUs, zeroed pages, and
 * magazines and empty slabs of caches, which belong to objects/ and are asked for by hooks. What
 * CPUs have at hand comes first: it may be the last object of a slab.
 *
 * A request that may sleep and finds nothing does it itself, once, before it fails. When a zone
 * is below its low mark it is done in the background, so that requests that may not sleep find
 * something; but not all the while, or caches there would have nothing at hand.
 */
#include <linux/jiffies.h>

#include "compat.h"
#include "drain.h"
#include "pcp.h"
#include "region.h"
#include "zeroed.h"

/* How long a region that runs low is left alone: what little came together meanwhile can wait. */
#define RSV_DRAIN_INTERVAL (HZ / 10)

struct workqueue_struct *rsv_queue;

const struct rsv_drain_hooks *rsv_drain_hooks;

static void rsv_drain_background(struct work_struct *work)
{
	struct rsv_region *r = container_of(work, struct rsv_region, drain_work);

	rsv_zeroed_drain(r);
	rsv_drain_hooks->shrink(r);
}

/**
 * rsv_drain_wake() - a zone runs low: give back what is not needed, soon, unless that was done
 *	a moment ago
 * @r: the region
 *
 * Context: Any but NMI.
 */
void rsv_drain_wake(struct rsv_region *r)
{
	unsigned long last = READ_ONCE(r->drained_at);

	/* That two CPUs may find the interval over at once does no harm. */
	if (time_in_range_open(jiffies, last, last + RSV_DRAIN_INTERVAL))
		return;
	WRITE_ONCE(r->drained_at, jiffies);
	queue_work(rsv_queue, &r->drain_work);
}

/**
 * rsv_drain_region() - put all that is free into the free areas
 * @r: the region
 *
 * Context: Process; may sleep.
 */
void rsv_drain_region(struct rsv_region *r)
{
	rsv_drain_cpus(r);
	rsv_drain_hooks->shrink(r);
	rsv_zeroed_drain(r);
}

/**
 * rsv_drain_for_request() - the same for a request, which waits for nobody long
 * @r: the region
 *
 * Context: Process; may sleep.
 */
void rsv_drain_for_request(struct rsv_region *r)
{
	rsv_drain_cpus_timeout(r);
	rsv_drain_hooks->shrink(r);
	rsv_zeroed_drain(r);
}

/**
 * rsv_drain_atomic() - the part of it that does not sleep
 * @r: the region
 *
 * Context: Any but NMI.
 */
void rsv_drain_atomic(struct rsv_region *r)
{
	rsv_zeroed_drain(r);
	rsv_pcp_drain_local(r);
}

/**
 * rsv_drain_init() - get a new region ready
 * @r: the region
 */
void rsv_drain_init(struct rsv_region *r)
{
	INIT_WORK(&r->drain_work, rsv_drain_background);
	r->drained_at = jiffies - RSV_DRAIN_INTERVAL;
}

/**
 * rsv_drain_set_hooks() - say how objects/ gives back what it does not need
 * @hooks: the calls
 */
void rsv_drain_set_hooks(const struct rsv_drain_hooks *hooks)
{
	rsv_drain_hooks = hooks;
}

/**
 * rsv_work_start() - get ready for regions
 *
 * Return: 0 or -ENOMEM.
 */
int rsv_work_start(void)
{
	rsv_queue = alloc_workqueue("reservoir", WQ_MEM_RECLAIM | RSV_WQ_PERCPU, 0);
	return rsv_queue ? 0 : -ENOMEM;
}

/**
 * rsv_work_flush() - wait for the end of all that is on its way
 *
 * Context: Process; may sleep.
 */
void rsv_work_flush(void)
{
	/* What waits for its readers is queued when they are done. */
	rcu_barrier();
	flush_workqueue(rsv_queue);
}

/**
 * rsv_work_stop() - undo rsv_work_start(), after the last region
 */
void rsv_work_stop(void)
{
	rsv_work_flush();
	destroy_workqueue(rsv_queue);
}
