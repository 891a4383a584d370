// SPDX-License-Identifier: GPL-2.0
/*
 * What each ioctl of /dev/reservoir does. All run under the lock of their descriptor, with flags
 * checked to be known. Those that find, make and change regions by name are in regions.c.
 */
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "buffer.h"
#include "handle.h"
#include "ioctl.h"
#include "ioctl_region.h"
#include "mmap_offset.h"
#include "objects/cache.h"
#include "query.h"
#include "region.h"

/* What one descriptor may have; a cache costs kernel memory that is charged to nobody. */
#define RSV_HANDLES_MAX	      1048576U
#define RSV_CACHES_MAX	      1024U
#define RSV_SCRATCH_BYTES_MAX SZ_4M

/* A region costs kernel memory beside its own, however small it is, and counts accordingly. */
#define RSV_SCRATCH_BYTES_LEAST SZ_64K

/* Characters of one answer to RSV_IOC_MAP. */
#define RSV_MAP_CHARS_MAX 65536U

static struct rsv_handle *rsv_file_find(struct rsv_file *f, u32 handle,
					const struct rsv_handle_kind *kind)
{
	struct rsv_handle *h = xa_load(&f->handles, handle);

	if (!h)
		return ERR_PTR(-ENOENT);
	return h->kind == kind ? h : ERR_PTR(-EINVAL);
}

/* The region that a handle means; 0 is the default region, of which there is no handle. */
static struct rsv_region *rsv_file_region(struct rsv_file *f, u32 handle)
{
	struct rsv_handle *h = xa_load(&f->handles, handle);

	if (!handle)
		return rsv_default_region();
	if (!h)
		return ERR_PTR(-ENOENT);
	if (h->kind != &rsv_kind_scratch && h->kind != &rsv_kind_opened)
		return ERR_PTR(-EINVAL);
	return container_of(h, struct rsv_region_handle, handle)->region;
}

/*
 * The same to take memory from, and as what the descriptor holds it (NULL for the default region).
 * What a kernel module set aside is not for programs.
 */
static struct rsv_region *rsv_file_source(struct rsv_file *f, u32 handle,
					  struct rsv_handle **holding)
{
	struct rsv_region *r = rsv_file_region(f, handle);

	if (!IS_ERR(r) && r->origin == RSV_REGION_KERNEL && r != rsv_default_region())
		return ERR_PTR(-EACCES);
	*holding = xa_load(&f->handles, handle);
	return r;
}

/**
 * rsv_file_add() - give a new holding its handle
 * @f: the descriptor
 * @h: the holding; from here on it goes with the handle, at once if the ioctl fails
 * @handle: set to the handle
 *
 * Context: Under the descriptor's lock. May sleep.
 * Return: 0, or -EMFILE or -ENOMEM, and then the holding is gone.
 */
int rsv_file_add(struct rsv_file *f, struct rsv_handle *h, u32 *handle)
{
	int error = xa_alloc(&f->handles, handle, h, XA_LIMIT(1, RSV_HANDLES_MAX), GFP_KERNEL);

	if (error) {
		rsv_handle_put(h);
		return error == -EBUSY ? -EMFILE : error;
	}
	f->new_handle = *handle;
	return 0;
}

static size_t rsv_scratch_counts(const struct rsv_handle *h)
{
	return max_t(size_t, container_of(h, struct rsv_region_handle, handle)->bytes,
		     RSV_SCRATCH_BYTES_LEAST);
}

/**
 * rsv_file_drop() - take a handle away and let go of what it stands for
 * @f: the descriptor
 * @handle: the handle, which exists
 *
 * Context: Under the descriptor's lock, or when it is closed. May sleep.
 */
void rsv_file_drop(struct rsv_file *f, u32 handle)
{
	struct rsv_handle *h = xa_erase(&f->handles, handle);

	if (h->kind == &rsv_kind_scratch)
		f->scratch_bytes -= rsv_scratch_counts(h);
	else if (h->kind == &rsv_kind_cache)
		f->nr_caches--;
	else if (h->kind == &rsv_kind_buffer)
		rsv_offsets_remove(&f->offsets, container_of(h, struct rsv_buffer, handle));
	rsv_handle_put(h);
}

/* Where in its region a page lies, which is all that is ever said about it. */
static u64 rsv_page_offset(const struct page *page)
{
	unsigned long pfn = page_to_pfn(page);
	const struct rsv_extent *e = rsv_extent_find(pfn);

	return (u64)(e->offset + pfn - e->first) << PAGE_SHIFT;
}

static int rsv_do_info(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	struct rsv_ioc_info *info = &arg->info;
	struct rsv_region *r = rsv_file_region(f, info->region);

	if (IS_ERR(r))
		return PTR_ERR(r);
	memset_after(info, 0, region);
	rsv_query_info(r, info);
	return 0;
}

static int rsv_do_zone(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	struct rsv_ioc_zone *zone = &arg->zone;
	struct rsv_region *r = rsv_file_region(f, zone->region);

	if (IS_ERR(r))
		return PTR_ERR(r);
	memset_after(zone, 0, index);
	return rsv_query_zone(r, zone->index, zone);
}

static int rsv_do_extent(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	struct rsv_ioc_extent *extent = &arg->extent;
	struct rsv_region *r = rsv_file_region(f, extent->region);

	if (IS_ERR(r))
		return PTR_ERR(r);
	if (extent->reserved)
		return -EINVAL;
	memset_after(extent, 0, reserved);
	return rsv_query_extent(r, extent->index, extent);
}

static int rsv_do_cache(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	struct rsv_ioc_cache *cache = &arg->cache;
	struct rsv_region *r = rsv_file_region(f, cache->region);

	if (IS_ERR(r))
		return PTR_ERR(r);
	memset_after(cache, 0, id);
	return rsv_query_cache(r, cache->id, cache);
}

static int rsv_map_copy(struct rsv_region *r, struct rsv_ioc_map *map)
{
	unsigned long first = min_t(u64, map->first, ULONG_MAX);
	char *chars = kvmalloc(map->count, GFP_KERNEL_ACCOUNT);
	int error = 0;

	if (!chars)
		return -ENOMEM;
	map->count = rsv_query_map(r, first, chars, map->count);
	if (copy_to_user(u64_to_user_ptr(map->chars), chars, map->count))
		error = -EFAULT;
	kvfree(chars);
	return error;
}

static int rsv_do_map(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	struct rsv_ioc_map *map = &arg->map;
	struct rsv_region *r = rsv_file_region(f, map->region);

	if (IS_ERR(r))
		return PTR_ERR(r);
	if (map->count > RSV_MAP_CHARS_MAX)
		return -EINVAL;
	return rsv_map_copy(r, map);
}

static bool rsv_scratch_allowed(const struct rsv_file *f, size_t bytes)
{
	size_t held = f->scratch_bytes;

	bytes = max_t(size_t, bytes, RSV_SCRATCH_BYTES_LEAST);
	if (held <= RSV_SCRATCH_BYTES_MAX && bytes <= RSV_SCRATCH_BYTES_MAX - held)
		return true;
	return capable(CAP_SYS_ADMIN);
}

static int rsv_do_region_create(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	struct rsv_ioc_region_create *want = &arg->region_create;
	struct rsv_region_handle *s;
	int error;

	if (!want->bytes || want->bytes & (PAGE_SIZE - 1) || want->bytes > SIZE_MAX)
		return -EINVAL;
	if (want->reserved || !rsv_name_ends(want->name))
		return -EINVAL;
	if (!rsv_scratch_allowed(f, want->bytes))
		return -EDQUOT;
	s = rsv_scratch_handle_create(want->name, want->bytes);
	if (IS_ERR(s))
		return PTR_ERR(s);
	error = rsv_file_add(f, &s->handle, &want->handle);
	if (!error)
		f->scratch_bytes += rsv_scratch_counts(&s->handle);
	return error;
}

/* Gives a new buffer, or an ERR_PTR, its handle and the offset that it is mapped by. */
static int rsv_file_add_buffer(struct rsv_file *f, struct rsv_buffer *b, u32 *handle, u64 *bytes,
			       u64 *offset)
{
	int error;

	if (IS_ERR(b))
		return PTR_ERR(b);
	error = rsv_file_add(f, &b->handle, handle);
	if (error)
		return error;
	error = rsv_offsets_add(&f->offsets, b);
	*bytes = (u64)b->nr_pages << PAGE_SHIFT;
	*offset = (u64)b->offset << PAGE_SHIFT;
	return error;
}

static int rsv_do_buffer_alloc(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	struct rsv_ioc_buffer_alloc *want = &arg->buffer_alloc;
	struct rsv_handle *parent;
	struct rsv_region *r = rsv_file_source(f, want->region, &parent);
	struct rsv_buffer *b;
	int error;

	if (IS_ERR(r))
		return PTR_ERR(r);
	b = rsv_buffer_create(r, parent, want);
	error = rsv_file_add_buffer(f, b, &want->handle, &want->bytes, &want->mmap_offset);
	if (!error)
		want->offset = rsv_page_offset(b->page);
	return error;
}

static int rsv_do_scattered_alloc(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	struct rsv_ioc_scattered_alloc *want = &arg->scattered_alloc;
	struct rsv_handle *parent;
	struct rsv_region *r = rsv_file_source(f, want->region, &parent);
	struct rsv_buffer *b;

	if (IS_ERR(r))
		return PTR_ERR(r);
	b = rsv_buffer_create_scattered(r, parent, want->bytes);
	return rsv_file_add_buffer(f, b, &want->handle, &want->bytes, &want->mmap_offset);
}

static int rsv_do_cache_create(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	struct rsv_ioc_cache_create *want = &arg->cache_create;
	struct rsv_handle *parent;
	struct rsv_region *r = rsv_file_source(f, want->region, &parent);
	struct rsv_cache_handle *c;
	int error;

	if (IS_ERR(r))
		return PTR_ERR(r);
	if (!rsv_name_ends(want->name))
		return -EINVAL;
	if (f->nr_caches == RSV_CACHES_MAX)
		return -EMFILE;
	c = rsv_cache_handle_create(r, parent, want);
	if (IS_ERR(c))
		return PTR_ERR(c);
	error = rsv_file_add(f, &c->handle, &want->handle);
	if (error)
		return error;
	f->nr_caches++;
	want->id = c->cache->id;
	return 0;
}

static int rsv_do_cache_shrink(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	struct rsv_ioc_cache_shrink *want = &arg->cache_shrink;
	struct rsv_handle *h = rsv_file_find(f, want->cache, &rsv_kind_cache);

	if (IS_ERR(h))
		return PTR_ERR(h);
	want->slabs = rsv_cache_shrink(container_of(h, struct rsv_cache_handle, handle)->cache);
	return 0;
}

static int rsv_do_object_alloc(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	struct rsv_ioc_object_alloc *want = &arg->object_alloc;
	struct rsv_handle *h = rsv_file_find(f, want->cache, &rsv_kind_cache);
	struct rsv_object_handle *o;
	int error;

	if (IS_ERR(h))
		return PTR_ERR(h);
	o = rsv_object_handle_create(container_of(h, struct rsv_cache_handle, handle));
	if (IS_ERR(o))
		return PTR_ERR(o);
	error = rsv_file_add(f, &o->handle, &want->handle);
	if (error)
		return error;
	/* Another extent than the object's may be looked at, and go. */
	rcu_read_lock();
	want->offset = rsv_addr_offset(rsv_region_extent(o->cache->region, o->object), o->object);
	rcu_read_unlock();
	return 0;
}

/* Where in an object an ioctl reads or writes. */
static void *rsv_object_bytes(struct rsv_file *f, const struct rsv_ioc_object_io *io)
{
	struct rsv_handle *h = rsv_file_find(f, io->handle, &rsv_kind_object);
	struct rsv_object_handle *o;
	u32 size;

	if (IS_ERR(h))
		return ERR_CAST(h);
	o = container_of(h, struct rsv_object_handle, handle);
	size = o->cache->layout.object_size;
	if (io->reserved || io->offset > size || io->length > size - io->offset)
		return ERR_PTR(-EINVAL);
	return o->object + io->offset;
}

static int rsv_do_object_read(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	const struct rsv_ioc_object_io *io = &arg->object_io;
	const void *bytes = rsv_object_bytes(f, io);

	if (IS_ERR(bytes))
		return PTR_ERR(bytes);
	return copy_to_user(u64_to_user_ptr(io->data), bytes, io->length) ? -EFAULT : 0;
}

static int rsv_do_object_write(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	const struct rsv_ioc_object_io *io = &arg->object_io;
	void *bytes = rsv_object_bytes(f, io);

	if (IS_ERR(bytes))
		return PTR_ERR(bytes);
	return copy_from_user(bytes, u64_to_user_ptr(io->data), io->length) ? -EFAULT : 0;
}

static int rsv_do_free(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	const struct rsv_ioc_free *free = &arg->free;
	struct rsv_handle *h = xa_load(&f->handles, free->handle);

	if (free->reserved)
		return -EINVAL;
	if (!h)
		return -ENOENT;
	/* A buffer's mappings may outlive its handle; on anything else something stands. */
	if (h->kind != &rsv_kind_buffer && rsv_handle_busy(h))
		return -EBUSY;
	rsv_file_drop(f, free->handle);
	return 0;
}

/* The first size is that of the first version, whatever is added behind its last field. */
static const struct rsv_ioctl rsv_ioctls[] = {
	[_IOC_NR(RSV_IOC_INFO)] =
		{
			rsv_do_info,
			offsetofend(struct rsv_ioc_info, version),
			sizeof(struct rsv_ioc_info),
			true,
		},
	[_IOC_NR(RSV_IOC_ZONE)] =
		{
			rsv_do_zone,
			offsetofend(struct rsv_ioc_zone, cache_refills),
			sizeof(struct rsv_ioc_zone),
			true,
		},
	[_IOC_NR(RSV_IOC_EXTENT)] =
		{
			rsv_do_extent,
			offsetofend(struct rsv_ioc_extent, zone),
			sizeof(struct rsv_ioc_extent),
			true,
		},
	[_IOC_NR(RSV_IOC_CACHE)] =
		{
			rsv_do_cache,
			offsetofend(struct rsv_ioc_cache, engine),
			sizeof(struct rsv_ioc_cache),
			true,
		},
	[_IOC_NR(RSV_IOC_MAP)] =
		{
			rsv_do_map,
			offsetofend(struct rsv_ioc_map, chars),
			sizeof(struct rsv_ioc_map),
			true,
		},
	[_IOC_NR(RSV_IOC_REGION_NEXT)] =
		{
			rsv_do_region_next,
			offsetofend(struct rsv_ioc_region_next, name),
			sizeof(struct rsv_ioc_region_next),
			true,
		},
	[_IOC_NR(RSV_IOC_REGION_OPEN)] =
		{
			rsv_do_region_open,
			offsetofend(struct rsv_ioc_region_open, name),
			sizeof(struct rsv_ioc_region_open),
			true,
		},
	[_IOC_NR(RSV_IOC_REGION_CREATE)] =
		{
			rsv_do_region_create,
			offsetofend(struct rsv_ioc_region_create, reserved),
			sizeof(struct rsv_ioc_region_create),
			true,
		},
	[_IOC_NR(RSV_IOC_BUFFER_ALLOC)] =
		{
			rsv_do_buffer_alloc,
			offsetofend(struct rsv_ioc_buffer_alloc, reserved),
			sizeof(struct rsv_ioc_buffer_alloc),
			true,
			RSV_BUFFER_EXACT | RSV_BUFFER_DMA | RSV_BUFFER_DMA32 | RSV_BUFFER_NODE,
		},
	[_IOC_NR(RSV_IOC_CACHE_CREATE)] =
		{
			rsv_do_cache_create,
			offsetofend(struct rsv_ioc_cache_create, name),
			sizeof(struct rsv_ioc_cache_create),
			true,
			RSV_CACHE_CONSTRUCTED,
		},
	[_IOC_NR(RSV_IOC_CACHE_SHRINK)] =
		{
			rsv_do_cache_shrink,
			offsetofend(struct rsv_ioc_cache_shrink, slabs),
			sizeof(struct rsv_ioc_cache_shrink),
			true,
		},
	[_IOC_NR(RSV_IOC_OBJECT_ALLOC)] =
		{
			rsv_do_object_alloc,
			offsetofend(struct rsv_ioc_object_alloc, offset),
			sizeof(struct rsv_ioc_object_alloc),
			true,
		},
	[_IOC_NR(RSV_IOC_OBJECT_READ)] =
		{
			rsv_do_object_read,
			offsetofend(struct rsv_ioc_object_io, data),
			sizeof(struct rsv_ioc_object_io),
			false,
		},
	[_IOC_NR(RSV_IOC_OBJECT_WRITE)] =
		{
			rsv_do_object_write,
			offsetofend(struct rsv_ioc_object_io, data),
			sizeof(struct rsv_ioc_object_io),
			false,
		},
	[_IOC_NR(RSV_IOC_FREE)] =
		{
			rsv_do_free,
			offsetofend(struct rsv_ioc_free, reserved),
			sizeof(struct rsv_ioc_free),
			false,
		},
	[_IOC_NR(RSV_IOC_REGION_MAKE)] =
		{
			rsv_do_region_make,
			offsetofend(struct rsv_ioc_region_make, name),
			sizeof(struct rsv_ioc_region_make),
			false,
		},
	[_IOC_NR(RSV_IOC_REGION_END)] =
		{
			rsv_do_region_end,
			offsetofend(struct rsv_ioc_region_end, name),
			sizeof(struct rsv_ioc_region_end),
			false,
		},
	[_IOC_NR(RSV_IOC_REGION_GROW)] =
		{
			rsv_do_region_grow,
			offsetofend(struct rsv_ioc_region_grow, name),
			sizeof(struct rsv_ioc_region_grow),
			false,
		},
	[_IOC_NR(RSV_IOC_REGION_SHRINK)] =
		{
			rsv_do_region_shrink,
			offsetofend(struct rsv_ioc_region_shrink, name),
			sizeof(struct rsv_ioc_region_shrink),
			true,
		},
	[_IOC_NR(RSV_IOC_SCATTERED_ALLOC)] =
		{
			rsv_do_scattered_alloc,
			offsetofend(struct rsv_ioc_scattered_alloc, mmap_offset),
			sizeof(struct rsv_ioc_scattered_alloc),
			true,
		},
};

/**
 * rsv_ioctl_find() - the ioctl of a number
 * @number: number, from a program
 *
 * Context: Any.
 * Return: The ioctl or NULL.
 */
const struct rsv_ioctl *rsv_ioctl_find(unsigned int number)
{
	unsigned int nr = _IOC_NR(number);

	if (number != _IO(RSV_IOC_MAGIC, nr) || nr >= ARRAY_SIZE(rsv_ioctls))
		return NULL;
	nr = array_index_nospec(nr, ARRAY_SIZE(rsv_ioctls));
	return rsv_ioctls[nr].run ? &rsv_ioctls[nr] : NULL;
}
