/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_OBJECTS_REAP_H
#define RSV_OBJECTS_REAP_H

#include "types.h"

void rsv_depot_drain(struct rsv_cache *c);
unsigned int rsv_cache_release_slabs(struct rsv_cache *c);
void rsv_cache_drain(struct rsv_cache *c);
void rsv_caches_age(struct rsv_region *r);

void rsv_reap_set_hooks(void);
void rsv_reap_init(struct rsv_region *r);
void rsv_reap_start(struct rsv_region *r);
void rsv_reap_stop(struct rsv_region *r);

#endif /* RSV_OBJECTS_REAP_H */
