/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_PAGES_DRAIN_H
#define RSV_PAGES_DRAIN_H

#include <linux/workqueue.h>

#include "types.h"

/* For all works of pages/; set while the module is loaded */
extern struct workqueue_struct *rsv_queue;

extern const struct rsv_drain_hooks *rsv_drain_hooks; /* set before the first region is made */

int rsv_work_start(void);
void rsv_work_stop(void);
void rsv_work_flush(void);
void rsv_drain_set_hooks(const struct rsv_drain_hooks *hooks);

void rsv_drain_init(struct rsv_region *r);
void rsv_drain_wake(struct rsv_region *r);
void rsv_drain_region(struct rsv_region *r);
void rsv_drain_for_request(struct rsv_region *r);
void rsv_drain_atomic(struct rsv_region *r);

#endif /* RSV_PAGES_DRAIN_H */
