// SPDX-License-Identifier: GPL-2.0
#include <linux/ctype.h>
#include <linux/string.h>
#include <uapi/linux/reservoir.h>

#include "compat.h"
#include "name.h"

/**
 * rsv_name_ok() - whether a cache or a region may be called so
 * @name: the name
 *
 * Names become debugfs paths and words in lines that other programs parse.
 *
 * Context: Any.
 * Return: true for 1 to 31 of A-Z a-z 0-9 _ . - that are not "." or "..".
 */
bool rsv_name_ok(const char *name)
{
	size_t length = strnlen(name, RSV_NAME_MAX), i;

	if (!length || length == RSV_NAME_MAX || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (i = 0; i < length; i++)
		if (!isascii(name[i]) || (!isalnum(name[i]) && !strchr("_.-", name[i])))
			return false;
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_name_ok);
