// SPDX-License-Identifier: GPL-2.0
/*
 * reservoir map: what every page of the default region serves as.
 */
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "device.h"
#include "draw.h"
#include "options.h"

static enum status run_map(int argc, char **argv)
{
	static const struct option options[] = {
		{ "all", no_argument, NULL, 'a' },
		OPTION_HELP,
		OPTIONS_END
	};
	struct map map = { .indent = "", .fold = true };
	char *chars;
	int fd;

	while (next_option(argc, argv, options) != -1)
		map.fold = false;
	check_arguments(argc, argv, 0, 0);
	fd = open_to_look();
	map.page_size = query_info(fd, DEFAULT_REGION).page_size;
	chars = query_map(fd, DEFAULT_REGION, &map.nr_pages);
	map.chars = chars;
	printf("%c free   %c%c pages in use   %c%c slab   (the first page of a block is a capital letter)\n",
	       RSV_MAP_FREE, RSV_MAP_PAGES, RSV_MAP_PAGES_MORE, RSV_MAP_SLAB, RSV_MAP_SLAB_MORE);
	draw_map(&map);
	free(chars);
	return STATUS_OK;
}

const struct command command_map = {
	.name = "map",
	.arguments = "[--all]",
	.summary = "every page as a character",
	.help = "  --all  every line, also those that equal the one above and are shown as one * otherwise\n",
	.run = run_map,
};
