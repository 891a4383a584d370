/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Units: what the heap's memory comes in, and their gaps.
 */
#ifndef RSV_OBJECTS_ENGINES_SLOB_PAGE_H
#define RSV_OBJECTS_ENGINES_SLOB_PAGE_H

#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/spinlock.h>

#include "pages/pagemap.h"
#include "slob_heap.h"
#include "types.h"

struct rsv_slob_page rsv_slob_page_get(const struct rsv_extent *e, struct rsv_frame *frame);
struct rsv_frame *rsv_slob_page_head(const struct rsv_extent *e, struct rsv_frame *f);

bool rsv_slob_start_test(const struct rsv_slob_page *u, unsigned int at);
unsigned int rsv_slob_start_after(const struct rsv_slob_page *u, unsigned int at);
unsigned int rsv_slob_start_before(const struct rsv_slob_page *u, unsigned int at);

bool rsv_free_block_read(const struct rsv_slob_page *u, unsigned int at,
			 struct rsv_free_block *gap);

/* With the node's lock held */
void rsv_slob_page_move(const struct rsv_slob_page *u, unsigned int from, unsigned int to);
void rsv_slob_page_update(const struct rsv_slob_page *u, union rsv_slob_word word,
			  unsigned int list);
void rsv_slob_page_clear(const struct rsv_slob_page *u, union rsv_slob_word *word);
bool rsv_slob_page_is_sound(const struct rsv_slob_page *u);
bool rsv_free_block_find(const struct rsv_slob_page *u, unsigned int at,
			 struct rsv_free_block *gap);
void rsv_free_block_cut(const struct rsv_slob_page *u, union rsv_slob_word *word,
			struct rsv_free_block *before, struct rsv_free_block *gap, unsigned int at,
			unsigned int size);
bool rsv_free_block_join(const struct rsv_slob_page *u, union rsv_slob_word *word,
			 struct rsv_free_block *before, struct rsv_free_block gap);
unsigned int rsv_free_blocks_abandon(const struct rsv_slob_page *u, union rsv_slob_word *word);

static inline union rsv_slob_word rsv_slob_page_word(const struct rsv_frame *frame)
{
	return (union rsv_slob_word){.word = READ_ONCE(frame->slob)};
}

/* Whether it is a unit of the heap, and stays one while the node is locked */
static inline bool rsv_slob_page_is_listed(const struct rsv_slob_page *u)
{
	return READ_ONCE(u->frame->kind) == RSV_FRAME_HEAP &&
	       rsv_slob_page_word(u->frame).list != RSV_SLOB_LIST_NONE;
}

/* Where a gap's header is, or a block begins */
static inline u64 *rsv_slob_page_at(const struct rsv_slob_page *u, unsigned int at)
{
	return u->base + at * RSV_SLOB_UNIT;
}

static inline bool rsv_free_block_covers(const struct rsv_free_block *gap, unsigned int at)
{
	return gap->at && at - gap->at < gap->size;
}

#endif /* RSV_OBJECTS_ENGINES_SLOB_PAGE_H */
