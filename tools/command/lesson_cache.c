// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "device.h"
#include "lesson_cache.h"

bool caches_are_unchecked(const struct lesson_ctx *ctx)
{
	static struct lesson_cache probe;
	uint32_t flags;

	create_lesson_cache(ctx, &probe, "probe", 64, RSV_NO_MAGAZINE);
	flags = query_lesson_cache(ctx, &probe).cache_flags;
	destroy_lesson_cache(ctx, &probe);
	if (!(flags & (RSV_RED_ZONE | RSV_POISON | RSV_STORE_USER)))
		return true;
	explain("Skipped: the module was loaded with debug=, which changes how objects lie in their slabs.");
	return false;
}

static void set_lesson_cache(const struct lesson_ctx *ctx, struct lesson_cache *c, const char *name,
			     uint32_t object_size, uint32_t cache_flags)
{
	memset(c, 0, sizeof(*c));
	c->own.region = ctx->region;
	c->own.object_size = object_size;
	c->own.cache_flags = cache_flags;
	snprintf(c->own.name, sizeof(c->own.name), "%s", name);
}

void create_lesson_cache(const struct lesson_ctx *ctx, struct lesson_cache *c, const char *name,
			 uint32_t object_size, uint32_t cache_flags)
{
	set_lesson_cache(ctx, c, name, object_size, cache_flags);
	create_cache(ctx->fd, &c->own);
}

void create_constructed_cache(const struct lesson_ctx *ctx, struct lesson_cache *c,
			      uint32_t cache_flags)
{
	set_lesson_cache(ctx, c, "constructed", sizeof(struct rsv_constructed), cache_flags);
	c->own.flags = RSV_CACHE_CONSTRUCTED;
	create_cache(ctx->fd, &c->own);
}

void destroy_lesson_cache(const struct lesson_ctx *ctx, struct lesson_cache *c)
{
	free_objects(ctx, c, c->nr);
	free_handle(ctx->fd, c->own.handle);
}

struct rsv_ioc_cache query_lesson_cache(const struct lesson_ctx *ctx, const struct lesson_cache *c)
{
	struct rsv_ioc_cache cache;

	if (!query_cache(ctx->fd, c->own.region, c->own.id, &cache) || cache.id != c->own.id)
		fail("lesson %s: the cache '%s' is not found", ctx->lesson, c->own.name);
	return cache;
}

void alloc_objects(const struct lesson_ctx *ctx, struct lesson_cache *c, uint32_t nr)
{
	while (nr--) {
		uint32_t object = alloc_object(ctx->fd, ctx->region, c->own.handle).handle;

		if (!object || c->nr == LESSON_OBJECTS_MAX)
			fail("lesson %s: the cache '%s' has no object", ctx->lesson, c->own.name);
		c->objects[c->nr++] = object;
	}
}

void free_objects(const struct lesson_ctx *ctx, struct lesson_cache *c, uint32_t nr)
{
	while (nr--)
		free_handle(ctx->fd, c->objects[--c->nr]);
}

void free_every_second(const struct lesson_ctx *ctx, struct lesson_cache *c)
{
	uint32_t i, left = 0;

	for (i = 0; i < c->nr; i++) {
		if (i % 2)
			c->objects[left++] = c->objects[i];
		else
			free_handle(ctx->fd, c->objects[i]);
	}
	c->nr = left;
}

void expect_slabs(const struct lesson_ctx *ctx, const struct lesson_cache *c, uint64_t full,
		  uint64_t partial, uint64_t empty)
{
	struct rsv_ioc_cache cache = query_lesson_cache(ctx, c);

	expect(ctx, cache.active_objects, c->nr, "objects in use");
	expect(ctx, cache.full_slabs, full, "full slabs");
	expect(ctx, cache.partial_slabs, partial, "partial slabs");
	expect(ctx, cache.empty_slabs, empty, "empty slabs");
}
