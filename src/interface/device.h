/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /dev/reservoir.
 */
#ifndef RSV_INTERFACE_DEVICE_H
#define RSV_INTERFACE_DEVICE_H

int rsv_device_create(void);
void rsv_device_start(void);
void rsv_device_destroy(void);

#endif /* RSV_INTERFACE_DEVICE_H */
