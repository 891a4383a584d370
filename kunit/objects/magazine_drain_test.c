// SPDX-License-Identifier: GPL-2.0
/*
 * Emptying magazines: when what is free in them goes back, on this CPU, on others, and on one that
 * goes.
 */
#include <linux/cpu.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/topology.h>
#include <linux/workqueue.h>

#include "objects/cpu.h"
#include "region.h"
#include "support/magazines.h"

/* --- Several CPUs --------------------------------------------------------------------------- */

/* Leaves a batch in the magazine of whatever CPU this runs on. */
static long leave_objects_at_hand(void *cache)
{
	struct rsv_cache *c = cache;
	void *object = rsv_cache_alloc(c, GFP_ATOMIC);

	if (object)
		rsv_cache_free(c, object);
	return 0;
}

static struct rsv_frame *slab_of(struct rsv_region *r, void *object)
{
	struct rsv_extent *e = r->extents->at[0];

	return rsv_slab_head(e, rsv_frame_at(e, object));
}

struct visitor {
	struct rsv_cache *c;
	void *object;
};

/* Takes one of two objects, and leaves the other in the magazine of whatever CPU this runs on. */
static long take_one_there(void *visitor)
{
	struct visitor *v = visitor;

	v->object = rsv_cache_alloc(v->c, GFP_ATOMIC);
	return 0;
}

static void objects_in_magazines_of_other_cpus_are_found_by_who_may_sleep(struct kunit *test)
{
	struct rsv_region *r = magazine_region(test);
	struct visitor v = {.c = scratch_cache_flags(test, r, 8192, 0, 0, NULL)};
	struct page **page = pages_array(test, r->nr_pages);
	unsigned int cpu = other_cpu(test);
	unsigned long nr;
	void *object;

	work_on_cpu(cpu, take_one_there, &v);
	KUNIT_ASSERT_NOT_NULL(test, v.object);
	nr = pages_take(r, GFP_ATOMIC, 0, page, r->nr_pages);
	KUNIT_EXPECT_NULL(test, rsv_cache_alloc(v.c, GFP_ATOMIC));
	object = rsv_cache_alloc(v.c, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, object);
	KUNIT_EXPECT_PTR_EQ(test, slab_of(r, object), slab_of(r, v.object));
	rsv_cache_free(v.c, object);
	rsv_cache_free(v.c, v.object);
	pages_give(page, nr, 0);
}

#if IS_ENABLED(CONFIG_HOTPLUG_CPU)
static void magazines_of_a_cpu_that_goes_are_emptied(struct kunit *test)
{
	struct rsv_cache *c;
	unsigned int cpu;

	/* The first CPU is the one that cannot go. */
	set_cpus_allowed_ptr(current, cpumask_of(0));
	c = magazine_cache(test, 0);
	cpu = other_cpu(test);
	if (cpu_to_mem(cpu) != numa_mem_id())
		kunit_skip(test, "CPU %u is of another node", cpu);
	work_on_cpu(cpu, leave_objects_at_hand, c);
	KUNIT_EXPECT_EQ(test, rsv_cpu_nr_loaded(per_cpu_ptr(c->cpus, cpu)), RSV_BATCH);
	if (remove_cpu(cpu))
		kunit_skip(test, "CPU %u cannot be switched off", cpu);
	KUNIT_EXPECT_EQ(test, per_cpu_ptr(c->cpus, cpu)->loaded->size, 0);
	EXPECT_SLABS(test, c, 0, 0, 1);
	KUNIT_EXPECT_EQ(test, own_active(c->region, 64), 0);
	KUNIT_EXPECT_EQ(test, add_cpu(cpu), 0);

	work_on_cpu(cpu, leave_objects_at_hand, c);
	KUNIT_EXPECT_EQ(test, rsv_cpu_nr_loaded(per_cpu_ptr(c->cpus, cpu)), RSV_BATCH);
}
#else
static void magazines_of_a_cpu_that_goes_are_emptied(struct kunit *test)
{
	kunit_skip(test, "the kernel cannot switch off CPUs");
}
#endif

/* --- Emptying ------------------------------------------------------------------------------- */

static void shrinking_empties_magazines_and_depot(struct kunit *test)
{
	struct rsv_cache *c = magazine_cache(test, 0);
	unsigned int r = c->magazine_size;
	void **object = objects_out(test, c, 6 * r);
	struct rsv_cache_figures now;

	objects_give(c, object, 6 * r);
	expect_depot(test, c, 4, 0, 0);
	now = figures(c);
	KUNIT_EXPECT_EQ(test, now.active, 0);
	KUNIT_EXPECT_GE(test, now.total, 6 * r);
	KUNIT_EXPECT_EQ(test, rsv_cache_shrink(c), now.slabs_made - now.slabs_given);
	expect_depot(test, c, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, figures(c).total, 0);
	KUNIT_EXPECT_EQ(test, mine(c)->loaded->size, 0);
	KUNIT_EXPECT_EQ(test, own_active(c->region, 64), 0);
	expect_whole(test, c->region);
}

/* What is free in this CPU's magazine of one cache keeps a slab that another cache could use. */
static void who_may_sleep_gets_what_magazines_of_other_caches_hold(struct kunit *test)
{
	struct rsv_region *r = magazine_region(test);
	struct rsv_cache *c = scratch_cache_flags(test, r, SIZE, 0, 0, NULL);
	struct rsv_cache *d = scratch_cache_flags(test, r, SIZE, 0, 0, NULL);
	struct page **page = pages_array(test, r->nr_pages);
	unsigned long nr;
	void *object;

	leave_objects_at_hand(c);
	nr = pages_take(r, GFP_ATOMIC, 0, page, r->nr_pages);
	KUNIT_EXPECT_NULL(test, rsv_cache_alloc(d, GFP_ATOMIC));
	KUNIT_EXPECT_EQ(test, rsv_cpu_nr_loaded(mine(c)), RSV_BATCH);
	object = rsv_cache_alloc(d, GFP_KERNEL);
	KUNIT_EXPECT_NOT_NULL(test, object);
	KUNIT_EXPECT_EQ(test, mine(c)->loaded->size, 0);
	rsv_cache_free(d, object);
	pages_give(page, nr, 0);
}

static struct kunit_case magazine_drain_cases[] = {
	KUNIT_CASE(objects_in_magazines_of_other_cpus_are_found_by_who_may_sleep),
	KUNIT_CASE(magazines_of_a_cpu_that_goes_are_emptied),
	KUNIT_CASE(shrinking_empties_magazines_and_depot),
	KUNIT_CASE(who_may_sleep_gets_what_magazines_of_other_caches_hold),
	{}};

static struct kunit_suite magazine_drain_suite = {
	.name = "reservoir_magazine_drain",
	.init = suite_init,
	.test_cases = magazine_drain_cases,
};

kunit_test_suite(magazine_drain_suite);
