/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages that go bad while they are free.
 */
#ifndef RSV_PAGES_BAD_PAGE_H
#define RSV_PAGES_BAD_PAGE_H

#include "types.h"

void rsv_bad_page_found(unsigned long pfn);
void rsv_bad_pages_search(struct rsv_region *r);
void rsv_bad_pages_flush(struct rsv_region *r);

void rsv_bad_pages_init(struct rsv_region *r);
void rsv_bad_pages_stop(struct rsv_region *r);
void rsv_bad_pages_cancel(struct rsv_region *r);
int rsv_bad_pages_start(void);
void rsv_bad_pages_exit(void);

#endif /* RSV_PAGES_BAD_PAGE_H */
