/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_OBJECTS_MAGAZINE_CACHE_H
#define RSV_OBJECTS_MAGAZINE_CACHE_H

#include <linux/types.h>

#include "types.h"

int rsv_magazines_create(struct rsv_region *r);
void rsv_magazines_choose(struct rsv_cache *c);
bool rsv_magazines_enlarge(struct rsv_cache *c);

struct rsv_magazine *rsv_magazine_new(struct rsv_cache *c);
void rsv_magazine_free(struct rsv_cache *c, struct rsv_magazine *m);
bool rsv_magazines_missing(const struct rsv_cache *c);
void rsv_magazines_preallocate(struct rsv_cache *c);

#endif /* RSV_OBJECTS_MAGAZINE_CACHE_H */
