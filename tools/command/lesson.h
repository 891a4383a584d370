/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lessons: what happens in a scratch region that the kernel module has made for one of them. Nothing is simulated: each
 * number that is told, and each block that is drawn, is the module's answer to a query.
 */
#ifndef LESSON_H
#define LESSON_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/reservoir.h>

#define KB(n)	((uint64_t)(n) << 10)

/**
 * struct classroom - where a lesson takes place
 * @lesson: name of the lesson
 * @fd: the device
 * @region: handle of the lesson's region
 * @page_size: bytes of a page
 * @in_pages: whether blocks are told in pages, not in bytes
 * @named: whether the region is one that begin_region() made
 * @step: whether to wait for a key after each step
 * @seen: the zone as it was last shown
 */
struct classroom {
	const char *lesson;
	int fd;
	uint32_t region;
	uint32_t page_size;
	bool in_pages;
	bool named;
	bool step;
	struct rsv_ioc_zone seen;
};

/**
 * struct lesson - a lesson
 * @name: what it is called by
 * @title: what it is about
 * @bytes: size of its scratch region, or 0
 * @pages: size of its scratch region in pages, if that is what the book says; with neither the lesson makes its own
 *	region
 * @teach: tells it
 */
struct lesson {
	const char *name;
	const char *title;
	uint64_t bytes;
	uint64_t pages;
	void (*teach)(struct classroom *room);
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
extern const struct lesson lesson_fragments;
extern const struct lesson lesson_neighbours;
extern const struct lesson lesson_scattered;
extern const struct lesson lesson_zones;
extern const struct lesson lesson_zeroed;
extern const struct lesson lesson_lists;
extern const struct lesson lesson_nodes;

/* A text to be broken into lines */
void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The region as it is: what was split and merged since the last time, the map, the free areas. */
void show_region(struct classroom *room);

/* The same in two steps, for what does not wait to be shown. The caller frees @chars. */
struct sight {
	struct rsv_ioc_zone zone;
	char *chars;
	uint64_t nr_pages;
};
struct sight see_region(const struct classroom *room);
void show_sight(struct classroom *room, const struct sight *sight);

/* The end of a step */
void end_step(const struct classroom *room);

/* Ends the program with a clear line unless things are as the book says. */
void expect(const struct classroom *room, uint64_t is, uint64_t book, const char *what);
void expect_free(const struct classroom *room, const char *book);

struct rsv_ioc_buffer_alloc take_block(const struct classroom *room, uint64_t bytes);

/* The block, or one with handle 0 */
struct rsv_ioc_buffer_alloc try_block(const struct classroom *room, uint64_t bytes, uint32_t flags);

/* Blocks in the order of their places */
void sort_blocks(struct rsv_ioc_buffer_alloc *blocks, size_t nr);

/*
 * A region of certain memory, for lessons that a scratch region does not do for. Where it cannot be had the lesson is
 * left out with a line that says why, which is no failure: false.
 */
bool begin_region(struct classroom *room, const struct rsv_ioc_reserve *want, uint32_t nr);

/* The CPUs that the program may run on */
struct place {
	cpu_set_t cpus;
};

/* Stay on this CPU: what one CPU has at hand would be missed on another. Returns where it could go before. */
struct place stay_here(const struct classroom *room);
void leave(const struct place *before);

/* Ends it, when all that was taken from it has been given back, and nobody has it open. */
void end_lesson_region(void);

#endif /* LESSON_H */
