/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Engines: how slabs keep track of their objects. What is in front of them, magazines and checks,
 * is the same for all.
 *
 * To an engine an object is with it, or it is out. Out are objects in use, and those that are kept:
 * in magazines, among the guaranteed, or in somebody's hands on the way. A kept object carries a
 * mark that says so, in one word of it or, if a free object may not be written to, elsewhere:
 *
 *	with the engine --take--> kept --hand--> in use --claim--> kept --put--> with the engine
 *
 * Claiming an object that is not in use, and handing out or putting back one that is not kept, is
 * what finds double frees and writes to free objects.
 */
#ifndef RSV_OBJECTS_ENGINE_H
#define RSV_OBJECTS_ENGINE_H

#include "cache.h"
#include "types.h"

/* Nothing is taken yet. What @object holds does not matter, and is left alone. */
static inline void rsv_batch_init(struct rsv_batch *t)
{
	t->nr = 0;
	t->raw = false;
	t->damaged = NULL;
	t->lost = 0;
}

extern const struct rsv_engine rsv_engine_slab;
extern const struct rsv_engine rsv_engine_slub;
extern const struct rsv_engine rsv_engine_slob;

const struct rsv_engine *rsv_engine_named(const char *name);
const struct rsv_engine *rsv_engine_of(unsigned int flags);
void rsv_engine_set_default(const struct rsv_engine *engine);

#endif /* RSV_OBJECTS_ENGINE_H */
