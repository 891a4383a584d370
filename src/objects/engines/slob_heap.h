/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The heap of a region.
 */
#ifndef RSV_OBJECTS_ENGINES_SLOB_HEAP_H
#define RSV_OBJECTS_ENGINES_SLOB_HEAP_H

#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/types.h>

#include "objects/cache.h"
#include "objects/engine.h"
#include "types.h"

/* Blocks from here on are no matter of the heap: from a page, and so that two fit into a unit */
#define RSV_HEAP_LIMIT min((unsigned int)PAGE_SIZE, (RSV_HEAP_PAGES << PAGE_SHIFT) / 2)

/* Units without a block in use that each node keeps, until the region is shrunk */
#define RSV_SLOB_EMPTY_MIN 2

int rsv_heap_create(struct rsv_region *r);
void rsv_heap_destroy(struct rsv_region *r);
void rsv_heap_count(const struct rsv_region *r, struct rsv_heap_figures *figures);
void rsv_heap_lost(const struct rsv_cache *c, const void *object, unsigned int nr);
unsigned long rsv_heap_leaked(const struct rsv_region *r);
size_t rsv_heap_block(const struct rsv_extent *e, const void *p, unsigned int *into);

void rsv_heap_alloc(struct rsv_cache *c, int nid, unsigned int nr, struct rsv_batch *t);
bool rsv_heap_new_page(struct rsv_cache *c, gfp_t gfp, int nid);
enum rsv_misuse rsv_heap_free(struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *f,
			      void *object);
enum rsv_misuse rsv_heap_check(const struct rsv_cache *c, const struct rsv_extent *e,
			       struct rsv_frame *f, const void *object);
unsigned int rsv_heap_trim(struct rsv_region *r, int nid, unsigned long keep);
unsigned int rsv_heap_slots(const struct rsv_layout *l, unsigned int pages);
bool rsv_heap_verify(struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *f);
void rsv_heap_for_each(struct rsv_cache *c, const struct rsv_visitor *visitor);

/* Whether slots are small enough for the heap */
static inline bool rsv_heap_serves(const struct rsv_layout *l)
{
	return l->stride < RSV_HEAP_LIMIT;
}

#endif /* RSV_OBJECTS_ENGINES_SLOB_HEAP_H */
