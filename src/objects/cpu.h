/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A CPU's share of a cache: its magazines, and the protocol by which it works on them (Bonwick and
 * Adams 2001).
 *
 * Only the CPU itself touches its struct rsv_cpu, with preemption disabled and without masking
 * interrupts:
 *
 *	set busy; read the magazines, change them, exchange them with the depot; clear busy last
 *
 * An interrupt that finds busy set takes the slow path past the magazines. So two contexts never
 * work on the same magazine, and no instruction has to be atomic. While the fast paths of a cache
 * are off, rsv_cache.fast_cpus points to rsv_cpu_disabled, whose busy is always set. So a fast path
 * needs no further test.
 *
 * An NMI nests like an interrupt: it runs to its end between two instructions. So busy guards the
 * magazines against it too, and the fast paths serve an NMI without knowing that it is one. All
 * that they touch besides is the mark of an object, which changes by one instruction or while its
 * CPU owns the object, and a frame, which they only read; RCU waits for an NMI as it waits for an
 * interrupt. Nobody relies on masked interrupts to keep this CPU's magazines: without busy, only
 * the share of a dead CPU is touched, and that of a cache which no fast path can find any more.
 * Whatever takes a lock is not for an NMI: the depot, slabs and free areas. So rsv_cpu_enter() and
 * all slow paths refuse an NMI, and so do the fast paths of a kernel with kmemleak, whose hooks
 * take locks.
 */
#ifndef RSV_OBJECTS_CPU_H
#define RSV_OBJECTS_CPU_H

#include <linux/hardirq.h>
#include <linux/kconfig.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/topology.h>

#include "types.h"

/*
 * Stands for a magazine where there is none. It has no rounds and no room, so every test for a full
 * and for an empty magazine holds. It never changes. While it is loaded, rsv_cpu.none stands for
 * its memory.
 */
extern struct rsv_magazine rsv_magazine_none;

DECLARE_PER_CPU(struct rsv_cpu, rsv_cpu_disabled);

void rsv_cpu_init(struct rsv_cache *c, struct rsv_cpu *cpu);
bool rsv_cpu_has(struct rsv_cache *c, unsigned int cpu);
void rsv_cache_set_fast(struct rsv_cache *c);
void rsv_cache_update_fast(struct rsv_cache *c);

/* Points between the steps of the protocol, at which a test can raise an interrupt */
enum rsv_step_point {
	RSV_STEP_BEFORE,		/* preemption is disabled, busy was not read yet */
	RSV_STEP_LOOKED,		/* busy was clear, and is not set yet */
	RSV_STEP_BUSY,			/* busy is set */
	RSV_STEP_READ,			/* the magazine or the list of the active slab was read */
	RSV_STEP_CHANGED,		/* the same was changed */
	RSV_STEP_LEFT,			/* busy is clear again */
	RSV_STEPS
};

/*
 * The call at these points, by which a test acts as an interrupt; NULL otherwise. Kernels without
 * KUnit have no such call.
 */
extern void (*rsv_step_hook)(int step);

static __always_inline void rsv_step(int step)
{
	void (*hook)(int step);

	if (!IS_ENABLED(CONFIG_KUNIT))
		return;
	hook = READ_ONCE(rsv_step_hook);
	if (unlikely(hook))
		hook(step);
}

/* Whether the cache may have magazines. Its region may at times be too small for them. */
static inline bool rsv_cache_has_magazines(const struct rsv_cache *c)
{
	return !(c->flags & (RSV_NO_MAGAZINE | RSV_CHECKS)) && READ_ONCE(c->magazine_cache);
}

/* Whether fast paths refuse this context: an NMI, where the hooks of kmemleak take locks */
static __always_inline bool rsv_cpu_refuses_nmi(void)
{
	return IS_ENABLED(CONFIG_DEBUG_KMEMLEAK) && in_nmi();
}

/*
 * Sets busy, with preemption disabled. Returns false in an interrupt or an NMI that came while this
 * CPU works on its magazines, and while the fast paths are off.
 */
static __always_inline bool rsv_cpu_try(struct rsv_cpu *cpu)
{
	rsv_step(RSV_STEP_BEFORE);
	if (unlikely(cpu->busy || rsv_cpu_refuses_nmi()))
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

/*
 * For all that may exchange magazines: disables preemption and sets busy. Returns NULL if busy was
 * set already, and in an NMI, which must not take the lock of a depot.
 */
static inline struct rsv_cpu *rsv_cpu_enter(struct rsv_cpu __percpu *cpus)
{
	struct rsv_cpu *cpu;

	if (unlikely(in_nmi()))
		return NULL;
	preempt_disable();
	cpu = this_cpu_ptr(cpus);
	if (likely(rsv_cpu_try(cpu)))
		return cpu;
	preempt_enable();
	return NULL;
}

static inline void rsv_cpu_leave(struct rsv_cpu *cpu)
{
	rsv_cpu_end(cpu);
	preempt_enable();
}

/*
 * Enters this CPU if a cache without magazines may have an active slab there. Only SLUB has active
 * slabs, and they serve memory of the CPU's own node. Returns NULL otherwise.
 */
static inline struct rsv_cpu *rsv_cpu_enter_active(struct rsv_cache *c, int nid)
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

/* Objects in the loaded magazine */
static __always_inline unsigned int rsv_cpu_nr_loaded(const struct rsv_cpu *cpu)
{
	return cpu->top - cpu->bottom;
}

/* Rounds that the loaded magazine has room for */
static __always_inline unsigned int rsv_cpu_room(const struct rsv_cpu *cpu)
{
	return cpu->limit - cpu->top;
}

/*
 * Whether this CPU's loaded magazine has no room, or there is none. The answer is a hint: the task
 * may move to another CPU at any time.
 */
static __always_inline bool rsv_cpu_seems_full(const struct rsv_cache *c)
{
	const struct rsv_cpu *cpu = raw_cpu_ptr(c->cpus);

	/* data_race(): see above */
	return data_race(cpu->top == cpu->limit);
}

/* The object that rsv_cpu_drop() removes from the loaded magazine; rsv_cpu.none if it is empty */
static __always_inline void *rsv_cpu_peek(const struct rsv_cpu *cpu)
{
	return cpu->top[-1];
}

static __always_inline void rsv_cpu_drop(struct rsv_cpu *cpu)
{
	rsv_step(RSV_STEP_READ);
	/* One instruction changes top, as in rsv_cpu_push(), and needs no register. */
	barrier();
	cpu->top--;
	rsv_step(RSV_STEP_CHANGED);
}

/* Pops an object from the loaded magazine. Returns false if the magazine is empty. */
static inline bool rsv_cpu_pop(struct rsv_cpu *cpu, void **object)
{
	if (unlikely(cpu->top == cpu->bottom))
		return false;
	*object = rsv_cpu_peek(cpu);
	rsv_cpu_drop(cpu);
	return true;
}

/*
 * Pushes an object onto the loaded magazine, which has room. @top: cpu->top, as the caller read it
 */
static __always_inline void rsv_cpu_push(struct rsv_cpu *cpu, void **top, void *object)
{
	rsv_step(RSV_STEP_READ);
	*top = object;
	cpu->top++;
	rsv_step(RSV_STEP_CHANGED);
}

/* Loads a magazine. The caller has entered the CPU, or the CPU is dead or unknown to others yet. */
static inline void rsv_cpu_load(struct rsv_cpu *cpu, struct rsv_magazine *m)
{
	cpu->loaded = m;
	if (m == &rsv_magazine_none) {
		cpu->bottom = &cpu->none + 1;
		cpu->top = cpu->bottom;
		cpu->limit = cpu->bottom;
		return;
	}
	m->below = cpu->none;
	cpu->bottom = m->object;
	cpu->top = m->object + m->rounds;
	cpu->limit = m->object + m->size;
}

/* Stores in the loaded magazine how many rounds it has, before the CPU loads another one. */
static inline struct rsv_magazine *rsv_cpu_unload(struct rsv_cpu *cpu)
{
	/* All CPUs share rsv_magazine_none, so no CPU writes to it. */
	if (cpu->loaded != &rsv_magazine_none)
		cpu->loaded->rounds = rsv_cpu_nr_loaded(cpu);
	return cpu->loaded;
}

#endif /* RSV_OBJECTS_CPU_H */
