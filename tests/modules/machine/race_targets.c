// SPDX-License-Identifier: GPL-2.0
/*
 * double_free: the memory that race.c frees twice: objects of each engine, with magazines and
 * without (bare), of several sizes, with a constructor and without, and blocks of pages. Each kind
 * has a small region of its own, whose pages therefore soon have another owner. At the end nothing
 * of the region may be in use.
 *
 * The parameter target= is "slab", "slub", "slob" or "pages". The first three may go on with
 * "-bare", and all with "-bulk".
 */
#define pr_fmt(fmt) "machine: " fmt

#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "machine.h"
#include "race.h"

/* No region has such a block, so that a request for it drains all that is cached. */
#define ORDER_DRAIN	20

void *machine_target_take(const struct race *race)
{
	const gfp_t gfp = GFP_NOWAIT | __GFP_NOWARN;

	if (race->cache)
		return rsv_cache_alloc(race->cache, gfp);
	return (void *)rsv_get_free_pages(race->region, gfp, race->order);
}

static void blocks_give(const struct race *race, unsigned int nr, void **targets)
{
	struct page *pages[RACE_BULK];
	unsigned int i;

	for (i = 0; i < nr; i++)
		pages[i] = virt_to_page(targets[i]);
	if (race->bulk)
		rsv_free_pages_bulk(nr, pages);
	else
		for (i = 0; i < nr; i++)
			__rsv_free_pages(pages[i], race->order);
}

/* @nr: up to RACE_BULK */
void machine_targets_give(const struct race *race, unsigned int nr, void **targets)
{
	unsigned int i;

	if (!race->cache)
		blocks_give(race, nr, targets);
	else if (race->bulk)
		rsv_cache_free_bulk(race->cache, nr, targets);
	else
		for (i = 0; i < nr; i++)
			rsv_cache_free(race->cache, targets[i]);
}

/*
 * Moves free targets to the free areas: objects as far as no used one is in their slabs, blocks as
 * far as they are on the lists of this CPU. To wait for the lists of other CPUs would be to wait
 * for a freer that an interrupt holds.
 */
void machine_targets_flush(const struct race *race)
{
	if (race->cache)
		rsv_cache_shrink(race->cache);
	else
		rsv_alloc_pages(race->region, GFP_NOWAIT | __GFP_NOWARN, ORDER_DRAIN);
}

/* Half of the time all targets are free when a race begins, and half of it they are used. */
static void race_both(struct race *race)
{
	unsigned int seconds = max(machine_seconds / 6, 1U);

	race->used = false;
	machine_race_for(race, seconds);
	race->used = true;
	machine_race_for(race, seconds);
}

static void construct(void *object)
{
	memset(object, 0, sizeof(u64));
}

static int race_objects(struct race *race, unsigned int flags)
{
	static const struct {
		unsigned int size;
		bool constructed;
	} kinds[] = {{ 40 }, { 264, true }, { 1504 }};
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < ARRAY_SIZE(kinds); i++) {
		race->size = kinds[i].size;
		race->cache = rsv_cache_create(race->region, "targets", race->size, 0, flags,
					       kinds[i].constructed ? construct : NULL);
		if (IS_ERR(race->cache))
			return PTR_ERR(race->cache);
		race_both(race);
		machine_targets_flush(race);
		err = rsv_cache_destroy(race->cache);
		if (err)
			machine_wrong("objects of %u bytes are in use at the end", race->size);
	}
	return err;
}

static int race_blocks(struct race *race)
{
	static const unsigned int orders[] = { 0, 2, 4 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		race->order = race->bulk ? 0 : orders[i];
		race->others = race->order + 1;
		race->size = PAGE_SIZE << race->order;
		race_both(race);
		machine_targets_flush(race);
	}
	return 0;
}

static unsigned int engine_of(const char *target)
{
	if (!strncmp(target, "slab", 4))
		return RSV_ENGINE_SLAB;
	if (!strncmp(target, "slub", 4))
		return RSV_ENGINE_SLUB;
	return strncmp(target, "slob", 4) ? 0 : RSV_ENGINE_SLOB;
}

int machine_run_double_free(struct rsv_region *unused)
{
	const struct rsv_reserve want = { .bytes = SZ_1M };
	const char *target = machine_target;
	unsigned int engine = engine_of(target);
	struct race race = { .bulk = strstr(target, "-bulk") };
	int err, end;

	if (!engine && strncmp(target, "pages", 5))
		return -EINVAL;
	/* The name is the target's, so that a region that stays in use fails no other run. */
	race.region = rsv_region_create(target, &want, 1);
	if (IS_ERR(race.region))
		return PTR_ERR(race.region);
	if (engine)
		err = race_objects(&race, engine | (strstr(target, "-bare") ? RSV_NO_MAGAZINE : 0));
	else
		err = race_blocks(&race);
	end = rsv_region_destroy(race.region);
	if (end)
		machine_wrong("the region is in use at the end");
	machine_race_say(target);
	return err ?: end ?: machine_result();
}
