// SPDX-License-Identifier: GPL-2.0
/*
 * How long per-CPU lists are: short while allocations and frees alternate, long while a CPU goes in
 * one direction.
 */
#include "pages/pcp.h"
#include "pages/zonelist.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/scratch.h"
#include "support/suite.h"

#define LOW	8U
#define HIGH	100U

static struct rsv_pcp *new_list(struct kunit *test)
{
	struct rsv_pcp *pcp = kunit_kzalloc(test, sizeof(*pcp), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, pcp);
	return pcp;
}

/* The limit of a list after so many blocks more */
static unsigned int limit_after(struct rsv_pcp *pcp, unsigned int allocs, unsigned int frees)
{
	/* What requests got came from the free areas, and what was freed went there. */
	pcp->moved_in += allocs;
	pcp->moved_out += frees;
	pcp->frees += frees;
	rsv_pcp_adapt(pcp, LOW, HIGH);
	return pcp->high;
}

static void new_list_has_the_low_limit(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, limit_after(new_list(test), 0, 0), LOW);
}

static void too_few_blocks_change_nothing(struct kunit *test)
{
	struct rsv_pcp *pcp = new_list(test);

	KUNIT_EXPECT_EQ(test, limit_after(pcp, RSV_PCP_SAMPLE, 0), LOW);
	KUNIT_EXPECT_EQ(test, limit_after(pcp, RSV_PCP_SAMPLE, 0), 2 * LOW);
	KUNIT_EXPECT_EQ(test, limit_after(pcp, RSV_PCP_SAMPLE / 2 - 1, 0), 2 * LOW);
	KUNIT_EXPECT_EQ(test, limit_after(pcp, 0, RSV_PCP_SAMPLE / 2), 2 * LOW);
	/* They count together with the next ones. */
	KUNIT_EXPECT_EQ(test, limit_after(pcp, 1, 0), LOW);
}

static void one_direction_doubles_the_limit_up_to_the_high_one(struct kunit *test)
{
	struct rsv_pcp *pcp = new_list(test);
	unsigned int limit;

	limit_after(pcp, 0, 0);
	for (limit = 2 * LOW; limit < 2 * HIGH; limit *= 2)
		KUNIT_EXPECT_EQ(test, limit_after(pcp, 0, RSV_PCP_SAMPLE), min(limit, HIGH));
	/* Turning round after a long way is no coming and going. */
	KUNIT_EXPECT_EQ(test, limit_after(pcp, HIGH / 2, HIGH), HIGH);
	KUNIT_EXPECT_EQ(test, limit_after(pcp, HIGH, HIGH / 2), HIGH);
}

static void back_and_forth_halves_the_limit_down_to_the_low_one(struct kunit *test)
{
	struct rsv_pcp *pcp = new_list(test);
	unsigned int limit;

	pcp->limit = HIGH;
	for (limit = HIGH / 2; limit > LOW / 4; limit /= 2)
		KUNIT_EXPECT_EQ(test, limit_after(pcp, 500, 510), max(limit, LOW));
}

static void zone_without_lists_has_no_limit_but_0(struct kunit *test)
{
	struct rsv_pcp *pcp = new_list(test);

	pcp->limit = HIGH;
	rsv_pcp_adapt(pcp, 0, 0);
	KUNIT_EXPECT_EQ(test, pcp->high, 0);
	pcp->moved_in += RSV_PCP_SAMPLE;
	rsv_pcp_adapt(pcp, 0, 0);
	KUNIT_EXPECT_EQ(test, pcp->high, 0);
}

/* --- In a region ------------------------------------------------------------------------------ */

static struct rsv_pcp *this_list(struct rsv_region *r)
{
	return raw_cpu_ptr(rsv_zone_nth(r, 0)->pcp[0]);
}

static void list_gets_long_for_many_pages_and_stays_so_for_bursts(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region_large(test);
	struct rsv_zone *z = rsv_zone_nth(r, 0);
	struct page **page = rsvt_pages_array(test, r->nr_pages);
	unsigned int nr = r->nr_pages / 2, i;

	rsvt_stay_on_this_cpu();
	if (z->pcp_high[0] < 2 * z->pcp_low[0])
		kunit_skip(test, "many CPUs share little memory");
	page[0] = rsv_alloc_pages(r, GFP_KERNEL, 0);
	KUNIT_EXPECT_EQ(test, this_list(r)->high, z->pcp_low[0]);
	__rsv_free_pages(page[0], 0);
	KUNIT_ASSERT_EQ(test, rsvt_pages_alloc(r, GFP_KERNEL, 0, page, nr), nr);
	KUNIT_EXPECT_EQ(test, this_list(r)->high, z->pcp_high[0]);
	rsvt_pages_free(page, nr, 0);
	KUNIT_EXPECT_EQ(test, this_list(r)->high, z->pcp_high[0]);

	/* As many that come and go, more at a time than a short list has */
	for (i = 0; i < 64; i++) {
		nr = z->pcp_low[0] * (2 + i % 2);
		KUNIT_ASSERT_EQ(test, rsvt_pages_alloc(r, GFP_KERNEL, 0, page, nr), nr);
		rsvt_pages_free(page, nr, 0);
	}
	KUNIT_EXPECT_EQ(test, this_list(r)->high, z->pcp_high[0]);
	rsvt_settle(r);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), r->nr_pages);
}

static struct kunit_case limit_cases[] = {
	KUNIT_CASE(new_list_has_the_low_limit),
	KUNIT_CASE(too_few_blocks_change_nothing),
	KUNIT_CASE(one_direction_doubles_the_limit_up_to_the_high_one),
	KUNIT_CASE(back_and_forth_halves_the_limit_down_to_the_low_one),
	KUNIT_CASE(zone_without_lists_has_no_limit_but_0),
	KUNIT_CASE(list_gets_long_for_many_pages_and_stays_so_for_bursts),
	{}};

static struct kunit_suite limit_suite = {
	.name = "reservoir_pcp_limit",
	.init = rsvt_suite_init,
	.test_cases = limit_cases,
};

kunit_test_suite(limit_suite);
