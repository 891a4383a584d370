/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The engines, with and without magazines. Suites run the same tests on all of them.
 */
#ifndef RSV_KUNIT_VARIANTS_H
#define RSV_KUNIT_VARIANTS_H

#include <kunit/test.h>

#include "objects/cache.h"
#include "suite.h"

/**
 * struct variant - an engine, with or without magazines
 * @what: its description
 * @flags: flags of its caches
 */
struct variant {
	const char *what;
	unsigned int flags;
};

#define VARIANTS	7

extern const struct variant rsvt_variants[VARIANTS];

/* On slow machines the variants share the sizes of a test: each tries one size in SHARES. */
#define SHARES	(SLOW ? 3U : 1U)

/* The first size of the parameter's variant; the others follow SHARES apart. */
static inline unsigned int rsvt_param_share(const struct kunit *test)
{
	const struct variant *v = test->param_value;

	return (v - rsvt_variants) % SHARES;
}

/**
 * struct engine_case - an engine, or flags that test something particular
 * @name: its name
 * @flag: flags of its caches
 */
struct engine_case {
	const char *name;
	unsigned int flag;
};

#define ENGINES	3

extern const struct engine_case rsvt_engines[ENGINES];

/* Large enough for magazines, and small enough to exhaust soon */
#define VARIANT_REGION	SZ_1M

struct rsv_cache *rsvt_variant_cache(struct kunit *test, struct rsv_region *r,
				     const struct variant *v, unsigned int size, unsigned int align,
				     void (*ctor)(void *object));

/* A cache of the test's variant */
static inline struct rsv_cache *rsvt_param_cache(struct kunit *test, struct rsv_region *r,
						 unsigned int size, void (*ctor)(void *object))
{
	return rsvt_variant_cache(test, r, test->param_value, size, 0, ctor);
}

static inline bool rsvt_variant_is(const struct variant *v, unsigned int engine)
{
	return v->flags & engine;
}

/* Objects of SLOB that are smaller than a page are in the heap. */
static inline bool rsvt_cache_in_heap(const struct rsv_cache *c)
{
	return c->flags & RSV_ENGINE_SLOB && c->layout.stride < PAGE_SIZE;
}

#endif /* RSV_KUNIT_VARIANTS_H */
