// SPDX-License-Identifier: GPL-2.0
/*
 * How objects lie in a slab, with every engine and every check: the textbook's slabs, alignment,
 * waste, and objects that do not overlap.
 */
#include <linux/cache.h>
#include <linux/log2.h>
#include <linux/string.h>

#include "objects/cache.h"
#include "objects/debug/track.h"
#include "objects/engine.h"
#include "objects/layout.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/scratch.h"
#include "support/suite.h"

/* Bufctls of the engine SLAB: bytes for a slab, and bytes for each of its objects */
#define BUFCTL_HEAD	4
#define BUFCTL_ENTRY	2

/* --- The textbook's examples ---------------------------------------------------------------- */

struct slab_case {
	const char *what;
	unsigned int size;
	unsigned int pages;
	unsigned int objects;
	unsigned int waste;
	struct free_areas left; /* of 256 KB, while the cache has one slab */
};

static const struct slab_case slab_cases[] = {
	{"six objects of 2 KB in 12 KB",
	 2048,
	 3,
	 6,
	 0,
	 {{[0] = 1, [2] = 1, [3] = 1, [4] = 1, [5] = 1}}},
	{"process descriptors of 1.7 KB",
	 1741,
	 3,
	 7,
	 12288 - 7 * 1744,
	 {{[0] = 1, [2] = 1, [3] = 1, [4] = 1, [5] = 1}}},
	{"groups of four objects of 3 KB",
	 3072,
	 3,
	 4,
	 0,
	 {{[0] = 1, [2] = 1, [3] = 1, [4] = 1, [5] = 1}}},
	{"groups of four objects of 7 KB", 7168, 7, 4, 0, {{[0] = 1, [3] = 1, [4] = 1, [5] = 1}}},
};

KUNIT_ARRAY_PARAM_DESC(slabs, slab_cases, what);

/*
 * A slab becomes partial, full and partial again. The pages by which its block was rounded up stay
 * free.
 */
static void textbook_slab(struct kunit *test)
{
	const struct slab_case *s = test->param_value;
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = rsvt_scratch_cache(test, r, s->size, 0);
	void *object[8];
	unsigned int i;

	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).slab_pages, s->pages);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).slab_objects, s->objects);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).slab_waste, s->waste);
	KUNIT_ASSERT_LE(test, s->objects, ARRAY_SIZE(object));

	EXPECT_SLABS(test, c, 0, 0, 0);
	EXPECT_FREE_AREAS(test, r, [6] = 1);
	for (i = 0; i < s->objects; i++) {
		rsvt_objects_alloc(test, c, &object[i], 1);
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
	{8, 0},	      {8, 64},	     {24, 0},	   {24, 16},	  {64, 64},	{100, 0},
	{100, 32},    {192, 64},     {256, 256},   {700, 0},	  {1000, 128},	{1741, 0},
	{2048, 2048}, {3072, 1024},  {4096, 4096}, {4097, 0},	  {5000, 4096}, {7168, 0},
	{9216, 1024}, {11264, 1024}, {12288, 0},   {20000, 4096}, {16384, 16384}, {32768, 32768},
};

static void layout_text(const struct layout_case *l, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "%u bytes aligned to %u", l->size, l->align);
}

KUNIT_ARRAY_PARAM(layouts, layouts, layout_text);

/* Every layout is tried with each of these. */
struct flavour {
	const char *what;
	unsigned int flags;
	bool ctor;
};

static const struct flavour flavours[] = {
	{"plain", 0, false},
	{"constructed", 0, true},
	{"red zone", RSV_RED_ZONE, false},
	{"poison", RSV_POISON, false},
	{"owners", RSV_STORE_USER, false},
	{"constructed, red zone", RSV_RED_ZONE, true},
	{"constructed, all checks", RSV_CHECKS, true},
	{"all checks", RSV_CHECKS, false},
	{"size class, all checks", RSV_CHECKS | RSV_CACHE_KMALLOC, false},
	{"cache lines", RSV_HWCACHE_ALIGN, false},
	{"readers under RCU", RSV_TYPESAFE_BY_RCU, false},
	{"readers under RCU, all checks", RSV_TYPESAFE_BY_RCU | RSV_CHECKS, false},
};

static const unsigned int engines[] = { RSV_ENGINE_SLAB, RSV_ENGINE_SLUB, RSV_ENGINE_SLOB };

static void construct(void *object)
{
}

/* The parts of a slot do not overlap. */
static void check_slot(struct kunit *test, const struct rsv_layout *l, const struct flavour *f)
{
	const unsigned int word = RSV_MARK_BYTES;
	bool inside = l->mark < l->object_size;
	unsigned int end = l->object_size + l->red;

	if (f->flags & RSV_RED_ZONE) {
		KUNIT_EXPECT_GE(test, l->before, word);
		KUNIT_EXPECT_GE(test, l->red, 1);
	} else {
		KUNIT_EXPECT_EQ(test, l->before + l->red, 0);
	}
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(l->before, l->align));
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(l->mark, word));
	if (f->ctor || f->flags & (RSV_POISON | RSV_TYPESAFE_BY_RCU))
		KUNIT_EXPECT_FALSE(test, inside);
	if (inside) {
		/* The mark may use the rest of the last word. */
		KUNIT_EXPECT_LE(test, l->mark + word, round_up(end, word));
		end = round_up(end, word);
	} else {
		KUNIT_EXPECT_GE(test, l->mark, end);
		end = l->mark + word;
	}
	KUNIT_EXPECT_EQ(test, !!l->track, !!(f->flags & RSV_STORE_USER));
	if (l->track) {
		KUNIT_EXPECT_GE(test, l->track, end);
		end = l->track + 2 * sizeof(struct rsv_track);
	}
	KUNIT_EXPECT_EQ(test, !!l->asked, f->flags & RSV_RED_ZONE && f->flags & RSV_CACHE_KMALLOC);
	if (l->asked) {
		KUNIT_EXPECT_GE(test, l->asked, end);
		end = l->asked + word;
	}
	KUNIT_EXPECT_LE(test, l->before + end, l->stride);
}

/* Bytes of a slab of @pages pages that are not for objects */
static unsigned int overhead(const struct rsv_layout *l, unsigned int engine, unsigned int pages)
{
	if (engine == RSV_ENGINE_SLOB && l->objects > 1)
		return 3 * pages * PAGE_SIZE / 64 + 192;
	return l->bufctl;
}

static void check_slab(struct kunit *test, const struct rsv_layout *l, unsigned int engine)
{
	KUNIT_EXPECT_GE(test, l->objects, 1);
	KUNIT_EXPECT_GE(test, l->small_objects, 1);
	KUNIT_EXPECT_LE(test, l->small_pages, l->pages);
	KUNIT_EXPECT_LE(test, l->small_objects, l->objects);
	KUNIT_EXPECT_LE(test, overhead(l, engine, l->pages) + (size_t)l->objects * l->stride,
			l->pages * PAGE_SIZE);
	KUNIT_EXPECT_LE(test,
			overhead(l, engine, l->small_pages) + (size_t)l->small_objects * l->stride,
			l->small_pages * PAGE_SIZE);
	if (engine != RSV_ENGINE_SLOB) {
		KUNIT_EXPECT_LE(test, l->objects, RSV_SLAB_OBJECTS_MAX);
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED(l->stride, l->align));
	}
}

/* Small slots have their bufctls in the slab, one for each object; large ones outside. */
static void check_bufctls(struct kunit *test, const struct rsv_layout *l, unsigned int engine)
{
	if (engine != RSV_ENGINE_SLAB) {
		KUNIT_EXPECT_EQ(test, l->bufctl, 0);
		KUNIT_EXPECT_EQ(test, l->colours, 0);
		return;
	}
	if (l->stride < PAGE_SIZE / 8)
		KUNIT_EXPECT_GE(test, l->bufctl, BUFCTL_HEAD + l->objects * BUFCTL_ENTRY);
	else
		KUNIT_EXPECT_EQ(test, l->bufctl, 0);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(l->bufctl, l->align));
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(l->colour, l->align));
	KUNIT_EXPECT_GE(test, l->colours, 1);
	KUNIT_EXPECT_LE(test, l->bufctl + l->objects * l->stride + (l->colours - 1) * l->colour,
			l->pages * PAGE_SIZE);
}

static void check_layout(struct kunit *test, const struct layout_case *wanted,
			 const struct flavour *f, unsigned int engine)
{
	const struct rsv_cache_args args = {
		.align = wanted->align,
		.flags = engine | f->flags,
		.ctor = f->ctor ? construct : NULL,
	};
	struct rsv_layout l = {};
	int err = rsv_layout_choose(&l, rsv_engine_of(engine), wanted->size, &args);

	KUNIT_ASSERT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, l.object_size, wanted->size);
	KUNIT_EXPECT_TRUE(test, is_power_of_2(l.align));
	KUNIT_EXPECT_GE(test, l.align, max(wanted->align, RSV_MARK_BYTES));
	check_slot(test, &l, f);
	check_slab(test, &l, engine);
	check_bufctls(test, &l, engine);
}

static void layout_holds_what_it_promises(struct kunit *test)
{
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(engines); i++)
		for (j = 0; j < ARRAY_SIZE(flavours); j++)
			check_layout(test, test->param_value, &flavours[j], engines[i]);
}

/* Objects of a slab of @pages pages */
static unsigned int slots(const struct rsv_layout *l, unsigned int engine, unsigned int pages)
{
	unsigned int bytes = pages * PAGE_SIZE, nr = min(bytes / l->stride, RSV_SLAB_OBJECTS_MAX);

	if (engine == RSV_ENGINE_SLAB && l->stride < PAGE_SIZE / 8)
		while (round_up(BUFCTL_HEAD + nr * BUFCTL_ENTRY, l->align) + nr * l->stride > bytes)
			nr--;
	return nr;
}

static size_t waste_of(const struct rsv_layout *l, unsigned int engine, unsigned int pages)
{
	return pages * PAGE_SIZE - slots(l, engine, pages) * l->stride;
}

static void check_waste(struct kunit *test, const struct layout_case *wanted,
			const struct flavour *f, unsigned int engine)
{
	const struct rsv_cache_args args = {
		.align = wanted->align,
		.flags = engine | f->flags,
		.ctor = f->ctor ? construct : NULL,
	};
	struct rsv_layout l = {};
	unsigned int pages, most;
	int err = rsv_layout_choose(&l, rsv_engine_of(engine), wanted->size, &args);

	KUNIT_ASSERT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, l.objects, slots(&l, engine, l.pages));
	/* Compares shares: a / b < c / d as a * d < c * b. */
	most = l.stride > 2 * PAGE_SIZE ? 16 : 8;
	for (pages = max(l.small_pages, 3U); pages <= most; pages++)
		if (pages * PAGE_SIZE / l.stride <= RSV_SLAB_OBJECTS_MAX)
			KUNIT_EXPECT_LE_MSG(test, waste_of(&l, engine, l.pages) * pages,
					    waste_of(&l, engine, pages) * l.pages, "%u pages, %s",
					    pages, f->what);
}

/* Also with the fields of checks. Slob pages have all the same size. */
static void slab_has_the_pages_that_waste_least(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flavours); i++) {
		check_waste(test, test->param_value, &flavours[i], RSV_ENGINE_SLUB);
		check_waste(test, test->param_value, &flavours[i], RSV_ENGINE_SLAB);
	}
}

static void what_cannot_be_is_refused(struct kunit *test)
{
	const struct layout_case bad[] = {
		{0, 0},	 {RSV_CACHE_SIZE_MAX + 1, 0}, {UINT_MAX, 0}, {8, 3},
		{8, 24}, {8, 2 * RSV_LAYOUT_ALIGN_MAX}, {8, UINT_MAX},
	};
	struct rsv_layout l = {};
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		for (j = 0; j < ARRAY_SIZE(engines); j++) {
			const struct rsv_cache_args args = {
				.align = bad[i].align,
				.flags = engines[j],
			};

			KUNIT_EXPECT_EQ(test,
					rsv_layout_choose(&l, rsv_engine_of(engines[j]),
							  bad[i].size, &args),
					-EINVAL);
		}
}

/* A chain through the first word of each object; the other bytes have a pattern. */
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
		KUNIT_EXPECT_LE(test, rsvt_scratch_offset(r, object) + l->size,
				r->nr_pages * PAGE_SIZE);
		object->before = *last;
		memset(object->rest, (u8)nr, l->size - sizeof(*object));
		*last = object;
	}
	return nr;
}

/* Returns how many objects kept their pattern. */
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
	struct rsv_region *r = rsvt_scratch_pages(test, 37);
	struct rsv_cache *c = rsvt_scratch_cache(test, r, l->size, l->align);
	struct free_areas untouched;
	struct link *last;
	unsigned int nr;

	rsvt_free_areas_read(test, r, &untouched);
	nr = take_all(test, r, c, l, &last);
	KUNIT_EXPECT_GT(test, nr, 0);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).active_objects, nr);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).failures, 1);
	KUNIT_EXPECT_EQ(test, give_all(c, l, last, nr), nr);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).active_objects, 0);
	rsv_cache_shrink(c);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).total_objects, 0);
	EXPECT_SAME_AREAS(test, r, &untouched);
}

static void objects_of_one_byte_do_not_share_it(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 1);
	struct rsv_cache *c = rsvt_scratch_cache(test, r, 1, 0);
	u8 *object[100];
	unsigned int i;

	rsvt_objects_alloc(test, c, (void **)object, 100);
	for (i = 0; i < 100; i++)
		*object[i] = i;
	for (i = 0; i < 100; i++)
		KUNIT_EXPECT_EQ(test, *object[i], i);
	rsvt_objects_free(c, (void **)object, 100);
}

static void hwcache_align_begins_objects_on_a_cache_line(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 8);
	unsigned int line = cache_line_size();
	struct rsv_cache *c = rsv_cache_create(r, "lines", line + 1, 0, RSV_HWCACHE_ALIGN, NULL);
	void *object[2];

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c);
	rsvt_objects_alloc(test, c, object, 2);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)object[0], line));
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)object[1], line));
	rsvt_objects_free(c, object, 2);
	KUNIT_EXPECT_EQ(test, rsv_cache_destroy(c), 0);
}

static struct kunit_case layout_cases[] = {
	KUNIT_CASE_PARAM(textbook_slab, slabs_gen_params),
	KUNIT_CASE_PARAM(layout_holds_what_it_promises, layouts_gen_params),
	KUNIT_CASE_PARAM(slab_has_the_pages_that_waste_least, layouts_gen_params),
	KUNIT_CASE_PARAM(objects_are_aligned_disjoint_and_restore_the_region, layouts_gen_params),
	KUNIT_CASE(what_cannot_be_is_refused),
	KUNIT_CASE(objects_of_one_byte_do_not_share_it),
	KUNIT_CASE(hwcache_align_begins_objects_on_a_cache_line),
	{}};

static struct kunit_suite layout_suite = {
	.name = "reservoir_layout",
	.init = rsvt_suite_init,
	.test_cases = layout_cases,
};

kunit_test_suite(layout_suite);
