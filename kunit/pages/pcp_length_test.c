// SPDX-License-Identifier: GPL-2.0
/*
 * How long per-CPU lists are: what share of a zone the lists of all CPUs may have, and lists that
 * are as short as two blocks.
 */
#include <linux/minmax.h>
#include <linux/mm.h>

#include "pages/pagemap.h"
#include "pages/zone.h"
#include "pages/zonelist.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/params.h"
#include "support/scratch.h"
#include "support/suite.h"

static struct rsv_region *listed_region(struct kunit *test, unsigned long pages)
{
	rsvt_stay_on_this_cpu();
	return rsvt_scratch_pages(test, pages);
}

static struct rsv_zone *zone(struct rsv_region *r)
{
	return rsv_zone_nth(r, 0);
}

static struct page *take(struct kunit *test, struct rsv_region *r, unsigned int order)
{
	struct page *page = rsv_alloc_pages(r, GFP_KERNEL, order);

	KUNIT_ASSERT_NOT_NULL(test, page);
	return page;
}

static const unsigned int list_orders[] = { 0, 1, 2, 3 };

static void list_order_text(const unsigned int *order, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "order %u", *order);
}

KUNIT_ARRAY_PARAM(list_orders, list_orders, list_order_text);

static const unsigned int sizes[] = { 63, 64, 255, 256, 512, 1024, 3000, 8192 };

KUNIT_ARRAY_PARAM(sizes, sizes, rsvt_pages_text);

/* What all lists of all CPUs have at most, if each has as many blocks as it may */
static unsigned long pages_on_lists(const unsigned int *high, unsigned int cpus)
{
	unsigned long sum = 0;
	unsigned int order;

	for (order = 0; order < RSV_PCP_ORDERS; order++)
		sum += (unsigned long)high[order] << order;
	return sum * cpus;
}

static bool has_short_list(const unsigned int *high)
{
	unsigned int order;

	for (order = 0; order < RSV_PCP_ORDERS; order++)
		if (high[order] <= 2)
			return true;
	return false;
}

static void regions_under_64_pages_have_none(struct kunit *test)
{
	unsigned int pages = *(const unsigned int *)test->param_value;
	struct rsv_region *r = listed_region(test, pages);

	__rsv_free_pages(take(test, r, 0), 0);
	/* With many CPUs each list gets little. */
	if (pages < 64)
		KUNIT_EXPECT_EQ(test, rsvt_query_region(r).cached_bytes, 0);
	else if (num_possible_cpus() <= 8)
		KUNIT_EXPECT_GT(test, rsvt_query_region(r).cached_bytes, 0);
}

/* Two blocks are enough for a CPU that allocates and frees in turn. */
static void lists_of_a_small_zone_serve(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value, i;
	struct rsv_region *r = listed_region(test, 256);
	struct rsv_ioc_zone *now;

	if (!zone(r)->pcp_high[order])
		kunit_skip(test, "too many CPUs for lists of this order");
	KUNIT_EXPECT_GE(test, zone(r)->pcp_high[order], 2);
	for (i = 0; i < 10; i++)
		__rsv_free_pages(take(test, r, order), order);
	now = rsvt_query_zone(test, r, 0);
	KUNIT_EXPECT_EQ(test, now->cache_hits[order], 10);
	KUNIT_EXPECT_EQ(test, now->cache_refills[order], 1);
}

/* No machine of the tests has so many CPUs, so this asks for the lengths alone. */
static void lists_are_short_where_many_cpus_share_little(struct kunit *test)
{
	unsigned int high[RSV_PCP_ORDERS], cpus;
	unsigned long pages, sum, large;

	for (cpus = 1; cpus <= 512; cpus++)
		for (pages = 1; pages <= 64 << 10; pages *= 2) {
			large = rsv_pcp_lengths(pages, cpus, high) * cpus;
			sum = pages_on_lists(high, cpus);
			KUNIT_EXPECT_LE(test, sum, has_short_list(high) ? pages / 4 : pages / 8);
			KUNIT_EXPECT_LE(test, large, pages / 8);
			KUNIT_EXPECT_LE(test, sum + large, pages / 4);
			KUNIT_EXPECT_EQ(test, high[0] >= 2, pages >= max(8 * cpus, 64U));
			KUNIT_EXPECT_NE(test, high[0], 1);
		}
	rsv_pcp_lengths(256, 1, high);
	KUNIT_EXPECT_EQ(test, high[3], 2);
	/* 64 MB of a zone for four CPUs: each may have a block of order 9. */
	KUNIT_EXPECT_EQ(test, rsv_pcp_lengths(SZ_64M / SZ_4K, 4, high), 512);
	/* The same for 512 CPUs */
	rsv_pcp_lengths(SZ_64M / SZ_4K, 512, high);
	KUNIT_EXPECT_EQ(test, high[0], 2);
	KUNIT_EXPECT_EQ(test, high[1], 2);
	KUNIT_EXPECT_EQ(test, high[2], 0);
}

/* Fills the lists of this CPU, one order at a time and all together. */
static void lists_hold_at_most_their_share_of_the_zone(struct kunit *test)
{
	unsigned int pages = *(const unsigned int *)test->param_value, order;
	struct rsv_region *r = listed_region(test, pages);
	struct page **block = rsvt_pages_array(test, 128);
	u64 most = 0;

	for (order = 0; order < 4; order++) {
		unsigned long nr = rsvt_pages_alloc(r, GFP_KERNEL, order, block, 128 >> order), i;

		for (i = 0; i < nr; i++) {
			__rsv_free_pages(block[i], order);
			most = max(most, rsvt_query_region(r).cached_bytes);
		}
	}
	KUNIT_EXPECT_LE(test, most * num_possible_cpus(),
			pages * PAGE_SIZE / (has_short_list(zone(r)->pcp_high) ? 4 : 8));
}

static void high_marks_of_all_cpus_add_up_to_at_most_their_share(struct kunit *test)
{
	unsigned int pages = *(const unsigned int *)test->param_value, order;
	struct rsv_zone *z = zone(rsvt_scratch_pages(test, pages));
	unsigned long large = z->large_high * num_possible_cpus();

	for (order = 0; order < RSV_PCP_ORDERS; order++)
		if (z->pcp_high[order])
			KUNIT_EXPECT_LT(test, z->pcp_high[order], z->pcp_slots[order]);
	KUNIT_EXPECT_LE(test, pages_on_lists(z->pcp_high, num_possible_cpus()),
			pages / (has_short_list(z->pcp_high) ? 4 : 8));
	KUNIT_EXPECT_LE(test, pages_on_lists(z->pcp_high, num_possible_cpus()) + large, pages / 4);
}

static enum rsv_frame_kind kind_of(struct page *page)
{
	return rsv_frame_of_page(page)->kind;
}

/*
 * A full list gives up its oldest block, also while blocks leave lists one by one because lists of
 * the zone are being replaced. The pages are freed upwards, then downwards.
 */
static void oldest_block_leaves_while_lists_are_replaced(struct kunit *test)
{
	struct rsv_region *r = listed_region(test, 1024);
	unsigned int high = zone(r)->pcp_high[0], i;
	struct page **page = rsvt_pages_array(test, high + 1);
	bool up, taken_up;

	rsvt_lists_long(r);
	for (up = false; high; up = true) {
		KUNIT_ASSERT_EQ(test, rsvt_pages_alloc(r, GFP_KERNEL, 0, page, high + 1), high + 1);
		taken_up = page[0] < page[1];
		if (up != taken_up)
			for (i = 0; i < (high + 1) / 2; i++)
				swap(page[i], page[high - i]);
		rsvt_settle(r);
		zone(r)->replacing = true;
		for (i = 0; i <= high; i++)
			__rsv_free_pages(page[i], 0);
		zone(r)->replacing = false;
		KUNIT_EXPECT_EQ(test, rsvt_query_zone(test, r, 0)->cached[0], high);
		KUNIT_EXPECT_NE(test, kind_of(page[0]), RSV_FRAME_CACHED);
		for (i = 1; i <= high; i++)
			KUNIT_EXPECT_EQ(test, kind_of(page[i]), RSV_FRAME_CACHED);
		rsvt_settle(r);
		KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), 1024);
		if (up)
			break;
	}
}

static struct kunit_case pcp_length_cases[] = {
	KUNIT_CASE(oldest_block_leaves_while_lists_are_replaced),
	KUNIT_CASE_PARAM(regions_under_64_pages_have_none, sizes_gen_params),
	KUNIT_CASE_PARAM(lists_of_a_small_zone_serve, list_orders_gen_params),
	KUNIT_CASE(lists_are_short_where_many_cpus_share_little),
	KUNIT_CASE_PARAM(lists_hold_at_most_their_share_of_the_zone, sizes_gen_params),
	KUNIT_CASE_PARAM(high_marks_of_all_cpus_add_up_to_at_most_their_share, sizes_gen_params),
	{}
};

static struct kunit_suite pcp_length_suite = {
	.name = "reservoir_percpu_length",
	.init = rsvt_suite_init,
	.test_cases = pcp_length_cases,
};

kunit_test_suite(pcp_length_suite);
