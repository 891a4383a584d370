// SPDX-License-Identifier: GPL-2.0
/*
 * The promises of every engine, with magazines and without: objects do not overlap, a cache can use
 * all memory of its region, and freed objects can be allocated again, one by one and in bulk.
 */
#include <linux/bitmap.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "objects/batch.h"
#include "objects/engine.h"
#include "objects/magazine.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/suite.h"
#include "support/variants.h"

KUNIT_ARRAY_PARAM_DESC(variants, rsvt_variants, what);

/* --- Every size, until nothing is left ------------------------------------------------------ */

static const unsigned int sizes[] = {
	1, 8, 24, 40, 100, 256, 700, 1032, 2048, 3072, 4096, 4104, 7168, 20000, RSV_CACHE_SIZE_MAX,
};

/**
 * struct crowd - all objects that a cache could allocate in its region
 * @test: the running test
 * @c: the cache
 * @size: bytes of an object
 * @nr: their number
 * @object: the objects
 * @words: a bit for each word of the region, for count_overlaps()
 */
struct crowd {
	struct kunit *test;
	struct rsv_cache *c;
	unsigned int size;
	unsigned int nr;
	void **object;
	unsigned long *words;
};

#define WORDS	(VARIANT_REGION / sizeof(long))

static void free_array(void *array)
{
	vfree(array);
}

static struct crowd new_crowd(struct kunit *test, struct rsv_cache *c)
{
	size_t room = VARIANT_REGION / c->layout.stride + 2;
	struct crowd w = { .test = test, .c = c, .size = c->layout.object_size };

	w.object = vzalloc(array_size(room, sizeof(*w.object)));
	KUNIT_ASSERT_NOT_NULL(test, w.object);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_array, w.object), 0);
	w.words = vzalloc(BITS_TO_LONGS(WORDS) * sizeof(long));
	KUNIT_ASSERT_NOT_NULL(test, w.words);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_array, w.words), 0);
	return w;
}

static u8 pattern(unsigned int i)
{
	return i * 151 + (i >> 8);
}

static void fill(struct crowd *w, unsigned int i)
{
	memset(w->object[i], pattern(i), w->size);
}

/*
 * Allocates until the crowd has @nr objects or the region is exhausted. Returns the crowd's size.
 */
static unsigned int take_up_to(struct crowd *w, unsigned int nr)
{
	void *object;

	for (; w->nr < nr; w->nr++) {
		object = rsv_cache_alloc(w->c, GFP_KERNEL | __GFP_NOWARN);
		if (!object)
			break;
		w->object[w->nr] = object;
		fill(w, w->nr);
	}
	return w->nr;
}

static unsigned int take_all(struct crowd *w)
{
	return take_up_to(w, UINT_MAX);
}

static unsigned int count_spoilt(const struct crowd *w)
{
	unsigned int i, spoilt = 0;

	for (i = 0; i < w->nr; i++)
		spoilt += !!memchr_inv(w->object[i], pattern(i), w->size);
	return spoilt;
}

/* Each object begins with a word of its own, and no two objects share a word. */
static unsigned int count_overlaps(struct crowd *w)
{
	unsigned int i, overlaps = 0;

	bitmap_zero(w->words, WORDS);
	for (i = 0; i < w->nr; i++) {
		unsigned long at = rsvt_scratch_offset(w->c->region, w->object[i]) / sizeof(long);
		unsigned long end = at + DIV_ROUND_UP(w->size, sizeof(long));

		overlaps += end > WORDS || find_next_bit(w->words, end, at) < end;
		if (end <= WORDS)
			bitmap_set(w->words, at, end - at);
	}
	return overlaps;
}

static unsigned int count_misaligned(const struct crowd *w)
{
	unsigned int i, misaligned = 0;

	for (i = 0; i < w->nr; i++)
		misaligned += !IS_ALIGNED((unsigned long)w->object[i], w->c->layout.align);
	return misaligned;
}

static void give_from(struct crowd *w, unsigned int from)
{
	rsvt_objects_free(w->c, w->object + from, w->nr - from);
	w->nr = from;
}

/*
 * Where each operation is slow, most of the region is allocated beforehand. A smaller region would
 * have no magazines.
 */
#define TAKEN	(SLOW ? 3 * SZ_256K / 4 : 0)

static void for_all_sizes(struct kunit *test, void (*try)(struct crowd *w))
{
	unsigned int i;

	for (i = rsvt_param_share(test); i < ARRAY_SIZE(sizes); i += SHARES) {
		/*
		 * The smallest region with magazines; a larger one for objects of which few would
		 * fit
		 */
		bool small = sizes[i] < 1024;
		struct rsv_region *r = rsvt_scratch_region(test, small ? SZ_256K : VARIANT_REGION);
		void *taken = small ? rsv_alloc_pages_exact(r, TAKEN, GFP_KERNEL) : NULL;
		struct crowd w = new_crowd(test, rsvt_param_cache(test, r, sizes[i], NULL));

		KUNIT_EXPECT_EQ(test, !taken, !small || !TAKEN);
		try(&w);
		rsv_free_pages_exact(taken, TAKEN);
		KUNIT_EXPECT_EQ(test, rsvt_query_cache(w.c).active_objects, 0);
		rsvt_scratch_cache_end(test, w.c);
		EXPECT_UNTOUCHED(test, r);
		rsvt_scratch_region_end(test, r);
	}
}

static void expect_sound(struct crowd *w)
{
	KUNIT_EXPECT_EQ_MSG(w->test, count_spoilt(w), 0, "%u bytes", w->size);
	KUNIT_EXPECT_EQ_MSG(w->test, count_overlaps(w), 0, "%u bytes", w->size);
	KUNIT_EXPECT_EQ_MSG(w->test, count_misaligned(w), 0, "%u bytes", w->size);
	KUNIT_EXPECT_EQ_MSG(w->test, rsvt_query_cache(w->c).active_objects, w->nr, "%u bytes",
			    w->size);
}

static void use_all(struct crowd *w)
{
	unsigned int nr = take_all(w);

	KUNIT_EXPECT_GT_MSG(w->test, nr, 0, "%u bytes", w->size);
	/* No free block is left that could hold another object. */
	KUNIT_EXPECT_LT_MSG(w->test, rsvt_query_region(w->c->region).largest_free_block,
			    w->c->layout.small_pages * PAGE_SIZE, "%u bytes", w->size);
	expect_sound(w);
	/* Half of the objects are freed and allocated again. The others do not change. */
	give_from(w, nr / 2);
	take_all(w);
	expect_sound(w);
	give_from(w, 0);
}

static void objects_are_aligned_disjoint_and_writable_to_the_last_byte(struct kunit *test)
{
	for_all_sizes(test, use_all);
}

static void use_up_twice(struct crowd *w)
{
	struct rsv_cache *c = w->c;
	unsigned int nr = take_all(w);
	void *last = w->object[nr / 2];

	KUNIT_EXPECT_NULL(w->test, rsv_cache_alloc(c, GFP_ATOMIC | __GFP_NOWARN));
	KUNIT_EXPECT_EQ(w->test, rsvt_query_cache(c).failures, 2);
	/* A freed object can be allocated again. */
	rsv_cache_free(c, last);
	KUNIT_EXPECT_PTR_EQ(w->test, rsv_cache_alloc(c, GFP_ATOMIC), last);
	KUNIT_EXPECT_NULL(w->test, rsv_cache_alloc(c, GFP_ATOMIC | __GFP_NOWARN));

	give_from(w, 0);
	KUNIT_EXPECT_GT(w->test, rsv_cache_shrink(c), 0);
	rsvt_settle(c->region);
	/* Or more, if magazines have less of the memory than the first time. */
	KUNIT_EXPECT_GE_MSG(w->test, take_all(w), nr, "%u bytes", w->size);
	give_from(w, 0);
}

static void what_was_used_up_can_be_had_again(struct kunit *test)
{
	for_all_sizes(test, use_up_twice);
}

/* --- Alignment ------------------------------------------------------------------------------ */

static void objects_are_aligned_as_asked(struct kunit *test)
{
	static const unsigned int aligns[] = { 8, 16, 64, 256, 1024, 4096 };
	static const unsigned int bytes[] = { 1, 24, 100, 520, 2000, 5000 };
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	unsigned int i, j, wrong = 0;
	struct rsv_cache *c;
	struct crowd w;

	for (i = 0; i < ARRAY_SIZE(aligns); i++)
		for (j = 0; j < ARRAY_SIZE(bytes); j++) {
			c = rsvt_variant_cache(test, r, test->param_value, bytes[j], aligns[i],
					       NULL);
			w = new_crowd(test, c);
			KUNIT_EXPECT_EQ(test, take_up_to(&w, 100), 100);
			KUNIT_EXPECT_GE(test, c->layout.align, aligns[i]);
			wrong += count_misaligned(&w) + count_spoilt(&w) + count_overlaps(&w);
			give_from(&w, 0);
			rsvt_scratch_cache_end(test, c);
		}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	EXPECT_UNTOUCHED(test, r);
}

/* --- Which engine, which node --------------------------------------------------------------- */

static void cache_has_the_engine_that_it_asked_for(struct kunit *test)
{
	const struct variant *v = test->param_value;
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = rsvt_param_cache(test, r, 100, NULL);
	const char *engine = rsvt_variant_is(v, RSV_ENGINE_SLAB)   ? "slab"
			     : rsvt_variant_is(v, RSV_ENGINE_SLUB) ? "slub"
								   : "slob";

	KUNIT_EXPECT_STREQ(test, rsvt_query_cache(c).engine, engine);
	KUNIT_EXPECT_PTR_EQ(test, c->engine, rsv_engine_named(engine));
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).cache_flags, v->flags & RSV_CACHE_FLAGS);
}

static void caches_that_ask_for_none_have_the_default_engine(struct kunit *test)
{
	static const char *const engines[] = { "slab", "slub", "slob" };
	struct rsv_cache *c;
	struct rsv_region *r;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(engines); i++) {
		r = rsvt_scratch_region_of(test, SZ_256K, engines[i], "fine");
		KUNIT_EXPECT_STREQ(test, rsvt_query_cache(r->kmalloc[9]).engine, engines[i]);
		/*
		 * The magazines' own caches need an engine that needs no memory outside of its
		 * slabs.
		 */
		KUNIT_EXPECT_STREQ(test, rsvt_query_cache(r->magazine_caches[0]).engine, "slub");
		c = rsv_cache_create(r, "later", 64, 0, RSV_ENGINE_SLAB, NULL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c);
		KUNIT_EXPECT_STREQ(test, rsvt_query_cache(c).engine, "slab");
		KUNIT_EXPECT_EQ(test, rsv_cache_destroy(c), 0);
	}
	KUNIT_EXPECT_NULL(test, rsv_engine_named("sl"));
	KUNIT_EXPECT_NULL(test, rsv_engine_named("slabs"));
	KUNIT_EXPECT_NULL(test, rsv_engine_named(""));
}

static void object_of_a_node_is_had_from_nodes_that_exist_only(struct kunit *test)
{
	static const int none[] = { -2, -1000, MAX_NUMNODES, INT_MAX, INT_MIN };
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, 200, NULL);
	int nid = r->extents->at[0]->nid;
	void *object[4];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(none); i++) {
		KUNIT_EXPECT_NULL(test, rsv_cache_alloc_node(c, GFP_KERNEL, none[i]));
		KUNIT_EXPECT_NULL(test,
				  rsv_cache_alloc_node(c, GFP_NOWAIT | __GFP_THISNODE, none[i]));
	}
	object[0] = rsv_cache_alloc_node(c, GFP_KERNEL, nid);
	object[1] = rsv_cache_alloc_node(c, GFP_KERNEL | __GFP_THISNODE, nid);
	object[2] = rsv_cache_alloc_node(c, GFP_ATOMIC | __GFP_THISNODE, nid);
	object[3] = rsv_cache_alloc_node(c, GFP_KERNEL, NUMA_NO_NODE);
	for (i = 0; i < ARRAY_SIZE(object); i++) {
		KUNIT_ASSERT_NOT_NULL(test, object[i]);
		KUNIT_EXPECT_FALSE(test, rsvt_object_among(object[i], object, i));
		memset(object[i], 0x5a, 200);
	}
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).active_objects, ARRAY_SIZE(object));
	rsvt_objects_free(c, object, ARRAY_SIZE(object));
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

static void object_of_another_node_than_the_regions_is_refused_if_asked_so(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, 200, NULL);
	int nid = r->extents->at[0]->nid, other = nid ? 0 : 1;
	void *object;

	if (nr_node_ids < 2)
		kunit_skip(test, "the machine has one node");
	KUNIT_EXPECT_NULL(test, rsv_cache_alloc_node(c, GFP_KERNEL | __GFP_THISNODE, other));
	object = rsv_cache_alloc_node(c, GFP_KERNEL, other);
	KUNIT_ASSERT_NOT_NULL(test, object);
	rsv_cache_free(c, object);
}

/* --- Clearing ------------------------------------------------------------------------------- */

static void zeroed_objects_are_zero_after_others_used_them(struct kunit *test)
{
	static const unsigned int bytes[] = { 1, 8, 40, 700, 4104 };
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	void *object[20];
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(bytes); i++) {
		struct rsv_cache *c = rsvt_param_cache(test, r, bytes[i], NULL);

		rsvt_objects_alloc(test, c, object, ARRAY_SIZE(object));
		for (j = 0; j < ARRAY_SIZE(object); j++)
			memset(object[j], 0xa5, bytes[i]);
		rsvt_objects_free(c, object, ARRAY_SIZE(object));
		for (j = 0; j < ARRAY_SIZE(object); j++) {
			object[j] = rsv_cache_alloc(c, GFP_KERNEL | __GFP_ZERO);
			KUNIT_ASSERT_NOT_NULL(test, object[j]);
			KUNIT_EXPECT_NULL(test, memchr_inv(object[j], 0, bytes[i]));
		}
		rsvt_objects_free(c, object, ARRAY_SIZE(object));
		rsvt_scratch_cache_end(test, c);
	}
	EXPECT_UNTOUCHED(test, r);
}

/* --- Bulk ----------------------------------------------------------------------------------- */

#define BULK	100

static void bulk_gives_as_many_as_are_wanted_all_different(struct kunit *test)
{
	static const unsigned int counts[] = { 1, 2, 15, 16, 17, 63, 64, 65, BULK };
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, 200, NULL);
	struct crowd w = new_crowd(test, c);
	unsigned int i, j;

	KUNIT_EXPECT_EQ(test, rsv_cache_alloc_bulk(c, GFP_KERNEL, 0, NULL), 0);
	rsv_cache_free_bulk(c, 0, NULL);
	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		w.object[counts[i]] = NULL;
		w.nr = rsv_cache_alloc_bulk(c, i % 2 ? GFP_KERNEL : GFP_ATOMIC, counts[i],
					    w.object);
		KUNIT_ASSERT_EQ(test, w.nr, counts[i]);
		KUNIT_EXPECT_NULL(test, w.object[w.nr]);
		KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).active_objects, counts[i]);
		for (j = 0; j < w.nr; j++)
			fill(&w, j);
		KUNIT_EXPECT_EQ(test, count_spoilt(&w), 0);
		KUNIT_EXPECT_EQ(test, count_overlaps(&w), 0);
		rsv_cache_free_bulk(c, w.nr, w.object);
		KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).active_objects, 0);
	}
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

static void bulk_clears_every_object_if_asked(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, 200, NULL);
	unsigned int round, i;
	void *object[BULK];

	for (round = 0; round < 2; round++) {
		unsigned int nr = rsv_cache_alloc_bulk(c, GFP_KERNEL | __GFP_ZERO, BULK, object);

		KUNIT_ASSERT_EQ(test, nr, BULK);
		for (i = 0; i < BULK; i++) {
			KUNIT_EXPECT_NULL(test, memchr_inv(object[i], 0, 200));
			memset(object[i], 0xa5, 200);
		}
		rsv_cache_free_bulk(c, BULK, object);
	}
}

static void bulk_gives_what_there_is_when_the_region_runs_out(struct kunit *test)
{
	const struct variant *v = test->param_value;
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, 3000, NULL);
	struct crowd w = new_crowd(test, c);
	unsigned int most = VARIANT_REGION / 3000 + 1, nr, half;

	nr = rsv_cache_alloc_bulk(c, GFP_KERNEL | __GFP_NOWARN, most, w.object);
	KUNIT_EXPECT_LT(test, nr, most);
	KUNIT_ASSERT_GT(test, nr, most / 2);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).active_objects, nr);
	KUNIT_EXPECT_EQ(test, rsv_cache_alloc_bulk(c, GFP_KERNEL | __GFP_NOWARN, 5, w.object + nr),
			0);
	w.nr = nr;
	KUNIT_EXPECT_EQ(test, count_overlaps(&w), 0);

	/*
	 * Half of the objects can be allocated again, except for what magazines may take. Empty
	 * slabs of a page, if the cache kept any, could keep blocks for larger slabs in pieces.
	 */
	half = nr / 2;
	rsv_cache_free_bulk(c, half, w.object + nr - half);
	rsv_cache_shrink(c);
	w.nr = nr - half;
	w.nr += rsv_cache_alloc_bulk(c, GFP_KERNEL | __GFP_NOWARN, half, w.object + w.nr);
	if (v->flags & RSV_NO_MAGAZINE)
		KUNIT_EXPECT_EQ(test, w.nr, nr);
	KUNIT_EXPECT_GE(test, w.nr, nr - RSV_BATCH);
	KUNIT_EXPECT_EQ(test, count_overlaps(&w), 0);
	rsv_cache_free_bulk(c, w.nr, w.object);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

static void bulk_passes_over_nothing(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, 200, NULL);
	void *object[BULK] = {};
	unsigned int i, nr = 0;

	for (i = 0; i < BULK; i++)
		if (i % 16 && i % 7) {
			rsvt_objects_alloc(test, c, &object[i], 1);
			nr++;
		}
	rsv_cache_free_bulk(c, BULK, object);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).active_objects, 0);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).frees, nr);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

/* Wrong pointers are reported, and the bulk free takes back the others. */
static void bulk_refuses_what_is_wrong(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, 200, NULL);
	void *object[BULK], *apart[2];
	int on_stack;

	rsvt_objects_alloc(test, c, object, BULK);
	apart[0] = object[70];
	apart[1] = object[71];
	object[70] = object[3];
	EXPECT_REPORT(test, RSV_DOUBLE_FREE, rsvt_report_free(test, c, object[3]),
		      rsv_cache_free_bulk(c, 71, object));
	object[71] = (void *)&on_stack;
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_cache_free_bulk(c, BULK - 71, object + 71));
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).active_objects, ARRAY_SIZE(apart));
	rsv_cache_free_bulk(c, ARRAY_SIZE(apart), apart);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

/* --- Others take a new slab ----------------------------------------------------------------- */

/* With several nodes, the cache makes a slab on the nearest node first, and then on any. */
#define THEFTS	2

/**
 * struct thief - takes all objects of a new slab before the request that made the slab
 * @engine: stands in for the cache's engine
 * @real: the cache's engine
 * @thefts: the number of slabs whose objects it took
 * @nr: objects taken
 * @object: the objects, marked as cached
 */
static struct thief {
	struct rsv_engine engine;
	const struct rsv_engine *real;
	unsigned int thefts;
	unsigned int nr;
	void *object[2048];
} thief;

static void thief_takes(struct rsv_batch *t)
{
	memcpy(thief.object + thief.nr, t->object, t->nr * sizeof(*t->object));
	thief.nr += t->nr;
}

static void thief_takes_all(struct rsv_cache *c, int nid)
{
	struct rsv_batch t;

	do {
		rsv_batch_init(&t);
		thief.real->alloc(c, NULL, nid, RSV_BATCH, &t);
		thief_takes(&t);
	} while (t.nr && thief.nr <= ARRAY_SIZE(thief.object) - RSV_BATCH);
}

static bool grow_for_the_thief(struct rsv_cache *c, gfp_t gfp, int nid, unsigned int nr,
			       struct rsv_batch *t)
{
	bool grew = thief.real->new_slab(c, gfp, nid, nr, t);

	if (!grew || thief.thefts == THEFTS)
		return grew;
	thief.thefts++;
	thief_takes(t);
	rsv_batch_init(t);
	for (nid = 0; nid < nr_node_ids; nid++)
		thief_takes_all(c, nid);
	return true;
}

/*
 * The thief stands for another CPU, or for an interrupt, between the making of the slab and the
 * allocation from it. The request makes another slab.
 */
static void who_made_memory_that_others_took_makes_more(struct kunit *test)
{
	static const unsigned int some[] = { 40, 700, 3072, 5000 };
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	unsigned int i;
	void *object;

	for (i = 0; i < ARRAY_SIZE(some); i++) {
		struct rsv_cache *c = rsvt_param_cache(test, r, some[i], NULL);

		thief = (struct thief){ .engine = *c->engine, .real = c->engine };
		thief.engine.new_slab = grow_for_the_thief;
		c->engine = &thief.engine;
		object = rsv_cache_alloc(c, GFP_KERNEL);
		c->engine = thief.real;
		KUNIT_EXPECT_NOT_NULL_MSG(test, object, "%u bytes", some[i]);
		KUNIT_EXPECT_EQ(test, thief.thefts, THEFTS);
		KUNIT_EXPECT_GE(test, thief.nr, THEFTS);
		KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).failures, 0);
		rsv_batch_free(c, thief.object, thief.nr);
		rsv_cache_free(c, object);
		rsvt_scratch_cache_end(test, c);
	}
	EXPECT_UNTOUCHED(test, r);
}

static struct kunit_case engine_cases[] = {
	KUNIT_CASE_PARAM(objects_are_aligned_disjoint_and_writable_to_the_last_byte,
			 variants_gen_params),
	KUNIT_CASE_PARAM(what_was_used_up_can_be_had_again, variants_gen_params),
	KUNIT_CASE_PARAM(objects_are_aligned_as_asked, variants_gen_params),
	KUNIT_CASE_PARAM(cache_has_the_engine_that_it_asked_for, variants_gen_params),
	KUNIT_CASE(caches_that_ask_for_none_have_the_default_engine),
	KUNIT_CASE_PARAM(object_of_a_node_is_had_from_nodes_that_exist_only, variants_gen_params),
	KUNIT_CASE_PARAM(object_of_another_node_than_the_regions_is_refused_if_asked_so,
			 variants_gen_params),
	KUNIT_CASE_PARAM(zeroed_objects_are_zero_after_others_used_them, variants_gen_params),
	KUNIT_CASE_PARAM(bulk_gives_as_many_as_are_wanted_all_different, variants_gen_params),
	KUNIT_CASE_PARAM(bulk_clears_every_object_if_asked, variants_gen_params),
	KUNIT_CASE_PARAM(bulk_gives_what_there_is_when_the_region_runs_out, variants_gen_params),
	KUNIT_CASE_PARAM(bulk_passes_over_nothing, variants_gen_params),
	KUNIT_CASE_PARAM(bulk_refuses_what_is_wrong, variants_gen_params),
	KUNIT_CASE_PARAM(who_made_memory_that_others_took_makes_more, variants_gen_params),
	{}};

static struct kunit_suite engine_suite = {
	.name = "reservoir_engine",
	.init = rsvt_suite_init,
	.test_cases = engine_cases,
};

kunit_test_suite(engine_suite);
