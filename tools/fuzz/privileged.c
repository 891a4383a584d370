// SPDX-License-Identifier: GPL-2.0
/*
 * What only the privileged processes do besides calling the device: they read debugfs and change
 * the module's parameters.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

#define DEBUGFS	   "/sys/kernel/debug/reservoir/"

static const char *some_file(struct thread *t, char *path, size_t size)
{
	static const char *const files[] = {"stats",	    "buddyinfo", "zoneinfo", "extents",
					    "fragmentation", "slabinfo",  "map"};
	static const char *const of_cache[] = {"stats", "slabs", "alloc_traces", "free_traces"};
	char region[48] = "";

	if (choose(t, 2))
		snprintf(region, sizeof(region), "regions/user:%s-%u/",
			 choose(t, 2) ? "named" : "scratch", choose(t, 8));
	if (choose(t, 2))
		snprintf(path, size, DEBUGFS "%s%s", region, files[choose(t, ARRAY_SIZE(files))]);
	else
		snprintf(path, size, DEBUGFS "%scaches/user:cache-%u/%s", region, choose(t, 8),
			 of_cache[choose(t, ARRAY_SIZE(of_cache))]);
	return path;
}

void call_debugfs(struct thread *t)
{
	char path[128], bytes[4096];
	int fd = open(some_file(t, path, sizeof(path)), O_RDONLY | O_CLOEXEC);
	long result = fd;
	unsigned int i;

	for (i = 0; result > 0 && i < 8; i++)
		result = read(fd, bytes, 1 + choose(t, sizeof(bytes)));
	count_other(t, OTHER_DEBUGFS, result);
	if (fd >= 0)
		close(fd);
}

long write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	long result = fd;

	if (fd >= 0) {
		result = write(fd, text, strlen(text));
		close(fd);
	}
	return result;
}

/* What programs may hold. A share that is refused would be a line in the log each time. */
void call_parameter(struct thread *t)
{
	bool all = choose(t, 2);
	char text[16];

	snprintf(text, sizeof(text), "%u%%", choose(t, all ? 60 : 40));
	count_other(t, OTHER_PARAMETER,
		    write_text(all ? PARAMETERS "user" : PARAMETERS "quota", text));
}
