/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Magazines: objects that a CPU has at hand (Bonwick and Adams 2001).
 *
 * A CPU has two of each cache, loaded and previous, and only it touches them, with preemption
 * disabled and without masking interrupts:
 *
 *	set busy; look at the magazines, change them, exchange them with the depot; clear busy last
 *
 * An interrupt that comes in between finds busy set and goes to the engine instead. So there is no
 * moment at which two contexts work on a magazine, and no atomic instruction. A cache that wants to
 * see every request, since it checks them or is short of guaranteed objects, has a gate whose busy
 * is always set.
 */
#ifndef RSV_OBJECTS_MAGAZINE_H
#define RSV_OBJECTS_MAGAZINE_H

#include <linux/hardirq.h>
#include <linux/overflow.h>
#include <linux/preempt.h>

#include "cache.h"
#include "engine.h"
#include "hooks.h"
#include "objects/engines/slub.h"
#include "pages/pagemap.h"
#include "pages/page_alloc.h"
#include "types.h"

/* Regions smaller than this have no magazines: what lies in them would be missed elsewhere. */
#define RSV_MAGAZINE_REGION (256UL << 10)

extern struct rsv_magazine rsv_magazine_none;
DECLARE_PER_CPU(struct rsv_cpu, rsv_cpu_disabled);

bool rsv_magazine_wanted(const struct rsv_cache *c);
void rsv_objects_flush(struct rsv_cache *c, void **objects, unsigned int nr);
void rsv_magazine_flush(struct rsv_cache *c, struct rsv_magazine *m);

struct rsv_cpu *rsv_cpu_enter_with_room(struct rsv_cache *c);
unsigned int rsv_magazine_batch(struct rsv_cache *c);
void rsv_magazine_refill(struct rsv_cache *c, struct rsv_batch *t);
bool rsv_magazine_keep(struct rsv_cache *c, struct rsv_extent *e, void *object);
void *rsv_magazine_find(struct rsv_cache *c);

void rsv_cpu_init(struct rsv_cpu *cpu);
void rsv_cpu_flush(struct rsv_cache *c, struct rsv_cpu *cpu);
void rsv_cpu_drain(struct rsv_cache *c);
bool rsv_cpu_has(struct rsv_cache *c, unsigned int cpu);
void rsv_cache_invalidate_hint(struct rsv_cache *c, struct rsv_extent *e);

/* Whether fast paths are open, by whichever gate */
static inline bool rsv_cache_has_fastpath(const struct rsv_cache *c)
{
	return READ_ONCE(c->fast);
}

/* Between the steps of the protocol, so that a test can put an interrupt there */
enum rsv_step {
	RSV_STEP_BEFORE, /* preemption is disabled, busy not looked at */
	RSV_STEP_LOOKED, /* busy was clear, and is not set */
	RSV_STEP_BUSY, /* busy is set */
	RSV_STEP_READ, /* the magazine was read */
	RSV_STEP_CHANGED, /* the magazine was changed */
	RSV_STEP_LEFT, /* busy is clear again */
	RSV_STEPS
};

/*
 * Enters what this CPU has of a cache, by one of its gates or by @cpus itself, with preemption
 * disabled. false: an interrupt came while it is being worked on, or the gate is shut.
 */
static __always_inline bool rsv_cpu_try(struct rsv_cpu *cpu)
{
	rsv_step(RSV_STEP_BEFORE);
	if (unlikely(cpu->busy || in_nmi()))
		return false;
	rsv_step(RSV_STEP_LOOKED);
	WRITE_ONCE(cpu->busy, true);
	barrier();
	rsv_step(RSV_STEP_BUSY);
	return true;
}

/* Ends what rsv_cpu_try() began. */
static __always_inline void rsv_cpu_end(struct rsv_cpu *cpu)
{
	barrier();
	WRITE_ONCE(cpu->busy, false);
	rsv_step(RSV_STEP_LEFT);
}

/* The same with preemption, for the slow paths; NULL if it cannot be entered */
static inline struct rsv_cpu *rsv_cpu_enter(struct rsv_cpu __percpu *cpus)
{
	struct rsv_cpu *cpu;

	preempt_disable();
	cpu = this_cpu_ptr(cpus);
	if (likely(rsv_cpu_try(cpu)))
		return cpu;
	preempt_enable();
	return NULL;
}

/* By whichever gate is open */
static inline struct rsv_cpu *rsv_cpu_enter_open(const struct rsv_cache *c)
{
	return READ_ONCE(c->fast) ? rsv_cpu_enter(c->cpus) : NULL;
}

static inline void rsv_cpu_leave(struct rsv_cpu *cpu)
{
	rsv_cpu_end(cpu);
	preempt_enable();
}

/* Objects in the loaded magazine */
static __always_inline unsigned int rsv_cpu_nr_loaded(const struct rsv_cpu *cpu)
{
	return cpu->top - cpu->bottom;
}

/* How many more it has room for */
static __always_inline unsigned int rsv_cpu_room(const struct rsv_cpu *cpu)
{
	return cpu->limit - cpu->top;
}

/* An object out of the loaded magazine; false: it is empty. */
static __always_inline bool rsv_cpu_pop(struct rsv_cpu *cpu, void **object)
{
	void **top = cpu->top;

	if (unlikely(top == cpu->bottom))
		return false;
	*object = *--top;
	rsv_step(RSV_STEP_READ);
	cpu->top = top;
	rsv_step(RSV_STEP_CHANGED);
	return true;
}

/* An object onto the loaded magazine, which has room: @top is where it ends. */
static __always_inline void rsv_cpu_push(struct rsv_cpu *cpu, void **top, void *object)
{
	rsv_step(RSV_STEP_READ);
	*top = object;
	cpu->top++;
	rsv_step(RSV_STEP_CHANGED);
}

/*
 * The fast path of an allocation, but for what is to be done before the object is its user's: a
 * kept object, marked as in use. false: the slow path it is, with *object, which is damaged, or
 * NULL.
 */
static __always_inline bool rsv_magazine_take(struct rsv_cache *c, void **object)
{
	struct rsv_cpu *cpu;

	preempt_disable();
	cpu = this_cpu_ptr(READ_ONCE(c->fast_cpus));
	if (unlikely(!rsv_cpu_try(cpu)))
		goto refuse;
	if (unlikely(!rsv_cpu_pop(cpu, object))) {
		rsv_cpu_end(cpu);
		goto refuse;
	}
	cpu->allocs++;
	rsv_cpu_end(cpu);
	preempt_enable();
	return rsv_object_mark_used(c, *object);
refuse:
	preempt_enable();
	*object = NULL;
	return false;
}

void *rsv_object_alloc_slow(struct rsv_cache *c, gfp_t gfp, void *kept, unsigned long caller);
void rsv_object_free_slow(struct rsv_cache *c, void *object, unsigned long caller);

/* Whether what is asked for is nothing that fast paths do not know. */
static __always_inline bool rsv_gfp_is_plain(gfp_t gfp)
{
	return !(gfp & ~(RSV_GFP_OBJECTS & ~__GFP_ZERO));
}

/*
 * An allocation. What is not the fast path is called last, so that there is nothing to be saved;
 * so is whoever made the call asked for there.
 */
static __always_inline void *rsv_object_alloc(struct rsv_cache *c, gfp_t gfp)
{
	void *object = NULL;

	rsv_might_sleep(gfp);
	if (unlikely(!rsv_gfp_is_plain(gfp) || !rsv_magazine_take(c, &object)))
		return rsv_object_alloc_slow(c, gfp, object, _RET_IP_);
	return rsv_object_ready(c, object, gfp & ~__GFP_ZERO);
}

/*
 * Claims an object of the cache, given the frame of its page and how far into its slab it begins,
 * and puts it into the loaded magazine, which is of a CPU of its node. false: nothing has changed.
 * @clear: whether it is cleared, where free objects are
 */
static __always_inline bool rsv_magazine_give(struct rsv_cache *c, struct rsv_cpu *cpu,
					      struct rsv_frame *f, unsigned int offset,
					      void *object, bool clear)
{
	void **top = cpu->top;

	if (unlikely(top == cpu->limit || rsv_carved_mark_cached(c, f, offset, object) != RSV_OK))
		return false;
	if (clear)
		rsv_object_clear(c, object);
	rsv_object_hide(c, object);
	rsv_cpu_push(cpu, top, object);
	cpu->frees++;
	return true;
}

/* How far into its slab an object begins, if it is one and its extent is even */
static __always_inline unsigned int rsv_magazine_offset(const struct rsv_cache *c,
							const void *object)
{
	return (unsigned long)object & c->mask;
}

/*
 * The fast path of a free to a cache that is known. false: nothing has changed, and the slow path
 * finds out why.
 */
static __always_inline bool rsv_magazine_put(struct rsv_cache *c, void *object)
{
	struct rsv_extent *e;
	struct rsv_frame *f;
	struct rsv_cpu *cpu;
	unsigned long into;

	preempt_disable();
	cpu = this_cpu_ptr(READ_ONCE(c->fast_cpus));
	if (unlikely(!rsv_cpu_try(cpu)))
		goto refuse;
	/* It may be forgotten at any time, but stays until preemption is enabled again. */
	e = READ_ONCE(cpu->extent);
	into = (unsigned long)object - (unsigned long)e->base;
	if (unlikely(into >= e->bytes))
		goto leave;
	f = rsv_frame_at_offset(e, into);
	/* Only frames of slabs have a cache: the heap's objects take the slow path to it. */
	if (unlikely(f->cache != c ||
		     !rsv_magazine_give(c, cpu, f, rsv_magazine_offset(c, object), object, false)))
		goto leave;
	rsv_cpu_end(cpu);
	preempt_enable();
	return true;
leave:
	rsv_cpu_end(cpu);
refuse:
	preempt_enable();
	return false;
}

#endif /* RSV_OBJECTS_MAGAZINE_H */
