/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The word that marks a free object, of the engines SLUB and SLOB: inside the object, or behind it
 * where a free object must keep its bytes.
 *
 * It is combined with a secret of the cache and with the object's address, as
 * CONFIG_SLAB_FREELIST_HARDENED does it. All but its lowest eleven bits are therefore known, and
 * serve twice: a word of a free object in which they are wrong was overwritten, and an object given
 * back in whose word they are right is free already. That an object in use has such bytes by chance
 * happens once in 2^53 times. Where a word has 32 bits, of which 21 are too few for that, a second
 * one behind it is the link's seal: it has one value while the object is free, and never the same
 * as it is handed out.
 */
#ifndef RSV_OBJECTS_MARK_H
#define RSV_OBJECTS_MARK_H

#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/hash.h>

#include "cache.h"
#include "types.h"

#define RSV_MARK_NEXT	0x1ffUL /* on a free list: the next object, or RSV_SLAB_NONE */
#define RSV_MARK_RAW	0x200UL /* there, and not constructed yet */
#define RSV_MARK_CACHED 0x400UL /* kept: on no list; and the largest of all */
#define RSV_MARK_BITS	0x7ffUL /* all of them */

#define RSV_MARK_TAGGED (BITS_PER_LONG == 32)

static inline unsigned long *rsv_mark_at(const struct rsv_cache *c, const void *object)
{
	return (unsigned long *)(object + c->layout.mark);
}

static inline const void *rsv_mark_object(const struct rsv_cache *c, const unsigned long *link)
{
	return (const void *)link - c->layout.mark;
}

/*
 * The word of a kept object. Its address is multiplied so that the bits that vary in it do not only
 * meet those that vary in the link: one instruction, where the kernel's swab() takes two.
 */
static __always_inline unsigned long rsv_mark_word(unsigned long mark, const void *object)
{
	return mark ^ (unsigned long)object * GOLDEN_RATIO_32;
}

/* The seal of a free object, which tells nothing of its word to who knows neither */
static __always_inline unsigned long rsv_tag_of(unsigned long mark, const void *object)
{
	return (rsv_mark_word(mark, object) ^ rol32(mark, 16)) * GOLDEN_RATIO_32;
}

static __always_inline void rsv_tag_set(unsigned long mark, unsigned long *link, const void *object)
{
	if (RSV_MARK_TAGGED)
		WRITE_ONCE(link[1], rsv_tag_of(mark, object));
}

static __always_inline void rsv_tag_clear(unsigned long mark, unsigned long *link,
					  const void *object)
{
	if (RSV_MARK_TAGGED)
		WRITE_ONCE(link[1], !rsv_tag_of(mark, object));
}

static __always_inline bool rsv_tag_ok(unsigned long mark, const unsigned long *link,
				       const void *object)
{
	return !RSV_MARK_TAGGED || READ_ONCE(link[1]) == rsv_tag_of(mark, object);
}

/* The word of an object that has a link, for loops that keep the mark in a register */
static __always_inline unsigned long rsv_mark_encode(unsigned long mark, const void *object,
						     unsigned long link)
{
	return rsv_mark_word(mark, object) ^ RSV_MARK_CACHED ^ link;
}

static inline unsigned long rsv_mark_key(const struct rsv_cache *c, const unsigned long *link)
{
	return rsv_mark_encode(c->secret, rsv_mark_object(c, link), 0);
}

/* More than RSV_MARK_CACHED if the word is not that of a free object */
static inline unsigned long rsv_mark_read(const struct rsv_cache *c, const unsigned long *link)
{
	if (!rsv_tag_ok(c->secret, link, rsv_mark_object(c, link)))
		return ULONG_MAX;
	return READ_ONCE(*link) ^ rsv_mark_key(c, link);
}

static inline void rsv_mark_write(const struct rsv_cache *c, unsigned long *link,
				  unsigned long value)
{
	WRITE_ONCE(*link, value ^ rsv_mark_key(c, link));
	rsv_tag_set(c->secret, link, rsv_mark_object(c, link));
}

/*
 * From kept to in use. Nobody else has the object, unless it was given back twice: what is read may
 * change then, and whatever it was is not what it should be.
 */
static __always_inline bool rsv_mark_to_used(unsigned long mark, unsigned long *link,
					     const void *object)
{
	/* data_race(): see above; and not READ_ONCE(), which would be an instruction of its own. */
	if (RSV_CHECKED && unlikely(data_race(*link) != rsv_mark_word(mark, object) ||
				    !rsv_tag_ok(mark, link, object)))
		return false;
	WRITE_ONCE(*link, 0);
	rsv_tag_clear(mark, link, object);
	return true;
}

/*
 * From in use to kept; false if it is not in use. What differs from the word of a kept object in
 * the link's bits only is the word of a free one.
 */
static __always_inline bool rsv_mark_to_cached(unsigned long mark, unsigned long *link,
					       const void *object)
{
	const unsigned long kept = rsv_mark_word(mark, object);

	if (RSV_CHECKED &&
	    unlikely((READ_ONCE(*link) ^ kept) <= RSV_MARK_BITS && rsv_tag_ok(mark, link, object)))
		return false;
	WRITE_ONCE(*link, kept);
	rsv_tag_set(mark, link, object);
	return true;
}

/* From wherever it was to kept */
static __always_inline void rsv_object_set_cached(const struct rsv_cache *c, void *object)
{
	unsigned long *link = rsv_mark_at(c, object);

	WRITE_ONCE(*link, rsv_mark_word(c->secret, object));
	rsv_tag_set(c->secret, link, object);
}

static __always_inline bool rsv_object_mark_used(const struct rsv_cache *c, void *object)
{
	return rsv_mark_to_used(c->secret, rsv_mark_at(c, object), object);
}

static __always_inline bool rsv_object_mark_cached(const struct rsv_cache *c, void *object)
{
	return rsv_mark_to_cached(c->secret, rsv_mark_at(c, object), object);
}

#endif /* RSV_OBJECTS_MARK_H */
