// SPDX-License-Identifier: GPL-2.0
/*
 * kmalloc(): pairs of one size, which the compiler knows as it does in most callers, and a mix of
 * sizes, which it does not.
 */
#include <linux/kernel.h>
#include <linux/prandom.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "bench.h"
#include "loops.h"

#define PAIRS	1024
#define SLOTS	64

static struct rsv_region *region;

/* The mix: each step frees the memory in a slot and puts new memory there. */
static struct {
	u16 slot;
	u16 size;
} steps[PAIRS];
static void *slots[SLOTS];

static const char *begin(const struct bench_case *c)
{
	region = rsv_default_region();
	return NULL;
}

static __always_inline u64 pairs(bool ours, unsigned long size)
{
	return ours ? bench_pairs(our_bytes, our_bytes_back, region, size, GFP_KERNEL, PAIRS) :
		bench_pairs(kernel_bytes, kernel_bytes_back, NULL, size, GFP_KERNEL, PAIRS);
}

static u64 pair_8(const struct bench_case *c, bool ours)
{
	return pairs(ours, 8);
}

static u64 pair_100(const struct bench_case *c, bool ours)
{
	return pairs(ours, 100);
}

static u64 pair_500(const struct bench_case *c, bool ours)
{
	return pairs(ours, 500);
}

static u64 pair_2000(const struct bench_case *c, bool ours)
{
	return pairs(ours, 2000);
}

static u64 pair_8000(const struct bench_case *c, bool ours)
{
	return pairs(ours, 8000);
}

static u64 pair_9000(const struct bench_case *c, bool ours)
{
	return pairs(ours, 9000);
}

/*
 * Small sizes are as frequent as large ones: one in ten sizes is from each power of two from 8 to
 * 4096.
 */
static const char *begin_mix(const struct bench_case *c)
{
	struct rnd_state random;
	unsigned int i;

	prandom_seed_state(&random, 1);
	for (i = 0; i < PAIRS; i++) {
		u32 x = prandom_u32_state(&random);
		unsigned int power = 8U << x % 10;

		steps[i].slot = (x >> 8) % SLOTS;
		steps[i].size = power + (x >> 16) % power;
	}
	return begin(c);
}

static __always_inline void give_all(bench_give_fn *give)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		give(NULL, 0, slots[i]);
	memset(slots, 0, sizeof(slots));
}

static __always_inline u64 mixed(bench_take_fn *take, bench_give_fn *give, void *from)
{
	u64 start = bench_clock(), ticks;
	unsigned int i;

	for (i = 0; i < PAIRS; i++) {
		void **slot = &slots[steps[i].slot];

		give(from, 0, *slot);
		*slot = take(from, steps[i].size, GFP_KERNEL);
		if (unlikely(!*slot)) {
			give_all(give);
			return BENCH_FAILED;
		}
	}
	ticks = bench_clock() - start;
	give_all(give);
	return bench_each(ticks, PAIRS);
}

static u64 mix(const struct bench_case *c, bool ours)
{
	return ours ? mixed(our_bytes, our_bytes_back, region) :
		mixed(kernel_bytes, kernel_bytes_back, NULL);
}

/* bench_kmalloc - the cases of this file */
const struct bench_case bench_kmalloc[] = {
	{ .name = "kmalloc-8", .begin = begin, .turn = pair_8 },
	{ .name = "kmalloc-100", .begin = begin, .turn = pair_100 },
	{ .name = "kmalloc-500", .begin = begin, .turn = pair_500 },
	{ .name = "kmalloc-2000", .begin = begin, .turn = pair_2000 },
	{ .name = "kmalloc-8000", .begin = begin, .turn = pair_8000 },
	{ .name = "kmalloc-9000", .begin = begin, .turn = pair_9000 },
	{ .name = "kmalloc-mix", .begin = begin_mix, .turn = mix },
	{ }
};
