// SPDX-License-Identifier: GPL-2.0
/*
 * reservoir cache: make a cache, take objects from it, give all back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "device.h"
#include "draw.h"
#include "memory.h"
#include "options.h"

#define OBJECTS_MAX	1000000

static struct rsv_ioc_cache query_own_cache(int fd, const struct rsv_ioc_cache_create *own)
{
	struct rsv_ioc_cache cache;

	if (!query_cache(fd, own->region, own->id, &cache) || cache.id != own->id)
		fail("the cache '%s' is not found", own->name);
	return cache;
}

static void print_layout(const struct rsv_ioc_cache *cache)
{
	printf("cache %s, engine %s: objects of %s, one every %s\n", cache->name, cache->engine,
	       size_text(cache->object_size).chars, size_text(cache->stride).chars);
	printf("a slab: %u pages, %u objects, %s that no object can use\n", cache->slab_pages,
	       cache->slab_objects, size_text(cache->slab_waste).chars);
}

static void print_slabs(const char *when, const struct rsv_ioc_cache *cache)
{
	printf("%-10s %llu objects in use; slabs: %llu full, %llu partial, %llu empty\n", when,
	       (unsigned long long)cache->active_objects, (unsigned long long)cache->full_slabs,
	       (unsigned long long)cache->partial_slabs, (unsigned long long)cache->empty_slabs);
}

static void print_slabs_now(int fd, const char *when, const struct rsv_ioc_cache_create *own)
{
	struct rsv_ioc_cache cache = query_own_cache(fd, own);

	print_slabs(when, &cache);
}

static void take_and_free(int fd, const struct rsv_ioc_cache_create *own, uint32_t nr)
{
	uint32_t *objects = new_memory(nr * sizeof(*objects));
	uint32_t i;

	for (i = 0; i < nr; i++) {
		objects[i] = alloc_object(fd, own->handle);
		if (!objects[i])
			fail("no memory for more than %u objects", i);
	}
	print_slabs_now(fd, "taken", own);
	for (i = 0; i < nr; i++)
		free_handle(fd, objects[i]);
	print_slabs_now(fd, "given back", own);
	free(objects);
}

/* Without a number of objects one more than fills a slab, so that there is a full and a partial one to see. */
static void show_cache(const char *region, struct rsv_ioc_cache_create *want, uint32_t nr)
{
	int fd = open_to_change();
	struct rsv_ioc_cache cache;

	want->region = open_region(fd, region);
	create_cache(fd, want);
	cache = query_own_cache(fd, want);
	print_layout(&cache);
	print_slabs("made", &cache);
	take_and_free(fd, want, nr ? nr : cache.slab_objects + 1);
	free_handle(fd, want->handle);
	puts("cache destroyed");
}

static void set_name(struct rsv_ioc_cache_create *want, const char *name)
{
	if (strlen(name) >= sizeof(want->name))
		wrong_usage("the name '%s' is longer than %zu characters", name, sizeof(want->name) - 1);
	strcpy(want->name, name);
}

static uint32_t parse_object_size(const char *text)
{
	uint64_t size = parse_size(text);

	if (size > UINT32_MAX)
		wrong_usage("'%s' is too large for an object", text);
	return size;
}

static enum status run_cache(int argc, char **argv)
{
	static const struct option options[] = {
		{ "objects", required_argument, NULL, 'n' },
		{ "align", required_argument, NULL, 'a' },
		{ "hwcache-align", no_argument, NULL, 'c' },
		OPTION_REGION,
		OPTION_HELP,
		OPTIONS_END
	};
	struct rsv_ioc_cache_create want = { 0 };
	const char *region = NULL;
	uint32_t nr = 0;
	int option;

	while ((option = next_option(argc, argv, options)) != -1) {
		if (option == 'n')
			nr = parse_number(optarg, 1, OBJECTS_MAX);
		else if (option == 'r')
			region = optarg;
		else if (option == 'a')
			want.align = parse_object_size(optarg);
		else
			want.cache_flags |= RSV_HWCACHE_ALIGN;
	}
	check_arguments(argc, argv, 2, 2);
	set_name(&want, argv[optind]);
	want.object_size = parse_object_size(argv[optind + 1]);
	show_cache(region, &want, nr);
	return STATUS_OK;
}

const struct command command_cache = {
	.name = "cache",
	.arguments = "NAME SIZE [--objects N] [--align BYTES] [--hwcache-align] [--region NAME]",
	.summary = "make a cache, take objects from it, give all back",
	.help = "  --objects N      so many (default: one more than fills a slab)\n"
		"  --align BYTES    a power of two that the objects are aligned to\n"
		"  --hwcache-align  objects begin on a line of the CPU's cache\n"
		"  --region NAME    in this region, not the default one\n",
	.run = run_cache,
};
