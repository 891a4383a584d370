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

#include "report.h"
#include "types.h"

/**
 * struct rsv_mapping - pages behind one range of addresses
 * @nr_pages: their number
 * @pages: the pages
 */
struct rsv_mapping {
	unsigned long nr_pages;
	struct page *pages[];
};

static DEFINE_XARRAY(rsv_mappings);	/* by page number of the address */

static struct rsv_mapping *rsv_mapping_new(struct rsv_region *r, unsigned long nr_pages)
{
	struct rsv_mapping *m = kvmalloc(struct_size(m, pages, nr_pages), GFP_KERNEL);

	if (!m)
		return NULL;
	/* These pages need no address of their own, so HIGHMEM serves first. */
	m->nr_pages = rsv_alloc_pages_bulk(r, GFP_HIGHUSER, nr_pages, m->pages);
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

/**
 * rsv_vmalloc() - allocate memory that is virtually contiguous
 * @r: the region
 * @size: bytes, rounded up to whole pages
 *
 * Context: Process; may sleep.
 * Return: The memory, or NULL.
 */
void *rsv_vmalloc(struct rsv_region *r, size_t size)
{
	struct rsv_mapping *m;
	void *p;

	might_sleep();
	if (!size || size > SIZE_MAX - PAGE_SIZE || PFN_UP(size) > READ_ONCE(r->nr_pages))
		return NULL;
	m = rsv_mapping_new(r, PFN_UP(size));
	if (!m)
		return NULL;
	p = vmap(m->pages, m->nr_pages, VM_MAP, PAGE_KERNEL);
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
EXPORT_SYMBOL_GPL(rsv_vmalloc);

/**
 * rsv_vfree() - free memory that rsv_vmalloc() allocated
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
