/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Runs: contiguous pages of any number.
 */
#ifndef RSV_PAGES_CONTIG_H
#define RSV_PAGES_CONTIG_H

#include <linux/gfp.h>

#include "report.h"
#include "types.h"

struct rsv_frame *rsv_run_try(struct rsv_region *r, gfp_t gfp, int nid, unsigned long nr_pages);
struct rsv_frame *rsv_run_alloc(struct rsv_region *r, gfp_t gfp, int nid, unsigned long nr_pages);
enum rsv_misuse rsv_run_claim(struct rsv_region *r, struct rsv_frame *f);
struct rsv_frame *rsv_run_alloc_claimed(struct rsv_region *r, struct rsv_frame *f);
void rsv_run_free_claimed(struct rsv_region *r, struct rsv_frame *f);
void rsv_run_dissolve(struct rsv_region *r, struct rsv_frame *f, unsigned long nr_pages);

#endif /* RSV_PAGES_CONTIG_H */
