// SPDX-License-Identifier: GPL-2.0
/*
 * Memory by the byte: a cache for each of the kernel's own size classes, and whole pages beyond the
 * largest.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/bitops.h>
#include <linux/hardirq.h>
#include <linux/log2.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../compat.h"
#include "../pages/extent.h"
#include "../pages/page.h"
#include "../region.h"
#include "../report.h"
#include "cache.h"
#include "kmalloc.h"

static const unsigned int rsv_kmalloc_sizes[RSV_KMALLOC_CLASSES] = {
	8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, RSV_KMALLOC_MAX,
};

/* The first class that holds so many bytes, 1 to RSV_KMALLOC_MAX. */
static unsigned int rsv_kmalloc_class(size_t size)
{
	unsigned int class = 0;

	while (rsv_kmalloc_sizes[class] < size)
		class++;
	return class;
}

/* kmalloc()'s contract: the largest power of two that divides the size. */
static unsigned int rsv_kmalloc_align(unsigned int size)
{
	unsigned int align = 1U << __ffs(size);

	return clamp_t(unsigned int, align, ARCH_KMALLOC_MINALIGN, PAGE_SIZE);
}

/**
 * rsv_kmalloc_create() - make a region's size classes
 * @r: the region
 *
 * Context: Process; may sleep.
 * Return: 0 or -ENOMEM, and then there are none.
 */
int rsv_kmalloc_create(struct rsv_region *r)
{
	unsigned int class;

	for (class = 0; class < RSV_KMALLOC_CLASSES; class++) {
		unsigned int size = rsv_kmalloc_sizes[class];
		char name[RSV_NAME_MAX];
		struct rsv_cache *c;

		snprintf(name, sizeof(name), "kmalloc-%u", size);
		c = rsv_cache_create(r, name, size, rsv_kmalloc_align(size), 0, NULL);
		if (IS_ERR(c)) {
			rsv_kmalloc_destroy(r);
			return PTR_ERR(c);
		}
		r->kmalloc[class] = c;
	}
	return 0;
}

/**
 * rsv_kmalloc_destroy() - end a region's size classes
 * @r: the region
 *
 * Context: Process; may sleep.
 */
void rsv_kmalloc_destroy(struct rsv_region *r)
{
	unsigned int class;

	for (class = 0; class < RSV_KMALLOC_CLASSES && r->kmalloc[class]; class++) {
		rsv_cache_destroy(r->kmalloc[class]);
		r->kmalloc[class] = NULL;
	}
}

static void *rsv_kmalloc_pages(struct rsv_region *r, size_t size, gfp_t gfp)
{
	struct rsv_frame *f;

	if (size > SIZE_MAX - PAGE_SIZE)
		return NULL;
	f = rsv_run_alloc(r, gfp & ~__GFP_HIGHMEM, PFN_UP(size));
	return f ? rsv_frame_addr(rsv_frame_extent(r, f), f) : NULL;
}

/**
 * rsv_kmalloc() - allocate memory by the byte
 * @r: the region
 * @size: bytes; 0 gives ZERO_SIZE_PTR, as kmalloc() does
 * @gfp: as for rsv_alloc_pages(); up to RSV_KMALLOC_MAX bytes as for rsv_cache_alloc()
 *
 * Powers of two are aligned to their size up to RSV_KMALLOC_MAX and beyond, other sizes to their
 * largest power-of-two divisor, and never to less than ARCH_KMALLOC_MINALIGN. More than
 * RSV_KMALLOC_MAX takes whole pages.
 *
 * Context: Any but NMI, where it gives NULL; may sleep if @gfp allows it.
 * Return: The memory, or NULL if the region does not have it.
 */
void *rsv_kmalloc(struct rsv_region *r, size_t size, gfp_t gfp)
{
	if (!size)
		return ZERO_SIZE_PTR;
	if (size > RSV_KMALLOC_MAX)
		return rsv_kmalloc_pages(r, size, gfp);
	return rsv_cache_alloc(r->kmalloc[rsv_kmalloc_class(size)], gfp);
}
EXPORT_SYMBOL_GPL(rsv_kmalloc);

/**
 * rsv_kzalloc() - allocate memory by the byte, filled with zeroes
 * @r: the region
 * @size: bytes
 * @gfp: as for rsv_alloc_pages()
 *
 * Context: As rsv_kmalloc().
 * Return: As rsv_kmalloc().
 */
void *rsv_kzalloc(struct rsv_region *r, size_t size, gfp_t gfp)
{
	return rsv_kmalloc(r, size, gfp | __GFP_ZERO);
}
EXPORT_SYMBOL_GPL(rsv_kzalloc);

/* Whole pages that were taken as a block of their own, and not an address inside them. */
static size_t rsv_pages_size(const struct rsv_extent *e, const void *p)
{
	const struct rsv_frame *f = rsv_frame_at(e, p);

	if (READ_ONCE(f->kind) != RSV_FRAME_USED || !PAGE_ALIGNED(p))
		return 0;
	return f->nr_pages << PAGE_SHIFT;
}

/**
 * rsv_ksize() - how many bytes may be used
 * @p: what rsv_kmalloc() and its like gave, or NULL
 *
 * Context: Any.
 * Return: The bytes; 0 for NULL and ZERO_SIZE_PTR, and, with a report, for what is not live memory
 * of a region.
 */
size_t rsv_ksize(const void *p)
{
	struct rsv_extent *e;
	size_t size = 0;

	if (ZERO_OR_NULL_PTR(p))
		return 0;
	rcu_read_lock();
	e = rsv_extent_find_addr(p);
	if (e)
		size = rsv_object_size(e, p) ?: rsv_pages_size(e, p);
	rcu_read_unlock();
	if (!size)
		rsv_report(RSV_FOREIGN, "the size of what is not allocated was asked for");
	return size;
}
EXPORT_SYMBOL_GPL(rsv_ksize);

/**
 * rsv_krealloc() - give memory another size
 * @r: the region for the memory if it has to move
 * @p: what rsv_kmalloc() and its like gave; NULL and ZERO_SIZE_PTR stand for nothing
 * @size: bytes wanted; 0 frees @p
 * @gfp: as for rsv_alloc_pages(). __GFP_ZERO clears what is added only if the memory moves or was
 *	zeroed from the beginning, as with krealloc()
 *
 * Memory that is large enough stays where it is.
 *
 * Context: As rsv_kmalloc().
 * Return: The memory with its contents up to the smaller of the sizes; ZERO_SIZE_PTR if @size is 0;
 * NULL if there is no memory or @p is not memory of a region, and then @p is as it was.
 */
void *rsv_krealloc(struct rsv_region *r, const void *p, size_t size, gfp_t gfp)
{
	size_t had = rsv_ksize(p);
	void *new;

	if (!ZERO_OR_NULL_PTR(p) && !had)
		return NULL;
	if (!size) {
		rsv_kfree(p);
		return ZERO_SIZE_PTR;
	}
	if (size <= had)
		return (void *)p;

	new = rsv_kmalloc(r, size, gfp);
	if (!new || !had)
		return new;
	memcpy(new, p, had);
	rsv_kfree(p);
	return new;
}
EXPORT_SYMBOL_GPL(rsv_krealloc);

static void rsv_extent_kfree(struct rsv_extent *e, const void *p)
{
	struct rsv_cache *c = rsv_cache_owning(e, p);
	enum rsv_misuse misuse = RSV_MISALIGNED;

	if (c) {
		rsv_cache_put(c, e, p);
		return;
	}
	if (PAGE_ALIGNED(p))
		misuse = rsv_run_free(e->region, rsv_frame_at(e, p));
	if (misuse != RSV_OK)
		rsv_report(misuse, "region %s: memory at 0x%llx given back", e->region->name,
			   rsv_addr_place(e, p));
}

/**
 * rsv_kfree() - give back memory
 * @p: what rsv_kmalloc() and its like gave; NULL and ZERO_SIZE_PTR do nothing
 *
 * What is free already, points into the middle or belongs to no region is reported and left as it
 * is.
 *
 * Context: Any but NMI, where it is refused with a report.
 */
void rsv_kfree(const void *p)
{
	struct rsv_extent *e;

	if (ZERO_OR_NULL_PTR(p))
		return;
	rcu_read_lock();
	e = in_nmi() ? NULL : rsv_extent_find_addr(p);
	if (e)
		rsv_extent_kfree(e, p);
	else
		rsv_report(RSV_FOREIGN, "memory of no region given back");
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(rsv_kfree);
