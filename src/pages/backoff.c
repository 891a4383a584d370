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
 * A request that may not wait drains nobody else, and takes no turns.
 *
 * The times and the number of pages are hints, read and written without a lock. Races make a
 * request wait once more or once less.
 *
 * A drained region
 *
 * Where nothing is cached a drain gets nothing back, and a request fails at once. The region is
 * drained (rsv_backoff.drained) from the end of a drain that found all places empty until anything
 * comes to one of them, but for the time that anything waits (see below). The places are all that a
 * drain looks at, and that a request does not. Here they are in the order of
 * rsv_drain_for_request():
 *
 *	place, and how a drain looks at it	who says that something came there
 *	----------------------------------	----------------------------------
 *	on each CPU, rsv_drain_cpus_timeout():
 *	  lists of blocks, rsv_pcp_is_open()	pcp.c, pcp_large.c: the first block on a closed list
 *	  magazines, rsv_cpu_has()		depot.c: the first from the depot, and each new one;
 *						magazine.c: one for objects of other nodes;
 *						free_rcu.c: one for frees by RCU
 *	  an active slab, rsv_cpu_has()		slub_cpu.c: a slab that becomes active
 *	in each cache, rsv_caches_shrink():
 *	  depots				depot.c: each magazine, but by an exchange
 *	  empty slabs				node.c: each that comes to the list
 *	  empty slob pages			slob_page.c: each that comes to the list
 *	  SLOB's freelists			slob_freelist.c: each object that comes
 *	waiting for a grace period:
 *	  frees by RCU, rsv_rcu_busy()		their number, rsv_rcu_frees.nr
 *	  slabs, rsv_leaving_pages()		their pages, rsv_leaving.nr_pages
 *	pages that others refer to		their number, rsv_waiting.nr_pages
 *	zeroed pages				zeroed.c: each batch
 *
 * The call that says so is rsv_backoff_cached(). A caller that takes something from one place to
 * another makes it, too: the drain may have been at the second place before, and come to the first
 * one afterwards. Only a CPU that has a magazine of the cache exchanges it for another one of the
 * depot without a word. A drain looks at the depots after all CPUs. So it finds what such a CPU put
 * there, unless it took all magazines of the CPU before: then the CPU has said that it loaded
 * another one.
 *
 * A sheaf is its caller's, and no drain looks at it. What goes back from one goes to the magazines
 * or to the engine, as other objects do.
 *
 * The fast paths of lists and magazines say nothing. They need not, because a drain of all CPUs
 * closes a CPU's list and takes the CPU's magazines away. So the first free on that CPU takes the
 * slow path, which opens the list or loads a magazine, and says so. A list or magazine that is open
 * counts as a place with something, even if it is empty: the next drain visits that CPU. Only the
 * CPU itself opens and closes them, and a flush once it is dead. A limit of 0 alone closes no list:
 * any CPU may store that (pcp_limit.c).
 *
 * Where the engine serves users directly, a free says so if it makes a slab empty. SLOB's freelist
 * says so of each object, also while it has others: a drain takes as many objects as it found
 * there, newer ones first, and may leave some that came before.
 *
 * Who puts something into a place, or opens it, does so first and looks at @drained then. A drain
 * sets @drained first and looks at the places then. There is a full barrier in between on both
 * sides. So the drain finds what was put there, or the one who put it there finds @drained set, and
 * clears it: then the region does not become drained, or is so no more. A drain has a number, which
 * it stores there. So of several drains only the one that stored its number last makes the region
 * drained: what came to a place after that has cleared the number. A drain that could not visit
 * every CPU in time does not make the region drained.
 *
 * Some looks take no lock: at a CPU's lists and magazines, and at the counts of what waits for a
 * grace period. A list may be closed while it has blocks, and by another drain than the one that
 * looks. So a look sees first that the list is closed, and then that it has no block: until it is
 * open it gets none. A list has a block less only when that block is in the free areas, and those
 * counts fall only when the memory is free. The drain whose look finds nothing has a barrier before
 * its end. So whoever sees the region drained sees that memory, too.
 *
 * Of what waits nobody says anything, but it counts, and while there is any the region is not
 * drained. A drain waits for grace periods, and frees what waited. So does a work item in time.
 * What went to the free areas then needs no other drain. What is cached then, in a depot for
 * example, has said so before the count fell. Therefore a request looks at @drained, at the counts,
 * and at @drained once more. The magazine in which a CPU collected frees by RCU counts before the
 * CPU has none.
 *
 * No request fails that a drain could serve. What was freed before the request came is in one of
 * these places, or it went to free areas or slabs. If it is in a place still, @drained is not set:
 * the free, which came before the request, has cleared it, or the drain would have found it. If a
 * drain took it from there, it did that before it set RSV_BACKOFF_DRAINED. The request tried the
 * zones perhaps too early for that. So it tries them once more after it has seen that bit. A
 * request for an object tries the slabs once more, too (alloc.c).
 *
 * There are two exceptions. What a task takes from one place to another, or from the free areas to
 * a place, is on its way until the task has put it there and said so. Another drain may end
 * meanwhile. It finds neither that nor the blocks on lists that longer ones just replace, which go
 * to the free areas (pcp.c). A request that fails for such a reason fails as if somebody had that
 * memory.
 *
 * No event tells that the last reference to a waiting page was dropped. So a drain may find such a
 * page at any time.
 *
 * A request for a run, which no block can serve, is gathered after a drain. In a drained region it
 * leaves out the drain, but takes its turn: the search takes long, and has to be limited, too.
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
