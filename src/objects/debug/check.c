// SPDX-License-Identifier: GPL-2.0
/*
 * The checks of caches with RSV_RED_ZONE, RSV_POISON or RSV_STORE_USER. An allocation and a free
 * write known values in and around the object, and the next free or allocation looks at them. So it
 * finds code that wrote there meanwhile:
 *
 *	cache has	part of the slot	free			used
 *	RSV_RED_ZONE	red zones		SLUB_RED_INACTIVE	SLUB_RED_ACTIVE
 *	RSV_POISON	object			POISON_FREE, its last	its user's
 *						byte POISON_END
 *	RSV_POISON	padding			POISON_INUSE		POISON_INUSE
 *	RSV_STORE_USER	owners			see track.c		see track.c
 *
 * An object that has a constructor, or that readers under RCU may look at, keeps its bytes while it
 * is free, so it is not poisoned. If the caller of rsv_kmalloc() asked for less than the whole
 * object, the rest is red zone too while the object is used.
 *
 * A damaged object is reported once and never used again. Only the owner of an object calls these
 * functions, so they need no lock. layout.c tells where the parts lie.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/minmax.h>
#include <linux/poison.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>

#include "check.h"
#include "compat.h"
#include "objects/cache.h"
#include "pages/pagemap.h"
#include "slot.h"
#include "track.h"

/*
 * Red zones, poison, owners
 */

static bool rsv_part_ok(const struct rsv_cache *c, const struct rsv_extent *e, const void *object,
			struct rsv_part p)
{
	const u8 *wrong = rsv_part_wrong(object, &p);

	if (likely(!wrong))
		return true;
	rsv_debug_report(p.misuse, c, e, object, "%s overwritten, first at byte %td of the object",
			 p.name, wrong - (const u8 *)object);
	return false;
}

static bool rsv_debug_poisons(const struct rsv_cache *c)
{
	return c->flags & RSV_POISON && !rsv_cache_keeps_bytes(c);
}

static void rsv_debug_fill_red(const struct rsv_cache *c, void *object, u8 value)
{
	if (!(c->flags & RSV_RED_ZONE))
		return;
	rsv_part_fill(object, rsv_part_left(c, value));
	rsv_part_fill(object, rsv_part_right(c, c->layout.object_size, value));
}

static bool rsv_debug_red_ok(const struct rsv_cache *c, const struct rsv_extent *e,
			     const void *object, unsigned int size, u8 value)
{
	return !(c->flags & RSV_RED_ZONE) ||
	       (rsv_part_ok(c, e, object, rsv_part_left(c, value)) &&
		rsv_part_ok(c, e, object, rsv_part_right(c, size, value)));
}

static void rsv_debug_fill_poison(const struct rsv_cache *c, void *object)
{
	if (!rsv_debug_poisons(c))
		return;
	rsv_part_fill(object, rsv_part_poison(c));
	rsv_part_fill(object, rsv_part_poison_end(c));
}

static bool rsv_debug_poison_ok(const struct rsv_cache *c, const struct rsv_extent *e,
				const void *object)
{
	return !rsv_debug_poisons(c) || (rsv_part_ok(c, e, object, rsv_part_poison(c)) &&
					 rsv_part_ok(c, e, object, rsv_part_poison_end(c)));
}

static bool rsv_debug_padding_ok(const struct rsv_cache *c, const struct rsv_extent *e,
				 const void *object)
{
	return !(c->flags & RSV_POISON) || rsv_part_ok(c, e, object, rsv_part_padding(c));
}

static bool rsv_debug_tracks_ok(const struct rsv_cache *c, const struct rsv_extent *e,
				const void *object)
{
	if (!c->layout.track || likely(rsv_track_sound(c, object)))
		return true;
	rsv_debug_report(RSV_RED_ZONED, c, e, object, "record of its owners overwritten");
	return false;
}

/* The bytes that the caller asked for */
static unsigned long *rsv_debug_asked_of(const struct rsv_cache *c, const void *object)
{
	return (unsigned long *)(object + c->layout.asked);
}

static bool rsv_debug_asked_ok(const struct rsv_cache *c, const struct rsv_extent *e,
			       const void *object)
{
	if (!c->layout.asked || likely(*rsv_debug_asked_of(c, object) <= c->layout.object_size))
		return true;
	rsv_debug_report(RSV_RED_ZONED, c, e, object, "record of its size overwritten");
	return false;
}

static void rsv_debug_set_asked(const struct rsv_cache *c, void *object, size_t size)
{
	if (c->layout.asked)
		*rsv_debug_asked_of(c, object) = size;
}

/**
 * rsv_debug_size() - how many bytes the user of an object may write to
 * @c: the cache
 * @object: a used object
 *
 * Context: Any.
 * Return: The bytes that the caller asked for, if that is stored; else all bytes of the object.
 */
unsigned int rsv_debug_size(const struct rsv_cache *c, const void *object)
{
	const unsigned int size = c->layout.object_size;

	return c->layout.asked ? min_t(unsigned long, *rsv_debug_asked_of(c, object), size) : size;
}

static void rsv_debug_trace(const struct rsv_cache *c, const void *object, const char *event,
			    unsigned long caller)
{
	const struct rsv_extent *e;
	char text[RSV_SYMBOL_MAX];

	if (likely(!(c->flags & RSV_CACHE_TRACE)))
		return;
	rsv_symbol(text, caller);
	rcu_read_lock();
	e = rsv_extent_find_addr(object);
	pr_info("TRACE %s %s 0x%llx by %s\n", c->name, event, e ? rsv_addr_offset(e, object) : 0,
		text);
	rcu_read_unlock();
}

/*
 * The life of an object
 */

/**
 * rsv_debug_start() - prepare the checks of a new cache
 * @c: a cache with RSV_CHECKS, as in all functions below
 *
 * Context: Process; may sleep.
 */
void rsv_debug_start(const struct rsv_cache *c)
{
	if (c->flags & RSV_STORE_USER)
		rsv_track_start();
}

/**
 * rsv_debug_init() - write a free object's values into a slot, before its first allocation
 * @c: the cache
 * @object: the object, which the caller owns; its mark stays as it is
 *
 * Context: Any, with no raw lock held.
 */
void rsv_debug_init(struct rsv_cache *c, void *object)
{
	rsv_debug_fill_red(c, object, SLUB_RED_INACTIVE);
	rsv_debug_fill_poison(c, object);
	if (c->flags & RSV_POISON)
		rsv_part_fill(object, rsv_part_padding(c));
	rsv_debug_set_asked(c, object, c->layout.object_size);
	if (c->layout.track)
		rsv_track_init(c, object);
}

/**
 * rsv_debug_alloc() - check an object that is allocated, and prepare its slot for its user
 * @c: the cache
 * @object: the object, which the caller owns and has marked as used
 * @caller: address of the code that asked for it
 *
 * The object is still poisoned afterwards.
 *
 * Context: Any, with no raw lock held but by code that the caller interrupted.
 * Return: Whether the object may be used. If not, the function reported that, and the caller leaks
 * the object.
 */
bool rsv_debug_alloc(struct rsv_cache *c, void *object, unsigned long caller)
{
	if (!rsv_debug_red_ok(c, NULL, object, c->layout.object_size, SLUB_RED_INACTIVE) ||
	    !rsv_debug_poison_ok(c, NULL, object) || !rsv_debug_padding_ok(c, NULL, object) ||
	    !rsv_debug_tracks_ok(c, NULL, object))
		return false;
	rsv_debug_fill_red(c, object, SLUB_RED_ACTIVE);
	rsv_debug_set_asked(c, object, c->layout.object_size);
	if (c->layout.track)
		rsv_track_allocated(c, object, caller);
	rsv_debug_trace(c, object, "alloc", caller);
	return true;
}

/**
 * rsv_debug_asked() - store how many bytes of an object its user asked for
 * @c: a cache with layout.asked, and so with red zones
 * @object: a used object
 * @size: bytes, up to all of the object
 *
 * The rest of the object becomes red zone. A caller that clears more than @size bytes clears them
 * before this call.
 *
 * Context: Any.
 */
void rsv_debug_asked(struct rsv_cache *c, void *object, size_t size)
{
	rsv_debug_set_asked(c, object, size);
	rsv_part_fill(object, rsv_part_right(c, size, SLUB_RED_ACTIVE));
}

/**
 * rsv_debug_free() - check an object that is freed, and write a free object's values into its slot
 * @c: the cache
 * @e: the extent that the object lies in
 * @object: the object, which the caller has marked as cached and so owns
 * @caller: address of the code that frees it
 *
 * Context: Any but NMI, with no raw lock held.
 * Return: Whether the object may be used again. If not, the function reported that, and the caller
 * leaks the object.
 */
bool rsv_debug_free(struct rsv_cache *c, struct rsv_extent *e, void *object, unsigned long caller)
{
	if (!rsv_debug_asked_ok(c, e, object) ||
	    !rsv_debug_red_ok(c, e, object, rsv_debug_size(c, object), SLUB_RED_ACTIVE) ||
	    !rsv_debug_padding_ok(c, e, object) || !rsv_debug_tracks_ok(c, e, object))
		return false;
	rsv_debug_fill_red(c, object, SLUB_RED_INACTIVE);
	rsv_debug_fill_poison(c, object);
	if (c->layout.track)
		rsv_track_freed(c, object, caller);
	rsv_debug_trace(c, object, "free", caller);
	return true;
}
