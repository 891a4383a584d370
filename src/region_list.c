// SPDX-License-Identifier: GPL-2.0
/*
 * The list of regions: this file names and numbers regions, finds them, and counts their users.
 *
 * rsv_regions_lock guards the list of regions, their numbers, their counts of users, and whether
 * they are changing. It is the outermost lock, no allocation path takes it, and nobody waits while
 * he holds it: to create a region, or to destroy one, takes grace periods and memory of the system.
 * So a task that begins to do that marks the region as changing, under the lock, and goes on
 * without. The name of a region that is changing is taken. Whoever looks for that name waits until
 * the region is complete, or gone, or was in use and stays; all others go on. Nobody gets a
 * reference to a region that is changing.
 */
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/reservoir.h>
#include <linux/string.h>
#include <linux/wait.h>

#include "compat.h"
#include "name.h"
#include "region_list.h"

static DEFINE_MUTEX(rsv_regions_lock);	/* see the top of this file */
static LIST_HEAD(rsv_regions);	/* by number (rsv_regions_lock) */
static unsigned int rsv_region_changes;	/* that are done (rsv_regions_lock; read without) */
static DECLARE_WAIT_QUEUE_HEAD(rsv_region_changed);	/* woken when there are more of them */
u32 rsv_region_ids;	/* the number of the next region (rsv_regions_lock) */
EXPORT_SYMBOL_IF_KUNIT(rsv_region_ids);

/* Set at load and cleared at unload, when no caller of rsv_default_region() is left. */
static struct rsv_region *rsv_default;

/**
 * rsv_default_region() - the region that the module creates at load
 *
 * Context: Any.
 * Return: The region. It lives as long as the module; with reserve=none it has no memory.
 */
struct rsv_region *rsv_default_region(void)
{
	return rsv_default;
}
EXPORT_SYMBOL_GPL(rsv_default_region);

/**
 * rsv_region_set_default() - set what rsv_default_region() returns
 * @r: the region, or NULL
 *
 * Context: At load and at unload.
 */
void rsv_region_set_default(struct rsv_region *r)
{
	rsv_default = r;
}

/*
 * Gives a new region its number and its place in the list. When the numbers begin again at 0, the
 * function leaves out those in use.
 */
static void rsv_region_list(struct rsv_region *r)
{
	struct rsv_region *next;
	bool used;

	do {
		r->id = rsv_region_ids++;
		used = false;
		list_for_each_entry(next, &rsv_regions, list) {
			used = next->id == r->id;
			if (next->id >= r->id)
				break;
		}
	} while (used);
	list_add_tail(&r->list, &next->list);
}

static struct rsv_region *rsv_region_find(const char *full)
{
	struct rsv_region *r;

	list_for_each_entry(r, &rsv_regions, list)
		if (!strcmp(r->name, full))
			return r;
	return NULL;
}

/*
 * Finds a region that a program names. The regions that programs can open come first: those of
 * administrators, then those of the kernel. With RSV_REGION_OF_KERNEL only the latter count.
 */
static struct rsv_region *rsv_region_find_for_user(const char *name, u32 flags)
{
	char full[RSV_FULL_NAME_MAX];
	struct rsv_region *r;

	if (flags & RSV_REGION_OF_KERNEL)
		return rsv_region_find(name);
	rsv_name_of_user(full, name);
	r = rsv_region_find(full);
	if (r && r->origin == RSV_REGION_NAMED)
		return r;
	return rsv_region_find(name) ?: r;
}

/*
 * Changes
 */

/*
 * Waits until a change of any region is done. The caller holds rsv_regions_lock, which this
 * function drops meanwhile. Returns 0, or -EINTR if the process was killed.
 */
static int rsv_region_wait_for_change(void)
{
	unsigned int seen = rsv_region_changes;
	int err;

	mutex_unlock(&rsv_regions_lock);
	err = wait_event_killable(rsv_region_changed, READ_ONCE(rsv_region_changes) != seen);
	mutex_lock(&rsv_regions_lock);
	return err ? -EINTR : 0;
}

/*
 * As rsv_region_find_for_user(), but waits while the region is changing. The caller holds
 * rsv_regions_lock. Returns ERR_PTR(-ENOENT) if there is no such region, and ERR_PTR(-EINTR) if the
 * process was killed.
 */
static struct rsv_region *rsv_region_find_settled(const char *name, u32 flags)
{
	struct rsv_region *r;
	int err;

	while ((r = rsv_region_find_for_user(name, flags)) && r->changing) {
		err = rsv_region_wait_for_change();
		if (err)
			return ERR_PTR(err);
	}
	return r ?: ERR_PTR(-ENOENT);
}

/**
 * rsv_region_take_name() - take the name of a new region
 * @r: the region, which is changing until rsv_region_settle()
 *
 * Context: Process; may sleep.
 * Return: 0; -EEXIST if the name is taken; -EINTR if the process was killed.
 */
int rsv_region_take_name(struct rsv_region *r)
{
	struct rsv_region *other;
	int err = 0;

	mutex_lock(&rsv_regions_lock);
	while (!err && (other = rsv_region_find(r->name)))
		err = other->changing ? rsv_region_wait_for_change() : -EEXIST;
	if (!err) {
		r->changing = true;
		rsv_region_list(r);
	}
	mutex_unlock(&rsv_regions_lock);
	return err;
}

/* The caller holds rsv_regions_lock. */
static int rsv_region_begin_end_locked(struct rsv_region *r)
{
	/* rsv_regions_stop() clears rsv_default before it destroys that region. */
	if (r == rsv_default || r->users || r->changing)
		return -EBUSY;
	r->changing = true;
	return 0;
}

/**
 * rsv_region_begin_end() - begin to destroy a region
 * @r: the region, which is changing until rsv_region_settle()
 *
 * Context: Process; may sleep.
 * Return: 0, or -EBUSY if the region is open, the default region, or changing already.
 */
int rsv_region_begin_end(struct rsv_region *r)
{
	int err;

	mutex_lock(&rsv_regions_lock);
	err = rsv_region_begin_end_locked(r);
	mutex_unlock(&rsv_regions_lock);
	return err;
}

/**
 * rsv_region_begin_end_named() - begin to destroy a region that RSV_IOC_REGION_MAKE created
 * @name: the name
 *
 * Context: Process; may sleep.
 * Return: The region, or ERR_PTR: -ENOENT if there is none of that name; -EBUSY as
 * rsv_region_begin_end(), and for any other region; -EINTR if the process was killed.
 */
struct rsv_region *rsv_region_begin_end_named(const char *name)
{
	struct rsv_region *r;
	int err;

	mutex_lock(&rsv_regions_lock);
	r = rsv_region_find_settled(name, 0);
	err = PTR_ERR_OR_ZERO(r);
	if (!err)
		err = r->origin == RSV_REGION_NAMED ? rsv_region_begin_end_locked(r) : -EBUSY;
	mutex_unlock(&rsv_regions_lock);
	return err ? ERR_PTR(err) : r;
}

/**
 * rsv_region_begin_leak() - begin to end a region, also if it is in use
 * @r: the region
 *
 * Context: Process; may sleep.
 */
void rsv_region_begin_leak(struct rsv_region *r)
{
	mutex_lock(&rsv_regions_lock);
	r->changing = true;
	mutex_unlock(&rsv_regions_lock);
}

/**
 * rsv_region_settle() - end the change of a region
 * @r: the region
 * @gone: nobody finds it from now on, and its name is free; else everybody finds it
 *
 * Context: Process; may sleep.
 */
void rsv_region_settle(struct rsv_region *r, bool gone)
{
	mutex_lock(&rsv_regions_lock);
	r->changing = false;
	if (gone)
		list_del(&r->list);
	WRITE_ONCE(rsv_region_changes, rsv_region_changes + 1);
	mutex_unlock(&rsv_regions_lock);
	wake_up_all(&rsv_region_changed);
}

/*
 * Users
 */

/* Whether the calling process may open a region, which exists. Returns 0 or an error number. */
static int rsv_region_may_open(const struct rsv_region *r)
{
	if (r->origin == RSV_REGION_SCRATCH)
		return -EACCES;
	if (r->origin == RSV_REGION_KERNEL && r != rsv_default && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	return 0;
}

/**
 * rsv_region_get() - find a region that a program names, and take a reference to it
 * @name: the name
 * @flags: RSV_REGION_OF_KERNEL: a region of the kernel. 0: one that an administrator made or, if
 *	none of these has the name, one of the kernel
 *
 * A scratch region is destroyed with the descriptor that created it, so no other descriptor can
 * have a reference to it. While a program has a reference to a region of a kernel module, the
 * module fails to destroy it. So only an administrator may take such a reference.
 *
 * Context: Process; may sleep.
 * Return: The region, which is not destroyed before rsv_region_put(), or ERR_PTR: -ENOENT if there
 * is none of that name, -EACCES for a scratch region, -EPERM for a kernel module's region without
 * CAP_SYS_ADMIN, -EINTR if the process was killed.
 */
struct rsv_region *rsv_region_get(const char *name, u32 flags)
{
	struct rsv_region *r;
	int err;

	mutex_lock(&rsv_regions_lock);
	r = rsv_region_find_settled(name, flags);
	err = PTR_ERR_OR_ZERO(r) ?: rsv_region_may_open(r);
	if (!err)
		r->users++;
	mutex_unlock(&rsv_regions_lock);
	return err ? ERR_PTR(err) : r;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_region_get);

/**
 * rsv_region_put() - drop a reference that rsv_region_get() took
 * @r: the region
 *
 * Context: Process; may sleep.
 */
void rsv_region_put(struct rsv_region *r)
{
	mutex_lock(&rsv_regions_lock);
	r->users--;
	mutex_unlock(&rsv_regions_lock);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_region_put);

/**
 * rsv_region_next() - describe the region with the smallest number from a given one on
 * @next: in: the smallest number to consider; out: the region's number, origin and name
 *
 * Context: Process; may sleep.
 * Return: 0, or -ENOENT if all regions have smaller numbers.
 */
int rsv_region_next(struct rsv_ioc_region_next *next)
{
	struct rsv_region *r;
	int err = -ENOENT;

	mutex_lock(&rsv_regions_lock);
	list_for_each_entry(r, &rsv_regions, list) {
		if (r->id < next->id)
			continue;
		next->id = r->id;
		next->origin = r->origin;
		strscpy(next->name, rsv_name_bare(r->name), sizeof(next->name));
		err = 0;
		break;
	}
	mutex_unlock(&rsv_regions_lock);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_region_next);

/**
 * rsv_region_last() - the region that was created last
 *
 * Context: At unload.
 * Return: The region, or NULL if there is none.
 */
struct rsv_region *rsv_region_last(void)
{
	return list_empty(&rsv_regions) ? NULL :
					  list_last_entry(&rsv_regions, struct rsv_region, list);
}
