// SPDX-License-Identifier: GPL-2.0
/*
 * The caches that every region has from the beginning: internal ones, whose objects are magazines
 * and bufctls, and one cache for each size class of rsv_kmalloc().
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "cache.h"
#include "region_caches.h"
#include "size_class.h"

static int rsv_magazine_caches_create(struct rsv_region *r)
{
	const struct rsv_cache_args args = {
		.flags = RSV_NO_MAGAZINE | RSV_CACHE_INTERNAL | RSV_CACHE_FEW_PAGES,
	};
	unsigned int n;

	for (n = 0; n < RSV_MAGAZINE_SIZES; n++) {
		char name[RSV_NAME_MAX];
		struct rsv_cache *c;

		snprintf(name, sizeof(name), "own-%zu", RSV_MAGAZINE_BYTES(n));
		c = rsv_cache_create_internal(r, name, RSV_MAGAZINE_BYTES(n), &args);
		if (IS_ERR(c))
			return PTR_ERR(c);
		r->magazine_caches[n] = c;
	}
	return 0;
}

static int rsv_class_caches_create(struct rsv_region *r)
{
	const struct rsv_classes *classes = rsv_classes_default();
	unsigned int class;

	r->classes = classes;
	memcpy(r->class, classes->of, sizeof(r->class));
	for (class = 0; class < classes->nr; class++) {
		unsigned int size = classes->size[class];
		const struct rsv_cache_args args = {
			.align = rsv_class_align(size),
			.flags = RSV_CACHE_KMALLOC,
		};
		char name[RSV_NAME_MAX];
		struct rsv_cache *c;

		snprintf(name, sizeof(name), "kmalloc-%u", size);
		c = rsv_cache_create_internal(r, name, size, &args);
		if (IS_ERR(c))
			return PTR_ERR(c);
		r->kmalloc[class] = c;
	}
	return 0;
}

/**
 * rsv_region_caches_create() - create the caches that a new region has from the beginning
 * @r: the region
 *
 * Context: Process; may sleep.
 * Return: 0, or -ENOMEM, and then the caller destroys the created ones by
 * rsv_regions_destroy_caches().
 */
int rsv_region_caches_create(struct rsv_region *r)
{
	return rsv_magazine_caches_create(r) ?: rsv_class_caches_create(r);
}
