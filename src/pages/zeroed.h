/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_PAGES_ZEROED_H
#define RSV_PAGES_ZEROED_H

#include "types.h"

void rsv_zeroed_init(struct rsv_zone *z);
struct rsv_frame *rsv_zeroed_alloc(struct rsv_zone *z, const struct rsv_request *q);
void rsv_zeroed_drain(struct rsv_zone *z);
void rsv_zeroed_stop(struct rsv_zone *z);

#endif /* RSV_PAGES_ZEROED_H */
