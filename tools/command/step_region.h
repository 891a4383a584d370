/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Steps that have a region each.
 *
 * The kernel module gives back the memory that a cache did not need for an interval. A user who
 * thinks before a key would therefore find other figures afterwards. Each step here begins with a
 * new region, and takes its figures before the first interval of the region ends.
 */
#ifndef STEP_REGION_H
#define STEP_REGION_H

#include <stdint.h>

#include <linux/reservoir.h>

#include "lesson.h"
#include "lesson_cache.h"

/**
 * struct step_region - the parts that the steps of a lesson have in common
 * @bytes: size of the region
 * @begin: brings the region into the state that the step shows, and takes its figures
 * @end: destroys what @begin created
 */
struct step_region {
	uint64_t bytes;
	void (*begin)(struct lesson_ctx *ctx, unsigned int step);
	void (*end)(struct lesson_ctx *ctx);
};

int64_t now_ms(void);

void begin_step(struct lesson_ctx *ctx, const struct step_region *region, unsigned int step);
void end_step_region(struct lesson_ctx *ctx, const struct step_region *region);

/*
 * Runs a lesson on one CPU. Skips it if all caches have checks, since their figures would differ.
 */
void teach_unchecked(struct lesson_ctx *ctx, void (*teach)(struct lesson_ctx *ctx));

void expect_figures(const struct lesson_ctx *ctx, const struct lesson_cache *c,
		    const struct rsv_ioc_cache *seen, uint64_t allocated, uint64_t freed);

#endif /* STEP_REGION_H */
