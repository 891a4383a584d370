// SPDX-License-Identifier: GPL-2.0
/*
 * Memory by the byte: rsv_kmalloc() allocates an object from the cache of the request's size class,
 * or whole pages where no class serves. rsv_kfree() tells the two apart by the frame of the page.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/hardirq.h>
#include <linux/kasan.h>
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
#include "leaving.h"
#include "lookup.h"
#include "node.h"
#include "pages/contig.h"
#include "pages/page_alloc.h"
#include "pages/pagemap.h"
#include "pages/pcp.h"
#include "pages/zone.h"
#include "report.h"
#include "size_class.h"

/*
 * Allocation
 */

/*
 * Allocates whole pages. kmemleak and init_on_alloc treat them as they treat large kmalloc()
 * memory.
 */
static void *rsv_kmalloc_pages(struct rsv_region *r, size_t size, gfp_t gfp, int nid)
{
	struct rsv_frame *f;
	void *p;

	if (size > SIZE_MAX - PAGE_SIZE)
		return NULL;
	if (want_init_on_alloc(gfp))
		gfp |= __GFP_ZERO;
	f = rsv_run_alloc(r, gfp & ~__GFP_HIGHMEM, nid, PFN_UP(size));
	if (!f)
		return NULL;
	p = rsv_frame_addr(rsv_frame_extent(r, f), f);
	if (IS_ENABLED(CONFIG_DEBUG_KMEMLEAK) && rsv_kmemleak_allowed())
		kmemleak_alloc(p, size, 1, gfp & ~__GFP_ZERO);
	return p;
}

/**
 * rsv_kmalloc_fence() - make all bytes of an object red zone that its user did not ask for
 * @c: its size class, for which rsv_kmalloc_has_fence() is true
 * @p: the object, or NULL
 * @size: the bytes that the user asked for
 *
 * Context: Any.
 * Return: @p
 */
void *rsv_kmalloc_fence(struct rsv_cache *c, void *p, size_t size)
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

/* The share of a region that magazines of one class of whole pages may have: an eighth */
#define RSV_KMALLOC_SHARE	8

/*
 * Whether a class serves whose objects are whole pages, and each a slab of its own. It wastes
 * nothing, and an object in a magazine takes a fraction of the time that a run takes that is split
 * off and merged. But what a magazine has only a request that may wait gets back. So the region
 * must have as many pages that the first magazines of all CPUs, two each, are a small share. The
 * slabs of SLOB take the slow path.
 */
static bool rsv_kmalloc_caches_pages(const struct rsv_cache *c)
{
	const struct rsv_layout *l = &c->layout;
	const unsigned long most = 2UL * RSV_MAGAZINE_SIZE(0) * l->pages * nr_cpu_ids;

	return (size_t)l->pages << PAGE_SHIFT == l->object_size && !c->engine->heap &&
	       READ_ONCE(c->magazine_cache) &&
	       READ_ONCE(c->region->nr_pages) >= RSV_KMALLOC_SHARE * most;
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
	       rsv_kmalloc_caches_pages(c) || rsv_cache_debugs(c);
}

/**
 * rsv_kmalloc_class() - find the size class of a request
 * @r: the region
 * @size: the request, at least 1 byte
 *
 * Context: Any.
 * Return: The class, or NULL if whole pages serve.
 */
struct rsv_cache *rsv_kmalloc_class(const struct rsv_region *r, size_t size)
{
	const unsigned int class = rsv_class_of(r->classes, size);
	struct rsv_cache *c;

	if (class == RSV_CLASS_NONE)
		return NULL;
	c = r->kmalloc[class];
	return size <= RSV_KMALLOC_MAX || rsv_kmalloc_serves_large(c) ? c : NULL;
}

/**
 * rsv_kmalloc_least() - the smallest request that a size class serves
 * @c: the class
 *
 * Return: The bytes. 0 if the class serves no request, since whole pages do.
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
	c = rsv_kmalloc_class(r, size);
	/* A large request for memory of a certain zone or node gets pages. */
	if (!c || (large && gfp & ~RSV_GFP_OBJECTS))
		return rsv_kmalloc_pages(r, size, gfp, numa_mem_id());
	rsv_might_alloc(gfp);
	if (large && rsv_gfp_is_plain(gfp) && rsv_alloc_fast(c, &object))
		object = rsv_alloc_hook(c, object, gfp & ~__GFP_ZERO);
	else
		object = rsv_alloc_slow(c, gfp, NUMA_NO_NODE, object, caller);
	return rsv_kmalloc_has_fence(c) ? rsv_kmalloc_fence(c, object, size) : object;
}

/* Objects up to this size are cleared word by word, since a call of memset() costs more. */
#define RSV_CLEAR_BY_WORDS	64

/* Sizes of classes are multiples of a word. */
static __always_inline void rsv_kmalloc_clear(const struct rsv_cache *c, void *object)
{
	const unsigned int size = c->layout.object_size;
	unsigned long *word = object, *end = object + size;

	if (unlikely(size > RSV_CLEAR_BY_WORDS)) {
		memset(object, 0, size);
		return;
	}
	/* WRITE_ONCE() keeps the compiler from making a call of it. */
	while (word != end)
		WRITE_ONCE(*word++, 0);
}

/*
 * The fast path, for requests that want zeroes or for those that do not. If it returns false
 * rsv_kmalloc_slow() must serve, and *object is what that is to get. Its callers read their return
 * address only then.
 */
static __always_inline bool rsv_kmalloc_fast(struct rsv_region *r, size_t size, gfp_t gfp,
					     bool zero, void **object)
{
	struct rsv_cache *c;

	/* The subtraction makes 0 a large number, so one comparison refuses both. */
	if (unlikely(size - 1 >= RSV_KMALLOC_MAX))
		return false;
	rsv_might_alloc(gfp);
	c = r->kmalloc[r->class[rsv_class_step(size)]];
	if (unlikely(!rsv_gfp_is_plain(gfp) || !rsv_alloc_fast(c, object)))
		return false;
	*object = rsv_alloc_hook(c, *object, gfp & ~__GFP_ZERO);
	/* With init_on_alloc, Debian's default, the hook has cleared it. */
	if (zero && !rsv_alloc_clears(c, 0))
		rsv_kmalloc_clear(c, *object);
	if (IS_ENABLED(CONFIG_KASAN_GENERIC))
		rsv_kmalloc_fence(c, *object, size);
	return true;
}

/**
 * rsv_kmalloc() - allocate memory by the byte
 * @r: the region
 * @size: bytes; 0 gives ZERO_SIZE_PTR, as kmalloc() does
 * @gfp: as for rsv_alloc_pages(); up to RSV_KMALLOC_MAX bytes as for rsv_cache_alloc()
 *
 * Powers of two are aligned to their size up to RSV_KMALLOC_MAX and beyond, other sizes to their
 * largest power-of-two divisor, and never to less than ARCH_KMALLOC_MINALIGN. A request of more
 * than RSV_KMALLOC_MAX gets whole pages unless a size class serves: see rsv_kmalloc_size_roundup().
 *
 * The memory may be larger than @size, but only @size bytes may be used: rsv_kmalloc_size_roundup()
 * tells how many bytes to ask for instead.
 *
 * Context: Any; may sleep if @gfp allows it. In an NMI it gives NULL unless this CPU has such
 * memory cached.
 * Return: The memory, or NULL if the region does not have it.
 */
void *rsv_kmalloc(struct rsv_region *r, size_t size, gfp_t gfp)
{
	void *object = NULL;

	if (likely(rsv_kmalloc_fast(r, size, gfp, false, &object)))
		return object;
	return rsv_kmalloc_slow(r, size, gfp, object, _RET_IP_);
}
EXPORT_SYMBOL_GPL(rsv_kmalloc);

/**
 * rsv_kzalloc() - allocate memory by the byte, filled with zeroes
 * @r: the region
 * @size: as for rsv_kmalloc()
 * @gfp: as for rsv_kmalloc()
 *
 * Context: As rsv_kmalloc().
 * Return: As rsv_kmalloc().
 */
void *rsv_kzalloc(struct rsv_region *r, size_t size, gfp_t gfp)
{
	void *object = NULL;

	if (likely(rsv_kmalloc_fast(r, size, gfp, true, &object)))
		return object;
	return rsv_kmalloc_slow(r, size, gfp | __GFP_ZERO, object, _RET_IP_);
}
EXPORT_SYMBOL_GPL(rsv_kzalloc);

/**
 * rsv_kmalloc_track_caller() - rsv_kmalloc() for a function that allocates for its own caller
 * @r: the region
 * @size: bytes
 * @gfp: as for rsv_kmalloc()
 * @caller: address of the code that owner tracking and reports shall name
 *
 * Context: As rsv_kmalloc().
 * Return: As rsv_kmalloc().
 */
void *rsv_kmalloc_track_caller(struct rsv_region *r, size_t size, gfp_t gfp, unsigned long caller)
{
	void *object = NULL;

	if (likely(rsv_kmalloc_fast(r, size, gfp, false, &object)))
		return object;
	return rsv_kmalloc_slow(r, size, gfp, object, caller);
}

/* @size: at least 1; @nid: a node of the machine */
static void *rsv_kmalloc_on_node(struct rsv_region *r, size_t size, gfp_t gfp, int nid,
				 unsigned long caller)
{
	struct rsv_cache *c = rsv_kmalloc_class(r, size);
	void *object;

	/* A large request for memory of a certain zone gets pages. */
	if (!c || (size > RSV_KMALLOC_MAX && gfp & ~(RSV_GFP_OBJECTS | __GFP_THISNODE)))
		return rsv_kmalloc_pages(r, size, gfp, nid);
	rsv_might_alloc(gfp);
	object = rsv_alloc_slow(c, gfp, nid, NULL, caller);
	return rsv_kmalloc_has_fence(c) ? rsv_kmalloc_fence(c, object, size) : object;
}

/**
 * rsv_kmalloc_node() - allocate memory by the byte, preferably of a node
 * @r: the region
 * @size: as for rsv_kmalloc()
 * @gfp: as for rsv_kmalloc(); with __GFP_THISNODE no other node serves
 * @nid: the node, or NUMA_NO_NODE for that of this CPU
 *
 * Context: As rsv_kmalloc().
 * Return: As rsv_kmalloc(), and NULL for a node that does not exist.
 */
void *rsv_kmalloc_node(struct rsv_region *r, size_t size, gfp_t gfp, int nid)
{
	if (nid == NUMA_NO_NODE && !(gfp & __GFP_THISNODE))
		return rsv_kmalloc_track_caller(r, size, gfp, _RET_IP_);
	if (nid == NUMA_NO_NODE)
		nid = numa_mem_id();
	if (nid < 0 || nid >= nr_node_ids)
		return NULL;
	return size ? rsv_kmalloc_on_node(r, size, gfp, nid, _RET_IP_) : ZERO_SIZE_PTR;
}
EXPORT_SYMBOL_GPL(rsv_kmalloc_node);

/*
 * Free
 */

/*
 * Frees a block of pages onto this CPU's list, if its order has one. Returns false, and then
 * nothing has changed, if there is more to it. kmemleak forgets the memory before somebody else can
 * get it; that it is told twice does no harm.
 */
static bool rsv_kfree_block(struct rsv_extent *e, struct rsv_frame *f, const void *p)
{
	const unsigned int order = READ_ONCE(f->order);

	if (want_init_on_free() || order >= RSV_PCP_ORDERS ||
	    READ_ONCE(f->kind) != RSV_FRAME_USED)
		return false;
	kmemleak_free(p);
	return rsv_pcp_free(e, rsv_frame_index(e, f), order);
}

/**
 * rsv_kfree_check() - whether an address that is of no cache may be that of whole pages
 * @e: the extent that it lies in
 * @p: the address
 *
 * Context: Any, under rcu_read_lock().
 * Return: RSV_OK, or the misuse that its free is: in a page of the heap it is free already.
 */
enum rsv_misuse rsv_kfree_check(const struct rsv_extent *e, const void *p)
{
	struct rsv_frame *f = rsv_frame_at(e, p);

	if (rsv_frame_is_heap(f) || rsv_frame_is_leaving(f))
		return RSV_DOUBLE_FREE;
	if (PAGE_ALIGNED(p))
		return RSV_OK;
	/* An object, whose slab's pages went back to the free areas? */
	return rsv_leaving_misuse(e, f) == RSV_DOUBLE_FREE ? RSV_DOUBLE_FREE : RSV_MISALIGNED;
}

/*
 * Frees memory that is no object of a cache. With init_on_free the pages are cleared once they are
 * nobody's: see pages/waiting.c.
 */
static enum rsv_misuse rsv_kfree_pages(struct rsv_extent *e, const void *p)
{
	struct rsv_frame *f = rsv_frame_at(e, p);
	enum rsv_misuse misuse = rsv_kfree_check(e, p);

	if (misuse != RSV_OK)
		return misuse;
	if (rsv_kfree_block(e, f, p))
		return RSV_OK;
	/* Not by the region's table, from which the extent of a double free may have gone. */
	misuse = rsv_zone_claim(e, rsv_frame_index(e, f), 0);
	if (misuse != RSV_OK)
		return misuse;
	kmemleak_free(p);
	rsv_zone_free_claimed(e, rsv_frame_index(e, f));
	return RSV_OK;
}

static void rsv_kfree_in(struct rsv_extent *e, const void *p, unsigned long caller)
{
	struct rsv_cache *c = rsv_cache_at(e, p);
	enum rsv_misuse misuse;

	/* Fast paths do not serve internal caches, so none of their objects is freed there. */
	if (unlikely(c && c->flags & RSV_CACHE_INTERNAL)) {
		rsv_debug_report(RSV_FOREIGN, c, e, p, "given back, but it is the module's own");
		return;
	}
	if (likely(c)) {
		rsv_free_object(c, e, (void *)p, caller);
		return;
	}
	misuse = rsv_kfree_pages(e, p);
	if (misuse != RSV_OK)
		rsv_report(misuse, "region %s: memory at 0x%llx given back", e->region->name,
			   rsv_addr_offset(e, p));
}

/*
 * Pushes a block of pages onto this CPU's list, if it lies in the extent of the CPU's hint. A
 * failure changes nothing, and rsv_kfree_pages() finds out why.
 */
static __always_inline bool rsv_kfree_block_fast(const void *p)
{
	struct rsv_extent *e;
	struct rsv_frame *f;
	struct rsv_zone *z;
	bool pushed = false;
	unsigned int order;

	if (!PAGE_ALIGNED(p) || IS_ENABLED(CONFIG_DEBUG_KMEMLEAK) || want_init_on_free())
		return false;
	preempt_disable();
	e = rsv_hint(rsv_hint_of_addr((unsigned long)p));
	if (likely(rsv_extent_has(e, p))) {
		f = rsv_frame_at(e, p);
		z = e->zone;
		order = READ_ONCE(f->order);
		/* The frames of slabs have an order, too. */
		if (likely(order < RSV_PCP_ORDERS && READ_ONCE(f->kind) == RSV_FRAME_USED))
			pushed = rsv_pcp_push_fast(rsv_pcp_this_cpu(z, order), f,
						   rsv_frame_page(e, f), order);
	}
	preempt_enable();
	return pushed;
}

/*
 * Looks up the address in the extent of this CPU's hint, and frees the object into a magazine of
 * the cache that the frame names. Disabled preemption keeps both the extent and the cache.
 */
static __always_inline bool rsv_kfree_fast(void *p)
{
	struct rsv_frame *f;
	struct rsv_cache *c;
	struct rsv_cpu *cpu;

	preempt_disable();
	if (unlikely(!rsv_hint_frame(p, &f)))
		goto refuse;
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

static noinline void rsv_kfree_slow(const void *p, unsigned long caller)
{
	struct rsv_extent *e;
	bool known;

	if (rsv_kfree_block_fast(p))
		return;
	p = kasan_reset_tag(p);
	if (ZERO_OR_NULL_PTR(p) || rsv_refuse_nmi("memory by the byte given back"))
		return;
	rcu_read_lock();
	known = rsv_hint_has(p);
	e = rsv_extent_find_addr(p);
	if (unlikely(!e))
		rsv_report(RSV_FOREIGN, "memory of no region given back%s", rsv_foreign_text(p));
	else if (known || !rsv_hint_has(p) || !rsv_kfree_fast((void *)p))
		rsv_kfree_in(e, p, caller);
	rcu_read_unlock();
}

/**
 * rsv_kfree() - free memory
 * @p: memory of rsv_kmalloc() and its like; NULL and ZERO_SIZE_PTR do nothing
 *
 * The function reports a double free, a pointer into the middle, a pointer to what the module uses
 * itself and a pointer into no region, and changes nothing. It says so if the memory is of the
 * system's kmalloc(). Like kfree(), it also takes objects of rsv_cache_alloc().
 *
 * Context: Any. In an NMI it is refused with a report unless a magazine, or a list of pages, of
 * this CPU has room.
 */
void rsv_kfree(const void *p)
{
	if (unlikely(!rsv_kfree_fast((void *)p)))
		rsv_kfree_slow(p, _RET_IP_);
}
EXPORT_SYMBOL_GPL(rsv_kfree);
