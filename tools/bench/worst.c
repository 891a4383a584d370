// SPDX-License-Identifier: GPL-2.0
/*
 * The worst single operation of a million, without interrupts in between. Each round fills the
 * slots in order, changes them at random, empties them in order and changes them at random again.
 * Lists of CPUs run full and empty, and slabs come and go, so the rounds take every slow path.
 */
#include <linux/gfp.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "bench.h"
#include "loops.h"

#define SLOTS		4096
#define OPERATIONS	1000000	/* of each kind, at least */

static struct rsv_region *region;
static void **slots;
static u64 *worst_takes;	/* by round, both sides */
static u64 *worst_gives;
static u64 clock_cost;

static void learn_clock_cost(void)
{
	unsigned int i;

	clock_cost = U64_MAX;
	for (i = 0; i < 1000; i++) {
		u64 start = bench_clock();

		clock_cost = min(clock_cost, bench_clock() - start);
	}
}

static __always_inline u64 timed_take(bench_take_fn *take, void *from, void **slot)
{
	unsigned long flags;
	u64 ticks;

	local_irq_save(flags);
	ticks = bench_clock();
	*slot = take(from, 0, GFP_ATOMIC | __GFP_NOWARN);
	ticks = bench_clock() - ticks;
	local_irq_restore(flags);
	return ticks;
}

static __always_inline u64 timed_give(bench_give_fn *give, void *from, void **slot)
{
	unsigned long flags;
	u64 ticks;

	local_irq_save(flags);
	ticks = bench_clock();
	give(from, 0, *slot);
	ticks = bench_clock() - ticks;
	local_irq_restore(flags);
	*slot = NULL;
	return ticks;
}

/* The slot of a step, or NULL if the step does nothing */
static void **slot_of(unsigned int step, u32 random)
{
	void **slot = &slots[step % SLOTS];

	switch (step / SLOTS % 4) {
	case 0:
		return *slot ? NULL : slot;
	case 2:
		return *slot ? slot : NULL;
	default:
		return &slots[random % SLOTS];
	}
}

/* One round; false if a request got no memory */
static __always_inline bool steps(bench_take_fn *take, bench_give_fn *give, void *from,
				  unsigned int seed, u64 *worst_take, u64 *worst_give)
{
	unsigned int step, takes = 0, gives = 0, wanted = OPERATIONS / bench_rounds + 1;
	struct rnd_state random;

	*worst_take = 0;
	*worst_give = 0;
	prandom_seed_state(&random, seed);
	for (step = 0; takes < wanted || gives < wanted; step++) {
		void **slot = slot_of(step, prandom_u32_state(&random));

		if (!(step % SLOTS))
			cond_resched();
		if (!slot)
			continue;
		if (*slot) {
			*worst_give = max(*worst_give, timed_give(give, from, slot));
			gives++;
			continue;
		}
		*worst_take = max(*worst_take, timed_take(take, from, slot));
		takes++;
		if (!*slot)
			return false;
	}
	return true;
}

static __always_inline void empty(bench_give_fn *give, void *from)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		if (slots[i])
			give(from, 0, slots[i]);
	memset(slots, 0, SLOTS * sizeof(*slots));
}

static __always_inline bool round_of(bench_take_fn *take, bench_give_fn *give, void *from,
				     unsigned int seed, unsigned int at)
{
	bool good = steps(take, give, from, seed, &worst_takes[at], &worst_gives[at]);

	empty(give, from);
	return good;
}

static bool object_round(unsigned int i)
{
	return round_of(our_object, our_object_back, bench_caches.ours, i, i) &&
		round_of(kernel_object, kernel_object_back, bench_caches.kernels, i,
			 bench_rounds + i);
}

static bool page_round(unsigned int i)
{
	return round_of(our_pages, our_pages_back, region, i, i) &&
		round_of(kernel_pages, kernel_pages_back, NULL, i, bench_rounds + i);
}

/*
 * The host's own work counts too, unless the clock counts instructions. Then the median of the
 * rounds' worst values is the best figure there is.
 */
static bool disturbed(void)
{
	return strcmp(bench_unit, "instructions");
}

static struct bench_figure worst_of(u64 *values)
{
	struct bench_figure f;
	unsigned int i;

	for (i = 0; i < bench_rounds; i++)
		values[i] = (values[i] - clock_cost) * 100;
	f = bench_summarize(values, bench_rounds);
	if (!disturbed())
		f.median = f.highest;
	return f;
}

static void report(const char *name, const char *what, u64 *values)
{
	struct bench_figure ours = worst_of(values), kernels = worst_of(values + bench_rounds);
	char full[32];

	snprintf(full, sizeof(full), "%s-%s", name, what);
	bench_report(full, 1, bench_unit, &ours, &kernels,
		     disturbed() ? "the worst of each round, of that the median" : "");
}

static const char *run_rounds(const struct bench_case *c, bool (*one_round)(unsigned int i))
{
	unsigned int i;

	learn_clock_cost();
	for (i = 0; i < bench_rounds; i++)
		if (!one_round(i))
			return "there was not enough memory";
	report(c->name, "alloc", worst_takes);
	report(c->name, "free", worst_gives);
	return NULL;
}

static const char *run(const struct bench_case *c)
{
	const char *why = "no memory for what is measured";

	region = rsv_default_region();
	slots = vcalloc(SLOTS, sizeof(*slots));
	worst_takes = kcalloc(2 * bench_rounds, sizeof(*worst_takes), GFP_KERNEL);
	worst_gives = kcalloc(2 * bench_rounds, sizeof(*worst_gives), GFP_KERNEL);
	if (slots && worst_takes && worst_gives)
		why = run_rounds(c, c->what ? page_round : object_round);
	kfree(worst_gives);
	kfree(worst_takes);
	vfree(slots);
	return why;
}

static const char *begin(const struct bench_case *c)
{
	return bench_caches_begin(0, NULL);
}

/* bench_worst - the cases of this file; those of pages say so in .what */
const struct bench_case bench_worst[] = {
	{ .name = "worst", .begin = begin, .run = run, .end = bench_caches_end },
	{ .name = "worst-pages", .begin = begin, .run = run, .end = bench_caches_end, .what = 1 },
	{ }
};
