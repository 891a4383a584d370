// SPDX-License-Identifier: GPL-2.0
/*
 * The reaper: how many empty slabs and magazines a cache retains, which ones it gives back, and
 * when.
 */
#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>

#include "objects/cache.h"
#include "objects/reap.h"
#include "objects/stats.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/scratch.h"
#include "support/suite.h"

/* Six objects fill a slab of three pages. */
#define SIZE	 2048
#define PER_SLAB	6

/* Empty slabs that a cache retains at least */
#define EMPTY_MIN	2

#define SLABS	6
#define OBJECTS	(SLABS * PER_SLAB)

struct engine_case {
	const char *what;
	unsigned int flags;
};

/* Engines with slabs, without magazines, so that the test sees which slab serves */
static const struct engine_case engines[] = {
	{"SLAB", RSV_ENGINE_SLAB | RSV_NO_MAGAZINE | RSV_CACHE_INTERNAL},
	{"SLUB", RSV_ENGINE_SLUB | RSV_NO_MAGAZINE | RSV_CACHE_INTERNAL},
};

KUNIT_ARRAY_PARAM_DESC(engines, engines, what);

static struct rsv_cache *bare_cache(struct kunit *test)
{
	const struct engine_case *k = test->param_value;

	rsvt_stay_on_this_cpu();
	return rsvt_scratch_cache_flags(test, rsvt_scratch_region(test, SZ_1M), SIZE, 0, k->flags,
					NULL);
}

/* Fills @slabs slabs and empties them. */
static void use_slabs(struct kunit *test, struct rsv_cache *c, unsigned int slabs)
{
	void *object[OBJECTS];

	rsvt_objects_alloc(test, c, object, slabs * PER_SLAB);
	rsvt_objects_free(c, object, slabs * PER_SLAB);
}

/* --- Empty slabs ---------------------------------------------------------------------------- */

/* Four of six slabs go back, and the next requests need them at once. The next time they stay. */
static void slabs_given_back_too_early_raise_the_target(struct kunit *test)
{
	struct rsv_cache *c = bare_cache(test);

	use_slabs(test, c, SLABS);
	EXPECT_SLABS(test, c, 0, 0, EMPTY_MIN);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).slabs_given, SLABS - EMPTY_MIN);
	use_slabs(test, c, SLABS);
	EXPECT_SLABS(test, c, 0, 0, SLABS);
	use_slabs(test, c, SLABS);
	EXPECT_SLABS(test, c, 0, 0, SLABS);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).slabs_given, SLABS - EMPTY_MIN);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).slabs_made, SLABS + SLABS - EMPTY_MIN);
}

/* A slab that is missed an interval later was not given back too early. */
static void slabs_missed_later_do_not_raise_the_target(struct kunit *test)
{
	struct rsv_cache *c = bare_cache(test);
	unsigned int i;

	for (i = 0; i < 3; i++) {
		use_slabs(test, c, SLABS);
		EXPECT_SLABS(test, c, 0, 0, EMPTY_MIN);
		rsv_caches_age(c->region);
	}
}

/* Slabs given back by age or by shrinking do not count as given back too early. */
static void slabs_given_back_by_age_do_not_raise_the_target(struct kunit *test)
{
	struct rsv_cache *c = bare_cache(test);

	use_slabs(test, c, EMPTY_MIN);
	rsv_caches_age(c->region);
	rsv_caches_age(c->region);
	EXPECT_SLABS(test, c, 0, 0, 0);
	use_slabs(test, c, EMPTY_MIN + 1);
	EXPECT_SLABS(test, c, 0, 0, EMPTY_MIN);
	rsv_cache_shrink(c);
	EXPECT_SLABS(test, c, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, c->nodes[numa_mem_id()]->target, EMPTY_MIN);
}

/*
 * A caller with interrupts off does not wait for the buddy system: the next caller gives its slabs
 * back.
 */
static void surplus_of_who_has_interrupts_off_goes_with_the_next(struct kunit *test)
{
	struct rsv_cache *c = bare_cache(test);
	void *object[OBJECTS];
	unsigned long flags;

	rsvt_objects_alloc(test, c, object, OBJECTS);
	local_irq_save(flags);
	rsvt_objects_free(c, object, OBJECTS);
	local_irq_restore(flags);
	EXPECT_SLABS(test, c, 0, 0, SLABS);
	rsv_cache_free(c, rsv_cache_alloc(c, GFP_KERNEL));
	EXPECT_SLABS(test, c, 0, 0, SLABS - 1);
	rsv_caches_age(c->region);
	rsv_caches_age(c->region);
	EXPECT_SLABS(test, c, 0, 0, 0);
}

static const unsigned int used[] = { 0, 1, 3, 5, 6 };

static void used_text(const unsigned int *slabs, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "%u of %u slabs used", *slabs, SLABS);
}

KUNIT_ARRAY_PARAM(used, used, used_text);

/* Of six slabs the test uses a number in an interval. */
static void exactly_what_was_unused_for_an_interval_goes(struct kunit *test)
{
	unsigned int slabs = *(const unsigned int *)test->param_value, i;
	struct rsv_cache *c = rsvt_scratch_cache(test, rsvt_scratch_region(test, SZ_1M), SIZE, 0);
	struct rsv_cache_node *n = c->nodes[numa_mem_id()];

	rsvt_stay_on_this_cpu();
	use_slabs(test, c, SLABS);
	use_slabs(test, c, SLABS);
	rsv_caches_age(c->region);
	EXPECT_SLABS(test, c, 0, 0, SLABS);
	KUNIT_EXPECT_EQ(test, n->target, SLABS);
	for (i = 0; i < 3; i++) {
		use_slabs(test, c, slabs);
		rsv_caches_age(c->region);
		EXPECT_SLABS(test, c, 0, 0, slabs);
		KUNIT_EXPECT_EQ(test, n->target, max(slabs, EMPTY_MIN));
	}
}

/* A slab that was used at the end of an interval does not count as unused in the next one. */
static void slab_that_became_empty_stays_for_an_interval(struct kunit *test)
{
	struct rsv_cache *c = bare_cache(test);
	void *object[PER_SLAB];

	rsvt_objects_alloc(test, c, object, PER_SLAB);
	rsv_caches_age(c->region);
	rsvt_objects_free(c, object, PER_SLAB);
	rsv_caches_age(c->region);
	EXPECT_SLABS(test, c, 0, 0, 1);
	rsv_caches_age(c->region);
	EXPECT_SLABS(test, c, 0, 0, 0);
}

/* --- Partial slabs -------------------------------------------------------------------------- */

/* The number of an object's slab, found by the objects that were allocated from each slab */
static unsigned int slab_of(void *object, void *const *objects)
{
	unsigned int slab = 0;

	while (slab < SLABS && !rsvt_object_among(object, objects + slab * PER_SLAB, PER_SLAB))
		slab++;
	return slab;
}

/* One object of slab 0 is used, two of slab 1, three of slab 2, five of slab 3. */
static void fullest_slab_serves_first_so_that_others_become_empty(struct kunit *test)
{
	static const unsigned int in_use[] = { 1, 2, 3, 5 };
	struct rsv_cache *c = bare_cache(test);
	void *object[4 * PER_SLAB], *again;
	unsigned int slab, free;

	rsvt_objects_alloc(test, c, object, ARRAY_SIZE(object));
	for (slab = 0; slab < 4; slab++)
		rsvt_objects_free(c, object + slab * PER_SLAB + in_use[slab],
				  PER_SLAB - in_use[slab]);
	for (slab = 4; slab--;)
		for (free = PER_SLAB - in_use[slab]; free--;) {
			rsvt_objects_alloc(test, c, &again, 1);
			KUNIT_EXPECT_EQ(test, slab_of(again, object), slab);
		}
	EXPECT_SLABS(test, c, 4, 0, 0);
	rsvt_objects_free(c, object, ARRAY_SIZE(object));
}

/* One in four of many objects stays. Objects that come and go afterwards gather in few slabs. */
static void steady_use_after_a_peak_gathers_in_few_slabs(struct kunit *test)
{
	struct rsv_cache *c = bare_cache(test);
	void *object[OBJECTS];
	unsigned int i, age;

	rsvt_objects_alloc(test, c, object, OBJECTS);
	for (i = 0; i < OBJECTS; i++)
		if (i % 4)
			rsv_cache_free(c, object[i]);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).partial, SLABS);
	/* Another object replaces each of those that stay, in turn. */
	for (i = 0; i < OBJECTS; i += 4) {
		rsv_cache_free(c, object[i]);
		rsvt_objects_alloc(test, c, object + i, 1);
	}
	for (age = 0; age < 2; age++)
		rsv_caches_age(c->region);
	KUNIT_EXPECT_LE(test, rsvt_cache_count(c).full + rsvt_cache_count(c).partial, 3);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).empty, 0);
	for (i = 0; i < OBJECTS; i += 4)
		rsv_cache_free(c, object[i]);
}

/* --- The depot ------------------------------------------------------------------------------ */

/* A cache whose depot has @full full magazines */
static struct rsv_cache *depot_cache(struct kunit *test, unsigned int full, void ***objects)
{
	struct rsv_cache *c;
	unsigned int nr;

	rsvt_stay_on_this_cpu();
	c = rsvt_scratch_cache_flags(test, rsvt_scratch_region(test, SZ_1M), 64, 0, 0, NULL);
	nr = (full + 2) * c->magazine_size;
	*objects = kunit_kcalloc(test, nr, sizeof(**objects), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, *objects);
	rsvt_objects_alloc(test, c, *objects, nr);
	rsv_cache_shrink(c);
	rsvt_objects_free(c, *objects, nr);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).depot_full, full);
	return c;
}

static void magazines_that_lay_in_the_depot_for_an_interval_go(struct kunit *test)
{
	void **object;
	struct rsv_cache *c = depot_cache(test, 6, &object);
	unsigned int r = c->magazine_size;

	rsv_caches_age(c->region);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).depot_full, 6);
	/* Two of six are used, and come back. */
	rsvt_objects_alloc(test, c, object, 4 * r);
	rsvt_objects_free(c, object, 4 * r);
	rsv_caches_age(c->region);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).depot_full, 2);
	/* The same for empty ones: one is used, one is not. */
	rsvt_objects_alloc(test, c, object, 4 * r);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).depot_empty, 2);
	rsv_caches_age(c->region);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).depot_empty, 2);
	rsvt_objects_free(c, object, 3 * r);
	rsvt_objects_alloc(test, c, object, 3 * r);
	rsv_caches_age(c->region);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).depot_empty, 1);
	rsvt_objects_free(c, object, 4 * r);
}

/* The objects of a magazine and then its memory go in the same step. */
static void age_reaches_slabs_and_the_memory_of_magazines(struct kunit *test)
{
	void **object;
	struct rsv_cache *c = depot_cache(test, 20, &object);
	u64 had = rsvt_region_free_pages(c->region);

	rsv_caches_age(c->region);
	rsv_caches_age(c->region);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).depot_full, 0);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c->magazine_cache).active, 2);
	rsv_caches_age(c->region);
	rsv_caches_age(c->region);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).empty, 0);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c->magazine_cache).empty, 0);
	KUNIT_EXPECT_GT(test, rsvt_region_free_pages(c->region), had);
}

/* --- When the region runs short, and by itself ---------------------------------------------- */

static void page_request_gets_all_that_is_free(struct kunit *test)
{
	void **object;
	struct rsv_cache *c = depot_cache(test, 6, &object);
	struct rsv_region *r = c->region;
	struct page **page = rsvt_pages_array(test, r->nr_pages);
	unsigned long nr;

	KUNIT_EXPECT_LT(test, rsvt_region_free_pages(r), r->nr_pages);
	nr = rsvt_pages_alloc(r, GFP_KERNEL, 0, page, r->nr_pages);
	KUNIT_EXPECT_EQ(test, nr, r->nr_pages);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).total, 0);
	rsvt_pages_free(page, nr, 0);
}

/* A used object holds its slab, and nothing else. */
static void page_request_gets_all_but_slabs_in_use(struct kunit *test)
{
	struct rsv_cache *c = bare_cache(test);
	struct rsv_region *r = c->region;
	struct page **page = rsvt_pages_array(test, r->nr_pages);
	void *object[OBJECTS];
	unsigned long nr;

	rsvt_objects_alloc(test, c, object, OBJECTS);
	rsvt_objects_free(c, object + 1, OBJECTS - 1);
	nr = rsvt_pages_alloc(r, GFP_KERNEL, 0, page, r->nr_pages);
	KUNIT_EXPECT_EQ(test, nr,
			r->nr_pages - rsvt_cache_count(c).pages -
				rsvt_cache_count(r->magazine_caches[0]).pages);
	EXPECT_SLABS(test, c, 0, 1, 0);
	rsvt_pages_free(page, nr, 0);
	rsv_cache_free(c, object[0]);
}

static void age_goes_on_by_itself(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_1M);
	struct rsv_cache *c = rsvt_scratch_cache(test, r, SIZE, 0);
	unsigned long end = jiffies + 10 * HZ;

	rsvt_stay_on_this_cpu();
	use_slabs(test, c, 1);
	rsv_caches_age(r);
	EXPECT_SLABS(test, c, 0, 0, 1);
	rsv_reap_start(r);
	while (rsvt_cache_count(c).empty && time_before(jiffies, end))
		msleep(20);
	rsv_reap_stop(r);
	EXPECT_SLABS(test, c, 0, 0, 0);
}

static struct kunit_case reclaim_cases[] = {
	KUNIT_CASE_PARAM(slabs_given_back_too_early_raise_the_target, engines_gen_params),
	KUNIT_CASE_PARAM(slabs_missed_later_do_not_raise_the_target, engines_gen_params),
	KUNIT_CASE_PARAM(slabs_given_back_by_age_do_not_raise_the_target, engines_gen_params),
	KUNIT_CASE_PARAM(surplus_of_who_has_interrupts_off_goes_with_the_next, engines_gen_params),
	KUNIT_CASE_PARAM(exactly_what_was_unused_for_an_interval_goes, used_gen_params),
	KUNIT_CASE_PARAM(slab_that_became_empty_stays_for_an_interval, engines_gen_params),
	KUNIT_CASE_PARAM(fullest_slab_serves_first_so_that_others_become_empty, engines_gen_params),
	KUNIT_CASE_PARAM(steady_use_after_a_peak_gathers_in_few_slabs, engines_gen_params),
	KUNIT_CASE(magazines_that_lay_in_the_depot_for_an_interval_go),
	KUNIT_CASE(age_reaches_slabs_and_the_memory_of_magazines),
	KUNIT_CASE(page_request_gets_all_that_is_free),
	KUNIT_CASE_PARAM(page_request_gets_all_but_slabs_in_use, engines_gen_params),
	KUNIT_CASE(age_goes_on_by_itself),
	{}};

static struct kunit_suite reclaim_suite = {
	.name = "reservoir_reclaim",
	.init = rsvt_suite_init,
	.test_cases = reclaim_cases,
};

kunit_test_suite(reclaim_suite);
