/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Mappings of buffers.
 */
#ifndef RSV_INTERFACE_BUFFER_MAP_H
#define RSV_INTERFACE_BUFFER_MAP_H

struct vm_area_struct;

int rsv_buffer_map(struct vm_area_struct *vma);

#endif /* RSV_INTERFACE_BUFFER_MAP_H */
