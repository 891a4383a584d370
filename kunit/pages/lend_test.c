// SPDX-License-Identifier: GPL-2.0
/*
 * Regions that grow and shrink while they are used, and regions that lend memory to the system:
 * used blocks do not move, a hole serves no request and accepts no free, and lent memory comes
 * back.
 */
#include <linux/mm.h>
#include <linux/shrinker.h>
#include <linux/string.h>

#include "interface/query.h"
#include "pages/lend.h"
#include "pages/pagemap.h"
#include "pages/zonelist.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/map.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/suite.h"

/* The unit in which memory goes back: a pageblock of the kernel, or a chunk of the page map */
#define BLOCK_ORDER	max_t(unsigned int, pageblock_order, RSV_CHUNK_ORDER)
#define BLOCK_PAGES	BIT(BLOCK_ORDER)
#define BLOCK_BYTES	(BLOCK_PAGES * PAGE_SIZE)

/* --- Shrinking ------------------------------------------------------------------------------ */

static void shrinking_gives_back_whole_blocks_and_no_more_than_asked(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, 4 * BLOCK_BYTES);

	KUNIT_EXPECT_EQ(test, rsv_region_shrink(r, 0), 0);
	KUNIT_EXPECT_EQ(test, rsv_region_shrink(r, BLOCK_BYTES - 1), 0);
	KUNIT_EXPECT_EQ(test, rsvt_query_region(r).bytes, 4 * BLOCK_BYTES);
	KUNIT_EXPECT_EQ(test, rsv_region_shrink(r, 2 * BLOCK_BYTES - 1), BLOCK_BYTES);
	KUNIT_EXPECT_EQ(test, rsv_region_shrink(r, 2 * BLOCK_BYTES), 2 * BLOCK_BYTES);
	KUNIT_EXPECT_EQ(test, rsvt_query_region(r).bytes, BLOCK_BYTES);
	KUNIT_EXPECT_EQ(test, rsv_region_shrink(r, SIZE_MAX), BLOCK_BYTES);
	KUNIT_EXPECT_EQ(test, rsv_region_shrink(r, SIZE_MAX), 0);
}

/* One used page in each of the region's blocks */
static void nothing_goes_from_around_what_is_in_use(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_areas(test, 4 * BLOCK_PAGES);
	struct page *block[4], *small[4];
	const char *areas, *map;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, rsvt_pages_alloc(r, GFP_ATOMIC, BLOCK_ORDER, block, 4), 4);
	for (i = 0; i < 4; i++) {
		__rsv_free_pages(block[i], BLOCK_ORDER);
		small[i] = rsv_alloc_pages(r, GFP_ATOMIC, BLOCK_ORDER - 1);
		KUNIT_ASSERT_NOT_NULL(test, small[i]);
		memset(page_address(small[i]), i + 1, BLOCK_BYTES / 2);
		/* The other half has to be used, so that the next page comes from another block. */
		block[i] = rsv_alloc_pages(r, GFP_ATOMIC, BLOCK_ORDER - 1);
		KUNIT_ASSERT_NOT_NULL(test, block[i]);
	}
	rsvt_pages_free(block, 4, BLOCK_ORDER - 1);
	areas = rsvt_free_areas_now(test, r);
	map = rsvt_map_text(test, r);
	KUNIT_EXPECT_EQ(test, rsv_region_shrink(r, SIZE_MAX), 0);
	KUNIT_EXPECT_STREQ(test, rsvt_free_areas_now(test, r), areas);
	EXPECT_MAP(test, r, map);
	for (i = 0; i < 4; i++) {
		void *p = page_address(small[i]);

		KUNIT_EXPECT_NULL(test, memchr_inv(p, i + 1, BLOCK_BYTES / 2));
		__rsv_free_pages(small[i], BLOCK_ORDER - 1);
	}
}

static void hole_is_seen_in_map_and_figures(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, 4 * BLOCK_BYTES);
	struct rsv_ioc_extent extent = {};
	struct rsv_ioc_info info;

	KUNIT_ASSERT_EQ(test, rsv_region_shrink(r, BLOCK_BYTES), BLOCK_BYTES);
	info = rsvt_query_region(r);
	KUNIT_EXPECT_EQ(test, info.bytes, 3 * BLOCK_BYTES);
	KUNIT_EXPECT_EQ(test, info.free_bytes, 3 * BLOCK_BYTES);
	KUNIT_EXPECT_EQ(test, info.nr_extents, 1);
	KUNIT_EXPECT_EQ(test, rsvt_map_count(test, r, RSV_MAP_HOLE), BLOCK_PAGES);
	KUNIT_EXPECT_EQ(test, rsvt_map_count(test, r, RSV_MAP_FREE), 3 * BLOCK_PAGES);
	KUNIT_EXPECT_EQ(test, rsvt_query_zone(test, r, 0)->pages, 3 * BLOCK_PAGES);
	KUNIT_EXPECT_EQ(test, rsv_query_extent(r, 0, &extent), 0);
	KUNIT_EXPECT_EQ(test, extent.bytes, 4 * BLOCK_BYTES);
	KUNIT_EXPECT_EQ(test, extent.lent_bytes, BLOCK_BYTES);
}

/* The first page of the first hole in the region's first extent */
static unsigned long hole_pfn(struct kunit *test, struct rsv_region *r)
{
	const char *map = rsvt_map_text(test, r);

	KUNIT_ASSERT_NOT_NULL(test, strchr(map, RSV_MAP_HOLE));
	return r->extents->at[0]->first + (strchr(map, RSV_MAP_HOLE) - map);
}

static void page_of_a_hole_is_foreign(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, 2 * BLOCK_BYTES);
	struct rsv_cache *c = rsvt_scratch_cache(test, r, 64, 0);
	struct page *page;
	void *addr;

	KUNIT_ASSERT_EQ(test, rsv_region_shrink(r, BLOCK_BYTES), BLOCK_BYTES);
	page = pfn_to_page(hole_pfn(test, r));
	addr = page_address(page);
	rcu_read_lock();
	KUNIT_EXPECT_NULL(test, rsv_frame_of_page(page));
	KUNIT_EXPECT_NULL(test, rsv_frame_of_page(page + BLOCK_PAGES - 1));
	KUNIT_EXPECT_NULL(test, rsv_extent_find_addr(addr));
	rcu_read_unlock();
	EXPECT_MISUSE(test, RSV_FOREIGN, __rsv_free_pages(page, 0));
	EXPECT_MISUSE(test, RSV_FOREIGN, __rsv_free_pages(page, BLOCK_ORDER));
	EXPECT_MISUSE(test, RSV_FOREIGN, __rsv_free_pages(page + 5, 9));
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_free_pages_exact(addr, BLOCK_BYTES));
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_kfree(addr));
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_cache_free(c, addr));
	KUNIT_EXPECT_EQ(test, rsvt_map_count(test, r, RSV_MAP_HOLE), BLOCK_PAGES);
	KUNIT_EXPECT_EQ(test, rsvt_query_region(r).free_bytes, BLOCK_BYTES);
}

/* The most pages in a row that are no hole */
static unsigned long longest_left(struct kunit *test, struct rsv_region *r)
{
	const char *map = rsvt_map_text(test, r);
	unsigned long longest = 0, length = 0;

	for (; *map; map++) {
		length = *map == RSV_MAP_HOLE ? 0 : length + 1;
		longest = max(longest, length);
	}
	return longest;
}

/* The remaining memory serves requests, and nothing merges across a hole. */
static void what_is_left_around_holes_can_all_be_had(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, 4 * BLOCK_BYTES);
	struct page **page = rsvt_pages_array(test, 4 * BLOCK_PAGES);
	struct free_areas left;
	unsigned long nr;
	size_t longest;
	void *p;

	/* Another block than the first, if there is one */
	page[0] = rsv_alloc_pages(r, GFP_ATOMIC, BLOCK_ORDER);
	KUNIT_ASSERT_NOT_NULL(test, page[0]);
	KUNIT_ASSERT_EQ(test, rsv_region_shrink(r, BLOCK_BYTES), BLOCK_BYTES);
	__rsv_free_pages(page[0], BLOCK_ORDER);
	rsvt_free_areas_read(test, r, &left);

	nr = rsvt_pages_alloc(r, GFP_KERNEL | __GFP_HIGH, 0, page, 4 * BLOCK_PAGES);
	KUNIT_EXPECT_EQ(test, nr, 3 * BLOCK_PAGES);
	KUNIT_EXPECT_EQ(test, rsvt_map_count(test, r, RSV_MAP_PAGES), nr);
	KUNIT_EXPECT_EQ(test, rsvt_map_count(test, r, RSV_MAP_HOLE), BLOCK_PAGES);
	rsvt_pages_free(page, nr, 0);
	rsvt_settle(r);
	EXPECT_SAME_AREAS(test, r, &left);
	longest = longest_left(test, r) * PAGE_SIZE;
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages_exact(r, longest + 1, GFP_KERNEL | __GFP_HIGH));
	p = rsv_alloc_pages_exact(r, longest, GFP_KERNEL | __GFP_HIGH);
	KUNIT_EXPECT_NOT_NULL(test, p);
	rsv_free_pages_exact(p, longest);
}

/* Pages on CPUs' lists and zeroed pages are free and do not hold a block. */
static void lists_and_empty_slabs_hold_no_block(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, 2 * BLOCK_BYTES);

	rsv_free_pages(rsv_get_zeroed_page(r, GFP_KERNEL), 0);
	rsv_kfree(rsv_kmalloc(r, 100, GFP_KERNEL));
	flush_work(&rsv_zone_nth(r, 0)->zero_work);
	KUNIT_EXPECT_LT(test, rsvt_region_free_pages(r), 2 * BLOCK_PAGES);
	KUNIT_EXPECT_EQ(test, rsv_region_shrink(r, SIZE_MAX), 2 * BLOCK_BYTES);
}

static void extent_that_is_one_hole_is_removed(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, 2 * BLOCK_BYTES);
	unsigned long first = r->extents->at[0]->first;
	size_t metadata = rsvt_query_region(r).metadata_bytes;
	struct rsv_ioc_info info;

	KUNIT_ASSERT_EQ(test, rsv_region_shrink(r, SIZE_MAX), 2 * BLOCK_BYTES);
	info = rsvt_query_region(r);
	KUNIT_EXPECT_EQ(test, info.bytes, 0);
	KUNIT_EXPECT_EQ(test, info.free_bytes, 0);
	KUNIT_EXPECT_EQ(test, info.nr_extents, 0);
	KUNIT_EXPECT_LE(test, info.metadata_bytes,
			metadata - 2 * BLOCK_PAGES * sizeof(struct rsv_frame));
	KUNIT_EXPECT_NULL(test, r->extents->at[0]);
	rcu_read_lock();
	KUNIT_EXPECT_NULL(test, rsv_extent_find(first));
	KUNIT_EXPECT_NULL(test, rsv_extent_find(first + 2 * BLOCK_PAGES - 1));
	rcu_read_unlock();
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP_KERNEL, 0));
	KUNIT_EXPECT_NULL(test, rsv_vmalloc(r, 1));
}

/* --- Growing -------------------------------------------------------------------------------- */

static void growing_moves_nothing_and_adds_what_was_asked(struct kunit *test)
{
	struct rsv_reserve want = { .bytes = SZ_1M, .flags = RSV_RESERVE_CONTIG };
	struct rsv_region *r = rsvt_scratch_pages(test, 64);
	struct page **page = rsvt_pages_array(test, 1024);
	unsigned long nr, i;

	nr = rsvt_pages_alloc(r, GFP_KERNEL, 0, page, 64);
	KUNIT_ASSERT_EQ(test, nr, 64);
	for (i = 0; i < nr; i++)
		memset(page_address(page[i]), i, PAGE_SIZE);

	KUNIT_ASSERT_EQ(test, rsv_region_grow(r, &want), 0);
	KUNIT_EXPECT_EQ(test, rsvt_query_region(r).bytes, SZ_1M + SZ_256K);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_bytes(r), SZ_1M);
	KUNIT_EXPECT_EQ(test, rsvt_query_region(r).nr_extents, 2);
	KUNIT_EXPECT_EQ(test, rsvt_map_count(test, r, RSV_MAP_PAGES), 64);
	nr += rsvt_pages_alloc(r, GFP_KERNEL, 0, page + nr, 1024 - nr);
	KUNIT_EXPECT_EQ(test, nr, (SZ_1M + SZ_256K) / PAGE_SIZE);

	for (i = 0; i < 64; i++)
		KUNIT_EXPECT_NULL(test, memchr_inv(page_address(page[i]), i, PAGE_SIZE));
	rsvt_pages_free(page, nr, 0);
	rsvt_settle(r);
	EXPECT_FREE_AREAS(test, r, [6] = 1, [8] = 1);
}

static const struct rsv_reserve bad_wishes[] = {
	{ .bytes = 0 },
	{ .bytes = SIZE_MAX },
	{ .bytes = PAGE_SIZE, .flags = BIT(30) },
	{ .bytes = PAGE_SIZE, .zone = 77 },
	{ .bytes = PAGE_SIZE, .shared = PAGE_SIZE },
	{ .bytes = PAGE_SIZE, .flags = RSV_RESERVE_NODE, .nid = -1 },
};

static void growing_is_refused_as_a_whole(struct kunit *test)
{
	struct rsv_reserve much = { .bytes = (size_t)totalram_pages() * PAGE_SIZE };
	struct rsv_region *r = rsvt_scratch_pages(test, 16);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad_wishes); i++)
		KUNIT_EXPECT_EQ(test, rsv_region_grow(r, &bad_wishes[i]), -EINVAL);
	KUNIT_EXPECT_EQ(test, rsv_region_grow(r, &much), -ENOMEM);
	KUNIT_EXPECT_EQ(test, rsvt_query_region(r).bytes, SZ_64K);
	EXPECT_FREE_AREAS(test, r, [4] = 1);
}

/* The watermarks of a zone follow its new size. */
static void marks_and_lists_follow_the_size(struct kunit *test)
{
	struct rsv_reserve want = { .bytes = 4 * BLOCK_BYTES };
	struct rsv_region *r = rsvt_scratch_pages(test, 32);
	struct rsv_zone *z = rsv_zone_nth(r, 0);

	want.flags = RSV_RESERVE_CONTIG | RSV_RESERVE_NODE;
	want.nid = z->nid;
	KUNIT_EXPECT_EQ(test, z->min_pages, 0);
	KUNIT_EXPECT_EQ(test, z->pcp_high[0], 0);
	KUNIT_ASSERT_EQ(test, rsv_region_grow(r, &want), 0);
	if (rsv_zone_nth(r, 1))
		kunit_skip(test, "the memory came from another zone");
	KUNIT_EXPECT_EQ(test, z->nr_pages, 32 + 4 * BLOCK_PAGES);
	KUNIT_EXPECT_GT(test, z->min_pages, 0);
	KUNIT_EXPECT_GT(test, z->low_pages, z->min_pages);
	KUNIT_EXPECT_GT(test, z->zeroed_high, 0);
	/* With many CPUs the share of each is too small for a list. */
	KUNIT_EXPECT_EQ(test, z->pcp_high[0] > 0, z->nr_pages / (4 * num_possible_cpus()) >= 2);

	__rsv_free_pages(rsv_alloc_pages(r, GFP_KERNEL, 0), 0);
	KUNIT_EXPECT_EQ(test, rsv_region_shrink(r, SIZE_MAX), 4 * BLOCK_BYTES);
	KUNIT_EXPECT_EQ(test, z->min_pages, 0);
	KUNIT_EXPECT_EQ(test, z->pcp_high[0], 0);
	/* No list takes a page any more that could before. */
	__rsv_free_pages(rsv_alloc_pages(r, GFP_KERNEL, 0), 0);
	EXPECT_FREE_AREAS(test, r, [5] = 1);
}

/* The largest block may be larger than any before, and requests for that order begin to succeed. */
static void grown_region_gives_larger_blocks(struct kunit *test)
{
	struct rsv_reserve want = { .bytes = SZ_1M, .flags = RSV_RESERVE_CONTIG };
	struct rsv_region *r = rsvt_scratch_pages(test, 4);
	struct page *page;

	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP_KERNEL, 8));
	KUNIT_EXPECT_EQ(test, rsvt_query_region(r).largest_block, 4 * PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, rsv_region_grow(r, &want), 0);
	KUNIT_EXPECT_EQ(test, rsvt_query_region(r).largest_block, SZ_1M);
	page = rsv_alloc_pages(r, GFP_KERNEL, 8);
	KUNIT_ASSERT_NOT_NULL(test, page);
	__rsv_free_pages(page, 8);
}

/* --- Both, again and again ------------------------------------------------------------------ */

/*
 * Grows the region page by page until a page comes that lies in the hole of its first extent: the
 * system first allocates the pages that it got last. All other pages are used then and are in
 * @page. Returns their number.
 */
static unsigned long refill_hole(struct kunit *test, struct rsv_region *r, struct page **page)
{
	struct rsv_reserve want = { .bytes = PAGE_SIZE };
	unsigned long hole = hole_pfn(test, r), nr;

	for (nr = 0; nr < 512; nr++) {
		KUNIT_ASSERT_EQ(test, rsv_region_grow(r, &want), 0);
		page[nr] = rsv_alloc_pages(r, GFP_ATOMIC, 0);
		KUNIT_ASSERT_NOT_NULL(test, page[nr]);
		if (page_to_pfn(page[nr]) - hole < BLOCK_PAGES)
			break;
	}
	if (nr < 512) {
		__rsv_free_pages(page[nr], 0);
		rsvt_settle(r);
	}
	return nr;
}

/*
 * Memory that went back may return as an extent inside the hole of the first one. A lookup must
 * find each page in the extent that it belongs to now.
 */
static void memory_that_comes_again_is_found_where_it_is_now(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, 2 * BLOCK_BYTES);
	struct rsv_cache *c = rsvt_scratch_cache_flags(test, r, 512, 0, RSV_NO_MAGAZINE, NULL);
	struct page **page = rsvt_pages_array(test, 512), *rest;
	void *object, *p;
	unsigned long nr;

	rest = rsv_alloc_pages(r, GFP_ATOMIC, BLOCK_ORDER);
	KUNIT_ASSERT_NOT_NULL(test, rest);
	KUNIT_ASSERT_EQ(test, rsv_region_shrink(r, BLOCK_BYTES), BLOCK_BYTES);
	nr = refill_hole(test, r, page);
	if (nr < 512) {
		object = rsv_cache_alloc(c, GFP_ATOMIC);
		KUNIT_EXPECT_NOT_NULL(test, object);
		KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), 0);
		KUNIT_EXPECT_EQ(test, rsv_ksize(object), 512);
		rsv_cache_free(c, object);
		rsvt_settle(r);
		p = rsv_kmalloc(r, 100, GFP_ATOMIC);
		KUNIT_EXPECT_NOT_NULL(test, p);
		rsv_kfree(p);
		rsvt_settle(r);
		EXPECT_FREE_AREAS(test, r, [0] = 1);
	}
	rsvt_pages_free(page, nr, 0);
	__rsv_free_pages(rest, BLOCK_ORDER);
	if (nr == 512)
		kunit_skip(test, "the system did not give the same memory again");
}

/* The system has the pages of a hole, also after the region is destroyed. */
static void region_with_holes_gives_back_only_what_it_has(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, 4 * BLOCK_BYTES);
	struct page **page = rsvt_pages_array(test, 512);
	unsigned long hole, nr, met = 0;

	rsvt_stay_on_this_cpu();
	KUNIT_ASSERT_EQ(test, rsv_region_shrink(r, 2 * BLOCK_BYTES), 2 * BLOCK_BYTES);
	hole = hole_pfn(test, r);
	/* The system first allocates the pages that it got last. */
	for (nr = 0; nr < 512; nr++) {
		page[nr] = alloc_pages_node(page_to_nid(pfn_to_page(hole)), GFP_KERNEL, 0);
		if (!page[nr])
			break;
		met += page_to_pfn(page[nr]) - hole < 2 * BLOCK_PAGES;
		memset(page_address(page[nr]), 0x77, PAGE_SIZE);
	}
	rsvt_scratch_region_end(test, r);
	while (nr--) {
		KUNIT_EXPECT_EQ(test, page_count(page[nr]), 1);
		KUNIT_EXPECT_NULL(test, memchr_inv(page_address(page[nr]), 0x77, PAGE_SIZE));
		__free_page(page[nr]);
	}
	if (!met)
		kunit_skip(test, "the system has not used the hole");
}

static void growing_and_shrinking_leaves_nothing_behind(struct kunit *test)
{
	struct rsv_reserve want = { .bytes = 2 * BLOCK_BYTES, .flags = RSV_RESERVE_CONTIG };
	struct rsv_region *r = rsvt_scratch_pages(test, 37);
	unsigned long addr = rsv_get_free_pages(r, GFP_KERNEL, 3);
	size_t metadata = 0;
	unsigned int i;

	KUNIT_ASSERT_NE(test, addr, 0);
	memset((void *)addr, 0x3c, 8 * PAGE_SIZE);
	for (i = 0; i < 30; i++) {
		KUNIT_ASSERT_EQ(test, rsv_region_grow(r, &want), 0);
		KUNIT_ASSERT_EQ(test, rsv_region_shrink(r, SIZE_MAX), 2 * BLOCK_BYTES);
		/* The table of extents has its final size after the first time. */
		metadata = metadata ?: rsvt_query_region(r).metadata_bytes;
	}
	KUNIT_EXPECT_EQ(test, rsvt_query_region(r).metadata_bytes, metadata);
	KUNIT_EXPECT_EQ(test, rsvt_query_region(r).bytes, 37 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, rsvt_query_region(r).nr_extents, 1);
	KUNIT_EXPECT_EQ(test, r->span, 37 + 2 * BLOCK_PAGES);
	KUNIT_EXPECT_NULL(test, memchr_inv((void *)addr, 0x3c, 8 * PAGE_SIZE));
	rsv_free_pages(addr, 3);
	EXPECT_FREE_AREAS(test, r, [0] = 1, [2] = 1, [5] = 1);
}

/* --- Lending -------------------------------------------------------------------------------- */

static void end_lending(void *region)
{
	rsv_lending_stop(region);
}

static struct rsv_region *lending_region(struct kunit *test, size_t bytes, size_t floor)
{
	struct rsv_region *r = rsvt_scratch_region(test, bytes);

	KUNIT_ASSERT_EQ(test, rsv_lending_start(r, floor), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, end_lending, r), 0);
	return r;
}

/* The call that the system makes when memory runs short */
static unsigned long lend_count(struct rsv_region *r)
{
	struct shrink_control sc = { .gfp_mask = GFP_KERNEL };
	struct shrinker *s = r->lending.shrinker;

	return s->count_objects(s, &sc);
}

static unsigned long lend(struct rsv_region *r, unsigned long nr_pages)
{
	struct shrink_control sc = { .gfp_mask = GFP_KERNEL, .nr_to_scan = nr_pages };
	struct shrinker *s = r->lending.shrinker;

	return s->scan_objects(s, &sc);
}

static void unused_memory_is_lent_down_to_the_floor(struct kunit *test)
{
	struct rsv_region *r = lending_region(test, 8 * BLOCK_BYTES, 3 * BLOCK_BYTES);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, lend_count(r), 5 * BLOCK_PAGES);
	for (i = 1; i <= 5; i++) {
		KUNIT_EXPECT_EQ(test, lend(r, 128), BLOCK_PAGES);
		KUNIT_EXPECT_EQ(test, rsvt_query_region(r).lent_bytes, i * BLOCK_BYTES);
		KUNIT_EXPECT_EQ(test, rsvt_query_region(r).bytes, (8 - i) * BLOCK_BYTES);
	}
	KUNIT_EXPECT_EQ(test, lend_count(r), SHRINK_EMPTY);
	KUNIT_EXPECT_EQ(test, lend(r, 128), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, rsvt_map_count(test, r, RSV_MAP_HOLE), 5 * BLOCK_PAGES);
}

static void what_was_lent_comes_again(struct kunit *test)
{
	struct rsv_region *r = lending_region(test, 4 * BLOCK_BYTES, 0);
	unsigned long addr = rsv_get_free_pages(r, GFP_KERNEL, 0);

	KUNIT_ASSERT_NE(test, addr, 0);
	memset((void *)addr, 0x3c, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, lend(r, 3 * BLOCK_PAGES), 3 * BLOCK_PAGES);
	/* The work runs later; the test does not wait for that time. */
	flush_delayed_work(&r->lending.take_back);
	KUNIT_EXPECT_EQ(test, rsvt_query_region(r).lent_bytes, 0);
	KUNIT_EXPECT_EQ(test, rsvt_query_region(r).bytes, 4 * BLOCK_BYTES);
	KUNIT_EXPECT_EQ(test, rsvt_map_count(test, r, RSV_MAP_PAGES), 1);
	KUNIT_EXPECT_NULL(test, memchr_inv((void *)addr, 0x3c, PAGE_SIZE));
	rsv_free_pages(addr, 0);
	rsvt_settle(r);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_bytes(r), 4 * BLOCK_BYTES);
}

/* Used memory, and blocks that are too small, are not offered. */
static void only_free_blocks_are_offered(struct kunit *test)
{
	struct rsv_region *r = lending_region(test, 2 * BLOCK_BYTES, 0);
	struct page *page[4];

	KUNIT_ASSERT_EQ(test, rsvt_pages_alloc(r, GFP_ATOMIC, BLOCK_ORDER - 1, page, 4), 4);
	__rsv_free_pages(page[0], BLOCK_ORDER - 1);
	KUNIT_EXPECT_EQ(test, lend_count(r), SHRINK_EMPTY);
	KUNIT_EXPECT_EQ(test, lend(r, 128), SHRINK_STOP);
	__rsv_free_pages(page[1], BLOCK_ORDER - 1);
	KUNIT_EXPECT_EQ(test, lend_count(r), BLOCK_PAGES);
	KUNIT_EXPECT_EQ(test, lend(r, 128), BLOCK_PAGES);
	rsvt_pages_free(page + 2, 2, BLOCK_ORDER - 1);
}

/* No CPU has such a block cached: the system would not learn of it. */
static void a_block_is_offered_as_soon_as_it_is_free(struct kunit *test)
{
	/* So many that a CPU could cache a block, if there is a list for its order */
	const unsigned int order = BLOCK_ORDER, nr = order < RSV_LISTED_ORDERS ? 32 : 4;
	struct rsv_region *r = lending_region(test, nr * BLOCK_BYTES, 0);
	struct page *page;

	rsvt_stay_on_this_cpu();
	page = rsv_alloc_pages(r, GFP_KERNEL, BLOCK_ORDER);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_EQ(test, lend_count(r), (nr - 1) * BLOCK_PAGES);
	__rsv_free_pages(page, BLOCK_ORDER);
	KUNIT_EXPECT_EQ(test, lend_count(r), nr * BLOCK_PAGES);
}

/* The shrinker may run inside an allocation that grows the region. */
static void lending_only_tries_the_lock(struct kunit *test)
{
	struct rsv_region *r = lending_region(test, 2 * BLOCK_BYTES, 0);
	unsigned long got;

	mutex_lock(&r->shape_lock);
	got = lend(r, 128);
	mutex_unlock(&r->shape_lock);
	KUNIT_EXPECT_EQ(test, got, SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, rsvt_query_region(r).bytes, 2 * BLOCK_BYTES);
}

/* Memory that comes back later could be of another zone. */
static void zone_that_was_named_is_not_lent(struct kunit *test)
{
	struct rsv_region *r = lending_region(test, 2 * BLOCK_BYTES, 0);
	struct rsv_zone *z = rsv_zone_nth(r, 0);

	z->named = true;
	KUNIT_EXPECT_EQ(test, lend_count(r), SHRINK_EMPTY);
	KUNIT_EXPECT_EQ(test, lend(r, 128), SHRINK_STOP);
	z->named = false;
	KUNIT_EXPECT_EQ(test, lend(r, 128), BLOCK_PAGES);
}

static struct kunit_case lend_cases[] = {
	KUNIT_CASE(shrinking_gives_back_whole_blocks_and_no_more_than_asked),
	KUNIT_CASE(nothing_goes_from_around_what_is_in_use),
	KUNIT_CASE(hole_is_seen_in_map_and_figures),
	KUNIT_CASE(page_of_a_hole_is_foreign),
	KUNIT_CASE(what_is_left_around_holes_can_all_be_had),
	KUNIT_CASE(lists_and_empty_slabs_hold_no_block),
	KUNIT_CASE(extent_that_is_one_hole_is_removed),
	KUNIT_CASE(growing_moves_nothing_and_adds_what_was_asked),
	KUNIT_CASE(growing_is_refused_as_a_whole),
	KUNIT_CASE(marks_and_lists_follow_the_size),
	KUNIT_CASE(grown_region_gives_larger_blocks),
	KUNIT_CASE(memory_that_comes_again_is_found_where_it_is_now),
	KUNIT_CASE(region_with_holes_gives_back_only_what_it_has),
	KUNIT_CASE(growing_and_shrinking_leaves_nothing_behind),
	KUNIT_CASE(unused_memory_is_lent_down_to_the_floor),
	KUNIT_CASE(what_was_lent_comes_again),
	KUNIT_CASE(only_free_blocks_are_offered),
	KUNIT_CASE(a_block_is_offered_as_soon_as_it_is_free),
	KUNIT_CASE(lending_only_tries_the_lock),
	KUNIT_CASE(zone_that_was_named_is_not_lent),
	{}};

/* Memory that comes back is then from the node of the first memory. */
static int lend_init(struct kunit *test)
{
	rsvt_stay_on_this_cpu();
	return rsvt_suite_init(test);
}

static struct kunit_suite lend_suite = {
	.name = "reservoir_lend",
	.init = lend_init,
	.test_cases = lend_cases,
};

kunit_test_suite(lend_suite);
