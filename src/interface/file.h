/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An open descriptor of /dev/reservoir and its handles.
 */
#ifndef RSV_INTERFACE_FILE_H
#define RSV_INTERFACE_FILE_H

#include <linux/types.h>

#include "types.h"

struct rsv_file *rsv_file_create(void);
void rsv_file_destroy(struct rsv_file *f);

struct rsv_handle *rsv_file_find(struct rsv_file *f, u32 number,
				 const struct rsv_handle_kind *kind);
struct rsv_region *rsv_file_region(struct rsv_file *f, u32 number);
struct rsv_region *rsv_file_source(struct rsv_file *f, u32 number, struct rsv_handle **parent);

bool rsv_file_recount(struct rsv_file *f);
bool rsv_file_has_caches_left(const struct rsv_file *f);
bool rsv_file_has_bindings_left(const struct rsv_file *f);
int rsv_file_add(struct rsv_file *f, struct rsv_handle *h, u32 *number);
int rsv_file_add_buffer(struct rsv_file *f, struct rsv_buffer *b, u32 *number, u64 *bytes,
			u64 *mmap_offset);
void rsv_file_drop(struct rsv_file *f, u32 number);

#endif /* RSV_INTERFACE_FILE_H */
