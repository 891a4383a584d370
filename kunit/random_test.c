// SPDX-License-Identifier: GPL-2.0
/*
 * Random operations: pages, objects and bytes are allocated, resized and freed in an order that a
 * seed decides.
 *
 * A model of the region knows every used block. After each step no two blocks overlap, and every
 * page is free, part of a slab, or in a used block. Every few hundred steps the test compares the
 * region's map and figures with the model. Each block is filled to its last byte with a pattern
 * that is checked when the block is freed. Wrong frees are mixed in, and must be refused and change
 * nothing. Every few thousand steps, and at the end, everything is freed and the region must look
 * untouched.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/string.h>

#include "interface/query.h"
#include "objects/engine.h"
#include "objects/leaving.h"
#include "pages/backoff.h"
#include "pages/pagemap.h"
#include "support/areas.h"
#include "support/figures.h"
#include "support/misuse.h"
#include "support/random.h"
#include "support/scratch.h"
#include "support/suite.h"

#define STEPS	    (SLOW ? 1500U : 6000U)
#define AUDIT_EVERY	250U
#define EMPTY_EVERY	(STEPS / 3)
#define BLOCKS	    256
#define GRANULE	    8 /* no two blocks share such a granule */
#define CONSTRUCTED	0xc7

/* The last step frees everything. */
static_assert(STEPS % EMPTY_EVERY == 0);

unsigned int rsvt_random_seed = 20240607;
module_param_named(seed, rsvt_random_seed, uint, 0444);
MODULE_PARM_DESC(seed, "seed of the random operations");

enum kind {
	NONE,
	PAGES,
	OBJECT,
	BYTES,
};

/**
 * struct block - a used block, object or memory of rsv_kmalloc()
 * @kind: how it was allocated; NONE if it is not used
 * @p: its address
 * @size: its bytes
 * @used: the bytes that were asked for, all filled with @pattern
 * @order: PAGES: its order
 * @cache: OBJECT: index of its cache
 * @pattern: the byte that fills it
 */
struct block {
	enum kind kind;
	void *p;
	size_t size;
	size_t used;
	unsigned int order;
	unsigned int cache;
	u8 pattern;
};

static const unsigned int cache_sizes[] = { 24, 200, 1741, 7168 };

/* In front of the engine: magazines, nothing, magazines, not even an active slab */
static const unsigned int cache_flags[] = {
	0,
	RSV_NO_MAGAZINE,
	0,
	RSV_NO_MAGAZINE | RSV_CACHE_INTERNAL,
};

#define CACHES	   ARRAY_SIZE(cache_sizes)
#define CONSTRUCTS	1 /* index of the cache that has a constructor */

/**
 * struct world - a region and its model
 * @test: the running test
 * @r: the region
 * @caches: its caches, of the sizes in cache_sizes
 * @untouched: the free areas of the new region
 * @blocks: the used blocks, in no order
 * @granules: a bit for every GRANULE bytes of the region, set in used blocks
 * @map: memory for the map of the region
 * @random: decides everything
 * @step: steps taken
 * @failures: requests that failed
 */
struct world {
	struct kunit *test;
	struct rsv_region *r;
	struct rsv_cache *caches[CACHES];
	struct free_areas untouched;
	struct block blocks[BLOCKS];
	unsigned long *granules;
	char *map;
	struct rnd_state random;
	unsigned int step;
	unsigned int failures;
};

static u32 random_below(struct world *w, u32 limit)
{
	return prandom_u32_state(&w->random) % limit;
}

/* --- The model ------------------------------------------------------------------------------ */

/* Whether whole pages serve a block, and no cache. Memory by the byte may have either. */
static bool is_pages(const struct block *b)
{
	const struct rsv_extent *e;
	bool is;

	if (b->kind != BYTES)
		return b->kind == PAGES;
	rcu_read_lock();
	e = rsv_extent_find_addr(b->p);
	is = e && READ_ONCE(rsv_frame_at(e, b->p)->kind) == RSV_FRAME_USED;
	rcu_read_unlock();
	return is;
}

static void model_add(struct world *w, struct block *b)
{
	size_t start = rsvt_scratch_offset(w->r, b->p), end = start + b->size;
	unsigned long first = start / GRANULE, nr = DIV_ROUND_UP(end, GRANULE) - first;

	CHECK(w, start < end && end <= w->r->nr_pages * PAGE_SIZE);
	CHECK(w, find_next_bit(w->granules, first + nr, first) == first + nr);
	bitmap_set(w->granules, first, nr);
	b->pattern = prandom_u32_state(&w->random);
	memset(b->p, b->pattern, b->used);
}

static void model_remove(struct world *w, struct block *b)
{
	size_t start = rsvt_scratch_offset(w->r, b->p), end = start + b->size;
	unsigned long first = start / GRANULE;

	CHECK(w, !memchr_inv(b->p, b->pattern, b->used));
	bitmap_clear(w->granules, first, DIV_ROUND_UP(end, GRANULE) - first);
}

/* --- Steps ---------------------------------------------------------------------------------- */

static gfp_t random_gfp(struct world *w)
{
	static const gfp_t gfps[] = { GFP_KERNEL, GFP_ATOMIC, GFP_NOWAIT, GFP_USER };

	return gfps[random_below(w, ARRAY_SIZE(gfps))] | (random_below(w, 4) ? 0 : __GFP_ZERO);
}

/* Mostly small, sometimes as large as a dozen pages */
static size_t random_size(struct world *w)
{
	static const u32 limits[] = { 64, 512, 512, RSV_KMALLOC_MAX, 50000 };

	return 1 + random_below(w, limits[random_below(w, ARRAY_SIZE(limits))]);
}

static void take_pages(struct world *w, struct block *b, gfp_t gfp)
{
	b->order = min(random_below(w, 6), random_below(w, 6));
	b->size = PAGE_SIZE << b->order;
	b->used = b->size;
	b->p = (void *)rsv_get_free_pages(w->r, gfp, b->order);
	CHECK(w, IS_ALIGNED((unsigned long)b->p, b->size));
}

static void take_object(struct world *w, struct block *b, gfp_t gfp)
{
	b->cache = random_below(w, CACHES);
	b->size = cache_sizes[b->cache];
	b->used = b->size;
	b->p = rsv_cache_alloc(w->caches[b->cache], gfp);
}

static void take_bytes(struct world *w, struct block *b, gfp_t gfp)
{
	size_t size = random_size(w);

	if (random_below(w, 2))
		size = rsv_kmalloc_size_roundup(w->r, size);
	b->p = rsv_kmalloc(w->r, size, gfp);
	b->size = rsv_ksize(b->p);
	b->used = size;
	CHECK(w, !b->p || b->size >= size);
}

/* If all that follow a failure backed off, the test of a small region would mostly wait. */
static void count_failure(struct world *w)
{
	static const struct rsv_request largest = { .nr_pages = ULONG_MAX };

	if (++w->failures % 64)
		rsv_backoff_served(w->r, &largest);
}

static void take(struct world *w, struct block *b)
{
	static void (*const takes[])(struct world *w, struct block *b, gfp_t gfp) = {
		[PAGES] = take_pages,
		[OBJECT] = take_object,
		[BYTES] = take_bytes,
	};
	gfp_t gfp = random_gfp(w);
	enum kind kind = PAGES + random_below(w, 3);

	takes[kind](w, b, gfp);
	if (!b->p) {
		count_failure(w);
		return;
	}
	b->kind = kind;
	if (kind == OBJECT && b->cache == CONSTRUCTS)
		CHECK(w, !memchr_inv(b->p, CONSTRUCTED, b->used));
	else if (gfp & __GFP_ZERO)
		CHECK(w, !memchr_inv(b->p, 0, b->used));
	model_add(w, b);
}

static void give(struct world *w, struct block *b)
{
	model_remove(w, b);
	switch (b->kind) {
	case PAGES:
		rsv_free_pages((unsigned long)b->p, b->order);
		break;
	case OBJECT:
		if (b->cache == CONSTRUCTS)
			memset(b->p, CONSTRUCTED, b->size);
		rsv_cache_free(w->caches[b->cache], b->p);
		break;
	default:
		rsv_kfree(b->p);
	}
	b->kind = NONE;
}

static void change_size(struct world *w, struct block *b)
{
	size_t size = random_size(w), common = min(size, b->used);
	void *p = rsv_krealloc(w->r, b->p, size, random_gfp(w) & ~__GFP_ZERO);

	if (!p) {
		count_failure(w);
		return;
	}
	CHECK(w, !memchr_inv(p, b->pattern, common));
	/* Others may have the old memory by now, so only the model changes. */
	bitmap_clear(w->granules, rsvt_scratch_offset(w->r, b->p) / GRANULE,
		     DIV_ROUND_UP(b->size, GRANULE));
	b->p = p;
	b->size = rsv_ksize(p);
	b->used = size;
	model_add(w, b);
}

static bool is_start_of_a_block(const struct world *w, const void *p)
{
	unsigned int i;

	for (i = 0; i < BLOCKS; i++)
		if (w->blocks[i].kind != NONE && w->blocks[i].p == p)
			return true;
	return false;
}

/* Objects that the region's own caches use for magazines and bufctls */
static bool is_of_the_caches_own(const struct world *w, const void *p)
{
	const struct rsv_cache *c = rsv_frame_at(w->r->extents->at[0], p)->cache;

	return c && !strncmp(c->name, "own-", 4);
}

/* Frees the beginning of something free, or the middle of anything. */
static void give_wrongly(struct world *w)
{
	unsigned int offset = random_below(w, w->r->nr_pages * PAGE_SIZE);
	void *p =
		rsvt_scratch_base(w->r) + round_down(offset, 1U << random_below(w, PAGE_SHIFT + 1));
	struct misuse_counts before;

	if (is_start_of_a_block(w, p) || is_of_the_caches_own(w, p))
		return;
	rsvt_misuse_counts_read(&before);
	if (random_below(w, 2))
		rsv_kfree(p);
	else if (random_below(w, 2))
		rsv_cache_free(w->caches[random_below(w, CACHES)], p);
	else
		rsv_free_pages((unsigned long)p, random_below(w, 6));
	CHECK_EQ(w, rsvt_nr_misuses_since(&before), 1);
}

static void step(struct world *w)
{
	struct block *b = &w->blocks[random_below(w, BLOCKS)];

	if (!random_below(w, 16))
		give_wrongly(w);
	else if (b->kind == NONE)
		take(w, b);
	else if (b->kind == BYTES && !random_below(w, 3))
		change_size(w, b);
	else
		give(w, b);
}

/* --- Checks --------------------------------------------------------------------------------- */

static size_t bytes_in_pages(const struct world *w)
{
	size_t sum = 0;
	unsigned int i;

	for (i = 0; i < BLOCKS; i++)
		if (is_pages(&w->blocks[i]))
			sum += w->blocks[i].size;
	return sum;
}

/* Runs after each step. */
static void check_every_page_is_accounted_for(struct world *w)
{
	struct rsv_ioc_info info = {};

	rsv_leaving_free_all(w->r);
	rsv_query_info(w->r, &info);
	CHECK_EQ(w, info.free_bytes + info.cached_bytes + info.slab_bytes + bytes_in_pages(w),
		 info.bytes);
	CHECK(w, info.largest_free <= info.free_bytes + info.cached_bytes);
	CHECK(w, info.largest_free_block <= info.free_bytes);
}

static void audit_block(struct world *w, const struct block *b)
{
	char *at = w->map + rsvt_scratch_page(w->r, b->p);
	size_t i;

	if (!is_pages(b)) {
		CHECK(w, *at == RSV_MAP_SLAB || *at == RSV_MAP_SLAB_MORE);
		return;
	}
	/* Clears the model's pages, so that pages of others remain. */
	for (i = 0; i < b->size >> PAGE_SHIFT; i++) {
		CHECK_EQ(w, at[i], i ? RSV_MAP_PAGES_MORE : RSV_MAP_PAGES);
		at[i] = ' ';
	}
}

static void audit_map(struct world *w)
{
	unsigned long i, free = 0, slab = 0, cached = 0;
	struct rsv_ioc_info info = {};

	CHECK_EQ(w, rsv_query_map(w->r, 0, w->map, w->r->nr_pages), w->r->nr_pages);
	for (i = 0; i < BLOCKS; i++)
		if (w->blocks[i].kind != NONE)
			audit_block(w, &w->blocks[i]);
	for (i = 0; i < w->r->nr_pages; i++) {
		CHECK(w, strchr(" .CSs", w->map[i]));
		free += w->map[i] == RSV_MAP_FREE;
		cached += w->map[i] == RSV_MAP_CACHED;
		slab += w->map[i] == RSV_MAP_SLAB || w->map[i] == RSV_MAP_SLAB_MORE;
	}
	rsv_leaving_free_all(w->r);
	rsv_query_info(w->r, &info);
	CHECK_EQ(w, info.free_bytes, free * PAGE_SIZE);
	CHECK_EQ(w, info.cached_bytes, cached * PAGE_SIZE);
	CHECK_EQ(w, info.slab_bytes, slab * PAGE_SIZE);
}

static void audit_free_areas(struct world *w)
{
	struct free_areas areas;
	unsigned long pages = 0;
	unsigned int order;

	rsvt_free_areas_read(w->test, w->r, &areas);
	for (order = 0; order < RSV_ORDERS_MAX; order++)
		pages += areas.count[order] << order;
	CHECK_EQ(w, pages, rsvt_region_free_pages(w->r));
}

static void audit_caches(struct world *w)
{
	struct rsv_ioc_cache now = {};
	u64 live = 0, active = 0, wanted[CACHES] = {};
	unsigned int i;
	u32 id = 0;

	for (i = 0; i < BLOCKS; i++) {
		const struct block *b = &w->blocks[i];

		live += b->kind != NONE && !is_pages(b);
		if (b->kind == OBJECT)
			wanted[b->cache]++;
	}
	for (; !rsv_query_cache(w->r, id, &now); id = now.id + 1) {
		if (strncmp(now.name, "own-", 4))
			active += now.active_objects;
		CHECK(w, now.active_objects <= now.total_objects);
		CHECK_EQ(w, now.allocs - now.frees, now.active_objects);
		CHECK_EQ(w, now.full_slabs + now.partial_slabs + now.empty_slabs,
			 now.slabs_made - now.slabs_given);
	}
	CHECK_EQ(w, active, live);
	for (i = 0; i < CACHES; i++) {
		rsv_query_one_cache(w->caches[i], &now);
		CHECK_EQ(w, now.active_objects, wanted[i]);
	}
}

static void audit(struct world *w)
{
	audit_map(w);
	audit_free_areas(w);
	audit_caches(w);
}

static void give_all_and_check_that_the_region_is_untouched(struct world *w)
{
	unsigned int i;

	for (i = 0; i < BLOCKS; i++)
		if (w->blocks[i].kind != NONE)
			give(w, &w->blocks[i]);
	for (i = 0; i < CACHES; i++)
		rsv_cache_shrink(w->caches[i]);
	rsvt_scratch_shrink(w->r);
	rsvt_settle(w->r);
	audit(w);
	EXPECT_SAME_AREAS(w->test, w->r, &w->untouched);
}

/* --- The tests ------------------------------------------------------------------------------ */

static void construct(void *object)
{
	memset(object, CONSTRUCTED, cache_sizes[CONSTRUCTS]);
}

struct kind_of_world {
	unsigned int pages;
	const char *engine;
	const char *classes;
};

static struct world *new_world(struct kunit *test, const struct kind_of_world *k)
{
	struct world *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	size_t granules = k->pages * PAGE_SIZE / GRANULE;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, w);
	/* A drain that another CPU ends late would change figures between two looks at them. */
	rsvt_stay_on_this_cpu();
	w->granules = kunit_kcalloc(test, BITS_TO_LONGS(granules), sizeof(long), GFP_KERNEL);
	w->map = kunit_kzalloc(test, k->pages, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, w->granules);
	KUNIT_ASSERT_NOT_NULL(test, w->map);

	w->test = test;
	w->r = rsvt_scratch_region_of(test, k->pages * PAGE_SIZE, k->engine, k->classes);
	for (i = 0; i < CACHES; i++)
		w->caches[i] =
			rsvt_scratch_cache_flags(test, w->r, cache_sizes[i], 0,
						 w->r->kmalloc[0]->engine->flag | cache_flags[i],
						 i == CONSTRUCTS ? construct : NULL);
	rsvt_free_areas_read(test, w->r, &w->untouched);
	prandom_seed_state(&w->random, rsvt_random_seed);
	return w;
}

/* Regions of less than 64 pages have no magazines. */
static const struct kind_of_world worlds[] = {
	{1, "slub", "fine"},   {1, "slob", "fine"},   {37, "slab", "fine"},  {37, "slub", "fine"},
	{37, "slob", "pow2"},  {256, "slab", "pow2"}, {256, "slub", "fine"}, {256, "slob", "fine"},
	{301, "slab", "fine"}, {301, "slub", "pow2"}, {301, "slob", "fine"},
};

static void world_text(const struct kind_of_world *k, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "%u pages, %s, classes %s", k->pages, k->engine,
		 k->classes);
}

KUNIT_ARRAY_PARAM(worlds, worlds, world_text);

static void no_sequence_of_operations_breaks_the_region(struct kunit *test)
{
	struct world *w = new_world(test, test->param_value);

	for (w->step = 1; w->step <= STEPS; w->step++) {
		step(w);
		check_every_page_is_accounted_for(w);
		if (!(w->step % AUDIT_EVERY))
			audit(w);
		if (!(w->step % EMPTY_EVERY))
			give_all_and_check_that_the_region_is_untouched(w);
	}
	kunit_info(test, "seed=%u: %u steps, %u requests got nothing\n", rsvt_random_seed, STEPS,
		   w->failures);
	/* Otherwise exhausted regions were not tested. */
	KUNIT_EXPECT_GT(test, w->failures, 0);
}

static struct kunit_case random_cases[] = {
	KUNIT_CASE_PARAM(no_sequence_of_operations_breaks_the_region, worlds_gen_params),
	{}};

static struct kunit_suite random_suite = {
	.name = "reservoir_random",
	.init = rsvt_suite_init,
	.test_cases = random_cases,
};

kunit_test_suite(random_suite);
