// SPDX-License-Identifier: GPL-2.0
/*
 * The lessons about free pages that are kept at hand: zeroed ones, and those on the lists of CPUs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "device.h"
#include "draw.h"
#include "lesson.h"

#define MB(n)		(KB(n) << 10)

/* How long what goes on in the background may take */
#define PATIENCE_MS	10000
#define POLL_MS		1

static struct rsv_ioc_zone zone_now(const struct classroom *room)
{
	return query_zone(room->fd, room->region, 0);
}

/*
 * Zeroed pages
 */

#define ZEROED		4	/* of a region of 4 MB */

static void show_zeroed(const struct classroom *room)
{
	struct rsv_ioc_zone now = zone_now(room);

	printf("\n  zeroed     %llu pages, which have served %llu requests\n",
	       (unsigned long long)now.zeroed_pages, (unsigned long long)now.zeroed_hits);
}

static void expect_zeroed(const struct classroom *room, uint64_t pages, uint64_t hits)
{
	int waited;

	for (waited = 0; zone_now(room).zeroed_pages != pages && waited < PATIENCE_MS; waited += POLL_MS)
		usleep(POLL_MS * 1000);
	expect(room, zone_now(room).zeroed_pages, pages, "zeroed pages");
	expect(room, zone_now(room).zeroed_hits, hits, "requests that they served");
}

static void teach_zeroed(struct classroom *room)
{
	struct rsv_ioc_buffer_alloc pages[4];
	size_t i;

	expect_zeroed(room, 0, 0);
	pages[0] = take_block(room, room->page_size);
	expect_zeroed(room, ZEROED, 0);
	tell("A request for a zeroed page. There is none, so one is cleared while the caller waits. But from "
	     "now on some are cleared beforehand, in the background.");
	show_zeroed(room);
	end_step(room);

	pages[1] = take_block(room, room->page_size);
	pages[2] = take_block(room, room->page_size);
	expect_zeroed(room, ZEROED / 2, 2);
	tell("Two more requests: each gets a page at once, with nothing left to be cleared.");
	show_zeroed(room);
	end_step(room);

	pages[3] = take_block(room, room->page_size);
	expect_zeroed(room, ZEROED, 3);
	tell("With the next one fewer than half are left, and the list is filled again.");
	show_zeroed(room);
	end_step(room);

	for (i = 0; i < 4; i++)
		free_handle(room->fd, pages[i].handle);
}

const struct lesson lesson_zeroed = {
	.name = "zeroed",
	.title = "pages that are zeroed before anybody asks",
	.bytes = MB(4),
	.teach = teach_zeroed,
};

/*
 * The lists of CPUs
 */

#define ORDER		1	/* the lesson's: blocks of two pages */

/* The line of the map that a place is in, and what the list of this order holds */
static void show_lists(const struct classroom *room, uint64_t place)
{
	uint64_t first = place / room->page_size / MAP_COLUMNS * MAP_COLUMNS, nr_pages;
	char *chars = query_map(room->fd, room->region, &nr_pages);
	struct rsv_ioc_zone now = zone_now(room);
	struct map map = { .chars = chars + first, .nr_pages = MAP_COLUMNS, .indent = "  " };

	putchar('\n');
	draw_map(&map);
	printf("  list       %s: %llu   filled: %llu\n", size_text((uint64_t)room->page_size << ORDER).chars,
	       (unsigned long long)now.cached[ORDER], (unsigned long long)now.cache_refills[ORDER]);
	free(chars);
}

static void expect_list(const struct classroom *room, uint64_t blocks, uint64_t refills)
{
	struct rsv_ioc_zone now = zone_now(room);

	expect(room, now.cached[ORDER], blocks, "blocks on the list");
	expect(room, now.cache_refills[ORDER], refills, "times that the list was filled");
}

/*
 * Leaves free what the list was filled from, the first MB of a block of 4 MB, and elsewhere only pieces of half a MB: some,
 * since a zone's last pages are kept for those in need.
 */
static void take_the_rest(struct classroom *room, uint64_t bytes)
{
	struct rsv_ioc_buffer_alloc halves[7];
	size_t i;

	for (; bytes > MB(4); bytes -= MB(4))
		take_block(room, MB(4));
	for (i = 0; i < 7; i++)
		halves[i] = take_block(room, KB(512));
	sort_blocks(halves, 7);
	for (i = 0; i < 7; i += 2)
		free_handle(room->fd, halves[i].handle);
}

static void teach_lists_of(struct classroom *room, uint64_t bytes)
{
	const uint64_t wanted = (uint64_t)room->page_size << ORDER;
	struct rsv_ioc_buffer_alloc one = take_block(room, wanted), other, large;
	uint64_t batch = zone_now(room).cached[ORDER] + 1;

	expect_list(room, batch - 1, 1);
	tell("A request for %s. Every CPU has a list of free blocks of that order, which nobody else touches, "
	     "so that it needs no lock. This one was empty, and is filled with a batch of %llu blocks, for "
	     "which the lock of the free areas is taken once; one of them is handed out. In the map %c is what "
	     "waits on a list.",
	     size_text(wanted).chars, (unsigned long long)batch, RSV_MAP_CACHED);
	show_lists(room, one.offset);
	end_step(room);

	other = take_block(room, wanted);
	expect_list(room, batch - 2, 1);
	tell("The next request is served from the list: nothing is locked, split or searched.");
	show_lists(room, one.offset);
	end_step(room);

	free_handle(room->fd, other.handle);
	free_handle(room->fd, one.handle);
	expect_list(room, batch, 1);
	tell("Both come back, to the list. They do not coalesce there: the next who asks has them at once.");
	show_lists(room, one.offset);
	end_step(room);

	take_the_rest(room, bytes);
	large = take_block(room, MB(1));
	expect_list(room, 0, 1);
	tell("Others have come, and a request for %s finds no block that is large enough. Before it fails the "
	     "lists of all CPUs are emptied; what was on them coalesces, and the request is served.",
	     size_text(large.bytes).chars);
	show_lists(room, large.offset);
	end_step(room);
}

/* CPUs that the machine may ever have, which is what the kernel module reckons with: "0" or "0-3" */
static unsigned int possible_cpus(void)
{
	FILE *file = fopen("/sys/devices/system/cpu/possible", "r");
	unsigned int last = 0;

	if (file) {
		if (fscanf(file, "0-%u", &last) != 1)
			last = 0;
		fclose(file);
	}
	return last + 1;
}

/* The lists have a share of the region that is divided among the CPUs: the more of them, the larger the region. */
static uint64_t lists_region(void)
{
	return possible_cpus() * MB(4);
}

static void teach_lists(struct classroom *room)
{
	struct rsv_ioc_reserve want = { .bytes = lists_region() };
	struct place before = stay_here(room);

	/* Everybody may have a scratch region so large. */
	if (want.bytes == MB(4)) {
		room->region = create_region(room->fd, want.bytes);
		teach_lists_of(room, want.bytes);
	} else if (begin_region(room, &want, 1)) {
		teach_lists_of(room, want.bytes);
	}
	leave(&before);
}

const struct lesson lesson_lists = {
	.name = "lists",
	.title = "free blocks that a CPU keeps for itself",
	.teach = teach_lists,
};
