// SPDX-License-Identifier: GPL-2.0
/*
 * The page API: alignment and contents of blocks, flags, bulk requests, exact figures, and contexts
 * that may not sleep.
 */
#include <linux/irq_work.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "support/areas.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/map.h"
#include "support/misuse.h"
#include "support/params.h"
#include "support/scratch.h"
#include "support/suite.h"

/* --- Blocks --------------------------------------------------------------------------------- */

static void page_and_address_are_two_names_of_a_block(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 8);
	struct page *page = rsv_alloc_pages(r, GFP_KERNEL, 1);
	unsigned long addr;

	KUNIT_ASSERT_NOT_NULL(test, page);
	rsv_free_pages((unsigned long)page_address(page), 1);
	EXPECT_FREE_AREAS(test, r, [3] = 1);

	addr = rsv_get_free_pages(r, GFP_KERNEL, 1);
	KUNIT_ASSERT_PTR_EQ(test, virt_to_page(addr), page);
	__rsv_free_pages(page, 1);
	EXPECT_FREE_AREAS(test, r, [3] = 1);
}

static void freeing_nothing_is_no_misuse(struct kunit *test)
{
	rsv_free_pages(0, 0);
	rsv_free_pages(0, 5);
}

static void every_page_of_a_block_has_a_reference_of_its_own(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 37);
	struct page *page = rsv_alloc_pages(r, GFP_KERNEL, 4);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, page);
	for (i = 0; i < 16; i++) {
		KUNIT_EXPECT_EQ(test, page_count(page + i), RSV_PAGE_REFS);
		KUNIT_EXPECT_FALSE(test, PageCompound(page + i));
		KUNIT_EXPECT_FALSE(test, PageReserved(page + i));
	}
	__rsv_free_pages(page, 4);
}

static void zeroed_memory_is_zero_after_others_used_it(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 4);
	unsigned long addr = rsv_get_free_pages(r, GFP_KERNEL, 2);
	unsigned int order;

	KUNIT_ASSERT_NE(test, addr, 0);
	memset((void *)addr, 0xa5, 4 * PAGE_SIZE);
	rsv_free_pages(addr, 2);
	for (order = 0; order < 3; order++) {
		addr = rsv_get_free_pages(r, GFP_KERNEL | __GFP_ZERO, order);
		KUNIT_ASSERT_NE(test, addr, 0);
		KUNIT_EXPECT_NULL(test, memchr_inv((void *)addr, 0, PAGE_SIZE << order));
		memset((void *)addr, 0xa5, PAGE_SIZE << order);
		rsv_free_pages(addr, order);
	}

	addr = rsv_get_zeroed_page(r, GFP_KERNEL);
	KUNIT_ASSERT_NE(test, addr, 0);
	KUNIT_EXPECT_NULL(test, memchr_inv((void *)addr, 0, PAGE_SIZE));
	rsv_free_pages(addr, 0);
}

static void memory_is_not_touched_without_gfp_zero(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 1);
	unsigned long addr = rsv_get_free_pages(r, GFP_KERNEL, 0);

	KUNIT_ASSERT_NE(test, addr, 0);
	memset((void *)addr, 0xa5, PAGE_SIZE);
	rsv_free_pages(addr, 0);
	KUNIT_ASSERT_EQ(test, rsv_get_free_pages(r, GFP_KERNEL, 0), addr);
	KUNIT_EXPECT_NULL(test, memchr_inv((void *)addr, 0xa5, PAGE_SIZE));
	rsv_free_pages(addr, 0);
}

/* --- The whole region ----------------------------------------------------------------------- */

static const unsigned int sizes[] = { 1, 7, 37, 64 };

KUNIT_ARRAY_PARAM(sizes, sizes, rsvt_pages_text);

static void every_page_can_be_had_once_and_then_none(struct kunit *test)
{
	unsigned int pages = *(const unsigned int *)test->param_value;
	struct rsv_region *r = rsvt_scratch_areas(test, pages);
	struct free_areas untouched;
	unsigned long addr[64], offset;
	DECLARE_BITMAP(seen, 64) = {};
	unsigned int i;

	rsvt_free_areas_read(test, r, &untouched);
	for (i = 0; i < pages; i++) {
		addr[i] = rsv_get_free_pages(r, GFP_KERNEL, 0);
		KUNIT_ASSERT_NE(test, addr[i], 0);
		offset = rsvt_scratch_page(r, (void *)addr[i]);
		KUNIT_ASSERT_LT(test, offset, pages);
		KUNIT_EXPECT_FALSE(test, test_and_set_bit(offset, seen));
	}
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), 0);
	KUNIT_EXPECT_EQ(test, rsv_get_free_pages(r, GFP_KERNEL, 0), 0);
	KUNIT_EXPECT_EQ(test, rsv_get_free_pages(r, GFP_ATOMIC, 0), 0);
	KUNIT_EXPECT_EQ(test, rsv_get_zeroed_page(r, GFP_KERNEL), 0);

	for (i = 0; i < pages; i++)
		rsv_free_pages(addr[i], 0);
	EXPECT_SAME_AREAS(test, r, &untouched);
}

/*
 * Allocates blocks of mixed orders until the region is exhausted, and fills each to its last byte
 * with its number.
 */
static void writing_all_of_a_block_disturbs_no_other(struct kunit *test)
{
	unsigned int pages = *(const unsigned int *)test->param_value;
	struct rsv_region *r = rsvt_scratch_areas(test, pages);
	struct free_areas untouched;
	unsigned long addr[64];
	unsigned int order[64], i, n = 0;
	int k;

	rsvt_free_areas_read(test, r, &untouched);
	for (k = 3; k >= 0; k--) {
		for (; n < 64; n++) {
			addr[n] = rsv_get_free_pages(r, GFP_KERNEL, k);
			if (!addr[n])
				break;
			order[n] = k;
			memset((void *)addr[n], n + 1, PAGE_SIZE << k);
			/* Leaves memory for the smaller orders. */
			if (k && n % 4 == 3) {
				n++;
				break;
			}
		}
	}
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), 0);
	for (i = 0; i < n; i++) {
		KUNIT_EXPECT_NULL(test, memchr_inv((void *)addr[i], i + 1, PAGE_SIZE << order[i]));
		rsv_free_pages(addr[i], order[i]);
	}
	EXPECT_SAME_AREAS(test, r, &untouched);
}

/* --- Flags ---------------------------------------------------------------------------------- */

/* A zone bit is a ceiling, as in the kernel: a region above it cannot serve the request. */
static void zone_bits_are_a_ceiling(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 1);
	enum zone_type type = page_zonenum(virt_to_page(rsvt_scratch_base(r)));
	static const gfp_t zones[] = { GFP_DMA, GFP_DMA32, 0, __GFP_HIGHMEM };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(zones); i++) {
		struct page *page = rsv_alloc_pages(r, GFP_KERNEL | zones[i], 0);

		KUNIT_EXPECT_EQ(test, !!page, type <= gfp_zone(GFP_KERNEL | zones[i]));
		if (page)
			__rsv_free_pages(page, 0);
	}
}

/* --- Bulk ----------------------------------------------------------------------------------- */

static const unsigned int bulks[] = { 0, 1, 63, 64, 65, 100 };

KUNIT_ARRAY_PARAM(bulks, bulks, rsvt_pages_text);

/* A request for more gets what the region has, and the rest of the array does not change. */
static void bulk_gives_as_many_as_there_are(struct kunit *test)
{
	unsigned int wanted = *(const unsigned int *)test->param_value, i;
	struct rsv_region *r = rsvt_scratch_areas(test, 64);
	struct page **page = rsvt_pages_array(test, 101);
	DECLARE_BITMAP(seen, 64) = {};
	unsigned long nr;

	nr = rsv_alloc_pages_bulk(r, GFP_KERNEL | __GFP_ZERO, wanted, page);
	KUNIT_ASSERT_EQ(test, nr, min(wanted, 64U));
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), 64 - nr);
	KUNIT_EXPECT_NULL(test, memchr_inv(page + nr, 0, (101 - nr) * sizeof(*page)));
	for (i = 0; i < nr; i++) {
		void *addr = page_address(page[i]);

		KUNIT_EXPECT_FALSE(test, test_and_set_bit(rsvt_scratch_page(r, addr), seen));
		KUNIT_EXPECT_NULL(test, memchr_inv(addr, 0, PAGE_SIZE));
		memset(addr, 0xa5, PAGE_SIZE);
	}
	KUNIT_EXPECT_EQ(test, rsv_alloc_pages_bulk(r, GFP_KERNEL, 64, page + nr), 64 - nr);
	KUNIT_EXPECT_EQ(test, rsv_alloc_pages_bulk(r, GFP_ATOMIC, 1, page + 64), 0);
	rsv_free_pages_bulk(64, page);
	rsv_free_pages_bulk(0, page);
	EXPECT_FREE_AREAS(test, r, [6] = 1);
}

/* As the kernel's: entries that are filled stay, and the count goes up to the first gap. */
static void bulk_fills_what_is_empty(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 4);
	struct page *page[6] = {}, *before;

	page[1] = rsv_alloc_pages(r, GFP_KERNEL, 0);
	before = page[1];
	KUNIT_ASSERT_NOT_NULL(test, before);
	KUNIT_EXPECT_EQ(test, rsv_alloc_pages_bulk(r, GFP_KERNEL, 3, page), 3);
	KUNIT_EXPECT_PTR_EQ(test, page[1], before);
	KUNIT_EXPECT_NOT_NULL(test, page[0]);
	KUNIT_EXPECT_NOT_NULL(test, page[2]);
	KUNIT_EXPECT_EQ(test, rsv_alloc_pages_bulk(r, GFP_KERNEL, 3, page), 3);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), 1);

	/* One page is left for two gaps. */
	page[4] = page[2];
	page[2] = NULL;
	KUNIT_EXPECT_EQ(test, rsv_alloc_pages_bulk(r, GFP_KERNEL, 6, page), 3);
	KUNIT_EXPECT_NOT_NULL(test, page[2]);
	KUNIT_EXPECT_NULL(test, page[3]);
	page[3] = page[4];
	rsv_free_pages_bulk(4, page);
	EXPECT_FREE_AREAS(test, r, [2] = 1);
}

static void bulk_refuses_what_a_single_request_refuses(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 8);
	struct page *page[2] = {}, *same;

	KUNIT_EXPECT_EQ(test, rsv_alloc_pages_bulk(r, GFP_KERNEL | __GFP_NOFAIL, 2, page), 0);
	KUNIT_ASSERT_EQ(test, rsv_alloc_pages_bulk(r, GFP_KERNEL, 2, page), 2);
	same = page[0];
	rsv_free_pages_bulk(2, page);
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_free_pages_bulk(1, &same));
	EXPECT_FREE_AREAS(test, r, [3] = 1);
}

/* --- Figures -------------------------------------------------------------------------------- */

/* A script of which every split, merge and byte is known */
static void every_figure_of_a_script_is_exact(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_areas(test, 64);
	struct page *a = rsv_alloc_pages(r, GFP_KERNEL, 0); /* splits 6, 5, 4, 3, 2, 1 */
	struct page *b = rsv_alloc_pages(r, GFP_ATOMIC, 3);
	void *c = rsv_alloc_pages_exact(r, 5 * PAGE_SIZE - 1, GFP_KERNEL); /* splits 4 */
	unsigned int order;
	struct rsv_ioc_zone *now;

	KUNIT_ASSERT_NOT_NULL(test, a);
	KUNIT_ASSERT_NOT_NULL(test, b);
	KUNIT_ASSERT_NOT_NULL(test, c);
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP_KERNEL | __GFP_NOWARN, 6));
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages_exact(r, 63 * PAGE_SIZE, GFP_ATOMIC));
	__rsv_free_pages(a, 0);
	__rsv_free_pages(b, 3);
	rsv_free_pages_exact(c, 5 * PAGE_SIZE - 1);

	now = rsvt_query_zone(test, r, 0);
	KUNIT_EXPECT_EQ(test, now->peak_pages, 1 + 8 + 5);
	for (order = 0; order < RSV_ORDERS_MAX; order++) {
		bool blocks = !order || order == 3;

		KUNIT_EXPECT_EQ(test, now->allocs[order], blocks + (order == 3));
		KUNIT_EXPECT_EQ(test, now->frees[order], blocks + (order == 3));
		KUNIT_EXPECT_EQ(test, now->failures[order], order == 6 ? 2 : 0);
	}
	KUNIT_EXPECT_EQ(test, now->asked[0], PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, now->granted[0], PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, now->asked[3], 13 * PAGE_SIZE - 1);
	KUNIT_EXPECT_EQ(test, now->granted[3], 13 * PAGE_SIZE);
	EXPECT_FREE_AREAS(test, r, [6] = 1);
}

/* --- Contexts that may not sleep ------------------------------------------------------------ */

/*
 * Calls every function that a caller that may not sleep may call. Returns the number of failures.
 */
static unsigned int failures_without_sleeping(struct rsv_region *r, struct rsv_cache *c)
{
	struct page *page = rsv_alloc_pages(r, GFP_ATOMIC | __GFP_ZERO, 1);
	unsigned long addr = rsv_get_free_pages(r, GFP_NOWAIT, 0);
	void *object = rsv_cache_alloc(c, GFP_ATOMIC);
	void *p = rsv_kzalloc(r, 100, GFP_ATOMIC), *large = rsv_kmalloc(r, 12000, GFP_NOWAIT);
	unsigned int failures = !page + !addr + !object + !p + !large;

	rsv_kfree(large);
	rsv_kfree(p);
	rsv_cache_free(c, object);
	rsv_free_pages(addr, 0);
	if (page)
		__rsv_free_pages(page, 1);
	return failures;
}

static void a_spinlock_may_be_held(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 32);
	struct rsv_cache *c = rsvt_scratch_cache(test, r, 200, 0);
	unsigned int failures;
	static DEFINE_SPINLOCK(lock);

	spin_lock(&lock);
	failures = failures_without_sleeping(r, c);
	spin_unlock(&lock);
	KUNIT_EXPECT_EQ(test, failures, 0);
}

static void interrupts_may_be_off_and_stay_off(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 32);
	struct rsv_cache *c = rsvt_scratch_cache(test, r, 200, 0);
	static DEFINE_RAW_SPINLOCK(lock);
	unsigned int failures;
	unsigned long flags;
	bool off;

	raw_spin_lock_irqsave(&lock, flags);
	failures = failures_without_sleeping(r, c);
	off = irqs_disabled();
	raw_spin_unlock_irqrestore(&lock, flags);
	KUNIT_EXPECT_EQ(test, failures, 0);
	KUNIT_EXPECT_TRUE(test, off);
}

struct interrupt {
	struct irq_work work;
	struct rsv_region *r;
	struct rsv_cache *c;
	unsigned int failures;
	bool ran;
	bool hard;
};

static void interrupt(struct irq_work *work)
{
	struct interrupt *i = container_of(work, struct interrupt, work);

	i->hard = in_hardirq();
	i->failures = failures_without_sleeping(i->r, i->c);
	i->ran = true;
}

static void a_hard_interrupt_may_call(struct kunit *test)
{
	struct interrupt *i = kunit_kzalloc(test, sizeof(*i), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, i);
	i->work = IRQ_WORK_INIT_HARD(interrupt);
	i->r = rsvt_scratch_pages(test, 32);
	i->c = rsvt_scratch_cache(test, i->r, 200, 0);
	irq_work_queue(&i->work);
	irq_work_sync(&i->work);
	KUNIT_EXPECT_TRUE(test, i->ran);
	KUNIT_EXPECT_TRUE(test, i->hard);
	KUNIT_EXPECT_EQ(test, i->failures, 0);
}

/* --- Refusals ------------------------------------------------------------------------------- */

static void page_of_the_system_is_refused_and_stays_the_systems(struct kunit *test)
{
	struct page *page = alloc_page(GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	EXPECT_MISUSE(test, RSV_FOREIGN, __rsv_free_pages(page, 0));
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	__free_page(page);
}

static void address_of_no_region_is_refused(struct kunit *test)
{
	void *mapped = vmalloc(PAGE_SIZE);

	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_free_pages((unsigned long)mapped, 0));
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_free_pages((unsigned long)interrupt & PAGE_MASK, 0));
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_free_pages(PAGE_SIZE, 0));
	vfree(mapped);
}

static void address_inside_a_page_is_refused(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 4);
	unsigned long addr = rsv_get_free_pages(r, GFP_KERNEL, 1);

	KUNIT_ASSERT_NE(test, addr, 0);
	EXPECT_MISUSE(test, RSV_MISALIGNED, rsv_free_pages(addr + 8, 1));
	EXPECT_MISUSE(test, RSV_MISALIGNED, rsv_free_pages(addr + PAGE_SIZE, 0));
	EXPECT_FREE_AREAS(test, r, [1] = 1);
	rsv_free_pages(addr, 1);
}

static void page_of_a_slab_is_refused(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 8);
	struct rsv_cache *c = rsvt_scratch_cache(test, r, 2048, 0);
	void *object = rsv_cache_alloc(c, GFP_KERNEL);
	struct page *page = virt_to_page(rsvt_scratch_base(r));

	KUNIT_ASSERT_NOT_NULL(test, object);
	EXPECT_MAP(test, r, "Sss.....");
	EXPECT_MISUSE(test, RSV_FOREIGN, __rsv_free_pages(page, 0));
	EXPECT_MISUSE(test, RSV_FOREIGN, __rsv_free_pages(page + 1, 0));
	memset(object, 0x5a, 2048);
	rsv_cache_free(c, object);
}

static struct kunit_case page_cases[] = {
	KUNIT_CASE(page_and_address_are_two_names_of_a_block),
	KUNIT_CASE(freeing_nothing_is_no_misuse),
	KUNIT_CASE(every_page_of_a_block_has_a_reference_of_its_own),
	KUNIT_CASE(zeroed_memory_is_zero_after_others_used_it),
	KUNIT_CASE(memory_is_not_touched_without_gfp_zero),
	KUNIT_CASE_PARAM(every_page_can_be_had_once_and_then_none, sizes_gen_params),
	KUNIT_CASE_PARAM(writing_all_of_a_block_disturbs_no_other, sizes_gen_params),
	KUNIT_CASE(zone_bits_are_a_ceiling),
	KUNIT_CASE_PARAM(bulk_gives_as_many_as_there_are, bulks_gen_params),
	KUNIT_CASE(bulk_fills_what_is_empty),
	KUNIT_CASE(bulk_refuses_what_a_single_request_refuses),
	KUNIT_CASE(every_figure_of_a_script_is_exact),
	KUNIT_CASE(a_spinlock_may_be_held),
	KUNIT_CASE(interrupts_may_be_off_and_stay_off),
	KUNIT_CASE(a_hard_interrupt_may_call),
	KUNIT_CASE(page_of_the_system_is_refused_and_stays_the_systems),
	KUNIT_CASE(address_of_no_region_is_refused),
	KUNIT_CASE(address_inside_a_page_is_refused),
	KUNIT_CASE(page_of_a_slab_is_refused),
	{}};

static struct kunit_suite page_suite = {
	.name = "reservoir_page",
	.init = rsvt_suite_init,
	.test_cases = page_cases,
};

kunit_test_suite(page_suite);
