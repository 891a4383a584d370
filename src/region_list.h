/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The list of regions: names, numbers, users.
 */
#ifndef RSV_REGION_LIST_H
#define RSV_REGION_LIST_H

#include <linux/types.h>

#include "types.h"

extern u32 rsv_region_ids;

void rsv_region_set_default(struct rsv_region *r);
int rsv_region_take_name(struct rsv_region *r);
int rsv_region_begin_end(struct rsv_region *r);
struct rsv_region *rsv_region_begin_end_named(const char *name);
void rsv_region_begin_leak(struct rsv_region *r);
void rsv_region_settle(struct rsv_region *r, bool gone);

struct rsv_region *rsv_region_get(const char *name, u32 flags);
void rsv_region_put(struct rsv_region *r);
int rsv_region_next(struct rsv_ioc_region_next *next);
struct rsv_region *rsv_region_last(void);

#endif /* RSV_REGION_LIST_H */
