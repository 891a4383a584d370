/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Buffers: handles of pages that a program can map.
 */
#ifndef RSV_INTERFACE_BUFFER_H
#define RSV_INTERFACE_BUFFER_H

#include <linux/types.h>

#include "types.h"

struct vm_area_struct;

extern const struct rsv_handle_kind rsv_kind_buffer;

struct rsv_buffer *rsv_buffer_create(struct rsv_region *r, struct rsv_handle *parent,
				     struct rsv_ioc_buffer_alloc *req);
struct rsv_buffer *rsv_buffer_create_scattered(struct rsv_region *r, struct rsv_handle *parent,
					       struct rsv_ioc_scattered_alloc *req);
int rsv_buffer_mmap(struct rsv_buffer *b, struct vm_area_struct *vma);

#endif /* RSV_INTERFACE_BUFFER_H */
