/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Functions that the files of the engine SLUB share: slub.c is the engine, slub_cpu.c has the
 * active slabs of CPUs, slub_freelist.c has the freelists of slabs.
 */
#ifndef RSV_OBJECTS_ENGINES_SLUB_H
#define RSV_OBJECTS_ENGINES_SLUB_H

#include <linux/atomic.h>

#include "objects/mark.h"
#include "pages/pagemap.h"
#include "types.h"

/* Stands for the value of a mark that is not one of a free object: somebody overwrote it. */
#define RSV_SLUB_BROKEN	ULONG_MAX

static inline void *rsv_slub_object(const struct rsv_cache *c, void *base, unsigned int index)
{
	return base + index * c->layout.stride + c->layout.before;
}

static inline unsigned long *rsv_slub_mark(const struct rsv_cache *c, void *base,
					   unsigned int index)
{
	return rsv_mark_at(c, rsv_slub_object(c, base, index));
}

static inline void *rsv_slub_base(const struct rsv_cache *c, const struct rsv_frame *slab)
{
	return rsv_frame_addr(rsv_frame_extent(c->region, slab), slab);
}

/*
 * Changes a slab's word to @new if it is still @old; otherwise sets @old to what it is now. The
 * exchange orders writes to objects and marks before it, and reads of them after it.
 */
static inline bool rsv_slub_exchange(struct rsv_frame *slab, union rsv_slab_word *old,
				     union rsv_slab_word new)
{
	return try_cmpxchg(&slab->slab, &old->word, new.word);
}

/* Puts an object, whose mark says what comes next, on the CPU's own list. The CPU is entered. */
static inline void rsv_slub_push_cpu(struct rsv_cpu *cpu, unsigned int index)
{
	cpu->freelist = index;
	cpu->nr_freelist++;
}

/* The value of the mark of an object on a freelist, or RSV_SLUB_BROKEN */
static inline unsigned long rsv_slub_read_free(const struct rsv_cache *c, const void *object,
					       unsigned int carved)
{
	const unsigned long value = rsv_mark_read(c, rsv_mark_at(c, object));
	const unsigned int next = value & RSV_MARK_NEXT;

	if (unlikely(value >= RSV_MARK_CACHED || (next >= carved && next != RSV_SLAB_NONE)))
		return RSV_SLUB_BROKEN;
	return value;
}

/* slub_freelist.c */
bool rsv_slub_carve(struct rsv_cache *c, struct rsv_frame *slab, void *base);
void rsv_slub_pop(struct rsv_cache *c, struct rsv_cache_node *n, struct rsv_frame *slab,
		  unsigned int max, struct rsv_batch *batch);
void rsv_slub_relink(const struct rsv_cache *c, struct rsv_cache_node *n, struct rsv_frame *slab,
		     union rsv_slab_word old, union rsv_slab_word new);
unsigned int rsv_slub_last(struct rsv_cache *c, void *base, unsigned int carved, unsigned int first,
			   unsigned int max, unsigned int *last, bool *broken);

/* slub_cpu.c: with the CPU entered, or dead */
void rsv_slub_alloc_cpu(struct rsv_cache *c, struct rsv_cpu *cpu, struct rsv_cache_node *n,
			struct rsv_batch *batch);
void *rsv_slub_alloc_direct(struct rsv_cache *c, struct rsv_cpu *cpu);
void rsv_slub_deactivate(struct rsv_cache *c, struct rsv_cpu *cpu);

#endif /* RSV_OBJECTS_ENGINES_SLUB_H */
