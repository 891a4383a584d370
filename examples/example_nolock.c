// SPDX-License-Identifier: GPL-2.0
/*
 * A record of the calls of a function, taken by a probe. A probe runs in the middle of whatever
 * code it probes: with interrupts off, under any lock, in an NMI. So it can neither wait for memory
 * nor take a lock that the code may hold.
 *
 * - Each CPU has records set aside for the probe: rsv_cache_reserve_percpu(). The probe takes one
 *   by rsv_cache_alloc_nolock(), fills it in, and adds it to a list that needs no lock.
 * - A task reads the records, and frees them in the usual way. A record that the probe itself must
 *   drop, because nobody has read the last ones, goes back by rsv_cache_free_nolock().
 *
 * As root: insmod reservoir_example_nolock.ko function=do_nanosleep; cat
 * /sys/module/reservoir_example_nolock/parameters/calls
 */
#include <linux/atomic.h>
#include <linux/kprobes.h>
#include <linux/llist.h>
#include <linux/module.h>
#include <linux/reservoir.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <linux/smp.h>
#include <linux/sysfs.h>

#define SET_ASIDE	32	/* records for each CPU */
#define UNREAD_MAX	1000	/* records that wait for a reader */
#define LINE_MAX	80	/* bytes of a line, and some */

struct record {
	struct llist_node node;
	u64 when;		/* in nanoseconds */
	unsigned int cpu;
	char task[TASK_COMM_LEN];
};

static char *function = "do_nanosleep";
module_param(function, charp, 0400);
MODULE_PARM_DESC(function, "the function whose calls are recorded");

static struct rsv_cache *records;
static LLIST_HEAD(unread);	/* any context adds to it, a reader takes all */
static atomic_t nr_unread;
static atomic_t nr_lost;

static int function_called(struct kprobe *probe, struct pt_regs *regs)
{
	struct record *r = rsv_cache_alloc_nolock(records, GFP_NOWAIT);

	if (!r) {
		atomic_inc(&nr_lost);
		return 0;
	}
	r->when = local_clock();
	r->cpu = raw_smp_processor_id();
	memcpy(r->task, current->comm, sizeof(r->task));
	if (atomic_inc_return(&nr_unread) > UNREAD_MAX) {
		atomic_dec(&nr_unread);
		atomic_inc(&nr_lost);
		rsv_cache_free_nolock(records, r);
		return 0;
	}
	llist_add(&r->node, &unread);
	return 0;
}

static struct kprobe probe = { .pre_handler = function_called };

/* Takes all records, frees them, and prints the oldest. Those without room count as lost. */
static int calls_get(char *text, const struct kernel_param *param)
{
	struct llist_node *all = llist_reverse_order(llist_del_all(&unread));
	struct record *r, *next;
	int len = 0;

	llist_for_each_entry_safe(r, next, all, node) {
		if (len < PAGE_SIZE - LINE_MAX)
			len += sysfs_emit_at(text, len, "%llu CPU %u %.*s\n", r->when, r->cpu,
					     TASK_COMM_LEN, r->task);
		else
			atomic_inc(&nr_lost);
		rsv_cache_free(records, r);
		atomic_dec(&nr_unread);
	}
	return len + sysfs_emit_at(text, len, "lost: %d\n", atomic_read(&nr_lost));
}

static const struct kernel_param_ops calls_ops = { .get = calls_get };
module_param_cb(calls, &calls_ops, NULL, 0400);
MODULE_PARM_DESC(calls, "the calls since the last look");

static int __init example_init(void)
{
	int err;

	if (!rsv_default_region())
		return -ENODEV;
	records = rsv_cache_create(rsv_default_region(), "records", sizeof(struct record), 0, 0,
				   NULL);
	if (IS_ERR(records))
		return PTR_ERR(records);
	err = rsv_cache_reserve_percpu(records, SET_ASIDE);
	if (err)
		goto destroy;
	probe.symbol_name = function;
	err = register_kprobe(&probe);
	if (err)
		goto destroy;
	return 0;
destroy:
	rsv_cache_destroy(records);
	return err;
}
module_init(example_init);

static void __exit example_exit(void)
{
	struct record *r, *next;

	unregister_kprobe(&probe);
	llist_for_each_entry_safe(r, next, llist_del_all(&unread), node)
		rsv_cache_free(records, r);
	/* This waits for frees of the probe that are deferred. */
	rsv_cache_destroy(records);
}
module_exit(example_exit);

MODULE_DESCRIPTION("Example of Reservoir: requests in any context");
MODULE_LICENSE("GPL");
