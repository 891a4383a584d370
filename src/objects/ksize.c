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
#include <linux/hardirq.h>
#include <linux/kasan.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "cache.h"
#include "debug/check.h"
#include "fastpath.h"
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

/*
 * The bytes of the used object at an address, if the fast path of a free would take it. Returns 0
 * for all other memory, and so for NULL and ZERO_SIZE_PTR, which lie in no extent. Disabled
 * preemption keeps both the extent and the cache.
 */
static __always_inline size_t rsv_object_size_fast(const void *p)
{
	struct rsv_frame *f;
	const struct rsv_cache *c;
	size_t size = 0;

	/* Bytes behind those that the user asked for may be red zone. */
	if (IS_ENABLED(CONFIG_KASAN_GENERIC))
		return 0;
	preempt_disable();
	if (unlikely(!rsv_hint_frame(p, &f)))
		goto out;
	c = rsv_frame_cache(f);
	if (unlikely(!c || !rsv_carved_may_be_freed(c, f, (unsigned long)p & c->mask, p)))
		goto out;
	size = READ_ONCE(c->fast_size);
out:
	preempt_enable();
	return size;
}

/**
 * struct rsv_allocated - what is known of allocated memory
 * @size: its bytes; 0 if no memory is allocated there
 * @used: the bytes that the user may have written to, since bytes behind them may be red zone;
 *	SIZE_MAX if the cache does not store that
 * @fenced: bytes behind those that the user asked for are red zone
 */
struct rsv_allocated {
	size_t size;
	size_t used;
	bool fenced;
};

static struct rsv_allocated rsv_allocated_in(struct rsv_extent *e, const void *p)
{
	struct rsv_allocated a = { .used = SIZE_MAX };
	struct rsv_cache *c = rsv_cache_at(e, p);

	if (!c) {
		a.size = rsv_pages_size(e, p);
		return a;
	}
	/* No caller has an object that the module uses itself. */
	if (c->flags & RSV_CACHE_INTERNAL || !rsv_object_is_used(c, e, p))
		return a;
	a.size = c->layout.object_size;
	if (c->layout.asked)
		a.used = rsv_debug_size(c, p);
	a.fenced = c->flags & RSV_CACHE_KMALLOC && rsv_kmalloc_has_fence(c);
	return a;
}

/*
 * Looks at the memory at an address, once. There is a report if none is allocated, and in an NMI
 * where the fast path does not serve: it must not take the locks of the heap.
 */
static struct rsv_allocated rsv_allocated_at(const void *p)
{
	struct rsv_allocated a = { .used = SIZE_MAX };
	struct rsv_extent *e;

	p = kasan_reset_tag(p);
	if (rsv_refuse_nmi("the size of memory asked for"))
		return a;
	rcu_read_lock();
	e = rsv_extent_find_addr(p);
	if (e)
		a = rsv_allocated_in(e, p);
	rcu_read_unlock();
	if (!a.size)
		rsv_report(RSV_FOREIGN, "the size of what is not allocated was asked for%s",
			   e ? "" : rsv_foreign_text(p));
	return a;
}

/**
 * rsv_ksize() - how many bytes allocated memory has
 * @p: memory of rsv_kmalloc() and its like, or NULL
 *
 * The function only reports. A caller must not use more bytes than it asked for, although the
 * memory may have more: see rsv_kmalloc_size_roundup() and rsv_krealloc().
 *
 * Context: Any. In an NMI it gives 0, with a report, unless a fast path finds an object.
 * Return: The bytes; 0 for NULL and ZERO_SIZE_PTR, and, with a report, for a pointer that is no
 * allocated memory of a region.
 */
size_t rsv_ksize(const void *p)
{
	const size_t size = rsv_object_size_fast(p);

	if (likely(size))
		return size;
	return ZERO_OR_NULL_PTR(p) ? 0 : rsv_allocated_at(p).size;
}
EXPORT_SYMBOL_GPL(rsv_ksize);

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
static void rsv_krealloc_in_place(void *p, size_t size, struct rsv_allocated had, gfp_t gfp)
{
	if (want_init_on_alloc(gfp)) {
		if (had.used == SIZE_MAX)
			memset(p + size, 0, had.size - size);
		else if (size > had.used)
			memset(p + had.used, 0, size - had.used);
	}
	if (had.fenced)
		rsv_kmalloc_move_fence(p, size);
}

/*
 * Allocates memory for what has outgrown its old one. What grew once may grow again: so objects get
 * half as much again as they had, if there is so much, and are not copied at each small step.
 */
static void *rsv_krealloc_alloc(struct rsv_region *r, size_t size, struct rsv_allocated had,
				gfp_t gfp, unsigned long caller)
{
	const gfp_t spare = (gfp & ~__GFP_DIRECT_RECLAIM) | __GFP_NOWARN;
	const size_t more = had.size + had.size / 2;
	void *new = NULL;

	if (size < more && more <= RSV_KMALLOC_MAX)
		new = rsv_kmalloc_track_caller(r, more, spare, caller);
	if (!new)
		return rsv_kmalloc_track_caller(r, size, gfp, caller);
	if (had.fenced)
		rsv_kmalloc_move_fence(new, size);
	return new;
}

/* @known: what rsv_object_size_fast() said */
static noinline void *rsv_krealloc_slow(struct rsv_region *r, const void *p, size_t size, gfp_t gfp,
					size_t known, unsigned long caller)
{
	struct rsv_allocated had = { .size = known, .used = SIZE_MAX };
	void *new;

	if (ZERO_OR_NULL_PTR(p))
		return rsv_kmalloc_track_caller(r, size, gfp, caller);
	/* The red zone stays for now, because rsv_kfree() checks it if the memory moves. */
	if (!known || in_nmi())
		had = rsv_allocated_at(p);
	if (!had.size)
		return NULL;
	if (!size) {
		rsv_kfree(p);
		return ZERO_SIZE_PTR;
	}
	if (size <= had.size) {
		rsv_krealloc_in_place((void *)p, size, had, gfp);
		return (void *)p;
	}
	new = rsv_krealloc_alloc(r, size, had, gfp, caller);
	if (!new)
		return NULL;
	memcpy(new, p, min(had.used, had.size));
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
 * Memory that is large enough stays where it is. Where an object has to move, the new one has room
 * to grow. Only the returned pointer may be used afterwards, even if it is equal to @p.
 *
 * Context: As rsv_kmalloc(). In an NMI, memory that would have to move or to be freed stays as it
 * is, with a report, and the caller gets NULL.
 * Return: The memory with its contents up to the smaller of the sizes; ZERO_SIZE_PTR if @size is 0;
 * NULL if the region has no memory or @p is not allocated memory of a region, and then @p is
 * unchanged.
 */
void *rsv_krealloc(struct rsv_region *r, const void *p, size_t size, gfp_t gfp)
{
	const size_t had = rsv_object_size_fast(p);

	/* One comparison refuses no bytes, too many, and what the fast path does not know. */
	if (likely(size - 1 < had) && !want_init_on_alloc(gfp))
		return (void *)p;
	return rsv_krealloc_slow(r, p, size, gfp, had, _RET_IP_);
}
EXPORT_SYMBOL_GPL(rsv_krealloc);
