// SPDX-License-Identifier: GPL-2.0
/*
 * Caches: this file creates them, and lets others find them. alloc.c and free.c use them, and
 * cache_destroy.c ends them.
 *
 * Lock order, outermost first:
 *
 *	rsv_regions_lock	mutex, the list of regions (region_list.c)
 *	region->shape_lock	mutex, memory comes and goes
 *	rsv_cpu_reserve_mutex	mutex, how many objects each CPU has aside (cpu_reserve.c)
 *	region->caches_lock	mutex, caches come and go
 *	region->drain_lock	mutex, CPUs are drained
 *	region->cache_drain_lock	mutex, CPUs are drained of some caches
 *	rsv_irq_jobs_mutex	mutex, the jobs of CPUs are flushed (irq_job.c)
 *	cpus_read_lock()	CPUs come and go
 *	rsv_cache_node->lock	raw, the slabs of one cache and node
 *	rsv_depot->lock		raw, the magazines of one cache and node
 *	rsv_guarantee->lock	raw, the guaranteed objects of one cache
 *	rsv_heap_node->lock	raw, the heap of one region and node
 *	zone->lock		raw, the free areas of one zone
 *
 * No two raw locks are ever held together: an engine drops the lock of a node before it gets pages
 * for a slab, and before it gives them back. No code prints, clears or constructs under a raw lock.
 * A CPU that goes off-line is flushed without region->caches_lock, since holders of that lock wait
 * for CPUs.
 */
#include <linux/cache.h>
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "cache.h"
#include "cache_list.h"
#include "cache_struct.h"
#include "cpu.h"
#include "cpu_reserve.h"
#include "debug/check.h"
#include "deferred.h"
#include "depot.h"
#include "engine.h"
#include "guarantee.h"
#include "irq_job.h"
#include "layout.h"
#include "magazine.h"
#include "magazine_cache.h"
#include "name.h"
#include "node.h"
#include "pages/gfp.h"
#include "rcu_frees.h"
#include "reap.h"

static const struct rsv_cache_hooks *rsv_cache_hooks;	/* set before the first cache */
static int rsv_cache_state;	/* of CPU hot-plug */

/*
 * Parts of a cache
 */

/**
 * rsv_cache_free_nodes() - free the nodes of a cache, early
 * @c: the cache, whose nodes nobody looks at any more
 *
 * Context: Any.
 */
void rsv_cache_free_nodes(struct rsv_cache *c)
{
	int nid;

	for (nid = 0; nid < nr_node_ids; nid++) {
		kfree(c->nodes[nid]);
		c->nodes[nid] = NULL;
	}
}

/* A program is charged for the structures of its caches, and for those of its scratch regions. */
static gfp_t rsv_cache_gfp(const struct rsv_cache *c)
{
	return rsv_name_is_of_user(c->name) ? RSV_GFP_CREATE | __GFP_ACCOUNT :
					      rsv_gfp_create(c->region);
}

static int rsv_cache_alloc_nodes(struct rsv_cache *c)
{
	int nid;

	for (nid = 0; nid < nr_node_ids; nid++) {
		struct rsv_cache_node *n =
			kzalloc_node(sizeof(*n), rsv_cache_gfp(c), rsv_metadata_node(nid));

		if (!n)
			return -ENOMEM;
		rsv_slabs_init(n);
		rsv_depot_init(&n->depot);
		c->nodes[nid] = n;
	}
	return 0;
}

static int rsv_cache_alloc_cpus(struct rsv_cache *c)
{
	unsigned int cpu;

	c->cpus = __alloc_percpu_gfp(sizeof(struct rsv_cpu), cache_line_size(),
				     rsv_cache_gfp(c));
	if (!c->cpus)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		rsv_cpu_init(c, per_cpu_ptr(c->cpus, cpu));
	return 0;
}

/*
 * The inverse of an odd number modulo the range of a word, by Newton's method: the lowest three
 * bits of the number are their own inverse, and each step doubles the right bits.
 */
static unsigned long rsv_inverse(unsigned long odd)
{
	unsigned long inverse = odd;
	unsigned int bits;

	for (bits = 3; bits < BITS_PER_LONG; bits *= 2)
		inverse *= 2 - odd * inverse;
	return inverse;
}

static void rsv_cache_set_layout(struct rsv_cache *c, const struct rsv_layout *l,
				 unsigned int magazine_size)
{
	c->layout = *l;
	c->shift = __ffs(l->stride);
	c->inverse = rsv_inverse(l->stride >> c->shift);
	c->mask = (roundup_pow_of_two(l->pages ?: 1UL) << PAGE_SHIFT) - 1;
	rsv_magazine_choose_size(c, magazine_size);
}

/* Fisher and Yates's shuffle */
static void rsv_cache_shuffle(struct rsv_cache *c)
{
	unsigned int i, j;

	for (i = 0; i < RSV_BATCH; i++) {
		j = get_random_u32() % (i + 1);
		c->carve_order[i] = c->carve_order[j];
		c->carve_order[j] = i;
	}
}

/**
 * rsv_cache_free_memory() - free a cache
 * @c: the cache, which nobody finds or uses any more
 *
 * Context: Process; may sleep.
 */
void rsv_cache_free_memory(struct rsv_cache *c)
{
	rsv_cpu_reserve_free(c);
	free_percpu(c->cpus);
	rsv_cache_free_nodes(c);
	rsv_cache_struct_free(c);
}

static struct rsv_cache *rsv_cache_new(struct rsv_region *r, const char *name,
				       const struct rsv_layout *l,
				       const struct rsv_cache_args *args)
{
	struct rsv_cache *c = rsv_cache_struct_alloc();

	if (!c)
		return NULL;
	c->region = r;
	strscpy_pad(c->name, name, sizeof(c->name));
	c->engine = rsv_engine_of(args->flags);
	c->flags = args->flags;
	c->ctor = args->ctor;
	c->secret = get_random_long();
	c->alive = true;
	INIT_LIST_HEAD(&c->ending);
	rsv_guarantee_init(&c->guarantee);
	rsv_cache_set_layout(c, l, args->magazine_size);
	rsv_cache_shuffle(c);
	if (rsv_cache_alloc_nodes(c) || rsv_cache_alloc_cpus(c)) {
		rsv_cache_free_memory(c);
		return NULL;
	}
	rsv_cache_update_fast(c);
	if (rsv_cache_debugs(c))
		rsv_debug_start(c);
	return c;
}

/*
 * Creation
 */

static int rsv_cache_open(struct rsv_cache *c)
{
	int err = cpuhp_state_add_instance_nocalls(rsv_cache_state, &c->cpuhp);

	if (err)
		return err;
	err = rsv_cache_publish(c);
	if (err)
		cpuhp_state_remove_instance_nocalls(rsv_cache_state, &c->cpuhp);
	else
		rsv_cache_hooks->created(c);
	return err;
}

static void rsv_cache_flush_offline(struct rsv_cache *c)
{
	unsigned int cpu;

	cpus_read_lock();
	for_each_possible_cpu(cpu)
		if (!cpu_online(cpu))
			rsv_cpu_flush(c, per_cpu_ptr(c->cpus, cpu));
	cpus_read_unlock();
}

/**
 * rsv_cache_close() - let nobody find or use a cache any more
 * @c: the cache, whose CPUs are drained
 *
 * A task that found the cache before may still flush one of its magazines. It is done when it drops
 * region->caches_lock, which unpublishing takes, or when a grace period is over.
 *
 * Context: Process; may sleep.
 */
void rsv_cache_close(struct rsv_cache *c)
{
	rsv_cache_hooks->destroyed(c);
	WRITE_ONCE(c->alive, false);
	rsv_cache_update_fast(c);
	cpuhp_state_remove_instance_nocalls(rsv_cache_state, &c->cpuhp);
	rsv_cache_flush_offline(c);
	rsv_cache_unpublish(c);
}

/**
 * rsv_cache_create_internal() - create a cache for the module itself
 * @r: as for rsv_cache_create()
 * @name: its full name (name.c)
 * @size: bytes of an object
 * @args: as for rsv_cache_create_args(); alignments up to RSV_LAYOUT_ALIGN_MAX, and also the flags
 *	RSV_CACHE_*
 *
 * Context: Process; may sleep.
 * Return: As rsv_cache_create().
 */
struct rsv_cache *rsv_cache_create_internal(struct rsv_region *r, const char *name,
					    unsigned int size, const struct rsv_cache_args *args)
{
	struct rsv_cache_args own = *args;
	struct rsv_layout layout;
	struct rsv_cache *c;
	int err;

	if (!(own.flags & RSV_CACHE_INTERNAL))
		own.flags |= rsv_debug_flags(rsv_name_bare(name));
	err = rsv_layout_choose(&layout, rsv_engine_of(own.flags), size, &own);
	if (err)
		return ERR_PTR(err);
	if (!rsv_magazine_size_ok(size, &own))
		return ERR_PTR(-EINVAL);
	c = rsv_cache_new(r, name, &layout, &own);
	if (!c)
		return ERR_PTR(-ENOMEM);
	err = rsv_cache_open(c);
	if (err) {
		rsv_cache_free_memory(c);
		return ERR_PTR(err);
	}
	return c;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_cache_create_internal);

/* rsv_layout_choose() checks the rest. */
static bool rsv_cache_request_ok(const char *name, unsigned int align, unsigned int flags)
{
	return rsv_name_ok(name) && align <= PAGE_SIZE && !(flags & ~RSV_CACHE_FLAGS) &&
	       hweight32(flags & RSV_ENGINES) <= 1;
}

/**
 * rsv_cache_create_args() - create a cache, with all that can be said of it
 * @r: as for rsv_cache_create()
 * @name: as for rsv_cache_create()
 * @size: as for rsv_cache_create()
 * @args: the rest; all zeroes for a cache of plain objects
 *
 * The function is to rsv_cache_create() what kmem_cache_create() with a struct kmem_cache_args is
 * to its older form.
 *
 * Context: Process; may sleep.
 * Return: As rsv_cache_create(). -EINVAL also for a @freeptr_offset that is not a multiple of
 * eight, that leaves the object or that is given without @use_freeptr_offset; for a @magazine_size
 * that is no size of magazines, that would hold more than 128 KB of objects, or that comes with
 * RSV_NO_MAGAZINE.
 */
struct rsv_cache *rsv_cache_create_args(struct rsv_region *r, const char *name, unsigned int size,
					const struct rsv_cache_args *args)
{
	const unsigned int own = RSV_NAME_UNIQUE | RSV_FREE_NOLOCK;

	if (!r || !args || !rsv_cache_request_ok(name, args->align, args->flags & ~own))
		return ERR_PTR(-EINVAL);
	return rsv_cache_create_internal(r, name, size, args);
}
EXPORT_SYMBOL_GPL(rsv_cache_create_args);

/**
 * rsv_cache_create() - create a cache for objects of one size
 * @r: the region that its slabs come from
 * @name: 1 to 31 of A-Z a-z 0-9 _ . - and not "." or ".."; unique in the region, but for caches
 *	of programs, which have a name space of their own
 * @size: bytes of an object, up to 32 pages
 * @align: a power of two up to the page size, or 0 for eight bytes
 * @flags: RSV_HWCACHE_ALIGN, RSV_NO_MAGAZINE, one RSV_ENGINE_* at most (none: what engine= says),
 *	RSV_RED_ZONE, RSV_POISON, RSV_STORE_USER, RSV_NAME_UNIQUE, RSV_TYPESAFE_BY_RCU,
 *	RSV_FREE_NOLOCK
 * @ctor: called once for every object before its first allocation in its slab's life, with no lock
 *	held; may be NULL. A freed object keeps its state for the next allocation, so the caller
 *	that frees it restores the state that the constructor made
 *
 * As kmem_cache_create(), the function takes no reference to the module that @ctor is in: a module
 * that held itself in this way could never be unloaded. So a module destroys its caches in its exit
 * function, before its constructors go. A module that shares such a cache with others makes sure
 * that these go first: those that use a symbol of it do, all others hold it by try_module_get().
 *
 * With RSV_NAME_UNIQUE a second cache of the name gets "-1" behind it, the next one "-2" and so on:
 * two instances of a driver need not agree on names. If there is no room for the number, the name
 * loses its last characters. What debug= says of @name holds for all of them.
 *
 * Context: Process; may sleep.
 * Return: The cache, or ERR_PTR: -EINVAL for a bad name, size, alignment or flag, and for
 * RSV_FREE_NOLOCK with the engine SLOB, whose frees take the lock of its heap; -EEXIST for a name
 * that is taken, without RSV_NAME_UNIQUE; -ENOMEM.
 */
struct rsv_cache *rsv_cache_create(struct rsv_region *r, const char *name, unsigned int size,
				   unsigned int align, unsigned int flags,
				   void (*ctor)(void *object))
{
	const struct rsv_cache_args args = { .align = align, .flags = flags, .ctor = ctor };

	return rsv_cache_create_args(r, name, size, &args);
}
EXPORT_SYMBOL_GPL(rsv_cache_create);

/**
 * rsv_cache_create_for_user() - create a cache for a program
 * @r: as for rsv_cache_create()
 * @name: as for rsv_cache_create(), in the name space of programs
 * @size: as for rsv_cache_create()
 * @align: as for rsv_cache_create()
 * @flags: as for rsv_cache_create(), without RSV_NAME_UNIQUE and RSV_FREE_NOLOCK
 * @ctor: as for rsv_cache_create()
 *
 * Context: Process; may sleep.
 * Return: As rsv_cache_create().
 */
struct rsv_cache *rsv_cache_create_for_user(struct rsv_region *r, const char *name,
					    unsigned int size, unsigned int align,
					    unsigned int flags, void (*ctor)(void *object))
{
	const struct rsv_cache_args args = { .align = align, .flags = flags, .ctor = ctor };
	char full[RSV_FULL_NAME_MAX];

	if (!rsv_cache_request_ok(name, align, flags))
		return ERR_PTR(-EINVAL);
	rsv_name_of_user(full, name);
	return rsv_cache_create_internal(r, full, size, &args);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_cache_create_for_user);

/*
 * Start and stop
 */

/**
 * rsv_cache_set_hooks() - set the hooks for caches that come and go
 * @hooks: the hooks; before the first cache is created
 */
void rsv_cache_set_hooks(const struct rsv_cache_hooks *hooks)
{
	rsv_cache_hooks = hooks;
}

static int rsv_cache_cpu_dead(unsigned int cpu, struct hlist_node *node)
{
	struct rsv_cache *c = hlist_entry(node, struct rsv_cache, cpuhp);

	rsv_irq_jobs_run_cpu(cpu);
	rsv_cpu_reserve_flush(c, cpu);
	rsv_cpu_flush(c, per_cpu_ptr(c->cpus, cpu));
	return 0;
}

/* A CPU that comes on-line without objects for any context gets them at the first request. */
static int rsv_cache_cpu_prepare(unsigned int cpu, struct hlist_node *node)
{
	rsv_cpu_reserve_start_cpu(hlist_entry(node, struct rsv_cache, cpuhp), cpu);
	return 0;
}

/**
 * rsv_caches_start() - initialise the state that all caches share
 *
 * The hot-plug state is one of the PREPARE section, whose teardown runs when the CPU is dead: until
 * then the CPU still frees.
 *
 * Context: Process; may sleep.
 * Return: 0 or an error number.
 */
int rsv_caches_start(void)
{
	int err = rsv_cache_list_start();

	if (err)
		return err;
	err = cpuhp_setup_state_multi(CPUHP_BP_PREPARE_DYN, "reservoir:cache-dead",
				      rsv_cache_cpu_prepare, rsv_cache_cpu_dead);
	if (err < 0) {
		rsv_cache_list_stop();
		return err;
	}
	rsv_cache_state = err;
	rsv_rcu_start();
	rsv_irq_jobs_start();
	rsv_deferred_start();
	rsv_reap_set_hooks();
	return 0;
}

/**
 * rsv_caches_stop() - undo rsv_caches_start(), after the last region and all queued work
 *
 * Context: Process; may sleep.
 */
void rsv_caches_stop(void)
{
	/* The queued work may have brought about interrupts. */
	rsv_irq_jobs_flush();
	cpuhp_remove_multi_state(rsv_cache_state);
	rsv_cache_list_stop();
}
