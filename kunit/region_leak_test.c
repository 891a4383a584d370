// SPDX-License-Identifier: GPL-2.0
/*
 * The end of a region in which something is allocated, as when the module is unloaded and another
 * one never freed its memory: what is allocated stays, all else goes back to the system. The tests
 * then free the leaked pages the only way that is left, by put_page().
 */
#include <linux/kmemleak.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "objects/cache.h"
#include "pages/pagemap.h"
#include "region.h"
#include "support/arrays.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/suite.h"
#include "support/variants.h"

#define REGION_PAGES	4096UL

/* Pages that others may have allocated between the end of the region and the look at its pages */
#define SLACK		1024UL

static struct rsv_region *create(struct kunit *test)
{
	const struct rsv_reserve want = { .bytes = REGION_PAGES << PAGE_SHIFT };
	struct rsv_region *r = rsv_region_create("kunit-leak", &want, 1);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, r);
	return r;
}

/* All pages of a region */
static struct page **pages_of(struct kunit *test, const struct rsv_region *r)
{
	struct page **page = rsvt_pages_array(test, REGION_PAGES);
	unsigned long nr = 0, n;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, r->nr_pages, REGION_PAGES);
	for (i = 0; i < r->nr_extents; i++) {
		const struct rsv_extent *e = r->extents->at[i];

		for (n = 0; e && n < e->nr_pages; n++)
			page[nr++] = pfn_to_page(e->first + n);
	}
	KUNIT_ASSERT_EQ(test, nr, REGION_PAGES);
	return page;
}

/*
 * Leaks a region, of which that many pages stay and all others go back. A page that is free in the
 * system has no reference, whether it is in a free block or on a list of a CPU: those lists may
 * have all pages of the region, and the system's count of free pages leaves them out.
 */
static void expect_leaked(struct kunit *test, struct rsv_region *r, unsigned long pages)
{
	struct page **page = pages_of(test, r);
	unsigned long nr_free = 0, i;

	KUNIT_EXPECT_EQ(test, rsv_region_leak(r), pages);
	for (i = 0; i < REGION_PAGES; i++)
		nr_free += !page_count(page[i]);
	KUNIT_EXPECT_LE(test, nr_free, REGION_PAGES - pages);
	KUNIT_EXPECT_GE(test, nr_free + SLACK, REGION_PAGES - pages);
}

/* Gives leaked pages to the system, one by one. */
static void put_pages(struct kunit *test, struct page *page, unsigned long nr)
{
	for (; nr; nr--, page++) {
		KUNIT_EXPECT_EQ(test, page_count(page), 1);
		put_page(page);
	}
}

static void two_leaked_pages_cost_two_pages(struct kunit *test)
{
	struct rsv_region *r = create(test);
	struct page *a = rsv_alloc_pages(r, GFP_KERNEL, 0);
	struct page *b = rsv_alloc_pages(r, GFP_KERNEL, 0);

	KUNIT_ASSERT_NOT_NULL(test, a);
	KUNIT_ASSERT_NOT_NULL(test, b);
	memset(page_address(a), 0x5a, PAGE_SIZE);
	expect_leaked(test, r, 2);
	KUNIT_EXPECT_NULL(test, memchr_inv(page_address(a), 0x5a, PAGE_SIZE));
	put_pages(test, a, 1);
	put_pages(test, b, 1);

	/* The name is free again, and so are the pages. */
	KUNIT_EXPECT_EQ(test, rsv_region_destroy(create(test)), 0);
}

/* A driver that gave its memory to put_page(), or to kfree(), hears of it at the latest now. */
static void page_that_went_to_put_page_is_reported_at_the_end(struct kunit *test)
{
	struct rsv_region *r = create(test);
	struct page *page = rsv_alloc_pages(r, GFP_KERNEL, 0);

	KUNIT_ASSERT_NOT_NULL(test, page);
	put_page(page);
	EXPECT_MISUSE(test, RSV_LOST_REF, rsv_region_leak(r));
}

static void blocks_and_runs_stay_as_a_whole(struct kunit *test)
{
	struct rsv_region *r = create(test);
	struct page *block = rsv_alloc_pages(r, GFP_KERNEL, 6);
	void *exact = rsv_alloc_pages_exact(r, 5 * PAGE_SIZE, GFP_KERNEL);
	void *large = rsv_kmalloc(r, 40 * PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, block);
	KUNIT_ASSERT_NOT_NULL(test, exact);
	KUNIT_ASSERT_NOT_NULL(test, large);
	memset(page_address(block), 1, 64 * PAGE_SIZE);
	memset(exact, 2, 5 * PAGE_SIZE);
	memset(large, 3, 40 * PAGE_SIZE);
	expect_leaked(test, r, 64 + 5 + 40);
	KUNIT_EXPECT_NULL(test, memchr_inv(page_address(block), 1, 64 * PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, memchr_inv(exact, 2, 5 * PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, memchr_inv(large, 3, 40 * PAGE_SIZE));
	kmemleak_free(large);
	put_pages(test, block, 64);
	put_pages(test, virt_to_page(exact), 5);
	put_pages(test, virt_to_page(large), 40);
}

/* Every second page is used. */
static void scattered_pages_stay_and_their_neighbours_go(struct kunit *test)
{
	struct rsv_region *r = create(test);
	struct page **page = rsvt_pages_array(test, 256);
	unsigned int i;

	KUNIT_ASSERT_EQ(test, rsvt_pages_alloc(r, GFP_KERNEL, 0, page, 256), 256);
	for (i = 0; i < 256; i += 2)
		__rsv_free_pages(page[i], 0);
	expect_leaked(test, r, 128);
	for (i = 1; i < 256; i += 2)
		put_pages(test, page[i], 1);
}

static void leaked_mapping_can_still_be_used(struct kunit *test)
{
	struct rsv_region *r = create(test);
	void *p = rsv_vmalloc(r, 9 * PAGE_SIZE);
	struct page *page[9];
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, p);
	for (i = 0; i < 9; i++)
		page[i] = vmalloc_to_page(p + i * PAGE_SIZE);
	memset(p, 1, 9 * PAGE_SIZE);
	expect_leaked(test, r, 9);
	KUNIT_EXPECT_NULL(test, memchr_inv(p, 1, 9 * PAGE_SIZE));
	memset(p, 2, 9 * PAGE_SIZE);
	vunmap(p);
	for (i = 0; i < 9; i++)
		put_pages(test, page[i], 1);
}

/* The pages of the slab, or of the slob page, that has an object */
static struct page *pages_around(struct rsv_cache *c, void *object, unsigned long *nr)
{
	struct rsv_extent *e = rsv_extent_find_addr(object);
	struct rsv_frame *f = rsv_slab_head(e, rsv_frame_at(e, object));

	if (f->kind == RSV_FRAME_HEAP)
		*nr = ((union rsv_slob_word){ .word = f->slob }).more + 1;
	else
		*nr = rsv_slab_pages(c, f);
	return rsv_frame_page(e, f);
}

KUNIT_ARRAY_PARAM_DESC(engines, rsvt_engines, name);

#define OBJECTS	2000

static void leak_one_object(struct kunit *test, unsigned int size, unsigned int flags)
{
	struct rsv_region *r = create(test);
	struct rsv_cache *c = rsv_cache_create(r, "leaky", size, 0, flags, NULL);
	void **object = rsvt_objects_array(test, OBJECTS);
	struct page *page;
	unsigned long nr;
	unsigned int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c);
	for (i = 0; i < OBJECTS; i++) {
		object[i] = rsv_cache_alloc(c, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, object[i]);
	}
	memset(object[OBJECTS / 2], 0x5a, size);
	page = pages_around(c, object[OBJECTS / 2], &nr);
	for (i = 0; i < OBJECTS; i++)
		if (i != OBJECTS / 2)
			rsv_cache_free(c, object[i]);
	expect_leaked(test, r, nr);
	KUNIT_EXPECT_NULL(test, memchr_inv(object[OBJECTS / 2], 0x5a, size));
	kmemleak_free(object[OBJECTS / 2]);
	put_pages(test, page, nr);
}

static void leaked_object_costs_its_slab(struct kunit *test)
{
	const struct engine_case *k = test->param_value;

	leak_one_object(test, 100, k->flag);
	leak_one_object(test, 1000, k->flag);
	leak_one_object(test, 100, k->flag | RSV_NO_MAGAZINE);
	leak_one_object(test, 1000, k->flag | RSV_NO_MAGAZINE);
	leak_one_object(test, 100, k->flag | RSV_STORE_USER);
}

/* Nothing but the objects of user caches is leaked: no magazine, and no off-slab bufctl. */
static void empty_caches_leak_nothing(struct kunit *test)
{
	const struct engine_case *k = test->param_value;
	struct rsv_region *r = create(test);
	struct rsv_cache *c = rsv_cache_create(r, "empty", 1000, 0, k->flag, NULL);
	struct page *page = rsv_alloc_pages(r, GFP_KERNEL, 0);
	void **object = rsvt_objects_array(test, OBJECTS);
	unsigned int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c);
	KUNIT_ASSERT_NOT_NULL(test, page);
	for (i = 0; i < OBJECTS; i++)
		object[i] = rsv_cache_alloc(c, GFP_KERNEL);
	for (i = 0; i < OBJECTS; i++)
		rsv_cache_free(c, object[i]);
	KUNIT_EXPECT_EQ(test, rsv_cache_reserve(c, 50), 0);
	expect_leaked(test, r, 1);
	put_pages(test, page, 1);
}

static struct kunit_case region_leak_cases[] = {
	KUNIT_CASE(two_leaked_pages_cost_two_pages),
	KUNIT_CASE(page_that_went_to_put_page_is_reported_at_the_end),
	KUNIT_CASE(blocks_and_runs_stay_as_a_whole),
	KUNIT_CASE(scattered_pages_stay_and_their_neighbours_go),
	KUNIT_CASE(leaked_mapping_can_still_be_used),
	KUNIT_CASE_PARAM(leaked_object_costs_its_slab, engines_gen_params),
	KUNIT_CASE_PARAM(empty_caches_leak_nothing, engines_gen_params),
	{}};

static struct kunit_suite region_leak_suite = {
	.name = "reservoir_region_leak",
	.init = rsvt_suite_init,
	.test_cases = region_leak_cases,
};

kunit_test_suite(region_leak_suite);
