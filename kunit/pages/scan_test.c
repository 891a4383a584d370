// SPDX-License-Identifier: GPL-2.0
/*
 * The largest run that can be had: what a query says a request gets, and a page more it does not.
 */
#include <linux/mm.h>
#include <linux/prandom.h>

#include "interface/query.h"
#include "pages/scan.h"
#include "pages/zonelist.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/scratch.h"
#include "support/suite.h"

#define PAGES		64U
#define MARKED_PAGES	2048U

static unsigned long largest(struct rsv_region *r)
{
	return rsvt_query_region(r).largest_free >> PAGE_SHIFT;
}

/* A request gets the largest run, and a longer one nobody gets. */
static void expect_largest_is_to_be_had(struct kunit *test, struct rsv_region *r)
{
	size_t bytes = largest(r) * PAGE_SIZE;
	void *p;

	KUNIT_EXPECT_NULL(test, rsv_alloc_pages_exact(r, bytes + 1, GFP_KERNEL | __GFP_NOWARN));
	if (!bytes)
		return;
	p = rsv_alloc_pages_exact(r, bytes, GFP_KERNEL);
	KUNIT_EXPECT_NOT_NULL_MSG(test, p, "%zu bytes", bytes);
	rsv_free_pages_exact(p, bytes);
}

/* Pages are freed in an order of chance: runs begin and end anywhere. */
static void largest_run_is_what_a_request_gets(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct page **page = rsvt_pages_array(test, PAGES);
	struct rnd_state random;
	unsigned int nr, at;

	prandom_seed_state(&random, 1);
	KUNIT_ASSERT_EQ(test, rsvt_pages_alloc(r, GFP_KERNEL, 0, page, PAGES), PAGES);
	KUNIT_EXPECT_EQ(test, largest(r), 0);
	for (nr = PAGES; nr; nr--) {
		at = prandom_u32_state(&random) % nr;
		__rsv_free_pages(page[at], 0);
		page[at] = page[nr - 1];
		expect_largest_is_to_be_had(test, r);
	}
	KUNIT_EXPECT_EQ(test, largest(r), PAGES);
}

static void largest_run_leaves_the_last_pages(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, MARKED_PAGES);
	struct rsv_zone *z = rsv_zone_nth(r, 0);
	void *p;

	KUNIT_EXPECT_EQ(test, largest(r), MARKED_PAGES - z->min_pages);
	KUNIT_EXPECT_EQ(test, rsv_query_largest_run(r, 0), largest(r));
	KUNIT_EXPECT_EQ(test, rsv_query_largest_run(r, 1), 0);
	KUNIT_EXPECT_EQ(test, rsv_zone_largest_run(z, 0), MARKED_PAGES);
	expect_largest_is_to_be_had(test, r);
	p = rsv_alloc_pages_exact(r, MARKED_PAGES * PAGE_SIZE, GFP_KERNEL | __GFP_HIGH);
	KUNIT_EXPECT_NOT_NULL(test, p);
	KUNIT_EXPECT_EQ(test, largest(r), 0);
	rsv_free_pages_exact(p, MARKED_PAGES * PAGE_SIZE);
}

/* Pages on a CPU's list and zeroed pages go back before a request fails, so they count. */
static void cached_pages_count_as_free(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, MARKED_PAGES);
	struct page **page = rsvt_pages_array(test, MARKED_PAGES);
	unsigned long base = (unsigned long)rsvt_scratch_base(r), i;
	struct rsv_zone *z = rsv_zone_nth(r, 0);

	rsvt_stay_on_this_cpu();
	KUNIT_ASSERT_EQ(test, rsvt_pages_alloc(r, GFP_KERNEL | __GFP_HIGH, 0, page, MARKED_PAGES),
			MARKED_PAGES);
	for (i = 0; i < 16; i++)
		rsv_free_pages(base + i * PAGE_SIZE, 0);
	KUNIT_EXPECT_GT(test, rsvt_query_region(r).cached_bytes, 0);
	KUNIT_EXPECT_EQ(test, rsv_zone_largest_run(z, 0), 16);
	KUNIT_EXPECT_EQ(test, largest(r), 16 - z->min_pages);
	expect_largest_is_to_be_had(test, r);
	for (i = 16; i < MARKED_PAGES; i++)
		rsv_free_pages(base + i * PAGE_SIZE, 0);
}

/* Of two zones only the second one has a protection, which a request that names it may ignore. */
static void protected_pages_are_for_who_names_the_zone(struct kunit *test)
{
	const struct rsv_reserve want[] = {
		{ .bytes = SZ_64K },
		{ .bytes = SZ_256K, .zone = RSV_ZONE_DMA },
	};
	struct rsv_region *r;

	if (rsv_kernel_zone(RSV_ZONE_DMA) < 0)
		kunit_skip(test, "the kernel has no ZONE_DMA");
	r = rsvt_scratch_region_or_skip(test, want, ARRAY_SIZE(want));
	if (rsvt_query_region(r).nr_zones != 2)
		kunit_skip(test, "all memory of the machine is in ZONE_DMA");
	KUNIT_EXPECT_LE(test, largest(r), SZ_64K >> PAGE_SHIFT);
	/* Which of the two comes first depends on the nodes that they are of. */
	KUNIT_EXPECT_GT(test, max(rsv_query_largest_run(r, 0), rsv_query_largest_run(r, 1)),
			SZ_64K >> PAGE_SHIFT);
	expect_largest_is_to_be_had(test, r);
}

static struct kunit_case scan_cases[] = {
	KUNIT_CASE(largest_run_is_what_a_request_gets),
	KUNIT_CASE(largest_run_leaves_the_last_pages),
	KUNIT_CASE(cached_pages_count_as_free),
	KUNIT_CASE(protected_pages_are_for_who_names_the_zone),
	{}};

static struct kunit_suite scan_suite = {
	.name = "reservoir_scan",
	.init = rsvt_suite_init,
	.test_cases = scan_cases,
};

kunit_test_suite(scan_suite);
