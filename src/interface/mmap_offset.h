/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The offsets by which mmap() finds the buffers of a descriptor.
 */
#ifndef RSV_INTERFACE_MMAP_OFFSET_H
#define RSV_INTERFACE_MMAP_OFFSET_H

#include "types.h"

void rsv_mmap_offset_init(struct rsv_mmap_offsets *o);
int rsv_mmap_offset_add(struct rsv_mmap_offsets *o, struct rsv_buffer *b);
void rsv_mmap_offset_remove(struct rsv_mmap_offsets *o, struct rsv_buffer *b);
struct rsv_buffer *rsv_mmap_offset_get(struct rsv_mmap_offsets *o, unsigned long offset);

#endif /* RSV_INTERFACE_MMAP_OFFSET_H */
