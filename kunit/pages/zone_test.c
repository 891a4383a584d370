// SPDX-License-Identifier: GPL-2.0
/*
 * Zones: the pages that belong to them, the order in which they serve, and large zones.
 *
 * The zones depend on the machine. User Mode Linux has one. The tests that need more are skipped
 * there, and run on the machines of make check-machines.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "compat.h"
#include "interface/query.h"
#include "pages/zonelist.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/scratch.h"
#include "support/suite.h"

/* --- What the machine has ------------------------------------------------------------------- */

static const gfp_t zone_gfps[] = {
	[RSV_ZONE_DMA] = GFP_KERNEL | __GFP_DMA,
	[RSV_ZONE_DMA32] = GFP_KERNEL | __GFP_DMA32,
	[RSV_ZONE_NORMAL] = GFP_KERNEL,
	[RSV_ZONE_HIGHMEM] = GFP_HIGHUSER,
};

static bool machine_has(unsigned int zone)
{
	int type = rsv_kernel_zone(zone), nid;

	for_each_online_node(nid)
		if (type >= 0 && populated_zone(&NODE_DATA(nid)->node_zones[type]))
			return true;
	return false;
}

/* The lowest zone that the machine has, and the next one above it */
static void two_zones(struct kunit *test, unsigned int *low, unsigned int *high)
{
	unsigned int zone, nr = 0, found[RSV_ZONE_HIGHMEM + 1];

	for (zone = RSV_ZONE_DMA; zone <= RSV_ZONE_HIGHMEM; zone++)
		if (machine_has(zone))
			found[nr++] = zone;
	if (nr < 2)
		kunit_skip(test, "the machine has one zone");
	*low = found[0];
	*high = found[1];
}

static const unsigned int zones[] = {
	RSV_ZONE_ANY, RSV_ZONE_DMA, RSV_ZONE_DMA32, RSV_ZONE_NORMAL, RSV_ZONE_HIGHMEM,
};

static void zone_text(const unsigned int *zone, char *text)
{
	static const char *const names[] = { "any", "dma", "dma32", "normal", "highmem" };

	strscpy(text, names[*zone], KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(zones, zones, zone_text);

static struct rsv_region *zoned_region(struct kunit *test, size_t bytes)
{
	struct rsv_reserve want = { .bytes = bytes };

	want.zone = *(const unsigned int *)test->param_value;
	if (want.zone != RSV_ZONE_ANY && !machine_has(want.zone))
		kunit_skip(test, "the machine has no such zone");
	return rsvt_scratch_region_or_skip(test, &want, 1);
}

/* --- Pages of a zone ------------------------------------------------------------------------ */

static void page_stands_in_the_zone_where_it_lies(struct kunit *test)
{
	struct rsv_region *r = zoned_region(test, SZ_2M);
	unsigned int zone = *(const unsigned int *)test->param_value, i, n;
	struct rsv_ioc_info info = rsvt_query_region(r);
	unsigned long pages = 0, pfn;

	for (i = 0; i < r->nr_extents; i++) {
		struct rsv_extent *e = r->extents->at[i];

		for (pfn = e->first; pfn < e->first + e->nr_pages; pfn++) {
			struct page *page = pfn_to_page(pfn);

			KUNIT_ASSERT_EQ(test, e->zone->type, page_zonenum(page));
			KUNIT_ASSERT_EQ(test, e->zone->nid, page_to_nid(page));
		}
		if (zone != RSV_ZONE_ANY)
			KUNIT_EXPECT_EQ(test, e->zone->type, rsv_kernel_zone(zone));
		KUNIT_EXPECT_EQ(test, !e->base, PageHighMem(pfn_to_page(e->first)));
	}
	for (n = 0; n < info.nr_zones; n++) {
		struct rsv_ioc_zone *now = rsvt_query_zone(test, r, n);

		KUNIT_EXPECT_EQ(test, now->free_pages, now->pages);
		KUNIT_EXPECT_EQ(test, now->protection, zone == RSV_ZONE_ANY ? 0 : now->pages);
		pages += now->pages;
	}
	KUNIT_EXPECT_EQ(test, pages, SZ_2M / PAGE_SIZE);
}

/* A device with an address of so few bits can reach every page that the request gets. */
static void zone_bits_keep_their_promise(struct kunit *test)
{
	struct rsv_region *r = zoned_region(test, SZ_1M);
	unsigned int zone = *(const unsigned int *)test->param_value;
	struct page **page = rsvt_pages_array(test, 256);
	unsigned long nr, i;

	if (zone == RSV_ZONE_ANY)
		kunit_skip(test, "no zone is named");
	nr = rsvt_pages_alloc(r, zone_gfps[zone], 0, page, 256);
	KUNIT_EXPECT_EQ(test, nr, 256);
	for (i = 0; i < nr; i++) {
		phys_addr_t end = PFN_PHYS(page_to_pfn(page[i]) + 1);

		if (zone == RSV_ZONE_DMA && IS_ENABLED(CONFIG_X86) && !IS_ENABLED(CONFIG_UML))
			KUNIT_EXPECT_LE(test, end, SZ_16M);
		if (zone == RSV_ZONE_DMA32)
			KUNIT_EXPECT_LE(test, (u64)end, 1ULL << 32);
		KUNIT_EXPECT_EQ(test, PageHighMem(page[i]), zone == RSV_ZONE_HIGHMEM);
	}
	rsvt_pages_free(page, nr, 0);
}

/* A zone above the ceiling never serves a request, however much of it is free. */
static void request_gets_nothing_from_a_higher_zone(struct kunit *test)
{
	unsigned int low, high;
	struct rsv_reserve want = { .bytes = SZ_1M };
	struct rsv_region *r;

	two_zones(test, &low, &high);
	want.zone = high;
	r = rsvt_scratch_region_or_skip(test, &want, 1);
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, zone_gfps[low], 0));
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, zone_gfps[low] | __GFP_HIGH, 0));
	KUNIT_EXPECT_EQ(test, rsvt_region_free_bytes(r), SZ_1M);
}

/* --- The order of zones --------------------------------------------------------------------- */

/* A region of two zones, of which the lower one shares some of its memory */
struct pair {
	struct rsv_region *r;
	unsigned int low;
	unsigned int high;
	struct page **page;
};

#define PAIR_PAGES	(SZ_1M / PAGE_SIZE)

/* Nodes, and so zones, may be in another order than their memory. */
static struct rsv_ioc_zone *figures_of(struct kunit *test, const struct pair *p, unsigned int zone)
{
	unsigned int n = 0;

	while (rsv_zone_nth(p->r, n)->type != rsv_kernel_zone(zone))
		n++;
	return rsvt_query_zone(test, p->r, n);
}

static struct pair zone_pair(struct kunit *test, size_t shared)
{
	struct pair p;
	struct rsv_reserve want[] = {
		{ .bytes = SZ_1M, .shared = shared },
		{ .bytes = SZ_1M },
	};

	two_zones(test, &p.low, &p.high);
	want[0].zone = p.low;
	want[1].zone = p.high;
	p.page = rsvt_pages_array(test, 2 * PAIR_PAGES + 1);
	/* The node of the memory is the one that requests ask first. */
	rsvt_stay_on_this_cpu();
	p.r = rsvt_scratch_region_or_skip(test, want, 2);
	return p;
}

static const size_t shares[] = { 0, SZ_4K, SZ_256K, SZ_1M };

static void share_text(const size_t *bytes, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "%zu KB", *bytes / SZ_1K);
}

KUNIT_ARRAY_PARAM(shares, shares, share_text);

static void higher_zone_serves_first_then_what_the_lower_one_shares(struct kunit *test)
{
	size_t shared = *(const size_t *)test->param_value;
	struct pair p = zone_pair(test, shared);
	unsigned long nr = rsvt_pages_alloc(p.r, zone_gfps[p.high], 0, p.page, 2 * PAIR_PAGES + 1),
		      i;
	struct rsv_ioc_zone *low = figures_of(test, &p, p.low);

	KUNIT_EXPECT_EQ(test, nr, PAIR_PAGES + shared / PAGE_SIZE);
	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_EQ(test, page_zonenum(p.page[i]),
				rsv_kernel_zone(i < PAIR_PAGES ? p.high : p.low));
	KUNIT_EXPECT_EQ(test, low->protection, PAIR_PAGES - shared / PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, low->free_pages, low->protection);
	/* Not even with __GFP_HIGH, which goes below the min watermark only */
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(p.r, zone_gfps[p.high] | __GFP_HIGH, 0));

	/* Requests for the zone itself get all of it. */
	nr += rsvt_pages_alloc(p.r, zone_gfps[p.low], 0, p.page + nr, 2 * PAIR_PAGES + 1 - nr);
	KUNIT_EXPECT_EQ(test, nr, 2 * PAIR_PAGES);
	rsvt_pages_free(p.page, nr, 0);
	rsvt_settle(p.r);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_bytes(p.r), SZ_2M);
}

/* A request for the lower zone begins there, even if the higher zone is unused. */
static void named_zone_serves_its_own_requests_first(struct kunit *test)
{
	struct pair p = zone_pair(test, SZ_1M);
	struct page *page = rsv_alloc_pages(p.r, zone_gfps[p.low], 3);

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_EQ(test, page_zonenum(page), rsv_kernel_zone(p.low));
	__rsv_free_pages(page, 3);
}

static void failure_is_counted_in_the_first_zone_asked(struct kunit *test)
{
	struct pair p = zone_pair(test, 0);

	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(p.r, zone_gfps[p.high] | __GFP_NOWARN, 11));
	KUNIT_EXPECT_EQ(test, figures_of(test, &p, p.low)->failures[11], 0);
	KUNIT_EXPECT_EQ(test, figures_of(test, &p, p.high)->failures[11], 1);
}

static void exact_runs_respect_protection(struct kunit *test)
{
	struct pair p = zone_pair(test, SZ_256K);
	void *a = rsv_alloc_pages_exact(p.r, SZ_1M, zone_gfps[p.high] & ~__GFP_HIGHMEM);

	if (p.high == RSV_ZONE_HIGHMEM) {
		rsv_free_pages_exact(a, SZ_1M);
		kunit_skip(test, "the higher zone has no addresses");
	}
	/* The higher zone may be fragmented; the lower one gives no more than it shares. */
	KUNIT_EXPECT_NULL(test,
			  rsv_alloc_pages_exact(p.r, a ? SZ_256K + 1 : SZ_1M, zone_gfps[p.high]));
	rsv_free_pages_exact(a, SZ_1M);
}

static void highmem_is_for_the_page_api_only(struct kunit *test)
{
	const struct rsv_reserve want[] = {
		{ .bytes = SZ_2M, .zone = RSV_ZONE_HIGHMEM },
		{ .bytes = SZ_1M },
	};
	struct rsv_region *r;
	unsigned int order;
	struct page *page;
	void *p;

	if (!machine_has(RSV_ZONE_HIGHMEM))
		kunit_skip(test, "the machine has no HIGHMEM");
	r = rsvt_scratch_region_or_skip(test, want, ARRAY_SIZE(want));
	for (order = 0; order < 4; order++) {
		unsigned long addr = rsv_get_free_pages(r, GFP_HIGHUSER, order);

		KUNIT_ASSERT_NE(test, addr, 0);
		KUNIT_EXPECT_FALSE(test, PageHighMem(virt_to_page((void *)addr)));
		rsv_free_pages(addr, order);

		page = rsv_alloc_pages(r, GFP_HIGHUSER | __GFP_ZERO, order);
		KUNIT_ASSERT_NOT_NULL(test, page);
		KUNIT_EXPECT_TRUE(test, PageHighMem(page));
		p = kmap_local_page(page);
		KUNIT_EXPECT_NULL(test, memchr_inv(p, 0, PAGE_SIZE));
		memset(p, 0xa5, PAGE_SIZE);
		kunmap_local(p);
		__rsv_free_pages(page, order);
	}
	p = rsv_kmalloc(r, 12000, GFP_HIGHUSER);
	KUNIT_EXPECT_FALSE(test, !p || PageHighMem(virt_to_page(p)));
	rsv_kfree(p);
	p = rsv_alloc_pages_exact(r, 5 * PAGE_SIZE, GFP_HIGHUSER);
	KUNIT_EXPECT_FALSE(test, !p || PageHighMem(virt_to_page(p)));
	rsv_free_pages_exact(p, 5 * PAGE_SIZE);
}

/* --- Large regions -------------------------------------------------------------------------- */

static void metadata_is_at_most_one_percent_from_64_mb_up(struct kunit *test)
{
	struct rsv_reserve want = { .bytes = SZ_64M };
	struct rsv_ioc_info info = rsvt_query_region(rsvt_scratch_region_or_skip(test, &want, 1));

	KUNIT_EXPECT_LE(test, info.metadata_bytes, info.bytes / 100);
	KUNIT_EXPECT_GT(test, info.percpu_bytes, 0);
	kunit_info(test, "metadata %llu bytes, and %llu for each CPU\n", info.metadata_bytes,
		   info.percpu_bytes);
}

/*
 * Allocates as many blocks of each order as the free areas hold, aligned, from the largest order
 * down.
 */
static void take_every_order(struct kunit *test, struct rsv_region *r, struct page **block)
{
	struct free_areas untouched;
	int order = RSV_ORDERS_MAX, k;

	rsvt_free_areas_untouched(r, &untouched);
	while (order-- > 0) {
		unsigned long wanted = 0, nr, i;

		for (k = order; k < RSV_ORDERS_MAX; k++)
			wanted += untouched.count[k] << (k - order);
		nr = rsvt_pages_alloc(r, GFP_KERNEL | __GFP_HIGH | __GFP_NOWARN, order, block,
				      wanted + 1);
		KUNIT_EXPECT_EQ_MSG(test, nr, wanted, "order %d", order);
		for (i = 0; i < nr; i++)
			KUNIT_EXPECT_TRUE(test, IS_ALIGNED(page_to_pfn(block[i]), 1UL << order));
		rsvt_pages_free(block, nr, order);
		rsvt_settle(r);
		EXPECT_SAME_AREAS(test, r, &untouched);
	}
}

static void every_order_can_be_had_down_from_the_largest_and_again(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region_large(test);
	struct page **block = rsvt_pages_array(test, r->nr_pages + 1);
	unsigned int round;

	rsvt_stay_on_this_cpu();
	for (round = 0; round < 2; round++)
		take_every_order(test, r, block);
	kunit_info(test, "the largest block has %llu KB\n",
		   rsvt_query_region(r).largest_block >> 10);
}

static struct kunit_case zone_cases[] = {
	KUNIT_CASE_PARAM(page_stands_in_the_zone_where_it_lies, zones_gen_params),
	KUNIT_CASE_PARAM(zone_bits_keep_their_promise, zones_gen_params),
	KUNIT_CASE(request_gets_nothing_from_a_higher_zone),
	KUNIT_CASE_PARAM(higher_zone_serves_first_then_what_the_lower_one_shares,
			 shares_gen_params),
	KUNIT_CASE(named_zone_serves_its_own_requests_first),
	KUNIT_CASE(failure_is_counted_in_the_first_zone_asked),
	KUNIT_CASE(exact_runs_respect_protection),
	KUNIT_CASE(highmem_is_for_the_page_api_only),
	KUNIT_CASE(metadata_is_at_most_one_percent_from_64_mb_up),
	KUNIT_CASE(every_order_can_be_had_down_from_the_largest_and_again),
	{}};

static struct kunit_suite zone_suite = {
	.name = "reservoir_zone",
	.init = rsvt_suite_init,
	.test_cases = zone_cases,
};

kunit_test_suite(zone_suite);
