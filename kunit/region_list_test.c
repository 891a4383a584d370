// SPDX-License-Identifier: GPL-2.0
/*
 * The list of regions, and regions that end: who waits for whom, and several at once.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/list.h>

#include "region.h"
#include "region_list.h"
#include "support/suite.h"

#define MANY	64
#define MANY_MS	2000	/* much more than it takes, for a busy machine */

static struct rsv_region *create(const char *name, unsigned int origin)
{
	const struct rsv_reserve want = { .bytes = PAGE_SIZE };

	return rsv_region_create_as(name, &want, 1, origin);
}

static void expect_found(struct kunit *test, const char *name, u32 flags, struct rsv_region *want)
{
	struct rsv_region *r = rsv_region_get(name, flags);

	KUNIT_EXPECT_PTR_EQ(test, r, want);
	if (!IS_ERR(r))
		rsv_region_put(r);
}

/* --- Who waits ------------------------------------------------------------------------------ */

struct seeker {
	const char *name;
	struct rsv_region *found;
	struct completion done;
};

static int seek(void *data)
{
	struct seeker *s = data;

	s->found = rsv_region_get(s->name, 0);
	complete(&s->done);
	return 0;
}

static void start_seeker(struct kunit *test, struct seeker *s, const char *name)
{
	s->name = name;
	init_completion(&s->done);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, kthread_run(seek, s, "seeker"));
}

static void only_who_wants_the_region_waits_for_its_end(struct kunit *test)
{
	struct rsv_region *ends = create("kunit-ends", RSV_REGION_NAMED), *other;
	struct seeker same, another;
	LIST_HEAD(retired);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ends);
	KUNIT_EXPECT_EQ(test, rsv_region_retire(ends, &retired), 0);
	KUNIT_EXPECT_EQ(test, rsv_region_retire(ends, &retired), -EBUSY);

	/* Others create, find and destroy regions meanwhile. */
	other = create("kunit-other", RSV_REGION_NAMED);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, other);
	start_seeker(test, &another, "kunit-other");
	start_seeker(test, &same, "kunit-ends");
	wait_for_completion(&another.done);
	KUNIT_EXPECT_PTR_EQ(test, another.found, other);
	KUNIT_EXPECT_FALSE(test, wait_for_completion_timeout(&same.done, HZ / 10));
	rsv_region_put(other);
	KUNIT_EXPECT_EQ(test, rsv_region_destroy(other), 0);

	rsv_regions_release(&retired);
	KUNIT_EXPECT_TRUE(test, list_empty(&retired));
	wait_for_completion(&same.done);
	KUNIT_EXPECT_PTR_EQ(test, same.found, ERR_PTR(-ENOENT));
}

static void region_that_is_open_or_the_default_one_is_not_retired(struct kunit *test)
{
	struct rsv_region *r = create("kunit-open", RSV_REGION_NAMED);
	LIST_HEAD(retired);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, r);
	KUNIT_EXPECT_PTR_EQ(test, rsv_region_get("kunit-open", 0), r);
	KUNIT_EXPECT_EQ(test, rsv_region_retire(r, &retired), -EBUSY);
	rsv_region_put(r);
	KUNIT_EXPECT_EQ(test, rsv_region_retire(rsv_default_region(), &retired), -EBUSY);
	KUNIT_EXPECT_TRUE(test, list_empty(&retired));
	KUNIT_EXPECT_EQ(test, rsv_region_destroy(r), 0);
}

static void region_in_use_is_found_again(struct kunit *test)
{
	struct rsv_region *r = create("kunit-used", RSV_REGION_NAMED);
	struct page *page;
	LIST_HEAD(retired);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, r);
	page = rsv_alloc_pages(r, GFP_KERNEL, 0);
	KUNIT_EXPECT_NOT_NULL(test, page);
	KUNIT_EXPECT_EQ(test, rsv_region_retire(r, &retired), -EBUSY);
	KUNIT_EXPECT_PTR_EQ(test, rsv_region_get("kunit-used", 0), r);
	rsv_region_put(r);
	__rsv_free_pages(page, 0);
	KUNIT_EXPECT_EQ(test, rsv_region_destroy(r), 0);
}

/* --- Names ---------------------------------------------------------------------------------- */

static void program_and_kernel_may_have_regions_of_one_name(struct kunit *test)
{
	struct rsv_region *scratch = create("kunit-both", RSV_REGION_SCRATCH);
	struct rsv_region *kernel = create("kunit-both", RSV_REGION_KERNEL), *named;
	struct rsv_ioc_region_next next = {};

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, scratch);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, kernel);
	next.id = kernel->id;
	KUNIT_EXPECT_STREQ(test, scratch->name, "user:kunit-both");
	KUNIT_EXPECT_STREQ(test, kernel->name, "kunit-both");
	/* Programs share a name space, and so does the kernel. */
	KUNIT_EXPECT_PTR_EQ(test, create("kunit-both", RSV_REGION_NAMED), ERR_PTR(-EEXIST));
	KUNIT_EXPECT_PTR_EQ(test, create("kunit-both", RSV_REGION_KERNEL), ERR_PTR(-EEXIST));
	KUNIT_EXPECT_PTR_EQ(test, create("default", RSV_REGION_NAMED), ERR_PTR(-EEXIST));
	KUNIT_EXPECT_EQ(test, rsv_region_next(&next), 0);
	KUNIT_EXPECT_STREQ(test, next.name, "kunit-both");
	KUNIT_EXPECT_EQ(test, next.origin, RSV_REGION_KERNEL);

	/* Nobody opens a scratch region, so it hides no other. */
	expect_found(test, "kunit-both", 0, kernel);
	KUNIT_EXPECT_EQ(test, rsv_region_destroy_named("kunit-both"), -EBUSY);
	KUNIT_EXPECT_EQ(test, rsv_region_destroy(scratch), 0);
	named = create("kunit-both", RSV_REGION_NAMED);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, named);
	expect_found(test, "kunit-both", 0, named);
	expect_found(test, "kunit-both", RSV_REGION_OF_KERNEL, kernel);
	KUNIT_EXPECT_EQ(test, rsv_region_destroy_named("kunit-both"), 0);
	expect_found(test, "kunit-both", 0, kernel);
	KUNIT_EXPECT_EQ(test, rsv_region_destroy(kernel), 0);
	KUNIT_EXPECT_PTR_EQ(test, rsv_region_get("kunit-both", 0), ERR_PTR(-ENOENT));
}

/* --- Many ----------------------------------------------------------------------------------- */

/* One by one each of them takes six grace periods. */
static void many_regions_end_in_the_time_of_a_few(struct kunit *test)
{
	char name[RSV_NAME_MAX];
	struct rsv_region *r;
	LIST_HEAD(retired);
	unsigned int i;
	ktime_t start;
	void *p;
	s64 ms;

	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "kunit-many-%u", i);
		r = create(name, RSV_REGION_SCRATCH);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, r);
		p = rsv_kmalloc(r, 100, GFP_KERNEL);
		KUNIT_EXPECT_NOT_NULL(test, p);
		rsv_kfree(p);
		KUNIT_EXPECT_EQ(test, rsv_region_retire(r, &retired), 0);
	}
	start = ktime_get();
	rsv_regions_release(&retired);
	ms = ktime_ms_delta(ktime_get(), start);
	kunit_info(test, "%d regions: %lld ms", MANY, ms);
	if (!SLOW)
		KUNIT_EXPECT_LT(test, ms, MANY_MS);
	KUNIT_EXPECT_TRUE(test, list_empty(&retired));
	rsv_regions_release(&retired);
}

static struct kunit_case region_list_cases[] = {
	KUNIT_CASE(only_who_wants_the_region_waits_for_its_end),
	KUNIT_CASE(region_that_is_open_or_the_default_one_is_not_retired),
	KUNIT_CASE(region_in_use_is_found_again),
	KUNIT_CASE(program_and_kernel_may_have_regions_of_one_name),
	KUNIT_CASE(many_regions_end_in_the_time_of_a_few),
	{}};

static struct kunit_suite region_list_suite = {
	.name = "reservoir_region_list",
	.init = rsvt_suite_init,
	.test_cases = region_list_cases,
};

kunit_test_suite(region_list_suite);
