// SPDX-License-Identifier: GPL-2.0
/*
 * Walks over the pages of a region: see walk.h.
 */
#include <linux/minmax.h>

#include "compat.h"
#include "extent_table.h"
#include "walk.h"

static void rsv_walk_set_end(struct rsv_walk *w, const struct rsv_extent *e)
{
	w->end = w->index + min(e->nr_pages - w->index, RSV_WALK_BATCH);
}

/**
 * rsv_walk_extent() - the extent that a walk has come to
 * @w: the walk
 *
 * Context: Between rsv_walk_begin() and rsv_walk_end().
 * Return: The extent that has the pages from @w->index to @w->end, until rsv_walk_pause(). NULL at
 * the end of the region.
 */
struct rsv_extent *rsv_walk_extent(struct rsv_walk *w)
{
	struct rsv_extent *e;

	for (; w->number < READ_ONCE(w->r->nr_extents); w->number++, w->index = 0) {
		e = rsv_extent_numbered(w->r, w->number);
		if (!e || w->index >= e->nr_pages)
			continue;
		rsv_walk_set_end(w, e);
		return e;
	}
	return NULL;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_walk_extent);

/**
 * rsv_walk_seek() - move a walk to a given page
 * @w: the walk
 * @page: the page, counted over all extents laid end to end, below the region's span
 *
 * Extents that were freed leave gaps. If the page is in such a gap, the pages are those of the gap:
 * @w->index is @page then, and not the page of an extent.
 *
 * Context: Between rsv_walk_begin() and rsv_walk_end().
 * Return: The extent, or NULL for a gap.
 */
struct rsv_extent *rsv_walk_seek(struct rsv_walk *w, unsigned long page)
{
	struct rsv_extent *e = rsv_extent_at_offset(w->r, page, &w->end);

	if (e) {
		w->index = page - e->offset;
		rsv_walk_set_end(w, e);
	} else {
		w->index = page;
		w->end = min(w->end, READ_ONCE(w->r->span));
	}
	return e;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_walk_seek);
