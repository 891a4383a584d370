// SPDX-License-Identifier: GPL-2.0
/*
 * Functions that the suites of checks (objects/debug/) share.
 */
#include <linux/kmemleak.h>
#include <linux/string.h>

#include "checks.h"
#include "misuse.h"
#include "objects/debug/check.h"
#include "objects/engine.h"
#include "pages/pagemap.h"
#include "scratch.h"
#include "variants.h"

unsigned int rsvt_param_engine(struct kunit *test)
{
	return ((const struct engine_case *)test->param_value)->flag;
}

struct rsv_cache *rsvt_checked_cache(struct kunit *test, unsigned int size, unsigned int flags,
				     void (*ctor)(void *object))
{
	rsvt_stay_on_this_cpu();
	return rsvt_scratch_cache_flags(test, rsvt_scratch_region(test, SZ_1M), size, 0,
					rsvt_param_engine(test) | flags, ctor);
}

/* Owner records and stacks name these two functions. */
noinline void *rsvt_alloc_here(struct rsv_cache *c)
{
	void *object = rsv_cache_alloc(c, GFP_KERNEL);

	/* Without it the last call would be a jump, and no stack would name this function. */
	barrier();
	return object;
}

noinline void rsvt_free_here(struct rsv_cache *c, void *object)
{
	rsv_cache_free(c, object);
	barrier();
}

/* The last report ends in these words, whatever it says of cache and offset. */
void rsvt_expect_report_ends(struct kunit *test, const char *words)
{
	const char *text = rsvt_last_report(test);
	size_t length = strlen(text), wanted = strlen(words);

	KUNIT_EXPECT_STREQ(test, text + (length > wanted ? length - wanted : 0), words);
}

/* The only extent of the cache's region */
struct rsv_extent *rsvt_extent_of(struct rsv_cache *c)
{
	return c->region->extents->at[0];
}

/* Gives a lost object back to its slab, past all checks, as if it had been free all the time. */
void rsvt_recover(struct kunit *test, struct rsv_cache *c, void *object)
{
	struct rsv_extent *e = rsvt_extent_of(c);
	struct rsv_frame *f = rsv_frame_at(e, object);

	if (c->engine->is_used(c, e, f, object))
		KUNIT_EXPECT_EQ(test, c->engine->mark_cached(c, e, f, object), RSV_OK);
	kmemleak_free(object);
	KUNIT_EXPECT_EQ(test, c->engine->free(c, NULL, e, f, object), RSV_OK);
	this_cpu_inc(c->cpus->slow_frees);
}

static void reset_debug(void *unused)
{
	rsv_debug_parse("-");
}

void rsvt_set_debug(struct kunit *test, const char *text)
{
	KUNIT_ASSERT_EQ(test, rsv_debug_parse(text), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, reset_debug, NULL), 0);
}
