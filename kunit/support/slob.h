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

/* A slob page begins with a bitmap of where blocks begin, a 64th of it. Blocks fill the rest. */
#define SLOB_PAGE_BYTES	(RSV_HEAP_PAGES * PAGE_SIZE)
#define SLOB_BITMAP	(SLOB_PAGE_BYTES / 64)
#define SLOB_PER_PAGE	((SLOB_PAGE_BYTES - SLOB_BITMAP) / SLOB_SIZE)

struct rsv_cache *rsvt_slob_cache(struct kunit *test, struct rsv_region *r, unsigned int size);
struct rsv_frame *rsvt_slob_page(struct rsv_region *r, const void *object);
void *rsvt_slob_base(struct rsv_region *r, const void *object);
struct rsv_heap_figures rsvt_heap_count(struct rsv_region *r);
void *rsvt_slob_alloc(struct kunit *test, struct rsv_cache *c);

/* A free block begins with a header: its length, and the offset of the next one. */
size_t rsvt_free_block_bytes(const void *block);
size_t rsvt_free_block_next(const void *block);

#endif /* RSV_KUNIT_SLOB_H */
