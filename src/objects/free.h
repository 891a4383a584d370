/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_OBJECTS_FREE_H
#define RSV_OBJECTS_FREE_H

#include "types.h"

enum rsv_misuse rsv_free_claim(struct rsv_cache *c, struct rsv_extent *e, void *object);
void rsv_free_store(struct rsv_cache *c, struct rsv_extent *e, void *object, bool count);
void rsv_free_object(struct rsv_cache *c, struct rsv_extent *e, void *object,
		     unsigned long caller);
void rsv_free_slow(struct rsv_cache *c, void *object, unsigned long caller);

#endif /* RSV_OBJECTS_FREE_H */
