// SPDX-License-Identifier: GPL-2.0
/*
 * Measuring a case: both sides alternate, round by round, and all rounds repeat until the medians
 * agree.
 */
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "bench.h"

#define WARM_UP	2	/* rounds that do not count */

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/**
 * bench_summarize - median and extremes of the values of many rounds
 * @values: cost of each round; sorted on return
 * @nr: number of rounds, odd
 *
 * Return: median, lowest and highest.
 */
struct bench_figure bench_summarize(u64 *values, unsigned int nr)
{
	sort(values, nr, sizeof(*values), compare, NULL);
	return (struct bench_figure){
		.median = values[nr / 2],
		.lowest = values[0],
		.highest = values[nr - 1],
	};
}

/**
 * bench_too_much - the smallest number of bytes that a region cannot give at once
 * @r: the region
 *
 * A request for them drains all that is cached, and fails. One for more than the region has would
 * fail at once.
 *
 * Return: the bytes, found by bisection.
 */
size_t bench_too_much(struct rsv_region *r)
{
	size_t can = 0, cannot = SZ_2G;

	while (cannot - can > PAGE_SIZE) {
		size_t size = round_down(can + (cannot - can) / 2, PAGE_SIZE);
		void *p = bench_pages_exact(r, size);

		rsv_free_pages_exact(p, size);
		if (p)
			can = size;
		else
			cannot = size;
	}
	return cannot;
}

/* Whether the medians are within 1 % */
static bool agree(const struct bench_figure *a, const struct bench_figure *b)
{
	u64 low = min(a->median, b->median), high = max(a->median, b->median);

	return (high - low) * 100 <= high;
}

/**
 * bench_settled - whether the medians of both sides agree with those of the last try
 * @now: Reservoir's figure and the kernel's
 * @before: those of the last try
 *
 * Return: whether they are within 1 %.
 */
bool bench_settled(const struct bench_figure *now, const struct bench_figure *before)
{
	return agree(&now[0], &before[0]) && agree(&now[1], &before[1]);
}

/* Does all rounds once. @values has room for both sides, and so has @now for their figures. */
static bool measure_once(const struct bench_case *c, u64 *values, struct bench_figure *now)
{
	unsigned int i;

	for (i = 0; i < WARM_UP + bench_rounds; i++) {
		unsigned int at = i < WARM_UP ? 0 : i - WARM_UP;

		values[at] = c->turn(c, true);
		values[bench_rounds + at] = c->turn(c, false);
		if (values[at] == BENCH_FAILED || values[bench_rounds + at] == BENCH_FAILED)
			return false;
		cond_resched();
	}
	now[0] = bench_summarize(values, bench_rounds);
	now[1] = bench_summarize(values + bench_rounds, bench_rounds);
	return true;
}

static const char *measure(const struct bench_case *c, u64 *values)
{
	struct bench_figure now[2] = {}, before[2];
	bool settled = false;
	unsigned int i;

	for (i = 0; i < bench_tries && !settled; i++) {
		memcpy(before, now, sizeof(before));
		if (!measure_once(c, values, now))
			return "there was not enough memory";
		settled = bench_settled(now, before);
	}
	bench_report(c->name, 1, bench_unit, &now[0], &now[1], settled ? "" : "not settled");
	return NULL;
}

/**
 * bench_measure - measure one case and report it
 * @c: the case
 *
 * Context: May sleep. Takes seconds.
 */
void bench_measure(const struct bench_case *c)
{
	const char *why = c->begin ? c->begin(c) : NULL;
	u64 *values = kcalloc(2 * bench_rounds, sizeof(*values), GFP_KERNEL);

	if (!values)
		why = "no memory for what is measured";
	if (!why)
		why = c->run ? c->run(c) : measure(c, values);
	if (why)
		bench_report(c->name, 1, bench_unit, NULL, NULL, why);
	kfree(values);
	if (c->end)
		c->end(c);
}
