// SPDX-License-Identifier: GPL-2.0
/*
 * Misuse of blocks that are on per-CPU lists: a second free is refused, and two CPUs that free a
 * page at the same instant do not make two pages of it.
 */
#include <linux/smp.h>

#include "pages/pagemap.h"
#include "support/areas.h"
#include "support/figures.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/suite.h"

/* A region of one block of order 10, large enough for lists */
#define LISTED_PAGES	1024U

static struct rsv_region *listed_region(struct kunit *test)
{
	rsvt_stay_on_this_cpu();
	return rsvt_scratch_pages(test, LISTED_PAGES);
}

static u64 cached(struct kunit *test, struct rsv_region *r, unsigned int order)
{
	return rsvt_query_zone(test, r, 0)->cached[order];
}

static struct page *take(struct kunit *test, struct rsv_region *r, unsigned int order)
{
	struct page *page = rsv_alloc_pages(r, GFP_KERNEL, order);

	KUNIT_ASSERT_NOT_NULL(test, page);
	return page;
}

static const unsigned int orders[] = { 0, 1, 2, 3 };

static void order_text(const unsigned int *order, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "order %u", *order);
}

KUNIT_ARRAY_PARAM(orders, orders, order_text);

static void block_on_a_list_is_not_taken_back_again(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value, i;
	struct rsv_region *r = listed_region(test);
	struct page *block = take(test, r, order);
	u64 before;

	__rsv_free_pages(block, order);
	before = cached(test, r, order);
	for (i = 0; i < 1U << order; i++)
		EXPECT_MISUSE(test, RSV_DOUBLE_FREE, __rsv_free_pages(block + i, order));
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, __rsv_free_pages(block, 9));
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_kfree(page_address(block)));
	KUNIT_EXPECT_EQ(test, cached(test, r, order), before);

	/* The free is refused also after the block has merged into a larger one. */
	rsvt_settle(r);
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, __rsv_free_pages(block, order));
	EXPECT_FREE_AREAS(test, r, [10] = 1);
}

static void another_order_or_the_middle_is_not_put_on_a_list(struct kunit *test)
{
	struct rsv_region *r = listed_region(test);
	struct page *block = take(test, r, 2);

	EXPECT_MISUSE(test, RSV_WRONG_SIZE, __rsv_free_pages(block, 1));
	EXPECT_MISUSE(test, RSV_WRONG_SIZE, __rsv_free_pages(block, 3));
	EXPECT_MISUSE(test, RSV_MISALIGNED, __rsv_free_pages(block + 1, 0));
	EXPECT_MISUSE(test, RSV_MISALIGNED, __rsv_free_pages(block + 2, 1));
	__rsv_free_pages(block, 2);
}

/*
 * As if another CPU had put the page on its own list at the same instant, and had written the owner
 * last.
 */
static struct rsv_frame *free_twice_at_once(struct kunit *test, struct rsv_region *r,
					    struct page *page)
{
	struct rsv_frame *f = rsv_frame_of_page(page);

	__rsv_free_pages(page, 0);
	KUNIT_ASSERT_EQ(test, f->kind, RSV_FRAME_CACHED);
	KUNIT_ASSERT_EQ(test, f->owner, raw_smp_processor_id());
	f->owner++;
	return f;
}

/* The other CPU, which owns the page, allocates it, and its user frees it properly. */
static void free_for_the_owner(struct rsv_frame *f, struct page *page)
{
	f->nr_pages = 1;
	f->kind = RSV_FRAME_USED;
	__rsv_free_pages(page, 0);
}

static void page_given_back_by_two_cpus_at_once_is_handed_out_by_one(struct kunit *test)
{
	struct rsv_region *r = listed_region(test);
	struct page *page = take(test, r, 0), *got;
	struct rsv_frame *f = free_twice_at_once(test, r, page);

	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, got = rsv_alloc_pages(r, GFP_KERNEL, 0));
	KUNIT_EXPECT_NOT_NULL(test, got);
	KUNIT_EXPECT_PTR_NE(test, got, page);
	KUNIT_EXPECT_EQ(test, f->kind, RSV_FRAME_CACHED);
	if (got)
		__rsv_free_pages(got, 0);
	free_for_the_owner(f, page);
}

static void page_given_back_by_two_cpus_at_once_is_drained_by_one(struct kunit *test)
{
	struct rsv_region *r = listed_region(test);
	struct page *page = take(test, r, 0);
	struct rsv_frame *f = free_twice_at_once(test, r, page);

	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_region_shrink(r, 0));
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), LISTED_PAGES - 1);
	KUNIT_EXPECT_EQ(test, f->kind, RSV_FRAME_CACHED);
	free_for_the_owner(f, page);
	rsvt_settle(r);
	EXPECT_FREE_AREAS(test, r, [10] = 1);
}

static struct kunit_case pcp_misuse_cases[] = {
	KUNIT_CASE_PARAM(block_on_a_list_is_not_taken_back_again, orders_gen_params),
	KUNIT_CASE(another_order_or_the_middle_is_not_put_on_a_list),
	KUNIT_CASE(page_given_back_by_two_cpus_at_once_is_handed_out_by_one),
	KUNIT_CASE(page_given_back_by_two_cpus_at_once_is_drained_by_one),
	{}};

static struct kunit_suite pcp_misuse_suite = {
	.name = "reservoir_percpu_misuse",
	.init = rsvt_suite_init,
	.test_cases = pcp_misuse_cases,
};

kunit_test_suite(pcp_misuse_suite);
