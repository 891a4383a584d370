/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An open descriptor of /dev/reservoir, and the ioctls as a table.
 */
#ifndef RSV_INTERFACE_FILE_H
#define RSV_INTERFACE_FILE_H

#include <linux/mutex.h>
#include <linux/reservoir.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/xarray.h>

#include "mmap_offset.h"

struct rsv_holding;

/* What an ioctl has been given, and its answer. All structures begin with their size and flags. */
union rsv_argument {
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
};

/**
 * struct rsv_file - an open descriptor
 * @lock: serialises its ioctls
 * @handles: struct rsv_holding by handle
 * @offsets: where mmap() finds its buffers (a lock of its own)
 * @scratch_bytes: bytes of its scratch regions
 * @nr_caches: its caches
 * @fresh: handle that this ioctl has made, or 0
 * @arg: argument of this ioctl, here because it is large for a stack
 */
struct rsv_file {
	struct mutex lock;	/* held through every ioctl; guards all below but @offsets */
	struct xarray handles;
	struct rsv_offsets offsets;
	size_t scratch_bytes;
	unsigned int nr_caches;
	u32 fresh;
	union rsv_argument arg;
};

/**
 * struct rsv_command - an ioctl
 * @run: does it
 * @first_size: bytes of its structure in the first version of the interface; no program has less
 * @size: bytes of its structure today
 * @answers: whether the structure is copied back
 * @flags: the flags that it knows
 */
struct rsv_command {
	int (*run)(struct rsv_file *f, union rsv_argument *arg);
	size_t first_size;
	size_t size;
	bool answers;
	u32 flags;
};

const struct rsv_command *rsv_command_find(unsigned int number);
int rsv_file_keep(struct rsv_file *f, struct rsv_holding *h, u32 *handle);
void rsv_file_drop(struct rsv_file *f, u32 handle);

/* Whether a name that a program gave ends within its field */
static inline bool rsv_name_ends(const char name[RSV_NAME_MAX])
{
	return strnlen(name, RSV_NAME_MAX) < RSV_NAME_MAX;
}

#endif /* RSV_INTERFACE_FILE_H */
