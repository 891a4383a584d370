/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The caches that lessons create.
 */
#ifndef LESSON_CACHE_H
#define LESSON_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/reservoir.h>

#include "lesson.h"

#define LESSON_OBJECTS_MAX 1024

/*
 * A region of this size has no magazines, since it is smaller than 256 KB. A freed object is back
 * in its slab at once.
 */
#define WITHOUT_MAGAZINES KB(128)

/**
 * struct lesson_cache - a cache of a lesson and its objects in use
 * @own: the cache
 * @objects: handles of the objects in use
 * @nr: their number
 */
struct lesson_cache {
	struct rsv_ioc_cache_create own;
	uint32_t objects[LESSON_OBJECTS_MAX];
	uint32_t nr;
};

/*
 * Whether caches get no checks that they did not ask for. They do if the module was loaded with
 * debug=, and objects lie in their slabs in another way then. The function says so in a line, and
 * the lesson is skipped, which is not a failure.
 */
bool caches_are_unchecked(const struct lesson_ctx *ctx);

/* A cache in the lesson's region; @cache_flags are RSV_ENGINE_* and so on. */
void create_lesson_cache(const struct lesson_ctx *ctx, struct lesson_cache *c, const char *name,
			 uint32_t object_size, uint32_t cache_flags);

/* The same, whose objects are struct rsv_constructed */
void create_constructed_cache(const struct lesson_ctx *ctx, struct lesson_cache *c,
			      uint32_t cache_flags);
void destroy_lesson_cache(const struct lesson_ctx *ctx, struct lesson_cache *c);

struct rsv_ioc_cache query_lesson_cache(const struct lesson_ctx *ctx, const struct lesson_cache *c);
void alloc_objects(const struct lesson_ctx *ctx, struct lesson_cache *c, uint32_t nr);

/* Frees the objects that were allocated last. */
void free_objects(const struct lesson_ctx *ctx, struct lesson_cache *c, uint32_t nr);

/* Frees every second object. */
void free_every_second(const struct lesson_ctx *ctx, struct lesson_cache *c);

void expect_slabs(const struct lesson_ctx *ctx, const struct lesson_cache *c, uint64_t full,
		  uint64_t partial, uint64_t empty);

#endif /* LESSON_CACHE_H */
