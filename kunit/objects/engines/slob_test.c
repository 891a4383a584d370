// SPDX-License-Identifier: GPL-2.0
/*
 * The engine SLOB: a heap of units, first fit in a unit and next fit among them, gaps with headers
 * that merge, three lists by size, pages for the large.
 */
#include <linux/string.h>

#include "objects/engine.h"
#include "objects/engines/slob_page.h"
#include "objects/heap.h"
#include "region.h"
#include "support/helpers.h"

/* Nothing in front of the engine */
#define FLAGS (RSV_ENGINE_SLOB | RSV_NO_MAGAZINE | RSV_CACHE_INTERNAL)

/* Units that stay although nothing is in them */
#define KEPT 2

/* Blocks of this size are what most tests have, and others a multiple of it. */
#define SIZE 40

/* A 64th of a unit tells where blocks begin, the rest is for them. */
#define UNIT	 (RSV_HEAP_PAGES * PAGE_SIZE)
#define BOOK	 (UNIT / 64)
#define PER_UNIT ((UNIT - BOOK) / SIZE)

static struct rsv_cache *heap_cache(struct kunit *test, struct rsv_region *r, unsigned int size)
{
	return scratch_cache_flags(test, r, size, 0, FLAGS, NULL);
}

static struct rsv_frame *unit_of(struct rsv_region *r, const void *object)
{
	struct rsv_extent *e = r->extents->at[0];

	return rsv_slab_head(e, rsv_frame_at(e, object));
}

static void *base_of(struct rsv_region *r, const void *object)
{
	return rsv_frame_addr(r->extents->at[0], unit_of(r, object));
}

static struct rsv_heap_figures heap_figures(struct rsv_region *r)
{
	struct rsv_heap_figures now;

	rsv_heap_count(r, &now);
	return now;
}

static void *take(struct kunit *test, struct rsv_cache *c)
{
	void *object;

	objects_take(test, c, &object, 1);
	return object;
}

/* What the header of a gap says of its length and where the next one begins, in bytes */
static size_t gap_bytes(const void *gap)
{
	u64 header;

	peek(&header, gap, sizeof(header));
	return (header & 0xffff) * RSV_SLOB_UNIT;
}

static size_t gap_next(const void *gap)
{
	u64 header;

	peek(&header, gap, sizeof(header));
	return (header >> 16 & 0xffff) * RSV_SLOB_UNIT;
}

/* --- Which gap serves ----------------------------------------------------------------------- */

/* Nothing stands between them: powers of two are aligned to their size side by side. */
static void blocks_lie_side_by_side(struct kunit *test)
{
	static const unsigned int sizes[] = {8, 24, 40, 64, 100, 256, 1000, 2048, 3000};
	struct rsv_region *r = scratch_region(test, SZ_256K);
	unsigned int i, j;
	void *object[4];

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct rsv_cache *c = heap_cache(test, r, sizes[i]);

		objects_take(test, c, object, ARRAY_SIZE(object));
		KUNIT_EXPECT_PTR_EQ(test, object[0], base_of(r, object[0]) + BOOK);
		for (j = 1; j < ARRAY_SIZE(object); j++)
			KUNIT_EXPECT_PTR_EQ(test, object[j],
					    object[j - 1] + round_up(sizes[i], RSV_SLOB_UNIT));
		objects_give(c, object, ARRAY_SIZE(object));
		scratch_cache_end(test, c);
	}
	EXPECT_UNTOUCHED(test, r);
}

static void first_gap_that_is_large_enough_serves(struct kunit *test)
{
	struct rsv_region *r = scratch_region(test, SZ_256K);
	struct rsv_cache *c = heap_cache(test, r, SIZE), *two = heap_cache(test, r, 2 * SIZE);
	void *object[12], *p;

	objects_take(test, c, object, ARRAY_SIZE(object));
	/* Gaps of one block, of two and of three, from the last on so that nothing looks sorted. */
	objects_give(c, object + 7, 3);
	objects_give(c, object + 4, 2);
	rsv_cache_free(c, object[2]);

	p = take(test, two);
	KUNIT_EXPECT_PTR_EQ(test, p, object[4]);
	KUNIT_EXPECT_PTR_EQ(test, take(test, c), object[2]);
	KUNIT_EXPECT_PTR_EQ(test, take(test, c), object[7]);
	KUNIT_EXPECT_PTR_EQ(test, take(test, c), object[8]);
	KUNIT_EXPECT_PTR_EQ(test, take(test, c), object[9]);
	KUNIT_EXPECT_PTR_EQ(test, take(test, c), object[11] + SIZE);
	rsv_cache_free(two, p);
	rsv_cache_free(c, object[11] + SIZE);
	objects_take(test, c, object + 4, 2);
	objects_give(c, object, ARRAY_SIZE(object));
	scratch_cache_end(test, two);
	scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

static void **take_units(struct kunit *test, struct rsv_cache *c, unsigned int units)
{
	void **object = kunit_kcalloc(test, units * PER_UNIT, sizeof(*object), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, object);
	objects_take(test, c, object, units * PER_UNIT);
	KUNIT_ASSERT_EQ(test, heap_figures(c->region).slob_pages, units);
	/* Units are filled one after the other. */
	for (i = 0; i < units * PER_UNIT; i++)
		KUNIT_ASSERT_PTR_EQ(test, unit_of(c->region, object[i]),
				    unit_of(c->region, object[i / PER_UNIT * PER_UNIT]));
	return object;
}

/*
 * One unit has room for one block, the other for three. What takes two goes to the second one, and
 * the search goes on from there, whichever of them is first on the list.
 */
static void search_on(struct kunit *test, struct rsv_cache *c, struct rsv_cache *two, void **one,
		      void **three)
{
	void *p;

	rsv_cache_free(c, one[50]);
	objects_give(c, three + 100, 3);
	p = take(test, two);
	KUNIT_EXPECT_PTR_EQ(test, p, three[100]);
	KUNIT_EXPECT_PTR_EQ(test, take(test, c), three[102]);
	KUNIT_EXPECT_PTR_EQ(test, take(test, c), one[50]);
	rsv_cache_free(two, p);
	objects_take(test, c, three + 100, 2);
}

static void search_goes_on_where_the_last_one_ended(struct kunit *test)
{
	struct rsv_region *r = scratch_region(test, SZ_256K);
	struct rsv_cache *c = heap_cache(test, r, SIZE), *two = heap_cache(test, r, 2 * SIZE);
	void **object = take_units(test, c, 2);

	search_on(test, c, two, object, object + PER_UNIT);
	search_on(test, c, two, object + PER_UNIT, object);
	objects_give(c, object, 2 * PER_UNIT);
	scratch_cache_end(test, two);
	scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

/* --- Gaps ----------------------------------------------------------------------------------- */

static void gap_says_how_long_it_is_and_where_the_next_one_begins(struct kunit *test)
{
	struct rsv_region *r = scratch_region(test, SZ_256K);
	struct rsv_cache *c = heap_cache(test, r, SIZE);
	void *object[10], *base;

	objects_take(test, c, object, ARRAY_SIZE(object));
	base = base_of(r, object[0]);
	KUNIT_EXPECT_EQ(test, gap_bytes(object[9] + SIZE), UNIT - BOOK - 10 * SIZE);
	KUNIT_EXPECT_EQ(test, gap_next(object[9] + SIZE), 0);

	rsv_cache_free(c, object[6]);
	KUNIT_EXPECT_EQ(test, gap_bytes(object[6]), SIZE);
	KUNIT_EXPECT_PTR_EQ(test, base + gap_next(object[6]), object[9] + SIZE);
	objects_give(c, object + 2, 2);
	KUNIT_EXPECT_EQ(test, gap_bytes(object[2]), 2 * SIZE);
	KUNIT_EXPECT_PTR_EQ(test, base + gap_next(object[2]), object[6]);
	KUNIT_EXPECT_EQ(test, heap_figures(r).free_bytes, UNIT - BOOK - 7 * SIZE);

	objects_take(test, c, object + 2, 2);
	objects_take(test, c, object + 6, 1);
	objects_give(c, object, ARRAY_SIZE(object));
}

#define BLOCKS 4
#define ORDERS 24

/* The nth order of BLOCKS blocks */
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
	struct rsv_region *r = scratch_region(test, SZ_256K);
	struct rsv_cache *c = heap_cache(test, r, SIZE);
	struct rsv_cache *all = heap_cache(test, r, BLOCKS * SIZE);
	void *object[BLOCKS + 2], **block = object + 1, *rest, *p;
	unsigned int n, i, order[BLOCKS];

	/* Between two that stay */
	objects_take(test, c, object, ARRAY_SIZE(object));
	rest = object[BLOCKS + 1] + SIZE;
	for (n = 0; n < ORDERS; n++) {
		order_nth(n, order);
		for (i = 0; i < BLOCKS; i++)
			rsv_cache_free(c, block[order[i]]);
		KUNIT_EXPECT_EQ_MSG(test, gap_bytes(block[0]), BLOCKS * SIZE, "order %u", n);
		KUNIT_EXPECT_PTR_EQ(test, base_of(r, rest) + gap_next(block[0]), rest);
		p = take(test, all);
		KUNIT_EXPECT_PTR_EQ_MSG(test, p, block[0], "order %u", n);
		rsv_cache_free(all, p);
		objects_take(test, c, block, BLOCKS);
		KUNIT_EXPECT_PTR_EQ(test, block[BLOCKS - 1], block[0] + (BLOCKS - 1) * SIZE);
	}
	objects_give(c, object, ARRAY_SIZE(object));
	/* All of the unit is one gap again. */
	KUNIT_EXPECT_EQ(test, gap_bytes(object[0]), UNIT - BOOK);
	scratch_cache_end(test, all);
	scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

/* What alignment skips becomes a gap that serves others. */
static void gap_before_an_aligned_block_serves_others(struct kunit *test)
{
	struct rsv_region *r = scratch_region(test, SZ_256K);
	struct rsv_cache *c = heap_cache(test, r, SIZE);
	struct rsv_cache *aligned = scratch_cache_flags(test, r, 192, 64, FLAGS, NULL);
	void *first = take(test, c), *p = take(test, aligned), *between = take(test, c);

	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)p, 64));
	KUNIT_EXPECT_PTR_EQ(test, p, base_of(r, p) + BOOK + 64);
	KUNIT_EXPECT_PTR_EQ(test, between, p + 192);
	rsv_cache_free(c, between);
	rsv_cache_free(aligned, p);
	KUNIT_EXPECT_EQ(test, gap_bytes(first + SIZE), UNIT - BOOK - SIZE);
	rsv_cache_free(c, first);
}

/* --- Gaps that were overwritten ------------------------------------------------------------- */

#define NR   10
#define LOST 4

/**
 * struct gap_saved - what a test needs to have an overwritten gap back
 * @header: its header
 * @word: what its unit said
 */
struct gap_saved {
	u64 header;
	union rsv_slob_word word;
};

/* Blocks side by side, and of one of them that was given back the header is overwritten. */
static struct gap_saved overwrite_gap(struct kunit *test, struct rsv_cache *c, void **object)
{
	const u64 junk = 0x6b6b6b6b6b6b6b6b;
	struct gap_saved saved;

	objects_take(test, c, object, NR);
	rsv_cache_free(c, object[LOST]);
	saved.word = rsv_slob_page_word(unit_of(c->region, object[0]));
	peek(&saved.header, object[LOST], sizeof(saved.header));
	poke(object[LOST], &junk, sizeof(junk));
	return saved;
}

/* Gaps that were given up, in a unit that has no other, are as they were. */
static void have_gaps_back(struct rsv_region *r, void **object, struct gap_saved saved)
{
	poke(object[LOST], &saved.header, sizeof(saved.header));
	/* The unit is on the list of full ones, until a block in it is given back. */
	saved.word.list = RSV_SLOB_LIST_FULL;
	unit_of(r, object[0])->slob = saved.word.word;
	r->heap->nodes[r->extents->at[0]->nid].free_units += saved.word.free_units;
}

static const char *report_unit(struct kunit *test, struct rsv_cache *c, const void *object,
			       const char *what)
{
	return report_text(test, "cache %s of region %s: slab at 0x%zx: %s", c->name,
			   c->region->name, scratch_offset(c->region, base_of(c->region, object)),
			   what);
}

/*
 * None of the unit's gaps serves any more, but the one that a block leaves which is given back
 * does, even beside what is lost. Only a test that knows what is lost can have it back.
 */
static void lost_gaps_stay_lost(struct kunit *test, struct rsv_cache *c, void **object,
				struct gap_saved saved)
{
	void **others = kunit_kcalloc(test, PER_UNIT, sizeof(*others), GFP_KERNEL);
	struct rsv_region *r = c->region;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, others);
	KUNIT_ASSERT_EQ(test, heap_figures(r).free_bytes, 0);
	objects_take(test, c, others, PER_UNIT);
	for (i = 0; i < PER_UNIT; i++)
		KUNIT_EXPECT_PTR_NE(test, base_of(r, others[i]), base_of(r, object[0]));
	objects_give(c, others, PER_UNIT);
	KUNIT_EXPECT_EQ(test, rsv_cache_shrink(c), 1);
	for (i = 0; i < NR; i++) {
		if (i == LOST)
			continue;
		rsv_cache_free(c, object[i]);
		KUNIT_EXPECT_EQ(test, gap_bytes(object[i]), SIZE);
		KUNIT_EXPECT_PTR_EQ(test, take(test, c), object[i]);
	}
	have_gaps_back(r, object, saved);
	rsv_cache_free(c, object[0]);
	KUNIT_EXPECT_PTR_EQ(test, take(test, c), object[0]);
	KUNIT_EXPECT_PTR_EQ(test, take(test, c), object[LOST]);
	objects_give(c, object, NR);
	scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

static void overwritten_gap_is_found_when_blocks_are_taken(struct kunit *test)
{
	struct rsv_region *r = scratch_region(test, SZ_256K);
	struct rsv_cache *c = heap_cache(test, r, SIZE);
	void *object[NR], *p;
	struct gap_saved saved;
	const char *lost;

	saved = overwrite_gap(test, c, object);
	lost = report_text(test, "%lu free objects are lost",
			   DIV_ROUND_UP(UNIT - BOOK - (NR - 1) * SIZE, SIZE));
	EXPECT_REPORT(test, RSV_CORRUPT, report_unit(test, c, object[0], lost), p = take(test, c));
	KUNIT_EXPECT_PTR_NE(test, base_of(r, p), base_of(r, object[0]));
	rsv_cache_free(c, p);
	KUNIT_EXPECT_EQ(test, rsv_cache_shrink(c), 1);
	lost_gaps_stay_lost(test, c, object, saved);
}

/* Once nobody has anything, what was lost goes back with the rest. */
static void lost_gaps_do_not_keep_the_region(struct kunit *test)
{
	struct rsv_region *r = scratch_region(test, SZ_256K);
	struct rsv_cache *c = heap_cache(test, r, SIZE);
	void *object[NR], *p = NULL;
	unsigned int i;

	overwrite_gap(test, c, object);
	EXPECT_MISUSE(test, RSV_CORRUPT, p = take(test, c));
	rsv_cache_free(c, p);
	for (i = 0; i < NR; i++)
		if (i != LOST && i)
			rsv_cache_free(c, object[i]);
	EXPECT_MISUSE(test, RSV_IN_USE, KUNIT_EXPECT_EQ(test, rsv_region_destroy(r), -EBUSY));
	rsv_cache_free(c, object[0]);
	scratch_cache_end(test, c);
	KUNIT_EXPECT_GT(test, heap_figures(r).pages, 0);
}

/* The same of free objects that keep their bytes, on the stack of their cache */
static void lost_stock_does_not_keep_the_region(struct kunit *test)
{
	const unsigned long junk = 0x6b6b6b6b;
	struct rsv_region *r = scratch_region(test, SZ_256K);
	struct rsv_cache *c = scratch_cache_flags(test, r, SIZE, 0, FLAGS | RSV_POISON, NULL);
	void *object[NR], *p = NULL;

	objects_take(test, c, object, NR);
	objects_give(c, object, NR);
	poke(object[LOST] + c->layout.mark, &junk, sizeof(junk));
	objects_take(test, c, object, NR - LOST - 1);
	EXPECT_MISUSE(test, RSV_CORRUPT, p = take(test, c));
	rsv_cache_free(c, p);
	objects_give(c, object, NR - LOST - 1);
	scratch_cache_end(test, c);
	KUNIT_EXPECT_GT(test, heap_figures(r).pages, 0);
}

/* The gap before what is given back, and the one behind it */
static void overwritten_gap_is_found_when_its_neighbour_is_given_back(struct kunit *test)
{
	static const unsigned int neighbours[] = {3, 5};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(neighbours); i++) {
		struct rsv_region *r = scratch_region(test, SZ_256K);
		struct rsv_cache *c = heap_cache(test, r, SIZE);
		void *object[NR], *block;
		struct gap_saved saved;
		const char *lost;

		saved = overwrite_gap(test, c, object);
		block = object[neighbours[i]];
		lost = report_text(test, "%lu free bytes of the heap are lost",
				   UNIT - BOOK - (NR - 1) * SIZE);
		EXPECT_REPORT(test, RSV_CORRUPT, report_unit(test, c, object[0], lost),
			      rsv_cache_free(c, block));
		/* It was taken back nevertheless. */
		KUNIT_EXPECT_EQ(test, gap_bytes(block), SIZE);
		KUNIT_EXPECT_EQ(test, gap_next(block), 0);
		KUNIT_EXPECT_EQ(test, heap_figures(r).free_bytes, SIZE);
		EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_cache_free(c, block));
		KUNIT_EXPECT_PTR_EQ(test, take(test, c), block);
		lost_gaps_stay_lost(test, c, object, saved);
	}
}

static void overwritten_gap_is_found_by_looking_through_the_unit(struct kunit *test)
{
	struct rsv_region *r = scratch_region(test, SZ_256K);
	struct rsv_cache *c = heap_cache(test, r, SIZE);
	struct rsv_extent *e = r->extents->at[0];
	void *object[NR];
	struct gap_saved saved;
	bool sound = true;

	saved = overwrite_gap(test, c, object);
	EXPECT_REPORT(test, RSV_CORRUPT,
		      report_unit(test, c, object[0], "the free blocks of the heap are wrong"),
		      sound = c->engine->verify(c, e, rsv_frame_at(e, object[0])));
	KUNIT_EXPECT_FALSE(test, sound);
	/* Nothing was given up for that. */
	poke(object[LOST], &saved.header, sizeof(saved.header));
	KUNIT_EXPECT_TRUE(test, c->engine->verify(c, e, rsv_frame_at(e, object[0])));
	KUNIT_EXPECT_PTR_EQ(test, take(test, c), object[LOST]);
	objects_give(c, object, NR);
	scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

/* --- Lists and pages ------------------------------------------------------------------------ */

static void three_lists_keep_sizes_apart(struct kunit *test)
{
	static const unsigned int sizes[3][2] = {{40, 248}, {256, 1016}, {1024, 4088}};
	struct rsv_region *r = scratch_region(test, SZ_256K);
	struct rsv_cache *c[3][2];
	unsigned int i, j, other;
	void *object[3][2];

	for (i = 0; i < 3; i++)
		for (j = 0; j < 2; j++) {
			c[i][j] = heap_cache(test, r, sizes[i][j]);
			object[i][j] = take(test, c[i][j]);
		}
	KUNIT_EXPECT_EQ(test, heap_figures(r).slob_pages, 3);
	for (i = 0; i < 3; i++) {
		other = (i + 1) % 3;
		KUNIT_EXPECT_PTR_EQ(test, unit_of(r, object[i][0]), unit_of(r, object[i][1]));
		KUNIT_EXPECT_PTR_NE(test, unit_of(r, object[i][0]), unit_of(r, object[other][0]));
	}
	for (i = 0; i < 3; i++)
		for (j = 0; j < 2; j++) {
			rsv_cache_free(c[i][j], object[i][j]);
			scratch_cache_end(test, c[i][j]);
		}
	EXPECT_UNTOUCHED(test, r);
}

static void what_is_a_page_or_more_has_pages_of_its_own(struct kunit *test)
{
	static const unsigned int sizes[] = {PAGE_SIZE, PAGE_SIZE + 1, 7168, 20000};
	struct rsv_region *r = scratch_region(test, SZ_256K);
	unsigned int i, pages;
	void *object[2];

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct rsv_cache *c = heap_cache(test, r, sizes[i]);

		pages = DIV_ROUND_UP(sizes[i], PAGE_SIZE);
		objects_take(test, c, object, 2);
		KUNIT_EXPECT_EQ(test, heap_figures(r).slob_pages, 0);
		KUNIT_EXPECT_EQ(test, region_free_pages(r), 64 - 2 * pages);
		KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(object[0]));
		KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(object[1]));
		EXPECT_SLABS(test, c, 2, 0, 0);
		objects_give(c, object, 2);
		EXPECT_SLABS(test, c, 0, 0, 2);
		scratch_cache_end(test, c);
		EXPECT_FREE_AREAS(test, r, [6] = 1);
	}
}

/* The red zone in front of it takes the slab's first page, whose frame knows about the slab. */
static void object_behind_its_slabs_first_page_is_taken_back(struct kunit *test)
{
	struct rsv_region *r = scratch_region(test, SZ_256K);
	struct rsv_cache *c = scratch_cache_flags(test, r, PAGE_SIZE, PAGE_SIZE,
						  RSV_ENGINE_SLOB | RSV_RED_ZONE, NULL);
	void *object = take(test, c);

	KUNIT_EXPECT_PTR_NE(test, unit_of(r, object), rsv_frame_at(r->extents->at[0], object));
	objects_give(c, &object, 1);
	EXPECT_SLABS(test, c, 0, 0, 1);
	scratch_cache_end(test, c);
	EXPECT_FREE_AREAS(test, r, [6] = 1);
}

static void units_with_nothing_in_them_are_given_back(struct kunit *test)
{
	struct rsv_region *r = scratch_region(test, SZ_256K);
	struct rsv_cache *c = heap_cache(test, r, SIZE);
	void **object = take_units(test, c, 5);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, heap_figures(r).pages, 5 * RSV_HEAP_PAGES);
	for (i = 0; i < 5; i++) {
		/* The last block of a unit decides. */
		objects_give(c, object + i * PER_UNIT, PER_UNIT - 1);
		KUNIT_EXPECT_EQ(test, heap_figures(r).slob_pages, i < KEPT ? 5 : 5 - i + KEPT);
		rsv_cache_free(c, object[i * PER_UNIT + PER_UNIT - 1]);
		KUNIT_EXPECT_EQ(test, heap_figures(r).slob_pages, i < KEPT ? 5 : 4 - i + KEPT);
	}
	KUNIT_EXPECT_EQ(test, rsv_cache_shrink(c), KEPT);
	KUNIT_EXPECT_EQ(test, heap_figures(r).pages, 0);
	KUNIT_EXPECT_EQ(test, heap_figures(r).free_bytes, 0);
	EXPECT_FREE_AREAS(test, r, [6] = 1);
}

/* A block that any cache of the region gave back serves all others of its size. */
static void all_caches_of_a_region_share_the_heap(struct kunit *test)
{
	struct rsv_region *r = scratch_region(test, SZ_256K);
	struct rsv_region *other = scratch_region(test, SZ_256K);
	struct rsv_cache *c = heap_cache(test, r, SIZE), *d = heap_cache(test, r, SIZE);
	struct rsv_cache *elsewhere = heap_cache(test, other, SIZE);
	void *p = take(test, c), *q;

	q = take(test, d);
	KUNIT_EXPECT_PTR_EQ(test, q, p + SIZE);
	rsv_cache_free(c, p);
	KUNIT_EXPECT_PTR_EQ(test, take(test, d), p);
	KUNIT_EXPECT_EQ(test, heap_figures(r).slob_pages, 1);
	KUNIT_EXPECT_EQ(test, heap_figures(other).slob_pages, 0);
	KUNIT_EXPECT_EQ(test, cache_figures(c).total_objects, 0);
	KUNIT_EXPECT_EQ(test, cache_figures(d).total_objects, 2);
	rsv_cache_free(d, p);
	rsv_cache_free(d, q);
	q = take(test, elsewhere);
	KUNIT_EXPECT_EQ(test, heap_figures(other).slob_pages, 1);
	rsv_cache_free(elsewhere, q);
}

static struct kunit_case slob_cases[] = {
	KUNIT_CASE(blocks_lie_side_by_side),
	KUNIT_CASE(first_gap_that_is_large_enough_serves),
	KUNIT_CASE(search_goes_on_where_the_last_one_ended),
	KUNIT_CASE(gap_says_how_long_it_is_and_where_the_next_one_begins),
	KUNIT_CASE(neighbours_merge_in_whatever_order_they_are_given_back),
	KUNIT_CASE(gap_before_an_aligned_block_serves_others),
	KUNIT_CASE(overwritten_gap_is_found_when_blocks_are_taken),
	KUNIT_CASE(lost_gaps_do_not_keep_the_region),
	KUNIT_CASE(lost_stock_does_not_keep_the_region),
	KUNIT_CASE(overwritten_gap_is_found_when_its_neighbour_is_given_back),
	KUNIT_CASE(overwritten_gap_is_found_by_looking_through_the_unit),
	KUNIT_CASE(three_lists_keep_sizes_apart),
	KUNIT_CASE(what_is_a_page_or_more_has_pages_of_its_own),
	KUNIT_CASE(object_behind_its_slabs_first_page_is_taken_back),
	KUNIT_CASE(units_with_nothing_in_them_are_given_back),
	KUNIT_CASE(all_caches_of_a_region_share_the_heap),
	{}};

static struct kunit_suite slob_suite = {
	.name = "reservoir_slob",
	.init = suite_init,
	.test_cases = slob_cases,
};

kunit_test_suite(slob_suite);
