/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The life of regions: create, destroy, leak.
 */
#ifndef RSV_REGION_H
#define RSV_REGION_H

#include <linux/reservoir.h>
#include <linux/types.h>

#include "types.h"

void rsv_region_set_hooks(const struct rsv_region_hooks *hooks);
struct rsv_region *rsv_region_create_as(const char *name, const struct rsv_reserve *want,
					unsigned int nr, unsigned int origin);
int rsv_region_retire(struct rsv_region *r, struct list_head *retired);
void rsv_regions_release(struct list_head *retired);
int rsv_region_destroy_named(const char *name);
int rsv_regions_start(const struct rsv_reserve *want, unsigned int nr);
unsigned long rsv_region_leak(struct rsv_region *r);
void rsv_regions_stop(void);

#endif /* RSV_REGION_H */
