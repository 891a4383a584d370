// SPDX-License-Identifier: GPL-2.0
/*
 * reservoir_machine.ko: proofs that need a whole machine rather than a suite: interrupts, CPUs that
 * come and go, real zones and nodes, a comparison with the kernel's allocators. It uses only the
 * public interface and the default region, so that it loads on any kernel. Loading it does the run
 * that run= names, and fails with -EIO if the run fails. make check-machines compares the region's
 * free areas before and after.
 */
#define pr_fmt(fmt) "machine: " fmt

#include <linux/atomic.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/random.h>
#include <linux/sched.h>

#include "machine.h"

static char *run = "drain";
module_param(run, charp, 0400);
MODULE_PARM_DESC(run,
		 "what to do: drain, zones, nodes, stress, objects, footprint, reserve, traces, double_free, fuzz, unplug, typesafe, offline, nolock");

unsigned int machine_seconds = 40;
module_param_named(seconds, machine_seconds, uint, 0400);
MODULE_PARM_DESC(seconds, "how long stress, objects, double_free, fuzz and nolock take, and typesafe at most");

unsigned int machine_slots = 2048;
module_param_named(slots, machine_slots, uint, 0400);
MODULE_PARM_DESC(slots, "blocks or objects that these hold at most");

unsigned int machine_seed;
module_param_named(seed, machine_seed, uint, 0400);
MODULE_PARM_DESC(seed, "of these; 0 for another one each time");

unsigned int machine_megabytes = 1024;
module_param_named(megabytes, machine_megabytes, uint, 0400);
MODULE_PARM_DESC(megabytes, "how much reserve and unplug take");

bool machine_checks;
module_param_named(checks, machine_checks, bool, 0400);
MODULE_PARM_DESC(checks, "whether the caches of objects check what they are given");

bool machine_nmis;
module_param_named(nmis, machine_nmis, bool, 0400);
MODULE_PARM_DESC(nmis, "whether nolock is sent NMIs");

bool machine_hotplug;
module_param_named(hotplug, machine_hotplug, bool, 0400);
MODULE_PARM_DESC(hotplug, "whether CPUs go off-line and on all the time that typesafe takes");

char *machine_target = "slub";
module_param_named(target, machine_target, charp, 0400);
MODULE_PARM_DESC(target,
		 "what double_free frees twice: slab, slub, slob[-bare][-bulk] or pages[-bulk]; the caches of typesafe and offline: the same without -bulk");

static atomic_t nr_wrong;

/* Prints what is wrong, ten times at most, and makes the run fail. */
void machine_wrong(const char *fmt, ...)
{
	struct va_format text = { .fmt = fmt };
	va_list args;

	if (atomic_inc_return(&nr_wrong) > 10)
		return;
	va_start(args, fmt);
	text.va = &args;
	pr_err("%pV\n", &text);
	va_end(args);
}

/* Returns 0 if nothing was wrong. */
int machine_result(void)
{
	return atomic_read(&nr_wrong) ? -EIO : 0;
}

/* The flags of a cache that the parameter target= names */
unsigned int machine_target_flags(void)
{
	unsigned int flags = RSV_ENGINE_SLUB;

	if (strstr(machine_target, "slab"))
		flags = RSV_ENGINE_SLAB;
	else if (strstr(machine_target, "slob"))
		flags = RSV_ENGINE_SLOB;
	return strstr(machine_target, "-bare") ? flags | RSV_NO_MAGAZINE : flags;
}

/*
 * For the thread of a CPU: it runs elsewhere while that CPU is off-line, and returns with it. The
 * kernel lets its own threads move to a CPU that is going off-line. The lock keeps the set of CPUs
 * as it is meanwhile, so that no CPU dies with the thread on it.
 */
void machine_return_to_cpu(unsigned int cpu)
{
	if (task_cpu(current) == cpu)
		return;
	cpus_read_lock();
	if (cpu_online(cpu))
		set_cpus_allowed_ptr(current, cpumask_of(cpu));
	cpus_read_unlock();
}

/*
 * drain: moves all free memory to the free areas. A region that is shrunk by nothing drains first,
 * and waits for all CPUs. No region has a block of 4 TiB, and a request that may sleep drains
 * everything before it fails.
 */
int machine_run_drain(struct rsv_region *r)
{
	rsv_region_shrink(r, 0);
	return rsv_alloc_pages(r, GFP_KERNEL | __GFP_NOWARN, 30) ? -EIO : 0;
}

static const struct {
	const char *name;
	int (*run)(struct rsv_region *r);
} runs[] = {
	{"drain", machine_run_drain},	  {"zones", machine_run_zones},
	{"nodes", machine_run_nodes},	  {"stress", machine_run_stress},
	{"objects", machine_run_objects}, {"footprint", machine_run_footprint},
	{"reserve", machine_run_reserve}, {"traces", machine_run_traces},
	{"double_free", machine_run_double_free}, {"fuzz", machine_run_fuzz},
	{"unplug", machine_run_unplug},	  {"typesafe", machine_run_typesafe},
	{"offline", machine_run_offline}, {"nolock", machine_run_nolock},
};

static int __init machine_init(void)
{
	struct rsv_region *r = rsv_default_region();
	unsigned int i;

	if (!r || !machine_slots)
		return -EINVAL;
	if (!machine_seed)
		machine_seed = get_random_u32() | 1;
	for (i = 0; i < ARRAY_SIZE(runs); i++)
		if (!strcmp(run, runs[i].name))
			return runs[i].run(r);
	return -EINVAL;
}
module_init(machine_init);

/* Everything else that machine_init() started ended there. */
static void __exit machine_exit(void)
{
	machine_unplug_end();
	machine_offline_end();
	machine_traces_end();
	machine_objects_end();
}
module_exit(machine_exit);

MODULE_DESCRIPTION("Proofs of Reservoir on whole machines");
MODULE_LICENSE("GPL");
