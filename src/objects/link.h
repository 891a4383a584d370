/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The word that marks a free object, of the engines SLUB and SLOB: inside the object, or behind it
 * where a free object must keep its bytes.
 *
 * It is combined with a secret of the cache and with the object's address, as
 * CONFIG_SLAB_FREELIST_HARDENED does it. All but its lowest eleven bits are therefore known, and
 * serve twice: a word of a free object in which they are wrong was overwritten, and an object given
 * back in whose word they are right is free already. That an object in use has such bytes by chance
 * happens once in 2^53 times.
 */
#ifndef RSV_OBJECTS_LINK_H
#define RSV_OBJECTS_LINK_H

#include <linux/compiler.h>
#include <linux/hash.h>

#include "cache.h"

#define RSV_LINK_NEXT	0x1ffUL		/* on a free list: the next object, or RSV_SLAB_NONE */
#define RSV_LINK_RAW	0x200UL		/* there, and not constructed yet */
#define RSV_LINK_KEPT	0x400UL		/* kept: on no list; and the largest of all */

static inline unsigned long *rsv_link_at(const struct rsv_cache *c, const void *object)
{
	return (unsigned long *)(object + c->layout.link);
}

/*
 * The object's address is multiplied so that its bits that vary do not only meet the link's that
 * vary: one instruction, where the kernel's swab() takes two.
 */
static __always_inline unsigned long rsv_key(unsigned long secret, const void *object)
{
	return secret ^ (unsigned long)object * GOLDEN_RATIO_32;
}

static inline unsigned long rsv_link_key(const struct rsv_cache *c, const unsigned long *link)
{
	return rsv_key(c->secret, (const void *)link - c->layout.link);
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

/**
 * struct rsv_marking - what marks a cache's objects, for loops that keep it in registers
 * @secret: rsv_cache->secret
 * @link: rsv_layout->link
 */
struct rsv_marking {
	unsigned long secret;
	unsigned int link;
};

static __always_inline struct rsv_marking rsv_marking(const struct rsv_cache *c)
{
	return (struct rsv_marking){ .secret = c->secret, .link = c->layout.link };
}

/* From kept to in use. Nobody else has the object, unless it was given back twice. */
static __always_inline bool rsv_mark_hand(struct rsv_marking m, void *object)
{
	unsigned long *link = object + m.link, key = rsv_key(m.secret, object);

	if (RSV_CHECKED && unlikely((READ_ONCE(*link) ^ key) != RSV_LINK_KEPT))
		return false;
	WRITE_ONCE(*link, 0);
	return true;
}

/* From in use to kept; false if it is not in use */
static __always_inline bool rsv_mark_claim(struct rsv_marking m, void *object)
{
	unsigned long *link = object + m.link, key = rsv_key(m.secret, object);

	if (RSV_CHECKED && unlikely((READ_ONCE(*link) ^ key) <= RSV_LINK_KEPT))
		return false;
	WRITE_ONCE(*link, key ^ RSV_LINK_KEPT);
	return true;
}

static __always_inline bool rsv_link_hand(const struct rsv_cache *c, void *object)
{
	return rsv_mark_hand(rsv_marking(c), object);
}

static __always_inline bool rsv_link_claim(const struct rsv_cache *c, void *object)
{
	return rsv_mark_claim(rsv_marking(c), object);
}

#endif /* RSV_OBJECTS_LINK_H */
