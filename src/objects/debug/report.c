// SPDX-License-Identifier: GPL-2.0
/*
 * Reports of misused objects and damaged slabs, and of objects that are used when their cache is
 * destroyed.
 *
 * Reports give offsets in the region, never addresses. They take locks of the console, so their
 * callers hold no raw lock.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>

#include "check.h"
#include "compat.h"
#include "objects/cache.h"
#include "pages/pagemap.h"
#include "slot.h"
#include "track.h"

/* Used objects that are printed when their cache is destroyed */
#define RSV_LEAKS	16

/**
 * struct rsv_leaks - used objects of a cache that is destroyed (on the caller's stack)
 * @nr: how many are noted
 * @more: there are more
 * @extent: the extents that they lie in
 * @object: the objects
 */
struct rsv_leaks {
	unsigned int nr;
	bool more;
	struct rsv_extent *extent[RSV_LEAKS];
	void *object[RSV_LEAKS];
};

/* The details of an object */

/* Whether all of the slot is memory of the extent, so that the CPU can read it */
static bool rsv_debug_slot_inside(const struct rsv_cache *c, const struct rsv_extent *e,
				  const void *object)
{
	const void *slot = object - c->layout.before;

	return rsv_extent_has(e, slot) && rsv_extent_has(e, slot + c->layout.stride - 1);
}

/*
 * Whether an object of the heap has an owner record of another cache. The frames of the heap name
 * no cache.
 */
static bool rsv_debug_is_anothers(const struct rsv_cache *c, const struct rsv_extent *e,
				  const void *object)
{
	return c->layout.track && rsv_frame_is_heap(rsv_frame_at(e, object)) &&
	       rsv_debug_slot_inside(c, e, object) && rsv_track_is_anothers(c, object);
}

/* The cache of the object that a report is about; NULL if there may be no object at the address */
static const struct rsv_cache *rsv_debug_owner(enum rsv_misuse what, const struct rsv_cache *c,
					       const struct rsv_extent *e, const void *object)
{
	switch (what) {
	case RSV_FOREIGN:
	case RSV_MISALIGNED:
	case RSV_DEAD_CACHE:
		return NULL;
	case RSV_WRONG_CACHE:
		/*
		 * An object of the heap whose record names another cache has that record where @c
		 * has it.
		 */
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

	/* Objects of the heap are in no slab. */
	if (READ_ONCE(f->cache) != c)
		return;
	word.word = READ_ONCE(rsv_slab_head(e, f)->slab);
	pr_err("Slab objects=%u used=%u\n", rsv_slab_objects(c, word), word.inuse);
}

static void rsv_debug_print_bytes(const struct rsv_cache *c, const void *object)
{
	const unsigned int size = c->layout.object_size;
	const struct rsv_part inside = { .bytes = min_t(unsigned int, size, PAGE_SIZE) };

	if (c->flags & RSV_RED_ZONE)
		rsv_part_print("Redzone  ", object, rsv_part_left(c, 0));
	rsv_part_print("Object   ", object, inside);
	if (c->flags & RSV_RED_ZONE)
		rsv_part_print("Redzone  ", object, rsv_part_right(c, size, 0));
	if (c->flags & RSV_POISON)
		rsv_part_print("Padding  ", object, rsv_part_padding(c));
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
 * rsv_debug_report() - report the misuse of an object
 * @what: the misuse
 * @c: the cache that the object belongs to or, with RSV_WRONG_CACHE, was freed to
 * @e: the extent that it lies in; NULL: the report finds it
 * @object: the object. With RSV_FOREIGN, RSV_MISALIGNED and RSV_DEAD_CACHE any address, or NULL
 * @fmt: what is wrong with it
 *
 * If the cache has checks, the report also has the owners of the object and the counts of its slab.
 * If debug= was given, it also has the bytes in and around the object.
 *
 * Context: Any, with no raw lock held.
 */
void rsv_debug_report(enum rsv_misuse what, const struct rsv_cache *c, const struct rsv_extent *e,
		      const void *object, const char *fmt, ...)
{
	struct va_format text = { .fmt = fmt };
	va_list args;
	bool printed;

	/* If the address is no object, only RCU keeps its extent. */
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
 * rsv_debug_report_slab() - report damage that belongs to no single object of a slab
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
	struct va_format text = { .fmt = fmt };
	va_list args;

	va_start(args, fmt);
	text.va = &args;
	rsv_debug_print_line(what, c, e, "slab", base, &text);
	va_end(args);
}

/*
 * Leaks
 */

/* Notes an object for later: the engine holds a raw lock, so this function must not print. */
static void rsv_debug_note_leak(struct rsv_cache *c, struct rsv_extent *e, void *object, void *data)
{
	struct rsv_leaks *leaks = data;

	leaks->more = leaks->nr == RSV_LEAKS;
	if (leaks->more)
		return;
	leaks->extent[leaks->nr] = e;
	leaks->object[leaks->nr++] = object;
}

/**
 * rsv_debug_leaks() - print the used objects of a cache, and who allocated them
 * @c: a cache that no task uses any more, and that has no cached objects
 *
 * Context: Process, with no raw lock held.
 * Return: The number of objects that it printed, RSV_LEAKS at most.
 */
unsigned int rsv_debug_leaks(struct rsv_cache *c)
{
	struct rsv_leaks leaks = {};
	const struct rsv_visitor show = { .visit = rsv_debug_note_leak, .data = &leaks };
	unsigned int i;

	c->engine->for_each(c, &show);
	for (i = 0; i < leaks.nr; i++) {
		pr_err("cache %s of region %s: object at 0x%llx is in use\n", c->name,
		       c->region->name, rsv_addr_offset(leaks.extent[i], leaks.object[i]));
		if (c->layout.track)
			rsv_track_print(c, leaks.object[i]);
	}
	if (leaks.more)
		pr_err("cache %s of region %s: and more\n", c->name, c->region->name);
	return leaks.nr;
}
