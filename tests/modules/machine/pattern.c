// SPDX-License-Identifier: GPL-2.0
/*
 * Patterns: what a run writes to memory that it owns. Each word depends on its address, so that a
 * word that somebody else wrote, or moved, is a changed one.
 */
#include <linux/atomic.h>
#include <linux/mm.h>

#include "machine.h"

static atomic_long_t nr_changed;

static unsigned long pattern_word(const unsigned long *word, unsigned long stamp)
{
	return ~(unsigned long)word ^ stamp << 20 ^ machine_seed;
}

/* Fills memory from a word's boundary on, up to the last whole word. */
void machine_pattern_fill(void *memory, size_t bytes, unsigned long stamp)
{
	unsigned long *word = memory, *end = word + bytes / sizeof(*word);

	for (; word < end; word++)
		WRITE_ONCE(*word, pattern_word(word, stamp));
}

/* Returns the number of bytes whose words have changed, and counts them. */
size_t machine_pattern_changed(const void *memory, size_t bytes, unsigned long stamp)
{
	const unsigned long *word = memory, *end = word + bytes / sizeof(*word);
	size_t changed = 0;

	for (; word < end; word++)
		if (unlikely(READ_ONCE(*word) != pattern_word(word, stamp)))
			changed += sizeof(*word);
	if (changed)
		atomic_long_add(changed, &nr_changed);
	return changed;
}

/* Bytes that machine_pattern_changed() counted in all */
unsigned long machine_nr_changed(void)
{
	return atomic_long_read(&nr_changed);
}

/* Allocates and fills blocks of pages, without waiting, until there are @most or no more. */
unsigned int machine_blocks_take(struct rsv_region *r, unsigned int order, unsigned int most,
				 struct page **blocks)
{
	unsigned int nr;

	for (nr = 0; nr < most; nr++) {
		blocks[nr] = rsv_alloc_pages(r, GFP_NOWAIT | __GFP_NOWARN, order);
		if (!blocks[nr])
			break;
		machine_pattern_fill(page_address(blocks[nr]), PAGE_SIZE << order, order);
	}
	return nr;
}

/* Frees these blocks. Their pages must be as they were filled. */
void machine_blocks_give(unsigned int order, unsigned int nr, struct page **blocks)
{
	size_t changed;

	while (nr--) {
		changed = machine_pattern_changed(page_address(blocks[nr]), PAGE_SIZE << order,
						  order);
		if (changed)
			machine_wrong("%zu bytes of page 0x%lx were written to by somebody else",
				      changed, page_to_pfn(blocks[nr]));
		__rsv_free_pages(blocks[nr], order);
	}
}
