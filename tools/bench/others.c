// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's other allocators of blocks besides the buddy system: genalloc, which drivers use for
 * device memory, and that of graphics drivers (gpu.c), on kernels that have them.
 */
#include <linux/genalloc.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "bench.h"
#include "loops.h"
#include "others.h"

#define PAIRS		256
#define BATCH		1024
#define POOL_START	SZ_1G	/* genalloc only counts: nobody touches this memory */

static struct rsv_region *region;
static struct gen_pool *pool;
static void *taken[BATCH];

/*
 * genalloc, with a lock of its own
 */

static const char *pool_begin(const struct bench_case *c)
{
	pool = NULL;
	region = rsv_default_region();
	if (!IS_ENABLED(CONFIG_GENERIC_ALLOCATOR))
		return "this kernel has no genalloc";
	pool = gen_pool_create(PAGE_SHIFT, NUMA_NO_NODE);
	if (!pool || gen_pool_add(pool, POOL_START, BENCH_OTHERS_SIZE, NUMA_NO_NODE))
		return "no pool could be made";
	return NULL;
}

static void pool_end(const struct bench_case *c)
{
	if (IS_ENABLED(CONFIG_GENERIC_ALLOCATOR) && pool)
		gen_pool_destroy(pool);
}

static __always_inline void *pool_take(void *from, unsigned long order, gfp_t gfp)
{
	return (void *)gen_pool_alloc(from, PAGE_SIZE << order);
}

static __always_inline void pool_give(void *from, unsigned long order, void *block)
{
	gen_pool_free(from, (unsigned long)block, PAGE_SIZE << order);
}

static u64 pool_pair(const struct bench_case *c, bool ours)
{
	if (ours)
		return bench_pairs(our_pages, our_pages_back, region, c->what, GFP_KERNEL, PAIRS);
	if (!IS_ENABLED(CONFIG_GENERIC_ALLOCATOR))
		return BENCH_FAILED;
	return bench_pairs(pool_take, pool_give, pool, c->what, GFP_KERNEL, PAIRS);
}

static u64 pool_batch(const struct bench_case *c, bool ours)
{
	if (ours)
		return bench_batches(our_pages, our_pages_back, region, 0, GFP_KERNEL, taken, NULL,
				     BATCH, 1);
	if (!IS_ENABLED(CONFIG_GENERIC_ALLOCATOR))
		return BENCH_FAILED;
	return bench_batches(pool_take, pool_give, pool, 0, GFP_KERNEL, taken, NULL, BATCH, 1);
}

/* The allocator of graphics drivers */

static const char *gpu_begin(const struct bench_case *c)
{
	region = rsv_default_region();
	return IS_ENABLED(CONFIG_GPU_BUDDY) ? bench_gpu_begin() : "this kernel has no gpu_buddy";
}

static void gpu_end(const struct bench_case *c)
{
	if (IS_ENABLED(CONFIG_GPU_BUDDY))
		bench_gpu_end();
}

static u64 gpu_pair(const struct bench_case *c, bool ours)
{
	if (ours)
		return bench_pairs(our_pages, our_pages_back, region, c->what, GFP_KERNEL, PAIRS);
	return IS_ENABLED(CONFIG_GPU_BUDDY) ? bench_gpu_pairs(c->what, PAIRS) : BENCH_FAILED;
}

static u64 gpu_batch(const struct bench_case *c, bool ours)
{
	if (ours)
		return bench_batches(our_pages, our_pages_back, region, 0, GFP_KERNEL, taken, NULL,
				     BATCH, 1);
	return IS_ENABLED(CONFIG_GPU_BUDDY) ? bench_gpu_batch(taken, BATCH) : BENCH_FAILED;
}

#define POOL(case_name, case_turn, order)					\
	{									\
		.name = "genalloc-" case_name, .begin = pool_begin,		\
		.turn = case_turn, .end = pool_end, .what = order		\
	}

#define GPU(case_name, case_turn, order)					\
	{									\
		.name = "gpu_buddy-" case_name, .begin = gpu_begin,		\
		.turn = case_turn, .end = gpu_end, .what = order		\
	}

/* bench_others - the cases of this file */
const struct bench_case bench_others[] = {
	POOL("0", pool_pair, 0),
	POOL("4", pool_pair, 4),
	POOL("8", pool_pair, 8),
	POOL("0-batch", pool_batch, 0),
	GPU("0", gpu_pair, 0),
	GPU("4", gpu_pair, 4),
	GPU("8", gpu_pair, 8),
	GPU("0-batch", gpu_batch, 0),
	{ }
};
