// SPDX-License-Identifier: GPL-2.0
/*
 * reservoir textbook: the examples of the textbooks, in regions of exactly the book's size.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "device.h"
#include "key.h"
#include "lesson.h"
#include "options.h"

static const struct lesson *const lessons[] = {
	&lesson_split,	    &lesson_waste,     &lesson_pages,	   &lesson_eight,     &lesson_slab,
	&lesson_descriptor, &lesson_groups,    &lesson_engines,	   &lesson_constructors,
	&lesson_magazines,  &lesson_reclaim,   &lesson_fragments,  &lesson_neighbours, &lesson_scattered,
	&lesson_zeroed,	    &lesson_lists,     &lesson_zones,	   &lesson_nodes,
};

#define NR_LESSONS (sizeof(lessons) / sizeof(lessons[0]))

static void list_lessons(void)
{
	size_t i;

	for (i = 0; i < NR_LESSONS; i++)
		printf("%2zu  %-12s  %s\n", i + 1, lessons[i]->name, lessons[i]->title);
}

/* By name or by number */
static size_t find_lesson(const char *text)
{
	char number[4];
	size_t i;

	for (i = 0; i < NR_LESSONS; i++) {
		snprintf(number, sizeof(number), "%zu", i + 1);
		if (!strcmp(text, lessons[i]->name) || !strcmp(text, number))
			return i;
	}
	wrong_usage("'%s' is not a lesson; --list shows them", text);
}

/* A descriptor for each lesson: with it everything goes back, also if the lesson ends early. */
static void teach(size_t index, int step)
{
	const struct lesson *lesson = lessons[index];
	int fd = open_to_change();
	struct classroom room = {
		.lesson = lesson->name,
		.fd = fd,
		.page_size = query_info(fd, DEFAULT_REGION).page_size,
		.in_pages = lesson->pages,
		.step = step,
	};

	printf("%zu. %s\n", index + 1, lesson->title);
	if (lesson->pages || lesson->bytes) {
		room.region = create_region(fd, lesson->pages ? lesson->pages * room.page_size : lesson->bytes);
		room.seen = query_zone(fd, room.region, 0);
	}
	lesson->teach(&room);
	if (lesson->pages || lesson->bytes)
		free_handle(fd, room.region);
	close(fd);
	if (room.named)
		end_lesson_region();
}

static void teach_all(int step)
{
	size_t i;

	for (i = 0; i < NR_LESSONS; i++) {
		if (i)
			putchar('\n');
		teach(i, step);
	}
}

static enum status run_textbook(int argc, char **argv)
{
	static const struct option options[] = {
		{ "step", no_argument, NULL, 's' },
		{ "list", no_argument, NULL, 'l' },
		OPTION_HELP,
		OPTIONS_END
	};
	int list = 0;
	int step = 0;
	int option;

	while ((option = next_option(argc, argv, options)) != -1) {
		if (option == 's')
			step = 1;
		else
			list = 1;
	}
	check_arguments(argc, argv, 0, list ? 0 : 1);
	if (step)
		need_keyboard();
	if (list)
		list_lessons();
	else if (optind < argc)
		teach(find_lesson(argv[optind]), step);
	else
		teach_all(step);
	return STATUS_OK;
}

const struct command command_textbook = {
	.name = "textbook",
	.arguments = "[LESSON] [--step] [--list]",
	.summary = "the examples of the textbooks, step by step",
	.help = "Each lesson runs in a region of the book's size, which the kernel module makes for it, and is\n"
		"checked against the book. A lesson about what the machine does not have is left out. Without LESSON, a name or a number, all of them.\n\n"
		"  --step  wait for a key after each step\n"
		"  --list  the names of the lessons\n",
	.run = run_textbook,
};
