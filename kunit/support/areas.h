/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The free areas of a region. A failed expectation prints both sides as text, such as "3:1 5:2" for
 * one block of order 3 and two of order 5.
 */
#ifndef RSV_KUNIT_AREAS_H
#define RSV_KUNIT_AREAS_H

#include "scratch.h"
#include "suite.h"

/**
 * struct free_areas - the free blocks of a region
 * @count: for each order, their number
 */
struct free_areas {
	unsigned long count[RSV_ORDERS_MAX];
};

void rsvt_free_areas_read(struct kunit *test, struct rsv_region *r, struct free_areas *areas);
void rsvt_free_areas_untouched(struct rsv_region *r, struct free_areas *areas);
const char *rsvt_free_areas_text(struct kunit *test, const struct free_areas *areas);
const char *rsvt_free_areas_now(struct kunit *test, struct rsv_region *r);

/* EXPECT_FREE_AREAS(test, r, [3] = 1, [5] = 2): a block of order 3, two of order 5, no other */
#define EXPECT_FREE_AREAS(test, r, ...) \
	EXPECT_SAME_AREAS(test, r, (&(const struct free_areas){{__VA_ARGS__}}))

#define EXPECT_SAME_AREAS(test, r, areas)                                  \
	do {                                                               \
		struct kunit *__test = (test);                             \
									   \
		KUNIT_EXPECT_STREQ(__test, rsvt_free_areas_now(__test, r), \
				   rsvt_free_areas_text(__test, areas));   \
	} while (0)

/* A region of one extent, in which nothing is used, has the free areas of a new region. */
#define EXPECT_UNTOUCHED(test, r)                         \
	do {                                              \
		struct rsv_region *__r = (r);             \
		struct free_areas __areas;                \
							  \
		rsvt_settle(__r);                         \
		rsvt_free_areas_untouched(__r, &__areas); \
		EXPECT_SAME_AREAS(test, __r, &__areas);   \
	} while (0)

#endif /* RSV_KUNIT_AREAS_H */
