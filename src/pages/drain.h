/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_PAGES_RELIEF_H
#define RSV_PAGES_RELIEF_H

#include <linux/workqueue.h>

struct rsv_region;

/* For all works of pages/; set while the module is loaded */
extern struct workqueue_struct *rsv_queue;

/**
 * struct rsv_relief_hooks - how objects/ gives back what it does not need
 * @shrink: gives back pages of the region; may sleep
 * @drain_local: puts what this CPU has at hand where @shrink finds it; any context but NMI
 * @has_local: whether a CPU has anything at hand, at a glance; any context
 */
struct rsv_relief_hooks {
	void (*shrink)(struct rsv_region *r);
	void (*drain_local)(struct rsv_region *r);
	bool (*has_local)(const struct rsv_region *r, unsigned int cpu);
};

extern const struct rsv_relief_hooks *rsv_relief_hooks;	/* set before the first region is made */

int rsv_relief_start(void);
void rsv_relief_stop(void);
void rsv_relief_flush(void);
void rsv_relief_set_hooks(const struct rsv_relief_hooks *hooks);

void rsv_relief_init(struct rsv_region *r);
void rsv_relief_wanted(struct rsv_region *r);
void rsv_relieve(struct rsv_region *r);
void rsv_relieve_request(struct rsv_region *r);
void rsv_relieve_atomic(struct rsv_region *r);

#endif /* RSV_PAGES_RELIEF_H */
