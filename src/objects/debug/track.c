// SPDX-License-Identifier: GPL-2.0
/*
 * Owners of objects: who allocated and who freed each object of a cache with RSV_STORE_USER, as the
 * kernel's struct track.
 *
 * The owner of an object writes its records, so that needs no lock. A reader that lists the owners
 * of a whole cache reads records at any time. The checksum tells it if a record was being written.
 *
 * The kernel's stack depot stores each stack once. Where the depot may not allocate, a record has a
 * stack only if the depot had it already. A record always has the address of the caller.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/compiler.h>
#include <linux/hardirq.h>
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/string.h>

#include "compat.h"
#include "track.h"

static const char *const rsv_event_names[RSV_EVENTS] = {
	[RSV_ALLOCATED] = "Allocated",
	[RSV_FREED] = "Freed",
};

static bool rsv_tracks_stacks;	/* the stack depot is ready (set once) */

static struct rsv_track *rsv_track_of(const struct rsv_cache *c, const void *object,
				      enum rsv_event event)
{
	return (struct rsv_track *)(object + c->layout.track) + event;
}

static u32 rsv_track_sum(const struct rsv_track *t)
{
	u32 sum = hash_long(t->caller, 32);

	sum = hash_32(sum ^ hash_long(t->when, 32), 32);
	sum = hash_32(sum ^ t->stack, 32);
	sum = hash_32(sum ^ t->pid, 32);
	return hash_32(sum ^ (t->cpu << 16 | t->cache), 32);
}

/* The number of a cache in records. It is never 0, which stands for an object that is not used. */
static u16 rsv_track_cache(const struct rsv_cache *c)
{
	return c->id % U16_MAX + 1;
}

/*
 * Whether the stack depot may allocate. It may not if the caller may hold a raw lock, which shows
 * only in disabled preemption.
 */
static bool rsv_track_may_alloc(void)
{
	if (IS_ENABLED(CONFIG_PREEMPT_COUNT))
		return preemptible();
	return !in_interrupt() && !irqs_disabled();
}

/* Skips three functions of the stack: this one, its caller and rsv_debug_alloc() or _free(). */
static noinline void rsv_track_write(struct rsv_track *t, unsigned long caller, u16 cache)
{
	struct rsv_track new = {
		.caller = caller,
		.when = jiffies,
		.pid = current->pid,
		.cpu = raw_smp_processor_id(),
		.cache = cache,
	};

	/* In older kernels the depot waits for its lock, which an NMI may have interrupted. */
	if (READ_ONCE(rsv_tracks_stacks) && !in_nmi())
		new.stack = rsv_stack_save(3, rsv_track_may_alloc());
	new.sum = rsv_track_sum(&new);
	*t = new;
}

static bool rsv_track_copy(const struct rsv_cache *c, const void *object, enum rsv_event event,
			   struct rsv_track *track)
{
	/* The owner may write the record meanwhile. Then the sum is wrong. */
	data_race(*track = *rsv_track_of(c, object, event));
	return track->sum == rsv_track_sum(track);
}

/**
 * rsv_track_start() - prepare to store stacks, before a cache with RSV_STORE_USER has objects
 *
 * If the stack depot gets no memory, stacks are not stored.
 *
 * Context: Process; may sleep.
 */
void rsv_track_start(void)
{
	if (!rsv_stack_start())
		WRITE_ONCE(rsv_tracks_stacks, true);
}

/**
 * rsv_track_init() - initialise the records of an object that was never allocated
 * @c: a cache with RSV_STORE_USER, as in all functions below
 * @object: an object of it, which the caller owns
 *
 * Context: Any.
 */
void rsv_track_init(const struct rsv_cache *c, void *object)
{
	*rsv_track_of(c, object, RSV_ALLOCATED) = (struct rsv_track){};
	*rsv_track_of(c, object, RSV_FREED) = (struct rsv_track){};
}

/**
 * rsv_track_allocated() - record who allocates an object
 * @c: the cache
 * @object: the object, which the caller owns
 * @caller: address of the code that asked for it
 *
 * Context: Any. A new stack is stored only where preemption is enabled, and in an NMI none is.
 */
void rsv_track_allocated(const struct rsv_cache *c, void *object, unsigned long caller)
{
	rsv_track_write(rsv_track_of(c, object, RSV_ALLOCATED), caller, rsv_track_cache(c));
	/*
	 * Keeps the call above from becoming a tail call: rsv_track_write() counts this stack
	 * frame.
	 */
	barrier();
}

/**
 * rsv_track_freed() - record who frees an object
 * @c: the cache
 * @object: the object, which the caller owns
 * @caller: address of the code that frees it
 *
 * Context: As rsv_track_allocated().
 */
void rsv_track_freed(const struct rsv_cache *c, void *object, unsigned long caller)
{
	struct rsv_track *t = rsv_track_of(c, object, RSV_ALLOCATED);

	t->cache = 0;
	t->sum = rsv_track_sum(t);
	rsv_track_write(rsv_track_of(c, object, RSV_FREED), caller, 0);
	/* As above */
	barrier();
}

/**
 * rsv_track_sound() - whether the records of an object are as they were written
 * @c: the cache
 * @object: the object, which the caller owns
 *
 * Context: Any.
 * Return: true if both checksums are right.
 */
bool rsv_track_sound(const struct rsv_cache *c, const void *object)
{
	struct rsv_track track;

	return rsv_track_copy(c, object, RSV_ALLOCATED, &track) &&
	       rsv_track_copy(c, object, RSV_FREED, &track);
}

/**
 * rsv_track_read() - read who allocated a used object, or who freed it the time before
 * @c: the cache
 * @object: any object of it whose slab stays
 * @event: which of the two
 * @track: set to the record
 *
 * Context: Any.
 * Return: false if the object is not used, or is of another cache, or its records are being written
 * or were overwritten.
 */
bool rsv_track_read(const struct rsv_cache *c, const void *object, enum rsv_event event,
		    struct rsv_track *track)
{
	if (!rsv_track_copy(c, object, RSV_ALLOCATED, track) || track->cache != rsv_track_cache(c))
		return false;
	return event == RSV_ALLOCATED || rsv_track_copy(c, object, event, track);
}

/**
 * rsv_track_is_anothers() - whether a used object is of another cache
 * @c: the cache
 * @object: a used object that has the size of the cache's
 *
 * Context: Any.
 * Return: true if a sound record says so.
 */
bool rsv_track_is_anothers(const struct rsv_cache *c, const void *object)
{
	struct rsv_track track;

	return rsv_track_copy(c, object, RSV_ALLOCATED, &track) && track.cache &&
	       track.cache != rsv_track_cache(c);
}

static void rsv_track_print_stack(u32 stack)
{
	char text[RSV_SYMBOL_MAX];
	unsigned long *entries;
	unsigned int nr, i;

	nr = rsv_stack_fetch(stack, &entries);
	for (i = 0; i < nr; i++) {
		rsv_symbol(text, entries[i]);
		pr_err("  %s\n", text);
	}
}

static void rsv_track_print_caller(const char *name, const struct rsv_track *t)
{
	char text[RSV_SYMBOL_MAX];

	rsv_symbol(text, t->caller);
	pr_err("%s in %s age=%lu cpu=%u pid=%d\n", name, text, jiffies - t->when, t->cpu, t->pid);
}

static void rsv_track_print_one(const struct rsv_cache *c, const void *object, enum rsv_event event)
{
	const char *name = rsv_event_names[event];
	struct rsv_track t;

	if (!rsv_track_copy(c, object, event, &t)) {
		pr_err("%s: the record was overwritten\n", name);
		return;
	}
	if (!t.caller)
		return;
	rsv_track_print_caller(name, &t);
	if (t.stack)
		rsv_track_print_stack(t.stack);
}

/**
 * rsv_track_print() - print who allocated and who freed an object, in the words of slab_debug
 * @c: the cache
 * @object: an object of it
 *
 * Context: Any, with no raw lock held.
 */
void rsv_track_print(const struct rsv_cache *c, const void *object)
{
	rsv_track_print_one(c, object, RSV_ALLOCATED);
	rsv_track_print_one(c, object, RSV_FREED);
}
