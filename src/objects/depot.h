/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_OBJECTS_DEPOT_H
#define RSV_OBJECTS_DEPOT_H

#include "types.h"

void rsv_depot_init(struct rsv_depot *d);
void rsv_depot_add(struct rsv_cache *c, struct rsv_magazine *m);
struct rsv_magazine *rsv_depot_take_empty(struct rsv_cache *c);
void rsv_depot_count(struct rsv_depot *d, unsigned int *full, unsigned int *empty);
struct rsv_magazine *rsv_depot_remove(struct rsv_depot *d, struct rsv_depot_stack *s);
void rsv_depot_add_preallocated(struct rsv_cache *internal, void **magazines, unsigned int nr);

bool rsv_depot_exchange_empty(struct rsv_cache *c, struct rsv_cpu *cpu);
bool rsv_depot_exchange_full(struct rsv_cache *c, struct rsv_cpu *cpu);
void rsv_depot_load_new(struct rsv_cache *c, struct rsv_cpu *cpu, struct rsv_magazine *m);

bool rsv_depot_update_working_set(struct rsv_depot *d, unsigned int *full, unsigned int *empty);

#endif /* RSV_OBJECTS_DEPOT_H */
