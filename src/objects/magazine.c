// SPDX-License-Identifier: GPL-2.0
/*
 * Magazines of CPUs, filled from and emptied into the engine. The steps that most requests take are
 * in magazine.h, the depot behind them is in depot.c, and what they are made of in spare.c.
 *
 * An object whose memory is of another node than the CPU that gives it back collects in a magazine
 * of its own, which goes home when it is full.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/irqflags.h>
#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/topology.h>

#include "depot.h"
#include "guarantee.h"
#include "magazine.h"
#include "magazine_cache.h"
#include "objects/debug/check.h"
#include "region.h"

/* What a CPU has that has no magazine: it is full and empty. Never changes. */
struct rsv_magazine rsv_magazine_none;

DEFINE_PER_CPU(struct rsv_cpu, rsv_cpu_disabled) = {.busy = true};

rsv_step_fn *rsv_step_hook;
EXPORT_SYMBOL_IF_KUNIT(rsv_step_hook);

/**
 * rsv_magazine_wanted() - whether CPUs have magazines of a cache
 * @c: the cache
 *
 * Context: Any.
 * Return: true if so; a region that grows or shrinks may change it.
 */
bool rsv_magazine_wanted(const struct rsv_cache *c)
{
	return !(c->flags & (RSV_NO_MAGAZINE | RSV_CHECKS)) && READ_ONCE(c->magazine_cache) &&
	       READ_ONCE(c->region->nr_pages) >= READ_ONCE(c->magazine_min_pages);
}

/**
 * rsv_objects_flush() - take objects to where a guaranteed one is missing, or to the engine
 * @c: the cache
 * @objects: the objects, marked as kept
 * @nr: how many
 *
 * Context: Any but NMI.
 */
void rsv_objects_flush(struct rsv_cache *c, void **objects, unsigned int nr)
{
	while (nr--) {
		struct rsv_extent *e = rsv_region_extent(c->region, objects[nr]);
		enum rsv_misuse misuse = RSV_OK;

		if (!rsv_guarantee_put(c, objects[nr]))
			misuse = c->engine->free(c, NULL, e, rsv_frame_at(e, objects[nr]),
						 objects[nr]);
		if (misuse != RSV_OK)
			rsv_object_freed_twice(c, e, objects[nr], misuse);
	}
}
EXPORT_SYMBOL_IF_KUNIT(rsv_objects_flush);

/**
 * rsv_magazine_flush() - take the objects of a magazine to the engine
 * @c: the cache
 * @m: the magazine
 *
 * Context: Any but NMI.
 */
void rsv_magazine_flush(struct rsv_cache *c, struct rsv_magazine *m)
{
	rsv_objects_flush(c, m->object, m->rounds);
	if (m != &rsv_magazine_none)
		m->rounds = 0;
}

/*
 * Slow paths
 */

/**
 * rsv_cpu_enter_with_room() - enter what this CPU has of a cache, with room in the loaded magazine
 * @c: the cache, its gate open or not
 *
 * Context: Any but NMI. Preemption is disabled if it is entered.
 * Return: What the CPU has; NULL if it cannot be entered or no magazine has room.
 */
struct rsv_cpu *rsv_cpu_enter_with_room(struct rsv_cache *c)
{
	struct rsv_cpu *cpu = rsv_cpu_enter(c->cpus);
	struct rsv_magazine *m;

	if (!cpu)
		return NULL;
	if (rsv_cpu_room(cpu) || rsv_cpu_exchange_full(c, cpu))
		return cpu;
	/* Not with busy set: the region may be slow, and an interrupt should find the magazines. */
	rsv_cpu_leave(cpu);
	m = rsv_magazine_wanted(c) ? rsv_magazine_new(c) : NULL;
	if (!m)
		return NULL;
	cpu = rsv_cpu_enter(c->cpus);
	if (cpu)
		rsv_cpu_load_new(c, cpu, m);
	else
		rsv_depot_add(c, m);
	return cpu;
}

/**
 * rsv_magazine_batch() - how many objects the slow path should take from the engine
 * @c: the cache
 *
 * With interrupts off there has to be a magazine for the others. Otherwise one is made for them
 * afterwards: the object comes first, it may take the last page that there is.
 *
 * Context: Any but NMI.
 * Return: Their number.
 */
unsigned int rsv_magazine_batch(struct rsv_cache *c)
{
	struct rsv_cpu *cpu;
	unsigned int nr;

	if (!rsv_magazine_wanted(c))
		return 1;
	nr = min(RSV_BATCH, READ_ONCE(c->magazine_size));
	if (!irqs_disabled())
		return nr;
	cpu = rsv_cpu_enter_with_room(c);
	if (!cpu)
		return 1;
	rsv_cpu_leave(cpu);
	return nr;
}

/**
 * rsv_magazine_find() - take an object from this CPU's magazines although the gate is shut
 * @c: the cache
 *
 * Context: Any but NMI.
 * Return: A kept object or NULL.
 */
void *rsv_magazine_find(struct rsv_cache *c)
{
	struct rsv_cpu *cpu;
	void *object = NULL;

	if (!rsv_magazine_wanted(c))
		return NULL;
	cpu = rsv_cpu_enter(c->cpus);
	if (!cpu)
		return NULL;
	if (!rsv_cpu_pop(cpu, &object) && rsv_cpu_exchange_empty(c, cpu))
		rsv_cpu_pop(cpu, &object);
	rsv_cpu_leave(cpu);
	return object;
}

/**
 * rsv_magazine_refill() - put what was taken beyond the first object where it is at hand
 * @c: the cache
 * @t: what was taken, the objects marked as kept
 *
 * Context: Any but NMI.
 */
void rsv_magazine_refill(struct rsv_cache *c, struct rsv_batch *t)
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
	rsv_objects_flush(c, t->object + 1, nr - 1);
}

/* Returns the magazine, if it is full now: it goes home, once busy is clear. */
static struct rsv_magazine *rsv_remote_push(struct rsv_cpu *cpu, void *object)
{
	struct rsv_magazine *m = cpu->remote;

	m->object[m->rounds++] = object;
	if (m->rounds < m->size)
		return NULL;
	cpu->remote = &rsv_magazine_none;
	return m;
}

/* Enters with a magazine for objects of other nodes, a new one if need be; or NULL */
static struct rsv_cpu *rsv_cpu_enter_with_remote(struct rsv_cache *c)
{
	struct rsv_cpu *cpu = rsv_cpu_enter(c->cpus);
	struct rsv_magazine *m;

	if (!cpu || cpu->remote->size)
		return cpu;
	rsv_cpu_leave(cpu);
	/* The last one that went home came back to the depot. */
	m = rsv_depot_take_empty(c) ?: rsv_magazine_new(c);
	if (!m)
		return NULL;
	cpu = rsv_cpu_enter(c->cpus);
	if (cpu && !cpu->remote->size)
		cpu->remote = m;
	else
		rsv_depot_add(c, m);
	return cpu;
}

static bool rsv_magazine_keep_remote(struct rsv_cache *c, void *object)
{
	struct rsv_cpu *cpu = rsv_cpu_enter_with_remote(c);
	struct rsv_magazine *full;

	if (!cpu)
		return false;
	full = rsv_remote_push(cpu, object);
	rsv_cpu_leave(cpu);
	if (full) {
		rsv_magazine_flush(c, full);
		rsv_depot_add(c, full);
	}
	return true;
}

/**
 * rsv_magazine_keep() - put an object into a magazine of this CPU, on the slow path
 * @c: the cache
 * @e: the object's extent
 * @object: the object, marked as kept
 *
 * Context: Any but NMI.
 * Return: Whether it is there; if not it is for the engine.
 */
bool rsv_magazine_keep(struct rsv_cache *c, struct rsv_extent *e, void *object)
{
	struct rsv_cpu *cpu;

	if (!rsv_magazine_wanted(c))
		return false;
	if (e->nid != numa_mem_id())
		return rsv_magazine_keep_remote(c, object);
	cpu = rsv_cpu_enter_with_room(c);
	if (!cpu)
		return false;
	/* The next ones will be found there without asking; not from another node, by now. */
	if (e->nid == numa_mem_id() && rsv_extent_is_linear(e))
		WRITE_ONCE(cpu->extent, e);
	rsv_cpu_push(cpu, cpu->top, object);
	rsv_cpu_leave(cpu);
	return true;
}

/*
 * Emptying
 */

/**
 * rsv_cpu_init() - get a CPU ready for a new cache
 * @cpu: what the CPU has of the cache
 */
void rsv_cpu_init(struct rsv_cpu *cpu)
{
	rsv_cpu_load(cpu, &rsv_magazine_none);
	cpu->previous = &rsv_magazine_none;
	cpu->remote = &rsv_magazine_none;
	cpu->extent = &rsv_extent_none;
	cpu->freelist = RSV_SLAB_NONE;
}

/* What a CPU had, to be emptied */
struct rsv_detached {
	struct rsv_magazine *magazine[3];
};

static struct rsv_detached rsv_cpu_detach(struct rsv_cache *c, struct rsv_cpu *cpu)
{
	struct rsv_detached haul = {{rsv_cpu_unload(cpu), cpu->previous, cpu->remote}};

	rsv_cpu_load(cpu, &rsv_magazine_none);
	cpu->previous = &rsv_magazine_none;
	cpu->remote = &rsv_magazine_none;
	if (c->engine->drain)
		c->engine->drain(c, cpu);
	return haul;
}

static void rsv_detached_flush(struct rsv_cache *c, const struct rsv_detached *haul)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(haul->magazine); i++) {
		rsv_magazine_flush(c, haul->magazine[i]);
		rsv_magazine_free(c, haul->magazine[i]);
	}
}

/**
 * rsv_cpu_flush() - take back what a CPU has that is dead, or never comes again
 * @c: the cache
 * @cpu: what the CPU has of it
 *
 * Context: Process.
 */
void rsv_cpu_flush(struct rsv_cache *c, struct rsv_cpu *cpu)
{
	struct rsv_detached haul = rsv_cpu_detach(c, cpu);

	rsv_detached_flush(c, &haul);
}

/**
 * rsv_cpu_drain() - take back what this CPU has
 * @c: the cache
 *
 * Context: Any but NMI. Leaves alone what an interrupt finds busy.
 */
void rsv_cpu_drain(struct rsv_cache *c)
{
	struct rsv_cpu *cpu = rsv_cpu_enter(c->cpus);
	struct rsv_detached haul;

	if (!cpu)
		return;
	haul = rsv_cpu_detach(c, cpu);
	rsv_cpu_leave(cpu);
	rsv_detached_flush(c, &haul);
}

/**
 * rsv_cpu_has() - whether a CPU has anything of a cache, at a glance
 * @c: the cache
 * @cpu: the CPU
 *
 * Context: Any.
 * Return: true if so; it may change at any time.
 */
bool rsv_cpu_has(struct rsv_cache *c, unsigned int cpu)
{
	const struct rsv_cpu *p = per_cpu_ptr(c->cpus, cpu);

	/* What comes meanwhile comes after the drain that is asked for. */
	return data_race(p->loaded != &rsv_magazine_none || p->previous != &rsv_magazine_none ||
			 p->remote != &rsv_magazine_none || p->active);
}

/**
 * rsv_cache_invalidate_hint() - make CPUs forget that they found objects in an extent
 * @c: the cache
 * @e: the extent, which nobody finds any more
 *
 * Context: Any. Those who are using what they remembered have ended after a grace period.
 */
void rsv_cache_invalidate_hint(struct rsv_cache *c, struct rsv_extent *e)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		cmpxchg(&per_cpu_ptr(c->cpus, cpu)->extent, e, &rsv_extent_none);
}
