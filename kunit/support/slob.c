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

size_t rsvt_free_block_bytes(const void *block)
{
	u64 header;

	rsvt_peek(&header, block, sizeof(header));
	return (header & 0xffff) * RSV_SLOB_UNIT;
}

size_t rsvt_free_block_next(const void *block)
{
	u64 header;

	rsvt_peek(&header, block, sizeof(header));
	return (header >> 16 & 0xffff) * RSV_SLOB_UNIT;
}
