// SPDX-License-Identifier: GPL-2.0
/*
 * Objects of 256 bytes of a cache: one at a time, in batches, in bulk, and from each engine.
 */
#include <linux/slab.h>

#include "bench.h"
#include "loops.h"

#define PAIRS		1024
#define SMALL_BATCH	32
#define LARGE_BATCH	1024
#define BULK		64

static void *objects[LARGE_BATCH];
static u32 shuffled[LARGE_BATCH];

static void construct(void *object)
{
	*(unsigned long *)object = 0;
}

static const char *begin_plain(const struct bench_case *c)
{
	bench_shuffle(shuffled, LARGE_BATCH);
	return bench_caches_begin(c->flags, NULL);
}

static const char *begin_constructed(const struct bench_case *c)
{
	return bench_caches_begin(c->flags, construct);
}

static u64 pair(const struct bench_case *c, bool ours)
{
	return ours ? bench_pairs(our_object, our_object_back, bench_caches.ours, 0, c->gfp,
				  PAIRS) :
		bench_pairs(kernel_object, kernel_object_back, bench_caches.kernels, 0, c->gfp,
			    PAIRS);
}

static __always_inline u64 batches(bool ours, const u32 *order, unsigned int batch,
				   unsigned int times)
{
	return ours ? bench_batches(our_object, our_object_back, bench_caches.ours, 0, GFP_KERNEL,
				    objects, order, batch, times) :
		bench_batches(kernel_object, kernel_object_back, bench_caches.kernels, 0,
			      GFP_KERNEL, objects, order, batch, times);
}

static u64 small_batch(const struct bench_case *c, bool ours)
{
	return batches(ours, NULL, SMALL_BATCH, PAIRS / SMALL_BATCH);
}

static u64 large_batch(const struct bench_case *c, bool ours)
{
	return batches(ours, NULL, LARGE_BATCH, 1);
}

static u64 shuffled_batch(const struct bench_case *c, bool ours)
{
	return batches(ours, shuffled, LARGE_BATCH, 1);
}

static u64 our_bulk(void)
{
	u64 start = bench_clock();
	unsigned int i, nr;

	for (i = 0; i < PAIRS / BULK; i++) {
		nr = rsv_cache_alloc_bulk(bench_caches.ours, GFP_KERNEL, BULK, objects);
		rsv_cache_free_bulk(bench_caches.ours, nr, objects);
		if (nr < BULK)
			return BENCH_FAILED;
	}
	return bench_each(bench_clock() - start, PAIRS);
}

static u64 kernel_bulk(void)
{
	u64 start = bench_clock();
	unsigned int i;

	for (i = 0; i < PAIRS / BULK; i++) {
		if (!kmem_cache_alloc_bulk(bench_caches.kernels, GFP_KERNEL, BULK, objects))
			return BENCH_FAILED;
		kmem_cache_free_bulk(bench_caches.kernels, BULK, objects);
	}
	return bench_each(bench_clock() - start, PAIRS);
}

static u64 bulk(const struct bench_case *c, bool ours)
{
	return ours ? our_bulk() : kernel_bulk();
}

#define CASE(case_name, case_turn, case_gfp, case_begin)			\
	{									\
		.name = case_name, .begin = case_begin, .turn = case_turn,	\
		.end = bench_caches_end, .gfp = case_gfp					\
	}

#define ENGINE(case_name, case_turn, engine)					\
	{									\
		.name = "engine-" case_name, .begin = begin_plain,		\
		.turn = case_turn, .end = bench_caches_end, .gfp = GFP_KERNEL,		\
		.flags = engine							\
	}

/* bench_objects - the cases of this file */
const struct bench_case bench_objects[] = {
	CASE("pair-256", pair, GFP_KERNEL, begin_plain),
	CASE("pair-256-atomic", pair, GFP_ATOMIC, begin_plain),
	CASE("pair-256-ctor", pair, GFP_KERNEL, begin_constructed),
	CASE("batch-32", small_batch, GFP_KERNEL, begin_plain),
	CASE("batch-1024", large_batch, GFP_KERNEL, begin_plain),
	CASE("batch-1024-shuffled", shuffled_batch, GFP_KERNEL, begin_plain),
	CASE("bulk-64", bulk, GFP_KERNEL, begin_plain),
	ENGINE("slab-pair", pair, RSV_ENGINE_SLAB),
	ENGINE("slub-pair", pair, RSV_ENGINE_SLUB),
	ENGINE("slob-pair", pair, RSV_ENGINE_SLOB),
	ENGINE("slab-batch", large_batch, RSV_ENGINE_SLAB),
	ENGINE("slub-batch", large_batch, RSV_ENGINE_SLUB),
	ENGINE("slob-batch", large_batch, RSV_ENGINE_SLOB),
	ENGINE("slab-bare-pair", pair, RSV_ENGINE_SLAB | RSV_NO_MAGAZINE),
	ENGINE("slub-bare-pair", pair, RSV_ENGINE_SLUB | RSV_NO_MAGAZINE),
	ENGINE("slob-bare-pair", pair, RSV_ENGINE_SLOB | RSV_NO_MAGAZINE),
	ENGINE("slab-bare-batch", large_batch, RSV_ENGINE_SLAB | RSV_NO_MAGAZINE),
	ENGINE("slub-bare-batch", large_batch, RSV_ENGINE_SLUB | RSV_NO_MAGAZINE),
	ENGINE("slob-bare-batch", large_batch, RSV_ENGINE_SLOB | RSV_NO_MAGAZINE),
	{ }
};
