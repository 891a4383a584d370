// SPDX-License-Identifier: GPL-2.0
/*
 * Objects and blocks of pages by the array.
 */
#include <linux/string.h>

#include "arrays.h"

void **rsvt_objects_array(struct kunit *test, unsigned int nr)
{
	void **objects = kunit_kcalloc(test, nr, sizeof(*objects), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, objects);
	return objects;
}

void rsvt_objects_alloc(struct kunit *test, struct rsv_cache *c, void **objects, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		objects[i] = rsv_cache_alloc(c, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, objects[i]);
	}
}

void rsvt_objects_free(struct rsv_cache *c, void **objects, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		rsv_cache_free(c, objects[i]);
}

bool rsvt_object_among(const void *object, void *const *objects, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (objects[i] == object)
			return true;
	return false;
}

void rsvt_expect_distinct(struct kunit *test, void *const *objects, unsigned int nr,
			  unsigned int size)
{
	unsigned int i, wrong = 0;

	for (i = 0; i < nr; i++)
		memset32(objects[i], i, size / 4);
	for (i = 0; i < nr; i++)
		wrong += *(u32 *)objects[i] != i || *(u32 *)(objects[i] + size - 4) != i;
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

struct page **rsvt_pages_array(struct kunit *test, unsigned long nr)
{
	struct page **pages = kunit_kcalloc(test, nr, sizeof(*pages), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, pages);
	return pages;
}

unsigned long rsvt_pages_alloc(struct rsv_region *r, gfp_t gfp, unsigned int order,
			       struct page **pages, unsigned long max)
{
	unsigned long nr;

	for (nr = 0; nr < max; nr++) {
		pages[nr] = rsv_alloc_pages(r, gfp, order);
		if (!pages[nr])
			break;
	}
	return nr;
}

void rsvt_pages_free(struct page **pages, unsigned long nr, unsigned int order)
{
	while (nr--)
		__rsv_free_pages(pages[nr], order);
}
