/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Caches: objects of one size, and what every part of this wing knows of them. A request passes the
 * CPU's magazines (magazine.h), the depot of the node (depot.c) and the engine (engine.h), and each
 * asks the next one only for what it does not have.
 */
#ifndef RSV_OBJECTS_CACHE_H
#define RSV_OBJECTS_CACHE_H

#include <linux/bitops.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/reservoir.h>
#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "pages/extent.h"
#include "report.h"

struct dentry;
struct rsv_engine;
struct rsv_magazine;
struct rsv_taken;

/* The largest object; what is larger is better served by pages. */
#define RSV_CACHE_SIZE_MAX	(32U * PAGE_SIZE)

/* What marks a free object (link.h) takes so many bytes on every machine, at a multiple of them. */
#define RSV_LINK_BYTES		8U

/* The most pages of a slab that any region may have, unless one object needs more */
#define RSV_SLAB_PAGES_MOST	8U

/* Sizes that magazines can have */
#define RSV_MAGAZINE_SIZES	6

/* Objects that pass between a magazine and an engine at once: what a raw lock is held for */
#define RSV_BATCH		16U

/* Flags of caches that only the module itself gives: see RSV_HWCACHE_ALIGN and the others */
#define RSV_CACHE_OWN		0x80000000U	/* serves others: nothing before its engine */
#define RSV_CACHE_VERIFY	0x40000000U	/* debug=F: the slab is looked through each time */
#define RSV_CACHE_KMALLOC	0x10000000U	/* a size class: what is asked for may be less */
#define RSV_CACHE_TRACE		0x20000000U	/* debug=T: each allocation and free is logged */
#define RSV_CACHE_FEW_PAGES	0x08000000U	/* its slabs are small, and waste some */

/* What a user of the interface may ask for */
#define RSV_CACHE_FLAGS		(RSV_HWCACHE_ALIGN | RSV_NO_MAGAZINE | RSV_ENGINES | \
				 RSV_RED_ZONE | RSV_POISON | RSV_STORE_USER)

#define RSV_ENGINES		(RSV_ENGINE_SLAB | RSV_ENGINE_SLUB | RSV_ENGINE_SLOB)
#define RSV_CHECKS		(RSV_RED_ZONE | RSV_POISON | RSV_STORE_USER | RSV_CACHE_VERIFY | \
				 RSV_CACHE_TRACE)

/**
 * struct rsv_layout - how objects lie in a slab (never changes)
 * @object_size: bytes that the caller may use
 * @align: alignment of every object in bytes
 * @stride: bytes from one object to the next: its slot
 * @before: bytes of a slot before its object: the left red zone
 * @red: bytes behind it that are the right red zone
 * @link: where the word stands that marks a free object and links it with others, with its seal if
 *	it has one, in bytes from the object; beyond what the caller may use unless a free object
 *	may be written to
 * @track: where its two struct rsv_track stand, from the object; 0: there are none
 * @asked: where the bytes that were asked for stand, from the object; 0: nowhere
 * @book: bytes at a slab's beginning that the engine SLAB keeps its bookkeeping in; 0: elsewhere,
 *	or it has another engine
 * @colours: beginnings that slabs of the engine SLAB take turns with
 * @colour: bytes from one of them to the next
 * @pages: pages of a slab
 * @objects: objects of a slab
 * @small_pages: pages of the slab that is taken where @pages in one piece cannot be had: enough for
 *	one object
 * @small_objects: objects of such a slab
 * @few_pages: slabs shall have few pages rather than waste little
 */
struct rsv_layout {
	unsigned int object_size;
	unsigned int align;
	unsigned int stride;
	unsigned int before;
	unsigned int link;
	unsigned int red;
	unsigned int track;
	unsigned int asked;
	unsigned int book;
	unsigned int colours;
	unsigned int colour;
	unsigned int pages;
	unsigned int objects;
	unsigned int small_pages;
	unsigned int small_objects;
	bool few_pages;
};

/* How full a slab is. Fuller ones serve first, so that the others become empty. */
enum rsv_fill {
	RSV_EMPTY,
	RSV_PARTIAL,			/* up to a quarter in use; then up to a half, and so on */
	RSV_PARTIAL_LAST = RSV_PARTIAL + 3,
	RSV_FULL,
	RSV_FILLS
};

struct rsv_slab_list {
	struct list_head slabs;		/* frames of the slabs' first pages, by link */
	unsigned long nr;
};

/**
 * struct rsv_depot_stack - magazines of a depot, all full or all empty (rsv_depot->lock)
 * @top: the first to be taken, then by next (whether there is one is looked at without the lock)
 * @nr: their number
 * @idle: the least that @nr was since the depot was last aged
 */
struct rsv_depot_stack {
	struct rsv_magazine *top;
	unsigned int nr;
	unsigned int idle;
};

/**
 * struct rsv_depot - magazines that no CPU has, of one node
 * @lock: guards the rest. Raw, interrupts off; no other lock is taken under it
 * @full: full magazines
 * @empty: empty ones
 * @exchanges: times that a CPU came for a magazine, and got one
 * @contended: times that somebody had to wait for @lock
 * @contended_before: what that was when the depot was last aged
 */
struct rsv_depot {
	raw_spinlock_t lock;
	struct rsv_depot_stack full;
	struct rsv_depot_stack empty;
	u64 exchanges;
	u64 contended;
	u64 contended_before;
};

/**
 * struct rsv_cache_node - the slabs of a cache whose memory is of one node
 * @lock: guards all down to @slabs_given, and which list a slab is on. Raw, interrupts off;
 *	zone->lock is never taken under it
 * @slabs: slabs by how full they are; a CPU's active slab is on none of them
 * @nr_slabs: all of them, the active ones included
 * @nr_pages: their pages
 * @total: objects that they have room for
 * @colour: the colour of the next slab
 * @target: empty slabs that are kept; see slabs.c
 * @idle: the least that there were empty ones since the node was last aged
 * @given_early: slabs given back since then
 * @stock: the engine SLOB: free objects that keep their bytes, see slob.c; the last one that came
 * @nr_stock: their number; @idle is the least that this was
 * @slabs_made: slabs taken from the buddy system
 * @slabs_given: slabs given back to it
 * @depot: magazines
 */
struct rsv_cache_node {
	raw_spinlock_t lock;
	struct rsv_slab_list slabs[RSV_FILLS];
	unsigned long nr_slabs;
	unsigned long nr_pages;
	unsigned long total;
	unsigned int colour;
	unsigned long target;
	unsigned long idle;
	unsigned long given_early;
	void *stock;
	unsigned long nr_stock;
	u64 slabs_made;
	u64 slabs_given;
	struct rsv_depot depot;
};

/**
 * struct rsv_cpu - what one CPU has of a cache. Only that CPU touches it, between
 * rsv_cpu_enter() and rsv_cpu_leave(), or whoever empties it once the CPU is dead
 * @busy: set while it is worked on: an interrupt that finds it set takes the slow path
 * @top: behind the last object in the loaded magazine, which objects are taken out of and put into
 * @floor: its first object
 * @limit: behind its last place
 * @extent: where an object of the CPU's own node was given back lately; never NULL
 * @allocs: objects handed out
 * @frees: objects taken back (all down to here is what the fast paths touch: one line)
 * @loaded: the loaded magazine, never NULL; @top knows how many objects are in it
 * @previous: the one before, full or empty, mostly
 * @remote: collects objects of other nodes until it is full
 * @active: the engine SLUB without magazines: the slab that serves this CPU, or NULL
 * @first: its first free object that belongs to this CPU, or RSV_SLAB_NONE
 * @nr_first: how many such objects there are
 * @slow_allocs: objects handed out with @busy set by somebody else, or without magazines
 *	(this_cpu_inc(), as the next two)
 * @slow_frees: objects taken back so
 * @failures: requests that found no memory
 */
struct rsv_cpu {
	bool __data_racy busy;
	void **top;
	void **floor;
	void **limit;
	struct rsv_extent *extent;
	u64 allocs;
	u64 frees;
	struct rsv_magazine *loaded;
	struct rsv_magazine *previous;
	struct rsv_magazine *remote;
	struct rsv_frame *active;
	unsigned int first;
	unsigned int nr_first;
	unsigned long slow_allocs;
	unsigned long slow_frees;
	unsigned long failures;
};

/**
 * struct rsv_guarantee - objects that only this cache can use
 * @lock: guards the rest, and rsv_cache->gate. Raw, interrupts off, innermost
 * @objects: the objects, marked as free
 * @nr: their number
 * @target: how many there shall be
 * @room: how many there can be: the length of @objects
 */
struct rsv_guarantee {
	raw_spinlock_t lock;
	void **objects;
	unsigned int nr;
	unsigned int target;
	unsigned int room;
};

/**
 * struct rsv_cache - objects of one size. What the fast paths read comes first
 * @gate: @cpus, or rsv_gate_shut while every request shall take the slow path, and always if the
 *	engine marks kept objects elsewhere than in them, or free objects are cleared
 *	(guarantee.lock)
 * @mark: a secret, what kept objects are marked with: see link.h (this and all down to @cpus never
 *	change)
 * @mask: the bits of an object's address that are the place in its slab, which begins at a multiple
 *	of the power of two that holds it
 * @inverse: of the odd part of @layout.stride, modulo the size of a word
 * @shift: the power of two in it. See rsv_slot_index()
 * @layout: how objects lie in a slab
 * @engine: what is behind the magazines
 * @flags: RSV_ENGINE_* and so on
 * @ctor: the constructor or NULL
 * @region: where its memory comes from
 * @name: unique in the region, padded with NULs: it is found by both together (rsv_cache_names)
 * @id: number, growing in the order of creation, never used twice while the module is loaded
 * @cpus: what each CPU has
 * @side_gate: as @gate, for those whose @gate is always shut for such a reason (guarantee.lock)
 * @order: numbers below RSV_BATCH in some order, in which the engine SLUB carves (never changes)
 * @rounds: objects in a magazine that is made from now on: grows with contention. Of a cache that
 *	magazines are objects of: how many one of those has room for
 * @rounds_need: pages of a region in which there are such magazines (set with @rounds)
 * @spares: the cache that they are objects of, or NULL: there are none (set with @rounds)
 * @alive: cleared by rsv_cache_destroy()
 * @wanted: of one that serves others: there was no spare where interrupts were off (a hint)
 * @guarantee: objects kept for this cache alone
 * @named: place among all caches by @region and @name
 * @cpuhp: place among those whose CPUs are emptied when they go
 * @node: place on region->caches (region->caches_lock; read under RCU too)
 * @retired: place among those that end together
 * @debugfs: its folder (set and removed by who creates and destroys the cache)
 * @rcu: delays the end for whoever came across the cache by a pointer that it did not trust
 * @nodes: by number of the node
 */
struct rsv_cache {
	struct rsv_cpu __percpu *gate;
	unsigned long mark;
	unsigned long mask;
	unsigned long inverse;
	unsigned int shift;
	struct rsv_layout layout;
	const struct rsv_engine *engine;
	unsigned int flags;
	void (*ctor)(void *object);
	struct rsv_region *region;
	char name[RSV_NAME_MAX];
	u32 id;
	struct rsv_cpu __percpu *cpus;

	struct rsv_cpu __percpu *side_gate;
	u8 order[RSV_BATCH];
	unsigned int rounds;
	unsigned long rounds_need;
	struct rsv_cache *spares;
	bool alive;
	bool wanted;
	struct rsv_guarantee guarantee;

	struct rhash_head named;
	struct hlist_node cpuhp;
	struct list_head node;
	struct list_head retired;
	struct dentry *debugfs;
	struct rcu_work rcu;
	struct rsv_cache_node *nodes[];
};

/**
 * struct rsv_cache_watch - what to call when caches come and go (may sleep; no lock held)
 * @born: the cache can be found now
 * @gone: the cache is about to be freed; its name is still taken
 */
struct rsv_cache_watch {
	void (*born)(struct rsv_cache *c);
	void (*gone)(struct rsv_cache *c);
};

/**
 * struct rsv_cache_figures - what a cache holds and did, all nodes and CPUs together
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
};

int rsv_caches_start(void);
void rsv_caches_stop(void);
struct rsv_cache *rsv_cache_owning(const struct rsv_extent *e, const void *object);
bool rsv_object_live(const struct rsv_cache *c, struct rsv_extent *e, const void *object);
enum rsv_misuse rsv_object_accept(struct rsv_cache *c, struct rsv_extent *e, void *object);
bool rsv_object_put_open(struct rsv_cache *c, struct rsv_extent *e, void *object);
void rsv_cache_put(struct rsv_cache *c, struct rsv_extent *e, void *object, unsigned long caller);
bool rsv_cache_usable(const struct rsv_cache *c);
void *rsv_object_use(struct rsv_cache *c, void *kept);
void *rsv_cache_obtain(struct rsv_cache *c, gfp_t gfp);
void rsv_cache_keep(struct rsv_cache *c, void *object);
void rsv_object_put_twice(struct rsv_cache *c, struct rsv_extent *e, void *object,
			  enum rsv_misuse misuse);
struct rsv_cache *rsv_cache_make(struct rsv_region *r, const char *name, unsigned int size,
				 unsigned int align, unsigned int flags,
				 void (*ctor)(void *object));
struct rsv_cache *rsv_cache_from(struct rsv_region *r, u32 id);
void rsv_caches_end(struct rsv_region *r);
void rsv_caches_leave(struct rsv_region *r);
void rsv_cache_count(const struct rsv_cache *c, struct rsv_cache_figures *figures);
void rsv_cache_set_watch(const struct rsv_cache_watch *watch);
int rsv_layout_choose(struct rsv_layout *l, unsigned int size, unsigned int align,
		      unsigned int flags, bool ctor);
void rsv_layout_pages(struct rsv_layout *l,
		      unsigned int (*slots)(const struct rsv_layout *l, unsigned int pages));

/*
 * The slot of a slab that begins at an offset: a number too large for any slab if none does.
 * Divides exactly by multiplying with the inverse of the stride's odd part; what is not a multiple
 * comes out larger than any quotient (Granlund and Montgomery 1994; Hacker's Delight 10-17).
 */
static __always_inline unsigned int rsv_slot_index(const struct rsv_cache *c, unsigned int offset)
{
	return ror32(offset * (u32)c->inverse, c->shift);
}

/*
 * The same with whole words, and with what rsv_cache->inverse and ->shift are, for loops that keep
 * them in registers. The offset may be that of any address: what is not in the slab is no multiple
 * that counts.
 */
static __always_inline unsigned long rsv_slot_of(unsigned long offset, unsigned long inverse,
						 unsigned int shift)
{
	const unsigned long product = offset * inverse;

	return product >> shift | product << (-shift & (BITS_PER_LONG - 1));
}

/*
 * The first page of the slab that a page belongs to. Unless it belongs to who asks, it may be
 * another's by now, and its order no number of pages: then some page of the extent.
 */
static inline struct rsv_frame *rsv_slab_head(const struct rsv_extent *e, struct rsv_frame *f)
{
	const unsigned int back = READ_ONCE(f->order);

	return likely(back <= rsv_frame_index(e, f)) ? f - back : f;
}

/* How far into its slab an object begins */
static inline unsigned int rsv_slab_offset(const struct rsv_frame *f, const void *object)
{
	return offset_in_page(object) + (READ_ONCE(f->order) << PAGE_SHIFT);
}

static inline unsigned int rsv_slab_pages(const struct rsv_cache *c, const struct rsv_frame *slab)
{
	const union rsv_slab_word word = { .word = READ_ONCE(slab->slab) };

	return word.small ? c->layout.small_pages : c->layout.pages;
}

static inline unsigned int rsv_slab_objects(const struct rsv_cache *c, union rsv_slab_word word)
{
	return word.small ? c->layout.small_objects : c->layout.objects;
}

static inline bool rsv_frame_is_heap(const struct rsv_frame *f)
{
	u8 kind = READ_ONCE(f->kind);

	return kind == RSV_FRAME_HEAP || kind == RSV_FRAME_HEAP_TAIL;
}

static inline bool rsv_cache_debugs(const struct rsv_cache *c)
{
	return c->flags & RSV_CHECKS;
}

#endif /* RSV_OBJECTS_CACHE_H */
