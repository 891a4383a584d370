/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files of buffers: descriptors that show one buffer, and what mappings refer to.
 */
#ifndef RSV_INTERFACE_BUFFER_FILE_H
#define RSV_INTERFACE_BUFFER_FILE_H

#include "types.h"

struct file;
struct vm_area_struct;

struct file *rsv_buffer_file_create(struct rsv_buffer *b, int flags);
int rsv_buffer_mmap(struct rsv_buffer *b, struct vm_area_struct *vma);

#endif /* RSV_INTERFACE_BUFFER_FILE_H */
