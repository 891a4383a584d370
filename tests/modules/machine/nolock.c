// SPDX-License-Identifier: GPL-2.0
/*
 * nolock: requests in any context. Threads and timer interrupts of all CPUs allocate and free
 * objects of some caches. Meanwhile each NMI that the machine is sent, and each call of a function
 * that is probed, allocates and frees objects of the same caches, whatever lock the code holds that
 * it interrupts. No such request may fail, since its CPU has objects for it.
 *
 * The script that loads the module has the machine sent NMIs, or writes the names of the functions
 * to the parameter probe while the run goes on.
 */
#define pr_fmt(fmt) "machine: " fmt

#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "machine.h"

#define CONSTRUCTED	0x636f6e7374727563ULL
#define RESERVED	64	/* objects of each kind for each CPU */
#define BYTES		120	/* of an object */
#define NMIS		10000	/* that each CPU must have had */
#define PROBES_MAX	1500
#define CALLED		100	/* functions that the run must have called */

/**
 * struct held - an object that somebody has
 * @was: of a constructed object, from the constructor
 * @kind: entry of kinds[]
 * @by: a number of its user, who wrote it to all of @bytes
 * @bytes: the rest
 */
struct held {
	u64 was;
	u32 kind;
	u32 by;
	u8 bytes[BYTES - 2 * sizeof(u64)];
};

static void construct(void *object)
{
	((struct held *)object)->was = CONSTRUCTED;
}

/* The last kind is memory by the byte. */
static struct kind {
	const char *name;
	unsigned int flags;
	bool constructed;
	struct rsv_cache *cache;
} kinds[] = {
	{"nolock-slub", RSV_ENGINE_SLUB},
	{"nolock-slub-bare", RSV_ENGINE_SLUB | RSV_NO_MAGAZINE},
	{"nolock-slub-made", RSV_ENGINE_SLUB | RSV_FREE_NOLOCK, true},
	{"nolock-slab", RSV_ENGINE_SLAB},
	{"nolock-slab-bare", RSV_ENGINE_SLAB | RSV_NO_MAGAZINE | RSV_FREE_NOLOCK, true},
	{"kmalloc"},
};

#define KINDS	ARRAY_SIZE(kinds)

/* The contexts of a CPU of which one may interrupt the other */
enum { IN_NMI, IN_PROBE, CONTEXTS };

/**
 * struct any_context - what requests of a context have, and did (the context)
 * @held: an object of each kind
 * @nr: times that the context ran
 */
struct any_context {
	struct held *held[KINDS];
	unsigned long nr;
};

static DEFINE_PER_CPU(struct any_context[CONTEXTS], contexts);
static DEFINE_PER_CPU(unsigned long, nr_nmis);
static DEFINE_PER_CPU(unsigned int, nr_in_interrupt);	/* calls of probed functions */
static bool running;
static bool kmalloc_reserved;

/*
 * Objects
 */

static void held_begin(struct held *o, u32 kind, u32 by)
{
	if (kinds[kind].constructed && o->was != CONSTRUCTED)
		machine_wrong("an object of %s is not constructed", kinds[kind].name);
	o->kind = kind;
	o->by = by;
	memset(o->bytes, by, sizeof(o->bytes));
}

static void held_end(struct held *o)
{
	if (o->kind >= KINDS || memchr_inv(o->bytes, o->by, sizeof(o->bytes)))
		machine_wrong("an object of kind %u was written to by somebody else", o->kind);
}

static struct held *alloc_nolock(u32 kind)
{
	if (kind == KINDS - 1)
		return rsv_kmalloc_nolock(rsv_default_region(), BYTES, GFP_NOWAIT);
	return rsv_cache_alloc_nolock(kinds[kind].cache, GFP_NOWAIT);
}

static void free_nolock(struct held *o, u32 kind)
{
	if (kind == KINDS - 1)
		rsv_kfree_nolock(o);
	else
		rsv_cache_free_nolock(kinds[kind].cache, o);
}

/* Replaces the object of one kind. */
static void any_context_runs(int in)
{
	struct any_context *context = &this_cpu_ptr(contexts)[in];
	const u32 kind = context->nr++ % KINDS;
	struct held *o = alloc_nolock(kind);

	if (!o) {
		machine_wrong("no object of %s in %s", kinds[kind].name,
			      in == IN_NMI ? "an NMI" : "a probe");
		return;
	}
	held_begin(o, kind, 0x10 + context->nr);
	o = xchg(&context->held[kind], o);
	if (!o)
		return;
	held_end(o);
	free_nolock(o, kind);
}

static void nmi_comes(void)
{
	this_cpu_inc(nr_nmis);
	if (READ_ONCE(running))
		any_context_runs(IN_NMI);
}

static unsigned long all_nmis(void)
{
	unsigned long nr = 0;
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		nr += per_cpu(nr_nmis, cpu);
	return nr;
}

/* The script sees that no more are wanted. Those that it sent already may still be on their way. */
static void nmis_end(void)
{
	unsigned long before;

	WRITE_ONCE(machine_nmis, false);
	do {
		before = all_nmis();
		msleep(500);
	} while (all_nmis() != before);
	machine_nmi_stop();
}

static void contexts_end(void)
{
	unsigned int cpu, in;
	u32 kind;

	for_each_possible_cpu(cpu)
		for (in = 0; in < CONTEXTS; in++)
			for (kind = 0; kind < KINDS; kind++) {
				struct held *o = per_cpu(contexts, cpu)[in].held[kind];

				if (!o)
					continue;
				held_end(o);
				if (kind == KINDS - 1)
					rsv_kfree(o);
				else
					rsv_cache_free(kinds[kind].cache, o);
			}
}

/*
 * Probes
 */

/**
 * struct probe - a function that is probed
 * @probe: its probe
 * @nr: calls that the probe has seen
 * @name: its name
 */
struct probe {
	struct kprobe probe;
	unsigned long nr;
	char name[80];
};

static DEFINE_MUTEX(probes_lock);
static struct kprobe *probes[PROBES_MAX];	/* (probes_lock) */
static unsigned int nr_probes;			/* (probes_lock) */
static bool all_probed;

/*
 * The interrupt that refills the CPU's objects calls a dozen functions for each. If each of their
 * probes took one, none would be left in the end.
 */
static int function_is_called(struct kprobe *p, struct pt_regs *regs)
{
	WRITE_ONCE(container_of(p, struct probe, probe)->nr, 1);
	if (!in_hardirq() || !(this_cpu_inc_return(nr_in_interrupt) % 32))
		any_context_runs(IN_PROBE);
	return 0;
}

/* With this, the kernel replaces no probe by a jump, for which it would wait seconds each time. */
static void function_has_begun(struct kprobe *p, struct pt_regs *regs, unsigned long flags)
{
}

/*
 * Writing the name of a function to the parameter probes it. An error: it cannot be probed. A "."
 * says that these were all.
 */
static int probe_set(const char *name, const struct kernel_param *param)
{
	struct probe *p;
	int err = -EINVAL;

	if (*name == '.') {
		WRITE_ONCE(all_probed, true);
		return 0;
	}
	p = kzalloc(sizeof(*p), GFP_KERNEL);
	if (!p)
		return -ENOMEM;
	strscpy(p->name, name, sizeof(p->name));
	strim(p->name);
	p->probe.symbol_name = p->name;
	p->probe.pre_handler = function_is_called;
	p->probe.post_handler = function_has_begun;
	mutex_lock(&probes_lock);
	if (READ_ONCE(running) && nr_probes < PROBES_MAX)
		err = register_kprobe(&p->probe);
	if (!err)
		probes[nr_probes++] = &p->probe;
	mutex_unlock(&probes_lock);
	if (err)
		kfree(p);
	return err;
}

static const struct kernel_param_ops probe_ops = { .set = probe_set };
module_param_cb(probe, &probe_ops, NULL, 0200);
MODULE_PARM_DESC(probe, "a function that nolock probes, written while it runs");

/*
 * Removes the probes while there is one CPU only: an emulated one may execute what another one has
 * patched a moment ago, and stumble over a probe that is gone.
 */
static void probes_remove(void)
{
	static cpumask_t removed;
	unsigned int cpu;

	if (!nr_probes)
		return;
	for_each_online_cpu(cpu)
		if (cpu && !remove_cpu(cpu))
			cpumask_set_cpu(cpu, &removed);
	unregister_kprobes(probes, nr_probes);
	for_each_cpu(cpu, &removed)
		add_cpu(cpu);
	cpumask_clear(&removed);
}

static void probes_end(bool nmis)
{
	unsigned int i, called = 0;

	mutex_lock(&probes_lock);
	WRITE_ONCE(running, false);
	probes_remove();
	for (i = 0; i < nr_probes; i++) {
		struct probe *p = container_of(probes[i], struct probe, probe);

		called += p->nr;
		kfree(p);
	}
	if (!nmis)
		pr_info("figure: %u functions were probed, %u of them were called\n", nr_probes,
			called);
	if (!nmis && called < CALLED)
		machine_wrong("of %u probes %u were hit", nr_probes, called);
	mutex_unlock(&probes_lock);
}

/*
 * The run
 */

static unsigned long any_take(struct rnd_state *random, gfp_t gfp)
{
	u32 kind = prandom_u32_state(random) % KINDS;
	struct held *o;

	gfp |= __GFP_NOWARN;
	if (kind == KINDS - 1)
		o = rsv_kmalloc(rsv_default_region(), BYTES, gfp);
	else
		o = rsv_cache_alloc(kinds[kind].cache, gfp);
	if (o)
		held_begin(o, kind, prandom_u32_state(random));
	return (unsigned long)o;
}

static void any_give(unsigned long taken)
{
	struct held *o = (struct held *)taken;
	u32 kind;

	if (!o)
		return;
	held_end(o);
	kind = min_t(u32, o->kind, KINDS - 1);
	/* One in four in the way that NMIs use */
	if (!(taken / 64 % 4))
		free_nolock(o, kind);
	else if (kind == KINDS - 1)
		rsv_kfree(o);
	else
		rsv_cache_free(kinds[kind].cache, o);
}

/* Slabs and magazines that come and go, and another number of objects for each CPU */
static void any_extra(struct rnd_state *random)
{
	struct rsv_cache *c = kinds[prandom_u32_state(random) % (KINDS - 1)].cache;
	u32 way = prandom_u32_state(random) % 64;
	void *many[24];

	if (!way)
		rsv_cache_shrink(c);
	if (way == 1)
		rsv_cache_reserve_percpu(c, RESERVED + prandom_u32_state(random) % RESERVED);
	rsv_cache_free_bulk(c, rsv_cache_alloc_bulk(c, GFP_NOWAIT, ARRAY_SIZE(many), many), many);
}

/* Whether each CPU had all its NMIs, or all functions are probed */
static bool any_enough(void)
{
	unsigned int cpu;

	if (!machine_nmis)
		return READ_ONCE(all_probed);
	for_each_online_cpu(cpu)
		if (per_cpu(contexts, cpu)[IN_NMI].nr < NMIS)
			return false;
	return true;
}

static const struct stress any = {
	.what = "objects",
	.take = any_take,
	.give = any_give,
	.extra = any_extra,
	.enough = any_enough,
};

static int any_create(struct rsv_region *r)
{
	unsigned int checks = machine_checks ? RSV_RED_ZONE | RSV_POISON | RSV_STORE_USER : 0;
	u32 kind;
	int err;

	for (kind = 0; kind < KINDS - 1; kind++) {
		struct kind *k = &kinds[kind];
		struct rsv_cache *c = rsv_cache_create(r, k->name, BYTES, 0, k->flags | checks,
						       k->constructed ? construct : NULL);

		if (IS_ERR(c))
			return PTR_ERR(c);
		k->cache = c;
		err = rsv_cache_reserve_percpu(c, RESERVED);
		if (err)
			return err;
	}
	err = rsv_kmalloc_reserve_percpu(r, BYTES, RESERVED);
	kmalloc_reserved = !err;
	return err;
}

/* Returns -EBUSY if objects are lost. */
static int any_destroy(struct rsv_region *r)
{
	int err = 0;
	u32 kind;

	for (kind = 0; kind < KINDS - 1; kind++)
		if (kinds[kind].cache)
			err = rsv_cache_destroy(kinds[kind].cache) ?: err;
	if (kmalloc_reserved)
		rsv_kmalloc_unreserve_percpu(r, BYTES, RESERVED);
	return err;
}

/* Says how often each CPU was interrupted. */
static void contexts_say(bool nmis)
{
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		const struct any_context *context = per_cpu(contexts, cpu);

		pr_info("figure: CPU %u: %lu NMIs, %lu probes\n", cpu, context[IN_NMI].nr,
			context[IN_PROBE].nr);
		if (nmis && context[IN_NMI].nr < NMIS)
			machine_wrong("CPU %u had %lu NMIs only", cpu, context[IN_NMI].nr);
	}
}

int machine_run_nolock(struct rsv_region *r)
{
	const bool nmis = IS_ENABLED(CONFIG_X86) && machine_nmis;
	int err = any_create(r), ended;

	if (!err && nmis)
		err = machine_nmi_start(nmi_comes);
	if (!err) {
		WRITE_ONCE(running, true);
		err = machine_stress(&any);
		probes_end(nmis);
		if (nmis)
			nmis_end();
		contexts_end();
		contexts_say(nmis);
	}
	ended = any_destroy(r);
	machine_run_drain(r);
	return err ?: ended ?: machine_result();
}
