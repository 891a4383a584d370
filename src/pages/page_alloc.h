/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests for blocks of pages: the fast path, inline, and the slow path, which contig.c shares.
 */
#ifndef RSV_PAGES_PAGE_ALLOC_H
#define RSV_PAGES_PAGE_ALLOC_H

#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/topology.h>

#include "gfp.h"
#include "pcp.h"
#include "types.h"

struct rsv_frame *rsv_request_try(struct rsv_region *r, const struct rsv_request *q);
struct rsv_frame *rsv_request_alloc(struct rsv_region *r, const struct rsv_request *q,
				    struct rsv_frame *(*gather)(struct rsv_region *r,
								const struct rsv_request *q));

/*
 * The fast path of an allocation with plain flags and an order below RSV_PCP_ORDERS: pops a block
 * from this CPU's list of the nearest zone, unless that zone is short of pages.
 */
static __always_inline bool rsv_pages_pop(struct rsv_region *r, unsigned int order,
					  struct rsv_frame **frame, struct page **page)
{
	struct rsv_zone *z;

	preempt_disable();
	z = READ_ONCE(r->nearest[numa_mem_id()]);
	/* data_race(): READ_ONCE() would need an instruction of its own. */
	if (unlikely(READ_ONCE(z->free_pages) < data_race(z->list_min)))
		goto refuse;
	if (unlikely(!rsv_pcp_pop_fast(rsv_pcp_this_cpu(z, order), frame, page)))
		goto refuse;
	preempt_enable();
	return true;
refuse:
	preempt_enable();
	return false;
}

#endif /* RSV_PAGES_PAGE_ALLOC_H */
