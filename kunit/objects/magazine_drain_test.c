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
#include "pages/pcp.h"
#include "pages/zonelist.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/magazines.h"
#include "support/runner.h"
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

static void shrinking_a_cache_leaves_what_others_have_cached(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 1024);
	struct rsv_cache *c = rsvt_scratch_cache_flags(test, r, SIZE, 0, 0, NULL);
	struct rsv_cache *d = rsvt_scratch_cache_flags(test, r, SIZE, 0, 0, NULL);
	const struct rsv_pcp *pcp;
	unsigned int blocks;

	rsvt_stay_on_this_cpu();
	pcp = per_cpu_ptr(rsv_zone_nth(r, 0)->pcp[0], raw_smp_processor_id());
	leave_cached_objects(c);
	leave_cached_objects(d);
	__rsv_free_pages(rsv_alloc_pages(r, GFP_KERNEL, 0), 0);
	blocks = rsv_pcp_nr(pcp);
	KUNIT_EXPECT_GT(test, blocks, 0);
	KUNIT_EXPECT_EQ(test, rsv_cache_shrink(c), 1);
	KUNIT_EXPECT_EQ(test, rsvt_this_cpu(c)->loaded->size, 0);
	KUNIT_EXPECT_EQ(test, rsv_cpu_nr_loaded(rsvt_this_cpu(d)), RSV_BATCH);
	KUNIT_EXPECT_EQ(test, rsv_pcp_nr(pcp), blocks);
}

static void destroying_a_cache_leaves_what_others_have_cached(struct kunit *test)
{
	struct rsv_region *r = rsvt_magazine_region(test);
	struct rsv_cache *c = rsvt_scratch_cache_flags(test, r, SIZE, 0, 0, NULL);
	struct rsv_cache *d = rsvt_scratch_cache_flags(test, r, SIZE, 0, 0, NULL);

	leave_cached_objects(c);
	leave_cached_objects(d);
	rsvt_scratch_cache_end(test, c);
	KUNIT_EXPECT_EQ(test, rsv_cpu_nr_loaded(rsvt_this_cpu(d)), RSV_BATCH);
}

/* Objects of one cache are in the magazines of two CPUs, and those of another one stay there. */
static void shrinking_a_cache_reaches_all_cpus(struct kunit *test)
{
	struct rsv_region *r = rsvt_magazine_region(test);
	struct rsv_cache *c = rsvt_scratch_cache_flags(test, r, SIZE, 0, 0, NULL);
	struct rsv_cache *d = rsvt_scratch_cache_flags(test, r, SIZE, 0, 0, NULL);
	unsigned int cpu = rsvt_other_cpu(test);

	leave_cached_objects(c);
	work_on_cpu(cpu, leave_cached_objects, c);
	work_on_cpu(cpu, leave_cached_objects, d);
	KUNIT_EXPECT_GT(test, rsv_cache_shrink(c), 0);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).total, 0);
	KUNIT_EXPECT_EQ(test, per_cpu_ptr(c->cpus, cpu)->loaded->size, 0);
	/* A CPU of another node has the object that was freed in its remote magazine. */
	KUNIT_EXPECT_GE(test, rsv_cpu_nr_loaded(per_cpu_ptr(d->cpus, cpu)), RSV_BATCH - 1);
}

/* --- Time ----------------------------------------------------------------------------------- */

#define CACHES	(SLOW ? 100U : 1000U)

static void step_on_entry(int step)
{
	if (step == RSV_STEP_BEFORE)
		rsvt_runner_step();
}

/* A drain enters this CPU once for each cache. */
static void drain_of_a_region_lets_others_run_after_each_cache(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region_large(test);
	struct rsv_cache *c = NULL;
	unsigned int i;

	rsvt_stay_on_this_cpu();
	for (i = 0; i < CACHES; i++) {
		c = rsvt_scratch_cache_flags(test, r, SIZE, 0, 0, NULL);
		leave_cached_objects(c);
	}
	rsvt_runner_start(test);
	rsv_step_hook = step_on_entry;
	rsv_region_shrink(r, 0);
	rsv_step_hook = NULL;
	KUNIT_EXPECT_GE(test, rsvt_runner_steps(), CACHES);
	KUNIT_EXPECT_LE(test, rsvt_runner_stop(test), 2);
	KUNIT_EXPECT_EQ(test, rsvt_this_cpu(c)->loaded->size, 0);
}

static struct kunit_case magazine_drain_cases[] = {
	KUNIT_CASE(objects_in_magazines_of_other_cpus_are_found_by_who_may_sleep),
	KUNIT_CASE(magazines_of_a_cpu_that_goes_are_emptied),
	KUNIT_CASE(shrinking_empties_magazines_and_depot),
	KUNIT_CASE(who_may_sleep_gets_what_magazines_of_other_caches_hold),
	KUNIT_CASE(shrinking_a_cache_leaves_what_others_have_cached),
	KUNIT_CASE(destroying_a_cache_leaves_what_others_have_cached),
	KUNIT_CASE(shrinking_a_cache_reaches_all_cpus),
	KUNIT_CASE(drain_of_a_region_lets_others_run_after_each_cache),
	{}};

static struct kunit_suite magazine_drain_suite = {
	.name = "reservoir_magazine_drain",
	.init = rsvt_suite_init,
	.test_cases = magazine_drain_cases,
};

kunit_test_suite(magazine_drain_suite);
