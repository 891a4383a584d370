// SPDX-License-Identifier: GPL-2.0
/*
 * The magazines of this CPU on the slow paths: this file refills them from the engine, exchanges
 * them with the depot, and flushes them to the engine. cpu.h has the protocol, and fastpath.h the
 * steps that most requests take.
 *
 * Objects of other nodes collect in a magazine of their own, the remote one, and go to the engine
 * when it is full. So the magazines that serve allocations have memory of other nodes only if the
 * engine had none of the CPU's node, or if a task moved to another CPU.
 *
 * The CPU allocates a new magazine while busy is clear: that may take long, and an interrupt should
 * find the magazines meanwhile.
 */
#include <linux/irqflags.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/topology.h>

#include "batch.h"
#include "cpu.h"
#include "depot.h"
#include "guarantee.h"
#include "magazine.h"
#include "magazine_cache.h"
#include "pages/backoff.h"
#include "pages/pagemap.h"
#include "rcu_frees.h"

/*
 * Allocation
 */

/* Whether the next object of the loaded magazine, which has one, may serve a request for a node */
static bool rsv_cpu_serves(struct rsv_cache *c, const struct rsv_cpu *cpu, int nid)
{
	if (nid == NUMA_NO_NODE || nr_node_ids == 1)
		return true;
	return nid == numa_mem_id() && rsv_region_extent(c->region, cpu->top[-1])->nid == nid;
}

/**
 * rsv_cpu_alloc() - take a cached object from this CPU's magazines or from the depot
 * @c: the cache, its fast paths on or off
 * @nid: the node that the object must be of; NUMA_NO_NODE for any
 * @count: whether to count an allocation: a user gets the object
 *
 * Context: Any but NMI.
 * Return: The object. NULL if there is none, if the next one is of another node, and in an
 * interrupt that came while the CPU is busy.
 */
void *rsv_cpu_alloc(struct rsv_cache *c, int nid, bool count)
{
	struct rsv_cpu *cpu;
	void *object = NULL;

	if (!rsv_cache_has_magazines(c))
		return NULL;
	cpu = rsv_cpu_enter(c->cpus);
	if (!cpu)
		return NULL;
	if ((rsv_cpu_nr_loaded(cpu) || rsv_depot_exchange_empty(c, cpu)) &&
	    rsv_cpu_serves(c, cpu, nid) && rsv_cpu_pop(cpu, &object))
		cpu->allocs += count;
	rsv_cpu_leave(cpu);
	return object;
}

/*
 * Enters this CPU and makes sure that its loaded magazine has room, with a new magazine if need be.
 * Returns NULL if the CPU is busy or no magazine has room.
 */
static struct rsv_cpu *rsv_cpu_enter_with_room(struct rsv_cache *c)
{
	struct rsv_cpu *cpu = rsv_cpu_enter(c->cpus);
	struct rsv_magazine *m;

	if (!cpu)
		return NULL;
	if (rsv_cpu_room(cpu) || rsv_depot_exchange_full(c, cpu))
		return cpu;
	rsv_cpu_leave(cpu);
	m = rsv_magazine_wanted(c) ? rsv_magazine_new(c) : NULL;
	if (!m)
		return NULL;
	cpu = rsv_cpu_enter(c->cpus);
	if (cpu)
		rsv_depot_load_new(c, cpu, m);
	else
		rsv_depot_add(c, m);
	return cpu;
}

/**
 * rsv_cpu_batch_size() - the number of objects to get from the engine at once
 * @c: the cache
 *
 * With interrupts off, the objects beyond the first one need a magazine that exists already.
 * Otherwise the allocation gets its objects first and a magazine afterwards, because a magazine may
 * take the region's last page.
 *
 * Context: Any but NMI.
 * Return: Their number.
 */
unsigned int rsv_cpu_batch_size(struct rsv_cache *c)
{
	struct rsv_cpu *cpu;
	unsigned int nr;

	if (!rsv_magazine_wanted(c))
		return 1;
	nr = min(RSV_BATCH, READ_ONCE(c->magazine_size));
	if (!irqs_disabled())
		return nr;
	/* A request that must also preallocate magazines takes only the object that it needs. */
	cpu = rsv_magazine_missing(c) ? NULL : rsv_cpu_enter_with_room(c);
	if (!cpu)
		return 1;
	rsv_cpu_leave(cpu);
	return nr;
}

/**
 * rsv_cpu_refill() - put the objects of a batch beyond the first one into this CPU's magazines
 * @c: the cache
 * @t: the batch
 *
 * Objects become guaranteed ones first, while any is missing. Objects for which no magazine has
 * room go back to the engine.
 *
 * Context: Any but NMI.
 */
void rsv_cpu_refill(struct rsv_cache *c, struct rsv_batch *t)
{
	unsigned int nr = t->nr, some;
	struct rsv_cpu *cpu;

	while (nr > 1 && rsv_guarantee_put(c, t->object[nr - 1]))
		nr--;
	if (nr <= 1)
		return;
	cpu = rsv_cpu_enter_with_room(c);
	if (cpu) {
		some = min(nr - 1, rsv_cpu_room(cpu));
		nr -= some;
		rsv_step(RSV_STEP_READ);
		memcpy(cpu->top, t->object + nr, some * sizeof(*cpu->top));
		cpu->top += some;
		rsv_step(RSV_STEP_CHANGED);
		rsv_cpu_leave(cpu);
	}
	rsv_batch_free(c, t->object + 1, nr - 1);
}

/*
 * Free
 */

/**
 * rsv_cpu_make_room() - load a magazine with room if that of this CPU is full
 * @c: the cache
 *
 * Context: Any but NMI.
 * Return: Whether the loaded magazine had room when the function left it.
 */
bool rsv_cpu_make_room(struct rsv_cache *c)
{
	struct rsv_cpu *cpu = rsv_cache_has_magazines(c) ? rsv_cpu_enter_with_room(c) : NULL;

	if (!cpu)
		return false;
	rsv_cpu_leave(cpu);
	return true;
}

/* Enters this CPU and makes sure that it has a remote magazine, a new one if need be; or NULL */
static struct rsv_cpu *rsv_cpu_enter_with_remote(struct rsv_cache *c)
{
	struct rsv_cpu *cpu = rsv_cpu_enter(c->cpus);
	struct rsv_magazine *m;

	if (!cpu || cpu->remote->size)
		return cpu;
	rsv_cpu_leave(cpu);
	/* The depot has the remote magazine that was flushed last. */
	m = rsv_magazine_take_empty(c);
	if (!m)
		return NULL;
	cpu = rsv_cpu_enter(c->cpus);
	if (cpu && !cpu->remote->size) {
		cpu->remote = m;
		rsv_backoff_cached(c->region);
	} else {
		rsv_depot_add(c, m);
	}
	return cpu;
}

/* Pushes an object onto the remote magazine. Returns the magazine if it is full now, or NULL. */
static struct rsv_magazine *rsv_cpu_push_remote(struct rsv_cpu *cpu, void *object)
{
	struct rsv_magazine *m = cpu->remote;

	m->object[m->rounds++] = object;
	if (m->rounds < m->size)
		return NULL;
	cpu->remote = &rsv_magazine_none;
	return m;
}

static bool rsv_cpu_free_remote(struct rsv_cache *c, void *object, bool count)
{
	struct rsv_cpu *cpu = rsv_cpu_enter_with_remote(c);
	struct rsv_magazine *full;

	if (!cpu)
		return false;
	full = rsv_cpu_push_remote(cpu, object);
	cpu->frees += count;
	rsv_cpu_leave(cpu);
	if (full) {
		rsv_magazine_flush(c, full);
		rsv_depot_add(c, full);
	}
	return true;
}

/**
 * rsv_cpu_free() - put a cached object into a magazine of this CPU
 * @c: the cache, its fast paths on or off
 * @e: the extent that the object lies in
 * @object: the object
 * @count: whether to count a free: a user freed the object
 *
 * Context: Any but NMI.
 * Return: Whether a magazine has the object. If not, the object must go to the engine, and is not
 * counted.
 */
bool rsv_cpu_free(struct rsv_cache *c, struct rsv_extent *e, void *object, bool count)
{
	struct rsv_cpu *cpu;

	if (!rsv_cache_has_magazines(c))
		return false;
	if (e->nid != numa_mem_id())
		return rsv_cpu_free_remote(c, object, count);
	cpu = rsv_cpu_enter_with_room(c);
	if (!cpu)
		return false;
	rsv_cpu_push(cpu, cpu->top, object);
	cpu->frees += count;
	rsv_cpu_leave(cpu);
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_cpu_free);

/*
 * Flushing
 */

/**
 * rsv_magazine_flush() - free the objects of a magazine to the missing guaranteed objects and the
 *	engine
 * @c: the cache
 * @m: the magazine, which no CPU and no depot has
 *
 * Context: Any but NMI.
 */
void rsv_magazine_flush(struct rsv_cache *c, struct rsv_magazine *m)
{
	rsv_batch_free(c, m->object, m->rounds);
	if (m != &rsv_magazine_none)
		m->rounds = 0;
}

static void rsv_magazine_flush_and_free(struct rsv_cache *c, struct rsv_magazine *m)
{
	rsv_magazine_flush(c, m);
	rsv_magazine_free(c, m);
}

/**
 * rsv_magazine_spill() - flush one magazine of each depot
 * @c: the cache
 *
 * A request does this when it finds nothing else and cannot use the magazines as they are.
 *
 * Context: Any but NMI.
 */
void rsv_magazine_spill(struct rsv_cache *c)
{
	struct rsv_magazine *m;
	int nid;

	for (nid = 0; nid < nr_node_ids; nid++) {
		struct rsv_depot *d = &c->nodes[nid]->depot;

		m = rsv_depot_remove(d, &d->full);
		if (m)
			rsv_magazine_flush_and_free(c, m);
	}
}

/* The magazines that a CPU had. The one of objects that wait for a grace period goes on waiting. */
struct rsv_detached {
	struct rsv_magazine *magazine[3];
};

static struct rsv_detached rsv_cpu_detach(struct rsv_cache *c, struct rsv_cpu *cpu)
{
	struct rsv_detached had = { { rsv_cpu_unload(cpu), cpu->previous, cpu->remote } };

	rsv_cpu_load(cpu, &rsv_magazine_none);
	cpu->previous = &rsv_magazine_none;
	cpu->remote = &rsv_magazine_none;
	rsv_rcu_submit(c, cpu);
	if (c->engine->drain)
		c->engine->drain(c, cpu);
	return had;
}

static void rsv_detached_flush(struct rsv_cache *c, const struct rsv_detached *had)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(had->magazine); i++)
		rsv_magazine_flush_and_free(c, had->magazine[i]);
}

/**
 * rsv_cpu_flush() - give back all objects that a dead CPU has
 * @c: the cache
 * @cpu: the CPU's share of it
 *
 * Other tasks can run afterwards: a CPU that is dead is flushed of one cache after the other.
 *
 * Context: Process; may sleep.
 */
void rsv_cpu_flush(struct rsv_cache *c, struct rsv_cpu *cpu)
{
	struct rsv_detached had = rsv_cpu_detach(c, cpu);

	rsv_detached_flush(c, &had);
	cond_resched();
}
EXPORT_SYMBOL_IF_KUNIT(rsv_cpu_flush);

/**
 * rsv_cpu_drain_local() - give back all objects that this CPU has
 * @c: the cache
 *
 * Context: Any but NMI. In an interrupt that came while the CPU is busy, it does nothing.
 */
void rsv_cpu_drain_local(struct rsv_cache *c)
{
	struct rsv_cpu *cpu = rsv_cpu_enter(c->cpus);
	struct rsv_detached had;

	if (!cpu)
		return;
	had = rsv_cpu_detach(c, cpu);
	rsv_cpu_leave(cpu);
	rsv_detached_flush(c, &had);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_cpu_drain_local);
