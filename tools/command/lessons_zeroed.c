// SPDX-License-Identifier: GPL-2.0
/*
 * The lesson about zeroed pages.
 */
#include <stdio.h>
#include <unistd.h>

#include "device.h"
#include "lesson.h"

#define ZEROED 4 /* pages, of a region of 4 MB */

/* The time that the kernel may take to clear pages in the background */
#define PATIENCE_MS 10000
#define POLL_MS	    1

static struct rsv_ioc_zone zone_now(const struct lesson_ctx *ctx)
{
	return query_zone(ctx->fd, ctx->region, 0);
}

static void show_zeroed(const struct lesson_ctx *ctx)
{
	struct rsv_ioc_zone now = zone_now(ctx);

	printf("\n  zeroed     %llu pages; requests served: %llu\n",
	       (unsigned long long)now.zeroed_pages, (unsigned long long)now.zeroed_hits);
}

static void expect_zeroed(const struct lesson_ctx *ctx, uint64_t pages, uint64_t hits)
{
	int waited;

	for (waited = 0; zone_now(ctx).zeroed_pages != pages && waited < PATIENCE_MS;
	     waited += POLL_MS)
		usleep(POLL_MS * 1000);
	expect(ctx, zone_now(ctx).zeroed_pages, pages, "zeroed pages");
	expect(ctx, zone_now(ctx).zeroed_hits, hits, "requests that zeroed pages served");
}

static void teach_zeroed(struct lesson_ctx *ctx)
{
	struct rsv_ioc_buffer_alloc pages[4];
	size_t i;

	expect_zeroed(ctx, 0, 0);
	pages[0] = alloc_block(ctx, ctx->page_size);
	expect_zeroed(ctx, ZEROED, 0);
	explain("A request for a zeroed page. The zone has none ready, so the caller waits while "
		"a page is cleared. From now on the zone clears some pages beforehand, in the "
		"background.");
	show_zeroed(ctx);
	end_step(ctx);

	pages[1] = alloc_block(ctx, ctx->page_size);
	pages[2] = alloc_block(ctx, ctx->page_size);
	expect_zeroed(ctx, ZEROED / 2, 2);
	explain("Two more requests. Each gets a page that is zeroed already.");
	show_zeroed(ctx);
	end_step(ctx);

	pages[3] = alloc_block(ctx, ctx->page_size);
	expect_zeroed(ctx, ZEROED, 3);
	explain("The next request leaves fewer than half of the zeroed pages, and the zone clears "
		"more in the background.");
	show_zeroed(ctx);
	end_step(ctx);

	for (i = 0; i < 4; i++)
		free_handle(ctx->fd, pages[i].handle);
}

const struct lesson lesson_zeroed = {
	.name = "zeroed",
	.title = "pages that are zeroed before a request",
	.bytes = MB(4),
	.teach = teach_zeroed,
};
