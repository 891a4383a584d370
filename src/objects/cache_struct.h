/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_OBJECTS_CACHE_STRUCT_H
#define RSV_OBJECTS_CACHE_STRUCT_H

#include "types.h"

struct rsv_cache *rsv_cache_struct_alloc(void);
void rsv_cache_struct_free(struct rsv_cache *c);

#endif /* RSV_OBJECTS_CACHE_STRUCT_H */
