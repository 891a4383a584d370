/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names of caches and regions.
 */
#ifndef RSV_NAME_H
#define RSV_NAME_H

#include <linux/string.h>
#include <linux/types.h>
#include <uapi/linux/reservoir.h>

bool rsv_name_ok(const char *name);

/* Whether a name that a program passed has its NUL within the field. */
static inline bool rsv_name_is_terminated(const char name[RSV_NAME_MAX])
{
	return strnlen(name, RSV_NAME_MAX) < RSV_NAME_MAX;
}

#endif /* RSV_NAME_H */
