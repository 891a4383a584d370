// SPDX-License-Identifier: GPL-2.0
/*
 * inject: lets each allocation fail that an operation makes, one at a time: the first, the second,
 * and so on until the operation has no further one. Each time the operation either fails with
 * ENOMEM and leaves nothing, or does without that memory and succeeds.
 *
 * The kernel injects the failures (CONFIG_FAULT_INJECTION): it counts the allocations of a thread
 * down from what the thread wrote to its file fail-nth. Those that the kernel makes around the
 * module's own count too.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "inject.h"

static const char usage[] =
	"usage: inject [--all] OPERATION\n"
	"       inject [--all] load MODULE [PARAMETERS]\n"
	"Of many allocations it lets a sample fail, with --all all of them.\n";

#define DENSE 64

static int fail_nth;

void give_up(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	exit(1);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		give_up("%s: %s", path, strerror(errno));
	close(fd);
}

/* All kinds of allocation may fail, and a failure is no message in the log. */
static void set_up_injection(void)
{
	write_file("/sys/kernel/debug/failslab/ignore-gfp-wait", "N");
	write_file("/sys/kernel/debug/failslab/verbose", "0");
	write_file("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N");
	write_file("/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "N");
	write_file("/sys/kernel/debug/fail_page_alloc/min-order", "0");
	write_file("/sys/kernel/debug/fail_page_alloc/verbose", "0");
	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR);
	if (fail_nth < 0)
		give_up("/proc/thread-self/fail-nth: %s", strerror(errno));
}

/* Lets the @nth allocation of this thread fail. */
static void arm(unsigned int nth)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", nth);
	if (pwrite(fail_nth, text, strlen(text), 0) < 0)
		give_up("fail-nth: %s", strerror(errno));
}

/* Returns whether the allocation failed: whether there were so many. */
static bool disarm(void)
{
	char text[16] = "";

	if (pread(fail_nth, text, sizeof(text) - 1, 0) <= 0)
		give_up("fail-nth: %s", strerror(errno));
	arm(0);
	return !atoi(text);
}

/* One attempt. Returns whether an allocation failed in it; *@refused counts failed attempts. */
static bool attempt(const struct operation *o, unsigned int nth, unsigned int *refused)
{
	bool injected;
	int error;

	if (o->prepare)
		o->prepare();
	arm(nth);
	error = o->run();
	injected = disarm();
	if (error && !injected)
		give_up("without a failed allocation: %s", strerror(error));
	if (error && error != ENOMEM)
		give_up("allocation %u failed: error %d, %s", nth, error, strerror(error));
	if (error)
		++*refused;
	else
		o->undo();
	return injected;
}

/*
 * The allocation to fail after the @nth one. Those of an operation that makes thousands, most of
 * them for one cache like for the other, are a sample that gets thinner: one in two behind the
 * DENSE-th, one in three behind twice as many, and so on.
 */
static unsigned int next_of(unsigned int nth, bool all)
{
	return all ? nth + 1 : nth + 1 + nth / DENSE;
}

/* Once without a failure first: kernel and module make some things on the first occasion. */
static void inject_into(const struct operation *o, bool all)
{
	unsigned int nth = 0, failed = 0, refused = 0;
	uint64_t least = UINT64_MAX;
	struct state before = {0};
	bool injected;

	attempt(o, 0, &refused);
	if (o->loads)
		system_is_whole(&least);
	else
		state_save(&before);
	do {
		nth = next_of(nth, all);
		injected = attempt(o, nth, &refused);
		failed += injected;
		if (o->loads ? !system_is_whole(&least) : !state_is(&before))
			give_up("something is left after allocation %u failed", nth);
	} while (injected);
	printf("figure: %s: %u of %u allocations failed, one at a time, %u of these attempts\n",
	       o->name, failed, nth - 1, refused);
	if (!refused)
		give_up("no attempt failed");
}

int main(int argc, char **argv)
{
	bool all = argc > 1 && !strcmp(argv[1], "--all");
	const struct operation *o;

	argv += all;
	argc -= all;
	o = argc > 1 ? find_operation(argv[1]) : NULL;
	if (!o || (o->loads ? argc < 3 || argc > 4 : argc > 2)) {
		fputs(usage, stdout);
		return 2;
	}
	if (o->loads)
		set_load(argv[2], argc > 3 ? argv[3] : "");
	set_up_injection();
	inject_into(o, all);
	return 0;
}
