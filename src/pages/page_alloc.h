/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Blocks of pages, as objects/ uses them: any number of pages, by frame.
 */
#ifndef RSV_PAGES_PAGE_ALLOC_H
#define RSV_PAGES_PAGE_ALLOC_H

#include <linux/gfp.h>
#include <linux/kernel.h>

#include "types.h"

/* What is understood of a request's flags: for pages, and for objects */
#define RSV_GFP_PAGES                                                                 \
	(GFP_KERNEL | GFP_USER | GFP_HIGHUSER | GFP_ATOMIC | GFP_NOWAIT | __GFP_DMA | \
	 __GFP_DMA32 | __GFP_ZERO | __GFP_HIGH | __GFP_NOWARN | __GFP_THISNODE)
/* Flags with which a request for pages is served by the zone that is first for its node */
#define RSV_GFP_PLAIN	(GFP_KERNEL | GFP_USER | GFP_ATOMIC | GFP_NOWAIT | __GFP_NOWARN)
#define RSV_GFP_OBJECTS (RSV_GFP_PAGES & ~(__GFP_DMA | __GFP_DMA32 | __GFP_THISNODE))

/* For paths that do not look whether they may sleep otherwise */
static inline void rsv_might_sleep(gfp_t gfp)
{
	if (IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP))
		might_sleep_if(gfpflags_allow_blocking(gfp));
}

bool rsv_gfp_ok(gfp_t gfp, gfp_t known);
struct rsv_frame *rsv_run_try(struct rsv_region *r, gfp_t gfp, int nid, unsigned long nr_pages);
struct rsv_frame *rsv_run_alloc(struct rsv_region *r, gfp_t gfp, int nid, unsigned long nr_pages);
void rsv_run_dissolve(struct rsv_region *r, struct rsv_frame *f, unsigned long nr_pages);
enum rsv_misuse rsv_run_free(struct rsv_region *r, struct rsv_frame *f);

#endif /* RSV_PAGES_PAGE_ALLOC_H */
