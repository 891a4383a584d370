/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bindings: handles of buffers that a device may use.
 */
#ifndef RSV_INTERFACE_BIND_H
#define RSV_INTERFACE_BIND_H

#include <linux/types.h>

#include "types.h"

extern const struct rsv_handle_kind rsv_kind_binding;

struct rsv_binding *rsv_binding_create(const struct rsv_file *f, struct rsv_handle *buffer,
				       struct rsv_ioc_bind *req);
void rsv_binding_leave(struct rsv_handle *h, const struct rsv_file *f);
int rsv_binding_sync(struct rsv_binding *b, const struct rsv_ioc_sync *range);
int rsv_binding_address(struct rsv_binding *b, struct rsv_ioc_dma_address *req);
int rsv_bound_device_set_quiet(struct rsv_ioc_device_quiet *req);
int rsv_bind_start(void);
void rsv_bind_stop(void);

#endif /* RSV_INTERFACE_BIND_H */
