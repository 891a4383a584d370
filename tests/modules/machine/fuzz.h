/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the fuzzer share: fuzz.c, its threads and interrupts; fuzz_use.c, what they do
 * rightly; fuzz_misuse.c, what they do wrongly.
 */
#ifndef RSV_MACHINE_FUZZ_H
#define RSV_MACHINE_FUZZ_H

#include <linux/hrtimer.h>
#include <linux/prandom.h>
#include <linux/reservoir.h>
#include <linux/types.h>

#define FUZZ_CACHES	4
#define FUZZ_OBJECTS	96	/* that a thread has of a cache at most, and as many old ones */
#define FUZZ_BLOCKS	24	/* likewise */
#define FUZZ_BULK	16

/**
 * struct fuzz_cache - a cache of one thread
 * @cache: the cache; NULL while there is none
 * @size: bytes of an object
 * @constructed: it has a constructor
 * @nr: used objects
 * @used: the used objects
 * @stamp: what they are filled with
 * @nr_old: objects that the thread freed and has not allocated again
 * @old: the last ones of these. They are free, or no objects any more
 */
struct fuzz_cache {
	struct rsv_cache *cache;
	unsigned int size;
	bool constructed;
	unsigned int nr;
	void *used[FUZZ_OBJECTS];
	unsigned int stamp[FUZZ_OBJECTS];
	unsigned int nr_old;
	void *old[FUZZ_OBJECTS];
};

/**
 * struct fuzz_block - a block of pages, or pages by rsv_alloc_pages_exact()
 * @page: the first page; NULL if there is none
 * @bytes: how much was asked for
 * @order: its order
 * @exact: its size is no order
 */
struct fuzz_block {
	struct page *page;
	size_t bytes;
	unsigned int order;
	bool exact;
};

/**
 * struct fuzzer - a thread and its hard timer interrupt, and what they own
 * @task: the thread
 * @timer: the interrupt
 * @cpu: the CPU that the thread runs on, while that is on-line
 * @random: the thread's random numbers
 * @irq_random: the interrupt's
 * @shared: the region of all threads, for objects
 * @own: a region of this thread, for blocks: nobody else allocates there
 * @cache: its caches
 * @block: its blocks, in @own
 * @old: blocks that it freed
 * @small: memory by rsv_kmalloc()
 * @small_size: bytes of these
 * @stale: an object that is free, for the interrupt to free once more; NULL most of the time
 * @stale_cache: its cache
 * @irq_object: an object of the interrupt
 * @uses: right operations
 * @misuses: misuses by the thread
 * @irq_misuses: misuses by the interrupt
 * @irq_uses: objects that the interrupt allocated
 */
struct fuzzer {
	struct task_struct *task;
	struct hrtimer timer;
	unsigned int cpu;
	struct rnd_state random;
	struct rnd_state irq_random;
	struct rsv_region *shared;
	struct rsv_region *own;
	struct fuzz_cache cache[FUZZ_CACHES];
	struct fuzz_block block[FUZZ_BLOCKS];
	struct fuzz_block old[FUZZ_BLOCKS];
	void *small[FUZZ_OBJECTS];
	size_t small_size[FUZZ_OBJECTS];
	void *stale;
	struct rsv_cache *stale_cache;
	void *irq_object;
	unsigned long uses;
	unsigned long misuses;
	unsigned long irq_misuses;
	unsigned long irq_uses;
};

static inline u32 fuzz_choose(struct fuzzer *f, u32 nr)
{
	return prandom_u32_state(&f->random) % nr;
}

void machine_fuzz_use(struct fuzzer *f);
void machine_fuzz_end(struct fuzzer *f);
bool machine_fuzz_owns_block(const struct fuzzer *f, const struct page *page);

void machine_fuzz_misuse(struct fuzzer *f);

#endif /* RSV_MACHINE_FUZZ_H */
