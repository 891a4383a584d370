// SPDX-License-Identifier: GPL-2.0
/*
 * reservoir_fault.ko: mistakes made on purpose, each of which one of the kernel's sanitizers must
 * report. A run in which nothing was reported means something only where the sanitizer is alive,
 * which this proves: with memory and locks of the kernel's own, and with objects of Reservoir's, of
 * which KASAN and kmemleak shall see as much. It harms nobody: no mistake here outlives its report.
 *
 * Loading it makes the mistake that fault= names. Of the kernel's sanitizers lockdep reports once
 * in the life of a kernel and is then silent, and others' reports silence it too, so that its
 * faults come first, and only one of them. make check-debug knows what each report says.
 */
#define pr_fmt(fmt) "fault: " fmt

#include <linux/compiler.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/reservoir.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

static char *fault = "";
module_param(fault, charp, 0400);
MODULE_PARM_DESC(fault, "which mistake to make");

#define SIZE  100
#define LEAKS 16

static DEFINE_SPINLOCK(lock);
static DEFINE_SPINLOCK(other_lock);
static DEFINE_RAW_SPINLOCK(raw_lock);

/* Objects that were forgotten, in a form in which nobody takes them for pointers */
static unsigned long forgotten[LEAKS];

/* KASAN: reads a byte of what was freed; the compiler must not know. */
static int use_after_free(void)
{
	char *p = kmalloc(SIZE, GFP_KERNEL), *stale = p;

	if (!p)
		return -ENOMEM;
	OPTIMIZER_HIDE_VAR(stale);
	kfree(p);
	(void)READ_ONCE(*stale);
	return 0;
}

/* KASAN: writes the byte behind an object, where the kernel's own rounding leaves room for it. */
static int overflow(void)
{
	char *p = kmalloc(SIZE, GFP_KERNEL), *end = p;

	if (!p)
		return -ENOMEM;
	OPTIMIZER_HIDE_VAR(end);
	WRITE_ONCE(end[SIZE], 0);
	kfree(p);
	return 0;
}

/* KASAN: the same of an object of Reservoir's. */
static int own_use_after_free(void)
{
	char *p = rsv_kmalloc(rsv_default_region(), SIZE, GFP_KERNEL), *stale = p;

	if (!p)
		return -ENOMEM;
	OPTIMIZER_HIDE_VAR(stale);
	rsv_kfree(p);
	(void)READ_ONCE(*stale);
	return 0;
}

/* KASAN: writes the byte behind what was asked for, of which the size class has more. */
static int own_overflow(void)
{
	char *p = rsv_kmalloc(rsv_default_region(), SIZE, GFP_KERNEL), *end = p;

	if (!p)
		return -ENOMEM;
	OPTIMIZER_HIDE_VAR(end);
	WRITE_ONCE(end[SIZE], 0);
	rsv_kfree(p);
	return 0;
}

/* UBSAN: shifts an int by more bits than it has. */
static int undefined(void)
{
	int bits = 40;

	OPTIMIZER_HIDE_VAR(bits);
	bits = 1 << bits;
	OPTIMIZER_HIDE_VAR(bits);
	return 0;
}

/* kmemleak: forgets objects. Several, since a copy of one's address may be left somewhere. */
static int leak(void)
{
	int i;

	for (i = 0; i < LEAKS; i++) {
		void *p = kmalloc(SIZE, GFP_KERNEL);

		OPTIMIZER_HIDE_VAR(p);
	}
	return 0;
}

/* kmemleak: the same with objects of Reservoir's. */
static int own_leak(void)
{
	int i;

	for (i = 0; i < LEAKS; i++) {
		void *p = rsv_kmalloc(rsv_default_region(), SIZE, GFP_KERNEL);

		if (!p)
			return -ENOMEM;
		forgotten[i] = ~(unsigned long)p;
		OPTIMIZER_HIDE_VAR(p);
	}
	return 0;
}

/* PROVE_LOCKING: takes two locks in one order and then in the other. */
static int lock_order(void)
{
	spin_lock(&lock);
	spin_lock(&other_lock);
	spin_unlock(&other_lock);
	spin_unlock(&lock);

	spin_lock(&other_lock);
	spin_lock(&lock);
	spin_unlock(&lock);
	spin_unlock(&other_lock);
	return 0;
}

/* PROVE_RAW_LOCK_NESTING: takes a lock that sleeps on PREEMPT_RT under one that spins there. */
static int raw_lock_nesting(void)
{
	raw_spin_lock(&raw_lock);
	spin_lock(&lock);
	spin_unlock(&lock);
	raw_spin_unlock(&raw_lock);
	return 0;
}

/* DEBUG_ATOMIC_SLEEP: says that it may sleep where it may not. */
static int sleep_in_atomic(void)
{
	spin_lock(&lock);
	might_sleep();
	spin_unlock(&lock);
	return 0;
}

/* KCSAN: two threads count in one variable, until one of them was likely watched. */
static unsigned long counter;

static int count(void *unused)
{
	unsigned long end = jiffies + 2 * HZ;

	while (time_before(jiffies, end)) {
		counter++;
		barrier();
	}
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

static int race(void)
{
	struct task_struct *one = kthread_run(count, NULL, "fault/one");
	struct task_struct *other = kthread_run(count, NULL, "fault/other");

	if (!IS_ERR(one))
		kthread_stop(one);
	if (!IS_ERR(other))
		kthread_stop(other);
	return PTR_ERR_OR_ZERO(one) ?: PTR_ERR_OR_ZERO(other);
}

static const struct {
	const char *name;
	int (*make)(void);
} faults[] = {
	{"use-after-free", use_after_free},
	{"overflow", overflow},
	{"own-use-after-free", own_use_after_free},
	{"own-overflow", own_overflow},
	{"own-leak", own_leak},
	{"undefined", undefined},
	{"leak", leak},
	{"lock-order", lock_order},
	{"raw-lock-nesting", raw_lock_nesting},
	{"sleep-in-atomic", sleep_in_atomic},
	{"data-race", race},
};

static int __init fault_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(faults); i++)
		if (!strcmp(fault, faults[i].name))
			return faults[i].make();
	return -EINVAL;
}
module_init(fault_init);

/* What was started in fault_init() ended there. What was forgotten of Reservoir's is remembered. */
static void __exit fault_exit(void)
{
	unsigned int i;

	for (i = 0; i < LEAKS && forgotten[i]; i++)
		rsv_kfree((void *)~forgotten[i]);
}
module_exit(fault_exit);

MODULE_DESCRIPTION("Mistakes that the kernel's sanitizers must report");
MODULE_LICENSE("GPL");
