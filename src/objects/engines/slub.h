/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_OBJECTS_ENGINES_SLUB_H
#define RSV_OBJECTS_ENGINES_SLUB_H

#include "objects/mark.h"
#include "types.h"

/*
 * From in use to kept: engine SLUB's claim. @f is the frame of a page of one of the cache's slabs,
 * and the object begins so many bytes into the slab, if it is one.
 */
static __always_inline enum rsv_misuse rsv_carved_mark_cached(const struct rsv_cache *c,
							      const struct rsv_frame *f,
							      unsigned int offset, void *object)
{
	const union rsv_slab_word word = {.word = READ_ONCE(f->slab)};
	const unsigned int index = rsv_slot_index(c, offset);

	if (RSV_CHECKED && unlikely(index >= word.carved))
		return index < rsv_slab_objects(c, word) ? RSV_DOUBLE_FREE : RSV_MISALIGNED;
	return likely(rsv_object_mark_cached(c, object)) ? RSV_OK : RSV_DOUBLE_FREE;
}

/* Objects of the slab that an address lies in that were handed out so far: 0 if it is in none */
static inline unsigned int rsv_carved_objects(const struct rsv_cache *c, const struct rsv_extent *e,
					      const void *object)
{
	union rsv_slab_word word;
	const struct rsv_frame *f;

	if (!rsv_extent_has(e, object))
		return 0;
	f = rsv_frame_at(e, object);
	if (f->cache != c)
		return 0;
	word.word = READ_ONCE(f->slab);
	return word.carved;
}

static inline bool rsv_carved_is_used(const struct rsv_cache *c, const struct rsv_extent *e,
				      struct rsv_frame *f, const void *object)
{
	const union rsv_slab_word word = {.word = READ_ONCE(rsv_slab_head(e, f)->slab)};

	return rsv_slot_index(c, rsv_slab_offset(f, object) - c->layout.before) < word.carved &&
	       rsv_mark_read(c, rsv_mark_at(c, object)) > RSV_MARK_CACHED;
}

#endif /* RSV_OBJECTS_ENGINES_SLUB_H */
