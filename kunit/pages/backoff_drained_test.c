// SPDX-License-Identifier: GPL-2.0
/*
 * Drained regions: a request fails at once where a drain can do nothing, and nowhere else. A test
 * for each place where only a drain finds something: what comes there ends the state, and the next
 * request gets it.
 */
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/smp.h>

#include "pages/backoff.h"
#include "pages/pcp.h"
#include "pages/zonelist.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/scratch.h"
#include "support/suite.h"

/* Large enough for magazines, and for lists of blocks of order 4 of as many CPUs as tests have */
#define PAGES	256
#define ALL	8	/* the order of all pages */
#define GFP	(GFP_KERNEL | __GFP_HIGH | __GFP_NOWARN)

/* Fails until the region is drained. The first drain may find something, and the next does not. */
static void drain(struct kunit *test, struct rsv_region *r)
{
	unsigned int i;

	for (i = 0; i < 5 && !rsv_backoff_is_drained(r); i++)
		KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP, ALL));
	KUNIT_ASSERT_TRUE(test, rsv_backoff_is_drained(r));
}

/* As if a drain had found nothing. */
static void drain_in_vain(struct rsv_region *r)
{
	rsv_backoff_end_drain(r, rsv_backoff_begin_drain(r));
}

static bool all_can_be_had(struct rsv_region *r)
{
	struct page *page = rsv_alloc_pages(r, GFP, ALL);

	if (page)
		__rsv_free_pages(page, ALL);
	return page;
}

static void requests_of_a_drained_region_drain_nothing(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct page *used = rsv_alloc_pages(r, GFP, 0);
	unsigned int i;
	int drains;

	KUNIT_ASSERT_NOT_NULL(test, used);
	drain(test, r);
	drains = atomic_read(&r->backoff.drains);
	for (i = 0; i < 20; i++)
		KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP, ALL));
	KUNIT_EXPECT_TRUE(test, rsv_backoff_is_drained(r));
	KUNIT_EXPECT_EQ(test, atomic_read(&r->backoff.drains), drains);
	__rsv_free_pages(used, 0);
	KUNIT_EXPECT_TRUE(test, all_can_be_had(r));
}

/* Requests for single pages and for objects go other ways, which must not end the state. */
static void small_requests_leave_an_exhausted_region_drained(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct rsv_cache *c = rsvt_scratch_cache_flags(test, r, PAGE_SIZE, 0, 0, NULL);
	struct page **page = rsvt_pages_array(test, PAGES);
	unsigned long nr = rsvt_pages_alloc(r, GFP, 0, page, PAGES), i;

	KUNIT_EXPECT_EQ(test, nr, PAGES);
	drain(test, r);
	for (i = 0; i < 5; i++) {
		KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP, 0));
		KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP | __GFP_ZERO, 0));
		KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP, 4));
		KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP_ATOMIC | __GFP_NOWARN, 1));
		KUNIT_EXPECT_NULL(test, rsv_cache_alloc(c, GFP));
	}
	KUNIT_EXPECT_TRUE(test, rsv_backoff_is_drained(r));
	rsvt_pages_free(page, nr, 0);
	kunit_kfree(test, page);
	KUNIT_EXPECT_TRUE(test, all_can_be_had(r));
	rsvt_scratch_cache_end(test, c);
}

static void block_freed_onto_a_list_is_found(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	unsigned int order, i;
	struct page *page;

	for (order = 0; order < ALL; order++) {
		for (i = 0; i < 3; i++) {
			page = rsv_alloc_pages(r, GFP, order);
			KUNIT_ASSERT_NOT_NULL(test, page);
			drain(test, r);
			__rsv_free_pages(page, order);
			KUNIT_EXPECT_TRUE_MSG(test, all_can_be_had(r), "order %u, try %u", order,
					      i);
		}
	}
}

/* The fast path frees onto a list that another free has opened, and says nothing. */
static void block_freed_onto_an_open_list_is_found(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct page *first = rsv_alloc_pages(r, GFP, 0), *second = rsv_alloc_pages(r, GFP, 0);

	KUNIT_ASSERT_NOT_NULL(test, first);
	KUNIT_ASSERT_NOT_NULL(test, second);
	drain(test, r);
	__rsv_free_pages(first, 0);
	KUNIT_EXPECT_FALSE(test, rsv_backoff_is_drained(r));
	__rsv_free_pages(second, 0);
	KUNIT_EXPECT_TRUE(test, all_can_be_had(r));
}

static void refill_of_a_list_ends_the_state(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct page *page;

	drain_in_vain(r);
	page = rsv_alloc_pages(r, GFP, 0);
	KUNIT_ASSERT_NOT_NULL(test, page);
	if (rsv_pcp_is_open(rsv_zone_nth(r, 0), raw_smp_processor_id()))
		KUNIT_EXPECT_FALSE(test, rsv_backoff_is_drained(r));
	__rsv_free_pages(page, 0);
}

static void zeroed_pages_end_the_state(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 2048);
	struct rsv_zone *z = rsv_zone_nth(r, 0);
	unsigned long addr = rsv_get_zeroed_page(r, GFP);

	KUNIT_ASSERT_NE(test, addr, 0);
	flush_work(&z->zero_work);
	rsvt_settle(r);
	drain_in_vain(r);
	queue_work(system_wq, &z->zero_work);
	flush_work(&z->zero_work);
	KUNIT_EXPECT_GT(test, z->nr_zeroed, 0);
	KUNIT_EXPECT_FALSE(test, rsv_backoff_is_drained(r));
	rsv_free_pages(addr, 0);
}

static void construct(void *object)
{
}

/* The number of a kind */
#define KIND_SLUB	0

static const struct {
	const char *name;
	unsigned int size;
	unsigned int flags;
	void (*ctor)(void *object);
} kinds[] = {
	{ "SLUB", 512, RSV_ENGINE_SLUB },
	{ "SLAB", 512, RSV_ENGINE_SLAB },
	{ "SLOB", 512, RSV_ENGINE_SLOB },
	{ "SLOB, constructed", 512, RSV_ENGINE_SLOB, construct },
	{ "SLUB alone", 512, RSV_ENGINE_SLUB | RSV_NO_MAGAZINE },
	{ "SLAB alone", 512, RSV_ENGINE_SLAB | RSV_NO_MAGAZINE },
	{ "SLOB alone", 512, RSV_ENGINE_SLOB | RSV_NO_MAGAZINE },
	{ "SLOB alone, constructed", 512, RSV_ENGINE_SLOB | RSV_NO_MAGAZINE, construct },
	{ "SLOB alone, large", 2 * PAGE_SIZE, RSV_ENGINE_SLOB | RSV_NO_MAGAZINE },
	{ "SLUB, checked", 512, RSV_ENGINE_SLUB | RSV_POISON },
};

static struct rsv_cache *cache_of_kind(struct kunit *test, struct rsv_region *r, unsigned int kind)
{
	return rsvt_scratch_cache_flags(test, r, kinds[kind].size, 0, kinds[kind].flags,
					kinds[kind].ctor);
}

/* The last objects of their slabs: in a magazine, on a freelist or in an empty slab */
static void freed_objects_are_found(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	unsigned int kind, nr, i;
	struct rsv_cache *c;
	void *object[3];

	for (kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
		c = cache_of_kind(test, r, kind);
		for (nr = 1; nr <= ARRAY_SIZE(object); nr++) {
			for (i = 0; i < nr; i++) {
				object[i] = rsv_cache_alloc(c, GFP);
				KUNIT_ASSERT_NOT_NULL(test, object[i]);
			}
			drain(test, r);
			for (i = 0; i < nr; i++)
				rsv_cache_free(c, object[i]);
			KUNIT_EXPECT_TRUE_MSG(test, all_can_be_had(r), "%s, %u objects",
					      kinds[kind].name, nr);
		}
		rsvt_scratch_cache_end(test, c);
	}
}

/*
 * The second allocation makes the slab the CPU's active one, or moves objects of it to a magazine,
 * and the frees follow there on fast paths.
 */
static void objects_that_a_cpu_takes_are_found(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	void *first, *second;
	struct rsv_cache *c;
	unsigned int kind;

	for (kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
		c = cache_of_kind(test, r, kind);
		first = rsv_cache_alloc(c, GFP);
		KUNIT_ASSERT_NOT_NULL(test, first);
		drain(test, r);
		second = rsv_cache_alloc(c, GFP);
		KUNIT_ASSERT_NOT_NULL(test, second);
		rsv_cache_free(c, first);
		rsv_cache_free(c, second);
		KUNIT_EXPECT_TRUE_MSG(test, all_can_be_had(r), "%s", kinds[kind].name);
		rsvt_scratch_cache_end(test, c);
	}
}

/*
 * Allocates or frees an object of a drained region. If that loads a magazine which the CPU did not
 * have, the region is drained no more. Returns whether it did.
 */
static bool step_ends_the_state(struct kunit *test, struct rsv_cache *c, void **object)
{
	const struct rsv_cpu *cpu = raw_cpu_ptr(c->cpus);
	struct rsv_magazine *loaded = cpu->loaded, *previous = cpu->previous;

	drain_in_vain(c->region);
	if (*object) {
		rsv_cache_free(c, *object);
		*object = NULL;
	} else {
		*object = rsv_cache_alloc(c, GFP);
		KUNIT_ASSERT_NOT_NULL(test, *object);
	}
	if (cpu->loaded == loaded || cpu->loaded == previous)
		return false;
	KUNIT_EXPECT_FALSE(test, rsv_backoff_is_drained(c->region));
	return true;
}

/* More objects than a CPU has in its magazines, which come from the depot and go there */
static void exchanges_with_the_depot_end_the_state(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct rsv_cache *c = cache_of_kind(test, r, KIND_SLUB);
	unsigned int nr = 5 * c->magazine_size, round, i, exchanges;
	void **object = kunit_kcalloc(test, nr, sizeof(*object), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, object);
	for (round = 0; round < 4; round++) {
		for (i = 0, exchanges = 0; i < nr; i++)
			exchanges += step_ends_the_state(test, c, &object[i]);
		KUNIT_EXPECT_GT_MSG(test, exchanges, 0, "round %u", round);
	}
	rsvt_scratch_cache_end(test, c);
}

static void slab_that_leaves_ends_the_state(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct rsv_cache *c = rsvt_scratch_cache_flags(test, r, 256, 0,
						       RSV_ENGINE_SLAB | RSV_NO_MAGAZINE, NULL);
	void *object = rsv_cache_alloc(c, GFP);

	KUNIT_ASSERT_NOT_NULL(test, object);
	rsv_cache_free(c, object);
	/* The slab is empty already and has its bufctls, so all that follows is that it leaves. */
	drain_in_vain(r);
	KUNIT_EXPECT_GT(test, rsv_cache_shrink(c), 0);
	KUNIT_EXPECT_FALSE(test, rsv_backoff_is_drained(r));
	rsvt_scratch_cache_end(test, c);
}

static void page_that_somebody_refers_to_is_found_afterwards(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct page *page = rsv_alloc_pages(r, GFP, 0);

	KUNIT_ASSERT_NOT_NULL(test, page);
	drain(test, r);
	get_page(page);
	__rsv_free_pages(page, 0);
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP, ALL));
	KUNIT_EXPECT_FALSE(test, rsv_backoff_is_drained(r));
	put_page(page);
	KUNIT_EXPECT_TRUE(test, all_can_be_had(r));
}

/* Free neighbours that are not buddies */
static void runs_are_gathered_in_a_drained_region(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct page **page = rsvt_pages_array(test, PAGES);
	unsigned long nr = rsvt_pages_alloc(r, GFP, 0, page, PAGES), i, freed = 0, at;
	void *run;

	KUNIT_EXPECT_EQ(test, nr, PAGES);
	for (i = 0; i < nr; i++) {
		at = rsvt_scratch_page(r, page_address(page[i]));
		if (at != 31 && at != 32)
			continue;
		__rsv_free_pages(page[i], 0);
		page[i] = NULL;
		freed++;
	}
	KUNIT_EXPECT_EQ(test, freed, 2);
	drain(test, r);
	run = rsv_alloc_pages_exact(r, 2 * PAGE_SIZE, GFP);
	KUNIT_EXPECT_NOT_NULL(test, run);
	if (run)
		rsv_free_pages_exact(run, 2 * PAGE_SIZE);
	for (i = 0; i < nr; i++)
		if (page[i])
			__rsv_free_pages(page[i], 0);
	kunit_kfree(test, page);
}

/* What comes to a place while a drain runs may be behind the drain. */
static void what_comes_during_a_drain_ends_it(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	unsigned int older, newer;

	older = rsv_backoff_begin_drain(r);
	KUNIT_EXPECT_FALSE(test, rsv_backoff_is_drained(r));
	rsv_backoff_cached(r);
	rsv_backoff_end_drain(r, older);
	KUNIT_EXPECT_FALSE_MSG(test, rsv_backoff_is_drained(r), "cached during the drain");

	older = rsv_backoff_begin_drain(r);
	rsv_backoff_cached(r);
	newer = rsv_backoff_begin_drain(r);
	rsv_backoff_end_drain(r, older);
	KUNIT_EXPECT_FALSE_MSG(test, rsv_backoff_is_drained(r), "cached before the newer drain");
	rsv_backoff_end_drain(r, newer);
	KUNIT_EXPECT_TRUE(test, rsv_backoff_is_drained(r));
	rsv_backoff_cached(r);
	KUNIT_EXPECT_FALSE(test, rsv_backoff_is_drained(r));
}

/* Another task drains all CPUs, and has not come to its end. */
static void drain_that_ran_out_of_time_proves_nothing(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct page *used = rsv_alloc_pages(r, GFP, 0);

	KUNIT_ASSERT_NOT_NULL(test, used);
	mutex_lock(&r->drain_lock);
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP, ALL));
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP, ALL));
	mutex_unlock(&r->drain_lock);
	KUNIT_EXPECT_FALSE(test, rsv_backoff_is_drained(r));
	__rsv_free_pages(used, 0);
}

/* Two objects and two pages: the first free of each opens a place, the second is fast. */
struct elsewhere {
	struct rsv_cache *c;
	void *object[2];
	struct page *page[2];
};

static void free_there(void *data)
{
	struct elsewhere *e = data;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(e->object); i++) {
		rsv_cache_free(e->c, e->object[i]);
		__rsv_free_pages(e->page[i], 0);
	}
}

static void what_another_cpu_frees_is_found(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	unsigned int cpu = rsvt_other_cpu(test), round, i;
	struct elsewhere e = { .c = cache_of_kind(test, r, KIND_SLUB) };

	for (round = 0; round < 3; round++) {
		for (i = 0; i < ARRAY_SIZE(e.object); i++) {
			e.object[i] = rsv_cache_alloc(e.c, GFP);
			e.page[i] = rsv_alloc_pages(r, GFP, 0);
			KUNIT_ASSERT_NOT_NULL(test, e.object[i]);
			KUNIT_ASSERT_NOT_NULL(test, e.page[i]);
		}
		drain(test, r);
		smp_call_function_single(cpu, free_there, &e, true);
		KUNIT_EXPECT_TRUE_MSG(test, all_can_be_had(r), "round %u", round);
	}
	rsvt_scratch_cache_end(test, e.c);
}

static struct kunit_case backoff_drained_cases[] = {
	KUNIT_CASE(requests_of_a_drained_region_drain_nothing),
	KUNIT_CASE(small_requests_leave_an_exhausted_region_drained),
	KUNIT_CASE(block_freed_onto_a_list_is_found),
	KUNIT_CASE(block_freed_onto_an_open_list_is_found),
	KUNIT_CASE(refill_of_a_list_ends_the_state),
	KUNIT_CASE(zeroed_pages_end_the_state),
	KUNIT_CASE(freed_objects_are_found),
	KUNIT_CASE(objects_that_a_cpu_takes_are_found),
	KUNIT_CASE(exchanges_with_the_depot_end_the_state),
	KUNIT_CASE(slab_that_leaves_ends_the_state),
	KUNIT_CASE(page_that_somebody_refers_to_is_found_afterwards),
	KUNIT_CASE(runs_are_gathered_in_a_drained_region),
	KUNIT_CASE(what_comes_during_a_drain_ends_it),
	KUNIT_CASE(drain_that_ran_out_of_time_proves_nothing),
	KUNIT_CASE(what_another_cpu_frees_is_found),
	{}};

/* Where objects are cached is then known. */
static int backoff_drained_init(struct kunit *test)
{
	rsvt_stay_on_this_cpu();
	return rsvt_suite_init(test);
}

static struct kunit_suite backoff_drained_suite = {
	.name = "reservoir_backoff_drained",
	.init = backoff_drained_init,
	.test_cases = backoff_drained_cases,
};

kunit_test_suite(backoff_drained_suite);
