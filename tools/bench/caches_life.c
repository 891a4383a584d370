// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a cache: one is created, an object of it allocated and freed, and it is destroyed.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include "bench.h"

#define LIVES	16

static __always_inline bool our_life(struct rsv_region *r)
{
	struct rsv_cache *c = rsv_cache_create(r, "short", BENCH_OBJECT, 0, 0, NULL);
	void *object;

	if (IS_ERR(c))
		return false;
	object = rsv_cache_alloc(c, GFP_KERNEL);
	if (object)
		rsv_cache_free(c, object);
	return !rsv_cache_destroy(c) && object;
}

static __always_inline bool kernel_life(void)
{
	struct kmem_cache *c = kmem_cache_create("short", BENCH_OBJECT, 0, SLAB_NO_MERGE, NULL);
	void *object;

	if (!c)
		return false;
	object = kmem_cache_alloc(c, GFP_KERNEL);
	if (object)
		kmem_cache_free(c, object);
	kmem_cache_destroy(c);
	return object;
}

static u64 lives(const struct bench_case *c, bool ours)
{
	struct rsv_region *r = rsv_default_region();
	u64 start = bench_clock();
	unsigned int i;

	for (i = 0; i < LIVES; i++)
		if (!(ours ? our_life(r) : kernel_life()))
			return BENCH_FAILED;
	return bench_each(bench_clock() - start, LIVES);
}

/* bench_caches_life - the cases of this file */
const struct bench_case bench_caches_life[] = {
	{ .name = "cache-life", .turn = lives },
	{ }
};
