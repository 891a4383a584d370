// SPDX-License-Identifier: GPL-2.0
/*
 * Requests in any context, with every engine, with magazines and without: an NMI gets every object
 * that its CPU has for it, at whatever moment it comes, and what it frees is free as soon as the
 * CPU serves interrupts again. Objects that cannot be freed so are refused, each time.
 */
#include <linux/irqflags.h>
#include <linux/poison.h>
#include <linux/string.h>

#include "objects/cpu.h"
#include "objects/free.h"
#include "objects/irq_job.h"
#include "objects/reap.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/bytes.h"
#include "support/figures.h"
#include "support/misuse.h"
#include "support/nmi.h"
#include "support/scratch.h"
#include "support/suite.h"
#include "support/variants.h"

KUNIT_ARRAY_PARAM_DESC(variants, rsvt_variants, what);

#define SIZE	200
#define NR	24	/* objects that each CPU has for such requests */
#define MOST	600	/* more than a magazine and a reserve have */

/* A cache whose CPUs have NR objects each */
static struct rsv_cache *reserved_cache(struct kunit *test)
{
	struct rsv_cache *c =
		rsvt_param_cache(test, rsvt_scratch_region(test, VARIANT_REGION), SIZE, NULL);

	KUNIT_ASSERT_EQ(test, rsv_cache_reserve_percpu(c, NR), 0);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).percpu_objects, NR * num_online_cpus());
	return c;
}

static bool frees_are_refused(struct kunit *test)
{
	return rsvt_variant_is(test->param_value, RSV_ENGINE_SLOB);
}

/* Allocates all that NMIs can get while interrupts are off. Returns how many objects. */
static unsigned int take_all(struct rsv_cache *c, void **object)
{
	unsigned int nr = 0;
	unsigned long flags;

	local_irq_save(flags);
	do
		IN_NMI(object[nr] = rsv_cache_alloc_nolock(c, GFP_ATOMIC));
	while (object[nr] && ++nr < MOST);
	local_irq_restore(flags);
	return nr;
}

static void an_nmi_gets_all_that_its_cpu_has(struct kunit *test)
{
	struct rsv_cache *c = reserved_cache(test);
	void **object = rsvt_objects_array(test, MOST);
	struct rsv_cache_figures f;
	unsigned int round, nr;

	for (round = 0; round < 3; round++) {
		nr = take_all(c, object);
		KUNIT_EXPECT_GE(test, nr, NR);
		KUNIT_EXPECT_LT(test, nr, MOST);
		rsvt_expect_distinct(test, object, nr, SIZE);
		f = rsvt_cache_count(c);
		KUNIT_EXPECT_EQ(test, f.active, nr);
		rsv_irq_jobs_flush();
		f = rsvt_cache_count(c);
		KUNIT_EXPECT_EQ(test, f.percpu_objects, NR * num_online_cpus());
		KUNIT_EXPECT_EQ(test, f.percpu_allocs, NR * (round + 1));
		KUNIT_EXPECT_EQ(test, f.percpu_refills, NR * (num_online_cpus() + round + 1));
		KUNIT_EXPECT_EQ(test, f.failures, round + 1);
		rsvt_objects_free(c, object, nr);
		KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
	}
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, c->region);
}

static void other_requests_do_not_get_them(struct kunit *test)
{
	struct rsv_cache *c = reserved_cache(test);
	void **object = rsvt_objects_array(test, VARIANT_REGION / SIZE), **last;
	unsigned int nr = 0, got;

	while ((object[nr] = rsv_cache_alloc(c, GFP_KERNEL | __GFP_NOWARN)))
		nr++;
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).percpu_objects, NR * num_online_cpus());
	last = rsvt_objects_array(test, MOST);
	got = take_all(c, last);
	KUNIT_EXPECT_EQ(test, got, NR);
	/* There is nothing to refill from. */
	rsv_irq_jobs_flush();
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).percpu_objects, NR * (num_online_cpus() - 1));
	rsvt_objects_free(c, object, nr);
	/* The periodic work */
	rsv_caches_age(c->region);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).percpu_objects, NR * num_online_cpus());
	rsvt_objects_free(c, last, got);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, c->region);
}

/*
 * Frees objects in an NMI that comes while this CPU works on its magazines. Interrupts are off
 * until all frees wait.
 */
static void free_at_a_bad_time(struct rsv_cache *c, void **object, unsigned int nr)
{
	struct rsv_cpu *cpu;
	unsigned long flags;
	unsigned int i;

	local_irq_save(flags);
	cpu = rsv_cpu_enter(c->cpus);
	for (i = 0; i < nr; i++)
		IN_NMI(rsv_cache_free_nolock(c, object[i]));
	rsv_cpu_leave(cpu);
	local_irq_restore(flags);
}

static void free_and_wait(struct rsv_cache *c, void **object, unsigned int nr)
{
	free_at_a_bad_time(c, object, nr);
	rsv_irq_jobs_flush();
}

static void what_an_nmi_frees_is_free_soon(struct kunit *test)
{
	struct rsv_cache *c = reserved_cache(test);
	const bool refused = frees_are_refused(test);
	void **object = rsvt_objects_array(test, NR);

	rsvt_objects_alloc(test, c, object, NR);
	if (refused) {
		EXPECT_MISUSE(test, RSV_IN_NMI, free_at_a_bad_time(c, object, 1));
		rsvt_objects_free(c, object, NR);
	} else {
		free_at_a_bad_time(c, object, NR);
	}
	rsv_irq_jobs_flush();
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, c->region);
}

static struct rsv_cache *deferring_cache(struct kunit *test)
{
	if (frees_are_refused(test))
		kunit_skip(test, "SLOB defers no free");
	return reserved_cache(test);
}

static void a_cache_ends_while_frees_wait(struct kunit *test)
{
	struct rsv_cache *c = deferring_cache(test);
	void **object = rsvt_objects_array(test, NR);

	rsvt_objects_alloc(test, c, object, NR);
	free_at_a_bad_time(c, object, NR);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, c->region);
}

/* One after the other, while the first free waits */
static void free_three_times(struct rsv_cache *c, void *object)
{
	struct rsv_cpu *cpu;
	unsigned long flags;

	local_irq_save(flags);
	cpu = rsv_cpu_enter(c->cpus);
	rsv_cache_free_nolock(c, object);
	rsv_cache_free_nolock(c, object);
	rsv_cache_free(c, object);
	rsv_cpu_leave(cpu);
	local_irq_restore(flags);
}

static void a_double_free_is_found_at_the_call(struct kunit *test)
{
	struct rsv_cache *c = deferring_cache(test);
	void *object = rsv_cache_alloc(c, GFP_KERNEL), **again = rsvt_objects_array(test, MOST);
	struct misuse_counts before;
	unsigned int nr;

	KUNIT_ASSERT_NOT_NULL(test, object);
	rsvt_misuse_counts_read(&before);
	free_three_times(c, object);
	KUNIT_EXPECT_EQ(test, rsvt_nr_misuses_since(&before), 2);
	rsv_irq_jobs_flush();
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_cache_free_nolock(c, object));
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
	nr = take_all(c, again);
	rsvt_expect_distinct(test, again, nr, SIZE);
	rsvt_objects_free(c, again, nr);
}

static void other_misuse_is_found_at_the_call(struct kunit *test)
{
	struct rsv_cache *c = deferring_cache(test), *other;
	void *object = rsv_cache_alloc(c, GFP_KERNEL), *theirs, *page;

	other = rsvt_param_cache(test, c->region, SIZE, NULL);
	theirs = rsv_cache_alloc(other, GFP_KERNEL);
	page = (void *)rsv_get_free_pages(c->region, GFP_KERNEL, 0);
	KUNIT_ASSERT_NOT_NULL(test, object);
	KUNIT_ASSERT_NOT_NULL(test, theirs);
	KUNIT_ASSERT_NOT_NULL(test, page);
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_cache_free_nolock(c, &object));
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_kfree_nolock(&object));
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_cache_free_nolock(c, page));
	EXPECT_MISUSE(test, RSV_IN_NMI, rsv_kfree_nolock(page));
	EXPECT_MISUSE(test, RSV_MISALIGNED, rsv_cache_free_nolock(c, object + 8));
	EXPECT_MISUSE(test, RSV_WRONG_CACHE, rsv_cache_free_nolock(c, theirs));
	rsv_cache_free_nolock(c, NULL);
	rsv_kfree_nolock(NULL);
	rsv_kfree_nolock(ZERO_SIZE_PTR);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 1);
	rsv_free_pages((unsigned long)page, 0);
	rsv_cache_free(other, theirs);
	rsv_cache_free_nolock(c, object);
	rsv_irq_jobs_flush();
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
}

/* Ends the free of an object that is marked as cached and lost. */
static void end_free(struct rsv_cache *c, void *object)
{
	rcu_read_lock();
	rsv_free_cached(c, rsv_extent_find_addr(object), object, 0);
	rcu_read_unlock();
}

/* Frees four objects, and writes to the third one while they wait. */
static void overwrite_a_link(struct rsv_cache *c, void **object, unsigned long value)
{
	struct rsv_cpu *cpu;
	unsigned long flags;
	unsigned int i;

	local_irq_save(flags);
	cpu = rsv_cpu_enter(c->cpus);
	for (i = 0; i < 4; i++)
		rsv_cache_free_nolock(c, object[i]);
	rsvt_poke(object[2] + c->layout.link, &value, sizeof(value));
	rsv_cpu_leave(cpu);
	local_irq_restore(flags);
	rsv_irq_jobs_flush();
}

static void a_write_to_a_link_loses_objects_and_no_more(struct kunit *test)
{
	static const unsigned long values[] = { 0, 1, ~0UL };
	struct rsv_cache *c = deferring_cache(test);
	unsigned int v, i;
	void *object[4];

	for (v = 0; v < ARRAY_SIZE(values); v++) {
		rsvt_objects_alloc(test, c, object, ARRAY_SIZE(object));
		EXPECT_MISUSE(test, RSV_CORRUPT, overwrite_a_link(c, object, values[v]));
		/* The third and the fourth are free, the first two are lost. */
		KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 2);
		for (i = 0; i < 2; i++)
			end_free(c, object[i]);
	}
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, c->region);
}

/*
 * An NMI between any two steps of an allocation and of a free
 */

static struct {
	struct rsv_cache *c;
	unsigned int calls, at;
	void *object[2], *freed;
} nmi;

static void nmi_comes(int step)
{
	if (nmi.calls++ != nmi.at)
		return;
	WRITE_ONCE(rsv_step_hook, NULL);
	IN_NMI(nmi.object[0] = rsv_cache_alloc_nolock(nmi.c, GFP_ATOMIC));
	IN_NMI(nmi.object[1] = rsv_cache_alloc_nolock(nmi.c, GFP_ATOMIC));
	if (nmi.freed)
		IN_NMI(rsv_cache_free_nolock(nmi.c, nmi.freed));
}

static void an_nmi_is_served_between_any_two_steps(struct kunit *test)
{
	struct rsv_cache *c = reserved_cache(test);
	const bool refused = frees_are_refused(test);
	void *object[3];
	bool came;

	rsvt_stay_on_this_cpu();
	nmi = (typeof(nmi)){ .c = c };
	do {
		nmi.calls = 0;
		nmi.object[0] = NULL;
		nmi.freed = refused ? NULL : rsv_cache_alloc(c, GFP_KERNEL);
		WRITE_ONCE(rsv_step_hook, nmi_comes);
		object[0] = rsv_cache_alloc(c, GFP_KERNEL);
		rsv_cache_free(c, object[0]);
		object[0] = rsv_cache_alloc(c, GFP_KERNEL);
		came = !READ_ONCE(rsv_step_hook);
		WRITE_ONCE(rsv_step_hook, NULL);
		object[1] = nmi.object[0];
		object[2] = nmi.object[1];
		if (came) {
			KUNIT_ASSERT_NOT_NULL(test, object[1]);
			KUNIT_ASSERT_NOT_NULL(test, object[2]);
			rsvt_expect_distinct(test, object, 3, SIZE);
			rsvt_objects_free(c, object, 3);
		} else {
			rsv_cache_free(c, object[0]);
			rsv_cache_free(c, nmi.freed);
		}
		rsv_irq_jobs_flush();
		rsv_irq_jobs_flush();
		KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
		nmi.at++;
	} while (came);
}

/* A probe of code that holds a lock: all of the cache's, one after the other */
static void requests_are_served_under_the_locks(struct kunit *test)
{
	struct rsv_cache *c = reserved_cache(test);
	struct rsv_cache_node *n = c->nodes[numa_mem_id()];
	raw_spinlock_t *locks[] = { &n->lock, &n->depot.lock, &c->guarantee.lock };
	void *object = rsv_cache_alloc(c, GFP_KERNEL), *got[ARRAY_SIZE(locks)];
	unsigned long flags;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, object);
	for (i = 0; i < ARRAY_SIZE(locks); i++) {
		raw_spin_lock_irqsave(locks[i], flags);
		got[i] = rsv_cache_alloc_nolock(c, GFP_ATOMIC);
		if (!frees_are_refused(test)) {
			rsv_cache_free_nolock(c, object);
			object = rsv_cache_alloc_nolock(c, GFP_ATOMIC);
		}
		raw_spin_unlock_irqrestore(locks[i], flags);
		KUNIT_EXPECT_NOT_NULL(test, got[i]);
		KUNIT_ASSERT_NOT_NULL(test, object);
		rsv_cache_free(c, got[i]);
	}
	rsv_cache_free(c, object);
	rsv_irq_jobs_flush();
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
}

/*
 * Which caches serve
 */

static void construct(void *object)
{
	memset(object, 0x5c, SIZE);
}

/* Frees objects at a bad time, and expects them back as they were left. */
static void expect_kept(struct kunit *test, struct rsv_cache *c, u8 value)
{
	void *object[4];
	unsigned int i;

	rsvt_objects_alloc(test, c, object, ARRAY_SIZE(object));
	for (i = 0; i < ARRAY_SIZE(object); i++)
		memset(object[i], value, c->layout.object_size);
	free_at_a_bad_time(c, object, ARRAY_SIZE(object));
	for (i = 0; i < ARRAY_SIZE(object); i++) {
		u8 bytes[SIZE];

		rsvt_peek(bytes, object[i], c->layout.object_size);
		KUNIT_EXPECT_NULL(test, memchr_inv(bytes, value, c->layout.object_size));
	}
	rsv_irq_jobs_flush();
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
}

static void try_flags(struct kunit *test, unsigned int size, unsigned int flags,
		      void (*ctor)(void *object))
{
	const struct variant *v = test->param_value;
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache_args args = { .flags = v->flags | flags, .ctor = ctor };
	struct rsv_cache *c;
	void *object;

	/* Without the flag each free is refused. */
	c = rsvt_scratch_cache_args(test, r, size, &args);
	object = rsv_cache_alloc(c, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, object);
	EXPECT_MISUSE(test, RSV_IN_NMI, rsv_cache_free_nolock(c, object));
	rsv_cache_free(c, object);
	rsvt_scratch_cache_end(test, c);

	args.flags |= RSV_FREE_NOLOCK;
	if (frees_are_refused(test)) {
		c = rsv_cache_create_args(r, "nolock", size, &args);
		KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(c), -EINVAL);
		return;
	}
	c = rsvt_scratch_cache_args(test, r, size, &args);
	expect_kept(test, c, 0x5c);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

static void constructed_objects_need_the_flag(struct kunit *test)
{
	try_flags(test, SIZE, 0, construct);
}

static void what_readers_under_rcu_see_needs_the_flag(struct kunit *test)
{
	try_flags(test, SIZE, RSV_TYPESAFE_BY_RCU, NULL);
}

/* A link lies in no red zone, and in no mark. */
static void small_objects_are_freed_with_all_checks(struct kunit *test)
{
	static const unsigned int sizes[] = { 1, 4, 7, 8, 12, 15, 16, 17 };
	static const unsigned int checks[] = {
		0, RSV_RED_ZONE, RSV_POISON, RSV_RED_ZONE | RSV_POISON | RSV_STORE_USER,
	};
	const struct variant *v = test->param_value;
	struct rsv_region *r;
	struct rsv_cache *c;
	unsigned int i, j, n;
	void *object[4];

	if (frees_are_refused(test) || v->flags & RSV_CACHE_INTERNAL)
		kunit_skip(test, "no deferred free, or no check");
	rsvt_stay_on_this_cpu();
	r = rsvt_scratch_region(test, VARIANT_REGION);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		for (j = 0; j < ARRAY_SIZE(checks); j++) {
			c = rsvt_scratch_cache_flags(test, r, sizes[i], 0,
						     v->flags | checks[j] | RSV_FREE_NOLOCK, NULL);
			rsvt_objects_alloc(test, c, object, ARRAY_SIZE(object));
			for (n = 0; n < ARRAY_SIZE(object); n++)
				memset(object[n], 0x5c, sizes[i]);
			free_at_a_bad_time(c, object, ARRAY_SIZE(object));
			rsv_irq_jobs_flush();
			KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
			rsvt_scratch_cache_end(test, c);
		}
	EXPECT_UNTOUCHED(test, r);
}

static void constructed_objects_of_nolock_are_constructed(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, SIZE, construct);
	void **object = rsvt_objects_array(test, MOST);
	unsigned int nr, i, wrong = 0;

	KUNIT_ASSERT_EQ(test, rsv_cache_reserve_percpu(c, NR), 0);
	nr = take_all(c, object);
	KUNIT_EXPECT_GE(test, nr, NR);
	for (i = 0; i < nr; i++)
		wrong += !!memchr_inv(object[i], 0x5c, SIZE);
	KUNIT_EXPECT_EQ(test, wrong, 0);
	rsvt_objects_free(c, object, nr);
}

/* What checks find, the interrupt reports. */
static void checks_hold_for_deferred_frees(struct kunit *test)
{
	const struct variant *v = test->param_value;
	const unsigned int checks = RSV_RED_ZONE | RSV_POISON | RSV_STORE_USER;
	struct rsv_cache *c;
	void *object[4];
	u8 bad = 0, good = SLUB_RED_ACTIVE;

	if (frees_are_refused(test) || v->flags & RSV_CACHE_INTERNAL)
		kunit_skip(test, "no deferred free, or no check");
	rsvt_stay_on_this_cpu();
	c = rsvt_scratch_cache_flags(test, rsvt_scratch_region(test, VARIANT_REGION), SIZE, 0,
				     v->flags | checks, NULL);
	KUNIT_ASSERT_EQ(test, rsv_cache_reserve_percpu(c, NR), 0);
	IN_NMI(object[0] = rsv_cache_alloc_nolock(c, GFP_ATOMIC));
	KUNIT_ASSERT_NOT_NULL(test, object[0]);
	memset(object[0], 0x11, SIZE);
	free_at_a_bad_time(c, object, 1);
	rsv_irq_jobs_flush();
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
	rsvt_objects_alloc(test, c, object, ARRAY_SIZE(object));
	rsvt_poke(object[1] + SIZE, &bad, 1);
	EXPECT_MISUSE(test, RSV_RED_ZONED, free_and_wait(c, object, ARRAY_SIZE(object)));
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 1);
	/* It is lost. The test gives it back, so that the cache can end. */
	rsvt_poke(object[1] + SIZE, &good, 1);
	end_free(c, object[1]);
	rsvt_scratch_cache_end(test, c);
}

static struct kunit_case nolock_cases[] = {
	KUNIT_CASE_PARAM(an_nmi_gets_all_that_its_cpu_has, variants_gen_params),
	KUNIT_CASE_PARAM(other_requests_do_not_get_them, variants_gen_params),
	KUNIT_CASE_PARAM(what_an_nmi_frees_is_free_soon, variants_gen_params),
	KUNIT_CASE_PARAM(a_cache_ends_while_frees_wait, variants_gen_params),
	KUNIT_CASE_PARAM(a_double_free_is_found_at_the_call, variants_gen_params),
	KUNIT_CASE_PARAM(other_misuse_is_found_at_the_call, variants_gen_params),
	KUNIT_CASE_PARAM(a_write_to_a_link_loses_objects_and_no_more, variants_gen_params),
	KUNIT_CASE_PARAM(an_nmi_is_served_between_any_two_steps, variants_gen_params),
	KUNIT_CASE_PARAM(requests_are_served_under_the_locks, variants_gen_params),
	KUNIT_CASE_PARAM(constructed_objects_need_the_flag, variants_gen_params),
	KUNIT_CASE_PARAM(what_readers_under_rcu_see_needs_the_flag, variants_gen_params),
	KUNIT_CASE_PARAM(small_objects_are_freed_with_all_checks, variants_gen_params),
	KUNIT_CASE_PARAM(constructed_objects_of_nolock_are_constructed, variants_gen_params),
	KUNIT_CASE_PARAM(checks_hold_for_deferred_frees, variants_gen_params),
	{}
};

static struct kunit_suite nolock_suite = {
	.name = "reservoir_nolock",
	.init = rsvt_suite_init,
	.test_cases = nolock_cases,
};

kunit_test_suite(nolock_suite);
