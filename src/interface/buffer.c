// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers: how they come to be, and how they end.
 *
 * A buffer lives as long as its handle, a file or a mapping refers to it: handle.c, buffer_file.c,
 * buffer_map.c. Who uses a program's memory, such as O_DIRECT or vmsplice(), pins single pages, and
 * may still have them pinned when all these are gone. The pages are freed all the same: those that
 * are pinned, and those with a hardware error, the region keeps out of use (waiting.c).
 */
#include <linux/capability.h>
#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "buffer.h"
#include "buffer_inode.h"
#include "handle.h"
#include "pages/pagemap.h"
#include "pages/refusal.h"
#include "quota.h"

static void rsv_buffer_release(struct rsv_handle *h)
{
	struct rsv_buffer *b = container_of(h, struct rsv_buffer, handle);
	struct rsv_handle *parent = b->handle.parent;

	rsv_buffer_inode_end(b);
	if (b->pages)
		rsv_free_pages_bulk(b->nr_pages, b->pages);
	else if (b->exact)
		rsv_free_pages_exact(page_address(b->page), b->nr_pages << PAGE_SHIFT);
	else
		__rsv_free_pages(b->page, ilog2(b->nr_pages));
	rsv_charge_end(&b->charge);
	kvfree(b->pages);
	kfree(b);
	rsv_handle_put(parent);
}

const struct rsv_handle_kind rsv_kind_buffer = { .release = rsv_buffer_release };

/*
 * With __GFP_NOWARN a failure prints no line in the log, since the program gets an error. Programs
 * share pages one by one, which __GFP_COMP tells.
 */
static gfp_t rsv_buffer_gfp(u32 flags)
{
	gfp_t gfp = __GFP_ZERO | __GFP_NOWARN | __GFP_COMP;

	if (flags & RSV_BUFFER_HIGH)
		gfp |= __GFP_HIGH;
	if (flags & RSV_BUFFER_THISNODE)
		gfp |= __GFP_THISNODE;
	if (flags & RSV_BUFFER_DMA)
		return gfp | GFP_USER | __GFP_DMA;
	if (flags & RSV_BUFFER_DMA32)
		return gfp | GFP_USER | __GFP_DMA32;
	return gfp | GFP_HIGHUSER;
}

/*
 * Whether the current program may have the last pages of a region. Drivers, whose requests from
 * interrupts rely on them, use only regions of the kernel, of which the default one is for programs
 * too.
 */
static bool rsv_buffer_may_be_high(const struct rsv_region *r)
{
	return r->origin != RSV_REGION_KERNEL || capable(CAP_SYS_RESOURCE);
}

/* If there is no such block, @req->refusal is set. */
static struct page *rsv_buffer_alloc_block(struct rsv_region *r, const struct rsv_buffer *b,
					   struct rsv_ioc_buffer_alloc *req)
{
	int nid = req->flags & RSV_BUFFER_NODE ? req->node : NUMA_NO_NODE;
	gfp_t gfp = rsv_buffer_gfp(req->flags);
	struct page *page;
	void *addr;

	if (b->exact) {
		addr = rsv_alloc_pages_exact(r, req->bytes, gfp);
		if (addr)
			return virt_to_page(addr);
		req->refusal = rsv_refusal_of_run(r, gfp, b->nr_pages);
		return NULL;
	}
	page = rsv_alloc_pages_node(r, nid, gfp, ilog2(b->nr_pages));
	if (!page)
		req->refusal = rsv_refusal_of_block(r, gfp, nid, b->nr_pages, PFN_UP(req->bytes));
	return page;
}

/* A buffer without memory, which is charged already; @refusal is set if it cannot be charged */
static struct rsv_buffer *rsv_buffer_new(struct rsv_region *r, unsigned long nr_pages,
					 u32 *refusal)
{
	struct rsv_buffer *b = kzalloc(sizeof(*b), GFP_KERNEL_ACCOUNT);
	int error;

	if (!b)
		return ERR_PTR(-ENOMEM);
	error = rsv_charge_begin(&b->charge, r, nr_pages);
	if (error) {
		*refusal = b->charge.refusal;
		kfree(b);
		return ERR_PTR(error);
	}
	RB_CLEAR_NODE(&b->node);
	b->nr_pages = nr_pages;
	return b;
}

static struct rsv_buffer *rsv_buffer_fail(struct rsv_buffer *b)
{
	rsv_charge_end(&b->charge);
	kfree(b);
	return ERR_PTR(-ENOMEM);
}

static bool rsv_buffer_request_ok(const struct rsv_ioc_buffer_alloc *req)
{
	const u32 zones = RSV_BUFFER_DMA | RSV_BUFFER_DMA32;

	if (!req->bytes || req->reserved || req->padding || (req->flags & zones) == zones)
		return false;
	if (!(req->flags & RSV_BUFFER_NODE))
		return !req->node && !(req->flags & RSV_BUFFER_THISNODE);
	return !(req->flags & RSV_BUFFER_EXACT) && req->node >= 0 && req->node < nr_node_ids &&
	       node_online(req->node);
}

/*
 * Checks what any request for a buffer must fulfil. A size of more than the region has might
 * overflow get_order().
 */
static int rsv_buffer_check(const struct rsv_region *r, u32 flags, u64 bytes, u32 *refusal)
{
	if (flags & RSV_BUFFER_HIGH && !rsv_buffer_may_be_high(r))
		return -EPERM;
	if (bytes <= (u64)READ_ONCE(r->nr_pages) << PAGE_SHIFT)
		return 0;
	*refusal = RSV_REFUSED_FULL;
	return -ENOMEM;
}

/**
 * rsv_buffer_create() - allocate one block of zeroed pages for a program
 * @r: the region
 * @parent: the handle of @r, or NULL for the default region
 * @req: the program's request; its flags are known ones. The function sets @req->refusal
 *
 * Context: Process; may sleep.
 * Return: The buffer, or ERR_PTR: -EINVAL for a request that makes no sense, -EPERM if the program
 * may not have the region's last pages, -EDQUOT as rsv_charge_begin(), -ENOMEM if the region has no
 * such block.
 */
struct rsv_buffer *rsv_buffer_create(struct rsv_region *r, struct rsv_handle *parent,
				     struct rsv_ioc_buffer_alloc *req)
{
	const bool exact = req->flags & RSV_BUFFER_EXACT;
	struct rsv_buffer *b;
	int error;

	if (!rsv_buffer_request_ok(req))
		return ERR_PTR(-EINVAL);
	error = rsv_buffer_check(r, req->flags, req->bytes, &req->refusal);
	if (error)
		return ERR_PTR(error);
	b = rsv_buffer_new(r, exact ? PFN_UP(req->bytes) : 1UL << get_order(req->bytes),
			   &req->refusal);
	if (IS_ERR(b))
		return b;
	b->exact = exact;
	b->page = rsv_buffer_alloc_block(r, b, req);
	if (!b->page)
		return rsv_buffer_fail(b);
	rsv_handle_init(&b->handle, &rsv_kind_buffer, parent);
	return b;
}

static bool rsv_buffer_alloc_scattered(struct rsv_region *r, struct rsv_buffer *b,
				       struct rsv_ioc_scattered_alloc *req)
{
	const gfp_t gfp = rsv_buffer_gfp(req->flags);
	unsigned long nr;

	b->pages = kvcalloc(b->nr_pages, sizeof(*b->pages), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!b->pages)
		return false;
	nr = rsv_alloc_pages_bulk(r, gfp, b->nr_pages, b->pages);
	if (nr == b->nr_pages)
		return true;
	req->refusal = rsv_refusal_of_pages(r, gfp, b->nr_pages - nr);
	rsv_free_pages_bulk(nr, b->pages);
	kvfree(b->pages);
	return false;
}

/**
 * rsv_buffer_create_scattered() - allocate single zeroed pages for a program
 * @r: the region
 * @parent: the handle of @r, or NULL for the default region
 * @req: as for rsv_buffer_create(); its bytes are rounded up to whole pages
 *
 * Context: Process; may sleep.
 * Return: As rsv_buffer_create(); -ENOMEM if the region has not enough free pages.
 */
struct rsv_buffer *rsv_buffer_create_scattered(struct rsv_region *r, struct rsv_handle *parent,
					       struct rsv_ioc_scattered_alloc *req)
{
	struct rsv_buffer *b;
	int error;

	if (!req->bytes || req->padding)
		return ERR_PTR(-EINVAL);
	error = rsv_buffer_check(r, req->flags, req->bytes, &req->refusal);
	if (error)
		return ERR_PTR(error);
	b = rsv_buffer_new(r, PFN_UP(req->bytes), &req->refusal);
	if (IS_ERR(b))
		return b;
	if (!rsv_buffer_alloc_scattered(r, b, req))
		return rsv_buffer_fail(b);
	rsv_handle_init(&b->handle, &rsv_kind_buffer, parent);
	return b;
}

/**
 * rsv_buffer_offset() - tell where a block lies in its region
 * @b: the buffer, which is one block
 *
 * Context: Any.
 * Return: The offset in bytes.
 */
u64 rsv_buffer_offset(const struct rsv_buffer *b)
{
	const unsigned long pfn = page_to_pfn(b->page);
	const struct rsv_extent *e = rsv_extent_find(pfn);

	return (u64)(e->offset + pfn - e->first) << PAGE_SHIFT;
}
