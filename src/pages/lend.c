// SPDX-License-Identifier: GPL-2.0
/*
 * Growing and shrinking a region while it is in use, and lending its free memory to the system.
 *
 * A block goes to the system only if it is free and has at least RSV_LEND_ORDER. Its pages become a
 * hole in their extent. Used blocks never move. The region's shape_lock guards all these changes.
 *
 * A region that lends has a shrinker. When the system runs short of memory it calls the shrinker,
 * and the region gives free blocks down to a floor. The call comes in the middle of an allocation
 * from the system. That may be one of this module's own, made while the region grows under
 * shape_lock, so the shrinker only tries the lock. Some time after the last call the region takes
 * memory back, as much as the system has free without reclaim. A zone that was reserved by name
 * does not lend, because the region could not be sure to get memory of that zone back.
 */
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

#include "buddy.h"
#include "compat.h"
#include "drain.h"
#include "extent.h"
#include "lend.h"
#include "pagemap.h"
#include "pcp.h"
#include "reserve.h"
#include "work.h"
#include "zone.h"
#include "zonelist.h"

/* The time from the last loan until the region tries to take memory back, and between two tries */
#define RSV_TAKE_BACK_DELAY	(2 * HZ)

static bool rsv_zone_may_lend(const struct rsv_zone *z)
{
	return !READ_ONCE(z->named);
}

/* Removes a free block from a zone, for the system. */
static struct rsv_frame *rsv_lend_block(struct rsv_zone *z)
{
	struct rsv_frame *f;
	unsigned long flags;

	raw_spin_lock_irqsave(&z->lock, flags);
	f = rsv_buddy_alloc(z, RSV_LEND_ORDER);
	if (f) {
		/* From now on rsv_zone_check() refuses a free of this page. */
		WRITE_ONCE(f->kind, RSV_FRAME_HOLE);
		rsv_zone_resize(z, -(1L << RSV_LEND_ORDER));
		rsv_zone_set_protection(z, min(z->protection, z->nr_pages));
	}
	raw_spin_unlock_irqrestore(&z->lock, flags);
	return f;
}

/* Gives free blocks to the system, of at most @nr_pages pages in all. Returns the pages given. */
static unsigned long rsv_lend_from_zone(struct rsv_zone *z, unsigned long nr_pages)
{
	const unsigned long block = 1UL << RSV_LEND_ORDER;
	unsigned long given;

	for (given = 0; nr_pages - given >= block; given += block) {
		struct rsv_frame *f = rsv_lend_block(z);
		struct rsv_extent *e;

		if (!f)
			break;
		e = rsv_frame_extent(z->region, f);
		rsv_extent_punch(e, rsv_frame_index(e, f), RSV_LEND_ORDER);
	}
	if (given)
		rsv_pcp_forget_limits(z);
	return given;
}

/**
 * rsv_region_shrink() - give free memory of a region back to the system for good
 * @r: the region
 * @bytes: how much at most
 *
 * Only free blocks of at least the kernel's pageblock_order go back; used blocks do not move.
 *
 * Context: Process; may sleep.
 * Return: The bytes given back; 0 if the process was killed while another task changed the region.
 */
size_t rsv_region_shrink(struct rsv_region *r, size_t bytes)
{
	unsigned long wanted = bytes >> PAGE_SHIFT, given = 0;
	struct rsv_zone *z;
	unsigned int n;

	rsv_drain_region(r);
	if (mutex_lock_killable(&r->shape_lock))
		return 0;
	/* Zones that were reserved by name go last. */
	for (n = 0; (z = rsv_zone_nth(r, n)); n++)
		if (rsv_zone_may_lend(z))
			given += rsv_lend_from_zone(z, wanted - given);
	for (n = 0; (z = rsv_zone_nth(r, n)); n++)
		given += rsv_lend_from_zone(z, wanted - given);
	mutex_unlock(&r->shape_lock);
	return (size_t)given << PAGE_SHIFT;
}
EXPORT_SYMBOL_GPL(rsv_region_shrink);

/**
 * rsv_region_add() - take memory from the system for a region
 * @r: the region
 * @want: the memory, each entry of which passed rsv_reserve_ok()
 * @nr: entries of @want
 *
 * The system may have to reclaim for the memory. So nobody who wants shape_lock waits for that, and
 * the region lends nothing meanwhile: it would get its own memory, in smaller pieces.
 *
 * Context: Process; may sleep.
 * Return: 0; -EINVAL, -ENOMEM or -EINTR as rsv_reserve_take(). After an error of another step the
 * region may have part of the memory.
 */
int rsv_region_add(struct rsv_region *r, const struct rsv_reserve *want, unsigned int nr)
{
	LIST_HEAD(blocks);
	unsigned int i;
	int err;

	atomic_inc(&r->lending.growing);
	err = rsv_reserve_take(r, &blocks, want, nr);
	atomic_dec(&r->lending.growing);
	if (err)
		return err;
	err = mutex_lock_killable(&r->shape_lock);
	if (err) {
		rsv_reserve_give_blocks(&blocks);
		return err;
	}
	err = rsv_extents_add(r, &blocks);
	for (i = 0; !err && i < nr; i++)
		rsv_zones_protect(r, &want[i]);
	mutex_unlock(&r->shape_lock);
	return err;
}

/**
 * rsv_region_grow() - take more memory from the system for a region
 * @r: the region
 * @want: the memory, as for rsv_region_create()
 *
 * Context: Process; may sleep.
 * Return: 0; -EINVAL for a reservation that makes no sense on this machine; -ENOMEM, after which
 * the region may have part of the memory; -EINTR if the process was killed.
 */
int rsv_region_grow(struct rsv_region *r, const struct rsv_reserve *want)
{
	return rsv_reserve_ok(want) ? rsv_region_add(r, want, 1) : -EINVAL;
}
EXPORT_SYMBOL_GPL(rsv_region_grow);

/*
 * Lending
 */

/* Pages in the free blocks that are large enough to lend */
static unsigned long rsv_lendable_pages(const struct rsv_zone *z)
{
	unsigned long nr_pages = 0;
	unsigned int order;

	for (order = RSV_LEND_ORDER; order < RSV_ORDERS_MAX; order++)
		nr_pages += READ_ONCE(z->area[order].nr_free) << order;
	return nr_pages;
}

static unsigned long rsv_above_floor(const struct rsv_region *r)
{
	unsigned long nr_pages = READ_ONCE(r->nr_pages);

	return nr_pages - min(nr_pages, r->lending.floor);
}

static unsigned long rsv_lend_count(struct shrinker *s, struct shrink_control *sc)
{
	struct rsv_region *r = rsv_shrinker_data(s);
	unsigned long nr_pages = 0;
	struct rsv_zone *z;
	unsigned int n;

	for (n = 0; (z = rsv_zone_nth(r, n)); n++)
		if (rsv_zone_may_lend(z))
			nr_pages += rsv_lendable_pages(z);
	return min(nr_pages, rsv_above_floor(r)) ?: SHRINK_EMPTY;
}

static unsigned long rsv_lend_scan(struct shrinker *s, struct shrink_control *sc)
{
	struct rsv_region *r = rsv_shrinker_data(s);
	unsigned long wanted, given = 0;
	struct rsv_zone *z;
	unsigned int n;

	if (atomic_read(&r->lending.growing) || !mutex_trylock(&r->shape_lock))
		return SHRINK_STOP;
	wanted = min(rsv_above_floor(r), max(sc->nr_to_scan, 1UL << RSV_LEND_ORDER));
	for (n = 0; (z = rsv_zone_nth(r, n)); n++)
		if (rsv_zone_may_lend(z))
			given += rsv_lend_from_zone(z, wanted - given);
	r->lending.lent += given;
	mutex_unlock(&r->shape_lock);

	sc->nr_scanned = given;
	if (!given)
		return SHRINK_STOP;
	mod_delayed_work(rsv_queue, &r->lending.take_back, RSV_TAKE_BACK_DELAY);
	return given;
}

static void rsv_take_back(struct work_struct *work)
{
	struct rsv_lending *l = container_of(work, struct rsv_lending, take_back.work);
	struct rsv_region *r = container_of(l, struct rsv_region, lending);
	unsigned long before;
	LIST_HEAD(blocks);

	mutex_lock(&r->shape_lock);
	rsv_reserve_take_free(&blocks, l->lent, RSV_LEND_ORDER);
	if (!list_empty(&blocks)) {
		before = r->nr_pages;
		rsv_extents_add(r, &blocks);
		l->lent -= min(l->lent, r->nr_pages - before);
	}
	if (l->lent)
		queue_delayed_work(rsv_queue, &l->take_back, RSV_TAKE_BACK_DELAY);
	mutex_unlock(&r->shape_lock);
}

/**
 * rsv_lending_init() - set up a new region, which does not lend yet
 * @r: the region
 */
void rsv_lending_init(struct rsv_region *r)
{
	INIT_DELAYED_WORK(&r->lending.take_back, rsv_take_back);
}

/* Lets the limits of CPUs' lists follow: see rsv_zone_set_pcp_high(). */
static void rsv_lending_update_lists(struct rsv_region *r)
{
	unsigned long flags;
	struct rsv_zone *z;
	unsigned int n;

	for (n = 0; (z = rsv_zone_nth(r, n)); n++) {
		raw_spin_lock_irqsave(&z->lock, flags);
		rsv_zone_resize(z, 0);
		raw_spin_unlock_irqrestore(&z->lock, flags);
	}
}

/**
 * rsv_lending_start() - let a region lend its free memory to the system
 * @r: the region
 * @floor: bytes that it never lends
 *
 * Context: Process; may sleep.
 * Return: 0 or -ENOMEM.
 */
int rsv_lending_start(struct rsv_region *r, size_t floor)
{
	r->lending.floor = PFN_UP(floor);
	r->lending.shrinker =
		rsv_shrinker_start(rsv_lend_count, rsv_lend_scan, r, 1L << RSV_LEND_ORDER);
	if (!r->lending.shrinker)
		return -ENOMEM;
	rsv_lending_update_lists(r);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_lending_start);

/**
 * rsv_lending_stop() - stop lending; the system keeps the lent pages for good
 * @r: the region
 *
 * Context: Process; may sleep.
 */
void rsv_lending_stop(struct rsv_region *r)
{
	if (r->lending.shrinker)
		rsv_shrinker_stop(r->lending.shrinker);
	r->lending.shrinker = NULL;
	cancel_delayed_work_sync(&r->lending.take_back);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_lending_stop);
