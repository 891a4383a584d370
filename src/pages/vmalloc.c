// SPDX-License-Identifier: GPL-2.0
/*
 * Scattered pages of a region, mapped at one range of addresses.
 *
 * vmap() finds the range, with its guard page, and maps the pages. It does not tell afterwards
 * which they are, and the kernel exports no function that does. So each mapping has a record, in
 * memory of the system, as page tables are anyway. The records are in a tree by address: an xarray
 * would allocate six nodes for a range that lies alone, and free them after a grace period.
 *
 * A mutex guards the tree. No other lock is taken under it. A record that is off the tree is its
 * finder's alone, so of several frees of one address only one finds it.
 *
 * A mapping consists of the largest blocks that this node has, as one of vmalloc() does in kernels
 * 7.x: a request for a block takes fewer steps than those for its pages, and the CPU, or the
 * host of User Mode Linux, translates adjacent pages at once. What no block serves single pages do.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/rbtree.h>
#include <linux/reservoir.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "extent.h"
#include "page_alloc.h"
#include "pagemap.h"
#include "report.h"
#include "types.h"
#include "vmalloc.h"

/**
 * struct rsv_mapping - pages behind one range of addresses
 * @node: in rsv_mappings (rsv_mappings_lock)
 * @start: the first address (constant, as the rest)
 * @region: the region that the pages are of
 * @nr_pages: their number
 * @nr_blocks: for each order, how many blocks they are
 * @pages: the pages, in the order of their blocks, the largest ones first
 */
struct rsv_mapping {
	struct rb_node node;
	const void *start;
	struct rsv_region *region;
	unsigned long nr_pages;
	unsigned long nr_blocks[RSV_LISTED_ORDERS];
	struct page *pages[];
};

static DEFINE_MUTEX(rsv_mappings_lock);
static struct rb_root rsv_mappings = RB_ROOT; /* by address (rsv_mappings_lock) */

static bool rsv_mapping_less(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct rsv_mapping, node)->start <
	       rb_entry(b, struct rsv_mapping, node)->start;
}

static int rsv_mapping_compare(const void *start, const struct rb_node *node)
{
	const void *its = rb_entry(node, struct rsv_mapping, node)->start;

	return start < its ? -1 : start > its;
}

static void rsv_mapping_add(struct rsv_mapping *m)
{
	mutex_lock(&rsv_mappings_lock);
	rb_add(&m->node, &rsv_mappings, rsv_mapping_less);
	mutex_unlock(&rsv_mappings_lock);
}

/* Takes the record of a range off the tree. Returns NULL if none begins at the address. */
static struct rsv_mapping *rsv_mapping_remove(const void *start)
{
	struct rb_node *node;

	mutex_lock(&rsv_mappings_lock);
	node = rb_find(start, &rsv_mappings, rsv_mapping_compare);
	if (node)
		rb_erase(node, &rsv_mappings);
	mutex_unlock(&rsv_mappings_lock);
	return rb_entry_safe(node, struct rsv_mapping, node);
}

/*
 * Allocates a block if this node has one. Nothing is drained for it, since single pages will do.
 * __GFP_COMP: others may refer to any page.
 */
static struct page *rsv_mapping_block(struct rsv_region *r, gfp_t gfp, unsigned int order)
{
	const struct rsv_request q = {
		.gfp = gfp | __GFP_COMP | __GFP_THISNODE,
		.nid = numa_mem_id(),
		.nr_pages = 1UL << order,
		.bytes = PAGE_SIZE << order,
		.order = order,
	};
	struct rsv_frame *f = rsv_request_try(r, &q);

	return f ? rsv_frame_page(rsv_frame_extent(r, f), f) : NULL;
}

/* Returns how many of the pages there are; fewer than wanted if the region ran out of pages. */
static unsigned long rsv_mapping_fill(struct rsv_mapping *m, unsigned long nr_pages, gfp_t gfp)
{
	unsigned int order = min_t(unsigned int, ilog2(nr_pages), RSV_LISTED_ORDERS - 1);
	unsigned long nr = 0, end;
	struct page *page;

	while (order) {
		page = (nr_pages - nr) >> order ? rsv_mapping_block(m->region, gfp, order) : NULL;
		if (!page) {
			order--;
			continue;
		}
		m->nr_blocks[order]++;
		for (end = nr + (1UL << order); nr < end; nr++)
			m->pages[nr] = page++;
	}
	m->nr_blocks[0] = rsv_alloc_pages_bulk(m->region, gfp, nr_pages - nr, m->pages + nr);
	return nr + m->nr_blocks[0];
}

static void rsv_mapping_free(struct rsv_mapping *m)
{
	struct page **page = m->pages;
	unsigned int order = RSV_LISTED_ORDERS;
	unsigned long nr;

	while (order--)
		for (nr = m->nr_blocks[order]; nr; nr--, page += 1UL << order)
			__rsv_free_pages(*page, order);
	kvfree(m);
}

static struct rsv_mapping *rsv_mapping_new(struct rsv_region *r, unsigned long nr_pages, gfp_t gfp)
{
	struct rsv_mapping *m = NULL;
	const size_t bytes = struct_size(m, pages, nr_pages);

	m = bytes <= PAGE_SIZE ? kzalloc(bytes, GFP_KERNEL) : kvzalloc(bytes, GFP_KERNEL);
	if (!m)
		return NULL;
	m->region = r;
	m->nr_pages = rsv_mapping_fill(m, nr_pages, gfp);
	if (m->nr_pages == nr_pages)
		return m;
	rsv_mapping_free(m);
	return NULL;
}

/* The area's flags, VM_*, say whether remap_vmalloc_range() may show the pages to a program. */
static void *rsv_map_pages(struct rsv_region *r, size_t size, gfp_t gfp, unsigned long flags)
{
	struct rsv_mapping *m;

	might_sleep();
	if (!size || size > SIZE_MAX - PAGE_SIZE || PFN_UP(size) > READ_ONCE(r->nr_pages))
		return NULL;
	m = rsv_mapping_new(r, PFN_UP(size), gfp);
	if (!m)
		return NULL;
	m->start = vmap(m->pages, m->nr_pages, flags, PAGE_KERNEL);
	if (!m->start) {
		rsv_mapping_free(m);
		return NULL;
	}
	rsv_mapping_add(m);
	return (void *)m->start;
}

/**
 * rsv_vmalloc() - allocate memory that is virtually contiguous
 * @r: the region
 * @size: bytes, rounded up to whole pages
 *
 * The pages need no address of their own, so HIGHMEM serves first. Blocks come before single pages,
 * though, so that a lower zone of this node may serve a block that HIGHMEM does not have.
 *
 * Context: Process; may sleep.
 * Return: The memory, or NULL.
 */
void *rsv_vmalloc(struct rsv_region *r, size_t size)
{
	return rsv_map_pages(r, size, GFP_HIGHUSER, VM_MAP);
}
EXPORT_SYMBOL_GPL(rsv_vmalloc);

/**
 * rsv_vmalloc_user() - allocate virtually contiguous memory that programs may map
 * @r: the region
 * @size: bytes, rounded up to whole pages
 *
 * All bytes of all pages are zero. remap_vmalloc_range() maps the memory into a program, as it does
 * with that of vmalloc_user(). The memory has no colour: where the CPU's data cache aliases
 * (SHMLBA is more than a page), the caller flushes as for any vmap().
 *
 * Context: Process; may sleep.
 * Return: The memory, for rsv_vfree(), or NULL.
 */
void *rsv_vmalloc_user(struct rsv_region *r, size_t size)
{
	return rsv_map_pages(r, size, GFP_HIGHUSER | __GFP_ZERO, VM_MAP | VM_USERMAP);
}
EXPORT_SYMBOL_GPL(rsv_vmalloc_user);

/**
 * rsv_vfree() - free memory that rsv_vmalloc() or rsv_vmalloc_user() allocated
 * @p: the memory; NULL does nothing
 *
 * Context: Process; may sleep.
 */
void rsv_vfree(const void *p)
{
	struct rsv_mapping *m;

	might_sleep();
	if (!p)
		return;
	m = rsv_mapping_remove(p);
	if (!m) {
		rsv_report(RSV_FOREIGN, "vmalloc memory of no region given back");
		return;
	}
	vunmap(p);
	rsv_mapping_free(m);
}
EXPORT_SYMBOL_GPL(rsv_vfree);

static void rsv_mapping_leak(struct rsv_mapping *m, struct rsv_leak_log *log)
{
	unsigned long i;

	if (rsv_leak_listed(log))
		pr_err("region %s: leaked: %zu bytes of rsv_vmalloc()\n", m->region->name,
		       (size_t)m->nr_pages << PAGE_SHIFT);
	for (i = 0; i < m->nr_pages; i++)
		rsv_frames_leak(rsv_frame_of_page(m->pages[i]), 1);
	kvfree(m);
}

/**
 * rsv_vmalloc_leak() - mark all pages of mappings in a region as leaked
 * @r: the region, which is about to end and which no other task uses
 * @log: how many leaks the log may still list
 *
 * The addresses stay mapped, since their user may still read and write there.
 *
 * Context: Process; may sleep.
 */
void rsv_vmalloc_leak(struct rsv_region *r, struct rsv_leak_log *log)
{
	struct rb_node *node, *next;
	struct rsv_mapping *m;

	mutex_lock(&rsv_mappings_lock);
	for (node = rb_first(&rsv_mappings); node; node = next) {
		next = rb_next(node);
		m = rb_entry(node, struct rsv_mapping, node);
		if (m->region != r)
			continue;
		rb_erase(node, &rsv_mappings);
		rsv_mapping_leak(m, log);
		cond_resched();
	}
	mutex_unlock(&rsv_mappings_lock);
}
