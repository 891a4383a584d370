// SPDX-License-Identifier: GPL-2.0
/*
 * unplug: the default region gives memory back that the machine then loses, together with its page
 * structures and its direct map. The run takes memory of a node whose memory can be unplugged, and
 * ends with the module. The guest script says by the parameter step= what the machine did
 * meanwhile.
 */
#define pr_fmt(fmt) "machine: " fmt

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "machine.h"

#define BLOCK_ORDER	9
#define BLOCK_BYTES	(PAGE_SIZE << BLOCK_ORDER)
#define BLOCKS_MAX	256

static unsigned long first;
module_param(first, ulong, 0400);
MODULE_PARM_DESC(first, "unplug: the first page frame number of what the machine loses");

static unsigned long pages;
module_param(pages, ulong, 0400);
MODULE_PARM_DESC(pages, "unplug: the pages that the machine loses");

static struct rsv_region *region;
static struct rsv_cache *cache;
static struct page *blocks[BLOCKS_MAX];
static int nid;

/* Used blocks of the memory that goes, and of the memory of its node that stays */
static struct page *inside, *outside;

static bool goes(const struct page *page)
{
	return page_to_pfn(page) - first < pages;
}

/* Allocates blocks of the node, or of any node, until there are no more. Returns their number. */
static unsigned int take_blocks(gfp_t gfp)
{
	unsigned int nr = 0;

	while (nr < BLOCKS_MAX &&
	       (blocks[nr] = rsv_alloc_pages_node(region, nid, GFP_KERNEL | __GFP_NOWARN | gfp,
						  BLOCK_ORDER))) {
		machine_pattern_fill(page_address(blocks[nr]), BLOCK_BYTES, BLOCK_ORDER);
		nr++;
	}
	return nr;
}

static void give_block(struct page **block)
{
	if (*block)
		machine_blocks_give(BLOCK_ORDER, 1, block);
	*block = NULL;
}

static int grow(void)
{
	const struct rsv_reserve want = {
		.bytes = (size_t)machine_megabytes << 20,
		.flags = RSV_RESERVE_NODE,
		.nid = nid,
	};

	return rsv_region_grow(region, &want);
}

/* Keeps one block of the memory that goes and one of the memory that stays. */
static int keep_two(void)
{
	unsigned int nr = take_blocks(__GFP_THISNODE), i;

	for (i = 0; i < nr; i++) {
		struct page **kept = goes(blocks[i]) ? &inside : &outside;

		if (*kept)
			machine_blocks_give(BLOCK_ORDER, 1, &blocks[i]);
		else
			*kept = blocks[i];
	}
	pr_info("%u blocks on node %d\n", nr, nid);
	return inside && outside ? 0 : -EIO;
}

int machine_run_unplug(struct rsv_region *r)
{
	int err;

	region = r;
	nid = page_to_nid(pfn_to_page(first));
	cache = rsv_cache_create(r, "unplug", 64, 0, 0, NULL);
	if (IS_ERR(cache))
		return PTR_ERR(cache);
	err = grow() ?: keep_two();
	if (err)
		machine_unplug_end();
	return err;
}

void machine_unplug_end(void)
{
	give_block(&inside);
	give_block(&outside);
	if (!IS_ERR_OR_NULL(cache))
		rsv_cache_destroy(cache);
}

/*
 * Steps
 */

static struct page *lost;

static int step_check(void)
{
	struct page *kept[] = { inside, outside };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kept); i++)
		if (kept[i] &&
		    machine_pattern_changed(page_address(kept[i]), BLOCK_BYTES, BLOCK_ORDER))
			machine_wrong("a used block changed");
	return machine_result();
}

static int step_give(void)
{
	lost = inside;
	give_block(&inside);
	return machine_result();
}

/* Whether there is memory at an address of the kernel */
static bool is_there(const void *addr)
{
	unsigned long word;

	return !copy_from_kernel_nofault(&word, addr, sizeof(word));
}

/* Frees by pointers to memory that the machine has lost. Each is to be refused with a report. */
static void misuse_lost(void)
{
	void *addr = __va(PFN_PHYS(page_to_pfn(lost)));
	void *object = addr + 64;

	/* Otherwise a look at either would do no harm, and the run would prove nothing. */
	if (is_there(addr) || is_there(lost))
		machine_wrong("the memory or its page structure is still there");
	__rsv_free_pages(lost, 0);
	__rsv_free_pages(lost, BLOCK_ORDER);
	rsv_free_pages((unsigned long)addr, BLOCK_ORDER);
	rsv_free_pages_exact(addr, BLOCK_BYTES);
	rsv_free_pages_bulk(1, &lost);
	rsv_kfree(addr);
	rsv_kfree(object);
	rsv_cache_free(cache, object);
	rsv_cache_free_bulk(cache, 1, &object);
	if (rsv_ksize(addr))
		machine_wrong("lost memory has a size");
	pr_info("misused: 10\n");
}

/* The memory is gone: no request gets it, and no free accepts it. */
static int step_lost(void)
{
	unsigned int nr, i;

	misuse_lost();
	nr = take_blocks(0);
	for (i = 0; i < nr; i++)
		if (goes(blocks[i]))
			machine_wrong("page 0x%lx is handed out and gone",
				      page_to_pfn(blocks[i]));
	machine_blocks_give(BLOCK_ORDER, nr, blocks);
	pr_info("%u blocks left\n", nr);
	return nr ? machine_result() : -EIO;
}

/* The memory is there again: the region takes it, hands it out and takes it back. */
static int step_again(void)
{
	unsigned int nr, i, again = 0;
	int err = grow();

	if (err)
		return err;
	nr = take_blocks(__GFP_THISNODE);
	for (i = 0; i < nr; i++)
		again += goes(blocks[i]);
	machine_blocks_give(BLOCK_ORDER, nr, blocks);
	pr_info("%u blocks again\n", again);
	return again ? machine_result() : -EIO;
}

/* All memory goes back to the system. */
static int step_shrink(void)
{
	give_block(&outside);
	pr_info("%zu bytes went back\n", rsv_region_shrink(region, SIZE_MAX));
	return machine_result();
}

static const struct {
	const char *name;
	int (*run)(void);
} steps[] = {
	{"check", step_check}, {"give", step_give},	{"lost", step_lost},
	{"again", step_again}, {"shrink", step_shrink},
};

static int step_set(const char *value, const struct kernel_param *param)
{
	unsigned int i;

	for (i = 0; region && i < ARRAY_SIZE(steps); i++)
		if (sysfs_streq(value, steps[i].name))
			return steps[i].run();
	return -EINVAL;
}

static const struct kernel_param_ops step_ops = { .set = step_set };
module_param_cb(step, &step_ops, NULL, 0200);
MODULE_PARM_DESC(step, "unplug: what to do next: check, give, lost, again, shrink");
