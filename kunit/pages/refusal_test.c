// SPDX-License-Identifier: GPL-2.0
/*
 * Why a request was refused: each reason where it is the only one that applies, and the request
 * that gives up what the reason says, which succeeds.
 */
#include <linux/mm.h>

#include "pages/refusal.h"
#include "pages/zonelist.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/scratch.h"
#include "support/suite.h"

#define PAGES		16U
#define MARKED_PAGES	2048U
#define GFP		(GFP_KERNEL | __GFP_NOWARN)

static void *exact(struct rsv_region *r, unsigned long pages, gfp_t gfp)
{
	return rsv_alloc_pages_exact(r, pages * PAGE_SIZE, gfp);
}

static void exact_give(void *p, unsigned long pages)
{
	rsv_free_pages_exact(p, pages * PAGE_SIZE);
}

static u32 block_refusal(struct rsv_region *r, gfp_t gfp, unsigned long pages)
{
	return rsv_refusal_of_block(r, gfp, NUMA_NO_NODE, pages, pages);
}

static void full_region(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	void *all = exact(r, PAGES, GFP);

	KUNIT_ASSERT_NOT_NULL(test, all);
	KUNIT_EXPECT_EQ(test, block_refusal(r, GFP, 1), RSV_REFUSED_FULL);
	KUNIT_EXPECT_EQ(test, block_refusal(r, GFP | __GFP_HIGH, 1), RSV_REFUSED_FULL);
	KUNIT_EXPECT_EQ(test, rsv_refusal_of_run(r, GFP, 1), RSV_REFUSED_FULL);
	KUNIT_EXPECT_EQ(test, rsv_refusal_of_pages(r, GFP, 1), RSV_REFUSED_FULL);
	exact_give(all, PAGES);
	KUNIT_EXPECT_EQ(test, rsv_refusal_of_run(r, GFP, PAGES + 1), RSV_REFUSED_FULL);
	KUNIT_EXPECT_EQ(test, rsv_refusal_of_pages(r, GFP, PAGES + 1), RSV_REFUSED_FULL);
}

static void memory_below_the_mark(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, MARKED_PAGES);
	unsigned long min = rsv_zone_nth(r, 0)->min_pages;
	void *most = exact(r, MARKED_PAGES - min, GFP), *rest;

	KUNIT_ASSERT_NOT_NULL(test, most);
	KUNIT_ASSERT_GT(test, min, 1);
	KUNIT_EXPECT_NULL(test, exact(r, min, GFP));
	KUNIT_EXPECT_EQ(test, rsv_refusal_of_run(r, GFP, min), RSV_REFUSED_MARK);
	KUNIT_EXPECT_EQ(test, rsv_refusal_of_pages(r, GFP, min), RSV_REFUSED_MARK);
	KUNIT_EXPECT_EQ(test, block_refusal(r, GFP, 1), RSV_REFUSED_MARK);
	KUNIT_EXPECT_EQ(test, rsv_refusal_of_run(r, GFP, min + 1), RSV_REFUSED_FULL);
	KUNIT_EXPECT_EQ(test, rsv_refusal_of_pages(r, GFP, min + 1), RSV_REFUSED_FULL);
	rest = exact(r, min, GFP | __GFP_HIGH);
	KUNIT_EXPECT_NOT_NULL(test, rest);
	exact_give(rest, min);
	exact_give(most, MARKED_PAGES - min);
}

/* Every other page is free; then two are, which are no buddies. */
static void memory_in_pieces(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	void *base = rsvt_scratch_base(r), *two;
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		KUNIT_ASSERT_NE(test, rsv_get_free_pages(r, GFP, 0), 0);
	for (i = 1; i < PAGES; i += 2)
		rsv_free_pages((unsigned long)base + i * PAGE_SIZE, 0);
	KUNIT_EXPECT_NULL(test, exact(r, 2, GFP));
	KUNIT_EXPECT_EQ(test, rsv_refusal_of_run(r, GFP, 2), RSV_REFUSED_PIECES);
	KUNIT_EXPECT_EQ(test, block_refusal(r, GFP, 2), RSV_REFUSED_PIECES);
	KUNIT_EXPECT_EQ(test, rsv_refusal_of_run(r, GFP, PAGES / 2 + 1), RSV_REFUSED_FULL);

	rsv_free_pages((unsigned long)base + 2 * PAGE_SIZE, 0);
	KUNIT_EXPECT_EQ(test, block_refusal(r, GFP, 4), RSV_REFUSED_PIECES);
	two = exact(r, 3, GFP);
	KUNIT_EXPECT_PTR_EQ(test, two, base + PAGE_SIZE);
	exact_give(two, 3);
	rsv_free_pages((unsigned long)base, 0);
	for (i = 4; i < PAGES; i += 2)
		rsv_free_pages((unsigned long)base + i * PAGE_SIZE, 0);
}

/* A block has more pages than a program asked for: a run of only those may be there. */
static void memory_for_what_was_asked_of_a_block(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct rsv_region *marked = rsvt_scratch_pages(test, MARKED_PAGES);
	unsigned long page = rsv_get_free_pages(r, GFP, 0);
	const gfp_t this_node = GFP | __GFP_THISNODE;
	void *p;

	KUNIT_ASSERT_NE(test, page, 0);
	KUNIT_EXPECT_EQ(test, block_refusal(r, GFP, PAGES), RSV_REFUSED_FULL);
	KUNIT_EXPECT_EQ(test, rsv_refusal_of_block(r, GFP, NUMA_NO_NODE, PAGES, PAGES - 1),
			RSV_REFUSED_PIECES);
	p = exact(r, PAGES - 1, GFP);
	KUNIT_EXPECT_NOT_NULL(test, p);
	exact_give(p, PAGES - 1);
	rsv_free_pages(page, 0);

	KUNIT_EXPECT_EQ(test, block_refusal(marked, GFP, MARKED_PAGES), RSV_REFUSED_MARK);
	KUNIT_EXPECT_EQ(test, rsv_refusal_of_block(marked, GFP, NUMA_NO_NODE, MARKED_PAGES,
						   MARKED_PAGES / 2 + 1), RSV_REFUSED_PIECES);
	KUNIT_EXPECT_EQ(test, rsv_refusal_of_block(marked, GFP, NUMA_NO_NODE, MARKED_PAGES,
						   MARKED_PAGES - 1), RSV_REFUSED_MARK);
	KUNIT_EXPECT_EQ(test, rsv_refusal_of_block(marked, this_node, NUMA_NO_NODE, MARKED_PAGES,
						   MARKED_PAGES / 2 + 1), RSV_REFUSED_MARK);
}

/* What a CPU has cached since the request drained, the next request gets. */
static void memory_that_is_cached(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, MARKED_PAGES);
	struct page **page = rsvt_pages_array(test, MARKED_PAGES);
	const gfp_t high = GFP | __GFP_HIGH;
	unsigned long i;

	rsvt_stay_on_this_cpu();
	KUNIT_ASSERT_EQ(test, rsvt_pages_alloc(r, high, 0, page, MARKED_PAGES), MARKED_PAGES);
	KUNIT_EXPECT_EQ(test, block_refusal(r, high, 1), RSV_REFUSED_FULL);
	for (i = 0; i < 4; i++)
		__rsv_free_pages(page[i], 0);
	KUNIT_EXPECT_EQ(test, rsvt_query_region(r).free_bytes, 0);
	KUNIT_EXPECT_EQ(test, block_refusal(r, high, 1), RSV_REFUSED_AGAIN);
	KUNIT_EXPECT_EQ(test, rsv_refusal_of_run(r, high, 1), RSV_REFUSED_AGAIN);
	KUNIT_EXPECT_EQ(test, rsv_refusal_of_pages(r, high, 4), RSV_REFUSED_AGAIN);
	KUNIT_EXPECT_EQ(test, rsv_refusal_of_pages(r, high, 5), RSV_REFUSED_FULL);
	KUNIT_EXPECT_EQ(test, block_refusal(r, high, 4), RSV_REFUSED_PIECES);
	rsvt_pages_free(page + 4, MARKED_PAGES - 4, 0);
}

/* What was freed after the refusal is no reason. */
static void memory_that_came_meanwhile(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);

	KUNIT_EXPECT_EQ(test, rsv_refusal_of_run(r, GFP, PAGES), RSV_REFUSED_AGAIN);
	KUNIT_EXPECT_EQ(test, rsv_refusal_of_pages(r, GFP, PAGES), RSV_REFUSED_AGAIN);
	KUNIT_EXPECT_EQ(test, block_refusal(r, GFP, PAGES), RSV_REFUSED_AGAIN);
}

/* 64 KB of any zone, and 256 KB that are for requests for ZONE_DMA */
static struct rsv_region *two_zones(struct kunit *test)
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
	return r;
}

static void memory_that_is_protected(struct kunit *test)
{
	struct rsv_region *r = two_zones(test);
	struct page *page;

	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP, 5));
	KUNIT_EXPECT_EQ(test, block_refusal(r, GFP, 32), RSV_REFUSED_PROTECTED);
	KUNIT_EXPECT_EQ(test, rsv_refusal_of_run(r, GFP, 32), RSV_REFUSED_PROTECTED);
	page = rsv_alloc_pages(r, GFP | __GFP_DMA, 5);
	KUNIT_ASSERT_NOT_NULL(test, page);
	__rsv_free_pages(page, 5);
}

static void memory_of_other_zones(struct kunit *test)
{
	struct rsv_region *r = two_zones(test);
	void *dma = exact(r, SZ_256K >> PAGE_SHIFT, GFP | __GFP_DMA);
	struct page *page;

	if (!dma)
		kunit_skip(test, "the memory is not in one piece");
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP | __GFP_DMA, 0));
	KUNIT_EXPECT_EQ(test, block_refusal(r, GFP | __GFP_DMA, 1), RSV_REFUSED_ZONE);
	KUNIT_EXPECT_EQ(test, rsv_refusal_of_run(r, GFP | __GFP_DMA, 1), RSV_REFUSED_ZONE);
	page = rsv_alloc_pages(r, GFP, 0);
	KUNIT_ASSERT_NOT_NULL(test, page);
	__rsv_free_pages(page, 0);
	exact_give(dma, SZ_256K >> PAGE_SHIFT);
}

/* A run is never of HIGHMEM, though its request names no zone. */
static void memory_that_no_run_is_of(struct kunit *test)
{
	const struct rsv_reserve want[] = {
		{ .bytes = SZ_64K },
		{ .bytes = SZ_256K, .zone = RSV_ZONE_HIGHMEM },
	};
	struct rsv_region *r;

	if (rsv_kernel_zone(RSV_ZONE_HIGHMEM) < 0)
		kunit_skip(test, "the kernel has no ZONE_HIGHMEM");
	r = rsvt_scratch_region_or_skip(test, want, ARRAY_SIZE(want));
	KUNIT_EXPECT_NULL(test, exact(r, 32, GFP_HIGHUSER | __GFP_NOWARN));
	KUNIT_EXPECT_EQ(test, rsv_refusal_of_run(r, GFP_HIGHUSER, 32), RSV_REFUSED_PIECES);
	KUNIT_EXPECT_EQ(test, rsv_refusal_of_run(r, GFP_HIGHUSER, 128), RSV_REFUSED_FULL);
	KUNIT_EXPECT_EQ(test, rsv_refusal_of_pages(r, GFP_HIGHUSER, 32), RSV_REFUSED_AGAIN);
}

static void memory_of_other_nodes(struct kunit *test)
{
	const struct rsv_reserve want[] = {
		{ .bytes = SZ_64K, .flags = RSV_RESERVE_NODE, .nid = 0 },
	};
	int nid = next_online_node(0);
	struct rsv_region *r;
	struct page *page;

	if (nid == MAX_NUMNODES)
		kunit_skip(test, "the machine has one node");
	r = rsvt_scratch_region_or_skip(test, want, ARRAY_SIZE(want));
	page = rsv_alloc_pages_node(r, nid, GFP | __GFP_THISNODE, 0);
	KUNIT_EXPECT_NULL(test, page);
	KUNIT_EXPECT_EQ(test, rsv_refusal_of_block(r, GFP | __GFP_THISNODE, nid, 1, 1),
			RSV_REFUSED_NODE);
	page = rsv_alloc_pages_node(r, nid, GFP, 0);
	KUNIT_ASSERT_NOT_NULL(test, page);
	__rsv_free_pages(page, 0);
}

static struct kunit_case refusal_cases[] = {
	KUNIT_CASE(full_region),
	KUNIT_CASE(memory_below_the_mark),
	KUNIT_CASE(memory_in_pieces),
	KUNIT_CASE(memory_for_what_was_asked_of_a_block),
	KUNIT_CASE(memory_that_is_cached),
	KUNIT_CASE(memory_that_came_meanwhile),
	KUNIT_CASE(memory_that_is_protected),
	KUNIT_CASE(memory_of_other_zones),
	KUNIT_CASE(memory_that_no_run_is_of),
	KUNIT_CASE(memory_of_other_nodes),
	{}};

/* Requests that name no node mean that of the CPU. */
static int refusal_init(struct kunit *test)
{
	rsvt_stay_on_this_cpu();
	return rsvt_suite_init(test);
}

static struct kunit_suite refusal_suite = {
	.name = "reservoir_refusal",
	.init = refusal_init,
	.test_cases = refusal_cases,
};

kunit_test_suite(refusal_suite);
