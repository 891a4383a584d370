// SPDX-License-Identifier: GPL-2.0
/*
 * Statistics of a cache: the sums over its CPUs, its slabs and its depots.
 */
#include <linux/minmax.h>
#include <linux/string.h>

#include "rcu_frees.h"
#include "stats.h"

/* What the CPUs' reserves have and did */
static void rsv_count_reserves(const struct rsv_cache *c, struct rsv_cache_figures *f)
{
	/* pairs with rsv_cpu_reserves_create() */
	const struct rsv_cpu_reserves *r = smp_load_acquire(&c->reserves);
	unsigned int cpu, at;

	if (!r)
		return;
	f->percpu_target = READ_ONCE(r->target);
	for_each_possible_cpu(cpu) {
		const struct rsv_cpu_reserve *p = per_cpu_ptr(r->cpus, cpu);

		for (at = 0; at < RSV_RESERVE_PERCPU_MAX; at++)
			f->percpu_objects += !!READ_ONCE(p->slot[at]);
		f->percpu_allocs += atomic_long_read(&p->allocs);
		f->percpu_refills += atomic_long_read(&p->refills);
		f->failures += atomic_long_read(&p->failures);
	}
	f->allocs += f->percpu_allocs;
}

static void rsv_count_cpus(const struct rsv_cache *c, struct rsv_cache_figures *f)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		const struct rsv_cpu *p = per_cpu_ptr(c->cpus, cpu);

		f->allocs += READ_ONCE(p->allocs) + READ_ONCE(p->slow_allocs);
		f->frees += READ_ONCE(p->frees) + READ_ONCE(p->slow_frees);
		f->failures += READ_ONCE(p->failures);
	}
	rsv_count_reserves(c, f);
	/*
	 * While CPUs go on, the sums may have the free of an object but not its allocation. The
	 * counters of the slow paths have one word and may have wrapped, at different times. The
	 * difference of the sums is right in one word, which has room for all objects of a region.
	 */
	f->active = max((long)(f->allocs - f->frees), 0L);
}

static void rsv_count_slabs(struct rsv_cache_node *n, struct rsv_cache_figures *f)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&n->lock, flags);
	f->total += n->total;
	f->pages += n->nr_pages;
	f->full += n->slabs[RSV_FULL].nr;
	f->empty += n->slabs[RSV_EMPTY].nr;
	f->partial += n->nr_slabs - n->slabs[RSV_FULL].nr - n->slabs[RSV_EMPTY].nr;
	f->slabs_made += n->slabs_made;
	f->slabs_given += n->slabs_given;
	raw_spin_unlock_irqrestore(&n->lock, flags);
}

static void rsv_count_depot(struct rsv_depot *d, struct rsv_cache_figures *f)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&d->lock, flags);
	f->depot_full += d->full.nr;
	f->depot_empty += d->empty.nr;
	f->exchanges += d->exchanges;
	f->contended += d->contended;
	raw_spin_unlock_irqrestore(&d->lock, flags);
}

/**
 * rsv_cache_count() - sum up the statistics of a cache
 * @c: the cache
 * @figures: filled in. The snapshot stops no CPU, and is exact if no CPU uses the cache
 *
 * Context: Any but NMI.
 */
void rsv_cache_count(const struct rsv_cache *c, struct rsv_cache_figures *figures)
{
	int nid;

	memset(figures, 0, sizeof(*figures));
	rsv_count_cpus(c, figures);
	figures->rcu_waiting = rsv_rcu_count(c);
	for (nid = 0; nid < nr_node_ids; nid++) {
		rsv_count_slabs(c->nodes[nid], figures);
		/*
		 * The depot of an internal cache has preallocated magazines, and no objects in
		 * them.
		 */
		if (!(c->flags & RSV_CACHE_INTERNAL))
			rsv_count_depot(&c->nodes[nid]->depot, figures);
	}
}
EXPORT_SYMBOL_IF_KUNIT(rsv_cache_count);
