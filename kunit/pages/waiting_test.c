// SPDX-License-Identifier: GPL-2.0
/*
 * Freed pages that somebody else still refers to, that lost a reference, or whose fields the last
 * owner used: none of that reaches the next owner.
 */
#include <linux/anon_inodes.h>
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "pages/pagemap.h"
#include "pages/waiting.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/misuse.h"
#include "support/program.h"
#include "support/scratch.h"
#include "support/suite.h"

/* A region that is large enough for lists, and one block if nothing is allocated */
#define PAGES 1024U

/* The ways to allocate memory whose pages others may refer to, and to free it */
struct way {
	const char *name;
	unsigned int nr;
	void *(*alloc)(struct rsv_region *r, unsigned int nr);
	void (*free)(void *p, unsigned int nr);
};

static void *alloc_block(struct rsv_region *r, unsigned int nr)
{
	return (void *)rsv_get_free_pages(r, GFP_KERNEL, ilog2(nr));
}

static void *alloc_shared_block(struct rsv_region *r, unsigned int nr)
{
	return (void *)rsv_get_free_pages(r, GFP_KERNEL | __GFP_COMP, ilog2(nr));
}

static void free_block(void *p, unsigned int nr)
{
	rsv_free_pages((unsigned long)p, ilog2(nr));
}

static void *alloc_exact(struct rsv_region *r, unsigned int nr)
{
	return rsv_alloc_pages_exact(r, nr * PAGE_SIZE, GFP_KERNEL);
}

static void free_exact(void *p, unsigned int nr)
{
	rsv_free_pages_exact(p, nr * PAGE_SIZE);
}

static void *alloc_bytes(struct rsv_region *r, unsigned int nr)
{
	return rsv_kmalloc(r, nr * PAGE_SIZE, GFP_KERNEL);
}

static void free_bytes(void *p, unsigned int nr)
{
	rsv_kfree(p);
}

static void *alloc_mapped(struct rsv_region *r, unsigned int nr)
{
	return rsv_vmalloc(r, nr * PAGE_SIZE);
}

static void free_mapped(void *p, unsigned int nr)
{
	rsv_vfree(p);
}

static const struct way ways[] = {
	{"page", 1, alloc_block, free_block},
	{"order 1", 2, alloc_block, free_block},
	{"order 3", 8, alloc_block, free_block},
	{"order 5, __GFP_COMP", 32, alloc_shared_block, free_block},
	{"order 8, __GFP_COMP", 256, alloc_shared_block, free_block},
	{"exact, 5 pages", 5, alloc_exact, free_exact},
	{"exact, 64 pages", 64, alloc_exact, free_exact},
	{"exact, 200 pages", 200, alloc_exact, free_exact},
	{"kmalloc, 41 pages", 41, alloc_bytes, free_bytes},
	{"vmalloc, 9 pages", 9, alloc_mapped, free_mapped},
};

KUNIT_ARRAY_PARAM_DESC(ways, ways, name);

static struct page *page_of(void *p, unsigned int i)
{
	p += i * PAGE_SIZE;
	return is_vmalloc_addr(p) ? vmalloc_to_page(p) : virt_to_page(p);
}

static void *alloc_way(struct kunit *test, struct rsv_region *r)
{
	const struct way *w = test->param_value;
	void *p = w->alloc(r, w->nr);

	KUNIT_ASSERT_NOT_NULL(test, p);
	return p;
}

static struct rsv_region *new_region(struct kunit *test)
{
	rsvt_stay_on_this_cpu();
	return rsvt_scratch_pages(test, PAGES);
}

/* Allocates all pages that a region has, and sees that @other is not among them. */
static void expect_not_handed_out(struct kunit *test, struct rsv_region *r,
				  const struct page *other, unsigned int left)
{
	struct page **all = rsvt_pages_array(test, PAGES);
	unsigned long nr = rsvt_pages_alloc(r, GFP_ATOMIC | __GFP_NOWARN, 0, all, PAGES), i;

	KUNIT_EXPECT_EQ(test, nr, left);
	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_PTR_NE(test, all[i], other);
	rsvt_pages_free(all, nr, 0);
}

static void page_that_somebody_refers_to_waits_until_he_lets_go(struct kunit *test)
{
	const struct way *w = test->param_value;
	struct rsv_region *r = new_region(test);
	unsigned int which;

	for (which = 0; which < w->nr; which += max(w->nr / 3, 1U)) {
		void *p = alloc_way(test, r);
		struct page *shared = page_of(p, which);
		void *addr = page_address(shared);

		KUNIT_EXPECT_FALSE(test, rsv_page_is_shared(shared));
		get_page(shared);
		KUNIT_EXPECT_TRUE(test, rsv_page_is_shared(shared));
		memset(addr, 0x5a, PAGE_SIZE);
		w->free(p, w->nr);
		KUNIT_EXPECT_EQ(test, READ_ONCE(r->waiting.nr_pages), 1);
		expect_not_handed_out(test, r, shared, PAGES - 1);
		KUNIT_EXPECT_NULL(test, memchr_inv(addr, 0x5a, PAGE_SIZE));
		EXPECT_MISUSE(test, RSV_DOUBLE_FREE, __rsv_free_pages(shared, 0));

		put_page(shared);
		rsvt_settle(r);
		KUNIT_EXPECT_EQ(test, READ_ONCE(r->waiting.nr_pages), 0);
		EXPECT_FREE_AREAS(test, r, [10] = 1);
	}
}

/* Nobody asks for memory: a work item finds that the page can go back. */
static void page_comes_back_by_itself(struct kunit *test)
{
	struct rsv_region *r = new_region(test);
	struct page *page = rsv_alloc_pages(r, GFP_KERNEL, 0);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, page);
	get_page(page);
	__rsv_free_pages(page, 0);
	KUNIT_EXPECT_EQ(test, READ_ONCE(r->waiting.nr_pages), 1);
	put_page(page);
	for (i = 0; i < 5000 && READ_ONCE(r->waiting.nr_pages); i++)
		usleep_range(1000, 2000);
	KUNIT_EXPECT_EQ(test, READ_ONCE(r->waiting.nr_pages), 0);
}

/* A request that may not sleep looks at waiting pages, too, before it fails. */
static void request_looks_at_waiting_pages_before_it_fails(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 8);
	struct page *page[9] = {}, *again;

	KUNIT_ASSERT_EQ(test, rsv_alloc_pages_bulk(r, GFP_KERNEL, 8, page), 8);
	get_page(page[5]);
	__rsv_free_pages(page[5], 0);
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP_ATOMIC | __GFP_NOWARN, 0));
	put_page(page[5]);
	again = rsv_alloc_pages(r, GFP_ATOMIC, 0);
	KUNIT_EXPECT_PTR_EQ(test, again, page[5]);
	rsv_free_pages_bulk(8, page);
	EXPECT_FREE_AREAS(test, r, [3] = 1);
}

static void use_fields(struct page *page)
{
	set_page_private(page, 0x1234);
	page->mapping = (void *)0x5678;
	folio_set_referenced(page_folio(page));
	folio_set_private(page_folio(page));
}

/* The page of a region that ends goes to the system with the last reference to it. */
static void region_ends_while_a_page_waits(struct kunit *test)
{
	struct rsv_region *r = new_region(test);
	struct page *page = rsv_alloc_pages(r, GFP_KERNEL, 2);
	void *addr;

	KUNIT_ASSERT_NOT_NULL(test, page);
	get_page(page + 1);
	use_fields(page + 1);
	addr = page_address(page + 1);
	memset(addr, 0x5a, PAGE_SIZE);
	__rsv_free_pages(page, 2);
	rsvt_scratch_region_end(test, r);
	KUNIT_EXPECT_EQ(test, page_count(page + 1), 1);
	KUNIT_EXPECT_NULL(test, memchr_inv(addr, 0x5a, PAGE_SIZE));
	put_page(page + 1);
}

static void page_that_lost_a_reference_is_reported_and_stays(struct kunit *test)
{
	const struct way *w = test->param_value;
	struct rsv_region *r = new_region(test);
	void *p = alloc_way(test, r);
	struct page *put = page_of(p, w->nr / 2);

	put_page(put);
	EXPECT_MISUSE(test, RSV_LOST_REF, w->free(p, w->nr));
	KUNIT_EXPECT_EQ(test, page_count(put), RSV_PAGE_REFS);
	rsvt_settle(r);
	EXPECT_FREE_AREAS(test, r, [10] = 1);
}

/*
 * A driver that lets kfree() free what rsv_kmalloc() allocated hears of it, and loses nothing, even
 * if it does so with all objects of a page.
 */
static void objects_that_went_to_put_page_are_reported_with_their_slab(struct kunit *test)
{
	struct rsv_region *r = new_region(test);
	void *object = rsv_kmalloc(r, 8, GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, object);
	for (i = 0; i < 512; i++)
		put_page(virt_to_page(object));
	rsv_kfree(object);
	EXPECT_MISUSE(test, RSV_LOST_REF, rsvt_settle(r));
	EXPECT_FREE_AREAS(test, r, [10] = 1);
}

static void region_that_ends_reports_pages_that_lost_a_reference(struct kunit *test)
{
	struct rsv_region *r = new_region(test);
	struct page *page = rsv_alloc_pages(r, GFP_KERNEL, 0);

	KUNIT_ASSERT_NOT_NULL(test, page);
	__rsv_free_pages(page, 0);
	put_page(page);
	EXPECT_MISUSE(test, RSV_LOST_REF, rsvt_scratch_region_end(test, r));
}

/* Whoever is next gets the pages as the free left them. */
static void fields_of_the_last_owner_do_not_reach_the_next(struct kunit *test)
{
	const struct way *w = test->param_value;
	struct page **page = rsvt_pages_array(test, w->nr);
	struct rsv_region *r = new_region(test);
	void *p = alloc_way(test, r);
	unsigned int i;

	for (i = 0; i < w->nr; i++) {
		page[i] = page_of(p, i);
		use_fields(page[i]);
	}
	w->free(p, w->nr);
	for (i = 0; i < w->nr; i++) {
		KUNIT_EXPECT_EQ(test, page_private(page[i]), 0);
		KUNIT_EXPECT_NULL(test, page[i]->mapping);
		KUNIT_EXPECT_EQ(test, rsv_page_word(page[i]) & RSV_PAGE_FLAGS, 0);
	}
	rsvt_settle(r);
	EXPECT_FREE_AREAS(test, r, [10] = 1);
}

/* The page that a mapping of the test's file shows to a program */
static struct page *shown;

static int show(struct file *file, struct vm_area_struct *vma)
{
	return vm_insert_page(vma, vma->vm_start, shown);
}

static const struct file_operations shown_fops = {
	.owner = THIS_MODULE,
	.mmap = show,
};

static unsigned long map_shown(struct kunit *test)
{
	struct file *file = anon_inode_getfile("[waiting_test]", &shown_fops, NULL, O_RDWR);
	unsigned long addr;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	addr = vm_mmap(file, 0, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	fput(file);
	return addr;
}

static void page_that_a_program_maps_waits_until_it_is_unmapped(struct kunit *test)
{
	struct rsv_region *r = new_region(test);
	u32 __user *user;
	u32 got = 0;

	shown = rsv_alloc_pages(r, GFP_KERNEL, 0);
	KUNIT_ASSERT_NOT_NULL(test, shown);
	rsvt_program_enter(test);
	user = (u32 __user *)map_shown(test);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE((unsigned long)user));
	KUNIT_EXPECT_EQ(test, put_user(4711, user), 0);

	__rsv_free_pages(shown, 0);
	expect_not_handed_out(test, r, shown, PAGES - 1);
	KUNIT_EXPECT_EQ(test, get_user(got, user), 0);
	KUNIT_EXPECT_EQ(test, got, 4711U);

	KUNIT_EXPECT_EQ(test, vm_munmap((unsigned long)user, PAGE_SIZE), 0);
	rsvt_program_leave();
	rsvt_settle(r);
	EXPECT_FREE_AREAS(test, r, [10] = 1);
}

static struct kunit_case waiting_cases[] = {
	KUNIT_CASE_PARAM(page_that_somebody_refers_to_waits_until_he_lets_go, ways_gen_params),
	KUNIT_CASE(page_that_a_program_maps_waits_until_it_is_unmapped),
	KUNIT_CASE(page_comes_back_by_itself),
	KUNIT_CASE(request_looks_at_waiting_pages_before_it_fails),
	KUNIT_CASE(region_ends_while_a_page_waits),
	KUNIT_CASE_PARAM(page_that_lost_a_reference_is_reported_and_stays, ways_gen_params),
	KUNIT_CASE(objects_that_went_to_put_page_are_reported_with_their_slab),
	KUNIT_CASE(region_that_ends_reports_pages_that_lost_a_reference),
	KUNIT_CASE_PARAM(fields_of_the_last_owner_do_not_reach_the_next, ways_gen_params),
	{}};

static struct kunit_suite waiting_suite = {
	.name = "reservoir_waiting",
	.init = rsvt_suite_init,
	.suite_init = rsvt_program_borrow,
	.suite_exit = rsvt_program_give_back,
	.test_cases = waiting_cases,
};

kunit_test_suite(waiting_suite);
