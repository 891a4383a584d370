// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers that a program owns: their life and their mappings.
 *
 * A mapping consists of ordinary pages, so that whatever takes user memory takes a buffer, O_DIRECT
 * and vmsplice() included. The price: such users pin single pages, may keep them when handle and
 * mappings are gone, and the kernel tells nobody when the last one lets go. A buffer that is pinned
 * when its last reference goes is therefore parked, and looked at again from time to time until
 * every page is the region's alone. Meanwhile it keeps its region, and the module, in place.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "buffer.h"
#include "compat.h"
#include "region.h"

/* How long a parked buffer waits until it is looked at: at first, and at most. */
#define RSV_WAITING_FIRST_MS 10U
#define RSV_WAITING_MOST_MS  1000U

static void rsv_waiting_poll(struct work_struct *work);

static DEFINE_SPINLOCK(rsv_waiting_lock); /* guards the next two */
static LIST_HEAD(rsv_waiting);
static unsigned int rsv_waiting_ms;
static DECLARE_DELAYED_WORK(rsv_waiting_work, rsv_waiting_poll);

static struct page *rsv_buffer_page(const struct rsv_buffer *b, unsigned long index)
{
	return b->pages ? b->pages[index] : pfn_to_page(page_to_pfn(b->page) + index);
}

static bool rsv_buffer_pinned(const struct rsv_buffer *b)
{
	unsigned long i;

	for (i = 0; i < b->nr_pages; i++) {
		if (page_count(rsv_buffer_page(b, i)) != 1)
			return true;
		cond_resched();
	}
	return false;
}

static bool rsv_buffer_poisoned(const struct rsv_buffer *b)
{
	unsigned long i;

	for (i = 0; i < b->nr_pages; i++) {
		if (PageHWPoison(rsv_buffer_page(b, i)))
			return true;
		cond_resched();
	}
	return false;
}

static void rsv_buffer_give_back(struct rsv_buffer *b)
{
	struct rsv_handle *parent = b->handle.parent;

	if (b->pages)
		rsv_free_pages_bulk(b->nr_pages, b->pages);
	else if (b->exact)
		rsv_free_pages_exact(page_address(b->page), b->nr_pages << PAGE_SHIFT);
	else
		__rsv_free_pages(b->page, ilog2(b->nr_pages));
	kvfree(b->pages);
	kfree(b);
	rsv_handle_put(parent);
}

/* Neither the region nor the module that manages it can go while a block of it is missing. */
static void rsv_buffer_abandon(const struct rsv_buffer *b)
{
	__module_get(THIS_MODULE);
	pr_err("a buffer of %lu bytes has a page with a hardware error and is not used again\n",
	       b->nr_pages << PAGE_SHIFT);
}

static void rsv_buffer_wait(struct rsv_buffer *b)
{
	__module_get(THIS_MODULE);
	spin_lock(&rsv_waiting_lock);
	list_add_tail(&b->waiting, &rsv_waiting);
	rsv_waiting_ms = RSV_WAITING_FIRST_MS;
	spin_unlock(&rsv_waiting_lock);
	schedule_delayed_work(&rsv_waiting_work, msecs_to_jiffies(RSV_WAITING_FIRST_MS));
}

/* Once it is mapped nowhere nobody can pin one of its pages anew: their number only falls. */
static void rsv_buffer_release(struct rsv_handle *h)
{
	struct rsv_buffer *b = container_of(h, struct rsv_buffer, handle);

	if (rsv_buffer_poisoned(b))
		rsv_buffer_abandon(b);
	else if (rsv_buffer_pinned(b))
		rsv_buffer_wait(b);
	else
		rsv_buffer_give_back(b);
}

const struct rsv_handle_kind rsv_kind_buffer = {.release = rsv_buffer_release};

static void rsv_waiting_add(struct list_head *still_pinned)
{
	unsigned int ms;

	spin_lock(&rsv_waiting_lock);
	list_splice_tail(still_pinned, &rsv_waiting);
	ms = rsv_waiting_ms;
	rsv_waiting_ms = min(2 * ms, RSV_WAITING_MOST_MS);
	spin_unlock(&rsv_waiting_lock);
	schedule_delayed_work(&rsv_waiting_work, msecs_to_jiffies(ms));
}

static void rsv_waiting_poll(struct work_struct *work)
{
	struct rsv_buffer *b, *next;
	LIST_HEAD(waiting);

	spin_lock(&rsv_waiting_lock);
	list_splice_init(&rsv_waiting, &waiting);
	spin_unlock(&rsv_waiting_lock);

	list_for_each_entry_safe(b, next, &waiting, waiting) {
		if (rsv_buffer_pinned(b))
			continue;
		list_del(&b->waiting);
		rsv_buffer_release(&b->handle);
		module_put(THIS_MODULE);
	}
	if (!list_empty(&waiting))
		rsv_waiting_add(&waiting);
}

/**
 * rsv_buffers_exit() - wait for the poll that gave the last parked buffer back
 *
 * A parked buffer keeps the module loaded, so there is none now, but the code that dropped the
 * module's last reference may still be on its way out.
 *
 * Context: May sleep; nothing can be parked any more.
 */
void rsv_buffers_exit(void)
{
	cancel_delayed_work_sync(&rsv_waiting_work);
}

/* No block is not worth a line in the log: the program learns it. */
static gfp_t rsv_buffer_gfp(u32 flags)
{
	gfp_t gfp = __GFP_ZERO | __GFP_NOWARN;

	if (flags & RSV_BUFFER_DMA)
		return gfp | GFP_USER | __GFP_DMA;
	if (flags & RSV_BUFFER_DMA32)
		return gfp | GFP_USER | __GFP_DMA32;
	return gfp | GFP_HIGHUSER;
}

static void rsv_buffer_take(struct rsv_region *r, struct rsv_buffer *b,
			    const struct rsv_ioc_buffer_alloc *want)
{
	int nid = want->flags & RSV_BUFFER_NODE ? want->node : NUMA_NO_NODE;
	gfp_t gfp = rsv_buffer_gfp(want->flags);
	unsigned int order;
	void *addr;

	b->exact = want->flags & RSV_BUFFER_EXACT;
	if (b->exact) {
		addr = rsv_alloc_pages_exact(r, want->bytes, gfp);
		b->page = addr ? virt_to_page(addr) : NULL;
		b->nr_pages = PFN_UP(want->bytes);
	} else {
		order = get_order(want->bytes);
		b->page = rsv_alloc_pages_node(r, nid, gfp, order);
		b->nr_pages = 1UL << order;
	}
}

static bool rsv_buffer_request_ok(const struct rsv_ioc_buffer_alloc *want)
{
	const u32 zones = RSV_BUFFER_DMA | RSV_BUFFER_DMA32;

	if (!want->bytes || want->reserved || (want->flags & zones) == zones)
		return false;
	if (!(want->flags & RSV_BUFFER_NODE))
		return !want->node;
	return !(want->flags & RSV_BUFFER_EXACT) && want->node >= 0 && want->node < nr_node_ids &&
	       node_online(want->node);
}

/**
 * rsv_buffer_create() - take a block of zeroed pages for a program
 * @r: the region
 * @parent: the holding that @r is, or NULL for the default region
 * @want: the program's wishes, of known flags
 *
 * Context: May sleep.
 * Return: The buffer or an error pointer: -EINVAL for a wish that makes no sense, -ENOMEM for more
 * than there is.
 */
struct rsv_buffer *rsv_buffer_create(struct rsv_region *r, struct rsv_handle *parent,
				     const struct rsv_ioc_buffer_alloc *want)
{
	struct rsv_buffer *b;

	if (!rsv_buffer_request_ok(want))
		return ERR_PTR(-EINVAL);
	/* Also keeps the order of a size that wraps around out of the page allocator. */
	if (want->bytes > (u64)READ_ONCE(r->nr_pages) << PAGE_SHIFT)
		return ERR_PTR(-ENOMEM);
	b = kzalloc(sizeof(*b), GFP_KERNEL_ACCOUNT);
	if (!b)
		return ERR_PTR(-ENOMEM);
	RB_CLEAR_NODE(&b->node);
	rsv_buffer_take(r, b, want);
	if (!b->page) {
		kfree(b);
		return ERR_PTR(-ENOMEM);
	}
	rsv_handle_init(&b->handle, &rsv_kind_buffer, parent);
	return b;
}

static bool rsv_buffer_take_scattered(struct rsv_region *r, struct rsv_buffer *b)
{
	unsigned long nr;

	b->pages = kvcalloc(b->nr_pages, sizeof(*b->pages), GFP_KERNEL_ACCOUNT);
	if (!b->pages)
		return false;
	nr = rsv_alloc_pages_bulk(r, rsv_buffer_gfp(0), b->nr_pages, b->pages);
	if (nr == b->nr_pages)
		return true;
	rsv_free_pages_bulk(nr, b->pages);
	kvfree(b->pages);
	return false;
}

/**
 * rsv_buffer_create_scattered() - take single zeroed pages for a program
 * @r: the region
 * @parent: the holding that @r is, or NULL for the default region
 * @bytes: bytes that they hold
 *
 * Context: May sleep.
 * Return: The buffer or an error pointer: -EINVAL for nothing, -ENOMEM for more than there is.
 */
struct rsv_buffer *rsv_buffer_create_scattered(struct rsv_region *r, struct rsv_handle *parent,
					       u64 bytes)
{
	struct rsv_buffer *b;

	if (!bytes)
		return ERR_PTR(-EINVAL);
	if (bytes > (u64)READ_ONCE(r->nr_pages) << PAGE_SHIFT)
		return ERR_PTR(-ENOMEM);
	b = kzalloc(sizeof(*b), GFP_KERNEL_ACCOUNT);
	if (!b)
		return ERR_PTR(-ENOMEM);
	RB_CLEAR_NODE(&b->node);
	b->nr_pages = PFN_UP(bytes);
	if (!rsv_buffer_take_scattered(r, b)) {
		kfree(b);
		return ERR_PTR(-ENOMEM);
	}
	rsv_handle_init(&b->handle, &rsv_kind_buffer, parent);
	return b;
}

static void rsv_vma_open(struct vm_area_struct *vma)
{
	struct rsv_buffer *b = vma->vm_private_data;

	kref_get(&b->handle.ref);
}

static void rsv_vma_close(struct vm_area_struct *vma)
{
	struct rsv_buffer *b = vma->vm_private_data;

	rsv_handle_put(&b->handle);
}

/*
 * The mapping was checked to lie within the buffer and cannot grow: every page that faults is one
 * of the buffer's.
 */
static vm_fault_t rsv_vma_fault(struct vm_fault *vmf)
{
	const struct rsv_buffer *b = vmf->vma->vm_private_data;

	vmf->page = rsv_buffer_page(b, vmf->pgoff);
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct rsv_vma_ops = {
	.open = rsv_vma_open,
	.close = rsv_vma_close,
	.fault = rsv_vma_fault,
};

/**
 * rsv_buffer_mmap() - map a buffer or a part of it
 * @b: the buffer; on success the caller's reference belongs to the mapping
 * @vma: the mapping, whose offset is one of the buffer's
 *
 * Pages are put into the page table when they are touched (or at once, with MAP_POPULATE), so that
 * a mapping survives fork() and MADV_DONTNEED as any other.
 *
 * Context: mmap_lock held.
 * Return: 0, or -EINVAL for a private mapping or one that goes beyond the buffer.
 */
int rsv_buffer_mmap(struct rsv_buffer *b, struct vm_area_struct *vma)
{
	unsigned long first = vma->vm_pgoff - b->offset;

	/*
	 * After its first write a private mapping would be a copy, in memory that is not the
	 * buffer's.
	 */
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (vma_pages(vma) > b->nr_pages - first)
		return -EINVAL;
	/* From here on counted within the buffer, whose range of offsets goes with its handle. */
	vma->vm_pgoff = first;
	vm_flags_set(vma, VM_DONTEXPAND);
	vma->vm_private_data = b;
	vma->vm_ops = &rsv_vma_ops;
	return 0;
}
