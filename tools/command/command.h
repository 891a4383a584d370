/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The subcommands, and how they report errors.
 */
#ifndef COMMAND_H
#define COMMAND_H

enum status {
	STATUS_OK,
	STATUS_FAILED,
	STATUS_USAGE,
};

/**
 * struct command - a subcommand
 * @name: its name on the command line
 * @arguments: its arguments, for the help text
 * @summary: one line of the help text
 * @help: the rest of the help text
 * @run: runs it; argv[0] is the name
 */
struct command {
	const char *name;
	const char *arguments;
	const char *summary;
	const char *help;
	enum status (*run)(int argc, char **argv);
};

extern const struct command command_stat;
extern const struct command command_buddy;
extern const struct command command_slabs;
extern const struct command command_map;
extern const struct command command_alloc;
extern const struct command command_cache;
extern const struct command command_region;
extern const struct command command_zones;
extern const struct command command_fragmentation;
extern const struct command command_textbook;

/* The subcommand that runs, or NULL */
extern const struct command *running;

void print_help(const struct command *c);

/* Print the name of the command and a message in one line, and end the program. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void wrong_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* COMMAND_H */
