// SPDX-License-Identifier: GPL-2.0
/*
 * Where an engine's objects come from: what it has at hand, of the caller's node first, then more
 * memory for it, then what other nodes have.
 */
#include <linux/gfp.h>
#include <linux/topology.h>

#include "batch.h"
#include "cache.h"
#include "compat.h"
#include "depot.h"
#include "engine.h"
#include "magazine.h"
#include "objects/debug/check.h"
#include "region.h"

/**
 * rsv_cache_lost() - report that free objects of a slab are lost, since its list was overwritten
 * @c: the cache
 * @base: an address in the slab
 * @nr: how many
 *
 * They are out for ever, so that the slab stays, and the cache with it.
 *
 * Context: Any but NMI, with no raw lock held.
 */
void rsv_cache_lost(struct rsv_cache *c, void *base, unsigned int nr)
{
	const struct rsv_extent *e = rsv_region_extent(c->region, base);

	rsv_debug_report_slab(RSV_CORRUPT, c, base, "%u free objects are lost", nr);
	if (rsv_cache_owning(e, base) == c)
		this_cpu_add(c->cpus->slow_allocs, nr);
}

/**
 * rsv_cpu_enter_active() - enter what this CPU has of a cache without magazines
 * @c: the cache
 * @nid: the node whose memory is asked for or given back
 *
 * Context: Any but NMI.
 * Return: What it has, to be left by rsv_cpu_leave(); NULL if the engine keeps nothing for a CPU,
 * the node is not the CPU's, or it is being worked on.
 */
struct rsv_cpu *rsv_cpu_enter_active(struct rsv_cache *c, int nid)
{
	struct rsv_cpu *cpu;

	if (!(c->flags & RSV_NO_MAGAZINE) || c->flags & RSV_CACHE_INTERNAL || !c->engine->drain)
		return NULL;
	cpu = rsv_cpu_enter(c->cpus);
	if (cpu && nid != numa_mem_id()) {
		rsv_cpu_leave(cpu);
		return NULL;
	}
	return cpu;
}

/**
 * rsv_batch_alloc_node() - take what the engine has at hand of one node's memory
 * @c: the cache
 * @nid: the node
 * @nr: how many, up to RSV_BATCH
 * @t: what was taken: objects marked as kept
 *
 * Context: Any but NMI.
 */
void rsv_batch_alloc_node(struct rsv_cache *c, int nid, unsigned int nr, struct rsv_batch *t)
{
	struct rsv_cpu *cpu;

	do {
		rsv_batch_init(t);
		cpu = rsv_cpu_enter_active(c, nid);
		c->engine->alloc(c, cpu, nid, nr, t);
		if (cpu)
			rsv_cpu_leave(cpu);
		if (t->damaged)
			rsv_cache_lost(c, t->damaged, t->lost);
	} while (t->damaged && !t->nr);
}

/* The same of nodes from one rank to another, the nearest first */
static void rsv_batch_alloc_others(struct rsv_cache *c, int nid, unsigned int rank,
				   unsigned int end, unsigned int nr, struct rsv_batch *t)
{
	for (; !t->nr && rank < end; rank++)
		rsv_batch_alloc_node(c, rsv_node_at(nid, rank), nr, t);
}

/* From the engine of the caller's node, with more memory of it, or from those of other nodes */
static bool rsv_batch_alloc_near(struct rsv_cache *c, gfp_t gfp, int nid, unsigned int nr,
				 struct rsv_batch *t)
{
	const gfp_t here = (gfp | __GFP_THISNODE | __GFP_NOWARN) & ~__GFP_DIRECT_RECLAIM;
	bool grew = c->engine->new_slab(c, here, nid);

	if (grew)
		rsv_batch_alloc_node(c, nid, nr, t);
	rsv_batch_alloc_others(c, nid, 1, nr_node_ids, nr, t);
	return grew;
}

/**
 * rsv_batch_alloc() - take from the engine, with more memory for it if need be
 * @c: the cache
 * @gfp: as for rsv_cache_alloc(); with __GFP_THISNODE no other node serves
 * @nid: the node: what there is of others comes next, then anything that can be had
 * @nr: how many, up to RSV_BATCH
 * @t: what was taken: objects marked as kept
 *
 * Context: As rsv_cache_alloc().
 * Return: Whether there was need of more memory.
 */
bool rsv_batch_alloc(struct rsv_cache *c, gfp_t gfp, int nid, unsigned int nr, struct rsv_batch *t)
{
	bool grew = false;

	rsv_batch_alloc_node(c, nid, nr, t);
	if (!t->nr && nr_node_ids > 1 && !(gfp & __GFP_THISNODE))
		grew = rsv_batch_alloc_near(c, gfp, nid, nr, t);
	if (t->nr)
		return grew;
	/* There may be a guaranteed object instead. */
	if (READ_ONCE(c->guarantee.nr))
		gfp |= __GFP_NOWARN;
	/*
	 * As often as others are quicker, who then have got what was made: with interrupts off they
	 * are other CPUs, and no round is without a slab that the region still had.
	 */
	do {
		grew = c->engine->new_slab(c, gfp, nid);
		if (!grew)
			rsv_depot_spill(c);
		/* Even so: who may sleep made others give back, and it may be an object. */
		rsv_batch_alloc_others(c, nid, 0, gfp & __GFP_THISNODE ? 1 : nr_node_ids, nr, t);
	} while (grew && !t->nr);
	return true;
}
