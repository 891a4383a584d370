// SPDX-License-Identifier: GPL-2.0
/*
 * A thread and a hard timer interrupt on every CPU put allocations into slots that all share, and
 * free the old ones, which mostly another CPU allocated.
 */
#define pr_fmt(fmt) "machine: " fmt

#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "machine.h"

#define STRESS_BATCH	64

/**
 * struct worker - the thread and the interrupt of one CPU
 * @task: the thread
 * @timer: the interrupt, which the thread starts on the CPU that it runs on
 * @cpu: the CPU, while it is on-line
 * @random: the thread's random numbers
 * @irq_random: the interrupt's
 * @nr_taken: allocations of the thread
 * @nr_irq_taken: allocations of the interrupt
 * @nr_failed: requests of the thread that failed
 * @nr_irq_failed: requests of the interrupt that failed
 */
struct worker {
	struct task_struct *task;
	struct hrtimer timer;
	unsigned int cpu;
	struct rnd_state random;
	struct rnd_state irq_random;
	unsigned long nr_taken;
	unsigned long nr_irq_taken;
	unsigned long nr_failed;
	unsigned long nr_irq_failed;
};

static const struct stress *stressed;
static struct worker *workers;
static atomic_long_t *slot;
static DEFINE_RAW_SPINLOCK(stress_lock);

/* Returns 1 if it allocated something. One step in eight only frees. */
static unsigned int stress_step(unsigned long *nr_failed, struct rnd_state *random, gfp_t gfp)
{
	u32 x = prandom_u32_state(random);
	unsigned long taken = 0;

	if (x >> 29) {
		taken = stressed->take(random, gfp);
		*nr_failed += !taken;
	}
	stressed->give(atomic_long_xchg(&slot[(x >> 9) % machine_slots], taken));
	return !!taken;
}

static enum hrtimer_restart stress_interrupt(struct hrtimer *timer)
{
	struct worker *w = container_of(timer, struct worker, timer);
	unsigned int i;

	for (i = 0; i < 4; i++)
		w->nr_irq_taken += stress_step(&w->nr_irq_failed, &w->irq_random, GFP_ATOMIC);
	return HRTIMER_NORESTART;
}

/* One step with each of the flags that a thread may use */
static void stress_way(struct worker *w)
{
	u32 way = prandom_u32_state(&w->random) % 64;
	unsigned long flags;

	if (!way) {
		w->nr_taken += stress_step(&w->nr_failed, &w->random, GFP_KERNEL);
	} else if (way < 16) {
		raw_spin_lock_irqsave(&stress_lock, flags);
		w->nr_taken += stress_step(&w->nr_failed, &w->random, GFP_ATOMIC);
		raw_spin_unlock_irqrestore(&stress_lock, flags);
	} else {
		w->nr_taken += stress_step(&w->nr_failed, &w->random, GFP_NOWAIT);
	}
}

static int stress_thread(void *data)
{
	struct worker *w = data;
	unsigned int i;

	while (!kthread_should_stop()) {
		machine_return_to_cpu(w->cpu);
		hrtimer_start(&w->timer,
			      ns_to_ktime(20000 + prandom_u32_state(&w->random) % 200000),
			      HRTIMER_MODE_REL_PINNED_HARD);
		for (i = 0; i < STRESS_BATCH; i++)
			stress_way(w);
		if (stressed->extra && w == workers)
			stressed->extra(&w->random);
		cond_resched();
	}
	return 0;
}

static int stress_start(struct worker *w, unsigned int cpu)
{
	w->cpu = cpu;
	prandom_seed_state(&w->random, machine_seed + 2 * cpu);
	prandom_seed_state(&w->irq_random, machine_seed + 2 * cpu + 1);
	rsv_hrtimer_setup(&w->timer, stress_interrupt, HRTIMER_MODE_REL_PINNED_HARD);
	w->task = kthread_run(stress_thread, w, "stress/%u", cpu);
	return PTR_ERR_OR_ZERO(w->task);
}

/* Stops the threads first, since they start the interrupts, and then the interrupts. */
static void stress_stop(unsigned int nr)
{
	unsigned long taken = 0, irq_taken = 0, failed = 0;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		kthread_stop(workers[i].task);
		hrtimer_cancel(&workers[i].timer);
		taken += workers[i].nr_taken;
		irq_taken += workers[i].nr_irq_taken;
		failed += workers[i].nr_failed + workers[i].nr_irq_failed;
	}
	for (i = 0; i < machine_slots; i++)
		stressed->give(atomic_long_read(&slot[i]));
	pr_info("figure: seed %u: %lu %s were taken by %u threads, %lu by interrupts, %lu requests failed\n",
		machine_seed, taken, stressed->what, nr, irq_taken, failed);
	if (!taken || !irq_taken)
		machine_wrong("threads took %lu, interrupts %lu", taken, irq_taken);
}

static void stress_wait(void)
{
	unsigned int i;

	for (i = 0; i < 10; i++) {
		msleep_interruptible(machine_seconds * MSEC_PER_SEC);
		if (!stressed->enough || stressed->enough())
			return;
	}
}

static int stress_all_cpus(void)
{
	unsigned int cpu, nr = 0;
	int err = 0;

	for_each_online_cpu(cpu) {
		err = stress_start(&workers[nr], cpu);
		if (err)
			break;
		nr++;
	}
	if (!err)
		stress_wait();
	stress_stop(nr);
	return err;
}

/* Returns 0 if nothing was wrong. */
int machine_stress(const struct stress *s)
{
	int err = -ENOMEM;

	stressed = s;
	workers = kcalloc(nr_cpu_ids, sizeof(*workers), GFP_KERNEL);
	slot = vcalloc(machine_slots, sizeof(*slot));
	if (workers && slot)
		err = stress_all_cpus();
	vfree(slot);
	kfree(workers);
	return err ?: machine_result();
}
