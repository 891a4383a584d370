// SPDX-License-Identifier: GPL-2.0
#include <time.h>

#include "device.h"
#include "step_region.h"

/*
 * The first interval of a region lasts two seconds. If the figures were taken later than
 * YOUNG_MS, the step is tried again, up to TRIES times.
 */
#define YOUNG_MS 1500
#define TRIES	 20

int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void end_step_region(struct lesson_ctx *ctx, const struct step_region *region)
{
	region->end(ctx);
	free_handle(ctx->fd, ctx->region);
}

void begin_step(struct lesson_ctx *ctx, const struct step_region *region, unsigned int step)
{
	int64_t begun;
	int tries = 0;

	for (;;) {
		begun = now_ms();
		ctx->region = create_scratch_region(ctx->fd, region->bytes);
		region->begin(ctx, step);
		if (now_ms() - begun < YOUNG_MS || ++tries == TRIES)
			return;
		end_step_region(ctx, region);
	}
}

void teach_unchecked(struct lesson_ctx *ctx, void (*teach)(struct lesson_ctx *ctx))
{
	struct affinity before = pin_to_cpu(ctx);

	if (caches_are_unchecked(ctx))
		teach(ctx);
	restore_affinity(&before);
}

void expect_figures(const struct lesson_ctx *ctx, const struct lesson_cache *c,
		    const struct rsv_ioc_cache *seen, uint64_t allocated, uint64_t freed)
{
	expect(ctx, seen->active_objects, c->nr, "objects in use");
	expect(ctx, seen->slabs_made, allocated, "slabs allocated");
	expect(ctx, seen->slabs_given, freed, "slabs freed");
}
