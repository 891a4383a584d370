/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_PAGES_BUDDY_H
#define RSV_PAGES_BUDDY_H

#include "types.h"

/* All with zone->lock held. */
struct rsv_frame *rsv_buddy_take(struct rsv_zone *z, unsigned int order);
void rsv_buddy_cut(struct rsv_zone *z, unsigned int from, unsigned int order);
void rsv_buddy_remove(struct rsv_zone *z, struct rsv_frame *f);
void rsv_buddy_give(struct rsv_zone *z, struct rsv_extent *e, unsigned long index,
		    unsigned int order);
unsigned int rsv_buddy_give_parts(struct rsv_zone *z, struct rsv_extent *e, unsigned long index,
				  unsigned int order, unsigned long nr);
void rsv_buddy_give_run(struct rsv_zone *z, struct rsv_extent *e, unsigned long index,
			unsigned long nr_pages);

#endif /* RSV_PAGES_BUDDY_H */
