// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz: threads on all CPUs use and misuse memory at random, while their hard timer interrupts
 * allocate, free and misuse too. scripts/guest/machines takes CPUs off-line meanwhile.
 *
 * Each thread knows what it owns and what it freed. Nothing that it owns may change, every misuse
 * must be reported (the run prints their number, and scripts/guest/machines compares it with the
 * module's), and in the end all memory must be free: no cache and no region may be in use. The seed
 * gives each thread the same operations again, but not the same timing.
 */
#define pr_fmt(fmt) "machine: " fmt

#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "compat.h"
#include "fuzz.h"
#include "machine.h"

#define FUZZ_BATCH	32

static struct rsv_region *shared;
static struct rsv_cache *irq_cache;	/* objects of all interrupts */

/* Interrupts */

static enum hrtimer_restart fuzz_interrupt(struct hrtimer *timer)
{
	struct fuzzer *f = container_of(timer, struct fuzzer, timer);
	/* The interrupt that sees the object also sees its cache: fuzz_stale() */
	void *stale = smp_load_acquire(&f->stale);

	if (stale) {
		rsv_cache_free(f->stale_cache, stale);
		f->irq_misuses++;
	}
	rsv_cache_free(irq_cache, f->irq_object);
	f->irq_object = rsv_cache_alloc(irq_cache, GFP_ATOMIC | __GFP_NOWARN);
	f->irq_uses += !!f->irq_object;
	return HRTIMER_NORESTART;
}

static void fuzz_interrupt_soon(struct fuzzer *f)
{
	hrtimer_start(&f->timer, ns_to_ktime(2000 + fuzz_choose(f, 100000)),
		      HRTIMER_MODE_REL_PINNED_HARD);
}

/* Misuses an object while the interrupt does so too. No object is allocated meanwhile. */
static void fuzz_stale(struct fuzzer *f)
{
	struct fuzz_cache *c = &f->cache[fuzz_choose(f, FUZZ_CACHES)];
	unsigned int i;

	if (!c->cache || !c->nr_old)
		return;
	f->stale_cache = c->cache;
	/* Pairs with fuzz_interrupt(), which may run on another CPU. */
	smp_store_release(&f->stale, c->old[fuzz_choose(f, c->nr_old)]);
	fuzz_interrupt_soon(f);
	for (i = 0; i < FUZZ_BATCH; i++) {
		rsv_cache_free(c->cache, f->stale);
		f->misuses++;
	}
	if (!fuzz_choose(f, 8))
		rsv_cache_shrink(c->cache);
	WRITE_ONCE(f->stale, NULL);
	hrtimer_cancel(&f->timer);
}

/* Threads */

static int fuzz_thread(void *data)
{
	struct fuzzer *f = data;
	unsigned int i;

	while (!kthread_should_stop()) {
		machine_return_to_cpu(f->cpu);
		fuzz_interrupt_soon(f);
		for (i = 0; i < FUZZ_BATCH; i++) {
			machine_fuzz_use(f);
			if (!fuzz_choose(f, 4))
				machine_fuzz_misuse(f);
		}
		if (!fuzz_choose(f, 16))
			fuzz_stale(f);
		cond_resched();
	}
	return 0;
}

static int fuzzer_init(struct fuzzer *f, unsigned int cpu)
{
	const struct rsv_reserve want = { .bytes = SZ_1M };
	char name[RSV_NAME_MAX];

	f->cpu = cpu;
	f->shared = shared;
	prandom_seed_state(&f->random, machine_seed + 2 * cpu);
	prandom_seed_state(&f->irq_random, machine_seed + 2 * cpu + 1);
	rsv_hrtimer_setup(&f->timer, fuzz_interrupt, HRTIMER_MODE_REL_PINNED_HARD);
	snprintf(name, sizeof(name), "fuzz-%u", cpu);
	f->own = rsv_region_create(name, &want, 1);
	if (IS_ERR(f->own))
		return PTR_ERR(f->own);
	f->task = kthread_run(fuzz_thread, f, "fuzz/%u", cpu);
	return PTR_ERR_OR_ZERO(f->task);
}

static void fuzzer_stop(struct fuzzer *f)
{
	if (!IS_ERR_OR_NULL(f->task))
		kthread_stop(f->task);
	hrtimer_cancel(&f->timer);
	machine_fuzz_end(f);
	rsv_cache_free(irq_cache, f->irq_object);
	if (!IS_ERR_OR_NULL(f->own) && rsv_region_destroy(f->own))
		machine_wrong("pages of CPU %u's region are in use at the end", f->cpu);
}

static int fuzzers_run(struct fuzzer **fuzzers)
{
	unsigned int cpu, nr = 0;
	int err = 0;

	for_each_online_cpu(cpu) {
		fuzzers[nr] = kzalloc(sizeof(**fuzzers), GFP_KERNEL);
		err = fuzzers[nr] ? fuzzer_init(fuzzers[nr], cpu) : -ENOMEM;
		nr += !!fuzzers[nr];
		if (err)
			break;
	}
	if (!err)
		msleep_interruptible(machine_seconds * MSEC_PER_SEC);
	while (nr--)
		fuzzer_stop(fuzzers[nr]);
	return err;
}

/* Adds up what the threads did, prints it, and frees them. */
static void fuzzers_say(struct fuzzer **fuzzers)
{
	unsigned long uses = 0, misuses = 0, irq_uses = 0, irq_misuses = 0;
	unsigned int i;

	for (i = 0; i < nr_cpu_ids && fuzzers[i]; i++) {
		uses += fuzzers[i]->uses;
		misuses += fuzzers[i]->misuses;
		irq_uses += fuzzers[i]->irq_uses;
		irq_misuses += fuzzers[i]->irq_misuses;
		kfree(fuzzers[i]);
	}
	pr_info("misused: %lu\n", misuses + irq_misuses);
	pr_info("figure: seed %u: %lu uses and %lu misuses by %u threads, %lu and %lu by interrupts, %lu bytes changed\n",
		machine_seed, uses, misuses, i, irq_uses, irq_misuses, machine_nr_changed());
	if (!misuses || !irq_misuses || !irq_uses)
		machine_wrong("nothing was tried");
}

static int fuzz_region(void)
{
	struct fuzzer **fuzzers = kcalloc(nr_cpu_ids + 1, sizeof(*fuzzers), GFP_KERNEL);
	int err;

	if (!fuzzers)
		return -ENOMEM;
	irq_cache = rsv_cache_create(shared, "fuzz-irq", 120, 0, 0, NULL);
	if (IS_ERR(irq_cache)) {
		kfree(fuzzers);
		return PTR_ERR(irq_cache);
	}
	err = fuzzers_run(fuzzers);
	if (rsv_cache_destroy(irq_cache))
		machine_wrong("objects of interrupts are in use at the end");
	fuzzers_say(fuzzers);
	kfree(fuzzers);
	return err;
}

int machine_run_fuzz(struct rsv_region *unused)
{
	const struct rsv_reserve want = { .bytes = SZ_4M };
	int err;

	pr_info("seed %u\n", machine_seed);
	shared = rsv_region_create("fuzz", &want, 1);
	if (IS_ERR(shared))
		return PTR_ERR(shared);
	err = fuzz_region();
	if (rsv_region_destroy(shared))
		machine_wrong("the shared region is in use at the end");
	return err ?: machine_result();
}
