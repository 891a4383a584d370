/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_PAGES_EXTENT_H
#define RSV_PAGES_EXTENT_H

#include <linux/list.h>

#include "report.h"
#include "types.h"

void rsv_extents_init(struct rsv_region *r);
int rsv_extents_add(struct rsv_region *r, struct list_head *blocks);
void rsv_extent_punch(struct rsv_extent *e, unsigned long index, unsigned int order);
void rsv_frames_leak(struct rsv_frame *f, unsigned long nr_pages);
unsigned long rsv_extents_leak(struct rsv_region *r, struct rsv_leak_log *log);
void rsv_extents_release(struct list_head *regions);

#endif /* RSV_PAGES_EXTENT_H */
