/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handles: the regions, caches and objects that a descriptor owns. Buffers, which are handles with
 * mappings, are in buffer.h.
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
 * Whether a handle is the parent of another one or, if it is a buffer, has a file. Under the lock
 * of the descriptor no handle can become its child meanwhile.
 */
static inline bool rsv_handle_busy(const struct rsv_handle *h)
{
	return kref_read(&h->ref) > 1;
}

struct rsv_region_handle *rsv_scratch_handle_create(struct rsv_ioc_region_create *req);
void rsv_scratch_handle_retire(struct rsv_handle *h, struct list_head *retired);
struct rsv_region_handle *rsv_opened_handle_create(const char *name, u32 flags);
struct rsv_cache_handle *rsv_cache_handle_create(struct rsv_region *r, struct rsv_handle *parent,
						 const struct rsv_ioc_cache_create *req);
int rsv_cache_handle_charge(struct rsv_cache_handle *c);
void rsv_cache_handle_retire(struct rsv_handle *h, struct list_head *caches);
struct rsv_object_handle *rsv_object_handle_create(struct rsv_cache_handle *cache, u32 *refusal);
int rsv_object_handle_set_by_rcu(struct rsv_handle *h);

#endif /* RSV_INTERFACE_HANDLE_H */
