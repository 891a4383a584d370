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
#include <linux/preempt.h>

#include "../compat.h"
#include "../pages/extent.h"
#include "cache.h"
#include "engine.h"
#include "object.h"
#include "slub.h"

/* Regions smaller than this have no magazines: what lies in them would be missed elsewhere. */
#define RSV_MAGAZINE_REGION	(256UL << 10)

/**
 * struct rsv_magazine - a stack of kept objects
 * @next: the next one in the depot
 * @nr: objects in it
 * @capacity: objects that it has room for
 * @object: the objects
 */
struct rsv_magazine {
	struct rsv_magazine *next;
	u32 nr;
	u32 capacity;
	void *object[];
};

extern struct rsv_magazine rsv_magazine_none;
DECLARE_PER_CPU(struct rsv_cpu, rsv_gate_shut);

int rsv_magazines_create(struct rsv_region *r);
unsigned int rsv_magazine_rounds(const struct rsv_layout *l);
unsigned int rsv_magazine_batch(const struct rsv_cache *c);

bool rsv_magazine_exchange_empty(struct rsv_cache *c, struct rsv_cpu *cpu);
bool rsv_magazine_exchange_full(struct rsv_cache *c, struct rsv_cpu *cpu);
void rsv_magazine_refill(struct rsv_cache *c, struct rsv_taken *t);
bool rsv_magazine_keep(struct rsv_cache *c, struct rsv_extent *e, void *object);
void *rsv_magazine_find(struct rsv_cache *c);

void rsv_cpu_init(struct rsv_cpu *cpu);
void rsv_cpu_empty(struct rsv_cache *c, struct rsv_cpu *cpu);
void rsv_cpu_drain_local(struct rsv_cache *c);
bool rsv_cpu_has(struct rsv_cache *c, unsigned int cpu);
void rsv_magazines_forget(struct rsv_cache *c, struct rsv_extent *e);
void rsv_depot_drain(struct rsv_cache *c);
bool rsv_depot_spill(struct rsv_cache *c);
void rsv_depot_age(struct rsv_cache *c);

/* Between the steps of the protocol, so that a test can put an interrupt there */
enum rsv_step {
	RSV_STEP_BEFORE,		/* preemption is disabled, busy not looked at */
	RSV_STEP_LOOKED,		/* busy was clear, and is not set */
	RSV_STEP_BUSY,			/* busy is set */
	RSV_STEP_READ,			/* the magazine was read */
	RSV_STEP_CHANGED,		/* the magazine was changed */
	RSV_STEP_LEFT,			/* busy is clear again */
	RSV_STEPS
};

/*
 * What this CPU has of a cache, by its gate or by @cpus itself; NULL if an interrupt came while it
 * is being worked on, or the gate is shut.
 */
static __always_inline struct rsv_cpu *rsv_cpu_enter(struct rsv_cpu __percpu *cpus)
{
	struct rsv_cpu *cpu;

	preempt_disable();
	rsv_step(RSV_STEP_BEFORE);
	cpu = this_cpu_ptr(cpus);
	if (unlikely(READ_ONCE(cpu->busy) || in_nmi())) {
		preempt_enable();
		return NULL;
	}
	rsv_step(RSV_STEP_LOOKED);
	WRITE_ONCE(cpu->busy, true);
	barrier();
	rsv_step(RSV_STEP_BUSY);
	return cpu;
}

static __always_inline void rsv_cpu_leave(struct rsv_cpu *cpu)
{
	barrier();
	WRITE_ONCE(cpu->busy, false);
	rsv_step(RSV_STEP_LEFT);
	preempt_enable();
}

static __always_inline void *rsv_magazine_pop(struct rsv_magazine *m)
{
	void *object;
	u32 nr = m->nr;

	if (!nr)
		return NULL;
	object = m->object[--nr];
	rsv_step(RSV_STEP_READ);
	m->nr = nr;
	rsv_step(RSV_STEP_CHANGED);
	return object;
}

/* The magazine has room. */
static __always_inline void rsv_magazine_push(struct rsv_magazine *m, void *object)
{
	u32 nr = m->nr;

	rsv_step(RSV_STEP_READ);
	m->object[nr] = object;
	m->nr = nr + 1;
	rsv_step(RSV_STEP_CHANGED);
}

/* The fast path of an allocation. NULL: the slow path it is. The object is kept. */
static __always_inline void *rsv_magazine_take(struct rsv_cache *c)
{
	struct rsv_cpu *cpu = rsv_cpu_enter(READ_ONCE(c->gate));
	void *object;

	if (unlikely(!cpu))
		return NULL;
	object = rsv_magazine_pop(cpu->loaded);
	if (unlikely(!object) && rsv_magazine_exchange_empty(c, cpu))
		object = rsv_magazine_pop(cpu->loaded);
	if (likely(object))
		cpu->allocs++;
	rsv_cpu_leave(cpu);
	return object;
}

static __always_inline bool rsv_object_hand(struct rsv_cache *c, void *object)
{
	if (unlikely(c->engine == &rsv_engine_slab))
		return c->engine->hand(c, object);
	return rsv_link_hand(c, object);
}

static __always_inline enum rsv_misuse rsv_object_claim(struct rsv_cache *c, struct rsv_extent *e,
							struct rsv_frame *f, void *object)
{
	if (unlikely(c->engine != &rsv_engine_slub))
		return c->engine->claim(c, e, f, object);
	return rsv_slub_claim(c, f, object);
}

/*
 * The fast path of a free, in which the object was found to lie in an extent of this CPU's node.
 * false: nothing has changed, and the slow path finds out why.
 */
static __always_inline bool rsv_magazine_give(struct rsv_cache *c, struct rsv_cpu *cpu,
					      struct rsv_extent *e, void *object)
{
	struct rsv_frame *f = rsv_frame_at(e, object);

	/* Only frames of slabs have a cache: the heap's objects take the slow path to it. */
	if (unlikely(READ_ONCE(f->cache) != c))
		return false;
	if (unlikely(cpu->loaded->nr == cpu->loaded->capacity) &&
	    !rsv_magazine_exchange_full(c, cpu))
		return false;
	if (unlikely(rsv_object_claim(c, e, f, object) != RSV_OK))
		return false;
	rsv_object_retire(c, object);
	rsv_magazine_push(cpu->loaded, object);
	cpu->frees++;
	return true;
}

/* The fast path of a free to a cache that is known. */
static __always_inline bool rsv_magazine_put(struct rsv_cache *c, void *object)
{
	struct rsv_cpu *cpu = rsv_cpu_enter(READ_ONCE(c->gate));
	struct rsv_extent *e;
	bool done;

	if (unlikely(!cpu))
		return false;
	/* It may be forgotten at any time, but stays until preemption is enabled again. */
	e = READ_ONCE(cpu->extent);
	done = likely(rsv_extent_has(e, object)) && rsv_magazine_give(c, cpu, e, object);
	rsv_cpu_leave(cpu);
	return done;
}

#endif /* RSV_OBJECTS_MAGAZINE_H */
