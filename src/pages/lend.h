/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_PAGES_LEND_H
#define RSV_PAGES_LEND_H

#include <linux/types.h>

#include "types.h"

int rsv_region_add(struct rsv_region *r, const struct rsv_reserve *want, unsigned int nr);

void rsv_lending_init(struct rsv_region *r);
int rsv_lending_start(struct rsv_region *r, size_t floor);
void rsv_lending_stop(struct rsv_region *r);

#endif /* RSV_PAGES_LEND_H */
