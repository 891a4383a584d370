/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where mmap() finds the buffers of a descriptor: each has a range of page offsets of its own.
 *
 * Offsets below 2 GB are given out first, since a 32-bit program may have no others, and given out
 * in turn, so that one that was freed does not mean another buffer at once. The tree's nodes lie in
 * the buffers: nothing here can fail for want of memory.
 */
#ifndef RSV_INTERFACE_MMAP_OFFSET_H
#define RSV_INTERFACE_MMAP_OFFSET_H

#include <linux/rbtree.h>
#include <linux/spinlock.h>

#include "types.h"

void rsv_offsets_init(struct rsv_mmap_offsets *o);
int rsv_offsets_add(struct rsv_mmap_offsets *o, struct rsv_buffer *b);
void rsv_offsets_remove(struct rsv_mmap_offsets *o, struct rsv_buffer *b);
struct rsv_buffer *rsv_offsets_get(struct rsv_mmap_offsets *o, unsigned long offset);

#endif /* RSV_INTERFACE_MMAP_OFFSET_H */
