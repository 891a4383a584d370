// SPDX-License-Identifier: GPL-2.0
/*
 * How long others wait while memory is drained. A real-time task sleeps on the same CPU, the only
 * one, until a timer wakes it, again and again, and notes how late it runs. Meanwhile a thousand
 * caches have objects in magazines, and one of these runs:
 *
 *	delay-idle	nothing: what interrupts, timer and scheduler cost by themselves
 *	delay-shrink	one of the caches is shrunk
 *	delay-drain	a request for more than there is drains and shrinks all of them. The
 *			kernel's side shrinks as many caches
 *	delay-reserve	a million small objects are reserved for a cache, and given back. The
 *			kernel's side fills a mempool of a hundred thousand
 *
 * Where the clock counts instructions, a microsecond is a thousand of them. On a kernel that
 * preempts tasks in the kernel at any place (PREEMPT), the figures say nothing about the portions
 * in which the module drains.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mempool.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "bench.h"

#define CACHES		1000
#define OBJECT		8
#define RESERVED	1000000
#define POOL		100000
#define PERIOD		(100 * NSEC_PER_USEC)

/**
 * struct watch - the task that sleeps and wakes
 * @task: its thread
 * @on: it notes how late it is
 * @worst: the longest delay in ns since @on was set
 */
static struct watch {
	struct task_struct *task;
	bool on;
	s64 worst;
} watch;

static size_t too_much;			/* for the default region, while the caches exist */
static struct rsv_cache **ours;		/* CACHES each; NULL where none could be created */
static struct kmem_cache **kernels;

static int watch_thread(void *unused)
{
	while (!kthread_should_stop()) {
		ktime_t due = ktime_add_ns(ktime_get(), PERIOD);
		s64 late;

		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule_hrtimeout(&due, HRTIMER_MODE_ABS);
		late = ktime_to_ns(ktime_sub(ktime_get(), due));
		if (READ_ONCE(watch.on) && late > watch.worst)
			WRITE_ONCE(watch.worst, late);
	}
	return 0;
}

static const char *watch_start(void)
{
	watch = (struct watch){};
	watch.task = kthread_create(watch_thread, NULL, "watch");
	if (IS_ERR(watch.task))
		return "there could not be a thread that watches";
	kthread_bind(watch.task, raw_smp_processor_id());
	sched_set_fifo(watch.task);
	wake_up_process(watch.task);
	return NULL;
}

/* Each cache has a slab, and objects in a magazine of this CPU. */
static void cache_objects(void)
{
	unsigned int i;
	void *object;

	for (i = 0; i < CACHES; i++) {
		object = rsv_cache_alloc(ours[i], GFP_KERNEL);
		if (object)
			rsv_cache_free(ours[i], object);
		object = kmem_cache_alloc(kernels[i], GFP_KERNEL);
		if (object)
			kmem_cache_free(kernels[i], object);
		cond_resched();
	}
}

/*
 * What is done meanwhile
 */

static void our_idle(void)
{
}

static void our_shrink(void)
{
	rsv_cache_shrink(ours[0]);
}

static void kernels_shrink(void)
{
	kmem_cache_shrink(kernels[0]);
}

static void our_drain(void)
{
	rsv_free_pages_exact(bench_pages_exact(rsv_default_region(), too_much), too_much);
}

static void kernels_drain(void)
{
	unsigned int i;

	for (i = 0; i < CACHES; i++) {
		kmem_cache_shrink(kernels[i]);
		cond_resched();
	}
}

static void our_reserve(void)
{
	rsv_cache_reserve(ours[0], RESERVED);
	rsv_cache_reserve(ours[0], 0);
}

static void kernels_reserve(void)
{
	mempool_t *pool = mempool_create_slab_pool(POOL, kernels[0]);

	mempool_destroy(pool);
}

/*
 * The cases
 */

static const struct {
	void (*ours)(void);
	void (*kernels)(void);
} work[] = {
	{ our_idle, our_idle },
	{ our_shrink, kernels_shrink },
	{ our_drain, kernels_drain },
	{ our_reserve, kernels_reserve },
};

/* Hundredths of a microsecond */
static u64 worst_while(void (*action)(void))
{
	cache_objects();
	watch.worst = 0;
	WRITE_ONCE(watch.on, true);
	action();
	/* The watch notes a delay of the end too. */
	schedule_timeout_uninterruptible(1);
	WRITE_ONCE(watch.on, false);
	return div_u64(READ_ONCE(watch.worst), 10);
}

static struct bench_figure worst_of(void (*action)(void), u64 *values)
{
	struct bench_figure f;
	unsigned int i;

	for (i = 0; i < bench_rounds; i++)
		values[i] = worst_while(action);
	f = bench_summarize(values, bench_rounds);
	f.median = f.highest;
	return f;
}

static const char *run(const struct bench_case *c)
{
	struct bench_figure f[2];
	const char *why;
	u64 *values;

	if (num_online_cpus() > 1)
		return "that takes a machine with one CPU";
	too_much = bench_too_much(rsv_default_region());
	values = kcalloc(bench_rounds, sizeof(*values), GFP_KERNEL);
	why = values ? watch_start() : "no memory for what is measured";
	if (!why) {
		f[0] = worst_of(work[c->what].ours, values);
		f[1] = worst_of(work[c->what].kernels, values);
		kthread_stop(watch.task);
		bench_report(c->name, 1, "us", &f[0], &f[1], "the worst of all rounds");
	}
	kfree(values);
	return why;
}

static bool create_caches(void)
{
	unsigned int i;

	for (i = 0; i < CACHES; i++) {
		char name[32];

		snprintf(name, sizeof(name), "delay-%u", i);
		kernels[i] = kmem_cache_create(name, OBJECT, 0, SLAB_NO_MERGE, NULL);
		ours[i] = rsv_cache_create(rsv_default_region(), name, OBJECT, 0, 0, NULL);
		if (IS_ERR(ours[i]))
			ours[i] = NULL;
		if (!kernels[i] || !ours[i])
			return false;
	}
	return true;
}

static const char *begin(const struct bench_case *c)
{
	ours = vcalloc(CACHES, sizeof(*ours));
	kernels = vcalloc(CACHES, sizeof(*kernels));
	return ours && kernels && create_caches() ? NULL : "a thousand caches could not be made";
}

static void end(const struct bench_case *c)
{
	unsigned int i;

	if (ours)
		rsv_caches_destroy(CACHES, ours);
	for (i = 0; kernels && i < CACHES; i++)
		kmem_cache_destroy(kernels[i]);
	vfree(kernels);
	vfree(ours);
}

/* bench_delay - the cases of this file; .what is an index of work[] */
const struct bench_case bench_delay[] = {
	{ .name = "delay-idle", .begin = begin, .run = run, .end = end, .what = 0 },
	{ .name = "delay-shrink", .begin = begin, .run = run, .end = end, .what = 1 },
	{ .name = "delay-drain", .begin = begin, .run = run, .end = end, .what = 2 },
	{ .name = "delay-reserve", .begin = begin, .run = run, .end = end, .what = 3 },
	{ }
};
