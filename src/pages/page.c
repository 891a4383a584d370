// SPDX-License-Identifier: GPL-2.0
/*
 * Memory by the page: the page API, and blocks of any number of pages for the wings above.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/bitops.h>
#include <linux/highmem.h>
#include <linux/rcupdate.h>

#include "../compat.h"
#include "../region.h"
#include "../report.h"
#include "extent.h"
#include "page.h"
#include "zone.h"

#define RSV_GFP_ZONES	(__GFP_DMA | __GFP_DMA32 | __GFP_HIGHMEM)

/**
 * rsv_gfp_ok() - whether a request's flags are among those that are understood
 * @gfp: the flags
 * @known: RSV_GFP_PAGES or RSV_GFP_OBJECTS
 *
 * Says so in the log once if not: a flag that is ignored, __GFP_NOFAIL above all, is a promise that
 * is not kept. Asserts that the caller may sleep if the flags say so.
 *
 * Context: Any; may sleep if @gfp allows it.
 * Return: true if they are.
 */
bool rsv_gfp_ok(gfp_t gfp, gfp_t known)
{
	if (unlikely(gfp & ~known || hweight32((__force u32)(gfp & RSV_GFP_ZONES)) > 1)) {
		pr_warn_once("gfp flags %pGg are not supported: the request gets nothing\n", &gfp);
		return false;
	}
	might_sleep_if(gfpflags_allow_blocking(gfp));
	return true;
}

static void rsv_clear_pages(unsigned long pfn, unsigned long nr_pages, bool may_sleep)
{
	for (; nr_pages; nr_pages--, pfn++) {
		clear_highpage(pfn_to_page(pfn));
		if (may_sleep)
			cond_resched();
	}
}

/**
 * rsv_run_alloc() - take a block of any number of pages
 * @r: the region
 * @gfp: as for rsv_alloc_pages()
 * @nr_pages: their number, more than 0. The block begins at a multiple of the power of two that
 *	holds it
 *
 * Context: Any but NMI, where it gives NULL; may sleep if @gfp allows it.
 * Return: The block's first frame or NULL.
 */
struct rsv_frame *rsv_run_alloc(struct rsv_region *r, gfp_t gfp, unsigned long nr_pages)
{
	struct rsv_frame *f;

	if (!rsv_gfp_ok(gfp, RSV_GFP_PAGES))
		return NULL;
	f = rsv_zones_take(r, gfp, nr_pages);
	if (f && gfp & __GFP_ZERO)
		rsv_clear_pages(page_to_pfn(rsv_frame_page(rsv_frame_extent(r, f), f)), nr_pages,
				gfpflags_allow_blocking(gfp));
	return f;
}

/**
 * rsv_run_free() - give back a block of any number of pages
 * @r: its region
 * @f: its first frame
 *
 * Context: Any but NMI.
 * Return: RSV_OK, or what is wrong with it, and then nothing has changed.
 */
enum rsv_misuse rsv_run_free(struct rsv_region *r, struct rsv_frame *f)
{
	struct rsv_extent *e = rsv_frame_extent(r, f);

	return rsv_zone_give(e, rsv_frame_index(e, f), 0);
}

/**
 * rsv_run_dissolve() - give back a block whose frames the caller marked as its own
 * @r: its region
 * @f: its first frame
 * @nr_pages: its pages; a slab's, for the zone's lock is held for so many steps
 *
 * Context: Any but NMI.
 */
void rsv_run_dissolve(struct rsv_region *r, struct rsv_frame *f, unsigned long nr_pages)
{
	struct rsv_extent *e = rsv_frame_extent(r, f);

	rsv_zone_dissolve(e, rsv_frame_index(e, f), nr_pages);
}

/**
 * rsv_alloc_pages() - allocate a block of pages
 * @r: the region
 * @gfp: GFP_KERNEL, GFP_USER, GFP_HIGHUSER, GFP_ATOMIC or GFP_NOWAIT, with zone bits, __GFP_ZERO,
 *	__GFP_HIGH, __GFP_NOWARN and __GFP_THISNODE; anything else gives NULL and a warning, once
 * @order: 2^@order pages, physically contiguous and aligned to their size
 *
 * Every page of the block has a reference of its own, as after split_page().
 *
 * Context: Any but NMI, where it gives NULL; may sleep if @gfp allows it.
 * Return: The first page, or NULL if the region has no such block.
 */
struct page *rsv_alloc_pages(struct rsv_region *r, gfp_t gfp, unsigned int order)
{
	struct rsv_frame *f;

	if (order >= RSV_ORDERS_MAX)
		return NULL;
	f = rsv_run_alloc(r, gfp, 1UL << order);
	return f ? rsv_frame_page(rsv_frame_extent(r, f), f) : NULL;
}
EXPORT_SYMBOL_GPL(rsv_alloc_pages);

static void rsv_extent_free_pages(struct rsv_extent *e, unsigned long pfn, unsigned int order)
{
	unsigned long index = pfn - e->first;
	enum rsv_misuse misuse;

	misuse = order < RSV_ORDERS_MAX ? rsv_zone_give(e, index, 1UL << order) : RSV_WRONG_SIZE;
	if (misuse != RSV_OK)
		rsv_report(misuse, "region %s: pages at 0x%llx given back with order %u",
			   e->region->name, rsv_frame_place(e, &e->frames[index]), order);
}

/**
 * __rsv_free_pages() - give back a block of pages
 * @page: its first page
 * @order: the order that it was allocated with
 *
 * A block that is free already, that is not the start of one, has another order or belongs to no
 * region is reported and left as it is.
 *
 * Context: Any but NMI, where it is refused with a report.
 */
void __rsv_free_pages(struct page *page, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page);
	struct rsv_extent *e;

	rcu_read_lock();
	e = in_nmi() ? NULL : rsv_extent_find(pfn);
	if (e)
		rsv_extent_free_pages(e, pfn, order);
	else
		rsv_report(RSV_FOREIGN, "a page of no region given back with order %u", order);
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(__rsv_free_pages);

/**
 * rsv_get_free_pages() - allocate a block of pages by address
 * @r: the region
 * @gfp: as for rsv_alloc_pages(), without __GFP_HIGHMEM, which is ignored: the address is one of
 *	the kernel's
 * @order: 2^@order pages
 *
 * Context: As rsv_alloc_pages().
 * Return: The address of the first page, or 0.
 */
unsigned long rsv_get_free_pages(struct rsv_region *r, gfp_t gfp, unsigned int order)
{
	struct page *page = rsv_alloc_pages(r, gfp & ~__GFP_HIGHMEM, order);

	return page ? (unsigned long)page_address(page) : 0;
}
EXPORT_SYMBOL_GPL(rsv_get_free_pages);

/**
 * rsv_get_zeroed_page() - allocate one page filled with zeroes
 * @r: the region
 * @gfp: as for rsv_get_free_pages()
 *
 * Context: As rsv_alloc_pages().
 * Return: Its address, or 0.
 */
unsigned long rsv_get_zeroed_page(struct rsv_region *r, gfp_t gfp)
{
	return rsv_get_free_pages(r, gfp | __GFP_ZERO, 0);
}
EXPORT_SYMBOL_GPL(rsv_get_zeroed_page);

/**
 * rsv_free_pages() - give back a block of pages by address
 * @addr: the address of its first page; 0 does nothing
 * @order: the order that it was allocated with
 *
 * Context: As __rsv_free_pages().
 */
void rsv_free_pages(unsigned long addr, unsigned int order)
{
	if (!addr)
		return;
	if (!virt_addr_valid((void *)addr))
		rsv_report(RSV_FOREIGN, "an address of no region given back with order %u", order);
	else if (!PAGE_ALIGNED(addr))
		rsv_report(RSV_MISALIGNED, "an address inside a page given back with order %u",
			   order);
	else
		__rsv_free_pages(virt_to_page((void *)addr), order);
}
EXPORT_SYMBOL_GPL(rsv_free_pages);
