// SPDX-License-Identifier: GPL-2.0
/*
 * Placement of blocks in the buddy system: the choice among several free blocks decides how many
 * large blocks stay free. One test compares the region with a buddy system without placement.
 */
#include <linux/bitops.h>
#include <linux/list.h>
#include <linux/prandom.h>

#include "pages/zonelist.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/scratch.h"
#include "support/suite.h"

#define ARENA_ORDER	9
#define ARENA_PAGES	512U /* one block */
#define ARENA_BLOCKS	200U
#define ARENA_STEPS	100000U

/* Free pages in blocks of at least this order count as whole. */
#define LARGE_ORDER	4

/**
 * struct lifo - a buddy system without placement, to compare with: a freed block goes to the head
 *	of its free area, and a request takes the block at the head
 * @area: free blocks by order
 * @block: by page: list node in a free area, and the order of the free block that begins at the
 *	page, or -1
 */
struct lifo {
	struct list_head area[ARENA_ORDER + 1];
	struct {
		struct list_head link;
		int order;
	} block[ARENA_PAGES];
};

static void lifo_insert(struct lifo *l, unsigned int page, int order)
{
	l->block[page].order = order;
	list_add(&l->block[page].link, &l->area[order]);
}

static void lifo_free(struct lifo *l, unsigned int page, int order)
{
	for (; order < ARENA_ORDER; order++) {
		unsigned int buddy = page ^ (1U << order);

		if (l->block[buddy].order != order)
			break;
		list_del(&l->block[buddy].link);
		l->block[buddy].order = -1;
		page &= ~(1U << order);
	}
	lifo_insert(l, page, order);
}

static int lifo_alloc(struct lifo *l, int order)
{
	int from = order, page;

	while (from <= ARENA_ORDER && list_empty(&l->area[from]))
		from++;
	if (from > ARENA_ORDER)
		return -1;
	page = container_of(l->area[from].next, typeof(l->block[0]), link) - l->block;
	list_del(&l->block[page].link);
	l->block[page].order = -1;
	while (from-- > order)
		lifo_insert(l, page + (1U << from), from);
	return page;
}

static struct lifo *new_lifo(struct kunit *test)
{
	struct lifo *l = kunit_kzalloc(test, sizeof(*l), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, l);
	for (i = 0; i <= ARENA_ORDER; i++)
		INIT_LIST_HEAD(&l->area[i]);
	for (i = 0; i < ARENA_PAGES; i++)
		l->block[i].order = -1;
	lifo_insert(l, 0, ARENA_ORDER);
	return l;
}

static unsigned long lifo_whole(const struct lifo *l)
{
	unsigned long pages = 0;
	unsigned int i;

	for (i = 0; i < ARENA_PAGES; i++)
		if (l->block[i].order >= LARGE_ORDER)
			pages += 1UL << l->block[i].order;
	return pages;
}

static unsigned long region_whole(struct rsv_region *r)
{
	struct rsv_zone *z = rsv_zone_nth(r, 0);
	unsigned long pages = 0;
	unsigned int order;

	for (order = LARGE_ORDER; order <= ARENA_ORDER; order++)
		pages += z->area[order].nr_free << order;
	return pages;
}

/**
 * struct arena - the same blocks in a region and in a lifo
 * @r: the region
 * @l: the lifo
 * @page: the region's block, or NULL
 * @at: the lifo's block, or -1
 * @order: the order of both
 */
struct arena {
	struct rsv_region *r;
	struct lifo *l;
	struct page *page[ARENA_BLOCKS];
	int at[ARENA_BLOCKS];
	int order[ARENA_BLOCKS];
};

static void arena_step(struct arena *a, struct rnd_state *random)
{
	unsigned int i = prandom_u32_state(random) % ARENA_BLOCKS;
	u32 bits = prandom_u32_state(random);

	if (a->order[i] < 0) {
		/* Half of them are single pages, a quarter have two, and so on up to eight */
		a->order[i] = min_t(int, __ffs(bits | BIT(3)), 3);
		a->page[i] = rsv_alloc_pages(a->r, GFP_NOWAIT | __GFP_NOWARN, a->order[i]);
		a->at[i] = lifo_alloc(a->l, a->order[i]);
		return;
	}
	if (a->page[i])
		__rsv_free_pages(a->page[i], a->order[i]);
	if (a->at[i] >= 0)
		lifo_free(a->l, a->at[i], a->order[i]);
	a->order[i] = -1;
}

static const unsigned int seeds[] = { 1, 2, 3, 4, 5 };

static void seed_text(const unsigned int *seed, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "seed %u", *seed);
}

KUNIT_ARRAY_PARAM(seeds, seeds, seed_text);

/*
 * Both serve the same requests in the same order, and the region has more large free blocks on
 * average.
 */
static void placement_keeps_more_whole_than_last_in_first_out(struct kunit *test)
{
	struct arena *a = kunit_kzalloc(test, sizeof(*a), GFP_KERNEL);
	unsigned long whole = 0, lifo = 0;
	struct rnd_state random;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, a);
	a->r = rsvt_scratch_pages(test, ARENA_PAGES);
	rsvt_lists_off(a->r);
	a->l = new_lifo(test);
	prandom_seed_state(&random, *(const unsigned int *)test->param_value);
	memset(a->order, -1, sizeof(a->order));
	for (i = 0; i < ARENA_STEPS; i++) {
		arena_step(a, &random);
		if (i % 16)
			continue;
		whole += region_whole(a->r);
		lifo += lifo_whole(a->l);
	}
	kunit_info(test, "free in blocks of 64 KB and more: %lu pages, last in first out %lu\n",
		   whole / (ARENA_STEPS / 16), lifo / (ARENA_STEPS / 16));
	KUNIT_EXPECT_GT(test, whole, lifo);
	for (i = 0; i < ARENA_BLOCKS; i++)
		if (a->order[i] >= 0 && a->page[i])
			__rsv_free_pages(a->page[i], a->order[i]);
	EXPECT_FREE_AREAS(test, a->r, [ARENA_ORDER] = 1);
}

/* The slice of the zone in which a page lies */
static unsigned long slice_of(struct rsv_region *r, struct page *page)
{
	return rsvt_scratch_page(r, page_address(page)) >> rsv_zone_nth(r, 0)->slice_order;
}

/* Every second page is free. The pages that were freed first serve first, as they lie lowest. */
static void requests_get_the_lowest_slice(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, ARENA_PAGES);
	struct page **page = rsvt_pages_array(test, ARENA_PAGES);
	unsigned int i;

	rsvt_lists_off(r);
	KUNIT_ASSERT_EQ(test, rsvt_pages_alloc(r, GFP_KERNEL, 0, page, ARENA_PAGES), ARENA_PAGES);
	for (i = 0; i < ARENA_PAGES; i += 2)
		__rsv_free_pages(page[i], 0);
	EXPECT_FREE_AREAS(test, r, [0] = ARENA_PAGES / 2);
	for (i = 0; i < ARENA_PAGES; i += 2) {
		page[i] = rsv_alloc_pages(r, GFP_KERNEL, 0);
		KUNIT_ASSERT_NOT_NULL(test, page[i]);
		KUNIT_EXPECT_EQ(test, slice_of(r, page[i]), i / (ARENA_PAGES / RSV_SLICES));
	}
	rsvt_pages_free(page, ARENA_PAGES, 0);
	EXPECT_FREE_AREAS(test, r, [ARENA_ORDER] = 1);
}

/* Within a slice the page that was freed last serves first. */
static void within_a_slice_the_last_page_in_is_the_first_out(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, ARENA_PAGES);
	const unsigned int nr = ARENA_PAGES / RSV_SLICES;
	struct page **page = rsvt_pages_array(test, ARENA_PAGES);
	unsigned int i;

	rsvt_lists_off(r);
	KUNIT_ASSERT_EQ(test, rsvt_pages_alloc(r, GFP_KERNEL, 0, page, ARENA_PAGES), ARENA_PAGES);
	for (i = 0; i < nr; i += 2)
		__rsv_free_pages(page[i], 0);
	for (i = nr; i; i -= 2)
		KUNIT_EXPECT_PTR_EQ(test, rsv_alloc_pages(r, GFP_KERNEL, 0), page[i - 2]);
	rsvt_pages_free(page, ARENA_PAGES, 0);
}

/* The upper halves of a block that is split are sorted in by where they lie. */
static void parts_of_a_split_block_serve_the_lowest_first(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, ARENA_PAGES);
	struct page *low, *half, *page[3];
	unsigned int i;

	rsvt_lists_off(r);
	half = rsv_alloc_pages(r, GFP_KERNEL, ARENA_ORDER - 1);
	low = rsv_alloc_pages(r, GFP_KERNEL, 0);
	KUNIT_ASSERT_NOT_NULL(test, half);
	KUNIT_ASSERT_NOT_NULL(test, low);
	/* A quarter of the upper half is the smallest that serves. Then the lower half splits. */
	__rsv_free_pages(half, ARENA_ORDER - 1);
	for (i = 0; i < ARRAY_SIZE(page); i++) {
		page[i] = rsv_alloc_pages(r, GFP_KERNEL, ARENA_ORDER - 2);
		KUNIT_ASSERT_NOT_NULL(test, page[i]);
	}
	KUNIT_EXPECT_EQ(test, slice_of(r, page[0]), RSV_SLICES * 3 / 4);
	KUNIT_EXPECT_EQ(test, slice_of(r, page[1]), 0);
	KUNIT_EXPECT_EQ(test, slice_of(r, page[2]), RSV_SLICES / 4);
	for (i = 0; i < ARRAY_SIZE(page); i++)
		__rsv_free_pages(page[i], ARENA_ORDER - 2);
	__rsv_free_pages(low, 0);
	EXPECT_FREE_AREAS(test, r, [ARENA_ORDER] = 1);
}

/* Blocks that are free when the zone gets larger slices are found, removed and merged as before. */
static void slices_cover_a_zone_that_grows(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, ARENA_PAGES);
	struct rsv_reserve want = { .flags = RSV_RESERVE_CONTIG };
	struct page **page = rsvt_pages_array(test, 8 * ARENA_PAGES);
	struct rsv_zone *z = rsv_zone_nth(r, 0);
	struct free_areas grown;
	unsigned long nr, i;

	KUNIT_ASSERT_EQ(test, rsvt_pages_alloc(r, GFP_KERNEL, 0, page, ARENA_PAGES), ARENA_PAGES);
	for (i = 0; i < ARENA_PAGES; i += 2)
		__rsv_free_pages(page[i], 0);
	rsvt_settle(r);
	for (want.bytes = PAGE_SIZE; r->nr_pages < 3 * ARENA_PAGES; want.bytes *= 2) {
		KUNIT_ASSERT_EQ(test, rsv_region_grow(r, &want), 0);
		KUNIT_EXPECT_LT(test, (z->end_offset - 1 - z->first_offset) >> z->slice_order,
				RSV_SLICES);
	}
	KUNIT_EXPECT_GE(test, z->end_offset - z->first_offset, z->nr_pages);
	for (i = 1; i < ARENA_PAGES; i += 2)
		__rsv_free_pages(page[i], 0);
	rsvt_settle(r);
	rsvt_free_areas_read(test, r, &grown);
	KUNIT_EXPECT_GE(test, grown.count[ARENA_ORDER], 1);

	nr = rsvt_pages_alloc(r, GFP_KERNEL | __GFP_HIGH, 0, page, 8 * ARENA_PAGES);
	KUNIT_EXPECT_EQ(test, nr, r->nr_pages);
	EXPECT_FREE_AREAS(test, r);
	rsvt_pages_free(page, nr, 0);
	rsvt_settle(r);
	EXPECT_SAME_AREAS(test, r, &grown);
}

static struct kunit_case placement_cases[] = {
	KUNIT_CASE(requests_get_the_lowest_slice),
	KUNIT_CASE(within_a_slice_the_last_page_in_is_the_first_out),
	KUNIT_CASE(parts_of_a_split_block_serve_the_lowest_first),
	KUNIT_CASE(slices_cover_a_zone_that_grows),
	KUNIT_CASE_PARAM(placement_keeps_more_whole_than_last_in_first_out, seeds_gen_params),
	{}};

static struct kunit_suite placement_suite = {
	.name = "reservoir_buddy_placement",
	.init = rsvt_suite_init,
	.test_cases = placement_cases,
};

kunit_test_suite(placement_suite);
