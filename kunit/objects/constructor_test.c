// SPDX-License-Identifier: GPL-2.0
/*
 * Constructors, with every engine, with magazines and without: the constructor runs once in an
 * object's life in its slab, and no byte of a free constructed object changes.
 */
#include <linux/irqflags.h>
#include <linux/prandom.h>
#include <linux/preempt.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "support/areas.h"
#include "support/arrays.h"
#include "support/bytes.h"
#include "support/figures.h"
#include "support/log.h"
#include "support/scratch.h"
#include "support/suite.h"
#include "support/variants.h"

KUNIT_ARRAY_PARAM_DESC(variants, rsvt_variants, what);

/* From slabs of several batches of objects to slabs of few */
static const unsigned int sizes[] = { 16, 200, 2040, 5000 };

/**
 * struct constructed - the beginning of an object
 * @magic: marks it as constructed
 * @state: 0 once constructed; then the user writes it
 * @rest: the other bytes; FILLING since it was constructed
 */
struct constructed {
	u64 magic;
	u64 state;
	u8 rest[];
};

#define MAGIC	0x636f6e7374727563ULL
#define FILLING	0xc7

static unsigned int constructed;	/* calls of construct() */
static unsigned int constructed_atomic;	/* calls in a context that may not sleep */
static unsigned int constructed_size;	/* bytes of an object */

static void construct(void *object)
{
	struct constructed *o = object;

	o->magic = MAGIC;
	o->state = 0;
	memset(o->rest, FILLING, constructed_size - sizeof(*o));
	constructed++;
	constructed_atomic +=
		irqs_disabled() || (IS_ENABLED(CONFIG_PREEMPT_COUNT) && !preemptible());
}

static bool looks_constructed(const struct constructed *o)
{
	return o->magic == MAGIC && !memchr_inv(o->rest, FILLING, constructed_size - sizeof(*o));
}

static struct rsv_cache *constructed_cache(struct kunit *test, struct rsv_region *r,
					   unsigned int size)
{
	constructed = 0;
	constructed_atomic = 0;
	constructed_size = size;
	return rsvt_param_cache(test, r, size, construct);
}

static void for_all_sizes(struct kunit *test, void (*try)(struct kunit *test, struct rsv_cache *c))
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct rsv_cache *c = constructed_cache(test, r, sizes[i]);

		try(test, c);
		rsvt_scratch_cache_end(test, c);
	}
	EXPECT_UNTOUCHED(test, r);
}

/* --- Once ----------------------------------------------------------------------------------- */

/*
 * The number of objects that a test can free while the cache retains their slabs: two may be empty
 */
static unsigned int objects_that_stay(const struct rsv_cache *c)
{
	return rsvt_cache_in_heap(c) ? 60U : min(2 * c->layout.objects, 60U);
}

/* An object was constructed just now, or it is as its last user left it. */
static void take_one(struct kunit *test, struct rsv_cache *c, struct constructed **object)
{
	unsigned int before = constructed;

	rsvt_objects_alloc(test, c, (void **)object, 1);
	KUNIT_EXPECT_TRUE(test, looks_constructed(*object));
	if (constructed == before) {
		KUNIT_EXPECT_EQ(test, (*object)->state, (unsigned long)*object);
	} else {
		KUNIT_EXPECT_EQ(test, constructed, before + 1);
		KUNIT_EXPECT_EQ(test, (*object)->state, 0);
	}
	(*object)->state = (unsigned long)*object;
}

static void shuffle(struct constructed **object, unsigned int nr, struct rnd_state *random)
{
	unsigned int i, j;

	for (i = 0; i < nr; i++) {
		j = prandom_u32_state(random) % nr;
		swap(object[i], object[j]);
	}
}

static void come_and_go(struct kunit *test, struct rsv_cache *c)
{
	unsigned int nr = objects_that_stay(c), i, round, have;
	struct constructed *object[60];
	struct rnd_state random;

	prandom_seed_state(&random, c->layout.object_size);
	for (i = 0; i < nr; i++)
		take_one(test, c, &object[i]);
	KUNIT_EXPECT_EQ(test, constructed, nr);
	for (round = 0; round < 50; round++) {
		shuffle(object, nr, &random);
		have = prandom_u32_state(&random) % nr;
		rsvt_objects_free(c, (void **)object + have, nr - have);
		for (i = have; i < nr; i++)
			take_one(test, c, &object[i]);
	}
	/* Each slot was constructed once at most. */
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).slabs_given, 0);
	if (!rsvt_cache_in_heap(c))
		KUNIT_EXPECT_LE(test, constructed, rsvt_query_cache(c).total_objects);
	rsvt_objects_free(c, (void **)object, nr);
}

static void constructor_runs_once_in_an_objects_life(struct kunit *test)
{
	for_all_sizes(test, come_and_go);
}

static void use_all_of_the_next_life(struct kunit *test, struct rsv_cache *c)
{
	struct constructed *object[20];
	unsigned int life, i;

	for (life = 1; life <= 3; life++) {
		rsvt_objects_alloc(test, c, (void **)object, ARRAY_SIZE(object));
		KUNIT_EXPECT_EQ(test, constructed, life * ARRAY_SIZE(object));
		for (i = 0; i < ARRAY_SIZE(object); i++) {
			KUNIT_EXPECT_TRUE(test, looks_constructed(object[i]));
			KUNIT_EXPECT_EQ(test, object[i]->state, 0);
			memset(object[i], 0x5a, constructed_size);
		}
		rsvt_objects_free(c, (void **)object, ARRAY_SIZE(object));
		KUNIT_EXPECT_GT(test, rsv_cache_shrink(c), 0);
		KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).total_objects, 0);
	}
}

static void constructor_runs_again_in_the_slabs_next_life(struct kunit *test)
{
	for_all_sizes(test, use_all_of_the_next_life);
}

/* --- Byte for byte -------------------------------------------------------------------------- */

/*
 * The part of a free object's slot to which the cache does not write. With SLAB it is the whole
 * slot. The other engines may have their link behind the object, so with them it is the object.
 */
static void *unchanged_from(const struct rsv_cache *c, void *object)
{
	return c->flags & RSV_ENGINE_SLAB ? object - c->layout.before : object;
}

static size_t unchanged_bytes(const struct rsv_cache *c)
{
	return c->flags & RSV_ENGINE_SLAB ? c->layout.stride : c->layout.object_size;
}

static void *copies_of(struct kunit *test, struct rsv_cache *c, void **object, unsigned int nr)
{
	u8 *copies = kunit_kcalloc(test, nr, unchanged_bytes(c), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, copies);
	for (i = 0; i < nr; i++)
		rsvt_peek(copies + i * unchanged_bytes(c), unchanged_from(c, object[i]),
			  unchanged_bytes(c));
	return copies;
}

static void expect_same(struct kunit *test, struct rsv_cache *c, void **object, unsigned int nr,
			const u8 *copies)
{
	const u8 *now = copies_of(test, c, object, nr);
	unsigned int i;

	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_EQ_MSG(test,
				    memcmp(now + i * unchanged_bytes(c),
					   copies + i * unchanged_bytes(c), unchanged_bytes(c)),
				    0, "object %u of %u bytes", i, c->layout.object_size);
	kunit_kfree(test, now);
}

static void leave_them_free(struct kunit *test, struct rsv_cache *c)
{
	unsigned int nr = objects_that_stay(c), i;
	struct constructed *object[60];
	void *copies, *one;

	for (i = 0; i < nr; i++) {
		rsvt_objects_alloc(test, c, (void **)&object[i], 1);
		object[i]->state = i;
	}
	copies = copies_of(test, c, (void **)object, nr);
	/* The objects are freed in any order, and others are allocated and freed meanwhile. */
	for (i = 0; i < nr; i += 2)
		rsv_cache_free(c, object[i]);
	for (i = 1; i < nr; i += 2)
		rsv_cache_free(c, object[i]);
	expect_same(test, c, (void **)object, nr, copies);
	for (i = 0; i < 40; i++) {
		rsvt_objects_alloc(test, c, &one, 1);
		rsv_cache_free(c, one);
	}
	expect_same(test, c, (void **)object, nr, copies);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).slabs_given, 0);
	kunit_kfree(test, copies);
}

static void free_constructed_objects_keep_every_byte(struct kunit *test)
{
	for_all_sizes(test, leave_them_free);
}

/* --- In which context ----------------------------------------------------------------------- */

static void take_some(struct kunit *test, struct rsv_cache *c)
{
	void *object[40];
	unsigned int nr;

	rsvt_objects_alloc(test, c, object, 20);
	nr = rsv_cache_alloc_bulk(c, GFP_KERNEL, 20, object + 20);
	KUNIT_EXPECT_EQ(test, nr, 20);
	KUNIT_EXPECT_EQ(test, constructed, 40);
	KUNIT_EXPECT_EQ(test, constructed_atomic, 0);
	rsvt_objects_free(c, object, 20 + nr);
}

static void constructor_runs_with_no_lock_held(struct kunit *test)
{
	for_all_sizes(test, take_some);
}

static void take_without_sleeping(struct kunit *test, struct rsv_cache *c)
{
	static DEFINE_RAW_SPINLOCK(lock);
	struct constructed *object;
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	object = rsv_cache_alloc(c, GFP_ATOMIC);
	raw_spin_unlock_irqrestore(&lock, flags);
	KUNIT_ASSERT_NOT_NULL(test, object);
	KUNIT_EXPECT_TRUE(test, looks_constructed(object));
	KUNIT_EXPECT_EQ(test, constructed, 1);
	KUNIT_EXPECT_EQ(test, constructed_atomic, 1);
	rsv_cache_free(c, object);
}

static void constructor_runs_for_callers_that_may_not_sleep(struct kunit *test)
{
	for_all_sizes(test, take_without_sleeping);
}

/* --- With flags ----------------------------------------------------------------------------- */

static void take_zeroed(struct kunit *test, struct rsv_cache *c)
{
	struct constructed *object = rsv_cache_alloc(c, GFP_KERNEL | __GFP_ZERO), *again;

	KUNIT_ASSERT_NOT_NULL(test, object);
	KUNIT_EXPECT_TRUE(test, looks_constructed(object));
	object->state = 7;
	rsv_cache_free(c, object);
	again = rsv_cache_alloc(c, GFP_KERNEL | __GFP_ZERO);
	KUNIT_ASSERT_NOT_NULL(test, again);
	KUNIT_EXPECT_TRUE(test, looks_constructed(again));
	KUNIT_EXPECT_EQ(test, again->state, again == object ? 7 : 0);
	rsv_cache_free(c, again);
}

static void gfp_zero_leaves_constructed_objects_alone(struct kunit *test)
{
	for_all_sizes(test, take_zeroed);
}

static noinline void ask_for_zeroes(struct kunit *test, struct rsv_cache *c)
{
	void *object = rsv_cache_alloc(c, GFP_KERNEL | __GFP_ZERO);

	KUNIT_EXPECT_NOT_NULL(test, object);
	rsv_cache_free(c, object);
}

static noinline void ask_for_many_zeroes(struct kunit *test, struct rsv_cache *c)
{
	void *object[4];

	KUNIT_EXPECT_EQ(test, rsv_cache_alloc_bulk(c, GFP_KERNEL | __GFP_ZERO, 4, object), 4);
	rsv_cache_free_bulk(c, 4, object);
}

/* The kernel's caches warn once in all; here each caller that is wrong is named. */
static void gfp_zero_of_constructed_objects_is_logged_once_a_caller(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	const u64 since = rsvt_log_end();
	struct rsv_cache *c;
	unsigned int i;

	constructed_size = 200;
	c = rsvt_scratch_cache_ctor(test, r, 200, 0, construct);
	for (i = 0; i < 3; i++) {
		ask_for_zeroes(test, c);
		ask_for_many_zeroes(test, c);
	}
	KUNIT_EXPECT_EQ(test, rsvt_log_lines(since, "ask_for_zeroes", "__GFP_ZERO"), 1);
	KUNIT_EXPECT_EQ(test, rsvt_log_lines(since, "ask_for_many_zeroes", "__GFP_ZERO"), 1);
	KUNIT_EXPECT_EQ(test, rsvt_log_lines(since, "__GFP_ZERO", NULL), 2);
}

/* Poison would overwrite what the constructor made. */
static void poison_leaves_constructed_objects_alone(struct kunit *test)
{
	const struct variant *v = test->param_value;
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct constructed *object[20];
	struct rsv_cache *c;
	unsigned int i;

	constructed = 0;
	constructed_size = 200;
	c = rsvt_scratch_cache_flags(test, r, 200, 0, v->flags | RSV_POISON | RSV_RED_ZONE,
				     construct);
	for (i = 0; i < 100; i++) {
		struct constructed **o = &object[i % ARRAY_SIZE(object)];

		if (i >= ARRAY_SIZE(object))
			rsv_cache_free(c, *o);
		take_one(test, c, o);
	}
	rsvt_objects_free(c, (void **)object, ARRAY_SIZE(object));
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

static struct kunit_case constructor_cases[] = {
	KUNIT_CASE_PARAM(constructor_runs_once_in_an_objects_life, variants_gen_params),
	KUNIT_CASE_PARAM(constructor_runs_again_in_the_slabs_next_life, variants_gen_params),
	KUNIT_CASE_PARAM(free_constructed_objects_keep_every_byte, variants_gen_params),
	KUNIT_CASE_PARAM(constructor_runs_with_no_lock_held, variants_gen_params),
	KUNIT_CASE_PARAM(constructor_runs_for_callers_that_may_not_sleep, variants_gen_params),
	KUNIT_CASE_PARAM(gfp_zero_leaves_constructed_objects_alone, variants_gen_params),
	KUNIT_CASE(gfp_zero_of_constructed_objects_is_logged_once_a_caller),
	KUNIT_CASE_PARAM(poison_leaves_constructed_objects_alone, variants_gen_params),
	{}};

static struct kunit_suite constructor_suite = {
	.name = "reservoir_constructor",
	.init = rsvt_suite_init,
	.test_cases = constructor_cases,
};

kunit_test_suite(constructor_suite);
