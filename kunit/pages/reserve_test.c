// SPDX-License-Identifier: GPL-2.0
/*
 * Reserving memory from the system: refused requests, one extent with contig, and all memory back
 * in the system afterwards.
 */
#include <linux/mm.h>
#include <linux/sort.h>

#include "compat.h"
#include "interface/query.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/scratch.h"
#include "support/suite.h"

#define LARGEST_BYTES	(PAGE_SIZE << RSV_KERNEL_MAX_ORDER)

static struct rsv_region *make_region(const struct rsv_reserve *want)
{
	return rsv_region_create("kunit-reserve", want, 1);
}

/* --- Requests ------------------------------------------------------------------------------- */

struct bad_reserve {
	const char *name;
	struct rsv_reserve want;
};

static const struct bad_reserve bad_reserves[] = {
	{"nothing", { .bytes = 0 }},
	{"more than there are addresses", { .bytes = SIZE_MAX }},
	{"a flag that there is not", { .bytes = SZ_4K, .flags = BIT(3) }},
	{"a zone that there is not", { .bytes = SZ_4K, .zone = RSV_ZONE_HIGHMEM + 1 }},
	{"a zone far from any", { .bytes = SZ_4K, .zone = UINT_MAX }},
	{"shared without a zone", { .bytes = SZ_4K, .shared = SZ_4K }},
	{"more shared than there is", { .bytes = SZ_4K, .shared = SZ_8K, .zone = RSV_ZONE_NORMAL }},
	{"a negative node", { .bytes = SZ_4K, .flags = RSV_RESERVE_NODE, .nid = -1 }},
	{"a node beyond all", { .bytes = SZ_4K, .flags = RSV_RESERVE_NODE, .nid = MAX_NUMNODES }},
};

KUNIT_ARRAY_PARAM_DESC(bad_reserves, bad_reserves, name);

static void request_without_sense_is_refused(struct kunit *test)
{
	const struct bad_reserve *w = test->param_value;
	struct rsv_reserve both[] = {{ .bytes = SZ_64K }, w->want};

	KUNIT_EXPECT_PTR_EQ(test, make_region(&w->want), ERR_PTR(-EINVAL));
	/* One bad part refuses the whole request. */
	KUNIT_EXPECT_PTR_EQ(test, rsv_region_create("kunit-both", both, 2), ERR_PTR(-EINVAL));
}

static void sum_beyond_what_a_number_can_be_is_refused(struct kunit *test)
{
	const struct rsv_reserve want[] = {
		{ .bytes = SIZE_MAX - PAGE_SIZE },
		{ .bytes = SIZE_MAX - PAGE_SIZE },
		{ .bytes = SIZE_MAX / 2 },
	};
	struct rsv_region *r = rsv_region_create("kunit-sum", want, ARRAY_SIZE(want));

	KUNIT_EXPECT_TRUE(test, r == ERR_PTR(-EINVAL) || r == ERR_PTR(-ENOMEM));
}

static bool node_has(enum zone_type type)
{
	int nid;

	for_each_online_node(nid)
		if (populated_zone(&NODE_DATA(nid)->node_zones[type]))
			return true;
	return false;
}

/* A zone that the kernel does not know is -EINVAL; one that has no memory here, -ENOMEM. */
static void zone_that_the_machine_lacks_is_refused(struct kunit *test)
{
	unsigned int zone;

	for (zone = RSV_ZONE_DMA; zone <= RSV_ZONE_HIGHMEM; zone++) {
		struct rsv_reserve want = { .bytes = SZ_64K, .zone = zone };
		int type = rsv_kernel_zone(zone);
		struct rsv_region *r = make_region(&want);

		if (type < 0)
			KUNIT_EXPECT_PTR_EQ(test, r, ERR_PTR(-EINVAL));
		else if (!node_has(type))
			KUNIT_EXPECT_PTR_EQ(test, r, ERR_PTR(-ENOMEM));
		if (!IS_ERR(r))
			KUNIT_EXPECT_EQ(test, rsv_region_destroy(r), 0);
	}
}

/* --- One extent ----------------------------------------------------------------------------- */

static const size_t run_lengths[] = {
	SZ_4K,	       3 * SZ_4K,     SZ_4M - SZ_4K,   SZ_4M,
	SZ_4M + SZ_4K, SZ_8M + SZ_4M, SZ_32M + SZ_64K, SZ_64M,
};

static void length_text(const size_t *bytes, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "%zu KB", *bytes / SZ_1K);
}

KUNIT_ARRAY_PARAM(run_lengths, run_lengths, length_text);

/*
 * The extent may be longer than any block of the kernel. Then the reservation searches the kernel's
 * blocks.
 */
static void contiguous_memory_is_one_extent_of_exactly_so_many_bytes(struct kunit *test)
{
	size_t bytes = *(const size_t *)test->param_value;
	struct rsv_reserve want = { .bytes = bytes };
	struct rsv_region *r;
	struct rsv_ioc_extent extent = {};
	struct free_areas untouched;

	want.flags = RSV_RESERVE_CONTIG | RSV_RESERVE_FORCE;
	r = rsvt_scratch_region_or_skip(test, &want, 1);
	KUNIT_EXPECT_EQ(test, rsvt_query_region(r).nr_extents, 1);
	KUNIT_EXPECT_EQ(test, rsvt_query_region(r).bytes, bytes);
	KUNIT_EXPECT_EQ(test, rsv_query_extent(r, 0, &extent), 0);
	KUNIT_EXPECT_EQ(test, extent.bytes, bytes);
	rsvt_free_areas_untouched(r, &untouched);
	EXPECT_SAME_AREAS(test, r, &untouched);
}

static void run_has_its_pages_from_one_zone(struct kunit *test)
{
	struct rsv_reserve want = { .bytes = SZ_16M, .flags = RSV_RESERVE_CONTIG };
	struct rsv_region *r = rsvt_scratch_region_or_skip(test, &want, 1);
	struct rsv_extent *e = r->extents->at[0];
	unsigned long pfn;

	for (pfn = e->first; pfn < e->first + e->nr_pages; pfn++)
		if (page_zone(pfn_to_page(pfn)) != page_zone(pfn_to_page(e->first)) ||
		    page_count(pfn_to_page(pfn)) != RSV_PAGE_REFS ||
		    PageCompound(pfn_to_page(pfn)) || PageReserved(pfn_to_page(pfn)))
			break;
	KUNIT_EXPECT_EQ(test, pfn, e->first + e->nr_pages);
}

/* --- What the system has -------------------------------------------------------------------- */

static unsigned long system_free_pages(void)
{
	struct sysinfo info;

	si_meminfo(&info);
	return info.freeram;
}

/* The kernel's own lists hold up to an eighth of a zone that was just freed. */
static unsigned long noise(void)
{
	return totalram_pages() / 8 + SZ_2M / PAGE_SIZE;
}

/*
 * Regions that are made and destroyed one after the other, so many that a leak of a page in each
 * would show
 */
struct cycle {
	size_t bytes;
	unsigned int times;
};

static const struct cycle cycles[] = {
	{SZ_2M + SZ_4K, 64},
	{SZ_8M + SZ_4K, 32},
	{SZ_16M, 16},
};

static void cycle_text(const struct cycle *c, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "%u times %zu KB", c->times, c->bytes / SZ_1K);
}

KUNIT_ARRAY_PARAM(cycles, cycles, cycle_text);

static void system_gets_back_what_it_gave(struct kunit *test)
{
	const struct cycle *c = test->param_value;
	struct rsv_reserve want = { .bytes = c->bytes };
	unsigned long before = system_free_pages();
	unsigned int i;

	if (SLOW)
		kunit_skip(test, "fewer would show nothing, and so many take minutes here");
	want.flags = RSV_RESERVE_CONTIG | RSV_RESERVE_FORCE;
	for (i = 0; i < c->times; i++) {
		struct rsv_region *r = make_region(&want);

		/* The system has no such memory at the moment. The sum tells how often. */
		if (r == ERR_PTR(-ENOMEM))
			break;
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, r);
		KUNIT_ASSERT_EQ(test, rsv_region_destroy(r), 0);
	}
	KUNIT_EXPECT_GE(test, system_free_pages() + noise(), before);
	if (i < c->times / 2)
		kunit_skip(test, "the machine has no such memory free");
}

static int page_cmp(const void *a, const void *b)
{
	const struct page *const *x = a, *const *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Allocates all of the kernel's largest blocks and frees every other one. */
static unsigned long cut_memory_in_pieces(struct page **block, unsigned long max)
{
	unsigned long nr, i;

	for (nr = 0; nr < max; nr++) {
		block[nr] = alloc_pages(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN,
					RSV_KERNEL_MAX_ORDER);
		if (!block[nr])
			break;
	}
	sort(block, nr, sizeof(*block), page_cmp, NULL);
	for (i = 0; i < nr; i += 2) {
		__free_pages(block[i], RSV_KERNEL_MAX_ORDER);
		block[i] = NULL;
	}
	return nr;
}

static void extent_that_cannot_be_had_is_refused_and_nothing_leaks(struct kunit *test)
{
	struct rsv_reserve want = { .bytes = 2 * LARGEST_BYTES, .flags = RSV_RESERVE_CONTIG };
	struct page **block = rsvt_pages_array(test, 1024);
	unsigned long nr = cut_memory_in_pieces(block, 1024), before, i;
	struct rsv_region *r;

	before = system_free_pages();
	r = make_region(&want);
	KUNIT_EXPECT_GE(test, nr, 4);
	if (IS_ERR(r)) {
		KUNIT_EXPECT_EQ(test, PTR_ERR(r), -ENOMEM);
		KUNIT_EXPECT_GE(test, system_free_pages() + noise(), before);
	} else {
		/* The system migrated pages, or had memory that this test could not allocate. */
		KUNIT_EXPECT_FALSE(test, IS_ENABLED(CONFIG_UML));
		KUNIT_EXPECT_EQ(test, rsvt_query_region(r).nr_extents, 1);
		KUNIT_EXPECT_EQ(test, rsv_region_destroy(r), 0);
	}
	/* Without contig as much memory as before can be reserved. */
	want.flags = 0;
	r = make_region(&want);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, r);
	if (!IS_ERR_OR_NULL(r)) {
		KUNIT_EXPECT_EQ(test, rsvt_query_region(r).bytes, 2 * LARGEST_BYTES);
		KUNIT_EXPECT_EQ(test, rsv_region_destroy(r), 0);
	}
	for (i = 0; i < nr; i++)
		if (block[i])
			__free_pages(block[i], RSV_KERNEL_MAX_ORDER);
}

static void more_than_half_of_what_there_is_needs_force(struct kunit *test)
{
	size_t available = (size_t)si_mem_available() * PAGE_SIZE;
	struct rsv_reserve want = { .bytes = available / 2 + SZ_8M };
	struct rsv_region *r = make_region(&want);

	KUNIT_EXPECT_PTR_EQ(test, r, ERR_PTR(-ENOMEM));
	want.flags = RSV_RESERVE_FORCE;
	r = make_region(&want);
	if (r == ERR_PTR(-ENOMEM))
		kunit_skip(test, "the machine is too busy");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, r);
	KUNIT_EXPECT_EQ(test, rsvt_query_region(r).bytes, PAGE_ALIGN(want.bytes));
	KUNIT_EXPECT_EQ(test, rsv_region_destroy(r), 0);
}

/* Adjacent blocks become one extent in whatever order the system gave them. */
static void adjacent_blocks_are_one_extent(struct kunit *test)
{
	struct rsv_reserve want = { .bytes = SZ_32M + SZ_64K };
	struct rsv_region *r = rsvt_scratch_region_or_skip(test, &want, 1);
	struct rsv_extents *t = r->extents;
	unsigned int i, j;

	for (i = 0; i < r->nr_extents; i++)
		for (j = 0; j < r->nr_extents; j++)
			if (t->at[i]->zone == t->at[j]->zone)
				KUNIT_EXPECT_NE(test, t->at[i]->first + t->at[i]->nr_pages,
						t->at[j]->first);
	KUNIT_EXPECT_EQ(test, rsvt_query_region(r).bytes, SZ_32M + SZ_64K);
	kunit_info(test, "32 MB in %u extents\n", r->nr_extents);
}

static struct kunit_case reserve_cases[] = {
	KUNIT_CASE_PARAM(request_without_sense_is_refused, bad_reserves_gen_params),
	KUNIT_CASE(sum_beyond_what_a_number_can_be_is_refused),
	KUNIT_CASE(zone_that_the_machine_lacks_is_refused),
	KUNIT_CASE_PARAM(contiguous_memory_is_one_extent_of_exactly_so_many_bytes,
			 run_lengths_gen_params),
	KUNIT_CASE(run_has_its_pages_from_one_zone),
	KUNIT_CASE_PARAM(system_gets_back_what_it_gave, cycles_gen_params),
	KUNIT_CASE(extent_that_cannot_be_had_is_refused_and_nothing_leaks),
	KUNIT_CASE(more_than_half_of_what_there_is_needs_force),
	KUNIT_CASE(adjacent_blocks_are_one_extent),
	{}};

static struct kunit_suite reserve_suite = {
	.name = "reservoir_reserve",
	.init = rsvt_suite_init,
	.test_cases = reserve_cases,
};

kunit_test_suite(reserve_suite);
