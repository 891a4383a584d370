/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Caches: objects of one size, and what every part of this wing knows of them. A request passes the
 * CPU's magazines (magazine.h), the depot of the node (depot.c) and the engine (engine.h), and each
 * asks the next one only for what it does not have.
 */
#ifndef RSV_OBJECTS_CACHE_H
#define RSV_OBJECTS_CACHE_H

#include <linux/bitops.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/reservoir.h>
#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "pages/pagemap.h"
#include "report.h"
#include "types.h"

struct dentry;

/* The most pages of a slab that any region may have, unless one object needs more */
#define RSV_SLAB_PAGES_MOST 8U

int rsv_caches_start(void);
void rsv_caches_stop(void);
struct rsv_cache *rsv_cache_owning(const struct rsv_extent *e, const void *object);
bool rsv_object_is_used(const struct rsv_cache *c, struct rsv_extent *e, const void *object);
enum rsv_misuse rsv_object_claim_TEMP(struct rsv_cache *c, struct rsv_extent *e, void *object);
bool rsv_object_put_open(struct rsv_cache *c, struct rsv_extent *e, void *object);
void rsv_cache_put(struct rsv_cache *c, struct rsv_extent *e, void *object, unsigned long caller);
bool rsv_cache_usable(const struct rsv_cache *c);
void *rsv_object_use(struct rsv_cache *c, void *kept);
void *rsv_cache_obtain(struct rsv_cache *c, gfp_t gfp);
void rsv_cache_keep(struct rsv_cache *c, void *object);
void rsv_object_freed_twice(struct rsv_cache *c, struct rsv_extent *e, void *object,
			    enum rsv_misuse misuse);
struct rsv_cache *rsv_cache_create_internal(struct rsv_region *r, const char *name,
					    unsigned int size, unsigned int align,
					    unsigned int flags, void (*ctor)(void *object));
struct rsv_cache *rsv_cache_next(struct rsv_region *r, u32 id);
void rsv_caches_end(struct rsv_region *r);
void rsv_caches_forget_cpus(struct rsv_region *r);
void rsv_cache_count(const struct rsv_cache *c, struct rsv_cache_figures *figures);
void rsv_cache_set_hooks(const struct rsv_cache_hooks *watch);
int rsv_layout_choose(struct rsv_layout *l, unsigned int size, unsigned int align,
		      unsigned int flags, bool ctor);
void rsv_layout_pages(struct rsv_layout *l,
		      unsigned int (*slots)(const struct rsv_layout *l, unsigned int pages));

/*
 * The slot of a slab that begins at an offset: a number too large for any slab if none does.
 * Divides exactly by multiplying with the inverse of the stride's odd part; what is not a multiple
 * comes out larger than any quotient (Granlund and Montgomery 1994; Hacker's Delight 10-17).
 */
static __always_inline unsigned int rsv_slot_index(const struct rsv_cache *c, unsigned int offset)
{
	return ror32(offset * (u32)c->inverse, c->shift);
}

/*
 * The same with whole words, and with what rsv_cache->inverse and ->shift are, for loops that keep
 * them in registers. The offset may be that of any address: what is not in the slab is no multiple
 * that counts.
 */
static __always_inline unsigned long rsv_slot_of(unsigned long offset, unsigned long inverse,
						 unsigned int shift)
{
	const unsigned long product = offset * inverse;

	return product >> shift | product << (-shift & (BITS_PER_LONG - 1));
}

/*
 * The first page of the slab that a page belongs to. Unless it belongs to who asks, it may be
 * another's by now, and its order no number of pages: then some page of the extent.
 */
static inline struct rsv_frame *rsv_slab_head(const struct rsv_extent *e, struct rsv_frame *f)
{
	const unsigned int back = READ_ONCE(f->order);

	return likely(back <= rsv_frame_index(e, f)) ? f - back : f;
}

/* How far into its slab an object begins */
static inline unsigned int rsv_slab_offset(const struct rsv_frame *f, const void *object)
{
	return offset_in_page(object) + (READ_ONCE(f->order) << PAGE_SHIFT);
}

static inline unsigned int rsv_slab_pages(const struct rsv_cache *c, const struct rsv_frame *slab)
{
	const union rsv_slab_word word = {.word = READ_ONCE(slab->slab)};

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

static inline bool rsv_cache_debugs(const struct rsv_cache *c)
{
	return c->flags & RSV_CHECKS;
}

#endif /* RSV_OBJECTS_CACHE_H */
