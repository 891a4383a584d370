// SPDX-License-Identifier: GPL-2.0
/*
 * Walks over the pages of a region: who only looks waits for no mutex and lets nobody wait for one,
 * and a run is gathered while others change the region's shape.
 */
#include <linux/bitmap.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "interface/query.h"
#include "pages/walk.h"
#include "support/figures.h"
#include "support/scratch.h"
#include "support/suite.h"
#include "support/variants.h"

#define PAGES	64U

/* How long a query may take that waits for nobody, in jiffies */
#define PATIENCE	(20 * HZ)

/**
 * struct looker - a task that asks all there is to ask about a region
 * @r: the region
 * @c: a cache in it, which has one slab
 * @done: the task has all answers
 * @answers: how many of them are as they must be
 */
struct looker {
	struct rsv_region *r;
	struct rsv_cache *c;
	struct completion done;
	unsigned int answers;
};

#define ANSWERS	7

static bool slab_is_found(struct looker *l)
{
	struct rsv_slab_figures slab;

	return rsv_query_slab(l->c, 0, &slab) && slab.out;
}

static void visit_object(struct rsv_cache *c, struct rsv_extent *e, void *object, void *data)
{
	++*(unsigned int *)data;
}

static bool object_is_visited(struct looker *l)
{
	unsigned int nr = 0;
	const struct rsv_visitor visitor = { .visit = visit_object, .data = &nr };

	l->c->engine->for_each(l->c, &visitor);
	return nr == 1;
}

static int look(void *data)
{
	struct rsv_ioc_zone *zone = kzalloc(sizeof(*zone), GFP_KERNEL);
	struct rsv_ioc_extent extent = {};
	struct rsv_ioc_cache cache = {};
	struct rsv_ioc_info info = {};
	struct looker *l = data;
	char map[PAGES];

	rsv_query_info(l->r, &info);
	l->answers += info.nr_extents == 1 && info.bytes == PAGES * PAGE_SIZE;
	l->answers += zone && !rsv_query_zone(l->r, 0, zone);
	l->answers += !rsv_query_extent(l->r, 0, &extent) && extent.bytes == PAGES * PAGE_SIZE;
	l->answers += !rsv_query_cache(l->r, l->c->id, &cache) && cache.active_objects == 1;
	l->answers += rsv_query_map(l->r, 0, map, PAGES) == PAGES;
	l->answers += slab_is_found(l);
	l->answers += object_is_visited(l);
	kfree(zone);
	complete(&l->done);
	return 0;
}

KUNIT_ARRAY_PARAM_DESC(engines, rsvt_engines, name);

static void who_looks_waits_for_no_mutex(struct kunit *test)
{
	const struct engine_case *k = test->param_value;
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct looker *l = kunit_kzalloc(test, sizeof(*l), GFP_KERNEL);
	void *object;

	KUNIT_ASSERT_NOT_NULL(test, l);
	l->r = r;
	/* An object of a page or more has a slab with every engine. */
	l->c = rsvt_scratch_cache_flags(test, r, PAGE_SIZE, 0, k->flag, NULL);
	object = rsv_cache_alloc(l->c, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, object);
	init_completion(&l->done);

	mutex_lock(&r->shape_lock);
	mutex_lock(&r->caches_lock);
	KUNIT_EXPECT_FALSE(test, IS_ERR(kthread_run(look, l, "looker")));
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&l->done, PATIENCE), 0);
	mutex_unlock(&r->caches_lock);
	mutex_unlock(&r->shape_lock);
	if (l->answers < ANSWERS)
		wait_for_completion_timeout(&l->done, PATIENCE);
	KUNIT_EXPECT_EQ(test, l->answers, ANSWERS);
	rsv_cache_free(l->c, object);
}

static void run_is_gathered_while_others_have_the_shape(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	unsigned long page[PAGES];
	void *run;
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		page[i] = (unsigned long)rsvt_scratch_base(r) + i * PAGE_SIZE;
	for (i = 0; i < PAGES; i++)
		KUNIT_ASSERT_NE(test, rsv_get_free_pages(r, GFP_KERNEL, 0), 0);
	/* Two blocks that are no buddies */
	for (i = 24; i < 40; i++)
		rsv_free_pages(page[i], 0);
	mutex_lock(&r->shape_lock);
	run = rsv_alloc_pages_exact(r, 16 * PAGE_SIZE, GFP_KERNEL);
	mutex_unlock(&r->shape_lock);
	KUNIT_EXPECT_PTR_EQ(test, run, (void *)page[24]);
	if (run)
		rsv_free_pages_exact(run, 16 * PAGE_SIZE);
	for (i = 0; i < PAGES; i++)
		if (i < 24 || i >= 40)
			rsv_free_pages(page[i], 0);
}

static void walk_comes_to_each_page_once(struct kunit *test)
{
	const struct rsv_reserve more = { .bytes = 100 * PAGE_SIZE };
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	unsigned long nr, page, *seen;
	struct rsv_walk w = { .r = r };
	struct rsv_extent *e;

	KUNIT_ASSERT_EQ(test, rsv_region_grow(r, &more), 0);
	nr = r->nr_pages;
	KUNIT_EXPECT_GE(test, nr, PAGES + 100);
	seen = kunit_kzalloc(test, BITS_TO_LONGS(nr) * sizeof(*seen), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, seen);
	rsv_walk_begin();
	while ((e = rsv_walk_extent(&w))) {
		unsigned long some = w.end - w.index;

		for (; w.index < w.end; w.index++)
			KUNIT_EXPECT_FALSE(test, __test_and_set_bit(e->offset + w.index, seen));
		rsv_walk_pause();
		KUNIT_EXPECT_LE(test, some, RSV_WALK_BATCH);
	}
	rsv_walk_end();
	KUNIT_EXPECT_EQ(test, find_first_zero_bit(seen, nr), nr);
	/* From each page on, wherever the walk was before */
	for (page = nr; page--;) {
		rsv_walk_begin();
		e = rsv_walk_seek(&w, page);
		rsv_walk_end();
		KUNIT_ASSERT_NOT_NULL(test, e);
		KUNIT_EXPECT_EQ(test, e->offset + w.index, page);
	}
}

static struct kunit_case walk_cases[] = {
	KUNIT_CASE_PARAM(who_looks_waits_for_no_mutex, engines_gen_params),
	KUNIT_CASE(run_is_gathered_while_others_have_the_shape),
	KUNIT_CASE(walk_comes_to_each_page_once),
	{}};

static struct kunit_suite walk_suite = {
	.name = "reservoir_walk",
	.init = rsvt_suite_init,
	.test_cases = walk_cases,
};

kunit_test_suite(walk_suite);
