// SPDX-License-Identifier: GPL-2.0
/*
 * stress: blocks of pages on all CPUs. Each page has a mark at both ends that says whether it is
 * used. So the run finds a page that two CPUs got.
 */
#define pr_fmt(fmt) "machine: " fmt

#include <linux/delay.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "machine.h"

#define ORDER_BITS	3
#define STRESS_ORDERS	5

/* The mark: the first and the last word of a used page */
static unsigned long block_mark(unsigned long pfn)
{
	return ~pfn ^ ((unsigned long)machine_seed << 8);
}

/*
 * Writes the mark into a page's first and last word. Before that the words must be as @in_use says.
 */
static void page_mark(unsigned long pfn, unsigned long mark, bool in_use, bool zeroed)
{
	unsigned long *word = kmap_local_page(pfn_to_page(pfn));
	unsigned long *last = word + PAGE_SIZE / sizeof(*word) - 1;

	if (in_use && (*word != block_mark(pfn) || *last != block_mark(pfn)))
		machine_wrong("page 0x%lx was written to by somebody else: 0x%lx", pfn,
			      *word);
	if (!in_use && *word == block_mark(pfn))
		machine_wrong("page 0x%lx was handed out twice", pfn);
	if (zeroed && memchr_inv(word, 0, PAGE_SIZE))
		machine_wrong("page 0x%lx is not zeroed: 0x%lx", pfn, *word);
	*word = mark;
	*last = mark;
	kunmap_local(word);
}

/* Returns the number of the block's first page, with its order. */
static unsigned long block_take(struct rnd_state *random, gfp_t gfp)
{
	u32 x = prandom_u32_state(random);
	unsigned int order = x % STRESS_ORDERS;
	gfp_t zero = x & 0x100 ? __GFP_ZERO : 0;
	struct page *page;
	unsigned long pfn, i;

	page = rsv_alloc_pages(rsv_default_region(), gfp | zero | __GFP_NOWARN, order);
	if (!page)
		return 0;
	pfn = page_to_pfn(page);
	for (i = pfn; i < pfn + (1UL << order); i++)
		page_mark(i, block_mark(i), false, zero);
	return pfn << ORDER_BITS | order;
}

static void block_give(unsigned long block)
{
	unsigned int order = block & ((1U << ORDER_BITS) - 1);
	unsigned long pfn = block >> ORDER_BITS, i;

	if (!block)
		return;
	for (i = pfn; i < pfn + (1UL << order); i++)
		page_mark(i, 0xdead, true, false);
	__rsv_free_pages(pfn_to_page(pfn), order);
}

static const struct stress blocks = {
	.what = "blocks",
	.take = block_take,
	.give = block_give,
};

int machine_run_stress(struct rsv_region *r)
{
	int err = machine_stress(&blocks);

	/* The last zeroed pages may be on their way to the list that the drain empties. */
	msleep(200);
	return err ?: machine_run_drain(r);
}
