// SPDX-License-Identifier: GPL-2.0
/*
 * Memory by the byte for any context. Kernels from 6.18 on have kmalloc_nolock(). Before that a
 * module that may be in an NMI has nothing of the kind, and kmalloc() and kfree() stand for it.
 */
#include <linux/slab.h>

#include "bench.h"
#include "compat.h"
#include "loops.h"

#define PAIRS		1024
#define BYTES		100
#define RESERVED	16

static const char *begin(const struct bench_case *c)
{
	return rsv_kmalloc_reserve_percpu(rsv_default_region(), BYTES, RESERVED) ?
		       "no memory for the reserve" :
		       NULL;
}

static void end(const struct bench_case *c)
{
	rsv_kmalloc_unreserve_percpu(rsv_default_region(), BYTES, RESERVED);
}

static __always_inline void *our_nolock(void *from, unsigned long what, gfp_t gfp)
{
	return rsv_kmalloc_nolock(from, what, gfp);
}

static __always_inline void our_nolock_back(void *from, unsigned long what, void *taken)
{
	rsv_kfree_nolock(taken);
}

static __always_inline void *kernel_nolock(void *from, unsigned long what, gfp_t gfp)
{
	return rsv_kernel_kmalloc_nolock(what);
}

static __always_inline void kernel_nolock_back(void *from, unsigned long what, void *taken)
{
	rsv_kernel_kfree_nolock(taken);
}

static u64 pairs(const struct bench_case *c, bool ours)
{
	return ours ? bench_pairs(our_nolock, our_nolock_back, rsv_default_region(), BYTES, 0,
				  PAIRS) :
		      bench_pairs(kernel_nolock, kernel_nolock_back, NULL, BYTES, 0, PAIRS);
}

/* bench_nolock - the cases of this file */
const struct bench_case bench_nolock[] = {
	{ .name = "nolock-100", .begin = begin, .turn = pairs, .end = end },
	{ }
};
