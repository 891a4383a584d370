// SPDX-License-Identifier: GPL-2.0
/*
 * Magazines and the memory of their objects: frees are fast in all extents, no CPU has a removed
 * extent as its hint, and a magazine holds objects of one node.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/nodemask.h>

#include "objects/cpu.h"
#include "objects/magazine.h"
#include "pages/pagemap.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/magazines.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/suite.h"
#include "support/variants.h"

/* The system gets memory back in blocks of this size. */
#define BLOCK_BYTES	(PAGE_SIZE << max_t(unsigned int, pageblock_order, RSV_CHUNK_ORDER))

/* --- Extents -------------------------------------------------------------------------------- */

static struct rsv_region *region_of_two_extents(struct kunit *test, size_t bytes)
{
	const struct rsv_reserve more = { .bytes = bytes, .flags = RSV_RESERVE_CONTIG };
	struct rsv_region *r;

	rsvt_stay_on_this_cpu();
	r = rsvt_scratch_region(test, bytes);
	KUNIT_ASSERT_EQ(test, rsv_region_grow(r, &more), 0);
	KUNIT_ASSERT_EQ(test, r->nr_extents, 2);
	return r;
}

/* Allocates objects of both extents and sorts them by extent. */
static unsigned int objects_by_extent(struct kunit *test, struct rsv_cache *c, void **object,
				      unsigned int nr)
{
	const struct rsv_extent *e = c->region->extents->at[0];
	unsigned int i, first = 0;

	rsvt_objects_alloc(test, c, object, nr);
	for (i = 0; i < nr; i++) {
		if (!rsv_extent_has(e, object[i]))
			continue;
		swap(object[first], object[i]);
		first++;
	}
	KUNIT_ASSERT_GT(test, first, 0);
	KUNIT_ASSERT_LT(test, first, nr);
	return first;
}

static void frees_are_fast_in_each_extent(struct kunit *test)
{
	struct rsv_region *r = region_of_two_extents(test, SZ_256K);
	struct rsv_cache *c = rsvt_scratch_cache_flags(test, r, SIZE, 0, 0, NULL);
	unsigned int nr = 80 * PAGE_SIZE / SIZE, first;
	void **object = rsvt_objects_array(test, nr);
	unsigned long slow;

	first = objects_by_extent(test, c, object, nr);
	/* Frees them all once, so that the caches have magazines and nothing else is slow. */
	rsvt_objects_free(c, object, nr);
	rsvt_objects_alloc(test, c, object, nr);
	rsvt_objects_free(c, object, nr);
	first = objects_by_extent(test, c, object, nr);
	slow = rsvt_this_cpu(c)->slow_frees;
	rsvt_objects_free(c, object, first);
	KUNIT_EXPECT_LE(test, rsvt_this_cpu(c)->slow_frees, slow + 1);
	rsvt_objects_free(c, object + first, nr - first);
	KUNIT_EXPECT_LE(test, rsvt_this_cpu(c)->slow_frees, slow + 2);
}

static bool is_hint_of_some_cpu(const struct rsv_extent *e)
{
	unsigned int cpu, i;

	for_each_possible_cpu(cpu)
		for (i = 0; i < RSV_HINTS; i++)
			if (*per_cpu_ptr(&rsv_hints[i], cpu) == e)
				return true;
	return false;
}

static void removed_extent_is_hint_of_no_cpu(struct kunit *test)
{
	struct rsv_region *r = region_of_two_extents(test, BLOCK_BYTES);
	struct rsv_cache *c = rsvt_scratch_cache_flags(test, r, SIZE, 0, 0, NULL);
	unsigned long end = jiffies + 10 * HZ;
	struct rsv_extent *removed;
	void *object;

	rsvt_objects_alloc(test, c, &object, 1);
	rsv_cache_free(c, object);
	rcu_read_lock();
	removed = rsv_extent_find_addr(object);
	rcu_read_unlock();
	KUNIT_EXPECT_TRUE(test, is_hint_of_some_cpu(removed));
	KUNIT_EXPECT_EQ(test, rsv_region_shrink(r, SIZE_MAX), 2 * BLOCK_BYTES);
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_cache_free(c, object));
	/* The extent goes after a grace period. */
	while (is_hint_of_some_cpu(removed) && time_before(jiffies, end))
		msleep(20);
	KUNIT_EXPECT_FALSE(test, is_hint_of_some_cpu(removed));
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_cache_free(c, object));
}

KUNIT_ARRAY_PARAM_DESC(engines, rsvt_engines, name);

/* --- Nodes ---------------------------------------------------------------------------------- */

/* A node with memory other than this CPU's node */
static int other_node(struct kunit *test)
{
	int nid;

	for_each_node_state(nid, N_MEMORY)
		if (nid != numa_mem_id())
			return nid;
	kunit_skip(test, "the machine has one node");
}

/* A region with memory of this CPU's node and of node @nid */
static struct rsv_region *region_of_two_nodes(struct kunit *test, int nid)
{
	const struct rsv_reserve want[] = {
		{ .bytes = SZ_256K, .flags = RSV_RESERVE_NODE, .nid = numa_mem_id() },
		{ .bytes = SZ_256K, .flags = RSV_RESERVE_NODE, .nid = nid },
	};

	return rsvt_scratch_region_or_skip(test, want, 2);
}

/* A cache of such a region, of the test's engine */
static struct rsv_cache *cache_of_two_nodes(struct kunit *test, int *nid)
{
	const struct engine_case *k = test->param_value;

	rsvt_stay_on_this_cpu();
	*nid = other_node(test);
	return rsvt_scratch_cache_flags(test, region_of_two_nodes(test, *nid), SIZE, 0, k->flag,
					NULL);
}

static void objects_of_node_alloc(struct kunit *test, struct rsv_cache *c, int nid, void **object,
				  unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		object[i] = rsv_cache_alloc_node(c, GFP_KERNEL | __GFP_THISNODE, nid);
		KUNIT_ASSERT_NOT_NULL(test, object[i]);
		KUNIT_EXPECT_EQ(test, page_to_nid(virt_to_page(object[i])), nid);
	}
}

/*
 * Expects objects to be free or, if not flushed, cached. Slob pages belong to no cache, so for SLOB
 * the cache's total tells that.
 */
static void expect_flushed(struct kunit *test, struct rsv_cache *c, bool flushed, unsigned int nr)
{
	if (c->flags & RSV_ENGINE_SLOB)
		KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).total, flushed ? 0 : nr);
	else
		EXPECT_SLABS(test, c, 0, !flushed, flushed);
}

static void objects_of_another_node_are_flushed_by_the_magazine(struct kunit *test)
{
	struct rsv_cache *c;
	unsigned int r, i;
	void **object;
	int nid;

	c = cache_of_two_nodes(test, &nid);
	r = c->magazine_size;
	object = rsvt_objects_array(test, r);
	objects_of_node_alloc(test, c, nid, object, r);
	for (i = 0; i < r - 1; i++) {
		rsv_cache_free(c, object[i]);
		KUNIT_EXPECT_EQ(test, rsvt_this_cpu(c)->remote->rounds, i + 1);
		KUNIT_EXPECT_EQ(test, rsv_cpu_nr_loaded(rsvt_this_cpu(c)), 0);
	}
	expect_flushed(test, c, false, r);
	rsv_cache_free(c, object[r - 1]);
	KUNIT_EXPECT_EQ(test, rsvt_this_cpu(c)->remote->rounds, 0);
	expect_flushed(test, c, true, r);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
}

static void magazines_serve_objects_of_their_own_node_only(struct kunit *test)
{
	struct rsv_cache *c;
	void *object[100];
	unsigned int i;
	int nid;

	c = cache_of_two_nodes(test, &nid);
	objects_of_node_alloc(test, c, nid, object, ARRAY_SIZE(object));
	rsvt_objects_free(c, object, ARRAY_SIZE(object));
	for (i = 0; i < ARRAY_SIZE(object); i++) {
		object[i] = rsv_cache_alloc(c, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, object[i]);
		KUNIT_EXPECT_EQ(test, page_to_nid(virt_to_page(object[i])), numa_mem_id());
	}
	rsvt_objects_free(c, object, ARRAY_SIZE(object));
}

/* A CPU that frees only objects of another node uses one magazine for them. */
static void magazines_do_not_pile_up_where_all_goes_to_another_node(struct kunit *test)
{
	struct rsv_cache *c;
	unsigned int nr;
	void **object;
	int nid;

	c = cache_of_two_nodes(test, &nid);
	nr = 20 * c->magazine_size;
	object = rsvt_objects_array(test, nr);
	objects_of_node_alloc(test, c, nid, object, nr);
	rsvt_objects_free(c, object, nr);
	KUNIT_EXPECT_LE(test, rsvt_cache_count(c).depot_empty, 1);
	KUNIT_EXPECT_LE(test, rsvt_magazines_in_use(c->region, 64), 3);
}

/* Shrinking flushes the magazine of objects of another node too. */
static void shrinking_flushes_objects_of_another_node(struct kunit *test)
{
	struct rsv_cache *c;
	void *object[10];
	int nid;

	c = cache_of_two_nodes(test, &nid);
	objects_of_node_alloc(test, c, nid, object, ARRAY_SIZE(object));
	rsvt_objects_free(c, object, ARRAY_SIZE(object));
	KUNIT_EXPECT_EQ(test, rsvt_this_cpu(c)->remote->rounds, ARRAY_SIZE(object));
	rsv_cache_shrink(c);
	KUNIT_EXPECT_EQ(test, rsvt_this_cpu(c)->remote->size, 0);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).total, 0);
	rsvt_expect_all_free(test, c->region);
}

/* A request for this CPU's own node is served by its magazines, as one that names no node. */
static void own_node_is_served_by_the_magazines(struct kunit *test)
{
	const struct engine_case *k = test->param_value;
	struct rsv_region *r = rsvt_scratch_region(test, SZ_2M);
	struct rsv_cache *c = rsvt_scratch_cache_flags(test, r, SIZE, 0, k->flag, NULL);
	const int nid = r->extents->at[0]->nid;
	struct rsv_cpu *cpu;
	unsigned long slow;
	void *object[3];
	u64 served;

	rsvt_stay_on_this_cpu();
	if (nid != numa_mem_id())
		kunit_skip(test, "the region is on another node");
	/* Fills a magazine. */
	object[0] = rsv_cache_alloc(c, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, object[0]);
	cpu = per_cpu_ptr(c->cpus, raw_smp_processor_id());
	slow = cpu->slow_allocs;
	served = cpu->allocs;
	object[1] = rsv_cache_alloc_node(c, GFP_KERNEL, nid);
	object[2] = rsv_cache_alloc_node(c, GFP_ATOMIC | __GFP_THISNODE, nid);
	KUNIT_EXPECT_EQ(test, cpu->slow_allocs, slow);
	KUNIT_EXPECT_EQ(test, cpu->allocs, served + 2);
	rsv_cache_free_bulk(c, 3, object);
}

static struct kunit_case magazine_place_cases[] = {
	KUNIT_CASE(frees_are_fast_in_each_extent),
	KUNIT_CASE(removed_extent_is_hint_of_no_cpu),
	KUNIT_CASE_PARAM(objects_of_another_node_are_flushed_by_the_magazine, engines_gen_params),
	KUNIT_CASE_PARAM(magazines_serve_objects_of_their_own_node_only, engines_gen_params),
	KUNIT_CASE_PARAM(magazines_do_not_pile_up_where_all_goes_to_another_node,
			 engines_gen_params),
	KUNIT_CASE_PARAM(shrinking_flushes_objects_of_another_node, engines_gen_params),
	KUNIT_CASE_PARAM(own_node_is_served_by_the_magazines, engines_gen_params),
	{}};

static struct kunit_suite magazine_place_suite = {
	.name = "reservoir_magazine_place",
	.init = rsvt_suite_init,
	.test_cases = magazine_place_cases,
};

kunit_test_suite(magazine_place_suite);
