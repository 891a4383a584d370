// SPDX-License-Identifier: GPL-2.0
/*
 * Magazines that are exchanged with the depot of a node, filled from and emptied into the engine,
 * and what the memory for them is. The steps that most requests take are in magazine.h.
 *
 * Magazines grow with contention and not with use: a larger one lets a CPU come to the depot less
 * often, which only matters if others come too (Bonwick and Adams 2001, 3.4). What lay in the depot
 * for a whole interval was not needed and is given back: the working set stays (3.5).
 *
 * An object whose memory is of another node than the CPU that gives it back collects in a magazine
 * of its own, which goes home when it is full.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "../region.h"
#include "debug.h"
#include "guarantee.h"
#include "magazine.h"

/* How often CPUs may wait for one another in an interval before magazines grow */
#define RSV_CONTENTION	3

/* What a CPU has that has no magazine: it is full and empty. Never changes. */
struct rsv_magazine rsv_magazine_none;

DEFINE_PER_CPU(struct rsv_cpu, rsv_gate_shut) = { .busy = true };

rsv_step_fn *rsv_step_hook;
EXPORT_SYMBOL_IF_KUNIT(rsv_step_hook);

/*
 * Memory for magazines, and for the bookkeeping of engines: caches of the region itself, which have
 * nothing in front of their engine
 */

/**
 * rsv_magazines_create() - make the caches that serve a region's other caches
 * @r: the region
 *
 * Context: Process; may sleep.
 * Return: 0 or -ENOMEM, and then there may be some.
 */
int rsv_magazines_create(struct rsv_region *r)
{
	unsigned int n;

	for (n = 0; n < RSV_MAGAZINE_SIZES; n++) {
		char name[RSV_NAME_MAX];
		struct rsv_cache *c;

		snprintf(name, sizeof(name), "own-%u", RSV_MAGAZINE_BYTES(n));
		c = rsv_cache_make(r, name, RSV_MAGAZINE_BYTES(n), 0,
				   RSV_ENGINE_SLUB | RSV_NO_MAGAZINE | RSV_CACHE_OWN, NULL);
		if (IS_ERR(c))
			return PTR_ERR(c);
		r->own[n] = c;
	}
	return 0;
}

static unsigned int rsv_rounds(unsigned int n)
{
	return (RSV_MAGAZINE_BYTES(n) - sizeof(struct rsv_magazine)) / sizeof(void *);
}

static unsigned int rsv_rounds_size(unsigned int rounds)
{
	unsigned int n = 0;

	while (rsv_rounds(n) < rounds)
		n++;
	return n;
}

/**
 * rsv_magazine_rounds() - how many objects a cache's magazines have room for at first
 * @l: the cache's layout
 *
 * Return: Their number; 0 if objects are too large to be kept at hand.
 */
unsigned int rsv_magazine_rounds(const struct rsv_layout *l)
{
	if (l->object_size <= 256)
		return rsv_rounds(3);
	if (l->object_size <= 1024)
		return rsv_rounds(2);
	if (l->object_size <= 4096)
		return rsv_rounds(1);
	return l->object_size <= 8192 ? rsv_rounds(0) : 0;
}

static bool rsv_magazine_wanted(const struct rsv_cache *c)
{
	return !(c->flags & (RSV_NO_MAGAZINE | RSV_CHECKS)) && c->rounds &&
	       READ_ONCE(c->region->nr_pages) >= RSV_MAGAZINE_REGION >> PAGE_SHIFT;
}

/**
 * rsv_magazine_batch() - how many objects the slow path should take from the engine
 * @c: the cache
 *
 * Return: Their number: one, if there is no magazine to put the others in.
 */
unsigned int rsv_magazine_batch(const struct rsv_cache *c)
{
	return rsv_magazine_wanted(c) ? RSV_BATCH : 1;
}

static struct rsv_magazine *rsv_magazine_new(struct rsv_cache *c)
{
	unsigned int rounds = READ_ONCE(c->rounds);
	struct rsv_cache *own = c->region->own[rsv_rounds_size(rounds)];
	struct rsv_magazine *m = rsv_cache_alloc(own, GFP_NOWAIT | __GFP_NOWARN);

	if (!m)
		return NULL;
	m->nr = 0;
	m->capacity = rounds;
	return m;
}

static void rsv_magazine_free(struct rsv_cache *c, struct rsv_magazine *m)
{
	if (m != &rsv_magazine_none)
		rsv_cache_free(c->region->own[rsv_rounds_size(m->capacity)], m);
}

/* Takes kept objects to where a guaranteed one is missing, or to the engine, each to its node. */
static void rsv_objects_home(struct rsv_cache *c, void **objects, unsigned int nr)
{
	while (nr--) {
		struct rsv_extent *e = rsv_region_extent(c->region, objects[nr]);
		enum rsv_misuse misuse = RSV_OK;

		if (!rsv_guarantee_put(c, objects[nr]))
			misuse = c->engine->put(c, NULL, e, rsv_frame_at(e, objects[nr]),
						objects[nr]);
		if (misuse != RSV_OK)
			rsv_debug_report(misuse, c, e, objects[nr],
					 "given back by two CPUs at once");
	}
}

static void rsv_magazine_empty(struct rsv_cache *c, struct rsv_magazine *m)
{
	rsv_objects_home(c, m->object, m->nr);
	if (m != &rsv_magazine_none)
		m->nr = 0;
}

/*
 * The depot
 */

static void rsv_depot_lock(struct rsv_depot *d, unsigned long *flags)
	__acquires(&d->lock)
{
	bool contended = raw_spin_is_locked(&d->lock);

	raw_spin_lock_irqsave(&d->lock, *flags);
	d->contended += contended;
}

static void rsv_depot_unlock(struct rsv_depot *d, unsigned long flags)
	__releases(&d->lock)
{
	raw_spin_unlock_irqrestore(&d->lock, flags);
}

static struct rsv_depot *rsv_depot_here(const struct rsv_cache *c)
{
	return &c->nodes[numa_mem_id()]->depot;
}

static struct rsv_magazine *rsv_depot_pop_full(struct rsv_depot *d)
{
	struct rsv_magazine *m = d->full;

	if (m) {
		d->full = m->next;
		d->nr_full--;
		d->idle_full = min(d->idle_full, d->nr_full);
	}
	return m;
}

static struct rsv_magazine *rsv_depot_pop_empty(struct rsv_depot *d)
{
	struct rsv_magazine *m = d->empty;

	if (m) {
		d->empty = m->next;
		d->nr_empty--;
		d->idle_empty = min(d->idle_empty, d->nr_empty);
	}
	return m;
}

/* A magazine with anything in it counts as full: it is taken for what is in it. */
static void rsv_depot_push(struct rsv_depot *d, struct rsv_magazine *m)
{
	if (m == &rsv_magazine_none)
		return;
	if (m->nr) {
		m->next = d->full;
		d->full = m;
		d->nr_full++;
	} else {
		m->next = d->empty;
		d->empty = m;
		d->nr_empty++;
	}
}

/* The CPU's previous magazine goes, the loaded one takes its place, and @m is loaded. */
static void rsv_cpu_load(struct rsv_cpu *cpu, struct rsv_depot *d, struct rsv_magazine *m)
{
	rsv_depot_push(d, cpu->previous);
	cpu->previous = cpu->loaded;
	cpu->loaded = m;
}

/**
 * rsv_magazine_exchange_empty() - get another magazine for the loaded one, which is empty
 * @c: the cache
 * @cpu: what this CPU has of it, entered
 *
 * Context: Any but NMI.
 * Return: Whether there is an object in the loaded magazine now.
 */
bool rsv_magazine_exchange_empty(struct rsv_cache *c, struct rsv_cpu *cpu)
{
	struct rsv_depot *d = rsv_depot_here(c);
	struct rsv_magazine *m;
	unsigned long flags;

	if (cpu->previous->nr) {
		swap(cpu->loaded, cpu->previous);
		return true;
	}
	rsv_depot_lock(d, &flags);
	m = rsv_depot_pop_full(d);
	if (m) {
		d->exchanges++;
		rsv_cpu_load(cpu, d, m);
	}
	rsv_depot_unlock(d, flags);
	return m;
}

/**
 * rsv_magazine_exchange_full() - get another magazine for the loaded one, which is full
 * @c: the cache
 * @cpu: what this CPU has of it, entered
 *
 * Context: Any but NMI.
 * Return: Whether there is room in the loaded magazine now.
 */
bool rsv_magazine_exchange_full(struct rsv_cache *c, struct rsv_cpu *cpu)
{
	struct rsv_depot *d = rsv_depot_here(c);
	struct rsv_magazine *m;
	unsigned long flags;

	if (cpu->previous->nr < cpu->previous->capacity) {
		swap(cpu->loaded, cpu->previous);
		return true;
	}
	rsv_depot_lock(d, &flags);
	m = rsv_depot_pop_empty(d);
	if (m) {
		d->exchanges++;
		rsv_cpu_load(cpu, d, m);
	}
	rsv_depot_unlock(d, flags);
	return m;
}

/* Loads a new magazine, or puts it into the depot if another one has room by now. */
static void rsv_cpu_load_new(struct rsv_cache *c, struct rsv_cpu *cpu, struct rsv_magazine *m)
{
	bool room = cpu->loaded->nr < cpu->loaded->capacity;
	struct rsv_depot *d = rsv_depot_here(c);
	unsigned long flags;

	rsv_depot_lock(d, &flags);
	if (room)
		rsv_depot_push(d, m);
	else
		rsv_cpu_load(cpu, d, m);
	rsv_depot_unlock(d, flags);
}

/*
 * Slow paths
 */

static void rsv_depot_add(struct rsv_cache *c, struct rsv_magazine *m)
{
	struct rsv_depot *d = rsv_depot_here(c);
	unsigned long flags;

	rsv_depot_lock(d, &flags);
	rsv_depot_push(d, m);
	rsv_depot_unlock(d, flags);
}

/* Enters with room in the loaded magazine, a new one if need be; NULL if that cannot be. */
static struct rsv_cpu *rsv_cpu_enter_with_room(struct rsv_cache *c)
{
	struct rsv_cpu *cpu = rsv_cpu_enter(c->cpus);
	struct rsv_magazine *m;

	if (!cpu)
		return NULL;
	if (cpu->loaded->nr < cpu->loaded->capacity || rsv_magazine_exchange_full(c, cpu))
		return cpu;
	/* Not with busy set: the region may be slow, and an interrupt should find the magazines. */
	rsv_cpu_leave(cpu);
	m = rsv_magazine_new(c);
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
	if (!rsv_magazine_pop(cpu->loaded, &object) && rsv_magazine_exchange_empty(c, cpu))
		rsv_magazine_pop(cpu->loaded, &object);
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
void rsv_magazine_refill(struct rsv_cache *c, struct rsv_taken *t)
{
	unsigned int nr = t->nr;
	struct rsv_cpu *cpu;

	while (nr > 1 && rsv_guarantee_put(c, t->object[nr - 1]))
		nr--;
	if (nr <= 1)
		return;
	cpu = rsv_cpu_enter_with_room(c);
	if (cpu) {
		while (nr > 1 && cpu->loaded->nr < cpu->loaded->capacity)
			rsv_magazine_push(cpu->loaded, cpu->loaded->nr, t->object[--nr]);
		rsv_cpu_leave(cpu);
	}
	rsv_objects_home(c, t->object + 1, nr - 1);
}

/* Returns the magazine, if it is full now: it goes home, once busy is clear. */
static struct rsv_magazine *rsv_remote_push(struct rsv_cpu *cpu, void *object)
{
	struct rsv_magazine *m = cpu->remote;

	rsv_magazine_push(m, m->nr, object);
	if (m->nr < m->capacity)
		return NULL;
	cpu->remote = &rsv_magazine_none;
	return m;
}

/* Enters with a magazine for objects of other nodes, a new one if need be; or NULL */
static struct rsv_cpu *rsv_cpu_enter_with_remote(struct rsv_cache *c)
{
	struct rsv_cpu *cpu = rsv_cpu_enter(c->cpus);
	struct rsv_magazine *m;

	if (!cpu || cpu->remote->capacity)
		return cpu;
	rsv_cpu_leave(cpu);
	m = rsv_magazine_new(c);
	if (!m)
		return NULL;
	cpu = rsv_cpu_enter(c->cpus);
	if (cpu && !cpu->remote->capacity)
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
		rsv_magazine_empty(c, full);
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
	if (e->nid == numa_mem_id() && rsv_extent_is_even(e))
		WRITE_ONCE(cpu->extent, e);
	rsv_magazine_push(cpu->loaded, cpu->loaded->nr, object);
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
	cpu->loaded = &rsv_magazine_none;
	cpu->previous = &rsv_magazine_none;
	cpu->remote = &rsv_magazine_none;
	cpu->extent = &rsv_extent_none;
	cpu->first = RSV_SLAB_NONE;
}

/* What a CPU had, to be emptied */
struct rsv_haul {
	struct rsv_magazine *magazine[3];
};

static struct rsv_haul rsv_cpu_strip(struct rsv_cache *c, struct rsv_cpu *cpu)
{
	struct rsv_haul haul = { { cpu->loaded, cpu->previous, cpu->remote } };

	cpu->loaded = &rsv_magazine_none;
	cpu->previous = &rsv_magazine_none;
	cpu->remote = &rsv_magazine_none;
	if (c->engine->drain)
		c->engine->drain(c, cpu);
	return haul;
}

static void rsv_haul_home(struct rsv_cache *c, const struct rsv_haul *haul)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(haul->magazine); i++) {
		rsv_magazine_empty(c, haul->magazine[i]);
		rsv_magazine_free(c, haul->magazine[i]);
	}
}

/**
 * rsv_cpu_empty() - take back what a CPU has that is dead, or never comes again
 * @c: the cache
 * @cpu: what the CPU has of it
 *
 * Context: Process.
 */
void rsv_cpu_empty(struct rsv_cache *c, struct rsv_cpu *cpu)
{
	struct rsv_haul haul = rsv_cpu_strip(c, cpu);

	rsv_haul_home(c, &haul);
}

/**
 * rsv_cpu_drain_local() - take back what this CPU has
 * @c: the cache
 *
 * Context: Any but NMI. Leaves alone what an interrupt finds busy.
 */
void rsv_cpu_drain_local(struct rsv_cache *c)
{
	struct rsv_cpu *cpu = rsv_cpu_enter(c->cpus);
	struct rsv_haul haul;

	if (!cpu)
		return;
	haul = rsv_cpu_strip(c, cpu);
	rsv_cpu_leave(cpu);
	rsv_haul_home(c, &haul);
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
 * rsv_magazines_forget() - make CPUs forget that they found objects in an extent
 * @c: the cache
 * @e: the extent, which nobody finds any more
 *
 * Context: Any. Those who are using what they remembered have ended after a grace period.
 */
void rsv_magazines_forget(struct rsv_cache *c, struct rsv_extent *e)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		cmpxchg(&per_cpu_ptr(c->cpus, cpu)->extent, e, &rsv_extent_none);
}

/* One magazine that is full, or not needed, out of a depot; or NULL */
static struct rsv_magazine *rsv_depot_remove(struct rsv_cache *c, int nid, bool full)
{
	struct rsv_depot *d = &c->nodes[nid]->depot;
	struct rsv_magazine *m;
	unsigned long flags;

	rsv_depot_lock(d, &flags);
	m = full ? rsv_depot_pop_full(d) : rsv_depot_pop_empty(d);
	rsv_depot_unlock(d, flags);
	return m;
}

static unsigned int rsv_depot_discard(struct rsv_cache *c, int nid, bool full, unsigned int nr)
{
	struct rsv_magazine *m;
	unsigned int done;

	for (done = 0; done < nr; done++) {
		m = rsv_depot_remove(c, nid, full);
		if (!m)
			break;
		rsv_magazine_empty(c, m);
		rsv_magazine_free(c, m);
	}
	return done;
}

/**
 * rsv_depot_drain() - take back all that is in a cache's depots
 * @c: the cache
 *
 * Context: Any but NMI.
 */
void rsv_depot_drain(struct rsv_cache *c)
{
	int nid;

	for (nid = 0; nid < nr_node_ids; nid++) {
		rsv_depot_discard(c, nid, true, UINT_MAX);
		rsv_depot_discard(c, nid, false, UINT_MAX);
	}
}

/**
 * rsv_depot_spill() - take the objects of one magazine of each depot back to the engine
 * @c: the cache
 *
 * For a request that finds nothing else, and cannot use the magazine as it is.
 *
 * Context: Any but NMI.
 * Return: Whether there was one.
 */
bool rsv_depot_spill(struct rsv_cache *c)
{
	unsigned int nr = 0;
	int nid;

	for (nid = 0; nid < nr_node_ids; nid++)
		nr += rsv_depot_discard(c, nid, true, 1);
	return nr;
}

/* Looks at what happened since the last time, and begins anew. */
static void rsv_depot_judge(struct rsv_cache *c, int nid, unsigned int *full, unsigned int *empty)
{
	struct rsv_depot *d = &c->nodes[nid]->depot;
	unsigned long flags;

	rsv_depot_lock(d, &flags);
	*full = d->idle_full;
	*empty = d->idle_empty;
	if (d->contended - d->contended_before > RSV_CONTENTION &&
	    c->rounds < rsv_rounds(RSV_MAGAZINE_SIZES - 1)) {
		WRITE_ONCE(c->rounds, rsv_rounds(rsv_rounds_size(c->rounds) + 1));
		/* The small ones go as they become empty. */
		*empty = d->nr_empty;
	}
	d->contended_before = d->contended;
	d->idle_full = d->nr_full - *full;
	d->idle_empty = d->nr_empty - *empty;
	rsv_depot_unlock(d, flags);
}

/**
 * rsv_depot_age() - take back what nobody needed since the last time
 * @c: the cache
 *
 * Context: Any but NMI.
 */
void rsv_depot_age(struct rsv_cache *c)
{
	unsigned int full, empty;
	int nid;

	for (nid = 0; nid < nr_node_ids; nid++) {
		rsv_depot_judge(c, nid, &full, &empty);
		rsv_depot_discard(c, nid, true, full);
		rsv_depot_discard(c, nid, false, empty);
	}
}
