// SPDX-License-Identifier: GPL-2.0
/*
 * How objects lie in a slab: their distance, and how many pages a slab has.
 *
 * A slab may be any number of pages: what its block was rounded up by goes back to the buddy
 * system. Among the numbers of pages that are considered, the one that wastes the smallest share
 * wins, and among equals the smallest: objects of 2 KB lie six to a slab of three pages, objects of
 * 7 KB four to a slab of seven. Slabs of one or two pages are made for the smallest objects only:
 * they would go to the buddy system for every few objects, and three pages are the least that takes
 * objects of 3 * 2^n bytes without waste.
 */
#include <linux/cache.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/minmax.h>

#include "../compat.h"
#include "../region.h"
#include "cache.h"

/*
 * The numbers of pages considered, unless one object needs more or RSV_SLAB_OBJECTS_MAX are reached
 * with fewer.
 */
#define RSV_SLAB_PAGES_LEAST	3U
#define RSV_SLAB_PAGES_MOST	8U

/*
 * As the kernel's calculate_alignment(): small objects share a cache line as long as none straddles
 * two.
 */
static unsigned int rsv_layout_align(unsigned int size, unsigned int align, unsigned int flags)
{
	unsigned int line = cache_line_size();

	if (flags & RSV_HWCACHE_ALIGN) {
		while (size <= line / 2)
			line /= 2;
		align = max(align, line);
	}
	return max3(align, (unsigned int)ARCH_SLAB_MINALIGN, (unsigned int)sizeof(void *));
}

static unsigned int rsv_layout_objects(const struct rsv_layout *l, unsigned int pages)
{
	return min_t(unsigned int, (pages << PAGE_SHIFT) / l->stride, RSV_SLAB_OBJECTS_MAX);
}

static unsigned int rsv_layout_waste(const struct rsv_layout *l, unsigned int pages)
{
	return (pages << PAGE_SHIFT) - rsv_layout_objects(l, pages) * l->stride;
}

/* Compares shares of the slab, not bytes: a / pages < b / best without division. */
static unsigned int rsv_layout_pages(const struct rsv_layout *l, unsigned int from, unsigned int to)
{
	unsigned int best = from, pages;

	for (pages = from + 1; pages <= to; pages++)
		if (rsv_layout_waste(l, pages) * best < rsv_layout_waste(l, best) * pages)
			best = pages;
	return best;
}

/**
 * rsv_layout_choose() - how objects of a size lie in a slab
 * @l: the layout to fill in
 * @size: bytes of an object
 * @align: its alignment: a power of two up to the page size, or 0 for that of a pointer
 * @flags: RSV_HWCACHE_ALIGN or 0
 * @ctor: whether there is a constructor, and so nothing of a free object may be written to
 *
 * Context: Any.
 * Return: 0, or -EINVAL if one of them is out of range.
 */
int rsv_layout_choose(struct rsv_layout *l, unsigned int size, unsigned int align,
		      unsigned int flags, bool ctor)
{
	unsigned int fit, from;

	if (!size || size > RSV_CACHE_SIZE_MAX || flags & ~RSV_HWCACHE_ALIGN)
		return -EINVAL;
	if (align && (!is_power_of_2(align) || align > PAGE_SIZE))
		return -EINVAL;

	l->object_size = size;
	l->align = rsv_layout_align(size, align, flags);
	if (ctor) {
		l->link = round_up(size, sizeof(void *));
		l->stride = round_up(l->link + (unsigned int)sizeof(void *), l->align);
	} else {
		/* In the middle, where an overflow of the object before does not reach it first. */
		l->link = round_down(size / 2, sizeof(void *));
		l->stride = round_up(size, l->align);
	}

	l->small_pages = DIV_ROUND_UP(l->stride, PAGE_SIZE);
	l->small_objects = rsv_layout_objects(l, l->small_pages);
	fit = max(RSV_SLAB_OBJECTS_MAX * l->stride >> PAGE_SHIFT, 1U);
	from = max(l->small_pages, min(RSV_SLAB_PAGES_LEAST, fit));
	l->pages = rsv_layout_pages(l, from, max(from, RSV_SLAB_PAGES_MOST));
	l->objects = rsv_layout_objects(l, l->pages);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_layout_choose);
