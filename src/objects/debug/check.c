// SPDX-License-Identifier: GPL-2.0
/*
 * Checks of objects that cost something, and reports of misused ones.
 *
 * Around an object, in its slot (see layout.c), and in it while it is free, stands what nobody but
 * this file writes to, so that whoever else did is found when the object changes hands the next
 * time:
 *
 *	cache has	part		free			in use
 *	RSV_RED_ZONE	red zones	SLUB_RED_INACTIVE	SLUB_RED_ACTIVE
 *	RSV_POISON	the object	POISON_FREE, at its	its user's
 *					end POISON_END
 *	RSV_POISON	rest of slot	POISON_INUSE		POISON_INUSE
 *	RSV_STORE_USER	owners		see track.c		see track.c
 *
 * An object that has a constructor keeps its bytes while it is free. Of one of a size class, whose
 * user asked for less than all of it, the rest is red zone too while it is in use.
 *
 * An object that was found damaged is reported once and never used again.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/kasan.h>
#include <linux/minmax.h>
#include <linux/poison.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "check.h"
#include "compat.h"
#include "objects/cache.h"
#include "objects/engine.h"
#include "region.h"
#include "track.h"

/* Objects that are listed when a cache is destroyed that still has some in use */
#define RSV_LEAKS 16

/**
 * struct rsv_part - bytes of a slot that have a known value
 * @name: as reports call it
 * @misuse: what it is to write to it
 * @from: its beginning, in bytes from the object
 * @bytes: its length
 * @value: of each byte
 */
struct rsv_part {
	const char *name;
	enum rsv_misuse misuse;
	int from;
	unsigned int bytes;
	u8 value;
};

/**
 * struct rsv_leaks - objects that are in use when there should be none
 * @nr: how many are noted
 * @more: there are more
 * @extent: where they lie
 * @object: the objects
 */
struct rsv_leaks {
	unsigned int nr;
	bool more;
	struct rsv_extent *extent[RSV_LEAKS];
	void *object[RSV_LEAKS];
};

/*
 * The parts of a slot
 */

static struct rsv_part rsv_part_left(const struct rsv_cache *c, u8 value)
{
	return (struct rsv_part){
		.name = "left red zone",
		.misuse = RSV_RED_ZONED,
		.from = -(int)c->layout.before,
		.bytes = c->layout.before,
		.value = value,
	};
}

/* Behind the bytes that the user of the object may write to */
static struct rsv_part rsv_part_right(const struct rsv_cache *c, unsigned int size, u8 value)
{
	return (struct rsv_part){
		.name = "right red zone",
		.misuse = RSV_RED_ZONED,
		.from = size,
		.bytes = c->layout.object_size + c->layout.red - size,
		.value = value,
	};
}

static struct rsv_part rsv_part_poison(const struct rsv_cache *c)
{
	return (struct rsv_part){
		.name = "poison",
		.misuse = RSV_POISONED,
		.bytes = c->layout.object_size - 1,
		.value = POISON_FREE,
	};
}

static struct rsv_part rsv_part_poison_end(const struct rsv_cache *c)
{
	return (struct rsv_part){
		.name = "poison",
		.misuse = RSV_POISONED,
		.from = c->layout.object_size - 1,
		.bytes = 1,
		.value = POISON_END,
	};
}

/* Where the rest of the slot begins, behind the link, if it is not inside the object, and owners */
static unsigned int rsv_slot_rest(const struct rsv_layout *l)
{
	unsigned int rest = round_up(l->object_size + l->red, RSV_MARK_BYTES);

	if (l->mark >= l->object_size)
		rest = l->mark + RSV_MARK_BYTES;
	if (l->track)
		rest = l->track + rsv_debug_track_bytes();
	if (l->asked)
		rest = l->asked + sizeof(unsigned long);
	return rest;
}

static struct rsv_part rsv_part_rest(const struct rsv_cache *c)
{
	unsigned int rest = rsv_slot_rest(&c->layout);

	return (struct rsv_part){
		.name = "padding",
		.misuse = RSV_RED_ZONED,
		.from = rest,
		.bytes = c->layout.stride - c->layout.before - rest,
		.value = POISON_INUSE,
	};
}

static void rsv_part_fill(void *object, struct rsv_part p)
{
	memset(object + p.from, p.value, p.bytes);
}

/* The first wrong byte, or NULL. KASAN knows these bytes as nobody's. */
static const u8 *rsv_part_wrong(const void *object, const struct rsv_part *p)
{
	const u8 *wrong;

	kasan_disable_current();
	wrong = memchr_inv(object + p->from, p->value, p->bytes);
	kasan_enable_current();
	return wrong;
}

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

/*
 * Red zones, poison, owners
 */

static bool rsv_debug_poisons(const struct rsv_cache *c)
{
	return c->flags & RSV_POISON && !c->ctor;
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

static bool rsv_debug_rest_ok(const struct rsv_cache *c, const struct rsv_extent *e,
			      const void *object)
{
	return !(c->flags & RSV_POISON) || rsv_part_ok(c, e, object, rsv_part_rest(c));
}

static bool rsv_debug_tracks_ok(const struct rsv_cache *c, const struct rsv_extent *e,
				const void *object)
{
	if (!c->layout.track || likely(rsv_track_sound(c, object)))
		return true;
	rsv_debug_report(RSV_RED_ZONED, c, e, object, "record of its owners overwritten");
	return false;
}

/* What was asked for of an object in use */
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
 * rsv_debug_size() - the bytes that the user of an object may write to
 * @c: the cache
 * @object: an object in use
 *
 * Context: Any.
 * Return: The bytes: what was asked for, where that is known.
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
 * What a report is followed by
 */

static bool rsv_debug_slot_inside(const struct rsv_cache *c, const struct rsv_extent *e,
				  const void *object)
{
	const void *slot = object - c->layout.before;

	return rsv_extent_has(e, slot) && rsv_extent_has(e, slot + c->layout.stride - 1);
}

/* Whether an object of the heap, which does not know whose it is, has a record of another's */
static bool rsv_debug_is_anothers(const struct rsv_cache *c, const struct rsv_extent *e,
				  const void *object)
{
	return c->layout.track && rsv_frame_is_heap(rsv_frame_at(e, object)) &&
	       rsv_debug_slot_inside(c, e, object) && rsv_track_is_anothers(c, object);
}

/* The cache that the object of a report belongs to; NULL if it may be no object at all. */
static const struct rsv_cache *rsv_debug_owner(enum rsv_misuse what, const struct rsv_cache *c,
					       const struct rsv_extent *e, const void *object)
{
	switch (what) {
	case RSV_FOREIGN:
	case RSV_MISALIGNED:
	case RSV_DEAD_CACHE:
		return NULL;
	case RSV_WRONG_CACHE:
		/* Of the heap's objects only the records say that, and they are where ours are. */
		if (rsv_debug_is_anothers(c, e, object))
			return c;
		return READ_ONCE(rsv_frame_at(e, object)->cache);
	default:
		return c;
	}
}

static void rsv_debug_print_slab(const struct rsv_cache *c, const struct rsv_extent *e,
				 const void *object)
{
	struct rsv_frame *f = rsv_frame_at(e, object);
	union rsv_slab_word word;

	/* The heap's objects are in no slab. */
	if (READ_ONCE(f->cache) != c)
		return;
	word.word = READ_ONCE(rsv_slab_head(e, f)->slab);
	pr_err("Slab objects=%u used=%u\n", rsv_slab_objects(c, word), word.inuse);
}

static void rsv_debug_print_part(const char *name, const void *object, struct rsv_part p)
{
	kasan_disable_current();
	print_hex_dump(KERN_ERR, name, DUMP_PREFIX_OFFSET, 16, 1, object + p.from, p.bytes, true);
	kasan_enable_current();
}

static void rsv_debug_print_bytes(const struct rsv_cache *c, const void *object)
{
	const unsigned int size = c->layout.object_size;
	const struct rsv_part inside = {.bytes = min_t(unsigned int, size, PAGE_SIZE)};

	if (c->flags & RSV_RED_ZONE)
		rsv_debug_print_part("Redzone  ", object, rsv_part_left(c, 0));
	rsv_debug_print_part("Object   ", object, inside);
	if (c->flags & RSV_RED_ZONE)
		rsv_debug_print_part("Redzone  ", object, rsv_part_right(c, size, 0));
	if (c->flags & RSV_POISON)
		rsv_debug_print_part("Padding  ", object, rsv_part_rest(c));
}

static void rsv_debug_print_object(const struct rsv_cache *c, const struct rsv_extent *e,
				   const void *object)
{
	if (c->layout.track)
		rsv_track_print(c, object);
	rsv_debug_print_slab(c, e, object);
	if (rsv_debug_given())
		rsv_debug_print_bytes(c, object);
}

static void rsv_debug_print(enum rsv_misuse what, const struct rsv_cache *c,
			    const struct rsv_extent *e, const void *object)
{
	const struct rsv_cache *owner = e ? rsv_debug_owner(what, c, e, object) : NULL;

	if (owner && rsv_cache_debugs(owner) && rsv_debug_slot_inside(owner, e, object))
		rsv_debug_print_object(owner, e, object);
}

static bool rsv_debug_print_line(enum rsv_misuse what, const struct rsv_cache *c,
				 const struct rsv_extent *e, const char *name, const void *at,
				 struct va_format *text)
{
	if (!e)
		return rsv_report(what, "cache %s of region %s: %pV", c->name, c->region->name,
				  text);
	return rsv_report(what, "cache %s of region %s: %s at 0x%llx: %pV", c->name,
			  c->region->name, name, rsv_addr_offset(e, at), text);
}

/**
 * rsv_debug_report() - report the misuse of an object, and what is known of the object
 * @what: the misuse
 * @c: the cache that the object belongs to, or, with RSV_WRONG_CACHE, was given back to
 * @e: the extent that it lies in; NULL: to be found
 * @object: the object. With RSV_FOREIGN, RSV_MISALIGNED and RSV_DEAD_CACHE any address, or NULL
 * @fmt: what is wrong with it
 *
 * Who took the object and who gave it back follow if the cache keeps that, the bytes in and around
 * it only if debug= was given.
 *
 * Context: Any, with no raw lock held.
 */
void rsv_debug_report(enum rsv_misuse what, const struct rsv_cache *c, const struct rsv_extent *e,
		      const void *object, const char *fmt, ...)
{
	struct va_format text = {.fmt = fmt};
	va_list args;
	bool printed;

	/* An address that is no object may lie in an extent that goes. */
	rcu_read_lock();
	if (!e && object)
		e = rsv_extent_find_addr(object);
	va_start(args, fmt);
	text.va = &args;
	printed = rsv_debug_print_line(what, c, e, "object", object, &text);
	va_end(args);
	if (printed)
		rsv_debug_print(what, c, e, object);
	rcu_read_unlock();
}

/**
 * rsv_debug_report_slab() - report that a slab is damaged, and no single object is known for it
 * @what: the misuse
 * @c: the cache
 * @base: any address in the slab
 * @fmt: what is wrong with it
 *
 * Context: Any, with no raw lock held.
 */
void rsv_debug_report_slab(enum rsv_misuse what, const struct rsv_cache *c, const void *base,
			   const char *fmt, ...)
{
	const struct rsv_extent *e = rsv_region_extent(c->region, base);
	struct va_format text = {.fmt = fmt};
	va_list args;

	va_start(args, fmt);
	text.va = &args;
	rsv_debug_print_line(what, c, e, "slab", base, &text);
	va_end(args);
}

/*
 * Leaks
 */

/* Only notes what is to be printed: a raw lock may be held. */
static void rsv_debug_note_leak(struct rsv_cache *c, struct rsv_extent *e, void *object, void *data)
{
	struct rsv_leaks *leaks = data;

	if (rsv_debug_is_anothers(c, e, object))
		return;
	leaks->more = leaks->nr == RSV_LEAKS;
	if (leaks->more)
		return;
	leaks->extent[leaks->nr] = e;
	leaks->object[leaks->nr++] = object;
}

/* Without owners nothing tells caches apart whose objects in the heap have the same size. */
static bool rsv_debug_may_be_anothers(const struct rsv_cache *c, const struct rsv_leaks *leaks,
				      unsigned int i)
{
	return !c->layout.track &&
	       rsv_frame_is_heap(rsv_frame_at(leaks->extent[i], leaks->object[i]));
}

/**
 * rsv_debug_leaks() - list objects that are in use, and who took them
 * @c: a cache that nobody uses, and that keeps no free objects outside its engine
 *
 * Context: Process, with no raw lock held.
 */
void rsv_debug_leaks(struct rsv_cache *c)
{
	struct rsv_leaks leaks = {};
	const struct rsv_visitor show = {.visit = rsv_debug_note_leak, .data = &leaks};
	unsigned int i;

	c->engine->for_each(c, &show);
	for (i = 0; i < leaks.nr; i++) {
		pr_err("cache %s of region %s: object at 0x%llx is in use%s\n", c->name,
		       c->region->name, rsv_addr_offset(leaks.extent[i], leaks.object[i]),
		       rsv_debug_may_be_anothers(c, &leaks, i) ? ", or another cache's" : "");
		if (c->layout.track)
			rsv_track_print(c, leaks.object[i]);
	}
	if (leaks.more)
		pr_err("cache %s of region %s: and more\n", c->name, c->region->name);
}

/*
 * The life of an object
 */

/**
 * rsv_debug_start() - get ready to check the objects of a cache
 * @c: a cache with RSV_CHECKS, here and below, that has no objects yet
 *
 * Context: Process; may sleep.
 */
void rsv_debug_start(const struct rsv_cache *c)
{
	if (c->flags & RSV_STORE_USER)
		rsv_track_start();
}

/**
 * rsv_debug_track_bytes() - the room that owners need
 *
 * Context: Any.
 * Return: Bytes for each object, a multiple of 8.
 */
unsigned int rsv_debug_track_bytes(void)
{
	static_assert(sizeof(struct rsv_track) % 8 == 0);

	return RSV_EVENTS * sizeof(struct rsv_track);
}

/**
 * rsv_debug_init() - begin the life of an object: make of its slot what it is while the object is
 *	free
 * @c: the cache
 * @object: the object, in the caller's hands; the word that marks it as free stays as it is
 *
 * Context: Any, with no raw lock held.
 */
void rsv_debug_init(struct rsv_cache *c, void *object)
{
	rsv_debug_fill_red(c, object, SLUB_RED_INACTIVE);
	rsv_debug_fill_poison(c, object);
	if (c->flags & RSV_POISON)
		rsv_part_fill(object, rsv_part_rest(c));
	rsv_debug_set_asked(c, object, c->layout.object_size);
	if (c->layout.track)
		rsv_track_init(c, object);
}

/**
 * rsv_debug_alloc() - check a free object, and make it one in use
 * @c: the cache
 * @object: the object, in the caller's hands, not marked as free any more
 * @caller: address of the code that asked for it
 *
 * Bytes of the object keep their poison; who clears them does so afterwards.
 *
 * Context: Any but NMI, with no raw lock held.
 * Return: Whether the object may be used. If not, that was reported, and it must be leaked.
 */
bool rsv_debug_alloc(struct rsv_cache *c, void *object, unsigned long caller)
{
	if (!rsv_debug_red_ok(c, NULL, object, c->layout.object_size, SLUB_RED_INACTIVE) ||
	    !rsv_debug_poison_ok(c, NULL, object) || !rsv_debug_rest_ok(c, NULL, object) ||
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
 * rsv_debug_asked() - say how much of an object its user asked for
 * @c: a cache whose layout has a place for that, and so red zones
 * @object: an object in use
 * @size: bytes, up to all of the object
 *
 * The rest becomes red zone: whoever clears more than @size bytes does so before.
 *
 * Context: Any.
 */
void rsv_debug_asked(struct rsv_cache *c, void *object, size_t size)
{
	rsv_debug_set_asked(c, object, size);
	rsv_part_fill(object, rsv_part_right(c, size, SLUB_RED_ACTIVE));
}

/**
 * rsv_debug_free() - check an object that was given back, and make it a free one
 * @c: the cache
 * @e: the extent that it lies in
 * @object: the object, claimed and so in the caller's hands
 * @caller: address of the code that gave it back
 *
 * Context: Any but NMI, with no raw lock held.
 * Return: Whether the object may be used again. If not, that was reported, and it must be leaked.
 */
bool rsv_debug_free(struct rsv_cache *c, struct rsv_extent *e, void *object, unsigned long caller)
{
	if (!rsv_debug_asked_ok(c, e, object) ||
	    !rsv_debug_red_ok(c, e, object, rsv_debug_size(c, object), SLUB_RED_ACTIVE) ||
	    !rsv_debug_rest_ok(c, e, object) || !rsv_debug_tracks_ok(c, e, object))
		return false;
	rsv_debug_fill_red(c, object, SLUB_RED_INACTIVE);
	rsv_debug_fill_poison(c, object);
	if (c->layout.track)
		rsv_track_freed(c, object, caller);
	rsv_debug_trace(c, object, "free", caller);
	return true;
}
