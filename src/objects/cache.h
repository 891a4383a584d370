/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Caches, and the questions that all files of objects/ ask of a cache, its slabs and their frames.
 */
#ifndef RSV_OBJECTS_CACHE_H
#define RSV_OBJECTS_CACHE_H

#include <linux/bitops.h>
#include <linux/mm.h>

#include "pages/pagemap.h"
#include "report.h"
#include "types.h"

int rsv_caches_start(void);
void rsv_caches_stop(void);
void rsv_cache_set_hooks(const struct rsv_cache_hooks *hooks);

struct rsv_cache *rsv_cache_create_internal(struct rsv_region *r, const char *name,
					    unsigned int size, const struct rsv_cache_args *args);
struct rsv_cache *rsv_cache_create_for_user(struct rsv_region *r, const char *name,
					    unsigned int size, unsigned int align,
					    unsigned int flags, void (*ctor)(void *object));
void rsv_cache_close(struct rsv_cache *c);
void rsv_cache_free_nodes(struct rsv_cache *c);
void rsv_cache_free_memory(struct rsv_cache *c);

/*
 * The number of the slot that begins at an offset in a slab, or, if none does, a number too large
 * for any slab. The function divides exactly: it multiplies with the inverse of the stride's odd
 * part. A multiple of the stride gives the quotient, and any other number gives more than any
 * quotient (Granlund and Montgomery 1994; Hacker's Delight 10-17).
 */
static __always_inline unsigned int rsv_slot_index(const struct rsv_cache *c, unsigned int offset)
{
	return ror32(offset * (u32)c->inverse, c->shift);
}

/*
 * rsv_slot_index() with whole words, for loops that have rsv_cache.inverse and rsv_cache.shift in
 * registers. The offset may be that of any address: outside the slab it gives a number that is too
 * large.
 */
static __always_inline unsigned long rsv_slot_of(unsigned long offset, unsigned long inverse,
						 unsigned int shift)
{
	const unsigned long product = offset * inverse;

	return product >> shift | product << (-shift & (BITS_PER_LONG - 1));
}

/*
 * The first frame of the slab that a page belongs to. If another owner has the page by now, the
 * frame's order may be no number of pages. Then the function returns some frame of the extent, and
 * the caller's check of that frame fails.
 */
static inline struct rsv_frame *rsv_slab_head(const struct rsv_extent *e, struct rsv_frame *f)
{
	const unsigned int back = READ_ONCE(f->order);

	return likely(back <= rsv_frame_index(e, f)) ? f - back : f;
}

/* The offset of an object in its slab */
static inline unsigned int rsv_slab_offset(const struct rsv_frame *f, const void *object)
{
	return offset_in_page(object) + (READ_ONCE(f->order) << PAGE_SHIFT);
}

/*
 * The cache of the slab that a page belongs to, or NULL. A caller that found a cache also sees the
 * frame and the marks as they were when the cache made the slab, or later: pairs with the release
 * in rsv_slab_new().
 */
static __always_inline struct rsv_cache *rsv_frame_cache(const struct rsv_frame *f)
{
	return smp_load_acquire(&f->cache); /* see above */
}

/*
 * The object whose slot an address lies in. @offset: from the beginning of the slab's first slot to
 * the address
 */
static inline const void *rsv_slot_object(const struct rsv_cache *c, const void *p,
					  unsigned int offset)
{
	return p - offset % c->layout.stride + c->layout.before;
}

static inline unsigned int rsv_slab_pages(const struct rsv_cache *c, const struct rsv_frame *slab)
{
	const union rsv_slab_word word = { .word = READ_ONCE(slab->slab) };

	return word.small ? c->layout.small_pages : c->layout.pages;
}

static inline unsigned int rsv_slab_objects(const struct rsv_cache *c, union rsv_slab_word word)
{
	return word.small ? c->layout.small_objects : c->layout.objects;
}

static inline bool rsv_frame_is_heap(const struct rsv_frame *f)
{
	u8 kind = READ_ONCE(f->kind);

	return kind == RSV_FRAME_HEAP || kind == RSV_FRAME_HEAP_TAIL;
}

/*
 * Whether free objects keep their bytes, but for those that the cache's creator named: because a
 * constructor made them, or because readers under RCU may look at them
 */
static inline bool rsv_cache_keeps_bytes(const struct rsv_cache *c)
{
	return c->ctor || c->flags & RSV_TYPESAFE_BY_RCU;
}

static inline bool rsv_cache_debugs(const struct rsv_cache *c)
{
	return c->flags & RSV_CHECKS;
}

/* Whether a cache is alive. If not, the function reports that, so the caller holds no raw lock. */
static inline bool rsv_cache_usable(const struct rsv_cache *c)
{
	if (likely(READ_ONCE(c->alive)))
		return true;
	rsv_report(RSV_DEAD_CACHE, "cache %s: it was destroyed", c->name);
	return false;
}

/* The cache that the page of an object belongs to, or NULL; under rcu_read_lock() */
static inline struct rsv_cache *rsv_cache_owning(const struct rsv_extent *e, const void *object)
{
	return rsv_frame_cache(rsv_frame_at(e, object));
}

/* Whether a page is of a slab that left its cache, and waits for a grace period: see leaving.c */
static inline bool rsv_frame_is_leaving(const struct rsv_frame *f)
{
	const u8 kind = READ_ONCE(f->kind);

	return (kind == RSV_FRAME_SLAB || kind == RSV_FRAME_SLAB_TAIL) && !READ_ONCE(f->cache);
}

#endif /* RSV_OBJECTS_CACHE_H */
