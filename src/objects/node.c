// SPDX-License-Identifier: GPL-2.0
/*
 * Slabs: getting pages for them, the lists they are on, and giving them back.
 *
 * A slab is on the list that its number of objects out says: empty, one of the four quarters of
 * partial, full. The fullest partial one serves first and the emptiest last, so that slabs which
 * have few objects left become empty; empty ones serve when no other can.
 *
 * Empty slabs are kept up to a target. It follows use: a slab that has to be made in the same
 * interval in which one was given back was given back too early, and the target grows by one; what
 * lay empty for a whole interval is given back, and the target falls by as much, down to
 * RSV_EMPTY_SLABS_MIN. A zone that runs low has other uses for them: no more are kept there.
 */
#include <linux/irqflags.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/sched.h>

#include "compat.h"
#include "node.h"
#include "objects/debug/check.h"
#include "pages/contig.h"
#include "region.h"

/*
 * Empty slabs that are kept at least, so that a program that frees and allocates one object does
 * not move a slab each time
 */
#define RSV_EMPTY_SLABS_MIN 2

/**
 * rsv_slabs_init() - get the slabs of a new cache's node ready
 * @n: what the cache has of the node
 */
void rsv_slabs_init(struct rsv_cache_node *n)
{
	enum rsv_fill fill;

	raw_spin_lock_init(&n->lock);
	for (fill = 0; fill < RSV_FILLS; fill++)
		INIT_LIST_HEAD(&n->slabs[fill].slabs);
	n->target = RSV_EMPTY_SLABS_MIN;
}

/**
 * rsv_slab_fill() - which list a slab belongs on
 * @c: its cache
 * @word: what it knows of its objects
 *
 * Return: The list.
 */
enum rsv_fill rsv_slab_fill(const struct rsv_cache *c, union rsv_slab_word word)
{
	unsigned int objects = rsv_slab_objects(c, word);

	if (!word.inuse)
		return RSV_EMPTY;
	if (word.inuse == objects)
		return RSV_FULL;
	return RSV_PARTIAL + word.inuse * 4 / objects;
}

/**
 * rsv_slab_may_be_whole() - whether slabs have as many pages as waste least, if there are any
 * @c: the cache
 *
 * Context: Any.
 * Return: false where a large one would be much of a small region; which may grow or shrink.
 */
bool rsv_slab_may_be_whole(const struct rsv_cache *c)
{
	const unsigned long most = READ_ONCE(c->region->nr_pages) / 8;

	return c->layout.pages <= max_t(unsigned long, RSV_SLAB_PAGES_MOST, most);
}

/**
 * rsv_slab_alloc_pages() - get pages for a slab or for a unit of the heap
 * @c: the cache
 * @gfp: as for rsv_cache_alloc_node(), in which __GFP_ZERO means the object, not the pages
 * @nid: the node that would be best
 *
 * Context: Any but NMI; may sleep if @gfp allows it.
 * Return: As many pages as waste least, or, where they cannot be had or are too much for the
 * region, as few as hold an object; or NULL.
 */
struct rsv_frame *rsv_slab_alloc_pages(const struct rsv_cache *c, gfp_t gfp, int nid)
{
	const struct rsv_layout *l = &c->layout;
	struct rsv_frame *f = NULL;

	gfp &= ~(__GFP_ZERO | __GFP_HIGHMEM);
	/* Without effort at first: as SLUB, which would rather have a small slab than reclaim. */
	if (l->small_pages < l->pages && rsv_slab_may_be_whole(c))
		f = rsv_run_try(c->region, gfp, nid, l->pages);
	return f ?: rsv_run_alloc(c->region, gfp, nid, l->small_pages);
}

/**
 * rsv_slab_new() - get pages and make them a slab that is on no list yet
 * @c: the cache
 * @gfp: as for rsv_cache_alloc_node()
 * @nid: the node that would be best
 *
 * Context: Any but NMI; may sleep if @gfp allows it.
 * Return: The slab, or NULL if there are no pages.
 */
struct rsv_frame *rsv_slab_new(struct rsv_cache *c, gfp_t gfp, int nid)
{
	struct rsv_frame *slab = rsv_slab_alloc_pages(c, gfp, nid);
	union rsv_slab_word word = {.free = RSV_SLAB_NONE};
	unsigned int pages, i;

	if (!slab)
		return NULL;
	pages = slab->nr_pages;
	rsv_kasan_fence(rsv_frame_addr(rsv_frame_extent(c->region, slab), slab),
			(size_t)pages << PAGE_SHIFT);
	word.small = pages != c->layout.pages;
	INIT_LIST_HEAD(&slab->link);
	for (i = 0; i < pages; i++) {
		WRITE_ONCE(slab[i].slab, word.word);
		WRITE_ONCE(slab[i].order, i);
		WRITE_ONCE(slab[i].kind, i ? RSV_FRAME_SLAB_TAIL : RSV_FRAME_SLAB);
		/* Who sees the cache sees the rest. */
		smp_store_release(&slab[i].cache, c);
	}
	return slab;
}

/**
 * rsv_slab_add() - put a new slab, ready to serve, on its node's list
 * @c: the cache
 * @slab: the slab
 *
 * Context: Any but NMI.
 */
void rsv_slab_add(struct rsv_cache *c, struct rsv_frame *slab)
{
	struct rsv_cache_node *n = rsv_slab_node(c, rsv_frame_extent(c->region, slab));
	const union rsv_slab_word word = {.word = READ_ONCE(slab->slab)};
	unsigned long flags;

	raw_spin_lock_irqsave(&n->lock, flags);
	rsv_slab_link(n, slab, RSV_EMPTY);
	n->nr_slabs++;
	n->nr_pages += rsv_slab_pages(c, slab);
	n->total += rsv_slab_objects(c, word);
	n->slabs_made++;
	if (n->given_early) {
		n->given_early--;
		n->target++;
	}
	raw_spin_unlock_irqrestore(&n->lock, flags);
}

/**
 * rsv_slab_free_pages() - give the pages of a slab back that rsv_slabs_evict() returned
 * @c: the cache
 * @slab: the slab
 *
 * Context: Any but NMI.
 */
void rsv_slab_free_pages(struct rsv_cache *c, struct rsv_frame *slab)
{
	struct rsv_extent *e = rsv_frame_extent(c->region, slab);
	unsigned int pages = rsv_slab_pages(c, slab);

	rsv_kasan_allow(rsv_frame_addr(e, slab), (size_t)pages << PAGE_SHIFT);
	rsv_run_dissolve(c->region, slab, pages);
}

/**
 * rsv_slab_link() - put a slab on a list
 * @n: its node, locked
 * @slab: the slab
 * @fill: the list that it belongs on, and that its word says
 */
void rsv_slab_link(struct rsv_cache_node *n, struct rsv_frame *slab, enum rsv_fill fill)
{
	list_add(&slab->link, &n->slabs[fill].slabs);
	n->slabs[fill].nr++;
}

/**
 * rsv_slab_unlink() - take a slab off its list
 * @n: its node, locked
 * @slab: the slab
 * @fill: the list that it is on
 */
void rsv_slab_unlink(struct rsv_cache_node *n, struct rsv_frame *slab, enum rsv_fill fill)
{
	list_del(&slab->link);
	n->slabs[fill].nr--;
	if (fill == RSV_EMPTY)
		n->min_nr = min(n->min_nr, n->slabs[RSV_EMPTY].nr);
}

/**
 * rsv_slabs_best() - the slab that shall serve next
 * @n: the node, locked
 *
 * Return: The slab, on its list; NULL if all are full.
 */
struct rsv_frame *rsv_slabs_best(struct rsv_cache_node *n)
{
	int fill;

	for (fill = RSV_PARTIAL_LAST; fill >= RSV_EMPTY; fill--)
		if (n->slabs[fill].nr)
			return list_first_entry(&n->slabs[fill].slabs, struct rsv_frame, link);
	return NULL;
}

/*
 * Says that the slab, which is on no list any more, belongs to nobody: whoever still has a pointer
 * into it finds that out. Its pages stay marked as a slab's until they are free, so that nobody can
 * take them for a block that could be given back.
 */
static void rsv_slab_disown(struct rsv_cache *c, struct rsv_cache_node *n, struct rsv_frame *slab)
{
	const union rsv_slab_word word = {.word = READ_ONCE(slab->slab)};
	unsigned int pages = rsv_slab_pages(c, slab), i;

	n->total -= rsv_slab_objects(c, word);
	n->nr_pages -= pages;
	n->nr_slabs--;
	n->slabs_given++;
	for (i = 0; i < pages; i++)
		WRITE_ONCE(slab[i].cache, NULL);
}

/* Whether an empty slab may stay where so many are kept */
static bool rsv_slabs_may_stay(const struct rsv_cache *c, const struct rsv_cache_node *n,
			       const struct rsv_frame *slab, unsigned long keep)
{
	const unsigned long nr = n->slabs[RSV_EMPTY].nr;
	const struct rsv_zone *z;

	if (nr > keep)
		return false;
	if (nr <= RSV_EMPTY_SLABS_MIN)
		return true;
	z = rsv_frame_extent(c->region, slab)->zone;
	return READ_ONCE(z->free_pages) >= READ_ONCE(z->low_pages);
}

/**
 * rsv_slabs_evict() - take an empty slab out of a cache
 * @c: the cache
 * @n: the node, locked
 * @keep: empty slabs that shall stay, unless their zone runs low
 *
 * Return: The slab, which is nobody's and is to be given back once the lock is dropped, or NULL.
 */
struct rsv_frame *rsv_slabs_evict(struct rsv_cache *c, struct rsv_cache_node *n, unsigned long keep)
{
	struct rsv_slab_list *empty = &n->slabs[RSV_EMPTY];
	struct rsv_frame *slab;

	if (!empty->nr)
		return NULL;
	slab = list_last_entry(&empty->slabs, struct rsv_frame, link);
	if (rsv_slabs_may_stay(c, n, slab, keep))
		return NULL;
	/* Not early, but for need, if there are no more than there may be. */
	n->given_early += empty->nr > keep;
	rsv_slab_unlink(n, slab, RSV_EMPTY);
	rsv_slab_disown(c, n, slab);
	return slab;
}

/**
 * rsv_slabs_surplus() - take a slab out of a cache that is empty beyond the target
 * @c: the cache
 * @n: the node, locked
 * @flags: as they were saved when it was locked
 *
 * Who had interrupts off then does not wait until its pages have coalesced: the slab stays until
 * somebody else gives an object back, the cache is aged or shrunk, or the region runs short.
 *
 * Return: As rsv_slabs_evict().
 */
struct rsv_frame *rsv_slabs_surplus(struct rsv_cache *c, struct rsv_cache_node *n,
				    unsigned long flags)
{
	return irqs_disabled_flags(flags) ? NULL : rsv_slabs_evict(c, n, n->target);
}

/**
 * rsv_batch_prepare() - begin the life of an object that was taken for the first time
 * @c: the cache
 * @t: what was taken; fresh if that is the one object, for which rsv_cache_has_raw() says that there
 *	is something to do. Fresh afterwards only if it is still to be constructed
 *
 * Filling what surrounds an object takes as long as the object is large: not under a raw lock.
 *
 * Context: Any but NMI, with no raw lock held.
 */
void rsv_batch_prepare(struct rsv_cache *c, struct rsv_batch *t)
{
	if (!t->raw)
		return;
	if (rsv_cache_debugs(c))
		rsv_debug_init(c, t->object[0]);
	t->raw = c->ctor;
}

/*
 * The empty slabs that a node may keep: none, or all but those that lay idle. Begins anew. @nr: how
 * many there are
 */
static unsigned long rsv_slabs_update_working_set(struct rsv_cache_node *n, bool idle,
						  unsigned long *nr)
{
	unsigned long flags, keep = 0;

	raw_spin_lock_irqsave(&n->lock, flags);
	*nr = n->slabs[RSV_EMPTY].nr;
	if (idle) {
		keep = n->slabs[RSV_EMPTY].nr - n->min_nr;
		n->target = max(n->target - min(n->min_nr, n->target), RSV_EMPTY_SLABS_MIN + 0UL);
		n->given_early = 0;
	}
	n->min_nr = keep;
	raw_spin_unlock_irqrestore(&n->lock, flags);
	return keep;
}

static unsigned int rsv_slabs_shrink_node(struct rsv_cache *c, struct rsv_cache_node *n, bool idle,
					  void (*give)(struct rsv_cache *c, struct rsv_frame *slab))
{
	unsigned long most, keep = rsv_slabs_update_working_set(n, idle, &most), flags, early;
	struct rsv_frame *slab;
	unsigned int nr;

	/* No more than there were: others may empty slabs all the while. */
	for (nr = 0; nr < most; nr++) {
		raw_spin_lock_irqsave(&n->lock, flags);
		early = n->given_early;
		slab = rsv_slabs_evict(c, n, keep);
		n->given_early = early; /* of old age */
		raw_spin_unlock_irqrestore(&n->lock, flags);
		if (!slab)
			break;
		give(c, slab);
		cond_resched();
	}
	return nr;
}

/**
 * rsv_slabs_shrink() - give empty slabs of a cache back
 * @c: the cache
 * @idle: only those that have been empty since the last such call
 * @give: how the engine gives a slab back that rsv_slabs_evict() returned
 *
 * Context: Process; may sleep.
 * Return: The number of slabs given back.
 */
unsigned int rsv_slabs_shrink(struct rsv_cache *c, bool idle,
			      void (*give)(struct rsv_cache *c, struct rsv_frame *slab))
{
	unsigned int nr = 0;
	int nid;

	for (nid = 0; nid < nr_node_ids; nid++)
		nr += rsv_slabs_shrink_node(c, c->nodes[nid], idle, give);
	return nr;
}

static void rsv_slabs_for_each_in(struct rsv_cache *c, struct rsv_extent *e,
				  void (*each)(struct rsv_cache *c, struct rsv_extent *e,
					       struct rsv_frame *slab,
					       const struct rsv_visitor *visitor),
				  const struct rsv_visitor *visitor)
{
	struct rsv_cache_node *n = rsv_slab_node(c, e);
	struct rsv_frame *f;
	unsigned long flags;

	for (f = e->frames; f < e->frames + e->nr_pages; f++) {
		cond_resched();
		if (READ_ONCE(f->cache) != c || READ_ONCE(f->order))
			continue;
		raw_spin_lock_irqsave(&n->lock, flags);
		/* It may have gone meanwhile; now it stays. */
		if (READ_ONCE(f->cache) == c && !f->order)
			each(c, e, f, visitor);
		raw_spin_unlock_irqrestore(&n->lock, flags);
	}
}

/**
 * rsv_slabs_for_each() - look at every slab of a cache, those that are some CPU's included
 * @c: the cache
 * @each: called for each slab, with its node's lock held
 * @show: passed to it
 *
 * Context: Process; may sleep; takes region->shape_lock.
 */
void rsv_slabs_for_each(struct rsv_cache *c,
			void (*each)(struct rsv_cache *c, struct rsv_extent *e,
				     struct rsv_frame *slab, const struct rsv_visitor *visitor),
			const struct rsv_visitor *visitor)
{
	struct rsv_region *r = c->region;
	unsigned int i;

	mutex_lock(&r->shape_lock);
	for (i = 0; i < r->nr_extents; i++)
		if (r->extents->at[i])
			rsv_slabs_for_each_in(c, r->extents->at[i], each, visitor);
	mutex_unlock(&r->shape_lock);
}
