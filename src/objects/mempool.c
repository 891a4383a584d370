// SPDX-License-Identifier: GPL-2.0
/*
 * Caches as the backing of the kernel's mempools.
 */
#include <linux/reservoir.h>

#include "compat.h"
#include "pages/gfp.h"

/**
 * rsv_mempool_alloc() - allocate an element of a mempool
 * @gfp: the flags that mempool_alloc() passes. Flags that concern only the system's memory have no
 *	effect
 * @cache: the struct rsv_cache that was given to mempool_create()
 *
 * Context: As rsv_cache_alloc().
 * Return: As rsv_cache_alloc().
 */
void *rsv_mempool_alloc(gfp_t gfp, void *cache)
{
	return rsv_cache_alloc(cache, (gfp & RSV_GFP_OBJECTS) | __GFP_NOWARN);
}
EXPORT_SYMBOL_GPL(rsv_mempool_alloc);

/**
 * rsv_mempool_free() - free an element of a mempool
 * @element: the object
 * @cache: the struct rsv_cache that was given to mempool_create()
 *
 * Context: As rsv_cache_free().
 */
void rsv_mempool_free(void *element, void *cache)
{
	rsv_cache_free(cache, element);
}
EXPORT_SYMBOL_GPL(rsv_mempool_free);
