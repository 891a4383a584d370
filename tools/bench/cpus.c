// SPDX-License-Identifier: GPL-2.0
/*
 * Every CPU at once, compared with one CPU alone. A thread on each CPU does the same until all have
 * done their rounds. Each round is timed for itself. Time that a virtual CPU loses to the host then
 * falls into few rounds, and the median shows how the CPUs affect each other.
 *
 * The cases cpus-refused-* measure one CPU while another one asks, in a loop, for one page more
 * than the region can give. The kernel's figure beside it shows what the other CPU costs by being
 * busy.
 */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "bench.h"
#include "loops.h"

#define PAIRS	256
#define BATCH	32
#define WARM_UP	4	/* rounds that do not count */

/**
 * struct worker - the work of one CPU
 * @task: its thread
 * @values: time of each round
 * @nr_rounds: rounds done; those after the last one that counts keep the CPU busy
 * @failed: a request got no memory
 * @taken: the objects of a batch
 */
struct worker {
	struct task_struct *task;
	u64 *values;
	unsigned long nr_rounds;
	bool failed;
	void *taken[BATCH];
};

static struct {
	u64 (*round)(struct worker *w, bool ours);
	unsigned int order;
	bool ours;
	bool go;
	atomic_t unfinished;
	struct completion finished;
} work;

static struct rsv_region *region;
static struct worker *workers;	/* for each possible CPU */
static u64 *values;		/* bench_rounds for each worker */

/* The work of the threads */

static u64 pair(struct worker *w, bool ours)
{
	return ours ? bench_pairs(our_object, our_object_back, bench_caches.ours, 0, GFP_KERNEL,
				  PAIRS) :
		bench_pairs(kernel_object, kernel_object_back, bench_caches.kernels, 0, GFP_KERNEL,
			    PAIRS);
}

static u64 batch(struct worker *w, bool ours)
{
	return ours ? bench_batches(our_object, our_object_back, bench_caches.ours, 0, GFP_KERNEL,
				    w->taken, NULL, BATCH, PAIRS / BATCH) :
		bench_batches(kernel_object, kernel_object_back, bench_caches.kernels, 0,
			      GFP_KERNEL, w->taken, NULL, BATCH, PAIRS / BATCH);
}

static u64 pages(struct worker *w, bool ours)
{
	return ours ? bench_batches(our_pages, our_pages_back, region, 0, GFP_KERNEL, w->taken,
				    NULL, BATCH, PAIRS / BATCH) :
		bench_batches(kernel_pages, kernel_pages_back, NULL, 0, GFP_KERNEL, w->taken, NULL,
			      BATCH, PAIRS / BATCH);
}

static u64 blocks(struct worker *w, bool ours)
{
	return ours ? bench_pairs(our_pages, our_pages_back, region, work.order, GFP_KERNEL,
				  PAIRS) :
		bench_pairs(kernel_pages, kernel_pages_back, NULL, work.order, GFP_KERNEL, PAIRS);
}

/*
 * The threads
 */

static int worker_thread(void *data)
{
	struct worker *w = data;

	while (!kthread_should_stop()) {
		u64 value;

		if (!READ_ONCE(work.go)) {
			cond_resched();
			continue;
		}
		value = work.round(w, work.ours);
		w->failed |= value == BENCH_FAILED;
		if (w->nr_rounds >= WARM_UP && w->nr_rounds < WARM_UP + bench_rounds)
			w->values[w->nr_rounds - WARM_UP] = value;
		if (++w->nr_rounds == WARM_UP + bench_rounds &&
		    atomic_dec_and_test(&work.unfinished))
			complete(&work.finished);
		cond_resched();
	}
	return 0;
}

static int worker_start(struct worker *w, unsigned int at, unsigned int cpu)
{
	memset(w, 0, sizeof(*w));
	w->values = values + at * bench_rounds;
	w->task = kthread_create_on_node(worker_thread, w, cpu_to_node(cpu), "bench/%u", cpu);
	if (IS_ERR(w->task))
		return PTR_ERR(w->task);
	kthread_bind(w->task, cpu);
	wake_up_process(w->task);
	return 0;
}

/*
 * Lets the threads run until all have done their rounds. Returns the rounds in a second, of all
 * CPUs together.
 */
static u64 workers_run(unsigned int nr)
{
	ktime_t start;
	s64 took;
	u64 sum = 0;
	unsigned int i;

	start = ktime_get();
	WRITE_ONCE(work.go, true);
	wait_for_completion(&work.finished);
	took = ktime_us_delta(ktime_get(), start);
	for (i = 0; i < nr; i++)
		sum += READ_ONCE(workers[i].nr_rounds);
	return div64_u64(sum * USEC_PER_SEC, max(took, 1LL));
}

/* One side on the first @wanted CPUs; @rate is rounds in a second. */
static const char *one_side(bool ours, unsigned int wanted, struct bench_figure *f, u64 *rate)
{
	unsigned int cpu, i, nr = 0;
	bool failed = false;

	work.ours = ours;
	work.go = false;
	init_completion(&work.finished);
	atomic_set(&work.unfinished, wanted);
	for_each_online_cpu(cpu) {
		if (nr == wanted || worker_start(&workers[nr], nr, cpu))
			break;
		nr++;
	}
	if (nr == wanted)
		*rate = workers_run(nr);
	for (i = 0; i < nr; i++) {
		kthread_stop(workers[i].task);
		failed |= workers[i].failed;
	}
	if (nr < wanted)
		return "there could not be a thread on every CPU";
	if (failed)
		return "there was not enough memory";
	/* An odd number has a median. */
	*f = bench_summarize(values, (nr * bench_rounds - 1) | 1);
	return NULL;
}

/* Both sides on @wanted CPUs, until the medians have settled */
static const char *on_cpus(const struct bench_case *c, unsigned int wanted, const char *note)
{
	struct bench_figure now[2] = {}, before[2], rate[2] = {};
	const char *why = NULL;
	bool settled = false;
	unsigned int i, side;
	char name[32];
	u64 per_second;

	for (i = 0; i < bench_tries && !settled; i++) {
		memcpy(before, now, sizeof(before));
		for (side = 0; side < 2; side++) {
			why = one_side(!side, wanted, &now[side], &per_second);
			if (why)
				return why;
			rate[side].median = max(rate[side].median, per_second * PAIRS / 10);
		}
		settled = bench_settled(now, before);
	}
	bench_report(c->name, wanted, bench_unit, &now[0], &now[1], settled ? note : "not settled");
	snprintf(name, sizeof(name), "%s-rate", c->name);
	for (side = 0; side < 2; side++) {
		rate[side].lowest = rate[side].median;
		rate[side].highest = rate[side].median;
	}
	bench_report(name, wanted, "pairs/ms", &rate[0], &rate[1], "");
	return NULL;
}

/* Asks for more than there is, again and again. */
static int asker_thread(void *unused)
{
	const size_t size = bench_too_much(region);

	while (!kthread_should_stop()) {
		rsv_free_pages_exact(bench_pages_exact(region, size), size);
		cond_resched();
	}
	return 0;
}

static const char *run_beside_asker(const struct bench_case *c)
{
	struct task_struct *asker;
	const char *why;

	if (num_online_cpus() == 1)
		return "that takes two CPUs";
	asker = kthread_create(asker_thread, NULL, "asker");
	if (IS_ERR(asker))
		return "there could not be a thread that asks";
	kthread_bind(asker, cpumask_last(cpu_online_mask));
	wake_up_process(asker);
	why = on_cpus(c, 1, "");
	kthread_stop(asker);
	return why;
}

static const char *run_workers(const struct bench_case *c)
{
	const char *why;

	if (num_online_cpus() == 1)
		return on_cpus(c, 1, "alone, since there is only one CPU");
	why = on_cpus(c, 1, "");
	return why ?: on_cpus(c, num_online_cpus(), "");
}

static const char *run(const struct bench_case *c, u64 (*round)(struct worker *w, bool ours),
		       const char *(*measure)(const struct bench_case *c))
{
	const char *why = "no memory for what is measured";

	region = rsv_default_region();
	work.round = round;
	workers = kcalloc(nr_cpu_ids, sizeof(*workers), GFP_KERNEL);
	values = kcalloc(nr_cpu_ids * bench_rounds, sizeof(*values), GFP_KERNEL);
	if (workers && values)
		why = measure(c);
	kfree(values);
	kfree(workers);
	return why;
}

static const char *run_pair(const struct bench_case *c)
{
	return run(c, pair, run_workers);
}

static const char *run_batch(const struct bench_case *c)
{
	return run(c, batch, run_workers);
}

static const char *run_pages(const struct bench_case *c)
{
	return run(c, pages, run_workers);
}

static const char *run_blocks(const struct bench_case *c)
{
	work.order = c->what;
	return run(c, blocks, run_workers);
}

static const char *run_refused_batch(const struct bench_case *c)
{
	return run(c, batch, run_beside_asker);
}

static const char *run_refused_pages(const struct bench_case *c)
{
	return run(c, pages, run_beside_asker);
}

static const char *begin(const struct bench_case *c)
{
	return bench_caches_begin(0, NULL);
}

/* bench_cpus - the cases of this file */
const struct bench_case bench_cpus[] = {
	{ .name = "cpus-pair-256", .begin = begin, .run = run_pair, .end = bench_caches_end },
	{ .name = "cpus-batch-32", .begin = begin, .run = run_batch, .end = bench_caches_end },
	{ .name = "cpus-pages-0", .begin = begin, .run = run_pages, .end = bench_caches_end },
	{ .name = "cpus-pages-4", .run = run_blocks, .what = 4 },
	{ .name = "cpus-pages-5", .run = run_blocks, .what = 5 },
	{ .name = "cpus-pages-6", .run = run_blocks, .what = 6 },
	{ .name = "cpus-pages-7", .run = run_blocks, .what = 7 },
	{ .name = "cpus-pages-8", .run = run_blocks, .what = 8 },
	{ .name = "cpus-pages-9", .run = run_blocks, .what = 9 },
	{ .name = "cpus-refused-batch-32", .begin = begin, .run = run_refused_batch,
	  .end = bench_caches_end },
	{ .name = "cpus-refused-pages-0", .begin = begin, .run = run_refused_pages,
	  .end = bench_caches_end },
	{ }
};
