/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The search for runs of free pages.
 */
#ifndef RSV_PAGES_SCAN_H
#define RSV_PAGES_SCAN_H

#include <linux/types.h>

#include "types.h"
#include "walk.h"

/**
 * struct rsv_scan - a walk over the blocks of a zone's extents (on the caller's stack)
 * @w: the walk
 * @cached: cached and zeroed pages count as free
 * @start: where in the extent the free pages that end before @w.index begin
 * @free: the free pages that the scan has passed
 */
struct rsv_scan {
	struct rsv_walk w;
	bool cached;
	unsigned long start;
	unsigned long free;
};

/**
 * struct rsv_zone_room - what a zone could serve once CPUs' lists were drained
 * @free: its free pages
 * @longest: those of the longest run
 */
struct rsv_zone_room {
	unsigned long free;
	unsigned long longest;
};

bool rsv_scan_batch(struct rsv_scan *s, struct rsv_extent *e, unsigned long nr_pages);
struct rsv_zone_room rsv_zone_scan(struct rsv_zone *z);
unsigned long rsv_zone_largest_run(struct rsv_zone *z, unsigned long withheld);

#endif /* RSV_PAGES_SCAN_H */
