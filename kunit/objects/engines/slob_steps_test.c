// SPDX-License-Identifier: GPL-2.0
/*
 * The engine SLOB holds its lock for a bounded number of steps: an allocation and a free take as
 * long in a slob page with a thousand free blocks as in one with a single free block.
 */
#include <linux/ktime.h>
#include <linux/limits.h>

#include "support/areas.h"
#include "support/arrays.h"
#include "support/scratch.h"
#include "support/slob.h"
#include "support/suite.h"

#define UNIT	8
#define PAIRS	64

/* The shortest time of PAIRS allocations and frees, in ns */
static u64 best_time(struct kunit *test, struct rsv_cache *c)
{
	u64 best = U64_MAX, start;
	unsigned int run, i;
	void *object;

	for (run = 0; run < 200; run++) {
		start = ktime_get_ns();
		for (i = 0; i < PAIRS; i++) {
			object = rsv_cache_alloc(c, GFP_KERNEL);
			KUNIT_ASSERT_NOT_NULL(test, object);
			rsv_cache_free(c, object);
		}
		best = min(best, ktime_get_ns() - start);
	}
	return best;
}

/* Fills a slob page. Returns the number of its objects. */
static unsigned int fill(struct kunit *test, struct rsv_cache *c, void **object)
{
	unsigned int nr = 0;

	do
		object[nr++] = rsvt_slob_alloc(test, c);
	while (rsvt_heap_count(c->region).slob_pages == 1);
	rsv_cache_free(c, object[--nr]);
	rsv_cache_shrink(c);
	return nr;
}

static void thousand_free_blocks_cost_no_more_than_one(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = rsvt_slob_cache(test, r, UNIT);
	struct rsv_cache *two = rsvt_slob_cache(test, r, 2 * UNIT);
	void **object = rsvt_objects_array(test, SLOB_PAGE_BYTES / UNIT);
	unsigned int nr = fill(test, c, object), i, gaps = 0;
	u64 few, many;

	/* Only the last two units of the slob page are large enough. */
	rsvt_objects_free(c, object + nr - 2, 2);
	few = best_time(test, two);
	for (i = 0; i + 4 < nr; i += 2, gaps++)
		rsv_cache_free(c, object[i]);
	many = best_time(test, two);
	kunit_info(test, "a pair takes %llu ns with one free block, %llu ns with %u", few / PAIRS,
		   many / PAIRS, gaps);
	KUNIT_EXPECT_GT(test, gaps, 900);
	KUNIT_EXPECT_LE(test, many, 3 * few);
	for (i = 0; i + 4 < nr; i += 2)
		object[i] = NULL;
	for (i = 0; i < nr - 2; i++)
		rsv_cache_free(c, object[i]);
	rsvt_scratch_cache_end(test, two);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

static struct kunit_case slob_steps_cases[] = {
	KUNIT_CASE(thousand_free_blocks_cost_no_more_than_one),
	{}};

static struct kunit_suite slob_steps_suite = {
	.name = "reservoir_slob_steps",
	.init = rsvt_suite_init,
	.test_cases = slob_steps_cases,
};

kunit_test_suite(slob_steps_suite);
