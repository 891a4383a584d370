// SPDX-License-Identifier: GPL-2.0
/*
 * Runs of any length: the pages by which a block was rounded up stay free, adjacent free blocks
 * make a run where no block is large enough, and misuse of a run is found like that of a block.
 */
#include <linux/mm.h>
#include <linux/string.h>

#include "support/areas.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/map.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/suite.h"

#define PAGES	64U

static void *exact(struct kunit *test, struct rsv_region *r, unsigned long pages)
{
	void *p = rsv_alloc_pages_exact(r, pages * PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	return p;
}

static void exact_give(void *p, unsigned long pages)
{
	rsv_free_pages_exact(p, pages * PAGE_SIZE);
}

/* --- One block, its tail given back --------------------------------------------------------- */

static const size_t lengths[] = {
	1,	    SZ_4K - 1,	SZ_4K,	    SZ_4K + 1,	3 * SZ_4K, 5 * SZ_4K - 7,
	31 * SZ_4K, 33 * SZ_4K, 63 * SZ_4K, 64 * SZ_4K,
};

static void length_text(const size_t *bytes, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "%zu bytes", *bytes);
}

KUNIT_ARRAY_PARAM(lengths, lengths, length_text);

static void only_the_pages_that_are_needed_are_taken(struct kunit *test)
{
	size_t bytes = *(const size_t *)test->param_value;
	struct rsv_region *r = rsvt_scratch_areas(test, PAGES);
	unsigned long pages = PFN_UP(bytes);
	struct rsv_ioc_zone *now;
	char map[PAGES + 1] = {};
	void *p = rsv_alloc_pages_exact(r, bytes, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	memset(map, RSV_MAP_FREE, PAGES);
	memset(map, RSV_MAP_PAGES_MORE, pages);
	map[0] = RSV_MAP_PAGES;
	EXPECT_MAP(test, r, map);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), PAGES - pages);

	now = rsvt_query_zone(test, r, 0);
	KUNIT_EXPECT_EQ(test, now->allocs[order_base_2(pages)], 1);
	KUNIT_EXPECT_EQ(test, now->asked[order_base_2(pages)], bytes);
	KUNIT_EXPECT_EQ(test, now->granted[order_base_2(pages)], pages * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, now->peak_pages, pages);

	rsv_free_pages_exact(p, bytes);
	EXPECT_FREE_AREAS(test, r, [6] = 1);
	KUNIT_EXPECT_EQ(test, rsvt_query_zone(test, r, 0)->frees[order_base_2(pages)], 1);
}

static void tail_serves_others_at_once(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 16);
	void *a = exact(test, r, 5), *c = exact(test, r, 8), *b = exact(test, r, 3);

	EXPECT_MAP(test, r, "PppppPppPppppppp");
	memset(a, 1, 5 * PAGE_SIZE);
	memset(b, 2, 3 * PAGE_SIZE);
	memset(c, 3, 8 * PAGE_SIZE);
	KUNIT_EXPECT_NULL(test, memchr_inv(a, 1, 5 * PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, memchr_inv(b, 2, 3 * PAGE_SIZE));
	exact_give(a, 5);
	exact_give(b, 3);
	exact_give(c, 8);
	EXPECT_FREE_AREAS(test, r, [4] = 1);
}

static void lengths_without_sense_get_nothing(struct kunit *test)
{
	static const size_t wrong[] = {
		0, SIZE_MAX, SIZE_MAX - SZ_4K, SIZE_MAX - SZ_64K, SIZE_MAX / 2, 65 * SZ_4K};
	struct rsv_region *r = rsvt_scratch_areas(test, PAGES);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		KUNIT_EXPECT_NULL(test, rsv_alloc_pages_exact(r, wrong[i], GFP_KERNEL));
		KUNIT_EXPECT_NULL(test, rsv_alloc_pages_exact(r, wrong[i], GFP_ATOMIC));
	}
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages_exact(r, 1, GFP_KERNEL | __GFP_NOFAIL));
	EXPECT_FREE_AREAS(test, r, [6] = 1);
}

/* --- Neighbours together -------------------------------------------------------------------- */

/* Free pages between used ones: of PAGES pages, those from first to end - 1 are free */
struct hole {
	unsigned int first;
	unsigned int end;
};

static const struct hole holes[] = {
	{1, 3}, {3, 7}, {7, 9}, {3, 11}, {15, 17}, {5, 29}, {1, 63}, {1, 64}, {0, 63}, {31, 33},
};

static void hole_text(const struct hole *h, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "pages %u to %u", h->first, h->end - 1);
}

KUNIT_ARRAY_PARAM(holes, holes, hole_text);

/**
 * struct swiss - a region whose pages are used, except for a hole
 * @r: the region
 * @base: its first page
 * @hole: the hole
 */
struct swiss {
	struct rsv_region *r;
	void *base;
	struct hole hole;
};

static void swiss_fill(struct kunit *test, struct swiss *s)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		KUNIT_ASSERT_NE(test, rsv_get_free_pages(s->r, GFP_KERNEL, 0), 0);
	for (i = 0; i < PAGES; i++)
		memset(s->base + i * PAGE_SIZE, 0x11, PAGE_SIZE);
	for (i = s->hole.first; i < s->hole.end; i++)
		rsv_free_pages((unsigned long)s->base + i * PAGE_SIZE, 0);
}

static struct swiss swiss(struct kunit *test)
{
	struct swiss s = {
		.r = rsvt_scratch_areas(test, PAGES),
		.hole = *(const struct hole *)test->param_value,
	};

	s.base = rsvt_scratch_base(s.r);
	swiss_fill(test, &s);
	return s;
}

static void swiss_end(struct kunit *test, const struct swiss *s)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++) {
		if (i >= s->hole.first && i < s->hole.end)
			continue;
		KUNIT_EXPECT_NULL(test, memchr_inv(s->base + i * PAGE_SIZE, 0x11, PAGE_SIZE));
		rsv_free_pages((unsigned long)s->base + i * PAGE_SIZE, 0);
	}
	EXPECT_FREE_AREAS(test, s->r, [6] = 1);
}

static void longest_free_run_can_be_had_wherever_it_begins(struct kunit *test)
{
	struct swiss s = swiss(test);
	unsigned int pages = s.hole.end - s.hole.first;
	const char *before = rsvt_free_areas_now(test, s.r);
	char map[PAGES + 1] = {};
	void *p;

	KUNIT_EXPECT_NULL(test, rsv_alloc_pages_exact(s.r, pages * PAGE_SIZE + 1, GFP_KERNEL));
	p = exact(test, s.r, pages);
	KUNIT_EXPECT_PTR_EQ(test, p, s.base + s.hole.first * PAGE_SIZE);
	memset(p, 0x22, pages * PAGE_SIZE);

	memset(map, RSV_MAP_PAGES, PAGES);
	memset(map + s.hole.first + 1, RSV_MAP_PAGES_MORE, pages - 1);
	EXPECT_MAP(test, s.r, map);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(s.r), 0);

	exact_give(p, pages);
	KUNIT_EXPECT_STREQ(test, rsvt_free_areas_now(test, s.r), before);
	swiss_end(test, &s);
}

/* The pages of the last block beyond the run stay free. */
static void run_may_end_inside_a_block(struct kunit *test)
{
	struct swiss s = swiss(test);
	unsigned int pages = s.hole.end - s.hole.first - 1;
	const char *before = rsvt_free_areas_now(test, s.r);
	void *p = exact(test, s.r, pages);

	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(s.r), 1);
	exact_give(p, pages);
	KUNIT_EXPECT_STREQ(test, rsvt_free_areas_now(test, s.r), before);
	swiss_end(test, &s);
}

static void gathered_run_is_zeroed_if_so_asked(struct kunit *test)
{
	struct swiss s = swiss(test);
	size_t bytes = (s.hole.end - s.hole.first) * PAGE_SIZE;
	void *p = rsv_alloc_pages_exact(s.r, bytes, GFP_KERNEL | __GFP_ZERO);

	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_EXPECT_NULL(test, memchr_inv(p, 0, bytes));
	rsv_free_pages_exact(p, bytes);
	swiss_end(test, &s);
}

/* The scan is unbounded and drops the lock, so it serves only callers that may sleep. */
static void atomic_caller_gets_one_block_or_nothing(struct kunit *test)
{
	struct swiss s = swiss(test);
	unsigned int pages = s.hole.end - s.hole.first, largest = 0, order;
	struct free_areas areas;
	void *p;

	rsvt_free_areas_read(test, s.r, &areas);
	for (order = 0; order < RSV_ORDERS_MAX; order++)
		if (areas.count[order])
			largest = 1U << order;
	p = rsv_alloc_pages_exact(s.r, largest * PAGE_SIZE, GFP_ATOMIC);
	KUNIT_EXPECT_NOT_NULL(test, p);
	exact_give(p, largest);
	if (pages > largest) {
		p = rsv_alloc_pages_exact(s.r, (largest + 1) * PAGE_SIZE, GFP_ATOMIC);
		KUNIT_EXPECT_NULL(test, p);
	}
	swiss_end(test, &s);
}

/* The page API returns aligned blocks; a run begins at any page. */
static void run_is_never_given_to_who_wants_an_aligned_block(struct kunit *test)
{
	struct swiss s = swiss(test);
	struct free_areas areas;
	struct page *page;
	unsigned int order;

	rsvt_free_areas_read(test, s.r, &areas);
	for (order = 1; order < 6; order++) {
		unsigned int k;
		bool possible = false;

		for (k = order; k < RSV_ORDERS_MAX; k++)
			possible |= areas.count[k];
		page = rsv_alloc_pages(s.r, GFP_KERNEL, order);
		KUNIT_EXPECT_EQ(test, !!page, possible);
		if (page)
			__rsv_free_pages(page, order);
	}
	swiss_end(test, &s);
}

static void misuse_of_a_run_is_refused(struct kunit *test)
{
	struct swiss s = swiss(test);
	unsigned int pages = s.hole.end - s.hole.first, i;
	void *p = exact(test, s.r, pages);

	for (i = 1; i < pages; i++) {
		void *inside = p + i * PAGE_SIZE;

		EXPECT_MISUSE(test, RSV_MISALIGNED, exact_give(inside, pages - i));
		EXPECT_MISUSE(test, RSV_MISALIGNED, rsv_free_pages((unsigned long)inside, 0));
		EXPECT_MISUSE(test, RSV_MISALIGNED, rsv_kfree(inside));
	}
	EXPECT_MISUSE(test, RSV_MISALIGNED, exact_give(p + 8, pages));
	EXPECT_MISUSE(test, RSV_WRONG_SIZE, exact_give(p, pages - 1));
	EXPECT_MISUSE(test, RSV_WRONG_SIZE, exact_give(p, pages + 1));
	EXPECT_MISUSE(test, RSV_WRONG_SIZE, rsv_free_pages_exact(p, 0));
	EXPECT_MISUSE(test, RSV_WRONG_SIZE, rsv_free_pages_exact(p, SIZE_MAX));
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(s.r), 0);

	exact_give(p, pages);
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, exact_give(p, pages));
	for (i = 1; i < pages; i++)
		EXPECT_MISUSE(test, RSV_DOUBLE_FREE, exact_give(p + i * PAGE_SIZE, 1));
	swiss_end(test, &s);
}

static void exact_free_of_what_is_no_page_is_refused(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 8);
	void *object = rsv_kmalloc(r, 100, GFP_KERNEL);
	void *page = (void *)__get_free_page(GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, object);
	KUNIT_ASSERT_NOT_NULL(test, page);
	rsv_free_pages_exact(NULL, 5);
	EXPECT_MISUSE(test, RSV_FOREIGN, exact_give(PTR_ALIGN_DOWN(object, PAGE_SIZE), 1));
	EXPECT_MISUSE(test, RSV_FOREIGN, exact_give(page, 1));
	EXPECT_MISUSE(test, RSV_FOREIGN, exact_give((void *)lengths, 1));
	free_page((unsigned long)page);
	rsv_kfree(object);
}

/* In a region with per-CPU lists a run is no aligned block, although it has as many pages. */
static void run_given_back_by_order_does_not_become_an_aligned_block(struct kunit *test)
{
	struct page **page = rsvt_pages_array(test, 2048), *block;
	struct rsv_region *r = rsvt_scratch_pages(test, 2048);
	unsigned int order, nr, i;
	void *base = rsvt_scratch_base(r), *p;

	rsvt_stay_on_this_cpu();
	nr = rsvt_pages_alloc(r, GFP_KERNEL | __GFP_HIGH, 0, page, 2048);
	KUNIT_ASSERT_EQ(test, nr, 2048);
	for (order = 1; order < 4; order++) {
		for (i = 0; i < 1U << order; i++)
			rsv_free_pages((unsigned long)base + (33 + i) * PAGE_SIZE, 0);
		p = rsv_alloc_pages_exact(r, PAGE_SIZE << order, GFP_KERNEL | __GFP_HIGH);
		KUNIT_ASSERT_PTR_EQ(test, p, base + 33 * PAGE_SIZE);
		rsv_free_pages((unsigned long)p, order);
		block = rsv_alloc_pages(r, GFP_KERNEL | __GFP_HIGH | __GFP_NOWARN, order);
		if (block) {
			KUNIT_EXPECT_TRUE(test, IS_ALIGNED(page_to_pfn(block), 1UL << order));
			__rsv_free_pages(block, order);
		}
		for (i = 0; i < 1U << order; i++)
			KUNIT_ASSERT_NOT_NULL(test, rsv_alloc_pages(r, GFP_ATOMIC, 0));
	}
	rsvt_pages_free(page, nr, 0);
}

/* --- The scan ------------------------------------------------------------------------------- */

/* Every other page is free: no blocks merge, and the scan passes several times 64 of them. */
static void run_is_found_behind_many_blocks(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_areas(test, 512);
	struct page **page = rsvt_pages_array(test, 512);
	unsigned int i;
	void *p;

	rsvt_stay_on_this_cpu();
	KUNIT_ASSERT_EQ(test, rsvt_pages_alloc(r, GFP_KERNEL, 0, page, 512), 512);
	for (i = 0; i < 500; i += 2)
		__rsv_free_pages(virt_to_page(rsvt_scratch_base(r) + i * PAGE_SIZE), 0);
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages_exact(r, 2 * PAGE_SIZE, GFP_KERNEL));
	for (i = 505; i < 510; i++)
		__rsv_free_pages(virt_to_page(rsvt_scratch_base(r) + i * PAGE_SIZE), 0);
	p = exact(test, r, 5);
	KUNIT_EXPECT_EQ(test, rsvt_scratch_page(r, p), 505);
	exact_give(p, 5);

	for (i = 0; i < 512; i++)
		if (i < 500 ? i % 2 : i < 505 || i >= 510)
			rsv_free_pages((unsigned long)rsvt_scratch_base(r) + i * PAGE_SIZE, 0);
	rsvt_settle(r);
	EXPECT_FREE_AREAS(test, r, [9] = 1);
}

static void slab_in_the_middle_ends_a_run(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 16);
	struct rsv_cache *c = rsvt_scratch_cache(test, r, 2048, 0);
	void *seven = exact(test, r, 7), *object = rsv_cache_alloc(c, GFP_KERNEL), *p;
	unsigned int longest = 0, run = 0, i;
	const char *map;

	KUNIT_ASSERT_NOT_NULL(test, object);
	exact_give(seven, 7);
	map = rsvt_map_text(test, r);
	for (i = 0; map[i]; i++) {
		run = map[i] == RSV_MAP_FREE ? run + 1 : 0;
		longest = max(longest, run);
	}
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages_exact(r, (longest + 1) * PAGE_SIZE, GFP_KERNEL));
	p = exact(test, r, longest);
	memset(p, 0xff, longest * PAGE_SIZE);
	exact_give(p, longest);
	rsv_cache_free(c, object);
}

/* A run does not cross extents, even if they are adjacent in memory. */
static void run_does_not_go_beyond_its_extent(struct kunit *test)
{
	struct rsv_reserve want = { .bytes = 8 * PAGE_SIZE, .flags = RSV_RESERVE_CONTIG };
	struct rsv_region *r = rsvt_scratch_pages(test, 8);
	void *p;

	KUNIT_ASSERT_EQ(test, rsv_region_grow(r, &want), 0);
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages_exact(r, 9 * PAGE_SIZE, GFP_KERNEL));
	p = exact(test, r, 8);
	exact_give(p, 8);
	EXPECT_FREE_AREAS(test, r, [3] = 2);
}

/* --- Large ---------------------------------------------------------------------------------- */

/* Allocates every page and frees all but the first ones: free memory begins at any page then. */
static void take_first_pages(struct kunit *test, struct rsv_region *r, unsigned long nr)
{
	struct page **page = rsvt_pages_array(test, r->nr_pages);
	unsigned long i;

	i = rsvt_pages_alloc(r, GFP_KERNEL | __GFP_HIGH, 0, page, r->nr_pages);
	KUNIT_ASSERT_EQ(test, i, r->nr_pages);
	while (i--)
		if (rsvt_scratch_page(r, page_address(page[i])) >= nr)
			__rsv_free_pages(page[i], 0);
	kunit_kfree(test, page);
}

static void give_first_pages(struct rsv_region *r, unsigned long nr)
{
	while (nr--)
		rsv_free_pages((unsigned long)rsvt_scratch_base(r) + nr * PAGE_SIZE, 0);
	rsvt_settle(r);
}

/* Below its min watermark a zone serves __GFP_HIGH only. */
static void whole_run_is_one_piece_wherever_it_begins(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region_large(test);
	unsigned long pages = r->nr_pages, skip;
	struct free_areas untouched;

	KUNIT_ASSERT_EQ(test, rsvt_query_region(r).nr_extents, 1);
	rsvt_free_areas_read(test, r, &untouched);
	for (skip = 0; skip < 1500; skip = 3 * skip + 1) {
		void *at = rsvt_scratch_base(r) + skip * PAGE_SIZE, *p;
		size_t bytes = (pages - skip) * PAGE_SIZE;

		take_first_pages(test, r, skip);
		KUNIT_EXPECT_NULL(test, rsv_alloc_pages_exact(r, bytes, GFP_KERNEL));
		p = rsv_alloc_pages_exact(r, bytes, GFP_KERNEL | __GFP_HIGH);
		KUNIT_EXPECT_PTR_EQ(test, p, at);
		rsv_free_pages_exact(p, bytes);
		give_first_pages(r, skip);
		EXPECT_SAME_AREAS(test, r, &untouched);
	}
	kunit_info(test, "%lu MB in one piece\n", pages * PAGE_SIZE / SZ_1M);
}

static struct kunit_case run_cases[] = {
	KUNIT_CASE_PARAM(only_the_pages_that_are_needed_are_taken, lengths_gen_params),
	KUNIT_CASE(tail_serves_others_at_once),
	KUNIT_CASE(lengths_without_sense_get_nothing),
	KUNIT_CASE_PARAM(longest_free_run_can_be_had_wherever_it_begins, holes_gen_params),
	KUNIT_CASE_PARAM(run_may_end_inside_a_block, holes_gen_params),
	KUNIT_CASE_PARAM(gathered_run_is_zeroed_if_so_asked, holes_gen_params),
	KUNIT_CASE_PARAM(atomic_caller_gets_one_block_or_nothing, holes_gen_params),
	KUNIT_CASE_PARAM(run_is_never_given_to_who_wants_an_aligned_block, holes_gen_params),
	KUNIT_CASE_PARAM(misuse_of_a_run_is_refused, holes_gen_params),
	KUNIT_CASE(exact_free_of_what_is_no_page_is_refused),
	KUNIT_CASE(run_given_back_by_order_does_not_become_an_aligned_block),
	KUNIT_CASE(run_is_found_behind_many_blocks),
	KUNIT_CASE(slab_in_the_middle_ends_a_run),
	KUNIT_CASE(run_does_not_go_beyond_its_extent),
	KUNIT_CASE(whole_run_is_one_piece_wherever_it_begins),
	{}};

static struct kunit_suite run_suite = {
	.name = "reservoir_run",
	.init = rsvt_suite_init,
	.test_cases = run_cases,
};

kunit_test_suite(run_suite);
