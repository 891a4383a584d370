// SPDX-License-Identifier: GPL-2.0
/*
 * Frees by RCU where memory, caches or regions end: an exhausted region gets the memory back,
 * guaranteed objects are replaced, and the end of a cache or a region waits for them. Also memory
 * by the byte.
 */
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "objects/cpu.h"
#include "objects/magazine.h"
#include "objects/rcu_ended.h"
#include "objects/rcu_frees.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/magazines.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/suite.h"
#include "support/variants.h"

KUNIT_ARRAY_PARAM_DESC(variants, rsvt_variants, what);
KUNIT_ARRAY_PARAM_DESC(engines, rsvt_engines, name);

/* Objects of 64 bytes, which have their rcu_head at the beginning */
struct tiny {
	struct rcu_head rcu;
	u8 bytes[SIZE - sizeof(struct rcu_head)];
};

static struct rsv_cache *tiny_cache(struct kunit *test)
{
	return rsvt_param_cache(test, rsvt_magazine_region(test), SIZE, NULL);
}

static void tinies_free_rcu(struct rsv_cache *c, void **object, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		rsv_cache_free_rcu(c, object[i], object[i]);
}

/* All objects that the region has room for */
static unsigned int take_all(struct rsv_cache *c, void **object, unsigned int most)
{
	unsigned int nr;

	for (nr = 0; nr < most; nr++) {
		object[nr] = rsv_cache_alloc(c, GFP_KERNEL | __GFP_NOWARN);
		if (!object[nr])
			break;
	}
	return nr;
}

#define MOST	(REGION / SIZE)

static void expect_untouched(struct kunit *test, struct rsv_cache *c)
{
	struct rsv_region *r = c->region;

	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).rcu_waiting, 0);
	rsvt_scratch_cache_end(test, c);
	rsvt_settle(r);
	rsvt_expect_all_free(test, r);
}

/* --- Exhausted regions ---------------------------------------------------------------------- */

/* No magazine is to be had either. */
static void request_that_may_sleep_gets_what_waits(struct kunit *test)
{
	struct rsv_cache *c = tiny_cache(test);
	void **object = rsvt_objects_array(test, MOST), *again;
	unsigned int nr = take_all(c, object, MOST);

	KUNIT_ASSERT_GT(test, nr, 0);
	tinies_free_rcu(c, object, nr);
	again = rsv_cache_alloc(c, GFP_KERNEL);
	KUNIT_EXPECT_NOT_NULL(test, again);
	rsv_cache_free(c, again);
	rsv_rcu_barrier(c->region);
	expect_untouched(test, c);
}

static void request_for_pages_gets_what_waits(struct kunit *test)
{
	struct rsv_cache *c = tiny_cache(test);
	void **object = rsvt_objects_array(test, MOST);
	unsigned int nr = take_all(c, object, MOST);
	struct page *page;

	tinies_free_rcu(c, object, nr);
	page = rsv_alloc_pages(c->region, GFP_KERNEL, 4);
	KUNIT_EXPECT_NOT_NULL(test, page);
	if (page)
		__rsv_free_pages(page, 4);
	rsv_rcu_barrier(c->region);
	expect_untouched(test, c);
}

/* Few objects: they do not fill a magazine, so the CPU still has them. */
static void request_gets_the_last_objects_that_wait(struct kunit *test)
{
	struct rsv_cache *c = tiny_cache(test);
	void **object = rsvt_objects_array(test, MOST), *again;
	unsigned int nr = take_all(c, object, MOST);

	tinies_free_rcu(c, object, 2);
	again = rsv_cache_alloc(c, GFP_KERNEL);
	KUNIT_EXPECT_NOT_NULL(test, again);
	object[1] = again;
	rsvt_objects_free(c, object + 1, nr - 1);
	rsv_rcu_barrier(c->region);
	expect_untouched(test, c);
}

/* The mutex keeps the work from freeing them. */
static void request_that_may_not_sleep_gets_what_has_waited(struct kunit *test)
{
	struct rsv_cache *c = tiny_cache(test);
	void **object = rsvt_objects_array(test, MOST), *again;
	struct rsv_rcu_frees *f = &c->region->rcu_frees;
	unsigned int nr = take_all(c, object, MOST);

	mutex_lock(&f->mutex);
	tinies_free_rcu(c, object, nr);
	rsv_rcu_submit_local(c);
	synchronize_rcu();
	again = rsv_cache_alloc(c, GFP_NOWAIT);
	KUNIT_EXPECT_NOT_NULL(test, again);
	mutex_unlock(&f->mutex);
	rsv_cache_free(c, again);
	rsv_rcu_barrier(c->region);
	expect_untouched(test, c);
}

/*
 * What has ended is freed first. A free in an exhausted region may move on what waits meanwhile:
 * that must not get past the caller.
 */
static void all_is_freed_that_waited_though_it_moves_on(struct kunit *test)
{
	struct rsv_cache *c = tiny_cache(test);
	void **object = rsvt_objects_array(test, MOST);
	struct rsv_rcu_frees *f = &c->region->rcu_frees;
	unsigned int nr = take_all(c, object, MOST), i;

	/* The mutex keeps the work from freeing them. */
	mutex_lock(&f->mutex);
	tinies_free_rcu(c, object, nr / 2);
	rsv_rcu_submit_local(c);
	/* Of those whose grace period has ended this frees few. */
	for (i = 0; i < 2; i++) {
		synchronize_rcu();
		rsv_rcu_free_ended(c->region);
	}
	tinies_free_rcu(c, object + nr / 2, nr - nr / 2);
	rsv_rcu_submit_local(c);
	/* All but one of the others wait for a grace period, which is over. */
	raw_spin_lock_irq(&f->lock);
	swap(f->waiting, f->arrived);
	get_state_synchronize_rcu_full(&f->grace);
	raw_spin_unlock_irq(&f->lock);
	synchronize_rcu();
	mutex_unlock(&f->mutex);
	/* The next free asks for a magazine, and therefore for memory. */
	if (c->magazine_cache)
		WRITE_ONCE(c->magazine_cache->failed, jiffies - 1);
	rsv_rcu_free_all(c->region);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
	expect_untouched(test, c);
}

#define RESERVED	10U

/*
 * A free in an exhausted region may ask for a magazine, whose request frees more of what has ended.
 * The work must not free one object on top of the other: the stack has room for few.
 */
static void work_frees_what_an_exhausted_region_waits_for(struct kunit *test)
{
	const struct engine_case *k = test->param_value;
	struct rsv_cache *c = rsvt_magazine_cache(test, k->flag);
	void **object = rsvt_objects_array(test, REGION / SIZE + 1);
	unsigned int nr = 0;

	while ((object[nr] = rsv_cache_alloc(c, GFP_KERNEL | __GFP_NOWARN)))
		nr++;
	tinies_free_rcu(c, object, nr);
	rcu_barrier();
	flush_rcu_work(&c->region->rcu_frees.work);
	object[0] = rsv_cache_alloc(c, GFP_NOWAIT);
	KUNIT_EXPECT_NOT_NULL(test, object[0]);
	rsv_cache_free(c, object[0]);
	rsv_rcu_barrier(c->region);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
	expect_untouched(test, c);
}

static void missing_guaranteed_objects_come_first(struct kunit *test)
{
	struct rsv_cache *c = tiny_cache(test);
	void **object = rsvt_objects_array(test, MOST);
	unsigned int nr;

	KUNIT_ASSERT_EQ(test, rsv_cache_reserve(c, RESERVED), 0);
	nr = take_all(c, object, MOST);
	KUNIT_EXPECT_EQ(test, c->guarantee.nr, 0);
	tinies_free_rcu(c, object, RESERVED + 50);
	KUNIT_EXPECT_EQ(test, c->guarantee.nr, 0);
	rsv_rcu_barrier(c->region);
	KUNIT_EXPECT_EQ(test, c->guarantee.nr, RESERVED);
	rsvt_objects_free(c, object + RESERVED + 50, nr - RESERVED - 50);
	KUNIT_ASSERT_EQ(test, rsv_cache_reserve(c, 0), 0);
	expect_untouched(test, c);
}

/* --- Magazines ------------------------------------------------------------------------------ */

static void full_magazines_go_to_the_depot_as_they_are(struct kunit *test)
{
	const struct engine_case *k = test->param_value;
	struct rsv_cache *c = rsvt_magazine_cache(test, k->flag);
	unsigned int r = c->magazine_size;
	void **object = rsvt_objects_used(test, c, 3 * r);
	struct rsv_cpu *cpu = rsvt_this_cpu(c);

	tinies_free_rcu(c, object, 3 * r);
	KUNIT_EXPECT_EQ(test, cpu->rcu_rounds, 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&c->nr_rcu), 3 * r);
	rsv_rcu_free_all(c->region);
	rsvt_expect_depot(test, c, 3, 0, 0);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
	expect_untouched(test, c);
}

/* That others waited already when they came does not matter. */
static void one_grace_period_serves_all_that_came_before(struct kunit *test)
{
	const struct engine_case *k = test->param_value;
	struct rsv_cache *c = rsvt_magazine_cache(test, k->flag);
	unsigned int nr = 2 * c->magazine_size;
	void **object = rsvt_objects_used(test, c, nr);

	tinies_free_rcu(c, object, nr);
	synchronize_rcu_expedited();
	rsv_rcu_free_ended(c->region);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
	expect_untouched(test, c);
}

/* It is not the number of objects that decides, but who asks. */
static void partial_magazine_waits_until_somebody_asks(struct kunit *test)
{
	const struct engine_case *k = test->param_value;
	struct rsv_cache *c = rsvt_magazine_cache(test, k->flag);
	void **object = rsvt_objects_used(test, c, 3);
	struct rsv_cpu *cpu = rsvt_this_cpu(c);

	tinies_free_rcu(c, object, 3);
	KUNIT_EXPECT_EQ(test, cpu->rcu_rounds, 3);
	KUNIT_EXPECT_TRUE(test, rsv_cpu_has(c, raw_smp_processor_id()));
	KUNIT_EXPECT_EQ(test, atomic_long_read(&c->nr_rcu), 0);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).rcu_waiting, 3);
	rsv_rcu_free_all(c->region);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).active_objects, 3);
	/* As the periodic work does */
	rsv_rcu_submit_cpus(c->region);
	flush_work(&this_cpu_ptr(c->region->drains)->rcu_work);
	KUNIT_EXPECT_EQ(test, cpu->rcu_rounds, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->region->rcu_frees.collecting), 0);
	rsv_rcu_free_all(c->region);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).active_objects, 0);
	expect_untouched(test, c);
}

static void drain_leaves_no_object_behind(struct kunit *test)
{
	const struct engine_case *k = test->param_value;
	struct rsv_cache *c = rsvt_magazine_cache(test, k->flag);
	void **object = rsvt_objects_used(test, c, 3);

	tinies_free_rcu(c, object, 3);
	rsv_cache_shrink(c);
	KUNIT_EXPECT_FALSE(test, rsv_cpu_has(c, raw_smp_processor_id()));
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).pages, 0);
	expect_untouched(test, c);
}

/* As when the CPU is dead */
static void flush_of_a_CPU_lets_its_objects_wait(struct kunit *test)
{
	const struct engine_case *k = test->param_value;
	struct rsv_cache *c = rsvt_magazine_cache(test, k->flag);
	void **object = rsvt_objects_used(test, c, 3);

	tinies_free_rcu(c, object, 3);
	rsv_cpu_flush(c, rsvt_this_cpu(c));
	KUNIT_EXPECT_FALSE(test, rsv_cpu_has(c, raw_smp_processor_id()));
	rsv_rcu_free_all(c->region);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
	expect_untouched(test, c);
}

static void busy_CPU_lets_objects_wait_elsewhere(struct kunit *test)
{
	const struct engine_case *k = test->param_value;
	struct rsv_cache *c = rsvt_magazine_cache(test, k->flag);
	void **object = rsvt_objects_used(test, c, 3);
	struct rsv_cpu *cpu = rsvt_this_cpu(c);

	preempt_disable();
	cpu->busy = true;
	tinies_free_rcu(c, object, 3);
	cpu->busy = false;
	preempt_enable();
	KUNIT_EXPECT_EQ(test, cpu->rcu->size, 0);
	rsv_rcu_barrier(c->region);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
	expect_untouched(test, c);
}

/* --- The end -------------------------------------------------------------------------------- */

static void cache_ends_with_frees_waiting(struct kunit *test)
{
	struct rsv_cache *c = tiny_cache(test);
	struct rsv_region *r = c->region;
	void **object = rsvt_objects_used(test, c, 100);

	tinies_free_rcu(c, object, 100);
	rsvt_scratch_cache_end(test, c);
	KUNIT_EXPECT_EQ(test, rsv_rcu_count_region(r), 0);
	rsvt_expect_all_free(test, r);
}

static void cache_with_used_objects_does_not_end(struct kunit *test)
{
	struct rsv_cache *c = tiny_cache(test);
	void **object = rsvt_objects_used(test, c, 100);

	tinies_free_rcu(c, object, 99);
	EXPECT_MISUSE(test, RSV_IN_USE,
		      KUNIT_EXPECT_EQ(test, rsv_cache_destroy(c), -EBUSY));
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 1);
	tinies_free_rcu(c, object + 99, 1);
	rsv_rcu_barrier(c->region);
	expect_untouched(test, c);
}

/* Objects of classes, and whole pages */
static void region_ends_with_frees_waiting(struct kunit *test)
{
	const struct engine_case *k = test->param_value;
	struct rsv_region *r = rsvt_scratch_region_of(test, REGION, k->name, "fine");
	unsigned int i;

	for (i = 0; i < 50; i++) {
		struct tiny *p = rsv_kmalloc(r, 20 + i * 400, GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, p);
		rsv_kfree_rcu(p, rcu);
	}
	rsvt_scratch_region_end(test, r);
}

/* --- Memory by the byte --------------------------------------------------------------------- */

static void memory_by_the_byte_is_free_after_the_barrier(struct kunit *test)
{
	static const size_t sizes[] = { 20, 64, 100, 1000, 4000, 8192, 9000, 20000, 70000 };
	const struct engine_case *k = test->param_value;
	struct rsv_region *r = rsvt_scratch_region_of(test, REGION, k->name, "fine");
	unsigned int i;

	rsvt_stay_on_this_cpu();
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct tiny *p = rsv_kmalloc(r, sizes[i], GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, p);
		rsv_kfree_rcu(p, rcu);
		KUNIT_EXPECT_EQ(test, rsv_rcu_count_region(r), 1);
		EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_kfree_rcu(p, rcu));
		rsv_rcu_barrier(r);
		KUNIT_EXPECT_EQ(test, rsv_rcu_count_region(r), 0);
		EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_kfree(p));
	}
	rsvt_settle(r);
	rsvt_expect_all_free(test, r);
}

static void nothing_by_the_byte_does_nothing(struct kunit *test)
{
	struct tiny *nothing = NULL;

	rsv_kfree_rcu(nothing, rcu);
	nothing = ZERO_SIZE_PTR;
	rsv_kfree_rcu(nothing, rcu);
}

static void wrong_addresses_by_the_byte_are_refused(struct kunit *test)
{
	const struct engine_case *k = test->param_value;
	struct rsv_region *r = rsvt_scratch_region_of(test, REGION, k->name, "fine");
	struct tiny *pages = rsv_kmalloc(r, 70000, GFP_KERNEL);
	static struct tiny foreign;

	KUNIT_ASSERT_NOT_NULL(test, pages);
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_kfree_rcu(&foreign, rcu));
	EXPECT_MISUSE(test, RSV_MISALIGNED, rsv_kfree_rcu(pages + 1, rcu));
	EXPECT_MISUSE(test, RSV_MISALIGNED,
		      rsv_kfree_rcu((struct tiny *)((void *)pages + PAGE_SIZE), rcu));
	KUNIT_EXPECT_EQ(test, rsv_rcu_count_region(r), 0);
	rsv_kfree(pages);
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_kfree_rcu(pages, rcu));
	rsvt_settle(r);
	rsvt_expect_all_free(test, r);
}

static void object_needs_no_cache_to_be_named(struct kunit *test)
{
	struct rsv_cache *c = tiny_cache(test);
	void **object = rsvt_objects_used(test, c, 50);
	unsigned int i;

	if (c->flags & RSV_CACHE_INTERNAL) {
		EXPECT_MISUSE(test, RSV_FOREIGN, rsv_kfree_rcu((struct tiny *)object[0], rcu));
		rsvt_objects_free(c, object, 50);
		return;
	}
	for (i = 0; i < 50; i++)
		rsv_kfree_rcu((struct tiny *)object[i], rcu);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).rcu_waiting, 50);
	rsv_rcu_barrier(c->region);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
	expect_untouched(test, c);
}

static struct kunit_case rcu_ended_cases[] = {
	KUNIT_CASE_PARAM(request_that_may_sleep_gets_what_waits, variants_gen_params),
	KUNIT_CASE_PARAM(request_for_pages_gets_what_waits, variants_gen_params),
	KUNIT_CASE_PARAM(request_gets_the_last_objects_that_wait, variants_gen_params),
	KUNIT_CASE_PARAM(request_that_may_not_sleep_gets_what_has_waited, variants_gen_params),
	KUNIT_CASE_PARAM(all_is_freed_that_waited_though_it_moves_on, variants_gen_params),
	KUNIT_CASE_PARAM(work_frees_what_an_exhausted_region_waits_for, engines_gen_params),
	KUNIT_CASE_PARAM(missing_guaranteed_objects_come_first, variants_gen_params),
	KUNIT_CASE_PARAM(full_magazines_go_to_the_depot_as_they_are, engines_gen_params),
	KUNIT_CASE_PARAM(one_grace_period_serves_all_that_came_before, engines_gen_params),
	KUNIT_CASE_PARAM(partial_magazine_waits_until_somebody_asks, engines_gen_params),
	KUNIT_CASE_PARAM(drain_leaves_no_object_behind, engines_gen_params),
	KUNIT_CASE_PARAM(flush_of_a_CPU_lets_its_objects_wait, engines_gen_params),
	KUNIT_CASE_PARAM(busy_CPU_lets_objects_wait_elsewhere, engines_gen_params),
	KUNIT_CASE_PARAM(cache_ends_with_frees_waiting, variants_gen_params),
	KUNIT_CASE_PARAM(cache_with_used_objects_does_not_end, variants_gen_params),
	KUNIT_CASE_PARAM(region_ends_with_frees_waiting, engines_gen_params),
	KUNIT_CASE_PARAM(memory_by_the_byte_is_free_after_the_barrier, engines_gen_params),
	KUNIT_CASE(nothing_by_the_byte_does_nothing),
	KUNIT_CASE_PARAM(wrong_addresses_by_the_byte_are_refused, engines_gen_params),
	KUNIT_CASE_PARAM(object_needs_no_cache_to_be_named, variants_gen_params),
	{}};

static struct kunit_suite rcu_ended_suite = {
	.name = "reservoir_rcu_ended",
	.init = rsvt_suite_init,
	.test_cases = rcu_ended_cases,
};

kunit_test_suite(rcu_ended_suite);
