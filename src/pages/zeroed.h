/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_PAGES_ZEROED_H
#define RSV_PAGES_ZEROED_H

#include "types.h"

struct work_struct;

void rsv_zeroed_wake(struct rsv_zone *z);
struct rsv_frame *rsv_zeroed_take(struct rsv_zone *z, const struct rsv_request *q);
void rsv_zeroed_drain(struct rsv_region *r);
void rsv_zeroed_stop(struct rsv_region *r);
void rsv_zeroed_refill(struct work_struct *work);

#endif /* RSV_PAGES_ZEROED_H */
