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

#define TEXT_COLUMNS	78U
#define TEXT_MAX	1024

/* One at a time: what a lesson that was interrupted has left behind is taken away by the next. */
#define LESSON_REGION	"textbook"

void tell(const char *format, ...)
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

static struct text block_text(const struct classroom *room, uint32_t order)
{
	struct text text;

	if (!room->in_pages)
		return size_text((uint64_t)room->page_size << order);
	snprintf(text.chars, sizeof(text.chars), "%llu page%s", 1ULL << order, order ? "s" : "");
	return text;
}

/* "4 KB: 1   16 KB: 2", or "none" */
static void free_areas_text(const struct classroom *room, const struct rsv_ioc_zone *zone, char *text,
			    size_t size)
{
	size_t length = 0;
	uint32_t order;

	snprintf(text, size, "none");
	for (order = 0; order < zone->nr_orders; order++)
		if (zone->free[order])
			length += snprintf(text + length, size - length, "%s%s: %llu",
					   length ? "   " : "", block_text(room, order).chars,
					   (unsigned long long)zone->free[order]);
}

static void show_split(const struct classroom *room, const struct rsv_ioc_zone *now)
{
	const char *before = "  split      ";
	uint32_t order;

	for (order = now->nr_orders; order-- > 0;)
		if (now->splits[order] > room->seen.splits[order]) {
			printf("%s%s", before, block_text(room, order).chars);
			before = ", ";
		}
	if (*before == ',')
		putchar('\n');
}

static void show_merged(const struct classroom *room, const struct rsv_ioc_zone *now)
{
	const char *before = "  merged     ";
	uint32_t order;

	for (order = 0; order < now->nr_orders; order++)
		if (now->merges[order] > room->seen.merges[order]) {
			printf("%stwo of %s", before, block_text(room, order).chars);
			before = ", ";
		}
	if (*before == ',')
		putchar('\n');
}

struct sight see_region(const struct classroom *room)
{
	struct sight sight = { .zone = query_zone(room->fd, room->region, 0) };

	sight.chars = query_map(room->fd, room->region, &sight.nr_pages);
	return sight;
}

void show_sight(struct classroom *room, const struct sight *sight)
{
	const struct map map = {
		.page_size = room->in_pages ? 0 : room->page_size, .indent = "  ",
		.chars = sight->chars, .nr_pages = sight->nr_pages,
	};
	char text[TEXT_MAX];

	putchar('\n');
	show_split(room, &sight->zone);
	show_merged(room, &sight->zone);
	draw_map(&map);
	free_areas_text(room, &sight->zone, text, sizeof(text));
	printf("  free       %s\n", text);
	room->seen = sight->zone;
}

void show_region(struct classroom *room)
{
	struct sight sight = see_region(room);

	show_sight(room, &sight);
	free(sight.chars);
}

void end_step(const struct classroom *room)
{
	if (room->step)
		wait_for_key();
}

void expect(const struct classroom *room, uint64_t is, uint64_t book, const char *what)
{
	if (is != book)
		fail("lesson %s: %s: %llu, but the book says %llu", room->lesson, what,
		     (unsigned long long)is, (unsigned long long)book);
}

void expect_free(const struct classroom *room, const char *book)
{
	struct rsv_ioc_zone now = query_zone(room->fd, room->region, 0);
	char text[TEXT_MAX];

	free_areas_text(room, &now, text, sizeof(text));
	if (strcmp(text, book))
		fail("lesson %s: free blocks are %s, but the book says %s", room->lesson, text, book);
}

struct rsv_ioc_buffer_alloc try_block(const struct classroom *room, uint64_t bytes, uint32_t flags)
{
	return alloc_buffer(room->fd, (struct rsv_ioc_buffer_alloc){
		.region = room->region, .bytes = bytes, .flags = flags,
	});
}

struct rsv_ioc_buffer_alloc take_block(const struct classroom *room, uint64_t bytes)
{
	struct rsv_ioc_buffer_alloc block = try_block(room, bytes, 0);

	if (!block.handle)
		fail("lesson %s: there is no block for %s", room->lesson, size_text(bytes).chars);
	return block;
}

static int by_place(const void *a, const void *b)
{
	const struct rsv_ioc_buffer_alloc *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

void sort_blocks(struct rsv_ioc_buffer_alloc *blocks, size_t nr)
{
	qsort(blocks, nr, sizeof(*blocks), by_place);
}

static const char *reason_text(int error)
{
	switch (error) {
	case EPERM:
		return "it needs a region of certain memory, which only root may make";
	case EBUSY:
		return "somebody else has this lesson at the moment";
	case EINVAL:
	case ENOMEM:
		return "this machine does not have the memory that it is about";
	default:
		return strerror(error);
	}
}

struct place stay_here(const struct classroom *room)
{
	struct place before;
	cpu_set_t here;
	int cpu = sched_getcpu();

	CPU_ZERO(&here);
	if (cpu >= 0)
		CPU_SET(cpu, &here);
	if (sched_getaffinity(0, sizeof(before.cpus), &before.cpus) || sched_setaffinity(0, sizeof(here), &here))
		fail("lesson %s: cannot stay on one CPU: %m", room->lesson);
	return before;
}

void leave(const struct place *before)
{
	sched_setaffinity(0, sizeof(before->cpus), &before->cpus);
}

bool begin_region(struct classroom *room, const struct rsv_ioc_reserve *want, uint32_t nr)
{
	int error = try_end_region(room->fd, LESSON_REGION);

	if (!error || error == ENOENT)
		error = try_make_region(room->fd, LESSON_REGION, want, nr);
	if (error) {
		tell("Left out: %s.", reason_text(error));
		return false;
	}
	room->named = true;
	room->region = open_region(room->fd, LESSON_REGION);
	room->seen = query_zone(room->fd, room->region, 0);
	return true;
}

void end_lesson_region(void)
{
	int fd = open_to_change();

	end_region(fd, LESSON_REGION);
	close(fd);
}
