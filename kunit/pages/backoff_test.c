// SPDX-License-Identifier: GPL-2.0
/*
 * Back-off: how often requests that no memory can serve drain, what they still find, and whom they
 * do not delay. Where a region is drained nobody has to back off: see backoff_drained_test.c.
 */
#include <linux/bitops.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "pages/backoff.h"
#include "support/figures.h"
#include "support/scratch.h"
#include "support/suite.h"

/* Large enough for magazines */
#define PAGES	64
#define GFP	(GFP_KERNEL | __GFP_HIGH | __GFP_NOWARN)

/* Too many pages for the region, once one page of it is used */
#define HOPELESS	6

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

	for (i = 0; i < nr; i++) {
		rsv_backoff_cached(h.r);
		KUNIT_EXPECT_NULL(test, rsv_alloc_pages(h.r, GFP, HOPELESS));
	}
	KUNIT_EXPECT_GE(test, jiffies - start, (nr - 2) * RSV_BACKOFF_INTERVAL);
	hopeless_end(test, &h);
}

/*
 * As if somebody had cached something. The interval never ends by itself here, however long the CPU
 * stalls.
 */
static void back_off(struct hopeless *h)
{
	rsv_backoff_cached(h->r);
	h->r->backoff.until = jiffies + HZ * 3600;
}

static void each_hopeless_request_drains(struct kunit *test)
{
	struct hopeless h = hopeless_new(test);
	const unsigned int nr = 5;
	unsigned int i;

	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(h.r, GFP, HOPELESS));
	for (i = 0; i < nr; i++) {
		back_off(&h);
		KUNIT_EXPECT_NULL(test, rsv_alloc_pages(h.r, GFP, HOPELESS));
	}
	KUNIT_EXPECT_EQ(test, h.r->backoff.ended, nr);
	hopeless_end(test, &h);
}

static struct rsv_cache *cache_new(struct kunit *test, struct rsv_region *r)
{
	return rsvt_scratch_cache_flags(test, r, PAGE_SIZE / 2, 0, 0, NULL);
}

/* The object lies in a magazine, and keeps its slab until a drain flushes the magazine. */
static void cache_an_object(struct kunit *test, struct rsv_cache *c)
{
	void *object = rsv_cache_alloc(c, GFP);

	KUNIT_ASSERT_NOT_NULL(test, object);
	rsv_cache_free(c, object);
}

static void request_that_backs_off_drains_before_it_fails(struct kunit *test)
{
	struct hopeless h = hopeless_new(test);
	struct rsv_cache *c = cache_new(test, h.r);
	unsigned int i;
	struct page *page;

	for (i = 0; i < 5; i++) {
		KUNIT_EXPECT_NULL(test, rsv_alloc_pages(h.r, GFP, HOPELESS));
		cache_an_object(test, c);
		__rsv_free_pages(h.used, 0);
		back_off(&h);
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
	struct rsv_request q = request_of(3, GFP), smaller = request_of(2, GFP);

	KUNIT_EXPECT_FALSE(test, backs_off(h.r, 3, GFP));
	/* As if the interval never ended */
	rsv_backoff_failed(h.r, &q);
	back_off(&h);
	KUNIT_EXPECT_TRUE(test, backs_off(h.r, 3, GFP));
	KUNIT_EXPECT_TRUE(test, backs_off(h.r, 4, GFP));
	KUNIT_EXPECT_FALSE_MSG(test, backs_off(h.r, 2, GFP), "a smaller request");
	KUNIT_EXPECT_FALSE_MSG(test, backs_off(h.r, 3, GFP_ATOMIC), "one that may not sleep");
	KUNIT_EXPECT_FALSE_MSG(test, backs_off(h.r, 3, GFP_NOFS), "one with locks");

	rsv_backoff_served(h.r, &smaller);
	KUNIT_EXPECT_TRUE_MSG(test, backs_off(h.r, 3, GFP), "after a drain that helped less");
	rsv_backoff_served(h.r, &q);
	KUNIT_EXPECT_FALSE_MSG(test, backs_off(h.r, 4, GFP), "after a drain that helped");
	hopeless_end(test, &h);
}

/* A cached object has the last pages, where a drain finds them. */
static void drain_that_helps_ends_the_back_off(struct kunit *test)
{
	struct hopeless h = hopeless_new(test);
	struct rsv_cache *c = cache_new(test, h.r);
	struct page *page;

	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(h.r, GFP, HOPELESS));
	__rsv_free_pages(h.used, 0);
	cache_an_object(test, c);
	KUNIT_EXPECT_EQ(test, h.r->backoff.nr_pages, 1UL << HOPELESS);
	back_off(&h);
	page = rsv_alloc_pages(h.r, GFP, HOPELESS);
	KUNIT_EXPECT_NOT_NULL(test, page);
	KUNIT_EXPECT_FALSE(test, backs_off(h.r, HOPELESS, GFP));
	if (page)
		__rsv_free_pages(page, HOPELESS);
	rsvt_scratch_cache_end(test, c);
	h.used = rsv_alloc_pages(h.r, GFP, 0);
	KUNIT_ASSERT_NOT_NULL(test, h.used);
	hopeless_end(test, &h);
}

static void request_that_does_not_retry_fails_at_once(struct kunit *test)
{
	struct hopeless h = hopeless_new(test);

	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(h.r, GFP, HOPELESS));
	back_off(&h);
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(h.r, GFP | __GFP_NORETRY, HOPELESS));
	KUNIT_EXPECT_EQ(test, h.r->backoff.begun, 0);
	hopeless_end(test, &h);
}

/* It would make everybody else back off. */
static void request_that_no_zone_can_ever_serve_drains_nothing(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct rsv_cache *c = cache_new(test, r);
	u64 pages;

	cache_an_object(test, c);
	pages = rsvt_cache_count(c).pages;
	KUNIT_EXPECT_GT(test, pages, 0);
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP, HOPELESS + 1));
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages_exact(r, (PAGES + 1) * PAGE_SIZE, GFP));
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).pages, pages);
	KUNIT_EXPECT_FALSE(test, backs_off(r, HOPELESS + 1, GFP));
	rsvt_scratch_cache_end(test, c);
}

/* Somebody has the turn, and does not run. */
static void nobody_waits_for_ever_for_the_turn(struct kunit *test)
{
	struct hopeless h = hopeless_new(test);

	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(h.r, GFP, HOPELESS));
	set_bit(RSV_BACKOFF_TURN, &h.r->backoff.state);
	back_off(&h);
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(h.r, GFP, HOPELESS));
	KUNIT_EXPECT_EQ(test, h.r->backoff.begun, 0);
	KUNIT_EXPECT_TRUE(test, test_bit(RSV_BACKOFF_TURN, &h.r->backoff.state));
	clear_bit(RSV_BACKOFF_TURN, &h.r->backoff.state);
	hopeless_end(test, &h);
}

#define CALLERS	8
#define REQUESTS	10

struct caller {
	struct rsv_region *r;
	struct task_struct *task;
	struct completion *start;
	struct completion done;
	bool served;
};

static int ask_in_vain(void *data)
{
	struct caller *c = data;
	unsigned int i;

	wait_for_completion(c->start);
	for (i = 0; i < REQUESTS; i++) {
		rsv_backoff_cached(c->r);
		c->served |= !!rsv_alloc_pages(c->r, GFP, HOPELESS);
	}
	complete(&c->done);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static void one_drain_serves_all_who_wait_for_it(struct kunit *test)
{
	struct caller *caller = kunit_kcalloc(test, CALLERS, sizeof(*caller), GFP_KERNEL);
	struct hopeless h = hopeless_new(test);
	DECLARE_COMPLETION_ONSTACK(start);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, caller);
	for (i = 0; i < CALLERS; i++) {
		caller[i].r = h.r;
		caller[i].start = &start;
		init_completion(&caller[i].done);
		caller[i].task = kthread_run(ask_in_vain, &caller[i], "caller/%u", i);
	}
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(h.r, GFP, HOPELESS));
	complete_all(&start);
	for (i = 0; i < CALLERS; i++) {
		KUNIT_EXPECT_FALSE(test, IS_ERR(caller[i].task));
		if (IS_ERR(caller[i].task))
			continue;
		wait_for_completion(&caller[i].done);
		kthread_stop(caller[i].task);
		KUNIT_EXPECT_FALSE(test, caller[i].served);
	}
	KUNIT_EXPECT_GT(test, h.r->backoff.ended, 0);
	KUNIT_EXPECT_LT(test, h.r->backoff.ended, CALLERS * REQUESTS);
	hopeless_end(test, &h);
}

static struct kunit_case backoff_cases[] = {
	KUNIT_CASE(hopeless_requests_drain_once_in_an_interval),
	KUNIT_CASE(each_hopeless_request_drains),
	KUNIT_CASE(request_that_backs_off_drains_before_it_fails),
	KUNIT_CASE(who_backs_off),
	KUNIT_CASE(drain_that_helps_ends_the_back_off),
	KUNIT_CASE(request_that_does_not_retry_fails_at_once),
	KUNIT_CASE(request_that_no_zone_can_ever_serve_drains_nothing),
	KUNIT_CASE(nobody_waits_for_ever_for_the_turn),
	KUNIT_CASE(one_drain_serves_all_who_wait_for_it),
	{}};

/* The object that a test caches is then in a magazine of the CPU that drains. */
static int backoff_init(struct kunit *test)
{
	rsvt_stay_on_this_cpu();
	return rsvt_suite_init(test);
}

static struct kunit_suite backoff_suite = {
	.name = "reservoir_backoff",
	.init = backoff_init,
	.test_cases = backoff_cases,
};

kunit_test_suite(backoff_suite);
