// SPDX-License-Identifier: GPL-2.0
/*
 * The engine SLOB after a write to a free block: the engine finds the damage, reports it, and
 * abandons the free blocks of the slob page. It follows no overwritten header, and everything else
 * goes on.
 */
#include <linux/string.h>

#include "objects/engine.h"
#include "objects/engines/slob_page.h"
#include "pages/pagemap.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/bytes.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/slob.h"
#include "support/suite.h"

#define NR	10
#define LOST	4

/**
 * struct saved_block - the state from before a free block was overwritten, to restore it
 * @header: its header
 * @word: the word of its slob page
 */
struct saved_block {
	u64 header;
	union rsv_slob_word word;
};

/* Allocates blocks side by side, frees one of them and overwrites its header. */
static struct saved_block overwrite_free_block(struct kunit *test, struct rsv_cache *c,
					       void **object)
{
	const u64 junk = 0x6b6b6b6b6b6b6b6b;
	struct saved_block saved;

	rsvt_objects_alloc(test, c, object, NR);
	rsv_cache_free(c, object[LOST]);
	saved.word = rsv_slob_page_word(rsvt_slob_page(c->region, object[0]));
	rsvt_peek(&saved.header, object[LOST], sizeof(saved.header));
	rsvt_poke(object[LOST], &junk, sizeof(junk));
	return saved;
}

/* Restores the free blocks that the engine abandoned. Their slob page has no others now. */
static void restore_free_blocks(struct rsv_region *r, void **object, struct saved_block saved)
{
	rsvt_poke(object[LOST], &saved.header, sizeof(saved.header));
	/* The next free of a block moves the slob page from the list of full ones. */
	saved.word.list = RSV_SLOB_LIST_FULL;
	rsvt_slob_page(r, object[0])->slob = saved.word.word;
	r->heap->nodes[r->extents->at[0]->nid].free_units += saved.word.free_units;
}

static const char *report_slob_page(struct kunit *test, struct rsv_cache *c, const void *object,
				    const char *what)
{
	return rsvt_report_text(test, "cache %s of region %s: slab at 0x%zx: %s", c->name,
				c->region->name,
				rsvt_scratch_offset(c->region, rsvt_slob_base(c->region, object)),
				what);
}

/*
 * No free block of the slob page serves any more, except those that are freed afterwards, even if
 * they lie next to a lost one. Only a test knows the lost blocks and can restore them.
 */
static void expect_lost(struct kunit *test, struct rsv_cache *c, void **object,
			struct saved_block saved)
{
	void **others = kunit_kcalloc(test, SLOB_PER_PAGE, sizeof(*others), GFP_KERNEL);
	struct rsv_region *r = c->region;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, others);
	KUNIT_ASSERT_EQ(test, rsvt_heap_count(r).free_bytes, 0);
	rsvt_objects_alloc(test, c, others, SLOB_PER_PAGE);
	for (i = 0; i < SLOB_PER_PAGE; i++)
		KUNIT_EXPECT_PTR_NE(test, rsvt_slob_base(r, others[i]),
				    rsvt_slob_base(r, object[0]));
	rsvt_objects_free(c, others, SLOB_PER_PAGE);
	KUNIT_EXPECT_EQ(test, rsv_cache_shrink(c), 1);
	for (i = 0; i < NR; i++) {
		if (i == LOST)
			continue;
		rsv_cache_free(c, object[i]);
		KUNIT_EXPECT_EQ(test, rsvt_free_block_bytes(object[i]), SLOB_SIZE);
		KUNIT_EXPECT_PTR_EQ(test, rsvt_slob_alloc(test, c), object[i]);
	}
	restore_free_blocks(r, object, saved);
	rsv_cache_free(c, object[0]);
	KUNIT_EXPECT_PTR_EQ(test, rsvt_slob_alloc(test, c), object[0]);
	KUNIT_EXPECT_PTR_EQ(test, rsvt_slob_alloc(test, c), object[LOST]);
	rsvt_objects_free(c, object, NR);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

static void overwritten_free_block_is_found_when_blocks_are_taken(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = rsvt_slob_cache(test, r, SLOB_SIZE);
	void *object[NR], *p;
	struct saved_block saved;
	const char *lost;

	saved = overwrite_free_block(test, c, object);
	lost = rsvt_report_text(test, "%lu free objects are lost",
				DIV_ROUND_UP(SLOB_PAGE_BYTES - SLOB_BITMAP - (NR - 1) * SLOB_SIZE,
					     SLOB_SIZE));
	EXPECT_REPORT(test, RSV_CORRUPT, report_slob_page(test, c, object[0], lost),
		      p = rsvt_slob_alloc(test, c));
	KUNIT_EXPECT_PTR_NE(test, rsvt_slob_base(r, p), rsvt_slob_base(r, object[0]));
	rsv_cache_free(c, p);
	KUNIT_EXPECT_EQ(test, rsv_cache_shrink(c), 1);
	expect_lost(test, c, object, saved);
}

/* The lost bytes go back with their slob page once no block of it is used. */
static void lost_free_blocks_do_not_keep_the_region(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = rsvt_slob_cache(test, r, SLOB_SIZE);
	void *object[NR], *p = NULL;
	unsigned int i;

	overwrite_free_block(test, c, object);
	EXPECT_MISUSE(test, RSV_CORRUPT, p = rsvt_slob_alloc(test, c));
	rsv_cache_free(c, p);
	for (i = 0; i < NR; i++)
		if (i != LOST && i)
			rsv_cache_free(c, object[i]);
	EXPECT_MISUSE(test, RSV_IN_USE, KUNIT_EXPECT_EQ(test, rsv_region_destroy(r), -EBUSY));
	rsv_cache_free(c, object[0]);
	rsvt_scratch_cache_end(test, c);
	KUNIT_EXPECT_GT(test, rsvt_heap_count(r).pages, 0);
}

/* Free objects that keep their bytes are on a freelist of their cache, which can be lost too. */
static void lost_freelist_does_not_keep_the_region(struct kunit *test)
{
	const unsigned long junk = 0x6b6b6b6b;
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c =
		rsvt_scratch_cache_flags(test, r, SLOB_SIZE, 0, SLOB_FLAGS | RSV_POISON, NULL);
	void *object[NR], *p = NULL;

	rsvt_objects_alloc(test, c, object, NR);
	rsvt_objects_free(c, object, NR);
	rsvt_poke(object[LOST] + c->layout.mark, &junk, sizeof(junk));
	rsvt_objects_alloc(test, c, object, NR - LOST - 1);
	EXPECT_MISUSE(test, RSV_CORRUPT, p = rsvt_slob_alloc(test, c));
	rsv_cache_free(c, p);
	rsvt_objects_free(c, object, NR - LOST - 1);
	rsvt_scratch_cache_end(test, c);
	KUNIT_EXPECT_GT(test, rsvt_heap_count(r).pages, 0);
}

/* The overwritten free block lies after the freed block, and before it. */
static void overwritten_free_block_is_found_when_its_neighbour_is_given_back(struct kunit *test)
{
	static const unsigned int neighbours[] = { 3, 5 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(neighbours); i++) {
		struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
		struct rsv_cache *c = rsvt_slob_cache(test, r, SLOB_SIZE);
		void *object[NR], *block;
		struct saved_block saved;
		const char *lost;

		saved = overwrite_free_block(test, c, object);
		block = object[neighbours[i]];
		lost = rsvt_report_text(test, "%lu free bytes of the heap are lost",
					SLOB_PAGE_BYTES - SLOB_BITMAP - (NR - 1) * SLOB_SIZE);
		EXPECT_REPORT(test, RSV_CORRUPT, report_slob_page(test, c, object[0], lost),
			      rsv_cache_free(c, block));
		/* The heap took the block back nevertheless. */
		KUNIT_EXPECT_EQ(test, rsvt_free_block_bytes(block), SLOB_SIZE);
		KUNIT_EXPECT_EQ(test, rsvt_free_block_next(block), 0);
		KUNIT_EXPECT_EQ(test, rsvt_heap_count(r).free_bytes, SLOB_SIZE);
		EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_cache_free(c, block));
		KUNIT_EXPECT_PTR_EQ(test, rsvt_slob_alloc(test, c), block);
		expect_lost(test, c, object, saved);
	}
}

static void overwritten_free_block_is_found_by_looking_through_the_slob_page(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = rsvt_slob_cache(test, r, SLOB_SIZE);
	struct rsv_extent *e = r->extents->at[0];
	void *object[NR];
	struct saved_block saved;
	bool sound = true;

	saved = overwrite_free_block(test, c, object);
	EXPECT_REPORT(test, RSV_CORRUPT,
		      report_slob_page(test, c, object[0], "the free blocks of the heap are wrong"),
		      sound = c->engine->verify(c, e, rsv_frame_at(e, object[0])));
	KUNIT_EXPECT_FALSE(test, sound);
	/* Verifying abandons no free block. */
	rsvt_poke(object[LOST], &saved.header, sizeof(saved.header));
	KUNIT_EXPECT_TRUE(test, c->engine->verify(c, e, rsv_frame_at(e, object[0])));
	KUNIT_EXPECT_PTR_EQ(test, rsvt_slob_alloc(test, c), object[LOST]);
	rsvt_objects_free(c, object, NR);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

static struct kunit_case slob_corrupt_cases[] = {
	KUNIT_CASE(overwritten_free_block_is_found_when_blocks_are_taken),
	KUNIT_CASE(lost_free_blocks_do_not_keep_the_region),
	KUNIT_CASE(lost_freelist_does_not_keep_the_region),
	KUNIT_CASE(overwritten_free_block_is_found_when_its_neighbour_is_given_back),
	KUNIT_CASE(overwritten_free_block_is_found_by_looking_through_the_slob_page),
	{}};

static struct kunit_suite slob_corrupt_suite = {
	.name = "reservoir_slob_corrupt",
	.init = rsvt_suite_init,
	.test_cases = slob_corrupt_cases,
};

kunit_test_suite(slob_corrupt_suite);
