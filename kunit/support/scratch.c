// SPDX-License-Identifier: GPL-2.0
/*
 * Scratch regions and caches. The end of a test destroys them and expects them to be unused. After
 * a failed test it frees what the test left, so that the next test starts clean.
 */
#include <kunit/test-bug.h>
#include <linux/cpumask.h>
#include <linux/log2.h>
#include <linux/sched.h>

#include "objects/cache.h"
#include "objects/engine.h"
#include "objects/reap.h"
#include "objects/size_class.h"
#include "pages/pagemap.h"
#include "pages/zonelist.h"
#include "scratch.h"
#include "suite.h"

/*
 * Try to free every object of a slab. The cache refuses and reports those that are free already,
 * which does no harm in a test that has failed. The last free may destroy the slab.
 */
static void free_slab_objects(struct rsv_extent *e, struct rsv_frame *slab)
{
	struct rsv_cache *c = slab->cache;
	size_t bytes = rsv_slab_pages(c, slab) << PAGE_SHIFT, offset;

	if (c->flags & RSV_CACHE_INTERNAL)
		return;
	for (offset = 0; offset < bytes && slab->cache == c; offset += sizeof(void *))
		if (c->engine->is_used(c, e, slab + (offset >> PAGE_SHIFT),
				       rsv_frame_addr(e, slab) + offset))
			rsv_cache_free(c, rsv_frame_addr(e, slab) + offset);
	rsv_cache_shrink(c);
}

static void free_extent_blocks(struct rsv_extent *e, const struct rsv_cache *only)
{
	struct rsv_frame *f;

	for (f = e->frames; f < e->frames + e->nr_pages; f++) {
		if (f->kind == RSV_FRAME_SLAB && (!only || f->cache == only))
			free_slab_objects(e, f);
		else if (f->kind == RSV_FRAME_USED && !only && e->base)
			rsv_kfree(rsv_frame_addr(e, f));
		else if (f->kind == RSV_FRAME_USED && !only)
			__rsv_free_pages(rsv_frame_page(e, f), order_base_2(f->nr_pages));
	}
}

/* Free what a failed test left, of one cache or of all. */
static void free_leftovers(struct rsv_region *r, const struct rsv_cache *only)
{
	unsigned int i;

	for (i = 0; i < r->nr_extents; i++)
		if (r->extents->at[i])
			free_extent_blocks(r->extents->at[i], only);
}

static void end_region(void *region)
{
	struct kunit *test = kunit_get_current_test();
	struct rsv_region *r = region;
	int err = rsv_region_destroy(r);

	KUNIT_EXPECT_EQ_MSG(test, err, 0, "the test left something in use");
	if (!err)
		return;
	free_leftovers(r, NULL);
	KUNIT_EXPECT_EQ(test, rsv_region_destroy(r), 0);
}

/* The reaper of a scratch region is off: its caches give memory back only when a test says so. */
static struct rsv_region *create_region(const struct rsv_reserve *want, unsigned int nr)
{
	static unsigned int number;
	struct rsv_region *r;
	char name[RSV_NAME_MAX];

	snprintf(name, sizeof(name), "kunit-%u", ++number);
	r = rsv_region_create(name, want, nr);
	if (!IS_ERR(r))
		rsv_reap_stop(r);
	return r;
}

/* A region of one extent. */
struct rsv_region *rsvt_scratch_region(struct kunit *test, size_t bytes)
{
	struct rsv_reserve want = { .bytes = bytes, .flags = RSV_RESERVE_CONTIG };
	struct rsv_region *r = create_region(&want, 1);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, r);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, end_region, r), 0);
	return r;
}

/* A region of any memory. The test is skipped where the machine does not have that memory. */
struct rsv_region *rsvt_scratch_region_or_skip(struct kunit *test, const struct rsv_reserve *want,
					       unsigned int nr)
{
	struct rsv_region *r = create_region(want, nr);

	if (r == ERR_PTR(-ENOMEM))
		kunit_skip(test, "the machine has no such memory free");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, r);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, end_region, r), 0);
	return r;
}

/*
 * The largest region of one extent that the machine has, from 64 MB down: earlier tests may have
 * fragmented its memory.
 */
struct rsv_region *rsvt_scratch_region_large(struct kunit *test)
{
	struct rsv_reserve want = { .flags = RSV_RESERVE_CONTIG | RSV_RESERVE_FORCE };
	struct rsv_region *r = NULL;

	for (want.bytes = SLOW ? SZ_16M : SZ_64M; want.bytes >= SZ_8M; want.bytes /= 2) {
		r = create_region(&want, 1);
		if (r != ERR_PTR(-ENOMEM))
			break;
	}
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, r);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, end_region, r), 0);
	return r;
}

/*
 * A region of one extent with these size classes. Its caches have this engine unless they ask for
 * another one, which those behind rsv_kmalloc() do not.
 */
struct rsv_region *rsvt_scratch_region_of(struct kunit *test, size_t bytes, const char *engine,
					  const char *classes)
{
	struct rsv_region *usual = rsvt_scratch_region(test, PAGE_SIZE), *r;
	struct rsv_reserve want = { .bytes = bytes, .flags = RSV_RESERVE_CONTIG };

	rsv_engine_set_default(rsv_engine_named(engine));
	rsv_classes_set_default(rsv_classes_named(classes));
	r = create_region(&want, 1);
	rsv_engine_set_default(usual->kmalloc[0]->engine);
	rsv_classes_set_default(usual->classes);
	rsvt_scratch_region_end(test, usual);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, r);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, end_region, r), 0);
	return r;
}

/* Wait for background work, and drain all lists into the free areas. */
void rsvt_settle(struct rsv_region *r)
{
	struct rsv_zone *z;
	unsigned int n;

	for (n = 0; (z = rsv_zone_nth(r, n)); n++)
		flush_work(&z->zero_work);
	flush_work(&r->drain_work);
	rsv_region_shrink(r, 0);
}

/* Lets a region that nobody uses yet do without per-CPU lists: for tests of the free areas. */
void rsvt_lists_off(struct rsv_region *r)
{
	struct rsv_zone *z;
	unsigned int n;

	for (n = 0; (z = rsv_zone_nth(r, n)); n++) {
		memset(z->pcp_high, 0, sizeof(z->pcp_high));
		z->large_high = 0;
	}
}

/*
 * Lets the lists of a region that nobody uses yet be as long as they may, from the first block on:
 * for tests whose subject is not when a list gets longer (pcp_limit.c).
 */
void rsvt_lists_long(struct rsv_region *r)
{
	struct rsv_zone *z;
	unsigned int n;

	for (n = 0; (z = rsv_zone_nth(r, n)); n++)
		memcpy(z->pcp_low, z->pcp_high, sizeof(z->pcp_low));
}

/*
 * Keeps the test on one CPU, whose cached pages and objects it then knows. Each test runs in a
 * thread of its own.
 */
void rsvt_stay_on_this_cpu(void)
{
	set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));
}

/* A CPU other than this one. The test is skipped on a machine with one CPU. */
unsigned int rsvt_other_cpu(struct kunit *test)
{
	unsigned int cpu = cpumask_any_but(cpu_online_mask, raw_smp_processor_id());

	if (cpu >= nr_cpu_ids)
		kunit_skip(test, "the machine has one CPU");
	return cpu;
}

/* Destroy a region before the end of its test. */
void rsvt_scratch_region_end(struct kunit *test, struct rsv_region *r)
{
	kunit_release_action(test, end_region, r);
}

static void end_cache(void *cache)
{
	struct kunit *test = kunit_get_current_test();
	struct rsv_cache *c = cache;
	int err = rsv_cache_destroy(c);

	KUNIT_EXPECT_EQ_MSG(test, err, 0, "the test left objects in use");
	if (!err)
		return;
	free_leftovers(c->region, c);
	KUNIT_EXPECT_EQ(test, rsv_cache_destroy(c), 0);
}

struct rsv_cache *rsvt_scratch_cache_flags(struct kunit *test, struct rsv_region *r,
					   unsigned int size, unsigned int align,
					   unsigned int flags, void (*ctor)(void *object))
{
	const struct rsv_cache_args args = { .align = align, .flags = flags, .ctor = ctor };

	return rsvt_scratch_cache_args(test, r, size, &args);
}

struct rsv_cache *rsvt_scratch_cache_args(struct kunit *test, struct rsv_region *r,
					  unsigned int size, const struct rsv_cache_args *args)
{
	static unsigned int number;
	struct rsv_cache *c;
	char name[RSV_NAME_MAX];

	snprintf(name, sizeof(name), "objects-%u", ++number);
	c = rsv_cache_create_internal(r, name, size, args);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, end_cache, c), 0);
	return c;
}

/* A cache without magazines, so that a test sees which slab serves a request. */
struct rsv_cache *rsvt_scratch_cache_ctor(struct kunit *test, struct rsv_region *r,
					  unsigned int size, unsigned int align,
					  void (*ctor)(void *object))
{
	return rsvt_scratch_cache_flags(test, r, size, align, RSV_NO_MAGAZINE | RSV_CACHE_INTERNAL,
					ctor);
}

/* Destroy a cache before the end of its test. */
void rsvt_scratch_cache_end(struct kunit *test, struct rsv_cache *c)
{
	kunit_release_action(test, end_cache, c);
}

/* Give back the empty slabs of the caches that the region made itself. */
void rsvt_scratch_shrink(struct rsv_region *r)
{
	unsigned int i;

	for (i = 0; i < r->classes->nr; i++)
		rsv_cache_shrink(r->kmalloc[i]);
	for (i = 0; i < RSV_MAGAZINE_SIZES; i++)
		rsv_cache_shrink(r->magazine_caches[i]);
}

void *rsvt_scratch_base(struct rsv_region *r)
{
	return r->extents->at[0]->base;
}

size_t rsvt_scratch_offset(struct rsv_region *r, const void *addr)
{
	return addr - rsvt_scratch_base(r);
}

unsigned long rsvt_scratch_page(struct rsv_region *r, const void *addr)
{
	return rsvt_scratch_offset(r, addr) >> PAGE_SHIFT;
}
