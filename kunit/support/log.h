/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The lines that the module writes to the kernel's log.
 */
#ifndef RSV_KUNIT_LOG_H
#define RSV_KUNIT_LOG_H

#include <linux/types.h>

u64 rsvt_log_end(void);
unsigned int rsvt_log_lines(u64 since, const char *first, const char *second);

#endif /* RSV_KUNIT_LOG_H */
