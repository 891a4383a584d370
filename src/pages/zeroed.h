/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages that were cleared beforehand.
 */
#ifndef RSV_PAGES_ZEROED_H
#define RSV_PAGES_ZEROED_H

#include <linux/workqueue.h>

#include "types.h"

/*
 * Whether a request for a zeroed page asks for one that was cleared beforehand: if there is any, or
 * if nothing has woken the work that clears more. Otherwise it clears a page of this CPU's list,
 * which is in the CPU's data cache.
 */
static inline bool rsv_zeroed_is_asked(const struct rsv_zone *z)
{
	return READ_ONCE(z->zeroed_high) &&
	       (READ_ONCE(z->nr_zeroed) || !work_pending(&z->zero_work));
}

void rsv_zeroed_init(struct rsv_zone *z);
struct rsv_frame *rsv_zeroed_alloc(struct rsv_zone *z, const struct rsv_request *q);
void rsv_zeroed_drain(struct rsv_zone *z);
void rsv_zeroed_stop(struct rsv_zone *z);

#endif /* RSV_PAGES_ZEROED_H */
