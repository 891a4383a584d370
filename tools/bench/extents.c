// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of several extents, and of two regions in turn. There is an array of live objects, or of
 * pages, which lie all over the memory. Each step frees one of them, in a shuffled order, and
 * allocates another one in its place. extents-1-* is the same in one extent: scripts/bench.awk
 * compares the others with it.
 *
 *	pair	objects of one cache for each region
 *	kmalloc	objects of 100 bytes, by rsv_kmalloc() and rsv_kfree()
 *	larson	the same with sizes at random, as in Larson and Krishnan 1998
 *	pages	single pages
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "bench.h"
#include "loops.h"

#define BYTES		SZ_16M	/* of all regions of a case together */
#define LIVE		1024U	/* objects or pages that are allocated at any time */
#define MOST_EXTENTS	64U
#define PARTS		64U	/* parts of the memory; live objects are in so many of them */

/**
 * struct kind - what is allocated
 * @take: of Reservoir, and of the kernel
 * @give: the same
 * @bytes: of one, about; the memory is filled once by that
 * @what: an order or a size
 * @sizes: the sizes differ
 * @caches: they come from caches, not from regions
 */
struct kind {
	void *(*take[2])(void *from, unsigned long what, gfp_t gfp);
	void (*give[2])(void *from, unsigned long what, void *taken);
	unsigned int bytes;
	unsigned int what;
	bool sizes;
	bool caches;
};

static const char *const region_names[] = { "bench0", "bench1" };

/* Even slots have memory of the first region, odd ones of the second one, if there are two. */
static struct rsv_region *regions[2];
static struct rsv_cache *caches[2];
static struct kmem_cache *kernel_cache;
static void *from[2][2];	/* by side, then by region */
static void *live[2][LIVE];	/* by side */
static u32 order[LIVE];
static u16 sizes[LIVE];
static const struct kind *kind;

/*
 * What is timed
 */

static __always_inline u64 replace(bench_take_fn *take, bench_give_fn *give, unsigned int side,
				   unsigned long what, bool random)
{
	u64 start = bench_clock();
	unsigned int i, at;

	for (i = 0; i < LIVE; i++) {
		void **slot, *source;

		at = order[i];
		slot = &live[side][at];
		source = from[side][at % 2];
		give(source, what, *slot);
		*slot = take(source, random ? sizes[i] : what, GFP_KERNEL);
		if (unlikely(!*slot))
			return BENCH_FAILED;
	}
	return bench_each(bench_clock() - start, LIVE);
}

static u64 pair(const struct bench_case *c, bool ours)
{
	return ours ? replace(our_object, our_object_back, 0, 0, false) :
		replace(kernel_object, kernel_object_back, 1, 0, false);
}

static u64 bytes(const struct bench_case *c, bool ours)
{
	return ours ? replace(our_bytes, our_bytes_back, 0, 100, false) :
		replace(kernel_bytes, kernel_bytes_back, 1, 100, false);
}

static u64 larson(const struct bench_case *c, bool ours)
{
	return ours ? replace(our_bytes, our_bytes_back, 0, 0, true) :
		replace(kernel_bytes, kernel_bytes_back, 1, 0, true);
}

static u64 pages(const struct bench_case *c, bool ours)
{
	return ours ? replace(our_pages, our_pages_back, 0, 0, false) :
		replace(kernel_pages, kernel_pages_back, 1, 0, false);
}

static const struct kind pairs = {
	.take = { our_object, kernel_object }, .give = { our_object_back, kernel_object_back },
	.bytes = BENCH_OBJECT, .caches = true,
};

static const struct kind kmallocs = {
	.take = { our_bytes, kernel_bytes }, .give = { our_bytes_back, kernel_bytes_back },
	.bytes = 128, .what = 100,
};

static const struct kind larsons = {
	.take = { our_bytes, kernel_bytes }, .give = { our_bytes_back, kernel_bytes_back },
	.bytes = BENCH_OBJECT, .sizes = true,
};

static const struct kind pages_of = {
	.take = { our_pages, kernel_pages }, .give = { our_pages_back, kernel_pages_back },
	.bytes = PAGE_SIZE,
};

/*
 * The memory
 */

/*
 * Makes a region of @nr extents. A block of the system's lies between any two of them, if the
 * system gives blocks in turn. Even if not, each is an extent of its own, since each is contiguous
 * and comes alone.
 */
static const char *make_region(unsigned int at, unsigned int nr, size_t size)
{
	const struct rsv_reserve want = {
		.bytes = size / nr,
		.flags = RSV_RESERVE_CONTIG | RSV_RESERVE_FORCE,
	};
	unsigned int i, between = get_order(SZ_64K);
	struct page *held[MOST_EXTENTS] = {};
	int err = 0;

	regions[at] = rsv_region_create(region_names[at], &want, 1);
	if (IS_ERR(regions[at]))
		return "the machine does not have so much memory";
	for (i = 1; i < nr && !err; i++) {
		held[i] = alloc_pages(GFP_KERNEL | __GFP_NOWARN, between);
		err = rsv_region_grow(regions[at], &want);
	}
	for (i = 1; i < nr; i++)
		if (held[i])
			__free_pages(held[i], between);
	if (err)
		return "the machine does not have so much contiguous memory";
	return bench_fact(region_names[at], "extents") == nr ?
		NULL : "the region has another number of extents";
}

static void make_orders(void)
{
	struct rnd_state random;
	unsigned int i;

	bench_shuffle(order, LIVE);
	prandom_seed_state(&random, 1);
	for (i = 0; i < LIVE; i++)
		sizes[i] = 16 + prandom_u32_state(&random) % 485;
}

static void *take(unsigned int side, unsigned int at)
{
	return kind->take[side](from[side][at % 2], kind->sizes ? sizes[at % LIVE] : kind->what,
				GFP_KERNEL);
}

static void give(unsigned int side, unsigned int at, void *taken)
{
	if (taken)
		kind->give[side](from[side][at % 2], kind->what, taken);
}

/* Fills three quarters of the memory, and keeps every so many of what it got. */
static bool spread_live(unsigned int side)
{
	const unsigned int nr = BYTES / 4 * 3 / kind->bytes, step = round_down(nr / LIVE, 2);
	void **all = kvcalloc(nr, sizeof(*all), GFP_KERNEL);
	unsigned int i;
	bool ok;

	for (i = 0; all && i < nr; i++) {
		all[i] = take(side, i);
		if (!all[i])
			break;
	}
	ok = all && i == nr;
	/* A slot has memory of the region that its number says. */
	for (i = 0; ok && i < LIVE; i++)
		swap(live[side][i], all[i * step + i % 2]);
	for (i = 0; all && i < nr; i++)
		give(side, i, all[i]);
	kvfree(all);
	return ok;
}

/* Whether live memory is all over the place: pointers to pages are as far apart as pages. */
static bool is_spread(void)
{
	const unsigned long part = kind->bytes == PAGE_SIZE ?
		BYTES / PARTS / PAGE_SIZE * sizeof(struct page) : BYTES / PARTS;
	unsigned int i, j, found = 0;

	for (i = 0; i < LIVE; i++) {
		for (j = 0; j < i; j++)
			if ((unsigned long)live[0][i] / part == (unsigned long)live[0][j] / part)
				break;
		found += j == i;
	}
	return found >= PARTS / 2;
}

static const char *make_caches(void)
{
	unsigned int i;

	kernel_cache = kmem_cache_create("bench", BENCH_OBJECT, 0, SLAB_NO_MERGE, NULL);
	for (i = 0; i < 2 && regions[i]; i++) {
		caches[i] = rsv_cache_create(regions[i], "bench", BENCH_OBJECT, 0, 0, NULL);
		if (IS_ERR(caches[i]))
			return "no cache could be made";
	}
	return kernel_cache ? NULL : "no cache could be made";
}

static const char *begin(const struct bench_case *c, const struct kind *what)
{
	const char *why = NULL;
	unsigned int i;

	kind = what;
	make_orders();
	for (i = 0; i < c->flags && !why; i++)
		why = make_region(i, c->what, BYTES / c->flags);
	if (!why && kind->caches)
		why = make_caches();
	if (why)
		return why;
	for (i = 0; i < 2; i++) {
		const unsigned int at = i % c->flags;

		from[0][i] = kind->caches ? (void *)caches[at] : (void *)regions[at];
		from[1][i] = kernel_cache;
	}
	if (!spread_live(0) || !spread_live(1))
		return "there was not enough memory";
	return is_spread() ? NULL : "the objects lie in few places";
}

static const char *begin_pairs(const struct bench_case *c)
{
	return begin(c, &pairs);
}

static const char *begin_bytes(const struct bench_case *c)
{
	return begin(c, &kmallocs);
}

static const char *begin_larson(const struct bench_case *c)
{
	return begin(c, &larsons);
}

static const char *begin_pages(const struct bench_case *c)
{
	return begin(c, &pages_of);
}

static void end(const struct bench_case *c)
{
	unsigned int i;

	for (i = 0; i < LIVE; i++) {
		give(0, i, live[0][i]);
		give(1, i, live[1][i]);
	}
	memset(live, 0, sizeof(live));
	for (i = 0; i < 2; i++) {
		if (!IS_ERR_OR_NULL(caches[i]))
			rsv_cache_destroy(caches[i]);
		if (!IS_ERR_OR_NULL(regions[i]))
			rsv_region_destroy(regions[i]);
		caches[i] = NULL;
		regions[i] = NULL;
	}
	kmem_cache_destroy(kernel_cache);
	kernel_cache = NULL;
}

#define CASE(case_name, case_begin, case_turn, nr_regions, nr_extents)		\
	{									\
		.name = case_name, .begin = case_begin, .turn = case_turn,	\
		.end = end, .flags = nr_regions, .what = nr_extents		\
	}

/* bench_extents - the cases of this file */
const struct bench_case bench_extents[] = {
	CASE("extents-1-pair", begin_pairs, pair, 1, 1),
	CASE("extents-1-kmalloc", begin_bytes, bytes, 1, 1),
	CASE("extents-1-larson", begin_larson, larson, 1, 1),
	CASE("extents-1-pages", begin_pages, pages, 1, 1),
	CASE("extents-2-pair", begin_pairs, pair, 1, 2),
	CASE("extents-2-kmalloc", begin_bytes, bytes, 1, 2),
	CASE("extents-2-larson", begin_larson, larson, 1, 2),
	CASE("extents-2-pages", begin_pages, pages, 1, 2),
	CASE("extents-64-pair", begin_pairs, pair, 1, 64),
	CASE("extents-64-kmalloc", begin_bytes, bytes, 1, 64),
	CASE("extents-64-larson", begin_larson, larson, 1, 64),
	CASE("extents-64-pages", begin_pages, pages, 1, 64),
	CASE("regions-2-pair", begin_pairs, pair, 2, 1),
	CASE("regions-2-kmalloc", begin_bytes, bytes, 2, 1),
	CASE("regions-2-larson", begin_larson, larson, 2, 1),
	CASE("regions-2-pages", begin_pages, pages, 2, 1),
	{ }
};
