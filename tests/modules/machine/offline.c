// SPDX-License-Identifier: GPL-2.0
/*
 * offline: objects that wait for a grace period on a CPU that goes off-line. Each CPU but the first
 * gives some back, fewer than a magazine has, so that most of them are still the CPU's own. Then it
 * goes off-line, and nobody asks for the objects again. The guest script finds all of them free and
 * ends the module while those CPUs are off: then all memory is back.
 */
#define pr_fmt(fmt) "machine: " fmt

#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>

#include "machine.h"

#define GIVEN	43	/* objects of each kind that a CPU gives back */

/**
 * struct given - an object that is given back
 * @rcu: for the free
 * @rest: the rest
 */
struct given {
	struct rcu_head rcu;
	u8 rest[104];
};

/* The last kind is memory by the byte. */
static struct kind {
	const char *name;
	unsigned int flags;
	bool by_rcu;
	struct rsv_cache *cache;
} kinds[] = {
	{"offline-plain", 0, true},
	{"offline-typesafe", RSV_TYPESAFE_BY_RCU, false},
	{"offline-typesafe-rcu", RSV_TYPESAFE_BY_RCU, true},
	{"kmalloc-*"},
};

#define KINDS	ARRAY_SIZE(kinds)

static unsigned long nr_given;

static void construct(void *object)
{
}

static struct given *take(const struct kind *k)
{
	if (!k->cache)
		return rsv_kmalloc(rsv_default_region(), sizeof(struct given), GFP_KERNEL);
	return rsv_cache_alloc(k->cache, GFP_KERNEL);
}

static void give(const struct kind *k, struct given *o)
{
	if (!k->cache)
		rsv_kfree_rcu(o, rcu);
	else if (k->by_rcu)
		rsv_cache_free_rcu(k->cache, o, &o->rcu);
	else
		rsv_cache_free(k->cache, o);
}

/* On the CPU that goes off-line next */
static long take_and_give(void *data)
{
	struct given *taken[GIVEN];
	unsigned int kind, i;

	for (kind = 0; kind < KINDS; kind++) {
		for (i = 0; i < GIVEN; i++) {
			taken[i] = take(&kinds[kind]);
			if (!taken[i]) {
				machine_wrong("no memory for %s", kinds[kind].name);
				break;
			}
		}
		while (i--)
			give(&kinds[kind], taken[i]);
	}
	return 0;
}

static int offline_create(struct rsv_region *r)
{
	struct rsv_cache *c;
	struct kind *k;

	for (k = kinds; k < kinds + KINDS - 1; k++) {
		c = rsv_cache_create(r, k->name, sizeof(struct given), 0,
				     k->flags | machine_target_flags(), construct);
		if (IS_ERR(c))
			return PTR_ERR(c);
		k->cache = c;
	}
	return 0;
}

static int offline_cpus(void)
{
	unsigned int cpu;
	int err;

	for_each_online_cpu(cpu) {
		if (!cpu)
			continue;
		work_on_cpu(cpu, take_and_give, NULL);
		nr_given += GIVEN;
		err = remove_cpu(cpu);
		if (err)
			return err;
	}
	return machine_result();
}

int machine_run_offline(struct rsv_region *r)
{
	int err = offline_create(r) ?: offline_cpus();
	unsigned int kind;

	if (err) {
		machine_offline_end();
		return err;
	}
	for (kind = 0; kind < KINDS; kind++)
		pr_info("count: %s %lu %lu 0\n", kinds[kind].name, nr_given, nr_given);
	return 0;
}

void machine_offline_end(void)
{
	struct kind *k;

	if (!kinds[0].cache)
		return;
	for (k = kinds; k < kinds + KINDS - 1; k++)
		if (k->cache)
			rsv_cache_destroy(k->cache);
	machine_run_drain(rsv_default_region());
}
