/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites of magazines share.
 */
#ifndef RSV_KUNIT_MAGAZINES_H
#define RSV_KUNIT_MAGAZINES_H

#include "helpers.h"
#include "objects/cache.h"
#include "objects/magazine.h"

/* Objects of most tests, and a region that has room for thousands of them, and no marks */
#define SIZE   64
#define REGION SZ_1M

struct rsv_region *magazine_region(struct kunit *test);
struct rsv_cache *magazine_cache(struct kunit *test, unsigned int flags);
struct rsv_cpu *mine(struct rsv_cache *c);
struct rsv_cache_figures figures(struct rsv_cache *c);
void **objects_array(struct kunit *test, unsigned int nr);
void **objects_out(struct kunit *test, struct rsv_cache *c, unsigned int nr);
void expect_whole(struct kunit *test, struct rsv_region *r);
u64 own_active(struct rsv_region *r, unsigned int rounds);
void expect_depot(struct kunit *test, struct rsv_cache *c, u64 full, u64 empty, u64 exchanges);

#endif /* RSV_KUNIT_MAGAZINES_H */
