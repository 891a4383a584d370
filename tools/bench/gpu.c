// SPDX-License-Identifier: GPL-2.0
/*
 * The buddy allocator of graphics drivers: drm_buddy, which became gpu_buddy when other drivers
 * used it too. Its callers bring the lock.
 */
#include <linux/gpu_buddy.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>

#include "bench.h"
#include "loops.h"
#include "others.h"

static struct gpu_buddy gpu;
static bool there;
static DEFINE_MUTEX(gpu_lock);

static __always_inline void *take(void *from, unsigned long order, gfp_t gfp)
{
	u64 bytes = PAGE_SIZE << order;
	LIST_HEAD(blocks);
	int err;

	mutex_lock(&gpu_lock);
	err = gpu_buddy_alloc_blocks(from, 0, BENCH_OTHERS_SIZE, bytes, bytes, &blocks, 0);
	mutex_unlock(&gpu_lock);
	return err ? NULL : list_first_entry(&blocks, struct gpu_buddy_block, link);
}

static __always_inline void give(void *from, unsigned long order, void *taken)
{
	mutex_lock(&gpu_lock);
	gpu_buddy_free_block(from, taken);
	mutex_unlock(&gpu_lock);
}

/**
 * bench_gpu_begin - create the allocator
 *
 * Return: NULL, or why there is none.
 */
const char *bench_gpu_begin(void)
{
	there = !gpu_buddy_init(&gpu, BENCH_OTHERS_SIZE, PAGE_SIZE);
	return there ? NULL : "no gpu_buddy could be made";
}

/**
 * bench_gpu_end - destroy the allocator
 */
void bench_gpu_end(void)
{
	if (there)
		gpu_buddy_fini(&gpu);
}

/**
 * bench_gpu_take - allocate a block
 * @order: its order
 *
 * Return: the block, or NULL if there is none.
 */
void *bench_gpu_take(unsigned int order)
{
	return take(&gpu, order, GFP_KERNEL);
}

/**
 * bench_gpu_give - free a block
 * @block: the block
 */
void bench_gpu_give(void *block)
{
	give(&gpu, 0, block);
}

/**
 * bench_gpu_pairs - allocate a block and free it
 * @order: order of the block
 * @nr: how often
 *
 * Return: as @turn of struct bench_case.
 */
u64 bench_gpu_pairs(unsigned int order, unsigned int nr)
{
	return bench_pairs(take, give, &gpu, order, GFP_KERNEL, nr);
}

/**
 * bench_gpu_batch - allocate blocks of a page, then free them
 * @taken: has room for @batch blocks
 * @batch: how many
 *
 * Return: as @turn of struct bench_case.
 */
u64 bench_gpu_batch(void **taken, unsigned int batch)
{
	return bench_batches(take, give, &gpu, 0, GFP_KERNEL, taken, NULL, batch, 1);
}
