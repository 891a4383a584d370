/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Per-CPU lists of small free blocks.
 */
#ifndef RSV_PAGES_PCP_H
#define RSV_PAGES_PCP_H

#include <linux/hardirq.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/percpu.h>
#include <linux/smp.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "extent.h"
#include "types.h"
#include "zone.h"

/*
 * Runs of blocks that a list gets from the free areas or gives to them at once. Each of them may
 * split or merge along all orders, so where what is free lies scattered the list is filled and
 * drained by less than half.
 */
#define RSV_PCP_PIECES 4

extern struct rsv_frame rsv_pcp_none;

int rsv_pcp_start(void);
void rsv_pcp_stop(void);

int rsv_pcp_create(struct rsv_zone *z);
void rsv_pcp_release(struct rsv_zone *z);
void rsv_pcp_resize(struct rsv_zone *z, unsigned long pages);
int rsv_drain_create(struct rsv_region *r);
void rsv_drain_destroy(struct rsv_region *r);

struct rsv_frame *rsv_pcp_take(struct rsv_zone *z, const struct rsv_request *q);
void rsv_pcp_make_room(struct rsv_zone *z, unsigned int order);
void rsv_pcp_drain_local(struct rsv_region *r);
void rsv_drain_cpus(struct rsv_region *r);
void rsv_drain_cpus_timeout(struct rsv_region *r);
void rsv_pcp_stats(const struct rsv_zone *z, unsigned int order, struct rsv_pcp_stats *stats);

/*
 * The protocol. With preemption disabled; false: an interrupt came while the list is being worked
 * on.
 */
static __always_inline bool rsv_pcp_try(struct rsv_pcp *pcp)
{
	if (unlikely(pcp->busy || in_nmi()))
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
	union rsv_pcp_ends ends = {.both = READ_ONCE(pcp->ends.both)};

	return ends.top - ends.bottom;
}

static __always_inline bool rsv_pcp_owns(const struct rsv_frame *f, unsigned int cpu)
{
	return f->kind == RSV_FRAME_CACHED && f->owner == cpu;
}

/*
 * The fast path of an allocation: a block from the list of this CPU, marked as used. false: nothing
 * has changed, since the list is being worked on or empty, or something is wrong with the block.
 * Preemption is disabled.
 */
static __always_inline bool rsv_pcp_pop_fast(struct rsv_pcp *pcp, struct rsv_frame **frame,
					     struct page **page)
{
	struct rsv_frame *f;
	unsigned int top, slot;

	if (unlikely(!rsv_pcp_try(pcp)))
		return false;
	top = pcp->ends.top;
	slot = top % RSV_PCP_SLOTS;
	f = pcp->frame[slot];
	/* Below the oldest block is a frame that nobody keeps. */
	if (unlikely(RSV_CHECKED ? !rsv_pcp_owns(f, smp_processor_id()) : f == &rsv_pcp_none)) {
		rsv_pcp_end(pcp);
		return false;
	}
	*frame = f;
	*page = pcp->page[slot];
	WRITE_ONCE(pcp->ends.top, top - 1);
	WRITE_ONCE(f->kind, RSV_FRAME_USED);
	pcp->allocs++;
	rsv_pcp_end(pcp);
	return true;
}

/*
 * The fast path of a free: a block onto the list of this CPU, if it has fewer than @high. false:
 * nothing has changed, and the slow path finds out why. Preemption is disabled.
 */
static __always_inline bool rsv_pcp_push_fast(struct rsv_pcp *pcp, unsigned int high,
					      struct rsv_frame *f, struct page *page,
					      unsigned int order)
{
	unsigned int top, slot;
	bool sound;

	if (unlikely(!rsv_pcp_try(pcp)))
		return false;
	top = pcp->ends.top;
	sound = !RSV_CHECKED || (f->kind == RSV_FRAME_USED && f->order == order);
	if (unlikely(!sound || top - pcp->ends.bottom >= high)) {
		rsv_pcp_end(pcp);
		return false;
	}
	slot = ++top % RSV_PCP_SLOTS;
	WRITE_ONCE(f->owner, smp_processor_id());
	WRITE_ONCE(f->kind, RSV_FRAME_CACHED);
	pcp->frame[slot] = f;
	pcp->page[slot] = page;
	WRITE_ONCE(pcp->ends.top, top);
	pcp->frees++;
	rsv_pcp_end(pcp);
	return true;
}

#endif /* RSV_PAGES_PCP_H */
