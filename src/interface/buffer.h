/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Buffers: handles of pages that a program can map.
 */
#ifndef RSV_INTERFACE_BUFFER_H
#define RSV_INTERFACE_BUFFER_H

#include <linux/container_of.h>
#include <linux/mm.h>
#include <linux/types.h>

#include "types.h"

extern const struct rsv_handle_kind rsv_kind_buffer;

struct rsv_buffer *rsv_buffer_create(struct rsv_region *r, struct rsv_handle *parent,
				     struct rsv_ioc_buffer_alloc *req);
struct rsv_buffer *rsv_buffer_create_scattered(struct rsv_region *r, struct rsv_handle *parent,
					       struct rsv_ioc_scattered_alloc *req);
u64 rsv_buffer_offset(const struct rsv_buffer *b);

static inline struct page *rsv_buffer_page(const struct rsv_buffer *b, unsigned long index)
{
	return b->pages ? b->pages[index] : pfn_to_page(page_to_pfn(b->page) + index);
}

/* The region of a buffer's pages, which exists as long as the buffer */
static inline const struct rsv_region *rsv_buffer_region(const struct rsv_buffer *b)
{
	const struct rsv_handle *h = b->handle.parent;

	return h ? container_of(h, struct rsv_region_handle, handle)->region :
		   rsv_default_region();
}

#endif /* RSV_INTERFACE_BUFFER_H */
