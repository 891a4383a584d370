/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Quotas: how much memory programs may hold.
 */
#ifndef RSV_INTERFACE_QUOTA_H
#define RSV_INTERFACE_QUOTA_H

#include "types.h"

extern unsigned int rsv_quota_programs;
extern unsigned int rsv_quota_user;

int rsv_charge_begin(struct rsv_charge *c, struct rsv_region *r, unsigned long nr_pages);
int rsv_charge_set(struct rsv_charge *c, unsigned long nr_pages);
void rsv_charge_end(struct rsv_charge *c);
void rsv_quota_query(struct rsv_region *r, struct rsv_ioc_info *info);

#endif /* RSV_INTERFACE_QUOTA_H */
