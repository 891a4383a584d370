// SPDX-License-Identifier: GPL-2.0
/*
 * Slob pages: the heap of the engine SLOB consists of them. All that the engine knows of the blocks
 * of a slob page stands at its beginning, outside of all blocks.
 *
 * A slob page is RSV_HEAP_PAGES pages, or fewer if the region has no such block. All lengths in it
 * are multiples of the SLOB unit. They, and offsets from the beginning of the slob page, are given
 * in units:
 *
 *	bitmaps		three of them, each with a bit for each unit, together 3/64 of it
 *	owners		the caches that have used blocks in it, 192 bytes
 *	blocks		used and free ones, without a space between them
 *
 * The first bitmap tells which units are used, the second where used blocks begin. So no list runs
 * through memory that users write to, free neighbours are one block without further ado, and a used
 * block needs no header, so that powers of two are aligned to their size and lie side by side.
 *
 * The third bitmap tells whose a used block is. A slob page numbers its owners, and a block of n
 * units has n bits, RSV_SLOB_OWNER_BITS at most, for the number of its owner. Thus a block of 8
 * bytes can have the owners 0 and 1 only, and one of 40 bytes all 32. New owners get the largest
 * number that their blocks have bits for, which leaves the small numbers to the small blocks. If
 * all fitting numbers are taken the slob page does not serve that cache. All this costs a block of
 * 64 bytes 3 bytes more than a bitmap of beginnings alone.
 *
 * The first unit of each block that was freed has a check value, which depends on its address and
 * on a secret of the heap. The second bitmap tells where such values are. An allocation compares
 * them, and so finds a write to a free block.
 *
 * No function here takes more steps than a slob page has words of a bitmap (32, or as many as make
 * a page if that is larger), plus one for each unit of one block.
 */
#include <linux/bitops.h>
#include <linux/hash.h>
#include <linux/list.h>
#include <linux/string.h>

#include "compat.h"
#include "pages/backoff.h"
#include "pages/pagemap.h"
#include "slob_page.h"

/*
 * Slob pages
 */

static struct rsv_slob_page rsv_slob_page_get(const struct rsv_extent *e, struct rsv_frame *frame,
					      union rsv_slob_word word)
{
	unsigned int units = ((word.more + 1) << PAGE_SHIFT) / RSV_SLOB_UNIT;

	return (struct rsv_slob_page){
		.heap = e->region->heap,
		.node = &e->region->heap->nodes[e->nid],
		.frame = frame,
		.base = rsv_frame_addr(e, frame),
		.first = rsv_slob_first_unit(units),
		.end = units,
	};
}

/**
 * rsv_slob_page_of() - describe a slob page that the caller knows to exist
 * @e: its extent
 * @frame: the frame of its first page
 *
 * Context: Any.
 * Return: The description.
 */
struct rsv_slob_page rsv_slob_page_of(const struct rsv_extent *e, struct rsv_frame *frame)
{
	return rsv_slob_page_get(e, frame, rsv_slob_page_word(frame));
}

/* The frame of the first page of the slob page that a page seems to belong to, or NULL */
static struct rsv_frame *rsv_slob_page_head(const struct rsv_extent *e, struct rsv_frame *f)
{
	unsigned int back;

	/* Pairs with rsv_slob_page_mark(), which sets the frame's kind after its other fields. */
	switch (smp_load_acquire(&f->kind)) {
	case RSV_FRAME_HEAP:
		return f;
	case RSV_FRAME_HEAP_TAIL:
		back = READ_ONCE(f->order);
		return back > rsv_frame_index(e, f) ? NULL : f - back;
	default:
		return NULL;
	}
}

/**
 * rsv_slob_page_find() - find the slob page that a page belongs to
 * @e: the page's extent; its node of the heap is locked
 * @f: the page's frame
 * @page: set to the slob page
 *
 * Before the caller took the lock the slob page may have gone back to the buddy system. Then the
 * frame may change under the function, and its word, which other kinds of frames share, may have
 * any value. The function tells that by three reads. If the kind says RSV_FRAME_HEAP, and the slob
 * page is on no list, then one of these holds:
 *
 * - The heap evicted the slob page before the caller took the lock, and nobody has changed the
 *   frame since. Then the first read found a word that says RSV_SLOB_LIST_NONE.
 * - A CPU makes a new slob page, and waits for the lock to add it. Then the word, which that CPU
 *   set before the kind, says RSV_SLOB_LIST_NONE in the last read.
 *
 * Context: Any but NMI.
 * Return: Whether there is such a slob page on a list of the heap. It stays there until the caller
 * drops the lock.
 */
bool rsv_slob_page_find(const struct rsv_extent *e, struct rsv_frame *f, struct rsv_slob_page *page)
{
	struct rsv_frame *frame = rsv_slob_page_head(e, f);
	union rsv_slob_word word;

	if (!frame)
		return false;
	word = rsv_slob_page_word(frame);
	/* Orders the first read of the word and that of the kind */
	smp_rmb();
	/* Pairs with rsv_slob_page_mark(); orders the read of the kind and the last one */
	if (word.list == RSV_SLOB_LIST_NONE || smp_load_acquire(&frame->kind) != RSV_FRAME_HEAP)
		return false;
	word = rsv_slob_page_word(frame);
	if (word.list == RSV_SLOB_LIST_NONE || f - frame > word.more)
		return false;
	*page = rsv_slob_page_get(e, frame, word);
	return true;
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
	if (to == RSV_SLOB_LIST_EMPTY)
		rsv_backoff_cached(page->heap->region);
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
 * The bitmaps. The kernel's functions for bitmaps do not serve, since KASAN watches them, and for
 * KASAN no code may access a slob page outside of used objects.
 */

static unsigned long *rsv_slob_bits(const struct rsv_slob_page *page, enum rsv_slob_bitmap map)
{
	return page->base + map * (page->end / BITS_PER_BYTE);
}

static bool rsv_slob_bit(const struct rsv_slob_page *page, enum rsv_slob_bitmap map,
			 unsigned int at)
{
	return rsv_slob_bits(page, map)[BIT_WORD(at)] & BIT_MASK(at);
}

static void rsv_slob_bit_change(const struct rsv_slob_page *page, enum rsv_slob_bitmap map,
				unsigned int at, bool set)
{
	unsigned long *word = rsv_slob_bits(page, map) + BIT_WORD(at);

	*word = set ? *word | BIT_MASK(at) : *word & ~BIT_MASK(at);
}

/* Changes whether the units from @at to before @end are used. */
static void rsv_slob_set_used(const struct rsv_slob_page *page, unsigned int at, unsigned int end,
			      bool used)
{
	unsigned long *bits = rsv_slob_bits(page, RSV_SLOB_USED), mask;
	unsigned int stop;

	for (; at < end; at = stop) {
		stop = min(end, round_down(at, BITS_PER_LONG) + BITS_PER_LONG);
		mask = GENMASK((stop - 1) % BITS_PER_LONG, at % BITS_PER_LONG);
		if (used)
			bits[BIT_WORD(at)] |= mask;
		else
			bits[BIT_WORD(at)] &= ~mask;
	}
}

/* The first unit from @at on whose bit is set or, if @flip is ~0UL, clear; else page->end */
static unsigned int rsv_slob_bit_next(const struct rsv_slob_page *page, enum rsv_slob_bitmap map,
				      unsigned int at, unsigned long flip)
{
	const unsigned long *bits = rsv_slob_bits(page, map);
	unsigned int word = BIT_WORD(at);
	unsigned long found;

	if (at >= page->end)
		return page->end;
	found = (bits[word] ^ flip) & ~0UL << at % BITS_PER_LONG;
	while (!found) {
		if (++word == BIT_WORD(page->end))
			return page->end;
		found = bits[word] ^ flip;
	}
	return word * BITS_PER_LONG + __ffs(found);
}

/* The last unit up to @at at which a block begins; 0 if there is none */
static unsigned int rsv_slob_start_before(const struct rsv_slob_page *page, unsigned int at)
{
	const unsigned long *bits = rsv_slob_bits(page, RSV_SLOB_START);
	unsigned int word = BIT_WORD(at);
	unsigned long found = bits[word] & ~0UL >> (BITS_PER_LONG - 1 - at % BITS_PER_LONG);

	while (!found) {
		if (!word)
			return 0;
		found = bits[--word];
	}
	return word * BITS_PER_LONG + __fls(found);
}

/*
 * Owners
 */

static struct rsv_slob_owners *rsv_slob_owner_table(const struct rsv_slob_page *page)
{
	return (void *)rsv_slob_bits(page, RSV_SLOB_BITMAPS);
}

static unsigned int rsv_slob_owner_bits(unsigned int size)
{
	return min(size, RSV_SLOB_OWNER_BITS);
}

/**
 * rsv_slob_owner_find() - the number that a cache has, or can have, among the owners of a slob page
 * @page: the slob page; its node is locked
 * @cache: number of the cache
 * @size: units of its blocks
 *
 * Context: Any but NMI.
 * Return: The number, or RSV_SLOB_OWNERS if other caches have all numbers that such a block has
 * bits for.
 */
unsigned int rsv_slob_owner_find(const struct rsv_slob_page *page, u32 cache, unsigned int size)
{
	const struct rsv_slob_owners *owners = rsv_slob_owner_table(page);
	unsigned int owner = 1 << rsv_slob_owner_bits(size), unused = RSV_SLOB_OWNERS;

	/*
	 * A cache takes the largest number whenever that is free. So if it had this one last, it
	 * has no other one, also if it has no block just now.
	 */
	if (likely(owners->cache[owner - 1] == cache))
		return owner - 1;
	while (owner--) {
		if (owners->blocks[owner] && owners->cache[owner] == cache)
			return owner;
		if (!owners->blocks[owner] && unused == RSV_SLOB_OWNERS)
			unused = owner;
	}
	return unused;
}

/**
 * rsv_slob_block_cache() - the cache that owns a used block
 * @page: the slob page; its node is locked
 * @block: the block
 *
 * Context: Any but NMI.
 * Return: The number of the cache.
 */
u32 rsv_slob_block_cache(const struct rsv_slob_page *page, const struct rsv_slob_block *block)
{
	return rsv_slob_owner_table(page)->cache[block->owner];
}

/* The owner of a block is a number in its first bits, which may lie in two words of the bitmap. */
static void rsv_slob_set_owner(const struct rsv_slob_page *page, const struct rsv_slob_block *block)
{
	unsigned long *bits = rsv_slob_bits(page, RSV_SLOB_OWNER) + BIT_WORD(block->at);
	const unsigned long mask = (1UL << rsv_slob_owner_bits(block->size)) - 1;
	const unsigned int shift = block->at % BITS_PER_LONG;

	bits[0] = (bits[0] & ~(mask << shift)) | (unsigned long)block->owner << shift;
	if (shift > BITS_PER_LONG - RSV_SLOB_OWNER_BITS && mask >> (BITS_PER_LONG - shift))
		bits[1] = (bits[1] & ~(mask >> (BITS_PER_LONG - shift))) |
			  (unsigned long)block->owner >> (BITS_PER_LONG - shift);
}

/* A word's worth of bits from a unit on; those beyond the end of the slob page are clear. */
static unsigned long rsv_slob_bits_from(const struct rsv_slob_page *page, enum rsv_slob_bitmap map,
					unsigned int at)
{
	const unsigned long *bits = rsv_slob_bits(page, map) + BIT_WORD(at);
	const unsigned int shift = at % BITS_PER_LONG;
	unsigned long found = bits[0] >> shift;

	if (shift && BIT_WORD(at) + 1 < BIT_WORD(page->end))
		found |= bits[1] << (BITS_PER_LONG - shift);
	return found;
}

/*
 * Used blocks
 */

/**
 * rsv_slob_block_at() - find the used block that a unit is in
 * @page: the slob page; its node is locked
 * @at: the unit; may be any number
 * @block: set to the block
 *
 * Context: Any but NMI.
 * Return: false if the unit is in no used block.
 */
bool rsv_slob_block_at(const struct rsv_slob_page *page, unsigned int at,
		       struct rsv_slob_block *block)
{
	unsigned int bit;

	if (at < page->first || at >= page->end || !rsv_slob_bit(page, RSV_SLOB_USED, at))
		return false;
	*block = (struct rsv_slob_block){ .at = rsv_slob_start_before(page, at) };
	/* Only if the bitmap was overwritten */
	if (block->at < page->first)
		return false;
	block->size = min(rsv_slob_bit_next(page, RSV_SLOB_START, at + 1, 0),
			  rsv_slob_bit_next(page, RSV_SLOB_USED, at + 1, ~0UL)) - block->at;
	for (bit = 0; bit < rsv_slob_owner_bits(block->size); bit++)
		block->owner |= rsv_slob_bit(page, RSV_SLOB_OWNER, block->at + bit) << bit;
	return true;
}

/**
 * rsv_slob_block_is() - whether a used block of a known length begins at a unit
 * @page: the slob page; its node is locked
 * @at: the unit, behind the bitmaps and the owners
 * @size: the length
 * @block: set to the block, if there is one
 *
 * This answers for most frees. rsv_slob_block_at() finds any block, and looks for its ends.
 *
 * Context: Any but NMI.
 * Return: false also if the length is a word's worth of units or more.
 */
bool rsv_slob_block_is(const struct rsv_slob_page *page, unsigned int at, unsigned int size,
		       struct rsv_slob_block *block)
{
	const unsigned long mask = (1UL << size % BITS_PER_LONG) - 1;
	unsigned long used, starts;

	if (size >= BITS_PER_LONG || at + size > page->end)
		return false;
	used = rsv_slob_bits_from(page, RSV_SLOB_USED, at);
	starts = rsv_slob_bits_from(page, RSV_SLOB_START, at);
	/* All its units are used, it begins at the first only, and ends where it should. */
	if (~used & mask || (starts & mask) != 1 || (used & ~starts) >> size & 1)
		return false;
	block->at = at;
	block->size = size;
	block->owner = rsv_slob_bits_from(page, RSV_SLOB_OWNER, at) &
		       ((1U << rsv_slob_owner_bits(size)) - 1);
	return true;
}

/**
 * rsv_slob_block_next() - find the next place where a used block may begin
 * @page: the slob page; its node is locked
 * @at: the unit to begin with
 *
 * Context: Any but NMI.
 * Return: A unit at which a used block begins, or that has a check value; or else page->end.
 */
unsigned int rsv_slob_block_next(const struct rsv_slob_page *page, unsigned int at)
{
	return rsv_slob_bit_next(page, RSV_SLOB_START, max(at, page->first), 0);
}

/*
 * Free blocks
 */

static u64 rsv_slob_check_value(const struct rsv_slob_page *page, const u64 *unit)
{
	return (page->heap->secret ^ (unsigned long)unit) * GOLDEN_RATIO_64;
}

/**
 * rsv_slob_unit_sound() - whether a unit has the check value that the heap wrote there
 * @page: the slob page; its node is locked
 * @at: a unit at which no used block begins, from rsv_slob_block_next()
 *
 * Context: Any but NMI.
 * Return: true also for a unit of a used block.
 */
bool rsv_slob_unit_sound(const struct rsv_slob_page *page, unsigned int at)
{
	const u64 *unit = rsv_slob_page_at(page, at);

	return rsv_slob_bit(page, RSV_SLOB_USED, at) || *unit == rsv_slob_check_value(page, unit);
}

/* Removes the check values in free units. Returns false if one was overwritten. */
static bool rsv_slob_remove_checks(const struct rsv_slob_page *page, unsigned int at,
				   unsigned int end, unsigned int *steps)
{
	unsigned long *starts, mask, found;
	unsigned int stop;
	bool sound = true;

	for (; at < end; at = stop) {
		stop = min(end, round_down(at, BITS_PER_LONG) + BITS_PER_LONG);
		starts = &rsv_slob_bits(page, RSV_SLOB_START)[BIT_WORD(at)];
		mask = GENMASK((stop - 1) % BITS_PER_LONG, at % BITS_PER_LONG);
		for (found = *starts & mask; found; found &= found - 1) {
			unsigned int unit = round_down(at, BITS_PER_LONG) + __ffs(found);

			sound &= rsv_slob_unit_sound(page, unit);
			*rsv_slob_page_at(page, unit) = 0;
			++*steps;
		}
		*starts &= ~mask;
	}
	return sound;
}

/* The bits from which on @size bits are set, all of them in the word */
static unsigned long rsv_slob_runs(unsigned long bits, unsigned int size)
{
	unsigned int have = 1, more;

	for (; have < size; have += more) {
		more = min(have, size - have);
		bits &= bits >> more;
	}
	return bits;
}

/* Every bit whose number is a multiple of @align, a power of two below BITS_PER_LONG */
static unsigned long rsv_slob_aligned_bits(unsigned int align)
{
	return ~0UL / ((1UL << align) - 1);
}

/**
 * rsv_slob_page_fit() - find the first place in the free blocks of a slob page for a new block
 * @page: the slob page; its node is locked
 * @from: no such place begins before this unit
 * @size: length of the block
 * @align: its alignment, in units
 *
 * The function looks at a word of the bitmap at a time, so it takes as long for a thousand free
 * blocks as for one. A run of free units either ends in the word and began before it or with it, or
 * lies in the middle of the word, or goes on to the next word.
 *
 * Context: Any but NMI.
 * Return: The unit, or 0 if no free block is large enough.
 */
unsigned int rsv_slob_page_fit(const struct rsv_slob_page *page, unsigned int from,
			       unsigned int size, unsigned int align)
{
	const bool in_word = size <= BITS_PER_LONG && align < BITS_PER_LONG;
	unsigned int base = round_down(from, BITS_PER_LONG), begin = base, at;
	unsigned long used, runs;

	for (; base < page->end; base += BITS_PER_LONG) {
		used = rsv_slob_bits(page, RSV_SLOB_USED)[BIT_WORD(base)];
		if (!~used) {
			begin = base + BITS_PER_LONG;
			continue;
		}
		at = round_up(begin, align);
		if (at + size <= base + (used ? __ffs(used) : BITS_PER_LONG))
			return at;
		if (!used)
			continue;
		runs = in_word ? rsv_slob_runs(~used, size) & rsv_slob_aligned_bits(align) : 0;
		if (runs)
			return base + __ffs(runs);
		begin = base + __fls(used) + 1;
	}
	return 0;
}

/**
 * rsv_slob_page_cut() - make a used block of free units
 * @page: the slob page; its node is locked
 * @word: the state of the slob page; updated
 * @block: the block
 * @cache: number of its cache
 * @steps: increased by the number of check values that the units had
 *
 * Context: Any but NMI.
 * Return: false if somebody wrote to the units while they were free.
 */
bool rsv_slob_page_cut(const struct rsv_slob_page *page, union rsv_slob_word *word,
		       const struct rsv_slob_block *block, u32 cache, unsigned int *steps)
{
	struct rsv_slob_owners *owners = rsv_slob_owner_table(page);
	const unsigned int end = block->at + block->size;
	const bool sound = rsv_slob_remove_checks(page, block->at, end, steps);

	rsv_slob_set_used(page, block->at, end, true);
	rsv_slob_bit_change(page, RSV_SLOB_START, block->at, true);
	rsv_slob_set_owner(page, block);
	owners->cache[block->owner] = cache;
	owners->blocks[block->owner]++;
	word->free_units -= block->size;
	return sound;
}

/**
 * rsv_slob_page_release() - make a used block free
 * @page: the slob page; its node is locked
 * @word: the state of the slob page; updated
 * @block: the block, from rsv_slob_block_at()
 *
 * Context: Any but NMI.
 */
void rsv_slob_page_release(const struct rsv_slob_page *page, union rsv_slob_word *word,
			   const struct rsv_slob_block *block)
{
	u64 *unit = rsv_slob_page_at(page, block->at);

	rsv_slob_owner_table(page)->blocks[block->owner]--;
	rsv_slob_set_used(page, block->at, block->at + block->size, false);
	*unit = rsv_slob_check_value(page, unit);
	word->free_units += block->size;
	word->too_long = 0;
}

/**
 * rsv_slob_page_counts() - whether as many units are used as the slob page's word says
 * @page: the slob page; its node is locked
 *
 * Context: Any but NMI.
 * Return: false if the bitmap was overwritten.
 */
bool rsv_slob_page_counts(const struct rsv_slob_page *page)
{
	const unsigned long *bits = rsv_slob_bits(page, RSV_SLOB_USED);
	unsigned int word, used = 0;

	for (word = 0; word < BIT_WORD(page->end); word++)
		used += hweight_long(bits[word]);
	return used == page->end - rsv_slob_page_word(page->frame).free_units;
}

/**
 * rsv_slob_page_clear() - make all of a slob page one free block
 * @page: the slob page, on no list
 * @word: the state of the slob page; updated
 *
 * Context: Any.
 */
void rsv_slob_page_clear(const struct rsv_slob_page *page, union rsv_slob_word *word)
{
	memset(page->base, 0, page->first * RSV_SLOB_UNIT);
	rsv_slob_set_used(page, 0, page->first, true);
	word->free_units = page->end - page->first;
	word->too_long = 0;
}
