/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How often requests that no memory can serve may drain everybody.
 */
#ifndef RSV_PAGES_BACKOFF_H
#define RSV_PAGES_BACKOFF_H

#include <linux/jiffies.h>

#include "types.h"

/* In jiffies: others have 99 % of the time to themselves if a drain takes 0.1 ms. */
#define RSV_BACKOFF_INTERVAL	msecs_to_jiffies(10)

bool rsv_backoff_wanted(const struct rsv_region *r, const struct rsv_request *q);
bool rsv_backoff_drain(struct rsv_region *r, const struct rsv_request *q);
void rsv_backoff_failed(struct rsv_region *r, const struct rsv_request *q);
void rsv_backoff_served(struct rsv_region *r, const struct rsv_request *q);
void rsv_backoff_init(struct rsv_region *r);

#endif /* RSV_PAGES_BACKOFF_H */
