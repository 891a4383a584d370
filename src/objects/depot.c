// SPDX-License-Identifier: GPL-2.0
/*
 * The depot of a node: full and empty magazines that no CPU has, and how CPUs exchange theirs there
 * (Bonwick and Adams 2001, 3).
 *
 * A CPU comes for a full magazine when both of its own are empty, and for an empty one when both
 * are full. The second one is there so that a CPU which takes and gives back around the boundary
 * does not come each time (3.1).
 *
 * Magazines grow with contention and not with use: a larger one lets a CPU come to the depot less
 * often, which only matters if others come too (3.4). Then the smaller ones are taken back, those
 * of CPUs too, since a CPU would go on with what it has; one that is exchanged at that moment stays
 * until nobody needs it. What lay in the depot for a whole interval
 * was not needed and is given back: the working set stays (3.5).
 */
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/topology.h>

#include "depot.h"
#include "magazine.h"
#include "magazine_cache.h"

/* How often CPUs may wait for one another in an interval before magazines grow */
#define RSV_CONTENTION 3

static void rsv_depot_lock(struct rsv_depot *d, unsigned long *flags) __acquires(&d->lock)
{
	bool contended = raw_spin_is_locked(&d->lock);

	raw_spin_lock_irqsave(&d->lock, *flags);
	d->contended += contended;
}

static void rsv_depot_unlock(struct rsv_depot *d, unsigned long flags) __releases(&d->lock)
{
	raw_spin_unlock_irqrestore(&d->lock, flags);
}

static struct rsv_depot *rsv_depot_here(const struct rsv_cache *c)
{
	return &c->nodes[numa_mem_id()]->depot;
}

/* Out of one of the two stacks; or NULL */
static struct rsv_magazine *rsv_stack_pop(struct rsv_depot_stack *s)
{
	struct rsv_magazine *m = s->top;

	if (m) {
		WRITE_ONCE(s->top, m->next);
		WRITE_ONCE(s->nr, s->nr - 1);
		s->min_nr = min(s->min_nr, s->nr);
	}
	return m;
}

/* A magazine with anything in it counts as full: it is taken for what is in it. */
static void rsv_depot_push(struct rsv_depot *d, struct rsv_magazine *m)
{
	struct rsv_depot_stack *s = m->rounds ? &d->full : &d->empty;

	if (m == &rsv_magazine_none)
		return;
	m->next = s->top;
	WRITE_ONCE(s->top, m);
	WRITE_ONCE(s->nr, s->nr + 1);
}

/* One magazine out of a depot; or NULL */
static struct rsv_magazine *rsv_depot_remove(struct rsv_depot *d, struct rsv_depot_stack *s)
{
	struct rsv_magazine *m;
	unsigned long flags;

	rsv_depot_lock(d, &flags);
	m = rsv_stack_pop(s);
	rsv_depot_unlock(d, flags);
	return m;
}

/**
 * rsv_depot_add() - put a magazine into the depot of this node
 * @c: the cache
 * @m: the magazine
 *
 * Context: Any but NMI.
 */
void rsv_depot_add(struct rsv_cache *c, struct rsv_magazine *m)
{
	struct rsv_depot *d = rsv_depot_here(c);
	unsigned long flags;

	rsv_depot_lock(d, &flags);
	rsv_depot_push(d, m);
	rsv_depot_unlock(d, flags);
}

/**
 * rsv_depot_take_empty() - take an empty magazine, or a spare, out of the depot of this node
 * @c: the cache
 *
 * Context: Any but NMI.
 * Return: The magazine or NULL.
 */
struct rsv_magazine *rsv_depot_take_empty(struct rsv_cache *c)
{
	struct rsv_depot *d = rsv_depot_here(c);

	/* One that comes this moment is for the next time. */
	return READ_ONCE(d->empty.top) ? rsv_depot_remove(d, &d->empty) : NULL;
}

/*
 * What a CPU has loaded
 */

/**
 * rsv_cpu_load() - load a magazine
 * @cpu: what this CPU has of its cache, entered, or a CPU that is not there yet or any more
 * @m: the magazine
 */
void rsv_cpu_load(struct rsv_cpu *cpu, struct rsv_magazine *m)
{
	cpu->loaded = m;
	cpu->bottom = m->object;
	cpu->top = m->object + m->rounds;
	cpu->limit = m->object + m->size;
}

/**
 * rsv_cpu_unload() - note how many objects are in the loaded magazine, before another one is
 * @cpu: as for rsv_cpu_load()
 *
 * Return: The magazine.
 */
struct rsv_magazine *rsv_cpu_unload(struct rsv_cpu *cpu)
{
	/* What stands for no magazine is everybody's, and has nothing to note. */
	if (cpu->loaded != &rsv_magazine_none)
		cpu->loaded->rounds = rsv_cpu_nr_loaded(cpu);
	return cpu->loaded;
}

static void rsv_cpu_swap(struct rsv_cpu *cpu)
{
	struct rsv_magazine *m = cpu->previous;

	cpu->previous = rsv_cpu_unload(cpu);
	rsv_cpu_load(cpu, m);
}

/* The CPU's previous magazine goes, the loaded one takes its place, and @m is loaded. */
static void rsv_cpu_exchange(struct rsv_cpu *cpu, struct rsv_depot *d, struct rsv_magazine *m)
{
	rsv_depot_push(d, cpu->previous);
	cpu->previous = rsv_cpu_unload(cpu);
	rsv_cpu_load(cpu, m);
}

static bool rsv_cpu_exchange_for(struct rsv_cpu *cpu, struct rsv_depot *d,
				 struct rsv_depot_stack *s)
{
	struct rsv_magazine *m;
	unsigned long flags;

	/* One that comes this moment is for the next time. */
	if (!READ_ONCE(s->top))
		return false;
	rsv_depot_lock(d, &flags);
	m = rsv_stack_pop(s);
	if (m) {
		d->exchanges++;
		rsv_cpu_exchange(cpu, d, m);
	}
	rsv_depot_unlock(d, flags);
	return m;
}

/**
 * rsv_cpu_exchange_empty() - get another magazine for the loaded one, which is empty
 * @c: the cache
 * @cpu: what this CPU has of it, entered
 *
 * Context: Any but NMI.
 * Return: Whether there is an object in the loaded magazine now.
 */
bool rsv_cpu_exchange_empty(struct rsv_cache *c, struct rsv_cpu *cpu)
{
	struct rsv_depot *d;

	if (cpu->previous->rounds) {
		rsv_cpu_swap(cpu);
		return true;
	}
	d = rsv_depot_here(c);
	return rsv_cpu_exchange_for(cpu, d, &d->full);
}

/**
 * rsv_cpu_exchange_full() - get another magazine for the loaded one, which is full
 * @c: the cache
 * @cpu: what this CPU has of it, entered
 *
 * Context: Any but NMI.
 * Return: Whether there is room in the loaded magazine now.
 */
bool rsv_cpu_exchange_full(struct rsv_cache *c, struct rsv_cpu *cpu)
{
	struct rsv_depot *d;

	if (cpu->previous->rounds < cpu->previous->size) {
		rsv_cpu_swap(cpu);
		return true;
	}
	d = rsv_depot_here(c);
	return rsv_cpu_exchange_for(cpu, d, &d->empty);
}

/**
 * rsv_cpu_load_new() - load a new magazine, or put it into the depot if there is room by now
 * @c: the cache
 * @cpu: what this CPU has of it, entered
 * @m: the magazine
 *
 * Context: Any but NMI.
 */
void rsv_cpu_load_new(struct rsv_cache *c, struct rsv_cpu *cpu, struct rsv_magazine *m)
{
	struct rsv_depot *d = rsv_depot_here(c);
	unsigned long flags;

	rsv_depot_lock(d, &flags);
	if (rsv_cpu_room(cpu))
		rsv_depot_push(d, m);
	else
		rsv_cpu_exchange(cpu, d, m);
	rsv_depot_unlock(d, flags);
}

/*
 * Spares: what waits in the depot of a cache that magazines are objects of. They are objects that
 * nobody uses, marked as kept.
 */

/**
 * rsv_depot_add_preallocated() - put spares into the depot of this node
 * @own: the cache that they are objects of
 * @spares: the spares, marked as kept
 * @nr: how many, up to RSV_BATCH: what the lock is held for
 *
 * Context: Any but NMI.
 */
void rsv_depot_add_preallocated(struct rsv_cache *own, void **spares, unsigned int nr)
{
	struct rsv_depot *d = rsv_depot_here(own);
	unsigned long flags;

	rsv_depot_lock(d, &flags);
	while (nr--) {
		struct rsv_magazine *m = spares[nr];

		m->rounds = 0;
		rsv_depot_push(d, m);
	}
	rsv_depot_unlock(d, flags);
}

/*
 * Emptying
 */

/* Takes back one magazine. Returns whether there was one. */
static bool rsv_depot_discard(struct rsv_cache *c, struct rsv_depot *d, struct rsv_depot_stack *s)
{
	struct rsv_magazine *m = rsv_depot_remove(d, s);

	if (!m)
		return false;
	rsv_magazine_flush(c, m);
	rsv_magazine_free(c, m);
	return true;
}

/* Takes back so many, or as many as there are. There may be millions of objects in them. */
static void rsv_depot_discard_many(struct rsv_cache *c, struct rsv_depot *d,
				   struct rsv_depot_stack *s, unsigned int nr)
{
	while (nr-- && rsv_depot_discard(c, d, s))
		cond_resched();
}

/* As many as there are now: others may put more there all the while. */
static void rsv_depot_discard_all(struct rsv_cache *c, struct rsv_depot *d,
				  struct rsv_depot_stack *s)
{
	rsv_depot_discard_many(c, d, s, READ_ONCE(s->nr));
}

/**
 * rsv_depot_drain() - take back all that is in a cache's depots
 * @c: the cache
 *
 * Context: Process; may sleep.
 */
void rsv_depot_drain(struct rsv_cache *c)
{
	int nid;

	for (nid = 0; nid < nr_node_ids; nid++) {
		struct rsv_depot *d = &c->nodes[nid]->depot;

		rsv_depot_discard_all(c, d, &d->full);
		rsv_depot_discard_all(c, d, &d->empty);
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
	bool spilt = false;
	int nid;

	for (nid = 0; nid < nr_node_ids; nid++) {
		struct rsv_depot *d = &c->nodes[nid]->depot;

		spilt |= rsv_depot_discard(c, d, &d->full);
	}
	return spilt;
}

/* Looks at what happened since the last time, and begins anew. Returns whether CPUs waited. */
static bool rsv_depot_update_working_set(struct rsv_depot *d, unsigned int *full,
					 unsigned int *empty)
{
	unsigned long flags;
	bool contended;

	rsv_depot_lock(d, &flags);
	*full = d->full.min_nr;
	*empty = d->empty.min_nr;
	contended = d->contended - d->contended_before > RSV_CONTENTION;
	d->contended_before = d->contended;
	d->full.min_nr = d->full.nr - *full;
	d->empty.min_nr = d->empty.nr - *empty;
	rsv_depot_unlock(d, flags);
	return contended;
}

/**
 * rsv_depot_age() - take back what nobody needed since the last time; and make magazines larger if
 * CPUs waited for one another, which takes back all
 * @c: the cache
 *
 * Context: Process; may sleep.
 * Return: Whether magazines are larger from now on, and CPUs still have smaller ones.
 */
bool rsv_depot_age(struct rsv_cache *c)
{
	unsigned int full, empty;
	bool contended = false;
	int nid;

	for (nid = 0; nid < nr_node_ids; nid++) {
		struct rsv_depot *d = &c->nodes[nid]->depot;

		contended |= rsv_depot_update_working_set(d, &full, &empty);
		rsv_depot_discard_many(c, d, &d->full, full);
		rsv_depot_discard_many(c, d, &d->empty, empty);
	}
	if (!contended || !rsv_magazines_enlarge(c))
		return false;
	rsv_depot_drain(c);
	return true;
}
