// SPDX-License-Identifier: GPL-2.0
/*
 * Drained regions: a request fails at once where a drain can do nothing, and nowhere else. A test
 * for each place of pages where only a drain finds something: what comes there ends the state, and
 * the next request gets it. objects/drained_test.c has the places of objects.
 */
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/smp.h>

#include "pages/backoff.h"
#include "pages/pcp.h"
#include "pages/zonelist.h"
#include "support/arrays.h"
#include "support/drained.h"
#include "support/scratch.h"
#include "support/suite.h"

static void requests_of_a_drained_region_drain_nothing(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct page *used = rsv_alloc_pages(r, GFP, 0);
	unsigned int i;
	int drains;

	KUNIT_ASSERT_NOT_NULL(test, used);
	rsvt_drain(test, r);
	drains = atomic_read(&r->backoff.drains);
	for (i = 0; i < 20; i++)
		KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP, ALL));
	KUNIT_EXPECT_TRUE(test, rsv_backoff_is_drained(r));
	KUNIT_EXPECT_EQ(test, atomic_read(&r->backoff.drains), drains);
	__rsv_free_pages(used, 0);
	KUNIT_EXPECT_TRUE(test, rsvt_all_can_be_had(r));
}

/* Requests for single pages and for objects go other ways, which must not end the state. */
static void small_requests_leave_an_exhausted_region_drained(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct rsv_cache *c = rsvt_scratch_cache_flags(test, r, PAGE_SIZE, 0, 0, NULL);
	struct page **page = rsvt_pages_array(test, PAGES);
	unsigned long nr = rsvt_pages_alloc(r, GFP, 0, page, PAGES), i;

	KUNIT_EXPECT_EQ(test, nr, PAGES);
	rsvt_drain(test, r);
	for (i = 0; i < 5; i++) {
		KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP, 0));
		KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP | __GFP_ZERO, 0));
		KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP, 4));
		KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP_ATOMIC | __GFP_NOWARN, 1));
		KUNIT_EXPECT_NULL(test, rsv_cache_alloc(c, GFP));
	}
	KUNIT_EXPECT_TRUE(test, rsv_backoff_is_drained(r));
	rsvt_pages_free(page, nr, 0);
	kunit_kfree(test, page);
	KUNIT_EXPECT_TRUE(test, rsvt_all_can_be_had(r));
	rsvt_scratch_cache_end(test, c);
}

static void block_freed_onto_a_list_is_found(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	unsigned int order, i;
	struct page *page;

	for (order = 0; order < ALL; order++) {
		for (i = 0; i < 3; i++) {
			page = rsv_alloc_pages(r, GFP, order);
			KUNIT_ASSERT_NOT_NULL(test, page);
			rsvt_drain(test, r);
			__rsv_free_pages(page, order);
			KUNIT_EXPECT_TRUE_MSG(test, rsvt_all_can_be_had(r), "order %u, try %u",
					      order, i);
		}
	}
}

/* The fast path frees onto a list that another free has opened, and says nothing. */
static void block_freed_onto_an_open_list_is_found(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct page *first = rsv_alloc_pages(r, GFP, 0), *second = rsv_alloc_pages(r, GFP, 0);

	KUNIT_ASSERT_NOT_NULL(test, first);
	KUNIT_ASSERT_NOT_NULL(test, second);
	rsvt_drain(test, r);
	__rsv_free_pages(first, 0);
	KUNIT_EXPECT_FALSE(test, rsv_backoff_is_drained(r));
	__rsv_free_pages(second, 0);
	KUNIT_EXPECT_TRUE(test, rsvt_all_can_be_had(r));
}

/* Where only single pages are free, requests for two refill their list in vain. */
static void refill_that_fails_opens_no_list(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct page *two = rsv_alloc_pages(r, GFP, 1);
	struct page **page = rsvt_pages_array(test, PAGES);
	unsigned long nr = rsvt_pages_alloc(r, GFP, 0, page, PAGES), i;

	KUNIT_ASSERT_NOT_NULL(test, two);
	KUNIT_EXPECT_EQ(test, nr, PAGES - 2);
	for (i = 0; i < nr; i++) {
		if (page_to_pfn(page[i]) % 2)
			continue;
		__rsv_free_pages(page[i], 0);
		page[i] = NULL;
	}
	rsvt_drain(test, r);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP, 1));
	KUNIT_EXPECT_TRUE(test, rsv_backoff_is_drained(r));
	__rsv_free_pages(two, 1);
	KUNIT_EXPECT_FALSE(test, rsv_backoff_is_drained(r));
	for (i = 0; i < nr; i++)
		if (page[i])
			__rsv_free_pages(page[i], 0);
	kunit_kfree(test, page);
	KUNIT_EXPECT_TRUE(test, rsvt_all_can_be_had(r));
}

static void refill_of_a_list_ends_the_state(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct page *page;

	rsvt_drain_in_vain(r);
	page = rsv_alloc_pages(r, GFP, 0);
	KUNIT_ASSERT_NOT_NULL(test, page);
	/* With many CPUs, lists of so few pages have no limit. */
	if (!rsv_zone_nth(r, 0)->pcp_high[0])
		kunit_skip(test, "many CPUs share little memory");
	KUNIT_EXPECT_TRUE(test, rsv_pcp_is_open(rsv_zone_nth(r, 0), raw_smp_processor_id()));
	KUNIT_EXPECT_FALSE(test, rsv_backoff_is_drained(r));
	__rsv_free_pages(page, 0);
}

/* It drains this CPU alone, so that no request learns anything from its end. */
static void drain_that_may_not_wait_closes_no_list(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct rsv_zone *z = rsv_zone_nth(r, 0);
	struct page *used = rsv_alloc_pages(r, GFP, 0), *page = rsv_alloc_pages(r, GFP, 0);
	const struct rsv_pcp *list = raw_cpu_ptr(z->pcp[0]);

	KUNIT_ASSERT_NOT_NULL(test, used);
	KUNIT_ASSERT_NOT_NULL(test, page);
	if (!z->pcp_high[0])
		kunit_skip(test, "many CPUs share little memory");
	__rsv_free_pages(page, 0);
	KUNIT_EXPECT_TRUE(test, list->open);
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP_NOWAIT | __GFP_NOWARN, ALL));
	KUNIT_EXPECT_EQ(test, rsv_pcp_nr(list), 0);
	KUNIT_EXPECT_TRUE(test, list->open);
	KUNIT_EXPECT_GT(test, list->high, 0);
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP, ALL));
	KUNIT_EXPECT_FALSE(test, list->open);
	__rsv_free_pages(used, 0);
}

/* As while a drain has closed the list, and has not flushed it yet. */
static void closed_list_counts_as_open_while_it_has_blocks(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct rsv_zone *z = rsv_zone_nth(r, 0);
	const unsigned int cpu = raw_smp_processor_id();
	struct page *page = rsv_alloc_pages(r, GFP, 0);
	struct rsv_pcp *list = raw_cpu_ptr(z->pcp[0]);

	KUNIT_ASSERT_NOT_NULL(test, page);
	__rsv_free_pages(page, 0);
	if (!rsv_pcp_nr(list))
		kunit_skip(test, "many CPUs share little memory");
	list->open = false;
	list->high = 0;
	KUNIT_EXPECT_TRUE(test, rsv_pcp_is_open(z, cpu));
	KUNIT_EXPECT_TRUE(test, rsvt_all_can_be_had(r));
}

/* As when the CPU went off-line: nobody else uses its lists, so a test may flush them. */
static void lists_of_a_dead_cpu_are_closed(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct rsv_zone *z = rsv_zone_nth(r, 0);
	const unsigned int cpu = raw_smp_processor_id();
	struct page *page = rsv_alloc_pages(r, GFP, 0), *large = rsv_alloc_pages(r, GFP, 4);

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_NOT_NULL(test, large);
	__rsv_free_pages(page, 0);
	__rsv_free_pages(large, 4);
	if (!rsv_pcp_is_open(z, cpu))
		kunit_skip(test, "many CPUs share little memory");
	rsv_pcp_drain_dead(z, cpu);
	KUNIT_EXPECT_FALSE(test, rsv_pcp_is_open(z, cpu));
	/* The CPU comes back. */
	page = rsv_alloc_pages(r, GFP, 0);
	KUNIT_ASSERT_NOT_NULL(test, page);
	rsvt_drain(test, r);
	__rsv_free_pages(page, 0);
	KUNIT_EXPECT_TRUE(test, rsv_pcp_is_open(z, cpu));
	KUNIT_EXPECT_TRUE(test, rsvt_all_can_be_had(r));
}

/* The new lists are closed and empty, and what comes to them says so. */
static void longer_lists_of_a_zone_that_grew_are_closed(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct rsv_zone *z = rsv_zone_nth(r, 0);
	struct rsv_reserve want = { .bytes = SZ_1M, .flags = RSV_RESERVE_NODE, .nid = z->nid };
	struct page *page = rsv_alloc_pages(r, GFP, 0), *second = rsv_alloc_pages(r, GFP, 0);
	const struct rsv_pcp __percpu *before = z->pcp[0];

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_NOT_NULL(test, second);
	__rsv_free_pages(page, 0);
	KUNIT_ASSERT_EQ(test, rsv_region_grow(r, &want), 0);
	if (rsv_zone_nth(r, 1) || z->pcp[0] == before)
		kunit_skip(test, "the memory came from another zone, or many CPUs share it");
	KUNIT_EXPECT_EQ(test, rsv_pcp_nr(raw_cpu_ptr(z->pcp[0])), 0);
	KUNIT_EXPECT_FALSE(test, ((struct rsv_pcp *)raw_cpu_ptr(z->pcp[0]))->open);
	rsvt_drain_in_vain(r);
	__rsv_free_pages(second, 0);
	KUNIT_EXPECT_TRUE(test, rsv_pcp_is_open(z, raw_smp_processor_id()));
	KUNIT_EXPECT_FALSE(test, rsv_backoff_is_drained(r));
	KUNIT_EXPECT_TRUE(test, rsvt_all_can_be_had(r));
}

/* As when the zone has lost pages: another CPU stores a limit of 0, and that closes no list. */
static void list_without_a_limit_stays_open(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct rsv_zone *z = rsv_zone_nth(r, 0);
	const unsigned int cpu = raw_smp_processor_id();
	struct page *page = rsv_alloc_pages(r, GFP, 0), *second = rsv_alloc_pages(r, GFP, 0);

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_NOT_NULL(test, second);
	rsvt_drain(test, r);
	KUNIT_EXPECT_FALSE(test, rsv_pcp_is_open(z, cpu));
	__rsv_free_pages(page, 0);
	page = rsv_alloc_pages(r, GFP, 0);
	KUNIT_EXPECT_NOT_NULL(test, page);
	rsv_pcp_forget_limits(z);
	KUNIT_EXPECT_TRUE(test, rsv_pcp_is_open(z, cpu));
	__rsv_free_pages(page, 0);
	rsv_pcp_forget_limits(z);
	__rsv_free_pages(second, 0);
	KUNIT_EXPECT_TRUE(test, rsvt_all_can_be_had(r));
}

/* A list gets back the limit that it had. */
static void drain_changes_no_limit(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 2048);
	const struct rsv_pcp *list = raw_cpu_ptr(rsv_zone_nth(r, 0)->pcp[0]);
	struct page **page = rsvt_pages_array(test, 1024);
	unsigned int limit, i;

	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_EQ(test, rsvt_pages_alloc(r, GFP, 0, page, 1024), 1024);
		rsvt_pages_free(page, 1024, 0);
	}
	limit = list->high;
	if (limit == rsv_zone_nth(r, 0)->pcp_low[0])
		kunit_skip(test, "many CPUs share little memory");
	rsvt_settle(r);
	KUNIT_EXPECT_EQ(test, list->high, 0);
	page[0] = rsv_alloc_pages(r, GFP, 0);
	KUNIT_ASSERT_NOT_NULL(test, page[0]);
	KUNIT_EXPECT_EQ(test, list->high, limit);
	__rsv_free_pages(page[0], 0);
	kunit_kfree(test, page);
}

/* While the last block of a list of larger ones is on its way, a drain waits for the CPU. */
static void list_of_larger_blocks_is_open_while_it_has_any(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct rsv_zone *z = rsv_zone_nth(r, 0);
	struct rsv_large_list *list = raw_cpu_ptr(z->large);
	struct page *page = rsv_alloc_pages(r, GFP, RSV_PCP_ORDERS);

	KUNIT_ASSERT_NOT_NULL(test, page);
	rsvt_drain(test, r);
	KUNIT_EXPECT_FALSE(test, rsv_pcp_is_open(z, raw_smp_processor_id()));
	__rsv_free_pages(page, RSV_PCP_ORDERS);
	if (!list->nr)
		kunit_skip(test, "many CPUs share little memory");
	KUNIT_EXPECT_TRUE(test, list->open);
	list->open = false;
	KUNIT_EXPECT_TRUE(test, rsv_pcp_is_open(z, raw_smp_processor_id()));
	list->open = true;
	page = rsv_alloc_pages(r, GFP, RSV_PCP_ORDERS);
	KUNIT_EXPECT_FALSE(test, list->nr);
	KUNIT_EXPECT_TRUE(test, rsv_pcp_is_open(z, raw_smp_processor_id()));
	__rsv_free_pages(page, RSV_PCP_ORDERS);
}

static void zeroed_pages_end_the_state(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 2048);
	struct rsv_zone *z = rsv_zone_nth(r, 0);
	unsigned long addr = rsv_get_zeroed_page(r, GFP);

	KUNIT_ASSERT_NE(test, addr, 0);
	flush_work(&z->zero_work);
	rsvt_settle(r);
	rsvt_drain_in_vain(r);
	queue_work(system_wq, &z->zero_work);
	flush_work(&z->zero_work);
	KUNIT_EXPECT_GT(test, z->nr_zeroed, 0);
	KUNIT_EXPECT_FALSE(test, rsv_backoff_is_drained(r));
	rsv_free_pages(addr, 0);
}

static void page_that_somebody_refers_to_is_found_afterwards(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct page *page = rsv_alloc_pages(r, GFP, 0);

	KUNIT_ASSERT_NOT_NULL(test, page);
	rsvt_drain(test, r);
	get_page(page);
	__rsv_free_pages(page, 0);
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP, ALL));
	KUNIT_EXPECT_FALSE(test, rsv_backoff_is_drained(r));
	put_page(page);
	KUNIT_EXPECT_TRUE(test, rsvt_all_can_be_had(r));
}

/* Free neighbours that are not buddies */
static void runs_are_gathered_in_a_drained_region(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct page **page = rsvt_pages_array(test, PAGES);
	unsigned long nr = rsvt_pages_alloc(r, GFP, 0, page, PAGES), i, freed = 0, at;
	int drains;
	void *run;

	KUNIT_EXPECT_EQ(test, nr, PAGES);
	for (i = 0; i < nr; i++) {
		at = rsvt_scratch_page(r, page_address(page[i]));
		if (at != 31 && at != 32)
			continue;
		__rsv_free_pages(page[i], 0);
		page[i] = NULL;
		freed++;
	}
	KUNIT_EXPECT_EQ(test, freed, 2);
	rsvt_drain(test, r);
	drains = atomic_read(&r->backoff.drains);
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages_exact(r, 3 * PAGE_SIZE, GFP));
	KUNIT_EXPECT_TRUE(test, rsv_backoff_is_drained(r));
	run = rsv_alloc_pages_exact(r, 2 * PAGE_SIZE, GFP);
	KUNIT_EXPECT_NOT_NULL(test, run);
	KUNIT_EXPECT_EQ(test, atomic_read(&r->backoff.drains), drains);
	if (run)
		rsv_free_pages_exact(run, 2 * PAGE_SIZE);
	for (i = 0; i < nr; i++)
		if (page[i])
			__rsv_free_pages(page[i], 0);
	kunit_kfree(test, page);
}

/* What comes to a place while a drain runs may be behind the drain. */
static void what_comes_during_a_drain_ends_it(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	int older, newer;

	older = rsv_backoff_begin_drain(r);
	KUNIT_EXPECT_FALSE(test, rsv_backoff_is_drained(r));
	rsv_backoff_cached(r);
	rsv_backoff_end_drain(r, older);
	KUNIT_EXPECT_FALSE_MSG(test, rsv_backoff_is_drained(r), "cached during the drain");

	older = rsv_backoff_begin_drain(r);
	rsv_backoff_cached(r);
	newer = rsv_backoff_begin_drain(r);
	rsv_backoff_end_drain(r, older);
	KUNIT_EXPECT_FALSE_MSG(test, rsv_backoff_is_drained(r), "cached before the newer drain");
	rsv_backoff_end_drain(r, newer);
	KUNIT_EXPECT_TRUE(test, rsv_backoff_is_drained(r));
	rsv_backoff_cached(r);
	KUNIT_EXPECT_FALSE(test, rsv_backoff_is_drained(r));
}

/* Another task drains all CPUs, and has not come to its end. */
static void drain_that_ran_out_of_time_proves_nothing(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct page *used = rsv_alloc_pages(r, GFP, 0);

	KUNIT_ASSERT_NOT_NULL(test, used);
	mutex_lock(&r->drain_lock);
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP, ALL));
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP, ALL));
	mutex_unlock(&r->drain_lock);
	KUNIT_EXPECT_FALSE(test, rsv_backoff_is_drained(r));
	__rsv_free_pages(used, 0);
}

/* Two objects and two pages: the first free of each opens a place, the second is fast. */
struct elsewhere {
	struct rsv_cache *c;
	void *object[2];
	struct page *page[2];
};

static void free_there(void *data)
{
	struct elsewhere *e = data;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(e->object); i++) {
		rsv_cache_free(e->c, e->object[i]);
		__rsv_free_pages(e->page[i], 0);
	}
}

static void what_another_cpu_frees_is_found(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	unsigned int cpu = rsvt_other_cpu(test), round, i;
	struct elsewhere e = {};

	e.c = rsvt_scratch_cache_flags(test, r, 512, 0, RSV_ENGINE_SLUB, NULL);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < ARRAY_SIZE(e.object); i++) {
			e.object[i] = rsv_cache_alloc(e.c, GFP);
			e.page[i] = rsv_alloc_pages(r, GFP, 0);
			KUNIT_ASSERT_NOT_NULL(test, e.object[i]);
			KUNIT_ASSERT_NOT_NULL(test, e.page[i]);
		}
		rsvt_drain(test, r);
		smp_call_function_single(cpu, free_there, &e, true);
		KUNIT_EXPECT_TRUE_MSG(test, rsvt_all_can_be_had(r), "round %u", round);
	}
	rsvt_scratch_cache_end(test, e.c);
}

static struct kunit_case backoff_drained_cases[] = {
	KUNIT_CASE(requests_of_a_drained_region_drain_nothing),
	KUNIT_CASE(small_requests_leave_an_exhausted_region_drained),
	KUNIT_CASE(block_freed_onto_a_list_is_found),
	KUNIT_CASE(block_freed_onto_an_open_list_is_found),
	KUNIT_CASE(refill_that_fails_opens_no_list),
	KUNIT_CASE(refill_of_a_list_ends_the_state),
	KUNIT_CASE(drain_that_may_not_wait_closes_no_list),
	KUNIT_CASE(closed_list_counts_as_open_while_it_has_blocks),
	KUNIT_CASE(lists_of_a_dead_cpu_are_closed),
	KUNIT_CASE(longer_lists_of_a_zone_that_grew_are_closed),
	KUNIT_CASE(list_without_a_limit_stays_open),
	KUNIT_CASE(drain_changes_no_limit),
	KUNIT_CASE(list_of_larger_blocks_is_open_while_it_has_any),
	KUNIT_CASE(zeroed_pages_end_the_state),
	KUNIT_CASE(page_that_somebody_refers_to_is_found_afterwards),
	KUNIT_CASE(runs_are_gathered_in_a_drained_region),
	KUNIT_CASE(what_comes_during_a_drain_ends_it),
	KUNIT_CASE(drain_that_ran_out_of_time_proves_nothing),
	KUNIT_CASE(what_another_cpu_frees_is_found),
	{}};

/* Where objects are cached is then known. */
static int backoff_drained_init(struct kunit *test)
{
	rsvt_stay_on_this_cpu();
	return rsvt_suite_init(test);
}

static struct kunit_suite backoff_drained_suite = {
	.name = "reservoir_backoff_drained",
	.init = backoff_drained_init,
	.test_cases = backoff_drained_cases,
};

kunit_test_suite(backoff_drained_suite);
