// SPDX-License-Identifier: GPL-2.0
/*
 * Functions that the suites of the engine SLOB share.
 */
#include "arrays.h"
#include "bytes.h"
#include "objects/cache.h"
#include "objects/engine.h"
#include "objects/engines/slob_page.h"
#include "objects/heap.h"
#include "pages/pagemap.h"
#include "scratch.h"
#include "slob.h"

struct rsv_cache *rsvt_slob_cache(struct kunit *test, struct rsv_region *r, unsigned int size)
{
	return rsvt_scratch_cache_flags(test, r, size, 0, SLOB_FLAGS, NULL);
}

struct rsv_frame *rsvt_slob_page(struct rsv_region *r, const void *object)
{
	struct rsv_extent *e = r->extents->at[0];

	return rsv_slab_head(e, rsv_frame_at(e, object));
}

void *rsvt_slob_base(struct rsv_region *r, const void *object)
{
	return rsv_frame_addr(r->extents->at[0], rsvt_slob_page(r, object));
}

struct rsv_heap_figures rsvt_heap_count(struct rsv_region *r)
{
	struct rsv_heap_figures now;

	rsv_heap_count(r, &now);
	return now;
}

void *rsvt_slob_alloc(struct kunit *test, struct rsv_cache *c)
{
	void *object;

	rsvt_objects_alloc(test, c, &object, 1);
	return object;
}

size_t rsvt_free_block_bytes(struct rsv_region *r, const void *block)
{
	const void *base = rsvt_slob_base(r, block);
	unsigned int unit = (block - base) / RSV_SLOB_UNIT, free = 0;
	unsigned long used;

	for (; unit < SLOB_PAGE_BYTES / RSV_SLOB_UNIT; unit++, free++) {
		rsvt_peek(&used, (const unsigned long *)base + BIT_WORD(unit), sizeof(used));
		if (used & BIT_MASK(unit))
			break;
	}
	return free * RSV_SLOB_UNIT;
}

void rsvt_slob_begin_block(struct rsv_region *r, const void *at)
{
	void *base = rsvt_slob_base(r, at);
	const unsigned int unit = (at - base) / RSV_SLOB_UNIT;
	unsigned long *word = base + SLOB_PAGE_BYTES / 64 + BIT_WORD(unit) * sizeof(*word), bits;

	rsvt_peek(&bits, word, sizeof(bits));
	bits ^= BIT_MASK(unit);
	rsvt_poke(word, &bits, sizeof(bits));
}
