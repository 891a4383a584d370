// SPDX-License-Identifier: GPL-2.0
/*
 * Memory by the byte: rsv_kmalloc() allocates an object from the cache of the request's size class,
 * or whole pages where no class serves. rsv_kfree() tells the two apart by the frame of the page.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/hardirq.h>
#include <linux/log2.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/topology.h>

#include "alloc.h"
#include "cache.h"
#include "cpu.h"
#include "debug/check.h"
#include "fastpath.h"
#include "free.h"
#include "heap.h"
#include "hooks.h"
#include "kmalloc.h"
#include "node.h"
#include "pages/contig.h"
#include "pages/page_alloc.h"
#include "pages/pagemap.h"
#include "report.h"
#include "size_class.h"

/*
 * Allocation
 */

/*
 * Allocates whole pages. kmemleak and init_on_alloc treat them as they treat large kmalloc()
 * memory.
 */
static void *rsv_kmalloc_pages(struct rsv_region *r, size_t size, gfp_t gfp)
{
	struct rsv_frame *f;
	void *p;

	if (size > SIZE_MAX - PAGE_SIZE)
		return NULL;
	if (want_init_on_alloc(gfp))
		gfp |= __GFP_ZERO;
	f = rsv_run_alloc(r, gfp & ~__GFP_HIGHMEM, numa_mem_id(), PFN_UP(size));
	if (!f)
		return NULL;
	p = rsv_frame_addr(rsv_frame_extent(r, f), f);
	if (rsv_kmemleak_allowed())
		kmemleak_alloc(p, size, 1, gfp & ~__GFP_ZERO);
	return p;
}

/* Whether bytes of an object that its user did not ask for are red zone */
static bool rsv_kmalloc_has_fence(const struct rsv_cache *c)
{
	return IS_ENABLED(CONFIG_KASAN_GENERIC) || unlikely(c->layout.asked);
}

/* Makes all bytes of an object but the first @size red zone. Returns @p, which may be NULL. */
static void *rsv_kmalloc_fence(struct rsv_cache *c, void *p, size_t size)
{
	size_t end = round_up(size, sizeof(u64)), room = round_down(c->layout.object_size, 8);

	if (!p)
		return NULL;
	if (c->layout.asked)
		rsv_debug_asked(c, p, size);
	if (end < room)
		rsv_kasan_fence(p + end, room - end);
	rsv_kasan_allow(p, size);
	return p;
}

/*
 * Whether a class above RSV_KMALLOC_MAX serves requests. Where each object would have a slab of its
 * own, whole pages waste no more: with the engine SLOB, and in small regions. But checks need an
 * object, so such a class serves if its cache has checks.
 */
static bool rsv_kmalloc_serves_large(const struct rsv_cache *c)
{
	const struct rsv_layout *l = &c->layout;

	return l->small_objects > 1 || (l->objects > 1 && rsv_slab_may_be_whole(c)) ||
	       rsv_cache_debugs(c);
}

/*
 * The cache for a request above RSV_KMALLOC_MAX. Returns NULL if whole pages waste no more, or if
 * the caller asks for memory of a certain zone or node.
 */
static struct rsv_cache *rsv_kmalloc_large(const struct rsv_region *r, size_t size, gfp_t gfp)
{
	const unsigned int class = rsv_class_of(r->classes, size);
	struct rsv_cache *c;

	if (class == RSV_CLASS_NONE || gfp & ~RSV_GFP_OBJECTS)
		return NULL;
	c = r->kmalloc[class];
	return rsv_kmalloc_serves_large(c) ? c : NULL;
}

/**
 * rsv_kmalloc_least() - the smallest request that a size class serves
 * @c: the class
 *
 * Return: The bytes. 0 if the class serves no request, since whole pages waste no more.
 */
unsigned int rsv_kmalloc_least(const struct rsv_cache *c)
{
	const unsigned int size = c->layout.object_size;

	if (size > RSV_KMALLOC_MAX && !rsv_kmalloc_serves_large(c))
		return 0;
	return rsv_class_least(c->region->classes, size);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_kmalloc_least);

/*
 * Serves a request that the fast path did not. @object: a damaged object or NULL, as for
 * rsv_alloc_slow()
 */
static noinline void *rsv_kmalloc_slow(struct rsv_region *r, size_t size, gfp_t gfp, void *object,
				       unsigned long caller)
{
	const bool large = size > RSV_KMALLOC_MAX;
	struct rsv_cache *c;

	if (!size)
		return ZERO_SIZE_PTR;
	c = large ? rsv_kmalloc_large(r, size, gfp) : r->kmalloc[rsv_class_of(r->classes, size)];
	if (!c)
		return rsv_kmalloc_pages(r, size, gfp);
	rsv_might_sleep(gfp);
	if (large && rsv_gfp_is_plain(gfp) && rsv_alloc_fast(c, &object))
		object = rsv_alloc_hook(c, object, gfp & ~__GFP_ZERO);
	else
		object = rsv_alloc_slow(c, gfp, NUMA_NO_NODE, object, caller);
	return rsv_kmalloc_has_fence(c) ? rsv_kmalloc_fence(c, object, size) : object;
}

/**
 * rsv_kmalloc() - allocate memory by the byte
 * @r: the region
 * @size: bytes; 0 gives ZERO_SIZE_PTR, as kmalloc() does
 * @gfp: as for rsv_alloc_pages(); up to RSV_KMALLOC_MAX bytes as for rsv_cache_alloc()
 *
 * Powers of two are aligned to their size up to RSV_KMALLOC_MAX and beyond, other sizes to their
 * largest power-of-two divisor, and never to less than ARCH_KMALLOC_MINALIGN. A request of more
 * than RSV_KMALLOC_MAX gets whole pages unless a size class wastes less.
 *
 * Context: Any but NMI, where it gives NULL; may sleep if @gfp allows it.
 * Return: The memory, or NULL if the region does not have it.
 */
void *rsv_kmalloc(struct rsv_region *r, size_t size, gfp_t gfp)
{
	struct rsv_cache *c;
	void *object = NULL;

	/* The subtraction makes 0 a large number, so one comparison refuses both. */
	if (unlikely(size - 1 >= RSV_KMALLOC_MAX))
		goto slow;
	rsv_might_sleep(gfp);
	c = r->kmalloc[r->class[rsv_class_step(size)]];
	if (unlikely(!rsv_gfp_is_plain(gfp) || !rsv_alloc_fast(c, &object)))
		goto slow;
	object = rsv_alloc_hook(c, object, gfp & ~__GFP_ZERO);
	return IS_ENABLED(CONFIG_KASAN_GENERIC) ? rsv_kmalloc_fence(c, object, size) : object;
slow:
	return rsv_kmalloc_slow(r, size, gfp, object, _RET_IP_);
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

/* The memory at an address */

/* The bytes of the used block of pages that begins at an address; 0 if none does */
static size_t rsv_pages_size(const struct rsv_extent *e, const void *p)
{
	const struct rsv_frame *f = rsv_frame_at(e, p);

	if (READ_ONCE(f->kind) != RSV_FRAME_USED || !PAGE_ALIGNED(p))
		return 0;
	return f->nr_pages << PAGE_SHIFT;
}

/* The cache that an object at an address would belong to; NULL if no object can be there */
static struct rsv_cache *rsv_cache_at(struct rsv_extent *e, const void *p)
{
	struct rsv_cache *c = rsv_cache_owning(e, p);

	return c || !rsv_frame_is_heap(rsv_frame_at(e, p)) ? c : rsv_heap_owner(e, p);
}

static bool rsv_object_is_used(const struct rsv_cache *c, struct rsv_extent *e, const void *object)
{
	return c->engine->is_used(c, e, rsv_frame_at(e, object), object);
}

/*
 * Size
 */

/* Moves the red zone behind the first @size bytes, which the user may touch from now on. */
static void rsv_kmalloc_move_fence(struct rsv_extent *e, const void *p, size_t size)
{
	struct rsv_cache *c = rsv_cache_at(e, p);

	if (c && rsv_kmalloc_has_fence(c) && c->flags & RSV_CACHE_KMALLOC)
		rsv_kmalloc_fence(c, (void *)p, size);
}

static size_t rsv_kmalloc_size_in(struct rsv_extent *e, const void *p)
{
	struct rsv_cache *c = rsv_cache_at(e, p);

	if (!c)
		return rsv_pages_size(e, p);
	return rsv_object_is_used(c, e, p) ? c->layout.object_size : 0;
}

/*
 * The bytes of allocated memory. With @all the caller may use all of them from now on. Returns 0,
 * with a report, if the memory is not allocated, and in an NMI, which must not take the locks of
 * the heap.
 */
static size_t rsv_kmalloc_size(const void *p, bool all)
{
	struct rsv_extent *e;
	size_t size = 0;

	if (rsv_refuse_nmi("the size of memory asked for"))
		return 0;
	rcu_read_lock();
	e = rsv_extent_find_addr(p);
	if (e)
		size = rsv_kmalloc_size_in(e, p);
	if (size && all)
		rsv_kmalloc_move_fence(e, p, size);
	rcu_read_unlock();
	if (!size)
		rsv_report(RSV_FOREIGN, "the size of what is not allocated was asked for");
	return size;
}

/**
 * rsv_ksize() - how many bytes of allocated memory may be used
 * @p: memory of rsv_kmalloc() and its like, or NULL
 *
 * Context: Any but NMI, where it gives 0, with a report.
 * Return: The bytes; 0 for NULL and ZERO_SIZE_PTR, and, with a report, for a pointer that is no
 * allocated memory of a region.
 */
size_t rsv_ksize(const void *p)
{
	return ZERO_OR_NULL_PTR(p) ? 0 : rsv_kmalloc_size(p, true);
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

	rcu_read_lock();
	e = rsv_extent_find_addr(p);
	c = e ? rsv_cache_at(e, p) : NULL;
	if (c && c->layout.asked && rsv_object_is_used(c, e, p))
		used = rsv_debug_size(c, p);
	rcu_read_unlock();
	return used;
}

static void rsv_krealloc_in_place(const void *p, size_t size)
{
	rcu_read_lock();
	rsv_kmalloc_move_fence(rsv_extent_find_addr(p), p, size);
	rcu_read_unlock();
}

/**
 * rsv_krealloc() - change the size of memory
 * @r: the region for the memory if it has to move
 * @p: memory of rsv_kmalloc() and its like; NULL and ZERO_SIZE_PTR stand for no memory
 * @size: bytes wanted; 0 frees @p
 * @gfp: as for rsv_alloc_pages(). __GFP_ZERO clears the added bytes only if the memory moves or was
 *	zeroed from the beginning, as with krealloc()
 *
 * Memory that is large enough stays where it is.
 *
 * Context: As rsv_kmalloc().
 * Return: The memory with its contents up to the smaller of the sizes; ZERO_SIZE_PTR if @size is 0;
 * NULL if the region has no memory or @p is not allocated memory of a region, and then @p is
 * unchanged.
 */
void *rsv_krealloc(struct rsv_region *r, const void *p, size_t size, gfp_t gfp)
{
	/* The red zone stays for now, because rsv_kfree() checks it if the memory moves. */
	size_t had = ZERO_OR_NULL_PTR(p) ? 0 : rsv_kmalloc_size(p, false);
	size_t used;
	void *new;

	if (!ZERO_OR_NULL_PTR(p) && !had)
		return NULL;
	if (!size) {
		rsv_kfree(p);
		return ZERO_SIZE_PTR;
	}
	used = rsv_kmalloc_used(p);
	if (size <= had) {
		if (gfp & __GFP_ZERO && size > used)
			memset((void *)p + used, 0, size - used);
		rsv_krealloc_in_place(p, size);
		return (void *)p;
	}

	new = rsv_kmalloc(r, size, gfp);
	if (!new || !had)
		return new;
	memcpy(new, p, min(used, had));
	rsv_kfree(p);
	return new;
}
EXPORT_SYMBOL_GPL(rsv_krealloc);

/*
 * Free
 */

static enum rsv_misuse rsv_kfree_pages(struct rsv_extent *e, void *p)
{
	struct rsv_frame *f = rsv_frame_at(e, p);

	if (!PAGE_ALIGNED(p))
		return RSV_MISALIGNED;
	if (READ_ONCE(f->kind) == RSV_FRAME_USED) {
		kmemleak_free(p);
		if (want_init_on_free())
			memset(p, 0, READ_ONCE(f->nr_pages) << PAGE_SHIFT);
	}
	return rsv_run_free(e->region, f);
}

/* Frees memory that is no object of a cache. In a page of the heap it is free already. */
static enum rsv_misuse rsv_kfree_other(struct rsv_extent *e, const void *p)
{
	struct rsv_frame *f = rsv_frame_at(e, p);

	if (rsv_frame_is_heap(f) || rsv_frame_is_leaving(f))
		return RSV_DOUBLE_FREE;
	return rsv_kfree_pages(e, (void *)p);
}

static void rsv_kfree_in(struct rsv_extent *e, const void *p, unsigned long caller)
{
	struct rsv_cache *c = rsv_cache_at(e, p);
	enum rsv_misuse misuse;

	if (likely(c)) {
		rsv_free_object(c, e, (void *)p, caller);
		return;
	}
	misuse = rsv_kfree_other(e, p);
	if (misuse != RSV_OK)
		rsv_report(misuse, "region %s: memory at 0x%llx given back", e->region->name,
			   rsv_addr_offset(e, p));
}

static noinline void rsv_kfree_slow(const void *p, unsigned long caller)
{
	struct rsv_extent *e;

	if (ZERO_OR_NULL_PTR(p) || rsv_refuse_nmi("memory by the byte given back"))
		return;
	rcu_read_lock();
	e = rsv_extent_find_addr(p);
	if (likely(e))
		rsv_kfree_in(e, p, caller);
	else
		rsv_report(RSV_FOREIGN, "memory of no region given back");
	rcu_read_unlock();
}

/*
 * Looks up the address in the extent of this CPU's hint, and frees the object into a magazine of
 * the cache that the frame names. Disabled preemption keeps both the extent and the cache.
 */
static __always_inline bool rsv_kfree_fast(void *p)
{
	struct rsv_extent *e;
	struct rsv_frame *f;
	struct rsv_cache *c;
	struct rsv_cpu *cpu;
	unsigned long into;

	preempt_disable();
	e = this_cpu_read(rsv_extent_hint);
	into = (unsigned long)p - (unsigned long)e->base;
	if (unlikely(into >= e->bytes))
		goto refuse;
	f = rsv_frame_at_offset(e, into);
	c = rsv_frame_cache(f);
	if (unlikely(!c))
		goto refuse;
	cpu = this_cpu_ptr(READ_ONCE(c->fast_cpus));
	if (unlikely(!rsv_cpu_try(cpu)))
		goto refuse;
	if (unlikely(!rsv_free_push(c, cpu, f, p))) {
		rsv_cpu_end(cpu);
		goto refuse;
	}
	rsv_cpu_end(cpu);
	preempt_enable();
	return true;
refuse:
	preempt_enable();
	return false;
}

/**
 * rsv_kfree() - free memory
 * @p: memory of rsv_kmalloc() and its like; NULL and ZERO_SIZE_PTR do nothing
 *
 * The function reports a double free, a pointer into the middle and a pointer into no region, and
 * changes nothing.
 *
 * Context: Any but NMI, where it is refused with a report.
 */
void rsv_kfree(const void *p)
{
	if (unlikely(!rsv_kfree_fast((void *)p)))
		rsv_kfree_slow(p, _RET_IP_);
}
EXPORT_SYMBOL_GPL(rsv_kfree);
