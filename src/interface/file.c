// SPDX-License-Identifier: GPL-2.0
/*
 * An open descriptor and its handles: this file finds a handle by its number, adds one and drops
 * one.
 *
 * rsv_file.lock guards everything here. Every ioctl holds it from its first lookup to its answer,
 * so a handle that an ioctl found exists until that ioctl ends.
 *
 * The descriptor also counts its caches and bindings, and refuses to go beyond a limit. quota.c
 * limits the memory of all descriptors together.
 */
#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/reservoir.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "bind.h"
#include "buffer.h"
#include "file.h"
#include "handle.h"
#include "mmap_offset.h"
#include "objects/cache_destroy.h"
#include "region.h"

#define RSV_HANDLES_MAX	      1048576U
#define RSV_CACHES_MAX	      1024U
#define RSV_BINDINGS_MAX      16384U

/**
 * rsv_file_create() - create the state of a descriptor that a program opens
 *
 * Context: Process; may sleep.
 * Return: The descriptor without any handle, or NULL.
 */
struct rsv_file *rsv_file_create(void)
{
	struct rsv_file *f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);

	if (!f)
		return NULL;
	mutex_init(&f->lock);
	xa_init_flags(&f->handles, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	rsv_mmap_offset_init(&f->offsets);
	return f;
}

/* Makes the devices quiet that a program drove or, where that is impossible, keeps their memory. */
static void rsv_file_leave_bindings(struct rsv_file *f)
{
	struct rsv_handle *h;
	unsigned long number;

	xa_for_each(&f->handles, number, h) {
		if (h->kind == &rsv_kind_binding)
			rsv_binding_leave(h, f);
		cond_resched();
	}
}

/* Drops all handles of a kind or, without a kind, all handles. */
static void rsv_file_drop_kind(struct rsv_file *f, const struct rsv_handle_kind *kind)
{
	struct rsv_handle *h;
	unsigned long number;

	xa_for_each(&f->handles, number, h) {
		if (!kind || h->kind == kind)
			rsv_file_drop(f, number);
		cond_resched();
	}
}

/* Ends all caches of a descriptor none of whose objects has a handle any more. */
static void rsv_file_end_caches(struct rsv_file *f)
{
	struct rsv_handle *h;
	unsigned long number;
	LIST_HEAD(caches);

	xa_for_each(&f->handles, number, h) {
		if (h->kind == &rsv_kind_cache)
			rsv_cache_handle_retire(h, &caches);
		cond_resched();
	}
	WARN_ON_ONCE(rsv_caches_end(&caches));
}

/*
 * Ends all scratch regions of a descriptor that has no caches any more, together. A region of which
 * a buffer is still mapped, passed on or kept for a device ends alone, with the last such buffer.
 */
static void rsv_file_end_regions(struct rsv_file *f)
{
	struct rsv_handle *h;
	unsigned long number;
	LIST_HEAD(retired);

	xa_for_each(&f->handles, number, h) {
		if (h->kind == &rsv_kind_scratch && !rsv_handle_busy(h))
			rsv_scratch_handle_retire(h, &retired);
		cond_resched();
	}
	rsv_regions_release(&retired);
}

/**
 * rsv_file_destroy() - drop all handles of a descriptor and free it
 * @f: the descriptor; its last copy is closed. Buffers may still have mappings and files
 *
 * The steps keep the order of handle.c. The process cannot be killed meanwhile, so what waits for a
 * grace period does so together: the time does not grow with the number of handles but for the work
 * itself, and for a hurried grace period of each scratch region that is large enough for magazines.
 * No step allocates memory, and none holds a lock while it waits.
 *
 * Context: Process; may sleep.
 */
void rsv_file_destroy(struct rsv_file *f)
{
	rsv_file_leave_bindings(f);
	rsv_file_drop_kind(f, &rsv_kind_binding);
	rsv_file_drop_kind(f, &rsv_kind_object);
	rsv_file_drop_kind(f, &rsv_kind_buffer);
	rsv_file_end_caches(f);
	/* After that only buffers that are in use refer to a region. */
	rsv_file_drop_kind(f, &rsv_kind_cache);
	rsv_file_end_regions(f);
	rsv_file_drop_kind(f, NULL);
	xa_destroy(&f->handles);
	kfree(f);
}

/**
 * rsv_file_find() - find a handle of a given kind
 * @f: the descriptor
 * @number: the number of the handle, from a program
 * @kind: the kind that the caller can use
 *
 * Context: Under the descriptor's lock.
 * Return: The handle, or ERR_PTR: -ENOENT if there is no such number, -EINVAL if the handle is of
 * another kind.
 */
struct rsv_handle *rsv_file_find(struct rsv_file *f, u32 number, const struct rsv_handle_kind *kind)
{
	struct rsv_handle *h = xa_load(&f->handles, number);

	if (!h)
		return ERR_PTR(-ENOENT);
	return h->kind == kind ? h : ERR_PTR(-EINVAL);
}

/**
 * rsv_file_region() - find the region that a query names
 * @f: the descriptor
 * @number: 0 for the default region, or the number of a handle
 *
 * Context: Under the descriptor's lock.
 * Return: The region, or ERR_PTR as rsv_file_find().
 */
struct rsv_region *rsv_file_region(struct rsv_file *f, u32 number)
{
	struct rsv_handle *h = xa_load(&f->handles, number);

	if (!number)
		return rsv_default_region();
	if (!h)
		return ERR_PTR(-ENOENT);
	if (h->kind != &rsv_kind_scratch && h->kind != &rsv_kind_opened)
		return ERR_PTR(-EINVAL);
	return container_of(h, struct rsv_region_handle, handle)->region;
}

/**
 * rsv_file_source() - find the region that a program allocates from
 * @f: the descriptor
 * @number: 0 for the default region, or the number of a handle
 * @parent: set to that handle, or to NULL for the default region
 *
 * Context: Under the descriptor's lock.
 * Return: The region, or ERR_PTR: as rsv_file_region(), or -EACCES for a region of a kernel module,
 * whose memory is not for programs.
 */
struct rsv_region *rsv_file_source(struct rsv_file *f, u32 number, struct rsv_handle **parent)
{
	struct rsv_region *r = rsv_file_region(f, number);

	if (!IS_ERR(r) && r->origin == RSV_REGION_KERNEL && r != rsv_default_region())
		return ERR_PTR(-EACCES);
	*parent = xa_load(&f->handles, number);
	return r;
}

/**
 * rsv_file_recount() - charge what the descriptor's caches have now
 * @f: the descriptor
 *
 * Caches give back empty slabs at any time, also when a grace period ends for objects that were
 * freed by RCU. Their charges follow when a request is refused, or after a barrier.
 *
 * Context: Under the descriptor's lock. May sleep.
 * Return: Whether any cache has less than it was charged for.
 */
bool rsv_file_recount(struct rsv_file *f)
{
	struct rsv_cache_handle *c;
	struct rsv_handle *h;
	unsigned long number, before;
	bool less = false;

	if (!f->nr_caches)
		return false;
	xa_for_each(&f->handles, number, h) {
		cond_resched();
		if (h->kind != &rsv_kind_cache)
			continue;
		c = container_of(h, struct rsv_cache_handle, handle);
		before = c->charge.nr_pages;
		rsv_cache_handle_charge(c);
		less |= c->charge.nr_pages < before;
	}
	return less;
}

/**
 * rsv_file_has_caches_left() - check the limit of caches
 * @f: the descriptor
 *
 * Context: Under the descriptor's lock.
 * Return: true if the descriptor may have another cache.
 */
bool rsv_file_has_caches_left(const struct rsv_file *f)
{
	return f->nr_caches < RSV_CACHES_MAX;
}

/**
 * rsv_file_has_bindings_left() - check the limit of bindings
 * @f: the descriptor
 *
 * Some events end all bindings of a device under a lock that all programs share.
 *
 * Context: Under the descriptor's lock.
 * Return: true if the descriptor may have another binding.
 */
bool rsv_file_has_bindings_left(const struct rsv_file *f)
{
	return f->nr_bindings < RSV_BINDINGS_MAX;
}

/**
 * rsv_file_add() - give a new handle its number
 * @f: the descriptor
 * @h: the handle; the caller's reference goes to the descriptor, which drops it if the ioctl fails
 * @number: set to the number
 *
 * Context: Under the descriptor's lock. May sleep.
 * Return: 0, or -EMFILE or -ENOMEM, and then the reference is dropped.
 */
int rsv_file_add(struct rsv_file *f, struct rsv_handle *h, u32 *number)
{
	int error = xa_alloc(&f->handles, number, h, XA_LIMIT(1, RSV_HANDLES_MAX), GFP_KERNEL);

	if (error) {
		rsv_handle_put(h);
		return error == -EBUSY ? -EMFILE : error;
	}
	f->new_number = *number;
	if (h->kind == &rsv_kind_cache)
		f->nr_caches++;
	else if (h->kind == &rsv_kind_binding)
		f->nr_bindings++;
	return 0;
}

/**
 * rsv_file_add_buffer() - give a new buffer its number and the offset that mmap() finds it by
 * @f: the descriptor
 * @b: the buffer as for rsv_file_add(), or the ERR_PTR of a buffer that could not be created
 * @number: set to the number
 * @bytes: set to the length of the buffer
 * @mmap_offset: set to the offset in bytes
 *
 * Context: Under the descriptor's lock. May sleep.
 * Return: 0, the error in @b, or as rsv_file_add(), or -ENOSPC if no range of offsets is free.
 */
int rsv_file_add_buffer(struct rsv_file *f, struct rsv_buffer *b, u32 *number, u64 *bytes,
			u64 *mmap_offset)
{
	int error;

	if (IS_ERR(b))
		return PTR_ERR(b);
	error = rsv_file_add(f, &b->handle, number);
	if (error)
		return error;
	error = rsv_mmap_offset_add(&f->offsets, b);
	*bytes = (u64)b->nr_pages << PAGE_SHIFT;
	*mmap_offset = (u64)b->offset << PAGE_SHIFT;
	return error;
}

/**
 * rsv_file_drop() - take a handle's number away and drop the descriptor's reference
 * @f: the descriptor
 * @number: the number of a handle, which exists
 *
 * Context: Under the descriptor's lock, or when the descriptor is closed. May sleep.
 */
void rsv_file_drop(struct rsv_file *f, u32 number)
{
	struct rsv_handle *h = xa_erase(&f->handles, number);

	if (h->kind == &rsv_kind_cache)
		f->nr_caches--;
	else if (h->kind == &rsv_kind_binding)
		f->nr_bindings--;
	else if (h->kind == &rsv_kind_buffer)
		rsv_mmap_offset_remove(&f->offsets, container_of(h, struct rsv_buffer, handle));
	rsv_handle_put(h);
}
