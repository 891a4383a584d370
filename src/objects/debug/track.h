/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Owners: who allocated and who freed an object, for caches with RSV_STORE_USER. Each slot has a
 * record of both, behind its object.
 */
#ifndef RSV_OBJECTS_DEBUG_TRACK_H
#define RSV_OBJECTS_DEBUG_TRACK_H

#include <linux/kallsyms.h>
#include <linux/types.h>

#include "types.h"

void rsv_track_start(void);
void rsv_track_init(const struct rsv_cache *c, void *object);
void rsv_track_allocated(const struct rsv_cache *c, void *object, unsigned long caller);
void rsv_track_freed(const struct rsv_cache *c, void *object, unsigned long caller);

bool rsv_track_sound(const struct rsv_cache *c, const void *object);
bool rsv_track_read(const struct rsv_cache *c, const void *object, enum rsv_event event,
		    struct rsv_track *track);
bool rsv_track_is_anothers(const struct rsv_cache *c, const void *object);
void rsv_track_print(const struct rsv_cache *c, const void *object);

#endif /* RSV_OBJECTS_DEBUG_TRACK_H */
