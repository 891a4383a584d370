/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_OBJECTS_DEBUG_SLOT_H
#define RSV_OBJECTS_DEBUG_SLOT_H

#include <linux/types.h>

#include "types.h"

struct rsv_part rsv_part_left(const struct rsv_cache *c, u8 value);
struct rsv_part rsv_part_right(const struct rsv_cache *c, unsigned int size, u8 value);
struct rsv_part rsv_part_poison(const struct rsv_cache *c);
struct rsv_part rsv_part_poison_end(const struct rsv_cache *c);
struct rsv_part rsv_part_padding(const struct rsv_cache *c);

void rsv_part_fill(void *object, struct rsv_part p);
const u8 *rsv_part_wrong(const void *object, const struct rsv_part *p);
void rsv_part_print(const char *name, const void *object, struct rsv_part p);

#endif /* RSV_OBJECTS_DEBUG_SLOT_H */
