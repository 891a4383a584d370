// SPDX-License-Identifier: GPL-2.0
/*
 * Checks of rsv_kmalloc(): the red zone begins right behind the bytes that the caller asked for.
 */
#include <linux/poison.h>
#include <linux/string.h>

#include "objects/size_class.h"
#include "support/areas.h"
#include "support/bytes.h"
#include "support/checks.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/suite.h"
#include "support/variants.h"

KUNIT_ARRAY_PARAM_DESC(engines, rsvt_engines, name);

/* A region whose size classes have these checks */
static struct rsv_region *checked_region_of(struct kunit *test, const char *option,
					    const char *classes)
{
	const struct engine_case *k = test->param_value;

	rsvt_stay_on_this_cpu();
	rsvt_set_debug(test, option);
	return rsvt_scratch_region_of(test, SZ_1M, k->name, classes);
}

/* Size classes of powers of two leave many bytes behind the requested ones. */
static struct rsv_region *checked_region(struct kunit *test)
{
	return checked_region_of(test, "FZPU,kmalloc-*", "pow2");
}

static struct rsv_cache *class_of(struct rsv_region *r, size_t size)
{
	return r->kmalloc[rsv_class_of(r->classes, size)];
}

static void expect_red(struct kunit *test, u8 *p, unsigned int from, unsigned int to)
{
	u8 bytes[128];

	rsvt_peek(bytes, p, to);
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes + from, SLUB_RED_ACTIVE, to - from));
}

/* kmalloc()'s alignment contract holds with red zones around objects and with coloured slabs. */
static void checks_leave_the_alignment_that_kmalloc_promises(struct kunit *test)
{
	struct rsv_region *r = checked_region_of(test, "FZPU,kmalloc-*", "fine");
	unsigned int class, i;
	size_t size, align;
	void *p[3];

	for (class = 0; class < r->classes->nr; class++) {
		size = r->classes->size[class];
		align = max_t(size_t, size & -size, ARCH_KMALLOC_MINALIGN);
		for (i = 0; i < ARRAY_SIZE(p); i++) {
			p[i] = rsv_kmalloc(r, size, GFP_KERNEL);
			KUNIT_ASSERT_NOT_NULL(test, p[i]);
			KUNIT_EXPECT_TRUE_MSG(test, IS_ALIGNED((unsigned long)p[i], align),
					      "%zu bytes", size);
		}
		for (i = 0; i < ARRAY_SIZE(p); i++)
			rsv_kfree(p[i]);
	}
}

/* As in lib/slub_kunit.c: the free finds a write to the two bytes behind 18 requested ones. */
static void write_behind_what_was_asked_for_is_found(struct kunit *test)
{
	struct rsv_region *r = checked_region(test);
	u8 *p = rsv_kmalloc(r, 18, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	memset(p, 0, 18);
	expect_red(test, p, 18, 32);
	rsvt_poke_byte(p, 18, 0xab);
	rsvt_poke_byte(p, 19, 0xab);
	EXPECT_MISUSE(test, RSV_RED_ZONED, rsv_kfree(p));
	rsvt_expect_report_ends(test, RIGHT("18"));
	rsvt_recover(test, class_of(r, 18), p);
	EXPECT_UNTOUCHED(test, r);
}

static void all_of_what_was_asked_for_may_be_used(struct kunit *test)
{
	struct rsv_region *r = checked_region(test);
	unsigned int size;
	u8 *p;

	for (size = 1; size <= 128; size++) {
		p = rsv_kmalloc(r, size, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p);
		memset(p, 0xff, size);
		expect_red(test, p, size, roundup_pow_of_two(max(size, 8U)));
		rsv_kfree(p);
	}
}

/* rsv_ksize() only reports: the bytes behind those that the caller asked for stay red zone. */
static void asking_for_the_size_leaves_the_red_zone_where_it_is(struct kunit *test)
{
	struct rsv_region *r = checked_region(test);
	u8 *p = rsv_kmalloc(r, 18, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	memset(p, 0, 18);
	KUNIT_EXPECT_EQ(test, rsv_ksize(p), 32);
	expect_red(test, p, 18, 32);
	rsvt_poke_byte(p, 18, 0xab);
	EXPECT_MISUSE(test, RSV_RED_ZONED, rsv_kfree(p));
	rsvt_expect_report_ends(test, RIGHT("18"));
	rsvt_recover(test, class_of(r, 18), p);
	EXPECT_UNTOUCHED(test, r);
}

/* The mark of a free object is never in the red zone, even if the cache has no other check. */
static void red_zones_alone_refuse_no_size(struct kunit *test)
{
	struct rsv_region *r = checked_region_of(test, "Z,kmalloc-*", "pow2");
	size_t size;
	void *p;

	for (size = 1; size <= 150; size++) {
		p = rsv_kmalloc(r, size, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p);
		memset(p, 0x5a, size);
		rsv_kfree(p);
	}
	rsvt_scratch_shrink(r);
	EXPECT_UNTOUCHED(test, r);
}

/* As in lib/slub_kunit.c: rsv_krealloc() that resizes in place moves the red zone. */
static void red_zone_follows_a_size_that_changes_in_place(struct kunit *test)
{
	struct rsv_region *r = checked_region(test);
	u8 *p = rsv_kmalloc(r, 48, GFP_KERNEL), *again;

	KUNIT_ASSERT_NOT_NULL(test, p);
	memset(p, 0xff, 48);
	again = rsv_krealloc(r, p, 40, GFP_KERNEL);
	KUNIT_ASSERT_PTR_EQ(test, again, p);
	expect_red(test, again, 40, 64);
	again = rsv_krealloc(r, again, 56, GFP_KERNEL);
	KUNIT_ASSERT_PTR_EQ(test, again, p);
	memset(again, 0xff, 56);
	expect_red(test, again, 56, 64);
	again = rsv_krealloc(r, again, 40, GFP_KERNEL);
	rsvt_poke_byte(again, 41, 0x12);
	EXPECT_MISUSE(test, RSV_RED_ZONED, rsv_kfree(again));
	rsvt_expect_report_ends(test, RIGHT("41"));
	rsvt_recover(test, class_of(r, 48), again);
	EXPECT_UNTOUCHED(test, r);
}

/* rsv_krealloc() that moves or frees memory checks its red zone like a free. */
static void write_behind_what_was_asked_for_is_found_when_it_moves(struct kunit *test)
{
	struct rsv_region *r = checked_region(test);
	u8 *p = rsv_kmalloc(r, 18, GFP_KERNEL), *q = rsv_kmalloc(r, 18, GFP_KERNEL), *moved = NULL;
	size_t none = 0;

	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_ASSERT_NOT_NULL(test, q);
	rsvt_poke_byte(p, 18, 0xab);
	EXPECT_MISUSE(test, RSV_RED_ZONED, moved = rsv_krealloc(r, p, 112, GFP_KERNEL));
	rsvt_expect_report_ends(test, RIGHT("18"));
	rsvt_poke_byte(q, 20, 0xab);
	EXPECT_MISUSE(test, RSV_RED_ZONED,
		      KUNIT_EXPECT_PTR_EQ(test, rsv_krealloc(r, q, none, GFP_KERNEL),
					  ZERO_SIZE_PTR));
	rsvt_expect_report_ends(test, RIGHT("20"));
	rsv_kfree(moved);
	rsvt_recover(test, class_of(r, 18), p);
	rsvt_recover(test, class_of(r, 18), q);
	EXPECT_UNTOUCHED(test, r);
}

/* Memory that was allocated with __GFP_ZERO is zero in each byte that it grows by. */
static void what_is_added_is_zeroed_and_not_red_zone(struct kunit *test)
{
	struct rsv_region *r = checked_region(test);
	const gfp_t gfp = GFP_KERNEL | __GFP_ZERO;
	u8 *p = rsv_kmalloc(r, 40, gfp), *same, *moved;

	KUNIT_ASSERT_NOT_NULL(test, p);
	memset(p, 0xff, 40);
	same = rsv_krealloc(r, p, 56, gfp);
	KUNIT_ASSERT_PTR_EQ(test, same, p);
	KUNIT_EXPECT_NULL(test, memchr_inv(same, 0xff, 40));
	KUNIT_EXPECT_NULL(test, memchr_inv(same + 40, 0, 56 - 40));
	expect_red(test, same, 56, 64);

	memset(same, 0xff, 56);
	moved = rsv_krealloc(r, same, 112, gfp);
	KUNIT_ASSERT_NOT_NULL(test, moved);
	KUNIT_EXPECT_NULL(test, memchr_inv(moved, 0xff, 56));
	KUNIT_EXPECT_NULL(test, memchr_inv(moved + 56, 0, 112 - 56));
	expect_red(test, moved, 112, 128);
	rsv_kfree(moved);
}

static struct kunit_case debug_kmalloc_cases[] = {
	KUNIT_CASE_PARAM(checks_leave_the_alignment_that_kmalloc_promises, engines_gen_params),
	KUNIT_CASE_PARAM(write_behind_what_was_asked_for_is_found, engines_gen_params),
	KUNIT_CASE_PARAM(all_of_what_was_asked_for_may_be_used, engines_gen_params),
	KUNIT_CASE_PARAM(asking_for_the_size_leaves_the_red_zone_where_it_is, engines_gen_params),
	KUNIT_CASE_PARAM(red_zones_alone_refuse_no_size, engines_gen_params),
	KUNIT_CASE_PARAM(red_zone_follows_a_size_that_changes_in_place, engines_gen_params),
	KUNIT_CASE_PARAM(write_behind_what_was_asked_for_is_found_when_it_moves,
			 engines_gen_params),
	KUNIT_CASE_PARAM(what_is_added_is_zeroed_and_not_red_zone, engines_gen_params),
	{}};

static struct kunit_suite debug_kmalloc_suite = {
	.name = "reservoir_debug_kmalloc",
	.init = rsvt_suite_init,
	.test_cases = debug_kmalloc_cases,
};

kunit_test_suite(debug_kmalloc_suite);
