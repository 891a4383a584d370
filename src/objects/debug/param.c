// SPDX-License-Identifier: GPL-2.0
/*
 * debug=: which caches are checked, and how, in the language of the kernel's slab_debug=:
 *
 *	[LETTERS][,NAME...][;[LETTERS][,NAME...]]...
 *
 * A block with names is for the caches that have one of them, a name that ends in * for all that
 * begin so; the first block that fits a cache holds for it. A block without names is for all other
 * caches, and the last such block holds. No letters mean all but T, and - none.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "check.h"
#include "compat.h"
#include "name.h"
#include "objects/cache.h"

#define RSV_DEBUG_DEFAULT (RSV_CACHE_VERIFY | RSV_RED_ZONE | RSV_POISON | RSV_STORE_USER)
#define RSV_DEBUG_NAMES	  32 /* that all blocks together can have */

/**
 * struct rsv_debug_name - what caches of a name get
 * @flags: the checks
 * @length: bytes of @name to compare, for a name that ended in *; RSV_NAME_MAX: all
 * @name: the name, without *
 */
struct rsv_debug_name {
	unsigned int flags;
	unsigned int length;
	char name[RSV_NAME_MAX];
};

/**
 * struct rsv_debug_option - the option, understood
 * @others: the checks that caches get whose name is not here
 * @nr: number of names
 * @names: in the order given
 */
struct rsv_debug_option {
	unsigned int others;
	unsigned int nr;
	struct rsv_debug_name names[RSV_DEBUG_NAMES];
};

static struct rsv_debug_option rsv_debug_option; /* changes before caches are made only */

static unsigned int rsv_debug_letter(char letter)
{
	switch (toupper(letter)) {
	case 'F':
		return RSV_CACHE_VERIFY;
	case 'Z':
		return RSV_RED_ZONE;
	case 'P':
		return RSV_POISON;
	case 'U':
		return RSV_STORE_USER;
	case 'T':
		return RSV_CACHE_TRACE;
	default:
		return 0;
	}
}

static int rsv_debug_parse_letters(const char *letters, unsigned int *flags)
{
	*flags = *letters ? 0 : RSV_DEBUG_DEFAULT;
	if (!strcmp(letters, "-"))
		return 0;
	for (; *letters; letters++) {
		unsigned int flag = rsv_debug_letter(*letters);

		if (!flag) {
			pr_err("debug=: '%.8s' is not understood: want letters of FZPUT, or -\n",
			       letters);
			return -EINVAL;
		}
		*flags |= flag;
	}
	return 0;
}

/* Takes the * off the end of a name. What is left must be a name, or nothing. */
static int rsv_debug_parse_pattern(char *name, struct rsv_debug_name *n)
{
	size_t length = strlen(name);

	n->length = RSV_NAME_MAX;
	if (length && name[length - 1] == '*') {
		name[--length] = '\0';
		n->length = length;
		if (!length)
			return 0;
	}
	if (!rsv_name_ok(name))
		return -EINVAL;
	strscpy(n->name, name, sizeof(n->name));
	return 0;
}

static int rsv_debug_parse_name(char *name, unsigned int flags, struct rsv_debug_option *o)
{
	struct rsv_debug_name *n = &o->names[o->nr];

	if (o->nr == RSV_DEBUG_NAMES) {
		pr_err("debug=: '%.32s' is one more than %u names\n", name, RSV_DEBUG_NAMES);
		return -EINVAL;
	}
	n->flags = flags;
	if (rsv_debug_parse_pattern(name, n)) {
		pr_err("debug=: '%.32s' is not a cache's name, or its beginning and *\n", name);
		return -EINVAL;
	}
	o->nr++;
	return 0;
}

static int rsv_debug_parse_block(char *block, struct rsv_debug_option *o)
{
	const char *letters = strsep(&block, ",");
	unsigned int flags;
	char *name;
	int err;

	err = rsv_debug_parse_letters(letters, &flags);
	if (err)
		return err;
	if (!block)
		o->others = flags;
	while ((name = strsep(&block, ","))) {
		err = rsv_debug_parse_name(name, flags, o);
		if (err)
			return err;
	}
	return 0;
}

/* Nothing at all is a block; nothing between two semicolons is none. */
static int rsv_debug_parse_blocks(char *blocks, struct rsv_debug_option *o)
{
	char *block;
	int err = 0;

	if (!*blocks)
		return rsv_debug_parse_block(blocks, o);
	while (!err && (block = strsep(&blocks, ";")))
		if (*block)
			err = rsv_debug_parse_block(block, o);
	return err;
}

/**
 * rsv_debug_parse() - take in the option debug=
 * @text: the option, or NULL for none; replaces what was taken in before
 *
 * Caches that exist already stay as they are.
 *
 * Context: Process; may sleep. Nobody makes a cache meanwhile.
 * Return: 0; or -EINVAL after a line that quotes what was not understood, or -ENOMEM, and nothing
 * has changed.
 */
int rsv_debug_parse(const char *text)
{
	struct rsv_debug_option *o = kzalloc(sizeof(*o), GFP_KERNEL);
	char *copy = kstrdup(text ?: "-", GFP_KERNEL);
	int err = -ENOMEM;

	if (o && copy)
		err = rsv_debug_parse_blocks(copy, o);
	if (!err)
		rsv_debug_option = *o;
	kfree(copy);
	kfree(o);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_debug_parse);

/**
 * rsv_debug_flags() - the checks that debug= wants for a cache
 * @name: the name of the cache
 *
 * Context: Any.
 * Return: Some of RSV_CHECKS.
 */
unsigned int rsv_debug_flags(const char *name)
{
	const struct rsv_debug_option *o = &rsv_debug_option;
	unsigned int i;

	for (i = 0; i < o->nr; i++)
		if (!strncmp(name, o->names[i].name, o->names[i].length))
			return o->names[i].flags;
	return o->others;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_debug_flags);

/**
 * rsv_debug_given() - whether debug= wants anything of any cache, and so bytes of objects may be
 *	shown in reports
 *
 * Context: Any.
 * Return: Whether it does.
 */
bool rsv_debug_given(void)
{
	const struct rsv_debug_option *o = &rsv_debug_option;
	unsigned int i, flags = o->others;

	for (i = 0; i < o->nr; i++)
		flags |= o->names[i].flags;
	return flags;
}
