/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Slob pages and their free blocks.
 */
#ifndef RSV_OBJECTS_ENGINES_SLOB_PAGE_H
#define RSV_OBJECTS_ENGINES_SLOB_PAGE_H

#include <linux/compiler.h>

#include "types.h"

struct rsv_slob_page rsv_slob_page_get(const struct rsv_extent *e, struct rsv_frame *frame);
struct rsv_frame *rsv_slob_page_head(const struct rsv_extent *e, struct rsv_frame *f);

bool rsv_slob_start_test(const struct rsv_slob_page *page, unsigned int at);
unsigned int rsv_slob_start_after(const struct rsv_slob_page *page, unsigned int at);
unsigned int rsv_slob_start_before(const struct rsv_slob_page *page, unsigned int at);

bool rsv_free_block_read(const struct rsv_slob_page *page, unsigned int at,
			 struct rsv_free_block *free);

/* With the node's lock held */
void rsv_slob_page_move(const struct rsv_slob_page *page, unsigned int from, unsigned int to);
void rsv_slob_page_update(const struct rsv_slob_page *page, union rsv_slob_word word,
			  unsigned int list);
void rsv_slob_page_clear(const struct rsv_slob_page *page, union rsv_slob_word *word);
bool rsv_slob_page_is_sound(const struct rsv_slob_page *page);
bool rsv_free_block_find(const struct rsv_slob_page *page, unsigned int at,
			 struct rsv_free_block *free);
void rsv_free_block_cut(const struct rsv_slob_page *page, union rsv_slob_word *word,
			struct rsv_free_block *prev, struct rsv_free_block *free, unsigned int at,
			unsigned int size);
bool rsv_free_block_join(const struct rsv_slob_page *page, union rsv_slob_word *word,
			 struct rsv_free_block *prev, struct rsv_free_block block);
unsigned int rsv_free_blocks_abandon(const struct rsv_slob_page *page, union rsv_slob_word *word);

/* The word of a slob page at one moment */
static inline union rsv_slob_word rsv_slob_page_word(const struct rsv_frame *frame)
{
	return (union rsv_slob_word){ .word = READ_ONCE(frame->slob) };
}

/* Whether the pages are a slob page of the heap. While the node is locked the answer holds. */
static inline bool rsv_slob_page_is_listed(const struct rsv_slob_page *page)
{
	return READ_ONCE(page->frame->kind) == RSV_FRAME_HEAP &&
	       rsv_slob_page_word(page->frame).list != RSV_SLOB_LIST_NONE;
}

/* The address of a unit */
static inline u64 *rsv_slob_page_at(const struct rsv_slob_page *page, unsigned int at)
{
	return page->base + at * RSV_SLOB_UNIT;
}

static inline bool rsv_free_block_covers(const struct rsv_free_block *free, unsigned int at)
{
	return free->at && at - free->at < free->size;
}

#endif /* RSV_OBJECTS_ENGINES_SLOB_PAGE_H */
