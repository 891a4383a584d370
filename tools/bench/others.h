/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of gpu.c that others.c calls; gpu.c is built only for kernels that have the allocator.
 */
#ifndef RSV_BENCH_OTHERS_H
#define RSV_BENCH_OTHERS_H

#include <linux/sizes.h>
#include <linux/types.h>

#define BENCH_OTHERS_SIZE	SZ_64M	/* what the other allocators manage */

const char *bench_gpu_begin(void);
void bench_gpu_end(void);
void *bench_gpu_take(unsigned int order);
void bench_gpu_give(void *block);
u64 bench_gpu_pairs(unsigned int order, unsigned int nr);
u64 bench_gpu_batch(void **taken, unsigned int batch);

#endif /* RSV_BENCH_OTHERS_H */
