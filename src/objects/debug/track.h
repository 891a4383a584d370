/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Owners: who took an object and who gave it back, for caches with RSV_STORE_USER. Each of their
 * objects has a record of either behind it, in its slot.
 */
#ifndef RSV_OBJECTS_TRACK_H
#define RSV_OBJECTS_TRACK_H

#include <linux/kallsyms.h>
#include <linux/types.h>

struct rsv_cache;

enum rsv_event {
	RSV_ALLOCATED,
	RSV_FREED,
	RSV_EVENTS
};

/**
 * struct rsv_track - who did something to an object
 * @caller: address of the code that asked for it; 0: nobody did yet
 * @when: the time in jiffies
 * @stack: the stack, as rsv_stack_fetch() knows it; 0: it could not be kept
 * @pid: the process
 * @cpu: the CPU; kernels know at most 8192
 * @cache: while the object is in use, what tells its cache from most others; 0 otherwise
 * @sum: of all of these. An overflow of the object may reach its records, and who reads one of an
 *	object that is not its own may come while it is written
 *
 * A record of zeros is sound.
 */
struct rsv_track {
	unsigned long caller;
	unsigned long when;
	u32 stack;
	s32 pid;
	u16 cpu;
	u16 cache;
	u32 sum;
};

void rsv_track_start(void);
void rsv_track_init(const struct rsv_cache *c, void *object);
void rsv_track_allocated(const struct rsv_cache *c, void *object, unsigned long caller);
void rsv_track_freed(const struct rsv_cache *c, void *object, unsigned long caller);

bool rsv_track_sound(const struct rsv_cache *c, const void *object);
bool rsv_track_read(const struct rsv_cache *c, const void *object, enum rsv_event event,
		    struct rsv_track *track);
bool rsv_track_is_anothers(const struct rsv_cache *c, const void *object);
void rsv_track_print(const struct rsv_cache *c, const void *object);

/* Bytes of the name of a place in the code, with its end */
#define RSV_SYMBOL_MAX	KSYM_SYMBOL_LEN

void rsv_symbol(char *text, unsigned long addr);

#endif /* RSV_OBJECTS_TRACK_H */
