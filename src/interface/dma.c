// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings of buffers for devices, by the kernel's DMA API, which knows of IOMMUs and caches.
 *
 * A buffer is shared by a program and a device for as long as it is bound, so the device must reach
 * the buffer's own pages. The DMA API can also copy through memory that the device reaches
 * (swiotlb). The program would then see nothing of what the device writes until the next
 * RSV_IOC_SYNC, and the copy costs more than the buffer saves: such mappings are refused.
 *
 * bind.c calls these functions, and says when the device can be used.
 */
#include <linux/container_of.h>
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "buffer.h"
#include "dma.h"

/*
 * A buffer may have several bindings, so the end of one must not give the memory to the CPU: where
 * devices do not see the CPU's caches, that would undo what a program has just written. Who maps
 * syncs once. A mapping that fails is told to the program, not to the kernel's log.
 */
#define RSV_DMA_ATTRS (DMA_ATTR_SKIP_CPU_SYNC | DMA_ATTR_NO_WARN)

/**
 * rsv_dma_buffer() - the buffer of a binding
 * @b: the binding
 *
 * Context: Any.
 * Return: The buffer.
 */
const struct rsv_buffer *rsv_dma_buffer(const struct rsv_binding *b)
{
	return container_of(b->handle.parent, struct rsv_buffer, handle);
}

/**
 * rsv_dma_prepare() - allocate what the mapping of a buffer needs
 * @b: the binding, which has a parent
 *
 * Context: Process; may sleep.
 * Return: 0 or -ENOMEM.
 */
int rsv_dma_prepare(struct rsv_binding *b)
{
	const struct rsv_buffer *buffer = rsv_dma_buffer(b);

	if (!buffer->pages)
		return 0;
	b->pages = kvcalloc(buffer->nr_pages, sizeof(*b->pages),
			    GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	return b->pages ? 0 : -ENOMEM;
}

/**
 * rsv_dma_free() - undo rsv_dma_prepare()
 * @b: the binding
 *
 * Context: Process; may sleep.
 */
void rsv_dma_free(struct rsv_binding *b)
{
	kvfree(b->pages);
}

/* Whether the device's addresses are physical ones, that is, whether no IOMMU translates them */
static bool rsv_dma_is_direct(struct device *dev)
{
	const struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	return !domain || domain->type & __IOMMU_DOMAIN_PT;
}

/* Whether somebody else, such as VFIO, has the device's IOMMU, or no DMA passes it at all */
static bool rsv_dma_is_taken(struct device *dev)
{
	const struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	return domain && !(domain->type & (__IOMMU_DOMAIN_PT | __IOMMU_DOMAIN_DMA_API));
}

/* Without an IOMMU only a copy can fail: there is no room for so much, or it is too long. */
static int rsv_dma_refuse_mapping(struct device *dev, u32 *refusal)
{
	const bool direct = rsv_dma_is_direct(dev);

	*refusal = direct ? RSV_REFUSED_BOUNCED : RSV_REFUSED_IOMMU;
	return direct ? -ERANGE : -ENOMEM;
}

/* The pages of one piece: a block is one, and every page of a scattered buffer is one. */
static size_t rsv_dma_piece(const struct rsv_buffer *buffer)
{
	return buffer->pages ? PAGE_SIZE : buffer->nr_pages << PAGE_SHIFT;
}

/* The kernel would warn of a mapping that a device cannot address, so this comes before it. */
static bool rsv_dma_reaches(struct device *dev, const struct rsv_buffer *buffer)
{
	const u64 limit = min_not_zero(*dev->dma_mask, dev->bus_dma_limit);
	const size_t piece = rsv_dma_piece(buffer);
	unsigned long i;
	dma_addr_t at;

	for (i = 0; i < buffer->nr_pages; i += piece >> PAGE_SHIFT) {
		at = phys_to_dma(dev, page_to_phys(rsv_buffer_page(buffer, i)));
		if (at == DMA_MAPPING_ERROR || (u64)at + piece - 1 > limit)
			return false;
		cond_resched();
	}
	return true;
}

static dma_addr_t rsv_dma_of_page(const struct rsv_binding *b, unsigned long index)
{
	return b->pages ? b->pages[index] : b->dma + ((dma_addr_t)index << PAGE_SHIFT);
}

/* Whether the device reaches other memory than the buffer's */
static bool rsv_dma_is_bounced(const struct rsv_binding *b, struct device *dev)
{
	const struct rsv_buffer *buffer = rsv_dma_buffer(b);
	const size_t piece = rsv_dma_piece(buffer);
	unsigned long i;
	phys_addr_t at;

	for (i = 0; i < buffer->nr_pages; i += piece >> PAGE_SHIFT) {
		at = page_to_phys(rsv_buffer_page(buffer, i));
		if (rsv_dma_of_page(b, i) != phys_to_dma(dev, at))
			return true;
		cond_resched();
	}
	return false;
}

static int rsv_dma_map_block(struct rsv_binding *b, struct device *dev, u32 *refusal)
{
	const struct rsv_buffer *buffer = rsv_dma_buffer(b);

	b->dma = dma_map_page_attrs(dev, buffer->page, 0, buffer->nr_pages << PAGE_SHIFT,
				    DMA_BIDIRECTIONAL, RSV_DMA_ATTRS);
	if (dma_mapping_error(dev, b->dma))
		return rsv_dma_refuse_mapping(dev, refusal);
	return 0;
}

/* An IOMMU may give scattered pages contiguous addresses if it gets them all at once. */
static int rsv_dma_map_pages(struct rsv_binding *b, struct device *dev, u32 *refusal)
{
	const struct rsv_buffer *buffer = rsv_dma_buffer(b);
	const unsigned int longest = round_down(dma_get_max_seg_size(dev), PAGE_SIZE);
	struct sg_dma_page_iter iter;
	unsigned long i = 0;
	int error;

	error = sg_alloc_table_from_pages_segment(&b->sg, buffer->pages, buffer->nr_pages, 0,
						  buffer->nr_pages << PAGE_SHIFT,
						  max_t(unsigned int, longest, PAGE_SIZE),
						  GFP_KERNEL_ACCOUNT);
	if (error)
		return -ENOMEM;
	error = dma_map_sgtable(dev, &b->sg, DMA_BIDIRECTIONAL, RSV_DMA_ATTRS);
	if (error) {
		sg_free_table(&b->sg);
		return rsv_dma_refuse_mapping(dev, refusal);
	}
	for_each_sgtable_dma_page(&b->sg, &iter, 0)
		b->pages[i++] = sg_page_iter_dma_address(&iter);
	b->dma = b->pages[0];
	return 0;
}

static enum dma_data_direction rsv_dma_direction(u32 direction)
{
	if (direction == RSV_DMA_BOTH)
		return DMA_BIDIRECTIONAL;
	return direction == RSV_DMA_TO_DEVICE ? DMA_TO_DEVICE : DMA_FROM_DEVICE;
}

/**
 * rsv_dma_sync() - give bytes of a mapped buffer to the CPU or to the device
 * @b: the binding
 * @dev: the device
 * @range: the program's request, which is within the buffer
 *
 * Pages with contiguous addresses behind an IOMMU need not be contiguous in memory, so each page of
 * a scattered buffer has its turn.
 *
 * Context: Process; may sleep.
 */
void rsv_dma_sync(const struct rsv_binding *b, struct device *dev,
		  const struct rsv_ioc_sync *range)
{
	const enum dma_data_direction direction = rsv_dma_direction(range->direction);
	u64 at = range->offset, end = range->offset + range->length, length;
	dma_addr_t dma;

	for (; at < end; at += length) {
		length = end - at;
		if (b->pages)
			length = min_t(u64, length, PAGE_SIZE - offset_in_page(at));
		dma = rsv_dma_of_page(b, at >> PAGE_SHIFT) + offset_in_page(at);
		if (range->owner == RSV_OWNER_CPU)
			dma_sync_single_for_cpu(dev, dma, length, direction);
		else
			dma_sync_single_for_device(dev, dma, length, direction);
		cond_resched();
	}
}

/* Gives the buffer to the device. */
static void rsv_dma_give_all(const struct rsv_binding *b, struct device *dev)
{
	const struct rsv_ioc_sync all = {
		.length = (u64)rsv_dma_buffer(b)->nr_pages << PAGE_SHIFT,
		.direction = RSV_DMA_BOTH,
		.owner = RSV_OWNER_DEVICE,
	};

	rsv_dma_sync(b, dev, &all);
}

/**
 * rsv_dma_map() - map a buffer for a device
 * @b: the binding, prepared
 * @dev: the device, which has a DMA mask
 * @refusal: set to RSV_REFUSED_* if the function fails for a reason that it knows
 *
 * The device owns the buffer from now on.
 *
 * Context: Process; may sleep.
 * Return: 0, -ERANGE if the device does not reach the buffer's pages, -EBUSY if its IOMMU is
 * somebody else's, or -ENOMEM.
 */
int rsv_dma_map(struct rsv_binding *b, struct device *dev, u32 *refusal)
{
	const bool direct = rsv_dma_is_direct(dev);
	int error;

	if (rsv_dma_is_taken(dev)) {
		*refusal = RSV_REFUSED_TAKEN;
		return -EBUSY;
	}
	if (direct && !rsv_dma_reaches(dev, rsv_dma_buffer(b))) {
		*refusal = RSV_REFUSED_MASK;
		return -ERANGE;
	}
	error = b->pages ? rsv_dma_map_pages(b, dev, refusal) : rsv_dma_map_block(b, dev, refusal);
	if (error)
		return error;
	if (direct && rsv_dma_is_bounced(b, dev)) {
		rsv_dma_unmap(b, dev);
		*refusal = RSV_REFUSED_BOUNCED;
		return -ERANGE;
	}
	rsv_dma_give_all(b, dev);
	return 0;
}

/**
 * rsv_dma_unmap() - undo rsv_dma_map()
 * @b: the binding
 * @dev: the device
 *
 * Context: Process; may sleep.
 */
void rsv_dma_unmap(struct rsv_binding *b, struct device *dev)
{
	if (!b->pages) {
		dma_unmap_page_attrs(dev, b->dma, rsv_dma_buffer(b)->nr_pages << PAGE_SHIFT,
				     DMA_BIDIRECTIONAL, RSV_DMA_ATTRS);
		return;
	}
	dma_unmap_sgtable(dev, &b->sg, DMA_BIDIRECTIONAL, RSV_DMA_ATTRS);
	sg_free_table(&b->sg);
}

/**
 * rsv_dma_address() - the address of a byte of a mapped buffer for the device
 * @b: the binding
 * @offset: offset of the byte, within the buffer
 * @length: set to the bytes that have contiguous addresses from there on
 *
 * Context: Process; may sleep.
 * Return: The address.
 */
u64 rsv_dma_address(const struct rsv_binding *b, u64 offset, u64 *length)
{
	const unsigned long nr_pages = rsv_dma_buffer(b)->nr_pages;
	unsigned long first = offset >> PAGE_SHIFT, end = first + 1;

	if (!b->pages) {
		*length = ((u64)nr_pages << PAGE_SHIFT) - offset;
		return b->dma + offset;
	}
	while (end < nr_pages && b->pages[end] == b->pages[end - 1] + PAGE_SIZE) {
		end++;
		cond_resched();
	}
	*length = ((u64)end << PAGE_SHIFT) - offset;
	return rsv_dma_of_page(b, first) + offset_in_page(offset);
}

/**
 * rsv_dma_segments() - count the ranges of contiguous addresses of a mapped buffer
 * @b: the binding
 *
 * Context: Process; may sleep.
 * Return: The number, at least 1.
 */
u32 rsv_dma_segments(const struct rsv_binding *b)
{
	const u64 bytes = (u64)rsv_dma_buffer(b)->nr_pages << PAGE_SHIFT;
	u64 offset, length;
	u32 nr = 0;

	for (offset = 0; offset < bytes; offset += length) {
		rsv_dma_address(b, offset, &length);
		nr++;
	}
	return nr;
}
