/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_OBJECTS_SPARE_H
#define RSV_OBJECTS_SPARE_H

#include <linux/types.h>

struct rsv_cache;
struct rsv_magazine;
struct rsv_region;

int rsv_magazines_create(struct rsv_region *r);
void rsv_magazines_choose(struct rsv_cache *c);
bool rsv_magazines_enlarge(struct rsv_cache *c);

struct rsv_magazine *rsv_magazine_new(struct rsv_cache *c);
void rsv_magazine_free(struct rsv_cache *c, struct rsv_magazine *m);
bool rsv_spares_wanted(const struct rsv_cache *c);
void rsv_spares_tend(struct rsv_cache *c);

#endif /* RSV_OBJECTS_SPARE_H */
