// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls of /dev/reservoir: the function of each one, and the table of them. ioctl_region.c has
 * those that take a region by its name, ioctl_bind.c those for devices.
 *
 * device.c calls them with the descriptor's lock held, and with flags that the table allows. An
 * ioctl checks everything else that the program passed before it changes anything.
 */
#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/rcupdate.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "buffer.h"
#include "buffer_file.h"
#include "file.h"
#include "handle.h"
#include "ioctl.h"
#include "ioctl_bind.h"
#include "ioctl_region.h"
#include "name.h"
#include "pages/pagemap.h"
#include "query.h"
#include "quota.h"

/* The most characters that one RSV_IOC_MAP answers with */
#define RSV_MAP_CHARS_MAX	65536U

static int rsv_do_info(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	struct rsv_ioc_info *info = &arg->info;
	struct rsv_region *r = rsv_file_region(f, info->region);

	if (IS_ERR(r))
		return PTR_ERR(r);
	memset_after(info, 0, region);
	rsv_query_info(r, info);
	rsv_quota_query(r, info);
	return 0;
}

static int rsv_do_zone(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	struct rsv_ioc_zone *zone = &arg->zone;
	struct rsv_region *r = rsv_file_region(f, zone->region);
	int error;

	if (IS_ERR(r))
		return PTR_ERR(r);
	memset_after(zone, 0, index);
	error = rsv_query_zone(r, zone->index, zone);
	if (!error)
		zone->largest_free_pages = rsv_query_largest_run(r, zone->index);
	return error;
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
	char *chars = kvmalloc(map->count, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
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

static int rsv_do_region_create(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	struct rsv_ioc_region_create *req = &arg->region_create;
	struct rsv_region_handle *s;

	if (!req->bytes || req->bytes & (PAGE_SIZE - 1) || req->bytes > SIZE_MAX)
		return -EINVAL;
	if (req->reserved || req->padding || !rsv_name_is_terminated(req->name))
		return -EINVAL;
	s = rsv_scratch_handle_create(req);
	if (IS_ERR(s))
		return PTR_ERR(s);
	return rsv_file_add(f, &s->handle, &req->handle);
}

static int rsv_do_buffer_alloc(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	struct rsv_ioc_buffer_alloc *req = &arg->buffer_alloc;
	struct rsv_handle *parent;
	struct rsv_region *r = rsv_file_source(f, req->region, &parent);
	struct rsv_buffer *b;
	int error;

	if (IS_ERR(r))
		return PTR_ERR(r);
	b = rsv_buffer_create(r, parent, req);
	error = rsv_file_add_buffer(f, b, &req->handle, &req->bytes, &req->mmap_offset);
	if (!error)
		req->offset = rsv_buffer_offset(b);
	return error;
}

static int rsv_do_scattered_alloc(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	struct rsv_ioc_scattered_alloc *req = &arg->scattered_alloc;
	struct rsv_handle *parent;
	struct rsv_region *r = rsv_file_source(f, req->region, &parent);
	struct rsv_buffer *b;

	if (IS_ERR(r))
		return PTR_ERR(r);
	b = rsv_buffer_create_scattered(r, parent, req);
	return rsv_file_add_buffer(f, b, &req->handle, &req->bytes, &req->mmap_offset);
}

static int rsv_do_buffer_fd(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	struct rsv_ioc_buffer_fd *req = &arg->buffer_fd;
	struct rsv_handle *h = rsv_file_find(f, req->handle, &rsv_kind_buffer);
	struct file *file;
	int fd;

	if (IS_ERR(h))
		return PTR_ERR(h);
	file = rsv_buffer_file_create(container_of(h, struct rsv_buffer, handle),
				      req->flags & RSV_FD_READ_ONLY ? O_RDONLY : O_RDWR);
	if (IS_ERR(file))
		return PTR_ERR(file);
	fd = get_unused_fd_flags(req->flags & RSV_FD_CLOEXEC ? O_CLOEXEC : 0);
	if (fd < 0) {
		fput(file);
		return fd;
	}
	f->new_file = file;
	req->fd = fd;
	return 0;
}

static int rsv_do_cache_create(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	struct rsv_ioc_cache_create *req = &arg->cache_create;
	struct rsv_handle *parent;
	struct rsv_region *r = rsv_file_source(f, req->region, &parent);
	struct rsv_cache_handle *c;
	int error;

	if (IS_ERR(r))
		return PTR_ERR(r);
	if (!rsv_name_is_terminated(req->name))
		return -EINVAL;
	if (!rsv_file_has_caches_left(f))
		return -EMFILE;
	c = rsv_cache_handle_create(r, parent, req);
	if (IS_ERR(c))
		return PTR_ERR(c);
	error = rsv_file_add(f, &c->handle, &req->handle);
	if (error)
		return error;
	req->id = c->cache->id;
	return 0;
}

static int rsv_do_cache_shrink(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	struct rsv_ioc_cache_shrink *req = &arg->cache_shrink;
	struct rsv_handle *h = rsv_file_find(f, req->cache, &rsv_kind_cache);
	struct rsv_cache_handle *c;

	if (IS_ERR(h))
		return PTR_ERR(h);
	c = container_of(h, struct rsv_cache_handle, handle);
	req->slabs = rsv_cache_shrink(c->cache);
	rsv_cache_handle_charge(c);
	return 0;
}

static int rsv_do_object_alloc(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	struct rsv_ioc_object_alloc *req = &arg->object_alloc;
	struct rsv_handle *h = rsv_file_find(f, req->cache, &rsv_kind_cache);
	struct rsv_object_handle *o;
	int error;

	if (IS_ERR(h))
		return PTR_ERR(h);
	if (req->padding)
		return -EINVAL;
	o = rsv_object_handle_create(container_of(h, struct rsv_cache_handle, handle),
				     &req->refusal);
	if (IS_ERR(o))
		return PTR_ERR(o);
	error = rsv_file_add(f, &o->handle, &req->handle);
	if (error)
		return error;
	/* The search may also read extents that are on their way back to the system. */
	rcu_read_lock();
	req->offset = rsv_addr_offset(rsv_region_extent(o->cache->region, o->object), o->object);
	rcu_read_unlock();
	return 0;
}

/* The address of the bytes that an ioctl reads or writes */
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
	return rsv_copy_to_user(u64_to_user_ptr(io->data), bytes, io->length) ? -EFAULT : 0;
}

static int rsv_do_object_write(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	const struct rsv_ioc_object_io *io = &arg->object_io;
	void *bytes = rsv_object_bytes(f, io);

	if (IS_ERR(bytes))
		return PTR_ERR(bytes);
	return rsv_copy_from_user(bytes, u64_to_user_ptr(io->data), io->length) ? -EFAULT : 0;
}

static int rsv_do_free(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	const struct rsv_ioc_free *free = &arg->free;
	struct rsv_handle *h = xa_load(&f->handles, free->handle), *cache;

	if (free->reserved)
		return -EINVAL;
	if (!h)
		return -ENOENT;
	/* No object is busy, so nothing refuses one that is to be freed by RCU after this. */
	if (free->flags & RSV_FREE_BY_RCU && rsv_object_handle_set_by_rcu(h))
		return -EINVAL;
	/* A buffer's mappings may outlive its number; any other reference is a child's. */
	if (h->kind != &rsv_kind_buffer && rsv_handle_busy(h))
		return -EBUSY;
	cache = h->kind == &rsv_kind_object ? h->parent : NULL;
	rsv_file_drop(f, free->handle);
	/* The cache, which the descriptor has, may have given back a slab. */
	if (cache)
		rsv_cache_handle_charge(container_of(cache, struct rsv_cache_handle, handle));
	return 0;
}

static int rsv_do_rcu_barrier(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	const struct rsv_ioc_rcu_barrier *req = &arg->rcu_barrier;
	struct rsv_handle *parent;
	struct rsv_region *r = rsv_file_source(f, req->region, &parent);

	if (IS_ERR(r))
		return PTR_ERR(r);
	if (req->reserved)
		return -EINVAL;
	rsv_rcu_barrier(r);
	/* Caches may have given back slabs in which these objects were the last ones. */
	rsv_file_recount(f);
	return 0;
}

/* The field that tells the program why the ioctl failed */
#define RSV_REFUSAL_IN(type)	.refusal = offsetof(struct type, refusal)

/*
 * @last is the last field of the structure in the first version of the interface. It stays the same
 * when a field is added behind it.
 */
#define RSV_IOCTL(cmd, function, type, last, ...)                       \
	[_IOC_NR(cmd)] = {.run = (function),                            \
			  .first_size = offsetofend(struct type, last), \
			  .size = sizeof(struct type),                  \
			  __VA_ARGS__}

static const struct rsv_ioctl rsv_ioctls[] = {
	RSV_IOCTL(RSV_IOC_INFO, rsv_do_info, rsv_ioc_info, version, .answers = true),
	RSV_IOCTL(RSV_IOC_ZONE, rsv_do_zone, rsv_ioc_zone, cache_refills, .answers = true),
	RSV_IOCTL(RSV_IOC_EXTENT, rsv_do_extent, rsv_ioc_extent, zone, .answers = true),
	RSV_IOCTL(RSV_IOC_CACHE, rsv_do_cache, rsv_ioc_cache, engine, .answers = true),
	RSV_IOCTL(RSV_IOC_MAP, rsv_do_map, rsv_ioc_map, chars, .answers = true),
	RSV_IOCTL(RSV_IOC_REGION_NEXT, rsv_do_region_next, rsv_ioc_region_next, name,
		  .answers = true),
	RSV_IOCTL(RSV_IOC_REGION_OPEN, rsv_do_region_open, rsv_ioc_region_open, name,
		  .answers = true, .flags = RSV_REGION_OF_KERNEL),
	RSV_IOCTL(RSV_IOC_REGION_CREATE, rsv_do_region_create, rsv_ioc_region_create, reserved,
		  .answers = true, RSV_REFUSAL_IN(rsv_ioc_region_create)),
	RSV_IOCTL(RSV_IOC_BUFFER_ALLOC, rsv_do_buffer_alloc, rsv_ioc_buffer_alloc, reserved,
		  .answers = true, RSV_REFUSAL_IN(rsv_ioc_buffer_alloc),
		  .flags = RSV_BUFFER_EXACT | RSV_BUFFER_DMA | RSV_BUFFER_DMA32 | RSV_BUFFER_NODE |
			   RSV_BUFFER_HIGH | RSV_BUFFER_THISNODE),
	RSV_IOCTL(RSV_IOC_CACHE_CREATE, rsv_do_cache_create, rsv_ioc_cache_create, name,
		  .answers = true, .flags = RSV_CACHE_CONSTRUCTED),
	RSV_IOCTL(RSV_IOC_CACHE_SHRINK, rsv_do_cache_shrink, rsv_ioc_cache_shrink, slabs,
		  .answers = true),
	RSV_IOCTL(RSV_IOC_OBJECT_ALLOC, rsv_do_object_alloc, rsv_ioc_object_alloc, offset,
		  .answers = true, RSV_REFUSAL_IN(rsv_ioc_object_alloc)),
	RSV_IOCTL(RSV_IOC_OBJECT_READ, rsv_do_object_read, rsv_ioc_object_io, data),
	RSV_IOCTL(RSV_IOC_OBJECT_WRITE, rsv_do_object_write, rsv_ioc_object_io, data),
	RSV_IOCTL(RSV_IOC_FREE, rsv_do_free, rsv_ioc_free, reserved, .flags = RSV_FREE_BY_RCU),
	RSV_IOCTL(RSV_IOC_RCU_BARRIER, rsv_do_rcu_barrier, rsv_ioc_rcu_barrier, reserved),
	RSV_IOCTL(RSV_IOC_REGION_MAKE, rsv_do_region_make, rsv_ioc_region_make, name),
	RSV_IOCTL(RSV_IOC_REGION_END, rsv_do_region_end, rsv_ioc_region_end, name),
	RSV_IOCTL(RSV_IOC_REGION_GROW, rsv_do_region_grow, rsv_ioc_region_grow, name,
		  .flags = RSV_REGION_OF_KERNEL),
	RSV_IOCTL(RSV_IOC_REGION_SHRINK, rsv_do_region_shrink, rsv_ioc_region_shrink, name,
		  .answers = true, .flags = RSV_REGION_OF_KERNEL),
	RSV_IOCTL(RSV_IOC_SCATTERED_ALLOC, rsv_do_scattered_alloc, rsv_ioc_scattered_alloc,
		  mmap_offset, .answers = true, RSV_REFUSAL_IN(rsv_ioc_scattered_alloc),
		  .flags = RSV_BUFFER_HIGH),
	RSV_IOCTL(RSV_IOC_BUFFER_FD, rsv_do_buffer_fd, rsv_ioc_buffer_fd, fd, .answers = true,
		  .flags = RSV_FD_CLOEXEC | RSV_FD_READ_ONLY),
	RSV_IOCTL(RSV_IOC_BIND, rsv_do_bind, rsv_ioc_bind, padding, .answers = true,
		  RSV_REFUSAL_IN(rsv_ioc_bind), .flags = RSV_BIND_MASTER),
	RSV_IOCTL(RSV_IOC_SYNC, rsv_do_sync, rsv_ioc_sync, padding),
	RSV_IOCTL(RSV_IOC_DMA_ADDRESS, rsv_do_dma_address, rsv_ioc_dma_address, length,
		  .answers = true),
	RSV_IOCTL(RSV_IOC_PHYSICAL, rsv_do_physical, rsv_ioc_physical, length, .answers = true),
	RSV_IOCTL(RSV_IOC_DEVICE_QUIET, rsv_do_device_quiet, rsv_ioc_device_quiet, bytes,
		  .answers = true),
};

/**
 * rsv_ioctl_find() - find an ioctl in the table
 * @cmd: the command, from a program
 *
 * Context: Any.
 * Return: The ioctl or NULL.
 */
const struct rsv_ioctl *rsv_ioctl_find(unsigned int cmd)
{
	unsigned int nr = _IOC_NR(cmd);

	if (cmd != _IO(RSV_IOC_MAGIC, nr) || nr >= ARRAY_SIZE(rsv_ioctls))
		return NULL;
	nr = array_index_nospec(nr, ARRAY_SIZE(rsv_ioctls));
	return rsv_ioctls[nr].run ? &rsv_ioctls[nr] : NULL;
}
