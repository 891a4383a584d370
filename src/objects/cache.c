// SPDX-License-Identifier: GPL-2.0
/*
 * Caches: create, destroy, allocate and free objects; which slab serves.
 *
 * Lock order, outermost first:
 *
 *	rsv_regions_lock	mutex, regions come and go (region.c)
 *	region->caches_lock	mutex, caches come and go
 *	cache->lock		raw, the slabs of one cache
 *	zone->lock		raw, the free areas of one zone
 *
 * In fact no two raw locks are held together: slabs are taken from the buddy system and given back
 * to it with cache->lock dropped. Nothing is printed, cleared or constructed under a raw lock.
 *
 * A slab is on the list that its count of objects in use says:
 *
 *	inuse			list		serves a request
 *	0			empty		second
 *	1 to objects - 1	partial		first
 *	objects			full		never
 *
 * and if neither of the first two has one, a new slab is taken. A slab that becomes empty stays if
 * fewer than RSV_EMPTY_SLABS_KEPT are there, and is given back otherwise.
 *
 * Slabs are carved as needed: an object that was never handed out before is constructed by whoever
 * gets it first, after the lock is dropped; from then on it is free or in use in its constructed
 * state until the slab goes back.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/atomic.h>
#include <linux/hardirq.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../compat.h"
#include "../name.h"
#include "../pages/extent.h"
#include "../pages/page.h"
#include "../region.h"
#include "../report.h"
#include "cache.h"
#include "slub.h"

static const struct rsv_cache_watch *rsv_cache_watch;	/* set before the first cache is made */
static atomic_t rsv_cache_ids;

/* What came of an attempt to take an object out of a cache's slabs */
struct rsv_taken {
	void *object;			/* NULL: no slab has one, or @damaged */
	bool fresh;			/* never handed out before: to be constructed */
	struct rsv_frame *damaged;	/* a slab whose free list was overwritten */
	unsigned int lost;		/* objects that it cost */
};

/*
 * Slabs
 */

static unsigned int rsv_slab_objects(const struct rsv_cache *c, const struct rsv_frame *slab)
{
	return slab->order == c->layout.pages ? c->layout.objects : c->layout.small_objects;
}

static void *rsv_slab_base(const struct rsv_cache *c, const struct rsv_frame *slab)
{
	return rsv_frame_addr(rsv_frame_extent(c->region, slab), slab);
}

/*
 * Pages for a slab: as many as waste least, or, where they cannot be had, as few as hold an object.
 */
static struct rsv_frame *rsv_slab_pages(const struct rsv_cache *c, gfp_t gfp)
{
	const struct rsv_layout *l = &c->layout;
	const gfp_t try = (gfp & ~__GFP_DIRECT_RECLAIM) | __GFP_NOWARN;
	struct rsv_frame *f;

	if (l->small_pages == l->pages)
		return rsv_run_alloc(c->region, gfp, l->pages);
	/* Without effort at first: as SLUB, which would rather have a small slab than reclaim. */
	f = rsv_run_alloc(c->region, try, l->pages);
	return f ?: rsv_run_alloc(c->region, gfp, l->small_pages);
}

static struct rsv_frame *rsv_slab_new(struct rsv_cache *c, gfp_t gfp)
{
	struct rsv_frame *slab = rsv_slab_pages(c, gfp & ~(__GFP_ZERO | __GFP_HIGHMEM));
	unsigned int pages, i;

	if (!slab)
		return NULL;
	pages = slab->nr_pages;
	slab->cache = c;
	slab->order = pages;
	slab->inuse = 0;
	slab->carved = 0;
	slab->free = RSV_SLAB_NONE;
	INIT_LIST_HEAD(&slab->link);
	for (i = 1; i < pages; i++) {
		slab[i].order = i;
		/* Pairs with rsv_slab_of(): who sees the kind sees the rest. */
		smp_store_release(&slab[i].kind, RSV_FRAME_SLAB_TAIL);
	}
	/* As above */
	smp_store_release(&slab->kind, RSV_FRAME_SLAB);
	return slab;
}

/*
 * Says, under the lock, that the slab, which is on no list any more, belongs to nobody: whoever
 * still has a pointer into it finds that out in rsv_cache_try_put(). Its pages stay marked as a
 * slab's until they are free, so that nobody can take them for a block that could be given back.
 */
static void rsv_slab_disown(struct rsv_cache *c, struct rsv_frame *slab)
{
	c->total -= rsv_slab_objects(c, slab);
	c->nr_pages -= slab->order;
	c->slabs_given++;
	WRITE_ONCE(slab->cache, NULL);
}

/*
 * The slab that a page belongs to, or NULL. If the page does not belong to who asks, that may have
 * changed by the time the answer is used, but it is always a frame of the extent, whose cache is
 * NULL or a cache: rsv_cache_try_put() looks again.
 */
static struct rsv_frame *rsv_slab_of(const struct rsv_extent *e, struct rsv_frame *f)
{
	unsigned int back;

	/* Pairs with rsv_slab_new() */
	switch (smp_load_acquire(&f->kind)) {
	case RSV_FRAME_SLAB:
		return f;
	case RSV_FRAME_SLAB_TAIL:
		back = READ_ONCE(f->order);
		return back <= rsv_frame_index(e, f) ? f - back : NULL;
	default:
		return NULL;
	}
}

static enum rsv_fill rsv_slab_fill(const struct rsv_cache *c, const struct rsv_frame *slab)
{
	if (!slab->inuse)
		return RSV_EMPTY;
	return slab->inuse < rsv_slab_objects(c, slab) ? RSV_PARTIAL : RSV_FULL;
}

static void rsv_slab_link(struct rsv_cache *c, struct rsv_frame *slab)
{
	struct rsv_slab_list *list = &c->slabs[rsv_slab_fill(c, slab)];

	list_add(&slab->link, &list->slabs);
	list->nr++;
}

static void rsv_slab_unlink(struct rsv_cache *c, struct rsv_frame *slab, enum rsv_fill fill)
{
	list_del(&slab->link);
	c->slabs[fill].nr--;
}

/* Moves the slab from the list that it was on to the one that it belongs on now. */
static void rsv_slab_relink(struct rsv_cache *c, struct rsv_frame *slab, enum rsv_fill was)
{
	if (rsv_slab_fill(c, slab) == was)
		return;
	rsv_slab_unlink(c, slab, was);
	rsv_slab_link(c, slab);
}

static struct rsv_frame *rsv_slab_first(struct rsv_cache *c, enum rsv_fill fill)
{
	return list_first_entry_or_null(&c->slabs[fill].slabs, struct rsv_frame, link);
}

/* Takes an empty slab out of the cache, if there are more than so many. */
static struct rsv_frame *rsv_slab_evict(struct rsv_cache *c, unsigned int keep)
{
	struct rsv_frame *slab;

	if (c->slabs[RSV_EMPTY].nr <= keep)
		return NULL;
	slab = list_last_entry(&c->slabs[RSV_EMPTY].slabs, struct rsv_frame, link);
	rsv_slab_unlink(c, slab, RSV_EMPTY);
	rsv_slab_disown(c, slab);
	return slab;
}

static void rsv_slab_give(struct rsv_cache *c, struct rsv_frame *slab)
{
	rsv_run_dissolve(c->region, slab, slab->order);
}

/*
 * Objects
 */

static void rsv_cache_take_locked(struct rsv_cache *c, struct rsv_taken *t)
{
	struct rsv_frame *slab = rsv_slab_first(c, RSV_PARTIAL) ?: rsv_slab_first(c, RSV_EMPTY);
	enum rsv_fill was;

	if (!slab)
		return;
	was = rsv_slab_fill(c, slab);
	t->object = rsv_slub_take(c, slab, rsv_slab_base(c, slab), &t->fresh);
	if (t->object) {
		c->allocs++;
		c->active++;
	} else {
		t->damaged = slab;
		t->lost = rsv_slub_abandon(slab);
		c->active += t->lost;
	}
	rsv_slab_relink(c, slab, was);
}

static struct rsv_taken rsv_cache_take(struct rsv_cache *c)
{
	struct rsv_taken t = {};
	unsigned long flags;

	raw_spin_lock_irqsave(&c->lock, flags);
	rsv_cache_take_locked(c, &t);
	raw_spin_unlock_irqrestore(&c->lock, flags);
	return t;
}

static bool rsv_cache_grow(struct rsv_cache *c, gfp_t gfp)
{
	struct rsv_frame *slab = rsv_slab_new(c, gfp);
	unsigned long flags;

	raw_spin_lock_irqsave(&c->lock, flags);
	if (slab) {
		rsv_slab_link(c, slab);
		c->total += rsv_slab_objects(c, slab);
		c->nr_pages += slab->order;
		c->slabs_made++;
	} else {
		c->failures++;
	}
	raw_spin_unlock_irqrestore(&c->lock, flags);
	return slab;
}

static void rsv_report_damaged(const struct rsv_cache *c, const struct rsv_taken *t)
{
	u64 place = rsv_frame_place(rsv_frame_extent(c->region, t->damaged), t->damaged);

	rsv_report(RSV_CORRUPT, "cache %s of region %s: slab at 0x%llx, %u free objects are lost",
		   c->name, c->region->name, place, t->lost);
}

/**
 * rsv_cache_alloc() - allocate an object
 * @c: the cache
 * @gfp: as for rsv_alloc_pages(), without __GFP_DMA, __GFP_DMA32 and __GFP_THISNODE: an object
 *	comes from whatever slab the cache has. __GFP_ZERO clears an object without a constructor,
 *	and leaves one that has a constructor as constructed
 *
 * Context: Any but NMI, where it gives NULL; may sleep if @gfp allows it. The constructor, if there
 * is one, is called in the caller's context.
 * Return: The object, aligned as the cache was told, or NULL if the region has no memory for it.
 */
void *rsv_cache_alloc(struct rsv_cache *c, gfp_t gfp)
{
	struct rsv_taken t;

	if (!rsv_gfp_ok(gfp, RSV_GFP_OBJECTS) || in_nmi())
		return NULL;

	for (t = rsv_cache_take(c); !t.object; t = rsv_cache_take(c)) {
		if (t.damaged)
			rsv_report_damaged(c, &t);
		else if (!rsv_cache_grow(c, gfp))
			return NULL;
	}

	if (c->ctor && t.fresh)
		c->ctor(t.object);
	else if (!c->ctor && gfp & __GFP_ZERO)
		memset(t.object, 0, c->layout.object_size);
	return t.object;
}
EXPORT_SYMBOL_GPL(rsv_cache_alloc);

static enum rsv_misuse rsv_cache_put_locked(struct rsv_cache *c, struct rsv_frame *slab,
					    const void *object)
{
	void *base = rsv_slab_base(c, slab);
	unsigned int offset = object - base;
	unsigned int index = reciprocal_divide(offset, c->inverse);
	enum rsv_fill was = rsv_slab_fill(c, slab);
	enum rsv_misuse misuse;

	if (index * c->layout.stride != offset || index >= rsv_slab_objects(c, slab))
		return RSV_MISALIGNED;
	misuse = rsv_slub_put(c, slab, base, index);
	if (misuse != RSV_OK)
		return misuse;

	c->frees++;
	c->active--;
	rsv_slab_relink(c, slab, was);
	return RSV_OK;
}

static enum rsv_misuse rsv_cache_try_put(struct rsv_cache *c, struct rsv_frame *slab,
					 const void *object)
{
	struct rsv_frame *evicted = NULL;
	enum rsv_misuse misuse = RSV_DOUBLE_FREE;
	unsigned long flags;

	raw_spin_lock_irqsave(&c->lock, flags);
	/* If this is no longer so, the slab is being given back: the object was free. */
	if (slab->kind == RSV_FRAME_SLAB && slab->cache == c) {
		misuse = rsv_cache_put_locked(c, slab, object);
		evicted = rsv_slab_evict(c, RSV_EMPTY_SLABS_KEPT);
	}
	raw_spin_unlock_irqrestore(&c->lock, flags);

	if (evicted)
		rsv_slab_give(c, evicted);
	return misuse;
}

/**
 * rsv_cache_put() - take an object back, or report why not
 * @c: the cache that it is said to belong to
 * @e: the extent that it lies in
 * @object: the object
 *
 * Context: Any but NMI, under rcu_read_lock().
 */
void rsv_cache_put(struct rsv_cache *c, struct rsv_extent *e, const void *object)
{
	struct rsv_frame *slab = rsv_slab_of(e, rsv_frame_at(e, object));
	struct rsv_cache *owner = slab ? READ_ONCE(slab->cache) : NULL;
	enum rsv_misuse misuse;

	if (owner == c)
		misuse = rsv_cache_try_put(c, slab, object);
	else if (owner)
		misuse = RSV_WRONG_CACHE;
	else
		misuse = slab ? RSV_DOUBLE_FREE : RSV_FOREIGN;
	if (misuse != RSV_OK)
		rsv_report(misuse, "cache %s of region %s: object at 0x%llx given back", c->name,
			   c->region->name, rsv_addr_place(e, object));
}

/**
 * rsv_cache_owning() - the cache that an object belongs to
 * @e: the extent that it lies in
 * @object: the object
 *
 * Context: Any, under rcu_read_lock().
 * Return: The cache, or NULL if the object lies in no slab.
 */
struct rsv_cache *rsv_cache_owning(const struct rsv_extent *e, const void *object)
{
	struct rsv_frame *slab = rsv_slab_of(e, rsv_frame_at(e, object));

	return slab ? READ_ONCE(slab->cache) : NULL;
}

/**
 * rsv_object_size() - how many bytes of an object may be used
 * @e: the extent that it lies in
 * @object: the object
 *
 * Context: Any, under rcu_read_lock().
 * Return: The bytes, or 0 if no object begins there.
 */
size_t rsv_object_size(const struct rsv_extent *e, const void *object)
{
	const struct rsv_frame *slab = rsv_slab_of(e, rsv_frame_at(e, object));
	const struct rsv_cache *c = slab ? READ_ONCE(slab->cache) : NULL;
	unsigned int offset;

	if (!c)
		return 0;
	offset = object - rsv_frame_addr(e, slab);
	if (offset % c->layout.stride || offset / c->layout.stride >= rsv_slab_objects(c, slab))
		return 0;
	return c->layout.object_size;
}

/**
 * rsv_cache_free() - give an object back
 * @c: its cache
 * @object: the object; NULL does nothing. If the cache has a constructor the caller has restored
 *	the state that the constructor made
 *
 * An object that is free already, belongs to another cache, or is none at all is reported and left
 * as it is.
 *
 * Context: Any but NMI, where it is refused with a report.
 */
void rsv_cache_free(struct rsv_cache *c, void *object)
{
	struct rsv_extent *e;

	if (!object)
		return;
	rcu_read_lock();
	e = in_nmi() ? NULL : rsv_region_extent(c->region, object);
	if (e)
		rsv_cache_put(c, e, object);
	else
		rsv_report(RSV_FOREIGN, "cache %s of region %s: a pointer to elsewhere",
			   c->name, c->region->name);
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(rsv_cache_free);

/**
 * rsv_cache_shrink() - give all empty slabs back to the buddy system
 * @c: the cache
 *
 * Context: Any but NMI.
 * Return: The number of slabs given back.
 */
int rsv_cache_shrink(struct rsv_cache *c)
{
	struct rsv_frame *slab;
	unsigned long flags;
	int nr = 0;

	for (;; nr++) {
		raw_spin_lock_irqsave(&c->lock, flags);
		slab = rsv_slab_evict(c, 0);
		raw_spin_unlock_irqrestore(&c->lock, flags);
		if (!slab)
			return nr;
		rsv_slab_give(c, slab);
	}
}
EXPORT_SYMBOL_GPL(rsv_cache_shrink);

/**
 * rsv_caches_shrink() - give all empty slabs of all caches of a region back to the buddy system
 * @r: the region
 *
 * Context: Process; may sleep.
 */
void rsv_caches_shrink(struct rsv_region *r)
{
	struct rsv_cache *c;

	mutex_lock(&r->caches_lock);
	list_for_each_entry(c, &r->caches, node)
		rsv_cache_shrink(c);
	mutex_unlock(&r->caches_lock);
}

/*
 * Caches
 */

static bool rsv_cache_name_taken(const struct rsv_region *r, const char *name)
{
	const struct rsv_cache *c;

	list_for_each_entry(c, &r->caches, node)
		if (!strcmp(c->name, name))
			return true;
	return false;
}

static int rsv_cache_enter(struct rsv_cache *c)
{
	struct rsv_region *r = c->region;
	int err = -EEXIST;

	mutex_lock(&r->caches_lock);
	if (!rsv_cache_name_taken(r, c->name)) {
		c->id = atomic_inc_return(&rsv_cache_ids);
		list_add_tail(&c->node, &r->caches);
		r->nr_caches++;
		err = 0;
	}
	mutex_unlock(&r->caches_lock);
	return err;
}

/**
 * rsv_cache_create() - make a cache for objects of one size
 * @r: the region that its slabs come from
 * @name: 1 to 31 of A-Z a-z 0-9 _ . - and not "." or ".."; unique in the region
 * @size: bytes of an object, up to RSV_CACHE_SIZE_MAX
 * @align: a power of two up to the page size, or 0 for that of a pointer
 * @flags: RSV_HWCACHE_ALIGN or 0
 * @ctor: called once for every object before it is handed out for the first time in its slab's
 *	life, with no lock held; an object keeps its state from free to the next allocation. May be
 *	NULL
 *
 * Context: Process; may sleep.
 * Return: The cache, or ERR_PTR: -EINVAL for a bad name, size, alignment or flag, -EEXIST for a
 * name that is taken, -ENOMEM.
 */
struct rsv_cache *rsv_cache_create(struct rsv_region *r, const char *name, unsigned int size,
				   unsigned int align, unsigned int flags,
				   void (*ctor)(void *object))
{
	struct rsv_layout layout;
	struct rsv_cache *c;
	enum rsv_fill fill;
	int err;

	if (!r || !rsv_name_ok(name))
		return ERR_PTR(-EINVAL);
	err = rsv_layout_choose(&layout, size, align, flags, ctor);
	if (err)
		return ERR_PTR(err);
	c = kzalloc(sizeof(*c), GFP_KERNEL);
	if (!c)
		return ERR_PTR(-ENOMEM);

	c->region = r;
	strscpy(c->name, name, sizeof(c->name));
	c->layout = layout;
	c->inverse = reciprocal_value(layout.stride);
	c->ctor = ctor;
	c->secret = get_random_long();
	raw_spin_lock_init(&c->lock);
	for (fill = 0; fill < RSV_FILLS; fill++)
		INIT_LIST_HEAD(&c->slabs[fill].slabs);

	err = rsv_cache_enter(c);
	if (err) {
		kfree(c);
		return ERR_PTR(err);
	}
	rsv_cache_watch->born(c);
	return c;
}
EXPORT_SYMBOL_GPL(rsv_cache_create);

/**
 * rsv_cache_destroy() - end a cache
 * @c: the cache, used by nobody else any more; NULL does nothing
 *
 * Context: Process; may sleep.
 * Return: 0; -EBUSY, with a report, while objects are out, and then nothing has changed.
 */
int rsv_cache_destroy(struct rsv_cache *c)
{
	struct rsv_region *r;
	unsigned long active, flags;

	if (!c)
		return 0;
	r = c->region;
	raw_spin_lock_irqsave(&c->lock, flags);
	active = c->active;
	raw_spin_unlock_irqrestore(&c->lock, flags);
	if (active) {
		rsv_report(RSV_IN_USE, "cache %s of region %s: %lu objects are out", c->name,
			   r->name, active);
		return -EBUSY;
	}

	rsv_cache_watch->gone(c);
	rsv_cache_shrink(c);
	mutex_lock(&r->caches_lock);
	list_del(&c->node);
	r->nr_caches--;
	mutex_unlock(&r->caches_lock);
	kfree_rcu(c, rcu);
	return 0;
}
EXPORT_SYMBOL_GPL(rsv_cache_destroy);

/**
 * rsv_cache_set_watch() - say what to call when caches come and go
 * @watch: the calls; before the first cache is made
 */
void rsv_cache_set_watch(const struct rsv_cache_watch *watch)
{
	rsv_cache_watch = watch;
}
