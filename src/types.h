/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every structure that more than one file knows. Each field has the lock or the rule that guards
 * it. Read this file first.
 *
 *	struct rsv_region		everything that one reservation owns
 *	 |
 *	 |-- extents --> rsv_extents --> rsv_extent	contiguous pages of one zone and node
 *	 |				  `-- frames --> rsv_frame	one for each page, 32 bytes
 *	 |
 *	 |-- zones --> rsv_zone		free blocks of one kind of memory and one node
 *	 |		|-- area[order] --> rsv_free_area --> first frames of free blocks
 *	 |		|-- zeroed --> frames of pages that were cleared beforehand
 *	 |		|-- pcp[order] --> rsv_pcp	one for each CPU: small blocks
 *	 |		`-- large --> rsv_large_list	one for each CPU: larger blocks
 *	 |
 *	 |-- caches --> rsv_cache	objects of one size
 *	 |		|-- cpus --> rsv_cpu		one for each CPU
 *	 |		|	      `-- loaded, previous, remote, rcu --> rsv_magazine --> objects
 *	 |		|-- guarantee --> objects that only this cache uses
 *	 |		`-- nodes[nid] --> rsv_cache_node	one for each NUMA node
 *	 |			|-- depot --> rsv_depot --> magazines that no CPU has
 *	 |			`-- slabs[fill] --> first frames of slabs --> objects
 *	 |
 *	 |-- kmalloc[class], magazine_caches[size]	caches that the region makes itself
 *	 `-- heap --> rsv_heap --> rsv_heap_node	what the engine SLOB cuts blocks out of
 *
 *	struct rsv_file			one open descriptor of /dev/reservoir
 *	 `-- handles --> rsv_handle, the first member of rsv_buffer, rsv_binding,
 *			 rsv_cache_handle, rsv_object_handle and rsv_region_handle
 *	struct file (the kernel's)	one descriptor, or one mapping, of a buffer
 *	 `-- private_data --> rsv_buffer
 *
 *	struct rsv_bound_device		a device that programs bound buffers to
 *	 `-- bindings --> rsv_binding --> the buffer
 *
 * An allocation goes through the objects' part of the picture from left to right until something
 * serves it, and a free comes back the same way:
 *
 *	object:	rsv_cpu, depot, slabs, and a new slab is a block of pages
 *	pages:	rsv_pcp or rsv_large_list, area[order] of the first zone that may serve, then of
 *		the next one
 *
 * Access to the structures:
 *	rsv_cpu, rsv_pcp, rsv_large_list
 *				only their own CPU, with preemption disabled and busy set; no lock,
 *				no atomic instruction, but for the one by which a free claims a
 *				block of pages. An interrupt that finds busy set goes past them, to
 *				the slabs or to the free areas
 *	rsv_cache_node, rsv_depot, rsv_guarantee, rsv_heap_node, rsv_zone
 *				the holder of their raw lock. The order of all locks stands at the
 *				top of objects/cache.c
 *	rsv_frame		the owner of the page. A reader that got the pointer from a caller
 *				reads under RCU or with preemption disabled, and checks the frame
 *	rsv_rcu_frees		the holder of its raw lock
 *	rsv_region, rsv_extents	the holder of shape_lock changes them. Requests only read. Memory
 *				that they may be reading is freed after a grace period
 */
#ifndef RSV_TYPES_H
#define RSV_TYPES_H

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/idr.h>
#include <linux/jiffies.h>
#include <linux/kallsyms.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/maple_tree.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rbtree.h>
#include <linux/rcupdate.h>
#include <linux/reservoir.h>
#include <linux/rhashtable-types.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "compat.h"
#include "report.h"

/* Bytes of a name with its prefix (name.c), a whole number of words */
#define RSV_FULL_NAME_MAX	(RSV_NAME_MAX + 8)

struct dentry;
struct device;
struct file;
struct inode;
struct rsv_cache;
struct rsv_cpu;
struct rsv_engine;
struct rsv_extent;
struct rsv_file;
struct rsv_handle;
struct rsv_region;
struct rsv_zone;
struct shrinker;

/*
 * Warnings
 */

/* Bytes of the name of a code address, with its NUL */
#define RSV_SYMBOL_MAX	KSYM_SYMBOL_LEN

/* Callers that one kind of warning names */
#define RSV_CALLERS_MAX	64U

/**
 * struct rsv_callers - the callers that one kind of warning has named
 * @seen: their addresses, a hash table with open addressing; 0 is an unused entry. An entry changes
 *	once, by compare-and-exchange, so that any context may add a caller
 * @full: set when a caller found no unused entry
 */
struct rsv_callers {
	unsigned long seen[RSV_CALLERS_MAX];
	unsigned long full;
};

/*
 * Pages: frames and extents
 */

/*
 * The page map finds extents by chunks of 2^RSV_CHUNK_ORDER pages, and by single pages at their
 * ends.
 */
#define RSV_CHUNK_ORDER		9

/* The number of an extent must fit into its frames. */
#define RSV_EXTENTS_MAX		65535U

/* A slab numbers its objects with nine bits; the last number means "none". */
#define RSV_SLAB_OBJECTS_MAX	511U
#define RSV_SLAB_NONE		511U

#define RSV_ORDER_NONE		U8_MAX

enum rsv_frame_kind {
	RSV_FRAME_BODY,		/* further page of a block */
	RSV_FRAME_FREE,		/* first page of a free block of 2^order pages */
	RSV_FRAME_USED,		/* first page of a used block of nr_pages pages */
	RSV_FRAME_RUN,		/* first page of a further aligned part of a gathered run */
	RSV_FRAME_CACHED,	/* first page of a cached or zeroed block of 2^order pages */
	RSV_FRAME_HOLE,		/* page that went back to the system */
	RSV_FRAME_SLAB,		/* first page of a slab */
	RSV_FRAME_SLAB_TAIL,	/* further page of a slab */
	RSV_FRAME_HEAP,		/* first page of a slob page */
	RSV_FRAME_HEAP_TAIL,	/* further page of a slob page */
	RSV_FRAME_LEAKED,	/* page that stays allocated although its region ends */
	RSV_FRAME_OWNED,	/* first page of a block of the module itself, or page on its way */
	RSV_FRAME_WAITING,	/* page that was freed, and that somebody else still refers to */
	RSV_FRAME_BAD,		/* page with a hardware error */
};

/**
 * union rsv_slab_word - the state of a slab, in one word that one compare-and-exchange can change
 * @inuse: objects that are used or cached
 * @carved: objects that were allocated at least once or are on the freelist; the objects from this
 *	number on were never touched
 * @free: first object on the slab's freelist, or RSV_SLAB_NONE
 * @fill: the list that the slab is on, enum rsv_fill
 * @frozen: the slab is the active slab of some CPU and on no list
 * @small: the slab has only the pages that one object needs
 * @word: all fields
 *
 * Each engine defines who may change which field.
 */
union rsv_slab_word {
	struct {
		u32 inuse : 9;
		u32 free : 9;
		u32 fill : 3;
		u32 frozen : 1;
		u32 small : 1;
		u32 carved : 9;
	};
	u32 word;
};

/**
 * struct rsv_frame - the state of one page. The kind decides which fields have a meaning
 * @node: FREE: list node in the free area (zone->lock)
 * @link: CACHED and zeroed: list node on zone->zeroed (zone->lock). SLAB: list node on one of the
 *	lists of its rsv_cache_node (rsv_cache_node->lock). HEAP: list node on one of the lists of
 *	its rsv_heap_node (rsv_heap_node->lock). WAITING: list node in region->waiting (its lock)
 * @nr_pages: USED: pages of the block, any number (its owner). CACHED, on a CPU's list: 2^@order
 * @head: RUN: the block's first frame (zone->lock)
 * @bufctl: SLAB_TAIL, the second page of a slab: the slab's bufctls, if the engine SLAB keeps them
 *	outside the slab (constant while the slab exists)
 * @next_leaving: SLAB, once it left its cache: the next such slab (region->leaving.lock)
 * @leaving: SLAB, once it left its cache: that cache (constant from then on)
 * @cache: SLAB, SLAB_TAIL: the cache; NULL in all other frames, and from when the slab is being
 *	freed (rsv_cache_node->lock)
 * @kind: enum rsv_frame_kind. A block that is USED changes by compare-and-exchange of @state, so
 *	that of several CPUs that free it only one gets it: pages/frame.h. All other kinds change
 *	under zone->lock, or the owner of the block changes them: the CPU on whose list the block
 *	is, the cache of the slab, or whoever made it OWNED
 * @order: FREE, CACHED: order of the block. USED: the same, or RSV_ORDER_NONE for a block of
 *	another number of pages or of another alignment, or whose free looks at every page. BAD:
 *	RSV_ORDER_NONE if the system has the page, else 0. SLAB, SLAB_TAIL, HEAP, HEAP_TAIL: pages
 *	from the first page of the slab or slob page, so 0 for that one
 * @extent: number of the extent in its region (constant)
 * @state: @kind, @order and @extent in one word. Blocks on one per-CPU list have the same state if
 *	they have the same extent
 * @slab: SLAB: union rsv_slab_word. SLAB_TAIL: a copy of it from when objects were last carved, so
 *	that every frame of a slab tells how many objects are carved
 * @slob: HEAP: union rsv_slob_word (rsv_heap_node->lock)
 */
struct rsv_frame {
	union {
		struct hlist_node node;
		struct list_head link;
		unsigned long nr_pages;
		struct rsv_frame *head;
		void *bufctl;
		struct {
			struct rsv_frame *next_leaving;
			struct rsv_cache *leaving;
		};
	};
	struct rsv_cache *__data_racy cache;
	union {
		struct {
			u8 __data_racy kind;
			u8 __data_racy order;
			u16 extent;
		};
		u32 __data_racy state;
	};
	union {
		u32 slab;
		u32 slob;
	};
};

static_assert(sizeof(struct rsv_frame) <= 32);

/**
 * struct rsv_extent - physically contiguous pages of one zone and node
 * @region: the region (constant, as all down to @number)
 * @zone: the zone in whose free areas its free blocks are
 * @frames: its frame table, one frame for each page
 * @first: page frame number of its first page
 * @nr_pages: its length
 * @offset: pages of the region before this extent; users see offsets that count from there
 * @base: address of its first page; NULL for HIGHMEM
 * @bytes: bytes from @base on that have an address: none for HIGHMEM
 * @nid: its node
 * @number: its number in the region
 * @nr_holes: pages that went back to the system (region->shape_lock)
 * @unmapped: it left the page map, so no CPU may keep it as a hint (set once)
 * @removed: on region->removed, once all its pages are holes
 */
struct rsv_extent {
	struct rsv_region *region;
	struct rsv_zone *zone;
	struct rsv_frame *frames;
	unsigned long first;
	unsigned long nr_pages;
	unsigned long offset;
	void *base;
	unsigned long bytes;
	int nid;
	unsigned int number;
	unsigned long nr_holes;
	bool __data_racy unmapped;
	struct llist_node removed;
};

/*
 * A flag of struct rsv_reserve that only the module itself sets: the memory cgroup of the current
 * task is charged for the pages
 */
#define RSV_RESERVE_CHARGED	0x80000000U

/**
 * struct rsv_extents - the extents of a region by number (region->shape_lock; a reader without the
 *	lock loads the pointer to the table once and uses that table throughout)
 * @older: the table that this one replaced; it is freed with the region
 * @capacity: length of @at
 * @at: the extents; NULL where there is none
 */
struct rsv_extents {
	struct rsv_extents *older;
	unsigned int capacity;
	struct rsv_extent *at[];
};

/*
 * Pages: zones and per-CPU lists
 */

/* Each order below this has a list of its own on each CPU. */
#define RSV_PCP_ORDERS	4

/* The orders from there up to below this one share one short list on each CPU. */
#define RSV_LISTED_ORDERS	10
#define RSV_LARGE_ORDERS	(RSV_LISTED_ORDERS - RSV_PCP_ORDERS)

/*
 * Blocks, and pages in all, that such a list has at most. Two blocks are a block to serve and room
 * for another. Each block keeps the chunk around it in pieces: with eight, a zone of 64 MB that was
 * half full could have a tenth less of its free pages as blocks of 2 MB.
 */
#define RSV_LARGE_BLOCKS	2U
#define RSV_LARGE_PAGES		1024UL

/* Blocks that a list of single pages, and one of larger blocks, can have */
#define RSV_PCP_PAGES	1023U
#define RSV_PCP_BLOCKS	127U

/* Blocks that a refill, or a step of a drain, moves at most */
#define RSV_PCP_BATCH	64U

/*
 * Free blocks that a refill cuts up, or that a drain makes, under one hold of the zone's lock. Each
 * may split or merge along all orders, so this number bounds the time. Where free memory is
 * scattered, a refill or a step of a drain therefore moves fewer blocks.
 */
#define RSV_PCP_PIECES	4

/*
 * Adjacent blocks that a free moves away from a full list at most, a power of two. They form one
 * block, so the free merges along the orders once, and scattered pages cost no free more than that.
 */
#define RSV_PCP_FLUSH	8U

/* Allocations and frees, together, after which a list's limit is set anew: see pcp_limit.c */
#define RSV_PCP_SAMPLE	64U

/* Slices of a zone: the range of its offsets is cut into as many equal parts. See buddy.c */
#define RSV_SLICES	16U

/**
 * struct rsv_free_area - the free blocks of one order, and the counts of that order (zone->lock)
 * @nr_free: free blocks
 * @slices: bit s is set if slice[s] may have a block
 * @allocs: blocks that requests got
 * @frees: blocks that were freed
 * @failures: requests that no zone served. They count in the first zone that they tried
 * @splits: blocks split into two of the order below
 * @merges: pairs merged to a block of the order above
 * @asked: bytes that the served requests wanted
 * @granted: bytes that they got
 * @slice: first frames of the free blocks that begin in each slice of the zone, the most recently
 *	freed first. See buddy.c
 */
struct rsv_free_area {
	unsigned long __data_racy nr_free;
	u32 slices;
	u64 allocs;
	u64 frees;
	u64 failures;
	u64 splits;
	u64 merges;
	u64 asked;
	u64 granted;
	struct hlist_head slice[RSV_SLICES];
};

/**
 * union rsv_pcp_ends - which slots of a list's ring have blocks: those after @bottom up to @top
 * @top: slot of the newest block, modulo the number of slots, as the next
 * @bottom: slot before that of the oldest block. It has the frame rsv_pcp_none
 * @both: both fields, so that one load reads a consistent pair
 */
union rsv_pcp_ends {
	struct {
		u32 top;
		u32 bottom;
	};
	u64 both;
};

/**
 * struct rsv_pcp_slot - a cached block
 * @frame: its first frame
 * @page: its first page, so that the fast path does not compute it
 */
struct rsv_pcp_slot {
	struct rsv_frame *frame;
	struct page *page;
};

/**
 * struct rsv_pcp - cached blocks of one order and zone on the list of one CPU. Only that CPU
 *	touches the list, with preemption disabled. Other CPUs read the counts, and flush the list
 *	once the CPU is dead, or once the list was replaced by a longer one
 * @busy: set while the CPU works on the list; an interrupt that finds it set goes to the free areas
 * @open: a block may come to the list without rsv_backoff_cached(): the first one after a drain of
 *	all CPUs sets it, and the next such drain clears it. While it is clear, @high is 0. Only
 *	this CPU changes it, or a flush once the CPU is dead
 * @mask: the number of slots less one (constant). The number is a power of two, because indices
 *	wrap around, and one slot has no block
 * @ends: which slots are in use
 * @high: blocks that the list has at most at present: @limit, or 0. A drain stores 0, and another
 *	CPU does when the zone has lost pages. Then the next block to come takes the slow path
 * @limit: the limit that rsv_pcp_adapt() set last; 0 at first
 * @frees: blocks freed onto the list
 * @moved_in: blocks that came from the free areas
 * @moved_out: blocks that went to the free areas. What requests got is the rest: see
 *	rsv_pcp_allocs()
 * @refills: times that blocks came from the free areas
 * @drains: times that blocks went to the free areas
 * @last_allocs: requests that the list had served when its limit was last set anew
 * @last_frees: @frees at that time
 * @slot: a ring of blocks. Blocks are pushed and popped at @ends.top and flushed at @ends.bottom,
 *	the oldest first
 */
struct rsv_pcp {
	bool __data_racy busy;
	bool __data_racy open;
	u32 mask;
	union rsv_pcp_ends __data_racy ends;
	u32 __data_racy high;
	u32 limit;
	u64 __data_racy frees;
	u64 __data_racy moved_in;
	u64 __data_racy moved_out;
	u64 __data_racy refills;
	u64 __data_racy drains;
	u64 last_allocs;
	u64 last_frees;
	struct rsv_pcp_slot slot[];
};

/**
 * struct rsv_large_list - cached blocks of larger orders on the list of one CPU and zone. The rules
 *	are those of struct rsv_pcp
 * @busy: set while the CPU works on the list
 * @open: a block may be freed onto the list without rsv_backoff_cached(): the first free after a
 *	drain of all CPUs sets it, and the next such drain clears it
 * @nr: number of blocks
 * @order: the order of each block
 * @nr_pages: pages of all blocks
 * @frame: the first frame of each block, the block that was freed last at the end
 * @allocs: requests that the list served, by order
 * @frees: blocks freed onto the list, by order
 */
struct rsv_large_list {
	bool __data_racy busy;
	bool __data_racy open;
	u8 __data_racy nr;
	u8 __data_racy order[RSV_LARGE_BLOCKS];
	unsigned int nr_pages;
	struct rsv_frame *frame[RSV_LARGE_BLOCKS];
	u64 __data_racy allocs[RSV_LARGE_ORDERS];
	u64 __data_racy frees[RSV_LARGE_ORDERS];
};

/**
 * struct rsv_pcp_stats - the lists of one order and zone, the sum over all CPUs
 * @blocks: blocks on the lists
 * @allocs: requests that the lists served
 * @frees: blocks freed onto the lists
 * @refills: times that blocks came from the free areas
 * @drains: times that blocks went to the free areas
 */
struct rsv_pcp_stats {
	unsigned long blocks;
	u64 allocs;
	u64 frees;
	u64 refills;
	u64 drains;
};

/**
 * struct rsv_zone - the pages of a region that are in one zone of one node
 * @region: the region (constant, as all down to @zero_work but @pcp)
 * @name: the kernel's name of the zone
 * @type: enum zone_type
 * @nid: node
 * @pcp: by order, the list of each CPU (region->shape_lock; read with preemption disabled or under
 *	RCU). Longer lists replace them when the zone has grown: see pcp.c
 * @large: the list of each CPU for larger blocks
 * @zero_work: clears pages for @zeroed
 * @pcp_high: blocks of each order that the list of one CPU has at most, at any time (@lock; near
 *	@pcp, in no cache line with fields that change often)
 * @pcp_low: the limit of a list that does not need more; at most @pcp_high (@lock)
 * @large_high: pages of larger blocks that the list of one CPU has at most (@lock)
 * @list_min: free pages below which the fast path does not use the lists: @min_pages, or ULONG_MAX
 *	if the zone is @frozen, or if @protection is not 0 and the type is below ZONE_NORMAL (@lock)
 * @pcps: the memory of the lists; NULL as long as rsv_pcp_disabled stands in for them
 *	(region->shape_lock, as the next two)
 * @pcp_slots: by order, the slots of a list, of which one has no block; 0 for no list
 * @pcp_past: by order, what lists did that were replaced
 * @lock: guards all fields below, the frames of free blocks, and the kind of all frames. A raw
 *	lock, taken with interrupts off, and the innermost of all. It is held for a number of steps
 *	that the number of orders or a batch bounds
 * @nr_pages: pages
 * @nr_orders: orders that a block can have. The length and the alignment of the extents limit them
 * @named: a reservation named this zone
 * @frozen: lists and zeroed pages do not serve, since one of them has a bad page
 * @replacing: the lists were replaced, and the old ones are being flushed
 * @bad_events: pages of the zone of which the kernel said that they are bad
 * @drained_events: @bad_events when the last drain for bad pages began
 * @protection: pages that are withheld from requests that name a higher zone
 * @min_pages: pages that are withheld from requests without __GFP_HIGH
 * @low_pages: the zone wakes the background drain when it has fewer free pages than this
 * @zeroed_high: pages that @zeroed has at most
 * @first_offset: the lowest offset in the region that any page of the zone has had so far
 * @end_offset: the end of the highest one; 0 if the zone never had a page
 * @slice_order: pages of a slice are 2^@slice_order; see rsv_buddy_expand()
 * @orders: bit k is set while area[k] has a block
 * @free_pages: pages in free blocks
 * @peak_pages: the most pages that were not in free blocks at one time
 * @zeroed: zeroed pages, by rsv_frame.link
 * @nr_zeroed: their number
 * @nr_clearing: pages that are on their way there: the work item is clearing them
 * @zeroed_hits: requests that they served
 * @area: by order
 */
struct rsv_zone {
	struct rsv_region *region;
	const char *name;
	enum zone_type type;
	int nid;
	struct rsv_pcp __percpu *__data_racy pcp[RSV_PCP_ORDERS];
	struct rsv_large_list __percpu *large;
	struct work_struct zero_work;
	unsigned int pcp_high[RSV_PCP_ORDERS];
	unsigned int pcp_low[RSV_PCP_ORDERS];
	unsigned long large_high;
	unsigned long list_min;
	void __percpu *pcps;
	unsigned int pcp_slots[RSV_PCP_ORDERS];
	struct rsv_pcp_stats pcp_past[RSV_PCP_ORDERS];

	raw_spinlock_t lock;	/* see above */
	unsigned long nr_pages;
	unsigned int nr_orders;
	bool named;
	bool frozen;
	bool replacing;
	unsigned int __data_racy bad_events;
	unsigned int drained_events;
	unsigned long protection;
	unsigned long min_pages;
	unsigned long low_pages;
	unsigned int __data_racy zeroed_high;
	unsigned long first_offset;
	unsigned long end_offset;
	unsigned int slice_order;
	unsigned long __data_racy orders;
	unsigned long __data_racy free_pages;
	unsigned long peak_pages;
	struct list_head zeroed;
	unsigned int __data_racy nr_zeroed;
	unsigned int __data_racy nr_clearing;
	u64 zeroed_hits;
	struct rsv_free_area area[RSV_ORDERS_MAX];
};

/**
 * struct rsv_request - a request for pages (on the caller's stack)
 * @gfp: its flags, which name the highest zone that may serve it
 * @nid: the preferred node
 * @nr_pages: pages that it wants
 * @bytes: the same in bytes; may be less than whole pages
 * @order: order of the smallest block that has at least @nr_pages
 * @refill: whether the request refills an empty per-CPU list
 */
struct rsv_request {
	gfp_t gfp;
	int nid;
	unsigned long nr_pages;
	size_t bytes;
	unsigned int order;
	bool refill;
};

/**
 * struct rsv_zone_walk - a walk along the zones that may serve a request (on the caller's stack)
 * @rank: the number of nodes that the walk has left behind
 * @tried: the number of zones of the present node that it has tried, the highest first
 */
struct rsv_zone_walk {
	unsigned int rank;
	unsigned int tried;
};

/*
 * Pages: getting memory back
 */

/**
 * struct rsv_waiting - freed pages that somebody else still refers to, and pages that went bad: see
 *	waiting.c and bad_page.c
 * @lock: guards the fields down to @delay. Raw, interrupts off; no other lock is taken under it
 * @pages: the waiting pages, by rsv_frame.link
 * @nr_pages: their number, with those that somebody looks at just now
 * @delay: milliseconds until @work looks at the pages again
 * @work: looks at the pages (queued by rsv_waiting_add(), and by itself)
 * @nr_bad: pages that were taken out of use: they have a hardware error, or the system has them
 *	because all references to them were dropped
 * @bad_work: finds bad pages among those that CPUs have on their lists (queued by the kernel's
 *	event of a memory failure)
 * @stopped: the region is about to end, so @bad_work is queued no more
 */
struct rsv_waiting {
	raw_spinlock_t lock;	/* see above */
	struct list_head pages;
	unsigned long __data_racy nr_pages;
	unsigned int delay;
	struct delayed_work work;
	atomic_long_t nr_bad;
	struct work_struct bad_work;
	bool stopped;
};

/* Drains in the background begin no more often than once in this interval. */
#define RSV_DRAIN_INTERVAL (HZ / 10)

/**
 * struct rsv_drain_hooks - how objects/ drains and shrinks its caches (constant)
 * @shrink: frees empty slabs of all caches of a region; may sleep
 * @drain_local: moves objects from this CPU's magazines to their slabs, where @shrink finds them:
 *	those of one cache or, if that is NULL, of all caches of the region. Other tasks can run
 *	after each cache; may sleep
 * @has_local: whether a CPU has cached objects of a cache or, if that is NULL, of any, read without
 *	synchronisation; may sleep
 * @free_leaving: frees the pages of slabs that left their caches: all if @may_sleep, else some.
 *	Returns whether there was any such slab
 * @free_rcu: frees the objects that wait for a grace period, and gives their memory back: all if
 *	@may_sleep, else some of those whose grace period has ended
 */
struct rsv_drain_hooks {
	void (*shrink)(struct rsv_region *r);
	void (*drain_local)(struct rsv_region *r, struct rsv_cache *only);
	bool (*has_local)(struct rsv_region *r, struct rsv_cache *only, unsigned int cpu);
	bool (*free_leaving)(struct rsv_region *r, bool may_sleep);
	void (*free_rcu)(struct rsv_region *r, bool may_sleep);
};

/**
 * struct rsv_drain_work - the work that drains one CPU
 * @work: drains all lists and magazines; queued on that CPU (region->drain_lock)
 * @cache_work: drains the magazines of @caches; queued on that CPU (region->cache_drain_lock)
 * @rcu_work: adds the CPU's objects that wait for a grace period to region->rcu_frees; queued on
 *	that CPU
 * @region: the region (constant)
 * @caches: a list of caches by rsv_cache.ending, of any region (region->cache_drain_lock; read by
 *	@cache_work)
 */
struct rsv_drain_work {
	struct work_struct work;
	struct work_struct cache_work;
	struct work_struct rcu_work;
	struct rsv_region *region;
	struct list_head *caches;
};

/**
 * struct rsv_lending - the memory that a region lends to the system when the system runs short
 * @shrinker: the shrinker that the system calls; NULL if the region does not lend (set at load)
 * @floor: pages that the region never lends (constant)
 * @lent: lent pages (region->shape_lock; queries read it without the lock)
 * @growing: tasks that take memory from the system for the region, which lends nothing meanwhile
 * @take_back: takes lent pages back (queued by the shrinker, and by itself)
 */
struct rsv_lending {
	struct shrinker *shrinker;
	unsigned long floor;
	unsigned long __data_racy lent;
	atomic_t growing;
	struct delayed_work take_back;
};

/*
 * Objects: layout
 */

/* The largest object; pages serve larger ones better. */
#define RSV_CACHE_SIZE_MAX	(32U * PAGE_SIZE)

/* Bytes of a mark (objects/mark.h) with its tag, if it has one; also the alignment of a mark */
#define RSV_MARK_BYTES		8U

/* Flags of caches that only the module itself sets: see RSV_HWCACHE_ALIGN and the others */
#define RSV_CACHE_INTERNAL	0x80000000U	/* serves other caches: no magazines, no checks */
#define RSV_CACHE_VERIFY	0x40000000U	/* debug=F: each request verifies the slab */
#define RSV_CACHE_TRACE		0x20000000U	/* debug=T: the log has each allocation and free */
#define RSV_CACHE_KMALLOC	0x10000000U	/* a size class: requests may be smaller */
#define RSV_CACHE_FEW_PAGES	0x08000000U	/* slabs with few pages, though that wastes more */

#define RSV_ENGINES		(RSV_ENGINE_SLAB | RSV_ENGINE_SLUB | RSV_ENGINE_SLOB)
#define RSV_CHECKS		(RSV_RED_ZONE | RSV_POISON | RSV_STORE_USER | RSV_CACHE_VERIFY | \
				 RSV_CACHE_TRACE)

/*
 * The flags of a cache that programs may pass. Kernel modules may also pass RSV_FREE_NOLOCK, and
 * RSV_NAME_UNIQUE, which says nothing about the cache itself.
 */
#define RSV_CACHE_FLAGS		(RSV_HWCACHE_ALIGN | RSV_NO_MAGAZINE | RSV_ENGINES | \
				 RSV_RED_ZONE | RSV_POISON | RSV_STORE_USER | RSV_TYPESAFE_BY_RCU)

/* Stands for the offset of a link that an object does not have */
#define RSV_LINK_NONE		UINT_MAX

/**
 * struct rsv_layout - how objects lie in a slab (constant)
 * @object_size: bytes that the caller may use
 * @align: alignment of every object, in bytes
 * @stride: bytes of a slot: from one object to the next
 * @before: bytes of a slot before its object: the left red zone
 * @mark: offset of the mark from the object, in bytes (objects/mark.h). The mark is behind all
 *	bytes that the caller may use if a free object must keep them. The engine SLAB does not use
 *	it
 * @red: bytes of the right red zone, directly behind the object
 * @track: offset of the two struct rsv_track from the object; 0 if there are none
 * @asked: offset from the object of the size that the caller asked for; 0 if it is not stored
 * @link: offset of the link of a deferred free from the object (objects/deferred.c);
 *	RSV_LINK_NONE if a slot has no room for one
 * @bufctl: bytes at a slab's beginning for the bufctls of the engine SLAB; 0 if they are off-slab,
 *	or if the engine is another one
 * @colours: number of colours that slabs of the engine SLAB take in turn
 * @colour: bytes from one colour to the next
 * @pages: pages of a slab
 * @objects: objects of a slab
 * @small_pages: pages of a small slab, for a region that has no block of @pages: enough for one
 *	object
 * @small_objects: objects of a small slab
 * @few_pages: from RSV_CACHE_FEW_PAGES
 */
struct rsv_layout {
	unsigned int object_size;
	unsigned int align;
	unsigned int stride;
	unsigned int before;
	unsigned int mark;
	unsigned int red;
	unsigned int track;
	unsigned int asked;
	unsigned int link;
	unsigned int bufctl;
	unsigned int colours;
	unsigned int colour;
	unsigned int pages;
	unsigned int objects;
	unsigned int small_pages;
	unsigned int small_objects;
	bool few_pages;
};

/*
 * Objects: magazines and the depot
 */

/* Sizes that magazines can have */
#define RSV_MAGAZINE_SIZES	6

/*
 * Rounds of a magazine of each size: 4, 8, 16 and so on to 128. They are powers of two, so that
 * bulk requests mostly move whole magazines. The bytes of a magazine are no power of two, so that
 * the first rounds of many magazines do not compete for few sets of the CPU's data cache.
 */
#define RSV_MAGAZINE_SIZE(n)	(4U << (n))
#define RSV_MAGAZINE_BYTES(n) \
	(sizeof(struct rsv_magazine) + RSV_MAGAZINE_SIZE(n) * sizeof(void *))

/**
 * struct rsv_magazine - a stack of cached objects (its CPU changes it, or the depot's lock guards
 *	it)
 * @rounds: objects in it. While a CPU has it loaded, rsv_cpu.top tells instead
 * @size: rounds that it has room for
 * @head_offset: while its objects wait for a grace period: where in each of them its rcu_head lies
 * @cache: at that time: their cache
 * @next: the next one in the depot, or in rsv_rcu_frees
 * @below: while a CPU has it loaded: rsv_cpu.none, where a fast path looks for an object if there
 *	is none
 * @object: the objects
 */
struct rsv_magazine {
	u16 rounds;
	u16 size;
	u32 head_offset;
	struct rsv_cache *cache;
	union {
		struct rsv_magazine *next;
		void *below;
	};
	void *object[];
};

static_assert(offsetof(struct rsv_magazine, object) ==
	      offsetof(struct rsv_magazine, below) + sizeof(void *));

/**
 * struct rsv_depot_stack - magazines of a depot, all full or all empty (rsv_depot.lock)
 * @top: the first magazine; the others follow by next. A look whether there is one needs no lock
 * @nr: their number
 * @min_nr: the least @nr in this interval: the CPUs did without so many magazines
 */
struct rsv_depot_stack {
	struct rsv_magazine *top;
	unsigned int nr;
	unsigned int min_nr;
};

/**
 * struct rsv_depot - magazines of one cache and one node that no CPU has
 * @lock: guards all fields. Raw, interrupts off; no other lock is taken under it
 * @full: full magazines
 * @empty: empty magazines
 * @exchanges: magazines that CPUs got here
 * @contended: times that a CPU waited for @lock
 * @contended_before: @contended at the beginning of this interval
 */
struct rsv_depot {
	raw_spinlock_t lock;	/* see above */
	struct rsv_depot_stack full;
	struct rsv_depot_stack empty;
	u64 exchanges;
	u64 contended;
	u64 contended_before;
};

/**
 * struct rsv_cpu - one CPU's share of a cache. Only that CPU touches it, between rsv_cpu_enter()
 *	and rsv_cpu_leave(). When it is dead, the CPU that flushes it acts in its place
 * @busy: set while the CPU works on its share; an interrupt that finds it set takes the slow path
 * @top: end of the objects in the loaded magazine: allocations pop there, frees push there
 * @bottom: first round of the loaded magazine
 * @limit: end of the loaded magazine
 * @allocs: allocations that this CPU's magazines or its active slab served
 * @frees: frees that they served (the fast paths touch only the fields up to here, one cache line)
 * @none: stands for an object where there is none: its mark is rsv_cache.none_mark, which never
 *	says "cached" (constant). If no magazine is loaded, @top, @bottom and @limit point behind it
 * @loaded: the loaded magazine, never NULL
 * @previous: the magazine that was loaded before, mostly full or empty, never NULL
 * @remote: the magazine that collects objects of other nodes until it is full, never NULL
 * @rcu: the magazine that collects objects to be freed after a grace period, never NULL
 * @rcu_rounds: objects in it
 * @rcu_last: its last round, which only the slow path fills; 0 if there is no such magazine
 * @rcu_offset: where in each of its objects its rcu_head lies
 * @active: the engine SLUB without magazines: the slab that serves this CPU, or NULL
 * @active_first: its first object
 * @freelist: first object of @active that belongs to this CPU, or RSV_SLAB_NONE
 * @nr_freelist: the number of such objects
 * @slow_allocs: all other allocations (changed by this_cpu_inc(), as the next two)
 * @slow_frees: all other frees
 * @failures: requests that found no memory
 */
struct rsv_cpu {
	bool __data_racy busy;
	void **top;
	void **bottom;
	void **limit;
	u64 allocs;
	u64 frees;
	void *none;
	struct rsv_magazine *loaded;
	struct rsv_magazine *previous;
	struct rsv_magazine *remote;
	struct rsv_magazine *rcu;
	unsigned int rcu_rounds;
	unsigned int rcu_last;
	unsigned int rcu_offset;
	struct rsv_frame *active;
	void *active_first;
	unsigned int freelist;
	unsigned int nr_freelist;
	unsigned long slow_allocs;
	unsigned long slow_frees;
	unsigned long failures;
};

/*
 * Objects: caches
 */

/*
 * Objects that move between a magazine and an engine at once, which bounds how long a raw lock is
 * held
 */
#define RSV_BATCH		16U

/*
 * The lists of slabs, by how full they are. Fuller slabs serve first, so that the others become
 * empty.
 */
enum rsv_fill {
	RSV_EMPTY,
	RSV_PARTIAL,		/* less than a quarter in use, the next less than a half */
	RSV_PARTIAL_LAST = RSV_PARTIAL + 3,
	RSV_FULL,
	RSV_FILLS
};

/**
 * struct rsv_slab_list - slabs of one node that are equally full (rsv_cache_node.lock)
 * @slabs: first frames of the slabs, by rsv_frame.link
 * @nr: their number
 */
struct rsv_slab_list {
	struct list_head slabs;
	unsigned long nr;
};

/**
 * struct rsv_cache_node - the slabs of a cache whose memory is of one node
 * @lock: guards all fields down to @slabs_given, and which list a slab is on. Raw, interrupts off;
 *	zone->lock is never taken under it
 * @slabs: slabs by how full they are; the active slab of a CPU is on none of them
 * @nr_slabs: all slabs, active ones included
 * @nr_pages: their pages
 * @total: objects that they have room for. The engine SLOB: blocks of the heap that the cache has
 *	(rsv_heap_node.lock)
 * @colour: the colour of the next slab
 * @target: the number of empty slabs that may stay: see node.c
 * @min_nr: the least number of empty slabs in this interval. The engine SLOB: the least
 *	@nr_freelist
 * @given_early: slabs given back in this interval because there were more than @target
 * @freelist: the engine SLOB: the free objects that keep their bytes, the last freed one first
 *	(rsv_heap_node.lock, as the next and, for such caches, @min_nr)
 * @nr_freelist: their number
 * @freed: of a cache with RSV_TYPESAFE_BY_RCU: the state by which RCU tells whether readers may
 *	still look at an object of @freelist (rsv_heap_node.lock, as the next three)
 * @waiting: objects of such a cache that left @freelist, and wait until no reader looks at them
 * @nr_waiting: their number
 * @grace: the state by which RCU tells whether their grace period has ended
 * @slabs_made: slabs taken from the buddy system
 * @slabs_given: slabs given back to it
 * @depot: magazines (a lock of its own)
 */
struct rsv_cache_node {
	raw_spinlock_t lock;	/* see above */
	struct rsv_slab_list slabs[RSV_FILLS];
	unsigned long nr_slabs;
	unsigned long nr_pages;
	unsigned long __data_racy total;
	unsigned int colour;
	unsigned long target;
	unsigned long min_nr;
	unsigned long given_early;
	void *freelist;
	unsigned long nr_freelist;
	struct rcu_gp_oldstate freed;
	void *waiting;
	unsigned long __data_racy nr_waiting;
	struct rcu_gp_oldstate grace;
	u64 slabs_made;
	u64 slabs_given;
	struct rsv_depot depot;
};

/**
 * struct rsv_guarantee_page - a page of the region that has guaranteed objects (rsv_guarantee.lock)
 * @next: the next page of the same list
 * @object: the objects
 */
struct rsv_guarantee_page {
	struct rsv_guarantee_page *next;
	void *object[];
};

/* Objects that such a page has room for */
#define RSV_GUARANTEE_OBJECTS \
	((PAGE_SIZE - sizeof(struct rsv_guarantee_page)) / sizeof(void *))

/**
 * struct rsv_guarantee - objects that only their cache can use: a stack of cached objects
 * @lock: guards all fields, and whether the cache's fast paths are on. Raw, interrupts off, and
 *	innermost of the cache's locks. It is held for one object or for one batch
 * @pages: the pages with objects. All but the first are full
 * @empty: the pages without objects
 * @room: objects that all these pages have room for
 * @nr: the number of objects
 * @target: the number that the cache is to have; never above @room
 */
struct rsv_guarantee {
	raw_spinlock_t lock;	/* see above */
	struct rsv_guarantee_page *pages;
	struct rsv_guarantee_page *empty;
	unsigned long room;
	unsigned int nr;
	unsigned int target;
};

/**
 * struct rsv_irq_job - a job that a CPU does as soon as it serves interrupts again
 * @run: does it, or a part; returns whether there is more. It runs in an interrupt of that CPU,
 *	or in a task on any, also in both at a time (constant)
 * @queued: bit 0: it is queued (atomic)
 * @node: on the CPU's list while it is queued
 */
struct rsv_irq_job {
	bool (*run)(struct rsv_irq_job *job);
	unsigned long queued;
	struct llist_node node;
};

/**
 * struct rsv_cpu_reserve - objects that a CPU has for requests in any context. Any CPU may change
 *	the slots and numbers at any time, by one atomic instruction
 * @slot: cached objects, in any of the slots; NULL elsewhere. Whoever exchanges an object with NULL
 *	has it
 * @hint: the slot where the next search begins (a hint, without a lock)
 * @allocs: objects that were allocated from here
 * @failures: requests that found none
 * @refills: objects that came here since the cache was created
 * @refill: refills the slots
 * @cache: the cache (constant)
 * @cpu: the CPU (constant)
 */
struct rsv_cpu_reserve {
	void *slot[RSV_RESERVE_PERCPU_MAX];
	unsigned int hint;
	atomic_long_t allocs;
	atomic_long_t failures;
	atomic_long_t refills;
	struct rsv_irq_job refill;
	struct rsv_cache *cache;
	unsigned int cpu;
};

/**
 * struct rsv_cpu_reserves - the reserves of all CPUs: rsv_cache_reserve_percpu()
 * @target: objects that each CPU is to have (rsv_cpu_reserve_mutex; read without)
 * @cpus: the CPUs' reserves (constant)
 */
struct rsv_cpu_reserves {
	unsigned int target;
	struct rsv_cpu_reserve __percpu *cpus;
};

/**
 * struct rsv_cache - objects of one size. The fields that fast paths read come first
 * @fast_cpus: the CPUs' shares that the fast paths of alloc.c and free.c use: @cpus or, where the
 *	slow path must serve, rsv_cpu_disabled. The slow path must serve while @fast is false, for
 *	an engine that marks objects elsewhere than in them, and if each free clears its object
 *	(guarantee.lock; follows from @fast)
 * @secret: combined with the marks of free and cached objects: see mark.h (constant, as all down to
 *	@cpus)
 * @mask: the bits of an object's address that are its offset in the slab. A slab begins at a
 *	multiple of the smallest power of two that is not below its length
 * @inverse: the inverse of the odd part of @layout.stride, modulo the range of a word. It turns an
 *	offset into the number of a slot without a division: see rsv_slot_index()
 * @shift: the exponent of the power of two in @layout.stride, also for rsv_slot_index()
 * @fast_size: bytes of an object while @fast_cpus is @cpus, else 0 (as @fast_cpus)
 * @layout: how objects lie in a slab
 * @engine: how slabs keep track of their objects
 * @flags: RSV_ENGINE_* and so on
 * @ctor: the constructor or NULL
 * @region: the region that its slabs come from
 * @name: its full name (name.c), unique in the region, padded with NULs. rsv_cache_names finds the
 *	cache by @region and @name together
 * @id: its number; numbers grow in the order of creation
 * @cpus: the share of each CPU
 * @fast: whether magazines may serve requests: there are no checks, and no guaranteed object is
 *	missing (guarantee.lock)
 * @direct: whether the engine may serve users directly where no magazine serves: there are no
 *	checks, no guaranteed object is missing, and no free clears its object (guarantee.lock)
 * @carve_order: the numbers below RSV_BATCH in a random order, in which an engine may carve a batch
 *	(constant)
 * @none_mark: the mark of rsv_cpu.none (constant)
 * @magazine_size: rounds of the magazines that CPUs get from now on; grows with contention. Of an
 *	internal cache: rounds of the magazines that are its objects
 * @magazine_min_pages: pages that the region must have for magazines of this size (set with
 *	@magazine_size)
 * @magazine_cache: the internal cache that the magazines are objects of; NULL if the cache has no
 *	magazines (set with @magazine_size)
 * @alive: true from when the cache is complete until rsv_cache_destroy() (guarantee.lock; read
 *	without)
 * @missing: of an internal cache: a hint that a caller with interrupts off found no magazine
 * @failed: of an internal cache: the time in jiffies when there was no memory for a magazine (a
 *	hint, without a lock)
 * @guarantee: objects that only this cache can use
 * @reserves: objects that CPUs have for requests in any context; NULL if they never had any (set
 *	once, under rsv_cpu_reserve_mutex)
 * @name_node: its node in rsv_cache_names (the table's own locks)
 * @cpuhp: on the list of caches that flush a CPU that is dead (the kernel's hot-plug lock)
 * @list: on region->caches (region->caches_lock; read under RCU too), or in the quarantine
 * @ending: on a list of caches that are destroyed together (their destroyer's); or on that of one
 *	that is drained (region->cache_drain_lock); or on region->lost_caches (region->caches_lock)
 * @debugfs: its folder (from when the cache is created until it is destroyed)
 * @nr_leaving: slabs that left the cache and are not free yet (atomic)
 * @nr_rcu: objects in region->rcu_frees (atomic). Not exact if one of them was freed twice
 * @rcu: work that quarantines the cache, and all that ended with it, after a grace period (queued
 *	for the first of them, and again while slabs of any of them are leaving)
 * @nodes: by number of the node (constant)
 */
struct rsv_cache {
	struct rsv_cpu __percpu *fast_cpus;
	unsigned long secret;
	unsigned long mask;
	unsigned long inverse;
	unsigned int shift;
	unsigned int fast_size;
	struct rsv_layout layout;
	const struct rsv_engine *engine;
	unsigned int flags;
	void (*ctor)(void *object);
	struct rsv_region *region;
	char name[RSV_FULL_NAME_MAX];
	u32 id;
	struct rsv_cpu __percpu *cpus;

	bool fast;
	bool direct;
	u8 carve_order[RSV_BATCH];
	unsigned long none_mark;
	unsigned int magazine_size;
	unsigned long magazine_min_pages;
	struct rsv_cache *magazine_cache;
	bool alive;
	bool missing;
	unsigned long failed;
	struct rsv_guarantee guarantee;
	struct rsv_cpu_reserves *reserves;

	struct rhash_head name_node;
	struct hlist_node cpuhp;
	struct list_head list;
	struct list_head ending;
	struct dentry *debugfs;
	atomic_long_t nr_leaving;
	atomic_long_t nr_rcu;
	struct rcu_work rcu;
	struct rsv_cache_node *nodes[];
};

/**
 * struct rsv_sheaf - objects that a caller has set aside (the caller)
 * @cache: their cache (constant, as the next two)
 * @simple: an allocation has to look only at the mark, which lies in the object
 * @room: objects that it has room for
 * @nr: their number
 * @object: the objects, cached
 */
struct rsv_sheaf {
	struct rsv_cache *cache;
	bool simple;
	unsigned int room;
	unsigned int nr;
	void *object[];
};

/*
 * Bytes of a chunk, where structures of caches lie side by side. Enough for one of a machine with
 * 1024 nodes.
 */
#define RSV_CACHE_CHUNK_BYTES	16384

/* Structures that a chunk has room for at most */
#define RSV_CACHE_CHUNK_MAX	64

static_assert(sizeof(struct rsv_cache) + MAX_NUMNODES * sizeof(void *) <
	      RSV_CACHE_CHUNK_BYTES - 1024);

/**
 * struct rsv_cache_chunk - what is at the beginning of a chunk (rsv_cache_chunks_lock)
 * @list: on the list of chunks with room
 * @used: a bit for each structure
 */
struct rsv_cache_chunk {
	struct list_head list;
	DECLARE_BITMAP(used, RSV_CACHE_CHUNK_MAX);
};

/**
 * struct rsv_cache_hooks - the hooks of an upper layer for caches that come and go (constant; they
 *	may sleep, and run with no lock held)
 * @created: called when other tasks can find the cache
 * @destroyed: called before the cache is freed, while its name is still taken
 */
struct rsv_cache_hooks {
	void (*created)(struct rsv_cache *c);
	void (*destroyed)(struct rsv_cache *c);
};

/**
 * struct rsv_cache_figures - statistics of a cache, the sum over all nodes and CPUs
 * @active: used objects
 * @total: objects that its slabs have room for
 * @full: slabs whose objects are all used or cached
 * @partial: slabs with some objects used or cached, active slabs included
 * @empty: slabs whose objects are all free
 * @pages: pages of all slabs
 * @allocs: allocations
 * @frees: frees
 * @failures: requests that found no memory
 * @slabs_made: slabs taken from the buddy system
 * @slabs_given: slabs given back to it
 * @depot_full: full magazines in the depots
 * @depot_empty: empty magazines there
 * @exchanges: magazines that CPUs got there
 * @contended: times that a CPU waited for the lock of a depot
 * @rcu_waiting: used objects that are freed after a grace period
 * @percpu_target: objects that each CPU is to have for requests in any context
 * @percpu_objects: objects that CPUs have for them
 * @percpu_allocs: objects that were allocated from there
 * @percpu_refills: objects that came there
 */
struct rsv_cache_figures {
	u64 active;
	u64 total;
	u64 full;
	u64 partial;
	u64 empty;
	u64 pages;
	u64 allocs;
	u64 frees;
	u64 failures;
	u64 slabs_made;
	u64 slabs_given;
	u64 depot_full;
	u64 depot_empty;
	u64 exchanges;
	u64 contended;
	u64 rcu_waiting;
	u64 percpu_target;
	u64 percpu_objects;
	u64 percpu_allocs;
	u64 percpu_refills;
};

/*
 * Objects: engines
 */

/**
 * struct rsv_batch - objects that came from an engine (on the caller's stack)
 * @nr: how many
 * @raw: there is one object, and it was not constructed since its slab was created
 * @damaged: an address in a slab whose freelist was overwritten, or NULL
 * @lost: the number of objects that this slab lost with its freelist
 * @object: the objects, cached
 */
struct rsv_batch {
	unsigned int nr;
	bool raw;
	void *damaged;
	unsigned int lost;
	void *object[RSV_BATCH];
};

/**
 * struct rsv_visitor - a function that visits each used object of a cache (constant)
 * @visit: called with a raw lock held, so it takes constant time, and neither sleeps nor prints
 * @data: passed to it
 */
struct rsv_visitor {
	void (*visit)(struct rsv_cache *c, struct rsv_extent *e, void *object, void *data);
	void *data;
};

/**
 * struct rsv_engine - how slabs keep track of their objects (constant)
 * @name: its name in engine= and stats
 * @flag: RSV_ENGINE_*
 * @off_object: the engine marks cached objects elsewhere than in them, so fast paths do not serve
 * @heap: small objects are blocks of the region's heap, whose frames do not name their cache
 * @layout: completes a layout whose slot is known, with the objects and pages of a slab. Returns 0
 *	or -EINVAL
 * @alloc: adds up to @nr objects from slabs of a node to an empty batch. cpu is this CPU's share of
 *	a cache without magazines, entered; or NULL
 * @new_slab: allocates a slab, only of the node if gfp has __GFP_THISNODE. Then adds up to @nr
 *	objects to an empty batch: of this slab, or of another one that served first or became this
 *	CPU's active slab. The batch stays empty if others took all objects. Returns whether the
 *	region had memory for a slab
 * @free: makes a cached object free. e and f are the extent and the frame of the object. Returns
 *	RSV_OK, or the misuse if the object is not cached any more
 * @alloc_direct: where no magazine serves: makes a free object used in one step, and counts the
 *	allocation. cpu is this CPU's share of the cache. Returns NULL if that is not possible, and
 *	then nothing has changed but what was reported; the caller uses @alloc. NULL if the engine
 *	has no such step
 * @free_direct: the opposite. Returns false if that is not possible, or if the address is not that
 *	of a used object, and then nothing has changed; the caller uses @mark_cached and @free,
 *	which find out why
 * @mark_used: marks a cached object as used. Returns false if its mark does not say "cached"
 * @mark_cached: marks a used object as cached. Returns RSV_OK, or the misuse if the address is not
 *	that of a used object
 * @is_used: whether a used object begins at an address in one of the cache's slabs
 * @free_slab: frees a slab that left its cache, a grace period after that. If one of its objects is
 *	not free, the slab is reported instead, and its pages are lost
 * @object_at: where the object begins whose slot an address in one of the cache's slabs lies in,
 *	used or not. NULL if the address is in no slot. If the slab was freed meanwhile the answer
 *	may be any address
 * @drain: returns a CPU's active slab to its node. cpu is entered, or of a dead CPU. NULL if the
 *	engine has no active slabs
 * @shrink: frees memory that no object is in: all of it or, if @aged, only memory that was unused
 *	for an interval. Returns the number of slabs. Objects that readers under RCU may look at
 *	stay for a further call, after a grace period: see rsv_heap_waits()
 * @verify: checks the slab of an object that the caller owns, and reports any damage. Returns
 *	whether the slab is sound
 * @for_each: visits every used object. While other CPUs allocate and free it may miss some, and
 *	visit some that were just freed
 *
 * @alloc, @free, @free_slab, @mark_used, @mark_cached, @is_used and @object_at: any context but
 * NMI. @mark_used and @mark_cached, for an object in a slab, with preemption disabled from the look
 * at the object's frame or magazine on: see leaving.c. @alloc_direct, @free_direct: any context,
 * with preemption disabled from the look at rsv_cache.direct on; in an NMI they refuse. @new_slab:
 * any but NMI, may sleep if gfp allows it. The others: as rsv_cache_shrink().
 */
struct rsv_engine {
	const char *name;
	unsigned int flag;
	bool off_object;
	bool heap;
	int (*layout)(struct rsv_layout *l);
	void (*alloc)(struct rsv_cache *c, struct rsv_cpu *cpu, int nid, unsigned int nr,
		      struct rsv_batch *batch);
	bool (*new_slab)(struct rsv_cache *c, gfp_t gfp, int nid, unsigned int nr,
			 struct rsv_batch *batch);
	enum rsv_misuse (*free)(struct rsv_cache *c, struct rsv_cpu *cpu, struct rsv_extent *e,
				struct rsv_frame *f, void *object);
	void *(*alloc_direct)(struct rsv_cache *c, struct rsv_cpu *cpu);
	bool (*free_direct)(struct rsv_cache *c, struct rsv_cpu *cpu, void *object);
	bool (*mark_used)(struct rsv_cache *c, void *object);
	enum rsv_misuse (*mark_cached)(struct rsv_cache *c, struct rsv_extent *e,
				       struct rsv_frame *f, void *object);
	bool (*is_used)(const struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *f,
			const void *object);
	void (*free_slab)(struct rsv_cache *c, struct rsv_frame *slab);
	const void *(*object_at)(const struct rsv_cache *c, struct rsv_extent *e,
				 struct rsv_frame *f, const void *p);
	void (*drain)(struct rsv_cache *c, struct rsv_cpu *cpu);
	unsigned int (*shrink)(struct rsv_cache *c, bool aged);
	bool (*verify)(struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *f);
	void (*for_each)(struct rsv_cache *c, const struct rsv_visitor *visitor);
};

/*
 * Objects: the heap of the engine SLOB
 */

/* The SLOB unit, as in mm/slob.c: offsets and lengths of blocks are multiples of it. */
#define RSV_SLOB_UNIT	8U

/* Pages of a slob page: 16 KB, or one page if a page is larger */
#define RSV_HEAP_PAGES	(1U << (PAGE_SHIFT < 14 ? 14 - PAGE_SHIFT : 0))

#define RSV_SLOB_PAGE_BYTES	(RSV_HEAP_PAGES * (unsigned int)PAGE_SIZE)

/* The bitmaps at the beginning of a slob page. Each has a bit for each unit of the slob page. */
enum rsv_slob_bitmap {
	RSV_SLOB_USED,		/* the unit is in a used block, or before the first block */
	RSV_SLOB_START,		/* of a used unit: a block begins here. Of a free one: it has a
				 * check value
				 */
	RSV_SLOB_OWNER,		/* number of the block's owner, in the first bits of the block */
	RSV_SLOB_BITMAPS
};

/* Caches that can have used blocks in one slob page at one time */
#define RSV_SLOB_OWNER_BITS	5U
#define RSV_SLOB_OWNERS		32U

/**
 * struct rsv_slob_owners - the caches that have used blocks in a slob page, behind its bitmaps
 *	(rsv_heap_node.lock)
 * @cache: number of the cache (rsv_cache.id)
 * @blocks: its used blocks; 0 if the entry is free
 */
struct rsv_slob_owners {
	u32 cache[RSV_SLOB_OWNERS];
	u16 blocks[RSV_SLOB_OWNERS];
};

static_assert(sizeof(struct rsv_slob_owners) % RSV_SLOB_UNIT == 0);
static_assert(RSV_SLOB_OWNERS == 1 << RSV_SLOB_OWNER_BITS);

/* The list that a slob page is on: that for blocks of some size if it has used and free blocks */
enum rsv_slob_list {
	RSV_SLOB_LIST_256,			/* for blocks of less than 256 bytes */
	RSV_SLOB_LIST_1024,
	RSV_SLOB_LIST_PAGE,
	RSV_SLOB_LIST_FULL,
	RSV_SLOB_LIST_EMPTY,
	RSV_SLOB_LISTS,
	RSV_SLOB_LIST_NONE = RSV_SLOB_LISTS	/* on no list: being added to the heap or freed */
};

/**
 * union rsv_slob_word - the state of a slob page (rsv_heap_node.lock)
 * @free_units: units in free blocks
 * @too_long: a search found no free block of so many units, and none was freed since; 0 if that is
 *	not known
 * @list: enum rsv_slob_list
 * @more: pages beyond the first (constant)
 * @word: all fields
 */
union rsv_slob_word {
	struct {
		u32 free_units : 14;
		u32 too_long : 13;
		u32 list : 3;
		u32 more : 2;
	};
	u32 word;
};

static_assert(RSV_SLOB_PAGE_BYTES / RSV_SLOB_UNIT <= 1 << 13 && RSV_HEAP_PAGES <= 1 << 2);

/**
 * struct rsv_slob_page_list - slob pages of one node (rsv_heap_node.lock)
 * @pages: first frames of the slob pages, by rsv_frame.link
 * @nr: their number
 */
struct rsv_slob_page_list {
	struct list_head pages;
	unsigned long nr;
};

/**
 * struct rsv_heap_node - the slob pages whose memory is of one node
 * @lock: guards all fields, the frames, bitmaps and owners of the slob pages, and the memory of
 *	their free blocks. Also SLOB's freelists of the node (rsv_cache_node.freelist). Raw,
 *	interrupts off; no other lock is taken under it
 * @lists: the slob pages, by enum rsv_slob_list
 * @pages: their pages
 * @units: their units that blocks can have
 * @free_units: units in their free blocks
 * @lost: units of blocks that no cache can allocate any more, since they were written to while they
 *	were free. These blocks look used
 */
struct rsv_heap_node {
	raw_spinlock_t lock;	/* see above */
	struct rsv_slob_page_list lists[RSV_SLOB_LISTS];
	unsigned long pages;
	unsigned long units;
	unsigned long free_units;
	unsigned long lost;
};

/**
 * struct rsv_heap - the heap of a region
 * @region: the region (constant)
 * @secret: combined with the check values of free blocks (constant)
 * @nodes: by number of the node
 */
struct rsv_heap {
	struct rsv_region *region;
	u64 secret;
	struct rsv_heap_node nodes[];
};

/**
 * struct rsv_heap_figures - statistics of the heap of a region
 * @slob_pages: slob pages
 * @pages: their pages
 * @free_bytes: bytes of their free blocks
 */
struct rsv_heap_figures {
	u64 slob_pages;
	u64 pages;
	u64 free_bytes;
};

/**
 * struct rsv_slob_page - a slob page while a function works on it (on the caller's stack)
 * @heap: its heap
 * @node: its node of the heap
 * @frame: frame of its first page
 * @base: address of its first page, where the bitmaps are
 * @first: the first unit behind bitmaps and owners, where the first block begins
 * @end: its length in units
 */
struct rsv_slob_page {
	const struct rsv_heap *heap;
	struct rsv_heap_node *node;
	struct rsv_frame *frame;
	void *base;
	unsigned int first;
	unsigned int end;
};

/**
 * struct rsv_slob_block - a used block of a slob page, in units (on the caller's stack)
 * @at: where it begins
 * @size: its length
 * @owner: number of its owner in the slob page
 */
struct rsv_slob_block {
	unsigned int at;
	unsigned int size;
	unsigned int owner;
};

/* Objects: their owners, and the bytes around them */

enum rsv_event {
	RSV_ALLOCATED,
	RSV_FREED,
	RSV_EVENTS
};

/**
 * struct rsv_track - the record of an allocation or a free (the owner of the object writes it;
 *	other readers check @sum)
 * @caller: address of the calling code; 0 if there was no such event yet
 * @when: the time in jiffies
 * @stack: the stack, for rsv_stack_fetch(); 0 if it could not be saved
 * @pid: the process
 * @cpu: the CPU; kernels know at most 8192
 * @cache: while the object is used, a number that tells its cache from most others; else 0
 * @sum: checksum of all fields. An overflow of the object may reach the record, and a reader may
 *	come while the owner writes it
 *
 * A record that has only zeroes is sound.
 */
struct rsv_track {
	unsigned long caller;
	unsigned long when;
	u32 stack;
	s32 pid;
	u16 cpu;
	u16 cache;
	u32 sum;
};

/* Bytes of both records of an object */
#define RSV_TRACK_BYTES	(RSV_EVENTS * (unsigned int)sizeof(struct rsv_track))

static_assert(RSV_TRACK_BYTES % RSV_MARK_BYTES == 0);

/**
 * struct rsv_part - bytes of a slot that have a known value
 * @name: its name in reports
 * @misuse: the misuse that a write to it is
 * @from: its offset in bytes from the object
 * @bytes: its length
 * @value: the value of each byte
 */
struct rsv_part {
	const char *name;
	enum rsv_misuse misuse;
	int from;
	unsigned int bytes;
	u8 value;
};

/*
 * Objects: size classes
 */

#define RSV_CLASSES_MAX		80

/* Up to this size every request has a class, which the fast path finds in one step. */
#define RSV_KMALLOC_MAX		8192U

/* The sizes of classes are multiples of a step. Tables have an entry for each step. */
#define RSV_CLASS_STEP		8U
#define RSV_CLASS_STEPS		(RSV_KMALLOC_MAX / RSV_CLASS_STEP)

/*
 * Between RSV_KMALLOC_MAX and this size a request has a class unless a block of pages serves it:
 * objects/size_class.c
 */
#define RSV_CLASSES_END		32768U
#define RSV_LARGE_STEP		(RSV_KMALLOC_MAX / 8)
#define RSV_LARGE_STEPS		((RSV_CLASSES_END - RSV_KMALLOC_MAX) / RSV_LARGE_STEP)

/* Stands for a class where whole pages serve the request. */
#define RSV_CLASS_NONE		0xffU

/**
 * struct rsv_classes - a choice of size classes (constant once the module is loaded)
 * @name: its name in classes=
 * @nr: number of classes
 * @size: the size of each class, the smallest first
 * @of: the class of each request up to RSV_KMALLOC_MAX, by rsv_class_step()
 * @large: the class of each larger request up to RSV_CLASSES_END, in steps of RSV_LARGE_STEP; or
 *	RSV_CLASS_NONE
 */
struct rsv_classes {
	const char *name;
	unsigned int nr;
	u16 size[RSV_CLASSES_MAX];
	u8 of[RSV_CLASS_STEPS];
	u8 large[RSV_LARGE_STEPS];
};

/**
 * struct rsv_dma_rule - which memory of kmalloc() the DMA API takes to have cache lines of its own
 *	(constant)
 * @min: ARCH_DMA_MINALIGN: memory of twice that many bytes is taken to be aligned
 * @line: dma_get_cache_alignment(): bytes of a cache line where devices are not coherent, else 1
 * @kernel_class: kmalloc_size_roundup(): smaller memory is taken to be aligned if the size of its
 *	class in the kernel is a multiple of @line
 */
struct rsv_dma_rule {
	unsigned int min;
	unsigned int line;
	size_t (*kernel_class)(size_t bytes);
};

/*
 * Regions
 */

#define RSV_DEFAULT_REGION	"default"

/**
 * struct rsv_leaving - slabs that left their caches and wait for a grace period: see leaving.c
 * @lock: guards the fields down to @last. Raw, interrupts off; no other lock is taken under it
 * @arrived: the slabs whose grace period has not begun, a stack by rsv_frame.next_leaving
 * @waiting: the slabs whose grace period has begun
 * @ended: the slabs whose grace period has ended
 * @grace: the state by which RCU tells whether the grace period of @waiting has ended
 * @last: the same of the slab that arrived last, and so of all slabs
 * @nr_pages: pages of all these slabs, and of those that a caller is just freeing
 * @mutex: held by a task that frees such slabs; may sleep
 * @work: frees such slabs after a grace period (queued by the first one that arrives, and by
 *	itself)
 */
struct rsv_leaving {
	raw_spinlock_t lock;	/* see above */
	struct rsv_frame *__data_racy arrived;
	struct rsv_frame *__data_racy waiting;
	struct rsv_frame *__data_racy ended;
	unsigned long grace;
	struct rcu_gp_oldstate last;
	atomic_long_t nr_pages;
	struct mutex mutex;	/* see above */
	struct rcu_work work;
};

/**
 * struct rsv_rcu_stack - objects to be freed (rsv_rcu_frees.lock)
 * @magazines: full and partial magazines of such objects, by next
 * @heads: the rcu_head of each other one, by next; func has the cookie of the object: rcu_frees.h
 * @nr_heads: how many they are, as they came
 */
struct rsv_rcu_stack {
	struct rsv_magazine *__data_racy magazines;
	struct rcu_head *__data_racy heads;
	unsigned long nr_heads;
};

/**
 * struct rsv_rcu_frees - objects and pages that are freed after a grace period: see rcu_frees.c
 * @lock: guards the fields down to @last. Raw, interrupts off; no other lock is taken under it
 * @arrived: those whose grace period has not begun
 * @waiting: those whose grace period has begun
 * @ended: those whose grace period has ended
 * @grace: the state by which RCU tells whether the grace period of @waiting has ended
 * @last: the same state for the last one that arrived, and so for all of them
 * @nr: all of them, and those that a caller is just freeing (atomic)
 * @collecting: magazines in which CPUs collect such objects (atomic)
 * @takers: 1 while a caller that may not sleep frees some, under rcu_read_lock() (atomic)
 * @mutex: held by a task that frees them; may sleep
 * @work: frees them after a grace period (queued by the first one that arrives, and by itself)
 */
struct rsv_rcu_frees {
	raw_spinlock_t lock;	/* see above */
	struct rsv_rcu_stack arrived;
	struct rsv_rcu_stack waiting;
	struct rsv_rcu_stack ended;
	struct rcu_gp_oldstate grace;
	struct rcu_gp_oldstate last;
	atomic_long_t nr;
	atomic_t collecting;
	atomic_t takers;
	struct mutex mutex;	/* see above */
	struct rcu_work work;
};

/**
 * struct rsv_pool - what programs hold of a region, or as scratch regions (rsv_quota_lock)
 * @nr_pages: pages that all programs hold
 */
struct rsv_pool {
	unsigned long nr_pages;
};

/* The bit of rsv_backoff.state by which a request has its turn */
#define RSV_BACKOFF_TURN	0

/* The bits of rsv_backoff.drained; those above are the number of the drain that stored its last */
#define RSV_BACKOFF_DRAINING	1	/* nothing was cached since that drain stored its number */
#define RSV_BACKOFF_DRAINED	2	/* and that drain has ended */
#define RSV_BACKOFF_NUMBER	4	/* the lowest bit of the number */

/**
 * struct rsv_backoff - requests that drained in vain (pages/backoff.c)
 * @state: RSV_BACKOFF_TURN (atomic)
 * @begun: drains of such requests that have begun (written by the request whose turn it is, as the
 *	next)
 * @ended: those that have ended
 * @wait: requests that wait for their turn, or for the end of a drain
 * @until: the time in jiffies up to which requests take turns (a hint, without a lock)
 * @nr_pages: those for at least as many pages (a hint, without a lock)
 * @drained: RSV_BACKOFF_DRAINED is set if nothing that a drain could get back is cached; 0 if
 *	anything may be (atomic, in the order that backoff.c demands)
 * @drains: the last number that a drain got, in steps of RSV_BACKOFF_NUMBER (atomic)
 */
struct rsv_backoff {
	unsigned long state;
	unsigned int begun;
	unsigned int ended;
	wait_queue_head_t wait;
	unsigned long until;
	unsigned long nr_pages;
	atomic_t drained;
	atomic_t drains;
};

/**
 * struct rsv_region - everything that one reservation owns
 * @name: its full name: see name.c (constant)
 * @shape_lock: guards changes of the fields down to @percpu; may sleep. Allocations, frees and
 *	queries read them without it, and walk over the extents under RCU (pages/walk.h)
 * @extents: its extents by number
 * @nr_extents: the extents have numbers below this; some of these numbers may be unused
 * @zones: its zones by rsv_zone_slot(); NULL for a zone without memory. A zone is never removed
 * @nearest: for each node, the first zone for requests without a zone bit; never NULL
 * @nr_pages: pages that it has now
 * @span: pages of all extents and of the gaps that freed extents left, laid end to end
 * @metadata: bytes of the system's memory that manage the region's pages
 * @percpu: further such bytes for each CPU
 * @drain_lock: lets one caller at a time drain all CPUs
 * @cache_drain_lock: lets one caller at a time drain all CPUs of some caches
 * @drains: for each CPU, the work that drains it (these two locks)
 * @cpuhp: on the list of regions whose per-CPU lists are flushed when a CPU goes off-line (the
 *	kernel's hot-plug lock)
 * @drain_work: drains the region in the background when a zone runs low (queued by any request)
 * @drained_at: the time in jiffies when @drain_work last began (a hint, without a lock)
 * @backoff: which requests take turns to drain, because drains do not help
 * @waiting: pages that others still refer to, and bad ones
 * @lending: the memory that it lends to the system
 * @classes: its size classes (constant once the region is created, as the next four)
 * @kmalloc: the caches behind rsv_kmalloc(), by class
 * @class: a copy of classes->of, which saves the fast path one load
 * @magazine_caches: the internal caches whose objects are magazines and bufctls, by size
 * @heap: the heap of the engine SLOB
 * @leaving: the slabs that left its caches
 * @rcu_frees: what is freed after a grace period (a lock of its own)
 * @reap_work: returns unused magazines and slabs of its caches from time to time (queues itself)
 * @caches_lock: guards changes of @caches, @caches_by_id and @nr_caches; may sleep. Queries read
 *	them under RCU
 * @caches: all caches, in the order of creation
 * @caches_by_id: the same caches by number, so that a search for the next one is no walk
 * @nr_caches: their number
 * @lost_caches: destroyed caches with lost objects. The frames of their slabs point to them, so
 *	they stay as long as the region (caches_lock)
 * @ending: on a list of regions that end together (their destroyer's)
 * @list: on the list of regions (rsv_regions_lock, as the next three)
 * @id: its number; later regions have larger ones, until the numbers begin again
 * @users: handles by which descriptors have it open (RSV_IOC_REGION_OPEN)
 * @changing: a task creates it, or tries to destroy it
 * @origin: who created it, RSV_REGION_* (constant)
 * @programs: what programs hold of it (interface/quota.c)
 * @debugfs: its folder (set by rsv_region_hooks.created, for interface/debugfs.c alone, as the
 *	next)
 * @debugfs_caches: the folder of its caches
 * @extents_used: extents that it has now (shape_lock; read without it)
 * @numbers: their numbers (shape_lock)
 * @offsets: for each offset the number of the extent that has it: see extent_table.c (shape_lock;
 *	read under RCU)
 * @removed: extents all of whose pages are holes, which wait for @remove_work
 * @remove_work: frees them, after grace periods (queued under shape_lock)
 */
struct rsv_region {
	char name[RSV_FULL_NAME_MAX];

	struct mutex shape_lock;	/* see above */
	struct rsv_extents *extents;
	unsigned int nr_extents;
	struct rsv_zone **zones;
	struct rsv_zone **nearest;
	unsigned long nr_pages;
	unsigned long span;
	size_t __data_racy metadata;
	size_t __data_racy percpu;

	struct mutex drain_lock;	/* see above */
	struct mutex cache_drain_lock;	/* see above */
	struct rsv_drain_work __percpu *drains;
	struct hlist_node cpuhp;
	struct work_struct drain_work;
	unsigned long drained_at;
	struct rsv_backoff backoff;
	struct rsv_lending lending;
	struct rsv_waiting waiting;

	const struct rsv_classes *classes;
	struct rsv_cache *kmalloc[RSV_CLASSES_MAX];
	u8 class[RSV_CLASS_STEPS];
	struct rsv_cache *magazine_caches[RSV_MAGAZINE_SIZES];
	struct rsv_heap *heap;
	struct rsv_leaving leaving;
	struct rsv_rcu_frees rcu_frees;
	struct delayed_work reap_work;
	struct mutex caches_lock;	/* see above */
	struct list_head caches;
	struct xarray caches_by_id;
	unsigned int nr_caches;
	struct list_head lost_caches;

	struct list_head ending;
	struct list_head list;
	u32 id;
	unsigned int users;
	bool changing;
	unsigned int origin;
	struct rsv_pool programs;
	struct dentry *debugfs;
	struct dentry *debugfs_caches;

	unsigned int extents_used;
	struct ida numbers;
	struct maple_tree offsets;
	struct llist_head removed;
	struct work_struct remove_work;
};

/**
 * struct rsv_region_hooks - the hooks of an upper layer for regions that come and go (constant;
 *	they may sleep, and run with no lock held)
 * @created: called when the region has its memory and its heap, but no cache yet
 * @destroyed: called when the region has no cache any more, but still its heap and its memory
 */
struct rsv_region_hooks {
	void (*created)(struct rsv_region *r);
	void (*destroyed)(struct rsv_region *r);
};

/*
 * Interface: a descriptor and its handles
 */

/**
 * struct rsv_account - what the programs of one user hold of a pool (rsv_quota_lock)
 * @node: in the table of accounts
 * @pool: the pool (constant)
 * @uid: the user (constant)
 * @nr_pages: the pages
 * @nr_charges: the charges that refer to it
 */
struct rsv_account {
	struct hlist_node node;
	struct rsv_pool *pool;
	kuid_t uid;
	unsigned long nr_pages;
	unsigned long nr_charges;
};

/**
 * struct rsv_charge - what a handle holds of a pool
 * @account: whose; NULL for memory that is not charged (constant)
 * @nr_pages: how many pages (changes under rsv_quota_lock, and by the handle's owner only)
 * @refusal: why it could not become more last time, RSV_REFUSED_*; 0 if it always could (the
 *	handle's owner)
 */
struct rsv_charge {
	struct rsv_account *account;
	unsigned long nr_pages;
	u32 refusal;
};

/**
 * struct rsv_handle_kind - a kind of handle; its address is the type tag (constant)
 * @release: frees what the handle owns and the handle, then drops the reference to its parent. Runs
 *	when the last reference is dropped; may sleep
 */
struct rsv_handle_kind {
	void (*release)(struct rsv_handle *h);
};

/**
 * struct rsv_handle - the first member of every kind of handle
 * @ref: references: the descriptor's, one of each child, one of each file of a buffer, and its own
 *	of a binding that was left
 * @kind: its kind (constant)
 * @parent: the handle that this one depends on, and has a reference to: of a cache or a buffer its
 *	region, of an object its cache, of a binding its buffer. NULL for a cache or a buffer in the
 *	default region, and for a region (constant)
 */
struct rsv_handle {
	struct kref ref;
	const struct rsv_handle_kind *kind;
	struct rsv_handle *parent;
};

/**
 * struct rsv_region_handle - a scratch region that a program created, or a region that it opened
 * @handle: the handle
 * @region: the region; NULL from when a scratch region ends with its descriptor
 * @charge: the pages of a scratch region
 */
struct rsv_region_handle {
	struct rsv_handle handle;
	struct rsv_region *region;
	struct rsv_charge charge;
};

/**
 * struct rsv_cache_handle - a cache that a program created
 * @handle: the handle
 * @cache: the cache; NULL from when it ends with its descriptor
 * @charge: the pages of its slabs
 */
struct rsv_cache_handle {
	struct rsv_handle handle;
	struct rsv_cache *cache;
	struct rsv_charge charge;
};

/**
 * struct rsv_object_handle - an object that a program allocated
 * @handle: the handle
 * @cache: the object's cache (constant)
 * @object: the object (constant)
 * @by_rcu: the object is freed after a grace period (rsv_file.lock)
 */
struct rsv_object_handle {
	struct rsv_handle handle;
	struct rsv_cache *cache;
	void *object;
	bool by_rcu;
};

/**
 * struct rsv_buffer - pages that a program allocated: one block, or scattered ones
 * @handle: the handle
 * @page: first page of the block; NULL for scattered pages (constant)
 * @pages: the scattered pages in the order of their offsets; NULL for a block (constant)
 * @nr_pages: number of its pages (constant)
 * @exact: the block has the requested number of pages, not a power of two (constant)
 * @inode: what its files and its mapped pages refer to; NULL before the first file (set once, by
 *	compare-and-exchange)
 * @charge: its pages
 * @offset: the page offset that mmap() finds it by (rsv_file.lock; constant once the
 *	buffer is in the tree)
 * @node: its node in the tree of offsets; empty while it has no offset (as @offset)
 */
struct rsv_buffer {
	struct rsv_handle handle;
	struct page *page;
	struct page **pages;
	unsigned long nr_pages;
	bool exact;
	struct inode *inode;
	struct rsv_charge charge;
	unsigned long offset;
	struct rb_node node;
};

/**
 * struct rsv_bound_device - a device that has bindings (rsv_bind_lock)
 * @link: on the list of such devices
 * @dev: the device; referenced (constant)
 * @bindings: the bindings that have not ended, at least one
 * @master: the descriptor that has bindings with RSV_BIND_MASTER; NULL if none has. It is only
 *	compared: a descriptor that is closed clears it. While it is set, the device has no driver
 * @nr_masters: the bindings with RSV_BIND_MASTER
 * @bits: the bits of the DMA mask that a program set; 0 if the mask is as it was
 * @mask: the mask as it was; valid if @bits is not 0
 *
 * A binding gives the device the right to use memory. The memory goes back when the device is
 * *quiet*, that is, when somebody answers for it that it does no more DMA to this memory:
 *
 *	the program		by RSV_IOC_FREE, for one binding
 *	Reservoir		for a device that it made a bus master: once it has cleared that
 *				bit, and has read it back, the device can send no request, and all
 *				its writes have arrived
 *	the device's state	a PCI device without a driver, whose bus master bit is clear
 *	the driver		once its remove() has returned
 *	who removes the device	for a PCI device without a driver Reservoir clears the bus master
 *				bit first
 *	the next program	by RSV_IOC_DEVICE_QUIET, for what programs left that ended
 *
 * Nobody answers for a device when a program is killed that had it bound in any other way: a
 * driver, or whatever else drives the device, knows nothing of that. So its memory is not given
 * back: the binding is *left*.
 *
 *	event			bindings with RSV_BIND_MASTER	all others
 *	RSV_IOC_FREE		ends; with the last one the	ends
 *				bus master bit is cleared
 *	descriptor closed	bit cleared, all end		quiet device: ends; else it is left
 *	driver binds		bit cleared, all end		stay; the driver sets the mask
 *	driver unbinds		bit cleared, all end		all end
 *	device removed		bit cleared, all end		all end
 *	RSV_IOC_DEVICE_QUIET	stay				the left ones end
 *
 * While a device has a driver it has no bindings with RSV_BIND_MASTER, but one can begin after the
 * driver is gone and before the notifier hears of it.
 *
 * A device that is no bus master may still have orders, and follows them once it is one again. So
 * the next program stops or resets it before its first binding with RSV_BIND_MASTER.
 */
struct rsv_bound_device {
	struct list_head link;
	struct device *dev;
	struct list_head bindings;
	const struct rsv_file *master;
	unsigned int nr_masters;
	u32 bits;
	u64 mask;
};

/**
 * struct rsv_binding - a buffer that a device may use
 * @handle: the handle; its parent is the buffer
 * @device: the device; NULL once the binding ended (rsv_bind_lock)
 * @link: on device->bindings (rsv_bind_lock)
 * @dma: the address of the buffer's first byte for the device (constant, as all down to @sg)
 * @pages: the address of each page of a scattered buffer; NULL for a block
 * @sg: the mapping of a scattered buffer
 * @master: it has RSV_BIND_MASTER (constant)
 * @left: its descriptor was closed while the device was not quiet. The binding then has a reference
 *	to itself and one to the module until it ends (rsv_bind_lock)
 * @ended: on the list of left bindings that ended, whose references a work item drops
 */
struct rsv_binding {
	struct rsv_handle handle;
	struct rsv_bound_device *device;
	struct list_head link;
	dma_addr_t dma;
	dma_addr_t *pages;
	struct sg_table sg;
	bool master;
	bool left;
	struct llist_node ended;
};

/**
 * struct rsv_mmap_offsets - the ranges of page offsets by which mmap() finds a descriptor's buffers
 * @lock: guards @root against mmap(). A caller that changes the tree also holds rsv_file.lock
 * @root: the buffers that have a range, by offset; no two ranges overlap
 * @next: where the search for a free range begins (rsv_file.lock)
 */
struct rsv_mmap_offsets {
	spinlock_t lock;	/* see above */
	struct rb_root root;
	unsigned long next;
};

/* The argument of an ioctl and its answer. All structures begin with their size and flags. */
union rsv_ioctl_arg {
	struct {
		u32 size;
		u32 flags;
	} head;
	struct rsv_ioc_info info;
	struct rsv_ioc_zone zone;
	struct rsv_ioc_extent extent;
	struct rsv_ioc_cache cache;
	struct rsv_ioc_map map;
	struct rsv_ioc_region_next region_next;
	struct rsv_ioc_region_open region_open;
	struct rsv_ioc_region_create region_create;
	struct rsv_ioc_buffer_alloc buffer_alloc;
	struct rsv_ioc_cache_create cache_create;
	struct rsv_ioc_cache_shrink cache_shrink;
	struct rsv_ioc_object_alloc object_alloc;
	struct rsv_ioc_object_io object_io;
	struct rsv_ioc_free free;
	struct rsv_ioc_region_make region_make;
	struct rsv_ioc_region_end region_end;
	struct rsv_ioc_region_grow region_grow;
	struct rsv_ioc_region_shrink region_shrink;
	struct rsv_ioc_scattered_alloc scattered_alloc;
	struct rsv_ioc_rcu_barrier rcu_barrier;
	struct rsv_ioc_buffer_fd buffer_fd;
	struct rsv_ioc_bind bind;
	struct rsv_ioc_sync sync;
	struct rsv_ioc_dma_address dma_address;
	struct rsv_ioc_physical physical;
	struct rsv_ioc_device_quiet device_quiet;
};

/**
 * struct rsv_file - an open descriptor of /dev/reservoir
 * @lock: every ioctl holds it from start to end; guards all fields below but @offsets.root
 * @handles: struct rsv_handle by the number that the program knows
 * @offsets: where mmap() finds its buffers
 * @nr_caches: number of its caches
 * @nr_bindings: number of its bindings
 * @new_number: number of the handle that the current ioctl created, or 0
 * @new_file: file that the current ioctl created for a descriptor, or NULL
 * @arg: argument of the current ioctl, too large for a stack
 */
struct rsv_file {
	struct mutex lock;	/* see above */
	struct xarray handles;
	struct rsv_mmap_offsets offsets;
	unsigned int nr_caches;
	unsigned int nr_bindings;
	u32 new_number;
	struct file *new_file;
	union rsv_ioctl_arg arg;
};

/**
 * struct rsv_ioctl - an ioctl (constant)
 * @run: what it does, under the descriptor's lock; returns 0 or an error number
 * @first_size: bytes of its structure in the first version of the interface: the least that a
 *	program may pass
 * @size: bytes of its structure now
 * @answers: the structure is copied back to the program
 * @flags: the flags that it accepts
 * @refusal: offset of the field that tells why it failed, which the program gets in that case;
 *	0 if its structure has none
 */
struct rsv_ioctl {
	int (*run)(struct rsv_file *f, union rsv_ioctl_arg *arg);
	size_t first_size;
	size_t size;
	bool answers;
	u32 flags;
	size_t refusal;
};

/**
 * struct rsv_slab_figures - statistics of one slab, for debugfs
 * @page: its first page, counted over the region's extents laid end to end
 * @pages: its pages
 * @objects: objects that fit in it
 * @out: objects that are not free for other CPUs: used, cached, or on the freelist of an active
 *	slab's CPU
 * @carved: objects that were allocated at least once, or are on the freelist
 * @list: the list that it is on, such as "empty"
 */
struct rsv_slab_figures {
	unsigned long page;
	unsigned int pages;
	unsigned int objects;
	unsigned int out;
	unsigned int carved;
	const char *list;
};

#endif /* RSV_TYPES_H */
