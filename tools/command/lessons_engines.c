// SPDX-License-Identifier: GPL-2.0
/*
 * The lesson about the three engines.
 */
#include <stdio.h>
#include <stdlib.h>

#include "device.h"
#include "draw.h"
#include "lesson.h"
#include "lesson_cache.h"

#define NR_ENGINES 3
#define NR_SIZES   4
#define NR_OLD	   3 /* sizes that are used from the beginning */
#define OBJECTS	   16 /* of each size */

static const uint32_t sizes[NR_SIZES] = {32, 192, 768, 96};

/**
 * struct engine_region - a region whose caches all have one engine
 * @name: name of the engine
 * @flag: RSV_ENGINE_*
 * @ctx: the lesson, with this region
 * @caches: a cache for each size
 */
struct engine_region {
	const char *name;
	uint32_t flag;
	struct lesson_ctx ctx;
	struct lesson_cache caches[NR_SIZES];
};

static struct engine_region engines[NR_ENGINES] = {
	{.name = "slab", .flag = RSV_ENGINE_SLAB},
	{.name = "slub", .flag = RSV_ENGINE_SLUB},
	{.name = "slob", .flag = RSV_ENGINE_SLOB},
};

static void create_engine_region(const struct lesson_ctx *ctx, struct engine_region *e)
{
	char name[RSV_NAME_MAX];
	size_t i;

	e->ctx = *ctx;
	e->ctx.region = create_scratch_region(ctx->fd, WITHOUT_MAGAZINES);
	for (i = 0; i < NR_SIZES; i++) {
		snprintf(name, sizeof(name), "of-%u", sizes[i]);
		create_lesson_cache(&e->ctx, &e->caches[i], name, sizes[i], e->flag);
	}
}

static void destroy_engine_region(struct engine_region *e)
{
	size_t i;

	for (i = 0; i < NR_SIZES; i++)
		destroy_lesson_cache(&e->ctx, &e->caches[i]);
	free_handle(e->ctx.fd, e->ctx.region);
}

/* The steps of the lesson */
static void alloc_old_sizes(struct engine_region *e)
{
	size_t i;

	for (i = 0; i < NR_OLD; i++)
		alloc_objects(&e->ctx, &e->caches[i], OBJECTS);
}

static void free_half(struct engine_region *e)
{
	size_t i;

	for (i = 0; i < NR_OLD; i++)
		free_every_second(&e->ctx, &e->caches[i]);
}

static void alloc_new_size(struct engine_region *e)
{
	alloc_objects(&e->ctx, &e->caches[NR_OLD], OBJECTS);
}

static void free_and_shrink(struct engine_region *e)
{
	size_t i;

	for (i = 0; i < NR_SIZES; i++) {
		if (i < NR_OLD)
			free_objects(&e->ctx, &e->caches[i], e->caches[i].nr);
		shrink_cache(e->ctx.fd, e->caches[i].own.handle);
	}
}

static uint64_t pages_of(const struct engine_region *e)
{
	return query_info(e->ctx.fd, e->ctx.region).slab_bytes / e->ctx.page_size;
}

static void show_engine(const struct engine_region *e)
{
	uint64_t in_objects = 0, nr_pages, pages = pages_of(e);
	char *chars = query_map(e->ctx.fd, e->ctx.region, &nr_pages);
	size_t i;

	for (i = 0; i < NR_SIZES; i++)
		in_objects += (uint64_t)e->caches[i].nr * sizes[i];
	printf("  %s  %.*s  %2llu pages, %4.1f %% in objects\n", e->name, (int)nr_pages, chars,
	       (unsigned long long)pages, percent(in_objects, pages * e->ctx.page_size));
	free(chars);
}

/* Does a step with all engines. Then checks the number of pages of each. */
static void do_step(const struct lesson_ctx *ctx, void (*step)(struct engine_region *e),
		    const uint64_t pages[NR_ENGINES])
{
	size_t i;

	for (i = 0; i < NR_ENGINES; i++) {
		step(&engines[i]);
		expect(ctx, pages_of(&engines[i]), pages[i], engines[i].name);
	}
}

static void show_step(const struct lesson_ctx *ctx)
{
	size_t i;

	putchar('\n');
	for (i = 0; i < NR_ENGINES; i++)
		show_engine(&engines[i]);
	end_step(ctx);
}

static void introduce_engines(const struct lesson_ctx *ctx)
{
	explain("Three engines, three ways to keep track of free objects. Each has a region of %s "
		"here, with a cache for objects of %u, %u and %u bytes.",
		size_text(WITHOUT_MAGAZINES).chars, sizes[0], sizes[1], sizes[2]);
	explain("SLAB (Bonwick 1994) has an array of bufctls for every slab: for each free object "
		"the number of the next one. The bufctls are at the beginning of the slab. For "
		"objects of an eighth of a page and more they are in memory of their own. The "
		"engine does not write to a free object, so the object keeps the state that its "
		"constructor made. The bytes that no object can use move the first object of a "
		"slab by different amounts, the slab's colour, so that objects of different slabs "
		"use different lines of the CPU's cache.");
	explain("SLUB (Lameter 2007) needs no bufctls: its freelist runs through the free objects "
		"themselves. All else that the engine knows of a slab is one word in the frame of "
		"its first page. The links of the freelist are obfuscated and in random order, so "
		"that an overflow cannot easily forge one.");
	explain("SLOB (Mackall 2006) has no slabs for small objects: all sizes share one heap of "
		"slob pages. Slob pages are on three lists: for objects under 256 bytes, under 1 "
		"KB, and under a page. In a slob page the first free block that is large enough "
		"serves a request (first fit). A freed block coalesces with its free neighbours. "
		"SLOB is the slowest engine, for regions where every byte counts.");
	end_step(ctx);
}

static void teach_requests(const struct lesson_ctx *ctx)
{
	static const uint64_t three[NR_ENGINES] = {12, 9, 8}, four[NR_ENGINES] = {16, 12, 8},
			      last[NR_ENGINES] = {7, 3, 4};

	do_step(ctx, alloc_old_sizes, three);
	explain("%u objects of each size are allocated. SLAB and SLUB have a slab for each cache, "
		"and SLAB has one more, for the bufctls of the largest objects. SLOB has one slob "
		"page, of four pages, for the two small sizes together, and one for the large "
		"size.",
		OBJECTS);
	show_step(ctx);

	do_step(ctx, free_half, three);
	explain("Every second object is freed, but no page goes back to the buddy system: every "
		"slab and every slob page still has objects in use.");
	show_step(ctx);

	do_step(ctx, alloc_new_size, four);
	explain("%u objects of a new size, %u bytes. SLAB and SLUB need another slab, although "
		"most of their memory is free: it is free for objects of other sizes only. SLOB "
		"allocates the objects from its free blocks.",
		OBJECTS, sizes[NR_OLD]);
	show_step(ctx);

	do_step(ctx, free_and_shrink, last);
	explain("All objects but these are freed, and the caches are shrunk. SLUB has one slab "
		"left, the one with the new objects. SLAB also has the slab for bufctls, which is "
		"not given back at once. All other slabs were empty and went back. SLOB has one "
		"slob page left, with the new objects where its free blocks were. One object in "
		"use is enough to hold a slob page, whatever the sizes of the other objects in it "
		"were. Objects of one kind are mostly freed at the same time, so a slab, which "
		"has objects of one kind only, is more likely to become empty.");
	show_step(ctx);
}

static void teach_engines(struct lesson_ctx *ctx)
{
	size_t i;

	if (!caches_are_unchecked(ctx))
		return;
	for (i = 0; i < NR_ENGINES; i++)
		create_engine_region(ctx, &engines[i]);
	introduce_engines(ctx);
	teach_requests(ctx);
	for (i = 0; i < NR_ENGINES; i++)
		destroy_engine_region(&engines[i]);
}

const struct lesson lesson_engines = {
	.name = "engines",
	.title = "three engines on the same requests",
	.teach = teach_engines,
};
