/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The slabs of a cache on one node: what the engines share.
 */
#ifndef RSV_OBJECTS_NODE_H
#define RSV_OBJECTS_NODE_H

#include <linux/mm.h>

#include "cache.h"
#include "types.h"

void rsv_slabs_init(struct rsv_cache_node *n);

bool rsv_slab_may_be_whole(const struct rsv_cache *c);
struct rsv_frame *rsv_slab_alloc_pages(const struct rsv_cache *c, gfp_t gfp, int nid);
struct rsv_frame *rsv_slab_new(struct rsv_cache *c, gfp_t gfp, int nid);
void rsv_slab_free_pages(struct rsv_cache *c, struct rsv_frame *slab);
void rsv_slab_report_used(enum rsv_misuse misuse, struct rsv_cache *c, const struct rsv_extent *e,
			  const void *object);

/* With the node's lock held */
void rsv_slab_add(struct rsv_cache *c, struct rsv_cache_node *n, struct rsv_frame *slab);
struct rsv_frame *rsv_slabs_best(struct rsv_cache_node *n);
void rsv_slab_link(const struct rsv_cache *c, struct rsv_cache_node *n, struct rsv_frame *slab,
		   enum rsv_fill fill);
void rsv_slab_unlink(struct rsv_cache_node *n, struct rsv_frame *slab, enum rsv_fill fill);
struct rsv_frame *rsv_slabs_evict(struct rsv_cache *c, struct rsv_cache_node *n, unsigned long max);
struct rsv_frame *rsv_slabs_surplus(struct rsv_cache *c, struct rsv_cache_node *n,
				    unsigned long flags);

unsigned int rsv_slabs_shrink(struct rsv_cache *c, bool aged);
void rsv_slabs_for_each(struct rsv_cache *c,
			void (*visit_slab)(struct rsv_cache *c, struct rsv_extent *e,
					   struct rsv_frame *slab,
					   const struct rsv_visitor *visitor),
			const struct rsv_visitor *visitor);

/*
 * Whether init_on_alloc clears each object before its first allocation. Before later ones it may
 * not, since readers under RCU may still look at the object that was there.
 */
static inline bool rsv_cache_clears_raw(const struct rsv_cache *c)
{
	return c->flags & RSV_TYPESAFE_BY_RCU && !c->ctor && want_init_on_alloc(0);
}

/* Whether an object must be prepared before its first allocation: rsv_batch.raw */
static inline bool rsv_cache_has_raw(const struct rsv_cache *c)
{
	return c->ctor || rsv_cache_debugs(c) || rsv_cache_clears_raw(c);
}

static inline struct rsv_cache_node *rsv_slab_node(const struct rsv_cache *c,
						   const struct rsv_extent *e)
{
	return c->nodes[e->nid];
}

/*
 * The list that a slab with such a word belongs on. Comparisons find the quarter, since a division
 * takes longer than all else that a free of SLUB without magazines does.
 */
static __always_inline enum rsv_fill rsv_slab_fill(const struct rsv_cache *c,
						   union rsv_slab_word word)
{
	const unsigned int objects = rsv_slab_objects(c, word), inuse = 4 * word.inuse;

	if (!inuse)
		return RSV_EMPTY;
	if (inuse == 4 * objects)
		return RSV_FULL;
	return RSV_PARTIAL + (inuse >= objects) + (inuse >= 2 * objects) + (inuse >= 3 * objects);
}

/* The word of a slab at one moment */
static inline union rsv_slab_word rsv_slab_read(const struct rsv_frame *slab)
{
	return (union rsv_slab_word){ .word = READ_ONCE(slab->slab) };
}

#endif /* RSV_OBJECTS_NODE_H */
