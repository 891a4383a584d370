// SPDX-License-Identifier: GPL-2.0
/*
 * objects: objects of all engines, with and without magazines and constructors, and of size
 * classes, on all CPUs. Each used object has a mark at both ends that names its kind. A constructed
 * object stays constructed. Some objects are freed by RCU, also in interrupts and on CPUs that go
 * off-line.
 *
 * The run counts its operations. The caches stay until the module goes, unused, so that make
 * check-machines can compare their own counts.
 */
#define pr_fmt(fmt) "machine: " fmt

#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "machine.h"

#define CONSTRUCTED	0x636f6e7374727563ULL
#define RESERVED	8 /* guaranteed objects of the first kind */

/**
 * struct stamp - the beginning of a used object
 * @mark: says that it is used
 * @kind: entry of kinds[]; the number of entries for a size class
 * @size: its size; its last bytes are @mark again
 */
struct stamp {
	u64 mark;
	u32 kind;
	u32 size;
};

/**
 * struct constructed - the beginning of an object with a constructor
 * @stamp: the stamp
 * @was: from the constructor
 */
struct constructed {
	struct stamp stamp;
	u64 was;
};

/**
 * struct waiting - the beginning of an object that is large enough to be freed by RCU
 * @object: what it has besides
 * @rcu: for the free; nobody else uses it
 */
struct waiting {
	struct constructed object;
	struct rcu_head rcu;
};

static struct kind {
	unsigned int size;
	unsigned int flags;
	bool constructed;
	struct rsv_cache *cache;
} kinds[] = {
	{40, RSV_ENGINE_SLUB},
	{256, RSV_ENGINE_SLUB | RSV_NO_MAGAZINE},
	{1000, RSV_ENGINE_SLUB, true},
	{4200, RSV_ENGINE_SLUB | RSV_NO_MAGAZINE, true},
	{72, RSV_ENGINE_SLAB},
	{256, RSV_ENGINE_SLAB | RSV_NO_MAGAZINE, true},
	{700, RSV_ENGINE_SLAB},
	{24, RSV_ENGINE_SLOB},
	{200, RSV_ENGINE_SLOB | RSV_NO_MAGAZINE},
	{304, RSV_ENGINE_SLOB, true},
	{1504, RSV_ENGINE_SLOB},
};

/**
 * struct count - operations of a CPU on objects of one kind
 * @taken: objects allocated
 * @given: objects freed
 * @failed: requests that got less than they asked for
 */
struct count {
	unsigned long taken;
	unsigned long given;
	unsigned long failed;
};

/* The last one is for size classes. */
static DEFINE_PER_CPU(struct count[ARRAY_SIZE(kinds) + 1], counts);

static void count_taken(u32 kind, const void *object)
{
	if (object) {
		this_cpu_inc(counts[kind].taken);
		return;
	}
	this_cpu_inc(counts[kind].failed);
	machine_wrong("no object of kind %u, though the region is far from full", kind);
}

static void say_count(u32 kind, const char *caches)
{
	struct count sum = {};
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		const struct count *count = &per_cpu(counts, cpu)[kind];

		sum.taken += count->taken;
		sum.given += count->given;
		sum.failed += count->failed;
	}
	pr_info("count: %s %lu %lu %lu\n", caches, sum.taken, sum.given, sum.failed);
}

static u64 object_mark(const void *object, u32 size)
{
	return ~(u64)(unsigned long)object ^ ((u64)machine_seed << 16) ^ size;
}

static u64 *object_end(struct stamp *object, u32 size)
{
	return (void *)object + round_down(size, sizeof(u64)) - sizeof(u64);
}

/* An object may lie where one of another kind was, so only the mark of its own kind is an error. */
static void object_begin(struct stamp *object, u32 kind, u32 size)
{
	if (object->mark == object_mark(object, size) && object->size == size)
		machine_wrong("object of %u bytes was handed out twice", size);
	object->mark = object_mark(object, size);
	object->kind = kind;
	object->size = size;
	*object_end(object, size) = object->mark;
}

static void object_end_use(struct stamp *object)
{
	u64 mark = object_mark(object, object->size);

	if (object->mark != mark || object->kind > ARRAY_SIZE(kinds) ||
	    *object_end(object, object->size) != mark)
		machine_wrong("object of %u bytes was written to by somebody else: 0x%llx",
			      object->size, object->mark);
	object->mark = 0;
}

static void construct(void *object)
{
	struct constructed *o = object;

	o->stamp.mark = 0;
	o->was = CONSTRUCTED;
}

static unsigned long sized_take(struct rnd_state *random, gfp_t gfp)
{
	u32 size = sizeof(struct stamp) + sizeof(u64) + prandom_u32_state(random) % 3000;
	void *object = rsv_kmalloc(rsv_default_region(), size, gfp);

	count_taken(ARRAY_SIZE(kinds), object);
	if (object)
		object_begin(object, ARRAY_SIZE(kinds), size);
	return (unsigned long)object;
}

static unsigned long object_take(struct rnd_state *random, gfp_t gfp)
{
	u32 n = prandom_u32_state(random) % (ARRAY_SIZE(kinds) + 3);
	struct constructed *object;
	const struct kind *k;

	gfp |= __GFP_NOWARN;
	if (n >= ARRAY_SIZE(kinds))
		return sized_take(random, gfp);
	k = &kinds[n];
	object = rsv_cache_alloc(k->cache, gfp);
	count_taken(n, object);
	if (!object)
		return 0;
	if (k->constructed && object->was != CONSTRUCTED)
		machine_wrong("object of %u bytes is not constructed", k->size);
	object_begin(&object->stamp, n, k->size);
	return (unsigned long)object;
}

/* One object in four is freed by RCU, if its end, a mark, lies behind the rcu_head. */
static bool by_rcu(const struct stamp *object)
{
	return object->size >= sizeof(struct waiting) + 2 * sizeof(u64) &&
	       !((unsigned long)object / 64 % 4);
}

static void object_give_by_rcu(struct waiting *w, u32 kind)
{
	if (kind == ARRAY_SIZE(kinds))
		rsv_kfree_rcu(w, rcu);
	else
		rsv_cache_free_rcu(kinds[kind].cache, w, &w->rcu);
}

static void object_give(unsigned long taken)
{
	struct stamp *object = (struct stamp *)taken;
	u32 kind;

	if (!object)
		return;
	kind = object->kind;
	object_end_use(object);
	kind = min_t(u32, kind, ARRAY_SIZE(kinds));
	this_cpu_inc(counts[kind].given);
	if (by_rcu(object))
		object_give_by_rcu((struct waiting *)object, kind);
	else if (kind == ARRAY_SIZE(kinds))
		rsv_kfree(object);
	else
		rsv_cache_free(kinds[kind].cache, object);
}

/*
 * Bulk requests, shrinking, and another number of guaranteed objects, while the other threads go on
 */
static void objects_extra(struct rnd_state *random)
{
	u32 n = prandom_u32_state(random) % ARRAY_SIZE(kinds);
	struct kind *k = &kinds[n];
	u32 way = prandom_u32_state(random) % 256;
	void *many[24];
	unsigned int nr;

	if (!way)
		rsv_cache_shrink(k->cache);
	/* The region may not have more objects at the moment, which is no error. */
	if (way == 1)
		rsv_cache_reserve(kinds[0].cache, prandom_u32_state(random) % RESERVED);
	if (way % 8)
		return;
	nr = rsv_cache_alloc_bulk(k->cache, GFP_NOWAIT | __GFP_NOWARN, ARRAY_SIZE(many), many);
	this_cpu_add(counts[n].taken, nr);
	this_cpu_add(counts[n].given, nr);
	if (nr < ARRAY_SIZE(many)) {
		this_cpu_inc(counts[n].failed);
		machine_wrong("%u objects of kind %u, though the region is far from full",
			      nr, n);
	}
	rsv_cache_free_bulk(k->cache, nr, many);
}

static const struct stress objects = {
	.what = "objects",
	.take = object_take,
	.give = object_give,
	.extra = objects_extra,
};

static void kind_name(char *name, u32 kind)
{
	snprintf(name, RSV_NAME_MAX, "kind-%u", kind);
}

static int kinds_create(struct rsv_region *r)
{
	unsigned int flags = machine_checks ? RSV_RED_ZONE | RSV_POISON | RSV_STORE_USER : 0, i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct kind *k = &kinds[i];
		char name[RSV_NAME_MAX];
		struct rsv_cache *c;

		kind_name(name, i);
		c = rsv_cache_create(r, name, k->size, 0, k->flags | flags,
				     k->constructed ? construct : NULL);
		if (IS_ERR(c))
			return PTR_ERR(c);
		k->cache = c;
	}
	return rsv_cache_reserve(kinds[0].cache, RESERVED);
}

static void say_counts(void)
{
	char name[RSV_NAME_MAX];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		kind_name(name, i);
		say_count(i, name);
	}
	say_count(ARRAY_SIZE(kinds), "kmalloc-*");
}

int machine_run_objects(struct rsv_region *r)
{
	int err = kinds_create(r);

	if (!err)
		err = machine_stress(&objects);
	rsv_rcu_barrier(r);
	if (err)
		machine_objects_end();
	else
		say_counts();
	return err;
}

/* Destroying a cache in use would be reported as a misuse. */
void machine_objects_end(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].cache)
			rsv_cache_destroy(kinds[i].cache);
	if (kinds[0].cache)
		machine_run_drain(rsv_default_region());
}
