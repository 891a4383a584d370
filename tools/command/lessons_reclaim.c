// SPDX-License-Identifier: GPL-2.0
/*
 * The lesson about empty slabs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "command.h"
#include "device.h"
#include "lesson.h"
#include "lesson_cache.h"
#include "step_region.h"

#define SLABS	     6
#define SLAB_OBJECTS 6 /* of 2 KB, in three pages */

/* The time that empty slabs may stay, and that a grace period may take, on a slow machine */
#define PATIENCE_MS 30000
#define POLL_MS	    10

enum reclaim_step {
	FILLED,
	EMPTIED,
	REPEATED,
	SETTLED,
	UNUSED,
	SHRUNK,
};

static struct lesson_cache reclaimed;
static struct rsv_ioc_cache seen_cache;
static struct snapshot seen_region;
static uint32_t shrunk;

/*
 * Waits until the slabs that left the cache are free. The length of a grace period depends on the
 * machine, and where the next slabs lie depends on which pages are free.
 */
static void wait_for_grace_period(const struct lesson_ctx *ctx)
{
	int64_t begun = now_ms();

	while (query_info(ctx->fd, ctx->region).leaving_bytes) {
		if (now_ms() - begun >= PATIENCE_MS)
			fail("lesson %s: slabs that left the cache do not become free",
			     ctx->lesson);
		usleep(POLL_MS * 1000);
	}
}

static void use_slabs(const struct lesson_ctx *ctx, unsigned int step)
{
	static const unsigned int rounds[] = {
		[EMPTIED] = 1, [REPEATED] = 2, [SETTLED] = 10, [UNUSED] = 2, [SHRUNK] = 2,
	};
	unsigned int i;

	for (i = 0; i < rounds[step]; i++) {
		alloc_objects(ctx, &reclaimed, SLABS * SLAB_OBJECTS);
		free_objects(ctx, &reclaimed, SLABS * SLAB_OBJECTS);
		wait_for_grace_period(ctx);
	}
	if (step == FILLED)
		alloc_objects(ctx, &reclaimed, SLABS * SLAB_OBJECTS);
	if (step == SHRUNK)
		shrunk = shrink_cache(ctx->fd, reclaimed.own.handle);
}

static void take_figures(const struct lesson_ctx *ctx)
{
	free(seen_region.chars);
	seen_cache = query_lesson_cache(ctx, &reclaimed);
	seen_region = take_snapshot(ctx);
}

static void begin_slabs(struct lesson_ctx *ctx, unsigned int step)
{
	create_lesson_cache(ctx, &reclaimed, "reclaimed", KB(2), RSV_ENGINE_SLUB);
	use_slabs(ctx, step);
	take_figures(ctx);
}

static void end_slabs(struct lesson_ctx *ctx)
{
	destroy_lesson_cache(ctx, &reclaimed);
}

static const struct step_region slabs = {.bytes = WITHOUT_MAGAZINES,
					 .begin = begin_slabs,
					 .end = end_slabs};

static void expect_seen(const struct lesson_ctx *ctx, uint64_t full, uint64_t empty,
			uint64_t allocated, uint64_t freed)
{
	expect(ctx, seen_cache.full_slabs, full, "full slabs");
	expect(ctx, seen_cache.partial_slabs, 0, "partial slabs");
	expect(ctx, seen_cache.empty_slabs, empty, "empty slabs");
	expect_figures(ctx, &reclaimed, &seen_cache, allocated, freed);
}

static void end_reclaim_step(struct lesson_ctx *ctx)
{
	ctx->shown = seen_region.zone;
	show_snapshot(ctx, &seen_region);
	printf("  slabs      %llu full, %llu empty; %llu allocated, %llu freed\n",
	       (unsigned long long)seen_cache.full_slabs,
	       (unsigned long long)seen_cache.empty_slabs,
	       (unsigned long long)seen_cache.slabs_made,
	       (unsigned long long)seen_cache.slabs_given);
	end_step_region(ctx, &slabs);
	end_step(ctx);
}

static void wait_for_reap(const struct lesson_ctx *ctx)
{
	int64_t begun = now_ms();

	while (query_lesson_cache(ctx, &reclaimed).empty_slabs && now_ms() - begun < PATIENCE_MS)
		usleep(POLL_MS * 1000);
	wait_for_grace_period(ctx);
	take_figures(ctx);
}

static void teach_reclaim_steps(struct lesson_ctx *ctx)
{
	begin_step(ctx, &slabs, FILLED);
	expect_seen(ctx, SLABS, 0, SLABS, 0);
	explain("%u objects of 2 KB, which fill %u slabs.", SLABS * SLAB_OBJECTS, SLABS);
	end_reclaim_step(ctx);

	begin_step(ctx, &slabs, EMPTIED);
	expect_seen(ctx, 0, 2, SLABS, 4);
	explain("All objects are freed, and all slabs become empty. The cache keeps two of them: "
		"without these, a program that allocates and frees one object in turn would "
		"allocate and free a slab each time. The other slabs go back to the buddy system: "
		"not at once, but after a grace period of RCU, when no CPU can still be looking "
		"at them.");
	end_reclaim_step(ctx);

	begin_step(ctx, &slabs, REPEATED);
	expect_seen(ctx, 0, SLABS, 10, 4);
	explain("The same again, after the grace period. The cache needed four slabs that it had "
		"given back a moment ago, which was too early. For each of them it keeps one more "
		"empty slab from now on. This time all six slabs stay.");
	end_reclaim_step(ctx);

	begin_step(ctx, &slabs, SETTLED);
	expect_seen(ctx, 0, SLABS, 10, 4);
	explain("The same eight times more. The cache allocates no slab and gives none back.");
	end_reclaim_step(ctx);

	begin_step(ctx, &slabs, UNUSED);
	wait_for_reap(ctx);
	expect_seen(ctx, 0, 0, 10, 10);
	explain("Nothing is allocated for a while. The slabs that were empty for two seconds go "
		"back to the buddy system, and the cache keeps that many fewer the next time.");
	end_reclaim_step(ctx);

	begin_step(ctx, &slabs, SHRUNK);
	expect(ctx, shrunk, SLABS, "slabs freed");
	expect_seen(ctx, 0, 0, 10, 10);
	explain("To get the slabs back at once, shrink the cache. A region that runs short of "
		"memory shrinks all its caches.");
	end_reclaim_step(ctx);
}

static void teach_reclaim(struct lesson_ctx *ctx)
{
	teach_unchecked(ctx, teach_reclaim_steps);
}

const struct lesson lesson_reclaim = {
	.name = "reclaim",
	.title = "what becomes of empty slabs",
	.teach = teach_reclaim,
};
