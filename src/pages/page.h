/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Blocks of pages, as objects/ uses them: any number of pages, by frame.
 */
#ifndef RSV_PAGES_PAGE_H
#define RSV_PAGES_PAGE_H

#include <linux/gfp.h>

#include "../report.h"

struct rsv_frame;
struct rsv_region;

bool rsv_gfp_ok(gfp_t gfp);
struct rsv_frame *rsv_run_alloc(struct rsv_region *r, gfp_t gfp, unsigned long nr_pages);
enum rsv_misuse rsv_run_free(struct rsv_region *r, struct rsv_frame *f);

#endif /* RSV_PAGES_PAGE_H */
