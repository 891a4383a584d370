// SPDX-License-Identifier: GPL-2.0
/*
 * Objects and pages of a region that are freed after a grace period. Until then they are used:
 * readers look at them.
 *
 * A CPU collects the objects of a cache in a magazine (rsv_cpu.rcu). When it is full it comes here.
 * So does one that is not full, when the CPU is drained, goes off-line or frees no more for a
 * while. What no magazine serves comes here by its rcu_head: objects of caches without magazines,
 * those of an interrupt that finds the CPU busy, and whole pages.
 *
 * They are on three stacks. What comes arrives on the first. When the grace period of the second
 * has ended, those on it go to the third, and those on the first to the second. Their grace period
 * is that of the last one that arrived. rcu_ended.c frees those on the third.
 *
 * The raw lock guards the stacks. No other lock is taken under it. A CPU that adds its magazine
 * holds busy from when it fills the last round until the magazine is here. So when another task
 * runs on that CPU, no object is on its way, and rsv_rcu_barrier() misses none.
 */
#include <linux/minmax.h>
#include <linux/random.h>
#include <linux/rcupdate.h>

#include "cache_list.h"
#include "cpu.h"
#include "pages/pagemap.h"
#include "rcu_frees.h"
#include "work.h"

unsigned long rsv_rcu_secret;
EXPORT_SYMBOL_IF_KUNIT(rsv_rcu_secret);

/**
 * rsv_rcu_start() - choose the secret of the cookies, before the first cache is created
 */
void rsv_rcu_start(void)
{
	rsv_rcu_secret = get_random_long();
}

/*
 * The stacks, locked
 */

/* Moves what arrived on, if nothing waits. Its grace period may have ended already. */
static void rsv_rcu_begin(struct rsv_rcu_frees *f)
{
	if (rsv_rcu_stack_any(&f->waiting) || !rsv_rcu_stack_any(&f->arrived))
		return;
	f->waiting = f->arrived;
	f->arrived = (struct rsv_rcu_stack){};
	f->grace = f->last;
}

/* Moves the stacks on as far as grace periods have ended. */
static void rsv_rcu_advance(struct rsv_rcu_frees *f)
{
	if (!rsv_rcu_stack_any(&f->ended) && rsv_rcu_stack_any(&f->waiting) &&
	    poll_state_synchronize_rcu_full(&f->grace)) {
		f->ended = f->waiting;
		f->waiting = (struct rsv_rcu_stack){};
	}
	rsv_rcu_begin(f);
}

/* Whether an rcu_head is as it was when it came: its cookie tells an address in the region. */
static bool rsv_rcu_head_ok(const struct rsv_rcu_frees *f, const struct rcu_head *head)
{
	struct rsv_extent *e;
	bool ok;

	rcu_read_lock();
	e = rsv_extent_find_addr(rsv_rcu_object(head));
	ok = e && &e->region->rcu_frees == f;
	rcu_read_unlock();
	return ok;
}

/**
 * rsv_rcu_pop() - take a magazine, or else an rcu_head, off a stack
 * @f: those of the region
 * @stack: the stack, which the caller owns or has locked
 * @popped: set to the one. It has none if the rcu_head was written to while it waited: then nobody
 *	knows its object any more, nor what is below it on the stack. All that is lost, and
 *	@popped->nr_heads says how much
 *
 * Context: Any but NMI.
 * Return: Whether there was one.
 */
bool rsv_rcu_pop(const struct rsv_rcu_frees *f, struct rsv_rcu_stack *stack,
		 struct rsv_rcu_stack *popped)
{
	struct rcu_head *head = stack->heads;

	*popped = (struct rsv_rcu_stack){};
	if (stack->magazines) {
		popped->magazines = stack->magazines;
		stack->magazines = popped->magazines->next;
		return true;
	}
	if (!head)
		return false;
	stack->heads = NULL;
	if (likely(rsv_rcu_head_ok(f, head))) {
		popped->heads = head;
		stack->heads = head->next;
		stack->nr_heads--;
	} else {
		popped->nr_heads = stack->nr_heads;
		stack->nr_heads = 0;
	}
	return true;
}

/*
 * Coming
 */

/*
 * Begins to wait for what just arrived, and unlocks. While anything waits the work queues itself.
 */
static void rsv_rcu_added(struct rsv_rcu_frees *f, bool first, unsigned long flags)
	__releases(&f->lock)
{
	get_state_synchronize_rcu_full(&f->last);
	rsv_rcu_begin(f);
	raw_spin_unlock_irqrestore(&f->lock, flags);
	if (first)
		queue_rcu_work(rsv_queue, &f->work);
}

/**
 * rsv_rcu_add_head() - let an object or pages wait by their rcu_head
 * @r: the region
 * @c: the object's cache; NULL for pages
 * @object: the object or the pages, used
 * @head: the rcu_head
 *
 * Context: Any but NMI.
 * Return: false if it waits already, by this rcu_head.
 */
bool rsv_rcu_add_head(struct rsv_region *r, struct rsv_cache *c, void *object,
		      struct rcu_head *head)
{
	struct rsv_rcu_frees *f = &r->rcu_frees;
	unsigned long flags;
	bool first;

	raw_spin_lock_irqsave(&f->lock, flags);
	if (rsv_rcu_is_waiting(object, head)) {
		raw_spin_unlock_irqrestore(&f->lock, flags);
		return false;
	}
	first = !rsv_rcu_any(f);
	head->next = f->arrived.heads;
	rsv_rcu_set_cookie(object, head);
	f->arrived.heads = head;
	f->arrived.nr_heads++;
	atomic_long_inc(&f->nr);
	if (c)
		atomic_long_inc(&c->nr_rcu);
	rsv_rcu_added(f, first, flags);
	return true;
}

/* The objects of the magazine count in f->nr already. */
static void rsv_rcu_add_magazine(struct rsv_rcu_frees *f, struct rsv_magazine *m)
{
	unsigned long flags;
	bool first;

	atomic_long_add(m->rounds, &m->cache->nr_rcu);
	raw_spin_lock_irqsave(&f->lock, flags);
	first = !rsv_rcu_any(f);
	m->next = f->arrived.magazines;
	f->arrived.magazines = m;
	rsv_rcu_added(f, first, flags);
}

/**
 * rsv_rcu_submit() - let the objects that a CPU collected for a grace period wait for one
 * @c: the cache
 * @cpu: this CPU's share of it, entered, or that of a dead CPU
 *
 * Context: Any but NMI.
 */
void rsv_rcu_submit(struct rsv_cache *c, struct rsv_cpu *cpu)
{
	struct rsv_rcu_frees *f = &c->region->rcu_frees;
	struct rsv_magazine *m = cpu->rcu;

	if (m == &rsv_magazine_none)
		return;
	m->rounds = cpu->rcu_rounds;
	m->head_offset = cpu->rcu_offset;
	m->cache = c;
	/* They count here before the CPU has none any more: see backoff.c. */
	atomic_long_add(m->rounds, &f->nr);
	smp_store_release(&cpu->rcu, &rsv_magazine_none); /* pairs with rsv_backoff_end_drain() */
	cpu->rcu_last = 0;
	WRITE_ONCE(cpu->rcu_rounds, 0);
	atomic_dec(&f->collecting);
	rsv_rcu_add_magazine(f, m);
}

/**
 * rsv_rcu_submit_local() - rsv_rcu_submit() for this CPU
 * @c: the cache
 *
 * Context: Any but NMI. In an interrupt that came while the CPU is busy, it does nothing.
 */
void rsv_rcu_submit_local(struct rsv_cache *c)
{
	struct rsv_cpu *cpu;

	/* data_race(): a look at any CPU. The caller runs on the one whose objects matter to it. */
	if (data_race(raw_cpu_ptr(c->cpus)->rcu == &rsv_magazine_none))
		return;
	cpu = rsv_cpu_enter(c->cpus);
	if (!cpu)
		return;
	rsv_rcu_submit(c, cpu);
	rsv_cpu_leave(cpu);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_rcu_submit_local);

/*
 * Going
 */

/**
 * rsv_rcu_pop_ended() - take a magazine or an rcu_head whose grace period has ended
 * @f: those of the region
 * @popped: set to the one
 *
 * Context: Any but NMI.
 * Return: Whether there was one.
 */
bool rsv_rcu_pop_ended(struct rsv_rcu_frees *f, struct rsv_rcu_stack *popped)
{
	unsigned long flags;
	bool any;

	raw_spin_lock_irqsave(&f->lock, flags);
	rsv_rcu_advance(f);
	any = rsv_rcu_pop(f, &f->ended, popped);
	raw_spin_unlock_irqrestore(&f->lock, flags);
	return any;
}

/**
 * rsv_rcu_last() - tell when the grace period of all that waits has ended
 * @f: those of the region
 * @last: set to the state by which RCU tells that
 *
 * Context: Any but NMI.
 * Return: Whether anything waits.
 */
bool rsv_rcu_last(struct rsv_rcu_frees *f, struct rcu_gp_oldstate *last)
{
	unsigned long flags;
	bool any;

	raw_spin_lock_irqsave(&f->lock, flags);
	any = rsv_rcu_any(f);
	*last = f->last;
	raw_spin_unlock_irqrestore(&f->lock, flags);
	return any;
}

/*
 * Statistics. Other CPUs go on meanwhile.
 */

static u64 rsv_rcu_count_cpus(const struct rsv_cache *c)
{
	unsigned int cpu;
	u64 nr = 0;

	for_each_possible_cpu(cpu) {
		/* data_race(): see above */
		nr += data_race(per_cpu_ptr(c->cpus, cpu)->rcu_rounds);
	}
	return nr;
}

/**
 * rsv_rcu_count() - count the objects of a cache that wait for a grace period
 * @c: the cache
 *
 * Context: Any.
 * Return: Their number, also of those that CPUs still collect.
 */
u64 rsv_rcu_count(const struct rsv_cache *c)
{
	return rsv_rcu_count_cpus(c) + max(atomic_long_read(&c->nr_rcu), 0L);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_rcu_count);

static bool rsv_rcu_visit_count(struct rsv_cache *c, void *nr)
{
	*(u64 *)nr += rsv_rcu_count_cpus(c);
	return false;
}

/**
 * rsv_rcu_count_region() - count what waits for a grace period in a region
 * @r: the region
 *
 * Context: Process; may sleep.
 * Return: The number of objects, and of blocks of whole pages.
 */
u64 rsv_rcu_count_region(struct rsv_region *r)
{
	u64 nr = atomic_long_read(&r->rcu_frees.nr);

	rsv_caches_visit(r, rsv_rcu_visit_count, &nr);
	return nr;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_rcu_count_region);
