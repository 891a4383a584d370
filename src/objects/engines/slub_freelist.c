// SPDX-License-Identifier: GPL-2.0
/*
 * The freelist of a slab: this file carves objects of the engine SLUB, puts them on the freelist
 * and takes them off.
 *
 * The list is threaded through the free objects: the mark of each (mark.h) has the number of the
 * next one. A slab is carved as needed, RSV_BATCH objects at a time. They go on the freelist in
 * random order, as with CONFIG_SLAB_FREELIST_RANDOM. If the caller wants several objects, the new
 * ones go to it directly instead. Objects that were never carved have no mark and no content.
 *
 * Any CPU may add an object at the front at any time (slub.c). Only a caller that may carve the
 * slab takes objects off: the holder of the node's lock or, of an active slab, its CPU. So while
 * such a caller walks along the list, the objects behind the first one stay as they are.
 *
 * If the mark of an object on the list is not that of a free object, somebody overwrote it. Then
 * the slab abandons the remaining freelist. Its objects are lost, but no two users get the same
 * object.
 */
#include <linux/kernel.h>
#include <linux/minmax.h>

#include "compat.h"
#include "objects/cache.h"
#include "objects/mark.h"
#include "objects/node.h"
#include "slub.h"

/*
 * Carving
 */

/**
 * struct rsv_slub_order - the order in which new objects go on the freelist (on the caller's stack)
 * @order: the cache's random order
 * @at: the next index into it. Each part of a slab that is carved begins at another one
 * @nr: the number of objects; larger numbers are skipped
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
		.order = c->carve_order,
		/* The upper bits of a mark's word are secret, and so is the order. */
		.at = rsv_mark_word(c->secret, first) >> (BITS_PER_LONG - 8),
		.nr = nr,
	};
}

/* The first @nr calls return each number below @nr once. */
static __always_inline unsigned int rsv_slub_order_next(struct rsv_slub_order *o)
{
	unsigned int next;

	do {
		next = o->order[o->at++ % RSV_BATCH];
	} while (unlikely(next >= o->nr));
	return next;
}

/* The number of objects that the next carving makes */
static unsigned int rsv_slub_uncarved(const struct rsv_cache *c, union rsv_slab_word word)
{
	return min(rsv_slab_objects(c, word) - word.carved, RSV_BATCH);
}

/* A free reads the number of carved objects from the frame of the object's page. */
static void rsv_slub_update_tails(const struct rsv_cache *c, struct rsv_frame *slab,
				  union rsv_slab_word word)
{
	unsigned int i;

	for (i = 1; i < rsv_slab_pages(c, slab); i++)
		WRITE_ONCE(slab[i].slab, word.word);
}

static void rsv_slub_carve_list(struct rsv_cache *c, struct rsv_frame *slab, void *base,
				union rsv_slab_word old)
{
	const unsigned long secret = c->secret, raw = rsv_cache_has_raw(c) ? RSV_MARK_RAW : 0;
	const unsigned int stride = c->layout.stride, mark = c->layout.mark;
	unsigned int nr = rsv_slub_uncarved(c, old), head, last, next, i;
	void *first = rsv_slub_object(c, base, old.carved);
	struct rsv_slub_order order = rsv_slub_order_begin(c, first, nr);
	union rsv_slab_word new;

	head = rsv_slub_order_next(&order);
	for (i = 1, last = head; i < nr; i++, last = next) {
		void *object = first + last * stride;

		next = rsv_slub_order_next(&order);
		WRITE_ONCE(*(unsigned long *)(object + mark),
			   rsv_mark_encode(secret, object, (old.carved + next) | raw));
		rsv_tag_set(secret, object + mark, object);
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

/**
 * rsv_slub_carve() - put new objects on the freelist of a slab if it is empty
 * @c: the cache
 * @slab: the slab; the caller may carve it
 * @base: its first address
 *
 * Context: Any but NMI.
 * Return: Whether the freelist has an object now. If not, the slab is full.
 */
bool rsv_slub_carve(struct rsv_cache *c, struct rsv_frame *slab, void *base)
{
	const union rsv_slab_word word = rsv_slab_read(slab);

	if (word.free != RSV_SLAB_NONE)
		return true;
	if (word.carved == rsv_slab_objects(c, word))
		return false;
	rsv_slub_carve_list(c, slab, base, word);
	return true;
}

/*
 * Carves up to @max objects and adds them to the batch, past the freelist. The node is locked.
 * Returns the slab's new word; the caller moves the slab to the list for that word.
 */
static union rsv_slab_word rsv_slub_carve_batch(struct rsv_cache *c, struct rsv_frame *slab,
						void *base, unsigned int max,
						union rsv_slab_word *old, struct rsv_batch *batch)
{
	void *first = rsv_slub_object(c, base, old->carved), **at = batch->object + batch->nr;
	const unsigned int nr = min(rsv_slub_uncarved(c, *old), max), stride = c->layout.stride;
	struct rsv_slub_order order = rsv_slub_order_begin(c, first, nr);
	union rsv_slab_word new;
	void **end;

	for (end = at + nr; at < end; at++) {
		*at = first + rsv_slub_order_next(&order) * stride;
		rsv_object_set_cached(c, *at);
	}
	batch->nr += nr;
	do {
		new = *old;
		new.carved += nr;
		new.inuse += nr;
		new.fill = rsv_slab_fill(c, new);
	} while (!rsv_slub_exchange(slab, old, new));
	rsv_slub_update_tails(c, slab, new);
	return new;
}

/*
 * Taking objects off
 */

/**
 * struct rsv_slub_walk - a walk along a freelist (on the caller's stack)
 * @next: the object that it has come to, or RSV_SLAB_NONE
 * @nr: the objects before that
 * @raw: there is one object before that, and it was never constructed
 * @broken: the mark of @next was overwritten
 */
struct rsv_slub_walk {
	unsigned int next;
	unsigned int nr;
	bool raw;
	bool broken;
};

/*
 * Copies up to @max objects behind the end of the batch, but does not change the batch's number:
 * the caller may have to walk again. A batch that has a raw object has no other one.
 */
static void rsv_slub_walk_list(const struct rsv_cache *c, void *base, unsigned int carved,
			       unsigned int max, struct rsv_slub_walk *w, struct rsv_batch *batch)
{
	void *first = rsv_slub_object(c, base, 0), **at = batch->object + batch->nr;
	const unsigned int stride = c->layout.stride;
	unsigned int next = w->next;
	void **end = at + max;

	while (at < end && next != RSV_SLAB_NONE) {
		void *object = first + next * stride;
		unsigned long value = rsv_slub_read_free(c, object, carved);

		if (unlikely(value == RSV_SLUB_BROKEN)) {
			w->broken = true;
			break;
		}
		if (unlikely(value & RSV_MARK_RAW)) {
			if (at > batch->object)
				break;
			w->raw = true;
			end = at + 1;
		}
		*at++ = object;
		next = value & RSV_MARK_NEXT;
	}
	w->next = next;
	w->nr = at - batch->object - batch->nr;
}

/**
 * rsv_slub_relink() - move a slab to the list for its new word
 * @c: the cache
 * @n: its node, locked
 * @slab: the slab
 * @old: its word before
 * @new: its word now
 *
 * Context: Any but NMI.
 */
void rsv_slub_relink(const struct rsv_cache *c, struct rsv_cache_node *n, struct rsv_frame *slab,
		     union rsv_slab_word old, union rsv_slab_word new)
{
	if (old.fill == new.fill)
		return;
	rsv_slab_unlink(n, slab, old.fill);
	rsv_slab_link(c, n, slab, new.fill);
}

/* Abandons the remaining freelist: from now on the slab counts its objects as used. */
static void rsv_slub_abandon(struct rsv_cache *c, struct rsv_cache_node *n, struct rsv_frame *slab,
			     void *base, struct rsv_batch *batch)
{
	union rsv_slab_word old = rsv_slab_read(slab), new;

	do {
		new = old;
		new.inuse = old.carved;
		new.free = RSV_SLAB_NONE;
		new.fill = rsv_slab_fill(c, new);
	} while (!rsv_slub_exchange(slab, &old, new));
	rsv_slub_relink(c, n, slab, old, new);
	batch->damaged = base;
	batch->lost = new.inuse - old.inuse;
}

/*
 * Marks the objects of a walk as cached, and adds them to the batch. If an object comes a second
 * time, two CPUs freed it at once. Then the list has it twice, and is broken.
 */
static void rsv_slub_set_cached(const struct rsv_cache *c, struct rsv_slub_walk *w,
				struct rsv_batch *batch)
{
	void **walked = batch->object + batch->nr;
	unsigned int i;

	for (i = 0; i < w->nr; i++) {
		if (unlikely(rsv_mark_read(c, rsv_mark_at(c, walked[i])) == RSV_MARK_CACHED)) {
			w->broken = true;
			continue;
		}
		rsv_object_set_cached(c, walked[i]);
		batch->object[batch->nr++] = walked[i];
	}
}

static void rsv_slub_pop_list(struct rsv_cache *c, struct rsv_cache_node *n, struct rsv_frame *slab,
			      void *base, unsigned int max, struct rsv_batch *batch)
{
	union rsv_slab_word old, new;
	struct rsv_slub_walk w;
	unsigned int free;

	rsv_slub_carve(c, slab, base);
	old = rsv_slab_read(slab);
	do {
		free = old.carved - old.inuse;
		w = (struct rsv_slub_walk){ .next = old.free };
		rsv_slub_walk_list(c, base, old.carved, min(max, free), &w, batch);
		/* A list that goes on behind the last free object has one of them twice. */
		w.broken |= w.nr == free && w.next != RSV_SLAB_NONE;
		new = old;
		new.free = w.next;
		new.inuse += w.nr;
		new.fill = rsv_slab_fill(c, new);
	} while (!rsv_slub_exchange(slab, &old, new));
	batch->raw = w.raw;
	rsv_slub_set_cached(c, &w, batch);
	rsv_slub_relink(c, n, slab, old, new);
	if (w.broken)
		rsv_slub_abandon(c, n, slab, base, batch);
}

/**
 * rsv_slub_pop() - allocate objects of a slab
 * @c: the cache
 * @n: the slab's node, locked
 * @slab: the slab, on one of the node's lists and not full
 * @max: the number of objects to take, at most
 * @batch: the objects are added to it
 *
 * Context: Any but NMI.
 */
void rsv_slub_pop(struct rsv_cache *c, struct rsv_cache_node *n, struct rsv_frame *slab,
		  unsigned int max, struct rsv_batch *batch)
{
	union rsv_slab_word old = rsv_slab_read(slab), new;
	void *base = rsv_slub_base(c, slab);

	/* Single objects come in random order too, which needs a list of several. */
	if (old.free != RSV_SLAB_NONE || max + batch->nr == 1 || rsv_cache_has_raw(c)) {
		rsv_slub_pop_list(c, n, slab, base, max, batch);
		return;
	}
	new = rsv_slub_carve_batch(c, slab, base, max, &old, batch);
	rsv_slub_relink(c, n, slab, old, new);
}

/**
 * rsv_slub_last() - find the last object of a freelist
 * @c: the cache
 * @base: first address of the slab
 * @carved: its carved objects
 * @first: the first object of the list, or RSV_SLAB_NONE. No other CPU takes objects off meanwhile
 * @max: the number of objects at most; a list that has an object twice has no end
 * @last: set to the last object, unless there is none
 * @broken: set to whether a mark was overwritten; the list ends before that object then
 *
 * Context: Any but NMI.
 * Return: The number of objects.
 */
unsigned int rsv_slub_last(struct rsv_cache *c, void *base, unsigned int carved, unsigned int first,
			   unsigned int max, unsigned int *last, bool *broken)
{
	unsigned int nr = 0, at = first;

	while (at < carved && nr < max) {
		unsigned long value = rsv_mark_read(c, rsv_slub_mark(c, base, at));

		if (value >= RSV_MARK_CACHED)
			break;
		*last = at;
		nr++;
		at = value & RSV_MARK_NEXT;
	}
	*broken = at != RSV_SLAB_NONE;
	return nr;
}
