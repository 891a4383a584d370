// SPDX-License-Identifier: GPL-2.0
/*
 * The lessons about external fragmentation.
 */
#include <sys/mman.h>

#include "command.h"
#include "device.h"
#include "draw.h"
#include "lesson.h"

#define PAGES	 64
#define QUARTERS 4

static void expect_refused(const struct lesson_ctx *ctx, uint64_t bytes)
{
	struct rsv_ioc_buffer_alloc block = try_alloc_block(ctx, bytes, 0);

	if (block.handle)
		fail("lesson %s: there is a block for %s, but the textbook says there is none",
		     ctx->lesson, size_text(bytes).chars);
}

static uint64_t unusable(const struct lesson_ctx *ctx, uint32_t order)
{
	struct rsv_ioc_zone now = query_zone(ctx->fd, ctx->region, 0);

	return unusable_index(&now, order);
}

static void teach_fragments(struct lesson_ctx *ctx)
{
	struct rsv_ioc_buffer_alloc pages[PAGES];
	uint64_t index;
	size_t i;

	for (i = 0; i < PAGES; i++)
		pages[i] = alloc_block(ctx, ctx->page_size);
	sort_blocks(pages, PAGES);
	expect_free(ctx, "none");
	explain("%u requests for one page each have used up the region.", PAGES);
	show_region(ctx);
	end_step(ctx);

	for (i = 1; i < PAGES; i += 2)
		free_handle(ctx->fd, pages[i].handle);
	/* It also drains the CPU's list, where the last pages may be. */
	expect_refused(ctx, 2 * ctx->page_size);
	expect_free(ctx, "4 KB: 32");
	index = unusable(ctx, 1);
	expect(ctx, index, 1000, "thousandths of the free memory in blocks that are too small");
	explain("Every second page is freed. Half of the region, %s, is free now, and yet a "
		"request for %s fails: no free page has a free buddy. The unusable free space "
		"index of that order is %llu.%03llu: all of the free memory is in blocks that are "
		"too small. This is external fragmentation.",
		size_text(query_info(ctx->fd, ctx->region).free_bytes).chars,
		size_text(2 * ctx->page_size).chars, (unsigned long long)index / 1000,
		(unsigned long long)index % 1000);
	show_region(ctx);
	end_step(ctx);

	for (i = 0; i < PAGES; i += 2)
		free_handle(ctx->fd, pages[i].handle);
	free_handle(ctx->fd, alloc_block(ctx, PAGES * ctx->page_size).handle);
	expect_free(ctx, "256 KB: 1");
	index = unusable(ctx, 6);
	expect(ctx, index, 0, "thousandths of the free memory in blocks that are too small");
	explain("The other pages are freed too, and all coalesce: a request for %s succeeds. The "
		"index is %llu.%03llu at every order.",
		size_text(PAGES * ctx->page_size).chars, (unsigned long long)index / 1000, (unsigned long long)index % 1000);
	show_region(ctx);
	end_step(ctx);
}

const struct lesson lesson_fragments = {
	.name = "fragments",
	.title = "half of 256 KB is free, and a request for 8 KB fails",
	.bytes = KB(256),
	.teach = teach_fragments,
};

/* Writes the number of each word to the word, across pages, and reads all words back. */
static void use_scattered(const struct lesson_ctx *ctx,
			  const struct rsv_ioc_scattered_alloc *buffer)
{
	uint64_t *words = mmap(NULL, buffer->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ctx->fd,
			       buffer->mmap_offset);
	uint64_t i;

	if (words == MAP_FAILED)
		fail("lesson %s: cannot map the pages: %m", ctx->lesson);
	for (i = 0; i < buffer->bytes / sizeof(*words); i++)
		words[i] = i;
	for (i = 0; i < buffer->bytes / sizeof(*words); i++)
		expect(ctx, words[i], i, "a word that was written and read back");
	munmap(words, buffer->bytes);
}

static void teach_scattered(struct lesson_ctx *ctx)
{
	struct rsv_ioc_buffer_alloc pages[PAGES];
	struct rsv_ioc_scattered_alloc buffer;
	size_t i;

	for (i = 0; i < PAGES; i++)
		pages[i] = alloc_block(ctx, ctx->page_size);
	sort_blocks(pages, PAGES);
	for (i = 1; i < PAGES; i += 2)
		free_handle(ctx->fd, pages[i].handle);
	/* This drains the CPU's list, too. */
	expect_refused(ctx, 2 * ctx->page_size);
	expect_free(ctx, "4 KB: 32");
	explain("Half of the region is free, but no two free pages are adjacent.");
	show_region(ctx);
	end_step(ctx);

	buffer = alloc_scattered(ctx->fd, ctx->region, KB(128));
	expect(ctx, buffer.bytes, KB(128), "bytes of the scattered pages");
	expect_free(ctx, "none");
	use_scattered(ctx, &buffer);
	explain("A request for %s that need not be contiguous gets %llu single pages. The page "
		"table maps them to consecutive addresses: this program wrote all %s through one "
		"mapping and read them back. vmalloc() does the same for the kernel. It costs "
		"entries in a page table, and a device that does not use a page table cannot use "
		"such memory.",
		size_text(buffer.bytes).chars, (unsigned long long)(buffer.bytes / ctx->page_size),
		size_text(buffer.bytes).chars);
	show_region(ctx);
	end_step(ctx);

	free_handle(ctx->fd, buffer.handle);
	for (i = 0; i < PAGES; i += 2)
		free_handle(ctx->fd, pages[i].handle);
	free_handle(ctx->fd, alloc_block(ctx, PAGES * ctx->page_size).handle);
	expect_free(ctx, "256 KB: 1");
	explain("All pages are freed, and coalesce.");
	show_region(ctx);
	end_step(ctx);
}

const struct lesson lesson_scattered = {
	.name = "scattered",
	.title = "128 KB from pages that are not adjacent",
	.bytes = KB(256),
	.teach = teach_scattered,
};

static void teach_neighbours(struct lesson_ctx *ctx)
{
	struct rsv_ioc_buffer_alloc quarters[QUARTERS], exact;
	size_t i;

	for (i = 0; i < QUARTERS; i++)
		quarters[i] = alloc_block(ctx, KB(64));
	sort_blocks(quarters, QUARTERS);
	free_handle(ctx->fd, quarters[1].handle);
	free_handle(ctx->fd, quarters[2].handle);
	expect_free(ctx, "64 KB: 2");
	expect_refused(ctx, KB(128));
	explain("Four blocks of %s are allocated, and the two in the middle are freed. They are "
		"adjacent, but they are not buddies: the buddy of each is in use. So they do not "
		"coalesce, and a request for %s fails.",
		size_text(KB(64)).chars, size_text(KB(128)).chars);
	show_region(ctx);
	end_step(ctx);

	exact = try_alloc_block(ctx, KB(128), RSV_BUFFER_EXACT);
	expect(ctx, exact.bytes, KB(128), "bytes of the exact block");
	expect(ctx, exact.offset, KB(64), "offset of the exact block");
	expect_free(ctx, "none");
	explain("A request for exactly %s may begin at any page. No single free block is large "
		"enough. The zone searches for adjacent free blocks that are large enough "
		"together, and allocates them.",
		size_text(exact.bytes).chars);
	show_region(ctx);
	end_step(ctx);

	free_handle(ctx->fd, exact.handle);
	expect_free(ctx, "64 KB: 2");
	explain("The pages are freed, and become the blocks that they were before.");
	show_region(ctx);
	end_step(ctx);

	free_handle(ctx->fd, quarters[0].handle);
	free_handle(ctx->fd, quarters[3].handle);
	expect_free(ctx, "256 KB: 1");
	explain("The other two blocks are freed. Each finds its buddy free, and all coalesce.");
	show_region(ctx);
	end_step(ctx);
}

const struct lesson lesson_neighbours = {
	.name = "neighbours",
	.title = "128 KB from two blocks of 64 KB that are not buddies",
	.bytes = KB(256),
	.teach = teach_neighbours,
};
