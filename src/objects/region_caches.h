/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_OBJECTS_REGION_CACHES_H
#define RSV_OBJECTS_REGION_CACHES_H

#include "types.h"

int rsv_region_caches_create(struct rsv_region *r);

#endif /* RSV_OBJECTS_REGION_CACHES_H */
