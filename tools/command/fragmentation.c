// SPDX-License-Identifier: GPL-2.0
/*
 * reservoir fragmentation: how much of a region's free memory is in pieces too small, and how much was given out that
 * nobody asked for.
 */
#include <stdio.h>

#include "command.h"
#include "draw.h"
#include "view.h"

/* From here on the size classes keep what they waste within bounds; below it a few bytes are much of a request. */
#define SMALL_REQUEST	64

static void print_order(const struct rsv_ioc_zone *zone, uint32_t order, uint32_t page_size)
{
	uint64_t index = unusable_index(zone, order);
	uint64_t asked = zone->asked[order], granted = zone->granted[order];

	printf("%5u %8s %4llu.%03llu %14llu %14llu %6.1f %%\n", order,
	       size_text((uint64_t)page_size << order).chars, (unsigned long long)index / 1000,
	       (unsigned long long)index % 1000, (unsigned long long)asked, (unsigned long long)granted,
	       percent(granted > asked ? granted - asked : 0, granted));
}

static void print_zone(const struct view *view, const struct rsv_ioc_zone *zone)
{
	uint32_t order;

	printf("zone %s, node %u\n", zone->name, zone->node);
	printf("%5s %8s %8s %14s %14s %8s\n", "order", "block", "unusable", "bytes asked", "bytes granted", "unasked");
	for (order = 0; order < zone->nr_orders; order++)
		print_order(zone, order, view->info.page_size);
}

/**
 * struct classes - the size classes that were seen
 * @end: the first request that is larger than all that were judged
 * @worst: the request from SMALL_REQUEST bytes up that wastes most of itself
 * @worst_wasted: the bytes that it wastes
 */
struct classes {
	uint32_t end;
	uint32_t worst;
	uint32_t worst_wasted;
};

/* What serves requests from the smallest on up to its size */
static void judge(struct classes *seen, uint32_t least, uint32_t size)
{
	uint32_t worst = least > SMALL_REQUEST ? least : SMALL_REQUEST;

	/* Compares shares of the requests without division. */
	if (size >= worst && (uint64_t)(size - worst) * seen->worst >= (uint64_t)seen->worst_wasted * worst) {
		seen->worst = worst;
		seen->worst_wasted = size - worst;
	}
	seen->end = size + 1;
}

/* Whole pages serve what no class does, from the last one judged to the next one. */
static void judge_pages(struct classes *seen, uint32_t next, uint32_t page_size)
{
	while (seen->end < next)
		judge(seen, seen->end, (seen->end + page_size - 1) / page_size * page_size);
}

static void print_class(const struct view *view, const struct rsv_ioc_cache *cache)
{
	struct classes *seen = view->data;
	uint64_t slab = (uint64_t)cache->slab_pages * view->info.page_size;
	uint64_t rest = slab - (uint64_t)cache->slab_objects * cache->object_size;
	uint32_t least = cache->least_request;

	if (!least)
		return;
	printf("%5u %8u %6.1f %% %9llu %6llu %6.2f %% %9llu\n", cache->object_size, least,
	       percent(cache->object_size - least, least), (unsigned long long)slab,
	       (unsigned long long)rest, percent(rest, slab), (unsigned long long)cache->active_objects);
	judge_pages(seen, least, view->info.page_size);
	judge(seen, least, cache->object_size);
}

static enum status run_fragmentation(int argc, char **argv)
{
	struct view view = open_view_of(argc, argv);
	struct classes seen = { .end = 1 };

	view.data = &seen;
	for_each_zone(&view, print_zone);
	printf("size classes %s\n", view.info.classes);
	printf("%5s %8s %8s %9s %6s %8s %9s\n", "bytes", "from", "wastes", "slab", "rest", "of it", "in use");
	for_each_cache(&view, print_class);
	/* To the first request that takes a page more */
	judge_pages(&seen, seen.end + view.info.page_size, view.info.page_size);
	printf("from %u bytes up the worst request is %u, which wastes %.2f %% of itself\n", SMALL_REQUEST, seen.worst,
	       percent(seen.worst_wasted, seen.worst));
	return STATUS_OK;
}

const struct command command_fragmentation = {
	.name = "fragmentation",
	.arguments = ARGUMENTS_OF_VIEW,
	.summary = "free memory in pieces too small, and memory that nobody asked for",
	.help = "For each order: which share of the free memory is in blocks too small for it, from 0.000, none,\n"
		"to 1.000, all (external fragmentation: the kernel's unusable free space index); bytes that\n"
		"requests asked for, bytes they were granted, and the share that nobody asked for (internal).\n"
		"For each size class that serves rsv_kmalloc(): its bytes, the smallest request that it serves and\n"
		"how much that one wastes, as a share of the request; the bytes of a slab, those that no object has,\n"
		"and their share of the slab; objects in use.\n\n"
		HELP_OF_VIEW,
	.run = run_fragmentation,
};
