/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ioctls that take a region by its name.
 */
#ifndef RSV_INTERFACE_IOCTL_REGION_H
#define RSV_INTERFACE_IOCTL_REGION_H

#include "types.h"

int rsv_do_region_next(struct rsv_file *f, union rsv_ioctl_arg *arg);
int rsv_do_region_open(struct rsv_file *f, union rsv_ioctl_arg *arg);
int rsv_do_region_make(struct rsv_file *f, union rsv_ioctl_arg *arg);
int rsv_do_region_end(struct rsv_file *f, union rsv_ioctl_arg *arg);
int rsv_do_region_grow(struct rsv_file *f, union rsv_ioctl_arg *arg);
int rsv_do_region_shrink(struct rsv_file *f, union rsv_ioctl_arg *arg);

#endif /* RSV_INTERFACE_IOCTL_REGION_H */
