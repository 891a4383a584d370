/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fast paths of an allocation and of a free: one object between its user and the loaded
 * magazine of this CPU. alloc.c, free.c, kmalloc.c and bulk.c share them.
 *
 * They touch the cache's first cache lines, one line of the CPU's struct rsv_cpu, one round of the
 * magazine, the mark in the object and, on free, a hint, its extent and the frame of the object's
 * page.
 */
#ifndef RSV_OBJECTS_FASTPATH_H
#define RSV_OBJECTS_FASTPATH_H

#include <linux/preempt.h>

#include "cpu.h"
#include "hooks.h"
#include "mark.h"
#include "pages/page_alloc.h"
#include "pages/pagemap.h"
#include "types.h"

/* Whether the fast path of an allocation can serve a request: its flags ask only for memory. */
static __always_inline bool rsv_gfp_is_plain(gfp_t gfp)
{
	return !(gfp & ~(RSV_GFP_OBJECTS & ~__GFP_ZERO));
}

/*
 * Pops an object from the loaded magazine and marks it as used; the caller runs rsv_alloc_hook().
 * If it returns false the slow path must serve. Then *object is an object whose mark was
 * overwritten, or NULL.
 */
static __always_inline bool rsv_alloc_fast(struct rsv_cache *c, void **object)
{
	struct rsv_cpu *cpu;

	preempt_disable();
	cpu = this_cpu_ptr(READ_ONCE(c->fast_cpus));
	if (unlikely(!rsv_cpu_try(cpu)))
		goto refuse;
	*object = rsv_cpu_peek(cpu);
	/*
	 * In the section of the pop, as leaving.c demands. An empty magazine has an object with a
	 * wrong mark, so there is no test for one.
	 */
	if (unlikely((!RSV_CHECKED && *object == cpu->none) || !rsv_object_mark_used(c, *object)))
		goto no_object;
	rsv_cpu_drop(cpu);
	cpu->allocs++;
	rsv_cpu_end(cpu);
	preempt_enable();
	return true;
no_object:
	if (*object == cpu->none) {
		rsv_cpu_end(cpu);
		goto refuse;
	}
	/* A damaged object stays counted, since it is lost for ever. */
	cpu->allocs++;
	rsv_cpu_drop(cpu);
	rsv_cpu_end(cpu);
	preempt_enable();
	return false;
refuse:
	preempt_enable();
	*object = NULL;
	return false;
}

/*
 * Marks an object as cached and pushes it onto the loaded magazine of its node. @f is the frame of
 * its page, which named @c since preemption was disabled. A failure changes nothing, and the slow
 * path finds out why.
 */
static __always_inline bool rsv_free_push(struct rsv_cache *c, struct rsv_cpu *cpu,
					  struct rsv_frame *f, void *object)
{
	void **top = cpu->top;

	if (unlikely(top == cpu->limit))
		return false;
	if (unlikely(rsv_carved_mark_cached(c, f, (unsigned long)object & c->mask, object,
					    true) != RSV_OK))
		return false;
	rsv_free_hook(c, object);
	rsv_cpu_push(cpu, top, object);
	cpu->frees++;
	return true;
}

/*
 * Frees an object to the cache that the caller names. A failure changes nothing, and the slow path
 * finds out why.
 */
static __always_inline bool rsv_free_fast(struct rsv_cache *c, void *object)
{
	struct rsv_frame *f;
	struct rsv_cpu *cpu;

	preempt_disable();
	cpu = this_cpu_ptr(READ_ONCE(c->fast_cpus));
	if (unlikely(!rsv_cpu_try(cpu)))
		goto refuse;
	if (unlikely(!rsv_hint_frame(object, &f)))
		goto leave;
	/* Only frames of slabs name a cache: objects of SLOB's heap take the slow path. */
	if (unlikely(rsv_frame_cache(f) != c || !rsv_free_push(c, cpu, f, object)))
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

#endif /* RSV_OBJECTS_FASTPATH_H */
