// SPDX-License-Identifier: GPL-2.0
/*
 * What per-CPU lists have and did.
 *
 * Each CPU counts for itself, without a lock. Other CPUs read the counts, to add them up or to find
 * the CPUs that a drain has to visit. Counts of lists that longer ones replaced are in
 * zone->pcp_past.
 */
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "pcp.h"
#include "pcp_large.h"

/**
 * rsv_pcp_add_stats() - add what one list has and did
 * @pcp: the list of one CPU
 * @stats: the sum
 *
 * Context: Any. The CPU may change the list at the same time.
 */
void rsv_pcp_add_stats(const struct rsv_pcp *pcp, struct rsv_pcp_stats *stats)
{
	stats->blocks += rsv_pcp_nr(pcp);
	stats->allocs += max_t(s64, rsv_pcp_allocs(pcp), 0);
	stats->frees += pcp->frees;
	stats->refills += pcp->refills;
	stats->drains += pcp->drains;
}

/**
 * rsv_pcp_get_stats() - what the lists of one order have and did, the sum over all CPUs
 * @z: the zone
 * @order: the order, below RSV_LISTED_ORDERS
 * @stats: filled in. The CPUs may change their lists at the same time, so counts may be off by
 *	what they do meanwhile. While longer lists replace those of a zone that has grown, the
 *	counts lack what the old ones have and did
 *
 * Context: Any.
 */
void rsv_pcp_get_stats(const struct rsv_zone *z, unsigned int order, struct rsv_pcp_stats *stats)
{
	struct rsv_pcp __percpu *pcp;
	unsigned int cpu;

	memset(stats, 0, sizeof(*stats));
	if (order >= RSV_PCP_ORDERS) {
		rsv_large_get_stats(z, order, stats);
		return;
	}
	*stats = z->pcp_past[order];
	rcu_read_lock();
	pcp = z->pcp[order];
	for_each_possible_cpu(cpu)
		rsv_pcp_add_stats(per_cpu_ptr(pcp, cpu), stats);
	rcu_read_unlock();
}

/**
 * rsv_pcp_is_open() - whether any of a CPU's lists of a zone has blocks or is open
 * @z: the zone
 * @cpu: the CPU
 *
 * The function looks at the flag first. A closed list gets no block until it is open again, and who
 * opens it says so (backoff.c). So 0 means then that all of its blocks are in the free areas. The
 * other way round, an empty list might get blocks, and be closed, between the two looks.
 *
 * Context: Any. The CPU may change the lists at the same time.
 * Return: false if all are empty and closed.
 */
bool rsv_pcp_is_open(const struct rsv_zone *z, unsigned int cpu)
{
	bool any = rsv_large_is_open(z, cpu);
	const struct rsv_pcp *pcp;
	unsigned int order;

	rcu_read_lock();
	for (order = 0; !any && order < RSV_PCP_ORDERS; order++) {
		pcp = per_cpu_ptr(z->pcp[order], cpu);
		/* The acquire pairs with rsv_pcp_close(). */
		any = smp_load_acquire(&pcp->open) || rsv_pcp_nr(pcp);
	}
	rcu_read_unlock();
	return any;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_pcp_is_open);
