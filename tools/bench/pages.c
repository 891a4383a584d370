// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks of pages, one at a time and in batches. Before each case both sides allocate and free a
 * batch of pages, so that the CPU's lists do not depend on the case before.
 */
#include <linux/gfp.h>
#include <linux/mm.h>

#include "bench.h"
#include "loops.h"

#define PAIRS	256
#define BATCH	1024

static struct rsv_region *region;
static void *pages[BATCH];

static u64 batch(const struct bench_case *c, bool ours)
{
	return ours ? bench_batches(our_pages, our_pages_back, region, 0, GFP_KERNEL, pages, NULL,
				    BATCH, 1) :
		bench_batches(kernel_pages, kernel_pages_back, NULL, 0, GFP_KERNEL, pages, NULL,
			      BATCH, 1);
}

static const char *begin(const struct bench_case *c)
{
	region = rsv_default_region();
	if (batch(c, true) == BENCH_FAILED || batch(c, false) == BENCH_FAILED)
		return "4 MB could not be had";
	return NULL;
}

static u64 pair(const struct bench_case *c, bool ours)
{
	gfp_t gfp = c->gfp | __GFP_NOWARN;

	return ours ? bench_pairs(our_pages, our_pages_back, region, c->what, gfp, PAIRS) :
		bench_pairs(kernel_pages, kernel_pages_back, NULL, c->what, gfp, PAIRS);
}

#define CASE(case_name, case_turn, case_gfp, order)				\
	{									\
		.name = case_name, .begin = begin, .turn = case_turn,		\
		.gfp = case_gfp, .what = order					\
	}

/* bench_pages - the cases of this file */
const struct bench_case bench_pages[] = {
	CASE("pages-0", pair, GFP_KERNEL, 0),
	CASE("pages-3", pair, GFP_KERNEL, 3),
	CASE("pages-4", pair, GFP_KERNEL, 4),
	CASE("pages-5", pair, GFP_KERNEL, 5),
	CASE("pages-6", pair, GFP_KERNEL, 6),
	CASE("pages-7", pair, GFP_KERNEL, 7),
	CASE("pages-8", pair, GFP_KERNEL, 8),
	CASE("pages-9", pair, GFP_KERNEL, 9),
	CASE("pages-10", pair, GFP_KERNEL, 10),
	CASE("pages-0-zeroed", pair, GFP_KERNEL | __GFP_ZERO, 0),
	CASE("pages-0-batch", batch, GFP_KERNEL, 0),
	{ }
};
