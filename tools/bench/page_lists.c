// SPDX-License-Identifier: GPL-2.0
/*
 * Pages beyond the single pair: batches that are freed in random order, arrays of pages, and small
 * regions. They show what per-CPU lists are worth once requests and frees do not simply take turns.
 */
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "bench.h"
#include "compat.h"
#include "loops.h"

#define PAIRS	256
#define MOST	4096
#define BULK	1000

static struct rsv_region *region;
static void *pages[MOST];
static u32 shuffled[MOST];

static const char *begin_shuffled(const struct bench_case *c)
{
	region = rsv_default_region();
	bench_shuffle(shuffled, c->what);
	return NULL;
}

static u64 shuffled_batch(const struct bench_case *c, bool ours)
{
	return ours ? bench_batches(our_pages, our_pages_back, region, 0, GFP_KERNEL, pages,
				    shuffled, c->what, 1) :
		bench_batches(kernel_pages, kernel_pages_back, NULL, 0, GFP_KERNEL, pages,
			      shuffled, c->what, 1);
}

static const char *begin_bulk(const struct bench_case *c)
{
	region = rsv_default_region();
	memset(pages, 0, sizeof(pages));
	return NULL;
}

static u64 our_bulk(void)
{
	u64 start = bench_clock();
	unsigned int nr = rsv_alloc_pages_bulk(region, GFP_KERNEL, BULK, (struct page **)pages);

	rsv_free_pages_bulk(nr, (struct page **)pages);
	start = bench_each(bench_clock() - start, BULK);
	memset(pages, 0, nr * sizeof(*pages));
	return nr == BULK ? start : BENCH_FAILED;
}

/* The kernel gives few pages at once if it likes, and has no counterpart for the way back. */
static u64 kernel_bulk(void)
{
	u64 start = bench_clock();
	unsigned int nr = 0, got, i;

	for (; nr < BULK; nr = got) {
		got = rsv_kernel_pages_bulk(GFP_KERNEL, BULK, (struct page **)pages);
		if (got <= nr)
			break;
	}
	for (i = 0; i < nr; i++)
		__free_pages(pages[i], 0);
	start = bench_each(bench_clock() - start, BULK);
	memset(pages, 0, nr * sizeof(*pages));
	return nr == BULK ? start : BENCH_FAILED;
}

static u64 bulk(const struct bench_case *c, bool ours)
{
	return ours ? our_bulk() : kernel_bulk();
}

static const char *begin_small(const struct bench_case *c)
{
	const struct rsv_reserve want = { .bytes = c->what, .flags = RSV_RESERVE_CONTIG };

	region = rsv_region_create("small", &want, 1);
	return IS_ERR(region) ? "no memory for a small region" : NULL;
}

static void end_small(const struct bench_case *c)
{
	if (!IS_ERR(region))
		rsv_region_destroy(region);
}

static u64 small_pair(const struct bench_case *c, bool ours)
{
	return ours ? bench_pairs(our_pages, our_pages_back, region, 0, GFP_KERNEL, PAIRS) :
		bench_pairs(kernel_pages, kernel_pages_back, NULL, 0, GFP_KERNEL, PAIRS);
}

#define CASE(case_name, case_begin, case_turn, size)				\
	{ .name = case_name, .begin = case_begin, .turn = case_turn, .what = size }

#define SMALL(case_name, size)							\
	{									\
		.name = case_name, .begin = begin_small, .turn = small_pair,	\
		.end = end_small, .what = size					\
	}

/* bench_page_lists - the cases of this file */
const struct bench_case bench_page_lists[] = {
	CASE("pages-shuffled-256", begin_shuffled, shuffled_batch, 256),
	CASE("pages-shuffled-1000", begin_shuffled, shuffled_batch, 1000),
	CASE("pages-shuffled-4096", begin_shuffled, shuffled_batch, MOST),
	CASE("pages-bulk-1000", begin_bulk, bulk, BULK),
	SMALL("pages-small-zone-256K", SZ_256K),
	SMALL("pages-small-zone-1M", SZ_1M),
	SMALL("pages-small-zone-4M", SZ_4M),
	{ }
};
