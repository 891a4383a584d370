/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /sys/kernel/debug/reservoir.
 */
#ifndef RSV_INTERFACE_DEBUGFS_H
#define RSV_INTERFACE_DEBUGFS_H

void rsv_debugfs_init(void);
void rsv_debugfs_start(void);
void rsv_debugfs_stop(void);

#endif /* RSV_INTERFACE_DEBUGFS_H */
