// SPDX-License-Identifier: GPL-2.0
/*
 * The engine SLUB: free lists that nobody can free into twice, and that survive being written to.
 */
#include <linux/string.h>

#include "../src/objects/cache.h"
#include "helpers.h"

/*
 * Six objects of this size fill a slab of three pages, with their link inside (and 8 bytes to
 * spare) or behind them.
 */
#define SIZE		2040
#define PER_SLAB	6

static void construct(void *object)
{
	memset(object, 0xc7, SIZE);
}

struct kind_of_cache {
	const char *what;
	void (*ctor)(void *object);
};

static const struct kind_of_cache kinds[] = {
	{ "link inside the object", NULL },
	{ "link behind the constructed object", construct },
};

KUNIT_ARRAY_PARAM_DESC(kinds, kinds, what);

static struct rsv_cache *cache_of_kind(struct kunit *test, struct rsv_region *r)
{
	const struct kind_of_cache *kind = test->param_value;

	return scratch_cache_ctor(test, r, SIZE, 0, kind->ctor);
}

static void double_free_is_refused_at_once_and_later(struct kunit *test)
{
	struct rsv_region *r = scratch_region(test, SZ_256K);
	struct rsv_cache *c = cache_of_kind(test, r);
	void *object[PER_SLAB], *again[PER_SLAB];
	unsigned int i;

	objects_take(test, c, object, PER_SLAB);
	rsv_cache_free(c, object[0]);
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_cache_free(c, object[0]));
	/* Deeper in the free list, at its end, and in a slab that is empty. */
	objects_give(c, object + 1, PER_SLAB - 2);
	for (i = 0; i < PER_SLAB - 1; i++)
		EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_cache_free(c, object[i]));
	rsv_cache_free(c, object[PER_SLAB - 1]);
	EXPECT_SLABS(test, c, 0, 0, 1);
	for (i = 0; i < PER_SLAB; i++)
		EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_cache_free(c, object[i]));

	/* Every object is there once. */
	objects_take(test, c, again, PER_SLAB);
	for (i = 0; i < PER_SLAB; i++)
		KUNIT_EXPECT_TRUE(test, object_among(object[i], again, PER_SLAB));
	EXPECT_SLABS(test, c, 1, 0, 0);
	KUNIT_EXPECT_EQ(test, cache_figures(c).active_objects, PER_SLAB);
	objects_give(c, again, PER_SLAB);
}

static void double_free_after_the_slab_is_gone_is_refused(struct kunit *test)
{
	struct rsv_region *r = scratch_region(test, SZ_256K);
	struct rsv_cache *c = cache_of_kind(test, r);
	void *object;

	objects_take(test, c, &object, 1);
	rsv_cache_free(c, object);
	rsv_cache_shrink(c);
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_cache_free(c, object));
	EXPECT_FREE_AREAS(test, r, [6] = 1);
}

static void object_that_was_never_taken_is_refused(struct kunit *test)
{
	struct rsv_region *r = scratch_region(test, SZ_256K);
	struct rsv_cache *c = cache_of_kind(test, r);
	void *object, *slab = scratch_base(r);
	unsigned int i;

	objects_take(test, c, &object, 1);
	for (i = 0; i < PER_SLAB; i++)
		if (slab + i * c->layout.stride != object)
			EXPECT_MISUSE(test, RSV_DOUBLE_FREE,
				      rsv_cache_free(c, slab + i * c->layout.stride));
	KUNIT_EXPECT_EQ(test, cache_figures(c).active_objects, 1);
	rsv_cache_free(c, object);
}

/*
 * Whatever the bytes of an object in use, even a copy of its own link as it was while free: it
 * can be given back.
 */
static void object_that_looks_free_can_be_given_back(struct kunit *test)
{
	struct rsv_region *r = scratch_region(test, SZ_256K);
	struct rsv_cache *c = cache_of_kind(test, r);
	unsigned long *link, as_free;
	void *object[3];

	objects_take(test, c, object, 3);
	link = object[1] + c->layout.link;
	rsv_cache_free(c, object[1]);
	as_free = *link;
	objects_take(test, c, &object[1], 1);
	KUNIT_ASSERT_PTR_EQ(test, (void *)link, object[1] + c->layout.link);
	*link = as_free;
	rsv_cache_free(c, object[1]);
	KUNIT_EXPECT_EQ(test, cache_figures(c).active_objects, 2);
	rsv_cache_free(c, object[0]);
	rsv_cache_free(c, object[2]);
}

static void pointer_into_an_object_or_behind_the_last_is_refused(struct kunit *test)
{
	static const unsigned int inside[] = { 1, 8, 872, 1736, 1743 };
	struct rsv_region *r = scratch_region(test, SZ_256K);
	struct rsv_cache *c = scratch_cache(test, r, 1741, 0);
	void *object[7], *slab = scratch_base(r);
	unsigned int i;

	objects_take(test, c, object, 7);
	EXPECT_SLABS(test, c, 1, 0, 0);
	for (i = 0; i < ARRAY_SIZE(inside); i++)
		EXPECT_MISUSE(test, RSV_MISALIGNED, rsv_cache_free(c, object[2] + inside[i]));
	EXPECT_MISUSE(test, RSV_MISALIGNED, rsv_cache_free(c, slab + 7 * 1744));
	EXPECT_MISUSE(test, RSV_MISALIGNED, rsv_cache_free(c, slab + 3 * PAGE_SIZE - 1));
	EXPECT_SLABS(test, c, 1, 0, 0);
	objects_give(c, object, 7);
}

/*
 * Of three free objects the second is written to: the first can still be had, then the slab's
 * free list is given up, and two objects are lost rather than handed out. Only a test that knows
 * which they are can give them back.
 */
static void free_object_that_was_written_to_is_found_and_not_handed_out(struct kunit *test)
{
	struct rsv_region *r = scratch_region(test, SZ_256K);
	struct rsv_cache *c = cache_of_kind(test, r);
	void *object[PER_SLAB], *next, *others[PER_SLAB];

	objects_take(test, c, object, PER_SLAB);
	rsv_cache_free(c, object[4]);
	rsv_cache_free(c, object[3]);
	rsv_cache_free(c, object[1]);
	memset(object[3] + c->layout.link, 0x6b, sizeof(unsigned long));

	objects_take(test, c, &next, 1);
	KUNIT_EXPECT_PTR_EQ(test, next, object[1]);
	EXPECT_MISUSE(test, RSV_CORRUPT, objects_take(test, c, others, 1));
	objects_take(test, c, others + 1, PER_SLAB - 1);
	KUNIT_EXPECT_FALSE(test, object_among(object[3], others, PER_SLAB));
	KUNIT_EXPECT_FALSE(test, object_among(object[4], others, PER_SLAB));
	EXPECT_SLABS(test, c, 2, 0, 0);
	KUNIT_EXPECT_EQ(test, cache_figures(c).active_objects, 2 * PER_SLAB);

	objects_give(c, others, PER_SLAB);
	objects_give(c, object, PER_SLAB);
	KUNIT_EXPECT_EQ(test, cache_figures(c).active_objects, 0);
	KUNIT_EXPECT_EQ(test, rsv_cache_shrink(c), 2);
	EXPECT_FREE_AREAS(test, r, [6] = 1);
}

static struct kunit_case slub_cases[] = {
	KUNIT_CASE_PARAM(double_free_is_refused_at_once_and_later, kinds_gen_params),
	KUNIT_CASE_PARAM(double_free_after_the_slab_is_gone_is_refused, kinds_gen_params),
	KUNIT_CASE_PARAM(object_that_was_never_taken_is_refused, kinds_gen_params),
	KUNIT_CASE_PARAM(object_that_looks_free_can_be_given_back, kinds_gen_params),
	KUNIT_CASE(pointer_into_an_object_or_behind_the_last_is_refused),
	KUNIT_CASE_PARAM(free_object_that_was_written_to_is_found_and_not_handed_out,
			 kinds_gen_params),
	{}
};

static struct kunit_suite slub_suite = {
	.name = "reservoir_slub",
	.init = suite_init,
	.test_cases = slub_cases,
};

kunit_test_suite(slub_suite);
