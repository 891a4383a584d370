/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of this program share: inject.c, which lets one allocation after the other fail;
 * operations.c, what these allocations are for; state.c, what must be as before.
 */
#ifndef INJECT_H
#define INJECT_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct operation - something that allocates memory of the system
 * @name: how the command line names it
 * @prepare: what comes before, without faults; or NULL
 * @run: the operation. Returns 0 or an error number. If it fails nothing of it may be left
 * @undo: after @run succeeded, without faults
 * @loads: it loads the module, so that there is no device before
 */
struct operation {
	const char *name;
	void (*prepare)(void);
	int (*run)(void);
	void (*undo)(void);
	bool loads;
};

const struct operation *find_operation(const char *name);
void set_load(const char *path, const char *parameters);

/**
 * struct state - what an operation that failed, or that was undone, must leave as it was
 * @free: bytes of the default region that nobody uses
 * @programs: bytes of it that programs are charged for
 * @caches: its caches
 * @regions: regions that exist
 * @misuse: misuses that the module found
 * @users: references to the module
 */
struct state {
	uint64_t free;
	uint64_t programs;
	uint32_t caches;
	uint32_t regions;
	uint64_t misuse;
	int users;
};

void state_save(struct state *s);
bool state_is(const struct state *s);

bool system_is_whole(uint64_t *least);

__attribute__((noreturn, format(printf, 1, 2))) void give_up(const char *format, ...);
bool wait_until(bool (*holds)(const void *), const void *argument);

#endif /* INJECT_H */
