// SPDX-License-Identifier: GPL-2.0
/*
 * The two caches that most cases take objects from.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include "bench.h"

struct bench_caches bench_caches;

/**
 * bench_caches_begin - make the caches
 * @flags: flags of Reservoir's cache
 * @ctor: constructor of both; may be NULL
 *
 * Return: NULL, or why there are none.
 */
const char *bench_caches_begin(unsigned int flags, void (*ctor)(void *object))
{
	bench_caches.kernels = kmem_cache_create("bench", BENCH_OBJECT, 0, SLAB_NO_MERGE, ctor);
	bench_caches.ours = rsv_cache_create(rsv_default_region(), "bench", BENCH_OBJECT, 0, flags,
					     ctor);
	return bench_caches.kernels && !IS_ERR(bench_caches.ours) ? NULL : "no cache could be made";
}

/**
 * bench_caches_end - destroy them
 * @c: the case that they served
 */
void bench_caches_end(const struct bench_case *c)
{
	if (!IS_ERR(bench_caches.ours))
		rsv_cache_destroy(bench_caches.ours);
	kmem_cache_destroy(bench_caches.kernels);
}
