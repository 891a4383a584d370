/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_OBJECTS_MAGAZINE_H
#define RSV_OBJECTS_MAGAZINE_H

#include "types.h"

void *rsv_cpu_alloc(struct rsv_cache *c, int nid, bool count);
unsigned int rsv_cpu_batch_size(struct rsv_cache *c);
void rsv_cpu_refill(struct rsv_cache *c, struct rsv_batch *t);
bool rsv_cpu_make_room(struct rsv_cache *c);
bool rsv_cpu_free(struct rsv_cache *c, struct rsv_extent *e, void *object, bool count);

void rsv_magazine_flush(struct rsv_cache *c, struct rsv_magazine *m);
void rsv_magazine_spill(struct rsv_cache *c);
void rsv_cpu_flush(struct rsv_cache *c, struct rsv_cpu *cpu);
void rsv_cpu_drain_local(struct rsv_cache *c);

#endif /* RSV_OBJECTS_MAGAZINE_H */
