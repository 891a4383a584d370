/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Functions that the runs of reservoir_machine.ko share. Each run has a file of its own.
 */
#ifndef RSV_KUNIT_MACHINE_H
#define RSV_KUNIT_MACHINE_H

#include <linux/prandom.h>
#include <linux/reservoir.h>
#include <linux/types.h>

/* Parameters */
extern unsigned int machine_seconds;
extern unsigned int machine_slots;
extern unsigned int machine_seed;
extern unsigned int machine_megabytes;
extern bool machine_checks;
extern bool machine_nmis;
extern bool machine_hotplug;
extern char *machine_target;

__printf(1, 2) void machine_wrong(const char *fmt, ...);
int machine_result(void);
unsigned int machine_target_flags(void);
void machine_return_to_cpu(unsigned int cpu);

int machine_run_drain(struct rsv_region *r);
int machine_run_zones(struct rsv_region *r);
int machine_run_nodes(struct rsv_region *r);
int machine_run_stress(struct rsv_region *r);
int machine_run_objects(struct rsv_region *r);
int machine_run_footprint(struct rsv_region *r);
int machine_run_reserve(struct rsv_region *r);
int machine_run_traces(struct rsv_region *r);
int machine_run_double_free(struct rsv_region *r);
int machine_run_fuzz(struct rsv_region *r);
int machine_run_unplug(struct rsv_region *r);
int machine_run_typesafe(struct rsv_region *r);
int machine_run_offline(struct rsv_region *r);
int machine_run_nolock(struct rsv_region *r);
int machine_nmi_start(void (*handler)(void));
void machine_nmi_stop(void);
void machine_unplug_end(void);
void machine_offline_end(void);
void machine_traces_end(void);
void machine_objects_end(void);

/**
 * struct stress - operations that all CPUs do, in threads and in hard timer interrupts
 * @what: its name for the log
 * @take: allocates something, or returns 0
 * @give: frees it; 0 is nothing
 * @extra: another operation, which one thread does now and then; may be NULL
 * @enough: whether the run may end when its time is over, which it exceeds up to tenfold; may be
 *	NULL
 */
struct stress {
	const char *what;
	unsigned long (*take)(struct rnd_state *random, gfp_t gfp);
	void (*give)(unsigned long taken);
	void (*extra)(struct rnd_state *random);
	bool (*enough)(void);
};

int machine_stress(const struct stress *s);

void machine_pattern_fill(void *memory, size_t bytes, unsigned long stamp);
size_t machine_pattern_changed(const void *memory, size_t bytes, unsigned long stamp);
unsigned long machine_nr_changed(void);
unsigned int machine_blocks_take(struct rsv_region *r, unsigned int order, unsigned int most,
				 struct page **blocks);
void machine_blocks_give(unsigned int order, unsigned int nr, struct page **blocks);

#endif /* RSV_KUNIT_MACHINE_H */
