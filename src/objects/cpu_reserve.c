// SPDX-License-Identifier: GPL-2.0
/*
 * The reserves of CPUs: each CPU has some cached objects of a cache for requests in any context,
 * also an NMI, or a probe of code that holds locks of the module (nolock.c).
 *
 * Such a request may interrupt anything, even another such request on the same CPU. So a reserve is
 * an array of slots, and one atomic exchange moves an object out of a slot or into it. Whoever gets
 * the object by it owns it. There is no lock, no order of objects, and no state in between that an
 * NMI could see. Therefore other CPUs may refill and empty a reserve, too.
 *
 * A search passes each slot once. Meanwhile an interrupt may take the object of a slot ahead, and
 * somebody may refill one behind. So the search begins again if any object came or went while it
 * looked. It fails only if the reserve was empty at a moment of it.
 *
 * A request that takes an object queues a job (irq_job.c), which refills the slots as soon as this
 * CPU serves interrupts again. A refill gets no more objects than are missing when it begins: a
 * probe of the functions that it calls may take others meanwhile. If the region has no memory, the
 * next request or the periodic work (reap.c) tries again. Missing guaranteed objects come first.
 *
 * A CPU that comes on-line gets its objects first, and whoever raises their number holds the
 * kernel's hot-plug lock. The periodic work does not, since others wait for work items under it. So
 * it looks afterwards whether the CPU is there still.
 *
 * The reserve may become smaller while somebody refills it. Whoever lowers the number stores it and
 * then empties the slots beyond it. Whoever put an object into a slot looks at the number then, and
 * takes the object out again if its slot is beyond. The exchanges are full barriers, so that one of
 * the two sees what the other one did.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "alloc.h"
#include "batch.h"
#include "cache.h"
#include "cpu_reserve.h"
#include "guarantee.h"
#include "irq_job.h"
#include "magazine.h"
#include "magazine_cache.h"
#include "pages/drain.h"
#include "pages/gfp.h"
#include "room.h"

/* One caller at a time changes how many objects CPUs have. */
static DEFINE_MUTEX(rsv_cpu_reserve_mutex);

/* A refill takes what there is, in whatever context it runs. */
#define RSV_GFP_REFILL	(GFP_NOWAIT | __GFP_NOWARN)

static struct rsv_cpu_reserves *rsv_cpu_reserves_of(const struct rsv_cache *c)
{
	return smp_load_acquire(&c->reserves); /* pairs with rsv_cpu_reserves_create() */
}

/*
 * The slots
 */

static void *rsv_cpu_reserve_search(struct rsv_cpu_reserve *p)
{
	unsigned int i, at = READ_ONCE(p->hint);
	void *object;

	for (i = 0; i < RSV_RESERVE_PERCPU_MAX; i++, at--) {
		void **slot = &p->slot[at % RSV_RESERVE_PERCPU_MAX];

		object = READ_ONCE(*slot) ? xchg(slot, NULL) : NULL;
		if (object) {
			WRITE_ONCE(p->hint, at - 1);
			return object;
		}
	}
	return NULL;
}

/*
 * Puts an object into the first empty slot from @at on. Returns where the next search for one
 * begins, or the target if the reserve has not got the object, since none is empty.
 */
static unsigned int rsv_cpu_reserve_put(struct rsv_cpu_reserves *r, struct rsv_cpu_reserve *p,
					unsigned int at, void **object)
{
	for (; at < READ_ONCE(r->target); at++) {
		if (READ_ONCE(p->slot[at]) || cmpxchg(&p->slot[at], NULL, *object))
			continue;
		atomic_long_inc(&p->refills);
		if (likely(at < READ_ONCE(r->target))) {
			*object = NULL;
			WRITE_ONCE(p->hint, at);
			return at + 1;
		}
		/* The reserve became smaller: see above. */
		*object = xchg(&p->slot[at], NULL);
		break;
	}
	return at;
}

/* Objects that a CPU misses until it has @target */
static unsigned int rsv_cpu_reserve_missing(const struct rsv_cpu_reserve *p, unsigned int target)
{
	unsigned int at, missing = 0;

	for (at = 0; at < target; at++)
		missing += !READ_ONCE(p->slot[at]);
	return missing;
}

/* Gives the objects in the slots of a CPU from @from on back to the engine. */
static void rsv_cpu_reserve_empty(struct rsv_cache *c, struct rsv_cpu_reserve *p,
				  unsigned int from)
{
	unsigned int at;

	for (at = from; at < RSV_RESERVE_PERCPU_MAX; at++) {
		void *object = xchg(&p->slot[at], NULL);

		if (object)
			rsv_batch_free(c, &object, 1);
	}
}

/*
 * Refilling
 */

/* Gets up to @nr objects, constructed. Returns whether there are any. */
static bool rsv_cpu_reserve_get(struct rsv_cache *c, int nid, unsigned int nr,
				struct rsv_batch *t)
{
	void *object;

	rsv_alloc_for_reserve(c, RSV_GFP_REFILL, nid, nr, t);
	if (t->nr)
		return true;
	/* The region is exhausted. The magazines of this CPU may have the last objects. */
	object = rsv_cpu_alloc(c, NUMA_NO_NODE, false);
	if (object)
		t->object[t->nr++] = object;
	return object;
}

/* Objects that one interrupt gets */
#define RSV_REFILL_MAX	64U

/* Stores a batch where objects are missing: the guaranteed ones first, then slots of the CPU. */
static void rsv_cpu_reserve_store(struct rsv_cache *c, struct rsv_cpu_reserves *r,
				  struct rsv_cpu_reserve *p, struct rsv_batch *t)
{
	unsigned int at = 0;

	while (t->nr && rsv_guarantee_put(c, t->object[t->nr - 1]))
		t->nr--;
	while (t->nr) {
		at = rsv_cpu_reserve_put(r, p, at, &t->object[t->nr - 1]);
		if (t->object[t->nr - 1])
			break;
		t->nr--;
	}
	/* Somebody else refilled the slots, or the reserve became smaller. */
	rsv_batch_free(c, t->object, t->nr);
}

/*
 * Puts objects of a CPU's node into its slots: as many as are missing now, @most at most. Returns
 * whether the region had them.
 */
static bool rsv_cpu_reserve_fill(struct rsv_cache *c, struct rsv_cpu_reserves *r, unsigned int cpu,
				 unsigned int most)
{
	struct rsv_cpu_reserve *p = per_cpu_ptr(r->cpus, cpu);
	unsigned int left = min(rsv_cpu_reserve_missing(p, READ_ONCE(r->target)), most);
	struct rsv_batch t;

	while (left) {
		if (!rsv_cpu_reserve_get(c, cpu_to_mem(cpu), min(left, RSV_BATCH), &t))
			return false;
		left -= min(left, t.nr);
		rsv_cpu_reserve_store(c, r, p, &t);
	}
	return true;
}

/* The same for a CPU that is on-line. If it dies meanwhile its reserve may be emptied before. */
static bool rsv_cpu_reserve_fill_online(struct rsv_cache *c, struct rsv_cpu_reserves *r,
					unsigned int cpu, unsigned int most)
{
	const bool filled = rsv_cpu_reserve_fill(c, r, cpu, most);

	if (unlikely(!cpu_online(cpu)))
		rsv_cpu_reserve_empty(c, per_cpu_ptr(r->cpus, cpu), 0);
	return filled;
}

/*
 * The job of a CPU. If frees in interrupts found no magazine it also gets some, since a CPU that
 * only makes such requests never asks the engine otherwise.
 */
static bool rsv_cpu_reserve_run(struct rsv_irq_job *job)
{
	struct rsv_cpu_reserve *p = container_of(job, struct rsv_cpu_reserve, refill);
	struct rsv_cpu_reserves *r = p->cache->reserves;
	bool served;

	if (!cpu_online(p->cpu))
		return false;
	served = rsv_cpu_reserve_fill_online(p->cache, r, p->cpu, RSV_REFILL_MAX);
	if (served && rsv_magazine_wanted(p->cache) && rsv_magazine_missing(p->cache))
		rsv_magazine_preallocate(p->cache);
	return served && rsv_cpu_reserve_missing(p, READ_ONCE(r->target)) >= RSV_REFILL_MAX;
}

/**
 * rsv_cpu_reserve_refill() - refill the reserves of all CPUs, as far as there is memory
 * @c: the cache
 *
 * Context: Process; may sleep.
 */
void rsv_cpu_reserve_refill(struct rsv_cache *c)
{
	struct rsv_cpu_reserves *r = rsv_cpu_reserves_of(c);
	unsigned int cpu;

	if (!r)
		return;
	for_each_online_cpu(cpu)
		rsv_cpu_reserve_fill_online(c, r, cpu, UINT_MAX);
}

/**
 * rsv_cpu_reserve_start_cpu() - fill the reserve of a CPU that comes on-line
 * @c: the cache
 * @cpu: the CPU
 *
 * Context: Process.
 */
void rsv_cpu_reserve_start_cpu(struct rsv_cache *c, unsigned int cpu)
{
	struct rsv_cpu_reserves *r = rsv_cpu_reserves_of(c);

	if (r)
		rsv_cpu_reserve_fill(c, r, cpu, UINT_MAX);
}

/*
 * Use
 */

/**
 * rsv_cpu_reserve_take() - take an object of this CPU's reserve
 * @c: the cache
 *
 * Context: Any, with preemption disabled.
 * Return: A cached object, constructed; NULL if the reserve has none.
 */
void *rsv_cpu_reserve_take(struct rsv_cache *c)
{
	struct rsv_cpu_reserves *r = rsv_cpu_reserves_of(c);
	struct rsv_cpu_reserve *p;
	long refills, allocs;
	void *object;

	if (!r) {
		this_cpu_inc(c->cpus->failures);
		return NULL;
	}
	p = this_cpu_ptr(r->cpus);
	do {
		refills = atomic_long_read(&p->refills);
		allocs = atomic_long_read(&p->allocs);
		object = rsv_cpu_reserve_search(p);
	} while (!object && (refills != atomic_long_read(&p->refills) ||
			     allocs != atomic_long_read(&p->allocs)));
	atomic_long_inc(object ? &p->allocs : &p->failures);
	if (READ_ONCE(r->target))
		rsv_irq_job_queue(&p->refill);
	return object;
}

/*
 * Emptying
 */

/**
 * rsv_cpu_reserve_flush() - give the objects in the reserve of a CPU back to the engine
 * @c: the cache
 * @cpu: the CPU, which is dead
 *
 * Context: Process; may sleep.
 */
void rsv_cpu_reserve_flush(struct rsv_cache *c, unsigned int cpu)
{
	struct rsv_cpu_reserves *r = rsv_cpu_reserves_of(c);

	if (r)
		rsv_cpu_reserve_empty(c, per_cpu_ptr(r->cpus, cpu), 0);
}

static void rsv_cpu_reserve_lower(struct rsv_cache *c, struct rsv_cpu_reserves *r,
				  unsigned int target)
{
	unsigned int cpu;

	WRITE_ONCE(r->target, target);
	for_each_possible_cpu(cpu) {
		rsv_cpu_reserve_empty(c, per_cpu_ptr(r->cpus, cpu), target);
		cond_resched();
	}
	/* The objects may have been in any of the slots. */
	if (target)
		rsv_cpu_reserve_refill(c);
}

/**
 * rsv_cpu_reserve_end() - end the reserves of a cache that is about to be destroyed
 * @c: the cache, which no other task uses any more
 *
 * Context: Process; may sleep.
 */
void rsv_cpu_reserve_end(struct rsv_cache *c)
{
	struct rsv_cpu_reserves *r = rsv_cpu_reserves_of(c);

	if (!r)
		return;
	rsv_cpu_reserve_lower(c, r, 0);
	rsv_irq_jobs_flush();
}

/**
 * rsv_cpu_reserve_free() - free the reserves of a cache
 * @c: the cache, which nobody finds or uses any more
 *
 * Context: Process.
 */
void rsv_cpu_reserve_free(struct rsv_cache *c)
{
	if (!c->reserves)
		return;
	free_percpu(c->reserves->cpus);
	kfree(c->reserves);
}

/*
 * Raising
 */

/* Returns the cache's reserves, which are created the first time; NULL without memory for them */
static struct rsv_cpu_reserves *rsv_cpu_reserves_create(struct rsv_cache *c)
{
	struct rsv_cpu_reserves *r = c->reserves;
	unsigned int cpu;

	if (r)
		return r;
	r = kzalloc(sizeof(*r), rsv_gfp_create(c->region));
	if (!r)
		return NULL;
	r->cpus = __alloc_percpu_gfp(sizeof(struct rsv_cpu_reserve), cache_line_size(),
				     rsv_gfp_create(c->region));
	if (!r->cpus) {
		kfree(r);
		return NULL;
	}
	for_each_possible_cpu(cpu) {
		struct rsv_cpu_reserve *p = per_cpu_ptr(r->cpus, cpu);

		p->cache = c;
		p->cpu = cpu;
		p->refill.run = rsv_cpu_reserve_run;
	}
	smp_store_release(&c->reserves, r); /* pairs with rsv_cpu_reserves_of() */
	return r;
}

/* Fills the reserves of all CPUs. Returns false if the region has not enough memory. */
static bool rsv_cpu_reserve_fill_all(struct rsv_cache *c, struct rsv_cpu_reserves *r)
{
	bool filled = true;
	unsigned int cpu;

	cpus_read_lock();
	for_each_online_cpu(cpu) {
		filled = rsv_cpu_reserve_fill(c, r, cpu, UINT_MAX);
		if (!filled)
			break;
		cond_resched();
	}
	cpus_read_unlock();
	return filled;
}

/* Objects that the CPUs miss until each has @target */
static u64 rsv_cpu_reserve_missing_all(const struct rsv_cpu_reserves *r, unsigned int target)
{
	unsigned int cpu;
	u64 missing = 0;

	for_each_online_cpu(cpu)
		missing += rsv_cpu_reserve_missing(per_cpu_ptr(r->cpus, cpu), target);
	return missing;
}

/*
 * Whether the objects may fit. A reserve that the region cannot have costs others nothing: see
 * cache_reserve.c.
 */
static bool rsv_cpu_reserve_may_fit(struct rsv_cache *c, const struct rsv_cpu_reserves *r,
				    unsigned int target)
{
	const u64 missing = rsv_cpu_reserve_missing_all(r, target);

	if (!rsv_cache_has_room(c, missing, false))
		return false;
	if (rsv_cache_has_room(c, missing, true))
		return true;
	/* What others cache, a drain gets back. */
	rsv_drain_for_request(c->region, GFP_KERNEL);
	return rsv_cache_has_room(c, rsv_cpu_reserve_missing_all(r, target), true);
}

static int rsv_cpu_reserve_raise(struct rsv_cache *c, struct rsv_cpu_reserves *r,
				 unsigned int target)
{
	const unsigned int before = r->target;

	if (!rsv_cpu_reserve_may_fit(c, r, target))
		return -ENOMEM;
	WRITE_ONCE(r->target, target);
	if (rsv_cpu_reserve_fill_all(c, r))
		return 0;
	rsv_drain_for_request(c->region, GFP_KERNEL);
	if (rsv_cpu_reserve_fill_all(c, r))
		return 0;
	rsv_cpu_reserve_lower(c, r, before);
	return -ENOMEM;
}

static int rsv_cpu_reserve_set(struct rsv_cache *c, unsigned int target)
{
	struct rsv_cpu_reserves *r;

	if (!rsv_cache_usable(c) || target > RSV_RESERVE_PERCPU_MAX)
		return -EINVAL;
	if (!target && !c->reserves)
		return 0;
	r = rsv_cpu_reserves_create(c);
	if (!r)
		return -ENOMEM;
	if (target > r->target)
		return rsv_cpu_reserve_raise(c, r, target);
	rsv_cpu_reserve_lower(c, r, target);
	return 0;
}

/**
 * rsv_cpu_reserve_change() - give each CPU more objects, or fewer
 * @c: the cache
 * @change: how many objects more
 *
 * Context: Process; may sleep.
 * Return: As rsv_cache_reserve_percpu(); -EINVAL also for fewer objects than none.
 */
int rsv_cpu_reserve_change(struct rsv_cache *c, int change)
{
	unsigned int before;
	int err = -EINVAL;

	mutex_lock(&rsv_cpu_reserve_mutex);
	before = c->reserves ? c->reserves->target : 0;
	if (change >= -(int)before && change <= (int)RSV_RESERVE_PERCPU_MAX)
		err = rsv_cpu_reserve_set(c, before + change);
	mutex_unlock(&rsv_cpu_reserve_mutex);
	return err;
}

/**
 * rsv_cache_reserve_percpu() - give each CPU objects for requests in any context
 * @c: the cache
 * @nr: objects for each CPU, up to RSV_RESERVE_PERCPU_MAX; 0 ends the reserve
 *
 * rsv_cache_alloc_nolock() uses these objects when it finds no other, and nobody else uses them. No
 * such request fails while its CPU has one of them. An interrupt of that CPU replaces them, as soon
 * as it can. It runs the cache's constructor, if there is one. While the region has no memory for
 * that, it is tried again at each such request and every two seconds.
 *
 * CPUs that are on-line have the objects; one that comes on-line gets them then, if the region has
 * the memory, and one that goes off-line gives them back. Such objects of a cache end with it.
 *
 * Context: Process; may sleep.
 * Return: 0; -EINVAL for too many objects and, with a report, for a cache that was destroyed;
 * -ENOMEM if the region has not that many beyond what its watermarks and protections withhold. Then
 * the reserve is as it was, and all memory that the function took is free again.
 */
int rsv_cache_reserve_percpu(struct rsv_cache *c, unsigned int nr)
{
	int err;

	mutex_lock(&rsv_cpu_reserve_mutex);
	err = rsv_cpu_reserve_set(c, nr);
	mutex_unlock(&rsv_cpu_reserve_mutex);
	return err;
}
EXPORT_SYMBOL_GPL(rsv_cache_reserve_percpu);
