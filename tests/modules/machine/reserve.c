// SPDX-License-Identifier: GPL-2.0
/*
 * reserve: the time to create and destroy a region, compared with allocating and freeing as much
 * memory page by page.
 */
#define pr_fmt(fmt) "machine: " fmt

#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/math64.h>
#include <linux/mm.h>

#include "machine.h"

static s64 microseconds(ktime_t since)
{
	return ktime_us_delta(ktime_get(), since);
}

static int reserve_region(s64 *took, s64 *gave)
{
	const struct rsv_reserve want = { .bytes = (size_t)machine_megabytes << 20 };
	ktime_t start = ktime_get();
	struct rsv_region *r = rsv_region_create("measured", &want, 1);
	int err;

	if (IS_ERR(r))
		return PTR_ERR(r);
	*took = microseconds(start);
	start = ktime_get();
	err = rsv_region_destroy(r);
	*gave = microseconds(start);
	return err;
}

static int reserve_pages(s64 *took, s64 *gave)
{
	unsigned long nr = (unsigned long)machine_megabytes << (20 - PAGE_SHIFT), i;
	ktime_t start = ktime_get();
	struct page *page, *next;
	LIST_HEAD(pages);

	for (i = 0; i < nr; i++) {
		page = alloc_pages(GFP_KERNEL, 0);
		if (!page)
			break;
		list_add(&page->lru, &pages);
	}
	*took = microseconds(start);
	start = ktime_get();
	list_for_each_entry_safe(page, next, &pages, lru)
		__free_pages(page, 0);
	*gave = microseconds(start);
	return i < nr ? -ENOMEM : 0;
}

static int reserve_once(void)
{
	s64 took, gave, page_took, page_gave;
	int err = reserve_region(&took, &gave);

	if (!err)
		err = reserve_pages(&page_took, &page_gave);
	if (err)
		return err;
	pr_info("figure: %u MiB reserved in %lld us, released in %lld us; by the page %lld and %lld us: %lld %%\n",
		machine_megabytes, took, gave, page_took, page_gave,
		div64_s64(100 * (took + gave), max(page_took + page_gave, 1LL)));
	return 0;
}

/* Three times: the first one also pays for putting the system's memory in order. */
int machine_run_reserve(struct rsv_region *r)
{
	int i, err = 0;

	for (i = 0; !err && i < 3; i++)
		err = reserve_once();
	return err;
}
