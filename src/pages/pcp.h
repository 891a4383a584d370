/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Per-CPU lists of small free blocks.
 */
#ifndef RSV_PAGES_PERCPU_H
#define RSV_PAGES_PERCPU_H

#include <linux/hardirq.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/percpu.h>
#include <linux/smp.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "extent.h"
#include "zone.h"

/* Slots of a list; a power of two, since indices go around. One of them has no block. */
#define RSV_PCP_SLOTS	128

/* Blocks that a list can hold; it is moved from and to the free areas by half at most. */
#define RSV_PCP_BLOCKS	(RSV_PCP_SLOTS - 1)

/*
 * Runs of blocks that a list gets from the free areas or gives to them at once. Each of them may
 * split or merge along all orders, so where what is free lies scattered the list is filled and
 * drained by less than half.
 */
#define RSV_PCP_RUNS	4

/**
 * union rsv_pcp_ends - where the blocks of a list lie in its ring: in the slots after @bottom up to
 * @top, the oldest first. Both count on; what they are modulo RSV_PCP_SLOTS is a slot
 * @top: slot of the block that came last
 * @bottom: slot before that of the oldest block; it has rsv_pcp_none in it
 * @both: both, as they are at one moment
 */
union rsv_pcp_ends {
	struct {
		u32 top;
		u32 bottom;
	};
	u64 both;
};

/**
 * struct rsv_pcp - free blocks of one order that one CPU has of one zone. Only that CPU touches
 * them, with preemption disabled; others only read the numbers for statistics, and empty it once
 * the CPU is dead
 * @busy: set while it is worked on: an interrupt that finds it set goes to the free areas
 * @ends: which slots are in use
 * @allocs: requests served
 * @frees: blocks taken back
 * @refills: times that blocks had to be fetched from the free areas
 * @drains: times that blocks had to be put there
 * @frame: a ring of their first frames, which keep their nr_pages here. It is a stack at one end;
 *	at the other the oldest go to the free areas
 * @page: their first pages, which need not be worked out so
 */
struct rsv_pcp {
	bool __data_racy busy;
	union rsv_pcp_ends __data_racy ends;
	u64 __data_racy allocs;
	u64 __data_racy frees;
	u64 __data_racy refills;
	u64 __data_racy drains;
	struct rsv_frame *frame[RSV_PCP_SLOTS];
	struct page *page[RSV_PCP_SLOTS];
};

/**
 * struct rsv_pcps - all lists that one CPU has of one zone
 * @list: by order
 */
struct rsv_pcps {
	struct rsv_pcp list[RSV_PCP_ORDERS];
};

/**
 * struct rsv_drain - the work that empties one CPU's lists
 * @work: queued on that CPU
 * @region: the region
 */
struct rsv_drain {
	struct work_struct work;
	struct rsv_region *region;
};

/**
 * struct rsv_pcp_stats - the lists of one order, all CPUs together
 */
struct rsv_pcp_stats {
	unsigned long blocks;
	u64 allocs;
	u64 frees;
	u64 refills;
	u64 drains;
};

extern struct rsv_frame rsv_pcp_none;

int rsv_pcp_start(void);
void rsv_pcp_stop(void);

int rsv_pcp_create(struct rsv_zone *z);
void rsv_pcp_release(struct rsv_zone *z);
void rsv_pcp_resize(struct rsv_zone *z, unsigned long pages);
int rsv_drains_create(struct rsv_region *r);
void rsv_drains_release(struct rsv_region *r);

struct rsv_frame *rsv_pcp_take(struct rsv_zone *z, const struct rsv_request *q);
void rsv_pcp_make_room(struct rsv_zone *z, unsigned int order);
void rsv_pcp_drain_local(struct rsv_region *r);
void rsv_pcp_drain(struct rsv_region *r);
void rsv_pcp_try_drain(struct rsv_region *r);
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
	union rsv_pcp_ends ends = { .both = READ_ONCE(pcp->ends.both) };

	return ends.top - ends.bottom;
}

static __always_inline bool rsv_pcp_keeps(const struct rsv_frame *f, unsigned int cpu)
{
	return f->kind == RSV_FRAME_CACHED && f->keeper == cpu;
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
	if (unlikely(RSV_CHECKED ? !rsv_pcp_keeps(f, smp_processor_id()) : f == &rsv_pcp_none)) {
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
	WRITE_ONCE(f->keeper, smp_processor_id());
	WRITE_ONCE(f->kind, RSV_FRAME_CACHED);
	pcp->frame[slot] = f;
	pcp->page[slot] = page;
	WRITE_ONCE(pcp->ends.top, top);
	pcp->frees++;
	rsv_pcp_end(pcp);
	return true;
}

#endif /* RSV_PAGES_PERCPU_H */
