// SPDX-License-Identifier: GPL-2.0
/*
 * What each CPU has of a cache, and whether the cache's fast paths are on. How a CPU works on its
 * magazines is in cpu.h.
 */
#include <linux/mm.h>

#include "cpu.h"
#include "pages/pagemap.h"

struct rsv_magazine rsv_magazine_none;

DEFINE_PER_CPU(struct rsv_cpu, rsv_cpu_disabled) = { .busy = true };

void (*rsv_step_hook)(int step);
EXPORT_SYMBOL_IF_KUNIT(rsv_step_hook);

/**
 * rsv_cpu_init() - initialise what a CPU has of a new cache
 * @cpu: what the CPU has
 *
 * Context: Any; nobody else knows the cache.
 */
void rsv_cpu_init(struct rsv_cpu *cpu)
{
	rsv_cpu_load(cpu, &rsv_magazine_none);
	cpu->previous = &rsv_magazine_none;
	cpu->remote = &rsv_magazine_none;
	cpu->extent = &rsv_extent_none;
	cpu->freelist = RSV_SLAB_NONE;
}

/**
 * rsv_cpu_has() - whether a CPU has any object or magazine of a cache
 * @c: the cache
 * @cpu: the CPU
 *
 * Reads without synchronisation: objects that the CPU gets meanwhile are for the next drain.
 *
 * Context: Any.
 * Return: true if so; it may change at any time.
 */
bool rsv_cpu_has(struct rsv_cache *c, unsigned int cpu)
{
	const struct rsv_cpu *p = per_cpu_ptr(c->cpus, cpu);

	/* data_race(): see above */
	return data_race(p->loaded != &rsv_magazine_none || p->previous != &rsv_magazine_none ||
			 p->remote != &rsv_magazine_none || p->active);
}

/**
 * rsv_cpu_invalidate_hint() - make the CPUs' hints no longer point to an extent
 * @c: the cache
 * @e: the extent, which no look-up finds any more
 *
 * Context: Any. A CPU that has read the hint has ended its section after a grace period.
 */
void rsv_cpu_invalidate_hint(struct rsv_cache *c, struct rsv_extent *e)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		cmpxchg(&per_cpu_ptr(c->cpus, cpu)->extent, e, &rsv_extent_none);
}

/**
 * rsv_cache_set_fast() - switch the fast paths of a cache on or off, as its state demands
 * @c: the cache, guarantee.lock held
 *
 * Every request must take the slow path while a guaranteed object is missing, so that the next
 * object that is freed becomes one, and always if the cache checks its objects or has no magazines.
 * The fast paths know only marks that lie in the object, and do not clear.
 */
void rsv_cache_set_fast(struct rsv_cache *c)
{
	const struct rsv_guarantee *g = &c->guarantee;
	bool fast = c->alive && rsv_cache_has_magazines(c) && g->nr >= g->target;
	bool simple = !c->engine->off_object && !want_init_on_free();

	WRITE_ONCE(c->fast, fast);
	WRITE_ONCE(c->fast_cpus, fast && simple ? c->cpus : &rsv_cpu_disabled);
}

/**
 * rsv_cache_update_fast() - the same, for callers without the lock
 * @c: the cache
 *
 * Context: Any but NMI.
 */
void rsv_cache_update_fast(struct rsv_cache *c)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&c->guarantee.lock, flags);
	rsv_cache_set_fast(c);
	raw_spin_unlock_irqrestore(&c->guarantee.lock, flags);
}
