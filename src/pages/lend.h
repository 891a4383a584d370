/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lending: free blocks of a region to the system, and back.
 */
#ifndef RSV_PAGES_LEND_H
#define RSV_PAGES_LEND_H

#include <linux/types.h>
#include <linux/workqueue.h>

struct rsv_region;
struct shrinker;

/**
 * struct rsv_lending - what a region lends to the system when that runs short
 * @region: the region
 * @shrinker: by which the system asks, or NULL if nothing is lent (never changes once it is set)
 * @floor: pages that are never lent (never changes)
 * @lent: pages that the system has (region->shape_lock)
 * @take_back: takes them again
 */
struct rsv_lending {
	struct rsv_region *region;
	struct shrinker *shrinker;
	unsigned long floor;
	unsigned long lent;
	struct delayed_work take_back;
};

void rsv_lending_init(struct rsv_region *r);
int rsv_lending_start(struct rsv_region *r, size_t floor);
void rsv_lending_stop(struct rsv_region *r);

#endif /* RSV_PAGES_LEND_H */
