// SPDX-License-Identifier: GPL-2.0
/*
 * Per-CPU lists: the blocks that they hold, refills and drains, and an interrupt in the middle of
 * an operation, which does no harm.
 */
#include <linux/cpu.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/smp.h>

#include "pages/zonelist.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/map.h"
#include "support/params.h"
#include "support/scratch.h"
#include "support/suite.h"

/* A region that is large enough for lists, and one block of order 10 */
#define LISTED_PAGES	1024U

static struct rsv_region *listed_region(struct kunit *test, unsigned long pages)
{
	struct rsv_region *r = rsvt_scratch_pages(test, pages);

	rsvt_stay_on_this_cpu();
	rsvt_lists_long(r);
	return r;
}

/* A region whose lists hold many blocks, even with several CPUs */
static struct rsv_region *large_region(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region_large(test);

	rsvt_stay_on_this_cpu();
	rsvt_lists_long(r);
	return r;
}

static struct rsv_zone *zone(struct rsv_region *r)
{
	return rsv_zone_nth(r, 0);
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

/* --- What goes on a list -------------------------------------------------------------------- */

static const unsigned int orders[] = { 0, 1, 2, 3, 4, 5, 9, 10 };

static void order_text(const unsigned int *order, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "order %u", *order);
}

KUNIT_ARRAY_PARAM(orders, orders, order_text);

/* Lists of larger blocks would hold memory that requests for large blocks need. */
static void only_orders_0_to_9_are_listed(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value;
	struct rsv_region *r = large_region(test);
	struct free_areas untouched;

	if (order >= RSV_PCP_ORDERS && order < 10 && zone(r)->large_high < 1UL << order)
		kunit_skip(test, "many CPUs share little memory");
	rsvt_free_areas_read(test, r, &untouched);
	__rsv_free_pages(take(test, r, order), order);
	if (order < 10) {
		KUNIT_EXPECT_GT(test, cached(test, r, order), 0);
		__rsv_free_pages(take(test, r, order), order);
		KUNIT_EXPECT_EQ(test, rsvt_query_zone(test, r, 0)->cache_hits[order],
				order < RSV_PCP_ORDERS ? 2 : 1);
	} else {
		EXPECT_SAME_AREAS(test, r, &untouched);
	}
	rsvt_settle(r);
	EXPECT_SAME_AREAS(test, r, &untouched);
}

/* --- Batches -------------------------------------------------------------------------------- */

static unsigned int batch_of(struct rsv_region *r)
{
	return min(DIV_ROUND_UP(zone(r)->pcp_high[0], 2), RSV_PCP_BATCH);
}

static void list_is_filled_by_half_or_a_batch_when_it_is_empty(struct kunit *test)
{
	struct rsv_region *r = large_region(test);
	unsigned int batch = batch_of(r), i;
	struct page **page = rsvt_pages_array(test, batch + 1);

	KUNIT_ASSERT_GE(test, batch, 1);
	for (i = 0; i <= batch; i++) {
		struct rsv_ioc_zone *now;

		page[i] = take(test, r, 0);
		now = rsvt_query_zone(test, r, 0);
		KUNIT_EXPECT_EQ(test, now->cache_refills[0], 1 + i / batch);
		KUNIT_EXPECT_EQ(test, now->cached[0], batch - 1 - i % batch);
		KUNIT_EXPECT_EQ(test, now->free_pages, now->pages - batch * (1 + i / batch));
		KUNIT_EXPECT_EQ(test, rsvt_map_count(test, r, RSV_MAP_CACHED), now->cached[0]);
	}
	rsvt_pages_free(page, batch + 1, 0);
}

/* Fills the list, with the pages in the order of the array. Returns how many it has. */
static unsigned int fill_list(struct kunit *test, struct rsv_region *r, struct page **page)
{
	unsigned int high = zone(r)->pcp_high[0], i;

	KUNIT_ASSERT_EQ(test, rsvt_pages_alloc(r, GFP_KERNEL, 0, page, high + 1), high + 1);
	rsvt_settle(r);
	for (i = 0; i < high; i++) {
		__rsv_free_pages(page[i], 0);
		KUNIT_EXPECT_EQ(test, cached(test, r, 0), i + 1);
	}
	return high;
}

/* A list is filled upwards or downwards, so the oldest pages are adjacent, and merge. */
static void full_list_makes_room_by_one_block(struct kunit *test)
{
	struct rsv_region *r = large_region(test);
	struct page **page = rsvt_pages_array(test, zone(r)->pcp_high[0] + 1);
	unsigned int high = fill_list(test, r, page);

	if (high < RSV_PCP_BATCH)
		kunit_skip(test, "many CPUs share little memory");
	__rsv_free_pages(page[high], 0);
	KUNIT_EXPECT_EQ(test, cached(test, r, 0), high - RSV_PCP_FLUSH + 1);
	KUNIT_EXPECT_EQ(test, rsvt_map_count(test, r, RSV_MAP_CACHED), cached(test, r, 0));
}

/* Allocates all pages and sorts those with an even number first. Returns how many those are. */
static unsigned int take_scattered(struct kunit *test, struct rsv_region *r, struct page **page)
{
	unsigned long nr = rsvt_pages_alloc(r, GFP_KERNEL | __GFP_HIGH, 0, page, r->nr_pages), i;
	unsigned int even = 0;

	KUNIT_ASSERT_EQ(test, nr, r->nr_pages);
	for (i = 0; i < nr; i++) {
		if (page_to_pfn(page[i]) & 1)
			continue;
		swap(page[i], page[even]);
		even++;
	}
	return even;
}

/* If only single pages are free, each may need work along all orders. */
static void list_is_filled_and_drained_by_a_few_of_scattered_blocks(struct kunit *test)
{
	struct rsv_region *r = large_region(test);
	unsigned int high = zone(r)->pcp_high[0], even, i;
	struct page **page = rsvt_pages_array(test, r->nr_pages);
	unsigned long unused = zone(r)->min_pages + high;

	even = take_scattered(test, r, page);
	if (high < 2 * RSV_PCP_PIECES || even < unused + high + 1)
		kunit_skip(test, "many CPUs share little memory");
	rsvt_pages_free(page, unused, 0);
	rsvt_settle(r);
	EXPECT_FREE_AREAS(test, r, [0] = unused);

	page[0] = take(test, r, 0);
	KUNIT_EXPECT_EQ(test, cached(test, r, 0), RSV_PCP_PIECES - 1);
	__rsv_free_pages(page[0], 0);
	for (i = RSV_PCP_PIECES; i < high; i++)
		__rsv_free_pages(page[unused + i], 0);
	KUNIT_EXPECT_EQ(test, cached(test, r, 0), high);
	/* One makes room for one. */
	__rsv_free_pages(page[unused + i], 0);
	KUNIT_EXPECT_EQ(test, cached(test, r, 0), high);
	EXPECT_FREE_AREAS(test, r, [0] = unused - RSV_PCP_PIECES + 1);

	rsvt_pages_free(page + unused, RSV_PCP_PIECES, 0);
	rsvt_pages_free(page + unused + high + 1, r->nr_pages - unused - high - 1, 0);
	rsvt_settle(r);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), r->nr_pages);
}

/*
 * Goes round the ring. The test expects which blocks leave a full list, and in which order the
 * others are allocated.
 */
static void blocks_given_back_first_leave_a_full_list_first(struct kunit *test)
{
	struct rsv_region *r = large_region(test);
	unsigned int nr = zone(r)->pcp_high[0] * 3 / 2, left, i, round;
	struct page **page = rsvt_pages_array(test, nr);

	for (round = 0; round < 8; round++) {
		KUNIT_ASSERT_EQ(test, rsvt_pages_alloc(r, GFP_KERNEL, 0, page, nr), nr);
		rsvt_pages_free(page, nr, 0);
		left = cached(test, r, 0);
		KUNIT_EXPECT_LT(test, left, nr);
		for (i = 0; i < left; i++)
			KUNIT_EXPECT_PTR_EQ(test, take(test, r, 0), page[i]);
		rsvt_pages_free(page, left, 0);
	}
}

/* Single blocks such as slabs come off a list, but no list is refilled for them. */
static void blocks_for_bytes_fill_no_list(struct kunit *test)
{
	struct rsv_region *r = large_region(test);
	void *a = rsv_kmalloc(r, 4 * PAGE_SIZE, GFP_KERNEL), *b;
	struct page *page;
	u64 ready;

	KUNIT_EXPECT_EQ(test, cached(test, r, 2), 0);
	page = take(test, r, 2);
	__rsv_free_pages(page, 2);
	ready = cached(test, r, 2);
	b = rsv_kmalloc(r, 4 * PAGE_SIZE, GFP_KERNEL);
	KUNIT_EXPECT_PTR_EQ(test, b, page_address(page));
	KUNIT_EXPECT_EQ(test, cached(test, r, 2), ready - 1);
	KUNIT_EXPECT_EQ(test, rsvt_query_zone(test, r, 0)->cache_refills[2], 1);
	rsv_kfree(a);
	rsv_kfree(b);
}

/* The block that was freed last is in the CPU's data cache. */
static void last_block_given_back_is_the_next_one_taken(struct kunit *test)
{
	struct rsv_region *r = large_region(test);
	struct page *a = take(test, r, 1), *b = take(test, r, 1);

	__rsv_free_pages(a, 1);
	__rsv_free_pages(b, 1);
	KUNIT_EXPECT_PTR_EQ(test, take(test, r, 1), b);
	KUNIT_EXPECT_PTR_EQ(test, take(test, r, 1), a);
	__rsv_free_pages(a, 1);
	__rsv_free_pages(b, 1);
}

static void what_lists_serve_is_counted_like_the_rest(struct kunit *test)
{
	static const unsigned int times[] = { 7, 5, 3, 2, 2 };
	struct rsv_region *r = large_region(test);
	struct rsv_ioc_zone *now;
	unsigned int order, i;

	for (order = 0; order < ARRAY_SIZE(times); order++)
		for (i = 0; i < times[order]; i++)
			__rsv_free_pages(take(test, r, order), order);
	now = rsvt_query_zone(test, r, 0);
	for (order = 0; order < ARRAY_SIZE(times); order++) {
		u64 bytes = (u64)times[order] * (PAGE_SIZE << order);

		KUNIT_EXPECT_EQ(test, now->allocs[order], times[order]);
		KUNIT_EXPECT_EQ(test, now->frees[order], times[order]);
		KUNIT_EXPECT_EQ(test, now->asked[order], bytes);
		KUNIT_EXPECT_EQ(test, now->granted[order], bytes);
		KUNIT_EXPECT_EQ(test, now->cache_hits[order], times[order] - (order >= 4));
		KUNIT_EXPECT_EQ(test, now->cache_refills[order], order < 4);
		KUNIT_EXPECT_EQ(test, now->failures[order], 0);
	}
}

static void blocks_of_lists_are_aligned_to_their_size(struct kunit *test)
{
	struct rsv_region *r = large_region(test);
	struct page **block = rsvt_pages_array(test, 100);
	unsigned int order, i;

	for (order = 0; order < 4; order++) {
		KUNIT_ASSERT_EQ(test, rsvt_pages_alloc(r, GFP_KERNEL, order, block, 100), 100);
		for (i = 0; i < 100; i++)
			KUNIT_EXPECT_TRUE(test, IS_ALIGNED(page_to_pfn(block[i]), 1UL << order));
		rsvt_pages_free(block, 100, order);
	}
}

/* --- Draining ------------------------------------------------------------------------------- */

static const unsigned int small_orders[] = { 0, 1, 2, 3 };

KUNIT_ARRAY_PARAM(small_orders, small_orders, order_text);

/* Requests the whole region in one block while lists hold parts of it. */
static void list_is_drained_before_a_large_request_fails(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value;
	struct rsv_region *r = listed_region(test, LISTED_PAGES);
	static const gfp_t gfps[] = { GFP_KERNEL | __GFP_HIGH, GFP_ATOMIC };
	struct page *page;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(gfps); i++) {
		__rsv_free_pages(take(test, r, order), order);
		page = rsv_alloc_pages(r, gfps[i], 10);
		KUNIT_EXPECT_NOT_NULL(test, page);
		if (page)
			__rsv_free_pages(page, 10);
	}
	KUNIT_EXPECT_EQ(test, rsvt_query_zone(test, r, 0)->failures[10], 0);
}

static const unsigned int powers[] = { 64, 256, LISTED_PAGES };

KUNIT_ARRAY_PARAM(powers, powers, rsvt_pages_text);

/*
 * Allocates and frees a block of each list's order on the CPU that this function runs on. A request
 * for a larger block may drain smaller ones, so it comes first.
 */
static void leave_pages_on_the_lists(void *region)
{
	unsigned int order;

	for (order = RSV_LISTED_ORDERS; order--;) {
		struct page *page = rsv_alloc_pages(region, GFP_ATOMIC, order);

		if (page)
			__rsv_free_pages(page, order);
	}
}

static void every_page_can_be_had_though_lists_hold_some(struct kunit *test)
{
	const unsigned int pages = *(const unsigned int *)test->param_value;
	struct rsv_region *r = listed_region(test, pages);
	struct page **page = rsvt_pages_array(test, pages + 1);
	unsigned int nr = 0, i;

	on_each_cpu(leave_pages_on_the_lists, r, true);
	KUNIT_EXPECT_GT(test, rsvt_query_region(r).cached_bytes, 0);
	/* A request does not wait for ever for a CPU that stalls. */
	for (i = 0; i < 100 && nr < pages; i++)
		nr += rsvt_pages_alloc(r, GFP_KERNEL | __GFP_HIGH, 0, page + nr, pages + 1 - nr);
	KUNIT_EXPECT_EQ(test, nr, pages);
	KUNIT_EXPECT_EQ(test, rsvt_query_region(r).cached_bytes, 0);
	rsvt_pages_free(page, nr, 0);
	rsvt_settle(r);
	EXPECT_UNTOUCHED(test, r);
}

static void shrinking_drains_lists(struct kunit *test)
{
	struct rsv_region *r = listed_region(test, LISTED_PAGES);
	unsigned int order;

	for (order = 0; order < 4; order++)
		__rsv_free_pages(take(test, r, order), order);
	KUNIT_EXPECT_LT(test, rsvt_region_free_pages(r), LISTED_PAGES);
	KUNIT_EXPECT_EQ(test, rsv_region_shrink(r, 0), 0);
	EXPECT_FREE_AREAS(test, r, [10] = 1);
}

/* --- Growth --------------------------------------------------------------------------------- */

/* What is counted of each order, to compare before and after */
struct counts {
	u64 allocs[RSV_PCP_ORDERS];
	u64 frees[RSV_PCP_ORDERS];
	u64 hits[RSV_PCP_ORDERS];
	u64 refills[RSV_PCP_ORDERS];
};

static struct counts counts_now(struct kunit *test, struct rsv_region *r)
{
	const struct rsv_ioc_zone *z = rsvt_query_zone(test, r, 0);
	struct counts c;
	unsigned int order;

	for (order = 0; order < RSV_PCP_ORDERS; order++) {
		c.allocs[order] = z->allocs[order];
		c.frees[order] = z->frees[order];
		c.hits[order] = z->cache_hits[order];
		c.refills[order] = z->cache_refills[order];
	}
	return c;
}

/* Longer lists replace those of a zone that has grown. No block and no count is lost. */
static void lists_grow_with_the_zone(struct kunit *test)
{
	struct rsv_region *r = listed_region(test, LISTED_PAGES);
	struct rsv_reserve want = { .bytes = SZ_16M, .flags = RSV_RESERVE_NODE };
	unsigned int slots = zone(r)->pcp_slots[0], order;
	u64 bytes = rsvt_query_region(r).percpu_bytes;
	struct counts before, now;

	want.nid = zone(r)->nid;
	for (order = 0; order < RSV_PCP_ORDERS; order++)
		__rsv_free_pages(take(test, r, order), order);
	before = counts_now(test, r);
	KUNIT_EXPECT_GT(test, cached(test, r, 0), 0);
	KUNIT_ASSERT_EQ(test, rsv_region_grow(r, &want), 0);
	if (rsv_zone_nth(r, 1))
		kunit_skip(test, "the memory came from another zone");

	KUNIT_EXPECT_GT(test, zone(r)->pcp_slots[0], slots);
	KUNIT_EXPECT_LT(test, zone(r)->pcp_high[0], zone(r)->pcp_slots[0]);
	KUNIT_EXPECT_GE(test, zone(r)->pcp_high[0], slots);
	KUNIT_EXPECT_GT(test, rsvt_query_region(r).percpu_bytes, bytes);
	now = counts_now(test, r);
	KUNIT_EXPECT_MEMEQ(test, &now, &before, sizeof(now));
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), r->nr_pages);
	__rsv_free_pages(take(test, r, 0), 0);
	KUNIT_EXPECT_EQ(test, counts_now(test, r).hits[0], before.hits[0] + 1);
}

/* --- Several CPUs --------------------------------------------------------------------------- */

/* Allocates and frees a page on the CPU that this function runs on. */
static void leave_a_page_on_the_list(void *region)
{
	struct page *page = rsv_alloc_pages(region, GFP_ATOMIC, 0);

	if (page)
		__rsv_free_pages(page, 0);
}

/* Only a request that may sleep drains the lists of other CPUs. */
static void lists_of_other_cpus_are_drained_by_who_may_sleep(struct kunit *test)
{
	struct rsv_region *r = listed_region(test, LISTED_PAGES);
	unsigned int cpu = rsvt_other_cpu(test);
	struct page *page;

	smp_call_function_single(cpu, leave_a_page_on_the_list, r, true);
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP_ATOMIC, 10));
	page = rsv_alloc_pages(r, GFP_KERNEL | __GFP_HIGH, 10);
	KUNIT_ASSERT_NOT_NULL(test, page);
	__rsv_free_pages(page, 10);
}

#if IS_ENABLED(CONFIG_HOTPLUG_CPU)
static void lists_of_a_cpu_that_goes_are_drained(struct kunit *test)
{
	struct rsv_region *r;
	unsigned int cpu;

	/* CPU 0 cannot go off-line. */
	set_cpus_allowed_ptr(current, cpumask_of(0));
	r = listed_region(test, LISTED_PAGES);
	cpu = rsvt_other_cpu(test);
	smp_call_function_single(cpu, leave_pages_on_the_lists, r, true);
	KUNIT_EXPECT_GT(test, cached(test, r, 0), 0);
	if (remove_cpu(cpu))
		kunit_skip(test, "CPU %u cannot be switched off", cpu);
	KUNIT_EXPECT_EQ(test, cached(test, r, 0), 0);
	EXPECT_FREE_AREAS(test, r, [10] = 1);
	KUNIT_EXPECT_EQ(test, add_cpu(cpu), 0);

	smp_call_function_single(cpu, leave_pages_on_the_lists, r, true);
	KUNIT_EXPECT_GT(test, cached(test, r, 0), 0);
}
#else
static void lists_of_a_cpu_that_goes_are_drained(struct kunit *test)
{
	kunit_skip(test, "the kernel cannot switch off CPUs");
}
#endif

/* --- Interrupts ----------------------------------------------------------------------------- */

/* Busy is set, as for an interrupt that comes while the CPU works on the lists. */
static void busy_lists_are_passed_by(struct kunit *test)
{
	struct rsv_region *r = listed_region(test, LISTED_PAGES);
	const unsigned int cpu = raw_smp_processor_id();
	struct rsv_ioc_zone *before, *after;
	struct page *page[4];
	unsigned int order;

	for (order = 0; order < 4; order++)
		__rsv_free_pages(take(test, r, order), order);
	before = rsvt_query_zone(test, r, 0);

	for (order = 0; order < 4; order++)
		per_cpu_ptr(zone(r)->pcp[order], cpu)->busy = true;
	for (order = 0; order < 4; order++)
		page[order] = rsv_alloc_pages(r, GFP_ATOMIC, order);
	for (order = 0; order < 4; order++)
		if (page[order])
			__rsv_free_pages(page[order], order);
	rsv_region_shrink(r, 0);
	for (order = 0; order < 4; order++)
		per_cpu_ptr(zone(r)->pcp[order], cpu)->busy = false;

	after = rsvt_query_zone(test, r, 0);
	for (order = 0; order < 4; order++) {
		KUNIT_EXPECT_NOT_NULL(test, page[order]);
		KUNIT_EXPECT_EQ(test, after->cached[order], before->cached[order]);
		KUNIT_EXPECT_EQ(test, after->cache_hits[order], before->cache_hits[order]);
		KUNIT_EXPECT_EQ(test, after->allocs[order], before->allocs[order] + 1);
		KUNIT_EXPECT_EQ(test, after->frees[order], before->frees[order] + 1);
	}
	KUNIT_EXPECT_EQ(test, after->free_pages, before->free_pages);
	rsvt_settle(r);
	EXPECT_FREE_AREAS(test, r, [10] = 1);
}

#define TICKS	20U

struct ticker {
	struct irq_work work;
	struct rsv_region *r;
	unsigned int ticks;
	unsigned int failures;
	u64 pages;
};

/* Runs at each tick of the timer, from its hard interrupt. */
static void tick(struct irq_work *work)
{
	struct ticker *t = container_of(work, struct ticker, work);
	unsigned int order;

	for (order = 0; order < 4; order++) {
		struct page *page = rsv_alloc_pages(t->r, GFP_ATOMIC, order);

		t->failures += !page;
		if (page)
			__rsv_free_pages(page, order);
		t->pages++;
	}
	if (++t->ticks < TICKS)
		irq_work_queue(work);
}

static void interrupts_in_the_middle_break_nothing(struct kunit *test)
{
	struct rsv_region *r = large_region(test);
	struct ticker *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	unsigned long end = jiffies + 10 * HZ;
	struct rsv_ioc_zone *now;
	u64 passes = 0, allocs = 0;
	unsigned int order;

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->r = r;
	t->work = IRQ_WORK_INIT_LAZY(tick);
	irq_work_queue(&t->work);
	for (; READ_ONCE(t->ticks) < TICKS && time_before(jiffies, end); passes++) {
		for (order = 0; order < 4; order++)
			__rsv_free_pages(take(test, r, order), order);
		cond_resched();
	}
	irq_work_sync(&t->work);

	KUNIT_EXPECT_EQ(test, t->ticks, TICKS);
	KUNIT_EXPECT_EQ(test, t->failures, 0);
	now = rsvt_query_zone(test, r, 0);
	for (order = 0; order < 4; order++) {
		KUNIT_EXPECT_EQ(test, now->allocs[order], now->frees[order]);
		allocs += now->allocs[order];
	}
	KUNIT_EXPECT_EQ(test, allocs, 4 * passes + t->pages);
	rsvt_settle(r);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), r->nr_pages);
}

static struct kunit_case percpu_cases[] = {
	KUNIT_CASE_PARAM(only_orders_0_to_9_are_listed, orders_gen_params),
	KUNIT_CASE(list_is_filled_by_half_or_a_batch_when_it_is_empty),
	KUNIT_CASE(full_list_makes_room_by_one_block),
	KUNIT_CASE(list_is_filled_and_drained_by_a_few_of_scattered_blocks),
	KUNIT_CASE(blocks_given_back_first_leave_a_full_list_first),
	KUNIT_CASE(blocks_for_bytes_fill_no_list),
	KUNIT_CASE(last_block_given_back_is_the_next_one_taken),
	KUNIT_CASE(what_lists_serve_is_counted_like_the_rest),
	KUNIT_CASE(blocks_of_lists_are_aligned_to_their_size),
	KUNIT_CASE_PARAM(list_is_drained_before_a_large_request_fails, small_orders_gen_params),
	KUNIT_CASE_PARAM(every_page_can_be_had_though_lists_hold_some, powers_gen_params),
	KUNIT_CASE(shrinking_drains_lists),
	KUNIT_CASE(lists_grow_with_the_zone),
	KUNIT_CASE(lists_of_other_cpus_are_drained_by_who_may_sleep),
	KUNIT_CASE(lists_of_a_cpu_that_goes_are_drained),
	KUNIT_CASE(busy_lists_are_passed_by),
	KUNIT_CASE(interrupts_in_the_middle_break_nothing),
	{}};

static struct kunit_suite percpu_suite = {
	.name = "reservoir_percpu",
	.init = rsvt_suite_init,
	.test_cases = percpu_cases,
};

kunit_test_suite(percpu_suite);
