// SPDX-License-Identifier: GPL-2.0
/*
 * The names that caches and regions may have. A name becomes a debugfs path and a word in lines
 * that other programs parse, so it has neither slashes nor white space.
 */
#include <linux/ctype.h>
#include <linux/string.h>
#include <uapi/linux/reservoir.h>

#include "compat.h"
#include "name.h"

/**
 * rsv_name_ok() - check the name of a cache or a region
 * @name: the name; at most RSV_NAME_MAX bytes are read
 *
 * Context: Any.
 * Return: true for 1 to 31 characters of A-Z a-z 0-9 _ . - but not "." or "..".
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
