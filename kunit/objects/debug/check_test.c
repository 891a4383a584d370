// SPDX-License-Identifier: GPL-2.0
/*
 * Red zones, poison and verified freelists: the next allocation or free of a damaged object finds
 * the damage, reports it once, and the cache never uses the object again.
 *
 * A lost object stays in its slab, so the cache and the region cannot be destroyed. A test that
 * loses an object therefore gives it back past the checks: see rsvt_recover().
 */
#include <linux/poison.h>
#include <linux/string.h>

#include "objects/cache.h"
#include "objects/debug/track.h"
#include "objects/engine.h"
#include "objects/mark.h"
#include "objects/stats.h"
#include "pages/pagemap.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/bytes.h"
#include "support/checks.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/suite.h"
#include "support/variants.h"

KUNIT_ARRAY_PARAM_DESC(engines, rsvt_engines, name);

/* Engines whose free objects keep their slots */
static const struct engine_case slab_engines[] = {
	{"slab", RSV_ENGINE_SLAB},
	{"slub", RSV_ENGINE_SLUB},
};

KUNIT_ARRAY_PARAM_DESC(slab_engines, slab_engines, name);

static u64 active(struct rsv_cache *c)
{
	struct rsv_cache_figures now;

	rsv_cache_count(c, &now);
	return now.active;
}

#define OTHERS	300U

/*
 * The cache never allocates a lost object again, and cannot be destroyed. Other objects are not
 * affected.
 */
static void expect_lost(struct kunit *test, struct rsv_cache *c, void *lost)
{
	void **object = kunit_kcalloc(test, OTHERS, sizeof(*object), GFP_KERNEL);
	int err;

	KUNIT_ASSERT_NOT_NULL(test, object);
	rsvt_objects_alloc(test, c, object, OTHERS);
	KUNIT_EXPECT_FALSE(test, rsvt_object_among(lost, object, OTHERS));
	rsvt_objects_free(c, object, OTHERS);
	rsv_cache_shrink(c);
	/* Otherwise the cache would be destroyed, and the test would use it afterwards. */
	KUNIT_ASSERT_EQ(test, active(c), 1);
	EXPECT_MISUSE(test, RSV_IN_USE, err = rsv_cache_destroy(c));
	KUNIT_EXPECT_EQ(test, err, -EBUSY);
	rsvt_recover(test, c, lost);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, c->region);
}

/* --- Nothing wrong -------------------------------------------------------------------------- */

static const unsigned int sizes[] = { 1, 7, 8, 9, 64, 100, 700, 2048, 5000 };

/* Writes to every byte that a user may write to. */
static void use_objects(struct kunit *test, struct rsv_cache *c, void **object, unsigned int nr)
{
	unsigned int i;

	rsvt_objects_alloc(test, c, object, nr);
	for (i = 0; i < nr; i++)
		memset(object[i], i, c->layout.object_size);
	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_NULL(test, memchr_inv(object[i], i, c->layout.object_size));
	for (i = 0; i < nr; i += 2)
		rsv_cache_free(c, object[i]);
	for (i = 1; i < nr; i += 2)
		rsv_cache_free(c, object[i]);
}

static void sound_objects_make_no_report(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_1M);
	unsigned int flags = 0, i, times, engine = rsvt_param_engine(test);
	void *object[SLOW ? 10 : 50];
	struct rsv_cache *c;

	do {
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			c = rsvt_scratch_cache_flags(test, r, sizes[i], 0, engine | flags, NULL);
			for (times = 0; times < 3; times++)
				use_objects(test, c, object, ARRAY_SIZE(object));
			rsvt_scratch_cache_end(test, c);
		}
		flags = (flags - CHECKS) & CHECKS;
	} while (flags);
	EXPECT_UNTOUCHED(test, r);
}

/* --- What is found, and when ---------------------------------------------------------------- */

struct damage_case {
	const char *what;
	unsigned int size;
	unsigned int flags;
	int at;
	enum rsv_misuse misuse;
	const char *words;
};

#define LEFT(byte)    "left red zone overwritten, first at byte " byte " of the object"
#define PADDING(byte) "padding overwritten, first at byte " byte " of the object"
#define POISON(byte)  "poison overwritten, first at byte " byte " of the object"

static const struct damage_case used_damages[] = {
	{"first byte behind", 64, RSV_RED_ZONE, 64, RSV_RED_ZONED, RIGHT("64")},
	{"last byte behind", 64, RSV_RED_ZONE, 71, RSV_RED_ZONED, RIGHT("71")},
	{"behind an odd size", 61, RSV_RED_ZONE, 61, RSV_RED_ZONED, RIGHT("61")},
	{"first byte before", 64, RSV_RED_ZONE, -1, RSV_RED_ZONED, LEFT("-1")},
	{"last byte before", 64, RSV_RED_ZONE, -8, RSV_RED_ZONED, LEFT("-8")},
	{"behind, all checks", 64, CHECKS, 64, RSV_RED_ZONED, RIGHT("64")},
	{"before, large", 3000, CHECKS, -3, RSV_RED_ZONED, LEFT("-3")},
	{"behind, larger than a page", 5000, CHECKS, 5001, RSV_RED_ZONED, RIGHT("5001")},
};

KUNIT_ARRAY_PARAM_DESC(used_damages, used_damages, what);

/* A cache with the checks of the test's parameter, of each engine in turn */
static struct rsv_cache *damage_cache(struct kunit *test, const struct engine_case *engine)
{
	const struct damage_case *k = test->param_value;

	kunit_info(test, "%s", engine->name);
	rsvt_stay_on_this_cpu();
	return rsvt_scratch_cache_flags(test, rsvt_scratch_region(test, SZ_4M), k->size, 0,
					k->flags | engine->flag, NULL);
}

static void write_outside(struct kunit *test, struct rsv_cache *c)
{
	const struct damage_case *k = test->param_value;
	void *object[3];

	rsvt_objects_alloc(test, c, object, 3);
	rsvt_poke_byte(object[1], k->at, 0x12);
	rsv_cache_free(c, object[0]);
	EXPECT_MISUSE(test, k->misuse, rsv_cache_free(c, object[1]));
	rsvt_expect_report_ends(test, k->words);
	rsv_cache_free(c, object[2]);
	/* A lost object counts as free. */
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_cache_free(c, object[1]));
	expect_lost(test, c, object[1]);
}

/* As in lib/slub_kunit.c: the free finds that a red zone of a used object was overwritten. */
static void write_outside_an_object_in_use_is_found_as_it_is_given_back(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rsvt_engines); i++)
		write_outside(test, damage_cache(test, &rsvt_engines[i]));
}

static const struct damage_case free_damages[] = {
	{"first byte behind", 64, RSV_RED_ZONE, 64, RSV_RED_ZONED, RIGHT("64")},
	{"first byte before", 64, RSV_RED_ZONE, -1, RSV_RED_ZONED, LEFT("-1")},
	{"behind, poisoned", 64, RSV_RED_ZONE | RSV_POISON, 64, RSV_RED_ZONED, RIGHT("64")},
	{"before, poisoned", 64, RSV_RED_ZONE | RSV_POISON, -1, RSV_RED_ZONED, LEFT("-1")},
	{"first word", 64, RSV_POISON, 0, RSV_POISONED, POISON("0")},
	{"50th byte", 64, RSV_POISON, 50, RSV_POISONED, POISON("50")},
	{"last byte", 64, RSV_POISON, 63, RSV_POISONED, POISON("63")},
	{"only byte", 1, RSV_POISON, 0, RSV_POISONED, POISON("0")},
	{"all checks", 64, CHECKS, 33, RSV_POISONED, POISON("33")},
	{"larger than a page", 5000, RSV_POISON, 4999, RSV_POISONED, POISON("4999")},
};

KUNIT_ARRAY_PARAM_DESC(free_damages, free_damages, what);

static void write_while_free(struct kunit *test, struct rsv_cache *c)
{
	const struct damage_case *k = test->param_value;
	void *object, *other, *again;

	/*
	 * Without poison, a free object of SLOB is a free block of the heap and has no red zones.
	 */
	if (c->flags & RSV_ENGINE_SLOB && !(c->flags & RSV_POISON))
		return;
	rsvt_objects_alloc(test, c, &other, 1);
	rsvt_objects_alloc(test, c, &object, 1);
	rsv_cache_free(c, object);
	rsvt_poke_byte(object, k->at, 0x9a);
	EXPECT_MISUSE(test, k->misuse, again = rsv_cache_alloc(c, GFP_KERNEL));
	rsvt_expect_report_ends(test, k->words);
	KUNIT_EXPECT_NOT_NULL(test, again);
	KUNIT_EXPECT_PTR_NE(test, again, object);
	rsv_cache_free(c, again);
	rsv_cache_free(c, other);
	expect_lost(test, c, object);
}

/* As in lib/slub_kunit.c: first word after free, 50th byte after free, red zone after free. */
static void write_to_a_free_object_is_found_before_it_is_used_again(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rsvt_engines); i++)
		write_while_free(test, damage_cache(test, &rsvt_engines[i]));
}

/* The bytes between an object's end and the next slot are checked too. */
static void write_to_what_is_left_of_a_slot_is_found(struct kunit *test)
{
	struct rsv_cache *c;
	unsigned int last;
	void *object;

	rsvt_stay_on_this_cpu();
	c = rsvt_scratch_cache_flags(test, rsvt_scratch_region(test, SZ_1M), 60, 64,
				     rsvt_param_engine(test) | RSV_POISON, NULL);
	last = c->layout.stride - c->layout.before - 1;
	KUNIT_ASSERT_GT(test, last, c->layout.mark + RSV_MARK_BYTES);
	rsvt_objects_alloc(test, c, &object, 1);
	rsvt_poke_byte(object, last, 0x12);
	EXPECT_MISUSE(test, RSV_RED_ZONED, rsv_cache_free(c, object));
	rsvt_expect_report_ends(test, rsvt_report_text(test, PADDING("%u"), last));
	expect_lost(test, c, object);
}

static void write_to_the_record_of_owners_is_found(struct kunit *test)
{
	struct rsv_cache *c = rsvt_checked_cache(test, SIZE, RSV_STORE_USER, NULL);
	struct rsv_track track;
	void *object;
	u8 *byte = (u8 *)&track.caller;

	rsvt_objects_alloc(test, c, &object, 1);
	rsvt_peek(&track, object + c->layout.track, sizeof(track));
	*byte ^= 0xff;
	rsvt_poke(object + c->layout.track, &track, sizeof(track));
	EXPECT_MISUSE(test, RSV_RED_ZONED, rsv_cache_free(c, object));
	rsvt_expect_report_ends(test, "record of its owners overwritten");
	expect_lost(test, c, object);
}

/* One overflow can damage two neighbours. Each is reported at its own free. */
static void each_damaged_object_is_reported_once(struct kunit *test)
{
	struct rsv_cache *c = rsvt_checked_cache(test, SIZE, RSV_RED_ZONE, NULL);
	void *object[4];
	unsigned int i;

	rsvt_objects_alloc(test, c, object, 4);
	for (i = 0; i < 4; i++)
		rsvt_poke_byte(object[i], SIZE + 2, 0x12);
	for (i = 0; i < 4; i++) {
		EXPECT_MISUSE(test, RSV_RED_ZONED, rsv_cache_free(c, object[i]));
		rsvt_expect_report_ends(test, RIGHT("66"));
	}
	KUNIT_EXPECT_EQ(test, active(c), 4);
	for (i = 0; i < 4; i++)
		rsvt_recover(test, c, object[i]);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, c->region);
}

/* --- Free lists ----------------------------------------------------------------------------- */

/*
 * The address at which the freelist has the successor of a free object: its link or, with the
 * engine SLAB, its bufctl. Small objects have their bufctls at the beginning of their slab.
 */
static void *next_of(struct rsv_cache *c, void *object, size_t *bytes)
{
	struct rsv_frame *f = rsv_frame_at(rsvt_extent_of(c), object);
	void *bufctls = rsv_frame_addr(rsvt_extent_of(c), rsv_slab_head(rsvt_extent_of(c), f));
	u32 first;

	*bytes = sizeof(unsigned long);
	if (!(c->flags & RSV_ENGINE_SLAB))
		return rsv_mark_at(c, object);
	*bytes = sizeof(u16);
	rsvt_peek(&first, bufctls, sizeof(first));
	return bufctls + sizeof(first) +
	       rsv_slot_index(c, rsv_slab_offset(f, object) - c->layout.before - first) * *bytes;
}

static unsigned long get_next(struct rsv_cache *c, void *object)
{
	unsigned long next = 0;
	size_t bytes;
	void *at = next_of(c, object, &bytes);

	rsvt_peek(&next, at, bytes);
	return next;
}

static void set_next(struct rsv_cache *c, void *object, unsigned long next)
{
	size_t bytes;
	void *at = next_of(c, object, &bytes);

	rsvt_poke(at, &next, bytes);
}

/* Writes an object number that does not exist. */
static void clobber_next(struct rsv_cache *c, void *object)
{
	set_next(c, object, get_next(c, object) ^ 0xff);
}

#define BUFCTL_CACHED	0xfffe

/* Marks an object that is on no list as cached. */
static void mark_cached(struct rsv_cache *c, void *object)
{
	unsigned long mark = rsv_mark_key(c, rsv_mark_at(c, object)) ^ RSV_MARK_CACHED;

	set_next(c, object, c->flags & RSV_ENGINE_SLAB ? BUFCTL_CACHED : mark);
}

static unsigned int carved(struct rsv_cache *c, void *object)
{
	struct rsv_extent *e = rsvt_extent_of(c);
	const struct rsv_frame *slab = rsv_slab_head(e, rsv_frame_at(e, object));
	const union rsv_slab_word word = { .word = slab->slab };

	return word.carved;
}

/* Gives back all carved objects that are not used. Returns their number. */
static unsigned int recover_list(struct kunit *test, struct rsv_cache *c, void *object,
				 unsigned int nr)
{
	struct rsv_extent *e = rsvt_extent_of(c);
	struct rsv_frame *slab = rsv_slab_head(e, rsv_frame_at(e, object));
	void *first = object;
	unsigned int i, lost = 0;

	while (first - c->layout.stride >= rsv_frame_addr(e, slab) + c->layout.bufctl)
		first -= c->layout.stride;
	for (i = 0; i < nr; i++) {
		void *at = first + i * c->layout.stride;
		struct rsv_frame *f = rsv_frame_at(e, at);

		if (c->engine->is_used(c, e, f, at))
			continue;
		mark_cached(c, at);
		KUNIT_EXPECT_EQ(test, c->engine->free(c, NULL, e, f, at), RSV_OK);
		lost++;
	}
	return lost;
}

/*
 * As in lib/slub_kunit.c: three objects are allocated, two freed, and the link of the first is
 * overwritten.
 */
static void overwritten_free_list_is_found_and_not_followed(struct kunit *test)
{
	struct rsv_cache *c = rsvt_checked_cache(test, SIZE, RSV_POISON, NULL);
	void *object[3], *more[2];
	unsigned int nr, lost;

	rsvt_objects_alloc(test, c, object, 3);
	nr = carved(c, object[0]);
	rsvt_objects_free(c, object + 1, 2);
	clobber_next(c, object[2]);
	EXPECT_MISUSE(test, RSV_CORRUPT, rsvt_objects_alloc(test, c, more, 1));
	rsvt_expect_report_ends(test, rsvt_report_text(test, "%u free objects are lost", nr - 1));
	rsvt_objects_alloc(test, c, more + 1, 1);
	KUNIT_EXPECT_FALSE(test, rsvt_object_among(more[0], object, 3));
	KUNIT_EXPECT_FALSE(test, rsvt_object_among(more[1], object, 3));

	lost = recover_list(test, c, object[0], nr);
	KUNIT_EXPECT_EQ(test, lost, nr - 1);
	this_cpu_add(c->cpus->slow_frees, active(c) - 3);
	rsv_cache_free(c, object[0]);
	rsvt_objects_free(c, more, 2);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, c->region);
}

/* With F each free looks through the freelist of the object's slab. */
static void free_list_is_looked_through_if_that_is_asked_for(struct kunit *test)
{
	struct rsv_cache *c = rsvt_checked_cache(test, SIZE, RSV_CACHE_VERIFY, NULL);
	void *object[3];
	unsigned long next;

	rsvt_objects_alloc(test, c, object, 3);
	rsv_cache_free(c, object[1]);
	next = get_next(c, object[1]);
	clobber_next(c, object[1]);
	EXPECT_MISUSE(test, RSV_CORRUPT, rsv_cache_free(c, object[2]));
	rsvt_expect_report_ends(test, "its freelist is wrong");
	/* With the link repaired the freelist is sound again. */
	set_next(c, object[1], next);
	rsv_cache_free(c, object[0]);
	expect_lost(test, c, object[2]);
}

/* --- Poison and constructors ---------------------------------------------------------------- */

static void object_is_poisoned_while_it_is_free(struct kunit *test)
{
	struct rsv_cache *c = rsvt_checked_cache(test, SIZE, RSV_POISON, NULL);
	u8 bytes[SIZE], *object;

	rsvt_objects_alloc(test, c, (void **)&object, 1);
	/* The object still holds its poison. */
	KUNIT_EXPECT_NULL(test, memchr_inv(object, POISON_FREE, SIZE - 1));
	KUNIT_EXPECT_EQ(test, object[SIZE - 1], POISON_END);
	memset(object, 0, SIZE);
	rsv_cache_free(c, object);
	rsvt_peek(bytes, object, SIZE);
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes, POISON_FREE, SIZE - 1));
	KUNIT_EXPECT_EQ(test, bytes[SIZE - 1], POISON_END);
	object = rsv_cache_alloc(c, GFP_KERNEL | __GFP_ZERO);
	KUNIT_ASSERT_NOT_NULL(test, object);
	KUNIT_EXPECT_NULL(test, memchr_inv(object, 0, SIZE));
	rsv_cache_free(c, object);
}

static void red_zones_say_whether_the_object_is_in_use(struct kunit *test)
{
	struct rsv_cache *c = rsvt_checked_cache(test, SIZE, RSV_RED_ZONE | RSV_POISON, NULL);
	u8 bytes[8];
	void *object;

	rsvt_objects_alloc(test, c, &object, 1);
	rsvt_peek(bytes, object + SIZE, 8);
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes, SLUB_RED_ACTIVE, 8));
	rsvt_peek(bytes, object - 8, 8);
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes, SLUB_RED_ACTIVE, 8));
	rsv_cache_free(c, object);
	rsvt_peek(bytes, object + SIZE, 8);
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes, SLUB_RED_INACTIVE, 8));
	rsvt_peek(bytes, object - 8, 8);
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes, SLUB_RED_INACTIVE, 8));
}

static unsigned int constructed;

static void construct(void *object)
{
	memset(object, 0xc5, SIZE);
	constructed++;
}

static void constructed_object_is_never_poisoned_inside(struct kunit *test)
{
	struct rsv_cache *c = rsvt_checked_cache(test, SIZE, CHECKS, construct);
	unsigned int i;
	u8 bytes[SIZE];
	void *object;

	constructed = 0;
	rsvt_objects_alloc(test, c, &object, 1);
	KUNIT_EXPECT_NULL(test, memchr_inv(object, 0xc5, SIZE));
	for (i = 1; i < 5; i++) {
		memset(object, i, SIZE);
		rsv_cache_free(c, object);
		rsvt_peek(bytes, object, SIZE);
		KUNIT_EXPECT_NULL(test, memchr_inv(bytes, i, SIZE));
		KUNIT_EXPECT_PTR_EQ(test, rsv_cache_alloc(c, GFP_KERNEL), object);
		KUNIT_EXPECT_NULL(test, memchr_inv(object, i, SIZE));
	}
	KUNIT_EXPECT_EQ(test, constructed, 1);
	rsv_cache_free(c, object);
}

/* The red zones of a constructed object are checked like those of any other. */
static void overflow_of_a_constructed_object_is_found(struct kunit *test)
{
	struct rsv_cache *c = rsvt_checked_cache(test, SIZE, CHECKS, construct);
	void *object;

	rsvt_objects_alloc(test, c, &object, 1);
	rsvt_poke_byte(object, SIZE, 0x12);
	EXPECT_MISUSE(test, RSV_RED_ZONED, rsv_cache_free(c, object));
	rsvt_expect_report_ends(test, RIGHT("64"));
	expect_lost(test, c, object);
}

static struct kunit_case debug_cases[] = {
	KUNIT_CASE_PARAM(sound_objects_make_no_report, engines_gen_params),
	KUNIT_CASE_PARAM(write_outside_an_object_in_use_is_found_as_it_is_given_back,
			 used_damages_gen_params),
	KUNIT_CASE_PARAM(write_to_a_free_object_is_found_before_it_is_used_again,
			 free_damages_gen_params),
	KUNIT_CASE_PARAM(write_to_what_is_left_of_a_slot_is_found, engines_gen_params),
	KUNIT_CASE_PARAM(write_to_the_record_of_owners_is_found, engines_gen_params),
	KUNIT_CASE_PARAM(each_damaged_object_is_reported_once, engines_gen_params),
	KUNIT_CASE_PARAM(overwritten_free_list_is_found_and_not_followed, slab_engines_gen_params),
	KUNIT_CASE_PARAM(free_list_is_looked_through_if_that_is_asked_for, slab_engines_gen_params),
	KUNIT_CASE_PARAM(object_is_poisoned_while_it_is_free, engines_gen_params),
	KUNIT_CASE_PARAM(red_zones_say_whether_the_object_is_in_use, engines_gen_params),
	KUNIT_CASE_PARAM(constructed_object_is_never_poisoned_inside, engines_gen_params),
	KUNIT_CASE_PARAM(overflow_of_a_constructed_object_is_found, engines_gen_params),
	{}};

static struct kunit_suite debug_suite = {
	.name = "reservoir_debug",
	.init = rsvt_suite_init,
	.test_cases = debug_cases,
};

kunit_test_suite(debug_suite);
