/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_OBJECTS_SLUB_H
#define RSV_OBJECTS_SLUB_H

#include <linux/types.h>

#include "../report.h"

struct rsv_cache;
struct rsv_frame;

/* All with cache->lock held. */
void *rsv_slub_take(struct rsv_cache *c, struct rsv_frame *slab, void *base, bool *fresh);
enum rsv_misuse rsv_slub_put(struct rsv_cache *c, struct rsv_frame *slab, void *base,
			     unsigned int index);
unsigned int rsv_slub_abandon(struct rsv_frame *slab);

#endif /* RSV_OBJECTS_SLUB_H */
