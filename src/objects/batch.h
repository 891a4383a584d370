/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_OBJECTS_BATCH_H
#define RSV_OBJECTS_BATCH_H

#include "cache.h"
#include "types.h"

struct rsv_cpu *rsv_cpu_enter_active(struct rsv_cache *c, int nid);
void rsv_batch_alloc_node(struct rsv_cache *c, int nid, unsigned int nr, struct rsv_batch *t);
bool rsv_batch_alloc(struct rsv_cache *c, gfp_t gfp, int nid, unsigned int nr, struct rsv_batch *t);
void rsv_cache_lost(struct rsv_cache *c, void *base, unsigned int nr);

#endif /* RSV_OBJECTS_BATCH_H */
