// SPDX-License-Identifier: GPL-2.0
/*
 * Scattered pages of a region, mapped at one range of addresses.
 *
 * vmap() finds the range, with its guard page, and maps the pages. An xarray records the pages
 * behind each address. Its nodes are memory of the system, as page tables are anyway.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/overflow.h>
#include <linux/reservoir.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/xarray.h>

#include "extent.h"
#include "pagemap.h"
#include "report.h"
#include "types.h"
#include "vmalloc.h"

/**
 * struct rsv_mapping - pages behind one range of addresses
 * @region: the region that the pages are of
 * @nr_pages: their number
 * @pages: the pages
 */
struct rsv_mapping {
	struct rsv_region *region;
	unsigned long nr_pages;
	struct page *pages[];
};

static DEFINE_XARRAY(rsv_mappings);	/* by page number of the address */

static struct rsv_mapping *rsv_mapping_new(struct rsv_region *r, unsigned long nr_pages, gfp_t gfp)
{
	struct rsv_mapping *m = kvzalloc(struct_size(m, pages, nr_pages), GFP_KERNEL);

	if (!m)
		return NULL;
	m->region = r;
	m->nr_pages = rsv_alloc_pages_bulk(r, gfp, nr_pages, m->pages);
	if (m->nr_pages == nr_pages)
		return m;
	rsv_free_pages_bulk(m->nr_pages, m->pages);
	kvfree(m);
	return NULL;
}

static void rsv_mapping_free(struct rsv_mapping *m)
{
	rsv_free_pages_bulk(m->nr_pages, m->pages);
	kvfree(m);
}

static unsigned long rsv_mapping_index(const void *p)
{
	return (unsigned long)p >> PAGE_SHIFT;
}

/* The area's flags, VM_*, say whether remap_vmalloc_range() may show the pages to a program. */
static void *rsv_map_pages(struct rsv_region *r, size_t size, gfp_t gfp, unsigned long flags)
{
	struct rsv_mapping *m;
	void *p;

	might_sleep();
	if (!size || size > SIZE_MAX - PAGE_SIZE || PFN_UP(size) > READ_ONCE(r->nr_pages))
		return NULL;
	m = rsv_mapping_new(r, PFN_UP(size), gfp);
	if (!m)
		return NULL;
	p = vmap(m->pages, m->nr_pages, flags, PAGE_KERNEL);
	if (!p)
		goto free;
	if (xa_err(xa_store(&rsv_mappings, rsv_mapping_index(p), m, GFP_KERNEL)))
		goto unmap;
	return p;

unmap:
	vunmap(p);
free:
	rsv_mapping_free(m);
	return NULL;
}

/**
 * rsv_vmalloc() - allocate memory that is virtually contiguous
 * @r: the region
 * @size: bytes, rounded up to whole pages
 *
 * The pages need no address of their own, so HIGHMEM serves first.
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
	m = PAGE_ALIGNED(p) ? xa_erase(&rsv_mappings, rsv_mapping_index(p)) : NULL;
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
	struct rsv_mapping *m;
	unsigned long index;

	xa_for_each(&rsv_mappings, index, m) {
		if (m->region != r)
			continue;
		xa_erase(&rsv_mappings, index);
		rsv_mapping_leak(m, log);
	}
}
