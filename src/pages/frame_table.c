// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of frame tables.
 *
 * Each free reads the frame of its page, and most frees are on the node of the page. So the table
 * of an extent has memory of the extent's node, wherever the task runs that adds the extent; of
 * another node only if that one has none left, or has no CPUs.
 *
 * kvmalloc_node() refuses more than INT_MAX bytes, which are the frames of 256 GB with pages of 4
 * KB, and the kernel's other functions that take a node do not take flags. So a larger table is
 * mapped from single pages.
 */
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "frame_table.h"

static void rsv_pages_free_all(struct page **page, unsigned long nr)
{
	while (nr--) {
		__free_page(page[nr]);
		cond_resched();
	}
}

/* Fills an array with pages of a node. Returns false, and has no page then, if memory is short. */
static bool rsv_pages_of_node(struct page **page, unsigned long nr, int nid, gfp_t gfp)
{
	unsigned long i;

	for (i = 0; i < nr; i++) {
		page[i] = alloc_pages_node(nid, gfp, 0);
		if (!page[i]) {
			rsv_pages_free_all(page, i);
			return false;
		}
		cond_resched();
	}
	return true;
}

/**
 * rsv_frames_alloc_pages() - rsv_frames_alloc() for a table of any size
 * @nr_pages: as there, as all parameters
 * @nid: the node
 * @gfp: the flags
 *
 * Context: Process; may sleep.
 * Return: As there.
 */
struct rsv_frame *rsv_frames_alloc_pages(unsigned long nr_pages, int nid, gfp_t gfp)
{
	unsigned long nr = PFN_UP(array_size(nr_pages, sizeof(struct rsv_frame)));
	struct page **page = kvmalloc_array(nr, sizeof(*page), gfp);
	struct rsv_frame *frames = NULL;

	if (!page)
		return NULL;
	if (rsv_pages_of_node(page, nr, nid, gfp | __GFP_ZERO)) {
		/* From then on the pages and their array belong to the mapping. */
		frames = vmap(page, nr, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
		if (frames)
			return frames;
		rsv_pages_free_all(page, nr);
	}
	kvfree(page);
	return NULL;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_frames_alloc_pages);

/**
 * rsv_frames_alloc() - allocate a frame table
 * @nr_pages: frames
 * @nid: the node whose memory it prefers, or NUMA_NO_NODE for this CPU's
 * @gfp: for memory of the system
 *
 * Context: Process; may sleep.
 * Return: The frames, all zeroes, or NULL.
 */
struct rsv_frame *rsv_frames_alloc(unsigned long nr_pages, int nid, gfp_t gfp)
{
	size_t bytes = array_size(nr_pages, sizeof(struct rsv_frame));

	if (bytes > INT_MAX)
		return rsv_frames_alloc_pages(nr_pages, nid, gfp);
	return kvmalloc_node(bytes, gfp | __GFP_ZERO, nid);
}

/**
 * rsv_frames_free() - free a frame table
 * @frames: the table, of either function; NULL does nothing
 *
 * Context: Process; may sleep.
 */
void rsv_frames_free(struct rsv_frame *frames)
{
	kvfree(frames);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_frames_free);
