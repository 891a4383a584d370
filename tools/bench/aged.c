// SPDX-License-Identifier: GPL-2.0
/*
 * Caches with a history. A cache is aged when many of its objects were allocated, and freed in
 * another order: then neighbours in a list of free objects are no neighbours in memory.
 */
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "bench.h"
#include "loops.h"

#define PAIRS		1024
#define AGED		8192	/* objects that are freed in random order, before the measurement */
#define LIVE		100000	/* objects that live while others are replaced */
#define LINE		64
#define FILL_OBJECT	2000
#define FILL		4096

/**
 * struct population - objects of both sides
 * @ours: Reservoir's
 * @kernels: the kernel's
 * @nr: how many each side has
 * @order: their numbers in random order
 */
static struct population {
	void **ours;
	void **kernels;
	unsigned int nr;
	u32 *order;
} all;

static void give_all_back(void)
{
	while (all.nr--) {
		u32 at = all.order[all.nr];

		rsv_cache_free(bench_caches.ours, all.ours[at]);
		kmem_cache_free(bench_caches.kernels, all.kernels[at]);
	}
	all.nr = 0;
}

static void population_end(void)
{
	vfree(all.ours);
	vfree(all.kernels);
	vfree(all.order);
	all = (struct population){};
}

static const char *population_begin(unsigned int nr)
{
	all.ours = vcalloc(nr, sizeof(void *));
	all.kernels = vcalloc(nr, sizeof(void *));
	all.order = vcalloc(nr, sizeof(u32));
	if (!all.ours || !all.kernels || !all.order)
		return "no memory for the pointers";
	bench_shuffle(all.order, nr);
	for (all.nr = 0; all.nr < nr; all.nr++) {
		void *ours = rsv_cache_alloc(bench_caches.ours, GFP_KERNEL);
		void *kernels = kmem_cache_alloc(bench_caches.kernels, GFP_KERNEL);

		if (!ours || !kernels) {
			rsv_cache_free(bench_caches.ours, ours);
			if (kernels)
				kmem_cache_free(bench_caches.kernels, kernels);
			/* All that there are have numbers of the order. */
			bench_shuffle(all.order, all.nr);
			return "the region has no such memory";
		}
		all.ours[all.nr] = ours;
		all.kernels[all.nr] = kernels;
	}
	return NULL;
}

/*
 * Bulk requests
 */

static void *bulk_objects[64];

static const char *begin_fresh(const struct bench_case *c)
{
	return bench_caches_begin(c->flags, NULL);
}

static const char *begin_aged(const struct bench_case *c)
{
	const char *error = bench_caches_begin(c->flags, NULL);

	if (error)
		return error;
	error = population_begin(AGED);
	give_all_back();
	population_end();
	return error;
}

static __always_inline u64 bulks(bool ours, unsigned int bulk)
{
	u64 start = bench_clock();
	unsigned int i, nr = bulk;

	for (i = 0; i < PAIRS / bulk && nr == bulk; i++) {
		if (ours) {
			nr = rsv_cache_alloc_bulk(bench_caches.ours, GFP_KERNEL, bulk,
						  bulk_objects);
			rsv_cache_free_bulk(bench_caches.ours, nr, bulk_objects);
		} else {
			/* All or none; newer kernels return only whether. */
			if (!kmem_cache_alloc_bulk(bench_caches.kernels, GFP_KERNEL, bulk,
						   bulk_objects))
				return BENCH_FAILED;
			kmem_cache_free_bulk(bench_caches.kernels, bulk, bulk_objects);
		}
	}
	return nr == bulk ? bench_each(bench_clock() - start, i * bulk) : BENCH_FAILED;
}

static u64 bulk(const struct bench_case *c, bool ours)
{
	return ours ? bulks(true, c->what) : bulks(false, c->what);
}

/*
 * Random replacement
 */

static const char *begin_live(const struct bench_case *c)
{
	return bench_caches_begin(c->flags, NULL) ?: population_begin(LIVE);
}

static void end_live(const struct bench_case *c)
{
	if (all.nr)
		give_all_back();
	population_end();
	bench_caches_end(c);
}

/* The user looks at each line of an object before it frees it, and fills the new one. */
static __always_inline void touch_old(const void *object)
{
	unsigned int at;

	for (at = 0; at < BENCH_OBJECT; at += LINE)
		READ_ONCE(*(const unsigned long *)(object + at));
}

static __always_inline u64 replacements(bench_take_fn *take, bench_give_fn *give, void *from,
					void **objects, bool touch)
{
	static u32 next = 1;
	u64 start = bench_clock();
	unsigned int i, at;

	for (i = 0; i < PAIRS; i++) {
		/* Numerical Recipes: a multiplication and an addition */
		next = next * 1664525U + 1013904223U;
		at = (u64)next * LIVE >> 32;
		if (touch)
			touch_old(objects[at]);
		give(from, 0, objects[at]);
		objects[at] = take(from, 0, GFP_KERNEL);
		if (touch)
			memset(objects[at], 1, BENCH_OBJECT);
	}
	return bench_each(bench_clock() - start, PAIRS);
}

static u64 replace(const struct bench_case *c, bool ours)
{
	return ours ? replacements(our_object, our_object_back, bench_caches.ours, all.ours,
				   false) :
		replacements(kernel_object, kernel_object_back, bench_caches.kernels,
			     all.kernels, false);
}

static u64 replace_touched(const struct bench_case *c, bool ours)
{
	return ours ? replacements(our_object, our_object_back, bench_caches.ours, all.ours,
				   true) :
		replacements(kernel_object, kernel_object_back, bench_caches.kernels,
			     all.kernels, true);
}

/*
 * Filling: a burst of objects of a cache that has no slab
 */

static const char *begin_fill(const struct bench_case *c)
{
	all.ours = vcalloc(FILL, sizeof(void *));
	bench_caches.kernels = kmem_cache_create("bench", FILL_OBJECT, 0, SLAB_NO_MERGE, NULL);
	bench_caches.ours = rsv_cache_create(rsv_default_region(), "bench", FILL_OBJECT, 0,
					     c->flags, NULL);
	if (!all.ours || !bench_caches.kernels || IS_ERR(bench_caches.ours))
		return "no cache could be made";
	return NULL;
}

static void end_fill(const struct bench_case *c)
{
	population_end();
	bench_caches_end(c);
}

static u64 fill(const struct bench_case *c, bool ours)
{
	u64 figure = ours ? bench_batches(our_object, our_object_back, bench_caches.ours, 0,
					  GFP_KERNEL, all.ours, NULL, FILL, 1) :
		bench_batches(kernel_object, kernel_object_back, bench_caches.kernels, 0,
			      GFP_KERNEL, all.ours, NULL, FILL, 1);

	if (ours)
		rsv_cache_shrink(bench_caches.ours);
	else
		kmem_cache_shrink(bench_caches.kernels);
	return figure;
}

#define BULK(case_name, case_bulk, case_begin)					\
	{									\
		.name = "bulk-" case_name, .begin = case_begin, .turn = bulk,	\
		.end = bench_caches_end, .what = case_bulk			\
	}

#define REPLACE(case_name, case_turn)						\
	{									\
		.name = "replace-" case_name, .begin = begin_live,		\
		.turn = case_turn, .end = end_live				\
	}

/* bench_aged - the cases of this file */
const struct bench_case bench_aged[] = {
	BULK("1", 1, begin_fresh),
	BULK("2", 2, begin_fresh),
	BULK("3", 3, begin_fresh),
	BULK("8-aged", 8, begin_aged),
	BULK("64-aged", 64, begin_aged),
	REPLACE("100000", replace),
	REPLACE("100000-touched", replace_touched),
	{
		.name = "fill-4096-2000", .begin = begin_fill, .turn = fill, .end = end_fill
	},
	{ }
};
