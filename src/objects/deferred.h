/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Frees that wait until this CPU serves interrupts again.
 */
#ifndef RSV_OBJECTS_DEFERRED_H
#define RSV_OBJECTS_DEFERRED_H

#include "types.h"

void rsv_deferred_add(const struct rsv_cache *c, void *object);
void rsv_deferred_start(void);

/* Whether the free of an object of the cache can be deferred */
static inline bool rsv_cache_defers(const struct rsv_cache *c)
{
	return c->layout.link != RSV_LINK_NONE;
}

#endif /* RSV_OBJECTS_DEFERRED_H */
