// SPDX-License-Identifier: GPL-2.0
/*
 * reservoir: show the regions of the kernel module, and allocate memory from them.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/reservoir.h>

#include "command.h"
#include "options.h"

static const struct command *const commands[] = {
	&command_stat, &command_buddy,	&command_zones, &command_fragmentation, &command_slabs,
	&command_map,  &command_region, &command_alloc, &command_cache,		&command_textbook,
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

const struct command *running;

static void print_usage(FILE *to)
{
	size_t i;

	fprintf(to,
		"Usage: reservoir COMMAND [ARGUMENT...]\n\n"
		"Show the memory regions of the kernel module reservoir, and allocate from them.\n\n");
	for (i = 0; i < NR_COMMANDS; i++)
		fprintf(to, "  %-13s %s\n", commands[i]->name, commands[i]->summary);
	fprintf(to, "\n"
		    "  --help     print this text, or after a command the help of that command\n"
		    "  --version  print the version of this program\n\n"
		    "A size is a number of bytes, or ends in K, M or G: 21K is 21504 bytes.\n"
		    "The device is /dev/reservoir, or the one that RESERVOIR_DEVICE names.\n"
		    "Exit status: 0 success, 1 failure, 2 wrong usage.\n");
}

void print_help(const struct command *c)
{
	printf("Usage: reservoir %s%s%s\n\n%s\n%s%s", c->name, *c->arguments ? " " : "",
	       c->arguments, c->summary, *c->help ? "\n" : "", c->help);
}

static void print_message(const char *format, va_list arguments)
{
	fflush(stdout);
	fprintf(stderr, "reservoir%s%s: ", running ? " " : "", running ? running->name : "");
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
}

void fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_message(format, arguments);
	va_end(arguments);
	exit(STATUS_FAILED);
}

void wrong_usage(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_message(format, arguments);
	va_end(arguments);
	fprintf(stderr, "Try: reservoir%s%s --help\n", running ? " " : "",
		running ? running->name : "");
	exit(STATUS_USAGE);
}

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < NR_COMMANDS; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	wrong_usage("'%s' is not a command", name);
}

/* The program fails if its output is incomplete, on a full disk for example. */
static enum status finish(enum status status)
{
	if (fflush(stdout) || ferror(stdout))
		fail("cannot write the output: %m");
	return status;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		print_usage(stderr);
		return STATUS_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		print_usage(stdout);
		return finish(STATUS_OK);
	}
	if (!strcmp(argv[1], "--version")) {
		printf("reservoir " RSV_VERSION "\n");
		return finish(STATUS_OK);
	}
	running = find_command(argv[1]);
	return finish(running->run(argc - 1, argv + 1));
}
