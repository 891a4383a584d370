/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What lies at an address. The caller is under rcu_read_lock(), since the address may be any.
 */
#ifndef RSV_OBJECTS_LOOKUP_H
#define RSV_OBJECTS_LOOKUP_H

#include <linux/types.h>

#include "pages/pagemap.h"
#include "types.h"

struct rsv_cache *rsv_cache_at(struct rsv_extent *e, const void *p);
const char *rsv_foreign_text(const void *p);

/* Whether a used object of the cache begins at an address in a page of the cache */
static inline bool rsv_object_is_used(const struct rsv_cache *c, struct rsv_extent *e,
				      const void *object)
{
	return c->engine->is_used(c, e, rsv_frame_at(e, object), object);
}

#endif /* RSV_OBJECTS_LOOKUP_H */
