// SPDX-License-Identifier: GPL-2.0
/*
 * reservoir cache: create a cache, allocate objects, free them, shrink the cache.
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

#define OBJECTS_MAX 1000000

static struct rsv_ioc_cache query_own_cache(int fd, const struct rsv_ioc_cache_create *own)
{
	struct rsv_ioc_cache cache;

	if (!query_cache(fd, own->region, own->id, &cache) || cache.id != own->id)
		fail("the cache '%s' is not found", own->name);
	return cache;
}

/* Small objects of the engine SLOB are in the heap of their region, and not in slabs. */
static bool is_in_heap(const struct rsv_ioc_cache *cache)
{
	return !strcmp(cache->engine, "slob") && cache->slab_objects > 1;
}

static void print_layout(const struct rsv_ioc_cache *cache)
{
	printf("cache %s, engine %s: objects of %s, stride %s\n", cache->name, cache->engine,
	       size_text(cache->object_size).chars, size_text(cache->stride).chars);
	printf("%s: %u pages, %u objects, %s wasted\n", is_in_heap(cache) ? "slob page" : "slab",
	       cache->slab_pages, cache->slab_objects, size_text(cache->slab_waste).chars);
	if (cache->magazine_rounds)
		printf("magazines: %u objects each; slabs count objects in magazines as used\n",
		       cache->magazine_rounds);
}

static void print_slabs(int fd, const char *when, const struct rsv_ioc_cache_create *own)
{
	struct rsv_ioc_cache cache = query_own_cache(fd, own);
	struct rsv_ioc_info info = query_info(fd, own->region);

	printf("%-9s  %llu objects in use; ", when, (unsigned long long)cache.active_objects);
	if (is_in_heap(&cache))
		printf("heap: %s, %s of it free\n", size_text(info.heap_bytes).chars,
		       size_text(info.heap_free_bytes).chars);
	else
		printf("slabs: %llu full, %llu partial, %llu empty\n",
		       (unsigned long long)cache.full_slabs,
		       (unsigned long long)cache.partial_slabs,
		       (unsigned long long)cache.empty_slabs);
}

static void print_depot(int fd, const struct rsv_ioc_cache_create *own)
{
	struct rsv_ioc_cache cache = query_own_cache(fd, own);

	if (cache.magazine_rounds)
		printf("depot      %llu full and %llu empty magazines; %llu exchanges\n",
		       (unsigned long long)cache.depot_full, (unsigned long long)cache.depot_empty,
		       (unsigned long long)cache.exchanges);
}

static uint32_t *alloc_objects(int fd, const struct rsv_ioc_cache_create *own, uint32_t nr)
{
	uint32_t *objects = new_memory(nr * sizeof(*objects));
	char what[64];
	uint32_t i;

	for (i = 0; i < nr; i++) {
		struct rsv_ioc_object_alloc object = alloc_object(fd, own->region, own->handle);

		objects[i] = object.handle;
		if (!object.handle) {
			snprintf(what, sizeof(what), "allocate more than %u objects", i);
			fail_refused(fd, own->region, what, object.refusal, NULL);
		}
	}
	return objects;
}

/* Until the grace period is over, which may be at any time, the objects are in use. */
static void free_by_rcu(int fd, const struct rsv_ioc_cache_create *own, const uint32_t *objects,
			uint32_t nr)
{
	struct rsv_ioc_cache cache;
	uint32_t i;

	for (i = 0; i < nr; i++)
		free_object_by_rcu(fd, objects[i]);
	cache = query_own_cache(fd, own);
	printf("by RCU     %llu objects wait for a grace period\n",
	       (unsigned long long)cache.rcu_waiting);
	rcu_barrier(fd, own->region);
}

static void alloc_and_free(int fd, const struct rsv_ioc_cache_create *own, uint32_t nr, bool by_rcu)
{
	uint32_t *objects = alloc_objects(fd, own, nr);
	uint32_t i;

	print_slabs(fd, "allocated", own);
	if (by_rcu)
		free_by_rcu(fd, own, objects, nr);
	for (i = 0; i < nr && !by_rcu; i++)
		free_handle(fd, objects[i]);
	print_slabs(fd, "freed", own);
	print_depot(fd, own);
	shrink_cache(fd, own->handle);
	print_slabs(fd, "shrunk", own);
	free(objects);
}

/* The request, from the arguments */
struct request {
	const char *region;
	struct rsv_ioc_cache_create want;
	uint32_t nr;
	bool by_rcu;
};

/* By default one object more than a slab has, so that there is a full slab and a partial one. */
static void show_cache(struct request *request)
{
	struct rsv_ioc_cache_create *want = &request->want;
	int fd = open_for_changes();
	struct rsv_ioc_cache cache;

	want->region = open_region(fd, request->region);
	create_cache(fd, want);
	cache = query_own_cache(fd, want);
	print_layout(&cache);
	print_slabs(fd, "created", want);
	alloc_and_free(fd, want, request->nr ? request->nr : cache.slab_objects + 1,
		       request->by_rcu);
	free_handle(fd, want->handle);
	puts("cache destroyed");
}

static void set_name(struct rsv_ioc_cache_create *want, const char *name)
{
	if (strlen(name) >= sizeof(want->name))
		wrong_usage("the name '%s' is longer than %zu characters", name,
			    sizeof(want->name) - 1);
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

static void set_option(struct request *request, int option)
{
	switch (option) {
	case 'n':
		request->nr = parse_number(optarg, 1, OBJECTS_MAX);
		break;
	case 'a':
		request->want.align = parse_object_size(optarg);
		break;
	case 'e':
		request->want.cache_flags &= ~(RSV_ENGINE_SLAB | RSV_ENGINE_SLUB | RSV_ENGINE_SLOB);
		request->want.cache_flags |= engine_flag(optarg);
		break;
	case 'c':
		request->want.cache_flags |= RSV_HWCACHE_ALIGN;
		break;
	case 'm':
		request->want.cache_flags |= RSV_NO_MAGAZINE;
		break;
	case 'z':
		request->want.cache_flags |= RSV_RED_ZONE;
		break;
	case 'p':
		request->want.cache_flags |= RSV_POISON;
		break;
	case 'u':
		request->want.cache_flags |= RSV_STORE_USER;
		break;
	case 't':
		request->want.cache_flags |= RSV_TYPESAFE_BY_RCU;
		break;
	case 'f':
		request->by_rcu = true;
		break;
	default:
		request->region = optarg;
	}
}

static enum status run_cache(int argc, char **argv)
{
	static const struct option options[] = {{"objects", required_argument, NULL, 'n'},
						{"align", required_argument, NULL, 'a'},
						{"hwcache-align", no_argument, NULL, 'c'},
						{"engine", required_argument, NULL, 'e'},
						{"no-magazine", no_argument, NULL, 'm'},
						{"red-zone", no_argument, NULL, 'z'},
						{"poison", no_argument, NULL, 'p'},
						{"store-user", no_argument, NULL, 'u'},
						{"typesafe", no_argument, NULL, 't'},
						{"by-rcu", no_argument, NULL, 'f'},
						OPTION_REGION,
						OPTION_HELP,
						OPTIONS_END};
	struct request request = {0};
	int option;

	while ((option = next_option(argc, argv, options)) != -1)
		set_option(&request, option);
	check_arguments(argc, argv, 2, 2);
	set_name(&request.want, argv[optind]);
	request.want.object_size = parse_object_size(argv[optind + 1]);
	if (request.by_rcu && request.want.object_size < RSV_RCU_OBJECT_MIN)
		wrong_usage("--by-rcu needs objects of %u bytes or more", RSV_RCU_OBJECT_MIN);
	show_cache(&request);
	return STATUS_OK;
}

const struct command command_cache = {
	.name = "cache",
	.arguments = "NAME SIZE [OPTION...]",
	.summary = "create a cache, allocate and free objects, shrink the cache",
	.help = "  --objects N      allocate N objects (default: one more than a slab has)\n"
		"  --align BYTES    align the objects to a power of two\n"
		"  --hwcache-align  align the objects to a line of the CPU's cache\n"
		"  --engine ENGINE  slab, slub or slob (default: the module's parameter engine=)\n"
		"  --no-magazine    no magazines: allocate from slabs and free to slabs\n"
		"  --red-zone       detect writes before and behind an object\n"
		"  --poison         detect writes to a free object\n"
		"  --store-user     record who allocated and freed an object\n"
		"  --typesafe       readers under RCU may look at a freed object\n"
		"  --by-rcu         free the objects by RCU, and wait for the grace period\n"
		"  --region NAME    use this region, not the default one\n",
	.run = run_cache,
};
