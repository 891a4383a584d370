/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ioctls for devices.
 */
#ifndef RSV_INTERFACE_IOCTL_BIND_H
#define RSV_INTERFACE_IOCTL_BIND_H

#include <linux/moduleparam.h>

#include "types.h"

extern const struct kernel_param_ops rsv_phys_ops;

int rsv_do_bind(struct rsv_file *f, union rsv_ioctl_arg *arg);
int rsv_do_sync(struct rsv_file *f, union rsv_ioctl_arg *arg);
int rsv_do_dma_address(struct rsv_file *f, union rsv_ioctl_arg *arg);
int rsv_do_physical(struct rsv_file *f, union rsv_ioctl_arg *arg);
int rsv_do_device_quiet(struct rsv_file *f, union rsv_ioctl_arg *arg);

#endif /* RSV_INTERFACE_IOCTL_BIND_H */
