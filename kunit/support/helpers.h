/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites share: scratch regions and caches that go away with their test, expectations
 * about free areas, maps and slabs that print both sides as text, misuses that a test provokes.
 *
 * Every suite has suite_init() as its init: a test in which a misuse was reported that it did not
 * expect fails.
 */
#ifndef RSV_KUNIT_HELPERS_H
#define RSV_KUNIT_HELPERS_H

#include <kunit/test.h>
#include <linux/reservoir.h>
#include <linux/sizes.h>

#include "report.h"

/*
 * Sanitizers, and most of all the leak detector, make all that is done many times as long, and so
 * does User Mode Linux with several CPUs, where each change of the interrupt flag is a system call.
 */
#define SLOW                                                     \
	(IS_ENABLED(CONFIG_KASAN) || IS_ENABLED(CONFIG_KCSAN) || \
	 (IS_ENABLED(CONFIG_UML) && IS_ENABLED(CONFIG_SMP)))

int suite_init(struct kunit *test);

/* --- Scratch regions and caches ------------------------------------------------------------- */

struct rsv_region *scratch_region(struct kunit *test, size_t bytes);
void scratch_region_end(struct kunit *test, struct rsv_region *r);
struct rsv_region *scratch_region_or_skip(struct kunit *test, const struct rsv_reserve *want,
					  unsigned int nr);
struct rsv_region *scratch_region_large(struct kunit *test);
struct rsv_region *scratch_region_of(struct kunit *test, size_t bytes, const char *engine,
				     const char *classes);
void settle(struct rsv_region *r);
void stay_on_this_cpu(void);
unsigned int other_cpu(struct kunit *test);

struct rsv_cache *scratch_cache_flags(struct kunit *test, struct rsv_region *r, unsigned int size,
				      unsigned int align, unsigned int flags,
				      void (*ctor)(void *object));
struct rsv_cache *scratch_cache_ctor(struct kunit *test, struct rsv_region *r, unsigned int size,
				     unsigned int align, void (*ctor)(void *object));
void scratch_cache_end(struct kunit *test, struct rsv_cache *c);
void scratch_shrink(struct rsv_region *r);

static inline struct rsv_region *scratch_pages(struct kunit *test, unsigned long nr_pages)
{
	return scratch_region(test, nr_pages * PAGE_SIZE);
}

static inline struct rsv_cache *scratch_cache(struct kunit *test, struct rsv_region *r,
					      unsigned int size, unsigned int align)
{
	return scratch_cache_ctor(test, r, size, align, NULL);
}

/* Objects by the array, and the figures of a cache */
void objects_take(struct kunit *test, struct rsv_cache *c, void **objects, unsigned int nr);
void objects_give(struct rsv_cache *c, void **objects, unsigned int nr);
bool object_among(const void *object, void *const *objects, unsigned int nr);
struct rsv_ioc_cache cache_figures(struct rsv_cache *c);

/* Bytes that nobody may touch, as those of free objects: read and written as if one might */
void peek(void *to, const void *at, size_t bytes);
void poke(void *at, const void *from, size_t bytes);

/* Blocks by the array: take as many as can be had, at most max of them. */
struct page **pages_array(struct kunit *test, unsigned long nr);
unsigned long pages_take(struct rsv_region *r, gfp_t gfp, unsigned int order, struct page **pages,
			 unsigned long max);
void pages_give(struct page **pages, unsigned long nr, unsigned int order);

/* Where in its region's only extent something lies: pages, and bytes. */
unsigned long scratch_page(struct rsv_region *r, const void *addr);
size_t scratch_offset(struct rsv_region *r, const void *addr);
void *scratch_base(struct rsv_region *r);

/* --- Parameters that several suites have ---------------------------------------------------- */

void pages_text(const unsigned int *pages, char *text);

/* Names of regions and of caches */
struct name_case {
	const char *what;
	const char *name;
	bool good;
};

#define NAME_CASES 17

extern const struct name_case name_cases[NAME_CASES];

/* --- What a region holds -------------------------------------------------------------------- */

/**
 * struct free_areas - the free blocks of a region
 * @count: for each order, their number
 */
struct free_areas {
	unsigned long count[RSV_ORDERS_MAX];
};

void free_areas_read(struct kunit *test, struct rsv_region *r, struct free_areas *areas);
void free_areas_untouched(struct rsv_region *r, struct free_areas *areas);
const char *free_areas_text(struct kunit *test, const struct free_areas *areas);
const char *free_areas_now(struct kunit *test, struct rsv_region *r);
const char *map_text(struct kunit *test, struct rsv_region *r);
const char *slabs_text(struct kunit *test, struct rsv_cache *c);
const char *slabs_wanted(struct kunit *test, u64 full, u64 partial, u64 empty);

unsigned long map_count(struct kunit *test, struct rsv_region *r, char what);

struct rsv_ioc_zone *zone_figures(struct kunit *test, struct rsv_region *r, unsigned int index);
struct rsv_ioc_info region_figures(struct rsv_region *r);

u64 region_free_pages(struct rsv_region *r);
u64 region_free_bytes(struct rsv_region *r);

/* EXPECT_FREE_AREAS(test, r, [3] = 1, [5] = 2): a block of order 3, two of order 5, no other */
#define EXPECT_FREE_AREAS(test, r, ...) \
	EXPECT_SAME_AREAS(test, r, (&(const struct free_areas){{__VA_ARGS__}}))

#define EXPECT_SAME_AREAS(test, r, areas)                             \
	do {                                                          \
		struct kunit *__test = (test);                        \
                                                                      \
		KUNIT_EXPECT_STREQ(__test, free_areas_now(__test, r), \
				   free_areas_text(__test, areas));   \
	} while (0)

/* A region of one extent in which nothing is in use looks as if nothing ever was. */
#define EXPECT_UNTOUCHED(test, r)                       \
	do {                                            \
		struct rsv_region *__r = (r);           \
		struct free_areas __areas;              \
                                                        \
		settle(__r);                            \
		free_areas_untouched(__r, &__areas);    \
		EXPECT_SAME_AREAS(test, __r, &__areas); \
	} while (0)

/* EXPECT_MAP(test, r, "Pp.."): what each page serves as, RSV_MAP_* */
#define EXPECT_MAP(test, r, map)                                      \
	do {                                                          \
		struct kunit *__test = (test);                        \
                                                                      \
		KUNIT_EXPECT_STREQ(__test, map_text(__test, r), map); \
	} while (0)

#define EXPECT_SLABS(test, c, full, partial, empty)                             \
	do {                                                                    \
		struct kunit *__test = (test);                                  \
                                                                                \
		KUNIT_EXPECT_STREQ(__test, slabs_text(__test, c),               \
				   slabs_wanted(__test, full, partial, empty)); \
	} while (0)

/* --- Misuse --------------------------------------------------------------------------------- */

/**
 * struct misuse_counts - misuses reported so far
 * @count: by kind
 */
struct misuse_counts {
	u64 count[RSV_MISUSES];
};

void misuse_counts_read(struct misuse_counts *counts);
u64 nr_misuses_since(const struct misuse_counts *before);
const char *misuses_since(struct kunit *test, const struct misuse_counts *before);

/* EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_kfree(p)): one report, and of exactly this kind */
#define EXPECT_MISUSE(test, what, statement)                                 \
	do {                                                                 \
		struct kunit *__test = (test);                               \
		struct misuse_counts __before;                               \
                                                                             \
		misuse_counts_read(&__before);                               \
		statement;                                                   \
		KUNIT_EXPECT_STREQ(__test, misuses_since(__test, &__before), \
				   rsv_misuse_name(what));                   \
	} while (0)

/* What the last report said, and what it says of an object that was given back wrongly */
const char *last_report(struct kunit *test);
const char *report_text(struct kunit *test, const char *fmt, ...) __printf(2, 3);
const char *report_given_back(struct kunit *test, struct rsv_cache *c, const void *object);

/* EXPECT_REPORT(test, RSV_DOUBLE_FREE, text, rsv_kfree(p)): the same, and in these words */
#define EXPECT_REPORT(test, what, text, statement)                         \
	do {                                                               \
		struct kunit *___test = (test);                            \
		const char *__text = (text);                               \
                                                                           \
		EXPECT_MISUSE(___test, what, statement);                   \
		KUNIT_EXPECT_STREQ(___test, last_report(___test), __text); \
	} while (0)

#endif /* RSV_KUNIT_HELPERS_H */
