/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_PAGES_DRAIN_H
#define RSV_PAGES_DRAIN_H

#include <linux/gfp.h>

#include "types.h"

void rsv_drain_set_hooks(const struct rsv_drain_hooks *hooks);
int rsv_drain_start(void);
void rsv_drain_stop(void);

void rsv_drain_init(struct rsv_region *r);
int rsv_drain_create(struct rsv_region *r);
void rsv_drain_destroy(struct rsv_region *r);

void rsv_drain_cpus(struct rsv_region *r);
bool rsv_drain_cpus_timeout(struct rsv_region *r);
void rsv_drain_caches(struct list_head *caches);
void rsv_drain_cache(struct rsv_cache *c);
void rsv_drain_region(struct rsv_region *r);
bool rsv_drain_may_wait(gfp_t gfp);
bool rsv_drain_leaving(struct rsv_region *r, gfp_t gfp);
unsigned long rsv_zone_cached(const struct rsv_zone *z);
bool rsv_drain_for_request(struct rsv_region *r, gfp_t gfp);

#endif /* RSV_PAGES_DRAIN_H */
