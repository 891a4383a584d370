// SPDX-License-Identifier: GPL-2.0
/*
 * The protocol of the magazines: an interrupt between any two steps of a request, or after any
 * instruction, loses no object, lets no object have two users, and is counted.
 */
#include <linux/hrtimer.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/sched.h>

#include "compat.h"
#include "objects/cpu.h"
#include "objects/magazine.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/magazines.h"
#include "support/single_step.h"
#include "support/suite.h"
#include "support/variants.h"

/**
 * struct holder - objects that a thread or an interrupt has
 * @c: their cache
 * @nr: their number
 * @taken: objects that it allocated
 * @given: objects that it freed
 * @failures: requests that failed
 * @object: the objects
 */
struct holder {
	struct rsv_cache *c;
	unsigned int nr;
	u64 taken;
	u64 given;
	unsigned int failures;
	void **object;
};

static struct holder holder_init(struct kunit *test, struct rsv_cache *c, unsigned int room)
{
	return (struct holder){ .c = c, .object = rsvt_objects_array(test, room) };
}

static void holder_alloc(struct holder *h, unsigned int nr, gfp_t gfp)
{
	while (nr--) {
		h->object[h->nr] = rsv_cache_alloc(h->c, gfp);
		h->failures += !h->object[h->nr];
		h->taken += !!h->object[h->nr];
		h->nr += !!h->object[h->nr];
	}
}

static void holder_free(struct holder *h, unsigned int nr)
{
	for (nr = min(nr, h->nr); nr--; h->given++)
		rsv_cache_free(h->c, h->object[--h->nr]);
}

/* rsv_kfree() finds the cache and has a fast path of its own. */
static void holder_kfree(struct holder *h, unsigned int nr)
{
	for (; nr--; h->given++)
		rsv_kfree(h->object[--h->nr]);
}

static void holder_alloc_bulk(struct holder *h, unsigned int nr, gfp_t gfp)
{
	unsigned int got = rsv_cache_alloc_bulk(h->c, gfp, nr, h->object + h->nr);

	h->failures += nr - got;
	h->taken += got;
	h->nr += got;
}

static void holder_free_bulk(struct holder *h, unsigned int nr)
{
	h->nr -= nr;
	h->given += nr;
	rsv_cache_free_bulk(h->c, nr, h->object + h->nr);
}

static void holder_set(struct holder *h, unsigned int nr)
{
	if (h->nr < nr)
		holder_alloc(h, nr - h->nr, GFP_KERNEL);
	holder_free(h, h->nr - nr);
}

/* Writes numbers from @from on into the objects, or returns whether they are still there. */
static bool holder_numbers(struct holder *h, unsigned int from, bool mark)
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

/* No object has two holders, and every operation was counted. */
static void expect_holders(struct kunit *test, struct holder *a, struct holder *b)
{
	struct rsv_cache_figures now = rsvt_cache_count(a->c);

	holder_numbers(a, 0, true);
	holder_numbers(b, a->nr, true);
	KUNIT_EXPECT_TRUE(test, holder_numbers(a, 0, false));
	KUNIT_EXPECT_TRUE(test, holder_numbers(b, a->nr, false));
	KUNIT_EXPECT_EQ(test, a->failures + b->failures, 0);
	KUNIT_EXPECT_EQ(test, now.active, a->nr + b->nr);
	KUNIT_EXPECT_EQ(test, now.allocs, a->taken + b->taken);
	KUNIT_EXPECT_EQ(test, now.frees, a->given + b->given);
}

/* Both free all their objects, and then every page of the region is free. */
static void holders_empty(struct kunit *test, struct holder *a, struct holder *b)
{
	holder_free(a, a->nr);
	holder_free(b, b->nr);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(a->c).active, 0);
	rsv_cache_shrink(a->c);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(a->c).total, 0);
	rsvt_expect_all_free(test, a->c->region);
}

enum request {
	ALLOC,
	FREE,
	FREE_UNNAMED,
	ALLOC_BULK,
	FREE_BULK
};

/* The work of the interrupt */
enum work {
	TAKES,
	GIVES,
	TAKES_AND_GIVES,
	EXCHANGES,
	WORKS
};

/**
 * struct interrupted_case - a request that is interrupted
 * @what: the request, and the state of the magazines
 * @flags: of the cache
 * @before: how to reach that state from no magazines: + frees and - allocates a magazine's worth of
 *	objects, h frees half of that, g frees one, t allocates one
 * @request: the request
 */
struct interrupted_case {
	const char *what;
	unsigned int flags;
	const char *before;
	enum request request;
};

#define QUEUELESS	(RSV_NO_MAGAZINE | RSV_ENGINE_SLUB)

static const struct interrupted_case interrupted[] = {
	{"alloc, loaded has some", 0, "h", ALLOC},
	{"alloc, previous is full", 0, "++-", ALLOC},
	{"alloc, the depot has a full one", 0, "+++--", ALLOC},
	{"alloc, loaded has some, SLAB", RSV_ENGINE_SLAB, "h", ALLOC},
	{"alloc, loaded has some, SLOB", RSV_ENGINE_SLOB, "h", ALLOC},
	{"alloc, the depot has a full one, SLAB", RSV_ENGINE_SLAB, "+++--", ALLOC},
	{"alloc, the depot has a full one, SLOB", RSV_ENGINE_SLOB, "+++--", ALLOC},
	{"alloc, no magazine", 0, "", ALLOC},
	{"alloc, no magazine, SLAB", RSV_ENGINE_SLAB, "", ALLOC},
	{"alloc, no magazine, SLOB", RSV_ENGINE_SLOB, "", ALLOC},
	{"alloc, no queue", QUEUELESS, "ht", ALLOC},
	{"free, loaded has room", 0, "h", FREE},
	{"free, previous is empty", 0, "++-tg", FREE},
	{"free, the depot has an empty one", 0, "+++---++", FREE},
	{"free, loaded has room, SLAB", RSV_ENGINE_SLAB, "h", FREE},
	{"free, loaded has room, SLOB", RSV_ENGINE_SLOB, "h", FREE},
	{"free, the depot has an empty one, SLAB", RSV_ENGINE_SLAB, "+++---++", FREE},
	{"free, the depot has an empty one, SLOB", RSV_ENGINE_SLOB, "+++---++", FREE},
	{"free, no magazine", 0, "", FREE},
	{"free, no magazine, SLAB", RSV_ENGINE_SLAB, "", FREE},
	{"free, no magazine, SLOB", RSV_ENGINE_SLOB, "", FREE},
	{"free, no queue, another slab", QUEUELESS, "h", FREE},
	{"free, no queue, the active slab", QUEUELESS, "ht", FREE},
	{"kfree, loaded has room", 0, "h", FREE_UNNAMED},
	{"kfree, loaded has room, SLAB", RSV_ENGINE_SLAB, "h", FREE_UNNAMED},
	{"kfree, previous is empty", 0, "++-tg", FREE_UNNAMED},
	{"kfree, the depot has an empty one", 0, "+++---++", FREE_UNNAMED},
	{"kfree, no magazine", 0, "", FREE_UNNAMED},
	{"kfree, no queue, another slab", QUEUELESS, "h", FREE_UNNAMED},
	{"kfree, no queue, the active slab", QUEUELESS, "ht", FREE_UNNAMED},
	{"bulk alloc, the depot has a full one", 0, "+++--", ALLOC_BULK},
	{"bulk alloc, no magazine", 0, "", ALLOC_BULK},
	{"bulk free, the depot has an empty one", 0, "+++---++", FREE_BULK},
	{"bulk free, no magazine", 0, "", FREE_BULK},
};

KUNIT_ARRAY_PARAM_DESC(interrupted, interrupted, what);

/* The interrupt, which the hook of the protocol makes at a certain call */
static struct interrupt {
	struct task_struct *task;
	struct holder holder;
	enum work work;
	unsigned int at;
	unsigned int calls;
	unsigned int steps; /* a bit for each step at which it came */
	bool inside;
} interrupt;

static void interrupt_works(struct holder *h, enum work work)
{
	unsigned int many = 3 * h->c->magazine_size;

	switch (work) {
	case TAKES:
		holder_alloc(h, 1, GFP_ATOMIC);
		break;
	case GIVES:
		holder_free(h, 1);
		break;
	case TAKES_AND_GIVES:
		holder_alloc(h, 2, GFP_ATOMIC);
		holder_free(h, 2);
		break;
	case EXCHANGES:
		holder_free(h, many);
		holder_alloc(h, many, GFP_ATOMIC);
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
	interrupt_works(&interrupt.holder, interrupt.work);
	interrupt.inside = false;
	local_irq_restore(flags);
}

/* Brings the magazines into the state of @before. */
static void set_scene(struct holder *h, const char *before)
{
	unsigned int r = h->c->magazine_size;

	holder_set(h, 8 * r);
	holder_set(&interrupt.holder, 3 * r);
	rsv_cache_shrink(h->c);
	for (; *before; before++)
		switch (*before) {
		case '+':
			holder_free(h, r);
			break;
		case '-':
			holder_alloc(h, r, GFP_KERNEL);
			break;
		case 'h':
			holder_free(h, r / 2);
			break;
		case 'g':
			holder_free(h, 1);
			break;
		case 't':
			holder_alloc(h, 1, GFP_KERNEL);
		}
}

/* Bulk requests are for a magazine's worth of objects and some more. */
static void make_request(struct holder *h, enum request what, gfp_t gfp)
{
	unsigned int many = h->c->magazine_size + 10;

	switch (what) {
	case ALLOC:
		holder_alloc(h, 1, gfp);
		break;
	case FREE:
		holder_free(h, 1);
		break;
	case FREE_UNNAMED:
		holder_kfree(h, 1);
		break;
	case ALLOC_BULK:
		holder_alloc_bulk(h, many, gfp);
		break;
	case FREE_BULK:
		holder_free_bulk(h, many);
	}
}

/* Returns whether the request has such a step. */
static bool interrupt_at(struct holder *h, const struct interrupted_case *k, unsigned int at)
{
	interrupt.at = at;
	interrupt.calls = 0;
	WRITE_ONCE(rsv_step_hook, interrupt_comes);
	make_request(h, k->request, GFP_KERNEL);
	WRITE_ONCE(rsv_step_hook, NULL);
	return interrupt.calls > at;
}

/* Makes the request once for each of its steps, with the interrupt at that step. */
static void interrupt_each_step(struct kunit *test, struct holder *h, enum work work)
{
	const struct interrupted_case *k = test->param_value;
	unsigned int at = 0;

	interrupt.work = work;
	interrupt.steps = 0;
	set_scene(h, k->before);
	while (interrupt_at(h, k, at)) {
		expect_holders(test, h, &interrupt.holder);
		at++;
		set_scene(h, k->before);
	}
	KUNIT_EXPECT_EQ(test, interrupt.steps, BIT(RSV_STEPS) - 1);
}

static void interrupt_between_any_two_steps_does_no_harm(struct kunit *test)
{
	const struct interrupted_case *k = test->param_value;
	struct rsv_cache *c = rsvt_magazine_cache(test, k->flags);
	struct holder h = holder_init(test, c, 12 * c->magazine_size);
	enum work work;

	interrupt = (struct interrupt){
		.task = current,
		.holder = holder_init(test, c, 6 * c->magazine_size),
	};
	for (work = 0; work < WORKS; work++)
		interrupt_each_step(test, &h, work);
	holders_empty(test, &h, &interrupt.holder);
}

/* The interrupt after every instruction: it allocates and frees objects. */

static void interrupt_takes_or_gives(void)
{
	if (interrupt.calls++ % 2)
		holder_free(&interrupt.holder, 1);
	else
		holder_alloc(&interrupt.holder, 1, GFP_ATOMIC);
}

static void interrupt_takes_and_gives(void)
{
	holder_alloc(&interrupt.holder, 2, GFP_ATOMIC);
	holder_free(&interrupt.holder, 2);
}

struct stepped {
	struct holder *h;
	enum request request;
};

static void make_stepped_request(void *data)
{
	const struct stepped *s = data;

	make_request(s->h, s->request, GFP_NOWAIT);
}

/* Every request has more instructions than this. */
#define INSTRUCTIONS	20

static void interrupt_after_any_instruction_does_no_harm(struct kunit *test)
{
	static void (*const works[])(void) = {
		interrupt_takes_or_gives,
		interrupt_takes_and_gives,
	};
	const struct interrupted_case *k = test->param_value;
	struct stepped stepped = { .request = k->request };
	struct rsv_cache *c;
	unsigned int i, nr;
	struct holder h;

	rsvt_single_step_or_skip(test);
	/* Bulk requests have too many instructions for a slow machine. */
	if (SLOW && (k->request == ALLOC_BULK || k->request == FREE_BULK))
		kunit_skip(test, "it would take half a minute here");
	c = rsvt_magazine_cache(test, k->flags);
	h = holder_init(test, c, 12 * c->magazine_size);
	stepped.h = &h;
	interrupt = (struct interrupt){ .holder = holder_init(test, c, 6 * c->magazine_size) };
	for (i = 0; i < ARRAY_SIZE(works); i++) {
		set_scene(&h, k->before);
		interrupt.calls = 0;
		nr = rsvt_single_step(test, make_stepped_request, &stepped, works[i]);
		KUNIT_EXPECT_GT(test, nr, INSTRUCTIONS);
		expect_holders(test, &h, &interrupt.holder);
	}
	holders_empty(test, &h, &interrupt.holder);
}

/* The fast paths have a known number of steps. */
static void fast_paths_have_six_steps_and_one_section(struct kunit *test)
{
	static const enum request requests[] = { ALLOC, FREE, FREE_UNNAMED };
	struct rsv_cache *c = rsvt_magazine_cache(test, 0);
	struct holder h = holder_init(test, c, 12 * c->magazine_size);
	unsigned int i, at;

	for (i = 0; i < ARRAY_SIZE(requests); i++) {
		const struct interrupted_case k = { .request = requests[i] };

		interrupt = (struct interrupt){
			.task = current,
			.holder = holder_init(test, c, 6 * c->magazine_size),
		};
		for (at = 0; at <= RSV_STEPS; at++) {
			set_scene(&h, "h");
			interrupt.steps = 0;
			KUNIT_EXPECT_EQ(test, interrupt_at(&h, &k, at), at < RSV_STEPS);
			KUNIT_EXPECT_EQ(test, interrupt.steps, at < RSV_STEPS ? BIT(at) : 0);
		}
		holder_free(&interrupt.holder, interrupt.holder.nr);
	}
	holder_free(&h, h.nr);
}

/* An interrupt that finds busy set does not touch the magazines, and the engine serves it. */
static void interrupt_that_finds_busy_set_goes_to_the_engine(struct kunit *test)
{
	struct rsv_cache *c = rsvt_magazine_cache(test, 0);
	void **object = rsvt_objects_used(test, c, 10), *taken;
	struct rsv_cpu *cpu = rsvt_this_cpu(c), before;

	rsvt_objects_free(c, object, 9);
	cpu->busy = true;
	before = *cpu;
	taken = rsv_cache_alloc(c, GFP_ATOMIC);
	rsv_cache_free(c, object[9]);
	KUNIT_EXPECT_PTR_EQ(test, cpu->loaded, before.loaded);
	KUNIT_EXPECT_EQ(test, rsv_cpu_nr_loaded(cpu), 9);
	KUNIT_EXPECT_EQ(test, cpu->allocs, before.allocs);
	KUNIT_EXPECT_EQ(test, cpu->frees, before.frees);
	KUNIT_EXPECT_EQ(test, cpu->slow_allocs, before.slow_allocs + 1);
	KUNIT_EXPECT_EQ(test, cpu->slow_frees, before.slow_frees + 1);
	KUNIT_EXPECT_TRUE(test, cpu->busy);
	cpu->busy = false;
	KUNIT_EXPECT_FALSE(test, rsvt_object_among(taken, object, 9));
	rsv_cache_free(c, taken);
}

/**
 * struct hammer - a hard interrupt that allocates and frees objects
 * @timer: its timer
 * @holder: its objects
 * @ticks: number of interrupts
 * @random: decides what it does next
 */
struct hammer {
	struct hrtimer timer;
	struct holder holder;
	unsigned int ticks;
	u32 random;
};

#define HAMMER_NS	200000

static u32 next_random(u32 *random)
{
	return (*random = *random * 1664525 + 1013904223) >> 16;
}

static void strike(struct holder *h, u32 *random, gfp_t gfp)
{
	unsigned int most = 3 * h->c->magazine_size, nr = next_random(random) % 32;

	if (next_random(random) & 1)
		holder_alloc(h, min(nr, most - h->nr), gfp);
	else
		holder_free(h, nr);
}

static enum hrtimer_restart hammer_strikes(struct hrtimer *timer)
{
	struct hammer *h = container_of(timer, struct hammer, timer);

	strike(&h->holder, &h->random, GFP_ATOMIC);
	WRITE_ONCE(h->ticks, h->ticks + 1);
	hrtimer_forward_now(timer, ns_to_ktime(HAMMER_NS));
	return HRTIMER_RESTART;
}

static const struct engine_case hammered[] = {
	{"SLAB", RSV_ENGINE_SLAB},
	{"SLUB", RSV_ENGINE_SLUB},
	{"SLUB without magazines", QUEUELESS},
	{"SLAB without magazines", RSV_NO_MAGAZINE | RSV_ENGINE_SLAB},
	{"SLOB without magazines", RSV_NO_MAGAZINE | RSV_ENGINE_SLOB},
	{"SLOB", RSV_ENGINE_SLOB},
};

KUNIT_ARRAY_PARAM_DESC(hammered, hammered, name);

static void timer_interrupts_break_nothing(struct kunit *test)
{
	const struct engine_case *k = test->param_value;
	struct rsv_cache *c = rsvt_magazine_cache(test, k->flag);
	struct hammer *hammer = kunit_kzalloc(test, sizeof(*hammer), GFP_KERNEL);
	unsigned long start = jiffies;
	struct holder h = holder_init(test, c, 4 * c->magazine_size);
	u32 random = 4711;

	KUNIT_ASSERT_NOT_NULL(test, hammer);
	hammer->holder = holder_init(test, c, 4 * c->magazine_size);
	rsv_hrtimer_setup(&hammer->timer, hammer_strikes, HRTIMER_MODE_REL_PINNED_HARD);
	hrtimer_start(&hammer->timer, ns_to_ktime(HAMMER_NS), HRTIMER_MODE_REL_PINNED_HARD);
	while (time_before(jiffies, start + HZ / 5) ||
	       (READ_ONCE(hammer->ticks) < 10 && time_before(jiffies, start + 10 * HZ))) {
		strike(&h, &random, GFP_KERNEL);
		cond_resched();
	}
	hrtimer_cancel(&hammer->timer);

	KUNIT_EXPECT_GE(test, hammer->ticks, 10);
	expect_holders(test, &h, &hammer->holder);
	holders_empty(test, &h, &hammer->holder);
}

static struct kunit_case magazine_interrupt_cases[] = {
	KUNIT_CASE(fast_paths_have_six_steps_and_one_section),
	KUNIT_CASE_PARAM(interrupt_between_any_two_steps_does_no_harm, interrupted_gen_params),
	KUNIT_CASE_PARAM(interrupt_after_any_instruction_does_no_harm, interrupted_gen_params),
	KUNIT_CASE(interrupt_that_finds_busy_set_goes_to_the_engine),
	KUNIT_CASE_PARAM(timer_interrupts_break_nothing, hammered_gen_params),
	{}};

static struct kunit_suite magazine_interrupt_suite = {
	.name = "reservoir_magazine_interrupt",
	.init = rsvt_suite_init,
	.test_cases = magazine_interrupt_cases,
};

kunit_test_suite(magazine_interrupt_suite);
