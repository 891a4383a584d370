// SPDX-License-Identifier: GPL-2.0
/*
 * Objects that each CPU has for requests in any context: more of them, fewer, and more than the
 * region has; and memory by the byte, for which several users reserve objects of one class.
 */
#include <linux/irqflags.h>
#include <linux/string.h>

#include "objects/irq_job.h"
#include "objects/size_class.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/misuse.h"
#include "support/nmi.h"
#include "support/scratch.h"
#include "support/suite.h"
#include "support/variants.h"

KUNIT_ARRAY_PARAM_DESC(variants, rsvt_variants, what);

#define SIZE	200
#define NR	24

/*
 * How many
 */

static void a_reserve_is_raised_and_lowered(struct kunit *test)
{
	static const unsigned int counts[] = { 1, 0, 64, 65, 3, 100, 0 };
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, SIZE, NULL);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, rsv_cache_reserve_percpu(c, RSV_RESERVE_PERCPU_MAX + 1), -EINVAL);
	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		KUNIT_EXPECT_EQ(test, rsv_cache_reserve_percpu(c, counts[i]), 0);
		KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).percpu_objects,
				counts[i] * num_online_cpus());
		KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).percpu_target, counts[i]);
	}
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

static void what_the_region_has_not_changes_nothing(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, 3000, NULL);
	void **object = rsvt_objects_array(test, VARIANT_REGION / 3000);
	unsigned int nr = 0;
	u64 free;

	KUNIT_ASSERT_EQ(test, rsv_cache_reserve_percpu(c, 2), 0);
	while ((object[nr] = rsv_cache_alloc(c, GFP_KERNEL | __GFP_NOWARN)))
		nr++;
	/* Room for some of the objects that the function asks for */
	rsvt_objects_free(c, object + nr / 2, nr - nr / 2);
	nr /= 2;
	rsv_cache_shrink(c);
	free = rsvt_region_free_bytes(r);
	KUNIT_EXPECT_EQ(test, rsv_cache_reserve_percpu(c, 400), -ENOMEM);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).percpu_objects, 2 * num_online_cpus());
	rsv_cache_shrink(c);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_bytes(r), free);
	rsvt_objects_free(c, object, nr);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

/*
 * Memory by the byte
 */

static void memory_by_the_byte_is_reserved_by_several(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_4M);
	struct rsv_cache *c = r->kmalloc[rsv_class_of(r->classes, 100)];
	void *p[2 * NR];
	unsigned int i;

	rsvt_stay_on_this_cpu();
	KUNIT_EXPECT_EQ(test, rsv_kmalloc_reserve_percpu(r, SZ_16M, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, rsv_kmalloc_reserve_percpu(r, 0, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, rsv_kmalloc_reserve_percpu(r, 100, UINT_MAX), -EINVAL);
	KUNIT_ASSERT_EQ(test, rsv_kmalloc_reserve_percpu(r, 100, NR), 0);
	KUNIT_ASSERT_EQ(test, rsv_kmalloc_reserve_percpu(r, 97, NR), 0);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).percpu_target, 2 * NR);
	local_irq_disable();
	for (i = 0; i < 2 * NR; i++)
		IN_NMI(p[i] = rsv_kmalloc_nolock(r, 100, __GFP_ZERO));
	local_irq_enable();
	for (i = 0; i < 2 * NR; i++) {
		KUNIT_ASSERT_NOT_NULL(test, p[i]);
		KUNIT_EXPECT_NULL(test, memchr_inv(p[i], 0, 100));
		memset(p[i], 0xff, 100);
	}
	local_irq_disable();
	for (i = 0; i < 2 * NR; i++)
		IN_NMI(rsv_kfree_nolock(p[i]));
	local_irq_enable();
	rsv_irq_jobs_flush();
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
	EXPECT_MISUSE(test, RSV_WRONG_SIZE, rsv_kmalloc_unreserve_percpu(r, 100, 2 * NR + 1));
	rsv_kmalloc_unreserve_percpu(r, 97, NR);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).percpu_target, NR);
	rsv_kmalloc_unreserve_percpu(r, 100, NR);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).percpu_objects, 0);
	rsvt_scratch_shrink(r);
	EXPECT_UNTOUCHED(test, r);
}

static void memory_of_any_size_is_served(struct kunit *test)
{
	static const size_t sizes[] = { 1, 8, 16, 17, 64, 100, 1000, 4096, RSV_KMALLOC_MAX,
					SZ_16K, RSV_CLASSES_END };
	struct rsv_region *r = rsvt_scratch_region(test, SZ_4M);
	unsigned int i;
	void *p;

	rsvt_stay_on_this_cpu();
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		KUNIT_ASSERT_EQ(test, rsv_kmalloc_reserve_percpu(r, sizes[i], 1), 0);
		IN_NMI(p = rsv_kmalloc_nolock(r, sizes[i], GFP_ATOMIC));
		KUNIT_ASSERT_NOT_NULL(test, p);
		memset(p, 0x77, sizes[i]);
		IN_NMI(rsv_kfree_nolock(p));
		rsv_kmalloc_unreserve_percpu(r, sizes[i], 1);
	}
	KUNIT_EXPECT_PTR_EQ(test, rsv_kmalloc_nolock(r, 0, 0), ZERO_SIZE_PTR);
	KUNIT_EXPECT_NULL(test, rsv_kmalloc_nolock(r, SZ_16M, 0));
	/* Eight bytes have no room for a link. */
	p = rsv_kmalloc(r, 8, GFP_KERNEL);
	EXPECT_MISUSE(test, RSV_IN_NMI, rsv_kfree_nolock(p));
	rsv_kfree(p);
	p = rsv_kmalloc(r, 2 * RSV_CLASSES_END, GFP_KERNEL);
	EXPECT_MISUSE(test, RSV_IN_NMI, rsv_kfree_nolock(p));
	rsv_kfree(p);
	rsv_irq_jobs_flush();
	rsvt_scratch_shrink(r);
	EXPECT_UNTOUCHED(test, r);
}

static struct kunit_case cpu_reserve_cases[] = {
	KUNIT_CASE_PARAM(a_reserve_is_raised_and_lowered, variants_gen_params),
	KUNIT_CASE_PARAM(what_the_region_has_not_changes_nothing, variants_gen_params),
	KUNIT_CASE(memory_by_the_byte_is_reserved_by_several),
	KUNIT_CASE(memory_of_any_size_is_served),
	{}
};

static struct kunit_suite cpu_reserve_suite = {
	.name = "reservoir_cpu_reserve",
	.init = rsvt_suite_init,
	.test_cases = cpu_reserve_cases,
};

kunit_test_suite(cpu_reserve_suite);
