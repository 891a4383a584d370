/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_PAGES_RELIEF_H
#define RSV_PAGES_RELIEF_H

#include <linux/workqueue.h>

struct rsv_region;

/* For all works of pages/; set while the module is loaded */
extern struct workqueue_struct *rsv_queue;

int rsv_relief_start(void);
void rsv_relief_stop(void);
void rsv_relief_set_shrink(void (*shrink)(struct rsv_region *r));

void rsv_relief_init(struct rsv_region *r);
void rsv_relief_wanted(struct rsv_region *r);
void rsv_relieve(struct rsv_region *r);
void rsv_relieve_request(struct rsv_region *r);
void rsv_relieve_atomic(struct rsv_region *r);

#endif /* RSV_PAGES_RELIEF_H */
