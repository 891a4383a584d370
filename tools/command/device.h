/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The device: opening it, and its ioctls as functions. What the caller cannot do anything about ends the program with
 * one clear line.
 */
#ifndef DEVICE_H
#define DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/reservoir.h>

#define DEFAULT_REGION	0U

/* Queries only, and everything */
int open_to_look(void);
int open_to_change(void);

struct rsv_ioc_info query_info(int fd, uint32_t region);
struct rsv_ioc_zone query_zone(int fd, uint32_t region, uint32_t index);
struct rsv_ioc_extent query_extent(int fd, uint32_t region, uint32_t index);

/* The first cache numbered @id or higher. False if there is none. */
bool query_cache(int fd, uint32_t region, uint32_t id, struct rsv_ioc_cache *cache);

/* One character a page, and the number of pages at @nr_pages. To be freed by the caller. */
char *query_map(int fd, uint32_t region, uint64_t *nr_pages);

uint32_t create_region(int fd, uint64_t bytes);

/* A handle of the region that is called so; that of the default region for NULL. */
uint32_t open_region(int fd, const char *name);

/* The first region numbered @id or higher. False if there is none. */
bool next_region(int fd, uint32_t id, struct rsv_ioc_region_next *region);

/* Regions that outlive the program. shrink_region() tells how many bytes went. */
void make_region(int fd, const char *name, const struct rsv_ioc_reserve *want, uint32_t nr);
void end_region(int fd, const char *name);
/* The same, for who can go on without: an error number, or 0 */
int try_make_region(int fd, const char *name, const struct rsv_ioc_reserve *want, uint32_t nr);
int try_end_region(int fd, const char *name);
void grow_region(int fd, const char *name, const struct rsv_ioc_reserve *want);
uint64_t shrink_region(int fd, const char *name, uint64_t bytes);

/*
 * The block, or one with handle 0 if the region has none. @want has the region, the bytes, and flags and a node or none.
 */
struct rsv_ioc_buffer_alloc alloc_buffer(int fd, struct rsv_ioc_buffer_alloc want);

/* The same of single pages */
struct rsv_ioc_scattered_alloc alloc_scattered(int fd, uint32_t region, uint64_t bytes);

/* @want says what; its handle and id are filled in. */
void create_cache(int fd, struct rsv_ioc_cache_create *want);

/* Slabs that went back to the region */
uint32_t shrink_cache(int fd, uint32_t cache);

/* An object's handle, or 0 if there is no memory. */
uint32_t alloc_object(int fd, uint32_t cache);

/* Bytes of an object, from its beginning */
void read_object(int fd, uint32_t object, void *bytes, uint32_t length);
void write_object(int fd, uint32_t object, uint32_t offset, const void *bytes, uint32_t length);

void free_handle(int fd, uint32_t handle);

#endif /* DEVICE_H */
