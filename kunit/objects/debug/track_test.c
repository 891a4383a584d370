// SPDX-License-Identifier: GPL-2.0
/*
 * Owners of objects: they are kept, misuse of what has one is reported as that of any other, and a
 * cache in use does not end. What the reports say of them is in report_test.c.
 */
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "objects/debug/track.h"
#include "region.h"
#include "support/checks.h"
#include "support/variants.h"

KUNIT_ARRAY_PARAM_DESC(engines, engines, name);

static void expect_owner(struct kunit *test, const struct rsv_track *t, const char *function,
			 unsigned long since)
{
	KUNIT_EXPECT_EQ(test, t->pid, current->pid);
	KUNIT_EXPECT_EQ(test, t->cpu, raw_smp_processor_id());
	KUNIT_EXPECT_TRUE(test, time_in_range(t->when, since, jiffies));
	if (IS_ENABLED(CONFIG_STACKDEPOT))
		KUNIT_EXPECT_NE(test, t->stack, 0);
	if (IS_ENABLED(CONFIG_KALLSYMS))
		KUNIT_EXPECT_TRUE_MSG(test,
				      !strncmp(report_text(test, "%ps", (void *)t->caller),
					       function, strlen(function)),
				      "called by %ps", (void *)t->caller);
}

static void owners_of_an_object_are_kept(struct kunit *test)
{
	struct rsv_cache *c = checked_cache(test, SIZE, RSV_STORE_USER | RSV_POISON, NULL);
	unsigned long since = jiffies;
	struct rsv_track track[RSV_EVENTS];
	void *object = take_here(c);

	KUNIT_ASSERT_NOT_NULL(test, object);
	peek(track, object + c->layout.track, sizeof(track));
	expect_owner(test, &track[RSV_ALLOCATED], "take_here", since);
	KUNIT_EXPECT_NE(test, track[RSV_ALLOCATED].cache, 0);
	KUNIT_EXPECT_EQ(test, track[RSV_FREED].caller, 0);
	give_here(c, object);
	peek(track, object + c->layout.track, sizeof(track));
	expect_owner(test, &track[RSV_ALLOCATED], "take_here", since);
	expect_owner(test, &track[RSV_FREED], "give_here", since);
	KUNIT_EXPECT_EQ(test, track[RSV_ALLOCATED].cache, 0);
}

static void misuse_of_a_checked_object_is_reported_once(struct kunit *test)
{
	struct rsv_cache *c = checked_cache(test, SIZE, CHECKS, NULL);
	struct rsv_cache *d = scratch_cache(test, c->region, 2 * SIZE, 0);
	void *object[2], *theirs;

	objects_take(test, d, &theirs, 1);
	objects_take(test, c, object, 2);
	rsv_cache_free(c, object[0]);
	EXPECT_REPORT(test, RSV_DOUBLE_FREE, report_given_back(test, c, object[0]),
		      rsv_cache_free(c, object[0]));
	EXPECT_REPORT(test, RSV_MISALIGNED, report_given_back(test, c, object[1] + 8),
		      rsv_cache_free(c, object[1] + 8));
	EXPECT_REPORT(test, RSV_WRONG_CACHE, report_given_back(test, c, theirs),
		      rsv_cache_free(c, theirs));
	EXPECT_REPORT(test, RSV_WRONG_CACHE, report_given_back(test, d, object[1]),
		      rsv_cache_free(d, object[1]));
	rsv_cache_free(d, theirs);
	rsv_cache_free(c, object[1]);
}

/* Blocks of SLOB's heap have their size in common, and nothing else that says whose they are. */
static void owner_of_an_object_tells_caches_that_share_the_heap_apart(struct kunit *test)
{
	struct rsv_region *r = scratch_region(test, SZ_1M);
	const unsigned int flags = RSV_ENGINE_SLOB | RSV_STORE_USER;
	struct rsv_cache *c = scratch_cache_flags(test, r, SIZE, 0, flags, NULL);
	struct rsv_cache *d = scratch_cache_flags(test, r, SIZE, 0, flags, NULL);
	void *object;

	stay_on_this_cpu();
	objects_take(test, c, &object, 1);
	memset(object, 0x5a, SIZE);
	EXPECT_REPORT(test, RSV_WRONG_CACHE, report_given_back(test, d, object),
		      rsv_cache_free(d, object));
	/* It is as it was. */
	KUNIT_EXPECT_NULL(test, memchr_inv(object, 0x5a, SIZE));
	KUNIT_EXPECT_EQ(test, cache_figures(c).active_objects, 1);
	rsv_cache_free(c, object);
	EXPECT_REPORT(test, RSV_DOUBLE_FREE, report_given_back(test, d, object),
		      rsv_cache_free(d, object));
	scratch_cache_end(test, d);
	scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

static void cache_in_use_is_not_destroyed_and_its_leaks_are_listed(struct kunit *test)
{
	struct rsv_cache *c = checked_cache(test, SIZE, CHECKS, NULL);
	void *object[40];
	int err;

	objects_take(test, c, object, ARRAY_SIZE(object));
	rsv_cache_free(c, object[0]);
	EXPECT_REPORT(test, RSV_IN_USE,
		      report_text(test, "cache %s of region %s: 39 objects are out", c->name,
				  c->region->name),
		      err = rsv_cache_destroy(c));
	KUNIT_EXPECT_EQ(test, err, -EBUSY);
	/* It goes on as if nothing had been. */
	objects_take(test, c, object, 1);
	memset(object[0], 0x5a, SIZE);
	objects_give(c, object, ARRAY_SIZE(object));
	scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, c->region);
}

static void objects_without_checks_leak_as_well(struct kunit *test)
{
	struct rsv_cache *c = checked_cache(test, SIZE, 0, NULL);
	void *object[3];
	int err;

	objects_take(test, c, object, 3);
	EXPECT_REPORT(test, RSV_IN_USE,
		      report_text(test, "cache %s of region %s: 3 objects are out", c->name,
				  c->region->name),
		      err = rsv_cache_destroy(c));
	KUNIT_EXPECT_EQ(test, err, -EBUSY);
	objects_give(c, object, 3);
}

static struct kunit_case owner_cases[] = {
	KUNIT_CASE_PARAM(owners_of_an_object_are_kept, engines_gen_params),
	KUNIT_CASE_PARAM(misuse_of_a_checked_object_is_reported_once, engines_gen_params),
	KUNIT_CASE(owner_of_an_object_tells_caches_that_share_the_heap_apart),
	KUNIT_CASE_PARAM(cache_in_use_is_not_destroyed_and_its_leaks_are_listed,
			 engines_gen_params),
	KUNIT_CASE_PARAM(objects_without_checks_leak_as_well, engines_gen_params),
	{}};

static struct kunit_suite owner_suite = {
	.name = "reservoir_owner",
	.init = suite_init,
	.test_cases = owner_cases,
};

kunit_test_suite(owner_suite);
