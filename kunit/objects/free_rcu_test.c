// SPDX-License-Identifier: GPL-2.0
/*
 * Frees by RCU: an object is as its users left it until a grace period is over, and free then. What
 * is wrong is reported, and changes nothing.
 */
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "objects/cpu.h"
#include "objects/lookup.h"
#include "objects/rcu_ended.h"
#include "objects/rcu_frees.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/magazines.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/suite.h"
#include "support/variants.h"

KUNIT_ARRAY_PARAM_DESC(variants, rsvt_variants, what);

/**
 * struct node - an object that is freed by RCU
 * @before: bytes that readers look at
 * @rcu: for the free. The mark of a free object lies in the middle: in this field
 * @behind: bytes that readers look at
 * @other: for a free whose rcu_head lies elsewhere
 */
struct node {
	u8 before[24];
	struct rcu_head rcu;
	u8 behind[8];
	struct rcu_head other;
};

static_assert(sizeof(struct node) <= SIZE);

static struct rsv_cache *node_cache(struct kunit *test)
{
	return rsvt_param_cache(test, rsvt_magazine_region(test), SIZE, NULL);
}

static struct node **nodes_used(struct kunit *test, struct rsv_cache *c, unsigned int nr)
{
	struct node **node = (struct node **)rsvt_objects_array(test, nr);
	unsigned int i;

	rsvt_objects_alloc(test, c, (void **)node, nr);
	for (i = 0; i < nr; i++)
		memset(node[i], 0x5a, sizeof(**node));
	return node;
}

static struct node *node_used(struct kunit *test, struct rsv_cache *c)
{
	return *nodes_used(test, c, 1);
}

static bool node_is_as_it_was(const struct node *node)
{
	return !memchr_inv(node->before, 0x5a, sizeof(node->before)) &&
	       !memchr_inv(node->behind, 0x5a, sizeof(node->behind));
}

static bool node_is_used(struct rsv_cache *c, struct node *node)
{
	return rsv_object_is_used(c, c->region->extents->at[0], node);
}

static void nodes_free_rcu(struct rsv_cache *c, struct node **node, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		rsv_cache_free_rcu(c, node[i], &node[i]->rcu);
}

static unsigned int nodes_as_they_were(struct rsv_cache *c, struct node **node, unsigned int nr)
{
	unsigned int i, same = 0;

	for (i = 0; i < nr; i++)
		same += node_is_as_it_was(node[i]) && node_is_used(c, node[i]);
	return same;
}

static void expect_pages_free(struct kunit *test, struct rsv_cache *c)
{
	struct rsv_region *r = c->region;

	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
	rsvt_scratch_cache_end(test, c);
	rsvt_expect_all_free(test, r);
}

static void expect_all_free(struct kunit *test, struct rsv_cache *c)
{
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).rcu_waiting, 0);
	KUNIT_EXPECT_EQ(test, rsv_rcu_count_region(c->region), 0);
	expect_pages_free(test, c);
}

/* --- The grace period ----------------------------------------------------------------------- */

/* More than fit in a magazine, and not a multiple of that */
#define MANY	151U

/* The reader is this task. Nothing that is done in its section frees the objects. */
static void reader_finds_objects_as_they_were(struct kunit *test)
{
	struct rsv_cache *c = node_cache(test);
	struct node **node = nodes_used(test, c, MANY);
	unsigned int same, i;
	u64 waiting, active;

	rcu_read_lock();
	preempt_disable();
	nodes_free_rcu(c, node, MANY);
	rsv_rcu_submit_local(c);
	for (i = 0; i < MANY; i++)
		rsv_rcu_free_ended(c->region);
	same = nodes_as_they_were(c, node, MANY);
	waiting = rsvt_cache_count(c).rcu_waiting;
	active = rsvt_cache_count(c).active;
	preempt_enable();
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, same, MANY);
	KUNIT_EXPECT_EQ(test, waiting, MANY);
	KUNIT_EXPECT_EQ(test, active, MANY);
	rsv_rcu_barrier(c->region);
	expect_all_free(test, c);
}

/* Whoever may not sleep frees them, a few at a time. */
static void objects_are_free_when_the_grace_period_is_over(struct kunit *test)
{
	struct rsv_cache *c = node_cache(test);
	struct node **node = nodes_used(test, c, MANY);
	struct rsv_rcu_frees *f = &c->region->rcu_frees;
	unsigned int i;

	/* Keeps the work from it. */
	mutex_lock(&f->mutex);
	nodes_free_rcu(c, node, MANY);
	rsv_rcu_submit_local(c);
	/* Some arrived while others were waiting already. */
	for (i = 0; i < 2; i++) {
		synchronize_rcu();
		while (rsv_rcu_stack_any(&f->ended) || rsv_rcu_stack_any(&f->waiting)) {
			unsigned long before = atomic_long_read(&f->nr);

			rsv_rcu_free_ended(c->region);
			if (atomic_long_read(&f->nr) == before)
				break;
		}
	}
	KUNIT_EXPECT_EQ(test, atomic_long_read(&f->nr), 0);
	mutex_unlock(&f->mutex);
	expect_all_free(test, c);
}

static void barrier_frees_all_that_waits(struct kunit *test)
{
	struct rsv_cache *c = node_cache(test);
	struct node **node = nodes_used(test, c, MANY);

	nodes_free_rcu(c, node, MANY);
	rsv_rcu_barrier(c->region);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).frees, MANY);
	expect_all_free(test, c);
}

static void work_frees_without_anybody_asking(struct kunit *test)
{
	struct rsv_cache *c = node_cache(test);
	struct node **node = nodes_used(test, c, MANY);

	nodes_free_rcu(c, node, MANY);
	rsv_rcu_submit_local(c);
	while (rsv_rcu_any(&c->region->rcu_frees)) {
		rcu_barrier();
		flush_rcu_work(&c->region->rcu_frees.work);
	}
	expect_all_free(test, c);
}

static void objects_serve_again(struct kunit *test)
{
	struct rsv_cache *c = node_cache(test);
	struct node **node = nodes_used(test, c, MANY);
	unsigned int round;

	for (round = 0; round < 3; round++) {
		nodes_free_rcu(c, node, MANY);
		rsv_rcu_barrier(c->region);
		rsvt_objects_alloc(test, c, (void **)node, MANY);
	}
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, MANY);
	rsvt_objects_free(c, (void **)node, MANY);
	expect_all_free(test, c);
}

/* The cookie is gone: the user that gets the object next need not clear the rcu_head. */
static void object_that_was_never_written_to_is_given_back_again(struct kunit *test)
{
	struct rsv_cache *c = node_cache(test);
	struct node *node = node_used(test, c), *again = NULL;

	rsv_cache_free_rcu(c, node, &node->rcu);
	rsv_rcu_barrier(c->region);
	again = rsv_cache_alloc(c, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, again);
	rsv_cache_free_rcu(c, again, &again->rcu);
	rsv_rcu_barrier(c->region);
	expect_all_free(test, c);
}

/* A magazine knows one place of the rcu_head. */
static void head_may_lie_anywhere(struct kunit *test)
{
	struct rsv_cache *c = node_cache(test);
	struct node **node = nodes_used(test, c, 4);
	static struct rcu_head outside;

	rcu_read_lock();
	rsv_cache_free_rcu(c, node[0], &node[0]->rcu);
	rsv_cache_free_rcu(c, node[1], &node[1]->other);
	rsv_cache_free_rcu(c, node[2], &outside);
	rsv_cache_free_rcu(c, node[3], &node[3]->rcu);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).rcu_waiting, 4);
	rcu_read_unlock();
	rsv_rcu_barrier(c->region);
	expect_all_free(test, c);
}

static void null_does_nothing(struct kunit *test)
{
	struct rsv_cache *c = node_cache(test);
	static struct rcu_head head;

	rsv_cache_free_rcu(c, NULL, &head);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).rcu_waiting, 0);
	rsv_rcu_barrier(c->region);
	expect_all_free(test, c);
}

static void construct(void *object)
{
	memset(object, 0xc7, SIZE);
}

/* Bytes but those of the rcu_head are as the user restored them. */
static void constructed_state_stays(struct kunit *test)
{
	struct rsv_cache *c = rsvt_param_cache(test, rsvt_magazine_region(test), SIZE, construct);
	struct node *node = rsv_cache_alloc(c, GFP_KERNEL), *again;

	KUNIT_ASSERT_NOT_NULL(test, node);
	rsv_cache_free_rcu(c, node, &node->rcu);
	rsv_rcu_barrier(c->region);
	again = rsv_cache_alloc(c, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, again);
	KUNIT_EXPECT_NULL(test, memchr_inv(again->before, 0xc7, sizeof(again->before)));
	KUNIT_EXPECT_NULL(test, memchr_inv(again->behind, 0xc7, sizeof(again->behind)));
	rsv_cache_free(c, again);
	expect_all_free(test, c);
}

/* --- Misuse --------------------------------------------------------------------------------- */

static const char *report(struct kunit *test, struct rsv_cache *c, const void *object)
{
	return rsvt_report_text(test, "%s by RCU", rsvt_report_free(test, c, object));
}

static void object_is_not_given_back_twice(struct kunit *test)
{
	struct rsv_cache *c = node_cache(test);
	struct node **node = nodes_used(test, c, MANY);
	struct rsv_rcu_frees *f = &c->region->rcu_frees;
	unsigned int i;

	/* Keeps the work from freeing those that were submitted. */
	mutex_lock(&f->mutex);
	nodes_free_rcu(c, node, MANY);
	for (i = 0; i < MANY; i += 10)
		EXPECT_REPORT(test, RSV_DOUBLE_FREE, report(test, c, node[i]),
			      rsv_cache_free_rcu(c, node[i], &node[i]->rcu));
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).rcu_waiting, MANY);
	mutex_unlock(&f->mutex);
	rsv_rcu_barrier(c->region);
	expect_all_free(test, c);
}

/* The second rcu_head does not tell. What is found after the grace period is free already. */
static void object_with_two_heads_is_freed_once(struct kunit *test)
{
	struct rsv_cache *c = node_cache(test);
	struct node **node = nodes_used(test, c, 2);

	rsv_cache_free_rcu(c, node[0], &node[0]->rcu);
	rsv_cache_free_rcu(c, node[0], &node[0]->other);
	rsv_rcu_submit_local(c);
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_rcu_free_all(c->region));
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 1);
	rsv_cache_free(c, node[1]);
	expect_pages_free(test, c);
}

static void free_object_is_not_given_back(struct kunit *test)
{
	struct rsv_cache *c = node_cache(test);
	struct node **node = nodes_used(test, c, 2);

	rsv_cache_free(c, node[0]);
	EXPECT_REPORT(test, RSV_DOUBLE_FREE, report(test, c, node[0]),
		      rsv_cache_free_rcu(c, node[0], &node[0]->rcu));
	rsv_cache_shrink(c);
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_cache_free_rcu(c, node[0], &node[0]->rcu));
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).rcu_waiting, 0);
	rsv_cache_free(c, node[1]);
	expect_all_free(test, c);
}

static void object_whose_slab_has_gone_is_not_given_back(struct kunit *test)
{
	struct rsv_cache *c = node_cache(test);
	struct node *node = node_used(test, c);

	rsv_cache_free(c, node);
	rsv_cache_shrink(c);
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_cache_free_rcu(c, node, &node->rcu));
	expect_all_free(test, c);
}

static void wrong_addresses_are_not_given_back(struct kunit *test)
{
	struct rsv_cache *c = node_cache(test), *d;
	struct node *node = node_used(test, c), *other;
	static struct node foreign;

	d = rsvt_param_cache(test, c->region, SIZE, NULL);
	other = node_used(test, d);
	EXPECT_MISUSE(test, RSV_WRONG_CACHE, rsv_cache_free_rcu(c, other, &other->rcu));
	EXPECT_MISUSE(test, RSV_WRONG_CACHE, rsv_cache_free_rcu(d, node, &node->rcu));
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_cache_free_rcu(c, &foreign, &foreign.rcu));
	KUNIT_EXPECT_TRUE(test, node_is_as_it_was(node) && node_is_as_it_was(other));
	KUNIT_EXPECT_EQ(test, rsv_rcu_count_region(c->region), 0);
	rsv_cache_free(c, node);
	rsv_cache_free(d, other);
	rsvt_scratch_cache_end(test, d);
	expect_all_free(test, c);
}

static void middle_of_an_object_is_not_given_back(struct kunit *test)
{
	struct rsv_cache *c = node_cache(test);
	struct node *node = node_used(test, c);
	enum rsv_misuse what = rsvt_cache_in_heap(c) ? RSV_DOUBLE_FREE : RSV_MISALIGNED;
	struct misuse_counts before;
	unsigned int at;

	for (at = 1; at < SIZE; at++) {
		rsvt_misuse_counts_read(&before);
		rsv_cache_free_rcu(c, (void *)node + at, &node->rcu);
		KUNIT_EXPECT_EQ(test, rsvt_nr_misuses_since(&before), 1);
	}
	KUNIT_EXPECT_GE(test, rsv_misuse_count(what), SIZE - 1);
	KUNIT_EXPECT_TRUE(test, node_is_as_it_was(node));
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).rcu_waiting, 0);
	rsv_cache_free(c, node);
	expect_all_free(test, c);
}

/* The free that comes first frees it. Nobody has got the object since. */
static void object_that_is_freed_while_it_waits_is_freed_once(struct kunit *test)
{
	struct rsv_cache *c = node_cache(test);
	struct node **node = nodes_used(test, c, 3);
	struct misuse_counts before;

	nodes_free_rcu(c, node, 2);
	rsv_rcu_submit_local(c);
	rsvt_misuse_counts_read(&before);
	rsv_cache_free(c, node[0]);
	rsv_rcu_free_all(c->region);
	KUNIT_EXPECT_EQ(test, rsvt_nr_misuses_since(&before), 1);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 1);
	rsv_cache_free(c, node[2]);
	expect_pages_free(test, c);
}

/* Somebody else has it by now, and has written to it. */
static void object_of_a_new_user_is_not_taken_from_him(struct kunit *test)
{
	struct rsv_cache *c = node_cache(test);
	struct node *node = node_used(test, c);

	rsv_cache_free_rcu(c, node, &node->rcu);
	memset(node, 0x77, sizeof(*node));
	rsv_rcu_submit_local(c);
	EXPECT_MISUSE(test, RSV_CORRUPT, rsv_rcu_free_all(c->region));
	KUNIT_EXPECT_TRUE(test, node_is_used(c, node));
	KUNIT_EXPECT_NULL(test, memchr_inv(node, 0x77, sizeof(*node)));
	rsv_cache_free(c, node);
	expect_pages_free(test, c);
}

static struct kunit_case free_rcu_cases[] = {
	KUNIT_CASE_PARAM(reader_finds_objects_as_they_were, variants_gen_params),
	KUNIT_CASE_PARAM(objects_are_free_when_the_grace_period_is_over, variants_gen_params),
	KUNIT_CASE_PARAM(barrier_frees_all_that_waits, variants_gen_params),
	KUNIT_CASE_PARAM(work_frees_without_anybody_asking, variants_gen_params),
	KUNIT_CASE_PARAM(objects_serve_again, variants_gen_params),
	KUNIT_CASE_PARAM(object_that_was_never_written_to_is_given_back_again,
			 variants_gen_params),
	KUNIT_CASE_PARAM(head_may_lie_anywhere, variants_gen_params),
	KUNIT_CASE_PARAM(null_does_nothing, variants_gen_params),
	KUNIT_CASE_PARAM(constructed_state_stays, variants_gen_params),
	KUNIT_CASE_PARAM(object_is_not_given_back_twice, variants_gen_params),
	KUNIT_CASE_PARAM(object_with_two_heads_is_freed_once, variants_gen_params),
	KUNIT_CASE_PARAM(free_object_is_not_given_back, variants_gen_params),
	KUNIT_CASE_PARAM(object_whose_slab_has_gone_is_not_given_back, variants_gen_params),
	KUNIT_CASE_PARAM(wrong_addresses_are_not_given_back, variants_gen_params),
	KUNIT_CASE_PARAM(middle_of_an_object_is_not_given_back, variants_gen_params),
	KUNIT_CASE_PARAM(object_that_is_freed_while_it_waits_is_freed_once, variants_gen_params),
	KUNIT_CASE_PARAM(object_of_a_new_user_is_not_taken_from_him, variants_gen_params),
	{}};

static struct kunit_suite free_rcu_suite = {
	.name = "reservoir_free_rcu",
	.init = rsvt_suite_init,
	.test_cases = free_rcu_cases,
};

kunit_test_suite(free_rcu_suite);
