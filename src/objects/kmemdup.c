// SPDX-License-Identifier: GPL-2.0
/*
 * Copies of memory and of strings. This file accesses only what the caller owns, so KASAN checks
 * it, unlike kmalloc.c.
 */
#include <linux/slab.h>
#include <linux/string.h>

#include "kmalloc.h"

/**
 * rsv_kmemdup() - copy memory
 * @r: the region for the copy
 * @src: the memory
 * @len: its bytes
 * @gfp: as for rsv_kmalloc()
 *
 * Context: As rsv_kmalloc().
 * Return: The copy, to be freed by rsv_kfree(); ZERO_SIZE_PTR if @len is 0; or NULL.
 */
void *rsv_kmemdup(struct rsv_region *r, const void *src, size_t len, gfp_t gfp)
{
	void *p = rsv_kmalloc_track_caller(r, len, gfp, _RET_IP_);

	if (!ZERO_OR_NULL_PTR(p))
		memcpy(p, src, len);
	return p;
}
EXPORT_SYMBOL_GPL(rsv_kmemdup);

/**
 * rsv_kstrdup() - copy a string
 * @r: the region for the copy
 * @s: the string, or NULL
 * @gfp: as for rsv_kmalloc()
 *
 * Context: As rsv_kmalloc().
 * Return: The copy, to be freed by rsv_kfree(); NULL if @s is NULL or the region has no memory.
 */
char *rsv_kstrdup(struct rsv_region *r, const char *s, gfp_t gfp)
{
	size_t len;
	char *copy;

	if (!s)
		return NULL;
	len = strlen(s);
	copy = rsv_kmalloc_track_caller(r, len + 1, gfp, _RET_IP_);
	if (!copy)
		return NULL;
	memcpy(copy, s, len);
	/* Not copied: another task may have made the string longer meanwhile. */
	copy[len] = '\0';
	return copy;
}
EXPORT_SYMBOL_GPL(rsv_kstrdup);
