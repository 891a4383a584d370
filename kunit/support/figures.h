/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The figures of regions, zones and caches.
 */
#ifndef RSV_KUNIT_FIGURES_H
#define RSV_KUNIT_FIGURES_H

#include "suite.h"
#include "types.h"

struct rsv_ioc_info rsvt_query_region(struct rsv_region *r);
struct rsv_ioc_zone *rsvt_query_zone(struct kunit *test, struct rsv_region *r, unsigned int index);
struct rsv_ioc_cache rsvt_query_cache(struct rsv_cache *c);
struct rsv_cache_figures rsvt_cache_count(struct rsv_cache *c);

u64 rsvt_region_free_pages(struct rsv_region *r);
u64 rsvt_region_free_bytes(struct rsv_region *r);

const char *rsvt_slabs_text(struct kunit *test, struct rsv_cache *c);
const char *rsvt_slabs_wanted(struct kunit *test, u64 full, u64 partial, u64 empty);

#define EXPECT_SLABS(test, c, full, partial, empty)                                  \
	do {                                                                         \
		struct kunit *__test = (test);                                       \
										     \
		KUNIT_EXPECT_STREQ(__test, rsvt_slabs_text(__test, c),               \
				   rsvt_slabs_wanted(__test, full, partial, empty)); \
	} while (0)

#endif /* RSV_KUNIT_FIGURES_H */
