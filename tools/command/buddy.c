// SPDX-License-Identifier: GPL-2.0
/*
 * reservoir buddy: the free areas of a region.
 */
#include <stdio.h>

#include "command.h"
#include "draw.h"
#include "view.h"

#define BAR_COLUMNS 24

static void print_order(const struct rsv_ioc_zone *zone, uint32_t order, uint32_t page_size)
{
	printf("%5u %8s %7llu %9llu %9llu %7llu %7llu %7llu  ", order,
	       size_text((uint64_t)page_size << order).chars, (unsigned long long)zone->free[order],
	       (unsigned long long)zone->allocs[order], (unsigned long long)zone->frees[order],
	       (unsigned long long)zone->splits[order], (unsigned long long)zone->merges[order],
	       (unsigned long long)zone->failures[order]);
	draw_bar(zone->free[order] << order, zone->pages, BAR_COLUMNS);
	putchar('\n');
}

static void print_zone(const struct view *view, const struct rsv_ioc_zone *zone)
{
	uint32_t order;

	printf("zone %s, node %u: %llu pages, %llu free\n", zone->name, zone->node,
	       (unsigned long long)zone->pages, (unsigned long long)zone->free_pages);
	printf("%5s %8s %7s %9s %9s %7s %7s %7s  free part of the zone\n", "order", "block", "free",
	       "allocs", "frees", "splits", "merges", "failed");
	for (order = 0; order < zone->nr_orders; order++)
		print_order(zone, order, view->info.page_size);
}

static enum status run_buddy(int argc, char **argv)
{
	struct view view = open_view_from_args(argc, argv);

	for_each_zone(&view, print_zone);
	return STATUS_OK;
}

const struct command command_buddy = {
	.name = "buddy",
	.arguments = ARGUMENTS_OF_VIEW,
	.summary = "show the free blocks of each zone and order",
	.help = "For each order the size of its blocks, and then\n"
		"  free    free blocks\n"
		"  allocs  blocks allocated\n"
		"  frees   blocks freed\n"
		"  splits  blocks split in two\n"
		"  merges  pairs of buddies merged into one block\n"
		"  failed  requests that failed\n"
		"and a bar: the part of the zone that is free in blocks of this order.\n\n" HELP_OF_VIEW,
	.run = run_buddy,
};
