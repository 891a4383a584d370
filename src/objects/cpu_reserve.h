/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The reserves of CPUs: objects for requests in any context.
 */
#ifndef RSV_OBJECTS_CPU_RESERVE_H
#define RSV_OBJECTS_CPU_RESERVE_H

#include "types.h"

void *rsv_cpu_reserve_take(struct rsv_cache *c);
int rsv_cpu_reserve_change(struct rsv_cache *c, int change);
void rsv_cpu_reserve_refill(struct rsv_cache *c);
void rsv_cpu_reserve_start_cpu(struct rsv_cache *c, unsigned int cpu);
void rsv_cpu_reserve_flush(struct rsv_cache *c, unsigned int cpu);
void rsv_cpu_reserve_end(struct rsv_cache *c);
void rsv_cpu_reserve_free(struct rsv_cache *c);

#endif /* RSV_OBJECTS_CPU_RESERVE_H */
