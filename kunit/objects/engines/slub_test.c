// SPDX-License-Identifier: GPL-2.0
/*
 * The engine SLUB: freelists that survive overwritten objects, links that are obfuscated and in
 * random order, active slabs, and caches without a queue.
 */
#include <linux/delay.h>
#include <linux/percpu.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/topology.h>

#include "objects/cache.h"
#include "objects/cpu.h"
#include "objects/engine.h"
#include "objects/magazine.h"
#include "objects/mark.h"
#include "pages/pagemap.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/bytes.h"
#include "support/figures.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/suite.h"

/*
 * Six objects of this size fill a slab of three pages, with their link inside (8 bytes remain) or
 * behind the object.
 */
#define SIZE	 2040
#define PER_SLAB	6

/* The value that a stray write puts into a free object */
static const unsigned long junk = 0x6b6b6b6b;

static void construct(void *object)
{
	memset(object, 0xc7, SIZE);
}

struct kind_of_cache {
	const char *what;
	void (*ctor)(void *object);
};

static const struct kind_of_cache kinds[] = {
	{"link inside the object", NULL},
	{"link behind the constructed object", construct},
};

KUNIT_ARRAY_PARAM_DESC(kinds, kinds, what);

static struct rsv_cache *cache_of_kind(struct kunit *test, struct rsv_region *r)
{
	const struct kind_of_cache *kind = test->param_value;

	return rsvt_scratch_cache_ctor(test, r, SIZE, 0, kind->ctor);
}

/*
 * The second of three free objects is overwritten. The first can still be allocated. Then the
 * engine abandons the slab's freelist and loses two objects, so that no user gets them. Only the
 * test knows these two, and gives them back.
 */
static void free_object_that_was_written_to_is_found_and_not_handed_out(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = cache_of_kind(test, r);
	void *object[PER_SLAB], *next, *others[PER_SLAB];

	rsvt_objects_alloc(test, c, object, PER_SLAB);
	rsv_cache_free(c, object[4]);
	rsv_cache_free(c, object[3]);
	rsv_cache_free(c, object[1]);
	rsvt_poke(object[3] + c->layout.mark, &junk, sizeof(junk));

	rsvt_objects_alloc(test, c, &next, 1);
	KUNIT_EXPECT_PTR_EQ(test, next, object[1]);
	EXPECT_MISUSE(test, RSV_CORRUPT, rsvt_objects_alloc(test, c, others, 1));
	rsvt_objects_alloc(test, c, others + 1, PER_SLAB - 1);
	KUNIT_EXPECT_FALSE(test, rsvt_object_among(object[3], others, PER_SLAB));
	KUNIT_EXPECT_FALSE(test, rsvt_object_among(object[4], others, PER_SLAB));
	EXPECT_SLABS(test, c, 2, 0, 0);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).active_objects, 2 * PER_SLAB);

	rsvt_objects_free(c, others, PER_SLAB);
	rsvt_poke(object[4] + c->layout.mark, &junk, sizeof(junk));
	rsvt_objects_free(c, object, PER_SLAB);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).active_objects, 0);
	KUNIT_EXPECT_EQ(test, rsv_cache_shrink(c), 2);
	EXPECT_FREE_AREAS(test, r, [6] = 1);
}

/* --- Links and slabs ------------------------------------------------------------------------ */

static struct rsv_frame *slab_of(const struct rsv_cache *c, const void *object)
{
	struct rsv_extent *e = c->region->extents->at[0];

	return rsv_slab_head(e, rsv_frame_at(e, object));
}

static union rsv_slab_word word_of(const struct rsv_cache *c, const void *object)
{
	return (union rsv_slab_word){ .word = slab_of(c, object)->slab };
}

static unsigned int carved_of(const struct rsv_cache *c, const void *object)
{
	return word_of(c, object).carved;
}

static unsigned int inuse_of(const struct rsv_cache *c, const void *object)
{
	return word_of(c, object).inuse;
}

/* The number of the first object on the slab's freelist */
static unsigned int first_free_of(const struct rsv_cache *c, const void *object)
{
	return word_of(c, object).free;
}

static unsigned int index_of(const struct rsv_cache *c, const void *object)
{
	return rsv_slot_index(c, rsv_slab_offset(rsv_frame_at(c->region->extents->at[0], object),
						 object));
}

/* The link of a free object, as it is in memory */
static unsigned long link_of(const struct rsv_cache *c, const void *object)
{
	unsigned long link;

	rsvt_peek(&link, object + c->layout.mark, sizeof(link));
	return link;
}

/* The link, decoded */
static unsigned long link_meaning(const struct rsv_cache *c, const void *object)
{
	return link_of(c, object) ^ rsv_mark_key(c, object + c->layout.mark);
}

static void free_list_is_threaded_through_the_free_objects(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = cache_of_kind(test, r);
	void *object[PER_SLAB];
	unsigned int i;

	KUNIT_EXPECT_EQ(test, c->layout.mark < c->layout.object_size, !c->ctor);
	rsvt_objects_alloc(test, c, object, PER_SLAB);
	for (i = 0; i < PER_SLAB; i++) {
		rsv_cache_free(c, object[i]);
		KUNIT_EXPECT_EQ(test, first_free_of(c, object[0]), index_of(c, object[i]));
		KUNIT_EXPECT_EQ(test, link_meaning(c, object[i]),
				i ? index_of(c, object[i - 1]) : RSV_SLAB_NONE);
	}
}

/* Makes an object of a slab the only free one of its slab, and returns it. */
static void *only_free(struct kunit *test, struct rsv_cache *c, void **object, unsigned int index)
{
	unsigned int i;

	rsvt_objects_alloc(test, c, object, PER_SLAB);
	for (i = 0; i < PER_SLAB - 1 && index_of(c, object[i]) != index; i++)
		;
	swap(object[i], object[PER_SLAB - 1]);
	KUNIT_ASSERT_EQ(test, index_of(c, object[PER_SLAB - 1]), index);
	rsv_cache_free(c, object[PER_SLAB - 1]);
	return object[PER_SLAB - 1];
}

static void links_are_obfuscated_by_the_cache_and_by_their_address(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = cache_of_kind(test, r), *d = cache_of_kind(test, r);
	unsigned long first, other;
	void *object[PER_SLAB], *p;

	p = only_free(test, c, object, 0);
	first = link_of(c, p);
	KUNIT_EXPECT_EQ(test, link_meaning(c, p), RSV_SLAB_NONE);
	KUNIT_EXPECT_NE(test, first, RSV_SLAB_NONE);
	rsvt_objects_free(c, object, PER_SLAB - 1);

	/* The same successor at another address of the same cache */
	p = only_free(test, c, object, 1);
	KUNIT_EXPECT_EQ(test, link_meaning(c, p), RSV_SLAB_NONE);
	other = link_of(c, p);
	KUNIT_EXPECT_NE(test, first, other);
	/* Two links do not reveal the distance of their addresses. */
	KUNIT_EXPECT_NE(test, first ^ other, c->layout.stride);
	rsvt_objects_free(c, object, PER_SLAB - 1);
	rsv_cache_shrink(c);

	/* The same successor at the same address, in another cache */
	KUNIT_ASSERT_EQ(test, d->layout.stride, c->layout.stride);
	p = only_free(test, d, object, 0);
	KUNIT_ASSERT_PTR_EQ(test, p, rsvt_scratch_base(r));
	KUNIT_EXPECT_EQ(test, link_meaning(d, p), RSV_SLAB_NONE);
	KUNIT_EXPECT_NE(test, link_of(d, p), first);
	rsvt_objects_free(d, object, PER_SLAB - 1);
}

static void objects_of_a_batch_come_in_random_order(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	unsigned int tries, i, at, seen, in_order = 0;
	void *object[16], *before[16];

	for (tries = 0; tries < 4; tries++) {
		struct rsv_cache *c = rsvt_scratch_cache(test, r, 100, 0);

		rsvt_objects_alloc(test, c, object, ARRAY_SIZE(object));
		for (i = 0, seen = 0, at = 1; i < ARRAY_SIZE(object); i++) {
			seen |= 1U << index_of(c, object[i]);
			at += i && object[i] == object[i - 1] + c->layout.stride;
		}
		KUNIT_EXPECT_EQ(test, seen, 0xffff);
		in_order += at == ARRAY_SIZE(object);
		in_order += tries && !memcmp(before, object, sizeof(object));
		memcpy(before, object, sizeof(object));
		rsvt_objects_free(c, object, ARRAY_SIZE(object));
		rsvt_scratch_cache_end(test, c);
	}
	/* By chance this fails once in 16 factorial times. */
	KUNIT_EXPECT_EQ(test, in_order, 0);
}

static void slab_is_carved_a_batch_at_a_time(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = rsvt_scratch_cache(test, r, 100, 0);
	void **object = kunit_kcalloc(test, c->layout.objects, sizeof(*object), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, object);
	KUNIT_ASSERT_GT(test, c->layout.objects, 64);
	for (i = 0; i < c->layout.objects; i++) {
		rsvt_objects_alloc(test, c, &object[i], 1);
		KUNIT_ASSERT_EQ(test, inuse_of(c, object[i]), i + 1);
		KUNIT_ASSERT_EQ(test, carved_of(c, object[i]),
				min(round_up(i + 1, 16), c->layout.objects));
	}
	EXPECT_SLABS(test, c, 1, 0, 0);
	rsvt_objects_free(c, object, c->layout.objects);
}

/* Of three slabs the one with the fewest free objects serves first, the one with the most last. */
static void fullest_slab_serves_first(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = cache_of_kind(test, r);
	static const unsigned int nr[] = { 1, 3, 5 };
	void *object[3 * PER_SLAB], *again;
	unsigned int slab, i;

	rsvt_objects_alloc(test, c, object, ARRAY_SIZE(object));
	for (slab = 0; slab < 3; slab++)
		rsvt_objects_free(c, object + slab * PER_SLAB, nr[slab]);
	for (slab = 0; slab < 3; slab++)
		for (i = 0; i < nr[slab]; i++) {
			rsvt_objects_alloc(test, c, &again, 1);
			KUNIT_EXPECT_TRUE(test, rsvt_object_among(again, object + slab * PER_SLAB,
								  nr[slab]));
		}
	EXPECT_SLABS(test, c, 3, 0, 0);
	rsvt_objects_free(c, object, ARRAY_SIZE(object));
}

/* --- Without a queue ------------------------------------------------------------------------ */

static struct rsv_frame *active_of(struct rsv_cache *c)
{
	return per_cpu_ptr(c->cpus, raw_smp_processor_id())->active;
}

/* A cache whose memory is of the CPU's node: the CPU has no active slab of another node. */
static struct rsv_cache *queueless_cache_of(struct kunit *test, unsigned int cpu)
{
	const struct kind_of_cache *kind = test->param_value;
	struct rsv_reserve want = { .bytes = SZ_1M, .flags = RSV_RESERVE_NODE };
	struct rsv_region *r;

	want.nid = cpu_to_mem(cpu);
	r = rsvt_scratch_region_or_skip(test, &want, 1);
	return rsvt_scratch_cache_flags(test, r, SIZE, 0, RSV_ENGINE_SLUB | RSV_NO_MAGAZINE,
					kind->ctor);
}

static struct rsv_cache *queueless_cache(struct kunit *test)
{
	rsvt_stay_on_this_cpu();
	return queueless_cache_of(test, raw_smp_processor_id());
}

static void object_of_the_active_slab_is_the_next_one_handed_out(struct kunit *test)
{
	struct rsv_cache *c = queueless_cache(test);
	void *object[PER_SLAB - 2], *again;
	unsigned int i;

	/* The CPU has cached two others with these. */
	rsvt_objects_alloc(test, c, object, ARRAY_SIZE(object));
	KUNIT_EXPECT_PTR_EQ(test, active_of(c), slab_of(c, object[0]));
	KUNIT_EXPECT_TRUE(test, word_of(c, object[0]).frozen);
	KUNIT_EXPECT_EQ(test, inuse_of(c, object[0]), PER_SLAB);
	for (i = 0; i < ARRAY_SIZE(object); i++) {
		rsv_cache_free(c, object[i]);
		KUNIT_EXPECT_EQ(test, inuse_of(c, object[0]), PER_SLAB);
		rsvt_objects_alloc(test, c, &again, 1);
		KUNIT_EXPECT_PTR_EQ(test, again, object[i]);
	}
	rsvt_objects_free(c, object, ARRAY_SIZE(object));
}

/* The frame of the slab shows the free at once, since no magazine caches the object. */
static void object_of_another_slab_goes_to_its_frame_at_once(struct kunit *test)
{
	struct rsv_cache *c = queueless_cache(test);
	void *object[3 * PER_SLAB], *again;
	unsigned int i;

	rsvt_objects_alloc(test, c, object, ARRAY_SIZE(object));
	for (i = 0; i < 3; i++) {
		rsv_cache_free(c, object[i]);
		KUNIT_EXPECT_EQ(test, inuse_of(c, object[0]), PER_SLAB - 1 - i);
		KUNIT_EXPECT_EQ(test, first_free_of(c, object[0]), index_of(c, object[i]));
	}
	/* The active slab is exhausted, and the other slab becomes active. */
	rsvt_objects_alloc(test, c, &again, 1);
	KUNIT_EXPECT_PTR_EQ(test, again, object[2]);
	KUNIT_EXPECT_PTR_EQ(test, active_of(c), slab_of(c, object[0]));
	rsvt_objects_alloc(test, c, object + 1, 1);
	rsvt_objects_alloc(test, c, object, 1);
	rsvt_objects_free(c, object, ARRAY_SIZE(object));
	KUNIT_EXPECT_GT(test, rsv_cache_shrink(c), 0);
	KUNIT_EXPECT_NULL(test, active_of(c));
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, c->region);
}

/**
 * struct locked_free - frees while another CPU holds the lock of the objects' node
 * @c: their cache
 * @object: objects of the active slab of the other CPU
 * @holds: the other CPU has taken the lock
 * @given: the objects were freed
 * @late: the other CPU waited two seconds for @given and dropped the lock
 * @done: the other CPU has dropped the lock and does not touch this structure any more
 */
struct locked_free {
	struct rsv_cache *c;
	void *object[PER_SLAB - 2];
	bool holds;
	bool given;
	bool late;
	bool done;
};

static void take_there(void *data)
{
	struct locked_free *l = data;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(l->object); i++)
		l->object[i] = rsv_cache_alloc(l->c, GFP_ATOMIC);
}

static void hold_until_freed(void *data)
{
	struct locked_free *l = data;
	raw_spinlock_t *lock = &l->c->nodes[l->c->region->extents->at[0]->nid]->lock;
	unsigned int ms;

	raw_spin_lock(lock);
	WRITE_ONCE(l->holds, true);
	for (ms = 0; !READ_ONCE(l->given) && ms < 2000; ms++)
		mdelay(1);
	raw_spin_unlock(lock);
	l->late = ms == 2000;
	/* Pairs with the wait at the end of the test. */
	smp_store_release(&l->done, true);
}

/* The free does not wait for the node's lock, however long another CPU holds it. */
static void object_of_another_cpus_slab_is_given_back_without_the_lock(struct kunit *test)
{
	struct locked_free l = {};
	unsigned int cpu;

	rsvt_stay_on_this_cpu();
	cpu = rsvt_other_cpu(test);
	l.c = queueless_cache_of(test, cpu);
	smp_call_function_single(cpu, take_there, &l, true);
	KUNIT_ASSERT_NOT_NULL(test, l.object[ARRAY_SIZE(l.object) - 1]);
	KUNIT_ASSERT_PTR_EQ(test, per_cpu_ptr(l.c->cpus, cpu)->active, slab_of(l.c, l.object[0]));
	/* No other task may delay the frees beyond the limit. */
	preempt_disable();
	smp_call_function_single(cpu, hold_until_freed, &l, false);
	while (!READ_ONCE(l.holds))
		cpu_relax();
	rsvt_objects_free(l.c, l.object, ARRAY_SIZE(l.object));
	WRITE_ONCE(l.given, true);
	preempt_enable();
	/* Pairs with hold_until_freed() */
	while (!smp_load_acquire(&l.done))
		cpu_relax();
	KUNIT_EXPECT_FALSE(test, l.late);
	KUNIT_EXPECT_EQ(test, inuse_of(l.c, l.object[0]), PER_SLAB - ARRAY_SIZE(l.object));
	KUNIT_EXPECT_TRUE(test, word_of(l.c, l.object[0]).frozen);
	rsvt_scratch_cache_end(test, l.c);
	EXPECT_UNTOUCHED(test, l.c->region);
}

/*
 * The second of three free objects on the CPU's own freelist is overwritten. Returns the first, the
 * only one that can still be allocated.
 */
static void *overwrite_in_active(struct kunit *test, struct rsv_cache *c, void **object)
{
	rsvt_objects_alloc(test, c, object, PER_SLAB);
	KUNIT_ASSERT_PTR_EQ(test, active_of(c), slab_of(c, object[0]));
	rsv_cache_free(c, object[4]);
	rsv_cache_free(c, object[3]);
	rsv_cache_free(c, object[1]);
	/* None of them is on the slab's own freelist. */
	KUNIT_ASSERT_EQ(test, inuse_of(c, object[0]), PER_SLAB);
	rsvt_poke(object[3] + c->layout.mark, &junk, sizeof(junk));
	return object[1];
}

/* Two objects are lost. Only the test can give them back. */
static void expect_lost_in_active(struct kunit *test, struct rsv_cache *c, void **object,
				  void **others)
{
	rsvt_objects_alloc(test, c, others + 1, PER_SLAB - 1);
	KUNIT_EXPECT_FALSE(test, rsvt_object_among(object[3], others, PER_SLAB));
	KUNIT_EXPECT_FALSE(test, rsvt_object_among(object[4], others, PER_SLAB));
	KUNIT_EXPECT_EQ(test, inuse_of(c, object[0]), PER_SLAB);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).active_objects, 2 * PER_SLAB);

	rsvt_poke(object[4] + c->layout.mark, &junk, sizeof(junk));
	rsvt_objects_free(c, others, PER_SLAB);
	rsvt_objects_free(c, object, PER_SLAB);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).active_objects, 0);
}

static const char *report_lost(struct kunit *test, struct rsv_cache *c, const void *object)
{
	const struct rsv_frame *slab = slab_of(c, object);
	void *base = rsv_frame_addr(c->region->extents->at[0], slab);

	return rsvt_report_text(test,
				"cache %s of region %s: slab at 0x%zx: 2 free objects are lost",
				c->name, c->region->name, rsvt_scratch_offset(c->region, base));
}

static void overwritten_object_of_active_slab_is_found_when_its_turn_comes(struct kunit *test)
{
	void *object[PER_SLAB], *others[PER_SLAB], *first, *next;
	struct rsv_cache *c = queueless_cache(test);

	first = overwrite_in_active(test, c, object);
	rsvt_objects_alloc(test, c, &next, 1);
	KUNIT_EXPECT_PTR_EQ(test, next, first);
	EXPECT_REPORT(test, RSV_CORRUPT, report_lost(test, c, first),
		      rsvt_objects_alloc(test, c, others, 1));
	expect_lost_in_active(test, c, object, others);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, c->region);
}

static void overwritten_object_of_active_slab_is_found_when_cpu_is_drained(struct kunit *test)
{
	void *object[PER_SLAB], *others[PER_SLAB], *first, *next;
	struct rsv_cache *c = queueless_cache(test);

	first = overwrite_in_active(test, c, object);
	EXPECT_REPORT(test, RSV_CORRUPT, report_lost(test, c, first), rsv_cache_shrink(c));
	KUNIT_EXPECT_NULL(test, active_of(c));
	/* The object before it on the list was saved. */
	KUNIT_EXPECT_EQ(test, inuse_of(c, first), PER_SLAB - 1);
	KUNIT_EXPECT_EQ(test, first_free_of(c, first), index_of(c, first));
	KUNIT_EXPECT_EQ(test, link_meaning(c, first), RSV_SLAB_NONE);
	rsvt_objects_alloc(test, c, &next, 1);
	KUNIT_EXPECT_PTR_EQ(test, next, first);
	rsvt_objects_alloc(test, c, others, 1);
	expect_lost_in_active(test, c, object, others);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, c->region);
}

/**
 * struct stray_write - overwrites an object that another CPU frees while a request makes a slab
 * @engine: stands in for the cache's engine
 * @real: the cache's engine
 * @object: the objects of the slab that was full when the request looked at it
 * @slabs: slabs that the request made
 */
static struct stray_write {
	struct rsv_engine engine;
	const struct rsv_engine *real;
	void **object;
	unsigned int slabs;
} stray_write;

static bool write_before_new_slab(struct rsv_cache *c, gfp_t gfp, int nid, unsigned int nr,
				  struct rsv_batch *t)
{
	if (!stray_write.slabs++) {
		rsv_cache_free(c, stray_write.object[4]);
		rsv_cache_free(c, stray_write.object[3]);
		rsvt_poke(stray_write.object[3] + c->layout.mark, &junk, sizeof(junk));
	}
	return stray_write.real->new_slab(c, gfp, nid, nr, t);
}

/* The request made a slab, and then found the damage in another one, which is fuller. */
static void overwritten_object_is_found_by_the_request_that_made_another_slab(struct kunit *test)
{
	void *object[PER_SLAB], *others[PER_SLAB];
	struct rsv_cache *c = queueless_cache(test);

	rsvt_objects_alloc(test, c, object, PER_SLAB);
	stray_write = (struct stray_write){
		.engine = *c->engine, .real = c->engine, .object = object
	};
	stray_write.engine.new_slab = write_before_new_slab;
	c->engine = &stray_write.engine;
	EXPECT_REPORT(test, RSV_CORRUPT, report_lost(test, c, object[0]),
		      others[0] = rsv_cache_alloc(c, GFP_KERNEL));
	c->engine = stray_write.real;
	KUNIT_ASSERT_NOT_NULL(test, others[0]);
	KUNIT_EXPECT_EQ(test, stray_write.slabs, 1);
	expect_lost_in_active(test, c, object, others);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, c->region);
}

/*
 * Each slab has one free object. A refill gets the objects of two slabs under one hold of the lock.
 */
static void one_hold_of_the_lock_reaches_two_slabs(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_1M);
	struct rsv_cache *c = rsvt_scratch_cache_flags(test, r, 2048, 0, 0, NULL);
	void *object[8 * 6], *taken;
	unsigned int i;

	rsvt_stay_on_this_cpu();
	rsvt_objects_alloc(test, c, object, ARRAY_SIZE(object));
	rsv_cache_shrink(c);
	for (i = 0; i < ARRAY_SIZE(object); i++)
		if (!index_of(c, object[i]))
			rsv_cache_free(c, object[i]);
	rsv_cache_shrink(c);
	EXPECT_SLABS(test, c, 0, 8, 0);
	taken = rsv_cache_alloc(c, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, rsv_cpu_nr_loaded(per_cpu_ptr(c->cpus, raw_smp_processor_id())), 1);
	EXPECT_SLABS(test, c, 2, 6, 0);
	rsv_cache_free(c, taken);
	for (i = 0; i < ARRAY_SIZE(object); i++)
		if (index_of(c, object[i]))
			rsv_cache_free(c, object[i]);
}

static struct kunit_case slub_cases[] = {
	KUNIT_CASE_PARAM(free_object_that_was_written_to_is_found_and_not_handed_out,
			 kinds_gen_params),
	KUNIT_CASE_PARAM(free_list_is_threaded_through_the_free_objects, kinds_gen_params),
	KUNIT_CASE_PARAM(links_are_obfuscated_by_the_cache_and_by_their_address, kinds_gen_params),
	KUNIT_CASE(objects_of_a_batch_come_in_random_order),
	KUNIT_CASE(slab_is_carved_a_batch_at_a_time),
	KUNIT_CASE_PARAM(fullest_slab_serves_first, kinds_gen_params),
	KUNIT_CASE(one_hold_of_the_lock_reaches_two_slabs),
	KUNIT_CASE_PARAM(object_of_the_active_slab_is_the_next_one_handed_out, kinds_gen_params),
	KUNIT_CASE_PARAM(object_of_another_slab_goes_to_its_frame_at_once, kinds_gen_params),
	KUNIT_CASE_PARAM(object_of_another_cpus_slab_is_given_back_without_the_lock,
			 kinds_gen_params),
	KUNIT_CASE_PARAM(overwritten_object_of_active_slab_is_found_when_its_turn_comes,
			 kinds_gen_params),
	KUNIT_CASE_PARAM(overwritten_object_of_active_slab_is_found_when_cpu_is_drained,
			 kinds_gen_params),
	KUNIT_CASE_PARAM(overwritten_object_is_found_by_the_request_that_made_another_slab,
			 kinds_gen_params),
	{}};

static struct kunit_suite slub_suite = {
	.name = "reservoir_slub",
	.init = rsvt_suite_init,
	.test_cases = slub_cases,
};

kunit_test_suite(slub_suite);
