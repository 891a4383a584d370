// SPDX-License-Identifier: GPL-2.0
/*
 * Guaranteed objects: only their cache can use them, however exhausted the region is and whatever
 * other CPUs have in their magazines.
 *
 * They are cached objects on a stack with a lock of its own. An allocation gets one of them when
 * nothing else serves it. While one is missing the fast paths of the cache are off. So the next
 * object that is freed takes the slow path, which puts it on the stack. Therefore the fast paths
 * need not know of guaranteed objects. cache_reserve.c decides how many there are.
 *
 * The stack lies in single pages of the region, linked to lists: a region whose free pages are
 * scattered has them, and a stack that grows or shrinks moves no object. So no function holds the
 * lock for more than a batch of objects.
 */
#include <linux/minmax.h>
#include <linux/numa.h>

#include "cpu.h"
#include "guarantee.h"
#include "pages/pagemap.h"

/**
 * rsv_guarantee_init() - initialise a new cache without guaranteed objects
 * @g: the guaranteed objects
 */
void rsv_guarantee_init(struct rsv_guarantee *g)
{
	raw_spin_lock_init(&g->lock);
}

/*
 * The stack, locked. When its last page becomes empty or full, the page goes to the other list or
 * another one comes from there.
 */

static void rsv_guarantee_move_page(struct rsv_guarantee_page **from,
				    struct rsv_guarantee_page **to)
{
	struct rsv_guarantee_page *page = *from;

	*from = page->next;
	page->next = *to;
	*to = page;
}

static void rsv_guarantee_push(struct rsv_guarantee *g, void *object)
{
	const unsigned int at = g->nr % RSV_GUARANTEE_OBJECTS;

	if (!at)
		rsv_guarantee_move_page(&g->empty, &g->pages);
	g->pages->object[at] = object;
	WRITE_ONCE(g->nr, g->nr + 1);
}

static void *rsv_guarantee_pop(struct rsv_guarantee *g)
{
	const unsigned int nr = g->nr - 1, at = nr % RSV_GUARANTEE_OBJECTS;
	void *object = g->pages->object[at];

	if (!at)
		rsv_guarantee_move_page(&g->pages, &g->empty);
	WRITE_ONCE(g->nr, nr);
	return object;
}

/* Pops an object of a node from the stack, which has objects. It looks at the last few only. */
static void *rsv_guarantee_pop_node(const struct rsv_cache *c, struct rsv_guarantee *g, int nid)
{
	const unsigned int at = (g->nr - 1) % RSV_GUARANTEE_OBJECTS;
	unsigned int i;

	for (i = 0; i <= at && i < RSV_BATCH; i++) {
		void **object = &g->pages->object[at - i];

		if (rsv_region_extent(c->region, *object)->nid == nid) {
			swap(*object, g->pages->object[at]);
			return rsv_guarantee_pop(g);
		}
	}
	return NULL;
}

/*
 * Use
 */

/**
 * rsv_guarantee_take() - take one of the guaranteed objects
 * @c: the cache
 * @nid: the node that the object must be of; NUMA_NO_NODE for any
 *
 * For a node the function looks at a batch of the objects only, to hold the lock no longer.
 *
 * Context: Any but NMI.
 * Return: A cached object or NULL.
 */
void *rsv_guarantee_take(struct rsv_cache *c, int nid)
{
	struct rsv_guarantee *g = &c->guarantee;
	void *object = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&g->lock, flags);
	if (g->nr)
		object = nid == NUMA_NO_NODE ? rsv_guarantee_pop(g) :
					       rsv_guarantee_pop_node(c, g, nid);
	if (object)
		rsv_cache_set_fast(c);
	raw_spin_unlock_irqrestore(&g->lock, flags);
	return object;
}

/*
 * Growing and shrinking: one caller at a time for a cache
 */

/**
 * rsv_guarantee_grow() - make a cached object one of the guaranteed ones, and raise their number by
 *	it if none is missing
 * @c: the cache
 * @object: the object
 * @most: the number up to which the function raises
 *
 * The target rises with the objects. So the fast paths stay on, and the objects serve at once.
 *
 * Context: Any but NMI.
 * Return: Whether it is one now.
 */
bool rsv_guarantee_grow(struct rsv_cache *c, void *object, unsigned int most)
{
	struct rsv_guarantee *g = &c->guarantee;
	unsigned long flags;
	bool added;

	raw_spin_lock_irqsave(&g->lock, flags);
	if (g->nr == g->target && g->target < most && g->target < g->room)
		WRITE_ONCE(g->target, g->target + 1);
	added = g->nr < g->target;
	if (added) {
		rsv_guarantee_push(g, object);
		rsv_cache_set_fast(c);
	}
	raw_spin_unlock_irqrestore(&g->lock, flags);
	return added;
}

/**
 * rsv_guarantee_add() - make a cached object one of the guaranteed ones, if one is missing
 * @c: the cache
 * @object: the object
 *
 * Context: Any but NMI.
 * Return: Whether it is one now.
 */
bool rsv_guarantee_add(struct rsv_cache *c, void *object)
{
	return rsv_guarantee_grow(c, object, 0);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_guarantee_add);

/**
 * rsv_guarantee_lower() - lower the number of guaranteed objects
 * @c: the cache
 * @target: their number. The objects beyond it stay until rsv_guarantee_take_surplus()
 *
 * Context: Any but NMI.
 */
void rsv_guarantee_lower(struct rsv_cache *c, unsigned int target)
{
	struct rsv_guarantee *g = &c->guarantee;
	unsigned long flags;

	raw_spin_lock_irqsave(&g->lock, flags);
	if (target < g->target)
		WRITE_ONCE(g->target, target);
	rsv_cache_set_fast(c);
	raw_spin_unlock_irqrestore(&g->lock, flags);
}

/**
 * rsv_guarantee_take_surplus() - take objects beyond the target
 * @c: the cache
 * @objects: set to the objects, which are cached: RSV_BATCH at most
 *
 * Context: Any but NMI.
 * Return: Their number.
 */
unsigned int rsv_guarantee_take_surplus(struct rsv_cache *c, void **objects)
{
	struct rsv_guarantee *g = &c->guarantee;
	unsigned long flags;
	unsigned int nr;

	raw_spin_lock_irqsave(&g->lock, flags);
	for (nr = 0; nr < RSV_BATCH && g->nr > g->target; nr++)
		objects[nr] = rsv_guarantee_pop(g);
	raw_spin_unlock_irqrestore(&g->lock, flags);
	return nr;
}

/**
 * rsv_guarantee_add_page() - make room for more objects
 * @c: the cache
 * @page: a page of the region
 *
 * Context: Any but NMI.
 */
void rsv_guarantee_add_page(struct rsv_cache *c, struct rsv_guarantee_page *page)
{
	struct rsv_guarantee *g = &c->guarantee;
	unsigned long flags;

	raw_spin_lock_irqsave(&g->lock, flags);
	page->next = g->empty;
	g->empty = page;
	g->room += RSV_GUARANTEE_OBJECTS;
	raw_spin_unlock_irqrestore(&g->lock, flags);
}

/**
 * rsv_guarantee_take_page() - take a page that the target does not need
 * @c: the cache, without objects beyond the target
 *
 * Context: Any but NMI.
 * Return: The page, or NULL if all are needed.
 */
struct rsv_guarantee_page *rsv_guarantee_take_page(struct rsv_cache *c)
{
	struct rsv_guarantee *g = &c->guarantee;
	struct rsv_guarantee_page *page = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&g->lock, flags);
	if (g->empty && g->room - RSV_GUARANTEE_OBJECTS >= g->target) {
		page = g->empty;
		g->empty = page->next;
		g->room -= RSV_GUARANTEE_OBJECTS;
	}
	raw_spin_unlock_irqrestore(&g->lock, flags);
	return page;
}
