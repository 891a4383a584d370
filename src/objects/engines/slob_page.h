/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Units: what the heap's memory comes in, and their gaps.
 */
#ifndef RSV_OBJECTS_UNIT_H
#define RSV_OBJECTS_UNIT_H

#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/spinlock.h>

#include "pages/extent.h"
#include "slob_heap.h"

#define RSV_UNIT_BYTES		(RSV_HEAP_PAGES * (unsigned int)PAGE_SIZE)

/* Grains of each page of a unit that blocks can have: all but the bitmap's */
#define RSV_PAGE_GRAINS		((PAGE_SIZE - PAGE_SIZE / RSV_GRAIN / BITS_PER_BYTE) / RSV_GRAIN)

enum rsv_unit_list {
	RSV_UNITS_256,			/* for blocks of less than 256 bytes */
	RSV_UNITS_1024,
	RSV_UNITS_PAGE,
	RSV_UNITS_FULL,
	RSV_UNITS_EMPTY,
	RSV_UNITS_LISTS,
	RSV_UNITS_NONE = RSV_UNITS_LISTS	/* on none, on its way into the heap or out of it */
};

/**
 * union rsv_unit_word - what the frame of a unit says, its room
 * @room: grains in gaps
 * @gap: where the first gap begins, in grains from the unit's beginning, where none can be; 0: none
 * @list: the list that it is on
 * @more: pages beyond the first (never changes)
 * @word: all of it
 */
union rsv_unit_word {
	struct {
		u32 room : 14;
		u32 gap : 13;
		u32 list : 3;
		u32 more : 2;
	};
	u32 word;
};

static_assert(RSV_UNIT_BYTES / RSV_GRAIN <= 1 << 13 && RSV_HEAP_PAGES <= 1 << 2);

struct rsv_unit_queue {
	struct list_head units;		/* frames of the units' first pages, by link */
	unsigned long nr;
};

/**
 * struct rsv_heap_node - the units whose memory is of one node
 * @lock: guards the rest, the units' frames, bitmaps and gaps. Raw, interrupts off; no other lock
 *	is taken under it
 * @lists: the units, by enum rsv_unit_list
 * @pages: their pages
 * @room: grains in their gaps
 * @lost: grains of gaps that were given up, and of blocks that nobody can find any more
 */
struct rsv_heap_node {
	raw_spinlock_t lock;
	struct rsv_unit_queue lists[RSV_UNITS_LISTS];
	unsigned long pages;
	unsigned long room;
	unsigned long lost;
};

/**
 * struct rsv_heap - the heap of a region
 * @secret: what the check values of headers depend on (never changes)
 * @nodes: by number of the node
 */
struct rsv_heap {
	u64 secret;
	struct rsv_heap_node nodes[];
};

/**
 * struct rsv_unit - a unit as it is worked on
 * @heap: its heap
 * @node: where it is in the heap
 * @frame: frame of its first page
 * @base: address of its first page, where the bitmap is
 * @first: where blocks begin, behind the bitmap, in grains
 * @end: where it ends, in grains
 */
struct rsv_unit {
	const struct rsv_heap *heap;
	struct rsv_heap_node *node;
	struct rsv_frame *frame;
	void *base;
	unsigned int first;
	unsigned int end;
};

/**
 * struct rsv_gap - a gap of a unit, as its header says, all in grains
 * @at: where it begins; 0: there is none, and @next is the first of the unit
 * @size: its length
 * @next: where the next one begins; 0: there is none
 */
struct rsv_gap {
	unsigned int at;
	unsigned int size;
	unsigned int next;
};

struct rsv_unit rsv_unit(const struct rsv_extent *e, struct rsv_frame *frame);
struct rsv_frame *rsv_unit_head(const struct rsv_extent *e, struct rsv_frame *f);

bool rsv_start_test(const struct rsv_unit *u, unsigned int at);
unsigned int rsv_start_after(const struct rsv_unit *u, unsigned int at);
unsigned int rsv_start_before(const struct rsv_unit *u, unsigned int at);

bool rsv_gap_read(const struct rsv_unit *u, unsigned int at, struct rsv_gap *gap);

/* With the node's lock held */
void rsv_unit_move(const struct rsv_unit *u, unsigned int from, unsigned int to);
void rsv_unit_note(const struct rsv_unit *u, union rsv_unit_word word, unsigned int list);
void rsv_unit_clear(const struct rsv_unit *u, union rsv_unit_word *word);
bool rsv_unit_sound(const struct rsv_unit *u);
bool rsv_gap_find(const struct rsv_unit *u, unsigned int at, struct rsv_gap *gap);
void rsv_gap_cut(const struct rsv_unit *u, union rsv_unit_word *word, struct rsv_gap *before,
		 struct rsv_gap *gap, unsigned int at, unsigned int size);
bool rsv_gap_join(const struct rsv_unit *u, union rsv_unit_word *word, struct rsv_gap *before,
		  struct rsv_gap gap);
unsigned int rsv_gaps_abandon(const struct rsv_unit *u, union rsv_unit_word *word);

static inline union rsv_unit_word rsv_unit_word(const struct rsv_frame *frame)
{
	return (union rsv_unit_word){ .word = READ_ONCE(frame->room) };
}

/* Whether it is a unit of the heap, and stays one while the node is locked */
static inline bool rsv_unit_listed(const struct rsv_unit *u)
{
	return READ_ONCE(u->frame->kind) == RSV_FRAME_HEAP &&
	       rsv_unit_word(u->frame).list != RSV_UNITS_NONE;
}

/* Where a gap's header is, or a block begins */
static inline u64 *rsv_unit_at(const struct rsv_unit *u, unsigned int at)
{
	return u->base + at * RSV_GRAIN;
}

static inline bool rsv_gap_covers(const struct rsv_gap *gap, unsigned int at)
{
	return gap->at && at - gap->at < gap->size;
}

#endif /* RSV_OBJECTS_UNIT_H */
