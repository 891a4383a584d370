// SPDX-License-Identifier: GPL-2.0
/*
 * The slabs of a cache on one node: this file gets pages for them, keeps the lists that they are
 * on, and decides which empty ones go back to the buddy system. The engines SLAB and SLUB share it
 * and, for large objects, SLOB.
 *
 * A slab is on one of six lists: empty, partial in four quarters, full. Allocations use a slab of
 * the fullest partial list, so that slabs with few used objects become empty. Empty slabs serve
 * last. An active slab of a CPU is on no list.
 *
 * A node has a target for its empty slabs. A free that makes more empty slabs than the target gives
 * one back at once.
 *
 * The target follows the working set, as Bonwick and Adams (2001, 3) have it for the depot. If a
 * slab is created in an interval in which one was given back, that one was given back too early,
 * and the target grows by one. At the end of an interval the slabs that were empty all through it
 * go back. The target then falls by their number, but not below RSV_EMPTY_SLABS_MIN. While a zone
 * runs low, its empty slabs beyond that minimum go back too.
 *
 * rsv_cache_node->lock guards the lists and the counts. A slab that a cache gives back leaves it
 * first, and its pages are free a grace period later (leaving.c).
 */
#include <linux/irqflags.h>
#include <linux/minmax.h>
#include <linux/nodemask.h>
#include <linux/sched.h>

#include "cache.h"
#include "debug/check.h"
#include "layout.h"
#include "leaving.h"
#include "node.h"
#include "pages/backoff.h"
#include "pages/contig.h"
#include "pages/drain.h"
#include "pages/pagemap.h"
#include "pages/walk.h"

/*
 * The lowest target: a program that frees and allocates one object in turn moves no slab each time.
 */
#define RSV_EMPTY_SLABS_MIN	2

/**
 * rsv_slabs_init() - initialise the slabs of a new cache on one node
 * @n: the cache's node
 *
 * Context: Any.
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
 * rsv_slab_may_be_whole() - whether slabs may have layout.pages, the number that wastes the least
 * @c: the cache
 *
 * Context: Any.
 * Return: false while such a slab is more than an eighth of the region. The answer changes when the
 * region grows or shrinks.
 */
bool rsv_slab_may_be_whole(const struct rsv_cache *c)
{
	const unsigned long most = READ_ONCE(c->region->nr_pages) / 8;

	return c->layout.pages <= max_t(unsigned long, RSV_SLAB_PAGES_MOST, most);
}

/**
 * rsv_slab_alloc_pages() - allocate pages for a slab or a slob page
 * @c: the cache
 * @gfp: as for rsv_cache_alloc_node(). __GFP_ZERO concerns the object, and is ignored here
 * @nid: the preferred node
 *
 * Context: Any but NMI; may sleep if @gfp allows it.
 * Return: The first frame of layout.pages pages. If the region has no such block, or if the block
 * would be too much of the region, the first frame of layout.small_pages pages. NULL if the region
 * has none of these either.
 */
struct rsv_frame *rsv_slab_alloc_pages(const struct rsv_cache *c, gfp_t gfp, int nid)
{
	const struct rsv_layout *l = &c->layout;
	struct rsv_frame *f = NULL;

	gfp &= ~(__GFP_ZERO | __GFP_HIGHMEM);
	/*
	 * Like SLUB in allocate_slab(): a small slab is better than reclaim for a large one. Pages
	 * that only wait for a grace period are no reclaim.
	 */
	if (l->small_pages < l->pages && rsv_slab_may_be_whole(c)) {
		f = rsv_run_try(c->region, gfp, nid, l->pages);
		if (!f && rsv_drain_leaving(c->region, gfp))
			f = rsv_run_try(c->region, gfp, nid, l->pages);
	}
	if (!f)
		f = rsv_run_alloc(c->region, gfp, nid, l->small_pages);
	return rsv_run_alloc_claimed(c->region, f);
}

/**
 * rsv_slab_new() - allocate a slab that is on no list yet
 * @c: the cache
 * @gfp: as for rsv_cache_alloc_node()
 * @nid: the preferred node
 *
 * Context: Any but NMI; may sleep if @gfp allows it.
 * Return: The slab, or NULL if the region has no pages for it.
 */
struct rsv_frame *rsv_slab_new(struct rsv_cache *c, gfp_t gfp, int nid)
{
	struct rsv_frame *slab = rsv_slab_alloc_pages(c, gfp, nid);
	union rsv_slab_word word = { .free = RSV_SLAB_NONE };
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
		/* A reader without a lock that sees the cache also sees the fields above. */
		smp_store_release(&slab[i].cache, c);
	}
	return slab;
}

/**
 * rsv_slab_add() - add a new slab to its node, so that it can serve
 * @c: the cache
 * @n: the node of its memory, locked
 * @slab: the slab
 */
void rsv_slab_add(struct rsv_cache *c, struct rsv_cache_node *n, struct rsv_frame *slab)
{
	const union rsv_slab_word word = rsv_slab_read(slab);

	rsv_slab_link(c, n, slab, RSV_EMPTY);
	n->nr_slabs++;
	n->nr_pages += rsv_slab_pages(c, slab);
	n->total += rsv_slab_objects(c, word);
	n->slabs_made++;
	if (n->given_early) {
		n->given_early--;
		n->target++;
	}
}

/**
 * rsv_slab_free_pages() - free the pages of a slab that left its cache
 * @c: the cache
 * @slab: the slab, whose grace period has ended: see leaving.c
 *
 * Context: Any but NMI, with no raw lock held.
 */
void rsv_slab_free_pages(struct rsv_cache *c, struct rsv_frame *slab)
{
	struct rsv_extent *e = rsv_frame_extent(c->region, slab);
	unsigned int pages = rsv_slab_pages(c, slab);

	rsv_kasan_allow(rsv_frame_addr(e, slab), (size_t)pages << PAGE_SHIFT);
	rsv_run_dissolve(c->region, slab, pages);
}

/**
 * rsv_slab_report_used() - report that a slab which left its cache has an object that is not free
 * @misuse: RSV_DOUBLE_FREE if the object is used or cached, RSV_CORRUPT if it was written to
 * @c: the cache
 * @e: the extent that the slab lies in
 * @object: the object
 *
 * The pages of the slab stay as they are for ever, since somebody may use the object.
 *
 * Context: Any but NMI, with no raw lock held.
 */
void rsv_slab_report_used(enum rsv_misuse misuse, struct rsv_cache *c, const struct rsv_extent *e,
			  const void *object)
{
	rsv_debug_report(misuse, c, e, object,
			 misuse == RSV_DOUBLE_FREE ?
				 "given back by two CPUs at once: its slab is lost" :
				 "a free object was written to: its slab is lost");
}

/**
 * rsv_slab_link() - add a slab to a list
 * @c: the cache
 * @n: its node, locked
 * @slab: the slab
 * @fill: the list, as the slab's word says
 *
 * Context: Any but NMI.
 */
void rsv_slab_link(const struct rsv_cache *c, struct rsv_cache_node *n, struct rsv_frame *slab,
		   enum rsv_fill fill)
{
	list_add(&slab->link, &n->slabs[fill].slabs);
	n->slabs[fill].nr++;
	if (fill == RSV_EMPTY)
		rsv_backoff_cached(c->region);
}

/**
 * rsv_slab_unlink() - remove a slab from its list
 * @n: its node, locked
 * @slab: the slab
 * @fill: the list that it is on
 *
 * Context: Any but NMI.
 */
void rsv_slab_unlink(struct rsv_cache_node *n, struct rsv_frame *slab, enum rsv_fill fill)
{
	list_del(&slab->link);
	n->slabs[fill].nr--;
	if (fill == RSV_EMPTY)
		n->min_nr = min(n->min_nr, n->slabs[RSV_EMPTY].nr);
}

/**
 * rsv_slabs_best() - choose the slab that serves next
 * @n: the node, locked
 *
 * Context: Any but NMI.
 * Return: The slab, still on its list; NULL if all are full.
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
 * Takes a slab, which is on no list any more, away from its cache. A free of its objects that
 * begins from now on is refused. The frames keep their kind until the pages are free, so that no
 * caller can free them as a block of pages, and a report can tell that this is a double free.
 */
static void rsv_slab_disown(struct rsv_cache *c, struct rsv_cache_node *n, struct rsv_frame *slab)
{
	const union rsv_slab_word word = rsv_slab_read(slab);
	unsigned int pages = rsv_slab_pages(c, slab), i;

	n->total -= rsv_slab_objects(c, word);
	n->nr_pages -= pages;
	n->nr_slabs--;
	n->slabs_given++;
	for (i = 0; i < pages; i++)
		WRITE_ONCE(slab[i].cache, NULL);
}

/*
 * Whether an empty slab may stay: the node has at most @max of them, and the zone does not run low
 */
static bool rsv_slabs_may_stay(const struct rsv_cache *c, const struct rsv_cache_node *n,
			       const struct rsv_frame *slab, unsigned long max)
{
	const unsigned long nr = n->slabs[RSV_EMPTY].nr;
	const struct rsv_zone *z;

	if (nr > max)
		return false;
	if (nr <= RSV_EMPTY_SLABS_MIN)
		return true;
	z = rsv_frame_extent(c->region, slab)->zone;
	return READ_ONCE(z->free_pages) >= READ_ONCE(z->low_pages);
}

/**
 * rsv_slabs_evict() - remove one empty slab from a cache
 * @c: the cache
 * @n: the node, locked
 * @max: the number of empty slabs that may stay, unless the zone runs low
 *
 * Context: Any but NMI.
 * Return: The slab, which the caller passes to rsv_leaving_add() after it dropped the lock; or NULL
 * if all may stay.
 */
struct rsv_frame *rsv_slabs_evict(struct rsv_cache *c, struct rsv_cache_node *n, unsigned long max)
{
	struct rsv_slab_list *empty = &n->slabs[RSV_EMPTY];
	struct rsv_frame *slab;

	if (!empty->nr)
		return NULL;
	slab = list_last_entry(&empty->slabs, struct rsv_frame, link);
	if (rsv_slabs_may_stay(c, n, slab, max))
		return NULL;
	/* A slab that is evicted because its zone runs low tells nothing about the target. */
	n->given_early += empty->nr > max;
	rsv_slab_unlink(n, slab, RSV_EMPTY);
	rsv_slab_disown(c, n, slab);
	return slab;
}

/**
 * rsv_slabs_surplus() - remove an empty slab beyond the target from a cache
 * @c: the cache
 * @n: the node, locked
 * @flags: interrupt flags from before the node was locked
 *
 * Freeing the slab's pages coalesces them. A caller that had interrupts off does not wait for that.
 * The slab then stays until another free, until the cache is shrunk or aged, or until the region
 * runs short.
 *
 * Context: Any but NMI.
 * Return: As rsv_slabs_evict().
 */
struct rsv_frame *rsv_slabs_surplus(struct rsv_cache *c, struct rsv_cache_node *n,
				    unsigned long flags)
{
	return irqs_disabled_flags(flags) ? NULL : rsv_slabs_evict(c, n, n->target);
}

/*
 * Ends an interval and begins the next one. Returns the number of empty slabs that may stay: none
 * or, if @aged, those that were used in the interval. Sets @nr to the number of empty slabs.
 */
static unsigned long rsv_slabs_update_working_set(struct rsv_cache_node *n, bool aged,
						  unsigned long *nr)
{
	unsigned long flags, max = 0;

	raw_spin_lock_irqsave(&n->lock, flags);
	*nr = n->slabs[RSV_EMPTY].nr;
	if (aged) {
		max = n->slabs[RSV_EMPTY].nr - n->min_nr;
		n->target = max(n->target - min(n->min_nr, n->target), RSV_EMPTY_SLABS_MIN + 0UL);
		n->given_early = 0;
	}
	n->min_nr = max;
	raw_spin_unlock_irqrestore(&n->lock, flags);
	return max;
}

static unsigned int rsv_slabs_shrink_node(struct rsv_cache *c, struct rsv_cache_node *n, bool aged)
{
	unsigned long empty, max = rsv_slabs_update_working_set(n, aged, &empty), flags, early;
	struct rsv_frame *slab;
	unsigned int nr;

	/* The loop ends after as many as there were, since other CPUs may go on emptying slabs. */
	for (nr = 0; nr < empty; nr++) {
		raw_spin_lock_irqsave(&n->lock, flags);
		early = n->given_early;
		slab = rsv_slabs_evict(c, n, max);
		/* This slab is not given back too early: it was unused, or the caller insists. */
		n->given_early = early;
		raw_spin_unlock_irqrestore(&n->lock, flags);
		if (!slab)
			break;
		rsv_leaving_add(c, slab);
		cond_resched();
	}
	return nr;
}

/**
 * rsv_slabs_shrink() - give empty slabs of a cache back
 * @c: the cache
 * @aged: only slabs that have been empty since the last such call
 *
 * The pages of these slabs are free after a grace period, or when rsv_leaving_free_all() returns.
 *
 * Context: Process; may sleep.
 * Return: The number of slabs given back.
 */
unsigned int rsv_slabs_shrink(struct rsv_cache *c, bool aged)
{
	unsigned int nr = 0;
	int nid;

	for (nid = 0; nid < nr_node_ids; nid++)
		nr += rsv_slabs_shrink_node(c, c->nodes[nid], aged);
	return nr;
}

/* Visits the slab of the cache that begins at a frame, and returns whether there is one. */
static bool rsv_slab_visit(struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *f,
			   void (*visit_slab)(struct rsv_cache *c, struct rsv_extent *e,
					      struct rsv_frame *slab,
					      const struct rsv_visitor *visitor),
			   const struct rsv_visitor *visitor)
{
	struct rsv_cache_node *n = rsv_slab_node(c, e);
	unsigned long flags;

	if (READ_ONCE(f->cache) != c || READ_ONCE(f->order))
		return false;
	raw_spin_lock_irqsave(&n->lock, flags);
	/* Under the lock the slab stays, if it still exists. */
	if (READ_ONCE(f->cache) == c && !f->order)
		visit_slab(c, e, f, visitor);
	raw_spin_unlock_irqrestore(&n->lock, flags);
	return true;
}

/**
 * rsv_slabs_for_each() - visit every slab of a cache, active slabs of CPUs included
 * @c: the cache
 * @visit_slab: called for each slab, with its node's lock held
 * @visitor: passed to it
 *
 * Context: Process; may sleep. Other tasks run after each slab.
 */
void rsv_slabs_for_each(struct rsv_cache *c,
			void (*visit_slab)(struct rsv_cache *c, struct rsv_extent *e,
					   struct rsv_frame *slab,
					   const struct rsv_visitor *visitor),
			const struct rsv_visitor *visitor)
{
	struct rsv_walk w = { .r = c->region };
	struct rsv_extent *e;
	bool visited;

	rsv_walk_begin();
	while ((e = rsv_walk_extent(&w))) {
		do {
			visited = rsv_slab_visit(c, e, &e->frames[w.index], visit_slab, visitor);
		} while (++w.index < w.end && !visited);
		rsv_walk_pause();
	}
	rsv_walk_end();
}
