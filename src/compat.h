/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The differences between the supported kernels, so that no other file compares versions; and the
 * parts that depend on the kernel's configuration: stacks, KASAN, KUnit.
 */
#ifndef RSV_COMPAT_H
#define RSV_COMPAT_H

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/hrtimer.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/stackdepot.h>
#include <linux/stacktrace.h>
#include <linux/version.h>
#include <uapi/linux/reservoir.h>

/* The largest order of the kernel's page allocator. MAX_ORDER was one more than that before 6.4. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define RSV_KERNEL_MAX_ORDER (MAX_ORDER - 1)
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#define RSV_KERNEL_MAX_ORDER MAX_ORDER
#else
#define RSV_KERNEL_MAX_ORDER MAX_PAGE_ORDER
#endif

/* Tells KCSAN that a field may be racy; since 6.10. */
#ifndef __data_racy
#define __data_racy
#endif

/* The kernel's own pages by the array, for tools/bench. It is called so since 6.14. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0)
#define rsv_kernel_pages_bulk(gfp, nr, pages) alloc_pages_bulk_array(gfp, nr, pages)
#else
#define rsv_kernel_pages_bulk(gfp, nr, pages) alloc_pages_bulk(gfp, nr, pages)
#endif

/*
 * Waits for the kernel's own kfree_rcu(), for tools/bench. 6.12 has such a function, and kernels
 * from 7.0 on do not export it. There most objects wait in sheaves, which rcu_barrier() waits for.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0) || LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#define rsv_kernel_kfree_rcu_barrier() rcu_barrier()
#else
#define rsv_kernel_kfree_rcu_barrier() kvfree_rcu_barrier()
#endif

/*
 * Whether the cheap checks for misuse are built in, as they always should be. "make bench" builds
 * the module without them to measure their cost.
 */
#ifdef RSV_UNCHECKED
#define RSV_CHECKED false
#else
#define RSV_CHECKED true
#endif

/*
 * A compare-and-exchange that need not be atomic for other CPUs; without the checks it is a store.
 * The kernel has the form that returns a bool since 6.5.
 */
static __always_inline bool rsv_try_cmpxchg_local(unsigned long *at, unsigned long old,
						  unsigned long new)
{
	if (!RSV_CHECKED) {
		WRITE_ONCE(*at, new);
		return true;
	}
#ifdef try_cmpxchg_local
	return try_cmpxchg_local(at, &old, new);
#else
	return cmpxchg_local(at, old, new) == old;
#endif
}

/* Exports a symbol to the KUnit tests alone. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define EXPORT_SYMBOL_IF_KUNIT(symbol) EXPORT_SYMBOL_NS_GPL(symbol, EXPORTED_FOR_KUNIT_TESTING)
#else
#include <kunit/visibility.h>
#endif

/* The bus of PCI devices, for those who include linux/pci.h; NULL if the kernel has none */
#ifdef CONFIG_PCI
#define RSV_PCI_BUS (&pci_bus_type)
#else
#define RSV_PCI_BUS NULL
#endif

/* Since 6.17 a flag says that a work queue runs its works on the queuing CPU. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 17, 0)
#define RSV_WQ_PERCPU WQ_PERCPU
#else
#define RSV_WQ_PERCPU 0
#endif

/* Since 6.7 the kernel allocates shrinkers, and they have a pointer to private data. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
struct rsv_shrinker {
	struct shrinker base;
	void *data;
};

static inline void *rsv_shrinker_data(struct shrinker *s)
{
	return container_of(s, struct rsv_shrinker, base)->data;
}

static inline struct shrinker *
rsv_shrinker_start(unsigned long (*count)(struct shrinker *s, struct shrink_control *sc),
		   unsigned long (*scan)(struct shrinker *s, struct shrink_control *sc), void *data,
		   long batch)
{
	struct rsv_shrinker *s = kzalloc(sizeof(*s), GFP_KERNEL);

	if (!s)
		return NULL;
	s->data = data;
	s->base.count_objects = count;
	s->base.scan_objects = scan;
	s->base.seeks = DEFAULT_SEEKS;
	s->base.batch = batch;
	if (!register_shrinker(&s->base, "reservoir"))
		return &s->base;
	kfree(s);
	return NULL;
}

static inline void rsv_shrinker_stop(struct shrinker *s)
{
	unregister_shrinker(s);
	kfree(container_of(s, struct rsv_shrinker, base));
}
#else
static inline void *rsv_shrinker_data(struct shrinker *s)
{
	return s->private_data;
}

static inline struct shrinker *
rsv_shrinker_start(unsigned long (*count)(struct shrinker *s, struct shrink_control *sc),
		   unsigned long (*scan)(struct shrinker *s, struct shrink_control *sc), void *data,
		   long batch)
{
	struct shrinker *s = shrinker_alloc(0, "reservoir");

	if (!s)
		return NULL;
	s->private_data = data;
	s->count_objects = count;
	s->scan_objects = scan;
	s->batch = batch;
	shrinker_register(s);
	return s;
}

static inline void rsv_shrinker_stop(struct shrinker *s)
{
	shrinker_free(s);
}
#endif

/*
 * The flags of a page; the other bits of the word tell its zone and node. An owner sets flags, or
 * lets others set them, but for the one that says that the page is broken. Since 6.18 the word is
 * in a structure.
 */
#define RSV_PAGE_FLAGS ((1UL << NR_PAGEFLAGS) - 1)
#define RSV_PAGE_FLAGS_OWNED (RSV_PAGE_FLAGS & ~__PG_HWPOISON)

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
static inline unsigned long rsv_page_word(const struct page *page)
{
	return READ_ONCE(page->flags);
}

static inline void rsv_page_clear_flags(struct page *page, unsigned long flags)
{
	set_mask_bits(&page->flags, flags, 0);
}
#else
static inline unsigned long rsv_page_word(const struct page *page)
{
	return READ_ONCE(page->flags.f);
}

static inline void rsv_page_clear_flags(struct page *page, unsigned long flags)
{
	set_mask_bits(&page->flags.f, flags, 0);
}
#endif

/* The kernel's memory for any context, to compare with: since 6.18 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define rsv_kernel_kmalloc_nolock(size) kmalloc(size, GFP_NOWAIT)
#define rsv_kernel_kfree_nolock(p) kfree(p)
#else
#define rsv_kernel_kmalloc_nolock(size) kmalloc_nolock(size, 0, NUMA_NO_NODE)
#define rsv_kernel_kfree_nolock(p) kfree_nolock(p)
#endif

/* Since 6.13 one function initializes a timer and sets its function. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
static inline void rsv_hrtimer_setup(struct hrtimer *timer,
				     enum hrtimer_restart (*function)(struct hrtimer *timer),
				     enum hrtimer_mode mode)
{
	hrtimer_init(timer, CLOCK_MONOTONIC, mode);
	timer->function = function;
}
#else
static inline void rsv_hrtimer_setup(struct hrtimer *timer,
				     enum hrtimer_restart (*function)(struct hrtimer *timer),
				     enum hrtimer_mode mode)
{
	hrtimer_setup(timer, function, CLOCK_MONOTONIC, mode);
}
#endif

/* Since 6.13 the name of a symbol name space is a string. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define RSV_IMPORT_KUNIT_NS MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING)
#else
#define RSV_IMPORT_KUNIT_NS MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING")
#endif

/* Since 6.3 a function sets the flags of a mapping. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
#endif

/* What tells an operation of an inode how a mount maps users: another structure since 6.3 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#define RSV_IDMAP struct user_namespace
#else
#define RSV_IDMAP struct mnt_idmap
#endif

/* Reads from a file into a pipe by the file's read_iter(). The function copies since 6.5. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#define rsv_splice_read generic_file_splice_read
#else
#define rsv_splice_read copy_splice_read
#endif

/* Anonymous inodes have no type, and a flag of their own since 6.16. */
static inline void rsv_inode_set_regular(struct inode *inode)
{
	inode->i_mode |= S_IFREG;
#ifdef S_ANON_INODE
	inode->i_flags &= ~S_ANON_INODE;
#endif
}

/* The kernel's number (enum zone_type) of RSV_ZONE_*, or -1 if the kernel has no such zone. */
static inline int rsv_kernel_zone(unsigned int zone)
{
	switch (zone) {
#ifdef CONFIG_ZONE_DMA
	case RSV_ZONE_DMA:
		return ZONE_DMA;
#endif
#ifdef CONFIG_ZONE_DMA32
	case RSV_ZONE_DMA32:
		return ZONE_DMA32;
#endif
#ifdef CONFIG_HIGHMEM
	case RSV_ZONE_HIGHMEM:
		return ZONE_HIGHMEM;
#endif
	case RSV_ZONE_NORMAL:
		return ZONE_NORMAL;
	default:
		return -1;
	}
}

/*
 * Allocates a range of pages by migrating their contents. Each page has a reference of its own
 * afterwards. Newer kernels take flags instead of a migrate type.
 */
#ifdef ACR_FLAGS_NONE
#define RSV_RANGE_KIND ACR_FLAGS_NONE
#else
#define RSV_RANGE_KIND MIGRATE_MOVABLE
#endif

#ifdef CONFIG_CONTIG_ALLOC
#define RSV_KERNEL_TAKES_RANGES true
static inline bool rsv_kernel_take_range(unsigned long start, unsigned long nr_pages)
{
	return !alloc_contig_range(start, start + nr_pages, RSV_RANGE_KIND,
				   GFP_KERNEL | __GFP_NOWARN);
}
#else
#define RSV_KERNEL_TAKES_RANGES false
static inline bool rsv_kernel_take_range(unsigned long start, unsigned long nr_pages)
{
	return false;
}
#endif

/* The return addresses on the caller's stack, innermost first. Returns their number. */
#ifdef CONFIG_STACKTRACE
static inline unsigned int rsv_stack_entries(unsigned long *entries, unsigned int nr)
{
	return stack_trace_save(entries, nr, 0);
}
#else
static inline unsigned int rsv_stack_entries(unsigned long *entries, unsigned int nr)
{
	return 0;
}
#endif

/*
 * Whether a page is of the kernel's slabs, or (where its type tells, since 6.15 at the latest) of a
 * kmalloc() of whole pages.
 */
static inline bool rsv_kernel_kmalloced(struct page *page)
{
	struct folio *folio = page_folio(page);

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
	if (folio_test_large_kmalloc(folio))
		return true;
#endif
	return folio_test_slab(folio);
}

/*
 * Stacks. The kernel's stack depot stores each distinct stack once and gives it a number; 0 means
 * that it could not be stored. Its function lost a parameter in 6.3 and got flags in 6.8.
 */
#ifdef CONFIG_STACKDEPOT
#define RSV_STACK_DEPTH 16

static inline int rsv_stack_start(void)
{
	return stack_depot_init();
}

/*
 * Saves the stack of the caller without the innermost @skip functions, which must not be inlined.
 */
static __always_inline u32 rsv_stack_save(unsigned int skip, bool may_alloc)
{
	unsigned long entries[RSV_STACK_DEPTH];
	unsigned int nr = stack_trace_save(entries, RSV_STACK_DEPTH, skip);

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
	return __stack_depot_save(entries, nr, 0, GFP_NOWAIT, may_alloc);
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
	return __stack_depot_save(entries, nr, GFP_NOWAIT, may_alloc);
#else
	return stack_depot_save_flags(entries, nr, GFP_NOWAIT,
				      may_alloc ? STACK_DEPOT_FLAG_CAN_ALLOC : 0);
#endif
}

static inline unsigned int rsv_stack_fetch(u32 stack, unsigned long **entries)
{
	return stack_depot_fetch(stack, entries);
}
#else
static inline int rsv_stack_start(void)
{
	return 0;
}

static inline u32 rsv_stack_save(unsigned int skip, bool may_alloc)
{
	return 0;
}

static inline unsigned int rsv_stack_fetch(u32 stack, unsigned long **entries)
{
	return 0;
}
#endif

/*
 * KASAN: marks bytes that users of objects must not access. kasan_poison() is the only exported
 * function for that. Its declaration is private to mm/kasan/, and so are the values that tell a
 * report the kind of bytes. Addresses are multiples of 8, and so are sizes, except for
 * rsv_kasan_allow().
 */
#ifdef CONFIG_KASAN_GENERIC
#define RSV_KASAN_GRANULE 8UL
#define RSV_KASAN_REDZONE 0xfc /* KASAN_SLAB_REDZONE: "slab-out-of-bounds" */
#define RSV_KASAN_FREE	  0xfb /* KASAN_SLAB_FREE: "slab-use-after-free" */

void kasan_poison(const void *addr, size_t size, u8 value, bool init);

static inline void rsv_kasan_forbid(const void *addr, size_t size)
{
	kasan_poison(addr, size, RSV_KASAN_FREE, false);
}

static inline void rsv_kasan_fence(const void *addr, size_t size)
{
	kasan_poison(addr, size, RSV_KASAN_REDZONE, false);
}

/* If the last granule is not accessible as a whole, its value is the number of accessible bytes. */
static inline void rsv_kasan_allow(const void *addr, size_t size)
{
	size_t partial = size % RSV_KASAN_GRANULE;

	kasan_poison(addr, size - partial, 0, false);
	if (partial)
		kasan_poison(addr + size - partial, RSV_KASAN_GRANULE, partial, false);
}
#else
static inline void rsv_kasan_forbid(const void *addr, size_t size)
{
}

static inline void rsv_kasan_fence(const void *addr, size_t size)
{
}

static inline void rsv_kasan_allow(const void *addr, size_t size)
{
}
#endif

#endif /* RSV_COMPAT_H */
