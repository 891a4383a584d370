// SPDX-License-Identifier: GPL-2.0
/*
 * reservoir slabs: the caches of a region, their slabs and magazines.
 */
#include <stdbool.h>
#include <stdio.h>

#include "command.h"
#include "options.h"
#include "view.h"

/**
 * struct choice - which caches are shown, and how
 * @all: show unused size classes too
 * @print: prints a cache
 * @hidden: number of caches that were not shown
 */
struct choice {
	bool all;
	void (*print)(const struct rsv_ioc_cache *cache);
	unsigned int hidden;
};

/* The name as in slabinfo, where what programs made has a prefix */
static const char *full_name(const struct rsv_ioc_cache *cache)
{
	static char name[sizeof("user:") + RSV_NAME_MAX];

	snprintf(name, sizeof(name), "%s%s", cache->origin == RSV_CACHE_USER ? "user:" : "",
		 cache->name);
	return name;
}

static void print_slabs(const struct rsv_ioc_cache *cache)
{
	printf("%-20s %-6s %7u %7u %5u %7u %6u %8llu %8llu %5llu %7llu %5llu\n", full_name(cache),
	       cache->engine, cache->object_size, cache->stride, cache->slab_pages,
	       cache->slab_objects, cache->slab_waste, (unsigned long long)cache->active_objects,
	       (unsigned long long)cache->total_objects, (unsigned long long)cache->full_slabs,
	       (unsigned long long)cache->partial_slabs, (unsigned long long)cache->empty_slabs);
}

static void print_magazines(const struct rsv_ioc_cache *cache)
{
	printf("%-20s %-6s %6u %10llu %10llu %9llu %5llu %5llu %6llu %10llu\n", full_name(cache),
	       cache->engine, cache->magazine_rounds, (unsigned long long)cache->allocs,
	       (unsigned long long)cache->frees, (unsigned long long)cache->exchanges,
	       (unsigned long long)cache->depot_full, (unsigned long long)cache->depot_empty,
	       (unsigned long long)cache->contended, (unsigned long long)cache->guaranteed_objects);
}

static void print_cache(const struct view *view, const struct rsv_ioc_cache *cache)
{
	struct choice *choice = view->data;

	if (!choice->all && cache->cache_flags & RSV_SIZE_CLASS && !cache->total_objects &&
	    !cache->allocs)
		choice->hidden++;
	else
		choice->print(cache);
}

static enum status run_slabs(int argc, char **argv)
{
	static const struct option options[] = {{"all", no_argument, NULL, 'a'},
						{"magazines", no_argument, NULL, 'm'},
						OPTION_REGION,
						OPTION_HELP,
						OPTIONS_END};
	struct choice choice = {.print = print_slabs};
	const char *name = NULL;
	struct view view;
	int option;

	while ((option = next_option(argc, argv, options)) != -1) {
		if (option == 'a')
			choice.all = true;
		else if (option == 'm')
			choice.print = print_magazines;
		else
			name = optarg;
	}
	check_arguments(argc, argv, 0, 0);
	view = open_view(name);
	view.data = &choice;
	if (choice.print == print_magazines)
		printf("%-20s %-6s %6s %10s %10s %9s %5s %5s %6s %10s\n", "cache", "engine",
		       "rounds", "allocs", "frees", "exchanges", "full", "empty", "waits",
		       "guaranteed");
	else
		printf("%-20s %-6s %7s %7s %5s %7s %6s %8s %8s %5s %7s %5s\n", "cache", "engine",
		       "object", "stride", "pages", "objects", "waste", "in use", "total", "full",
		       "partial", "empty");
	for_each_cache(&view, print_cache);
	if (choice.hidden)
		printf("and %u unused size classes; --all shows them\n", choice.hidden);
	return STATUS_OK;
}

const struct command command_slabs = {
	.name = "slabs",
	.arguments = "[--magazines] [--all] [--region NAME]",
	.summary = "list the caches, their slabs and magazines",
	.help = "For each cache its engine, and then\n"
		"  object   bytes of an object\n"
		"  stride   bytes from one object to the next\n"
		"  pages    pages of a slab\n"
		"  objects  objects of a slab\n"
		"  waste    bytes of a slab that no object can use\n"
		"  in use   objects in use\n"
		"  total    objects of all slabs\n"
		"  full     slabs whose objects are all in use or in magazines\n"
		"  partial  slabs of which some are, and active slabs of CPUs\n"
		"  empty    slabs of which none is\n"
		"With --magazines, instead:\n"
		"  rounds      objects of a magazine, 0 if the cache has no magazines\n"
		"  allocs      objects allocated\n"
		"  frees       objects freed\n"
		"  exchanges   magazines that CPUs exchanged with the depot\n"
		"  full        full magazines in the depot\n"
		"  empty       empty magazines in the depot\n"
		"  waits       times that a CPU waited for another CPU at the depot\n"
		"  guaranteed  objects that only this cache can use\n\n"
		"  --magazines    show figures of magazines, not of slabs\n"
		"  --all          list unused size classes too\n" HELP_OF_VIEW,
	.run = run_slabs,
};
