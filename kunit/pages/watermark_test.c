// SPDX-License-Identifier: GPL-2.0
/*
 * Watermarks of a zone: the requests that may use the pages below them, the drain before a request
 * fails, and the line in the log when it fails.
 */
#include <linux/kmsg_dump.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "pages/zonelist.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/scratch.h"
#include "support/suite.h"

/* --- Watermarks ----------------------------------------------------------------------------- */

#define MARKED_PAGES	2048U

static struct rsv_zone *zone(struct rsv_region *r)
{
	return rsv_zone_nth(r, 0);
}

static const gfp_t modest[] = { GFP_KERNEL, GFP_USER, GFP_HIGHUSER, GFP_NOWAIT & ~__GFP_NOWARN };

static const unsigned int orders[] = { 0, 2, 3, 4, 6 };

static void order_text(const unsigned int *order, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "order %u", *order);
}

KUNIT_ARRAY_PARAM(orders, orders, order_text);

static void below_min_only_gfp_high_takes(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value, i;
	struct page **page = rsvt_pages_array(test, MARKED_PAGES + 1);
	struct rsv_region *r = rsvt_scratch_pages(test, MARKED_PAGES);
	unsigned long min = zone(r)->min_pages, nr, high;

	rsvt_stay_on_this_cpu();
	KUNIT_ASSERT_EQ(test, min, MARKED_PAGES / 256);
	nr = rsvt_pages_alloc(r, GFP_KERNEL, order, page, MARKED_PAGES);
	KUNIT_EXPECT_EQ(test, nr, (MARKED_PAGES - min) >> order);
	for (i = 0; i < ARRAY_SIZE(modest); i++)
		KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, modest[i], order));
	KUNIT_EXPECT_GE(test, zone(r)->free_pages, min);

	/* Requests with __GFP_HIGH may use the last block. */
	high = rsvt_pages_alloc(r, GFP_KERNEL | __GFP_HIGH, order, page + nr, 1);
	high += rsvt_pages_alloc(r, GFP_ATOMIC, order, page + nr + high, MARKED_PAGES - nr);
	KUNIT_EXPECT_EQ(test, nr + high, MARKED_PAGES >> order);
	rsvt_pages_free(page, nr + high, order);
}

/* Pages that a GFP_ATOMIC request moved to this CPU's list are protected too. */
static void below_min_others_get_nothing_after_an_atomic_request(struct kunit *test)
{
	struct page **page = rsvt_pages_array(test, MARKED_PAGES + 1), *atomic;
	struct rsv_region *r = rsvt_scratch_pages(test, MARKED_PAGES);
	unsigned long nr;

	rsvt_stay_on_this_cpu();
	nr = rsvt_pages_alloc(r, GFP_KERNEL, 0, page, MARKED_PAGES);
	atomic = rsv_alloc_pages(r, GFP_ATOMIC, 0);
	KUNIT_EXPECT_NOT_NULL(test, atomic);
	nr += rsvt_pages_alloc(r, GFP_KERNEL, 0, page + nr, 1);
	KUNIT_EXPECT_EQ(test, nr, MARKED_PAGES - zone(r)->min_pages);
	rsvt_pages_free(page, nr, 0);
	if (atomic)
		__rsv_free_pages(atomic, 0);
}

static void zone_under_4_mb_has_no_watermarks(struct kunit *test)
{
	struct page **page = rsvt_pages_array(test, 1023);
	struct rsv_region *r = rsvt_scratch_pages(test, 1023);

	KUNIT_EXPECT_EQ(test, zone(r)->min_pages, 0);
	KUNIT_EXPECT_EQ(test, zone(r)->low_pages, 0);
	KUNIT_EXPECT_EQ(test, rsvt_pages_alloc(r, GFP_KERNEL, 0, page, 1023), 1023);
	rsvt_pages_free(page, 1023, 0);
}

/* No request has failed yet, but one that may not sleep soon could. */
static void below_low_empty_slabs_go_back_in_the_background(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, MARKED_PAGES);
	struct rsv_cache *c = rsvt_scratch_cache(test, r, 512, 0);
	struct page **page = rsvt_pages_array(test, MARKED_PAGES);
	unsigned long nr, low = zone(r)->low_pages;

	rsv_cache_free(c, rsv_cache_alloc(c, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).empty_slabs, 1);
	for (nr = 0; zone(r)->free_pages > low + 16; nr++) {
		page[nr] = rsv_alloc_pages(r, GFP_KERNEL, 4);
		KUNIT_ASSERT_NOT_NULL(test, page[nr]);
	}
	flush_work(&r->drain_work);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).empty_slabs, 1);
	page[nr] = rsv_alloc_pages(r, GFP_ATOMIC, 4);
	KUNIT_EXPECT_NOT_NULL(test, page[nr]);
	nr += !!page[nr];
	KUNIT_EXPECT_LT(test, zone(r)->free_pages, low + 1);
	page[nr] = rsv_alloc_pages(r, GFP_ATOMIC, 0);
	flush_work(&r->drain_work);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).empty_slabs, 0);
	KUNIT_EXPECT_EQ(test, rsvt_query_zone(test, r, 0)->failures[4], 0);
	if (page[nr])
		__rsv_free_pages(page[nr], 0);
	rsvt_pages_free(page, nr, 4);
}

/* --- Requests that fail --------------------------------------------------------------------- */

static void empty_slabs_are_given_back_before_a_request_fails(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 16);
	struct page *page;

	rsv_kfree(rsv_kmalloc(r, 100, GFP_KERNEL));
	KUNIT_EXPECT_LT(test, rsvt_region_free_pages(r), 16);
	/* The request may not sleep and so cannot wait for the drain. */
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP_ATOMIC, 4));
	page = rsv_alloc_pages(r, GFP_KERNEL, 4);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_EQ(test, rsvt_query_zone(test, r, 0)->failures[4], 1);
	__rsv_free_pages(page, 4);
}

/* The log's lines that say that a request of this region failed */
static unsigned int failure_lines(struct rsv_region *r)
{
	static char line[512];
	struct kmsg_dump_iter iter;
	unsigned int nr = 0;
	char wanted[64];
	size_t length;

	snprintf(wanted, sizeof(wanted), "region %s: no ", r->name);
	kmsg_dump_rewind(&iter);
	while (kmsg_dump_get_line(&iter, true, line, sizeof(line) - 1, &length)) {
		line[length] = 0;
		nr += !!strstr(line, wanted);
	}
	return nr;
}

static void failure_is_one_line_at_most_and_none_with_nowarn(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 1);
	unsigned int i;

	/* The module prints one line in five seconds at most. */
	schedule_timeout_uninterruptible(5 * HZ + HZ / 2);
	for (i = 0; i < 100; i++)
		KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP_KERNEL | __GFP_NOWARN, 1));
	KUNIT_EXPECT_EQ(test, failure_lines(r), 0);
	for (i = 0; i < 100; i++)
		KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, i % 2 ? GFP_KERNEL : GFP_ATOMIC, 1));
	KUNIT_EXPECT_EQ(test, failure_lines(r), 1);
	KUNIT_EXPECT_EQ(test, rsvt_query_zone(test, r, 0)->failures[1], 200);
}

static struct kunit_case mark_cases[] = {
	KUNIT_CASE_PARAM(below_min_only_gfp_high_takes, orders_gen_params),
	KUNIT_CASE(below_min_others_get_nothing_after_an_atomic_request),
	KUNIT_CASE(zone_under_4_mb_has_no_watermarks),
	KUNIT_CASE(below_low_empty_slabs_go_back_in_the_background),
	KUNIT_CASE(empty_slabs_are_given_back_before_a_request_fails),
	KUNIT_CASE(failure_is_one_line_at_most_and_none_with_nowarn),
	{}};

static struct kunit_suite mark_suite = {
	.name = "reservoir_mark",
	.init = rsvt_suite_init,
	.test_cases = mark_cases,
};

kunit_test_suite(mark_suite);
