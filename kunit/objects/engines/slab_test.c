// SPDX-License-Identifier: GPL-2.0
/*
 * The engine SLAB: bufctls outside the objects, in the slab or in an object of their own, and
 * colours.
 */
#include <linux/cache.h>
#include <linux/string.h>

#include "objects/cache.h"
#include "pages/pagemap.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/bytes.h"
#include "support/figures.h"
#include "support/scratch.h"
#include "support/suite.h"

/* Without magazines, so that each request reaches the engine */
#define FLAGS	(RSV_ENGINE_SLAB | RSV_NO_MAGAZINE | RSV_CACHE_INTERNAL)

static struct rsv_cache *slab_cache(struct kunit *test, struct rsv_region *r, unsigned int size,
				    unsigned int align)
{
	return rsvt_scratch_cache_flags(test, r, size, align, FLAGS, NULL);
}

static struct rsv_frame *slab_of(const struct rsv_cache *c, const void *object)
{
	struct rsv_extent *e = c->region->extents->at[0];

	return rsv_slab_head(e, rsv_frame_at(e, object));
}

static void *base_of(const struct rsv_cache *c, const void *object)
{
	return rsv_frame_addr(c->region->extents->at[0], slab_of(c, object));
}

static unsigned int carved_of(const struct rsv_cache *c, const void *object)
{
	const union rsv_slab_word word = { .word = slab_of(c, object)->slab };

	return word.carved;
}

static unsigned int inuse_of(const struct rsv_cache *c, const void *object)
{
	const union rsv_slab_word word = { .word = slab_of(c, object)->slab };

	return word.inuse;
}

/* Used objects of the caches from which slabs get bufctls that are outside the slab */
static u64 nr_outside_bufctls(struct rsv_region *r)
{
	u64 nr = 0;
	unsigned int i;

	for (i = 0; i < RSV_MAGAZINE_SIZES; i++)
		nr += rsvt_query_cache(r->magazine_caches[i]).active_objects;
	return nr;
}

/* --- Colours -------------------------------------------------------------------------------- */

struct colour_case {
	unsigned int size;
	unsigned int align;
};

static const struct colour_case colours[] = {
	{288, 0}, {448, 0}, {392, 64}, {600, 0}, {1000, 0}, {1741, 0}, {3400, 128},
};

static void colour_text(const struct colour_case *k, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "%u bytes aligned to %u", k->size, k->align);
}

KUNIT_ARRAY_PARAM(colours, colours, colour_text);

#define COLOUR_OBJECTS	300U

/*
 * Each slab begins its objects one colour further on, and after the last colour the first one is
 * used.
 */
static void colours_rotate_from_slab_to_slab(struct kunit *test)
{
	const struct colour_case *k = test->param_value;
	struct rsv_region *r = rsvt_scratch_region(test, SZ_1M);
	struct rsv_cache *c = slab_cache(test, r, k->size, k->align);
	const struct rsv_layout *l = &c->layout;
	void **object = kunit_kcalloc(test, COLOUR_OBJECTS, sizeof(*object), GFP_KERNEL);
	unsigned int slabs = min(2 * l->colours + 1, COLOUR_OBJECTS / l->objects), i;

	KUNIT_ASSERT_NOT_NULL(test, object);
	KUNIT_ASSERT_GT(test, l->colours, 1);
	KUNIT_ASSERT_GT(test, slabs, l->colours);
	KUNIT_EXPECT_GE(test, l->colour, cache_line_size());
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(l->colour, l->align));
	rsvt_objects_alloc(test, c, object, slabs * l->objects);
	for (i = 0; i < slabs; i++) {
		void *first = object[i * l->objects];

		KUNIT_EXPECT_EQ(test, first - base_of(c, first),
				l->bufctl + i % l->colours * l->colour);
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)first, l->align));
	}
	rsvt_objects_free(c, object, slabs * l->objects);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

/* With the last colour the objects just fit; another step would not fit. */
static void colours_use_what_objects_leave(struct kunit *test)
{
	const struct colour_case *k = test->param_value;
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	const struct rsv_layout *l = &slab_cache(test, r, k->size, k->align)->layout;
	size_t used = l->bufctl + l->objects * l->stride, slab = l->pages * PAGE_SIZE;

	KUNIT_EXPECT_LE(test, used + (l->colours - 1) * l->colour, slab);
	KUNIT_EXPECT_GT(test, used + l->colours * l->colour, slab);
}

/* --- Bufctls -------------------------------------------------------------------------------- */

static const unsigned int small[] = { 1, 24, 100, 256, 504 };
static const unsigned int large[] = { 512, 700, 1741, 4096, 5000, 20000 };

static void bufctls_of_small_objects_are_in_their_slab(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_1M);
	struct rsv_cache *c;
	unsigned int i;
	void *object;

	for (i = 0; i < ARRAY_SIZE(small); i++) {
		c = slab_cache(test, r, small[i], 0);
		KUNIT_EXPECT_GE(test, c->layout.bufctl, 4 + c->layout.objects * 2);
		rsvt_objects_alloc(test, c, &object, 1);
		KUNIT_EXPECT_EQ(test, nr_outside_bufctls(r), 0);
		KUNIT_EXPECT_GE(test, object - base_of(c, object), c->layout.bufctl);
		rsv_cache_free(c, object);
	}
}

static void bufctls_of_large_objects_are_outside_and_go_with_the_slab(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_1M);
	unsigned int i, j, slabs = 0;
	struct rsv_cache *c;
	void *object[9];

	for (i = 0; i < ARRAY_SIZE(large); i++) {
		c = slab_cache(test, r, large[i], 0);
		KUNIT_EXPECT_EQ(test, c->layout.bufctl, 0);
		rsvt_objects_alloc(test, c, object, ARRAY_SIZE(object));
		slabs = rsvt_query_cache(c).slabs_made;
		KUNIT_EXPECT_EQ(test, nr_outside_bufctls(r), slabs);
		for (j = 0; j < ARRAY_SIZE(object); j++)
			memset(object[j], 0xff, large[i]);
		rsvt_objects_free(c, object, ARRAY_SIZE(object));
		rsv_cache_shrink(c);
		KUNIT_EXPECT_EQ(test, nr_outside_bufctls(r), 0);
	}
	EXPECT_UNTOUCHED(test, r);
}

/* The cache reads no byte of a free object or of its slot. */
static void whatever_is_written_to_free_objects_the_free_list_stays(struct kunit *test)
{
	static const unsigned int sizes[] = { 40, 392, 1741 };
	struct rsv_region *r = rsvt_scratch_region(test, SZ_1M);
	void *object[20], *again[20], *junk = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	unsigned int i, j;

	KUNIT_ASSERT_NOT_NULL(test, junk);
	memset(junk, 0xff, PAGE_SIZE);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct rsv_cache *c = slab_cache(test, r, sizes[i], 0);

		rsvt_objects_alloc(test, c, object, ARRAY_SIZE(object));
		rsvt_objects_free(c, object, ARRAY_SIZE(object));
		for (j = 0; j < ARRAY_SIZE(object); j++)
			if (slab_of(c, object[j])->cache == c)
				rsvt_poke(object[j], junk, c->layout.stride);
		rsvt_objects_alloc(test, c, again, ARRAY_SIZE(again));
		for (j = 0; j < ARRAY_SIZE(again); j++)
			KUNIT_EXPECT_FALSE(test, rsvt_object_among(again[j], again, j));
		rsvt_objects_free(c, again, ARRAY_SIZE(again));
		rsvt_scratch_cache_end(test, c);
	}
	EXPECT_UNTOUCHED(test, r);
}

/* --- Order ---------------------------------------------------------------------------------- */

static void slab_is_carved_object_by_object(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = slab_cache(test, r, 100, 0);
	void *object[30];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(object); i++) {
		rsvt_objects_alloc(test, c, &object[i], 1);
		KUNIT_EXPECT_PTR_EQ(test, object[i], object[0] + i * c->layout.stride);
		KUNIT_EXPECT_EQ(test, carved_of(c, object[0]), i + 1);
		KUNIT_EXPECT_EQ(test, inuse_of(c, object[0]), i + 1);
	}
	rsvt_objects_free(c, object, ARRAY_SIZE(object));
	KUNIT_EXPECT_EQ(test, carved_of(c, object[0]), ARRAY_SIZE(object));
	KUNIT_EXPECT_EQ(test, inuse_of(c, object[0]), 0);
}

static void last_object_given_back_comes_first(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = slab_cache(test, r, 100, 0);
	void *object[30], *again;
	unsigned int i;

	rsvt_objects_alloc(test, c, object, ARRAY_SIZE(object));
	rsvt_objects_free(c, object, ARRAY_SIZE(object));
	for (i = ARRAY_SIZE(object); i--;) {
		rsvt_objects_alloc(test, c, &again, 1);
		KUNIT_EXPECT_PTR_EQ(test, again, object[i]);
	}
	rsvt_objects_free(c, object, ARRAY_SIZE(object));
}

static struct kunit_case slab_cases[] = {
	KUNIT_CASE_PARAM(colours_rotate_from_slab_to_slab, colours_gen_params),
	KUNIT_CASE_PARAM(colours_use_what_objects_leave, colours_gen_params),
	KUNIT_CASE(bufctls_of_small_objects_are_in_their_slab),
	KUNIT_CASE(bufctls_of_large_objects_are_outside_and_go_with_the_slab),
	KUNIT_CASE(whatever_is_written_to_free_objects_the_free_list_stays),
	KUNIT_CASE(slab_is_carved_object_by_object),
	KUNIT_CASE(last_object_given_back_comes_first),
	{}};

static struct kunit_suite slab_suite = {
	.name = "reservoir_slab",
	.init = rsvt_suite_init,
	.test_cases = slab_cases,
};

kunit_test_suite(slab_suite);
