// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "device.h"
#include "pupil.h"

bool caches_are_plain(const struct classroom *room)
{
	static struct pupil probe;
	uint32_t flags;

	make_pupil(room, &probe, "probe", 64, RSV_NO_MAGAZINE);
	flags = look_at(room, &probe).cache_flags;
	end_pupil(room, &probe);
	if (!(flags & (RSV_RED_ZONE | RSV_POISON | RSV_STORE_USER)))
		return true;
	tell("Left out: the module was loaded with debug=, which changes how objects lie in their slabs.");
	return false;
}

void make_pupil(const struct classroom *room, struct pupil *p, const char *name, uint32_t object_size,
		uint32_t cache_flags)
{
	memset(p, 0, sizeof(*p));
	p->own.region = room->region;
	p->own.object_size = object_size;
	p->own.cache_flags = cache_flags;
	snprintf(p->own.name, sizeof(p->own.name), "%s", name);
	create_cache(room->fd, &p->own);
}

void end_pupil(const struct classroom *room, struct pupil *p)
{
	free_objects(room, p, p->nr);
	free_handle(room->fd, p->own.handle);
}

struct rsv_ioc_cache look_at(const struct classroom *room, const struct pupil *p)
{
	struct rsv_ioc_cache cache;

	if (!query_cache(room->fd, p->own.region, p->own.id, &cache) || cache.id != p->own.id)
		fail("lesson %s: the cache '%s' is not found", room->lesson, p->own.name);
	return cache;
}

void take_objects(const struct classroom *room, struct pupil *p, uint32_t nr)
{
	while (nr--) {
		uint32_t object = alloc_object(room->fd, p->own.handle);

		if (!object || p->nr == PUPIL_OBJECTS_MAX)
			fail("lesson %s: the cache '%s' has no object", room->lesson, p->own.name);
		p->objects[p->nr++] = object;
	}
}

void free_objects(const struct classroom *room, struct pupil *p, uint32_t nr)
{
	while (nr--)
		free_handle(room->fd, p->objects[--p->nr]);
}

void thin_objects(const struct classroom *room, struct pupil *p)
{
	uint32_t i, kept = 0;

	for (i = 0; i < p->nr; i++) {
		if (i % 2)
			p->objects[kept++] = p->objects[i];
		else
			free_handle(room->fd, p->objects[i]);
	}
	p->nr = kept;
}

void expect_slabs(const struct classroom *room, const struct pupil *p, uint64_t full, uint64_t partial,
		  uint64_t empty)
{
	struct rsv_ioc_cache cache = look_at(room, p);

	expect(room, cache.active_objects, p->nr, "objects in use");
	expect(room, cache.full_slabs, full, "full slabs");
	expect(room, cache.partial_slabs, partial, "partial slabs");
	expect(room, cache.empty_slabs, empty, "empty slabs");
}
