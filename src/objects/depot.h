/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_OBJECTS_DEPOT_H
#define RSV_OBJECTS_DEPOT_H

#include <linux/types.h>

#include "types.h"

void rsv_cpu_load(struct rsv_cpu *cpu, struct rsv_magazine *m);
struct rsv_magazine *rsv_cpu_unload(struct rsv_cpu *cpu);
bool rsv_cpu_exchange_empty(struct rsv_cache *c, struct rsv_cpu *cpu);
bool rsv_cpu_exchange_full(struct rsv_cache *c, struct rsv_cpu *cpu);
void rsv_cpu_load_new(struct rsv_cache *c, struct rsv_cpu *cpu, struct rsv_magazine *m);

void rsv_depot_add(struct rsv_cache *c, struct rsv_magazine *m);
struct rsv_magazine *rsv_depot_take_empty(struct rsv_cache *c);
void rsv_depot_add_preallocated(struct rsv_cache *own, void **spares, unsigned int nr);
void rsv_depot_drain(struct rsv_cache *c);
bool rsv_depot_spill(struct rsv_cache *c);
bool rsv_depot_age(struct rsv_cache *c);

#endif /* RSV_OBJECTS_DEPOT_H */
