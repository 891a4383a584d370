// SPDX-License-Identifier: GPL-2.0
/*
 * Sheaves: objects that a caller has set aside before a section in which no allocation may fail or
 * take long, after kmem_cache_prefill_sheaf() of kernel 7.x. The section takes its objects from the
 * sheaf, and the rest goes back afterwards.
 *
 * A sheaf is an array of cached objects, so to fill and to return one mostly copies pointers from
 * and to this CPU's loaded magazine, and touches no object. The array is memory of the cache's own
 * region. The caller alone has the sheaf: no lock guards it, no drain reaches its objects, and no
 * other CPU looks at it. So any context may take an object from it, but one at a time: a task whose
 * interrupt takes from the same sheaf masks it.
 *
 * The objects of a sheaf count as allocated: a cache with such objects is in use.
 */
#include <linux/hardirq.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/preempt.h>
#include <linux/string.h>
#include <linux/topology.h>

#include "alloc.h"
#include "cache.h"
#include "cpu.h"
#include "debug/check.h"
#include "depot.h"
#include "fastpath.h"
#include "free.h"
#include "hooks.h"
#include "mark.h"
#include "pages/gfp.h"

/* Pointers that are copied before an interrupt or another task can run */
#define RSV_SHEAF_COPY	64U

/*
 * Copies the pointers to a few objects. A loop, since a call of memcpy() takes longer, and the
 * compiler makes no such call of volatile stores.
 */
static __always_inline void rsv_sheaf_copy(void **to, void **from, unsigned long nr)
{
	unsigned long i;

#pragma GCC unroll 8
	for (i = 0; i < nr; i++)
		WRITE_ONCE(to[i], from[i]);
}

/*
 * Filling
 */

/* Moves objects from this CPU's magazines into a sheaf, up to @nr in all, while there are any. */
static void rsv_sheaf_fill_from_cpu(struct rsv_sheaf *s, unsigned int nr)
{
	struct rsv_cache *c = s->cache;
	struct rsv_cpu *cpu;
	unsigned int some;

	do {
		cpu = rsv_cache_has_magazines(c) ? rsv_cpu_enter(c->cpus) : NULL;
		if (!cpu)
			return;
		if (!rsv_cpu_nr_loaded(cpu))
			rsv_depot_exchange_empty(c, cpu);
		some = min3(nr - s->nr, rsv_cpu_nr_loaded(cpu), RSV_SHEAF_COPY);
		rsv_step(RSV_STEP_READ);
		rsv_sheaf_copy(s->object + s->nr, cpu->top - some, some);
		cpu->top -= some;
		cpu->allocs += some;
		rsv_step(RSV_STEP_CHANGED);
		rsv_cpu_leave(cpu);
		s->nr += some;
	} while (some && s->nr < nr);
}

/* Returns whether the sheaf has @nr objects now. */
static bool rsv_sheaf_fill(struct rsv_sheaf *s, gfp_t gfp, unsigned int nr)
{
	void *object;

	while (s->nr < nr) {
		rsv_sheaf_fill_from_cpu(s, nr);
		if (s->nr == nr)
			break;
		/* Whatever else may have one; more come to this CPU's magazine with it. */
		object = rsv_alloc_for_sheaf(s->cache, gfp);
		if (!object)
			return false;
		s->object[s->nr++] = object;
	}
	return true;
}

/*
 * Returning
 */

/*
 * Moves objects from a sheaf into this CPU's magazines, down to @nr, while these have room. Missing
 * guaranteed objects come first, and objects of other nodes have another magazine. Then the
 * function does nothing.
 */
static void rsv_sheaf_return_to_cpu(struct rsv_sheaf *s, unsigned int nr)
{
	struct rsv_cache *c = s->cache;
	struct rsv_cpu *cpu;
	unsigned int some;

	do {
		cpu = nr_node_ids == 1 && READ_ONCE(c->fast) ? rsv_cpu_enter(c->cpus) : NULL;
		if (!cpu)
			return;
		if (!rsv_cpu_room(cpu))
			rsv_depot_exchange_full(c, cpu);
		/* Once more: a task that waited before it entered could go past a missing one. */
		some = READ_ONCE(c->fast) ? min3(s->nr - nr, rsv_cpu_room(cpu), RSV_SHEAF_COPY) : 0;
		s->nr -= some;
		rsv_step(RSV_STEP_READ);
		rsv_sheaf_copy(cpu->top, s->object + s->nr, some);
		cpu->top += some;
		cpu->frees += some;
		rsv_step(RSV_STEP_CHANGED);
		rsv_cpu_leave(cpu);
	} while (some && s->nr > nr);
}

/* Gives the objects of a sheaf beyond the first @nr back. */
static void rsv_sheaf_lower(struct rsv_sheaf *s, unsigned int nr)
{
	struct rsv_cache *c = s->cache;

	while (s->nr > nr) {
		rsv_sheaf_return_to_cpu(s, nr);
		if (s->nr > nr) {
			void *object = s->object[--s->nr];

			rsv_free_store(c, rsv_region_extent(c->region, object), object, true);
		}
	}
}

static bool rsv_sheaf_is_of(const struct rsv_sheaf *s, const struct rsv_cache *c)
{
	if (likely(s->cache == c))
		return true;
	rsv_report(RSV_WRONG_CACHE, "cache %s: a sheaf of cache %s", c->name, s->cache->name);
	return false;
}

static __always_inline bool rsv_sheaf_gfp_ok(gfp_t gfp)
{
	return likely(rsv_gfp_is_plain(gfp)) || rsv_gfp_ok(gfp, RSV_GFP_OBJECTS);
}

static struct rsv_sheaf *rsv_sheaf_new(struct rsv_cache *c, gfp_t gfp, unsigned int nr)
{
	struct rsv_sheaf *s = rsv_kmalloc(c->region, struct_size(s, object, nr), gfp & ~__GFP_ZERO);

	if (s) {
		s->cache = c;
		s->nr = 0;
		s->room = nr;
		s->simple = !rsv_cache_debugs(c) && !c->engine->off_object;
	}
	return s;
}

/**
 * rsv_cache_prefill() - set objects aside for a section that must get its objects
 * @c: the cache
 * @gfp: as for rsv_cache_alloc(); __GFP_ZERO has no effect here
 * @nr: how many objects, at least 1
 *
 * As kmem_cache_prefill_sheaf(). All of the objects come from where rsv_cache_alloc() finds one,
 * the guaranteed objects last: if the region has not so many, none is set aside. The caller passes
 * the sheaf to rsv_cache_alloc_from_sheaf() and in the end to rsv_cache_return_sheaf().
 *
 * Context: Any but NMI; may sleep if @gfp allows it.
 * Return: The sheaf; NULL if the region has no memory for it, if @nr is 0, for a @gfp that
 * rsv_cache_alloc() refuses, in an NMI, and with a report for a cache that was destroyed.
 */
struct rsv_sheaf *rsv_cache_prefill(struct rsv_cache *c, gfp_t gfp, unsigned int nr)
{
	struct rsv_sheaf *s;

	rsv_might_alloc(gfp);
	if (!nr || in_nmi() || !rsv_sheaf_gfp_ok(gfp) || !rsv_cache_usable(c))
		return NULL;
	s = rsv_sheaf_new(c, gfp, nr);
	if (!s || likely(rsv_sheaf_fill(s, gfp, nr)))
		return s;
	rsv_cache_return_sheaf(c, s);
	return NULL;
}
EXPORT_SYMBOL_GPL(rsv_cache_prefill);

/**
 * rsv_cache_refill_sheaf() - set objects aside again
 * @c: the cache
 * @gfp: as for rsv_cache_prefill()
 * @sheaf: the sheaf; another one takes its place if it has no room for @nr objects
 * @nr: how many objects it is to have, with those that it has
 *
 * As kmem_cache_refill_sheaf().
 *
 * Context: As rsv_cache_prefill().
 * Return: 0; -ENOMEM if the region has not so many; -EINVAL for a @gfp that rsv_cache_alloc()
 * refuses, in an NMI, and with a report for a sheaf of another cache. Then the sheaf is as it was.
 */
int rsv_cache_refill_sheaf(struct rsv_cache *c, gfp_t gfp, struct rsv_sheaf **sheaf,
			   unsigned int nr)
{
	const unsigned int before = (*sheaf)->nr;
	struct rsv_sheaf *s = *sheaf;

	rsv_might_alloc(gfp);
	if (in_nmi() || !rsv_sheaf_gfp_ok(gfp) || !rsv_sheaf_is_of(s, c))
		return -EINVAL;
	if (nr > s->room) {
		s = rsv_sheaf_new(c, gfp, nr);
		if (!s)
			return -ENOMEM;
		memcpy(s->object, (*sheaf)->object, before * sizeof(*s->object));
		s->nr = before;
	}
	if (!rsv_sheaf_fill(s, gfp, nr)) {
		rsv_sheaf_lower(s, before);
		if (s != *sheaf)
			rsv_kfree(s);
		return -ENOMEM;
	}
	if (s != *sheaf) {
		rsv_kfree(*sheaf);
		*sheaf = s;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(rsv_cache_refill_sheaf);

/* For caches whose engine makes an object used by a call, and whatever is wrong */
static noinline void *rsv_sheaf_alloc_slow(struct rsv_cache *c, gfp_t gfp, struct rsv_sheaf *sheaf,
					   unsigned long caller)
{
	void *object;

	if (!rsv_sheaf_is_of(sheaf, c) || (rsv_cache_debugs(c) && in_nmi()))
		return NULL;
	while (sheaf->nr) {
		object = sheaf->object[--sheaf->nr];
		if (likely(rsv_alloc_mark_used(c, object, caller)))
			return rsv_alloc_hook(c, object, gfp);
	}
	return NULL;
}

/*
 * Pops an object whose mark lies in it, and makes it used. The sheaf has one. Returns NULL
 * if its mark is wrong, and then it is still in the sheaf.
 */
static __always_inline void *rsv_sheaf_pop(struct rsv_cache *c, struct rsv_sheaf *sheaf)
{
	const unsigned int last = sheaf->nr - 1;
	void *object = sheaf->object[last];
	bool used;

	preempt_disable();
	used = rsv_object_mark_used(c, object);
	preempt_enable();
	if (unlikely(!used))
		return NULL;
	sheaf->nr = last;
	return object;
}

/**
 * rsv_cache_alloc_from_sheaf() - allocate an object that was set aside
 * @c: the cache
 * @gfp: __GFP_ZERO as for rsv_cache_alloc(); nothing else matters
 * @sheaf: the sheaf
 *
 * As kmem_cache_alloc_from_sheaf(): it does not fail while the sheaf has an object. One that was
 * written to meanwhile is reported, and lost, and the next one serves.
 *
 * Context: Any, also with raw locks held and in an NMI. In an NMI, a cache with checks (debug=, or
 * RSV_RED_ZONE and so on) gives NULL.
 * Return: The object, to be freed as any other. NULL if the sheaf is empty or, with a report, of
 * another cache.
 */
void *rsv_cache_alloc_from_sheaf(struct rsv_cache *c, gfp_t gfp, struct rsv_sheaf *sheaf)
{
	void *object;

	if (likely(sheaf->cache == c && sheaf->simple && sheaf->nr)) {
		object = rsv_sheaf_pop(c, sheaf);
		if (likely(object))
			return rsv_alloc_hook(c, object, gfp);
	}
	return rsv_sheaf_alloc_slow(c, gfp, sheaf, _RET_IP_);
}
EXPORT_SYMBOL_GPL(rsv_cache_alloc_from_sheaf);

/**
 * rsv_cache_return_sheaf() - give back a sheaf and the objects that it still has
 * @c: the cache
 * @sheaf: the sheaf; NULL does nothing. One of another cache is reported, and stays as it is
 *
 * As kmem_cache_return_sheaf().
 *
 * Context: Any but NMI, where it is refused with a report.
 */
void rsv_cache_return_sheaf(struct rsv_cache *c, struct rsv_sheaf *sheaf)
{
	if (!sheaf || rsv_refuse_nmi("a sheaf given back") || !rsv_sheaf_is_of(sheaf, c))
		return;
	rsv_sheaf_lower(sheaf, 0);
	rsv_kfree(sheaf);
}
EXPORT_SYMBOL_GPL(rsv_cache_return_sheaf);

/**
 * rsv_cache_sheaf_size() - how many objects a sheaf has
 * @sheaf: the sheaf
 *
 * Context: Any.
 * Return: Their number.
 */
unsigned int rsv_cache_sheaf_size(const struct rsv_sheaf *sheaf)
{
	return sheaf->nr;
}
EXPORT_SYMBOL_GPL(rsv_cache_sheaf_size);
