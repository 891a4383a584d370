// SPDX-License-Identifier: GPL-2.0
/*
 * Frame tables: the node whose memory they have. The nodes depend on the machine. User Mode Linux
 * has one. The tests that need more are skipped there, and run on the machines of make
 * check-machines.
 */
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/sched.h>
#include <linux/topology.h>
#include <linux/vmalloc.h>

#include "pages/extent.h"
#include "pages/frame_table.h"
#include "support/scratch.h"
#include "support/suite.h"

#define EXTENT_BYTES	SZ_4M

static struct page *page_of(const void *addr)
{
	return is_vmalloc_addr(addr) ? vmalloc_to_page(addr) : virt_to_page(addr);
}

/* Whether a table lies on a node, or on any node with CPUs if that one has none */
static bool lies_on(const struct rsv_frame *frames, unsigned long nr, int nid)
{
	const void *addr = frames, *end = frames + nr;

	for (; addr < end; addr += PAGE_SIZE) {
		int at = page_to_nid(page_of(addr));

		if (node_state(nid, N_CPU) ? at != nid : !node_state(at, N_CPU))
			return false;
	}
	return true;
}

/*
 * Goes to a CPU of another node than @nid, where memory that nobody asked of a node comes from.
 * Returns false if no other node has CPUs and memory.
 */
static bool leave_node(int nid)
{
	int other;

	for_each_node_state(other, N_CPU)
		if (other != nid && node_state(other, N_MEMORY) &&
		    !set_cpus_allowed_ptr(current, cpumask_of_node(other)))
			return true;
	return false;
}

static void table_lies_on_the_node_of_its_extent(struct kunit *test)
{
	int nid;

	if (num_node_state(N_MEMORY) < 2)
		kunit_skip(test, "the machine has one node with memory");
	for_each_node_state(nid, N_MEMORY) {
		const struct rsv_reserve want = {
			.bytes = EXTENT_BYTES,
			.flags = RSV_RESERVE_NODE | RSV_RESERVE_CONTIG,
			.nid = nid,
		};
		struct rsv_region *r;
		const struct rsv_extent *e;

		if (!leave_node(nid))
			continue;
		r = rsvt_scratch_region_or_skip(test, &want, 1);
		e = r->extents->at[0];
		KUNIT_EXPECT_EQ(test, e->nid, nid);
		KUNIT_EXPECT_TRUE(test, lies_on(e->frames, e->nr_pages, nid));
		if (node_state(nid, N_CPU)) {
			KUNIT_EXPECT_EQ(test, page_to_nid(page_of(e)), nid);
			KUNIT_EXPECT_EQ(test, page_to_nid(page_of(e->zone)), nid);
		}
		rsvt_scratch_region_end(test, r);
	}
}

/* A table of more than 2 GB is made like this one. */
static void table_of_single_pages_is_zeroed_and_of_its_node(struct kunit *test)
{
	const unsigned long nr = 10 * PAGE_SIZE / sizeof(struct rsv_frame) + 1;
	struct rsv_frame *frames;
	int nid;

	for_each_node_state(nid, N_MEMORY) {
		frames = rsv_frames_alloc_pages(nr, nid, GFP_KERNEL | __GFP_NORETRY);
		KUNIT_ASSERT_NOT_NULL(test, frames);
		KUNIT_EXPECT_NULL(test, memchr_inv(frames, 0, nr * sizeof(*frames)));
		KUNIT_EXPECT_EQ(test, page_to_nid(page_of(frames)), nid);
		KUNIT_EXPECT_EQ(test, page_to_nid(page_of(frames + nr - 1)), nid);
		memset(frames, 0xff, nr * sizeof(*frames));
		rsv_frames_free(frames);
	}
}

static struct kunit_case frame_table_cases[] = {
	KUNIT_CASE(table_lies_on_the_node_of_its_extent),
	KUNIT_CASE(table_of_single_pages_is_zeroed_and_of_its_node),
	{}
};

static struct kunit_suite frame_table_suite = {
	.name = "reservoir_frame_table",
	.init = rsvt_suite_init,
	.test_cases = frame_table_cases,
};

kunit_test_suite(frame_table_suite);
