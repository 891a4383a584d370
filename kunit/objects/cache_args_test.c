// SPDX-License-Identifier: GPL-2.0
/*
 * rsv_cache_create_args(): the free pointer lies where the creator allows it, magazines have the
 * size that it wants, and what cannot be is refused.
 */
#include <linux/string.h>

#include "objects/cpu.h"
#include "support/arrays.h"
#include "support/bytes.h"
#include "support/scratch.h"
#include "support/suite.h"
#include "support/variants.h"

KUNIT_ARRAY_PARAM_DESC(variants, rsvt_variants, what);

#define NR	30
#define SIZE	96
#define OFFSET	40 /* of the free pointer */
#define MADE	0xc7

static unsigned int made;

static void make(void *object)
{
	memset(object, MADE, SIZE);
	made++;
}

/* Whether an object has the constructor's bytes, but for those of the free pointer */
static bool looks_made(const void *object)
{
	u8 bytes[SIZE];

	rsvt_peek(bytes, object, SIZE);
	return !memchr_inv(bytes, MADE, OFFSET) &&
	       !memchr_inv(bytes + OFFSET + 8, MADE, SIZE - OFFSET - 8);
}

static struct rsv_cache *cache_with_free_pointer(struct kunit *test, struct rsv_region *r,
						 unsigned int flags)
{
	const struct variant *v = test->param_value;
	const struct rsv_cache_args args = {
		.flags = v->flags | flags,
		.ctor = make,
		.freeptr_offset = OFFSET,
		.use_freeptr_offset = true,
	};

	rsvt_stay_on_this_cpu();
	made = 0;
	return rsvt_scratch_cache_args(test, r, SIZE, &args);
}

static void come_and_go(struct kunit *test, unsigned int flags)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = cache_with_free_pointer(test, r, flags);
	unsigned int round, i, wrong = 0;
	void *object[NR];

	for (round = 0; round < 20; round++) {
		rsvt_objects_alloc(test, c, object, NR);
		for (i = 0; i < NR; i++)
			wrong += !looks_made(object[i]);
		/* Its user may write anything there. */
		for (i = 0; i < NR; i++)
			memset(object[i] + OFFSET, round, 8);
		rsvt_objects_free(c, object, NR);
		for (i = 0; i < NR; i++)
			wrong += !looks_made(object[i]);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_LE(test, made, 2 * NR);
}

static void only_the_free_pointers_bytes_change(struct kunit *test)
{
	come_and_go(test, 0);
}

static void only_the_free_pointers_bytes_change_for_readers(struct kunit *test)
{
	come_and_go(test, RSV_TYPESAFE_BY_RCU);
}

/* With checks the mark lies behind all bytes that the checks look at, wherever it may lie. */
static void checks_and_a_free_pointer_agree(struct kunit *test)
{
	come_and_go(test, RSV_RED_ZONE | RSV_POISON | RSV_STORE_USER);
	come_and_go(test, RSV_RED_ZONE | RSV_TYPESAFE_BY_RCU);
}

/* That is what the offset is for. */
static void a_free_pointer_saves_its_eight_bytes(struct kunit *test)
{
	struct rsv_cache_args args = { .flags = RSV_ENGINE_SLUB | RSV_TYPESAFE_BY_RCU };
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c;

	c = rsvt_scratch_cache_args(test, r, 64, &args);
	KUNIT_EXPECT_EQ(test, c->layout.stride, 72);
	args.use_freeptr_offset = true;
	c = rsvt_scratch_cache_args(test, r, 64, &args);
	KUNIT_EXPECT_EQ(test, c->layout.stride, 64);
	KUNIT_EXPECT_EQ(test, c->layout.mark, 0);
}

static void magazines_have_the_size_that_is_wanted(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_4M);
	void **object = rsvt_objects_array(test, 2 * 128);
	unsigned int size, i;

	rsvt_stay_on_this_cpu();
	for (size = 4; size <= 128; size *= 2) {
		const struct rsv_cache_args args = {
			.flags = RSV_ENGINE_SLUB,
			.magazine_size = size,
		};
		struct rsv_cache *c = rsvt_scratch_cache_args(test, r, SIZE, &args);

		rsvt_objects_alloc(test, c, object, 2 * size);
		rsvt_objects_free(c, object, 2 * size);
		for (i = 0; i < 2; i++) {
			const struct rsv_cpu *cpu = raw_cpu_ptr(c->cpus);

			KUNIT_EXPECT_EQ(test, i ? cpu->previous->size : cpu->loaded->size, size);
		}
		rsvt_scratch_cache_end(test, c);
	}
}

static void what_cannot_be_is_refused(struct kunit *test)
{
	static const struct rsv_cache_args bad[] = {
		{ .align = 3 },
		{ .align = 2 * PAGE_SIZE },
		{ .flags = RSV_CACHE_INTERNAL },
		{ .flags = RSV_ENGINE_SLAB | RSV_ENGINE_SLOB },
		{ .freeptr_offset = 8 },
		{ .freeptr_offset = 4, .use_freeptr_offset = true },
		{ .freeptr_offset = SIZE, .use_freeptr_offset = true },
		{ .freeptr_offset = UINT_MAX - 7, .use_freeptr_offset = true },
		{ .magazine_size = 2 },
		{ .magazine_size = 12 },
		{ .magazine_size = 256 },
		{ .magazine_size = 8, .flags = RSV_NO_MAGAZINE },
	};
	const struct rsv_cache_args large = { .magazine_size = 32 };
	const struct rsv_cache_args end = { .freeptr_offset = 8, .use_freeptr_offset = true };
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_PTR_EQ_MSG(test, rsv_cache_create_args(r, "bad", SIZE, &bad[i]),
					ERR_PTR(-EINVAL), "entry %u", i);
	KUNIT_EXPECT_PTR_EQ(test, rsv_cache_create_args(r, "bad", SIZE, NULL), ERR_PTR(-EINVAL));
	KUNIT_EXPECT_PTR_EQ(test, rsv_cache_create_args(NULL, "bad", SIZE, &large),
			    ERR_PTR(-EINVAL));
	/* 160 KB of objects in a magazine; a free pointer that leaves the object */
	KUNIT_EXPECT_PTR_EQ(test, rsv_cache_create_args(r, "bad", 5120, &large),
			    ERR_PTR(-EINVAL));
	KUNIT_EXPECT_PTR_EQ(test, rsv_cache_create_args(r, "bad", 15, &end), ERR_PTR(-EINVAL));
}

static void the_old_form_makes_the_same_cache(struct kunit *test)
{
	const struct rsv_cache_args args = {
		.align = 32,
		.flags = RSV_HWCACHE_ALIGN | RSV_ENGINE_SLUB,
		.ctor = make,
	};
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *new = rsv_cache_create_args(r, "new", SIZE, &args);
	struct rsv_cache *old = rsv_cache_create(r, "old", SIZE, args.align, args.flags, make);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, new);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, old);
	KUNIT_EXPECT_MEMEQ(test, &new->layout, &old->layout, sizeof(old->layout));
	KUNIT_EXPECT_EQ(test, new->flags, old->flags);
	KUNIT_EXPECT_PTR_EQ(test, new->ctor, old->ctor);
	KUNIT_EXPECT_EQ(test, new->magazine_size, old->magazine_size);
	KUNIT_EXPECT_EQ(test, rsv_cache_destroy(new), 0);
	KUNIT_EXPECT_EQ(test, rsv_cache_destroy(old), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(only_the_free_pointers_bytes_change, variants_gen_params),
	KUNIT_CASE_PARAM(only_the_free_pointers_bytes_change_for_readers, variants_gen_params),
	KUNIT_CASE_PARAM(checks_and_a_free_pointer_agree, variants_gen_params),
	KUNIT_CASE(a_free_pointer_saves_its_eight_bytes),
	KUNIT_CASE(magazines_have_the_size_that_is_wanted),
	KUNIT_CASE(what_cannot_be_is_refused),
	KUNIT_CASE(the_old_form_makes_the_same_cache),
	{}};

static struct kunit_suite suite = {
	.name = "reservoir_cache_args",
	.init = rsvt_suite_init,
	.test_cases = cases,
};

kunit_test_suite(suite);
