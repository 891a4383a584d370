// SPDX-License-Identifier: GPL-2.0
/*
 * The depot of a node: full and empty magazines that no CPU has. CPUs exchange their magazines
 * there (Bonwick and Adams 2001, 3).
 *
 * A CPU gets a full magazine from the depot when both of its own are empty, and an empty one when
 * both are full. With a second magazine, a CPU that allocates and frees around the boundary does
 * not go to the depot each time (3.1).
 *
 * The depot counts how often a CPU waits for its lock, because contention makes magazines grow
 * (3.4). It also records the least number of magazines that it had in an interval. The CPUs did not
 * need that many, so the working set is the rest (3.5). reap.c acts on both.
 */
#include <linux/minmax.h>
#include <linux/topology.h>

#include "cpu.h"
#include "depot.h"
#include "pages/backoff.h"

/* If CPUs waited for a depot's lock more often than this in one interval, magazines grow. */
#define RSV_CONTENTION	3

/**
 * rsv_depot_init() - initialise the depot of a new cache's node
 * @d: the depot
 */
void rsv_depot_init(struct rsv_depot *d)
{
	raw_spin_lock_init(&d->lock);
}

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

static struct rsv_depot *rsv_depot_local(const struct rsv_cache *c)
{
	return &c->nodes[numa_mem_id()]->depot;
}

static struct rsv_magazine *rsv_depot_pop(struct rsv_depot_stack *s)
{
	struct rsv_magazine *m = s->top;

	if (m) {
		WRITE_ONCE(s->top, m->next);
		WRITE_ONCE(s->nr, s->nr - 1);
		s->min_nr = min(s->min_nr, s->nr);
	}
	return m;
}

/* A magazine that has any round counts as full: CPUs exchange it for its rounds. */
static void rsv_depot_push(struct rsv_depot *d, struct rsv_magazine *m)
{
	struct rsv_depot_stack *s = m->rounds ? &d->full : &d->empty;

	if (m == &rsv_magazine_none)
		return;
	m->next = s->top;
	WRITE_ONCE(s->top, m);
	WRITE_ONCE(s->nr, s->nr + 1);
}

/**
 * rsv_depot_count() - count the magazines in a depot
 * @d: the depot
 * @full: set to the number of full magazines
 * @empty: the same for empty ones
 *
 * A CPU that took a magazine from here has said so (backoff.c) when the function returns.
 *
 * Context: Any but NMI.
 */
void rsv_depot_count(struct rsv_depot *d, unsigned int *full, unsigned int *empty)
{
	unsigned long flags;

	rsv_depot_lock(d, &flags);
	*full = d->full.nr;
	*empty = d->empty.nr;
	rsv_depot_unlock(d, flags);
}

/**
 * rsv_depot_remove() - take a magazine out of a depot
 * @d: the depot
 * @s: its full or its empty magazines
 *
 * Context: Any but NMI.
 * Return: The magazine or NULL.
 */
struct rsv_magazine *rsv_depot_remove(struct rsv_depot *d, struct rsv_depot_stack *s)
{
	struct rsv_magazine *m;
	unsigned long flags;

	rsv_depot_lock(d, &flags);
	m = rsv_depot_pop(s);
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
	struct rsv_depot *d = rsv_depot_local(c);
	unsigned long flags;

	rsv_depot_lock(d, &flags);
	rsv_depot_push(d, m);
	rsv_depot_unlock(d, flags);
	rsv_backoff_cached(c->region);
}

/**
 * rsv_depot_take_empty() - take an empty magazine out of the depot of this node
 * @c: the cache; of an internal cache this takes a preallocated magazine
 *
 * Context: Any but NMI.
 * Return: The magazine or NULL.
 */
struct rsv_magazine *rsv_depot_take_empty(struct rsv_cache *c)
{
	struct rsv_depot *d = rsv_depot_local(c);

	/* The look needs no lock: a magazine that is added right now serves the next caller. */
	return READ_ONCE(d->empty.top) ? rsv_depot_remove(d, &d->empty) : NULL;
}

/**
 * rsv_depot_add_preallocated() - put preallocated magazines into the depot of this node
 * @internal: the internal cache that they are objects of
 * @magazines: the magazines, cached objects
 * @nr: how many, up to RSV_BATCH: bounds how long the lock is held
 *
 * Context: Any but NMI.
 */
void rsv_depot_add_preallocated(struct rsv_cache *internal, void **magazines, unsigned int nr)
{
	struct rsv_depot *d = rsv_depot_local(internal);
	unsigned long flags;

	rsv_depot_lock(d, &flags);
	while (nr--) {
		struct rsv_magazine *m = magazines[nr];

		m->rounds = 0;
		rsv_depot_push(d, m);
	}
	rsv_depot_unlock(d, flags);
	rsv_backoff_cached(internal->region);
}

/*
 * Exchange
 */

static void rsv_cpu_swap(struct rsv_cpu *cpu)
{
	struct rsv_magazine *m = cpu->previous;

	cpu->previous = rsv_cpu_unload(cpu);
	rsv_cpu_load(cpu, m);
}

/* The previous magazine goes to the depot, the loaded one becomes previous, and @m is loaded. */
static void rsv_cpu_shift(struct rsv_cpu *cpu, struct rsv_depot *d, struct rsv_magazine *m)
{
	rsv_depot_push(d, cpu->previous);
	cpu->previous = rsv_cpu_unload(cpu);
	rsv_cpu_load(cpu, m);
}

/* A CPU that had a magazine before the exchange has said so then: see backoff.c. */
static bool rsv_depot_exchange(struct rsv_cache *c, struct rsv_cpu *cpu, struct rsv_depot *d,
			       struct rsv_depot_stack *s)
{
	const bool first = cpu->loaded == &rsv_magazine_none;
	struct rsv_magazine *m;
	unsigned long flags;

	/* The look needs no lock: a magazine that is added right now serves the next caller. */
	if (!READ_ONCE(s->top))
		return false;
	rsv_depot_lock(d, &flags);
	m = rsv_depot_pop(s);
	if (m) {
		d->exchanges++;
		rsv_cpu_shift(cpu, d, m);
		/* Under the lock: a drain that finds the magazine gone from here knows of it. */
		if (first)
			rsv_backoff_cached(c->region);
	}
	rsv_depot_unlock(d, flags);
	return m;
}

/**
 * rsv_depot_exchange_empty() - replace the loaded magazine, which is empty, by one with rounds
 * @c: the cache
 * @cpu: this CPU's share of it, entered
 *
 * If the previous magazine has rounds it serves, otherwise one of the depot of this node.
 *
 * Context: Any but NMI.
 * Return: Whether the loaded magazine has rounds now.
 */
bool rsv_depot_exchange_empty(struct rsv_cache *c, struct rsv_cpu *cpu)
{
	struct rsv_depot *d;

	if (cpu->previous->rounds) {
		rsv_cpu_swap(cpu);
		return true;
	}
	d = rsv_depot_local(c);
	return rsv_depot_exchange(c, cpu, d, &d->full);
}

/**
 * rsv_depot_exchange_full() - replace the loaded magazine, which is full, by one with room
 * @c: the cache
 * @cpu: this CPU's share of it, entered
 *
 * If the previous magazine has room it serves, otherwise one of the depot of this node.
 *
 * Context: Any but NMI.
 * Return: Whether the loaded magazine has room now.
 */
bool rsv_depot_exchange_full(struct rsv_cache *c, struct rsv_cpu *cpu)
{
	struct rsv_depot *d;

	if (cpu->previous->rounds < cpu->previous->size) {
		rsv_cpu_swap(cpu);
		return true;
	}
	d = rsv_depot_local(c);
	return rsv_depot_exchange(c, cpu, d, &d->empty);
}

/**
 * rsv_depot_load_new() - load a new magazine, or put it into the depot if the loaded one has room
 * @c: the cache
 * @cpu: this CPU's share of it, entered
 * @m: the magazine
 *
 * Context: Any but NMI.
 */
void rsv_depot_load_new(struct rsv_cache *c, struct rsv_cpu *cpu, struct rsv_magazine *m)
{
	struct rsv_depot *d = rsv_depot_local(c);
	unsigned long flags;

	rsv_depot_lock(d, &flags);
	if (rsv_cpu_room(cpu))
		rsv_depot_push(d, m);
	else
		rsv_cpu_shift(cpu, d, m);
	rsv_depot_unlock(d, flags);
	rsv_backoff_cached(c->region);
}

/*
 * Working sets
 */

/**
 * rsv_depot_update_working_set() - end an interval and begin the next one
 * @d: the depot
 * @full: set to the number of full magazines that no CPU needed in the interval
 * @empty: the same for empty magazines
 *
 * Context: Any but NMI.
 * Return: Whether CPUs waited for the lock so often that magazines should grow.
 */
bool rsv_depot_update_working_set(struct rsv_depot *d, unsigned int *full, unsigned int *empty)
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
