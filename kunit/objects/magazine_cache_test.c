// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of magazines: how many a request preallocates, when unused ones go back, and what a
 * request with interrupts off does and leaves to others.
 */
#include <linux/irqflags.h>

#include "objects/cpu.h"
#include "objects/magazine.h"
#include "objects/reap.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/magazines.h"
#include "support/suite.h"

/* The cache whose objects are the magazines of @c */
static struct rsv_cache *magazine_cache_of(struct rsv_cache *c)
{
	return c->magazine_cache;
}

static unsigned int preallocated(struct rsv_cache *c)
{
	return magazine_cache_of(c)->nodes[numa_mem_id()]->depot.empty.nr;
}

static void objects_free_irqs_off(struct rsv_cache *c, void **objects, unsigned int nr)
{
	unsigned long flags;

	local_irq_save(flags);
	rsvt_objects_free(c, objects, nr);
	local_irq_restore(flags);
}

static void object_alloc_irqs_off(struct kunit *test, struct rsv_cache *c, void **object)
{
	unsigned long flags;

	local_irq_save(flags);
	*object = rsv_cache_alloc(c, GFP_ATOMIC);
	local_irq_restore(flags);
	KUNIT_EXPECT_NOT_NULL(test, *object);
}

static void magazines_come_by_the_batch_and_the_others_wait(struct kunit *test)
{
	struct rsv_cache *c = rsvt_magazine_cache(test, 0);
	unsigned int r = c->magazine_size;
	void **object = rsvt_objects_used(test, c, (RSV_BATCH + 1) * r);

	rsv_cache_shrink(magazine_cache_of(c));
	KUNIT_EXPECT_EQ(test, preallocated(c), 0);
	rsv_cache_free(c, object[0]);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(magazine_cache_of(c)).active, 1);
	KUNIT_EXPECT_EQ(test, preallocated(c), RSV_BATCH - 1);
	/* The preallocated magazines serve the next frees. */
	rsvt_objects_free(c, object + 1, RSV_BATCH * r - 1);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(magazine_cache_of(c)).active, RSV_BATCH);
	KUNIT_EXPECT_EQ(test, preallocated(c), 0);
	rsvt_objects_free(c, object + RSV_BATCH * r, r);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(magazine_cache_of(c)).active, RSV_BATCH + 1);
	KUNIT_EXPECT_GT(test, preallocated(c), 0);
}

static void those_that_wait_are_free(struct kunit *test)
{
	struct rsv_cache *c = rsvt_magazine_cache(test, 0);
	void **object = rsvt_objects_used(test, c, 1);

	rsv_cache_free(c, object[0]);
	KUNIT_EXPECT_GT(test, preallocated(c), 0);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(magazine_cache_of(c)).depot_empty, 0);
	/*
	 * Preallocated magazines that are unused for an interval go by age, and all go when the
	 * cache is shrunk.
	 */
	rsv_caches_age(c->region);
	rsv_caches_age(c->region);
	KUNIT_EXPECT_EQ(test, preallocated(c), 0);
	rsv_cache_shrink(c);
	rsv_cache_free(c, rsv_cache_alloc(c, GFP_KERNEL));
	KUNIT_EXPECT_GT(test, preallocated(c), 0);
	rsv_cache_shrink(c);
	rsvt_expect_all_free(test, c->region);
	KUNIT_EXPECT_EQ(test, preallocated(c), 0);
}

static void free_with_interrupts_off_makes_no_slab_for_magazines(struct kunit *test)
{
	struct rsv_cache *c = rsvt_magazine_cache(test, 0);
	unsigned int r = c->magazine_size;
	void **object = rsvt_objects_used(test, c, 2 * r);
	u64 made;

	rsv_cache_shrink(magazine_cache_of(c));
	made = rsvt_cache_count(magazine_cache_of(c)).slabs_made;
	objects_free_irqs_off(c, object, r);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(magazine_cache_of(c)).slabs_made, made);
	KUNIT_EXPECT_EQ(test, rsvt_this_cpu(c)->loaded->size, 0);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, r);
	KUNIT_EXPECT_TRUE(test, magazine_cache_of(c)->missing);
	/* With interrupts on a magazine is made. */
	rsv_cache_free(c, object[r]);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(magazine_cache_of(c)).slabs_made, made + 1);
	KUNIT_EXPECT_EQ(test, rsv_cpu_nr_loaded(rsvt_this_cpu(c)), 1);
	/* From then on preallocated magazines serve callers with interrupts off too. */
	objects_free_irqs_off(c, object + r + 1, r - 1);
	KUNIT_EXPECT_EQ(test, rsv_cpu_nr_loaded(rsvt_this_cpu(c)), r);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
}

/*
 * Each allocation makes one missing thing: the first one a slab for magazines, the second one the
 * magazines.
 */
static void allocations_with_interrupts_off_make_what_was_missing(struct kunit *test)
{
	struct rsv_cache *c = rsvt_magazine_cache(test, 0);
	void **object = rsvt_objects_used(test, c, 3), *taken[3];
	u64 made;

	rsv_cache_shrink(magazine_cache_of(c));
	made = rsvt_cache_count(magazine_cache_of(c)).slabs_made;
	objects_free_irqs_off(c, object, 2);
	KUNIT_EXPECT_TRUE(test, magazine_cache_of(c)->missing);
	object_alloc_irqs_off(test, c, &taken[0]);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(magazine_cache_of(c)).slabs_made, made + 1);
	KUNIT_EXPECT_EQ(test, preallocated(c), 0);
	object_alloc_irqs_off(test, c, &taken[1]);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(magazine_cache_of(c)).slabs_made, made + 1);
	KUNIT_EXPECT_EQ(test, preallocated(c), RSV_BATCH / 2);
	KUNIT_EXPECT_FALSE(test, magazine_cache_of(c)->missing);
	object_alloc_irqs_off(test, c, &taken[2]);
	KUNIT_EXPECT_EQ(test, preallocated(c), RSV_BATCH / 2 - 1);
	KUNIT_EXPECT_EQ(test, rsv_cpu_nr_loaded(rsvt_this_cpu(c)), RSV_BATCH - 1);
	rsvt_objects_free(c, taken, 3);
	rsv_cache_free(c, object[2]);
}

/* The last free page becomes the requested object, and no magazine. */
static void object_comes_before_a_magazine_for_others(struct kunit *test)
{
	struct rsv_cache *c = rsvt_magazine_cache(test, 0);
	struct rsv_region *r = c->region;
	struct page **page = rsvt_pages_array(test, r->nr_pages);
	unsigned long nr = rsvt_pages_alloc(r, GFP_KERNEL, 0, page, r->nr_pages);
	void *object;

	KUNIT_ASSERT_EQ(test, nr, r->nr_pages);
	__rsv_free_pages(page[--nr], 0);
	object = rsv_cache_alloc(c, GFP_ATOMIC);
	KUNIT_EXPECT_NOT_NULL(test, object);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(magazine_cache_of(c)).total, 0);
	rsv_cache_free(c, object);
	rsvt_pages_free(page, nr, 0);
}

static struct kunit_case spare_cases[] = {
	KUNIT_CASE(magazines_come_by_the_batch_and_the_others_wait),
	KUNIT_CASE(those_that_wait_are_free),
	KUNIT_CASE(free_with_interrupts_off_makes_no_slab_for_magazines),
	KUNIT_CASE(allocations_with_interrupts_off_make_what_was_missing),
	KUNIT_CASE(object_comes_before_a_magazine_for_others),
	{}};

static struct kunit_suite spare_suite = {
	.name = "reservoir_spare",
	.init = rsvt_suite_init,
	.test_cases = spare_cases,
};

kunit_test_suite(spare_suite);
