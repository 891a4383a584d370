// SPDX-License-Identifier: GPL-2.0
/*
 * Objects in drained regions (pages/backoff.c): a test for each place of objects where only a drain
 * finds something. What comes there ends the state, and the next request for pages gets it.
 */
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/topology.h>

#include "objects/cpu.h"
#include "objects/leaving.h"
#include "objects/magazine.h"
#include "objects/magazine_cache.h"
#include "objects/rcu_ended.h"
#include "objects/rcu_frees.h"
#include "pages/backoff.h"
#include "support/arrays.h"
#include "support/drained.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/suite.h"

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

/* Frees the last objects of their slabs, of each kind, at once or by RCU. */
static void expect_freed_objects_found(struct kunit *test, bool by_rcu)
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
			rsvt_drain(test, r);
			for (i = 0; i < nr; i++)
				if (by_rcu)
					rsv_cache_free_rcu(c, object[i], object[i]);
				else
					rsv_cache_free(c, object[i]);
			KUNIT_EXPECT_TRUE_MSG(test, rsvt_all_can_be_had(r), "%s, %u objects",
					      kinds[kind].name, nr);
		}
		rsvt_scratch_cache_end(test, c);
	}
}

/* They are in a magazine, on a freelist or in an empty slab. */
static void freed_objects_are_found(struct kunit *test)
{
	expect_freed_objects_found(test, false);
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
		rsvt_drain(test, r);
		second = rsv_cache_alloc(c, GFP);
		KUNIT_ASSERT_NOT_NULL(test, second);
		rsv_cache_free(c, first);
		rsv_cache_free(c, second);
		KUNIT_EXPECT_TRUE_MSG(test, rsvt_all_can_be_had(r), "%s", kinds[kind].name);
		rsvt_scratch_cache_end(test, c);
	}
}

/* The first magazine of a CPU comes from the depot, or is new if that has none. */
static void first_magazine_of_a_cpu_ends_the_state(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct rsv_cache *c = cache_of_kind(test, r, KIND_SLUB);
	struct rsv_cpu *cpu = raw_cpu_ptr(c->cpus);
	struct rsv_depot *d = &c->nodes[numa_mem_id()]->depot;
	const unsigned int nr = 5 * c->magazine_size;
	void **object = rsvt_objects_array(test, nr);
	unsigned int i;

	rsvt_objects_alloc(test, c, object, nr);
	/* A new one, which is preallocated already */
	rsv_cpu_drain_local(c);
	rsvt_drain_in_vain(r);
	rsv_cache_free(c, object[0]);
	KUNIT_EXPECT_EQ(test, rsv_cpu_nr_loaded(cpu), 1);
	KUNIT_EXPECT_FALSE_MSG(test, rsv_backoff_is_drained(r), "new");
	for (i = 1; i < nr; i++)
		rsv_cache_free(c, object[i]);
	/* A full one */
	rsv_cpu_drain_local(c);
	KUNIT_ASSERT_GT(test, d->full.nr, 1);
	rsvt_drain_in_vain(r);
	object[0] = rsv_cache_alloc(c, GFP);
	KUNIT_EXPECT_GT(test, rsv_cpu_nr_loaded(cpu), 0);
	KUNIT_EXPECT_FALSE_MSG(test, rsv_backoff_is_drained(r), "full");
	/* An empty one */
	rsvt_objects_alloc(test, c, object + 1, nr - 1);
	rsv_cpu_drain_local(c);
	KUNIT_ASSERT_GT(test, d->empty.nr, 0);
	rsvt_drain_in_vain(r);
	rsv_cache_free(c, object[0]);
	KUNIT_EXPECT_EQ(test, rsv_cpu_nr_loaded(cpu), 1);
	KUNIT_EXPECT_FALSE_MSG(test, rsv_backoff_is_drained(r), "empty");
	rsvt_objects_free(c, object + 1, nr - 1);
	KUNIT_EXPECT_TRUE(test, rsvt_all_can_be_had(r));
	rsvt_scratch_cache_end(test, c);
}

/* A magazine that is used keeps the slab of the others, which the request finds there. */
static void preallocated_magazines_end_the_state(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct rsv_cache *c = cache_of_kind(test, r, KIND_SLUB), *internal = c->magazine_cache;
	struct rsv_depot *d = &internal->nodes[numa_mem_id()]->depot;

	rsv_cache_free(c, rsv_cache_alloc(c, GFP));
	rsv_cache_shrink(internal);
	KUNIT_ASSERT_EQ(test, d->empty.nr, 0);
	rsvt_drain_in_vain(r);
	rsv_magazine_preallocate(c);
	KUNIT_EXPECT_GT(test, d->empty.nr, 0);
	KUNIT_EXPECT_FALSE(test, rsv_backoff_is_drained(r));
	rsvt_scratch_cache_end(test, c);
}

/* A drain that was at this CPU and not yet at the depots finds what the CPU puts there. */
static void magazines_that_an_exchange_brings_to_the_depot_are_found(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct rsv_cache *c = cache_of_kind(test, r, KIND_SLUB);
	const unsigned int nr = 5 * c->magazine_size;
	void **object = rsvt_objects_array(test, nr);
	int drain;

	rsvt_objects_alloc(test, c, object, nr);
	rsvt_drain(test, r);
	drain = rsv_backoff_begin_drain(r);
	rsv_cpu_drain_local(c);
	rsvt_objects_free(c, object, nr);
	KUNIT_EXPECT_GT(test, c->nodes[numa_mem_id()]->depot.full.nr, 0);
	rsv_backoff_end_drain(r, drain);
	KUNIT_EXPECT_FALSE(test, rsv_backoff_is_drained(r));
	KUNIT_EXPECT_TRUE(test, rsvt_all_can_be_had(r));
	rsvt_scratch_cache_end(test, c);
}

/*
 * A cached object that only the test has, and that counts as allocated. Objects and magazines of
 * its cache are cached then, so that what the test does next makes no slab.
 */
static void *cached_object(struct kunit *test, struct rsv_cache *c)
{
	struct rsv_sheaf *s = rsv_cache_prefill(c, GFP, 1);
	void *object;

	KUNIT_ASSERT_NOT_NULL(test, s);
	object = s->object[--s->nr];
	rsv_cache_return_sheaf(c, s);
	return object;
}

/* The extent says that the object is of another node, which is all that a free looks at. */
static void object_of_another_node_ends_the_state(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct rsv_cache *c = cache_of_kind(test, r, KIND_SLUB);
	struct rsv_extent remote = *r->extents->at[0];
	void *object = cached_object(test, c);

	remote.nid = numa_mem_id() + 1;
	rsvt_drain_in_vain(r);
	KUNIT_ASSERT_TRUE(test, rsv_cpu_free(c, &remote, object, true));
	KUNIT_EXPECT_FALSE(test, rsv_backoff_is_drained(r));
	KUNIT_EXPECT_TRUE(test, rsvt_all_can_be_had(r));
	rsvt_scratch_cache_end(test, c);
}

static void objects_of_a_sheaf_are_found(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct rsv_sheaf *sheaf;
	unsigned int kind, nr;
	struct rsv_cache *c;

	for (kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
		c = cache_of_kind(test, r, kind);
		for (nr = 1; nr <= 10; nr += 3) {
			sheaf = rsv_cache_prefill(c, GFP, nr);
			KUNIT_ASSERT_NOT_NULL(test, sheaf);
			rsvt_drain(test, r);
			rsv_cache_return_sheaf(c, sheaf);
			KUNIT_EXPECT_TRUE_MSG(test, rsvt_all_can_be_had(r), "%s, %u objects",
					      kinds[kind].name, nr);
		}
		rsvt_scratch_cache_end(test, c);
	}
}

/*
 * Frees by RCU
 */

/* The third object of a kind is freed where the CPU collects others already. */
static void objects_freed_by_rcu_are_found(struct kunit *test)
{
	expect_freed_objects_found(test, true);
}

static void pages_freed_by_rcu_are_found(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	unsigned int order;
	void *p;

	for (order = 0; order < ALL; order++) {
		p = rsv_kmalloc(r, PAGE_SIZE << order, GFP);
		KUNIT_ASSERT_NOT_NULL(test, p);
		rsvt_drain(test, r);
		rsv_kfree_call_rcu(p, p);
		KUNIT_EXPECT_TRUE_MSG(test, rsvt_all_can_be_had(r), "order %u", order);
	}
}

/* As if a task had taken all that waits, and were just freeing it: a drain waits for the task. */
static void expect_busy_without_stacks(struct kunit *test, struct rsv_rcu_frees *f)
{
	struct rsv_rcu_stack waiting;

	raw_spin_lock_irq(&f->lock);
	waiting = f->waiting;
	f->waiting = (struct rsv_rcu_stack){};
	raw_spin_unlock_irq(&f->lock);
	KUNIT_EXPECT_FALSE(test, rsv_rcu_any(f));
	KUNIT_EXPECT_TRUE(test, rsv_rcu_busy(f));
	raw_spin_lock_irq(&f->lock);
	f->waiting = waiting;
	raw_spin_unlock_irq(&f->lock);
}

/* Frees what waits, as a request does that may not sleep. */
static void free_ended(struct rsv_region *r)
{
	const unsigned long end = jiffies + 60 * HZ;

	while (rsv_rcu_busy(&r->rcu_frees) && time_before(jiffies, end)) {
		synchronize_rcu();
		rsvt_drain_in_vain(r);
		rsv_rcu_free_ended(r);
	}
}

/*
 * The CPU begins to collect, lets what it collected wait, and the depot gets it in the end. The
 * mutex keeps the work away.
 */
static void each_step_of_a_free_by_rcu_ends_the_state(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct rsv_cache *c = cache_of_kind(test, r, KIND_SLUB);
	void *object = rsv_cache_alloc(c, GFP);

	KUNIT_ASSERT_NOT_NULL(test, object);
	/* Then a magazine is preallocated, and no slab is made for it. */
	rsv_cache_free(c, object);
	object = rsv_cache_alloc(c, GFP);
	KUNIT_ASSERT_NOT_NULL(test, object);
	mutex_lock(&r->rcu_frees.mutex);
	rsvt_drain_in_vain(r);
	rsv_cache_free_rcu(c, object, object);
	KUNIT_EXPECT_EQ(test, ((struct rsv_cpu *)raw_cpu_ptr(c->cpus))->rcu_rounds, 1);
	KUNIT_EXPECT_FALSE_MSG(test, rsv_backoff_is_drained(r), "collected");
	rsvt_drain_in_vain(r);
	rsv_rcu_submit_local(c);
	KUNIT_EXPECT_FALSE_MSG(test, rsv_backoff_is_drained(r), "waiting");
	expect_busy_without_stacks(test, &r->rcu_frees);
	free_ended(r);
	KUNIT_EXPECT_FALSE(test, rsv_rcu_busy(&r->rcu_frees));
	KUNIT_EXPECT_FALSE_MSG(test, rsv_backoff_is_drained(r), "free");
	mutex_unlock(&r->rcu_frees.mutex);
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
	mutex_lock(&r->leaving.mutex);
	rsvt_drain_in_vain(r);
	KUNIT_EXPECT_GT(test, c->engine->shrink(c, false), 0);
	KUNIT_EXPECT_FALSE_MSG(test, rsv_backoff_is_drained(r), "leaving");
	mutex_unlock(&r->leaving.mutex);
	rsv_leaving_free_all(r);
	KUNIT_EXPECT_TRUE_MSG(test, rsv_backoff_is_drained(r), "free");
	rsvt_scratch_cache_end(test, c);
}

/*
 * Of what waits by its rcu_head the last one is written to, so nobody knows what is below it. Both
 * are lost, but they wait no longer, and the region can be drained.
 */
static void objects_lost_by_rcu_do_not_wait(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, PAGES);
	struct rsv_rcu_frees *f = &r->rcu_frees;
	struct page *used = rsv_alloc_pages(r, GFP, 0);
	unsigned int i;
	void *p[3];

	KUNIT_ASSERT_NOT_NULL(test, used);
	mutex_lock(&f->mutex);
	for (i = 0; i < ARRAY_SIZE(p); i++) {
		p[i] = rsv_kmalloc(r, PAGE_SIZE << RSV_PCP_ORDERS, GFP);
		KUNIT_ASSERT_NOT_NULL(test, p[i]);
		rsv_kfree_call_rcu(p[i], p[i]);
	}
	/* The first one waits on a stack of its own. */
	KUNIT_EXPECT_EQ(test, atomic_long_read(&f->nr), ARRAY_SIZE(p));
	memset(p[2], 0x5a, sizeof(struct rcu_head));
	mutex_unlock(&f->mutex);
	EXPECT_MISUSE(test, RSV_CORRUPT, rsv_rcu_free_all(r));
	KUNIT_EXPECT_FALSE(test, rsv_rcu_busy(f));
	rsvt_drain(test, r);
	__rsv_free_pages(used, 0);
	rsv_kfree(p[1]);
	rsv_kfree(p[2]);
}

static struct kunit_case drained_cases[] = {
	KUNIT_CASE(freed_objects_are_found),
	KUNIT_CASE(objects_that_a_cpu_takes_are_found),
	KUNIT_CASE(first_magazine_of_a_cpu_ends_the_state),
	KUNIT_CASE(preallocated_magazines_end_the_state),
	KUNIT_CASE(magazines_that_an_exchange_brings_to_the_depot_are_found),
	KUNIT_CASE(object_of_another_node_ends_the_state),
	KUNIT_CASE(objects_of_a_sheaf_are_found),
	KUNIT_CASE(objects_freed_by_rcu_are_found),
	KUNIT_CASE(pages_freed_by_rcu_are_found),
	KUNIT_CASE(each_step_of_a_free_by_rcu_ends_the_state),
	KUNIT_CASE(slab_that_leaves_ends_the_state),
	KUNIT_CASE(objects_lost_by_rcu_do_not_wait),
	{}};

/* Where objects are cached is then known. */
static int drained_init(struct kunit *test)
{
	rsvt_stay_on_this_cpu();
	return rsvt_suite_init(test);
}

static struct kunit_suite drained_suite = {
	.name = "reservoir_drained",
	.init = drained_init,
	.test_cases = drained_cases,
};

kunit_test_suite(drained_suite);
