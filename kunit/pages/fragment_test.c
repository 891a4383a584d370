// SPDX-License-Identifier: GPL-2.0
/*
 * Fragmentation: how much of the free memory is in large blocks after a history of blocks of orders
 * 0 to 5, allocated and freed at random. tools/bench/fragment.c measures it in a larger region.
 */
#include <linux/math64.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#include "pages/zonelist.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/scratch.h"
#include "support/suite.h"

#define HISTORY_BYTES	SZ_16M
#define HISTORY_STEPS	50000U
#define HISTORY_ORDERS	6U
#define HISTORY_SEEDS	5U

/**
 * struct history - the used blocks of a region
 * @r: the region
 * @random: decides everything
 * @page: first pages of the used blocks, in no order
 * @order: their orders
 * @nr: their number
 * @used: pages in them
 */
struct history {
	struct rsv_region *r;
	struct rnd_state random;
	struct page **page;
	u8 *order;
	unsigned long nr;
	unsigned long used;
};

static u32 history_random(struct history *h, u32 limit)
{
	return prandom_u32_state(&h->random) % limit;
}

static bool history_take(struct history *h)
{
	unsigned int order = history_random(h, HISTORY_ORDERS);
	struct page *page = rsv_alloc_pages(h->r, GFP_NOWAIT | __GFP_HIGH | __GFP_NOWARN, order);

	if (!page)
		return false;
	h->page[h->nr] = page;
	h->order[h->nr++] = order;
	h->used += 1UL << order;
	return true;
}

static void history_give(struct history *h, unsigned long i)
{
	h->used -= 1UL << h->order[i];
	__rsv_free_pages(h->page[i], h->order[i]);
	h->nr--;
	h->page[i] = h->page[h->nr];
	h->order[i] = h->order[h->nr];
}

/* Steps at a level of @percent full, to which the blocks come or go first */
static void history_live(struct history *h, unsigned int percent)
{
	unsigned long limit = h->r->nr_pages * percent / 100;
	unsigned int i;

	for (i = 0; i < HISTORY_STEPS; i++) {
		if (h->used > limit || !history_take(h))
			history_give(h, history_random(h, h->nr));
		if (!(i % 256))
			cond_resched();
	}
}

/* Percent of the free pages in blocks of at least an order */
static unsigned long history_share(struct kunit *test, struct history *h, unsigned int order)
{
	unsigned long pages = 0;
	struct free_areas areas;
	unsigned int k;

	rsvt_free_areas_read(test, h->r, &areas);
	for (k = order; k < RSV_ORDERS_MAX; k++)
		pages += (unsigned long)areas.count[k] << k;
	return pages * 100 / (h->r->nr_pages - h->used);
}

static struct history *new_history(struct kunit *test)
{
	struct history *h = kunit_kzalloc(test, sizeof(*h), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, h);
	h->r = rsvt_scratch_region(test, HISTORY_BYTES);
	h->page = rsvt_pages_array(test, h->r->nr_pages);
	h->order = kunit_kzalloc(test, h->r->nr_pages, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, h->order);
	return h;
}

/*
 * Half of the region is used, by blocks that were all replaced many times since it was nearly full.
 * The lists took part, and are drained in the end.
 */
static void half_full_region_keeps_large_blocks(struct kunit *test)
{
	struct history *h = new_history(test);
	unsigned long small = 0, large = 0;
	struct free_areas untouched;
	unsigned int seed;

	rsvt_stay_on_this_cpu();
	rsvt_free_areas_read(test, h->r, &untouched);
	for (seed = 1; seed <= HISTORY_SEEDS; seed++) {
		prandom_seed_state(&h->random, seed);
		history_live(h, 95);
		history_live(h, 50);
		rsvt_settle(h->r);
		kunit_info(test, "seed %u: %lu %% free in blocks of 64 KB, %lu %% of 1 MB\n",
			   seed, history_share(test, h, 4), history_share(test, h, 8));
		small += history_share(test, h, 4);
		large += history_share(test, h, 8);
		while (h->nr)
			history_give(h, h->nr - 1);
		rsvt_settle(h->r);
		EXPECT_SAME_AREAS(test, h->r, &untouched);
	}
	KUNIT_EXPECT_GE(test, small / HISTORY_SEEDS, 88);
	KUNIT_EXPECT_GE(test, large / HISTORY_SEEDS, 70);
}

static struct kunit_case fragment_cases[] = {
	KUNIT_CASE(half_full_region_keeps_large_blocks),
	{}};

static struct kunit_suite fragment_suite = {
	.name = "reservoir_fragment",
	.init = rsvt_suite_init,
	.test_cases = fragment_cases,
};

kunit_test_suite(fragment_suite);
