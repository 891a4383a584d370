/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Scratch regions and caches, which are destroyed with their test.
 */
#ifndef RSV_KUNIT_SCRATCH_H
#define RSV_KUNIT_SCRATCH_H

#include <linux/mm.h>

#include "suite.h"

struct rsv_region *rsvt_scratch_region(struct kunit *test, size_t bytes);
void rsvt_scratch_region_end(struct kunit *test, struct rsv_region *r);
struct rsv_region *rsvt_scratch_region_or_skip(struct kunit *test, const struct rsv_reserve *want,
					       unsigned int nr);
struct rsv_region *rsvt_scratch_region_large(struct kunit *test);
struct rsv_region *rsvt_scratch_region_of(struct kunit *test, size_t bytes, const char *engine,
					  const char *classes);
void rsvt_settle(struct rsv_region *r);
void rsvt_lists_off(struct rsv_region *r);
void rsvt_lists_long(struct rsv_region *r);
void rsvt_scratch_shrink(struct rsv_region *r);

struct rsv_cache *rsvt_scratch_cache_args(struct kunit *test, struct rsv_region *r,
					  unsigned int size, const struct rsv_cache_args *args);
struct rsv_cache *rsvt_scratch_cache_flags(struct kunit *test, struct rsv_region *r,
					   unsigned int size, unsigned int align,
					   unsigned int flags, void (*ctor)(void *object));
struct rsv_cache *rsvt_scratch_cache_ctor(struct kunit *test, struct rsv_region *r,
					  unsigned int size, unsigned int align,
					  void (*ctor)(void *object));
void rsvt_scratch_cache_end(struct kunit *test, struct rsv_cache *c);

static inline struct rsv_region *rsvt_scratch_pages(struct kunit *test, unsigned long nr_pages)
{
	return rsvt_scratch_region(test, nr_pages * PAGE_SIZE);
}

/* The same without per-CPU lists: for tests of the free areas */
static inline struct rsv_region *rsvt_scratch_areas(struct kunit *test, unsigned long nr_pages)
{
	struct rsv_region *r = rsvt_scratch_pages(test, nr_pages);

	rsvt_lists_off(r);
	return r;
}

static inline struct rsv_cache *rsvt_scratch_cache(struct kunit *test, struct rsv_region *r,
						   unsigned int size, unsigned int align)
{
	return rsvt_scratch_cache_ctor(test, r, size, align, NULL);
}

/* The offset of an address in the only extent of its region, in pages and in bytes */
unsigned long rsvt_scratch_page(struct rsv_region *r, const void *addr);
size_t rsvt_scratch_offset(struct rsv_region *r, const void *addr);
void *rsvt_scratch_base(struct rsv_region *r);

void rsvt_stay_on_this_cpu(void);
unsigned int rsvt_other_cpu(struct kunit *test);

#endif /* RSV_KUNIT_SCRATCH_H */
