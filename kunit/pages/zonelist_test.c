// SPDX-License-Identifier: GPL-2.0
/*
 * Zonelists: the node that serves a request, the order of the others, and numbers that are no
 * nodes.
 *
 * The nodes depend on the machine. User Mode Linux has one. The tests that need more are skipped
 * there, and run on the machines of make check-machines.
 */
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/string.h>
#include <linux/topology.h>

#include "pages/zonelist.h"
#include "support/arrays.h"
#include "support/scratch.h"
#include "support/suite.h"

static unsigned int nodes_with_memory(void)
{
	return num_node_state(N_MEMORY);
}

/* A region with @bytes of every node that has memory */
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
	return rsvt_scratch_region_or_skip(test, want, nr);
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
	struct page **page = rsvt_pages_array(test, 257);
	unsigned long nr, i;
	int nid;

	for_each_node_state(nid, N_MEMORY) {
		for (nr = 0; nr < 257; nr++) {
			page[nr] = rsv_alloc_pages_node(r, nid, GFP_KERNEL | __GFP_THISNODE, 0);
			if (!page[nr])
				break;
		}
		/* All memory of the node, and none of another */
		KUNIT_EXPECT_EQ(test, nr, 256);
		for (i = 0; i < nr; i++)
			KUNIT_EXPECT_EQ(test, page_to_nid(page[i]), nid);
		rsvt_pages_free(page, nr, 0);
	}
}

static void other_nodes_serve_in_the_order_of_their_distance(struct kunit *test)
{
	struct rsv_region *r = region_of_all_nodes(test, SZ_1M);
	unsigned long all = 256 * nodes_with_memory(), nr, i;
	struct page **page = rsvt_pages_array(test, all + 1);
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
		rsvt_pages_free(page, nr, 0);
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
	struct rsv_region *r = rsvt_scratch_pages(test, 8);
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

static struct kunit_case node_cases[] = {
	KUNIT_CASE(nodes_are_tried_nearest_first_and_each_once),
	KUNIT_CASE(node_that_is_named_serves),
	KUNIT_CASE(other_nodes_serve_in_the_order_of_their_distance),
	KUNIT_CASE(node_of_this_cpu_is_meant_if_none_is_named),
	KUNIT_CASE(node_that_does_not_exist_gives_nothing),
	{}};

static struct kunit_suite node_suite = {
	.name = "reservoir_node",
	.init = rsvt_suite_init,
	.test_cases = node_cases,
};

kunit_test_suite(node_suite);
