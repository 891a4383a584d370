// SPDX-License-Identifier: GPL-2.0
/*
 * Back-off: how often requests that no memory can serve drain, what they still find, and whom they
 * do not delay.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/mm.h>

#include "pages/backoff.h"
#include "support/scratch.h"
#include "support/suite.h"

#define PAGES	16
#define GFP	(GFP_KERNEL | __GFP_HIGH | __GFP_NOWARN)

/* Too many pages for the region, once one page of it is used */
#define HOPELESS	4

struct hopeless {
	struct rsv_region *r;
	struct page *used;
};

static struct hopeless hopeless_new(struct kunit *test)
{
	struct hopeless h = { .r = rsvt_scratch_pages(test, PAGES) };

	h.used = rsv_alloc_pages(h.r, GFP, 0);
	KUNIT_ASSERT_NOT_NULL(test, h.used);
	return h;
}

static void hopeless_end(struct kunit *test, struct hopeless *h)
{
	struct page *all;

	__rsv_free_pages(h->used, 0);
	all = rsv_alloc_pages(h->r, GFP, HOPELESS);
	KUNIT_EXPECT_NOT_NULL(test, all);
	if (all)
		__rsv_free_pages(all, HOPELESS);
}

static void hopeless_requests_drain_once_in_an_interval(struct kunit *test)
{
	struct hopeless h = hopeless_new(test);
	const unsigned int nr = 20;
	unsigned long start = jiffies;
	unsigned int i;

	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_NULL(test, rsv_alloc_pages(h.r, GFP, HOPELESS));
	KUNIT_EXPECT_GE(test, jiffies - start, (nr - 2) * RSV_BACKOFF_INTERVAL);
	hopeless_end(test, &h);
}

/* An object of the cache keeps a slab, until a drain moves it from the magazine to the slab. */
static void cache_an_object(struct kunit *test, struct rsv_cache *c)
{
	void *object = rsv_cache_alloc(c, GFP);

	KUNIT_ASSERT_NOT_NULL(test, object);
	rsv_cache_free(c, object);
}

static void request_that_backs_off_drains_before_it_fails(struct kunit *test)
{
	struct hopeless h = hopeless_new(test);
	struct rsv_cache *c = rsvt_scratch_cache(test, h.r, PAGE_SIZE / 2, 0);
	unsigned int i;
	struct page *page;

	for (i = 0; i < 5; i++) {
		KUNIT_EXPECT_NULL(test, rsv_alloc_pages(h.r, GFP, HOPELESS));
		cache_an_object(test, c);
		__rsv_free_pages(h.used, 0);
		page = rsv_alloc_pages(h.r, GFP, HOPELESS);
		KUNIT_EXPECT_NOT_NULL(test, page);
		if (page)
			__rsv_free_pages(page, HOPELESS);
		h.used = rsv_alloc_pages(h.r, GFP, 0);
		KUNIT_ASSERT_NOT_NULL(test, h.used);
	}
	rsvt_scratch_cache_end(test, c);
	hopeless_end(test, &h);
}

static struct rsv_request request_of(unsigned int order, gfp_t gfp)
{
	return (struct rsv_request){ .gfp = gfp, .nr_pages = 1UL << order, .order = order };
}

static bool backs_off(struct rsv_region *r, unsigned int order, gfp_t gfp)
{
	struct rsv_request q = request_of(order, gfp);

	return rsv_backoff_wanted(r, &q);
}

static void who_backs_off(struct kunit *test)
{
	struct hopeless h = hopeless_new(test);
	struct rsv_request q = request_of(3, GFP);

	KUNIT_EXPECT_FALSE(test, backs_off(h.r, 3, GFP));
	/* As if the interval never ended */
	rsv_backoff_failed(h.r, &q);
	h.r->backoff.until = jiffies + HZ * 3600;
	KUNIT_EXPECT_TRUE(test, backs_off(h.r, 3, GFP));
	KUNIT_EXPECT_TRUE(test, backs_off(h.r, 4, GFP));
	KUNIT_EXPECT_FALSE_MSG(test, backs_off(h.r, 2, GFP), "a smaller request");
	KUNIT_EXPECT_FALSE_MSG(test, backs_off(h.r, 3, GFP_ATOMIC), "one that may not sleep");
	KUNIT_EXPECT_FALSE_MSG(test, backs_off(h.r, 3, GFP_NOFS), "one with locks");

	rsv_backoff_served(h.r);
	KUNIT_EXPECT_FALSE_MSG(test, backs_off(h.r, 4, GFP), "after a drain that helped");
	hopeless_end(test, &h);
}

/* The last page that there is lies in an empty slab, where a drain finds it. */
static void drain_that_helps_ends_the_back_off(struct kunit *test)
{
	struct hopeless h = hopeless_new(test);
	struct rsv_cache *c = rsvt_scratch_cache(test, h.r, PAGE_SIZE / 2, 0);
	struct page *page[PAGES - 1];
	unsigned int i;

	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(h.r, GFP, HOPELESS));
	cache_an_object(test, c);
	h.r->backoff.until = jiffies + HZ * 3600;
	KUNIT_EXPECT_TRUE(test, backs_off(h.r, HOPELESS, GFP));
	for (i = 0; i < ARRAY_SIZE(page); i++) {
		page[i] = rsv_alloc_pages(h.r, GFP, 0);
		KUNIT_ASSERT_NOT_NULL(test, page[i]);
	}
	KUNIT_EXPECT_FALSE(test, backs_off(h.r, HOPELESS, GFP));
	while (i)
		__rsv_free_pages(page[--i], 0);
	rsvt_scratch_cache_end(test, c);
	hopeless_end(test, &h);
}

#define CALLERS	8
#define REQUESTS	10

struct caller {
	struct rsv_region *r;
	struct completion done;
	bool served;
};

static int ask_in_vain(void *data)
{
	struct caller *c = data;
	unsigned int i;

	for (i = 0; i < REQUESTS; i++)
		c->served |= !!rsv_alloc_pages(c->r, GFP, HOPELESS);
	complete(&c->done);
	return 0;
}

static void one_drain_serves_all_who_wait_for_it(struct kunit *test)
{
	struct caller *caller = kunit_kcalloc(test, CALLERS, sizeof(*caller), GFP_KERNEL);
	struct hopeless h = hopeless_new(test);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, caller);
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(h.r, GFP, HOPELESS));
	for (i = 0; i < CALLERS; i++) {
		caller[i].r = h.r;
		init_completion(&caller[i].done);
		if (IS_ERR(kthread_run(ask_in_vain, &caller[i], "caller/%u", i)))
			complete(&caller[i].done);
	}
	for (i = 0; i < CALLERS; i++) {
		wait_for_completion(&caller[i].done);
		KUNIT_EXPECT_FALSE(test, caller[i].served);
	}
	KUNIT_EXPECT_GT(test, h.r->backoff.ended, 0);
	KUNIT_EXPECT_LT(test, h.r->backoff.ended, CALLERS * REQUESTS / 2);
	hopeless_end(test, &h);
}

static struct kunit_case backoff_cases[] = {
	KUNIT_CASE(hopeless_requests_drain_once_in_an_interval),
	KUNIT_CASE(request_that_backs_off_drains_before_it_fails),
	KUNIT_CASE(who_backs_off),
	KUNIT_CASE(drain_that_helps_ends_the_back_off),
	KUNIT_CASE(one_drain_serves_all_who_wait_for_it),
	{}};

static struct kunit_suite backoff_suite = {
	.name = "reservoir_backoff",
	.init = rsvt_suite_init,
	.test_cases = backoff_cases,
};

kunit_test_suite(backoff_suite);
