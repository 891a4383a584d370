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
#include "region.h"
#include "pcp.h"
#include "drain.h"
#include "zeroed.h"

/* How long a region that runs low is left alone: what little came together meanwhile can wait. */
#define RSV_RELIEF_INTERVAL	(HZ / 10)

struct workqueue_struct *rsv_queue;

const struct rsv_relief_hooks *rsv_relief_hooks;

static void rsv_relief_work(struct work_struct *work)
{
	struct rsv_region *r = container_of(work, struct rsv_region, relief);

	rsv_zeroed_drain(r);
	rsv_relief_hooks->shrink(r);
}

/**
 * rsv_relief_wanted() - a zone runs low: give back what is not needed, soon, unless that was done
 *	a moment ago
 * @r: the region
 *
 * Context: Any but NMI.
 */
void rsv_relief_wanted(struct rsv_region *r)
{
	unsigned long last = READ_ONCE(r->relieved);

	/* That two CPUs may find the interval over at once does no harm. */
	if (time_in_range_open(jiffies, last, last + RSV_RELIEF_INTERVAL))
		return;
	WRITE_ONCE(r->relieved, jiffies);
	queue_work(rsv_queue, &r->relief);
}

/**
 * rsv_relieve() - put all that is free into the free areas
 * @r: the region
 *
 * Context: Process; may sleep.
 */
void rsv_relieve(struct rsv_region *r)
{
	rsv_pcp_drain(r);
	rsv_relief_hooks->shrink(r);
	rsv_zeroed_drain(r);
}

/**
 * rsv_relieve_request() - the same for a request, which waits for nobody long
 * @r: the region
 *
 * Context: Process; may sleep.
 */
void rsv_relieve_request(struct rsv_region *r)
{
	rsv_pcp_try_drain(r);
	rsv_relief_hooks->shrink(r);
	rsv_zeroed_drain(r);
}

/**
 * rsv_relieve_atomic() - the part of it that does not sleep
 * @r: the region
 *
 * Context: Any but NMI.
 */
void rsv_relieve_atomic(struct rsv_region *r)
{
	rsv_zeroed_drain(r);
	rsv_pcp_drain_local(r);
}

/**
 * rsv_relief_init() - get a new region ready
 * @r: the region
 */
void rsv_relief_init(struct rsv_region *r)
{
	INIT_WORK(&r->relief, rsv_relief_work);
	r->relieved = jiffies - RSV_RELIEF_INTERVAL;
}

/**
 * rsv_relief_set_hooks() - say how objects/ gives back what it does not need
 * @hooks: the calls
 */
void rsv_relief_set_hooks(const struct rsv_relief_hooks *hooks)
{
	rsv_relief_hooks = hooks;
}

/**
 * rsv_relief_start() - get ready for regions
 *
 * Return: 0 or -ENOMEM.
 */
int rsv_relief_start(void)
{
	rsv_queue = alloc_workqueue("reservoir", WQ_MEM_RECLAIM | RSV_WQ_PERCPU, 0);
	return rsv_queue ? 0 : -ENOMEM;
}

/**
 * rsv_relief_flush() - wait for the end of all that is on its way
 *
 * Context: Process; may sleep.
 */
void rsv_relief_flush(void)
{
	/* What waits for its readers is queued when they are done. */
	rcu_barrier();
	flush_workqueue(rsv_queue);
}

/**
 * rsv_relief_stop() - undo rsv_relief_start(), after the last region
 */
void rsv_relief_stop(void)
{
	rsv_relief_flush();
	destroy_workqueue(rsv_queue);
}
