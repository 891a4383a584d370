// SPDX-License-Identifier: GPL-2.0
/*
 * The hints: where memory has many extents, and where there are several regions, each free finds
 * its extent in the CPU's table. Extents that compete for one hint are found all the same, and
 * memory of nobody is not.
 */
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/prandom.h>
#include <linux/slab.h>

#include "objects/fastpath.h"
#include "pages/extent.h"
#include "pages/pagemap.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/suite.h"

#define EXTENTS		64
#define PIECE_ORDER	4	/* an extent of so many pages has a hint of its own */
#define SIZE		256
#define OBJECTS		(EXTENTS * (PAGE_SIZE << PIECE_ORDER) / SIZE / 2)
#define PAGES		(EXTENTS << PIECE_ORDER)

static unsigned int hint_of(const void *addr)
{
	return rsv_hint_of_addr((unsigned long)addr);
}

/* Makes an extent this CPU's hint for an address, as if it competed for it. */
static void set_hint(const void *addr, struct rsv_extent *e)
{
	this_cpu_write(rsv_hints[hint_of(addr)], e);
}

static bool has_hint(const void *addr)
{
	bool has;

	rcu_read_lock();
	has = rsv_hint_has(addr);
	rcu_read_unlock();
	return has;
}

static struct rsv_extent *extent_of(const void *addr)
{
	struct rsv_extent *e;

	rcu_read_lock();
	e = rsv_extent_find_addr(addr);
	rcu_read_unlock();
	return e;
}

/* Takes the lower half of @nr blocks of the system, so that no two of them are adjacent. */
static void take_pieces(struct kunit *test, unsigned int nr, unsigned int order,
			struct list_head *blocks)
{
	const unsigned int pages = 1U << order;
	unsigned int i;

	for (; nr; nr--) {
		struct page *page = alloc_pages(GFP_KERNEL, order + 1);

		KUNIT_EXPECT_NOT_NULL(test, page);
		if (!page)
			return;
		split_page(page, order + 1);
		set_page_private(page, pages);
		list_add_tail(&page->lru, blocks);
		for (i = pages; i < 2 * pages; i++)
			__free_page(page + i);
	}
}

/* A region of @nr extents of 2^@order pages each */
static struct rsv_region *region_of_pieces(struct kunit *test, unsigned int nr, unsigned int order)
{
	struct rsv_region *r = rsvt_scratch_region_or_skip(test, NULL, 0);
	LIST_HEAD(blocks);
	int err;

	rsvt_stay_on_this_cpu();
	take_pieces(test, nr, order, &blocks);
	mutex_lock(&r->shape_lock);
	err = rsv_extents_add(r, &blocks);
	mutex_unlock(&r->shape_lock);
	KUNIT_ASSERT_EQ(test, err, 0);
	KUNIT_ASSERT_EQ(test, r->nr_extents, nr);
	return r;
}

/* Whether another extent of the region has the same hint: blocks may lie 256 MB apart. */
static bool competes(struct rsv_region *r, const void *addr)
{
	const struct rsv_extent *own = extent_of(addr);
	unsigned int i;

	for (i = 0; i < r->nr_extents; i++) {
		const struct rsv_extent *e = r->extents->at[i];

		if (e != own && hint_of(e->base) == hint_of(addr))
			return true;
	}
	return false;
}

static void shuffle(void **entry, unsigned int nr)
{
	struct rnd_state random;
	unsigned int i, other;

	prandom_seed_state(&random, nr);
	for (i = 1; i < nr; i++) {
		other = prandom_u32_state(&random) % (i + 1);
		swap(entry[i], entry[other]);
	}
}

static void objects_of_many_extents_are_freed_fast(struct kunit *test)
{
	struct rsv_region *r = region_of_pieces(test, EXTENTS, PIECE_ORDER);
	struct rsv_cache *c = rsvt_scratch_cache_flags(test, r, SIZE, 0, 0, NULL);
	void **object = rsvt_objects_array(test, OBJECTS);
	unsigned int i, slow = 0, alone = 0;

	/* Twice, so that the CPU has a magazine */
	rsvt_objects_alloc(test, c, object, OBJECTS);
	rsvt_objects_free(c, object, OBJECTS);
	rsvt_objects_alloc(test, c, object, OBJECTS);
	shuffle(object, OBJECTS);
	/* The loaded magazine then has room for one object, and one object for each allocation. */
	for (i = 0; i < OBJECTS; i++) {
		rsv_cache_free(c, object[i]);
		object[i] = rsv_cache_alloc(c, GFP_KERNEL);
	}
	for (i = 0; i < OBJECTS; i++) {
		if (competes(r, object[i]))
			continue;
		alone++;
		if (rsv_free_fast(c, object[i]))
			object[i] = rsv_cache_alloc(c, GFP_KERNEL);
		else
			slow++;
	}
	KUNIT_EXPECT_GT(test, alone, OBJECTS / 2);
	KUNIT_EXPECT_EQ(test, slow, 0);
	rsvt_objects_free(c, object, OBJECTS);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).active_objects, 0);
}

static void pages_of_many_extents_have_their_hints(struct kunit *test)
{
	struct rsv_region *r = region_of_pieces(test, EXTENTS, PIECE_ORDER);
	struct page **pages = rsvt_pages_array(test, PAGES);
	unsigned long i, nr = rsvt_pages_alloc(r, GFP_KERNEL, 0, pages, PAGES), without = 0;

	/* The watermark keeps some. */
	KUNIT_EXPECT_GT(test, nr, PAGES / 4 * 3);
	shuffle((void **)pages, nr);
	rsvt_pages_free(pages, nr, 0);
	for (i = 0; i < nr; i++) {
		const struct rsv_extent *e = extent_of(page_address(pages[i]));
		unsigned long pfn = page_to_pfn(pages[i]);

		if (!competes(r, page_address(pages[i])) &&
		    raw_cpu_read(rsv_hints[rsv_hint_of_pfn(pfn)]) != e)
			without++;
	}
	KUNIT_EXPECT_EQ(test, without, 0);
	rsvt_settle(r);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), PAGES);
}

static void memory_of_two_regions_has_two_hints(struct kunit *test)
{
	struct rsv_region *r[] = { region_of_pieces(test, 2, PIECE_ORDER),
				   region_of_pieces(test, 2, PIECE_ORDER) };
	unsigned int i;
	void *p[2];

	for (i = 0; i < 2; i++) {
		p[i] = rsv_kmalloc(r[i], 100, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p[i]);
	}
	for (i = 0; i < 2; i++) {
		rsv_kfree(p[i]);
		p[i] = rsv_kmalloc(r[i], 100, GFP_KERNEL);
	}
	if (hint_of(p[0]) == hint_of(p[1]))
		kunit_skip(test, "the regions lie 256 MB apart");
	KUNIT_EXPECT_TRUE(test, has_hint(p[0]));
	KUNIT_EXPECT_TRUE(test, has_hint(p[1]));
	rsv_kfree(p[0]);
	rsv_kfree(p[1]);
}

/* The hint of each free is of another extent: the free finds its own one, and sets the hint. */
static void competing_extents_are_found(struct kunit *test)
{
	struct rsv_region *r = region_of_pieces(test, 2, PIECE_ORDER);
	struct rsv_region *others = region_of_pieces(test, 2, PIECE_ORDER);
	struct rsv_extent *other = others->extents->at[0];
	struct rsv_cache *c = rsvt_scratch_cache(test, r, SIZE, 0);
	struct page *page = rsv_alloc_pages(r, GFP_KERNEL, 0);
	void *object = rsv_cache_alloc(c, GFP_KERNEL), *p = rsv_kmalloc(r, 100, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_NOT_NULL(test, object);
	KUNIT_ASSERT_NOT_NULL(test, p);
	set_hint(object, other);
	rsv_cache_free(c, object);
	KUNIT_EXPECT_TRUE(test, has_hint(object));
	set_hint(object, other);
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_cache_free(c, object));
	set_hint(p, other);
	KUNIT_EXPECT_EQ(test, rsv_ksize(p), rsv_kmalloc_size_roundup(r, 100));
	set_hint(p, other);
	rsv_kfree(p);
	KUNIT_EXPECT_TRUE(test, has_hint(p));
	set_hint(p, other);
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_kfree(p));
	set_hint(page_address(page), other);
	__rsv_free_pages(page, 0);
	KUNIT_EXPECT_TRUE(test, has_hint(page_address(page)));
	set_hint(page_address(page), other);
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, __rsv_free_pages(page, 0));
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).active_objects, 0);
}

static void memory_of_nobody_is_found_by_no_hint(struct kunit *test)
{
	struct rsv_region *r = region_of_pieces(test, 2, PIECE_ORDER);
	struct rsv_extent *e = r->extents->at[0];
	struct rsv_cache *c = rsvt_scratch_cache(test, r, SIZE, 0);
	void *p = kmalloc(SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	set_hint(p, e);
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_cache_free(c, p));
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_kfree(p));
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_ksize(p));
	EXPECT_MISUSE(test, RSV_FOREIGN, __rsv_free_pages(virt_to_page(p), 0));
	/* The pages behind the extent are not the region's. */
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_kfree(e->base + e->bytes));
	kfree(p);
}

/* Extents of one page, of which many lie in the memory of one hint */
static void extents_smaller_than_a_hint_are_found(struct kunit *test)
{
	struct rsv_region *r = region_of_pieces(test, PAGES, 0);
	struct page **pages = rsvt_pages_array(test, PAGES);
	unsigned long nr = rsvt_pages_alloc(r, GFP_KERNEL, 0, pages, PAGES);

	KUNIT_EXPECT_GT(test, nr, PAGES / 4 * 3);
	shuffle((void **)pages, nr);
	rsvt_pages_free(pages, nr, 0);
	rsvt_settle(r);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), PAGES);
}

static bool is_hint(const struct rsv_extent *e)
{
	unsigned int cpu, i;

	for_each_possible_cpu(cpu)
		for (i = 0; i < RSV_HINTS; i++)
			if (*per_cpu_ptr(&rsv_hints[i], cpu) == e)
				return true;
	return false;
}

/* Whatever hints of whichever CPU an extent is in, none is left when its region has ended. */
static void extents_that_go_are_in_no_hint(struct kunit *test)
{
	struct rsv_region *r = region_of_pieces(test, 2, PIECE_ORDER), *rest;
	struct rsv_extent *gone = r->extents->at[1], *stays;
	unsigned int cpu, i;

	rest = region_of_pieces(test, 1, PIECE_ORDER);
	stays = rest->extents->at[0];
	for_each_possible_cpu(cpu)
		for (i = 0; i < RSV_HINTS; i += 2) {
			*per_cpu_ptr(&rsv_hints[i], cpu) = gone;
			*per_cpu_ptr(&rsv_hints[i + 1], cpu) = stays;
		}
	rsvt_scratch_region_end(test, r);
	KUNIT_EXPECT_FALSE(test, is_hint(gone));
	KUNIT_EXPECT_TRUE(test, is_hint(stays));
	KUNIT_EXPECT_PTR_EQ(test, raw_cpu_read(rsv_hints[RSV_HINTS - 1]), stays);
}

static struct kunit_case pagemap_cases[] = {
	KUNIT_CASE(objects_of_many_extents_are_freed_fast),
	KUNIT_CASE(pages_of_many_extents_have_their_hints),
	KUNIT_CASE(memory_of_two_regions_has_two_hints),
	KUNIT_CASE(competing_extents_are_found),
	KUNIT_CASE(memory_of_nobody_is_found_by_no_hint),
	KUNIT_CASE(extents_smaller_than_a_hint_are_found),
	KUNIT_CASE(extents_that_go_are_in_no_hint),
	{}
};

static struct kunit_suite pagemap_suite = {
	.name = "reservoir_pagemap",
	.init = rsvt_suite_init,
	.test_cases = pagemap_cases,
};

kunit_test_suite(pagemap_suite);
