/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_OBJECTS_ROOM_H
#define RSV_OBJECTS_ROOM_H

#include "types.h"

bool rsv_cache_has_room(const struct rsv_cache *c, u64 missing, bool only_free);

#endif /* RSV_OBJECTS_ROOM_H */
