/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An open descriptor of /dev/reservoir, and the ioctls as a table.
 */
#ifndef RSV_INTERFACE_IOCTL_H
#define RSV_INTERFACE_IOCTL_H

#include <linux/mutex.h>
#include <linux/reservoir.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/xarray.h>

#include "mmap_offset.h"
#include "types.h"

const struct rsv_ioctl *rsv_ioctl_find(unsigned int number);
int rsv_file_add(struct rsv_file *f, struct rsv_handle *h, u32 *handle);
void rsv_file_drop(struct rsv_file *f, u32 handle);

/* Whether a name that a program gave ends within its field */
static inline bool rsv_name_ends(const char name[RSV_NAME_MAX])
{
	return strnlen(name, RSV_NAME_MAX) < RSV_NAME_MAX;
}

#endif /* RSV_INTERFACE_IOCTL_H */
