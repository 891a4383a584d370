// SPDX-License-Identifier: GPL-2.0
/*
 * rsv_vmalloc() and rsv_vmalloc_user(): scattered pages behind one range of addresses.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "pages/pagemap.h"
#include "support/areas.h"
#include "support/arrays.h"
#include "support/figures.h"
#include "support/map.h"
#include "support/misuse.h"
#include "support/program.h"
#include "support/scratch.h"
#include "support/suite.h"

static void *map(struct kunit *test, struct rsv_region *r, size_t bytes)
{
	void *p = rsv_vmalloc(r, bytes);

	KUNIT_ASSERT_NOT_NULL(test, p);
	return p;
}

/* A fault in the kernel ends User Mode Linux, so the page table answers there. */
static bool can_be_read(void *p)
{
	char c;

	if (IS_ENABLED(CONFIG_UML))
		return vmalloc_to_page(p);
	return !copy_from_kernel_nofault(&c, p, 1);
}

static const size_t lengths[] = { 1, SZ_4K, SZ_4K + 1, 5 * SZ_4K, 37 * SZ_4K - 3, 64 * SZ_4K };

static void length_text(const size_t *bytes, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "%zu bytes", *bytes);
}

KUNIT_ARRAY_PARAM(lengths, lengths, length_text);

static void memory_is_of_the_region_whole_pages_and_consecutive(struct kunit *test)
{
	size_t bytes = *(const size_t *)test->param_value, i;
	struct rsv_region *r = rsvt_scratch_areas(test, 64);
	void *p = map(test, r, bytes);

	KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(p));
	KUNIT_EXPECT_TRUE(test, is_vmalloc_addr(p));
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), 64 - PFN_UP(bytes));
	KUNIT_EXPECT_EQ(test,
			rsvt_map_count(test, r, RSV_MAP_PAGES) +
				rsvt_map_count(test, r, RSV_MAP_PAGES_MORE),
			PFN_UP(bytes));

	for (i = 0; i < PAGE_ALIGN(bytes); i++)
		((u8 *)p)[i] = i % 251;
	for (i = 0; i < PAGE_ALIGN(bytes) && ((u8 *)p)[i] == i % 251; i++)
		;
	KUNIT_EXPECT_EQ(test, i, PAGE_ALIGN(bytes));
	for (i = 0; i < PFN_UP(bytes); i++) {
		struct page *page = vmalloc_to_page(p + i * PAGE_SIZE);

		/* The page has two addresses. */
		KUNIT_EXPECT_NOT_NULL(test, rsv_frame_of_page(page));
		KUNIT_EXPECT_EQ(test, *(u8 *)page_address(page), i * PAGE_SIZE % 251);
	}

	rsv_vfree(p);
	KUNIT_EXPECT_NULL(test, vmalloc_to_page(p));
	EXPECT_FREE_AREAS(test, r, [6] = 1);
}

/* An overflow faults rather than write to other memory. */
static void guard_page_is_behind_each_mapping(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_areas(test, 64);
	unsigned int i;
	void *p[16];

	for (i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = map(test, r, (1 + i % 3) * PAGE_SIZE);
	for (i = 0; i < ARRAY_SIZE(p); i++) {
		void *end = p[i] + (1 + i % 3) * PAGE_SIZE;

		KUNIT_EXPECT_TRUE(test, can_be_read(end - 1));
		KUNIT_EXPECT_FALSE(test, can_be_read(end));
	}
	for (i = 0; i < ARRAY_SIZE(p); i++)
		rsv_vfree(p[i]);
}

/* No two free pages are adjacent. */
static void scattered_pages_will_do(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_areas(test, 64);
	struct page **page = rsvt_pages_array(test, 64);
	unsigned int i;
	void *p;

	KUNIT_ASSERT_EQ(test, rsvt_pages_alloc(r, GFP_KERNEL, 0, page, 64), 64);
	for (i = 0; i < 64; i += 2)
		__rsv_free_pages(page[i], 0);
	KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP_KERNEL, 1));
	p = map(test, r, 32 * PAGE_SIZE);
	memset(p, 0x5a, 32 * PAGE_SIZE);
	KUNIT_EXPECT_NULL(test, rsv_vmalloc(r, 1));
	KUNIT_EXPECT_NULL(test, memchr_inv(p, 0x5a, 32 * PAGE_SIZE));
	rsv_vfree(p);
	for (i = 1; i < 64; i += 2)
		__rsv_free_pages(page[i], 0);
	EXPECT_FREE_AREAS(test, r, [6] = 1);
}

/* How many pages follow the one before in physical memory, too */
static unsigned int adjacent(const void *p, unsigned int nr_pages)
{
	unsigned int i, nr = 0;

	for (i = 1; i < nr_pages; i++)
		nr += vmalloc_to_pfn(p + i * PAGE_SIZE) ==
		      vmalloc_to_pfn(p + (i - 1) * PAGE_SIZE) + 1;
	return nr;
}

static void pages_come_in_the_largest_blocks(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_areas(test, 64);
	struct page *page = rsv_alloc_pages(r, GFP_KERNEL, 0);
	unsigned int i;
	void *p;

	KUNIT_ASSERT_NOT_NULL(test, page);
	/* 16, 8, 4 and one page of the 32, 16, 8, 4, 2 and one that are free */
	p = map(test, r, 29 * PAGE_SIZE);
	KUNIT_EXPECT_GE(test, adjacent(p, 29), 15 + 7 + 3);
	for (i = 0; i < 29; i++)
		KUNIT_EXPECT_EQ(test, page_count(vmalloc_to_page(p + i * PAGE_SIZE)),
				RSV_PAGE_REFS);
	rsv_vfree(p);
	/* What is left of each block serves, too. */
	p = map(test, r, 63 * PAGE_SIZE);
	KUNIT_EXPECT_GE(test, adjacent(p, 63), 31 + 15 + 7 + 3 + 1);
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), 0);
	rsv_vfree(p);
	__rsv_free_pages(page, 0);
	EXPECT_FREE_AREAS(test, r, [6] = 1);
}

static void two_mappings_have_nothing_in_common(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 16);
	void *a = map(test, r, 7 * PAGE_SIZE), *b = map(test, r, 9 * PAGE_SIZE);

	memset(a, 1, 7 * PAGE_SIZE);
	memset(b, 2, 9 * PAGE_SIZE);
	KUNIT_EXPECT_NULL(test, memchr_inv(a, 1, 7 * PAGE_SIZE));
	rsv_vfree(a);
	KUNIT_EXPECT_NULL(test, memchr_inv(b, 2, 9 * PAGE_SIZE));
	rsv_vfree(b);
	EXPECT_FREE_AREAS(test, r, [4] = 1);
}

static void what_cannot_be_had_is_null_and_leaks_nothing(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_areas(test, 64);
	const size_t wrong[] = { 0, SIZE_MAX, SIZE_MAX - PAGE_SIZE, 64 * PAGE_SIZE + 1 };
	struct page *page = rsv_alloc_pages(r, GFP_KERNEL, 0);
	unsigned int i;
	void *p;

	KUNIT_ASSERT_NOT_NULL(test, page);
	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		KUNIT_EXPECT_NULL(test, rsv_vmalloc(r, wrong[i]));
	/* All pages but the last can be allocated. */
	for (i = 0; i < 10; i++)
		KUNIT_EXPECT_NULL(test, rsv_vmalloc(r, 64 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, rsvt_region_free_pages(r), 63);
	p = map(test, r, 63 * PAGE_SIZE);
	rsv_vfree(p);
	__rsv_free_pages(page, 0);
	EXPECT_FREE_AREAS(test, r, [6] = 1);
}

static void wrong_pointers_are_refused(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 8);
	void *p = map(test, r, 3 * PAGE_SIZE), *system = vmalloc(PAGE_SIZE);

	KUNIT_ASSERT_NOT_NULL(test, system);
	rsv_vfree(NULL);
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_vfree(p + 1));
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_vfree(p + PAGE_SIZE));
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_vfree(rsvt_scratch_base(r)));
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_vfree(system));
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_vfree((void *)PAGE_SIZE));
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_kfree(p));
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_free_pages((unsigned long)p, 0));
	memset(p, 0x5a, 3 * PAGE_SIZE);
	memset(system, 0x5a, PAGE_SIZE);

	rsv_vfree(p);
	EXPECT_MISUSE(test, RSV_FOREIGN, rsv_vfree(p));
	vfree(system);
	EXPECT_FREE_AREAS(test, r, [3] = 1);
}

static void mapped_memory_holds_its_region(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 8);
	void *p = map(test, r, PAGE_SIZE);
	int err;

	EXPECT_MISUSE(test, RSV_IN_USE, err = rsv_region_destroy(r));
	KUNIT_EXPECT_EQ(test, err, -EBUSY);
	memset(p, 0x5a, PAGE_SIZE);
	rsv_vfree(p);
}

/* --- Programs ------------------------------------------------------------------------------- */

/* The memory that a mapping of the test's file shows */
static void *shown;

static int show(struct file *file, struct vm_area_struct *vma)
{
	return remap_vmalloc_range(vma, shown, vma->vm_pgoff);
}

static const struct file_operations shown_fops = {
	.owner = THIS_MODULE,
	.mmap = show,
};

/* Maps memory into the program. Returns the address or an error. */
static unsigned long map_shared(struct kunit *test, void *p, size_t bytes, unsigned long offset)
{
	struct file *file = anon_inode_getfile("[vmalloc_test]", &shown_fops, NULL, O_RDWR);
	unsigned long addr;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	shown = p;
	addr = vm_mmap(file, 0, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, offset);
	fput(file);
	return addr;
}

static void memory_for_programs_is_zeroed(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 8);
	void *p = map(test, r, 8 * PAGE_SIZE);

	memset(p, 0x5a, 8 * PAGE_SIZE);
	rsv_vfree(p);
	p = rsv_vmalloc_user(r, 7 * PAGE_SIZE + 1);
	KUNIT_ASSERT_NOT_NULL(test, p);
	/* Programs see all of the last page, of which the compiler allows one byte. */
	OPTIMIZER_HIDE_VAR(p);
	KUNIT_EXPECT_NULL(test, memchr_inv(p, 0, 8 * PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, can_be_read(p + 8 * PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, rsv_vmalloc_user(r, 1));
	rsv_vfree(p);
	KUNIT_EXPECT_NULL(test, rsv_vmalloc_user(r, 8 * PAGE_SIZE + 1));
	KUNIT_EXPECT_NULL(test, rsv_vmalloc_user(r, 0));
	EXPECT_FREE_AREAS(test, r, [3] = 1);
}

static void program_and_kernel_see_the_same_pages(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 8);
	u32 *p = rsv_vmalloc_user(r, 3 * PAGE_SIZE), words = PAGE_SIZE / sizeof(u32), i, got;
	unsigned long addr;
	u32 __user *user;

	KUNIT_ASSERT_NOT_NULL(test, p);
	rsvt_program_enter(test);
	addr = map_shared(test, p, 3 * PAGE_SIZE, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	user = (u32 __user *)addr;
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, get_user(got, user + i * words), 0);
		KUNIT_EXPECT_EQ(test, got, 0U);
		p[i * words + 1] = 100 + i;
		KUNIT_EXPECT_EQ(test, get_user(got, user + i * words + 1), 0);
		KUNIT_EXPECT_EQ(test, got, 100 + i);
		KUNIT_EXPECT_EQ(test, put_user(200 + i, user + i * words + 2), 0);
		KUNIT_EXPECT_EQ(test, p[i * words + 2], 200 + i);
	}
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, 3 * PAGE_SIZE), 0);
	rsvt_program_leave();
	rsv_vfree(p);
	EXPECT_FREE_AREAS(test, r, [3] = 1);
}

static void only_memory_for_programs_can_be_mapped(struct kunit *test)
{
	struct rsv_region *r = rsvt_scratch_pages(test, 8);
	void *p = map(test, r, PAGE_SIZE), *q = rsv_vmalloc_user(r, PAGE_SIZE);

	KUNIT_ASSERT_NOT_NULL(test, q);
	rsvt_program_enter(test);
	KUNIT_EXPECT_EQ(test, (long)map_shared(test, p, PAGE_SIZE, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, (long)map_shared(test, q, 2 * PAGE_SIZE, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, (long)map_shared(test, q, PAGE_SIZE, PAGE_SIZE), -EINVAL);
	rsvt_program_leave();
	rsv_vfree(p);
	rsv_vfree(q);
	EXPECT_FREE_AREAS(test, r, [3] = 1);
}

static void highmem_is_taken_first(struct kunit *test)
{
	const struct rsv_reserve want[] = {
		{ .bytes = SZ_1M, .zone = RSV_ZONE_NORMAL },
		{ .bytes = SZ_1M, .zone = RSV_ZONE_HIGHMEM },
	};
	struct rsv_region *r;
	unsigned int i;
	void *p;

	if (!IS_ENABLED(CONFIG_HIGHMEM))
		kunit_skip(test, "the kernel has no HIGHMEM");
	r = rsvt_scratch_region_or_skip(test, want, ARRAY_SIZE(want));
	p = map(test, r, SZ_1M);
	memset(p, 0x5a, SZ_1M);
	for (i = 0; i < SZ_1M; i += PAGE_SIZE)
		KUNIT_EXPECT_TRUE(test, PageHighMem(vmalloc_to_page(p + i)));
	rsv_vfree(p);
}

static struct kunit_case vmalloc_cases[] = {
	KUNIT_CASE_PARAM(memory_is_of_the_region_whole_pages_and_consecutive, lengths_gen_params),
	KUNIT_CASE(guard_page_is_behind_each_mapping),
	KUNIT_CASE(scattered_pages_will_do),
	KUNIT_CASE(pages_come_in_the_largest_blocks),
	KUNIT_CASE(two_mappings_have_nothing_in_common),
	KUNIT_CASE(what_cannot_be_had_is_null_and_leaks_nothing),
	KUNIT_CASE(wrong_pointers_are_refused),
	KUNIT_CASE(mapped_memory_holds_its_region),
	KUNIT_CASE(memory_for_programs_is_zeroed),
	KUNIT_CASE(program_and_kernel_see_the_same_pages),
	KUNIT_CASE(only_memory_for_programs_can_be_mapped),
	KUNIT_CASE(highmem_is_taken_first),
	{}
};

static struct kunit_suite vmalloc_suite = {
	.name = "reservoir_vmalloc",
	.suite_init = rsvt_program_borrow,
	.suite_exit = rsvt_program_give_back,
	.init = rsvt_suite_init,
	.test_cases = vmalloc_cases,
};

kunit_test_suite(vmalloc_suite);
