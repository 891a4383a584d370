// SPDX-License-Identifier: GPL-2.0
/*
 * rsv_kmalloc() of whole pages: which region has magazines for them, and who gets what these have.
 */
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "objects/kmalloc.h"
#include "objects/size_class.h"
#include "pages/pagemap.h"
#include "support/areas.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/suite.h"

static void *get(struct kunit *test, struct rsv_region *r, size_t size)
{
	void *p = rsv_kmalloc(r, size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL_MSG(test, p, "%zu bytes", size);
	return p;
}

/* Whether memory is an object of a class, and not whole pages */
static bool is_object(const void *p, const struct rsv_cache *c)
{
	struct rsv_extent *e;
	bool is;

	rcu_read_lock();
	e = rsv_extent_find_addr(p);
	is = e && READ_ONCE(rsv_frame_at(e, p)->cache) == c;
	rcu_read_unlock();
	return is;
}

/* The pages that a region must have so that magazines may have an eighth of it in whole pages */
static unsigned long pages_for_class(unsigned int size)
{
	return 8 * 2 * 4 * (size / PAGE_SIZE) * nr_cpu_ids;
}

/* Pages of objects that are whole pages, no blocks and blocks */
static const unsigned int pages[] = { 3, 4, 6, 8 };

static void pages_text(const unsigned int *nr, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "%u pages", *nr);
}

KUNIT_ARRAY_PARAM(pages, pages, pages_text);

static void class_of_whole_pages_serves_where_magazines_take_a_small_share(struct kunit *test)
{
	const unsigned int size = *(const unsigned int *)test->param_value * PAGE_SIZE;
	const unsigned long enough = pages_for_class(size);
	struct rsv_region *r;
	unsigned int i, class;
	void *p, *again;

	for (i = 0; i < 2; i++) {
		r = rsvt_scratch_region_of(test, (enough - 1 + i) * PAGE_SIZE, "slub", "fine");
		class = rsv_class_of(r->classes, size);
		KUNIT_ASSERT_NE(test, class, RSV_CLASS_NONE);
		KUNIT_EXPECT_EQ(test, rsv_kmalloc_least(r->kmalloc[class]),
				i ? rsv_class_least(r->classes, size) : 0);
		KUNIT_EXPECT_EQ(test, rsv_kmalloc_size_roundup(r, size - 100), size);
		p = get(test, r, size - 100);
		KUNIT_EXPECT_EQ(test, is_object(p, r->kmalloc[class]), i);
		KUNIT_EXPECT_EQ(test, rsv_ksize(p), size);
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)p, rsv_class_align(size)));
		memset(p, 0x5a, size - 100);
		rsv_kfree(p);
		EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_kfree(p));
		/* A magazine serves the next one, and its pages serve whoever finds no others. */
		again = get(test, r, size);
		if (i)
			KUNIT_EXPECT_PTR_EQ(test, again, p);
		rsv_kfree(again);
		rsvt_scratch_shrink(r);
		EXPECT_UNTOUCHED(test, r);
	}
}

/* What magazines have of whole pages serves a request that finds no other pages. */
static void whole_pages_in_magazines_serve_other_requests(struct kunit *test)
{
	const unsigned int size = 3 * PAGE_SIZE;
	struct rsv_region *r = rsvt_scratch_region_of(test, pages_for_class(size) * PAGE_SIZE,
						      "slub", "fine");
	void *object[8], *p, *last = NULL;
	unsigned long nr = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(object); i++)
		object[i] = get(test, r, size);
	for (i = 0; i < ARRAY_SIZE(object); i++)
		rsv_kfree(object[i]);
	for (; (p = (void *)rsv_get_free_pages(r, GFP_KERNEL, 0)); nr++) {
		*(void **)p = last;
		last = p;
	}
	KUNIT_EXPECT_EQ(test, nr, pages_for_class(size));
	for (; last; last = p) {
		p = *(void **)last;
		rsv_free_pages((unsigned long)last, 0);
	}
	rsvt_scratch_shrink(r);
	EXPECT_UNTOUCHED(test, r);
}

/*
 * Blocks of pages that kmalloc() got are on the list of their order after a free: pow2 has no
 * larger classes.
 */
static void block_of_memory_by_the_byte_goes_to_a_list(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region_of(test, SZ_16M, "slub", "pow2");
	void *p = get(test, r, SZ_16K), *again;

	EXPECT_MISUSE(test, RSV_MISALIGNED, rsv_kfree(p + 8));
	rsv_kfree(p);
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_kfree(p));
	again = (void *)rsv_get_free_pages(r, GFP_KERNEL, get_order(SZ_16K));
	if (!want_init_on_free())
		KUNIT_EXPECT_PTR_EQ(test, again, p);
	rsv_kfree(again);
	rsvt_scratch_shrink(r);
	EXPECT_UNTOUCHED(test, r);
}

static struct kunit_case kmalloc_large_cases[] = {
	KUNIT_CASE_PARAM(class_of_whole_pages_serves_where_magazines_take_a_small_share,
			 pages_gen_params),
	KUNIT_CASE(whole_pages_in_magazines_serve_other_requests),
	KUNIT_CASE(block_of_memory_by_the_byte_goes_to_a_list),
	{ }
};

static struct kunit_suite kmalloc_large_suite = {
	.name = "reservoir_kmalloc_large",
	.init = rsvt_suite_init,
	.test_cases = kmalloc_large_cases,
};

kunit_test_suite(kmalloc_large_suite);
