// SPDX-License-Identifier: GPL-2.0
/*
 * What a program holds: how regions, caches and objects come and go. Buffers, which have mappings,
 * are in buffer.c.
 */
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "handle.h"
#include "region.h"

/**
 * rsv_handle_init() - give a new holding its first reference, which belongs to the handle to come
 * @h: the holding
 * @kind: what it is
 * @parent: what it stands on, or NULL; gets one reference more
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
 * rsv_handle_put() - drop a reference, and with the last one give back what is held
 * @h: the holding, or NULL
 *
 * Context: May sleep. The last reference to a region is never dropped under mmap_lock,
 *	because the handle that it stands on outlives every mapping: a mapping holds the file open.
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
	 * Everything in it was counted, so that only a defect of ours leaves something allocated.
	 */
	WARN_ON_ONCE(rsv_region_destroy(s->region));
	kfree(s);
}

const struct rsv_handle_kind rsv_kind_scratch = {.release = rsv_scratch_handle_release};

/*
 * The numbers are never used twice, but a program may have taken the name that the next one makes.
 */
static struct rsv_region *rsv_region_create_unnamed(char name[RSV_NAME_MAX],
						    const struct rsv_reserve *want)
{
	static atomic_t made_up = ATOMIC_INIT(0);
	struct rsv_region *r;

	do {
		snprintf(name, RSV_NAME_MAX, "scratch-%u", atomic_inc_return(&made_up));
		r = rsv_region_make(name, want, 1, RSV_REGION_SCRATCH);
	} while (r == ERR_PTR(-EEXIST));
	return r;
}

/**
 * rsv_scratch_handle_create() - make a scratch region, one physically contiguous run
 * @name: its name; where it is empty, the name that was made up is put there
 * @bytes: its length
 *
 * Context: May sleep.
 * Return: The region or an error pointer, as rsv_region_create().
 */
struct rsv_region_handle *rsv_scratch_handle_create(char name[RSV_NAME_MAX], size_t bytes)
{
	const struct rsv_reserve want = {.bytes = bytes, .flags = RSV_RESERVE_CONTIG};
	struct rsv_region_handle *s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);
	int error;

	if (!s)
		return ERR_PTR(-ENOMEM);
	if (name[0])
		s->region = rsv_region_make(name, &want, 1, RSV_REGION_SCRATCH);
	else
		s->region = rsv_region_create_unnamed(name, &want);
	if (IS_ERR(s->region)) {
		error = PTR_ERR(s->region);
		kfree(s);
		return ERR_PTR(error);
	}
	s->bytes = bytes;
	rsv_handle_init(&s->handle, &rsv_kind_scratch, NULL);
	return s;
}

static void rsv_opened_handle_release(struct rsv_handle *h)
{
	struct rsv_region_handle *o = container_of(h, struct rsv_region_handle, handle);

	rsv_region_put(o->region);
	kfree(o);
}

const struct rsv_handle_kind rsv_kind_opened = {.release = rsv_opened_handle_release};

/**
 * rsv_opened_handle_create() - open a region by name
 * @name: the name
 *
 * Context: May sleep.
 * Return: The region or an error pointer, as rsv_region_get(), or -ENOMEM.
 */
struct rsv_region_handle *rsv_opened_handle_create(const char *name)
{
	struct rsv_region_handle *o = kzalloc(sizeof(*o), GFP_KERNEL_ACCOUNT);
	int error;

	if (!o)
		return ERR_PTR(-ENOMEM);
	o->region = rsv_region_get(name);
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

	WARN_ON_ONCE(rsv_cache_destroy(c->cache));
	kfree(c);
	rsv_handle_put(parent);
}

const struct rsv_handle_kind rsv_kind_cache = {.release = rsv_cache_handle_release};

/* The constructor that programs can have */
static void rsv_construct(void *object)
{
	static atomic64_t calls;
	struct rsv_constructed *o = object;

	*o = (struct rsv_constructed){.serial = atomic64_inc_return(&calls)};
}

/**
 * rsv_cache_handle_create() - make a cache for a program
 * @r: the region
 * @parent: the holding that @r is, or NULL for the default region
 * @want: the program's wishes
 *
 * Context: May sleep.
 * Return: The cache or an error pointer, as rsv_cache_create().
 */
struct rsv_cache_handle *rsv_cache_handle_create(struct rsv_region *r, struct rsv_handle *parent,
						 const struct rsv_ioc_cache_create *want)
{
	bool constructed = want->flags & RSV_CACHE_CONSTRUCTED;
	struct rsv_cache_handle *c;
	int error;

	if (constructed && want->object_size != sizeof(struct rsv_constructed))
		return ERR_PTR(-EINVAL);
	c = kzalloc(sizeof(*c), GFP_KERNEL_ACCOUNT);
	if (!c)
		return ERR_PTR(-ENOMEM);
	c->cache = rsv_cache_create(r, want->name, want->object_size, want->align,
				    want->cache_flags, constructed ? rsv_construct : NULL);
	if (IS_ERR(c->cache)) {
		error = PTR_ERR(c->cache);
		kfree(c);
		return ERR_PTR(error);
	}
	rsv_handle_init(&c->handle, &rsv_kind_cache, parent);
	return c;
}

static void rsv_object_handle_release(struct rsv_handle *h)
{
	struct rsv_object_handle *o = container_of(h, struct rsv_object_handle, handle);
	struct rsv_handle *parent = h->parent;

	rsv_cache_free(o->cache, o->object);
	kfree(o);
	rsv_handle_put(parent);
}

const struct rsv_handle_kind rsv_kind_object = {.release = rsv_object_handle_release};

/**
 * rsv_object_handle_create() - take an object for a program, zeroed unless it was constructed
 * @from: the cache
 *
 * Context: May sleep.
 * Return: The object or an error pointer: -ENOMEM.
 */
struct rsv_object_handle *rsv_object_handle_create(struct rsv_cache_handle *from)
{
	struct rsv_object_handle *o = kzalloc(sizeof(*o), GFP_KERNEL_ACCOUNT);

	if (!o)
		return ERR_PTR(-ENOMEM);
	o->cache = from->cache;
	o->object = rsv_cache_alloc(from->cache, GFP_KERNEL | __GFP_ZERO);
	if (!o->object) {
		kfree(o);
		return ERR_PTR(-ENOMEM);
	}
	rsv_handle_init(&o->handle, &rsv_kind_object, &from->handle);
	return o;
}
