// SPDX-License-Identifier: GPL-2.0
/*
 * A region that is exactly full: an object is freed and allocated in turn, beside the kernel, which
 * is not full; and requests that fail, after a first one that failed, for which the kernel has no
 * counterpart. Where the clock goes on while nothing runs, a request that waits shows its wait.
 */
#include <linux/err.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "bench.h"
#include "loops.h"

#define REGION_SIZE	SZ_4M
#define MOST		(REGION_SIZE / BENCH_OBJECT)
#define PAIRS		256
#define FAILURES	16	/* in a round */

static struct rsv_region *region;
static struct bench_caches caches;
static void **taken;		/* MOST objects, and one of the kernel's */
static unsigned int nr_taken;

static const char *begin(const struct bench_case *c)
{
	const struct rsv_reserve want = { .bytes = REGION_SIZE };
	void *object;

	caches = (struct bench_caches){};
	nr_taken = 0;
	taken = vcalloc(MOST + 1, sizeof(*taken));
	region = rsv_region_create("full", &want, 1);
	if (!taken || IS_ERR(region))
		return "4 MB could not be had";
	caches.kernels = kmem_cache_create("full", BENCH_OBJECT, 0, SLAB_NO_MERGE, NULL);
	caches.ours = rsv_cache_create(region, "full", BENCH_OBJECT, 0, 0, NULL);
	if (!caches.kernels || IS_ERR(caches.ours))
		return "no cache could be made";
	taken[MOST] = kmem_cache_alloc(caches.kernels, GFP_KERNEL);
	while (nr_taken < MOST) {
		/* Also the pages that are only for __GFP_HIGH, as GFP_ATOMIC has it */
		object = rsv_cache_alloc(caches.ours, GFP_KERNEL | __GFP_HIGH | __GFP_NOWARN);
		if (!object)
			break;
		taken[nr_taken++] = object;
	}
	return nr_taken && taken[MOST] ? NULL : "there was not enough memory";
}

static void end(const struct bench_case *c)
{
	if (caches.kernels && taken[MOST])
		kmem_cache_free(caches.kernels, taken[MOST]);
	while (nr_taken)
		rsv_cache_free(caches.ours, taken[--nr_taken]);
	if (!IS_ERR_OR_NULL(caches.ours))
		rsv_cache_destroy(caches.ours);
	kmem_cache_destroy(caches.kernels);
	if (!IS_ERR(region))
		rsv_region_destroy(region);
	vfree(taken);
}

static __always_inline u64 pairs(bench_take_fn *take, bench_give_fn *give, void *from,
				 void **object)
{
	u64 start = bench_clock();
	unsigned int i;

	for (i = 0; i < PAIRS; i++) {
		give(from, 0, *object);
		*object = take(from, 0, GFP_KERNEL | __GFP_NOWARN);
		if (unlikely(!*object))
			return BENCH_FAILED;
	}
	return bench_each(bench_clock() - start, PAIRS);
}

static u64 full_pair(const struct bench_case *c, bool ours)
{
	return ours ? pairs(our_object, our_object_back, caches.ours, &taken[nr_taken - 1]) :
		pairs(kernel_object, kernel_object_back, caches.kernels, &taken[MOST]);
}

/* A request that is to fail */
static bool fails(gfp_t gfp)
{
	void *object = rsv_cache_alloc(caches.ours, gfp | __GFP_NOWARN);

	if (object)
		rsv_cache_free(caches.ours, object);
	return !object;
}

/* The first failure of a round does not count. */
static const char *failures(const struct bench_case *c)
{
	u64 *values = kcalloc(bench_rounds, sizeof(*values), GFP_KERNEL), start;
	const char *why = values ? NULL : "no memory for what is measured";
	struct bench_figure figure;
	unsigned int i, n;
	bool failed = true;

	for (i = 0; !why && i < bench_rounds; i++) {
		failed &= fails(c->gfp);
		start = bench_clock();
		for (n = 0; n < FAILURES; n++)
			failed &= fails(c->gfp);
		values[i] = bench_each(bench_clock() - start, FAILURES);
	}
	if (!failed)
		why = "a request was served";
	if (!why) {
		figure = bench_summarize(values, bench_rounds);
		bench_report(c->name, 1, bench_unit, &figure, NULL, "a failing request, alone");
	}
	kfree(values);
	return why;
}

#define FAILING(case_name, case_gfp)						\
	{ .name = case_name, .begin = begin, .run = failures, .end = end, .gfp = case_gfp }

/* bench_full - the cases of this file */
const struct bench_case bench_full[] = {
	{ .name = "full-pair", .begin = begin, .turn = full_pair, .end = end },
	FAILING("fail-kernel", GFP_KERNEL),
	FAILING("fail-atomic", GFP_ATOMIC),
	FAILING("fail-noretry", GFP_KERNEL | __GFP_NORETRY),
	{ }
};
