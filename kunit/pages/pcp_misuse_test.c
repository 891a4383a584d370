// SPDX-License-Identifier: GPL-2.0
/*
 * Misuse of blocks that are on per-CPU lists: a second free is refused, and two CPUs that free a
 * page at the same instant do not make two pages of it.
 */
#include <linux/smp.h>

#include "pages/frame.h"
#include "pages/pagemap.h"
#include "pages/zonelist.h"
#include "support/areas.h"
#include "support/figures.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/single_step.h"
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

static const unsigned int orders[] = { 0, 1, 2, 3, 4, 6 };

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

	if (order >= RSV_PCP_ORDERS && rsv_zone_nth(r, 0)->large_high < 1UL << order)
		kunit_skip(test, "many CPUs share little memory");
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

/* Each instruction is a trap, which takes a millisecond on slow machines. */
#define STEP (SLOW ? 7 : 1)

/* The block that a free and the interrupt within it are about */
static struct {
	struct page *page;
	unsigned int order;
} freed;

static void free_once(void *unused)
{
	__rsv_free_pages(freed.page, freed.order);
}

/* Returns false when the free has fewer instructions than @at. */
static bool free_interrupted(struct kunit *test, struct rsv_region *r, unsigned int at,
			     void (*interrupt)(void))
{
	freed.page = take(test, r, freed.order);
	return rsvt_interrupt_once(test, free_once, NULL, at, interrupt);
}

static void free_again(void)
{
	free_once(NULL);
}

static const unsigned int stepped_orders[] = { 0, 3, 4 };

KUNIT_ARRAY_PARAM(stepped_orders, stepped_orders, order_text);

static void block_freed_twice_at_once_is_freed_once(struct kunit *test)
{
	struct rsv_region *r = listed_region(test);
	struct misuse_counts before;
	unsigned int at = 1;
	bool inside = true;

	rsvt_single_step_or_skip(test);
	freed.order = *(const unsigned int *)test->param_value;
	for (; inside; at += STEP) {
		rsvt_misuse_counts_read(&before);
		inside = free_interrupted(test, r, at, free_again);
		KUNIT_EXPECT_EQ(test, rsvt_nr_misuses_since(&before), inside);
	}
	KUNIT_EXPECT_GT(test, at, 20);
	rsvt_settle(r);
	EXPECT_FREE_AREAS(test, r, [10] = 1);
}

static void mark(void)
{
	rsv_frame_look_at_all(rsv_frame_of_page(freed.page));
}

/* As if the kernel said, after any instruction of a free, that a page of the block is bad. */
static void block_that_is_marked_during_its_free_is_freed(struct kunit *test)
{
	struct rsv_region *r = listed_region(test);
	unsigned int at = 1;

	rsvt_single_step_or_skip(test);
	freed.order = *(const unsigned int *)test->param_value;
	while (free_interrupted(test, r, at, mark))
		at += STEP;
	KUNIT_EXPECT_GT(test, at, 20);
	rsvt_settle(r);
	EXPECT_FREE_AREAS(test, r, [10] = 1);
}

static struct kunit_case pcp_misuse_cases[] = {
	KUNIT_CASE_PARAM(block_on_a_list_is_not_taken_back_again, orders_gen_params),
	KUNIT_CASE(another_order_or_the_middle_is_not_put_on_a_list),
	KUNIT_CASE_PARAM(block_freed_twice_at_once_is_freed_once, stepped_orders_gen_params),
	KUNIT_CASE_PARAM(block_that_is_marked_during_its_free_is_freed, stepped_orders_gen_params),
	{}};

static struct kunit_suite pcp_misuse_suite = {
	.name = "reservoir_percpu_misuse",
	.init = rsvt_suite_init,
	.test_cases = pcp_misuse_cases,
};

kunit_test_suite(pcp_misuse_suite);
