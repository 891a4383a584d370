// SPDX-License-Identifier: GPL-2.0
/*
 * reservoir textbook: examples of textbooks, in regions of exactly the size that the textbook says.
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
	&lesson_split,	      &lesson_waste,	  &lesson_pages,   &lesson_eight,
	&lesson_slab,	      &lesson_descriptor, &lesson_groups,  &lesson_engines,
	&lesson_constructors, &lesson_magazines,  &lesson_reclaim, &lesson_rcu,
	&lesson_fragments,    &lesson_neighbours, &lesson_scattered, &lesson_zeroed,
	&lesson_lists,	      &lesson_zones,	  &lesson_nodes,
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

/*
 * Each lesson has a descriptor of its own: closing it frees everything, also if the lesson fails.
 */
static void teach(size_t index, int step)
{
	const struct lesson *lesson = lessons[index];
	int fd = open_for_changes();
	struct lesson_ctx ctx = {
		.lesson = lesson->name,
		.fd = fd,
		.page_size = query_info(fd, DEFAULT_REGION).page_size,
		.sizes_in_pages = lesson->pages,
		.step = step,
	};

	printf("%zu. %s\n", index + 1, lesson->title);
	if (lesson->pages || lesson->bytes) {
		ctx.region = create_scratch_region(fd, lesson->pages ? lesson->pages * ctx.page_size
								     : lesson->bytes);
		ctx.shown = query_zone(fd, ctx.region, 0);
	}
	lesson->teach(&ctx);
	if (lesson->pages || lesson->bytes)
		free_handle(fd, ctx.region);
	close(fd);
	if (ctx.named)
		destroy_lesson_region();
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
	static const struct option options[] = {{"step", no_argument, NULL, 's'},
						{"list", no_argument, NULL, 'l'},
						OPTION_HELP,
						OPTIONS_END};
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
		require_terminal();
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
	.summary = "run the examples of textbooks, step by step",
	.help = "LESSON is a name or a number; without it all lessons run. Each lesson runs in a\n"
		"region of the size that the textbook says, and checks its figures against the\n"
		"textbook's. A lesson is skipped if the machine lacks what it needs.\n\n"
		"  --step  wait for a key after each step\n"
		"  --list  the names of the lessons\n",
	.run = run_textbook,
};
