/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_INTERFACE_DEVICE_H
#define RSV_INTERFACE_DEVICE_H

#include "types.h"

int rsv_device_create(void);
void rsv_device_destroy(void);

#endif /* RSV_INTERFACE_DEVICE_H */
