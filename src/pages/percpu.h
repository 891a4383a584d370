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

/* Blocks that a list can hold; it is moved from and to the free areas by half. */
#define RSV_PCP_BLOCKS	128

/**
 * struct rsv_pcp - free blocks of one order that one CPU has of one zone. Only that CPU touches
 * them, with preemption disabled; others only read the numbers for statistics, and empty it once
 * the CPU is dead
 * @busy: set while it is worked on: an interrupt that finds it set goes to the free areas
 * @nr: number of blocks
 * @allocs: requests served
 * @frees: blocks taken back
 * @refills: times that blocks had to be fetched from the free areas
 * @drains: times that blocks had to be put there
 * @frame: a stack of their first frames, which keep their nr_pages here
 * @page: their first pages, which need not be worked out so
 */
struct rsv_pcp {
	bool __data_racy busy;
	unsigned int __data_racy nr;
	u64 __data_racy allocs;
	u64 __data_racy frees;
	u64 __data_racy refills;
	u64 __data_racy drains;
	struct rsv_frame *frame[RSV_PCP_BLOCKS];
	struct page *page[RSV_PCP_BLOCKS];
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

static __always_inline bool rsv_pcp_keeps(const struct rsv_frame *f, unsigned int cpu)
{
	return f->kind == RSV_FRAME_CACHED && f->keeper == cpu;
}

/*
 * The fast path of an allocation: a block from the list of this CPU, marked as used. NULL: the list
 * is being worked on, it is empty, or something is wrong with the block. Preemption is disabled.
 */
static __always_inline struct page *rsv_pcp_pop_fast(struct rsv_pcp *pcp)
{
	struct rsv_frame *f;
	struct page *page;
	unsigned int nr;

	if (unlikely(!rsv_pcp_try(pcp)))
		return NULL;
	if (unlikely(check_sub_overflow(pcp->nr, 1U, &nr)))
		goto leave;
	f = pcp->frame[nr];
	if (RSV_CHECKED && unlikely(!rsv_pcp_keeps(f, smp_processor_id())))
		goto leave;
	page = pcp->page[nr];
	WRITE_ONCE(pcp->nr, nr);
	WRITE_ONCE(f->kind, RSV_FRAME_USED);
	pcp->allocs++;
	rsv_pcp_end(pcp);
	return page;
leave:
	rsv_pcp_end(pcp);
	return NULL;
}

/*
 * The fast path of a free: a block onto the list of this CPU, if it has fewer than @high. false:
 * nothing has changed, and the slow path finds out why. Preemption is disabled.
 */
static __always_inline bool rsv_pcp_push_fast(struct rsv_pcp *pcp, unsigned int high,
					      struct rsv_frame *f, struct page *page,
					      unsigned long pfn, unsigned int order)
{
	const unsigned long size = 1UL << order;
	unsigned int nr;
	bool sound;

	if (unlikely(!rsv_pcp_try(pcp)))
		return false;
	nr = pcp->nr;
	/* A run that was gathered has the length of a block, but may begin anywhere. */
	sound = !RSV_CHECKED ||
		(f->kind == RSV_FRAME_USED && f->nr_pages == size && !(pfn & (size - 1)));
	if (unlikely(!sound || nr >= high)) {
		rsv_pcp_end(pcp);
		return false;
	}
	WRITE_ONCE(f->order, order);
	WRITE_ONCE(f->keeper, smp_processor_id());
	WRITE_ONCE(f->kind, RSV_FRAME_CACHED);
	pcp->frame[nr] = f;
	pcp->page[nr] = page;
	WRITE_ONCE(pcp->nr, nr + 1);
	pcp->frees++;
	rsv_pcp_end(pcp);
	return true;
}

#endif /* RSV_PAGES_PERCPU_H */
