/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The files of a cache in debugfs.
 */
#ifndef RSV_INTERFACE_CACHE_FILES_H
#define RSV_INTERFACE_CACHE_FILES_H

#include "types.h"

void rsv_cache_files_add(struct rsv_cache *c);

#endif /* RSV_INTERFACE_CACHE_FILES_H */
