/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Why a request for pages was refused.
 */
#ifndef RSV_PAGES_REFUSAL_H
#define RSV_PAGES_REFUSAL_H

#include <linux/gfp.h>
#include <linux/types.h>

#include "types.h"

u32 rsv_refusal_of_block(struct rsv_region *r, gfp_t gfp, int nid, unsigned long nr_pages,
			 unsigned long asked);
u32 rsv_refusal_of_run(struct rsv_region *r, gfp_t gfp, unsigned long nr_pages);
u32 rsv_refusal_of_pages(struct rsv_region *r, gfp_t gfp, unsigned long nr_pages);

#endif /* RSV_PAGES_REFUSAL_H */
