// SPDX-License-Identifier: GPL-2.0
/*
 * reservoir map: the use of every page of a region.
 */
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "device.h"
#include "draw.h"
#include "options.h"
#include "view.h"

static enum status run_map(int argc, char **argv)
{
	static const struct option options[] = {
		{"all", no_argument, NULL, 'a'}, OPTION_REGION, OPTION_HELP, OPTIONS_END};
	struct map map = {.indent = "", .fold = true};
	const char *name = NULL;
	uint32_t region;
	char *chars;
	int option, fd;

	while ((option = next_option(argc, argv, options)) != -1) {
		if (option == 'r')
			name = optarg;
		else
			map.fold = false;
	}
	check_arguments(argc, argv, 0, 0);
	fd = open_for_queries();
	region = open_region(fd, name);
	map.page_size = query_info(fd, region).page_size;
	chars = query_map(fd, region, &map.nr_pages);
	map.chars = chars;
	printf("%c free   %c cached or zeroed   %c lent or removed   %c%c pages in use   %c%c slab\n"
	       "(the first page of a block has a capital letter; %c was freed, and waits for its\n"
	       "last user; %c has a hardware error)\n",
	       RSV_MAP_FREE, RSV_MAP_CACHED, RSV_MAP_HOLE, RSV_MAP_PAGES, RSV_MAP_PAGES_MORE,
	       RSV_MAP_SLAB, RSV_MAP_SLAB_MORE, RSV_MAP_WAITING, RSV_MAP_BAD);
	draw_map(&map);
	free(chars);
	return STATUS_OK;
}

const struct command command_map = {
	.name = "map",
	.arguments = "[--all] [--region NAME]",
	.summary = "show every page as a character",
	.help = "  --all          print lines that equal the line above, instead of one *\n" HELP_OF_VIEW,
	.run = run_map,
};
