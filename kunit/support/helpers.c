// SPDX-License-Identifier: GPL-2.0
/*
 * What the suites share.
 */
#include <kunit/test-bug.h>
#include <linux/cpumask.h>
#include <linux/kasan.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "helpers.h"
#include "interface/query.h"
#include "objects/cache.h"
#include "objects/engine.h"
#include "objects/reap.h"
#include "region.h"

/* Tests run one after the other, and nobody else uses the module meanwhile. */
static u64 misuses_expected;

static void check_misuses(void *unused)
{
	KUNIT_EXPECT_EQ_MSG(kunit_get_current_test(), rsv_misuse_total(), misuses_expected,
			    "misuses were reported that this test does not expect");
}

int suite_init(struct kunit *test)
{
	/* The numbers of pages and slabs that the tests expect are the textbook's. */
	if (PAGE_SIZE != SZ_4K)
		kunit_skip(test, "pages are not 4 KB");
	misuses_expected = rsv_misuse_total();
	return kunit_add_action_or_reset(test, check_misuses, NULL);
}

/* --- Scratch regions and caches ------------------------------------------------------------- */

/*
 * After a failed test: try to free every object of a slab. The ones that are free already are
 * refused and reported, which is no harm in a test that has failed anyway. The last one may take
 * the slab away.
 */
static void drain_slab(struct rsv_extent *e, struct rsv_frame *slab)
{
	struct rsv_cache *c = slab->cache;
	size_t bytes = rsv_slab_pages(c, slab) << PAGE_SHIFT, at;

	if (c->flags & RSV_CACHE_INTERNAL)
		return;
	for (at = 0; at < bytes && slab->cache == c; at += sizeof(void *))
		if (c->engine->is_used(c, e, slab + (at >> PAGE_SHIFT),
				       rsv_frame_addr(e, slab) + at))
			rsv_cache_free(c, rsv_frame_addr(e, slab) + at);
	rsv_cache_shrink(c);
}

static void drain_extent(struct rsv_extent *e, const struct rsv_cache *only)
{
	struct rsv_frame *f;

	for (f = e->frames; f < e->frames + e->nr_pages; f++) {
		if (f->kind == RSV_FRAME_SLAB && (!only || f->cache == only))
			drain_slab(e, f);
		else if (f->kind == RSV_FRAME_USED && !only && e->base)
			rsv_kfree(rsv_frame_addr(e, f));
		else if (f->kind == RSV_FRAME_USED && !only)
			__rsv_free_pages(rsv_frame_page(e, f), order_base_2(f->nr_pages));
	}
}

/* After a failed test: free what it left, of one cache or all, so that nothing stays for ever. */
static void drain(struct rsv_region *r, const struct rsv_cache *only)
{
	unsigned int i;

	for (i = 0; i < r->nr_extents; i++)
		if (r->extents->at[i])
			drain_extent(r->extents->at[i], only);
}

static void end_region(void *region)
{
	struct kunit *test = kunit_get_current_test();
	struct rsv_region *r = region;
	int err = rsv_region_destroy(r);

	KUNIT_EXPECT_EQ_MSG(test, err, 0, "the test left something in use");
	if (!err)
		return;
	drain(r, NULL);
	KUNIT_EXPECT_EQ(test, rsv_region_destroy(r), 0);
}

/* Nothing happens in it by itself: what caches do not need goes when a test says so. */
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

/* A region of one contiguous run, destroyed at the end of the test; it must be unused by then. */
struct rsv_region *scratch_region(struct kunit *test, size_t bytes)
{
	struct rsv_reserve want = {.bytes = bytes, .flags = RSV_RESERVE_CONTIG};
	struct rsv_region *r = create_region(&want, 1);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, r);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, end_region, r), 0);
	return r;
}

/* The same of any memory; the test is skipped where the machine does not have it. */
struct rsv_region *scratch_region_or_skip(struct kunit *test, const struct rsv_reserve *want,
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
 * The largest region of one run that the machine has, from 64 MB down: tests may have cut it up.
 * It takes the longer the larger it is.
 */
struct rsv_region *scratch_region_large(struct kunit *test)
{
	struct rsv_reserve want = {.flags = RSV_RESERVE_CONTIG | RSV_RESERVE_FORCE};
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
 * The same of one contiguous run, whose caches have a certain engine unless they ask for one, those
 * behind rsv_kmalloc() above all, and which has certain size classes.
 */
struct rsv_region *scratch_region_of(struct kunit *test, size_t bytes, const char *engine,
				     const char *classes)
{
	struct rsv_region *usual = scratch_region(test, PAGE_SIZE), *r;
	struct rsv_reserve want = {.bytes = bytes, .flags = RSV_RESERVE_CONTIG};

	rsv_engine_set_default(rsv_engine_named(engine));
	rsv_classes_set_default(rsv_classes_named(classes));
	r = create_region(&want, 1);
	rsv_engine_set_default(usual->kmalloc[0]->engine);
	rsv_classes_set_default(usual->classes);
	scratch_region_end(test, usual);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, r);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, end_region, r), 0);
	return r;
}

/* Wait for what goes on in the background, and have all that is free in the free areas. */
void settle(struct rsv_region *r)
{
	struct rsv_zone *z;
	unsigned int n;

	for (n = 0; (z = rsv_zone_nth(r, n)); n++)
		flush_work(&z->zero_work);
	flush_work(&r->drain_work);
	rsv_region_shrink(r, 0);
}

/* What is on the lists of this CPU can be told exactly then. Each test has a thread of its own. */
void stay_on_this_cpu(void)
{
	set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));
}

/* One that is not this one; a machine without such skips the test. */
unsigned int other_cpu(struct kunit *test)
{
	unsigned int cpu = cpumask_any_but(cpu_online_mask, raw_smp_processor_id());

	if (cpu >= nr_cpu_ids)
		kunit_skip(test, "the machine has one CPU");
	return cpu;
}

/* Destroy a region before the end of its test. */
void scratch_region_end(struct kunit *test, struct rsv_region *r)
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
	drain(c->region, c);
	KUNIT_EXPECT_EQ(test, rsv_cache_destroy(c), 0);
}

/* A cache that is destroyed at the end of the test, and must be unused by then. */
struct rsv_cache *scratch_cache_flags(struct kunit *test, struct rsv_region *r, unsigned int size,
				      unsigned int align, unsigned int flags,
				      void (*ctor)(void *object))
{
	static unsigned int number;
	struct rsv_cache *c;
	char name[RSV_NAME_MAX];

	snprintf(name, sizeof(name), "objects-%u", ++number);
	c = rsv_cache_create_internal(r, name, size, align, flags, ctor);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, end_cache, c), 0);
	return c;
}

/* The same with nothing in front of the engine, so that a test sees which slab serves. */
struct rsv_cache *scratch_cache_ctor(struct kunit *test, struct rsv_region *r, unsigned int size,
				     unsigned int align, void (*ctor)(void *object))
{
	return scratch_cache_flags(test, r, size, align, RSV_NO_MAGAZINE | RSV_CACHE_INTERNAL,
				   ctor);
}

/* Destroy a cache before the end of its test. */
void scratch_cache_end(struct kunit *test, struct rsv_cache *c)
{
	kunit_release_action(test, end_cache, c);
}

/* Have the caches behind rsv_kmalloc() give their empty slabs back. */
void scratch_shrink(struct rsv_region *r)
{
	unsigned int i;

	for (i = 0; i < r->classes->nr; i++)
		rsv_cache_shrink(r->kmalloc[i]);
	for (i = 0; i < RSV_MAGAZINE_SIZES; i++)
		rsv_cache_shrink(r->magazine_caches[i]);
}

void objects_take(struct kunit *test, struct rsv_cache *c, void **objects, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		objects[i] = rsv_cache_alloc(c, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, objects[i]);
	}
}

void objects_give(struct rsv_cache *c, void **objects, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		rsv_cache_free(c, objects[i]);
}

bool object_among(const void *object, void *const *objects, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (objects[i] == object)
			return true;
	return false;
}

struct rsv_ioc_cache cache_figures(struct rsv_cache *c)
{
	struct rsv_ioc_cache now = {};

	rsv_query_one_cache(c, &now);
	return now;
}

void peek(void *to, const void *at, size_t bytes)
{
	kasan_disable_current();
	memcpy(to, at, bytes);
	kasan_enable_current();
}

void poke(void *at, const void *from, size_t bytes)
{
	kasan_disable_current();
	memcpy(at, from, bytes);
	kasan_enable_current();
}

struct page **pages_array(struct kunit *test, unsigned long nr)
{
	struct page **pages = kunit_kcalloc(test, nr, sizeof(*pages), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, pages);
	return pages;
}

unsigned long pages_take(struct rsv_region *r, gfp_t gfp, unsigned int order, struct page **pages,
			 unsigned long max)
{
	unsigned long nr;

	for (nr = 0; nr < max; nr++) {
		pages[nr] = rsv_alloc_pages(r, gfp, order);
		if (!pages[nr])
			break;
	}
	return nr;
}

void pages_give(struct page **pages, unsigned long nr, unsigned int order)
{
	while (nr--)
		__rsv_free_pages(pages[nr], order);
}

void *scratch_base(struct rsv_region *r)
{
	return r->extents->at[0]->base;
}

size_t scratch_offset(struct rsv_region *r, const void *addr)
{
	return addr - scratch_base(r);
}

unsigned long scratch_page(struct rsv_region *r, const void *addr)
{
	return scratch_offset(r, addr) >> PAGE_SHIFT;
}

/* --- Parameters that several suites have ---------------------------------------------------- */

void pages_text(const unsigned int *pages, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "%u pages", *pages);
}

const struct name_case name_cases[NAME_CASES] = {
	{"one letter", "a", true},
	{"all kinds of characters", "Az09_.-x", true},
	{"31 characters", "abcdefghijklmnopqrstuvwxyz-1234", true},
	{"leading dot", ".hidden", true},
	{"three dots", "...", true},
	{"leading dash", "-r", true},
	{"empty", "", false},
	{"dot", ".", false},
	{"dot dot", "..", false},
	{"32 characters", "abcdefghijklmnopqrstuvwxyz-12345", false},
	{"slash", "a/b", false},
	{"only a slash", "/", false},
	{"space", "a b", false},
	{"newline", "a\n", false},
	{"percent", "%p", false},
	{"not ASCII", "caf\xc3\xa9", false},
	{"DEL", "\x7f", false},
};

/* --- What a region holds -------------------------------------------------------------------- */

void free_areas_read(struct kunit *test, struct rsv_region *r, struct free_areas *areas)
{
	struct rsv_ioc_zone *zone = kunit_kzalloc(test, sizeof(*zone), GFP_KERNEL);
	unsigned int i, order;

	KUNIT_ASSERT_NOT_NULL(test, zone);
	memset(areas, 0, sizeof(*areas));
	for (i = 0; !rsv_query_zone(r, i, zone); i++)
		for (order = 0; order < zone->nr_orders; order++)
			areas->count[order] += zone->free[order];
	kunit_kfree(test, zone);
}

/*
 * The free areas that a region of one extent must have while nothing is in use: from the lower
 * end on always the largest block that its address allows and that fits.
 */
void free_areas_untouched(struct rsv_region *r, struct free_areas *areas)
{
	unsigned long pfn = r->extents->at[0]->first;
	unsigned long end = pfn + r->extents->at[0]->nr_pages;
	unsigned int order;

	memset(areas, 0, sizeof(*areas));
	for (; pfn < end; pfn += 1UL << order) {
		order = min_t(unsigned int, __ffs(pfn), __fls(end - pfn));
		areas->count[order]++;
	}
}

/* "3:1 5:2": one block of order 3, two of order 5 */
const char *free_areas_text(struct kunit *test, const struct free_areas *areas)
{
	const size_t size = 256;
	char *text = kunit_kzalloc(test, size, GFP_KERNEL);
	unsigned int order, used = 0;

	KUNIT_ASSERT_NOT_NULL(test, text);
	for (order = 0; order < RSV_ORDERS_MAX; order++)
		if (areas->count[order])
			used += scnprintf(text + used, size - used, "%s%u:%lu", used ? " " : "",
					  order, areas->count[order]);
	return text;
}

const char *free_areas_now(struct kunit *test, struct rsv_region *r)
{
	struct free_areas areas;

	free_areas_read(test, r, &areas);
	return free_areas_text(test, &areas);
}

const char *map_text(struct kunit *test, struct rsv_region *r)
{
	char *map = kunit_kzalloc(test, r->span + 1, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, map);
	KUNIT_EXPECT_EQ(test, rsv_query_map(r, 0, map, r->span), r->span);
	return map;
}

/* How many pages serve as something, RSV_MAP_* */
unsigned long map_count(struct kunit *test, struct rsv_region *r, char what)
{
	const char *map = map_text(test, r);
	unsigned long nr = 0, i;

	for (i = 0; map[i]; i++)
		nr += map[i] == what;
	kunit_kfree(test, map);
	return nr;
}

const char *slabs_wanted(struct kunit *test, u64 full, u64 partial, u64 empty)
{
	const size_t size = 64;
	char *text = kunit_kzalloc(test, size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, text);
	snprintf(text, size, "%llu full, %llu partial, %llu empty", full, partial, empty);
	return text;
}

const char *slabs_text(struct kunit *test, struct rsv_cache *c)
{
	struct rsv_ioc_cache now = cache_figures(c);

	return slabs_wanted(test, now.full_slabs, now.partial_slabs, now.empty_slabs);
}

struct rsv_ioc_zone *zone_figures(struct kunit *test, struct rsv_region *r, unsigned int index)
{
	struct rsv_ioc_zone *zone = kunit_kzalloc(test, sizeof(*zone), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, zone);
	KUNIT_ASSERT_EQ(test, rsv_query_zone(r, index, zone), 0);
	return zone;
}

struct rsv_ioc_info region_figures(struct rsv_region *r)
{
	struct rsv_ioc_info info = {};

	rsv_query_info(r, &info);
	return info;
}

u64 region_free_bytes(struct rsv_region *r)
{
	return region_figures(r).free_bytes;
}

u64 region_free_pages(struct rsv_region *r)
{
	return region_free_bytes(r) >> PAGE_SHIFT;
}

/* --- Misuse --------------------------------------------------------------------------------- */

void misuse_counts_read(struct misuse_counts *counts)
{
	enum rsv_misuse kind;

	for (kind = 0; kind < RSV_MISUSES; kind++)
		counts->count[kind] = rsv_misuse_count(kind);
}

/* Misuses reported since. From now on the test is meant to have them. */
u64 nr_misuses_since(const struct misuse_counts *before)
{
	enum rsv_misuse kind;
	u64 nr = 0;

	for (kind = RSV_OK + 1; kind < RSV_MISUSES; kind++)
		nr += rsv_misuse_count(kind) - before->count[kind];
	misuses_expected += nr;
	return nr;
}

/* The names of their kinds, each as often as it was reported; "none" if there was no report. */
const char *misuses_since(struct kunit *test, const struct misuse_counts *before)
{
	const size_t size = 256;
	char *text = kunit_kzalloc(test, size, GFP_KERNEL);
	enum rsv_misuse kind;
	size_t used = 0;
	u64 n;

	KUNIT_ASSERT_NOT_NULL(test, text);
	for (kind = RSV_OK + 1; kind < RSV_MISUSES; kind++)
		for (n = before->count[kind]; n < rsv_misuse_count(kind); n++)
			used += scnprintf(text + used, size - used, "%s%s", used ? " " : "",
					  rsv_misuse_name(kind));
	return nr_misuses_since(before) ? text : rsv_misuse_name(RSV_OK);
}

const char *last_report(struct kunit *test)
{
	char *text = kunit_kzalloc(test, RSV_REPORT_MAX, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, text);
	rsv_misuse_last(text, RSV_REPORT_MAX);
	return text;
}

const char *report_text(struct kunit *test, const char *fmt, ...)
{
	char *text = kunit_kzalloc(test, RSV_REPORT_MAX, GFP_KERNEL);
	va_list args;

	KUNIT_ASSERT_NOT_NULL(test, text);
	va_start(args, fmt);
	vsnprintf(text, RSV_REPORT_MAX, fmt, args);
	va_end(args);
	return text;
}

const char *report_given_back(struct kunit *test, struct rsv_cache *c, const void *object)
{
	return report_text(test, "cache %s of region %s: object at 0x%zx: given back", c->name,
			   c->region->name, scratch_offset(c->region, object));
}
