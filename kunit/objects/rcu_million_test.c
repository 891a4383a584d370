// SPDX-License-Identifier: GPL-2.0
/*
 * A region that is exhausted while a million frees wait for a grace period: they are counted, and
 * requests get all of the memory as soon as they ask.
 */
#include <linux/rcupdate.h>

#include "objects/rcu_frees.h"
#include "support/areas.h"
#include "support/figures.h"
#include "support/scratch.h"
#include "support/suite.h"
#include "support/variants.h"

KUNIT_ARRAY_PARAM_DESC(engines, rsvt_engines, name);

/* Of memory for a node, with what SLAB and SLOB need besides, and all magazines */
#define NODE_BYTES	32
#define MANY	(SLOW ? 100000U : 1000000U)

/**
 * struct node - an object that is freed by RCU
 * @next: the node that was allocated before it
 * @rcu: for the free
 */
struct node {
	struct node *next;
	struct rcu_head rcu;
};

/* Allocates until the region has no more, waiting frees included. Returns how many. */
static unsigned int take_all(struct rsv_cache *c, struct node **list)
{
	unsigned int nr = 0;
	struct node *node;

	while ((node = rsv_cache_alloc(c, GFP_KERNEL | __GFP_NOWARN))) {
		node->next = *list;
		*list = node;
		nr++;
	}
	return nr;
}

/* Frees the list by RCU, while a reader keeps the grace period from ending. */
static void free_all(struct rsv_cache *c, struct node **list)
{
	struct node *node, *next;

	for (node = *list; node; node = next) {
		next = node->next;
		rsv_cache_free_rcu(c, node, &node->rcu);
	}
	*list = NULL;
}

static void requests_get_what_a_million_frees_left(struct kunit *test)
{
	const struct engine_case *k = test->param_value;
	struct rsv_region *r = rsvt_scratch_region(test, (size_t)MANY * NODE_BYTES);
	struct node *list = NULL;
	struct rsv_cache *c;
	unsigned int nr, round;

	rsvt_stay_on_this_cpu();
	c = rsvt_scratch_cache_flags(test, r, sizeof(struct node), 0, k->flag, NULL);
	for (round = 0; round < 2; round++) {
		nr = take_all(c, &list);
		KUNIT_EXPECT_GE(test, nr, MANY);
		rcu_read_lock();
		free_all(c, &list);
		/* All of them wait, and whoever looks sees them. */
		KUNIT_EXPECT_EQ(test, rsv_rcu_count(c), nr);
		KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, nr);
		rcu_read_unlock();
	}
	nr = take_all(c, &list);
	KUNIT_EXPECT_GE(test, nr, MANY);
	free_all(c, &list);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(requests_get_what_a_million_frees_left, engines_gen_params),
	{}};

static struct kunit_suite suite = {
	.name = "reservoir_rcu_million",
	.init = rsvt_suite_init,
	.test_cases = cases,
};

kunit_test_suite(suite);
