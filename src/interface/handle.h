/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a program holds: regions, caches, objects and buffers. Each of them is counted: its handle
 * has one reference, everything that stands on it has one (an object on its cache, a cache or a
 * buffer on its region), and every mapping of a buffer has one. So nothing goes before
 * what stands on it, in whatever order a dying process lets go, and a program that wants to free
 * what is in use is told so before the kernel API is asked.
 */
#ifndef RSV_INTERFACE_HANDLE_H
#define RSV_INTERFACE_HANDLE_H

#include <linux/kref.h>
#include <linux/reservoir.h>
#include <linux/types.h>

#include "types.h"

extern const struct rsv_handle_kind rsv_kind_scratch;
extern const struct rsv_handle_kind rsv_kind_opened;
extern const struct rsv_handle_kind rsv_kind_cache;
extern const struct rsv_handle_kind rsv_kind_object;

void rsv_handle_init(struct rsv_handle *h, const struct rsv_handle_kind *kind,
		     struct rsv_handle *parent);
void rsv_handle_put(struct rsv_handle *h);

/*
 * True while something stands on it or has it mapped. Certain only while nothing can be added to
 * it.
 */
static inline bool rsv_handle_busy(const struct rsv_handle *h)
{
	return kref_read(&h->ref) > 1;
}

struct rsv_region_handle *rsv_scratch_handle_create(char name[RSV_NAME_MAX], size_t bytes);
struct rsv_region_handle *rsv_opened_handle_create(const char *name);
struct rsv_cache_handle *rsv_cache_handle_create(struct rsv_region *r, struct rsv_handle *parent,
						 const struct rsv_ioc_cache_create *want);
struct rsv_object_handle *rsv_object_handle_create(struct rsv_cache_handle *from);

#endif /* RSV_INTERFACE_HANDLE_H */
