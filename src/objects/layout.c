// SPDX-License-Identifier: GPL-2.0
/*
 * How objects lie in a slab: their slots, and how many pages a slab has.
 *
 * A slot is, in this order: the left red zone, if there is one, as long as the alignment; the
 * object; the right red zone, to the next eight bytes; what marks a free object, if it may not be
 * inside; who took it and who gave it back; how much was asked for. What of that there is the
 * cache's flags say.
 *
 * A slab may be any number of pages: what its block was rounded up by goes back to the buddy
 * system. Among the numbers of pages that are considered, the one that wastes the smallest share
 * wins, and among equals the smallest: objects of 2 KB lie six to a slab of three pages, objects
 * of 7 KB four to a slab of seven and, since large ones may have larger slabs, those of 11 KB four
 * to a slab of eleven. Slabs of one or two pages are made for the smallest objects only: they
 * would go to the buddy system for every few objects, and three pages are the least that takes
 * objects of 3 * 2^n bytes without waste. What serves other caches has that many and no more,
 * since every region has some of it.
 */
#include <linux/cache.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/minmax.h>

#include "cache.h"
#include "layout.h"
#include "compat.h"
#include "engine.h"
#include "objects/debug/check.h"
#include "region.h"

/*
 * The numbers of pages considered, from the first of these to RSV_SLAB_PAGES_MOST or the other,
 * unless one object needs more or RSV_SLAB_OBJECTS_MAX are reached with fewer.
 */
#define RSV_SLAB_PAGES_LEAST 3U
#define RSV_SLAB_PAGES_LARGE 16U /* where an object needs more than two */

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
	return max3(align, (unsigned int)ARCH_SLAB_MINALIGN, RSV_MARK_BYTES);
}

/*
 * Whether the bytes of a free object are ours to write to. Of memory by the byte some may be red
 * zone, which is looked at when the object is kept already.
 */
static bool rsv_layout_mark_inside(const struct rsv_layout *l, unsigned int flags, bool ctor)
{
	if (ctor || flags & RSV_POISON)
		return false;
	return !l->red || (l->object_size >= RSV_MARK_BYTES && !(flags & RSV_CACHE_KMALLOC));
}

static void rsv_layout_slot(struct rsv_layout *l, unsigned int flags, bool ctor)
{
	unsigned int end;

	if (flags & RSV_RED_ZONE) {
		l->before = l->align;
		l->red = round_up(l->object_size + 1, RSV_MARK_BYTES) - l->object_size;
	}
	end = round_up(l->object_size + l->red, RSV_MARK_BYTES);
	if (rsv_layout_mark_inside(l, flags, ctor)) {
		/* In the middle, where an overflow of the object before does not reach it first. */
		l->mark = round_down(l->object_size / 2, RSV_MARK_BYTES);
	} else {
		l->mark = end;
		end += RSV_MARK_BYTES;
	}
	if (flags & RSV_STORE_USER) {
		l->track = end;
		end += rsv_debug_track_bytes();
	}
	if (flags & RSV_RED_ZONE && flags & RSV_CACHE_KMALLOC) {
		l->asked = end;
		end += RSV_MARK_BYTES;
	}
	l->stride = round_up(l->before + end, l->align);
}

/* Compares shares of the slab, not bytes: a / pages < b / best without division. */
static unsigned int rsv_layout_best(const struct rsv_layout *l, unsigned int from, unsigned int to,
				    unsigned int (*slots)(const struct rsv_layout *l,
							  unsigned int pages))
{
	unsigned int best = from, pages;

	for (pages = from + 1; pages <= to; pages++) {
		unsigned int waste = (pages << PAGE_SHIFT) - slots(l, pages) * l->stride;
		unsigned int least = (best << PAGE_SHIFT) - slots(l, best) * l->stride;

		if (waste * best < least * pages)
			best = pages;
	}
	return best;
}

/**
 * rsv_layout_pages() - choose how many pages a slab has
 * @l: the layout, its slot known
 * @slots: how many objects a slab of so many pages has, at most RSV_SLAB_OBJECTS_MAX
 *
 * Context: Any.
 */
void rsv_layout_pages(struct rsv_layout *l,
		      unsigned int (*slots)(const struct rsv_layout *l, unsigned int pages))
{
	unsigned int fit = max(RSV_SLAB_OBJECTS_MAX * l->stride >> PAGE_SHIFT, 1U), from, most;

	l->small_pages = DIV_ROUND_UP(l->stride, PAGE_SIZE);
	while (!slots(l, l->small_pages))
		l->small_pages++;
	l->small_objects = slots(l, l->small_pages);
	from = max(l->small_pages, min(RSV_SLAB_PAGES_LEAST, fit));
	most = l->stride > 2 * PAGE_SIZE ? RSV_SLAB_PAGES_LARGE : RSV_SLAB_PAGES_MOST;
	l->pages = l->few_pages ? from : rsv_layout_best(l, from, max(from, most), slots);
	l->objects = slots(l, l->pages);
}

/**
 * rsv_layout_choose() - how objects of a size lie in a slab
 * @l: the layout to fill in
 * @size: bytes of an object
 * @align: its alignment: a power of two up to twice the page size, or 0 for eight bytes
 * @flags: RSV_HWCACHE_ALIGN and so on, with one engine
 * @ctor: whether there is a constructor, and so nothing of a free object may be written to
 *
 * Context: Any.
 * Return: 0, or -EINVAL if one of them is out of range.
 */
int rsv_layout_choose(struct rsv_layout *l, unsigned int size, unsigned int align,
		      unsigned int flags, bool ctor)
{
	if (!size || size > RSV_CACHE_SIZE_MAX)
		return -EINVAL;
	if (align && (!is_power_of_2(align) || align > 2 * PAGE_SIZE))
		return -EINVAL;
	*l = (struct rsv_layout){
		.object_size = size,
		.align = rsv_layout_align(size, align, flags),
		.few_pages = flags & RSV_CACHE_FEW_PAGES,
	};
	rsv_layout_slot(l, flags, ctor);
	return rsv_engine_of(flags)->layout(l);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_layout_choose);
