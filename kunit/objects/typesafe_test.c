// SPDX-License-Identifier: GPL-2.0
/*
 * RSV_TYPESAFE_BY_RCU, with every engine, with magazines and without: the cache writes to no byte
 * of a free object, and nobody else gets its memory before a grace period has ended.
 */
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "support/areas.h"
#include "support/arrays.h"
#include "support/bytes.h"
#include "support/figures.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/suite.h"
#include "support/variants.h"

KUNIT_ARRAY_PARAM_DESC(variants, rsvt_variants, what);

#define NR	40
#define LEFT	0x3c /* what the last user left */
#define DIRT	0xa5

#define LARGEST	5000

static const unsigned int sizes[] = { 8, 20, 200, 2040, LARGEST };

static struct rsv_cache *typesafe_cache(struct kunit *test, struct rsv_region *r, unsigned int size,
					unsigned int flags)
{
	const struct variant *v = test->param_value;

	rsvt_stay_on_this_cpu();
	return rsvt_scratch_cache_flags(test, r, size, 0, v->flags | flags | RSV_TYPESAFE_BY_RCU,
					NULL);
}

static void for_all_sizes(struct kunit *test, unsigned int flags,
			  void (*try)(struct kunit *test, struct rsv_cache *c))
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct rsv_cache *c = typesafe_cache(test, r, sizes[i], flags);

		kunit_info(test, "%u bytes", sizes[i]);
		try(test, c);
		rsvt_scratch_cache_end(test, c);
	}
	EXPECT_UNTOUCHED(test, r);
}

static void fill(struct rsv_cache *c, void **object, u8 value)
{
	unsigned int i;

	for (i = 0; i < NR; i++)
		memset(object[i], value, c->layout.object_size);
}

/* Objects with a byte that is not @value; a sanitizer need not know that the test looks. */
static unsigned int not_all(struct rsv_cache *c, void **object, u8 value)
{
	static u8 bytes[LARGEST];
	unsigned int i, wrong = 0;

	for (i = 0; i < NR; i++) {
		rsvt_peek(bytes, object[i], c->layout.object_size);
		wrong += !!memchr_inv(bytes, value, c->layout.object_size);
	}
	return wrong;
}

static void leave_them_free(struct kunit *test, struct rsv_cache *c)
{
	void *object[NR], *again[NR];

	rsvt_objects_alloc(test, c, object, NR);
	fill(c, object, LEFT);
	rsvt_objects_free(c, object, NR);
	KUNIT_EXPECT_EQ(test, not_all(c, object, LEFT), 0);
	/* Those that are used again, and those that are not */
	rsvt_objects_alloc(test, c, again, NR / 2);
	KUNIT_EXPECT_EQ(test, not_all(c, object, LEFT), 0);
	rsvt_objects_free(c, again, NR / 2);
	rsv_cache_free_bulk(c, rsv_cache_alloc_bulk(c, GFP_KERNEL, NR, again), again);
	KUNIT_EXPECT_EQ(test, not_all(c, object, LEFT), 0);
}

static void a_free_object_keeps_all_its_bytes(struct kunit *test)
{
	for_all_sizes(test, 0, leave_them_free);
}

/* debug=P is no reason to write to what a reader looks at; red zones and owners lie outside. */
static void a_free_object_keeps_its_bytes_with_all_checks(struct kunit *test)
{
	for_all_sizes(test, RSV_RED_ZONE | RSV_POISON | RSV_STORE_USER, leave_them_free);
}

static void ask_for_zeroes(struct kunit *test, struct rsv_cache *c)
{
	void *object[NR];
	unsigned int i;

	rsvt_objects_alloc(test, c, object, NR);
	fill(c, object, LEFT);
	rsvt_objects_free(c, object, NR);
	for (i = 0; i < NR; i++)
		object[i] = rsv_cache_alloc(c, GFP_KERNEL | __GFP_ZERO);
	KUNIT_EXPECT_EQ(test, not_all(c, object, 0), 0);
	rsvt_objects_free(c, object, NR);
}

static void who_asks_for_zeroes_gets_them(struct kunit *test)
{
	for_all_sizes(test, 0, ask_for_zeroes);
}

static void give_twice(struct kunit *test, struct rsv_cache *c)
{
	void *object[NR];

	rsvt_objects_alloc(test, c, object, NR);
	rsv_cache_free(c, object[0]);
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_cache_free(c, object[0]));
	rsvt_objects_free(c, object + 1, NR - 1);
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_cache_free(c, object[NR - 1]));
}

static void a_double_free_is_found(struct kunit *test)
{
	for_all_sizes(test, 0, give_twice);
}

/* Fills all pages that the region has free. Returns their number. */
static unsigned long soil_free_pages(struct kunit *test, struct rsv_region *r)
{
	struct page **page = rsvt_pages_array(test, r->nr_pages);
	unsigned long nr = rsvt_pages_alloc(r, GFP_KERNEL, 0, page, r->nr_pages), i;

	for (i = 0; i < nr; i++)
		memset(page_address(page[i]), DIRT, PAGE_SIZE);
	rsvt_pages_free(page, nr, 0);
	kunit_kfree(test, page);
	return nr;
}

/* Whoever gets the memory of a free object, a grace period has ended since the free. */
static void shrink_waits(struct kunit *test, struct rsv_cache *c)
{
	void *object[NR];
	struct rcu_gp_oldstate state;

	rsvt_objects_alloc(test, c, object, NR);
	fill(c, object, LEFT);
	/* Before the frees: a grace period that begins after them has ended then, too. */
	get_state_synchronize_rcu_full(&state);
	rsvt_objects_free(c, object, NR);
	rsv_cache_shrink(c);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).total_objects, 0);
	/* A tiny RCU takes this task's word that it may sleep, and counts nothing. */
	if (!IS_ENABLED(CONFIG_TINY_RCU))
		KUNIT_EXPECT_TRUE(test, poll_state_synchronize_rcu_full(&state));
	KUNIT_EXPECT_GT(test, soil_free_pages(test, c->region), 0);
	KUNIT_EXPECT_GT(test, not_all(c, object, LEFT), 0);
}

static void memory_goes_to_others_after_a_grace_period(struct kunit *test)
{
	for_all_sizes(test, 0, shrink_waits);
}

/*
 * No grace period ends while this task is a reader. So whatever other callers may get without
 * waiting, none of it has the free objects.
 */
static void others_take_all_they_get(struct kunit *test, struct rsv_cache *c)
{
	struct page **page = rsvt_pages_array(test, c->region->nr_pages);
	void *object[NR], **other = rsvt_objects_array(test, 20000);
	unsigned long nr, i;
	unsigned int taken;

	rsvt_objects_alloc(test, c, object, NR);
	fill(c, object, LEFT);
	rcu_read_lock();
	rsvt_objects_free(c, object, NR);
	nr = rsvt_pages_alloc(c->region, GFP_NOWAIT, 0, page, c->region->nr_pages - 20);
	for (i = 0; i < nr; i++)
		memset(page_address(page[i]), DIRT, PAGE_SIZE);
	for (taken = 0; taken < 20000; taken++) {
		other[taken] = rsv_kmalloc(c->region, 24, GFP_NOWAIT | __GFP_NOWARN);
		if (!other[taken])
			break;
		memset(other[taken], DIRT, 24);
	}
	rsvt_pages_free(page, nr, 0);
	KUNIT_EXPECT_EQ(test, not_all(c, object, LEFT), 0);
	rcu_read_unlock();
	while (taken)
		rsv_kfree(other[--taken]);
	kunit_kfree(test, page);
	kunit_kfree(test, other);
}

static void a_reader_sees_no_memory_of_others(struct kunit *test)
{
	for_all_sizes(test, 0, others_take_all_they_get);
}

/* A program can see what the flag costs, although it has no readers under RCU. */
static void programs_may_ask_for_it(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c;

	c = rsv_cache_create_for_user(r, "mine", 64, 0, RSV_TYPESAFE_BY_RCU, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(c));
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).cache_flags & RSV_TYPESAFE_BY_RCU,
			RSV_TYPESAFE_BY_RCU);
	/* The mark of a free object is behind the bytes that must not change. */
	KUNIT_EXPECT_GE(test, c->layout.mark, 64);
	KUNIT_EXPECT_EQ(test, rsv_cache_destroy(c), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(a_free_object_keeps_all_its_bytes, variants_gen_params),
	KUNIT_CASE_PARAM(a_free_object_keeps_its_bytes_with_all_checks, variants_gen_params),
	KUNIT_CASE_PARAM(who_asks_for_zeroes_gets_them, variants_gen_params),
	KUNIT_CASE_PARAM(a_double_free_is_found, variants_gen_params),
	KUNIT_CASE_PARAM(memory_goes_to_others_after_a_grace_period, variants_gen_params),
	KUNIT_CASE_PARAM(a_reader_sees_no_memory_of_others, variants_gen_params),
	KUNIT_CASE(programs_may_ask_for_it),
	{}};

static struct kunit_suite suite = {
	.name = "reservoir_typesafe",
	.init = rsvt_suite_init,
	.test_cases = cases,
};

kunit_test_suite(suite);
