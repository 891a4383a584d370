/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lines of debugfs files.
 */
#ifndef RSV_INTERFACE_SHOW_H
#define RSV_INTERFACE_SHOW_H

#include <linux/seq_file.h>
#include <linux/types.h>

/* A line with a name and its value */
static inline void rsv_show(struct seq_file *m, const char *name, u64 value)
{
	seq_printf(m, "%s %llu\n", name, value);
}

#endif /* RSV_INTERFACE_SHOW_H */
