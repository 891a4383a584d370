/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The map of a region: a character for each page, RSV_MAP_*.
 */
#ifndef RSV_KUNIT_MAP_H
#define RSV_KUNIT_MAP_H

#include "suite.h"

const char *rsvt_map_text(struct kunit *test, struct rsv_region *r);
unsigned long rsvt_map_count(struct kunit *test, struct rsv_region *r, char what);

/* EXPECT_MAP(test, r, "Pp..") */
#define EXPECT_MAP(test, r, map)                                           \
	do {                                                               \
		struct kunit *__test = (test);                             \
									   \
		KUNIT_EXPECT_STREQ(__test, rsvt_map_text(__test, r), map); \
	} while (0)

#endif /* RSV_KUNIT_MAP_H */
