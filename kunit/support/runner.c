// SPDX-License-Identifier: GPL-2.0
/*
 * A thread of the highest priority that waits for the CPU. Each step of the code under test wakes
 * it, as an interrupt would. On a kernel that does not preempt, the thread runs when the code lets
 * other tasks run. So the steps from its wake-up to its run tell how much the code does at once,
 * whatever the speed of the machine.
 */
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/smp.h>

#include "runner.h"

static struct task_struct *runner;
static unsigned int steps, all_steps, most_steps;
static unsigned int waits;
static u64 woken, longest, waited;		/* in nanoseconds */

static void runner_count(void)
{
	u64 now = ktime_get_ns() - woken;

	waits++;
	waited += now;
	longest = max(longest, now);
	most_steps = max(most_steps, steps);
	steps = 0;
}

static int runner_run(void *unused)
{
	set_current_state(TASK_INTERRUPTIBLE);
	while (!kthread_should_stop()) {
		schedule();
		if (steps)
			runner_count();
		set_current_state(TASK_INTERRUPTIBLE);
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

/* The thread runs on this CPU, where the test must stay. */
void rsvt_runner_start(struct kunit *test)
{
	struct task_struct *task = kthread_create(runner_run, NULL, "runner");

	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	kthread_bind(task, raw_smp_processor_id());
	sched_set_fifo(task);
	wake_up_process(task);
	/* It sleeps by the time that this task runs again. */
	cond_resched();
	steps = 0;
	all_steps = 0;
	most_steps = 0;
	waits = 0;
	waited = 0;
	longest = 0;
	runner = task;
}

void rsvt_runner_step(void)
{
	if (!runner || current == runner)
		return;
	if (!steps++)
		woken = ktime_get_ns();
	all_steps++;
	wake_up_process(runner);
}

/*
 * Returns the most steps that went by before the thread ran. How long that took is for the log: it
 * depends on the machine, and on what else runs there.
 */
unsigned int rsvt_runner_stop(struct kunit *test)
{
	struct task_struct *task = runner;

	runner = NULL;
	kthread_stop(task);
	kunit_info(test, "%u steps; the thread waited %u times, for %u steps at most",
		   all_steps, waits, max(most_steps, steps));
	kunit_info(test, "for %llu ns on average and %llu us at most",
		   div_u64(waited, max(waits, 1U)), div_u64(longest, NSEC_PER_USEC));
	return max(most_steps, steps);
}

/* All steps since the start */
unsigned int rsvt_runner_steps(void)
{
	return all_steps;
}
