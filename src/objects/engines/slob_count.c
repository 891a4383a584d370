// SPDX-License-Identifier: GPL-2.0
/*
 * The figures of a region's heap: what it has, and what it lost.
 */
#include "compat.h"
#include "objects/heap.h"
#include "pages/pagemap.h"
#include "slob_block.h"
#include "slob_heap.h"

/**
 * rsv_heap_lost() - count blocks that a cache's freelist lost, since it was overwritten
 * @c: their cache
 * @object: the object of one of them; all are of one node
 * @nr: how many
 *
 * Context: Any but NMI.
 */
void rsv_heap_lost(const struct rsv_cache *c, const void *object, unsigned int nr)
{
	const struct rsv_extent *e = rsv_region_extent(c->region, object);
	struct rsv_heap_node *h = &c->region->heap->nodes[e->nid];
	unsigned long flags;

	raw_spin_lock_irqsave(&h->lock, flags);
	h->lost += (unsigned long)nr * rsv_slob_block_units(c);
	raw_spin_unlock_irqrestore(&h->lock, flags);
}

/**
 * rsv_heap_leaked() - count the pages of the heap that have only lost blocks
 * @r: the region
 *
 * The caller has freed all objects and trimmed the heap. Lost blocks look used, so their slob pages
 * are still there. If a node lost as many units as it has in blocks that look used, no other block
 * of the node is used.
 *
 * Context: Any but NMI.
 * Return: The pages of such nodes.
 */
unsigned long rsv_heap_leaked(const struct rsv_region *r)
{
	unsigned long pages = 0, flags;
	unsigned int nid;

	for (nid = 0; nid < nr_node_ids; nid++) {
		struct rsv_heap_node *h = &r->heap->nodes[nid];

		raw_spin_lock_irqsave(&h->lock, flags);
		if (h->units - h->free_units == h->lost)
			pages += h->pages;
		raw_spin_unlock_irqrestore(&h->lock, flags);
	}
	return pages;
}

/**
 * rsv_heap_count() - sum up the figures of a region's heap
 * @r: the region
 * @figures: filled in
 *
 * Context: Any but NMI.
 */
void rsv_heap_count(const struct rsv_region *r, struct rsv_heap_figures *figures)
{
	unsigned int nid, list;
	unsigned long flags;

	*figures = (struct rsv_heap_figures){};
	for (nid = 0; nid < nr_node_ids; nid++) {
		struct rsv_heap_node *h = &r->heap->nodes[nid];

		raw_spin_lock_irqsave(&h->lock, flags);
		for (list = 0; list < RSV_SLOB_LISTS; list++)
			figures->slob_pages += h->lists[list].nr;
		figures->pages += h->pages;
		figures->free_bytes += (u64)h->free_units * RSV_SLOB_UNIT;
		raw_spin_unlock_irqrestore(&h->lock, flags);
	}
}
EXPORT_SYMBOL_IF_KUNIT(rsv_heap_count);
