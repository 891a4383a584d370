// SPDX-License-Identifier: GPL-2.0
/*
 * The table of a region's extents: which number and which offset an extent has.
 *
 * A new extent gets the lowest unused number, so that the table stays short, and the lowest offset
 * at which its pages fit, so that the offsets that users see stay small. Extents that were freed
 * leave numbers and offsets unused. An IDA has the used numbers, and a maple tree the used offsets.
 * Both find the lowest unused one in steps that grow with the logarithm of the number of extents.
 * The table doubles when it is full, so the copies move less than two entries for each extent. So
 * the cost of adding n extents, together or one after the other, grows as n log n.
 *
 * The region's shape_lock guards all changes. Readers have no lock. An entry of the table appears
 * when its extent is complete. The tree has numbers instead of extents: whoever finds a number
 * there asks the table, which may say that there is no such extent, yet or any more.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/idr.h>
#include <linux/log2.h>
#include <linux/maple_tree.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "compat.h"
#include "extent_table.h"
#include "gfp.h"

/*
 * The tree's index of offset 0. A tree that has an entry for index 0 and no other consists of that
 * entry alone, which old kernels take for an empty tree when they search it for unused indices.
 */
#define RSV_OFFSET_BASE	1UL

/**
 * rsv_extent_table_init() - set up the table of a new region
 * @r: the region
 */
void rsv_extent_table_init(struct rsv_region *r)
{
	ida_init(&r->numbers);
	mt_init_flags(&r->offsets, MT_FLAGS_ALLOC_RANGE | MT_FLAGS_USE_RCU);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_extent_table_init);

/**
 * rsv_extent_table_free() - free the table of a region
 * @r: the region, which nobody uses any more
 *
 * Context: Process; may sleep.
 */
void rsv_extent_table_free(struct rsv_region *r)
{
	struct rsv_extents *t, *older;

	for (t = r->extents; t; t = older) {
		older = t->older;
		kvfree(t);
	}
	r->extents = NULL;
	r->nr_extents = 0;
	ida_destroy(&r->numbers);
	mtree_destroy(&r->offsets);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_extent_table_free);

static struct rsv_extents *rsv_extent_table_new(const struct rsv_region *r, unsigned int capacity)
{
	struct rsv_extents *t = kvzalloc(struct_size(t, at, capacity), rsv_gfp_create(r));

	if (t)
		t->capacity = capacity;
	return t;
}

/**
 * rsv_extent_table_expand() - make room for more extents
 * @r: the region, its shape locked
 * @more: their number
 *
 * A reader may still use the old table, so that stays until the region is destroyed.
 *
 * Context: Process; may sleep.
 * Return: 0 or -ENOMEM, with a line in the log if the region would have more extents than frames
 * can number.
 */
int rsv_extent_table_expand(struct rsv_region *r, unsigned int more)
{
	const unsigned int used = r->extents_used;
	struct rsv_extents *old = r->extents, *t;

	if (old && more <= old->capacity - used)
		return 0;
	if (more > RSV_EXTENTS_MAX - used) {
		pr_err_ratelimited("region %s: memory is in %u pieces, more than %u\n", r->name,
				   used + more, RSV_EXTENTS_MAX);
		return -ENOMEM;
	}
	t = rsv_extent_table_new(r, min(roundup_pow_of_two(used + more + 1), RSV_EXTENTS_MAX));
	if (!t)
		return -ENOMEM;
	if (old)
		memcpy(t->at, old->at, flex_array_size(old, at, old->capacity));
	t->older = old;
	r->metadata += struct_size(t, at, t->capacity);
	smp_store_release(&r->extents, t); /* pairs with rsv_frame_extent()'s dependency */
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_extent_table_expand);

/* Makes @number the entry for the offsets of an extent, or removes it if @number is NULL. */
static int rsv_offsets_store(struct rsv_extent *e, void *number)
{
	struct rsv_region *r = e->region;
	unsigned long first = e->offset + RSV_OFFSET_BASE;

	return mtree_store_range(&r->offsets, first, first + e->nr_pages - 1, number,
				 rsv_gfp_create(r));
}

static int rsv_extent_take_offset(struct rsv_extent *e)
{
	MA_STATE(mas, &e->region->offsets, 0, 0);
	int err;

	mas_lock(&mas);
	err = mas_empty_area(&mas, RSV_OFFSET_BASE, ULONG_MAX, e->nr_pages);
	mas_unlock(&mas);
	if (err)
		return -ENOMEM;
	e->offset = mas.index - RSV_OFFSET_BASE;
	return rsv_offsets_store(e, xa_mk_value(e->number));
}

/**
 * rsv_extent_place() - give a new extent its number and its offset
 * @e: the extent, its region's shape locked, its length set. rsv_extent_table_expand() made room
 *	for it
 *
 * Context: Process; may sleep.
 * Return: 0 or -ENOMEM.
 */
int rsv_extent_place(struct rsv_extent *e)
{
	struct rsv_region *r = e->region;
	int number = ida_alloc_max(&r->numbers, r->extents->capacity - 1, rsv_gfp_create(r));
	int err;

	if (number < 0)
		return -ENOMEM;
	e->number = number;
	err = rsv_extent_take_offset(e);
	if (err)
		ida_free(&r->numbers, number);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_extent_place);

/**
 * rsv_extent_unplace() - let other extents have the number and the offset of one
 * @e: the extent, its region's shape locked
 *
 * If the system has no memory to change the tree, no extent gets that offset before the region
 * ends. No reader takes the tree's entry for an extent, because the table has none there. In
 * reclaim, from where the region may be asked to lend, the system's reserves serve the tree.
 *
 * Context: Process; may sleep.
 */
void rsv_extent_unplace(struct rsv_extent *e)
{
	rsv_offsets_store(e, NULL);
	ida_free(&e->region->numbers, e->number);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_extent_unplace);

/**
 * rsv_extent_publish() - enter a complete extent into the table
 * @e: the extent, its region's shape locked; it has a number and an offset
 */
void rsv_extent_publish(struct rsv_extent *e)
{
	struct rsv_region *r = e->region;

	smp_store_release(&r->extents->at[e->number], e); /* as in rsv_extent_table_expand() */
	WRITE_ONCE(r->nr_extents, max(r->nr_extents, e->number + 1));
	WRITE_ONCE(r->extents_used, r->extents_used + 1);
	WRITE_ONCE(r->span, max(r->span, e->offset + e->nr_pages));
}
EXPORT_SYMBOL_IF_KUNIT(rsv_extent_publish);

/**
 * rsv_extent_unpublish() - take an extent out of the table
 * @e: the extent, its region's shape locked. Readers may use it until a grace period is over
 *
 * Context: Process; may sleep.
 */
void rsv_extent_unpublish(struct rsv_extent *e)
{
	struct rsv_region *r = e->region;

	WRITE_ONCE(r->extents->at[e->number], NULL);
	WRITE_ONCE(r->extents_used, r->extents_used - 1);
	while (r->nr_extents && !r->extents->at[r->nr_extents - 1])
		WRITE_ONCE(r->nr_extents, r->nr_extents - 1);
	rsv_extent_unplace(e);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_extent_unpublish);

/*
 * Readers
 */

/**
 * rsv_extent_numbered() - the extent of a number
 * @r: the region
 * @number: any number
 *
 * Numbers grow before the table that has room for them is seen, so the table's capacity counts too.
 * A region without memory may have no table.
 *
 * Context: Any, under rcu_read_lock().
 * Return: The extent or NULL.
 */
struct rsv_extent *rsv_extent_numbered(const struct rsv_region *r, unsigned int number)
{
	const struct rsv_extents *t = READ_ONCE(r->extents);

	return t && number < t->capacity ? READ_ONCE(t->at[number]) : NULL;
}

/**
 * rsv_extent_at_offset() - the extent that has an offset of its region
 * @r: the region
 * @offset: the offset in pages
 * @end: receives the end of the unused offsets from @offset on, if there is no such extent, or
 *	ULONG_MAX if there is none behind it either
 *
 * Context: Any, under rcu_read_lock().
 * Return: The extent or NULL.
 */
struct rsv_extent *rsv_extent_at_offset(struct rsv_region *r, unsigned long offset,
					unsigned long *end)
{
	MA_STATE(mas, &r->offsets, offset + RSV_OFFSET_BASE, offset + RSV_OFFSET_BASE);
	void *number = mas_find(&mas, ULONG_MAX);
	struct rsv_extent *e;

	*end = ULONG_MAX;
	if (!number)
		return NULL;
	*end = mas.index - RSV_OFFSET_BASE;
	if (*end > offset)
		return NULL;
	*end = mas.last + 1 - RSV_OFFSET_BASE;
	e = rsv_extent_numbered(r, xa_to_value(number));
	return e && offset - e->offset < e->nr_pages ? e : NULL;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_extent_at_offset);
