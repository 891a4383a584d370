// SPDX-License-Identifier: GPL-2.0
/*
 * Misuse of cached objects: a cache accepts no object twice and no foreign one, and finds a write
 * to a cached object.
 */
#include <linux/kmemleak.h>
#include <linux/string.h>

#include "objects/free.h"
#include "objects/mark.h"
#include "support/arrays.h"
#include "support/bytes.h"
#include "support/figures.h"
#include "support/magazines.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/single_step.h"
#include "support/suite.h"
#include "support/variants.h"

KUNIT_ARRAY_PARAM_DESC(engines, rsvt_engines, name);

static struct rsv_cache *engine_cache(struct kunit *test)
{
	const struct engine_case *k = test->param_value;

	return rsvt_magazine_cache(test, k->flag);
}

/* Writes a number into each object, and then returns whether each still has its own. */
static bool all_distinct(void **objects, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		WRITE_ONCE(*(unsigned int *)objects[i], i);
	for (i = 0; i < nr; i++)
		if (READ_ONCE(*(unsigned int *)objects[i]) != i)
			return false;
	return true;
}

/* The free object is in the loaded magazine, in the previous one, in the depot, in its slab. */
static void object_is_not_taken_back_twice_wherever_it_is(struct kunit *test)
{
	struct rsv_cache *c = engine_cache(test);
	unsigned int nr = 4 * c->magazine_size, i;
	void **object = rsvt_objects_used(test, c, nr + 1);

	rsvt_objects_free(c, object, nr);
	for (i = 0; i < nr; i += c->magazine_size / 2)
		EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_cache_free(c, object[i]));
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 1);
	rsv_cache_shrink(c);
	rsvt_objects_alloc(test, c, object, nr);
	KUNIT_EXPECT_TRUE(test, all_distinct(object, nr + 1));
	rsvt_objects_free(c, object, nr);
	rsv_cache_shrink(c);
	/* The last object holds its slab, of which other objects are free now. */
	rsv_cache_free(c, object[nr]);
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_cache_free(c, object[nr]));
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
}

static void object_of_another_cache_does_not_get_into_a_magazine(struct kunit *test)
{
	const struct engine_case *k = test->param_value;
	struct rsv_cache *c = engine_cache(test);
	struct rsv_cache *d = rsvt_scratch_cache_flags(test, c->region, SIZE, 0, 0, NULL);
	struct rsv_cache *e = rsvt_scratch_cache_flags(test, c->region, SIZE, 0, k->flag, NULL);
	void *object[3];

	rsvt_objects_alloc(test, c, object, 1);
	rsvt_objects_alloc(test, d, object + 1, 1);
	rsvt_objects_alloc(test, e, object + 2, 1);
	EXPECT_MISUSE(test, RSV_WRONG_CACHE, rsv_cache_free(c, object[1]));
	EXPECT_MISUSE(test, RSV_WRONG_CACHE, rsv_cache_free(c, object[2]));
	EXPECT_MISUSE(test, RSV_WRONG_CACHE, rsv_cache_free(e, object[0]));
	EXPECT_MISUSE(test, RSV_WRONG_CACHE, rsv_cache_free(d, object[0]));
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 1);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(d).active, 1);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(e).active, 1);
	rsv_cache_free(c, object[0]);
	rsv_cache_free(d, object[1]);
	rsv_cache_free(e, object[2]);
}

static void middle_of_an_object_does_not_get_into_a_magazine(struct kunit *test)
{
	struct rsv_cache *c = engine_cache(test);
	unsigned int at;
	void *object;

	rsvt_objects_alloc(test, c, &object, 1);
	memset(object, 0x5a, SIZE);
	for (at = 1; at < SIZE; at++)
		EXPECT_MISUSE(test, RSV_MISALIGNED, rsv_cache_free(c, object + at));
	KUNIT_EXPECT_NULL(test, memchr_inv(object, 0x5a, SIZE));
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 1);
	rsv_cache_free(c, object);
}

static void object_that_was_never_handed_out_is_not_taken_back(struct kunit *test)
{
	struct rsv_cache *c = rsvt_magazine_cache(test, 0);
	void *object, *base;
	unsigned int i;

	rsvt_objects_alloc(test, c, &object, 1);
	base = PTR_ALIGN_DOWN(object, PAGE_SIZE);
	for (i = 0; i < PAGE_SIZE / SIZE; i++)
		if (base + i * SIZE != object)
			EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_cache_free(c, base + i * SIZE));
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 1);
	rsv_cache_free(c, object);
}

/* At every byte: the mark of a free object is in the middle. */
static void free_object_that_was_written_to_is_lost_and_nothing_else(struct kunit *test)
{
	struct rsv_cache *c = rsvt_magazine_cache(test, RSV_ENGINE_SLUB);
	unsigned int nr = 2 * c->magazine_size;
	void **object = rsvt_objects_used(test, c, nr), *bad = object[nr - 5];
	u8 junk[SIZE];

	rsvt_objects_free(c, object, nr);
	memset(junk, 0x5a, SIZE);
	rsvt_poke(bad, junk, SIZE);
	rsvt_objects_alloc(test, c, object, 4);
	EXPECT_MISUSE(test, RSV_CORRUPT, rsvt_objects_alloc(test, c, object + 4, 1));
	rsvt_objects_alloc(test, c, object + 5, nr - 5);
	KUNIT_EXPECT_FALSE(test, rsvt_object_among(bad, object, nr));
	KUNIT_EXPECT_TRUE(test, all_distinct(object, nr));
	rsvt_objects_free(c, object, nr);
	/* The object counts as used and has no mark, so that it can be freed. */
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 1);
	rsv_cache_free(c, bad);
	rsvt_scratch_cache_end(test, c);
}

/* The object that a free and the interrupt within it are about */
static struct {
	struct rsv_cache *c;
	void *object;
} freed;

static void free_once(void *unused)
{
	rsv_cache_free(freed.c, freed.object);
}

static void free_again(void)
{
	free_once(NULL);
}

/*
 * After each of the first instructions, among which are those of the fast path, and then after
 * some. Each instruction is a trap, which takes a millisecond on slow machines.
 */
static unsigned int next_step(unsigned int at)
{
	return at < 80 || !SLOW ? at + 1 : at + at / 8;
}

static void object_freed_by_an_interrupt_of_its_free_is_freed_once(struct kunit *test)
{
	struct misuse_counts before;
	unsigned int at = 1;
	bool inside = true;
	void *object[2];

	rsvt_single_step_or_skip(test);
	freed.c = engine_cache(test);
	for (; inside; at = next_step(at)) {
		rsvt_objects_alloc(test, freed.c, &freed.object, 1);
		rsvt_misuse_counts_read(&before);
		inside = rsvt_interrupt_once(test, free_once, NULL, at, free_again);
		KUNIT_EXPECT_EQ(test, rsvt_nr_misuses_since(&before), inside);
		rsvt_objects_alloc(test, freed.c, object, 2);
		KUNIT_EXPECT_TRUE(test, all_distinct(object, 2));
		rsvt_objects_free(freed.c, object, 2);
		KUNIT_EXPECT_EQ(test, rsvt_cache_count(freed.c).active, 0);
	}
	KUNIT_EXPECT_GT(test, at, 20);
}

/*
 * Two CPUs freed the object at once, both frees were accepted, and each CPU has it in a magazine.
 */
static void object_in_two_magazines_does_not_hide_one_that_is_out(struct kunit *test)
{
	struct rsv_cache *c = engine_cache(test);
	struct rsv_extent *e = c->region->extents->at[0];
	struct misuse_counts before;
	void *object[2];

	rsvt_objects_alloc(test, c, object, 2);
	KUNIT_EXPECT_EQ(test, rsv_free_mark_cached(c, e, object[0]), RSV_OK);
	kmemleak_free(object[0]);
	this_cpu_add(c->cpus->slow_frees, 2);
	rsv_free_store(c, e, object[0], false);
	rsv_free_store(c, e, object[0], false);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);

	rsvt_misuse_counts_read(&before);
	KUNIT_EXPECT_EQ(test, rsv_cache_destroy(c), -EBUSY);
	KUNIT_EXPECT_STREQ(test, rsvt_misuses_since(test, &before), "double_free destroyed_in_use");
	rsv_cache_free(c, object[1]);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
}

/* A stale or a wild pointer to a magazine: its cache uses it, so nobody else may have it. */
static void magazine_is_no_memory_of_a_caller(struct kunit *test)
{
	struct rsv_cache *c = rsvt_magazine_cache(test, 0), *internal = c->magazine_cache;
	unsigned int size = c->magazine_size;
	void **object = rsvt_objects_used(test, c, size), *m, *again;
	const char *text;

	rsv_cache_free(c, object[0]);
	m = rsvt_this_cpu(c)->loaded;
	text = rsvt_report_text(test, "%s, but it is the module's own",
				rsvt_report_free(test, internal, m));
	EXPECT_REPORT(test, RSV_FOREIGN, text, rsv_kfree(m));
	EXPECT_MISUSE(test, RSV_FOREIGN, KUNIT_EXPECT_EQ(test, rsv_ksize(m), 0));
	EXPECT_MISUSE(test, RSV_FOREIGN, again = rsv_krealloc(c->region, m, SZ_8K, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, again);
	EXPECT_MISUSE(test, RSV_FOREIGN, again = rsv_krealloc(c->region, m, 0, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, again);
	EXPECT_MISUSE(test, RSV_WRONG_CACHE, rsv_cache_free(c, m));
	KUNIT_EXPECT_EQ(test, rsvt_magazines_in_use(c->region, size), 1);
	rsvt_objects_free(c, object + 1, size - 1);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
}

static struct kunit_case magazine_misuse_cases[] = {
	KUNIT_CASE_PARAM(object_is_not_taken_back_twice_wherever_it_is, engines_gen_params),
	KUNIT_CASE_PARAM(object_of_another_cache_does_not_get_into_a_magazine, engines_gen_params),
	KUNIT_CASE_PARAM(middle_of_an_object_does_not_get_into_a_magazine, engines_gen_params),
	KUNIT_CASE_PARAM(object_freed_by_an_interrupt_of_its_free_is_freed_once,
			 engines_gen_params),
	KUNIT_CASE_PARAM(object_in_two_magazines_does_not_hide_one_that_is_out, engines_gen_params),
	KUNIT_CASE(magazine_is_no_memory_of_a_caller),
	KUNIT_CASE(object_that_was_never_handed_out_is_not_taken_back),
	KUNIT_CASE(free_object_that_was_written_to_is_lost_and_nothing_else),
	{}};

static struct kunit_suite magazine_misuse_suite = {
	.name = "reservoir_magazine_misuse",
	.init = rsvt_suite_init,
	.test_cases = magazine_misuse_cases,
};

kunit_test_suite(magazine_misuse_suite);
