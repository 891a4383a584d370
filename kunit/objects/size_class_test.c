// SPDX-License-Identifier: GPL-2.0
/*
 * Size classes: each size has the smallest class that holds it, and the classes keep the bound of
 * their waste.
 */
#include <linux/mm.h>
#include <linux/string.h>

#include "objects/size_class.h"
#include "support/scratch.h"
#include "support/suite.h"

static const char *const choices[] = { "fine", "pow2" };

static void choice_text(const char *const *choice, char *text)
{
	strscpy(text, *choice, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(choices, choices, choice_text);

static const struct rsv_classes *param_classes(struct kunit *test)
{
	const struct rsv_classes *classes =
		rsv_classes_named(*(const char *const *)test->param_value);

	KUNIT_ASSERT_NOT_NULL(test, classes);
	return classes;
}

static void sizes_grow_in_steps_up_to_the_largest(struct kunit *test)
{
	const struct rsv_classes *classes = param_classes(test);
	unsigned int i;

	KUNIT_EXPECT_STREQ(test, classes->name, *(const char *const *)test->param_value);
	KUNIT_ASSERT_GT(test, classes->nr, 0);
	KUNIT_ASSERT_LE(test, classes->nr, RSV_CLASSES_MAX);
	for (i = 0; i < classes->nr; i++) {
		KUNIT_EXPECT_EQ(test, classes->size[i] % RSV_CLASS_STEP, 0);
		if (i)
			KUNIT_EXPECT_GT(test, classes->size[i], classes->size[i - 1]);
	}
	KUNIT_EXPECT_EQ(test, classes->size[0], RSV_CLASS_STEP);
	KUNIT_EXPECT_GE(test, classes->size[classes->nr - 1], RSV_KMALLOC_MAX);
}

static void every_size_has_the_smallest_class_that_holds_it(struct kunit *test)
{
	const struct rsv_classes *classes = param_classes(test);
	unsigned int size, class, before = 0;

	for (size = 1; size <= RSV_KMALLOC_MAX; size++) {
		class = rsv_class_of(classes, size);
		KUNIT_ASSERT_LT(test, class, classes->nr);
		KUNIT_ASSERT_GE_MSG(test, classes->size[class], size, "%u bytes", size);
		if (class)
			KUNIT_ASSERT_LT_MSG(test, classes->size[class - 1], size, "%u bytes", size);
		KUNIT_ASSERT_GE_MSG(test, class, before, "%u bytes", size);
		before = class;
	}
}

/* Beyond RSV_KMALLOC_MAX a size has a class that takes no more than whole pages, or has none. */
static void large_size_has_a_class_that_wastes_no_more_than_pages(struct kunit *test)
{
	const struct rsv_classes *classes = param_classes(test);
	unsigned int size, class;

	for (size = RSV_KMALLOC_MAX + 1; size <= 2 * RSV_CLASSES_END; size++) {
		class = rsv_class_of(classes, size);
		if (class == RSV_CLASS_NONE)
			continue;
		KUNIT_ASSERT_LT(test, class, classes->nr);
		KUNIT_ASSERT_GE_MSG(test, classes->size[class], size, "%u bytes", size);
		KUNIT_ASSERT_LE_MSG(test, classes->size[class], PAGE_ALIGN(size), "%u bytes", size);
		KUNIT_ASSERT_LT_MSG(test, classes->size[class - 1], size, "%u bytes", size);
	}
}

/* The sizes of pages up to RSV_CLASSES_END are classes, too: magazines serve them. */
static void fine_leaves_no_size_to_pages_up_to_the_end(struct kunit *test)
{
	const struct rsv_classes *classes = rsv_classes_named("fine");
	unsigned int size;

	for (size = RSV_KMALLOC_MAX + 1; size <= RSV_CLASSES_END; size++)
		KUNIT_ASSERT_NE_MSG(test, rsv_class_of(classes, size), RSV_CLASS_NONE, "%u bytes",
				    size);
}

static void every_class_holds_its_own_size(struct kunit *test)
{
	const struct rsv_classes *classes = param_classes(test);
	unsigned int class;

	for (class = 0; class < classes->nr; class++)
		KUNIT_EXPECT_EQ(test, rsv_class_of(classes, classes->size[class]), class);
}

static void every_class_knows_its_smallest_request(struct kunit *test)
{
	const struct rsv_classes *classes = param_classes(test);
	unsigned int class, least;

	for (class = 0; class < classes->nr; class++) {
		least = rsv_class_least(classes, classes->size[class]);
		KUNIT_EXPECT_EQ(test, rsv_class_of(classes, least), class);
		if (class)
			KUNIT_EXPECT_NE(test, rsv_class_of(classes, least - 1), class);
		else
			KUNIT_EXPECT_EQ(test, least, 1);
	}
}

static void pow2_has_the_powers_of_two(struct kunit *test)
{
	const struct rsv_classes *classes = rsv_classes_named("pow2");
	unsigned int i;

	KUNIT_EXPECT_EQ(test, classes->nr, 11);
	for (i = 0; i < classes->nr; i++)
		KUNIT_EXPECT_EQ(test, classes->size[i], 8U << i);
}

static void fine_wastes_an_eighth_of_a_request_at_most(struct kunit *test)
{
	const struct rsv_classes *classes = rsv_classes_named("fine");
	unsigned int size, class, granted, waste, most = 4 * RSV_CLASSES_END;

	/* Larger pages waste more. */
	if (PAGE_SIZE > SZ_4K)
		most = RSV_CLASSES_END;
	for (size = 1; size <= most; size++) {
		class = rsv_class_of(classes, size);
		granted = class == RSV_CLASS_NONE ? PAGE_ALIGN(size) : classes->size[class];
		waste = granted - size;
		if (size >= 64)
			KUNIT_ASSERT_LE_MSG(test, waste * 8, size, "%u bytes", size);
		else
			KUNIT_ASSERT_LT_MSG(test, waste, RSV_CLASS_STEP, "%u bytes", size);
	}
}

static void other_names_are_none(struct kunit *test)
{
	static const char *const names[] = { "", "fin", "finer", "pow", "pow22", "FINE", "none" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		KUNIT_EXPECT_NULL(test, rsv_classes_named(names[i]));
}

/* A region keeps the classes that it was created with, whatever later regions have. */
static void region_has_a_cache_of_every_class(struct kunit *test)
{
	const struct rsv_classes *classes = param_classes(test);
	struct rsv_region *r = rsvt_scratch_region_of(test, SZ_256K, "slub", classes->name);
	struct rsv_region *other = rsvt_scratch_region_of(test, SZ_256K, "slub", "pow2");
	char name[RSV_NAME_MAX];
	unsigned int i;

	KUNIT_EXPECT_PTR_EQ(test, r->classes, classes);
	KUNIT_EXPECT_PTR_EQ(test, other->classes, rsv_classes_named("pow2"));
	for (i = 0; i < classes->nr; i++) {
		snprintf(name, sizeof(name), "kmalloc-%u", classes->size[i]);
		KUNIT_ASSERT_NOT_NULL(test, r->kmalloc[i]);
		KUNIT_EXPECT_STREQ(test, r->kmalloc[i]->name, name);
		KUNIT_EXPECT_EQ(test, r->kmalloc[i]->layout.object_size, classes->size[i]);
		if (i)
			KUNIT_EXPECT_GT(test, r->kmalloc[i]->layout.stride,
					r->kmalloc[i - 1]->layout.stride);
	}
	for (; i < RSV_CLASSES_MAX; i++)
		KUNIT_EXPECT_NULL(test, r->kmalloc[i]);
}

/* --- DMA ------------------------------------------------------------------------------------ */

/* The classes of the kernel on arm64 with bounce buffers, and without */
static size_t roundup_8(size_t bytes)
{
	if (bytes > 64 && bytes <= 96)
		return 96;
	if (bytes > 128 && bytes <= 192)
		return 192;
	return max(roundup_pow_of_two(bytes), 8UL);
}

static size_t roundup_64(size_t bytes)
{
	return ALIGN(roundup_8(bytes), 64);
}

static const struct machine {
	const char *what;
	struct rsv_dma_rule dma;
	unsigned int from; /* the bound of waste holds from so many bytes on */
} machines[] = {
	{ "arm64, lines of 64 bytes", { 128, 64, roundup_8 }, 512 },
	{ "arm64, lines of 128 bytes", { 128, 128, roundup_8 }, 1024 },
	{ "arm64, lines of 64 bytes, no bounce buffers", { 128, 64, roundup_64 }, 512 },
	{ "coherent devices", { 8, 1, roundup_8 }, 64 },
};

KUNIT_ARRAY_PARAM_DESC(machines, machines, what);

static struct rsv_classes *classes_of(struct kunit *test, bool fine)
{
	const struct machine *m = test->param_value;
	struct rsv_classes *classes = kunit_kzalloc(test, sizeof(*classes), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, classes);
	rsv_classes_compute(classes, fine, &m->dma);
	return classes;
}

/* The words of dma_kmalloc_size_aligned() */
static bool dma_takes_aligned(const struct rsv_dma_rule *dma, size_t bytes)
{
	return bytes >= 2 * dma->min || IS_ALIGNED(dma->kernel_class(bytes), dma->line);
}

static void what_the_dma_api_takes_to_be_aligned_is_aligned(struct kunit *test)
{
	const struct machine *m = test->param_value;
	unsigned int set, bytes, class, size;

	for (set = 0; set < 2; set++) {
		const struct rsv_classes *classes = classes_of(test, set);

		for (bytes = 1; bytes <= RSV_CLASSES_END; bytes++) {
			class = rsv_class_of(classes, bytes);
			if (class == RSV_CLASS_NONE || !dma_takes_aligned(&m->dma, bytes))
				continue;
			size = classes->size[class];
			KUNIT_ASSERT_EQ_MSG(test, size % m->dma.line, 0, "%u bytes", bytes);
			KUNIT_ASSERT_EQ_MSG(test, rsv_class_align(size) % m->dma.line, 0,
					    "%u bytes", bytes);
		}
	}
}

/* No more classes are left out than must be. */
static void classes_that_devices_can_use_stay(struct kunit *test)
{
	const struct machine *m = test->param_value;
	const struct rsv_classes *fine = classes_of(test, true), *pow2 = classes_of(test, false);
	unsigned int bytes, class, granted;

	for (bytes = 1; bytes <= RSV_CLASSES_END; bytes++) {
		class = rsv_class_of(fine, bytes);
		granted = class == RSV_CLASS_NONE ? PAGE_ALIGN(bytes) : fine->size[class];
		KUNIT_ASSERT_GE(test, granted, bytes);
		if (bytes >= m->from)
			KUNIT_ASSERT_LE_MSG(test, (granted - bytes) * 8, bytes, "%u bytes", bytes);
		if (bytes <= RSV_KMALLOC_MAX && m->dma.kernel_class(1) == 8)
			KUNIT_ASSERT_EQ_MSG(test, pow2->size[rsv_class_of(pow2, bytes)],
					    max(roundup_pow_of_two(bytes), 8UL), "%u bytes", bytes);
	}
	if (m->dma.line == 64 && m->dma.kernel_class(1) == 8) {
		static const u16 first[] = {
			8, 16, 24, 32, 64, 72, 80, 88, 96, 128, 192, 256, 320, 384, 448, 512, 576,
		};

		KUNIT_EXPECT_EQ(test, memcmp(fine->size, first, sizeof(first)), 0);
	}
}

static void coherent_devices_leave_all_classes(struct kunit *test)
{
	const struct rsv_dma_rule coherent = { 8, 1, roundup_8 };
	struct rsv_classes *classes = kunit_kzalloc(test, sizeof(*classes), GFP_KERNEL);
	const struct rsv_classes *fine = rsv_classes_named("fine");

	KUNIT_ASSERT_NOT_NULL(test, classes);
	rsv_classes_compute(classes, true, &coherent);
	KUNIT_ASSERT_EQ(test, classes->nr, fine->nr);
	KUNIT_EXPECT_EQ(test, memcmp(classes->size, fine->size, sizeof(fine->size)), 0);
	KUNIT_EXPECT_EQ(test, memcmp(classes->of, fine->of, sizeof(fine->of)), 0);
	KUNIT_EXPECT_EQ(test, memcmp(classes->large, fine->large, sizeof(fine->large)), 0);
}

static struct kunit_case classes_cases[] = {
	KUNIT_CASE_PARAM(sizes_grow_in_steps_up_to_the_largest, choices_gen_params),
	KUNIT_CASE_PARAM(every_size_has_the_smallest_class_that_holds_it, choices_gen_params),
	KUNIT_CASE_PARAM(large_size_has_a_class_that_wastes_no_more_than_pages,
			 choices_gen_params),
	KUNIT_CASE(fine_leaves_no_size_to_pages_up_to_the_end),
	KUNIT_CASE_PARAM(every_class_holds_its_own_size, choices_gen_params),
	KUNIT_CASE_PARAM(every_class_knows_its_smallest_request, choices_gen_params),
	KUNIT_CASE(pow2_has_the_powers_of_two),
	KUNIT_CASE(fine_wastes_an_eighth_of_a_request_at_most),
	KUNIT_CASE(other_names_are_none),
	KUNIT_CASE_PARAM(region_has_a_cache_of_every_class, choices_gen_params),
	KUNIT_CASE_PARAM(what_the_dma_api_takes_to_be_aligned_is_aligned, machines_gen_params),
	KUNIT_CASE_PARAM(classes_that_devices_can_use_stay, machines_gen_params),
	KUNIT_CASE(coherent_devices_leave_all_classes),
	{}};

static struct kunit_suite classes_suite = {
	.name = "reservoir_classes",
	.init = rsvt_suite_init,
	.test_cases = classes_cases,
};

kunit_test_suite(classes_suite);
