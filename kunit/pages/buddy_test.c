// SPDX-License-Identifier: GPL-2.0
/*
 * The buddy system: split, coalesce, and refused frees.
 */
#include <linux/mm.h>

#include "interface/query.h"
#include "support/areas.h"
#include "support/figures.h"
#include "support/map.h"
#include "support/misuse.h"
#include "support/params.h"
#include "support/scratch.h"
#include "support/suite.h"

#define MAX_BLOCKS	128

/* --- The textbook's examples ---------------------------------------------------------------- */

static unsigned long take(struct kunit *test, struct rsv_region *r, size_t bytes)
{
	unsigned long addr = rsv_get_free_pages(r, GFP_KERNEL, get_order(bytes));

	KUNIT_ASSERT_NE(test, addr, 0);
	return addr;
}

static void give(unsigned long addr, size_t bytes)
{
	rsv_free_pages(addr, get_order(bytes));
}

/* 256 KB and a request for 21 KB: split to 128, 64 and 32; freed and coalesced to 256. */
static void textbook_21k_of_256k(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_areas(test, SZ_256K / PAGE_SIZE);
	struct rsv_ioc_zone *zone = kunit_kzalloc(test, sizeof(*zone), GFP_KERNEL);
	unsigned int order;
	unsigned long addr;

	KUNIT_ASSERT_NOT_NULL(test, zone);
	EXPECT_FREE_AREAS(test, r, [6] = 1);
	addr = take(test, r, 21 * SZ_1K);
	EXPECT_FREE_AREAS(test, r, [3] = 1, [4] = 1, [5] = 1);
	give(addr, 21 * SZ_1K);
	EXPECT_FREE_AREAS(test, r, [6] = 1);

	KUNIT_ASSERT_EQ(test, rsv_query_zone(r, 0, zone), 0);
	for (order = 0; order < zone->nr_orders; order++) {
		KUNIT_EXPECT_EQ(test, zone->splits[order], order >= 4 && order <= 6);
		KUNIT_EXPECT_EQ(test, zone->merges[order], order >= 3 && order <= 5);
		KUNIT_EXPECT_EQ(test, zone->allocs[order], order == 3);
		KUNIT_EXPECT_EQ(test, zone->frees[order], order == 3);
		KUNIT_EXPECT_EQ(test, zone->failures[order], 0);
	}
	KUNIT_EXPECT_EQ(test, zone->peak_pages, 8);
}

/* A request for 11 KB is served by 16 KB. */
static void textbook_11k_served_by_16k(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_areas(test, SZ_256K / PAGE_SIZE);
	unsigned long addr = take(test, r, 11 * SZ_1K);

	KUNIT_EXPECT_EQ(test, rsvt_region_free_bytes(r), SZ_256K - SZ_16K);
	EXPECT_FREE_AREAS(test, r, [2] = 1, [3] = 1, [4] = 1, [5] = 1);
	give(addr, 11 * SZ_1K);
	EXPECT_FREE_AREAS(test, r, [6] = 1);
}

/* 512 pages and a request for 64: 256 + 128 + 64 stay free; freed and coalesced to 512. */
static void textbook_64_pages_of_512(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_areas(test, 512);
	unsigned long addr;

	EXPECT_FREE_AREAS(test, r, [9] = 1);
	addr = take(test, r, 64 * PAGE_SIZE);
	EXPECT_FREE_AREAS(test, r, [6] = 1, [7] = 1, [8] = 1);
	give(addr, 64 * PAGE_SIZE);
	EXPECT_FREE_AREAS(test, r, [9] = 1);
}

/* A request for eight pages while the smallest free block has 32: 16 and 8 of it stay free. */
static void textbook_8_pages_of_a_32_page_block(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_areas(test, 128);
	unsigned long half = take(test, r, 32 * PAGE_SIZE);
	unsigned long addr;

	EXPECT_FREE_AREAS(test, r, [5] = 1, [6] = 1);
	addr = take(test, r, 8 * PAGE_SIZE);
	EXPECT_FREE_AREAS(test, r, [3] = 1, [4] = 1, [6] = 1);
	give(addr, 8 * PAGE_SIZE);
	EXPECT_FREE_AREAS(test, r, [5] = 1, [6] = 1);
	give(half, 32 * PAGE_SIZE);
	EXPECT_FREE_AREAS(test, r, [7] = 1);
}

/* --- Split and coalesce --------------------------------------------------------------------- */

static void split_keeps_the_lower_half(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_areas(test, 16);
	unsigned long two = take(test, r, 2 * PAGE_SIZE);
	unsigned long one, four;

	EXPECT_MAP(test, r, "Pp..............");
	one = take(test, r, PAGE_SIZE);
	EXPECT_MAP(test, r, "PpP.............");
	four = take(test, r, 4 * PAGE_SIZE);
	EXPECT_MAP(test, r, "PpP.Pppp........");
	EXPECT_FREE_AREAS(test, r, [0] = 1, [3] = 1);

	give(two, 2 * PAGE_SIZE);
	EXPECT_MAP(test, r, "..P.Pppp........");
	give(one, PAGE_SIZE);
	give(four, 4 * PAGE_SIZE);
	EXPECT_FREE_AREAS(test, r, [4] = 1);
}

static void smallest_block_that_serves_is_taken(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_areas(test, 16);
	unsigned long a = take(test, r, PAGE_SIZE);
	unsigned long b = take(test, r, PAGE_SIZE);
	unsigned long c = take(test, r, 2 * PAGE_SIZE);
	unsigned long d = take(test, r, 4 * PAGE_SIZE);

	EXPECT_MAP(test, r, "PPPpPppp........");
	give(a, PAGE_SIZE);
	give(d, 4 * PAGE_SIZE);
	EXPECT_FREE_AREAS(test, r, [0] = 1, [2] = 1, [3] = 1);
	KUNIT_EXPECT_EQ(test, take(test, r, PAGE_SIZE), a);
	KUNIT_EXPECT_EQ(test, take(test, r, PAGE_SIZE), d);
	EXPECT_FREE_AREAS(test, r, [0] = 1, [1] = 1, [3] = 1);

	give(a, PAGE_SIZE);
	give(b, PAGE_SIZE);
	give(c, 2 * PAGE_SIZE);
	give(d, PAGE_SIZE);
	EXPECT_FREE_AREAS(test, r, [4] = 1);
}

static void coalescing_stops_at_a_used_buddy(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_areas(test, 8);
	unsigned long page[8];
	int i;

	for (i = 0; i < 8; i++)
		page[i] = take(test, r, PAGE_SIZE);
	EXPECT_FREE_AREAS(test, r);

	/* The pages lie side by side, but are halves of different blocks, so they do not merge. */
	give(page[1], PAGE_SIZE);
	give(page[2], PAGE_SIZE);
	EXPECT_FREE_AREAS(test, r, [0] = 2);
	give(page[3], PAGE_SIZE);
	EXPECT_FREE_AREAS(test, r, [0] = 1, [1] = 1);
	/* The last page merges the blocks of all orders. */
	give(page[0], PAGE_SIZE);
	EXPECT_FREE_AREAS(test, r, [2] = 1);
	for (i = 7; i > 4; i--)
		give(page[i], PAGE_SIZE);
	EXPECT_FREE_AREAS(test, r, [0] = 1, [1] = 1, [2] = 1);
	give(page[4], PAGE_SIZE);
	EXPECT_FREE_AREAS(test, r, [3] = 1);
}

/* The i-th freed page is (first + i * step) mod 64. */
struct free_order {
	const char *name;
	unsigned int first;
	unsigned int step;
};

static const struct free_order free_orders[] = {
	{"ascending", 0, 1},	  {"descending", 63, 63},     {"from the middle", 32, 1},
	{"scattered by 5", 0, 5}, {"scattered by 29", 7, 29},
};

KUNIT_ARRAY_PARAM_DESC(free_orders, free_orders, name);

static void coalescing_does_not_depend_on_the_order_of_frees(struct kunit *test)
{
	const struct free_order *o = test->param_value;
	struct rsv_region *r = rsvt_scratch_areas(test, 64);
	unsigned long page[64];
	unsigned int i;

	for (i = 0; i < 64; i++)
		page[i] = take(test, r, PAGE_SIZE);
	for (i = 0; i < 64; i++)
		give(page[(o->first + i * o->step) % 64], PAGE_SIZE);
	EXPECT_FREE_AREAS(test, r, [6] = 1);
}

/* --- Regions of odd sizes ------------------------------------------------------------------- */

static const unsigned int sizes[] = { 1, 2, 3, 7, 9, 31, 37, 64, 65, 100 };

KUNIT_ARRAY_PARAM(sizes, sizes, rsvt_pages_text);

static void untouched_region_has_the_largest_blocks_that_fit(struct kunit *test)
{
	unsigned int pages = *(const unsigned int *)test->param_value;
	struct rsv_region *r = rsvt_scratch_areas(test, pages);
	struct free_areas untouched;

	rsvt_free_areas_untouched(r, &untouched);
	EXPECT_SAME_AREAS(test, r, &untouched);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), pages);
}

/* Allocates every block of @order. Returns their number. */
static unsigned int take_all(struct kunit *test, struct rsv_region *r, unsigned int order,
			     unsigned long *block)
{
	unsigned int n;

	for (n = 0; n < MAX_BLOCKS; n++) {
		block[n] = rsv_get_free_pages(r, GFP_KERNEL, order);
		if (!block[n])
			break;
		KUNIT_EXPECT_TRUE(test,
				  IS_ALIGNED(page_to_pfn(virt_to_page(block[n])), 1UL << order));
	}
	return n;
}

/* The number of blocks of @order in the free areas of this order and above */
static unsigned int blocks_possible(const struct free_areas *areas, unsigned int order)
{
	unsigned int k, n = 0;

	for (k = order; k < RSV_ORDERS_MAX; k++)
		n += areas->count[k] << (k - order);
	return n;
}

static void every_order_is_aligned_complete_and_coalesces_back(struct kunit *test)
{
	unsigned int pages = *(const unsigned int *)test->param_value;
	struct rsv_region *r = rsvt_scratch_areas(test, pages);
	unsigned long *block = kunit_kcalloc(test, MAX_BLOCKS, sizeof(*block), GFP_KERNEL);
	struct free_areas untouched;
	unsigned int order, i, n;

	KUNIT_ASSERT_NOT_NULL(test, block);
	rsvt_free_areas_untouched(r, &untouched);
	for (order = 0; order < 8; order++) {
		n = take_all(test, r, order, block);
		KUNIT_EXPECT_EQ(test, n, blocks_possible(&untouched, order));
		KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), pages - (n << order));
		for (i = 0; i < n; i++)
			rsv_free_pages(block[i], order);
		EXPECT_SAME_AREAS(test, r, &untouched);
	}
}

/*
 * One-page regions that are created in a row mostly lie side by side. Their pages are buddies, but
 * of different regions.
 */
static void blocks_never_merge_across_the_ends_of_an_extent(struct kunit *test)
{
	struct rsv_region *r[16];
	unsigned long page[16];
	int i;

	for (i = 0; i < 16; i++) {
		r[i] = rsvt_scratch_areas(test, 1);
		page[i] = take(test, r[i], PAGE_SIZE);
	}
	for (i = 0; i < 16; i++)
		give(page[i], PAGE_SIZE);
	for (i = 0; i < 16; i++)
		EXPECT_FREE_AREAS(test, r[i], [0] = 1);
}

/*
 * The extent ends at page 37 for a moment, while the page behind it is free and would be the buddy
 * of page 36. No page beyond the end has a frame, so the buddy system must not look there.
 */
static void nothing_beyond_the_end_is_taken_for_a_buddy(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_areas(test, 64);
	unsigned long base = (unsigned long)rsvt_scratch_base(r);
	struct rsv_extent *e = r->extents->at[0];
	unsigned int i;

	for (i = 0; i < 64; i++)
		take(test, r, PAGE_SIZE);
	give(base + 37 * PAGE_SIZE, PAGE_SIZE);
	e->nr_pages = 37;
	give(base + 36 * PAGE_SIZE, PAGE_SIZE);
	e->nr_pages = 64;
	EXPECT_FREE_AREAS(test, r, [0] = 2);

	for (i = 0; i < 2; i++)
		take(test, r, PAGE_SIZE);
	for (i = 0; i < 64; i++)
		give(base + i * PAGE_SIZE, PAGE_SIZE);
	EXPECT_FREE_AREAS(test, r, [6] = 1);
}

/* --- Refusals ------------------------------------------------------------------------------- */

static void order_beyond_the_region_gives_null(struct kunit *test)
{
	static const unsigned int too_large[] = { 4, 5, 10, 11, 31, 32, 63, 64, 65, UINT_MAX };
	struct rsv_region *r = rsvt_scratch_areas(test, 8);
	struct rsv_ioc_zone *zone = kunit_kzalloc(test, sizeof(*zone), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, zone);
	for (i = 0; i < ARRAY_SIZE(too_large); i++)
		KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP_KERNEL, too_large[i]));
	KUNIT_ASSERT_EQ(test, rsv_query_zone(r, 0, zone), 0);
	KUNIT_EXPECT_EQ(test, zone->failures[4], 1);
	EXPECT_FREE_AREAS(test, r, [3] = 1);
}

static void request_that_finds_no_block_is_counted_as_a_failure(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_areas(test, 8);
	struct rsv_ioc_zone *zone = kunit_kzalloc(test, sizeof(*zone), GFP_KERNEL);
	unsigned long addr = take(test, r, PAGE_SIZE);

	KUNIT_ASSERT_NOT_NULL(test, zone);
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP_KERNEL, 3));
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP_KERNEL | __GFP_NOWARN, 3));
	KUNIT_ASSERT_EQ(test, rsv_query_zone(r, 0, zone), 0);
	KUNIT_EXPECT_EQ(test, zone->failures[3], 2);
	KUNIT_EXPECT_EQ(test, zone->allocs[3], 0);
	give(addr, PAGE_SIZE);
}

static void double_free_is_refused_and_counted(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_areas(test, 8);
	struct page *page = rsv_alloc_pages(r, GFP_KERNEL, 0);
	struct page *fence = rsv_alloc_pages(r, GFP_KERNEL, 0);

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_NOT_NULL(test, fence);

	/* The page was freed, and is still a block of its own. */
	__rsv_free_pages(page, 0);
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, __rsv_free_pages(page, 0));
	EXPECT_FREE_AREAS(test, r, [0] = 1, [1] = 1, [2] = 1);

	/* The page was freed, and is now the upper half of a larger block. */
	__rsv_free_pages(fence, 0);
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, __rsv_free_pages(fence, 0));
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, __rsv_free_pages(page, 0));
	EXPECT_FREE_AREAS(test, r, [3] = 1);
}

static void page_that_was_never_taken_is_refused(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_areas(test, 8);
	struct page *first = virt_to_page(rsvt_scratch_base(r));
	int i;

	for (i = 0; i < 8; i++)
		EXPECT_MISUSE(test, RSV_DOUBLE_FREE, __rsv_free_pages(first + i, 0));
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, __rsv_free_pages(first, 3));
	EXPECT_FREE_AREAS(test, r, [3] = 1);
}

static void page_inside_a_block_is_refused(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_areas(test, 8);
	struct page *block = rsv_alloc_pages(r, GFP_KERNEL, 2);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, block);
	for (i = 1; i < 4; i++)
		EXPECT_MISUSE(test, RSV_MISALIGNED, __rsv_free_pages(block + i, 0));
	EXPECT_MISUSE(test, RSV_MISALIGNED, __rsv_free_pages(block + 2, 1));
	EXPECT_FREE_AREAS(test, r, [2] = 1);
	__rsv_free_pages(block, 2);
	EXPECT_FREE_AREAS(test, r, [3] = 1);
}

static void another_order_than_it_was_taken_with_is_refused(struct kunit *test)
{
	static const unsigned int wrong[] = { 0, 1, 3, 4, 31, 32, 64, UINT_MAX };
	struct rsv_region *r = rsvt_scratch_areas(test, 8);
	struct page *block = rsv_alloc_pages(r, GFP_KERNEL, 2);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, block);
	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		EXPECT_MISUSE(test, RSV_WRONG_SIZE, __rsv_free_pages(block, wrong[i]));
	EXPECT_FREE_AREAS(test, r, [2] = 1);
	__rsv_free_pages(block, 2);
	EXPECT_FREE_AREAS(test, r, [3] = 1);
}

static struct kunit_case buddy_cases[] = {
	KUNIT_CASE(textbook_21k_of_256k),
	KUNIT_CASE(textbook_11k_served_by_16k),
	KUNIT_CASE(textbook_64_pages_of_512),
	KUNIT_CASE(textbook_8_pages_of_a_32_page_block),
	KUNIT_CASE(split_keeps_the_lower_half),
	KUNIT_CASE(smallest_block_that_serves_is_taken),
	KUNIT_CASE(coalescing_stops_at_a_used_buddy),
	KUNIT_CASE_PARAM(coalescing_does_not_depend_on_the_order_of_frees, free_orders_gen_params),
	KUNIT_CASE_PARAM(untouched_region_has_the_largest_blocks_that_fit, sizes_gen_params),
	KUNIT_CASE_PARAM(every_order_is_aligned_complete_and_coalesces_back, sizes_gen_params),
	KUNIT_CASE(blocks_never_merge_across_the_ends_of_an_extent),
	KUNIT_CASE(nothing_beyond_the_end_is_taken_for_a_buddy),
	KUNIT_CASE(order_beyond_the_region_gives_null),
	KUNIT_CASE(request_that_finds_no_block_is_counted_as_a_failure),
	KUNIT_CASE(double_free_is_refused_and_counted),
	KUNIT_CASE(page_that_was_never_taken_is_refused),
	KUNIT_CASE(page_inside_a_block_is_refused),
	KUNIT_CASE(another_order_than_it_was_taken_with_is_refused),
	{}};

static struct kunit_suite buddy_suite = {
	.name = "reservoir_buddy",
	.init = rsvt_suite_init,
	.test_cases = buddy_cases,
};

kunit_test_suite(buddy_suite);
