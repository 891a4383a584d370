// SPDX-License-Identifier: GPL-2.0
/*
 * Batches: which slab serves a request that made one.
 */
#include "objects/cache.h"
#include "objects/engine.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/scratch.h"
#include "support/suite.h"
#include "support/variants.h"

static const struct engine_case slab_engines[] = {
	{"slab", RSV_ENGINE_SLAB | RSV_NO_MAGAZINE},
	{"slub with active slabs", RSV_ENGINE_SLUB | RSV_NO_MAGAZINE},
	{"slub that serves others", RSV_ENGINE_SLUB | RSV_NO_MAGAZINE | RSV_CACHE_INTERNAL},
};

KUNIT_ARRAY_PARAM_DESC(slab_engines, slab_engines, name);

/**
 * struct giver - frees an object before the request makes a slab
 * @engine: stands in for the cache's engine
 * @real: the cache's engine
 * @object: the object; NULL once it is freed
 */
static struct giver {
	struct rsv_engine engine;
	const struct rsv_engine *real;
	void *object;
} giver;

static bool free_before_new_slab(struct rsv_cache *c, gfp_t gfp, int nid, unsigned int nr,
				 struct rsv_batch *t)
{
	if (giver.object)
		rsv_cache_free(c, giver.object);
	giver.object = NULL;
	return giver.real->new_slab(c, gfp, nid, nr, t);
}

/* The giver stands for another CPU. The new slab stays empty, so that it can go back. */
static void object_that_comes_free_while_a_slab_is_made_serves_first(struct kunit *test)
{
	const struct engine_case *engine = test->param_value;
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = rsvt_scratch_cache_flags(test, r, 700, 0, engine->flag, NULL);
	void *object[64], *back, *another;

	rsvt_stay_on_this_cpu();
	KUNIT_ASSERT_LE(test, c->layout.objects, ARRAY_SIZE(object));
	rsvt_objects_alloc(test, c, object, c->layout.objects);
	back = object[0];
	giver = (struct giver){ .engine = *c->engine, .real = c->engine, .object = back };
	giver.engine.new_slab = free_before_new_slab;
	c->engine = &giver.engine;
	another = rsv_cache_alloc(c, GFP_KERNEL);
	c->engine = giver.real;
	KUNIT_EXPECT_NULL(test, giver.object);
	KUNIT_EXPECT_PTR_EQ(test, another, back);
	rsvt_objects_free(c, object, c->layout.objects);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

static struct kunit_case batch_cases[] = {
	KUNIT_CASE_PARAM(object_that_comes_free_while_a_slab_is_made_serves_first,
			 slab_engines_gen_params),
	{}};

static struct kunit_suite batch_suite = {
	.name = "reservoir_batch",
	.init = rsvt_suite_init,
	.test_cases = batch_cases,
};

kunit_test_suite(batch_suite);
