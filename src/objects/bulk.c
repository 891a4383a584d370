// SPDX-License-Identifier: GPL-2.0
/*
 * Many objects at once: from and to the loaded magazine under one busy, so that a whole magazine is
 * emptied or filled and then exchanged. What does not go that way does so one by one.
 */
#include <linux/minmax.h>
#include <linux/string.h>

#include "cache.h"
#include "depot.h"
#include "hooks.h"
#include "magazine.h"
#include "region.h"

/* Objects that a bulk request moves before an interrupt or another task can come in between */
#define RSV_BULK 64U

/*
 * Moves so many objects from the top of the loaded magazine to their users, marked as in use in the
 * same loop. Ends before one that is damaged, which stays.
 */
static __always_inline unsigned int rsv_bulk_pop(struct rsv_cache *c, struct rsv_cpu *cpu,
						 unsigned int nr, void **objects)
{
	const unsigned long mark = c->secret;
	const unsigned int link = c->layout.mark;
	void **end = cpu->top, **first = end - nr, **at;

	rsv_step(RSV_STEP_READ);
#pragma GCC unroll 8
	for (at = first; at < end; at++) {
		void *object = *at;

		if (unlikely(!rsv_mark_to_used(mark, object + link, object)))
			break;
		*objects++ = object;
	}
	/* What is left of them when one is damaged moves down to where it belongs. */
	if (unlikely(at < end))
		memmove(first, at, (void *)end - (void *)at);
	cpu->top = end - (at - first);
	rsv_step(RSV_STEP_CHANGED);
	return at - first;
}

/* The same of an engine that marks kept objects elsewhere, and knows where */
static unsigned int rsv_bulk_pop_aside(struct rsv_cache *c, struct rsv_cpu *cpu, unsigned int nr,
				       void **objects)
{
	unsigned int done;

	for (done = 0; done < nr && c->engine->mark_used(c, cpu->top[-1]); done++)
		rsv_cpu_pop(cpu, &objects[done]);
	return done;
}

/* As many objects as the magazines have, ready for use; RSV_BULK at most */
static unsigned int rsv_bulk_take(struct rsv_cache *c, unsigned int nr, void **objects)
{
	struct rsv_cpu *cpu = rsv_cpu_enter_open(c);
	unsigned int done = 0, some, sound;

	if (!cpu)
		return 0;
	nr = min(nr, RSV_BULK);
	while (done < nr && (rsv_cpu_nr_loaded(cpu) || rsv_cpu_exchange_empty(c, cpu))) {
		some = min(nr - done, rsv_cpu_nr_loaded(cpu));
		sound = likely(!c->engine->off_object)
				? rsv_bulk_pop(c, cpu, some, objects + done)
				: rsv_bulk_pop_aside(c, cpu, some, objects + done);
		done += sound;
		if (sound < some)
			break;
	}
	cpu->allocs += done;
	rsv_cpu_leave(cpu);
	return done;
}

/* What is to be done with objects before they are their user's */
static void rsv_bulk_ready(struct rsv_cache *c, gfp_t gfp, unsigned int nr, void **objects)
{
	if (!rsv_object_needs_ready(c, gfp))
		return;
	while (nr--)
		rsv_object_ready(c, *objects++, gfp);
}

/**
 * rsv_cache_alloc_bulk() - allocate many objects
 * @c: the cache
 * @gfp: as for rsv_cache_alloc()
 * @nr: how many
 * @objects: where to put them
 *
 * Context: As rsv_cache_alloc().
 * Return: How many were had; the first so many entries of @objects are set.
 */
unsigned int rsv_cache_alloc_bulk(struct rsv_cache *c, gfp_t gfp, unsigned int nr, void **objects)
{
	unsigned int done = 0, some;

	rsv_might_sleep(gfp);
	while (done < nr) {
		some = gfp & ~RSV_GFP_OBJECTS ? 0 : rsv_bulk_take(c, nr - done, objects + done);
		rsv_bulk_ready(c, gfp, some, objects + done);
		done += some;
		if (some == RSV_BULK || done == nr)
			continue;
		/* Brings more than this one to where the next are looked for. */
		objects[done] = rsv_object_alloc_slow(c, gfp, NULL, _RET_IP_);
		if (!objects[done])
			break;
		done++;
	}
	return done;
}
EXPORT_SYMBOL_GPL(rsv_cache_alloc_bulk);

/**
 * struct rsv_bulk_slab - the slab that objects side by side are asked for once
 * @base: where it begins
 * @carved: objects of it that were handed out so far; 0: there is no slab
 */
struct rsv_bulk_slab {
	unsigned long base;
	unsigned long carved;
};

/* Looks for the slab of an object that is not one of @s. */
static noinline bool rsv_bulk_find(const struct rsv_cache *c, const struct rsv_extent *e,
				   const void *object, struct rsv_bulk_slab *s)
{
	const unsigned long base = (unsigned long)object & ~c->mask;

	if (s->carved && s->base == base)
		return false;
	s->base = base;
	s->carved = rsv_carved_objects(c, e, object);
	return rsv_slot_index(c, (unsigned long)object & c->mask) < s->carved;
}

/*
 * Puts so many objects into the loaded magazine, which has room for them. Ends before one that is
 * not what it should be.
 */
static __always_inline unsigned int rsv_bulk_push(struct rsv_cache *c, struct rsv_cpu *cpu,
						  unsigned int nr, void **objects)
{
	const unsigned long mark = c->secret, inverse = c->inverse;
	const unsigned int shift = c->shift, link = c->layout.mark;
	void **first = cpu->top, **end = first + nr, **at;
	struct rsv_bulk_slab s = {};

	rsv_step(RSV_STEP_READ);
#pragma GCC unroll 8
	for (at = first; at < end; at++) {
		void *object = *objects++;
		unsigned long index = rsv_slot_of((unsigned long)object - s.base, inverse, shift);

		/* Of another slab, or no object: the division tells both. */
		if (unlikely(index >= s.carved) &&
		    !rsv_bulk_find(c, READ_ONCE(cpu->extent), object, &s))
			break;
		if (unlikely(!rsv_mark_to_cached(mark, object + link, object)))
			break;
		rsv_object_hide(c, object);
		*at = object;
	}
	cpu->top = at;
	rsv_step(RSV_STEP_CHANGED);
	return at - first;
}

/* The same one by one: the engine says what is an object, and what is cleared is so on the way */
static unsigned int rsv_bulk_push_aside(struct rsv_cache *c, struct rsv_cpu *cpu, unsigned int nr,
					void **objects)
{
	struct rsv_extent *e = READ_ONCE(cpu->extent);
	unsigned int done;

	for (done = 0; done < nr; done++) {
		void *object = objects[done];

		if (!rsv_extent_has(e, object) || rsv_object_claim_TEMP(c, e, object) != RSV_OK)
			break;
		rsv_object_hide_all(c, object);
		rsv_cpu_push(cpu, cpu->top, object);
	}
	return done;
}

/* Puts objects into the magazines until one does not go there; RSV_BULK at most */
static unsigned int rsv_bulk_put(struct rsv_cache *c, unsigned int nr, void **objects)
{
	const bool aside = c->engine->off_object || c->engine->heap || want_init_on_free();
	struct rsv_cpu *cpu = rsv_cpu_enter_open(c);
	unsigned int done = 0, some, sound;

	if (!cpu)
		return 0;
	nr = min(nr, RSV_BULK);
	while (done < nr && (rsv_cpu_room(cpu) || rsv_cpu_exchange_full(c, cpu))) {
		some = min(nr - done, rsv_cpu_room(cpu));
		sound = aside ? rsv_bulk_push_aside(c, cpu, some, objects + done)
			      : rsv_bulk_push(c, cpu, some, objects + done);
		done += sound;
		if (sound < some)
			break;
	}
	cpu->frees += done;
	rsv_cpu_leave(cpu);
	return done;
}

/**
 * rsv_cache_free_bulk() - give many objects back
 * @c: their cache
 * @nr: how many
 * @objects: the objects; NULL among them does nothing
 *
 * Context: As rsv_cache_free().
 */
void rsv_cache_free_bulk(struct rsv_cache *c, unsigned int nr, void **objects)
{
	unsigned int done = 0, some;

	while (done < nr) {
		some = rsv_bulk_put(c, nr - done, objects + done);
		done += some;
		if (done < nr && some < RSV_BULK)
			rsv_object_free_slow(c, objects[done++], _RET_IP_);
	}
}
EXPORT_SYMBOL_GPL(rsv_cache_free_bulk);
