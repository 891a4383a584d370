/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_OBJECTS_KMALLOC_H
#define RSV_OBJECTS_KMALLOC_H

#include "types.h"

unsigned int rsv_kmalloc_least(const struct rsv_cache *c);

#endif /* RSV_OBJECTS_KMALLOC_H */
