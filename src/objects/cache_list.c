// SPDX-License-Identifier: GPL-2.0
/*
 * The caches that can be found: by region and name, by number, and in the order of creation.
 *
 * Adding a cache, removing it and finding the next one cost the same for any number of caches.
 * rsv_cache_names finds a cache by region and name, and refuses a name that is taken. It is a hash
 * table that grows, with locks of its own, innermost. region->caches_by_id, under
 * region->caches_lock, finds a cache by number. A creator allocates memory of the system before it
 * takes that lock, because reclaim may ask the region for what it lends.
 *
 * A cache with RSV_NAME_UNIQUE tries one name after the other until the table takes one. Whoever
 * inserts a name first has it, so two creators at the same instant get different names.
 */
#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/rculist.h>
#include <linux/rhashtable.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/xarray.h>

#include "cache_list.h"
#include "pages/gfp.h"

atomic_t rsv_cache_ids;					/* the number of the last cache */
EXPORT_SYMBOL_IF_KUNIT(rsv_cache_ids);
static struct rhashtable rsv_cache_names;		/* all caches that can be found */

/* Region and name lie side by side, so that both together are the key. */
static_assert(offsetof(struct rsv_cache, name) ==
	      offsetof(struct rsv_cache, region) + sizeof_field(struct rsv_cache, region));

static const struct rhashtable_params rsv_cache_name_params = {
	.head_offset = offsetof(struct rsv_cache, name_node),
	.key_offset = offsetof(struct rsv_cache, region),
	.key_len = sizeof_field(struct rsv_cache, region) + sizeof_field(struct rsv_cache, name),
	.automatic_shrinking = true,
};

static int rsv_cache_name_insert(struct rsv_cache *c)
{
	return rhashtable_lookup_insert_fast(&rsv_cache_names, &c->name_node,
					     rsv_cache_name_params);
}

/* Puts a number behind a name, of which it leaves out as many last characters as it must. */
static void rsv_cache_number_name(struct rsv_cache *c, const char *name, unsigned int number)
{
	char suffix[sizeof("-4294967295")];
	int length = scnprintf(suffix, sizeof(suffix), "-%u", number);

	/* The hash table compares all bytes of a name, so those behind its end are zero. */
	memset(c->name, 0, sizeof(c->name));
	scnprintf(c->name, sizeof(c->name), "%.*s%s", RSV_NAME_MAX - 1 - length, name, suffix);
}

static int rsv_cache_name_insert_unique(struct rsv_cache *c)
{
	int err = rsv_cache_name_insert(c);
	char name[RSV_NAME_MAX];
	unsigned int number;

	memcpy(name, c->name, sizeof(name));
	for (number = 1; err == -EEXIST && number; number++) {
		rsv_cache_number_name(c, name, number);
		err = rsv_cache_name_insert(c);
	}
	return err;
}

/* CPUs that create caches at once may add them to the list in another order than by number. */
static void rsv_cache_list(struct rsv_cache *c)
{
	struct rsv_region *r = c->region;

	mutex_lock(&r->caches_lock);
	/* xa_insert() has allocated the memory. */
	xa_store(&r->caches_by_id, c->id, c, GFP_NOWAIT);
	list_add_tail_rcu(&c->list, &r->caches);
	r->nr_caches++;
	mutex_unlock(&r->caches_lock);
}

/**
 * rsv_cache_publish() - let others find a new cache, and number it
 * @c: the cache, complete. With RSV_NAME_UNIQUE it may get another name
 *
 * Context: Process; may sleep.
 * Return: 0; -EEXIST if the name is taken; -ENOMEM. The cache stays hidden on an error.
 */
int rsv_cache_publish(struct rsv_cache *c)
{
	struct rsv_region *r = c->region;
	int err;

	/* When the numbers begin again, those in use are left out. NULL reserves an entry. */
	do {
		c->id = atomic_inc_return(&rsv_cache_ids);
		err = xa_insert(&r->caches_by_id, c->id, NULL, rsv_gfp_create(r));
	} while (err == -EBUSY);
	if (err)
		return err;
	if (c->flags & RSV_NAME_UNIQUE)
		err = rsv_cache_name_insert_unique(c);
	else
		err = rsv_cache_name_insert(c);
	if (err)
		xa_release(&r->caches_by_id, c->id);
	else
		rsv_cache_list(c);
	return err;
}

/**
 * rsv_cache_unpublish() - let nobody find a cache any more
 * @c: the cache
 *
 * Context: Process; may sleep.
 */
void rsv_cache_unpublish(struct rsv_cache *c)
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
 * rsv_cache_next() - the cache of a region with the smallest number from a given one on
 * @r: the region
 * @id: the number
 *
 * Context: Under the region's caches_lock, or under rcu_read_lock(), which keeps the cache from
 *	being freed.
 * Return: The cache, or NULL if no cache has that number or a larger one.
 */
struct rsv_cache *rsv_cache_next(struct rsv_region *r, u32 id)
{
	unsigned long index = id;

	return xa_find(&r->caches_by_id, &index, ULONG_MAX, XA_PRESENT);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_cache_next);

/**
 * rsv_caches_visit() - visit the caches of a region by number
 * @r: the region
 * @visit: called for each cache under rcu_read_lock(), which keeps it from being freed meanwhile;
 *	it must not sleep. It returns true to end the visits
 * @data: passed to it
 *
 * Other tasks can run after each cache, also on a kernel that does not preempt, and caches come and
 * go meanwhile.
 *
 * Context: Process; may sleep.
 * Return: Whether a visit ended the others.
 */
bool rsv_caches_visit(struct rsv_region *r, bool (*visit)(struct rsv_cache *c, void *data),
		      void *data)
{
	unsigned long id = 0;
	struct rsv_cache *c;
	bool done = false;

	do {
		rcu_read_lock();
		c = xa_find(&r->caches_by_id, &id, ULONG_MAX, XA_PRESENT);
		if (c)
			done = visit(c, data);
		rcu_read_unlock();
		cond_resched();
	} while (c && !done && ++id);
	return done;
}

/**
 * rsv_cache_list_start() - create the table of names, before the first cache
 *
 * Context: Process; may sleep.
 * Return: 0 or -ENOMEM.
 */
int rsv_cache_list_start(void)
{
	return rhashtable_init(&rsv_cache_names, &rsv_cache_name_params);
}

/**
 * rsv_cache_list_stop() - free the table of names, after the last cache
 *
 * Context: Process; may sleep.
 */
void rsv_cache_list_stop(void)
{
	rhashtable_destroy(&rsv_cache_names);
}
