/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_OBJECTS_KMALLOC_H
#define RSV_OBJECTS_KMALLOC_H

struct rsv_region;

/*
 * 8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096 and 8192 bytes; what is larger goes to
 * pages
 */
#define RSV_KMALLOC_CLASSES	13
#define RSV_KMALLOC_MAX		8192

int rsv_kmalloc_create(struct rsv_region *r);
void rsv_kmalloc_destroy(struct rsv_region *r);

#endif /* RSV_OBJECTS_KMALLOC_H */
