// SPDX-License-Identifier: GPL-2.0
/*
 * An interrupt after each instruction of the module. An x86 CPU whose trap flag is set traps after
 * each instruction. The trap is like an NMI and may do very little, but it can queue irq_work, for
 * which the CPU interrupts itself. That interrupt comes right after the trap and before the next
 * instruction, or, where interrupts are masked, once they are not.
 */
#include "single_step.h"

#if defined(CONFIG_X86_64) && !defined(CONFIG_UML)

#include <asm/processor-flags.h>
#include <linux/irq_work.h>
#include <linux/kdebug.h>
#include <linux/preempt.h>
#include <linux/ptrace.h>
#include <linux/reservoir.h>
#include <linux/sched.h>
#include <linux/sizes.h>

static struct task_struct *stepped;
static void (*interrupted)(void);
static unsigned int nr_interrupts;
static bool last_step;

static void step_interrupt(struct irq_work *work)
{
	interrupted();
	nr_interrupts++;
}

static struct irq_work step_work = IRQ_WORK_INIT_HARD(step_interrupt);

/* The code of the module, and perhaps of a module next to it, but none of the kernel's */
static bool in_module(unsigned long ip)
{
	return ip - ((unsigned long)rsv_cache_alloc - SZ_256K) < 2 * SZ_256K;
}

static int step_trap(struct notifier_block *block, unsigned long event, void *data)
{
	const struct die_args *args = data;

	if (event != DIE_DEBUG || current != stepped)
		return NOTIFY_DONE;
	if (last_step) {
		args->regs->flags &= ~X86_EFLAGS_TF;
		return NOTIFY_STOP;
	}
	if (in_module(args->regs->ip))
		irq_work_queue(&step_work);
	return NOTIFY_STOP;
}

static struct notifier_block step_block = { .notifier_call = step_trap };

static __always_inline void set_trap_flag(void)
{
	asm volatile("pushfq; orq %0, (%%rsp); popfq" : : "i"(X86_EFLAGS_TF) : "memory", "cc");
}

static __always_inline void clear_trap_flag(void)
{
	asm volatile("pushfq; andq %0, (%%rsp); popfq" : : "i"(~X86_EFLAGS_TF) : "memory", "cc");
}

void rsvt_single_step_or_skip(struct kunit *test)
{
}

/*
 * Calls @run, which must not sleep. Returns the number of interrupts. Preemption is disabled, since
 * the flag belongs to the CPU and would go on with another task.
 */
unsigned int rsvt_single_step(struct kunit *test, void (*run)(void *data), void *data,
			      void (*interrupt)(void))
{
	interrupted = interrupt;
	nr_interrupts = 0;
	last_step = false;
	KUNIT_ASSERT_EQ(test, register_die_notifier(&step_block), 0);
	preempt_disable();
	stepped = current;
	set_trap_flag();
	run(data);
	clear_trap_flag();
	stepped = NULL;
	preempt_enable();
	unregister_die_notifier(&step_block);
	irq_work_sync(&step_work);
	return nr_interrupts;
}

static struct {
	void (*interrupt)(void);
	unsigned int at;
	unsigned int steps;
} once;

static void interrupt_once(void)
{
	if (++once.steps != once.at)
		return;
	once.interrupt();
	last_step = true;
}

/*
 * As rsvt_single_step(), but interrupts @run once, after its instruction @at, from 1 on. The rest
 * of it takes no longer than ever. Returns false if @run has fewer instructions.
 */
bool rsvt_interrupt_once(struct kunit *test, void (*run)(void *data), void *data, unsigned int at,
			 void (*interrupt)(void))
{
	once.interrupt = interrupt;
	once.at = at;
	once.steps = 0;
	return rsvt_single_step(test, run, data, interrupt_once) >= at;
}

#else

void rsvt_single_step_or_skip(struct kunit *test)
{
	kunit_skip(test, "the machine has no trap flag");
}

unsigned int rsvt_single_step(struct kunit *test, void (*run)(void *data), void *data,
			      void (*interrupt)(void))
{
	return 0;
}

bool rsvt_interrupt_once(struct kunit *test, void (*run)(void *data), void *data, unsigned int at,
			 void (*interrupt)(void))
{
	return false;
}

#endif
