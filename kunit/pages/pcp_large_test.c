// SPDX-License-Identifier: GPL-2.0
/*
 * Per-CPU lists of larger blocks: what they serve, their limit, and how their blocks get back to
 * the free areas.
 */
#include <linux/mm.h>
#include <linux/smp.h>

#include "pages/zone.h"
#include "pages/zonelist.h"
#include "support/areas.h"
#include "support/figures.h"
#include "support/map.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/suite.h"

/* One block of order 10 */
#define SMALL_PAGES	1024U

static struct rsv_zone *zone(struct rsv_region *r)
{
	return rsv_zone_nth(r, 0);
}

static struct rsv_region *region_with(struct kunit *test, struct rsv_region *r, unsigned long pages)
{
	if (zone(r)->large_high < pages)
		kunit_skip(test, "many CPUs share little memory");
	return r;
}

static struct rsv_region *small_region(struct kunit *test)
{
	rsvt_stay_on_this_cpu();
	return region_with(test, rsvt_scratch_pages(test, SMALL_PAGES), 32);
}

/* A region whose lists may have @pages pages in larger blocks */
static struct rsv_region *large_region(struct kunit *test, unsigned long pages)
{
	rsvt_stay_on_this_cpu();
	return region_with(test, rsvt_scratch_region_large(test), pages);
}

static struct rsv_large_list *list_of(struct rsv_region *r)
{
	return per_cpu_ptr(zone(r)->large, raw_smp_processor_id());
}

static u64 cached(struct kunit *test, struct rsv_region *r, unsigned int order)
{
	return rsvt_query_zone(test, r, 0)->cached[order];
}

static struct page *take_with(struct kunit *test, struct rsv_region *r, gfp_t gfp,
			      unsigned int order)
{
	struct page *page = rsv_alloc_pages(r, gfp, order);

	KUNIT_ASSERT_NOT_NULL(test, page);
	return page;
}

static struct page *take(struct kunit *test, struct rsv_region *r, unsigned int order)
{
	return take_with(test, r, GFP_KERNEL, order);
}

/* A request gets the newest block of its order, wherever that is on the list. */
static void block_of_an_order_is_taken_wherever_it_is(struct kunit *test)
{
	struct rsv_region *r = large_region(test, 128);
	struct page *a = take(test, r, 4), *b = take(test, r, 5);

	__rsv_free_pages(a, 4);
	__rsv_free_pages(b, 5);
	KUNIT_EXPECT_EQ(test, cached(test, r, 4), 1);
	KUNIT_EXPECT_EQ(test, cached(test, r, 5), 1);
	KUNIT_EXPECT_EQ(test, rsvt_map_count(test, r, RSV_MAP_CACHED), 48);
	KUNIT_EXPECT_PTR_EQ(test, take(test, r, 4), a);
	KUNIT_EXPECT_PTR_EQ(test, take(test, r, 5), b);
	KUNIT_EXPECT_EQ(test, list_of(r)->nr, 0);
	KUNIT_EXPECT_EQ(test, list_of(r)->nr_pages, 0);
	KUNIT_EXPECT_EQ(test, rsvt_query_zone(test, r, 0)->cache_hits[4], 1);
	__rsv_free_pages(a, 4);
	__rsv_free_pages(b, 5);
}

static void last_block_of_an_order_is_the_next_one_taken(struct kunit *test)
{
	struct rsv_region *r = large_region(test, 128);
	struct page *a = take(test, r, 4), *b = take(test, r, 4);

	__rsv_free_pages(a, 4);
	__rsv_free_pages(b, 4);
	KUNIT_EXPECT_EQ(test, cached(test, r, 4), 2);
	KUNIT_EXPECT_PTR_EQ(test, take(test, r, 4), b);
	KUNIT_EXPECT_PTR_EQ(test, take(test, r, 4), a);
	__rsv_free_pages(a, 4);
	__rsv_free_pages(b, 4);
}

/* Frees more blocks than the list may have. The oldest go to the free areas. */
static void list_has_a_limit_in_blocks_and_in_pages(struct kunit *test)
{
	struct rsv_region *r = large_region(test, 512);
	struct page *block[2 * RSV_LARGE_BLOCKS];
	unsigned int order, i;

	for (order = RSV_PCP_ORDERS; order < RSV_LISTED_ORDERS; order++) {
		for (i = 0; i < ARRAY_SIZE(block); i++)
			block[i] = rsv_alloc_pages(r, GFP_KERNEL, order);
		for (i = 0; i < ARRAY_SIZE(block); i++) {
			if (!block[i])
				continue;
			__rsv_free_pages(block[i], order);
			KUNIT_EXPECT_LE(test, list_of(r)->nr, RSV_LARGE_BLOCKS);
			KUNIT_EXPECT_LE(test, list_of(r)->nr_pages, zone(r)->large_high);
		}
		KUNIT_EXPECT_GT(test, cached(test, r, order), 0);
	}
	rsvt_settle(r);
	KUNIT_EXPECT_EQ(test, list_of(r)->nr_pages, 0);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), r->nr_pages);
}

static void block_evicts_all_for_which_its_pages_leave_no_room(struct kunit *test)
{
	struct rsv_region *r = large_region(test, 512);
	struct page *small[RSV_LARGE_BLOCKS], *large = take(test, r, 9);
	unsigned int i;

	for (i = 0; i < RSV_LARGE_BLOCKS; i++)
		small[i] = take(test, r, 4);
	for (i = 0; i < RSV_LARGE_BLOCKS; i++)
		__rsv_free_pages(small[i], 4);
	zone(r)->large_high = 512;
	KUNIT_EXPECT_EQ(test, list_of(r)->nr, RSV_LARGE_BLOCKS);
	__rsv_free_pages(large, 9);
	KUNIT_EXPECT_EQ(test, list_of(r)->nr, 1);
	KUNIT_EXPECT_EQ(test, cached(test, r, 9), 1);
	rsvt_settle(r);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), r->nr_pages);
}

/* Others may refer to any page of such a block, so its free looks at all of them. */
static void compound_blocks_are_not_listed(struct kunit *test)
{
	struct rsv_region *r = large_region(test, 128);
	struct page *page = take_with(test, r, GFP_KERNEL | __GFP_COMP, 4), *other;

	__rsv_free_pages(page, 4);
	KUNIT_EXPECT_EQ(test, cached(test, r, 4), 0);

	/* Nor does one that the list served. */
	page = take(test, r, 4);
	__rsv_free_pages(page, 4);
	other = take_with(test, r, GFP_KERNEL | __GFP_COMP, 4);
	KUNIT_EXPECT_PTR_EQ(test, page, other);
	get_page(other + 3);
	__rsv_free_pages(other, 4);
	KUNIT_EXPECT_EQ(test, cached(test, r, 4), 0);
	KUNIT_EXPECT_EQ(test, rsvt_query_region(r).waiting_pages, 1);
	put_page(other + 3);
	rsvt_settle(r);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), r->nr_pages);
}

/* A request that may not sleep drains this CPU, so no block of its list is in its way. */
static void list_is_drained_before_a_request_fails(struct kunit *test)
{
	static const gfp_t gfps[] = { GFP_KERNEL | __GFP_HIGH, GFP_ATOMIC };
	struct rsv_region *r = small_region(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(gfps); i++) {
		__rsv_free_pages(take(test, r, 5), 5);
		KUNIT_EXPECT_EQ(test, cached(test, r, 5), 1);
		__rsv_free_pages(take_with(test, r, gfps[i], 10), 10);
	}
	KUNIT_EXPECT_EQ(test, rsvt_query_zone(test, r, 0)->failures[10], 0);
	EXPECT_FREE_AREAS(test, r, [10] = 1);
}

/* Busy is set, as for an interrupt that comes while the CPU works on the list. */
static void busy_list_is_passed_by(struct kunit *test)
{
	struct rsv_region *r = small_region(test);
	struct page *listed = take(test, r, 4), *other;

	__rsv_free_pages(listed, 4);
	list_of(r)->busy = true;
	other = rsv_alloc_pages(r, GFP_ATOMIC, 4);
	if (other)
		__rsv_free_pages(other, 4);
	rsv_region_shrink(r, 0);
	list_of(r)->busy = false;
	KUNIT_EXPECT_NOT_NULL(test, other);
	KUNIT_EXPECT_PTR_NE(test, other, listed);
	KUNIT_EXPECT_EQ(test, list_of(r)->nr, 1);
	rsvt_settle(r);
	EXPECT_FREE_AREAS(test, r, [10] = 1);
}

static void leave_a_block_on_the_list(void *region)
{
	struct page *page = rsv_alloc_pages(region, GFP_ATOMIC, 5);

	if (page)
		__rsv_free_pages(page, 5);
}

static void list_of_another_cpu_is_drained_by_who_may_sleep(struct kunit *test)
{
	struct rsv_region *r = small_region(test);
	unsigned int cpu = rsvt_other_cpu(test);

	smp_call_function_single(cpu, leave_a_block_on_the_list, r, true);
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP_ATOMIC, 10));
	__rsv_free_pages(take_with(test, r, GFP_KERNEL | __GFP_HIGH, 10), 10);
}

/* While a zone is frozen because of a bad page, its lists take and serve nothing. */
static void frozen_zone_lists_nothing(struct kunit *test)
{
	struct rsv_region *r = small_region(test);
	struct rsv_zone *z = zone(r);
	struct page *listed = take(test, r, 4), *other;

	__rsv_free_pages(listed, 4);
	raw_spin_lock_irq(&z->lock);
	z->frozen = true;
	rsv_zone_resize(z, 0);
	raw_spin_unlock_irq(&z->lock);
	other = take(test, r, 4);
	KUNIT_EXPECT_PTR_NE(test, other, listed);
	__rsv_free_pages(other, 4);
	KUNIT_EXPECT_EQ(test, list_of(r)->nr, 1);
	/* The drain looks at each page of the block. */
	rsvt_settle(r);
	KUNIT_EXPECT_EQ(test, list_of(r)->nr, 0);
	raw_spin_lock_irq(&z->lock);
	z->frozen = false;
	rsv_zone_resize(z, 0);
	raw_spin_unlock_irq(&z->lock);
	EXPECT_FREE_AREAS(test, r, [10] = 1);
}

static struct kunit_case pcp_large_cases[] = {
	KUNIT_CASE(block_of_an_order_is_taken_wherever_it_is),
	KUNIT_CASE(last_block_of_an_order_is_the_next_one_taken),
	KUNIT_CASE(list_has_a_limit_in_blocks_and_in_pages),
	KUNIT_CASE(block_evicts_all_for_which_its_pages_leave_no_room),
	KUNIT_CASE(compound_blocks_are_not_listed),
	KUNIT_CASE(list_is_drained_before_a_request_fails),
	KUNIT_CASE(busy_list_is_passed_by),
	KUNIT_CASE(list_of_another_cpu_is_drained_by_who_may_sleep),
	KUNIT_CASE(frozen_zone_lists_nothing),
	{}};

static struct kunit_suite pcp_large_suite = {
	.name = "reservoir_percpu_large",
	.init = rsvt_suite_init,
	.test_cases = pcp_large_cases,
};

kunit_test_suite(pcp_large_suite);
