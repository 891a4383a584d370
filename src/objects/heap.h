/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The heap of a region, for code that is not the engine SLOB. engines/slob_heap.h has the functions
 * that cut blocks out of it.
 */
#ifndef RSV_OBJECTS_HEAP_H
#define RSV_OBJECTS_HEAP_H

#include <linux/types.h>

#include "types.h"

int rsv_heap_create(struct rsv_region *r);
void rsv_heap_destroy(struct rsv_region *r);
void rsv_heap_leak(struct rsv_region *r);
void rsv_heap_count(const struct rsv_region *r, struct rsv_heap_figures *figures);
bool rsv_heap_waits(const struct rsv_cache *c);
unsigned long rsv_heap_leaked(const struct rsv_region *r);
struct rsv_cache *rsv_heap_owner(const struct rsv_extent *e, const void *p);

#endif /* RSV_OBJECTS_HEAP_H */
