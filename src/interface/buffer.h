/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Buffers: pages that a program owns and maps.
 */
#ifndef RSV_INTERFACE_BUFFER_H
#define RSV_INTERFACE_BUFFER_H

#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/types.h>

#include "handle.h"

struct page;
struct rsv_ioc_buffer_alloc;
struct vm_area_struct;

/**
 * struct rsv_buffer - a block of pages, or scattered ones, that a program owns
 * @held: its references: one of its handle, one of each mapping
 * @page: first page of a block, NULL if its pages are scattered
 * @pages: scattered pages in the order of their offsets, else NULL
 * @nr_pages: number of its pages
 * @exact: whether that is what was asked for; else it is a power of two
 * @offset: where mmap() finds it, in pages (with @node, of the one who gives offsets out)
 * @node: place in the tree of offsets, empty while it has none
 * @parked: place on the list of those that nobody has any more, but somebody has pinned
 */
struct rsv_buffer {
	struct rsv_holding held;
	struct page *page;
	struct page **pages;
	unsigned long nr_pages;
	bool exact;
	unsigned long offset;
	struct rb_node node;
	struct list_head parked;
};

extern const struct rsv_holding_kind rsv_kind_buffer;

struct rsv_buffer *rsv_buffer_create(struct rsv_region *r, struct rsv_holding *parent,
				     const struct rsv_ioc_buffer_alloc *want);
struct rsv_buffer *rsv_buffer_create_scattered(struct rsv_region *r, struct rsv_holding *parent,
					       u64 bytes);
int rsv_buffer_mmap(struct rsv_buffer *b, struct vm_area_struct *vma);
void rsv_buffers_exit(void);

#endif /* RSV_INTERFACE_BUFFER_H */
