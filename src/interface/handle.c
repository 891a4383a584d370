// SPDX-License-Identifier: GPL-2.0
/*
 * Handles: this file creates and releases the regions, caches and objects of a descriptor.
 *
 * A handle counts its references: the descriptor has one, each handle that depends on it has one
 * (an object on its cache, a cache or a buffer on its region), and each file of a buffer has one,
 * such as that of a mapping. So a region is released after its caches and buffers, and a cache
 * after its objects, in whatever order a dying process drops them. RSV_IOC_FREE refuses a handle
 * that others depend on. Objects that were freed by RCU have no handle any more, and are used until
 * a grace period is over. The functions of the kernel API that destroy caches and regions wait for
 * them. So these functions never find a cache or a region in use.
 *
 * When a descriptor is closed, file.c ends all its caches together, and then all its scratch
 * regions, so that they share the grace periods. Their handles are released after that.
 */
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/container_of.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/pfn.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "handle.h"
#include "objects/cache.h"
#include "objects/cache_destroy.h"
#include "objects/stats.h"
#include "pages/refusal.h"
#include "quota.h"
#include "region.h"
#include "region_list.h"

/* What a scratch region counts for besides its pages: caches, lists and work of each CPU */
#define RSV_SCRATCH_METADATA		SZ_128K
#define RSV_SCRATCH_METADATA_CPU	SZ_32K

/**
 * rsv_handle_init() - initialize a handle with one reference, the caller's
 * @h: the handle
 * @kind: its kind
 * @parent: the handle that it depends on, or NULL; the new handle has a reference to it
 *
 * Context: Any.
 */
void rsv_handle_init(struct rsv_handle *h, const struct rsv_handle_kind *kind,
		     struct rsv_handle *parent)
{
	kref_init(&h->ref);
	h->kind = kind;
	h->parent = parent;
	if (parent)
		kref_get(&parent->ref);
}

static void rsv_handle_release(struct kref *ref)
{
	struct rsv_handle *h = container_of(ref, struct rsv_handle, ref);

	h->kind->release(h);
}

/**
 * rsv_handle_put() - drop a reference, and release the handle with the last one
 * @h: the handle, or NULL
 *
 * Context: Process; may sleep. Under mmap_lock, as in a call of mmap(), the last reference to a
 *	buffer may be dropped, but not the last one to a region: the call keeps the descriptor open,
 *	and the descriptor has a reference to the region. Destroying a region takes mutexes. When a
 *	mapping goes, the kernel releases its file later, with no lock held.
 */
void rsv_handle_put(struct rsv_handle *h)
{
	if (h)
		kref_put(&h->ref, rsv_handle_release);
}

static void rsv_scratch_handle_release(struct rsv_handle *h)
{
	struct rsv_region_handle *s = container_of(h, struct rsv_region_handle, handle);

	/*
	 * Everything in the region had a handle, or was freed by RCU, and its cache has waited for
	 * that. So only a defect of the module makes this fail.
	 */
	WARN_ON_ONCE(rsv_region_destroy(s->region));
	rsv_charge_end(&s->charge);
	kfree(s);
}

/**
 * rsv_scratch_handle_retire() - take the region of a handle away, to be destroyed with others
 * @h: the handle of a scratch region all of whose caches and buffers have ended
 * @retired: the list that the region is added to, for rsv_regions_release()
 *
 * Context: Process; may sleep.
 */
void rsv_scratch_handle_retire(struct rsv_handle *h, struct list_head *retired)
{
	struct rsv_region_handle *s = container_of(h, struct rsv_region_handle, handle);

	WARN_ON_ONCE(rsv_region_retire(s->region, retired));
	s->region = NULL;
}

const struct rsv_handle_kind rsv_kind_scratch = { .release = rsv_scratch_handle_release };

/*
 * Tries numbers until a name is free: no number serves twice, but a program may have chosen such a
 * name.
 */
static struct rsv_region *rsv_scratch_create_unnamed(char name[RSV_NAME_MAX],
						     const struct rsv_reserve *want)
{
	static atomic_t last = ATOMIC_INIT(0);
	struct rsv_region *r;

	do {
		snprintf(name, RSV_NAME_MAX, "scratch-%u", atomic_inc_return(&last));
		r = rsv_region_create_as(name, want, 1, RSV_REGION_SCRATCH);
	} while (r == ERR_PTR(-EEXIST));
	return r;
}

static unsigned long rsv_scratch_metadata_pages(void)
{
	return PFN_UP(RSV_SCRATCH_METADATA) +
	       num_possible_cpus() * PFN_UP(RSV_SCRATCH_METADATA_CPU);
}

/**
 * rsv_scratch_handle_create() - create a scratch region of one extent
 * @req: the program's request. If its name is empty, the function chooses one and stores it there.
 *	It also sets @req->refusal
 *
 * Context: Process; may sleep.
 * Return: The handle, or ERR_PTR as rsv_region_create(), or -EDQUOT as rsv_charge_begin().
 */
struct rsv_region_handle *rsv_scratch_handle_create(struct rsv_ioc_region_create *req)
{
	const struct rsv_reserve want = { .bytes = req->bytes, .flags = RSV_RESERVE_CONTIG };
	struct rsv_region_handle *s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);
	int error;

	if (!s)
		return ERR_PTR(-ENOMEM);
	error = rsv_charge_begin(&s->charge, NULL,
				 PFN_DOWN(want.bytes) + rsv_scratch_metadata_pages());
	if (error)
		goto free;
	if (req->name[0])
		s->region = rsv_region_create_as(req->name, &want, 1, RSV_REGION_SCRATCH);
	else
		s->region = rsv_scratch_create_unnamed(req->name, &want);
	if (IS_ERR(s->region)) {
		error = PTR_ERR(s->region);
		goto end_charge;
	}
	rsv_handle_init(&s->handle, &rsv_kind_scratch, NULL);
	return s;

end_charge:
	rsv_charge_end(&s->charge);
free:
	req->refusal = s->charge.refusal;
	kfree(s);
	return ERR_PTR(error);
}

static void rsv_opened_handle_release(struct rsv_handle *h)
{
	struct rsv_region_handle *o = container_of(h, struct rsv_region_handle, handle);

	rsv_region_put(o->region);
	kfree(o);
}

const struct rsv_handle_kind rsv_kind_opened = { .release = rsv_opened_handle_release };

/**
 * rsv_opened_handle_create() - open a region by name
 * @name: the name
 * @flags: as for rsv_region_get()
 *
 * Context: Process; may sleep.
 * Return: The handle, or ERR_PTR: as rsv_region_get(), or -ENOMEM.
 */
struct rsv_region_handle *rsv_opened_handle_create(const char *name, u32 flags)
{
	struct rsv_region_handle *o = kzalloc(sizeof(*o), GFP_KERNEL_ACCOUNT);
	int error;

	if (!o)
		return ERR_PTR(-ENOMEM);
	o->region = rsv_region_get(name, flags);
	if (IS_ERR(o->region)) {
		error = PTR_ERR(o->region);
		kfree(o);
		return ERR_PTR(error);
	}
	rsv_handle_init(&o->handle, &rsv_kind_opened, NULL);
	return o;
}

static void rsv_cache_handle_release(struct rsv_handle *h)
{
	struct rsv_cache_handle *c = container_of(h, struct rsv_cache_handle, handle);
	struct rsv_handle *parent = h->parent;
	LIST_HEAD(only);

	/* The program is charged until the pages are free. */
	if (c->cache)
		WARN_ON_ONCE(rsv_cache_add_ending(c->cache, &only) || rsv_caches_end(&only));
	rsv_charge_end(&c->charge);
	kfree(c);
	rsv_handle_put(parent);
}

/**
 * rsv_cache_handle_retire() - take the cache of a handle away, to be destroyed with others
 * @h: the handle of a cache none of whose objects has a handle. Some may still wait for a grace
 *	period: rsv_caches_end() waits for them
 * @caches: the list that the cache is added to, for rsv_caches_end()
 *
 * Context: Process; may sleep.
 */
void rsv_cache_handle_retire(struct rsv_handle *h, struct list_head *caches)
{
	struct rsv_cache_handle *c = container_of(h, struct rsv_cache_handle, handle);

	WARN_ON_ONCE(rsv_cache_add_ending(c->cache, caches));
	c->cache = NULL;
}

const struct rsv_handle_kind rsv_kind_cache = { .release = rsv_cache_handle_release };

/* The constructor of caches with RSV_CACHE_CONSTRUCTED */
static void rsv_construct(void *object)
{
	static atomic64_t calls;
	struct rsv_constructed *o = object;

	*o = (struct rsv_constructed){ .serial = atomic64_inc_return(&calls) };
}

/**
 * rsv_cache_handle_create() - create a cache for a program
 * @r: the region
 * @parent: the handle of @r, or NULL for the default region
 * @req: the program's request
 *
 * Context: Process; may sleep.
 * Return: The handle, or ERR_PTR as rsv_cache_create().
 */
struct rsv_cache_handle *rsv_cache_handle_create(struct rsv_region *r, struct rsv_handle *parent,
						 const struct rsv_ioc_cache_create *req)
{
	bool constructed = req->flags & RSV_CACHE_CONSTRUCTED;
	struct rsv_cache_handle *c;
	int error;

	if (constructed && req->object_size != sizeof(struct rsv_constructed))
		return ERR_PTR(-EINVAL);
	c = kzalloc(sizeof(*c), GFP_KERNEL_ACCOUNT);
	if (!c)
		return ERR_PTR(-ENOMEM);
	error = rsv_charge_begin(&c->charge, r, 0);
	if (error)
		goto free;
	c->cache = rsv_cache_create_for_user(r, req->name, req->object_size, req->align,
					     req->cache_flags, constructed ? rsv_construct : NULL);
	if (IS_ERR(c->cache)) {
		error = PTR_ERR(c->cache);
		goto end_charge;
	}
	rsv_handle_init(&c->handle, &rsv_kind_cache, parent);
	return c;

end_charge:
	rsv_charge_end(&c->charge);
free:
	kfree(c);
	return ERR_PTR(error);
}

/* The pages of a cache: its slabs. In SLOB's heap, which has no slabs, its blocks count. */
static unsigned long rsv_cache_handle_pages(const struct rsv_cache *c)
{
	struct rsv_cache_figures figures;

	rsv_cache_count(c, &figures);
	return figures.pages ?: PFN_UP(figures.total * c->layout.stride);
}

/**
 * rsv_cache_handle_charge() - charge the pages that a cache has now
 * @c: the handle
 *
 * Context: Process.
 * Return: 0, or -EDQUOT as rsv_charge_set(), and then the pages since the last call are not
 * charged.
 */
int rsv_cache_handle_charge(struct rsv_cache_handle *c)
{
	if (!c->charge.account)
		return 0;
	return rsv_charge_set(&c->charge, rsv_cache_handle_pages(c->cache));
}

/*
 * The rcu_head is at the beginning of the object. No program reads or writes it there: the only
 * handle of the object goes. The program's own bytes are cleared first, so that none of them looks
 * like the cookie of an object that waits already.
 */
static void rsv_object_free_by_rcu(struct rsv_object_handle *o)
{
	struct rcu_head *head = o->object;

	static_assert(sizeof(*head) <= RSV_RCU_OBJECT_MIN);
	*head = (struct rcu_head){};
	rsv_cache_free_rcu(o->cache, o->object, head);
}

static void rsv_object_handle_release(struct rsv_handle *h)
{
	struct rsv_object_handle *o = container_of(h, struct rsv_object_handle, handle);
	struct rsv_handle *parent = h->parent;

	if (o->by_rcu)
		rsv_object_free_by_rcu(o);
	else
		rsv_cache_free(o->cache, o->object);
	kfree(o);
	rsv_handle_put(parent);
}

const struct rsv_handle_kind rsv_kind_object = { .release = rsv_object_handle_release };

/**
 * rsv_object_handle_set_by_rcu() - let the release of a handle free its object by RCU
 * @h: a handle of any kind
 *
 * Until the grace period is over the object stays a used one of its cache. So it keeps its slab,
 * which the program is charged for, but not its handle: whoever ends the cache waits for it.
 *
 * Context: Under the descriptor's lock.
 * Return: 0. -EINVAL, and nothing has changed, if it is not the handle of an object, or if the
 * object has no room for an rcu_head: with a constructor all its bytes must stay.
 */
int rsv_object_handle_set_by_rcu(struct rsv_handle *h)
{
	struct rsv_object_handle *o = container_of(h, struct rsv_object_handle, handle);

	if (h->kind != &rsv_kind_object || o->cache->ctor ||
	    o->cache->layout.object_size < RSV_RCU_OBJECT_MIN)
		return -EINVAL;
	o->by_rcu = true;
	return 0;
}

/* Why a cache could not make even a small slab */
static u32 rsv_slab_refusal(struct rsv_cache *c)
{
	const unsigned int nr_pages = c->layout.small_pages;

	return rsv_refusal_of_block(c->region, GFP_KERNEL, NUMA_NO_NODE, nr_pages, nr_pages);
}

/**
 * rsv_object_handle_create() - allocate an object for a program, zeroed unless it was constructed
 * @cache: the handle of the cache
 * @refusal: set if there is no memory for it: RSV_REFUSED_*
 *
 * Context: Process; may sleep.
 * Return: The handle, or ERR_PTR: -ENOMEM, or -EDQUOT as rsv_charge_set().
 */
struct rsv_object_handle *rsv_object_handle_create(struct rsv_cache_handle *cache, u32 *refusal)
{
	const gfp_t zero = cache->cache->ctor ? 0 : __GFP_ZERO;
	struct rsv_object_handle *o = kzalloc(sizeof(*o), GFP_KERNEL_ACCOUNT);
	int error;

	if (!o)
		return ERR_PTR(-ENOMEM);
	o->cache = cache->cache;
	o->object = rsv_cache_alloc(cache->cache, GFP_KERNEL | __GFP_NOWARN | zero);
	if (!o->object) {
		*refusal = rsv_slab_refusal(o->cache);
		kfree(o);
		return ERR_PTR(-ENOMEM);
	}
	rsv_handle_init(&o->handle, &rsv_kind_object, &cache->handle);
	error = rsv_cache_handle_charge(cache);
	if (error) {
		*refusal = cache->charge.refusal;
		rsv_handle_put(&o->handle);
		/*
		 * The slab that was made for the object goes back, too, and so does what the
		 * cache had for objects freed by RCU. If the cache has less than it is charged
		 * for now, rsv_file_recount() finds that, and the request is tried once more.
		 */
		rsv_cache_shrink(cache->cache);
		return ERR_PTR(error);
	}
	return o;
}
