// SPDX-License-Identifier: GPL-2.0
/*
 * Deferred frees: rsv_cache_free_nolock() and rsv_kfree_nolock() may interrupt the holder of any
 * lock. Where no magazine takes the object at once (nolock.c), they mark it as cached and add it to
 * a list of this CPU. A job ends the free as soon as the CPU serves interrupts again (irq_job.c).
 *
 * The mark finds a double free at the call, and makes the object the list's alone. Its link lies
 * where nobody else needs the bytes (struct rsv_layout.link). SLOB's heap has no such objects: the
 * lock of its node joins the look whose a block is and the change of its mark.
 *
 * Any context of this CPU adds to the list by a compare-and-exchange, and the job takes all of it
 * by an exchange, as with the kernel's llist. It frees a batch at a time, since interrupts are off
 * mostly. A user who writes to an object after its free may overwrite its link. So a link is
 * encoded as a mark is, and the job looks whether it leads to an object that waits. If not, the
 * objects behind it are lost, with one report.
 *
 * An object whose free is deferred counts as used. Who must know whether any is calls
 * rsv_irq_jobs_flush() first.
 */
#include <linux/cpumask.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>

#include "cache.h"
#include "deferred.h"
#include "free.h"
#include "irq_job.h"
#include "lookup.h"
#include "mark.h"
#include "pages/pagemap.h"
#include "report.h"

/**
 * struct rsv_deferred - frees that a CPU has deferred
 * @added: the link of the object that was added last (atomic)
 * @rest: the same of objects that the job took off the list and did not free at once (atomic)
 * @job: frees them
 */
struct rsv_deferred {
	unsigned long *added;
	unsigned long *rest;
	struct rsv_irq_job job;
};

/* Objects that the job frees at a time */
#define RSV_DEFERRED_BATCH	64U

/**
 * struct rsv_deferred_object - an object that waits (on the caller's stack)
 * @cache: its cache
 * @extent: the extent that it lies in
 * @object: the object
 * @next: the link of the object that was added before; NULL if it was the first
 */
struct rsv_deferred_object {
	struct rsv_cache *cache;
	struct rsv_extent *extent;
	void *object;
	unsigned long *next;
};

static DEFINE_PER_CPU(struct rsv_deferred, rsv_deferred);

/**
 * rsv_deferred_add() - defer the free of an object
 * @c: the cache, for which rsv_cache_defers() is true
 * @object: the object, which the caller has marked as cached
 *
 * Context: Any, with preemption disabled.
 */
void rsv_deferred_add(const struct rsv_cache *c, void *object)
{
	struct rsv_deferred *d = this_cpu_ptr(&rsv_deferred);
	unsigned long *link = object + c->layout.link, *before = READ_ONCE(d->added);

	do {
		WRITE_ONCE(*link, (unsigned long)before ^ rsv_mark_word(c->secret, link));
	} while (!try_cmpxchg(&d->added, &before, link));
	rsv_irq_job_queue(&d->job);
}

/* Finds the object that a link is of. Returns false if no object waits there. */
static bool rsv_deferred_read(unsigned long *link, struct rsv_deferred_object *o)
{
	struct rsv_extent *e = rsv_extent_find_addr(link);
	struct rsv_cache *c = e ? rsv_cache_owning(e, link) : NULL;
	void *object;

	if (!c || !rsv_cache_defers(c))
		return false;
	object = (void *)link - c->layout.link;
	if (!rsv_extent_has(e, object) ||
	    c->engine->object_at(c, e, rsv_frame_at(e, object), object) != object ||
	    rsv_object_is_used(c, e, object))
		return false;
	*o = (struct rsv_deferred_object){
		.cache = c,
		.extent = e,
		.object = object,
		.next = (unsigned long *)(READ_ONCE(*link) ^ rsv_mark_word(c->secret, link)),
	};
	return true;
}

/* Frees an object. Returns the link of the next one. */
static unsigned long *rsv_deferred_free(unsigned long *link)
{
	struct rsv_deferred_object o;

	if (unlikely(!rsv_deferred_read(link, &o))) {
		rsv_report(RSV_CORRUPT,
			   "an object was written to after its free; those that this CPU freed before it are lost");
		return NULL;
	}
	rsv_free_cached(o.cache, o.extent, o.object, _THIS_IP_);
	return o.next;
}

/* Frees a batch of objects. Returns the link of the next one. */
static unsigned long *rsv_deferred_free_batch(unsigned long *link)
{
	unsigned int nr;

	rcu_read_lock();
	for (nr = 0; link && nr < RSV_DEFERRED_BATCH; nr++)
		link = rsv_deferred_free(link);
	rcu_read_unlock();
	return link;
}

static bool rsv_deferred_run(struct rsv_irq_job *job)
{
	struct rsv_deferred *d = container_of(job, struct rsv_deferred, job);
	unsigned long *link = xchg(&d->rest, NULL) ?: xchg(&d->added, NULL);

	link = rsv_deferred_free_batch(link);
	/* If another one has left a rest, meanwhile, this one is freed here. */
	while (link && cmpxchg(&d->rest, NULL, link))
		link = rsv_deferred_free_batch(link);
	return READ_ONCE(d->rest) || READ_ONCE(d->added);
}

/**
 * rsv_deferred_start() - initialise what is deferred, before the first cache is created
 */
void rsv_deferred_start(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		per_cpu(rsv_deferred.job.run, cpu) = rsv_deferred_run;
}
