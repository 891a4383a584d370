// SPDX-License-Identifier: GPL-2.0
/*
 * What the suites of magazines share.
 */
#include <linux/log2.h>
#include <linux/smp.h>

#include "magazines.h"
#include "objects/stats.h"
#include "region.h"

struct rsv_region *magazine_region(struct kunit *test)
{
	stay_on_this_cpu();
	return scratch_region(test, REGION);
}

struct rsv_cache *magazine_cache(struct kunit *test, unsigned int flags)
{
	return scratch_cache_flags(test, magazine_region(test), SIZE, 0, flags, NULL);
}

/* What this CPU has of a cache */
struct rsv_cpu *mine(struct rsv_cache *c)
{
	return per_cpu_ptr(c->cpus, raw_smp_processor_id());
}

struct rsv_cache_figures figures(struct rsv_cache *c)
{
	struct rsv_cache_figures now;

	rsv_cache_count(c, &now);
	return now;
}

void **objects_array(struct kunit *test, unsigned int nr)
{
	void **objects = kunit_kcalloc(test, nr, sizeof(*objects), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, objects);
	return objects;
}

/* So many objects in use, and no magazines. */
void **objects_out(struct kunit *test, struct rsv_cache *c, unsigned int nr)
{
	void **objects = objects_array(test, nr);

	objects_take(test, c, objects, nr);
	rsv_cache_shrink(c);
	return objects;
}

void expect_whole(struct kunit *test, struct rsv_region *r)
{
	scratch_shrink(r);
	KUNIT_EXPECT_EQ(test, region_free_pages(r), r->nr_pages);
}

u64 own_active(struct rsv_region *r, unsigned int rounds)
{
	return figures(r->magazine_caches[ilog2(rounds / RSV_MAGAZINE_SIZE(0))]).active;
}

void expect_depot(struct kunit *test, struct rsv_cache *c, u64 full, u64 empty, u64 exchanges)
{
	KUNIT_EXPECT_EQ(test, figures(c).depot_full, full);
	KUNIT_EXPECT_EQ(test, figures(c).depot_empty, empty);
	KUNIT_EXPECT_EQ(test, figures(c).exchanges, exchanges);
}
