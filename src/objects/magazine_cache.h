/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_OBJECTS_MAGAZINE_CACHE_H
#define RSV_OBJECTS_MAGAZINE_CACHE_H

#include "cpu.h"
#include "types.h"

bool rsv_magazine_size_ok(unsigned int object_size, const struct rsv_cache_args *args);
void rsv_magazine_choose_size(struct rsv_cache *c, unsigned int size);
bool rsv_magazine_grow(struct rsv_cache *c);

struct rsv_magazine *rsv_magazine_new(struct rsv_cache *c);
struct rsv_magazine *rsv_magazine_take_empty(struct rsv_cache *c);
void rsv_magazine_free(struct rsv_cache *c, struct rsv_magazine *m);
bool rsv_magazine_missing(const struct rsv_cache *c);
void rsv_magazine_preallocate(struct rsv_cache *c);

/* Whether CPUs get magazines of a cache. The answer changes when the region grows or shrinks. */
static inline bool rsv_magazine_wanted(const struct rsv_cache *c)
{
	return rsv_cache_has_magazines(c) &&
	       READ_ONCE(c->region->nr_pages) >= READ_ONCE(c->magazine_min_pages);
}

#endif /* RSV_OBJECTS_MAGAZINE_CACHE_H */
