/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Objects and blocks of pages by the array.
 */
#ifndef RSV_KUNIT_ARRAYS_H
#define RSV_KUNIT_ARRAYS_H

#include "suite.h"

struct page;

void **rsvt_objects_array(struct kunit *test, unsigned int nr);
void rsvt_objects_alloc(struct kunit *test, struct rsv_cache *c, void **objects, unsigned int nr);
void rsvt_objects_free(struct rsv_cache *c, void **objects, unsigned int nr);
bool rsvt_object_among(const void *object, void *const *objects, unsigned int nr);

/* Each object is of its own: what one user writes, no other one finds. @size: a multiple of four */
void rsvt_expect_distinct(struct kunit *test, void *const *objects, unsigned int nr,
			  unsigned int size);

/* rsvt_pages_alloc() allocates at most @max blocks, and returns how many the region gave. */
struct page **rsvt_pages_array(struct kunit *test, unsigned long nr);
unsigned long rsvt_pages_alloc(struct rsv_region *r, gfp_t gfp, unsigned int order,
			       struct page **pages, unsigned long max);
void rsvt_pages_free(struct page **pages, unsigned long nr, unsigned int order);

#endif /* RSV_KUNIT_ARRAYS_H */
