// SPDX-License-Identifier: GPL-2.0
/*
 * rsv_cache_reserve(): what it takes from the region and gives back, and how it lets other tasks
 * run.
 */
#include <linux/gfp.h>

#include "objects/cache.h"
#include "objects/cpu.h"
#include "pages/zonelist.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/runner.h"
#include "support/scratch.h"
#include "support/suite.h"
#include "support/variants.h"

#define SIZE	200

/* Guaranteed objects in some tests, and objects beyond them */
#define RESERVED	10U
#define ROOM		300U

KUNIT_ARRAY_PARAM_DESC(variants, rsvt_variants, what);

/* --- Memory --------------------------------------------------------------------------------- */

/* A region with watermarks */
#define MARKED_PAGES	1024U

static struct rsv_cache *marked_cache(struct kunit *test, void (*ctor)(void *object))
{
	rsvt_stay_on_this_cpu();
	return rsvt_param_cache(test, rsvt_scratch_pages(test, MARKED_PAGES), SIZE, ctor);
}

/* As many objects as all pages above the watermark have room for. So their table does not fit. */
static unsigned int a_few_too_many(const struct rsv_cache *c)
{
	const struct rsv_zone *z = rsv_zone_nth(c->region, 0);

	return (z->nr_pages - z->min_pages) * c->layout.objects / c->layout.pages;
}

static void reserve_that_fails_gives_back_all_that_it_took(struct kunit *test)
{
	struct rsv_cache *c = marked_cache(test, NULL);
	u64 had = rsvt_region_free_pages(c->region);

	KUNIT_EXPECT_EQ(test, had, MARKED_PAGES);
	KUNIT_EXPECT_EQ(test, rsv_cache_reserve(c, a_few_too_many(c)), -ENOMEM);
	KUNIT_EXPECT_EQ(test, c->guarantee.target, 0);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(c->region), had);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).total, 0);
}

static void reserve_that_fails_keeps_the_former_one_and_its_memory(struct kunit *test)
{
	struct rsv_cache *c = marked_cache(test, NULL);
	void **object = rsvt_objects_array(test, ROOM);
	u64 had;

	KUNIT_ASSERT_EQ(test, rsv_cache_reserve(c, RESERVED), 0);
	rsv_cache_shrink(c);
	rsvt_settle(c->region);
	had = rsvt_region_free_pages(c->region);
	KUNIT_EXPECT_EQ(test, rsv_cache_reserve(c, a_few_too_many(c)), -ENOMEM);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(c->region), had);
	KUNIT_EXPECT_EQ(test, c->guarantee.target, RESERVED);
	KUNIT_EXPECT_EQ(test, c->guarantee.nr, RESERVED);
	rsvt_objects_alloc(test, c, object, ROOM);
	KUNIT_EXPECT_EQ(test, c->guarantee.nr, RESERVED);
	rsvt_objects_free(c, object, ROOM);
}

static void lowering_a_reserve_gives_its_memory_back(struct kunit *test)
{
	struct rsv_cache *c = marked_cache(test, NULL);
	u64 had = rsvt_region_free_pages(c->region), most;

	KUNIT_ASSERT_EQ(test, rsv_cache_reserve(c, 100), 0);
	most = rsvt_region_free_pages(c->region);
	KUNIT_ASSERT_EQ(test, rsv_cache_reserve(c, 5000), 0);
	KUNIT_EXPECT_LT(test, rsvt_region_free_pages(c->region), had - 5000 * SIZE / PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, rsv_cache_reserve(c, 100), 0);
	KUNIT_EXPECT_GE(test, rsvt_region_free_pages(c->region), most);
	KUNIT_EXPECT_EQ(test, rsv_cache_reserve(c, 0), 0);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(c->region), had);
}

static struct rsv_zone *watched;
static unsigned long least_free;

static void watch_free_pages(void *object)
{
	least_free = min(least_free, READ_ONCE(watched->free_pages));
}

static void reserve_leaves_what_a_watermark_protects(struct kunit *test)
{
	struct rsv_cache *c = marked_cache(test, watch_free_pages);
	struct page **page = rsvt_pages_array(test, MARKED_PAGES);
	unsigned long nr, min;

	watched = rsv_zone_nth(c->region, 0);
	min = watched->min_pages;
	KUNIT_ASSERT_GT(test, min, 0);
	least_free = watched->free_pages;
	KUNIT_EXPECT_EQ(test, rsv_cache_reserve(c, a_few_too_many(c)), -ENOMEM);
	KUNIT_EXPECT_GE(test, least_free, min);
	KUNIT_EXPECT_EQ(test, rsv_cache_reserve(c, a_few_too_many(c) / 10 * 9), 0);
	nr = rsvt_pages_alloc(c->region, GFP_KERNEL, 0, page, MARKED_PAGES);
	min = rsvt_pages_alloc(c->region, GFP_ATOMIC, 0, page + nr, min);
	KUNIT_EXPECT_EQ(test, min, watched->min_pages);
	rsvt_pages_free(page, nr + min, 0);
}

/* The pages of a zone that its protection withholds are no reserve's. */
static void reserve_leaves_what_a_protection_withholds(struct kunit *test)
{
	struct rsv_cache *c = marked_cache(test, watch_free_pages);

	watched = rsv_zone_nth(c->region, 0);
	if (watched->type == gfp_zone(GFP_KERNEL))
		kunit_skip(test, "the memory is of the highest zone");
	WRITE_ONCE(watched->protection, MARKED_PAGES / 2);
	WRITE_ONCE(watched->list_min, ULONG_MAX);
	least_free = watched->free_pages;
	KUNIT_EXPECT_EQ(test, rsv_cache_reserve(c, a_few_too_many(c)), -ENOMEM);
	KUNIT_EXPECT_GE(test, least_free, MARKED_PAGES / 2 + watched->min_pages);
	KUNIT_EXPECT_EQ(test, rsv_cache_reserve(c, a_few_too_many(c) / 4), 0);
}

static void reserve_that_the_region_never_has_takes_nothing_from_others(struct kunit *test)
{
	struct rsv_cache *c = marked_cache(test, NULL);
	struct rsv_cache *d = rsvt_scratch_cache_flags(test, c->region, SIZE, 0, 0, NULL);
	struct rsv_cpu *cpu = per_cpu_ptr(d->cpus, raw_smp_processor_id());
	unsigned int held;

	rsv_cache_free(d, rsv_cache_alloc(d, GFP_KERNEL));
	held = rsv_cpu_nr_loaded(cpu);
	KUNIT_ASSERT_GT(test, held, 0);
	KUNIT_EXPECT_EQ(test, rsv_cache_reserve(c, UINT_MAX), -ENOMEM);
	KUNIT_EXPECT_EQ(test, rsv_cache_reserve(c, MARKED_PAGES * PAGE_SIZE / SIZE), -ENOMEM);
	KUNIT_EXPECT_EQ(test, rsv_cpu_nr_loaded(cpu), held);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).slabs_made, 0);
}

/* --- Time ----------------------------------------------------------------------------------- */

static void step_on_entry(int step)
{
	if (step == RSV_STEP_BEFORE)
		rsvt_runner_step();
}

#define MANY	(SLOW ? 20000U : 1000000U)

/*
 * Without magazines, SLUB enters this CPU once for each batch that it allocates, and for each
 * object that it frees.
 */
static void reserve_lets_others_run_after_each_batch(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region_large(test);
	struct rsv_cache *c = rsvt_scratch_cache_flags(test, r, 8, 0,
						       RSV_ENGINE_SLUB | RSV_NO_MAGAZINE, NULL);

	rsvt_stay_on_this_cpu();
	rsvt_runner_start(test);
	rsv_step_hook = step_on_entry;
	KUNIT_EXPECT_EQ(test, rsv_cache_reserve(c, MANY / 2), 0);
	KUNIT_EXPECT_GE(test, rsvt_runner_steps(), MANY / 2 / RSV_BATCH);
	KUNIT_EXPECT_EQ(test, rsv_cache_reserve(c, MANY), 0);
	KUNIT_EXPECT_EQ(test, rsv_cache_reserve(c, 10), 0);
	KUNIT_EXPECT_GE(test, rsvt_runner_steps(), MANY);
	rsv_step_hook = NULL;
	KUNIT_EXPECT_LE(test, rsvt_runner_stop(test), 2 * RSV_BATCH);
}

static struct kunit_case cache_reserve_cases[] = {
	KUNIT_CASE_PARAM(reserve_that_fails_gives_back_all_that_it_took, variants_gen_params),
	KUNIT_CASE_PARAM(reserve_that_fails_keeps_the_former_one_and_its_memory,
			 variants_gen_params),
	KUNIT_CASE_PARAM(lowering_a_reserve_gives_its_memory_back, variants_gen_params),
	KUNIT_CASE_PARAM(reserve_leaves_what_a_watermark_protects, variants_gen_params),
	KUNIT_CASE_PARAM(reserve_leaves_what_a_protection_withholds, variants_gen_params),
	KUNIT_CASE_PARAM(reserve_that_the_region_never_has_takes_nothing_from_others,
			 variants_gen_params),
	KUNIT_CASE(reserve_lets_others_run_after_each_batch),
	{}};

static struct kunit_suite cache_reserve_suite = {
	.name = "reservoir_cache_reserve",
	.init = rsvt_suite_init,
	.test_cases = cache_reserve_cases,
};

kunit_test_suite(cache_reserve_suite);
