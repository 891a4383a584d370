// SPDX-License-Identifier: GPL-2.0
/*
 * Frees that a cache refuses, with every engine: double frees, pointers to no object, objects of
 * other caches. Each is reported once, with cache and offset, and the region is whole afterwards.
 */
#include <linux/delay.h>
#include <linux/kmemleak.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "objects/batch.h"
#include "objects/cache.h"
#include "objects/engine.h"
#include "objects/magazine.h"
#include "objects/mark.h"
#include "pages/pagemap.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/suite.h"
#include "support/variants.h"

KUNIT_ARRAY_PARAM_DESC(variants, rsvt_variants, what);

/* In the heap of SLOB; several to a slab; larger than a page */
static const unsigned int sizes[] = { 40, 700, 5000 };

#define NR	6

static void for_all_sizes_ctor(struct kunit *test, void (*ctor)(void *object),
			       void (*try)(struct kunit *test, struct rsv_cache *c))
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	unsigned int i;

	for (i = rsvt_param_share(test); i < ARRAY_SIZE(sizes); i += SHARES) {
		struct rsv_cache *c = rsvt_param_cache(test, r, sizes[i], ctor);

		try(test, c);
		KUNIT_EXPECT_EQ_MSG(test, rsvt_query_cache(c).active_objects, 0, "%u bytes",
				    sizes[i]);
		rsvt_scratch_cache_end(test, c);
	}
	EXPECT_UNTOUCHED(test, r);
}

static void for_all_sizes(struct kunit *test, void (*try)(struct kunit *test, struct rsv_cache *c))
{
	for_all_sizes_ctor(test, NULL, try);
}

static void construct(void *object)
{
	*(u8 *)object = 0xc7;
}

/* Caches with poison or a constructor mark free objects outside of the object. */
static void for_all_sizes_and_kinds(struct kunit *test,
				    void (*try)(struct kunit *test, struct rsv_cache *c))
{
	for_all_sizes_ctor(test, NULL, try);
	for_all_sizes_ctor(test, construct, try);
}

static void free_wrongly(struct kunit *test, struct rsv_cache *c, void *p, enum rsv_misuse what)
{
	EXPECT_REPORT(test, what, rsvt_report_free(test, c, p), rsv_cache_free(c, p));
}

/* --- Double frees --------------------------------------------------------------------------- */

static void free_twice(struct kunit *test, struct rsv_cache *c)
{
	/* The cache retains two empty slabs of one object each. */
	unsigned int nr = c->layout.objects == 1 ? 2 : NR, i;
	void *object[NR], *again[NR];

	rsvt_objects_alloc(test, c, object, nr);
	rsv_cache_free(c, object[0]);
	free_wrongly(test, c, object[0], RSV_DOUBLE_FREE);
	/* After others were freed, and after all were freed */
	rsvt_objects_free(c, object + 1, nr - 2);
	for (i = 0; i < nr - 1; i++)
		free_wrongly(test, c, object[i], RSV_DOUBLE_FREE);
	rsv_cache_free(c, object[nr - 1]);
	for (i = 0; i < nr; i++)
		free_wrongly(test, c, object[i], RSV_DOUBLE_FREE);

	/* No object is allocated twice. */
	rsvt_objects_alloc(test, c, again, nr);
	for (i = 0; i < nr; i++) {
		KUNIT_EXPECT_FALSE(test, rsvt_object_among(again[i], again, i));
		memset(again[i], 0x5a, c->layout.object_size);
	}
	rsvt_objects_free(c, again, nr);
}

static void double_free_is_refused_at_once_and_later(struct kunit *test)
{
	for_all_sizes_and_kinds(test, free_twice);
}

/*
 * Both CPUs saw the object used, marked it as cached, counted the free and put it into a magazine.
 * Another used object holds the slab.
 */
static void free_on_two_cpus(struct kunit *test, struct rsv_cache *c)
{
	struct rsv_extent *e = c->region->extents->at[0];
	void *object[2], *again[2];
	struct rsv_frame *f;
	const char *text;

	rsvt_objects_alloc(test, c, object, 2);
	f = rsv_frame_at(e, object[0]);
	KUNIT_EXPECT_EQ(test, c->engine->mark_cached(c, e, f, object[0]), RSV_OK);
	kmemleak_free(object[0]);
	this_cpu_add(c->cpus->slow_frees, 2);
	rsv_batch_free(c, object, 1);
	text = rsvt_report_text(test, "%s by two CPUs at once",
				rsvt_report_free(test, c, object[0]));
	EXPECT_REPORT(test, RSV_DOUBLE_FREE, text, rsv_batch_free(c, object, 1));
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).active_objects, 1);
	free_wrongly(test, c, object[0], RSV_DOUBLE_FREE);

	/* The object is allocated once. */
	rsvt_objects_alloc(test, c, again, 2);
	KUNIT_EXPECT_PTR_NE(test, again[0], again[1]);
	KUNIT_EXPECT_FALSE(test, rsvt_object_among(object[1], again, 2));
	rsvt_objects_free(c, again, 2);
	rsv_cache_free(c, object[1]);
}

static void object_that_two_cpus_give_back_at_once_is_taken_once(struct kunit *test)
{
	for_all_sizes_and_kinds(test, free_on_two_cpus);
}

static void free_what_looks_free(struct kunit *test, struct rsv_cache *c)
{
	void *object;

	rsvt_objects_alloc(test, c, &object, 1);
	*(unsigned long *)(object + c->layout.mark) = rsv_mark_word(c->secret, object);
	rsv_cache_free(c, object);
}

/* One used object in 2^21 has, by chance, the mark of a free one in 32 bits. */
static void object_in_use_that_looks_free_is_taken_back(struct kunit *test)
{
	const struct variant *v = test->param_value;

	if (!RSV_MARK_TAGGED)
		kunit_skip(test, "a word has 64 bits, and is not by chance what it should not be");
	if (v->flags & RSV_ENGINE_SLAB)
		kunit_skip(test, "whether an object is free stands elsewhere");
	for_all_sizes(test, free_what_looks_free);
}

static void free_twice_without_a_name(struct kunit *test, struct rsv_cache *c)
{
	void *object[NR];

	rsvt_objects_alloc(test, c, object, NR);
	/* What the module uses itself is no memory of a caller. */
	if (c->flags & RSV_CACHE_INTERNAL) {
		EXPECT_MISUSE(test, RSV_FOREIGN, rsv_kfree(object[2]));
		rsvt_objects_free(c, object, NR);
		return;
	}
	rsv_kfree(object[2]);
	/* The heap knows the caches of used and of cached objects only. */
	if (rsvt_cache_in_heap(c))
		EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_kfree(object[2]));
	else
		EXPECT_REPORT(test, RSV_DOUBLE_FREE, rsvt_report_free(test, c, object[2]),
			      rsv_kfree(object[2]));
	EXPECT_REPORT(test, RSV_DOUBLE_FREE, rsvt_report_free(test, c, object[2]),
		      rsv_cache_free(c, object[2]));
	rsvt_objects_alloc(test, c, &object[2], 1);
	rsvt_objects_free(c, object, NR);
}

static void double_free_is_refused_without_naming_the_cache(struct kunit *test)
{
	for_all_sizes(test, free_twice_without_a_name);
}

static void free_after_the_slab_is_gone(struct kunit *test, struct rsv_cache *c)
{
	void *object[NR];
	unsigned int i;

	rsvt_objects_alloc(test, c, object, NR);
	rsvt_objects_free(c, object, NR);
	rsv_cache_shrink(c);
	for (i = 0; i < NR; i++)
		free_wrongly(test, c, object[i], RSV_DOUBLE_FREE);
}

static void double_free_after_the_slab_is_gone_is_refused(struct kunit *test)
{
	for_all_sizes_and_kinds(test, free_after_the_slab_is_gone);
}

/*
 * The slot next to the only object of a slab or of the heap. The object is never in the last slot:
 * SLAB and SLOB begin with the first slot, SLUB with any.
 */
static void *neighbour(struct rsv_cache *c, void *object)
{
	struct rsv_frame *f = rsv_frame_at(c->region->extents->at[0], object);

	if (c->flags & RSV_ENGINE_SLUB && rsv_slot_index(c, rsv_slab_offset(f, object)))
		return object - c->layout.stride;
	return object + c->layout.stride;
}

/* The object was never allocated, or is in a magazine: it is free. */
static void free_free_object(struct kunit *test, struct rsv_cache *c)
{
	void *object;

	if (c->layout.objects == 1)
		return;
	rsvt_objects_alloc(test, c, &object, 1);
	free_wrongly(test, c, neighbour(c, object), RSV_DOUBLE_FREE);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).active_objects, 1);
	rsv_cache_free(c, object);
}

static void object_that_was_never_allocated_is_refused(struct kunit *test)
{
	for_all_sizes_and_kinds(test, free_free_object);
}

/* --- Pointers to no object of the cache ----------------------------------------------------- */

static void code(struct kunit *test)
{
}

/* Addresses outside of the region, which have no offset in it */
static void free_what_lies_elsewhere(struct kunit *test, struct rsv_cache *c)
{
	struct rsv_region *other = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *d = rsvt_param_cache(test, other, c->layout.object_size, NULL);
	void *system = kunit_kmalloc(test, 100, GFP_KERNEL), *mapped = vmalloc(100), *theirs;
	int on_stack;
	void *const foreign[] = {
		&on_stack,
		system,
		mapped,
		code,
		(void *)1,
		(void *)ULONG_MAX,
		rsvt_scratch_base(c->region) - 1,
		rsvt_scratch_base(c->region) + VARIANT_REGION,
	};
	const char *text = rsvt_report_text(test, "cache %s of region %s: a pointer to elsewhere",
					    c->name, c->region->name);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, system);
	rsvt_objects_alloc(test, d, &theirs, 1);
	for (i = 0; i < ARRAY_SIZE(foreign); i++)
		EXPECT_REPORT(test, RSV_FOREIGN, text, rsv_cache_free(c, foreign[i]));
	EXPECT_REPORT(test, RSV_FOREIGN, text, rsv_cache_free(c, theirs));
	rsv_cache_free(d, theirs);
	rsvt_scratch_cache_end(test, d);
	vfree(mapped);
}

static void pointer_to_elsewhere_is_refused(struct kunit *test)
{
	for_all_sizes(test, free_what_lies_elsewhere);
}

static void free_whole_pages(struct kunit *test, struct rsv_cache *c)
{
	unsigned long block = rsv_get_free_pages(c->region, GFP_KERNEL, 2);
	/*
	 * The last page is free, like nearly all of the region: an object in it was freed before.
	 */
	void *free = rsvt_scratch_base(c->region) + VARIANT_REGION - PAGE_SIZE;

	KUNIT_ASSERT_NE(test, block, 0);
	free_wrongly(test, c, (void *)block, RSV_FOREIGN);
	free_wrongly(test, c, (void *)block + PAGE_SIZE + 64, RSV_FOREIGN);
	free_wrongly(test, c, free, RSV_DOUBLE_FREE);
	rsv_free_pages(block, 2);
}

static void pages_of_the_region_are_refused(struct kunit *test)
{
	for_all_sizes(test, free_whole_pages);
}

static void free_inside(struct kunit *test, struct rsv_cache *c)
{
	unsigned int size = c->layout.object_size;
	const unsigned int inside[] = { 1, 4, 8, size / 2, round_down(size / 2, 8), size - 1 };
	void *object[NR];
	unsigned int i, j;

	rsvt_objects_alloc(test, c, object, NR);
	for (i = 0; i < NR; i++)
		memset(object[i], i, size);
	for (i = 0; i < ARRAY_SIZE(inside); i++)
		free_wrongly(test, c, object[1] + inside[i], RSV_MISALIGNED);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).active_objects, NR);
	for (i = 0; i < NR; i++)
		for (j = 0; j < size; j++)
			if (((u8 *)object[i])[j] != i)
				KUNIT_FAIL(test, "byte %u of object %u was changed", j, i);
	rsvt_objects_free(c, object, NR);
}

static void pointer_into_an_object_is_refused(struct kunit *test)
{
	for_all_sizes_and_kinds(test, free_inside);
}

/* No object begins where the metadata of a slab or of a slob page is, or in unused bytes. */
static void pointer_before_and_behind_all_objects_is_refused(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, 1741, NULL);
	struct rsv_extent *e = r->extents->at[0];
	void *object, *base;

	rsvt_objects_alloc(test, c, &object, 1);
	base = rsv_frame_addr(e, rsv_slab_head(e, rsv_frame_at(e, object)));
	if (c->flags & RSV_ENGINE_SLUB)
		free_wrongly(test, c, base + c->layout.objects * c->layout.stride, RSV_MISALIGNED);
	else
		free_wrongly(test, c, base + 1, RSV_MISALIGNED);
	if (!rsvt_cache_in_heap(c))
		free_wrongly(test, c, base + 3 * PAGE_SIZE - 1, RSV_MISALIGNED);
	rsv_cache_free(c, object);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

/* --- Objects of other caches ---------------------------------------------------------------- */

/* The report names the cache of the call, and the offset of the object. */
static void free_to_each_other(struct kunit *test, struct rsv_cache *c, struct rsv_cache *d)
{
	void *mine, *theirs;

	rsvt_objects_alloc(test, c, &mine, 1);
	rsvt_objects_alloc(test, d, &theirs, 1);
	free_wrongly(test, c, theirs, RSV_WRONG_CACHE);
	free_wrongly(test, d, mine, RSV_WRONG_CACHE);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).active_objects, 1);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(d).active_objects, 1);
	rsv_cache_free(c, mine);
	rsv_cache_free(d, theirs);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).active_objects, 0);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(d).active_objects, 0);
}

static void object_of_another_size_is_refused(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		for (j = 0; j < i; j++) {
			struct rsv_cache *c = rsvt_param_cache(test, r, sizes[i], NULL);
			struct rsv_cache *d = rsvt_param_cache(test, r, sizes[j], NULL);

			free_to_each_other(test, c, d);
			rsvt_scratch_cache_end(test, d);
			rsvt_scratch_cache_end(test, c);
		}
	EXPECT_UNTOUCHED(test, r);
}

/* With the same engine and size it is an object of another cache. */
static void object_of_another_engine_is_refused(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	unsigned int i, j;

	for (i = 0; i < VARIANTS; i++)
		for (j = 0; j < ARRAY_SIZE(sizes); j++) {
			struct rsv_cache *c = rsvt_param_cache(test, r, sizes[j], NULL);
			struct rsv_cache *d =
				rsvt_variant_cache(test, r, &rsvt_variants[i], sizes[j], 0, NULL);

			free_to_each_other(test, c, d);
			rsvt_scratch_cache_end(test, d);
			rsvt_scratch_cache_end(test, c);
		}
	EXPECT_UNTOUCHED(test, r);
}

static void memory_of_another_kind_is_refused(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, 500, NULL);
	void *p = rsv_kmalloc(r, 100, GFP_KERNEL), *large = rsv_kmalloc(r, 20000, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_ASSERT_NOT_NULL(test, large);
	free_wrongly(test, c, p, RSV_WRONG_CACHE);
	free_wrongly(test, c, large, RSV_FOREIGN);
	rsv_kfree(p);
	rsv_kfree(large);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

/* --- Destruction ---------------------------------------------------------------------------- */

static void ending_a_cache_in_use_is_refused(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, 700, NULL);
	void *object[NR];
	int err;

	rsvt_objects_alloc(test, c, object, NR);
	rsv_cache_free(c, object[0]);
	EXPECT_REPORT(test, RSV_IN_USE,
		      rsvt_report_text(test, "cache %s of region %s: %u objects are out", c->name,
				       r->name, NR - 1),
		      err = rsv_cache_destroy(c));
	KUNIT_EXPECT_EQ(test, err, -EBUSY);
	/* The refused destruction left the cache usable. */
	rsvt_objects_alloc(test, c, object, 1);
	rsvt_objects_free(c, object, NR);
	rsvt_scratch_cache_end(test, c);
	EXPECT_UNTOUCHED(test, r);
}

static void use_dead_cache(struct kunit *test, struct rsv_cache *c, void *p)
{
	const char *text = rsvt_report_text(test, "cache %s: it was destroyed", c->name);
	void *object = NULL, *objects[3] = { p };
	unsigned int nr = 0;

	EXPECT_REPORT(test, RSV_DEAD_CACHE, text, object = rsv_cache_alloc(c, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, object);
	EXPECT_REPORT(test, RSV_DEAD_CACHE, text, object = rsv_cache_alloc_node(c, GFP_ATOMIC, 0));
	KUNIT_EXPECT_NULL(test, object);
	EXPECT_REPORT(test, RSV_DEAD_CACHE, text,
		      nr = rsv_cache_alloc_bulk(c, GFP_KERNEL, 3, objects + 1));
	KUNIT_EXPECT_EQ(test, nr, 0);
	EXPECT_REPORT(test, RSV_DEAD_CACHE, text, rsv_cache_free(c, p));
	EXPECT_REPORT(test, RSV_DEAD_CACHE, text, rsv_cache_free_bulk(c, 1, objects));
}

/* Both right after its destruction and after the grace period */
static void dead_cache_is_refused(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, 700, NULL);
	struct rsv_cache *d = rsvt_param_cache(test, r, 700, NULL);
	void *mine, *theirs;

	rsvt_objects_alloc(test, c, &mine, 1);
	rsv_cache_free(c, mine);
	rsvt_scratch_cache_end(test, c);
	rsvt_objects_alloc(test, d, &theirs, 1);
	use_dead_cache(test, c, mine);
	use_dead_cache(test, c, theirs);
	rcu_barrier();
	msleep(20);
	use_dead_cache(test, c, mine);
	use_dead_cache(test, c, theirs);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(d).active_objects, 1);
	rsv_cache_free(d, theirs);
	rsvt_scratch_cache_end(test, d);
	EXPECT_UNTOUCHED(test, r);
}

static void freeing_nothing_is_no_misuse(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, VARIANT_REGION);
	struct rsv_cache *c = rsvt_param_cache(test, r, 100, NULL);

	rsv_cache_free(c, NULL);
	rsv_kfree(NULL);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).frees, 0);
}

static struct kunit_case misuse_cases[] = {
	KUNIT_CASE_PARAM(double_free_is_refused_at_once_and_later, variants_gen_params),
	KUNIT_CASE_PARAM(object_in_use_that_looks_free_is_taken_back, variants_gen_params),
	KUNIT_CASE_PARAM(object_that_two_cpus_give_back_at_once_is_taken_once, variants_gen_params),
	KUNIT_CASE_PARAM(double_free_is_refused_without_naming_the_cache, variants_gen_params),
	KUNIT_CASE_PARAM(double_free_after_the_slab_is_gone_is_refused, variants_gen_params),
	KUNIT_CASE_PARAM(object_that_was_never_allocated_is_refused, variants_gen_params),
	KUNIT_CASE_PARAM(pointer_to_elsewhere_is_refused, variants_gen_params),
	KUNIT_CASE_PARAM(pages_of_the_region_are_refused, variants_gen_params),
	KUNIT_CASE_PARAM(pointer_into_an_object_is_refused, variants_gen_params),
	KUNIT_CASE_PARAM(pointer_before_and_behind_all_objects_is_refused, variants_gen_params),
	KUNIT_CASE_PARAM(object_of_another_size_is_refused, variants_gen_params),
	KUNIT_CASE_PARAM(object_of_another_engine_is_refused, variants_gen_params),
	KUNIT_CASE_PARAM(memory_of_another_kind_is_refused, variants_gen_params),
	KUNIT_CASE_PARAM(ending_a_cache_in_use_is_refused, variants_gen_params),
	KUNIT_CASE_PARAM(dead_cache_is_refused, variants_gen_params),
	KUNIT_CASE_PARAM(freeing_nothing_is_no_misuse, variants_gen_params),
	{}};

static struct kunit_suite misuse_suite = {
	.name = "reservoir_misuse",
	.init = rsvt_suite_init,
	.test_cases = misuse_cases,
};

kunit_test_suite(misuse_suite);
