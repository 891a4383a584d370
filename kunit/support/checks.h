/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites of checks share.
 */
#ifndef RSV_KUNIT_CHECKS_H
#define RSV_KUNIT_CHECKS_H

#include "helpers.h"
#include "objects/cache.h"
#include "objects/debug/check.h"

#define SIZE 64

#define CHECKS (RSV_RED_ZONE | RSV_POISON | RSV_STORE_USER | RSV_CACHE_VERIFY)

#define RIGHT(byte) "right red zone overwritten, first at byte " byte " of the object"

unsigned int param_engine(struct kunit *test);
struct rsv_cache *checked_cache(struct kunit *test, unsigned int size, unsigned int flags,
				void (*ctor)(void *object));
void *take_here(struct rsv_cache *c);
void give_here(struct rsv_cache *c, void *object);
void poke_byte(void *object, int at, u8 value);
void peek_bytes(void *object, u8 *bytes, unsigned int nr);
void expect_words(struct kunit *test, const char *words);
struct rsv_extent *extent_of(struct rsv_cache *c);
void recover(struct kunit *test, struct rsv_cache *c, void *object);
void set_option(struct kunit *test, const char *text);

#endif /* RSV_KUNIT_CHECKS_H */
