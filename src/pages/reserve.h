/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_PAGES_RESERVE_H
#define RSV_PAGES_RESERVE_H

#include <linux/list.h>
#include <linux/reservoir.h>

#include "types.h"

struct page;

bool rsv_reserve_ok(const struct rsv_reserve *want);
int rsv_reserve_take(const struct rsv_region *r, struct list_head *blocks,
		     const struct rsv_reserve *want, unsigned int nr);
void rsv_reserve_take_free(struct list_head *blocks, unsigned long nr_pages, unsigned int order);
void rsv_reserve_give(unsigned long pfn, unsigned long nr_pages);
void rsv_reserve_give_blocks(struct list_head *blocks);

/* Whether a block of a sorted list is adjacent to the one before it, in the same zone */
bool rsv_block_continues(const struct page *page, const struct page *before);

#endif /* RSV_PAGES_RESERVE_H */
