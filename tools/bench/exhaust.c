// SPDX-License-Identifier: GPL-2.0
/*
 * A region's last page and its last object: the case allocates until nothing is left, and frees
 * everything. The kernel allocates and frees as many. The requests may not sleep, since otherwise
 * the last one would drain all CPUs before it fails, and the case does not measure that wait.
 */
#include <linux/err.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include "bench.h"
#include "loops.h"

#define REGION_SIZE	SZ_4M
#define MOST		(REGION_SIZE / BENCH_OBJECT)

static struct rsv_region *region;
static struct bench_caches caches;
static void **taken;		/* MOST pointers */
static unsigned int nr_taken;	/* in the last round of Reservoir */

static const char *begin(const struct bench_case *c)
{
	const struct rsv_reserve want = { .bytes = REGION_SIZE };

	caches = (struct bench_caches){};
	taken = vcalloc(MOST, sizeof(*taken));
	region = rsv_region_create("exhausted", &want, 1);
	return taken && !IS_ERR(region) ? NULL : "4 MB could not be had";
}

static const char *begin_objects(const struct bench_case *c)
{
	const char *why = begin(c);

	if (why)
		return why;
	caches.kernels = kmem_cache_create("exhausted", BENCH_OBJECT, 0, SLAB_NO_MERGE, NULL);
	caches.ours = rsv_cache_create(region, "exhausted", BENCH_OBJECT, 0, 0, NULL);
	return caches.kernels && !IS_ERR(caches.ours) ? NULL : "no cache could be made";
}

static void end(const struct bench_case *c)
{
	if (!IS_ERR_OR_NULL(caches.ours))
		rsv_cache_destroy(caches.ours);
	kmem_cache_destroy(caches.kernels);
	if (!IS_ERR(region))
		rsv_region_destroy(region);
	vfree(taken);
}

static __always_inline u64 take_all(bench_take_fn *take, bench_give_fn *give, void *from,
				    unsigned int most)
{
	u64 start = bench_clock();
	unsigned int i, nr;

	for (nr = 0; nr < most; nr++) {
		taken[nr] = take(from, 0, GFP_NOWAIT | __GFP_NOWARN);
		if (!taken[nr])
			break;
	}
	for (i = 0; i < nr; i++)
		give(from, 0, taken[i]);
	if (!nr)
		return BENCH_FAILED;
	nr_taken = nr;
	return bench_each(bench_clock() - start, nr);
}

static u64 all_pages(const struct bench_case *c, bool ours)
{
	return ours ? take_all(our_pages, our_pages_back, region, MOST) :
		take_all(kernel_pages, kernel_pages_back, NULL, nr_taken);
}

static u64 all_objects(const struct bench_case *c, bool ours)
{
	return ours ? take_all(our_object, our_object_back, caches.ours, MOST) :
		take_all(kernel_object, kernel_object_back, caches.kernels, nr_taken);
}

/* bench_exhaust - the cases of this file */
const struct bench_case bench_exhaust[] = {
	{ .name = "exhaust-pages", .begin = begin, .turn = all_pages, .end = end },
	{ .name = "exhaust-objects", .begin = begin_objects, .turn = all_objects, .end = end },
	{ }
};
