// SPDX-License-Identifier: GPL-2.0
/*
 * Bulk requests, and caches as the backing of the kernel's mempools: the number of objects that a
 * bulk request gets, wrong pointers in a bulk free, and a mempool that has its minimum when the
 * region is exhausted.
 */
#include <linux/jiffies.h>
#include <linux/mempool.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "objects/cache.h"
#include "objects/cpu.h"
#include "objects/magazine.h"
#include "objects/stats.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/suite.h"
#include "support/variants.h"

#define SIZE	64

KUNIT_ARRAY_PARAM_DESC(variants, rsvt_variants, what);

static void take_bulk(struct kunit *test, struct rsv_cache *c, void **objects, unsigned int nr)
{
	KUNIT_ASSERT_EQ(test, rsv_cache_alloc_bulk(c, GFP_KERNEL, nr, objects), nr);
}

/* Fills each object with bytes of its own, and then finds objects that share bytes. */
static void expect_distinct(struct kunit *test, void **objects, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		KUNIT_ASSERT_NOT_NULL(test, objects[i]);
		memset32(objects[i], i, SIZE / 4);
	}
	for (i = 0; i < nr; i++) {
		u32 *object = objects[i];

		KUNIT_EXPECT_EQ(test, object[0], i);
		KUNIT_EXPECT_EQ(test, object[SIZE / 4 - 1], i);
	}
}

/* --- All variants --------------------------------------------------------------------------- */

static const unsigned int sizes[] = { 0, 1, 2, 3, 4, 15, 16, 17, 63, 64, 65, 500 };

static void arrays_of_any_length_are_taken_and_given_back(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, SIZE, NULL);
	void **object = rsvt_objects_array(test, 500);
	unsigned int i, sum = 0;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		take_bulk(test, c, object, sizes[i]);
		expect_distinct(test, object, sizes[i]);
		KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, sizes[i]);
		rsv_cache_free_bulk(c, sizes[i], object);
		sum += sizes[i];
		KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
	}
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).allocs, sum);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).frees, sum);
}

static void region_that_runs_out_gives_what_it_has(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, SIZE, NULL);
	unsigned int most = VARIANT_REGION / SIZE, nr;
	void **object = rsvt_objects_array(test, most + 1), *last;

	nr = rsv_cache_alloc_bulk(c, GFP_KERNEL, most + 1, object);
	/* The rest is metadata: magazines give their own memory back. */
	KUNIT_EXPECT_GT(test, nr, most * 9 / 10);
	KUNIT_EXPECT_LE(test, nr, most);
	KUNIT_EXPECT_EQ(test, rsv_cache_alloc_bulk(c, GFP_KERNEL, 1, &last), 0);
	KUNIT_EXPECT_EQ(test, rsv_cache_alloc_bulk(c, GFP_ATOMIC, 7, &last), 0);
	KUNIT_EXPECT_NULL(test, rsv_cache_alloc(c, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).failures, 4);
	expect_distinct(test, object, nr);
	rsv_cache_free_bulk(c, nr, object);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
	rsvt_scratch_cache_end(test, c);
	rsvt_scratch_shrink(r);
	EXPECT_UNTOUCHED(test, r);
}

static void objects_are_cleared_if_that_is_asked_for(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, SIZE, NULL);
	void *object[100];
	unsigned int i;

	take_bulk(test, c, object, ARRAY_SIZE(object));
	for (i = 0; i < ARRAY_SIZE(object); i++)
		memset(object[i], 0x5a, SIZE);
	rsv_cache_free_bulk(c, ARRAY_SIZE(object), object);
	KUNIT_ASSERT_EQ(test, rsv_cache_alloc_bulk(c, GFP_KERNEL | __GFP_ZERO, 100, object), 100);
	for (i = 0; i < ARRAY_SIZE(object); i++)
		KUNIT_EXPECT_NULL(test, memchr_inv(object[i], 0, SIZE));
	rsv_cache_free_bulk(c, ARRAY_SIZE(object), object);
}

#define MAGIC	0x62756c6bU

static unsigned int constructed;

static void construct(void *object)
{
	memset32(object, MAGIC, SIZE / 4);
	constructed++;
}

static void objects_are_constructed_once(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, SIZE, construct);
	u32 *object[100];
	unsigned int i, times;

	constructed = 0;
	for (times = 0; times < 3; times++) {
		take_bulk(test, c, (void **)object, ARRAY_SIZE(object));
		for (i = 0; i < ARRAY_SIZE(object); i++) {
			KUNIT_EXPECT_EQ(test, object[i][0], MAGIC);
			KUNIT_EXPECT_EQ(test, object[i][SIZE / 4 - 1], MAGIC);
		}
		rsv_cache_free_bulk(c, ARRAY_SIZE(object), (void **)object);
	}
	KUNIT_EXPECT_LE(test, constructed, ARRAY_SIZE(object) + RSV_BATCH);
}

/* --- Wrong pointers in the array ------------------------------------------------------------ */

static void nothing_among_objects_is_passed_over(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, SIZE, NULL);
	void *object[10];

	take_bulk(test, c, object, ARRAY_SIZE(object));
	rsv_cache_free(c, object[0]);
	rsv_cache_free(c, object[5]);
	rsv_cache_free(c, object[9]);
	object[0] = NULL;
	object[5] = NULL;
	object[9] = NULL;
	rsv_cache_free_bulk(c, ARRAY_SIZE(object), object);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
}

static void wrong_objects_are_reported_and_the_others_taken_back(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, SIZE, NULL);
	struct rsv_cache *d = rsvt_scratch_cache(test, r, 2 * SIZE, 0);
	struct misuse_counts before;
	void *object[100], *theirs, *mine;
	int foreign;

	rsvt_objects_alloc(test, d, &theirs, 1);
	rsvt_objects_alloc(test, c, &mine, 1);
	take_bulk(test, c, object, 96);
	swap(object[96], object[20]);
	object[20] = &foreign;
	swap(object[97], object[40]);
	object[40] = theirs;
	swap(object[98], object[60]);
	object[60] = object[0];
	swap(object[99], object[80]);
	object[80] = mine + 8;

	rsvt_misuse_counts_read(&before);
	rsv_cache_free_bulk(c, ARRAY_SIZE(object), object);
	KUNIT_EXPECT_STREQ(test, rsvt_misuses_since(test, &before),
			   "double_free foreign_pointer misaligned_pointer wrong_cache");
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 1);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(d).active, 1);
	rsv_cache_free(c, mine);
	rsv_cache_free(d, theirs);
	rsvt_scratch_cache_end(test, c);
}

/* --- Magazines ------------------------------------------------------------------------------ */

static void bulk_requests_move_whole_magazines(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_variant_cache(test, r, &rsvt_variants[3], SIZE, 0, NULL);
	struct rsv_cpu *cpu = per_cpu_ptr(c->cpus, raw_smp_processor_id());
	unsigned int nr = 6 * c->magazine_size;
	void **object = rsvt_objects_array(test, nr);
	unsigned long slow;

	take_bulk(test, c, object, nr);
	rsv_cache_shrink(c);
	rsv_cache_free_bulk(c, nr, object);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).depot_full, 4);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).exchanges, 0);
	slow = cpu->slow_allocs + cpu->slow_frees;

	take_bulk(test, c, object, nr);
	expect_distinct(test, object, nr);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).depot_full, 0);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).depot_empty, 4);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).exchanges, 4);
	rsv_cache_free_bulk(c, nr, object);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).depot_full, 4);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).exchanges, 8);
	KUNIT_EXPECT_EQ(test, cpu->slow_allocs + cpu->slow_frees, slow);
}

/* Requests for a few objects have a way of their own, with the same checks. */
static void object_twice_among_few_is_reported(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, SIZE, NULL);
	void *object[3], *twice[2];

	take_bulk(test, c, object, 3);
	twice[0] = object[1];
	twice[1] = object[1];
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_cache_free_bulk(c, 2, twice));
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 2);
	object[1] = NULL;
	rsv_cache_free_bulk(c, 3, object);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
}

/* Objects of many slabs in turn, so that no two neighbours in the array are of one slab */
static void scattered_objects_go_to_the_magazines(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_variant_cache(test, r, &rsvt_variants[3], 1000, 0, NULL);
	struct rsv_cpu *cpu = per_cpu_ptr(c->cpus, raw_smp_processor_id());
	unsigned int per_slab = c->layout.objects, nr = 4 * per_slab, i;
	void **object = rsvt_objects_array(test, nr), **turns = rsvt_objects_array(test, nr);
	unsigned long slow;

	take_bulk(test, c, object, nr);
	rsv_cache_free_bulk(c, nr, object);
	take_bulk(test, c, object, nr);
	for (i = 0; i < nr; i++)
		turns[i] = object[i % 4 * per_slab + i / 4];
	slow = cpu->slow_frees;
	rsv_cache_free_bulk(c, nr, turns);
	KUNIT_EXPECT_EQ(test, cpu->slow_frees, slow);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
}

/*
 * The busy section ends several times in a request of a thousand objects, so that interrupts and
 * other tasks can use the magazines in between.
 */
static struct rsv_cpu *watched;
static u64 moved_before, most_at_once;

static void count_at_once(int step)
{
	const u64 moved = watched->allocs + watched->frees;

	if (step == RSV_STEP_BUSY)
		moved_before = moved;
	if (step == RSV_STEP_LEFT)
		most_at_once = max(most_at_once, moved - moved_before);
}

static void at_most_64_objects_are_moved_at_once(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_variant_cache(test, r, &rsvt_variants[3], SIZE, 0, NULL);
	void **object = rsvt_objects_array(test, 1000);

	take_bulk(test, c, object, 1000);
	rsv_cache_free_bulk(c, 1000, object);
	watched = per_cpu_ptr(c->cpus, raw_smp_processor_id());
	most_at_once = 0;
	WRITE_ONCE(rsv_step_hook, count_at_once);
	take_bulk(test, c, object, 1000);
	WRITE_ONCE(rsv_step_hook, NULL);
	KUNIT_EXPECT_EQ(test, most_at_once, 64);
	most_at_once = 0;
	WRITE_ONCE(rsv_step_hook, count_at_once);
	rsv_cache_free_bulk(c, 1000, object);
	WRITE_ONCE(rsv_step_hook, NULL);
	KUNIT_EXPECT_EQ(test, most_at_once, 64);
}

/* --- Mempools ------------------------------------------------------------------------------- */

#define ELEMENTS	4

static void end_pool(void *pool)
{
	mempool_destroy(pool);
}

static mempool_t *pool_of(struct kunit *test, struct rsv_cache *c)
{
	mempool_t *pool = mempool_create(ELEMENTS, rsv_mempool_alloc, rsv_mempool_free, c);

	KUNIT_ASSERT_NOT_NULL(test, pool);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, end_pool, pool), 0);
	return pool;
}

/* Allocates until the region is exhausted. Returns the number of objects. */
static unsigned int exhaust(struct kunit *test, struct rsv_cache *c, void ***objects)
{
	*objects = rsvt_objects_array(test, VARIANT_REGION / SIZE);
	return rsv_cache_alloc_bulk(c, GFP_KERNEL, VARIANT_REGION / SIZE, *objects);
}

static void mempool_gives_its_minimum_when_the_region_is_exhausted(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, SIZE, NULL);
	mempool_t *pool = pool_of(test, c);
	void *element[ELEMENTS], **others;
	unsigned int nr = exhaust(test, c, &others), i, times;

	KUNIT_EXPECT_NULL(test, rsv_cache_alloc(c, GFP_KERNEL));
	for (times = 0; times < 3; times++) {
		for (i = 0; i < ELEMENTS; i++) {
			element[i] = mempool_alloc(pool, GFP_ATOMIC);
			KUNIT_ASSERT_NOT_NULL(test, element[i]);
			KUNIT_EXPECT_FALSE(test, rsvt_object_among(element[i], others, nr));
		}
		expect_distinct(test, element, ELEMENTS);
		KUNIT_EXPECT_NULL(test, mempool_alloc(pool, GFP_ATOMIC));
		KUNIT_EXPECT_NULL(test, mempool_alloc(pool, GFP_NOWAIT | __GFP_NOWARN));
		for (i = 0; i < ELEMENTS; i++)
			mempool_free(element[i], pool);
	}
	rsv_cache_free_bulk(c, nr, others);
	/* The mempool holds its minimum. */
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, ELEMENTS);
	kunit_release_action(test, end_pool, pool);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
}

struct giver {
	struct delayed_work work;
	mempool_t *pool;
	void *element;
};

static void give_back_later(struct work_struct *work)
{
	struct giver *g = container_of(to_delayed_work(work), struct giver, work);

	mempool_free(g->element, g->pool);
}

/*
 * mempool_alloc() asks without reserves, retries and warnings, and then sleeps until an element is
 * freed.
 */
static void who_may_sleep_waits_for_an_element(struct kunit *test)
{
	static const gfp_t gfps[] = { GFP_KERNEL, GFP_NOIO, GFP_NOFS, GFP_KERNEL | __GFP_NOWARN };
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_variant_cache(test, r, &rsvt_variants[3], SIZE, 0, NULL);
	struct giver g = { .pool = pool_of(test, c) };
	void *element[ELEMENTS], **others, *got;
	unsigned int nr = exhaust(test, c, &others), i;

	for (i = 0; i < ELEMENTS; i++)
		element[i] = mempool_alloc(g.pool, GFP_KERNEL);
	INIT_DELAYED_WORK_ONSTACK(&g.work, give_back_later);
	for (i = 0; i < ARRAY_SIZE(gfps); i++) {
		g.element = element[i];
		schedule_delayed_work(&g.work, 1);
		got = mempool_alloc(g.pool, gfps[i]);
		KUNIT_EXPECT_PTR_EQ(test, got, element[i]);
		flush_delayed_work(&g.work);
	}
	destroy_delayed_work_on_stack(&g.work);
	for (i = 0; i < ELEMENTS; i++)
		mempool_free(element[i], g.pool);
	rsv_cache_free_bulk(c, nr, others);
	kunit_release_action(test, end_pool, g.pool);
}

static struct kunit_case bulk_cases[] = {
	KUNIT_CASE_PARAM(arrays_of_any_length_are_taken_and_given_back, variants_gen_params),
	KUNIT_CASE_PARAM(region_that_runs_out_gives_what_it_has, variants_gen_params),
	KUNIT_CASE_PARAM(objects_are_cleared_if_that_is_asked_for, variants_gen_params),
	KUNIT_CASE_PARAM(objects_are_constructed_once, variants_gen_params),
	KUNIT_CASE_PARAM(nothing_among_objects_is_passed_over, variants_gen_params),
	KUNIT_CASE_PARAM(wrong_objects_are_reported_and_the_others_taken_back, variants_gen_params),
	KUNIT_CASE_PARAM(object_twice_among_few_is_reported, variants_gen_params),
	KUNIT_CASE(scattered_objects_go_to_the_magazines),
	KUNIT_CASE(bulk_requests_move_whole_magazines),
	KUNIT_CASE(at_most_64_objects_are_moved_at_once),
	KUNIT_CASE_PARAM(mempool_gives_its_minimum_when_the_region_is_exhausted,
			 variants_gen_params),
	KUNIT_CASE(who_may_sleep_waits_for_an_element),
	{}};

static struct kunit_suite bulk_suite = {
	.name = "reservoir_bulk",
	.init = rsvt_suite_init,
	.test_cases = bulk_cases,
};

kunit_test_suite(bulk_suite);
