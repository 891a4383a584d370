// SPDX-License-Identifier: GPL-2.0
/*
 * The lines that the module writes to the kernel's log, read from the log itself: it has them
 * whatever level the console shows.
 */
#include <linux/kmsg_dump.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "log.h"

#define LINE_MAX	400

/* The number of the next line of the log */
u64 rsvt_log_end(void)
{
	struct kmsg_dump_iter iter;

	kmsg_dump_rewind(&iter);
	return iter.next_seq;
}

/* The lines of the module from number @since on that have both texts; NULL is in every line. */
unsigned int rsvt_log_lines(u64 since, const char *first, const char *second)
{
	struct kmsg_dump_iter iter = { .cur_seq = since, .next_seq = U64_MAX };
	unsigned int nr = 0;
	char line[LINE_MAX];
	size_t length;

	while (kmsg_dump_get_line(&iter, false, line, sizeof(line) - 1, &length)) {
		line[length] = '\0';
		if (strstr(line, "reservoir: ") && (!first || strstr(line, first)) &&
		    (!second || strstr(line, second)))
			nr++;
	}
	return nr;
}
