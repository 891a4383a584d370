// SPDX-License-Identifier: GPL-2.0
/*
 * The search for runs of free pages: adjacent free blocks, which need not be buddies. The request
 * for a run (contig.c) searches for one that is long enough, and a query for the longest.
 *
 * A scan looks at every block of an extent, so it may take long. It holds the zone's lock for
 * RSV_SCAN_BATCH blocks at a time, and other tasks run in between, as in every walk (walk.h).
 * Meanwhile blocks come and go. So a run may never have been free as a whole, and whoever wants it
 * looks once more.
 */
#include <linux/minmax.h>
#include <linux/sched/signal.h>

#include "frame.h"
#include "pagemap.h"
#include "scan.h"

/* Blocks that a scan looks at under one hold of the zone's lock */
#define RSV_SCAN_BATCH	64

/*
 * The pages from a block's first page to its end. The length of a used block may be wrong: a CPU
 * that turns the block into a slab changes the frame without the zone's lock. The scan bears a
 * wrong length, because nobody relies on the run that it finds.
 */
static unsigned long rsv_scan_pages(const struct rsv_extent *e, const struct rsv_frame *block,
				    union rsv_frame_state state)
{
	unsigned long left = e->nr_pages - rsv_frame_index(e, block), nr_pages;

	switch (state.kind) {
	case RSV_FRAME_FREE:
	case RSV_FRAME_CACHED:
		return 1UL << state.order;
	case RSV_FRAME_USED:
		nr_pages = READ_ONCE(block->nr_pages);
		return nr_pages && nr_pages <= left ? nr_pages : 1;
	default:
		return 1; /* slabs and holes, page by page */
	}
}

static bool rsv_scan_counts(const struct rsv_scan *s, union rsv_frame_state state)
{
	return state.kind == RSV_FRAME_FREE || (s->cached && state.kind == RSV_FRAME_CACHED);
}

/* Looks at the block that the scan has come to, and moves on. The zone is locked. */
static void rsv_scan_block(struct rsv_scan *s, const struct rsv_extent *e)
{
	struct rsv_frame *block = rsv_frame_block(e, &e->frames[s->w.index]);
	unsigned long first = rsv_frame_index(e, block), before = s->w.index;
	/* A CPU changes the frames of its own list without the lock: one load reads all fields. */
	union rsv_frame_state state = { .word = READ_ONCE(block->state) };

	/* While the lock was dropped, the page may have become the middle of a block. */
	s->w.index = max(first + rsv_scan_pages(e, block, state), before + 1);
	if (rsv_scan_counts(s, state)) {
		s->start = min(s->start, first);
		s->free += s->w.index - before;
	} else {
		s->start = s->w.index;
	}
}

/**
 * rsv_scan_batch() - scan a batch of blocks
 * @s: the scan, all zeroes but for the region and @cached at its beginning
 * @e: the extent that its walk has come to
 * @nr_pages: the length of a run to stop at
 *
 * Context: Between rsv_walk_begin() and rsv_walk_end(). Takes the zone's lock.
 * Return: Whether the pages from @s->start to @s->w.index, at least @nr_pages, seem to be free. If
 * not, the caller goes on with the walk.
 */
bool rsv_scan_batch(struct rsv_scan *s, struct rsv_extent *e, unsigned long nr_pages)
{
	bool found = false;
	unsigned long flags;
	unsigned int i;

	if (!s->w.index)
		s->start = 0;
	raw_spin_lock_irqsave(&e->zone->lock, flags);
	for (i = 0; !found && i < RSV_SCAN_BATCH && s->w.index < e->nr_pages; i++) {
		rsv_scan_block(s, e);
		found = s->w.index - s->start >= nr_pages;
	}
	raw_spin_unlock_irqrestore(&e->zone->lock, flags);
	return found;
}

/**
 * rsv_zone_scan() - count the free pages of a zone, and find its longest run
 * @z: the zone
 *
 * Pages on the lists of CPUs and zeroed pages count as free: a request that may sleep drains them
 * before it fails. So do requests get the pages of empty slabs, which do not count.
 *
 * Context: Process; may sleep. Takes the zone's lock for a batch of blocks at a time.
 * Return: The counts. If pages were allocated or freed meanwhile, they belong to slightly different
 * times. The scan ends early if the process was killed, which learns nothing any more.
 */
struct rsv_zone_room rsv_zone_scan(struct rsv_zone *z)
{
	struct rsv_scan s = { .w.r = z->region, .cached = true };
	struct rsv_zone_room room = {};
	struct rsv_extent *e;

	rsv_walk_begin();
	while (!fatal_signal_pending(current) && (e = rsv_walk_extent(&s.w))) {
		if (e->zone != z) {
			rsv_walk_skip(&s.w);
			continue;
		}
		if (rsv_scan_batch(&s, e, room.longest + 1))
			room.longest = s.w.index - s.start;
		rsv_walk_pause();
	}
	rsv_walk_end();
	room.free = s.free;
	return room;
}

/**
 * rsv_zone_largest_run() - the longest run that a request could get from a zone now
 * @z: the zone
 * @withheld: free pages that the zone withholds from the request
 *
 * Context: As rsv_zone_scan().
 * Return: Its pages.
 */
unsigned long rsv_zone_largest_run(struct rsv_zone *z, unsigned long withheld)
{
	const struct rsv_zone_room room = rsv_zone_scan(z);

	return min(room.longest, room.free - min(room.free, withheld));
}
EXPORT_SYMBOL_IF_KUNIT(rsv_zone_largest_run);
