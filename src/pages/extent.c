// SPDX-License-Identifier: GPL-2.0
/*
 * The runs that a region consists of, their frame tables, and the way from a page to its extent.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/log2.h>
#include <linux/overflow.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/xarray.h>

#include "buddy.h"
#include "compat.h"
#include "drain.h"
#include "extent.h"
#include "region.h"
#include "reserve.h"
#include "zone.h"

static_assert(sizeof(struct rsv_frame) <= 32);

/* Which extent a page belongs to: by chunk where the chunk lies inside one extent, else by page. */
static DEFINE_XARRAY(rsv_chunks);
static DEFINE_XARRAY(rsv_pages);

/* What remembers no extent remembers this one, in which nothing lies. */
struct rsv_extent rsv_extent_none;

DEFINE_PER_CPU(struct rsv_extent *, rsv_extent_hint);

static void (*rsv_extent_invalidate_hook)(
	struct rsv_extent *e); /* set before the first region is made */

/*
 * From a page to its extent
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

static int rsv_pagemap_add(struct rsv_extent *e)
{
	unsigned long pfn = e->first, end = e->first + e->nr_pages, index, pages;
	struct xarray *xa;
	int err;

	for (; pfn < end; pfn += pages) {
		xa = rsv_pagemap_step(pfn, end, &index, &pages);
		err = xa_err(xa_store(xa, index, e, GFP_KERNEL));
		if (err)
			return err;
	}
	return 0;
}

/* A chunk that is a hole may be part of another extent by now, and that entry stays. */
static void rsv_pagemap_remove(struct rsv_extent *e)
{
	unsigned long pfn = e->first, end = e->first + e->nr_pages, index, pages;
	struct xarray *xa;

	for (; pfn < end; pfn += pages) {
		xa = rsv_pagemap_step(pfn, end, &index, &pages);
		xa_cmpxchg(xa, index, e, NULL, 0);
	}
}

/*
 * Those who remember where they found something last forget it. Nobody finds the extent any more,
 * and those who did have ended; those who remember it have so after another grace period.
 */
static void rsv_extent_invalidate(struct rsv_extent *e)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		cmpxchg(per_cpu_ptr(&rsv_extent_hint, cpu), e, &rsv_extent_none);
	rsv_extent_invalidate_hook(e);
}

/*
 * Looks there first from now on. Fast paths count on what is remembered: memory near this CPU, in
 * which slabs are as aligned as their pages. Never what was remembered before, which may have been
 * forgotten meanwhile.
 */
static void rsv_extent_set_hint(struct rsv_extent *e)
{
	preempt_disable();
	if (rsv_node_is_here(e->nid) && rsv_extent_is_linear(e))
		this_cpu_write(rsv_extent_hint, e);
	preempt_enable();
}

/**
 * rsv_extent_find() - the extent that a page belongs to
 * @pfn: page frame number, whether of a region or not
 *
 * Context: Any, under rcu_read_lock() unless the caller holds a block of the extent.
 * Return: The extent or NULL.
 */
struct rsv_extent *rsv_extent_find(unsigned long pfn)
{
	struct rsv_extent *e;

	/* What is looked at first may be another extent than the caller's, and go. */
	rcu_read_lock();
	e = raw_cpu_read(rsv_extent_hint);
	if (unlikely(pfn - e->first >= e->nr_pages || READ_ONCE(e->nr_holes))) {
		e = xa_load(&rsv_chunks, pfn >> RSV_CHUNK_ORDER);
		e = e ?: xa_load(&rsv_pages, pfn);
		if (e)
			rsv_extent_set_hint(e);
	}
	rcu_read_unlock();
	return e;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_extent_find);

/**
 * rsv_frame_of_page() - what Reservoir knows of a page
 * @page: any page
 *
 * Context: As rsv_extent_find().
 * Return: Its frame, or NULL if it belongs to no region.
 */
struct rsv_frame *rsv_frame_of_page(struct page *page)
{
	struct rsv_extent *e = rsv_extent_find(page_to_pfn(page));

	return e ? &e->frames[page_to_pfn(page) - e->first] : NULL;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_frame_of_page);

/**
 * rsv_extent_find_addr() - the extent that an address lies in
 * @addr: any address, even one that means nothing
 *
 * Context: As rsv_extent_find().
 * Return: The extent or NULL.
 */
struct rsv_extent *rsv_extent_find_addr(const void *addr)
{
	struct rsv_extent *e;

	rcu_read_lock();
	e = raw_cpu_read(rsv_extent_hint);
	if (unlikely(!rsv_extent_has(e, addr) || READ_ONCE(e->nr_holes)))
		e = virt_addr_valid(addr) ? rsv_extent_find(page_to_pfn(virt_to_page(addr))) : NULL;
	rcu_read_unlock();
	return e;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_extent_find_addr);

/**
 * rsv_region_extent() - the extent of a region that an address lies in
 * @r: the region
 * @addr: any address
 *
 * Most regions have one extent, or most of their pages in the first one, which is therefore looked
 * at first.
 *
 * Context: Any, under rcu_read_lock() unless the caller holds a block there.
 * Return: The extent, or NULL if the address does not lie in the region.
 */
struct rsv_extent *rsv_region_extent(const struct rsv_region *r, const void *addr)
{
	struct rsv_extent *e;

	rcu_read_lock();
	e = READ_ONCE(READ_ONCE(r->extents)->at[0]);
	if (!e || !rsv_extent_has(e, addr) || READ_ONCE(e->nr_holes)) {
		e = rsv_extent_find_addr(addr);
		e = e && e->region == r ? e : NULL;
	}
	rcu_read_unlock();
	return e;
}

/**
 * rsv_frame_block() - the block that a page belongs to
 * @e: the page's extent, its zone locked
 * @f: the page's frame
 *
 * A block begins at a multiple of the power of two that holds it, or consists of parts of which
 * that is true. So its first frame, or that of the part, is the first one that is not BODY among
 * those at which blocks of order 0, 1, 2 and so on around the page would begin.
 *
 * Return: The first frame of the block.
 */
struct rsv_frame *rsv_frame_block(const struct rsv_extent *e, struct rsv_frame *f)
{
	unsigned long pfn = e->first + rsv_frame_index(e, f);
	unsigned long start;
	unsigned int order;

	for (order = 1; READ_ONCE(f->kind) == RSV_FRAME_BODY; order++) {
		start = round_down(pfn, 1UL << order);
		/* In no block: its extent is being made or goes back to the system. */
		if (start < e->first)
			break;
		f = &e->frames[start - e->first];
	}
	return READ_ONCE(f->kind) == RSV_FRAME_RUN ? f->head : f;
}

/*
 * Adding extents
 */

static unsigned int rsv_count_runs(struct list_head *blocks)
{
	struct page *page, *before = NULL;
	unsigned int nr = 0;

	list_for_each_entry(page, blocks, lru) {
		nr += !rsv_block_continues(page, before);
		before = page;
	}
	return nr;
}

static struct rsv_extents *rsv_extents_new(unsigned int capacity)
{
	struct rsv_extents *t = kvzalloc(struct_size(t, at, capacity), GFP_KERNEL);

	if (t)
		t->capacity = capacity;
	return t;
}

static unsigned int rsv_extents_unused(const struct rsv_extents *t)
{
	unsigned int nr = 0, i;

	for (i = 0; i < t->capacity; i++)
		nr += !t->at[i];
	return nr;
}

/* Makes room for so many more. The old table stays for those who are reading it. */
static int rsv_extents_expand(struct rsv_region *r, unsigned int more)
{
	struct rsv_extents *old = r->extents, *t;
	unsigned int unused = old ? rsv_extents_unused(old) : 0;
	unsigned int used = old ? old->capacity - unused : 0;

	if (old && more <= unused)
		return 0;
	if (more > RSV_EXTENTS_MAX - used) {
		pr_err_ratelimited("region %s: memory is in %u pieces, more than %u\n", r->name,
				   used + more, RSV_EXTENTS_MAX);
		return -ENOMEM;
	}
	t = rsv_extents_new(min(roundup_pow_of_two(used + more + 1), RSV_EXTENTS_MAX));
	if (!t)
		return -ENOMEM;
	if (old)
		memcpy(t->at, old->at, flex_array_size(old, at, old->capacity));
	t->older = old;
	r->metadata += struct_size(t, at, t->capacity);
	smp_store_release(&r->extents, t); /* pairs with the dependency in its readers */
	return 0;
}

/* The largest block of a run decides how many orders its zone has. */
static unsigned int rsv_extent_orders(const struct rsv_extent *e)
{
	unsigned int order = min_t(unsigned int, ilog2(e->nr_pages), RSV_ORDERS_MAX - 1);
	unsigned long end = e->first + e->nr_pages;

	while (round_up(e->first, 1UL << order) + (1UL << order) > end)
		order--;
	return order + 1;
}

static size_t rsv_extent_bytes(const struct rsv_extent *e)
{
	return sizeof(*e) + array_size(e->nr_pages, sizeof(*e->frames));
}

static void rsv_extent_free(struct rsv_extent *e)
{
	kvfree(e->frames);
	kfree(e);
}

/* Offsets are given out from the lowest on, and those of extents that are gone again. */
static unsigned long rsv_extents_free_offset(const struct rsv_region *r, unsigned long nr_pages)
{
	unsigned long place = 0, sum = 0;
	unsigned int i;

	for (i = 0; i < r->nr_extents; i++)
		sum += r->extents->at[i] ? r->extents->at[i]->nr_pages : 0;
	if (sum == r->span)
		return sum;

	for (i = 0; i < r->nr_extents; i++) {
		const struct rsv_extent *e = r->extents->at[i];

		if (e && place < e->offset + e->nr_pages && e->offset < place + nr_pages) {
			place = e->offset + e->nr_pages;
			i = -1;
		}
	}
	return place;
}

static int rsv_extent_fill_frames(struct rsv_extent *e, unsigned int number)
{
	size_t bytes = array_size(e->nr_pages, sizeof(*e->frames));
	unsigned long i;

	/* kvmalloc() refuses more than INT_MAX. */
	if (bytes > INT_MAX)
		e->frames = vzalloc(bytes);
	else
		e->frames = kvzalloc(bytes, GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	if (!e->frames)
		return -ENOMEM;
	for (i = 0; i < e->nr_pages; i++)
		e->frames[i].extent = number;
	return 0;
}

static unsigned int rsv_extents_slot(const struct rsv_extents *t)
{
	unsigned int i = 0;

	while (t->at[i])
		i++;
	return i;
}

/* Its pages become free pages of its zone. */
static void rsv_extent_open(struct rsv_region *r, struct rsv_extent *e)
{
	struct rsv_zone *z = e->zone;
	unsigned long flags;

	WRITE_ONCE(r->nr_pages, r->nr_pages + e->nr_pages);
	WRITE_ONCE(r->span, max(r->span, e->offset + e->nr_pages));
	r->metadata += rsv_extent_bytes(e);
	raw_spin_lock_irqsave(&z->lock, flags);
	WRITE_ONCE(z->nr_orders, max(z->nr_orders, rsv_extent_orders(e)));
	rsv_zone_resize(z, e->nr_pages);
	rsv_buddy_give_run(z, e, 0, e->nr_pages);
	raw_spin_unlock_irqrestore(&z->lock, flags);
}

/*
 * Makes an extent of nr_pages pages that begin with first; the pages stay the caller's if it fails.
 */
static int rsv_extent_add(struct rsv_region *r, struct page *first, unsigned long nr_pages)
{
	struct rsv_extent *e = kzalloc(sizeof(*e), GFP_KERNEL);
	unsigned int number = rsv_extents_slot(r->extents);
	int err = -ENOMEM;

	if (!e)
		return -ENOMEM;
	e->region = r;
	e->first = page_to_pfn(first);
	e->nr_pages = nr_pages;
	e->offset = rsv_extents_free_offset(r, nr_pages);
	e->base = PageHighMem(first) ? NULL : page_address(first);
	e->bytes = e->base ? nr_pages << PAGE_SHIFT : 0;
	e->nid = page_to_nid(first);
	e->zone = rsv_zone_get(r, first);
	if (!e->zone)
		goto free;
	err = rsv_extent_fill_frames(e, number);
	if (err)
		goto free;
	err = rsv_pagemap_add(e);
	if (err)
		goto hide;

	smp_store_release(&r->extents->at[number], e); /* as in rsv_extents_expand() */
	r->nr_extents = max(r->nr_extents, number + 1);
	rsv_extent_open(r, e);
	return 0;

hide:
	rsv_pagemap_remove(e);
	synchronize_rcu();
	rsv_extent_invalidate(e);
	synchronize_rcu();
free:
	rsv_extent_free(e);
	return err;
}

/* Takes the blocks of the first run off the list. */
static struct page *rsv_first_run(struct list_head *blocks, unsigned long *nr_pages)
{
	struct page *first = NULL, *before = NULL, *page, *next;

	*nr_pages = 0;
	list_for_each_entry_safe(page, next, blocks, lru) {
		if (before && !rsv_block_continues(page, before))
			break;
		list_del_init(&page->lru);
		first = first ?: page;
		*nr_pages += page_private(page);
		before = page;
	}
	return first;
}

/**
 * rsv_extents_add() - make a region larger
 * @r: the region, its shape locked
 * @blocks: the pages, a sorted list of blocks. They belong to the region, or back to the system if
 *	this fails
 *
 * Blocks that lie side by side become one extent. Extents that are there already are not joined
 * with new ones: their frame tables could not grow without moving.
 *
 * Context: Process; may sleep.
 * Return: 0 or -ENOMEM. What was added before memory ran out stays in the region.
 */
int rsv_extents_add(struct rsv_region *r, struct list_head *blocks)
{
	int err = rsv_extents_expand(r, rsv_count_runs(blocks));

	while (!err && !list_empty(blocks)) {
		unsigned long nr_pages;
		struct page *first = rsv_first_run(blocks, &nr_pages);

		err = rsv_extent_add(r, first, nr_pages);
		if (err)
			rsv_reserve_give(page_to_pfn(first), nr_pages);
		cond_resched();
	}
	rsv_reserve_give_blocks(blocks);
	return err;
}

/*
 * Holes
 */

static void rsv_extent_end(struct work_struct *work)
{
	struct rsv_extent *e = container_of(to_rcu_work(work), struct rsv_extent, free_work);

	rsv_extent_invalidate(e);
	synchronize_rcu();
	rsv_extent_free(e);
}

/**
 * rsv_extents_start() - get ready for regions
 *
 * An address in a module's per-CPU data cannot be initialised at build time.
 *
 * Context: Any.
 */
void rsv_extents_start(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		per_cpu(rsv_extent_hint, cpu) = &rsv_extent_none;
}

/**
 * rsv_extent_set_invalidate_hook() - say what makes those who remember an extent forget it
 * @gone: does it; may sleep. Called before the extent is freed, while its region may stand or not
 */
void rsv_extent_set_invalidate_hook(void (*gone)(struct rsv_extent *e))
{
	rsv_extent_invalidate_hook = gone;
}

static void rsv_extent_remove(struct rsv_extent *e)
{
	struct rsv_region *r = e->region;

	rsv_pagemap_remove(e);
	WRITE_ONCE(r->extents->at[e->frames[0].extent], NULL);
	r->metadata -= rsv_extent_bytes(e);
	/* Whoever looked up a pointer that it did not trust may still be there. */
	INIT_RCU_WORK(&e->free_work, rsv_extent_end);
	queue_rcu_work(rsv_queue, &e->free_work);
}

/**
 * rsv_extent_punch() - give a block back to the system
 * @e: its extent, the region's shape locked
 * @index: its first page in the extent
 * @order: its order, at least RSV_CHUNK_ORDER; it is in no free area and nobody's
 *
 * The frames stay and say that there is nothing; when none is left that says otherwise the extent
 * goes.
 *
 * Context: Process; may sleep.
 */
void rsv_extent_punch(struct rsv_extent *e, unsigned long index, unsigned int order)
{
	unsigned long nr_pages = 1UL << order, i;

	WRITE_ONCE(e->nr_holes, e->nr_holes + nr_pages);
	for (i = 0; i < nr_pages; i++)
		WRITE_ONCE(e->frames[index + i].kind, RSV_FRAME_HOLE);
	for (i = 0; i < nr_pages; i += 1UL << RSV_CHUNK_ORDER)
		xa_erase(&rsv_chunks, (e->first + index + i) >> RSV_CHUNK_ORDER);
	rsv_reserve_give(e->first + index, nr_pages);
	WRITE_ONCE(e->region->nr_pages, e->region->nr_pages - nr_pages);
	if (e->nr_holes == e->nr_pages)
		rsv_extent_remove(e);
}

/*
 * The end
 */

static void rsv_extent_give_pages(struct rsv_extent *e)
{
	unsigned long i;

	for (i = 0; i < e->nr_pages; i++)
		if (e->frames[i].kind != RSV_FRAME_HOLE)
			rsv_reserve_give(e->first + i, 1);
}

/**
 * rsv_extents_release() - give all pages of a region back to the system
 * @r: the region, with nothing allocated; nobody else knows it any more
 *
 * Context: Process; may sleep.
 */
void rsv_extents_release(struct rsv_region *r)
{
	struct rsv_extents *t, *older;
	unsigned int i;

	/* Extents that ended earlier may still be on their way. */
	rsv_work_flush();
	for (i = 0; i < r->nr_extents; i++)
		if (r->extents->at[i])
			rsv_pagemap_remove(r->extents->at[i]);
	/* Whoever looked up a pointer that it did not trust is done with the extents then. */
	synchronize_rcu();
	for (i = 0; i < r->nr_extents; i++)
		if (r->extents->at[i])
			rsv_extent_invalidate(r->extents->at[i]);
	synchronize_rcu();
	for (i = 0; i < r->nr_extents; i++) {
		struct rsv_extent *e = r->extents->at[i];

		if (!e)
			continue;
		rsv_extent_give_pages(e);
		rsv_extent_free(e);
	}
	for (t = r->extents; t; t = older) {
		older = t->older;
		kvfree(t);
	}
	r->extents = NULL;
	r->nr_extents = 0;
}
