// SPDX-License-Identifier: GPL-2.0
/*
 * reservoir cache: make a cache, take objects from it, give all back, shrink it.
 */
#include <stdbool.h>
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

/* Small objects of the engine SLOB lie in the heap of their region, and not in slabs. */
static bool is_in_heap(const struct rsv_ioc_cache *cache)
{
	return !strcmp(cache->engine, "slob") && cache->slab_objects > 1;
}

static void print_layout(const struct rsv_ioc_cache *cache)
{
	printf("cache %s, engine %s: objects of %s, one every %s\n", cache->name, cache->engine,
	       size_text(cache->object_size).chars, size_text(cache->stride).chars);
	printf("%s: %u pages, %u objects, %s that no object can use\n",
	       is_in_heap(cache) ? "a unit of the heap" : "a slab", cache->slab_pages, cache->slab_objects,
	       size_text(cache->slab_waste).chars);
	if (cache->magazine_rounds)
		printf("in front of it: magazines of %u objects; what is in them is not free there\n",
		       cache->magazine_rounds);
}

static void print_slabs(int fd, const char *when, const struct rsv_ioc_cache_create *own)
{
	struct rsv_ioc_cache cache = query_own_cache(fd, own);
	struct rsv_ioc_info info = query_info(fd, own->region);

	printf("%-10s %llu objects in use; ", when, (unsigned long long)cache.active_objects);
	if (is_in_heap(&cache))
		printf("heap: %s, %s of it free\n", size_text(info.heap_bytes).chars,
		       size_text(info.heap_free_bytes).chars);
	else
		printf("slabs: %llu full, %llu partial, %llu empty\n", (unsigned long long)cache.full_slabs,
		       (unsigned long long)cache.partial_slabs, (unsigned long long)cache.empty_slabs);
}

static void print_depot(int fd, const struct rsv_ioc_cache_create *own)
{
	struct rsv_ioc_cache cache = query_own_cache(fd, own);

	if (cache.magazine_rounds)
		printf("depot      %llu full and %llu empty magazines, %llu exchanged\n",
		       (unsigned long long)cache.depot_full, (unsigned long long)cache.depot_empty,
		       (unsigned long long)cache.exchanges);
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
	print_slabs(fd, "taken", own);
	for (i = 0; i < nr; i++)
		free_handle(fd, objects[i]);
	print_slabs(fd, "given back", own);
	print_depot(fd, own);
	shrink_cache(fd, own->handle);
	print_slabs(fd, "shrunk", own);
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
	print_slabs(fd, "made", want);
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

static uint32_t engine_flag(const char *engine)
{
	if (!strcmp(engine, "slab"))
		return RSV_ENGINE_SLAB;
	if (!strcmp(engine, "slub"))
		return RSV_ENGINE_SLUB;
	if (!strcmp(engine, "slob"))
		return RSV_ENGINE_SLOB;
	wrong_usage("'%s' is none of slab, slub and slob", engine);
}

/* The region, the cache and the number of objects, as arguments say */
struct wish {
	const char *region;
	struct rsv_ioc_cache_create want;
	uint32_t nr;
};

static void set_wish(struct wish *wish, int option)
{
	switch (option) {
	case 'n':
		wish->nr = parse_number(optarg, 1, OBJECTS_MAX);
		break;
	case 'a':
		wish->want.align = parse_object_size(optarg);
		break;
	case 'e':
		wish->want.cache_flags &= ~(RSV_ENGINE_SLAB | RSV_ENGINE_SLUB | RSV_ENGINE_SLOB);
		wish->want.cache_flags |= engine_flag(optarg);
		break;
	case 'c':
		wish->want.cache_flags |= RSV_HWCACHE_ALIGN;
		break;
	case 'm':
		wish->want.cache_flags |= RSV_NO_MAGAZINE;
		break;
	case 'z':
		wish->want.cache_flags |= RSV_RED_ZONE;
		break;
	case 'p':
		wish->want.cache_flags |= RSV_POISON;
		break;
	case 'u':
		wish->want.cache_flags |= RSV_STORE_USER;
		break;
	default:
		wish->region = optarg;
	}
}

static enum status run_cache(int argc, char **argv)
{
	static const struct option options[] = {
		{ "objects", required_argument, NULL, 'n' },
		{ "align", required_argument, NULL, 'a' },
		{ "hwcache-align", no_argument, NULL, 'c' },
		{ "engine", required_argument, NULL, 'e' },
		{ "no-magazine", no_argument, NULL, 'm' },
		{ "red-zone", no_argument, NULL, 'z' },
		{ "poison", no_argument, NULL, 'p' },
		{ "store-user", no_argument, NULL, 'u' },
		OPTION_REGION,
		OPTION_HELP,
		OPTIONS_END
	};
	struct wish wish = { 0 };
	int option;

	while ((option = next_option(argc, argv, options)) != -1)
		set_wish(&wish, option);
	check_arguments(argc, argv, 2, 2);
	set_name(&wish.want, argv[optind]);
	wish.want.object_size = parse_object_size(argv[optind + 1]);
	show_cache(wish.region, &wish.want, wish.nr);
	return STATUS_OK;
}

const struct command command_cache = {
	.name = "cache",
	.arguments = "NAME SIZE [OPTION...]",
	.summary = "make a cache, take objects from it, give all back, shrink it",
	.help = "  --objects N      so many (default: one more than fills a slab)\n"
		"  --align BYTES    a power of two that the objects are aligned to\n"
		"  --hwcache-align  objects begin on a line of the CPU's cache\n"
		"  --engine ENGINE  slab, slub or slob (default: what the module was loaded with)\n"
		"  --no-magazine    no CPU keeps objects at hand\n"
		"  --red-zone       writes before and behind an object are found\n"
		"  --poison         writes to an object that is free are found\n"
		"  --store-user     who took an object and who gave it back is kept\n"
		"  --region NAME    in this region, not the default one\n",
	.run = run_cache,
};
