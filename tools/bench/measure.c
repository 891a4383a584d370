// SPDX-License-Identifier: GPL-2.0
/*
 * How a case is measured: both sides alternate, round by round, and all rounds are repeated until
 * the medians stay where they are.
 */
#include <linux/math64.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "bench.h"

#define WARM_UP	2	/* rounds that do not count */

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/**
 * bench_figure - make one figure of the values of many rounds
 * @values: what the rounds took; sorted on return
 * @nr: how many rounds, an odd number
 *
 * Return: median, lowest and highest.
 */
struct bench_figure bench_figure(u64 *values, unsigned int nr)
{
	sort(values, nr, sizeof(*values), compare, NULL);
	return (struct bench_figure){
		.median = values[nr / 2],
		.lowest = values[0],
		.highest = values[nr - 1],
	};
}

/**
 * bench_agree - do two figures say the same?
 * @a: one
 * @b: the other
 *
 * Return: whether the medians are within 1 %.
 */
bool bench_agree(const struct bench_figure *a, const struct bench_figure *b)
{
	u64 low = min(a->median, b->median), high = max(a->median, b->median);

	return (high - low) * 100 <= high;
}

/* All rounds once; @values has room for those of both sides. */
static bool measure_once(const struct bench_case *c, u64 *values, struct bench_figure *ours,
			 struct bench_figure *kernels)
{
	unsigned int i;

	for (i = 0; i < WARM_UP + rounds; i++) {
		unsigned int at = i < WARM_UP ? 0 : i - WARM_UP;

		values[at] = c->turn(c, true);
		values[rounds + at] = c->turn(c, false);
		if (values[at] == BENCH_FAILED || values[rounds + at] == BENCH_FAILED)
			return false;
		cond_resched();
	}
	*ours = bench_figure(values, rounds);
	*kernels = bench_figure(values + rounds, rounds);
	return true;
}

static void measure(const struct bench_case *c, u64 *values)
{
	struct bench_figure ours = {}, kernels = {};
	bool settled = false;
	unsigned int i;

	for (i = 0; i < tries && !settled; i++) {
		struct bench_figure ours_before = ours, kernels_before = kernels;

		if (!measure_once(c, values, &ours, &kernels)) {
			bench_report(c->name, 1, unit, NULL, NULL, "there was no memory left");
			return;
		}
		settled = bench_agree(&ours, &ours_before) && bench_agree(&kernels, &kernels_before);
	}
	bench_report(c->name, 1, unit, &ours, &kernels, settled ? "" : "not settled");
}

/**
 * bench_measure - measure one case and report it
 * @c: the case
 *
 * Context: May sleep, and takes its time.
 */
void bench_measure(const struct bench_case *c)
{
	const char *why = c->begin ? c->begin(c) : NULL;
	u64 *values = kcalloc(2 * rounds, sizeof(*values), GFP_KERNEL);

	if (!values)
		why = "no memory for what is measured";
	if (!why && c->run)
		why = c->run(c);
	else if (!why)
		measure(c, values);
	if (why)
		bench_report(c->name, 1, unit, NULL, NULL, why);
	kfree(values);
	if (c->end)
		c->end(c);
}
