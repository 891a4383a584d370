/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Functions that the suites of checks (objects/debug/) share.
 */
#ifndef RSV_KUNIT_CHECKS_H
#define RSV_KUNIT_CHECKS_H

#include "objects/cache.h"
#include "objects/debug/check.h"

#define SIZE	64

#define CHECKS	(RSV_RED_ZONE | RSV_POISON | RSV_STORE_USER | RSV_CACHE_VERIFY)

#define RIGHT(byte) "right red zone overwritten, first at byte " byte " of the object"

unsigned int rsvt_param_engine(struct kunit *test);
struct rsv_cache *rsvt_checked_cache(struct kunit *test, unsigned int size, unsigned int flags,
				     void (*ctor)(void *object));
void *rsvt_alloc_here(struct rsv_cache *c);
void rsvt_free_here(struct rsv_cache *c, void *object);
void rsvt_expect_report_ends(struct kunit *test, const char *words);
struct rsv_extent *rsvt_extent_of(struct rsv_cache *c);
void rsvt_recover(struct kunit *test, struct rsv_cache *c, void *object);
void rsvt_set_debug(struct kunit *test, const char *text);

#endif /* RSV_KUNIT_CHECKS_H */
