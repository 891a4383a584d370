// SPDX-License-Identifier: GPL-2.0
/*
 * The lessons about the buddy system.
 */
#include "device.h"
#include "draw.h"
#include "lesson.h"

static void teach_split(struct classroom *room)
{
	const uint64_t wanted = KB(21);
	struct rsv_ioc_info info = query_info(room->fd, room->region);
	struct rsv_ioc_buffer_alloc block;

	expect_free(room, "256 KB: 1");
	tell("A region of %s that nobody uses is one free block.", size_text(info.bytes).chars);
	show_region(room);
	end_step(room);

	block = take_block(room, wanted);
	expect(room, block.bytes, KB(32), "bytes of the block");
	expect_free(room, "32 KB: 1   64 KB: 1   128 KB: 1");
	tell("A request for %s. Blocks have a power of two of pages, so that one of %s is the smallest that "
	     "holds it. The free block is split in two halves, which are buddies, and one half again, until "
	     "a block of that size is there. The other halves go to the free areas of their orders, where "
	     "later requests find them without a search.",
	     size_text(wanted).chars, size_text(block.bytes).chars);
	show_region(room);
	end_step(room);

	free_handle(room->fd, block.handle);
	expect_free(room, "256 KB: 1");
	tell("The block comes back. Its buddy is free as well, so the two coalesce to one block of the next "
	     "order, and that one with its own buddy, as far as it goes: a large request can be served "
	     "again.");
	show_region(room);
	end_step(room);
}

const struct lesson lesson_split = {
	.name = "split",
	.title = "256 KB and a request for 21 KB",
	.bytes = KB(256),
	.teach = teach_split,
};

static void teach_waste(struct classroom *room)
{
	const uint64_t wanted = KB(11);
	struct rsv_ioc_buffer_alloc block = take_block(room, wanted);

	expect(room, block.bytes, KB(16), "bytes of the block");
	expect(room, block.bytes - wanted, KB(5), "bytes of the block that were not asked for");
	tell("A request for %s is served by a block of %s. The %s that nobody asked for cannot be used by "
	     "anybody else: internal fragmentation, the price for buddies that are found by a look at an "
	     "address.",
	     size_text(wanted).chars, size_text(block.bytes).chars, size_text(block.bytes - wanted).chars);
	show_region(room);
	end_step(room);

	free_handle(room->fd, block.handle);
	expect_free(room, "256 KB: 1");
	tell("The block comes back and coalesces.");
	show_region(room);
	end_step(room);
}

const struct lesson lesson_waste = {
	.name = "waste",
	.title = "11 KB served by 16 KB",
	.bytes = KB(256),
	.teach = teach_waste,
};

static void teach_pages(struct classroom *room)
{
	const uint64_t wanted = 64;
	struct rsv_ioc_zone zone = query_zone(room->fd, room->region, 0);
	struct rsv_ioc_buffer_alloc block;

	expect_free(room, "512 pages: 1");
	tell("%llu pages, one free block.", (unsigned long long)zone.pages);
	show_region(room);
	end_step(room);

	block = take_block(room, wanted * room->page_size);
	expect(room, block.bytes / room->page_size, wanted, "pages of the block");
	expect_free(room, "64 pages: 1   128 pages: 1   256 pages: 1");
	tell("A request for %llu pages. The free area of that order is empty, and so are the next ones up, "
	     "until the only block there is. It is split until one part has as many pages as were asked "
	     "for.",
	     (unsigned long long)wanted);
	show_region(room);
	end_step(room);

	free_handle(room->fd, block.handle);
	expect_free(room, "512 pages: 1");
	tell("The pages come back. At each order the buddy is free, so all coalesces.");
	show_region(room);
	end_step(room);
}

const struct lesson lesson_pages = {
	.name = "pages",
	.title = "512 pages and a request for 64 pages",
	.pages = 512,
	.teach = teach_pages,
};

static void teach_eight(struct classroom *room)
{
	struct rsv_ioc_buffer_alloc other = take_block(room, 32 * room->page_size);
	struct rsv_ioc_buffer_alloc block;
	unsigned int others = other.bytes / room->page_size;
	unsigned int pages;

	expect_free(room, "32 pages: 1   64 pages: 1");
	tell("Somebody has %u pages. The smallest free block is their buddy, which has as many.", others);
	show_region(room);
	end_step(room);

	block = take_block(room, 8 * room->page_size);
	pages = block.bytes / room->page_size;
	expect(room, pages, 8, "pages of the block");
	expect_free(room, "8 pages: 1   16 pages: 1   64 pages: 1");
	tell("A request for %u pages. The smallest block that is large enough is split, first into two of "
	     "%u, then one of these into two of %u. The larger block stays whole for those who need it.",
	     pages, 2 * pages, pages);
	show_region(room);
	end_step(room);

	free_handle(room->fd, block.handle);
	expect_free(room, "32 pages: 1   64 pages: 1");
	tell("The block comes back and coalesces, but not beyond %u pages: there its buddy is in use.",
	     others);
	show_region(room);
	end_step(room);

	free_handle(room->fd, other.handle);
	expect_free(room, "128 pages: 1");
	tell("The buddy comes back too, and all coalesces.");
	show_region(room);
	end_step(room);
}

const struct lesson lesson_eight = {
	.name = "eight",
	.title = "eight pages when the smallest free block has 32",
	.pages = 128,
	.teach = teach_eight,
};
