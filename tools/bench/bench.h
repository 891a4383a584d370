/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Functions that the files of reservoir_bench.ko share. Each file has cases of one kind.
 */
#ifndef RSV_BENCH_H
#define RSV_BENCH_H

#include <linux/math64.h>
#include <linux/reservoir.h>
#include <linux/types.h>

#include "bench_clock.h"

#define BENCH_FAILED	U64_MAX

/* Parameters */
extern char *bench_unit;
extern unsigned int bench_rounds;
extern unsigned int bench_tries;

/**
 * struct bench_case - an operation that is measured
 * @name: its name
 * @begin: prepares the case, or returns why it cannot be measured; may be NULL
 * @turn: does the operation many times, in Reservoir or with the kernel's counterpart; returns
 *	hundredths of a clock tick for each time (bench_each()), or BENCH_FAILED
 * @end: undoes @begin, whatever that returned; may be NULL
 * @run: instead of @turn: measures and reports by itself; returns why it cannot, or NULL
 * @gfp: for @turn
 * @what: for @turn: a size, an order...
 * @flags: for @begin: RSV_ENGINE_* and so on
 */
struct bench_case {
	const char *name;
	const char *(*begin)(const struct bench_case *c);
	u64 (*turn)(const struct bench_case *c, bool ours);
	void (*end)(const struct bench_case *c);
	const char *(*run)(const struct bench_case *c);
	gfp_t gfp;
	unsigned int what;
	unsigned int flags;
};

/* The cases of each file; one without a name ends the array. */
extern const struct bench_case bench_objects[];
extern const struct bench_case bench_kmalloc[];
extern const struct bench_case bench_pages[];
extern const struct bench_case bench_exhaust[];
extern const struct bench_case bench_cpus[];
extern const struct bench_case bench_stream[];
extern const struct bench_case bench_worst[];
extern const struct bench_case bench_delay[];
extern const struct bench_case bench_others[];
extern const struct bench_case bench_growth[];
extern const struct bench_case bench_extents[];
extern const struct bench_case bench_vmalloc[];
extern const struct bench_case bench_caches_life[];
extern const struct bench_case bench_sheaf[];
extern const struct bench_case bench_nolock[];
extern const struct bench_case bench_full[];
extern const struct bench_case bench_aged[];
extern const struct bench_case bench_page_lists[];
extern const struct bench_case bench_fragment[];
extern const struct bench_case bench_rcu[];

/**
 * struct bench_figure - cost on one side, in hundredths
 * @median: of all rounds
 * @lowest: of all rounds
 * @highest: of all rounds
 */
struct bench_figure {
	u64 median;
	u64 lowest;
	u64 highest;
};

/* Hundredths of a tick for each of @times operations */
static inline u64 bench_each(u64 ticks, unsigned int times)
{
	return div_u64(ticks * 100, times);
}

/* The two caches of BENCH_OBJECT bytes that most cases use, made by bench_caches_begin() */
#define BENCH_OBJECT	256

struct bench_caches {
	struct rsv_cache *ours;
	struct kmem_cache *kernels;
};

extern struct bench_caches bench_caches;

const char *bench_caches_begin(unsigned int flags, void (*ctor)(void *object));
void bench_caches_end(const struct bench_case *c);

static inline void *bench_pages_exact(struct rsv_region *r, size_t size)
{
	return rsv_alloc_pages_exact(r, size, GFP_KERNEL | __GFP_NOWARN);
}

size_t bench_too_much(struct rsv_region *r);

void bench_shuffle(u32 *order, unsigned int nr);
u64 bench_fact(const char *region_name, const char *name);

struct bench_figure bench_summarize(u64 *values, unsigned int nr);
bool bench_settled(const struct bench_figure *now, const struct bench_figure *before);
void bench_measure(const struct bench_case *c);
void bench_report(const char *name, unsigned int cpus, const char *measured_in,
		  const struct bench_figure *ours, const struct bench_figure *kernels,
		  const char *note);

#endif /* RSV_BENCH_H */
