/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Frees whose grace period has ended.
 */
#ifndef RSV_OBJECTS_RCU_ENDED_H
#define RSV_OBJECTS_RCU_ENDED_H

#include "types.h"

void rsv_rcu_init(struct rsv_region *r);
void rsv_rcu_create(struct rsv_region *r);
void rsv_rcu_stop(struct rsv_region *r);
void rsv_rcu_free_ended(struct rsv_region *r);
void rsv_rcu_free_all(struct rsv_region *r);
void rsv_rcu_submit_cpus(struct rsv_region *r);

#endif /* RSV_OBJECTS_RCU_ENDED_H */
