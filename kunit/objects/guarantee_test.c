// SPDX-License-Identifier: GPL-2.0
/*
 * Guaranteed objects: the cache has them when the region is exhausted, no other cache gets them,
 * and frees replace them first.
 */
#include <linux/irqflags.h>
#include <linux/poison.h>
#include <linux/string.h>

#include "objects/cache.h"
#include "objects/cpu.h"
#include "objects/magazine.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/bytes.h"
#include "support/figures.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/suite.h"
#include "support/variants.h"

#define SIZE	200

/* Guaranteed objects in most tests */
#define RESERVED	10U

/* More than a cache can have in its slabs whose only objects are these */
#define ROOM	300U

KUNIT_ARRAY_PARAM_DESC(variants, rsvt_variants, what);

static void **room(struct kunit *test)
{
	void **objects = kunit_kcalloc(test, ROOM, sizeof(*objects), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, objects);
	return objects;
}

static struct rsv_cache *reserved_cache(struct kunit *test, unsigned int nr)
{
	struct rsv_cache *c =
		rsvt_param_cache(test, rsvt_scratch_region(test, VARIANT_REGION), SIZE, NULL);

	KUNIT_ASSERT_EQ(test, rsv_cache_reserve(c, nr), 0);
	KUNIT_EXPECT_EQ(test, c->guarantee.nr, nr);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
	return c;
}

/* The memory that other users can get of a region: its pages, and the free blocks of the heap */
struct others {
	struct page **page;
	unsigned long nr;
	struct rsv_cache *c;
	void *object[VARIANT_REGION / SIZE];
	unsigned int objects;
};

static struct others *others_take_all(struct kunit *test, struct rsv_cache *c)
{
	struct others *o = kunit_kzalloc(test, sizeof(*o), GFP_KERNEL);
	struct rsv_region *r = c->region;

	KUNIT_ASSERT_NOT_NULL(test, o);
	o->page = rsvt_pages_array(test, r->nr_pages);
	o->nr = rsvt_pages_alloc(r, GFP_KERNEL, 0, o->page, r->nr_pages);
	/* The heap serves all caches that use SLOB. */
	o->c = rsvt_scratch_cache_flags(test, r, SIZE, 0, RSV_ENGINE_SLOB | RSV_NO_MAGAZINE, NULL);
	o->objects = rsv_cache_alloc_bulk(o->c, GFP_KERNEL, ARRAY_SIZE(o->object), o->object);
	return o;
}

static void others_give_all(struct others *o)
{
	rsv_cache_free_bulk(o->c, o->objects, o->object);
	rsvt_pages_free(o->page, o->nr, 0);
}

/* Allocates as an interrupt does until the cache is exhausted. Returns the number of objects. */
static unsigned int take_all_atomic(struct rsv_cache *c, void **object, unsigned int most)
{
	unsigned int nr;

	for (nr = 0; nr < most; nr++) {
		object[nr] = rsv_cache_alloc(c, GFP_ATOMIC | __GFP_NOWARN);
		if (!object[nr])
			break;
	}
	return nr;
}

static void expect_fastpath(struct kunit *test, struct rsv_cache *c, bool on)
{
	bool possible = !(c->flags & RSV_NO_MAGAZINE);

	KUNIT_EXPECT_EQ(test, READ_ONCE(c->fast), on && possible);
}

/* A request that insists on this node gets guaranteed objects too, and after everything else. */
static void reserved_objects_serve_requests_for_their_node(struct kunit *test)
{
	struct rsv_cache *c = reserved_cache(test, RESERVED);
	const int nid = c->region->extents->at[0]->nid;
	const gfp_t gfp = GFP_ATOMIC | __GFP_THISNODE | __GFP_NOWARN;
	struct others *o = others_take_all(test, c);
	void **object = room(test);
	unsigned int nr = 0;

	rsv_cache_shrink(c);
	while (nr < ROOM && (object[nr] = rsv_cache_alloc_node(c, gfp, nid))) {
		if (++nr <= RESERVED)
			KUNIT_EXPECT_GE(test, c->guarantee.nr, RESERVED - nr);
	}
	KUNIT_EXPECT_GE(test, nr, RESERVED);
	KUNIT_EXPECT_LT(test, nr, ROOM);
	KUNIT_EXPECT_EQ(test, c->guarantee.nr, 0);
	rsvt_objects_free(c, object, nr);
	KUNIT_EXPECT_EQ(test, c->guarantee.nr, RESERVED);
	others_give_all(o);
}

/* --- What is guaranteed --------------------------------------------------------------------- */

static void reserved_objects_are_there_when_others_exhausted_the_region(struct kunit *test)
{
	struct rsv_cache *c = reserved_cache(test, RESERVED);
	struct others *o = others_take_all(test, c);
	void **object = room(test);
	unsigned int nr;

	rsv_cache_shrink(c);
	KUNIT_EXPECT_EQ(test, c->guarantee.nr, RESERVED);
	nr = take_all_atomic(c, object, ROOM);
	KUNIT_EXPECT_GE(test, nr, RESERVED);
	KUNIT_EXPECT_LT(test, nr, ROOM);
	KUNIT_EXPECT_EQ(test, c->guarantee.nr, 0);
	rsvt_objects_free(c, object, nr);
	others_give_all(o);
}

/*
 * The other free objects of the cache serve first, with the fast path on. The reserve serves last,
 * with the fast path off, and has exactly as many objects as were reserved.
 */
static void reserved_objects_come_last_and_are_as_many_as_asked_for(struct kunit *test)
{
	struct rsv_cache *c = reserved_cache(test, RESERVED);
	struct others *o = others_take_all(test, c);
	unsigned int nr = 0, left;
	void **object = room(test);

	while (c->guarantee.nr == RESERVED && nr < ROOM) {
		expect_fastpath(test, c, true);
		rsvt_objects_alloc(test, c, object + nr++, 1);
	}
	for (left = RESERVED - 1; left; left--) {
		KUNIT_EXPECT_EQ(test, c->guarantee.nr, left);
		expect_fastpath(test, c, false);
		rsvt_objects_alloc(test, c, object + nr++, 1);
	}
	KUNIT_EXPECT_NULL(test, rsv_cache_alloc(c, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, rsv_cache_alloc(c, GFP_ATOMIC));
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, nr);
	rsvt_objects_free(c, object, nr);
	others_give_all(o);
}

static void interrupt_gets_a_reserved_object_with_the_magazines_busy(struct kunit *test)
{
	struct rsv_cache *c = reserved_cache(test, RESERVED);
	struct others *o = others_take_all(test, c);
	struct rsv_cpu *cpu = per_cpu_ptr(c->cpus, raw_smp_processor_id());
	unsigned long flags;
	void **object = room(test);
	unsigned int nr;

	cpu->busy = true;
	local_irq_save(flags);
	nr = take_all_atomic(c, object, ROOM);
	local_irq_restore(flags);
	cpu->busy = false;
	KUNIT_EXPECT_GE(test, nr, RESERVED);
	KUNIT_EXPECT_EQ(test, c->guarantee.nr, 0);
	rsvt_objects_free(c, object, nr);
	others_give_all(o);
}

static void other_caches_and_pages_get_none_of_them(struct kunit *test)
{
	struct rsv_cache *c = reserved_cache(test, RESERVED);
	struct rsv_cache *d = rsvt_param_cache(test, c->region, SIZE, NULL);
	unsigned int most = VARIANT_REGION / SIZE, nr, i;
	void **object = kunit_kcalloc(test, most, sizeof(*object), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, object);
	nr = rsv_cache_alloc_bulk(d, GFP_KERNEL, most, object);
	KUNIT_EXPECT_LT(test, nr, most);
	for (i = 0; i < RESERVED; i++)
		KUNIT_EXPECT_FALSE(test, rsvt_object_among(c->guarantee.pages->object[i], object,
							   nr));
	KUNIT_EXPECT_EQ(test, c->guarantee.nr, RESERVED);
	rsv_cache_free_bulk(d, nr, object);
}

/* --- Refilling ------------------------------------------------------------------------------ */

static void what_is_given_back_takes_the_place_of_what_is_missing(struct kunit *test)
{
	struct rsv_cache *c = reserved_cache(test, RESERVED);
	struct others *o = others_take_all(test, c);
	struct rsv_cpu *cpu = per_cpu_ptr(c->cpus, raw_smp_processor_id());
	unsigned int nr, i, held;
	void **object = room(test);

	nr = take_all_atomic(c, object, ROOM);
	KUNIT_ASSERT_GE(test, nr, RESERVED);
	held = rsv_cpu_nr_loaded(cpu);
	for (i = 1; i <= RESERVED; i++) {
		expect_fastpath(test, c, false);
		rsv_cache_free(c, object[--nr]);
		KUNIT_EXPECT_EQ(test, c->guarantee.nr, i);
		KUNIT_EXPECT_EQ(test, rsv_cpu_nr_loaded(cpu), held);
	}
	expect_fastpath(test, c, true);
	/* No guaranteed object is missing, so the next frees go to magazines and the engine. */
	rsvt_objects_free(c, object, nr);
	KUNIT_EXPECT_EQ(test, c->guarantee.nr, RESERVED);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
	others_give_all(o);
}

static void bulk_and_misuse_pass_the_reserve_as_well(struct kunit *test)
{
	struct rsv_cache *c = reserved_cache(test, RESERVED);
	struct others *o = others_take_all(test, c);
	void **object = room(test), *again;
	unsigned int nr;

	nr = rsv_cache_alloc_bulk(c, GFP_KERNEL, ROOM, object);
	KUNIT_EXPECT_EQ(test, c->guarantee.nr, 0);
	again = object[0];
	rsv_cache_free_bulk(c, nr, object);
	KUNIT_EXPECT_EQ(test, c->guarantee.nr, RESERVED);
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_cache_free(c, again));
	KUNIT_EXPECT_EQ(test, c->guarantee.nr, RESERVED);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
	others_give_all(o);
}

static void objects_are_given_back_to_the_reserve_before_anybody_waits(struct kunit *test)
{
	struct rsv_cache *c = reserved_cache(test, 1);
	struct others *o = others_take_all(test, c);
	void **object = room(test), *last;
	unsigned int nr = take_all_atomic(c, object, ROOM), i;

	for (i = 0; i < 100; i++) {
		last = object[nr - 1];
		rsv_cache_free(c, last);
		KUNIT_EXPECT_PTR_EQ(test, c->guarantee.pages->object[0], last);
		KUNIT_EXPECT_PTR_EQ(test, rsv_cache_alloc(c, GFP_ATOMIC), last);
	}
	rsvt_objects_free(c, object, nr);
	others_give_all(o);
}

/* --- Constructors --------------------------------------------------------------------------- */

#define MAGIC	0x67756172U

static unsigned int constructed;

static void construct(void *object)
{
	memset32(object, MAGIC, SIZE / 4);
	constructed++;
}

static void reserved_objects_are_constructed_once(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, SIZE, construct);
	void **object = room(test);
	unsigned int nr, made, i;
	struct others *o;

	constructed = 0;
	KUNIT_ASSERT_EQ(test, rsv_cache_reserve(c, RESERVED), 0);
	KUNIT_EXPECT_GE(test, constructed, RESERVED);
	o = others_take_all(test, c);
	nr = take_all_atomic(c, object, ROOM);
	made = constructed;
	KUNIT_EXPECT_EQ(test, made, nr);
	for (i = 0; i < nr; i++) {
		KUNIT_EXPECT_EQ(test, ((u32 *)object[i])[0], MAGIC);
		KUNIT_EXPECT_EQ(test, ((u32 *)object[i])[SIZE / 4 - 1], MAGIC);
	}
	rsvt_objects_free(c, object, nr);
	nr = take_all_atomic(c, object, ROOM);
	KUNIT_EXPECT_EQ(test, constructed, made);
	rsvt_objects_free(c, object, nr);
	others_give_all(o);
}

/* --- Resizing ------------------------------------------------------------------------------- */

static void expect_reserve(struct kunit *test, struct rsv_cache *c, unsigned int nr)
{
	KUNIT_EXPECT_EQ(test, rsv_cache_reserve(c, nr), 0);
	KUNIT_EXPECT_EQ(test, c->guarantee.nr, nr);
	KUNIT_EXPECT_EQ(test, c->guarantee.target, nr);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
	expect_fastpath(test, c, true);
}

static void reserve_can_be_resized_and_ended(struct kunit *test)
{
	static const unsigned int sizes[] = { 1, 100, 30, 31, 30, 0, 5, 0, 0 };
	struct rsv_cache *c = reserved_cache(test, 0);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		expect_reserve(test, c, sizes[i]);
	KUNIT_EXPECT_EQ(test, c->guarantee.room, 0);
	rsv_cache_shrink(c);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).total, 0);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, c->region);
}

/* Used objects are none of the guaranteed ones. */
static void reserve_can_be_resized_while_objects_are_out(struct kunit *test)
{
	struct rsv_cache *c = reserved_cache(test, RESERVED);
	void *object[50];

	rsvt_objects_alloc(test, c, object, ARRAY_SIZE(object));
	KUNIT_EXPECT_EQ(test, rsv_cache_reserve(c, 3 * RESERVED), 0);
	KUNIT_EXPECT_EQ(test, c->guarantee.nr, 3 * RESERVED);
	KUNIT_EXPECT_EQ(test, rsv_cache_reserve(c, 2), 0);
	KUNIT_EXPECT_EQ(test, c->guarantee.nr, 2);
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, ARRAY_SIZE(object));
	rsvt_objects_free(c, object, ARRAY_SIZE(object));
	KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
	KUNIT_EXPECT_EQ(test, c->guarantee.nr, 2);
}

/* The table of objects fits into the region and the objects do not, or the table does not fit. */
static const unsigned int too_many[] = { 2 * VARIANT_REGION / SIZE, VARIANT_REGION, UINT_MAX };

static void reserve_that_cannot_be_had_leaves_the_former_one(struct kunit *test)
{
	struct rsv_cache *c = reserved_cache(test, RESERVED);
	unsigned int i;
	u64 had;

	rsv_cache_shrink(c);
	rsvt_scratch_shrink(c->region);
	had = rsvt_region_free_pages(c->region);
	for (i = 0; i < ARRAY_SIZE(too_many); i++) {
		KUNIT_EXPECT_EQ(test, rsv_cache_reserve(c, too_many[i]), -ENOMEM);
		KUNIT_EXPECT_EQ(test, c->guarantee.nr, RESERVED);
		KUNIT_EXPECT_EQ(test, c->guarantee.target, RESERVED);
		expect_fastpath(test, c, true);
		KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, 0);
		expect_reserve(test, c, RESERVED);
		rsv_cache_shrink(c);
		rsvt_scratch_shrink(c->region);
		KUNIT_EXPECT_GE(test, rsvt_region_free_pages(c->region), had);
	}
	expect_reserve(test, c, 0);
}

/* A reserve that is partly used cannot grow, and frees refill it all the same. */
static void reserve_that_is_out_cannot_grow_and_is_refilled(struct kunit *test)
{
	struct rsv_cache *c = reserved_cache(test, RESERVED);
	struct others *o = others_take_all(test, c);
	void **object = room(test);
	unsigned int nr = take_all_atomic(c, object, ROOM);

	KUNIT_EXPECT_EQ(test, rsv_cache_reserve(c, 2 * RESERVED), -ENOMEM);
	KUNIT_EXPECT_EQ(test, c->guarantee.target, RESERVED);
	rsvt_objects_free(c, object, nr);
	KUNIT_EXPECT_EQ(test, c->guarantee.nr, RESERVED);
	expect_fastpath(test, c, true);
	others_give_all(o);
}

/* --- Ends ----------------------------------------------------------------------------------- */

static void destroying_a_cache_gives_its_reserve_back(struct kunit *test)
{
	struct rsv_cache *c = reserved_cache(test, 100);
	struct rsv_region *r = c->region;

	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

static void shrinking_and_age_leave_the_reserve_alone(struct kunit *test)
{
	struct rsv_cache *c = reserved_cache(test, 100);
	void *first = c->guarantee.pages->object[0];
	unsigned int i;

	for (i = 0; i < 3; i++)
		rsv_cache_shrink(c);
	rsvt_settle(c->region);
	KUNIT_EXPECT_EQ(test, c->guarantee.nr, 100);
	KUNIT_EXPECT_PTR_EQ(test, c->guarantee.pages->object[0], first);
}

/* --- Checked objects ------------------------------------------------------------------------ */

static const struct variant checked[] = {
	{"slab", RSV_ENGINE_SLAB},
	{"slub", RSV_ENGINE_SLUB},
	{"slob", RSV_ENGINE_SLOB},
};

KUNIT_ARRAY_PARAM_DESC(checked, checked, what);

static void objects_of_a_reserve_are_checked_too(struct kunit *test)
{
	const struct variant *v = test->param_value;
	struct rsv_cache *c =
		rsvt_scratch_cache_flags(test, rsvt_scratch_region(test, VARIANT_REGION), SIZE, 0,
					 v->flags | RSV_RED_ZONE | RSV_POISON, NULL);
	void **object = room(test);
	struct others *o;
	u8 bytes[SIZE];
	unsigned int nr;

	KUNIT_ASSERT_EQ(test, rsv_cache_reserve(c, RESERVED), 0);
	o = others_take_all(test, c);
	nr = take_all_atomic(c, object, ROOM);
	KUNIT_EXPECT_GE(test, nr, RESERVED);
	memset(object[nr - 1], 0x5a, SIZE);
	rsvt_objects_free(c, object, nr);
	KUNIT_EXPECT_EQ(test, c->guarantee.nr, RESERVED);
	rsvt_peek(bytes, c->guarantee.pages->object[0], SIZE);
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes, POISON_FREE, SIZE - 1));
	KUNIT_EXPECT_EQ(test, bytes[SIZE - 1], POISON_END);
	others_give_all(o);
}

static struct kunit_case guarantee_cases[] = {
	KUNIT_CASE_PARAM(reserved_objects_are_there_when_others_exhausted_the_region,
			 variants_gen_params),
	KUNIT_CASE_PARAM(reserved_objects_serve_requests_for_their_node, variants_gen_params),
	KUNIT_CASE_PARAM(reserved_objects_come_last_and_are_as_many_as_asked_for,
			 variants_gen_params),
	KUNIT_CASE_PARAM(interrupt_gets_a_reserved_object_with_the_magazines_busy,
			 variants_gen_params),
	KUNIT_CASE_PARAM(other_caches_and_pages_get_none_of_them, variants_gen_params),
	KUNIT_CASE_PARAM(what_is_given_back_takes_the_place_of_what_is_missing,
			 variants_gen_params),
	KUNIT_CASE_PARAM(bulk_and_misuse_pass_the_reserve_as_well, variants_gen_params),
	KUNIT_CASE_PARAM(objects_are_given_back_to_the_reserve_before_anybody_waits,
			 variants_gen_params),
	KUNIT_CASE_PARAM(reserved_objects_are_constructed_once, variants_gen_params),
	KUNIT_CASE_PARAM(reserve_can_be_resized_and_ended, variants_gen_params),
	KUNIT_CASE_PARAM(reserve_can_be_resized_while_objects_are_out, variants_gen_params),
	KUNIT_CASE_PARAM(reserve_that_cannot_be_had_leaves_the_former_one, variants_gen_params),
	KUNIT_CASE_PARAM(reserve_that_is_out_cannot_grow_and_is_refilled, variants_gen_params),
	KUNIT_CASE_PARAM(destroying_a_cache_gives_its_reserve_back, variants_gen_params),
	KUNIT_CASE_PARAM(shrinking_and_age_leave_the_reserve_alone, variants_gen_params),
	KUNIT_CASE_PARAM(objects_of_a_reserve_are_checked_too, checked_gen_params),
	{}};

static struct kunit_suite guarantee_suite = {
	.name = "reservoir_guarantee",
	.init = rsvt_suite_init,
	.test_cases = guarantee_cases,
};

kunit_test_suite(guarantee_suite);
