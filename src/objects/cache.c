// SPDX-License-Identifier: GPL-2.0
/*
 * Caches: created, counted, destroyed. What they do in between is in object.c.
 *
 * Lock order, outermost first:
 *
 *	rsv_regions_lock	mutex, regions come and go (region.c)
 *	region->shape_lock	mutex, memory comes and goes
 *	region->caches_lock	mutex, caches come and go
 *	region->drain_lock	mutex, what CPUs have at hand is taken back
 *	cpus_read_lock()	CPUs come and go
 *	rsv_cache_node->lock	raw, the slabs of one cache and node
 *	rsv_depot->lock		raw, the magazines of one cache and node
 *	rsv_guarantee->lock	raw, the guaranteed objects of one cache
 *	rsv_heap_node->lock	raw, the heap of one region and node
 *	zone->lock		raw, the free areas of one zone
 *
 * In fact no two raw locks are held together: slabs are taken from the buddy system and given back
 * to it with their node's lock dropped. Nothing is printed, cleared or constructed under a raw
 * lock. A CPU that dies is emptied without region->caches_lock, which those hold who wait for CPUs.
 *
 * What making a cache, ending it and finding the next one costs does not depend on how many there
 * are: rsv_cache_names, a table that grows and brings its own locks, innermost, knows them by
 * region and name, and says whose a name is; region->caches_by_id, under region->caches_lock, by number.
 * The system is asked for memory before that lock is taken: its reclaim may come for what a region
 * lends.
 *
 * A cache that was destroyed stays for a while as a grave: who uses it finds its gate shut, and on
 * the slow path that it is not alive.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/xarray.h>

#include "cache.h"
#include "compat.h"
#include "depot.h"
#include "engine.h"
#include "guarantee.h"
#include "magazine.h"
#include "magazine_cache.h"
#include "name.h"
#include "node.h"
#include "objects/debug/check.h"
#include "pages/drain.h"
#include "reap.h"
#include "region.h"
#include "work.h"

/* Destroyed caches whose use is still found out */
#define RSV_QUARANTINE_MAX 16

static const struct rsv_cache_hooks *rsv_cache_hooks; /* set before the first cache is made */
static atomic_t rsv_cache_ids;
static struct rhashtable rsv_cache_names; /* all caches that can be found */
static int rsv_cache_state; /* of CPU hot-plug */

/*
 * Caches themselves, side by side and each at the beginning of a line of the CPU's cache. kmalloc()
 * would put them 1 KB apart, where what all fast paths read first competes for few of its sets.
 */
static struct kmem_cache *rsv_cache_memory;
static atomic_t rsv_cache_memory_out; /* how many */

static DEFINE_SPINLOCK(rsv_quarantine_lock);
static LIST_HEAD(rsv_quarantine); /* the newest first (rsv_quarantine_lock) */
static unsigned int rsv_nr_quarantined; /* (rsv_quarantine_lock) */

/*
 * Parts of a cache
 */

static void rsv_cache_free_nodes(struct rsv_cache *c)
{
	int nid;

	for (nid = 0; nid < nr_node_ids; nid++)
		kfree(c->nodes[nid]);
}

static int rsv_cache_alloc_nodes(struct rsv_cache *c)
{
	int nid;

	for (nid = 0; nid < nr_node_ids; nid++) {
		int home = node_online(nid) ? nid : NUMA_NO_NODE;
		struct rsv_cache_node *n = kzalloc_node(sizeof(*n), GFP_KERNEL, home);

		if (!n)
			return -ENOMEM;
		rsv_slabs_init(n);
		raw_spin_lock_init(&n->depot.lock);
		c->nodes[nid] = n;
	}
	return 0;
}

static int rsv_cache_alloc_cpus(struct rsv_cache *c)
{
	unsigned int cpu;

	c->cpus = __alloc_percpu(sizeof(struct rsv_cpu), cache_line_size());
	if (!c->cpus)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		rsv_cpu_init(per_cpu_ptr(c->cpus, cpu));
	return 0;
}

/*
 * The inverse of an odd number modulo the size of a word, by Newton's method: the number itself is
 * right in three bits, and each step doubles them.
 */
static unsigned long rsv_inverse(unsigned long odd)
{
	unsigned long inverse = odd;
	unsigned int bits;

	for (bits = 3; bits < BITS_PER_LONG; bits *= 2)
		inverse *= 2 - odd * inverse;
	return inverse;
}

static void rsv_cache_set_layout(struct rsv_cache *c, const struct rsv_layout *l)
{
	c->layout = *l;
	c->shift = __ffs(l->stride);
	c->inverse = rsv_inverse(l->stride >> c->shift);
	c->mask = (roundup_pow_of_two(l->pages ?: 1UL) << PAGE_SHIFT) - 1;
	rsv_magazines_choose(c);
}

/* Fisher and Yates's shuffle */
static void rsv_cache_shuffle(struct rsv_cache *c)
{
	unsigned int i, j;

	for (i = 0; i < RSV_BATCH; i++) {
		j = get_random_u32() % (i + 1);
		c->order[i] = c->order[j];
		c->order[j] = i;
	}
}

static void rsv_cache_discard(struct rsv_cache *c)
{
	free_percpu(c->cpus);
	rsv_cache_free_nodes(c);
	kmem_cache_free(rsv_cache_memory, c);
	atomic_dec(&rsv_cache_memory_out);
}

static struct rsv_cache *rsv_cache_new(struct rsv_region *r, const char *name,
				       const struct rsv_layout *l, unsigned int flags,
				       void (*ctor)(void *object))
{
	struct rsv_cache *c = kmem_cache_zalloc(rsv_cache_memory, GFP_KERNEL);

	if (!c)
		return NULL;
	atomic_inc(&rsv_cache_memory_out);
	c->region = r;
	strscpy_pad(c->name, name, sizeof(c->name));
	c->engine = rsv_engine_of(flags);
	c->flags = flags;
	c->ctor = ctor;
	c->secret = get_random_long();
	c->alive = true;
	raw_spin_lock_init(&c->guarantee.lock);
	rsv_cache_set_layout(c, l);
	rsv_cache_shuffle(c);
	if (rsv_cache_alloc_nodes(c) || rsv_cache_alloc_cpus(c)) {
		rsv_cache_discard(c);
		return NULL;
	}
	rsv_cache_update_fastpath(c);
	if (rsv_cache_debugs(c))
		rsv_debug_start(c);
	return c;
}

/*
 * Coming and going
 */

/* The region and the name are one key. */
static_assert(offsetof(struct rsv_cache, name) ==
	      offsetof(struct rsv_cache, region) + sizeof_field(struct rsv_cache, region));

static const struct rhashtable_params rsv_cache_name_params = {
	.head_offset = offsetof(struct rsv_cache, name_node),
	.key_offset = offsetof(struct rsv_cache, region),
	.key_len = sizeof_field(struct rsv_cache, region) + sizeof_field(struct rsv_cache, name),
	.automatic_shrinking = true,
};

/* Two that are made at once may be entered in the one order and have numbers in the other. */
static void rsv_cache_list(struct rsv_cache *c)
{
	struct rsv_region *r = c->region;

	mutex_lock(&r->caches_lock);
	/* In the place that is kept for it. */
	xa_store(&r->caches_by_id, c->id, c, GFP_NOWAIT);
	list_add_tail_rcu(&c->list, &r->caches);
	r->nr_caches++;
	mutex_unlock(&r->caches_lock);
}

static int rsv_cache_enter(struct rsv_cache *c)
{
	struct rsv_region *r = c->region;
	int err;

	c->id = atomic_inc_return(&rsv_cache_ids);
	err = xa_reserve(&r->caches_by_id, c->id, GFP_KERNEL);
	if (err)
		return err;
	err = rhashtable_lookup_insert_fast(&rsv_cache_names, &c->name_node, rsv_cache_name_params);
	if (err)
		xa_release(&r->caches_by_id, c->id);
	else
		rsv_cache_list(c);
	return err;
}

static void rsv_cache_leave(struct rsv_cache *c)
{
	struct rsv_region *r = c->region;

	mutex_lock(&r->caches_lock);
	list_del_rcu(&c->list);
	xa_erase(&r->caches_by_id, c->id);
	r->nr_caches--;
	mutex_unlock(&r->caches_lock);
	rhashtable_remove_fast(&rsv_cache_names, &c->name_node, rsv_cache_name_params);
}

/**
 * rsv_cache_next() - the first cache of a region from a number on
 * @r: the region, its caches locked
 * @id: the number
 *
 * Return: The cache, or NULL if none has so large a number.
 */
struct rsv_cache *rsv_cache_next(struct rsv_region *r, u32 id)
{
	unsigned long index = id;

	return xa_find(&r->caches_by_id, &index, ULONG_MAX, XA_PRESENT);
}

static int rsv_cache_open(struct rsv_cache *c)
{
	int err = cpuhp_state_add_instance_nocalls(rsv_cache_state, &c->cpuhp);

	if (err)
		return err;
	err = rsv_cache_enter(c);
	if (err)
		cpuhp_state_remove_instance_nocalls(rsv_cache_state, &c->cpuhp);
	else
		rsv_cache_hooks->created(c);
	return err;
}

/**
 * rsv_cache_create_internal() - make a cache, for the module itself
 * @r: as for rsv_cache_create(), as the others
 * @name: its name
 * @size: bytes of an object
 * @align: its alignment, up to twice the page size
 * @flags: RSV_CACHE_* as well
 * @ctor: its constructor or NULL
 *
 * Context: Process; may sleep.
 * Return: As rsv_cache_create().
 */
struct rsv_cache *rsv_cache_create_internal(struct rsv_region *r, const char *name,
					    unsigned int size, unsigned int align,
					    unsigned int flags, void (*ctor)(void *object))
{
	struct rsv_layout layout;
	struct rsv_cache *c;
	int err;

	if (!(flags & RSV_CACHE_INTERNAL))
		flags |= rsv_debug_flags(name);
	err = rsv_layout_choose(&layout, size, align, flags, ctor);
	if (err)
		return ERR_PTR(err);
	c = rsv_cache_new(r, name, &layout, flags, ctor);
	if (!c)
		return ERR_PTR(-ENOMEM);
	err = rsv_cache_open(c);
	if (err) {
		rsv_cache_discard(c);
		return ERR_PTR(err);
	}
	return c;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_cache_create_internal);

/**
 * rsv_cache_create() - make a cache for objects of one size
 * @r: the region that its slabs come from
 * @name: 1 to 31 of A-Z a-z 0-9 _ . - and not "." or ".."; unique in the region
 * @size: bytes of an object, up to RSV_CACHE_SIZE_MAX
 * @align: a power of two up to the page size, or 0 for eight bytes
 * @flags: RSV_HWCACHE_ALIGN, RSV_NO_MAGAZINE, one RSV_ENGINE_* at most (none: what engine= says),
 *	RSV_RED_ZONE, RSV_POISON, RSV_STORE_USER
 * @ctor: called once for every object before it is handed out for the first time in its slab's
 *	life, with no lock held; an object keeps its state from free to the next allocation, so who
 *	frees it restores the state that the constructor made. May be NULL
 *
 * Context: Process; may sleep.
 * Return: The cache, or ERR_PTR: -EINVAL for a bad name, size, alignment or flag, -EEXIST for a
 * name that is taken, -ENOMEM.
 */
struct rsv_cache *rsv_cache_create(struct rsv_region *r, const char *name, unsigned int size,
				   unsigned int align, unsigned int flags,
				   void (*ctor)(void *object))
{
	if (!r || !rsv_name_ok(name) || align > PAGE_SIZE)
		return ERR_PTR(-EINVAL);
	if (flags & ~RSV_CACHE_FLAGS || hweight32(flags & RSV_ENGINES) > 1)
		return ERR_PTR(-EINVAL);
	return rsv_cache_create_internal(r, name, size, align, flags, ctor);
}
EXPORT_SYMBOL_GPL(rsv_cache_create);

/* The oldest grave, if there are more than so many */
static struct rsv_cache *rsv_quarantine_pop(unsigned int keep)
{
	struct rsv_cache *c = NULL;

	spin_lock(&rsv_quarantine_lock);
	if (rsv_nr_quarantined > keep) {
		c = list_last_entry(&rsv_quarantine, struct rsv_cache, list);
		list_del(&c->list);
		rsv_nr_quarantined--;
	}
	spin_unlock(&rsv_quarantine_lock);
	return c;
}

/* Nobody who came across the cache is looking at it any more: what is left is what graves need. */
static void rsv_cache_quarantine(struct work_struct *work)
{
	struct rsv_cache *c = container_of(to_rcu_work(work), struct rsv_cache, rcu);

	rsv_cache_free_nodes(c);
	memset(c->nodes, 0, nr_node_ids * sizeof(*c->nodes));
	spin_lock(&rsv_quarantine_lock);
	list_add(&c->list, &rsv_quarantine);
	rsv_nr_quarantined++;
	spin_unlock(&rsv_quarantine_lock);
	c = rsv_quarantine_pop(RSV_QUARANTINE_MAX);
	if (c)
		rsv_cache_discard(c);
}

/* CPUs that are gone, or that went while nobody emptied them */
static void rsv_cache_empty_offline(struct rsv_cache *c)
{
	unsigned int cpu;

	cpus_read_lock();
	for_each_possible_cpu(cpu)
		if (!cpu_online(cpu))
			rsv_cpu_flush(c, per_cpu_ptr(c->cpus, cpu));
	cpus_read_unlock();
}

/*
 * Makes a cache, of which no CPU has anything any more, one that nobody finds. Those who found it
 * before may still have a magazine of it in their hands, until they drop region->caches_lock, which
 * is taken here, or until a grace period has passed.
 */
static void rsv_cache_retire(struct rsv_cache *c)
{
	rsv_cache_hooks->destroyed(c);
	WRITE_ONCE(c->alive, false);
	rsv_cache_update_fastpath(c);
	cpuhp_state_remove_instance_nocalls(rsv_cache_state, &c->cpuhp);
	rsv_cache_empty_offline(c);
	rsv_cache_leave(c);
}

static u64 rsv_cache_slabs(const struct rsv_cache *c)
{
	struct rsv_cache_figures f;

	rsv_cache_count(c, &f);
	return f.full + f.partial + f.empty;
}

/* Gives back all that a retired cache has left, after a grace period, and buries it. */
static int rsv_cache_finish(struct rsv_cache *c)
{
	rsv_depot_drain(c);
	c->engine->shrink(c, false);
	/* What has objects that were lost must be found by whoever comes across them. */
	if (rsv_cache_slabs(c)) {
		rsv_report(RSV_IN_USE, "cache %s of region %s: it has slabs left", c->name,
			   c->region->name);
		return -EBUSY;
	}
	INIT_RCU_WORK(&c->rcu, rsv_cache_quarantine);
	queue_rcu_work(rsv_queue, &c->rcu);
	return 0;
}

/* Reports objects that are out, if there are any. */
static bool rsv_cache_in_use(struct rsv_cache *c)
{
	struct rsv_cache_figures f;

	rsv_cache_count(c, &f);
	if (f.active && rsv_report(RSV_IN_USE, "cache %s of region %s: %llu objects are out",
				   c->name, c->region->name, f.active))
		rsv_debug_leaks(c);
	return f.active;
}

/**
 * rsv_cache_destroy() - end a cache
 * @c: the cache, used by nobody else any more; NULL does nothing
 *
 * Context: Process; may sleep; waits for a grace period.
 * Return: 0; -EBUSY, with a report that lists them, while objects are out, and then nothing has
 * changed, or if objects turn out to be lost, and then the cache cannot be used any more; -EINVAL,
 * with a report, for a cache that was destroyed already.
 */
int rsv_cache_destroy(struct rsv_cache *c)
{
	if (!c)
		return 0;
	if (!rsv_cache_usable(c))
		return -EINVAL;
	/* What two CPUs gave back at once, and lies in two magazines, hides one that is out. */
	rsv_cache_drain(c);
	rsv_depot_drain(c);
	if (rsv_cache_in_use(c))
		return -EBUSY;
	rsv_cache_reserve(c, 0);
	rsv_cache_drain(c);
	rsv_cache_retire(c);
	synchronize_rcu();
	return rsv_cache_finish(c);
}
EXPORT_SYMBOL_GPL(rsv_cache_destroy);

/* Ends those that serve other caches, or all others, with one grace period. */
static void rsv_caches_end_some(struct rsv_region *r, bool own)
{
	struct rsv_cache *c, *next;
	LIST_HEAD(retired);

	list_for_each_entry_safe(c, next, &r->caches, list) {
		if (!(c->flags & RSV_CACHE_INTERNAL) == own)
			continue;
		rsv_cache_in_use(c);
		rsv_cache_reserve(c, 0);
	}
	rsv_drain_cpus(r);
	list_for_each_entry_safe(c, next, &r->caches, list) {
		if (!(c->flags & RSV_CACHE_INTERNAL) == own)
			continue;
		rsv_cache_retire(c);
		list_add_tail(&c->ending, &retired);
	}
	synchronize_rcu();
	list_for_each_entry_safe(c, next, &retired, ending)
		rsv_cache_finish(c);
}

/**
 * rsv_caches_end() - end all caches of a region
 * @r: the region, of whose pages none is in use; what its caches still count as out is only counted
 *	so, and reported
 *
 * Context: Process; may sleep; waits for grace periods.
 */
void rsv_caches_end(struct rsv_region *r)
{
	rsv_caches_end_some(r, false);
	rsv_caches_end_some(r, true);
}

/**
 * rsv_caches_forget_cpus() - let CPUs come and go without the caches of a region that is leaked
 * @r: the region
 *
 * Context: Process; may sleep.
 */
void rsv_caches_forget_cpus(struct rsv_region *r)
{
	struct rsv_cache *c;

	list_for_each_entry(c, &r->caches, list)
		cpuhp_state_remove_instance_nocalls(rsv_cache_state, &c->cpuhp);
}

/**
 * rsv_cache_set_hooks() - say what to call when caches come and go
 * @watch: the calls; before the first cache is made
 */
void rsv_cache_set_hooks(const struct rsv_cache_hooks *watch)
{
	rsv_cache_hooks = watch;
}

/*
 * Figures
 */

static void rsv_count_cpus(const struct rsv_cache *c, struct rsv_cache_figures *f)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		const struct rsv_cpu *p = per_cpu_ptr(c->cpus, cpu);

		f->allocs += READ_ONCE(p->allocs) + READ_ONCE(p->slow_allocs);
		f->frees += READ_ONCE(p->frees) + READ_ONCE(p->slow_frees);
		f->failures += READ_ONCE(p->failures);
	}
	/*
	 * What is read while others go on may have the free of an object, and not its allocation.
	 */
	f->active = f->allocs - min(f->allocs, f->frees);
}

static void rsv_count_slabs(struct rsv_cache_node *n, struct rsv_cache_figures *f)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&n->lock, flags);
	f->total += n->total;
	f->pages += n->nr_pages;
	f->full += n->slabs[RSV_FULL].nr;
	f->empty += n->slabs[RSV_EMPTY].nr;
	f->partial += n->nr_slabs - n->slabs[RSV_FULL].nr - n->slabs[RSV_EMPTY].nr;
	f->slabs_made += n->slabs_made;
	f->slabs_given += n->slabs_given;
	raw_spin_unlock_irqrestore(&n->lock, flags);
}

static void rsv_count_depot(struct rsv_depot *d, struct rsv_cache_figures *f)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&d->lock, flags);
	f->depot_full += d->full.nr;
	f->depot_empty += d->empty.nr;
	f->exchanges += d->exchanges;
	f->contended += d->contended;
	raw_spin_unlock_irqrestore(&d->lock, flags);
}

/**
 * rsv_cache_count() - what a cache holds and did
 * @c: the cache
 * @figures: filled in; a snapshot that nobody is stopped for, exact if nobody uses the cache
 *
 * Context: Any but NMI.
 */
void rsv_cache_count(const struct rsv_cache *c, struct rsv_cache_figures *figures)
{
	int nid;

	memset(figures, 0, sizeof(*figures));
	rsv_count_cpus(c, figures);
	for (nid = 0; nid < nr_node_ids; nid++) {
		rsv_count_slabs(c->nodes[nid], figures);
		/* What waits in the depot of a cache that serves others is no magazine of it. */
		if (!(c->flags & RSV_CACHE_INTERNAL))
			rsv_count_depot(&c->nodes[nid]->depot, figures);
	}
}
EXPORT_SYMBOL_IF_KUNIT(rsv_cache_count);

/*
 * Start and stop
 */

static int rsv_cache_cpu_dead(unsigned int cpu, struct hlist_node *node)
{
	struct rsv_cache *c = hlist_entry(node, struct rsv_cache, cpuhp);

	rsv_cpu_flush(c, per_cpu_ptr(c->cpus, cpu));
	return 0;
}

/**
 * rsv_caches_start() - get ready for caches
 *
 * The state is one of the PREPARE section, whose teardown runs when the CPU is dead: it still frees
 * until then.
 *
 * Context: Process; may sleep.
 * Return: 0 or an error number.
 */
int rsv_caches_start(void)
{
	const struct rsv_cache *c;
	int err = -ENOMEM;

	rsv_cache_memory = kmem_cache_create("rsv_cache", struct_size(c, nodes, nr_node_ids), 0,
					     SLAB_HWCACHE_ALIGN, NULL);
	if (!rsv_cache_memory)
		return err;
	err = rhashtable_init(&rsv_cache_names, &rsv_cache_name_params);
	if (err)
		goto no_names;
	err = cpuhp_setup_state_multi(CPUHP_BP_PREPARE_DYN, "reservoir:cache-dead", NULL,
				      rsv_cache_cpu_dead);
	if (err < 0)
		goto no_state;
	rsv_cache_state = err;
	rsv_reap_set_hooks();
	return 0;

no_state:
	rhashtable_destroy(&rsv_cache_names);
no_names:
	kmem_cache_destroy(rsv_cache_memory);
	return err;
}

/**
 * rsv_caches_stop() - undo rsv_caches_start(), after the last region, with nothing queued any more
 *
 * Context: Process; may sleep.
 */
void rsv_caches_stop(void)
{
	struct rsv_cache *c;

	while ((c = rsv_quarantine_pop(0)))
		rsv_cache_discard(c);
	cpuhp_remove_multi_state(rsv_cache_state);
	rhashtable_destroy(&rsv_cache_names);
	/* A cache that was leaked with its region stays, and so does what it is from. */
	if (!atomic_read(&rsv_cache_memory_out))
		kmem_cache_destroy(rsv_cache_memory);
}
