/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names of caches and regions.
 */
#ifndef RSV_NAME_H
#define RSV_NAME_H

#include <linux/string.h>
#include <linux/types.h>
#include <uapi/linux/reservoir.h>

#include "types.h"

/* Before the names of what programs make */
#define RSV_USER_PREFIX	"user:"

static_assert(RSV_NAME_MAX + sizeof(RSV_USER_PREFIX) - 1 <= RSV_FULL_NAME_MAX);

bool rsv_name_ok(const char *name);
void rsv_name_of_user(char full[RSV_FULL_NAME_MAX], const char *name);
bool rsv_name_is_of_user(const char *full);
const char *rsv_name_bare(const char *full);

/* Whether a name that a program passed has its NUL within the field. */
static inline bool rsv_name_is_terminated(const char name[RSV_NAME_MAX])
{
	return strnlen(name, RSV_NAME_MAX) < RSV_NAME_MAX;
}

#endif /* RSV_NAME_H */
