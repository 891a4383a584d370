// SPDX-License-Identifier: GPL-2.0
/*
 * The numbers and the offsets of extents. The extents are synthetic: they have a length, and no
 * memory.
 */
#include <linux/bitmap.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "pages/extent_table.h"
#include "support/log.h"
#include "support/random.h"
#include "support/suite.h"

/* Extents of the random test, and the most pages of one */
#define EXTENTS		512U
#define LENGTH_MAX	9U
#define OFFSETS_MAX	(2 * EXTENTS * LENGTH_MAX)

/**
 * struct synthetic - a region's table, and the extents that may be in it
 * @test: the running test
 * @r: the region, which has nothing but its table
 * @e: the extents; one whose region is NULL is not in the table
 * @rnd: the random numbers
 * @step: the present step of a random test
 * @numbers: the used numbers
 * @offsets: the used offsets
 */
struct synthetic {
	struct kunit *test;
	struct rsv_region *r;
	struct rsv_extent *e;
	struct rnd_state rnd;
	unsigned int step;
	DECLARE_BITMAP(numbers, EXTENTS);
	DECLARE_BITMAP(offsets, OFFSETS_MAX);
};

static void end_table(void *data)
{
	struct synthetic *s = data;

	rsv_extent_table_free(s->r);
	kvfree(s->e);
}

static struct synthetic *new_table(struct kunit *test, unsigned int extents)
{
	struct synthetic *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, s);
	s->test = test;
	s->r = kunit_kzalloc(test, sizeof(*s->r), GFP_KERNEL);
	s->e = kvcalloc(extents, sizeof(*s->e), GFP_KERNEL);
	if (!s->r || !s->e) {
		kvfree(s->e);
		kunit_skip(test, "no memory for so many extents");
	}
	strscpy(s->r->name, "synthetic", sizeof(s->r->name));
	rsv_extent_table_init(s->r);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, end_table, s), 0);
	prandom_seed_state(&s->rnd, rsvt_random_seed);
	return s;
}

static int add(struct synthetic *s, struct rsv_extent *e, unsigned long nr_pages)
{
	int err = rsv_extent_table_expand(s->r, 1);

	e->region = s->r;
	e->nr_pages = nr_pages;
	if (!err)
		err = rsv_extent_place(e);
	if (!err)
		rsv_extent_publish(e);
	else
		e->region = NULL;
	return err;
}

static void remove(struct rsv_extent *e)
{
	rsv_extent_unpublish(e);
	e->region = NULL;
}

static struct rsv_extent *at_offset(struct synthetic *s, unsigned long offset, unsigned long *end)
{
	struct rsv_extent *e;

	rcu_read_lock();
	e = rsv_extent_at_offset(s->r, offset, end);
	rcu_read_unlock();
	return e;
}

/* --- Gaps ----------------------------------------------------------------------------------- */

static void gap_between_two_neighbours_is_used_by_who_fits(struct kunit *test)
{
	struct synthetic *s = new_table(test, 5);
	struct rsv_extent *e = s->e;
	unsigned long end;

	KUNIT_ASSERT_EQ(test, add(s, &e[0], 4), 0);
	KUNIT_ASSERT_EQ(test, add(s, &e[1], 3), 0);
	KUNIT_ASSERT_EQ(test, add(s, &e[2], 5), 0);
	KUNIT_EXPECT_EQ(test, e[1].offset, 4);
	KUNIT_EXPECT_EQ(test, e[2].offset, 7);
	remove(&e[1]);
	KUNIT_EXPECT_NULL(test, at_offset(s, 5, &end));
	KUNIT_EXPECT_EQ(test, end, 7);

	/* One page too long: behind all others, but the number is the lowest. */
	KUNIT_ASSERT_EQ(test, add(s, &e[3], 4), 0);
	KUNIT_EXPECT_EQ(test, e[3].offset, 12);
	KUNIT_EXPECT_EQ(test, e[3].number, 1);
	KUNIT_ASSERT_EQ(test, add(s, &e[1], 3), 0);
	KUNIT_EXPECT_EQ(test, e[1].offset, 4);
	KUNIT_EXPECT_EQ(test, e[1].number, 3);
	KUNIT_EXPECT_PTR_EQ(test, at_offset(s, 3, &end), &e[0]);
	KUNIT_EXPECT_PTR_EQ(test, at_offset(s, 4, &end), &e[1]);
	KUNIT_EXPECT_PTR_EQ(test, at_offset(s, 6, &end), &e[1]);
	KUNIT_EXPECT_PTR_EQ(test, at_offset(s, 7, &end), &e[2]);
	KUNIT_EXPECT_NULL(test, at_offset(s, 16, &end));
	KUNIT_EXPECT_EQ(test, end, ULONG_MAX);
}

/* A single page at the lowest offset is all that the tree has. */
static void one_page_has_its_offset(struct kunit *test)
{
	struct synthetic *s = new_table(test, 2);
	unsigned long end;

	KUNIT_EXPECT_NULL(test, at_offset(s, 0, &end));
	KUNIT_ASSERT_EQ(test, add(s, &s->e[0], 1), 0);
	KUNIT_ASSERT_EQ(test, add(s, &s->e[1], 1), 0);
	KUNIT_EXPECT_EQ(test, s->e[0].offset, 0);
	KUNIT_EXPECT_EQ(test, s->e[1].offset, 1);
	KUNIT_EXPECT_PTR_EQ(test, at_offset(s, 0, &end), &s->e[0]);
	KUNIT_EXPECT_PTR_EQ(test, at_offset(s, 1, &end), &s->e[1]);
}

/* --- Any history ---------------------------------------------------------------------------- */

static unsigned int random_below(struct synthetic *s, unsigned int limit)
{
	return prandom_u32_state(&s->rnd) % limit;
}

/* Adds an extent, which must get the lowest number and the lowest offset that a bitmap says. */
static void add_as_expected(struct synthetic *s, struct rsv_extent *e)
{
	const unsigned int nr_pages = 1 + random_below(s, LENGTH_MAX);

	CHECK_EQ(s, add(s, e, nr_pages), 0);
	CHECK_EQ(s, e->number, find_first_zero_bit(s->numbers, EXTENTS));
	CHECK_EQ(s, e->offset,
		 bitmap_find_next_zero_area(s->offsets, OFFSETS_MAX, 0, nr_pages, 0));
	__set_bit(e->number, s->numbers);
	bitmap_set(s->offsets, e->offset, nr_pages);
}

static void remove_one(struct synthetic *s, struct rsv_extent *e)
{
	__clear_bit(e->number, s->numbers);
	bitmap_clear(s->offsets, e->offset, e->nr_pages);
	remove(e);
}

/* Each offset leads to its extent, or to the end of its gap. */
static void expect_offsets(struct synthetic *s)
{
	unsigned long offset, end, next;

	for (offset = 0; offset < s->r->span; offset++) {
		const struct rsv_extent *e = at_offset(s, offset, &end);

		CHECK_EQ(s, !!e, !!test_bit(offset, s->offsets));
		if (e) {
			CHECK(s, offset - e->offset < e->nr_pages);
			CHECK(s, s->r->extents->at[e->number] == e);
			continue;
		}
		next = find_next_bit(s->offsets, OFFSETS_MAX, offset);
		CHECK_EQ(s, end, next < OFFSETS_MAX ? next : ULONG_MAX);
	}
}

static void offsets_and_numbers_are_the_lowest_after_any_history(struct kunit *test)
{
	struct synthetic *s = new_table(test, EXTENTS);
	unsigned int i;

	for (s->step = 0; s->step < (SLOW ? 5 : 20); s->step++) {
		for (i = 0; i < EXTENTS; i++)
			if (!s->e[i].region)
				add_as_expected(s, &s->e[i]);
		CHECK_EQ(s, s->r->extents_used, EXTENTS);
		for (i = 0; i < EXTENTS; i++)
			if (random_below(s, s->step % 4 + 2))
				remove_one(s, &s->e[i]);
		expect_offsets(s);
	}
}

/* --- As many as there may be ---------------------------------------------------------------- */

static void full_table_takes_no_more_and_says_so(struct kunit *test)
{
	struct rsv_extent *e, *last;
	struct synthetic *s;
	ktime_t began;
	u64 since;

	if (SLOW)
		kunit_skip(test, "so many extents take long under a sanitizer");
	s = new_table(test, RSV_EXTENTS_MAX + 1);
	last = &s->e[RSV_EXTENTS_MAX];
	began = ktime_get();
	for (e = s->e; e < last; e++)
		KUNIT_ASSERT_EQ(test, add(s, e, 1), 0);
	kunit_info(test, "%u extents got a number and an offset in %lld us\n", RSV_EXTENTS_MAX,
		   ktime_us_delta(ktime_get(), began));
	KUNIT_EXPECT_EQ(test, s->r->extents_used, RSV_EXTENTS_MAX);
	KUNIT_EXPECT_EQ(test, s->r->span, RSV_EXTENTS_MAX);
	KUNIT_EXPECT_EQ(test, last[-1].number, RSV_EXTENTS_MAX - 1);

	since = rsvt_log_end();
	KUNIT_EXPECT_EQ(test, add(s, last, 1), -ENOMEM);
	KUNIT_EXPECT_EQ(test, rsvt_log_lines(since, "region synthetic: ",
					     "memory is in 65536 pieces, more than 65535"), 1);
	/* Two that are gone make room for two. */
	remove(&s->e[12345]);
	remove(&s->e[777]);
	KUNIT_EXPECT_EQ(test, rsv_extent_table_expand(s->r, 3), -ENOMEM);
	KUNIT_EXPECT_EQ(test, add(s, last, 1), 0);
	KUNIT_EXPECT_EQ(test, last->number, 777);
	KUNIT_EXPECT_EQ(test, last->offset, 777);
	KUNIT_EXPECT_EQ(test, add(s, &s->e[777], 2), 0);
	KUNIT_EXPECT_EQ(test, s->e[777].number, 12345);
	KUNIT_EXPECT_EQ(test, s->e[777].offset, RSV_EXTENTS_MAX);
}

static struct kunit_case extent_table_cases[] = {
	KUNIT_CASE(gap_between_two_neighbours_is_used_by_who_fits),
	KUNIT_CASE(one_page_has_its_offset),
	KUNIT_CASE(offsets_and_numbers_are_the_lowest_after_any_history),
	KUNIT_CASE(full_table_takes_no_more_and_says_so),
	{}
};

static struct kunit_suite extent_table_suite = {
	.name = "reservoir_extent_table",
	.init = rsvt_suite_init,
	.test_cases = extent_table_cases,
};

kunit_test_suite(extent_table_suite);
