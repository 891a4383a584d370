/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_WORK_H
#define RSV_WORK_H

#include <linux/workqueue.h>

/* For the work items of objects/ and pages/; set while the module is loaded */
extern struct workqueue_struct *rsv_queue;

int rsv_work_start(void);
void rsv_work_flush(void);
void rsv_work_stop(void);

#endif /* RSV_WORK_H */
