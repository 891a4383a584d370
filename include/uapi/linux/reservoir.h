/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Reservoir: the ioctl interface of /dev/reservoir
 *
 * Every structure begins with its own size in bytes, which the program sets. A newer kernel accepts
 * a shorter structure and takes what is missing as zero; an older kernel accepts a longer one as
 * long as what it does not know is zero (else E2BIG), as clone3() does. A query fills in as much as
 * the program has room for. Unknown flags and reserved fields that are not zero are refused with
 * EINVAL. All fields have the same place in 32- and 64-bit programs; pointers travel as __u64.
 *
 * Whatever a descriptor makes (scratch regions, buffers, caches, objects) or opens has a handle, a
 * number above 0 that only this descriptor understands, and goes back when the descriptor's last
 * copy is closed. Only a region made by RSV_IOC_REGION_MAKE stays, until RSV_IOC_REGION_END.
 * Region 0 is the default region, the one that the module made at load. What is no handle is
 * ENOENT, a handle of something else EINVAL. A descriptor has at most 1048576 handles, 1024 of them
 * of caches (EMFILE).
 *
 * Queries (numbers below 0x10) work on a read-only descriptor; everything else needs one open for
 * writing (EBADF).
 */
#ifndef _UAPI_LINUX_RESERVOIR_H
#define _UAPI_LINUX_RESERVOIR_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define RSV_VERSION		"0.1.0"
#define RSV_ABI_VERSION		1

#define RSV_NAME_MAX		32	/* bytes of a name, the closing NUL included */
#define RSV_ORDERS_MAX		32	/* orders that a zone can have */
#define RSV_RESERVES_MAX	16	/* entries that a region is made from */

/*
 * The numbers are _IO(): the size travels in the structure, so that a structure can grow and keep
 * its number.
 */
#define RSV_IOC_MAGIC		0xDF
#define RSV_IOC_INFO		_IO(RSV_IOC_MAGIC, 0x00)	/* struct rsv_ioc_info */
#define RSV_IOC_ZONE		_IO(RSV_IOC_MAGIC, 0x01)	/* struct rsv_ioc_zone */
#define RSV_IOC_EXTENT		_IO(RSV_IOC_MAGIC, 0x02)	/* struct rsv_ioc_extent */
#define RSV_IOC_CACHE		_IO(RSV_IOC_MAGIC, 0x03)	/* struct rsv_ioc_cache */
#define RSV_IOC_MAP		_IO(RSV_IOC_MAGIC, 0x04)	/* struct rsv_ioc_map */
#define RSV_IOC_REGION_NEXT	_IO(RSV_IOC_MAGIC, 0x05)	/* struct rsv_ioc_region_next */
#define RSV_IOC_REGION_OPEN	_IO(RSV_IOC_MAGIC, 0x06)	/* struct rsv_ioc_region_open */
#define RSV_IOC_REGION_CREATE	_IO(RSV_IOC_MAGIC, 0x10)	/* struct rsv_ioc_region_create */
#define RSV_IOC_BUFFER_ALLOC	_IO(RSV_IOC_MAGIC, 0x11)	/* struct rsv_ioc_buffer_alloc */
#define RSV_IOC_CACHE_CREATE	_IO(RSV_IOC_MAGIC, 0x12)	/* struct rsv_ioc_cache_create */
#define RSV_IOC_OBJECT_ALLOC	_IO(RSV_IOC_MAGIC, 0x13)	/* struct rsv_ioc_object_alloc */
#define RSV_IOC_OBJECT_READ	_IO(RSV_IOC_MAGIC, 0x14)	/* struct rsv_ioc_object_io */
#define RSV_IOC_OBJECT_WRITE	_IO(RSV_IOC_MAGIC, 0x15)	/* struct rsv_ioc_object_io */
#define RSV_IOC_FREE		_IO(RSV_IOC_MAGIC, 0x16)	/* struct rsv_ioc_free */
#define RSV_IOC_REGION_MAKE	_IO(RSV_IOC_MAGIC, 0x17)	/* struct rsv_ioc_region_make */
#define RSV_IOC_REGION_END	_IO(RSV_IOC_MAGIC, 0x18)	/* struct rsv_ioc_region_end */
#define RSV_IOC_REGION_GROW	_IO(RSV_IOC_MAGIC, 0x19)	/* struct rsv_ioc_region_grow */
#define RSV_IOC_REGION_SHRINK	_IO(RSV_IOC_MAGIC, 0x1a)	/* struct rsv_ioc_region_shrink */
#define RSV_IOC_SCATTERED_ALLOC	_IO(RSV_IOC_MAGIC, 0x1b)	/* struct rsv_ioc_scattered_alloc */
#define RSV_IOC_CACHE_SHRINK	_IO(RSV_IOC_MAGIC, 0x1c)	/* struct rsv_ioc_cache_shrink */

/**
 * struct rsv_ioc_info - what a region is and holds
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @region: in: 0 for the default region, or a handle
 * @abi_version: out: RSV_ABI_VERSION of the running module
 * @page_size: out: bytes of a page
 * @nr_zones: out: indexes that RSV_IOC_ZONE takes
 * @nr_extents: out: indexes that RSV_IOC_EXTENT takes
 * @nr_caches: out: caches at this moment
 * @bytes: out: bytes of the region
 * @free_bytes: out: bytes in free blocks
 * @largest_free: out: bytes of the largest free block
 * @largest_block: out: bytes of the largest block that the region could ever give
 * @metadata_bytes: out: bytes that Reservoir took beside the region to manage it
 * @slab_bytes: out: bytes in slabs, whether their objects are in use or free
 * @percpu_bytes: out: bytes of that for each CPU the machine may have, not in @metadata_bytes
 * @cached_bytes: out: bytes of free pages on the lists of CPUs, and of zeroed pages
 * @lent_bytes: out: bytes that the system has borrowed
 * @misuse: out: misuses caught and reported since the module was loaded, in all regions
 * @name: out: name of the region
 * @version: out: RSV_VERSION of the running module
 * @engine: out: name of the engine that caches have which ask for none
 * @classes: out: name of the region's choice of size classes, such as "fine"
 * @heap_bytes: out: bytes of @slab_bytes that are the heap of the engine SLOB
 * @heap_free_bytes: out: bytes of the heap that are free
 */
struct rsv_ioc_info {
	__u32 size;
	__u32 flags;
	__u32 region;
	__u32 abi_version;
	__u32 page_size;
	__u32 nr_zones;
	__u32 nr_extents;
	__u32 nr_caches;
	__u64 bytes;
	__u64 free_bytes;
	__u64 largest_free;
	__u64 largest_block;
	__u64 metadata_bytes;
	__u64 slab_bytes;
	__u64 percpu_bytes;
	__u64 cached_bytes;
	__u64 lent_bytes;
	__u64 misuse;
	char name[RSV_NAME_MAX];
	char version[16];
	char engine[8];
	char classes[8];
	__u64 heap_bytes;
	__u64 heap_free_bytes;
};

/**
 * struct rsv_ioc_zone - the free areas of one zone, and what happened there
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @region: in: 0 for the default region, or a handle
 * @index: in: 0 to nr_zones - 1 (else ENOENT)
 * @node: out: NUMA node
 * @nr_orders: out: entries of the arrays that mean something
 * @pages: out: pages of the zone
 * @free_pages: out: pages in free blocks
 * @peak_pages: out: the most pages that were ever out of the free areas at once
 * @min_pages: out: free pages that only __GFP_HIGH may take
 * @low_pages: out: fewer free pages than this make the region give back what it keeps ready
 * @protection: out: free pages that requests for higher zones leave alone
 * @zeroed_pages: out: free pages that are filled with zeroes already
 * @zeroed_hits: out: requests that they served
 * @name: out: the kernel's name of the zone, such as "Normal"
 * @free: out: for each order, free blocks
 * @allocs: out: for each order, requests served
 * @frees: out: for each order, blocks given back
 * @failures: out: for each order, requests that the zones could not serve, counted in the first
 *	zone asked
 * @splits: out: for each order, blocks of this order that were split
 * @merges: out: for each order, pairs of blocks of this order that became one
 * @asked: out: for each order, bytes that requests wanted
 * @granted: out: for each order, bytes that they got
 * @cached: out: for each order, free blocks on the lists of CPUs
 * @cache_hits: out: for each order, requests that these lists served
 * @cache_refills: out: for each order, times that they had to be filled from the free areas
 */
struct rsv_ioc_zone {
	__u32 size;
	__u32 flags;
	__u32 region;
	__u32 index;
	__u32 node;
	__u32 nr_orders;
	__u64 pages;
	__u64 free_pages;
	__u64 peak_pages;
	__u64 min_pages;
	__u64 low_pages;
	__u64 protection;
	__u64 zeroed_pages;
	__u64 zeroed_hits;
	char name[16];
	__u64 free[RSV_ORDERS_MAX];
	__u64 allocs[RSV_ORDERS_MAX];
	__u64 frees[RSV_ORDERS_MAX];
	__u64 failures[RSV_ORDERS_MAX];
	__u64 splits[RSV_ORDERS_MAX];
	__u64 merges[RSV_ORDERS_MAX];
	__u64 asked[RSV_ORDERS_MAX];
	__u64 granted[RSV_ORDERS_MAX];
	__u64 cached[RSV_ORDERS_MAX];
	__u64 cache_hits[RSV_ORDERS_MAX];
	__u64 cache_refills[RSV_ORDERS_MAX];
};

/**
 * struct rsv_ioc_extent - one physically contiguous run of a region
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @region: in: 0 for the default region, or a handle
 * @index: in: 0 to nr_extents - 1, in the order of their numbers (else ENOENT)
 * @node: out: NUMA node
 * @reserved: 0
 * @offset: out: bytes from the region's beginning, its extents laid end to end
 * @bytes: out: length
 * @lent_bytes: out: how much of that was given back to the system
 * @physical: out: physical address for a caller with CAP_SYS_RAWIO in the initial user namespace,
 *	else 0
 * @zone: out: the kernel's name of the zone
 */
struct rsv_ioc_extent {
	__u32 size;
	__u32 flags;
	__u32 region;
	__u32 index;
	__u32 node;
	__u32 reserved;
	__u64 offset;
	__u64 bytes;
	__u64 lent_bytes;
	__u64 physical;
	char zone[16];
};

/**
 * struct rsv_ioc_cache - one cache: its layout and its figures
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @region: in: 0 for the default region, or a handle
 * @id: in: the smallest number wanted; out: the cache's number. To list all begin with 0 and go on
 *	with @id + 1 until ENOENT: numbers grow in the order of creation and are never used twice,
 *	so caches may come and go meanwhile.
 * @object_size: out: bytes asked for at creation
 * @stride: out: bytes from one object to the next
 * @align: out: alignment in bytes
 * @slab_pages: out: pages of a slab
 * @slab_objects: out: objects of a slab
 * @slab_waste: out: bytes of a slab that no object can use
 * @active_objects: out: objects in use
 * @total_objects: out: objects that the slabs have room for
 * @full_slabs: out: slabs with every object in use or in a magazine
 * @partial_slabs: out: slabs with some so, or that a CPU without magazines takes objects from
 * @empty_slabs: out: slabs with none so
 * @allocs: out: objects handed out since creation
 * @frees: out: objects taken back
 * @failures: out: requests that found no memory
 * @slabs_made: out: slabs taken from the buddy system
 * @slabs_given: out: slabs given back to it
 * @name: out: name
 * @engine: out: name of the engine, such as "slub"
 * @cache_flags: out: RSV_HWCACHE_ALIGN and so on, and RSV_SIZE_CLASS
 * @magazine_rounds: out: objects in a magazine that is made now; 0: there are none
 * @depot_full: out: full magazines that no CPU has
 * @depot_empty: out: empty ones
 * @exchanges: out: magazines that CPUs exchanged with a depot
 * @contended: out: times that a CPU had to wait for another one there
 * @guaranteed_objects: out: objects that are kept for this cache alone
 * @least_request: out: bytes of the smallest request that a size class serves; 0: it serves none
 */
struct rsv_ioc_cache {
	__u32 size;
	__u32 flags;
	__u32 region;
	__u32 id;
	__u32 object_size;
	__u32 stride;
	__u32 align;
	__u32 slab_pages;
	__u32 slab_objects;
	__u32 slab_waste;
	__u64 active_objects;
	__u64 total_objects;
	__u64 full_slabs;
	__u64 partial_slabs;
	__u64 empty_slabs;
	__u64 allocs;
	__u64 frees;
	__u64 failures;
	__u64 slabs_made;
	__u64 slabs_given;
	char name[RSV_NAME_MAX];
	char engine[8];
	__u32 cache_flags;
	__u32 magazine_rounds;
	__u64 depot_full;
	__u64 depot_empty;
	__u64 exchanges;
	__u64 contended;
	__u64 guaranteed_objects;
	__u64 least_request;
};

/* Where a region's memory comes from */
#define RSV_ZONE_ANY		0	/* wherever it can be had */
#define RSV_ZONE_DMA		1
#define RSV_ZONE_DMA32		2
#define RSV_ZONE_NORMAL		3
#define RSV_ZONE_HIGHMEM	4

#define RSV_RESERVE_CONTIG	0x00000001U	/* one physically contiguous run */
#define RSV_RESERVE_FORCE	0x00000002U	/* up to all of what is available, not half */
#define RSV_RESERVE_NODE	0x00000004U	/* from the node that is named */

/* One character a page in RSV_IOC_MAP and in the debugfs file map. */
#define RSV_MAP_FREE		'.'	/* in a free block */
#define RSV_MAP_PAGES		'P'	/* first page of a block in use */
#define RSV_MAP_PAGES_MORE	'p'	/* its further pages */
#define RSV_MAP_CACHED		'C'	/* free, on the list of a CPU or among the zeroed pages */
#define RSV_MAP_HOLE		'-'	/* lent to the system */
#define RSV_MAP_SLAB		'S'	/* first page of a slab */
#define RSV_MAP_SLAB_MORE	's'	/* its further pages */

/**
 * struct rsv_ioc_map - what every page of a region serves as
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @region: in: 0 for the default region, or a handle
 * @count: in: characters that there is room for, at most 65536; out: characters written, 0 at the
 *	region's end
 * @first: in: the page to begin with, the region's extents laid end to end
 * @chars: in: address of the characters, RSV_MAP_*
 */
struct rsv_ioc_map {
	__u32 size;
	__u32 flags;
	__u32 region;
	__u32 count;
	__u64 first;
	__u64 chars;
};

/**
 * struct rsv_ioc_region_create - make a scratch region, one physically contiguous run of exactly so
 * many bytes
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @bytes: in: a multiple of the page size, and not more than the kernel's largest block (EINVAL,
 *	ENOMEM). Without CAP_SYS_ADMIN one descriptor holds at most 4 MB of them (EDQUOT).
 * @name: in: name, or nothing to have one made up (EINVAL, EEXIST); out: the name
 * @handle: out: handle
 * @reserved: 0
 */
struct rsv_ioc_region_create {
	__u32 size;
	__u32 flags;
	__u64 bytes;
	char name[RSV_NAME_MAX];
	__u32 handle;
	__u32 reserved;
};

/* Who made a region */
#define RSV_REGION_KERNEL	0	/* of a kernel module, or the default region */
#define RSV_REGION_NAMED	1	/* RSV_IOC_REGION_MAKE */
#define RSV_REGION_SCRATCH	2	/* of a descriptor: RSV_IOC_REGION_CREATE */

/**
 * struct rsv_ioc_region_next - list the regions
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @id: in: the smallest number wanted; out: the region's number. To list all begin with 0 and go on
 *	with @id + 1 until ENOENT: numbers grow in the order of creation and are never used twice
 * @origin: out: RSV_REGION_*
 * @name: out: name
 */
struct rsv_ioc_region_next {
	__u32 size;
	__u32 flags;
	__u32 id;
	__u32 origin;
	char name[RSV_NAME_MAX];
};

/**
 * struct rsv_ioc_region_open - get a handle of a region by its name
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @handle: out: handle, for queries; on a descriptor open for writing also to take memory from the
 *	default region or one made by RSV_IOC_REGION_MAKE (EACCES: a kernel module's)
 * @reserved: in: 0
 * @name: in: name (ENOENT; EACCES: a scratch region, which only its own descriptor knows)
 *
 * While it is open a region cannot be ended (EBUSY).
 */
struct rsv_ioc_region_open {
	__u32 size;
	__u32 flags;
	__u32 handle;
	__u32 reserved;
	char name[RSV_NAME_MAX];
};

/**
 * struct rsv_ioc_reserve - memory wanted for a region
 * @bytes: how much, more than 0, rounded up to whole pages
 * @shared: of a zone that is named: how many of @bytes serve requests for higher zones too
 * @zone: RSV_ZONE_*
 * @flags: RSV_RESERVE_*
 * @node: with RSV_RESERVE_NODE the node, else 0
 * @reserved: 0
 */
struct rsv_ioc_reserve {
	__u64 bytes;
	__u64 shared;
	__u32 zone;
	__u32 flags;
	__s32 node;
	__u32 reserved;
};

/**
 * struct rsv_ioc_region_make - make a region that stays, until it is ended or the module unloaded
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @reserves: in: address of an array of struct rsv_ioc_reserve (EINVAL: an entry that makes no
 *	sense on this machine; ENOMEM)
 * @count: in: its entries, at most RSV_RESERVES_MAX; with none the region has no memory yet
 * @reserved: in: 0
 * @name: in: name (EINVAL, EEXIST)
 *
 * This and all that change a region by its name want CAP_SYS_ADMIN (EPERM).
 */
struct rsv_ioc_region_make {
	__u32 size;
	__u32 flags;
	__u64 reserves;
	__u32 count;
	__u32 reserved;
	char name[RSV_NAME_MAX];
};

/**
 * struct rsv_ioc_region_end - end a region that RSV_IOC_REGION_MAKE made
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @name: in: name (ENOENT). EBUSY while it is open, has a cache or has anything allocated, and for
 *	regions that were not made so
 */
struct rsv_ioc_region_end {
	__u32 size;
	__u32 flags;
	char name[RSV_NAME_MAX];
};

/**
 * struct rsv_ioc_region_grow - take more memory from the system for a region
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @want: in: the memory, as for RSV_IOC_REGION_MAKE
 * @name: in: name (ENOENT; EACCES: a scratch region)
 */
struct rsv_ioc_region_grow {
	__u32 size;
	__u32 flags;
	struct rsv_ioc_reserve want;
	char name[RSV_NAME_MAX];
};

/**
 * struct rsv_ioc_region_shrink - give free memory of a region back to the system
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @bytes: in: how much at most; out: how much it was. What goes is whole free blocks, the kernel's
 *	pageblock at least; what is allocated stays where it is
 * @name: in: name (ENOENT; EACCES: a scratch region)
 */
struct rsv_ioc_region_shrink {
	__u32 size;
	__u32 flags;
	__u64 bytes;
	char name[RSV_NAME_MAX];
};

/* Flags of a buffer */
#define RSV_BUFFER_EXACT	0x00000001U	/* as many pages as asked for, not a power of two */
#define RSV_BUFFER_DMA		0x00000002U	/* from the zone DMA */
#define RSV_BUFFER_DMA32	0x00000004U	/* from the zone DMA32 or a lower one */
#define RSV_BUFFER_NODE		0x00000008U	/* from the node that is named, if it has any */

/**
 * struct rsv_ioc_buffer_alloc - take one block of pages, zeroed, to be mapped by mmap()
 * @size: in: bytes of this structure
 * @flags: in: RSV_BUFFER_*. One zone at most, and no node with RSV_BUFFER_EXACT (EINVAL)
 * @region: in: 0 for the default region, or a handle
 * @handle: out: handle
 * @bytes: in: bytes wanted, more than 0; out: bytes of the block, the power of two of pages that
 *	holds them, or with RSV_BUFFER_EXACT whole pages. An exact block may come from several free
 *	ones that lie side by side, and begin at any page
 * @mmap_offset: out: offset that mmap() wants for the block's first byte; bytes of the block follow
 *	it. Any part can be mapped, with MAP_SHARED only (EINVAL)
 * @offset: out: where in the region the block lies, in bytes, its extents laid end to end
 * @node: in: with RSV_BUFFER_NODE the node (EINVAL: there is none such); where it has nothing the
 *	others serve in the order of their distance. Without it 0
 * @reserved: in: 0
 */
struct rsv_ioc_buffer_alloc {
	__u32 size;
	__u32 flags;
	__u32 region;
	__u32 handle;
	__u64 bytes;
	__u64 mmap_offset;
	__u64 offset;
	__s32 node;
	__u32 reserved;
};

/**
 * struct rsv_ioc_scattered_alloc - take single pages, zeroed, to be mapped by mmap() side by side
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @region: in: 0 for the default region, or a handle
 * @handle: out: handle, of a buffer
 * @bytes: in: bytes wanted, more than 0 (EINVAL); out: bytes of the whole pages that hold them
 * @mmap_offset: out: as for RSV_IOC_BUFFER_ALLOC
 *
 * For who needs much memory, but not in one piece: it can be had as long as so many pages are free,
 * however fragmented they are.
 */
struct rsv_ioc_scattered_alloc {
	__u32 size;
	__u32 flags;
	__u32 region;
	__u32 handle;
	__u64 bytes;
	__u64 mmap_offset;
};

/* Flags of a cache */
#define RSV_HWCACHE_ALIGN	0x00000001	/* objects begin on a line of the CPU's cache */
#define RSV_NO_MAGAZINE		0x00000002	/* nothing in front of the engine */
#define RSV_ENGINE_SLAB		0x00000010	/* at most one engine; none: the default one */
#define RSV_ENGINE_SLUB		0x00000020
#define RSV_ENGINE_SLOB		0x00000040
#define RSV_RED_ZONE		0x00000100	/* writes before and behind an object are found */
#define RSV_POISON		0x00000200	/* writes to a free object are found */
#define RSV_STORE_USER		0x00000400	/* who took an object, and gave it back, is kept */
#define RSV_SIZE_CLASS		0x00001000	/* an answer only: it serves rsv_kmalloc() */

/* Flags of struct rsv_ioc_cache_create */
#define RSV_CACHE_CONSTRUCTED	0x00000001U	/* objects are struct rsv_constructed */

/**
 * struct rsv_constructed - an object of a cache with RSV_CACHE_CONSTRUCTED
 * @serial: number of the constructor's call: grows and never comes twice while the module is loaded
 * @state: zeroes, as the constructor makes it
 *
 * The kernel's caches can have a constructor, which runs once for an object, before that is handed
 * out for the first time. From then on the object keeps what it holds while it is free. A program
 * cannot bring code into the kernel, but it can have this one.
 */
struct rsv_constructed {
	__u64 serial;
	__u8 state[56];
};

/**
 * struct rsv_ioc_cache_create - make a cache
 * @size: in: bytes of this structure
 * @flags: in: RSV_CACHE_CONSTRUCTED or 0
 * @region: in: 0 for the default region, or a handle
 * @handle: out: handle
 * @object_size: in: bytes of an object (EINVAL: 0 or too large, or with RSV_CACHE_CONSTRUCTED not
 *	those of struct rsv_constructed)
 * @align: in: a power of two up to the page size, or 0 (EINVAL)
 * @cache_flags: in: RSV_HWCACHE_ALIGN and so on, of RSV_ENGINE_* one at most (EINVAL)
 * @id: out: the number that RSV_IOC_CACHE knows the cache by
 * @name: in: 1 to 31 of A-Z a-z 0-9 _ . - and not "." or ".." (EINVAL); unique in its region
 *	(EEXIST)
 */
struct rsv_ioc_cache_create {
	__u32 size;
	__u32 flags;
	__u32 region;
	__u32 handle;
	__u32 object_size;
	__u32 align;
	__u32 cache_flags;
	__u32 id;
	char name[RSV_NAME_MAX];
};

/**
 * struct rsv_ioc_cache_shrink - give memory of a cache that no object is in back to its region
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @cache: in: handle of the cache
 * @slabs: out: slabs given back
 */
struct rsv_ioc_cache_shrink {
	__u32 size;
	__u32 flags;
	__u32 cache;
	__u32 slabs;
};

/**
 * struct rsv_ioc_object_alloc - take an object, zeroed, or if it was constructed as it was left
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @cache: in: handle of a cache
 * @handle: out: handle
 * @offset: out: where in the region the object lies, in bytes, its extents laid end to end
 */
struct rsv_ioc_object_alloc {
	__u32 size;
	__u32 flags;
	__u32 cache;
	__u32 handle;
	__u64 offset;
};

/**
 * struct rsv_ioc_object_io - copy bytes out of an object or into it
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @handle: in: handle of an object
 * @offset: in: first byte
 * @length: in: bytes; @offset + @length must not go beyond the object (EINVAL)
 * @reserved: in: 0
 * @data: in: address of the program's bytes
 */
struct rsv_ioc_object_io {
	__u32 size;
	__u32 flags;
	__u32 handle;
	__u32 offset;
	__u32 length;
	__u32 reserved;
	__u64 data;
};

/**
 * struct rsv_ioc_free - give back what a handle stands for
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @handle: in: handle of a buffer, an object, a cache or a region. A cache with objects out, or a
 *	region with anything allocated, is EBUSY. A mapped buffer stays until it is unmapped.
 * @reserved: in: 0
 */
struct rsv_ioc_free {
	__u32 size;
	__u32 flags;
	__u32 handle;
	__u32 reserved;
};

#endif /* _UAPI_LINUX_RESERVOIR_H */
