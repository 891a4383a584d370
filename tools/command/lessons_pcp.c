// SPDX-License-Identifier: GPL-2.0
/*
 * The lesson about the lists on which CPUs cache free blocks.
 */
#include <stdio.h>
#include <stdlib.h>

#include "device.h"
#include "draw.h"
#include "lesson.h"

static struct rsv_ioc_zone zone_now(const struct lesson_ctx *ctx)
{
	return query_zone(ctx->fd, ctx->region, 0);
}

#define ORDER 1 /* the lesson's: blocks of two pages */

/* Shows the line of the map that @offset is in, and the list of the lesson's order. */
static void show_lists(const struct lesson_ctx *ctx, uint64_t offset)
{
	uint64_t first = offset / ctx->page_size / MAP_COLUMNS * MAP_COLUMNS, nr_pages;
	char *chars = query_map(ctx->fd, ctx->region, &nr_pages);
	struct rsv_ioc_zone now = zone_now(ctx);
	struct map map = {.chars = chars + first, .nr_pages = MAP_COLUMNS, .indent = "  "};

	putchar('\n');
	draw_map(&map);
	printf("  list       %s: %llu   refilled: %llu\n",
	       size_text((uint64_t)ctx->page_size << ORDER).chars,
	       (unsigned long long)now.cached[ORDER], (unsigned long long)now.cache_refills[ORDER]);
	free(chars);
}

static void expect_list(const struct lesson_ctx *ctx, uint64_t blocks, uint64_t refills)
{
	struct rsv_ioc_zone now = zone_now(ctx);

	expect(ctx, now.cached[ORDER], blocks, "blocks on the list");
	expect(ctx, now.cache_refills[ORDER], refills, "times that the list was refilled");
}

/*
 * Leaves free the blocks around those on the list, which are in the first MB of a block of 4 MB,
 * and elsewhere only blocks of half a MB. Some free blocks must be left, since only requests with
 * __GFP_HIGH get the last pages of a zone.
 */
static void fill_region(struct lesson_ctx *ctx, uint64_t bytes)
{
	struct rsv_ioc_buffer_alloc halves[7];
	size_t i;

	for (; bytes > MB(4); bytes -= MB(4))
		alloc_block(ctx, MB(4));
	for (i = 0; i < 7; i++)
		halves[i] = alloc_block(ctx, KB(512));
	sort_blocks(halves, 7);
	for (i = 0; i < 7; i += 2)
		free_handle(ctx->fd, halves[i].handle);
}

static void teach_lists_of(struct lesson_ctx *ctx, uint64_t bytes)
{
	const uint64_t wanted = (uint64_t)ctx->page_size << ORDER;
	struct rsv_ioc_buffer_alloc one = alloc_block(ctx, wanted), other, large;
	uint64_t batch = zone_now(ctx).cached[ORDER] + 1;

	expect_list(ctx, batch - 1, 1);
	explain("A request for %s. Every CPU has a list of free blocks of that order. No other "
		"CPU touches the list, so that it needs no lock. The list was empty. The CPU "
		"refills it with a batch of %llu blocks, under the lock of the zone, and "
		"allocates one of them. In the map %c is a page that is cached on a list.",
		size_text(wanted).chars, (unsigned long long)batch, RSV_MAP_CACHED);
	show_lists(ctx, one.offset);
	end_step(ctx);

	other = alloc_block(ctx, wanted);
	expect_list(ctx, batch - 2, 1);
	explain("The list serves the next request without a lock, a split or a search.");
	show_lists(ctx, one.offset);
	end_step(ctx);

	free_handle(ctx->fd, other.handle);
	free_handle(ctx->fd, one.handle);
	expect_list(ctx, batch, 1);
	explain("Both blocks are freed, and go to the list. They do not coalesce there, so that "
		"they can serve the next requests at once.");
	show_lists(ctx, one.offset);
	end_step(ctx);

	fill_region(ctx, bytes);
	large = alloc_block(ctx, MB(1));
	expect_list(ctx, 0, 1);
	explain("Other requests have used up most of the region, and a request for %s finds no "
		"free block that is large enough. Before the request fails, the lists of all CPUs "
		"are drained. Their blocks coalesce, and the request succeeds.",
		size_text(large.bytes).chars);
	show_lists(ctx, large.offset);
	end_step(ctx);
}

/* CPUs that the machine may ever have. The file has "0" or "0-3". */
static unsigned int possible_cpus(void)
{
	FILE *file = fopen("/sys/devices/system/cpu/possible", "r");
	unsigned int last = 0;

	if (file) {
		if (fscanf(file, "0-%u", &last) != 1)
			last = 0;
		fclose(file);
	}
	return last + 1;
}

/* The module divides the share of the region that lists may have among all possible CPUs. */
static uint64_t lists_region(void)
{
	return possible_cpus() * MB(4);
}

static void teach_lists(struct lesson_ctx *ctx)
{
	struct rsv_ioc_reserve want = {.bytes = lists_region()};
	struct affinity before = pin_to_cpu(ctx);

	/* Every user's quota has room for a scratch region of 4 MB. A larger one is for root. */
	if (want.bytes == MB(4)) {
		ctx->region = create_scratch_region(ctx->fd, want.bytes);
		teach_lists_of(ctx, want.bytes);
	} else if (create_lesson_region(ctx, &want, 1)) {
		teach_lists_of(ctx, want.bytes);
	}
	restore_affinity(&before);
}

const struct lesson lesson_lists = {
	.name = "lists",
	.title = "each CPU's lists of free blocks",
	.teach = teach_lists,
};
