/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How often requests that no memory can serve may drain everybody, and when a drain can do nothing
 * for them. backoff.c has the rules for both.
 */
#ifndef RSV_PAGES_BACKOFF_H
#define RSV_PAGES_BACKOFF_H

#include <linux/atomic.h>
#include <linux/jiffies.h>

#include "types.h"

/* In jiffies: others have 99 % of the time to themselves if a drain takes 0.1 ms. */
#define RSV_BACKOFF_INTERVAL	msecs_to_jiffies(10)

bool rsv_backoff_wanted(const struct rsv_region *r, const struct rsv_request *q);
bool rsv_backoff_drain(struct rsv_region *r, const struct rsv_request *q);
void rsv_backoff_failed(struct rsv_region *r, const struct rsv_request *q);
void rsv_backoff_served(struct rsv_region *r, const struct rsv_request *q);
void rsv_backoff_init(struct rsv_region *r);

/*
 * Whether anything waits, for a grace period or for the last reference to it. What waits no longer
 * is seen elsewhere after this.
 */
static inline bool rsv_backoff_any_waits(const struct rsv_region *r)
{
	/* These pair with the ends in leaving.c and rcu_ended.c. */
	return atomic_long_read_acquire(&r->leaving.nr_pages) ||
	       atomic_long_read_acquire(&r->rcu_frees.nr) || READ_ONCE(r->waiting.nr_pages);
}

/*
 * Whether nothing that a drain could get back is cached or waits. What a drain got back is seen
 * after it. What waited may be cached by the time that its count is 0: then the second look at
 * @drained tells.
 */
static inline bool rsv_backoff_is_drained(const struct rsv_region *r)
{
	/* pairs with rsv_backoff_end_drain() */
	const int drained = atomic_read_acquire(&r->backoff.drained);

	return drained & RSV_BACKOFF_DRAINED && !rsv_backoff_any_waits(r) &&
	       atomic_read(&r->backoff.drained) == drained;
}

/*
 * Says that something came to a place where only a drain finds it. A caller that has put it there
 * calls this afterwards, in any context, whatever locks it holds.
 */
static inline void rsv_backoff_cached(struct rsv_region *r)
{
	smp_mb(); /* pairs with rsv_backoff_begin_drain() */
	if (unlikely(atomic_read(&r->backoff.drained)))
		atomic_set(&r->backoff.drained, 0);
}

/* Begins a drain of all places. Returns its number. */
static inline int rsv_backoff_begin_drain(struct rsv_region *r)
{
	const int drain = atomic_add_return(RSV_BACKOFF_NUMBER, &r->backoff.drains) |
			  RSV_BACKOFF_DRAINING;

	atomic_set(&r->backoff.drained, drain);
	smp_mb(); /* pairs with rsv_backoff_cached() */
	return drain;
}

/* Ends a drain that has looked at all places: the region is drained unless anything was cached. */
static inline void rsv_backoff_end_drain(struct rsv_region *r, int drain)
{
	/* A full barrier, for the looks that took no lock; pairs with rsv_backoff_is_drained() */
	atomic_cmpxchg(&r->backoff.drained, drain, drain | RSV_BACKOFF_DRAINED);
}

#endif /* RSV_PAGES_BACKOFF_H */
