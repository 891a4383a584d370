// SPDX-License-Identifier: GPL-2.0
/*
 * Quotas: how much memory programs may hold, all together and those of one user.
 *
 * Memory comes from a pool: that of a region that several users share, or that of the system, for
 * scratch regions. A program's handle has a charge: the pages that it holds of a pool. The sum of
 * the charges to a pool is limited to a share of the pool (the parameter user=), and the sum of
 * those of one user to a smaller share (quota=). Of the system's pool, which is the available
 * memory and what scratch regions have already, these shares are half as large. A region that an
 * administrator created for programs they may use up together. An administrator (CAP_SYS_RESOURCE)
 * is counted, but not limited.
 *
 * Pages that a program freed while somebody else refers to them, such as I/O in flight, wait in
 * their region. They lessen what all programs may hold, though the charge to the user has ended.
 *
 * A program in a user namespace counts as one of the user who created that: there he is many users.
 *
 * The shares may change at any time. Nobody loses what he holds then, but may get no more.
 *
 * rsv_quota_lock guards all pools, accounts and charges. It is innermost.
 */
#include <linux/capability.h>
#include <linux/container_of.h>
#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/limits.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/reservoir.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "quota.h"

unsigned int rsv_quota_programs = 50;	/* percent of a pool that all programs may hold */
unsigned int rsv_quota_user = 25;	/* percent that those of one user may */

static DEFINE_SPINLOCK(rsv_quota_lock);	/* see the top of this file */
static DEFINE_HASHTABLE(rsv_accounts, 8);	/* by pool and user (rsv_quota_lock) */
static struct rsv_pool rsv_scratch_pool;	/* (rsv_quota_lock) */

/**
 * struct rsv_limits - how many pages of a pool may be charged
 * @programs: to all programs
 * @user: to those of one user
 */
struct rsv_limits {
	unsigned long programs;
	unsigned long user;
};

static const struct rsv_limits rsv_unlimited = { .programs = ULONG_MAX, .user = ULONG_MAX };

static unsigned long rsv_share(unsigned long nr_pages, unsigned int percent)
{
	return mult_frac(nr_pages, percent, 100U);
}

static struct rsv_limits rsv_pool_limits(const struct rsv_pool *pool)
{
	unsigned int programs = READ_ONCE(rsv_quota_programs);
	unsigned long nr_pages, programs_pages, waiting = 0;
	const struct rsv_region *r;

	if (pool == &rsv_scratch_pool) {
		nr_pages = (max(si_mem_available(), 0L) + READ_ONCE(pool->nr_pages)) / 2;
	} else {
		r = container_of(pool, struct rsv_region, programs);
		/* Memory that the region lends comes back: until then a request gets ENOMEM. */
		nr_pages = READ_ONCE(r->nr_pages) + r->lending.lent;
		programs = r->origin == RSV_REGION_NAMED ? 100 : programs;
		waiting = READ_ONCE(r->waiting.nr_pages);
	}
	programs_pages = rsv_share(nr_pages, programs);
	return (struct rsv_limits){
		.programs = programs_pages - min(programs_pages, waiting),
		.user = rsv_share(nr_pages, READ_ONCE(rsv_quota_user)),
	};
}

static unsigned long rsv_account_key(const struct rsv_pool *pool, kuid_t uid)
{
	return (unsigned long)pool + __kuid_val(uid);
}

/* The lock is held. */
static struct rsv_account *rsv_account_find(const struct rsv_pool *pool, kuid_t uid)
{
	struct rsv_account *a;

	hash_for_each_possible(rsv_accounts, a, node, rsv_account_key(pool, uid))
		if (a->pool == pool && uid_eq(a->uid, uid))
			return a;
	return NULL;
}

/* The user whom the current program counts for */
static kuid_t rsv_quota_uid(void)
{
	const struct user_namespace *ns;
	kuid_t uid = current_uid();

	for (ns = current_user_ns(); ns->parent; ns = ns->parent)
		uid = ns->owner;
	return uid;
}

/* Counts a charge to the account of a user, if there is one or @new is to be it. */
static struct rsv_account *rsv_account_take(struct rsv_pool *pool, kuid_t uid,
					    struct rsv_account *new)
{
	struct rsv_account *a;

	spin_lock(&rsv_quota_lock);
	a = rsv_account_find(pool, uid);
	if (!a && new) {
		a = new;
		a->pool = pool;
		a->uid = uid;
		hash_add(rsv_accounts, &a->node, rsv_account_key(pool, uid));
	}
	if (a)
		a->nr_charges++;
	spin_unlock(&rsv_quota_lock);
	return a;
}

/* The account of the current user, with one charge more; NULL if there is no memory for it */
static struct rsv_account *rsv_account_get(struct rsv_pool *pool)
{
	const kuid_t uid = rsv_quota_uid();
	struct rsv_account *a = rsv_account_take(pool, uid, NULL), *new;

	if (a)
		return a;
	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	a = rsv_account_take(pool, uid, new);
	if (a != new)
		kfree(new);
	return a;
}

/*
 * The limit that keeps an account from @more pages: the user's comes first, since he can do
 * something about that. The lock is held.
 */
static u32 rsv_account_refusal(const struct rsv_account *a, unsigned long more,
			       struct rsv_limits most)
{
	if (more > most.user - min(most.user, a->nr_pages))
		return RSV_REFUSED_USER;
	if (more > most.programs - min(most.programs, a->pool->nr_pages))
		return RSV_REFUSED_PROGRAMS;
	return 0;
}

/* Adds @more pages to a charge. Returns 0, or the limit that keeps it from that. */
static u32 rsv_charge_add(struct rsv_charge *c, unsigned long more, struct rsv_limits most)
{
	struct rsv_account *a = c->account;
	struct rsv_pool *pool = a->pool;
	u32 refusal;

	spin_lock(&rsv_quota_lock);
	refusal = rsv_account_refusal(a, more, most);
	if (!refusal) {
		c->nr_pages += more;
		a->nr_pages += more;
		WRITE_ONCE(pool->nr_pages, pool->nr_pages + more);
	}
	spin_unlock(&rsv_quota_lock);
	return refusal;
}

static void rsv_charge_sub(struct rsv_charge *c, unsigned long less)
{
	struct rsv_account *a = c->account;

	spin_lock(&rsv_quota_lock);
	c->nr_pages -= less;
	a->nr_pages -= less;
	WRITE_ONCE(a->pool->nr_pages, a->pool->nr_pages - less);
	spin_unlock(&rsv_quota_lock);
}

/**
 * rsv_charge_set() - change how many pages a handle holds
 * @c: its charge, begun. The caller holds the descriptor's lock, or the last reference to the
 *	handle
 * @nr_pages: how many it holds now, or is about to hold
 *
 * Context: Process.
 * Return: 0, or -EDQUOT if programs, or those of the user, may not hold so many more: @c->refusal
 * tells which. Then the charge is as before.
 */
int rsv_charge_set(struct rsv_charge *c, unsigned long nr_pages)
{
	unsigned long more;
	u32 refusal;

	if (!c->account)
		return 0;
	if (nr_pages <= c->nr_pages) {
		rsv_charge_sub(c, c->nr_pages - nr_pages);
		return 0;
	}
	more = nr_pages - c->nr_pages;
	refusal = rsv_charge_add(c, more, rsv_pool_limits(c->account->pool));
	if (!refusal)
		return 0;
	if (!capable(CAP_SYS_RESOURCE)) {
		c->refusal = refusal;
		return -EDQUOT;
	}
	rsv_charge_add(c, more, rsv_unlimited);
	return 0;
}

/**
 * rsv_charge_begin() - charge memory to the current user
 * @c: the charge of a new handle
 * @r: the region that the memory is of; NULL for a new scratch region
 * @nr_pages: how many pages
 *
 * Memory of a scratch region is charged when the region is created, and not again when its program
 * uses it.
 *
 * Context: Process; may sleep.
 * Return: 0, -EDQUOT as rsv_charge_set(), or -ENOMEM. On an error nothing has begun, and only
 * @c->refusal has a meaning.
 */
int rsv_charge_begin(struct rsv_charge *c, struct rsv_region *r, unsigned long nr_pages)
{
	int error;

	*c = (struct rsv_charge){};
	if (r && r->origin == RSV_REGION_SCRATCH)
		return 0;
	c->account = rsv_account_get(r ? &r->programs : &rsv_scratch_pool);
	if (!c->account)
		return -ENOMEM;
	error = rsv_charge_set(c, nr_pages);
	if (error)
		rsv_charge_end(c);
	return error;
}

/**
 * rsv_charge_end() - end a charge
 * @c: the charge; its pages are free, and their region still exists
 *
 * Context: Process.
 */
void rsv_charge_end(struct rsv_charge *c)
{
	struct rsv_account *a = c->account;

	if (!a)
		return;
	rsv_charge_sub(c, c->nr_pages);
	spin_lock(&rsv_quota_lock);
	if (--a->nr_charges)
		a = NULL;
	else
		hash_del(&a->node);
	spin_unlock(&rsv_quota_lock);
	kfree(a);
}

/**
 * rsv_quota_query() - tell what programs hold of a region, and what they may
 * @r: the region
 * @info: the function fills in the fields about programs, and those about the current user
 *
 * The fields stay 0 for a scratch region, and for a kernel module's, which is not for programs.
 *
 * Context: Process.
 */
void rsv_quota_query(struct rsv_region *r, struct rsv_ioc_info *info)
{
	const struct rsv_limits most = rsv_pool_limits(&r->programs);
	const kuid_t uid = rsv_quota_uid();
	const struct rsv_account *a;

	if (r->origin == RSV_REGION_SCRATCH ||
	    (r->origin == RSV_REGION_KERNEL && r != rsv_default_region()))
		return;
	info->programs_limit = (u64)most.programs << PAGE_SHIFT;
	info->user_limit = (u64)most.user << PAGE_SHIFT;
	spin_lock(&rsv_quota_lock);
	info->programs_bytes = (u64)r->programs.nr_pages << PAGE_SHIFT;
	a = rsv_account_find(&r->programs, uid);
	info->user_bytes = a ? (u64)a->nr_pages << PAGE_SHIFT : 0;
	spin_unlock(&rsv_quota_lock);
}
