/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A walk over all pages of a region, which makes nobody wait. A query, and a search for free pages,
 * may take long; meanwhile extents come and go. So the walk holds no lock: it looks at some pages
 * of one extent at a time, in a read-side section of RCU, and other tasks run in between. Within
 * such a section the extent stays, though its pages may become holes, and all of them may. After it
 * the extent may be gone, and another one may have its number.
 *
 *	struct rsv_walk w = { .r = r };
 *	struct rsv_extent *e;
 *
 *	rsv_walk_begin();
 *	while ((e = rsv_walk_extent(&w))) {
 *		for (; w.index < w.end; w.index++)
 *			look at e->frames[w.index];
 *		rsv_walk_pause();
 *	}
 *	rsv_walk_end();
 */
#ifndef RSV_PAGES_WALK_H
#define RSV_PAGES_WALK_H

#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/types.h>

#include "types.h"

/* Pages that a walk looks at before other tasks run */
#define RSV_WALK_BATCH	64UL

/**
 * struct rsv_walk - a walk over the pages of a region (on the caller's stack)
 * @r: the region
 * @number: the number of the extent that it has come to
 * @index: the page of the extent that it has come to; the caller moves it on
 * @end: the caller pauses before that page of the extent
 */
struct rsv_walk {
	struct rsv_region *r;
	unsigned int number;
	unsigned long index;
	unsigned long end;
};

struct rsv_extent *rsv_walk_extent(struct rsv_walk *w);
struct rsv_extent *rsv_walk_seek(struct rsv_walk *w, unsigned long page);

static inline void rsv_walk_begin(void)
	__acquires(RCU)
{
	rcu_read_lock();
}

static inline void rsv_walk_end(void)
	__releases(RCU)
{
	rcu_read_unlock();
}

/* Lets other tasks run. From then on the extent may be gone. */
static inline void rsv_walk_pause(void)
{
	rcu_read_unlock();
	cond_resched();
	rcu_read_lock();
}

/* Goes on with the next extent. */
static inline void rsv_walk_skip(struct rsv_walk *w)
{
	w->number++;
	w->index = 0;
	rsv_walk_pause();
}

#endif /* RSV_PAGES_WALK_H */
