/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lessons of `reservoir textbook`. Each one allocates and frees in a region of its own. Nothing is
 * simulated: the kernel module answers a query for each number and for each block that is shown.
 */
#ifndef LESSON_H
#define LESSON_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/reservoir.h>

#define KB(n) ((uint64_t)(n) << 10)
#define MB(n) ((uint64_t)(n) << 20)

/**
 * struct lesson_ctx - a lesson that runs
 * @lesson: name of the lesson
 * @fd: the device
 * @region: handle of the lesson's region
 * @page_size: bytes of a page
 * @sizes_in_pages: whether sizes of blocks are shown in pages, not in bytes
 * @named: whether create_lesson_region() created the region
 * @step: whether to wait for a key after each step
 * @shown: the zone as it was last shown
 */
struct lesson_ctx {
	const char *lesson;
	int fd;
	uint32_t region;
	uint32_t page_size;
	bool sizes_in_pages;
	bool named;
	bool step;
	struct rsv_ioc_zone shown;
};

/**
 * struct lesson - a lesson
 * @name: its name on the command line
 * @title: its heading
 * @bytes: bytes of its scratch region, or 0
 * @pages: its pages, if the textbook counts pages. A lesson with neither creates its region itself
 * @teach: runs it
 */
struct lesson {
	const char *name;
	const char *title;
	uint64_t bytes;
	uint64_t pages;
	void (*teach)(struct lesson_ctx *ctx);
};

extern const struct lesson lesson_split;
extern const struct lesson lesson_waste;
extern const struct lesson lesson_pages;
extern const struct lesson lesson_eight;
extern const struct lesson lesson_slab;
extern const struct lesson lesson_descriptor;
extern const struct lesson lesson_groups;
extern const struct lesson lesson_engines;
extern const struct lesson lesson_constructors;
extern const struct lesson lesson_magazines;
extern const struct lesson lesson_reclaim;
extern const struct lesson lesson_rcu;
extern const struct lesson lesson_fragments;
extern const struct lesson lesson_neighbours;
extern const struct lesson lesson_scattered;
extern const struct lesson lesson_zones;
extern const struct lesson lesson_zeroed;
extern const struct lesson lesson_lists;
extern const struct lesson lesson_nodes;

/* Prints a paragraph, broken into lines. */
void explain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Shows the splits and merges since the last time, the map, and the free areas. */
void show_region(struct lesson_ctx *ctx);

/* show_region() in two steps, for a state that changes by itself. The caller frees @chars. */
struct snapshot {
	struct rsv_ioc_zone zone;
	char *chars;
	uint64_t nr_pages;
};
struct snapshot take_snapshot(const struct lesson_ctx *ctx);
void show_snapshot(struct lesson_ctx *ctx, const struct snapshot *snapshot);

/* Waits for a key after a step if the user asked for that. */
void end_step(const struct lesson_ctx *ctx);

/*
 * End the program with a message unless the number, or the list of free blocks, is the
 * textbook's.
 */
void expect(const struct lesson_ctx *ctx, uint64_t is, uint64_t textbook, const char *what);
void expect_free(const struct lesson_ctx *ctx, const char *textbook);

struct rsv_ioc_buffer_alloc alloc_block(const struct lesson_ctx *ctx, uint64_t bytes);

/* The block has handle 0 if the region has none. */
struct rsv_ioc_buffer_alloc try_alloc_block(const struct lesson_ctx *ctx, uint64_t bytes,
					    uint32_t flags);

/* Sorts blocks by offset. */
void sort_blocks(struct rsv_ioc_buffer_alloc *blocks, size_t nr);

/*
 * Creates a named region, for a lesson that needs more than a scratch region gives: zones, nodes or
 * more memory. Returns false, after a line that says why, if it cannot. The lesson is then skipped,
 * which is not a failure.
 */
bool create_lesson_region(struct lesson_ctx *ctx, const struct rsv_ioc_reserve *want, uint32_t nr);

/* The CPUs that the program may run on */
struct affinity {
	cpu_set_t cpus;
};

/*
 * Pins the program to its current CPU, since another CPU has other magazines and lists. Returns the
 * affinity before.
 */
struct affinity pin_to_cpu(const struct lesson_ctx *ctx);
void restore_affinity(const struct affinity *before);

/* Destroys that region. By then nothing is allocated in it and no descriptor has it open. */
void destroy_lesson_region(void);

#endif /* LESSON_H */
