// SPDX-License-Identifier: GPL-2.0
/*
 * zones and nodes: the memory that serves a request for a zone or a node.
 */
#define pr_fmt(fmt) "machine: " fmt

#include <linux/highmem.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/topology.h>

#include "machine.h"

/* Lists of pages */

static void give_all(struct list_head *pages)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, pages, lru)
		__rsv_free_pages(page, 0);
	INIT_LIST_HEAD(pages);
}

static u64 physical(struct page *page)
{
	return (u64)page_to_pfn(page) << PAGE_SHIFT;
}

/* Allocates single pages until the request fails. Each page must satisfy the test. */
static int take_all(struct rsv_region *r, gfp_t gfp, struct list_head *pages,
		    bool (*good)(struct page *page))
{
	struct page *page;
	int nr = 0;

	while ((page = rsv_alloc_pages(r, gfp | __GFP_NOWARN, 0))) {
		list_add(&page->lru, pages);
		nr++;
		if (!good(page)) {
			pr_err("gfp flags %pGg got a page at 0x%llx\n", &gfp, physical(page));
			return -EIO;
		}
	}
	return nr;
}

/*
 * zones: in a region whose memory was reserved by zone, requests for a zone get pages below its
 * limit. They still find pages when requests for higher zones have taken all they can.
 */
static bool below_16m(struct page *page)
{
	return physical(page) + PAGE_SIZE <= SZ_16M;
}

static bool below_4g(struct page *page)
{
	return physical(page) + PAGE_SIZE <= SZ_4G;
}

static bool has_address(struct page *page)
{
	return !PageHighMem(page);
}

static bool has_none(struct page *page)
{
	return PageHighMem(page);
}

/* From the most general request to the most special: each finds only what the others left. */
static const struct zone_case {
	const char *name;
	gfp_t gfp;
	bool (*good)(struct page *page);
	bool here;
} zone_cases[] = {
	{"GFP_HIGHUSER", GFP_HIGHUSER, has_none, IS_ENABLED(CONFIG_HIGHMEM)},
	{"GFP_KERNEL", GFP_KERNEL, has_address, true},
	{"GFP_DMA32", GFP_KERNEL | __GFP_DMA32, below_4g, IS_ENABLED(CONFIG_ZONE_DMA32)},
	{"GFP_DMA", GFP_KERNEL | __GFP_DMA, below_16m, IS_ENABLED(CONFIG_ZONE_DMA)},
};

int machine_run_zones(struct rsv_region *r)
{
	LIST_HEAD(pages);
	unsigned int i;
	int nr = 0;

	for (i = 0; nr >= 0 && i < ARRAY_SIZE(zone_cases); i++) {
		const struct zone_case *c = &zone_cases[i];

		if (!c->here)
			continue;
		nr = take_all(r, c->gfp, &pages, c->good);
		pr_info("%s was served %d pages\n", c->name, nr);
		if (!nr)
			nr = -EIO;
	}
	give_all(&pages);
	return min(nr, 0);
}

/* nodes: the node that a request names serves it, and then the others, the nearest first. */

/* Stays on its CPU: the lists of other CPUs may have pages of a node that was passed. */
static int take_outwards(struct rsv_region *r, int nid, struct list_head *pages)
{
	int distance = 0, now = -1;
	struct page *page;

	while ((page = rsv_alloc_pages_node(r, nid, GFP_NOWAIT | __GFP_NOWARN, 0))) {
		list_add(&page->lru, pages);
		if (page_to_nid(page) == now)
			continue;
		now = page_to_nid(page);
		pr_info("node %d is served by node %d, distance %d\n", nid, now,
			node_distance(nid, now));
		if (node_distance(nid, now) < distance)
			return -EIO;
		distance = node_distance(nid, now);
	}
	return 0;
}

static int take_here(struct rsv_region *r, int nid, struct list_head *pages)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_THISNODE | __GFP_NOWARN;
	struct page *page;

	while ((page = rsv_alloc_pages_node(r, nid, gfp, 0))) {
		list_add(&page->lru, pages);
		if (page_to_nid(page) != nid)
			return -EIO;
	}
	return list_empty(pages) ? -EIO : 0;
}

int machine_run_nodes(struct rsv_region *r)
{
	LIST_HEAD(pages);
	int nid, err = 0;

	for_each_online_node(nid) {
		err = machine_run_drain(r);
		migrate_disable();
		if (!err)
			err = take_outwards(r, nid, &pages);
		migrate_enable();
		give_all(&pages);
		if (!err)
			err = take_here(r, nid, &pages);
		give_all(&pages);
		if (err)
			break;
	}
	return err;
}
