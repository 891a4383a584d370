// SPDX-License-Identifier: GPL-2.0
/*
 * Copies between user space and memory of a region: those that leave an object or a block at any
 * edge are refused, with a report, and copy nothing.
 *
 * Tests run in a kernel thread. The program that loads the module lends them its memory.
 */
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "support/areas.h"
#include "support/arrays.h"
#include "support/checks.h"
#include "support/misuse.h"
#include "support/program.h"
#include "support/scratch.h"
#include "support/suite.h"
#include "support/variants.h"

KUNIT_ARRAY_PARAM_DESC(engines, rsvt_engines, name);
KUNIT_ARRAY_PARAM_DESC(variants, rsvt_variants, what);

static struct rsv_region *region_of_engine(struct kunit *test)
{
	const struct engine_case *k = test->param_value;

	rsvt_stay_on_this_cpu();
	return rsvt_scratch_region_of(test, SZ_1M, k->name, "fine");
}

static void expect_may(struct kunit *test, const void *p, size_t n)
{
	KUNIT_EXPECT_TRUE_MSG(test, rsv_check_object_size(p, n), "%zu bytes", n);
}

static void expect_refused(struct kunit *test, const void *p, size_t n)
{
	bool may = true;

	EXPECT_MISUSE(test, RSV_OUTSIDE, may = rsv_check_object_size(p, n));
	KUNIT_EXPECT_FALSE_MSG(test, may, "%zu bytes", n);
}

/* All of @size bytes may be copied, in whole and in part, and nothing beyond them. */
static void expect_edges(struct kunit *test, const void *p, size_t size)
{
	expect_may(test, p, size);
	expect_may(test, p, 1);
	expect_may(test, p + size - 1, 1);
	expect_may(test, p + size / 2, size - size / 2);
	expect_may(test, p + size, 0);
	expect_refused(test, p, size + 1);
	expect_refused(test, p + size - 1, 2);
	expect_refused(test, p + size / 2, size - size / 2 + 1);
	expect_refused(test, p, ULONG_MAX);
	expect_refused(test, p + size - 1, ULONG_MAX);
}

static void memory_by_the_byte_may_be_copied_up_to_its_class(struct kunit *test)
{
	static const size_t sizes[] = { 8, 24, 100, 700, 4096, 8192, 9000, 12288, 40000 };
	struct rsv_region *r = region_of_engine(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		const size_t size = rsv_kmalloc_size_roundup(r, sizes[i]);
		void *before = rsv_kmalloc(r, size, GFP_KERNEL);
		void *p = rsv_kmalloc(r, size, GFP_KERNEL);
		void *after = rsv_kmalloc(r, size, GFP_KERNEL);

		KUNIT_ASSERT_TRUE(test, before && p && after);
		expect_edges(test, before, size);
		expect_edges(test, p, size);
		expect_edges(test, after, size);
		rsv_kfree(before);
		rsv_kfree(after);
		expect_edges(test, p, size);
		rsv_kfree(p);
		expect_refused(test, p, 1);
		expect_refused(test, p + size - 1, 1);
	}
	EXPECT_UNTOUCHED(test, r);
}

/* Where the requested size is stored it is the limit. */
static void copy_of_more_than_was_asked_for_is_refused(struct kunit *test)
{
	static const size_t sizes[] = { 1, 18, 100, 5000 };
	struct rsv_region *r;
	unsigned int i;

	rsvt_set_debug(test, "FZPU,kmalloc-*");
	r = region_of_engine(test);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		void *p = rsv_kmalloc(r, sizes[i], GFP_KERNEL), *more;

		KUNIT_ASSERT_NOT_NULL(test, p);
		expect_edges(test, p, sizes[i]);
		/* The left red zone */
		expect_refused(test, p - 1, 1);
		more = rsv_krealloc(r, p, sizes[i] + 3, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, more);
		expect_edges(test, more, sizes[i] + 3);
		rsv_kfree(more);
	}
	EXPECT_UNTOUCHED(test, r);
}

/* Two objects, side by side or not. Objects that serve caches are nobody's to copy. */
static void object_of_a_cache_may_be_copied(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, 200, NULL);
	void *object[2];

	rsvt_stay_on_this_cpu();
	rsvt_objects_alloc(test, c, object, 2);
	if (c->flags & RSV_CACHE_INTERNAL) {
		expect_refused(test, object[0], 1);
	} else {
		expect_edges(test, object[0], 200);
		expect_edges(test, object[1], 200);
	}
	rsvt_objects_free(c, object, 2);
	expect_refused(test, object[0], 1);
	expect_refused(test, object[1] + 199, 1);
}

static void block_of_pages_may_be_copied_up_to_its_end(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 64);
	void *p = (void *)rsv_get_free_pages(r, GFP_KERNEL, 2);
	void *exact = rsv_alloc_pages_exact(r, 5 * PAGE_SIZE, GFP_KERNEL);
	void *large = (void *)rsv_get_free_pages(r, GFP_KERNEL, 4);

	KUNIT_ASSERT_TRUE(test, p && exact && large);
	expect_edges(test, p, 4 * PAGE_SIZE);
	expect_may(test, p + PAGE_SIZE + 1, 3 * PAGE_SIZE - 1);
	expect_edges(test, exact, 5 * PAGE_SIZE);
	expect_may(test, exact + 4 * PAGE_SIZE, PAGE_SIZE);
	expect_refused(test, exact + 4 * PAGE_SIZE, PAGE_SIZE + 1);
	expect_edges(test, large, 16 * PAGE_SIZE);
	rsv_free_pages((unsigned long)p, 2);
	rsv_free_pages_exact(exact, 5 * PAGE_SIZE);
	rsv_free_pages((unsigned long)large, 4);
	expect_refused(test, p, 1);
	expect_refused(test, exact + PAGE_SIZE, 1);
	expect_refused(test, large + 15 * PAGE_SIZE, 1);
}

/* Magazines and bufctls */
static void memory_of_the_caches_own_is_nobodys_to_copy(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_1M);
	void *own = rsv_cache_alloc(r->magazine_caches[0], GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, own);
	expect_refused(test, own, 1);
	rsv_cache_free(r->magazine_caches[0], own);
}

/* The kernel's own checks are for it. */
static void memory_of_no_region_is_not_checked(struct kunit *test)
{
	void *system = kunit_kmalloc(test, 100, GFP_KERNEL), *mapped = vmalloc(PAGE_SIZE);
	int on_stack;

	KUNIT_ASSERT_TRUE(test, system && mapped);
	expect_may(test, system, 101);
	expect_may(test, mapped, PAGE_SIZE);
	expect_may(test, &on_stack, sizeof(on_stack));
	expect_may(test, NULL, 1);
	expect_may(test, (void *)ULONG_MAX, 1);
	vfree(mapped);
}

/* --- With user space ------------------------------------------------------------------------ */

static void fill_user(struct kunit *test, void __user *user, u8 *bytes, u8 pattern)
{
	memset(bytes, pattern, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, copy_to_user(user, bytes, PAGE_SIZE), 0);
}

static void expect_user(struct kunit *test, const void __user *user, u8 *bytes, u8 pattern,
			size_t size)
{
	KUNIT_EXPECT_EQ(test, copy_from_user(bytes, user, size), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes, pattern, size));
}

static void copy_with_user(struct kunit *test, void __user *user, u8 *p, size_t size, u8 *bytes)
{
	unsigned long left = 0;
	size_t more = size + 1;

	/* The compiler would refuse the copy by itself. */
	OPTIMIZER_HIDE_VAR(p);
	OPTIMIZER_HIDE_VAR(more);
	fill_user(test, user, bytes, 0x5a);
	KUNIT_EXPECT_EQ(test, rsv_copy_from_user(p, user, size), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(p, 0x5a, size));
	memset(p, 0x33, size);
	KUNIT_EXPECT_EQ(test, rsv_copy_to_user(user, p, size), 0);
	expect_user(test, user, bytes, 0x33, size);

	fill_user(test, user, bytes, 0x5a);
	EXPECT_MISUSE(test, RSV_OUTSIDE, left = rsv_copy_to_user(user, p, more));
	KUNIT_EXPECT_EQ(test, left, more);
	expect_user(test, user, bytes, 0x5a, more);
	EXPECT_MISUSE(test, RSV_OUTSIDE, left = rsv_copy_from_user(p, user, more));
	KUNIT_EXPECT_EQ(test, left, more);
	KUNIT_EXPECT_NULL(test, memchr_inv(p, 0x33, size));
	/* Memory that is no region's is copied as ever. */
	KUNIT_EXPECT_EQ(test, rsv_copy_from_user(bytes, user, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, rsv_copy_to_user(user, bytes, PAGE_SIZE), 0);
}

static void refused_copy_copies_nothing(struct kunit *test)
{
	struct rsv_region *r = region_of_engine(test);
	const size_t size = rsv_kmalloc_size_roundup(r, 100);
	u8 *bytes = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	unsigned long user;
	u8 *p;

	rsvt_program_enter(test);
	user = vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(user));
	p = rsv_kmalloc(r, size, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, bytes && p);
	copy_with_user(test, (void __user *)user, p, size, bytes);
	rsv_kfree(p);
	KUNIT_EXPECT_EQ(test, vm_munmap(user, PAGE_SIZE), 0);
	rsvt_program_leave();
}

static struct kunit_case usercopy_cases[] = {
	KUNIT_CASE_PARAM(memory_by_the_byte_may_be_copied_up_to_its_class, engines_gen_params),
	KUNIT_CASE_PARAM(copy_of_more_than_was_asked_for_is_refused, engines_gen_params),
	KUNIT_CASE_PARAM(object_of_a_cache_may_be_copied, variants_gen_params),
	KUNIT_CASE(block_of_pages_may_be_copied_up_to_its_end),
	KUNIT_CASE(memory_of_the_caches_own_is_nobodys_to_copy),
	KUNIT_CASE(memory_of_no_region_is_not_checked),
	KUNIT_CASE_PARAM(refused_copy_copies_nothing, engines_gen_params),
	{}};

static struct kunit_suite usercopy_suite = {
	.name = "reservoir_usercopy",
	.suite_init = rsvt_program_borrow,
	.suite_exit = rsvt_program_give_back,
	.init = rsvt_suite_init,
	.test_cases = usercopy_cases,
};

kunit_test_suite(usercopy_suite);
