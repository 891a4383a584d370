// SPDX-License-Identifier: GPL-2.0
/*
 * kmalloc(): pairs of one size, which the compiler knows as it does in most callers, and a mix of
 * sizes, which it does not. kzalloc(), and krealloc() of memory that stays where it is and of a
 * string that grows.
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

static u64 pair_5000(const struct bench_case *c, bool ours)
{
	return pairs(ours, 5000);
}

static u64 pair_10000(const struct bench_case *c, bool ours)
{
	return pairs(ours, 10000);
}

static u64 pair_12000(const struct bench_case *c, bool ours)
{
	return pairs(ours, 12000);
}

static u64 pair_16000(const struct bench_case *c, bool ours)
{
	return pairs(ours, 16000);
}

static u64 pair_20000(const struct bench_case *c, bool ours)
{
	return pairs(ours, 20000);
}

static u64 pair_24000(const struct bench_case *c, bool ours)
{
	return pairs(ours, 24000);
}

static u64 pair_28000(const struct bench_case *c, bool ours)
{
	return pairs(ours, 28000);
}

static u64 pair_32000(const struct bench_case *c, bool ours)
{
	return pairs(ours, 32000);
}

static __always_inline void *our_zeroes(void *from, unsigned long what, gfp_t gfp)
{
	return rsv_kzalloc(from, what, gfp);
}

static __always_inline void *kernel_zeroes(void *from, unsigned long what, gfp_t gfp)
{
	return kzalloc(what, gfp);
}

static u64 zeroes_32(const struct bench_case *c, bool ours)
{
	return ours ? bench_pairs(our_zeroes, our_bytes_back, region, 32, GFP_KERNEL, PAIRS) :
		bench_pairs(kernel_zeroes, kernel_bytes_back, NULL, 32, GFP_KERNEL, PAIRS);
}

/*
 * Memory that changes its size. The sizes come from an array, since the compiler would know a
 * constant one.
 */
#define GROWTH		24	/* bytes that a string grows by */
#define GROWTHS		50	/* until it is freed */

static const size_t in_place[] = { 40, 60 };

static __always_inline void *resize(bool ours, void *p, size_t size)
{
	return ours ? rsv_krealloc(region, p, size, GFP_KERNEL) : krealloc(p, size, GFP_KERNEL);
}

static __always_inline void resized_back(bool ours, void *p)
{
	if (ours)
		rsv_kfree(p);
	else
		kfree(p);
}

static __always_inline u64 realloc_in_place(bool ours)
{
	void *p = resize(ours, NULL, in_place[0]);
	unsigned int i;
	u64 start;

	start = bench_clock();
	for (i = 1; p && i <= PAIRS; i++)
		p = resize(ours, p, in_place[i % ARRAY_SIZE(in_place)]);
	start = bench_clock() - start;
	resized_back(ours, p);
	return p ? bench_each(start, PAIRS) : BENCH_FAILED;
}

static __always_inline u64 realloc_growing(bool ours)
{
	u64 start = bench_clock();
	unsigned int i, round;

	for (round = 0; round < PAIRS / GROWTHS; round++) {
		void *p = NULL, *larger;

		for (i = 1; i <= GROWTHS; i++) {
			larger = resize(ours, p, i * GROWTH);
			if (unlikely(!larger))
				break;
			p = larger;
		}
		resized_back(ours, p);
		if (i <= GROWTHS)
			return BENCH_FAILED;
	}
	return bench_each(bench_clock() - start, PAIRS / GROWTHS * GROWTHS);
}

static u64 realloc_place(const struct bench_case *c, bool ours)
{
	return ours ? realloc_in_place(true) : realloc_in_place(false);
}

static u64 realloc_grow(const struct bench_case *c, bool ours)
{
	return ours ? realloc_growing(true) : realloc_growing(false);
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
	{ .name = "kmalloc-5000", .begin = begin, .turn = pair_5000 },
	{ .name = "kmalloc-8000", .begin = begin, .turn = pair_8000 },
	{ .name = "kmalloc-9000", .begin = begin, .turn = pair_9000 },
	{ .name = "kmalloc-10000", .begin = begin, .turn = pair_10000 },
	{ .name = "kmalloc-12000", .begin = begin, .turn = pair_12000 },
	{ .name = "kmalloc-16000", .begin = begin, .turn = pair_16000 },
	{ .name = "kmalloc-20000", .begin = begin, .turn = pair_20000 },
	{ .name = "kmalloc-24000", .begin = begin, .turn = pair_24000 },
	{ .name = "kmalloc-28000", .begin = begin, .turn = pair_28000 },
	{ .name = "kmalloc-32000", .begin = begin, .turn = pair_32000 },
	{ .name = "kmalloc-mix", .begin = begin_mix, .turn = mix },
	{ .name = "kzalloc-32", .begin = begin, .turn = zeroes_32 },
	{ .name = "krealloc-in-place", .begin = begin, .turn = realloc_place },
	{ .name = "krealloc-growing", .begin = begin, .turn = realloc_grow },
	{ }
};
