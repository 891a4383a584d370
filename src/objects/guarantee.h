/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_OBJECTS_GUARANTEE_H
#define RSV_OBJECTS_GUARANTEE_H

#include "types.h"

void rsv_guarantee_init(struct rsv_guarantee *g);
void *rsv_guarantee_take(struct rsv_cache *c, int nid);
bool rsv_guarantee_add(struct rsv_cache *c, void *object);

bool rsv_guarantee_grow(struct rsv_cache *c, void *object, unsigned int most);
void rsv_guarantee_lower(struct rsv_cache *c, unsigned int target);
unsigned int rsv_guarantee_take_surplus(struct rsv_cache *c, void **objects);
void rsv_guarantee_add_page(struct rsv_cache *c, struct rsv_guarantee_page *page);
struct rsv_guarantee_page *rsv_guarantee_take_page(struct rsv_cache *c);

static inline bool rsv_guarantee_is_short(const struct rsv_cache *c)
{
	return READ_ONCE(c->guarantee.nr) < READ_ONCE(c->guarantee.target);
}

/* rsv_guarantee_add() with a look first, so that most frees do not take the lock */
static inline bool rsv_guarantee_put(struct rsv_cache *c, void *object)
{
	return unlikely(rsv_guarantee_is_short(c)) && rsv_guarantee_add(c, object);
}

#endif /* RSV_OBJECTS_GUARANTEE_H */
