/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Freed pages that cannot serve again at once: others still refer to them.
 */
#ifndef RSV_PAGES_WAITING_H
#define RSV_PAGES_WAITING_H

#include "types.h"

void rsv_block_part(struct rsv_extent *e, unsigned long index, unsigned long nr_pages);
void rsv_page_set_bad(struct rsv_extent *e, unsigned long index);
void rsv_page_report_lost(struct rsv_extent *e, unsigned long index);
bool rsv_waiting_poll(struct rsv_region *r, bool may_sleep);

void rsv_waiting_pause(struct rsv_region *r);
void rsv_waiting_resume(struct rsv_region *r);
void rsv_waiting_init(struct rsv_region *r);

#endif /* RSV_PAGES_WAITING_H */
