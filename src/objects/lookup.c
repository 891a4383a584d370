// SPDX-License-Identifier: GPL-2.0
/*
 * What lies at an address: the cache of the object there. The frame of a slab names the cache. That
 * of a page of SLOB's heap does not, but the heap knows whose each block is.
 *
 * The functions only read. If the memory is being freed meanwhile, which is a misuse of the caller,
 * they answer for one of the states that it passes through.
 */
#include <linux/mm.h>

#include "cache.h"
#include "heap.h"
#include "lookup.h"

/**
 * rsv_cache_at() - the cache that an object at an address would belong to
 * @e: the extent that the address lies in
 * @p: the address
 *
 * Context: Any but NMI, under rcu_read_lock().
 * Return: The cache, or NULL if no object can be there.
 */
struct rsv_cache *rsv_cache_at(struct rsv_extent *e, const void *p)
{
	struct rsv_cache *c = rsv_cache_owning(e, p);

	return c || !rsv_frame_is_heap(rsv_frame_at(e, p)) ? c : rsv_heap_owner(e, p);
}

/**
 * rsv_foreign_text() - whose the memory at an address is that lies in no region
 * @p: the address, valid or not
 *
 * A driver that was only in part converted to the module gives the system's memory to it.
 *
 * Context: Any.
 * Return: The end of a report's text, empty if the address is not one of a page.
 */
const char *rsv_foreign_text(const void *p)
{
	if (!virt_addr_valid(p))
		return "";
	return rsv_kernel_kmalloced(virt_to_page(p)) ?
		       ": it is the system's, of kmalloc() or kmem_cache_alloc()" :
		       ": it is the system's";
}
