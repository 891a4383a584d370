/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reservoir: the interface for kernel modules
 *
 * Reservoir reserves memory of the system once. From then on it allocates pages and objects from
 * that memory, without the system's allocators.
 *
 * The functions mirror those of the kernel, with the region as first parameter, and gfp means the
 * same. GFP_KERNEL, GFP_USER and GFP_HIGHUSER may sleep, GFP_ATOMIC and GFP_NOWAIT may not.
 * __GFP_ZERO, __GFP_HIGH and __GFP_NOWARN have their usual effect. Requests for pages may also have
 * a zone bit. Requests for pages, and for objects of a given node, may have __GFP_THISNODE. Hints
 * (__GFP_RETRY_MAYFAIL, __GFP_NOMEMALLOC, __GFP_MOVABLE, __GFP_ACCOUNT and others) have no effect;
 * with __GFP_NORETRY a request does not wait where others failed a moment ago; __GFP_COMP makes no
 * compound page: see rsv_alloc_pages(). With a flag that would change the meaning of the request,
 * above all __GFP_NOFAIL, a function returns NULL, and warns once for each caller.
 *
 * The kernel-doc in src/, where a function is defined, describes its context and errors.
 */
#ifndef _LINUX_RESERVOIR_H
#define _LINUX_RESERVOIR_H

#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/mm_types.h>
#include <linux/overflow.h>
#include <linux/page_ref.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/types.h>
#include <linux/uaccess.h>
#include <uapi/linux/reservoir.h>

struct page;
struct rsv_cache;
struct rsv_region;
struct rsv_sheaf;

/**
 * struct rsv_reserve - memory to reserve for a region
 * @bytes: the bytes, rounded up to whole pages
 * @shared: if @zone is not RSV_ZONE_ANY: the part of @bytes that also serves requests for higher
 *	zones. The zone protects the rest from such requests, as the kernel's lowmem_reserve does
 * @flags: RSV_RESERVE_*
 * @zone: RSV_ZONE_*
 * @nid: with RSV_RESERVE_NODE the node
 */
struct rsv_reserve {
	size_t bytes;
	size_t shared;
	unsigned int flags;
	unsigned int zone;
	int nid;
};

struct rsv_region *rsv_default_region(void);
struct rsv_region *rsv_region_create(const char *name, const struct rsv_reserve *want,
				     unsigned int nr);
int rsv_region_destroy(struct rsv_region *r);
int rsv_region_grow(struct rsv_region *r, const struct rsv_reserve *want);
size_t rsv_region_shrink(struct rsv_region *r, size_t bytes);

/*
 * References of a page that nobody but its owner refers to: one of the owner, and 512 of the
 * region, which keep a page that goes to put_page() or to the kernel's kfree() by mistake from
 * going to the system. They are as many as the objects that a page of 4 KB can have, each of which
 * may come to such a kfree(), and few enough that page_maybe_dma_pinned() says no.
 */
#define RSV_PAGE_REFS 513

/**
 * rsv_page_is_shared() - whether somebody else refers to a page
 * @page: a page that the caller allocated from a region
 *
 * For drivers that ask for page_count(page) > 1, to learn whether a network buffer or a device is
 * done with a page.
 *
 * Context: Any.
 * Return: true if anybody but the owner has a reference.
 */
static inline bool rsv_page_is_shared(const struct page *page)
{
	return page_ref_count(page) > RSV_PAGE_REFS;
}

struct page *rsv_alloc_pages(struct rsv_region *r, gfp_t gfp, unsigned int order);
struct page *rsv_alloc_pages_node(struct rsv_region *r, int nid, gfp_t gfp, unsigned int order);
void __rsv_free_pages(struct page *page, unsigned int order);
unsigned long rsv_get_free_pages(struct rsv_region *r, gfp_t gfp, unsigned int order);
unsigned long rsv_get_zeroed_page(struct rsv_region *r, gfp_t gfp);
void rsv_free_pages(unsigned long addr, unsigned int order);
void *rsv_alloc_pages_exact(struct rsv_region *r, size_t size, gfp_t gfp) __alloc_size(2);
void rsv_free_pages_exact(void *addr, size_t size);
unsigned long rsv_alloc_pages_bulk(struct rsv_region *r, gfp_t gfp, unsigned long nr,
				   struct page **pages);
void rsv_free_pages_bulk(unsigned long nr, struct page **pages);

void *rsv_vmalloc(struct rsv_region *r, size_t size) __alloc_size(2);
void *rsv_vmalloc_user(struct rsv_region *r, size_t size) __alloc_size(2);
void rsv_vfree(const void *p);

/*
 * A flag of rsv_cache_create(), besides those that programs may pass as well: if the name is taken,
 * append a number to it. A program would not learn the name that its cache got.
 */
#define RSV_NAME_UNIQUE	0x00010000

/*
 * Another such flag: rsv_cache_free_nolock() takes objects of this cache. Most caches need no flag
 * for that. One whose free objects keep all their bytes, because it has a constructor or
 * RSV_TYPESAFE_BY_RCU, and one of objects under 16 bytes, have eight bytes more for each object
 * with it.
 */
#define RSV_FREE_NOLOCK	0x00040000

/* Objects that rsv_cache_reserve_percpu() gives each CPU at most: as many as a page has pointers */
#define RSV_RESERVE_PERCPU_MAX	512

/**
 * struct rsv_cache_args - what rsv_cache_create_args() may be told; a field that is 0 asks for
 *	nothing
 * @align: alignment of the objects: a power of two up to the page size, or 0 for eight bytes
 * @flags: as for rsv_cache_create()
 * @ctor: the constructor or NULL, as for rsv_cache_create()
 * @freeptr_offset: with @use_freeptr_offset: eight bytes of an object that a free object need not
 *	keep, a multiple of eight. Where free objects must keep their bytes, because there is a
 *	constructor or RSV_TYPESAFE_BY_RCU, the cache needs eight bytes more for each object without
 *	such bytes. The engines SLAB and SLOB need others, and leave these alone
 * @use_freeptr_offset: @freeptr_offset says something; 0 is an offset like others
 * @magazine_size: rounds that the cache's magazines have at first: 4, 8, 16, 32, 64 or 128, as many
 *	as hold 128 KB of objects at most; or 0 for the number that measurements chose. Where CPUs
 *	wait for one another magazines grow
 */
struct rsv_cache_args {
	unsigned int align;
	unsigned int flags;
	void (*ctor)(void *object);
	unsigned int freeptr_offset;
	bool use_freeptr_offset;
	unsigned int magazine_size;
};

struct rsv_cache *rsv_cache_create_args(struct rsv_region *r, const char *name, unsigned int size,
					const struct rsv_cache_args *args);
struct rsv_cache *rsv_cache_create(struct rsv_region *r, const char *name, unsigned int size,
				   unsigned int align, unsigned int flags,
				   void (*ctor)(void *object));
int rsv_cache_destroy(struct rsv_cache *c);
int rsv_caches_destroy(unsigned int nr, struct rsv_cache **caches);
void *rsv_cache_alloc(struct rsv_cache *c, gfp_t gfp) __malloc;
void *rsv_cache_alloc_node(struct rsv_cache *c, gfp_t gfp, int nid) __malloc;
void rsv_cache_free(struct rsv_cache *c, void *object);
void rsv_cache_free_rcu(struct rsv_cache *c, void *object, struct rcu_head *head);
void rsv_rcu_barrier(struct rsv_region *r);
unsigned int rsv_cache_alloc_bulk(struct rsv_cache *c, gfp_t gfp, unsigned int nr, void **objects);
void rsv_cache_free_bulk(struct rsv_cache *c, unsigned int nr, void **objects);
int rsv_cache_shrink(struct rsv_cache *c);
int rsv_cache_reserve(struct rsv_cache *c, unsigned int nr);
int rsv_cache_reserve_percpu(struct rsv_cache *c, unsigned int nr);
void *rsv_cache_alloc_nolock(struct rsv_cache *c, gfp_t gfp) __malloc;
void rsv_cache_free_nolock(struct rsv_cache *c, void *object);
struct rsv_sheaf *rsv_cache_prefill(struct rsv_cache *c, gfp_t gfp, unsigned int nr);
int rsv_cache_refill_sheaf(struct rsv_cache *c, gfp_t gfp, struct rsv_sheaf **sheaf,
			   unsigned int nr);
void *rsv_cache_alloc_from_sheaf(struct rsv_cache *c, gfp_t gfp, struct rsv_sheaf *sheaf) __malloc;
void rsv_cache_return_sheaf(struct rsv_cache *c, struct rsv_sheaf *sheaf);
unsigned int rsv_cache_sheaf_size(const struct rsv_sheaf *sheaf);
void *rsv_mempool_alloc(gfp_t gfp, void *cache);
void rsv_mempool_free(void *element, void *cache);

/*
 * The compiler takes it from the attributes that no more than the requested bytes may be used. A
 * caller that can use more asks rsv_kmalloc_size_roundup() first, and then requests all of that.
 */
void rsv_kfree(const void *p);
void rsv_kfree_call_rcu(const void *p, struct rcu_head *head);
int rsv_kmalloc_reserve_percpu(struct rsv_region *r, size_t size, unsigned int nr);
void rsv_kmalloc_unreserve_percpu(struct rsv_region *r, size_t size, unsigned int nr);
void *rsv_kmalloc_nolock(struct rsv_region *r, size_t size, gfp_t gfp) __alloc_size(2);
void rsv_kfree_nolock(const void *p);
size_t rsv_ksize(const void *p);
size_t rsv_kmalloc_size_roundup(const struct rsv_region *r, size_t size);
void *rsv_kmalloc(struct rsv_region *r, size_t size, gfp_t gfp) __alloc_size(2);
void *rsv_kzalloc(struct rsv_region *r, size_t size, gfp_t gfp) __alloc_size(2);
void *rsv_kmalloc_node(struct rsv_region *r, size_t size, gfp_t gfp, int nid) __alloc_size(2);
void * __must_check rsv_krealloc(struct rsv_region *r, const void *p, size_t size, gfp_t gfp)
	__realloc_size(3);
void *rsv_kmemdup(struct rsv_region *r, const void *src, size_t len, gfp_t gfp) __realloc_size(3);
char *rsv_kstrdup(struct rsv_region *r, const char *s, gfp_t gfp) __malloc;

/**
 * rsv_kfree_rcu() - free memory after a grace period, as kfree_rcu()
 * @p: memory of rsv_kmalloc() and its like, or an object of rsv_cache_alloc(); NULL and
 *	ZERO_SIZE_PTR do nothing
 * @field: a field of @p, a struct rcu_head
 *
 * rsv_cache_free_rcu() says more.
 *
 * Context: As rsv_cache_free_rcu(): any. Never fails, and never sleeps.
 */
#define rsv_kfree_rcu(p, field)						\
	do {								\
		typeof(p) __rsv_p = (p);				\
									\
		if (__rsv_p)						\
			rsv_kfree_call_rcu(__rsv_p, &(*__rsv_p).field);	\
	} while (0)

/**
 * rsv_kmalloc_array() - allocate memory for an array
 * @r: the region
 * @n: number of elements
 * @size: bytes of an element
 * @gfp: as for rsv_kmalloc()
 *
 * Context: As rsv_kmalloc().
 * Return: As rsv_kmalloc(), and NULL if the bytes of the array are more than a size_t can tell.
 */
static inline __alloc_size(2, 3) void *rsv_kmalloc_array(struct rsv_region *r, size_t n,
							 size_t size, gfp_t gfp)
{
	size_t bytes;

	if (unlikely(check_mul_overflow(n, size, &bytes)))
		return NULL;
	return rsv_kmalloc(r, bytes, gfp);
}

/**
 * rsv_kcalloc() - allocate memory for an array, filled with zeroes
 * @r: the region
 * @n: number of elements
 * @size: bytes of an element
 * @gfp: as for rsv_kmalloc()
 *
 * Context: As rsv_kmalloc().
 * Return: As rsv_kmalloc_array().
 */
static inline __alloc_size(2, 3) void *rsv_kcalloc(struct rsv_region *r, size_t n, size_t size,
						   gfp_t gfp)
{
	size_t bytes;

	if (unlikely(check_mul_overflow(n, size, &bytes)))
		return NULL;
	return rsv_kzalloc(r, bytes, gfp);
}

bool rsv_check_object_size(const void *ptr, unsigned long n);

/**
 * rsv_copy_to_user() - copy_to_user() that refuses what leaves an object
 * @to: address in user space
 * @from: memory of a region, or of the kernel
 * @n: bytes
 *
 * The function checks memory of a region as rsv_check_object_size() does, and all memory as the
 * kernel does (CONFIG_HARDENED_USERCOPY). The kernel's own functions cannot know the objects of a
 * region.
 *
 * Context: Process; may sleep.
 * Return: The bytes that were not copied. If the copy is refused these are all, with a report.
 */
static __always_inline unsigned long __must_check
rsv_copy_to_user(void __user *to, const void *from, unsigned long n)
{
	return likely(rsv_check_object_size(from, n)) ? copy_to_user(to, from, n) : n;
}

/**
 * rsv_copy_from_user() - copy_from_user() that refuses what leaves an object
 * @to: memory of a region, or of the kernel
 * @from: address in user space
 * @n: bytes
 *
 * Context: Process; may sleep.
 * Return: As rsv_copy_to_user(). If the copy is refused nothing is written to @to.
 */
static __always_inline unsigned long __must_check
rsv_copy_from_user(void *to, const void __user *from, unsigned long n)
{
	return likely(rsv_check_object_size(to, n)) ? copy_from_user(to, from, n) : n;
}

/*
 * void *p __free(rsv_kfree) = rsv_kmalloc(...): freed when p goes out of scope
 *
 * A driver includes this header and not src/compat.h, so the header itself looks whether there is
 * __free(). <linux/slab.h> includes <linux/cleanup.h> since 6.5. Some older series got that file
 * later: there a driver includes it before this header.
 */
#ifdef DEFINE_FREE
DEFINE_FREE(rsv_kfree, void *, if (!IS_ERR_OR_NULL(_T)) rsv_kfree(_T))
#endif

#endif /* _LINUX_RESERVOIR_H */
