/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The device: opening it, and its ioctls as functions. An error that the caller cannot handle
 * ends the program with a message of one line.
 */
#ifndef DEVICE_H
#define DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/reservoir.h>

#define DEFAULT_REGION 0U

/* Opens the device read-only, or for all ioctls. */
int open_for_queries(void);
int open_for_changes(void);

struct rsv_ioc_info query_info(int fd, uint32_t region);
struct rsv_ioc_zone query_zone(int fd, uint32_t region, uint32_t index);
struct rsv_ioc_extent query_extent(int fd, uint32_t region, uint32_t index);

/* Queries the first cache whose number is at least @id. Returns false if there is none. */
bool query_cache(int fd, uint32_t region, uint32_t id, struct rsv_ioc_cache *cache);

/* Returns one character a page, and sets @nr_pages. The caller frees the characters. */
char *query_map(int fd, uint32_t region, uint64_t *nr_pages);

/*
 * Ends the program after a request for memory, such as "allocate a block", failed with errno: says
 * which of its reasons it was, and @advice, unless that is NULL. The module told @refusal.
 */
_Noreturn void fail_refused(int fd, uint32_t region, const char *what, uint32_t refusal,
			    const char *advice);

uint32_t create_scratch_region(int fd, uint64_t bytes);

/* Returns a handle of the region of this name, or of the default region if @name is NULL. */
bool try_open_region(int fd, const char *name, uint32_t *handle);
uint32_t open_region(int fd, const char *name);

/* Queries the first region whose number is at least @id. Returns false if there is none. */
bool next_region(int fd, uint32_t id, struct rsv_ioc_region_next *region);

/* Regions that outlive the program. shrink_region() returns the bytes that the region gave back. */
void create_region(int fd, const char *name, const struct rsv_ioc_reserve *want, uint32_t nr);
void destroy_region(int fd, const char *name);
/* As these, for a caller that handles the error: they return an error number or 0. */
int try_create_region(int fd, const char *name, const struct rsv_ioc_reserve *want, uint32_t nr);
int try_destroy_region(int fd, const char *name);
void grow_region(int fd, const char *name, const struct rsv_ioc_reserve *want);
uint64_t shrink_region(int fd, const char *name, uint64_t bytes);

/*
 * Allocates a block. The block has handle 0, and a refusal, if the region has no such block or the
 * program may not hold so much: errno tells. @want has the region, the bytes, the flags and the
 * node.
 */
struct rsv_ioc_buffer_alloc alloc_buffer(int fd, struct rsv_ioc_buffer_alloc want);

/* As alloc_buffer(), for single pages */
struct rsv_ioc_scattered_alloc alloc_scattered(int fd, uint32_t region, uint64_t bytes);

/* Creates the cache that @want describes, and sets its handle and id. */
void create_cache(int fd, struct rsv_ioc_cache_create *want);

/* Returns the number of slabs that the cache gave back. */
uint32_t shrink_cache(int fd, uint32_t cache);

/* The object has handle 0, and a refusal, if the region has no memory. */
struct rsv_ioc_object_alloc alloc_object(int fd, uint32_t region, uint32_t cache);

/* Copy bytes from and to an object; read_object() from its beginning. */
void read_object(int fd, uint32_t object, void *bytes, uint32_t length);
void write_object(int fd, uint32_t object, uint32_t offset, const void *bytes, uint32_t length);

void free_handle(int fd, uint32_t handle);

/* The object is free after a grace period. rcu_barrier() waits until all such objects are free. */
void free_object_by_rcu(int fd, uint32_t object);
void rcu_barrier(int fd, uint32_t region);

#endif /* DEVICE_H */
