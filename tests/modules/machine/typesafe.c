// SPDX-License-Identifier: GPL-2.0
/*
 * typesafe: what readers under RCU find in a cache with RSV_TYPESAFE_BY_RCU. On every CPU a writer
 * publishes objects in slots that all share and frees those that it replaces at once, and a reader
 * looks at what it finds in the slots, though it may be free or another object by then. Between,
 * the writers fill other memory of the region, shrink the cache and give all of that back. So the
 * pages of a free object have another owner as soon as the cache lets them go.
 *
 * The run ends when the readers have found ENOUGH objects that were freed or reused while they
 * looked. Whatever a reader sees must be an object of the cache: it has the words that the
 * constructor wrote, and a lock that works.
 */
#define pr_fmt(fmt) "machine: " fmt

#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "machine.h"

#define MADE		0x7479706573616665ULL
#define JUNK		0x6b
#define SLOTS		4	/* few, so that an object is soon replaced */
#define ENOUGH		170000	/* of six targets, a million */
#define ENOUGH_BESIDE	1000	/* while CPUs go off-line and on */
#define LOOKS		8	/* of a reader at one object */
#define OTHERS		64	/* requests for other memory that a writer makes at once */

/**
 * struct found - an object of the cache
 * @made: MADE, from the constructor on
 * @lock: guards @key
 * @key: says which object it is; 0 while nobody uses it
 * @rest: what its user wrote, any bytes
 * @end: MADE, from the constructor on
 */
struct found {
	u64 made;
	spinlock_t lock;	/* see above */
	u64 key;
	u8 rest[88];
	u64 end;
};

/**
 * struct pair - the threads of one CPU
 * @cpu: the CPU, which they return to when it was off-line
 * @writer: publishes and frees
 * @reader: looks
 * @random: the writer's random numbers
 * @reader_random: the reader's
 */
struct pair {
	unsigned int cpu;
	struct task_struct *writer;
	struct task_struct *reader;
	struct rnd_state random;
	struct rnd_state reader_random;
};

static struct rsv_cache *cache;
static struct found *slot[SLOTS];
static atomic64_t keys;
static atomic_long_t nr_reused, nr_seen;

static void construct(void *object)
{
	struct found *o = object;

	spin_lock_init(&o->lock);
	o->key = 0;
	WRITE_ONCE(o->end, MADE);
	WRITE_ONCE(o->made, MADE);
}

/* --- Writers -------------------------------------------------------------------------------- */

static void set_key(struct found *o, u64 key)
{
	spin_lock(&o->lock);
	WRITE_ONCE(o->key, key);
	spin_unlock(&o->lock);
}

static void publish(struct rnd_state *random)
{
	struct found *o = rsv_cache_alloc(cache, GFP_NOWAIT | __GFP_NOWARN), *old;

	if (o)
		set_key(o, atomic64_inc_return(&keys));
	old = xchg(&slot[prandom_u32_state(random) % SLOTS], o);
	if (!old)
		return;
	set_key(old, 0);
	rsv_cache_free(cache, old);
}

/* Lets others have what the cache has free, with bytes that no object of the cache has. */
static void use_other_memory(struct rsv_region *r)
{
	void *other[OTHERS];
	unsigned int i;

	rsv_cache_shrink(cache);
	for (i = 0; i < OTHERS; i++) {
		size_t bytes = i % 4 ? sizeof(struct found) : 4 * PAGE_SIZE;

		other[i] = rsv_kmalloc(r, bytes, GFP_NOWAIT | __GFP_NOWARN);
		if (other[i])
			memset(other[i], JUNK, bytes);
	}
	for (i = 0; i < OTHERS; i++)
		rsv_kfree(other[i]);
}

static int write_thread(void *data)
{
	struct pair *p = data;
	unsigned int i;

	while (!kthread_should_stop()) {
		machine_return_to_cpu(p->cpu);
		for (i = 0; i < 256; i++)
			publish(&p->random);
		if (!(prandom_u32_state(&p->random) % 16))
			use_other_memory(rsv_default_region());
		cond_resched();
	}
	return 0;
}

/* --- Readers -------------------------------------------------------------------------------- */

static void look(struct found *o, u64 key)
{
	u64 made = READ_ONCE(o->made), end = READ_ONCE(o->end);

	if (made == MADE && end == MADE)
		return;
	machine_wrong("object %llu became memory of somebody else: 0x%llx, 0x%llx", key, made, end);
}

/* Looks at an object as long as it may, and returns whether it was freed or reused meanwhile. */
static bool read_one(struct rnd_state *random)
{
	struct found *o;
	unsigned int i;
	u64 key = 0;
	bool reused = false;

	rcu_read_lock();
	o = READ_ONCE(slot[prandom_u32_state(random) % SLOTS]);
	if (o) {
		key = READ_ONCE(o->key);
		for (i = 0; i < LOOKS; i++) {
			look(o, key);
			ndelay(prandom_u32_state(random) % 1000);
		}
		spin_lock(&o->lock);
		reused = o->key != key || !key;
		look(o, key);
		spin_unlock(&o->lock);
		atomic_long_inc(&nr_seen);
	}
	rcu_read_unlock();
	return reused;
}

static int read_thread(void *data)
{
	struct pair *p = data;

	while (!kthread_should_stop()) {
		machine_return_to_cpu(p->cpu);
		if (read_one(&p->reader_random))
			atomic_long_inc(&nr_reused);
		cond_resched();
	}
	return 0;
}

/* --- The run -------------------------------------------------------------------------------- */

static int pair_start(struct pair *p, unsigned int cpu)
{
	p->cpu = cpu;
	prandom_seed_state(&p->random, machine_seed + 2 * cpu);
	prandom_seed_state(&p->reader_random, machine_seed + 2 * cpu + 1);
	p->writer = kthread_run_on_cpu(write_thread, p, cpu, "writer/%u");
	if (IS_ERR(p->writer))
		return PTR_ERR(p->writer);
	p->reader = kthread_run_on_cpu(read_thread, p, cpu, "reader/%u");
	return PTR_ERR_OR_ZERO(p->reader);
}

static void pair_stop(struct pair *p)
{
	if (!IS_ERR_OR_NULL(p->reader))
		kthread_stop(p->reader);
	if (!IS_ERR_OR_NULL(p->writer))
		kthread_stop(p->writer);
}

/* Until they found enough, or all the time while the script has CPUs go off-line and on. */
static void wait_for_readers(void)
{
	const long enough = machine_hotplug ? ENOUGH_BESIDE : ENOUGH;
	unsigned int tenths;

	for (tenths = 0; tenths < 10 * machine_seconds && !machine_result(); tenths++) {
		if (!machine_hotplug && atomic_long_read(&nr_reused) >= enough)
			return;
		msleep(100);
	}
	if (atomic_long_read(&nr_reused) < enough)
		machine_wrong("in %u seconds the readers found only %ld objects freed or reused",
			      machine_seconds, atomic_long_read(&nr_reused));
}

static int run_pairs(struct pair *pairs)
{
	unsigned int cpu;
	int err = 0;

	for_each_online_cpu(cpu) {
		err = pair_start(&pairs[cpu], cpu);
		if (err)
			break;
	}
	if (!err)
		wait_for_readers();
	for_each_possible_cpu(cpu)
		pair_stop(&pairs[cpu]);
	return err;
}

static void free_published(void)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		rsv_cache_free(cache, slot[i]);
		slot[i] = NULL;
	}
}

int machine_run_typesafe(struct rsv_region *r)
{
	struct pair *pairs = kcalloc(nr_cpu_ids, sizeof(*pairs), GFP_KERNEL);
	int err;

	if (!pairs)
		return -ENOMEM;
	cache = rsv_cache_create(r, "found", sizeof(struct found), 0,
				 RSV_TYPESAFE_BY_RCU | machine_target_flags(), construct);
	if (IS_ERR(cache)) {
		kfree(pairs);
		return PTR_ERR(cache);
	}
	err = run_pairs(pairs);
	free_published();
	kfree(pairs);
	pr_info("figure: seed %u: %ld objects were seen, %ld of them were freed or reused meanwhile\n",
		machine_seed, atomic_long_read(&nr_seen), atomic_long_read(&nr_reused));
	if (rsv_cache_destroy(cache))
		machine_wrong("the cache is still in use");
	machine_run_drain(r);
	return err ?: machine_result();
}
