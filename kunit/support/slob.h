/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Functions that the suites of the engine SLOB share.
 */
#ifndef RSV_KUNIT_SLOB_H
#define RSV_KUNIT_SLOB_H

#include <linux/mm.h>

#include "suite.h"
#include "types.h"

/* Without magazines, so that each request reaches the engine */
#define SLOB_FLAGS	(RSV_ENGINE_SLOB | RSV_NO_MAGAZINE | RSV_CACHE_INTERNAL)

/* Most blocks have this size, others a multiple of it. */
#define SLOB_SIZE	40

/* A slob page begins with three bitmaps, a 64th of it each, and its owners. Blocks follow. */
#define SLOB_PAGE_BYTES	(RSV_HEAP_PAGES * PAGE_SIZE)
#define SLOB_BEGIN	(3 * SLOB_PAGE_BYTES / 64 + 32 * (4 + 2))
#define SLOB_PER_PAGE	((SLOB_PAGE_BYTES - SLOB_BEGIN) / SLOB_SIZE)

struct rsv_cache *rsvt_slob_cache(struct kunit *test, struct rsv_region *r, unsigned int size);
struct rsv_frame *rsvt_slob_page(struct rsv_region *r, const void *object);
void *rsvt_slob_base(struct rsv_region *r, const void *object);
struct rsv_heap_figures rsvt_heap_count(struct rsv_region *r);
void *rsvt_slob_alloc(struct kunit *test, struct rsv_cache *c);

/* The bytes of the free block that begins at an address; 0 if a used one is there */
size_t rsvt_free_block_bytes(struct rsv_region *r, const void *block);

/* Changes whether a block begins at an address, in the bitmap that tells. */
void rsvt_slob_begin_block(struct rsv_region *r, const void *at);

#endif /* RSV_KUNIT_SLOB_H */
