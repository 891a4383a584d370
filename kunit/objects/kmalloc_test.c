// SPDX-License-Identifier: GPL-2.0
/*
 * rsv_kmalloc(): the class or the pages that serve a size, alignment, rsv_krealloc(), and refused
 * frees.
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "objects/kmalloc.h"
#include "objects/size_class.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/map.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/suite.h"

static void fill(void *p, u8 pattern, size_t bytes)
{
	memset(p, pattern, bytes);
}

static bool filled(const void *p, u8 pattern, size_t bytes)
{
	return !memchr_inv(p, pattern, bytes);
}

static void *get(struct kunit *test, struct rsv_region *r, size_t size)
{
	void *p = rsv_kmalloc(r, size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL_MSG(test, p, "%zu bytes", size);
	return p;
}

/* --- With each engine, and both choices of classes ------------------------------------------ */

struct kind {
	const char *what;
	const char *engine;
	const char *classes;
};

static const struct kind kinds[] = {
	{"slab, fine classes", "slab", "fine"}, {"slab, powers of two", "slab", "pow2"},
	{"slub, fine classes", "slub", "fine"}, {"slub, powers of two", "slub", "pow2"},
	{"slob, fine classes", "slob", "fine"}, {"slob, powers of two", "slob", "pow2"},
};

KUNIT_ARRAY_PARAM_DESC(kinds, kinds, what);

static struct rsv_region *param_region(struct kunit *test, size_t bytes)
{
	const struct kind *k = test->param_value;

	return rsvt_scratch_region_of(test, bytes, k->engine, k->classes);
}

static bool param_is_slob(struct kunit *test)
{
	const struct kind *k = test->param_value;

	return !strcmp(k->engine, "slob");
}

/* --- Sizes ---------------------------------------------------------------------------------- */

static void use_class(struct kunit *test, struct rsv_region *r, size_t from, size_t size)
{
	size_t asked[4];
	void *p[4];
	int i;

	KUNIT_EXPECT_EQ(test, rsv_kmalloc_size_roundup(r, size), size);
	for (i = 0; i < 4; i++) {
		asked[i] = i % 2 ? rsv_kmalloc_size_roundup(r, from) : from;
		p[i] = get(test, r, asked[i]);
		KUNIT_EXPECT_EQ(test, rsv_ksize(p[i]), size);
		fill(p[i], i + 1, asked[i]);
	}
	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_TRUE(test, filled(p[i], i + 1, asked[i]));
		rsv_kfree(p[i]);
	}
	KUNIT_EXPECT_EQ(test, asked[1], size);
}

/*
 * A class serves sizes from one byte more than the class below it up to its own size, and a caller
 * that asks for the rounded size may use all of it.
 */
static void class_serves_its_sizes_and_all_of_it_may_be_used(struct kunit *test)
{
	static const size_t bytes[] = { 37 * 4096, SZ_1M };
	struct rsv_region *r;
	unsigned int i, class, size;

	/* A small region has no magazines, the larger one has. */
	for (i = 0; i < ARRAY_SIZE(bytes); i++) {
		r = param_region(test, bytes[i]);
		for (class = 0; class < r->classes->nr; class++) {
			size = r->classes->size[class];
			/* Pages serve a size of which a slab would hold one. */
			if (size > RSV_KMALLOC_MAX &&
			    (param_is_slob(test) || !i || PAGE_ALIGNED(size)))
				continue;
			use_class(test, r, rsv_class_least(r->classes, size), size);
			rsvt_scratch_shrink(r);
		}
		EXPECT_UNTOUCHED(test, r);
	}
}

/* A region too small for slabs of many pages, and one without that limit */
static void class_tells_whether_it_serves_or_whole_pages_do(struct kunit *test)
{
	static const size_t bytes[] = { 16 * 4096, SZ_1M };
	unsigned int i, class;

	for (i = 0; i < ARRAY_SIZE(bytes); i++) {
		struct rsv_region *r = param_region(test, bytes[i]);

		for (class = 0; class < r->classes->nr; class++) {
			const unsigned int size = r->classes->size[class];
			void *p = get(test, r, size);

			/* Of whole pages the size does not tell: kmalloc_large_test.c. */
			KUNIT_EXPECT_EQ_MSG(test, rsv_ksize(p) == size,
					    rsv_kmalloc_least(r->kmalloc[class]) ||
					    PAGE_ALIGNED(size), "%u bytes", size);
			if (size <= RSV_KMALLOC_MAX || (bytes[i] == SZ_1M && !param_is_slob(test)))
				KUNIT_EXPECT_EQ_MSG(test, rsv_ksize(p), size, "%u bytes", size);
			rsv_kfree(p);
		}
		EXPECT_UNTOUCHED(test, r);
	}
}

/* Each size is one byte more than the last caller could use. A region of 512 KB suffices. */
static void no_request_from_64_bytes_up_wastes_more_than_its_classes_may(struct kunit *test)
{
	const struct kind *k = test->param_value;
	/* An eighth of the request, or all of it */
	unsigned int share = strcmp(k->classes, "fine") ? 1 : 8;
	/* SLOB uses whole pages from there on. */
	size_t most = param_is_slob(test) ? RSV_KMALLOC_MAX : SZ_256K;
	struct rsv_region *r = param_region(test, SZ_512K);
	size_t size, granted;
	void *p;

	for (size = 64; size <= most; size = granted + 1) {
		p = get(test, r, size);
		granted = rsv_ksize(p);
		KUNIT_EXPECT_LE_MSG(test, (granted - size) * share, size, "%zu bytes", size);
		KUNIT_EXPECT_EQ_MSG(test, rsv_kmalloc_size_roundup(r, size), granted, "%zu bytes",
				    size);
		fill(p, 0x5a, size);
		rsv_kfree(p);
	}
	EXPECT_UNTOUCHED(test, r);
}

/* Requests for a zone or a node get pages, since size classes promise neither. */
static void large_size_of_a_kind_of_memory_takes_pages(struct kunit *test)
{
	struct rsv_region *r;
	void *p;

	/* The node of the region's memory */
	rsvt_stay_on_this_cpu();
	r = param_region(test, SZ_256K);
	p = rsv_kmalloc(r, 9000, GFP_KERNEL | __GFP_THISNODE);
	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_EXPECT_EQ(test, rsv_ksize(p), PAGE_ALIGN(9000));
	rsv_kfree(p);
}

/*
 * Four objects of 9000 bytes would fill nine pages. One alone takes as many pages as without a
 * slab.
 */
static void slab_does_not_take_most_of_a_small_region(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 16);
	void *p = get(test, r, 9000), *large;

	KUNIT_EXPECT_EQ(test, rsv_ksize(p), 3 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), 16 - 3);
	large = get(test, r, 8 * PAGE_SIZE);
	rsv_kfree(large);
	rsv_kfree(p);
	EXPECT_UNTOUCHED(test, r);
}

struct large_case {
	size_t size;
	unsigned int pages;
	const char *map; /* of 16 pages, while the memory is used */
};

static const struct large_case larges[] = {
	{11265, 3, "Ppp............."},	 {12288, 3, "Ppp............."},
	{15361, 4, "Pppp............"},	 {20480, 5, "Ppppp..........."},
	{28000, 7, "Ppppppp........."},	 {32769, 9, "Ppppppppp......."},
	{65536, 16, "Pppppppppppppppp"},
};

static void large_text(const struct large_case *l, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "%zu bytes", l->size);
}

KUNIT_ARRAY_PARAM(larges, larges, large_text);

static void large_sizes_take_just_the_pages_they_need(struct kunit *test)
{
	const struct large_case *l = test->param_value;
	struct rsv_region *r = rsvt_scratch_pages(test, 16);
	void *p = get(test, r, l->size);

	EXPECT_MAP(test, r, l->map);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), 16 - l->pages);
	KUNIT_EXPECT_EQ(test, rsv_ksize(p), l->pages * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, rsv_kmalloc_size_roundup(r, l->size), l->pages * PAGE_SIZE);
	fill(p, 0x5a, l->size);
	rsv_kfree(p);
	EXPECT_FREE_AREAS(test, r, [4] = 1);
}

static void no_bytes_are_zero_size_ptr(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 4);
	size_t none = 0;

	KUNIT_EXPECT_PTR_EQ(test, rsv_kmalloc(r, none, GFP_KERNEL), ZERO_SIZE_PTR);
	KUNIT_EXPECT_PTR_EQ(test, rsv_kzalloc(r, none, GFP_KERNEL), ZERO_SIZE_PTR);
	KUNIT_EXPECT_EQ(test, rsv_ksize(ZERO_SIZE_PTR), 0);
	KUNIT_EXPECT_EQ(test, rsv_ksize(NULL), 0);
	rsv_kfree(ZERO_SIZE_PTR);
	rsv_kfree(NULL);
	EXPECT_FREE_AREAS(test, r, [2] = 1);
}

static void more_than_the_region_can_ever_give_is_null(struct kunit *test)
{
	static size_t too_large[] = {
		16 * 4096 + 1, SZ_1M, SIZE_MAX / 2, SIZE_MAX - PAGE_SIZE, SIZE_MAX - 1, SIZE_MAX,
	};
	struct rsv_region *r = rsvt_scratch_region(test, 16 * 4096);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(too_large); i++) {
		KUNIT_EXPECT_NULL(test, rsv_kmalloc(r, too_large[i], GFP_KERNEL));
		KUNIT_EXPECT_NULL(test, rsv_kzalloc(r, too_large[i], GFP_ATOMIC));
		KUNIT_EXPECT_NULL(test, rsv_krealloc(r, NULL, too_large[i], GFP_KERNEL));
	}
	EXPECT_FREE_AREAS(test, r, [4] = 1);
}

/*
 * kmalloc()'s contract: alignment to the largest power of two that divides the size, and to
 * ARCH_KMALLOC_MINALIGN.
 */
static void alignment_keeps_kmallocs_contract_for_every_size(struct kunit *test)
{
	struct rsv_region *r = param_region(test, SZ_1M);
	/* All sizes with an alignment */
	const size_t step = SLOW ? 8 : 1;
	size_t size, wrong = 0;

	for (size = step; size <= 32768; size += step) {
		size_t align = max_t(size_t, ARCH_KMALLOC_MINALIGN, size & -size);
		/*
		 * The object before it keeps the tested one from being the first, which is always
		 * aligned.
		 */
		void *before = get(test, r, size), *p = get(test, r, size);

		wrong += !IS_ALIGNED((unsigned long)p, align);
		wrong += rsv_ksize(p) < size;
		rsv_kfree(before);
		rsv_kfree(p);
	}
	for (size = 65536; size <= SZ_512K; size *= 2) {
		void *before = get(test, r, 1), *p = get(test, r, size);

		wrong += !IS_ALIGNED((unsigned long)p, size);
		rsv_kfree(before);
		rsv_kfree(p);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	EXPECT_UNTOUCHED(test, r);
}

static void zeroed_memory_is_zero_after_others_used_it(struct kunit *test)
{
	static const size_t sizes[] = { 8, 100, 700, 4096, 8192, 8193, 40000 };
	struct rsv_region *r = param_region(test, SZ_256K);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t size = rsv_kmalloc_size_roundup(r, sizes[i]);
		void *p = get(test, r, size);

		fill(p, 0xa5, size);
		rsv_kfree(p);
		p = rsv_kzalloc(r, size, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p);
		KUNIT_EXPECT_TRUE(test, filled(p, 0, size));
		fill(p, 0xa5, size);
		rsv_kfree(p);
		p = rsv_kcalloc(r, 1, sizes[i], GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p);
		KUNIT_EXPECT_TRUE(test, filled(p, 0, sizes[i]));
		rsv_kfree(p);
	}
}

static void region_that_is_used_up_gives_null_until_something_is_freed(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 7);
	struct free_areas untouched;
	void **last = NULL, **p;
	unsigned int nr = 0;

	rsvt_free_areas_read(test, r, &untouched);
	for (; (p = rsv_kmalloc(r, 1024, GFP_KERNEL)); nr++) {
		*p = last;
		last = p;
	}
	KUNIT_EXPECT_EQ(test, nr, 7 * PAGE_SIZE / 1024);
	/* No class can get a slab now. */
	KUNIT_EXPECT_NULL(test, rsv_kmalloc(r, 8, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, rsv_kmalloc(r, 8193, GFP_KERNEL));

	p = last;
	last = *p;
	rsv_kfree(p);
	KUNIT_EXPECT_PTR_EQ(test, rsv_kmalloc(r, 1000, GFP_ATOMIC), (void *)p);
	rsv_kfree(p);
	while ((p = last)) {
		last = *p;
		rsv_kfree(p);
	}
	rsvt_scratch_shrink(r);
	EXPECT_SAME_AREAS(test, r, &untouched);
}

/* --- Changing sizes ------------------------------------------------------------------------- */

static const size_t steps[] = {
	1, 8, 9, 100, 128, 129, 4000, 8192, 8193, 12288, 12289, 30000, 60000,
};

static void growing_keeps_the_contents(struct kunit *test)
{
	struct rsv_region *r = param_region(test, SZ_256K);
	void *p = NULL, *new;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		new = rsv_krealloc(r, p, steps[i], GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, new);
		p = new;
		KUNIT_EXPECT_GE(test, rsv_ksize(p), steps[i]);
		if (i)
			KUNIT_EXPECT_TRUE(test, filled(p, i, steps[i - 1]));
		fill(p, i + 1, steps[i]);
	}
	rsv_kfree(p);
	EXPECT_UNTOUCHED(test, r);
}

static void shrinking_stays_in_place_and_keeps_the_contents(struct kunit *test)
{
	static const size_t sizes[] = { 100, 5000, 30000 };
	struct rsv_region *r = param_region(test, SZ_256K);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		void *p = get(test, r, sizes[i]), *same;

		fill(p, 0x3c, sizes[i]);
		same = rsv_krealloc(r, p, sizes[i] / 3, GFP_KERNEL);
		KUNIT_ASSERT_PTR_EQ(test, same, p);
		KUNIT_EXPECT_TRUE(test, filled(same, 0x3c, sizes[i] / 3));
		rsv_kfree(same);
	}
}

static void growing_within_what_may_be_used_stays_in_place(struct kunit *test)
{
	static const size_t sizes[] = { 97, 8193 };
	struct rsv_region *r = param_region(test, SZ_256K);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		void *p = get(test, r, sizes[i]), *same;
		size_t size = rsv_ksize(p);

		KUNIT_EXPECT_GT(test, size, sizes[i]);
		fill(p, 0x3c, sizes[i]);
		same = rsv_krealloc(r, p, size, GFP_KERNEL);
		KUNIT_ASSERT_PTR_EQ(test, same, p);
		/* By now the compiler allows the new size. */
		KUNIT_EXPECT_TRUE(test, filled(same, 0x3c, sizes[i]));
		fill(same, 0x5a, size);
		rsv_kfree(same);
	}
}

/* With fine classes each of these steps needs another class. */
static void string_that_grows_moves_seldom(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_1M);
	void *p = get(test, r, 24), *new;
	unsigned long was = (unsigned long)p;
	unsigned int size, moves = 0;

	for (size = 48; size <= 1200; size += 24) {
		new = rsv_krealloc(r, p, size, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, new);
		moves += (unsigned long)new != was;
		was = (unsigned long)new;
		p = new;
	}
	KUNIT_EXPECT_LE(test, moves, 12);
	rsv_kfree(p);
}

/* As with krealloc() since 6.12: nobody knows later which of the bytes were once given up. */
static void what_shrinking_gives_up_is_zero_when_it_comes_back(struct kunit *test)
{
	static const size_t sizes[] = { 96, 5000, 30000 };
	struct rsv_region *r = param_region(test, SZ_256K);
	const gfp_t gfp = GFP_KERNEL | __GFP_ZERO;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		void *p = rsv_kzalloc(r, sizes[i], GFP_KERNEL), *same;

		KUNIT_ASSERT_NOT_NULL(test, p);
		fill(p, 0x3c, sizes[i]);
		same = rsv_krealloc(r, p, sizes[i] / 3, gfp);
		KUNIT_ASSERT_PTR_EQ(test, same, p);
		same = rsv_krealloc(r, same, sizes[i], gfp);
		KUNIT_ASSERT_PTR_EQ(test, same, p);
		KUNIT_EXPECT_TRUE(test, filled(same, 0x3c, sizes[i] / 3));
		KUNIT_EXPECT_TRUE(test, filled(same + sizes[i] / 3, 0, sizes[i] - sizes[i] / 3));
		rsv_kfree(same);
	}
}

static void growing_that_fails_leaves_the_old_memory(struct kunit *test)
{
	struct rsv_region *r = param_region(test, 16 * PAGE_SIZE);
	void *p = get(test, r, 100);

	fill(p, 0x77, 100);
	KUNIT_EXPECT_NULL(test, rsv_krealloc(r, p, 16 * PAGE_SIZE, GFP_KERNEL));
	KUNIT_EXPECT_TRUE(test, filled(p, 0x77, 100));
	rsv_kfree(p);
}

static void changing_to_no_bytes_frees(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	void *p = get(test, r, 20000);
	size_t none = 0;

	KUNIT_EXPECT_PTR_EQ(test, rsv_krealloc(r, p, none, GFP_KERNEL), ZERO_SIZE_PTR);
	EXPECT_FREE_AREAS(test, r, [6] = 1);
	KUNIT_EXPECT_PTR_EQ(test, rsv_krealloc(r, NULL, none, GFP_KERNEL), ZERO_SIZE_PTR);
	p = rsv_krealloc(r, ZERO_SIZE_PTR, 100, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	fill(p, 0x5a, 100);
	rsv_kfree(p);
}

/* --- Misuse --------------------------------------------------------------------------------- */

static void free_twice(struct kunit *test, struct rsv_region *r, size_t size)
{
	void *before = get(test, r, size), *p = get(test, r, size);
	const char *offset = rsvt_report_text(test, " at 0x%zx", rsvt_scratch_offset(r, p));

	rsv_kfree(p);
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_kfree(p));
	KUNIT_EXPECT_NOT_NULL(test, strstr(rsvt_last_report(test), offset));
	KUNIT_EXPECT_NOT_NULL(test, strstr(rsvt_last_report(test), r->name));
	rsv_kfree(before);
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_kfree(before));
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_kfree(p));
}

static void double_free_is_refused_small_and_large(struct kunit *test)
{
	static const size_t sizes[] = { 1, 8, 100, 3000, 4096, 8192, 8193, 16384, 50000 };
	/* A small region has no magazines, the larger one has. */
	static const size_t bytes[] = { SZ_128K, SZ_256K };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(bytes); i++) {
		struct rsv_region *r = param_region(test, bytes[i]);

		for (j = 0; j < ARRAY_SIZE(sizes); j++)
			free_twice(test, r, sizes[j]);
		EXPECT_UNTOUCHED(test, r);
	}
}

static void pointer_into_the_middle_is_refused(struct kunit *test)
{
	struct rsv_region *r = param_region(test, SZ_256K);
	void *small = get(test, r, 100), *large = get(test, r, 20000);

	EXPECT_MISUSE(test, RSV_MISALIGNED, rsv_kfree(small + 1));
	EXPECT_MISUSE(test, RSV_MISALIGNED, rsv_kfree(small + 64));
	EXPECT_MISUSE(test, RSV_MISALIGNED, rsv_kfree(large + 8));
	EXPECT_MISUSE(test, RSV_MISALIGNED, rsv_kfree(large + PAGE_SIZE));
	EXPECT_MISUSE(test, RSV_MISALIGNED, rsv_kfree(large + 4 * PAGE_SIZE));
	fill(small, 0x5a, 100);
	fill(large, 0x5a, 20000);
	rsv_kfree(small);
	rsv_kfree(large);
	EXPECT_UNTOUCHED(test, r);
}

static void pointer_of_no_region_is_refused(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 4);
	void *system = kunit_kmalloc(test, 100, GFP_KERNEL), *mapped = vmalloc(PAGE_SIZE);
	int on_stack;

	KUNIT_ASSERT_NOT_NULL(test, system);
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_kfree(system));
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_kfree(mapped));
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_kfree(&on_stack));
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_kfree((void *)ULONG_MAX));
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_ksize(system));
	EXPECT_MISUSE(test, RSV_FOREIGN,
		      KUNIT_EXPECT_NULL(test, rsv_krealloc(r, system, 200, GFP_KERNEL)));
	EXPECT_FREE_AREAS(test, r, [2] = 1);
	vfree(mapped);
}

/* rsv_kfree() takes objects of rsv_cache_alloc(), as kfree() takes those of kmem_cache_alloc(). */
static void object_of_a_cache_can_be_freed_without_naming_it(struct kunit *test)
{
	struct rsv_region *r = param_region(test, SZ_256K);
	struct rsv_cache *c;
	void *object;

	c = rsv_cache_create(r, "mine", 700, 0, 0, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c);
	rsvt_objects_alloc(test, c, &object, 1);
	KUNIT_EXPECT_EQ(test, rsv_ksize(object), 700);
	rsv_kfree(object);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).active_objects, 0);
	KUNIT_EXPECT_EQ(test, rsv_cache_destroy(c), 0);
	EXPECT_UNTOUCHED(test, r);
}

static struct kunit_case kmalloc_cases[] = {
	KUNIT_CASE_PARAM(class_serves_its_sizes_and_all_of_it_may_be_used, kinds_gen_params),
	KUNIT_CASE_PARAM(class_tells_whether_it_serves_or_whole_pages_do, kinds_gen_params),
	KUNIT_CASE_PARAM(no_request_from_64_bytes_up_wastes_more_than_its_classes_may,
			 kinds_gen_params),
	KUNIT_CASE_PARAM(large_size_of_a_kind_of_memory_takes_pages, kinds_gen_params),
	KUNIT_CASE(slab_does_not_take_most_of_a_small_region),
	KUNIT_CASE_PARAM(large_sizes_take_just_the_pages_they_need, larges_gen_params),
	KUNIT_CASE(no_bytes_are_zero_size_ptr),
	KUNIT_CASE(more_than_the_region_can_ever_give_is_null),
	KUNIT_CASE_PARAM(alignment_keeps_kmallocs_contract_for_every_size, kinds_gen_params),
	KUNIT_CASE_PARAM(zeroed_memory_is_zero_after_others_used_it, kinds_gen_params),
	KUNIT_CASE(region_that_is_used_up_gives_null_until_something_is_freed),
	KUNIT_CASE_PARAM(growing_keeps_the_contents, kinds_gen_params),
	KUNIT_CASE_PARAM(shrinking_stays_in_place_and_keeps_the_contents, kinds_gen_params),
	KUNIT_CASE_PARAM(growing_within_what_may_be_used_stays_in_place, kinds_gen_params),
	KUNIT_CASE(string_that_grows_moves_seldom),
	KUNIT_CASE_PARAM(what_shrinking_gives_up_is_zero_when_it_comes_back, kinds_gen_params),
	KUNIT_CASE_PARAM(growing_that_fails_leaves_the_old_memory, kinds_gen_params),
	KUNIT_CASE(changing_to_no_bytes_frees),
	KUNIT_CASE_PARAM(double_free_is_refused_small_and_large, kinds_gen_params),
	KUNIT_CASE_PARAM(pointer_into_the_middle_is_refused, kinds_gen_params),
	KUNIT_CASE(pointer_of_no_region_is_refused),
	KUNIT_CASE_PARAM(object_of_a_cache_can_be_freed_without_naming_it, kinds_gen_params),
	{}};

static struct kunit_suite kmalloc_suite = {
	.name = "reservoir_kmalloc",
	.init = rsvt_suite_init,
	.test_cases = kmalloc_cases,
};

kunit_test_suite(kmalloc_suite);
