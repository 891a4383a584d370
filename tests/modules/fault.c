// SPDX-License-Identifier: GPL-2.0
/*
 * reservoir_fault.ko: deliberate faults, each of which one of the kernel's sanitizers must report.
 * A run without reports proves something only if the sanitizers work, and this module proves that
 * they do: with memory and locks of the kernel, and with objects of Reservoir, which KASAN and
 * kmemleak must check as well. No fault has an effect beyond its report.
 *
 * Loading the module makes the fault that fault= names. lockdep reports once in the life of a
 * kernel, and reports of other sanitizers disable it too. Its faults come first, and only one of
 * them in each boot. make check-debug knows the text of each report.
 */
#define pr_fmt(fmt) "fault: " fmt

#include <linux/compiler.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/reservoir.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

static char *fault = "";
module_param(fault, charp, 0400);
MODULE_PARM_DESC(fault, "which mistake to make");

#define SIZE	100
#define LEAKS	16

static DEFINE_SPINLOCK(lock);
static DEFINE_SPINLOCK(other_lock);
static DEFINE_RAW_SPINLOCK(raw_lock);
static DEFINE_MUTEX(reclaim_mutex);

/* Leaked objects, in a form that kmemleak does not take for pointers */
static unsigned long leaked[LEAKS];

/* KASAN: reads a byte of freed memory. The compiler must not know that it is freed. */
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

/* KASAN: writes the byte behind an object, where the kernel's rounding leaves unused bytes. */
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

/* KASAN: reads a byte of a freed object of Reservoir. */
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

/* KASAN: writes the byte behind the requested ones. The size class has room for it. */
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

/* kmemleak: leaks several objects, since a copy of one address may remain somewhere. */
static int leak(void)
{
	int i;

	for (i = 0; i < LEAKS; i++) {
		void *p = kmalloc(SIZE, GFP_KERNEL);

		OPTIMIZER_HIDE_VAR(p);
	}
	return 0;
}

/* kmemleak: leaks several objects of Reservoir. */
static int own_leak(void)
{
	int i;

	for (i = 0; i < LEAKS; i++) {
		void *p = rsv_kmalloc(rsv_default_region(), SIZE, GFP_KERNEL);

		if (!p)
			return -ENOMEM;
		leaked[i] = ~(unsigned long)p;
		OPTIMIZER_HIDE_VAR(p);
	}
	return 0;
}

/* Leaks memory of every kind. When Reservoir is unloaded, that memory stays, and only that. */
static int unload_leak(void)
{
	struct rsv_region *r = rsv_default_region();
	struct rsv_cache *c = rsv_cache_create(r, "leaky", SIZE, 0, RSV_STORE_USER, NULL);
	bool complete;

	if (IS_ERR(c))
		return PTR_ERR(c);
	complete = rsv_alloc_pages(r, GFP_KERNEL, 0);
	complete &= !!rsv_alloc_pages(r, GFP_KERNEL, 3);
	complete &= !!rsv_vmalloc(r, 3 * PAGE_SIZE);
	complete &= !!rsv_cache_alloc(c, GFP_KERNEL);
	complete &= !!rsv_kmalloc(r, SIZE, GFP_KERNEL);
	return complete ? 0 : -ENOMEM;
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

/*
 * PROVE_LOCKING: allocates from Reservoir under a mutex that reclaim takes, so that the request may
 * wait for a holder who waits for memory.
 */
static int own_reclaim(void)
{
	void *p;

	/* As a shrinker does */
	fs_reclaim_acquire(GFP_KERNEL);
	mutex_lock(&reclaim_mutex);
	mutex_unlock(&reclaim_mutex);
	fs_reclaim_release(GFP_KERNEL);

	mutex_lock(&reclaim_mutex);
	p = rsv_kmalloc(rsv_default_region(), SIZE, GFP_KERNEL);
	mutex_unlock(&reclaim_mutex);
	rsv_kfree(p);
	return 0;
}

/* DEBUG_ATOMIC_SLEEP: claims that it may sleep in atomic context. */
static int sleep_in_atomic(void)
{
	spin_lock(&lock);
	might_sleep();
	spin_unlock(&lock);
	return 0;
}

/* KCSAN: two threads increment one variable until KCSAN has likely watched one of them. */
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
	{"unload-leak", unload_leak},
	{"undefined", undefined},
	{"leak", leak},
	{"lock-order", lock_order},
	{"raw-lock-nesting", raw_lock_nesting},
	{"sleep-in-atomic", sleep_in_atomic},
	{"own-reclaim", own_reclaim},
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

/* All faults ended in fault_init(). The objects that own_leak() leaked are freed here. */
static void __exit fault_exit(void)
{
	unsigned int i;

	for (i = 0; i < LEAKS && leaked[i]; i++)
		rsv_kfree((void *)~leaked[i]);
}
module_exit(fault_exit);

MODULE_DESCRIPTION("Mistakes that the kernel's sanitizers must report");
MODULE_LICENSE("GPL");
