/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where mmap() finds the buffers of a descriptor: each has a range of page offsets of its own.
 *
 * Offsets below 2 GB are given out first, since a 32-bit program may have no others, and given out
 * in turn, so that one that was freed does not mean another buffer at once. The tree's nodes lie in
 * the buffers: nothing here can fail for want of memory.
 */
#ifndef RSV_INTERFACE_OFFSETS_H
#define RSV_INTERFACE_OFFSETS_H

#include <linux/rbtree.h>
#include <linux/spinlock.h>

struct rsv_buffer;

/**
 * struct rsv_offsets - the ranges of a descriptor's buffers
 * @lock: taken by mmap() and those who change the tree, who come one at a time
 * @root: the buffers that have a range, by offset; no two overlap
 * @next: where to look for a gap first
 */
struct rsv_offsets {
	spinlock_t lock;	/* guards @root against mmap() */
	struct rb_root root;
	unsigned long next;
};

void rsv_offsets_init(struct rsv_offsets *o);
int rsv_offsets_add(struct rsv_offsets *o, struct rsv_buffer *b);
void rsv_offsets_remove(struct rsv_offsets *o, struct rsv_buffer *b);
struct rsv_buffer *rsv_offsets_get(struct rsv_offsets *o, unsigned long offset);

#endif /* RSV_INTERFACE_OFFSETS_H */
