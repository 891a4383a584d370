/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory by the byte: what kmalloc.c shares with ksize.c and kmemdup.c.
 */
#ifndef RSV_OBJECTS_KMALLOC_H
#define RSV_OBJECTS_KMALLOC_H

#include <linux/compiler.h>
#include <linux/kconfig.h>

#include "types.h"

struct rsv_cache *rsv_kmalloc_class(const struct rsv_region *r, size_t size);
unsigned int rsv_kmalloc_least(const struct rsv_cache *c);
void *rsv_kmalloc_track_caller(struct rsv_region *r, size_t size, gfp_t gfp, unsigned long caller);
void *rsv_kmalloc_fence(struct rsv_cache *c, void *p, size_t size);
enum rsv_misuse rsv_kfree_check(const struct rsv_extent *e, const void *p);

/* Whether bytes of an object that its user did not ask for are red zone */
static inline bool rsv_kmalloc_has_fence(const struct rsv_cache *c)
{
	return IS_ENABLED(CONFIG_KASAN_GENERIC) || unlikely(c->layout.asked);
}

#endif /* RSV_OBJECTS_KMALLOC_H */
