// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that go bad. Where the kernel marks no bad pages (CONFIG_MEMORY_FAILURE), only free blocks
 * can be tried: of all others the mark tells, once they are freed or drained.
 */
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/page-flags.h>

#include "pages/bad_page.h"
#include "pages/pagemap.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/map.h"
#include "support/scratch.h"
#include "support/suite.h"

static const unsigned int places[] = { 0, 1, 30, 63 };

static void place_text(const unsigned int *place, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "page %u", *place);
}

KUNIT_ARRAY_PARAM(places, places, place_text);

static struct page *region_page(struct rsv_region *r, unsigned long n)
{
	return pfn_to_page(r->extents->at[0]->first + n);
}

static long nr_bad(struct rsv_region *r)
{
	return atomic_long_read(&r->waiting.nr_bad);
}

static void expect_never_handed_out(struct kunit *test, struct rsv_region *r,
				    const struct page *bad, unsigned long left)
{
	struct page **page = rsvt_pages_array(test, 1024);
	unsigned long nr = rsvt_pages_alloc(r, GFP_ATOMIC | __GFP_NOWARN, 0, page, 1024), i;

	KUNIT_EXPECT_EQ(test, nr, left);
	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_PTR_NE(test, page[i], bad);
	rsvt_pages_free(page, nr, 0);
}

static void free_page_that_goes_bad_leaves_the_free_areas(struct kunit *test)
{
	unsigned int place = *(const unsigned int *)test->param_value;
	struct rsv_region *r = rsvt_scratch_pages(test, 64);
	struct page *bad = region_page(r, place);

	rsv_bad_page_found(page_to_pfn(bad));
	KUNIT_EXPECT_EQ(test, nr_bad(r), 1);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), 63);
	KUNIT_EXPECT_EQ(test, rsvt_map_count(test, r, RSV_MAP_BAD), 1);
	expect_never_handed_out(test, r, bad, 63);

	/* The kernel may find one error twice. */
	rsv_bad_page_found(page_to_pfn(bad));
	KUNIT_EXPECT_EQ(test, nr_bad(r), 1);
	rsvt_settle(r);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), 63);
}

static void needs_marks(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_MEMORY_FAILURE))
		kunit_skip(test, "this kernel marks no bad pages");
}

static void mark(struct page *page)
{
	SetPageHWPoison(page);
	rsv_bad_page_found(page_to_pfn(page));
}

/* The kernel takes no marked page back, so the tests remove the marks that they made. */
static void unmark(struct page *page)
{
	ClearPageHWPoison(page);
}

static const unsigned int orders[] = { 0, 1, 3, 4, 7 };

static void order_text(const unsigned int *order, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "order %u", *order);
}

KUNIT_ARRAY_PARAM(orders, orders, order_text);

static void used_block_loses_only_its_bad_page(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value;
	struct rsv_region *r = rsvt_scratch_pages(test, 1024);
	struct page *page, *bad;

	needs_marks(test);
	rsvt_stay_on_this_cpu();
	page = rsv_alloc_pages(r, GFP_KERNEL, order);
	KUNIT_ASSERT_NOT_NULL(test, page);
	bad = page + (1UL << order) - 1;
	mark(bad);
	KUNIT_EXPECT_EQ(test, nr_bad(r), 0);
	__rsv_free_pages(page, order);
	KUNIT_EXPECT_EQ(test, nr_bad(r), 1);
	expect_never_handed_out(test, r, bad, 1023);
	unmark(bad);
}

static void slab_loses_only_its_bad_page(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 1024);
	struct page *bad;
	void *object;

	needs_marks(test);
	object = rsv_kmalloc(r, 1000, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, object);
	bad = virt_to_page(object);
	mark(bad);
	rsv_kfree(object);
	rsvt_settle(r);
	KUNIT_EXPECT_EQ(test, nr_bad(r), 1);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), 1023);
	unmark(bad);
}

/* The lists stop until the page is out of them, and serve again after that. */
static void cached_page_that_goes_bad_is_drained(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 4096);
	struct rsv_zone *z = r->extents->at[0]->zone;
	struct page *page;
	unsigned int i;

	needs_marks(test);
	rsvt_stay_on_this_cpu();
	page = rsv_alloc_pages(r, GFP_KERNEL, 0);
	KUNIT_ASSERT_NOT_NULL(test, page);
	__rsv_free_pages(page, 0);
	KUNIT_ASSERT_EQ(test, rsv_frame_of_page(page)->kind, RSV_FRAME_CACHED);
	mark(page);
	for (i = 0; i < 10000 && (!nr_bad(r) || READ_ONCE(z->frozen)); i++)
		usleep_range(1000, 2000);
	KUNIT_EXPECT_EQ(test, nr_bad(r), 1);
	KUNIT_EXPECT_FALSE(test, z->frozen);
	KUNIT_EXPECT_GT(test, z->pcp_high[0], 0);
	rsvt_settle(r);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), 4095);
	unmark(page);
}

static struct kunit_case bad_page_cases[] = {
	KUNIT_CASE_PARAM(free_page_that_goes_bad_leaves_the_free_areas, places_gen_params),
	KUNIT_CASE_PARAM(used_block_loses_only_its_bad_page, orders_gen_params),
	KUNIT_CASE(slab_loses_only_its_bad_page),
	KUNIT_CASE(cached_page_that_goes_bad_is_drained),
	{}};

static struct kunit_suite bad_page_suite = {
	.name = "reservoir_bad_page",
	.init = rsvt_suite_init,
	.test_cases = bad_page_cases,
};

kunit_test_suite(bad_page_suite);
