// SPDX-License-Identifier: GPL-2.0
/*
 * The page map: from a page or an address to its extent and its frame.
 *
 * A page belongs to at most one extent, and a lookup takes constant time. One xarray has the chunks
 * of 2^RSV_CHUNK_ORDER pages that lie wholly inside an extent. A second one has the single pages at
 * both ends of an extent that do not fill a chunk. All regions share the two. The xarrays' own
 * locks guard each change. An extent is in them from when it is complete until its pages go back to
 * the system.
 *
 * Lookups take no lock. Each CPU has a table of hints, the extents that it found last, by bits of
 * the address, and tries the one for the address first. One table serves pages and the objects of
 * all caches and regions. A hint says only where to look: whoever reads it compares the address
 * with the extent's bounds, so two extents may compete for one hint.
 *
 * A hint must not outlive its extent, and a reader of either may still be running. So an extent is
 * freed in these steps:
 *
 *	rsv_pagemap_unmap()	no later lookup finds the extent in the xarrays
 *	a grace period		every lookup that found it there has set its hint, if at all
 *	rsv_hints_invalidate()	no hint points to the extent any more
 *	a grace period		every reader of such a hint is done
 *
 * Any number of extents, of any regions, takes these steps together, with one look at each hint: a
 * million loads with 512 CPUs, or a few milliseconds of a task that lets others run after each CPU.
 * For the grace periods to hold, a caller whose pointer may be any is under rcu_read_lock() or has
 * preemption disabled.
 */
#include <linux/cache.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/topology.h>
#include <linux/xarray.h>

#include "compat.h"
#include "gfp.h"
#include "pagemap.h"

static DEFINE_XARRAY(rsv_chunks);
static DEFINE_XARRAY(rsv_pages);

struct rsv_extent rsv_extent_none;

struct rsv_extent *__percpu *rsv_hints __ro_after_init;
EXPORT_SYMBOL_IF_KUNIT(rsv_hints);

/**
 * rsv_pagemap_start() - create the hints, before the first region is created
 *
 * All modules together have only 8 KB for variables of each CPU, so these are allocated.
 *
 * Context: Process; may sleep.
 * Return: 0 or -ENOMEM.
 */
int rsv_pagemap_start(void)
{
	unsigned int cpu, i;

	rsv_hints = __alloc_percpu(RSV_HINTS * sizeof(*rsv_hints), SMP_CACHE_BYTES);
	if (!rsv_hints)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		for (i = 0; i < RSV_HINTS; i++)
			*per_cpu_ptr(&rsv_hints[i], cpu) = &rsv_extent_none;
	return 0;
}

/**
 * rsv_pagemap_stop() - free the hints, after the last region has ended
 *
 * Context: Process; may sleep.
 */
void rsv_pagemap_stop(void)
{
	free_percpu(rsv_hints);
}

/*
 * The map
 */

/*
 * Finds the entry for the pages from @pfn on. Returns its xarray, and sets the index there and the
 * number of pages that the entry covers.
 */
static struct xarray *rsv_pagemap_step(unsigned long pfn, unsigned long end, unsigned long *index,
				       unsigned long *pages)
{
	const unsigned long chunk = 1UL << RSV_CHUNK_ORDER;

	if (IS_ALIGNED(pfn, chunk) && end - pfn >= chunk) {
		*index = pfn >> RSV_CHUNK_ORDER;
		*pages = chunk;
		return &rsv_chunks;
	}
	*index = pfn;
	*pages = 1;
	return &rsv_pages;
}

/**
 * rsv_pagemap_add() - let lookups find an extent
 * @e: the extent, its region's shape locked
 *
 * Context: Process; may sleep.
 * Return: 0 or -ENOMEM, and then the caller removes what was added.
 */
int rsv_pagemap_add(struct rsv_extent *e)
{
	unsigned long pfn = e->first, end = e->first + e->nr_pages, index, pages;
	struct xarray *xa;
	int err;

	for (; pfn < end; pfn += pages) {
		xa = rsv_pagemap_step(pfn, end, &index, &pages);
		err = xa_err(xa_store(xa, index, e, RSV_GFP_CREATE));
		if (err)
			return err;
	}
	return 0;
}

/**
 * rsv_pagemap_remove() - let lookups find pages of an extent no longer
 * @e: the extent, its region's shape locked or no longer used
 * @index: the first page in the extent
 * @nr_pages: their number: the whole extent or whole chunks
 *
 * Pages that went back to the system earlier may be part of another extent by now. The entries of
 * that extent stay.
 *
 * Context: Process.
 */
void rsv_pagemap_remove(struct rsv_extent *e, unsigned long index, unsigned long nr_pages)
{
	unsigned long pfn = e->first + index, end = pfn + nr_pages, entry, pages;
	struct xarray *xa;

	for (; pfn < end; pfn += pages) {
		xa = rsv_pagemap_step(pfn, end, &entry, &pages);
		xa_cmpxchg(xa, entry, e, NULL, 0);
	}
}

/**
 * rsv_pagemap_unmap() - let lookups find an extent no longer
 * @e: the extent, its region's shape locked or no longer used
 *
 * Context: Process.
 */
void rsv_pagemap_unmap(struct rsv_extent *e)
{
	rsv_pagemap_remove(e, 0, e->nr_pages);
	WRITE_ONCE(e->unmapped, true);
}

/*
 * Hints
 */

/*
 * Replaces the extents that left the map in one CPU's hints. An extent that is in a hint is freed
 * only a grace period after it was replaced there, so it exists while this function looks at it.
 */
static void rsv_cpu_hints_invalidate(unsigned int cpu)
{
	struct rsv_extent **hint, *e;
	unsigned int i;

	rcu_read_lock();
	for (i = 0; i < RSV_HINTS; i++) {
		hint = per_cpu_ptr(&rsv_hints[i], cpu);
		e = READ_ONCE(*hint);
		if (READ_ONCE(e->unmapped))
			cmpxchg(hint, e, &rsv_extent_none);
	}
	rcu_read_unlock();
}

/**
 * rsv_hints_invalidate() - replace the extents that left the map in all hints
 *
 * They left the map a grace period ago. So no lookup is running that found one of them there and
 * could make it a hint once more. A reader may still use a hint that it read before. So the caller
 * waits for another grace period before it frees the extents. For other extents that left the map
 * since, the function may do its work too early, and is called again.
 *
 * Context: Process; may sleep.
 */
void rsv_hints_invalidate(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		rsv_cpu_hints_invalidate(cpu);
		cond_resched();
	}
}

/* Whether memory of a node is local to this CPU, with preemption disabled */
static bool rsv_node_is_local(int nid)
{
	return !IS_ENABLED(CONFIG_NUMA) || nid == numa_mem_id();
}

/*
 * Makes an extent this CPU's hint for a page of it, if the extent is local and linear: fast paths
 * rely on both and check neither. The caller has just found the extent in the xarrays, and is in
 * the same RCU read section. An extent that it read from a hint will not do: rsv_hints_invalidate()
 * may have passed this CPU meanwhile, and nothing would invalidate the new hint.
 */
static void rsv_extent_set_hint(struct rsv_extent *e, unsigned long pfn)
{
	unsigned long addr = (unsigned long)e->base + ((pfn - e->first) << PAGE_SHIFT);

	preempt_disable();
	if (rsv_node_is_local(e->nid) && rsv_extent_is_linear(e)) {
		this_cpu_write(rsv_hints[rsv_hint_of_pfn(pfn)], e);
		if (rsv_hint_of_addr(addr) != rsv_hint_of_pfn(pfn))
			this_cpu_write(rsv_hints[rsv_hint_of_addr(addr)], e);
	}
	preempt_enable();
}

/*
 * Lookups
 */

/* rsv_extent_find() in the xarrays, under rcu_read_lock() */
static struct rsv_extent *rsv_extent_load(unsigned long pfn)
{
	struct rsv_extent *e = xa_load(&rsv_chunks, pfn >> RSV_CHUNK_ORDER);

	e = e ?: xa_load(&rsv_pages, pfn);
	if (e)
		rsv_extent_set_hint(e, pfn);
	return e;
}

/**
 * rsv_extent_find() - the extent that a page belongs to
 * @pfn: page frame number of any page
 *
 * Context: Any, under rcu_read_lock() unless the caller owns a block of the extent.
 * Return: The extent, or NULL if the page belongs to no region.
 */
struct rsv_extent *rsv_extent_find(unsigned long pfn)
{
	struct rsv_extent *e;

	/* A caller that owns a block keeps its own extent, but not the extent of the hint. */
	rcu_read_lock();
	e = raw_cpu_read(rsv_hints[rsv_hint_of_pfn(pfn)]);
	/* A hole of the hint may be part of another extent by now. */
	if (unlikely(pfn - e->first >= e->nr_pages || READ_ONCE(e->nr_holes)))
		e = rsv_extent_load(pfn);
	rcu_read_unlock();
	return e;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_extent_find);

/**
 * rsv_extent_find_addr() - the extent that an address lies in
 * @addr: any address, valid or not
 *
 * Context: As rsv_extent_find().
 * Return: The extent or NULL.
 */
struct rsv_extent *rsv_extent_find_addr(const void *addr)
{
	struct rsv_extent *e;

	rcu_read_lock();
	e = raw_cpu_read(rsv_hints[rsv_hint_of_addr((unsigned long)addr)]);
	/* The address may be any, so nothing here reads a page structure: it may be gone. */
	if (unlikely(!rsv_extent_has(e, addr) || READ_ONCE(e->nr_holes)))
		e = virt_addr_valid(addr) ? rsv_extent_load(PHYS_PFN(__pa(addr))) : NULL;
	rcu_read_unlock();
	return e;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_extent_find_addr);

/**
 * rsv_region_extent_find() - the slow path of rsv_region_extent_rcu(), where the hint is of another
 *	extent
 * @r: the region
 * @addr: any address
 *
 * Extents of other nodes are never hints. Most regions have one extent, or most of their pages in
 * the first one, so the function looks there first.
 *
 * Context: Any, under rcu_read_lock().
 * Return: The extent, or NULL if the address does not lie in the region.
 */
struct rsv_extent *rsv_region_extent_find(const struct rsv_region *r, const void *addr)
{
	struct rsv_extent *e = READ_ONCE(READ_ONCE(r->extents)->at[0]);

	if (likely(e && rsv_extent_has(e, addr) && !READ_ONCE(e->nr_holes)))
		return e;
	e = rsv_extent_find_addr(addr);
	return e && e->region == r ? e : NULL;
}

/**
 * rsv_region_extent() - the extent of a region that an address lies in
 * @r: the region
 * @addr: any address
 *
 * Context: Any, under rcu_read_lock() unless the caller owns a block of the extent.
 * Return: The extent, or NULL if the address does not lie in the region.
 */
struct rsv_extent *rsv_region_extent(const struct rsv_region *r, const void *addr)
{
	struct rsv_extent *e;

	rcu_read_lock();
	e = rsv_region_extent_rcu(r, addr);
	rcu_read_unlock();
	return e;
}

/**
 * rsv_frame_of_page() - the frame of a page
 * @page: any page
 *
 * Context: As rsv_extent_find().
 * Return: The frame, or NULL if the page belongs to no region.
 */
struct rsv_frame *rsv_frame_of_page(struct page *page)
{
	struct rsv_extent *e = rsv_extent_find(page_to_pfn(page));

	return e ? &e->frames[page_to_pfn(page) - e->first] : NULL;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_frame_of_page);

/**
 * rsv_frame_block() - the block that a page belongs to
 * @e: the page's extent
 * @f: the page's frame
 *
 * While the zone is not locked the block may be freed, and the answer may be any frame of the
 * extent.
 *
 * A block, or each part of a gathered run, begins at a multiple of the smallest power of two that
 * is not below its length. So the search looks at the pages where blocks of order 0, 1, 2 and so on
 * around the page would begin. The first of their frames that does not say BODY is the first frame
 * of the block or of the part.
 *
 * Return: The first frame of the block.
 */
struct rsv_frame *rsv_frame_block(const struct rsv_extent *e, struct rsv_frame *f)
{
	unsigned long pfn = e->first + rsv_frame_index(e, f);
	struct rsv_frame *head;
	unsigned long start;
	unsigned int order;

	for (order = 1; READ_ONCE(f->kind) == RSV_FRAME_BODY; order++) {
		start = round_down(pfn, 1UL << order);
		/* The page is in no block: its extent is being set up, or goes away. */
		if (start < e->first)
			break;
		f = &e->frames[start - e->first];
	}
	if (READ_ONCE(f->kind) != RSV_FRAME_RUN)
		return f;
	/* In a frame that is free by now, a link of a list lies in the place of the head. */
	head = READ_ONCE(f->head);
	return head >= e->frames && head < e->frames + e->nr_pages ? head : f;
}
