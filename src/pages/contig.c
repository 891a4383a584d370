// SPDX-License-Identifier: GPL-2.0
/*
 * Runs: contiguous pages of any number. rsv_alloc_pages_exact() and objects/ allocate them.
 *
 * A run is usually the beginning of one free block, whose other pages are freed at once. If no
 * block is long enough, rsv_alloc_pages_exact() gathers a run from adjacent free blocks for a
 * caller that may wait: free neighbours that are not buddies do not merge.
 *
 * Adjacent free blocks are at most two of each order, since any more would have merged. So joining
 * them takes a number of steps that depends only on the number of orders. The search for them,
 * however, looks at every block of an extent, and drops the zone's lock in between (scan.c). So
 * rsv_run_join_if_free() checks the run once more, as a whole, under the same hold of the lock that
 * joins its blocks.
 *
 * The first frame of a gathered run says USED. The run consists of aligned parts, as large as
 * possible. The first frame of each further part says RUN and points to the run's first frame.
 */
#include <linux/bitops.h>
#include <linux/kasan.h>
#include <linux/log2.h>
#include <linux/rcupdate.h>

#include "buddy.h"
#include "contig.h"
#include "page_alloc.h"
#include "pagemap.h"
#include "report.h"
#include "scan.h"
#include "zone.h"
#include "zonelist.h"

static struct rsv_request rsv_run_request(gfp_t gfp, int nid, unsigned long nr_pages, size_t bytes)
{
	return (struct rsv_request){
		.gfp = gfp,
		.nid = nid,
		.nr_pages = nr_pages,
		.bytes = bytes,
		.order = order_base_2(nr_pages),
	};
}

static bool rsv_run_request_ok(const struct rsv_request *q, gfp_t known)
{
	return q->order < RSV_ORDERS_MAX &&
	       (likely(!(q->gfp & ~RSV_GFP_PLAIN)) || rsv_gfp_ok(q->gfp, known));
}

/*
 * Runs for objects/
 */

/*
 * The fast path, for runs that are a whole block. A run does not refill an empty list: a cache asks
 * for one slab at a time, and its caller should not wait for half a list of blocks.
 */
static __always_inline struct rsv_frame *rsv_run_pop(struct rsv_region *r, gfp_t gfp, int nid,
						     unsigned long nr_pages)
{
	const unsigned int order = order_base_2(nr_pages);
	struct rsv_frame *f;
	struct page *page;

	if (likely(!(gfp & ~RSV_GFP_PLAIN) && nid == numa_mem_id()) && order < RSV_PCP_ORDERS &&
	    nr_pages == 1UL << order && rsv_pages_pop(r, order, &f, &page))
		return f;
	return NULL;
}

static noinline struct rsv_frame *rsv_run_try_slow(struct rsv_region *r, gfp_t gfp, int nid,
						   unsigned long nr_pages)
{
	const struct rsv_request q = rsv_run_request(gfp, nid, nr_pages, nr_pages << PAGE_SHIFT);

	return rsv_run_request_ok(&q, RSV_GFP_PAGES & ~__GFP_ZERO) ? rsv_request_try(r, &q) : NULL;
}

/**
 * rsv_run_try() - allocate a run if a zone has one
 * @r: the region
 * @gfp: as for rsv_alloc_pages(), without __GFP_ZERO
 * @nid: the preferred node
 * @nr_pages: as for rsv_run_alloc()
 *
 * The function drains nothing, and does not count a failure.
 *
 * Context: Any; may sleep if @gfp allows it. In an NMI it gives NULL unless a list of this CPU has
 * the run.
 * Return: The run's first frame or NULL.
 */
struct rsv_frame *rsv_run_try(struct rsv_region *r, gfp_t gfp, int nid, unsigned long nr_pages)
{
	return rsv_run_pop(r, gfp, nid, nr_pages) ?: rsv_run_try_slow(r, gfp, nid, nr_pages);
}

static noinline struct rsv_frame *rsv_run_alloc_slow(struct rsv_region *r, gfp_t gfp, int nid,
						     unsigned long nr_pages)
{
	const struct rsv_request q = rsv_run_request(gfp, nid, nr_pages, nr_pages << PAGE_SHIFT);

	return rsv_run_request_ok(&q, RSV_GFP_PAGES) ? rsv_request_alloc(r, &q, NULL) : NULL;
}

/**
 * rsv_run_alloc() - allocate a run
 * @r: the region
 * @gfp: as for rsv_alloc_pages()
 * @nid: the preferred node
 * @nr_pages: its length, more than 0. The run begins at a multiple of the smallest power of two
 *	that is not below its length
 *
 * Context: Any; may sleep if @gfp allows it. In an NMI it gives NULL unless a list of this CPU has
 * the run.
 * Return: The run's first frame or NULL.
 */
struct rsv_frame *rsv_run_alloc(struct rsv_region *r, gfp_t gfp, int nid, unsigned long nr_pages)
{
	rsv_might_alloc(gfp);
	return rsv_run_pop(r, gfp, nid, nr_pages) ?: rsv_run_alloc_slow(r, gfp, nid, nr_pages);
}

/**
 * rsv_run_claim() - take a run from its owner, so that nobody else can free it
 * @r: its region
 * @f: its first frame
 *
 * The caller may change the memory, or mark the frames as its own, and then frees the run with
 * rsv_run_free_claimed() or rsv_run_dissolve().
 *
 * Context: Any but NMI.
 * Return: RSV_OK, or what is wrong with the run, and then nothing has changed.
 */
enum rsv_misuse rsv_run_claim(struct rsv_region *r, struct rsv_frame *f)
{
	struct rsv_extent *e = rsv_frame_extent(r, f);

	return rsv_zone_claim(e, rsv_frame_index(e, f), 0);
}

/**
 * rsv_run_alloc_claimed() - make a run that was just allocated the module's own
 * @r: its region
 * @f: its first frame, or NULL
 *
 * From now on a free of the pages by anybody else is refused.
 *
 * Context: Any but NMI, with no raw lock held.
 * Return: @f, or NULL if somebody has freed the pages in the meantime: a double free, which is
 * reported.
 */
struct rsv_frame *rsv_run_alloc_claimed(struct rsv_region *r, struct rsv_frame *f)
{
	/* The slow way waits for a free that looks at the block and lets it go. */
	if (!f || likely(rsv_frame_claim(f, RSV_FRAME_OWNED)) || rsv_run_claim(r, f) == RSV_OK)
		return f;
	rsv_report(RSV_DOUBLE_FREE, "region %s: pages at 0x%llx given back by two callers at once",
		   r->name, rsv_frame_offset(rsv_frame_extent(r, f), f));
	return NULL;
}

/**
 * rsv_run_free_claimed() - free a run that rsv_run_claim() took
 * @r: its region
 * @f: its first frame
 *
 * Context: Any but NMI, with no raw lock held.
 */
void rsv_run_free_claimed(struct rsv_region *r, struct rsv_frame *f)
{
	struct rsv_extent *e = rsv_frame_extent(r, f);

	rsv_zone_free_claimed(e, rsv_frame_index(e, f));
}

/**
 * rsv_run_dissolve() - free a run whose frames the caller marked as its own
 * @r: its region
 * @f: its first frame
 * @nr_pages: its length; that of a slab at most, because the zone is locked for as many steps
 *
 * Context: Any but NMI, with no raw lock held.
 */
void rsv_run_dissolve(struct rsv_region *r, struct rsv_frame *f, unsigned long nr_pages)
{
	struct rsv_extent *e = rsv_frame_extent(r, f);

	rsv_zone_free_marked(e, rsv_frame_index(e, f), nr_pages);
}

/*
 * Gathering a run from several free blocks
 */

/* Whether free blocks cover @nr_pages from @start on. The zone is locked. */
static bool rsv_run_is_free(const struct rsv_extent *e, unsigned long start, unsigned long nr_pages)
{
	unsigned long index = start;

	while (index < start + nr_pages) {
		const struct rsv_frame *f = &e->frames[index];

		if (index >= e->nr_pages || READ_ONCE(f->kind) != RSV_FRAME_FREE)
			return false;
		index += 1UL << f->order;
	}
	return true;
}

/*
 * Joins the free blocks from @start on to one run. Frees the pages of the last block that go beyond
 * the run. The zone is locked.
 */
static struct rsv_frame *rsv_run_join(struct rsv_extent *e, unsigned long start,
				      const struct rsv_request *q)
{
	unsigned long index = start, end = start + q->nr_pages;
	struct rsv_frame *head = &e->frames[start];
	struct rsv_zone *z = e->zone;

	while (index < end) {
		unsigned long length = 1UL << e->frames[index].order;

		rsv_buddy_remove(z, &e->frames[index]);
		index += length;
	}
	rsv_buddy_free_pages(z, e, end, index - end);

	for (index = start; index < end;) {
		struct rsv_frame *part = &e->frames[index];

		part->head = head;
		WRITE_ONCE(part->kind, RSV_FRAME_RUN);
		index += 1UL << rsv_buddy_largest(z, e->first + index, end - index);
	}
	WRITE_ONCE(head->nr_pages, q->nr_pages);
	WRITE_ONCE(head->order, RSV_ORDER_NONE);
	rsv_zone_count_alloc(z, q);
	rsv_frame_set_used(head);
	return head;
}

static struct rsv_frame *rsv_run_join_if_free(struct rsv_extent *e, unsigned long start,
					      const struct rsv_request *q)
{
	struct rsv_frame *f = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&e->zone->lock, flags);
	if (rsv_zone_allows(e->zone, q) && rsv_run_is_free(e, start, q->nr_pages))
		f = rsv_run_join(e, start, q);
	raw_spin_unlock_irqrestore(&e->zone->lock, flags);
	return f;
}

/* Scans a batch of blocks of an extent, and joins the run that it finds. */
static struct rsv_frame *rsv_scan_extent(struct rsv_scan *s, struct rsv_extent *e,
					 const struct rsv_request *q)
{
	struct rsv_frame *f = NULL;

	if (rsv_scan_batch(s, e, q->nr_pages)) {
		f = rsv_run_join_if_free(e, s->start, q);
		s->start = s->w.index;
	}
	return f;
}

static struct rsv_frame *rsv_zone_gather(struct rsv_region *r, const struct rsv_zone *z,
					 const struct rsv_request *q)
{
	struct rsv_scan s = { .w.r = r };
	struct rsv_frame *f = NULL;
	struct rsv_extent *e;

	rsv_walk_begin();
	while (!f && (e = rsv_walk_extent(&s.w))) {
		if (e->zone != z || e->nr_pages < q->nr_pages) {
			rsv_walk_skip(&s.w);
			continue;
		}
		f = rsv_scan_extent(&s, e, q);
		rsv_walk_pause();
	}
	rsv_walk_end();
	return f;
}

/*
 * Allocates a run that no single free block holds. May sleep. The walk takes no mutex: the holder
 * of shape_lock may be growing the region, which takes long, and may even wait for this very
 * request, if the system's reclaim made it on the holder's behalf.
 */
static struct rsv_frame *rsv_run_gather(struct rsv_region *r, const struct rsv_request *q)
{
	struct rsv_zone_walk walk = {};
	struct rsv_frame *f = NULL;
	struct rsv_zone *z;

	while (!f && (z = rsv_zone_next(r, q, &walk)))
		f = rsv_zone_gather(r, z, q);
	return f;
}

/*
 * Runs for modules
 */

/**
 * rsv_alloc_pages_exact() - allocate physically contiguous memory of any length
 * @r: the region
 * @size: bytes, rounded up to whole pages
 * @gfp: as for rsv_get_free_pages()
 *
 * The memory is the beginning of one block, whose other pages are freed at once. If no single block
 * is large enough, a caller that may wait (GFP_KERNEL) gets adjacent free blocks instead: up to the
 * longest run of free pages, wherever that begins.
 *
 * Context: As rsv_alloc_pages().
 * Return: The address of the first page, or NULL.
 */
void *rsv_alloc_pages_exact(struct rsv_region *r, size_t size, gfp_t gfp)
{
	struct rsv_request q;
	struct rsv_frame *f;

	gfp &= ~__GFP_HIGHMEM;
	if (!size || size > SIZE_MAX - PAGE_SIZE)
		return NULL;
	rsv_might_alloc(gfp);
	q = rsv_run_request(gfp, numa_mem_id(), PFN_UP(size), size);
	q.refill = true;
	if (!rsv_run_request_ok(&q, RSV_GFP_PAGES))
		return NULL;
	f = rsv_request_alloc(r, &q, rsv_run_gather);
	return f ? rsv_frame_addr(rsv_frame_extent(r, f), f) : NULL;
}
EXPORT_SYMBOL_GPL(rsv_alloc_pages_exact);

static void rsv_extent_free_exact(struct rsv_extent *e, void *addr, unsigned long nr_pages)
{
	enum rsv_misuse misuse = RSV_MISALIGNED;

	if (PAGE_ALIGNED(addr))
		misuse = rsv_zone_free(e, (addr - e->base) >> PAGE_SHIFT, nr_pages);
	if (misuse != RSV_OK)
		rsv_report(misuse, "region %s: %lu pages at 0x%llx given back", e->region->name,
			   nr_pages, rsv_addr_offset(e, addr));
}

/**
 * rsv_free_pages_exact() - free memory that rsv_alloc_pages_exact() allocated
 * @addr: its address; NULL does nothing
 * @size: its size in bytes, as it was allocated
 *
 * Context: As __rsv_free_pages().
 */
void rsv_free_pages_exact(void *addr, size_t size)
{
	struct rsv_extent *e;

	addr = kasan_reset_tag(addr);
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
