/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Blocks of the heap: finding the block that an object or an address is in.
 */
#ifndef RSV_OBJECTS_ENGINES_SLOB_BLOCK_H
#define RSV_OBJECTS_ENGINES_SLOB_BLOCK_H

#include <linux/minmax.h>
#include <linux/mm.h>

#include "report.h"
#include "types.h"

/* Slots of fewer bytes are blocks of the heap. Larger ones would waste much of a slob page. */
#define RSV_HEAP_LIMIT	min((unsigned int)PAGE_SIZE, RSV_SLOB_PAGE_BYTES / 2)

bool rsv_slob_block_fits(const struct rsv_cache *c, const struct rsv_slob_page *page,
			 unsigned long offset);
enum rsv_misuse rsv_slob_block_check(const struct rsv_cache *c, const struct rsv_extent *e,
				     struct rsv_frame *f, const void *object);
bool rsv_slob_page_verify(struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *f);
void rsv_slob_block_for_each(struct rsv_cache *c, const struct rsv_visitor *visitor);

static inline bool rsv_heap_serves(const struct rsv_layout *l)
{
	return l->stride < RSV_HEAP_LIMIT;
}

static inline unsigned int rsv_slob_block_units(const struct rsv_cache *c)
{
	return c->layout.stride / RSV_SLOB_UNIT;
}

/* Where the block of an object would begin, in bytes from the beginning of the slob page */
static inline unsigned long rsv_slob_block_offset(const struct rsv_cache *c,
						  const struct rsv_slob_page *page,
						  const void *object)
{
	return object - c->layout.before - page->base;
}

#endif /* RSV_OBJECTS_ENGINES_SLOB_BLOCK_H */
