// SPDX-License-Identifier: GPL-2.0
/*
 * How the engine SLAB serves users of a cache without magazines: an object goes directly between
 * its slab and its user. One hold of the node's lock moves it between the slab's freelist and the
 * user, and its bufctl from free to used, or back.
 */
#include <linux/preempt.h>
#include <linux/topology.h>

#include "compat.h"
#include "objects/hooks.h"
#include "objects/leaving.h"
#include "slab.h"

/*
 * Takes an object of the node's best slab for a user. Leaves to the other steps an object that
 * needs a constructor, a slab that is damaged, and a node without free objects. The node is locked.
 */
static void *rsv_bufctl_take(struct rsv_cache *c, struct rsv_cache_node *n)
{
	struct rsv_frame *slab = rsv_slabs_best(n);
	const struct rsv_extent *e;
	struct rsv_bufctl *bufctl;
	union rsv_slab_word word;
	void *base, *object;

	if (unlikely(!slab))
		return NULL;
	e = rsv_frame_extent(c->region, slab);
	bufctl = rsv_bufctl_of(c, e, slab);
	base = rsv_frame_addr(e, slab);
	word = rsv_slab_read(slab);
	if (unlikely(!rsv_bufctl_is_sound(c, bufctl, slab)))
		return NULL;
	if (word.inuse < word.carved || word.free != RSV_SLAB_NONE)
		object = rsv_bufctl_pop(c, bufctl, base, &word, RSV_BUFCTL_USED);
	else if (!rsv_cache_has_raw(c))
		object = rsv_bufctl_carve(c, bufctl, base, &word, RSV_BUFCTL_USED);
	else
		object = NULL;
	if (likely(object))
		rsv_bufctl_update_slab(c, n, slab, word);
	return object;
}

/**
 * rsv_bufctl_alloc_direct() - make a free object of this CPU's node a used one
 * @c: the cache
 * @cpu: the CPU's share of it, for its counters
 *
 * Context: Any but NMI, with preemption disabled.
 * Return: The object. NULL, and then nothing has changed, if the other steps must serve.
 */
void *rsv_bufctl_alloc_direct(struct rsv_cache *c, struct rsv_cpu *cpu)
{
	struct rsv_cache_node *n = c->nodes[numa_mem_id()];
	unsigned long flags;
	void *object;

	raw_spin_lock_irqsave(&n->lock, flags);
	object = rsv_bufctl_take(c, n);
	if (likely(object))
		this_cpu_inc(c->cpus->slow_allocs);
	raw_spin_unlock_irqrestore(&n->lock, flags);
	return object;
}

/**
 * rsv_bufctl_free_direct() - make a used object a free one
 * @c: the cache
 * @cpu: the CPU's share of it, for its counters
 * @object: the object, or any address
 *
 * The bufctl says "cached" before the lock is taken. From then on the object is this CPU's, so its
 * slab is not empty and stays.
 *
 * Context: Any but NMI, with preemption disabled.
 * Return: false, and then nothing has changed, if the other steps must serve.
 */
bool rsv_bufctl_free_direct(struct rsv_cache *c, struct rsv_cpu *cpu, void *object)
{
	struct rsv_extent *e = rsv_region_extent_rcu(c->region, object);
	struct rsv_frame *f, *evicted;
	struct rsv_cache_node *n;
	u16 *entry, used = RSV_BUFCTL_USED;
	unsigned long flags;

	if (unlikely(!e))
		return false;
	f = rsv_frame_at(e, object);
	if (unlikely(rsv_frame_cache(f) != c))
		return false;
	entry = rsv_bufctl_entry(c, e, f, object);
	if (unlikely(!entry || !try_cmpxchg(entry, &used, RSV_BUFCTL_CACHED)))
		return false;
	rsv_free_hook(c, object);
	this_cpu_inc(c->cpus->slow_frees);
	n = rsv_slab_node(c, e);
	raw_spin_lock_irqsave(&n->lock, flags);
	rsv_bufctl_put(c, n, e, rsv_slab_head(e, f), entry);
	evicted = rsv_slabs_surplus(c, n, flags);
	raw_spin_unlock_irqrestore(&n->lock, flags);
	if (evicted)
		rsv_leaving_add(c, evicted);
	return true;
}
