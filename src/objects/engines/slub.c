// SPDX-License-Identifier: GPL-2.0
/*
 * The engine SLUB, as the kernel had it in mm/slub.c in 6.12 (Lameter 2007). One word in a slab's
 * frame has all counts of the slab, and the freelist is threaded through the free objects
 * (slub_freelist.c).
 *
 * With magazines, the fullest slabs of a node serve a batch at a time, under the node's lock.
 * Without magazines, each CPU has an active slab, and no object is queued (slub_cpu.c).
 *
 * A free takes no lock, whichever slab the object is of. It first exchanges the object's mark from
 * cached to free or, without magazines, from used to free: of two CPUs that free the same object,
 * only one succeeds. Then it exchanges the slab's word, to make the object the first of the
 * freelist. Only if that moves the slab to another list does the free take the node's lock. In the
 * word
 *
 *	fill, frozen	change under the node's lock, like the lists
 *	carved		grows under the node's lock or, of an active slab, by its CPU
 *	free, inuse	are exchanged by any CPU
 */
#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/minmax.h>

#include "compat.h"
#include "engines.h"
#include "objects/cache.h"
#include "objects/cpu.h"
#include "objects/debug/check.h"
#include "objects/hooks.h"
#include "objects/layout.h"
#include "objects/leaving.h"
#include "objects/mark.h"
#include "objects/node.h"
#include "pages/pagemap.h"
#include "slub.h"

/*
 * Allocation
 */

/* The slabs of one batch at most, which bounds how long the lock is held */
#define RSV_BATCH_SLABS	2

static void rsv_slub_alloc_node(struct rsv_cache *c, struct rsv_cache_node *n, unsigned int nr,
				struct rsv_batch *batch)
{
	unsigned int slabs, before;
	struct rsv_frame *slab;
	unsigned long flags;

	raw_spin_lock_irqsave(&n->lock, flags);
	for (slabs = 0; slabs < RSV_BATCH_SLABS && batch->nr < nr; slabs++) {
		slab = rsv_slabs_best(n);
		if (!slab)
			break;
		before = batch->nr;
		rsv_slub_pop(c, n, slab, nr - batch->nr, batch);
		if (batch->nr == before || batch->raw || batch->damaged)
			break;
	}
	raw_spin_unlock_irqrestore(&n->lock, flags);
}

static void rsv_slub_alloc(struct rsv_cache *c, struct rsv_cpu *cpu, int nid, unsigned int nr,
			   struct rsv_batch *batch)
{
	if (cpu)
		rsv_slub_alloc_cpu(c, cpu, c->nodes[nid], batch);
	else
		rsv_slub_alloc_node(c, c->nodes[nid], nr, batch);
}

/*
 * Adds a new slab to its node. Unless @nr is 0, because a CPU's active slab serves, the batch gets
 * objects of the best slab. That is usually the new one, but another slab may have got objects back
 * while the new one was made.
 */
static void rsv_slub_add(struct rsv_cache *c, struct rsv_cache_node *n, struct rsv_frame *slab,
			 unsigned int nr, struct rsv_batch *batch)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&n->lock, flags);
	rsv_slab_add(c, n, slab);
	if (nr)
		rsv_slub_pop(c, n, rsv_slabs_best(n), nr, batch);
	raw_spin_unlock_irqrestore(&n->lock, flags);
}

static bool rsv_slub_new_slab(struct rsv_cache *c, gfp_t gfp, int nid, unsigned int nr,
			      struct rsv_batch *batch)
{
	struct rsv_frame *slab = rsv_slab_new(c, gfp, nid);
	struct rsv_extent *e;
	struct rsv_cpu *cpu;

	if (!slab)
		return false;
	e = rsv_frame_extent(c->region, slab);
	cpu = rsv_cpu_enter_active(c, e->nid);
	rsv_slub_add(c, rsv_slab_node(c, e), slab, cpu ? 0 : nr, batch);
	if (cpu) {
		rsv_slub_alloc_cpu(c, cpu, rsv_slab_node(c, e), batch);
		rsv_cpu_leave(cpu);
	}
	return true;
}

/*
 * Free
 */

/*
 * Refuses an object that was marked as cached although its slab has no object to get back: it is on
 * the freelist already. The mark says "cached" again, so that the next allocation from the freelist
 * finds that it was overwritten.
 */
static enum rsv_misuse rsv_slub_refuse(struct rsv_cache *c, unsigned long *mark)
{
	rsv_mark_write(c, mark, RSV_MARK_CACHED);
	return RSV_DOUBLE_FREE;
}

/* Puts an object on the freelist of a slab, and moves the slab to another list for that. */
static enum rsv_misuse rsv_slub_free_locked(struct rsv_cache *c, struct rsv_cache_node *n,
					    struct rsv_frame *slab, unsigned int index,
					    unsigned long *mark)
{
	union rsv_slab_word old = rsv_slab_read(slab), new;
	struct rsv_frame *evicted = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&n->lock, flags);
	do {
		if (unlikely(!old.inuse)) {
			raw_spin_unlock_irqrestore(&n->lock, flags);
			return rsv_slub_refuse(c, mark);
		}
		rsv_mark_write(c, mark, old.free);
		new = old;
		new.free = index;
		new.inuse--;
		if (!old.frozen)
			new.fill = rsv_slab_fill(c, new);
	} while (!rsv_slub_exchange(slab, &old, new));
	if (!old.frozen) {
		rsv_slub_relink(c, n, slab, old, new);
		evicted = rsv_slabs_surplus(c, n, flags);
	}
	raw_spin_unlock_irqrestore(&n->lock, flags);
	if (evicted)
		rsv_leaving_add(c, evicted);
	return RSV_OK;
}

/*
 * Makes a cached object free. Returns false if its mark does not say "cached", or if another CPU
 * that frees the same object was faster.
 */
static bool rsv_slub_mark_free(struct rsv_cache *c, unsigned long *mark)
{
	unsigned long key = rsv_mark_key(c, mark), cached = key ^ RSV_MARK_CACHED;

	if (!rsv_tag_ok(c->secret, mark, rsv_mark_object(c, mark)))
		return false;
	return try_cmpxchg(mark, &cached, key ^ RSV_SLAB_NONE);
}

/*
 * Puts an object, whose mark says "free", on the freelist of its slab. If the slab has no object to
 * get back, the function refuses.
 */
static enum rsv_misuse rsv_slub_push(struct rsv_cache *c, struct rsv_extent *e,
				     struct rsv_frame *slab, unsigned int index,
				     unsigned long *mark)
{
	union rsv_slab_word old = rsv_slab_read(slab), new;

	do {
		if (unlikely(!old.inuse))
			return rsv_slub_refuse(c, mark);
		rsv_mark_write(c, mark, old.free);
		new = old;
		new.free = index;
		new.inuse--;
		if (!old.frozen && rsv_slab_fill(c, new) != old.fill)
			return rsv_slub_free_locked(c, rsv_slab_node(c, e), slab, index, mark);
	} while (!rsv_slub_exchange(slab, &old, new));
	return RSV_OK;
}

static enum rsv_misuse rsv_slub_free(struct rsv_cache *c, struct rsv_cpu *cpu, struct rsv_extent *e,
				     struct rsv_frame *f, void *object)
{
	struct rsv_frame *slab = rsv_slab_head(e, f);
	unsigned int index = rsv_slot_index(c, rsv_slab_offset(f, object) - c->layout.before);
	unsigned long *mark = rsv_mark_at(c, object);

	if (!rsv_slub_mark_free(c, mark))
		return RSV_DOUBLE_FREE;
	if (!cpu || cpu->active != slab)
		return rsv_slub_push(c, e, slab, index, mark);
	rsv_mark_write(c, mark, cpu->freelist);
	rsv_slub_push_cpu(cpu, index);
	return RSV_OK;
}

/*
 * Makes a used object free, with the CPU entered: an object of the active slab goes on the CPU's
 * list, any other one on the list of its slab. The exchange of the mark is atomic for all CPUs, so
 * of several frees of one object one succeeds.
 */
static __always_inline bool rsv_slub_free_used(struct rsv_cache *c, struct rsv_cpu *cpu,
					       void *object)
{
	struct rsv_extent *e = rsv_region_extent_rcu(c->region, object);
	struct rsv_frame *f, *slab;
	unsigned int index;
	bool active;

	if (unlikely(!e))
		return false;
	f = rsv_frame_at(e, object);
	if (unlikely(rsv_frame_cache(f) != c))
		return false;
	/* The frame named the cache in this section, so it is one of a slab: see leaving.c */
	slab = f - READ_ONCE(f->order);
	index = rsv_slot_index(c, rsv_slab_offset(f, object));
	if (unlikely(index >= rsv_word_carved(rsv_slab_read(f))))
		return false;
	active = slab == cpu->active;
	if (unlikely(!rsv_mark_set_once(c->secret, rsv_mark_at(c, object), object,
					active ? cpu->freelist : RSV_SLAB_NONE)))
		return false;
	rsv_free_hook(c, object);
	rsv_step(RSV_STEP_READ);
	if (active)
		rsv_slub_push_cpu(cpu, index);
	else if (unlikely(rsv_slub_push(c, e, slab, index, rsv_mark_at(c, object)) != RSV_OK))
		return false;
	rsv_step(RSV_STEP_CHANGED);
	return true;
}

static bool rsv_slub_free_direct(struct rsv_cache *c, struct rsv_cpu *cpu, void *object)
{
	bool freed;

	if (unlikely(!rsv_cpu_try(cpu)))
		return false;
	freed = rsv_slub_free_used(c, cpu, object);
	cpu->frees += freed;
	rsv_cpu_end(cpu);
	return freed;
}

/*
 * Layout, marks, shrinking and checks
 */

static unsigned int rsv_slub_slots(const struct rsv_layout *l, unsigned int pages)
{
	return min_t(unsigned int, (pages << PAGE_SHIFT) / l->stride, RSV_SLAB_OBJECTS_MAX);
}

static int rsv_slub_layout(struct rsv_layout *l)
{
	rsv_layout_pages(l, rsv_slub_slots);
	return 0;
}

static bool rsv_slub_mark_used(struct rsv_cache *c, void *object)
{
	return rsv_object_mark_used(c, object);
}

static enum rsv_misuse rsv_slub_mark_cached(struct rsv_cache *c, struct rsv_extent *e,
					    struct rsv_frame *f, void *object)
{
	const unsigned int offset = rsv_slab_offset(f, object) - c->layout.before;

	return rsv_carved_mark_cached(c, f, offset, object, false);
}

static bool rsv_slub_is_used(const struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *f,
			     const void *object)
{
	return rsv_carved_is_used(c, e, f, object);
}

static const void *rsv_slub_object_at(const struct rsv_cache *c, struct rsv_extent *e,
				      struct rsv_frame *f, const void *p)
{
	return rsv_slot_object(c, p, rsv_slab_offset(f, p));
}

static void rsv_slub_drain(struct rsv_cache *c, struct rsv_cpu *cpu)
{
	if (cpu->active)
		rsv_slub_deactivate(c, cpu);
}

static void rsv_slub_free_slab(struct rsv_cache *c, struct rsv_frame *slab)
{
	const unsigned int carved = rsv_slab_read(slab).carved;
	void *base = rsv_slub_base(c, slab);
	unsigned int index;

	for (index = 0; index < carved; index++) {
		void *object = rsv_slub_object(c, base, index);
		const unsigned long value = rsv_mark_read(c, rsv_mark_at(c, object));

		if (likely(value < RSV_MARK_CACHED))
			continue;
		rsv_slab_report_used(value == RSV_MARK_CACHED ? RSV_DOUBLE_FREE : RSV_CORRUPT, c,
				     rsv_frame_extent(c->region, slab), object);
		return;
	}
	rsv_slab_free_pages(c, slab);
}

static unsigned int rsv_slub_shrink(struct rsv_cache *c, bool aged)
{
	return rsv_slabs_shrink(c, aged);
}

/* Whether the freelist has each free object once. The node is locked. */
static bool rsv_slub_sound(struct rsv_cache *c, struct rsv_frame *slab, void *base)
{
	const union rsv_slab_word word = rsv_slab_read(slab);
	unsigned int nr, last;
	bool broken;

	/* Other CPUs may add objects at the front meanwhile, but none takes an object off. */
	nr = rsv_slub_last(c, base, word.carved, word.free, word.carved, &last, &broken);
	return !broken && nr == word.carved - word.inuse;
}

static bool rsv_slub_verify(struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *f)
{
	struct rsv_cache_node *n = rsv_slab_node(c, e);
	struct rsv_frame *slab = rsv_slab_head(e, f);
	void *base = rsv_frame_addr(e, slab);
	unsigned long flags;
	bool sound;

	raw_spin_lock_irqsave(&n->lock, flags);
	/* The walk leaves out an active slab, whose CPU takes objects off without the lock. */
	sound = rsv_slab_read(slab).frozen || rsv_slub_sound(c, slab, base);
	raw_spin_unlock_irqrestore(&n->lock, flags);
	if (!sound)
		rsv_debug_report_slab(RSV_CORRUPT, c, base, "its freelist is wrong");
	return sound;
}

static void rsv_slub_visit_slab(struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *slab,
				const struct rsv_visitor *visitor)
{
	void *base = rsv_frame_addr(e, slab);
	unsigned int index;

	for (index = 0; index < rsv_slab_read(slab).carved; index++) {
		void *object = rsv_slub_object(c, base, index);

		if (rsv_mark_read(c, rsv_mark_at(c, object)) > RSV_MARK_CACHED)
			visitor->visit(c, e, object, visitor->data);
	}
}

static void rsv_slub_for_each(struct rsv_cache *c, const struct rsv_visitor *visitor)
{
	rsv_slabs_for_each(c, rsv_slub_visit_slab, visitor);
}

const struct rsv_engine rsv_engine_slub = {
	.name = "slub",
	.flag = RSV_ENGINE_SLUB,
	.layout = rsv_slub_layout,
	.alloc = rsv_slub_alloc,
	.new_slab = rsv_slub_new_slab,
	.free = rsv_slub_free,
	.alloc_direct = rsv_slub_alloc_direct,
	.free_direct = rsv_slub_free_direct,
	.mark_used = rsv_slub_mark_used,
	.mark_cached = rsv_slub_mark_cached,
	.is_used = rsv_slub_is_used,
	.object_at = rsv_slub_object_at,
	.drain = rsv_slub_drain,
	.free_slab = rsv_slub_free_slab,
	.shrink = rsv_slub_shrink,
	.verify = rsv_slub_verify,
	.for_each = rsv_slub_for_each,
};
