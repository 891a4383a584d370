// SPDX-License-Identifier: GPL-2.0
/*
 * The lessons about the buddy system.
 */
#include "device.h"
#include "draw.h"
#include "lesson.h"

static void teach_split(struct lesson_ctx *ctx)
{
	const uint64_t wanted = KB(21);
	struct rsv_ioc_info info = query_info(ctx->fd, ctx->region);
	struct rsv_ioc_buffer_alloc block;

	expect_free(ctx, "256 KB: 1");
	explain("A region of %s in which nothing is allocated is one free block.",
		size_text(info.bytes).chars);
	show_region(ctx);
	end_step(ctx);

	block = alloc_block(ctx, wanted);
	expect(ctx, block.bytes, KB(32), "bytes of the block");
	expect_free(ctx, "32 KB: 1   64 KB: 1   128 KB: 1");
	explain("A request for %s. A block has a power of two of pages, and the smallest that holds the "
		"request has %s. The zone splits the free block into two halves, which are buddies. It "
		"splits one half again, until it has a block of that size. The other halves go to the "
		"free areas of their orders, where later requests find them without a search.",
		size_text(wanted).chars, size_text(block.bytes).chars);
	show_region(ctx);
	end_step(ctx);

	free_handle(ctx->fd, block.handle);
	expect_free(ctx, "256 KB: 1");
	explain("The block is freed. Its buddy is free too, so the two coalesce to one block of the "
		"next order. That block coalesces with its own buddy, and so on up to the largest order. "
		"The region can serve a large request again.");
	show_region(ctx);
	end_step(ctx);
}

const struct lesson lesson_split = {
	.name = "split",
	.title = "256 KB and a request for 21 KB",
	.bytes = KB(256),
	.teach = teach_split,
};

static void teach_waste(struct lesson_ctx *ctx)
{
	const uint64_t wanted = KB(11);
	struct rsv_ioc_buffer_alloc block = alloc_block(ctx, wanted);

	expect(ctx, block.bytes, KB(16), "bytes of the block");
	expect(ctx, block.bytes - wanted, KB(5),
	       "bytes of the block that the request did not ask for");
	explain("A request for %s gets a block of %s. No other request can use the remaining %s "
		"of the block. This is internal fragmentation. It is the price of blocks whose "
		"buddies the allocator finds from their addresses alone.",
		size_text(wanted).chars, size_text(block.bytes).chars,
		size_text(block.bytes - wanted).chars);
	show_region(ctx);
	end_step(ctx);

	free_handle(ctx->fd, block.handle);
	expect_free(ctx, "256 KB: 1");
	explain("The block is freed and coalesces.");
	show_region(ctx);
	end_step(ctx);
}

const struct lesson lesson_waste = {
	.name = "waste",
	.title = "11 KB served by 16 KB",
	.bytes = KB(256),
	.teach = teach_waste,
};

static void teach_pages(struct lesson_ctx *ctx)
{
	const uint64_t wanted = 64;
	struct rsv_ioc_zone zone = query_zone(ctx->fd, ctx->region, 0);
	struct rsv_ioc_buffer_alloc block;

	expect_free(ctx, "512 pages: 1");
	explain("%llu pages, one free block.", (unsigned long long)zone.pages);
	show_region(ctx);
	end_step(ctx);

	block = alloc_block(ctx, wanted * ctx->page_size);
	expect(ctx, block.bytes / ctx->page_size, wanted, "pages of the block");
	expect_free(ctx, "64 pages: 1   128 pages: 1   256 pages: 1");
	explain("A request for %llu pages. The free area of that order is empty, and so are the free "
		"areas of the next orders, up to the order of the only block. The zone splits that block "
		"until one part has the size of the request.",
		(unsigned long long)wanted);
	show_region(ctx);
	end_step(ctx);

	free_handle(ctx->fd, block.handle);
	expect_free(ctx, "512 pages: 1");
	explain("The block is freed. Its buddy is free at each order, so all pages coalesce to one block.");
	show_region(ctx);
	end_step(ctx);
}

const struct lesson lesson_pages = {
	.name = "pages",
	.title = "512 pages and a request for 64 pages",
	.pages = 512,
	.teach = teach_pages,
};

static void teach_eight(struct lesson_ctx *ctx)
{
	struct rsv_ioc_buffer_alloc other = alloc_block(ctx, 32 * ctx->page_size);
	struct rsv_ioc_buffer_alloc block;
	unsigned int others = other.bytes / ctx->page_size;
	unsigned int pages;

	expect_free(ctx, "32 pages: 1   64 pages: 1");
	explain("A block of %u pages is in use. The smallest free block is its buddy, of the same size.",
		others);
	show_region(ctx);
	end_step(ctx);

	block = alloc_block(ctx, 8 * ctx->page_size);
	pages = block.bytes / ctx->page_size;
	expect(ctx, pages, 8, "pages of the block");
	expect_free(ctx, "8 pages: 1   16 pages: 1   64 pages: 1");
	explain("A request for %u pages. The zone splits the smallest block that is large enough, first "
		"into two of %u pages, then one of these into two of %u. The larger free block stays "
		"whole for larger requests.",
		pages, 2 * pages, pages);
	show_region(ctx);
	end_step(ctx);

	free_handle(ctx->fd, block.handle);
	expect_free(ctx, "32 pages: 1   64 pages: 1");
	explain("The block is freed and coalesces, but not beyond %u pages: there its buddy is in use.",
		others);
	show_region(ctx);
	end_step(ctx);

	free_handle(ctx->fd, other.handle);
	expect_free(ctx, "128 pages: 1");
	explain("The buddy is freed too, and all pages coalesce to one block.");
	show_region(ctx);
	end_step(ctx);
}

const struct lesson lesson_eight = {
	.name = "eight",
	.title = "eight pages when the smallest free block has 32",
	.pages = 128,
	.teach = teach_eight,
};
