// SPDX-License-Identifier: GPL-2.0
/*
 * The lesson about magazines.
 */
#include <stdio.h>

#include "device.h"
#include "lesson.h"
#include "lesson_cache.h"
#include "step_region.h"

#define MAGAZINE_OBJECTS 300
#define MAGAZINE_SIZE	 256

/* A cache with magazines, the same cache without, and their figures */
static struct lesson_cache with, without;
static struct rsv_ioc_cache seen_with, seen_without;

enum magazine_step {
	ALLOCATED,
	FREED,
	AGAIN,
	SHRUNK,
};

static void use_both(const struct lesson_ctx *ctx, unsigned int step)
{
	struct lesson_cache *const both[] = {&with, &without};
	size_t i;

	for (i = 0; i < 2; i++) {
		alloc_objects(ctx, both[i], MAGAZINE_OBJECTS);
		if (step >= FREED)
			free_objects(ctx, both[i], MAGAZINE_OBJECTS);
		if (step >= AGAIN) {
			alloc_objects(ctx, both[i], MAGAZINE_OBJECTS);
			free_objects(ctx, both[i], MAGAZINE_OBJECTS);
		}
		if (step >= SHRUNK)
			shrink_cache(ctx->fd, both[i]->own.handle);
	}
}

static void show_both(void)
{
	const struct rsv_ioc_cache *a = &seen_with, *b = &seen_without;

	printf("\n  with       %3llu objects in use; slabs: %2llu allocated, %2llu freed\n",
	       (unsigned long long)a->active_objects, (unsigned long long)a->slabs_made,
	       (unsigned long long)a->slabs_given);
	printf("             depot: %llu full, %llu empty; magazines exchanged: %llu\n",
	       (unsigned long long)a->depot_full, (unsigned long long)a->depot_empty,
	       (unsigned long long)a->exchanges);
	printf("  without    %3llu objects in use; slabs: %2llu allocated, %2llu freed\n",
	       (unsigned long long)b->active_objects, (unsigned long long)b->slabs_made,
	       (unsigned long long)b->slabs_given);
}

static void expect_depot(const struct lesson_ctx *ctx, uint64_t full, uint64_t empty,
			 uint64_t exchanges)
{
	expect(ctx, seen_with.depot_full, full, "full magazines in the depot");
	expect(ctx, seen_with.depot_empty, empty, "empty magazines in the depot");
	expect(ctx, seen_with.exchanges, exchanges, "magazines exchanged");
}

static void expect_slabs_of_both(const struct lesson_ctx *ctx, uint64_t allocated, uint64_t freed,
				 uint64_t allocated_without, uint64_t freed_without)
{
	expect_figures(ctx, &with, &seen_with, allocated, freed);
	expect_figures(ctx, &without, &seen_without, allocated_without, freed_without);
}

static void begin_both(struct lesson_ctx *ctx, unsigned int step)
{
	create_lesson_cache(ctx, &with, "with", MAGAZINE_SIZE, RSV_ENGINE_SLUB);
	create_lesson_cache(ctx, &without, "without", MAGAZINE_SIZE,
			    RSV_ENGINE_SLUB | RSV_NO_MAGAZINE);
	use_both(ctx, step);
	seen_with = query_lesson_cache(ctx, &with);
	seen_without = query_lesson_cache(ctx, &without);
}

static void end_both(struct lesson_ctx *ctx)
{
	destroy_lesson_cache(ctx, &with);
	destroy_lesson_cache(ctx, &without);
}

static const struct step_region magazines = {.bytes = KB(1024),
					     .begin = begin_both,
					     .end = end_both};

static void end_magazine_step(struct lesson_ctx *ctx)
{
	show_both();
	end_step_region(ctx, &magazines);
	end_step(ctx);
}

static void teach_magazine_steps(struct lesson_ctx *ctx)
{
	begin_step(ctx, &magazines, ALLOCATED);
	explain("Two caches with objects of %u bytes, and %u objects allocated from each. One "
		"cache has magazines: stacks of %u objects. Every CPU has two of its own, loaded "
		"and previous, so that it needs no lock and no atomic instruction. When both are "
		"empty, the CPU refills from the engine, several objects at once, and the next "
		"requests get these from the magazine.",
		MAGAZINE_SIZE, MAGAZINE_OBJECTS, seen_with.magazine_rounds);
	expect_slabs_of_both(ctx, 7, 0, 7, 0);
	expect_depot(ctx, 0, 0, 0);
	end_magazine_step(ctx);

	begin_step(ctx, &magazines, FREED);
	explain("All objects are freed. Without magazines each goes back to its slab, the slabs "
		"become empty, and all but a few of them go back to the buddy system. With "
		"magazines the objects fill one magazine after the other. Two magazines stay with "
		"the CPU. The others go to the depot, where every CPU can get them. No slab "
		"becomes empty.");
	expect_slabs_of_both(ctx, 7, 0, 7, 4);
	expect_depot(ctx, 3, 0, 0);
	end_magazine_step(ctx);

	begin_step(ctx, &magazines, AGAIN);
	explain("The same again. Without magazines the cache needs new slabs. With magazines no "
		"request reaches the engine. The CPU exchanges an empty magazine for a full one "
		"of the depot when it allocates, and a full one for an empty one when it frees. "
		"Each exchange is enough for %u objects.",
		seen_with.magazine_rounds);
	expect_slabs_of_both(ctx, 7, 0, 11, 4);
	expect_depot(ctx, 3, 0, 6);
	end_magazine_step(ctx);

	begin_step(ctx, &magazines, SHRUNK);
	explain("Both caches are shrunk. The magazines of all CPUs and of the depot are flushed: "
		"their objects go back to their slabs, and the slabs to the buddy system. A "
		"region that runs short of memory does that by itself. Magazines in the depot "
		"that no CPU needed for some seconds are flushed too.");
	expect_slabs_of_both(ctx, 7, 7, 11, 11);
	expect_depot(ctx, 0, 0, 6);
	end_magazine_step(ctx);
}

static void teach_magazines(struct lesson_ctx *ctx)
{
	teach_unchecked(ctx, teach_magazine_steps);
}

const struct lesson lesson_magazines = {
	.name = "magazines",
	.title = "magazines and their depot",
	.teach = teach_magazines,
};
