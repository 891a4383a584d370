// SPDX-License-Identifier: GPL-2.0
/*
 * Magazines: how large they are and what they are made of, which objects they hand out, when CPUs
 * go to the depot, when objects leave them, what they do not take, and that an interrupt between
 * any two steps does no harm.
 */
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/nodemask.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/string.h>

#include "../src/compat.h"
#include "../src/objects/cache.h"
#include "../src/objects/link.h"
#include "../src/objects/magazine.h"
#include "../src/objects/reclaim.h"
#include "../src/region.h"
#include "helpers.h"

/* Objects of most tests, and a region that has room for thousands of them, and no marks */
#define SIZE		64
#define REGION		SZ_1M

/* The system gets memory back in blocks of this size. */
#define BLOCK_BYTES	(PAGE_SIZE << max_t(unsigned int, pageblock_order, RSV_CHUNK_ORDER))

static struct rsv_region *magazine_region(struct kunit *test)
{
	stay_on_this_cpu();
	return scratch_region(test, REGION);
}

static struct rsv_cache *magazine_cache(struct kunit *test, unsigned int flags)
{
	return scratch_cache_flags(test, magazine_region(test), SIZE, 0, flags, NULL);
}

/* What this CPU has of a cache */
static struct rsv_cpu *mine(struct rsv_cache *c)
{
	return per_cpu_ptr(c->cpus, raw_smp_processor_id());
}

static struct rsv_cache_figures figures(struct rsv_cache *c)
{
	struct rsv_cache_figures now;

	rsv_cache_count(c, &now);
	return now;
}

static void **objects_array(struct kunit *test, unsigned int nr)
{
	void **objects = kunit_kcalloc(test, nr, sizeof(*objects), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, objects);
	return objects;
}

/* So many objects in use, and no magazines. */
static void **objects_out(struct kunit *test, struct rsv_cache *c, unsigned int nr)
{
	void **objects = objects_array(test, nr);

	objects_take(test, c, objects, nr);
	rsv_cache_shrink(c);
	return objects;
}

static void expect_whole(struct kunit *test, struct rsv_region *r)
{
	scratch_shrink(r);
	KUNIT_EXPECT_EQ(test, region_free_pages(r), r->nr_pages);
}

/* --- Sizes, and what they are made of ------------------------------------------------------- */

struct rounds_case {
	unsigned int size;
	unsigned int bytes;
};

static const struct rounds_case rounds[] = {
	{ 8, 512 }, { 256, 512 }, { 257, 256 }, { 1024, 256 }, { 1025, 128 }, { 4096, 128 },
	{ 4097, 64 }, { 8192, 64 }, { 8193, 0 },
};

static void rounds_text(const struct rounds_case *k, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "objects of %u bytes: %u bytes", k->size, k->bytes);
}

KUNIT_ARRAY_PARAM(rounds, rounds, rounds_text);

static unsigned int rounds_of(unsigned int bytes)
{
	return (bytes - sizeof(struct rsv_magazine)) / sizeof(void *);
}

static u64 own_active(struct rsv_region *r, unsigned int n)
{
	return figures(r->own[n]).active;
}

static void magazines_are_the_smaller_the_larger_objects_are(struct kunit *test)
{
	const struct rounds_case *k = test->param_value;
	struct rsv_region *r = magazine_region(test);
	struct rsv_cache *c = scratch_cache_flags(test, r, k->size, 0, 0, NULL);
	unsigned int wanted = k->bytes ? rounds_of(k->bytes) : 0, n;
	void *object;

	KUNIT_EXPECT_EQ(test, c->rounds, wanted);
	objects_take(test, c, &object, 1);
	KUNIT_EXPECT_EQ(test, mine(c)->loaded->capacity, wanted);
	/* Its memory is an object of the region itself. */
	for (n = 0; n < RSV_MAGAZINE_SIZES; n++)
		KUNIT_EXPECT_EQ(test, own_active(r, n), RSV_MAGAZINE_BYTES(n) == k->bytes);
	rsv_cache_free(c, object);
	rsv_cache_shrink(c);
	for (n = 0; n < RSV_MAGAZINE_SIZES; n++)
		KUNIT_EXPECT_EQ(test, own_active(r, n), 0);
	expect_whole(test, r);
}

static const unsigned int sizes[] = { 15, 63, 64, 256 };

KUNIT_ARRAY_PARAM(sizes, sizes, pages_text);

static void regions_under_256_kb_have_none(struct kunit *test)
{
	unsigned int pages = *(const unsigned int *)test->param_value;
	struct rsv_cache *c = scratch_cache_flags(test, scratch_pages(test, pages), SIZE, 0, 0,
						  NULL);
	void *object;

	stay_on_this_cpu();
	objects_take(test, c, &object, 1);
	rsv_cache_free(c, object);
	KUNIT_EXPECT_EQ(test, mine(c)->loaded->capacity, pages < 64 ? 0 : c->rounds);
	/* Without them, what is free is with its slab at once. */
	EXPECT_SLABS(test, c, 0, pages >= 64, pages < 64);
}

/* One page is free: it becomes a slab of objects, and there is none left for a magazine. */
static void without_memory_for_a_magazine_objects_go_to_the_engine(struct kunit *test)
{
	struct rsv_region *r = magazine_region(test);
	struct rsv_cache *c = scratch_cache_flags(test, r, SIZE, 0, 0, NULL);
	struct page **page = pages_array(test, r->nr_pages);
	unsigned long nr = pages_take(r, GFP_KERNEL, 0, page, r->nr_pages);
	void *object[20];

	KUNIT_ASSERT_EQ(test, nr, r->nr_pages);
	__rsv_free_pages(page[--nr], 0);
	objects_take(test, c, object, ARRAY_SIZE(object));
	KUNIT_EXPECT_EQ(test, mine(c)->loaded->capacity, 0);
	EXPECT_SLABS(test, c, 0, 1, 0);
	objects_give(c, object, ARRAY_SIZE(object));
	KUNIT_EXPECT_EQ(test, mine(c)->loaded->capacity, 0);
	KUNIT_EXPECT_GT(test, figures(r->own[3]).failures, 0);
	KUNIT_EXPECT_EQ(test, figures(c).active, 0);
	EXPECT_SLABS(test, c, 0, 0, 1);
	pages_give(page, nr, 0);
}

/* --- Loaded, previous and the depot --------------------------------------------------------- */

/* The second magazine is there so that a CPU at the boundary does not go to the depot each time. */
static void full_and_empty_magazine_are_swapped_at_the_boundary(struct kunit *test)
{
	struct rsv_cache *c = magazine_cache(test, 0);
	unsigned int r = c->rounds, i;
	void **object = objects_out(test, c, 2 * r);

	objects_give(c, object, 2 * r);
	KUNIT_EXPECT_EQ(test, mine(c)->loaded->nr, r);
	KUNIT_EXPECT_EQ(test, mine(c)->previous->nr, r);
	objects_take(test, c, object, r);
	KUNIT_EXPECT_EQ(test, mine(c)->loaded->nr, 0);
	for (i = 0; i < 10; i++) {
		objects_take(test, c, object + r, 2);
		KUNIT_EXPECT_EQ(test, mine(c)->loaded->nr, r - 2);
		KUNIT_EXPECT_EQ(test, mine(c)->previous->nr, 0);
		objects_give(c, object + r, 2);
		objects_give(c, object, 1);
		KUNIT_EXPECT_EQ(test, mine(c)->loaded->nr, 1);
		KUNIT_EXPECT_EQ(test, mine(c)->previous->nr, r);
		objects_take(test, c, object, 1);
	}
	KUNIT_EXPECT_EQ(test, figures(c).exchanges, 0);
	KUNIT_EXPECT_EQ(test, figures(c).depot_full + figures(c).depot_empty, 0);
	objects_give(c, object, r);
}

static void expect_depot(struct kunit *test, struct rsv_cache *c, u64 full, u64 empty,
			 u64 exchanges)
{
	KUNIT_EXPECT_EQ(test, figures(c).depot_full, full);
	KUNIT_EXPECT_EQ(test, figures(c).depot_empty, empty);
	KUNIT_EXPECT_EQ(test, figures(c).exchanges, exchanges);
}

static void whole_magazines_are_exchanged_with_the_depot(struct kunit *test)
{
	struct rsv_cache *c = magazine_cache(test, 0);
	unsigned int r = c->rounds;
	void **object = objects_out(test, c, 4 * r);

	objects_give(c, object, 4 * r);
	expect_depot(test, c, 2, 0, 0);
	objects_take(test, c, object, 2 * r);
	expect_depot(test, c, 2, 0, 0);
	objects_take(test, c, object + 2 * r, 1);
	expect_depot(test, c, 1, 1, 1);
	objects_take(test, c, object + 2 * r + 1, r);
	expect_depot(test, c, 0, 2, 2);
	objects_give(c, object, 3 * r + 1);
	expect_depot(test, c, 2, 0, 4);
	/* All the time the memory of four magazines was enough. */
	KUNIT_EXPECT_EQ(test, figures(c->region->own[3]).allocs, 4 + 1);
}

/* What was used last is in the CPU's cache. */
static void last_object_given_back_comes_first_through_all_magazines(struct kunit *test)
{
	struct rsv_cache *c = magazine_cache(test, 0);
	unsigned int nr = 5 * c->rounds, i;
	void **object = objects_out(test, c, nr);

	objects_give(c, object, nr);
	for (i = nr; i--;)
		KUNIT_EXPECT_PTR_EQ(test, rsv_cache_alloc(c, GFP_KERNEL), object[i]);
	objects_give(c, object, nr);
}

static void requests_served_by_magazines_take_the_fast_path(struct kunit *test)
{
	struct rsv_cache *c = magazine_cache(test, 0);
	unsigned int r = c->rounds;
	void **object = objects_out(test, c, 4 * r);
	unsigned long slow;

	objects_give(c, object, 4 * r);
	slow = mine(c)->slow_allocs + mine(c)->slow_frees;
	objects_take(test, c, object, 4 * r);
	objects_give(c, object, 4 * r);
	KUNIT_EXPECT_EQ(test, mine(c)->slow_allocs + mine(c)->slow_frees, slow);
}

/* --- Growth --------------------------------------------------------------------------------- */

/* As if other CPUs had made this one wait */
static void contend(struct rsv_cache *c, unsigned int times)
{
	c->nodes[numa_mem_id()]->depot.contended += times;
}

static void magazines_grow_with_contention_and_small_ones_go(struct kunit *test)
{
	struct rsv_cache *c = magazine_cache(test, 0);
	unsigned int r = c->rounds, more = rounds_of(1024);
	void **object = objects_out(test, c, 4 * r);

	objects_give(c, object, 4 * r);
	objects_take(test, c, object, 4 * r);
	expect_depot(test, c, 0, 2, 2);
	contend(c, 100);
	rsv_caches_age(c->region);
	KUNIT_EXPECT_EQ(test, c->rounds, more);
	KUNIT_EXPECT_EQ(test, figures(c).depot_empty, 0);
	objects_give(c, object, 4 * r);
	KUNIT_EXPECT_EQ(test, mine(c)->loaded->capacity, more);
	KUNIT_EXPECT_EQ(test, own_active(c->region, 4), 1);

	/* No further than the largest */
	contend(c, 100);
	rsv_caches_age(c->region);
	KUNIT_EXPECT_EQ(test, c->rounds, more);
}

/* A CPU that waits now and then is no reason, however long it goes on. */
static void magazines_do_not_grow_without_contention(struct kunit *test)
{
	struct rsv_cache *c = magazine_cache(test, 0);
	unsigned int r = c->rounds, i;
	void **object = objects_out(test, c, 6 * r);

	for (i = 0; i < 10; i++) {
		objects_give(c, object, 6 * r);
		objects_take(test, c, object, 6 * r);
		contend(c, 3);
		rsv_caches_age(c->region);
		KUNIT_EXPECT_EQ(test, c->rounds, r);
	}
	KUNIT_EXPECT_GT(test, figures(c).exchanges, 40);
	objects_give(c, object, 6 * r);
}

/* --- Several CPUs --------------------------------------------------------------------------- */

static unsigned int other_cpu(struct kunit *test)
{
	unsigned int cpu = cpumask_any_but(cpu_online_mask, raw_smp_processor_id());

	if (cpu >= nr_cpu_ids)
		kunit_skip(test, "the machine has one CPU");
	return cpu;
}

/**
 * struct holder - another CPU that holds a lock
 * @lock: the lock
 * @holds: it has it, 1, or is done, 2
 * @wanted: we are about to wait for it
 */
struct holder {
	raw_spinlock_t *lock;
	int holds;
	bool wanted;
};

static void hold_while_it_is_wanted(void *holder)
{
	struct holder *h = holder;

	raw_spin_lock(h->lock);
	WRITE_ONCE(h->holds, 1);
	while (!READ_ONCE(h->wanted))
		cpu_relax();
	mdelay(5);
	raw_spin_unlock(h->lock);
	WRITE_ONCE(h->holds, 2);
}

static void waiting_for_the_depot_is_counted(struct kunit *test)
{
	struct rsv_cache *c = magazine_cache(test, 0);
	struct holder h = { .lock = &c->nodes[numa_mem_id()]->depot.lock };
	unsigned int cpu = other_cpu(test);
	void *object;

	smp_call_function_single(cpu, hold_while_it_is_wanted, &h, false);
	while (!READ_ONCE(h.holds))
		cpu_relax();
	preempt_disable();
	WRITE_ONCE(h.wanted, true);
	object = rsv_cache_alloc(c, GFP_ATOMIC);
	preempt_enable();
	while (READ_ONCE(h.holds) != 2)
		cpu_relax();
	KUNIT_EXPECT_EQ(test, figures(c).contended, 1);
	rsv_cache_free(c, object);
}

/* Leaves a batch in the magazine of whatever CPU this runs on. */
static void leave_objects_at_hand(void *cache)
{
	struct rsv_cache *c = cache;
	void *object = rsv_cache_alloc(c, GFP_ATOMIC);

	if (object)
		rsv_cache_free(c, object);
}

static struct rsv_frame *slab_of(struct rsv_region *r, void *object)
{
	return rsv_slab_head(rsv_frame_at(r->extents->at[0], object));
}

struct visitor {
	struct rsv_cache *c;
	void *object;
};

/* Takes one of two objects, and leaves the other in the magazine of whatever CPU this runs on. */
static void take_one_there(void *visitor)
{
	struct visitor *v = visitor;

	v->object = rsv_cache_alloc(v->c, GFP_ATOMIC);
}

static void objects_in_magazines_of_other_cpus_are_found_by_who_may_sleep(struct kunit *test)
{
	struct rsv_region *r = magazine_region(test);
	struct visitor v = { .c = scratch_cache_flags(test, r, 8192, 0, 0, NULL) };
	struct page **page = pages_array(test, r->nr_pages);
	unsigned int cpu = other_cpu(test);
	unsigned long nr;
	void *object;

	smp_call_function_single(cpu, take_one_there, &v, true);
	KUNIT_ASSERT_NOT_NULL(test, v.object);
	nr = pages_take(r, GFP_ATOMIC, 0, page, r->nr_pages);
	KUNIT_EXPECT_NULL(test, rsv_cache_alloc(v.c, GFP_ATOMIC));
	object = rsv_cache_alloc(v.c, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, object);
	KUNIT_EXPECT_PTR_EQ(test, slab_of(r, object), slab_of(r, v.object));
	rsv_cache_free(v.c, object);
	rsv_cache_free(v.c, v.object);
	pages_give(page, nr, 0);
}

#if IS_ENABLED(CONFIG_HOTPLUG_CPU)
static void magazines_of_a_cpu_that_goes_are_emptied(struct kunit *test)
{
	struct rsv_cache *c;
	unsigned int cpu;

	/* The first CPU is the one that cannot go. */
	set_cpus_allowed_ptr(current, cpumask_of(0));
	c = magazine_cache(test, 0);
	cpu = other_cpu(test);
	smp_call_function_single(cpu, leave_objects_at_hand, c, true);
	KUNIT_EXPECT_EQ(test, per_cpu_ptr(c->cpus, cpu)->loaded->nr, RSV_BATCH);
	if (remove_cpu(cpu))
		kunit_skip(test, "CPU %u cannot be switched off", cpu);
	KUNIT_EXPECT_EQ(test, per_cpu_ptr(c->cpus, cpu)->loaded->capacity, 0);
	EXPECT_SLABS(test, c, 0, 0, 1);
	KUNIT_EXPECT_EQ(test, own_active(c->region, 3), 0);
	KUNIT_EXPECT_EQ(test, add_cpu(cpu), 0);

	smp_call_function_single(cpu, leave_objects_at_hand, c, true);
	KUNIT_EXPECT_EQ(test, per_cpu_ptr(c->cpus, cpu)->loaded->nr, RSV_BATCH);
}
#else
static void magazines_of_a_cpu_that_goes_are_emptied(struct kunit *test)
{
	kunit_skip(test, "the kernel cannot switch off CPUs");
}
#endif

/* --- Emptying ------------------------------------------------------------------------------- */

static void shrinking_empties_magazines_and_depot(struct kunit *test)
{
	struct rsv_cache *c = magazine_cache(test, 0);
	unsigned int r = c->rounds;
	void **object = objects_out(test, c, 6 * r);
	struct rsv_cache_figures now;

	objects_give(c, object, 6 * r);
	expect_depot(test, c, 4, 0, 0);
	now = figures(c);
	KUNIT_EXPECT_EQ(test, now.active, 0);
	KUNIT_EXPECT_GE(test, now.total, 6 * r);
	KUNIT_EXPECT_EQ(test, rsv_cache_shrink(c), now.slabs_made - now.slabs_given);
	expect_depot(test, c, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, figures(c).total, 0);
	KUNIT_EXPECT_EQ(test, mine(c)->loaded->capacity, 0);
	KUNIT_EXPECT_EQ(test, own_active(c->region, 3), 0);
	expect_whole(test, c->region);
}

/* What is free in this CPU's magazine of one cache keeps a slab that another cache could use. */
static void who_may_sleep_gets_what_magazines_of_other_caches_hold(struct kunit *test)
{
	struct rsv_region *r = magazine_region(test);
	struct rsv_cache *c = scratch_cache_flags(test, r, SIZE, 0, 0, NULL);
	struct rsv_cache *d = scratch_cache_flags(test, r, SIZE, 0, 0, NULL);
	struct page **page = pages_array(test, r->nr_pages);
	unsigned long nr;
	void *object;

	leave_objects_at_hand(c);
	nr = pages_take(r, GFP_ATOMIC, 0, page, r->nr_pages);
	KUNIT_EXPECT_NULL(test, rsv_cache_alloc(d, GFP_ATOMIC));
	KUNIT_EXPECT_EQ(test, mine(c)->loaded->nr, RSV_BATCH);
	object = rsv_cache_alloc(d, GFP_KERNEL);
	KUNIT_EXPECT_NOT_NULL(test, object);
	KUNIT_EXPECT_EQ(test, mine(c)->loaded->capacity, 0);
	rsv_cache_free(d, object);
	pages_give(page, nr, 0);
}

/* --- The gate ------------------------------------------------------------------------------- */

struct gate_case {
	const char *what;
	unsigned int flags;
	bool open;
};

static const struct gate_case gates[] = {
	{ "plain", 0, true },
	{ "aligned", RSV_HWCACHE_ALIGN, true },
	{ "SLAB", RSV_ENGINE_SLAB, true },
	{ "SLOB", RSV_ENGINE_SLOB, true },
	{ "no magazine", RSV_NO_MAGAZINE, false },
	{ "red zones", RSV_RED_ZONE, false },
	{ "poison", RSV_POISON, false },
	{ "owners", RSV_STORE_USER, false },
	{ "slabs looked through", RSV_CACHE_VERIFY, false },
	{ "traced", RSV_CACHE_TRACE, false },
};

KUNIT_ARRAY_PARAM_DESC(gates, gates, what);

static void gate_is_shut_for_who_wants_to_see_each_object(struct kunit *test)
{
	const struct gate_case *k = test->param_value;
	struct rsv_cache *c = magazine_cache(test, k->flags);
	void *object;

	KUNIT_EXPECT_EQ(test, c->gate == c->cpus, k->open);
	objects_take(test, c, &object, 1);
	rsv_cache_free(c, object);
	KUNIT_EXPECT_EQ(test, mine(c)->loaded->nr > 0, k->open);
	KUNIT_EXPECT_EQ(test, c->gate == c->cpus, k->open);
}

/* --- Misuse --------------------------------------------------------------------------------- */

struct engine_case {
	const char *name;
	unsigned int flag;
};

static const struct engine_case engines[] = {
	{ "SLAB", RSV_ENGINE_SLAB },
	{ "SLUB", RSV_ENGINE_SLUB },
	{ "SLOB", RSV_ENGINE_SLOB },
};

KUNIT_ARRAY_PARAM_DESC(engines, engines, name);

static struct rsv_cache *engine_cache(struct kunit *test)
{
	const struct engine_case *k = test->param_value;

	return magazine_cache(test, k->flag);
}

/* Marks each with its number, and sees whether one of them is there twice. */
static bool all_distinct(void **objects, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		WRITE_ONCE(*(unsigned int *)objects[i], i);
	for (i = 0; i < nr; i++)
		if (READ_ONCE(*(unsigned int *)objects[i]) != i)
			return false;
	return true;
}

/* In the loaded magazine, in the one before, in the depot, in its slab */
static void object_is_not_taken_back_twice_wherever_it_is(struct kunit *test)
{
	struct rsv_cache *c = engine_cache(test);
	unsigned int nr = 4 * c->rounds, i;
	void **object = objects_out(test, c, nr + 1);

	objects_give(c, object, nr);
	for (i = 0; i < nr; i += c->rounds / 2)
		EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_cache_free(c, object[i]));
	KUNIT_EXPECT_EQ(test, figures(c).active, 1);
	rsv_cache_shrink(c);
	objects_take(test, c, object, nr);
	KUNIT_EXPECT_TRUE(test, all_distinct(object, nr + 1));
	objects_give(c, object, nr);
	rsv_cache_shrink(c);
	/* The last object keeps its slab, in which others are free now. */
	rsv_cache_free(c, object[nr]);
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_cache_free(c, object[nr]));
	KUNIT_EXPECT_EQ(test, figures(c).active, 0);
}

static void object_of_another_cache_does_not_get_into_a_magazine(struct kunit *test)
{
	const struct engine_case *k = test->param_value;
	struct rsv_cache *c = engine_cache(test);
	struct rsv_cache *d = scratch_cache_flags(test, c->region, SIZE, 0, 0, NULL);
	struct rsv_cache *e = scratch_cache_flags(test, c->region, SIZE, 0, k->flag, NULL);
	void *object[3];

	objects_take(test, c, object, 1);
	objects_take(test, d, object + 1, 1);
	objects_take(test, e, object + 2, 1);
	EXPECT_MISUSE(test, RSV_WRONG_CACHE, rsv_cache_free(c, object[1]));
	/* Blocks of the heap do not say which cache of their size they are of. */
	if (k->flag != RSV_ENGINE_SLOB) {
		EXPECT_MISUSE(test, RSV_WRONG_CACHE, rsv_cache_free(c, object[2]));
		EXPECT_MISUSE(test, RSV_WRONG_CACHE, rsv_cache_free(e, object[0]));
	}
	EXPECT_MISUSE(test, RSV_WRONG_CACHE, rsv_cache_free(d, object[0]));
	KUNIT_EXPECT_EQ(test, figures(c).active, 1);
	KUNIT_EXPECT_EQ(test, figures(d).active, 1);
	KUNIT_EXPECT_EQ(test, figures(e).active, 1);
	rsv_cache_free(c, object[0]);
	rsv_cache_free(d, object[1]);
	rsv_cache_free(e, object[2]);
}

static void middle_of_an_object_does_not_get_into_a_magazine(struct kunit *test)
{
	struct rsv_cache *c = engine_cache(test);
	unsigned int at;
	void *object;

	objects_take(test, c, &object, 1);
	memset(object, 0x5a, SIZE);
	for (at = 1; at < SIZE; at++)
		EXPECT_MISUSE(test, RSV_MISALIGNED, rsv_cache_free(c, object + at));
	KUNIT_EXPECT_NULL(test, memchr_inv(object, 0x5a, SIZE));
	KUNIT_EXPECT_EQ(test, figures(c).active, 1);
	rsv_cache_free(c, object);
}

static void object_that_was_never_handed_out_is_not_taken_back(struct kunit *test)
{
	struct rsv_cache *c = magazine_cache(test, 0);
	void *object, *base;
	unsigned int i;

	objects_take(test, c, &object, 1);
	base = PTR_ALIGN_DOWN(object, PAGE_SIZE);
	for (i = 0; i < PAGE_SIZE / SIZE; i++)
		if (base + i * SIZE != object)
			EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_cache_free(c, base + i * SIZE));
	KUNIT_EXPECT_EQ(test, figures(c).active, 1);
	rsv_cache_free(c, object);
}

/* Everywhere in it: what marks it as free is in the middle. */
static void free_object_that_was_written_to_is_lost_and_nothing_else(struct kunit *test)
{
	struct rsv_cache *c = magazine_cache(test, RSV_ENGINE_SLUB);
	unsigned int nr = 2 * c->rounds;
	void **object = objects_out(test, c, nr), *bad = object[nr - 5];
	u8 junk[SIZE];

	objects_give(c, object, nr);
	memset(junk, 0x5a, SIZE);
	poke(bad, junk, SIZE);
	objects_take(test, c, object, 4);
	EXPECT_MISUSE(test, RSV_CORRUPT, objects_take(test, c, object + 4, 1));
	objects_take(test, c, object + 5, nr - 5);
	KUNIT_EXPECT_FALSE(test, object_among(bad, object, nr));
	KUNIT_EXPECT_TRUE(test, all_distinct(object, nr));
	objects_give(c, object, nr);
	/* It counts as in use, and nothing marks it as free: so it can be given back after all. */
	KUNIT_EXPECT_EQ(test, figures(c).active, 1);
	rsv_cache_free(c, bad);
	scratch_cache_end(test, c);
}

/* --- Extents -------------------------------------------------------------------------------- */

static struct rsv_region *region_of_two_extents(struct kunit *test, size_t bytes)
{
	const struct rsv_reserve more = { .bytes = bytes, .flags = RSV_RESERVE_CONTIG };
	struct rsv_region *r;

	stay_on_this_cpu();
	r = scratch_region(test, bytes);
	KUNIT_ASSERT_EQ(test, rsv_region_grow(r, &more), 0);
	KUNIT_ASSERT_EQ(test, r->nr_extents, 2);
	return r;
}

/* Objects of both extents: those of one first, then those of the other */
static unsigned int objects_by_extent(struct kunit *test, struct rsv_cache *c, void **object,
				      unsigned int nr)
{
	const struct rsv_extent *e = c->region->extents->at[0];
	unsigned int i, first = 0;

	objects_take(test, c, object, nr);
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

static void frees_are_fast_in_whichever_extent_the_last_one_was(struct kunit *test)
{
	struct rsv_region *r = region_of_two_extents(test, SZ_256K);
	struct rsv_cache *c = scratch_cache_flags(test, r, SIZE, 0, 0, NULL);
	unsigned int nr = 80 * PAGE_SIZE / SIZE, first;
	void **object = objects_array(test, nr);
	unsigned long slow;

	first = objects_by_extent(test, c, object, nr);
	/* Magazines for all of them first, so that nothing else is slow. */
	objects_give(c, object, nr);
	objects_take(test, c, object, nr);
	objects_give(c, object, nr);
	first = objects_by_extent(test, c, object, nr);
	slow = mine(c)->slow_frees;
	objects_give(c, object, first);
	KUNIT_EXPECT_LE(test, mine(c)->slow_frees, slow + 1);
	objects_give(c, object + first, nr - first);
	KUNIT_EXPECT_LE(test, mine(c)->slow_frees, slow + 2);
	KUNIT_EXPECT_TRUE(test, rsv_extent_has(mine(c)->extent, object[nr - 1]));
}

static bool some_cpu_remembers(struct rsv_cache *c, const struct rsv_extent *e)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		if (per_cpu_ptr(c->cpus, cpu)->extent == e)
			return true;
	return false;
}

static void extent_that_went_is_remembered_by_no_cpu(struct kunit *test)
{
	struct rsv_region *r = region_of_two_extents(test, BLOCK_BYTES);
	struct rsv_cache *c = scratch_cache_flags(test, r, SIZE, 0, 0, NULL);
	unsigned long end = jiffies + 10 * HZ;
	struct rsv_extent *gone;
	void *object;

	objects_take(test, c, &object, 1);
	rsv_cache_free(c, object);
	gone = mine(c)->extent;
	KUNIT_EXPECT_TRUE(test, rsv_extent_has(gone, object));
	KUNIT_EXPECT_EQ(test, rsv_region_shrink(r, SIZE_MAX), 2 * BLOCK_BYTES);
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_cache_free(c, object));
	/* It ends once nobody can be looking at it any more. */
	while (some_cpu_remembers(c, gone) && time_before(jiffies, end))
		msleep(20);
	KUNIT_EXPECT_FALSE(test, some_cpu_remembers(c, gone));
	KUNIT_EXPECT_EQ(test, mine(c)->extent->bytes, 0);
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_cache_free(c, object));
}

/* --- Nodes ---------------------------------------------------------------------------------- */

/* A node with memory that is not this CPU's */
static int other_node(struct kunit *test)
{
	int nid;

	for_each_node_state(nid, N_MEMORY)
		if (nid != numa_mem_id())
			return nid;
	kunit_skip(test, "the machine has one node");
}

/* A region with memory of this CPU's node and of another one */
static struct rsv_region *region_of_two_nodes(struct kunit *test, int nid)
{
	const struct rsv_reserve want[] = {
		{ .bytes = SZ_256K, .flags = RSV_RESERVE_NODE, .nid = numa_mem_id() },
		{ .bytes = SZ_256K, .flags = RSV_RESERVE_NODE, .nid = nid },
	};

	return scratch_region_or_skip(test, want, 2);
}

static void objects_of_another_node_go_home_by_the_magazine(struct kunit *test)
{
	struct rsv_cache *c;
	unsigned int r, i;
	void **object;
	int nid;

	stay_on_this_cpu();
	nid = other_node(test);
	c = scratch_cache_flags(test, region_of_two_nodes(test, nid), SIZE, 0, 0, NULL);
	r = c->rounds;
	object = objects_array(test, r);
	for (i = 0; i < r; i++) {
		object[i] = rsv_cache_alloc_node(c, GFP_KERNEL | __GFP_THISNODE, nid);
		KUNIT_ASSERT_NOT_NULL(test, object[i]);
	}
	for (i = 0; i < r - 1; i++) {
		rsv_cache_free(c, object[i]);
		KUNIT_EXPECT_EQ(test, mine(c)->remote->nr, i + 1);
		KUNIT_EXPECT_EQ(test, mine(c)->loaded->nr, 0);
	}
	EXPECT_SLABS(test, c, 0, 1, 0);
	rsv_cache_free(c, object[r - 1]);
	KUNIT_EXPECT_EQ(test, mine(c)->remote->nr, 0);
	EXPECT_SLABS(test, c, 0, 0, 1);
	KUNIT_EXPECT_EQ(test, figures(c).active, 0);
}

static void magazines_serve_objects_of_their_own_node_only(struct kunit *test)
{
	struct rsv_cache *c;
	void *object[100];
	unsigned int i;
	int nid;

	stay_on_this_cpu();
	nid = other_node(test);
	c = scratch_cache_flags(test, region_of_two_nodes(test, nid), SIZE, 0, 0, NULL);
	for (i = 0; i < ARRAY_SIZE(object); i++) {
		object[i] = rsv_cache_alloc_node(c, GFP_KERNEL | __GFP_THISNODE, nid);
		KUNIT_ASSERT_NOT_NULL(test, object[i]);
		KUNIT_EXPECT_EQ(test, page_to_nid(virt_to_page(object[i])), nid);
	}
	objects_give(c, object, ARRAY_SIZE(object));
	for (i = 0; i < ARRAY_SIZE(object); i++) {
		object[i] = rsv_cache_alloc(c, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, object[i]);
		KUNIT_EXPECT_EQ(test, page_to_nid(virt_to_page(object[i])), numa_mem_id());
	}
	objects_give(c, object, ARRAY_SIZE(object));
}

/* --- Interrupts ----------------------------------------------------------------------------- */

/**
 * struct hand - objects that a thread or an interrupt has
 * @c: their cache
 * @nr: their number
 * @taken: how often it took one
 * @given: how often it gave one back
 * @failures: how often it got none
 * @object: the objects
 */
struct hand {
	struct rsv_cache *c;
	unsigned int nr;
	u64 taken;
	u64 given;
	unsigned int failures;
	void **object;
};

static struct hand hand_of(struct kunit *test, struct rsv_cache *c, unsigned int room)
{
	return (struct hand){ .c = c, .object = objects_array(test, room) };
}

static void hand_take(struct hand *h, unsigned int nr, gfp_t gfp)
{
	while (nr--) {
		h->object[h->nr] = rsv_cache_alloc(h->c, gfp);
		h->failures += !h->object[h->nr];
		h->taken += !!h->object[h->nr];
		h->nr += !!h->object[h->nr];
	}
}

static void hand_give(struct hand *h, unsigned int nr)
{
	for (nr = min(nr, h->nr); nr--; h->given++)
		rsv_cache_free(h->c, h->object[--h->nr]);
}

static void hand_take_bulk(struct hand *h, unsigned int nr)
{
	unsigned int got = rsv_cache_alloc_bulk(h->c, GFP_KERNEL, nr, h->object + h->nr);

	h->failures += nr - got;
	h->taken += got;
	h->nr += got;
}

static void hand_give_bulk(struct hand *h, unsigned int nr)
{
	h->nr -= nr;
	h->given += nr;
	rsv_cache_free_bulk(h->c, nr, h->object + h->nr);
}

static void hand_set(struct hand *h, unsigned int nr)
{
	if (h->nr < nr)
		hand_take(h, nr - h->nr, GFP_KERNEL);
	hand_give(h, h->nr - nr);
}

/* Marks the objects with numbers from there on, or sees whether they are still theirs. */
static bool hand_numbers(struct hand *h, unsigned int from, bool mark)
{
	unsigned int i;

	for (i = 0; i < h->nr; i++) {
		unsigned int *number = h->object[i];

		if (mark)
			WRITE_ONCE(*number, from + i);
		else if (READ_ONCE(*number) != from + i)
			return false;
	}
	return true;
}

/* No object is in two hands, and all that happened was counted. */
static void expect_hands(struct kunit *test, struct hand *a, struct hand *b)
{
	struct rsv_cache_figures now = figures(a->c);

	hand_numbers(a, 0, true);
	hand_numbers(b, a->nr, true);
	KUNIT_EXPECT_TRUE(test, hand_numbers(a, 0, false));
	KUNIT_EXPECT_TRUE(test, hand_numbers(b, a->nr, false));
	KUNIT_EXPECT_EQ(test, a->failures + b->failures, 0);
	KUNIT_EXPECT_EQ(test, now.active, a->nr + b->nr);
	KUNIT_EXPECT_EQ(test, now.allocs, a->taken + b->taken);
	KUNIT_EXPECT_EQ(test, now.frees, a->given + b->given);
}

/* Everything can be given back, and nothing is missing then. */
static void hands_empty(struct kunit *test, struct hand *a, struct hand *b)
{
	hand_give(a, a->nr);
	hand_give(b, b->nr);
	KUNIT_EXPECT_EQ(test, figures(a->c).active, 0);
	rsv_cache_shrink(a->c);
	KUNIT_EXPECT_EQ(test, figures(a->c).total, 0);
	expect_whole(test, a->c->region);
}

enum request { ALLOC, FREE, ALLOC_BULK, FREE_BULK };

/* What an interrupt does */
enum work { TAKES, GIVES, TAKES_AND_GIVES, EXCHANGES, WORKS };

/**
 * struct interrupted_case - what is interrupted
 * @what: the request, and the state of the magazines
 * @flags: of the cache
 * @before: how that state is reached from no magazines: +, - a magazine's worth of objects given
 *	back or taken, h half of that, g and t one
 * @request: what is interrupted
 */
struct interrupted_case {
	const char *what;
	unsigned int flags;
	const char *before;
	enum request request;
};

#define QUEUELESS	(RSV_NO_MAGAZINE | RSV_ENGINE_SLUB)

static const struct interrupted_case interrupted[] = {
	{ "alloc, loaded has some", 0, "h", ALLOC },
	{ "alloc, previous is full", 0, "++-", ALLOC },
	{ "alloc, the depot has a full one", 0, "+++--", ALLOC },
	{ "alloc, no magazine", 0, "", ALLOC },
	{ "alloc, no magazine, SLAB", RSV_ENGINE_SLAB, "", ALLOC },
	{ "alloc, no magazine, SLOB", RSV_ENGINE_SLOB, "", ALLOC },
	{ "alloc, no queue", QUEUELESS, "h", ALLOC },
	{ "free, loaded has room", 0, "h", FREE },
	{ "free, previous is empty", 0, "++-tg", FREE },
	{ "free, the depot has an empty one", 0, "+++---++", FREE },
	{ "free, no magazine", 0, "", FREE },
	{ "free, no magazine, SLAB", RSV_ENGINE_SLAB, "", FREE },
	{ "free, no magazine, SLOB", RSV_ENGINE_SLOB, "", FREE },
	{ "free, no queue", QUEUELESS, "h", FREE },
	{ "bulk alloc, the depot has a full one", 0, "+++--", ALLOC_BULK },
	{ "bulk alloc, no magazine", 0, "", ALLOC_BULK },
	{ "bulk free, the depot has an empty one", 0, "+++---++", FREE_BULK },
	{ "bulk free, no magazine", 0, "", FREE_BULK },
};

KUNIT_ARRAY_PARAM_DESC(interrupted, interrupted, what);

/* An interrupt that comes when the hook is called for a certain time */
static struct interrupt {
	struct task_struct *task;
	struct hand hand;
	enum work work;
	unsigned int at;
	unsigned int calls;
	unsigned int steps;		/* bits of those at which it came */
	bool inside;
} interrupt;

static void interrupt_works(struct hand *h, enum work work)
{
	unsigned int many = 3 * h->c->rounds;

	switch (work) {
	case TAKES:
		hand_take(h, 1, GFP_ATOMIC);
		break;
	case GIVES:
		hand_give(h, 1);
		break;
	case TAKES_AND_GIVES:
		hand_take(h, 2, GFP_ATOMIC);
		hand_give(h, 2);
		break;
	case EXCHANGES:
		hand_give(h, many);
		hand_take(h, many, GFP_ATOMIC);
		break;
	default:
		break;
	}
}

static void interrupt_comes(int step)
{
	unsigned long flags;

	if (current != interrupt.task || interrupt.inside || interrupt.calls++ != interrupt.at)
		return;
	local_irq_save(flags);
	interrupt.inside = true;
	interrupt.steps |= BIT(step);
	interrupt_works(&interrupt.hand, interrupt.work);
	interrupt.inside = false;
	local_irq_restore(flags);
}

/* Brings the magazines into the state that is wanted. */
static void set_scene(struct hand *h, const char *before)
{
	unsigned int r = h->c->rounds;

	hand_set(h, 8 * r);
	hand_set(&interrupt.hand, 3 * r);
	rsv_cache_shrink(h->c);
	for (; *before; before++)
		switch (*before) {
		case '+':
			hand_give(h, r);
			break;
		case '-':
			hand_take(h, r, GFP_KERNEL);
			break;
		case 'h':
			hand_give(h, r / 2);
			break;
		case 'g':
			hand_give(h, 1);
			break;
		case 't':
			hand_take(h, 1, GFP_KERNEL);
		}
}

/* In bulk a magazine's worth, and some more */
static void make_request(struct hand *h, enum request request)
{
	unsigned int many = h->c->rounds + 10;

	switch (request) {
	case ALLOC:
		hand_take(h, 1, GFP_KERNEL);
		break;
	case FREE:
		hand_give(h, 1);
		break;
	case ALLOC_BULK:
		hand_take_bulk(h, many);
		break;
	case FREE_BULK:
		hand_give_bulk(h, many);
	}
}

/* Returns whether there was such a step. */
static bool interrupt_at(struct hand *h, const struct interrupted_case *k, unsigned int at)
{
	interrupt.at = at;
	interrupt.calls = 0;
	WRITE_ONCE(rsv_step_hook, interrupt_comes);
	make_request(h, k->request);
	WRITE_ONCE(rsv_step_hook, NULL);
	return interrupt.calls > at;
}

/* The steps that a request has. Without a queue no magazine is changed. */
static unsigned int steps_of(const struct interrupted_case *k)
{
	unsigned int steps = BIT(RSV_STEPS) - 1;

	if (k->flags & RSV_NO_MAGAZINE)
		steps &= ~(BIT(RSV_STEP_READ) | BIT(RSV_STEP_CHANGED));
	return steps;
}

/* The request is made once for each of its steps, and the interrupt comes there. */
static void interrupt_each_step(struct kunit *test, struct hand *h, enum work work)
{
	const struct interrupted_case *k = test->param_value;
	unsigned int at = 0;

	interrupt.work = work;
	interrupt.steps = 0;
	set_scene(h, k->before);
	while (interrupt_at(h, k, at)) {
		expect_hands(test, h, &interrupt.hand);
		at++;
		set_scene(h, k->before);
	}
	KUNIT_EXPECT_EQ(test, interrupt.steps, steps_of(k));
}

static void interrupt_between_any_two_steps_does_no_harm(struct kunit *test)
{
	const struct interrupted_case *k = test->param_value;
	struct rsv_cache *c = magazine_cache(test, k->flags);
	struct hand h = hand_of(test, c, 12 * c->rounds);
	enum work work;

	interrupt = (struct interrupt){
		.task = current,
		.hand = hand_of(test, c, 6 * c->rounds),
	};
	for (work = 0; work < WORKS; work++)
		interrupt_each_step(test, &h, work);
	hands_empty(test, &h, &interrupt.hand);
}

/* Of the fast paths it is known which steps they have. */
static void fast_paths_have_six_steps_and_one_section(struct kunit *test)
{
	static const enum request requests[] = { ALLOC, FREE };
	struct rsv_cache *c = magazine_cache(test, 0);
	struct hand h = hand_of(test, c, 12 * c->rounds);
	unsigned int i, at;

	for (i = 0; i < ARRAY_SIZE(requests); i++) {
		const struct interrupted_case k = { .request = requests[i] };

		interrupt = (struct interrupt){
			.task = current,
			.hand = hand_of(test, c, 6 * c->rounds),
		};
		for (at = 0; at <= RSV_STEPS; at++) {
			set_scene(&h, "h");
			interrupt.steps = 0;
			KUNIT_EXPECT_EQ(test, interrupt_at(&h, &k, at), at < RSV_STEPS);
			KUNIT_EXPECT_EQ(test, interrupt.steps, at < RSV_STEPS ? BIT(at) : 0);
		}
		hand_give(&interrupt.hand, interrupt.hand.nr);
	}
	hand_give(&h, h.nr);
}

/* While busy is set an interrupt leaves the magazines alone, and is served by the engine. */
static void interrupt_that_finds_busy_set_goes_to_the_engine(struct kunit *test)
{
	struct rsv_cache *c = magazine_cache(test, 0);
	void **object = objects_out(test, c, 10), *taken;
	struct rsv_cpu *cpu = mine(c), before;

	objects_give(c, object, 9);
	cpu->busy = true;
	before = *cpu;
	taken = rsv_cache_alloc(c, GFP_ATOMIC);
	rsv_cache_free(c, object[9]);
	KUNIT_EXPECT_PTR_EQ(test, cpu->loaded, before.loaded);
	KUNIT_EXPECT_EQ(test, cpu->loaded->nr, 9);
	KUNIT_EXPECT_EQ(test, cpu->allocs, before.allocs);
	KUNIT_EXPECT_EQ(test, cpu->frees, before.frees);
	KUNIT_EXPECT_EQ(test, cpu->slow_allocs, before.slow_allocs + 1);
	KUNIT_EXPECT_EQ(test, cpu->slow_frees, before.slow_frees + 1);
	KUNIT_EXPECT_TRUE(test, cpu->busy);
	cpu->busy = false;
	KUNIT_EXPECT_FALSE(test, object_among(taken, object, 9));
	rsv_cache_free(c, taken);
}

/**
 * struct hammer - a hard interrupt that takes and gives back objects
 * @timer: its timer
 * @hand: its objects
 * @ticks: how often it came
 * @random: what it does next
 */
struct hammer {
	struct hrtimer timer;
	struct hand hand;
	unsigned int ticks;
	u32 random;
};

#define HAMMER_NS	200000

static u32 next_random(u32 *random)
{
	return (*random = *random * 1664525 + 1013904223) >> 16;
}

static void strike(struct hand *h, u32 *random, gfp_t gfp)
{
	unsigned int most = 3 * h->c->rounds, nr = next_random(random) % 32;

	if (next_random(random) & 1)
		hand_take(h, min(nr, most - h->nr), gfp);
	else
		hand_give(h, nr);
}

static enum hrtimer_restart hammer_strikes(struct hrtimer *timer)
{
	struct hammer *h = container_of(timer, struct hammer, timer);

	strike(&h->hand, &h->random, GFP_ATOMIC);
	WRITE_ONCE(h->ticks, h->ticks + 1);
	hrtimer_forward_now(timer, ns_to_ktime(HAMMER_NS));
	return HRTIMER_RESTART;
}

static const struct engine_case hammered[] = {
	{ "SLAB", RSV_ENGINE_SLAB },
	{ "SLUB", RSV_ENGINE_SLUB },
	{ "SLUB without magazines", QUEUELESS },
	{ "SLOB", RSV_ENGINE_SLOB },
};

KUNIT_ARRAY_PARAM_DESC(hammered, hammered, name);

static void timer_interrupts_break_nothing(struct kunit *test)
{
	const struct engine_case *k = test->param_value;
	struct rsv_cache *c = magazine_cache(test, k->flag);
	struct hammer *hammer = kunit_kzalloc(test, sizeof(*hammer), GFP_KERNEL);
	unsigned long start = jiffies;
	struct hand h = hand_of(test, c, 4 * c->rounds);
	u32 random = 4711;

	KUNIT_ASSERT_NOT_NULL(test, hammer);
	hammer->hand = hand_of(test, c, 4 * c->rounds);
	rsv_hrtimer_setup(&hammer->timer, hammer_strikes, HRTIMER_MODE_REL_PINNED_HARD);
	hrtimer_start(&hammer->timer, ns_to_ktime(HAMMER_NS), HRTIMER_MODE_REL_PINNED_HARD);
	while (time_before(jiffies, start + HZ / 5) ||
	       (READ_ONCE(hammer->ticks) < 10 && time_before(jiffies, start + 10 * HZ))) {
		strike(&h, &random, GFP_KERNEL);
		cond_resched();
	}
	hrtimer_cancel(&hammer->timer);

	KUNIT_EXPECT_GE(test, hammer->ticks, 10);
	expect_hands(test, &h, &hammer->hand);
	hands_empty(test, &h, &hammer->hand);
}

static struct kunit_case magazine_cases[] = {
	KUNIT_CASE_PARAM(magazines_are_the_smaller_the_larger_objects_are, rounds_gen_params),
	KUNIT_CASE_PARAM(regions_under_256_kb_have_none, sizes_gen_params),
	KUNIT_CASE(without_memory_for_a_magazine_objects_go_to_the_engine),
	KUNIT_CASE(full_and_empty_magazine_are_swapped_at_the_boundary),
	KUNIT_CASE(whole_magazines_are_exchanged_with_the_depot),
	KUNIT_CASE(last_object_given_back_comes_first_through_all_magazines),
	KUNIT_CASE(requests_served_by_magazines_take_the_fast_path),
	KUNIT_CASE(magazines_grow_with_contention_and_small_ones_go),
	KUNIT_CASE(magazines_do_not_grow_without_contention),
	KUNIT_CASE(waiting_for_the_depot_is_counted),
	KUNIT_CASE(objects_in_magazines_of_other_cpus_are_found_by_who_may_sleep),
	KUNIT_CASE(magazines_of_a_cpu_that_goes_are_emptied),
	KUNIT_CASE(shrinking_empties_magazines_and_depot),
	KUNIT_CASE(who_may_sleep_gets_what_magazines_of_other_caches_hold),
	KUNIT_CASE_PARAM(gate_is_shut_for_who_wants_to_see_each_object, gates_gen_params),
	KUNIT_CASE_PARAM(object_is_not_taken_back_twice_wherever_it_is, engines_gen_params),
	KUNIT_CASE_PARAM(object_of_another_cache_does_not_get_into_a_magazine, engines_gen_params),
	KUNIT_CASE_PARAM(middle_of_an_object_does_not_get_into_a_magazine, engines_gen_params),
	KUNIT_CASE(object_that_was_never_handed_out_is_not_taken_back),
	KUNIT_CASE(free_object_that_was_written_to_is_lost_and_nothing_else),
	KUNIT_CASE(frees_are_fast_in_whichever_extent_the_last_one_was),
	KUNIT_CASE(extent_that_went_is_remembered_by_no_cpu),
	KUNIT_CASE(objects_of_another_node_go_home_by_the_magazine),
	KUNIT_CASE(magazines_serve_objects_of_their_own_node_only),
	KUNIT_CASE(fast_paths_have_six_steps_and_one_section),
	KUNIT_CASE_PARAM(interrupt_between_any_two_steps_does_no_harm, interrupted_gen_params),
	KUNIT_CASE(interrupt_that_finds_busy_set_goes_to_the_engine),
	KUNIT_CASE_PARAM(timer_interrupts_break_nothing, hammered_gen_params),
	{}
};

static struct kunit_suite magazine_suite = {
	.name = "reservoir_magazine",
	.init = suite_init,
	.test_cases = magazine_cases,
};

kunit_test_suite(magazine_suite);
