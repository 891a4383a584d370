/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_OBJECTS_SLUB_H
#define RSV_OBJECTS_SLUB_H

#include "link.h"

/*
 * From in use to kept: engine SLUB's claim. @f is the frame of the object's page, a page of one of
 * the cache's slabs.
 */
static __always_inline enum rsv_misuse rsv_slub_claim(const struct rsv_cache *c,
						      struct rsv_frame *f, void *object)
{
	const union rsv_slab_word word = { .word = READ_ONCE(rsv_slab_head(f)->slab) };
	unsigned int index = rsv_slot_index(c, rsv_slab_offset(f, object) - c->layout.before);
	unsigned long *link = rsv_link_at(c, object);

	if (unlikely(index >= word.carved))
		return index < rsv_slab_objects(c, word) ? RSV_DOUBLE_FREE : RSV_MISALIGNED;
	if (unlikely(rsv_link_read(c, link) <= RSV_LINK_KEPT))
		return RSV_DOUBLE_FREE;
	rsv_link_write(c, link, RSV_LINK_KEPT);
	return RSV_OK;
}

static inline bool rsv_slub_live(const struct rsv_cache *c, struct rsv_frame *f,
				 const void *object)
{
	const union rsv_slab_word word = { .word = READ_ONCE(rsv_slab_head(f)->slab) };

	return rsv_slot_index(c, rsv_slab_offset(f, object) - c->layout.before) < word.carved &&
	       rsv_link_read(c, rsv_link_at(c, object)) > RSV_LINK_KEPT;
}

#endif /* RSV_OBJECTS_SLUB_H */
