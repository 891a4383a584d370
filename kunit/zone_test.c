// SPDX-License-Identifier: GPL-2.0
/*
 * Zones and nodes: where pages stand, in what order zones serve, and what they keep back.
 *
 * What zones and nodes there are depends on the machine. User Mode Linux has one of each; the tests
 * that need more are skipped there, and run on the machines of make check-machines.
 */
#include <linux/highmem.h>
#include <linux/kmsg_dump.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/topology.h>

#include "../src/compat.h"
#include "../src/interface/query.h"
#include "../src/region.h"
#include "helpers.h"

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

/* The lowest zone that the machine has, and the next above it */
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
	static const char * const names[] = { "any", "dma", "dma32", "normal", "highmem" };

	strscpy(text, names[*zone], KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(zones, zones, zone_text);

static struct rsv_region *zoned_region(struct kunit *test, size_t bytes)
{
	struct rsv_reserve want = { .bytes = bytes };

	want.zone = *(const unsigned int *)test->param_value;
	if (want.zone != RSV_ZONE_ANY && !machine_has(want.zone))
		kunit_skip(test, "the machine has no such zone");
	return scratch_region_or_skip(test, &want, 1);
}

static unsigned int nodes_with_memory(void)
{
	return num_node_state(N_MEMORY);
}

/* A region that has so many bytes of every node with memory */
static struct rsv_region *region_of_all_nodes(struct kunit *test, size_t bytes)
{
	struct rsv_reserve *want = kunit_kcalloc(test, nr_node_ids, sizeof(*want), GFP_KERNEL);
	unsigned int nr = 0;
	int nid;

	KUNIT_ASSERT_NOT_NULL(test, want);
	if (nodes_with_memory() < 2)
		kunit_skip(test, "the machine has one node with memory");
	for_each_node_state(nid, N_MEMORY) {
		want[nr].bytes = bytes;
		want[nr].flags = RSV_RESERVE_NODE;
		want[nr++].nid = nid;
	}
	return scratch_region_or_skip(test, want, nr);
}

/* --- Where pages stand ---------------------------------------------------------------------- */

static void page_stands_in_the_zone_where_it_lies(struct kunit *test)
{
	struct rsv_region *r = zoned_region(test, SZ_2M);
	unsigned int zone = *(const unsigned int *)test->param_value, i, n;
	struct rsv_ioc_info info = region_figures(r);
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
		struct rsv_ioc_zone *now = zone_figures(test, r, n);

		KUNIT_EXPECT_EQ(test, now->free_pages, now->pages);
		KUNIT_EXPECT_EQ(test, now->protection, zone == RSV_ZONE_ANY ? 0 : now->pages);
		pages += now->pages;
	}
	KUNIT_EXPECT_EQ(test, pages, SZ_2M / PAGE_SIZE);
}

/* Every page that a request gets is one that a device with so short an address can reach. */
static void zone_bits_keep_their_promise(struct kunit *test)
{
	struct rsv_region *r = zoned_region(test, SZ_1M);
	unsigned int zone = *(const unsigned int *)test->param_value;
	struct page **page = pages_array(test, 256);
	unsigned long nr, i;

	if (zone == RSV_ZONE_ANY)
		kunit_skip(test, "no zone is named");
	nr = pages_take(r, zone_gfps[zone], 0, page, 256);
	KUNIT_EXPECT_EQ(test, nr, 256);
	for (i = 0; i < nr; i++) {
		phys_addr_t end = PFN_PHYS(page_to_pfn(page[i]) + 1);

		if (zone == RSV_ZONE_DMA && IS_ENABLED(CONFIG_X86) && !IS_ENABLED(CONFIG_UML))
			KUNIT_EXPECT_LE(test, end, SZ_16M);
		if (zone == RSV_ZONE_DMA32)
			KUNIT_EXPECT_LE(test, (u64)end, 1ULL << 32);
		KUNIT_EXPECT_EQ(test, PageHighMem(page[i]), zone == RSV_ZONE_HIGHMEM);
	}
	pages_give(page, nr, 0);
}

/* Of a zone that is too high for a request nothing is ever given, however much is free. */
static void request_gets_nothing_from_a_higher_zone(struct kunit *test)
{
	unsigned int low, high;
	struct rsv_reserve want = { .bytes = SZ_1M };
	struct rsv_region *r;

	two_zones(test, &low, &high);
	want.zone = high;
	r = scratch_region_or_skip(test, &want, 1);
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, zone_gfps[low], 0));
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, zone_gfps[low] | __GFP_HIGH, 0));
	KUNIT_EXPECT_EQ(test, region_free_bytes(r), SZ_1M);
}

/* --- In what order zones serve -------------------------------------------------------------- */

/* A region of two zones, the lower one sharing some of its memory */
struct pair {
	struct rsv_region *r;
	unsigned int low;
	unsigned int high;
	struct page **page;
};

#define PAIR_PAGES	(SZ_1M / PAGE_SIZE)

/* Nodes are not always in the order of their memory, and neither are zones then. */
static struct rsv_ioc_zone *figures_of(struct kunit *test, const struct pair *p, unsigned int zone)
{
	unsigned int n = 0;

	while (rsv_zone_nth(p->r, n)->type != rsv_kernel_zone(zone))
		n++;
	return zone_figures(test, p->r, n);
}

static struct pair zone_pair(struct kunit *test, size_t shared)
{
	struct pair p;
	struct rsv_reserve want[] = {
		{ .bytes = SZ_1M, .shared = shared }, { .bytes = SZ_1M },
	};

	two_zones(test, &p.low, &p.high);
	want[0].zone = p.low;
	want[1].zone = p.high;
	p.page = pages_array(test, 2 * PAIR_PAGES + 1);
	/* The node that the memory comes from is then the node that is asked first. */
	stay_on_this_cpu();
	p.r = scratch_region_or_skip(test, want, 2);
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
	unsigned long nr = pages_take(p.r, zone_gfps[p.high], 0, p.page, 2 * PAIR_PAGES + 1), i;
	struct rsv_ioc_zone *low = figures_of(test, &p, p.low);

	KUNIT_EXPECT_EQ(test, nr, PAIR_PAGES + shared / PAGE_SIZE);
	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_EQ(test, page_zonenum(p.page[i]),
				rsv_kernel_zone(i < PAIR_PAGES ? p.high : p.low));
	KUNIT_EXPECT_EQ(test, low->protection, PAIR_PAGES - shared / PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, low->free_pages, low->protection);
	/* Not even with __GFP_HIGH: it has a claim on the min mark only. */
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(p.r, zone_gfps[p.high] | __GFP_HIGH, 0));

	/* Those who need the zone get all of it. */
	nr += pages_take(p.r, zone_gfps[p.low], 0, p.page + nr, 2 * PAIR_PAGES + 1 - nr);
	KUNIT_EXPECT_EQ(test, nr, 2 * PAIR_PAGES);
	pages_give(p.page, nr, 0);
	KUNIT_EXPECT_EQ(test, region_free_bytes(p.r), SZ_2M);
}

/* A request for a lower zone begins there, though the higher one is empty. */
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
	/* The higher zone may be in pieces; the lower one may give no more than it shares. */
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages_exact(p.r, a ? SZ_256K + 1 : SZ_1M,
						      zone_gfps[p.high]));
	rsv_free_pages_exact(a, SZ_1M);
}

static void highmem_is_for_the_page_api_only(struct kunit *test)
{
	const struct rsv_reserve want[] = {
		{ .bytes = SZ_2M, .zone = RSV_ZONE_HIGHMEM }, { .bytes = SZ_1M },
	};
	struct rsv_region *r;
	unsigned int order;
	struct page *page;
	void *p;

	if (!machine_has(RSV_ZONE_HIGHMEM))
		kunit_skip(test, "the machine has no HIGHMEM");
	r = scratch_region_or_skip(test, want, ARRAY_SIZE(want));
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
	p = rsv_kmalloc(r, 10000, GFP_HIGHUSER);
	KUNIT_EXPECT_FALSE(test, !p || PageHighMem(virt_to_page(p)));
	rsv_kfree(p);
	p = rsv_alloc_pages_exact(r, 5 * PAGE_SIZE, GFP_HIGHUSER);
	KUNIT_EXPECT_FALSE(test, !p || PageHighMem(virt_to_page(p)));
	rsv_free_pages_exact(p, 5 * PAGE_SIZE);
}

/* --- Nodes ---------------------------------------------------------------------------------- */

static void nodes_are_tried_nearest_first_and_each_once(struct kunit *test)
{
	int nid, rank;

	for (nid = 0; nid < nr_node_ids; nid++) {
		nodemask_t seen = NODE_MASK_NONE;

		KUNIT_EXPECT_EQ(test, rsv_node_at(nid, 0), nid);
		for (rank = 0; rank < nr_node_ids; rank++) {
			int at = rsv_node_at(nid, rank);

			KUNIT_EXPECT_FALSE(test, node_test_and_set(at, seen));
			if (rank > 1)
				KUNIT_EXPECT_GE(test, node_distance(nid, at),
						node_distance(nid, rsv_node_at(nid, rank - 1)));
		}
	}
}

static void node_that_is_named_serves(struct kunit *test)
{
	struct rsv_region *r = region_of_all_nodes(test, SZ_1M);
	struct page **page = pages_array(test, 257);
	unsigned long nr, i;
	int nid;

	for_each_node_state(nid, N_MEMORY) {
		for (nr = 0; nr < 257; nr++) {
			page[nr] = rsv_alloc_pages_node(r, nid, GFP_KERNEL | __GFP_THISNODE, 0);
			if (!page[nr])
				break;
		}
		/* All that the node has, and nothing from another */
		KUNIT_EXPECT_EQ(test, nr, 256);
		for (i = 0; i < nr; i++)
			KUNIT_EXPECT_EQ(test, page_to_nid(page[i]), nid);
		pages_give(page, nr, 0);
	}
}

static void other_nodes_serve_in_the_order_of_their_distance(struct kunit *test)
{
	struct rsv_region *r = region_of_all_nodes(test, SZ_1M);
	unsigned long all = 256 * nodes_with_memory(), nr, i;
	struct page **page = pages_array(test, all + 1);
	int nid;

	for_each_node_state(nid, N_MEMORY) {
		int rank = 0;

		for (nr = 0; nr <= all; nr++) {
			page[nr] = rsv_alloc_pages_node(r, nid, GFP_KERNEL, 0);
			if (!page[nr])
				break;
		}
		KUNIT_EXPECT_EQ(test, nr, all);
		for (i = 0; i < nr; i++) {
			while (rank < nr_node_ids && rsv_node_at(nid, rank) != page_to_nid(page[i]))
				rank++;
			KUNIT_ASSERT_LT(test, rank, nr_node_ids);
		}
		pages_give(page, nr, 0);
	}
}

static void node_of_this_cpu_is_meant_if_none_is_named(struct kunit *test)
{
	struct rsv_region *r = region_of_all_nodes(test, SZ_1M);
	struct page *page;
	int here;

	preempt_disable();
	here = numa_mem_id();
	page = rsv_alloc_pages(r, GFP_ATOMIC, 2);
	preempt_enable();
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_EQ(test, page_to_nid(page), here);
	__rsv_free_pages(page, 2);
}

static void node_that_does_not_exist_gives_nothing(struct kunit *test)
{
	static const int wrong[] = { -2, INT_MIN, MAX_NUMNODES, INT_MAX };
	struct rsv_region *r = scratch_pages(test, 8);
	struct page *page;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		KUNIT_EXPECT_NULL(test, rsv_alloc_pages_node(r, wrong[i], GFP_KERNEL, 0));
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages_node(r, nr_node_ids, GFP_KERNEL, 0));
	page = rsv_alloc_pages_node(r, NUMA_NO_NODE, GFP_KERNEL, 3);
	KUNIT_ASSERT_NOT_NULL(test, page);
	__rsv_free_pages(page, 3);
	page = rsv_alloc_pages_node(r, page_to_nid(page), GFP_KERNEL | __GFP_THISNODE, 3);
	KUNIT_ASSERT_NOT_NULL(test, page);
	__rsv_free_pages(page, 3);
}

/* --- Marks ---------------------------------------------------------------------------------- */

#define MARKED_PAGES	2048U

static struct rsv_zone *zone(struct rsv_region *r)
{
	return rsv_zone_nth(r, 0);
}

static const gfp_t modest[] = { GFP_KERNEL, GFP_USER, GFP_HIGHUSER, GFP_NOWAIT & ~__GFP_NOWARN };

static const unsigned int orders[] = { 0, 2, 3, 4, 6 };

static void order_text(const unsigned int *order, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "order %u", *order);
}

KUNIT_ARRAY_PARAM(orders, orders, order_text);

static void below_min_only_gfp_high_takes(struct kunit *test)
{
	unsigned int order = *(const unsigned int *)test->param_value, i;
	struct page **page = pages_array(test, MARKED_PAGES + 1);
	struct rsv_region *r = scratch_pages(test, MARKED_PAGES);
	unsigned long min = zone(r)->min_pages, nr, high;

	stay_on_this_cpu();
	KUNIT_ASSERT_EQ(test, min, MARKED_PAGES / 256);
	nr = pages_take(r, GFP_KERNEL, order, page, MARKED_PAGES);
	KUNIT_EXPECT_EQ(test, nr, (MARKED_PAGES - min) >> order);
	for (i = 0; i < ARRAY_SIZE(modest); i++)
		KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, modest[i], order));
	KUNIT_EXPECT_GE(test, zone(r)->free_pages, min);

	/* Each of them takes what is there to the last block. */
	high = pages_take(r, GFP_KERNEL | __GFP_HIGH, order, page + nr, 1);
	high += pages_take(r, GFP_ATOMIC, order, page + nr + high, MARKED_PAGES - nr);
	KUNIT_EXPECT_EQ(test, nr + high, MARKED_PAGES >> order);
	pages_give(page, nr + high, order);
}

/* What GFP_ATOMIC has fetched to this CPU's list is not for others either. */
static void below_min_others_get_nothing_after_an_atomic_request(struct kunit *test)
{
	struct page **page = pages_array(test, MARKED_PAGES + 1), *atomic;
	struct rsv_region *r = scratch_pages(test, MARKED_PAGES);
	unsigned long nr;

	stay_on_this_cpu();
	nr = pages_take(r, GFP_KERNEL, 0, page, MARKED_PAGES);
	atomic = rsv_alloc_pages(r, GFP_ATOMIC, 0);
	KUNIT_EXPECT_NOT_NULL(test, atomic);
	nr += pages_take(r, GFP_KERNEL, 0, page + nr, 1);
	KUNIT_EXPECT_EQ(test, nr, MARKED_PAGES - zone(r)->min_pages);
	pages_give(page, nr, 0);
	if (atomic)
		__rsv_free_pages(atomic, 0);
}

static void zone_under_4_mb_keeps_nothing_back(struct kunit *test)
{
	struct page **page = pages_array(test, 1023);
	struct rsv_region *r = scratch_pages(test, 1023);

	KUNIT_EXPECT_EQ(test, zone(r)->min_pages, 0);
	KUNIT_EXPECT_EQ(test, zone(r)->low_pages, 0);
	KUNIT_EXPECT_EQ(test, pages_take(r, GFP_KERNEL, 0, page, 1023), 1023);
	pages_give(page, 1023, 0);
}

/* Nobody has failed yet, but somebody who may not sleep soon might. */
static void below_low_empty_slabs_go_back_in_the_background(struct kunit *test)
{
	struct rsv_region *r = scratch_pages(test, MARKED_PAGES);
	struct rsv_cache *c = scratch_cache(test, r, 512, 0);
	struct page **page = pages_array(test, MARKED_PAGES);
	unsigned long nr, low = zone(r)->low_pages;

	rsv_cache_free(c, rsv_cache_alloc(c, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, cache_figures(c).empty_slabs, 1);
	for (nr = 0; zone(r)->free_pages > low + 16; nr++) {
		page[nr] = rsv_alloc_pages(r, GFP_KERNEL, 4);
		KUNIT_ASSERT_NOT_NULL(test, page[nr]);
	}
	flush_work(&r->relief);
	KUNIT_EXPECT_EQ(test, cache_figures(c).empty_slabs, 1);
	page[nr] = rsv_alloc_pages(r, GFP_ATOMIC, 4);
	KUNIT_EXPECT_NOT_NULL(test, page[nr]);
	nr += !!page[nr];
	KUNIT_EXPECT_LT(test, zone(r)->free_pages, low + 1);
	page[nr] = rsv_alloc_pages(r, GFP_ATOMIC, 0);
	flush_work(&r->relief);
	KUNIT_EXPECT_EQ(test, cache_figures(c).empty_slabs, 0);
	KUNIT_EXPECT_EQ(test, zone_figures(test, r, 0)->failures[4], 0);
	if (page[nr])
		__rsv_free_pages(page[nr], 0);
	pages_give(page, nr, 4);
}

/* --- Requests that fail --------------------------------------------------------------------- */

static void empty_slabs_are_given_back_before_a_request_fails(struct kunit *test)
{
	struct rsv_region *r = scratch_pages(test, 16);
	struct page *page;

	rsv_kfree(rsv_kmalloc(r, 100, GFP_KERNEL));
	KUNIT_EXPECT_LT(test, region_free_pages(r), 16);
	/* Who may not sleep cannot wait for it. */
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP_ATOMIC, 4));
	page = rsv_alloc_pages(r, GFP_KERNEL, 4);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_EQ(test, zone_figures(test, r, 0)->failures[4], 1);
	__rsv_free_pages(page, 4);
}

/* Lines of the log that say that a request of this region got nothing */
static unsigned int failure_lines(struct rsv_region *r)
{
	static char line[512];
	struct kmsg_dump_iter iter;
	unsigned int nr = 0;
	char wanted[64];
	size_t length;

	snprintf(wanted, sizeof(wanted), "region %s: no ", r->name);
	kmsg_dump_rewind(&iter);
	while (kmsg_dump_get_line(&iter, true, line, sizeof(line) - 1, &length)) {
		line[length] = 0;
		nr += !!strstr(line, wanted);
	}
	return nr;
}

static void failure_is_one_line_at_most_and_none_with_nowarn(struct kunit *test)
{
	struct rsv_region *r = scratch_pages(test, 1);
	unsigned int i;

	/* Lines are at least five seconds apart. */
	schedule_timeout_uninterruptible(5 * HZ + HZ / 2);
	for (i = 0; i < 100; i++)
		KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP_KERNEL | __GFP_NOWARN, 1));
	KUNIT_EXPECT_EQ(test, failure_lines(r), 0);
	for (i = 0; i < 100; i++)
		KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, i % 2 ? GFP_KERNEL : GFP_ATOMIC, 1));
	KUNIT_EXPECT_EQ(test, failure_lines(r), 1);
	KUNIT_EXPECT_EQ(test, zone_figures(test, r, 0)->failures[1], 200);
}

/* --- Large regions -------------------------------------------------------------------------- */

static void metadata_is_at_most_one_percent_from_64_mb_up(struct kunit *test)
{
	struct rsv_reserve want = { .bytes = SZ_64M };
	struct rsv_ioc_info info = region_figures(scratch_region_or_skip(test, &want, 1));

	KUNIT_EXPECT_LE(test, info.metadata_bytes, info.bytes / 100);
	KUNIT_EXPECT_GT(test, info.percpu_bytes, 0);
	kunit_info(test, "metadata %llu bytes, and %llu for each CPU\n", info.metadata_bytes,
		   info.percpu_bytes);
}

/* As many blocks of each order as the free areas hold, aligned, down from the largest */
static void take_every_order(struct kunit *test, struct rsv_region *r, struct page **block)
{
	struct free_areas untouched;
	int order = RSV_ORDERS_MAX, k;

	free_areas_untouched(r, &untouched);
	while (order-- > 0) {
		unsigned long wanted = 0, nr, i;

		for (k = order; k < RSV_ORDERS_MAX; k++)
			wanted += untouched.count[k] << (k - order);
		nr = pages_take(r, GFP_KERNEL | __GFP_HIGH | __GFP_NOWARN, order, block,
				wanted + 1);
		KUNIT_EXPECT_EQ_MSG(test, nr, wanted, "order %d", order);
		for (i = 0; i < nr; i++)
			KUNIT_EXPECT_TRUE(test, IS_ALIGNED(page_to_pfn(block[i]), 1UL << order));
		pages_give(block, nr, order);
		settle(r);
		EXPECT_SAME_AREAS(test, r, &untouched);
	}
}

static void every_order_can_be_had_down_from_the_largest_and_again(struct kunit *test)
{
	struct rsv_region *r = scratch_region_large(test);
	struct page **block = pages_array(test, r->nr_pages + 1);
	unsigned int round;

	stay_on_this_cpu();
	for (round = 0; round < 2; round++)
		take_every_order(test, r, block);
	kunit_info(test, "the largest block has %llu KB\n", region_figures(r).largest_block >> 10);
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
	KUNIT_CASE(nodes_are_tried_nearest_first_and_each_once),
	KUNIT_CASE(node_that_is_named_serves),
	KUNIT_CASE(other_nodes_serve_in_the_order_of_their_distance),
	KUNIT_CASE(node_of_this_cpu_is_meant_if_none_is_named),
	KUNIT_CASE(node_that_does_not_exist_gives_nothing),
	KUNIT_CASE_PARAM(below_min_only_gfp_high_takes, orders_gen_params),
	KUNIT_CASE(below_min_others_get_nothing_after_an_atomic_request),
	KUNIT_CASE(zone_under_4_mb_keeps_nothing_back),
	KUNIT_CASE(below_low_empty_slabs_go_back_in_the_background),
	KUNIT_CASE(empty_slabs_are_given_back_before_a_request_fails),
	KUNIT_CASE(failure_is_one_line_at_most_and_none_with_nowarn),
	KUNIT_CASE(metadata_is_at_most_one_percent_from_64_mb_up),
	KUNIT_CASE(every_order_can_be_had_down_from_the_largest_and_again),
	{}
};

static struct kunit_suite zone_suite = {
	.name = "reservoir_zone",
	.init = suite_init,
	.test_cases = zone_cases,
};

kunit_test_suite(zone_suite);
