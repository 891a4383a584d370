/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Slob pages and their blocks.
 */
#ifndef RSV_OBJECTS_ENGINES_SLOB_PAGE_H
#define RSV_OBJECTS_ENGINES_SLOB_PAGE_H

#include <linux/bitops.h>
#include <linux/compiler.h>

#include "types.h"

struct rsv_slob_page rsv_slob_page_of(const struct rsv_extent *e, struct rsv_frame *frame);

/* With the node's lock held */
bool rsv_slob_page_find(const struct rsv_extent *e, struct rsv_frame *f,
			struct rsv_slob_page *page);
void rsv_slob_page_move(const struct rsv_slob_page *page, unsigned int from, unsigned int to);
void rsv_slob_page_update(const struct rsv_slob_page *page, union rsv_slob_word word,
			  unsigned int list);
void rsv_slob_page_clear(const struct rsv_slob_page *page, union rsv_slob_word *word);
bool rsv_slob_page_counts(const struct rsv_slob_page *page);

unsigned int rsv_slob_owner_find(const struct rsv_slob_page *page, u32 cache, unsigned int size);
u32 rsv_slob_block_cache(const struct rsv_slob_page *page, const struct rsv_slob_block *block);
bool rsv_slob_block_at(const struct rsv_slob_page *page, unsigned int at,
		       struct rsv_slob_block *block);
bool rsv_slob_block_is(const struct rsv_slob_page *page, unsigned int at, unsigned int size,
		       struct rsv_slob_block *block);
unsigned int rsv_slob_block_next(const struct rsv_slob_page *page, unsigned int at);
bool rsv_slob_unit_sound(const struct rsv_slob_page *page, unsigned int at);

unsigned int rsv_slob_page_fit(const struct rsv_slob_page *page, unsigned int from,
			       unsigned int size, unsigned int align);
bool rsv_slob_page_cut(const struct rsv_slob_page *page, union rsv_slob_word *word,
		       const struct rsv_slob_block *block, u32 cache, unsigned int *steps);
void rsv_slob_page_release(const struct rsv_slob_page *page, union rsv_slob_word *word,
			   const struct rsv_slob_block *block);

/* The first unit behind the bitmaps and the owners of a slob page */
static inline unsigned int rsv_slob_first_unit(unsigned int units)
{
	return (RSV_SLOB_BITMAPS * units / BITS_PER_BYTE + sizeof(struct rsv_slob_owners)) /
	       RSV_SLOB_UNIT;
}

/* The word of a slob page at one moment */
static inline union rsv_slob_word rsv_slob_page_word(const struct rsv_frame *frame)
{
	return (union rsv_slob_word){ .word = READ_ONCE(frame->slob) };
}

/* The address of a unit */
static inline u64 *rsv_slob_page_at(const struct rsv_slob_page *page, unsigned int at)
{
	return page->base + at * RSV_SLOB_UNIT;
}

#endif /* RSV_OBJECTS_ENGINES_SLOB_PAGE_H */
