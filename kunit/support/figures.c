// SPDX-License-Identifier: GPL-2.0
/*
 * The figures of regions, zones and caches.
 */
#include "figures.h"
#include "interface/query.h"
#include "objects/cache.h"
#include "objects/leaving.h"
#include "objects/stats.h"

struct rsv_ioc_cache rsvt_query_cache(struct rsv_cache *c)
{
	struct rsv_ioc_cache now = {};

	rsv_query_one_cache(c, &now);
	return now;
}

struct rsv_cache_figures rsvt_cache_count(struct rsv_cache *c)
{
	struct rsv_cache_figures now;

	rsv_cache_count(c, &now);
	return now;
}

const char *rsvt_slabs_wanted(struct kunit *test, u64 full, u64 partial, u64 empty)
{
	const size_t size = 64;
	char *text = kunit_kzalloc(test, size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, text);
	snprintf(text, size, "%llu full, %llu partial, %llu empty", full, partial, empty);
	return text;
}

const char *rsvt_slabs_text(struct kunit *test, struct rsv_cache *c)
{
	struct rsv_ioc_cache now = rsvt_query_cache(c);

	return rsvt_slabs_wanted(test, now.full_slabs, now.partial_slabs, now.empty_slabs);
}

struct rsv_ioc_zone *rsvt_query_zone(struct kunit *test, struct rsv_region *r, unsigned int index)
{
	struct rsv_ioc_zone *zone = kunit_kzalloc(test, sizeof(*zone), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, zone);
	KUNIT_ASSERT_EQ(test, rsv_query_zone(r, index, zone), 0);
	return zone;
}

struct rsv_ioc_info rsvt_query_region(struct rsv_region *r)
{
	struct rsv_ioc_info info = {};

	rsv_query_info(r, &info);
	return info;
}

/* Pages of slabs that are leaving count as free. */
u64 rsvt_region_free_bytes(struct rsv_region *r)
{
	rsv_leaving_free_all(r);
	return rsvt_query_region(r).free_bytes;
}

u64 rsvt_region_free_pages(struct rsv_region *r)
{
	return rsvt_region_free_bytes(r) >> PAGE_SHIFT;
}
