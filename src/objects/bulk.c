// SPDX-License-Identifier: GPL-2.0
/*
 * Bulk requests: a bulk request moves many objects from or to the loaded magazine in one section
 * with busy set. So it empties or fills whole magazines, which the depot then exchanges. An object
 * that cannot go this way takes the slow path of alloc.c or free.c alone. For a few objects the
 * section would cost more than it saves: each goes the fast path of a single request.
 *
 * Objects of a fresh magazine lie side by side, those of an aged one anywhere. So a free looks up
 * the slab of an object once for all that follow it from the same slab, or each object, if the
 * first two are of different slabs.
 *
 * If the marks lie in the objects, the loop itself reads and writes them. For other engines the
 * loop calls the engine for each object.
 */
#include <linux/minmax.h>
#include <linux/preempt.h>
#include <linux/string.h>

#include "alloc.h"
#include "cache.h"
#include "cpu.h"
#include "depot.h"
#include "fastpath.h"
#include "free.h"
#include "hooks.h"
#include "mark.h"
#include "pages/page_alloc.h"
#include "pages/pagemap.h"

/* Objects that a bulk request moves before an interrupt or another task can run */
#define RSV_BULK	64U
/* Requests for up to so many objects go one by one. */
#define RSV_BULK_FEW	3U
/* Bytes of the largest objects of which a bulk request clears so many: 16 KB in all */
#define RSV_BULK_CLEAR	256U

/*
 * Whether magazines serve a cache although its fast paths do not, because the engine marks objects
 * elsewhere than in them, or because each free clears its object
 */
static bool rsv_bulk_needs_each(const struct rsv_cache *c)
{
	return READ_ONCE(c->fast) && (c->engine->off_object || want_init_on_free());
}

/*
 * The fast path of a free does not serve blocks of the heap either: their frames name no cache.
 * Objects that take long to clear go one by one, and are cleared with preemption on.
 */
static bool rsv_bulk_free_needs_each(const struct rsv_cache *c)
{
	if (want_init_on_free() && c->layout.object_size > RSV_BULK_CLEAR)
		return false;
	return (c->engine->heap && READ_ONCE(c->fast)) || rsv_bulk_needs_each(c);
}

/*
 * Enters this CPU if the fast paths are on. Disabled preemption joins the look at them and the
 * entry: a task that waits in between could go past a missing guaranteed object.
 */
static inline struct rsv_cpu *rsv_bulk_enter_fast(struct rsv_cache *c)
{
	struct rsv_cpu *cpu;

	/* Bulk requests exchange magazines: see rsv_cpu_enter(). */
	if (unlikely(in_nmi()))
		return NULL;
	preempt_disable();
	cpu = this_cpu_ptr(READ_ONCE(c->fast_cpus));
	if (likely(rsv_cpu_try(cpu)))
		return cpu;
	preempt_enable();
	return NULL;
}

/* Enters this CPU if @needs_each says so. Asks once more after the entry, for the same reason. */
static struct rsv_cpu *rsv_bulk_enter_each(struct rsv_cache *c,
					   bool (*needs_each)(const struct rsv_cache *c))
{
	struct rsv_cpu *cpu = needs_each(c) ? rsv_cpu_enter(c->cpus) : NULL;

	if (!cpu || needs_each(c))
		return cpu;
	rsv_cpu_leave(cpu);
	return NULL;
}

/*
 * Allocation
 */

/* Moves the objects from a damaged one on down to where others were. Not inline: it is rare. */
static noinline void rsv_bulk_move_down(void **to, unsigned long from, unsigned long nr)
{
	memmove(to, to + from, nr * sizeof(*to));
}

/*
 * Moves objects from the top of the loaded magazine to their users, and marks them as used. Stops
 * before a damaged object, which stays in the magazine.
 */
static __always_inline unsigned int rsv_bulk_pop(struct rsv_cache *c, struct rsv_cpu *cpu,
						 unsigned int nr, void **objects)
{
	const unsigned long secret = c->secret, mark = c->layout.mark;
	void **first = cpu->top - nr;
	unsigned long i, again = mark;

	OPTIMIZER_HIDE_VAR(again);
	rsv_step(RSV_STEP_READ);
#pragma GCC unroll 8
	for (i = 0; i < nr; i++) {
		void *object = first[i];

		if (unlikely(!rsv_mark_to_used_at(secret, object, mark, again)))
			break;
		objects[i] = object;
	}
	/* Otherwise the compiler computes what i is in bytes, in each turn. */
	OPTIMIZER_HIDE_VAR(i);
	cpu->top -= i;
	if (unlikely(i < nr))
		rsv_bulk_move_down(first, i, nr - i);
	rsv_step(RSV_STEP_CHANGED);
	return i;
}

/* Allocates as many objects as the magazines have, up to RSV_BULK. */
static unsigned int rsv_bulk_alloc_fast(struct rsv_cache *c, unsigned int nr, void **objects)
{
	struct rsv_cpu *cpu = rsv_bulk_enter_fast(c);
	unsigned int done = 0, some, sound;

	if (!cpu)
		return 0;
	nr = min(nr, RSV_BULK);
	while (done < nr && (rsv_cpu_nr_loaded(cpu) || rsv_depot_exchange_empty(c, cpu))) {
		some = min(nr - done, rsv_cpu_nr_loaded(cpu));
		sound = rsv_bulk_pop(c, cpu, some, objects + done);
		done += sound;
		if (sound < some)
			break;
	}
	cpu->allocs += done;
	rsv_cpu_leave(cpu);
	return done;
}

/*
 * As rsv_bulk_alloc_fast(), but calls the engine for each object: see rsv_cache_set_fast(). Not
 * inline, so that the common case has less code.
 */
static noinline unsigned int rsv_bulk_alloc_each(struct rsv_cache *c, unsigned int nr,
						 void **objects)
{
	struct rsv_cpu *cpu = rsv_bulk_enter_each(c, rsv_bulk_needs_each);
	unsigned int done = 0;

	if (!cpu)
		return 0;
	nr = min(nr, RSV_BULK);
	while (done < nr && (rsv_cpu_nr_loaded(cpu) || rsv_depot_exchange_empty(c, cpu)) &&
	       c->engine->mark_used(c, cpu->top[-1]))
		rsv_cpu_pop(cpu, &objects[done++]);
	cpu->allocs += done;
	rsv_cpu_leave(cpu);
	return done;
}

static unsigned int rsv_bulk_alloc_some(struct rsv_cache *c, unsigned int nr, void **objects)
{
	return rsv_bulk_alloc_fast(c, nr, objects) ?: rsv_bulk_alloc_each(c, nr, objects);
}

static void rsv_bulk_alloc_hook(struct rsv_cache *c, gfp_t gfp, unsigned int nr, void **objects)
{
	if (!rsv_alloc_has_hook(c, gfp))
		return;
	while (nr--)
		rsv_alloc_hook(c, *objects++, gfp);
}

/*
 * Whether magazines may serve a request whose flags are not plain. Not inline, so that plain flags
 * need one test.
 */
static noinline bool rsv_bulk_gfp_ok(const struct rsv_cache *c, gfp_t gfp)
{
	if (gfp & __GFP_ZERO && c->ctor)
		rsv_alloc_warn_zero(c);
	return !(gfp & ~RSV_GFP_OBJECTS);
}

/* Allocates a few objects: as many single requests, without the calls. */
static unsigned int rsv_bulk_alloc_few(struct rsv_cache *c, gfp_t gfp, unsigned int nr,
				       void **objects, unsigned long caller)
{
	unsigned int done;
	void *object;

	for (done = 0; done < nr; done++) {
		if (likely(rsv_alloc_fast(c, &object)))
			object = rsv_alloc_hook(c, object, gfp & ~__GFP_ZERO);
		else
			object = rsv_alloc_slow(c, gfp, NUMA_NO_NODE, object, caller);
		if (unlikely(!object))
			break;
		objects[done] = object;
	}
	return done;
}

/*
 * Allocates any number of objects, up to RSV_BULK in one section. Not inline, so that requests for
 * few save fewer registers.
 */
static noinline unsigned int rsv_bulk_alloc_many(struct rsv_cache *c, gfp_t gfp, unsigned int nr,
						 void **objects, unsigned long caller)
{
	unsigned int done = 0, some;

	while (done < nr) {
		some = 0;
		if (likely(rsv_gfp_is_plain(gfp)) || rsv_bulk_gfp_ok(c, gfp))
			some = rsv_bulk_alloc_some(c, nr - done, objects + done);
		rsv_bulk_alloc_hook(c, gfp, some, objects + done);
		done += some;
		if (some == RSV_BULK || done == nr)
			continue;
		/* The slow path serves one object and refills the magazines for the next turn. */
		objects[done] = rsv_alloc_slow(c, gfp, NUMA_NO_NODE, NULL, caller);
		if (!objects[done])
			break;
		done++;
	}
	return done;
}

/**
 * rsv_cache_alloc_bulk() - allocate many objects
 * @c: the cache
 * @gfp: as for rsv_cache_alloc()
 * @nr: how many
 * @objects: set to the objects
 *
 * Context: As rsv_cache_alloc().
 * Return: The number of objects allocated. As many entries of @objects are set, from the first one
 * on.
 */
unsigned int rsv_cache_alloc_bulk(struct rsv_cache *c, gfp_t gfp, unsigned int nr, void **objects)
{
	rsv_might_alloc(gfp);
	if (nr <= RSV_BULK_FEW && rsv_gfp_is_plain(gfp))
		return rsv_bulk_alloc_few(c, gfp, nr, objects, _RET_IP_);
	return rsv_bulk_alloc_many(c, gfp, nr, objects, _RET_IP_);
}
EXPORT_SYMBOL_GPL(rsv_cache_alloc_bulk);

/*
 * Free
 */

/**
 * struct rsv_bulk_slab - the slab that the loop has looked up last
 * @base: address of its first byte
 * @carved: its carved objects; 0 if the address is not one of a slab of the cache
 */
struct rsv_bulk_slab {
	unsigned long base;
	unsigned long carved;
};

/*
 * Looks up the slab of an object, in the extent of this CPU's hint. Returns no slab if the address
 * is not that of an object. Not inline, so that the loop has its registers for objects of one slab.
 */
static noinline struct rsv_bulk_slab rsv_bulk_find(const struct rsv_cache *c, const void *object)
{
	struct rsv_bulk_slab s;
	struct rsv_frame *f;

	if (unlikely(!rsv_hint_frame(object, &f) || rsv_frame_cache(f) != c))
		return (struct rsv_bulk_slab){};
	s.base = (unsigned long)object & ~c->mask;
	s.carved = rsv_word_carved((union rsv_slab_word){ .word = READ_ONCE(f->slab) });
	if (unlikely(rsv_slot_index(c, (unsigned long)object & c->mask) >= s.carved))
		return (struct rsv_bulk_slab){};
	return s;
}

/* Marks a used object as cached, or returns false. */
static __always_inline bool rsv_bulk_mark(const struct rsv_cache *c, void *object)
{
	struct rsv_frame *f;

	return likely(rsv_hint_frame(object, &f) && rsv_frame_cache(f) == c &&
		      rsv_carved_mark_cached(c, f, (unsigned long)object & c->mask, object,
					     true) == RSV_OK);
}

/*
 * rsv_bulk_push() for objects that lie anywhere: the look-up of each is part of the loop. Not
 * inline, so that either loop has all registers.
 */
static noinline unsigned int rsv_bulk_push_scattered(struct rsv_cache *c, struct rsv_cpu *cpu,
						     unsigned int nr, void **objects)
{
	void **top = cpu->top;
	unsigned long i;

	rsv_step(RSV_STEP_READ);
	for (i = 0; i < nr; i++) {
		if (unlikely(!rsv_bulk_mark(c, objects[i])))
			break;
		rsv_free_hook(c, objects[i]);
		top[i] = objects[i];
	}
	cpu->top += i;
	rsv_step(RSV_STEP_CHANGED);
	return i;
}

/* rsv_bulk_push() for objects that mostly have a neighbour of their slab before them */
static noinline unsigned int rsv_bulk_push_neighbours(struct rsv_cache *c, struct rsv_cpu *cpu,
						      unsigned int nr, void **objects)
{
	const unsigned long secret = c->secret, inverse = c->inverse;
	const unsigned int shift = c->shift, mark = c->layout.mark;
	struct rsv_bulk_slab s = {};
	void **top = cpu->top;
	unsigned long i;

	rsv_step(RSV_STEP_READ);
#pragma GCC unroll 8
	for (i = 0; i < nr; i++) {
		void *object = objects[i];

		/*
		 * One exact division tells both an object of another slab and a pointer to no
		 * object.
		 */
		if (unlikely(rsv_slot_of((unsigned long)object - s.base, inverse, shift) >=
			     s.carved)) {
			s = rsv_bulk_find(c, object);
			if (!s.carved)
				break;
		}
		if (unlikely(!rsv_mark_to_cached(secret, object + mark, object)))
			break;
		rsv_free_hook(c, object);
		top[i] = object;
	}
	/* Otherwise the compiler computes what i is in bytes, in each turn. */
	OPTIMIZER_HIDE_VAR(i);
	cpu->top += i;
	rsv_step(RSV_STEP_CHANGED);
	return i;
}

/*
 * Marks objects as cached and pushes them onto the loaded magazine, which has room for them. Stops
 * before an object that is not a used object of the cache. The first two objects tell what to
 * expect of the others; either function serves any objects.
 */
static unsigned int rsv_bulk_push(struct rsv_cache *c, struct rsv_cpu *cpu, unsigned int nr,
				  void **objects)
{
	if (nr > 1 && ((unsigned long)objects[0] ^ (unsigned long)objects[1]) & ~c->mask)
		return rsv_bulk_push_scattered(c, cpu, nr, objects);
	return rsv_bulk_push_neighbours(c, cpu, nr, objects);
}

/* Frees objects into the magazines until one cannot go there, up to RSV_BULK. */
static unsigned int rsv_bulk_free_fast(struct rsv_cache *c, unsigned int nr, void **objects)
{
	struct rsv_cpu *cpu = rsv_bulk_enter_fast(c);
	unsigned int done = 0, some, sound;

	if (!cpu)
		return 0;
	nr = min(nr, RSV_BULK);
	while (done < nr && (rsv_cpu_room(cpu) || rsv_depot_exchange_full(c, cpu))) {
		some = min(nr - done, rsv_cpu_room(cpu));
		sound = rsv_bulk_push(c, cpu, some, objects + done);
		done += sound;
		if (sound < some)
			break;
	}
	cpu->frees += done;
	rsv_cpu_leave(cpu);
	return done;
}

/*
 * Marks an object as cached, for this CPU's loaded magazine. Returns false if it is not a used
 * object in the extent.
 */
static bool rsv_bulk_mark_cached(struct rsv_cache *c, void *object)
{
	struct rsv_extent *e = rsv_hint(rsv_hint_of_addr((unsigned long)object));

	return rsv_extent_has(e, object) && rsv_free_mark_cached(c, e, object) == RSV_OK;
}

/* As rsv_bulk_free_fast(), but calls the engine for each object. Not inline for the same reason */
static noinline unsigned int rsv_bulk_free_each(struct rsv_cache *c, unsigned int nr,
						void **objects)
{
	struct rsv_cpu *cpu = rsv_bulk_enter_each(c, rsv_bulk_free_needs_each);
	unsigned int done;

	if (!cpu)
		return 0;
	nr = min(nr, RSV_BULK);
	for (done = 0; done < nr; done++) {
		if (!rsv_cpu_room(cpu) && !rsv_depot_exchange_full(c, cpu))
			break;
		if (!rsv_bulk_mark_cached(c, objects[done]))
			break;
		rsv_free_clear(c, objects[done]);
		rsv_free_hook(c, objects[done]);
		rsv_cpu_push(cpu, cpu->top, objects[done]);
	}
	cpu->frees += done;
	rsv_cpu_leave(cpu);
	return done;
}

static unsigned int rsv_bulk_free_some(struct rsv_cache *c, unsigned int nr, void **objects)
{
	unsigned int done = c->engine->heap ? 0 : rsv_bulk_free_fast(c, nr, objects);

	return done ?: rsv_bulk_free_each(c, nr, objects);
}

/* Frees a few objects: as many single requests, without the calls. */
static void rsv_bulk_free_few(struct rsv_cache *c, unsigned int nr, void **objects,
			      unsigned long caller)
{
	for (; nr--; objects++)
		if (unlikely(!rsv_free_fast(c, *objects)))
			rsv_free_slow(c, *objects, caller);
}

/* Frees any number of objects. Not inline for the same reason as rsv_bulk_alloc_many() */
static noinline void rsv_bulk_free_many(struct rsv_cache *c, unsigned int nr, void **objects,
					unsigned long caller)
{
	unsigned int done = 0, some;

	while (done < nr) {
		some = rsv_bulk_free_some(c, nr - done, objects + done);
		done += some;
		if (done < nr && some < RSV_BULK)
			rsv_free_slow(c, objects[done++], caller);
	}
}

/**
 * rsv_cache_free_bulk() - free many objects
 * @c: their cache
 * @nr: how many
 * @objects: the objects; NULL among them does nothing
 *
 * Context: As rsv_cache_free().
 */
void rsv_cache_free_bulk(struct rsv_cache *c, unsigned int nr, void **objects)
{
	if (nr <= RSV_BULK_FEW)
		rsv_bulk_free_few(c, nr, objects, _RET_IP_);
	else
		rsv_bulk_free_many(c, nr, objects, _RET_IP_);
}
EXPORT_SYMBOL_GPL(rsv_cache_free_bulk);
