/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The word that marks a free object, of the engines SLUB and SLOB: inside the object, or behind it
 * where a free object must keep its bytes.
 *
 * It is combined with a secret of the cache and with its own address, as
 * CONFIG_SLAB_FREELIST_HARDENED does it. All but its lowest eleven bits are therefore known, and
 * serve twice: a word of a free object in which they are wrong was overwritten, and an object given
 * back in whose word they are right is free already. That an object in use has such bytes by chance
 * happens once in 2^53 times.
 */
#ifndef RSV_OBJECTS_LINK_H
#define RSV_OBJECTS_LINK_H

#include <linux/compiler.h>
#include <linux/swab.h>

#include "cache.h"

#define RSV_LINK_NEXT	0x1ffUL		/* on a free list: the next object, or RSV_SLAB_NONE */
#define RSV_LINK_RAW	0x200UL		/* there, and not constructed yet */
#define RSV_LINK_KEPT	0x400UL		/* kept: on no list; and the largest of all */

static inline unsigned long *rsv_link_at(const struct rsv_cache *c, const void *object)
{
	return (unsigned long *)(object + c->layout.link);
}

/* The address is turned round so that its bits that vary do not only meet the link's that vary. */
static inline unsigned long rsv_link_key(const struct rsv_cache *c, const unsigned long *link)
{
	return c->secret ^ swab((unsigned long)link);
}

/* More than RSV_LINK_KEPT if the word is not that of a free object */
static inline unsigned long rsv_link_read(const struct rsv_cache *c, const unsigned long *link)
{
	return READ_ONCE(*link) ^ rsv_link_key(c, link);
}

static inline void rsv_link_write(const struct rsv_cache *c, unsigned long *link,
				  unsigned long value)
{
	WRITE_ONCE(*link, value ^ rsv_link_key(c, link));
}

/* From kept to in use. Nobody else has the object, unless it was given back twice. */
static inline bool rsv_link_hand(const struct rsv_cache *c, void *object)
{
	unsigned long *link = rsv_link_at(c, object);

	if (unlikely(rsv_link_read(c, link) != RSV_LINK_KEPT))
		return false;
	WRITE_ONCE(*link, 0);
	return true;
}

#endif /* RSV_OBJECTS_LINK_H */
