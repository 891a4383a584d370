/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_OBJECTS_BATCH_H
#define RSV_OBJECTS_BATCH_H

#include "types.h"

void rsv_batch_alloc_node(struct rsv_cache *c, int nid, unsigned int nr, struct rsv_batch *t);
void rsv_batch_alloc_nodes(struct rsv_cache *c, int nid, unsigned int rank, unsigned int nr,
			   struct rsv_batch *t);
bool rsv_batch_alloc(struct rsv_cache *c, gfp_t gfp, int nid, unsigned int nr, struct rsv_batch *t);
void rsv_batch_free_one(struct rsv_cache *c, struct rsv_extent *e, void *object);
void rsv_batch_free(struct rsv_cache *c, void **objects, unsigned int nr);
void rsv_cache_lost(struct rsv_cache *c, void *base, unsigned int nr);

#endif /* RSV_OBJECTS_BATCH_H */
