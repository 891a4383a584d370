// SPDX-License-Identifier: GPL-2.0
/*
 * An NMI is served by what this CPU has cached, and by the room that it has, without any lock.
 * Otherwise, and where the NMI comes in the middle of a fast path, an allocation returns NULL and a
 * free is refused with a report, for the NMI may have interrupted the holder of any lock. The
 * refused object or page is as usable as before.
 */
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/string.h>

#include "objects/cpu.h"
#include "objects/size_class.h"
#include "pages/pcp.h"
#include "pages/zonelist.h"
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
#define BULK	20

/* A cache that has free objects on this CPU */
static struct rsv_cache *ready_cache(struct kunit *test)
{
	struct rsv_cache *c =
		rsvt_param_cache(test, rsvt_scratch_region(test, VARIANT_REGION), SIZE, NULL);
	void *object[BULK];

	rsvt_objects_alloc(test, c, object, BULK);
	rsvt_objects_free(c, object, BULK);
	return c;
}

/* Objects that the loaded magazine of this CPU has, if fast paths serve the cache at all */
static unsigned int fast_objects(const struct rsv_cache *c)
{
	if (c->fast_cpus != c->cpus || IS_ENABLED(CONFIG_DEBUG_KMEMLEAK))
		return 0;
	return rsv_cpu_nr_loaded(raw_cpu_ptr(c->cpus));
}

static void objects_are_allocated_from_the_magazine(struct kunit *test)
{
	struct rsv_cache *c = ready_cache(test);
	void **object = rsvt_objects_array(test, RSV_MAGAZINE_SIZE(RSV_MAGAZINE_SIZES)), *none;
	unsigned int nr = 0, wanted;
	u64 allocs, count;

	rsvt_stay_on_this_cpu();
	allocs = rsvt_query_cache(c).allocs;
	wanted = fast_objects(c);
	do {
		IN_NMI(none = rsv_cache_alloc(c, GFP_ATOMIC));
		if (none)
			object[nr++] = none;
	} while (none);
	KUNIT_EXPECT_EQ(test, nr, wanted);
	IN_NMI(none = rsv_cache_alloc_node(c, GFP_ATOMIC, numa_mem_id()));
	KUNIT_EXPECT_NULL(test, none);
	count = rsvt_query_cache(c).allocs;
	KUNIT_EXPECT_EQ(test, count, allocs + nr);
	rsvt_objects_free(c, object, nr);
}

/* Bulk requests may exchange magazines with the depot, under its lock. */
static void objects_are_not_allocated_in_bulk(struct kunit *test)
{
	struct rsv_cache *c = ready_cache(test);
	u64 allocs = rsvt_query_cache(c).allocs;
	unsigned int nr = 1;
	void *bulk[BULK];

	IN_NMI(nr = rsv_cache_alloc_bulk(c, GFP_ATOMIC, BULK, bulk));
	KUNIT_EXPECT_EQ(test, nr, 0);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).allocs, allocs);
}

/* An NMI between any two steps of a fast path finds busy set, or both do all that they should. */
static struct {
	struct rsv_cache *c;
	unsigned int calls, at, nr;
	void *object;
} nmi;

static void nmi_comes(int step)
{
	if (nmi.calls++ != nmi.at)
		return;
	WRITE_ONCE(rsv_step_hook, NULL);
	IN_NMI(nmi.object = rsv_cache_alloc(nmi.c, GFP_ATOMIC));
	if (nmi.object)
		nmi.nr++;
}

static void nmi_between_any_two_steps_does_no_harm(struct kunit *test)
{
	struct rsv_cache *c = ready_cache(test);
	bool fast = fast_objects(c);
	void *object;

	rsvt_stay_on_this_cpu();
	nmi = (typeof(nmi)){ .c = c };
	for (; nmi.at <= RSV_STEPS; nmi.at++) {
		nmi.calls = 0;
		nmi.object = NULL;
		WRITE_ONCE(rsv_step_hook, nmi_comes);
		object = rsv_cache_alloc(c, GFP_KERNEL);
		WRITE_ONCE(rsv_step_hook, NULL);
		KUNIT_ASSERT_NOT_NULL(test, object);
		KUNIT_EXPECT_PTR_NE(test, object, nmi.object);
		KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).active_objects, 1 + !!nmi.object);
		rsv_cache_free(c, object);
		rsv_cache_free(c, nmi.object);
	}
	/* Before busy is set, and after it is clear again */
	KUNIT_EXPECT_EQ(test, nmi.nr > 0, fast);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).active_objects, 0);
}

/* Sets where the loaded magazine ends. Returns where it ended. */
static void **set_limit(struct rsv_cache *c, void **limit)
{
	struct rsv_cpu *cpu = rsv_cpu_enter(c->cpus);
	void **before = cpu->limit;

	cpu->limit = limit ?: cpu->top;
	rsv_cpu_leave(cpu);
	return before;
}

static void objects_are_not_taken_back_and_stay_as_they_are(struct kunit *test)
{
	struct rsv_cache *c = ready_cache(test);
	void *object[BULK], **limit;
	unsigned int i;

	rsvt_stay_on_this_cpu();
	rsvt_objects_alloc(test, c, object, BULK);
	for (i = 0; i < BULK; i++)
		memset(object[i], i, SIZE);
	/* The loaded magazine seems full, so that no fast path takes an object. */
	limit = set_limit(c, NULL);
	EXPECT_MISUSE(test, RSV_IN_NMI, IN_NMI(rsv_cache_free(c, object[3])));
	EXPECT_MISUSE(test, RSV_IN_NMI, IN_NMI(rsv_kfree(object[4])));
	EXPECT_MISUSE(test, RSV_IN_NMI, IN_NMI(rsv_cache_free_bulk(c, 1, object + 5)));
	set_limit(c, limit);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).active_objects, BULK);
	for (i = 0; i < BULK; i++)
		KUNIT_EXPECT_NULL(test, memchr_inv(object[i], i, SIZE));
	/* After the NMI each free is accepted. */
	rsvt_objects_free(c, object, BULK);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).active_objects, 0);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, c->region);
}

static void large_memory_by_the_byte_is_neither(struct kunit *test)
{
	static const size_t sizes[] = { 17 * PAGE_SIZE, 21 * PAGE_SIZE };
	struct rsv_region *r = rsvt_scratch_region(test, SZ_1M);
	void *p, *again;
	unsigned int i;
	size_t size;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		rsv_kfree(rsv_kmalloc(r, sizes[i], GFP_KERNEL));
		IN_NMI(p = rsv_kmalloc(r, sizes[i], GFP_ATOMIC));
		KUNIT_EXPECT_NULL(test, p);
		p = rsv_kmalloc(r, sizes[i], GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p);
		memset(p, 0x5a, sizes[i]);
		EXPECT_MISUSE(test, RSV_IN_NMI,
			      IN_NMI(again = rsv_krealloc(r, p, 40 * PAGE_SIZE, GFP_ATOMIC)));
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

static void small_memory_by_the_byte_comes_from_the_magazine(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_1M);
	struct rsv_cache *c = r->kmalloc[rsv_class_of(r->classes, 100)];
	void *p[BULK], *got;
	unsigned int i;

	rsvt_stay_on_this_cpu();
	for (i = 0; i < BULK; i++)
		p[i] = rsv_kmalloc(r, 100, GFP_KERNEL);
	for (i = 0; i < BULK; i++)
		rsv_kfree(p[i]);
	if (!fast_objects(c))
		kunit_skip(test, "this kernel or its parameters leave nothing to fast paths");
	IN_NMI(got = rsv_kmalloc(r, 100, GFP_ATOMIC));
	KUNIT_ASSERT_NOT_NULL(test, got);
	IN_NMI(rsv_kfree(got));
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).active_objects, 0);
	EXPECT_MISUSE(test, RSV_IN_NMI, IN_NMI(rsv_kfree(got)));
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).active_objects, 0);
}

static void pages_come_from_the_list(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_1M);
	struct page *page = rsv_alloc_pages(r, GFP_KERNEL, 0), *got;
	u64 free;

	rsvt_stay_on_this_cpu();
	KUNIT_ASSERT_NOT_NULL(test, page);
	__rsv_free_pages(page, 0);
	free = rsvt_region_free_bytes(r);
	IN_NMI(got = rsv_alloc_pages(r, GFP_ATOMIC, 0));
	if (!got)
		kunit_skip(test, "the zone has no lists");
	IN_NMI(__rsv_free_pages(got, 0));
	KUNIT_EXPECT_EQ(test, rsvt_region_free_bytes(r), free);
	EXPECT_MISUSE(test, RSV_IN_NMI, IN_NMI(__rsv_free_pages(got, 0)));
	KUNIT_EXPECT_EQ(test, rsvt_region_free_bytes(r), free);
	EXPECT_UNTOUCHED(test, r);
}

/* A drain closes the list of this CPU, and the first free after it opens the list. */
static void pages_go_to_a_list_that_a_drain_closed(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_1M);
	struct page *page = rsv_alloc_pages(r, GFP_KERNEL, 0);
	struct rsv_zone *z = rsv_zone_nth(r, 0);

	rsvt_stay_on_this_cpu();
	KUNIT_ASSERT_NOT_NULL(test, page);
	/* The CPU takes the extent as its hint, without which no NMI frees anything. */
	__rsv_free_pages(page, 0);
	page = rsv_alloc_pages(r, GFP_KERNEL, 0);
	KUNIT_ASSERT_NOT_NULL(test, page);
	rsvt_settle(r);
	if (!z->pcp_high[0])
		kunit_skip(test, "the zone has no lists");
	KUNIT_EXPECT_FALSE(test, rsv_pcp_is_open(z, raw_smp_processor_id()));
	IN_NMI(__rsv_free_pages(page, 0));
	KUNIT_EXPECT_TRUE(test, rsv_pcp_is_open(z, raw_smp_processor_id()));
	KUNIT_EXPECT_EQ(test, rsv_pcp_nr(raw_cpu_ptr(z->pcp[0])), 1);
	EXPECT_MISUSE(test, RSV_IN_NMI, IN_NMI(__rsv_free_pages(page, 0)));
	EXPECT_UNTOUCHED(test, r);
}

/* Room on a full list takes the zone's lock. */
static void full_list_makes_no_room(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_1M);
	struct rsv_zone *z = rsv_zone_nth(r, 0);
	const unsigned int nr = r->nr_pages;
	struct page **page = rsvt_pages_array(test, nr);
	unsigned int i, cached;

	rsvt_stay_on_this_cpu();
	if (!z->pcp_high[0])
		kunit_skip(test, "the zone has no lists");
	KUNIT_ASSERT_EQ(test, rsvt_pages_alloc(r, GFP_KERNEL | __GFP_HIGH, 0, page, nr), nr);
	for (i = 0; i < nr; i++) {
		cached = rsv_pcp_nr(raw_cpu_ptr(z->pcp[0]));
		if (cached && cached >= z->pcp_high[0])
			break;
		__rsv_free_pages(page[i], 0);
	}
	KUNIT_ASSERT_LT(test, i, nr);
	EXPECT_MISUSE(test, RSV_IN_NMI, IN_NMI(__rsv_free_pages(page[i], 0)));
	KUNIT_EXPECT_EQ(test, rsv_pcp_nr(raw_cpu_ptr(z->pcp[0])), cached);
	rsvt_pages_free(page + i, nr - i, 0);
	kunit_kfree(test, page);
	EXPECT_UNTOUCHED(test, r);
}

/* Blocks that no list has, and runs that are no block */
static void other_pages_are_neither(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_1M);
	struct page *page = rsv_alloc_pages(r, GFP_KERNEL, 1), *none = page;
	void *exact = rsv_alloc_pages_exact(r, 3 * PAGE_SIZE, GFP_KERNEL), *nothing = exact;
	u64 free;

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_NOT_NULL(test, exact);
	free = rsvt_region_free_bytes(r);
	rsvt_lists_off(r);
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
	KUNIT_CASE_PARAM(objects_are_allocated_from_the_magazine, variants_gen_params),
	KUNIT_CASE_PARAM(objects_are_not_allocated_in_bulk, variants_gen_params),
	KUNIT_CASE_PARAM(nmi_between_any_two_steps_does_no_harm, variants_gen_params),
	KUNIT_CASE_PARAM(objects_are_not_taken_back_and_stay_as_they_are, variants_gen_params),
	KUNIT_CASE(large_memory_by_the_byte_is_neither),
	KUNIT_CASE(small_memory_by_the_byte_comes_from_the_magazine),
	KUNIT_CASE(pages_come_from_the_list),
	KUNIT_CASE(pages_go_to_a_list_that_a_drain_closed),
	KUNIT_CASE(full_list_makes_no_room),
	KUNIT_CASE(other_pages_are_neither),
	{}};

static struct kunit_suite nmi_suite = {
	.name = "reservoir_nmi",
	.init = rsvt_suite_init,
	.test_cases = nmi_cases,
};

kunit_test_suite(nmi_suite);
