/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Devices by bus and name.
 */
#ifndef RSV_INTERFACE_DEVICE_NAME_H
#define RSV_INTERFACE_DEVICE_NAME_H

#include <linux/moduleparam.h>
#include <linux/types.h>

#include "types.h"

struct notifier_block;

/* Buses whose devices programs can bind buffers to */
#define RSV_BUSES 2

extern const struct kernel_param_ops rsv_devices_ops;

struct device *rsv_device_find(const char *name, u32 *refusal);
bool rsv_device_is_on_bus(struct device *dev);
int rsv_buses_register(struct notifier_block *nb);
void rsv_buses_unregister(struct notifier_block *nb);

#endif /* RSV_INTERFACE_DEVICE_NAME_H */
