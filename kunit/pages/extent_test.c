// SPDX-License-Identifier: GPL-2.0
/*
 * Many extents in one region: memory that comes in as many pieces as it has pages. The log says how
 * long it took, which no test expects anything of.
 */
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/math.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>

#include "interface/query.h"
#include "pages/extent.h"
#include "pages/pagemap.h"
#include "support/figures.h"
#include "support/scratch.h"
#include "support/suite.h"

/* Blocks of the system that scattered pages come from: 2^order pages */
#define SOURCE_ORDER	6
#define SOURCE_PAGES	BIT(SOURCE_ORDER)

/* The smallest extent that a region gives back */
#define LENT_PAGES	BIT(max_t(unsigned int, pageblock_order, RSV_CHUNK_ORDER))

static const unsigned int numbers[] = { 1024, 2048, 4096 };

static void number_text(const unsigned int *nr, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "%u", *nr);
}

KUNIT_ARRAY_PARAM(numbers, numbers, number_text);

/*
 * Takes @nr single pages from the system, no two of them adjacent: the even pages of its blocks, in
 * the form in which rsv_extents_add() gets them.
 */
static void take_scattered_pages(struct kunit *test, unsigned int nr, struct list_head *blocks)
{
	unsigned int i;

	for (; nr; nr -= SOURCE_PAGES / 2) {
		struct page *page = alloc_pages(GFP_KERNEL, SOURCE_ORDER);

		KUNIT_EXPECT_NOT_NULL(test, page);
		if (!page)
			return;
		split_page(page, SOURCE_ORDER);
		for (i = 0; i < SOURCE_PAGES; i += 2) {
			set_page_private(page + i, 1);
			list_add_tail(&page[i].lru, blocks);
			__free_page(page + i + 1);
		}
	}
}

static void add_scattered_pages(struct kunit *test, struct rsv_region *r, unsigned int nr)
{
	LIST_HEAD(blocks);
	ktime_t began;
	int err;

	take_scattered_pages(test, nr, &blocks);
	mutex_lock(&r->shape_lock);
	began = ktime_get();
	err = rsv_extents_add(r, &blocks);
	kunit_info(test, "%u extents added in %lld us\n", nr, ktime_us_delta(ktime_get(), began));
	mutex_unlock(&r->shape_lock);
	KUNIT_ASSERT_EQ(test, err, 0);
}

/* All extents have one page; their offsets and numbers are those from 0 on, each once. */
static void expect_extents(struct kunit *test, struct rsv_region *r, unsigned int nr)
{
	struct rsv_ioc_extent extent;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, rsvt_query_region(r).nr_extents, nr);
	KUNIT_EXPECT_EQ(test, r->nr_extents, nr);
	for (i = 0; i < nr; i++) {
		const struct rsv_extent *e = r->extents->at[i];

		KUNIT_ASSERT_NOT_NULL(test, e);
		KUNIT_EXPECT_EQ(test, e->offset, i);
		rcu_read_lock();
		KUNIT_EXPECT_PTR_EQ(test, rsv_extent_find(e->first), e);
		rcu_read_unlock();
		KUNIT_EXPECT_EQ(test, rsv_query_extent(r, i, &extent), 0);
		KUNIT_EXPECT_EQ(test, extent.offset, (u64)i << PAGE_SHIFT);
	}
	KUNIT_EXPECT_EQ(test, rsv_query_extent(r, nr, &extent), -ENOENT);
}

static void many_extents_are_added(struct kunit *test)
{
	const unsigned int nr = *(const unsigned int *)test->param_value;
	struct rsv_region *r = rsvt_scratch_region_or_skip(test, NULL, 0);

	add_scattered_pages(test, r, nr);
	KUNIT_EXPECT_EQ(test, r->span, nr);
	expect_extents(test, r, nr);
}

/* An extent that was freed leaves offsets, which the first of the others get. */
static void many_extents_get_the_offsets_of_one(struct kunit *test)
{
	const unsigned int nr = *(const unsigned int *)test->param_value;
	const unsigned long lent = roundup(nr, LENT_PAGES);
	const struct rsv_reserve want = {
		.bytes = lent * PAGE_SIZE,
		.flags = RSV_RESERVE_CONTIG,
	};
	struct rsv_region *r = rsvt_scratch_region_or_skip(test, &want, 1);

	KUNIT_ASSERT_EQ(test, rsv_region_shrink(r, SIZE_MAX), lent * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, rsvt_query_region(r).nr_extents, 0);
	add_scattered_pages(test, r, nr);
	KUNIT_EXPECT_EQ(test, r->span, lent);
	expect_extents(test, r, nr);
}

/* Extents that become holes together are freed together, and no hint of any of them is left. */
static void many_extents_are_removed(struct kunit *test)
{
	const struct rsv_reserve want = {
		.bytes = LENT_PAGES * PAGE_SIZE,
		.flags = RSV_RESERVE_CONTIG,
	};
	struct rsv_region *r = rsvt_scratch_region_or_skip(test, NULL, 0);
	size_t metadata = rsvt_query_region(r).metadata_bytes;
	struct rsv_extent *hint;
	unsigned int nr, i;

	rsvt_stay_on_this_cpu();
	for (nr = 0; nr < 8 && !rsv_region_grow(r, &want); nr++)
		;
	if (nr < 2)
		kunit_skip(test, "the machine has no such memory free");
	KUNIT_EXPECT_EQ(test, r->extents_used, nr);
	KUNIT_EXPECT_EQ(test, r->span, nr * LENT_PAGES);
	hint = r->extents->at[nr - 1];
	raw_cpu_write(rsv_hints[0], hint);
	raw_cpu_write(rsv_hints[RSV_HINTS - 1], hint);
	KUNIT_EXPECT_EQ(test, rsv_region_shrink(r, SIZE_MAX), nr * LENT_PAGES * PAGE_SIZE);
	flush_work(&r->remove_work);
	KUNIT_EXPECT_PTR_NE(test, raw_cpu_read(rsv_hints[0]), hint);
	KUNIT_EXPECT_PTR_NE(test, raw_cpu_read(rsv_hints[RSV_HINTS - 1]), hint);
	KUNIT_EXPECT_EQ(test, r->nr_extents, 0);
	KUNIT_EXPECT_TRUE(test, llist_empty(&r->removed));
	KUNIT_EXPECT_EQ(test, r->extents_used, 0);
	for (i = 0; i < r->extents->capacity; i++)
		KUNIT_EXPECT_NULL(test, r->extents->at[i]);
	/* The tables remain, and the zone. */
	KUNIT_EXPECT_LT(test, rsvt_query_region(r).metadata_bytes, metadata + SZ_8K);
}

static struct kunit_case extent_cases[] = {
	KUNIT_CASE_PARAM(many_extents_are_added, numbers_gen_params),
	KUNIT_CASE_PARAM(many_extents_get_the_offsets_of_one, numbers_gen_params),
	KUNIT_CASE(many_extents_are_removed),
	{}
};

static struct kunit_suite extent_suite = {
	.name = "reservoir_extent",
	.init = rsvt_suite_init,
	.test_cases = extent_cases,
};

kunit_test_suite(extent_suite);
