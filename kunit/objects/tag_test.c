// SPDX-License-Identifier: GPL-2.0
/*
 * Addresses with tags, on kernels that have KASAN's software or hardware tags. The hardware ignores
 * the highest byte of an address there, so one object has many addresses.
 */
#include <linux/kasan.h>
#include <linux/mm.h>

#include "support/areas.h"
#include "support/scratch.h"
#include "support/suite.h"

static int tag_init(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_KASAN_SW_TAGS) && !IS_ENABLED(CONFIG_KASAN_HW_TAGS))
		kunit_skip(test, "addresses have no tags");
	return rsvt_suite_init(test);
}

static void *with_another_tag(void *p)
{
	return (void *)(unsigned long)((u64)(unsigned long)p ^ 0x5a00000000000000ULL);
}

/* The module hands out addresses with the tag that fits all memory, and takes any tag back. */
static void object_is_freed_by_an_address_with_another_tag(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_1M);
	struct rsv_cache *c = rsvt_scratch_cache(test, r, 200, 0);
	void *object[3], *p = rsv_kmalloc(r, 100, GFP_KERNEL);
	void *pages = rsv_alloc_pages_exact(r, 3 * PAGE_SIZE, GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_ASSERT_NOT_NULL(test, pages);
	KUNIT_EXPECT_PTR_EQ(test, kasan_reset_tag(pages), pages);
	KUNIT_EXPECT_EQ(test, (unsigned long)page_address(virt_to_page(p)),
			(unsigned long)p & PAGE_MASK);
	KUNIT_ASSERT_EQ(test, rsv_cache_alloc_bulk(c, GFP_KERNEL, 3, object), 3);
	for (i = 0; i < 3; i++) {
		memset(object[i], 0x5a, 200);
		object[i] = with_another_tag(object[i]);
	}
	rsv_cache_free(c, object[0]);
	rsv_cache_free_bulk(c, 2, object + 1);
	KUNIT_EXPECT_EQ(test, rsv_ksize(with_another_tag(p)), rsv_ksize(p));
	rsv_kfree(with_another_tag(p));
	rsv_free_pages_exact(with_another_tag(pages), 3 * PAGE_SIZE);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

static struct kunit_case tag_cases[] = {
	KUNIT_CASE(object_is_freed_by_an_address_with_another_tag),
	{}};

static struct kunit_suite tag_suite = {
	.name = "reservoir_tag",
	.init = tag_init,
	.test_cases = tag_cases,
};

kunit_test_suite(tag_suite);
