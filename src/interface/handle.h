/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a program holds: regions, caches, objects and buffers. Each of them is counted: its handle
 * has one reference, everything that stands on it has one (an object on its cache, a cache or a
 * buffer on its region), and every mapping of a buffer has one. So nothing goes before
 * what stands on it, in whatever order a dying process lets go, and a program that wants to free
 * what is in use is told so before the kernel API is asked.
 */
#ifndef RSV_INTERFACE_HOLDING_H
#define RSV_INTERFACE_HOLDING_H

#include <linux/kref.h>
#include <linux/reservoir.h>
#include <linux/types.h>

struct rsv_holding;

/**
 * struct rsv_holding_kind - what kind of thing a holding is; its address serves as the type tag
 * @release: gives the thing back when its last reference is dropped, frees the holding and
 *	drops its parent. May sleep
 */
struct rsv_holding_kind {
	void (*release)(struct rsv_holding *h);
};

/**
 * struct rsv_holding - the part that all kinds share
 * @ref: references
 * @kind: what it is
 * @parent: what it stands on, NULL for something in the default region and for a region itself
 */
struct rsv_holding {
	struct kref ref;
	const struct rsv_holding_kind *kind;
	struct rsv_holding *parent;
};

/**
 * struct rsv_held_region - a scratch region that a program made, or a region that it opened
 * @held: its references
 * @region: the region
 * @bytes: bytes of a scratch region
 */
struct rsv_held_region {
	struct rsv_holding held;
	struct rsv_region *region;
	size_t bytes;
};

/**
 * struct rsv_held_cache - a cache that a program made
 * @held: its references
 * @cache: the cache
 */
struct rsv_held_cache {
	struct rsv_holding held;
	struct rsv_cache *cache;
};

/**
 * struct rsv_held_object - an object that a program took
 * @held: its reference
 * @cache: where it comes from
 * @object: the object
 */
struct rsv_held_object {
	struct rsv_holding held;
	struct rsv_cache *cache;
	void *object;
};

extern const struct rsv_holding_kind rsv_kind_scratch;
extern const struct rsv_holding_kind rsv_kind_opened;
extern const struct rsv_holding_kind rsv_kind_cache;
extern const struct rsv_holding_kind rsv_kind_object;

void rsv_holding_init(struct rsv_holding *h, const struct rsv_holding_kind *kind,
		      struct rsv_holding *parent);
void rsv_holding_put(struct rsv_holding *h);

/*
 * True while something stands on it or has it mapped. Certain only while nothing can be added to
 * it.
 */
static inline bool rsv_holding_busy(const struct rsv_holding *h)
{
	return kref_read(&h->ref) > 1;
}

struct rsv_held_region *rsv_scratch_create(char name[RSV_NAME_MAX], size_t bytes);
struct rsv_held_region *rsv_opened_create(const char *name);
struct rsv_held_cache *rsv_held_cache_create(struct rsv_region *r, struct rsv_holding *parent,
					     const struct rsv_ioc_cache_create *want);
struct rsv_held_object *rsv_held_object_create(struct rsv_held_cache *from);

#endif /* RSV_INTERFACE_HOLDING_H */
