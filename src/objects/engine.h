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

/**
 * struct rsv_taken - what came of an attempt to take objects from an engine
 * @nr: how many there are
 * @fresh: there is one, and it was never constructed in this life of its slab
 * @damaged: NULL, or an address in the slab whose free list was overwritten
 * @lost: objects that it cost
 * @object: the objects, marked as kept
 */
struct rsv_taken {
	unsigned int nr;
	bool fresh;
	void *damaged;
	unsigned int lost;
	void *object[RSV_BATCH];
};

/* Nothing is taken yet. What @object holds does not matter, and is left alone. */
static inline void rsv_taken_none(struct rsv_taken *t)
{
	t->nr = 0;
	t->fresh = false;
	t->damaged = NULL;
	t->lost = 0;
}

/**
 * struct rsv_show - what to do with every object of a cache
 * @show: called with a raw lock held: takes constant time, sleeps and prints not
 * @data: passed to it
 */
struct rsv_show {
	void (*show)(struct rsv_cache *c, struct rsv_extent *e, void *object, void *data);
	void *data;
};

/**
 * struct rsv_engine - an engine
 * @name: as engine= and slabinfo know it
 * @flag: RSV_ENGINE_*
 * @aside: kept objects are marked elsewhere than in them, where only the engine knows
 * @layout: completes a layout whose slot is known: how many slots a slab has, and how many pages
 * @take: takes up to @nr objects of a node's memory that are at hand; cpu is NULL, or what this CPU
 *	has of a cache without magazines, entered
 * @grow: gets memory for more objects, from the node alone if gfp has __GFP_THISNODE. Returns
 *	whether it did
 * @put: takes a kept object back, in which e and f are extent and frame of the object
 * @hand: marks a kept object as in use; false: it was not marked as kept
 * @claim: marks an object in use as kept, or says why it is none
 * @live: whether an object in use begins at an address in one of the cache's slabs
 * @drain: takes back what the CPU keeps for itself; cpu is entered, or of a dead CPU. May be NULL
 * @shrink: gives back memory that no object is in, all or only what was idle since the last call
 *	with @idle. Returns the number of slabs
 * @verify: looks through the slab of an object, and reports what is wrong. Returns whether it is
 *	sound. The object is the caller's
 * @each: shows every object that is in use, and, of a cache that is being used, perhaps some that
 *	were a moment ago
 *
 * @take, @put, @hand and @claim: any context but NMI. @grow: any but NMI, may sleep if gfp allows
 * it. The others as rsv_cache_shrink().
 */
struct rsv_engine {
	const char *name;
	unsigned int flag;
	bool aside;
	int (*layout)(struct rsv_layout *l);
	void (*take)(struct rsv_cache *c, struct rsv_cpu *cpu, int nid, unsigned int nr,
		     struct rsv_taken *t);
	bool (*grow)(struct rsv_cache *c, gfp_t gfp, int nid);
	enum rsv_misuse (*put)(struct rsv_cache *c, struct rsv_cpu *cpu, struct rsv_extent *e,
			       struct rsv_frame *f, void *object);
	bool (*hand)(struct rsv_cache *c, void *object);
	enum rsv_misuse (*claim)(struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *f,
				 void *object);
	bool (*live)(const struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *f,
		     const void *object);
	void (*drain)(struct rsv_cache *c, struct rsv_cpu *cpu);
	unsigned int (*shrink)(struct rsv_cache *c, bool idle);
	bool (*verify)(struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *f);
	void (*each)(struct rsv_cache *c, const struct rsv_show *show);
};

extern const struct rsv_engine rsv_engine_slab;
extern const struct rsv_engine rsv_engine_slub;
extern const struct rsv_engine rsv_engine_slob;

const struct rsv_engine *rsv_engine_named(const char *name);
const struct rsv_engine *rsv_engine_of(unsigned int flags);
void rsv_engine_set_default(const struct rsv_engine *engine);

#endif /* RSV_OBJECTS_ENGINE_H */
