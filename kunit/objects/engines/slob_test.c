// SPDX-License-Identifier: GPL-2.0
/*
 * The engine SLOB: first fit in a slob page and next fit among slob pages, free blocks that
 * coalesce, three lists of slob pages by size, and pages of their own for large objects.
 */
#include <linux/string.h>

#include "objects/engine.h"
#include "objects/engines/slob_page.h"
#include "pages/pagemap.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/scratch.h"
#include "support/slob.h"
#include "support/suite.h"

/* Empty slob pages that the heap does not give back */
#define EMPTY_MAX	2

/* --- Which free block serves ---------------------------------------------------------------- */

/* Blocks have no headers: those of a power of two lie side by side, aligned to their size. */
static void blocks_lie_side_by_side(struct kunit *test)
{
	static const unsigned int sizes[] = { 8, 24, 40, 64, 100, 256, 1000, 2048, 3000 };
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	unsigned int i, j;
	void *object[4];

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct rsv_cache *c = rsvt_slob_cache(test, r, sizes[i]);

		rsvt_objects_alloc(test, c, object, ARRAY_SIZE(object));
		KUNIT_EXPECT_PTR_EQ(test, object[0], rsvt_slob_base(r, object[0]) + SLOB_BEGIN);
		for (j = 1; j < ARRAY_SIZE(object); j++)
			KUNIT_EXPECT_PTR_EQ(test, object[j],
					    object[j - 1] + round_up(sizes[i], RSV_SLOB_UNIT));
		rsvt_objects_free(c, object, ARRAY_SIZE(object));
		rsvt_scratch_cache_end(test, c);
	}
	EXPECT_UNTOUCHED(test, r);
}

static void first_free_block_that_is_large_enough_serves(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = rsvt_slob_cache(test, r, SLOB_SIZE),
			 *two = rsvt_slob_cache(test, r, 2 * SLOB_SIZE);
	void *object[12], *p;

	rsvt_objects_alloc(test, c, object, ARRAY_SIZE(object));
	/* Free blocks of one, two and three, freed from the last on: not in order of addresses. */
	rsvt_objects_free(c, object + 7, 3);
	rsvt_objects_free(c, object + 4, 2);
	rsv_cache_free(c, object[2]);

	p = rsvt_slob_alloc(test, two);
	KUNIT_EXPECT_PTR_EQ(test, p, object[4]);
	KUNIT_EXPECT_PTR_EQ(test, rsvt_slob_alloc(test, c), object[2]);
	KUNIT_EXPECT_PTR_EQ(test, rsvt_slob_alloc(test, c), object[7]);
	KUNIT_EXPECT_PTR_EQ(test, rsvt_slob_alloc(test, c), object[8]);
	KUNIT_EXPECT_PTR_EQ(test, rsvt_slob_alloc(test, c), object[9]);
	KUNIT_EXPECT_PTR_EQ(test, rsvt_slob_alloc(test, c), object[11] + SLOB_SIZE);
	rsv_cache_free(two, p);
	rsv_cache_free(c, object[11] + SLOB_SIZE);
	rsvt_objects_alloc(test, c, object + 4, 2);
	rsvt_objects_free(c, object, ARRAY_SIZE(object));
	rsvt_scratch_cache_end(test, two);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

static void **fill_slob_pages(struct kunit *test, struct rsv_cache *c, unsigned int pages)
{
	void **object = kunit_kcalloc(test, pages * SLOB_PER_PAGE, sizeof(*object), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, object);
	rsvt_objects_alloc(test, c, object, pages * SLOB_PER_PAGE);
	KUNIT_ASSERT_EQ(test, rsvt_heap_count(c->region).slob_pages, pages);
	/* The heap fills one slob page after the other. */
	for (i = 0; i < pages * SLOB_PER_PAGE; i++)
		KUNIT_ASSERT_PTR_EQ(test, rsvt_slob_page(c->region, object[i]),
				    rsvt_slob_page(c->region,
						   object[i / SLOB_PER_PAGE * SLOB_PER_PAGE]));
	return object;
}

/*
 * One slob page has room for one block, the other for three. The second one serves a request for
 * two, and the next search begins there, whichever of the two is first on the list.
 */
static void search_on(struct kunit *test, struct rsv_cache *c, struct rsv_cache *two, void **one,
		      void **three)
{
	void *p;

	rsv_cache_free(c, one[50]);
	rsvt_objects_free(c, three + 100, 3);
	p = rsvt_slob_alloc(test, two);
	KUNIT_EXPECT_PTR_EQ(test, p, three[100]);
	KUNIT_EXPECT_PTR_EQ(test, rsvt_slob_alloc(test, c), three[102]);
	KUNIT_EXPECT_PTR_EQ(test, rsvt_slob_alloc(test, c), one[50]);
	rsv_cache_free(two, p);
	rsvt_objects_alloc(test, c, three + 100, 2);
}

static void search_goes_on_where_the_last_one_ended(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = rsvt_slob_cache(test, r, SLOB_SIZE),
			 *two = rsvt_slob_cache(test, r, 2 * SLOB_SIZE);
	void **object = fill_slob_pages(test, c, 2);

	search_on(test, c, two, object, object + SLOB_PER_PAGE);
	search_on(test, c, two, object + SLOB_PER_PAGE, object);
	rsvt_objects_free(c, object, 2 * SLOB_PER_PAGE);
	rsvt_scratch_cache_end(test, two);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

/* --- Free blocks ---------------------------------------------------------------------------- */

static void freed_blocks_and_the_rest_of_the_slob_page_are_free(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = rsvt_slob_cache(test, r, SLOB_SIZE);
	void *object[10];

	rsvt_objects_alloc(test, c, object, ARRAY_SIZE(object));
	KUNIT_EXPECT_EQ(test, rsvt_free_block_bytes(r, object[9] + SLOB_SIZE),
			SLOB_PAGE_BYTES - SLOB_BEGIN - 10 * SLOB_SIZE);

	rsv_cache_free(c, object[6]);
	KUNIT_EXPECT_EQ(test, rsvt_free_block_bytes(r, object[6]), SLOB_SIZE);
	KUNIT_EXPECT_EQ(test, rsvt_free_block_bytes(r, object[5]), 0);
	rsvt_objects_free(c, object + 2, 2);
	KUNIT_EXPECT_EQ(test, rsvt_free_block_bytes(r, object[2]), 2 * SLOB_SIZE);
	KUNIT_EXPECT_EQ(test, rsvt_heap_count(r).free_bytes,
			SLOB_PAGE_BYTES - SLOB_BEGIN - 7 * SLOB_SIZE);

	rsvt_objects_alloc(test, c, object + 2, 2);
	rsvt_objects_alloc(test, c, object + 6, 1);
	rsvt_objects_free(c, object, ARRAY_SIZE(object));
}

#define BLOCKS	4
#define ORDERS	24

/* The nth permutation of BLOCKS blocks */
static void order_nth(unsigned int n, unsigned int *order)
{
	unsigned int left[BLOCKS], i, j, at;

	for (i = 0; i < BLOCKS; i++)
		left[i] = i;
	for (i = BLOCKS; i; i--) {
		at = n % i;
		n /= i;
		order[BLOCKS - i] = left[at];
		for (j = at; j + 1 < i; j++)
			left[j] = left[j + 1];
	}
}

static void neighbours_merge_in_whatever_order_they_are_given_back(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = rsvt_slob_cache(test, r, SLOB_SIZE);
	struct rsv_cache *all = rsvt_slob_cache(test, r, BLOCKS * SLOB_SIZE);
	void *object[BLOCKS + 2], **block = object + 1, *p;
	unsigned int n, i, order[BLOCKS];

	/* A used block on either side keeps them apart from other free blocks. */
	rsvt_objects_alloc(test, c, object, ARRAY_SIZE(object));
	for (n = 0; n < ORDERS; n++) {
		order_nth(n, order);
		for (i = 0; i < BLOCKS; i++)
			rsv_cache_free(c, block[order[i]]);
		KUNIT_EXPECT_EQ_MSG(test, rsvt_free_block_bytes(r, block[0]), BLOCKS * SLOB_SIZE,
				    "order %u", n);
		p = rsvt_slob_alloc(test, all);
		KUNIT_EXPECT_PTR_EQ_MSG(test, p, block[0], "order %u", n);
		rsv_cache_free(all, p);
		rsvt_objects_alloc(test, c, block, BLOCKS);
		KUNIT_EXPECT_PTR_EQ(test, block[BLOCKS - 1], block[0] + (BLOCKS - 1) * SLOB_SIZE);
	}
	rsvt_objects_free(c, object, ARRAY_SIZE(object));
	/* The slob page is one free block again. */
	KUNIT_EXPECT_EQ(test, rsvt_free_block_bytes(r, object[0]), SLOB_PAGE_BYTES - SLOB_BEGIN);
	rsvt_scratch_cache_end(test, all);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

/* The bytes that alignment skips become a free block that serves others. */
static void free_block_before_an_aligned_block_serves_others(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = rsvt_slob_cache(test, r, SLOB_SIZE);
	struct rsv_cache *aligned = rsvt_scratch_cache_flags(test, r, 192, 64, SLOB_FLAGS, NULL);
	void *first = rsvt_slob_alloc(test, c), *p = rsvt_slob_alloc(test, aligned),
	     *between = rsvt_slob_alloc(test, c);

	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)p, 64));
	KUNIT_EXPECT_PTR_EQ(test, p, rsvt_slob_base(r, p) + SLOB_BEGIN + 64);
	KUNIT_EXPECT_PTR_EQ(test, between, p + 192);
	rsv_cache_free(c, between);
	rsv_cache_free(aligned, p);
	KUNIT_EXPECT_EQ(test, rsvt_free_block_bytes(r, first + SLOB_SIZE),
			SLOB_PAGE_BYTES - SLOB_BEGIN - SLOB_SIZE);
	rsv_cache_free(c, first);
}

/* --- Lists and pages ------------------------------------------------------------------------ */

static void three_lists_keep_sizes_apart(struct kunit *test)
{
	static const unsigned int sizes[3][2] = {{40, 248}, {256, 1016}, {1024, 4088}};
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c[3][2];
	unsigned int i, j, other;
	void *object[3][2];

	for (i = 0; i < 3; i++)
		for (j = 0; j < 2; j++) {
			c[i][j] = rsvt_slob_cache(test, r, sizes[i][j]);
			object[i][j] = rsvt_slob_alloc(test, c[i][j]);
		}
	KUNIT_EXPECT_EQ(test, rsvt_heap_count(r).slob_pages, 3);
	for (i = 0; i < 3; i++) {
		other = (i + 1) % 3;
		KUNIT_EXPECT_PTR_EQ(test, rsvt_slob_page(r, object[i][0]),
				    rsvt_slob_page(r, object[i][1]));
		KUNIT_EXPECT_PTR_NE(test, rsvt_slob_page(r, object[i][0]),
				    rsvt_slob_page(r, object[other][0]));
	}
	for (i = 0; i < 3; i++)
		for (j = 0; j < 2; j++) {
			rsv_cache_free(c[i][j], object[i][j]);
			rsvt_scratch_cache_end(test, c[i][j]);
		}
	EXPECT_UNTOUCHED(test, r);
}

static void what_is_a_page_or_more_has_pages_of_its_own(struct kunit *test)
{
	static const unsigned int sizes[] = { PAGE_SIZE, PAGE_SIZE + 1, 7168, 20000 };
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	unsigned int i, pages;
	void *object[2];

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct rsv_cache *c = rsvt_slob_cache(test, r, sizes[i]);

		pages = DIV_ROUND_UP(sizes[i], PAGE_SIZE);
		rsvt_objects_alloc(test, c, object, 2);
		KUNIT_EXPECT_EQ(test, rsvt_heap_count(r).slob_pages, 0);
		KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), 64 - 2 * pages);
		KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(object[0]));
		KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(object[1]));
		EXPECT_SLABS(test, c, 2, 0, 0);
		rsvt_objects_free(c, object, 2);
		EXPECT_SLABS(test, c, 0, 0, 2);
		rsvt_scratch_cache_end(test, c);
		EXPECT_FREE_AREAS(test, r, [6] = 1);
	}
}

/* The red zone before the object fills the slab's first page; the free must find the slab. */
static void object_behind_its_slabs_first_page_is_taken_back(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = rsvt_scratch_cache_flags(test, r, PAGE_SIZE, PAGE_SIZE,
						       RSV_ENGINE_SLOB | RSV_RED_ZONE, NULL);
	void *object = rsvt_slob_alloc(test, c);

	KUNIT_EXPECT_PTR_NE(test, rsvt_slob_page(r, object),
			    rsv_frame_at(r->extents->at[0], object));
	rsvt_objects_free(c, &object, 1);
	EXPECT_SLABS(test, c, 0, 0, 1);
	rsvt_scratch_cache_end(test, c);
	EXPECT_FREE_AREAS(test, r, [6] = 1);
}

static void slob_pages_with_nothing_in_them_are_given_back(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = rsvt_slob_cache(test, r, SLOB_SIZE);
	void **object = fill_slob_pages(test, c, 5);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, rsvt_heap_count(r).pages, 5 * RSV_HEAP_PAGES);
	for (i = 0; i < 5; i++) {
		/* A slob page goes with its last used block. */
		rsvt_objects_free(c, object + i * SLOB_PER_PAGE, SLOB_PER_PAGE - 1);
		KUNIT_EXPECT_EQ(test, rsvt_heap_count(r).slob_pages,
				i < EMPTY_MAX ? 5 : 5 - i + EMPTY_MAX);
		rsv_cache_free(c, object[i * SLOB_PER_PAGE + SLOB_PER_PAGE - 1]);
		KUNIT_EXPECT_EQ(test, rsvt_heap_count(r).slob_pages,
				i < EMPTY_MAX ? 5 : 4 - i + EMPTY_MAX);
	}
	KUNIT_EXPECT_EQ(test, rsv_cache_shrink(c), EMPTY_MAX);
	KUNIT_EXPECT_EQ(test, rsvt_heap_count(r).pages, 0);
	KUNIT_EXPECT_EQ(test, rsvt_heap_count(r).free_bytes, 0);
	EXPECT_FREE_AREAS(test, r, [6] = 1);
}

/* A block that one cache freed serves any other cache of the region. */
static void all_caches_of_a_region_share_the_heap(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_region *other = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = rsvt_slob_cache(test, r, SLOB_SIZE),
			 *d = rsvt_slob_cache(test, r, SLOB_SIZE);
	struct rsv_cache *elsewhere = rsvt_slob_cache(test, other, SLOB_SIZE);
	void *p = rsvt_slob_alloc(test, c), *q;

	q = rsvt_slob_alloc(test, d);
	KUNIT_EXPECT_PTR_EQ(test, q, p + SLOB_SIZE);
	rsv_cache_free(c, p);
	KUNIT_EXPECT_PTR_EQ(test, rsvt_slob_alloc(test, d), p);
	KUNIT_EXPECT_EQ(test, rsvt_heap_count(r).slob_pages, 1);
	KUNIT_EXPECT_EQ(test, rsvt_heap_count(other).slob_pages, 0);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).total_objects, 0);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(d).total_objects, 2);
	rsv_cache_free(d, p);
	rsv_cache_free(d, q);
	q = rsvt_slob_alloc(test, elsewhere);
	KUNIT_EXPECT_EQ(test, rsvt_heap_count(other).slob_pages, 1);
	rsv_cache_free(elsewhere, q);
}

static struct kunit_case slob_cases[] = {
	KUNIT_CASE(blocks_lie_side_by_side),
	KUNIT_CASE(first_free_block_that_is_large_enough_serves),
	KUNIT_CASE(search_goes_on_where_the_last_one_ended),
	KUNIT_CASE(freed_blocks_and_the_rest_of_the_slob_page_are_free),
	KUNIT_CASE(neighbours_merge_in_whatever_order_they_are_given_back),
	KUNIT_CASE(free_block_before_an_aligned_block_serves_others),
	KUNIT_CASE(three_lists_keep_sizes_apart),
	KUNIT_CASE(what_is_a_page_or_more_has_pages_of_its_own),
	KUNIT_CASE(object_behind_its_slabs_first_page_is_taken_back),
	KUNIT_CASE(slob_pages_with_nothing_in_them_are_given_back),
	KUNIT_CASE(all_caches_of_a_region_share_the_heap),
	{}};

static struct kunit_suite slob_suite = {
	.name = "reservoir_slob",
	.init = rsvt_suite_init,
	.test_cases = slob_cases,
};

kunit_test_suite(slob_suite);
