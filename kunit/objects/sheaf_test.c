// SPDX-License-Identifier: GPL-2.0
/*
 * Sheaves, with every engine, with magazines and without: a section gets every object that was set
 * aside for it, whatever others do to the region meanwhile, and what it leaves goes back.
 */
#include <linux/irqflags.h>
#include <linux/string.h>

#include "objects/cpu.h"
#include "objects/magazine.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/bytes.h"
#include "support/checks.h"
#include "support/figures.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/suite.h"
#include "support/variants.h"

KUNIT_ARRAY_PARAM_DESC(variants, rsvt_variants, what);

#define DIRT	0xa5

static const unsigned int counts[] = { 1, 2, 15, 16, 17, 64, 65, 300 };

static struct rsv_sheaf *prefill(struct kunit *test, struct rsv_cache *c, unsigned int nr)
{
	struct rsv_sheaf *s = rsv_cache_prefill(c, GFP_KERNEL, nr);

	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_EXPECT_EQ(test, rsv_cache_sheaf_size(s), nr);
	return s;
}

/* Takes objects from a sheaf, with interrupts off. Returns how many it got. */
static unsigned int take(struct rsv_cache *c, struct rsv_sheaf *s, void **object, unsigned int nr)
{
	unsigned long flags;
	unsigned int i;

	local_irq_save(flags);
	for (i = 0; i < nr; i++) {
		object[i] = rsv_cache_alloc_from_sheaf(c, 0, s);
		if (!object[i])
			break;
	}
	local_irq_restore(flags);
	return i;
}

static void the_section_gets_each_object_once(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, SIZE, NULL);
	void **object = rsvt_objects_array(test, 300);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		struct rsv_sheaf *s = prefill(test, c, counts[i]);

		KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, counts[i]);
		KUNIT_EXPECT_EQ(test, take(c, s, object, counts[i]), counts[i]);
		KUNIT_EXPECT_EQ(test, rsv_cache_sheaf_size(s), 0);
		KUNIT_EXPECT_NULL(test, rsv_cache_alloc_from_sheaf(c, 0, s));
		rsvt_expect_distinct(test, object, counts[i], SIZE);
		rsv_cache_return_sheaf(c, s);
		rsvt_objects_free(c, object, counts[i]);
		KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
	}
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

static void the_rest_goes_back(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, SIZE, NULL);
	void **object = rsvt_objects_array(test, 300);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		struct rsv_sheaf *s = prefill(test, c, counts[i]);

		KUNIT_EXPECT_EQ(test, take(c, s, object, counts[i] / 3), counts[i] / 3);
		rsv_cache_return_sheaf(c, s);
		KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, counts[i] / 3);
		rsvt_objects_free(c, object, counts[i] / 3);
	}
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).allocs, rsvt_cache_count(c).frees);
	rsv_cache_return_sheaf(c, NULL);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

/* Takes all that the region has, also from other places of the cache. */
static unsigned int exhaust(struct rsv_region *r, struct rsv_cache *c, void **object,
			    unsigned int most)
{
	unsigned int nr = 0;

	while (nr < most && (object[nr] = rsv_cache_alloc(c, GFP_KERNEL | __GFP_NOWARN)))
		nr++;
	rsv_cache_shrink(c);
	return nr;
}

static void an_exhausted_region_takes_nothing_from_a_sheaf(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, SIZE, NULL);
	void **object = rsvt_objects_array(test, VARIANT_REGION / SIZE), *mine[40];
	struct rsv_sheaf *s = prefill(test, c, 40);
	unsigned int nr = exhaust(r, c, object, VARIANT_REGION / SIZE);

	KUNIT_EXPECT_NULL(test, rsv_cache_alloc(c, GFP_KERNEL | __GFP_NOWARN));
	KUNIT_EXPECT_EQ(test, take(c, s, mine, 40), 40);
	rsv_cache_return_sheaf(c, s);
	rsvt_objects_free(c, mine, 40);
	rsvt_objects_free(c, object, nr);
}

/* All or nothing: where the region has too few objects, none is missing afterwards. */
static void what_the_region_does_not_have_is_refused(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, SIZE, NULL);
	void **object = rsvt_objects_array(test, VARIANT_REGION / SIZE);
	struct rsv_sheaf *s = prefill(test, c, 20), *same = s;
	const gfp_t gfp = GFP_KERNEL | __GFP_NOWARN;
	unsigned int nr = exhaust(r, c, object, VARIANT_REGION / SIZE);
	u64 active = rsvt_cache_count(c).active;

	rsvt_objects_free(c, object + nr - 10, 10);
	active -= 10;
	KUNIT_EXPECT_NULL(test, rsv_cache_prefill(c, gfp, 5000));
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, active);
	KUNIT_EXPECT_EQ(test, rsv_cache_refill_sheaf(c, gfp, &s, 5000), -ENOMEM);
	KUNIT_EXPECT_PTR_EQ(test, s, same);
	KUNIT_EXPECT_EQ(test, rsv_cache_sheaf_size(s), 20);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, active);
	/* The ten objects are still to be had. */
	rsvt_objects_alloc(test, c, object + nr - 10, 10);
	rsv_cache_return_sheaf(c, s);
	rsvt_objects_free(c, object, nr);
}

static void a_sheaf_is_refilled(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, SIZE, NULL);
	void **object = rsvt_objects_array(test, 300);
	struct rsv_sheaf *s = prefill(test, c, 16), *first = s;

	KUNIT_EXPECT_EQ(test, take(c, s, object, 10), 10);
	/* It has room for so many. */
	KUNIT_EXPECT_EQ(test, rsv_cache_refill_sheaf(c, GFP_KERNEL, &s, 16), 0);
	KUNIT_EXPECT_PTR_EQ(test, s, first);
	KUNIT_EXPECT_EQ(test, rsv_cache_sheaf_size(s), 16);
	/* It has more already. */
	KUNIT_EXPECT_EQ(test, rsv_cache_refill_sheaf(c, GFP_KERNEL, &s, 3), 0);
	KUNIT_EXPECT_EQ(test, rsv_cache_sheaf_size(s), 16);
	/* It needs more room. */
	KUNIT_EXPECT_EQ(test, rsv_cache_refill_sheaf(c, GFP_KERNEL, &s, 200), 0);
	KUNIT_EXPECT_EQ(test, rsv_cache_sheaf_size(s), 200);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 210);
	KUNIT_EXPECT_EQ(test, take(c, s, object + 10, 200), 200);
	rsvt_expect_distinct(test, object, 210, SIZE);
	rsv_cache_return_sheaf(c, s);
	rsvt_objects_free(c, object, 210);
}

static unsigned int constructed;

static void construct(void *object)
{
	memset(object, 0xc7, SIZE);
	constructed++;
}

static void objects_are_constructed_once(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, SIZE, construct);
	unsigned int round, i, wrong = 0;
	struct rsv_sheaf *s;
	void *object[30];

	constructed = 0;
	for (round = 0; round < 5; round++) {
		s = prefill(test, c, 30);
		KUNIT_EXPECT_EQ(test, take(c, s, object, 30), 30);
		for (i = 0; i < 30; i++)
			wrong += !!memchr_inv(object[i], 0xc7, SIZE);
		rsv_cache_return_sheaf(c, s);
		rsvt_objects_free(c, object, 30);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_LE(test, constructed, 60);
}

static void who_asks_for_zeroes_gets_them(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, SIZE, NULL);
	struct rsv_sheaf *s;
	void *object[30];
	unsigned int i;

	rsvt_objects_alloc(test, c, object, 30);
	for (i = 0; i < 30; i++)
		memset(object[i], DIRT, SIZE);
	rsvt_objects_free(c, object, 30);
	s = prefill(test, c, 30);
	for (i = 0; i < 30; i++) {
		object[i] = rsv_cache_alloc_from_sheaf(c, __GFP_ZERO, s);
		KUNIT_ASSERT_NOT_NULL(test, object[i]);
		KUNIT_EXPECT_NULL(test, memchr_inv(object[i], 0, SIZE));
	}
	rsv_cache_return_sheaf(c, s);
	rsvt_objects_free(c, object, 30);
}

/* With red zones, poison and owners an object of a sheaf is checked as any other. */
static void checks_hold_for_a_sheaf(struct kunit *test)
{
	const struct variant *v = test->param_value;
	const unsigned int flags = v->flags | RSV_RED_ZONE | RSV_POISON | RSV_STORE_USER;
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_scratch_cache_flags(test, r, SIZE, 0, flags, NULL);
	struct rsv_sheaf *s = prefill(test, c, 20);
	void *object[20], *bad = s->object[18];

	rsvt_poke_byte(bad, 3, DIRT);
	KUNIT_EXPECT_EQ(test, take(c, s, object, 1), 1);
	EXPECT_MISUSE(test, RSV_POISONED, take(c, s, object + 1, 1));
	KUNIT_EXPECT_EQ(test, take(c, s, object + 2, 17), 17);
	KUNIT_EXPECT_FALSE(test, rsvt_object_among(bad, object, 19));
	rsv_cache_return_sheaf(c, s);
	rsvt_objects_free(c, object, 19);
	rsvt_recover(test, c, bad);
}

static void a_cache_with_a_sheaf_is_in_use(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, SIZE, NULL);
	struct rsv_sheaf *s = prefill(test, c, 10);
	void *object;

	EXPECT_MISUSE(test, RSV_IN_USE, KUNIT_EXPECT_EQ(test, rsv_cache_destroy(c), -EBUSY));
	rsv_cache_shrink(c);
	KUNIT_EXPECT_EQ(test, rsv_cache_sheaf_size(s), 10);
	KUNIT_EXPECT_EQ(test, take(c, s, &object, 1), 1);
	rsv_cache_free(c, object);
	rsv_cache_return_sheaf(c, s);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

static void a_sheaf_of_another_cache_is_refused(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, SIZE, NULL);
	struct rsv_cache *other = rsvt_param_cache(test, r, SIZE, NULL);
	struct rsv_sheaf *s = prefill(test, c, 10);

	EXPECT_MISUSE(test, RSV_WRONG_CACHE,
		      KUNIT_EXPECT_NULL(test, rsv_cache_alloc_from_sheaf(other, 0, s)));
	EXPECT_MISUSE(test, RSV_WRONG_CACHE,
		      KUNIT_EXPECT_EQ(test, rsv_cache_refill_sheaf(other, GFP_KERNEL, &s, 20),
				      -EINVAL));
	EXPECT_MISUSE(test, RSV_WRONG_CACHE, rsv_cache_return_sheaf(other, s));
	KUNIT_EXPECT_EQ(test, rsv_cache_sheaf_size(s), 10);
	rsv_cache_return_sheaf(c, s);
	KUNIT_EXPECT_NULL(test, rsv_cache_prefill(c, GFP_KERNEL, 0));
	KUNIT_EXPECT_NULL(test, rsv_cache_prefill(c, GFP_KERNEL | __GFP_DMA, 1));
	KUNIT_EXPECT_NULL(test, rsv_cache_prefill(c, GFP_KERNEL, UINT_MAX));
}

/* A missing guaranteed object comes before a magazine. */
static void what_goes_back_is_guaranteed_first(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, SIZE, NULL);
	void **object = rsvt_objects_array(test, VARIANT_REGION / SIZE);
	struct rsv_sheaf *s;
	unsigned int nr;

	KUNIT_ASSERT_EQ(test, rsv_cache_reserve(c, 8), 0);
	s = prefill(test, c, 20);
	nr = exhaust(r, c, object, VARIANT_REGION / SIZE);
	KUNIT_EXPECT_EQ(test, c->guarantee.nr, 0);
	rsv_cache_return_sheaf(c, s);
	KUNIT_EXPECT_EQ(test, c->guarantee.nr, 8);
	rsvt_objects_free(c, object, nr);
	KUNIT_EXPECT_EQ(test, rsv_cache_reserve(c, 0), 0);
}

/* --- With magazines ------------------------------------------------------------------------- */

/* A section that is prepared again and again takes objects of its CPU, none of the slabs. */
static void a_returned_sheaf_serves_the_next_one(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c;
	struct rsv_sheaf *s;
	unsigned int round;
	u64 slow;

	rsvt_stay_on_this_cpu();
	c = rsvt_scratch_cache_flags(test, r, SIZE, 0, RSV_ENGINE_SLUB, NULL);
	rsv_cache_return_sheaf(c, prefill(test, c, 40));
	slow = raw_cpu_read(c->cpus->slow_allocs);
	for (round = 0; round < 100; round++) {
		s = prefill(test, c, 40);
		rsv_cache_return_sheaf(c, s);
	}
	KUNIT_EXPECT_EQ(test, raw_cpu_read(c->cpus->slow_allocs), slow);
}

/* An object that somebody wrote to while it was set aside is lost, and the next one serves. */
static void a_damaged_object_is_found(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	static const u8 junk[SIZE] = { [0 ... SIZE - 1] = DIRT };
	void *object[10], *bad;
	struct rsv_cache *c;
	struct rsv_sheaf *s;

	rsvt_stay_on_this_cpu();
	c = rsvt_scratch_cache_flags(test, r, SIZE, 0, RSV_ENGINE_SLUB, NULL);
	s = prefill(test, c, 10);
	bad = s->object[8];
	rsvt_poke(bad, junk, SIZE);
	KUNIT_EXPECT_EQ(test, take(c, s, object, 1), 1);
	EXPECT_MISUSE(test, RSV_CORRUPT, take(c, s, object + 1, 1));
	KUNIT_EXPECT_PTR_NE(test, object[1], bad);
	KUNIT_EXPECT_EQ(test, rsv_cache_sheaf_size(s), 7);
	rsv_cache_return_sheaf(c, s);
	rsvt_objects_free(c, object, 2);
	/* It counts as used and has no mark, so that it can be freed. */
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 1);
	rsv_cache_free(c, bad);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(the_section_gets_each_object_once, variants_gen_params),
	KUNIT_CASE_PARAM(the_rest_goes_back, variants_gen_params),
	KUNIT_CASE_PARAM(an_exhausted_region_takes_nothing_from_a_sheaf, variants_gen_params),
	KUNIT_CASE_PARAM(what_the_region_does_not_have_is_refused, variants_gen_params),
	KUNIT_CASE_PARAM(a_sheaf_is_refilled, variants_gen_params),
	KUNIT_CASE_PARAM(objects_are_constructed_once, variants_gen_params),
	KUNIT_CASE_PARAM(who_asks_for_zeroes_gets_them, variants_gen_params),
	KUNIT_CASE_PARAM(checks_hold_for_a_sheaf, variants_gen_params),
	KUNIT_CASE_PARAM(a_cache_with_a_sheaf_is_in_use, variants_gen_params),
	KUNIT_CASE_PARAM(a_sheaf_of_another_cache_is_refused, variants_gen_params),
	KUNIT_CASE_PARAM(what_goes_back_is_guaranteed_first, variants_gen_params),
	KUNIT_CASE(a_returned_sheaf_serves_the_next_one),
	KUNIT_CASE(a_damaged_object_is_found),
	{}};

static struct kunit_suite suite = {
	.name = "reservoir_sheaf",
	.init = rsvt_suite_init,
	.test_cases = cases,
};

kunit_test_suite(suite);
