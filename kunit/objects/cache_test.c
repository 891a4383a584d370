// SPDX-License-Identifier: GPL-2.0
/*
 * Creation of caches, the choice of the slab that serves a request, and the figures of a cache.
 */
#include <linux/bitmap.h>
#include <linux/cache.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "interface/query.h"
#include "objects/cache.h"
#include "objects/cache_list.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/misuse.h"
#include "support/params.h"
#include "support/scratch.h"
#include "support/suite.h"

/* Most tests use objects of this size, six to a slab of three pages. */
#define SIZE	 2048
#define PER_SLAB	6

/* Empty slabs that a new cache retains */
#define EMPTY_MAX	2

/* --- Creation ------------------------------------------------------------------------------- */

KUNIT_ARRAY_PARAM_DESC(names, rsvt_name_cases, what);

static void names_are_checked(struct kunit *test)
{
	const struct name_case *n = test->param_value;
	struct rsv_region *r = rsvt_scratch_pages(test, 4);
	struct rsv_cache *c = rsv_cache_create(r, n->name, 64, 0, 0, NULL);

	if (!n->good) {
		KUNIT_EXPECT_PTR_EQ(test, c, ERR_PTR(-EINVAL));
		return;
	}
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c);
	KUNIT_EXPECT_STREQ(test, rsvt_query_cache(c).name, n->name);
	KUNIT_EXPECT_EQ(test, rsv_cache_destroy(c), 0);
}

static void name_is_unique_in_its_region_only(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 4), *other = rsvt_scratch_pages(test, 4);
	struct rsv_cache *c = rsv_cache_create(r, "twice", 64, 0, 0, NULL);
	struct rsv_cache *d = rsv_cache_create(other, "twice", 64, 0, 0, NULL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, d);
	KUNIT_EXPECT_PTR_EQ(test, rsv_cache_create(r, "twice", 128, 0, 0, NULL), ERR_PTR(-EEXIST));
	KUNIT_EXPECT_PTR_EQ(test, rsv_cache_create(r, "kmalloc-64", 64, 0, 0, NULL),
			    ERR_PTR(-EEXIST));
	KUNIT_EXPECT_EQ(test, rsv_cache_destroy(c), 0);

	c = rsv_cache_create(r, "twice", 128, 0, 0, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c);
	KUNIT_EXPECT_EQ(test, rsv_cache_destroy(c), 0);
	KUNIT_EXPECT_EQ(test, rsv_cache_destroy(d), 0);
}

static void program_and_kernel_may_have_caches_of_one_name(struct kunit *test)
{
	static const char longest[] = "0123456789012345678901234567890";
	struct rsv_region *r = rsvt_scratch_pages(test, 4);
	struct rsv_cache *program, *kernel;

	static_assert(sizeof(longest) == RSV_NAME_MAX);
	program = rsv_cache_create_for_user(r, longest, 64, 0, 0, NULL);
	kernel = rsv_cache_create(r, longest, 128, 0, 0, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, program);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, kernel);
	KUNIT_EXPECT_PTR_EQ(test, rsv_cache_create_for_user(r, longest, 64, 0, 0, NULL),
			    ERR_PTR(-EEXIST));
	KUNIT_EXPECT_PTR_EQ(test, rsv_cache_create(r, longest, 64, 0, 0, NULL), ERR_PTR(-EEXIST));
	KUNIT_EXPECT_PTR_EQ(test, rsv_cache_create_for_user(r, "user:a", 64, 0, 0, NULL),
			    ERR_PTR(-EINVAL));
	KUNIT_EXPECT_STREQ(test, rsvt_query_cache(program).name, longest);
	KUNIT_EXPECT_STREQ(test, rsvt_query_cache(kernel).name, longest);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(program).origin, RSV_CACHE_USER);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(kernel).origin, RSV_CACHE_KERNEL);
	KUNIT_EXPECT_STREQ(test, program->name, "user:0123456789012345678901234567890");
	KUNIT_EXPECT_EQ(test, rsv_cache_destroy(program), 0);
	KUNIT_EXPECT_EQ(test, rsv_cache_destroy(kernel), 0);
}

/* Creates a cache of a name that may be taken, and expects the name that it gets. */
static struct rsv_cache *create_numbered(struct kunit *test, struct rsv_region *r, const char *name,
					 const char *got)
{
	struct rsv_cache *c = rsv_cache_create(r, name, 64, 0, RSV_NAME_UNIQUE, NULL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c);
	KUNIT_EXPECT_STREQ(test, c->name, got);
	KUNIT_EXPECT_STREQ(test, rsvt_query_cache(c).name, got);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).cache_flags, 0U);
	return c;
}

static void name_that_is_taken_gets_a_number_on_request(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 4), *other = rsvt_scratch_pages(test, 4);
	struct rsv_cache *c[5];
	unsigned int i;

	c[0] = create_numbered(test, r, "driver", "driver");
	c[1] = create_numbered(test, r, "driver", "driver-1");
	c[2] = create_numbered(test, r, "driver", "driver-2");
	c[3] = create_numbered(test, other, "driver", "driver");
	KUNIT_EXPECT_PTR_EQ(test, rsv_cache_create(r, "driver", 64, 0, 0, NULL), ERR_PTR(-EEXIST));
	KUNIT_EXPECT_PTR_EQ(test, rsv_cache_create(r, "driver-1", 64, 0, 0, NULL),
			    ERR_PTR(-EEXIST));
	c[4] = create_numbered(test, r, "driver-1", "driver-1-1");
	for (i = 1; i < ARRAY_SIZE(c); i++)
		KUNIT_EXPECT_EQ(test, rsv_cache_destroy(c[i]), 0);

	/* The number of a cache that was destroyed serves again. */
	c[1] = create_numbered(test, r, "driver", "driver-1");
	KUNIT_EXPECT_EQ(test, rsv_cache_destroy(c[0]), 0);
	KUNIT_EXPECT_EQ(test, rsv_cache_destroy(c[1]), 0);
}

static void numbered_name_is_shortened_where_it_is_too_long(struct kunit *test)
{
	static const char name[] = "0123456789012345678901234567890";
	struct rsv_region *r = rsvt_scratch_pages(test, 4);
	struct rsv_cache *c[12];
	char got[RSV_NAME_MAX];
	unsigned int i;

	static_assert(sizeof(name) == RSV_NAME_MAX);
	for (i = 0; i < ARRAY_SIZE(c); i++) {
		strscpy(got, name, sizeof(got));
		if (i)
			sprintf(got + RSV_NAME_MAX - (i < 10 ? 3 : 4), "-%u", i);
		c[i] = create_numbered(test, r, name, got);
	}
	for (i = 0; i < ARRAY_SIZE(c); i++)
		KUNIT_EXPECT_EQ(test, rsv_cache_destroy(c[i]), 0);
	KUNIT_EXPECT_PTR_EQ(test,
			    rsv_cache_create(r, "0123456789012345678901234567890x", 64, 0,
					     RSV_NAME_UNIQUE, NULL), ERR_PTR(-EINVAL));
}

/* --- A creator that races with others of the same name --- */

#define CREATORS	4
#define EACH		16

struct creator {
	struct rsv_region *r;
	struct completion done;
	struct rsv_cache *c[EACH];
};

static int create_several(void *data)
{
	struct creator *own = data;
	unsigned int i;

	for (i = 0; i < EACH; i++) {
		own->c[i] = rsv_cache_create(own->r, "many", 64, 0, RSV_NAME_UNIQUE, NULL);
		schedule();
	}
	complete(&own->done);
	return 0;
}

static void tasks_that_create_at_once_get_names_of_their_own(struct kunit *test)
{
	struct creator *own = kunit_kcalloc(test, CREATORS, sizeof(*own), GFP_KERNEL);
	struct rsv_region *r = rsvt_scratch_pages(test, 4);
	DECLARE_BITMAP(taken, CREATORS * EACH);
	unsigned int i, k, number;

	KUNIT_ASSERT_NOT_NULL(test, own);
	bitmap_zero(taken, CREATORS * EACH);
	for (k = 0; k < CREATORS; k++) {
		own[k].r = r;
		init_completion(&own[k].done);
		if (IS_ERR(kthread_run(create_several, &own[k], "creator/%u", k)))
			complete(&own[k].done);
	}
	for (k = 0; k < CREATORS; k++)
		wait_for_completion(&own[k].done);
	for (k = 0; k < CREATORS; k++)
		for (i = 0; i < EACH; i++) {
			KUNIT_ASSERT_NOT_ERR_OR_NULL(test, own[k].c[i]);
			number = 0;
			if (strcmp(own[k].c[i]->name, "many"))
				KUNIT_EXPECT_EQ(test,
						sscanf(own[k].c[i]->name, "many-%u", &number), 1);
			KUNIT_ASSERT_LT(test, number, CREATORS * EACH);
			KUNIT_EXPECT_FALSE(test, __test_and_set_bit(number, taken));
		}
	for (k = 0; k < CREATORS; k++)
		for (i = 0; i < EACH; i++)
			KUNIT_EXPECT_EQ(test, rsv_cache_destroy(own[k].c[i]), 0);
}

struct refused_case {
	const char *what;
	unsigned int size, align, flags;
};

static const struct refused_case refused[] = {
	{"size 0", 0, 0, 0},
	{"size too large", RSV_CACHE_SIZE_MAX + 1, 0, 0},
	{"size UINT_MAX", UINT_MAX, 0, 0},
	{"alignment 3", 64, 3, 0},
	{"alignment 24", 64, 24, 0},
	{"alignment above a page", 64, 2 * PAGE_SIZE, 0},
	{"alignment UINT_MAX", 64, UINT_MAX, 0},
	{"unknown flag", 64, 0, 1U << 31},
	{"flag of the module's own", 64, 0, RSV_CACHE_INTERNAL},
	{"flag of the option debug=", 64, 0, RSV_CACHE_VERIFY},
	{"unknown flag with a name that may be numbered", 64, 0, RSV_NAME_UNIQUE | 4},
	{"unknown flag with a known one", 64, 0, RSV_HWCACHE_ALIGN | 4},
	{"two engines", 64, 0, RSV_ENGINE_SLAB | RSV_ENGINE_SLUB},
	{"two other engines", 64, 0, RSV_ENGINE_SLUB | RSV_ENGINE_SLOB},
	{"three engines", 64, 0, RSV_ENGINES},
};

KUNIT_ARRAY_PARAM_DESC(refused, refused, what);

static void what_makes_no_sense_is_refused(struct kunit *test)
{
	const struct refused_case *k = test->param_value;
	struct rsv_region *r = rsvt_scratch_pages(test, 4);
	struct rsv_ioc_info before = {}, after = {};

	rsv_query_info(r, &before);
	KUNIT_EXPECT_PTR_EQ(test, rsv_cache_create(r, "refused", k->size, k->align, k->flags, NULL),
			    ERR_PTR(-EINVAL));
	rsv_query_info(r, &after);
	KUNIT_EXPECT_EQ(test, after.nr_caches, before.nr_caches);
}

static const struct refused_case taken[] = {
	{"size 1", 1, 0, 0},
	{"alignment 1", 64, 1, 0},
	{"alignment of a page", 64, PAGE_SIZE, 0},
	{"no magazine", 64, 0, RSV_NO_MAGAZINE},
	{"engine slab", 64, 0, RSV_ENGINE_SLAB},
	{"engine slub", 64, 0, RSV_ENGINE_SLUB},
	{"engine slob", 64, 0, RSV_ENGINE_SLOB},
	{"all checks", 64, 0, RSV_RED_ZONE | RSV_POISON | RSV_STORE_USER},
	{"everything", RSV_CACHE_SIZE_MAX, PAGE_SIZE, RSV_CACHE_FLAGS & ~RSV_ENGINES},
};

KUNIT_ARRAY_PARAM_DESC(taken, taken, what);

static void what_makes_sense_is_taken(struct kunit *test)
{
	const struct refused_case *k = test->param_value;
	struct rsv_region *r = rsvt_scratch_pages(test, 4);
	struct rsv_cache *c = rsv_cache_create(r, "taken", k->size, k->align, k->flags, NULL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).object_size, k->size);
	KUNIT_EXPECT_GE(test, rsvt_query_cache(c).align, k->align);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).cache_flags, k->flags);
	KUNIT_EXPECT_EQ(test, rsv_cache_destroy(c), 0);
}

static void largest_object_can_be_had(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = rsvt_scratch_cache(test, r, RSV_CACHE_SIZE_MAX, PAGE_SIZE);
	void *object;

	rsvt_objects_alloc(test, c, &object, 1);
	memset(object, 0x5a, RSV_CACHE_SIZE_MAX);
	rsv_cache_free(c, object);
}

static void query_lists_all_caches_in_the_order_of_creation(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 8);
	struct rsv_cache *c = rsvt_scratch_cache(test, r, 100, 32);
	struct rsv_ioc_cache now = {};
	struct rsv_ioc_info info = {};
	unsigned int nr = 0;
	u32 id = 0;

	for (; !rsv_query_cache(r, id, &now); id = now.id + 1) {
		KUNIT_EXPECT_GE(test, now.id, id);
		nr++;
	}
	rsv_query_info(r, &info);
	KUNIT_EXPECT_EQ(test, nr, info.nr_caches);
	KUNIT_EXPECT_EQ(test, nr, r->classes->nr + RSV_MAGAZINE_SIZES + 1);

	/* The test's cache is the newest. */
	KUNIT_EXPECT_EQ(test, now.id, c->id);
	KUNIT_EXPECT_STREQ(test, now.name, c->name);
	KUNIT_EXPECT_STREQ(test, now.engine, "slub");
	KUNIT_EXPECT_EQ(test, now.object_size, 100);
	KUNIT_EXPECT_EQ(test, now.align, 32);
	KUNIT_EXPECT_EQ(test, now.stride, 128);
	KUNIT_EXPECT_EQ(test, now.total_objects, 0);
}

/* --- Which slab serves ---------------------------------------------------------------------- */

static void partial_slab_serves_before_empty_and_empty_before_new(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = rsvt_scratch_cache(test, r, SIZE, 0);
	void *object[3 * PER_SLAB], *last, *again[PER_SLAB];

	rsvt_objects_alloc(test, c, object, ARRAY_SIZE(object));
	EXPECT_SLABS(test, c, 3, 0, 0);
	/* The third slab becomes empty, then the first becomes partial. */
	rsvt_objects_free(c, object + 2 * PER_SLAB, PER_SLAB);
	rsv_cache_free(c, object[1]);
	EXPECT_SLABS(test, c, 1, 1, 1);

	rsvt_objects_alloc(test, c, &last, 1);
	KUNIT_EXPECT_PTR_EQ(test, last, object[1]);
	EXPECT_SLABS(test, c, 2, 0, 1);

	rsvt_objects_alloc(test, c, again, PER_SLAB);
	EXPECT_SLABS(test, c, 3, 0, 0);
	KUNIT_EXPECT_TRUE(test, rsvt_object_among(again[0], object + 2 * PER_SLAB, PER_SLAB));
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).slabs_made, 3);

	rsvt_objects_alloc(test, c, &last, 1);
	EXPECT_SLABS(test, c, 3, 1, 0);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).slabs_made, 4);
	KUNIT_EXPECT_FALSE(test, rsvt_object_among(last, object, ARRAY_SIZE(object)));

	rsv_cache_free(c, last);
	rsvt_objects_free(c, again, PER_SLAB);
	rsvt_objects_free(c, object, 2 * PER_SLAB);
}

static void empty_slabs_beyond_a_few_go_back_and_shrink_gives_the_rest(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = rsvt_scratch_cache(test, r, SIZE, 0);
	void *object[6 * PER_SLAB];

	rsvt_objects_alloc(test, c, object, ARRAY_SIZE(object));
	EXPECT_SLABS(test, c, 6, 0, 0);
	KUNIT_EXPECT_EQ(test, rsv_cache_shrink(c), 0);
	rsvt_objects_free(c, object, 5 * PER_SLAB);
	EXPECT_SLABS(test, c, 1, 0, EMPTY_MAX);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).slabs_given, 5 - EMPTY_MAX);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), 64 - 3 * (1 + EMPTY_MAX));

	KUNIT_EXPECT_EQ(test, rsv_cache_shrink(c), EMPTY_MAX);
	KUNIT_EXPECT_EQ(test, rsv_cache_shrink(c), 0);
	EXPECT_SLABS(test, c, 1, 0, 0);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), 64 - 3);

	rsvt_objects_free(c, object + 5 * PER_SLAB, PER_SLAB);
	KUNIT_EXPECT_EQ(test, rsv_cache_shrink(c), 1);
	EXPECT_FREE_AREAS(test, r, [6] = 1);
}

static void figures_count_what_happened(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_256K);
	struct rsv_cache *c = rsvt_scratch_cache(test, r, SIZE, 0);
	struct rsv_ioc_info info = {};
	void *object[8];

	rsvt_objects_alloc(test, c, object, 8);
	rsvt_objects_free(c, object, 3);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).allocs, 8);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).frees, 3);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).failures, 0);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).active_objects, 5);
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).total_objects, 2 * PER_SLAB);
	rsv_query_info(r, &info);
	KUNIT_EXPECT_EQ(test, info.slab_bytes, 2 * 3 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, info.free_bytes, SZ_256K - info.slab_bytes);
	EXPECT_SLABS(test, c, 0, 2, 0);
	rsvt_objects_free(c, object + 3, 5);
}

/* Requests for blocks, of any order, that failed */
static u64 failed_blocks(struct kunit *test, struct rsv_region *r)
{
	const struct rsv_ioc_zone *zone = rsvt_query_zone(test, r, 0);
	u64 failures = 0;
	u32 order;

	for (order = 0; order < zone->nr_orders; order++)
		failures += zone->failures[order];
	return failures;
}

/*
 * A region of seven pages has blocks of 4, 2 and 1: one slab of three pages fits, then slabs of one
 * page.
 */
static void small_slabs_use_up_what_no_large_slab_fits_in(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 7);
	struct rsv_cache *c = rsvt_scratch_cache(test, r, SIZE, 0);
	void *object[14];
	unsigned int i;

	EXPECT_FREE_AREAS(test, r, [0] = 1, [1] = 1, [2] = 1);
	rsvt_objects_alloc(test, c, object, 14);
	EXPECT_SLABS(test, c, 5, 0, 0);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), 0);
	/* The failed attempt to make a large slab does not count as a failed request. */
	KUNIT_EXPECT_EQ(test, failed_blocks(test, r), 0);
	KUNIT_EXPECT_NULL(test, rsv_cache_alloc(c, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, rsv_cache_alloc(c, GFP_ATOMIC));
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).failures, 2);

	/* One freed object can be allocated again, and no second one. */
	rsv_cache_free(c, object[5]);
	KUNIT_EXPECT_PTR_EQ(test, rsv_cache_alloc(c, GFP_KERNEL), object[5]);
	KUNIT_EXPECT_NULL(test, rsv_cache_alloc(c, GFP_KERNEL));

	for (i = 0; i < 14; i++)
		memset(object[i], i, SIZE);
	for (i = 0; i < 14; i++)
		KUNIT_EXPECT_NULL(test, memchr_inv(object[i], i, SIZE));
	rsvt_objects_free(c, object, 14);
	rsv_cache_shrink(c);
	EXPECT_FREE_AREAS(test, r, [0] = 1, [1] = 1, [2] = 1);
}

static void object_that_no_block_can_hold_gives_null(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 1);
	struct rsv_cache *c = rsvt_scratch_cache(test, r, PAGE_SIZE + 1, 0);

	KUNIT_EXPECT_NULL(test, rsv_cache_alloc(c, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, rsvt_query_cache(c).failures, 1);
	EXPECT_FREE_AREAS(test, r, [0] = 1);
}

/*
 * The counters of the slow paths have one word, and on 32 bits they wrap within days. Whether
 * objects are used must not depend on that.
 */
static void counters_that_wrap_hide_no_used_object(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_1M);
	struct rsv_cache *c = rsv_cache_create(r, "wraps", 64, 0, RSV_NO_MAGAZINE, NULL);
	struct misuse_counts before;
	struct rsv_cpu *cpu;
	void *object[5];
	unsigned int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c);
	rsvt_stay_on_this_cpu();
	cpu = per_cpu_ptr(c->cpus, raw_smp_processor_id());
	cpu->slow_allocs = ULONG_MAX - 2;
	cpu->slow_frees = ULONG_MAX - 2;
	for (i = 0; i < ARRAY_SIZE(object); i++) {
		object[i] = rsv_cache_alloc(c, GFP_KERNEL);
		KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, i + 1);
	}
	rsvt_misuse_counts_read(&before);
	KUNIT_EXPECT_EQ(test, rsv_cache_destroy(c), -EBUSY);
	KUNIT_EXPECT_EQ(test, rsvt_nr_misuses_since(&before), 1);
	for (i = 0; i < ARRAY_SIZE(object); i++) {
		rsv_cache_free(c, object[i]);
		KUNIT_EXPECT_EQ(test, rsvt_cache_count(c).active, ARRAY_SIZE(object) - i - 1);
	}
	KUNIT_EXPECT_EQ(test, rsv_cache_destroy(c), 0);
}

/* After 2^32 caches the numbers begin again, and leave out those that are in use. */
static void numbers_of_caches_in_use_are_left_out(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_1M);
	struct rsv_cache *first = rsvt_scratch_cache(test, r, 64, 0), *second;
	const int before = atomic_read(&rsv_cache_ids);

	atomic_set(&rsv_cache_ids, first->id - 1);
	second = rsvt_scratch_cache(test, r, 64, 0);
	atomic_set(&rsv_cache_ids, before + 1);
	KUNIT_EXPECT_NE(test, first->id, second->id);
	mutex_lock(&r->caches_lock);
	KUNIT_EXPECT_PTR_EQ(test, rsv_cache_next(r, first->id), first);
	KUNIT_EXPECT_PTR_EQ(test, rsv_cache_next(r, second->id), second);
	mutex_unlock(&r->caches_lock);
}

/* Lines that the fast paths of two caches read are neither shared nor a power of two apart. */
static void structures_of_caches_lie_side_by_side(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 4);
	const unsigned int nr = 3 * RSV_CACHE_CHUNK_MAX;
	struct rsv_cache **c = kunit_kcalloc(test, nr, sizeof(*c), GFP_KERNEL);
	size_t stride = ALIGN(struct_size(c[0], nodes, nr_node_ids), cache_line_size());
	unsigned int i, neighbours = 0;

	KUNIT_ASSERT_NOT_NULL(test, c);
	for (i = 0; i < nr; i++) {
		c[i] = rsvt_scratch_cache(test, r, 64, 0);
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)c[i], cache_line_size()));
		if (!i)
			continue;
		neighbours += (void *)c[i] - (void *)c[i - 1] == stride;
	}
	KUNIT_EXPECT_GT(test, neighbours, nr / 2);

	/* Every second one leaves a gap, which serves again. */
	for (i = 0; i < nr; i += 2)
		rsvt_scratch_cache_end(test, c[i]);
	for (i = 0; i < nr; i += 2) {
		c[i] = rsvt_scratch_cache(test, r, 128, 0);
		KUNIT_EXPECT_EQ(test, rsvt_query_cache(c[i]).object_size, 128);
	}
	for (i = 1; i < nr; i += 2)
		KUNIT_EXPECT_EQ(test, rsvt_query_cache(c[i]).object_size, 64);
}

static struct kunit_case cache_cases[] = {
	KUNIT_CASE_PARAM(names_are_checked, names_gen_params),
	KUNIT_CASE(name_is_unique_in_its_region_only),
	KUNIT_CASE(program_and_kernel_may_have_caches_of_one_name),
	KUNIT_CASE(name_that_is_taken_gets_a_number_on_request),
	KUNIT_CASE(numbered_name_is_shortened_where_it_is_too_long),
	KUNIT_CASE(tasks_that_create_at_once_get_names_of_their_own),
	KUNIT_CASE_PARAM(what_makes_no_sense_is_refused, refused_gen_params),
	KUNIT_CASE_PARAM(what_makes_sense_is_taken, taken_gen_params),
	KUNIT_CASE(largest_object_can_be_had),
	KUNIT_CASE(query_lists_all_caches_in_the_order_of_creation),
	KUNIT_CASE(partial_slab_serves_before_empty_and_empty_before_new),
	KUNIT_CASE(empty_slabs_beyond_a_few_go_back_and_shrink_gives_the_rest),
	KUNIT_CASE(figures_count_what_happened),
	KUNIT_CASE(small_slabs_use_up_what_no_large_slab_fits_in),
	KUNIT_CASE(object_that_no_block_can_hold_gives_null),
	KUNIT_CASE(counters_that_wrap_hide_no_used_object),
	KUNIT_CASE(numbers_of_caches_in_use_are_left_out),
	KUNIT_CASE(structures_of_caches_lie_side_by_side),
	{}};

static struct kunit_suite cache_suite = {
	.name = "reservoir_cache",
	.init = rsvt_suite_init,
	.test_cases = cache_cases,
};

kunit_test_suite(cache_suite);
