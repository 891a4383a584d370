// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "device.h"
#include "draw.h"
#include "key.h"
#include "lesson.h"

#define TEXT_COLUMNS 78U
#define TEXT_MAX     1024

/*
 * All lessons use this one name, so that a lesson destroys the region of one that was interrupted.
 */
#define LESSON_REGION "textbook"

void explain(const char *format, ...)
{
	char text[TEXT_MAX];
	size_t column = 0;
	va_list arguments;
	char *word;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);

	putchar('\n');
	for (word = strtok(text, " "); word; word = strtok(NULL, " ")) {
		if (column && column + 1 + strlen(word) > TEXT_COLUMNS) {
			putchar('\n');
			column = 0;
		}
		column += printf("%s%s", column ? " " : "", word);
	}
	putchar('\n');
}

static struct text block_text(const struct lesson_ctx *ctx, uint32_t order)
{
	struct text text;

	if (!ctx->sizes_in_pages)
		return size_text((uint64_t)ctx->page_size << order);
	snprintf(text.chars, sizeof(text.chars), "%llu page%s", 1ULL << order, order ? "s" : "");
	return text;
}

/* "4 KB: 1   16 KB: 2", or "none" */
static void free_areas_text(const struct lesson_ctx *ctx, const struct rsv_ioc_zone *zone,
			    char *text, size_t size)
{
	size_t length = 0;
	uint32_t order;

	snprintf(text, size, "none");
	for (order = 0; order < zone->nr_orders; order++)
		if (zone->free[order])
			length += snprintf(text + length, size - length, "%s%s: %llu",
					   length ? "   " : "", block_text(ctx, order).chars,
					   (unsigned long long)zone->free[order]);
}

static void show_split(const struct lesson_ctx *ctx, const struct rsv_ioc_zone *now)
{
	const char *before = "  split      ";
	uint32_t order;

	for (order = now->nr_orders; order-- > 0;)
		if (now->splits[order] > ctx->shown.splits[order]) {
			printf("%s%s", before, block_text(ctx, order).chars);
			before = ", ";
		}
	if (*before == ',')
		putchar('\n');
}

static void show_merged(const struct lesson_ctx *ctx, const struct rsv_ioc_zone *now)
{
	const char *before = "  merged     ";
	uint32_t order;

	for (order = 0; order < now->nr_orders; order++)
		if (now->merges[order] > ctx->shown.merges[order]) {
			printf("%stwo of %s", before, block_text(ctx, order).chars);
			before = ", ";
		}
	if (*before == ',')
		putchar('\n');
}

struct snapshot take_snapshot(const struct lesson_ctx *ctx)
{
	struct snapshot snapshot = {.zone = query_zone(ctx->fd, ctx->region, 0)};

	snapshot.chars = query_map(ctx->fd, ctx->region, &snapshot.nr_pages);
	return snapshot;
}

void show_snapshot(struct lesson_ctx *ctx, const struct snapshot *snapshot)
{
	const struct map map = {
		.page_size = ctx->sizes_in_pages ? 0 : ctx->page_size,
		.indent = "  ",
		.chars = snapshot->chars,
		.nr_pages = snapshot->nr_pages,
	};
	char text[TEXT_MAX];

	putchar('\n');
	show_split(ctx, &snapshot->zone);
	show_merged(ctx, &snapshot->zone);
	draw_map(&map);
	free_areas_text(ctx, &snapshot->zone, text, sizeof(text));
	printf("  free       %s\n", text);
	ctx->shown = snapshot->zone;
}

void show_region(struct lesson_ctx *ctx)
{
	struct snapshot snapshot = take_snapshot(ctx);

	show_snapshot(ctx, &snapshot);
	free(snapshot.chars);
}

void end_step(const struct lesson_ctx *ctx)
{
	if (ctx->step)
		wait_for_key();
}

void expect(const struct lesson_ctx *ctx, uint64_t is, uint64_t textbook, const char *what)
{
	if (is != textbook)
		fail("lesson %s: %s: %llu, but the textbook says %llu", ctx->lesson, what,
		     (unsigned long long)is, (unsigned long long)textbook);
}

void expect_free(const struct lesson_ctx *ctx, const char *textbook)
{
	struct rsv_ioc_zone now = query_zone(ctx->fd, ctx->region, 0);
	char text[TEXT_MAX];

	free_areas_text(ctx, &now, text, sizeof(text));
	if (strcmp(text, textbook))
		fail("lesson %s: free blocks are %s, but the textbook says %s", ctx->lesson, text,
		     textbook);
}

struct rsv_ioc_buffer_alloc try_alloc_block(const struct lesson_ctx *ctx, uint64_t bytes,
					    uint32_t flags)
{
	return alloc_buffer(ctx->fd, (struct rsv_ioc_buffer_alloc){
					     .region = ctx->region,
					     .bytes = bytes,
					     .flags = flags,
				     });
}

struct rsv_ioc_buffer_alloc alloc_block(const struct lesson_ctx *ctx, uint64_t bytes)
{
	struct rsv_ioc_buffer_alloc block = try_alloc_block(ctx, bytes, 0);

	if (!block.handle)
		fail("lesson %s: there is no block for %s", ctx->lesson, size_text(bytes).chars);
	return block;
}

static int by_offset(const void *a, const void *b)
{
	const struct rsv_ioc_buffer_alloc *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

void sort_blocks(struct rsv_ioc_buffer_alloc *blocks, size_t nr)
{
	qsort(blocks, nr, sizeof(*blocks), by_offset);
}

static const char *reason_text(int error)
{
	switch (error) {
	case EPERM:
		return "only root may create the region that it needs";
	case EDQUOT:
		return "this user's programs may not hold the memory that it needs (quota=, user=)";
	case EBUSY:
		return "another program runs this lesson at the moment";
	case EINVAL:
	case ENOMEM:
		return "this machine does not have the memory that it needs";
	default:
		return strerror(error);
	}
}

struct affinity pin_to_cpu(const struct lesson_ctx *ctx)
{
	struct affinity before;
	cpu_set_t here;
	int cpu = sched_getcpu();

	CPU_ZERO(&here);
	if (cpu >= 0)
		CPU_SET(cpu, &here);
	if (sched_getaffinity(0, sizeof(before.cpus), &before.cpus) ||
	    sched_setaffinity(0, sizeof(here), &here))
		fail("lesson %s: cannot pin the program to a CPU: %m", ctx->lesson);
	return before;
}

void restore_affinity(const struct affinity *before)
{
	sched_setaffinity(0, sizeof(before->cpus), &before->cpus);
}

bool create_lesson_region(struct lesson_ctx *ctx, const struct rsv_ioc_reserve *want, uint32_t nr)
{
	int error = try_destroy_region(ctx->fd, LESSON_REGION);

	if (!error || error == ENOENT)
		error = try_create_region(ctx->fd, LESSON_REGION, want, nr);
	if (error) {
		explain("Skipped: %s.", reason_text(error));
		return false;
	}
	ctx->named = true;
	ctx->region = open_region(ctx->fd, LESSON_REGION);
	ctx->shown = query_zone(ctx->fd, ctx->region, 0);
	return true;
}

void destroy_lesson_region(void)
{
	int fd = open_for_changes();

	destroy_region(fd, LESSON_REGION);
	close(fd);
}
