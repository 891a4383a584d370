// SPDX-License-Identifier: GPL-2.0
/*
 * Units of the heap: which blocks and gaps they consist of.
 *
 * A unit begins with a bitmap, a 64th of it, that has a bit for each grain at which a block or a
 * gap begins. A gap begins with a header that says how long it is and where the next one begins, in
 * order of addresses, and that contains a check value which depends on a secret and on its place.
 */
#include <linux/hash.h>
#include <linux/list.h>
#include <linux/string.h>

#include "compat.h"
#include "region.h"
#include "slob_page.h"

/*
 * Units
 */

/**
 * rsv_slob_page_get() - a unit as it is worked on
 * @e: its extent
 * @frame: the frame of its first page
 *
 * Return: The unit.
 */
struct rsv_slob_page rsv_slob_page_get(const struct rsv_extent *e, struct rsv_frame *frame)
{
	unsigned int pages = rsv_slob_page_word(frame).more + 1;
	unsigned int grains = (pages << PAGE_SHIFT) / RSV_SLOB_UNIT;

	return (struct rsv_slob_page){
		.heap = e->region->heap,
		.node = &e->region->heap->nodes[e->nid],
		.frame = frame,
		.base = rsv_frame_addr(e, frame),
		.first = grains / BITS_PER_BYTE / RSV_SLOB_UNIT,
		.end = grains,
	};
}

/**
 * rsv_slob_page_head() - the first page of the unit that a page belongs to
 * @e: its extent
 * @f: its frame
 *
 * Unless it belongs to who asks, that may have changed by the time the answer is used: see
 * rsv_slob_page_is_listed().
 *
 * Return: The first page's frame, or NULL.
 */
struct rsv_frame *rsv_slob_page_head(const struct rsv_extent *e, struct rsv_frame *f)
{
	unsigned int back;

	/* Pairs with rsv_slob_page_mark(): who sees the kind sees the rest. */
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
 * rsv_slob_page_move() - move a unit from one list to another
 * @u: the unit
 * @from: the list that it is on, or RSV_SLOB_LIST_NONE
 * @to: the list that it goes to, or RSV_SLOB_LIST_NONE
 */
void rsv_slob_page_move(const struct rsv_slob_page *u, unsigned int from, unsigned int to)
{
	struct rsv_slob_page_list *lists = u->node->lists;

	if (from != RSV_SLOB_LIST_NONE) {
		list_del(&u->frame->link);
		WRITE_ONCE(lists[from].nr, lists[from].nr - 1);
	}
	if (to != RSV_SLOB_LIST_NONE) {
		list_add(&u->frame->link, &lists[to].pages);
		WRITE_ONCE(lists[to].nr, lists[to].nr + 1);
	}
}

/**
 * rsv_slob_page_update() - note what has become of a unit, and put it on the list that it belongs on
 * @u: the unit
 * @word: what has become of it
 * @list: the list of the block that was given back or taken, where it goes from full or empty
 */
void rsv_slob_page_update(const struct rsv_slob_page *u, union rsv_slob_word word,
			  unsigned int list)
{
	const union rsv_slob_word was = rsv_slob_page_word(u->frame);

	if (!word.free_units)
		list = RSV_SLOB_LIST_FULL;
	else if (word.free_units == u->end - u->first)
		list = RSV_SLOB_LIST_EMPTY;
	else if (was.list < RSV_SLOB_LIST_FULL)
		list = was.list;
	word.list = list;
	WRITE_ONCE(u->frame->slob, word.word);
	u->node->free_units += word.free_units;
	u->node->free_units -= was.free_units;
	if (list != was.list)
		rsv_slob_page_move(u, was.list, list);
}

/*
 * Beginnings: the bitmap
 *
 * Read without the lock by whoever has a live block. The bits at its beginning and at its end stay
 * as they are for as long: what is behind it may be cut or merge with what follows, but still
 * begins there; what is before it cannot merge with it; and between them none is set. Others change
 * bits of the same words under the lock, by storing each word as a whole, with those bits as they
 * were.
 */

static void rsv_slob_start_set(const struct rsv_slob_page *u, unsigned int at)
{
	unsigned long *word = (unsigned long *)u->base + BIT_WORD(at);

	WRITE_ONCE(*word, *word | BIT_MASK(at));
}

static void rsv_slob_start_clear(const struct rsv_slob_page *u, unsigned int at)
{
	unsigned long *word = (unsigned long *)u->base + BIT_WORD(at);

	WRITE_ONCE(*word, *word & ~BIT_MASK(at));
}

static unsigned long rsv_slob_start_word(const struct rsv_slob_page *u, unsigned int word)
{
	return READ_ONCE(((unsigned long *)u->base)[word]);
}

/**
 * rsv_slob_start_test() - whether a block or a gap begins at a place
 * @u: the unit
 * @at: the place, in grains, as in all that follows
 *
 * Return: true if so.
 */
bool rsv_slob_start_test(const struct rsv_slob_page *u, unsigned int at)
{
	return rsv_slob_start_word(u, BIT_WORD(at)) & BIT_MASK(at);
}

/**
 * rsv_slob_start_after() - the next beginning behind a place
 * @u: the unit
 * @at: the place
 *
 * Return: The beginning, or the unit's end.
 */
unsigned int rsv_slob_start_after(const struct rsv_slob_page *u, unsigned int at)
{
	unsigned int word = BIT_WORD(at + 1);
	unsigned long bits;

	if (at + 1 >= u->end)
		return u->end;
	bits = rsv_slob_start_word(u, word) & ~0UL << (at + 1) % BITS_PER_LONG;
	while (!bits) {
		if (++word == u->end / BITS_PER_LONG)
			return u->end;
		bits = rsv_slob_start_word(u, word);
	}
	return word * BITS_PER_LONG + __ffs(bits);
}

/**
 * rsv_slob_start_before() - the last beginning up to a place
 * @u: the unit
 * @at: the place
 *
 * Return: The beginning, or 0.
 */
unsigned int rsv_slob_start_before(const struct rsv_slob_page *u, unsigned int at)
{
	unsigned int word = BIT_WORD(at);
	unsigned long bits =
		rsv_slob_start_word(u, word) & ~0UL >> (BITS_PER_LONG - 1 - at % BITS_PER_LONG);

	while (!bits) {
		if (!word)
			return 0;
		bits = rsv_slob_start_word(u, --word);
	}
	return word * BITS_PER_LONG + __fls(bits);
}

/*
 * Gaps: the headers
 */

static u64 rsv_free_block_encode(const struct rsv_slob_page *u, const struct rsv_free_block *gap)
{
	u32 plain = gap->next << 16 | gap->size;
	u64 place = (unsigned long)rsv_slob_page_at(u, gap->at);

	return (u64)hash_64((u->heap->secret ^ plain) + place, 32) << 32 | plain;
}

static void rsv_free_block_write(const struct rsv_slob_page *u, const struct rsv_free_block *gap)
{
	WRITE_ONCE(*rsv_slob_page_at(u, gap->at), rsv_free_block_encode(u, gap));
}

/**
 * rsv_free_block_read() - read the header of a gap
 * @u: the unit
 * @at: where it begins, or a live block
 * @gap: set to what the header says
 *
 * Return: Whether it is a header, as it was written.
 */
bool rsv_free_block_read(const struct rsv_slob_page *u, unsigned int at, struct rsv_free_block *gap)
{
	u64 header = READ_ONCE(*rsv_slob_page_at(u, at));

	*gap = (struct rsv_free_block){.at = at, .size = (u16)header, .next = (u16)(header >> 16)};
	return header == rsv_free_block_encode(u, gap) && gap->size && gap->size <= u->end - at &&
	       (!gap->next || (gap->next > at + gap->size && gap->next < u->end));
}

/**
 * rsv_free_block_find() - go on to the last gap that begins up to a place
 * @u: the unit
 * @at: the place
 * @gap: a gap before it, or what stands for the unit's beginning; set to the one found
 *
 * Return: false if a header was overwritten.
 */
bool rsv_free_block_find(const struct rsv_slob_page *u, unsigned int at, struct rsv_free_block *gap)
{
	while (gap->next && gap->next <= at)
		if (!rsv_free_block_read(u, gap->next, gap))
			return false;
	return true;
}

/* Says what follows a gap: in its header or, if it stands for the beginning, in the unit's word. */
static void rsv_free_block_set_next(const struct rsv_slob_page *u, union rsv_slob_word *word,
				    struct rsv_free_block *gap, unsigned int next)
{
	gap->next = next;
	if (gap->at)
		rsv_free_block_write(u, gap);
	else
		word->first_free = next;
}

/**
 * rsv_free_block_cut() - cut a block out of a gap
 * @u: the unit
 * @word: what it says, changed accordingly
 * @before: the gap before; set to the last one before the block
 * @gap: the gap
 * @at: where the block begins. What alignment skips becomes a gap, and so does what is behind it
 * @size: its length
 */
void rsv_free_block_cut(const struct rsv_slob_page *u, union rsv_slob_word *word,
			struct rsv_free_block *before, struct rsv_free_block *gap, unsigned int at,
			unsigned int size)
{
	struct rsv_free_block rest = {.at = at + size, .next = gap->next};
	unsigned int next = gap->next;

	rest.size = gap->at + gap->size - rest.at;
	if (rest.size) {
		rsv_free_block_write(u, &rest);
		rsv_slob_start_set(u, rest.at);
		next = rest.at;
	}
	if (at > gap->at) {
		rsv_slob_start_set(u, at);
		gap->size = at - gap->at;
		*before = *gap;
	}
	rsv_free_block_set_next(u, word, before, next);
	word->free_units -= size;
}

/**
 * rsv_free_block_join() - make a block a gap, and one with its neighbours
 * @u: the unit
 * @word: what it says, changed accordingly
 * @before: the last gap before the block
 * @gap: the block
 *
 * Return: false if the header of a neighbour was overwritten, and then nothing has changed.
 */
bool rsv_free_block_join(const struct rsv_slob_page *u, union rsv_slob_word *word,
			 struct rsv_free_block *before, struct rsv_free_block gap)
{
	struct rsv_free_block behind;

	word->free_units += gap.size;
	gap.next = before->next;
	if (gap.next == gap.at + gap.size) {
		if (!rsv_free_block_read(u, gap.next, &behind)) {
			word->free_units -= gap.size;
			return false;
		}
		rsv_slob_start_clear(u, behind.at);
		gap.size += behind.size;
		gap.next = behind.next;
	}
	if (before->at + before->size == gap.at) {
		rsv_slob_start_clear(u, gap.at);
		before->size += gap.size;
		rsv_free_block_set_next(u, word, before, gap.next);
	} else {
		rsv_free_block_write(u, &gap);
		rsv_free_block_set_next(u, word, before, gap.at);
	}
	return true;
}

/**
 * rsv_free_blocks_abandon() - give up the gaps of a unit, which look like blocks in use from now on
 * @u: the unit
 * @word: what it says, changed accordingly
 *
 * Return: Their length.
 */
unsigned int rsv_free_blocks_abandon(const struct rsv_slob_page *u, union rsv_slob_word *word)
{
	unsigned int lost = word->free_units;

	u->node->lost += lost;
	word->free_units = 0;
	word->first_free = 0;
	return lost;
}

/**
 * rsv_slob_page_is_sound() - whether the gaps are as long as a unit has room, and begin and end where the
 *	bitmap says
 * @u: the unit
 *
 * Return: true if so.
 */
bool rsv_slob_page_is_sound(const struct rsv_slob_page *u)
{
	const union rsv_slob_word word = rsv_slob_page_word(u->frame);
	struct rsv_free_block gap = {.next = word.first_free};
	unsigned int room = 0;

	while (gap.next) {
		if (!rsv_free_block_read(u, gap.next, &gap) || !rsv_slob_start_test(u, gap.at) ||
		    rsv_slob_start_after(u, gap.at) != gap.at + gap.size)
			return false;
		room += gap.size;
	}
	return room == word.free_units;
}

/**
 * rsv_slob_page_clear() - make a unit one gap from end to end
 * @u: the unit, on no list
 * @word: what it says, changed accordingly
 */
void rsv_slob_page_clear(const struct rsv_slob_page *u, union rsv_slob_word *word)
{
	const struct rsv_free_block all = {.at = u->first, .size = u->end - u->first};

	memset(u->base, 0, u->first * RSV_SLOB_UNIT);
	rsv_slob_start_set(u, all.at);
	rsv_free_block_write(u, &all);
	word->first_free = all.at;
	word->free_units = all.size;
}
