// SPDX-License-Identifier: GPL-2.0
/*
 * Queries: the state of a region in the structures of the ioctl interface. Both the device and
 * debugfs show the results of these functions, so the two never disagree.
 *
 * A query reads fields that other CPUs change meanwhile, and must not make them wait. So it takes
 * no mutex: RCU keeps caches and extents while it looks at one cache, or at one batch of pages
 * (pages/walk.h). It takes a zone's raw lock for one batch at a time, and reads slabs and per-CPU
 * counts without a lock. The figures of one answer may therefore belong to slightly different
 * times.
 */
#include <linux/capability.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "compat.h"
#include "name.h"
#include "objects/cache.h"
#include "objects/cache_list.h"
#include "objects/engine.h"
#include "objects/heap.h"
#include "objects/kmalloc.h"
#include "objects/magazine_cache.h"
#include "objects/stats.h"
#include "pages/drain.h"
#include "pages/pagemap.h"
#include "pages/pcp.h"
#include "pages/scan.h"
#include "pages/walk.h"
#include "pages/zone.h"
#include "pages/zonelist.h"
#include "query.h"
#include "report.h"

/* The largest run that an exact buffer, which is never of HIGHMEM, could get of a zone, in pages */
static u64 rsv_largest_run(struct rsv_zone *z, unsigned long withheld)
{
	return is_highmem_idx(z->type) ? 0 : rsv_zone_largest_run(z, withheld);
}

static u64 rsv_largest_bytes(const struct rsv_zone *z)
{
	unsigned long orders = READ_ONCE(z->orders);

	return orders ? (u64)PAGE_SIZE << __fls(orders) : 0;
}

static bool rsv_add_slab_bytes(struct rsv_cache *c, void *data)
{
	struct rsv_ioc_info *info = data;
	struct rsv_cache_figures figures;

	rsv_cache_count(c, &figures);
	info->nr_caches++;
	info->slab_bytes += figures.pages << PAGE_SHIFT;
	return false;
}

static void rsv_query_caches(struct rsv_region *r, struct rsv_ioc_info *info)
{
	struct rsv_heap_figures heap;

	rsv_caches_visit(r, rsv_add_slab_bytes, info);
	rsv_heap_count(r, &heap);
	info->heap_bytes = heap.pages << PAGE_SHIFT;
	info->heap_free_bytes = heap.free_bytes;
	info->slab_bytes += info->heap_bytes;
}

static void rsv_query_zones(struct rsv_region *r, struct rsv_ioc_info *info)
{
	struct rsv_zone *z;

	for (; (z = rsv_zone_nth(r, info->nr_zones)); info->nr_zones++) {
		unsigned int orders = READ_ONCE(z->nr_orders);

		info->free_bytes += (u64)READ_ONCE(z->free_pages) << PAGE_SHIFT;
		info->cached_bytes += (u64)rsv_zone_cached(z) << PAGE_SHIFT;
		info->largest_free =
			max(info->largest_free,
			    rsv_largest_run(z, rsv_zone_reserved(z, GFP_USER)) << PAGE_SHIFT);
		info->largest_free_block = max(info->largest_free_block, rsv_largest_bytes(z));
		if (orders)
			info->largest_block =
				max(info->largest_block, (u64)PAGE_SIZE << (orders - 1));
	}
}

/**
 * rsv_query_info() - describe a region
 * @r: the region
 * @info: zeroed by the caller; the function fills in all but size, flags and region
 *
 * Context: Process; may sleep.
 */
void rsv_query_info(struct rsv_region *r, struct rsv_ioc_info *info)
{
	info->abi_version = RSV_ABI_VERSION;
	info->page_size = PAGE_SIZE;
	info->misuse = rsv_misuse_total();
	strscpy(info->name, rsv_name_bare(r->name), sizeof(info->name));
	strscpy(info->version, RSV_VERSION, sizeof(info->version));
	strscpy(info->engine, rsv_engine_of(0)->name, sizeof(info->engine));
	/* debugfs shows a region before it has size classes. */
	if (r->classes)
		strscpy(info->classes, r->classes->name, sizeof(info->classes));

	info->nr_extents = READ_ONCE(r->extents_used);
	info->bytes = (u64)READ_ONCE(r->nr_pages) << PAGE_SHIFT;
	info->metadata_bytes = r->metadata;
	info->percpu_bytes = r->percpu;
	info->lent_bytes = (u64)r->lending.lent << PAGE_SHIFT;

	rsv_query_zones(r, info);
	rsv_query_caches(r, info);
	info->leaving_bytes = (u64)atomic_long_read(&r->leaving.nr_pages) << PAGE_SHIFT;
	info->waiting_pages = READ_ONCE(r->waiting.nr_pages);
	info->bad_pages = atomic_long_read(&r->waiting.nr_bad);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_query_info);

static void rsv_query_areas(struct rsv_zone *z, struct rsv_ioc_zone *zone)
{
	unsigned int order;

	for (order = 0; order < RSV_ORDERS_MAX; order++) {
		const struct rsv_free_area *area = &z->area[order];

		zone->free[order] = area->nr_free;
		zone->allocs[order] = area->allocs;
		zone->frees[order] = area->frees;
		zone->failures[order] = area->failures;
		zone->splits[order] = area->splits;
		zone->merges[order] = area->merges;
		zone->asked[order] = area->asked;
		zone->granted[order] = area->granted;
	}
}

/*
 * CPUs' lists serve only requests for whole blocks, so these got exactly the bytes that they
 * wanted.
 */
static void rsv_query_pcp(struct rsv_zone *z, struct rsv_ioc_zone *zone)
{
	struct rsv_pcp_stats stats;
	unsigned int order;

	for (order = 0; order < RSV_LISTED_ORDERS; order++) {
		rsv_pcp_get_stats(z, order, &stats);
		zone->cached[order] = stats.blocks;
		zone->cache_hits[order] = stats.allocs;
		zone->cache_refills[order] = stats.refills;
		zone->allocs[order] += stats.allocs;
		zone->frees[order] += stats.frees;
		zone->asked[order] += stats.allocs << (order + PAGE_SHIFT);
		zone->granted[order] += stats.allocs << (order + PAGE_SHIFT);
	}
	zone->allocs[0] += zone->zeroed_hits;
}

/**
 * rsv_query_zone() - describe a zone, its free areas and their events
 * @r: the region
 * @index: number of the zone
 * @zone: zeroed by the caller; the function fills in all but size, flags, region, index and
 *	largest_free_pages, which takes long: see rsv_query_largest_run()
 *
 * Context: Process; may sleep.
 * Return: 0, or -ENOENT if there is no such zone.
 */
int rsv_query_zone(struct rsv_region *r, unsigned int index, struct rsv_ioc_zone *zone)
{
	struct rsv_zone *z = rsv_zone_nth(r, index);

	if (!z)
		return -ENOENT;
	zone->node = z->nid;
	strscpy(zone->name, z->name, sizeof(zone->name));

	raw_spin_lock_irq(&z->lock);
	zone->nr_orders = z->nr_orders;
	zone->pages = z->nr_pages;
	zone->free_pages = z->free_pages;
	zone->peak_pages = z->peak_pages;
	zone->min_pages = z->min_pages;
	zone->low_pages = z->low_pages;
	zone->protection = z->protection;
	zone->zeroed_pages = z->nr_zeroed;
	zone->zeroed_hits = z->zeroed_hits;
	rsv_query_areas(z, zone);
	raw_spin_unlock_irq(&z->lock);
	rsv_query_pcp(z, zone);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_query_zone);

/**
 * rsv_query_largest_run() - the longest run that a request which names a zone could get of it now
 * @r: the region
 * @index: number of the zone
 *
 * Context: Process; may sleep. The search takes long in a zone that has many blocks.
 * Return: Its pages; 0 if there is no such zone.
 */
u64 rsv_query_largest_run(struct rsv_region *r, unsigned int index)
{
	struct rsv_zone *z = rsv_zone_nth(r, index);

	return z ? rsv_largest_run(z, READ_ONCE(z->min_pages)) : 0;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_query_largest_run);

static void rsv_describe_extent(const struct rsv_extent *e, bool physical,
				struct rsv_ioc_extent *extent)
{
	extent->node = e->zone->nid;
	extent->offset = (u64)e->offset << PAGE_SHIFT;
	extent->bytes = (u64)e->nr_pages << PAGE_SHIFT;
	extent->lent_bytes = (u64)READ_ONCE(e->nr_holes) << PAGE_SHIFT;
	if (physical)
		extent->physical = (u64)e->first << PAGE_SHIFT;
	strscpy(extent->zone, e->zone->name, sizeof(extent->zone));
}

/**
 * rsv_query_next_extent() - describe the extent with the smallest number from a given one on
 * @r: the region
 * @number: the smallest number to consider; receives that of the extent
 * @extent: as for rsv_query_extent()
 *
 * Context: Process; may sleep.
 * Return: 0, or -ENOENT if all extents have smaller numbers.
 */
int rsv_query_next_extent(struct rsv_region *r, unsigned int *number,
			  struct rsv_ioc_extent *extent)
{
	struct rsv_walk w = { .r = r, .number = *number };
	const bool physical = capable(CAP_SYS_RAWIO);
	const struct rsv_extent *e;

	rsv_walk_begin();
	e = rsv_walk_extent(&w);
	if (e)
		rsv_describe_extent(e, physical, extent);
	rsv_walk_end();
	*number = w.number;
	return e ? 0 : -ENOENT;
}

/**
 * rsv_query_extent() - describe an extent
 * @r: the region
 * @index: how many extents have smaller numbers
 * @extent: zeroed by the caller; the function fills in all but size, flags, region and index. The
 *	physical address stays 0 if the current process has not CAP_SYS_RAWIO
 *
 * Context: Process; may sleep.
 * Return: 0, or -ENOENT if there is no such extent.
 */
int rsv_query_extent(struct rsv_region *r, unsigned int index, struct rsv_ioc_extent *extent)
{
	struct rsv_walk w = { .r = r };

	/* While no number is unused, which is so unless extents were freed, no search is needed. */
	if (READ_ONCE(r->extents_used) == READ_ONCE(r->nr_extents))
		return rsv_query_next_extent(r, &index, extent);
	rsv_walk_begin();
	while (rsv_walk_extent(&w) && index--)
		rsv_walk_skip(&w);
	rsv_walk_end();
	return rsv_query_next_extent(r, &w.number, extent);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_query_extent);

/**
 * rsv_query_one_cache() - describe the layout and the counts of a cache
 * @c: the cache
 * @cache: zeroed by the caller; the function fills in all but size, flags and region
 *
 * Context: Process.
 */
void rsv_query_one_cache(struct rsv_cache *c, struct rsv_ioc_cache *cache)
{
	const struct rsv_layout *l = &c->layout;
	struct rsv_cache_figures figures;

	cache->id = c->id;
	cache->object_size = l->object_size;
	cache->stride = l->stride;
	cache->align = l->align;
	cache->slab_pages = l->pages;
	cache->slab_objects = l->objects;
	cache->slab_waste = (l->pages << PAGE_SHIFT) - l->objects * l->stride;
	strscpy(cache->name, rsv_name_bare(c->name), sizeof(cache->name));
	strscpy(cache->engine, c->engine->name, sizeof(cache->engine));

	rsv_cache_count(c, &figures);
	cache->active_objects = figures.active;
	cache->total_objects = figures.total;
	cache->full_slabs = figures.full;
	cache->partial_slabs = figures.partial;
	cache->empty_slabs = figures.empty;
	cache->allocs = figures.allocs;
	cache->frees = figures.frees;
	cache->failures = figures.failures;
	cache->slabs_made = figures.slabs_made;
	cache->slabs_given = figures.slabs_given;
	cache->magazine_rounds = rsv_magazine_wanted(c) ? READ_ONCE(c->magazine_size) : 0;
	cache->depot_full = figures.depot_full;
	cache->depot_empty = figures.depot_empty;
	cache->exchanges = figures.exchanges;
	cache->contended = figures.contended;
	cache->cache_flags = c->flags & RSV_CACHE_FLAGS;
	if (c->flags & RSV_CACHE_KMALLOC) {
		cache->cache_flags |= RSV_SIZE_CLASS;
		cache->least_request = rsv_kmalloc_least(c);
	}
	cache->guaranteed_objects = READ_ONCE(c->guarantee.target);
	cache->rcu_waiting = figures.rcu_waiting;
	cache->percpu_target = figures.percpu_target;
	cache->percpu_objects = figures.percpu_objects;
	cache->percpu_allocs = figures.percpu_allocs;
	cache->percpu_refills = figures.percpu_refills;
	cache->origin = rsv_name_is_of_user(c->name) ? RSV_CACHE_USER : RSV_CACHE_KERNEL;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_query_one_cache);

/**
 * rsv_query_cache() - describe the cache with the smallest number from a given one on
 * @r: the region
 * @id: the smallest number to consider
 * @cache: as for rsv_query_one_cache()
 *
 * Context: Process; may sleep.
 * Return: 0, or -ENOENT if all caches have smaller numbers.
 */
int rsv_query_cache(struct rsv_region *r, u32 id, struct rsv_ioc_cache *cache)
{
	struct rsv_cache *c;

	rcu_read_lock();
	c = rsv_cache_next(r, id);
	if (c)
		rsv_query_one_cache(c, cache);
	rcu_read_unlock();
	return c ? 0 : -ENOENT;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_query_cache);

static char rsv_map_char(struct rsv_extent *e, struct rsv_frame *f)
{
	const struct rsv_frame *block = rsv_frame_block(e, f);

	switch (READ_ONCE(block->kind)) {
	case RSV_FRAME_FREE:
		return RSV_MAP_FREE;
	case RSV_FRAME_USED:
	case RSV_FRAME_OWNED:
		return f == block ? RSV_MAP_PAGES : RSV_MAP_PAGES_MORE;
	case RSV_FRAME_CACHED:
		return RSV_MAP_CACHED;
	case RSV_FRAME_HOLE:
		return RSV_MAP_HOLE;
	case RSV_FRAME_WAITING:
		return RSV_MAP_WAITING;
	case RSV_FRAME_BAD:
		return RSV_MAP_BAD;
	case RSV_FRAME_SLAB:
	case RSV_FRAME_HEAP:
		return RSV_MAP_SLAB;
	default:
		return RSV_MAP_SLAB_MORE;
	}
}

static void rsv_map_batch(struct rsv_extent *e, unsigned long index, char *chars, size_t count)
{
	raw_spin_lock_irq(&e->zone->lock);
	while (count--)
		*chars++ = rsv_map_char(e, &e->frames[index++]);
	raw_spin_unlock_irq(&e->zone->lock);
}

/**
 * rsv_query_map() - describe each page by one character
 * @r: the region
 * @first: the page to begin with, the region's extents laid end to end
 * @chars: filled with RSV_MAP_*, without a NUL
 * @count: length of @chars
 *
 * Context: Process; may sleep.
 * Return: The number of characters, less than @count only at the region's end.
 */
size_t rsv_query_map(struct rsv_region *r, unsigned long first, char *chars, size_t count)
{
	struct rsv_walk w = { .r = r };
	struct rsv_extent *e;
	unsigned long batch;
	size_t done = 0;

	rsv_walk_begin();
	while (done < count && first + done < READ_ONCE(r->span)) {
		e = rsv_walk_seek(&w, first + done);
		batch = min_t(unsigned long, count - done, w.end - w.index);
		if (e)
			rsv_map_batch(e, w.index, chars + done, batch);
		else
			memset(chars + done, RSV_MAP_HOLE, batch);
		done += batch;
		rsv_walk_pause();
	}
	rsv_walk_end();
	return done;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_query_map);

/* The list that a slab is on, from the same word as its counts, so that all of them agree. */
static const char *rsv_slab_list_name(union rsv_slab_word word)
{
	static const char *const names[RSV_FILLS] = {
		"empty", "partial-1", "partial-2", "partial-3", "partial-4", "full",
	};

	if (word.frozen)
		return "active";
	return word.fill < RSV_FILLS ? names[word.fill] : "?";
}

/* Whether a page is the first page of a slab of this cache */
static bool rsv_slab_begins(const struct rsv_cache *c, const struct rsv_frame *f)
{
	/* Pairs with rsv_slab_new(): a reader that sees the cache also sees the slab's word. */
	return smp_load_acquire(&f->cache) == c && READ_ONCE(f->kind) == RSV_FRAME_SLAB;
}

static bool rsv_slab_look(const struct rsv_cache *c, const struct rsv_frame *f,
			  struct rsv_slab_figures *slab)
{
	union rsv_slab_word word;

	if (!rsv_slab_begins(c, f))
		return false;
	word.word = READ_ONCE(f->slab);
	/* If the slab was freed meanwhile, the word may have any value: the second look tells. */
	smp_rmb();
	if (!rsv_slab_begins(c, f))
		return false;
	slab->pages = word.small ? c->layout.small_pages : c->layout.pages;
	slab->objects = rsv_slab_objects(c, word);
	slab->out = word.inuse;
	slab->carved = word.carved;
	slab->list = rsv_slab_list_name(word);
	return true;
}

/**
 * rsv_query_slab() - describe the first slab of a cache from a page on
 * @c: the cache
 * @page: the page to begin with, the region's extents laid end to end
 * @slab: filled in
 *
 * The function searches the frames of all pages instead of the lists of slabs, so that no
 * allocation or free waits for it. It may or may not see a slab that appears or goes meanwhile.
 *
 * Context: Process; may sleep.
 * Return: true if there is such a slab.
 */
bool rsv_query_slab(struct rsv_cache *c, unsigned long page, struct rsv_slab_figures *slab)
{
	struct rsv_walk w = { .r = c->region };
	const struct rsv_extent *e;
	bool found = false;

	rsv_walk_begin();
	while (!found && page < READ_ONCE(w.r->span)) {
		e = rsv_walk_seek(&w, page);
		page += w.end - w.index;
		for (; e && !found && w.index < w.end; w.index++) {
			found = rsv_slab_look(c, &e->frames[w.index], slab);
			slab->page = e->offset + w.index;
		}
		rsv_walk_pause();
	}
	rsv_walk_end();
	return found;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_query_slab);
