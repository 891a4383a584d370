/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The loops that are timed. Each has the functions of one side as parameters. The compiler inlines
 * them, so that the sides differ only in the functions that they call.
 */
#ifndef RSV_BENCH_LOOPS_H
#define RSV_BENCH_LOOPS_H

#include <linux/gfp.h>
#include <linux/slab.h>

#include "bench.h"

/* @from is a region or a cache, @what an order or a size. */
typedef void *(bench_take_fn)(void *from, unsigned long what, gfp_t gfp);
typedef void bench_give_fn(void *from, unsigned long what, void *taken);

/* The two sides of each kind */

static __always_inline void *our_object(void *from, unsigned long what, gfp_t gfp)
{
	return rsv_cache_alloc(from, gfp);
}

static __always_inline void our_object_back(void *from, unsigned long what, void *taken)
{
	rsv_cache_free(from, taken);
}

static __always_inline void *kernel_object(void *from, unsigned long what, gfp_t gfp)
{
	return kmem_cache_alloc(from, gfp);
}

static __always_inline void kernel_object_back(void *from, unsigned long what, void *taken)
{
	kmem_cache_free(from, taken);
}

static __always_inline void *our_pages(void *from, unsigned long what, gfp_t gfp)
{
	return rsv_alloc_pages(from, gfp, what);
}

static __always_inline void our_pages_back(void *from, unsigned long what, void *taken)
{
	__rsv_free_pages(taken, what);
}

static __always_inline void *kernel_pages(void *from, unsigned long what, gfp_t gfp)
{
	return alloc_pages(gfp, what);
}

static __always_inline void kernel_pages_back(void *from, unsigned long what, void *taken)
{
	__free_pages(taken, what);
}

static __always_inline void *our_bytes(void *from, unsigned long what, gfp_t gfp)
{
	return rsv_kmalloc(from, what, gfp);
}

static __always_inline void our_bytes_back(void *from, unsigned long what, void *taken)
{
	rsv_kfree(taken);
}

static __always_inline void *kernel_bytes(void *from, unsigned long what, gfp_t gfp)
{
	return kmalloc(what, gfp);
}

static __always_inline void kernel_bytes_back(void *from, unsigned long what, void *taken)
{
	kfree(taken);
}

/*
 * The loops
 */

/* Allocate one and free it, @nr times */
static __always_inline u64 bench_pairs(bench_take_fn *take, bench_give_fn *give, void *from,
				       unsigned long what, gfp_t gfp, unsigned int nr)
{
	u64 start = bench_clock();
	unsigned int i;

	for (i = 0; i < nr; i++) {
		void *taken = take(from, what, gfp);

		if (unlikely(!taken))
			return BENCH_FAILED;
		give(from, what, taken);
	}
	return bench_each(bench_clock() - start, nr);
}

/* Allocate @batch of them, then free them in the order that @order says, @times times */
static __always_inline u64 bench_batches(bench_take_fn *take, bench_give_fn *give, void *from,
					 unsigned long what, gfp_t gfp, void **taken,
					 const u32 *order, unsigned int batch, unsigned int times)
{
	u64 start = bench_clock();
	unsigned int i, nr;

	for (i = 0; i < times; i++) {
		for (nr = 0; nr < batch; nr++) {
			taken[nr] = take(from, what, gfp);
			if (unlikely(!taken[nr]))
				goto failed;
		}
		for (nr = 0; nr < batch; nr++)
			give(from, what, taken[order ? order[nr] : nr]);
	}
	return bench_each(bench_clock() - start, batch * times);

failed:
	while (nr--)
		give(from, what, taken[nr]);
	return BENCH_FAILED;
}

#endif /* RSV_BENCH_LOOPS_H */
