// SPDX-License-Identifier: GPL-2.0
/*
 * Zeroed pages: they are zero, serve requests for zeroed pages, and count as free.
 */
#include <linux/mm.h>
#include <linux/string.h>

#include "pages/pagemap.h"
#include "pages/zonelist.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/map.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/suite.h"

#define PAGES	2048U

static struct rsv_zone *zone(struct rsv_region *r)
{
	return rsv_zone_nth(r, 0);
}

static struct rsv_region *quick_region(struct kunit *test)
{
	rsvt_stay_on_this_cpu();
	return rsvt_scratch_pages(test, PAGES);
}

/* Every page of the region is free and holds non-zero bytes. */
static void make_dirty(struct kunit *test, struct rsv_region *r)
{
	struct page **page = rsvt_pages_array(test, PAGES);
	unsigned long nr = rsvt_pages_alloc(r, GFP_KERNEL | __GFP_HIGH, 0, page, PAGES), i;

	KUNIT_EXPECT_EQ(test, nr, PAGES);
	for (i = 0; i < nr; i++)
		memset(page_address(page[i]), 0xa5, PAGE_SIZE);
	rsvt_pages_free(page, nr, 0);
	kunit_kfree(test, page);
	rsvt_settle(r);
}

/* The first request starts the work that clears pages until there are enough. */
static void fill(struct kunit *test, struct rsv_region *r)
{
	unsigned long addr = rsv_get_zeroed_page(r, GFP_KERNEL);

	KUNIT_ASSERT_NE(test, addr, 0);
	rsv_free_pages(addr, 0);
	flush_work(&zone(r)->zero_work);
	KUNIT_ASSERT_EQ(test, zone(r)->nr_zeroed, zone(r)->zeroed_high);
	KUNIT_ASSERT_GT(test, zone(r)->nr_zeroed, 0);
}

static void first_request_has_pages_cleared_for_the_next(struct kunit *test)
{
	struct rsv_region *r = quick_region(test);
	struct rsv_ioc_zone *now;
	unsigned long addr;

	KUNIT_EXPECT_EQ(test, rsvt_query_zone(test, r, 0)->zeroed_pages, 0);
	fill(test, r);
	KUNIT_EXPECT_EQ(test, rsvt_query_zone(test, r, 0)->zeroed_hits, 0);

	addr = rsv_get_zeroed_page(r, GFP_KERNEL);
	KUNIT_ASSERT_NE(test, addr, 0);
	now = rsvt_query_zone(test, r, 0);
	KUNIT_EXPECT_EQ(test, now->zeroed_hits, 1);
	KUNIT_EXPECT_EQ(test, now->zeroed_pages, zone(r)->zeroed_high - 1);
	KUNIT_EXPECT_EQ(test, now->allocs[0], 2);
	KUNIT_EXPECT_EQ(test, now->asked[0], 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, now->granted[0], 2 * PAGE_SIZE);
	rsv_free_pages(addr, 0);
}

/* Pages go through CPUs' lists, zeroed pages and free areas, many times. */
static void zeroed_page_is_zero_whoever_wrote_to_it_before(struct kunit *test)
{
	struct rsv_region *r = quick_region(test);
	unsigned long addr[40];
	unsigned int round, i;

	make_dirty(test, r);
	for (round = 0; round < 50; round++) {
		for (i = 0; i < ARRAY_SIZE(addr); i++) {
			addr[i] = rsv_get_zeroed_page(r, round % 3 ? GFP_KERNEL : GFP_ATOMIC);
			KUNIT_ASSERT_NE(test, addr[i], 0);
			KUNIT_ASSERT_NULL(test, memchr_inv((void *)addr[i], 0, PAGE_SIZE));
			memset((void *)addr[i], 0xa5, PAGE_SIZE);
			if (i % 5 == round % 5)
				flush_work(&zone(r)->zero_work);
		}
		for (i = 0; i < ARRAY_SIZE(addr); i++)
			rsv_free_pages(addr[i], 0);
	}
	/* Otherwise the test did not test zeroed pages. */
	KUNIT_EXPECT_GT(test, zone(r)->zeroed_hits, 100);
	KUNIT_EXPECT_LT(test, zone(r)->zeroed_hits, 50 * ARRAY_SIZE(addr));
}

static void half_empty_quicklist_is_filled_again(struct kunit *test)
{
	struct rsv_region *r = quick_region(test);
	unsigned int high, i;
	unsigned long addr[8];

	fill(test, r);
	high = zone(r)->zeroed_high;
	KUNIT_ASSERT_EQ(test, high, ARRAY_SIZE(addr));
	for (i = 0; i < high / 2; i++)
		addr[i] = rsv_get_zeroed_page(r, GFP_KERNEL);
	flush_work(&zone(r)->zero_work);
	KUNIT_EXPECT_EQ(test, zone(r)->nr_zeroed, high - high / 2);
	addr[i++] = rsv_get_zeroed_page(r, GFP_KERNEL);
	flush_work(&zone(r)->zero_work);
	KUNIT_EXPECT_EQ(test, zone(r)->nr_zeroed, high);
	KUNIT_EXPECT_EQ(test, zone(r)->zeroed_hits, i);
	while (i--)
		rsv_free_pages(addr[i], 0);
}

struct zero_case {
	const char *name;
	gfp_t gfp;
	unsigned int order;
	bool hit;
};

static const struct zero_case requests[] = {
	{"a zeroed page", GFP_KERNEL | __GFP_ZERO, 0, true},
	{"a zeroed page, atomic", GFP_ATOMIC | __GFP_ZERO, 0, true},
	{"any page", GFP_KERNEL, 0, false},
	{"two zeroed pages", GFP_KERNEL | __GFP_ZERO, 1, false},
};

KUNIT_ARRAY_PARAM_DESC(requests, requests, name);

static void only_requests_for_one_zeroed_page_are_served(struct kunit *test)
{
	const struct zero_case *c = test->param_value;
	struct rsv_region *r = quick_region(test);
	struct page *page;

	fill(test, r);
	page = rsv_alloc_pages(r, c->gfp, c->order);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_EQ(test, zone(r)->zeroed_hits, c->hit);
	__rsv_free_pages(page, c->order);
}

static void zeroed_pages_are_shown_as_cached(struct kunit *test)
{
	struct rsv_region *r = quick_region(test);
	unsigned int high;

	fill(test, r);
	high = zone(r)->zeroed_high;
	KUNIT_EXPECT_EQ(test, rsvt_map_count(test, r, RSV_MAP_CACHED),
			high + rsvt_query_zone(test, r, 0)->cached[0]);
	KUNIT_EXPECT_EQ(test, rsvt_query_region(r).cached_bytes,
			rsvt_map_count(test, r, RSV_MAP_CACHED) * PAGE_SIZE);
	rsvt_settle(r);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), PAGES);
	KUNIT_EXPECT_EQ(test, rsvt_map_count(test, r, RSV_MAP_CACHED), 0);
}

static void zeroed_page_cannot_be_given_back_again(struct kunit *test)
{
	struct rsv_region *r = quick_region(test);
	struct rsv_frame *f;
	struct page *page;

	fill(test, r);
	f = list_first_entry(&zone(r)->zeroed, struct rsv_frame, link);
	page = rsv_frame_page(rsv_frame_extent(r, f), f);
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, __rsv_free_pages(page, 0));
	KUNIT_EXPECT_EQ(test, zone(r)->nr_zeroed, zone(r)->zeroed_high);
	KUNIT_EXPECT_PTR_EQ(test, rsv_alloc_pages(r, GFP_KERNEL | __GFP_ZERO, 0), page);
	__rsv_free_pages(page, 0);
}

static const gfp_t gfps[] = { GFP_KERNEL | __GFP_HIGH, GFP_ATOMIC };

static void gfp_text(const gfp_t *gfp, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "%s", *gfp == GFP_ATOMIC ? "atomic" : "may sleep");
}

KUNIT_ARRAY_PARAM(gfps, gfps, gfp_text);

/* Zeroed pages are free pages: when no other page is left, they serve any request. */
static void zeroed_pages_go_to_anybody_when_nothing_else_is_left(struct kunit *test)
{
	gfp_t gfp = *(const gfp_t *)test->param_value;
	struct page **page = rsvt_pages_array(test, PAGES + 1);
	struct rsv_region *r = quick_region(test);
	unsigned long nr;

	fill(test, r);
	nr = rsvt_pages_alloc(r, gfp, 0, page, PAGES + 1);
	KUNIT_EXPECT_EQ(test, nr, PAGES);
	flush_work(&zone(r)->zero_work);
	KUNIT_EXPECT_EQ(test, zone(r)->nr_zeroed, 0);
	rsvt_pages_free(page, nr, 0);
}

static void large_block_is_put_together_of_zeroed_pages(struct kunit *test)
{
	gfp_t gfp = *(const gfp_t *)test->param_value;
	struct rsv_region *r = quick_region(test);
	void *all;

	fill(test, r);
	/* On User Mode Linux this is one block; elsewhere it may be a run. */
	all = rsv_alloc_pages_exact(r, PAGES * PAGE_SIZE, gfp);
	if (gfp != GFP_ATOMIC)
		KUNIT_EXPECT_NOT_NULL(test, all);
	KUNIT_EXPECT_EQ(test, zone(r)->nr_zeroed, 0);
	rsv_free_pages_exact(all, PAGES * PAGE_SIZE);
}

/* A region that runs low does not take pages from other requests to clear them. */
static void nothing_is_cleared_beforehand_when_memory_is_low(struct kunit *test)
{
	struct page **page = rsvt_pages_array(test, PAGES);
	struct rsv_region *r = quick_region(test);
	unsigned long left = zone(r)->low_pages, nr;
	unsigned long addr;

	nr = rsvt_pages_alloc(r, GFP_KERNEL | __GFP_HIGH, 0, page, PAGES - left);
	KUNIT_ASSERT_EQ(test, nr, PAGES - left);
	addr = rsv_get_zeroed_page(r, GFP_ATOMIC);
	KUNIT_EXPECT_NE(test, addr, 0);
	flush_work(&zone(r)->zero_work);
	KUNIT_EXPECT_EQ(test, zone(r)->nr_zeroed, 0);
	rsv_free_pages(addr, 0);
	rsvt_pages_free(page, nr, 0);
}

static void regions_under_4_mb_have_none(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 1023);
	unsigned long addr = rsv_get_zeroed_page(r, GFP_KERNEL);

	KUNIT_ASSERT_NE(test, addr, 0);
	rsv_free_pages(addr, 0);
	flush_work(&zone(r)->zero_work);
	KUNIT_EXPECT_EQ(test, zone(r)->nr_zeroed, 0);
	rsvt_settle(r);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), 1023);
}

/* The work may be queued, running or done. */
static void region_can_go_while_pages_are_being_cleared(struct kunit *test)
{
	struct rsv_reserve want = { .bytes = SZ_4M };
	unsigned int i;

	for (i = 0; i < 30; i++) {
		struct rsv_region *r = rsv_region_create("kunit-clearing", &want, 1);

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, r);
		rsv_free_pages(rsv_get_zeroed_page(r, GFP_KERNEL), 0);
		if (i % 3 == 1)
			cond_resched();
		if (i % 3 == 2)
			flush_work(&zone(r)->zero_work);
		KUNIT_ASSERT_EQ(test, rsv_region_destroy(r), 0);
	}
}

/* While no page was cleared beforehand, the page that was freed last is cleared and serves. */
static void page_off_the_list_is_cleared(struct kunit *test)
{
	struct rsv_region *r;
	struct page *page;

	rsvt_stay_on_this_cpu();
	r = rsvt_scratch_pages(test, PAGES / 4);
	KUNIT_ASSERT_EQ(test, zone(r)->zeroed_high, 0);
	if (!zone(r)->pcp_high[0])
		kunit_skip(test, "too many CPUs for lists");
	page = rsv_alloc_pages(r, GFP_KERNEL, 0);
	KUNIT_ASSERT_NOT_NULL(test, page);
	memset(page_address(page), 0xa5, PAGE_SIZE);
	__rsv_free_pages(page, 0);
	KUNIT_EXPECT_PTR_EQ(test, rsv_alloc_pages(r, GFP_KERNEL | __GFP_ZERO, 0), page);
	KUNIT_EXPECT_NULL(test, memchr_inv(page_address(page), 0, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, rsvt_query_zone(test, r, 0)->cache_hits[0], 2);
	__rsv_free_pages(page, 0);
}

static struct kunit_case zeroed_cases[] = {
	KUNIT_CASE(first_request_has_pages_cleared_for_the_next),
	KUNIT_CASE(zeroed_page_is_zero_whoever_wrote_to_it_before),
	KUNIT_CASE(half_empty_quicklist_is_filled_again),
	KUNIT_CASE_PARAM(only_requests_for_one_zeroed_page_are_served, requests_gen_params),
	KUNIT_CASE(zeroed_pages_are_shown_as_cached),
	KUNIT_CASE(zeroed_page_cannot_be_given_back_again),
	KUNIT_CASE_PARAM(zeroed_pages_go_to_anybody_when_nothing_else_is_left, gfps_gen_params),
	KUNIT_CASE_PARAM(large_block_is_put_together_of_zeroed_pages, gfps_gen_params),
	KUNIT_CASE(nothing_is_cleared_beforehand_when_memory_is_low),
	KUNIT_CASE(regions_under_4_mb_have_none),
	KUNIT_CASE(page_off_the_list_is_cleared),
	KUNIT_CASE(region_can_go_while_pages_are_being_cleared),
	{}};

static struct kunit_suite zeroed_suite = {
	.name = "reservoir_zeroed",
	.init = rsvt_suite_init,
	.test_cases = zeroed_cases,
};

kunit_test_suite(zeroed_suite);
