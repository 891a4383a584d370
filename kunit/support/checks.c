// SPDX-License-Identifier: GPL-2.0
/*
 * What the suites of checks share.
 */
#include <linux/kmemleak.h>
#include <linux/string.h>

#include "checks.h"
#include "objects/engine.h"
#include "region.h"
#include "variants.h"

unsigned int param_engine(struct kunit *test)
{
	return ((const struct engine_case *)test->param_value)->flag;
}

struct rsv_cache *checked_cache(struct kunit *test, unsigned int size, unsigned int flags,
				void (*ctor)(void *object))
{
	stay_on_this_cpu();
	return scratch_cache_flags(test, scratch_region(test, SZ_1M), size, 0,
				   param_engine(test) | flags, ctor);
}

/* Functions that records of owners, and stacks, name */
noinline void *take_here(struct rsv_cache *c)
{
	void *object = rsv_cache_alloc(c, GFP_KERNEL);

	/* Not as the last call, which would be a jump */
	barrier();
	return object;
}

noinline void give_here(struct rsv_cache *c, void *object)
{
	rsv_cache_free(c, object);
	barrier();
}

void poke_byte(void *object, int at, u8 value)
{
	poke(object + at, &value, 1);
}

void peek_bytes(void *object, u8 *bytes, unsigned int nr)
{
	peek(bytes, object, nr);
}

/* Whether a report ends so, whatever the cache and the place */
void expect_words(struct kunit *test, const char *words)
{
	const char *text = last_report(test);
	size_t length = strlen(text), wanted = strlen(words);

	KUNIT_EXPECT_STREQ(test, text + (length > wanted ? length - wanted : 0), words);
}

/* The only one of its region */
struct rsv_extent *extent_of(struct rsv_cache *c)
{
	return c->region->extents->at[0];
}

/* Takes an object that was lost back into its slab, as if it had been free all the time. */
void recover(struct kunit *test, struct rsv_cache *c, void *object)
{
	struct rsv_extent *e = extent_of(c);
	struct rsv_frame *f = rsv_frame_at(e, object);

	if (c->engine->is_used(c, e, f, object))
		KUNIT_EXPECT_EQ(test, c->engine->mark_cached(c, e, f, object), RSV_OK);
	kmemleak_free(object);
	KUNIT_EXPECT_EQ(test, c->engine->free(c, NULL, e, f, object), RSV_OK);
	this_cpu_inc(c->cpus->slow_frees);
}

static void forget_option(void *unused)
{
	rsv_debug_parse("-");
}

void set_option(struct kunit *test, const char *text)
{
	KUNIT_ASSERT_EQ(test, rsv_debug_parse(text), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, forget_option, NULL), 0);
}
