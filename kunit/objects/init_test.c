// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's switches init_on_alloc= and init_on_free=: allocations are zero without __GFP_ZERO,
 * and free memory holds nothing of its last use. Neither touches objects with a constructor.
 *
 * The switches are on the kernel's command line. Where a switch is off its suite is skipped; make
 * check boots a machine for each switch.
 */
#include <linux/mm.h>
#include <linux/poison.h>
#include <linux/string.h>

#include "objects/cpu.h"
#include "objects/size_class.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/bytes.h"
#include "support/scratch.h"
#include "support/suite.h"
#include "support/variants.h"

KUNIT_ARRAY_PARAM_DESC(variants, rsvt_variants, what);

/* Smaller than a mark, with the mark in the middle, larger than a page */
static const unsigned int sizes[] = { 1, 8, 20, 40, 700, 4104 };

#define NR	20
#define DIRT	0xa5
#define MADE	0xc7

static unsigned int made_size;

static void make(void *object)
{
	memset(object, MADE, made_size);
}

static void for_all_sizes(struct kunit *test, void (*ctor)(void *object),
			  void (*try)(struct kunit *test, struct rsv_cache *c))
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct rsv_cache *c;

		kunit_info(test, "%u bytes", sizes[i]);
		made_size = sizes[i];
		c = rsvt_param_cache(test, r, sizes[i], ctor);
		try(test, c);
		rsvt_scratch_cache_end(test, c);
	}
	EXPECT_UNTOUCHED(test, r);
}

static void soil(struct rsv_cache *c, void **object, u8 with)
{
	unsigned int i;

	for (i = 0; i < NR; i++)
		memset(object[i], with, c->layout.object_size);
}

static unsigned int not_all(struct rsv_cache *c, void **object, u8 value)
{
	unsigned int i, wrong = 0;

	for (i = 0; i < NR; i++)
		wrong += !!memchr_inv(object[i], value, c->layout.object_size);
	return wrong;
}

/* Fills all free memory of the region. */
static void soil_region(struct kunit *test, struct rsv_region *r)
{
	struct page **page = rsvt_pages_array(test, r->nr_pages);
	unsigned long nr = rsvt_pages_alloc(r, GFP_ATOMIC, 0, page, r->nr_pages), i;

	KUNIT_EXPECT_GT(test, nr, 0);
	for (i = 0; i < nr; i++)
		memset(page_address(page[i]), DIRT, PAGE_SIZE);
	rsvt_pages_free(page, nr, 0);
	kunit_kfree(test, page);
	rsvt_settle(r);
}

/* A constructed object keeps its bytes, whether it is allocated again or not. */
static void use_constructed(struct kunit *test, struct rsv_cache *c)
{
	unsigned int size = c->layout.object_size, i;
	void *object[NR];
	u8 *bytes = kunit_kmalloc(test, size, GFP_KERNEL);
	bool new;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	rsvt_objects_alloc(test, c, object, NR);
	KUNIT_EXPECT_EQ(test, not_all(c, object, MADE), 0);
	soil(c, object, DIRT);
	/* The last one holds their slab; slabs of one object go. */
	rsvt_objects_free(c, object, NR - 1);
	for (i = 0; i < NR - 1 && c->layout.objects > NR; i++) {
		rsvt_peek(bytes, object[i], size);
		KUNIT_EXPECT_NULL(test, memchr_inv(bytes, DIRT, size));
	}
	for (i = 0; i < NR - 1; i++) {
		object[i] = rsv_cache_alloc(c, i % 2 ? GFP_KERNEL : GFP_KERNEL | __GFP_ZERO);
		KUNIT_ASSERT_NOT_NULL(test, object[i]);
		new = !memchr_inv(object[i], MADE, size);
		KUNIT_EXPECT_TRUE(test, new || !memchr_inv(object[i], DIRT, size));
	}
	rsvt_objects_free(c, object, NR);
	kunit_kfree(test, bytes);
}

static void constructed_object_is_left_alone(struct kunit *test)
{
	for_all_sizes(test, make, use_constructed);
}

/* Poison takes precedence, since it shows what happens to free objects. */
static void poisoned_object_keeps_its_poison(struct kunit *test)
{
	const struct variant *v = test->param_value;
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_scratch_cache_flags(test, r, 64, 0, v->flags | RSV_POISON, NULL);
	u8 bytes[64], *object;

	rsvt_objects_alloc(test, c, (void **)&object, 1);
	KUNIT_EXPECT_NULL(test, memchr_inv(object, POISON_FREE, 63));
	memset(object, DIRT, 64);
	rsv_cache_free(c, object);
	rsvt_peek(bytes, object, 64);
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes, POISON_FREE, 63));
	KUNIT_EXPECT_EQ(test, bytes[63], POISON_END);
}

/* --- init_on_alloc -------------------------------------------------------------------------- */

static int alloc_init(struct kunit *test)
{
	if (!want_init_on_alloc(0))
		kunit_skip(test, "init_on_alloc is off");
	return rsvt_suite_init(test);
}

/* Allocates through every function. */
static void take_again(struct kunit *test, struct rsv_cache *c)
{
	unsigned int way, i;
	void *object[NR];

	soil_region(test, c->region);
	rsvt_objects_alloc(test, c, object, NR);
	KUNIT_EXPECT_EQ(test, not_all(c, object, 0), 0);
	for (way = 0; way < 3; way++) {
		soil(c, object, DIRT);
		rsvt_objects_free(c, object, NR);
		for (i = 0; i < NR && way < 2; i++) {
			object[i] = way ? rsv_cache_alloc_node(c, GFP_KERNEL, numa_mem_id())
					: rsv_cache_alloc(c, GFP_ATOMIC);
			KUNIT_ASSERT_NOT_NULL(test, object[i]);
		}
		if (way == 2)
			KUNIT_ASSERT_EQ(test, rsv_cache_alloc_bulk(c, GFP_KERNEL, NR, object), NR);
		KUNIT_EXPECT_EQ_MSG(test, not_all(c, object, 0), 0, "taken in way %u", way);
	}
	rsvt_objects_free(c, object, NR);
}

static void object_comes_zeroed_though_nobody_asked(struct kunit *test)
{
	for_all_sizes(test, NULL, take_again);
}

KUNIT_ARRAY_PARAM_DESC(engines, rsvt_engines, name);

static struct rsv_region *region_of_engine(struct kunit *test)
{
	const struct engine_case *k = test->param_value;

	rsvt_stay_on_this_cpu();
	return rsvt_scratch_region_of(test, VARIANT_REGION, k->name, "fine");
}

/* Sizes of size classes and of whole pages; a class is zero to its end. */
static const unsigned int asked[] = { 1, 18, 100, 700, 5000, 8192, 8193, 12288, 20000, 100000 };

static void memory_by_the_byte_comes_zeroed_though_nobody_asked(struct kunit *test)
{
	struct rsv_region *r = region_of_engine(test);
	unsigned int i, times;
	void *p, *more;
	size_t size;

	soil_region(test, r);
	for (i = 0; i < ARRAY_SIZE(asked); i++)
		for (times = 0; times < 4; times++) {
			size = asked[i];
			if (times % 2)
				size = rsv_kmalloc_size_roundup(r, size);
			p = rsv_kmalloc(r, size, GFP_KERNEL);
			KUNIT_ASSERT_NOT_NULL(test, p);
			KUNIT_EXPECT_NULL(test, memchr_inv(p, 0, size));
			memset(p, DIRT, size);
			rsv_kfree(p);
		}
	/* rsv_krealloc() that moves adds zeroes behind the old bytes. */
	p = rsv_kmalloc(r, 96, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	memset(p, DIRT, 96);
	more = rsv_krealloc(r, p, 9000, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, more);
	KUNIT_EXPECT_NULL(test, memchr_inv(more, DIRT, 96));
	KUNIT_EXPECT_NULL(test, memchr_inv(more + 96, 0, 9000 - 96));
	rsv_kfree(more);
}

static struct kunit_case alloc_cases[] = {
	KUNIT_CASE_PARAM(object_comes_zeroed_though_nobody_asked, variants_gen_params),
	KUNIT_CASE_PARAM(memory_by_the_byte_comes_zeroed_though_nobody_asked, engines_gen_params),
	KUNIT_CASE_PARAM(constructed_object_is_left_alone, variants_gen_params),
	KUNIT_CASE_PARAM(poisoned_object_keeps_its_poison, variants_gen_params),
	{}};

static struct kunit_suite alloc_suite = {
	.name = "reservoir_init_on_alloc",
	.init = alloc_init,
	.test_cases = alloc_cases,
};

/* --- init_on_free --------------------------------------------------------------------------- */

static int free_init(struct kunit *test)
{
	if (!want_init_on_free())
		kunit_skip(test, "init_on_free is off");
	return rsvt_suite_init(test);
}

/*
 * Bytes of the old content that remain, except where the allocator writes: the mark of a free
 * object and, in the heap, the check value of a free block.
 */
static unsigned int bytes_left(struct rsv_cache *c, const u8 *bytes)
{
	unsigned int i = rsvt_cache_in_heap(c) ? sizeof(u64) : 0, left = 0;

	for (; i < c->layout.object_size; i++)
		left += bytes[i] && (i < c->layout.mark || i >= c->layout.mark + RSV_MARK_BYTES);
	return left;
}

static void look_after_free(struct kunit *test, struct rsv_cache *c)
{
	unsigned int i, step;
	void *object[NR];
	u8 *bytes = kunit_kmalloc(test, c->layout.object_size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	rsvt_objects_alloc(test, c, object, NR);
	/* One by one and in bulk; the last objects stay used. */
	for (step = 0; step < 2; step++) {
		soil(c, object, DIRT);
		if (step)
			rsv_cache_free_bulk(c, NR - 2, object);
		else
			rsvt_objects_free(c, object, NR - 2);
		for (i = 0; i < NR - 2; i++) {
			rsvt_peek(bytes, object[i], c->layout.object_size);
			KUNIT_EXPECT_EQ(test, bytes_left(c, bytes), 0);
		}
		rsvt_objects_alloc(test, c, object, NR - 2);
	}
	rsvt_objects_free(c, object, NR);
	kunit_kfree(test, bytes);
}

static void nothing_is_left_in_a_free_object(struct kunit *test)
{
	for_all_sizes(test, NULL, look_after_free);
}

static void nothing_is_left_in_whole_pages_that_were_memory_by_the_byte(struct kunit *test)
{
	struct rsv_region *r = region_of_engine(test);
	unsigned int i;
	size_t size;
	void *p;

	for (i = 0; i < ARRAY_SIZE(asked); i++) {
		if (rsv_class_of(r->classes, asked[i]) != RSV_CLASS_NONE)
			continue;
		size = rsv_kmalloc_size_roundup(r, asked[i]);
		KUNIT_EXPECT_EQ(test, size, PAGE_ALIGN(asked[i]));
		p = rsv_kmalloc(r, size, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p);
		memset(p, DIRT, size);
		rsv_kfree(p);
		KUNIT_EXPECT_NULL(test, memchr_inv(p, 0, size));
	}
}

static struct rsv_cpu *clearing;
static u64 freed_before, most_freed;

/* Somebody else refers to the page in the middle, and reads it until he lets go. */
static void page_is_cleared_when_nobody_refers_to_it(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	u8 *p = rsv_kmalloc(r, 17 * PAGE_SIZE, GFP_KERNEL), *shared = p + 8 * PAGE_SIZE;

	KUNIT_ASSERT_NOT_NULL(test, p);
	OPTIMIZER_HIDE_VAR(p);
	memset(p, 0x5a, 17 * PAGE_SIZE);
	get_page(virt_to_page(shared));
	rsv_kfree(p);
	KUNIT_EXPECT_NULL(test, memchr_inv(p, 0, 8 * PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, memchr_inv(shared, 0x5a, PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, memchr_inv(shared + PAGE_SIZE, 0, 8 * PAGE_SIZE));
	put_page(virt_to_page(shared));
	rsvt_settle(r);
	KUNIT_EXPECT_NULL(test, memchr_inv(p, 0, 17 * PAGE_SIZE));
}

static void count_freed(int step)
{
	if (step == RSV_STEP_BUSY)
		freed_before = clearing->frees;
	if (step == RSV_STEP_LEFT)
		most_freed = max(most_freed, clearing->frees - freed_before);
}

/*
 * Objects that take long to clear are no part of one section with preemption disabled: each is
 * cleared before its own section begins.
 */
static void large_objects_are_cleared_with_preemption_on(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_4M);
	struct rsv_cache *c = rsvt_scratch_cache_flags(test, r, SZ_32K, 0, 0, NULL);
	void *object[64];

	rsvt_stay_on_this_cpu();
	rsvt_objects_alloc(test, c, object, ARRAY_SIZE(object));
	clearing = per_cpu_ptr(c->cpus, raw_smp_processor_id());
	most_freed = 0;
	WRITE_ONCE(rsv_step_hook, count_freed);
	rsv_cache_free_bulk(c, ARRAY_SIZE(object), object);
	WRITE_ONCE(rsv_step_hook, NULL);
	KUNIT_EXPECT_LE(test, most_freed, 1);
}

static struct kunit_case free_cases[] = {
	KUNIT_CASE_PARAM(nothing_is_left_in_a_free_object, variants_gen_params),
	KUNIT_CASE_PARAM(nothing_is_left_in_whole_pages_that_were_memory_by_the_byte,
			 engines_gen_params),
	KUNIT_CASE(page_is_cleared_when_nobody_refers_to_it),
	KUNIT_CASE(large_objects_are_cleared_with_preemption_on),
	KUNIT_CASE_PARAM(constructed_object_is_left_alone, variants_gen_params),
	KUNIT_CASE_PARAM(poisoned_object_keeps_its_poison, variants_gen_params),
	{}};

static struct kunit_suite free_suite = {
	.name = "reservoir_init_on_free",
	.init = free_init,
	.test_cases = free_cases,
};

kunit_test_suites(&alloc_suite, &free_suite);
