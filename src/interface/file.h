/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An open descriptor of /dev/reservoir, and the ioctls as a table.
 */
#ifndef RSV_INTERFACE_FILE_H
#define RSV_INTERFACE_FILE_H

#include <linux/mutex.h>
#include <linux/reservoir.h>
#include <linux/types.h>
#include <linux/xarray.h>

#include "offsets.h"

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
	struct rsv_ioc_region_create region_create;
	struct rsv_ioc_buffer_alloc buffer_alloc;
	struct rsv_ioc_cache_create cache_create;
	struct rsv_ioc_object_alloc object_alloc;
	struct rsv_ioc_object_io object_io;
	struct rsv_ioc_free free;
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
 */
struct rsv_command {
	int (*run)(struct rsv_file *f, union rsv_argument *arg);
	size_t first_size;
	size_t size;
	bool answers;
};

const struct rsv_command *rsv_command_find(unsigned int number);
void rsv_file_drop(struct rsv_file *f, u32 handle);

#endif /* RSV_INTERFACE_FILE_H */
