// SPDX-License-Identifier: GPL-2.0
/*
 * The output of `reservoir stat --json`. No name needs escapes: names of regions and caches
 * consist of [A-Za-z0-9_.-], and names of zones are the kernel's.
 */
#include <stdint.h>
#include <stdio.h>

#include "json.h"
#include "view.h"

/* Printed before the next member or element: nothing after an opening bracket, else a comma */
static const char *separator = "";

static void put_key(const char *key)
{
	printf("%s", separator);
	if (key)
		printf("\"%s\":", key);
	separator = ",";
}

static void put_number(const char *key, uint64_t number)
{
	put_key(key);
	printf("%llu", (unsigned long long)number);
}

static void put_string(const char *key, const char *string)
{
	put_key(key);
	printf("\"%s\"", string);
}

static void put_open(const char *key, char bracket)
{
	put_key(key);
	putchar(bracket);
	separator = "";
}

static void put_close(char bracket)
{
	putchar(bracket);
	separator = ",";
}

static void put_numbers(const char *key, const __u64 *numbers, uint32_t nr)
{
	uint32_t i;

	put_open(key, '[');
	for (i = 0; i < nr; i++)
		put_number(NULL, numbers[i]);
	put_close(']');
}

static void put_info(const struct rsv_ioc_info *info)
{
	put_string("name", info->name);
	put_string("version", info->version);
	put_number("abi_version", info->abi_version);
	put_number("page_size", info->page_size);
	put_number("bytes", info->bytes);
	put_number("free_bytes", info->free_bytes);
	put_number("largest_free", info->largest_free);
	put_number("largest_free_block", info->largest_free_block);
	put_number("largest_block", info->largest_block);
	put_number("metadata_bytes", info->metadata_bytes);
	put_number("slab_bytes", info->slab_bytes);
	put_number("percpu_bytes", info->percpu_bytes);
	put_number("cached_bytes", info->cached_bytes);
	put_number("lent_bytes", info->lent_bytes);
	put_number("misuse", info->misuse);
	put_string("default_engine", info->engine);
	put_string("classes", info->classes);
	put_number("heap_bytes", info->heap_bytes);
	put_number("heap_free_bytes", info->heap_free_bytes);
	put_number("leaving_bytes", info->leaving_bytes);
	put_number("waiting_pages", info->waiting_pages);
	put_number("bad_pages", info->bad_pages);
	put_number("programs_bytes", info->programs_bytes);
	put_number("programs_limit", info->programs_limit);
	put_number("user_bytes", info->user_bytes);
	put_number("user_limit", info->user_limit);
}

static void put_zone(const struct view *view, const struct rsv_ioc_zone *zone)
{
	(void)view;
	put_open(NULL, '{');
	put_string("name", zone->name);
	put_number("node", zone->node);
	put_number("pages", zone->pages);
	put_number("free_pages", zone->free_pages);
	put_number("peak_pages", zone->peak_pages);
	put_number("min_pages", zone->min_pages);
	put_number("low_pages", zone->low_pages);
	put_number("protection", zone->protection);
	put_number("largest_free_pages", zone->largest_free_pages);
	put_number("zeroed_pages", zone->zeroed_pages);
	put_number("zeroed_hits", zone->zeroed_hits);
	put_numbers("free", zone->free, zone->nr_orders);
	put_numbers("allocs", zone->allocs, zone->nr_orders);
	put_numbers("frees", zone->frees, zone->nr_orders);
	put_numbers("failures", zone->failures, zone->nr_orders);
	put_numbers("splits", zone->splits, zone->nr_orders);
	put_numbers("merges", zone->merges, zone->nr_orders);
	put_numbers("asked", zone->asked, zone->nr_orders);
	put_numbers("granted", zone->granted, zone->nr_orders);
	put_numbers("cached", zone->cached, zone->nr_orders);
	put_numbers("cache_hits", zone->cache_hits, zone->nr_orders);
	put_numbers("cache_refills", zone->cache_refills, zone->nr_orders);
	put_close('}');
}

static void put_extent(const struct view *view, const struct rsv_ioc_extent *extent)
{
	(void)view;
	put_open(NULL, '{');
	put_string("zone", extent->zone);
	put_number("node", extent->node);
	put_number("offset", extent->offset);
	put_number("bytes", extent->bytes);
	put_number("lent_bytes", extent->lent_bytes);
	put_number("physical", extent->physical);
	put_close('}');
}

static void put_cache(const struct view *view, const struct rsv_ioc_cache *cache)
{
	(void)view;
	put_open(NULL, '{');
	put_number("id", cache->id);
	put_string("name", cache->name);
	put_string("engine", cache->engine);
	put_number("object_size", cache->object_size);
	put_number("stride", cache->stride);
	put_number("align", cache->align);
	put_number("slab_pages", cache->slab_pages);
	put_number("slab_objects", cache->slab_objects);
	put_number("slab_waste", cache->slab_waste);
	put_number("active_objects", cache->active_objects);
	put_number("total_objects", cache->total_objects);
	put_number("full_slabs", cache->full_slabs);
	put_number("partial_slabs", cache->partial_slabs);
	put_number("empty_slabs", cache->empty_slabs);
	put_number("allocs", cache->allocs);
	put_number("frees", cache->frees);
	put_number("failures", cache->failures);
	put_number("slabs_made", cache->slabs_made);
	put_number("slabs_given", cache->slabs_given);
	put_number("cache_flags", cache->cache_flags);
	put_number("magazine_rounds", cache->magazine_rounds);
	put_number("depot_full", cache->depot_full);
	put_number("depot_empty", cache->depot_empty);
	put_number("exchanges", cache->exchanges);
	put_number("contended", cache->contended);
	put_number("guaranteed_objects", cache->guaranteed_objects);
	put_number("least_request", cache->least_request);
	put_number("origin", cache->origin);
	put_number("rcu_waiting", cache->rcu_waiting);
	put_number("percpu_target", cache->percpu_target);
	put_number("percpu_objects", cache->percpu_objects);
	put_number("percpu_allocs", cache->percpu_allocs);
	put_number("percpu_refills", cache->percpu_refills);
	put_close('}');
}

void json_stat(const struct view *view)
{
	put_open(NULL, '{');
	put_info(&view->info);
	put_open("zones", '[');
	for_each_zone(view, put_zone);
	put_close(']');
	put_open("extents", '[');
	for_each_extent(view, put_extent);
	put_close(']');
	put_open("caches", '[');
	for_each_cache(view, put_cache);
	put_close(']');
	put_close('}');
	putchar('\n');
}
