// SPDX-License-Identifier: GPL-2.0
/*
 * What rsv_kmalloc() has around it, as the kernel's has: arrays, nodes, copies, rounded sizes,
 * memory that its scope frees, and memory that is the kernel's own.
 */
#include <linux/mm.h>
#include <linux/string.h>

#include "compat.h"
#include "support/areas.h"
#include "support/figures.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/suite.h"
#include "support/variants.h"

KUNIT_ARRAY_PARAM_DESC(engines, rsvt_engines, name);

static struct rsv_region *param_region(struct kunit *test, size_t bytes)
{
	const struct engine_case *k = test->param_value;

	return rsvt_scratch_region_of(test, bytes, k->name, "fine");
}

static void fill(void *p, u8 pattern, size_t bytes)
{
	memset(p, pattern, bytes);
}

static bool filled(const void *p, u8 pattern, size_t bytes)
{
	return !memchr_inv(p, pattern, bytes);
}

/* The sizes are no constants, since the compiler would refuse them. */
static void array_that_no_size_can_tell_is_null(struct kunit *test)
{
	static size_t counts[][2] = {
		{SIZE_MAX, 2},	       {2, SIZE_MAX},	      {SIZE_MAX / 8 + 1, 8},
		{SIZE_MAX / 2 + 1, 2}, {SIZE_MAX, SIZE_MAX},
	};
	struct rsv_region *r = rsvt_scratch_pages(test, 16);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		size_t n = counts[i][0], size = counts[i][1];

		KUNIT_EXPECT_NULL(test, rsv_kmalloc_array(r, n, size, GFP_KERNEL));
		KUNIT_EXPECT_NULL(test, rsv_kcalloc(r, n, size, GFP_ATOMIC));
	}
	EXPECT_FREE_AREAS(test, r, [4] = 1);
}

static void array_holds_all_its_elements(struct kunit *test)
{
	struct rsv_region *r = param_region(test, SZ_256K);
	size_t none = 0;
	u64 *p = rsv_kmalloc_array(r, 125, sizeof(u64), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_EXPECT_GE(test, rsv_ksize(p), 1000);
	fill(p, 0xa5, 125 * sizeof(u64));
	rsv_kfree(p);
	p = rsv_kcalloc(r, 125, sizeof(u64), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_EXPECT_TRUE(test, filled(p, 0, 125 * sizeof(u64)));
	rsv_kfree(p);
	KUNIT_EXPECT_PTR_EQ(test, rsv_kmalloc_array(r, none, 8, GFP_KERNEL), ZERO_SIZE_PTR);
	KUNIT_EXPECT_PTR_EQ(test, rsv_kcalloc(r, 8, none, GFP_KERNEL), ZERO_SIZE_PTR);
	EXPECT_UNTOUCHED(test, r);
}

static void rounded_size_of_nothing_and_of_too_much_is_itself(struct kunit *test)
{
	struct rsv_region *r = param_region(test, SZ_256K);
	const size_t most = round_down(SIZE_MAX, PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, rsv_kmalloc_size_roundup(r, 0), 0);
	KUNIT_EXPECT_EQ(test, rsv_kmalloc_size_roundup(r, 1), r->classes->size[0]);
	KUNIT_EXPECT_EQ(test, rsv_kmalloc_size_roundup(r, SZ_1M + 1), SZ_1M + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, rsv_kmalloc_size_roundup(r, most - PAGE_SIZE + 1), most);
	KUNIT_EXPECT_EQ(test, rsv_kmalloc_size_roundup(r, most + 1), most + 1);
	KUNIT_EXPECT_EQ(test, rsv_kmalloc_size_roundup(r, SIZE_MAX), SIZE_MAX);
}

static void memory_of_a_node_is_on_it(struct kunit *test)
{
	static const size_t sizes[] = { 1, 100, 8192, 9000, 40000 };
	static const gfp_t gfps[] = {
		GFP_KERNEL, GFP_KERNEL | __GFP_THISNODE, GFP_ATOMIC | __GFP_ZERO,
	};
	struct rsv_region *r = param_region(test, SZ_256K);
	const int nid = r->extents->at[0]->nid;
	unsigned int i, j;
	size_t none = 0;
	void *p;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		for (j = 0; j < ARRAY_SIZE(gfps); j++) {
			p = rsv_kmalloc_node(r, sizes[i], gfps[j], nid);
			KUNIT_ASSERT_NOT_NULL(test, p);
			KUNIT_EXPECT_EQ(test, page_to_nid(virt_to_page(p)), nid);
			if (gfps[j] & __GFP_ZERO)
				KUNIT_EXPECT_TRUE(test, filled(p, 0, sizes[i]));
			fill(p, 0x5a, sizes[i]);
			rsv_kfree(p);
		}
	p = rsv_kmalloc_node(r, 100, GFP_KERNEL, NUMA_NO_NODE);
	KUNIT_EXPECT_NOT_NULL(test, p);
	rsv_kfree(p);
	KUNIT_EXPECT_PTR_EQ(test, rsv_kmalloc_node(r, none, GFP_KERNEL, nid), ZERO_SIZE_PTR);
	EXPECT_UNTOUCHED(test, r);
}

static void memory_of_a_node_that_does_not_exist_is_null(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 16);

	KUNIT_EXPECT_NULL(test, rsv_kmalloc_node(r, 100, GFP_KERNEL, nr_node_ids));
	KUNIT_EXPECT_NULL(test, rsv_kmalloc_node(r, 100, GFP_KERNEL, -2));
	KUNIT_EXPECT_NULL(test, rsv_kmalloc_node(r, 9000, GFP_KERNEL, INT_MAX));
	EXPECT_FREE_AREAS(test, r, [4] = 1);
}

static void copies_have_the_bytes_of_their_source(struct kunit *test)
{
	static const char text[] = "reservoir";
	struct rsv_region *r = param_region(test, SZ_256K);
	size_t none = 0;
	char *copy = rsv_kstrdup(r, text, GFP_KERNEL), *empty = rsv_kstrdup(r, "", GFP_KERNEL);
	void *bytes = rsv_kmemdup(r, text, sizeof(text), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, copy);
	KUNIT_ASSERT_NOT_NULL(test, empty);
	KUNIT_ASSERT_NOT_NULL(test, bytes);
	KUNIT_EXPECT_STREQ(test, copy, text);
	KUNIT_EXPECT_STREQ(test, empty, "");
	KUNIT_EXPECT_EQ(test, memcmp(bytes, text, sizeof(text)), 0);
	rsv_kfree(copy);
	rsv_kfree(empty);
	rsv_kfree(bytes);
	KUNIT_EXPECT_NULL(test, rsv_kstrdup(r, NULL, GFP_KERNEL));
	KUNIT_EXPECT_PTR_EQ(test, rsv_kmemdup(r, text, none, GFP_KERNEL), ZERO_SIZE_PTR);
	EXPECT_UNTOUCHED(test, r);
}

static void copy_that_does_not_fit_is_null(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 2);
	char *text = kunit_kzalloc(test, 3 * PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, text);
	fill(text, 'x', 3 * PAGE_SIZE - 1);
	KUNIT_EXPECT_NULL(test, rsv_kmemdup(r, text, 3 * PAGE_SIZE, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, rsv_kstrdup(r, text, GFP_KERNEL));
	EXPECT_FREE_AREAS(test, r, [1] = 1);
}

#ifdef DEFINE_FREE
static void *leave_scope(struct rsv_region *r, bool keep)
{
	void *large __free(rsv_kfree) = rsv_kmalloc(r, 4 * PAGE_SIZE, GFP_KERNEL);
	void *none __free(rsv_kfree) = NULL;
	void *error __free(rsv_kfree) = ERR_PTR(-ENOMEM);
	void *empty __free(rsv_kfree) = ZERO_SIZE_PTR;

	return keep ? no_free_ptr(large) : NULL;
}

static void scope_frees_what_it_does_not_hand_on(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 4);
	void *kept;

	KUNIT_EXPECT_NULL(test, leave_scope(r, false));
	EXPECT_FREE_AREAS(test, r, [2] = 1);
	kept = leave_scope(r, true);
	KUNIT_EXPECT_NOT_NULL(test, kept);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), 0);
	rsv_kfree(kept);
	EXPECT_FREE_AREAS(test, r, [2] = 1);
}
#endif

#define NO_REGION	"memory of no region given back"
#define THE_SYSTEMS	NO_REGION ": it is the system's"
#define KMALLOCED	THE_SYSTEMS ", of kmalloc() or kmem_cache_alloc()"

/* On older kernels nothing tells that whole pages are of kmalloc(). */
static void memory_of_the_system_is_refused_as_such(struct kunit *test)
{
	void *small = kunit_kmalloc(test, 100, GFP_KERNEL);
	void *large = kunit_kmalloc(test, SZ_64K, GFP_KERNEL);
	void *page = (void *)__get_free_page(GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, small);
	KUNIT_ASSERT_NOT_NULL(test, large);
	KUNIT_ASSERT_NOT_NULL(test, page);
	EXPECT_REPORT(test, RSV_FOREIGN, KMALLOCED, rsv_kfree(small));
	EXPECT_REPORT(test, RSV_FOREIGN,
		      rsv_kernel_kmalloced(virt_to_page(large)) ? KMALLOCED : THE_SYSTEMS,
		      rsv_kfree(large));
	EXPECT_REPORT(test, RSV_FOREIGN, THE_SYSTEMS, rsv_kfree(page));
	EXPECT_REPORT(test, RSV_FOREIGN, NO_REGION, rsv_kfree((void *)ULONG_MAX));
	free_page((unsigned long)page);
}

static struct kunit_case kmalloc_around_cases[] = {
	KUNIT_CASE(array_that_no_size_can_tell_is_null),
	KUNIT_CASE_PARAM(array_holds_all_its_elements, engines_gen_params),
	KUNIT_CASE_PARAM(rounded_size_of_nothing_and_of_too_much_is_itself, engines_gen_params),
	KUNIT_CASE_PARAM(memory_of_a_node_is_on_it, engines_gen_params),
	KUNIT_CASE(memory_of_a_node_that_does_not_exist_is_null),
	KUNIT_CASE_PARAM(copies_have_the_bytes_of_their_source, engines_gen_params),
	KUNIT_CASE(copy_that_does_not_fit_is_null),
	KUNIT_CASE(memory_of_the_system_is_refused_as_such),
#ifdef DEFINE_FREE
	KUNIT_CASE(scope_frees_what_it_does_not_hand_on),
#endif
	{}};

static struct kunit_suite kmalloc_around_suite = {
	.name = "reservoir_kmalloc_around",
	.init = rsvt_suite_init,
	.test_cases = kmalloc_around_cases,
};

kunit_test_suite(kmalloc_around_suite);
