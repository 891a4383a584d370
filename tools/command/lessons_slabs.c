// SPDX-License-Identifier: GPL-2.0
/*
 * The lessons about slabs.
 */
#include <stdio.h>

#include "device.h"
#include "draw.h"
#include "lesson.h"
#include "pupil.h"

static void expect_layout(const struct classroom *room, const struct rsv_ioc_cache *cache, uint32_t pages,
			  uint32_t objects)
{
	expect(room, cache->slab_pages, pages, "pages of a slab");
	expect(room, cache->slab_objects, objects, "objects of a slab");
}

/* The objects of the cache's slab as # and . and in which state that makes it */
static void show_slabs(const struct classroom *room, const struct pupil *p)
{
	struct rsv_ioc_cache cache = look_at(room, p);
	uint64_t i;

	printf("  %-9s  [", cache.name);
	for (i = 0; i < cache.total_objects; i++)
		putchar(i < cache.active_objects ? '#' : '.');
	printf("]  slabs: %llu full, %llu partial, %llu empty\n", (unsigned long long)cache.full_slabs,
	       (unsigned long long)cache.partial_slabs, (unsigned long long)cache.empty_slabs);
}

static void end_slab_step(struct classroom *room, const struct pupil *p)
{
	show_region(room);
	show_slabs(room, p);
	end_step(room);
}

static void destroy_cache(struct classroom *room, struct pupil *p)
{
	end_pupil(room, p);
	expect_free(room, "128 KB: 1");
	tell("The cache is destroyed, and its slab goes back to the buddy system.");
	show_region(room);
	end_step(room);
}

static void teach_slab(struct classroom *room)
{
	struct rsv_ioc_cache cache;
	static struct pupil p;

	if (!caches_are_plain(room))
		return;
	make_pupil(room, &p, "two-kb", KB(2), RSV_ENGINE_SLUB);
	cache = look_at(room, &p);
	expect_layout(room, &cache, 3, 6);
	expect(room, cache.slab_pages * room->page_size, KB(12), "bytes of a slab");
	expect_slabs(room, &p, 0, 0, 0);
	tell("A cache of %s objects. Its slabs have %u pages, %s, cut into %u objects with %u bytes left over. "
	     "There is none yet: a slab is made when an object is wanted and no other slab has one.",
	     size_text(cache.object_size).chars, cache.slab_pages,
	     size_text((uint64_t)cache.slab_pages * room->page_size).chars, cache.slab_objects,
	     cache.slab_waste);
	end_slab_step(room, &p);

	take_objects(room, &p, 1);
	expect_slabs(room, &p, 0, 1, 0);
	tell("The first object. The buddy system splits until it has a block that holds %u pages, and takes "
	     "back at once what is beyond them. With one object in use the slab is partial.",
	     cache.slab_pages);
	end_slab_step(room, &p);

	take_objects(room, &p, cache.slab_objects - 1);
	expect_slabs(room, &p, 1, 0, 0);
	tell("All %u objects: the slab is full, and another request would make the next one. Nothing was split "
	     "or searched for the objects after the first.", p.nr);
	end_slab_step(room, &p);

	free_objects(room, &p, 1);
	expect_slabs(room, &p, 0, 1, 0);
	tell("One object comes back: partial. The next request gets this object, in memory that the CPU has "
	     "just used, before any slab that is empty.");
	end_slab_step(room, &p);

	free_objects(room, &p, p.nr);
	expect_slabs(room, &p, 0, 0, 1);
	tell("All come back: empty. The slab stays, so that the next object does not cost a slab again; the "
	     "pages of more empty slabs than a few go back to the buddy system.");
	end_slab_step(room, &p);
	destroy_cache(room, &p);
}

const struct lesson lesson_slab = {
	.name = "slab",
	.title = "a slab of three pages with six objects of 2 KB: empty, partial, full",
	.bytes = WITHOUT_MAGAZINES,
	.teach = teach_slab,
};

static void teach_descriptor(struct classroom *room)
{
	struct rsv_ioc_cache cache;
	static struct pupil p;

	if (!caches_are_plain(room))
		return;
	make_pupil(room, &p, "process", 1741, RSV_ENGINE_SLUB);
	cache = look_at(room, &p);
	expect_layout(room, &cache, 3, 7);
	tell("A process descriptor of 1.7 KB, %u bytes, has one every %u, for alignment. A slab of %u pages "
	     "holds %u and leaves %u bytes over. A page for each would leave %u bytes in every page.",
	     cache.object_size, cache.stride, cache.slab_pages, cache.slab_objects, cache.slab_waste,
	     room->page_size - cache.object_size);
	end_slab_step(room, &p);

	take_objects(room, &p, 1);
	expect_slabs(room, &p, 0, 1, 0);
	tell("A process is created: its descriptor comes with a new slab, which is partial now.");
	end_slab_step(room, &p);

	take_objects(room, &p, cache.slab_objects - 1);
	expect_slabs(room, &p, 1, 0, 0);
	tell("%u processes: each was served from the partial slab, without the buddy system, until it was "
	     "full.", p.nr);
	end_slab_step(room, &p);

	free_objects(room, &p, p.nr);
	expect_slabs(room, &p, 0, 0, 1);
	tell("All processes have ended: the slab is empty.");
	end_slab_step(room, &p);
	destroy_cache(room, &p);
}

const struct lesson lesson_descriptor = {
	.name = "descriptor",
	.title = "a process descriptor of 1.7 KB",
	.bytes = WITHOUT_MAGAZINES,
	.teach = teach_descriptor,
};

static void teach_group(struct classroom *room, struct pupil *p, const char *name, uint64_t size, uint32_t pages,
			const char *why)
{
	struct rsv_ioc_cache cache;
	uint64_t bytes;

	make_pupil(room, p, name, size, RSV_ENGINE_SLUB);
	cache = look_at(room, p);
	bytes = (uint64_t)cache.slab_pages * room->page_size;
	expect_layout(room, &cache, pages, 4);
	expect(room, bytes, 4 * size, "bytes of a slab");
	take_objects(room, p, cache.slab_objects);
	expect_slabs(room, p, 1, 0, 0);
	tell("Objects of %s: %u of them are %s, which is %u pages with %u bytes left over. %s",
	     size_text(cache.object_size).chars, cache.slab_objects, size_text(bytes).chars,
	     cache.slab_pages, cache.slab_waste, why);
	end_slab_step(room, p);
}

static void teach_groups(struct classroom *room)
{
	static struct pupil three, seven;

	if (!caches_are_plain(room))
		return;
	teach_group(room, &three, "three-kb", KB(3), 3,
		    "One page for each would leave a quarter of all memory unused.");
	teach_group(room, &seven, "seven-kb", KB(7), 7,
		    "A slab may have any number of pages, not only a power of two.");
	end_pupil(room, &three);
	end_pupil(room, &seven);
	expect_free(room, "128 KB: 1");
	tell("Both caches are destroyed: the pages of their slabs coalesce with the rest.");
	show_region(room);
	end_step(room);
}

const struct lesson lesson_groups = {
	.name = "groups",
	.title = "groups of four objects of 3 KB and of 7 KB",
	.bytes = WITHOUT_MAGAZINES,
	.teach = teach_groups,
};
