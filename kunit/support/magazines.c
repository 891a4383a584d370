// SPDX-License-Identifier: GPL-2.0
/*
 * Functions that the suites of magazines share.
 */
#include <linux/log2.h>
#include <linux/smp.h>

#include "arrays.h"
#include "figures.h"
#include "magazines.h"
#include "objects/stats.h"
#include "scratch.h"

struct rsv_region *rsvt_magazine_region(struct kunit *test)
{
	rsvt_stay_on_this_cpu();
	return rsvt_scratch_region(test, REGION);
}

struct rsv_cache *rsvt_magazine_cache(struct kunit *test, unsigned int flags)
{
	return rsvt_scratch_cache_flags(test, rsvt_magazine_region(test), SIZE, 0, flags, NULL);
}

struct rsv_cpu *rsvt_this_cpu(struct rsv_cache *c)
{
	return per_cpu_ptr(c->cpus, raw_smp_processor_id());
}

/* Allocates @nr objects and leaves no magazine with a CPU or a depot. */
void **rsvt_objects_used(struct kunit *test, struct rsv_cache *c, unsigned int nr)
{
	void **objects = rsvt_objects_array(test, nr);

	rsvt_objects_alloc(test, c, objects, nr);
	rsv_cache_shrink(c);
	return objects;
}

/* Expects every page of the region to be free, after a shrink of its own caches. */
void rsvt_expect_all_free(struct kunit *test, struct rsv_region *r)
{
	rsvt_scratch_shrink(r);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), r->nr_pages);
}

/* The number of magazines of @size objects that caches use */
u64 rsvt_magazines_in_use(struct rsv_region *r, unsigned int size)
{
	return rsvt_cache_count(r->magazine_caches[ilog2(size / RSV_MAGAZINE_SIZE(0))]).active;
}

void rsvt_expect_depot(struct kunit *test, struct rsv_cache *c, u64 full, u64 empty, u64 exchanges)
{
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).depot_full, full);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).depot_empty, empty);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).exchanges, exchanges);
}
