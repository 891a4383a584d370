// SPDX-License-Identifier: GPL-2.0
/*
 * The limit of a per-CPU list: how many blocks it may have at present.
 *
 * A long list saves refills and flushes where a CPU allocates many blocks in a row, and frees many
 * in a row. It costs memory, and keeps the zone in pieces. Its blocks are those that were freed
 * last, wherever they lie, and the next requests get them again. Only what passes through the free
 * areas moves to the low end of the zone (buddy.c). Where allocations and frees alternate at
 * random, a list that is longer than the fluctuation never gets empty or full, and nothing moves.
 *
 * So a list has a low limit, zone->pcp_low, unless its CPU shows that it needs more. Refills and
 * flushes find that out, when at least RSV_PCP_SAMPLE blocks have passed since the last time: they
 * compare the number of allocations with that of frees. If the difference is a fourth of their sum
 * or more, the CPU goes in one direction, and the limit doubles, up to zone->pcp_high. If it is
 * less, the CPU goes back and forth, which a short list serves as well, and the limit is halved,
 * down to zone->pcp_low. Among n blocks at random the difference is about the root of n: an eighth
 * of 64, and a smaller part of more. A CPU that allocates hundreds and frees them in turn keeps the
 * high limit, or gets it back after a turn that looked like the other case.
 *
 * The kernel's lists, too, refill with more after each refill without a free, and with less after
 * frees (alloc_factor and free_count in mm/page_alloc.c).
 *
 * Only the CPU of a list sets its limit, while it has set busy. When the zone's limits grow, a list
 * follows at its next refill or flush. When the zone has lost pages, none of its lists may have a
 * block more: the next free is not fast, and finds the zone's new limit. A drain does the same to
 * the lists that it empties (backoff.c), which get back the limit that they had. The lists of a
 * zone that is frozen (bad_page.c) keep their limits. They may take blocks, and give out none.
 */
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>

#include "pcp.h"

/**
 * rsv_pcp_adapt() - set the limit of a list that is empty or full, or may have no block more
 * @pcp: the list, on which the caller has set busy
 * @low: the zone's low limit for it
 * @high: the zone's high limit for it, not below @low
 *
 * Context: Any but NMI.
 */
void rsv_pcp_adapt(struct rsv_pcp *pcp, unsigned int low, unsigned int high)
{
	const u64 allocs = rsv_pcp_allocs(pcp) - pcp->last_allocs;
	const u64 frees = pcp->frees - pcp->last_frees;
	const u64 all = allocs + frees, more = allocs > frees ? allocs - frees : frees - allocs;
	unsigned int limit = pcp->limit;

	if (all >= RSV_PCP_SAMPLE) {
		limit = more * 4 >= all ? 2 * limit : limit / 2;
		pcp->last_allocs += allocs;
		pcp->last_frees += frees;
	}
	pcp->limit = clamp(limit, low, high);
	WRITE_ONCE(pcp->high, pcp->limit);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_pcp_adapt);

/**
 * rsv_pcp_forget_limits() - let no list of a zone have more than the zone's limits any more
 * @z: the zone, whose limits were lowered before
 *
 * A CPU that sets its list's limit at the same time sees the zone's new limit after it has stored
 * the list's, or else it stored that before this function stores 0.
 *
 * Context: Process.
 */
void rsv_pcp_forget_limits(struct rsv_zone *z)
{
	unsigned int order, cpu;

	smp_mb(); /* pairs with rsv_pcp_set_limit() */
	rcu_read_lock();
	for (order = 0; order < RSV_PCP_ORDERS; order++)
		for_each_possible_cpu(cpu)
			WRITE_ONCE(per_cpu_ptr(z->pcp[order], cpu)->high, 0);
	rcu_read_unlock();
}
EXPORT_SYMBOL_IF_KUNIT(rsv_pcp_forget_limits);
