/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The life of regions: create, find, count users, destroy.
 */
#ifndef RSV_REGION_H
#define RSV_REGION_H

#include <linux/reservoir.h>
#include <linux/types.h>

#include "types.h"

extern u32 rsv_region_ids;

void rsv_region_set_hooks(const struct rsv_region_hooks *hooks);
struct rsv_region *rsv_region_create_as(const char *name, const struct rsv_reserve *want,
					unsigned int nr, unsigned int origin);
struct rsv_region *rsv_region_get(const char *name);
void rsv_region_put(struct rsv_region *r);
int rsv_region_destroy_named(const char *name);
int rsv_region_next(struct rsv_ioc_region_next *next);
int rsv_regions_start(const struct rsv_reserve *want, unsigned int nr);
unsigned long rsv_region_leak(struct rsv_region *r);
void rsv_regions_stop(void);

#endif /* RSV_REGION_H */
