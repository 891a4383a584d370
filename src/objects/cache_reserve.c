// SPDX-License-Identifier: GPL-2.0
/*
 * rsv_cache_reserve(): sets how many guaranteed objects a cache has, and allocates or frees them.
 *
 * The objects come from the engine and go back to it, a batch at a time. Between two batches other
 * tasks can run. The magazines of the cache serve others meanwhile.
 *
 * A reserve that the region cannot have should cost others nothing. So the function first compares
 * the missing objects with all pages of the region, and then with the free ones. If those are too
 * few it drains the region, once, as a request would that may sleep, and compares again. It uses
 * no page that a watermark or a protection withholds from GFP_KERNEL. When an allocation fails all
 * the same, everything that was allocated goes back.
 */
#include <linux/gfp.h>
#include <linux/mmzone.h>
#include <linux/sched.h>
#include <linux/topology.h>

#include "alloc.h"
#include "batch.h"
#include "cache.h"
#include "cache_reserve.h"
#include "guarantee.h"
#include "heap.h"
#include "pages/contig.h"
#include "pages/drain.h"
#include "pages/pagemap.h"
#include "pages/zone.h"
#include "pages/zonelist.h"
#include "reap.h"
#include "room.h"
#include "stats.h"

/* A request with these flags drains no other CPU and no cache: this file does that once. */
#define RSV_GFP_GUARANTEE	((GFP_KERNEL | __GFP_NOWARN) & ~__GFP_DIRECT_RECLAIM)

/*
 * Raising
 */

static bool rsv_guarantee_extend(struct rsv_cache *c)
{
	struct rsv_frame *f = rsv_run_alloc(c->region, RSV_GFP_GUARANTEE, numa_mem_id(), 1);

	f = rsv_run_alloc_claimed(c->region, f);
	if (f)
		rsv_guarantee_add_page(c, rsv_frame_addr(rsv_frame_extent(c->region, f), f));
	return f;
}

/* Allocates a batch of objects, and makes them guaranteed ones up to @nr in all. */
static bool rsv_guarantee_fill(struct rsv_cache *c, unsigned int nr)
{
	const struct rsv_guarantee *g = &c->guarantee;
	struct rsv_batch t;

	if (g->room < nr && g->room - g->target < RSV_BATCH && !rsv_guarantee_extend(c))
		return false;
	rsv_alloc_for_reserve(c, RSV_GFP_GUARANTEE, numa_mem_id(), RSV_BATCH, &t);
	if (!t.nr)
		return false;
	while (t.nr && rsv_guarantee_grow(c, t.object[t.nr - 1], nr))
		t.nr--;
	rsv_batch_free(c, t.object, t.nr);
	return true;
}

/* Objects that are missing until the cache has @nr guaranteed ones */
static unsigned int rsv_guarantee_missing(const struct rsv_cache *c, unsigned int nr)
{
	return nr - min(nr, READ_ONCE(c->guarantee.nr));
}

static bool rsv_guarantee_may_fit(const struct rsv_cache *c, unsigned int nr)
{
	return rsv_cache_has_room(c, rsv_guarantee_missing(c, nr), true);
}

static bool rsv_guarantee_drain(struct rsv_cache *c, unsigned int nr)
{
	rsv_drain_for_request(c->region, GFP_KERNEL);
	return rsv_guarantee_may_fit(c, nr);
}

/* Allocates objects until the cache has @nr guaranteed ones. Drains once, unless @drained. */
static int rsv_guarantee_raise(struct rsv_cache *c, unsigned int nr, bool drained)
{
	while (rsv_guarantee_missing(c, nr)) {
		if (!rsv_guarantee_fill(c, nr)) {
			if (drained || !rsv_guarantee_drain(c, nr))
				return -ENOMEM;
			drained = true;
		}
		cond_resched();
	}
	return 0;
}

/*
 * Lowering
 */

/* Gives the objects beyond @nr back to the engine, and the pages that held them to the region. */
static void rsv_guarantee_release(struct rsv_cache *c, unsigned int nr)
{
	struct rsv_guarantee_page *page;
	void *objects[RSV_BATCH];
	unsigned int some;

	rsv_guarantee_lower(c, nr);
	while ((some = rsv_guarantee_take_surplus(c, objects))) {
		rsv_batch_free(c, objects, some);
		cond_resched();
	}
	while ((page = rsv_guarantee_take_page(c))) {
		struct rsv_extent *e = rsv_region_extent(c->region, page);

		rsv_run_free_claimed(c->region, rsv_frame_at(e, page));
		cond_resched();
	}
}

/**
 * rsv_cache_reserve_end() - end the guarantee of a cache that is about to be destroyed
 * @c: the cache
 *
 * Context: Process; may sleep.
 */
void rsv_cache_reserve_end(struct rsv_cache *c)
{
	rsv_guarantee_release(c, 0);
}

/**
 * rsv_cache_reserve() - guarantee a cache objects that only this cache can use
 * @c: the cache
 * @nr: the number of objects, in addition to the used ones; 0 ends the guarantee
 *
 * When the region has nothing else for the cache, the guaranteed objects serve callers that may
 * sleep and callers that may not alike. The next objects that are freed replace them. The objects
 * that are guaranteed already stay so while the function raises their number. When it lowers the
 * number, the memory that becomes free goes back to the region.
 *
 * Context: Process; may sleep. One caller at a time for a cache.
 * Return: 0; -EINVAL, with a report, for a cache that was destroyed; -ENOMEM if the region does not
 * have that many beyond what its watermarks and protections withhold. Then the guarantee is as it
 * was, and all memory that the function took is free again.
 */
int rsv_cache_reserve(struct rsv_cache *c, unsigned int nr)
{
	const unsigned int before = c->guarantee.target;
	bool drained;
	int err;

	if (!rsv_cache_usable(c))
		return -EINVAL;
	drained = !rsv_guarantee_may_fit(c, nr);
	if (drained && (!rsv_cache_has_room(c, nr, false) || !rsv_guarantee_drain(c, nr)))
		return -ENOMEM;
	err = rsv_guarantee_raise(c, nr, drained);
	if (err || nr < before) {
		rsv_guarantee_release(c, err ? before : nr);
		rsv_cache_shrink(c);
	}
	return err;
}
EXPORT_SYMBOL_GPL(rsv_cache_reserve);
