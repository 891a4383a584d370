/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The heap of a region, for the engine SLOB. objects/heap.h has the functions that others call.
 */
#ifndef RSV_OBJECTS_ENGINES_SLOB_HEAP_H
#define RSV_OBJECTS_ENGINES_SLOB_HEAP_H

#include <linux/types.h>

#include "report.h"
#include "types.h"

/* Empty slob pages that stay on each node until a cache is shrunk */
#define RSV_SLOB_EMPTY_MIN	2

void rsv_heap_alloc(struct rsv_cache *c, int nid, unsigned int nr, struct rsv_batch *batch);
struct rsv_extent *rsv_heap_new_page(struct rsv_cache *c, gfp_t gfp, int nid, unsigned int nr,
				     struct rsv_batch *batch);
enum rsv_misuse rsv_heap_free(struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *f,
			      void *object);
void *rsv_heap_alloc_used(struct rsv_cache *c, int nid);
bool rsv_heap_free_used(struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *f,
			void *object);
unsigned int rsv_heap_trim(struct rsv_region *r, int nid, unsigned long max);

/* slob_count.c */
void rsv_heap_lost(const struct rsv_cache *c, const void *object, unsigned int nr);

#endif /* RSV_OBJECTS_ENGINES_SLOB_HEAP_H */
