/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Engines: how slabs keep track of their objects. Magazines, checks and statistics lie above the
 * engines and are the same for all. Code above an engine calls it through struct rsv_engine only.
 *
 * An engine has the free objects. All others are used or cached: in a magazine, guaranteed, or on
 * their way there. A cached object carries a mark. The mark is one word of the object (mark.h) or,
 * if a free object must keep its bytes, lies elsewhere (engine->off_object):
 *
 *	free --alloc--> cached --mark_used--> used --mark_cached--> cached --free--> free
 *
 * Each step but the first checks the state that it begins with. So mark_cached finds a double free,
 * and mark_used and free find a write to an object after its free.
 *
 * Where no magazine serves, nobody has a use for cached objects: in a cache without magazines, and
 * for a free that finds them all full. There the engine may serve the user in one step, which makes
 * the same checks (alloc_direct, free_direct):
 *
 *	free --alloc_direct--> used --free_direct--> free
 *
 * The other steps serve where that one cannot: when the CPU's active slab or the node has no free
 * object, in an interrupt, and while a guaranteed object is missing.
 */
#ifndef RSV_OBJECTS_ENGINE_H
#define RSV_OBJECTS_ENGINE_H

#include <linux/hardirq.h>
#include <linux/percpu.h>
#include <linux/preempt.h>

#include "types.h"

/*
 * Lets the engine serve a user in one step, where no magazine serves. Disabled preemption joins
 * the look at rsv_cache.direct and the step: a task that waits in between could go past a missing
 * guaranteed object. An NMI is refused, since engines take locks. Returns NULL if the other steps
 * must serve.
 */
static __always_inline void *rsv_engine_alloc_direct(struct rsv_cache *c)
{
	void *object = NULL;

	preempt_disable();
	if (READ_ONCE(c->direct) && !in_nmi())
		object = c->engine->alloc_direct(c, this_cpu_ptr(c->cpus));
	preempt_enable();
	return object;
}

/* The same for a free. Returns false if nothing has changed, and the other steps must serve. */
static __always_inline bool rsv_engine_free_direct(struct rsv_cache *c, void *object)
{
	bool freed = false;

	preempt_disable();
	if (READ_ONCE(c->direct) && !in_nmi())
		freed = c->engine->free_direct(c, this_cpu_ptr(c->cpus), object);
	preempt_enable();
	return freed;
}

/* Clears all but @object, since no reader looks at entries beyond @nr. */
static inline void rsv_batch_init(struct rsv_batch *batch)
{
	batch->nr = 0;
	batch->raw = false;
	batch->damaged = NULL;
	batch->lost = 0;
}

const struct rsv_engine *rsv_engine_named(const char *name);
const struct rsv_engine *rsv_engine_of(unsigned int flags);
void rsv_engine_set_default(const struct rsv_engine *engine);

#endif /* RSV_OBJECTS_ENGINE_H */
