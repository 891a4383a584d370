/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Per-CPU lists of small free blocks: the fast paths, inline, and the protocol that they follow.
 */
#ifndef RSV_PAGES_PCP_H
#define RSV_PAGES_PCP_H

#include <linux/hardirq.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/smp.h>

#include "frame.h"
#include "types.h"

/*
 * The frame in the slot below a list's oldest block. A fast path that finds it knows that the list
 * is empty, and need not read @ends.bottom.
 */
extern struct rsv_frame rsv_pcp_none;

/*
 * Stands for the lists where a zone has none. Its busy is always set, so requests and frees go past
 * it.
 */
DECLARE_PER_CPU(struct rsv_pcp, rsv_pcp_disabled);

int rsv_pcp_create(struct rsv_zone *z, gfp_t gfp);
void rsv_pcp_fit(struct rsv_zone *z, gfp_t gfp);
void rsv_pcp_release(struct rsv_zone *z);

struct rsv_frame *rsv_pcp_alloc(struct rsv_zone *z, const struct rsv_request *q);
bool rsv_pcp_free(struct rsv_extent *e, unsigned long index, unsigned int order);
void rsv_pcp_drain(struct rsv_zone *z, bool close);
void rsv_pcp_drain_dead(struct rsv_zone *z, unsigned int cpu);
void rsv_pcp_adapt(struct rsv_pcp *pcp, unsigned int low, unsigned int high);
void rsv_pcp_forget_limits(struct rsv_zone *z);
bool rsv_pcp_is_open(const struct rsv_zone *z, unsigned int cpu);
void rsv_pcp_add_stats(const struct rsv_pcp *pcp, struct rsv_pcp_stats *stats);
void rsv_pcp_get_stats(const struct rsv_zone *z, unsigned int order, struct rsv_pcp_stats *stats);

/* This CPU's list of an order. Preemption is disabled. */
static __always_inline struct rsv_pcp *rsv_pcp_this_cpu(const struct rsv_zone *z,
							unsigned int order)
{
	return this_cpu_ptr(z->pcp[order]);
}

/*
 * Sets busy, with preemption disabled. Fails in an interrupt or an NMI that came while this CPU
 * works on the list.
 */
static __always_inline bool rsv_pcp_try(struct rsv_pcp *pcp)
{
	if (unlikely(pcp->busy))
		return false;
	WRITE_ONCE(pcp->busy, true);
	barrier();
	return true;
}

static __always_inline void rsv_pcp_end(struct rsv_pcp *pcp)
{
	barrier();
	WRITE_ONCE(pcp->busy, false);
}

static inline unsigned int rsv_pcp_nr(const struct rsv_pcp *pcp)
{
	union rsv_pcp_ends ends = { .both = READ_ONCE(pcp->ends.both) };

	return ends.top - ends.bottom;
}

/*
 * Requests that a list served. It got blocks from frees and from the free areas. Those that it has
 * not, and that did not go back to the free areas, went to requests. If another CPU asks while this
 * one works on its list, the sum may be off by that, and even be negative.
 */
static inline u64 rsv_pcp_allocs(const struct rsv_pcp *pcp)
{
	return pcp->frees + pcp->moved_in - pcp->moved_out - rsv_pcp_nr(pcp);
}

/*
 * The fast path of an allocation: pops a block from this CPU's list and marks it as used.
 * Preemption is disabled. If the list is busy or empty, the function fails and changes nothing.
 */
static __always_inline bool rsv_pcp_pop_fast(struct rsv_pcp *pcp, struct rsv_frame **frame,
					     struct page **page)
{
	struct rsv_frame *f;
	struct rsv_pcp_slot *slot;
	unsigned int top;

	if (unlikely(!rsv_pcp_try(pcp)))
		return false;
	top = pcp->ends.top;
	slot = &pcp->slot[top & pcp->mask];
	f = slot->frame;
	if (unlikely(f == &rsv_pcp_none)) {
		rsv_pcp_end(pcp);
		return false;
	}
	*frame = f;
	*page = slot->page;
	/* One instruction changes top, and needs no register. */
	barrier();
	pcp->ends.top--;
	rsv_frame_set_used(f);
	rsv_pcp_end(pcp);
	return true;
}

/*
 * Pushes a block onto a list on which the caller has set busy. Fails if the list is full, or if
 * the block cannot be claimed.
 */
static __always_inline bool rsv_pcp_push(struct rsv_pcp *pcp, struct rsv_frame *f,
					 struct page *page, unsigned int order)
{
	unsigned int top = pcp->ends.top;
	struct rsv_pcp_slot *slot;

	if (unlikely(top - pcp->ends.bottom >= pcp->high))
		return false;
	if (unlikely(!rsv_frame_claim_settled(f, page, order, RSV_FRAME_CACHED)))
		return false;
	slot = &pcp->slot[(top + 1) & pcp->mask];
	slot->frame = f;
	slot->page = page;
	pcp->frees++;
	barrier();
	pcp->ends.top++;
	return true;
}

/*
 * The fast path of a free: pushes a block onto this CPU's list. Preemption is disabled. A failure
 * changes nothing, and the slow path finds out why.
 */
static __always_inline bool rsv_pcp_push_fast(struct rsv_pcp *pcp, struct rsv_frame *f,
					      struct page *page, unsigned int order)
{
	bool pushed;

	if (unlikely(!rsv_pcp_try(pcp)))
		return false;
	pushed = rsv_pcp_push(pcp, f, page, order);
	rsv_pcp_end(pcp);
	return pushed;
}

#endif /* RSV_PAGES_PCP_H */
