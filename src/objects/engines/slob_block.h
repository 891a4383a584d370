/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Objects in blocks of the heap.
 */
#ifndef RSV_OBJECTS_ENGINES_SLOB_BLOCK_H
#define RSV_OBJECTS_ENGINES_SLOB_BLOCK_H

#include <linux/minmax.h>
#include <linux/mm.h>

#include "report.h"
#include "types.h"

/* Slots of fewer bytes are blocks of the heap. Larger ones would waste much of a slob page. */
#define RSV_HEAP_LIMIT	min((unsigned int)PAGE_SIZE, RSV_SLOB_PAGE_BYTES / 2)

enum rsv_misuse rsv_heap_mark_cached(struct rsv_cache *c, const struct rsv_extent *e,
				     struct rsv_frame *f, void *object);
bool rsv_heap_is_used(const struct rsv_cache *c, const struct rsv_extent *e, struct rsv_frame *f,
		      const void *object);
const void *rsv_heap_object(const struct rsv_cache *c, const struct rsv_extent *e,
			    struct rsv_frame *f, const void *p);
bool rsv_slob_page_verify(struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *f);
void rsv_slob_block_for_each(struct rsv_cache *c, const struct rsv_visitor *visitor);

/* With the node's lock held */
enum rsv_misuse rsv_slob_block_find(const struct rsv_cache *c, const struct rsv_slob_page *page,
				    const void *object, struct rsv_slob_block *block);

static inline bool rsv_heap_serves(const struct rsv_layout *l)
{
	return l->stride < RSV_HEAP_LIMIT;
}

static inline unsigned int rsv_slob_block_units(const struct rsv_cache *c)
{
	return c->layout.stride / RSV_SLOB_UNIT;
}

/* The node of the heap that the memory of an extent belongs to */
static inline struct rsv_heap_node *rsv_heap_node_of(const struct rsv_extent *e)
{
	return &e->region->heap->nodes[e->nid];
}

#endif /* RSV_OBJECTS_ENGINES_SLOB_BLOCK_H */
