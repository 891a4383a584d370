// SPDX-License-Identifier: GPL-2.0
/*
 * What came of the calls: their number by caller, call and error.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fuzz.h"

static const char *const others[] = {
	"unknown ioctl", "open",   "close",    "dup",	      "send",	      "receive",
	"mmap",		 "munmap", "mremap",   "mprotect",    "madvise",      "touch",
	"fork",		 "vmsplice", "read pipe", "read process", "debugfs",  "parameter",
};

static const char *call_name(unsigned int call)
{
	return call < NR_IOCTLS ? ioctl_name(call) : others[call - NR_IOCTLS];
}

void count(const struct thread *t, unsigned int call, long result)
{
	unsigned int error = result < 0 ? errno : 0;

	if (error >= NR_ERRORS)
		error = NR_ERRORS - 1;
	__atomic_fetch_add(&common->nr[t->privileged][call][error], 1, __ATOMIC_RELAXED);
}

static unsigned long calls_of(bool privileged, unsigned int call)
{
	unsigned long nr = 0;
	unsigned int error;

	for (error = 0; error < NR_ERRORS; error++)
		nr += common->nr[privileged][call][error];
	return nr;
}

unsigned long tally_calls(bool privileged)
{
	unsigned long nr = 0;
	unsigned int call;

	for (call = 0; call < NR_CALLS; call++)
		nr += calls_of(privileged, call);
	return nr;
}

static void print_call(bool privileged, unsigned int call)
{
	const unsigned long *nr = common->nr[privileged][call];
	unsigned int error;

	printf("%-12s %-16s %8lu: %lu ok", privileged ? "privileged" : "unprivileged",
	       call_name(call), calls_of(privileged, call), nr[0]);
	for (error = 1; error < NR_ERRORS; error++)
		if (nr[error])
			printf(", %lu %s", nr[error], strerrorname_np(error));
	printf("\n");
}

void tally_print(void)
{
	unsigned int call;
	int privileged;

	for (privileged = 0; privileged < 2; privileged++)
		for (call = 0; call < NR_CALLS; call++)
			if (calls_of(privileged, call))
				print_call(privileged, call);
}

static bool may(bool privileged, unsigned int call)
{
	if (privileged)
		return true;
	return call < NR_IOCTLS ? !ioctl_is_privileged(call) : call < NR_IOCTLS + OTHER_DEBUGFS;
}

/* Everything that a caller may do succeeded at least once, and nothing else did. */
bool tally_ok(bool say)
{
	bool ok = true;
	unsigned int call;
	int privileged;

	for (privileged = 0; privileged < 2; privileged++) {
		for (call = 0; call < NR_CALLS; call++) {
			bool wanted = may(privileged, call) && call != NR_IOCTLS + OTHER_IOCTL;

			if (!common->nr[privileged][call][0] == !wanted)
				continue;
			ok = false;
			if (say)
				printf("%s: '%s' %s\n", privileged ? "privileged" : "unprivileged",
				       call_name(call), wanted ? "never succeeded" : "succeeded");
		}
	}
	return ok;
}
