// SPDX-License-Identifier: GPL-2.0
/*
 * Slabs that leave their caches: what a free that is late, or one too many, finds until a grace
 * period is over, and afterwards.
 */
#include <linux/kmemleak.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/string.h>

#include "objects/batch.h"
#include "objects/cache.h"
#include "objects/engine.h"
#include "objects/leaving.h"
#include "objects/mark.h"
#include "objects/node.h"
#include "pages/pagemap.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/suite.h"
#include "support/variants.h"

KUNIT_ARRAY_PARAM_DESC(variants, rsvt_variants, what);

/* Several to a slab with SLAB and SLUB; a slab of its own with SLOB */
#define SIZE	(PAGE_SIZE + 64)

/* Enough slabs that some leave when all objects are free */
#define SLABS	5
#define OBJECTS_MAX	(SLABS * 8)
#define PAGES_MAX	256

/**
 * struct late - a cache whose objects are free, and what is known of them
 * @c: the cache
 * @e: the extent of its slabs
 * @nr: its objects
 * @object: all of them
 * @gone: an object whose slab has left the cache
 * @pages: pages that others took afterwards
 * @nr_pages: their number
 */
struct late {
	struct rsv_cache *c;
	struct rsv_extent *e;
	unsigned int nr;
	void *object[OBJECTS_MAX];
	void *gone;
	unsigned int nr_pages;
	struct page *pages[PAGES_MAX];
};

static struct late *late_new(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct late *l = kunit_kzalloc(test, sizeof(*l), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, l);
	l->c = rsvt_param_cache(test, r, SIZE, NULL);
	l->e = r->extents->at[0];
	l->nr = SLABS * l->c->layout.objects;
	KUNIT_ASSERT_LE(test, l->nr, OBJECTS_MAX);
	rsvt_objects_alloc(test, l->c, l->object, l->nr);
	return l;
}

static void late_end(struct kunit *test, struct late *l)
{
	struct rsv_region *r = l->c->region;

	rsvt_scratch_cache_end(test, l->c);
	EXPECT_UNTOUCHED(test, r);
}

/* Frees an object past the magazines. */
static void late_free(struct late *l, void *object)
{
	struct rsv_cache *c = l->c;

	if (c->engine->mark_cached(c, l->e, rsv_frame_at(l->e, object), object) != RSV_OK)
		return;
	kmemleak_free(object);
	this_cpu_inc(c->cpus->slow_frees);
	rsv_batch_free_one(c, l->e, object);
}

/* Frees all objects, with preemption disabled. Some slabs leave the cache. */
static void late_free_all(struct late *l)
{
	unsigned int i;

	for (i = 0; i < l->nr; i++)
		late_free(l, l->object[i]);
	for (i = 0; i < l->nr && !l->gone; i++)
		if (!rsv_cache_owning(l->e, l->object[i]))
			l->gone = l->object[i];
}

static unsigned long zone_free_pages(const struct late *l)
{
	return READ_ONCE(l->e->zone->free_pages);
}

/* Somebody else takes all pages of the region, and fills them. */
static void others_take_pages(struct late *l)
{
	struct page *page;

	while (l->nr_pages < PAGES_MAX) {
		page = rsv_alloc_pages(l->c->region, GFP_NOWAIT | __GFP_NOWARN, 0);
		if (!page)
			return;
		memset(page_address(page), 0x5a, PAGE_SIZE);
		l->pages[l->nr_pages++] = page;
	}
}

static void others_free_pages(struct kunit *test, struct late *l)
{
	unsigned int changed = 0;

	while (l->nr_pages) {
		void *at = page_address(l->pages[--l->nr_pages]);

		changed += !!memchr_inv(at, 0x5a, PAGE_SIZE);
		rsv_free_pages((unsigned long)at, 0);
	}
	KUNIT_EXPECT_EQ_MSG(test, changed, 0, "pages of others that a free wrote to");
}

/* --- The grace period ----------------------------------------------------------------------- */

static void nobody_gets_the_pages_before_a_grace_period_is_over(struct kunit *test)
{
	struct late *l = late_new(test);
	unsigned long before = zone_free_pages(l), after;

	preempt_disable();
	late_free_all(l);
	rsv_leaving_free_ended(l->c->region);
	after = zone_free_pages(l);
	preempt_enable();
	KUNIT_EXPECT_NOT_NULL(test, l->gone);
	KUNIT_EXPECT_EQ(test, after, before);

	rsv_leaving_free_all(l->c->region);
	KUNIT_EXPECT_GT(test, zone_free_pages(l), before);
	late_end(test, l);
}

/* Otherwise the pages would be in no figure. The mutex keeps tasks from freeing the slabs. */
static void pages_count_as_leaving_until_they_are_free(struct kunit *test)
{
	struct late *l = late_new(test);
	struct rsv_region *r = l->c->region;
	u64 in_slabs = rsvt_cache_count(l->c).pages << PAGE_SHIFT, free, leaving;

	free = rsvt_region_free_bytes(r);
	KUNIT_EXPECT_EQ(test, rsvt_query_region(r).leaving_bytes, 0);
	mutex_lock(&r->leaving.mutex);
	preempt_disable();
	late_free_all(l);
	preempt_enable();
	leaving = rsvt_query_region(r).leaving_bytes;
	KUNIT_EXPECT_GT(test, leaving, 0);
	KUNIT_EXPECT_EQ(test, leaving + (rsvt_cache_count(l->c).pages << PAGE_SHIFT), in_slabs);
	mutex_unlock(&r->leaving.mutex);

	KUNIT_EXPECT_EQ(test, rsvt_region_free_bytes(r), free + leaving);
	KUNIT_EXPECT_EQ(test, rsvt_query_region(r).leaving_bytes, 0);
	late_end(test, l);
}

/*
 * CPU C sees that the page is the cache's, and is interrupted. Meanwhile the slab leaves, and
 * others take all pages that they can get. Then C goes on.
 */
static void double_free_that_meets_its_slab_going_back_changes_nothing(struct kunit *test)
{
	struct late *l = late_new(test);
	enum rsv_misuse misuse = RSV_OK;

	preempt_disable();
	late_free_all(l);
	others_take_pages(l);
	if (l->gone)
		misuse = l->c->engine->mark_cached(l->c, l->e, rsv_frame_at(l->e, l->gone),
						   l->gone);
	preempt_enable();
	KUNIT_EXPECT_EQ(test, misuse, RSV_DOUBLE_FREE);
	others_free_pages(test, l);
	late_end(test, l);
}

static void expect_double_frees(struct kunit *test, struct late *l)
{
	KUNIT_EXPECT_NOT_NULL(test, l->gone);
	if (!l->gone)
		return;
	EXPECT_REPORT(test, RSV_DOUBLE_FREE, rsvt_report_free(test, l->c, l->gone),
		      rsv_cache_free(l->c, l->gone));
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_cache_free_bulk(l->c, 1, &l->gone));
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_kfree(l->gone));
}

/* The mutex keeps tasks from freeing the slabs, however long the reports take. */
static void double_free_is_called_so_while_the_slab_is_leaving(struct kunit *test)
{
	struct late *l = late_new(test);
	struct rsv_region *r = l->c->region;

	mutex_lock(&r->leaving.mutex);
	preempt_disable();
	late_free_all(l);
	preempt_enable();
	expect_double_frees(test, l);
	KUNIT_EXPECT_GT(test, rsvt_query_region(r).leaving_bytes, 0);
	mutex_unlock(&r->leaving.mutex);
	late_end(test, l);
}

static void double_free_is_called_so_when_the_pages_are_free(struct kunit *test)
{
	struct late *l = late_new(test);

	preempt_disable();
	late_free_all(l);
	preempt_enable();
	rsv_leaving_free_all(l->c->region);
	expect_double_frees(test, l);
	late_end(test, l);
}

/* A magazine had it a second time, because two CPUs freed it at once. */
static void object_is_not_put_back_once_its_slab_has_left(struct kunit *test)
{
	struct late *l = late_new(test);

	preempt_disable();
	late_free_all(l);
	preempt_enable();
	KUNIT_ASSERT_NOT_NULL(test, l->gone);
	this_cpu_inc(l->c->cpus->slow_frees);
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_batch_free_one(l->c, l->e, l->gone));
	rsv_leaving_free_all(l->c->region);
	others_take_pages(l);
	this_cpu_inc(l->c->cpus->slow_frees);
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_batch_free_one(l->c, l->e, l->gone));
	others_free_pages(test, l);
	late_end(test, l);
}

static void request_that_may_not_sleep_gets_pages_whose_grace_period_is_over(struct kunit *test)
{
	struct late *l = late_new(test);
	unsigned int before;

	preempt_disable();
	late_free_all(l);
	others_take_pages(l);
	before = l->nr_pages;
	preempt_enable();
	synchronize_rcu();
	others_take_pages(l);
	KUNIT_EXPECT_GT(test, l->nr_pages, before);
	others_free_pages(test, l);
	late_end(test, l);
}

static void request_that_may_sleep_hurries_the_grace_period(struct kunit *test)
{
	struct late *l = late_new(test);
	struct page *page;

	preempt_disable();
	late_free_all(l);
	others_take_pages(l);
	preempt_enable();
	page = rsv_alloc_pages(l->c->region, GFP_KERNEL, 0);
	KUNIT_EXPECT_NOT_NULL(test, page);
	if (page)
		__rsv_free_pages(page, 0);
	others_free_pages(test, l);
	late_end(test, l);
}

/* Only the pages that wait for a grace period are missing, so no cache loses what it retains. */
static void request_that_hurries_leaves_other_caches_alone(struct kunit *test)
{
	struct late *l = late_new(test);
	u64 empty;
	void *p;

	preempt_disable();
	late_free_all(l);
	others_take_pages(l);
	preempt_enable();
	empty = rsvt_query_cache(l->c).empty_slabs;
	KUNIT_EXPECT_GT(test, empty, 0);
	p = (void *)rsv_get_free_pages(l->c->region, GFP_KERNEL, 0);
	KUNIT_EXPECT_NOT_NULL(test, p);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(l->c).empty_slabs, empty);
	rsv_free_pages((unsigned long)p, 0);
	others_free_pages(test, l);
	late_end(test, l);
}

/* A small slab would do, but whole ones only wait for a grace period. */
static void slabs_stay_whole_while_others_are_leaving(struct kunit *test)
{
	struct late *l = late_new(test);
	u64 slabs = rsvt_query_cache(l->c).full_slabs;

	preempt_disable();
	late_free_all(l);
	preempt_enable();
	rsvt_objects_alloc(test, l->c, l->object, l->nr);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(l->c).full_slabs, slabs);
	rsvt_objects_free(l->c, l->object, l->nr);
	late_end(test, l);
}

/* --- Two CPUs that free one object at once --------------------------------------------------- */

/* The other CPU found the object used, and marks it when its slab has left already. */
static void slab_with_an_object_in_a_magazine_is_lost_not_given_away(struct kunit *test)
{
	struct rsv_frame *slab;
	unsigned long before;
	struct late *l;

	if (rsvt_variant_is(test->param_value, RSV_ENGINE_SLAB))
		kunit_skip(test, "the mark is not in the object");
	l = late_new(test);
	preempt_disable();
	late_free_all(l);
	preempt_enable();
	KUNIT_ASSERT_NOT_NULL(test, l->gone);
	slab = rsv_slab_head(l->e, rsv_frame_at(l->e, l->gone));
	rsv_object_set_cached(l->c, l->gone);
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_leaving_free_all(l->c->region));
	KUNIT_EXPECT_EQ(test, rsvt_query_region(l->c->region).leaving_bytes, 0);
	others_take_pages(l);
	KUNIT_EXPECT_EQ(test, slab->kind, RSV_FRAME_SLAB);
	others_free_pages(test, l);

	/* With the mark of a free object the slab would have gone. */
	before = zone_free_pages(l);
	rsv_mark_write(l->c, rsv_mark_at(l->c, l->gone), RSV_SLAB_NONE);
	l->c->engine->free_slab(l->c, slab);
	KUNIT_EXPECT_GT(test, zone_free_pages(l), before);
	late_end(test, l);
}

/*
 * The other CPU found the object used, and marks it when it is on the freelist already. Then it
 * goes back to the engine a second time.
 */
static void free_again(struct kunit *test, struct late *l, void *object)
{
	rsv_object_set_cached(l->c, object);
	this_cpu_inc(l->c->cpus->slow_frees);
	rsv_batch_free_one(l->c, l->e, object);
}

/* Makes the slab of an object one that is empty, past all checks: it lost free objects. */
static void recover_slab(struct late *l, void *object)
{
	struct rsv_frame *f = rsv_frame_at(l->e, object), *slab = rsv_slab_head(l->e, f);
	union rsv_slab_word word = rsv_slab_read(slab);
	void *at = rsv_frame_addr(l->e, slab) + l->c->layout.before;
	unsigned int i;

	for (i = 0; i < word.carved; i++, at += l->c->layout.stride)
		rsv_mark_write(l->c, rsv_mark_at(l->c, at), RSV_SLAB_NONE);
	word.inuse = 1;
	word.free = RSV_SLAB_NONE;
	WRITE_ONCE(slab->slab, word.word);
	rsv_object_set_cached(l->c, object);
	l->c->engine->free(l->c, NULL, l->e, f, object);
	this_cpu_add(l->c->cpus->slow_frees, rsvt_query_cache(l->c).active_objects);
}

/* Another object of the slab is used, so that the engine cannot tell by the count. */
static void object_that_is_on_a_freelist_twice_is_allocated_once(struct kunit *test)
{
	struct misuse_counts before;
	void *again[OBJECTS_MAX];
	unsigned int nr, i;
	struct late *l;

	if (!rsvt_variant_is(test->param_value, RSV_ENGINE_SLUB))
		kunit_skip(test, "the engine has another freelist");
	l = late_new(test);
	rsvt_misuse_counts_read(&before);
	late_free(l, l->object[0]);
	late_free(l, l->object[1]);
	free_again(test, l, l->object[0]);
	nr = rsv_cache_alloc_bulk(l->c, GFP_KERNEL, 8, again);
	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_FALSE(test, rsvt_object_among(again[i], again, i));
	KUNIT_EXPECT_GE(test, rsvt_nr_misuses_since(&before), 1);
	rsvt_objects_free(l->c, again, nr);
	rsvt_objects_free(l->c, l->object + 2, l->nr - 2);
	rsv_cache_shrink(l->c);
	if (rsv_cache_owning(l->e, l->object[0]) == l->c)
		recover_slab(l, l->object[0]);
	late_end(test, l);
}

static struct kunit_case leaving_cases[] = {
	KUNIT_CASE_PARAM(nobody_gets_the_pages_before_a_grace_period_is_over, variants_gen_params),
	KUNIT_CASE_PARAM(pages_count_as_leaving_until_they_are_free, variants_gen_params),
	KUNIT_CASE_PARAM(double_free_that_meets_its_slab_going_back_changes_nothing,
			 variants_gen_params),
	KUNIT_CASE_PARAM(double_free_is_called_so_while_the_slab_is_leaving, variants_gen_params),
	KUNIT_CASE_PARAM(double_free_is_called_so_when_the_pages_are_free, variants_gen_params),
	KUNIT_CASE_PARAM(object_is_not_put_back_once_its_slab_has_left, variants_gen_params),
	KUNIT_CASE_PARAM(request_that_may_not_sleep_gets_pages_whose_grace_period_is_over,
			 variants_gen_params),
	KUNIT_CASE_PARAM(request_that_may_sleep_hurries_the_grace_period, variants_gen_params),
	KUNIT_CASE_PARAM(request_that_hurries_leaves_other_caches_alone, variants_gen_params),
	KUNIT_CASE_PARAM(slabs_stay_whole_while_others_are_leaving, variants_gen_params),
	KUNIT_CASE_PARAM(slab_with_an_object_in_a_magazine_is_lost_not_given_away,
			 variants_gen_params),
	KUNIT_CASE_PARAM(object_that_is_on_a_freelist_twice_is_allocated_once, variants_gen_params),
	{}};

static struct kunit_suite leaving_suite = {
	.name = "reservoir_leaving",
	.init = rsvt_suite_init,
	.test_cases = leaving_cases,
};

kunit_test_suite(leaving_suite);
