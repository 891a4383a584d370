// SPDX-License-Identifier: GPL-2.0
/*
 * Owner records: they survive; misuse of a tracked object is reported like any other; a tracked
 * cache in use is not destroyed. report_test.c proves the text of the reports.
 */
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "objects/debug/track.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/bytes.h"
#include "support/checks.h"
#include "support/figures.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/suite.h"
#include "support/variants.h"

KUNIT_ARRAY_PARAM_DESC(engines, rsvt_engines, name);

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
				      !strncmp(rsvt_report_text(test, "%ps", (void *)t->caller),
					       function, strlen(function)),
				      "called by %ps", (void *)t->caller);
}

static void owners_of_an_object_are_recorded(struct kunit *test)
{
	struct rsv_cache *c = rsvt_checked_cache(test, SIZE, RSV_STORE_USER | RSV_POISON, NULL);
	unsigned long since = jiffies;
	struct rsv_track track[RSV_EVENTS];
	void *object = rsvt_alloc_here(c);

	KUNIT_ASSERT_NOT_NULL(test, object);
	rsvt_peek(track, object + c->layout.track, sizeof(track));
	expect_owner(test, &track[RSV_ALLOCATED], "rsvt_alloc_here", since);
	KUNIT_EXPECT_NE(test, track[RSV_ALLOCATED].cache, 0);
	KUNIT_EXPECT_EQ(test, track[RSV_FREED].caller, 0);
	rsvt_free_here(c, object);
	rsvt_peek(track, object + c->layout.track, sizeof(track));
	expect_owner(test, &track[RSV_ALLOCATED], "rsvt_alloc_here", since);
	expect_owner(test, &track[RSV_FREED], "rsvt_free_here", since);
	KUNIT_EXPECT_EQ(test, track[RSV_ALLOCATED].cache, 0);
}

static void misuse_of_a_checked_object_is_reported_once(struct kunit *test)
{
	struct rsv_cache *c = rsvt_checked_cache(test, SIZE, CHECKS, NULL);
	struct rsv_cache *d = rsvt_scratch_cache(test, c->region, 2 * SIZE, 0);
	void *object[2], *theirs;

	rsvt_objects_alloc(test, d, &theirs, 1);
	rsvt_objects_alloc(test, c, object, 2);
	rsv_cache_free(c, object[0]);
	EXPECT_REPORT(test, RSV_DOUBLE_FREE, rsvt_report_free(test, c, object[0]),
		      rsv_cache_free(c, object[0]));
	EXPECT_REPORT(test, RSV_MISALIGNED, rsvt_report_free(test, c, object[1] + 8),
		      rsv_cache_free(c, object[1] + 8));
	EXPECT_REPORT(test, RSV_WRONG_CACHE, rsvt_report_free(test, c, theirs),
		      rsv_cache_free(c, theirs));
	EXPECT_REPORT(test, RSV_WRONG_CACHE, rsvt_report_free(test, d, object[1]),
		      rsv_cache_free(d, object[1]));
	rsv_cache_free(d, theirs);
	rsv_cache_free(c, object[1]);
}

/* The records of an object stay when a free to another cache of SLOB's heap is refused. */
static void owner_of_an_object_tells_caches_that_share_the_heap_apart(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_1M);
	const unsigned int flags = RSV_ENGINE_SLOB | RSV_STORE_USER;
	struct rsv_cache *c = rsvt_scratch_cache_flags(test, r, SIZE, 0, flags, NULL);
	struct rsv_cache *d = rsvt_scratch_cache_flags(test, r, SIZE, 0, flags, NULL);
	void *object;

	rsvt_stay_on_this_cpu();
	rsvt_objects_alloc(test, c, &object, 1);
	memset(object, 0x5a, SIZE);
	EXPECT_REPORT(test, RSV_WRONG_CACHE, rsvt_report_free(test, d, object),
		      rsv_cache_free(d, object));
	/* The refused free left the object unchanged. */
	KUNIT_EXPECT_NULL(test, memchr_inv(object, 0x5a, SIZE));
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).active_objects, 1);
	rsv_cache_free(c, object);
	EXPECT_REPORT(test, RSV_DOUBLE_FREE, rsvt_report_free(test, d, object),
		      rsv_cache_free(d, object));
	rsvt_scratch_cache_end(test, d);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

static void cache_in_use_is_not_destroyed_and_its_leaks_are_listed(struct kunit *test)
{
	struct rsv_cache *c = rsvt_checked_cache(test, SIZE, CHECKS, NULL);
	void *object[40];
	int err;

	rsvt_objects_alloc(test, c, object, ARRAY_SIZE(object));
	rsv_cache_free(c, object[0]);
	EXPECT_REPORT(test, RSV_IN_USE,
		      rsvt_report_text(test, "cache %s of region %s: 39 objects are out", c->name,
				       c->region->name),
		      err = rsv_cache_destroy(c));
	KUNIT_EXPECT_EQ(test, err, -EBUSY);
	/* The cache still works. */
	rsvt_objects_alloc(test, c, object, 1);
	memset(object[0], 0x5a, SIZE);
	rsvt_objects_free(c, object, ARRAY_SIZE(object));
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, c->region);
}

static void objects_without_checks_leak_as_well(struct kunit *test)
{
	struct rsv_cache *c = rsvt_checked_cache(test, SIZE, 0, NULL);
	void *object[3];
	int err;

	rsvt_objects_alloc(test, c, object, 3);
	EXPECT_REPORT(test, RSV_IN_USE,
		      rsvt_report_text(test, "cache %s of region %s: 3 objects are out", c->name,
				       c->region->name),
		      err = rsv_cache_destroy(c));
	KUNIT_EXPECT_EQ(test, err, -EBUSY);
	rsvt_objects_free(c, object, 3);
}

static struct kunit_case owner_cases[] = {
	KUNIT_CASE_PARAM(owners_of_an_object_are_recorded, engines_gen_params),
	KUNIT_CASE_PARAM(misuse_of_a_checked_object_is_reported_once, engines_gen_params),
	KUNIT_CASE(owner_of_an_object_tells_caches_that_share_the_heap_apart),
	KUNIT_CASE_PARAM(cache_in_use_is_not_destroyed_and_its_leaks_are_listed,
			 engines_gen_params),
	KUNIT_CASE_PARAM(objects_without_checks_leak_as_well, engines_gen_params),
	{}};

static struct kunit_suite owner_suite = {
	.name = "reservoir_owner",
	.init = rsvt_suite_init,
	.test_cases = owner_cases,
};

kunit_test_suite(owner_suite);
