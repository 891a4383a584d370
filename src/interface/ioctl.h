/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of ioctls.
 */
#ifndef RSV_INTERFACE_IOCTL_H
#define RSV_INTERFACE_IOCTL_H

#include "types.h"

const struct rsv_ioctl *rsv_ioctl_find(unsigned int cmd);

#endif /* RSV_INTERFACE_IOCTL_H */
