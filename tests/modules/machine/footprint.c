// SPDX-License-Identifier: GPL-2.0
/*
 * footprint: the pages that OBJECTS objects of a size take from a region, with rsv_kmalloc() and
 * with a cache of the engine SLOB, compared with the kernel's kmalloc() in the same boot.
 *
 * For the region the test allocates all remaining pages and counts how many are missing. For the
 * kernel it counts the pages of the slabs that the objects are in. FILLERS objects fill the
 * existing slabs first.
 */
#define pr_fmt(fmt) "machine: " fmt

#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/vmalloc.h>

#include "machine.h"

#define OBJECTS	10000
#define FILLERS	4096

static const unsigned int sizes[] = {
	24, 40, 72, 136, 200, 328, 520, 700, 1032, 1700, 2048, 3072, 4104, 7168,
};

static void **taken;	/* FILLERS + OBJECTS pointers */
static struct page **slabs;	/* OBJECTS heads of slabs */

/* The kernel */

static int compare_slabs(const void *a, const void *b)
{
	unsigned long x = (unsigned long)*(struct page *const *)a;
	unsigned long y = (unsigned long)*(struct page *const *)b;

	return x < y ? -1 : x > y;
}

/* Pages of all slabs that have objects of @objects */
static unsigned long kernel_pages(void **objects)
{
	unsigned long pages = 0;
	unsigned int i;

	for (i = 0; i < OBJECTS; i++)
		slabs[i] = compound_head(virt_to_page(objects[i]));
	sort(slabs, OBJECTS, sizeof(*slabs), compare_slabs, NULL);
	for (i = 0; i < OBJECTS; i++)
		if (!i || slabs[i] != slabs[i - 1])
			pages += compound_nr(slabs[i]);
	return pages;
}

static unsigned long kernel_footprint(unsigned int size)
{
	unsigned long pages = 0;
	unsigned int nr;

	for (nr = 0; nr < FILLERS + OBJECTS; nr++) {
		taken[nr] = kmalloc(size, GFP_KERNEL);
		if (!taken[nr])
			break;
	}
	if (nr == FILLERS + OBJECTS)
		pages = kernel_pages(taken + FILLERS);
	while (nr--)
		kfree(taken[nr]);
	return pages;
}

/* Reservoir */

/* Allocates all pages that the region has, and frees them. Returns their number. */
static unsigned long pages_left(struct rsv_region *r)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_HIGH | __GFP_NOWARN;
	struct page *page, *next;
	unsigned long nr = 0;
	LIST_HEAD(pages);

	while ((page = rsv_alloc_pages(r, gfp, 0))) {
		list_add(&page->lru, &pages);
		nr++;
	}
	list_for_each_entry_safe(page, next, &pages, lru)
		__rsv_free_pages(page, 0);
	return nr;
}

static void *take(struct rsv_region *r, struct rsv_cache *c, unsigned int size)
{
	return c ? rsv_cache_alloc(c, GFP_KERNEL) : rsv_kmalloc(r, size, GFP_KERNEL);
}

static void give(struct rsv_cache *c, void *object)
{
	if (c)
		rsv_cache_free(c, object);
	else
		rsv_kfree(object);
}

static unsigned long our_pages(struct rsv_region *r, struct rsv_cache *c, unsigned int size)
{
	unsigned long before = pages_left(r), pages = 0;
	unsigned int nr;

	for (nr = 0; nr < OBJECTS; nr++) {
		taken[nr] = take(r, c, size);
		if (!taken[nr])
			break;
	}
	if (nr == OBJECTS)
		pages = before - pages_left(r);
	while (nr--)
		give(c, taken[nr]);
	return pages;
}

/* Measures a cache of @engine or, without an engine, rsv_kmalloc(). */
static unsigned long our_footprint(unsigned int size, unsigned int engine)
{
	const struct rsv_reserve want = { .bytes = (size_t)OBJECTS * size * 2 + SZ_1M };
	struct rsv_region *r = rsv_region_create("footprint", &want, 1);
	struct rsv_cache *c = NULL;
	unsigned long pages;

	if (IS_ERR(r))
		return 0;
	if (engine)
		c = rsv_cache_create(r, "objects", size, 0, engine, NULL);
	pages = IS_ERR(c) ? 0 : our_pages(r, c, size);
	if (!IS_ERR_OR_NULL(c))
		rsv_cache_destroy(c);
	rsv_region_destroy(r);
	return pages;
}

/* The comparison */

/* Whether @ours is at most @hundredths hundredths of @kernels */
static bool within(unsigned long ours, unsigned long kernels, unsigned int hundredths)
{
	return ours && kernels && ours * 100 <= kernels * hundredths;
}

/**
 * struct sums - pages of all sizes together
 * @ours: with rsv_kmalloc()
 * @kernels: with kmalloc()
 * @slobs: sizes below a page, with caches of the engine SLOB
 * @kernels_small: sizes below a page, with kmalloc()
 */
struct sums {
	unsigned long ours;
	unsigned long kernels;
	unsigned long slobs;
	unsigned long kernels_small;
};

static bool footprint(unsigned int size, struct sums *sums)
{
	unsigned long kernels = kernel_footprint(size);
	unsigned long ours = our_footprint(size, 0);
	unsigned long slobs = our_footprint(size, RSV_ENGINE_SLOB);

	pr_info("figure: %5u bytes: kmalloc %5lu pages, rsv_kmalloc %5lu (%lu %%), slob %5lu (%lu %%)\n",
		size, kernels, ours, ours * 100 / max(kernels, 1UL), slobs,
		slobs * 100 / max(kernels, 1UL));
	sums->ours += ours;
	sums->kernels += kernels;
	if (size < PAGE_SIZE) {
		sums->slobs += slobs;
		sums->kernels_small += kernels;
	}
	return within(ours, kernels, 100) && slobs;
}

static int footprints(void)
{
	struct sums sums = {};
	bool good = true;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		good &= footprint(sizes[i], &sums);
	pr_info("figure: in sum: kmalloc %lu pages, rsv_kmalloc %lu (%lu %%); below a page: kmalloc %lu, slob %lu (%lu %%)\n",
		sums.kernels, sums.ours, sums.ours * 100 / max(sums.kernels, 1UL),
		sums.kernels_small, sums.slobs, sums.slobs * 100 / max(sums.kernels_small, 1UL));
	good &= within(sums.ours, sums.kernels, 85);
	good &= within(sums.slobs, sums.kernels_small, 85);
	return good ? 0 : -EIO;
}

int machine_run_footprint(struct rsv_region *r)
{
	int err = -ENOMEM;

	taken = vcalloc(FILLERS + OBJECTS, sizeof(*taken));
	slabs = vcalloc(OBJECTS, sizeof(*slabs));
	if (taken && slabs)
		err = footprints();
	vfree(slabs);
	vfree(taken);
	return err;
}
