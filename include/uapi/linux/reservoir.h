/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Reservoir: the ioctl interface of /dev/reservoir
 *
 * Every structure begins with its own size in bytes, which the program sets. As with clone3(), a
 * newer kernel accepts a shorter structure and treats the missing fields as zero, and an older
 * kernel accepts a longer one if the fields that it does not know are zero (else E2BIG). A query
 * fills in as many fields as the program's structure has. Unknown flags and reserved fields must be
 * zero (EINVAL). All fields have the same offsets in 32-bit and 64-bit programs; pointers are
 * passed as __u64.
 *
 * A descriptor owns what it creates (scratch regions, buffers, caches, objects) and the regions
 * that it opens. Each of them has a handle: a number above 0 that is valid on this descriptor only.
 * When the last copy of the descriptor is closed, everything that it owns is freed. Only a region
 * that RSV_IOC_REGION_MAKE created stays, until RSV_IOC_REGION_END. The number 0 stands for the
 * default region, which the module creates at load. An unknown handle is refused with ENOENT, a
 * handle of the wrong kind with EINVAL. A descriptor has at most 1048576 handles, 1024 of them of
 * caches (EMFILE).
 *
 * The ioctls of one descriptor run one after the other, whichever threads call them. RSV_IOC_INFO
 * and RSV_IOC_ZONE look at every block of a region or zone, which takes long if it has many. So a
 * thread that must not wait for that has a descriptor of its own.
 *
 * Programs and kernel modules have name spaces of their own: whatever names kernel modules choose
 * for their regions and caches, a program can have the same ones, and the other way round. Only
 * "default" is the name of one region for all. Answers tell the two apart by @origin. In debugfs
 * and in the kernel's log the names of what programs made begin with "user:".
 *
 * All programs together, and those of one user, may hold a share of a region: buffers, and the
 * slabs of their caches (EDQUOT). ENOMEM says that the region has no such memory. CAP_SYS_RESOURCE
 * lifts the limit. Structures with a field @refusal tell the reason there, RSV_REFUSED_*: it is
 * filled in although the ioctl fails, and nothing else is. It has a meaning only with ENOMEM and
 * EDQUOT, and for RSV_IOC_BIND with the errors that struct rsv_ioc_bind names.
 *
 * Queries (numbers below 0x10) need a descriptor that is open for reading, all other ioctls one
 * that is open for writing (EBADF).
 *
 * A page is used, cached (on the list of a CPU, which allocates from it without a lock), zeroed
 * (cleared beforehand), free (in a free block of the buddy system) or lent to the system. An object
 * is used, cached (in a magazine) or free (in its slab). An extent is physically contiguous memory
 * of one zone and node. Offsets and page numbers in a region count through its extents, laid end to
 * end.
 */
#ifndef _UAPI_LINUX_RESERVOIR_H
#define _UAPI_LINUX_RESERVOIR_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define RSV_VERSION		"0.1.0"
#define RSV_ABI_VERSION		1

#define RSV_NAME_MAX		32	/* bytes of a name, the closing NUL included */
#define RSV_ORDERS_MAX		32	/* orders that a zone can have */
#define RSV_RESERVES_MAX	16	/* entries that a region is created from */

/*
 * The numbers are _IO() and not _IOWR(), which would contain the size. So a structure can grow
 * while its number stays.
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
#define RSV_IOC_RCU_BARRIER	_IO(RSV_IOC_MAGIC, 0x1d)	/* struct rsv_ioc_rcu_barrier */
#define RSV_IOC_BUFFER_FD	_IO(RSV_IOC_MAGIC, 0x1e)	/* struct rsv_ioc_buffer_fd */
#define RSV_IOC_BIND		_IO(RSV_IOC_MAGIC, 0x30)	/* struct rsv_ioc_bind */
#define RSV_IOC_SYNC		_IO(RSV_IOC_MAGIC, 0x31)	/* struct rsv_ioc_sync */
#define RSV_IOC_DMA_ADDRESS	_IO(RSV_IOC_MAGIC, 0x32)	/* struct rsv_ioc_dma_address */
#define RSV_IOC_PHYSICAL	_IO(RSV_IOC_MAGIC, 0x33)	/* struct rsv_ioc_physical */
#define RSV_IOC_DEVICE_QUIET	_IO(RSV_IOC_MAGIC, 0x34)	/* struct rsv_ioc_device_quiet */

/**
 * struct rsv_ioc_info - describe a region
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @region: in: 0 for the default region, or a handle
 * @abi_version: out: RSV_ABI_VERSION of the running module
 * @page_size: out: bytes of a page
 * @nr_zones: out: number of zones, the indexes of RSV_IOC_ZONE
 * @nr_extents: out: number of extents, the indexes of RSV_IOC_EXTENT
 * @nr_caches: out: number of caches
 * @bytes: out: bytes of the region
 * @free_bytes: out: bytes in free blocks; neither cached nor zeroed pages count
 * @largest_free: out: bytes of the largest buffer that RSV_BUFFER_EXACT could get now, by its size
 *	alone: the longest run of free pages of one zone but HIGHMEM, or less if the zone's min
 *	watermark or its protection would be left with less. Cached and zeroed pages count as free
 *	here, because a request drains them before it fails. Pages of empty slabs do not count,
 *	although a request gets them, too. The search for the run takes longer the more blocks the
 *	region has, and makes no other descriptor wait. With RSV_BUFFER_HIGH a buffer may be larger.
 *	What programs may hold is in the last fields
 * @largest_block: out: bytes of the largest block that the region could have
 * @metadata_bytes: out: bytes of metadata: memory of the system that manages the region
 * @slab_bytes: out: bytes in slabs, whether their objects are used, cached or free
 * @percpu_bytes: out: further bytes of metadata for each possible CPU
 * @cached_bytes: out: bytes of cached pages and of zeroed pages
 * @lent_bytes: out: bytes lent to the system
 * @misuse: out: misuses found since the module was loaded, in all regions
 * @name: out: name of the region
 * @version: out: RSV_VERSION of the running module
 * @engine: out: name of the default engine of caches
 * @classes: out: name of the region's set of size classes, such as "fine"
 * @heap_bytes: out: bytes of @slab_bytes that are the heap of the engine SLOB
 * @heap_free_bytes: out: free bytes of that heap
 * @leaving_bytes: out: bytes of slabs that left their caches: free as soon as a grace period ends,
 *	or when a request needs them
 * @waiting_pages: out: freed pages that somebody else still refers to: free with the last reference
 * @bad_pages: out: pages that are never used again: with a hardware error, or lost to the system
 * @programs_bytes: out: bytes of the region that programs hold: buffers and slabs of their caches
 * @programs_limit: out: bytes that they may hold together (the parameter user=). It is 0, as the
 *	next two fields, for a scratch region and for a region that is not for programs
 * @user_bytes: out: bytes of @programs_bytes that the programs of the calling user hold
 * @user_limit: out: bytes that they may hold (quota=)
 * @largest_free_block: out: bytes of the largest free block. Without RSV_BUFFER_EXACT a buffer has
 *	one block
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
	__u64 leaving_bytes;
	__u64 waiting_pages;
	__u64 bad_pages;
	__u64 programs_bytes;
	__u64 programs_limit;
	__u64 user_bytes;
	__u64 user_limit;
	__u64 largest_free_block;
};

/**
 * struct rsv_ioc_zone - describe a zone: its free areas and their events
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @region: in: 0 for the default region, or a handle
 * @index: in: 0 to nr_zones - 1 (else ENOENT)
 * @node: out: NUMA node
 * @nr_orders: out: number of orders; the further entries of the arrays are 0
 * @pages: out: pages of the zone
 * @free_pages: out: pages in free blocks
 * @peak_pages: out: the most pages that were outside the free areas at once
 * @min_pages: out: watermark: the last free pages, which only __GFP_HIGH may allocate
 * @low_pages: out: watermark: below it the region drains cached and zeroed pages
 * @protection: out: free pages that requests for higher zones must leave
 * @zeroed_pages: out: zeroed pages
 * @zeroed_hits: out: requests that zeroed pages served
 * @name: out: the kernel's name of the zone, such as "Normal"
 * @free: out: for each order, free blocks
 * @allocs: out: for each order, blocks allocated
 * @frees: out: for each order, blocks freed
 * @failures: out: for each order, requests that failed, counted in the first zone that was tried
 * @splits: out: for each order, blocks split into two of the order below
 * @merges: out: for each order, pairs of buddies merged to a block of the order above
 * @asked: out: for each order, bytes requested
 * @granted: out: for each order, bytes allocated for these requests
 * @cached: out: for each order, cached blocks
 * @cache_hits: out: for each order, requests that the lists of CPUs served
 * @cache_refills: out: for each order, times that a CPU's list was refilled from the free areas
 * @largest_free_pages: out: pages of the longest run that a request which names this zone could
 *	get of it now, as in struct rsv_ioc_info; 0 for HIGHMEM
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
	__u64 largest_free_pages;
};

/**
 * struct rsv_ioc_extent - describe an extent of a region
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @region: in: 0 for the default region, or a handle
 * @index: in: 0 to nr_extents - 1, in the order of their numbers (else ENOENT)
 * @node: out: NUMA node
 * @reserved: 0
 * @offset: out: its offset in the region in bytes
 * @bytes: out: length
 * @lent_bytes: out: bytes of it that the system has, lent or shrunk away
 * @physical: out: physical address, if the process has CAP_SYS_RAWIO in the initial user namespace;
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
 * struct rsv_ioc_cache - describe a cache: its layout and its counts
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @region: in: 0 for the default region, or a handle
 * @id: in: the smallest number to consider; out: the number of the cache that has the smallest one
 *	from there on. To list all caches, begin with 0 and go on with @id + 1 until ENOENT. Numbers
 *	grow in the order of creation and are never used twice, so caches may come and go meanwhile
 * @object_size: out: bytes of an object, as requested at creation
 * @stride: out: bytes from one object to the next
 * @align: out: alignment in bytes
 * @slab_pages: out: pages of a slab
 * @slab_objects: out: objects of a slab
 * @slab_waste: out: bytes of a slab that no object can use
 * @active_objects: out: used objects
 * @total_objects: out: objects of all slabs, used, cached and free
 * @full_slabs: out: slabs whose objects are all used or cached
 * @partial_slabs: out: slabs with some objects used or cached, and the active slabs of CPUs
 * @empty_slabs: out: slabs whose objects are all free
 * @allocs: out: objects allocated since creation
 * @frees: out: objects freed since creation
 * @failures: out: requests that failed for want of memory
 * @slabs_made: out: slabs allocated from the buddy system
 * @slabs_given: out: slabs freed to the buddy system
 * @name: out: name
 * @engine: out: name of the engine, such as "slub"
 * @cache_flags: out: RSV_HWCACHE_ALIGN and so on, and RSV_SIZE_CLASS
 * @magazine_rounds: out: rounds of a new magazine; 0: the cache has no magazines
 * @depot_full: out: full magazines in the depots
 * @depot_empty: out: empty magazines in the depots
 * @exchanges: out: magazines that CPUs exchanged with a depot
 * @contended: out: times that a CPU had to wait for the lock of a depot
 * @guaranteed_objects: out: guaranteed objects, which only this cache can use
 * @least_request: out: bytes of the smallest rsv_kmalloc() that this size class serves; 0: none
 * @origin: out: who created it, RSV_CACHE_KERNEL or RSV_CACHE_USER
 * @reserved: out: 0
 * @rcu_waiting: out: used objects that are freed after a grace period
 * @percpu_target: out: objects that each CPU is to have for requests in any context
 * @percpu_objects: out: objects that CPUs have for them
 * @percpu_allocs: out: objects that were allocated from there
 * @percpu_refills: out: objects that came there
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
	__u32 origin;
	__u32 reserved;
	__u64 rcu_waiting;
	__u64 percpu_target;
	__u64 percpu_objects;
	__u64 percpu_allocs;
	__u64 percpu_refills;
};

/* The creator of a cache */
#define RSV_CACHE_KERNEL	0	/* a kernel module, or the region itself */
#define RSV_CACHE_USER		1	/* a program: RSV_IOC_CACHE_CREATE */

/* The zone that a region's memory comes from */
#define RSV_ZONE_ANY		0	/* any zone */
#define RSV_ZONE_DMA		1
#define RSV_ZONE_DMA32		2
#define RSV_ZONE_NORMAL		3
#define RSV_ZONE_HIGHMEM	4

#define RSV_RESERVE_CONTIG	0x00000001U	/* one physically contiguous run */
#define RSV_RESERVE_FORCE	0x00000002U	/* up to all available memory, not half */
#define RSV_RESERVE_NODE	0x00000004U	/* from the given node only */

/* One character for each page, in RSV_IOC_MAP and in the debugfs file map */
#define RSV_MAP_FREE		'.'	/* in a free block */
#define RSV_MAP_PAGES		'P'	/* first page of a used block */
#define RSV_MAP_PAGES_MORE	'p'	/* its further pages */
#define RSV_MAP_CACHED		'C'	/* cached or zeroed */
#define RSV_MAP_HOLE		'-'	/* lent to the system, or given back to it */
#define RSV_MAP_SLAB		'S'	/* first page of a slab */
#define RSV_MAP_SLAB_MORE	's'	/* its further pages */
#define RSV_MAP_WAITING		'W'	/* freed, but somebody still refers to it */
#define RSV_MAP_BAD		'B'	/* with a hardware error */

/**
 * struct rsv_ioc_map - describe each page of a region by one character
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @region: in: 0 for the default region, or a handle
 * @count: in: length of @chars, at most 65536; out: characters written, 0 at the region's end
 * @first: in: number of the page to begin with
 * @chars: in: address of the array that gets the characters, RSV_MAP_*
 */
struct rsv_ioc_map {
	__u32 size;
	__u32 flags;
	__u32 region;
	__u32 count;
	__u64 first;
	__u64 chars;
};

/*
 * Why a request for memory was refused, in the field @refusal of its structure. With ENOMEM:
 */
#define RSV_REFUSED_FULL	1	/* the zones that may serve have not so many free bytes */
#define RSV_REFUSED_MARK	2	/* they are below the min watermark: RSV_BUFFER_HIGH */
#define RSV_REFUSED_PROTECTED	3	/* they are for requests that name their zone */
#define RSV_REFUSED_ZONE	4	/* they are in other zones than the request names */
#define RSV_REFUSED_NODE	5	/* they are on other nodes than the request names */
/*
 * They are not adjacent, or not in one block, or are of HIGHMEM, which no exact block is of. If
 * less was asked for than a block has, an exact block of only that may be free.
 */
#define RSV_REFUSED_PIECES	6
#define RSV_REFUSED_AGAIN	7	/* memory was freed or cached meanwhile: ask again */
#define RSV_REFUSED_SYSTEM	8	/* the system has no memory for it, or not in one run */
/* With EDQUOT: */
#define RSV_REFUSED_USER	9	/* programs of this user may not hold so much (quota=) */
#define RSV_REFUSED_PROGRAMS	10	/* all programs together may not (user=) */

/**
 * struct rsv_ioc_region_create - create a scratch region, which has one extent
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @bytes: in: its length, a multiple of the page size above 0 (EINVAL); ENOMEM if the system has no
 *	such contiguous run, or the program's memory cgroup has reached its limit; EDQUOT if the
 *	scratch regions of all programs, or of this user's, may have no more (the parameters user=
 *	and quota=). What manages a region counts, too: 128 KB, and 32 KB for each possible CPU
 * @name: in: name (EINVAL; EEXIST if another region of a program has it), or an empty string to
 *	let the kernel choose one; out: the name
 * @handle: out: handle
 * @reserved: 0
 * @refusal: out: with ENOMEM and EDQUOT the reason, RSV_REFUSED_SYSTEM, _USER or _PROGRAMS
 * @padding: in: 0
 */
struct rsv_ioc_region_create {
	__u32 size;
	__u32 flags;
	__u64 bytes;
	char name[RSV_NAME_MAX];
	__u32 handle;
	__u32 reserved;
	__u32 refusal;
	__u32 padding;
};

/* The creator of a region */
#define RSV_REGION_KERNEL	0	/* a kernel module; also the default region */
#define RSV_REGION_NAMED	1	/* an administrator: RSV_IOC_REGION_MAKE */
#define RSV_REGION_SCRATCH	2	/* a descriptor: RSV_IOC_REGION_CREATE */

/**
 * struct rsv_ioc_region_next - list the regions
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @id: in: the smallest number to consider; out: the number of the region that has the smallest one
 *	from there on. To list all regions, begin with 0 and go on with @id + 1 until ENOENT.
 *	Numbers grow in the order of creation and are never used twice
 * @origin: out: who created it, RSV_REGION_*
 * @name: out: name
 */
struct rsv_ioc_region_next {
	__u32 size;
	__u32 flags;
	__u32 id;
	__u32 origin;
	char name[RSV_NAME_MAX];
};

/*
 * A flag of the ioctls that take a region by its name: the region that a kernel module created,
 * also if RSV_IOC_REGION_MAKE created another one of the name. Without the flag, that other one.
 */
#define RSV_REGION_OF_KERNEL	0x00000001U

/**
 * struct rsv_ioc_region_open - get a handle of a region by its name
 * @size: in: bytes of this structure
 * @flags: in: RSV_REGION_OF_KERNEL or 0
 * @handle: out: handle. It serves for queries and, on a descriptor that is open for writing, for
 *	allocations; but programs cannot allocate from a kernel module's region (EACCES)
 * @reserved: in: 0
 * @name: in: name (ENOENT). A scratch region is open on its own descriptor only (EACCES). A kernel
 *	module's region needs CAP_SYS_ADMIN (EPERM)
 *
 * A region cannot be destroyed while a descriptor has it open (EBUSY).
 */
struct rsv_ioc_region_open {
	__u32 size;
	__u32 flags;
	__u32 handle;
	__u32 reserved;
	char name[RSV_NAME_MAX];
};

/**
 * struct rsv_ioc_reserve - memory to reserve for a region
 * @bytes: the bytes, more than 0, rounded up to whole pages
 * @shared: if @zone is not RSV_ZONE_ANY: the part of @bytes that also serves requests for higher
 *	zones
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
 * struct rsv_ioc_region_make - create a region that no descriptor owns
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @reserves: in: address of an array of struct rsv_ioc_reserve (ENOMEM; EINVAL if the machine has
 *	no such zone or node)
 * @count: in: its entries, at most RSV_RESERVES_MAX; with 0 the region has no memory yet
 * @reserved: in: 0
 * @name: in: name (EINVAL; EEXIST if another region of a program has it)
 *
 * The region stays until RSV_IOC_REGION_END or until the module is unloaded. This ioctl, and the
 * three that change a region by its name, need CAP_SYS_ADMIN (EPERM).
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
 * struct rsv_ioc_region_end - destroy a region that RSV_IOC_REGION_MAKE created
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @name: in: name (ENOENT). EBUSY while the region is open, has a cache or has anything allocated,
 *	and for any other region
 */
struct rsv_ioc_region_end {
	__u32 size;
	__u32 flags;
	char name[RSV_NAME_MAX];
};

/**
 * struct rsv_ioc_region_grow - reserve more memory of the system for a region
 * @size: in: bytes of this structure
 * @flags: in: RSV_REGION_OF_KERNEL or 0
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
 * @flags: in: RSV_REGION_OF_KERNEL or 0
 * @bytes: in: the most bytes to give back; out: bytes given back. The region gives back whole free
 *	blocks of at least one pageblock of the kernel; allocated memory does not move
 * @name: in: name (ENOENT; EACCES: a scratch region)
 */
struct rsv_ioc_region_shrink {
	__u32 size;
	__u32 flags;
	__u64 bytes;
	char name[RSV_NAME_MAX];
};

/* Flags of a buffer */
#define RSV_BUFFER_EXACT	0x00000001U	/* as many pages as requested, not a power of two */
#define RSV_BUFFER_DMA		0x00000002U	/* from the zone DMA */
#define RSV_BUFFER_DMA32	0x00000004U	/* from the zone DMA32 or a lower one */
#define RSV_BUFFER_NODE		0x00000008U	/* from the given node first */
#define RSV_BUFFER_HIGH		0x00000010U	/* the last pages, too: see below */
#define RSV_BUFFER_THISNODE	0x00000020U	/* with RSV_BUFFER_NODE: from no other node */

/*
 * A zone of 4 MB or more withholds its last pages (struct rsv_ioc_zone, @min_pages) from requests
 * without RSV_BUFFER_HIGH, as from requests of the kernel without __GFP_HIGH. With the flag a
 * buffer can have them, but not what a zone protects from requests that do not name it. Objects
 * never get them. In the default region drivers' requests from interrupts, which cannot wait for
 * anything, rely on these pages. To take them a program needs CAP_SYS_RESOURCE (EPERM), which lifts
 * quotas, too: the right to open the device is not enough. No driver uses the regions that programs
 * create, so there everybody who may use the region may use the flag.
 */

/**
 * struct rsv_ioc_buffer_alloc - allocate a buffer for mmap(): one block of pages, zeroed
 * @size: in: bytes of this structure
 * @flags: in: RSV_BUFFER_*. At most one zone, no node with RSV_BUFFER_EXACT, and no
 *	RSV_BUFFER_THISNODE without RSV_BUFFER_NODE (EINVAL)
 * @region: in: 0 for the default region, or a handle
 * @handle: out: handle
 * @bytes: in: bytes requested, more than 0; out: bytes of the block. It is rounded up to a power of
 *	two of pages, or with RSV_BUFFER_EXACT to whole pages. An exact block may be one contiguous
 *	run of several free blocks and may begin at any page
 * @mmap_offset: out: offset of the block's first byte for mmap(). A program can map any part of the
 *	block (EINVAL beyond its end), but not to execute it (EACCES; EPERM if the file system of
 *	the device node is mounted noexec; a program with the personality READ_IMPLIES_EXEC gets a
 *	mapping that is not executable). With MAP_PRIVATE a page that the program writes to becomes
 *	a copy in memory of the system
 * @offset: out: offset of the block in the region, in bytes
 * @node: in: with RSV_BUFFER_NODE an online node (EINVAL), else 0. If that node has no such block,
 *	other nodes serve the request in the order of their distance, but for RSV_BUFFER_THISNODE
 * @reserved: in: 0
 * @refusal: out: why the ioctl failed with ENOMEM or EDQUOT, RSV_REFUSED_*
 * @padding: in: 0
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
	__u32 refusal;
	__u32 padding;
};

/**
 * struct rsv_ioc_scattered_alloc - allocate a buffer for mmap(): single pages, zeroed
 * @size: in: bytes of this structure
 * @flags: in: RSV_BUFFER_HIGH or 0
 * @region: in: 0 for the default region, or a handle
 * @handle: out: handle of the buffer
 * @bytes: in: bytes requested, more than 0 (EINVAL); out: the same, rounded up to whole pages
 * @mmap_offset: out: as for RSV_IOC_BUFFER_ALLOC
 * @refusal: out: as for RSV_IOC_BUFFER_ALLOC
 * @padding: in: 0
 *
 * The pages are contiguous in the mapping, but not in physical memory. So the request succeeds
 * whenever the region has that many free pages, however fragmented they are.
 */
struct rsv_ioc_scattered_alloc {
	__u32 size;
	__u32 flags;
	__u32 region;
	__u32 handle;
	__u64 bytes;
	__u64 mmap_offset;
	__u32 refusal;
	__u32 padding;
};

/* Flags of a buffer's descriptor */
#define RSV_FD_CLOEXEC		0x00000001U	/* closed by execve(), as with O_CLOEXEC */
#define RSV_FD_READ_ONLY	0x00000002U	/* the descriptor does not let anybody write */

/**
 * struct rsv_ioc_buffer_fd - get a descriptor of one buffer
 * @size: in: bytes of this structure
 * @flags: in: RSV_FD_*
 * @handle: in: handle of a buffer (ENOENT; EINVAL if it is of anything else)
 * @fd: out: the new descriptor (EMFILE, ENFILE)
 *
 * The descriptor is that of a file with the buffer's bytes, whose size is constant: read(), write()
 * (ENOSPC at the end), lseek(), splice() and mmap() from offset 0 work, and ftruncate() (EPERM) and
 * fallocate() (EOPNOTSUPP) do not. A process that gets it over a socket needs no right to open
 * /dev/reservoir. It and its mappings keep the buffer, which counts for the quota of the user who
 * allocated it, and the buffer's region, also when the handle and /dev/reservoir are closed.
 */
struct rsv_ioc_buffer_fd {
	__u32 size;
	__u32 flags;
	__u32 handle;
	__s32 fd;
};

/* Flags of a cache */
#define RSV_HWCACHE_ALIGN	0x00000001	/* align objects to cache lines of the CPU */
#define RSV_NO_MAGAZINE		0x00000002	/* no magazines: the engine serves each request */
#define RSV_TYPESAFE_BY_RCU	0x00000008	/* readers under RCU may look at freed objects */
#define RSV_ENGINE_SLAB		0x00000010	/* at most one engine; none: the default */
#define RSV_ENGINE_SLUB		0x00000020
#define RSV_ENGINE_SLOB		0x00000040
#define RSV_RED_ZONE		0x00000100	/* find writes before and behind an object */
#define RSV_POISON		0x00000200	/* find writes to a free object */
#define RSV_STORE_USER		0x00000400	/* record who allocated and who freed an object */
#define RSV_SIZE_CLASS		0x00001000	/* in answers only: a size class of rsv_kmalloc() */

/*
 * With RSV_TYPESAFE_BY_RCU, as with the kernel's SLAB_TYPESAFE_BY_RCU, the memory of a freed object
 * stays that of an object of this cache until a grace period has ended, and the cache writes to
 * none of its bytes. A reader under rcu_read_lock() that finds such an object may read it. It may
 * be free, or another object of the cache by now: the reader locks it, or gets a reference, and
 * then looks whether it is still the one that it wanted. See the example at SLAB_TYPESAFE_BY_RCU in
 * the kernel's <linux/slab.h>. Programs have no such readers, but can see what the flag costs.
 */

/* Flags of struct rsv_ioc_cache_create */
#define RSV_CACHE_CONSTRUCTED	0x00000001U	/* objects are struct rsv_constructed */

/**
 * struct rsv_constructed - an object of a cache with RSV_CACHE_CONSTRUCTED
 * @serial: number of the constructor's call; it grows and is unique while the module is loaded
 * @state: the constructor fills it with zeroes
 *
 * A cache of the kernel can have a constructor, which runs once for each object, before the object
 * is allocated for the first time. From then on the object keeps its contents while it is free. A
 * program cannot load code into the kernel, but it can choose this constructor.
 */
struct rsv_constructed {
	__u64 serial;
	__u8 state[56];
};

/**
 * struct rsv_ioc_cache_create - create a cache
 * @size: in: bytes of this structure
 * @flags: in: RSV_CACHE_CONSTRUCTED or 0
 * @region: in: 0 for the default region, or a handle
 * @handle: out: handle
 * @object_size: in: bytes of an object (EINVAL if 0 or too large); with RSV_CACHE_CONSTRUCTED the
 *	size of struct rsv_constructed (EINVAL)
 * @align: in: a power of two up to the page size, or 0 (EINVAL)
 * @cache_flags: in: RSV_HWCACHE_ALIGN and so on, with at most one RSV_ENGINE_* (EINVAL)
 * @id: out: the number of the cache for RSV_IOC_CACHE
 * @name: in: 1 to 31 of A-Z a-z 0-9 _ . - and not "." or ".." (EINVAL); EEXIST if a program has a
 *	cache of that name in the region
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
 * struct rsv_ioc_cache_shrink - give unused memory of a cache back to its region
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
 * struct rsv_ioc_object_alloc - allocate an object: zeroed, or with RSV_CACHE_CONSTRUCTED as it is
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @cache: in: handle of a cache
 * @handle: out: handle
 * @offset: out: offset of the object in the region, in bytes
 * @refusal: out: why the ioctl failed with ENOMEM or EDQUOT, RSV_REFUSED_*. With ENOMEM it tells
 *	why there were no pages for a slab
 * @padding: in: 0
 */
struct rsv_ioc_object_alloc {
	__u32 size;
	__u32 flags;
	__u32 cache;
	__u32 handle;
	__u64 offset;
	__u32 refusal;
	__u32 padding;
};

/**
 * struct rsv_ioc_object_io - read bytes of an object or write to them
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @handle: in: handle of an object
 * @offset: in: offset of the first byte in the object
 * @length: in: number of bytes; @offset + @length must lie within the object (EINVAL)
 * @reserved: in: 0
 * @data: in: address of the bytes in the program
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

/*
 * A flag of struct rsv_ioc_free: the object is free after a grace period of RCU, as by kfree_rcu().
 * Until then it is used, and its memory counts for the quota; its handle is gone at once. Its first
 * RSV_RCU_OBJECT_MIN bytes become the kernel's struct rcu_head, and all others stay as they are.
 */
#define RSV_FREE_BY_RCU		0x00000001U

/* The least bytes of an object that is freed by RCU: in them the kernel notes that it waits */
#define RSV_RCU_OBJECT_MIN	16U

/**
 * struct rsv_ioc_free - free a buffer or an object, destroy a cache or a scratch region, or close a
 * region
 * @size: in: bytes of this structure
 * @flags: in: RSV_FREE_BY_RCU or 0. EINVAL for the flag with a handle of anything but an object, or
 *	of an object that has less than RSV_RCU_OBJECT_MIN bytes or a constructor, whose bytes must
 *	stay
 * @handle: in: its handle. EBUSY for a cache with used objects that have a handle, and for a region
 *	from which this descriptor has a buffer or a cache, also a freed buffer while it stays: the
 *	pages of a buffer stay until everybody has unmapped it and closed the descriptors that
 *	RSV_IOC_BUFFER_FD made of it, whoever they were passed to
 * @reserved: in: 0
 */
struct rsv_ioc_free {
	__u32 size;
	__u32 flags;
	__u32 handle;
	__u32 reserved;
};

/**
 * struct rsv_ioc_rcu_barrier - wait until all objects that were freed by RCU before are free
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @region: in: 0 for the default region, or a handle (EACCES for a kernel module's region). The
 *	objects that others freed in it by RCU are free as well then
 * @reserved: in: 0
 *
 * The kernel hurries the grace period. The program is not charged any more for slabs that its
 * caches gave back meanwhile. Caches with magazines keep the objects in these, and their slabs:
 * RSV_IOC_CACHE_SHRINK gives them back, and needs no barrier before it.
 */
struct rsv_ioc_rcu_barrier {
	__u32 size;
	__u32 flags;
	__u32 region;
	__u32 reserved;
};

/* Bytes of the name of a device, the closing NUL included */
#define RSV_DEVICE_NAME_MAX	64

/*
 * A flag of struct rsv_ioc_bind: the ioctl turns bus mastering of the device on, so that it can do
 * DMA, and Reservoir turns it off again before the memory of the last such binding goes back. The
 * device is a PCI device without a driver, and no bridge: the program is its driver. All its
 * bindings with the flag are of one descriptor.
 *
 * A device without bus mastering keeps the orders that it has, and goes on with them as soon as it
 * is a bus master again: with addresses of an earlier program, whose memory others have by now. So
 * stop or reset the device before the first binding with the flag. Its registers work without bus
 * mastering; /sys/bus/pci/devices/NAME/reset is there if the kernel knows how to reset it.
 */
#define RSV_BIND_MASTER		0x00000001U

/* Why a buffer was not bound, besides those above. With ENODEV: */
#define RSV_REFUSED_BUS		32	/* there is no such bus: want pci or platform */
#define RSV_REFUSED_DEVICE	33	/* the bus has no such device */
/* With EOPNOTSUPP: */
#define RSV_REFUSED_NO_DMA	34	/* the device does no DMA: it has no DMA mask */
#define RSV_REFUSED_NO_DRIVER	41	/* a platform device without a driver, so without DMA */
/* With ERANGE: */
#define RSV_REFUSED_MASK	35	/* the device cannot address all of the buffer */
#define RSV_REFUSED_BOUNCED	36	/* the kernel would copy what the device transfers */
/* With EBUSY: */
#define RSV_REFUSED_DRIVER	37	/* the device has a driver, which sets mask and master */
#define RSV_REFUSED_MASTER	38	/* another descriptor has bound it as a master */
#define RSV_REFUSED_TAKEN	42	/* the device's IOMMU serves somebody else, such as VFIO */
/* With EBUSY, or with EIO if the kernel cannot serve a device of so few: */
#define RSV_REFUSED_BITS	39	/* a program bound it with another number of bits */
/* With ENOMEM: */
#define RSV_REFUSED_IOMMU	40	/* the IOMMU has no room for the buffer */

/**
 * struct rsv_ioc_bind - let a device use a buffer
 * @size: in: bytes of this structure
 * @flags: in: RSV_BIND_MASTER or 0. EINVAL for RSV_BIND_MASTER with a device that is none of PCI,
 *	or a bridge
 * @buffer: in: handle of the buffer. It may be freed and unmapped while the binding stands: the
 *	binding has a reference to the memory
 * @handle: out: handle of the binding
 * @device: in: "BUS/NAME", where BUS is pci or platform, and NAME is that of the device in
 *	/sys/bus/BUS/devices, such as "pci/0000:00:05.0" (EINVAL; ENODEV). A program without
 *	CAP_SYS_RAWIO in the initial user namespace may bind to those devices only that the
 *	parameter devices= lists (EPERM)
 * @bits: in: the bits of an address that the device can put on its bus, or 0 to leave its DMA mask
 *	as it is. Without a driver the kernel takes a device for one of 32 bits. The mask is as
 *	before when the last binding of the device is gone (EINVAL above 64, or if the device is
 *	none of PCI; EBUSY; EIO)
 * @refusal: out: if the ioctl fails with ENODEV, EOPNOTSUPP, ERANGE, EBUSY, EIO or ENOMEM: why,
 *	RSV_REFUSED_*
 * @dma: out: the address of the buffer's first byte for the device
 * @length: out: bytes that have contiguous addresses from there on: all of the buffer, unless it is
 *	scattered. RSV_IOC_DMA_ADDRESS tells the others
 * @segments: out: the number of ranges of contiguous addresses
 * @padding: in: 0
 *
 * The buffer belongs to the device from now on, which may read it and write to it. RSV_IOC_SYNC
 * gives it to the CPU and back. RSV_IOC_FREE ends the binding: with it the program says that the
 * device uses the memory no more. It gives nothing to the CPU: RSV_IOC_SYNC comes before it. A
 * descriptor has at most 16384 bindings (EMFILE).
 *
 * A descriptor that is closed without that, as when its program is killed, says nothing of the
 * kind. With RSV_BIND_MASTER the device then loses its bus mastering before any memory goes back.
 * Other bindings end if the device is PCI, has no driver, and is no bus master. If not, the buffer
 * stays out of use, and counts for the quota of its user, until the device's driver unbinds, the
 * device is removed, or a program says RSV_IOC_DEVICE_QUIET.
 *
 * All bindings of a device end when its driver unbinds or the device is removed. Those with
 * RSV_BIND_MASTER also end when a driver binds to it. Then RSV_IOC_SYNC and RSV_IOC_DMA_ADDRESS
 * answer ENODEV, and the handle is still to be freed.
 */
struct rsv_ioc_bind {
	__u32 size;
	__u32 flags;
	__u32 buffer;
	__u32 handle;
	char device[RSV_DEVICE_NAME_MAX];
	__u32 bits;
	__u32 refusal;
	__u64 dma;
	__u64 length;
	__u32 segments;
	__u32 padding;
};

/* Directions of DMA */
#define RSV_DMA_TO_DEVICE	1	/* the device has read or will read the bytes */
#define RSV_DMA_FROM_DEVICE	2	/* the device has written them or will write them */
#define RSV_DMA_BOTH		3

/* Who uses the bytes next */
#define RSV_OWNER_CPU		1
#define RSV_OWNER_DEVICE	2

/**
 * struct rsv_ioc_sync - give bytes of a bound buffer to the CPU or to the device
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @binding: in: handle of the binding (ENODEV if it ended: see struct rsv_ioc_bind)
 * @direction: in: RSV_DMA_* (EINVAL)
 * @offset: in: offset of the first byte in the buffer
 * @length: in: number of bytes, more than 0; @offset + @length lie within the buffer (EINVAL)
 * @owner: in: RSV_OWNER_CPU before the program reads what the device wrote or writes what it will
 *	read, RSV_OWNER_DEVICE before the device's turn (EINVAL)
 * @padding: in: 0
 *
 * Where devices see the CPU's caches, as on x86, there is nothing to do. A program that calls it
 * all the same runs everywhere.
 */
struct rsv_ioc_sync {
	__u32 size;
	__u32 flags;
	__u32 binding;
	__u32 direction;
	__u64 offset;
	__u64 length;
	__u32 owner;
	__u32 padding;
};

/**
 * struct rsv_ioc_dma_address - the address of a byte of a bound buffer for its device
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @binding: in: handle of the binding (ENODEV if it ended)
 * @padding: in: 0
 * @offset: in: offset of the byte in the buffer (EINVAL)
 * @dma: out: its address
 * @length: out: bytes that have contiguous addresses from there on. To list all ranges, begin with
 *	0 and add @length to @offset until that is the length of the buffer
 */
struct rsv_ioc_dma_address {
	__u32 size;
	__u32 flags;
	__u32 binding;
	__u32 padding;
	__u64 offset;
	__u64 dma;
	__u64 length;
};

/**
 * struct rsv_ioc_physical - the physical address of a byte of a buffer
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @buffer: in: handle of the buffer
 * @padding: in: 0
 * @offset: in: offset of the byte in the buffer (EINVAL)
 * @physical: out: its physical address
 * @length: out: bytes that have contiguous addresses from there on
 *
 * It needs CAP_SYS_RAWIO in the initial user namespace (EPERM) or the parameter phys=group. For a
 * device the right address is that of RSV_IOC_BIND, which also goes through an IOMMU.
 */
struct rsv_ioc_physical {
	__u32 size;
	__u32 flags;
	__u32 buffer;
	__u32 padding;
	__u64 offset;
	__u64 physical;
	__u64 length;
};

/**
 * struct rsv_ioc_device_quiet - tell that a device uses none of the memory of ended programs
 * @size: in: bytes of this structure
 * @flags: in: 0
 * @device: in: as for RSV_IOC_BIND, with the same rights and errors
 * @bytes: out: bytes that stayed bound to the device when descriptors were closed, and that have
 *	gone back now
 *
 * A program that is started anew stops or resets its device, and then says so. Bindings that still
 * have a handle stay.
 */
struct rsv_ioc_device_quiet {
	__u32 size;
	__u32 flags;
	char device[RSV_DEVICE_NAME_MAX];
	__u64 bytes;
};

#endif /* _UAPI_LINUX_RESERVOIR_H */
