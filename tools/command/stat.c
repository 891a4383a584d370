// SPDX-License-Identifier: GPL-2.0
/*
 * reservoir stat: the figures of a region, as text or as JSON.
 */
#include <stdbool.h>
#include <stdio.h>

#include "command.h"
#include "draw.h"
#include "json.h"
#include "options.h"
#include "view.h"

static void print_zone(const struct view *view, const struct rsv_ioc_zone *zone)
{
	uint32_t page_size = view->info.page_size;

	printf("zone       %-7s node %u: %s, %s free, peak use %s\n", zone->name, zone->node,
	       size_text(zone->pages * page_size).chars,
	       size_text(zone->free_pages * page_size).chars,
	       size_text(zone->peak_pages * page_size).chars);
}

static void print_extent(const struct view *view, const struct rsv_ioc_extent *extent)
{
	(void)view;
	printf("extent     %-7s node %u: %s at offset %s", extent->zone, extent->node,
	       size_text(extent->bytes).chars, size_text(extent->offset).chars);
	if (extent->lent_bytes)
		printf(", %s of it given back to the system", size_text(extent->lent_bytes).chars);
	if (extent->physical)
		printf(", physical 0x%llx", (unsigned long long)extent->physical);
	putchar('\n');
}

/* Sums over all caches */
struct magazines {
	uint64_t full;
	uint64_t empty;
	uint64_t exchanges;
	uint64_t waits;
	uint64_t guaranteed;
};

static void add_magazines(const struct view *view, const struct rsv_ioc_cache *cache)
{
	struct magazines *sum = view->data;

	sum->full += cache->depot_full;
	sum->empty += cache->depot_empty;
	sum->exchanges += cache->exchanges;
	sum->waits += cache->contended;
	sum->guaranteed += cache->guaranteed_objects;
}

static void print_caches(struct view *view)
{
	const struct rsv_ioc_info *info = &view->info;
	struct magazines sum = {0};

	printf("slabs      %s of %u caches\n", size_text(info->slab_bytes).chars, info->nr_caches);
	if (info->heap_bytes)
		printf("SLOB heap  %s of that, %s of it free\n", size_text(info->heap_bytes).chars,
		       size_text(info->heap_free_bytes).chars);
	printf("engine     %s by default; size classes %s\n", info->engine, info->classes);
	view->data = &sum;
	for_each_cache(view, add_magazines);
	printf("magazines  %llu full and %llu empty in depots; %llu exchanges, %llu waits for a depot\n",
	       (unsigned long long)sum.full, (unsigned long long)sum.empty,
	       (unsigned long long)sum.exchanges, (unsigned long long)sum.waits);
	if (sum.guaranteed)
		printf("guaranteed %llu objects\n", (unsigned long long)sum.guaranteed);
}

static void print_stat(struct view *view)
{
	const struct rsv_ioc_info info = view->info;

	printf("region     %s\n", info.name);
	printf("version    %s, ABI %u\n", info.version, info.abi_version);
	printf("size       %s in %u %s, pages of %s\n", size_text(info.bytes).chars,
	       info.nr_extents, info.nr_extents == 1 ? "extent" : "extents",
	       size_text(info.page_size).chars);
	printf("free       %s (%.1f %%), largest block %s of at most %s\n",
	       size_text(info.free_bytes).chars, percent(info.free_bytes, info.bytes),
	       size_text(info.largest_free_block).chars, size_text(info.largest_block).chars);
	printf("buffer     at most %s (alloc --exact)\n", size_text(info.largest_free).chars);
	printf("cached     %s on per-CPU lists or zeroed\n", size_text(info.cached_bytes).chars);
	if (info.lent_bytes)
		printf("lent       %s to the system\n", size_text(info.lent_bytes).chars);
	print_caches(view);
	printf("metadata   %s (%.1f %%)", size_text(info.metadata_bytes).chars,
	       percent(info.metadata_bytes, info.bytes));
	printf(", and %s for each CPU\n", size_text(info.percpu_bytes).chars);
	if (info.programs_limit)
		printf("programs   %s of %s that they may hold; of this user %s of %s\n",
		       size_text(info.programs_bytes).chars, size_text(info.programs_limit).chars,
		       size_text(info.user_bytes).chars, size_text(info.user_limit).chars);
	printf("misuse     %llu\n", (unsigned long long)info.misuse);
	for_each_zone(view, print_zone);
	for_each_extent(view, print_extent);
}

static enum status run_stat(int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'}, OPTION_REGION, OPTION_HELP, OPTIONS_END};
	const char *name = NULL;
	bool json = false;
	struct view view;
	int option;

	while ((option = next_option(argc, argv, options)) != -1) {
		if (option == 'r')
			name = optarg;
		else
			json = true;
	}
	check_arguments(argc, argv, 0, 0);
	view = open_view(name);
	if (json)
		json_stat(&view);
	else
		print_stat(&view);
	return STATUS_OK;
}

const struct command command_stat = {
	.name = "stat",
	.arguments = "[--json] [--region NAME]",
	.summary = "show the figures of a region",
	.help = "  --json         print all figures, with zones, extents and caches, as JSON\n" HELP_OF_VIEW,
	.run = run_stat,
};
