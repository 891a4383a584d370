// SPDX-License-Identifier: GPL-2.0
/*
 * The end of several caches: one grace period for all, the promises of rsv_cache_destroy() for
 * each, and what waits when it returns.
 */
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "objects/cache.h"
#include "objects/leaving.h"
#include "support/areas.h"
#include "support/figures.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/suite.h"
#include "support/variants.h"

#define MANY	 1024
#define MANY_MS	2000	/* much more than it takes, for a busy machine */
#define SEVERAL	4
#define STORM	600

static struct rsv_cache *create(struct kunit *test, struct rsv_region *r, const char *name,
				unsigned int flags)
{
	struct rsv_cache *c = rsv_cache_create(r, name, 64, 0, flags, NULL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c);
	return c;
}

/* Allocates an object and frees it, so that a magazine or an empty slab has it. */
static void use(struct kunit *test, struct rsv_cache *c)
{
	void *object = rsv_cache_alloc(c, GFP_KERNEL);

	KUNIT_EXPECT_NOT_NULL(test, object);
	rsv_cache_free(c, object);
}

static void create_several(struct kunit *test, struct rsv_region *r, struct rsv_cache **c)
{
	char name[] = "several-0";
	unsigned int i;

	for (i = 0; i < SEVERAL; i++) {
		name[sizeof(name) - 2] = '0' + i;
		c[i] = create(test, r, name, 0);
	}
}

/* Without the grace period that all share, this takes some ten milliseconds for each cache. */
static void many_caches_end_in_the_time_of_a_few(struct kunit *test)
{
	struct rsv_cache **c = kunit_kcalloc(test, MANY, sizeof(*c), GFP_KERNEL);
	struct rsv_region *r = rsvt_scratch_region(test, SZ_4M);
	char name[RSV_NAME_MAX];
	unsigned int i;
	ktime_t start;
	s64 ms;

	KUNIT_ASSERT_NOT_NULL(test, c);
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "many-%u", i);
		c[i] = create(test, r, name, 0);
		use(test, c[i]);
	}
	start = ktime_get();
	KUNIT_EXPECT_EQ(test, rsv_caches_destroy(MANY, c), 0);
	ms = ktime_ms_delta(ktime_get(), start);
	kunit_info(test, "%d caches: %lld ms", MANY, ms);
	if (!SLOW)
		KUNIT_EXPECT_LT(test, ms, MANY_MS);
	for (i = 0; i < MANY; i++)
		KUNIT_ASSERT_NULL(test, c[i]);
}

static void caches_of_all_kinds_and_of_two_regions_give_everything_back(struct kunit *test)
{
	struct rsv_region *r[] = { rsvt_scratch_region(test, SZ_1M),
				   rsvt_scratch_region(test, SZ_1M) };
	struct rsv_cache *c[2 * VARIANTS] = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(c); i++) {
		const struct rsv_cache_args args = { .flags = rsvt_variants[i / 2].flags };
		char name[] = "kind-0";

		name[sizeof(name) - 2] = 'a' + i;
		c[i] = rsv_cache_create_internal(r[i % 2], name, 64, &args);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c[i]);
		KUNIT_EXPECT_EQ(test, rsv_cache_reserve(c[i], 100), 0);
		use(test, c[i]);
	}
	KUNIT_EXPECT_EQ(test, rsv_caches_destroy(ARRAY_SIZE(c), c), 0);
	for (i = 0; i < ARRAY_SIZE(r); i++) {
		rsvt_scratch_shrink(r[i]);
		rsvt_settle(r[i]);
		KUNIT_EXPECT_EQ(test, rsvt_region_free_bytes(r[i]), SZ_1M);
	}
}

static void cache_in_use_stays_and_the_others_end(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_1M);
	struct rsv_cache *c[SEVERAL], *busy;
	void *object;
	int err;

	create_several(test, r, c);
	busy = c[1];
	object = rsv_cache_alloc(busy, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, object);
	EXPECT_MISUSE(test, RSV_IN_USE, err = rsv_caches_destroy(SEVERAL, c));
	KUNIT_EXPECT_EQ(test, err, -EBUSY);
	KUNIT_EXPECT_NULL(test, c[0]);
	KUNIT_EXPECT_PTR_EQ(test, c[1], busy);
	KUNIT_EXPECT_NULL(test, c[2]);
	KUNIT_EXPECT_NULL(test, c[3]);

	/* The names of the others are free, and this one serves as before. */
	c[0] = create(test, r, "several-0", 0);
	KUNIT_EXPECT_PTR_EQ(test, rsv_cache_create(r, "several-1", 64, 0, 0, NULL),
			    ERR_PTR(-EEXIST));
	use(test, busy);
	rsv_cache_free(busy, object);
	KUNIT_EXPECT_EQ(test, rsv_caches_destroy(SEVERAL, c), 0);
	KUNIT_EXPECT_NULL(test, c[1]);
}

static void cache_that_was_destroyed_is_reported(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_1M);
	struct rsv_cache *c[SEVERAL];
	int err;

	create_several(test, r, c);
	KUNIT_EXPECT_EQ(test, rsv_cache_destroy(c[2]), 0);
	EXPECT_MISUSE(test, RSV_DEAD_CACHE, err = rsv_caches_destroy(SEVERAL, c));
	KUNIT_EXPECT_EQ(test, err, -EINVAL);
	KUNIT_EXPECT_NULL(test, memchr_inv(c, 0, sizeof(c)));
}

static void cache_that_is_there_twice_is_reported_and_ends_once(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_1M);
	struct rsv_cache *c[2] = { create(test, r, "twice", 0) };
	int err;

	c[1] = c[0];
	EXPECT_MISUSE(test, RSV_DEAD_CACHE, err = rsv_caches_destroy(2, c));
	KUNIT_EXPECT_EQ(test, err, -EINVAL);
	KUNIT_EXPECT_NULL(test, c[0]);
	KUNIT_EXPECT_NULL(test, c[1]);
}

static void nothing_is_destroyed_where_there_is_nothing(struct kunit *test)
{
	struct rsv_cache *c[SEVERAL] = {};

	KUNIT_EXPECT_EQ(test, rsv_caches_destroy(0, NULL), 0);
	KUNIT_EXPECT_EQ(test, rsv_caches_destroy(SEVERAL, c), 0);
}

/*
 * More caches than may wait, with the same name. Each has a slab, and together these are more than
 * the region.
 */
static void storm_of_caches_exhausts_nothing(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_1M);
	struct rsv_cache *c;
	unsigned int i;

	for (i = 0; i < STORM; i++) {
		c = create(test, r, "storm", 0);
		use(test, c);
		KUNIT_EXPECT_EQ(test, rsv_cache_destroy(c), 0);
	}
	EXPECT_UNTOUCHED(test, r);
}

/* The slabs of a cache that ended serve a request that may wait, however few they are. */
static void slabs_of_an_ended_cache_serve_others(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_1M);
	struct rsv_cache *c = create(test, r, "ended", 0);
	void *all;

	use(test, c);
	KUNIT_EXPECT_EQ(test, rsv_cache_destroy(c), 0);
	all = rsv_alloc_pages_exact(r, SZ_1M, GFP_KERNEL);
	KUNIT_EXPECT_NOT_NULL(test, all);
	rsv_free_pages_exact(all, SZ_1M);
	EXPECT_UNTOUCHED(test, r);
}

/* The pages of a small region are free when the function returns. */
static void no_large_share_of_a_region_leaves(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = create(test, r, "large-share", RSV_NO_MAGAZINE);

	use(test, c);
	KUNIT_EXPECT_EQ(test, rsv_cache_destroy(c), 0);
	KUNIT_EXPECT_FALSE(test, rsv_leaving_any(&r->leaving));
}

static struct kunit_case cache_destroy_cases[] = {
	KUNIT_CASE(many_caches_end_in_the_time_of_a_few),
	KUNIT_CASE(caches_of_all_kinds_and_of_two_regions_give_everything_back),
	KUNIT_CASE(cache_in_use_stays_and_the_others_end),
	KUNIT_CASE(cache_that_was_destroyed_is_reported),
	KUNIT_CASE(cache_that_is_there_twice_is_reported_and_ends_once),
	KUNIT_CASE(nothing_is_destroyed_where_there_is_nothing),
	KUNIT_CASE(storm_of_caches_exhausts_nothing),
	KUNIT_CASE(slabs_of_an_ended_cache_serve_others),
	KUNIT_CASE(no_large_share_of_a_region_leaves),
	{}};

static struct kunit_suite cache_destroy_suite = {
	.name = "reservoir_cache_destroy",
	.init = rsvt_suite_init,
	.test_cases = cache_destroy_cases,
};

kunit_test_suite(cache_destroy_suite);
