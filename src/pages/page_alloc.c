// SPDX-License-Identifier: GPL-2.0
/*
 * The page API: blocks of 2^order pages.
 *
 * An allocation has a fast path, which pops a block from this CPU's list. All requests for pages
 * share one slow path:
 *
 *	rsv_request_serve(), for each zone that may serve:
 *		a zeroed page, if the request wants one; this CPU's list; the free areas
 *	rsv_request_drain(): drain what is cached elsewhere, and try the zones once more;
 *		count and report the failure
 *
 * A request for a whole block refills an empty list. A request for a run (contig.c) does not.
 *
 * A free likewise has a fast path, onto this CPU's list, and one slow path: onto this CPU's list,
 * where the oldest blocks make room if it is full, else to the free areas, else a report of what is
 * wrong.
 *
 * The fast paths run in any context, the slow ones in any but an NMI, in which a free only opens a
 * list. The zone's lock guards the free areas, and the protocol in pcp.c guards the lists. The
 * caller of a free may pass any page. So the free looks up the page's extent with preemption
 * disabled, which holds off the grace periods that end before an extent is freed.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/highmem.h>
#include <linux/ratelimit.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "backoff.h"
#include "drain.h"
#include "gfp.h"
#include "page_alloc.h"
#include "pagemap.h"
#include "pcp.h"
#include "pcp_large.h"
#include "report.h"
#include "zeroed.h"
#include "zone.h"
#include "zonelist.h"

/*
 * Allocating
 */

static noinline void rsv_clear_pages(const struct rsv_region *r, const struct rsv_frame *f,
				     unsigned long nr_pages, gfp_t gfp)
{
	unsigned long pfn = page_to_pfn(rsv_frame_page(rsv_frame_extent(r, f), f));
	unsigned long end = pfn + nr_pages;

	for (; pfn < end; pfn++) {
		clear_highpage(pfn_to_page(pfn));
		if (gfpflags_allow_blocking(gfp))
			cond_resched();
	}
}

/*
 * Whether a request may use a zone's lists and zeroed pages, which serve whole blocks of small
 * orders. This is the only place that checks the watermarks for them.
 */
static inline bool rsv_zone_may_use_lists(const struct rsv_zone *z, const struct rsv_request *q)
{
	return q->order < RSV_LISTED_ORDERS && q->bytes == PAGE_SIZE << q->order &&
	       rsv_zone_shares(z, q) && !rsv_zone_below_min(z, q);
}

/* Allocates a block from one zone, and clears it if the request wants that. */
static __always_inline struct rsv_frame *rsv_zone_serve(struct rsv_zone *z,
							const struct rsv_request *q)
{
	struct rsv_frame *f = NULL;

	if (rsv_zone_may_use_lists(z, q)) {
		if (q->gfp & __GFP_ZERO && !q->order) {
			f = rsv_zeroed_alloc(z, q);
			if (f)
				return f;
		}
		f = q->order < RSV_PCP_ORDERS ? rsv_pcp_alloc(z, q) :
						rsv_large_alloc(z, q->order, q->gfp);
	}
	f = f ?: rsv_zone_alloc(z, q);
	if (likely(f) && unlikely(q->gfp & __GFP_ZERO))
		rsv_clear_pages(z->region, f, q->nr_pages, q->gfp);
	return f;
}

/* Tries all zones in order, except the one that failed just now. */
static noinline struct rsv_frame *rsv_zones_serve(struct rsv_region *r, const struct rsv_request *q,
						  const struct rsv_zone *failed)
{
	struct rsv_zone_walk walk = {};
	struct rsv_frame *f = NULL;
	struct rsv_zone *z;

	while (!f && (z = rsv_zone_next(r, q, &walk)))
		if (z != failed)
			f = rsv_zone_serve(z, q);
	return f;
}

/* Limits how often a failed request prints a line */
static DEFINE_RATELIMIT_STATE(rsv_failure_limit, 5 * HZ, 1);

static noinline void rsv_request_failed(struct rsv_region *r, const struct rsv_request *q,
					bool waited)
{
	if (waited)
		rsv_backoff_failed(r, q);
	rsv_zone_count_failure(rsv_zone_first(r, q), q->order);
	if (!(q->gfp & __GFP_NOWARN) && __ratelimit(&rsv_failure_limit))
		pr_warn("region %s: no %lu KiB for %s, gfp flags %pGg\n", r->name,
			q->nr_pages << (PAGE_SHIFT - 10), current->comm, &q->gfp);
}

/* Whether a zone that may serve could, if all its pages were free. Others never drain. */
static bool rsv_request_is_possible(struct rsv_region *r, const struct rsv_request *q, bool gather)
{
	struct rsv_zone_walk walk = {};
	struct rsv_zone *z;

	while ((z = rsv_zone_next(r, q, &walk)))
		if (gather ? q->nr_pages <= READ_ONCE(z->nr_pages) :
			     q->order < READ_ONCE(z->nr_orders))
			return true;
	return false;
}

/* For a request of a drained region: tries the zones once more, as backoff.c demands. */
static struct rsv_frame *rsv_request_drained(struct rsv_region *r, const struct rsv_request *q)
{
	struct rsv_frame *f = rsv_zones_serve(r, q, NULL);

	if (!f)
		rsv_request_failed(r, q, false);
	return f;
}

/*
 * After no zone had a block: frees what only waits for a grace period and tries all zones, then
 * drains and tries them once more, then counts the failure. A request that backs off goes to the
 * drain at once, since that too hurries the grace period. Where a drain can find nothing nobody
 * drains, but a request that gathers takes its turn all the same.
 */
static noinline struct rsv_frame *
rsv_request_drain(struct rsv_region *r, const struct rsv_request *q,
		  struct rsv_frame *(*gather)(struct rsv_region *r, const struct rsv_request *q))
{
	bool backoff = rsv_backoff_wanted(r, q), waited;
	struct rsv_frame *f = NULL;

	if (!rsv_request_is_possible(r, q, gather)) {
		rsv_request_failed(r, q, false);
		return NULL;
	}
	if (!gather && rsv_backoff_is_drained(r))
		return rsv_request_drained(r, q);
	if (!backoff && rsv_drain_leaving(r, q->gfp))
		f = rsv_zones_serve(r, q, NULL);
	if (f)
		return f;
	waited = backoff ? rsv_backoff_drain(r, q) : rsv_drain_for_request(r, q->gfp);
	f = rsv_zones_serve(r, q, NULL);
	if (!f && waited && gather) {
		f = gather(r, q);
		if (f && q->gfp & __GFP_ZERO)
			rsv_clear_pages(r, f, q->nr_pages, q->gfp);
	}
	if (!f)
		rsv_request_failed(r, q, waited);
	else if (waited)
		rsv_backoff_served(r, q);
	return f;
}

/*
 * The slow path up to the drain. Blocks too large for the lists have no faster path. So the steps
 * down to the free areas of the first zone are inline: as calls they took a third more
 * instructions.
 */
static __always_inline struct rsv_frame *rsv_request_serve(struct rsv_region *r,
							   const struct rsv_request *q)
{
	struct rsv_zone *z = rsv_zone_first(r, q);
	struct rsv_frame *f = rsv_zone_serve(z, q);

	return likely(f) ? f : rsv_zones_serve(r, q, z);
}

/* The whole slow path */
static __always_inline struct rsv_frame *
rsv_request_serve_or_drain(struct rsv_region *r, const struct rsv_request *q,
			   struct rsv_frame *(*gather)(struct rsv_region *r,
						       const struct rsv_request *q))
{
	if (unlikely(in_nmi()))
		return NULL;
	return rsv_request_serve(r, q) ?: rsv_request_drain(r, q, gather);
}

/**
 * rsv_request_try() - allocate a block from the first zone that has one
 * @r: the region
 * @q: the request, its order below RSV_ORDERS_MAX
 *
 * Nothing is drained, and a failure is not counted.
 *
 * Context: Any; in an NMI it gives NULL.
 * Return: The block's first frame, marked as used and cleared if the flags say so, or NULL.
 */
struct rsv_frame *rsv_request_try(struct rsv_region *r, const struct rsv_request *q)
{
	return unlikely(in_nmi()) ? NULL : rsv_request_serve(r, q);
}

/**
 * rsv_request_alloc() - do all that a request permits to allocate a block
 * @r: the region
 * @q: the request, its order below RSV_ORDERS_MAX
 * @gather: tried last, if the caller may wait; or NULL
 *
 * Context: Any; in an NMI it gives NULL. May sleep if the request's flags allow it.
 * Return: The block's first frame, marked as used and cleared if the flags say so, or NULL.
 */
struct rsv_frame *rsv_request_alloc(struct rsv_region *r, const struct rsv_request *q,
				    struct rsv_frame *(*gather)(struct rsv_region *r,
								const struct rsv_request *q))
{
	return rsv_request_serve_or_drain(r, q, gather);
}

static inline struct rsv_request rsv_pages_request(gfp_t gfp, int nid, unsigned int order)
{
	return (struct rsv_request){
		.gfp = gfp,
		.nid = nid,
		.nr_pages = 1UL << order,
		.bytes = PAGE_SIZE << order,
		.order = order,
		.refill = true,
	};
}

static inline struct page *rsv_block_page(const struct rsv_region *r, const struct rsv_frame *f)
{
	return f ? rsv_frame_page(rsv_frame_extent(r, f), f) : NULL;
}

/* @order: below RSV_ORDERS_MAX */
static noinline struct page *rsv_alloc_pages_slow(struct rsv_region *r, gfp_t gfp,
						  unsigned int order)
{
	const struct rsv_request q = rsv_pages_request(gfp, numa_mem_id(), order);

	if (unlikely(gfp & ~RSV_GFP_PLAIN) && !rsv_gfp_ok(gfp, RSV_GFP_PAGES))
		return NULL;
	return rsv_block_page(r, rsv_request_serve_or_drain(r, &q, NULL));
}

/* Clears a page of this CPU's list, unless there may be one that was cleared beforehand. */
static inline struct page *rsv_pages_pop_zeroed(struct rsv_region *r, const struct rsv_zone *z)
{
	struct rsv_frame *f;
	struct page *page;

	if (rsv_zeroed_is_asked(z) || !rsv_pages_pop(r, 0, &f, &page))
		return NULL;
	clear_highpage(page);
	return page;
}

/* Pops a block from this CPU's list of larger ones, as rsv_pages_pop() does for small orders. */
static inline struct page *rsv_pages_pop_large(struct rsv_region *r, struct rsv_zone *z,
					       unsigned int order, gfp_t gfp)
{
	if (unlikely(READ_ONCE(z->free_pages) < READ_ONCE(z->list_min)))
		return NULL;
	return rsv_block_page(r, rsv_large_alloc(z, order, gfp));
}

/*
 * Requests that rsv_alloc_pages() does not serve itself: for single zeroed pages, for larger
 * blocks, and with rarer flags. @order: below RSV_ORDERS_MAX
 */
static noinline struct page *rsv_alloc_pages_rare(struct rsv_region *r, gfp_t gfp,
						  unsigned int order)
{
	struct rsv_zone *z = READ_ONCE(r->nearest[numa_mem_id()]);
	const gfp_t rare = gfp & ~RSV_GFP_PLAIN;
	struct page *page = NULL;

	if (!rare && order < RSV_LISTED_ORDERS)
		page = rsv_pages_pop_large(r, z, order, gfp);
	else if (rare == __GFP_ZERO && !order)
		page = rsv_pages_pop_zeroed(r, z);
	return page ?: rsv_alloc_pages_slow(r, gfp, order);
}

/**
 * rsv_alloc_pages() - allocate a block of pages
 * @r: the region
 * @gfp: the kernel's combinations, such as GFP_KERNEL, GFP_ATOMIC or GFP_HIGHUSER, with zone bits,
 *	__GFP_ZERO, __GFP_HIGH, __GFP_NOWARN and __GFP_THISNODE. Hints have no effect (pages/gfp.c
 *	lists all flags). A flag that would change the meaning of the request, such as
 *	__GFP_NOFAIL, gives NULL and a warning, once for each caller
 * @order: 2^@order pages, physically contiguous and aligned to their size
 *
 * Every page of the block has a reference of its owner, as after split_page(), and some of the
 * region (RSV_PAGE_REFS); rsv_page_is_shared() says whether anybody else refers to a page. The
 * caller may let others refer to the pages, as vm_insert_page() and network buffers do, and free
 * the block at any time: pages that somebody still refers to then wait, and serve again when the
 * last such reference is gone. For a block of order 4 and up, __GFP_COMP says that others may refer
 * to, or use the fields of, other pages than the first: a free looks at all pages of such a block.
 *
 * Context: Any; may sleep if @gfp allows it. In an NMI it gives NULL unless @order is below 4 and a
 * list of this CPU has such a block.
 * Return: The first page, or NULL if the region has no such block.
 */
struct page *rsv_alloc_pages(struct rsv_region *r, gfp_t gfp, unsigned int order)
{
	struct rsv_frame *f;
	struct page *page;

	rsv_might_alloc(gfp);
	if (unlikely(gfp & ~RSV_GFP_PLAIN) || order >= RSV_PCP_ORDERS)
		return order < RSV_ORDERS_MAX ? rsv_alloc_pages_rare(r, gfp, order) : NULL;
	if (unlikely(!rsv_pages_pop(r, order, &f, &page)))
		return rsv_alloc_pages_slow(r, gfp, order);
	return page;
}
EXPORT_SYMBOL_GPL(rsv_alloc_pages);

/**
 * rsv_alloc_pages_node() - allocate a block of pages, preferably on a node
 * @r: the region
 * @nid: the node, or NUMA_NO_NODE for that of this CPU. With __GFP_THISNODE no other serves
 * @gfp: as for rsv_alloc_pages()
 * @order: as for rsv_alloc_pages()
 *
 * Context: As rsv_alloc_pages().
 * Return: As rsv_alloc_pages(), and NULL for a node that does not exist.
 */
struct page *rsv_alloc_pages_node(struct rsv_region *r, int nid, gfp_t gfp, unsigned int order)
{
	struct rsv_request q;

	rsv_might_alloc(gfp);
	if (nid == NUMA_NO_NODE)
		nid = numa_mem_id();
	if (nid < 0 || nid >= nr_node_ids || order >= RSV_ORDERS_MAX)
		return NULL;
	if (!rsv_gfp_ok(gfp, RSV_GFP_PAGES))
		return NULL;
	q = rsv_pages_request(gfp, nid, order);
	return rsv_block_page(r, rsv_request_alloc(r, &q, NULL));
}
EXPORT_SYMBOL_GPL(rsv_alloc_pages_node);

/*
 * Freeing
 */

/*
 * The fast path of a free: onto this CPU's list, if the page lies in the extent of the CPU's hint.
 * With @opens it is not fast, and opens a list that is closed.
 */
static __always_inline bool rsv_pages_push(struct page *page, unsigned int order, bool opens)
{
	unsigned long pfn = page_to_pfn(page), index;
	struct rsv_extent *e;
	struct rsv_zone *z;

	preempt_disable();
	e = rsv_hint(rsv_hint_of_pfn(pfn));
	index = pfn - e->first;
	if (unlikely(index >= e->nr_pages))
		goto refuse;
	z = e->zone;
	if (unlikely(opens ? !rsv_pcp_free(e, index, order) :
			     !rsv_pcp_push_fast(rsv_pcp_this_cpu(z, order), &e->frames[index],
						page, order)))
		goto refuse;
	preempt_enable();
	return true;
refuse:
	preempt_enable();
	return false;
}

static noinline void rsv_free_pages_failed(const struct rsv_extent *e, unsigned long index,
					   unsigned int order, enum rsv_misuse misuse)
{
	if (!e)
		rsv_report(misuse, "a page of no region given back with order %u", order);
	else
		rsv_report(misuse, "region %s: pages at 0x%llx given back with order %u",
			   e->region->name, rsv_frame_offset(e, &e->frames[index]),
			   order);
}

/*
 * Frees a block of settled pages, with preemption disabled. It is inline for the same reason as the
 * slow path of an allocation. Returns false, and then nothing has changed, if there is more to it.
 */
static __always_inline bool rsv_extent_free_pages(struct rsv_extent *e, unsigned long index,
						  unsigned int order)
{
	if (order < RSV_PCP_ORDERS ? rsv_pcp_free(e, index, order) :
	    order < RSV_LISTED_ORDERS && rsv_large_free(e, index, order))
		return true;
	return likely(order < RSV_ORDERS_MAX) && rsv_zone_free_block(e, index, order);
}

/*
 * Frees a block some of whose pages are not settled, or finds out what is wrong with it. Preemption
 * is disabled by the caller, and enabled here: a block that is claimed keeps its extent.
 */
static noinline void rsv_free_pages_last(struct rsv_extent *e, unsigned long index,
					 unsigned int order)
{
	enum rsv_misuse misuse = RSV_FOREIGN;

	if (e)
		misuse = order < RSV_ORDERS_MAX ? rsv_zone_claim(e, index, 1UL << order) :
						  RSV_WRONG_SIZE;
	if (misuse == RSV_OK) {
		preempt_enable();
		rsv_zone_free_claimed(e, index);
		return;
	}
	/* A report takes long, so from here on RCU keeps the extent from being freed. */
	rcu_read_lock();
	preempt_enable();
	rsv_free_pages_failed(e, index, order, misuse);
	rcu_read_unlock();
}

/* In an NMI only this CPU's list may take the block, also if the list is closed (backoff.c). */
static noinline void rsv_free_pages_nmi(struct page *page, unsigned int order)
{
	if (order >= RSV_PCP_ORDERS || !rsv_pages_push(page, order, true))
		rsv_refuse_nmi("pages given back");
}

static noinline void rsv_free_pages_slow(struct page *page, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page), index;
	struct rsv_extent *e;

	if (unlikely(in_nmi())) {
		rsv_free_pages_nmi(page, order);
		return;
	}
	preempt_disable();
	e = rsv_hint(rsv_hint_of_pfn(pfn));
	index = pfn - e->first;
	if (unlikely(index >= e->nr_pages || READ_ONCE(e->nr_holes))) {
		e = rsv_extent_find(pfn);
		index = e ? pfn - e->first : 0;
	}
	if (likely(e && rsv_extent_free_pages(e, index, order)))
		preempt_enable();
	else
		rsv_free_pages_last(e, index, order);
}

/* Not inline: __rsv_free_pages() needs no stack for single pages, which are the most frequent. */
static noinline void rsv_free_block(struct page *page, unsigned int order)
{
	if (unlikely(order >= RSV_PCP_ORDERS || !rsv_pages_push(page, order, false)))
		rsv_free_pages_slow(page, order);
}

/**
 * __rsv_free_pages() - free a block of pages
 * @page: its first page
 * @order: the order that it was allocated with
 *
 * If the page is not the first one of a used block of this order in some region, the function
 * reports it and changes nothing.
 *
 * Context: Any. In an NMI it is refused with a report unless @order is below 4 and a list of this
 * CPU has room.
 */
noinline void __rsv_free_pages(struct page *page, unsigned int order)
{
	if (order)
		rsv_free_block(page, order);
	else if (unlikely(!rsv_pages_push(page, 0, false)))
		rsv_free_pages_slow(page, 0);
}
EXPORT_SYMBOL_GPL(__rsv_free_pages);

/*
 * By address, and in bulk
 */

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
 * rsv_free_pages() - free a block of pages by address
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

/**
 * rsv_alloc_pages_bulk() - fill an array with single pages
 * @r: the region
 * @gfp: as for rsv_alloc_pages()
 * @nr: entries of the array
 * @pages: the array. Entries that are not NULL stay as they are
 *
 * Context: As rsv_alloc_pages().
 * Return: The number of entries that are filled from the first one on: @nr, or less if the region
 * ran out of pages. As alloc_pages_bulk() of the kernel.
 */
unsigned long rsv_alloc_pages_bulk(struct rsv_region *r, gfp_t gfp, unsigned long nr,
				   struct page **pages)
{
	unsigned long i;

	for (i = 0; i < nr; i++) {
		if (pages[i])
			continue;
		pages[i] = rsv_alloc_pages(r, gfp, 0);
		if (!pages[i])
			break;
	}
	return i;
}
EXPORT_SYMBOL_GPL(rsv_alloc_pages_bulk);

/**
 * rsv_free_pages_bulk() - free many single pages
 * @nr: how many
 * @pages: the pages
 *
 * Context: As __rsv_free_pages().
 */
void rsv_free_pages_bulk(unsigned long nr, struct page **pages)
{
	while (nr--)
		__rsv_free_pages(pages[nr], 0);
}
EXPORT_SYMBOL_GPL(rsv_free_pages_bulk);
