// SPDX-License-Identifier: GPL-2.0
/*
 * Jobs that a CPU does as soon as it serves interrupts again: any context may queue one, also an
 * NMI, whatever lock the code holds that it interrupted. An irq_work of the CPU does the jobs.
 *
 * A probe may queue a job at each call of a function. If the job calls that function there is
 * always another job, and the CPU would never leave its interrupts. So what is queued while the
 * interrupt does others waits for the next one, which a work item of the CPU brings about: until
 * then tasks can run. So does the rest of a job that takes long, of which each interrupt does a
 * part.
 *
 * A CPU that is going off-line queues no irq_work, since the kernel would do it only when the CPU
 * comes back. Its jobs wait until it is dead. Those of a CPU that is coming on-line wait for the
 * next one, or for the periodic work (reap.c).
 */
#include <linux/bitops.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/irq_work.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "irq_job.h"
#include "work.h"

/**
 * struct rsv_irq_jobs - the jobs of a CPU
 * @jobs: those that are queued (any context of the CPU adds; whoever does them takes all)
 * @busy: the interrupt is doing jobs (this CPU)
 * @work: the interrupt
 * @again: brings about another one
 */
struct rsv_irq_jobs {
	struct llist_head jobs;
	bool busy;
	struct irq_work work;
	struct work_struct again;
};

static DEFINE_PER_CPU(struct rsv_irq_jobs, rsv_irq_jobs);

/*
 * One caller at a time flushes, and so does jobs of CPUs that are alive in its task: another one
 * would find the list empty, and not know that they are not done.
 */
static DEFINE_MUTEX(rsv_irq_jobs_mutex);

static void rsv_irq_job_add(struct rsv_irq_jobs *j, struct rsv_irq_job *job)
{
	if (!test_and_set_bit(0, &job->queued))
		llist_add(&job->node, &j->jobs);
}

/* Does a part of each job. Those that are not done then are queued again. */
static void rsv_irq_jobs_run(struct rsv_irq_jobs *j)
{
	struct rsv_irq_job *job, *next;

	llist_for_each_entry_safe(job, next, llist_del_all(&j->jobs), node) {
		/* First: what is to be done from now on needs the job once more. */
		clear_bit(0, &job->queued);
		smp_mb__after_atomic(); /* pairs with test_and_set_bit() in rsv_irq_job_add() */
		if (job->run(job))
			rsv_irq_job_add(j, job);
	}
}

/* Passes over the jobs of a CPU: a probe might queue one at each. */
#define RSV_IRQ_JOBS_PASSES	10000

/**
 * rsv_irq_jobs_run_cpu() - do the jobs of a CPU in this task
 * @cpu: the CPU, dead or not
 *
 * Context: Process; may sleep.
 */
void rsv_irq_jobs_run_cpu(unsigned int cpu)
{
	struct rsv_irq_jobs *j = per_cpu_ptr(&rsv_irq_jobs, cpu);
	unsigned int pass;

	for (pass = 0; pass < RSV_IRQ_JOBS_PASSES && !llist_empty(&j->jobs); pass++) {
		rsv_irq_jobs_run(j);
		cond_resched();
	}
}

/* Queues the interrupt of this CPU, with preemption disabled. */
static void rsv_irq_jobs_raise(struct rsv_irq_jobs *j)
{
	if (likely(cpu_online(smp_processor_id())))
		irq_work_queue(&j->work);
}

/* If the CPU is off-line, this work runs elsewhere, and the CPU's death has seen to its jobs. */
static void rsv_irq_jobs_again(struct work_struct *work)
{
	struct rsv_irq_jobs *j = container_of(work, struct rsv_irq_jobs, again);

	preempt_disable();
	if (j == this_cpu_ptr(&rsv_irq_jobs))
		rsv_irq_jobs_raise(j);
	preempt_enable();
}

static void rsv_irq_jobs_interrupt(struct irq_work *work)
{
	struct rsv_irq_jobs *j = container_of(work, struct rsv_irq_jobs, work);
	bool more;

	WRITE_ONCE(j->busy, true);
	rsv_irq_jobs_run(j);
	more = !llist_empty(&j->jobs);
	/* While busy is set: this may be probed, too. */
	if (more)
		queue_work_on(smp_processor_id(), rsv_queue, &j->again);
	WRITE_ONCE(j->busy, false);
	/* For an NMI that came after the look */
	if (!more && !llist_empty(&j->jobs))
		queue_work_on(smp_processor_id(), rsv_queue, &j->again);
}

/**
 * rsv_irq_jobs_check() - bring about an interrupt on each CPU that has jobs
 *
 * Context: Process.
 */
void rsv_irq_jobs_check(void)
{
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		struct rsv_irq_jobs *j = per_cpu_ptr(&rsv_irq_jobs, cpu);

		if (!llist_empty(&j->jobs))
			queue_work_on(cpu, rsv_queue, &j->again);
	}
}

/**
 * rsv_irq_job_queue() - have this CPU do a job
 * @job: the job, one of this CPU. If it is queued already it is done once
 *
 * Context: Any, with preemption disabled.
 */
void rsv_irq_job_queue(struct rsv_irq_job *job)
{
	struct rsv_irq_jobs *j = this_cpu_ptr(&rsv_irq_jobs);

	rsv_irq_job_add(j, job);
	if (!READ_ONCE(j->busy))
		rsv_irq_jobs_raise(j);
}

/* Waits for the interrupts that are queued. */
static void rsv_irq_jobs_sync(void)
{
	unsigned int cpu;

	cpus_read_lock();
	for_each_online_cpu(cpu)
		irq_work_sync(per_cpu_ptr(&rsv_irq_jobs.work, cpu));
	cpus_read_unlock();
}

/**
 * rsv_irq_jobs_flush() - wait until all jobs are done that were queued before
 *
 * Context: Process; may sleep.
 */
void rsv_irq_jobs_flush(void)
{
	unsigned int cpu;

	mutex_lock(&rsv_irq_jobs_mutex);
	rsv_irq_jobs_sync();
	for_each_possible_cpu(cpu) {
		rsv_irq_jobs_run_cpu(cpu);
		flush_work(per_cpu_ptr(&rsv_irq_jobs.again, cpu));
	}
	/*
	 * For interrupts that this brought about, and jobs that one took from the list meanwhile.
	 * A CPU that died meanwhile has done its jobs when the hot-plug lock is free.
	 */
	rsv_irq_jobs_sync();
	mutex_unlock(&rsv_irq_jobs_mutex);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_irq_jobs_flush);

/**
 * rsv_irq_jobs_start() - initialise the CPUs' jobs, before the first cache is created
 */
void rsv_irq_jobs_start(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		struct rsv_irq_jobs *j = per_cpu_ptr(&rsv_irq_jobs, cpu);

		j->work = IRQ_WORK_INIT_HARD(rsv_irq_jobs_interrupt);
		INIT_WORK(&j->again, rsv_irq_jobs_again);
	}
}
