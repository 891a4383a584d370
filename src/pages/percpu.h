/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Per-CPU lists of small free blocks.
 */
#ifndef RSV_PAGES_PERCPU_H
#define RSV_PAGES_PERCPU_H

#include <linux/percpu.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "zone.h"

/* Blocks that a list can hold; it is moved from and to the free areas by half. */
#define RSV_PCP_BLOCKS	64

/**
 * struct rsv_pcp_list - free blocks of one order
 * @nr: their number
 * @allocs: requests served
 * @frees: blocks taken back
 * @refills: times that blocks had to be fetched from the free areas
 * @drains: times that blocks had to be put there
 * @block: a stack of their first frames
 */
struct rsv_pcp_list {
	unsigned int nr;
	u64 allocs;
	u64 frees;
	u64 refills;
	u64 drains;
	struct rsv_frame *block[RSV_PCP_BLOCKS];
};

/**
 * struct rsv_pcp - what one CPU has of one zone. Only that CPU touches it, with preemption
 * disabled; others only read the numbers for statistics, and empty it once the CPU is dead
 * @busy: set while it is worked on: an interrupt that finds it set goes to the free areas
 * @list: by order
 */
struct rsv_pcp {
	bool busy;
	struct rsv_pcp_list list[RSV_PCP_ORDERS];
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

struct rsv_pcp __percpu *rsv_pcp_create(void);
void rsv_pcp_resize(struct rsv_zone *z, unsigned long pages);
int rsv_drains_create(struct rsv_region *r);
void rsv_drains_release(struct rsv_region *r);

struct rsv_frame *rsv_pcp_take(struct rsv_zone *z, const struct rsv_request *q);
bool rsv_pcp_give(struct rsv_extent *e, struct rsv_frame *f, unsigned int order);
void rsv_pcp_drain_local(struct rsv_region *r);
void rsv_pcp_drain(struct rsv_region *r);
void rsv_pcp_try_drain(struct rsv_region *r);
void rsv_pcp_stats(const struct rsv_zone *z, unsigned int order, struct rsv_pcp_stats *stats);

#endif /* RSV_PAGES_PERCPU_H */
