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
 */
#ifndef RSV_OBJECTS_ENGINE_H
#define RSV_OBJECTS_ENGINE_H

#include "types.h"

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
