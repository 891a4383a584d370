// SPDX-License-Identifier: GPL-2.0
/*
 * The engine SLUB, as the kernel's was in 6.12: the bookkeeping of a slab is one word in its frame,
 * and its free list is threaded through the free objects, obfuscated (link.h) and in random order.
 *
 * A slab is carved as needed: RSV_BATCH objects at a time are shuffled and go on its free list, or
 * as many as are wanted go out at once; the rest lies untouched behind them. With magazines the
 * fullest slabs of the node serve a batch at a time, under the node's lock. Without, there is no
 * queue at all: each CPU has an active slab, which is frozen: on no list, its free list taken by
 * the CPU as a whole. What others give back to it collects in its frame, until the CPU has used up
 * what it took and fetches that.
 *
 * An object is given back without a lock, to whatever slab: its link is exchanged from kept to the
 * slab's first free object, which only one of two CPUs that free the same object can do, and then
 * the frame's word is exchanged. Only what moves a slab to another list takes the lock:
 *
 *	word.fill, word.frozen	changed under the node's lock, like the lists
 *	word.carved		grows under the node's lock, or by the CPU whose active slab it is
 *	word.free, word.inuse	exchanged by anybody; objects are taken off the list only by who may
 *				carve, so what follows the first one never changes under its feet
 *
 * A link that cannot be one was overwritten: the rest of the list is lost rather than handed out.
 */
#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/minmax.h>

#include "compat.h"
#include "objects/batch.h"
#include "objects/debug/check.h"
#include "objects/mark.h"
#include "objects/layout.h"
#include "objects/node.h"
#include "region.h"
#include "slub.h"

static void *rsv_slub_object(const struct rsv_cache *c, void *base, unsigned int index)
{
	return base + index * c->layout.stride + c->layout.before;
}

static unsigned long *rsv_slub_mark(const struct rsv_cache *c, void *base, unsigned int index)
{
	return rsv_mark_at(c, rsv_slub_object(c, base, index));
}

static union rsv_slab_word rsv_slub_word(const struct rsv_frame *slab)
{
	return (union rsv_slab_word){.word = READ_ONCE(slab->slab)};
}

/* Orders what was written to objects and links before, and what is read of them after. */
static bool rsv_slub_exchange(struct rsv_frame *slab, union rsv_slab_word *old,
			      union rsv_slab_word new)
{
	return try_cmpxchg(&slab->slab, &old->word, new.word);
}

static void *rsv_slub_base(const struct rsv_cache *c, const struct rsv_frame *slab)
{
	return rsv_frame_addr(rsv_frame_extent(c->region, slab), slab);
}

/*
 * Carving
 */

/**
 * struct rsv_slub_order - a walk along the next objects, in an order that is not to be guessed
 * @order: what the cache has made once, as CONFIG_SLAB_FREELIST_RANDOM has it
 * @at: where in it the walk is; it begins at another place each time
 * @nr: how many objects there are
 */
struct rsv_slub_order {
	const u8 *order;
	unsigned int at;
	unsigned int nr;
};

static struct rsv_slub_order rsv_slub_order_begin(const struct rsv_cache *c, const void *first,
						  unsigned int nr)
{
	return (struct rsv_slub_order){
		.order = c->order,
		.at = rsv_mark_word(c->secret, first) >> (BITS_PER_LONG - 8),
		.nr = nr,
	};
}

/* The next one of them, after the one before all of them have had their turn */
static __always_inline unsigned int rsv_slub_next(struct rsv_slub_order *o)
{
	unsigned int next;

	do {
		next = o->order[o->at++ % RSV_BATCH];
	} while (unlikely(next >= o->nr));
	return next;
}

/* Objects of a slab that would be carved next */
static unsigned int rsv_slub_uncarved(const struct rsv_cache *c, union rsv_slab_word word)
{
	return min(rsv_slab_objects(c, word) - word.carved, RSV_BATCH);
}

/* Who gives an object back asks the frame of its page how many there are. */
static void rsv_slub_update_tails(const struct rsv_cache *c, struct rsv_frame *slab,
				  union rsv_slab_word word)
{
	unsigned int i;

	for (i = 1; i < rsv_slab_pages(c, slab); i++)
		WRITE_ONCE(slab[i].slab, word.word);
}

/* Puts objects that were never touched on the free list, before what is on it. */
static void rsv_slub_carve(struct rsv_cache *c, struct rsv_frame *slab, void *base)
{
	const unsigned long mark = c->secret, raw = rsv_cache_has_raw(c) ? RSV_MARK_RAW : 0;
	const unsigned int stride = c->layout.stride, link = c->layout.mark;
	union rsv_slab_word old = rsv_slub_word(slab), new;
	unsigned int nr = rsv_slub_uncarved(c, old), head, last, next, i;
	void *first = rsv_slub_object(c, base, old.carved);
	struct rsv_slub_order order = rsv_slub_order_begin(c, first, nr);

	head = rsv_slub_next(&order);
	for (i = 1, last = head; i < nr; i++, last = next) {
		void *object = first + last * stride;

		next = rsv_slub_next(&order);
		WRITE_ONCE(*(unsigned long *)(object + link),
			   rsv_mark_encode(mark, object, (old.carved + next) | raw));
		rsv_tag_set(mark, object + link, object);
	}
	last += old.carved;
	do {
		rsv_mark_write(c, rsv_slub_mark(c, base, last), old.free | raw);
		new = old;
		new.free = old.carved + head;
		new.carved += nr;
	} while (!rsv_slub_exchange(slab, &old, new));
	rsv_slub_update_tails(c, slab, new);
}

/*
 * Takes objects that were never touched, at most so many, without putting any on the free list: the
 * node is locked. Returns the new word, whose fill the caller has to look after.
 */
static union rsv_slab_word rsv_slub_carve_out(struct rsv_cache *c, struct rsv_frame *slab,
					      void *base, unsigned int max,
					      union rsv_slab_word *old, struct rsv_batch *t)
{
	void *first = rsv_slub_object(c, base, old->carved), **at = t->object + t->nr, **end;
	const unsigned int nr = min(rsv_slub_uncarved(c, *old), max), stride = c->layout.stride;
	struct rsv_slub_order order = rsv_slub_order_begin(c, first, nr);
	union rsv_slab_word new;

	for (end = at + nr; at < end; at++) {
		*at = first + rsv_slub_next(&order) * stride;
		rsv_object_set_cached(c, *at);
	}
	t->nr += nr;
	do {
		new = *old;
		new.carved += nr;
		new.inuse += nr;
		new.fill = rsv_slab_fill(c, new);
	} while (!rsv_slub_exchange(slab, old, new));
	rsv_slub_update_tails(c, slab, new);
	return new;
}

/* Makes sure that the free list has an object, unless all are out. */
static bool rsv_slub_ready(struct rsv_cache *c, struct rsv_frame *slab, void *base)
{
	const union rsv_slab_word word = rsv_slub_word(slab);

	if (word.free != RSV_SLAB_NONE)
		return true;
	if (word.carved == rsv_slab_objects(c, word))
		return false;
	rsv_slub_carve(c, slab, base);
	return true;
}

/*
 * Free lists
 */

/**
 * struct rsv_slub_walk - a walk along a free list
 * @next: the next object, or RSV_SLAB_NONE
 * @nr: objects that were passed
 * @raw: the one that was passed was never taken before, and has to be begun
 * @broken: the next one's link was overwritten
 */
struct rsv_slub_walk {
	unsigned int next;
	unsigned int nr;
	bool raw;
	bool broken;
};

/* Passes objects, at most so many; one that has to be begun only alone. */
static void rsv_slub_walk_list(const struct rsv_cache *c, void *base, unsigned int carved,
			       unsigned int max, struct rsv_slub_walk *w, struct rsv_batch *t)
{
	void *first = rsv_slub_object(c, base, 0), **at = t->object + t->nr, **end = at + max;
	const unsigned int stride = c->layout.stride;
	unsigned int next = w->next, after;

	while (at < end && next != RSV_SLAB_NONE) {
		void *object = first + next * stride;
		unsigned long link = rsv_mark_read(c, rsv_mark_at(c, object));

		after = link & RSV_MARK_NEXT;
		if (unlikely(link >= RSV_MARK_CACHED ||
			     (after >= carved && after != RSV_SLAB_NONE))) {
			w->broken = true;
			break;
		}
		if (unlikely(link & RSV_MARK_RAW)) {
			if (at > t->object)
				break;
			w->raw = true;
			end = at + 1;
		}
		*at++ = object;
		next = after;
	}
	w->next = next;
	w->nr = at - t->object - t->nr;
}

static void rsv_slub_set_cached(struct rsv_cache *c, struct rsv_batch *t, unsigned int nr)
{
	while (nr--)
		rsv_object_set_cached(c, t->object[t->nr++]);
}

/* Moves the slab to the list that its word says it belongs on. */
static void rsv_slub_relink(struct rsv_cache_node *n, struct rsv_frame *slab,
			    union rsv_slab_word old, union rsv_slab_word new)
{
	if (old.fill == new.fill)
		return;
	rsv_slab_unlink(n, slab, old.fill);
	rsv_slab_link(n, slab, new.fill);
}

/* The rest of the free list is lost: its objects count as out from now on. */
static void rsv_slub_abandon(struct rsv_cache *c, struct rsv_cache_node *n, struct rsv_frame *slab,
			     void *base, struct rsv_batch *t)
{
	union rsv_slab_word old = rsv_slub_word(slab), new;

	do {
		new = old;
		new.inuse = old.carved;
		new.free = RSV_SLAB_NONE;
		new.fill = rsv_slab_fill(c, new);
	} while (!rsv_slub_exchange(slab, &old, new));
	rsv_slub_relink(n, slab, old, new);
	t->damaged = base;
	t->lost = new.inuse - old.inuse;
}

/* Takes objects off a slab's list, with the node's lock held. */
static void rsv_slub_pop_listed(struct rsv_cache *c, struct rsv_cache_node *n,
				struct rsv_frame *slab, void *base, unsigned int max,
				struct rsv_batch *t)
{
	union rsv_slab_word old, new;
	struct rsv_slub_walk w;

	rsv_slub_ready(c, slab, base);
	old = rsv_slub_word(slab);
	do {
		w = (struct rsv_slub_walk){.next = old.free};
		rsv_slub_walk_list(c, base, old.carved, max, &w, t);
		new = old;
		new.free = w.next;
		new.inuse += w.nr;
		new.fill = rsv_slab_fill(c, new);
	} while (!rsv_slub_exchange(slab, &old, new));
	t->raw = w.raw;
	rsv_slub_set_cached(c, t, w.nr);
	rsv_slub_relink(n, slab, old, new);
	if (w.broken)
		rsv_slub_abandon(c, n, slab, base, t);
}

/* Takes objects of a slab, with the node's lock held. */
static void rsv_slub_pop(struct rsv_cache *c, struct rsv_cache_node *n, struct rsv_frame *slab,
			 unsigned int max, struct rsv_batch *t)
{
	union rsv_slab_word old = rsv_slub_word(slab), new;
	void *base = rsv_slub_base(c, slab);

	/* One that is taken alone shall come in random order too: from a list of several. */
	if (old.free != RSV_SLAB_NONE || max + t->nr == 1 || rsv_cache_has_raw(c)) {
		rsv_slub_pop_listed(c, n, slab, base, max, t);
		return;
	}
	new = rsv_slub_carve_out(c, slab, base, max, &old, t);
	rsv_slub_relink(n, slab, old, new);
}

/* Slabs from which objects are taken under one hold of the lock */
#define RSV_BATCH_SLABS 2

static void rsv_slub_alloc_node(struct rsv_cache *c, struct rsv_cache_node *n, unsigned int nr,
				struct rsv_batch *t)
{
	unsigned int slabs, had;
	struct rsv_frame *slab;
	unsigned long flags;

	raw_spin_lock_irqsave(&n->lock, flags);
	for (slabs = 0; slabs < RSV_BATCH_SLABS && t->nr < nr; slabs++) {
		slab = rsv_slabs_best(n);
		if (!slab)
			break;
		had = t->nr;
		rsv_slub_pop(c, n, slab, nr - t->nr, t);
		if (t->nr == had || t->raw || t->damaged)
			break;
	}
	raw_spin_unlock_irqrestore(&n->lock, flags);
}

/*
 * Active slabs
 */

/* Takes the whole free list of the slab for this CPU, freezing the slab if it is not frozen. */
static void rsv_slub_fetch(struct rsv_cache *c, struct rsv_cpu *cpu, struct rsv_frame *slab)
{
	union rsv_slab_word old = rsv_slub_word(slab), new;

	do {
		new = old;
		new.free = RSV_SLAB_NONE;
		new.inuse = old.carved;
		new.frozen = 1;
	} while (!rsv_slub_exchange(slab, &old, new));
	cpu->freelist = old.free;
	cpu->nr_freelist = old.carved - old.inuse;
}

/* Makes the node's best slab the active one. */
static void rsv_slub_activate(struct rsv_cache *c, struct rsv_cpu *cpu, struct rsv_cache_node *n)
{
	struct rsv_frame *slab;
	unsigned long flags;

	raw_spin_lock_irqsave(&n->lock, flags);
	slab = rsv_slabs_best(n);
	if (slab) {
		rsv_slab_unlink(n, slab, rsv_slub_word(slab).fill);
		rsv_slub_fetch(c, cpu, slab);
		cpu->active = slab;
	}
	raw_spin_unlock_irqrestore(&n->lock, flags);
}

/* The last object of a list that stays, and how many there are; @broken: up to one overwritten */
static unsigned int rsv_slub_last(struct rsv_cache *c, void *base, unsigned int carved,
				  unsigned int at, unsigned int *last, bool *broken)
{
	unsigned int nr = 0;

	while (at < carved && nr < carved) {
		unsigned long link = rsv_mark_read(c, rsv_slub_mark(c, base, at));

		if (link >= RSV_MARK_CACHED)
			break;
		*last = at;
		nr++;
		at = link & RSV_MARK_NEXT;
	}
	*broken = at != RSV_SLAB_NONE;
	return nr;
}

/*
 * What the CPU did not use of its slab's free list, @nr objects that end with @last, goes back
 * before what came meanwhile.
 */
static void rsv_slub_return(struct rsv_cache *c, struct rsv_cache_node *n, struct rsv_cpu *cpu,
			    unsigned int nr, unsigned int last)
{
	struct rsv_frame *slab = cpu->active;
	union rsv_slab_word old = rsv_slub_word(slab), new;
	void *base = rsv_slub_base(c, slab);
	unsigned long raw = 0;

	if (nr)
		raw = rsv_mark_read(c, rsv_slub_mark(c, base, last)) & RSV_MARK_RAW;
	do {
		if (nr)
			rsv_mark_write(c, rsv_slub_mark(c, base, last), old.free | raw);
		new = old;
		if (nr)
			new.free = cpu->freelist;
		new.inuse -= nr;
		new.frozen = 0;
		new.fill = rsv_slab_fill(c, new);
	} while (!rsv_slub_exchange(slab, &old, new));
	rsv_slab_link(n, slab, new.fill);
	cpu->active = NULL;
	cpu->freelist = RSV_SLAB_NONE;
	cpu->nr_freelist = 0;
}

static void rsv_slub_deactivate(struct rsv_cache *c, struct rsv_cpu *cpu)
{
	struct rsv_cache_node *n = rsv_slab_node(c, rsv_frame_extent(c->region, cpu->active));
	const unsigned int carved = rsv_slub_word(cpu->active).carved;
	void *base = rsv_slub_base(c, cpu->active);
	unsigned int last = RSV_SLAB_NONE, lost, nr;
	struct rsv_frame *evicted;
	unsigned long flags;
	bool broken;

	/* As long as the list is, and nobody else's: not under the lock. */
	nr = rsv_slub_last(c, base, carved, cpu->freelist, &last, &broken);
	lost = broken ? cpu->nr_freelist - min(nr, cpu->nr_freelist) : 0;
	raw_spin_lock_irqsave(&n->lock, flags);
	rsv_slub_return(c, n, cpu, nr, last);
	evicted = rsv_slabs_surplus(c, n, flags);
	raw_spin_unlock_irqrestore(&n->lock, flags);
	if (evicted)
		rsv_slab_free_pages(c, evicted);
	if (lost)
		rsv_cache_lost(c, base, lost);
}

/* Makes sure that the CPU's list has an object, if the active slab can give one. */
static bool rsv_slub_replenish(struct rsv_cache *c, struct rsv_cpu *cpu)
{
	struct rsv_frame *slab = cpu->active;

	if (cpu->freelist == RSV_SLAB_NONE && slab &&
	    rsv_slub_ready(c, slab, rsv_slub_base(c, slab)))
		rsv_slub_fetch(c, cpu, slab);
	return cpu->freelist != RSV_SLAB_NONE;
}

static void rsv_slub_alloc_active(struct rsv_cache *c, struct rsv_cpu *cpu, struct rsv_batch *t)
{
	struct rsv_slub_walk w = {.next = cpu->freelist};
	union rsv_slab_word word = rsv_slub_word(cpu->active);
	void *base = rsv_slub_base(c, cpu->active);

	rsv_slub_walk_list(c, base, word.carved, 1, &w, t);
	cpu->freelist = w.next;
	cpu->nr_freelist -= w.nr;
	t->raw = w.raw;
	rsv_slub_set_cached(c, t, w.nr);
	if (w.broken) {
		/* They count as out in the slab already. */
		t->damaged = base;
		t->lost = cpu->nr_freelist;
		cpu->freelist = RSV_SLAB_NONE;
		cpu->nr_freelist = 0;
	}
}

static void rsv_slub_alloc_cpu(struct rsv_cache *c, struct rsv_cpu *cpu, struct rsv_cache_node *n,
			       struct rsv_batch *t)
{
	if (!rsv_slub_replenish(c, cpu)) {
		if (cpu->active)
			rsv_slub_deactivate(c, cpu);
		rsv_slub_activate(c, cpu, n);
		if (!rsv_slub_replenish(c, cpu))
			return;
	}
	rsv_slub_alloc_active(c, cpu, t);
}

static void rsv_slub_alloc(struct rsv_cache *c, struct rsv_cpu *cpu, int nid, unsigned int nr,
			   struct rsv_batch *t)
{
	if (cpu)
		rsv_slub_alloc_cpu(c, cpu, c->nodes[nid], t);
	else
		rsv_slub_alloc_node(c, c->nodes[nid], nr, t);
	rsv_batch_prepare(c, t);
}

/*
 * Giving back
 */

/* Gives an object back that moves its slab to another list. */
static void rsv_slub_free_locked(struct rsv_cache *c, struct rsv_cache_node *n,
				 struct rsv_frame *slab, unsigned int index, unsigned long *link)
{
	union rsv_slab_word old = rsv_slub_word(slab), new;
	struct rsv_frame *evicted = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&n->lock, flags);
	do {
		rsv_mark_write(c, link, old.free);
		new = old;
		new.free = index;
		new.inuse--;
		if (!old.frozen)
			new.fill = rsv_slab_fill(c, new);
	} while (!rsv_slub_exchange(slab, &old, new));
	if (!old.frozen) {
		rsv_slub_relink(n, slab, old, new);
		evicted = rsv_slabs_surplus(c, n, flags);
	}
	raw_spin_unlock_irqrestore(&n->lock, flags);
	if (evicted)
		rsv_slab_free_pages(c, evicted);
}

/*
 * The object's link says "kept" and what it will say next: whoever makes it so has the object, and
 * another CPU that gives the same one back does not.
 */
static bool rsv_slub_mark_free(struct rsv_cache *c, unsigned long *link)
{
	unsigned long key = rsv_mark_key(c, link), kept = key ^ RSV_MARK_CACHED;

	if (!rsv_tag_ok(c->secret, link, rsv_mark_object(c, link)))
		return false;
	return try_cmpxchg(link, &kept, key ^ RSV_SLAB_NONE);
}

static enum rsv_misuse rsv_slub_free(struct rsv_cache *c, struct rsv_cpu *cpu, struct rsv_extent *e,
				     struct rsv_frame *f, void *object)
{
	struct rsv_frame *slab = rsv_slab_head(e, f);
	unsigned int index = rsv_slot_index(c, rsv_slab_offset(f, object) - c->layout.before);
	unsigned long *link = rsv_mark_at(c, object);
	union rsv_slab_word old, new;

	if (!rsv_slub_mark_free(c, link))
		return RSV_DOUBLE_FREE;
	if (cpu && cpu->active == slab) {
		rsv_mark_write(c, link, cpu->freelist);
		cpu->freelist = index;
		cpu->nr_freelist++;
		return RSV_OK;
	}
	old = rsv_slub_word(slab);
	do {
		rsv_mark_write(c, link, old.free);
		new = old;
		new.free = index;
		new.inuse--;
		if (!old.frozen && rsv_slab_fill(c, new) != old.fill) {
			rsv_slub_free_locked(c, rsv_slab_node(c, e), slab, index, link);
			break;
		}
	} while (!rsv_slub_exchange(slab, &old, new));
	return RSV_OK;
}

/*
 * The rest of what an engine does
 */

static bool rsv_slub_new_slab(struct rsv_cache *c, gfp_t gfp, int nid)
{
	struct rsv_frame *slab = rsv_slab_new(c, gfp, nid);

	if (slab)
		rsv_slab_add(c, slab);
	return slab;
}

static unsigned int rsv_slub_slots(const struct rsv_layout *l, unsigned int pages)
{
	return min_t(unsigned int, (pages << PAGE_SHIFT) / l->stride, RSV_SLAB_OBJECTS_MAX);
}

static int rsv_slub_layout(struct rsv_layout *l)
{
	rsv_layout_pages(l, rsv_slub_slots);
	return 0;
}

static bool rsv_slub_mark_used(struct rsv_cache *c, void *object)
{
	return rsv_object_mark_used(c, object);
}

static enum rsv_misuse rsv_slub_mark_cached(struct rsv_cache *c, struct rsv_extent *e,
					    struct rsv_frame *f, void *object)
{
	return rsv_carved_mark_cached(c, f, rsv_slab_offset(f, object) - c->layout.before, object);
}

static bool rsv_slub_is_used(const struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *f,
			     const void *object)
{
	return rsv_carved_is_used(c, e, f, object);
}

static void rsv_slub_drain(struct rsv_cache *c, struct rsv_cpu *cpu)
{
	if (cpu->active)
		rsv_slub_deactivate(c, cpu);
}

static unsigned int rsv_slub_shrink(struct rsv_cache *c, bool idle)
{
	return rsv_slabs_shrink(c, idle, rsv_slab_free_pages);
}

/* Whether the free list has the objects that are not out, each once; with the node's lock held */
static bool rsv_slub_sound(struct rsv_cache *c, struct rsv_frame *slab, void *base)
{
	const union rsv_slab_word word = rsv_slub_word(slab);
	unsigned int nr, last;
	bool broken;

	/* Objects may come before the first while it is walked; none goes. */
	nr = rsv_slub_last(c, base, word.carved, word.free, &last, &broken);
	return !broken && nr == word.carved - word.inuse;
}

static bool rsv_slub_verify(struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *f)
{
	struct rsv_cache_node *n = rsv_slab_node(c, e);
	struct rsv_frame *slab = rsv_slab_head(e, f);
	void *base = rsv_frame_addr(e, slab);
	unsigned long flags;
	bool sound;

	raw_spin_lock_irqsave(&n->lock, flags);
	/* The list of an active slab is taken off by its CPU. */
	sound = rsv_slub_word(slab).frozen || rsv_slub_sound(c, slab, base);
	raw_spin_unlock_irqrestore(&n->lock, flags);
	if (!sound)
		rsv_debug_report_slab(RSV_CORRUPT, c, base, "its free list is wrong");
	return sound;
}

static void rsv_slub_for_each_in(struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *slab,
				 const struct rsv_visitor *visitor)
{
	void *base = rsv_frame_addr(e, slab);
	unsigned int index;

	for (index = 0; index < rsv_slub_word(slab).carved; index++) {
		void *object = rsv_slub_object(c, base, index);

		if (rsv_mark_read(c, rsv_mark_at(c, object)) > RSV_MARK_CACHED)
			visitor->visit(c, e, object, visitor->data);
	}
}

static void rsv_slub_for_each(struct rsv_cache *c, const struct rsv_visitor *visitor)
{
	rsv_slabs_for_each(c, rsv_slub_for_each_in, visitor);
}

const struct rsv_engine rsv_engine_slub = {
	.name = "slub",
	.flag = RSV_ENGINE_SLUB,
	.layout = rsv_slub_layout,
	.alloc = rsv_slub_alloc,
	.new_slab = rsv_slub_new_slab,
	.free = rsv_slub_free,
	.mark_used = rsv_slub_mark_used,
	.mark_cached = rsv_slub_mark_cached,
	.is_used = rsv_slub_is_used,
	.drain = rsv_slub_drain,
	.shrink = rsv_slub_shrink,
	.verify = rsv_slub_verify,
	.for_each = rsv_slub_for_each,
};
