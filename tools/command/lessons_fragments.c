// SPDX-License-Identifier: GPL-2.0
/*
 * The lessons about external fragmentation.
 */
#include <sys/mman.h>

#include "command.h"
#include "device.h"
#include "draw.h"
#include "lesson.h"

#define PAGES		64
#define QUARTERS	4

static void expect_refused(const struct classroom *room, uint64_t bytes)
{
	struct rsv_ioc_buffer_alloc block = try_block(room, bytes, 0);

	if (block.handle)
		fail("lesson %s: there is a block for %s, but the book says there is none", room->lesson,
		     size_text(bytes).chars);
}

static uint64_t unusable(const struct classroom *room, uint32_t order)
{
	struct rsv_ioc_zone now = query_zone(room->fd, room->region, 0);

	return unusable_index(&now, order);
}

static void teach_fragments(struct classroom *room)
{
	struct rsv_ioc_buffer_alloc pages[PAGES];
	uint64_t index;
	size_t i;

	for (i = 0; i < PAGES; i++)
		pages[i] = take_block(room, room->page_size);
	sort_blocks(pages, PAGES);
	expect_free(room, "none");
	tell("%u requests for a page each have used up the region.", PAGES);
	show_region(room);
	end_step(room);

	for (i = 1; i < PAGES; i += 2)
		free_handle(room->fd, pages[i].handle);
	expect_free(room, "4 KB: 32");
	expect_refused(room, 2 * room->page_size);
	index = unusable(room, 1);
	expect(room, index, 1000, "thousandths of the free memory that are in blocks too small");
	tell("Every second page comes back. Half of the region is free now, %s, and yet a request for %s gets "
	     "nothing: no free page has a free buddy. The unusable free space index of that order is "
	     "%llu.%03llu, all of the free memory: external fragmentation.",
	     size_text(query_info(room->fd, room->region).free_bytes).chars,
	     size_text(2 * room->page_size).chars, (unsigned long long)index / 1000,
	     (unsigned long long)index % 1000);
	show_region(room);
	end_step(room);

	for (i = 0; i < PAGES; i += 2)
		free_handle(room->fd, pages[i].handle);
	expect_free(room, "256 KB: 1");
	index = unusable(room, 6);
	expect(room, index, 0, "thousandths of the free memory that are in blocks too small");
	tell("The others come back too, and all coalesces. The index is %llu.%03llu at every order.",
	     (unsigned long long)index / 1000, (unsigned long long)index % 1000);
	show_region(room);
	end_step(room);
}

const struct lesson lesson_fragments = {
	.name = "fragments",
	.title = "half of 256 KB is free, and 8 KB cannot be had",
	.bytes = KB(256),
	.teach = teach_fragments,
};

/* Writes the number of each word to it, across the borders of pages, and reads all again. */
static void use_scattered(const struct classroom *room, const struct rsv_ioc_scattered_alloc *buffer)
{
	uint64_t *words = mmap(NULL, buffer->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, room->fd,
			       buffer->mmap_offset);
	uint64_t i;

	if (words == MAP_FAILED)
		fail("lesson %s: cannot map the pages: %m", room->lesson);
	for (i = 0; i < buffer->bytes / sizeof(*words); i++)
		words[i] = i;
	for (i = 0; i < buffer->bytes / sizeof(*words); i++)
		expect(room, words[i], i, "what was written and read back");
	munmap(words, buffer->bytes);
}

static void teach_scattered(struct classroom *room)
{
	struct rsv_ioc_buffer_alloc pages[PAGES];
	struct rsv_ioc_scattered_alloc buffer;
	size_t i;

	for (i = 0; i < PAGES; i++)
		pages[i] = take_block(room, room->page_size);
	sort_blocks(pages, PAGES);
	for (i = 1; i < PAGES; i += 2)
		free_handle(room->fd, pages[i].handle);
	expect_free(room, "4 KB: 32");
	tell("Half of the region is free, but no two pages of it lie side by side.");
	show_region(room);
	end_step(room);

	buffer = alloc_scattered(room->fd, room->region, KB(128));
	expect(room, buffer.bytes, KB(128), "bytes of the scattered pages");
	expect_free(room, "none");
	use_scattered(room, &buffer);
	tell("A request for %s that need not be contiguous gets %llu single pages. The page table puts them behind "
	     "consecutive addresses: through one mapping all %s were written and read back. That is what vmalloc "
	     "does for the kernel, at the price of a page table; a device that knows no page table cannot use it.",
	     size_text(buffer.bytes).chars, (unsigned long long)(buffer.bytes / room->page_size),
	     size_text(buffer.bytes).chars);
	show_region(room);
	end_step(room);

	free_handle(room->fd, buffer.handle);
	for (i = 0; i < PAGES; i += 2)
		free_handle(room->fd, pages[i].handle);
	expect_free(room, "256 KB: 1");
	tell("All pages come back, and coalesce.");
	show_region(room);
	end_step(room);
}

const struct lesson lesson_scattered = {
	.name = "scattered",
	.title = "128 KB from pages that do not lie side by side",
	.bytes = KB(256),
	.teach = teach_scattered,
};

static void teach_neighbours(struct classroom *room)
{
	struct rsv_ioc_buffer_alloc quarters[QUARTERS], run;
	size_t i;

	for (i = 0; i < QUARTERS; i++)
		quarters[i] = take_block(room, KB(64));
	sort_blocks(quarters, QUARTERS);
	free_handle(room->fd, quarters[1].handle);
	free_handle(room->fd, quarters[2].handle);
	expect_free(room, "64 KB: 2");
	expect_refused(room, KB(128));
	tell("Four blocks of %s, and the two in the middle come back. They lie side by side, but they are not "
	     "buddies: the buddy of each is in use. So they do not coalesce, and a request for %s gets nothing.",
	     size_text(KB(64)).chars, size_text(KB(128)).chars);
	show_region(room);
	end_step(room);

	run = try_block(room, KB(128), RSV_BUFFER_EXACT);
	expect(room, run.bytes, KB(128), "bytes of the exact block");
	expect(room, run.offset, KB(64), "where the exact block begins");
	expect_free(room, "none");
	tell("A request for exactly %s may begin at any page. No single block is large enough, so free blocks "
	     "that lie side by side are looked for, and taken together.",
	     size_text(run.bytes).chars);
	show_region(room);
	end_step(room);

	free_handle(room->fd, run.handle);
	expect_free(room, "64 KB: 2");
	tell("It comes back, as the blocks that it was made of.");
	show_region(room);
	end_step(room);

	free_handle(room->fd, quarters[0].handle);
	free_handle(room->fd, quarters[3].handle);
	expect_free(room, "256 KB: 1");
	tell("With the other two each finds its buddy, and all coalesces.");
	show_region(room);
	end_step(room);
}

const struct lesson lesson_neighbours = {
	.name = "neighbours",
	.title = "128 KB from two blocks of 64 KB that are not buddies",
	.bytes = KB(256),
	.teach = teach_neighbours,
};
