// SPDX-License-Identifier: GPL-2.0
/*
 * reservoir slabs: the caches of a region.
 */
#include <stdio.h>

#include "command.h"
#include "device.h"
#include "options.h"

static void print_cache(const struct rsv_ioc_cache *cache)
{
	printf("%-20s %-6s %7u %7u %5u %7u %6u %8llu %8llu %5llu %7llu %5llu\n", cache->name, cache->engine,
	       cache->object_size, cache->stride, cache->slab_pages, cache->slab_objects, cache->slab_waste,
	       (unsigned long long)cache->active_objects, (unsigned long long)cache->total_objects,
	       (unsigned long long)cache->full_slabs, (unsigned long long)cache->partial_slabs,
	       (unsigned long long)cache->empty_slabs);
}

static enum status run_slabs(int argc, char **argv)
{
	static const struct option options[] = { OPTION_REGION, OPTION_HELP, OPTIONS_END };
	const char *name = NULL;
	struct rsv_ioc_cache cache;
	uint32_t region, id;
	int fd;

	while (next_option(argc, argv, options) != -1)
		name = optarg;
	check_arguments(argc, argv, 0, 0);
	fd = open_to_look();
	region = open_region(fd, name);
	printf("%-20s %-6s %7s %7s %5s %7s %6s %8s %8s %5s %7s %5s\n", "cache", "engine", "object", "stride",
	       "pages", "objects", "waste", "in use", "room", "full", "partial", "empty");
	for (id = 0; query_cache(fd, region, id, &cache); id = cache.id + 1)
		print_cache(&cache);
	return STATUS_OK;
}

const struct command command_slabs = {
	.name = "slabs",
	.arguments = "[--region NAME]",
	.summary = "the caches and their slabs",
	.help = "For each cache: bytes of an object, and from one to the next; of a slab its pages, objects, and\n"
		"bytes that no object can use; objects in use, and that there is room for; slabs whose objects\n"
		"are all in use, some of them, none.\n\n"
		"  --region NAME  of this region, not the default one\n",
	.run = run_slabs,
};
