// SPDX-License-Identifier: GPL-2.0
/*
 * A CPU's share of a cache, and the switch of the cache's fast paths. cpu.h has the protocol by
 * which a CPU works on its magazines.
 */
#include <linux/mm.h>

#include "cpu.h"
#include "mark.h"

struct rsv_magazine rsv_magazine_none;

DEFINE_PER_CPU(struct rsv_cpu, rsv_cpu_disabled) = { .busy = true };

void (*rsv_step_hook)(int step);
EXPORT_SYMBOL_IF_KUNIT(rsv_step_hook);

/**
 * rsv_cpu_init() - initialise a CPU's share of a new cache
 * @c: the cache, its secret and its layout complete
 * @cpu: the CPU's share
 *
 * Context: Any. No other task knows the cache yet.
 */
void rsv_cpu_init(struct rsv_cache *c, struct rsv_cpu *cpu)
{
	cpu->none = (void *)&c->none_mark - c->layout.mark;
	c->none_mark = ~rsv_mark_word(c->secret, cpu->none);
	rsv_cpu_load(cpu, &rsv_magazine_none);
	cpu->previous = &rsv_magazine_none;
	cpu->remote = &rsv_magazine_none;
	cpu->rcu = &rsv_magazine_none;
	cpu->freelist = RSV_SLAB_NONE;
}

/**
 * rsv_cpu_has() - whether a CPU has any object or magazine of a cache
 * @c: the cache
 * @cpu: the CPU
 *
 * The function reads without synchronisation: objects that the CPU caches meanwhile are for the
 * next drain.
 *
 * Context: Any.
 * Return: true if the CPU has any. The answer may be outdated at once.
 */
bool rsv_cpu_has(struct rsv_cache *c, unsigned int cpu)
{
	const struct rsv_cpu *p = per_cpu_ptr(c->cpus, cpu);

	/* data_race(): see above */
	return data_race(p->loaded != &rsv_magazine_none || p->previous != &rsv_magazine_none ||
			 p->remote != &rsv_magazine_none ||
			 p->rcu != &rsv_magazine_none || p->active);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_cpu_has);

/*
 * Whether the engine may ever serve users of a cache directly. Objects of internal caches have no
 * users. With magazines only those engines do so whose frees take the fast path.
 */
static bool rsv_cache_is_direct(const struct rsv_cache *c)
{
	if (c->flags & (RSV_CACHE_INTERNAL | RSV_CHECKS) || !c->engine->alloc_direct)
		return false;
	return c->flags & RSV_NO_MAGAZINE || !(c->engine->off_object || c->engine->heap);
}

/**
 * rsv_cache_set_fast() - switch the fast paths of a cache on or off, as its state demands
 * @c: the cache, guarantee.lock held
 *
 * Every request takes the slow path while a guaranteed object is missing, so that the next object
 * that is freed becomes one. Every request takes it always if the cache checks its objects or has
 * no magazines. The fast paths know only marks that lie in the object, and clear no object. Where
 * no magazine serves, the engine may serve users directly, under the same conditions.
 */
void rsv_cache_set_fast(struct rsv_cache *c)
{
	const struct rsv_guarantee *g = &c->guarantee;
	const bool serves = c->alive && g->nr >= g->target;
	const bool fast = serves && rsv_cache_has_magazines(c);
	const bool simple = !c->engine->off_object && !want_init_on_free();

	WRITE_ONCE(c->fast, fast);
	WRITE_ONCE(c->direct, serves && rsv_cache_is_direct(c) && !want_init_on_free());
	WRITE_ONCE(c->fast_cpus, fast && simple ? c->cpus : &rsv_cpu_disabled);
	WRITE_ONCE(c->fast_size, fast && simple ? c->layout.object_size : 0);
}

/**
 * rsv_cache_update_fast() - rsv_cache_set_fast() for callers without the lock
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
