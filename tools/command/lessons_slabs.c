// SPDX-License-Identifier: GPL-2.0
/*
 * The lessons about slabs.
 */
#include <stdio.h>

#include "device.h"
#include "draw.h"
#include "lesson.h"
#include "lesson_cache.h"

static void expect_layout(const struct lesson_ctx *ctx, const struct rsv_ioc_cache *cache,
			  uint32_t pages, uint32_t objects)
{
	expect(ctx, cache->slab_pages, pages, "pages of a slab");
	expect(ctx, cache->slab_objects, objects, "objects of a slab");
}

/* Shows each object of the cache's slab as # (in use) or . (free), and the state of the slab. */
static void show_slabs(const struct lesson_ctx *ctx, const struct lesson_cache *c)
{
	struct rsv_ioc_cache cache = query_lesson_cache(ctx, c);
	uint64_t i;

	printf("  %-9s  [", cache.name);
	for (i = 0; i < cache.total_objects; i++)
		putchar(i < cache.active_objects ? '#' : '.');
	printf("]  slabs: %llu full, %llu partial, %llu empty\n",
	       (unsigned long long)cache.full_slabs, (unsigned long long)cache.partial_slabs,
	       (unsigned long long)cache.empty_slabs);
}

static void end_slab_step(struct lesson_ctx *ctx, const struct lesson_cache *c)
{
	show_region(ctx);
	show_slabs(ctx, c);
	end_step(ctx);
}

static void destroy_and_show(struct lesson_ctx *ctx, struct lesson_cache *c)
{
	destroy_lesson_cache(ctx, c);
	expect_free(ctx, "128 KB: 1");
	explain("The cache is destroyed. Its slab goes back to the buddy system.");
	show_region(ctx);
	end_step(ctx);
}

static void teach_slab(struct lesson_ctx *ctx)
{
	struct rsv_ioc_cache cache;
	static struct lesson_cache c;

	if (!caches_are_unchecked(ctx))
		return;
	create_lesson_cache(ctx, &c, "two-kb", KB(2), RSV_ENGINE_SLUB);
	cache = query_lesson_cache(ctx, &c);
	expect_layout(ctx, &cache, 3, 6);
	expect(ctx, cache.slab_pages * ctx->page_size, KB(12), "bytes of a slab");
	expect_slabs(ctx, &c, 0, 0, 0);
	explain("A cache with objects of %s. Each slab has %u pages, %s, cut into %u objects with "
		"%u bytes left over. The cache has no slab yet. It gets one from the buddy system "
		"when a request finds no free object in the slabs that it has.",
		size_text(cache.object_size).chars, cache.slab_pages,
		size_text((uint64_t)cache.slab_pages * ctx->page_size).chars, cache.slab_objects,
		cache.slab_waste);
	end_slab_step(ctx, &c);

	alloc_objects(ctx, &c, 1);
	expect_slabs(ctx, &c, 0, 1, 0);
	explain("The first object. The buddy system splits a block until it has one that holds %u "
		"pages, and frees the pages beyond them at once. With one object in use the slab "
		"is partial.",
		cache.slab_pages);
	end_slab_step(ctx, &c);

	alloc_objects(ctx, &c, cache.slab_objects - 1);
	expect_slabs(ctx, &c, 1, 0, 0);
	explain("All %u objects are in use: the slab is full. Another request would need a new "
		"slab. The objects after the first needed no split and no search.",
		c.nr);
	end_slab_step(ctx, &c);

	free_objects(ctx, &c, 1);
	expect_slabs(ctx, &c, 0, 1, 0);
	explain("One object is freed: the slab is partial. The next request gets this object. Its "
		"memory is probably still in the cache of the CPU. A partial slab serves before "
		"an empty one.");
	end_slab_step(ctx, &c);

	free_objects(ctx, &c, c.nr);
	expect_slabs(ctx, &c, 0, 0, 1);
	explain("All objects are freed: the slab is empty. The cache keeps a few empty slabs, so "
		"that the next allocation need not get a slab from the buddy system. Further "
		"empty slabs go back to it.");
	end_slab_step(ctx, &c);
	destroy_and_show(ctx, &c);
}

const struct lesson lesson_slab = {
	.name = "slab",
	.title = "a slab of three pages with six objects of 2 KB: empty, partial, full",
	.bytes = WITHOUT_MAGAZINES,
	.teach = teach_slab,
};

static void teach_descriptor(struct lesson_ctx *ctx)
{
	struct rsv_ioc_cache cache;
	static struct lesson_cache c;

	if (!caches_are_unchecked(ctx))
		return;
	create_lesson_cache(ctx, &c, "process", 1741, RSV_ENGINE_SLUB);
	cache = query_lesson_cache(ctx, &c);
	expect_layout(ctx, &cache, 3, 7);
	explain("A process descriptor of 1.7 KB, %u bytes, takes up %u bytes, for alignment. A "
		"slab of %u pages holds %u descriptors and leaves %u bytes over. A page for each "
		"descriptor would waste %u bytes of every page.",
		cache.object_size, cache.stride, cache.slab_pages, cache.slab_objects,
		cache.slab_waste, ctx->page_size - cache.object_size);
	end_slab_step(ctx, &c);

	alloc_objects(ctx, &c, 1);
	expect_slabs(ctx, &c, 0, 1, 0);
	explain("A process is created. Its descriptor is the first object of a new slab, which is "
		"partial.");
	end_slab_step(ctx, &c);

	alloc_objects(ctx, &c, cache.slab_objects - 1);
	expect_slabs(ctx, &c, 1, 0, 0);
	explain("%u processes. The partial slab served each of them without the buddy system, "
		"until it was full.",
		c.nr);
	end_slab_step(ctx, &c);

	free_objects(ctx, &c, c.nr);
	expect_slabs(ctx, &c, 0, 0, 1);
	explain("All processes have ended: the slab is empty.");
	end_slab_step(ctx, &c);
	destroy_and_show(ctx, &c);
}

const struct lesson lesson_descriptor = {
	.name = "descriptor",
	.title = "a process descriptor of 1.7 KB",
	.bytes = WITHOUT_MAGAZINES,
	.teach = teach_descriptor,
};

static void teach_group(struct lesson_ctx *ctx, struct lesson_cache *c, const char *name,
			uint64_t size, uint32_t pages, const char *why)
{
	struct rsv_ioc_cache cache;
	uint64_t bytes;

	create_lesson_cache(ctx, c, name, size, RSV_ENGINE_SLUB);
	cache = query_lesson_cache(ctx, c);
	bytes = (uint64_t)cache.slab_pages * ctx->page_size;
	expect_layout(ctx, &cache, pages, 4);
	expect(ctx, bytes, 4 * size, "bytes of a slab");
	alloc_objects(ctx, c, cache.slab_objects);
	expect_slabs(ctx, c, 1, 0, 0);
	explain("Objects of %s: %u of them are %s, which is %u pages with %u bytes left over. %s",
		size_text(cache.object_size).chars, cache.slab_objects, size_text(bytes).chars,
		cache.slab_pages, cache.slab_waste, why);
	end_slab_step(ctx, c);
}

static void teach_groups(struct lesson_ctx *ctx)
{
	static struct lesson_cache three, seven;

	if (!caches_are_unchecked(ctx))
		return;
	teach_group(ctx, &three, "three-kb", KB(3), 3,
		    "A page for each object would waste a quarter of all memory.");
	teach_group(ctx, &seven, "seven-kb", KB(7), 7,
		    "A slab may have any number of pages, not only a power of two.");
	destroy_lesson_cache(ctx, &three);
	destroy_lesson_cache(ctx, &seven);
	expect_free(ctx, "128 KB: 1");
	explain("Both caches are destroyed. The pages of their slabs coalesce.");
	show_region(ctx);
	end_step(ctx);
}

const struct lesson lesson_groups = {
	.name = "groups",
	.title = "groups of four objects of 3 KB and of 7 KB",
	.bytes = WITHOUT_MAGAZINES,
	.teach = teach_groups,
};
