// SPDX-License-Identifier: GPL-2.0
/*
 * Fragmentation: which share of the free pages blocks of an order can have, after a history of
 * blocks of orders 0 to 5 that came and went at random. The history begins with a million steps at
 * 95 % full, then blocks go until 50 % is left, and a million steps at that level follow.
 *
 * The kernel's buddy system serves everybody, so it cannot be measured. Its allocators with an area
 * of their own can: that of graphics drivers stands beside Reservoir where the kernel has it, and
 * genalloc has cases of its own.
 */
#include <linux/err.h>
#include <linux/genalloc.h>
#include <linux/minmax.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include "bench.h"
#include "others.h"

#define AREA_PAGES	(BENCH_OTHERS_SIZE >> PAGE_SHIFT)
#define ORDERS		6U
#define STEPS		1000000U
#define POOL_START	SZ_1G	/* genalloc only counts: nobody touches this memory */
#define SEEDS		3U
#define LEVELS		2U
#define SHARES		2U

static const unsigned int levels[LEVELS] = { 95, 50 };	/* percent */
static const unsigned int shares[SHARES] = { 4, 9 };	/* orders */

/**
 * struct area - an allocator that has BENCH_OTHERS_SIZE
 * @begin: creates it; returns NULL, or why there is none
 * @end: destroys it
 * @take: allocates a block of an order, and does all it can if @all is set
 * @give: frees it
 */
struct area {
	const char *(*begin)(void);
	void (*end)(void);
	void *(*take)(unsigned int order, bool all);
	void (*give)(unsigned int order, void *block);
};

/**
 * struct history - the used blocks of an area
 * @area: the area
 * @random: decides everything
 * @block: the blocks
 * @order: their orders
 * @nr: their number
 * @used: their pages
 */
static struct history {
	const struct area *area;
	struct rnd_state random;
	void *block[AREA_PAGES];
	u8 order[AREA_PAGES];
	unsigned int nr;
	unsigned int used;
} *history;

/* What was measured: percent of the free pages, by level, order and seed */
static u64 measured[LEVELS][SHARES][SEEDS];

/*
 * The areas
 */

static struct rsv_region *region;

static const char *region_begin(void)
{
	const struct rsv_reserve want = { .bytes = BENCH_OTHERS_SIZE };

	region = rsv_region_create("fragmented", &want, 1);
	return IS_ERR(region) ? "64 MB could not be had" : NULL;
}

static void region_end(void)
{
	rsv_region_destroy(region);
}

/* A request that may sleep drains all lists before it fails. */
static void *region_take(unsigned int order, bool all)
{
	return rsv_alloc_pages(region, (all ? GFP_KERNEL : GFP_NOWAIT) | __GFP_HIGH | __GFP_NOWARN,
			       order);
}

static void region_give(unsigned int order, void *block)
{
	__rsv_free_pages(block, order);
}

static const struct area region_area = { region_begin, region_end, region_take, region_give };

static const char *gpu_begin(void)
{
	return IS_ENABLED(CONFIG_GPU_BUDDY) ? bench_gpu_begin() : "this kernel has no gpu_buddy";
}

static void gpu_end(void)
{
	if (IS_ENABLED(CONFIG_GPU_BUDDY))
		bench_gpu_end();
}

static void *gpu_take(unsigned int order, bool all)
{
	return IS_ENABLED(CONFIG_GPU_BUDDY) ? bench_gpu_take(order) : NULL;
}

static void gpu_give(unsigned int order, void *block)
{
	if (IS_ENABLED(CONFIG_GPU_BUDDY))
		bench_gpu_give(block);
}

static const struct area gpu_area = { gpu_begin, gpu_end, gpu_take, gpu_give };

static struct gen_pool *pool;

static const char *pool_begin(void)
{
	if (!IS_ENABLED(CONFIG_GENERIC_ALLOCATOR))
		return "this kernel has no genalloc";
	pool = gen_pool_create(PAGE_SHIFT, NUMA_NO_NODE);
	if (!pool)
		return "no pool could be made";
	if (!gen_pool_add(pool, POOL_START, BENCH_OTHERS_SIZE, NUMA_NO_NODE))
		return NULL;
	gen_pool_destroy(pool);
	return "no pool could be made";
}

static void pool_end(void)
{
	if (IS_ENABLED(CONFIG_GENERIC_ALLOCATOR))
		gen_pool_destroy(pool);
}

static void *pool_take(unsigned int order, bool all)
{
	if (!IS_ENABLED(CONFIG_GENERIC_ALLOCATOR))
		return NULL;
	return (void *)gen_pool_alloc(pool, PAGE_SIZE << order);
}

static void pool_give(unsigned int order, void *block)
{
	if (IS_ENABLED(CONFIG_GENERIC_ALLOCATOR))
		gen_pool_free(pool, (unsigned long)block, PAGE_SIZE << order);
}

static const struct area pool_area = { pool_begin, pool_end, pool_take, pool_give };

/*
 * The history
 */

static u32 below(struct history *h, u32 limit)
{
	return prandom_u32_state(&h->random) % limit;
}

static bool take_one(struct history *h, unsigned int order, bool all)
{
	void *block = h->area->take(order, all);

	if (!block)
		return false;
	h->block[h->nr] = block;
	h->order[h->nr++] = order;
	h->used += 1U << order;
	return true;
}

static void give_one(struct history *h, unsigned int i)
{
	h->used -= 1U << h->order[i];
	h->area->give(h->order[i], h->block[i]);
	h->nr--;
	h->block[i] = h->block[h->nr];
	h->order[i] = h->order[h->nr];
}

static void live(struct history *h, unsigned int percent)
{
	unsigned int limit = AREA_PAGES / 100 * percent, i;

	for (i = 0; i < STEPS; i++) {
		if (h->used > limit || !take_one(h, below(h, ORDERS), false))
			give_one(h, below(h, h->nr));
		if (!(i % 1024))
			cond_resched();
	}
}

/* Hundredths of the percentage of the free pages that blocks of an order can have */
static u64 share(struct history *h, unsigned int order)
{
	unsigned int before = h->nr, free = AREA_PAGES - h->used, had;

	while (take_one(h, order, true))
		cond_resched();
	had = (h->nr - before) << order;
	while (h->nr > before)
		give_one(h, h->nr - 1);
	return div_u64(10000ULL * had, free);
}

/* Returns why there is nothing to measure, or NULL. */
static const char *measure_one(const struct area *area, unsigned int seed)
{
	const char *why = area->begin();
	unsigned int i, k;

	if (why)
		return why;
	memset(history, 0, sizeof(*history));
	history->area = area;
	prandom_seed_state(&history->random, seed + 1);
	for (i = 0; i < LEVELS; i++) {
		live(history, levels[i]);
		for (k = 0; k < SHARES; k++)
			measured[i][k][seed] = share(history, shares[k]);
	}
	while (history->nr)
		give_one(history, history->nr - 1);
	area->end();
	return NULL;
}

static const char *measure_area(const struct area *area,
				struct bench_figure (*figure)[SHARES])
{
	const char *why = NULL;
	unsigned int i, k;

	for (i = 0; i < SEEDS && !why; i++)
		why = measure_one(area, i);
	for (i = 0; i < LEVELS && !why; i++)
		for (k = 0; k < SHARES; k++)
			figure[i][k] = bench_summarize(measured[i][k], SEEDS);
	return why;
}

static const char *history_begin(const struct bench_case *c)
{
	history = vzalloc(sizeof(*history));
	return history ? NULL : "no memory for the list of blocks";
}

static void history_end(const struct bench_case *c)
{
	vfree(history);
}

static const char *measure_fragments(const struct area *ours, const struct area *theirs,
				     const char *prefix)
{
	static struct bench_figure figures[2][LEVELS][SHARES];
	const char *why = ours ? measure_area(ours, figures[0]) : NULL, *why_not = NULL;
	unsigned int i, k;
	char name[40], note[80];

	if (theirs)
		why_not = measure_area(theirs, figures[1]);
	if (why || (!ours && why_not))
		return why ?: why_not;
	scnprintf(note, sizeof(note), "medians of the seeds 1 to %u%s%s", SEEDS,
		  why_not ? "; " : "", why_not ?: "");
	for (i = 0; i < LEVELS; i++)
		for (k = 0; k < SHARES; k++) {
			snprintf(name, sizeof(name), "%s-%u-%u", prefix, levels[i], shares[k]);
			bench_report(name, 1, "% of the free", ours ? &figures[0][i][k] : NULL,
				     why_not ? NULL : &figures[1][i][k], note);
		}
	return NULL;
}

static const char *measure_ours(const struct bench_case *c)
{
	return measure_fragments(&region_area, &gpu_area, c->name);
}

static const char *measure_genalloc(const struct bench_case *c)
{
	return measure_fragments(NULL, &pool_area, c->name);
}

/* bench_fragment - the cases of this file */
const struct bench_case bench_fragment[] = {
	{
		.name = "fragment", .begin = history_begin, .run = measure_ours,
		.end = history_end
	}, {
		.name = "fragment-genalloc", .begin = history_begin, .run = measure_genalloc,
		.end = history_end
	},
	{ }
};
