// SPDX-License-Identifier: GPL-2.0
/*
 * The engine SLOB knows the cache of each used block: a free to another cache, and a double free
 * after the block was merged and cut again for other objects, are found when they happen. Caches
 * of other sizes, and of other kinds of objects, share the slob pages.
 */
#include <linux/hrtimer.h>
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "compat.h"
#include "objects/engine.h"
#include "pages/pagemap.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/slob.h"
#include "support/suite.h"

static void construct(void *object)
{
	memset(object, 0xc7, 8);
}

/**
 * struct kind - what is special with the objects of a cache
 * @flags: flags of the cache
 * @ctor: its constructor
 */
struct kind {
	unsigned int flags;
	void (*ctor)(void *object);
};

static const struct kind kinds[] = { {}, { .ctor = construct }, { .flags = RSV_POISON } };

/* Three pairs that share one of the lists of slob pages */
static const unsigned int sizes[] = { 8, 40, 200, 300, 700, 1700, 2048 };

#define KINDS		ARRAY_SIZE(kinds)
#define SIZES		ARRAY_SIZE(sizes)
#define ALL_CACHES	(SIZES * KINDS)

static struct rsv_cache *nth_cache(struct kunit *test, struct rsv_region *r, unsigned int nth,
				   unsigned int flags)
{
	const struct kind *k = &kinds[nth % KINDS];

	return rsvt_scratch_cache_flags(test, r, sizes[nth / KINDS], 0,
					RSV_ENGINE_SLOB | flags | k->flags, k->ctor);
}

/* --- A wrong cache -------------------------------------------------------------------------- */

static void object_of_any_other_cache_is_refused(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_1M);
	struct rsv_cache *c[ALL_CACHES];
	void *object[ALL_CACHES];
	unsigned int i, j;

	rsvt_stay_on_this_cpu();
	for (i = 0; i < ALL_CACHES; i++) {
		c[i] = nth_cache(test, r, i, RSV_NO_MAGAZINE);
		rsvt_objects_alloc(test, c[i], &object[i], 1);
		memset(object[i], i, c[i]->layout.object_size);
	}
	for (i = 0; i < ALL_CACHES; i++)
		for (j = 0; j < ALL_CACHES; j++)
			if (i != j)
				EXPECT_MISUSE(test, RSV_WRONG_CACHE,
					      rsv_cache_free(c[i], object[j]));
	for (i = 0; i < ALL_CACHES; i++) {
		KUNIT_EXPECT_NULL(test, memchr_inv(object[i], i, c[i]->layout.object_size));
		KUNIT_EXPECT_EQ(test, rsvt_cache_count(c[i]).active, 1);
		if (c[i]->ctor)
			construct(object[i]);
		rsv_cache_free(c[i], object[i]);
	}
	for (i = 0; i < ALL_CACHES; i++)
		rsvt_scratch_cache_end(test, c[i]);
	EXPECT_UNTOUCHED(test, r);
}

/* --- Double frees --------------------------------------------------------------------------- */

#define OLD	6
#define NEW	400

/* Frees that the region must refuse, while other objects lie where the freed ones lay */
static void free_again(struct kunit *test, struct rsv_cache *c, void **old)
{
	struct misuse_counts before;
	unsigned int i;

	for (i = 1; i < OLD - 1; i++) {
		rsvt_misuse_counts_read(&before);
		rsv_cache_free(c, old[i]);
		KUNIT_EXPECT_EQ_MSG(test, rsvt_nr_misuses_since(&before), 1, "%u bytes, %s",
				    c->layout.object_size, rsvt_misuses_since(test, &before));
	}
}

/*
 * Blocks between two used ones are freed, merge, and are cut again for the objects of @d. The old
 * pointers to them are freed again.
 */
static void merge_and_cut_again(struct kunit *test, struct rsv_cache *c, struct rsv_cache *d,
				void **new)
{
	unsigned int size = d->layout.object_size, i, nr = 0;
	void *old[OLD], *more[OLD];

	rsvt_objects_alloc(test, c, old, OLD);
	rsvt_objects_free(c, old + 1, OLD - 2);
	rsv_cache_shrink(c);
	while (nr < NEW && (new[nr] = rsv_cache_alloc(d, GFP_KERNEL | __GFP_NOWARN)))
		memset(new[nr++], 0x5a, size);
	free_again(test, c, old);
	rsvt_objects_alloc(test, c, more, OLD);
	for (i = 0; i < OLD; i++)
		memset(more[i], 0x6b, c->layout.object_size);
	for (i = 0; i < nr; i++)
		KUNIT_ASSERT_NULL_MSG(test, memchr_inv(new[i], 0x5a, size),
				      "object %u of %u bytes has two users", i, size);
	rsvt_objects_free(c, more, OLD);
	rsvt_objects_free(d, new, nr);
	rsv_cache_free(c, old[0]);
	rsv_cache_free(c, old[OLD - 1]);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(d).active, 0);
}

static void free_after_merge_and_cut_is_found(struct kunit *test, unsigned int flags)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_2M);
	void **new = rsvt_objects_array(test, NEW);
	unsigned int i, j;

	rsvt_stay_on_this_cpu();
	for (i = 0; i < ALL_CACHES; i++)
		for (j = 0; j < ALL_CACHES; j++) {
			struct rsv_cache *c = nth_cache(test, r, i, flags);
			struct rsv_cache *d = nth_cache(test, r, j, flags);

			merge_and_cut_again(test, c, d, new);
			rsvt_scratch_cache_end(test, d);
			rsvt_scratch_cache_end(test, c);
		}
	EXPECT_UNTOUCHED(test, r);
}

static void double_free_is_found_after_blocks_merged_and_were_cut_again(struct kunit *test)
{
	free_after_merge_and_cut_is_found(test, RSV_NO_MAGAZINE);
}

static void double_free_is_found_with_magazines_too(struct kunit *test)
{
	free_after_merge_and_cut_is_found(test, 0);
}

static void two_caches_do_not_hand_out_one_object(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = rsvt_slob_cache(test, r, SLOB_SIZE),
			 *d = rsvt_slob_cache(test, r, SLOB_SIZE);
	void *mine = rsvt_slob_alloc(test, c), *theirs, *again;

	rsv_cache_free(c, mine);
	theirs = rsvt_slob_alloc(test, d);
	KUNIT_EXPECT_PTR_EQ(test, theirs, mine);
	EXPECT_MISUSE(test, RSV_WRONG_CACHE, rsv_cache_free(c, mine));
	again = rsvt_slob_alloc(test, c);
	KUNIT_EXPECT_PTR_NE(test, again, theirs);
	rsv_cache_free(c, again);
	rsv_cache_free(d, theirs);
	rsvt_scratch_cache_end(test, d);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

/* --- Without naming the cache --------------------------------------------------------------- */

static void size_of_a_live_object_is_that_of_its_cache(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_1M);
	unsigned int i;
	void *object;

	for (i = 0; i < ALL_CACHES; i++) {
		struct rsv_cache *c = nth_cache(test, r, i, RSV_NO_MAGAZINE);

		rsvt_objects_alloc(test, c, &object, 1);
		KUNIT_EXPECT_EQ(test, rsv_ksize(object), c->layout.object_size);
		EXPECT_MISUSE(test, RSV_FOREIGN, KUNIT_EXPECT_EQ(test, rsv_ksize(object + 1), 0));
		rsv_kfree(object);
		KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
		EXPECT_MISUSE(test, RSV_FOREIGN, KUNIT_EXPECT_EQ(test, rsv_ksize(object), 0));
		EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_kfree(object));
		rsvt_scratch_cache_end(test, c);
	}
	EXPECT_UNTOUCHED(test, r);
}

/* --- A double free that meets its slob page going back --------------------------------------- */

#define RACE_SIZE	3000
#define RACE_PER_PAGE	((SLOB_PAGE_BYTES - SLOB_BEGIN) / RACE_SIZE)
#define RACE_OBJECTS	(4 * RACE_PER_PAGE)
#define RACE_PAGES	64
#define RACE_NS		20000

/**
 * struct race - a thread frees an object again and again that is free, while an interrupt gives its
 *	slob page back, fills all pages that the region has, and takes the slob page again
 * @timer: calls the interrupt
 * @c: the cache
 * @object: the objects of the cache. The first one of each slob page is free
 * @stale: one of the free ones. It stays one when the thread has read an old value
 * @pages: pages that somebody else has
 * @nr_pages: their number; 0 while the cache has its objects
 * @rounds: times that slob pages went back
 * @foreign: bytes of those pages that somebody changed
 */
struct race {
	struct hrtimer timer;
	struct rsv_cache *c;
	void *object[RACE_OBJECTS];
	void *stale;
	unsigned long pages[RACE_PAGES];
	unsigned int nr_pages;
	unsigned long rounds;
	unsigned long foreign;
};

/* All slob pages become empty, and all but two of them go back, that of the stale object first. */
static void race_give_back(struct race *race)
{
	unsigned long page;
	unsigned int i;

	for (i = 0; i < RACE_OBJECTS; i++)
		if (i % RACE_PER_PAGE)
			rsv_cache_free(race->c, race->object[i]);
	while (race->nr_pages < RACE_PAGES) {
		page = rsv_get_free_pages(race->c->region, GFP_NOWAIT | __GFP_NOWARN, 0);
		if (!page)
			break;
		memset((void *)page, 0x5a, PAGE_SIZE);
		race->pages[race->nr_pages++] = page;
	}
	race->rounds++;
}

static void race_take(struct race *race)
{
	unsigned int i, at;

	while (race->nr_pages) {
		const u8 *bytes = (const u8 *)race->pages[--race->nr_pages];

		for (at = 0; at < PAGE_SIZE; at++)
			race->foreign += bytes[at] != 0x5a;
		rsv_free_pages((unsigned long)bytes, 0);
	}
	for (i = 0; i < RACE_OBJECTS; i++)
		race->object[i] = rsv_cache_alloc(race->c, GFP_NOWAIT);
	for (i = 0; i < RACE_OBJECTS; i += RACE_PER_PAGE)
		rsv_cache_free(race->c, race->object[i]);
	race->stale = race->object[0];
}

static enum hrtimer_restart race_strikes(struct hrtimer *timer)
{
	struct race *race = container_of(timer, struct race, timer);

	if (race->nr_pages)
		race_take(race);
	else
		race_give_back(race);
	hrtimer_forward_now(timer, ns_to_ktime(RACE_NS));
	return HRTIMER_RESTART;
}

static void race_run(struct race *race, unsigned long *frees)
{
	const unsigned long end = jiffies + (SLOW ? 2 : 5) * HZ;

	race_take(race);
	rsv_hrtimer_setup(&race->timer, race_strikes, HRTIMER_MODE_REL_PINNED_HARD);
	hrtimer_start(&race->timer, ns_to_ktime(RACE_NS), HRTIMER_MODE_REL_PINNED_HARD);
	for (; time_before(jiffies, end) && !READ_ONCE(race->foreign); ++*frees)
		rsv_cache_free(race->c, READ_ONCE(race->stale));
	hrtimer_cancel(&race->timer);
	if (race->nr_pages)
		race_take(race);
}

static void double_free_while_the_slob_page_goes_back_changes_no_foreign_byte(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, RACE_PAGES * PAGE_SIZE);
	struct race *race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);
	struct misuse_counts before;
	unsigned long frees = 0;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, race);
	rsvt_stay_on_this_cpu();
	race->c = rsvt_slob_cache(test, r, RACE_SIZE);
	rsvt_misuse_counts_read(&before);
	race_run(race, &frees);
	kunit_info(test, "%lu frees met %lu slob pages that went back", frees, race->rounds);
	KUNIT_EXPECT_EQ(test, race->foreign, 0);
	KUNIT_EXPECT_GT(test, race->rounds, 0);
	KUNIT_EXPECT_EQ(test, rsvt_nr_misuses_since(&before), frees);
	for (i = 0; i < RACE_OBJECTS; i++)
		if (i % RACE_PER_PAGE)
			rsv_cache_free(race->c, race->object[i]);
	rsvt_scratch_cache_end(test, race->c);
	EXPECT_UNTOUCHED(test, r);
}

static struct kunit_case slob_owner_cases[] = {
	KUNIT_CASE(object_of_any_other_cache_is_refused),
	KUNIT_CASE(double_free_is_found_after_blocks_merged_and_were_cut_again),
	KUNIT_CASE(double_free_is_found_with_magazines_too),
	KUNIT_CASE(two_caches_do_not_hand_out_one_object),
	KUNIT_CASE(size_of_a_live_object_is_that_of_its_cache),
	KUNIT_CASE(double_free_while_the_slob_page_goes_back_changes_no_foreign_byte),
	{}};

static struct kunit_suite slob_owner_suite = {
	.name = "reservoir_slob_owner",
	.init = rsvt_suite_init,
	.test_cases = slob_owner_cases,
};

kunit_test_suite(slob_owner_suite);
