/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Caches: objects of one size, cut out of slabs.
 */
#ifndef RSV_OBJECTS_CACHE_H
#define RSV_OBJECTS_CACHE_H

#include <linux/list.h>
#include <linux/mm.h>
#include <linux/reciprocal_div.h>
#include <linux/reservoir.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct dentry;
struct rsv_extent;
struct rsv_frame;

/*
 * Empty slabs that a cache keeps, so that a program that frees and allocates one object does not
 * move a slab each time.
 */
#define RSV_EMPTY_SLABS_KEPT	2

/* The largest object; what is larger is better served by pages. */
#define RSV_CACHE_SIZE_MAX	(32U * PAGE_SIZE)

/**
 * struct rsv_layout - how objects lie in a slab (never changes)
 * @object_size: bytes that the caller may use
 * @align: alignment of every object in bytes
 * @stride: bytes from one object to the next
 * @link: where in a free object its link stands, in bytes; beyond @object_size if there is a
 *	constructor
 * @pages: pages of a slab
 * @objects: objects of a slab
 * @small_pages: pages of the slab that is taken where @pages in one piece cannot be had: enough for
 *	one object
 * @small_objects: objects of such a slab
 */
struct rsv_layout {
	unsigned int object_size;
	unsigned int align;
	unsigned int stride;
	unsigned int link;
	unsigned int pages;
	unsigned int objects;
	unsigned int small_pages;
	unsigned int small_objects;
};

/* How full a slab is; see the top of cache.c. */
enum rsv_fill {
	RSV_EMPTY,
	RSV_PARTIAL,
	RSV_FULL,
	RSV_FILLS
};

struct rsv_slab_list {
	struct list_head slabs;		/* frames of the slabs' first pages, by link */
	unsigned long nr;
};

/**
 * struct rsv_cache - objects of one size
 * @region: where its slabs come from (this and all down to @secret never change)
 * @name: unique in the region
 * @id: number, growing in the order of creation, never used twice while the module is loaded
 * @layout: how objects lie in a slab
 * @inverse: 1 / stride
 * @ctor: the constructor or NULL
 * @secret: what the links of free objects are obfuscated with
 * @lock: guards all down to @slabs_given, and the bookkeeping in the frames of the slabs. A raw
 *	lock, taken with interrupts off; zone->lock is never taken under it
 * @slabs: its slabs, by how full they are
 * @nr_pages: pages of all of them
 * @active: objects in use
 * @total: objects that the slabs have room for
 * @allocs: objects handed out
 * @frees: objects taken back
 * @failures: requests that found no memory
 * @slabs_made: slabs taken from the buddy system
 * @slabs_given: slabs given back to it
 * @node: place on region->caches (region->caches_lock)
 * @debugfs: its folder (set and removed by who creates and destroys the cache)
 * @rcu: delays the end for whoever came across the cache by a pointer that it did not trust
 */
struct rsv_cache {
	struct rsv_region *region;
	char name[RSV_NAME_MAX];
	u32 id;
	struct rsv_layout layout;
	struct reciprocal_value inverse;
	void (*ctor)(void *object);
	unsigned long secret;

	raw_spinlock_t lock;
	struct rsv_slab_list slabs[RSV_FILLS];
	unsigned long nr_pages;
	unsigned long active;
	unsigned long total;
	u64 allocs;
	u64 frees;
	u64 failures;
	u64 slabs_made;
	u64 slabs_given;

	struct list_head node;
	struct dentry *debugfs;
	struct rcu_head rcu;
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

struct rsv_cache *rsv_cache_owning(const struct rsv_extent *e, const void *object);
size_t rsv_object_size(const struct rsv_extent *e, const void *object);
void rsv_cache_put(struct rsv_cache *c, struct rsv_extent *e, const void *object);
void rsv_caches_shrink(struct rsv_region *r);
void rsv_cache_set_watch(const struct rsv_cache_watch *watch);
int rsv_layout_choose(struct rsv_layout *l, unsigned int size, unsigned int align,
		      unsigned int flags, bool ctor);

#endif /* RSV_OBJECTS_CACHE_H */
