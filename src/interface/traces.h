/* SPDX-License-Identifier: GPL-2.0 */
/*
 * caches/NAME/alloc_traces and free_traces in debugfs.
 */
#ifndef RSV_INTERFACE_TRACES_H
#define RSV_INTERFACE_TRACES_H

#include "types.h"

void rsv_traces_add(struct rsv_cache *c);

#endif /* RSV_INTERFACE_TRACES_H */
