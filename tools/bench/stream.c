// SPDX-License-Identifier: GPL-2.0
/*
 * Objects that one CPU allocates and another one frees. They travel through a ring. The case times
 * the freeing side, by the chunk.
 */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/processor.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "bench.h"
#include "loops.h"

#define RING	256	/* objects in the ring; a power of two */
#define CHUNK	1024	/* objects that are timed together */
#define WARM_UP	4	/* chunks that do not count */

static void *ring[RING];
static unsigned long produced ____cacheline_aligned_in_smp;
static unsigned long consumed ____cacheline_aligned_in_smp;
static u64 *values;
static bool missing;		/* a request failed */
static DECLARE_COMPLETION(ended);

/* Waits until the other end has moved, and yields now and then, since both may be on one CPU. */
#define wait_until(condition)							\
do {										\
	unsigned int spins = 0;							\
										\
	while (!(condition)) {							\
		cpu_relax();							\
		if (!(++spins % 1024))						\
			cond_resched();						\
	}									\
} while (0)

static __always_inline void produce(bench_take_fn *take, void *from)
{
	unsigned long i, nr = (unsigned long)(WARM_UP + bench_rounds) * CHUNK;

	for (i = 0; i < nr; i++) {
		void *object = take(from, 0, GFP_KERNEL);

		/* Pairs with the consumer's release: the slot is empty. */
		wait_until(i - smp_load_acquire(&consumed) < RING);
		ring[i % RING] = object;
		/* Pairs with the consumer's acquire: the object is in its slot. */
		smp_store_release(&produced, i + 1);
	}
	complete(&ended);
}

static __always_inline void consume(bench_give_fn *give, void *from)
{
	unsigned long i, nr = (unsigned long)(WARM_UP + bench_rounds) * CHUNK;
	u64 start = bench_clock();

	for (i = 0; i < nr; i++) {
		void *object;

		/* Pairs with the producer's release. */
		wait_until(smp_load_acquire(&produced) != i);
		object = ring[i % RING];
		/* Pairs with the producer's acquire. */
		smp_store_release(&consumed, i + 1);
		if (likely(object))
			give(from, 0, object);
		else
			missing = true;
		if (i % CHUNK == CHUNK - 1) {
			u64 now = bench_clock();

			if (i >= WARM_UP * CHUNK)
				values[i / CHUNK - WARM_UP] = bench_each(now - start, CHUNK);
			cond_resched();
			start = bench_clock();
		}
	}
	complete(&ended);
}

static int our_producer(void *unused)
{
	produce(our_object, bench_caches.ours);
	return 0;
}

static int kernel_producer(void *unused)
{
	produce(kernel_object, bench_caches.kernels);
	return 0;
}

static int our_consumer(void *unused)
{
	consume(our_object_back, bench_caches.ours);
	return 0;
}

static int kernel_consumer(void *unused)
{
	consume(kernel_object_back, bench_caches.kernels);
	return 0;
}

static struct task_struct *thread_on(unsigned int cpu, int (*function)(void *unused))
{
	struct task_struct *task = kthread_create(function, NULL, "bench/%u", cpu);

	if (IS_ERR(task))
		return NULL;
	kthread_bind(task, cpu);
	/* The thread may end before it is stopped. */
	return get_task_struct(task);
}

static void thread_end(struct task_struct *task)
{
	if (!task)
		return;
	kthread_stop(task);
	put_task_struct(task);
}

/* A thread that is stopped before it has begun ends without having run. */
static bool one_side(int (*producer)(void *unused), int (*consumer)(void *unused),
		     struct bench_figure *f)
{
	unsigned int cpu = cpumask_first(cpu_online_mask);
	struct task_struct *source = thread_on(cpu, producer);
	struct task_struct *sink = thread_on(cpumask_next(cpu, cpu_online_mask), consumer);

	produced = 0;
	consumed = 0;
	missing = false;
	if (source && sink) {
		wake_up_process(source);
		wake_up_process(sink);
		wait_for_completion(&ended);
		wait_for_completion(&ended);
	}
	thread_end(source);
	thread_end(sink);
	if (!source || !sink || missing)
		return false;
	*f = bench_summarize(values, bench_rounds);
	return true;
}

static const char *run_both(const struct bench_case *c)
{
	struct bench_figure now[2] = {}, before[2];
	bool settled = false;
	unsigned int i;

	for (i = 0; i < bench_tries && !settled; i++) {
		memcpy(before, now, sizeof(before));
		if (!one_side(our_producer, our_consumer, &now[0]) ||
		    !one_side(kernel_producer, kernel_consumer, &now[1]))
			return "there was not enough memory";
		settled = bench_settled(now, before);
	}
	bench_report(c->name, 2, bench_unit, &now[0], &now[1], settled ? "" : "not settled");
	return NULL;
}

static const char *run(const struct bench_case *c)
{
	const char *why;

	if (num_online_cpus() < 2)
		return "that takes two CPUs";
	values = kcalloc(bench_rounds, sizeof(*values), GFP_KERNEL);
	why = values ? run_both(c) : "no memory for what is measured";
	kfree(values);
	return why;
}

static const char *begin(const struct bench_case *c)
{
	return bench_caches_begin(0, NULL);
}

/* bench_stream - the case of this file */
const struct bench_case bench_stream[] = {
	{ .name = "producer-consumer", .begin = begin, .run = run, .end = bench_caches_end },
	{ }
};
