// SPDX-License-Identifier: GPL-2.0
/*
 * Active slabs: how the engine SLUB serves a CPU of a cache without magazines, as the kernel's SLUB
 * did in 6.12.
 *
 * Each CPU has an active slab. The slab is frozen: it is on no list of its node, and only this CPU
 * takes objects off it. The CPU takes the whole freelist of the slab at once. From then on the list
 * is the CPU's (rsv_cpu.freelist), and the slab counts its objects as inuse. Other CPUs free to the
 * slab's own freelist, in the frame. When the CPU's list is empty, the CPU takes the slab's list
 * once more, or carves. When the slab has nothing left, the CPU deactivates it and activates the
 * node's best slab.
 *
 * The CPU calls these functions between rsv_cpu_enter() and rsv_cpu_leave(), so nothing else
 * changes its rsv_cpu. Only activation and deactivation take the node's lock.
 *
 * Most requests go directly between the CPU's list and their user: an allocation takes the first
 * object off the list and its mark off the object (rsv_slub_alloc_direct()), and a free of an
 * object of the active slab puts both back (rsv_slub_free_direct() in slub.c). So there is no lock
 * and, but for the one exchange by which a free claims the object, no atomic instruction.
 */
#include <linux/minmax.h>

#include "compat.h"
#include "objects/batch.h"
#include "objects/cpu.h"
#include "objects/leaving.h"
#include "objects/mark.h"
#include "objects/node.h"
#include "pages/backoff.h"
#include "pages/pagemap.h"
#include "slub.h"

/* Takes the slab's freelist for the CPU, and freezes the slab if it is not frozen. */
static void rsv_slub_get_freelist(struct rsv_cpu *cpu, struct rsv_frame *slab)
{
	union rsv_slab_word old = rsv_slab_read(slab), new;

	do {
		new = old;
		new.free = RSV_SLAB_NONE;
		new.inuse = old.carved;
		new.frozen = 1;
	} while (!rsv_slub_exchange(slab, &old, new));
	cpu->freelist = old.free;
	cpu->nr_freelist = old.carved - old.inuse;
}

/* Makes the node's best slab the active one. */
static void rsv_slub_activate(struct rsv_cache *c, struct rsv_cpu *cpu, struct rsv_cache_node *n)
{
	struct rsv_frame *slab;
	unsigned long flags;

	raw_spin_lock_irqsave(&n->lock, flags);
	slab = rsv_slabs_best(n);
	if (slab) {
		rsv_slab_unlink(n, slab, rsv_slab_read(slab).fill);
		rsv_slub_get_freelist(cpu, slab);
		cpu->active = slab;
		cpu->active_first = rsv_slub_object(c, rsv_slub_base(c, slab), 0);
		rsv_backoff_cached(c->region);
	}
	raw_spin_unlock_irqrestore(&n->lock, flags);
}

/*
 * Puts the CPU's list, @nr objects that end with @last, before the slab's own list. Puts the slab
 * on a list of its node, which is locked.
 */
static void rsv_slub_unfreeze(struct rsv_cache *c, struct rsv_cache_node *n, struct rsv_cpu *cpu,
			      unsigned int nr, unsigned int last)
{
	struct rsv_frame *slab = cpu->active;
	union rsv_slab_word old = rsv_slab_read(slab), new;
	void *base = rsv_slub_base(c, slab);
	unsigned long raw = 0;

	if (nr)
		raw = rsv_mark_read(c, rsv_slub_mark(c, base, last)) & RSV_MARK_RAW;
	do {
		if (nr)
			rsv_mark_write(c, rsv_slub_mark(c, base, last), old.free | raw);
		new = old;
		if (nr)
			new.free = cpu->freelist;
		/* An object that two CPUs freed at once was subtracted twice. */
		new.inuse -= min(nr, old.inuse + 0U);
		new.frozen = 0;
		new.fill = rsv_slab_fill(c, new);
	} while (!rsv_slub_exchange(slab, &old, new));
	rsv_slab_link(c, n, slab, new.fill);
	cpu->active = NULL;
	cpu->freelist = RSV_SLAB_NONE;
	cpu->nr_freelist = 0;
}

/**
 * rsv_slub_deactivate() - return a CPU's active slab to its node
 * @c: the cache
 * @cpu: the CPU's share of it, with an active slab
 *
 * Context: Any but NMI.
 */
void rsv_slub_deactivate(struct rsv_cache *c, struct rsv_cpu *cpu)
{
	struct rsv_cache_node *n = rsv_slab_node(c, rsv_frame_extent(c->region, cpu->active));
	const unsigned int carved = rsv_slab_read(cpu->active).carved;
	void *base = rsv_slub_base(c, cpu->active);
	unsigned int last = RSV_SLAB_NONE, lost, nr;
	struct rsv_frame *evicted;
	unsigned long flags;
	bool broken;

	/* The list is the CPU's, so this walk along all of it needs no lock. */
	nr = rsv_slub_last(c, base, carved, cpu->freelist, cpu->nr_freelist, &last, &broken);
	lost = broken ? cpu->nr_freelist - nr : 0;
	raw_spin_lock_irqsave(&n->lock, flags);
	rsv_slub_unfreeze(c, n, cpu, nr, last);
	evicted = rsv_slabs_surplus(c, n, flags);
	raw_spin_unlock_irqrestore(&n->lock, flags);
	if (evicted)
		rsv_leaving_add(c, evicted);
	if (lost)
		rsv_cache_lost(c, base, lost);
}

/* Returns whether the CPU's list has an object, if need be after a refill from the active slab. */
static bool rsv_slub_refill(struct rsv_cache *c, struct rsv_cpu *cpu)
{
	struct rsv_frame *slab = cpu->active;

	if (cpu->freelist == RSV_SLAB_NONE && slab &&
	    rsv_slub_carve(c, slab, rsv_slub_base(c, slab)))
		rsv_slub_get_freelist(cpu, slab);
	return cpu->freelist != RSV_SLAB_NONE;
}

static void rsv_slub_pop_cpu(struct rsv_cache *c, struct rsv_cpu *cpu, struct rsv_batch *batch)
{
	void *base = rsv_slub_base(c, cpu->active);
	void *object = rsv_slub_object(c, base, cpu->freelist);
	unsigned long value = rsv_slub_read_free(c, object, rsv_slab_read(cpu->active).carved);

	if (unlikely(value == RSV_SLUB_BROKEN)) {
		/* The slab counts these objects as inuse already. */
		batch->damaged = base;
		batch->lost = cpu->nr_freelist;
		cpu->freelist = RSV_SLAB_NONE;
		cpu->nr_freelist = 0;
		return;
	}
	cpu->freelist = value & RSV_MARK_NEXT;
	cpu->nr_freelist--;
	batch->raw = value & RSV_MARK_RAW;
	rsv_object_set_cached(c, object);
	batch->object[batch->nr++] = object;
}

/* Takes the first object off the CPU's list, for its user. NULL if it is raw or was overwritten. */
static __always_inline void *rsv_slub_pop_used(struct rsv_cache *c, struct rsv_cpu *cpu)
{
	void *object = cpu->active_first + cpu->freelist * c->layout.stride;
	const unsigned int carved = rsv_word_carved(rsv_slab_read(cpu->active));
	const unsigned long value = rsv_slub_read_free(c, object, carved);

	if (unlikely(value > RSV_MARK_NEXT))
		return NULL;
	rsv_step(RSV_STEP_READ);
	rsv_mark_clear(c->secret, rsv_mark_at(c, object), object);
	cpu->freelist = value;
	cpu->nr_freelist--;
	cpu->allocs++;
	rsv_step(RSV_STEP_CHANGED);
	return object;
}

/**
 * rsv_slub_alloc_direct() - make the first object of this CPU's list a used one
 * @c: the cache
 * @cpu: the CPU's share of it
 *
 * Context: Any but NMI, with preemption disabled.
 * Return: The object. NULL if the list is empty, if the object is raw or was overwritten, and in an
 * interrupt that came while the CPU is busy; then nothing has changed.
 */
void *rsv_slub_alloc_direct(struct rsv_cache *c, struct rsv_cpu *cpu)
{
	void *object = NULL;

	if (unlikely(!rsv_cpu_try(cpu)))
		return NULL;
	if (likely(cpu->freelist != RSV_SLAB_NONE))
		object = rsv_slub_pop_used(c, cpu);
	rsv_cpu_end(cpu);
	return object;
}

/**
 * rsv_slub_alloc_cpu() - take one object from a CPU's active slab
 * @c: the cache
 * @cpu: the CPU's share of it
 * @n: the CPU's node, which has the next active slab
 * @batch: an empty batch. The object is added to it, unless all slabs of the node are full
 *
 * Context: Any but NMI.
 */
void rsv_slub_alloc_cpu(struct rsv_cache *c, struct rsv_cpu *cpu, struct rsv_cache_node *n,
			struct rsv_batch *batch)
{
	if (!rsv_slub_refill(c, cpu)) {
		if (cpu->active)
			rsv_slub_deactivate(c, cpu);
		rsv_slub_activate(c, cpu, n);
		if (!rsv_slub_refill(c, cpu))
			return;
	}
	rsv_slub_pop_cpu(c, cpu, batch);
}
