/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pupils: the caches that lessons are about.
 */
#ifndef PUPIL_H
#define PUPIL_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/reservoir.h>

#include "lesson.h"

#define PUPIL_OBJECTS_MAX	1024

/* Regions smaller than 256 KB have no magazines: their caches show slabs as they are. */
#define WITHOUT_MAGAZINES	KB(128)

/**
 * struct pupil - a cache of a lesson and what was taken from it
 * @own: the cache
 * @objects: handles of the objects in use
 * @nr: their number
 */
struct pupil {
	struct rsv_ioc_cache_create own;
	uint32_t objects[PUPIL_OBJECTS_MAX];
	uint32_t nr;
};

/*
 * Whether caches are as their makers ask for them. If the module was loaded with debug= they are not: the lesson is left
 * out with a line that says so, which is no failure.
 */
bool caches_are_plain(const struct classroom *room);

/* A cache in the room's region, with these RSV_ENGINE_* and so on */
void make_pupil(const struct classroom *room, struct pupil *p, const char *name, uint32_t object_size,
		uint32_t cache_flags);
void end_pupil(const struct classroom *room, struct pupil *p);

struct rsv_ioc_cache look_at(const struct classroom *room, const struct pupil *p);
void take_objects(const struct classroom *room, struct pupil *p, uint32_t nr);

/* The last ones that were taken */
void free_objects(const struct classroom *room, struct pupil *p, uint32_t nr);

/* Every second one */
void thin_objects(const struct classroom *room, struct pupil *p);

void expect_slabs(const struct classroom *room, const struct pupil *p, uint64_t full, uint64_t partial,
		  uint64_t empty);

#endif /* PUPIL_H */
