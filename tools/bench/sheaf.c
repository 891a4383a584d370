// SPDX-License-Identifier: GPL-2.0
/*
 * Objects that are set aside before a section in which no allocation may fail: half of them are
 * used there, and the others go back. The kernel's counterpart is a bulk request before the section
 * and a bulk free after it, which is what a module can do: newer kernels have sheaves of their own,
 * for the maple tree, but do not export them.
 */
#include <linux/slab.h>

#include "bench.h"

#define SECTIONS	64
#define ASIDE		16

static const char *begin(const struct bench_case *c)
{
	return bench_caches_begin(0, NULL);
}

static bool our_section(void **object)
{
	struct rsv_cache *cache = bench_caches.ours;
	struct rsv_sheaf *s = rsv_cache_prefill(cache, GFP_KERNEL, ASIDE);
	unsigned int i;

	if (!s)
		return false;
	for (i = 0; i < ASIDE / 2; i++)
		object[i] = rsv_cache_alloc_from_sheaf(cache, 0, s);
	rsv_cache_return_sheaf(cache, s);
	rsv_cache_free_bulk(cache, ASIDE / 2, object);
	return true;
}

static bool kernel_section(void **object)
{
	struct kmem_cache *cache = bench_caches.kernels;

	if (!kmem_cache_alloc_bulk(cache, GFP_KERNEL, ASIDE, object))
		return false;
	kmem_cache_free_bulk(cache, ASIDE / 2, object + ASIDE / 2);
	kmem_cache_free_bulk(cache, ASIDE / 2, object);
	return true;
}

static u64 sections(const struct bench_case *c, bool ours)
{
	u64 start = bench_clock();
	void *object[ASIDE];
	unsigned int i;

	for (i = 0; i < SECTIONS; i++)
		if (!(ours ? our_section(object) : kernel_section(object)))
			return BENCH_FAILED;
	return bench_each(bench_clock() - start, SECTIONS * ASIDE);
}

/* bench_sheaf - the cases of this file */
const struct bench_case bench_sheaf[] = {
	{ .name = "prefill-16", .begin = begin, .turn = sections, .end = bench_caches_end },
	{ }
};
