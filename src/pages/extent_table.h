/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_PAGES_EXTENT_TABLE_H
#define RSV_PAGES_EXTENT_TABLE_H

#include "types.h"

void rsv_extent_table_init(struct rsv_region *r);
void rsv_extent_table_free(struct rsv_region *r);
int rsv_extent_table_expand(struct rsv_region *r, unsigned int more);

int rsv_extent_place(struct rsv_extent *e);
void rsv_extent_unplace(struct rsv_extent *e);
void rsv_extent_publish(struct rsv_extent *e);
void rsv_extent_unpublish(struct rsv_extent *e);

struct rsv_extent *rsv_extent_numbered(const struct rsv_region *r, unsigned int number);
struct rsv_extent *rsv_extent_at_offset(struct rsv_region *r, unsigned long offset,
					unsigned long *end);

#endif /* RSV_PAGES_EXTENT_TABLE_H */
