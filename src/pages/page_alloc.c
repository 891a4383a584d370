// SPDX-License-Identifier: GPL-2.0
/*
 * Memory by the page: the page API, and blocks of any number of pages for the wings above.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/bitops.h>
#include <linux/highmem.h>
#include <linux/ratelimit.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>

#include "compat.h"
#include "contig.h"
#include "drain.h"
#include "extent.h"
#include "page_alloc.h"
#include "pcp.h"
#include "region.h"
#include "report.h"
#include "zeroed.h"
#include "zone.h"

#define RSV_GFP_ZONES (__GFP_DMA | __GFP_DMA32 | __GFP_HIGHMEM)

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

/* A request for so many bytes, in a block that holds so many pages */
static struct rsv_request rsv_request_make(gfp_t gfp, int nid, unsigned long nr_pages, size_t bytes)
{
	return (struct rsv_request){
		.gfp = gfp,
		.nid = nid,
		.highest = gfp_zone(gfp),
		.nr_pages = nr_pages,
		.bytes = bytes,
		.order = order_base_2(nr_pages),
	};
}

/* The lists have whole blocks of small orders, which are counted as asked for in full. */
static bool rsv_request_is_plain(const struct rsv_request *q)
{
	return q->order < RSV_PCP_ORDERS && q->nr_pages == 1UL << q->order &&
	       q->bytes == PAGE_SIZE << q->order;
}

/*
 * From what a zone has ready: pages that are zeroed already, if that is wanted, and lists of CPUs.
 */
static struct rsv_frame *rsv_zone_serve_ready(struct rsv_zone *z, const struct rsv_request *q,
					      bool *zero)
{
	struct rsv_frame *f = *zero && !q->order ? rsv_zeroed_take(z, q) : NULL;

	if (!f)
		return rsv_pcp_take(z, q);
	*zero = false;
	return f;
}

static struct rsv_frame *rsv_zone_serve(struct rsv_zone *z, const struct rsv_request *q, bool *zero)
{
	struct rsv_frame *f = NULL;

	if (rsv_request_is_plain(q) && rsv_zone_shares(z, q) && !rsv_zone_below_min(z, q))
		f = rsv_zone_serve_ready(z, q, zero);
	return f ?: rsv_zone_take(z, q);
}

static struct rsv_frame *rsv_serve(struct rsv_region *r, const struct rsv_request *q, bool *zero)
{
	struct rsv_zone_walk walk = rsv_zone_walk_begin(q);
	struct rsv_frame *f;
	struct rsv_zone *z;

	while ((z = rsv_zone_next(r, q, &walk))) {
		f = rsv_zone_serve(z, q, zero);
		if (f)
			return f;
	}
	return NULL;
}

/*
 * Who allocates for a file system's sake, or to free memory, may have come from where locks are
 * held that others hold while they wait for memory of the system.
 */
static bool rsv_may_wait(gfp_t gfp)
{
	return gfpflags_allow_blocking(gfp) && current_gfp_context(gfp) & __GFP_FS &&
	       !(current->flags & PF_MEMALLOC);
}

/* Nothing at hand: gather what is free but elsewhere, and try once more. */
static struct rsv_frame *rsv_serve_hard(struct rsv_region *r, const struct rsv_request *q,
					bool *zero)
{
	struct rsv_frame *f;

	if (!rsv_may_wait(q->gfp)) {
		rsv_drain_atomic(r);
		return rsv_serve(r, q, zero);
	}
	rsv_drain_for_request(r);
	f = rsv_serve(r, q, zero);
	return f || !q->anywhere ? f : rsv_run_gather(r, q);
}

/* How often a request that fails is worth a line */
static DEFINE_RATELIMIT_STATE(rsv_failure_limit, 5 * HZ, 1);

static void rsv_serve_failed(struct rsv_region *r, const struct rsv_request *q)
{
	struct rsv_zone_walk walk = rsv_zone_walk_begin(q);
	struct rsv_zone *z = rsv_zone_next(r, q, &walk);

	if (z)
		rsv_zone_count_failure(z, q->order);
	if (!(q->gfp & __GFP_NOWARN) && __ratelimit(&rsv_failure_limit))
		pr_warn("region %s: no %lu KiB for %s, gfp flags %pGg\n", r->name,
			q->nr_pages << (PAGE_SHIFT - 10), current->comm, &q->gfp);
}

static struct rsv_frame *rsv_block_alloc(struct rsv_region *r, const struct rsv_request *q)
{
	bool zero = q->gfp & __GFP_ZERO;
	struct rsv_frame *f;

	if (in_nmi() || q->order >= RSV_ORDERS_MAX)
		return NULL;
	f = rsv_serve(r, q, &zero);
	if (unlikely(!f)) {
		f = rsv_serve_hard(r, q, &zero);
		if (!f) {
			rsv_serve_failed(r, q);
			return NULL;
		}
	}
	if (zero)
		rsv_clear_pages(page_to_pfn(rsv_frame_page(rsv_frame_extent(r, f), f)), q->nr_pages,
				gfpflags_allow_blocking(q->gfp));
	return f;
}

/* The fast path of an allocation: from the list of this CPU, unless the zone is short */
static __always_inline bool rsv_pages_pop(struct rsv_region *r, unsigned int order,
					  struct rsv_frame **frame, struct page **page)
{
	struct rsv_zone *z;

	preempt_disable();
	z = READ_ONCE(r->nearest[numa_mem_id()]);
	if (unlikely(READ_ONCE(z->free_pages) < READ_ONCE(z->list_min)))
		goto refuse;
	if (unlikely(!rsv_pcp_pop_fast(this_cpu_ptr(z->pcp[order]), frame, page)))
		goto refuse;
	preempt_enable();
	return true;
refuse:
	preempt_enable();
	return false;
}

/*
 * A request whose flags name neither zones nor nodes, out of the free areas of the zone that is
 * first for this CPU; NULL: the long way may lead to another one, or make room.
 */
static __always_inline struct rsv_frame *rsv_plain_take(struct rsv_region *r, gfp_t gfp,
							unsigned int order, unsigned long nr_pages)
{
	if (in_nmi())
		return NULL;
	return rsv_zone_take_plain(READ_ONCE(r->nearest[numa_mem_id()]), gfp, order, nr_pages);
}

/*
 * A list that is empty is not filled for it: slabs come one by one, and who takes an object that
 * needs one should not wait for half a list.
 */
static __always_inline struct rsv_frame *rsv_run_take(struct rsv_region *r, gfp_t gfp, int nid,
						      unsigned long nr_pages)
{
	const unsigned int order = order_base_2(nr_pages);
	struct rsv_frame *f;
	struct page *page;

	if (unlikely(gfp & ~RSV_GFP_PLAIN || nid != numa_mem_id() || order >= RSV_ORDERS_MAX))
		return NULL;
	if (order < RSV_PCP_ORDERS && nr_pages == 1UL << order &&
	    rsv_pages_pop(r, order, &f, &page))
		return f;
	return rsv_plain_take(r, gfp, order, nr_pages);
}

static noinline struct rsv_frame *rsv_run_alloc_slow(struct rsv_region *r, gfp_t gfp, int nid,
						     unsigned long nr_pages)
{
	struct rsv_request q;

	if (!rsv_gfp_ok(gfp, RSV_GFP_PAGES))
		return NULL;
	q = rsv_request_make(gfp, nid, nr_pages, nr_pages << PAGE_SHIFT);
	return rsv_block_alloc(r, &q);
}

static noinline struct rsv_frame *rsv_run_try_slow(struct rsv_region *r, gfp_t gfp, int nid,
						   unsigned long nr_pages)
{
	bool zero = false;
	struct rsv_request q;

	if (in_nmi() || !rsv_gfp_ok(gfp, RSV_GFP_PAGES & ~__GFP_ZERO))
		return NULL;
	q = rsv_request_make(gfp, nid, nr_pages, nr_pages << PAGE_SHIFT);
	return q.order < RSV_ORDERS_MAX ? rsv_serve(r, &q, &zero) : NULL;
}

/**
 * rsv_run_try() - take a block of any number of pages if there is one: no effort is made, and if
 *	not it is no failure that would be counted
 * @r: the region
 * @gfp: as for rsv_alloc_pages(), without __GFP_ZERO
 * @nid: the node that would be best
 * @nr_pages: as for rsv_run_alloc()
 *
 * Context: Any but NMI, where it gives NULL; may sleep if @gfp allows it.
 * Return: The block's first frame or NULL.
 */
struct rsv_frame *rsv_run_try(struct rsv_region *r, gfp_t gfp, int nid, unsigned long nr_pages)
{
	return rsv_run_take(r, gfp, nid, nr_pages) ?: rsv_run_try_slow(r, gfp, nid, nr_pages);
}

/**
 * rsv_run_alloc() - take a block of any number of pages
 * @r: the region
 * @gfp: as for rsv_alloc_pages()
 * @nid: the node that would be best
 * @nr_pages: their number, more than 0. The block begins at a multiple of the power of two that
 *	holds it
 *
 * Context: Any but NMI, where it gives NULL; may sleep if @gfp allows it.
 * Return: The block's first frame or NULL.
 */
struct rsv_frame *rsv_run_alloc(struct rsv_region *r, gfp_t gfp, int nid, unsigned long nr_pages)
{
	rsv_might_sleep(gfp);
	return rsv_run_take(r, gfp, nid, nr_pages) ?: rsv_run_alloc_slow(r, gfp, nid, nr_pages);
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

/* The long way: all zones that may serve, and what can be done if none does */
static noinline struct page *rsv_alloc_pages_slow(struct rsv_region *r, int nid, gfp_t gfp,
						  unsigned int order)
{
	struct rsv_request q;
	struct rsv_frame *f;

	if (nid == NUMA_NO_NODE)
		nid = numa_mem_id();
	if (order >= RSV_ORDERS_MAX || nid < 0 || nid >= nr_node_ids)
		return NULL;
	if (!rsv_gfp_ok(gfp, RSV_GFP_PAGES))
		return NULL;
	q = rsv_request_make(gfp, nid, 1UL << order, PAGE_SIZE << order);
	f = rsv_block_alloc(r, &q);
	return f ? rsv_frame_page(rsv_frame_extent(r, f), f) : NULL;
}

/* The fast path of a free: onto the list of this CPU, where the last ones were */
static __always_inline bool rsv_pages_push(struct page *page, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page), index;
	struct rsv_extent *e;
	struct rsv_zone *z;

	preempt_disable();
	/* It stays until preemption is enabled again. */
	e = this_cpu_read(rsv_extent_hint);
	index = pfn - e->first;
	if (unlikely(index >= e->nr_pages))
		goto refuse;
	z = e->zone;
	if (unlikely(!rsv_pcp_push_fast(this_cpu_ptr(z->pcp[order]), READ_ONCE(z->pcp_high[order]),
					&e->frames[index], page, order)))
		goto refuse;
	preempt_enable();
	return true;
refuse:
	preempt_enable();
	return false;
}

/* Without a list: out of the free areas, and if that fails the long way */
static noinline struct page *rsv_pages_take(struct rsv_region *r, gfp_t gfp, unsigned int order)
{
	struct rsv_frame *f = NULL;

	if (order < RSV_ORDERS_MAX)
		f = rsv_plain_take(r, gfp, order, 1UL << order);
	return f ? rsv_frame_page(rsv_frame_extent(r, f), f)
		 : rsv_alloc_pages_slow(r, NUMA_NO_NODE, gfp, order);
}

/* The list of this CPU is empty: filled by the zone that is first, or else the long way */
static noinline struct page *rsv_pages_refill(struct rsv_region *r, gfp_t gfp, unsigned int order)
{
	struct rsv_zone *z = READ_ONCE(r->nearest[numa_mem_id()]);
	const struct rsv_request q = {
		.gfp = gfp,
		.highest = ZONE_NORMAL,
		.nr_pages = 1UL << order,
		.order = order,
	};
	struct rsv_frame *f = NULL;

	if (READ_ONCE(z->list_min) != ULONG_MAX && !rsv_zone_below_min(z, &q))
		f = rsv_pcp_take(z, &q);
	return f ? rsv_frame_page(rsv_frame_extent(r, f), f)
		 : rsv_alloc_pages_slow(r, NUMA_NO_NODE, gfp, order);
}

/* Filled with zeroes: here, unless pages are waiting that are so already */
static noinline struct page *rsv_pages_zeroed(struct rsv_region *r, gfp_t gfp, unsigned int order)
{
	struct rsv_zone *z = READ_ONCE(r->nearest[numa_mem_id()]);
	struct rsv_frame *f;
	struct page *page;

	if (order >= RSV_PCP_ORDERS || (!order && READ_ONCE(z->nr_zeroed)) ||
	    !rsv_pages_pop(r, order, &f, &page))
		return rsv_alloc_pages_slow(r, NUMA_NO_NODE, gfp, order);
	rsv_clear_pages(page_to_pfn(page), 1UL << order, gfpflags_allow_blocking(gfp));
	if (!order)
		rsv_zeroed_wake(z);
	return page;
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
	struct page *page;

	rsv_might_sleep(gfp);
	if (unlikely(gfp & ~RSV_GFP_PLAIN))
		return gfp & ~(RSV_GFP_PLAIN | __GFP_ZERO)
			       ? rsv_alloc_pages_slow(r, NUMA_NO_NODE, gfp, order)
			       : rsv_pages_zeroed(r, gfp, order);
	if (order >= RSV_PCP_ORDERS)
		return rsv_pages_take(r, gfp, order);
	if (unlikely(!rsv_pages_pop(r, order, &f, &page)))
		return rsv_pages_refill(r, gfp, order);
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
	return rsv_alloc_pages_slow(r, nid, gfp, order);
}
EXPORT_SYMBOL_GPL(rsv_alloc_pages_node);

/* Onto the list of this CPU, once there is room, of whatever extent it is */
static bool rsv_pages_push_slow(struct rsv_extent *e, unsigned long pfn, unsigned int order)
{
	struct rsv_zone *z = e->zone;
	bool done;

	rsv_pcp_make_room(z, order);
	preempt_disable();
	done = rsv_pcp_push_fast(this_cpu_ptr(z->pcp[order]), READ_ONCE(z->pcp_high[order]),
				 &e->frames[pfn - e->first], pfn_to_page(pfn), order);
	preempt_enable();
	return done;
}

static void rsv_extent_free_pages(struct rsv_extent *e, unsigned long pfn, unsigned int order)
{
	unsigned long index = pfn - e->first;
	enum rsv_misuse misuse;

	if (order < RSV_PCP_ORDERS && rsv_pages_push_slow(e, pfn, order))
		return;
	misuse = order < RSV_ORDERS_MAX ? rsv_zone_give(e, index, 1UL << order) : RSV_WRONG_SIZE;
	if (misuse != RSV_OK)
		rsv_report(misuse, "region %s: pages at 0x%llx given back with order %u",
			   e->region->name, rsv_frame_offset(e, &e->frames[index]), order);
}

static noinline void rsv_free_pages_slow(struct page *page, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page);
	struct rsv_extent *e;

	if (rsv_refuse_nmi("pages given back"))
		return;
	rcu_read_lock();
	e = rsv_extent_find(pfn);
	if (e)
		rsv_extent_free_pages(e, pfn, order);
	else
		rsv_report(RSV_FOREIGN, "a page of no region given back with order %u", order);
	rcu_read_unlock();
}

/* Without a list: into the free areas, and if something is wrong the long way */
static noinline void rsv_pages_give(struct page *page, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page), index;
	struct rsv_extent *e;
	bool done = false;

	preempt_disable();
	e = this_cpu_read(rsv_extent_hint);
	index = pfn - e->first;
	if (likely(index < e->nr_pages) && order < RSV_ORDERS_MAX && !in_nmi())
		done = rsv_zone_give_block(e, index, order);
	preempt_enable();
	if (unlikely(!done))
		rsv_free_pages_slow(page, order);
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
noinline void __rsv_free_pages(struct page *page, unsigned int order)
{
	if (order >= RSV_PCP_ORDERS)
		rsv_pages_give(page, order);
	else if (unlikely(!rsv_pages_push(page, order)))
		rsv_free_pages_slow(page, order);
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

/**
 * rsv_alloc_pages_exact() - allocate physically contiguous memory of any length
 * @r: the region
 * @size: bytes, rounded up to whole pages
 * @gfp: as for rsv_get_free_pages()
 *
 * Takes one block and gives its tail back at once. Where no single block is large enough, a caller
 * that may sleep gets free blocks that lie side by side: up to the longest free run, wherever it
 * begins.
 *
 * Context: As rsv_alloc_pages().
 * Return: The address of the first page, or NULL.
 */
void *rsv_alloc_pages_exact(struct rsv_region *r, size_t size, gfp_t gfp)
{
	struct rsv_request q;
	struct rsv_frame *f;

	gfp &= ~__GFP_HIGHMEM;
	if (!size || size > SIZE_MAX - PAGE_SIZE || !rsv_gfp_ok(gfp, RSV_GFP_PAGES))
		return NULL;
	q = rsv_request_make(gfp, numa_mem_id(), PFN_UP(size), size);
	q.anywhere = true;
	f = rsv_block_alloc(r, &q);
	return f ? rsv_frame_addr(rsv_frame_extent(r, f), f) : NULL;
}
EXPORT_SYMBOL_GPL(rsv_alloc_pages_exact);

static void rsv_extent_free_exact(struct rsv_extent *e, void *addr, unsigned long nr_pages)
{
	enum rsv_misuse misuse = RSV_MISALIGNED;

	if (PAGE_ALIGNED(addr))
		misuse = rsv_zone_give(e, (addr - e->base) >> PAGE_SHIFT, nr_pages);
	if (misuse != RSV_OK)
		rsv_report(misuse, "region %s: %lu pages at 0x%llx given back", e->region->name,
			   nr_pages, rsv_addr_offset(e, addr));
}

/**
 * rsv_free_pages_exact() - give back what rsv_alloc_pages_exact() gave
 * @addr: its address; NULL does nothing
 * @size: the bytes that were asked for
 *
 * Context: As __rsv_free_pages().
 */
void rsv_free_pages_exact(void *addr, size_t size)
{
	struct rsv_extent *e;

	if (!addr || rsv_refuse_nmi("pages given back"))
		return;
	rcu_read_lock();
	e = rsv_extent_find_addr(addr);
	if (!e)
		rsv_report(RSV_FOREIGN, "an address of no region given back");
	else if (!size || size > SIZE_MAX - PAGE_SIZE)
		rsv_report(RSV_WRONG_SIZE, "region %s: %zu bytes given back", e->region->name,
			   size);
	else
		rsv_extent_free_exact(e, addr, PFN_UP(size));
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(rsv_free_pages_exact);

/**
 * rsv_alloc_pages_bulk() - allocate many single pages
 * @r: the region
 * @gfp: as for rsv_alloc_pages()
 * @nr: how many
 * @pages: where to put them
 *
 * Context: As rsv_alloc_pages().
 * Return: How many were had; the first so many entries of @pages are set, the others left alone.
 */
unsigned long rsv_alloc_pages_bulk(struct rsv_region *r, gfp_t gfp, unsigned long nr,
				   struct page **pages)
{
	unsigned long i;

	for (i = 0; i < nr; i++) {
		struct page *page = rsv_alloc_pages(r, gfp, 0);

		if (!page)
			break;
		pages[i] = page;
	}
	return i;
}
EXPORT_SYMBOL_GPL(rsv_alloc_pages_bulk);

/**
 * rsv_free_pages_bulk() - give back many single pages
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
