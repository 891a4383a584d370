// SPDX-License-Identifier: GPL-2.0
/*
 * In an NMI every allocation returns NULL and every free is refused with a report: the NMI may have
 * interrupted the holder of any lock. Afterwards the refused object or page is as usable as before.
 *
 * The tests make no NMI. They set the count by which the kernel knows that it is in an NMI, with
 * interrupts off.
 */
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/string.h>

#include "support/areas.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/suite.h"
#include "support/variants.h"

KUNIT_ARRAY_PARAM_DESC(variants, rsvt_variants, what);

#define SIZE	200
#define BULK	20

#define IN_NMI(statement)                        \
	do {                                     \
		unsigned long __flags;           \
						 \
		local_irq_save(__flags);         \
		__preempt_count_add(NMI_OFFSET); \
		statement;                       \
		__preempt_count_sub(NMI_OFFSET); \
		local_irq_restore(__flags);      \
	} while (0)

/*
 * A cache that has free objects on this CPU, so that only the NMI keeps a request from succeeding.
 */
static struct rsv_cache *ready_cache(struct kunit *test)
{
	struct rsv_cache *c =
		rsvt_param_cache(test, rsvt_scratch_region(test, VARIANT_REGION), SIZE, NULL);
	void *object[BULK];

	rsvt_objects_alloc(test, c, object, BULK);
	rsvt_objects_free(c, object, BULK);
	return c;
}

static void objects_are_not_allocated(struct kunit *test)
{
	struct rsv_cache *c = ready_cache(test);
	void *object = NULL, *bulk[BULK], *node = NULL;
	u64 allocs = rsvt_query_cache(c).allocs;
	unsigned int nr = 1;

	IN_NMI(object = rsv_cache_alloc(c, GFP_ATOMIC));
	KUNIT_EXPECT_NULL(test, object);
	IN_NMI(node = rsv_cache_alloc_node(c, GFP_ATOMIC, numa_mem_id()));
	KUNIT_EXPECT_NULL(test, node);
	IN_NMI(nr = rsv_cache_alloc_bulk(c, GFP_ATOMIC, BULK, bulk));
	KUNIT_EXPECT_EQ(test, nr, 0);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).allocs, allocs);
	rsvt_objects_alloc(test, c, &object, 1);
	rsv_cache_free(c, object);
}

static void objects_are_not_taken_back_and_stay_as_they_are(struct kunit *test)
{
	struct rsv_cache *c = ready_cache(test);
	void *object[BULK];
	unsigned int i;

	rsvt_objects_alloc(test, c, object, BULK);
	for (i = 0; i < BULK; i++)
		memset(object[i], i, SIZE);
	EXPECT_MISUSE(test, RSV_IN_NMI, IN_NMI(rsv_cache_free(c, object[3])));
	EXPECT_MISUSE(test, RSV_IN_NMI, IN_NMI(rsv_kfree(object[4])));
	EXPECT_MISUSE(test, RSV_IN_NMI, IN_NMI(rsv_cache_free_bulk(c, 1, object + 5)));
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).active_objects, BULK);
	for (i = 0; i < BULK; i++)
		KUNIT_EXPECT_NULL(test, memchr_inv(object[i], i, SIZE));
	/* After the NMI each free is accepted. */
	rsvt_objects_free(c, object, BULK);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).active_objects, 0);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, c->region);
}

static void memory_by_the_byte_is_neither(struct kunit *test)
{
	static const size_t sizes[] = { 1, 100, RSV_KMALLOC_MAX, 9000, 5 * PAGE_SIZE };
	struct rsv_region *r = rsvt_scratch_region(test, SZ_1M);
	void *p, *again;
	unsigned int i;
	size_t size;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		/* Leaves an object in a magazine. */
		rsv_kfree(rsv_kmalloc(r, sizes[i], GFP_KERNEL));
		IN_NMI(p = rsv_kmalloc(r, sizes[i], GFP_ATOMIC));
		KUNIT_EXPECT_NULL(test, p);
		p = rsv_kmalloc(r, sizes[i], GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p);
		memset(p, 0x5a, sizes[i]);
		EXPECT_MISUSE(test, RSV_IN_NMI,
			      IN_NMI(again = rsv_krealloc(r, p, 8 * PAGE_SIZE, GFP_ATOMIC)));
		KUNIT_EXPECT_NULL(test, again);
		EXPECT_MISUSE(test, RSV_IN_NMI, IN_NMI(size = rsv_ksize(p)));
		KUNIT_EXPECT_EQ(test, size, 0);
		EXPECT_MISUSE(test, RSV_IN_NMI, IN_NMI(rsv_kfree(p)));
		KUNIT_EXPECT_NULL(test, memchr_inv(p, 0x5a, sizes[i]));
		rsv_kfree(p);
	}
	rsvt_scratch_shrink(r);
	EXPECT_UNTOUCHED(test, r);
}

static void pages_are_neither(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_1M);
	struct page *page = rsv_alloc_pages(r, GFP_KERNEL, 1), *none = page;
	void *exact = rsv_alloc_pages_exact(r, 3 * PAGE_SIZE, GFP_KERNEL), *nothing = exact;
	u64 free;

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_NOT_NULL(test, exact);
	free = rsvt_region_free_bytes(r);
	IN_NMI(none = rsv_alloc_pages(r, GFP_ATOMIC, 1));
	KUNIT_EXPECT_NULL(test, none);
	IN_NMI(nothing = rsv_alloc_pages_exact(r, 3 * PAGE_SIZE, GFP_ATOMIC));
	KUNIT_EXPECT_NULL(test, nothing);
	EXPECT_MISUSE(test, RSV_IN_NMI, IN_NMI(__rsv_free_pages(page, 1)));
	EXPECT_MISUSE(test, RSV_IN_NMI, IN_NMI(rsv_free_pages_exact(exact, 3 * PAGE_SIZE)));
	KUNIT_EXPECT_EQ(test, rsvt_region_free_bytes(r), free);
	__rsv_free_pages(page, 1);
	rsv_free_pages_exact(exact, 3 * PAGE_SIZE);
	EXPECT_UNTOUCHED(test, r);
}

static struct kunit_case nmi_cases[] = {
	KUNIT_CASE_PARAM(objects_are_not_allocated, variants_gen_params),
	KUNIT_CASE_PARAM(objects_are_not_taken_back_and_stay_as_they_are, variants_gen_params),
	KUNIT_CASE(memory_by_the_byte_is_neither),
	KUNIT_CASE(pages_are_neither),
	{}};

static struct kunit_suite nmi_suite = {
	.name = "reservoir_nmi",
	.init = rsvt_suite_init,
	.test_cases = nmi_cases,
};

kunit_test_suite(nmi_suite);
