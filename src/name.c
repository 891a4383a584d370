// SPDX-License-Identifier: GPL-2.0
/*
 * The names that caches and regions may have. A name becomes a debugfs path and a word in lines
 * that other programs parse, so it has neither slashes nor white space.
 *
 * Programs and the kernel have name spaces of their own, so that no program can take a name that a
 * driver wants, nor the other way round. Within the module the name of what a program made begins
 * with a prefix, which no name that anybody chooses can have. So it is in debugfs and in the log.
 * In the answers of ioctls it has no prefix: programs see the name that they chose.
 */
#include <linux/ctype.h>
#include <linux/kernel.h>
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

/**
 * rsv_name_of_user() - the full name of what a program makes
 * @full: gets the name with its prefix
 * @name: the name that the program chose, terminated
 *
 * Context: Any.
 */
void rsv_name_of_user(char full[RSV_FULL_NAME_MAX], const char *name)
{
	scnprintf(full, RSV_FULL_NAME_MAX, RSV_USER_PREFIX "%s", name);
}

/**
 * rsv_name_is_of_user() - whether a name is of the name space of programs
 * @full: the full name
 *
 * Context: Any.
 * Return: true if a program made what has the name.
 */
bool rsv_name_is_of_user(const char *full)
{
	return str_has_prefix(full, RSV_USER_PREFIX);
}

/**
 * rsv_name_bare() - the name that was chosen
 * @full: the full name
 *
 * Context: Any.
 * Return: The name without the prefix, a part of @full.
 */
const char *rsv_name_bare(const char *full)
{
	return full + str_has_prefix(full, RSV_USER_PREFIX);
}
