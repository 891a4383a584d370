// SPDX-License-Identifier: GPL-2.0
/*
 * Draining of magazines: when their objects go back, on this CPU, on other CPUs, and on a CPU that
 * goes off-line.
 */
#include <linux/cpu.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/topology.h>
#include <linux/workqueue.h>

#include "objects/cache.h"
#include "objects/cpu.h"
#include "objects/magazine.h"
#include "pages/pagemap.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/magazines.h"
#include "support/scratch.h"
#include "support/suite.h"

/* --- Several CPUs --------------------------------------------------------------------------- */

/* Leaves a batch in the magazine of the CPU that this function runs on. */
static long leave_cached_objects(void *cache)
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

/* Allocates one of two objects, and leaves the other in the magazine of the CPU it runs on. */
static long take_one_there(void *visitor)
{
	struct visitor *v = visitor;

	v->object = rsv_cache_alloc(v->c, GFP_ATOMIC);
	return 0;
}

static void objects_in_magazines_of_other_cpus_are_found_by_who_may_sleep(struct kunit *test)
{
	struct rsv_region *r = rsvt_magazine_region(test);
	struct visitor v = { .c = rsvt_scratch_cache_flags(test, r, 8192, 0, 0, NULL) };
	struct page **page = rsvt_pages_array(test, r->nr_pages);
	unsigned int cpu = rsvt_other_cpu(test);
	unsigned long nr;
	void *object;

	work_on_cpu(cpu, take_one_there, &v);
	KUNIT_ASSERT_NOT_NULL(test, v.object);
	nr = rsvt_pages_alloc(r, GFP_ATOMIC, 0, page, r->nr_pages);
	KUNIT_EXPECT_NULL(test, rsv_cache_alloc(v.c, GFP_ATOMIC));
	object = rsv_cache_alloc(v.c, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, object);
	KUNIT_EXPECT_PTR_EQ(test, slab_of(r, object), slab_of(r, v.object));
	rsv_cache_free(v.c, object);
	rsv_cache_free(v.c, v.object);
	rsvt_pages_free(page, nr, 0);
}

#if IS_ENABLED(CONFIG_HOTPLUG_CPU)
static void magazines_of_a_cpu_that_goes_are_emptied(struct kunit *test)
{
	struct rsv_cache *c;
	unsigned int cpu;

	/* CPU 0 cannot go off-line. */
	set_cpus_allowed_ptr(current, cpumask_of(0));
	c = rsvt_magazine_cache(test, 0);
	cpu = rsvt_other_cpu(test);
	if (cpu_to_mem(cpu) != numa_mem_id())
		kunit_skip(test, "CPU %u is of another node", cpu);
	work_on_cpu(cpu, leave_cached_objects, c);
	KUNIT_EXPECT_EQ(test, rsv_cpu_nr_loaded(per_cpu_ptr(c->cpus, cpu)), RSV_BATCH);
	if (remove_cpu(cpu))
		kunit_skip(test, "CPU %u cannot be switched off", cpu);
	KUNIT_EXPECT_EQ(test, per_cpu_ptr(c->cpus, cpu)->loaded->size, 0);
	EXPECT_SLABS(test, c, 0, 0, 1);
	KUNIT_EXPECT_EQ(test, rsvt_magazines_in_use(c->region, 64), 0);
	KUNIT_EXPECT_EQ(test, add_cpu(cpu), 0);

	work_on_cpu(cpu, leave_cached_objects, c);
	KUNIT_EXPECT_EQ(test, rsv_cpu_nr_loaded(per_cpu_ptr(c->cpus, cpu)), RSV_BATCH);
}
#else
static void magazines_of_a_cpu_that_goes_are_emptied(struct kunit *test)
{
	kunit_skip(test, "the kernel cannot switch off CPUs");
}
#endif

/* --- Draining ------------------------------------------------------------------------------- */

static void shrinking_empties_magazines_and_depot(struct kunit *test)
{
	struct rsv_cache *c = rsvt_magazine_cache(test, 0);
	unsigned int r = c->magazine_size;
	void **object = rsvt_objects_used(test, c, 6 * r);
	struct rsv_cache_figures now;

	rsvt_objects_free(c, object, 6 * r);
	rsvt_expect_depot(test, c, 4, 0, 0);
	now = rsvt_cache_count(c);
	KUNIT_EXPECT_EQ(test, now.active, 0);
	KUNIT_EXPECT_GE(test, now.total, 6 * r);
	KUNIT_EXPECT_EQ(test, rsv_cache_shrink(c), now.slabs_made - now.slabs_given);
	rsvt_expect_depot(test, c, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).total, 0);
	KUNIT_EXPECT_EQ(test, rsvt_this_cpu(c)->loaded->size, 0);
	KUNIT_EXPECT_EQ(test, rsvt_magazines_in_use(c->region, 64), 0);
	rsvt_expect_all_free(test, c->region);
}

/* The cached objects of one cache hold a slab that another cache needs. */
static void who_may_sleep_gets_what_magazines_of_other_caches_hold(struct kunit *test)
{
	struct rsv_region *r = rsvt_magazine_region(test);
	struct rsv_cache *c = rsvt_scratch_cache_flags(test, r, SIZE, 0, 0, NULL);
	struct rsv_cache *d = rsvt_scratch_cache_flags(test, r, SIZE, 0, 0, NULL);
	struct page **page = rsvt_pages_array(test, r->nr_pages);
	unsigned long nr;
	void *object;

	leave_cached_objects(c);
	nr = rsvt_pages_alloc(r, GFP_ATOMIC, 0, page, r->nr_pages);
	KUNIT_EXPECT_NULL(test, rsv_cache_alloc(d, GFP_ATOMIC));
	KUNIT_EXPECT_EQ(test, rsv_cpu_nr_loaded(rsvt_this_cpu(c)), RSV_BATCH);
	object = rsv_cache_alloc(d, GFP_KERNEL);
	KUNIT_EXPECT_NOT_NULL(test, object);
	KUNIT_EXPECT_EQ(test, rsvt_this_cpu(c)->loaded->size, 0);
	rsv_cache_free(d, object);
	rsvt_pages_free(page, nr, 0);
}

static struct kunit_case magazine_drain_cases[] = {
	KUNIT_CASE(objects_in_magazines_of_other_cpus_are_found_by_who_may_sleep),
	KUNIT_CASE(magazines_of_a_cpu_that_goes_are_emptied),
	KUNIT_CASE(shrinking_empties_magazines_and_depot),
	KUNIT_CASE(who_may_sleep_gets_what_magazines_of_other_caches_hold),
	{}};

static struct kunit_suite magazine_drain_suite = {
	.name = "reservoir_magazine_drain",
	.init = rsvt_suite_init,
	.test_cases = magazine_drain_cases,
};

kunit_test_suite(magazine_drain_suite);
