/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_OBJECTS_TAKE_H
#define RSV_OBJECTS_TAKE_H

#include "cache.h"

struct rsv_cpu *rsv_cpu_enter_active(struct rsv_cache *c, int nid);
void rsv_take_node(struct rsv_cache *c, int nid, unsigned int nr, struct rsv_taken *t);
bool rsv_take(struct rsv_cache *c, gfp_t gfp, int nid, unsigned int nr, struct rsv_taken *t);
void rsv_cache_lose(struct rsv_cache *c, void *base, unsigned int nr);

#endif /* RSV_OBJECTS_TAKE_H */
