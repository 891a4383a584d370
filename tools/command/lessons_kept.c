// SPDX-License-Identifier: GPL-2.0
/*
 * The lessons about what caches keep: objects in magazines, empty slabs, and what a constructor made.
 *
 * What was not needed for a while is given back, so that who waits for a key would find other numbers afterwards. Each
 * step of the first two lessons therefore begins anew, with a region that nobody used, and what it finds is looked at
 * before the module looks for the first time for what lies idle there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "device.h"
#include "draw.h"
#include "lesson.h"
#include "pupil.h"

/*
 * Steps
 */

/* How old a region may be, of which nothing ages in its first two seconds, and how often a step is tried */
#define YOUNG_MS	1500
#define TRIES		20

/**
 * struct trial - what the steps of a lesson have in common
 * @bytes: size of the region
 * @begin: uses the region as the step wants it, and looks at what comes of it
 * @end: lets go of it all
 */
struct trial {
	uint64_t bytes;
	void (*begin)(struct classroom *room, unsigned int step);
	void (*end)(struct classroom *room);
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void end_trial(struct classroom *room, const struct trial *trial)
{
	trial->end(room);
	free_handle(room->fd, room->region);
}

/* Once more if it took so long that something may have aged meanwhile */
static void begin_trial(struct classroom *room, const struct trial *trial, unsigned int step)
{
	int64_t begun;
	int tries = 0;

	for (;;) {
		begun = now_ms();
		room->region = create_region(room->fd, trial->bytes);
		trial->begin(room, step);
		if (now_ms() - begun < YOUNG_MS || ++tries == TRIES)
			return;
		end_trial(room, trial);
	}
}

/* On one CPU, and with caches whose objects lie as the book says */
static void teach_plain(struct classroom *room, void (*teach)(struct classroom *room))
{
	struct place before = stay_here(room);

	if (caches_are_plain(room))
		teach(room);
	leave(&before);
}

static void expect_kept(const struct classroom *room, const struct pupil *p, const struct rsv_ioc_cache *seen,
			uint64_t made, uint64_t given)
{
	expect(room, seen->active_objects, p->nr, "objects in use");
	expect(room, seen->slabs_made, made, "slabs made");
	expect(room, seen->slabs_given, given, "slabs given back");
}

/*
 * Magazines
 */

#define MAGAZINE_OBJECTS	300
#define MAGAZINE_SIZE		256

/* The same cache twice, and what was seen of them */
static struct pupil with, without;
static struct rsv_ioc_cache seen_with, seen_without;

enum magazine_step {
	TAKEN,
	RETURNED,
	AGAIN,
	SHRUNK,
};

static void use_both(const struct classroom *room, unsigned int step)
{
	struct pupil *const both[] = { &with, &without };
	size_t i;

	for (i = 0; i < 2; i++) {
		take_objects(room, both[i], MAGAZINE_OBJECTS);
		if (step >= RETURNED)
			free_objects(room, both[i], MAGAZINE_OBJECTS);
		if (step >= AGAIN) {
			take_objects(room, both[i], MAGAZINE_OBJECTS);
			free_objects(room, both[i], MAGAZINE_OBJECTS);
		}
		if (step >= SHRUNK)
			shrink_cache(room->fd, both[i]->own.handle);
	}
}

static void show_both(void)
{
	const struct rsv_ioc_cache *a = &seen_with, *b = &seen_without;

	printf("\n  with       %3llu objects in use; slabs: %2llu made, %2llu given back\n",
	       (unsigned long long)a->active_objects, (unsigned long long)a->slabs_made,
	       (unsigned long long)a->slabs_given);
	printf("             depot: %llu full, %llu empty; magazines exchanged: %llu\n",
	       (unsigned long long)a->depot_full, (unsigned long long)a->depot_empty,
	       (unsigned long long)a->exchanges);
	printf("  without    %3llu objects in use; slabs: %2llu made, %2llu given back\n",
	       (unsigned long long)b->active_objects, (unsigned long long)b->slabs_made,
	       (unsigned long long)b->slabs_given);
}

static void expect_depot(const struct classroom *room, uint64_t full, uint64_t empty, uint64_t exchanges)
{
	expect(room, seen_with.depot_full, full, "full magazines in the depot");
	expect(room, seen_with.depot_empty, empty, "empty magazines in the depot");
	expect(room, seen_with.exchanges, exchanges, "magazines exchanged");
}

static void expect_slabs_of_both(const struct classroom *room, uint64_t made, uint64_t given, uint64_t made_without,
				 uint64_t given_without)
{
	expect_kept(room, &with, &seen_with, made, given);
	expect_kept(room, &without, &seen_without, made_without, given_without);
}

static void begin_both(struct classroom *room, unsigned int step)
{
	make_pupil(room, &with, "with", MAGAZINE_SIZE, RSV_ENGINE_SLUB);
	make_pupil(room, &without, "without", MAGAZINE_SIZE, RSV_ENGINE_SLUB | RSV_NO_MAGAZINE);
	use_both(room, step);
	seen_with = look_at(room, &with);
	seen_without = look_at(room, &without);
}

static void end_both(struct classroom *room)
{
	end_pupil(room, &with);
	end_pupil(room, &without);
}

static const struct trial magazines = { .bytes = KB(1024), .begin = begin_both, .end = end_both };

static void end_magazine_step(struct classroom *room)
{
	show_both();
	end_trial(room, &magazines);
	end_step(room);
}

static void teach_magazine_steps(struct classroom *room)
{
	begin_trial(room, &magazines, TAKEN);
	tell("Two caches of %u bytes, and %u objects taken from each. One has magazines: stacks of %u objects, of which "
	     "every CPU has two that nobody else touches, so that it needs no lock and no atomic instruction. When both "
	     "are empty the engine is asked for several objects at once, and the next requests take these from the "
	     "magazine.", MAGAZINE_SIZE, MAGAZINE_OBJECTS, seen_with.magazine_rounds);
	expect_slabs_of_both(room, 7, 0, 7, 0);
	expect_depot(room, 0, 0, 0);
	end_magazine_step(room);

	begin_trial(room, &magazines, RETURNED);
	tell("All come back. Without magazines each goes to its slab, the slabs become empty, and those beyond a few go "
	     "back to the buddy system. With magazines objects fill one magazine after the other; two stay with the "
	     "CPU, and the others wait in the depot, where every CPU can get them. No slab becomes empty.");
	expect_slabs_of_both(room, 7, 0, 7, 4);
	expect_depot(room, 3, 0, 0);
	end_magazine_step(room);

	begin_trial(room, &magazines, AGAIN);
	tell("The same once more. Without magazines slabs are made anew. With magazines the engine is not asked at all: "
	     "the CPU exchanges an empty magazine for a full one of the depot, and a full one for an empty one on the "
	     "way back, once for %u objects.", seen_with.magazine_rounds);
	expect_slabs_of_both(room, 7, 0, 11, 4);
	expect_depot(room, 3, 0, 6);
	end_magazine_step(room);

	begin_trial(room, &magazines, SHRUNK);
	tell("Both caches are shrunk: the magazines of all CPUs and of the depot are emptied, their objects go to their "
	     "slabs, and the slabs to the buddy system. A region that runs short does that by itself, and magazines "
	     "that lay in the depot for some seconds go without being asked for.");
	expect_slabs_of_both(room, 7, 7, 11, 11);
	expect_depot(room, 0, 0, 6);
	end_magazine_step(room);
}

static void teach_magazines(struct classroom *room)
{
	teach_plain(room, teach_magazine_steps);
}

const struct lesson lesson_magazines = {
	.name = "magazines",
	.title = "magazines and their depot",
	.teach = teach_magazines,
};

/*
 * Empty slabs
 */

#define SLABS		6
#define SLAB_OBJECTS	6	/* of 2 KB, in three pages */

/* How long a slab may lie empty, and what slow machines may add */
#define PATIENCE_MS	30000
#define POLL_MS		10

enum reclaim_step {
	FILLED,
	EMPTIED,
	REPEATED,
	SETTLED,
	LEFT_ALONE,
	CUT_BACK,
};

static struct pupil reclaimed;
static struct rsv_ioc_cache seen_cache;
static struct sight seen_region;
static uint32_t cut_back;

static void use_slabs(const struct classroom *room, unsigned int step)
{
	static const unsigned int rounds[] = {
		[EMPTIED] = 1, [REPEATED] = 2, [SETTLED] = 10, [LEFT_ALONE] = 2, [CUT_BACK] = 2,
	};
	unsigned int i;

	for (i = 0; i < rounds[step]; i++) {
		take_objects(room, &reclaimed, SLABS * SLAB_OBJECTS);
		free_objects(room, &reclaimed, SLABS * SLAB_OBJECTS);
	}
	if (step == FILLED)
		take_objects(room, &reclaimed, SLABS * SLAB_OBJECTS);
	if (step == CUT_BACK)
		cut_back = shrink_cache(room->fd, reclaimed.own.handle);
}

static void see_slabs(const struct classroom *room)
{
	free(seen_region.chars);
	seen_cache = look_at(room, &reclaimed);
	seen_region = see_region(room);
}

static void begin_slabs(struct classroom *room, unsigned int step)
{
	make_pupil(room, &reclaimed, "reclaimed", KB(2), RSV_ENGINE_SLUB);
	use_slabs(room, step);
	see_slabs(room);
}

static void end_slabs(struct classroom *room)
{
	end_pupil(room, &reclaimed);
}

static const struct trial slabs = { .bytes = WITHOUT_MAGAZINES, .begin = begin_slabs, .end = end_slabs };

static void expect_seen(const struct classroom *room, uint64_t full, uint64_t empty, uint64_t made, uint64_t given)
{
	expect(room, seen_cache.full_slabs, full, "full slabs");
	expect(room, seen_cache.partial_slabs, 0, "partial slabs");
	expect(room, seen_cache.empty_slabs, empty, "empty slabs");
	expect_kept(room, &reclaimed, &seen_cache, made, given);
}

static void end_reclaim_step(struct classroom *room)
{
	room->seen = seen_region.zone;
	show_sight(room, &seen_region);
	printf("  slabs      %llu full, %llu empty; made %llu, given back %llu\n",
	       (unsigned long long)seen_cache.full_slabs, (unsigned long long)seen_cache.empty_slabs,
	       (unsigned long long)seen_cache.slabs_made, (unsigned long long)seen_cache.slabs_given);
	end_trial(room, &slabs);
	end_step(room);
}

static void wait_for_age(const struct classroom *room)
{
	int64_t begun = now_ms();

	while (look_at(room, &reclaimed).empty_slabs && now_ms() - begun < PATIENCE_MS)
		usleep(POLL_MS * 1000);
	see_slabs(room);
}

static void teach_reclaim_steps(struct classroom *room)
{
	begin_trial(room, &slabs, FILLED);
	expect_seen(room, SLABS, 0, SLABS, 0);
	tell("%u objects of 2 KB, which fill %u slabs.", SLABS * SLAB_OBJECTS, SLABS);
	end_reclaim_step(room);

	begin_trial(room, &slabs, EMPTIED);
	expect_seen(room, 0, 2, SLABS, 4);
	tell("All come back, and all slabs become empty. Two stay, so that who takes and returns one object does not move "
	     "a slab each time. The others go back to the buddy system at once.");
	end_reclaim_step(room);

	begin_trial(room, &slabs, REPEATED);
	expect_seen(room, 0, SLABS, 10, 4);
	tell("The same again. Four slabs had to be made that were given back a moment ago: that was too early. For each of "
	     "them one more is kept from now on, and this time all of them stay.");
	end_reclaim_step(room);

	begin_trial(room, &slabs, SETTLED);
	expect_seen(room, 0, SLABS, 10, 4);
	tell("And eight times again: no slab is made or given back any more.");
	end_reclaim_step(room);

	begin_trial(room, &slabs, LEFT_ALONE);
	wait_for_age(room);
	expect_seen(room, 0, 0, 10, 10);
	tell("Nobody needs them. What lay empty for two seconds is given back, and so many fewer are kept the next time.");
	end_reclaim_step(room);

	begin_trial(room, &slabs, CUT_BACK);
	expect(room, cut_back, SLABS, "slabs given back");
	expect_seen(room, 0, 0, 10, 10);
	tell("Who does not want to wait shrinks the cache. A region that runs short does so with all its caches.");
	end_reclaim_step(room);
}

static void teach_reclaim(struct classroom *room)
{
	teach_plain(room, teach_reclaim_steps);
}

const struct lesson lesson_reclaim = {
	.name = "reclaim",
	.title = "what becomes of empty slabs",
	.teach = teach_reclaim,
};

/*
 * Constructors
 */

#define CONSTRUCTED	6
#define ROUNDS		1000
#define LEFT_BEHIND	"left by its last user"

/**
 * struct census - objects that a constructor numbered
 * @serials: the numbers that were seen
 * @calls: how many different ones: calls of the constructor that brought an object here
 * @taken: objects taken
 */
struct census {
	uint64_t serials[64];
	uint64_t calls;
	uint64_t taken;
};

static struct pupil made;

static void count_object(struct census *census, const struct rsv_constructed *o)
{
	uint64_t i;

	census->taken++;
	for (i = 0; i < census->calls; i++)
		if (census->serials[i] == o->serial)
			return;
	if (census->calls < sizeof(census->serials) / sizeof(census->serials[0]))
		census->serials[census->calls++] = o->serial;
}

static void take_constructed(const struct classroom *room, struct census *census, uint32_t nr)
{
	struct rsv_constructed o;

	while (nr--) {
		take_objects(room, &made, 1);
		read_object(room->fd, made.objects[made.nr - 1], &o, sizeof(o));
		count_object(census, &o);
	}
}

static void leave_behind(const struct classroom *room)
{
	uint32_t i;

	for (i = 0; i < made.nr; i++)
		write_object(room->fd, made.objects[i], offsetof(struct rsv_constructed, state), LEFT_BEHIND,
			     sizeof(LEFT_BEHIND));
}

/* Objects that have what their last user left */
static uint32_t count_left_behind(const struct classroom *room)
{
	struct rsv_constructed o;
	uint32_t i, nr = 0;

	for (i = 0; i < made.nr; i++) {
		read_object(room->fd, made.objects[i], &o, sizeof(o));
		nr += !memcmp(o.state, LEFT_BEHIND, sizeof(LEFT_BEHIND));
	}
	return nr;
}

static void take_often(const struct classroom *room, struct census *census)
{
	uint32_t i;

	for (i = 0; i < ROUNDS; i++) {
		free_objects(room, &made, 1);
		take_constructed(room, census, 1);
	}
}

static void make_constructed(const struct classroom *room, uint32_t cache_flags)
{
	made = (struct pupil){
		.own = {
			.flags = RSV_CACHE_CONSTRUCTED, .region = room->region, .cache_flags = cache_flags,
			.object_size = sizeof(struct rsv_constructed), .name = "constructed",
		},
	};
	create_cache(room->fd, &made.own);
}

static void show_census(const struct census *census)
{
	printf("\n  constructor called %llu times, objects taken %llu times\n", (unsigned long long)census->calls,
	       (unsigned long long)census->taken);
}

static void compare_engines(const struct classroom *room)
{
	static const struct {
		const char *name;
		uint32_t flags;
	} rows[] = {
		{ "slab", RSV_ENGINE_SLAB }, { "slab, no magazines", RSV_ENGINE_SLAB | RSV_NO_MAGAZINE },
		{ "slub", RSV_ENGINE_SLUB }, { "slub, no magazines", RSV_ENGINE_SLUB | RSV_NO_MAGAZINE },
		{ "slob", RSV_ENGINE_SLOB }, { "slob, no magazines", RSV_ENGINE_SLOB | RSV_NO_MAGAZINE },
	};
	size_t i;

	putchar('\n');
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct census census = { .calls = 0 };

		make_constructed(room, rows[i].flags);
		take_constructed(room, &census, CONSTRUCTED);
		take_often(room, &census);
		expect(room, census.calls, CONSTRUCTED, rows[i].name);
		printf("  %-18s  called %llu times, taken %llu times\n", rows[i].name,
		       (unsigned long long)census.calls, (unsigned long long)census.taken);
		end_pupil(room, &made);
	}
}

static void teach_constructed(struct classroom *room)
{
	struct census census = { .calls = 0 };

	make_constructed(room, RSV_ENGINE_SLAB | RSV_NO_MAGAZINE);
	take_constructed(room, &census, CONSTRUCTED);
	expect(room, census.calls, CONSTRUCTED, "calls of the constructor");
	tell("What every user of an object would begin with, its locks, its lists, can be done once: by the cache's "
	     "constructor, before the object is handed out for the first time. A program cannot bring code into the "
	     "kernel, but the module has a constructor for programs, which numbers its calls. %u objects:", CONSTRUCTED);
	show_census(&census);
	end_step(room);

	leave_behind(room);
	free_objects(room, &made, CONSTRUCTED);
	take_constructed(room, &census, CONSTRUCTED);
	expect(room, census.calls, CONSTRUCTED, "calls of the constructor");
	expect(room, count_left_behind(room), CONSTRUCTED, "objects as they were left");
	tell("They come back, and %u are taken again: the same ones, as they were left. They are neither cleared nor "
	     "constructed again. So who gives an object back leaves it as the constructor made it: the lock open, the "
	     "list empty.", CONSTRUCTED);
	show_census(&census);
	end_step(room);

	take_often(room, &census);
	expect(room, census.calls, CONSTRUCTED, "calls of the constructor");
	tell("And a thousand times one of them. Without a constructor each time would have cost what it does.");
	show_census(&census);
	end_step(room);
	end_pupil(room, &made);

	tell("All engines keep that promise, and so do magazines. SLUB, whose list runs through the free objects, puts the "
	     "links of such a cache behind them; SLOB keeps the free objects on a stack instead of cutting them up.");
	compare_engines(room);
	end_step(room);
}

static void teach_constructors(struct classroom *room)
{
	struct place before = stay_here(room);

	room->region = create_region(room->fd, KB(1024));
	teach_constructed(room);
	free_handle(room->fd, room->region);
	leave(&before);
}

const struct lesson lesson_constructors = {
	.name = "constructors",
	.title = "constructors: what is done once for many users",
	.teach = teach_constructors,
};
