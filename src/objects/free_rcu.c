// SPDX-License-Identifier: GPL-2.0
/*
 * Frees that wait for a grace period: rsv_cache_free_rcu() and rsv_kfree_rcu(). They never fail,
 * never sleep, and allocate nothing but, at times, a magazine of the region.
 *
 * The object stays used until the grace period is over, because readers look at it. Nothing is
 * written to it but its rcu_head. Otherwise a free by RCU is like any other free: the fast path
 * looks whether the address is that of a used object of the cache, and pushes it onto a magazine of
 * this CPU, here the one that collects such objects (rsv_cpu.rcu). The protocol is that of cpu.h.
 * The last round is for the slow path, which adds the full magazine to those that wait
 * (rcu_frees.c). An object that no magazine takes waits by its rcu_head.
 *
 * The mark of the object still says "used". So another word tells that the object was given back
 * already: the rcu_head has a cookie (rcu_frees.h). rcu_ended.c finds the cookie at the same place
 * in all objects of a magazine, and clears it. So an object whose rcu_head lies elsewhere waits by
 * that.
 */
#include <linux/hardirq.h>
#include <linux/kasan.h>
#include <linux/kmemleak.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>

#include "cache.h"
#include "debug/check.h"
#include "depot.h"
#include "fastpath.h"
#include "hooks.h"
#include "kmalloc.h"
#include "leaving.h"
#include "lookup.h"
#include "magazine_cache.h"
#include "pages/backoff.h"
#include "pages/pagemap.h"
#include "pages/zone.h"
#include "rcu_frees.h"
#include "report.h"

/* Where an rcu_head lies in its object; any number if it lies elsewhere */
static __always_inline unsigned long rsv_rcu_offset(const void *object,
						    const struct rcu_head *head)
{
	return (unsigned long)head - (unsigned long)object;
}

/*
 * kmemleak knows the object until it is freed, but finds no pointer to it any more. Where it was
 * not told of each object (rsv_kmemleak_allowed()) it is not told this either, since it would warn.
 */
static __always_inline void rsv_rcu_kmemleak(const struct rsv_cache *c, void *object)
{
	if (IS_ENABLED(CONFIG_DEBUG_KMEMLEAK) && !IS_ENABLED(CONFIG_PREEMPT_RT) &&
	    !IS_ENABLED(CONFIG_PROVE_RAW_LOCK_NESTING) && (!c || rsv_cache_uses_kmemleak(c)))
		kmemleak_ignore(object);
}

/* Pushes an object onto the magazine that this CPU has for such objects, and that has room. */
static __always_inline void rsv_rcu_push(struct rsv_cpu *cpu, unsigned int rounds, void *object,
					 struct rcu_head *head)
{
	rsv_step(RSV_STEP_READ);
	rsv_rcu_set_cookie(object, head);
	cpu->rcu->object[rounds] = object;
	WRITE_ONCE(cpu->rcu_rounds, rounds + 1);
	rsv_step(RSV_STEP_CHANGED);
}

/*
 * The fast path. @named: the cache that the caller names; NULL for that of the frame. A failure
 * changes nothing, and the slow path finds out why.
 */
static __always_inline bool rsv_free_rcu_fast(struct rsv_cache *named, void *object,
					      struct rcu_head *head)
{
	struct rsv_cache *c;
	struct rsv_frame *f;
	struct rsv_cpu *cpu;
	unsigned int rounds;

	preempt_disable();
	if (unlikely(!rsv_hint_frame(object, &f)))
		goto refuse;
	c = rsv_frame_cache(f);
	if (unlikely(!c || (named && c != named)))
		goto refuse;
	cpu = this_cpu_ptr(READ_ONCE(c->fast_cpus));
	if (unlikely(!rsv_cpu_try(cpu)))
		goto refuse;
	rounds = cpu->rcu_rounds;
	if (unlikely(rounds >= cpu->rcu_last || rsv_rcu_offset(object, head) != cpu->rcu_offset))
		goto leave;
	if (unlikely(!rsv_carved_may_be_freed(c, f, (unsigned long)object & c->mask, object) ||
		     rsv_rcu_is_waiting(object, head)))
		goto leave;
	rsv_rcu_kmemleak(c, object);
	rsv_rcu_push(cpu, rounds, object, head);
	rsv_cpu_end(cpu);
	preempt_enable();
	return true;
leave:
	rsv_cpu_end(cpu);
refuse:
	preempt_enable();
	return false;
}

/*
 * Magazines
 */

/* Gives this CPU, which was entered, a magazine for objects whose rcu_head lies at @offset. */
static void rsv_rcu_load(struct rsv_cache *c, struct rsv_cpu *cpu, struct rsv_magazine *m,
			 unsigned int offset)
{
	cpu->rcu = m;
	cpu->rcu_last = m->size - 1;
	cpu->rcu_offset = offset;
	atomic_inc(&c->region->rcu_frees.collecting);
	rsv_backoff_cached(c->region);
}

/* Enters this CPU if it has a magazine for such objects, a new one if need be; or NULL */
static struct rsv_cpu *rsv_cpu_enter_with_rcu(struct rsv_cache *c, unsigned int offset)
{
	struct rsv_cpu *cpu = rsv_cpu_enter(c->cpus);
	struct rsv_magazine *m;

	if (!cpu || cpu->rcu != &rsv_magazine_none)
		return cpu;
	rsv_cpu_leave(cpu);
	m = rsv_magazine_take_empty(c);
	if (!m)
		return NULL;
	cpu = rsv_cpu_enter(c->cpus);
	if (cpu && cpu->rcu == &rsv_magazine_none)
		rsv_rcu_load(c, cpu, m, offset);
	else
		rsv_depot_add(c, m);
	return cpu;
}

/* Collects an object in a magazine of this CPU. Returns false if none takes it. */
static bool rsv_rcu_collect(struct rsv_cache *c, void *object, struct rcu_head *head)
{
	const unsigned long offset = rsv_rcu_offset(object, head);
	struct rsv_cpu *cpu;

	if (!rsv_cache_has_magazines(c) || c->layout.object_size < sizeof(*head) ||
	    offset > c->layout.object_size - sizeof(*head))
		return false;
	cpu = rsv_cpu_enter_with_rcu(c, offset);
	if (!cpu)
		return false;
	if (cpu->rcu_offset != offset) {
		rsv_cpu_leave(cpu);
		return false;
	}
	rsv_rcu_push(cpu, cpu->rcu_rounds, object, head);
	if (cpu->rcu_rounds > cpu->rcu_last)
		rsv_rcu_submit(c, cpu);
	rsv_cpu_leave(cpu);
	return true;
}

/*
 * Checks
 */

/* Whether a used object of the cache begins at an address. Returns RSV_OK, or the misuse. */
static enum rsv_misuse rsv_rcu_check_object(struct rsv_cache *c, struct rsv_extent *e,
					    const void *object)
{
	struct rsv_frame *f = rsv_frame_at(e, object);
	const struct rsv_cache *owner = rsv_cache_at(e, object);

	if (owner && owner != c)
		return RSV_WRONG_CACHE;
	if (!owner && rsv_frame_is_heap(f))
		return c->engine->heap ? RSV_DOUBLE_FREE : RSV_WRONG_CACHE;
	if (!owner)
		return rsv_leaving_misuse(e, f);
	if (rsv_object_is_used(c, e, object))
		return RSV_OK;
	return c->engine->object_at(c, e, f, object) == object ? RSV_DOUBLE_FREE : RSV_MISALIGNED;
}

/* The same for a block of whole pages */
static enum rsv_misuse rsv_rcu_check_pages(struct rsv_extent *e, const void *p)
{
	enum rsv_misuse misuse = rsv_kfree_check(e, p);

	return misuse ?: rsv_zone_check_used(e, rsv_frame_index(e, rsv_frame_at(e, p)));
}

/*
 * The slow path
 */

static void rsv_rcu_report(enum rsv_misuse misuse, const struct rsv_cache *c,
			   const struct rsv_extent *e, const void *object)
{
	if (c)
		rsv_debug_report(misuse, c, e, object, "given back by RCU");
	else
		rsv_report(misuse, "region %s: memory at 0x%llx given back by RCU",
			   e->region->name, rsv_addr_offset(e, object));
}

/* @named: as for rsv_free_rcu_fast(). The caller is under rcu_read_lock(). */
static void rsv_free_rcu_in(struct rsv_cache *named, struct rsv_extent *e, void *object,
			    struct rcu_head *head)
{
	struct rsv_cache *c = named ?: rsv_cache_at(e, object);
	enum rsv_misuse misuse;

	if (!named && c && c->flags & RSV_CACHE_INTERNAL)
		misuse = RSV_FOREIGN;
	else
		misuse = c ? rsv_rcu_check_object(c, e, object) : rsv_rcu_check_pages(e, object);
	if (misuse == RSV_OK && rsv_rcu_is_waiting(object, head))
		misuse = RSV_DOUBLE_FREE;
	if (misuse == RSV_OK) {
		rsv_rcu_kmemleak(c, object);
		if (c && rsv_rcu_collect(c, object, head))
			return;
		if (rsv_rcu_add_head(e->region, c, object, head))
			return;
		misuse = RSV_DOUBLE_FREE;
	}
	rsv_rcu_report(misuse, c, e, object);
}

static noinline void rsv_free_rcu_slow(struct rsv_cache *named, void *object,
				       struct rcu_head *head)
{
	struct rsv_extent *e;

	if (rsv_refuse_nmi("memory given back by RCU"))
		return;
	/* On kernels that tag addresses, the module knows memory by untagged ones. */
	object = kasan_reset_tag(object);
	head = kasan_reset_tag(head);
	rcu_read_lock();
	e = rsv_extent_find_addr(object);
	if (likely(e && (!named || e->region == named->region)))
		rsv_free_rcu_in(named, e, object, head);
	else if (named)
		rsv_report(RSV_FOREIGN, "cache %s of region %s: a pointer to elsewhere",
			   named->name, named->region->name);
	else
		rsv_report(RSV_FOREIGN, "memory of no region given back by RCU%s",
			   rsv_foreign_text(object));
	rcu_read_unlock();
}

/**
 * rsv_cache_free_rcu() - free an object after a grace period
 * @c: its cache
 * @object: the object; NULL does nothing. Readers under rcu_read_lock() may go on looking at it. If
 *	the cache has a constructor the caller has restored the state that the constructor made
 * @head: memory that stays valid until the object is free, and that nobody else writes to until
 *	then: mostly a field of the object. When that is nobody learns, but rsv_rcu_barrier() waits
 *	for it. A field of another object that is freed by RCU is not such memory. It is no part of
 *	the state that a constructor makes. A free is fastest if all objects of the cache have it at
 *	the same place
 *
 * As kfree_rcu(). The function never fails. It reports an object that is free already or was given
 * back by RCU already, an object of another cache, and a pointer to no object, and changes nothing.
 * What is found out only after the grace period is reported then. An object that is also freed by
 * rsv_cache_free() meanwhile, and belongs to a new user who did not write to @head, is taken from
 * that one: as with any double free, nothing tells whose it is.
 *
 * Context: Any; also with interrupts off, and under raw locks. In an NMI it is refused with a
 * report unless this CPU has a magazine for it with room.
 */
void rsv_cache_free_rcu(struct rsv_cache *c, void *object, struct rcu_head *head)
{
	if (likely(rsv_free_rcu_fast(c, object, head)))
		return;
	if (object && rsv_cache_usable(c))
		rsv_free_rcu_slow(c, object, head);
}
EXPORT_SYMBOL_GPL(rsv_cache_free_rcu);

/**
 * rsv_kfree_call_rcu() - free memory after a grace period: what rsv_kfree_rcu() calls
 * @p: memory of rsv_kmalloc() and its like, or an object of rsv_cache_alloc(); NULL and
 *	ZERO_SIZE_PTR do nothing
 * @head: as for rsv_cache_free_rcu()
 *
 * Context: As rsv_cache_free_rcu().
 */
void rsv_kfree_call_rcu(const void *p, struct rcu_head *head)
{
	if (likely(rsv_free_rcu_fast(NULL, (void *)p, head)))
		return;
	if (!ZERO_OR_NULL_PTR(p))
		rsv_free_rcu_slow(NULL, (void *)p, head);
}
EXPORT_SYMBOL_GPL(rsv_kfree_call_rcu);
