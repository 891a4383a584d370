// SPDX-License-Identifier: GPL-2.0
/*
 * An interrupt between any two steps of a free by RCU, or after any instruction of it: no object is
 * lost, none is freed twice, and all are counted.
 */
#include <linux/irqflags.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "objects/cpu.h"
#include "objects/rcu_ended.h"
#include "objects/rcu_frees.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/magazines.h"
#include "support/scratch.h"
#include "support/single_step.h"
#include "support/suite.h"
#include "support/variants.h"

/* What the interrupt does */
enum strikes {
	GIVES_BY_RCU,
	GIVES_MANY_BY_RCU,
	TAKES_AND_GIVES,
	SUBMITS,
	STRIKES
};

/**
 * struct struck_case - a free that is interrupted
 * @what: its description
 * @flags: flags of the cache
 * @before: objects that this CPU has collected before; in magazines less one if it is negative
 * @steps: whether it has all steps of the protocol
 */
struct struck_case {
	const char *what;
	unsigned int flags;
	int before;
	bool steps;
};

static const struct struck_case struck[] = {
	{"fast path", 0, 3, true},
	{"last round", 0, -1, true},
	{"no magazine yet", 0, 0, true},
	{"slab, slow path", RSV_ENGINE_SLAB, 3, true},
	{"slob, slow path", RSV_ENGINE_SLOB, 3, true},
	{"slub without magazines", RSV_ENGINE_SLUB | RSV_NO_MAGAZINE, 3, false},
};

KUNIT_ARRAY_PARAM_DESC(struck, struck, what);

/**
 * struct strike - the interrupt, and the objects that it and the task have
 * @c: their cache
 * @task: the task that is interrupted
 * @object: the objects
 * @nr: those that were not given back yet: the last ones go first
 * @what: what the interrupt does
 * @at: the call of the hook at which it comes
 * @calls: calls of the hook so far
 * @steps: a bit for each step at which it came
 * @inside: the interrupt itself runs
 */
static struct strike {
	struct rsv_cache *c;
	struct task_struct *task;
	void **object;
	unsigned int nr;
	enum strikes what;
	unsigned int at;
	unsigned int calls;
	unsigned int steps;
	bool inside;
} strike;

#define OBJECTS	2000U

static void give_by_rcu(unsigned int nr)
{
	while (nr-- && strike.nr) {
		struct rcu_head *head = strike.object[--strike.nr];

		rsv_cache_free_rcu(strike.c, head, head);
	}
}

static void strike_works(void)
{
	void *object;

	switch (strike.what) {
	case GIVES_BY_RCU:
		give_by_rcu(1);
		break;
	case GIVES_MANY_BY_RCU:
		give_by_rcu(strike.c->magazine_size + 1);
		break;
	case TAKES_AND_GIVES:
		object = rsv_cache_alloc(strike.c, GFP_ATOMIC);
		rsv_cache_free(strike.c, object);
		break;
	default:
		rsv_rcu_submit_local(strike.c);
	}
}

static void strike_comes(int step)
{
	unsigned long flags;

	if (current != strike.task || strike.inside || strike.calls++ != strike.at)
		return;
	local_irq_save(flags);
	strike.inside = true;
	strike.steps |= BIT(step);
	strike_works();
	strike.inside = false;
	local_irq_restore(flags);
}

static struct strike strike_init(struct kunit *test)
{
	const struct struck_case *k = test->param_value;
	struct rsv_cache *c = rsvt_magazine_cache(test, k->flags);

	return (struct strike){
		.c = c,
		.task = current,
		.object = rsvt_objects_array(test, OBJECTS),
	};
}

/* All objects are used, and this CPU has collected as many as the case says. */
static void set_scene(struct kunit *test)
{
	const struct struck_case *k = test->param_value;

	rsv_rcu_barrier(strike.c->region);
	rsvt_objects_alloc(test, strike.c, strike.object + strike.nr, OBJECTS - strike.nr);
	strike.nr = OBJECTS;
	give_by_rcu(k->before < 0 ? strike.c->magazine_size - 1 : k->before);
}

static void expect_accounts(struct kunit *test)
{
	struct rsv_cache *c = strike.c;

	/* The mutex keeps the work from freeing some between the two counts. */
	mutex_lock(&c->region->rcu_frees.mutex);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active,
			strike.nr + rsvt_cache_count(c).rcu_waiting);
	mutex_unlock(&c->region->rcu_frees.mutex);
	rsv_rcu_barrier(c->region);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).rcu_waiting, 0);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, strike.nr);
}

static void end_strike(void)
{
	rsvt_objects_free(strike.c, strike.object, strike.nr);
}

static void interrupt_at_any_step_does_no_harm(struct kunit *test)
{
	const struct struck_case *k = test->param_value;

	strike = strike_init(test);
	for (strike.what = 0; strike.what < STRIKES; strike.what++) {
		strike.steps = 0;
		for (strike.at = 0;; strike.at++) {
			set_scene(test);
			strike.calls = 0;
			WRITE_ONCE(rsv_step_hook, strike_comes);
			give_by_rcu(1);
			WRITE_ONCE(rsv_step_hook, NULL);
			expect_accounts(test);
			if (strike.calls <= strike.at)
				break;
		}
		if (k->steps)
			KUNIT_EXPECT_EQ(test, strike.steps, BIT(RSV_STEPS) - 1);
	}
	end_strike();
}

static void give_one(void *unused)
{
	give_by_rcu(1);
}

static void interrupt_after_any_instruction_does_no_harm(struct kunit *test)
{
	rsvt_single_step_or_skip(test);
	strike = strike_init(test);
	for (strike.what = 0; strike.what < STRIKES; strike.what++) {
		/* For each of some hundred instructions that would be more than there are. */
		if (strike.what == GIVES_MANY_BY_RCU)
			continue;
		set_scene(test);
		KUNIT_EXPECT_GT(test, rsvt_single_step(test, give_one, NULL, strike_works), 20);
		expect_accounts(test);
	}
	end_strike();
}

static struct kunit_case free_rcu_interrupt_cases[] = {
	KUNIT_CASE_PARAM(interrupt_at_any_step_does_no_harm, struck_gen_params),
	KUNIT_CASE_PARAM(interrupt_after_any_instruction_does_no_harm, struck_gen_params),
	{}};

static struct kunit_suite free_rcu_interrupt_suite = {
	.name = "reservoir_free_rcu_interrupt",
	.init = rsvt_suite_init,
	.test_cases = free_rcu_interrupt_cases,
};

kunit_test_suite(free_rcu_interrupt_suite);
