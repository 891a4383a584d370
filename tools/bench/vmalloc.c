// SPDX-License-Identifier: GPL-2.0
/*
 * vmalloc(): memory that is contiguous by its addresses only, of one page and of many.
 */
#include <linux/vmalloc.h>

#include "bench.h"
#include "loops.h"

#define PAIRS	256

static struct rsv_region *region;

static const char *begin(const struct bench_case *c)
{
	region = rsv_default_region();
	return NULL;
}

static __always_inline void *our_mapping(void *from, unsigned long what, gfp_t gfp)
{
	return rsv_vmalloc(from, what);
}

static __always_inline void our_mapping_back(void *from, unsigned long what, void *taken)
{
	rsv_vfree(taken);
}

static __always_inline void *kernel_mapping(void *from, unsigned long what, gfp_t gfp)
{
	return vmalloc(what);
}

static __always_inline void kernel_mapping_back(void *from, unsigned long what, void *taken)
{
	vfree(taken);
}

static u64 pair(const struct bench_case *c, bool ours)
{
	const unsigned long bytes = c->what * PAGE_SIZE;

	return ours ? bench_pairs(our_mapping, our_mapping_back, region, bytes, GFP_KERNEL, PAIRS) :
		bench_pairs(kernel_mapping, kernel_mapping_back, NULL, bytes, GFP_KERNEL, PAIRS);
}

/* bench_vmalloc - the cases of this file */
const struct bench_case bench_vmalloc[] = {
	{ .name = "vmalloc-1", .begin = begin, .turn = pair, .what = 1 },
	{ .name = "vmalloc-16", .begin = begin, .turn = pair, .what = 16 },
	{ }
};
