/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_INTERFACE_DEBUGFS_H
#define RSV_INTERFACE_DEBUGFS_H

#include "types.h"

void rsv_debugfs_start(void);
void rsv_debugfs_stop(void);
void rsv_debugfs_add(struct rsv_region *r);
void rsv_debugfs_remove(struct rsv_region *r);

#endif /* RSV_INTERFACE_DEBUGFS_H */
