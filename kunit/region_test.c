// SPDX-License-Identifier: GPL-2.0
/*
 * Regions: refused ones, the figures of a new one, the lookup of its pages, the conditions of its
 * destruction, and tasks that wait for one another.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/vmalloc.h>

#include "interface/query.h"
#include "pages/pagemap.h"
#include "pages/zonelist.h"
#include "region.h"
#include "region_list.h"
#include "support/areas.h"
#include "support/figures.h"
#include "support/map.h"
#include "support/misuse.h"
#include "support/params.h"
#include "support/scratch.h"
#include "support/suite.h"

static struct rsv_region *create(const char *name, size_t bytes, unsigned int flags)
{
	struct rsv_reserve want = { .bytes = bytes, .flags = flags };

	return rsv_region_create(name, &want, 1);
}

/* --- Creation ------------------------------------------------------------------------------- */

KUNIT_ARRAY_PARAM_DESC(names, rsvt_name_cases, what);

static void names_are_checked(struct kunit *test)
{
	const struct name_case *n = test->param_value;
	struct rsv_region *r = create(n->name, PAGE_SIZE, 0);

	if (!n->good) {
		KUNIT_EXPECT_PTR_EQ(test, r, ERR_PTR(-EINVAL));
		return;
	}
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, r);
	KUNIT_EXPECT_STREQ(test, r->name, n->name);
	KUNIT_EXPECT_EQ(test, rsv_region_destroy(r), 0);
}

static void name_that_is_taken_is_refused_until_it_is_free(struct kunit *test)
{
	struct rsv_region *first = create("kunit-twice", PAGE_SIZE, 0), *second;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, first);
	second = create("kunit-twice", PAGE_SIZE, 0);
	KUNIT_EXPECT_PTR_EQ(test, second, ERR_PTR(-EEXIST));
	KUNIT_EXPECT_EQ(test, rsv_region_destroy(first), 0);

	first = create("kunit-twice", PAGE_SIZE, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, first);
	KUNIT_EXPECT_EQ(test, rsv_region_destroy(first), 0);
}

static void sizes_without_sense_are_refused(struct kunit *test)
{
	KUNIT_EXPECT_PTR_EQ(test, create("kunit-size", 0, 0), ERR_PTR(-EINVAL));
	KUNIT_EXPECT_PTR_EQ(test, create("kunit-size", SIZE_MAX, 0), ERR_PTR(-EINVAL));
}

static void unknown_flags_are_refused(struct kunit *test)
{
	KUNIT_EXPECT_PTR_EQ(test, create("kunit-flags", PAGE_SIZE, BIT(31)), ERR_PTR(-EINVAL));
	KUNIT_EXPECT_PTR_EQ(test, create("kunit-flags", PAGE_SIZE, 1U << 8), ERR_PTR(-EINVAL));
}

/* A refused region leaves nothing behind: its name and memory are available at once. */
static void more_than_there_is_is_refused_and_nothing_leaks(struct kunit *test)
{
	static const unsigned int flags[] = { 0, RSV_RESERVE_CONTIG, RSV_RESERVE_FORCE };
	size_t all = (size_t)totalram_pages() * PAGE_SIZE;
	struct rsv_region *r;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		KUNIT_EXPECT_PTR_EQ(test, create("kunit-much", all, flags[i]), ERR_PTR(-ENOMEM));
		r = create("kunit-much", PAGE_SIZE, 0);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, r);
		KUNIT_EXPECT_EQ(test, rsv_region_destroy(r), 0);
	}
}

/*
 * The second part is larger than any block of the kernel. If the system cannot gather it, the first
 * part is given back too.
 */
static void contiguous_is_one_extent_or_nothing(struct kunit *test)
{
	const struct rsv_reserve want[] = {
		{ .bytes = SZ_64K, .flags = RSV_RESERVE_CONTIG },
		{ .bytes = SZ_64M, .flags = RSV_RESERVE_CONTIG },
	};
	struct rsv_region *r = rsv_region_create("kunit-parts", want, 2);
	struct rsv_ioc_extent e = {};
	u64 longest = 0;
	unsigned int i;

	if (IS_ERR(r)) {
		KUNIT_EXPECT_EQ(test, PTR_ERR(r), -ENOMEM);
		return;
	}
	for (i = 0; !rsv_query_extent(r, i, &e); i++)
		longest = max_t(u64, longest, e.bytes);
	KUNIT_EXPECT_GE(test, longest, SZ_64M);
	KUNIT_EXPECT_EQ(test, rsv_region_destroy(r), 0);
}

static void region_without_memory_gives_nothing(struct kunit *test)
{
	struct rsv_region *r = rsv_region_create("kunit-none", NULL, 0);
	struct rsv_ioc_info info = {};
	char page;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, r);
	rsv_query_info(r, &info);
	KUNIT_EXPECT_EQ(test, info.bytes, 0);
	KUNIT_EXPECT_EQ(test, info.largest_block, 0);
	KUNIT_EXPECT_EQ(test, rsv_query_map(r, 0, &page, 1), 0);
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP_KERNEL, 0));
	KUNIT_EXPECT_NULL(test, rsv_kmalloc(r, 8, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, rsv_kmalloc(r, 12000, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, rsv_region_destroy(r), 0);
}

static void parts_add_up(struct kunit *test)
{
	const struct rsv_reserve want[] = {
		{ .bytes = 5 * PAGE_SIZE, .flags = RSV_RESERVE_CONTIG },
		{ .bytes = 1 },
		{ .bytes = SZ_64K },
	};
	struct rsv_region *r = rsv_region_create("kunit-sum", want, ARRAY_SIZE(want));
	u64 pages = 5 + 1 + SZ_64K / PAGE_SIZE;
	struct rsv_ioc_extent e = {};
	u64 offset = 0;
	unsigned int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, r);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), pages);
	/* The extents, laid end to end, are the region. */
	for (i = 0; !rsv_query_extent(r, i, &e); i++) {
		KUNIT_EXPECT_EQ(test, e.offset, offset);
		offset += e.bytes;
	}
	KUNIT_EXPECT_EQ(test, offset, pages * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, rsv_region_destroy(r), 0);
}

static void bytes_are_rounded_up_to_pages(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, rsvt_region_free_bytes(rsvt_scratch_region(test, 1)), PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_bytes(rsvt_scratch_region(test, PAGE_SIZE)),
			PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_bytes(rsvt_scratch_region(test, PAGE_SIZE + 1)),
			2 * PAGE_SIZE);
}

/* --- Figures and pages ---------------------------------------------------------------------- */

static const unsigned int sizes[] = { 1, 7, 37, 64, 511, 513 };

KUNIT_ARRAY_PARAM(sizes, sizes, rsvt_pages_text);

static struct rsv_region *sized_region(struct kunit *test)
{
	return rsvt_scratch_pages(test, *(const unsigned int *)test->param_value);
}

static void figures_of_a_new_region_agree(struct kunit *test)
{
	struct rsv_region *r = sized_region(test);
	struct rsv_ioc_info info = {};
	struct free_areas areas;
	unsigned int order;

	rsv_query_info(r, &info);
	rsvt_free_areas_untouched(r, &areas);
	for (order = RSV_ORDERS_MAX; order && !areas.count[order - 1]; order--)
		;
	KUNIT_EXPECT_STREQ(test, info.name, r->name);
	KUNIT_EXPECT_STREQ(test, info.version, RSV_VERSION);
	KUNIT_EXPECT_EQ(test, info.abi_version, RSV_ABI_VERSION);
	KUNIT_EXPECT_EQ(test, info.page_size, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, info.nr_zones, 1);
	KUNIT_EXPECT_EQ(test, info.nr_extents, 1);
	KUNIT_EXPECT_EQ(test, info.bytes, r->nr_pages * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, info.free_bytes, info.bytes);
	KUNIT_EXPECT_EQ(test, info.largest_free_block, PAGE_SIZE << (order - 1));
	KUNIT_EXPECT_EQ(test, info.largest_block, info.largest_free_block);
	KUNIT_EXPECT_EQ(test, info.largest_free,
			info.bytes - rsv_zone_nth(r, 0)->min_pages * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, info.slab_bytes, 0);
}

static void zone_and_extent_describe_the_memory(struct kunit *test)
{
	struct rsv_region *r = sized_region(test);
	struct rsv_ioc_zone *zone = kunit_kzalloc(test, sizeof(*zone), GFP_KERNEL);
	struct page *page = virt_to_page(rsvt_scratch_base(r));
	struct rsv_ioc_extent e = {};

	KUNIT_ASSERT_NOT_NULL(test, zone);
	KUNIT_EXPECT_EQ(test, rsv_query_zone(r, 0, zone), 0);
	KUNIT_EXPECT_EQ(test, zone->pages, r->nr_pages);
	KUNIT_EXPECT_EQ(test, zone->free_pages, r->nr_pages);
	KUNIT_EXPECT_EQ(test, zone->peak_pages, 0);
	KUNIT_EXPECT_EQ(test, zone->node, page_to_nid(page));
	KUNIT_EXPECT_STREQ(test, zone->name, page_zone(page)->name);
	KUNIT_EXPECT_EQ(test, rsv_query_zone(r, 1, zone), -ENOENT);

	KUNIT_EXPECT_EQ(test, rsv_query_extent(r, 0, &e), 0);
	KUNIT_EXPECT_EQ(test, e.offset, 0);
	KUNIT_EXPECT_EQ(test, e.bytes, r->nr_pages * PAGE_SIZE);
	KUNIT_EXPECT_STREQ(test, e.zone, page_zone(page)->name);
	KUNIT_EXPECT_EQ(test, rsv_query_extent(r, 1, &e), -ENOENT);
}

static void map_can_be_read_piece_by_piece(struct kunit *test)
{
	struct rsv_region *r = sized_region(test);
	char piece[8];
	unsigned long first, i;
	size_t n;

	for (first = 0; first < r->nr_pages; first += n) {
		n = rsv_query_map(r, first, piece, sizeof(piece));
		KUNIT_ASSERT_EQ(test, n, min(sizeof(piece), r->nr_pages - first));
		for (i = 0; i < n; i++)
			KUNIT_EXPECT_EQ(test, piece[i], RSV_MAP_FREE);
	}
	KUNIT_EXPECT_EQ(test, rsv_query_map(r, r->nr_pages, piece, sizeof(piece)), 0);
	KUNIT_EXPECT_EQ(test, rsv_query_map(r, ULONG_MAX, piece, sizeof(piece)), 0);
}

static void every_page_finds_its_frame_and_no_other_page_does(struct kunit *test)
{
	struct rsv_region *r = sized_region(test);
	struct rsv_extent *e = r->extents->at[0];
	unsigned long i;

	rcu_read_lock();
	for (i = 0; i < e->nr_pages; i++)
		if (rsv_frame_of_page(pfn_to_page(e->first + i)) != &e->frames[i])
			break;
	KUNIT_EXPECT_EQ(test, i, e->nr_pages);
	KUNIT_EXPECT_PTR_EQ(test, rsv_extent_find(e->first), e);
	KUNIT_EXPECT_PTR_EQ(test, rsv_extent_find(e->first + e->nr_pages - 1), e);
	/* Adjacent pages do not belong to this region; they may belong to another one. */
	KUNIT_EXPECT_PTR_NE(test, rsv_extent_find(e->first - 1), e);
	KUNIT_EXPECT_PTR_NE(test, rsv_extent_find(e->first + e->nr_pages), e);

	KUNIT_EXPECT_PTR_EQ(test, rsv_extent_find_addr(e->base), e);
	KUNIT_EXPECT_PTR_EQ(test, rsv_extent_find_addr(e->base + e->nr_pages * PAGE_SIZE - 1), e);
	KUNIT_EXPECT_PTR_NE(test, rsv_extent_find_addr(e->base - 1), e);
	KUNIT_EXPECT_PTR_NE(test, rsv_extent_find_addr(e->base + e->nr_pages * PAGE_SIZE), e);
	rcu_read_unlock();
}

static void addresses_that_mean_nothing_find_nothing(struct kunit *test)
{
	void *mapped = vmalloc(PAGE_SIZE), *system = kunit_kmalloc(test, 64, GFP_KERNEL);
	int on_stack;

	KUNIT_ASSERT_NOT_NULL(test, system);
	rcu_read_lock();
	KUNIT_EXPECT_NULL(test, rsv_extent_find_addr(NULL));
	KUNIT_EXPECT_NULL(test, rsv_extent_find_addr((void *)1));
	KUNIT_EXPECT_NULL(test, rsv_extent_find_addr((void *)ULONG_MAX));
	KUNIT_EXPECT_NULL(test, rsv_extent_find_addr(&on_stack));
	KUNIT_EXPECT_NULL(test, rsv_extent_find_addr(mapped));
	KUNIT_EXPECT_NULL(test, rsv_extent_find_addr(system));
	KUNIT_EXPECT_NULL(test, rsv_extent_find_addr(rsvt_name_cases));
	KUNIT_EXPECT_NULL(test, rsv_extent_find(0));
	KUNIT_EXPECT_NULL(test, rsv_extent_find(ULONG_MAX));
	rcu_read_unlock();
	vfree(mapped);
}

static void pages_of_a_region_that_is_gone_find_nothing(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 37);
	unsigned long first = r->extents->at[0]->first, pfn;

	rsvt_scratch_region_end(test, r);
	rcu_read_lock();
	for (pfn = first; pfn < first + 37; pfn++)
		KUNIT_EXPECT_NULL(test, rsv_extent_find(pfn));
	rcu_read_unlock();
}

static void frame_takes_at_most_32_bytes_a_page(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 256);
	struct rsv_ioc_info info = {};

	KUNIT_EXPECT_LE(test, sizeof(struct rsv_frame), 32);
	rsv_query_info(r, &info);
	KUNIT_EXPECT_GE(test, info.metadata_bytes, 256 * sizeof(struct rsv_frame));
	/* Metadata that does not grow with the region takes three pages at most. */
	KUNIT_EXPECT_LE(test, info.metadata_bytes, 256 * 32 + 3 * PAGE_SIZE);
}

static void default_region_is_there(struct kunit *test)
{
	struct rsv_region *r = rsv_default_region();
	struct rsv_ioc_info info = {};
	void *p;

	KUNIT_ASSERT_NOT_NULL(test, r);
	rsv_query_info(r, &info);
	if (!info.bytes)
		kunit_skip(test, "the module was loaded with reserve=none");
	KUNIT_EXPECT_LE(test, info.free_bytes, info.bytes);
	p = rsv_kmalloc(r, 100, GFP_KERNEL);
	KUNIT_EXPECT_NOT_NULL(test, p);
	rsv_kfree(p);
}

/* --- Destruction ---------------------------------------------------------------------------- */

static void expect_busy(struct kunit *test, struct rsv_region *r)
{
	int err;

	EXPECT_MISUSE(test, RSV_IN_USE, err = rsv_region_destroy(r));
	KUNIT_EXPECT_EQ(test, err, -EBUSY);
}

static void region_with_a_page_in_use_is_busy(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 8);
	unsigned long addr = rsv_get_free_pages(r, GFP_KERNEL, 1);

	KUNIT_ASSERT_NE(test, addr, 0);
	expect_busy(test, r);
	/* The refused destruction changed nothing. */
	memset((void *)addr, 0x5a, 2 * PAGE_SIZE);
	EXPECT_MAP(test, r, "Pp......");
	rsv_free_pages(addr, 1);
}

static void region_with_a_cache_or_an_object_is_busy(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 8);
	struct rsv_cache *c = rsvt_scratch_cache(test, r, 64, 0);
	void *object;

	expect_busy(test, r);
	object = rsv_cache_alloc(c, GFP_KERNEL);
	KUNIT_EXPECT_NOT_NULL(test, object);
	expect_busy(test, r);
	rsv_cache_free(c, object);
}

static void region_with_kmalloc_memory_is_busy(struct kunit *test)
{
	static const size_t sizes[] = { 8, 100, 8192, 8193, 12288 };
	struct rsv_region *r = rsvt_scratch_pages(test, 16);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		void *p = rsv_kmalloc(r, sizes[i], GFP_KERNEL);

		KUNIT_EXPECT_NOT_NULL(test, p);
		expect_busy(test, r);
		rsv_kfree(p);
	}
}

static void empty_slabs_do_not_hold_a_region(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 16);
	void *p = rsv_kmalloc(r, 100, GFP_KERNEL);

	KUNIT_EXPECT_NOT_NULL(test, p);
	rsv_kfree(p);
	KUNIT_EXPECT_LT(test, rsvt_region_free_pages(r), 16);
	rsvt_scratch_region_end(test, r);
}

static void many_regions_come_and_go(struct kunit *test)
{
	struct rsv_reserve want = { .flags = RSV_RESERVE_CONTIG };
	const unsigned int nr = SLOW ? 40 : 1000;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		struct rsv_region *r;
		void *p;

		want.bytes = (1 + i % 40) * PAGE_SIZE;
		r = rsv_region_create("kunit-cycle", &want, 1);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, r);
		p = rsv_kmalloc(r, 1 + i, GFP_KERNEL);
		KUNIT_EXPECT_NOT_NULL(test, p);
		rsv_kfree(p);
		KUNIT_ASSERT_EQ(test, rsv_region_destroy(r), 0);
	}
}

/* After 2^32 regions the numbers begin again, and leave out those that are in use. */
static void numbers_that_wrap_name_one_region_each(struct kunit *test)
{
	const u32 before = rsv_region_ids;
	struct rsv_region *r[4];
	unsigned int i, j;

	rsv_region_ids = U32_MAX;
	for (i = 0; i < ARRAY_SIZE(r); i++) {
		char name[] = "kunit-wrap-0";

		name[sizeof(name) - 2] += i;
		r[i] = create(name, PAGE_SIZE, 0);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, r[i]);
		for (j = 0; j < i; j++)
			KUNIT_EXPECT_NE(test, r[i]->id, r[j]->id);
		KUNIT_EXPECT_NE(test, r[i]->id, rsv_default_region()->id);
	}
	/* A search by number finds each of them. */
	for (i = 0; i < ARRAY_SIZE(r); i++) {
		struct rsv_ioc_region_next next = { .id = r[i]->id };

		KUNIT_EXPECT_EQ(test, rsv_region_next(&next), 0);
		KUNIT_EXPECT_EQ(test, next.id, r[i]->id);
		KUNIT_EXPECT_STREQ(test, next.name, r[i]->name);
	}
	for (i = 0; i < ARRAY_SIZE(r); i++)
		KUNIT_EXPECT_EQ(test, rsv_region_destroy(r[i]), 0);
	rsv_region_ids = before;
}

/* --- Changes -------------------------------------------------------------------------------- */

/* A task that changes a region */
struct changer {
	struct rsv_region *r;
	bool grows;
	int result;
	struct completion ready;
	struct completion done;
};

static int change(void *data)
{
	const struct rsv_reserve want = { .bytes = PAGE_SIZE };
	struct changer *c = data;

	allow_signal(SIGKILL);
	complete(&c->ready);
	c->result = c->grows ? rsv_region_grow(c->r, &want) : !rsv_region_shrink(c->r, SIZE_MAX);
	complete_all(&c->done);
	/* A signal is pending, so no sleep that it could interrupt */
	while (!kthread_should_stop())
		schedule_timeout_uninterruptible(1);
	return 0;
}

/* The holder of the lock may wait for memory, and that for the killed task's. */
static void task_that_waits_to_change_a_region_can_be_killed(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_region(test, SZ_1M);
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct changer c = { .r = r, .grows = i };
		struct task_struct *task;

		init_completion(&c.ready);
		init_completion(&c.done);
		mutex_lock(&r->shape_lock);
		task = kthread_create(change, &c, "changer");
		if (!IS_ERR(task)) {
			get_task_struct(task);
			wake_up_process(task);
			wait_for_completion(&c.ready);
			/* Memory is taken, or drained, before the task waits for the lock. */
			while (!completion_done(&c.done) &&
			       !(READ_ONCE(task->__state) & TASK_WAKEKILL))
				schedule_timeout_uninterruptible(1);
			send_sig(SIGKILL, task, 1);
			KUNIT_EXPECT_TRUE(test, wait_for_completion_timeout(&c.done, HZ * 60));
		}
		mutex_unlock(&r->shape_lock);
		KUNIT_ASSERT_FALSE(test, IS_ERR(task));
		wait_for_completion(&c.done);
		kthread_stop(task);
		put_task_struct(task);
		KUNIT_EXPECT_EQ(test, c.result, i ? -EINTR : 1);
		KUNIT_EXPECT_EQ(test, rsvt_query_region(r).bytes, SZ_1M);
	}
}

static struct kunit_case region_cases[] = {
	KUNIT_CASE_PARAM(names_are_checked, names_gen_params),
	KUNIT_CASE(name_that_is_taken_is_refused_until_it_is_free),
	KUNIT_CASE(sizes_without_sense_are_refused),
	KUNIT_CASE(unknown_flags_are_refused),
	KUNIT_CASE(more_than_there_is_is_refused_and_nothing_leaks),
	KUNIT_CASE(contiguous_is_one_extent_or_nothing),
	KUNIT_CASE(region_without_memory_gives_nothing),
	KUNIT_CASE(parts_add_up),
	KUNIT_CASE(bytes_are_rounded_up_to_pages),
	KUNIT_CASE_PARAM(figures_of_a_new_region_agree, sizes_gen_params),
	KUNIT_CASE_PARAM(zone_and_extent_describe_the_memory, sizes_gen_params),
	KUNIT_CASE_PARAM(map_can_be_read_piece_by_piece, sizes_gen_params),
	KUNIT_CASE_PARAM(every_page_finds_its_frame_and_no_other_page_does, sizes_gen_params),
	KUNIT_CASE(addresses_that_mean_nothing_find_nothing),
	KUNIT_CASE(pages_of_a_region_that_is_gone_find_nothing),
	KUNIT_CASE(frame_takes_at_most_32_bytes_a_page),
	KUNIT_CASE(default_region_is_there),
	KUNIT_CASE(region_with_a_page_in_use_is_busy),
	KUNIT_CASE(region_with_a_cache_or_an_object_is_busy),
	KUNIT_CASE(region_with_kmalloc_memory_is_busy),
	KUNIT_CASE(empty_slabs_do_not_hold_a_region),
	KUNIT_CASE(many_regions_come_and_go),
	KUNIT_CASE(numbers_that_wrap_name_one_region_each),
	KUNIT_CASE(task_that_waits_to_change_a_region_can_be_killed),
	{}};

static struct kunit_suite region_suite = {
	.name = "reservoir_region",
	.init = rsvt_suite_init,
	.test_cases = region_cases,
};

kunit_test_suite(region_suite);
