// SPDX-License-Identifier: GPL-2.0
/*
 * The engine SLOB after a write to free memory of the heap, or to what the heap knows of it: the
 * engine finds the damage, reports it, and loses the block. It follows no overwritten pointer, and
 * everything else goes on.
 */
#include <linux/string.h>

#include "objects/engine.h"
#include "objects/engines/slob_page.h"
#include "objects/mark.h"
#include "pages/pagemap.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/bytes.h"
#include "support/figures.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/slob.h"
#include "support/suite.h"

#define NR	10
#define LOST	4

static const u64 junk = 0x6b6b6b6b6b6b6b6b;

/* Allocates blocks side by side, frees one of them and overwrites it. */
static void overwrite_free_block(struct kunit *test, struct rsv_cache *c, void **object)
{
	rsvt_objects_alloc(test, c, object, NR);
	rsv_cache_free(c, object[LOST]);
	rsvt_poke(object[LOST], &junk, sizeof(junk));
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
 * The lost block looks used, and its object free. Its slob page serves on, and only the lost block
 * keeps it.
 */
static void expect_lost(struct kunit *test, struct rsv_cache *c, void **object, unsigned int lost)
{
	struct rsv_region *r = c->region;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, r->heap->nodes[r->extents->at[0]->nid].lost, lost / RSV_SLOB_UNIT);
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_cache_free(c, object[LOST]));
	EXPECT_MISUSE(test, RSV_FOREIGN, KUNIT_EXPECT_EQ(test, rsv_ksize(object[LOST]), 0));
	for (i = 0; i < NR; i++)
		if (i != LOST)
			rsv_cache_free(c, object[i]);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
	KUNIT_EXPECT_EQ(test, rsvt_heap_count(r).free_bytes, SLOB_PAGE_BYTES - SLOB_BEGIN - lost);
	rsv_cache_shrink(c);
	KUNIT_EXPECT_EQ(test, rsvt_heap_count(r).slob_pages, 1);
}

static void overwritten_free_block_is_found_when_blocks_are_taken(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = rsvt_slob_cache(test, r, SLOB_SIZE);
	void *object[NR], *p;

	overwrite_free_block(test, c, object);
	EXPECT_REPORT(test, RSV_CORRUPT,
		      report_slob_page(test, c, object[0], "1 free objects are lost"),
		      p = rsvt_slob_alloc(test, c));
	/* The next free block of the slob page serves. */
	KUNIT_EXPECT_PTR_EQ(test, p, object[NR - 1] + SLOB_SIZE);
	rsv_cache_free(c, p);
	expect_lost(test, c, object, SLOB_SIZE);
	rsvt_scratch_cache_end(test, c);
}

/* Free blocks coalesce, but the check value stays where the overwritten block began. */
static void overwritten_free_block_is_found_after_its_neighbours_were_given_back(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = rsvt_slob_cache(test, r, SLOB_SIZE),
			 *two = rsvt_slob_cache(test, r, 2 * SLOB_SIZE);
	void *object[NR], *p;

	overwrite_free_block(test, c, object);
	rsv_cache_free(c, object[LOST - 1]);
	rsv_cache_free(c, object[LOST + 1]);
	KUNIT_EXPECT_EQ(test, rsvt_free_block_bytes(r, object[LOST - 1]), 3 * SLOB_SIZE);
	EXPECT_REPORT(test, RSV_CORRUPT,
		      report_slob_page(test, two, object[0], "1 free objects are lost"),
		      p = rsvt_slob_alloc(test, two));
	rsv_cache_free(two, p);
	/* What was behind the lost block serves. */
	KUNIT_EXPECT_PTR_EQ(test, rsvt_slob_alloc(test, c), object[LOST + 1]);
	EXPECT_MISUSE(test, RSV_WRONG_CACHE, rsv_cache_free(c, object[LOST - 1]));
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_cache_free(two, object[LOST - 1]));
	rsvt_objects_free(c, object, LOST - 1);
	rsvt_objects_free(c, object + LOST + 1, NR - LOST - 1);
	rsvt_scratch_cache_end(test, two);
	rsvt_scratch_cache_end(test, c);
	KUNIT_EXPECT_EQ(test, rsvt_heap_count(r).slob_pages, 1);
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
	const unsigned long short_junk = 0x6b6b6b6b;
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c =
		rsvt_scratch_cache_flags(test, r, SLOB_SIZE, 0, SLOB_FLAGS | RSV_POISON, NULL);
	void *object[NR], *p = NULL;

	rsvt_objects_alloc(test, c, object, NR);
	rsvt_objects_free(c, object, NR);
	rsvt_poke(object[LOST] + c->layout.mark, &short_junk, sizeof(short_junk));
	rsvt_objects_alloc(test, c, object, NR - LOST - 1);
	EXPECT_MISUSE(test, RSV_CORRUPT, p = rsvt_slob_alloc(test, c));
	rsv_cache_free(c, p);
	rsvt_objects_free(c, object, NR - LOST - 1);
	rsvt_scratch_cache_end(test, c);
	KUNIT_EXPECT_GT(test, rsvt_heap_count(r).pages, 0);
}

/*
 * The last object on a freelist leads to @next, though it should lead nowhere else than to the
 * first one. Whoever wrote that even knew how the heap encodes it.
 */
static void lead_freelist_to(struct kunit *test, struct rsv_cache *c, const void *next)
{
	void *object[2], *p = NULL;
	unsigned long *word, value;

	rsvt_objects_alloc(test, c, object, 2);
	rsvt_objects_free(c, object, 2);
	word = object[1] + c->layout.mark - RSV_SLOB_UNIT;
	value = (unsigned long)next ^ rsv_mark_key(c, word);
	rsvt_poke(word, &value, sizeof(value));
	EXPECT_MISUSE(test, RSV_CORRUPT, p = rsvt_slob_alloc(test, c));
	KUNIT_EXPECT_PTR_NE(test, p, next);
	rsv_cache_free(c, p);
}

static void freelist_that_leads_elsewhere_is_lost(struct kunit *test)
{
	const unsigned int flags = SLOB_FLAGS | RSV_POISON;
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = rsvt_scratch_cache_flags(test, r, SLOB_SIZE, 0, flags, NULL);
	struct rsv_cache *d = rsvt_scratch_cache_flags(test, r, SLOB_SIZE, 0, flags, NULL);
	void *theirs = rsvt_slob_alloc(test, d);

	/* To an object of another cache, into an object, to free memory, to a page of nobody */
	lead_freelist_to(test, c, theirs);
	lead_freelist_to(test, c, theirs + RSV_SLOB_UNIT);
	lead_freelist_to(test, c, rsvt_slob_base(r, theirs) + SLOB_PAGE_BYTES - 64);
	lead_freelist_to(test, c, rsvt_scratch_base(r) + SZ_256K - PAGE_SIZE);
	rsv_cache_free(d, theirs);
	rsvt_scratch_cache_end(test, d);
	rsvt_scratch_cache_end(test, c);
}

/* The bitmap says that the block ends early, such as after an overflow of the page before it. */
static void block_of_another_length_is_refused(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = rsvt_slob_cache(test, r, 2 * SLOB_SIZE);
	void *object[2], *middle;

	rsvt_objects_alloc(test, c, object, 2);
	middle = object[0] + SLOB_SIZE;
	rsvt_slob_begin_block(r, middle);
	EXPECT_MISUSE(test, RSV_CORRUPT, rsv_cache_free(c, object[0]));
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 2);
	rsvt_slob_begin_block(r, middle);
	rsvt_objects_free(c, object, 2);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

static void overwritten_free_block_is_found_by_looking_through_the_slob_page(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = rsvt_slob_cache(test, r, SLOB_SIZE);
	struct rsv_extent *e = r->extents->at[0];
	void *object[NR];
	bool sound = true;
	u64 saved;

	rsvt_objects_alloc(test, c, object, NR);
	rsv_cache_free(c, object[LOST]);
	rsvt_peek(&saved, object[LOST], sizeof(saved));
	rsvt_poke(object[LOST], &junk, sizeof(junk));
	EXPECT_REPORT(test, RSV_CORRUPT,
		      report_slob_page(test, c, object[0], "the free blocks of the heap are wrong"),
		      sound = c->engine->verify(c, e, rsv_frame_at(e, object[0])));
	KUNIT_EXPECT_FALSE(test, sound);
	/* Verifying loses no free block. */
	rsvt_poke(object[LOST], &saved, sizeof(saved));
	KUNIT_EXPECT_TRUE(test, c->engine->verify(c, e, rsv_frame_at(e, object[0])));
	KUNIT_EXPECT_PTR_EQ(test, rsvt_slob_alloc(test, c), object[LOST]);
	rsvt_objects_free(c, object, NR);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

static struct kunit_case slob_corrupt_cases[] = {
	KUNIT_CASE(overwritten_free_block_is_found_when_blocks_are_taken),
	KUNIT_CASE(overwritten_free_block_is_found_after_its_neighbours_were_given_back),
	KUNIT_CASE(lost_free_blocks_do_not_keep_the_region),
	KUNIT_CASE(lost_freelist_does_not_keep_the_region),
	KUNIT_CASE(freelist_that_leads_elsewhere_is_lost),
	KUNIT_CASE(block_of_another_length_is_refused),
	KUNIT_CASE(overwritten_free_block_is_found_by_looking_through_the_slob_page),
	{}};

static struct kunit_suite slob_corrupt_suite = {
	.name = "reservoir_slob_corrupt",
	.init = rsvt_suite_init,
	.test_cases = slob_corrupt_cases,
};

kunit_test_suite(slob_corrupt_suite);
