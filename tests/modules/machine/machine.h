/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the runs of reservoir_machine.ko share. Each run has a file of its own.
 */
#ifndef RSV_KUNIT_MACHINE_H
#define RSV_KUNIT_MACHINE_H

#include <linux/prandom.h>
#include <linux/reservoir.h>
#include <linux/types.h>

/* Parameters */
extern unsigned int seconds;
extern unsigned int slots;
extern unsigned int seed;
extern unsigned int megabytes;
extern bool checks;

int run_drain(struct rsv_region *r);
int run_zones(struct rsv_region *r);
int run_nodes(struct rsv_region *r);
int run_stress(struct rsv_region *r);
int run_objects(struct rsv_region *r);
int run_footprint(struct rsv_region *r);
int run_reserve(struct rsv_region *r);
int run_traces(struct rsv_region *r);
void traces_end(void);
void objects_end(void);

/**
 * struct stress - what all CPUs do, in threads and in hard timer interrupts
 * @what: its name for the log
 * @take: takes something, or returns 0
 * @give: gives it back; 0 is nothing
 * @aside: done by one thread now and then; may be NULL
 */
struct stress {
	const char *what;
	unsigned long (*take)(struct rnd_state *random, gfp_t gfp);
	void (*give)(unsigned long taken);
	void (*aside)(struct rnd_state *random);
};

int stress(const struct stress *s);
__printf(1, 2) void stress_wrong(const char *fmt, ...);

#endif /* RSV_KUNIT_MACHINE_H */
