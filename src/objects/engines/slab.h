/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bufctls: what the files of the engine SLAB share. slab.c is the engine, slab_direct.c serves
 * users of caches without magazines.
 */
#ifndef RSV_OBJECTS_ENGINES_SLAB_H
#define RSV_OBJECTS_ENGINES_SLAB_H

#include <linux/minmax.h>

#include "objects/cache.h"
#include "objects/node.h"
#include "pages/pagemap.h"
#include "types.h"

/* Values of a bufctl that is not the number of a free object, which is RSV_SLAB_NONE at most */
#define RSV_BUFCTL_CACHED	0xfffe
#define RSV_BUFCTL_USED	  0xffff

/**
 * struct rsv_bufctl - the bufctls of a slab
 * @first: offset of the first slot in the slab, in bytes (constant)
 * @next: for each object: the next one on the freelist or RSV_SLAB_NONE if the object is free, else
 *	RSV_BUFCTL_CACHED or RSV_BUFCTL_USED. Undefined until the object is carved
 */
struct rsv_bufctl {
	u32 first;
	u16 next[];
};

static inline unsigned int rsv_bufctl_bytes(unsigned int objects)
{
	return sizeof(struct rsv_bufctl) + objects * sizeof(u16);
}

/* The bufctls of a slab. The caller knows that the slab is one of the cache. */
static inline struct rsv_bufctl *rsv_bufctl_of(const struct rsv_cache *c,
					       const struct rsv_extent *e,
					       const struct rsv_frame *slab)
{
	return c->layout.bufctl ? rsv_frame_addr(e, slab) : READ_ONCE(slab[1].bufctl);
}

static inline unsigned int rsv_bufctl_index(const struct rsv_cache *c,
					    const struct rsv_bufctl *bufctl,
					    const struct rsv_frame *f, const void *object)
{
	return rsv_slot_index(c, rsv_slab_offset(f, object) - c->layout.before -
					 READ_ONCE(bufctl->first));
}

static inline void *rsv_bufctl_object(const struct rsv_cache *c, const struct rsv_bufctl *bufctl,
				      void *base, unsigned int index)
{
	return base + bufctl->first + index * c->layout.stride + c->layout.before;
}

/* Stores a slab's new word, and moves the slab to the list for that word. The node is locked. */
static inline void rsv_bufctl_update_slab(const struct rsv_cache *c, struct rsv_cache_node *n,
					  struct rsv_frame *slab, union rsv_slab_word word)
{
	enum rsv_fill old = word.fill, fill = rsv_slab_fill(c, word);

	word.fill = fill;
	/* A reader that sees objects as carved also sees their bufctls: rsv_bufctl_entry() */
	smp_store_release(&slab->slab, word.word);
	if (fill == old)
		return;
	rsv_slab_unlink(n, slab, old);
	rsv_slab_link(c, n, slab, fill);
}

/* Bytes of a slab that neither bufctls nor objects need */
static inline unsigned int rsv_bufctl_slack(const struct rsv_layout *l, unsigned int pages,
					    unsigned int objects)
{
	return (pages << PAGE_SHIFT) - l->bufctl - objects * l->stride;
}

/* @state: RSV_BUFCTL_CACHED or RSV_BUFCTL_USED, as for the next function */
static inline void *rsv_bufctl_carve(const struct rsv_cache *c, struct rsv_bufctl *bufctl,
				     void *base, union rsv_slab_word *word, u16 state)
{
	unsigned int index = word->carved++;

	WRITE_ONCE(bufctl->next[index], state);
	word->inuse++;
	return rsv_bufctl_object(c, bufctl, base, index);
}

/* Takes the first object off the freelist. Returns NULL if the list was overwritten. */
static inline void *rsv_bufctl_pop(struct rsv_cache *c, struct rsv_bufctl *bufctl, void *base,
				   union rsv_slab_word *word, u16 state)
{
	unsigned int index = word->free, next;

	/*
	 * The list has all free objects, so it ends neither earlier nor later than their number
	 * says.
	 */
	if (index >= word->carved || word->inuse >= word->carved)
		return NULL;
	next = READ_ONCE(bufctl->next[index]);
	if (next != RSV_SLAB_NONE && next >= word->carved)
		return NULL;
	WRITE_ONCE(bufctl->next[index], state);
	word->free = next;
	word->inuse++;
	return rsv_bufctl_object(c, bufctl, base, index);
}

/* Whether @first is that of a possible colour. An overflow of the slab before may reach it. */
static inline bool rsv_bufctl_is_sound(const struct rsv_cache *c, const struct rsv_bufctl *bufctl,
				       const struct rsv_frame *slab)
{
	const unsigned int objects = rsv_slab_objects(c, rsv_slab_read(slab));
	unsigned int slack = rsv_bufctl_slack(&c->layout, rsv_slab_pages(c, slab), objects);
	unsigned int offset = READ_ONCE(bufctl->first) - c->layout.bufctl;

	/* The distance of colours is a power of two. */
	return offset <= slack && !(offset & (c->layout.colour - 1));
}

/*
 * The bufctls of a slab that was the cache's a moment ago. If the slab was freed meanwhile, its
 * frames may have another owner, and the pointer in them may have any value. Then the function
 * returns NULL, or the address of memory that the caller can read.
 */
static inline struct rsv_bufctl *rsv_bufctl_find(const struct rsv_cache *c,
						 const struct rsv_extent *e,
						 const struct rsv_frame *slab)
{
	struct rsv_bufctl *bufctl;

	if (c->layout.bufctl)
		return rsv_bufctl_of(c, e, slab);
	/* Only a slab that is no longer the cache's may lack a second page. */
	if (rsv_frame_index(e, slab) + 1 >= e->nr_pages)
		return NULL;
	bufctl = rsv_bufctl_of(c, e, slab);
	return rsv_extent_has(e, bufctl) || rsv_region_extent(c->region, bufctl) ? bufctl : NULL;
}

/*
 * The bufctl of a used or cached object. Returns NULL if the object was not carved in this life of
 * its slab, or if no object begins there. The function is inline because a call for each mark is a
 * tenth of what SLAB costs.
 */
static __always_inline u16 *rsv_bufctl_entry(const struct rsv_cache *c, const struct rsv_extent *e,
					     struct rsv_frame *f, const void *object)
{
	struct rsv_frame *slab = rsv_slab_head(e, f);
	/* Pairs with rsv_bufctl_update_slab(). */
	const union rsv_slab_word word = { .word = smp_load_acquire(&slab->slab) };
	struct rsv_bufctl *bufctl = word.carved ? rsv_bufctl_find(c, e, slab) : NULL;
	unsigned int index;

	if (unlikely(!bufctl))
		return NULL;
	index = rsv_bufctl_index(c, bufctl, f, object);
	return likely(index < word.carved) ? &bufctl->next[index] : NULL;
}

/* Puts an object, whose bufctl says "cached", on the freelist of its slab. The node is locked. */
static inline void rsv_bufctl_put(struct rsv_cache *c, struct rsv_cache_node *n,
				  const struct rsv_extent *e, struct rsv_frame *slab, u16 *entry)
{
	union rsv_slab_word word = rsv_slab_read(slab);

	WRITE_ONCE(*entry, word.free);
	word.free = entry - rsv_bufctl_of(c, e, slab)->next;
	word.inuse--;
	rsv_bufctl_update_slab(c, n, slab, word);
}

/* slab_direct.c */
void *rsv_bufctl_alloc_direct(struct rsv_cache *c, struct rsv_cpu *cpu);
bool rsv_bufctl_free_direct(struct rsv_cache *c, struct rsv_cpu *cpu, void *object);

#endif /* RSV_OBJECTS_ENGINES_SLAB_H */
