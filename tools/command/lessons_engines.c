// SPDX-License-Identifier: GPL-2.0
/*
 * The lesson about the three engines.
 */
#include <stdio.h>
#include <stdlib.h>

#include "device.h"
#include "draw.h"
#include "lesson.h"
#include "pupil.h"

#define NR_ENGINES	3
#define NR_SIZES	4
#define NR_BEFORE	3	/* sizes that are there from the beginning */
#define OBJECTS		16	/* of each size */

static const uint32_t sizes[NR_SIZES] = { 32, 192, 768, 96 };

/**
 * struct team - an engine with a region of its own
 * @name: name of the engine
 * @flag: RSV_ENGINE_*
 * @room: the region
 * @pupils: a cache for each size
 */
struct team {
	const char *name;
	uint32_t flag;
	struct classroom room;
	struct pupil pupils[NR_SIZES];
};

static struct team teams[NR_ENGINES] = {
	{ .name = "slab", .flag = RSV_ENGINE_SLAB },
	{ .name = "slub", .flag = RSV_ENGINE_SLUB },
	{ .name = "slob", .flag = RSV_ENGINE_SLOB },
};

static void begin_team(const struct classroom *room, struct team *team)
{
	char name[RSV_NAME_MAX];
	size_t i;

	team->room = *room;
	team->room.region = create_region(room->fd, WITHOUT_MAGAZINES);
	for (i = 0; i < NR_SIZES; i++) {
		snprintf(name, sizeof(name), "of-%u", sizes[i]);
		make_pupil(&team->room, &team->pupils[i], name, sizes[i], team->flag);
	}
}

static void end_team(struct team *team)
{
	size_t i;

	for (i = 0; i < NR_SIZES; i++)
		end_pupil(&team->room, &team->pupils[i]);
	free_handle(team->room.fd, team->room.region);
}

/* What every engine is asked for */
static void take_all(struct team *team)
{
	size_t i;

	for (i = 0; i < NR_BEFORE; i++)
		take_objects(&team->room, &team->pupils[i], OBJECTS);
}

static void thin_all(struct team *team)
{
	size_t i;

	for (i = 0; i < NR_BEFORE; i++)
		thin_objects(&team->room, &team->pupils[i]);
}

static void take_newcomers(struct team *team)
{
	take_objects(&team->room, &team->pupils[NR_BEFORE], OBJECTS);
}

static void free_and_shrink(struct team *team)
{
	size_t i;

	for (i = 0; i < NR_SIZES; i++) {
		if (i < NR_BEFORE)
			free_objects(&team->room, &team->pupils[i], team->pupils[i].nr);
		shrink_cache(team->room.fd, team->pupils[i].own.handle);
	}
}

static uint64_t pages_of(const struct team *team)
{
	return query_info(team->room.fd, team->room.region).slab_bytes / team->room.page_size;
}

static void show_team(const struct team *team)
{
	uint64_t in_objects = 0, nr_pages, pages = pages_of(team);
	char *chars = query_map(team->room.fd, team->room.region, &nr_pages);
	size_t i;

	for (i = 0; i < NR_SIZES; i++)
		in_objects += (uint64_t)team->pupils[i].nr * sizes[i];
	printf("  %s  %.*s  %2llu pages, %4.1f %% in objects\n", team->name, (int)nr_pages, chars,
	       (unsigned long long)pages, percent(in_objects, pages * team->room.page_size));
	free(chars);
}

/* All engines do the same, and have so many pages after it. */
static void do_step(const struct classroom *room, void (*step)(struct team *team), const uint64_t pages[NR_ENGINES])
{
	size_t i;

	for (i = 0; i < NR_ENGINES; i++) {
		step(&teams[i]);
		expect(room, pages_of(&teams[i]), pages[i], teams[i].name);
	}
}

static void show_step(const struct classroom *room)
{
	size_t i;

	putchar('\n');
	for (i = 0; i < NR_ENGINES; i++)
		show_team(&teams[i]);
	end_step(room);
}

static void introduce(const struct classroom *room)
{
	tell("Three engines, three ways to keep track of what is free. Each has a region of %s here, with a cache for "
	     "objects of %u, %u and %u bytes.", size_text(WITHOUT_MAGAZINES).chars, sizes[0], sizes[1], sizes[2]);
	tell("SLAB (Bonwick 1994) keeps a book for every slab: a list of the numbers of its free objects. The book stands "
	     "at the slab's beginning, or, for objects of an eighth of a page and more, in memory of its own. So a free "
	     "object is not written to, and keeps what its constructor made of it. Slabs begin their objects at "
	     "different places, their colours, in what would be left over.");
	tell("SLUB (Lameter 2007) needs no book: the list of free objects is threaded through the objects themselves, and "
	     "what else there is to know of a slab stands in one word beside its page. The links are obfuscated and in "
	     "random order, so that an overflow cannot easily forge them.");
	tell("SLOB (Mackall 2006) has no slabs: all sizes share one heap, first fit, in three lists of pages for objects "
	     "under 256 bytes, under 1 KB and under a page. What comes back merges with its free neighbours. It is the "
	     "slowest, for regions where every byte counts.");
	end_step(room);
}

static void teach_requests(const struct classroom *room)
{
	static const uint64_t three[NR_ENGINES] = { 12, 9, 8 }, four[NR_ENGINES] = { 16, 12, 8 },
			      last[NR_ENGINES] = { 7, 3, 4 };

	do_step(room, take_all, three);
	tell("%u objects of each size. SLAB and SLUB make a slab for each cache, and SLAB one more for the book of the "
	     "largest. SLOB has one unit of four pages for the two small sizes together, and one for the large one.",
	     OBJECTS);
	show_step(room);

	do_step(room, thin_all, three);
	tell("Every second object comes back, and no page does: every slab and unit has objects that stay.");
	show_step(room);

	do_step(room, take_newcomers, four);
	tell("%u objects of a new size, %u bytes. SLAB and SLUB need another slab, although little of what they have is "
	     "in use: what is free there is of other sizes. SLOB cuts them out of the gaps.", OBJECTS, sizes[NR_BEFORE]);
	show_step(room);

	do_step(room, free_and_shrink, last);
	tell("All but these come back, and the caches are shrunk. SLAB and SLUB are left with the one slab that is used, "
	     "but for that of the book, which stays a while: every other slab was free as a whole. SLOB is left with a "
	     "unit that has these objects wherever there was a gap. There any one of them would keep it, whatever "
	     "else it was for: objects of one kind mostly come and go together, and slabs go with them.");
	show_step(room);
}

static void teach_engines(struct classroom *room)
{
	size_t i;

	if (!caches_are_plain(room))
		return;
	for (i = 0; i < NR_ENGINES; i++)
		begin_team(room, &teams[i]);
	introduce(room);
	teach_requests(room);
	for (i = 0; i < NR_ENGINES; i++)
		end_team(&teams[i]);
}

const struct lesson lesson_engines = {
	.name = "engines",
	.title = "three engines on the same requests",
	.teach = teach_engines,
};
