// SPDX-License-Identifier: GPL-2.0
/*
 * Flags of requests: hints are accepted, what changes the meaning is refused, and the log names
 * each caller that was refused, once.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "objects/cache.h"
#include "support/areas.h"
#include "support/log.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/suite.h"

struct gfp_case {
	const char *name;
	gfp_t gfp;
	bool good;
};

static const struct gfp_case gfps[] = {
	{"GFP_KERNEL", GFP_KERNEL, true},
	{"GFP_USER", GFP_USER, true},
	{"GFP_HIGHUSER", GFP_HIGHUSER, true},
	{"GFP_ATOMIC", GFP_ATOMIC, true},
	{"GFP_NOWAIT", GFP_NOWAIT, true},
	{"GFP_NOIO", GFP_NOIO, true},
	{"GFP_NOFS", GFP_NOFS, true},
	{"none", 0, true},
	{"__GFP_HIGH", GFP_KERNEL | __GFP_HIGH, true},
	{"__GFP_NOWARN", GFP_KERNEL | __GFP_NOWARN, true},
	{"__GFP_ZERO", GFP_KERNEL | __GFP_ZERO, true},
	/* Hints */
	{"__GFP_NORETRY", GFP_KERNEL | __GFP_NORETRY, true},
	{"__GFP_RETRY_MAYFAIL", GFP_KERNEL | __GFP_RETRY_MAYFAIL, true},
	{"__GFP_NOMEMALLOC", GFP_KERNEL | __GFP_NOMEMALLOC, true},
	{"__GFP_COMP", GFP_KERNEL | __GFP_COMP, true},
	{"__GFP_MOVABLE", GFP_KERNEL | __GFP_MOVABLE, true},
	{"__GFP_RECLAIMABLE", GFP_KERNEL | __GFP_RECLAIMABLE, true},
	{"__GFP_WRITE", GFP_KERNEL | __GFP_WRITE, true},
	{"__GFP_HARDWALL", GFP_KERNEL | __GFP_HARDWALL, true},
	{"__GFP_NOLOCKDEP", GFP_KERNEL | __GFP_NOLOCKDEP, true},
	{"__GFP_ZEROTAGS", GFP_KERNEL | __GFP_ZEROTAGS, true},
	{"__GFP_SKIP_ZERO", GFP_KERNEL | __GFP_SKIP_ZERO, true},
	{"__GFP_ACCOUNT", GFP_KERNEL_ACCOUNT, true},
	{"GFP_HIGHUSER_MOVABLE", GFP_HIGHUSER_MOVABLE, true},
	{"GFP_TRANSHUGE", GFP_TRANSHUGE, true},
	{"GFP_TRANSHUGE_LIGHT", GFP_TRANSHUGE_LIGHT, true},
	{"a fallback follows", GFP_ATOMIC | __GFP_COMP | __GFP_NORETRY | __GFP_NOMEMALLOC, true},
	/* What changes the meaning */
	{"__GFP_NOFAIL", GFP_KERNEL | __GFP_NOFAIL, false},
	{"__GFP_MEMALLOC", GFP_KERNEL | __GFP_MEMALLOC, false},
	{"two zones", GFP_KERNEL | __GFP_DMA | __GFP_DMA32, false},
	{"two zones, movable", GFP_KERNEL | __GFP_MOVABLE | __GFP_DMA | __GFP_DMA32, false},
};

KUNIT_ARRAY_PARAM_DESC(gfps, gfps, name);

static void pages_with_flags(struct kunit *test, struct rsv_region *r, gfp_t gfp, bool good)
{
	struct page *page = rsv_alloc_pages(r, gfp, 0), *many[2] = {};
	struct page *large = rsv_alloc_pages(r, gfp, RSV_PCP_ORDERS);
	struct page *node = rsv_alloc_pages_node(r, NUMA_NO_NODE, gfp, 1);
	unsigned long addr = rsv_get_free_pages(r, gfp, 0), zeroed = rsv_get_zeroed_page(r, gfp);
	void *exact = rsv_alloc_pages_exact(r, 3 * PAGE_SIZE, gfp);

	KUNIT_EXPECT_EQ(test, !!page, good);
	KUNIT_EXPECT_EQ(test, !!large, good);
	KUNIT_EXPECT_EQ(test, !!node, good);
	KUNIT_EXPECT_EQ(test, !!addr, good);
	KUNIT_EXPECT_EQ(test, !!zeroed, good);
	KUNIT_EXPECT_EQ(test, !!exact, good);
	KUNIT_EXPECT_EQ(test, rsv_alloc_pages_bulk(r, gfp, 2, many), good ? 2 : 0);
	if (!good)
		return;
	__rsv_free_pages(page, 0);
	__rsv_free_pages(large, RSV_PCP_ORDERS);
	__rsv_free_pages(node, 1);
	rsv_free_pages(addr, 0);
	rsv_free_pages(zeroed, 0);
	rsv_free_pages_exact(exact, 3 * PAGE_SIZE);
	rsv_free_pages_bulk(2, many);
}

/* Hints are flags that promise nothing here. Serving a request with any other would break one. */
static void hints_are_accepted_and_promises_refused_for_pages(struct kunit *test)
{
	const struct gfp_case *g = test->param_value;
	struct rsv_region *r = rsvt_scratch_areas(test, 64);

	pages_with_flags(test, r, g->gfp, g->good);
	EXPECT_FREE_AREAS(test, r, [6] = 1);
}

static void hints_are_accepted_and_promises_refused_for_objects(struct kunit *test)
{
	const struct gfp_case *g = test->param_value;
	struct rsv_region *r = rsvt_scratch_region(test, SZ_1M);
	struct rsv_cache *c = rsvt_scratch_cache(test, r, 200, 0);
	void *object = rsv_cache_alloc(c, g->gfp), *many[70];
	void *node = rsv_cache_alloc_node(c, g->gfp, numa_mem_id());
	void *small = rsv_kmalloc(r, 100, g->gfp), *zeroed = rsv_kzalloc(r, 100, g->gfp);
	void *large = rsv_kmalloc(r, 12000, g->gfp), *larger = rsv_kmalloc(r, 50000, g->gfp);
	unsigned int nr = rsv_cache_alloc_bulk(c, g->gfp, 70, many);

	KUNIT_EXPECT_EQ(test, !!object, g->good);
	KUNIT_EXPECT_EQ(test, !!node, g->good);
	KUNIT_EXPECT_EQ(test, !!small, g->good);
	KUNIT_EXPECT_EQ(test, !!zeroed, g->good);
	KUNIT_EXPECT_EQ(test, !!large, g->good);
	KUNIT_EXPECT_EQ(test, !!larger, g->good);
	KUNIT_EXPECT_EQ(test, nr, g->good ? 70 : 0);
	rsv_cache_free_bulk(c, nr, many);
	rsv_cache_free(c, object);
	rsv_cache_free(c, node);
	rsv_kfree(small);
	rsv_kfree(zeroed);
	rsv_kfree(large);
	rsv_kfree(larger);
}

/* Frequent hints cost nothing: the fast path serves requests that have them. */
static void hints_keep_requests_on_the_fast_path(struct kunit *test)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_NORETRY | __GFP_COMP | __GFP_ACCOUNT;
	struct rsv_region *r = rsvt_scratch_region(test, SZ_2M);
	struct rsv_cache *c = rsvt_scratch_cache_flags(test, r, 200, 0, 0, NULL);
	struct rsv_cpu *cpu;
	void *object[2];

	rsvt_stay_on_this_cpu();
	/* The first request fills a magazine. */
	object[0] = rsv_cache_alloc(c, GFP_KERNEL);
	object[1] = rsv_cache_alloc(c, gfp);
	cpu = per_cpu_ptr(c->cpus, raw_smp_processor_id());
	KUNIT_EXPECT_EQ(test, cpu->slow_allocs, 1);
	KUNIT_EXPECT_EQ(test, cpu->allocs, 1);
	rsv_cache_free_bulk(c, 2, object);
}

/* --- The zone of a movable request ----------------------------------------------------------- */

/*
 * gfp_zone() of GFP_HIGHUSER_MOVABLE is ZONE_MOVABLE, which is above every zone of a region. The
 * request must get what GFP_HIGHUSER gets, also from a zone that is protected from higher ones.
 */
static void movable_names_no_zone(struct kunit *test)
{
	const struct rsv_reserve want = {
		.bytes = SZ_1M,
		.zone = IS_ENABLED(CONFIG_HIGHMEM) ? RSV_ZONE_HIGHMEM : RSV_ZONE_NORMAL,
	};
	struct rsv_region *r = rsvt_scratch_region_or_skip(test, &want, 1);
	unsigned int order;

	for (order = 0; order <= RSV_PCP_ORDERS; order++) {
		struct page *plain = rsv_alloc_pages(r, GFP_HIGHUSER, order);
		struct page *movable = rsv_alloc_pages(r, GFP_HIGHUSER | __GFP_MOVABLE, order);

		KUNIT_ASSERT_NOT_NULL(test, plain);
		KUNIT_EXPECT_NOT_NULL(test, movable);
		__rsv_free_pages(plain, order);
		if (movable)
			__rsv_free_pages(movable, order);
	}
}

/* --- The log --------------------------------------------------------------------------------- */

static noinline void one_caller(struct rsv_region *r)
{
	WARN_ON_ONCE(rsv_alloc_pages(r, GFP_KERNEL | __GFP_NOFAIL, 0));
	barrier();
}

static noinline void another_caller(struct rsv_region *r)
{
	WARN_ON_ONCE(rsv_alloc_pages(r, GFP_KERNEL | __GFP_MEMALLOC, 0));
	barrier();
}

static noinline void caller_by_the_byte(struct rsv_region *r)
{
	WARN_ON_ONCE(rsv_kzalloc(r, 100, GFP_KERNEL | __GFP_NOFAIL));
	barrier();
}

static noinline void caller_that_grows(struct rsv_region *r)
{
	WARN_ON_ONCE(rsv_krealloc(r, NULL, 100, GFP_KERNEL | __GFP_NOFAIL));
	barrier();
}

static noinline void caller_by_address(struct rsv_region *r)
{
	WARN_ON_ONCE(rsv_get_zeroed_page(r, GFP_KERNEL | __GFP_NOFAIL));
	barrier();
}

static noinline void caller_in_bulk(struct rsv_region *r)
{
	struct page *page = NULL;

	WARN_ON_ONCE(rsv_alloc_pages_bulk(r, GFP_KERNEL | __GFP_NOFAIL, 1, &page));
	barrier();
}

static void refused_flags_are_logged_once_a_caller(struct kunit *test)
{
	static const struct {
		void (*ask)(struct rsv_region *r);
		const char *name;
		const char *flag;
	} callers[] = {
		{one_caller, "one_caller", "__GFP_NOFAIL"},
		{another_caller, "another_caller", "__GFP_MEMALLOC"},
		{caller_by_the_byte, "caller_by_the_byte", "__GFP_NOFAIL"},
		{caller_that_grows, "caller_that_grows", "__GFP_NOFAIL"},
		{caller_by_address, "caller_by_address", "__GFP_NOFAIL"},
		{caller_in_bulk, "caller_in_bulk", "__GFP_NOFAIL"},
	};
	struct rsv_region *r = rsvt_scratch_areas(test, 64);
	const u64 since = rsvt_log_end();
	unsigned int i;

	for (i = 0; i < 3 * ARRAY_SIZE(callers); i++)
		callers[i % ARRAY_SIZE(callers)].ask(r);
	KUNIT_EXPECT_EQ(test, rsvt_log_lines(since, NULL, NULL), ARRAY_SIZE(callers));
	for (i = 0; i < ARRAY_SIZE(callers); i++)
		KUNIT_EXPECT_EQ(test, rsvt_log_lines(since, callers[i].name, callers[i].flag), 1);
	/* The flags that are fine are no part of the complaint. */
	KUNIT_EXPECT_EQ(test, rsvt_log_lines(since, "GFP_KERNEL", NULL), 0);
}

/* A table that is full warns of no caller again, and says so with the first one too many. */
static void table_of_callers_has_an_end(struct kunit *test)
{
	struct rsv_callers *callers = kunit_kzalloc(test, sizeof(*callers), GFP_KERNEL);
	unsigned long i;

	KUNIT_ASSERT_NOT_NULL(test, callers);
	for (i = 1; i <= RSV_CALLERS_MAX; i++) {
		KUNIT_EXPECT_EQ(test, rsv_callers_add(callers, i), RSV_CALLER_NEW);
		KUNIT_EXPECT_EQ(test, rsv_callers_add(callers, i), RSV_CALLER_SEEN);
	}
	KUNIT_EXPECT_EQ(test, rsv_callers_add(callers, i), RSV_CALLER_TOO_MANY);
	KUNIT_EXPECT_EQ(test, rsv_callers_add(callers, i), RSV_CALLER_SEEN);
	KUNIT_EXPECT_EQ(test, rsv_callers_add(callers, i + 1), RSV_CALLER_SEEN);
	KUNIT_EXPECT_EQ(test, rsv_callers_add(callers, 1), RSV_CALLER_SEEN);
}

static struct kunit_case gfp_cases[] = {
	KUNIT_CASE_PARAM(hints_are_accepted_and_promises_refused_for_pages, gfps_gen_params),
	KUNIT_CASE_PARAM(hints_are_accepted_and_promises_refused_for_objects, gfps_gen_params),
	KUNIT_CASE(hints_keep_requests_on_the_fast_path),
	KUNIT_CASE(movable_names_no_zone),
	KUNIT_CASE(refused_flags_are_logged_once_a_caller),
	KUNIT_CASE(table_of_callers_has_an_end),
	{}};

static struct kunit_suite gfp_suite = {
	.name = "reservoir_gfp",
	.init = rsvt_suite_init,
	.test_cases = gfp_cases,
};

kunit_test_suite(gfp_suite);
