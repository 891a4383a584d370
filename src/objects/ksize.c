// SPDX-License-Identifier: GPL-2.0
/*
 * How large memory by the byte is, and how it changes its size.
 *
 * A caller may use the bytes that it asked for, and no others: the compiler of a FORTIFY kernel
 * knows no other size (__alloc_size), and the bytes behind them are red zone where there are
 * checks. So, as in the kernel since 6.1, rsv_ksize() only reports. rsv_kmalloc_size_roundup()
 * tells how many bytes a caller can ask for at the same price, and rsv_krealloc() makes further
 * bytes usable.
 */
#include <linux/kasan.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "cache.h"
#include "debug/check.h"
#include "kmalloc.h"
#include "lookup.h"
#include "pages/pagemap.h"
#include "report.h"

/**
 * rsv_kmalloc_size_roundup() - how many bytes to ask for at the price of a request
 * @r: the region
 * @size: bytes
 *
 * A caller that can use more bytes than it needs asks rsv_kmalloc() for all that this function
 * returns, and may then use all of them.
 *
 * Context: Any.
 * Return: The bytes of the size class or of the pages that would serve the request. @size itself if
 * it is 0, or so large that no region has it.
 */
size_t rsv_kmalloc_size_roundup(const struct rsv_region *r, size_t size)
{
	const struct rsv_cache *c;

	if (!size || size > SIZE_MAX - PAGE_SIZE)
		return size;
	c = rsv_kmalloc_class(r, size);
	return c ? c->layout.object_size : PAGE_ALIGN(size);
}
EXPORT_SYMBOL_GPL(rsv_kmalloc_size_roundup);

/* The bytes of the used block of pages that begins at an address; 0 if none does */
static size_t rsv_pages_size(const struct rsv_extent *e, const void *p)
{
	const struct rsv_frame *f = rsv_frame_at(e, p);

	if (READ_ONCE(f->kind) != RSV_FRAME_USED || !PAGE_ALIGNED(p))
		return 0;
	/* The caller may have freed the block; then the frame says anything. */
	return min(READ_ONCE(f->nr_pages), e->nr_pages - rsv_frame_index(e, f)) << PAGE_SHIFT;
}

static size_t rsv_kmalloc_size_in(struct rsv_extent *e, const void *p)
{
	struct rsv_cache *c = rsv_cache_at(e, p);

	if (!c)
		return rsv_pages_size(e, p);
	/* No caller has an object that the module uses itself. */
	if (c->flags & RSV_CACHE_INTERNAL)
		return 0;
	return rsv_object_is_used(c, e, p) ? c->layout.object_size : 0;
}

/*
 * The bytes of allocated memory. Returns 0, with a report, if the memory is not allocated, and in
 * an NMI, which must not take the locks of the heap.
 */
static size_t rsv_kmalloc_size(const void *p)
{
	struct rsv_extent *e;
	size_t size = 0;

	p = kasan_reset_tag(p);
	if (rsv_refuse_nmi("the size of memory asked for"))
		return 0;
	rcu_read_lock();
	e = rsv_extent_find_addr(p);
	if (e)
		size = rsv_kmalloc_size_in(e, p);
	rcu_read_unlock();
	if (!size)
		rsv_report(RSV_FOREIGN, "the size of what is not allocated was asked for%s",
			   e ? "" : rsv_foreign_text(p));
	return size;
}

/**
 * rsv_ksize() - how many bytes allocated memory has
 * @p: memory of rsv_kmalloc() and its like, or NULL
 *
 * The function only reports. A caller must not use more bytes than it asked for, although the
 * memory may have more: see rsv_kmalloc_size_roundup() and rsv_krealloc().
 *
 * Context: Any but NMI, where it gives 0, with a report.
 * Return: The bytes; 0 for NULL and ZERO_SIZE_PTR, and, with a report, for a pointer that is no
 * allocated memory of a region.
 */
size_t rsv_ksize(const void *p)
{
	return ZERO_OR_NULL_PTR(p) ? 0 : rsv_kmalloc_size(p);
}
EXPORT_SYMBOL_GPL(rsv_ksize);

/*
 * The bytes that the user may have written to, since bytes behind them may be red zone; SIZE_MAX if
 * the cache does not store that
 */
static size_t rsv_kmalloc_used(const void *p)
{
	struct rsv_extent *e;
	struct rsv_cache *c;
	size_t used = SIZE_MAX;

	p = kasan_reset_tag(p);
	rcu_read_lock();
	e = rsv_extent_find_addr(p);
	c = e ? rsv_cache_at(e, p) : NULL;
	if (c && c->layout.asked && rsv_object_is_used(c, e, p))
		used = rsv_debug_size(c, p);
	rcu_read_unlock();
	return used;
}

/* Moves the red zone behind the first @size bytes, which the user may use from now on. */
static void rsv_kmalloc_move_fence(const void *p, size_t size)
{
	struct rsv_extent *e;
	struct rsv_cache *c;

	p = kasan_reset_tag(p);
	rcu_read_lock();
	e = rsv_extent_find_addr(p);
	c = e ? rsv_cache_at(e, p) : NULL;
	if (c && c->flags & RSV_CACHE_KMALLOC && rsv_kmalloc_has_fence(c))
		rsv_kmalloc_fence(c, (void *)p, size);
	rcu_read_unlock();
}

/*
 * Changes the size of memory that is large enough. Where the old size is known, bytes behind it are
 * red zone, and those that are added are cleared. Where it is not, all bytes behind the new size
 * are cleared, so that they are zero when a later call adds them.
 */
static void rsv_krealloc_in_place(void *p, size_t size, size_t had, size_t used, gfp_t gfp)
{
	if (want_init_on_alloc(gfp)) {
		if (used == SIZE_MAX)
			memset(p + size, 0, had - size);
		else if (size > used)
			memset(p + used, 0, size - used);
	}
	rsv_kmalloc_move_fence(p, size);
}

static void *rsv_krealloc_from(struct rsv_region *r, const void *p, size_t size, gfp_t gfp,
			       unsigned long caller)
{
	/* The red zone stays for now, because rsv_kfree() checks it if the memory moves. */
	size_t had = rsv_kmalloc_size(p);
	size_t used;
	void *new;

	if (!had)
		return NULL;
	used = rsv_kmalloc_used(p);
	if (size <= had) {
		rsv_krealloc_in_place((void *)p, size, had, used, gfp);
		return (void *)p;
	}
	new = rsv_kmalloc_track_caller(r, size, gfp, caller);
	if (!new)
		return NULL;
	memcpy(new, p, min(used, had));
	rsv_kfree(p);
	return new;
}

/**
 * rsv_krealloc() - change the size of memory
 * @r: the region for the memory if it has to move
 * @p: memory of rsv_kmalloc() and its like; NULL and ZERO_SIZE_PTR stand for no memory
 * @size: bytes wanted; 0 frees @p
 * @gfp: as for rsv_kmalloc(). __GFP_ZERO clears the added bytes only if each call for the memory
 *	had it from the first allocation on, as with krealloc()
 *
 * Memory that is large enough stays where it is. Only the returned pointer may be used afterwards,
 * even if it is equal to @p.
 *
 * Context: As rsv_kmalloc().
 * Return: The memory with its contents up to the smaller of the sizes; ZERO_SIZE_PTR if @size is 0;
 * NULL if the region has no memory or @p is not allocated memory of a region, and then @p is
 * unchanged.
 */
void *rsv_krealloc(struct rsv_region *r, const void *p, size_t size, gfp_t gfp)
{
	if (ZERO_OR_NULL_PTR(p))
		return rsv_kmalloc_track_caller(r, size, gfp, _RET_IP_);
	if (size)
		return rsv_krealloc_from(r, p, size, gfp, _RET_IP_);
	if (!rsv_kmalloc_size(p))
		return NULL;
	rsv_kfree(p);
	return ZERO_SIZE_PTR;
}
EXPORT_SYMBOL_GPL(rsv_krealloc);
