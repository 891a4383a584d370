/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests for blocks of pages: the fast path, inline, and the slow path, which contig.c shares.
 */
#ifndef RSV_PAGES_PAGE_ALLOC_H
#define RSV_PAGES_PAGE_ALLOC_H

#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/topology.h>

#include "pcp.h"
#include "types.h"

/* The flags that requests for pages and requests for objects understand */
#define RSV_GFP_PAGES	\
	(GFP_KERNEL | GFP_USER | GFP_HIGHUSER | GFP_ATOMIC | GFP_NOWAIT | __GFP_DMA | \
	 __GFP_DMA32 | __GFP_ZERO | __GFP_HIGH | __GFP_NOWARN | __GFP_THISNODE)
#define RSV_GFP_OBJECTS	(RSV_GFP_PAGES & ~(__GFP_DMA | __GFP_DMA32 | __GFP_THISNODE))
/* Flags of requests that the fast path serves: they name no zone and no node */
#define RSV_GFP_PLAIN	(GFP_KERNEL | GFP_USER | GFP_ATOMIC | GFP_NOWAIT | __GFP_NOWARN)

/* For fast paths: might_sleep() costs a call even on kernels that do not check it. */
static inline void rsv_might_sleep(gfp_t gfp)
{
	if (IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP))
		might_sleep_if(gfpflags_allow_blocking(gfp));
}

bool rsv_gfp_ok(gfp_t gfp, gfp_t known);

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
	if (unlikely(READ_ONCE(z->free_pages) < READ_ONCE(z->list_min)))
		goto refuse;
	if (unlikely(!rsv_pcp_pop_fast(this_cpu_ptr(z->pcp[order]), frame, page)))
		goto refuse;
	preempt_enable();
	return true;
refuse:
	preempt_enable();
	return false;
}

#endif /* RSV_PAGES_PAGE_ALLOC_H */
