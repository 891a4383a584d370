// SPDX-License-Identifier: GPL-2.0
/*
 * The work queue of objects/ and pages/. They have a queue of their own for two reasons. The module
 * waits for all its work items before it is unloaded. And requests wait for work that drains a CPU,
 * so that work must not wait for memory (WQ_MEM_RECLAIM).
 */
#include <linux/rcupdate.h>

#include "compat.h"
#include "work.h"

struct workqueue_struct *rsv_queue;

/**
 * rsv_work_start() - create the work queue
 *
 * Context: Process; may sleep.
 * Return: 0 or -ENOMEM.
 */
int rsv_work_start(void)
{
	rsv_queue = alloc_workqueue("reservoir", WQ_MEM_RECLAIM | RSV_WQ_PERCPU, 0);
	return rsv_queue ? 0 : -ENOMEM;
}

/**
 * rsv_work_flush() - wait until all work that was queued is done
 *
 * Context: Process; may sleep.
 */
void rsv_work_flush(void)
{
	unsigned int i;

	/*
	 * RCU queues a work item that waits for a grace period only when that is over. Such an item
	 * may have been about to wait for another one: that of destroyed caches does so once more
	 * if it sees slabs that were leaving when it began.
	 */
	for (i = 0; i < 2; i++) {
		rcu_barrier();
		flush_workqueue(rsv_queue);
	}
}

/**
 * rsv_work_stop() - destroy the work queue, after the last region
 *
 * Context: Process; may sleep.
 */
void rsv_work_stop(void)
{
	rsv_work_flush();
	destroy_workqueue(rsv_queue);
}
