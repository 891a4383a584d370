// SPDX-License-Identifier: GPL-2.0
/*
 * reservoir fragmentation: free memory in blocks that are too small (external fragmentation), and
 * memory that was allocated beyond the requests (internal fragmentation).
 */
#include <stdio.h>

#include "command.h"
#include "draw.h"
#include "view.h"

/*
 * The size classes bound the waste of requests from this size up. Of a smaller request a few bytes
 * are a large part.
 */
#define SMALL_REQUEST 64

static void print_order(const struct rsv_ioc_zone *zone, uint32_t order, uint32_t page_size)
{
	uint64_t index = unusable_index(zone, order);
	uint64_t asked = zone->asked[order], granted = zone->granted[order];

	printf("%5u %8s %4llu.%03llu %14llu %14llu %6.1f %%\n", order,
	       size_text((uint64_t)page_size << order).chars, (unsigned long long)index / 1000,
	       (unsigned long long)index % 1000, (unsigned long long)asked,
	       (unsigned long long)granted,
	       percent(granted > asked ? granted - asked : 0, granted));
}

static void print_zone(const struct view *view, const struct rsv_ioc_zone *zone)
{
	uint32_t order;

	printf("zone %s, node %u\n", zone->name, zone->node);
	printf("%5s %8s %8s %14s %14s %8s\n", "order", "block", "unusable", "bytes asked",
	       "bytes granted", "wasted");
	for (order = 0; order < zone->nr_orders; order++)
		print_order(zone, order, view->info.page_size);
}

/**
 * struct classes - the size classes so far
 * @end: the smallest request that no class so far serves
 * @worst: the request from SMALL_REQUEST bytes up that wastes the largest part of itself
 * @worst_wasted: the bytes that it wastes
 */
struct classes {
	uint32_t end;
	uint32_t worst;
	uint32_t worst_wasted;
};

/* A class serves requests of @least to @size bytes. */
static void add_class(struct classes *seen, uint32_t least, uint32_t size)
{
	uint32_t worst = least > SMALL_REQUEST ? least : SMALL_REQUEST;

	/* Compares size / worst of both, without division. */
	if (size >= worst &&
	    (uint64_t)(size - worst) * seen->worst >= (uint64_t)seen->worst_wasted * worst) {
		seen->worst = worst;
		seen->worst_wasted = size - worst;
	}
	seen->end = size + 1;
}

/* Whole pages serve the requests between two classes. */
static void add_whole_pages(struct classes *seen, uint32_t next, uint32_t page_size)
{
	while (seen->end < next)
		add_class(seen, seen->end, (seen->end + page_size - 1) / page_size * page_size);
}

static void print_class(const struct view *view, const struct rsv_ioc_cache *cache)
{
	struct classes *seen = view->data;
	uint64_t slab = (uint64_t)cache->slab_pages * view->info.page_size;
	uint64_t waste = slab - (uint64_t)cache->slab_objects * cache->object_size;
	uint32_t least = cache->least_request;

	if (!least)
		return;
	printf("%5u %8u %6.1f %% %9llu %6llu %6.2f %% %9llu\n", cache->object_size, least,
	       percent(cache->object_size - least, least), (unsigned long long)slab,
	       (unsigned long long)waste, percent(waste, slab),
	       (unsigned long long)cache->active_objects);
	add_whole_pages(seen, least, view->info.page_size);
	add_class(seen, least, cache->object_size);
}

static enum status run_fragmentation(int argc, char **argv)
{
	struct view view = open_view_from_args(argc, argv);
	struct classes seen = {.end = 1};

	view.data = &seen;
	for_each_zone(&view, print_zone);
	printf("size classes %s\n", view.info.classes);
	printf("%5s %8s %8s %9s %6s %8s %9s\n", "bytes", "smallest", "wastes", "slab", "left",
	       "of slab", "in use");
	for_each_cache(&view, print_class);
	/* Up to the first request that takes one page more */
	add_whole_pages(&seen, seen.end + view.info.page_size, view.info.page_size);
	printf("from %u bytes up the worst request is %u, which wastes %.2f %% of itself\n",
	       SMALL_REQUEST, seen.worst, percent(seen.worst_wasted, seen.worst));
	return STATUS_OK;
}

const struct command command_fragmentation = {
	.name = "fragmentation",
	.arguments = ARGUMENTS_OF_VIEW,
	.summary = "show external and internal fragmentation",
	.help = "For each order the size of its blocks, and then\n"
		"  unusable       the part of the free memory that is in blocks too small for this\n"
		"                 order, 0.000 none, 1.000 all: external fragmentation (the kernel's\n"
		"                 unusable free space index)\n"
		"  bytes asked    bytes that requests asked for\n"
		"  bytes granted  bytes of the blocks that they got\n"
		"  wasted         the part of these that was not asked for: internal fragmentation\n"
		"For each size class of rsv_kmalloc() the bytes of its objects, and then\n"
		"  smallest       bytes of the smallest request that it serves\n"
		"  wastes         the waste of that request, as a part of the request\n"
		"  slab           bytes of a slab\n"
		"  left           bytes of a slab that no object has\n"
		"  of slab        the same, as a part of the slab\n"
		"  in use         objects in use\n\n" HELP_OF_VIEW,
	.run = run_fragmentation,
};
