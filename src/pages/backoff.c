// SPDX-License-Identifier: GPL-2.0
/*
 * Back-off: a request that fails although it drained was hopeless, and its caller may ask again at
 * once. Each drain takes the magazines and lists of all CPUs. Without a limit, such a loop would
 * slow down everybody else.
 *
 * So for RSV_BACKOFF_INTERVAL after a failure, requests for as many pages or more take turns. A
 * request whose turn comes waits until the interval is over, and drains. A drain that began after a
 * request came serves that request too: many callers then cost no more than one. A request fails
 * only after such a drain, unless its task is to die, or unless it says __GFP_NORETRY: that one
 * fails at once. Smaller requests drain at once. When a drain has helped a request of that size, or
 * a larger one, nobody backs off any more.
 *
 * Whoever has the turn may be a task of the lowest priority. So nobody waits for it longer than
 * RSV_BACKOFF_PATIENCE, but drains by himself then.
 *
 * A request that may not wait drains nobody else, and nothing here concerns it.
 *
 * The times and the number of pages are hints, read and written without a lock. Races make a
 * request wait once more or once less.
 */
#include <linux/bitops.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/wait.h>

#include "backoff.h"
#include "drain.h"

/* How long a request waits for its turn: the wait and the drain of another one, and its own wait */
#define RSV_BACKOFF_PATIENCE	(2 * RSV_BACKOFF_INTERVAL + HZ / 10)

/**
 * rsv_backoff_wanted() - whether a request takes its turn before it drains
 * @r: the region
 * @q: the request, which no zone serves
 *
 * Context: Any.
 * Return: true if a request of its size failed a short time ago, and @q may wait.
 */
bool rsv_backoff_wanted(const struct rsv_region *r, const struct rsv_request *q)
{
	return time_before(jiffies, READ_ONCE(r->backoff.until)) &&
	       q->nr_pages >= READ_ONCE(r->backoff.nr_pages) && rsv_drain_may_wait(q->gfp);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_backoff_wanted);

/* Drains when the interval is over. Returns false if the task is to die before that. */
static bool rsv_backoff_take_turn(struct rsv_region *r, const struct rsv_request *q)
{
	struct rsv_backoff *b = &r->backoff;
	long left = READ_ONCE(b->until) - jiffies;

	if (left > 0)
		schedule_timeout_killable(min_t(long, left, RSV_BACKOFF_INTERVAL));
	if (fatal_signal_pending(current))
		return false;
	WRITE_ONCE(b->begun, b->begun + 1);
	/* A request that does not see it has cached all that it will before the drain looks. */
	smp_mb(); /* pairs with that in rsv_backoff_drain() */
	rsv_drain_for_request(r, q->gfp);
	smp_store_release(&b->ended, b->begun); /* pairs with rsv_backoff_done() */
	WRITE_ONCE(b->until, jiffies + RSV_BACKOFF_INTERVAL);
	return true;
}

/*
 * Whether a request waits no longer: a drain has ended that began after @seen ones had (one runs at
 * a time), or it is this request's turn.
 */
static bool rsv_backoff_done(struct rsv_backoff *b, unsigned int seen, bool *turn)
{
	if ((int)(smp_load_acquire(&b->ended) - seen) > 0) /* pairs with the end of a drain */
		return true;
	*turn = !test_and_set_bit_lock(RSV_BACKOFF_TURN, &b->state);
	return *turn;
}

/**
 * rsv_backoff_drain() - drain when it is this request's turn
 * @r: the region
 * @q: the request
 *
 * Context: Process; may sleep.
 * Return: true if a drain began and ended meanwhile, whoever made it; false if the task is to die,
 * or if the request is not to wait.
 */
bool rsv_backoff_drain(struct rsv_region *r, const struct rsv_request *q)
{
	struct rsv_backoff *b = &r->backoff;
	bool turn = false, drained;
	unsigned int seen;
	long left;

	if (q->gfp & __GFP_NORETRY)
		return false;
	smp_mb(); /* pairs with rsv_backoff_take_turn(): what this task freed was cached before */
	seen = READ_ONCE(b->begun);
	left = wait_event_killable_timeout(b->wait, rsv_backoff_done(b, seen, &turn),
					   RSV_BACKOFF_PATIENCE);
	if (left < 0)
		return false;
	if (!left)
		rsv_drain_for_request(r, q->gfp);
	if (!turn)
		return true;
	drained = rsv_backoff_take_turn(r, q);
	clear_bit_unlock(RSV_BACKOFF_TURN, &b->state);
	wake_up_all(&b->wait);
	return drained;
}

/**
 * rsv_backoff_failed() - let the next requests take turns
 * @r: the region
 * @q: a request that failed after a drain
 *
 * Context: Process.
 */
void rsv_backoff_failed(struct rsv_region *r, const struct rsv_request *q)
{
	struct rsv_backoff *b = &r->backoff;
	unsigned long nr = q->nr_pages;

	if (time_before(jiffies, READ_ONCE(b->until)))
		nr = min(nr, READ_ONCE(b->nr_pages));
	WRITE_ONCE(b->nr_pages, nr);
	WRITE_ONCE(b->until, jiffies + RSV_BACKOFF_INTERVAL);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_backoff_failed);

/**
 * rsv_backoff_served() - let requests drain at once again
 * @r: the region
 * @q: a request that a drain has helped
 *
 * Context: Any.
 */
void rsv_backoff_served(struct rsv_region *r, const struct rsv_request *q)
{
	if (q->nr_pages >= READ_ONCE(r->backoff.nr_pages))
		WRITE_ONCE(r->backoff.until, jiffies);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_backoff_served);

/**
 * rsv_backoff_init() - set up a new region, where no request has failed
 * @r: the region
 *
 * Context: Any.
 */
void rsv_backoff_init(struct rsv_region *r)
{
	init_waitqueue_head(&r->backoff.wait);
	r->backoff.until = jiffies;
}
