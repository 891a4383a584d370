// SPDX-License-Identifier: GPL-2.0
/*
 * Leaving slabs: a slab that a cache gives back waits for a grace period before anybody else gets
 * its pages. Otherwise a double free could write its mark to the memory of another owner.
 *
 * Why no free writes to the pages of a slab that left its cache:
 *
 * - A free looks at the frame's cache, reads the mark, and writes the mark in one section with
 *   preemption disabled, which is an RCU read-side section. It writes only if the frame named the
 *   cache in that section.
 * - rsv_slabs_evict() takes the cache out of the frames before the grace period begins. So a free
 *   that still saw the cache has left its section when the grace period ends. Until then the pages
 *   are as they were when the slab became empty. The free finds the mark of a free object there,
 *   and refuses.
 * - Where the exchange of a mark on the fast path is not atomic for other CPUs (mark.h), two CPUs
 *   that execute it at the same time may both store the object. One gives it back to the engine,
 *   and the slab may become empty and leave. The mark of the other is the trace. It was written in
 *   such a section, too: by the free itself, or by an allocation that found the object in a
 *   magazine. So it is there when the grace period ends. The engine then looks at each object once
 *   more (rsv_engine.free_slab()). A slab with an object that is not free is reported, and its
 *   pages are lost.
 * - From then on all marks say "free", and an allocation that finds a stale pointer to one of the
 *   objects in a magazine refuses: the mark does not say "cached". A free refuses, because the
 *   frame names no cache. A pointer that goes back to the engine is refused for the same reason.
 *
 * The slabs of a region are on three stacks. A slab arrives on the first. When the grace period of
 * the second has ended, those on it go to the third, and those on the first to the second. A work
 * item frees the slabs on the third. A request that found no memory frees some of them first or, if
 * it may sleep, hurries the grace period.
 *
 * The raw lock guards the stacks. No other lock is taken under it, and it is taken under no other
 * lock. Tasks free slabs under the mutex: so a task that takes it afterwards finds the pages of all
 * slabs that were leaving before in the free areas. A caller that may not sleep frees slabs under
 * rcu_read_lock() instead, which keeps their caches.
 */
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "cache.h"
#include "leaving.h"
#include "pages/pagemap.h"
#include "work.h"

/* Slabs that a caller that may not sleep frees at once */
#define RSV_LEAVING_BATCH	16

/* The stacks link slabs by rsv_frame.next_leaving. */
static void rsv_leaving_push(struct rsv_frame **stack, struct rsv_frame *slab)
{
	slab->next_leaving = *stack;
	*stack = slab;
}

static struct rsv_frame *rsv_leaving_pop(struct rsv_frame **stack)
{
	struct rsv_frame *slab = *stack;

	if (slab)
		*stack = slab->next_leaving;
	return slab;
}

/* Moves the stacks on as far as grace periods have ended. The lock is held. */
static void rsv_leaving_advance(struct rsv_leaving *l)
{
	if (!l->ended && l->waiting && poll_state_synchronize_rcu(l->grace)) {
		l->ended = l->waiting;
		l->waiting = NULL;
	}
	if (!l->waiting && l->arrived) {
		l->waiting = l->arrived;
		l->arrived = NULL;
		l->grace = get_state_synchronize_rcu();
	}
}

/**
 * rsv_leaving_add() - let a slab leave its cache for good, a grace period from now
 * @c: the cache
 * @slab: the slab, which rsv_slabs_evict() returned
 *
 * Context: Any but NMI, with no raw lock held.
 */
void rsv_leaving_add(struct rsv_cache *c, struct rsv_frame *slab)
{
	struct rsv_leaving *l = &c->region->leaving;
	unsigned long flags;
	bool first;

	slab->leaving = c;
	atomic_long_inc(&c->nr_leaving);
	atomic_long_add(rsv_slab_pages(c, slab), &l->nr_pages);
	raw_spin_lock_irqsave(&l->lock, flags);
	first = !rsv_leaving_any(l);
	rsv_leaving_push(&l->arrived, slab);
	get_state_synchronize_rcu_full(&l->last);
	rsv_leaving_advance(l);
	raw_spin_unlock_irqrestore(&l->lock, flags);
	/* While any slab is leaving, the work queues itself. */
	if (first)
		queue_rcu_work(rsv_queue, &l->work);
}

/*
 * Frees a slab whose grace period has ended. A slab that the engine reports instead has left, too:
 * its pages are lost.
 */
static void rsv_leaving_free_slab(struct rsv_frame *slab)
{
	struct rsv_cache *c = slab->leaving;
	struct rsv_leaving *l = &c->region->leaving;
	const unsigned int pages = rsv_slab_pages(c, slab);

	c->engine->free_slab(c, slab);
	/* The pages are free before they do not count any more: see backoff.c. */
	atomic_long_sub_return_release(pages, &l->nr_pages);
	/* Last: a cache that is destroyed may be freed from now on (cache_destroy.c). */
	atomic_long_dec_return_release(&c->nr_leaving);
}

static struct rsv_frame *rsv_leaving_pop_ended(struct rsv_leaving *l)
{
	struct rsv_frame *slab;
	unsigned long flags;

	raw_spin_lock_irqsave(&l->lock, flags);
	rsv_leaving_advance(l);
	slab = rsv_leaving_pop(&l->ended);
	raw_spin_unlock_irqrestore(&l->lock, flags);
	return slab;
}

/**
 * rsv_leaving_free_ended() - free some slabs whose grace period has ended
 * @r: the region
 *
 * Context: Any but NMI, with no raw lock held.
 */
void rsv_leaving_free_ended(struct rsv_region *r)
{
	struct rsv_frame *slab;
	unsigned int i;

	if (!rsv_leaving_any(&r->leaving))
		return;
	rcu_read_lock();
	for (i = 0; i < RSV_LEAVING_BATCH; i++) {
		slab = rsv_leaving_pop_ended(&r->leaving);
		if (!slab)
			break;
		rsv_leaving_free_slab(slab);
	}
	rcu_read_unlock();
}
EXPORT_SYMBOL_IF_KUNIT(rsv_leaving_free_ended);

static void rsv_leaving_free_stack(struct rsv_frame *stack)
{
	struct rsv_frame *slab;

	while ((slab = rsv_leaving_pop(&stack))) {
		rsv_leaving_free_slab(slab);
		cond_resched();
	}
}

/*
 * Empties a stack. Returns its slabs, as a stack of the caller, and in @last the state by which RCU
 * tells when the grace period of all of them has ended.
 */
static struct rsv_frame *rsv_leaving_take(struct rsv_leaving *l, struct rsv_frame **stack,
					  struct rcu_gp_oldstate *last)
{
	struct rsv_frame *taken;
	unsigned long flags;

	raw_spin_lock_irqsave(&l->lock, flags);
	taken = *stack;
	*stack = NULL;
	*last = l->last;
	raw_spin_unlock_irqrestore(&l->lock, flags);
	return taken;
}

/**
 * rsv_leaving_free_all() - free all slabs that are leaving, and hurry the grace period for that
 * @r: the region
 *
 * One grace period serves all slabs that were leaving when it began, also those of other regions.
 *
 * Context: Process; may sleep.
 */
void rsv_leaving_free_all(struct rsv_region *r)
{
	struct rsv_leaving *l = &r->leaving;
	struct rsv_frame *arrived, *waiting;
	struct rcu_gp_oldstate last;

	mutex_lock(&l->mutex);
	/* A slab that goes may free objects of another cache, one of whose slabs leaves then. */
	while (rsv_leaving_any(l)) {
		rsv_leaving_free_stack(rsv_leaving_take(l, &l->ended, &last));
		waiting = rsv_leaving_take(l, &l->waiting, &last);
		arrived = rsv_leaving_take(l, &l->arrived, &last);
		if (waiting || arrived)
			cond_synchronize_rcu_expedited_full(&last);
		rsv_leaving_free_stack(waiting);
		rsv_leaving_free_stack(arrived);
	}
	mutex_unlock(&l->mutex);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_leaving_free_all);

/**
 * rsv_leaving_misuse() - which misuse the free of an object is whose page belongs to no cache
 * @e: the extent that it lies in
 * @f: the frame of the page
 *
 * Context: Any.
 * Return: RSV_DOUBLE_FREE if nobody uses the page: it can only have been freed before, with the
 * last object in it. RSV_FOREIGN if somebody else uses it.
 */
enum rsv_misuse rsv_leaving_misuse(const struct rsv_extent *e, struct rsv_frame *f)
{
	u8 kind = READ_ONCE(f->kind);

	if (kind == RSV_FRAME_BODY)
		kind = READ_ONCE(rsv_frame_block(e, f)->kind);
	if (kind == RSV_FRAME_FREE || kind == RSV_FRAME_CACHED || rsv_frame_is_leaving(f))
		return RSV_DOUBLE_FREE;
	return RSV_FOREIGN;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_leaving_misuse);

static void rsv_leaving_work(struct work_struct *work)
{
	struct rsv_leaving *l = container_of(to_rcu_work(work), struct rsv_leaving, work);
	struct rsv_frame *slab;
	unsigned long flags;
	bool more;

	mutex_lock(&l->mutex);
	while ((slab = rsv_leaving_pop_ended(l))) {
		rsv_leaving_free_slab(slab);
		cond_resched();
	}
	mutex_unlock(&l->mutex);

	raw_spin_lock_irqsave(&l->lock, flags);
	more = rsv_leaving_any(l);
	raw_spin_unlock_irqrestore(&l->lock, flags);
	if (more)
		queue_rcu_work(rsv_queue, &l->work);
}

/**
 * rsv_leaving_init() - set up a new region, which no slab is leaving
 * @r: the region
 */
void rsv_leaving_init(struct rsv_region *r)
{
	raw_spin_lock_init(&r->leaving.lock);
	mutex_init(&r->leaving.mutex);
	INIT_RCU_WORK(&r->leaving.work, rsv_leaving_work);
}

/**
 * rsv_leaving_stop() - free all leaving slabs of a region, and stop the work
 * @r: the region, from whose caches no slab leaves any more
 *
 * Context: Process; may sleep.
 */
void rsv_leaving_stop(struct rsv_region *r)
{
	rsv_leaving_free_all(r);
	flush_rcu_work(&r->leaving.work);
}
