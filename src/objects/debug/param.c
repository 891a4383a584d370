// SPDX-License-Identifier: GPL-2.0
/*
 * The parameter debug=, which says which caches are checked, and how. Its syntax is that of the
 * kernel's slab_debug=:
 *
 *	[LETTERS][,NAME...][;[LETTERS][,NAME...]]...
 *
 * A block with names applies to caches that have one of them; a name that ends in * stands for all
 * names that begin so. If several blocks have a cache's name, the first one applies. To all other
 * caches the last block without names applies. No letters mean all checks but T, and "-" means
 * none.
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
#include "pages/gfp.h"

#define RSV_DEBUG_DEFAULT	(RSV_CACHE_VERIFY | RSV_RED_ZONE | RSV_POISON | RSV_STORE_USER)
#define RSV_DEBUG_NAMES	  32 /* the most names of all blocks together */

/**
 * struct rsv_debug_name - a name of the parameter (constant)
 * @flags: the checks of caches that have it
 * @length: bytes of @name to compare: all but * if the name ended in it, else RSV_NAME_MAX
 * @name: the name, without *
 */
struct rsv_debug_name {
	unsigned int flags;
	unsigned int length;
	char name[RSV_NAME_MAX];
};

/**
 * struct rsv_debug_option - the parameter, parsed
 * @others: the checks of caches whose name is not in @names
 * @nr: number of names
 * @names: the names, in the order given
 */
struct rsv_debug_option {
	unsigned int others;
	unsigned int nr;
	struct rsv_debug_name names[RSV_DEBUG_NAMES];
};

/* The parameter as parsed last (changes at load only, before there are caches) */
static struct rsv_debug_option rsv_debug_chosen;

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

/* Parses a name with or without * at its end. A lone * fits all caches. */
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

/* Treats an empty parameter as one empty block, but skips empty blocks between semicolons. */
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
 * rsv_debug_parse() - parse the parameter debug=
 * @text: the parameter, or NULL if it was not given
 *
 * The function replaces the parameter that was parsed before. Caches that exist stay as they are.
 *
 * Context: Process; may sleep. No other task creates a cache meanwhile.
 * Return: 0; -ENOMEM; or -EINVAL after a line in the log that quotes what was wrong. On an error
 * nothing has changed.
 */
int rsv_debug_parse(const char *text)
{
	struct rsv_debug_option *o = kzalloc(sizeof(*o), RSV_GFP_CREATE);
	char *copy = kstrdup(text ?: "-", RSV_GFP_CREATE);
	int err = -ENOMEM;

	if (o && copy)
		err = rsv_debug_parse_blocks(copy, o);
	if (!err)
		rsv_debug_chosen = *o;
	kfree(copy);
	kfree(o);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_debug_parse);

/**
 * rsv_debug_flags() - the checks that debug= asks for of a cache
 * @name: the name of the cache
 *
 * Context: Any.
 * Return: Some of RSV_CHECKS.
 */
unsigned int rsv_debug_flags(const char *name)
{
	const struct rsv_debug_option *o = &rsv_debug_chosen;
	unsigned int i;

	for (i = 0; i < o->nr; i++)
		if (!strncmp(name, o->names[i].name, o->names[i].length))
			return o->names[i].flags;
	return o->others;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_debug_flags);

/**
 * rsv_debug_given() - whether debug= asks for a check of any cache
 *
 * Only then reports show bytes of objects.
 *
 * Context: Any.
 * Return: Whether it does.
 */
bool rsv_debug_given(void)
{
	const struct rsv_debug_option *o = &rsv_debug_chosen;
	unsigned int i, flags = o->others;

	for (i = 0; i < o->nr; i++)
		flags |= o->names[i].flags;
	return flags;
}
