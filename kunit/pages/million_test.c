// SPDX-License-Identifier: GPL-2.0
/*
 * A million operations on blocks of orders 0 to 9 in a region that stays four fifths full: no two
 * blocks overlap, and the zone's counts are exact.
 */
#include <linux/bitmap.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/string.h>

#include "pages/zonelist.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/random.h"
#include "support/scratch.h"
#include "support/suite.h"

#define MILLION	     1000000U
#define CROWD_ORDERS	10
#define CROWD_AUDIT	20000U

/**
 * struct crowd - the used blocks of a region that is nearly full
 * @test: the running test
 * @r: the region
 * @random: decides everything
 * @step: steps taken
 * @page: first pages of the used blocks, in no order
 * @order: their orders
 * @nr: their number
 * @used: pages in them
 * @taken: a bit for each page of the region, set in used blocks
 * @allocs: blocks allocated, by order
 * @frees: blocks freed
 * @failures: requests that failed
 * @occupancy: pages used after each step, summed up
 */
struct crowd {
	struct kunit *test;
	struct rsv_region *r;
	struct rnd_state random;
	unsigned int step;
	struct page **page;
	u8 *order;
	unsigned long nr;
	unsigned long used;
	unsigned long *taken;
	u64 allocs[CROWD_ORDERS];
	u64 frees[CROWD_ORDERS];
	u64 failures[CROWD_ORDERS];
	u64 occupancy;
};

static u32 crowd_random(struct crowd *w, u32 limit)
{
	return prandom_u32_state(&w->random) % limit;
}

/* The first and the last word of a used block hold its address. */
static unsigned long *last_word(struct page *page, unsigned int order)
{
	return page_address(page) + (PAGE_SIZE << order) - sizeof(long);
}

static void crowd_take(struct crowd *w, unsigned int order)
{
	static const gfp_t gfps[] = { GFP_KERNEL, GFP_USER, GFP_ATOMIC, GFP_NOWAIT };
	gfp_t gfp = gfps[crowd_random(w, ARRAY_SIZE(gfps))] | __GFP_NOWARN;
	struct page *page;
	unsigned long first;

	if (!order && !crowd_random(w, 4))
		gfp |= __GFP_ZERO;
	page = rsv_alloc_pages(w->r, gfp, order);
	if (!page) {
		w->failures[order]++;
		return;
	}
	if (gfp & __GFP_ZERO)
		CHECK(w, !memchr_inv(page_address(page), 0, PAGE_SIZE));
	first = rsvt_scratch_page(w->r, page_address(page));
	CHECK(w, IS_ALIGNED(page_to_pfn(page), 1UL << order));
	CHECK(w, first + (1UL << order) <= w->r->nr_pages);
	CHECK(w, find_next_bit(w->taken, first + (1UL << order), first) == first + (1UL << order));
	bitmap_set(w->taken, first, 1U << order);
	*(unsigned long *)page_address(page) = (unsigned long)page;
	*last_word(page, order) = (unsigned long)page;
	w->page[w->nr] = page;
	w->order[w->nr++] = order;
	w->used += 1UL << order;
	w->allocs[order]++;
}

static void crowd_give(struct crowd *w, unsigned long i)
{
	struct page *page = w->page[i];
	unsigned int order = w->order[i];

	CHECK(w, *(unsigned long *)page_address(page) == (unsigned long)page);
	CHECK(w, *last_word(page, order) == (unsigned long)page);
	bitmap_clear(w->taken, rsvt_scratch_page(w->r, page_address(page)), 1U << order);
	w->page[i] = w->page[--w->nr];
	w->order[i] = w->order[w->nr];
	w->used -= 1UL << order;
	w->frees[order]++;
	memset(page_address(page), 0xa5, sizeof(long));
	__rsv_free_pages(page, order);
}

/* Allocates until four fifths are used, and sometimes frees although there is room. */
static void crowd_step(struct crowd *w)
{
	unsigned int order = crowd_random(w, CROWD_ORDERS);
	bool room = w->used + (1UL << order) <= w->r->nr_pages * 4 / 5;

	if (w->nr && (!room || !crowd_random(w, 8)))
		crowd_give(w, crowd_random(w, w->nr));
	else
		crowd_take(w, order);
	w->occupancy += w->used;
}

static void crowd_audit(struct crowd *w)
{
	struct rsv_ioc_zone *now;
	unsigned int order;
	u64 free = 0, cached;

	/* A page that is being cleared is counted nowhere. */
	flush_work(&rsv_zone_nth(w->r, 0)->zero_work);
	now = rsvt_query_zone(w->test, w->r, 0);
	cached = now->zeroed_pages;
	for (order = 0; order < RSV_ORDERS_MAX; order++) {
		free += now->free[order] << order;
		cached += now->cached[order] << order;
		if (order >= CROWD_ORDERS)
			continue;
		CHECK_EQ(w, now->allocs[order], w->allocs[order]);
		CHECK_EQ(w, now->frees[order], w->frees[order]);
		CHECK_EQ(w, now->failures[order], w->failures[order]);
		CHECK_EQ(w, now->asked[order], w->allocs[order] * (PAGE_SIZE << order));
		CHECK_EQ(w, now->granted[order], now->asked[order]);
	}
	CHECK_EQ(w, free, now->free_pages);
	CHECK_EQ(w, free + cached + w->used, now->pages);
	CHECK_EQ(w, bitmap_weight(w->taken, w->r->nr_pages), w->used);
	kunit_kfree(w->test, now);
}

static struct crowd *new_crowd(struct kunit *test)
{
	struct crowd *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	unsigned long pages;

	KUNIT_ASSERT_NOT_NULL(test, w);
	w->test = test;
	w->r = rsvt_scratch_region_large(test);
	pages = w->r->nr_pages;
	w->page = rsvt_pages_array(test, pages);
	w->order = kunit_kzalloc(test, pages, GFP_KERNEL);
	w->taken = kunit_kcalloc(test, BITS_TO_LONGS(pages), sizeof(long), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, w->order);
	KUNIT_ASSERT_NOT_NULL(test, w->taken);
	prandom_seed_state(&w->random, rsvt_random_seed);
	return w;
}

static void crowd_report(struct crowd *w)
{
	u64 allocs = 0, failures = 0, percent = w->occupancy * 100;
	unsigned int order;

	for (order = 0; order < CROWD_ORDERS; order++) {
		allocs += w->allocs[order];
		failures += w->failures[order];
	}
	percent = div_u64(div_u64(percent, MILLION), w->r->nr_pages);
	kunit_info(w->test, "seed=%u: %u steps on %lu MB, %llu%% full, %llu of %llu got nothing\n",
		   rsvt_random_seed, MILLION, w->r->nr_pages * PAGE_SIZE / SZ_1M, percent, failures,
		   allocs + failures);
	KUNIT_EXPECT_GE(w->test, percent, 75);
}

static void million_operations_keep_the_accounts_exact(struct kunit *test)
{
	struct crowd *w = new_crowd(test);
	struct free_areas untouched;

	rsvt_free_areas_read(test, w->r, &untouched);
	for (w->step = 1; w->step <= MILLION; w->step++) {
		crowd_step(w);
		if (!(w->step % CROWD_AUDIT))
			crowd_audit(w);
		if (!(w->step % 256))
			cond_resched();
	}
	crowd_report(w);
	while (w->nr)
		crowd_give(w, w->nr - 1);
	rsvt_settle(w->r);
	crowd_audit(w);
	EXPECT_SAME_AREAS(test, w->r, &untouched);
	KUNIT_EXPECT_EQ(test, rsvt_query_region(w->r).cached_bytes, 0);
}

static struct kunit_case million_cases[] = {KUNIT_CASE(million_operations_keep_the_accounts_exact),
					    {}};

static struct kunit_suite million_suite = {
	.name = "reservoir_million",
	.init = rsvt_suite_init,
	.test_cases = million_cases,
};

kunit_test_suite(million_suite);
