/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Functions that race.c, the course of a race, and race_targets.c, the memory that it is about,
 * share.
 */
#ifndef RSV_MACHINE_RACE_H
#define RSV_MACHINE_RACE_H

#include <linux/reservoir.h>
#include <linux/types.h>

#define RACE_BULK	12	/* targets of a bulk request at most */

/**
 * struct race - memory that is freed twice, called targets
 * @region: a region of its own
 * @cache: the cache of the objects; NULL if the targets are blocks of pages
 * @size: bytes of a target, or of an object
 * @order: order of the blocks, if the targets are such
 * @others: order of the blocks that other callers allocate. It differs from @order: nothing tells
 *	the second free of a block from the first free of the same block by its next owner
 * @bulk: free many at once
 * @used: the targets are used when the race begins, so that the first free of each is right
 */
struct race {
	struct rsv_region *region;
	struct rsv_cache *cache;
	unsigned int size;
	unsigned int order;
	unsigned int others;
	bool bulk;
	bool used;
};

void *machine_target_take(const struct race *race);
void machine_targets_give(const struct race *race, unsigned int nr, void **targets);
void machine_targets_flush(const struct race *race);

void machine_race_for(struct race *race, unsigned int seconds);
void machine_race_say(const char *what);

#endif /* RSV_MACHINE_RACE_H */
