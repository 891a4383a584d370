// SPDX-License-Identifier: GPL-2.0
/*
 * Magazines: their sizes and memory, the order in which they serve objects, exchanges with the
 * depot, growth, and which caches have them.
 */
#include <linux/delay.h>
#include <linux/smp.h>

#include "objects/cpu.h"
#include "objects/magazine.h"
#include "objects/reap.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/magazines.h"
#include "support/misuse.h"
#include "support/params.h"
#include "support/scratch.h"
#include "support/suite.h"

/* --- Sizes and memory ----------------------------------------------------------------------- */

struct rounds_case {
	unsigned int size;
	unsigned int rounds;
};

static const struct rounds_case rounds[] = {
	{8, 64},   {256, 64}, {257, 32}, {1024, 32}, {1025, 16}, {4096, 16},
	{4097, 8}, {8192, 8}, {8193, 4}, {30720, 4}, {32769, 0},
};

static void rounds_text(const struct rounds_case *k, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "objects of %u bytes: %u of them", k->size,
		 k->rounds);
}

KUNIT_ARRAY_PARAM(rounds, rounds, rounds_text);

static void magazines_are_the_smaller_the_larger_objects_are(struct kunit *test)
{
	const struct rounds_case *k = test->param_value;
	struct rsv_region *r = rsvt_magazine_region(test);
	struct rsv_cache *c = rsvt_scratch_cache_flags(test, r, k->size, 0, 0, NULL);
	unsigned int n;
	void *object;

	KUNIT_EXPECT_EQ(test, c->magazine_size, k->rounds);
	rsvt_objects_alloc(test, c, &object, 1);
	KUNIT_EXPECT_EQ(test, rsvt_this_cpu(c)->loaded->size, k->rounds);
	/* The magazine is an object of a cache of the same region. */
	for (n = 4; n <= 128; n *= 2)
		KUNIT_EXPECT_EQ(test, rsvt_magazines_in_use(r, n), n == k->rounds);
	rsv_cache_free(c, object);
	rsv_cache_shrink(c);
	for (n = 4; n <= 128; n *= 2)
		KUNIT_EXPECT_EQ(test, rsvt_magazines_in_use(r, n), 0);
	rsvt_expect_all_free(test, r);
}

static const unsigned int sizes[] = { 15, 63, 64, 256 };

KUNIT_ARRAY_PARAM(sizes, sizes, rsvt_pages_text);

static void regions_under_256_kb_have_none(struct kunit *test)
{
	unsigned int pages = *(const unsigned int *)test->param_value;
	struct rsv_cache *c =
		rsvt_scratch_cache_flags(test, rsvt_scratch_pages(test, pages), SIZE, 0, 0, NULL);
	void *object;

	rsvt_stay_on_this_cpu();
	rsvt_objects_alloc(test, c, &object, 1);
	rsv_cache_free(c, object);
	KUNIT_EXPECT_EQ(test, rsvt_this_cpu(c)->loaded->size, pages < 64 ? 0 : c->magazine_size);
	/* Without magazines a freed object is in its slab at once. */
	EXPECT_SLABS(test, c, 0, pages >= 64, pages < 64);
}

/* Objects in a magazine are not available to other CPUs. */
static void no_magazine_holds_more_than_a_quarter_of_its_region(struct kunit *test)
{
	static const struct rounds_case cases[] = {{SZ_16K, 4}, {SZ_16K + 1, 0}};
	struct rsv_region *r = rsvt_scratch_pages(test, 64);
	unsigned int i;
	void *object;

	rsvt_stay_on_this_cpu();
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rsv_cache *c = rsvt_scratch_cache_flags(test, r, cases[i].size, 0, 0, NULL);

		rsvt_objects_alloc(test, c, &object, 1);
		rsv_cache_free(c, object);
		KUNIT_EXPECT_EQ_MSG(test, rsvt_this_cpu(c)->loaded->size, cases[i].rounds,
				    "%u bytes", cases[i].size);
	}
}

/* The only free page becomes a slab of objects, and no memory is left for a magazine. */
static void without_memory_for_a_magazine_objects_go_to_the_engine(struct kunit *test)
{
	struct rsv_region *r = rsvt_magazine_region(test);
	struct rsv_cache *c = rsvt_scratch_cache_flags(test, r, SIZE, 0, 0, NULL);
	struct page **page = rsvt_pages_array(test, r->nr_pages);
	unsigned long nr = rsvt_pages_alloc(r, GFP_KERNEL, 0, page, r->nr_pages);
	void *object[20];

	KUNIT_ASSERT_EQ(test, nr, r->nr_pages);
	__rsv_free_pages(page[--nr], 0);
	rsvt_objects_alloc(test, c, object, ARRAY_SIZE(object));
	KUNIT_EXPECT_EQ(test, rsvt_this_cpu(c)->loaded->size, 0);
	EXPECT_SLABS(test, c, 0, 1, 0);
	rsvt_objects_free(c, object, ARRAY_SIZE(object));
	KUNIT_EXPECT_EQ(test, rsvt_this_cpu(c)->loaded->size, 0);
	KUNIT_EXPECT_GT(test, rsvt_cache_count(c->magazine_cache).failures, 0);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
	EXPECT_SLABS(test, c, 0, 0, 1);
	rsvt_pages_free(page, nr, 0);
}

/* --- Loaded, previous and the depot --------------------------------------------------------- */

/* Without the second magazine a CPU at the boundary would go to the depot on each request. */
static void full_and_empty_magazine_are_swapped_at_the_boundary(struct kunit *test)
{
	struct rsv_cache *c = rsvt_magazine_cache(test, 0);
	unsigned int r = c->magazine_size, i;
	void **object = rsvt_objects_used(test, c, 2 * r);

	rsvt_objects_free(c, object, 2 * r);
	KUNIT_EXPECT_EQ(test, rsv_cpu_nr_loaded(rsvt_this_cpu(c)), r);
	KUNIT_EXPECT_EQ(test, rsvt_this_cpu(c)->previous->rounds, r);
	rsvt_objects_alloc(test, c, object, r);
	KUNIT_EXPECT_EQ(test, rsv_cpu_nr_loaded(rsvt_this_cpu(c)), 0);
	for (i = 0; i < 10; i++) {
		rsvt_objects_alloc(test, c, object + r, 2);
		KUNIT_EXPECT_EQ(test, rsv_cpu_nr_loaded(rsvt_this_cpu(c)), r - 2);
		KUNIT_EXPECT_EQ(test, rsvt_this_cpu(c)->previous->rounds, 0);
		rsvt_objects_free(c, object + r, 2);
		rsvt_objects_free(c, object, 1);
		KUNIT_EXPECT_EQ(test, rsv_cpu_nr_loaded(rsvt_this_cpu(c)), 1);
		KUNIT_EXPECT_EQ(test, rsvt_this_cpu(c)->previous->rounds, r);
		rsvt_objects_alloc(test, c, object, 1);
	}
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).exchanges, 0);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).depot_full + rsvt_cache_count(c).depot_empty, 0);
	rsvt_objects_free(c, object, r);
}

static void whole_magazines_are_exchanged_with_the_depot(struct kunit *test)
{
	struct rsv_cache *c = rsvt_magazine_cache(test, 0);
	unsigned int r = c->magazine_size;
	void **object = rsvt_objects_used(test, c, 4 * r);

	rsvt_objects_free(c, object, 4 * r);
	rsvt_expect_depot(test, c, 2, 0, 0);
	rsvt_objects_alloc(test, c, object, 2 * r);
	rsvt_expect_depot(test, c, 2, 0, 0);
	rsvt_objects_alloc(test, c, object + 2 * r, 1);
	rsvt_expect_depot(test, c, 1, 1, 1);
	rsvt_objects_alloc(test, c, object + 2 * r + 1, r);
	rsvt_expect_depot(test, c, 0, 2, 2);
	rsvt_objects_free(c, object, 3 * r + 1);
	rsvt_expect_depot(test, c, 2, 0, 4);
	/* The memory of four magazines sufficed all the time. */
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c->magazine_cache).allocs, 4 + 1);
}

/* The object freed last is in the CPU's data cache. */
static void last_object_given_back_comes_first_through_all_magazines(struct kunit *test)
{
	struct rsv_cache *c = rsvt_magazine_cache(test, 0);
	unsigned int nr = 5 * c->magazine_size, i;
	void **object = rsvt_objects_used(test, c, nr);

	rsvt_objects_free(c, object, nr);
	for (i = nr; i--;)
		KUNIT_EXPECT_PTR_EQ(test, rsv_cache_alloc(c, GFP_KERNEL), object[i]);
	rsvt_objects_free(c, object, nr);
}

static void requests_served_by_magazines_take_the_fast_path(struct kunit *test)
{
	struct rsv_cache *c = rsvt_magazine_cache(test, 0);
	unsigned int r = c->magazine_size;
	void **object = rsvt_objects_used(test, c, 4 * r);
	unsigned long slow;

	rsvt_objects_free(c, object, 4 * r);
	slow = rsvt_this_cpu(c)->slow_allocs + rsvt_this_cpu(c)->slow_frees;
	rsvt_objects_alloc(test, c, object, 4 * r);
	rsvt_objects_free(c, object, 4 * r);
	KUNIT_EXPECT_EQ(test, rsvt_this_cpu(c)->slow_allocs + rsvt_this_cpu(c)->slow_frees, slow);
}

/* --- Growth --------------------------------------------------------------------------------- */

/* Counts as if other CPUs had made this one wait. */
static void contend(struct rsv_cache *c, unsigned int times)
{
	c->nodes[numa_mem_id()]->depot.contended += times;
}

/* Small magazines go from the depot and from the CPU. */
static void magazines_grow_with_contention_and_small_ones_go(struct kunit *test)
{
	struct rsv_cache *c = rsvt_magazine_cache(test, 0);
	unsigned int r = c->magazine_size, more = 2 * r;
	void **object = rsvt_objects_used(test, c, 5 * r);

	/* Two at the CPU; one full and one empty in the depot */
	rsvt_objects_free(c, object, 4 * r);
	rsvt_objects_alloc(test, c, object, 2 * r + 1);
	rsvt_expect_depot(test, c, 1, 1, 1);
	contend(c, 100);
	rsv_caches_age(c->region);
	KUNIT_EXPECT_EQ(test, c->magazine_size, more);
	KUNIT_EXPECT_EQ(test, rsvt_magazines_in_use(c->region, 64), 0);
	rsvt_objects_free(c, object, 2 * r + 1);
	KUNIT_EXPECT_EQ(test, rsvt_this_cpu(c)->loaded->size, more);
	rsvt_objects_free(c, object + 4 * r, r);
	KUNIT_EXPECT_EQ(test, rsvt_magazines_in_use(c->region, 64), 0);
	KUNIT_EXPECT_EQ(test, rsvt_magazines_in_use(c->region, 128), 2);

	/* Magazines do not grow beyond the largest size, and the largest ones stay. */
	contend(c, 100);
	rsv_caches_age(c->region);
	KUNIT_EXPECT_EQ(test, c->magazine_size, more);
	KUNIT_EXPECT_EQ(test, rsvt_magazines_in_use(c->region, 128), 2);
}

/* The background work grows them, and may not wait for other work of its own queue. */
static void magazines_grow_by_themselves(struct kunit *test)
{
	struct rsv_cache *c = rsvt_magazine_cache(test, 0);
	unsigned int r = c->magazine_size;
	void **object = rsvt_objects_used(test, c, 2 * r);
	unsigned long end = jiffies + 10 * HZ;

	rsvt_objects_free(c, object, 2 * r);
	contend(c, 100);
	rsv_reap_start(c->region);
	while (rsvt_magazines_in_use(c->region, r) && time_before(jiffies, end))
		msleep(20);
	rsv_reap_stop(c->region);
	KUNIT_EXPECT_EQ(test, c->magazine_size, 2 * r);
	KUNIT_EXPECT_EQ(test, rsvt_magazines_in_use(c->region, r), 0);
}

/* The limit holds however often CPUs wait. */
static void magazines_grow_to_128_kb(struct kunit *test)
{
	static const struct rounds_case most[] = {
		{8, 128}, {1024, 128}, {1025, 64}, {4096, 32}, {8192, 16}, {32768, 4},
	};
	struct rsv_region *r = rsvt_magazine_region(test);
	struct rsv_cache *c;
	unsigned int i, times;

	for (i = 0; i < ARRAY_SIZE(most); i++) {
		c = rsvt_scratch_cache_flags(test, r, most[i].size, 0, 0, NULL);
		for (times = 0; times < RSV_MAGAZINE_SIZES; times++) {
			contend(c, 100);
			rsv_caches_age(r);
		}
		KUNIT_EXPECT_EQ_MSG(test, c->magazine_size, most[i].rounds, "%u bytes",
				    most[i].size);
	}
}

/* Occasional waits do not make magazines grow, however long they go on. */
static void magazines_do_not_grow_without_contention(struct kunit *test)
{
	struct rsv_cache *c = rsvt_magazine_cache(test, 0);
	unsigned int r = c->magazine_size, i;
	void **object = rsvt_objects_used(test, c, 6 * r);

	for (i = 0; i < 10; i++) {
		rsvt_objects_free(c, object, 6 * r);
		rsvt_objects_alloc(test, c, object, 6 * r);
		contend(c, 3);
		rsv_caches_age(c->region);
		KUNIT_EXPECT_EQ(test, c->magazine_size, r);
	}
	KUNIT_EXPECT_GT(test, rsvt_cache_count(c).exchanges, 40);
	rsvt_objects_free(c, object, 6 * r);
}

/**
 * struct holder - another CPU, which holds a lock
 * @lock: the lock
 * @holds: 1 while it holds the lock, 2 when it is done
 * @waited_for: this CPU is about to wait for the lock
 */
struct holder {
	raw_spinlock_t *lock;
	int holds;
	bool waited_for;
};

static void hold_while_it_is_wanted(void *holder)
{
	struct holder *h = holder;

	raw_spin_lock(h->lock);
	WRITE_ONCE(h->holds, 1);
	while (!READ_ONCE(h->waited_for))
		cpu_relax();
	mdelay(5);
	raw_spin_unlock(h->lock);
	WRITE_ONCE(h->holds, 2);
}

static void waiting_for_the_depot_is_counted(struct kunit *test)
{
	struct rsv_cache *c = rsvt_magazine_cache(test, 0);
	struct holder h = { .lock = &c->nodes[numa_mem_id()]->depot.lock };
	unsigned int cpu = rsvt_other_cpu(test);
	void *object;

	smp_call_function_single(cpu, hold_while_it_is_wanted, &h, false);
	while (!READ_ONCE(h.holds))
		cpu_relax();
	preempt_disable();
	WRITE_ONCE(h.waited_for, true);
	object = rsv_cache_alloc(c, GFP_ATOMIC);
	preempt_enable();
	while (READ_ONCE(h.holds) != 2)
		cpu_relax();
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).contended, 1);
	rsv_cache_free(c, object);
}

/* --- The fast path -------------------------------------------------------------------------- */

struct fastpath_case {
	const char *what;
	unsigned int flags;
	bool on;
};

static const struct fastpath_case fastpaths[] = {
	{"plain", 0, true},
	{"aligned", RSV_HWCACHE_ALIGN, true},
	{"SLAB", RSV_ENGINE_SLAB, true},
	{"SLOB", RSV_ENGINE_SLOB, true},
	{"no magazine", RSV_NO_MAGAZINE, false},
	{"red zones", RSV_RED_ZONE, false},
	{"poison", RSV_POISON, false},
	{"owners", RSV_STORE_USER, false},
	{"slabs looked through", RSV_CACHE_VERIFY, false},
	{"traced", RSV_CACHE_TRACE, false},
};

KUNIT_ARRAY_PARAM_DESC(fastpaths, fastpaths, what);

static void fast_path_is_off_for_caches_that_check_each_object(struct kunit *test)
{
	const struct fastpath_case *k = test->param_value;
	struct rsv_cache *c = rsvt_magazine_cache(test, k->flags);
	void *object;

	KUNIT_EXPECT_EQ(test, READ_ONCE(c->fast), k->on);
	rsvt_objects_alloc(test, c, &object, 1);
	rsv_cache_free(c, object);
	KUNIT_EXPECT_EQ(test, rsv_cpu_nr_loaded(rsvt_this_cpu(c)) > 0, k->on);
	KUNIT_EXPECT_EQ(test, READ_ONCE(c->fast), k->on);
}

/*
 * Where no magazine is to be had, the engine takes the object in one step, which counts it where
 * the fast path does, and refuses the second free of it.
 */
static void object_that_no_magazine_has_room_for_goes_to_the_engine_at_once(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_64K);
	struct rsv_cache *c = rsvt_scratch_cache_flags(test, r, 256, 0, RSV_ENGINE_SLUB, NULL);
	void *object[10], *again[10];
	struct rsv_cpu before, *cpu;

	rsvt_stay_on_this_cpu();
	rsvt_objects_alloc(test, c, object, ARRAY_SIZE(object));
	cpu = per_cpu_ptr(c->cpus, raw_smp_processor_id());
	KUNIT_ASSERT_EQ(test, rsv_cpu_room(cpu), 0);
	before = *cpu;
	rsvt_objects_free(c, object, ARRAY_SIZE(object));
	KUNIT_EXPECT_EQ(test, cpu->frees, before.frees + ARRAY_SIZE(object));
	KUNIT_EXPECT_EQ(test, cpu->slow_frees, before.slow_frees);
	KUNIT_EXPECT_EQ(test, rsv_cpu_room(cpu), 0);
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_cache_free(c, object[3]));
	EXPECT_MISUSE(test, RSV_MISALIGNED, rsv_cache_free(c, object[3] + 8));
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
	rsvt_objects_alloc(test, c, again, ARRAY_SIZE(again));
	rsvt_objects_free(c, again, ARRAY_SIZE(again));
	rsvt_scratch_cache_end(test, c);
	rsvt_expect_all_free(test, r);
}

static struct kunit_case magazine_cases[] = {
	KUNIT_CASE_PARAM(magazines_are_the_smaller_the_larger_objects_are, rounds_gen_params),
	KUNIT_CASE_PARAM(regions_under_256_kb_have_none, sizes_gen_params),
	KUNIT_CASE(no_magazine_holds_more_than_a_quarter_of_its_region),
	KUNIT_CASE(without_memory_for_a_magazine_objects_go_to_the_engine),
	KUNIT_CASE(full_and_empty_magazine_are_swapped_at_the_boundary),
	KUNIT_CASE(whole_magazines_are_exchanged_with_the_depot),
	KUNIT_CASE(last_object_given_back_comes_first_through_all_magazines),
	KUNIT_CASE(requests_served_by_magazines_take_the_fast_path),
	KUNIT_CASE(magazines_grow_with_contention_and_small_ones_go),
	KUNIT_CASE(magazines_grow_by_themselves),
	KUNIT_CASE(magazines_grow_to_128_kb),
	KUNIT_CASE(magazines_do_not_grow_without_contention),
	KUNIT_CASE(waiting_for_the_depot_is_counted),
	KUNIT_CASE(object_that_no_magazine_has_room_for_goes_to_the_engine_at_once),
	KUNIT_CASE_PARAM(fast_path_is_off_for_caches_that_check_each_object, fastpaths_gen_params),
	{}};

static struct kunit_suite magazine_suite = {
	.name = "reservoir_magazine",
	.init = rsvt_suite_init,
	.test_cases = magazine_cases,
};

kunit_test_suite(magazine_suite);
