/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_OBJECTS_ALLOC_H
#define RSV_OBJECTS_ALLOC_H

#include "types.h"

void rsv_alloc_warn_zero(const struct rsv_cache *c);
void *rsv_alloc_slow(struct rsv_cache *c, gfp_t gfp, int nid, void *damaged, unsigned long caller);
bool rsv_alloc_mark_used(struct rsv_cache *c, void *object, unsigned long caller);
void *rsv_alloc_for_sheaf(struct rsv_cache *c, gfp_t gfp);
void rsv_alloc_for_reserve(struct rsv_cache *c, gfp_t gfp, int nid, unsigned int nr,
			   struct rsv_batch *t);
void rsv_alloc_report_damaged(struct rsv_cache *c, const void *object);

#endif /* RSV_OBJECTS_ALLOC_H */
