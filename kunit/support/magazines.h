/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Functions that the suites of magazines share.
 */
#ifndef RSV_KUNIT_MAGAZINES_H
#define RSV_KUNIT_MAGAZINES_H

struct rsv_cpu;

/* Most tests use objects of this size, in a region that has room for thousands and no watermark. */
#define SIZE	64
#define REGION	SZ_1M

struct rsv_region *rsvt_magazine_region(struct kunit *test);
struct rsv_cache *rsvt_magazine_cache(struct kunit *test, unsigned int flags);
struct rsv_cpu *rsvt_this_cpu(struct rsv_cache *c);
void **rsvt_objects_used(struct kunit *test, struct rsv_cache *c, unsigned int nr);
void rsvt_expect_all_free(struct kunit *test, struct rsv_region *r);
u64 rsvt_magazines_in_use(struct rsv_region *r, unsigned int size);
void rsvt_expect_depot(struct kunit *test, struct rsv_cache *c, u64 full, u64 empty, u64 exchanges);

#endif /* RSV_KUNIT_MAGAZINES_H */
