/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The freelist of a cache of the engine SLOB whose free objects keep their bytes.
 */
#ifndef RSV_OBJECTS_ENGINES_SLOB_FREELIST_H
#define RSV_OBJECTS_ENGINES_SLOB_FREELIST_H

#include <linux/types.h>

#include "report.h"
#include "types.h"

void rsv_slob_freelist_alloc(struct rsv_cache *c, int nid, unsigned int nr,
			     struct rsv_batch *batch);
enum rsv_misuse rsv_slob_freelist_free(struct rsv_cache *c, struct rsv_extent *e,
				       struct rsv_frame *f, void *object);
unsigned long rsv_slob_freelist_surplus(struct rsv_cache *c, int nid, bool aged);

void rsv_slob_freelist_retire(struct rsv_cache *c, int nid, unsigned int nr,
			      struct rsv_batch *batch);
void *rsv_slob_freelist_take_ended(struct rsv_cache *c, int nid, unsigned long *nr);

void *rsv_slob_freelist_chain(const struct rsv_cache *c, void *object, void *next);
bool rsv_slob_freelist_chained(struct rsv_cache *c, int nid, void *object, unsigned long behind,
			       void **next);

/* Whether free objects of a cache keep their bytes: then the mark lies behind these. */
static inline bool rsv_slob_has_freelist(const struct rsv_cache *c)
{
	return c->layout.mark >= c->layout.object_size;
}

#endif /* RSV_OBJECTS_ENGINES_SLOB_FREELIST_H */
