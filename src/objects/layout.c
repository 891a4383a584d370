// SPDX-License-Identifier: GPL-2.0
/*
 * How objects lie in a slab: the parts of a slot, and the pages of a slab.
 *
 * A slot consists of these parts, in this order. The cache's flags decide which of them a slot has:
 *
 *	left red zone	as long as the alignment, so that the object after it is aligned
 *	object
 *	right red zone	at least one byte, to the next multiple of eight
 *	mark		if it may not lie inside the object
 *	link		if the object has one and it may not lie inside: see deferred.c
 *	owners		the caller of the last allocation and of the last free
 *	asked		how many bytes the caller of rsv_kmalloc() asked for
 *
 * A slab may have any number of pages: the buddy system gives out a block of 2^n pages, and the
 * slab frees the pages that it does not need. rsv_layout_pages() chooses the number that wastes the
 * smallest share of the slab, and the smallest such number among equals. So six objects of 2 KB
 * fill a slab of three pages, four objects of 7 KB a slab of seven, and four objects of 11 KB a
 * slab of eleven.
 *
 * A slab has at least three pages, unless RSV_SLAB_OBJECTS_MAX objects fit into fewer. With one or
 * two pages every few allocations would go to the buddy system, and three pages are the smallest
 * number that objects of 3 * 2^n bytes fill. Slabs of internal caches have that smallest number and
 * no more, since every region has some of them.
 */
#include <linux/align.h>
#include <linux/cache.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/minmax.h>

#include "compat.h"
#include "layout.h"

/*
 * The numbers of pages to choose from. A slab for an object that needs more has as many as it
 * needs.
 */
#define RSV_SLAB_PAGES_LEAST	3U
#define RSV_SLAB_PAGES_LARGE	16U /* at most, for slots of more than two pages */

/*
 * The alignment, as the kernel's calculate_alignment() computes it: with RSV_HWCACHE_ALIGN small
 * objects share a cache line, and none straddles two.
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

/* Whether a free object keeps its bytes: see rsv_cache_keeps_bytes() */
static bool rsv_layout_keeps_bytes(const struct rsv_cache_args *args)
{
	return args->ctor || args->flags & RSV_TYPESAFE_BY_RCU;
}

/*
 * Whether the mark may overwrite bytes of a free object. It may not where the constructor's or the
 * poison's bytes must stay, or those that readers under RCU may look at. Nor may it where the bytes
 * may be red zone: in an object of rsv_kmalloc() the red zone begins behind the bytes that the
 * caller asked for, and a free checks it only after it set the mark.
 */
static bool rsv_layout_mark_inside(const struct rsv_layout *l, const struct rsv_cache_args *args)
{
	if (args->flags & RSV_POISON)
		return false;
	if (rsv_layout_keeps_bytes(args))
		return args->use_freeptr_offset;
	return !l->red || (l->object_size >= RSV_MARK_BYTES && !(args->flags & RSV_CACHE_KMALLOC));
}

/*
 * Whether objects have a link, by which their free can be deferred: see deferred.c. It does not
 * depend on checks, so that debug= does not decide what a driver may do.
 */
static bool rsv_layout_has_link(const struct rsv_layout *l, const struct rsv_engine *engine,
				const struct rsv_cache_args *args)
{
	if (engine->heap)
		return false;
	if (args->flags & RSV_FREE_NOLOCK)
		return true;
	return !rsv_layout_keeps_bytes(args) && l->object_size >= 2 * RSV_MARK_BYTES;
}

/*
 * Chooses where the link lies, and returns where the slot's parts end then. Nobody needs the first
 * bytes of a cached object, unless it keeps its bytes, its mark is there, or they may be red zone
 * as for the mark.
 */
static unsigned int rsv_layout_link(struct rsv_layout *l, const struct rsv_engine *engine,
				    const struct rsv_cache_args *args, unsigned int end)
{
	const bool fenced = l->red && (args->flags & RSV_CACHE_KMALLOC ||
				       l->object_size < RSV_MARK_BYTES);

	l->link = RSV_LINK_NONE;
	if (!rsv_layout_has_link(l, engine, args))
		return end;
	if (!rsv_layout_keeps_bytes(args) && !fenced && l->mark >= RSV_MARK_BYTES) {
		l->link = 0;
		return end;
	}
	l->link = end;
	return end + RSV_MARK_BYTES;
}

static void rsv_layout_slot(struct rsv_layout *l, const struct rsv_engine *engine,
			    const struct rsv_cache_args *args)
{
	const unsigned int flags = args->flags;
	unsigned int end;

	if (flags & RSV_RED_ZONE) {
		l->before = l->align;
		l->red = round_up(l->object_size + 1, RSV_MARK_BYTES) - l->object_size;
	}
	end = round_up(l->object_size + l->red, RSV_MARK_BYTES);
	if (rsv_layout_mark_inside(l, args)) {
		/* In the middle a short overflow of the slot before does not reach the mark. */
		l->mark = args->use_freeptr_offset ?
				  args->freeptr_offset :
				  round_down(l->object_size / 2, RSV_MARK_BYTES);
	} else {
		l->mark = end;
		end += RSV_MARK_BYTES;
	}
	end = rsv_layout_link(l, engine, args, end);
	if (flags & RSV_STORE_USER) {
		l->track = end;
		end += RSV_TRACK_BYTES;
	}
	if (flags & RSV_RED_ZONE && flags & RSV_CACHE_KMALLOC) {
		l->asked = end;
		end += RSV_MARK_BYTES;
	}
	l->stride = round_up(l->before + end, l->align);
}

/*
 * Finds the number of pages that wastes the smallest share: a / pages < b / best, without a
 * division.
 */
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
 * rsv_layout_pages() - choose the number of pages of a slab
 * @l: the layout, with its slot
 * @slots: returns how many slots a slab of that many pages has, at most RSV_SLAB_OBJECTS_MAX
 *
 * The function sets the pages and objects of a slab, and of a small slab, which has the fewest
 * pages that one object needs.
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

static bool rsv_layout_freeptr_ok(unsigned int size, const struct rsv_cache_args *args)
{
	const unsigned int offset = args->freeptr_offset;

	if (!args->use_freeptr_offset)
		return !offset;
	return IS_ALIGNED(offset, RSV_MARK_BYTES) && offset < size &&
	       size - offset >= RSV_MARK_BYTES;
}

/**
 * rsv_layout_choose() - choose how objects of a size lie in a slab
 * @l: the layout, filled in
 * @engine: the engine, which chooses the objects and pages of a slab
 * @size: bytes of an object
 * @args: the rest. Alignments may be up to RSV_LAYOUT_ALIGN_MAX
 *
 * Context: Any.
 * Return: 0, or -EINVAL if @size, the alignment or the offset of the free pointer is out of range,
 * or for RSV_FREE_NOLOCK with an engine that takes locks for each free.
 */
int rsv_layout_choose(struct rsv_layout *l, const struct rsv_engine *engine, unsigned int size,
		      const struct rsv_cache_args *args)
{
	struct rsv_cache_args own = *args;

	if (!size || size > RSV_CACHE_SIZE_MAX)
		return -EINVAL;
	if (args->align && (!is_power_of_2(args->align) || args->align > RSV_LAYOUT_ALIGN_MAX))
		return -EINVAL;
	if (!rsv_layout_freeptr_ok(size, args))
		return -EINVAL;
	if (engine->heap && args->flags & RSV_FREE_NOLOCK)
		return -EINVAL;
	/* SLOB knows by the mark whether a free object keeps its block: see slob_freelist.c. */
	if (engine->heap)
		own.use_freeptr_offset = false;
	*l = (struct rsv_layout){
		.object_size = size,
		.align = rsv_layout_align(size, args->align, args->flags),
		.few_pages = args->flags & RSV_CACHE_FEW_PAGES,
	};
	rsv_layout_slot(l, engine, &own);
	return engine->layout(l);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_layout_choose);
