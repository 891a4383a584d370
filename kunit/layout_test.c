// SPDX-License-Identifier: GPL-2.0
/*
 * How objects lie in a slab: the textbook's slabs, alignment, waste, and objects that do not
 * touch each other.
 */
#include <linux/cache.h>
#include <linux/log2.h>
#include <linux/string.h>

#include "../src/objects/cache.h"
#include "../src/region.h"
#include "helpers.h"

/* --- The textbook's examples ---------------------------------------------------------------- */

struct slab_case {
	const char *what;
	unsigned int size;
	unsigned int pages;
	unsigned int objects;
	unsigned int waste;
	struct free_areas left;		/* of 256 KB, while there is one slab */
};

static const struct slab_case slab_cases[] = {
	{ "six objects of 2 KB in 12 KB", 2048, 3, 6, 0,
	  { { [0] = 1, [2] = 1, [3] = 1, [4] = 1, [5] = 1 } } },
	{ "process descriptors of 1.7 KB", 1741, 3, 7, 12288 - 7 * 1744,
	  { { [0] = 1, [2] = 1, [3] = 1, [4] = 1, [5] = 1 } } },
	{ "groups of four objects of 3 KB", 3072, 3, 4, 0,
	  { { [0] = 1, [2] = 1, [3] = 1, [4] = 1, [5] = 1 } } },
	{ "groups of four objects of 7 KB", 7168, 7, 4, 0,
	  { { [0] = 1, [3] = 1, [4] = 1, [5] = 1 } } },
};

KUNIT_ARRAY_PARAM_DESC(slabs, slab_cases, what);

/* A slab is partial, full, and back; the pages that its block was rounded up by stay free. */
static void textbook_slab(struct kunit *test)
{
	const struct slab_case *s = test->param_value;
	struct rsv_region *r = scratch_region(test, SZ_256K);
	struct rsv_cache *c = scratch_cache(test, r, s->size, 0);
	void *object[8];
	unsigned int i;

	KUNIT_EXPECT_EQ(test, cache_figures(c).slab_pages, s->pages);
	KUNIT_EXPECT_EQ(test, cache_figures(c).slab_objects, s->objects);
	KUNIT_EXPECT_EQ(test, cache_figures(c).slab_waste, s->waste);
	KUNIT_ASSERT_LE(test, s->objects, ARRAY_SIZE(object));

	EXPECT_SLABS(test, c, 0, 0, 0);
	EXPECT_FREE_AREAS(test, r, [6] = 1);
	for (i = 0; i < s->objects; i++) {
		objects_take(test, c, &object[i], 1);
		EXPECT_SLABS(test, c, i + 1 == s->objects, i + 1 < s->objects, 0);
		EXPECT_SAME_AREAS(test, r, &s->left);
	}
	for (i = 0; i < s->objects; i++) {
		rsv_cache_free(c, object[i]);
		EXPECT_SLABS(test, c, 0, i + 1 < s->objects, i + 1 == s->objects);
		EXPECT_SAME_AREAS(test, r, &s->left);
	}
	KUNIT_EXPECT_EQ(test, rsv_cache_shrink(c), 1);
	EXPECT_SLABS(test, c, 0, 0, 0);
	EXPECT_FREE_AREAS(test, r, [6] = 1);
}

/* --- How objects lie in a slab -------------------------------------------------------------- */

struct layout_case {
	unsigned int size;
	unsigned int align;
};

static const struct layout_case layouts[] = {
	{ 8, 0 }, { 8, 64 }, { 24, 0 }, { 24, 16 }, { 64, 64 }, { 100, 0 }, { 100, 32 },
	{ 192, 64 }, { 256, 256 }, { 700, 0 }, { 1000, 128 }, { 1741, 0 }, { 2048, 2048 },
	{ 3072, 1024 }, { 4096, 4096 }, { 4097, 0 }, { 5000, 4096 }, { 7168, 0 }, { 12288, 0 },
	{ 20000, 4096 },
};

static void layout_text(const struct layout_case *l, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "%u bytes aligned to %u", l->size, l->align);
}

KUNIT_ARRAY_PARAM(layouts, layouts, layout_text);

static void check_layout(struct kunit *test, const struct rsv_layout *l,
			 const struct layout_case *wanted)
{
	unsigned int behind = l->link + sizeof(void *);

	KUNIT_EXPECT_EQ(test, l->object_size, wanted->size);
	KUNIT_EXPECT_TRUE(test, is_power_of_2(l->align));
	KUNIT_EXPECT_GE(test, l->align, max_t(unsigned int, wanted->align, sizeof(void *)));
	KUNIT_EXPECT_GE(test, l->stride, l->object_size);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(l->stride, l->align));
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(l->link, sizeof(void *)));
	KUNIT_EXPECT_LE(test, behind, l->stride);

	KUNIT_EXPECT_GE(test, l->small_objects, 1);
	KUNIT_EXPECT_LE(test, l->small_pages, l->pages);
	KUNIT_EXPECT_LE(test, l->objects, RSV_SLAB_OBJECTS_MAX);
	KUNIT_EXPECT_LE(test, (size_t)l->objects * l->stride, l->pages * PAGE_SIZE);
	KUNIT_EXPECT_LE(test, (size_t)l->small_objects * l->stride, l->small_pages * PAGE_SIZE);
}

static void layout_holds_what_it_promises(struct kunit *test)
{
	const struct layout_case *wanted = test->param_value;
	struct rsv_layout l = {};

	KUNIT_ASSERT_EQ(test, rsv_layout_choose(&l, wanted->size, wanted->align, 0, false), 0);
	check_layout(test, &l, wanted);

	/* A constructed object keeps all of its bytes while it is free: its link is behind it. */
	KUNIT_ASSERT_EQ(test, rsv_layout_choose(&l, wanted->size, wanted->align, 0, true), 0);
	check_layout(test, &l, wanted);
	KUNIT_EXPECT_GE(test, l.link, l.object_size);
}

static size_t waste_of(const struct rsv_layout *l, unsigned int pages)
{
	return pages * PAGE_SIZE % l->stride;
}

static void slab_has_the_pages_that_waste_least(struct kunit *test)
{
	const struct layout_case *wanted = test->param_value;
	struct rsv_layout l = {};
	unsigned int pages;

	KUNIT_ASSERT_EQ(test, rsv_layout_choose(&l, wanted->size, wanted->align, 0, false), 0);
	/* Shares are compared, a / b < c / d as a * d < c * b. */
	for (pages = max(l.small_pages, 3U); pages <= 8; pages++)
		if (pages * PAGE_SIZE / l.stride <= RSV_SLAB_OBJECTS_MAX)
			KUNIT_EXPECT_LE_MSG(test, waste_of(&l, l.pages) * pages,
					    waste_of(&l, pages) * l.pages, "%u pages", pages);
}

/* A chain through the first word of each object; its other bytes carry a pattern. */
struct link {
	struct link *before;
	u8 rest[];
};

static unsigned int take_all(struct kunit *test, struct rsv_region *r, struct rsv_cache *c,
			     const struct layout_case *l, struct link **last)
{
	struct link *object;
	unsigned int nr;

	*last = NULL;
	for (nr = 0; (object = rsv_cache_alloc(c, GFP_KERNEL)); nr++) {
		if (l->align)
			KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)object, l->align));
		KUNIT_EXPECT_LE(test, scratch_offset(r, object) + l->size,
				r->nr_pages * PAGE_SIZE);
		object->before = *last;
		memset(object->rest, (u8)nr, l->size - sizeof(*object));
		*last = object;
	}
	return nr;
}

/* Returns how many objects came through untouched. */
static unsigned int give_all(struct rsv_cache *c, const struct layout_case *l, struct link *last,
			     unsigned int nr)
{
	unsigned int good = 0;

	while (last && nr--) {
		struct link *object = last;

		last = object->before;
		good += !memchr_inv(object->rest, (u8)nr, l->size - sizeof(*object));
		rsv_cache_free(c, object);
	}
	return good;
}

static void objects_are_aligned_disjoint_and_restore_the_region(struct kunit *test)
{
	const struct layout_case *l = test->param_value;
	struct rsv_region *r = scratch_pages(test, 37);
	struct rsv_cache *c = scratch_cache(test, r, l->size, l->align);
	struct free_areas untouched;
	struct link *last;
	unsigned int nr;

	free_areas_read(test, r, &untouched);
	nr = take_all(test, r, c, l, &last);
	KUNIT_EXPECT_GT(test, nr, 0);
	KUNIT_EXPECT_EQ(test, cache_figures(c).active_objects, nr);
	KUNIT_EXPECT_EQ(test, cache_figures(c).failures, 1);
	KUNIT_EXPECT_EQ(test, give_all(c, l, last, nr), nr);
	KUNIT_EXPECT_EQ(test, cache_figures(c).active_objects, 0);
	rsv_cache_shrink(c);
	KUNIT_EXPECT_EQ(test, cache_figures(c).total_objects, 0);
	EXPECT_SAME_AREAS(test, r, &untouched);
}

static void objects_of_one_byte_do_not_share_it(struct kunit *test)
{
	struct rsv_region *r = scratch_pages(test, 1);
	struct rsv_cache *c = scratch_cache(test, r, 1, 0);
	u8 *object[100];
	unsigned int i;

	objects_take(test, c, (void **)object, 100);
	for (i = 0; i < 100; i++)
		*object[i] = i;
	for (i = 0; i < 100; i++)
		KUNIT_EXPECT_EQ(test, *object[i], i);
	objects_give(c, (void **)object, 100);
}

static void hwcache_align_begins_objects_on_a_cache_line(struct kunit *test)
{
	struct rsv_region *r = scratch_pages(test, 8);
	unsigned int line = cache_line_size();
	struct rsv_cache *c = rsv_cache_create(r, "lines", line + 1, 0, RSV_HWCACHE_ALIGN, NULL);
	void *object[2];

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c);
	objects_take(test, c, object, 2);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)object[0], line));
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)object[1], line));
	objects_give(c, object, 2);
	KUNIT_EXPECT_EQ(test, rsv_cache_destroy(c), 0);
}

static struct kunit_case layout_cases[] = {
	KUNIT_CASE_PARAM(textbook_slab, slabs_gen_params),
	KUNIT_CASE_PARAM(layout_holds_what_it_promises, layouts_gen_params),
	KUNIT_CASE_PARAM(slab_has_the_pages_that_waste_least, layouts_gen_params),
	KUNIT_CASE_PARAM(objects_are_aligned_disjoint_and_restore_the_region, layouts_gen_params),
	KUNIT_CASE(objects_of_one_byte_do_not_share_it),
	KUNIT_CASE(hwcache_align_begins_objects_on_a_cache_line),
	{}
};

static struct kunit_suite layout_suite = {
	.name = "reservoir_layout",
	.init = suite_init,
	.test_cases = layout_cases,
};

kunit_test_suite(layout_suite);
