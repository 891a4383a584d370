// SPDX-License-Identifier: GPL-2.0
/*
 * reservoir zones: the zones of a region, their watermarks and cached pages.
 */
#include <stdio.h>

#include "command.h"
#include "view.h"

static uint64_t cached_pages(const struct rsv_ioc_zone *zone)
{
	uint64_t pages = 0;
	uint32_t order;

	for (order = 0; order < zone->nr_orders; order++)
		pages += zone->cached[order] << order;
	return pages;
}

static void print_zone(const struct view *view, const struct rsv_ioc_zone *zone)
{
	(void)view;
	printf("%4u %-8s %9llu %9llu %9llu %7llu %7llu %9llu %7llu %7llu %7llu\n", zone->node,
	       zone->name, (unsigned long long)zone->pages, (unsigned long long)zone->free_pages,
	       (unsigned long long)zone->largest_free_pages, (unsigned long long)zone->min_pages,
	       (unsigned long long)zone->low_pages, (unsigned long long)zone->protection,
	       (unsigned long long)cached_pages(zone),
	       (unsigned long long)zone->zeroed_pages, (unsigned long long)zone->zeroed_hits);
}

static enum status run_zones(int argc, char **argv)
{
	struct view view = open_view_from_args(argc, argv);

	printf("%4s %-8s %9s %9s %9s %7s %7s %9s %7s %7s %7s\n", "node", "zone", "pages", "free",
	       "largest", "min", "low", "protected", "cached", "zeroed", "hits");
	for_each_zone(&view, print_zone);
	return STATUS_OK;
}

const struct command command_zones = {
	.name = "zones",
	.arguments = ARGUMENTS_OF_VIEW,
	.summary = "show the zones, their watermarks and cached pages",
	.help = "For each zone its node and name, and then\n"
		"  pages      pages of the zone\n"
		"  free       pages in free blocks\n"
		"  largest    pages of the largest buffer (alloc --exact) that a request for this\n"
		"             zone could get now; 0 for HIGHMEM, which no such buffer is of\n"
		"  min        free pages that only urgent requests (__GFP_HIGH, alloc --high) get\n"
		"  low        free pages below which the region shrinks its caches\n"
		"  protected  free pages that requests for higher zones do not get\n"
		"  cached     free pages on per-CPU lists\n"
		"  zeroed     free pages that are zeroed\n"
		"  hits       requests that zeroed pages served\n\n" HELP_OF_VIEW,
	.run = run_zones,
};
