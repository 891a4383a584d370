/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The mark: one word of an object that tells whether the object is used, cached or free, for the
 * engines SLUB and SLOB. It lies in the middle of the object, or behind it where a free object must
 * keep its bytes (struct rsv_layout.mark). While the object is used the word belongs to its user.
 *
 * A mark has a value below 2^11:
 *
 *	cached		RSV_MARK_CACHED
 *	free		the next object on the slab's freelist, or RSV_SLAB_NONE if it is the last
 *			one; with RSV_MARK_RAW if the object was never constructed
 *
 * The word in memory is the value combined with a secret of the cache and with the object's
 * address, as CONFIG_SLAB_FREELIST_HARDENED does it, so that nobody can forge a mark. All of its
 * bits but the lowest eleven are therefore known in advance. Both directions use that:
 *
 *	allocation	If these bits of a free or cached object are wrong, somebody wrote to the
 *			object after its free.
 *	free		If these bits are right, the object is free or cached already, so this is a
 *			double free. A user's data have the right bits by chance once in 2^53 times.
 *
 * On machines with 32-bit words only 21 bits are known, which are too few. There a second word
 * follows, the tag. It has one value while the object is free or cached, and an allocation gives it
 * another one.
 */
#ifndef RSV_OBJECTS_MARK_H
#define RSV_OBJECTS_MARK_H

#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/hash.h>

#include "cache.h"
#include "pages/pagemap.h"
#include "types.h"

#define RSV_MARK_NEXT	0x1ffUL /* free: number of the next object, or RSV_SLAB_NONE */
#define RSV_MARK_RAW	0x200UL /* free: never constructed */
#define RSV_MARK_CACHED	0x400UL /* cached; no mark has a larger value */
#define RSV_MARK_BITS	0x7ffUL /* all bits of a value */

#define RSV_MARK_TAGGED	(BITS_PER_LONG == 32)

static inline unsigned long *rsv_mark_at(const struct rsv_cache *c, const void *object)
{
	return (unsigned long *)(object + c->layout.mark);
}

static inline const void *rsv_mark_object(const struct rsv_cache *c, const unsigned long *mark)
{
	return (const void *)mark - c->layout.mark;
}

/*
 * The word of a cached object. Allocation and free compare with it, so RSV_MARK_CACHED is the value
 * that needs no further instruction. The multiplication spreads the bits in which addresses differ
 * over the word. It is one instruction, where the kernel's swab() takes two.
 */
static __always_inline unsigned long rsv_mark_word(unsigned long secret, const void *object)
{
	return secret ^ (unsigned long)object * GOLDEN_RATIO_32;
}

/* The word for any value. The secret is a parameter, so that loops keep it in a register. */
static __always_inline unsigned long rsv_mark_encode(unsigned long secret, const void *object,
						     unsigned long value)
{
	return rsv_mark_word(secret, object) ^ RSV_MARK_CACHED ^ value;
}

/* The key: a value combined with it gives the word, and a word combined with it the value */
static inline unsigned long rsv_mark_key(const struct rsv_cache *c, const unsigned long *mark)
{
	return rsv_mark_encode(c->secret, rsv_mark_object(c, mark), 0);
}

/*
 * The tag of a free or cached object. The last multiplication keeps the tag from revealing the
 * word.
 */
static __always_inline unsigned long rsv_tag_of(unsigned long secret, const void *object)
{
	return (rsv_mark_word(secret, object) ^ rol32(secret, 16)) * GOLDEN_RATIO_32;
}

static __always_inline void rsv_tag_set(unsigned long secret, unsigned long *mark,
					const void *object)
{
	if (RSV_MARK_TAGGED)
		WRITE_ONCE(mark[1], rsv_tag_of(secret, object));
}

static __always_inline void rsv_tag_clear(unsigned long secret, unsigned long *mark,
					  const void *object)
{
	if (RSV_MARK_TAGGED)
		WRITE_ONCE(mark[1], !rsv_tag_of(secret, object));
}

static __always_inline bool rsv_tag_ok(unsigned long secret, const unsigned long *mark,
				       const void *object)
{
	return !RSV_MARK_TAGGED || READ_ONCE(mark[1]) == rsv_tag_of(secret, object);
}

/* The value of a mark; more than RSV_MARK_CACHED if the object is used, or was overwritten */
static inline unsigned long rsv_mark_read(const struct rsv_cache *c, const unsigned long *mark)
{
	if (!rsv_tag_ok(c->secret, mark, rsv_mark_object(c, mark)))
		return ULONG_MAX;
	return READ_ONCE(*mark) ^ rsv_mark_key(c, mark);
}

static inline void rsv_mark_write(const struct rsv_cache *c, unsigned long *mark,
				  unsigned long value)
{
	WRITE_ONCE(*mark, value ^ rsv_mark_key(c, mark));
	rsv_tag_set(c->secret, mark, rsv_mark_object(c, mark));
}

/* Takes the mark off an object, whose user may have any bytes there from now on. */
static __always_inline void rsv_mark_clear(unsigned long secret, unsigned long *mark,
					   const void *object)
{
	WRITE_ONCE(*mark, 0);
	rsv_tag_clear(secret, mark, object);
}

/*
 * Makes a cached object used. Returns false if its mark does not say "cached". The caller owns the
 * object, unless two CPUs freed it at once: see rsv_mark_to_cached(). If two magazines have it for
 * that reason, one of two requests finds that it is not cached, unless both look at the same
 * instant.
 */
static __always_inline bool rsv_mark_to_used(unsigned long secret, unsigned long *mark,
					     const void *object)
{
	/* data_race(): see above. READ_ONCE() would need an instruction of its own. */
	if (RSV_CHECKED && unlikely(data_race(*mark) != rsv_mark_word(secret, object) ||
				    !rsv_tag_ok(secret, mark, object)))
		return false;
	rsv_mark_clear(secret, mark, object);
	return true;
}

/*
 * rsv_mark_to_used() for loops. Both @mark and @again are the offset of the mark, and the caller
 * hides from the compiler that they are equal. So each of the two accesses is one instruction,
 * which adds the offset, and none computes the address for both.
 */
static __always_inline bool rsv_mark_to_used_at(unsigned long secret, void *object,
						unsigned long mark, unsigned long again)
{
	if (RSV_MARK_TAGGED)
		return rsv_mark_to_used(secret, object + mark, object);
	/* data_race(): as there */
	if (RSV_CHECKED && unlikely(data_race(*(unsigned long *)(object + mark)) !=
				    rsv_mark_word(secret, object)))
		return false;
	/* data_race(): WRITE_ONCE() would compute the address. */
	data_race(*(unsigned long *)(object + again) = 0);
	return true;
}

/* Whether the mark says "free" or "cached" already. The words of all values differ in few bits. */
static __always_inline bool rsv_mark_is_free(unsigned long secret, const unsigned long *mark,
					     const void *object, unsigned long old)
{
	return RSV_CHECKED && unlikely((old ^ rsv_mark_word(secret, object)) <= RSV_MARK_BITS &&
				       rsv_tag_ok(secret, mark, object));
}

/*
 * Makes a used object cached. Returns false if its mark says "free" or "cached" already, or changes
 * meanwhile. For fast paths.
 *
 * A compare-and-exchange does it, so that of several frees of one object one succeeds, wherever an
 * interrupt meets them. It is atomic for its own CPU only, on machines that have such an exchange.
 * On x86 that costs a cycle, and one that is atomic for all CPUs costs ten, which is more than the
 * whole free. So on x86 two CPUs both succeed if they execute that one instruction at the same
 * time. Nothing cheap prevents that: whoever is to win such a race needs an atomic instruction or a
 * fence (Attiya and others, "Laws of order", 2011). leaving.c and slub_freelist.c bear it.
 */
static __always_inline bool rsv_mark_to_cached(unsigned long secret, unsigned long *mark,
					       const void *object)
{
	const unsigned long old = READ_ONCE(*mark);

	if (rsv_mark_is_free(secret, mark, object, old))
		return false;
	/* First, so that an interrupt that sees the mark also finds its tag */
	rsv_tag_set(secret, mark, object);
	return likely(rsv_try_cmpxchg_local(mark, old, rsv_mark_word(secret, object)));
}

/*
 * Makes a used object cached or free: gives it a mark with that value. As rsv_mark_to_cached(), but
 * atomic for all CPUs: for paths past the magazines without a lock
 */
static __always_inline bool rsv_mark_set_once(unsigned long secret, unsigned long *mark,
					      const void *object, unsigned long value)
{
	unsigned long old = READ_ONCE(*mark);

	do {
		if (rsv_mark_is_free(secret, mark, object, old))
			return false;
		rsv_tag_set(secret, mark, object);
	} while (!try_cmpxchg(mark, &old, rsv_mark_encode(secret, object, value)));
	return true;
}

/*
 * rsv_mark_to_used() for the fast paths. The compiler knows no more that both accesses are to one
 * address, so each is one instruction, and none computes that address.
 */
static __always_inline bool rsv_object_mark_used(const struct rsv_cache *c, void *object)
{
	unsigned long mark = c->layout.mark;

	if (RSV_MARK_TAGGED)
		return rsv_mark_to_used(c->secret, object + mark, object);
	/* data_race(): as there */
	if (RSV_CHECKED && unlikely(data_race(*(unsigned long *)(object + mark)) !=
				    rsv_mark_word(c->secret, object)))
		return false;
	OPTIMIZER_HIDE_VAR(mark);
	/* data_race(): WRITE_ONCE() would compute the address. */
	data_race(*(unsigned long *)(object + mark) = 0);
	return true;
}

static __always_inline bool rsv_object_mark_cached(const struct rsv_cache *c, void *object)
{
	return rsv_mark_to_cached(c->secret, rsv_mark_at(c, object), object);
}

static inline bool rsv_object_mark_cached_once(const struct rsv_cache *c, void *object)
{
	return rsv_mark_set_once(c->secret, rsv_mark_at(c, object), object, RSV_MARK_CACHED);
}

/* Makes a free object of the engine cached. The caller has checked its mark. */
static __always_inline void rsv_object_set_cached(const struct rsv_cache *c, void *object)
{
	unsigned long *mark = rsv_mark_at(c, object);

	WRITE_ONCE(*mark, rsv_mark_word(c->secret, object));
	rsv_tag_set(c->secret, mark, object);
}

/*
 * Objects of a slab have a mark only after they were carved. The frame of every page of the slab
 * tells how many were.
 */

/* word.carved as a whole word: for the bit-field itself the compiler needs an instruction more. */
static __always_inline unsigned int rsv_word_carved(union rsv_slab_word word)
{
	const union rsv_slab_word mask = { .carved = RSV_MARK_NEXT };

	return (word.word & mask.word) >> __builtin_ctz(mask.word);
}

/*
 * Makes a used object cached. @f is the frame of any page of a slab of the cache. @offset is where
 * the object's slot begins, in bytes from the slab's beginning; it may be any number. @fast: no
 * instruction may be atomic.
 */
static __always_inline enum rsv_misuse rsv_carved_mark_cached(const struct rsv_cache *c,
							      const struct rsv_frame *f,
							      unsigned int offset, void *object,
							      bool fast)
{
	const union rsv_slab_word word = { .word = READ_ONCE(f->slab) };
	const unsigned long index = rsv_slot_of(offset, c->inverse, c->shift);

	if (RSV_CHECKED && unlikely(index >= rsv_word_carved(word)))
		return index < rsv_slab_objects(c, word) ? RSV_DOUBLE_FREE : RSV_MISALIGNED;
	return likely(fast ? rsv_object_mark_cached(c, object) :
			     rsv_object_mark_cached_once(c, object)) ? RSV_OK : RSV_DOUBLE_FREE;
}

/*
 * Whether a used object begins at an address, as far as rsv_carved_mark_cached() would find out.
 * For fast paths; the parameters are as there.
 */
static __always_inline bool rsv_carved_may_be_freed(const struct rsv_cache *c,
						    const struct rsv_frame *f,
						    unsigned int offset, const void *object)
{
	const union rsv_slab_word word = { .word = READ_ONCE(f->slab) };
	const unsigned long *mark = rsv_mark_at(c, object);

	if (unlikely(rsv_slot_of(offset, c->inverse, c->shift) >= rsv_word_carved(word)))
		return false;
	/* data_race(): READ_ONCE() would need two instructions more. */
	return !rsv_mark_is_free(c->secret, mark, object, data_race(*mark));
}

/* Carved objects of the slab that an address lies in; 0 if it lies in no slab of the cache */
static inline unsigned int rsv_carved_objects(const struct rsv_cache *c, const struct rsv_extent *e,
					      const void *object)
{
	union rsv_slab_word word;
	const struct rsv_frame *f;

	if (!rsv_extent_has(e, object))
		return 0;
	f = rsv_frame_at(e, object);
	if (rsv_frame_cache(f) != c)
		return 0;
	word.word = READ_ONCE(f->slab);
	return word.carved;
}

/* Whether a used object begins at an address in a slab of the cache */
static inline bool rsv_carved_is_used(const struct rsv_cache *c, const struct rsv_extent *e,
				      struct rsv_frame *f, const void *object)
{
	const union rsv_slab_word word = { .word = READ_ONCE(rsv_slab_head(e, f)->slab) };

	return rsv_slot_index(c, rsv_slab_offset(f, object) - c->layout.before) < word.carved &&
	       rsv_mark_read(c, rsv_mark_at(c, object)) > RSV_MARK_CACHED;
}

#endif /* RSV_OBJECTS_MARK_H */
