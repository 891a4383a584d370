// SPDX-License-Identifier: GPL-2.0
/*
 * Slob pages: the heap of the engine SLOB consists of them. Each has a bitmap and a freelist of its
 * own.
 *
 * A slob page is RSV_HEAP_PAGES pages, or fewer if the region has no such block. All lengths in it
 * are multiples of the SLOB unit. They, and offsets from the beginning of the slob page, are given
 * in units:
 *
 *	bitmap		a 64th of it: a bit for each unit at which a block begins
 *	blocks		used and free ones, without a space between them
 *
 * A free block begins with a header of one unit, as in K&R and mm/slob.c: its length, and where the
 * next free block begins. The freelist is in the order of addresses. A check value in the header
 * depends on its address and on a secret of the heap, and so reveals an overwritten header. Used
 * blocks have no header; the bitmap says where they end.
 */
#include <linux/hash.h>
#include <linux/list.h>
#include <linux/string.h>

#include "compat.h"
#include "pages/pagemap.h"
#include "slob_page.h"

/*
 * Slob pages
 */

/**
 * rsv_slob_page_get() - describe a slob page for the functions that work on it
 * @e: its extent
 * @frame: the frame of its first page
 *
 * Context: Any.
 * Return: The description.
 */
struct rsv_slob_page rsv_slob_page_get(const struct rsv_extent *e, struct rsv_frame *frame)
{
	unsigned int pages = rsv_slob_page_word(frame).more + 1;
	unsigned int units = (pages << PAGE_SHIFT) / RSV_SLOB_UNIT;

	return (struct rsv_slob_page){
		.heap = e->region->heap,
		.node = &e->region->heap->nodes[e->nid],
		.frame = frame,
		.base = rsv_frame_addr(e, frame),
		.first = units / BITS_PER_BYTE / RSV_SLOB_UNIT,
		.end = units,
	};
}

/**
 * rsv_slob_page_head() - find the slob page that a page belongs to
 * @e: the page's extent
 * @f: the page's frame
 *
 * If the caller has no used block in the slob page, another CPU may free the slob page before the
 * caller uses the result: see rsv_slob_page_is_listed().
 *
 * Context: Any.
 * Return: The frame of the first page of the slob page, or NULL if there is none.
 */
struct rsv_frame *rsv_slob_page_head(const struct rsv_extent *e, struct rsv_frame *f)
{
	unsigned int back;

	/* Pairs with rsv_slob_page_mark(), which sets the frame's kind after its other fields. */
	switch (smp_load_acquire(&f->kind)) {
	case RSV_FRAME_HEAP:
		return f;
	case RSV_FRAME_HEAP_TAIL:
		back = READ_ONCE(f->order);
		if (back > rsv_frame_index(e, f))
			return NULL;
		f -= back;
		/* As above */
		return smp_load_acquire(&f->kind) == RSV_FRAME_HEAP ? f : NULL;
	default:
		return NULL;
	}
}

/**
 * rsv_slob_page_move() - move a slob page from one list to another
 * @page: the slob page; its node is locked
 * @from: the list that it is on, or RSV_SLOB_LIST_NONE
 * @to: the list that it goes to, or RSV_SLOB_LIST_NONE
 *
 * Context: Any but NMI.
 */
void rsv_slob_page_move(const struct rsv_slob_page *page, unsigned int from, unsigned int to)
{
	struct rsv_slob_page_list *lists = page->node->lists;

	if (from != RSV_SLOB_LIST_NONE) {
		list_del(&page->frame->link);
		WRITE_ONCE(lists[from].nr, lists[from].nr - 1);
	}
	if (to != RSV_SLOB_LIST_NONE) {
		list_add(&page->frame->link, &lists[to].pages);
		WRITE_ONCE(lists[to].nr, lists[to].nr + 1);
	}
}

/**
 * rsv_slob_page_update() - store a slob page's word, and move the slob page to its list
 * @page: the slob page; its node is locked
 * @word: the new word
 * @list: the list for blocks of the size that was allocated or freed. A slob page that was full or
 *	empty goes there; another one stays on its list
 *
 * Context: Any but NMI.
 */
void rsv_slob_page_update(const struct rsv_slob_page *page, union rsv_slob_word word,
			  unsigned int list)
{
	const union rsv_slob_word old = rsv_slob_page_word(page->frame);

	if (!word.free_units)
		list = RSV_SLOB_LIST_FULL;
	else if (word.free_units == page->end - page->first)
		list = RSV_SLOB_LIST_EMPTY;
	else if (old.list < RSV_SLOB_LIST_FULL)
		list = old.list;
	word.list = list;
	WRITE_ONCE(page->frame->slob, word.word);
	page->node->free_units += word.free_units;
	page->node->free_units -= old.free_units;
	if (list != old.list)
		rsv_slob_page_move(page, old.list, list);
}

/*
 * The bitmap
 *
 * The owner of a used block reads its size without the lock: from the bit at its beginning to the
 * next bit that is set. Both bits stay set while the block is used. Another CPU may split the block
 * behind it, or coalesce that with blocks further behind, but that block still begins there. The
 * block before it does not coalesce with a used one. And no CPU sets a bit between the two. Other
 * CPUs change other bits of the same words under the node's lock; each stores a whole word, which
 * has these two bits as they were.
 */

static void rsv_slob_start_set(const struct rsv_slob_page *page, unsigned int at)
{
	unsigned long *word = (unsigned long *)page->base + BIT_WORD(at);

	WRITE_ONCE(*word, *word | BIT_MASK(at));
}

static void rsv_slob_start_clear(const struct rsv_slob_page *page, unsigned int at)
{
	unsigned long *word = (unsigned long *)page->base + BIT_WORD(at);

	WRITE_ONCE(*word, *word & ~BIT_MASK(at));
}

static unsigned long rsv_slob_start_word(const struct rsv_slob_page *page, unsigned int word)
{
	return READ_ONCE(((unsigned long *)page->base)[word]);
}

/**
 * rsv_slob_start_test() - whether a block begins at a unit
 * @page: the slob page
 * @at: the unit
 *
 * Context: Any.
 * Return: true if a used or free block begins there.
 */
bool rsv_slob_start_test(const struct rsv_slob_page *page, unsigned int at)
{
	return rsv_slob_start_word(page, BIT_WORD(at)) & BIT_MASK(at);
}

/**
 * rsv_slob_start_after() - find the next block behind a unit
 * @page: the slob page
 * @at: the unit
 *
 * Context: Any.
 * Return: The unit at which the next block begins, or the end of the slob page.
 */
unsigned int rsv_slob_start_after(const struct rsv_slob_page *page, unsigned int at)
{
	unsigned int word = BIT_WORD(at + 1);
	unsigned long bits;

	if (at + 1 >= page->end)
		return page->end;
	bits = rsv_slob_start_word(page, word) & ~0UL << (at + 1) % BITS_PER_LONG;
	while (!bits) {
		if (++word == page->end / BITS_PER_LONG)
			return page->end;
		bits = rsv_slob_start_word(page, word);
	}
	return word * BITS_PER_LONG + __ffs(bits);
}

/**
 * rsv_slob_start_before() - find the block that a unit belongs to
 * @page: the slob page
 * @at: the unit
 *
 * Context: Any.
 * Return: The unit at which that block begins; 0 if the unit belongs to the bitmap.
 */
unsigned int rsv_slob_start_before(const struct rsv_slob_page *page, unsigned int at)
{
	unsigned int word = BIT_WORD(at);
	unsigned long bits =
		rsv_slob_start_word(page, word) & ~0UL >> (BITS_PER_LONG - 1 - at % BITS_PER_LONG);

	while (!bits) {
		if (!word)
			return 0;
		bits = rsv_slob_start_word(page, --word);
	}
	return word * BITS_PER_LONG + __fls(bits);
}

/*
 * Free blocks
 */

static u64 rsv_free_block_encode(const struct rsv_slob_page *page,
				 const struct rsv_free_block *free)
{
	u32 plain = free->next << 16 | free->size;
	u64 addr = (unsigned long)rsv_slob_page_at(page, free->at);

	return (u64)hash_64((page->heap->secret ^ plain) + addr, 32) << 32 | plain;
}

static void rsv_free_block_write(const struct rsv_slob_page *page,
				 const struct rsv_free_block *free)
{
	WRITE_ONCE(*rsv_slob_page_at(page, free->at), rsv_free_block_encode(page, free));
}

/**
 * rsv_free_block_read() - read the header of a free block
 * @page: the slob page
 * @at: the unit at which a block begins
 * @free: set to what the header says
 *
 * Context: Any.
 * Return: Whether the header is sound, and so the block free. A user may have written the same
 * bytes by chance, once in 2^32 times, or on purpose, by copying a header.
 */
bool rsv_free_block_read(const struct rsv_slob_page *page, unsigned int at,
			 struct rsv_free_block *free)
{
	u64 header = READ_ONCE(*rsv_slob_page_at(page, at));

	*free = (struct rsv_free_block){
		.at = at,
		.size = (u16)header,
		.next = (u16)(header >> 16),
	};
	return header == rsv_free_block_encode(page, free) && free->size &&
	       free->size <= page->end - at &&
	       (!free->next || (free->next > at + free->size && free->next < page->end));
}

/**
 * rsv_free_block_find() - walk to the last free block that begins at a unit or before it
 * @page: the slob page; its node is locked
 * @at: the unit
 * @free: where to begin: a free block before the unit, or the head of the freelist. Set to the free
 *	block that was found, or left as it is if there is none behind it
 *
 * Context: Any but NMI.
 * Return: false if a header was overwritten.
 */
bool rsv_free_block_find(const struct rsv_slob_page *page, unsigned int at,
			 struct rsv_free_block *free)
{
	while (free->next && free->next <= at)
		if (!rsv_free_block_read(page, free->next, free))
			return false;
	return true;
}

/*
 * Sets the next free block, in the header of @free or, if that is the head of the freelist, in the
 * word.
 */
static void rsv_free_block_set_next(const struct rsv_slob_page *page, union rsv_slob_word *word,
				    struct rsv_free_block *free, unsigned int next)
{
	free->next = next;
	if (free->at)
		rsv_free_block_write(page, free);
	else
		word->first_free = next;
}

/**
 * rsv_free_block_cut() - cut a block out of a free block
 * @page: the slob page; its node is locked
 * @word: what the slob page knows of its blocks; updated
 * @prev: the free block before @free on the freelist, or its head; set to the last free block
 *	before the new one
 * @free: the free block
 * @at: where the new block begins. The units of @free before and behind it become free blocks
 * @size: length of the new block
 *
 * Context: Any but NMI.
 */
void rsv_free_block_cut(const struct rsv_slob_page *page, union rsv_slob_word *word,
			struct rsv_free_block *prev, struct rsv_free_block *free, unsigned int at,
			unsigned int size)
{
	struct rsv_free_block tail = { .at = at + size, .next = free->next };
	unsigned int next = free->next;

	tail.size = free->at + free->size - tail.at;
	if (tail.size) {
		rsv_free_block_write(page, &tail);
		rsv_slob_start_set(page, tail.at);
		next = tail.at;
	}
	if (at > free->at) {
		rsv_slob_start_set(page, at);
		free->size = at - free->at;
		*prev = *free;
	}
	rsv_free_block_set_next(page, word, prev, next);
	word->free_units -= size;
}

/**
 * rsv_free_block_join() - make a used block free, and coalesce it with its neighbours
 * @page: the slob page; its node is locked
 * @word: what the slob page knows of its blocks; updated
 * @prev: the last free block before the block, or the head of the freelist
 * @block: the block
 *
 * Context: Any but NMI.
 * Return: false if the header of the next free block was overwritten; then nothing has changed.
 */
bool rsv_free_block_join(const struct rsv_slob_page *page, union rsv_slob_word *word,
			 struct rsv_free_block *prev, struct rsv_free_block block)
{
	const unsigned int size = block.size;
	struct rsv_free_block next;

	block.next = prev->next;
	if (block.next == block.at + block.size) {
		if (!rsv_free_block_read(page, block.next, &next))
			return false;
		rsv_slob_start_clear(page, next.at);
		block.size += next.size;
		block.next = next.next;
	}
	word->free_units += size;
	if (prev->at + prev->size == block.at) {
		rsv_slob_start_clear(page, block.at);
		prev->size += block.size;
		rsv_free_block_set_next(page, word, prev, block.next);
	} else {
		rsv_free_block_write(page, &block);
		rsv_free_block_set_next(page, word, prev, block.at);
	}
	return true;
}

/**
 * rsv_free_blocks_abandon() - abandon the freelist of a slob page, since a header was overwritten
 * @page: the slob page; its node is locked
 * @word: what the slob page knows of its blocks; updated
 *
 * From now on its free blocks count as used, and as lost.
 *
 * Context: Any but NMI.
 * Return: The units that are lost.
 */
unsigned int rsv_free_blocks_abandon(const struct rsv_slob_page *page, union rsv_slob_word *word)
{
	unsigned int lost = word->free_units;

	page->node->lost += lost;
	word->free_units = 0;
	word->first_free = 0;
	return lost;
}

/**
 * rsv_slob_page_is_sound() - check the freelist of a slob page against its bitmap and its word
 * @page: the slob page; its node is locked
 *
 * Context: Any but NMI.
 * Return: Whether all headers are sound, free blocks begin and end where the bitmap says, and they
 * have as many units as the word says.
 */
bool rsv_slob_page_is_sound(const struct rsv_slob_page *page)
{
	const union rsv_slob_word word = rsv_slob_page_word(page->frame);
	struct rsv_free_block free = { .next = word.first_free };
	unsigned int units = 0;

	while (free.next) {
		if (!rsv_free_block_read(page, free.next, &free) ||
		    !rsv_slob_start_test(page, free.at) ||
		    rsv_slob_start_after(page, free.at) != free.at + free.size)
			return false;
		units += free.size;
	}
	return units == word.free_units;
}

/**
 * rsv_slob_page_clear() - make all of a slob page one free block
 * @page: the slob page, on no list
 * @word: what it knows of its blocks; updated
 *
 * Context: Any.
 */
void rsv_slob_page_clear(const struct rsv_slob_page *page, union rsv_slob_word *word)
{
	const struct rsv_free_block all = { .at = page->first, .size = page->end - page->first };

	memset(page->base, 0, page->first * RSV_SLOB_UNIT);
	rsv_slob_start_set(page, all.at);
	rsv_free_block_write(page, &all);
	word->first_free = all.at;
	word->free_units = all.size;
}
